"""What happens between two steps of a run that writes: another run takes a name away, an interrupt comes, locks or room
are missing. Each is played at its step; tests/test_reliability.py and benchmarks/faults.py do so from outside."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dedup import spool, whole
from dedup.model import DedupError


def test_a_file_that_grows_goes_to_the_disk_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def advised(_: int, start: int, size: int, __: int) -> None:
        asked.append((start, size))
        raise OSError(errno.EINVAL, "no advice here")

    monkeypatch.setattr(whole, "EARLY_BYTES", 10)
    monkeypatch.setattr(os, "posix_fadvise", advised)
    with (tmp_path / "a").open("wb", buffering=0) as out:
        early = whole.Early(out.fileno())
        for size in (4, 4, 4, 30, 1):
            out.write(b"x" * size)
            early.grown()
    assert asked == [(0, 12), (12, 30)]


KINDS = pytest.mark.parametrize("kind", ["file", "folder"])


def written(kind: str, target: Path) -> None:
    """Writes `target`: a file with `new` in it, or a folder with such a file."""
    if kind == "file":
        with whole.file(target) as out:
            out.write(b"new")
    else:
        with whole.folder(target) as folder:
            (folder / "one").write_bytes(b"new")


def content(kind: str, target: Path) -> bytes:
    return (target if kind == "file" else target / "one").read_bytes()


def at_first(monkeypatch: pytest.MonkeyPatch, name: str, instead: Callable[[Callable[..., Any], Any], Any]) -> None:
    """A step of `whole`, by name, happens in another way the first time, given the step and what it is about."""
    plain, calls = getattr(whole, name), []

    def step(about: Any) -> Any:
        calls.append(about)
        return instead(plain, about) if len(calls) == 1 else plain(about)

    monkeypatch.setattr(whole, name, step)


@KINDS
def test_a_name_that_another_run_takes_away_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def gone(plain: object, path: Path) -> int:
        raise FileNotFoundError(errno.ENOENT, "gone", str(path))

    at_first(monkeypatch, f"_opened_{kind}", gone)
    written(kind, tmp_path / "out")
    assert content(kind, tmp_path / "out") == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@KINDS
def test_a_lock_on_what_has_lost_its_name_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The other run renames or removes what this one has opened, before this one has the lock on it."""
    opened = []

    def lost(plain: Callable[[Path], int], path: Path) -> int:
        handle = plain(path)
        opened.append(os.fstat(handle).st_ino)
        path.rename(path.with_name("theirs"))
        return handle

    at_first(monkeypatch, f"_opened_{kind}", lost)
    written(kind, tmp_path / "out")
    assert content(kind, tmp_path / "out") == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "theirs"]
    assert (tmp_path / "theirs").stat().st_ino == opened[0] != (tmp_path / "out").stat().st_ino


@KINDS
def test_a_name_that_is_always_taken_away_is_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    tries = []

    def gone(path: Path) -> int:
        tries.append(path)
        raise FileNotFoundError(errno.ENOENT, "gone", str(path))

    monkeypatch.setattr(whole, f"_opened_{kind}", gone)
    written(kind, tmp_path / "out")
    assert content(kind, tmp_path / "out") == b"new"
    assert len(tries) == whole.TRIES


@KINDS
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_before_the_lock_is_held_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, error: type[BaseException]
) -> None:
    def interrupted(handle: int) -> None:
        raise error

    monkeypatch.setattr(whole, "locked", interrupted)
    with pytest.raises(error):
        written(kind, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_takes_away_nothing_that_holds_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(whole, "locked", interrupted)
    (tmp_path / ".out.partial").write_bytes(b"of a run that holds the lock")
    with pytest.raises(KeyboardInterrupt):
        written("file", tmp_path / "out")
    assert (tmp_path / ".out.partial").read_bytes() == b"of a run that holds the lock"


@KINDS
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_what_the_system_refuses_is_told_and_what_stood_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, number: int
) -> None:
    def refused(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    if kind == "file":
        (tmp_path / "out").write_bytes(b"old")
    for step in ("locked", "_opened_file" if kind == "file" else "_opened_folder"):
        with monkeypatch.context() as patch:
            patch.setattr(whole, step, refused)
            with pytest.raises(DedupError, match=os.strerror(number)):
                written(kind, tmp_path / "out")
    assert kind == "folder" or (tmp_path / "out").read_bytes() == b"old"


def test_a_target_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> object:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    target = tmp_path / "out"
    target.mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(DedupError, match="cannot be listed"):
        whole.refuse_existing(target)


def test_a_folder_system_that_cannot_flush_fails_no_run_and_a_broken_disk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, fails in ((errno.EINVAL, False), (errno.EOPNOTSUPP, False), (errno.EROFS, False), (errno.EIO, True)):

        def refused(handle: int, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        target = tmp_path / f"out{number}"
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", refused)
            if fails:
                with pytest.raises(DedupError, match="cannot be written"):
                    written("file", target)
                assert not target.exists()
            else:
                written("file", target)
                assert target.read_bytes() == b"new"


# --- temporary files -------------------------------------------------------------------------------------------


def test_without_a_place_for_temporary_files_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with spool.Spool() as made, pytest.raises(DedupError, match="TMPDIR") as told:
        made.path(".txt")
    assert "no folder takes temporary files" in told.value.problem


def test_a_spool_that_somebody_tidied_away_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("locked", "is_at"):
        plain, calls = getattr(whole, name), list[object]()

        def step(*about: Any, plain: Any = plain, calls: list[object] = calls) -> Any:
            calls.append(about)
            if len(calls) == 1:
                next(tmp_path.iterdir()).rmdir()
                raise BlockingIOError(errno.EWOULDBLOCK, "somebody holds it")
            return plain(*about)

        with monkeypatch.context() as patch, spool.Spool() as made:
            patch.setattr(whole, name, step)
            path = made.path(".txt")
            path.write_text("there")
            assert len(calls) == 2
            assert [one.name for one in tmp_path.iterdir()] == [path.parent.name]
        assert list(tmp_path.iterdir()) == []


def test_a_spool_on_a_system_without_locks_is_removed_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(handle: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(whole, "locked", refused)
    with spool.Spool() as made:
        path = made.path(".txt")
        path.write_text("there")
        assert list(tmp_path.iterdir()) == [path.parent]
    assert made.stopped
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_a_spool_is_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(whole, "locked", interrupted)
    with spool.Spool() as made, pytest.raises(KeyboardInterrupt):
        made.path(".txt")
    assert list(tmp_path.iterdir()) == []
