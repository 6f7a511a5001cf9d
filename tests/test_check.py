"""`dedup check`: cards of every kind of source, and copies in which only what is safe was mended."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from strategies import PARAGRAPHS, hostile_texts

from dedup import checking, clean, damage, edits, mending
from dedup.cli import main
from dedup.config import Config
from dedup.engines import processes
from dedup.model import DedupError
from dedup.report import undo
from dedup.spool import Spool

PROSE = "\n\n".join(PARAGRAPHS)
BROKEN = f"Itâ€™s the cafÃ©.\n{PROSE}"
HIDDEN = f"A br\u200bave deed.\n{PROSE}"
DIVIDED = f"They went to main-\ntain the bridge.\n{PROSE}"
MENDED = {
    "broken": f"It’s the café.\n{PROSE}",
    "hidden": f"A brave deed.\n{PROSE}",
    "divided": f"They went to maintain\nthe bridge.\n{PROSE}",
    "sound": PROSE,
}
TEXTS = {"broken": BROKEN, "hidden": HIDDEN, "divided": DIVIDED, "sound": PROSE}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def folder(path: Path) -> Path:
    path.mkdir()
    for name, text in TEXTS.items():
        (path / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    return path


def rows(path: Path) -> Path:
    """The texts as records, in the form that the path's name says."""
    made = [{"id": name, "text": text, "more": [name]} for name, text in TEXTS.items()]
    data = "".join(f"{json.dumps(row)}\n" for row in made).encode()
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(made), path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".zst":
        path.write_bytes(pa.Codec("zstd").compress(data, asbytes=True))
    else:
        path.write_bytes(data)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        found: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return found
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()
    return [json.loads(line) for line in data.splitlines()]


NAMES = ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.parquet")


# --- cards ---------------------------------------------------------------------------------------------------------


def test_a_card_is_as_the_contract_says_and_the_summary_comes_last(tmp_path: Path) -> None:
    result = run("check", folder(tmp_path / "in"), "--format", "jsonl")
    *cards, summary = records(result)
    assert result.exit_code == 0
    assert [card["id"] for card in cards] == sorted(f"{name}.txt" for name in TEXTS)
    for card in cards:
        assert card["record"] == "card"
        assert set(card["scores"]) == {"encoding", "invisible", "ocr", "spun", "structure"}
        text = TEXTS[card["id"].removesuffix(".txt")]
        assert card["words"] == len(clean.tokens(clean.from_text("x", text)))
        for found in card["findings"]:
            assert {"kind", "start", "stop", "text", "explanation"} <= set(found)
            assert text[found["start"] : found["stop"]] == found["text"]
    flags = {card["id"]: card["flags"] for card in cards}
    assert flags == {"broken.txt": ["encoding"], "divided.txt": [], "hidden.txt": ["invisible"], "sound.txt": []}
    assert (summary["record"], summary["documents"], summary["flagged"]) == ("summary", 4, 2)
    assert summary["flags"] == {"encoding": 1, "invisible": 1, "ocr": 0, "spun": 0, "structure": 0}
    assert summary["repairable"]["documents"] == 3


@pytest.mark.parametrize("name", NAMES)
def test_records_of_every_form_have_the_cards_of_their_texts(tmp_path: Path, name: str) -> None:
    *cards, _ = records(run("check", rows(tmp_path / name), "--format", "jsonl"))
    assert [card["id"] for card in cards] == list(TEXTS)
    assert [card["flags"] for card in cards] == [["encoding"], ["invisible"], [], []]


def test_people_are_told_what_is_wrong_where_and_why(tmp_path: Path) -> None:
    told = run("check", folder(tmp_path / "in")).stdout
    assert "4 documents" in told
    assert "2 damaged" in told
    assert "line 1, character 3" in told
    assert "zero width space" in " ".join(told.split())
    assert "--fix" in told


def test_of_many_damaged_documents_the_worst_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    made = [{"id": f"n{number}", "text": f"A br\u200bave one. {PROSE}"} for number in range(30)]
    made.append({"id": "worst", "text": f"Itâ€™s br\u200bave. {PROSE}"})
    path.write_text("".join(f"{json.dumps(row)}\n" for row in made), encoding="utf-8")
    told = run("check", path).stdout
    assert told.index("worst  encoding") < told.index("n0 ")
    assert "and 11 more" in told


def test_findings_go_to_a_file_that_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "cards.jsonl"
    result = run("check", folder(tmp_path / "in"), "--format", "jsonl", "-o", out)
    assert result.stdout == ""
    assert lines(out)[-1]["record"] == "summary"


