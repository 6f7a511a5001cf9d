"""Keys of documents become candidate pairs with what is in an index: by the channels of `match`, and with their limits.

1. `keyed` makes the sorted words of a batch's keys (see `kernels.keys`).
2. `candidates` looks them up in every column, the oldest first, chooses the rarest terms by how many documents hold
   them now, and counts what documents of the index each one meets (see `kernels.meetings`).
3. `named` finds documents by the hash of an id or the digest of a text.

A document meets earlier ones only. What it is held to is what `bulk.match` holds pairs to; where that pairs all
documents of a frequent shingle with the first, here they meet the first few, since which one is first hangs on the
order in which they came. Limits: those of `Config`; beyond them a key leads to the first documents, or to none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.sketch import Drawn
from dedup.bulk.terms import JOIN_BUDGET_DOCUMENTS, JOIN_BUDGET_PARTNERS, JOIN_PARTNERS_MAX
from dedup.config import Config
from dedup.engines import local
from dedup.index.files import Mapped
from dedup.kernels import keys, meetings
from dedup.model import DedupError

ID, DIGEST = 3, 4
"""What keys of the channel NAME are of."""

SECTIONS = ("directory", "sieve", "postings")
"""Of the file of a column."""
WORDS_SHARED = 1 << 17
"""Words from which columns are asked side by side: a millisecond of work each."""
DOCUMENTS_SHARED = 2048
"""Documents of a batch that are met with others at a time, beside others of it."""

U8s = NDArray[np.uint8]
U32s = NDArray[np.uint32]
U64s = NDArray[np.uint64]
I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """Postings in order of their keys; see `kernels.keys`. pages: of the first of directory, postings and sieve.

    damaged: what is wrong where a page is not sound.
    """

    directory: U32s
    sieve: U32s
    postings: U64s
    bits: int
    data: U8s
    sums: U64s
    sound: U8s
    pages: I64s
    damaged: Callable[[int], DedupError]

    @staticmethod
    def of(file: Mapped) -> Column:
        directory, sieve, postings = (file.unchecked(name) for name in SECTIONS)
        pages = np.array([file.page(name) for name in ("directory", "postings", "sieve")], np.int64)
        bits = len(sieve).bit_length() - 1
        return Column(directory, sieve, postings, bits, file.data, file.sums, file.sound, pages, file.damaged)

    @staticmethod
    def fresh(directory: U32s, sieve: U32s, postings: U64s) -> Column:
        """A column that is in memory only, and so is sound."""
        pages = np.cumsum([0, *(-(-array.nbytes // keys.PAGE_BYTES) + 1 for array in (directory, postings, sieve))])
        none, sound = np.zeros(0, np.uint8), np.ones(int(pages[-1]), np.uint8)
        bits = len(sieve).bit_length() - 1
        return Column(directory, sieve, postings, bits, none, np.zeros(0, np.uint64), sound, pages[:3], _never)


def _never(page: int) -> DedupError:
    raise AssertionError(page)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all documents by number. kept, had: see `texts.Counts`. dead: 1 for one that was removed."""

    kept: U8s
    had: U32s
    dead: U8s


@dataclass(frozen=True, slots=True)
class Asked:
    """Documents whose candidates are sought. numbers: (n,) int64. standing: (n,) 0 for one that another stands for.

    words: of their keys, sorted. own: 1 if they are in the columns themselves, the last of which then is theirs alone.
    """

    numbers: I64s
    standing: U8s
    words: U64s
    had: U32s
    own: int


def keyed(drawn: Drawn, standing: U8s) -> U64s:
    """The words of all channels but NAME, sorted and distinct."""
    room = drawn.bands.size + int(drawn.term_counts.sum()) + len(drawn.shingles)
    words = np.empty(room, np.uint64)
    size = keys.collect(
        standing, drawn.bands, drawn.terms, drawn.term_counts, drawn.shingles, drawn.shingle_counts, words
    )
    return in_order(words[:size])


def in_order(words: U64s) -> U64s:
    words.sort()
    return words[: keys.distinct(words)]


def names(values: U64s, kind: int) -> U64s:
    """The words of hashes of ids, or of digests; those of the latter that are 0 are none."""
    words = np.empty(len(values), np.uint64)
    keys.names(values, kind, words)
    return words if kind == ID else words[values != 0]


Found = tuple[U32s, I64s, U32s]
"""Which words are in a column: their places, and where and how many their postings are."""


def _found(words: U64s, column: Column, held_by: U32s | None = None, most: int = 0) -> Found:
    """What of sorted words is in a column, but for terms that more than `most` documents hold already."""
    read = column.data, column.sums, column.sound
    asked, page = np.empty(len(words), np.uint32), int(column.pages[2])
    before = np.zeros(len(words), np.uint32) if held_by is None else held_by
    size = keys.suspected(words, before, most, column.sieve, column.bits, *read, page, asked)
    if size < 0:
        raise column.damaged(-1 - size)
    places, starts, counts = np.empty(size, np.uint32), np.empty(size, np.int64), np.empty(size, np.uint32)
    arrays = (asked[:size], column.directory, column.postings, column.bits, *read, column.pages)
    found = keys.probe(words, *arrays, places, starts, counts)
    if found < 0:
        raise column.damaged(-1 - found)
    return places[:found], starts[:found], counts[:found]


