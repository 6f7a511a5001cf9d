"""A text's bytes become the numbers of the strings between its white space, and counts of what these are.

1. `cut`: each string is hashed as it is passed over and looked up among those that are known; one that is not is told
   by where it stands.
2. `number`: such strings get the next numbers, and stand in the table that `cut` looks in; `again` makes a larger one.
3. `tally`: how many strings there are, distinct ones, and with each mark; the longest; whether one follows itself.
   `classed`: how many of each class.
4. `gather`: the tokens of the strings, one after the other.

White space is what `str.split` takes for it, in UTF-8. Two strings of one hash (FNV-1a, 64 bits) count as one: by
chance that happens once in a thousand million times that two hundred thousand are known. Cost: some 2 nanoseconds a
byte. Linear in length, but for PROBES_MAX steps a string: where the table is crowded at one place, a string stands in
none, and is told by its hash.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.simd import U64, I64s, U8s, U64s, inner, kernel, prefetch

I32s: TypeAlias = NDArray[np.int32]
U32s: TypeAlias = NDArray[np.uint32]

_WIDE_SPACES = (0xE280A8, 0xE280A9, 0xE280AF, 0xE19A80, 0xE2819F, 0xE38080)
"""White space of three bytes, beside U+2000 to U+200A."""
_BASIS, _PRIME = U64(0xCBF29CE484222325), U64(0x100000001B3)
PROBES_MAX = 64
COUNT, DISTINCT, LONGEST, TWICE, FLAGS = 0, 1, 2, 3, 4
"""Columns of a tally; from FLAGS on, one for each of FLAG_BITS marks."""
FLAG_BITS = 8


@inner
def space(data: U8s, at: int) -> int:
    """How many bytes of white space begin here, 0 if none."""
    first = data[at]
    if first <= 32:
        return 1 if first == 32 or 9 <= first <= 13 or first >= 28 else 0
    if first < 0xC2 or first > 0xE3:
        return 0
    second = data[at + 1] if at + 1 < len(data) else np.uint8(0)
    third = data[at + 2] if at + 2 < len(data) else np.uint8(0)
    if first == 0xC2:
        return 2 if second in (0x85, 0xA0) else 0
    code = np.int64(first) << 16 | np.int64(second) << 8 | np.int64(third)
    return 3 if 0xE28080 <= code <= 0xE2808A or code in _WIDE_SPACES else 0


@inner
def _slot(hashes: U64s, wanted: U64) -> np.int64:
    """Where a hash is in the table, or the free slot where it would be; -1 if there is none near."""
    mask = len(hashes) - 1
    slot = np.int64((wanted ^ (wanted >> U64(29))) & U64(mask))
    for _ in range(PROBES_MAX):
        if hashes[slot] == wanted or hashes[slot] == U64(0):
            return slot
        slot = (slot + 1) & mask
    return np.int64(-1)


@kernel
def cut(
    data: U8s, sizes: I64s, hashes: U64s, numbers: I32s, found: I32s, starts: I64s, unknown: I64s, met: U64s
) -> tuple[int, int]:
    """The numbers of texts' strings into `found`, -1 for one that is not known, and where each text's begin into
    `starts`: how many there are, and how many of these are unknown.

    data: the texts one after the other, of so many bytes each. hashes: (2**m,), 0 for a free slot; numbers: (2**m,).
    starts: one more than texts. found: (n,), unknown: (n, 3), start, stop and place of the unknown, met: (n,) their
    hashes; room for as many strings as the texts may have.
    """
    assert 2 * len(found) >= len(data) + len(sizes)
    assert len(unknown) == len(met) == len(found)
    assert len(starts) == len(sizes) + 1
    count = new = first = 0
    for text in range(len(sizes)):
        starts[text] = count
        assert 0 <= sizes[text] <= len(data) - first
        count = _hashed(data, first, first + int(sizes[text]), hashes, numbers, unknown, met, count)
        first += int(sizes[text])
        for at in range(starts[text], count):
            state = met[at]
            slot = _slot(hashes, state)
            if slot >= 0 and hashes[slot] == state:
                found[at] = numbers[slot]
                continue
            found[at] = -1
            unknown[new, 0], unknown[new, 1], unknown[new, 2] = unknown[at, 0], unknown[at, 1], at
            met[new] = state
            new += 1
    starts[len(sizes)] = count
    return count, new


@inner
def _hashed(
    data: U8s, at: int, stop: int, hashes: U64s, numbers: I32s, bounds: I64s, met: U64s, count: int
) -> int:  # fmt: skip
    """Where a text's strings begin and end, and their hashes, from place `count` on: how many there are then. The slots
    of the table are asked for ahead, since each would be waited for."""
    ahead = U64(len(hashes) - 1)
    while at < stop:
        byte = data[at]
        if byte <= 32 or byte >= 0xC2:
            width = space(data, at)
            if width:
                at += width
                continue
        start, state = at, _BASIS
        while at < stop:
            byte = data[at]
            if (byte <= 32 or byte >= 0xC2) and space(data, at):
                break
            state = (state ^ U64(byte)) * _PRIME
            at += 1
        state |= U64(1)
        met[count], bounds[count, 0], bounds[count, 1] = state, start, at
        slot = np.int64((state ^ (state >> U64(29))) & ahead)
        prefetch(hashes, slot)
        prefetch(numbers, slot)
        count += 1
    return count


@kernel
def number(
    unknown: I64s, met: U64s, hashes: U64s, numbers: I32s, first: int, found: I32s, bounds: I64s, crowded: I64s
) -> tuple[int, int]:
    """Gives the strings that `cut` told the next numbers from `first` on, each distinct one its own: how many there
    are, of which `bounds` are put down, and for how many strings there is no place in the table, which is at most half
    full: `crowded` are their places among the unknown."""
    assert len(unknown) == len(met) <= min(len(bounds), len(crowded))
    new = left = 0
    for at in range(len(met)):
        slot = _slot(hashes, met[at])
        if slot < 0:
            crowded[left] = at
            left += 1
            continue
        if hashes[slot] == U64(0):
            hashes[slot], numbers[slot] = met[at], first + new
            bounds[new, 0], bounds[new, 1] = unknown[at, 0], unknown[at, 1]
            new += 1
        found[unknown[at, 2]] = numbers[slot]
    return new, left


@kernel
def again(before: U64s, given: I32s, hashes: U64s, numbers: I32s, crowded: I64s) -> int:
    """Puts what stands in a table into another one: for how many slots there was no place, which are told."""
    assert len(crowded) >= len(before)
    left = 0
    for at in range(len(before)):
        if before[at] == U64(0):
            continue
        slot = _slot(hashes, before[at])
        if slot < 0:
            crowded[left] = at
            left += 1
        else:
            hashes[slot], numbers[slot] = before[at], given[at]
    return left


@kernel
def tally(
    found: I32s, starts: I64s, stops: I64s, flags: U8s, lengths: I32s, stamps: U32s, stamp: int, counts: I64s
) -> None:
    """Counts the strings of texts, found[starts[n]:stops[n]] those of text n, into rows of `counts`, zeros; flags,
    lengths: of each string known; stamps: of each, the last tally that it was in, of which these are from `stamp` on.
    """
    assert counts.shape == (len(starts), FLAGS + FLAG_BITS)
    for text in range(len(starts)):
        before = np.int32(-1)
        for at in range(starts[text], stops[text]):
            one = found[at]
            counts[text, TWICE] |= np.int64(one == before)
            before = one
            if stamps[one] != stamp + text:
                stamps[one] = stamp + text
                counts[text, DISTINCT] += 1
                counts[text, LONGEST] = max(counts[text, LONGEST], np.int64(lengths[one]))
            marks, bit = np.int64(flags[one]), FLAGS
            while marks:
                counts[text, bit] += marks & 1
                marks >>= 1
                bit += 1
        counts[text, COUNT] = stops[text] - starts[text]


@kernel
def classed(
    found: I32s, starts: I64s, stops: I64s, classes: U8s, stamps: U32s, stamp: int, counts: I64s, unclassed: I32s
) -> int:
    """Counts the strings of texts by class into counts, (texts, 2, classes), zeros: all, and distinct ones; those of
    UNCLASSED into `unclassed`, as far as there is room: how many these are. The rest as for `tally`."""
    kinds = counts.shape[2]
    new = 0
    for text in range(len(starts)):
        for at in range(starts[text], stops[text]):
            one = found[at]
            kind = np.int64(classes[one])
            is_first = stamps[one] != stamp + text
            stamps[one] = stamp + text
            if kind < kinds:
                counts[text, 0, kind] += 1
                counts[text, 1, kind] += is_first
            elif is_first:
                if new < len(unclassed):
                    unclassed[new] = one
                new += 1
    return new


@kernel
def gather(
    found: I32s, starts: I64s, stops: I64s, firsts: I64s, ends: I64s, pool: I64s, out: I64s, places: I64s
) -> int:
    """Writes the tokens of texts' strings, pool[firsts[n]:ends[n]] those of string n, into `out` as far as there is
    room, and where each text's begin into `places`, one more than texts: how many there are; -1 where those of a string
    are not known, whose first is negative."""
    assert len(places) == len(starts) + 1
    count, room = 0, len(out)
    for text in range(len(starts)):
        places[text] = count
        for at in range(starts[text], stops[text]):
            one = found[at]
            if firsts[one] < 0:
                return -1
            for place in range(firsts[one], ends[one]):
                if count < room:
                    out[count] = pool[place]
                count += 1
    places[len(starts)] = count
    return count
