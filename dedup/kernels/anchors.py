"""Two token sequences become the chain of anchors that they are aligned by: compiled `align.anchors`, `align.chain`.

1. `partners`: the stretches of k tokens that occur once in each text, by one hash table of the first text's
   polynomial keys, which the second text's keys are looked up in.
2. `anchors`: neighbours on a diagonal joined, and all of them grown as far as the tokens agree, cut where they overlap
   in a.
3. `chained`: the heaviest chain, a Fenwick tree of prefix maxima over the ends in b; a pointer that sweeps the
   ends in a lets in only what ends before a block. Ties go to the later block, as (weight, index) pairs do.

Cost: O(n log n) for n tokens. Limits: documents below 2**31 tokens. Sources: see `align`.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.simd import U64, I64s, U64s, inlined, inner

F64s: TypeAlias = NDArray[np.float64]

ANCHOR, PASSAGE, PASSAGE_GAP, RUNS_OPEN, WINDOW, GAP_CELLS = range(6)
"""Places in `limits`, (6,) int64: tokens of an anchor, equal tokens of a passage, tokens between two blocks of one
passage, runs that a moved block is tried against, tokens of a window, cells of a gap's table."""
DENSITY, OPEN, EXTEND = range(3)
"""Places in `prices`, (3,) float64: of a token in a gap of a passage, of a surplus, of each token of a surplus."""

_ZERO = U64(0)
_PRIME = U64(0x9E3779B97F4A7C15)


class Scratch(NamedTuple):
    """Room for one pair at a time, a tokens on its longer side.

    keys: (2**m,) uint64 and places: (2**m,) int64 are a hash table, 2**m >= 2 a. values: (a,) uint64. one, two,
    three, four, five: (a + 2,) int64. found, blocks, gathered: (a + 1, 3), (2 a + 2, 3), (2 a + 2, 3) int64. ranks:
    (2 a + 2, 3) int64 and totals: (2 a + 2, 2) float64 are the stretches. table, masks: see `table_words`.
    """

    keys: U64s
    places: I64s
    values: U64s
    one: I64s
    two: I64s
    three: I64s
    four: I64s
    five: I64s
    found: I64s
    blocks: I64s
    gathered: I64s
    ranks: I64s
    totals: F64s
    table: U64s
    masks: U64s


@inlined
def table_words(tokens_a: int, tokens_b: int, cells: int) -> int:
    """Words that a table of at most so many cells needs, for any gap between texts of so many tokens."""
    return min(tokens_a * tokens_b, cells) // 64 + min(max(tokens_a, tokens_b), cells) + 1


@inlined
def copy_row(source: I64s, row: int, target: I64s, at: int) -> None:
    """target[at] = source[row], of three columns, which numba would allocate for."""
    for column in range(3):
        target[at, column] = source[row, column]


# --- the hash table -----------------------------------------------------------------------------------------


@inlined
def slot_of(keys: U64s, places: I64s, mask: int, key: U64) -> int:
    """Where `key` is in the table, or the slot with place 0 where it would be."""
    slot = np.int64(key) & mask
    # One branch on both conditions: whether a slot is taken cannot be predicted, that the first fits can.
    while (keys[slot] ^ key) & (_ZERO - U64(places[slot] != 0)):
        slot = (slot + 1) & mask
    return int(slot)


@inlined
def cleared(places: I64s, entries: int) -> int:
    """Make room for so many entries in the table: the mask of its slots."""
    size = 64
    while size < 2 * entries:
        size *= 2
    places[:size] = 0
    return size - 1


# --- anchors and chain --------------------------------------------------------------------------------------


@inlined
def _stretch_keys(hashes: U64s, length: int, values: U64s) -> int:
    """The polynomial keys of the stretches of `length` tokens, into `values`: how many."""
    count = len(hashes) - length + 1
    for i in range(count):
        values[i] = hashes[i]
    for offset in range(1, length):
        for i in range(count):
            values[i] = values[i] * _PRIME + hashes[offset + i]
    return max(count, 0)


