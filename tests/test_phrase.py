"""Phrases are cut as a careful reader cuts them, and the cuts cover both texts without rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from strategies import article, edited_pairs, hostile_texts, spun

from dedup import align, clean, phrase, pipeline
from dedup.config import Config
from dedup.model import Segment, Tokens

ROOT = Path(__file__).parents[1]
READER = Path(__file__).parent / "data" / "reader_ledger.tsv"

Pairs = list[tuple[str, str]]


def cut(a: str, b: str) -> tuple[Tokens, Tokens, list[Segment]]:
    one, other = (clean.tokens(clean.from_text("x", text)) for text in (a, b))
    return one, other, phrase.segments(one, other, align.alignment(one, other, Config()))


def changed(one: Tokens, other: Tokens, segments: list[Segment]) -> Pairs:
    return [
        (" ".join(one.words[part.start_a : part.stop_a]), " ".join(other.words[part.start_b : part.stop_b]))
        for part in segments
        if not part.equal
    ]


def pairs(a: str, b: str) -> Pairs:
    return changed(*cut(a, b))


@cache
def spinner_pairs() -> Pairs:
    """The phrase pairs of seed 004, as a, and its spun copy 002, as b."""
    found = [next((ROOT / "seeds").glob(f"{number}_*.txt")) for number in ("004", "002")]
    documents, _ = pipeline.documents(found)
    by_number = {document.id[:3]: document.text for document in documents}
    return pairs(by_number["004"], by_number["002"])


@pytest.mark.parametrize(
    "expected",
    [
        ("military", "navy"),
        ("countries", "international locations"),
        ("currently", "at the moment"),
        ("affect", "have an effect on"),
        ("exercises", "workout routines"),
        ("popular", "in style"),
        ("party", "social gathering"),
        ("take place across", "happen throughout"),
        ("government", "authorities"),
        ("that is", "that's"),
    ],
)
def test_the_spinners_phrases_are_found_whole(expected: tuple[str, str]) -> None:
    assert expected in spinner_pairs()


def trimmed(one: list[str], other: list[str]) -> tuple[str, str]:
    """Two phrases without the words that they share at either end."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return " ".join(one), " ".join(other)


def reader_rows() -> list[tuple[tuple[str, str], list[Pairs]]]:
    """The reader's distinct pairs, and for each the other ways to cut the place that would be right as well."""
    rows = []
    for line in READER.read_text(encoding="utf-8").splitlines():
        one, other, alternatives = line.split("\t")
        ways = []
        for way in filter(None, alternatives.split(" ;; ")):
            cuts = [trimmed(*(side.split() for side in pair.split("="))) for pair in way.split(" + ")]
            ways.append([both for both in cuts if both != ("", "")])
        rows.append(((one, other), ways))
    return rows


def test_the_readers_ledger_is_distinct_sorted_and_trimmed() -> None:
    rows = [both for both, _ in reader_rows()]
    assert len(rows) == 322
    assert rows == sorted(set(rows))
    assert all(both == trimmed(both[0].split(), both[1].split()) and all(both) for both in rows)


def test_nine_in_ten_of_the_readers_pairs_are_entries_of_their_own() -> None:
    found = set(spinner_pairs())
    rows = reader_rows()
    strict = sum(both in found for both, _ in rows) / len(rows)
    lenient = sum(both in found or any(set(way) <= found for way in ways) for both, ways in rows) / len(rows)
    assert strict >= 0.90
    assert lenient >= strict


def test_few_pairs_are_cut_that_no_reader_would_cut() -> None:
    known = {both for both, _ in reader_rows()}
    two_sided = {both for both in spinner_pairs() if all(both)}
    assert len(two_sided - known) <= 0.08 * len(two_sided)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (
            "The committee will meet soon to talk about the winter programme.",
            "The committee will meet shortly to talk about the winter programme.",
            [("soon", "shortly")],
        ),
        (
            "Nobody is sure whether it is safe to cross the frozen lake today.",
            "Nobody is sure whether it's safe to cross the frozen lake today.",
            [("it is", "it's")],
        ),
        (
            "They keep the web site of the club in good order all year.",
            "They keep the website of the club in good order all year.",
            [("web site", "website")],
        ),
        (
            "We heard that the old mill burned down on Friday night.",
            "We heard that the mill burned down on Friday night.",
            [("old", "")],
        ),
        (
            "We heard that the mill burned down on Friday night.",
            "We heard that the big old mill burned down on Friday night.",
            [("", "big old")],
        ),
        (
            "Tickets are currently sold at the harbour office and nowhere else.",
            "Tickets are at the moment sold at the harbour office and nowhere else.",
            [("currently", "at the moment")],
        ),
    ],
)
def test_single_changes_are_cut_at_their_borders(a: str, b: str, expected: Pairs) -> None:
    assert pairs(a, b) == expected
    assert pairs(b, a) == [(other, one) for one, other in expected]


def test_neighbouring_replacements_are_told_apart() -> None:
    a = "In spring the regions recently flooded are planted with willow and alder again."
    b = "In spring the areas just lately flooded are planted with willow and alder again."
    assert pairs(a, b) == [("regions", "areas"), ("recently", "just lately")]


def test_what_is_replaced_elsewhere_too_settles_a_doubtful_cut() -> None:
    sure = "The {0} left early. Every {0} sang. My {0} paints boats. Her {0} fixed the roof. Our {0} sold eggs. "
    a = sure.format("neighbour") + "One can see that the neighbour swiftly went home."
    b = sure.format("next door man") + "One can see that the next door man fast went home."
    assert pairs(a, b)[-2:] == [("neighbour", "next door man"), ("swiftly", "fast")]


def test_a_spun_text_gives_the_spinners_dictionary_back() -> None:
    from strategies import SPINNER

    text = article(11, 40)
    found = pairs(text, spun(text))
    known = {(plain, trimmed_to) for plain, trimmed_to in SPINNER.items()}
    assert sum(both in known for both in found) >= 0.9 * len(found)
    assert len(found) > 40


def test_a_long_stretch_of_other_text_is_a_drop_and_an_addition() -> None:
    from strategies import PARAGRAPHS

    frame = article(12, 4), article(13, 4)
    a, b = (f"{frame[0]} {middle} {frame[1]}" for middle in PARAGRAPHS[:2])
    found = pairs(a, b)
    dropped = [one for one, other in found if not other]
    assert max(len(one.split()) for one in dropped) > 20


def covers(one: Tokens, other: Tokens, segments: list[Segment]) -> None:
    at_a = at_b = 0
    for part in segments:
        assert (part.start_a, part.start_b) == (at_a, at_b)
        at_a, at_b = part.stop_a, part.stop_b
        assert part.start_a < part.stop_a or part.start_b < part.stop_b
        sides = one.words[part.start_a : part.stop_a], other.words[part.start_b : part.stop_b]
        assert (sides[0] == sides[1]) == part.equal
    assert (at_a, at_b) == (len(one), len(other))


@given(edited_pairs())
def test_segments_cover_both_texts_and_equal_ones_are_equal(pair: tuple[str, str]) -> None:
    covers(*cut(*pair))


@given(hostile_texts, hostile_texts)
def test_segments_cover_hostile_texts_too(a: str, b: str) -> None:
    covers(*cut(a, b))
