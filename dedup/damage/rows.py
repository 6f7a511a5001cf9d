"""The model's tables become rows as they are read word by word: small, each whole lines of the processor's cache.

1. `Projections`: what each word that was met adds to the hidden units of the places around it.
2. `tables`: meanings, vectors and figures as whole numbers side by side, and the known bigrams by their hashes, for
   `kernels.misplaced`.

A short text waits for memory longer than it computes. Limits: SLOTS words; when all slots are taken, all are given up.
Rounding to whole numbers changes a place's log-odds by 0.01 (root mean square). Source: see `weights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from threading import local
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.damage.weights import DIMENSIONS, MEANING, PAIR, Floats, Ids, Model, model

T = TypeVar("T", bound=np.generic)

REACH = 4
"""Tokens on either side whose words a place's hidden units see."""
UNIT, SLOTS = 1024, 1 << 15
PLACES = 2 * REACH + 1
ROW, FACTOR = 896, 1 << 20
"""Bytes of a row, whole lines of the processor's cache; what factors are counted in."""


class Projections:
    """What words, and ways of writing, add to the hidden units from each of the 2 * REACH + 1 places around.

    words: (SLOTS, ROW) int8: numbers for each place and unit, and for each place two bytes, the factor of its numbers
    in steps of 1 / FACTOR. slots: (n,), where in it a word is, -1 if it is not. written: (8, places * hidden), int16 of
    scale UNIT, those of shapes; near: (DIMENSIONS, places * hidden), which makes words' rows; taken: (1,), how many
    there are. When all slots are taken, all are given up.
    """

    def __init__(self, net: Model) -> None:
        hidden = len(net.bias)
        near = net.near.reshape(PLACES, -1, hidden).transpose(1, 0, 2).reshape(-1, PLACES * hidden)
        shapes = net.shapes.reshape(PLACES, 8, hidden).transpose(1, 0, 2).reshape(8, -1)
        self._vectors, self.near, self.taken = net.vectors, np.ascontiguousarray(near), np.zeros(1, np.int64)
        self.written = np.rint(shapes * UNIT).astype(np.int16)
        self.words = np.zeros((SLOTS, ROW), np.int8)
        self.slots = np.full(len(net.vectors), -1, np.int32)

    def make(self, ids: Ids) -> None:
        """Makes room for words, and puts down what they add."""
        ids = np.append(ids, 0)  # which stands for what is outside
        new = np.unique(ids[self.slots[ids] < 0])
        if not len(new):
            return
        first = int(self.taken[0])
        if first + len(new) > SLOTS:
            self.slots[:] = -1
            first, new = 0, np.unique(ids)
        stop = first + len(new)
        sums = (self._vectors[new] @ self.near.astype(np.float64)).reshape(len(new), PLACES, -1)
        factors = np.maximum(1.0, np.ceil(np.abs(sums).max(2) / 127.0 * FACTOR))
        size = self.near.shape[1]
        self.words[first:stop, :size] = np.rint(sums * (FACTOR / factors)[:, :, None]).reshape(len(new), size)
        self.words[first:stop, size : size + 2 * PLACES] = factors.astype(np.uint16).view(np.int8)
        self.slots[new] = np.arange(first, stop)
        self.taken[0] = stop

    def added(self, ids: Ids) -> Floats:
        """What words add, (n, places, hidden)."""
        rows, size = self.words[self.slots[ids]], self.near.shape[1]
        factors = np.ascontiguousarray(rows[:, size : size + 2 * PLACES]).view(np.uint16)
        numbers = rows[:, :size].reshape(len(ids), PLACES, -1).astype(np.float32)
        found: Floats = numbers * (factors.astype(np.float32) * np.float32(1.0 / FACTOR))[:, :, None]
        return found


@cache
def _here() -> local:
    """What each thread knows."""
    return local()


def projections() -> Projections:
    """What this thread knows of words: the kernel that puts it down lets other threads run."""
    found: Projections | None = getattr(_here(), "projections", None)
    if found is None:
        found = _here().projections = Projections(model())
    return found


@dataclass(frozen=True, slots=True)
class Tables:
    """The model as the kernel reads it, rows of whole lines of the processor's cache.

    meanings, vectors: whole numbers, (n, 64); behind a vector's numbers stand whether its meaning counts, and `facts`,
    which is the same memory: frequency, own log-odds, scale. keys, strengths: the known bigrams, one memory.
    """

    meanings: NDArray[np.int16]
    vectors: NDArray[np.int8]
    facts: Floats
    keys: NDArray[np.uint32]
    strengths: Floats


@cache
def tables() -> Tables:
    """The tables of the model that lies beside this file."""
    from dedup.kernels import layers, misplaced

    net = model()
    meanings = _zeros(len(net.meanings), misplaced.WIDTH, np.int16)
    meanings[:, :DIMENSIONS] = np.rint(net.meanings * MEANING)
    vectors = _zeros(max(len(net.vectors), 1 << 16), misplaced.WIDTH, np.int8)[: len(net.vectors)]
    vectors[:, :DIMENSIONS] = np.rint(net.vectors / np.maximum(net.scales, np.float32(1e-30))[:, None])
    vectors[:, misplaced.CONTENT] = net.content
    facts = vectors.view(np.float32)
    facts[:, layers.ZIPF], facts[:, layers.OWN], facts[:, layers.SCALE] = net.zipf, net.own, net.scales
    keys = _zeros(1 << (2 * len(net.pairs)).bit_length(), 2, np.uint32)
    strengths = keys.view(np.float32)
    misplaced.put_pairs(net.pairs // PAIR, net.pairs % PAIR, net.bits, keys, strengths)
    return Tables(meanings, vectors, facts, keys, strengths)


def _zeros(rows: int, columns: int, kind: type[T]) -> NDArray[T]:
    """Zeros as `np.zeros` gives them, in large pages of memory from 4 MiB on, which that does not ask for."""
    made = np.empty((rows, columns), kind)
    made.fill(0)
    return made
