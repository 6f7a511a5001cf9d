"""The main job on the five seeds, by the contracts that people's scripts depend on (DESIGN.md, section 4)."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dedup import applied, inverse
from dedup.cli import main
from dedup.model import Edit

SEEDS = Path(__file__).parent.parent / "seeds"
ORIGINAL, SPUN = "004_d28315a60f4f15ab.txt", "002_c675f6cb87d64a6d.txt"
BODY = re.compile(r"The ostensible.*peoples of the American continent", re.DOTALL)

Record = dict[str, Any]


@cache
def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def records(result: Result) -> list[Record]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def scanned(kind: str) -> list[Record]:
    return [record for record in records(run("scan", str(SEEDS), "--format", "jsonl")) if record["record"] == kind]


def pair(a: str, b: str) -> Record:
    (found,) = [record for record in scanned("pair") if (record["a"][:3], record["b"][:3]) == (a, b)]
    return found


def text(name: str) -> str:
    return (SEEDS / name).read_bytes().decode("utf-8")


def state(folder: Path) -> dict[str, tuple[str, int]]:
    """The hash and the time of change of every file."""
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- scan ------------------------------------------------------------------------------------------------------


def test_scan_finds_one_cluster_the_spun_copy_with_its_original() -> None:
    (cluster,) = scanned("cluster")
    assert cluster["members"] == [SPUN, ORIGINAL]
    assert cluster["canonical"] == ORIGINAL


def test_scan_tells_the_state_of_each_document() -> None:
    status = {record["id"]: (record["status"], record["canonical"]) for record in scanned("document")}
    assert len(status) == 5
    assert status.pop(SPUN) == ("duplicate", ORIGINAL)
    assert status.pop(ORIGINAL) == ("canonical", ORIGINAL)
    assert set(status.values()) == {("unique", None)}


def test_scan_shows_why_the_original_is_the_cleaner() -> None:
    found = pair("002", "004")
    assert (found["relation"], found["cleaner"]) == ("spun", ORIGINAL)
    assert found["confidence"] > 0.99
    told = found["evidence"]["direction"]
    assert max(told["frequency"], told["fit"], told["known"]) < -50
    assert sum(told.values()) < -300


def test_scan_reports_the_shared_passage_with_its_spans_in_both() -> None:
    found = pair("000", "004")
    assert found["relation"] == "reuse"
    whole = {name: text(name) for name in (found["a"], found["b"])}
    passages = [
        tuple(" ".join(whole[found[side]][slice(*passage[side])].split()) for side in "ab")
        for passage in found["evidence"]["passages"]
    ]
    (long,) = [one for one in passages if "while Peru may not form part of the Lithium Triangle" in one[0]]
    for reading in long:
        assert reading.endswith("renewable energy technologies")
        assert "while Peru may not form part of the Lithium Triangle" in reading
    assert max(passage["equal_words"] for passage in found["evidence"]["passages"]) in (71, 72)
    assert [one for one in passages if all("as the race for lithium" in reading for reading in one)]


def test_scan_leaves_one_subject_by_two_authors_alone() -> None:
    assert not [record for record in scanned("pair") if {record["a"][:3], record["b"][:3]} & {"001", "003"}]


# --- diff ------------------------------------------------------------------------------------------------------


def differences(kind: str) -> list[Record]:
    result = run("diff", str(SEEDS / ORIGINAL), str(SEEDS / SPUN), "--format", "jsonl")
    return [record for record in records(result) if record["record"] == kind]


@pytest.mark.parametrize(
    ("original", "spun"),
    [
        ("military", "navy"),
        ("countries", "international locations"),
        ("currently", "at the moment"),
        ("affect", "have an effect on"),
        ("exercises", "workout routines"),
        ("popular", "in style"),
        ("party", "social gathering"),
        ("take place across", "happen throughout"),
    ],
)
def test_ledger_pairs_phrases_as_a_reader_would(original: str, spun: str) -> None:
    assert (original, spun) in {(record["a"], record["b"]) for record in differences("substitution")}


def test_loci_applied_to_the_original_give_the_spun_copy() -> None:
    source, at, parts = text(ORIGINAL), 0, []
    for locus in differences("locus"):
        start, stop = locus["a"]["start"], locus["a"]["stop"]
        assert at <= start <= stop
        assert source[start:stop] == locus["a"]["text"]
        parts += [source[at:start], locus["b"]["text"]]
        at = stop
    assert "".join([*parts, source[at:]]) == text(SPUN)


def test_blog_furniture_is_paired_with_nothing() -> None:
    for furniture in ("Please enter your comment!", "Most Popular"):
        (at,) = [found.start() for found in re.finditer(re.escape(furniture), text(SPUN))][:1]
        facing = [one for one in differences("locus") if one["b"]["start"] <= at < one["b"]["stop"]]
        assert [one["kind"] for one in facing] == ["insertion"]


# --- restore ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[Record]]:
    """The restored text of the spun copy, and the records of its edits."""
    folder = tmp_path_factory.mktemp("restored")
    output, edits = folder / "out.txt", folder / "edits.jsonl"
    result = CliRunner().invoke(
        main, ["restore", str(SEEDS / SPUN), "--witness", str(SEEDS), "-o", str(output), "--edits", str(edits)]
    )
    assert result.exit_code == 0, result.stderr
    lines = edits.read_text(encoding="utf-8").splitlines()
    return output.read_bytes().decode("utf-8"), [json.loads(line) for line in lines]


def test_restored_body_is_that_of_the_original(restored: tuple[str, list[Record]]) -> None:
    wanted, got = BODY.search(text(ORIGINAL)), BODY.search(restored[0])
    assert wanted and got
    assert got.group().split() == wanted.group().split()


def edits_of(found: list[Record]) -> list[Edit]:
    return [Edit((one["start"], one["stop"]), one["before"], one["after"], one["cause"]) for one in found]


def test_edits_give_the_restored_text_and_their_inverse_the_spun_one(restored: tuple[str, list[Record]]) -> None:
    edits = edits_of(restored[1])
    assert len(edits) > 100
    assert applied(text(SPUN), edits) == restored[0]
    assert applied(restored[0], inverse(edits)).encode("utf-8") == (SEEDS / SPUN).read_bytes()


def test_each_edit_names_its_witness_and_where_it_says_so(restored: tuple[str, list[Record]]) -> None:
    original = text(ORIGINAL)
    for edit in restored[1]:
        assert edit["record"] == "edit"
        assert edit["witness"] == ORIGINAL
        assert original[edit["witness_start"] : edit["witness_stop"]] == edit["after"]
        assert 0.8 <= edit["confidence"] <= 1


def test_restoring_twice_is_restoring_once(restored: tuple[str, list[Record]], tmp_path: Path) -> None:
    (tmp_path / SPUN).write_bytes(restored[0].encode("utf-8"))
    again = run("restore", str(tmp_path / SPUN), "--witness", str(SEEDS))
    assert again.exit_code == 0
    assert again.stdout_bytes.decode("utf-8") == restored[0]


def test_original_is_left_alone_by_its_spun_copy() -> None:
    result = run("restore", str(SEEDS / ORIGINAL), "--witness", str(SEEDS))
    assert result.stdout_bytes == (SEEDS / ORIGINAL).read_bytes()
    assert "none of the witnesses is a copy that is surely cleaner" in result.stderr


# --- clean -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clean corpora, `x` and `y`, of a copy of the seeds, and the state of that copy before."""
    folder = tmp_path_factory.mktemp("cleaned")
    shutil.copytree(SEEDS, folder / "seeds")
    before = state(folder / "seeds"), state(SEEDS)
    for name in "xy":
        result = CliRunner().invoke(main, ["clean", str(folder / "seeds"), "-o", str(folder / name)])
        assert result.exit_code == 0, result.stderr
        assert "4 kept + 0 restored + 1 dropped = 5 documents read" in result.stdout
    assert (state(folder / "seeds"), state(SEEDS)) == before
    return folder


