"""The commands: what they print and where, how they end, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedup import pipeline
from dedup.cli import main
from dedup.config import Config

FIXTURES = Path(__file__).parent.parent / "fixtures"
SPUN = FIXTURES / "real" / "spun-by-hand" / "documents"
ORIGINAL, COPY = str(SPUN / "glacier.txt"), str(SPUN / "glacier-spun.txt")
COMMANDS = ("scan", "explain", "diff", "ledger", "restore", "clean")


def run(*arguments: object, **options: Any) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], **options)


def shell(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own, its output to pipes."""
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    command = [sys.executable, "-m", "dedup.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env={**plain, **environment}, check=False)


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- help and wrong usage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example:  dedup {command} " in result.stdout
    assert result.stderr == ""


def test_help_lists_the_commands() -> None:
    result = run("--help")
    assert all(f"\n  {command} " in result.stdout for command in COMMANDS)


def test_version_is_told() -> None:
    assert run("--version").stdout.startswith("dedup, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["polish"],
        ["scan"],
        ["diff", ORIGINAL],
        ["restore", COPY],
        ["clean", SPUN],
        ["scan", SPUN, "--format", "xml"],
        ["scan", SPUN, "--quick"],
        ["scan", SPUN, "--threshold", "much"],
        ["scan", SPUN, "--threshold", "0"],
        ["scan", SPUN, "--threshold", "1.1"],
        ["scan", SPUN, "--threshold", "nan"],
        ["scan", SPUN, "--threshold=-0.5"],
        ["scan", SPUN, "--document-bytes-max", "0"],
        ["diff", ORIGINAL, COPY, "--threshold", "7"],
        ["restore", COPY, "--witness", SPUN, "--threshold", "7"],
        pytest.param(
            ["diff", ORIGINAL, COPY, "--ledger", "-1"],
        ),
    ],
    ids=lambda value: " ".join(Path(str(one)).name for one in value),
)
def test_wrong_usage_ends_with_2(arguments: list[object]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--memory", "1MB", "--memory is 1MB, and must be from 16MB to "),
        ("--threshold", "2", "--threshold is 2.0, and must be from 0.05 to 1.0"),
        ("--document-bytes-max", "0", "--document-bytes-max is 0, and must be from 1 to "),
    ],
)
def test_options_out_of_range_are_named_as_they_are_given(option: str, value: str, told: str) -> None:
    result = run("scan", SPUN, option, value)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", ""],
        ["scan", SPUN, ""],
        ["check", ""],
        ["clean", SPUN, "-o", ""],
        ["diff", "", COPY],
        ["explain", "", "a", "b"],
        ["restore", ""],
        ["index", "add", "seen", ""],
        ["index", "create", "seen", ""],
    ],
)
def test_empty_names_are_refused(arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert "an empty name names no file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_empty_source_is_not_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text.txt").write_text("one two three")
    monkeypatch.chdir(tmp_path)
    documents, problems = pipeline.documents([""], Config())
    assert documents == []
    assert [problem.problem for problem in problems] == ["names no file"]


def test_threshold_out_of_range_tells_the_range() -> None:
    assert "must be from 0.05 to 1.0" in run("scan", SPUN, "--threshold", "7").stderr


# --- scan ------------------------------------------------------------------------------------------------------

DOCUMENT_KEYS = ["record", "id", "words", "status", "cluster", "canonical", "damage"]
PAIR_KEYS = ["record", "a", "b", "relation", "resemblance", "containment_a", "containment_b", "cleaner", "confidence"]
PAIR_KEYS += ["substitutions", "evidence"]


def test_scan_jsonl_has_the_records_of_the_contract_in_order() -> None:
    found = records(run("scan", SPUN, "--format", "jsonl"))
    assert [record["record"] for record in found] == ["document", "document", "pair", "cluster", "summary"]
    assert list(found[0])[: len(DOCUMENT_KEYS)] == DOCUMENT_KEYS
    assert list(found[2])[: len(PAIR_KEYS)] == PAIR_KEYS
    assert list(found[3])[:4] == ["record", "id", "canonical", "members"]


def test_scan_jsonl_has_values_of_the_contract() -> None:
    found = records(run("scan", FIXTURES / "real", "--format", "jsonl"))
    assert {record.get("relation") for record in found} > {"exact", "near", "spun", "damaged", "excerpt", "reuse"}
    ids = {record["id"] for record in found if record["record"] == "document"}
    for record in found:
        if record["record"] == "document":
            assert record["status"] in ("unique", "canonical", "duplicate")
            assert (record["cluster"] is None) == (record["canonical"] is None) == (record["status"] == "unique")
            assert all(0 <= value <= 1 for value in record["damage"].values())
        elif record["record"] == "pair":
            assert record["relation"] in ("exact", "near", "spun", "damaged", "excerpt", "reuse")
            assert {record["a"], record["b"]} <= ids
            assert record["a"] < record["b"]
            assert record["cleaner"] in (None, record["a"], record["b"])
            assert all(0 <= record[name] <= 1 for name in PAIR_KEYS[4:7])
            assert 0.5 <= record["confidence"] <= 1


