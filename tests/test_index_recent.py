"""What is in memory of the last columns gives what they give themselves; batches are prepared ahead, and wait."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import corpus, jsonl

from dedup.engines import local, turns
from dedup.index import adding, columns, lists, lookup, ranking, recent
from dedup.index.columns import Laid
from dedup.index.handle import Index
from dedup.index.incoming import Incoming
from dedup.index.lists import Lists
from dedup.index.lookup import Column
from dedup.index.recent import Shelf
from dedup.index.snapshot import Snapshot
from dedup.kernels import keys
from dedup.kernels import lists as kernels
from dedup.model import DedupError

NONE = np.zeros(0, np.uint8)
ROWS = 10

# Few keys and terms, so that several columns have one; and some that differ in the last bits only.
KEYS = st.one_of(st.integers(0, 40), st.integers((1 << 40) - 9, (1 << 40) - 1), st.integers(0, (1 << 40) - 1))
WORDS = st.lists(st.builds(lambda key, row: key << 24 | row, KEYS, st.integers(0, ROWS - 1)), max_size=40, unique=True)
TERMS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, ROWS - 1)), max_size=20, unique=True)
BATCH = st.tuples(WORDS, TERMS)


def laid_out(words: list[int], terms: list[tuple[int, int]], first: int) -> Laid:
    """The column of a batch whose documents have the numbers from `first` on."""
    held = Lists.fresh(*lists._laid(np.array(sorted(term << 32 | row for term, row in terms), np.uint64), NONE, 0))
    numbers = np.arange(first, first + ROWS, dtype=np.uint32)
    return columns.laid_out(np.array(sorted(words), np.uint64), held, numbers)


def on_a_shelf(every: list[Laid]) -> Shelf:
    shelves: tuple[Shelf, ...] = ()
    for number, one in enumerate(every):
        shelves = recent.with_column(shelves, one.shelved(f"keys-{number}"), begins=not number)
    (shelf,) = shelves
    return shelf


def documents_of(where: Lists) -> dict[int, list[int]]:
    starts = where.starts.tolist()
    ends = zip(where.terms.tolist(), starts[:-1], starts[1:], strict=True)
    return {term: where.documents[first:stop].tolist() for term, first, stop in ends}


@given(st.lists(BATCH, min_size=1, max_size=6), WORDS)
def test_a_shelf_gives_of_each_column_what_it_gives_by_itself(
    batches: list[tuple[list[int], list[tuple[int, int]]]], asked: list[int]
) -> None:
    every = [laid_out(words, terms, ROWS * number) for number, (words, terms) in enumerate(batches)]
    own = tuple(one.column for one in every)
    sought = np.array(sorted({*asked, *(word for words, _ in batches for word in words)}), np.uint64)
    part = lookup._Part(own, on_a_shelf(every), ())
    for column, found in zip(own, part.found(sought), strict=True):
        assert [told.tolist() for told in found] == [told.tolist() for told in lookup._found(sought, column)]


@given(st.lists(BATCH, min_size=1, max_size=6))
def test_lists_of_a_shelf_are_those_of_its_columns_one_after_the_other(
    batches: list[tuple[list[int], list[tuple[int, int]]]],
) -> None:
    every = [laid_out(words, terms, ROWS * number) for number, (words, terms) in enumerate(batches)]
    expected: dict[int, list[int]] = {}
    for one in every:
        for term, documents in documents_of(one.lists).items():
            expected.setdefault(term, []).extend(documents)
    shelf, found = on_a_shelf(every), dict[int, list[int]]()
    for _, held in shelf.lists:
        assert held.terms.tolist() == sorted(set(held.terms.tolist()))
        for term, documents in documents_of(held).items():
            found.setdefault(term, []).extend(documents)
    assert found == expected
    binary = [1 << bit for bit in reversed(range(3)) if len(every) >> bit & 1]
    assert [count for count, _ in shelf.lists] == binary


def test_a_shelf_goes_with_any_of_its_columns_and_a_larger_column_begins_one() -> None:
    small = laid_out([7 << 24], [(3, 1)], 0)
    large = laid_out([key << 24 for key in range(1 << 14)], [], ROWS)
    shelves = recent.with_column((), small.shelved("keys-0"), begins=False)
    shelves = recent.with_column(shelves, large.shelved("keys-1"), begins=False)
    shelves = recent.with_column(shelves, small.shelved("keys-2"), begins=False)
    assert [one.names for one in shelves] == [("keys-0",), ("keys-1", "keys-2")]
    assert [one.names for one in recent.kept(shelves, ["keys-0", "keys-2"])] == [("keys-0",)]
    begun = recent.with_column(shelves, small.shelved("keys-3"), begins=True)
    assert [one.names for one in begun[2:]] == [("keys-3",)]


def test_what_does_not_fit_is_refused() -> None:
    one = laid_out([7 << 24], [(3, 1)], 0)
    with pytest.raises(ValueError, match="do not fit"):
        keys.admit(one.directory, one.postings, one.column.bits, 20, np.zeros(1 << 19, np.uint32))
    own = (one.lists.terms, one.lists.starts, one.lists.documents)
    few, room = np.zeros(1, np.uint32), np.zeros(9, np.uint32)
    with pytest.raises(ValueError, match="no room"):
        kernels.join(*own, *own, few, room, room)
    with pytest.raises(ValueError, match="no room"):
        kernels.join(*own, *own, room, room, few)
    with pytest.raises(ValueError, match="do not fit"):
        kernels.join(one.lists.terms, few, one.lists.documents, *own, room, room, room)
    with pytest.raises(ValueError, match="no such documents"):
        kernels.join(one.lists.terms, one.lists.starts, few[:0], *own, room, room, room)


def test_many_batches_find_the_same_with_and_without_shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = jsonl(tmp_path / "rows.jsonl", corpus(240)), [0]
    asked = lookup._parts

    def counting(every: list[Column], shelves: tuple[Shelf, ...]) -> list[lookup._Part]:
        seen.extend(len(one.names) for one in shelves)
        return asked(every, shelves)

    monkeypatch.setattr(lookup, "_parts", counting)
    index = Index.create(tmp_path / "one")
    index.add(jsonl(tmp_path / "before.jsonl", corpus(20, seed=8)), batch_documents=10)
    with_shelves = [list(part.pairs) for part in index.adding(path, batch_documents=4)]
    assert max(seen) >= 14  # so many columns are asked as one, and one less that is merged with those before
    assert index.refreshed().shelves == ()
    assert index.verify() == []
    monkeypatch.setattr(recent, "with_column", lambda *_: ())
    other = Index.create(tmp_path / "other")
    other.add(tmp_path / "before.jsonl", batch_documents=10)
    assert with_shelves == [list(part.pairs) for part in other.adding(path, batch_documents=4)]
    assert sum(map(len, with_shelves)) > 20


def test_turns_are_short_only_meanwhile() -> None:
    before = sys.getswitchinterval()
    with turns.short():
        assert sys.getswitchinterval() == pytest.approx(turns.TURN_SECONDS, rel=0.05)
    assert sys.getswitchinterval() == before
    sys.setswitchinterval(turns.TURN_SECONDS / 4)
    try:
        with turns.short():  # whoever asked for shorter ones keeps them
            assert sys.getswitchinterval() == pytest.approx(turns.TURN_SECONDS / 4, rel=0.05)
    finally:
        sys.setswitchinterval(before)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
def test_threads_that_read_ahead_give_way_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)

    def priority(_: int) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found = list(local.mapped(priority, range(4), 2, begun=turns.give_way))
    assert found == [min(19, before + turns.WAY_GIVEN)] * 4
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before

    def refused(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refused)
    assert list(local.mapped(priority, range(4), 2, begun=turns.give_way)) == [before] * 4


def test_batches_that_are_prepared_ahead_wait_and_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "SAMPLE_BYTES", 1)
    made, settled, most = [0], [0], [0]
    prepared = adding._prepared

    def counting(one: Incoming, at: Snapshot) -> adding._Prepared:
        found = prepared(one, at)
        made[0] += 1
        most[0] = max(most[0], made[0] - settled[0])
        return found

    monkeypatch.setattr(adding, "_prepared", counting)
    index = Index.create(tmp_path / "index")
    for part in index.adding(jsonl(tmp_path / "rows.jsonl", corpus(150)), batch_documents=5):
        settled[0] += 1
        assert part.generation == index.refreshed().manifest.generation
        assert len(Index.open(tmp_path / "index")) == 5 * settled[0] or part.documents < 5
        assert made[0] - settled[0] <= adding.AHEAD
    assert made[0] == settled[0] > 30
    assert most[0] <= adding.AHEAD + 1


def test_what_goes_wrong_ahead_comes_after_what_was_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "SAMPLE_BYTES", 1)
    prepared, calls = adding._prepared, [0]

    def failing(one: Incoming, at: Snapshot) -> adding._Prepared:
        calls[0] += 1
        if calls[0] == 4:
            raise OSError(28, "No space left on device")
        return prepared(one, at)

    monkeypatch.setattr(adding, "_prepared", failing)
    index, given = Index.create(tmp_path / "index"), 0
    with pytest.raises(DedupError, match="No space left"):
        for part in index.adding(jsonl(tmp_path / "rows.jsonl", corpus(60)), batch_documents=5):
            given += part.documents
    assert given == len(index) == 15
    assert index.verify() == []
    named = {one.name for one in index.refreshed().manifest.files}
    assert {one.name for one in (tmp_path / "index").iterdir()} == named | {"manifest.json", "lock"}
