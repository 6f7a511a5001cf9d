"""Terms of documents become lists, by each term the documents that hold it, and lists what terms lead to.

1. `grouped` makes the lists of a batch, by row, `Lists.numbered` those of their numbers; `Lists.of` are those of a
   file, beside its column of other keys; `Lists.joined` two together, `Merged` several, a range of terms at a time.
2. `found` looks terms up. `chosen` leaves each document the rarest, and `followed` gives what these lead to.

See `kernels.lists`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.sketch import Drawn
from dedup.index.files import Mapped
from dedup.kernels import lists
from dedup.kernels.keys import PAGE_BYTES
from dedup.model import DedupError

SECTIONS = ("documents", "terms", "starts")
"""Of the file of a column."""
RANGES = 256
"""Parts by the first bits of terms that are merged one after the other."""

U8s = NDArray[np.uint8]
U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]
I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists in order of their terms; see `kernels.lists`. pages: of the first of terms, starts and documents.

    damaged: what is wrong where a page is not sound.
    """

    terms: U32s
    starts: U32s
    documents: U32s
    data: U8s
    sums: U64s
    sound: U8s
    pages: I64s
    damaged: Callable[[int], DedupError]

    @staticmethod
    def of(file: Mapped) -> Lists:
        documents, terms, starts = (file.unchecked(name) for name in SECTIONS)
        pages = np.array([file.page(name) for name in ("terms", "starts", "documents")], np.int64)
        return Lists(terms, starts, documents, file.data, file.sums, file.sound, pages, file.damaged)

    @staticmethod
    def fresh(terms: U32s, starts: U32s, documents: U32s) -> Lists:
        """Lists that are in memory only, and so are sound."""
        pages = np.cumsum([0, *(-(-array.nbytes // PAGE_BYTES) + 1 for array in (terms, starts, documents))])
        none, sound = np.zeros(0, np.uint8), np.ones(int(pages[-1]), np.uint8)
        return Lists(terms, starts, documents, none, np.zeros(0, np.uint64), sound, pages[:3], never)

    def joined(self, more: Lists) -> Lists:
        """These and others, of later documents, in memory. Both are in memory, too, or known to be sound."""
        size = len(self.terms) + len(more.terms)
        terms, starts = np.empty(size, np.uint32), np.empty(size + 1, np.uint32)
        documents = np.empty(len(self.documents) + len(more.documents), np.uint32)
        own, others = (self.terms, self.starts, self.documents), (more.terms, more.starts, more.documents)
        count = lists.join(*own, *others, terms, starts, documents)
        return Lists.fresh(terms[:count].copy(), starts[: count + 1].copy(), documents)

    def numbered(self, numbers: U32s) -> Lists:
        """Those of rows as those of numbers, which ascend."""
        return Lists.fresh(self.terms, self.starts, numbers[self.documents])


def never(page: int) -> DedupError:
    """What is wrong in memory."""
    raise AssertionError(page)


def grouped(drawn: Drawn, standing: U8s) -> Lists:
    """The lists of a batch, of rows."""
    words = np.empty(int(drawn.term_counts.sum()), np.uint64)
    words = words[: lists.collect(standing, drawn.terms, drawn.term_counts, words)]
    words.sort()
    return Lists.fresh(*_laid(words, np.zeros(0, np.uint8), 0))


def _laid(words: U64s, dead: U8s, before: int) -> tuple[U32s, U32s, U32s]:
    """Terms, starts with one more, the end, and documents, of sorted words."""
    terms, starts, documents = (np.empty(len(words) + more, np.uint32) for more in (0, 1, 0))
    found, count = lists.lay_out(words, dead, before, terms, starts, documents)
    starts[found] = before + count
    return terms[:found].copy(), starts[: found + 1].copy(), documents[:count]


class Merged:
    """Several lists as one, without documents that are dead. `documents` gives those of one range after the other; then
    `terms` and `starts` are what they are."""

    def __init__(self, parts: Sequence[Lists], dead: U8s) -> None:
        self._parts, self._dead = parts, dead
        self._terms, self._starts, self._count = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint32)], 0

    def documents(self) -> Iterator[U32s]:
        bounds = np.arange(RANGES + 1, dtype=np.uint64) * np.uint64((1 << 32) // RANGES)
        cuts = [np.searchsorted(one.terms, bounds) for one in self._parts]
        for number in range(RANGES):
            own = [(one, int(cut[number]), int(cut[number + 1])) for one, cut in zip(self._parts, cuts, strict=True)]
            words = np.empty(sum(int(one.starts[stop]) - int(one.starts[first]) for one, first, stop in own), np.uint64)
            filled = 0
            for one, first, stop in own:
                filled = lists.gather(one.terms, one.starts, one.documents, first, stop, words, filled)
            words.sort()
            terms, starts, documents = _laid(words, self._dead, self._count)
            self._terms.append(terms)
            self._starts.append(starts[:-1])
            self._count += len(documents)
            yield documents

    @property
    def terms(self) -> U32s:
        return np.concatenate(self._terms)

    @property
    def starts(self) -> U32s:
        return np.concatenate([*self._starts, np.array([self._count], np.uint32)])

    def __len__(self) -> int:
        return self._count


Found = tuple[U32s, U32s]
"""Where the documents of terms are in lists, and how many."""


def found(terms: U32s, where: Lists) -> Found:
    begins, counts = np.empty(len(terms), np.uint32), np.empty(len(terms), np.uint32)
    page = lists.find(
        terms, where.terms, where.starts, where.data, where.sums, where.sound, where.pages, begins, counts
    )
    if page < 0:
        raise where.damaged(-1 - page)
    return begins, counts


def chosen(asked: Lists, held_by: U32s, documents: int, limits: I64s) -> tuple[U8s, U8s, I64s]:
    """Which terms each document meets others by, place by place of the lists; how many of each document; and where the
    documents end that they lead it to."""
    marks, kept = np.zeros(len(asked.documents), np.uint8), np.zeros(documents, np.uint8)
    lists.choose(asked.starts, asked.documents, held_by, limits, marks, kept)
    ends = np.zeros(documents + 1, np.int64)
    lists.spans(asked.starts, asked.documents, marks, held_by, int(limits[lists.OWN]), ends)
    return marks, kept, ends


def followed(
    asked: Lists, marks: U8s, ends: I64s, where: Sequence[tuple[Lists, Found]], own: I64s
) -> U32s:  # fmt: skip
    """The documents that chosen terms lead to, those of each document asked for together, where they end.

    ends: see `lists.spans`. where: lists, and what was found in them. own: the numbers of the documents asked for, if
    each is also to meet those before it, else none.
    """
    into, nexts = np.empty(int(ends[-1]), np.uint32), ends[:-1].copy()
    for one, (begins, counts) in where:
        read = one.documents, one.data, one.sums, one.sound, int(one.pages[2])
        page = lists.copy(asked.starts, asked.documents, marks, begins, counts, *read, nexts, into)
        if page < 0:
            raise one.damaged(-1 - page)
    if len(own):
        lists.copy_own(asked.starts, asked.documents, marks, own, nexts, into)
    return into
