"""Numbered tokens and their figures become log-odds: the hidden layer of the network that `misplaced` feeds.

1. `room` makes the row of a table that holds what a word adds to the hidden units of the places around it, when the
   word is first met: ROW bytes, whole numbers up to 127 for each place and unit, and for each place a factor of scale
   FACTOR, two bytes. When the table is full, all rows are given up.
2. `layers` adds up the rows around each place and its figures (`lanes`), and gives the log-odds.

Limits: the table has more rows than a stretch has tokens. Source: see `damage.network`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.lanes import FACTOR, FIGURES, HIDDEN, PLACES, ROW, unit_sum
from dedup.kernels.simd import I64s, inlined, kernel, prefetch_at

F32s: TypeAlias = NDArray[np.float32]
F64s: TypeAlias = NDArray[np.float64]
I8s: TypeAlias = NDArray[np.int8]
I16s: TypeAlias = NDArray[np.int16]
I32s: TypeAlias = NDArray[np.int32]

UNIT, REACH = 1024, 4
"""Scale of what shapes add; how many places on either side a word adds to."""
NO_WORD, OUTSIDE = 6, 7
ZIPF, OWN, SCALE = 13, 14, 15
"""What of a word stands behind the 50 bytes of its vector, as floats: columns of the same memory."""
_LINE_BYTES, _AHEAD = 64, 8
"""A line of the processor's cache, and how many words ahead a row is asked for."""


@kernel
def room(ids: I64s, vectors: I8s, facts: F32s, near: F32s, slots: I32s, words: I8s, taken: I64s) -> None:
    """Puts down what tokens add that have no row yet, and what 0 adds, which stands for what is outside."""
    for again in range(2):
        for at in range(-1, len(ids)):
            one = ids[at] if at >= 0 else 0
            if slots[one] >= 0:
                continue
            if taken[0] == len(words):
                break
            _project(vectors[one], facts[one, SCALE], near, words[taken[0]])
            slots[one] = taken[0]
            taken[0] += 1
        else:
            return
        assert again == 0
        slots[:] = -1  # all are given up, and those of this stretch made anew
        taken[0] = 0


@kernel
def _project(vector: I8s, scale: np.float32, near: F32s, row: I8s) -> None:
    """What a word adds to the hidden units, from its vector."""
    sums = np.zeros(PLACES * HIDDEN)
    factors = row[PLACES * HIDDEN : PLACES * HIDDEN + 2 * PLACES].view(np.uint16)
    for k in range(len(near)):
        value = np.float64(np.float32(vector[k]) * scale)
        for h in range(len(sums)):
            sums[h] += value * np.float64(near[k, h])
    for place in range(PLACES):
        first = place * HIDDEN
        most = 0.0
        for h in range(first, first + HIDDEN):
            most = max(most, abs(sums[h]))
        factor = max(1.0, np.ceil(most / 127.0 * FACTOR))
        factors[place] = np.uint16(factor)
        for h in range(first, first + HIDDEN):
            row[h] = np.int8(np.rint(sums[h] * (FACTOR / factor)))


@kernel
def layers(
    ids: I64s, shapes: I64s, figures: F32s, facts: F32s, slots: I32s, words: I8s, written: I16s, base: F32s,
    weights: F32s, top: F32s, direct: F32s, constant: float, found: F32s,
) -> int:  # fmt: skip
    """The log-odds from the figures; what `odds` says of its arguments holds."""
    count = len(ids)
    assert base.shape == top.shape == (HIDDEN,)
    assert weights.shape == (FIGURES, HIDDEN)
    assert figures.shape == (count, FIGURES)
    assert words.shape[1] == ROW
    assert written.shape[1] == HIDDEN * PLACES
    rows, shaped = (np.empty(count + 2 * REACH, np.int64), np.empty(count + 2 * REACH, np.int64))
    for at in range(-REACH, count + REACH):
        inside = 0 <= at < count
        rows[at + REACH] = words.ctypes.data + np.int64(slots[ids[at]] if inside else slots[0]) * ROW
        shaped[at + REACH] = written.ctypes.data + (shapes[at] if inside else OUTSIDE) * (2 * HIDDEN * PLACES)
    places = 0
    for at in range(count):
        if at + REACH + _AHEAD < count:
            fetch_row(rows[at + 2 * REACH + _AHEAD], ROW)
        if shapes[at] == NO_WORD:
            found[at] = np.nan
            continue
        places += 1
        total = np.float32(constant) + facts[ids[at], OWN]
        for k in range(FIGURES):
            total += figures[at, k] * direct[k]
        found[at] = total + unit_sum(rows, shaped, at, np.float32(1.0 / UNIT), base, figures, weights, top)
    return places


@inlined
def fetch_row(first: int, size_bytes: int) -> None:
    for line in range(0, size_bytes, _LINE_BYTES):
        prefetch_at(first + line)
