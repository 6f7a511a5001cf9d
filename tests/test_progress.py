"""Progress is told by the stages, shown in a terminal alone, and sizes and memory are said in people's units."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from packing import pack
from strategies import article

from dedup import console, display, pipeline
from dedup.cli import main, options
from dedup.config import Config, size_bytes
from dedup.progress import SILENT, Unit, followed
from dedup.report import folder, jsonl

BULK = Config(bulk_bytes_min=0, workers=2)
ROWS = [{"id": f"{number}", "text": article(number // 2, 12)} for number in range(12)]


class Recorder:
    """What was told: each stage with how much there is to do, how much was done, and in what."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int, Unit]] = []
        self.done: list[int] = []

    def stage(self, name: str, total: int, unit: Unit) -> None:
        self.stages.append((name, total, unit))
        self.done.append(0)

    def advance(self, units: int) -> None:
        self.done[-1] += units


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"])
def test_stages_tell_all_that_they_do(tmp_path: Path, suffix: str) -> None:
    path = pack(tmp_path / f"rows{suffix}", ROWS)
    told = Recorder()
    with pipeline.find_duplicates(path, BULK, told) as found:
        folder.write(found, [], tmp_path / "out", told)
        size = sum(file.size_bytes for file in found.corpus.sources)
    stages = {name: (total, done, unit) for (name, total, unit), done in zip(told.stages, told.done, strict=True)}
    if suffix != ".jsonl":
        assert stages["unpack"] == (path.stat().st_size, path.stat().st_size, "bytes")
    assert stages["read"] == (size, size, "bytes")
    assert stages["compare"][0] == stages["compare"][1] >= 6
    assert stages["write"][0] == stages["write"][1] == pytest.approx(size / 2, rel=0.01)
    assert list(stages) == [*(["unpack"] if suffix != ".jsonl" else []), "read", "match", "compare", "write"]


def test_small_corpus_tells_what_it_compares_and_writes(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    for name, text in (("a", article(1)), ("b", article(1).upper()), ("c", article(2))):
        (tmp_path / "source" / f"{name}.txt").write_text(text)
    told = Recorder()
    found = pipeline.find_duplicates(tmp_path / "source", progress=told)
    folder.write(found, [], tmp_path / "out", told)
    kept = len(article(1)) + len(article(2))
    assert told.stages == [("compare", found.candidates, "pairs"), ("write", kept, "bytes")]
    assert told.done == [found.candidates, kept]
    assert found.candidates


def test_items_are_followed_in_their_order() -> None:
    told = Recorder()
    told.stage("x", 6, "pairs")
    assert list(followed("abc", [1, 2, 3], told)) == ["a", "b", "c"]
    assert told.done == [6]


# --- what is shown ---------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    return Terminal()


def started(shown: display.Shown) -> None:
    """Waits until the display is there."""
    shown._timer.join(30)


def test_stage_its_figures_and_the_next_are_shown(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "TOLD_EVERY_SECONDS", 0.0)
    shown = display.Shown(terminal, 0.0)
    shown.stage("read", 40_000_000, "bytes")
    started(shown)
    shown.advance(10_000_000)
    assert shown._display
    shown._display.refresh()
    shown.stage("compare", 10, "pairs")
    shown._display.refresh()
    shown.stop()
    shown.advance(1)
    text = terminal.getvalue()
    assert "read" in text
    assert "10 of 40 MB" in text
    assert "0 of 10 pairs" in text


def test_run_that_is_soon_over_shows_nothing(terminal: Terminal) -> None:
    shown = display.Shown(terminal, 60.0)
    shown.stage("read", 100, "bytes")
    shown.advance(100)
    shown.stop()
    assert terminal.getvalue() == ""


def test_display_that_comes_too_late_is_not_begun(terminal: Terminal) -> None:
    shown = display.Shown(terminal, 60.0)
    shown.stop()
    shown._start()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if is_terminal else io.StringIO())
    with console.follow() as progress:
        assert isinstance(progress, display.Shown) == is_terminal
        assert (progress is SILENT) != is_terminal


def test_progress_leaves_the_findings_alone(tmp_path: Path, terminal: Terminal) -> None:
    path = pack(tmp_path / "rows.jsonl.gz", ROWS)
    shown = display.Shown(terminal, 0.0)
    with pipeline.find_duplicates(path, BULK, shown) as one, pipeline.find_duplicates(path, BULK) as other:
        assert list(jsonl.scan(one)) == list(jsonl.scan(other))
    shown.stop()


