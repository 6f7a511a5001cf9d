"""`restore`, `ledger` and `clean --conjecture` as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from strategies import PARAGRAPHS, article, noised, spun

from dedup.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


TEXT = article(41, 40)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twelve articles, each with its spun copy."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for seed in range(100, 112):
        (folder / f"{seed}.txt").write_text(article(seed, 40), encoding="utf-8")
        (folder / f"{seed}-spun.txt").write_text(spun(article(seed, 40), seed), encoding="utf-8")
    return folder


@pytest.fixture
def ledger_path(corpus: Path, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.tsv"
    assert run("ledger", corpus, "-o", path).exit_code == 0
    return path


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# --- ledger ----------------------------------------------------------------------------------------------------


def test_ledger_lists_what_was_substituted_as_a_table(corpus: Path) -> None:
    head, *rows = run("ledger", corpus).stdout.splitlines()
    assert head.split("\t") == [
        "kept", "dropped", "count", "pairs", "kept_times", "dropped_times", "original", "confidence",
    ]  # fmt: skip
    cells = {tuple(row.split("\t")[:2]): row.split("\t")[2:] for row in rows}
    count, pairs, times, _, original, _ = cells["old", "aged"]
    assert (int(count) >= 12, int(pairs) >= 10, int(times) >= int(count), original) == (True, True, True, "kept")
    counts = [int(row.split("\t")[2]) for row in rows]
    assert counts == sorted(counts, reverse=True)


def test_ledger_as_records_says_the_same(corpus: Path) -> None:
    rows = [json.loads(line) for line in run("ledger", corpus, "--format", "jsonl").stdout.splitlines()]
    assert {row["record"] for row in rows} == {"substitution"}
    table = [row.split("\t")[:4] for row in run("ledger", corpus).stdout.splitlines()[1:]]
    assert [[row["a"], row["b"], str(row["count"]), str(row["pairs"])] for row in rows] == table


def test_ledger_of_a_corpus_without_copies_is_empty(tmp_path: Path) -> None:
    put(tmp_path / "a.txt", PARAGRAPHS[0])
    result = run("ledger", tmp_path)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)


def test_ledger_of_nothing_fails(tmp_path: Path) -> None:
    result = run("ledger", tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "nowhere" in result.stderr
    assert run("ledger", tmp_path, "-o", tmp_path / "x.tsv").exit_code == 1


# --- restore ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [spun, noised])
def test_what_was_restored_is_undone_to_the_byte(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    damaged = put(tmp_path / "damaged.txt", damage(TEXT).replace("\n", "\r\n"))
    witness = put(tmp_path / "clean.txt", TEXT)
    out, made = tmp_path / "out.txt", tmp_path / "edits.jsonl"
    result = run("restore", damaged, "--witness", witness, "-o", out, "--edits", made)
    assert result.exit_code == 0
    assert out.read_bytes() != damaged.read_bytes()
    undone = run("restore", out, "--undo", made)
    assert undone.exit_code == 0
    assert undone.stdout_bytes == damaged.read_bytes()
    assert "edits taken back" in undone.stderr


def test_undo_restores_another_encoding(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.txt"
    damaged.write_bytes(spun(TEXT + "Café, fenêtre, garçon.\n").encode("utf-16"))
    out, made = tmp_path / "out.txt", tmp_path / "edits.jsonl"
    run("restore", damaged, "--witness", put(tmp_path / "clean.txt", TEXT), "-o", out, "--edits", made)
    assert run("restore", out, "--undo", made).stdout_bytes == damaged.read_bytes()


def test_undo_of_another_text_is_refused(tmp_path: Path) -> None:
    damaged = put(tmp_path / "damaged.txt", spun(TEXT))
    made = tmp_path / "edits.jsonl"
    run("restore", damaged, "--witness", put(tmp_path / "clean.txt", TEXT), "--edits", made)
    for other, told in ((damaged, "not the text that these edits gave"), (tmp_path / "nowhere", "cannot be read")):
        result = run("restore", other, "--undo", made)
        assert (result.exit_code, result.stdout) == (1, "")
        assert told in result.stderr
        assert str(other) in result.stderr


def test_text_and_edits_go_to_two_files(tmp_path: Path) -> None:
    damaged, witness = put(tmp_path / "damaged.txt", spun(TEXT)), put(tmp_path / "clean.txt", TEXT)
    result = run("restore", damaged, "--witness", witness, "-o", tmp_path / "x", "--edits", tmp_path / "x")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "-o and --edits name one file" in result.stderr
    assert not (tmp_path / "x").exists()


def test_a_source_is_never_written_to(tmp_path: Path) -> None:
    damaged, witness = put(tmp_path / "damaged.txt", spun(TEXT)), put(tmp_path / "clean.txt", TEXT)
    for source in (damaged, witness):
        before = source.read_bytes()
        result = run("restore", damaged, "--witness", witness, "-o", source)
        assert result.exit_code == 1
        assert f"{source}" in result.stderr
        assert "name another file" in result.stderr
        assert source.read_bytes() == before


def test_several_damaged_witnesses_vote(tmp_path: Path) -> None:
    names = [put(tmp_path / f"{seed}.txt", noised(TEXT, seed, 0.2)) for seed in range(3)]
    result = run("restore", names[0], "--witness", names[1], "--witness", names[2], "--format", "jsonl")
    *made, summary = [json.loads(line) for line in result.stdout.splitlines()]
    assert summary["witnesses"] == ["1.txt", "2.txt"]
    wrong = sum(a != b for a, b in zip(summary["text"].split(), TEXT.split(), strict=True))
    assert wrong <= 0.05 * len(TEXT.split())
    assert {edit["cause"] for edit in made} == {"noise"}


def test_a_ledger_alone_conjectures(tmp_path: Path, ledger_path: Path) -> None:
    damaged = put(tmp_path / "damaged.txt", spun(TEXT))
    out, made = tmp_path / "out.txt", tmp_path / "edits.jsonl"
    result = run("restore", damaged, "--ledger", ledger_path, "-o", out, "--edits", made)
    rows = [json.loads(line) for line in made.read_text(encoding="utf-8").splitlines()]
    assert rows
    assert {(row["cause"], row["witness"]) for row in rows} == {("conjecture", None)}
    assert all(row["entry"]["record"] == "substitution" and 0.9 <= row["confidence"] <= 1 for row in rows)
    assert f"{len(rows)} edits, {len(rows)} of them conjectures" in result.stderr
    assert run("restore", out, "--undo", made).stdout_bytes == damaged.read_bytes()


def test_a_ledger_beside_witnesses_conjectures_only_when_asked_to(
    tmp_path: Path, corpus: Path, ledger_path: Path
) -> None:
    damaged = put(tmp_path / "damaged.txt", spun(TEXT))
    plain = run("restore", damaged, "--witness", corpus, "--ledger", ledger_path)
    assert plain.stdout_bytes == damaged.read_bytes()
    asked = run("restore", damaged, "--witness", corpus, "--ledger", ledger_path, "--conjecture")
    learnt = run("restore", damaged, "--witness", corpus, "--conjecture")
    assert asked.stdout == learnt.stdout != plain.stdout


def test_what_is_suspected_and_not_decided_is_told(tmp_path: Path) -> None:
    text = TEXT.replace("The ", "Colossal statements aside, the colossal information helped. The ", 1)
    lines = ["kept\tdropped\tcount", "big data\tcolossal information\t1", "much data\tcolossal information\t1"]
    ledger = put(tmp_path / "l.tsv", "\n".join(lines))
    result = run("restore", put(tmp_path / "x.txt", text), "--ledger", ledger, "--format", "jsonl")
    suspect, summary = map(json.loads, result.stdout.splitlines())
    assert (suspect["record"], suspect["text"]) == ("suspect", "colossal information")
    assert suspect["origin"] in ("big data", "much data")
    assert suspect["entry"]["b"] == "colossal information"
    assert summary["text"] == text
    assert "1 more places look replaced" in result.stderr


def test_a_clean_text_is_left_alone_by_a_ledger(tmp_path: Path, ledger_path: Path) -> None:
    path = put(tmp_path / "fine.txt", TEXT)
    result = run("restore", path, "--ledger", ledger_path)
    assert result.stdout_bytes == path.read_bytes()
    assert "0 edits" in result.stderr


def test_complete_takes_over_what_only_the_witness_has(tmp_path: Path) -> None:
    halves = TEXT.split("\n\n")
    lacking = put(tmp_path / "lacking.txt", "\n\n".join(halves[:3] + halves[4:]))
    whole = put(tmp_path / "whole.txt", TEXT)
    assert run("restore", lacking, "--witness", whole).stdout_bytes == lacking.read_bytes()
    assert run("restore", lacking, "--witness", whole, "--complete").stdout_bytes == whole.read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [(), ("--conjecture",), ("--undo", "e", "--witness", "w"), ("--undo", "e", "--conjecture"),
     ("--undo", "e", "--format", "jsonl"), ("--undo", "e", "--edits", "f")],
)  # fmt: skip
def test_options_that_do_not_go_together_are_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run("restore", put(tmp_path / "x.txt", TEXT), *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: " in result.stderr


def test_a_broken_ledger_is_told(tmp_path: Path) -> None:
    path = put(tmp_path / "x.txt", TEXT)
    for ledger in (path, tmp_path / "nowhere"):
        result = run("restore", path, "--ledger", ledger)
        assert (result.exit_code, result.stdout) == (1, "")
        assert str(ledger) in result.stderr


# --- clean -----------------------------------------------------------------------------------------------------


def test_clean_conjectures_only_when_asked_to(tmp_path: Path, corpus: Path) -> None:
    lone = spun(TEXT)
    put(corpus / "lone.txt", lone)
    plain, asked = tmp_path / "plain", tmp_path / "asked"
    assert run("clean", corpus, "-o", plain).exit_code == 0
    assert (plain / "documents" / "lone.txt").read_text(encoding="utf-8") == lone
    assert not (plain / "edits.jsonl").exists()
    assert "1 restored" in run("clean", corpus, "-o", asked, "--conjecture").stdout
    text = (asked / "documents" / "lone.txt").read_text(encoding="utf-8")
    assert text != lone
    assert {path.name for path in (asked / "documents").iterdir()} == {
        path.name for path in (plain / "documents").iterdir()
    }
    rows = [json.loads(line) for line in (asked / "edits.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(row["id"], row["cause"]) for row in rows} == {("lone.txt", "conjecture")}
    undone = run("restore", asked / "documents" / "lone.txt", "--undo", asked / "edits.jsonl")
    assert undone.stdout_bytes == lone.encode()


def test_clean_conjectures_by_a_ledger_that_is_named(tmp_path: Path, ledger_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    rows = [{"id": "lone", "text": spun(TEXT), "kept": 7}, {"id": "fine", "text": article(9, 40)}]
    put(source / "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    result = run("clean", source, "-o", tmp_path / "out", "--conjecture", "--ledger", ledger_path)
    assert "1 kept + 1 restored" in result.stdout
    lone, fine = map(json.loads, (tmp_path / "out" / "documents" / "rows.jsonl").read_text().splitlines())
    assert (lone["kept"], lone["text"] != rows[0]["text"], fine) == (7, True, rows[1])
    assert run("clean", source, "-o", tmp_path / "x", "--ledger", ledger_path).exit_code == 2
