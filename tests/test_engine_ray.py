"""A cluster finds what one process finds, byte for byte, whatever becomes of its workers, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import article, noised, spun

from dedup import pipeline
from dedup.bulk import read as bulk_read
from dedup.bulk import sketch as bulk_sketch
from dedup.config import Config
from dedup.engines import ray as engine
from dedup.engines.store import Block
from dedup.model import DedupError
from dedup.pipeline import Findings

WITH_RAY = pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="the extra `ray` is not installed")
LOCAL = Config(bulk_bytes_min=0, workers=2)
ON_RAY = replace(LOCAL, engine="ray")


def corpus(path: Path, count: int = 250) -> Path:
    """A megabyte of articles, with copies, and records that are not read as the others are."""
    rows: list[dict[str, Any]] = []
    for seed in range(count):
        text = article(seed, 16 + seed % 9)
        rows.append({"id": f"{seed:03}-own", "text": text, "source": f"s{seed % 3}"})
        if seed % 5 == 0:
            rows.append({"id": f"{seed:03}-spun", "text": spun(text, seed)})
        if seed % 7 == 0:
            rows.append({"id": f"{seed:03}-scan", "text": noised(text, seed, 0.1)})
        if seed % 11 == 0:
            rows += [{"id": f"{seed:03}-twin", "text": text}, {"text": text.upper()}]
        if seed % 50 == 0:
            rows += [{"id": f"{seed:03}-bad", "text": f"{text} cafÃ© au lait"}, {"id": seed, "text": ""}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def state(found: Findings) -> tuple[object, ...]:
    documents = found.corpus
    problems = [str(problem) for problem in found.problems]
    columns = [column.tolist() for column in (documents.words, documents.starts, documents.stops, found.compared[:])]
    return list(documents.ids), columns, list(found.pairs), list(found.clusters), problems, found.capped, found.losing


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_read, "PARTITION_BYTES", 300_000)
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", 600_000)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One cluster for all of these tests; engines use one that is there."""
    with engine.Cluster(2, 200_000_000):
        yield


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus(tmp_path_factory.mktemp("rows") / "rows.jsonl")


