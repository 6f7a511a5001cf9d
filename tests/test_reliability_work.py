"""A work folder: what a run leaves that is killed while it takes its folder away, or that tells of no run."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from strategies import article

import dedup
from dedup import whole
from dedup.engines import work
from dedup.index import manifest
from dedup.index.handle import Index
from dedup.model import DedupError


class Killed(BaseException):
    """What happens to a process that is killed, as far as files show it."""


@pytest.mark.parametrize("removals", range(1, 8))
def test_a_run_killed_while_its_work_folder_is_removed_leaves_one_that_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removals: int
) -> None:
    folder = tmp_path / "work"
    begun = work.opened(folder, [], {"threshold": 0.8})
    for stage in ("read", "sketch"):
        (folder / stage).mkdir()
        (folder / stage / "000000").write_bytes(b"kept")
    left = [removals]

    def counted(real):  # type: ignore[no-untyped-def]
        def call(*arguments, **named):  # type: ignore[no-untyped-def]
            if not left[0]:
                raise Killed
            left[0] -= 1
            return real(*arguments, **named)

        return call

    with monkeypatch.context() as killing:
        for name in ("unlink", "rmdir"):
            killing.setattr(os, name, counted(getattr(os, name)))
        with pytest.raises(Killed):
            begun.done()
    begun.close()
    again = work.opened(folder, [], {"threshold": 0.9})  # another run: nothing is left to go on with
    assert not again.is_resumed
    again.done()
    assert not folder.exists()


def test_a_work_folder_is_gone_when_it_is_done(tmp_path: Path) -> None:
    done = work.opened(tmp_path / "work", [], {})
    shutil.rmtree(tmp_path / "work")
    done.done()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("told", ["[]", "3", "null", '"dedup kept 2"', "{", ""])
def test_a_work_folder_that_tells_of_no_run_is_refused(tmp_path: Path, told: str) -> None:
    work.opened(tmp_path / "work", [], {}).close()
    (tmp_path / "work" / work.RUN).write_text(told)
    with pytest.raises(DedupError, match="does not tell what run it is of"):
        work.opened(tmp_path / "work", [], {})


@pytest.mark.parametrize("left", [".seen.partial", ".seen.partial/manifest.json.new"])
def test_what_a_run_left_that_was_killed_while_it_made_an_index_is_taken_away(tmp_path: Path, left: str) -> None:
    (tmp_path / ".seen.partial").mkdir(mode=0o700)
    if left.endswith(".new"):
        (tmp_path / left).write_text("{")
    Index.create(tmp_path / "seen")
    assert [path.name for path in tmp_path.iterdir()] == ["seen"]
    assert not list(tmp_path.rglob("*.new"))


def test_two_runs_do_not_make_one_index(tmp_path: Path) -> None:
    with (
        whole.folder(tmp_path / "seen"),
        pytest.raises(DedupError, match="is being written by another run"),
    ):
        Index.create(tmp_path / "seen")


def test_the_next_writer_removes_a_manifest_that_was_not_committed(tmp_path: Path) -> None:
    with Index.create(tmp_path / "seen") as index:
        (tmp_path / "seen" / "manifest.json.new").write_text("{")
        (tmp_path / "seen" / "keys-9").write_bytes(b"half")
        assert index.remove([]) == (0, [])
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["lock", "manifest.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, OSError])
@pytest.mark.parametrize("at", range(6))
def test_a_writer_of_an_index_that_is_ended_leaves_what_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], at: int
) -> None:
    index = Index.create(tmp_path / "seen")
    left = [at]

    def ended(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise error

    with monkeypatch.context() as ending:
        ending.setattr(os, "fsync", ended)
        with pytest.raises(BaseException):  # noqa: B017
            index.add_documents([dedup.document("a", article(1)), dedup.document("b", article(2))])
    there = {path.name for path in (tmp_path / "seen").iterdir()} - {"lock"}
    named = {"manifest.json", *(one.name for one in manifest.loaded(tmp_path / "seen").files)}
    assert there == named
    assert len(Index.open(tmp_path / "seen")) in (0, 2)


@pytest.mark.parametrize("call", ["ftruncate", "write", "listdir", "scandir"])
def test_a_writer_of_an_index_on_a_broken_disk_is_told_so_or_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    index = Index.create(tmp_path / "seen")

    def refused(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, refused)
        with suppress(DedupError):
            index.add_documents([dedup.document("a", article(1))])
    assert len(Index.open(tmp_path / "seen")) in (0, 1)
    assert not index.verify()
