"""An index on disk is whole or refused: whatever bit flips, whatever is cut off, whenever a writer is killed."""

from __future__ import annotations

import errno
import importlib
import json
import os
import shutil
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import corpus, jsonl
from strategies import article

import dedup
from dedup.config import Config
from dedup.index import files, lookup, manifest, ranking, writing
from dedup.index.handle import Index
from dedup.model import DedupError

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of every kind of file."""
    folder = tmp_path_factory.mktemp("filled")
    index = Index.create(folder / "index")
    index.add(jsonl(folder / "rows.jsonl", corpus(20)), batch_documents=20)
    index.add_documents([dedup.document("mended", "the cafÃ© by the river, and the cafÃ© on the hill, are old")])
    index.remove(["d00003"])
    return folder / "index"


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "index"))


def answers(folder: Path) -> list[tuple[str, str, str, float]]:
    """All that an index is asked for and all that it says, by reading every part of it."""
    index = Index.open(folder)
    texts = corpus(20)
    asked = [dedup.document(f"q{name}", text) for name, text in list(texts.items())[::3]]
    found = index.query_documents([*asked, dedup.document("qmended", "the café by the river is old")])
    assert [name in index for name in texts] == [name != "d00003" for name in texts]
    return [(pair.a, pair.b, pair.relation, pair.resemblance) for pair in found.pairs]


@pytest.fixture(scope="module")
def expected(filled: Path) -> list[tuple[str, str, str, float]]:
    return answers(filled)


def test_no_room_for_a_file_in_memory_is_told(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(files.mmap, "mmap", refused)
    with pytest.raises(DedupError, match=r"cannot be mapped into memory .*more memory"):
        Index.open(filled)


# --- damage ----------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.data())
def test_a_flipped_bit_is_refused_or_was_not_asked_for(
    filled: Path, expected: list[tuple[str, str, str, float]], data: st.DataObject
) -> None:
    folder = filled.parent / "flipped"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled, folder)
    names = sorted(path.name for path in folder.iterdir() if path.name != manifest.LOCK)
    path = folder / data.draw(st.sampled_from(names))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        found = answers(folder)
    except DedupError as error:
        assert "damaged" in str(error)
    else:
        assert found == expected
    try:
        problems = Index.open(folder).verify()
    except DedupError as error:
        problems = [error]
    assert problems, "a flipped bit was not noticed"
    assert all("damaged" in str(problem) for problem in problems)


@pytest.mark.parametrize("section", lookup.SECTIONS)
def test_no_part_of_a_column_is_believed_before_it_is_summed(copied: Path, section: str) -> None:
    for reference in [one.file for one in manifest.loaded(copied).keys]:
        own = files.Mapped(copied, reference)
        with own.path.open("r+b") as file:
            file.seek(own.page(section) * files.PAGE_BYTES + files.PAGE_BYTES - 1)
            file.write(b"\xa5")
    with pytest.raises(DedupError, match="damaged: bytes"):
        answers(copied)


@settings(max_examples=20)
@given(st.data())
def test_a_file_that_is_cut_or_longer_is_refused(filled: Path, data: st.DataObject) -> None:
    folder = filled.parent / "cut"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(filled, folder)
    names = sorted(path.name for path in folder.iterdir() if path.name != manifest.LOCK)
    path = folder / data.draw(st.sampled_from(names))
    size = path.stat().st_size
    length = data.draw(st.one_of(st.integers(0, size - 1), st.just(size + 1)))
    with path.open("r+b") as file:
        file.truncate(length)
    with pytest.raises(DedupError, match=r"damaged|has .* bytes, not"):
        Index.open(folder)


def test_a_file_that_is_gone_or_another_is_refused(copied: Path) -> None:
    keys = sorted(copied.glob("keys-*"))
    data = keys[0].read_bytes()
    keys[0].unlink()
    with pytest.raises(DedupError, match=r"keys-\d+: is missing"):
        Index.open(copied)
    keys[0].write_bytes(keys[1].read_bytes()[: len(data)].ljust(len(data), b"x"))
    with pytest.raises(DedupError, match=r"damaged|bytes, not"):
        Index.open(copied)


def test_the_checksum_of_a_page_hangs_on_its_place(tmp_path: Path) -> None:
    pages = np.arange(4096, dtype=np.uint64)
    file = files.Writer(tmp_path / "keys-1")
    file.section("one", pages[:0], pages)
    file.section("two", np.array([3], np.int8))
    reference = file.finished()
    data = bytearray((tmp_path / "keys-1").read_bytes())
    assert files.Mapped(tmp_path, reference).array("one").tolist() == pages.tolist()
    assert files.Mapped(tmp_path, reference).array("two").tolist() == [3]
    data[: 2 * files.PAGE_BYTES] = data[files.PAGE_BYTES : 2 * files.PAGE_BYTES] + data[: files.PAGE_BYTES]
    (tmp_path / "keys-1").write_bytes(data)
    with pytest.raises(DedupError, match=r"bytes 0 to 4,096"):
        files.Mapped(tmp_path, reference).array("one")
    assert files.Mapped(tmp_path, reference).bytes_of("one", 9000, 9008) == pages[1125:1126].tobytes()


# --- bad input -------------------------------------------------------------------------------------------------


def test_what_is_no_index_is_told(tmp_path: Path) -> None:
    with pytest.raises(DedupError, match=r"does not exist; check the spelling, or make it"):
        Index.open(tmp_path / "nothing")
    with pytest.raises(DedupError, match=r"is not an index"):
        Index.open(tmp_path)
    (tmp_path / "file").write_text("text")
    with pytest.raises(DedupError, match=r"is not an index"):
        Index.open(tmp_path / "file")
    (tmp_path / "manifest.json").write_text("[1, 2]")
    with pytest.raises(DedupError, match=r"damaged"):
        Index.open(tmp_path)


def test_other_options_are_refused_by_name(copied: Path) -> None:
    Index.open(copied, Config(workers=1))
    with pytest.raises(
        DedupError, match=r"threshold 0\.7, not 0\.8, passage_sampling 4, not 1; leave these options out"
    ):
        Index.open(copied, Config(threshold=0.8, passage_sampling=1))


def test_another_format_is_refused(copied: Path) -> None:
    told = json.loads((copied / manifest.MANIFEST).read_text())
    del told["checksum"]
    told["format"] = 99
    (copied / manifest.MANIFEST).write_text(json.dumps({**told, "checksum": manifest._checksum(told)}))
    with pytest.raises(DedupError, match=r"is of format 99.*this version reads format 3"):
        Index.open(copied)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_may_not_be_written_to_is_told(copied: Path) -> None:
    copied.chmod(0o500)
    try:
        with pytest.raises(DedupError, match=r"cannot be written"):
            Index.open(copied).add_documents([dedup.document("x", "y")])
        with pytest.raises(DedupError, match=r"cannot be written"):
            Index.create(copied / "more")
    finally:
        copied.chmod(0o700)


def test_a_full_disk_leaves_what_was_committed(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = answers(copied)

    def full(self: files.Writer) -> files.Reference:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Writer, "finished", full)
    index = Index.open(copied)
    with pytest.raises(DedupError, match=r"No space left on device.*as it was last committed"):
        index.add_documents([dedup.document("x", article(3))])
    monkeypatch.undo()
    assert answers(copied) == before
    assert index.add_documents([dedup.document("x", article(3))]).documents == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of open files are asked of /proc")
def test_what_a_manifest_names_is_on_disk_before_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of batches that overlap, of merges beside them, of removal, and of what is ranked anew."""
    monkeypatch.setattr(writing, "FANOUT", 3)
    monkeypatch.setattr(ranking, "SAMPLE_BYTES", 5_000)
    on_disk: set[str] = set()
    commits: list[set[str]] = []
    fsync, replace_ = os.fsync, Path.replace

    def synced(handle: int) -> None:
        fsync(handle)
        on_disk.add(Path(f"/proc/self/fd/{handle}").resolve().name)

    def renamed(self: Path, to: Path) -> Path:
        told = json.loads(self.read_text())
        single = [told[kind]["name"] for kind in ("ranking", "removed") if told[kind]]
        commits.append({*single, *(one["file"]["name"] for kind in ("texts", "keys") for one in told[kind])} - on_disk)
        return replace_(self, to)

    index = Index.create(tmp_path / "index")
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    for _ in index.adding(jsonl(tmp_path / "rows.jsonl", corpus(60)), batch_documents=3):
        assert index.stats().files
    assert index.stats().is_settled
    index.remove([f"d{number:05}" for number in range(20)])
    assert len(commits) > 24
    assert not any(commits)


