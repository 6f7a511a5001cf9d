"""Texts become all their sketches by one kernel, some documents at a time, while their hashes are in the cache.

The other kernels of sketches do the work: what is won is that a thread need not ask for the interpreter between them,
which others have, and that shingles are made once for all.

Limits: those of the kernels that it calls. Numba keeps it compiled until this file is changed, or the processor:
whoever changes one of those kernels removes `__pycache__`.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels import shingles
from dedup.kernels.join import band_keys, choose_terms, digests
from dedup.kernels.minhash import NO_VALUE, permuted
from dedup.kernels.passages import sampled
from dedup.kernels.simd import U64, I32s, I64s, U8s, U16s, U32s, U64s, inner, kernel
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
def shingled(
    hashes: U64s, counts: I64s, width: int, sampling: int, a: U32s, b: U32s, signatures: U32s, keys: U64s,
    key_counts: I64s,
) -> int:  # fmt: skip
    """The MinHash signatures of documents, of the upper 32 bits of their shingles; and of the shingles themselves one
    in `sampling`: how many.

    hashes: (t,) token hashes of all documents. counts: (n,) tokens of each. width: tokens in a shingle, >= 1. sampling:
    a power of two. a, b: (k,) the rows of `datasketch.MinHash(num_perm=k, seed=1, scheme="affine32").permutations`,
    C-contiguous. signatures: (n, k) C-contiguous, 0xFFFFFFFF throughout for a document without tokens, out; quickest
    where k is a multiple of simd.LANES. keys: (t,) the sampled shingles, document by document, out. key_counts: (n,) of
    each document, out.
    """
    tokens, documents = counts.sum(), len(counts)
    if len(hashes) < tokens or len(keys) < tokens or len(key_counts) < documents or width < 1 or sampling < 1:
        raise ValueError("arrays too short, or width or sampling below 1")
    if len(b) != len(a) or signatures.shape != (documents, len(a)):
        raise ValueError("signatures and permutations do not fit each other")
    values, mixed = np.empty(shingles.BLOCK, np.uint64), np.empty(shingles.BLOCK, np.uint32)
    mask = U64(sampling - 1)
    signatures[:] = NO_VALUE
    token = taken = 0
    for document in range(documents):
        before = taken
        used, count = min(width, counts[document]), shingles.number(counts[document], width)
        for first in range(0, count, shingles.BLOCK):
            part = min(shingles.BLOCK, count - first)
            shingles.block(hashes, token + first, part, used, values)
            permuted(values, part, mixed, a, b, signatures[document])
            taken = sampled(values, part, mask, keys, taken)
        key_counts[document] = taken - before
        token += counts[document]
    return int(taken)


@kernel
def draw(
    buffer: U8s, offsets: I64s, index: U16s, records: U64s, pool: U8s, width: int, sampling: int, a: U32s, b: U32s,
    rows: int, slots: U64s, bits: U64s, limit: int, wanted: int, fresh_wanted: int, word_counts: I32s,
    text_digests: U64s, bands: U32s, terms: U32s, term_counts: I64s, shingle_counts: I64s,
) -> U64s:  # fmt: skip
    """The sampled shingles of documents, one behind another; everything else is written to arrays.

    buffer, offsets, index, records, pool: see `words.words`. width, sampling, a, b: see `shingled`; rows: of a band.
    slots, bits, limit, wanted,
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
    found, taken = np.empty(1 << 10, np.uint64), 0
    first = 0
    while first < documents:
        stop = _stop(offsets, first)
        own = counts[: stop - first]
        tokens = hashes[: words(buffer, offsets[first : stop + 1], index, records, pool, hashes, own, no_spans)]
        for document in range(first, stop):
            word_counts[document] = own[document - first]
        digests(tokens, own, text_digests[first:stop])
        signatures, counted = signed[: stop - first], shingle_counts[first:stop]
        size = shingled(tokens, own, width, sampling, a, b, signatures, keys, counted)
        band_keys(signatures, len(bands), rows, first, bands)
        chosen = terms[first:stop], term_counts[first:stop]
        choose_terms(tokens, own, slots, bits, limit, wanted, fresh_wanted, chosen[0], chosen[1])
        if taken + size > len(found):
            grown = np.empty(2 * (taken + size), np.uint64)
            grown[:taken] = found[:taken]
            found = grown
        found[taken : taken + size] = keys[:size]
        taken, first = taken + size, stop
    return found[:taken].copy()