@pytest.mark.parametrize(
    ("done", "total", "unit", "seconds", "text"),
    [
        (0, 0, "documents", 3.0, ""),
        (0, 2_000_000_000, "bytes", 0.0, "0 of 2,000 MB, 0 MB/s"),
        (500_000_000, 2_000_000_000, "bytes", 2.0, "500 of 2,000 MB, 250 MB/s, 0:06 left"),
        (1_000, 91_000, "pairs", 1.0, "1,000 of 91,000 pairs, 1,000/s, 1:30 left"),
        (10, 5, "documents", 1.0, "10 of 5 documents, 10/s, 0:00 left"),
        (1, 6, "pairs", 2.0, "1 of 6 pairs, 0.5/s, 0:10 left"),
        (40_000, 80_000, "bytes", 2.0, "40 of 80 kB, 20 kB/s, 0:02 left"),
    ],
)
def test_figures_tell_how_much_how_fast_and_how_long(
    done: int, total: int, unit: Unit, seconds: float, text: str
) -> None:
    assert display.figures(done, total, unit, seconds) == text


# --- memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1GB", 10**9), ("512MB", 512 * 10**6), ("1.5 GiB", 3 << 29), ("64kib", 64 << 10), ("2tb", 2 * 10**12),
        ("1000000000", 10**9), ("7 B", 7),
    ],
)  # fmt: skip
def test_sizes_are_read(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GB", "much", "-1GB", "1XB", "1 G B", "1e9", "nan", "1GB/s"])
def test_what_is_no_size_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no size; write it as 1GB"):
        size_bytes(text)
    result = CliRunner().invoke(main, ["scan", str(tmp_path), f"--memory={text}"])
    assert result.exit_code == 2
    assert "is no size" in result.stderr


@pytest.mark.parametrize("command", ["scan", "clean"])
def test_memory_out_of_range_tells_the_range(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, [command, str(tmp_path), "--memory", "1MB", *(["-o", "x"] if command == "clean" else [])]
    )
    assert result.exit_code == 2
    assert "--memory is 1MB, and must be from 16MB to" in result.stderr


def test_memory_reaches_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Config] = []
    finding = pipeline.find_duplicates
    monkeypatch.setattr(
        pipeline, "find_duplicates", lambda sources, config, _: asked.append(config) or finding(sources, config)
    )
    CliRunner().invoke(main, ["scan", str(pack(tmp_path / "rows.jsonl", ROWS[:2])), "--memory", "256MiB"])
    CliRunner().invoke(main, ["scan", str(tmp_path / "rows.jsonl"), "--unpacked-bytes-max", "5GB"])
    assert [config.memory_bytes for config in asked] == [256 << 20, Config().memory_bytes]
    assert [config.unpacked_bytes_max for config in asked] == [Config().unpacked_bytes_max, 5 * 10**9]


def test_bound_is_in_the_record_and_the_peak_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "config", lambda _: BULK)
    path = str(pack(tmp_path / "rows.jsonl", ROWS))
    result = CliRunner().invoke(main, ["scan", path, "--format", "jsonl"])
    assert json.loads(result.stdout.splitlines()[-1])["memory_bytes"] == 1_000_000_000
    assert result.stderr.startswith("memory: ")
    assert result.stderr.endswith(" MB at the peak; candidates were sought within 1,000 MB\n")
    assert "peak" not in result.stdout
    assert "within 1,000 MB" in CliRunner().invoke(main, ["scan", path]).stdout


def test_small_corpus_tells_no_memory(tmp_path: Path) -> None:
    path = str(pack(tmp_path / "rows.jsonl", ROWS))
    result = CliRunner().invoke(main, ["scan", path, "--format", "jsonl"])
    assert json.loads(result.stdout.splitlines()[-1])["memory_bytes"] is None
    assert result.stderr == ""
    assert "--memory" not in CliRunner().invoke(main, ["scan", path]).stdout


def test_peak_is_left_out_where_the_system_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (display.peak_bytes() or 0) > 10_000_000
    monkeypatch.setitem(sys.modules, "resource", None)
    assert display.peak_bytes() is None
    monkeypatch.setattr(options, "config", lambda _: BULK)
    assert CliRunner().invoke(main, ["scan", str(pack(tmp_path / "rows.jsonl", ROWS))]).stderr == ""
