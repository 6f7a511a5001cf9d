"""Sketches of a corpus where they are matched from: in the store, a part of it for each partition.

`stored` puts those of a partition there, from which they are read a band, or a range of terms, at a time. Documents go
by numbers, and a pair of them is a word a << 32 | b, its code.

What is sorted at a time takes SORT_SHARE of the memory of the run for all workers together: of what is longer, the keys
are taken in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from dedup.bulk import sketch
from dedup.config import Config
from dedup.engines.store import Block, Columns

U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]
I32s = NDArray[np.int32]
I64s = NDArray[np.int64]

KEYS = 1 << 32
"""Keys are below it."""
SORT_SHARE = 8
"""The part of `memory_bytes`, one in so many, in which all workers together sort."""
CODES_MERGED = 1 << 21
"""Codes that are collected before those found twice are dropped: 16 MB, or one for each GATHERED_SHARE known ones."""
GATHERED_SHARE = 4

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Part:
    """Where the sketches of a partition are in the store: those of `sketch.Columns`, each in one dimension.

    documents: how many. bands: how many keys of bands each has. term_starts, passage_starts: where each range of them
    begins.
    """

    documents: int
    bands: int
    digests: Block
    keys: Block
    terms: Block
    term_starts: I64s
    term_counts: Block
    passages: Block
    passage_starts: I64s
    passage_counts: Block


@dataclass(frozen=True, slots=True)
class Held:
    """What is matched by: parts of the corpus in reading order, and the number of each of their documents.

    numbers: uint32, `join.NONE` for one that is left out; the others are 0, 1, ... in any order.
    """

    parts: Sequence[Part]
    numbers: U32s
    store: Columns

    def firsts(self) -> list[int]:
        """Where the documents of each part begin, and the end."""
        return list(accumulate((part.documents for part in self.parts), initial=0))


def stored(columns: sketch.Columns, store: Columns) -> Part:
    """Puts the sketches of a partition into the store."""
    bands, documents = columns.bands.shape
    return Part(
        documents,
        bands,
        store.put(columns.digests),
        store.put(columns.bands.reshape(-1)),
        store.put(columns.terms),
        columns.term_starts,
        store.put(columns.term_counts.reshape(-1)),
        store.put(columns.passages),
        columns.passage_starts,
        store.put(columns.passage_counts.reshape(-1)),
    )


def turns(words: int, config: Config, workers: int, low: int = 0, high: int = KEYS) -> list[I64s]:
    """Bounds of the keys low..high of so many words, of which those between two are sorted at a time."""
    count = -(-words * 8 * workers * SORT_SHARE // config.memory_bytes)
    cuts = np.linspace(low, high, max(1, count) + 1).astype(np.int64)
    return [cuts[number : number + 2].copy() for number in range(len(cuts) - 1)]


def distinct(codes: U64s) -> U64s:
    """The sorted distinct ones; `codes` is sorted too."""
    codes.sort()
    found: U64s = codes[np.concatenate((np.ones(min(1, len(codes)), bool), codes[1:] != codes[:-1]))]
    return found


def merged(found: Iterable[U64s]) -> U64s:
    """The distinct of all codes, in order, never many of them twice in memory."""
    known = np.zeros(0, np.uint64)

    def merge(fresh: U64s) -> int:
        nonlocal known
        room, filled = np.empty(len(known) + len(fresh), np.uint64), 0  # memory that is not written to is none
        for old, new in stretches(known, fresh):
            codes = distinct(np.concatenate((known[old], fresh[new])))
            room[filled : filled + len(codes)] = codes
            filled += len(codes)
        known = room[:filled]
        return filled

    gather(found, merge)
    return known


def gather(found: Iterable[U64s], merge: Callable[[U64s], int]) -> None:
    """Has all codes merged, sorted and so many at a time as are collected; `merge` tells how many are known then, since
    merging goes through all of them."""
    fresh, waiting, known = [np.zeros(0, np.uint64)], 0, 0
    for codes in found:
        fresh.append(codes)
        waiting += len(codes)
        del codes  # which would stand beside what is made of it
        if waiting > max(CODES_MERGED, known // GATHERED_SHARE):
            known, waiting = merge(_sorted(fresh)), 0
    if fresh:
        merge(_sorted(fresh))


def _sorted(parts: list[U64s]) -> U64s:
    """All codes of parts, which are none afterwards, in order."""
    codes = np.concatenate(parts)
    parts.clear()
    codes.sort()
    return codes


def stretches(known: U64s, fresh: U64s) -> Iterator[tuple[slice, slice]]:
    """Where stretches of codes are in two arrays of them, both in order: some CODES_MERGED of the second each, and no
    code in two."""
    first = low = 0
    while first < len(fresh):
        last = min(first + CODES_MERGED, len(fresh))
        if last < len(fresh):
            last = int(np.searchsorted(fresh, fresh[last], side="right"))
        high = len(known) if last == len(fresh) else int(np.searchsorted(known, fresh[last], side="left"))
        yield slice(low, high), slice(first, last)
        first, low = last, high
    if not len(fresh):
        yield slice(0, len(known)), slice(0, 0)


def pairs_of(codes: U64s) -> I32s:
    """The pairs (m, 2) of codes."""
    pairs = np.empty((len(codes), 2), np.int32)
    pairs[:, 0], pairs[:, 1] = codes >> _HALF, codes & _LOW
    return pairs


def written(write: Callable[[U64s, I64s], int], room: int) -> tuple[U64s, I64s]:
    """The codes that a kernel writes, with all the room that it wants, and what it told beside them."""
    while True:
        codes, told = np.empty(room, np.uint64), np.zeros(2, np.int64)
        found = write(codes, told)
        if found <= room:
            return codes[:found], told
        room = found
