"""Codes of pairs come out distinct, counted and in order, whatever room there is for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.bulk import codes
from dedup.bulk.codes import END, Runs, Tally
from dedup.config import Config
from dedup.engines.store import Store
from dedup.kernels import join

CONFIG = Config()
_pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted).filter(lambda both: both[0] < both[1]).map(tuple)
_keys = st.lists(st.lists(_pairs, max_size=12), max_size=9)
"""What each of some keys gives: pairs, some of them more than once."""


def code(a: int, b: int) -> int:
    return a << 32 | b


def array(found: Sequence[int]) -> Any:
    return np.array(found, np.uint64)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "CODES_MERGED", 6)
    monkeypatch.setattr(codes, "SAMPLED", 3)


@given(_keys, st.integers(2, 40))
def test_passes_give_every_code_and_how_often_it_came(keys: list[list[tuple[int, int]]], most: int) -> None:
    passes = 0

    def given(tally: Tally) -> Iterator[tuple[Any, int]]:
        nonlocal passes
        passes += 1
        for key in keys:
            stop = tally.stop  # what comes later may be asked for fewer documents
            yield array([code(*both) for both in key if tally.first <= both[0] < stop]), stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "room", lambda config: most)
        found = list(codes.in_passes(given, CONFIG))
    counts = dict(zip(*(np.concatenate(column).tolist() for column in zip(*found, strict=True)), strict=True))
    wanted = Counter(code(*both) for key in keys for both in key)
    assert counts == wanted
    assert list(counts) == sorted(wanted)
    assert passes == len(found) <= 1 + len(wanted)
    own = Counter(a for a, _ in {both for key in keys for both in key})
    assert all(len(known) <= max(most, own[int(known[0]) >> 32]) for known, _ in found if len(known))
    if len(wanted) <= most:
        assert passes == 1


@given(st.lists(_pairs, max_size=30), st.integers(0, 12), st.integers(1, 12), st.integers(0, 4), st.integers(5, 12))
def test_what_fits_is_all_of_the_first_documents(
    pairs: list[tuple[int, int]], usual: int, most: int, first: int, below: int
) -> None:
    def write(documents: Any, out: Any, told: Any) -> int:
        own = [code(*both) for both in pairs if documents[0] <= both[0] < documents[1]]
        out[: len(own)] = own[: len(out)]
        told[:] = 7, 8
        return len(own)

    found, stop, told = codes.fitting(write, (first, below), usual, most)
    assert first < stop <= below
    assert found.tolist() == [code(*both) for both in pairs if first <= both[0] < stop]
    assert told.tolist() == [7, 8]
    assert len(found) <= most or stop == first + 1
    if sum(first <= both[0] < below for both in pairs) <= most:
        assert stop == below


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=9), st.sampled_from([0, 1 << 20]))
def test_runs_give_the_distinct_in_order(added: list[list[int]], memory: int) -> None:
    with Store(memory) as store:
        runs = Runs(store)
        for some in added:
            runs.add(array(some))
        parts = list(runs.distinct())
        assert store.held_bytes == 0
    assert np.concatenate(parts).tolist() == sorted({one for some in added for one in some})
    assert all(part.dtype == np.uint64 for part in parts)


def test_runs_are_read_a_range_at_a_time() -> None:
    with Store(0) as store:
        runs = Runs(store)
        for first in range(100):
            runs.add(array(range(first, 4000, 100)))
        sizes = [len(part) for part in runs.distinct()]
    assert sum(sizes) == 4000
    assert max(sizes) <= codes.CODES_MERGED + 101 * codes.SAMPLED


def test_codes_of_the_last_documents_are_told_apart() -> None:
    pairs = [(0, END - 1), (END - 2, END - 1), (0, 1)]
    with Store(0) as store:
        runs = Runs(store)
        runs.add(array([code(*both) for both in pairs]))
        assert [both for part in runs.distinct() for both in part.tolist()] == sorted(code(*both) for both in pairs)


def test_pairs_are_read_by_rows() -> None:
    with Store(0) as store:
        runs = Runs(store)
        assert codes.column(runs, store)[:].shape == (0, 2)
        pairs = sorted(combinations(range(12), 2))
        runs.add(array([code(*both) for both in pairs[::-1]]))
        found = codes.column(runs, store)
        assert (len(found), found[:].dtype) == (66, np.int32)
        assert [tuple(both) for both in found[5:9].tolist()] == pairs[5:9]


@given(st.sets(st.integers(0, 30)), st.lists(st.integers(0, 30), max_size=20))
def test_counted_codes_are_merged(known: set[int], fresh: list[int]) -> None:
    size = len(known) + len(fresh)
    out, often = np.zeros(size, np.uint64), np.zeros(size, np.uint32)
    before = np.full(len(known), 5, np.uint32)
    filled = join.merge_counted(array(sorted(known)), before, array(sorted(fresh)), out, often)
    wanted = Counter(dict.fromkeys(known, 5)) + Counter(fresh)
    assert dict(zip(out[:filled].tolist(), often[:filled].tolist(), strict=True)) == wanted
    assert out[:filled].tolist() == sorted(wanted)


def test_merging_refuses_arrays_that_do_not_fit() -> None:
    one, none, counts = array([1]), array([]), np.ones(1, np.uint32)
    for arguments in ((one, counts[:0], none, one, counts), (one, counts, one, one, counts)):
        with pytest.raises(ValueError, match="fit"):
            join.merge_counted(*arguments)
