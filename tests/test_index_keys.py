"""A column of keys gives every posting that was put into it, and nothing for other keys, whatever its sieve lets by.

Its lists give the documents of each term, and what terms lead to is counted as one by one.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.index import columns, files, lists, lookup
from dedup.index.lists import Lists
from dedup.kernels import keys, meetings
from dedup.kernels import lists as kernels

NONE = np.zeros(0, np.uint8)


def word(key: int, channel: int, row: int) -> int:
    return key << 24 | channel << 22 | row


def column(words: list[int], rows: int) -> tuple[columns.Laid, lookup.Column]:
    laid = columns.laid_out(np.array(sorted(words), np.uint64), listed([]), np.arange(rows, dtype=np.uint32))
    return laid, laid.column


def listed(held: list[tuple[int, int]]) -> Lists:
    """The lists of terms and rows."""
    words = np.array(sorted(term << 32 | row for term, row in held), np.uint64)
    return Lists.fresh(*lists._laid(words, NONE, 0))


def found(words: list[int], where: lookup.Column) -> dict[int, set[int]]:
    """By key, the documents that a column has."""
    asked = np.array(sorted(words), np.uint64)
    places, starts, counts = lookup._found(asked, where)
    given_by: dict[int, set[int]] = {}
    for place, start, count in zip(places.tolist(), starts.tolist(), counts.tolist(), strict=True):
        numbers = where.postings[start : start + count] & np.uint64(0xFFFFFFFF)
        given_by[int(asked[place]) >> 24] = set(numbers.tolist())
    return given_by


# Few keys, so that several documents hold one; and some that differ in the last bits only.
KEYS = st.one_of(st.integers(0, 40), st.integers((1 << 40) - 9, (1 << 40) - 1), st.integers(0, (1 << 40) - 1))
WORDS = st.lists(st.builds(word, KEYS, st.integers(0, 2), st.integers(0, 19)), max_size=120, unique=True)


@given(WORDS, WORDS)
def test_a_column_gives_what_was_put_into_it(held: list[int], asked: list[int]) -> None:
    expected: dict[int, set[int]] = {}
    for one in held:
        expected.setdefault(one >> 24, set()).add(one & ((1 << 22) - 1))
    _, where = column(held, 20)
    wanted = {one >> 24 for one in [*held, *asked]}
    assert found([*held, *asked], where) == {key: expected[key] for key in wanted if key in expected}


@given(WORDS, WORDS)
def test_columns_merged_give_what_both_gave(
    tmp_path_factory: pytest.TempPathFactory, one: list[int], two: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("merged")
    parts = [column(words, 20)[1] for words in (one, two)]
    reference, size = columns.merged(folder / "keys-1", parts, NONE)
    where = lookup.Column.of(files.Mapped(folder, reference))
    each = [found([*one, *two], part) for part in parts]
    every = {key: each[0].get(key, set()) | each[1].get(key, set()) for key in each[0].keys() | each[1].keys()}
    assert found([*one, *two], where) == every
    assert size == len(where.postings) == sum(map(len, every.values()))


def test_the_sieve_leaves_few_keys_that_are_not_there() -> None:
    chance = np.random.default_rng(1)

    def drawn(size: int) -> NDArray[np.uint64]:
        own = chance.integers(0, 1 << 40, size, np.uint64) << np.uint64(24)
        return np.sort(own | np.uint64(keys.PASSAGE << 22))

    where, asked = columns.laid_out(drawn(100_000), listed([]), np.zeros(1, np.uint32)).column, drawn(100_000)
    left = np.empty(len(asked), np.uint32)
    read = where.data, where.sums, where.sound
    assert keys.suspected(asked, where.sieve, where.bits, *read, int(where.pages[2]), left) < 0.05 * len(asked)
    with pytest.raises(ValueError, match="do not fit"):
        keys.suspected(asked, where.sieve[1:], where.bits, *read, 0, left)


@given(WORDS)
def test_what_documents_of_a_batch_share_is_what_its_column_gives(held: list[int]) -> None:
    words = np.array(sorted(held), np.uint64)
    _, where = column(held, 20)
    expected = [np.zeros(len(words), np.uint32) for _ in range(2)]
    own = [np.empty(len(words), dtype) for dtype in (np.uint32, np.int64, np.uint32)]
    places, starts, counts = lookup._found(words, where)
    meetings.add(places, counts, expected[0])
    size = meetings.repeated(words, expected[1], *own)
    several = counts > 1
    assert [one[:size].tolist() for one in own] == [one[several].tolist() for one in (places, starts, counts)]
    assert expected[1].tolist() == expected[0].tolist()
    with pytest.raises(ValueError, match="do not fit"):
        meetings.repeated(np.append(words, np.uint64(1)), expected[1], *own)


# --- lists ---------------------------------------------------------------------------------------------------------

TERMS = st.one_of(st.integers(0, 12), st.integers((1 << 32) - 3, (1 << 32) - 1), st.integers(0, (1 << 32) - 1))
HELD = st.lists(st.tuples(TERMS, st.integers(0, 9)), max_size=100, unique=True)


def of_each(where: Lists) -> dict[int, list[int]]:
    """By term, the documents of lists."""
    starts = where.starts.tolist()
    return {
        term: where.documents[first:stop].tolist()
        for term, first, stop in zip(where.terms.tolist(), starts[:-1], starts[1:], strict=True)
    }


def asked_of(where: Lists, terms: list[int]) -> dict[int, list[int]]:
    sought = np.array(sorted(set(terms)), np.uint32)
    begins, counts = lists.found(sought, where)
    each = zip(sought.tolist(), begins.tolist(), counts.tolist(), strict=True)
    return {term: where.documents[begin : begin + count].tolist() for term, begin, count in each if count}


@given(HELD, HELD)
def test_lists_give_the_documents_of_each_term(held: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    expected: dict[int, list[int]] = {}
    for term, row in sorted(held):
        expected.setdefault(term, []).append(row + 100)
    where = listed(held).numbered(np.arange(100, 110, dtype=np.uint32))
    assert of_each(where) == expected
    assert asked_of(where, [term for term, _ in [*held, *other]]) == expected


@given(HELD, HELD, st.sets(st.integers(0, 9)))
def test_lists_merged_give_what_both_gave_but_for_dead_documents(
    tmp_path_factory: pytest.TempPathFactory, one: list[tuple[int, int]], two: list[tuple[int, int]], gone: set[int]
) -> None:
    dead = np.array([number in gone for number in range(10)], np.uint8)
    laid = [
        columns.laid_out(np.zeros(0, np.uint64), listed(held), np.arange(10, dtype=np.uint32)) for held in (one, two)
    ]
    folder = tmp_path_factory.mktemp("merged")
    reference, size = columns.merged(folder / "keys-1", [part.column for part in laid], dead)
    where = lookup.Column.of(files.Mapped(folder, reference)).lists
    expected: dict[int, list[int]] = {}
    for term, row in sorted({*one, *two}):
        if row not in gone:
            expected.setdefault(term, []).append(row)
    assert asked_of(where, [term for term, _ in [*one, *two]]) == expected
    assert size == len(where.documents) == sum(map(len, expected.values()))


def test_lists_refuse_arrays_that_do_not_fit() -> None:
    own = listed([(1, 0), (2, 0), (2, 1)])
    few, none = np.zeros(1, np.uint32), np.zeros(0, np.uint64)
    with pytest.raises(ValueError, match="do not fit"):
        kernels.find(own.terms, own.terms, own.terms, NONE, none, own.sound, own.pages, few, few)
    with pytest.raises(ValueError, match="do not fit"):
        kernels.choose(
            own.starts, own.documents, few, np.zeros(11, np.int64), np.zeros(3, np.uint8), np.zeros(2, np.uint8)
        )
    with pytest.raises(ValueError, match="no room"):
        kernels.lay_out(np.zeros(2, np.uint64), NONE, 0, few, few, few)
    with pytest.raises(ValueError, match="no such terms"):
        kernels.gather(own.terms, own.starts, own.documents, 0, 3, np.empty(9, np.uint64), 0)


# --- what terms lead to --------------------------------------------------------------------------------------------

EARLIER = 40


def slowly(
    rows: dict[int, set[int]], earlier: dict[int, set[int]], limits: dict[int, int], kept: list[int]
) -> tuple[set[tuple[int, int]], list[int]]:
    """The pairs of earlier documents and rows, which come after them, by terms alone; and the terms of each row."""
    holders: dict[int, list[int]] = {}
    for number, terms in [*earlier.items(), *((EARLIER + row, terms) for row, terms in rows.items())]:
        for term in terms:
            holders.setdefault(term, []).append(number)
    pairs, chose = set(), []
    of_all = [*kept, *([0] * len(rows))]
    met: list[dict[int, int]] = []
    for row, terms in sorted(rows.items()):
        useful = sorted(
            (len(holders[term]), term) for term in terms if 2 <= len(holders[term]) <= limits[kernels.HELD_MAX]
        )
        budget, chosen, led = limits[kernels.BUDGET if len(useful) > 2 else kernels.BUDGET_FEW], [], 0
        for count, term in useful[: limits[kernels.TERMS]]:
            led += count
            if led > budget and (len(chosen) >= limits[kernels.SHARED] or len(useful) <= 2):
                break
            chosen.append(term)
        chose.append(len(chosen))
        of_all[EARLIER + row] = len(chosen)
        counts: dict[int, int] = {}
        for term in chosen:
            for number in holders[term]:
                if number < EARLIER + row:
                    counts[number] = counts.get(number, 0) + 1
        met.append(counts)
    needed = [max(1, min(limits[kernels.SHARED], (one + 1) // 2)) for one in of_all]
    for row, counts in enumerate(met):
        enough = [number for number, count in counts.items() if count >= min(needed[number], needed[EARLIER + row])]
        pairs |= {(number, EARLIER + row) for number in sorted(enough)[: limits[meetings.PARTNERS]]}
    return pairs, chose


DRAWN_TERMS = st.sets(st.integers(0, 30), max_size=12)


@given(
    st.lists(DRAWN_TERMS, min_size=1, max_size=6),
    st.lists(DRAWN_TERMS, max_size=EARLIER),
    st.lists(st.integers(0, 12), min_size=EARLIER, max_size=EARLIER),
    st.integers(0, EARLIER),
)
def test_terms_lead_to_the_documents_that_counting_one_by_one_finds(
    own: list[set[int]], earlier: list[set[int]], kept: list[int], cut: int
) -> None:
    limits = dict.fromkeys(range(11), 0) | {
        kernels.OWN: 1, kernels.TERMS: 8, kernels.SHARED: 3, kernels.BUDGET: 40, kernels.BUDGET_FEW: 5,
        kernels.HELD_MAX: 20, meetings.BUCKET_MAX: 9, meetings.PASSAGE_ALL: 3, meetings.PASSAGE_MAX: 9,
        meetings.SHINGLES: 2, meetings.PARTNERS: 7,
    }  # fmt: skip
    expected, chose = slowly(dict(enumerate(own)), dict(enumerate(earlier)), limits, kept)
    array = np.array([limits[place] for place in range(11)], np.int64)
    asked = listed([(term, row) for row, terms in enumerate(own) for term in terms])
    parts = [
        listed([(term, number) for number, terms in enumerate(earlier) for term in terms if (number < cut) == first])
        for first in (True, False)
    ]
    where = [(part, lists.found(asked.terms, part)) for part in parts]
    numbers = np.arange(EARLIER, EARLIER + len(own), dtype=np.int64)
    held_by = np.diff(asked.starts) + sum(counts for _, (_, counts) in where)
    marks, own_kept, term_ends = lists.chosen(asked, held_by, len(own), array)
    led = lists.followed(asked, marks, term_ends, where, numbers)
    of_all = np.array([*kept, *own_kept.tolist()], np.uint8)
    few = np.packbits(of_all < 2 * limits[kernels.SHARED] - 1, bitorder="little")
    nothing, ends = np.zeros((0, 2), np.uint64), np.zeros(len(own) + 1, np.int64)
    codes = np.empty(meetings.room(nothing, ends, term_ends, limits[meetings.PARTNERS]), np.uint64)
    had, standing = np.zeros(len(of_all), np.uint32), np.ones(len(own), np.uint8)
    batch = numbers, standing, own_kept, had[: len(own)]
    told = np.zeros(1, np.int64)
    count = meetings.meet(
        nothing, ends, led, term_ends, *batch, of_all, had, np.zeros(len(of_all), np.uint8), few, array, codes, told
    )
    assert own_kept.tolist() == chose
    assert sorted((int(code) >> 32, int(code) & 0xFFFFFFFF) for code in codes[:count]) == sorted(expected)
