"""A document's card, its safe repairs, and the cost of hostile input."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from strategies import PARAGRAPHS, hostile_texts

from dedup import damage, edits
from dedup.damage import batch
from dedup.damage.card import DETECTORS
from dedup.damage.findings import FINDINGS_MAX, any_of
from dedup.model import Document, Locator

PROSE = "\n\n".join(PARAGRAPHS)
MEGABYTE = 1_000_000


def document(text: str) -> Document:
    return Document("x", Locator("x"), text)


def test_a_card_has_a_score_for_every_kind() -> None:
    card = damage.card(document(PROSE), words=140)
    assert set(card.scores) == set(get_args(damage.Kind))
    assert (card.id, card.words, card.flags) == ("x", 140, ())


def test_the_words_are_counted_where_they_are_not_given() -> None:
    assert damage.card(document("one two three")).words == 3


def test_flags_are_the_scores_at_the_level_or_above() -> None:
    card = damage.card(document(f"Itâ€™s br\u200bave. {PROSE}"))
    assert card.flags == ("encoding", "invisible")
    assert all((score >= damage.FLAG_LEVEL) == (kind in card.flags) for kind, score in card.scores.items())


@given(hostile_texts)
def test_findings_are_in_order_and_scores_are_probabilities(text: str) -> None:
    card = damage.card(document(text))
    spans = [found.span for found in card.findings]
    assert spans == sorted(spans)
    assert all(0 <= start < stop <= len(text) for start, stop in spans)
    assert all(0.0 <= score <= 1.0 for score in card.scores.values())


@given(hostile_texts)
def test_safe_repairs_stand_within_findings_and_can_be_taken_back(text: str) -> None:
    made = damage.safe_repairs(document(text))
    mended = edits.applied(text, made)
    assert edits.applied(mended, edits.inverse(made)) == text
    spans = [found.span for found in damage.card(document(text)).findings]
    assert all(any(start <= edit.span[0] and edit.span[1] <= stop for start, stop in spans) for edit in made)


def test_safe_repairs_mend_what_is_safe_and_nothing_else() -> None:
    text = "Itâ€™s br\u200bave of thc mayor\x02 to\nclose it to main-\ntain the pаth; a odd odd idea."
    assert edits.applied(text, damage.safe_repairs(document(text))) == (
        "It’s brave of thc mayor to\nclose it to maintain\nthe pаth; a odd odd idea."
    )


@pytest.mark.parametrize("text", [PROSE, "می\u200cخواهم", "👩\u200d🌾", "well-\nknown", "“Déjà vu”"])
def test_a_clean_text_needs_no_repair(text: str) -> None:
    assert damage.safe_repairs(document(text)) == ()


def test_independent_evidence_adds_up() -> None:
    assert any_of([]) == 0.0
    assert any_of([0.5, 0.5]) == pytest.approx(0.75)


HOSTILE = {
    "one letter": "a", "spaces": " ", "lines": "\n", "quotes": "\"'", "brackets": "(", "hyphens": "ab-\ncd",
    "zero width": "a\u200b", "two scripts": "aа", "mojibake": "Ã© ", "entities": "&amp;", "ampersands": "&",
    "tags": "<a ", "points": ". ", "marks": "\u0301", "overrides": "\u202ea", "replaced": "\ufffd",
    "tag letters": "\U000e0041", "flags": "\U0001f3f4\U000e0067", "a line": "the same line of text once again\n",
    "a word": "the ", "capitals": "aB", "small capitals": "ʜa", "turned": "ǝa", "old machines": "–° ",
    "upper Latin": "Ïðèâåò ", "data": "QUJD", "braces": "{{", "blanks": "[insert ", "digits": "1l ", "C1": "\x93",
    "backspaces": "a\x08", "marks of order": "\ufeffa", "declarations": "<meta ", "open quotes": "“", "colons": "a:",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_anything_is_done_with_in_time_and_lists_no_end(name: str) -> None:
    """Were one detector quadratic, this would take hours: the run's own limit is the assertion."""
    unit = HOSTILE[name]
    text = unit * (MEGABYTE // len(unit.encode("utf-8", "surrogatepass")))
    asked = batch.of([text])
    for detections in DETECTORS.values():
        (found,) = detections([document(text)], asked)
        assert len(found.findings) <= FINDINGS_MAX + 1