def test_scan_jsonl_is_the_same_twice() -> None:
    arguments = ("scan", FIXTURES / "real", "--format", "jsonl")
    one, other = (shell(*arguments, PYTHONHASHSEED=seed).stdout for seed in "12")
    assert one == other == run(*arguments).stdout_bytes


def test_scan_text_tells_what_is_kept_and_why() -> None:
    result = run("scan", SPUN)
    assert result.exit_code == 0
    assert "2 documents" in result.stdout
    assert "glacier.txt is the cleaner" in " ".join(result.stdout.split())


def test_threshold_decides_what_is_near() -> None:
    folder = FIXTURES / "real" / "light-edit" / "documents"
    relations = {}
    for threshold in ("0.8", "0.9"):
        found = records(run("scan", folder, "--format", "jsonl", "--threshold", threshold))
        (relations[threshold],) = [record["relation"] for record in found if record["record"] == "pair"]
    assert relations["0.8"] == "near"
    assert relations["0.9"] != "near"


# --- diff ------------------------------------------------------------------------------------------------------


def test_diff_jsonl_has_the_records_of_the_contract_in_order() -> None:
    found = records(run("diff", ORIGINAL, COPY, "--format", "jsonl"))
    kinds = [record["record"] for record in found]
    assert kinds == sorted(kinds, key=["locus", "substitution", "summary"].index)
    loci = [record for record in found if record["record"] == "locus"]
    assert [locus["a"]["start"] for locus in loci] == sorted(locus["a"]["start"] for locus in loci)
    assert list(loci[0]) == ["record", "kind", "a", "b"]
    assert {tuple(locus[side]) for locus in loci for side in "ab"} == {("start", "stop", "text")}
    rows = [record for record in found if record["record"] == "substitution"]
    assert list(rows[0]) == [
        "record", "a", "b", "count", "pairs", "a_times", "b_times", "original", "confidence",
    ]  # fmt: skip
    assert [row["count"] for row in rows] == sorted((row["count"] for row in rows), reverse=True)
    assert sum(row["count"] for row in rows) == found[-1]["loci"]["substitution"]


def test_diff_of_a_text_with_itself_finds_nothing() -> None:
    assert [record["record"] for record in records(run("diff", ORIGINAL, ORIGINAL, "--format", "jsonl"))] == ["summary"]
    assert "The two texts are the same." in run("diff", ORIGINAL, ORIGINAL).stdout


def test_diff_marks_the_changes_where_there_is_no_colour() -> None:
    result = run("diff", ORIGINAL, COPY)
    assert "[-shrinking-]" in result.stdout
    assert "{+diminishing+}" in result.stdout


def test_diff_lists_as_many_substitutions_as_asked() -> None:
    whole, few = (run("diff", ORIGINAL, COPY, "--ledger", number).stdout for number in ("0", "3"))
    assert "--ledger 0 shows all" not in whole
    assert "more (--ledger 0 shows all)" in few
    assert len(few.splitlines()) < len(whole.splitlines())


def test_diff_of_a_folder_is_refused() -> None:
    result = run("diff", SPUN, COPY)
    assert result.exit_code == 1
    assert f"{SPUN}: is a folder; name one document" in result.stderr


def test_diff_of_several_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "one row of words"}\n{"text": "another row of words"}\n')
    result = run("diff", path, COPY)
    assert result.exit_code == 1
    assert f"{path}: holds 2 documents; name a file that holds one" in result.stderr


WORDS = ["the", "of", "river", "ferry", "is not", "isn't", "café", "e\u0301", "1,204", "“so”", "\ufeff", "日本", "🙂"]
GAPS = [" ", "  ", "\n", "\r\n", ", ", ". ", "\u00a0", "\u00ad", "-", ""]
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)).map("".join), max_size=60)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts_a=TEXTS, parts_b=TEXTS, common=TEXTS)
def test_diff_loci_applied_to_a_give_b(
    tmp_path: Path, parts_a: list[str], parts_b: list[str], common: list[str]
) -> None:
    """The law of diff, through files: what the loci say of a and b is all there is between them."""
    texts = ["x" + "".join([*common, *parts]) for parts in (parts_a, parts_b)]
    for name, text in zip("ab", texts, strict=True):
        (tmp_path / name).write_bytes(text.encode("utf-8"))
    result = run("diff", tmp_path / "a", tmp_path / "b", "--format", "jsonl")
    assert result.exit_code == 0, result.stderr
    at, parts = 0, []
    for locus in records(result):
        if locus["record"] == "locus":
            start, stop = locus["a"]["start"], locus["a"]["stop"]
            assert at <= start <= stop
            assert texts[0][start:stop] == locus["a"]["text"]
            assert texts[1][locus["b"]["start"] : locus["b"]["stop"]] == locus["b"]["text"]
            parts += [texts[0][at:start], locus["b"]["text"]]
            at = stop
    assert "".join([*parts, texts[0][at:]]) == texts[1]