def test_what_cannot_be_read_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    source = folder(tmp_path / "in")
    (source / "empty.txt").write_bytes(b"")
    (source / "rows.jsonl").write_text('{"id": "x", "text": "One."}\n{"no": 1}\n{"id": "x", "text": "Two."}\n')
    result = run("check", source, tmp_path / "missing", "--format", "jsonl")
    *cards, summary = records(result)
    assert result.exit_code == 1
    assert [card["id"] for card in cards if card["id"] == "x"] == ["x"]
    assert len(cards) == 5
    assert len(summary["unreadable"]) == 4
    for name in ("empty.txt", "rows.jsonl, line 2", "rows.jsonl, line 3", "missing"):
        assert name in result.stderr


def test_a_corpus_in_pieces_and_by_processes_is_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    texts = [TEXTS[name] for name in TEXTS] * 6
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts), encoding="utf-8")
    alone = run("check", path, "--format", "jsonl").stdout
    monkeypatch.setattr("dedup.read.PIECE_BYTES", 3000)
    assert run("check", path, "--format", "jsonl").stdout == alone
    monkeypatch.setattr("dedup.engines.processes.PROCESS_BYTES_MIN", 1)
    monkeypatch.setattr("dedup.engines.local.workers_available", lambda: 2)
    assert run("check", path, "--format", "jsonl").stdout == alone
    assert [record["id"] for record in map(json.loads, alone.splitlines()[:-1])] == [
        f"a.jsonl#{row + 1}" for row in range(len(texts))
    ]


@pytest.mark.parametrize("size", [1, 700, 1 << 20])
def test_a_line_over_the_limit_is_passed_over_in_any_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": f"{one} {'x' * one}"}) for one in (5, 5000, 7, 9)), encoding="utf-8")
    monkeypatch.setattr("dedup.read.PIECE_BYTES", size)
    config = Config(document_bytes_max=1000)
    with Spool() as spool:
        made = list(checking.checked(checking.sources([path], spool, config), config))
    assert [one.card.id for one in made if not isinstance(one, DedupError)] == ["a.jsonl#1", "a.jsonl#3", "a.jsonl#4"]
    assert ["line 2" in str(one) for one in made if isinstance(one, DedupError)] == [True]


def _twice(number: int) -> int:
    if number > 9:
        raise DedupError("ten", "is too much", "take less")
    return 2 * number


def test_processes_give_results_in_order_and_errors_as_they_are() -> None:
    assert list(processes.mapped(_twice, range(9), 2)) == [2 * number for number in range(9)]
    with pytest.raises(DedupError, match="ten: is too much; take less"):
        list(processes.mapped(_twice, [10], 1))


