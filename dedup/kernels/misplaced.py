"""Numbered tokens become the log-odds, token by token, that a word was put in for another.

What `damage.network` computes with arrays, one token after the other, so that what it looks at stays in the cache:

1. `resolved`: how each token is written within its sentence, from how it is written by itself.
2. `_near`, `_around`, `_beside`, `_likest`: the figures of each token. Meanings are int16 of scale MEANING, so their
   products are exact sums of integers, which the compiler makes vectors of.
3. `odds`: from these by `layers` the hidden units, and above them the log-odds.

Cost: some 0.5 microseconds a token of 300, of which a quarter grows with the distinct words of the stretch. Limits: a
stretch of at most STRETCH_MAX tokens, so that sums of meanings fit 32 bits. Differs from the slow way by the order of
float32 sums alone. Source: see `damage.network`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.lanes import DIMENSIONS, FIGURES, GROUP, likest_three
from dedup.kernels.lanes import WIDTH as LANES
from dedup.kernels.layers import REACH, F32s, F64s, I16s, I32s, fetch_row, layers, room
from dedup.kernels.simd import I64s, inner, kernel

Flags: TypeAlias = NDArray[np.bool_]

STRETCH_MAX = 500
WIDTH = 64
"""Numbers of a meaning: 50, and zeros that make whole vectors."""
MEANING = 2048
_SQUARE = 1.0 / (MEANING * MEANING)
QUOTE, STOP = 9, 8
_NEIGHBOURS, _PAIR = 8, 1 << 17
_SLOTS = 512
"""At least STRETCH_MAX, a power of two: half of a table's slots."""


@inner
def _dot(one: I16s, a: int, other: I16s, b: int) -> np.int32:
    """The product of two meanings, rows of arrays, in units of 1 / MEANING**2."""
    total = np.int32(0)
    for k in range(WIDTH):
        total = np.int32(total + np.int32(one[a, k]) * np.int32(other[b, k]))
    return total


@inner
def resolved(codes: I64s, opened: I64s, within: I64s, ids: I64s, shapes: I64s) -> None:
    """The numbers of tokens, and how they are written as if within a sentence; opened, within: (10,), the shapes at the
    beginning of one and inside it."""
    opens = True
    for at in range(len(codes)):
        ids[at] = codes[at] >> 4
        shape = codes[at] & 15
        shapes[at] = opened[shape] if opens else within[shape]
        if shape != QUOTE:
            opens = shape == STOP


@inner
def _near(meant: I16s, figures: F32s) -> None:
    """Columns 0 to 7: likeness to the tokens within four."""
    count = len(meant)
    for at in range(count):
        for by in range(1, min(REACH, count - 1 - at) + 1):
            likeness = np.float32(_dot(meant, at, meant, at + by)) * np.float32(_SQUARE)
            figures[at + by, REACH - by] = likeness
            figures[at, REACH - 1 + by] = likeness


@inner
def _add(sums: I32s, meant: I16s, at: int, sign: int) -> None:
    for k in range(WIDTH):
        sums[k] += np.int32(sign) * meant[at, k]


@kernel
def _around(meant: I16s, is_content: I64s, figures: F32s) -> None:
    """Columns 8 and 16: likeness to the content within eight, and to all."""
    count = len(meant)
    running, total = np.zeros(WIDTH, np.int32), np.zeros(WIDTH, np.int32)
    for at in range(count):
        _add(total, meant, at, is_content[at])
    for at in range(min(_NEIGHBOURS, count)):
        _add(running, meant, at, is_content[at])
    square = 0.0
    for k in range(WIDTH):
        square += float(total[k]) * float(total[k]) * _SQUARE
    for at in range(count):
        if at + _NEIGHBOURS < count:
            _add(running, meant, at + _NEIGHBOURS, is_content[at + _NEIGHBOURS])
        if at > _NEIGHBOURS:
            _add(running, meant, at - _NEIGHBOURS - 1, -is_content[at - _NEIGHBOURS - 1])
        own = np.int32(is_content[at])
        to_near, length, to_all = np.int32(0), np.int32(0), np.int32(0)
        for k in range(WIDTH):
            mine = np.int32(meant[at, k])
            near = np.int32(running[k] - own * mine)
            to_near = np.int32(to_near + mine * near)
            length = np.int32(length + near * near)
            to_all = np.int32(to_all + mine * total[k])
        figures[at, 8] = (to_near * _SQUARE) / max(np.sqrt(length * _SQUARE), 1e-3)
        mean = to_all * _SQUARE
        rest = max(0.0, square - (2.0 * mean - 1.0) * own)
        figures[at, 16] = (mean - own) / max(np.sqrt(rest), 1e-3)


@inner
def _beside(ids: I64s, listed: int, zipf: F32s, pairs: I64s, starts: I64s, bits: F32s, figures: F32s) -> None:
    """Columns 9 to 15: how strongly a token goes with those beside it, what it says if that is not known; frequency."""
    for at in range(len(ids)):
        figures[at, 15] = zipf[ids[at]]
        if at + 1 == len(ids):
            break
        first, second = ids[at], ids[at + 1]
        key = first * _PAIR + second
        low, high = starts[first], starts[first + 1]
        while low < high:
            middle = (low + high) >> 1
            if pairs[middle] < key:
                low = middle + 1
            else:
                high = middle
        if low < starts[first + 1] and pairs[low] == key:
            figures[at, 12] = figures[at + 1, 9] = bits[low]
            figures[at, 14] = figures[at + 1, 11] = 1.0
        elif 11 <= first <= listed and 11 <= second <= listed:  # `network.SPECIAL` are the first eleven
            lacking = max(np.float32(0.0), zipf[first] + zipf[second] - np.float32(1.0))
            figures[at, 13] = figures[at + 1, 10] = lacking


