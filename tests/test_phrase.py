"""Phrases are cut as a careful reader cuts them, and the cuts cover both texts without rest."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS, SPINNER, article, edited_pairs, hostile_texts, spun

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
    known = {both for both, _ in reader_rows()} | {both for _, ways in reader_rows() for way in ways for both in way}
    two_sided = {both for both in spinner_pairs() if all(both)}
    assert len(two_sided - known) <= 0.10 * len(two_sided)


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


_REGIONS = (
    "In spring the regions recently flooded are planted with willow and alder again. ",
    "In spring the areas just lately flooded are planted with willow and alder again. ",
)
_RECENTLY = "Our bakery has recently opened. Two herons recently nested here. The tower was recently painted. "


def test_what_is_replaced_elsewhere_too_settles_a_doubtful_cut() -> None:
    found = pairs(_REGIONS[0] + _RECENTLY, _REGIONS[1] + _RECENTLY.replace("recently", "just lately"))
    assert found == [("regions", "areas"), *[("recently", "just lately")] * 4]


@pytest.mark.xfail(reason="seen once only, `recently` and `lately` are alike, and `just` is left for `areas`")
def test_a_doubtful_cut_is_right_where_nothing_settles_it() -> None:
    assert pairs(*_REGIONS) == [("regions", "areas"), ("recently", "just lately")]


def test_most_of_the_spinners_dictionary_comes_back() -> None:
    text = article(11, 40)
    found = pairs(text, spun(text))
    assert len(found) > 60
    assert sum(both in SPINNER.items() for both in found) >= 0.75 * len(found)


def test_two_replaced_neighbours_are_two_pairs_though_they_often_stand_together() -> None:
    text = article(11, 40)
    assert ("important problem", "momentous") not in pairs(text, spun(text))


@pytest.mark.xfail(reason="of two paragraphs of like length the articles are aligned, and the rest is cut into phrases")
def test_a_paragraph_in_the_place_of_another_is_a_drop_and_an_addition() -> None:
    frame = article(12, 4), article(13, 4)
    found = pairs(*(f"{frame[0]} {middle} {frame[1]}" for middle in PARAGRAPHS[:2]))
    assert sum(bool(one and other) for one, other in found) <= 2


def test_a_paragraph_that_one_text_lacks_is_one_drop() -> None:
    frame = article(12, 4), article(13, 4)
    words = clean.tokens(clean.from_text("x", PARAGRAPHS[0])).words
    assert pairs(f"{frame[0]} {PARAGRAPHS[0]} {frame[1]}", f"{frame[0]} {frame[1]}") == [(" ".join(words), "")]


def test_a_paragraph_beside_a_replaced_word_is_not_cut_into_phrases() -> None:
    frame = article(12, 4), article(13, 4)
    found = pairs(f"{frame[0]} {PARAGRAPHS[0]} Curiously {frame[1]}", f"{frame[0]} Strangely {frame[1]}")
    assert max(len(one.split()) for one, other in found if not other) >= 30
    assert len(found) <= 2


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


def both_ways(a: Tokens, b: Tokens, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Segment], list[Segment]]:
    """The segments by Python's own loops, and by the compiled ones."""
    aligned = align.alignment(a, b, Config())
    found = []
    for cells in (1 << 60, 1):
        with monkeypatch.context() as patched:
            patched.setattr(phrase, "COMPILED_CELLS", cells)
            found.append(phrase.segments(a, b, aligned))
    return found[0], found[1]


KINDLY = st.sampled_from(
    "the a of in to on up down over take took make have not isn't is cannot can that that's it's do don't website web "
    "site setup set use used utilise utilised colour color 1914 15 state-run states happen happened place ß ﬁn fin "
    "naïve naive country countries military navy at least most in addition besides nation nationwide".split()
)
"""Words of every kind that prices ask for, so that their phrases contract, are alike, govern and belong together."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.lists(KINDLY, max_size=9), st.lists(KINDLY, max_size=9)), max_size=8))
def test_compiled_covers_are_the_plain_ones(
    monkeypatch: pytest.MonkeyPatch, regions: list[tuple[list[str], list[str]]]
) -> None:
    frame = PARAGRAPHS[0].split()
    sides = (
        " ".join(word for at, region in enumerate(regions) for word in [*frame[at * 5 : at * 5 + 5], *region[side]])
        for side in (0, 1)
    )
    plain, compiled = both_ways(*(clean.tokens(clean.from_text("x", text)) for text in sides), monkeypatch)
    assert plain == compiled


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(edited_pairs())
def test_compiled_covers_of_edited_texts_are_the_plain_ones(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str]
) -> None:
    plain, compiled = both_ways(*(clean.tokens(clean.from_text("x", text)) for text in pair), monkeypatch)
    assert plain == compiled


def test_compiled_covers_of_the_seeds_and_of_repeated_replacements_are_the_plain_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").glob("00[24]_*.txt"))]
    long = article(5, 120)
    for a, b in (texts, texts[::-1], [long, spun(long, 3, 0.8)]):
        plain, compiled = both_ways(*(clean.tokens(clean.from_text("x", text)) for text in (a, b)), monkeypatch)
        assert plain == compiled


def test_texts_without_a_region_to_cut_need_no_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    for texts in (("one two three", "one two three"), ("", "one two"), (PARAGRAPHS[0], PARAGRAPHS[1] * 3)):
        one, other = (clean.tokens(clean.from_text("x", text)) for text in texts)
        plain, compiled = both_ways(one, other, monkeypatch)
        assert plain == compiled


@given(
    st.lists(
        st.sampled_from("we can not do it cannot isn't is data base database set up setup old aged".split()), max_size=6
    ).flatmap(lambda side: st.tuples(st.just(side), st.permutations(side))),
    st.integers(0, 12),
)
def test_word_by_word_without_the_table_is_what_the_table_gives(
    sides: tuple[list[str], list[str]], uneven: int
) -> None:
    one, other = (tuple(side) for side in sides)
    elsewhere = phrase._Elsewhere(Counter(), [], float(uneven))
    if len(one) > 1 and phrase._is_word_by_word(one, other, elsewhere):
        steps = phrase._cheapest_steps(one, other, elsewhere)
        assert all(steps[at][at] == (1, 1) for at in range(1, len(one) + 1))
