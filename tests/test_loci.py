"""Loci tell every difference, each once, and put into one text they make the other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from reference import replaced
from strategies import PARAGRAPHS, article, edited_pairs, hostile_texts, spun

from dedup import clean, loci, pipeline
from dedup.model import Blocks, Collation, Locus, Segment


def collated(a: str, b: str) -> Collation:
    return pipeline.collate(clean.from_text("a", a), clean.from_text("b", b))


def told(a: str, b: str) -> list[tuple[str, str, str]]:
    return [(locus.kind, locus.text_a, locus.text_b) for locus in collated(a, b).loci]


def lawful(a: str, b: str) -> tuple[Locus, ...]:
    """The loci of two texts, after every law of loci was checked on them."""
    found = collated(a, b).loci
    assert loci.applied(a, found) == b
    assert replaced(a, [(locus.span_a, locus.text_b) for locus in found]) == b
    assert replaced(b, [(locus.span_b, locus.text_a) for locus in found]) == a
    at_a = at_b = 0
    for locus in found:
        assert a[slice(*locus.span_a)] == locus.text_a != locus.text_b == b[slice(*locus.span_b)]
        assert a[at_a : locus.span_a[0]] == b[at_b : locus.span_b[0]]
        at_a, at_b = locus.span_a[1], locus.span_b[1]
    assert a[at_a:] == b[at_b:]
    return found


@settings(max_examples=150)
@given(hostile_texts, hostile_texts)
def test_loci_put_into_one_hostile_text_give_the_other(a: str, b: str) -> None:
    assert bool(lawful(a, b)) == (a != b)


@given(edited_pairs())
def test_loci_put_into_an_article_give_what_was_made_of_it(pair: tuple[str, str]) -> None:
    assert bool(lawful(*pair)) == (pair[0] != pair[1])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("", ""),
        ("", "\n"),
        ("\n\n", "\n"),
        ("", "Something from nothing."),
        ("…", "..."),
        ("e\u0301", "é"),
        ("one\r\ntwo", "one\ntwo"),
        ("\ufeffhead", "head"),
        ("a\ud800b", "a b"),
    ],
)
def test_the_smallest_texts_obey_the_laws_too(a: str, b: str) -> None:
    assert bool(lawful(a, b)) == (a != b)
    assert bool(lawful(b, a)) == (a != b)


def test_a_text_has_no_loci_with_itself() -> None:
    assert lawful(article(1), article(1)) == ()


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("Keep the kettle warm.", "Keep the Kettle  warm!", ["formatting"] * 3),
        ("It was the federal post office.", "It was the post office.", [("deletion", "federal ", "")]),
        ("It was the post office.", "It was the federal post office.", [("insertion", "", "federal ")]),
        ("A gentle wind rose.", "A mild wind rose.", [("substitution", "gentle", "mild")]),
        ("“Wait,” she said.", '"Wait," she said.', ["formatting", "formatting"]),
        ("déjà vu", "de\u0301ja\u0300 vu", [("formatting", "déjà", "de\u0301ja\u0300")]),
        ("The end", "The end.\n", [("formatting", "", ".\n")]),
    ],
)
def test_a_locus_takes_what_differs_and_no_more(a: str, b: str, expected: list[str | tuple[str, str, str]]) -> None:
    found = told(a, b)
    assert [one if isinstance(want, tuple) else one[0] for one, want in zip(found, expected, strict=True)] == expected


def _readings(locus: Locus) -> tuple[str, str]:
    return locus.text_a, locus.text_b


def test_a_moved_paragraph_leaves_in_one_place_and_comes_in_another() -> None:
    parts = PARAGRAPHS[:3]
    a, b = "\n\n".join(parts), "\n\n".join((*parts[1:], parts[0]))
    moves = [locus for locus in lawful(a, b) if locus.kind == "move"]
    left, came = ([text.strip(" .\n") for text in texts] for texts in zip(*map(_readings, moves), strict=True))
    assert sorted(left) == sorted(came) == ["", parts[0].strip(".")]
    assert "substitution" not in {locus.kind for locus in lawful(a, b)}


def test_a_word_that_is_equal_once_mended_is_no_matter_of_form() -> None:
    found = told("They don’t row at night.", "They donâ€™t row at night.")
    assert found == [("substitution", "don’t", "donâ€™t")]


def test_spinning_leaves_substitutions_and_hardly_anything_else() -> None:
    kinds = [locus.kind for locus in lawful(article(5), spun(article(5)))]
    assert kinds.count("substitution") > 25
    assert kinds.count("substitution") >= 0.85 * len(kinds)


# --- moves -----------------------------------------------------------------------------------------------------


def moved(segments: list[Segment], rows: list[tuple[int, int, int]], length_min: int = 4) -> list[Segment]:
    from numpy import array, int64

    made: Blocks = array(rows, int64).reshape(-1, 3)
    return list(loci.with_moves(segments, made, length_min))


_LONE = [Segment(0, 14, 0, 0), Segment(14, 16, 0, 2, equal=True), Segment(16, 16, 2, 22)]
"""Fourteen tokens that only a has, two equal ones, twenty that only b has."""


def test_a_long_moved_block_is_cut_out_of_what_surrounds_it() -> None:
    assert moved(_LONE, [(3, 10, 6)]) == [
        Segment(0, 3, 0, 0),
        Segment(3, 9, 0, 0, moved=True),
        Segment(9, 14, 0, 0),
        Segment(14, 16, 0, 2, equal=True),
        Segment(16, 16, 2, 10),
        Segment(16, 16, 10, 16, moved=True),
        Segment(16, 16, 16, 22),
    ]


def test_a_short_moved_block_is_a_deletion_and_an_insertion() -> None:
    assert moved(_LONE, [(3, 10, 3)]) == _LONE


@pytest.mark.parametrize("row", [(10, 4, 6), (3, 0, 6), (12, 10, 4), (3, 18, 6)])
def test_a_block_that_is_not_one_sided_in_both_texts_is_no_move(row: tuple[int, int, int]) -> None:
    assert moved(_LONE, [row]) == _LONE


def test_moves_are_never_half_moves() -> None:
    # Two moved blocks come from different places in a and overlap in b: only one of them can have come.
    parts = moved(_LONE, [(0, 4, 6), (7, 8, 6)])
    left = sum(part.stop_a - part.start_a for part in parts if part.moved)
    came = sum(part.stop_b - part.start_b for part in parts if part.moved)
    assert left == came
