"""The next run remembers: which file of decisions it obeys, and what it says of decisions that are stale."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from dedup import decisions, pipeline, remembered
from dedup.cli import main
from dedup.report import page

WORDS = ["".join(random.Random(number).choices("abcdefghijklmnoprstu", k=7)) for number in range(400)]
TEXT = " ".join(WORDS)
COPY = TEXT.replace(WORDS[40], "another").replace(WORDS[200], "other")
APART = {"decision": "apart", "ids": ["a.txt", "b.txt"]}
KEEP = {"decision": "keep", "id": "b.txt"}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT)
    (folder / "b.txt").write_text(COPY)
    (folder / "c.txt").write_text(" ".join(reversed(WORDS)))
    return folder


def written(file: Path, *every: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(one) + "\n" for one in every))
    return file


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done


def statuses(done: Result) -> dict[str, str]:
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["id"]: one["status"] for one in records if one["record"] == "document"}


# --- where decisions are found -----------------------------------------------------------------------------------


def test_a_scan_obeys_the_file_that_is_named(corpus: Path, tmp_path: Path) -> None:
    assert statuses(run("scan", corpus, "--format", "jsonl"))["b.txt"] == "duplicate"
    file = written(tmp_path / "mine.jsonl", KEEP)
    done = run("scan", corpus, "--format", "jsonl", "--decisions", file)
    assert statuses(done) == {"a.txt": "duplicate", "b.txt": "canonical", "c.txt": "unique"}
    assert json.loads(done.stdout.splitlines()[-1])["decisions"] == 1
    assert f"1 decision of {file} obeyed" in done.stderr


def test_the_text_of_a_scan_tells_what_was_decided(corpus: Path, tmp_path: Path) -> None:
    told = run("scan", corpus, "--decisions", written(tmp_path / "mine.jsonl", KEEP)).stdout
    assert "1 decision obeyed" in told
    assert "keep  b.txt  400 words, as you decided" in told


@pytest.mark.parametrize(
    ("command", "name"),
    [("scan", "found.jsonl"), ("scan", "found.txt"), ("report", "found.html"), ("clean", "found")],
)
def test_the_file_beside_the_results_is_obeyed_and_told(corpus: Path, tmp_path: Path, command: str, name: str) -> None:
    file = written(tmp_path / "found.decisions.jsonl", APART)
    done = run(command, corpus, "-o", tmp_path / name)
    assert f"1 decision of {file} obeyed" in done.stderr
    told = done.stdout if command in ("report", "clean") else (tmp_path / name).read_text()
    assert {"report": "0 clusters", "clean": "3 kept", "scan": "0 clusters"}[command] in told
    if command == "report":
        assert page.read(tmp_path / name).index["decided"] == [APART]


def test_the_file_beside_the_results_is_left_alone_if_it_is_not_wanted(corpus: Path, tmp_path: Path) -> None:
    written(tmp_path / "found.decisions.jsonl", APART)
    done = run("scan", corpus, "-o", tmp_path / "found.txt", "--no-decisions")
    assert done.stderr == ""
    assert "1 cluster" in (tmp_path / "found.txt").read_text()


def test_another_file_about_these_documents_is_named_and_not_obeyed(corpus: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "report.decisions.jsonl", APART)
    written(tmp_path / "strange.decisions.jsonl", {"decision": "keep", "id": "elsewhere.txt"})
    done = run("clean", corpus, "-o", tmp_path / "out")
    assert f"not obeyed; add --decisions {file}" in done.stderr
    assert "strange" not in done.stderr
    assert "1 dropped" in done.stdout


def test_both_options_at_once_are_wrong_usage(corpus: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "mine.jsonl", KEEP)
    assert CliRunner().invoke(main, ["scan", str(corpus), "--decisions", str(file), "--no-decisions"]).exit_code == 2


@pytest.mark.parametrize("command", [["scan"], ["report", "-o", "page.html"], ["clean", "-o", "out"]])
def test_a_bad_file_is_an_error_before_anything_is_written(
    corpus: Path, tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.jsonl").write_text('{"decision": "burn"}\n')
    done = CliRunner().invoke(main, [command[0], "corpus", *command[1:], "--decisions", "mine.jsonl"])
    assert done.exit_code == 1 and "line 1 is no decision" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "mine.jsonl"]


# --- stale ones --------------------------------------------------------------------------------------------------


def remember(corpus: Path, file: Path) -> remembered.Remembered:
    with pipeline.find_duplicates(corpus) as findings:
        return remembered.remembered(findings, file, pipeline.DEFAULT)


def digests(corpus: Path, *names: str) -> list[str]:
    return [decisions.digest((corpus / name).read_bytes()) for name in names]


def test_a_decision_about_a_document_that_is_gone_is_told_by_its_line(corpus: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "mine.jsonl", {"decision": "keep", "id": "gone.txt"}, KEEP)
    found = remember(corpus, file)
    assert found.notes == (
        f"1 decision of {file} obeyed",
        f"{file}, line 1 (keep): gone.txt not among the documents; not obeyed",
    )
    assert [cluster.canonical for cluster in found.findings.clusters] == ["b.txt"]


def test_a_decision_about_a_text_that_was_changed_is_told_and_not_obeyed(corpus: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "mine.jsonl", KEEP | {"digests": digests(corpus, "b.txt")})
    assert [cluster.canonical for cluster in remember(corpus, file).findings.clusters] == ["b.txt"]
    (corpus / "b.txt").write_text(COPY.replace(WORDS[300], "third"))
    found = remember(corpus, file)
    assert "line 1 (keep): b.txt was changed since; not obeyed" in found.notes[1]
    assert [cluster.canonical for cluster in found.findings.clusters] == ["a.txt"]
    assert not found.findings.decided


def test_what_is_apart_stays_apart_whatever_was_changed(corpus: Path, tmp_path: Path) -> None:
    ids = ["a.txt", "b.txt", "gone.txt"]
    made = {"decision": "apart", "ids": ids, "digests": [*digests(corpus, "a.txt", "b.txt"), "0" * 12]}
    file = written(tmp_path / "mine.jsonl", made)
    (corpus / "b.txt").write_text(COPY.replace(WORDS[300], "third"))
    found = remember(corpus, file)
    assert not len(found.findings.clusters)
    assert "gone.txt not among the documents; b.txt was changed since; the others stay as decided" in found.notes[1]


def test_a_reading_whose_place_has_another_text_is_told(corpus: Path, tmp_path: Path) -> None:
    reading = {
        "decision": "reading", "id": "a.txt", "start": 0, "stop": 7,
        "before": WORDS[0], "after": "seven", "witness": "b.txt",
    }  # fmt: skip
    file = written(tmp_path / "mine.jsonl", reading, reading | {"before": "nothing"}, {**reading, "id": "b.txt"})
    found = remember(corpus, file)
    assert [one.ids for one in found.decided] == [("a.txt",), ("b.txt",)]
    assert "line 2 (reading): a.txt has another text there now; not obeyed" in found.notes[1]
    assert "line 3 (reading): b.txt is not kept; its reading changes nothing" in found.notes[2]


def test_many_stale_decisions_are_counted(corpus: Path, tmp_path: Path) -> None:
    gone = [{"decision": "keep", "id": f"gone-{number}"} for number in range(remembered.TOLD_MAX + 7)]
    notes = remember(corpus, written(tmp_path / "mine.jsonl", *gone)).notes
    assert len(notes) == remembered.TOLD_MAX + 2
    assert notes[-1].startswith("and 7 more")


def test_what_was_withdrawn_is_neither_obeyed_nor_told(corpus: Path, tmp_path: Path) -> None:
    gone = {"decision": "keep", "id": "gone.txt"}
    file = written(tmp_path / "mine.jsonl", gone, {"decision": "withdraw", "number": 1})
    assert remember(corpus, file).notes == (f"0 decisions of {file} obeyed",)


@given(st.lists(st.sampled_from([KEEP, APART, {"decision": "keep", "id": "gone"}]), max_size=4))
def test_obeying_twice_is_obeying_once(tmp_path_factory: pytest.TempPathFactory, every: list[dict[str, Any]]) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "a.txt").write_text(TEXT)
    (folder / "b.txt").write_text(COPY)
    file = written(tmp_path_factory.mktemp("decided") / "mine.jsonl", *every)
    with pipeline.find_duplicates(folder) as findings:
        once = remembered.remembered(findings, file, pipeline.DEFAULT)
        twice = remembered.remembered(once.findings, file, pipeline.DEFAULT)
    assert list(once.findings.clusters) == list(twice.findings.clusters)


def test_the_names_of_the_files() -> None:
    assert remembered.beside(Path("x/report.html")) == Path("x/report.decisions.jsonl")
    assert remembered.beside(Path("x/corpus.v2")) == Path("x/corpus.v2.decisions.jsonl")
