"""`dedup index`: what its commands print, and their exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from planted import jsonl
from strategies import article, spun

from dedup.cli import main
from dedup.index import files


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["index", *map(str, arguments)])


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    rows = jsonl(tmp_path / "rows.jsonl", {"a": article(1), "b": article(2), "copy": spun(article(1))})
    assert ran("create", tmp_path / "index", rows).exit_code == 0
    return tmp_path / "index"


def test_adding_tells_what_is_a_copy_and_what_is_on_disk(index: Path, tmp_path: Path) -> None:
    rows = jsonl(tmp_path / "more.jsonl", {"a": article(1), "b": article(9), "c": spun(article(2)), "d": article(5)})
    done = ran("add", index, rows, "--format", "jsonl", "--batch", 2)
    assert done.exit_code == 1
    told = records(done)
    assert [one["record"] for one in told] == ["commit", "pair", "commit", "summary"]
    assert (told[1]["a"], told[1]["b"], told[1]["relation"], told[1]["cleaner"]) == ("b", "c", "spun", "b")
    assert told[1]["evidence"]["passages"]
    assert told[-1] | {"unreadable": []} == {
        "record": "summary", "documents": 2, "already": 1, "pairs": {"spun": 1}, "candidates": told[-1]["candidates"],
        "crowded": 0, "unreadable": [],
    }  # fmt: skip
    assert "other words" in told[-1]["unreadable"][0]["problem"]
    assert "could not be read" in done.stderr


def test_adding_in_words(index: Path, tmp_path: Path) -> None:
    rows = jsonl(tmp_path / "more.jsonl", {"a": article(1), "c": article(2).upper()})
    done = ran("add", index, rows, "-o", tmp_path / "told.txt")
    assert done.exit_code == 0
    told = (tmp_path / "told.txt").read_text()
    assert "b  the same text as  c  (exact" in told
    assert "1 document added, 1 were there already; 4 in the index. Pairs: 1 exact" in told


def test_asking_puts_what_was_asked_for_first(index: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.txt"
    asked.write_text(spun(article(2)))
    told = records(ran("query", index, asked, "--format", "jsonl"))
    assert [(one["a"], one["b"], one["relation"]) for one in told[:-1]] == [("asked.txt", "b", "spun")]
    assert told[-1]["documents"] == 1
    related = "1 document, of which 1 is related to some of the 3 in the index, in 1 pair\n"
    assert ran("query", index, asked).stdout.endswith(related)
    assert ran("query", index, tmp_path / "missing.txt").exit_code == 1


def test_removing_checking_and_counting(index: Path) -> None:
    assert ran("remove", index, "a").exit_code == 0
    failed = ran("remove", index, "a")
    assert failed.exit_code == 1
    assert "a: is not in the index" in failed.stderr
    (told,) = records(ran("stats", index, "--format", "jsonl"))
    assert (told["documents"], told["removed"], told["is_settled"]) == (2, 1, False)
    assert "documents        2\n" in ran("stats", index).stdout
    assert "whole" in ran("verify", index).stdout
    path = next(index.glob("texts-*"))
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    damaged = ran("verify", index, "--format", "jsonl")
    assert damaged.exit_code == 1
    assert [one["record"] for one in records(damaged)] == ["problem", "summary"]
    assert "bytes 0 to 4,096 are not what was written" in damaged.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["add", "nothing", "x.txt"], 1, "does not exist; check the spelling, or make it: dedup index create nothing"),
        (["create", "index"], 1, "exists already"),
        (["create", "other", "--threshold", "7"], 2, "must be from 0.05 to 1"),
        (["query", "rows.jsonl", "rows.jsonl"], 1, "is not an index"),
        (["add", "index"], 2, "Missing argument"),
        (["add", "index", "rows.jsonl", "-o", "rows.jsonl"], 1, "rows.jsonl"),
    ],
)
def test_wrong_usage_is_told(
    index: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, told: str
) -> None:
    monkeypatch.chdir(index.parent)
    done = ran(*arguments)
    assert done.exit_code == status
    assert told in done.stderr


def test_related_documents_are_counted_once(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(200))
    for name, ids in (("kept", "abc"), ("asked", "xy")):
        lines = [json.dumps({"id": one, "text": f"{text} {one}"}) for one in ids]
        lines += [json.dumps({"id": f"other {name}", "text": " ".join(f"{name}{number}" for number in range(200))})]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    assert ran("create", tmp_path / "many", tmp_path / "kept.jsonl").exit_code == 0
    told = ran("query", tmp_path / "many", tmp_path / "asked.jsonl").stdout.splitlines()[-1]
    assert told == "3 documents, of which 2 are related to some of the 4 in the index, in 6 pairs"


def test_create_on_a_full_disk_tells_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: files.Writer) -> files.Reference:
        raise OSError(28, "No space left on device")

    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "a", "text": "one two three four five six"}))
    monkeypatch.setattr(files.Writer, "finished", full)
    done = ran("create", tmp_path / "made", tmp_path / "rows.jsonl")
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert "run the command again" not in done.stderr
    assert f"go on by dedup index add {tmp_path / 'made'}, or remove" in done.stderr
    monkeypatch.undo()
    assert ran("add", tmp_path / "made", tmp_path / "rows.jsonl").exit_code == 0
