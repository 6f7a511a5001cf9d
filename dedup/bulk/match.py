"""Columns of sketches become candidate pairs, a band and a range of terms at a time.

1. Documents with the same token sequence are grouped first; the first of each group stands for all, and the others are
   paired with it.
2. A band's keys and the documents' numbers are packed into one 64-bit word each and sorted: buckets are runs of equal
   upper halves. A bucket of more than `bucket_documents_max` documents gives a star round its first member.
3. The terms' postings are sorted in the same way, those of one document or too many left out, and joined by counting
   (see `kernels.join`).

Memory: a word for every document, and one for every posting of the terms. Pairs are (m, 2) arrays of document numbers,
a < b, distinct, in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.engines import local
from dedup.kernels import join

U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]
I64s = NDArray[np.int64]

_HALF = np.uint64(32)
JOIN_PARTS = 16
"""Parts into which the documents are cut for the join of terms, so that the workers share it."""
JOIN_PARTNERS_MAX = 64
"""Documents before it that a document is paired with by its terms: one template filled in a thousand times must not
make half a million pairs. Further ones are counted as capped; each is compared with the kept copy all the same."""
JOIN_BUDGET_DOCUMENTS = 1024
"""Documents that the terms of one document may lead to: in a corpus of few distinct words even the rarest are in
hundreds of documents, and fewer terms then decide."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """pairs: (m, 2) int64. exact: (e, 2) int64, pairs of the same token sequence. capped: buckets over the limit."""

    pairs: I64s
    exact: I64s
    capped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is matched by, of each partition in reading order: bands (n_p, b), terms (n_p, t) and their numbers (n_p,).

    `rank` is each document's number, (n,) int64 in reading order, -1 for one that is left out. The lists are emptied
    on the way, to give their memory back.
    """

    rank: I64s
    words: list[I64s]
    digests: list[U64s]
    bands: list[U32s]
    terms: list[tuple[U32s, I64s]]


def candidates(columns: Columns, config: Config, workers: int) -> Candidates:
    """The candidate pairs of all documents."""
    kept = np.flatnonzero(columns.rank >= 0)
    order = kept[np.argsort(columns.rank[kept], kind="stable")]
    words = np.concatenate([np.zeros(0, np.int64), *columns.words])[order]
    exact, standing = _same_sequence(words, np.concatenate([np.zeros(0, np.uint64), *columns.digests])[order])
    capped: dict[str, int] = {}
    codes = [np.zeros(0, np.uint64)]
    numbers = np.flatnonzero(standing).astype(np.uint64)
    places = order[standing]

    def banded(band: int) -> tuple[U64s, int]:
        keys = np.concatenate([part[:, band] for part in columns.bands])[places]
        return _paired((keys.astype(np.uint64) << _HALF) | numbers, config.bucket_documents_max)

    for found, overflow in local.mapped(banded, range(columns.bands[0].shape[1] if columns.bands else 0), workers):
        codes.append(found)
        if overflow:
            capped["bands"] = capped.get("bands", 0) + overflow
    columns.bands.clear()
    found, overflow = _joined(columns, standing, config, workers)
    codes.append(found)
    if overflow:
        capped["terms"] = overflow
    return Candidates(_decoded(np.unique(np.concatenate(codes))), exact, capped)


def _same_sequence(words: I64s, digests: U64s) -> tuple[I64s, NDArray[np.bool_]]:
    """Pairs of the first document of each sequence with the others of it; and which documents stand for themselves.

    Documents without words stand for nothing.
    """
    order = np.argsort(digests, kind="stable")
    sequence = digests[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(order)), bool), sequence[1:] != sequence[:-1])))
    first = np.repeat(order[starts], np.diff(np.append(starts, len(order))))
    follows = (first != order) & (words[order] > 0)
    standing = words > 0
    standing[order[follows]] = False
    return np.stack((first[follows], order[follows]), axis=1).astype(np.int64), standing