def _found_within(words: U64s, held_by: U32s) -> Found:
    """The same in the column of these very words, of keys that lead to others too."""
    places, starts, counts = np.empty(len(words), np.uint32), np.empty(len(words), np.int64), np.empty_like(held_by)
    found = meetings.repeated(words, held_by, places, starts, counts)
    return places[:found], starts[:found], counts[:found]


def _found_in_all(words: U64s, columns: Sequence[Column], held_by: U32s, config: Config) -> list[Found]:
    """The same in every column, the oldest first, which are the longest; by threads where there is much to do.

    held_by: zeros, to each word are added the documents that hold it. Once a term has too many of them to lead to
    others, it is asked of no column more.
    """
    found: list[Found] = []
    most, side_by_side = config.term_documents_max, _workers(config) if len(words) >= WORDS_SHARED else 1
    for first in range(0, len(columns), side_by_side):
        part = columns[first : first + side_by_side]

        def asked(column: Column) -> Found:
            return _found(words, column, held_by, most)

        told = [asked(one) for one in part] if side_by_side == 1 else list(local.mapped(asked, part, side_by_side))
        for places, _, counts in told:
            meetings.add(places, counts, held_by)
        found += told
    return found


def _workers(config: Config) -> int:
    return config.workers or local.workers_available()


def named(words: U64s, columns: Sequence[Column]) -> tuple[I64s, I64s]:
    """Of every posting of some words, the row that the word is of, and the number that stands there; ascending."""
    words = np.sort(words)
    rows, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for column in columns:
        places, starts, counts = _found(words, column)
        size = counts.astype(np.int64)
        every = np.repeat(starts - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
        numbers.append((column.postings[every] & np.uint64(0xFFFFFFFF)).astype(np.int64))
        own = (words[places] & np.uint64(keys.DOCUMENTS_MAX - 1)).astype(np.int64)
        rows.append(np.repeat(own, counts))
    row, number = np.concatenate(rows), np.concatenate(numbers)
    order = np.lexsort((number, row))
    return row[order], number[order]


def candidates(asked: Asked, columns: Sequence[Column], known: Known, config: Config) -> tuple[I64s, U8s, int]:
    """The pairs (m, 2) of earlier documents and those asked for, in order; the terms that each of these met others by;
    and how many of them met too many."""
    words, documents = asked.words, len(asked.numbers)
    limits = _limits(config, asked.own)
    held_by = np.zeros(len(words), np.uint32)
    found = _found_in_all(words, columns[: len(columns) - asked.own], held_by, config)
    if asked.own:
        found.append(_found_within(words, held_by))
    chosen, kept = np.zeros(len(words), np.uint8), np.zeros(documents, np.uint8)
    meetings.choose(words, held_by, limits, chosen, kept)
    used, ends = np.zeros(len(words), np.uint8), np.zeros(documents + 1, np.int64)
    allowed = []
    for places, _, counts in found:
        allowed.append(np.empty(len(places), np.uint32))
        meetings.allow(words, held_by, chosen, limits, places, counts, used, allowed[-1], ends)
    np.cumsum(ends, out=ends)
    followed, nexts = np.empty((int(ends[-1]), 2), np.uint64), ends[:-1].copy()
    for (places, starts, _), taken, column in zip(found, allowed, columns, strict=True):
        meetings.arrange(words, column.postings.ctypes.data, places, starts, taken, nexts, followed)
    if asked.own:
        known.kept[asked.numbers] = kept

    def met(own: slice) -> tuple[U64s, int]:
        stops, told = ends[own.start : own.stop + 1], np.zeros(1, np.int64)
        codes = np.empty(int(followed[stops[0] : stops[-1], 1].astype(np.uint32).sum()), np.uint64)
        batch = asked.numbers[own], asked.standing[own], kept[own], asked.had[own]
        count = meetings.meet(followed, stops, *batch, known.kept, known.had, known.dead, limits, codes, told)
        return codes[:count], int(told[0])

    share = documents if len(words) < WORDS_SHARED else DOCUMENTS_SHARED
    parts = [slice(first, min(documents, first + share)) for first in range(0, documents, max(1, share))]
    every = [met(one) for one in parts] if len(parts) < 2 else list(local.mapped(met, parts, _workers(config)))
    codes = np.concatenate([np.zeros(0, np.uint64), *(codes for codes, _ in every)])
    return _pairs(codes), kept, sum(crowded for _, crowded in every)


def _pairs(codes: U64s) -> I64s:
    codes.sort()
    pairs = np.empty((len(codes), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = codes >> np.uint64(32), codes & np.uint64(0xFFFFFFFF)
    return pairs


def _limits(config: Config, own: int) -> I64s:
    limits: dict[int, Any] = {
        meetings.OWN: own,
        meetings.TERMS: config.term_count,
        meetings.SHARED: min(255, config.terms_shared_min),
        meetings.BUDGET: JOIN_BUDGET_DOCUMENTS,
        meetings.BUDGET_FEW: JOIN_BUDGET_PARTNERS,
        meetings.HELD_MAX: config.term_documents_max,
        meetings.BUCKET_MAX: config.bucket_documents_max,
        meetings.PASSAGE_ALL: config.passage_documents_all,
        meetings.PASSAGE_MAX: config.key_documents_max,
        meetings.SHINGLES: max(1, config.passage_shingles_min // config.passage_sampling),
        meetings.PARTNERS: JOIN_PARTNERS_MAX,
    }
    return np.array([limits[place] for place in sorted(limits)], np.int64)
