"""Columns come back as they were put, wherever they lie; and the ids of a corpus are those of its documents."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.bulk import corpus
from dedup.engines import store
from dedup.engines.store import Store
from dedup.model import DedupError

DTYPES = (np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64)

_arrays = st.lists(
    st.tuples(st.lists(st.integers(0, 255), max_size=20), st.sampled_from(DTYPES)).map(
        lambda made: np.array(made[0], made[1])
    ),
    max_size=12,
)


# --- the store -------------------------------------------------------------------------------------------------


@given(_arrays, st.sampled_from([0, 100, 1000, 1 << 20]), st.data())
def test_what_is_put_comes_back(arrays: list[NDArray[Any]], memory: int, data: st.DataObject) -> None:
    with Store(memory) as own:
        blocks = [own.put(array) for array in arrays]
        for number in data.draw(st.permutations(range(len(arrays)))):
            start = data.draw(st.integers(0, len(arrays[number])))
            stop = data.draw(st.integers(start, len(arrays[number])))
            found = own.part(blocks[number], start, stop)
            assert (found.dtype, found.tolist()) == (arrays[number].dtype, arrays[number][start:stop].tolist())
            assert own.whole(blocks[number]).tolist() == arrays[number].tolist()
        assert own.held_bytes <= own.held_bytes_most <= memory // store.HELD_SHARE
        assert own.held_bytes_most + own.filed_bytes == sum(array.nbytes for array in arrays)


def test_what_is_dropped_makes_room() -> None:
    with Store(store.HELD_SHARE * 80) as own:
        first = own.put(np.arange(10))
        own.put(np.arange(10))
        assert (own.held_bytes, own.filed_bytes) == (80, 80)
        own.drop(first)
        own.drop(first)
        assert own.held_bytes == 0
        own.put(np.arange(10))
        assert (own.held_bytes, own.filed_bytes) == (80, 80)


def test_a_piece_of_an_array_does_not_keep_the_whole() -> None:
    whole = np.arange(1000)
    with Store(1 << 20) as own:
        block = own.put(whole[10:20])
        assert not np.shares_memory(own.whole(block), whole)
        assert own.held_bytes == 80


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, empty."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_no_file_is_left_whatever_happens(temporary: Path) -> None:
    with pytest.raises(KeyError), Store(0) as own:
        own.put(np.arange(1000))
        seen = list(temporary.iterdir())
        raise KeyError
    assert seen == []  # nor is there one to see meanwhile
    assert list(temporary.iterdir()) == []
    assert own._file is not None
    assert own._file.closed


def test_what_fits_into_memory_makes_no_file(temporary: Path) -> None:
    with Store(1 << 20) as own:
        own.put(np.arange(1000))
        assert own._file is None
    assert own.held_bytes == 0


def test_a_full_disk_is_told(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def seek(self, _: int) -> None: ...

        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None: ...

    monkeypatch.setattr(store, "TemporaryFile", lambda **_: Full())
    with Store(0) as own, pytest.raises(DedupError, match=r"cannot take 8,000 bytes more .*TMPDIR") as caught:
        own.put(np.arange(1000))
    assert caught.value.path == str(temporary)


def test_a_short_write_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def __init__(self) -> None:
            self.data, self.at = bytearray(), 0

        def seek(self, at: int) -> None:
            self.at = at

        def write(self, data: memoryview) -> int:
            self.data[self.at : self.at + 3] = data[:3]
            self.at += len(data[:3])
            return len(data[:3])

        def readinto(self, out: memoryview) -> int:
            taken = self.data[self.at : self.at + min(5, len(out))]
            out[: len(taken)] = taken
            self.at += len(taken)
            return len(taken)

        def close(self) -> None: ...

    monkeypatch.setattr(store, "TemporaryFile", lambda **_: Slow())
    with Store(0) as own:
        blocks = [own.put(np.arange(size)) for size in (3, 0, 20)]
        assert [own.whole(block).tolist() for block in blocks] == [[0, 1, 2], [], list(range(20))]


def test_threads_may_share_a_store() -> None:
    with Store(store.HELD_SHARE * 4000) as own, ThreadPoolExecutor(4) as pool:

        def used(number: int) -> bool:
            block = own.put(np.full(100, number))
            found = own.part(block, 10, 90)
            if number % 2:
                own.drop(block)
            return len(found) == 80 and bool((found == number).all())

        assert all(pool.map(used, range(200)))
        assert own.filed_bytes > 0


# --- ids -------------------------------------------------------------------------------------------------------

_ids = st.lists(
    st.builds(
        str.__add__,
        st.sampled_from(["", "https://a.", "https://a.example/", "é"]),
        st.text("ab\0é漢\ud800🙂", max_size=12),
    ),
    max_size=30,
)


def made(names: list[str]) -> corpus.Ids:
    data, lengths = corpus._encoded(names)
    return corpus.Ids(data, np.cumsum(np.append(0, lengths), dtype=np.int32))


@given(_ids, st.sampled_from([1, 3, 100]))
def test_ids_are_a_sequence_of_strings(names: list[str], at_a_time: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "IDS_AT_A_TIME", at_a_time)
        own = made(names)
        assert list(own) == names
    assert [own[number] for number in range(-len(names), len(names))] == names + names
    assert own[1:-1] == names[1:-1]
    assert (len(own), bool(own)) == (len(names), bool(names))
    assert all(name in own for name in names)
    with pytest.raises(IndexError):
        own[len(names)]


@given(_ids, st.sampled_from([1, 3, 100]), st.booleans())
def test_ids_are_sorted_as_python_sorts_them(names: list[str], at_a_time: int, ascending: bool) -> None:
    names = sorted(set(names)) if ascending else names
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        first.setdefault(name, number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "IDS_AT_A_TIME", at_a_time)
        order, doubles = corpus._order(made(names))
    assert doubles == [(number, first[name]) for number, name in enumerate(names) if first[name] != number]
    wanted = [first[name] for name in sorted(first)]
    assert (list(range(len(names))) if order is None else order.tolist()) == wanted
    assert (order is None) == (names == sorted(set(names)))
    if order is not None:
        assert list(corpus._taken(made(names), order)) == sorted(first)


def test_ids_of_two_gigabytes_are_counted_in_eight_bytes() -> None:
    own = corpus.Ids(np.frombuffer(b"bac", np.uint8), np.array([0, 1, 2, 3], np.int64))
    order, _ = corpus._order(own)
    assert order is not None
    assert list(corpus._taken(own, order)) == ["a", "b", "c"]
