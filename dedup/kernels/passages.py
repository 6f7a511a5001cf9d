"""Shingles become the keys of shared passages, and sorted keys pairs of documents.

1. `sampled`: one in so many of the shingles of each document, chosen by the lowest bits of its hash, so that
   two documents choose the same of what they share (Broder 1997 calls it sampling modulo m).
2. `divide_shingles` cuts those of a partition by the first bits of the hash into ranges; `numbered` makes of the next
   32 bits and the document a word that the caller sorts.
3. `shared_shingles`: a run of words of one key is a passage that its documents share. Up to `all_most` documents give
   every pair, up to `most` each with the first, more are furniture and are counted.

Limits: two shingles are one key with probability 2**-38, and the caller wants several keys. What does not fit into the
output is counted, not written, and the caller calls again with more room.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.join import NONE
from dedup.kernels.simd import U64, I64s, U16s, U32s, U64s, inlined, inner, kernel

RANGE_BITS = 6
RANGES = 1 << RANGE_BITS
_RANGE_SHIFT, _KEY_SHIFT = U64(64 - RANGE_BITS), U64(RANGE_BITS)
_HALF, _LOW = U64(32), U64(0xFFFFFFFF)


@inlined
def sampled(values: U64s, count: int, mask: U64, keys: U64s, taken: int) -> int:
    """Append those of values[:count] that have none of the bits of a mask to keys[:taken], which has room for all: how
    many there are then."""
    for at in range(count):  # written anyway, and kept by counting it: chance cannot be predicted
        keys[taken] = values[at]
        taken += int(values[at] & mask == U64(0))
    return taken


@kernel
def divide_shingles(keys: U64s, key_counts: I64s, shingles: U32s, starts: I64s, counts: U16s) -> None:
    """Cut sampled shingles by ranges.

    keys: (k,), the first key_counts[0] those of the first of n documents, and so on. shingles: (k,) what follows the
    bits of the range, range by range, document by document, out. starts: (RANGES + 1,) where each range begins, out.
    counts: (RANGES, n) unsigned, zeros, how many each document has in each, out.
    """
    if len(keys) != key_counts.sum() or len(shingles) < len(keys) or counts.shape != (RANGES, len(key_counts)):
        raise ValueError("arrays do not fit each other")
    starts[:] = 0
    for key in keys:
        starts[np.int64(key >> _RANGE_SHIFT) + 1] += 1
    for before in range(RANGES):
        starts[before + 1] += starts[before]
    next_place = starts[:RANGES].copy()
    at = 0
    for document in range(len(key_counts)):
        for _ in range(key_counts[document]):
            own = np.int64(keys[at] >> _RANGE_SHIFT)
            shingles[next_place[own]] = np.uint32((keys[at] << _KEY_SHIFT) >> _HALF)
            next_place[own] += 1
            counts[own, document] += 1
            at += 1


@kernel
def numbered(shingles: U32s, counts: U16s, numbers: U32s, packed: U64s, filled: int) -> int:
    """Append the shingles of a partition in a range to words key << 32 | number that can be sorted: where they end.

    shingles: those of the range. counts: (n,) how many each document has. numbers: (n,) of the documents in the corpus;
    those of NONE are passed over.
    """
    if len(shingles) != counts.sum() or len(numbers) < len(counts) or len(packed) < filled + len(shingles):
        raise ValueError("arrays do not fit each other")
    at = 0
    for document in range(len(counts)):
        number = numbers[document]
        for _ in range(counts[document]):
            packed[filled] = U64(shingles[at]) << _HALF | U64(number)
            filled += int(number != NONE)
            at += 1
    return filled


@inner
def _distinct_end(packed: U64s, first: int, members: U64s) -> tuple[int, int]:
    """Where the run of one key ends, and how many different documents it has, of which `members` takes what fits."""
    at, count = first, 0
    while at < len(packed) and packed[at] >> _HALF == packed[first] >> _HALF:
        if at == first or packed[at] != packed[at - 1]:
            if count < len(members):
                members[count] = packed[at] & _LOW
            count += 1
        at += 1
    return at, count


@kernel
def shared_shingles(packed: U64s, all_most: int, most: int, documents: I64s, codes: U64s, told: I64s) -> int:
    """The pairs a << 32 | b, a < b, of documents that share a key, as often as they share one: how many there are.

    packed: key << 32 | document, sorted. documents: a is from documents[0] and below documents[1]. told: told[0] counts
    the keys of more than `most` documents, of all.
    """
    members = np.empty(most, np.uint64)
    first = found = 0
    while first < len(packed):
        stop, count = _distinct_end(packed, first, members)
        first = stop
        if count > most:
            told[0] += 1
            continue
        for one in range(count - 1 if count <= all_most else min(1, count)):
            if documents[0] <= np.int64(members[one]) < documents[1]:
                for other in range(one + 1, count):
                    if found < len(codes):
                        codes[found] = members[one] << _HALF | members[other]
                    found += 1
    return found
