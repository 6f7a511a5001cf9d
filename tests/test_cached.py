"""Arrays kept in the user's cache are the ones that were made, or are made anew."""

from __future__ import annotations

from pathlib import Path

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


def test_a_foreign_file_is_made_anew(folder: Path) -> None:
    made: list[int] = []
    asked("one", made)
    np.savez(folder / "one.npz", c=np.zeros(1))
    assert "c" not in asked("one", made) and len(made) == 2


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
    np.savez(path, zipfs=full, bigrams=made.bigrams, frequent=made.frequent)
    assert (wordlists.english.__wrapped__().zipfs == made.zipfs).all()