@kernel
def _distinct(ids: I64s, is_content: I64s, content: I64s, places: I64s) -> int:
    """The distinct numbers of content into the beginning of an array, and where there each token's is: how many there
    are."""
    slots = np.full(2 * _SLOTS, -1, np.int64)
    distinct = 0
    for at in range(len(ids)):
        if is_content[at]:
            slot = ids[at] & (_SLOTS - 1)
            while slots[slot] >= 0 and content[slots[slot]] != ids[at]:
                slot += 1
            if slots[slot] < 0:
                slots[slot] = distinct
                content[distinct] = ids[at]
                distinct += 1
            places[at] = slots[slot]
    return distinct


@kernel
def _likest(ids: I64s, is_content: I64s, meanings: I16s, figures: F32s) -> None:
    """Column 17: the mean likeness of a word to the three words of the stretch that are likest to it."""
    content, places = np.empty(len(ids), np.int64), np.empty(len(ids), np.int64)
    distinct = _distinct(ids, is_content, content, places)
    if distinct <= 3:
        return
    width = (distinct + GROUP - 1 + 2 * LANES - 1) // (2 * LANES) * 2 * LANES
    turned, best = np.zeros((DIMENSIONS, width), np.float32), np.empty((3, width), np.float32)
    for at in range(distinct):
        for k in range(DIMENSIONS):
            turned[k, at] = meanings[content[at], k]
    likest_three(turned, distinct, width, best)  # sums are below 2**24, and exact
    scale = 1.0 / (3.0 * MEANING * MEANING)
    for at in range(len(ids)):
        if is_content[at]:
            row = places[at]
            figures[at, 17] = (float(best[0, row]) + float(best[1, row]) + float(best[2, row])) * scale


@inner
def _fetch(codes: I64s, meanings: I16s, vectors: F32s) -> None:
    """Asks for the rows of the tables that tokens need: they lie far apart, and the processor would wait for each."""
    tables, sizes = (meanings.ctypes.data, vectors.ctypes.data), (2 * meanings.shape[1], 4 * vectors.shape[1])
    for at in range(len(codes)):
        one = codes[at] >> 4
        for table in range(2):
            fetch_row(tables[table] + one * sizes[table], sizes[table])


@kernel
def odds(
    codes: I64s, opened: I64s, within: I64s, content: Flags, heavy_from: int, listed: int, meanings: I16s,
    vectors: F32s, zipf: F32s, own: F32s, pairs: I64s, starts: I64s, bits: F32s, slots: I32s, words: I16s,
    written: I16s, near: F64s, taken: I64s, mean: F32s, weights: F32s, bias: F32s, top: F32s, direct: F32s,
    constant: float, found: F32s,
) -> int:  # fmt: skip
    """The log-odds of the words among n tokens, into `found`, NaN for what is no word: how many words there are.

    codes: (n,) 16 times a token's number, and how it is written. meanings: (m, WIDTH). vectors: (m, d). content, zipf,
    own: (m,). pairs, bits: known bigrams, those of each first word from starts[first]. slots: (m,), where in words,
    (s, 9 * h), stands what a number adds to the hidden units from each place around, -1 if it does not; s is more than
    n. written: (8, 9 * h), what its shape adds. near: (d, 9 * h), which makes these rows; taken: (1,), how many there
    are. mean: (d, h), weights: (18, h), bias, top: (h,), direct: (18,).
    """
    count, hidden, size = len(codes), len(bias), vectors.shape[1]
    assert count <= STRETCH_MAX
    assert len(found) >= count
    ids, shapes = np.empty(count, np.int64), np.empty(count, np.int64)
    room(codes, vectors, near, slots, words, taken)
    _fetch(codes, meanings, vectors)
    resolved(codes, opened, within, ids, shapes)
    meant, is_content = np.empty((count, WIDTH), np.int16), np.empty(count, np.int64)
    topic = np.zeros(size, np.float32)
    heavy = 0
    for at in range(count):
        is_content[at] = content[ids[at]]
        for k in range(WIDTH):
            meant[at, k] = meanings[ids[at], k]
        if ids[at] >= heavy_from:
            heavy += 1
            for k in range(size):
                topic[k] += vectors[ids[at], k]
    figures = np.zeros((count, FIGURES), np.float32)
    _near(meant, figures)
    _around(meant, is_content, figures)
    _beside(ids, listed, zipf, pairs, starts, bits, figures)
    _likest(ids, is_content, meanings, figures)
    base = bias.copy()
    for k in range(size):
        share = topic[k] / np.float32(max(1, heavy))
        for h in range(hidden):
            base[h] += share * mean[k, h]
    return layers(ids, shapes, figures, slots, words, written, base, weights, top, direct, own, constant, found)
