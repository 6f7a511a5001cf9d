"""Columns of the last batches become a shelf that is in memory, where a batch looks before it asks each of them.

1. `with_column` puts the column of a batch beside those before it: its keys go through a sieve that all of them share,
   and its lists become one with those of as many batches, two and two, as files are merged, but at once.
2. A batch asks the columns themselves (see `lookup`) only for the keys that the sieve lets by, and of lists those of
   the shelf, four at most for sixteen batches.

A shelf is of what one process added, and of columns that will be merged into one; with that it goes. What is asked of
it is what would be asked of its columns. Limits: a sieve is 16 times as long as its first column's, some 34 MB for
batches of 10,000 documents; a column that has more than that one begins a shelf of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.index.lists import Lists
from dedup.kernels import keys

COLUMNS_BITS = 4
"""A sieve is as long as those of so many columns together, as a power of two."""

U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Keys:
    """What a shelf takes of a column: the name of its file, its keys as in `lookup.Column`, and its lists."""

    name: str
    directory: U32s
    postings: U64s
    bits: int
    lists: Lists


@dataclass(frozen=True, slots=True)
class Shelf:
    """Columns that follow each other. names: of their files, the oldest first. lists: and of how many columns each is.

    sieve: of the keys of all of them, and of 2**bits buckets. A shelf and the one that it becomes with a column more
    share it, which costs the first one nothing but a look for keys that it has not.
    """

    names: tuple[str, ...]
    bits: int
    sieve: U32s
    lists: tuple[tuple[int, Lists], ...]

    def suspected(self, words: U64s) -> U32s:
        """The places of the sorted words that may be in one of the columns."""
        found, sound = np.empty(len(words), np.uint32), np.ones((len(self.sieve) >> 10) + 1, np.uint8)
        none = np.zeros(0, np.uint8), np.zeros(0, np.uint64)
        return found[: keys.suspected(words, self.sieve, self.bits, *none, sound, 0, found)]


def with_column(shelves: Sequence[Shelf], own: Keys, begins: bool) -> tuple[Shelf, ...]:
    """The shelves with the column of one batch more. begins: if it is not to be merged with those before it."""
    last = shelves[-1] if shelves and not begins and own.bits + COLUMNS_BITS <= shelves[-1].bits else None
    if last is None:
        bits = min(own.bits + COLUMNS_BITS, keys.KEY_BITS - 1)
        last = Shelf((), bits, np.zeros(1 << bits, np.uint32), ())
    else:
        shelves = shelves[:-1]
    keys.admit(own.directory, own.postings, own.bits, last.bits, last.sieve)
    lists, more = list(last.lists), (1, own.lists)
    while lists and lists[-1][0] == more[0]:
        count, before = lists.pop()
        more = 2 * count, before.joined(more[1])
    return (*shelves, Shelf((*last.names, own.name), last.bits, last.sieve, (*lists, more)))


def kept(shelves: Sequence[Shelf], names: Sequence[str]) -> tuple[Shelf, ...]:
    """The shelves whose columns are all there still."""
    return tuple(one for one in shelves if set(one.names) <= set(names))
