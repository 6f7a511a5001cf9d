"""Numbered tokens become the log-odds, token by token, that a word was put in for another.

What `damage.network` computes with arrays, one token after the other, so that what it looks at stays in the cache:

1. `resolved`: how each token is written within its sentence, from how it is written by itself.
2. `_near`, `_around`, `_beside`, `_likest`: the figures of each token. Meanings are int16 of scale MEANING, so their
   products are exact sums of integers, which the compiler makes vectors of.
3. `odds`: the hidden units, as int16 of scale UNIT what the words around add to them, and above them the log-odds.
   `_room` makes what a word adds when it is first met.

Cost: some 0.5 microseconds a token of 300, of which a quarter grows with the distinct words of the stretch. Limits: a
stretch of at most STRETCH_MAX tokens, so that sums of meanings fit 32 bits. Differs from the slow way by the order of
float32 sums alone. Source: see `damage.network`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.simd import I64s, inlined, inner, kernel, prefetch_at

Flags: TypeAlias = NDArray[np.bool_]
F32s: TypeAlias = NDArray[np.float32]
F64s: TypeAlias = NDArray[np.float64]
I16s: TypeAlias = NDArray[np.int16]
I32s: TypeAlias = NDArray[np.int32]

STRETCH_MAX = 500
WIDTH = 64
"""Numbers of a meaning: 50, and zeros that make whole vectors."""
DIMENSIONS = 50
MEANING, UNIT = 2048, 1024
_SQUARE = 1.0 / (MEANING * MEANING)
NO_WORD, OUTSIDE, STOP, QUOTE = 6, 7, 8, 9
_FIGURES, _REACH, _NEIGHBOURS, _PAIR = 18, 4, 8, 1 << 17
_SLOTS = 512
"""At least STRETCH_MAX, a power of two: half of a table's slots."""
_LINE_BYTES, _AHEAD = 64, 3
"""A line of the processor's cache, and how many words ahead a row is asked for."""


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
        for by in range(1, min(_REACH, count - 1 - at) + 1):
            likeness = np.float32(_dot(meant, at, meant, at + by)) * np.float32(_SQUARE)
            figures[at + by, _REACH - by] = likeness
            figures[at, _REACH - 1 + by] = likeness


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
    turned, likeness = np.empty((DIMENSIONS, distinct), np.float32), np.empty(distinct, np.float32)
    best = np.full((3, distinct), -2.0 * MEANING * MEANING, np.float32)
    for at in range(distinct):
        best[0, at] = 0.0  # its likeness to itself is not counted
        for k in range(DIMENSIONS):
            turned[k, at] = meanings[content[at], k]
    for one in range(distinct):
        _alike(turned, one, likeness)
        _enter(best, one, likeness)
        for other in range(one):  # each keeps the greater of what it has and what comes, and hands on the lesser
            value, first, second = likeness[other], best[0, other], best[1, other]
            best[0, other], value = max(first, value), min(first, value)
            best[1, other], value = max(second, value), min(second, value)
            best[2, other] = max(best[2, other], value)
    scale = 1.0 / (3.0 * MEANING * MEANING)
    for at in range(len(ids)):
        if is_content[at]:
            row = places[at]
            figures[at, 17] = (float(best[0, row]) + float(best[1, row]) + float(best[2, row])) * scale


@inner
def _alike(turned: F32s, one: int, likeness: F32s) -> None:
    """The products of one meaning with those before it; turned: (DIMENSIONS, n). Sums are below 2**24, and exact."""
    for other in range(one):
        likeness[other] = 0.0
    for k in range(0, DIMENSIONS, 5):
        a, b, c = turned[k, one], turned[k + 1, one], turned[k + 2, one]
        d, e = turned[k + 3, one], turned[k + 4, one]
        for other in range(one):
            likeness[other] += (
                a * turned[k, other] + b * turned[k + 1, other] + c * turned[k + 2, other]
                + d * turned[k + 3, other] + e * turned[k + 4, other]
            )  # fmt: skip


@inner
def _enter(best: F32s, one: int, likeness: F32s) -> None:
    """Puts the likenesses to those before it into the column of its three greatest, in falling order."""
    first, second, third = best[0, one], best[1, one], best[2, one]
    for other in range(one):
        value = likeness[other]
        if value > third:
            if value > second:
                third = second
                if value > first:
                    first, second = value, first
                else:
                    second = value
            else:
                third = value
    best[0, one], best[1, one], best[2, one] = first, second, third


@kernel
def _room(codes: I64s, vectors: F32s, near: F64s, slots: I32s, words: I16s, taken: I64s) -> None:
    """Puts down what tokens add that have no row yet, and what 0 adds, which stands for what is outside."""
    for again in range(2):
        for at in range(-1, len(codes)):
            one = codes[at] >> 4 if at >= 0 else 0
            if slots[one] >= 0:
                continue
            if taken[0] == len(words):
                break
            _project(vectors, one, near, words, taken[0])
            slots[one] = taken[0]
            taken[0] += 1
        else:
            return
        assert again == 0
        slots[:] = -1  # all are given up, and those of this stretch made anew
        taken[0] = 0


