"""A column of keys gives every posting that was put into it, and nothing for other keys, whatever its sieve lets by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.index import columns, files, lookup
from dedup.kernels import keys, meetings

NONE = np.zeros(0, np.uint8)


def word(key: int, channel: int, row: int) -> int:
    return key << 24 | channel << 22 | row


def column(words: list[int], rows: int) -> tuple[columns.Laid, lookup.Column]:
    laid = columns.laid_out(np.array(sorted(words), np.uint64), np.arange(rows, dtype=np.uint32))
    return laid, lookup.Column.fresh(laid.directory, laid.sieve, laid.postings)


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
WORDS = st.lists(st.builds(word, KEYS, st.integers(0, 3), st.integers(0, 19)), max_size=120, unique=True)


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

    laid = columns.laid_out(drawn(100_000), np.zeros(1, np.uint32))
    where, asked = lookup.Column.fresh(laid.directory, laid.sieve, laid.postings), drawn(100_000)
    left = np.empty(len(asked), np.uint32)
    read = where.data, where.sums, where.sound
    none = np.zeros(len(asked), np.uint32)
    assert keys.suspected(asked, none, 0, where.sieve, where.bits, *read, int(where.pages[2]), left) < 0.2 * len(asked)
    with pytest.raises(ValueError, match="do not fit"):
        keys.suspected(asked, none, 0, where.sieve[1:], where.bits, *read, 0, left)


def test_terms_that_too_many_hold_are_looked_for_no_further() -> None:
    words = [word(key, keys.TERM, 0) for key in range(5)] + [word(9, keys.BAND, 0)]
    _, where = column(words, 1)
    held_by = np.array([0, 1, 2, 3, 4, 9], np.uint32)
    places, _, _ = lookup._found(np.array(words, np.uint64), where, held_by, 2)
    assert places.tolist() == [0, 1, 2, 5]


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