# --- restore ---------------------------------------------------------------------------------------------------


def test_restore_prints_the_text_and_tells_the_witness() -> None:
    result = run("restore", COPY, "--witness", SPUN)
    assert result.exit_code == 0
    assert result.stdout.split() == Path(ORIGINAL).read_text(encoding="utf-8").split()
    assert "by witness glacier.txt" in result.stderr


def test_restore_without_a_copy_says_so_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("A text that has nothing to do with ice, mountains or measuring.")
    result = run("restore", COPY, "--witness", tmp_path)
    assert result.exit_code == 0
    assert result.stdout_bytes == Path(COPY).read_bytes()
    assert "none of the witnesses is a copy that is surely cleaner" in result.stderr


def test_restore_is_no_witness_of_itself() -> None:
    result = run("restore", COPY, "--witness", COPY)
    assert result.stdout_bytes == Path(COPY).read_bytes()


def test_restore_keeps_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "wide.txt"
    path.write_bytes(Path(COPY).read_text(encoding="utf-8").encode("utf-16"))
    result = run("restore", path, "--witness", ORIGINAL)
    restored = result.stdout_bytes.decode("utf-16")
    assert restored.split() == Path(ORIGINAL).read_text(encoding="utf-8").split()
    assert f"{path}: not UTF-8, read as utf-16-le" in result.stderr


def test_restore_processes_the_other_witnesses_beside_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    result = run("restore", COPY, "--witness", tmp_path, "--witness", ORIGINAL)
    assert result.exit_code == 1
    assert result.stdout.split() == Path(ORIGINAL).read_text(encoding="utf-8").split()
    assert f"{tmp_path / 'empty.txt'}: is empty; remove it" in result.stderr


# --- clean -----------------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_clean_accounts_for_every_document_and_every_dropped_one_gives_way_to_a_kept_one(tmp_path: Path) -> None:
    result = run("clean", FIXTURES / "real", "-o", tmp_path / "out")
    manifest = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text("utf-8").splitlines()]
    assert {row["id"] for row in manifest} == {
        path.relative_to(FIXTURES / "real").as_posix() for path in (FIXTURES / "real").rglob("*") if path.is_file()
    }
    folder = tmp_path / "out" / "documents"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.txt")}
    kept = {row["id"] for row in manifest if row["status"] in ("kept", "restored")}
    assert {row["status"] for row in manifest} <= {"kept", "restored", "dropped"}
    assert written == {name for name in kept if name.endswith(".txt")}
    assert {row["for"] for row in manifest if row["status"] == "dropped"} <= kept
    assert {row["for"] for row in manifest if row["status"] != "dropped"} == {None}
    assert f"= {len(manifest)} documents read" in result.stdout


def test_clean_leaves_the_input_as_it_is_and_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in SPUN.iterdir()}

    before = state()
    for name in ("one", "two"):
        assert run("clean", SPUN, "-o", tmp_path / name).exit_code == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert state() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_clean_mends_the_encoding_and_records_it(tmp_path: Path) -> None:
    folder = FIXTURES / "real" / "mojibake" / "documents"
    result = run("clean", folder / "cafe-broken.txt", "-o", tmp_path / "out")
    assert "1 restored" in result.stdout
    mended = (tmp_path / "out" / "documents" / "cafe-broken.txt").read_bytes()
    assert mended == (folder / "cafe.txt").read_bytes()
    edits = [json.loads(line) for line in (tmp_path / "out" / "edits.jsonl").read_text("utf-8").splitlines()]
    assert {edit["id"] for edit in edits} == {"cafe-broken.txt"}
    assert all(edit["cause"].startswith("encoding") and edit["witness"] is None for edit in edits)


def test_clean_keeps_the_rows_of_a_jsonl_file_as_they_were(tmp_path: Path) -> None:
    text = Path(ORIGINAL).read_text(encoding="utf-8")
    lines = [json.dumps({"n": number, "text": row}) for number, row in enumerate([text, text.upper(), text[::-1]])]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    assert run("clean", tmp_path / "rows.jsonl", "-o", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "documents" / "rows.jsonl").read_text() == f"{lines[0]}\n{lines[2]}\n"


