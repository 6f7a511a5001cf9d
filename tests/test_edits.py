"""Edits go in and come out again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import replaced, undone
from strategies import hostile_texts

from dedup import edits
from dedup.model import Edit


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A text and edits on it in order, some of them empty on one side or the other."""
    text = draw(hostile_texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, [Edit(span, text[span[0] : span[1]], draw(hostile_texts), "test") for span in spans]


@given(edited_texts())
def test_edits_do_what_replacing_from_the_end_does(given_: tuple[str, list[Edit]]) -> None:
    text, made = given_
    assert edits.applied(text, made) == replaced(text, [(edit.span, edit.after) for edit in made])


@given(edited_texts())
def test_the_inverse_takes_edits_back(given_: tuple[str, list[Edit]]) -> None:
    text, made = given_
    after = edits.applied(text, made)
    back = edits.inverse(made)
    expected = undone([(edit.span, edit.before, edit.after) for edit in made])
    assert [(edit.span, edit.after) for edit in back] == expected
    assert edits.applied(after, back) == text
    assert edits.applied(edits.applied(after, back), edits.inverse(back)) == after


def test_no_edits_change_nothing() -> None:
    assert edits.applied("as it was", ()) == "as it was"
    assert edits.inverse(()) == ()


@pytest.mark.parametrize(
    "made",
    [
        [Edit((0, 3), "the", "a", "wrong before")],
        [Edit((4, 7), "cat", "dog", "late"), Edit((0, 3), "one", "two", "early")],
        [Edit((0, 5), "one c", "x", "first"), Edit((4, 7), "cat", "dog", "overlaps")],
        [Edit((7, 99), "", "x", "outside")],
    ],
    ids=lambda made: made[-1].cause,
)
def test_an_edit_that_does_not_fit_is_an_assertion(made: list[Edit]) -> None:
    if made[-1].cause == "outside":
        assert edits.applied("one cat", made) == "one catx"  # a span is cut at the end of the text, as slices are
        return
    with pytest.raises(AssertionError, match="does not fit"):
        edits.applied("one cat", made)


def test_the_inverse_remembers_the_witness() -> None:
    (back,) = edits.inverse([Edit((0, 1), "a", "bb", "cause", witness="other")])
    assert (back.span, back.before, back.after, back.witness) == ((0, 2), "bb", "a", "other")
