"""Arrays kept in the user's cache are the ones that were made, or are made anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from dedup import cached
from dedup.bulk import wordlists


def asked(name: str, made: list[int]) -> cached.Arrays:
    def make() -> cached.Arrays:
        made.append(1)
        return {"a": np.arange(5), "b": np.ones(2)}

    return cached.arrays(name, make, lambda found: sorted(found) == ["a", "b"])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "dedup"


def test_what_was_made_once_is_read(folder: Path) -> None:
    made: list[int] = []
    first, second, other = asked("one", made), asked("one", made), asked("two", made)
    assert len(made) == 2 and sorted(one.name for one in folder.iterdir()) == ["one.npz", "two.npz"]
    assert all((first[name] == second[name]).all() and (first[name] == other[name]).all() for name in "ab")


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_torn_file_is_made_anew(folder: Path, size: int) -> None:
    made: list[int] = []
    asked("one", made)
    path = folder / "one.npz"
    path.write_bytes(path.read_bytes()[:size])
    assert asked("one", made)["a"].tolist() == list(range(5)) and len(made) == 2
    asked("one", made)
    assert len(made) == 2, "it was not put back"


def other_names(path: Path) -> None:
    np.savez(path, c=np.zeros(1))


def bare_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def other_members(path: Path) -> None:
    with ZipFile(path, "w") as file:
        file.writestr("a", b"no array")
        file.writestr("b", b"no array")


def flipped(path: Path) -> None:
    np.savez_compressed(path, a=np.arange(5000), b=np.ones(2))
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(data)


def huge(path: Path) -> None:
    with ZipFile(path, "w") as file:
        header = "{'descr': '<u8', 'fortran_order': False, 'shape': (1 << 60,), }".replace("1 << 60", str(1 << 60))
        file.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        file.writestr("b.npy", b"")


@pytest.mark.parametrize("foreign", [other_names, bare_array, other_members, flipped, huge])
def test_a_foreign_file_is_made_anew(folder: Path, foreign: Callable[[Path], None]) -> None:
    made: list[int] = []
    asked("one", made)
    foreign(folder / "one.npz")
    assert asked("one", made)["a"].tolist() == list(range(5)) and len(made) == 2


def test_what_earlier_versions_kept_is_removed(folder: Path) -> None:
    made: list[int] = []
    asked("kind-1", made)
    asked("other-1", made)
    for name, age in (("old.tmp", 2 * cached.DRAFT_SECONDS), ("young.tmp", 0)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (time.time() - age,) * 2)
    asked("kind-2", made)
    assert sorted(one.name for one in folder.iterdir()) == ["kind-2.npz", "other-1.npz", "young.tmp"]


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dedup").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made: list[int] = []
    assert asked("one", made)["b"].tolist() == [1.0, 1.0] and len(asked("one", made)) == 2 and len(made) == 2


def test_a_digest_tells_files_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    one, other = cached.digest(tmp_path / "a"), cached.digest(tmp_path / "b")
    (tmp_path / "a").write_text("b")
    assert len({one, other, cached.digest(tmp_path / "a"), cached.digest(None)}) == 4


def test_word_lists_from_the_cache_are_those_that_are_made(folder: Path) -> None:
    made, read = wordlists.english.__wrapped__(), wordlists.english.__wrapped__()
    (path,) = (one for one in folder.iterdir() if one.name.startswith("english-"))
    for name in ("zipfs", "bigrams", "frequent"):
        assert (getattr(made, name) == getattr(read, name)).all()
    full = np.ones((4, 2), np.uint64)  # a search for another key would not end
    otherwise = made.zipfs ^ np.uint64(1)  # as a wrong kernel would have made them
    for wrong in (full, otherwise, np.array(5), made.zipfs.astype(float), np.asfortranarray(made.zipfs)):
        np.savez(path, zipfs=wrong, bigrams=made.bigrams, frequent=made.frequent)
        assert (wordlists.english.__wrapped__().zipfs == made.zipfs).all()


def test_word_lists_are_made_where_nothing_tells_their_versions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", unknown)
    monkeypatch.setattr(
        wordlists, "_made", lambda: {name: np.zeros((2, 2)) for name in ("zipfs", "bigrams", "frequent")}
    )
    assert len(wordlists.english.__wrapped__().zipfs) == 2 and not folder.exists()
