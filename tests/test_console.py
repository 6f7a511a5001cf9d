"""What commands tell goes out line by line, in few lines where it is much, and says so where it cannot go out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from strategies import PARAGRAPHS

from dedup import console

FULL = Path("/dev/full")
full = pytest.mark.skipif(not FULL.exists(), reason="there is no device here that is always full")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three documents, of which two are copies."""
    file = tmp_path / "three.jsonl"
    texts = [PARAGRAPHS[0] * 3, PARAGRAPHS[0] * 3, PARAGRAPHS[1] * 3]
    file.write_text("".join(json.dumps({"id": f"d{at}", "text": text}) + "\n" for at, text in enumerate(texts)))
    return file


def on_full(*arguments: object) -> tuple[int, str]:
    """Exit status and stderr of a command whose standard output is full."""
    with FULL.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "dedup.cli", *map(str, arguments)],
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=100,
            check=False,
        )
    return done.returncode, done.stderr.decode()


@full
@pytest.mark.parametrize(
    "command",
    [
        ["scan", "FILE", "--format", "jsonl"],
        ["scan", "FILE"],
        ["check", "FILE"],
        ["ledger", "FILE"],
        ["diff", "A", "B"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_full_standard_output_is_told_in_one_line(command: Sequence[str], corpus: Path) -> None:
    texts = {"A": "one two three four five six", "B": "one two three for five six"}
    for name, text in texts.items():
        (corpus.parent / name).write_text(text)
    places = {"FILE": corpus, **{name: corpus.parent / name for name in texts}}
    status, told = on_full(*(places.get(one, one) for one in command))
    assert status == 1
    assert told == (
        "error: standard output: cannot be written (No space left on device); "
        "make room where it goes, or send it elsewhere\n"
    )


@full
def test_clean_is_whole_though_standard_output_is_full(corpus: Path) -> None:
    target = corpus.parent / "clean"
    status, told = on_full("clean", corpus, "-o", target)
    assert status == 1
    assert told.splitlines()[0] == f"{target}: is written, and whole"
    assert "error: standard output: cannot be written" in told.splitlines()[1]
    assert "Traceback" not in told
    assert (target / "manifest.jsonl").exists()


def test_lines_are_written_before_the_next_are_made(tmp_path: Path) -> None:
    written: list[int] = []

    def lines() -> Iterator[str]:
        for _ in range(100):
            written.append(sum(one.stat().st_size for one in tmp_path.iterdir()))
            yield "x" * (1 << 16) + "\n"

    console.emit(lines(), tmp_path / "out")
    assert written[50] > 40 << 16
    assert (tmp_path / "out").stat().st_size == 100 * ((1 << 16) + 1)


def test_a_file_of_lines_is_whole_or_not_there(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "first\n"
        raise RuntimeError("ended")

    with pytest.raises(RuntimeError, match="ended"):
        console.emit(lines(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
