"""Shingles become MinHash signatures, and those of two documents their exact resemblance.

1. Shingles are made a block at a time (`shingles`; `draw.shingled` makes signatures of them).
2. Signatures: the upper 32 bits, premixed, stay in the L1 cache; LANES permutations go over them in
   registers. As datasketch's MinHash, scheme affine32, whose parameters the caller passes.
3. Resemblance: the shingles of both documents into one small open-addressing table, with a mark for each
   side.

Source: Broder, "On the resemblance and containment of documents", 1997; E. Zhu, datasketch 2.0.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels import shingles
from dedup.kernels.simd import LANES, U64, I64s, U8s, U32s, U64s, inner, kernel, lower_minima

_ZERO = U64(0)
NO_VALUE = np.uint32(0xFFFFFFFF)


@inner
def _premixed(values: U64s, count: int, mixed: U32s) -> None:
    """The finaliser of 32-bit MurmurHash3 of the upper halves of values[:count], into mixed[:count]."""
    for i in range(count):
        value = np.uint32(values[i] >> U64(32))
        value = np.uint32((value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        value = np.uint32((value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        mixed[i] = value ^ (value >> np.uint32(16))


@inner
def _remaining_minima(mixed: U32s, count: int, a: U32s, b: U32s, minima: U32s, first: int) -> None:
    """As `lower_minima`, for the permutations from `first` that do not fill LANES."""
    for j in range(first, len(a)):
        lowest, factor, term = minima[j], a[j], b[j]
        for i in range(count):
            lowest = min(lowest, np.uint32(factor * mixed[i] + term))
        minima[j] = lowest


@inner
def permuted(values: U64s, count: int, mixed: U32s, a: U32s, b: U32s, minima: U32s) -> None:
    """Lower the minima of a signature by the shingles values[:count], BLOCK at the most. mixed: (BLOCK,), scratch."""
    _premixed(values, count, mixed)
    whole = len(a) - len(a) % LANES
    for lane in range(0, whole, LANES):
        lower_minima(mixed, count, a, b, minima, lane)
    _remaining_minima(mixed, count, a, b, minima, whole)


# --- exact resemblance --------------------------------------------------------------------------------------


@inner
def _mark(
    hashes: U64s, start: int, stop: int, width: int, side: int, values: U64s, keys: U64s, marks: U8s
) -> tuple[int, int]:
    """Enter the shingles of tokens start..stop for `side` (1 or 2): (distinct ones, those that have the other
    side's mark). keys: (2**m,) uint64, marks: (2**m,) uint8, 0 for a free slot."""
    distinct = shared = 0
    mask = len(keys) - 1
    used, count = min(width, stop - start), shingles.number(stop - start, width)
    for first in range(0, count, shingles.BLOCK):
        part = min(shingles.BLOCK, count - first)
        shingles.block(hashes, start + first, part, used, values)
        for i in range(part):
            key = values[i]
            slot = np.int64(key) & mask
            # One branch, on both conditions: whether a slot is taken cannot be predicted, that the first fits
            # can.
            while (keys[slot] ^ key) & (_ZERO - U64(marks[slot] != 0)):
                slot = (slot + 1) & mask
            mark = marks[slot]
            fresh = (mark & side) == 0
            distinct += fresh
            shared += fresh & (mark != 0)
            keys[slot] = key
            marks[slot] = mark | side
    return distinct, shared


@kernel
def resemblances(hashes: U64s, starts: I64s, pairs: I64s, width: int, shared: I64s, union: I64s) -> None:
    """The exact resemblance of pairs of documents, as two counts: shared / union of their sets of 64-bit
    shingles.

    hashes: (t,) token hashes. starts: (n + 1,) where each document's tokens begin in `hashes`, not
    decreasing. pairs: (m, 2) documents. width: tokens in a shingle, >= 1. shared, union: (m,) distinct
    shingles in both and in either, out; both 0 for two documents without tokens.
    """
    documents = len(starts) - 1
    largest = 0
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        if min(one, other) < 0 or max(one, other) >= documents:
            raise ValueError("a pair names no document")
        largest = max(largest, starts[one + 1] - starts[one] + starts[other + 1] - starts[other])
    if len(hashes) < starts[documents] or min(len(shared), len(union)) < len(pairs) or width < 1:
        raise ValueError("arrays too short, or width below 1")
    size = 64
    while size < 2 * largest:
        size *= 2
    keys, marks, values = np.empty(size, np.uint64), np.empty(size, np.uint8), np.empty(shingles.BLOCK, np.uint64)
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        tokens = starts[one + 1] - starts[one] + starts[other + 1] - starts[other]
        used = 64
        while used < 2 * tokens:
            used *= 2
        marks[:used] = 0
        first, _ = _mark(hashes, starts[one], starts[one + 1], width, 1, values, keys[:used], marks)
        second, both = _mark(hashes, starts[other], starts[other + 1], width, 2, values, keys[:used], marks)
        shared[pair], union[pair] = both, first + second - both
