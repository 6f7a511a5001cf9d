"""Sorted words of keys, and lists of terms, become a column, and columns a longer one: in memory, and as files.

`laid_out` makes the column of a batch, `written` its file. `merged` makes one file of several, a range of keys at a
time, so that memory is that of a range; what was removed is left out. Limits: a column has less than 2**32 postings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.index import recent
from dedup.index.files import Reference, Writer
from dedup.index.lists import Lists, Merged
from dedup.index.lookup import Column
from dedup.kernels import keys

BUCKET_SHIFT = 2
"""A bucket has two to four postings, which lie side by side in memory: looking one up is one look at it. With twice as
many the sieve lets four times as many keys by, each of which costs such a look."""
RANGES = 1 << keys.RANGE_BITS
POSTINGS_MAX = (1 << 32) - 1

U8s = NDArray[np.uint8]
U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]
Parts: TypeAlias = tuple[Iterable[U64s], Iterable[U32s]]
"""The postings of a column and the documents of its lists, a part of each at a time."""


def _bits(postings: int) -> int:
    """The first bits of keys by which so many are put into buckets."""
    return min(keys.RANGE_BITS + 24, max(keys.BITS_MIN, (postings >> BUCKET_SHIFT).bit_length()))


@dataclass(frozen=True, slots=True)
class Laid:
    """A column in memory; see `kernels.keys.lay_out`. lists: of the terms of the same documents."""

    directory: U32s
    sieve: U32s
    postings: U64s
    lists: Lists

    def __len__(self) -> int:
        """How many keys of documents it has."""
        return len(self.postings) + len(self.lists.documents)

    @property
    def column(self) -> Column:
        return Column.fresh(self.directory, self.sieve, self.postings, self.lists)

    def shelved(self, name: str) -> recent.Keys:
        """What a shelf takes of it. name: of its file."""
        return recent.Keys(name, self.directory, self.postings, len(self.sieve).bit_length() - 1, self.lists)


def laid_out(words: U64s, lists: Lists, numbers: U32s) -> Laid:
    """The column of the words of a batch, and of its lists by row; numbers: of its documents."""
    keyed, starts = np.empty(len(words), np.uint64), np.empty(RANGES + 1, np.int64)
    keys.numbered(words, numbers, keyed, starts)
    bits = _bits(len(words))
    width = 1 << (bits - keys.RANGE_BITS)
    directory, postings = np.empty((1 << bits) + 1, np.uint32), np.empty(len(words), np.uint64)
    sieve = np.zeros(1 << bits, np.uint32)
    none, filled = np.zeros(0, np.uint8), 0
    for number in range(RANGES):
        part = keyed[starts[number] : starts[number + 1]]
        own = slice(number * width, (number + 1) * width)
        filled += keys.lay_out(part, bits, none, filled, directory[own], sieve[own], postings[filled:])
    directory[-1] = filled
    return Laid(directory, sieve, postings[:filled], lists.numbered(numbers))


def written(path: Path, laid: Laid) -> Reference:
    """A file of a column. Raises OSError."""
    return _filed(path, laid.directory, laid.sieve, ([laid.postings], [laid.lists.documents]), laid.lists)


def merged(path: Path, columns: Sequence[Column], dead: U8s) -> tuple[Reference, int]:
    """The file of columns together, without documents that are dead, and how many keys of documents it has. Raises
    OSError."""
    total = sum(len(one.postings) for one in columns)
    assert max(total, sum(len(one.lists.documents) for one in columns)) <= POSTINGS_MAX
    bits = _bits(total)
    width = 1 << (bits - keys.RANGE_BITS)
    directory, sieve = np.empty((1 << bits) + 1, np.uint32), np.zeros(1 << bits, np.uint32)

    def ranges() -> Iterator[U64s]:
        filled = 0
        for number in range(RANGES):
            room = sum(_size(one, number) for one in columns)
            keyed, gathered = np.empty(room, np.uint64), 0
            for one in columns:
                gathered = keys.gather(one.directory, one.postings, one.bits, number, keyed, gathered)
            keyed.sort()
            postings = np.empty(room, np.uint64)
            own = slice(number * width, (number + 1) * width)
            count = keys.lay_out(keyed, bits, dead, filled, directory[own], sieve[own], postings)
            filled += count
            yield postings[:count]
        directory[-1] = filled

    lists = Merged([one.lists for one in columns], dead)
    reference = _filed(path, directory, sieve, (ranges(), lists.documents()), lists)
    return reference, int(directory[-1]) + len(lists)


def _size(column: Column, number: int) -> int:
    """Postings of a column in a range."""
    width = 1 << (column.bits - keys.RANGE_BITS)
    return int(column.directory[(number + 1) * width]) - int(column.directory[number * width])


def _filed(path: Path, directory: U32s, sieve: U32s, parts: Parts, lists: Lists | Merged) -> Reference:
    """A file of a column; directory and sieve may be filled by going through the parts, and so may be lists."""
    postings, documents = parts
    file = Writer(path)
    try:
        file.section("postings", np.zeros(0, np.uint64))
        for part in postings:
            file.append(part)
        file.section("directory", directory)
        file.section("sieve", sieve)
        file.section("documents", np.zeros(0, np.uint32))
        for numbers in documents:
            file.append(numbers)
        file.section("terms", lists.terms)
        file.section("starts", lists.starts)
        return file.finished()
    except BaseException:
        file.abandoned()
        raise