@inner
def partners(a: U64s, b: U64s, length: int, scratch: Scratch, partners: I64s) -> int:
    """partners[i + 1] = j + 1 where the stretch at i of a is that at j of b and occurs once in each: how many
    stretches a has."""
    keys, places, values = scratch.keys, scratch.places, scratch.values
    count = _stretch_keys(a, length, values)
    mask = cleared(places, count)
    partners[: count + 1] = 0
    for i in range(count):
        slot = slot_of(keys, places, mask, values[i])
        places[slot] = i + 1 if places[slot] == 0 else -1
        keys[slot] = values[i]
    for j in range(_stretch_keys(b, length, values)):
        # partners[0] is for all that a lacks or has twice: a store is cheaper than a branch that cannot be known.
        place = U64(max(0, places[slot_of(keys, places, mask, values[j])]))
        partners[place] = j + 1 if partners[place] == 0 else -1
    return count


@inner
def anchors(a: U64s, b: U64s, length: int, count: int, partners: I64s, found: I64s) -> int:
    """Maximal common stretches by start in a, rows of `found`: their number."""
    joined = 0
    for i in range(count):
        j = partners[i + 1] - 1
        if j < 0:
            continue
        if joined:
            start_a, start_b, size = found[joined - 1, 0], found[joined - 1, 1], found[joined - 1, 2]
            if i - start_a == j - start_b and i <= start_a + size:
                found[joined - 1, 2] = max(size, i - start_a + length)
                continue
        found[joined, 0], found[joined, 1], found[joined, 2] = i, j, length
        joined += 1
    grown = floor = 0
    for row in range(joined):
        start_a, start_b, size = found[row, 0], found[row, 1], found[row, 2]
        stop_a, stop_b, overlap = start_a + size, start_b + size, max(0, floor - start_a)
        start_a, start_b = start_a + overlap, start_b + overlap
        if start_a >= stop_a:
            continue
        while start_a > floor and start_b > 0 and a[start_a - 1] == b[start_b - 1]:
            start_a, start_b = start_a - 1, start_b - 1
        while stop_a < len(a) and stop_b < len(b) and a[stop_a] == b[stop_b]:
            stop_a, stop_b = stop_a + 1, stop_b + 1
        found[grown, 0], found[grown, 1], found[grown, 2] = start_a, start_b, stop_a - start_a
        floor = stop_a
        grown += 1
    return grown


@inner
def chained(found: I64s, count: int, length_a: int, length_b: int, scratch: Scratch, inside: I64s) -> None:
    """inside[index] = 1 for the blocks of the heaviest chain, 0 for the others."""
    tree, heads, following, before = scratch.one, scratch.two, scratch.three, scratch.four
    tree[: length_b + 1] = 0  # weight << 32 | index + 1 of the heaviest chain that ends by there in b
    heads[: length_a + 1] = 0  # lists of the blocks by their end in a, index + 1
    heaviest = np.int64(0)
    swept = 0
    for index in range(count):
        start_a, start_b, size = found[index, 0], found[index, 1], found[index, 2]
        while swept <= start_a:
            done = heads[swept]
            while done:
                at = found[done - 1, 1] + found[done - 1, 2]
                while at <= length_b:
                    tree[at] = max(tree[at], inside[done - 1])
                    at += at & -at
                done = following[done - 1]
            swept += 1
        best = np.int64(0)
        at = start_b
        while at > 0:
            best = max(best, tree[at])
            at -= at & -at
        before[index] = (best & 0xFFFFFFFF) - 1
        inside[index] = ((best >> 32) + size) << 32 | (index + 1)
        heaviest = max(heaviest, inside[index])
        following[index] = heads[start_a + size]
        heads[start_a + size] = index + 1
    inside[:count] = 0
    at = (heaviest & 0xFFFFFFFF) - 1
    while at >= 0:
        inside[at] = 1
        at = before[at]
