"""Output is whole or not there, whatever ends the run, and adds up; two runs on one target know of each other."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from packing import pack
from strategies import article

from dedup import decisions, pipeline, whole
from dedup.cli import main
from dedup.config import Config
from dedup.model import DedupError
from dedup.report import conservation, folder, manifest
from dedup.spool import PREFIX, Spool

ADDED = "every document read is in the manifest once"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three texts, of which two are copies, and records."""
    place = tmp_path / "in"
    place.mkdir()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (place / f"{name}.txt").write_text(article(seed))
    pack(place / "rows.jsonl", [{"id": f"r{at}", "text": article(at + 3)} for at in range(4)])
    return place


def hidden(folder_: Path) -> list[str]:
    return sorted(path.name for path in folder_.iterdir() if path.name.startswith("."))


# --- a folder ----------------------------------------------------------------------------------------------------


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with whole.folder(tmp_path / "deep" / "out") as partial:
        (partial / "x").write_text("x")
        assert not (tmp_path / "deep" / "out").exists()
        assert partial.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "deep" / "out" / "x").read_text() == "x"
    assert (tmp_path / "deep" / "out").stat().st_mode & 0o777 == 0o755
    assert hidden(tmp_path / "deep") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, DedupError("x", "y", "z"), ZeroDivisionError])
def test_a_folder_that_is_not_finished_is_gone(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(BaseException), whole.folder(tmp_path / "out") as partial:  # noqa: B017
        (partial / "x").write_text("x")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_on_a_folder_is_refused_and_the_first_is_not_disturbed(tmp_path: Path) -> None:
    with whole.folder(tmp_path / "out") as partial:
        (partial / "x").write_text("x")
        with pytest.raises(DedupError, match="is being written by another run"), whole.folder(tmp_path / "out"):
            pytest.fail("two runs at once")
    assert (tmp_path / "out" / "x").read_text() == "x"


def test_what_a_killed_run_left_is_taken_away(tmp_path: Path) -> None:
    left = tmp_path / ".out.partial"
    (left / "documents").mkdir(parents=True)
    (left / "documents" / "half").write_text("half")
    (left / "link").symlink_to(tmp_path)
    with whole.folder(tmp_path / "out") as partial:
        assert partial == left
        assert list(partial.iterdir()) == []
    assert list((tmp_path / "out").iterdir()) == []
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "link", "pipe"])
def test_a_stranger_in_the_place_of_the_partial_folder_is_left_alone(tmp_path: Path, kind: str) -> None:
    place = tmp_path / ".out.partial"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine").write_text("mine")
    {"file": place.touch, "link": lambda: place.symlink_to(tmp_path / "elsewhere"), "pipe": lambda: os.mkfifo(place)}[
        kind
    ]()
    with whole.folder(tmp_path / "out") as partial:
        (partial / "x").write_text("x")
    assert (tmp_path / "out" / "x").read_text() == "x"
    assert (tmp_path / "elsewhere" / "mine").read_text() == "mine"
    assert hidden(tmp_path) == [".out.partial"]


def test_a_folder_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(DedupError, match="exists and is not an empty folder"), whole.folder(tmp_path / "out"):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").write_text("mine")
    assert (tmp_path / "out" / "mine").read_text() == "mine"
    assert hidden(tmp_path) == []


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    name = "é" * 127
    with whole.folder(tmp_path / name):
        pass
    with whole.file(tmp_path / f"{name}x") as file:
        file.write(b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, f"{name}x"])


def test_without_locks_the_name_is_a_random_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(whole, "locked", none)
    with whole.folder(tmp_path / "out") as one, whole.folder(tmp_path / "other") as two:
        assert one.name.startswith(".out")
        assert two.name.startswith(".other")
    with whole.file(tmp_path / "file") as file:
        file.write(b"x")
    assert (tmp_path / "file").read_bytes() == b"x"
    assert (tmp_path / "out").is_dir()


def test_many_files_go_to_the_disk_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "FILES_SYNCED_MAX", 3)
    asked: list[str] = []
    monkeypatch.setattr(os, "sync", lambda: asked.append("sync"))
    for count in (3, 4):
        with whole.folder(tmp_path / str(count)) as partial:
            for at in range(count):
                (partial / str(at)).touch()
    assert asked == ["sync"]