def test_clean_writes_the_kept_documents_byte_for_byte(cleaned: Path) -> None:
    kept = [path for path in sorted(SEEDS.iterdir()) if path.name != SPUN]
    assert sorted(path.name for path in (cleaned / "x" / "documents").iterdir()) == [path.name for path in kept]
    for path in kept:
        assert (cleaned / "x" / "documents" / path.name).read_bytes() == path.read_bytes()


def test_clean_accounts_for_every_document(cleaned: Path) -> None:
    lines = (cleaned / "x" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    manifest = [json.loads(line) for line in lines]
    assert [row["id"] for row in manifest] == sorted(path.name for path in SEEDS.iterdir())
    status = {row["id"]: (row["status"], row["for"], row["relation"]) for row in manifest}
    assert status.pop(SPUN) == ("dropped", ORIGINAL, "spun")
    assert set(status.values()) == {("kept", None, None)}


def test_clean_writes_the_ledger_of_what_was_dropped(cleaned: Path) -> None:
    head, *rows = (cleaned / "x" / "ledger.tsv").read_text(encoding="utf-8").splitlines()
    names = head.split("\t")
    assert names[:4] == ["kept", "dropped", "count", "pairs"]
    assert {len(row.split("\t")) for row in rows} == {len(names)}
    assert [row for row in rows if row.startswith("countries\tinternational locations\t")]
    counts = [int(row.split("\t")[2]) for row in rows]
    assert counts == sorted(counts, reverse=True)


def test_clean_twice_gives_the_same_bytes(cleaned: Path) -> None:
    first, second = ({name: digest for name, (digest, _) in state(cleaned / one).items()} for one in "xy")
    assert first == second
    assert set(first) >= {"manifest.jsonl", "ledger.tsv"}


def test_clean_again_into_the_same_folder_is_refused(cleaned: Path) -> None:
    before = state(cleaned / "x")
    result = CliRunner().invoke(main, ["clean", str(SEEDS), "-o", str(cleaned / "x")])
    assert result.exit_code == 1
    assert f"{cleaned / 'x'}: exists and is not an empty folder; name a new folder" in result.stderr
    assert state(cleaned / "x") == before
