"""Numbered tokens and their figures become log-odds: the hidden layer of the network that `misplaced` feeds.

1. `room` makes the row of a table that holds what a word adds to the hidden units of the places around it, when the
   word is first met: int16 of scale UNIT. When the table is full, all rows are given up.
2. `layers` adds up the rows around each place and its figures (`lanes`), and gives the log-odds.

Limits: the table has more rows than a stretch has tokens. Source: see `damage.network`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.lanes import FIGURES, HIDDEN, unit_sum
from dedup.kernels.simd import I64s, inlined, kernel, prefetch_at

F32s: TypeAlias = NDArray[np.float32]
F64s: TypeAlias = NDArray[np.float64]
I16s: TypeAlias = NDArray[np.int16]
I32s: TypeAlias = NDArray[np.int32]

UNIT, REACH = 1024, 4
NO_WORD, OUTSIDE = 6, 7
_LINE_BYTES, _AHEAD = 64, 3
"""A line of the processor's cache, and how many words ahead a row is asked for."""


@kernel
def room(codes: I64s, vectors: F32s, near: F64s, slots: I32s, words: I16s, taken: I64s) -> None:
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


@kernel
def layers(
    ids: I64s, shapes: I64s, figures: F32s, slots: I32s, words: I16s, written: I16s, base: F32s, weights: F32s,
    top: F32s, direct: F32s, own: F32s, constant: float, found: F32s,
) -> int:  # fmt: skip
    """The log-odds from the figures; what `odds` says of its arguments holds."""
    count = len(ids)
    assert base.shape == top.shape == (HIDDEN,)
    assert weights.shape == (FIGURES, HIDDEN)
    assert figures.shape == (count, FIGURES)
    assert words.shape[1] == written.shape[1] == HIDDEN * (2 * REACH + 1)
    rows, shaped = np.empty(count + 2 * REACH, np.int64), np.empty(count + 2 * REACH, np.int64)
    size = np.int64(2 * words.shape[1])
    for at in range(-REACH, count + REACH):
        inside = 0 <= at < count
        rows[at + REACH] = words.ctypes.data + np.int64(slots[ids[at]] if inside else slots[0]) * size
        shaped[at + REACH] = written.ctypes.data + (shapes[at] if inside else OUTSIDE) * size
    places = 0
    for at in range(count):
        if at + REACH + _AHEAD < count:
            fetch_row(rows[at + 2 * REACH + _AHEAD], size)
        if shapes[at] == NO_WORD:
            found[at] = np.nan
            continue
        places += 1
        total = np.float32(constant) + own[ids[at]]
        for k in range(FIGURES):
            total += figures[at, k] * direct[k]
        found[at] = total + unit_sum(rows, shaped, at, np.float32(1.0 / UNIT), base, figures, weights, top)
    return places


@inlined
def fetch_row(first: int, size_bytes: int) -> None:
    for line in range(0, size_bytes, _LINE_BYTES):
        prefetch_at(first + line)