def _paired(packed: U64s, bucket_max: int) -> tuple[U64s, int]:
    """The pairs a << 32 | b of words that share their upper half; and how many buckets were over the limit."""
    packed.sort()
    keys = (packed >> _HALF).astype(np.uint32)
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(keys)), bool), keys[1:] != keys[:-1])))
    sizes = np.diff(np.append(starts, len(keys)))
    starts, sizes = starts[sizes > 1], sizes[sizes > 1]
    members = packed & np.uint64(0xFFFFFFFF)
    codes = [np.zeros(0, np.uint64)]
    for size in np.unique(sizes).tolist():
        rows = members[starts[sizes == size][:, None] + np.arange(size)]
        if size <= bucket_max:
            left, right = np.triu_indices(size, 1)
        else:
            left, right = np.zeros(size - 1, np.int64), np.arange(1, size)
        codes.append(((rows[:, left] << _HALF) | rows[:, right]).ravel())
    return np.concatenate(codes), int((sizes > bucket_max).sum())


def _joined(columns: Columns, standing: NDArray[np.bool_], config: Config, workers: int) -> tuple[U64s, int]:
    """The pairs of documents that share enough of their rarest terms, and how many documents have too many partners."""
    documents = len(standing)
    term_starts, postings, order = _postings(columns, standing, config.term_documents_max)
    lists = np.empty((documents, config.term_count), np.uint32)
    counts = np.zeros(documents, np.int64)
    kept = join.selective_terms(
        term_starts, postings, order, config.terms_shared_min, JOIN_BUDGET_DOCUMENTS, lists, counts
    )
    postings = postings[:kept]
    needed = np.maximum(1, np.minimum(config.terms_shared_min, (counts + 1) // 2)).astype(np.int64)

    def joined(part: I64s) -> tuple[U64s, int]:
        met = np.zeros(documents, np.uint8)
        pairs = np.empty((1 << 16, 2), np.uint32)
        while True:
            capped = np.zeros(1, np.int64)
            terms = (term_starts, postings, lists, counts)
            found = join.shared_terms(*terms, part, needed, JOIN_PARTNERS_MAX, met, pairs, capped)
            if found <= len(pairs):
                codes = (pairs[:found, 0].astype(np.uint64) << _HALF) | pairs[:found, 1].astype(np.uint64)
                return codes, int(capped[0])
            pairs = np.empty((found, 2), np.uint32)

    cuts = np.linspace(0, documents, JOIN_PARTS + 1).astype(np.int64)
    parts = [cuts[number : number + 2].copy() for number in range(JOIN_PARTS)]
    found = list(local.mapped(joined, parts, workers))
    return np.concatenate([np.zeros(0, np.uint64), *(codes for codes, _ in found)]), sum(over for _, over in found)


def _postings(columns: Columns, standing: NDArray[np.bool_], documents_max: int) -> tuple[I64s, U32s, I64s]:
    """Where each term's documents begin, the documents, and the terms from the rarest on; terms of one document or of
    more than `documents_max` left out."""
    packed = np.empty(sum(int(counts.sum()) for _, counts in columns.terms), np.uint64)
    first = filled = 0
    while columns.terms:
        rows, counts = columns.terms.pop(0)
        rank = columns.rank[first : first + len(counts)]
        stands = (rank >= 0) & standing[rank]
        used = (np.arange(rows.shape[1]) < counts[:, None]) & stands[:, None]
        part = (rows.astype(np.uint64) << _HALF | rank.astype(np.uint64)[:, None])[used]
        packed[filled : filled + len(part)] = part
        first, filled = first + len(counts), filled + len(part)
    packed = packed[:filled]
    packed.sort()
    keys = (packed >> _HALF).astype(np.uint32)
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(keys)), bool), keys[1:] != keys[:-1])))
    del keys
    sizes = np.diff(np.append(starts, len(packed)))
    useful = (sizes >= 2) & (sizes <= documents_max)
    postings = packed.astype(np.uint32)[np.repeat(useful, sizes)]
    sizes = sizes[useful]
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), postings, np.argsort(sizes, kind="stable")


def _decoded(codes: U64s) -> I64s:
    return np.stack(((codes >> _HALF).astype(np.int64), (codes & np.uint64(0xFFFFFFFF)).astype(np.int64)), axis=1)
