"""Texts become all their sketches by one kernel, some documents at a time, while their hashes are in the cache.

The other kernels of sketches do the work: what is won is that a thread need not ask for the interpreter between them,
which others have.

Limits: those of the kernels that it calls. Numba keeps it compiled until this file is changed, or the processor:
whoever changes one of those kernels removes `__pycache__`.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.join import band_keys, choose_terms, digests
from dedup.kernels.minhash import signatures
from dedup.kernels.passages import sampled_shingles
from dedup.kernels.simd import I32s, I64s, U8s, U16s, U32s, U64s, inner, kernel
from dedup.kernels.words import token_capacity, words

BATCH_BYTES = 128 << 10
"""Text of the documents that go through together, unless one is longer."""


@inner
def _stop(offsets: I64s, first: int) -> int:
    """Where the documents end that go through together from `first` on: one at least."""
    stop = first + 1
    while stop < len(offsets) - 1 and offsets[stop + 1] - offsets[first] <= BATCH_BYTES:
        stop += 1
    return stop


@kernel
def draw(
    buffer: U8s, offsets: I64s, index: U16s, records: U64s, pool: U8s, width: int, sampling: int, a: U32s, b: U32s,
    rows: int, slots: U64s, bits: U64s, limit: int, wanted: int, fresh_wanted: int, word_counts: I32s,
    text_digests: U64s, bands: U32s, terms: U32s, term_counts: I64s, shingle_counts: I64s,
) -> U64s:  # fmt: skip
    """The sampled shingles of documents, one behind another; everything else is written to arrays.

    buffer, offsets, index, records, pool: see `words.words`. width: tokens in a shingle; sampling: see
    `passages.sampled_shingles`. a, b: see `minhash.signatures`; rows: of a band. slots, bits, limit, wanted,
    fresh_wanted: see `join.choose_terms`. word_counts: (n,) tokens of each document, out. text_digests: (n,), out.
    bands: (bands, n), out. terms, term_counts: see `join.choose_terms`, out. shingle_counts: (n,), out.
    """
    documents = len(offsets) - 1
    if min(len(word_counts), len(text_digests), len(shingle_counts), bands.shape[1], len(terms)) < documents:
        raise ValueError("there is no room")
    if len(bands) * rows > len(a):
        raise ValueError("signatures are shorter than their bands")
    capacity, most, first = 0, 0, 0
    while first < documents:
        stop = _stop(offsets, first)
        capacity = max(capacity, token_capacity(offsets[stop] - offsets[first], stop - first))
        most, first = max(most, stop - first), stop
    hashes, counts, no_spans = np.empty(capacity, np.uint64), np.empty(most, np.int64), np.empty((0, 2), np.int64)
    signed, keys = np.empty((most, len(a)), np.uint32), np.empty(capacity, np.uint64)
    shingles, taken = np.empty(1 << 10, np.uint64), 0
    first = 0
    while first < documents:
        stop = _stop(offsets, first)
        own = counts[: stop - first]
        tokens = hashes[: words(buffer, offsets[first : stop + 1], index, records, pool, hashes, own, no_spans)]
        for document in range(first, stop):
            word_counts[document] = own[document - first]
        digests(tokens, own, text_digests[first:stop])
        signatures(tokens, own, width, a, b, signed[: stop - first])
        band_keys(signed[: stop - first], len(bands), rows, first, bands)
        chosen = terms[first:stop], term_counts[first:stop]
        choose_terms(tokens, own, slots, bits, limit, wanted, fresh_wanted, chosen[0], chosen[1])
        size = sampled_shingles(tokens, own, width, sampling, keys, shingle_counts[first:stop])
        if taken + size > len(shingles):
            grown = np.empty(2 * (taken + size), np.uint64)
            grown[:taken] = shingles[:taken]
            shingles = grown
        shingles[taken : taken + size] = keys[:size]
        taken, first = taken + size, stop
    return shingles[:taken].copy()
