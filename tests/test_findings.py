"""What reviewers found, each held by a small example: what must not merge, what must be left, what must be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from rows import in_columns
from strategies import PARAGRAPHS, article, noised, spun

from dedup import clean, figures, judge, mojibake, pipeline, readings, restoring
from dedup.cli import main
from dedup.config import Config
from dedup.model import MERGING, Pair, Verdict

TEXT = article(41, 24)


def compared(a: str, b: str, names: tuple[str, str] = ("a", "b")) -> Pair | None:
    return pipeline.compare(clean.from_text(names[0], a), clean.from_text(names[1], b))


def restored(damaged: str, witness: str) -> str:
    return restoring.restoration(clean.from_text("damaged", damaged), [clean.from_text("witness", witness)]).text


# --- what is restored ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "theirs"),
    [("1934", "1943"), ("seven", "eleven"), ("17", "71"), ("Kettleby", "Ravensmoor")],
    ids=["year", "number word", "number", "rare name"],
)
def test_a_fact_that_differs_is_left_while_words_are_put_back(own: str, theirs: str) -> None:
    damaged, witness = (TEXT.replace(" the river", f" the river {fact} miles", 1) for fact in (own, theirs))
    found = restored(spun(damaged), witness)
    assert found == damaged
    assert theirs not in found


def test_a_number_in_digits_is_put_back_in_words() -> None:
    good = TEXT.replace(" and ", " and four others ", 1).replace(" by the river", " by the four rivers")
    assert good.count("four") > 0
    assert restored(spun(good).replace("four", "4"), good) == good


def test_a_sentence_of_correction_that_was_added_is_left() -> None:
    note = "Correction: an earlier version of this text gave the wrong day for the meeting."
    parts = spun(TEXT).split("\n\n")
    own = "\n\n".join([parts[0], f"{parts[1]} {note}", *parts[2:]])
    found = restored(own, TEXT)
    assert note in found
    assert found.replace(f" {note}", "") == TEXT


_GERMAN = (
    "Der alte Bäcker kaufte jeden Morgen frisches Mehl in der kleinen Mühle am Fluss, weil dort das Wasser klar war "
    "und die Müllerin ihm stets einen guten Preis machte. Am Nachmittag brachte er das warme Brot in die Stadt, wo "
    "viele Kinder schon vor der Schule auf ihn warteten. Wenn es regnete, half ihm sein Bruder, den schweren Wagen "
    "über die steile Straße zu schieben, und abends saßen beide müde vor dem Haus und hörten den Vögeln zu. "
)
_CLUMSY = {
    "alte": "betagte", "kaufte": "erwarb", "kleinen": "winzigen", "guten": "vortrefflichen", "brachte": "beförderte",
    "warme": "erwärmte", "viele": "zahlreiche", "half": "assistierte", "schweren": "gewichtigen", 
    "steile": "abschüssige", "müde": "ermattet", "Haus": "Gebäude",
}  # fmt: skip


def test_german_with_clumsy_words_is_undecided_and_left() -> None:
    text = _GERMAN + _GERMAN.replace("Brot", "Gebäck")
    clumsy = text
    for plain, stiff in _CLUMSY.items():
        clumsy = clumsy.replace(f" {plain} ", f" {stiff} ")
    pair = compared(text, clumsy)
    assert pair is not None
    assert (pair.relation, pair.cleaner) == ("reuse", None)
    assert pair.confidence <= 0.5
    assert restored(clumsy, text) == clumsy
    assert restored(text, clumsy) == text


# --- what does not merge ---------------------------------------------------------------------------------------


def test_the_lines_of_a_log_in_another_order_are_not_near() -> None:
    chance = Random(5)
    steps = "opened closed started stopped checked failed mounted drained tested restarted moved cleared".split()
    lines = [f"pump {at} {chance.choice(steps)} valve {at * 7} by unit {chance.randint(100, 999)} at bay {at + 300}"
             for at in range(60)]  # fmt: skip
    mixed = chance.sample(lines, len(lines))
    pair = compared("\n".join(lines), "\n".join(mixed))
    assert pair is None or pair.relation == "reuse"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("if x < 3 then", "if x >= 3 then"),
        ("it was -21 degrees", "it was 21 degrees"),
        ("we say 👍 to it", "we say 👎 to it"),
    ],
)
def test_the_same_words_with_other_signs_do_not_merge(one: str, other: str) -> None:
    pair = compared(f"{PARAGRAPHS[0]} {one} {PARAGRAPHS[1]}", f"{PARAGRAPHS[0]} {other} {PARAGRAPHS[1]}")
    assert pair is not None
    assert (pair.relation, pair.resemblance) == ("reuse", 1.0)
    short = compared(one, other)
    assert short is None or short.relation not in MERGING


# --- names do not matter ---------------------------------------------------------------------------------------


_words = st.sampled_from("the of river old pump 12 Paris navy military house at moment isn't é 漢 -".split())
_texts = st.lists(_words, max_size=70)


def _turned(pair: Pair | None) -> Pair | None:
    return in_columns("ab", [pair]).turned(np.array([True]))[0] if pair else None


@settings(max_examples=200)
@given(_texts, _texts, st.randoms(use_true_random=False))
def test_findings_do_not_depend_on_the_names(one: list[str], other: list[str], chance: Random) -> None:
    if chance.random() < 0.7:
        at = chance.randint(0, len(one))
        other = [*one[:at], *other[:8], *one[at:]]
    a, b = " ".join(one), " ".join(other)
    forth, back = compared(a, b), _turned(compared(b, a))
    assert forth == (replace(back, a="a", b="b", cleaner=_swapped(back.cleaner)) if back else None)


def _swapped(cleaner: str | None) -> str | None:
    return {"a": "b", "b": "a", None: None}[cleaner]


# --- bounds ----------------------------------------------------------------------------------------------------


def test_mending_a_long_line_compares_short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    counting = Levenshtein.opcodes

    def counted(before: str, after: str) -> Any:
        lengths.append(len(before))
        return counting(before, after)

    monkeypatch.setattr(Levenshtein, "opcodes", counted)
    for line in ("The cafÃ© isnâ€™t open. " * 13_000, "cafÃ©isnâ€™topen" * 20_000):
        found = mojibake.repairs(line)
        assert len(line) >= 300_000
        assert len(found) > 10_000
    assert max(lengths) <= 4096
    assert sum(lengths) <= 700_000


def write(path: Path, texts: Iterator[str] | list[str]) -> Path:
    path.mkdir()
    for number, text in enumerate(texts):
        (path / f"{number:03}.txt").write_text(text, encoding="utf-8")
    return path


def test_a_paragraph_of_too_many_documents_is_counted(tmp_path: Path) -> None:
    def findings(size: int) -> pipeline.Findings:
        texts = [f"{PARAGRAPHS[0]} {' '.join(f'own{one}x{at}' for at in range(40))}" for one in range(size)]
        return pipeline.find_duplicates(write(tmp_path / str(size), texts))

    assert findings(64).capped == {}
    assert findings(65).capped["passages"] > 0


# --- weights and limits ----------------------------------------------------------------------------------------


def weighed(differences: dict[str, float], share: float, repairs: int) -> float:
    """The log-odds of one pair."""
    sums = [[*(differences.get(name, 0.0) for name in readings.WEIGHTS), 1.0, 1.0]]
    odds, parts = readings.weighed(np.array(sums), np.array([share]), np.array([float(repairs)]))
    assert [odds.shape, *(part.shape for part in parts.values())] == [(1,)] * (2 + len(readings.WEIGHTS))
    assert odds.item() == pytest.approx(sum(part.item() for part in parts.values()))
    return odds.item()


@pytest.mark.parametrize(
    ("name", "odds"),
    [("frequency", 7.0), ("rarity", -9.1), ("fit", 4.0), ("known", 15.7), ("capitals", 59.0), ("recurrence", 17.5)],
)
def test_each_kind_of_evidence_has_its_weight(name: str, odds: float) -> None:
    assert weighed({name: 10.0}, 1.0, 0) == weighed({name: 10.0}, 0.0, 0) == pytest.approx(odds)
    assert weighed({name: 10.0}, 0.5, 0) == pytest.approx(odds / 2)  # where half of the changes are no replacements


def test_encoding_speaks_by_the_place_up_to_a_limit() -> None:
    assert [weighed({}, 0.0, repairs) for repairs in (0, 1, 4, 12, 100, -100)] == [0, 0.5, 2, 6, 6, -6]


def verdicts(damaged: str, witness: str) -> tuple[Verdict, ...]:
    found = pipeline.collate(clean.from_text("a", damaged), clean.from_text("b", witness))
    return judge.verdicts(found, "spun", Config())


def test_the_pair_as_a_whole_says_no_more_than_its_limit() -> None:
    assert {verdict.evidence["pair"] for verdict in verdicts(spun(TEXT), TEXT)} == {-6.0}


def test_a_replaced_stretch_of_twelve_words_is_a_block_and_of_eleven_is_none() -> None:
    sentences = TEXT.split(". ")
    fill = "they oftentimes utilise victuals succour conundrum riposte momentous metropolis thoroughfare abode".split()
    plain = "we can often need some good food and help from home".split()
    for size, decided in ((11, True), (12, False)):
        own, theirs = [*fill, "monies"][:size], [*plain, "again"][:size]
        damaged, witness = (
            ". ".join([*sentences[:8], f"Now we say {' '.join(words)} ere long, as they told us then", *sentences[8:]])
            for words in (own, theirs)
        )
        found = pipeline.collate(clean.from_text("a", damaged), clean.from_text("b", witness)).compared
        run = next(run for run in figures.runs(found.passages) if run.replaced >= 11)
        assert run.a[1] - run.a[0] == size
        spans = [(int(tokens.spans[first, 0]), int(tokens.spans[last - 1, 1]))
                 for tokens, (first, last) in ((found.tokens_a, run.a), (found.tokens_b, run.b))]  # fmt: skip
        readings = found.a.text[slice(*spans[0])], found.b.text[slice(*spans[1])]
        locus = judge.Locus("substitution", spans[0], spans[1], *readings)
        assert judge._is_decidable(locus, found, Config()) == decided


# --- the command line ------------------------------------------------------------------------------------------


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_absolute_and_relative_paths_go_into_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, seed in (("one", 1), ("two", 2)):
        Path(name).mkdir()
        (Path(name) / "rows.jsonl").write_text(json.dumps({"id": name, "text": article(seed)}) + "\n")
    result = run("clean", tmp_path / "one" / "rows.jsonl", Path("two") / "rows.jsonl", "-o", "out")
    assert result.exit_code == 0, result.stderr
    for name in ("one", "two"):
        assert (tmp_path / "out" / "documents" / name / "rows.jsonl").read_bytes() == Path(
            name, "rows.jsonl"
        ).read_bytes()


@pytest.mark.parametrize("onto", ["in/a.txt", "in/new.txt", "in"])
def test_output_into_or_onto_a_source_is_refused(tmp_path: Path, onto: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    a, b, target = folder / "a.txt", folder / "b.txt", tmp_path / onto
    a.write_text(spun(TEXT))
    b.write_text(TEXT)
    commands = [["scan", folder, "-o", target], ["clean", folder, "-o", target / "out"]]
    commands += [["restore", a, "--witness", folder, option, target] for option in ("-o", "--edits")]
    commands += [["diff", a, b, "-o", target]] if onto == "in/a.txt" else []
    for command in commands:
        result = run(*command)
        assert result.exit_code == 1, command
        assert "lies within the source" in result.stderr or f"{a}: is a source" in result.stderr
    assert (a.read_text(), b.read_text(), sorted(folder.iterdir())) == (spun(TEXT), TEXT, [a, b])


def test_restore_tells_its_edits_as_records(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(spun(TEXT))
    (tmp_path / "b.txt").write_text(TEXT)
    result = run("restore", tmp_path / "a.txt", "--witness", tmp_path / "b.txt", "--format", "jsonl")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert {record["record"] for record in records[:-1]} == {"edit"}
    assert (records[-1]["record"], records[-1]["text"]) == ("summary", TEXT)


def test_clean_tells_its_counts_as_a_record(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [TEXT, spun(TEXT), PARAGRAPHS[0]])
    (record,) = [
        json.loads(line)
        for line in run("clean", source, "-o", tmp_path / "out", "--format", "jsonl").stdout.splitlines()
    ]
    assert record["record"] == "summary"
    assert {record["kept"], record["dropped"]} == {2, 1}


def test_a_witness_of_the_same_name_is_known_by_its_path(tmp_path: Path) -> None:
    own, theirs = write(tmp_path / "own", [noised(TEXT)]), write(tmp_path / "theirs", [TEXT])
    result = run("restore", own / "000.txt", "--witness", theirs / "000.txt")
    assert result.stdout == TEXT
    assert f"by witness {theirs / '000.txt'}" in result.stderr


def test_a_document_that_lost_bytes_is_not_restored(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(("é" * 60).encode() + b"\xff" + spun(TEXT).encode())
    (tmp_path / "b.txt").write_text(TEXT)
    result = run("restore", tmp_path / "a.txt", "--witness", tmp_path / "b.txt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "1 bytes that are not valid utf-8" in result.stderr


def test_control_characters_of_a_path_are_shown(tmp_path: Path) -> None:
    result = run("scan", tmp_path / "red\x1b[31m.txt")
    assert result.exit_code == 1
    assert "red\\x1b[31m.txt" in result.stderr
    assert "\x1b" not in result.stderr