@pytest.mark.parametrize("as_module", [False, True])
def test_a_script_without_a_guard_may_have_processes_started(tmp_path: Path, as_module: bool) -> None:
    """They do not run it anew, and it has its name and its file again afterwards."""
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import sys\n"
        "from dedup.engines import processes\n"
        "with open('runs', 'a') as runs: runs.write('x')\n"
        "before = __file__, __spec__\n"
        "print(list(processes.mapped(abs, [-1, 2, -3], 2)))\n"
        "assert (__file__, __spec__) == before\n",
        encoding="utf-8",
    )
    how = ["-m", "unguarded"] if as_module else [str(script)]
    done = subprocess.run([sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 2, 3]\n"
    assert (tmp_path / "runs").read_text(encoding="utf-8") == "x"


@given(hostile_texts)
def test_words_are_counted_as_they_are_cut(text: str) -> None:
    document = clean.from_text("x", text)
    assert clean.count(document) == len(clean.tokens(document))


@given(st.text(alphabet="a'b 1-_", max_size=30))
def test_apostrophes_join_words_in_the_count_too(text: str) -> None:
    document = clean.from_text("x", text)
    assert clean.count(document) == len(clean.tokens(document))


# --- repairs ---------------------------------------------------------------------------------------------------------


def test_fixed_copies_have_only_the_safe_repairs_which_can_be_taken_back(tmp_path: Path) -> None:
    source, out = folder(tmp_path / "in"), tmp_path / "out"
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    result = run("check", source, "--fix", "-o", out)
    assert result.exit_code == 0
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before
    assert sorted(path.name for path in out.iterdir()) == ["documents", "edits.jsonl"]
    for name, text in MENDED.items():
        written = out / "documents" / f"{name}.txt"
        assert written.read_text(encoding="utf-8") == text
        if text != TEXTS[name]:
            made = undo.made(out / "edits.jsonl", str(written))
            assert undo.undone(written.read_bytes(), made, written) == before[f"{name}.txt"]
    told = {line["cause"].partition(":")[0] for line in lines(out / "edits.jsonl")}
    assert told == {"encoding", "invisible", "ocr"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["check", "clean"])
def test_fixed_records_keep_their_form_and_other_columns(tmp_path: Path, name: str, command: str) -> None:
    out = tmp_path / "out"
    assert run(command, rows(tmp_path / name), "--fix", "-o", out).exit_code == 0
    found = read(out / "documents" / name)
    by_id = {row["id"]: row for row in found}
    kept = MENDED if command == "check" else {key: MENDED[key] for key in by_id}
    assert {key: row["text"] for key, row in by_id.items()} == kept
    assert all(row["more"] == [key] for key, row in by_id.items())


def test_clean_mends_hidden_characters_only_if_asked_to(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "hidden.txt").write_text(HIDDEN, encoding="utf-8")
    for name, options, text in (("as", (), HIDDEN), ("fixed", ("--fix",), MENDED["hidden"])):
        assert run("clean", source, "-o", tmp_path / name, *options).exit_code == 0
        assert (tmp_path / name / "documents" / "hidden.txt").read_text(encoding="utf-8") == text
    assert lines(tmp_path / "fixed" / "manifest.jsonl")[0]["status"] == "restored"


def test_fixing_refuses_a_folder_with_something_in_it_and_one_within_the_source(tmp_path: Path) -> None:
    source = folder(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert run("check", source, "--fix", "-o", tmp_path / "out").exit_code == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]
    assert run("check", source, "--fix", "-o", source / "out").exit_code == 1
    assert run("check", source, "--fix").exit_code == 2
    assert run("check", tmp_path / "missing", "--fix", "-o", tmp_path / "new").exit_code == 1
    assert not (tmp_path / "new").exists()


def test_bytes_that_were_lost_in_reading_are_kept_as_they_are(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    data = f"br\u200bave {PROSE} {'é' * 100}".encode() + b"\xff"
    (source / "a.txt").write_bytes(data)
    result = run("check", source, "--fix", "-o", out)
    assert result.exit_code == 0
    assert (out / "documents" / "a.txt").read_bytes() == data
    assert "not valid" in result.stderr


@given(hostile_texts)
def test_mending_twice_is_mending_once(text: str) -> None:
    once = mending.mended(clean.from_text("x", text))
    mended = edits.applied(text, once.repairs)
    assert edits.applied(mended, edits.inverse(once.repairs)) == text
    again = edits.applied(mended, damage.safe_repairs(clean.from_text("x", mended)))
    assert again == mended


# --- in scans --------------------------------------------------------------------------------------------------------


def test_scan_tells_the_scores_of_every_card_and_the_kinds_that_are_flagged(tmp_path: Path) -> None:
    source = folder(tmp_path / "in")
    found = records(run("scan", source, "--format", "jsonl"))
    cards = {card["id"]: card["scores"] for card in records(run("check", source, "--format", "jsonl"))[:-1]}
    assert {one["id"]: one["damage"] for one in found if one["record"] == "document"} == cards
    assert found[-1]["damage"] == {"encoding": 1, "invisible": 1, "ocr": 0, "spun": 0, "structure": 0}
    told = run("scan", source).stdout
    assert "invisible: hidden or look-alike" in told
    assert "spun: words replaced" not in told


def test_scan_in_bulk_makes_cards_only_if_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder(tmp_path / "in")
    small = records(run("scan", source, "--format", "jsonl", "--damage"))
    monkeypatch.setattr("dedup.pipeline.is_bulk", lambda files, config: True)
    assert records(run("scan", source, "--format", "jsonl", "--damage"))[:4] == small[:4]
    plain = records(run("scan", source, "--format", "jsonl"))
    scores = {one["id"]: one["damage"] for one in plain if one["record"] == "document"}
    assert scores["sound.txt"] == {"encoding": 0.0}
    assert scores["broken.txt"]["encoding"] > damage.FLAG_LEVEL
    assert plain[-1]["damage"] == {}


@pytest.mark.parametrize("bulk", [False, True])
def test_the_copy_with_hidden_characters_gives_way_if_damage_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bulk: bool
) -> None:
    monkeypatch.setattr("dedup.pipeline.is_bulk", lambda files, config: bulk)
    hidden = PROSE.replace("winter", "win\u200bter").replace("cart", "c\u202eart").replace("beans", "be\u2060ans")
    texts = {
        "a.txt": f"{hidden}\n\nIt rained on the day after that.",
        "b.txt": f"{PROSE}\n\nIt snowed in the night before that.",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    pairs = {}
    for options in ((), ("--damage",)):
        (pairs[options],) = [
            one for one in records(run("scan", tmp_path, "--format", "jsonl", *options)) if one["record"] == "pair"
        ]
    assert pairs[()]["evidence"]["direction"]["damage"] == 0
    assert pairs[("--damage",)]["cleaner"] == "b.txt"
    assert pairs[("--damage",)]["evidence"]["direction"]["damage"] < 0


def test_exact_copies_stay_undecided_whatever_their_cards_say(tmp_path: Path) -> None:
    for name, text in {"a.txt": PROSE, "b.txt": PROSE.upper()}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (pair,) = [
        one for one in records(run("scan", tmp_path, "--format", "jsonl", "--damage")) if one["record"] == "pair"
    ]
    assert (pair["relation"], pair["cleaner"]) == ("exact", None)