def test_unreadable_sources_are_told_and_the_rest_is_added(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text('{"id": "new", "text": "these are new words"}\n{"id": \n')
    (tmp_path / "empty.jsonl").write_text("")
    added = Index.open(copied).add([tmp_path / name for name in ("broken.jsonl", "empty.jsonl", "none.txt")])
    assert added.documents == 1
    assert len(added.problems) == 3


# --- readers and writers ---------------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_writes(copied: Path) -> None:
    with manifest.locked(copied):
        with pytest.raises(DedupError, match=rf"is being written by process {os.getpid()} on .* since .*; wait until"):
            Index.open(copied).add_documents([dedup.document("x", "y")])
        assert answers(copied)
    assert Index.open(copied).add_documents([dedup.document("x", "some words")]).documents == 1


def test_a_reader_sees_what_was_committed_last(copied: Path) -> None:
    reader, writer = Index.open(copied), Index.open(copied)
    size = len(reader)
    held = reader.refreshed()
    writer.add_documents([dedup.document("new", article(41))])
    pairs = reader.query_documents([dedup.document("x", article(41))]).pairs
    assert ("new", "exact") in {(pair.b, pair.relation) for pair in pairs}
    assert len(reader) == size + 1
    assert len(held) == size


def test_readers_go_on_while_a_writer_adds_and_merges(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(writing, "FANOUT", 2)
    expected = set(answers(copied))
    stop, seen, failed = [], [], []

    def asking() -> None:
        reader = Index.open(copied)
        asked = [dedup.document(f"q{name}", text) for name, text in list(corpus(20).items())[::3]]
        try:
            while not stop:
                pairs = reader.query_documents(asked).pairs
                seen.append({(one.a, one.b, one.relation, one.resemblance) for one in pairs})
        except BaseException as error:
            failed.append(error)

    readers = [Thread(target=asking) for _ in range(2)]
    for one in readers:
        one.start()
    writer = Index.open(copied)
    for number in range(12):
        writer.add_documents([dedup.document(f"other-{number}", f"wholly other words {number} " * 20)])
    stop.append(True)
    for one in readers:
        one.join()
    assert failed == []
    assert len(seen) > 1
    assert all(found >= expected - {one for one in expected if one[0] == "qmended"} for found in seen)


# --- killed ----------------------------------------------------------------------------------------------------


def test_no_acknowledged_document_is_lost_when_writers_are_killed(tmp_path: Path) -> None:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        index_kills: Any = importlib.import_module("index_kills")
    finally:
        sys.path.remove(str(BENCHMARKS))
    found = index_kills.kills(tmp_path, 8)
    assert found.faults == []
    assert found.rounds == 8
    assert found.told > 8
