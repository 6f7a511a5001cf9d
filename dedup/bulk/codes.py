"""Codes of pairs, however many, become the distinct ones in order, in a part of the memory of the run.

A code is a << 32 | b of two documents, a < b.

1. `in_passes`: keys give the same pairs again and again. A pass over all keys keeps the codes of the first documents,
   as many as it has room for, and how often each came; the next one begins where these end. Most corpora take one.
2. `fitting`: what a kernel gives of some keys, as far as there is room: all codes of the first documents.
3. `Runs`: sorted codes in the store; and out of it the distinct ones of all runs, a range at a time, cut where a sample
   of each run tells.

Limits: the codes of one document are together in memory, 8 bytes for each other document at most. Source of 3: Frazer
and McKellar, "Samplesort", Journal of the ACM 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.engines.store import Block, Columns
from dedup.filed import Filed
from dedup.kernels import join

U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]
I32s = NDArray[np.int32]
I64s = NDArray[np.int64]

END = int(join.NONE)
"""Documents are below it."""
PASS_SHARE = 8
"""The part of `memory_bytes`, one in so many, that what a pass knows takes."""
KNOWN_BYTES = 24
"""Bytes of a code that is known: itself and how often it came, twice while others are merged with it."""
CODES_MERGED = 1 << 21
"""Codes that are collected before they are merged, 16 MB, or one for each GATHERED_SHARE known ones."""
GATHERED_SHARE = 4
SAMPLED = 1 << 12
"""One in so many codes of a run is in its sample."""

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_NONE = np.zeros(0, np.uint64)


def pairs_of(codes: U64s) -> I32s:
    """The pairs (m, 2) of codes."""
    pairs = np.empty((len(codes), 2), np.int32)
    pairs[:, 0], pairs[:, 1] = codes >> _HALF, codes & _LOW
    return pairs


def room(config: Config) -> int:
    """Codes that a pass keeps; what some keys give at a time may be half as many."""
    return max(2, config.memory_bytes // (PASS_SHARE * KNOWN_BYTES))


def written(write: Callable[[U64s, I64s], int], usual: int) -> tuple[U64s, I64s]:
    """The codes that a kernel writes, with all the room that it wants, and what it told beside them, two numbers."""
    space = usual
    while True:
        codes, told = np.empty(space, np.uint64), np.zeros(2, np.int64)
        found = write(codes, told)
        if found <= space:
            return codes[:found], told
        space = found


def fitting(
    write: Callable[[I64s, U64s, I64s], int], documents: tuple[int, int], usual: int, most: int
) -> tuple[U64s, int, I64s]:
    """The codes that a kernel writes for pairs whose first document is one of `documents` (from, below); below which of
    these they are all of them; and what it told beside them, two numbers.

    write: is given these two, room for codes and for the numbers, and tells how many codes there are. usual: room at
    first. most: codes beyond which fewer documents are asked for, but for one alone.
    """
    bounds, space = np.array(documents, np.int64), min(usual, most)
    while True:
        codes, told = np.empty(space, np.uint64), np.zeros(2, np.int64)
        found = write(bounds, codes, told)
        if found <= space:
            return codes[:found], int(bounds[1]), told
        if found <= most or bounds[1] - bounds[0] <= 1:
            space = found
        elif space < most:
            space = most
        else:
            at = most * most // (found + found // 8)  # keys are in no order of documents: the first codes are a sample
            bounds[1] = max(bounds[0] + 1, int(np.partition(codes >> _HALF, at)[at]))


class Tally:
    """The distinct codes of a pass and how often each came. first, stop: of documents from and below these."""

    def __init__(self, first: int, most: int) -> None:
        self.first, self.stop = first, END
        self._most = most
        self._known, self._counts = _NONE, np.zeros(0, np.uint32)
        self._waiting: list[U64s] = []

    def add(self, codes: U64s, stop: int) -> None:
        """Counts codes that are all there are, somewhere, of documents from `first` and below `stop`."""
        self.stop = min(self.stop, stop)
        self._waiting.append(codes)
        if sum(map(len, self._waiting)) > max(CODES_MERGED, len(self._known) // GATHERED_SHARE):
            self._merge()

    def known(self) -> tuple[U64s, U32s]:
        """The codes, in order, and how often each came."""
        self._merge()
        return self._known, self._counts

    def _merge(self) -> None:
        fresh = np.concatenate([_NONE, *self._waiting])
        self._waiting.clear()
        fresh.sort()
        size = len(self._known) + len(fresh)
        codes, counts = np.empty(size, np.uint64), np.empty(size, np.uint32)  # memory that is not written to is none
        filled = join.merge_counted(self._known, self._counts, fresh, codes, counts)
        if filled > self._most:
            self.stop = min(self.stop, max(self.first + 1, int(codes[self._most] >> _HALF)))
        filled = int(np.searchsorted(codes[:filled], np.uint64(self.stop) << _HALF))
        self._known, self._counts = codes[:filled], counts[:filled]


def in_passes(given: Callable[[Tally], Iterable[tuple[U64s, int]]], config: Config) -> Iterator[tuple[U64s, U32s]]:
    """The distinct codes, in order, and how often each came, of as many documents at a time as there is room for.

    given: for each pass, codes key by key, of documents from the first of the pass on, and below which document they
    are all of them.
    """
    first = 0
    while first < END:
        tally = Tally(first, room(config))
        for codes, stop in given(tally):
            tally.add(codes, stop)
        yield tally.known()
        first = tally.stop


@dataclass(frozen=True, slots=True)
class _Run:
    """Sorted codes in the store, and of every SAMPLED-th the code."""

    block: Block
    sample: U64s


class Runs:
    """Codes in a store, added in any order."""

    def __init__(self, store: Columns) -> None:
        self._store = store
        self._runs: list[_Run] = []
        self._waiting: list[U64s] = []

    def add(self, codes: U64s) -> None:
        self._waiting.append(codes)
        if sum(map(len, self._waiting)) > CODES_MERGED:
            self._put()

    def distinct(self) -> Iterator[U64s]:
        """The distinct codes, in order, some CODES_MERGED at a time; they are gone from the store afterwards."""
        self._put()
        every = max(1, CODES_MERGED // SAMPLED)
        cuts = np.sort(np.concatenate([_NONE, *(run.sample for run in self._runs)]))[every::every].tolist()
        for low, high in pairwise([0, *cuts, 1 << 64]):
            codes = np.concatenate([_NONE, *(self._between(run, low, high) for run in self._runs)])
            codes.sort()
            yield codes[np.concatenate((np.ones(min(1, len(codes)), bool), codes[1:] != codes[:-1]))]
        for run in self._runs:
            self._store.drop(run.block)

    def _put(self) -> None:
        codes = np.concatenate([_NONE, *self._waiting])
        self._waiting.clear()
        codes.sort()
        if len(codes):
            self._runs.append(_Run(self._store.put(codes), codes[::SAMPLED].copy()))

    def _between(self, run: _Run, low: int, high: int) -> U64s:
        """The codes of a run from one on and below another."""
        before, after = (_below(run.sample, code) for code in (low, high))
        start, stop = max(0, before - 1) * SAMPLED, min(after * SAMPLED, run.block.size)
        part: U64s = self._store.part(run.block, start, stop)
        return part[_below(part, low) : _below(part, high)]


def _below(codes: U64s, limit: int) -> int:
    """How many of sorted codes are below a limit."""
    return len(codes) if limit >> 64 else int(np.searchsorted(codes, np.uint64(limit)))


def column(runs: Runs, store: Columns) -> Filed:
    """The distinct pairs of runs, in order: (m, 2) int32, to be read by rows."""
    pairs = Filed(store)
    pairs.append(pairs_of(_NONE))  # of what kind they are, if there are none
    for codes in runs.distinct():
        pairs.append(pairs_of(codes))
    return pairs.column()
