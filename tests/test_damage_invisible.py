"""Invisible characters and look-alikes are found away from home, and left alone where they belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile_texts

from dedup import damage
from dedup.damage import encoding, invisible, lookalikes
from dedup.damage.alphabets import READINGS, skeleton
from dedup.model import Document, Locator

HOSTILE = Path(__file__).parent.parent / "fixtures" / "hostile"


def cases(kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HOSTILE / f"{kind}.jsonl").read_text(encoding="ascii").splitlines()]


def score(kind: str, text: str) -> float:
    if kind == "encoding":
        return encoding.detect(Document("x", Locator("x"), text)).score
    return invisible.detect(text).score


@pytest.mark.parametrize("kind", ["encoding", "invisible"])
def test_the_hostile_set_is_found_and_its_twins_are_not_flagged(kind: str) -> None:
    flagged = [(case["damaged"], score(kind, case["text"]) >= damage.FLAG_LEVEL) for case in cases(kind)]
    damaged, twins = [one for bad, one in flagged if bad], [one for bad, one in flagged if not bad]
    assert sum(damaged) >= 0.99 * len(damaged) > 0
    assert sum(twins) <= 0.01 * len(twins)


def test_the_hostile_set_is_large_and_covers_the_scripts() -> None:
    every = cases("encoding") + cases("invisible")
    assert sum(case["damaged"] for case in every) >= 300
    assert len({case["block"] for case in every}) >= 60


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("log in at pаypal today", "pаypal"), ("Gооgle it", "Gооgle"), ("the Аpple store", "Аpple"),
        ("Это прoстой текст", "прoстой"), ("please раy now", "раy"), ("it is ɡreat", "ɡreat"),
    ],
)  # fmt: skip
def test_a_word_with_foreign_letters_is_found_whole(text: str, word: str) -> None:
    (found,) = invisible.detect(text).findings
    assert (found.cause, found.text) == ("look-alike", word)
    assert found.after is None


@pytest.mark.parametrize(
    "text", ["IL2Rγ and 5 μm", "SMSку прислали", "el niño, Łódź, Škoda", "Ηλίας στο Facebook", "x ∈ ℝ, 𝑓(𝑥)"]
)
def test_scripts_may_stand_side_by_side(text: str) -> None:
    assert invisible.detect(text).findings == ()


def test_every_look_alike_reads_as_one_latin_letter() -> None:
    assert all(len(latin) == 1 and latin.isascii() and latin.isalpha() for latin in READINGS.values())
    assert not any(letter.isascii() for letter in READINGS)
    assert skeleton("раураl") == "paypal"


@pytest.mark.parametrize("mark", ["\u200b", "\u2060", "\u202e", "\u00ad", "\u3164", "\U000e0041"])
def test_what_is_hidden_in_a_word_is_taken_out_and_nothing_else(mark: str) -> None:
    (found,) = invisible.detect(f"a br{mark}ave deed").findings
    assert (found.span, found.after) == ((4, 4 + len(mark)), "")


@given(hostile_texts)
def test_findings_lie_in_the_text_and_say_what_stands_there(text: str) -> None:
    for found in invisible.detect(text).findings:
        start, stop = found.span
        assert 0 <= start < stop <= len(text)
        assert 0 < found.confidence <= 1
        assert found.explanation


@given(st.text(alphabet="abc \u200b\u200c\u200d\u202e\u0301аеο\u00ad", max_size=60))
def test_the_score_is_a_probability_and_nothing_without_findings(text: str) -> None:
    found = invisible.detect(text)
    assert 0 <= found.score <= 1
    assert bool(found.findings) == (found.score > 0)


def test_ascii_is_never_looked_at() -> None:
    assert invisible.detect("plain text").findings == ()
    assert list(lookalikes.findings("plain text", "")) == []