def test_a_folder_goes_to_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace_ = os.fsync, Path.replace

    def told(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", told)
    monkeypatch.setattr(Path, "replace", lambda self, to: (done.append("renamed"), replace_(self, to)))
    with whole.folder(tmp_path / "out") as partial:
        (partial / "x").write_text("x")
    assert done == ["x", ".out.partial", "renamed", tmp_path.name]


# --- a file ------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(0o600)
    with pytest.raises(ZeroDivisionError), whole.file(target) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    with whole.file(target) as file:
        file.write(b"new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_second_run_on_a_file_is_refused(tmp_path: Path) -> None:
    with whole.file(tmp_path / "file") as file:
        file.write(b"first")
        with pytest.raises(DedupError, match="another run"), whole.file(tmp_path / "file"):
            pytest.fail("two runs at once")
    assert (tmp_path / "file").read_bytes() == b"first"


def test_what_a_killed_run_left_of_a_file_is_overwritten_but_no_second_name_of_one(tmp_path: Path) -> None:
    left = tmp_path / ".file.partial"
    left.write_text("a longer half")
    with whole.file(tmp_path / "file") as file:
        file.write(b"short")
    assert (tmp_path / "file").read_text() == "short"
    (tmp_path / "mine").write_text("mine")
    left.hardlink_to(tmp_path / "mine")
    with whole.file(tmp_path / "file") as file:
        file.write(b"other")
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "file").read_text() == "other"


def test_a_link_is_written_through_and_a_pipe_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    with whole.file(tmp_path / "link") as file:
        file.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"x"
    os.mkfifo(tmp_path / "pipe")
    taken: list[bytes] = []
    reader = threading.Thread(target=lambda: taken.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    with whole.file(tmp_path / "pipe") as file:
        file.write(b"through")
    reader.join()
    assert taken == [b"through"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_scan_into_a_device_leaves_the_device(source: Path) -> None:
    assert run("scan", source, "--format", "jsonl", "-o", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


# --- appended records --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before", [b"", b'{"n": 1}\n', b'{"n": 1}', b'{"n": 1}\n{"n": 2, "torn', b'{"n": 1}\n\xff\xfe']
)
def test_a_record_is_appended_behind_whole_ones(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "records"
    if before:
        path.write_bytes(before)
    whole.append_record(path, '{"n": "é"}')
    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"n": 1}] * bool(before) + [{"n": "é"}]


@pytest.mark.parametrize("place", ["write", "fsync"])
def test_a_record_that_does_not_fit_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = tmp_path / "records"
    path.write_bytes(b'{"n": 1}\n')
    real = os.write

    def partly(handle: int, *data: bytes) -> int:
        if data and len(data[0]) > 3:
            return real(handle, data[0][:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, place, partly)
    with pytest.raises(OSError, match="No space"):
        whole.append_record(path, '{"n": 2}')
    assert path.read_bytes() == b'{"n": 1}\n'


def test_many_threads_append_whole_records(tmp_path: Path) -> None:
    def append(number: int) -> None:
        for at in range(20):
            whole.append_record(tmp_path / "records", json.dumps({"n": number, "at": at, "text": "x" * 5000}))

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    rows = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    assert sorted((row["n"], row["at"]) for row in rows) == [(n, at) for n in range(4) for at in range(20)]


def test_a_decision_cut_off_in_mid_write_is_none_and_other_nonsense_is_told(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"decision": "keep", "id": "a"}\n{"decision": "keep", "i')
    assert [one.ids for one in decisions.read(path)] == [("a",)]
    for wrong in ('{"decision": "kee\n', "nonsense", '{"decision": "kept"}'):
        path.write_text(wrong)
        with pytest.raises(DedupError, match="line 1 is no decision"):
            decisions.read(path)


# --- the spool ---------------------------------------------------------------------------------------------------


def test_folders_of_killed_programs_are_tidied_and_those_of_living_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"{PREFIX}left").mkdir()
    (tmp_path / f"{PREFIX}left" / "0.jsonl").write_text("much")
    (tmp_path / "dedup-other").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "dedup-other")
    with Spool() as living:
        mine = living.path(".x")
        assert {path.name for path in tmp_path.iterdir()} == {"dedup-other", f"{PREFIX}link", mine.parent.name}
        with Spool() as second:
            other = second.path(".x")
            assert mine.parent.is_dir()
            assert other.parent != mine.parent
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dedup-other", f"{PREFIX}link"]


# --- it adds up --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0)], ids=["small", "bulk"])
def test_every_document_read_is_accounted_for(source: Path, tmp_path: Path, config: Config) -> None:
    with pipeline.find_duplicates(source, config) as found:
        counts = folder.write(found, [], tmp_path / "out")
    assert counts == {"kept": 6, "restored": 0, "dropped": 1}
    rows = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert sorted(row["id"] for row in rows) == ["a.txt", "b.txt", "c.txt", "r0", "r1", "r2", "r3"]


def test_clean_says_that_it_was_checked(source: Path, tmp_path: Path) -> None:
    result = run("clean", source, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("6 kept + 0 restored + 1 dropped = 7 documents read")
    assert ADDED in result.stdout.splitlines()[1]


def without_a_line(texts: Iterator[str]) -> Iterator[str]:
    yield from list(texts)[1:]


def with_another_fate(texts: Iterator[str]) -> Iterator[str]:
    return (text.replace('"status": "kept"', '"status": "dropped"', 1) for text in texts)


def with_a_line_twice(texts: Iterator[str]) -> Iterator[str]:
    every = "".join(texts)
    yield every + every.splitlines(keepends=True)[-1]


@pytest.mark.parametrize("wrong", [without_a_line, with_another_fate, with_a_line_twice])
def test_a_manifest_that_does_not_add_up_is_an_error_and_nothing_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Iterator[str]], Iterator[str]]
) -> None:
    lines = manifest.lines
    monkeypatch.setattr(manifest, "lines", lambda findings: wrong(iter(lines(findings))))
    result = run("clean", source, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "does not add up" in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_document_that_was_not_written_is_an_error(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_texts", lambda numbers, *_: iter(numbers[1:]))
    for arguments in (("clean", source, "-o", tmp_path / "out"), ("check", source, "--fix", "-o", tmp_path / "out")):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "does not add up: a.txt was not written" in result.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_two_documents_of_one_id_or_a_lost_kept_one_do_not_add_up(source: Path) -> None:
    found = pipeline.find_duplicates(source, Config(bulk_bytes_min=1 << 50))
    fates = conservation.Fates(7, {"kept": 6, "restored": 0, "dropped": 1})
    written = found.clusters.kept() == np.arange(7)
    conservation.check(found, fates, written)
    doubled = replace(found, corpus=replace(found.corpus, ids=["a.txt", *found.corpus.ids[:-1]]))
    with pytest.raises(DedupError, match="two documents have one id"):
        conservation.check(doubled, fates, written)
    with pytest.raises(DedupError, match="was not written"):
        conservation.check(found, fates, np.zeros(7, bool))
    with pytest.raises(DedupError, match="8 lines for 7 documents"):
        conservation.check(found, conservation.Fates(8, fates.counts), written)


def test_names_that_look_like_a_fate_are_not_counted(tmp_path: Path) -> None:
    rows = [{"id": 'x", "status": "dropped"', "text": article(1)}, {"id": '"status": "kept"é', "text": article(2)}]
    pack(tmp_path / "in" / "rows.jsonl", rows)
    assert run("clean", tmp_path / "in", "-o", tmp_path / "out").stdout.startswith("2 kept + 0 restored + 0 dropped")


# --- sources that change -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "rows.jsonl"])
def test_a_source_of_the_same_size_that_was_rewritten_meanwhile_is_refused(
    source: Path, tmp_path: Path, name: str
) -> None:
    found = pipeline.find_duplicates(source, Config(bulk_bytes_min=1 << 50))
    path = source / name
    path.write_text(path.read_text().replace("e", "o"))
    os.utime(path, ns=(1, 1))
    with pytest.raises(DedupError, match="is not what it was when it was read"):
        folder.write(found, [], tmp_path / "out")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in"]


# --- requests to end ---------------------------------------------------------------------------------------------

SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # or else as in the tests' own parent, which may ignore them
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from dedup.report import folder
fill = folder.fill
def slow(*given):
    print("writing", flush=True)
    time.sleep(60)
folder.fill = slow
from dedup.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_request_to_end_is_obeyed_at_once_and_leaves_nothing(source: Path, tmp_path: Path, number: int) -> None:
    arguments = [sys.executable, "-c", SLOW, "clean", str(source), "-o", str(tmp_path / "out")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "writing\n"
        assert hidden(tmp_path) == [".out.partial"]
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        told = process.stderr.read()
        assert "Traceback" not in told
        assert ("interrupted" in told) == (number == signal.SIGINT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_killed_run_leaves_no_final_name_and_the_next_one_tidies_up(source: Path, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", SLOW, "clean", str(source), "-o", str(tmp_path / "out")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        busy = run("clean", source, "-o", tmp_path / "out")
        assert (busy.exit_code, "is being written by another run" in busy.stderr) == (1, True)
        process.kill()
    assert hidden(tmp_path) == [".out.partial"]
    assert run("clean", source, "-o", tmp_path / "out").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


def test_processes_of_a_killed_run_end_by_themselves(tmp_path: Path) -> None:
    script = (
        "import os, time\n"
        "from dedup.engines import processes\n"
        "def stage(_):\n"
        "    return os.getpid()\n"
        "if __name__ == '__main__':\n"
        "    for number in processes.mapped(stage, range(100), 1):\n"
        "        print(number, flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "run.py").write_text(script)
    with subprocess.Popen([sys.executable, str(tmp_path / "run.py")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        worker = int(process.stdout.readline())
        process.kill()
    for _ in range(200):
        if not _lives(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("a process lives on without the one that started it")


def _lives(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
