"""Whose reading is the original, place by place: held to a plain sum, to both orders of the texts, and to limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp

import pytest
from strategies import article, spun

import dedup
from dedup import figures, judge, pipeline, readings
from dedup.config import Config
from dedup.figures import Run
from dedup.model import Comparison, Locus, Passage, Verdict

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


def test_what_was_moved_is_not_decided_however_short_it_is() -> None:
    both = pipeline.collate(dedup.document("a", SPUN), dedup.document("b", TEXT), CONFIG)
    decided = [one.locus for one in judge.verdicts(both, "spun", CONFIG) if one.kept]
    assert len(decided) > 20
    for locus in decided:
        assert judge._is_decidable(locus, both.compared, CONFIG)
        assert not judge._is_decidable(replace(locus, kind="move"), both.compared, CONFIG)


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


# --- what nobody's damage is -------------------------------------------------------------------------------------

FRAME = "Nobody knows why so many people of the old town went to see {} on that day, and none of them has ever said why"


def replaced(a: str, b: str) -> tuple[Run, Comparison]:
    """The place at which two texts differ, and their comparison."""
    texts = (dedup.document(name, FRAME.format(word)) for name, word in (("a", a), ("b", b)))
    both = pipeline.collate(*texts, CONFIG)
    (place,) = [one for one in both.loci if one.kind == "substitution"]
    return figures.run_of(place, both.compared), both.compared


@pytest.mark.parametrize(
    ("a", "b", "fact"),
    [
        ("Ostrava", "Quimper", True),
        ("Ruth Alder", "Ivo Brandt", True),
        ("Quimper", "Quirnper", False),  # one is the other, misread
        ("quimper", "Ostrava", False),
        ("Ostrava", "quimper", False),
        ("London", "Ostrava", False),  # a word as common as this may be no name
        ("Ostrava", "London", False),
        ("4", "5", True),
        ("1st", "2nd", True),
        ("forty", "seven", True),
        ("four", "4", False),  # one number
        ("4", "four", False),
        ("4", "boats", False),
        ("boats", "four", False),
        ("four boats", "five", True),
    ],
)
def test_other_names_and_other_numbers_are_what_a_text_says_not_how_it_says_it(a: str, b: str, fact: bool) -> None:
    run, both = replaced(a, b)
    assert judge._is_fact(run, both, CONFIG) == fact


@pytest.mark.parametrize(
    ("a", "b", "decidable"),
    [("Ostrava", "Quimper", False), ("4", "5", False), ("Quimper", "Quirnper", True), ("boats", "vessels", True)],
)
def test_what_a_text_says_is_not_decided(a: str, b: str, decidable: bool) -> None:
    texts = [dedup.document(name, FRAME.format(word)) for name, word in (("a", a), ("b", b))]
    both = pipeline.collate(*texts, CONFIG)
    (place,) = [one for one in both.loci if one.kind == "substitution"]
    assert judge._is_decidable(place, both.compared, CONFIG) == decidable
    (kept,) = [one.kept for one in judge.verdicts(both, "spun", replace(CONFIG, confidence_min=0.5))
               if one.locus is place]  # fmt: skip
    assert (kept is not None) == decidable


def test_names_count_as_others_just_below_the_likeness_of_noise() -> None:
    run, both = replaced("Ostrava", "Quimper")
    likeness = figures.similarity(run, both)
    assert 0 < likeness < CONFIG.noise_similarity_min
    assert not judge._is_fact(run, both, replace(CONFIG, noise_similarity_min=likeness))
    assert judge._is_fact(run, both, replace(CONFIG, noise_similarity_min=likeness + 1e-9))


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize(
    ("shared", "place", "inside"),
    [
        ((20, 60), (20, 22), True),
        ((20, 60), (19, 22), False),
        ((20, 60), (58, 60), True),
        ((20, 60), (59, 61), False),
        ((20, 60), (40, 40), True),
        ((4, 60), (0, 2), True),  # the little before a passage with which both begin
        ((5, 60), (0, 2), False),
        ((20, -4), (-2, 0), True),
        ((20, -5), (-2, 0), False),
    ],
)
def test_a_place_must_lie_in_a_shared_passage_in_both_texts(
    side: int, shared: tuple[int, int], place: tuple[int, int], inside: bool
) -> None:
    """Passage and place stand in the middle of one text; in the other they are as given, the last ones from its end."""
    both = pipeline.collate(dedup.document("a", TEXT), dedup.document("b", TEXT), CONFIG).compared
    length = len(both.tokens_a)

    def counted(bounds: tuple[int, int]) -> tuple[int, int]:
        first, last = (at + length if at < 0 else at for at in bounds)
        return first, last or length

    ends = counted(shared)[1] >= length - 5
    middle = (1, length - 1) if ends or shared[0] <= 5 else (10, length - 10)
    spans = both.tokens_a.spans.tolist()
    within, other = counted(place), (length // 2, length // 2 + 2)
    ranges = [counted(shared), middle] if side == 0 else [middle, counted(shared)]
    runs = [within, other] if side == 0 else [other, within]
    at = [(spans[first][0], spans[last][0] if last < length else len(TEXT)) for first, last in runs]
    locus = Locus("substitution", at[0], at[1], TEXT[slice(*at[0])], TEXT[slice(*at[1])])
    found = replace(both, passages=(Passage((0, 1), (0, 1), 1), Passage(ranges[0], ranges[1], 30)))
    if not ends and shared[0] > 5:
        found = replace(found, passages=(Passage((70, 90), (70, 90), 20), *found.passages[1:]))
    assert judge._in_passages(locus, found) == inside