@kernel
def _project(vectors: F32s, one: int, near: F64s, words: I16s, row: int) -> None:
    """What a word adds to the hidden units, from its vector."""
    sums = np.zeros(near.shape[1])
    for k in range(len(near)):
        value = np.float64(vectors[one, k])
        for h in range(len(sums)):
            sums[h] += value * near[k, h]
    for h in range(len(sums)):
        words[row, h] = np.int16(np.rint(sums[h] * UNIT))


@inlined
def _fetch_row(first: int, size_bytes: int) -> None:
    for line in range(0, size_bytes, _LINE_BYTES):
        prefetch_at(first + line)


@inner
def _fetch(codes: I64s, meanings: I16s, vectors: F32s) -> None:
    """Asks for the rows of the tables that tokens need: they lie far apart, and the processor would wait for each."""
    tables, sizes = (meanings.ctypes.data, vectors.ctypes.data), (2 * meanings.shape[1], 4 * vectors.shape[1])
    for at in range(len(codes)):
        one = codes[at] >> 4
        for table in range(2):
            _fetch_row(tables[table] + one * sizes[table], sizes[table])


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
    _room(codes, vectors, near, slots, words, taken)
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
    figures = np.zeros((count, _FIGURES), np.float32)
    _near(meant, figures)
    _around(meant, is_content, figures)
    _beside(ids, listed, zipf, pairs, starts, bits, figures)
    _likest(ids, is_content, meanings, figures)
    base = bias.copy()
    for k in range(size):
        share = topic[k] / np.float32(max(1, heavy))
        for h in range(hidden):
            base[h] += share * mean[k, h]
    return _layers(ids, shapes, figures, slots, words, written, base, weights, top, direct, own, constant, found)


@kernel
def _layers(
    ids: I64s, shapes: I64s, figures: F32s, slots: I32s, words: I16s, written: I16s, base: F32s, weights: F32s,
    top: F32s, direct: F32s, own: F32s, constant: float, found: F32s,
) -> int:  # fmt: skip
    """The log-odds from the figures; what `odds` says of its arguments holds."""
    count, hidden = len(ids), len(base)
    added, units = np.zeros((count, hidden), np.int16), np.empty(hidden, np.float32)
    _put(ids, shapes, slots, words, written, added)
    places = 0
    for at in range(count):
        if shapes[at] == NO_WORD:
            found[at] = np.nan
            continue
        places += 1
        for h in range(hidden):
            units[h] = base[h]
        total = np.float32(constant) + own[ids[at]]
        for k in range(0, _FIGURES, 6):
            a, b, c = figures[at, k], figures[at, k + 1], figures[at, k + 2]
            d, e, f = figures[at, k + 3], figures[at, k + 4], figures[at, k + 5]
            total += a * direct[k] + b * direct[k + 1] + c * direct[k + 2]
            total += d * direct[k + 3] + e * direct[k + 4] + f * direct[k + 5]
            for h in range(hidden):
                units[h] += a * weights[k, h] + b * weights[k + 1, h] + c * weights[k + 2, h]
                units[h] += d * weights[k + 3, h] + e * weights[k + 4, h] + f * weights[k + 5, h]
        for h in range(hidden):
            units[h] = max(np.float32(0.0), units[h] + np.float32(added[at, h]) * np.float32(1.0 / UNIT)) * top[h]
        one = two = three = four = np.float32(0.0)
        for h in range(0, hidden, 4):
            one, two = one + units[h], two + units[h + 1]
            three, four = three + units[h + 2], four + units[h + 3]
        found[at] = total + ((one + two) + (three + four))
    return places


@inner
def _put(ids: I64s, shapes: I64s, slots: I32s, words: I16s, written: I16s, added: I16s) -> None:
    """Adds what words and their shapes say to the hidden units of the places around, one word after the other, whose
    row lies together; added: (n, h)."""
    count, hidden = added.shape
    for at in range(-_REACH, count + _REACH):
        inside = 0 <= at < count
        row = slots[ids[at]] if inside else slots[0]
        shape = shapes[at] if inside else OUTSIDE
        if 0 <= at + _AHEAD < count:
            size = 2 * words.shape[1]
            _fetch_row(words.ctypes.data + np.int64(slots[ids[at + _AHEAD]]) * size, size)
        for by in range(2 * _REACH + 1):
            to, first = at + _REACH - by, by * hidden
            if 0 <= to < count:
                for h in range(hidden):
                    added[to, h] += words[row, first + h] + written[shape, first + h]
