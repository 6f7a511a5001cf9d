"""Keys of documents become candidate pairs with what is in an index: by the channels of `match`, and with their limits.

1. `keyed` makes the sorted words of a batch's keys (see `kernels.keys`); its terms have lists (see `lists`).
2. `candidates` looks both up in every column, the oldest first, or in what is in memory of several (see `recent`),
   chooses the rarest terms by how many documents hold them now, and counts what documents of the index each one meets
   (see `kernels.meetings`).
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
from dedup.index import lists
from dedup.index.files import Mapped
from dedup.index.lists import Lists
from dedup.index.recent import Shelf
from dedup.kernels import keys, meetings
from dedup.kernels import lists as listed
from dedup.model import DedupError

ID, DIGEST = 3, 4
"""What keys of the channel NAME are of."""

SECTIONS = ("directory", "sieve", "postings", *lists.SECTIONS)
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

    name: of its file. lists: of the terms of the same documents. damaged: what is wrong where a page is not sound.
    """

    name: str
    directory: U32s
    sieve: U32s
    postings: U64s
    bits: int
    data: U8s
    sums: U64s
    sound: U8s
    pages: I64s
    lists: Lists
    damaged: Callable[[int], DedupError]

    @staticmethod
    def of(file: Mapped) -> Column:
        directory, sieve, postings = (file.unchecked(name) for name in SECTIONS[:3])
        pages = np.array([file.page(name) for name in ("directory", "postings", "sieve")], np.int64)
        bits = len(sieve).bit_length() - 1
        read = file.data, file.sums, file.sound, pages
        return Column(file.reference.name, directory, sieve, postings, bits, *read, Lists.of(file), file.damaged)

    @staticmethod
    def fresh(directory: U32s, sieve: U32s, postings: U64s, terms: Lists) -> Column:
        """A column that is in memory only, and so is sound."""
        pages = np.cumsum([0, *(-(-array.nbytes // keys.PAGE_BYTES) + 1 for array in (directory, postings, sieve))])
        none, sound = np.zeros(0, np.uint8), np.ones(int(pages[-1]), np.uint8)
        bits = len(sieve).bit_length() - 1
        read = none, np.zeros(0, np.uint64), sound, pages[:3]
        return Column("", directory, sieve, postings, bits, *read, terms, lists.never)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all documents by number. kept, had: see `texts.Counts`. dead: 1 for one that was removed."""

    kept: U8s
    had: U32s
    dead: U8s


@dataclass(frozen=True, slots=True)
class Asked:
    """Documents whose candidates are sought. numbers: (n,) int64. standing: (n,) 0 for one that another stands for.

    words: of their keys, sorted. terms: their lists, by row. own: 1 if they are in the columns themselves, the last of
    which then is theirs alone.
    """

    numbers: I64s
    standing: U8s
    words: U64s
    terms: Lists
    had: U32s
    own: int


def keyed(drawn: Drawn, standing: U8s, *named: U64s) -> U64s:
    """The words of all channels but NAME, and those of that one which are given, sorted and distinct."""
    most = drawn.bands.size + len(drawn.shingles)
    words = np.empty(most + sum(map(len, named)), np.uint64)
    size = keys.collect(standing, drawn.bands, drawn.shingles, drawn.shingle_counts, words[:most])
    for own in named:
        words[size : size + len(own)] = own
        size += len(own)
    words = words[:size]
    words.sort()
    return words[: keys.distinct(words)]


def names(values: U64s, kind: int) -> U64s:
    """The words of hashes of ids, or of digests; those of the latter that are 0 are none."""
    words = np.empty(len(values), np.uint64)
    keys.names(values, kind, words)
    return words if kind == ID else words[values != 0]


Found = tuple[U32s, I64s, U32s]
"""Which words are in a column: their places, and where and how many their postings are."""


def _found(words: U64s, column: Column) -> Found:
    """What of sorted words is in a column."""
    read = column.data, column.sums, column.sound
    asked, page = np.empty(len(words), np.uint32), int(column.pages[2])
    size = keys.suspected(words, column.sieve, column.bits, *read, page, asked)
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


@dataclass(frozen=True, slots=True)
class _Part:
    """Columns that follow each other: those of a shelf, or one. lists: of all their documents."""

    columns: tuple[Column, ...]
    shelf: Shelf | None
    lists: tuple[Lists, ...]

    def found(self, words: U64s) -> list[Found]:
        """What of sorted words is in each of the columns."""
        if self.shelf is None:
            return [_found(words, one) for one in self.columns]
        suspected = self.shelf.suspected(words)
        asked = words[suspected]
        every = (_found(asked, one) for one in self.columns)
        return [(suspected[places], starts, counts) for places, starts, counts in every]


def _parts(columns: Sequence[Column], shelves: Sequence[Shelf]) -> list[_Part]:
    """The columns, in order, those of a shelf together."""
    shelf_of = {one.names[0]: one for one in shelves}
    parts, at = [], 0
    while at < len(columns):
        shelf = shelf_of.get(columns[at].name)
        own = tuple(columns[at : at + (len(shelf.names) if shelf else 1)])
        assert shelf is None or shelf.names == tuple(one.name for one in own)
        parts.append(_Part(own, shelf, tuple(held for _, held in shelf.lists) if shelf else (own[0].lists,)))
        at += len(own)
    return parts


def _found_in_all(
    asked: Asked, parts: Sequence[_Part], config: Config
) -> tuple[list[Found], list[tuple[Lists, lists.Found]]]:
    """The same of words in every column, and of terms in all lists; by threads where there is much to do."""
    every = [held for part in parts for held in part.lists]

    def of_words(part: _Part) -> list[Found]:
        return part.found(asked.words)

    def of_terms(held: Lists) -> tuple[Lists, lists.Found]:
        return held, lists.found(asked.terms.terms, held)

    side_by_side = _workers(config) if len(asked.words) >= WORDS_SHARED else 1
    words = map(of_words, parts) if side_by_side == 1 else local.mapped(of_words, parts, side_by_side)
    found = [one for part in words for one in part]
    terms = map(of_terms, every) if side_by_side == 1 else local.mapped(of_terms, every, side_by_side)
    return found, list(terms)


def _workers(config: Config) -> int:
    return config.workers or local.workers_available()


def named(words: U64s, columns: Sequence[Column], shelves: Sequence[Shelf] = ()) -> tuple[I64s, I64s]:
    """Of every posting of some words, the row that the word is of, and the number that stands there; ascending."""
    words = np.sort(words)
    rows, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    found = (one for part in _parts(columns, shelves) for one in part.found(words))
    for column, (places, starts, counts) in zip(columns, found, strict=True):
        size = counts.astype(np.int64)
        every = np.repeat(starts - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
        numbers.append((column.postings[every] & np.uint64(0xFFFFFFFF)).astype(np.int64))
        own = (words[places] & np.uint64(keys.DOCUMENTS_MAX - 1)).astype(np.int64)
        rows.append(np.repeat(own, counts))
    row, number = np.concatenate(rows), np.concatenate(numbers)
    order = np.lexsort((number, row))
    return row[order], number[order]


def candidates(
    asked: Asked, columns: Sequence[Column], known: Known, config: Config, shelves: Sequence[Shelf] = ()
) -> tuple[I64s, U8s, int]:
    """The pairs (m, 2) of earlier documents and those asked for, in order; the terms that each of these met others by;
    and how many of them met too many. shelves: of some of the columns."""
    limits, documents = _limits(config, asked.own), len(asked.numbers)
    earlier = columns[: len(columns) - asked.own]
    found, terms = _found_in_all(asked, _parts(earlier, shelves), config)
    by_terms, term_ends, kept = _met_by_terms(asked, terms, limits)
    if asked.own:
        known.kept[asked.numbers] = kept
    followed, ends = _met_by_keys(asked, found, columns, limits)
    few: U8s = np.packbits(known.kept < 2 * limits[listed.SHARED] - 1, bitorder="little")

    def met(own: slice) -> tuple[U64s, int]:
        stops, term_stops = (all_ends[own.start : own.stop + 1] for all_ends in (ends, term_ends))
        told = np.zeros(1, np.int64)
        codes = np.empty(meetings.room(followed, stops, term_stops, JOIN_PARTNERS_MAX), np.uint64)
        batch = asked.numbers[own], asked.standing[own], kept[own], asked.had[own]
        documents = known.kept, known.had, known.dead, few
        count = meetings.meet(followed, stops, by_terms, term_stops, *batch, *documents, limits, codes, told)
        return codes[:count], int(told[0])

    share = documents if len(asked.words) < WORDS_SHARED else DOCUMENTS_SHARED
    parts = [slice(first, min(documents, first + share)) for first in range(0, documents, max(1, share))]
    pairs = [met(one) for one in parts] if len(parts) < 2 else list(local.mapped(met, parts, _workers(config)))
    codes = np.concatenate([np.zeros(0, np.uint64), *(codes for codes, _ in pairs)])
    return _pairs(codes), kept, sum(crowded for _, crowded in pairs)


def _met_by_terms(asked: Asked, found: Sequence[tuple[Lists, lists.Found]], limits: I64s) -> tuple[U32s, I64s, U8s]:
    """The documents that the chosen terms of each document lead to, where these end, and how many terms it chose."""
    held_by = np.diff(asked.terms.starts) if asked.own else np.zeros(len(asked.terms.terms), np.uint32)
    for _, (_, counts) in found:
        held_by += counts
    marks, kept, ends = lists.chosen(asked.terms, held_by, len(asked.numbers), limits)
    own = asked.numbers if asked.own else asked.numbers[:0]
    return lists.followed(asked.terms, marks, ends, found, own), ends, kept


def _met_by_keys(
    asked: Asked, found: list[Found], columns: Sequence[Column], limits: I64s
) -> tuple[U64s, I64s]:  # fmt: skip
    """The postings that other keys lead to (see `meetings.arrange`), and where those of each document end."""
    words, documents = asked.words, len(asked.numbers)
    held_by = np.zeros(len(words), np.uint32)
    for places, _, counts in found:
        meetings.add(places, counts, held_by)
    if asked.own:
        found = [*found, _found_within(words, held_by)]
    used, ends = np.zeros(len(words), np.uint8), np.zeros(documents + 1, np.int64)
    allowed = []
    for places, _, counts in found:
        allowed.append(np.empty(len(places), np.uint32))
        meetings.allow(words, held_by, limits, places, counts, used, allowed[-1], ends)
    np.cumsum(ends, out=ends)
    followed, nexts = np.empty((int(ends[-1]), 2), np.uint64), ends[:-1].copy()
    for (places, starts, _), taken, column in zip(found, allowed, columns, strict=True):
        meetings.arrange(words, column.postings.ctypes.data, places, starts, taken, nexts, followed)
    return followed, ends


def _pairs(codes: U64s) -> I64s:
    codes.sort()
    pairs = np.empty((len(codes), 2), np.int64)
    pairs[:, 0], pairs[:, 1] = codes >> np.uint64(32), codes & np.uint64(0xFFFFFFFF)
    return pairs


def _limits(config: Config, own: int) -> I64s:
    limits: dict[int, Any] = {
        listed.OWN: own,
        listed.TERMS: config.term_count,
        listed.SHARED: min(255, config.terms_shared_min),
        listed.BUDGET: JOIN_BUDGET_DOCUMENTS,
        listed.BUDGET_FEW: JOIN_BUDGET_PARTNERS,
        listed.HELD_MAX: config.term_documents_max,
        meetings.BUCKET_MAX: config.bucket_documents_max,
        meetings.PASSAGE_ALL: config.passage_documents_all,
        meetings.PASSAGE_MAX: config.key_documents_max,
        meetings.SHINGLES: max(1, config.passage_shingles_min // config.passage_sampling),
        meetings.PARTNERS: JOIN_PARTNERS_MAX,
    }
    return np.array([limits[place] for place in sorted(limits)], np.int64)
