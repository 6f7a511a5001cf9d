"""What commands tell goes out line by line, in few lines where it is much, and says so where it cannot go out."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from strategies import PARAGRAPHS

from dedup import console
from dedup.cli import main, options
from dedup.config import Config

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
        ["--help"],
        ["scan", "--help"],
        ["--version"],
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


# --- many problems of one kind ---------------------------------------------------------------------------------


@pytest.fixture(params=[1 << 50, 0], ids=["small", "bulk"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs commands by the way for small corpora, and by that for large ones."""

    def config(given: dict[str, object]) -> Config:
        return replace(Config(**given), bulk_bytes_min=request.param)  # type: ignore[arg-type]

    monkeypatch.setattr(options, "config", config)
    return lambda *arguments: CliRunner().invoke(main, [*map(str, arguments)])


def unreadable(result: Result) -> list[dict[str, str]]:
    """What the summary of a scan lists."""
    found: list[dict[str, str]] = json.loads(result.stdout.splitlines()[-1])["unreadable"]
    return found


@pytest.mark.parametrize("named", [(), ("--text-column", "words")], ids=["plain", "named"])
@pytest.mark.parametrize("packed", [False, True], ids=["", "gz"])
def test_lines_of_another_key_are_one_problem_that_names_the_keys(
    tmp_path: Path, run: Callable[..., Result], named: Sequence[str], packed: bool
) -> None:
    file = tmp_path / ("rows.jsonl.gz" if packed else "rows.jsonl")
    data = "".join(json.dumps({"id": str(at), "body": "x y z"}) + "\n" for at in range(500)).encode()
    file.write_bytes(gzip.compress(data) if packed else data)
    result = run("scan", file, "--quiet", "--format", "jsonl", *named)
    wanted = "words" if named else "text"
    told = {
        "path": str(file),
        "problem": f"has no line with a string under `{wanted}`",
        "remedy": "name the key of the texts with --text-column; it has: id, body",
    }
    assert unreadable(result) == [told]
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({"id": "other", "body": "x"}, "has no string ...; give the document's text under that key"),
        ({"id": "first", "text": PARAGRAPHS[1]}, "has the id ...; give one of them another id"),
        (None, "is not JSON ...; mend or remove the line"),
    ],
    ids=["key", "id", "binary"],
)
def test_of_many_problems_of_a_kind_ten_are_shown_and_all_reported(
    tmp_path: Path, run: Callable[..., Result], line: object, kind: str
) -> None:
    file = tmp_path / "rows.jsonl"
    bad = "PAR1 binary" if line is None else json.dumps(line)
    file.write_text(json.dumps({"id": "first", "text": PARAGRAPHS[0]}) + "\n" + f"{bad}\n" * 300)
    result = run("scan", file, "--quiet", "--format", "jsonl")
    assert len(unreadable(result)) == 300
    told = result.stderr.splitlines()
    assert told[0] == "300 could not be read:"
    assert len(told) == 1 + 10 + 1
    assert "line 11:" in told[10]
    assert told[11].startswith(f"  and 290 more: {kind}")
    assert len([one for one in run("scan", file, "-v").stderr.splitlines() if f"{file}, line" in one]) == 300
