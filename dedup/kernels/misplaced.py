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

import numpy as np

from dedup.kernels.lanes import DIMENSIONS, FIGURES, GROUP, ROW, add_scaled, likest_three
from dedup.kernels.lanes import WIDTH as LANES
from dedup.kernels.layers import REACH, SCALE, ZIPF, F32s, F64s, I8s, I16s, I32s, fetch_row, layers, room
from dedup.kernels.simd import U64, I64s, U32s, inlined, inner, kernel, prefetch_at

STRETCH_MAX = 500
WIDTH = 64
"""Numbers of a meaning: 50, and zeros that make whole vectors."""
MEANING = 2048
_SQUARE = 1.0 / (MEANING * MEANING)
QUOTE, STOP = 9, 8
CODE = (1 << 32) - 1
"""Above are marks of what else is asked of a token."""
_NEIGHBOURS = 8
CONTENT = DIMENSIONS
"""Where in a row of vectors stands whether its meaning counts."""
_SPREAD = U64(0x9E3779B97F4A7C15)
_SLOTS = 512
"""At least STRETCH_MAX, a power of two: half of a table's slots."""
_ARTICLE, _MISFIT = 34, 36
"""Bits of a token from which stands which article it is, and which one does not fit it."""
_RARER = 1024
"""Number of a word from which its row is seldom in the processor's nearer caches: the more frequent the lower."""


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
        ids[at] = (codes[at] & CODE) >> 4
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


@inlined
def _pair_slot(key: np.int64, size: int) -> np.int64:
    """Where the search for a pair begins in a table of `size` slots, a power of two."""
    return np.int64((U64(key) * _SPREAD) >> U64(20)) & (size - 1)


@kernel
def put_pairs(firsts: I64s, seconds: I64s, bits: F32s, keys: U32s, values: F32s) -> None:
    """Puts pairs of numbers below 2**16, and how strongly they go together, into a table for `odds`: keys and values
    are the same memory, (2**k, 2), zeros, the pair and its strength; at most half full."""
    assert 2 * len(firsts) <= len(keys)
    for at in range(len(firsts)):
        key = firsts[at] << 16 | seconds[at]
        slot = _pair_slot(key, len(keys))
        while keys[slot, 0] != 0:
            slot = (slot + 1) & (len(keys) - 1)
        keys[slot, 0] = key
        values[slot, 1] = bits[at]