def test_clean_lists_what_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.txt").write_bytes(b"")
    (tmp_path / "in" / "good.txt").write_text("An ordinary document with nothing wrong with it.")
    result = run("clean", tmp_path / "in", "-o", tmp_path / "out")
    assert result.exit_code == 1
    (row,) = (tmp_path / "out" / "unreadable.jsonl").read_text("utf-8").splitlines()
    assert json.loads(row)["path"] == str(tmp_path / "in" / "empty.txt")
    assert (tmp_path / "out" / "documents" / "good.txt").exists()


@pytest.mark.parametrize("kind", ["full folder", "file", "dangling link"])
def test_clean_refuses_a_target_that_is_there(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    if kind == "full folder":
        target.mkdir()
        (target / "precious.txt").write_text("mine")
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    result = run("clean", SPUN, "-o", target)
    assert result.exit_code == 1
    assert f"{target}: exists and is not an empty folder; name a new folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not (target / "manifest.jsonl").exists()


def test_clean_takes_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run("clean", SPUN, "-o", tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "manifest.jsonl").exists()


def test_clean_refuses_a_target_inside_the_source(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("An ordinary document with nothing wrong with it.")
    result = run("clean", tmp_path, "-o", tmp_path / "out")
    assert result.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["good.txt"]


# --- where the output goes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "jsonl"])
@pytest.mark.parametrize("command", [["scan", SPUN], ["diff", ORIGINAL, COPY]], ids=["scan", "diff"])
def test_output_file_has_what_the_terminal_would_have(tmp_path: Path, command: list[object], form: str) -> None:
    path = tmp_path / "deep" / "out"
    result = run(*command, "--format", form, "-o", path)
    assert (result.exit_code, result.stdout) == (0, "")
    shown = run(*command, "--format", form).stdout
    assert path.read_text(encoding="utf-8").split() == shown.split()
    assert list(path.parent.iterdir()) == [path]


def test_output_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    result = run("scan", SPUN, "-o", tmp_path / "folder")
    assert result.exit_code == 1
    assert f"{tmp_path / 'folder'}: cannot be written" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_findings_go_to_stdout_and_troubles_to_stderr(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "good.txt").write_text("An ordinary document with nothing wrong with it.")
    done = shell("scan", tmp_path, "--format", "jsonl")
    assert done.returncode == 1
    assert [json.loads(line)["record"] for line in done.stdout.splitlines()] == ["document", "summary"]
    assert b"empty.txt: is empty; remove it" in done.stderr
    assert b"Traceback" not in done.stderr


def test_exit_status_of_the_process() -> None:
    assert shell("scan", SPUN).returncode == 0
    assert shell("scan", SPUN / "nowhere").returncode == 1
    assert shell("scan", SPUN, "--threshold", "3").returncode == 2


def test_there_is_no_colour_but_on_a_terminal() -> None:
    done = shell("diff", ORIGINAL, COPY)
    assert b"\x1b" not in done.stdout
    assert b"[-shrinking-]" in done.stdout


def test_forced_colour_takes_the_place_of_marks() -> None:
    done = shell("diff", ORIGINAL, COPY, FORCE_COLOR="1", TERM="xterm-256color")
    assert b"\x1b[1;31mshrinking" in done.stdout
    assert b"[-shrinking-]" not in done.stdout


def test_no_color_is_obeyed() -> None:
    done = shell("diff", ORIGINAL, COPY, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color")
    assert b"[-shrinking-]" in done.stdout
    assert b"\x1b[31m" not in done.stdout
    assert b"\x1b[1;31m" not in done.stdout


def test_terminal_without_colours_has_marks() -> None:
    done = shell("diff", ORIGINAL, COPY, FORCE_COLOR="1", TERM="dumb")
    assert b"\x1b[" not in done.stdout
    assert b"[-shrinking-]" in done.stdout


def test_file_name_does_not_steer_the_terminal(tmp_path: Path) -> None:
    for name in ("red\x1b[31m.txt", "two\x1b]0;title\x07.txt"):
        (tmp_path / name).write_text("Two documents whose text is the same, so that they are printed.")
    assert "\x1b" not in run("scan", tmp_path).stdout


@pytest.mark.parametrize(
    "arguments", [["scan", SPUN, "--format", "jsonl"], ["diff", ORIGINAL, COPY]], ids=["jsonl", "text"]
)
def test_broken_pipe_is_quiet(arguments: list[object]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "dedup.cli", *map(str, arguments)]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 1
