"""What is found, as JSON Lines, as text for people, and as a folder: whole, stable and safe to print."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

import dedup
from dedup import damage
from dedup.pipeline import document_at
from dedup.report import facing, folder, jsonl, terminal

FIXTURES = Path(__file__).parent.parent / "fixtures" / "real"


def printed(*renderables: RenderableType, width: int = 100) -> str:
    page = io.StringIO()
    console = Console(file=page, width=width, highlight=False, markup=False, emoji=False)
    for renderable in renderables:
        console.print(renderable)
    return page.getvalue()


def findings(case: str) -> dedup.Findings:
    return dedup.find_duplicates(FIXTURES / case / "documents")


def compared(text_a: str, text_b: str) -> dedup.Collation:
    return dedup.collate(dedup.document("a", text_a), dedup.document("b", text_b))


def shown(found: dedup.Collation, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False, emoji=False)
    for renderable in facing.diff(found, [], 0, console):
        console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# --- what a scan tells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sentence, exchanged, told",
    [
        ("Der alte Wagen rollte am Abend {} durch das Tor der Stadt hinaus auf die Straße nach {}", "langsam", True),
        ("The old carriage rolled in the evening {} through the gate of the town to the road to {}", "slowly", False),
    ],
    ids=["German", "English"],
)
def test_words_replaced_without_word_lists_are_told(sentence: str, exchanged: str, told: bool, tmp_path: Path) -> None:
    other = {"langsam": "gemächlich", "slowly": "leisurely"}[exchanged]
    for name, word in (("a", exchanged), ("b", other)):
        text = ". ".join(sentence.format(word if at == 4 else "", place) for at, place in enumerate("ABCDEFGH"))
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    assert ("without word lists" in printed(terminal.scan(dedup.find_duplicates(tmp_path)))) is told


# --- JSON Lines ------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50) | st.floats(0, 1) | st.none(), max_size=5))
def test_record_is_one_line_that_reads_back(record: dict[str, object]) -> None:
    written = jsonl.line(record)
    assert written.endswith("\n")
    assert written.count("\n") == 1
    assert json.loads(written) == record


def test_lone_surrogate_is_escaped() -> None:
    written = jsonl.line({"id": "broken \udcff.txt", "text": "é"})
    assert written.isascii()
    assert json.loads(written)["id"] == "broken \udcff.txt"


def test_summary_counts_what_the_records_say() -> None:
    records = list(jsonl.scan(findings("spun-by-hand")))
    summary = records[-1]
    documents = [record for record in records if record["record"] == "document"]
    assert summary["documents"] == len(documents) == 2
    assert summary["words"] == sum(record["words"] for record in documents)
    assert summary["duplicates"] == sum(record["status"] == "duplicate" for record in documents)
    assert summary["pairs"] == {"spun": 1}


def test_damage_has_the_scores_of_the_card() -> None:
    found = findings("mojibake")
    told = {record["id"]: record["damage"] for record in jsonl.document_records(found)}
    for number, name in enumerate(found.corpus.ids):
        assert told[name] == dict(damage.card(document_at(found.corpus, number)).scores)
    assert told["cafe.txt"]["encoding"] == 0
    assert told["cafe-broken.txt"]["encoding"] >= damage.FLAG_LEVEL


def test_relation_passages_point_at_the_shared_text() -> None:
    found = findings("reused-paragraph")
    (pair,) = (record for record in jsonl.scan(found) if record["record"] == "pair")
    texts = {name: document_at(found.corpus, number).text for number, name in enumerate(found.corpus.ids)}
    (passage,) = pair["evidence"]["passages"]
    readings = [texts[pair[side]][slice(*passage[side])] for side in "ab"]
    assert readings[0] == readings[1]
    assert readings[0].startswith("The remedy for damp")
    assert readings[0].endswith("stopped doing it")


# --- the terminal ----------------------------------------------------------------------------------------------


def test_scan_tells_totals_cluster_and_evidence() -> None:
    text = " ".join(printed(terminal.scan(findings("spun-by-hand"))).split())
    assert text.startswith("2 documents, 569 words")
    assert "keep glacier.txt" in text
    assert "glacier-spun.txt" in text
    assert "glacier.txt is the cleaner" in text


def test_scan_shows_a_reused_passage_with_its_places() -> None:
    text = " ".join(printed(terminal.scan(findings("reused-paragraph"))).split())
    assert "0 clusters" in text
    assert "77 words" in text
    assert "The remedy for damp" in text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    case = findings("spun-by-hand")
    by_id = {name: document_at(case.corpus, number) for number, name in enumerate(case.corpus.ids)}
    text = printed(terminal.scan(case), width=width)
    text += shown(dedup.collate(by_id["glacier.txt"], by_id["glacier-spun.txt"]), width)
    assert max(map(len, text.splitlines())) <= width


def test_what_faces_what_stands_one_below_the_other() -> None:
    found = compared("We took the narrow road down to the harbour.", "We took the tight road down to the harbour.")
    lines = shown(found).splitlines()
    (line_a,) = [line for line in lines if "[-narrow-]" in line]
    (line_b,) = [line for line in lines if "{+tight+}" in line]
    assert line_a.index("road") == line_b.index("road")
    assert line_a.index("[-") == line_b.index("{+")


def test_control_characters_of_a_text_do_not_reach_the_terminal() -> None:
    plain = "one two three four five six seven eight nine ten"
    text = shown(compared(plain, plain.replace("five", "fi\x1b[31mve\x07\u202e")))
    assert "ten" in text
    assert not set(text) & set("\x1b\x07\u202e")


def test_block_that_one_text_alone_has_is_shown_as_one() -> None:
    plain = "one two three four five six seven eight nine ten."
    extra = "Here stands a long addition that nobody else has, word upon word, until it no longer fits within a line."
    text = " ".join(shown(compared(plain, f"{plain} {extra}")).split())
    assert text.count("only here, ") == text.count("{+") == 1
    assert "[-" not in text


def test_words_of_a_block_are_counted_as_tokens() -> None:
    plain = "one two three four five six seven eight nine ten."
    extra = "Here stands a long addition that nobody else has, word upon word, until it no longer fits within a line."
    assert "only here, 20 words" in shown(compared(plain, f"{plain} {extra}"))


# --- the folder ------------------------------------------------------------------------------------------------


def test_folder_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(dedup.DedupError, match="No space left on device"):
        folder.write(findings("spun-by-hand"), [], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_document_that_changed_meanwhile_is_not_written_short(tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("A text that will be cut short while it is being read.")
    found = dedup.find_duplicates(source)
    source.write_text("A text that")
    with pytest.raises(dedup.DedupError, match="was changed while it was read"):
        folder.write(found, [], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]


def test_dropped_document_without_a_kept_one_is_a_broken_invariant(tmp_path: Path) -> None:
    found = findings("spun-by-hand")
    assert found.clusters.documents.tolist() == [[1, 0], [1, 1]]
    lost = replace(found.clusters, documents=np.array([[1, 0], [0, 1]]))  # each gives way to the other
    orphaned = replace(found, clusters=lost)
    with pytest.raises(AssertionError, match="lost what it is of"):
        folder.write(orphaned, [], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_ledger_has_a_row_for_each_substitution(tmp_path: Path) -> None:
    rows = [dedup.Substitution("countries", "international locations", 3, 2, 5, 1, "a", 0.9)]
    folder.write(findings("spun-by-hand"), rows, tmp_path / "out")
    text = (tmp_path / "out" / "ledger.tsv").read_text(encoding="utf-8")
    head, row = text.splitlines()
    assert head == "kept\tdropped\tcount\tpairs\tkept_times\tdropped_times\toriginal\tconfidence"
    assert row == "countries\tinternational locations\t3\t2\t5\t1\tkept\t0.9"