def busy() -> list[int]:
    """The processes that do a task of this process's cluster."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            title = (path / "cmdline").read_bytes().rstrip(b"\0 ")
            session = os.getsid(int(path.name)) if title.startswith(b"ray::") else -1
        except (OSError, ProcessLookupError):
            continue
        if title.startswith(b"ray::") and b"IDLE" not in title and b"Agent" not in title and session >= 0:
            found.append(int(path.name))
    return found


@WITH_RAY
@pytest.mark.usefixtures("cluster", "small_parts")
def test_a_cluster_finds_the_same(rows: Path) -> None:
    import ray

    assert {node["NodeManagerAddress"] for node in ray.nodes()} == {"127.0.0.1"}
    expected = state(pipeline.find_duplicates(rows, LOCAL))
    assert state(pipeline.find_duplicates(rows, ON_RAY)) == expected
    assert len(expected[2]) > 100  # type: ignore[arg-type]


@WITH_RAY
@pytest.mark.usefixtures("cluster", "small_parts")
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="workers are found in /proc")
def test_killed_workers_change_nothing(rows: Path, capfd: pytest.CaptureFixture[str]) -> None:
    expected = state(pipeline.find_duplicates(rows, LOCAL))
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while not over.is_set() and len(killed) < 2:
            for pid in busy()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                over.wait(0.5)
            time.sleep(0.001)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert state(pipeline.find_duplicates(rows, ON_RAY)) == expected
    finally:
        over.set()
        killer.join()
    assert len(killed) == 2
    time.sleep(1)  # Ray tells of it when it likes to
    assert capfd.readouterr().out == "", "findings may go there"


@WITH_RAY
@pytest.mark.usefixtures("cluster", "small_parts")
def test_what_a_cluster_has_kept_goes_on_without_one(rows: Path, tmp_path: Path) -> None:
    config = replace(ON_RAY, work=tmp_path / "work")
    with pipeline.find_duplicates(rows, config) as found:
        expected = state(found)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*/*")}
    with pipeline.find_duplicates(rows, replace(config, engine="local")) as found:
        assert state(found) == expected
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "work").glob("*/*")} == before
    assert len(before) > 100


@WITH_RAY
@pytest.mark.usefixtures("cluster")
def test_what_a_stage_raises_is_raised_here() -> None:
    def failing(item: int) -> int:
        if item == 2:
            raise DedupError("rows.jsonl", "was changed", "put it back")
        return item

    with engine.Cluster(2, 0) as own:
        done = own.mapped("failing", failing, range(4))
        assert [next(done), next(done)] == [0, 1]
        with pytest.raises(DedupError, match=r"rows\.jsonl: was changed; put it back"):
            next(done)


@WITH_RAY
@pytest.mark.usefixtures("cluster")
def test_columns_of_tasks_are_read_by_others_in_stretches() -> None:
    with engine.Cluster(2, 0) as own:
        columns = own.columns

        def put(item: int) -> tuple[Block, Block]:
            return columns.put(np.arange(item, item + 200_000)), columns.put(np.full(item, 7, np.uint8))

        blocks = list(own.mapped("put", put, range(3)))
        here = columns.put(np.arange(100_000, dtype=np.uint32))

        def read(item: int) -> tuple[list[int], int, int, bool]:
            found = columns.part(blocks[item][0], 40_000, 120_000)
            return (
                found[[0, -1]].tolist(),
                int(columns.whole(blocks[item][1]).sum()),
                int(columns.whole(here)[-1]),
                bool(found.flags.writeable),
            )

        for item, told in enumerate(own.mapped("read", read, range(3))):
            assert told == ([40_000 + item, 119_999 + item], 7 * item, 99_999, True)


ARRAYS = st.lists(st.integers(0, 70_000).flatmap(lambda size: st.sampled_from([np.uint8, np.int64]).map(
    lambda kind: np.arange(size).astype(kind))), max_size=6)  # fmt: skip


@given(ARRAYS)
def test_pieces_make_the_arrays_again_and_are_as_large_as_they_should(arrays: Sequence[Any]) -> None:
    groups, places = engine._grouped(arrays)
    for array, own in zip(arrays, places, strict=True):
        pieces = [np.zeros(0, array.dtype), *(groups[at][place] for at, place, _ in own)]
        assert np.concatenate(pieces).tolist() == array.tolist()
        assert [first for _, _, first in own] == np.cumsum([0, *map(len, pieces[1:])])[: len(own)].tolist()
    sizes = [sum(piece.nbytes for piece in group) for group in groups]
    assert all(size >= engine.PIECE_BYTES for size in sizes[:-1])
    assert all(size < 2 * engine.PIECE_BYTES for size in sizes)


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    here = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, env=here | environment
    )


SCAN = """
import sys
from dedup import pipeline
from dedup.bulk import read
from dedup.cli import main
read.PARTITION_BYTES = 300_000
pipeline.is_bulk = lambda *_: True
"""


@WITH_RAY
def test_a_cluster_of_its_own_leaves_no_process(rows: Path, tmp_path: Path) -> None:
    mark = uuid4().hex
    done = run(
        f"{SCAN}main(['scan', sys.argv[1], '--engine', 'ray', '--format', 'jsonl', '-o', sys.argv[2]])",
        str(rows), str(tmp_path / "ray.jsonl"), DEDUP_TEST_MARK=mark,
    )  # fmt: skip
    local = run(
        f"{SCAN}main(['scan', sys.argv[1], '--format', 'jsonl', '-o', sys.argv[2]])",
        str(rows), str(tmp_path / "local.jsonl"),
    )  # fmt: skip
    assert done.returncode == local.returncode == 1, done.stderr  # some rows hold no text
    assert "Traceback" not in done.stderr
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    left = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            left += [path.parent.name] if mark.encode() in path.read_bytes() else []
        except OSError:
            continue
    assert left == []


def test_without_an_engine_asked_for_ray_is_not_imported(rows: Path) -> None:
    done = run(
        f"{SCAN}pipeline.find_duplicates(sys.argv[1])\n"
        "assert 'numba' in sys.modules\n"
        "assert 'ray' not in sys.modules and 'dedup.engines.ray' not in sys.modules\n",
        str(rows),
    )
    assert done.returncode == 0, done.stderr


def test_a_missing_extra_is_named(rows: Path) -> None:
    done = run(f"{SCAN}sys.modules['ray'] = None\nmain(['scan', sys.argv[1], '--engine', 'ray'])", str(rows))
    assert done.returncode == 1
    assert done.stderr.strip() == "error: ray: is not installed; run: pip install 'dedup-text[ray]'"


@WITH_RAY
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_does_not_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nothing listens there
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(DedupError, match=f"does not answer at {address}.*; start it, mend RAY_ADDRESS, or unset"):
            engine._start(None, 1, 1 << 30)  # before Ray itself is asked


@pytest.mark.parametrize("address", ["auto", "local", "cluster.example"])
def test_an_address_without_a_port_is_left_to_ray(address: str) -> None:
    engine._check_answers(address)
