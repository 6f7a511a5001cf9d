"""Whose reading is the original, place by place: held to a plain sum, to both orders of the texts, and to limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp

import pytest
from strategies import article, spun

import dedup
from dedup import judge, pipeline, readings
from dedup.config import Config
from dedup.model import Locus, Verdict

CONFIG = Config()
TEXT = article(7, 40)
SPUN = spun(TEXT)


def judged(text_a: str, text_b: str, config: Config = CONFIG) -> tuple[Verdict, ...]:
    both = pipeline.collate(dedup.document("a", text_a), dedup.document("b", text_b), config)
    return judge.verdicts(both, "spun", config)


def clipped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))


WITHOUT = SPUN.replace(" after a short silence", "")


@pytest.mark.parametrize("texts", [(WITHOUT, TEXT), (TEXT, WITHOUT)], ids=["spun first", "spun second"])
def test_confidence_is_what_the_evidence_shown_sums_up_to(texts: tuple[str, str]) -> None:
    seen = judged(*texts)
    places = [one for one in seen if one.locus.kind == "substitution"]
    assert 20 < len(places) < len(seen)
    for one in seen:
        assert one.cause == "spun"
        own = {name: value for name, value in one.evidence.items() if name != "pair"}
        assert bool(own) <= (one.locus.kind == "substitution")
        probability = 1 / (1 + exp(-one.evidence["pair"] - clipped(readings.own_odds(own), 3.0)))
        assert one.confidence == pytest.approx(max(probability, 1 - probability), abs=2e-3)
        assert one.confidence == round(one.confidence, 4)
        assert all(value == round(value, 3) for value in one.evidence.values())
        assert one.kept in (None, "a" if probability > 0.5 else "b")
    assert {one.kept for one in places} - {None} == {"ab"[texts[0] == WITHOUT]}
    assert any(value != round(value, 2) for one in places for value in one.evidence.values())
    assert any(one.confidence != round(one.confidence, 3) for one in seen)


def test_the_other_order_of_the_texts_gives_the_other_sides() -> None:
    turned = {"a": "b", "b": "a", None: None}
    told = {one.locus.span_a: (one.kept, one.confidence) for one in judged(SPUN, TEXT)}
    other = {one.locus.span_b: (turned[one.kept], one.confidence) for one in judged(TEXT, SPUN)}
    both = told.keys() & other.keys()
    assert len(both) > 20
    assert {at: told[at] for at in both} == {at: other[at] for at in both}


def test_one_place_says_no_more_than_half_of_what_the_pair_says() -> None:
    words = TEXT.split()
    middle = len(words) // 2
    swapped = " ".join([*words[:middle], "thoroughfares", *words[middle + 1 :]])
    strong = [one for one in judged(" ".join(words), swapped) if one.locus.kind == "substitution"]
    assert len(strong) == 1
    own = readings.own_odds({name: value for name, value in strong[0].evidence.items() if name != "pair"})
    assert own > 3.0
    pair = strong[0].evidence["pair"]
    assert strong[0].confidence == pytest.approx(1 / (1 + exp(-pair - 3.0)), abs=1e-4)


@pytest.mark.parametrize("side", ["a", "b"])
def test_an_addition_of_five_words_is_an_authors(side: str) -> None:
    words = TEXT.split()
    at = [number for number, word in enumerate(words) if word == "the"][len(words) // 60]
    decided = []
    for added in ("merrily under heaven seven", "merrily under heaven seven grey"):
        longer = " ".join([*words[:at], added, *words[at:]])
        seen = judged(longer, SPUN) if side == "a" else judged(SPUN, longer)
        decided += [one.kept for one in seen if added in (one.locus.text_a.strip(), one.locus.text_b.strip())]
    assert decided == [side, None]


@pytest.mark.parametrize("side", ["a", "b"])
@pytest.mark.parametrize("limit, other", [(CONFIG.block_tokens, 2), (CONFIG.addition_tokens, 0)])
def test_a_place_as_long_as_a_block_stays_undecided(side: str, limit: int, other: int) -> None:
    """Places of any length are put where words are equal, far from the beginning."""
    both = pipeline.collate(dedup.document("a", TEXT), dedup.document("b", TEXT.replace("a young", "an aged")), CONFIG)
    spans = both.compared.tokens_a.spans.tolist(), both.compared.tokens_b.spans.tolist()
    first = 100
    decided = []
    for count in (limit - 1, limit):
        lengths = (count, other) if side == "a" else (other, count)
        (start_a, stop_a), (start_b, stop_b) = (
            (span[first][0], span[first + length][0]) for span, length in zip(spans, lengths, strict=True)
        )
        texts = both.compared.a.text[start_a:stop_a], both.compared.b.text[start_b:stop_b]
        place = Locus("substitution", (start_a, stop_a), (start_b, stop_b), *texts)
        sure = replace(CONFIG, confidence_min=0.5)
        decided += [one.kept is not None for one in judge.verdicts(replace(both, loci=(place,)), "spun", sure)]
    assert decided == [True, False]


def test_a_moved_paragraph_has_a_verdict_that_keeps_neither() -> None:
    first, second, *rest = article(3, 40).split("\n\n")
    moved = [one for one in judged(spun("\n\n".join([second, *rest, first])), "\n\n".join([first, second, *rest]))
             if one.locus.kind == "move"]  # fmt: skip
    assert moved
    assert {one.kept for one in moved} == {None}


def test_the_limit_of_confidence_itself_decides() -> None:
    least = min(one.confidence for one in judged(SPUN, TEXT) if one.kept)
    below, above = (
        {one.confidence for one in judged(SPUN, TEXT, replace(CONFIG, confidence_min=limit)) if one.kept}
        for limit in (round(least - 1e-4, 4), round(least + 1e-4, 4))
    )
    assert least in below
    assert least not in above


def test_places_stand_in_the_order_of_the_first_text() -> None:
    starts = [one.locus.span_a for one in judged(SPUN, TEXT) if one.locus.kind != "move"]
    assert all(one <= other for one, other in pairwise(starts))