@inner
def _beside(ids: I64s, listed: int, facts: F32s, keys: U32s, strengths: F32s, figures: F32s) -> None:
    """Columns 9 to 15: how strongly a token goes with those beside it, what it says if that is not known; frequency."""
    for at in range(len(ids)):
        figures[at, 15] = facts[ids[at], ZIPF]
        if at + 1 == len(ids):
            break
        first, second = ids[at], ids[at + 1]
        key = first << 16 | second
        slot = _pair_slot(key, len(keys))
        while keys[slot, 0] != 0 and keys[slot, 0] != key:
            slot = (slot + 1) & (len(keys) - 1)
        if keys[slot, 0] != 0:
            figures[at, 12] = figures[at + 1, 9] = strengths[slot, 1]
            figures[at, 14] = figures[at + 1, 11] = 1.0
        elif 11 <= first <= listed and 11 <= second <= listed:  # `network.SPECIAL` are the first eleven
            lacking = max(np.float32(0.0), facts[first, ZIPF] + facts[second, ZIPF] - np.float32(1.0))
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
    turned, best = np.zeros((DIMENSIONS // 2, 2 * width), np.int16), np.empty((3, width), np.int32)
    pairs, columns = meanings.view(np.uint32), turned.view(np.uint32)
    for at in range(distinct):
        for k in range(DIMENSIONS // 2):
            columns[k, at] = pairs[content[at], k]
    likest_three(turned, distinct, width, best)
    scale = 1.0 / (3.0 * MEANING * MEANING)
    for at in range(len(ids)):
        if is_content[at]:
            row = places[at]
            figures[at, 17] = (float(best[0, row]) + float(best[1, row]) + float(best[2, row])) * scale


@inner
def _fetch(ids: I64s, meanings: I16s, vectors: I8s, keys: U32s) -> None:
    """Asks for what the tables have of tokens and pairs: it lies far apart, and the processor would wait for each."""
    for at in range(len(ids)):
        fetch_row(vectors.ctypes.data + ids[at] * WIDTH, WIDTH)
        fetch_row(meanings.ctypes.data + ids[at] * (2 * WIDTH), 2 * WIDTH)
        if at:
            prefetch_at(keys.ctypes.data + 8 * _pair_slot(ids[at - 1] << 16 | ids[at], len(keys)))


@inner
def _fetch_words(ids: I64s, slots: I32s, words: I8s) -> None:
    """Asks for the rows of rarer words, which are needed when the figures are known: those of others are near."""
    for at in range(len(ids)):
        if ids[at] >= _RARER:
            fetch_row(words.ctypes.data + int(slots[ids[at]]) * ROW, ROW)


@inner
def _topic(ids: I64s, heavy_from: int, vectors: I8s, facts: F32s, topic: F32s) -> None:
    """The mean of the vectors of all but the most frequent words; topic: (WIDTH,), zeros."""
    heavy = 0
    for at in range(len(ids)):
        one = ids[at]
        if one >= heavy_from:
            heavy += 1
            add_scaled(vectors, one * WIDTH, facts[one, SCALE], topic)
    for k in range(WIDTH):
        topic[k] /= np.float32(max(1, heavy))


@inner
def _summed(found: F32s, sharpness: float, exponent_max: float, told: F64s) -> None:
    """How many log-odds are above 0, and the sum of their exponentials, into told[1] and [2]."""
    above, soft = 0, 0.0
    for at in range(len(found)):
        value = found[at]
        if value == value:  # noqa: PLR0124 - what is no word has no number
            above += value > 0.0
            soft += np.exp(min(np.float64(value) * sharpness, exponent_max))
    told[1], told[2] = above, soft


@inner
def _misfits(codes: I64s) -> int:
    """How many articles do not fit the next token."""
    count = 0
    for at in range(1, len(codes)):
        count += codes[at - 1] >> _ARTICLE & codes[at] >> _MISFIT & 3 != 0
    return count


@kernel
def odds(
    codes: I64s, starts: I64s, stops: I64s, opened: I64s, within: I64s, heavy_from: int, listed: int, meanings: I16s,
    vectors: I8s, facts: F32s, keys: U32s, strengths: F32s, slots: I32s, words: I8s, written: I16s, near: F32s,
    taken: I64s, mean: F32s, weights: F32s, bias: F32s, top: F32s, direct: F32s, constant: float, sharpness: float,
    exponent_max: float, found: F32s, told: F64s,
) -> None:  # fmt: skip
    """The log-odds of the words of stretches of tokens, one stretch after the other, into `found`, NaN for what is no
    word; into told, (stretches, 4): how many words each stretch has, how many of them above 0, the sum of their
    exponentials, how many articles do not fit the next token.

    codes: (n,), 16 times a token's number, and how it is written; starts, stops: of each stretch. meanings: (m, WIDTH);
    vectors: (m, WIDTH), whether a meaning counts at CONTENT, and behind it `facts`, the same memory. keys, strengths:
    the known bigrams, see `put_pairs`. slots: (m,), where in words, (s, ROW), stands what a number adds to the hidden
    units from each place around, -1 if it does not; s is more than the tokens of a stretch. written: (8, 9 * h), what
    its shape adds. near: (d, 9 * h), which makes these rows; taken: (1,), how many there are. mean: (d, h), weights:
    (18, h), bias, top: (h,), direct: (18,).
    """
    assert told.shape == (len(starts), 4)
    assert vectors.shape[1] == meanings.shape[1] == 4 * facts.shape[1] == WIDTH
    first = 0
    for at in range(len(starts)):
        start, stop = starts[at], stops[at]
        assert 0 <= start <= stop <= len(codes)
        assert first + stop - start <= len(found)
        odds_here = found[first : first + stop - start]
        first += stop - start
        _stretch(
            codes[start:stop], opened, within, heavy_from, listed, meanings, vectors, facts, keys, strengths, slots,
            words, written, near, taken, mean, weights, bias, top, direct, constant, odds_here, told[at],
        )  # fmt: skip
        _summed(odds_here, sharpness, exponent_max, told[at])


@kernel
def _stretch(
    codes: I64s, opened: I64s, within: I64s, heavy_from: int, listed: int, meanings: I16s, vectors: I8s, facts: F32s,
    keys: U32s, strengths: F32s, slots: I32s, words: I8s, written: I16s, near: F32s, taken: I64s, mean: F32s,
    weights: F32s, bias: F32s, top: F32s, direct: F32s, constant: float, found: F32s, told: F64s,
) -> None:  # fmt: skip
    """The log-odds of one stretch; what `odds` says of its arguments holds."""
    count, hidden = len(codes), len(bias)
    assert count <= STRETCH_MAX
    ids, shapes = np.empty(count, np.int64), np.empty(count, np.int64)
    resolved(codes, opened, within, ids, shapes)
    _fetch(ids, meanings, vectors, keys)
    room(ids, vectors, facts, near, slots, words, taken)
    meant, is_content = np.empty((count, WIDTH), np.int16), np.empty(count, np.int64)
    wholes, parts = meant.view(np.uint64), meanings.view(np.uint64)  # the compiler moves no shorter numbers at once
    for at in range(count):
        is_content[at] = vectors[ids[at], CONTENT]
        for k in range(WIDTH // 4):
            wholes[at, k] = parts[ids[at], k]
    topic = np.zeros(WIDTH, np.float32)
    _topic(ids, heavy_from, vectors, facts, topic)
    figures = np.zeros((count, FIGURES), np.float32)
    _fetch_words(ids, slots, words)
    _near(meant, figures)
    _around(meant, is_content, figures)
    _beside(ids, listed, facts, keys, strengths, figures)
    _likest(ids, is_content, meanings, figures)
    base = bias.copy()
    for k in range(len(mean)):
        for h in range(hidden):
            base[h] += topic[k] * mean[k, h]
    told[0] = layers(ids, shapes, figures, facts, slots, words, written, base, weights, top, direct, constant, found)
    told[3] = _misfits(codes)
