"""Restoring gives original readings back where a witness attests them, can be undone, and touches nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS, article, edited_pairs, hostile_texts, noised, spun

from dedup import clean, edits, judge, mojibake, pipeline, restore, restoring
from dedup.config import Config
from dedup.model import Document, Edit, Restoration, Substitution, Verdict
from dedup.places import Block, Choice, Part, Reading

TEXT = article(41, 24)


def document(name: str, text: str) -> Document:
    return clean.from_text(name, text)


def restored(damaged: str, *witnesses: str) -> Restoration:
    """`damaged` restored by witnesses w0, w1 and so on, the laws of every restoration checked."""
    found = restoring.restoration(
        document("damaged", damaged), [document(f"w{at}", text) for at, text in enumerate(witnesses)]
    )
    assert edits.applied(damaged, found.edits) == found.text
    assert edits.applied(found.text, edits.inverse(found.edits)) == damaged
    for edit in found.edits:
        if edit.witness is None:
            assert edit.cause.startswith("encoding")
        else:
            assert edit.witness_span is not None
            reading = witnesses[int(edit.witness[1:])][slice(*edit.witness_span)]
            mended = edits.applied(reading, mojibake.repairs(reading))
            assert "".join(edit.after.casefold().split()) == "".join(mended.casefold().split())  # case is its own
            assert edit.confidence >= Config().confidence_min
    return found


@pytest.mark.parametrize("damage", [spun, noised])
def test_a_damaged_copy_gets_its_readings_back_from_the_clean_one(damage: object) -> None:
    assert callable(damage)
    found = restored(damage(TEXT), TEXT)
    assert found.text == TEXT
    assert {edit.witness for edit in found.edits} == {"w0"}


@given(edited_pairs())
def test_restoring_can_be_undone_and_a_second_time_changes_nothing(pair: tuple[str, str]) -> None:
    for witness, damaged in (pair, pair[::-1]):
        once = restored(damaged, witness)
        assert restored(once.text, witness).text == once.text


@settings(max_examples=100)
@given(hostile_texts, hostile_texts)
def test_hostile_texts_can_be_undone_too(damaged: str, witness: str) -> None:
    found = restored(damaged, witness)
    assert restored(found.text, witness).text == found.text


@given(st.integers(0, 40), st.sampled_from([spun, noised]))
def test_a_clean_document_is_left_alone(seed: int, damage: object) -> None:
    assert callable(damage)
    text = article(seed, 16)
    assert restored(text, damage(text, seed)).edits == ()


@pytest.mark.parametrize(
    "witnesses",
    [(), (TEXT,), (PARAGRAPHS[0],), (TEXT.upper(),), (spun(TEXT), noised(TEXT), article(42)), (TEXT[:800],)],
    ids=["none", "itself", "stranger", "capitals", "worse copies", "excerpt"],
)
def test_no_witness_changes_what_it_does_not_better(witnesses: tuple[str, ...]) -> None:
    assert restored(TEXT, *witnesses).edits == ()


def test_where_the_copies_are_equally_good_nothing_is_changed() -> None:
    # One word is worse in the first half of the one and in the second half of the other: no direction.
    verse = "She said that it was a {0} house, and everybody agreed that it really was."
    one, other = (
        f"{verse.format(first)}\n\n{PARAGRAPHS[0]}\n\n{verse.format(second)}"
        for first, second in (("big", "voluminous"), ("voluminous", "big"))
    )
    assert restored(one, other).edits == restored(other, one).edits == ()


def test_the_cleanest_of_several_witnesses_is_followed() -> None:
    found = restored(spun(TEXT), PARAGRAPHS[1], spun(TEXT, 1, 0.8), TEXT)
    assert found.text == TEXT


def test_encoding_is_mended_without_a_witness() -> None:
    found = restored("We donâ€™t row to the cafÃ© when it rains, and neither do you.")
    assert found.text == "We don’t row to the café when it rains, and neither do you."
    assert {edit.witness for edit in found.edits} == {None}


def test_encoding_and_readings_are_mended_together() -> None:
    good = TEXT.replace("the river", "the café’s river").replace("a pair of", "Zoë’s pair of")
    broken = spun(good).replace("é", "Ã©").replace("’", "â€™").replace("ë", "Ã«")
    assert "â€™" in broken
    found = restored(broken, good)
    assert found.text == good
    assert restored(found.text, good).edits == ()


def test_broken_encoding_is_not_taken_over_from_a_witness() -> None:
    plain = spun(TEXT)
    good = TEXT.replace("the river", "the café’s river").replace("a pair of", "Zoë’s pair of")
    broken = good.replace("é", "Ã©").replace("’", "â€™").replace("ë", "Ã«")
    once = restored(plain, broken)
    assert len(once.edits) > 20
    assert "â€™" not in once.text
    assert restored(once.text, broken).text == once.text


def test_a_paragraph_of_ones_own_survives_and_one_of_the_witness_is_not_taken() -> None:
    halves = TEXT.split("\n\n", 3)
    own = "\n\n".join([*halves[:3], PARAGRAPHS[0], halves[3]])
    theirs = "\n\n".join([*halves[:2], PARAGRAPHS[2], *halves[2:]])
    found = restored(spun(own), theirs)
    assert PARAGRAPHS[0].split(".")[0] in found.text
    assert PARAGRAPHS[2].split(".")[0] not in found.text
    assert len(found.edits) > 20


# --- verdicts to edits -----------------------------------------------------------------------------------------


def verdicts(damaged: str, witness: str) -> tuple[Document, object, list[Verdict]]:
    found = pipeline.collate(document("damaged", damaged), document("w0", witness))
    return found.compared.a, found, list(judge.verdicts(found, "spun", Config()))


@given(st.lists(st.sampled_from([None, "a", "b"]), min_size=40, max_size=40))
def test_just_the_loci_with_a_verdict_for_the_witness_are_changed(kept: list[str | None]) -> None:
    damaged = spun(TEXT)
    own, collation, given_ = verdicts(damaged, TEXT)
    changed = [replace(verdict, kept=side) for verdict, side in zip(given_, kept, strict=False)]
    found = restore.restoration(own, collation, changed)  # type: ignore[arg-type]
    wanted = [verdict.locus for verdict in changed if verdict.kept == "b"]
    assert [(edit.span, edit.before, edit.after) for edit in found.edits] == [
        (locus.span_a, locus.text_a, locus.text_b) for locus in wanted
    ]
    assert edits.applied(found.text, edits.inverse(found.edits)) == damaged


def test_no_verdicts_change_nothing() -> None:
    own, collation, _ = verdicts(spun(TEXT), TEXT)
    assert restore.restoration(own, collation, []) == Restoration(own, own.text, ())  # type: ignore[arg-type]


def test_an_edit_tells_cause_confidence_evidence_and_where_the_witness_says_so() -> None:
    own, collation, given_ = verdicts(spun(TEXT), TEXT)
    edit = restore.restoration(own, collation, given_).edits[0]  # type: ignore[arg-type]
    verdict = next(one for one in given_ if one.kept == "b")
    assert (edit.cause, edit.confidence) == (verdict.cause, verdict.confidence)
    assert edit.evidence == {name: -value for name, value in verdict.evidence.items()}  # now it speaks for the edit
    assert edit.evidence["pair"] > 0
    assert (edit.witness, edit.witness_span) == ("w0", verdict.locus.span_b)


# --- choices and blocks ------------------------------------------------------------------------------------------


def as_text(name: str, written: str) -> restore.Text:
    document = clean.from_text(name, written)
    return restore.Text(document, clean.tokens(document))


def reading(one: restore.Text, start: int, stop: int) -> Reading:
    return Reading(start, stop, one.tokens.words[start:stop])


def choice(start: int, stop: int, words: str, *agreeing: Part, parts: Sequence[Part] = ()) -> Choice:
    made = parts or agreeing[:1]
    return Choice(
        start, stop, tuple(words.split()), tuple(made), agreeing, "noise", 0.9, {"texts": float(len(agreeing))}
    )


OWN, ONE, TWO = (
    as_text("own", "The qnick brown fox"),
    as_text("one", "The Quick brown fox"),
    as_text("two", "The quick red fox"),
)


def chosen(one: Choice, texts: Sequence[restore.Text] = (OWN, ONE, TWO)) -> tuple[str, Edit]:
    (edit,) = restore.chosen(texts, [one])
    return restore.edited(texts[0].document, [edit]).text, edit


def test_a_choice_names_all_that_have_the_reading_and_writes_it_as_the_surest_does() -> None:
    agreeing = Part(1, reading(ONE, 1, 2)), Part(2, reading(TWO, 1, 2))
    written, edit = chosen(choice(1, 2, "quick", *agreeing))
    assert written == "The Quick brown fox"
    assert (edit.cause, edit.witness, edit.witness_span, edit.others) == ("noise", "one", (4, 9), (("two", (4, 9)),))
    assert (edit.span, edit.before, edit.confidence) == ((4, 9), "qnick", 0.9)


def test_a_choice_of_several_parts_is_put_together_from_them() -> None:
    parts = Part(1, reading(ONE, 1, 2)), Part(2, reading(TWO, 2, 3))
    written, edit = chosen(choice(1, 3, "quick red", parts=parts))
    assert written == "The Quick red fox"
    assert (edit.witness, edit.others) == ("one", (("two", (10, 13)),))


def test_a_conjecture_names_no_witness_and_begins_as_what_it_stands_for() -> None:
    written, edit = chosen(replace(choice(0, 1, "any such"), entry=Substitution("any such", "the", 1, 1)))
    assert written == "Any such qnick brown fox"
    assert (edit.cause, edit.witness, edit.witness_span) == (restore.CONJECTURE, None, None)
    assert edit.entry is not None


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(1, 2, "The brown fox"), (0, 1, "qnick brown fox"), (3, 4, "The qnick brown"), (0, 4, "")],
)
def test_words_that_go_take_their_space_with_them(start: int, stop: int, expected: str) -> None:
    assert chosen(choice(start, stop, ""))[0] == expected


@pytest.mark.parametrize(
    ("at", "expected"), [(0, "red The qnick brown fox"), (2, "The qnick red brown fox"), (4, "The qnick brown fox red")]
)
def test_words_that_were_lost_come_back_with_a_space(at: int, expected: str) -> None:
    assert chosen(choice(at, at, "red", Part(2, reading(TWO, 2, 3))))[0] == expected


def test_into_an_empty_text_a_reading_is_put_as_it_stands() -> None:
    assert chosen(choice(0, 0, "red", Part(1, reading(TWO, 2, 3))), (as_text("own", ""), TWO))[0].strip() == "red"


@pytest.mark.parametrize(
    ("own", "witness", "expected"),
    [
        ("THE OLD MILL", "The old mill", "THE OLD MILL"),
        ("The old mil", "THE OLD MILL", "The old mill"),
        ("The Mil old", "the MILL old", "The MILL old"),
        ("The old mil", "The old Mill", "The old Mill"),
    ],
)
def test_capitals_throughout_or_none_are_those_of_the_document(own: str, witness: str, expected: str) -> None:
    both = as_text("own", own.replace("MILL", "MIL")), as_text("witness", witness)
    at = next(at for at, word in enumerate(both[1].tokens.words) if word == "mill")
    assert chosen(choice(at, at + 1, "mill", Part(1, reading(both[1], at, at + 1))), both)[0] == expected


def test_a_block_is_taken_over_before_a_word_or_at_the_end_once_and_names_its_witness() -> None:
    own, other = (
        as_text("own", "One two. Six seven."),
        as_text("other", "One two. Three four five. Six seven. Eight nine."),
    )
    within, end = Block(0, 2, 5, 2), Block(0, 7, 9, 4)
    taken = restore.taken_over((own, other), [end, within, within])
    assert [(edit.cause, edit.witness) for edit in taken] == [(restore.BLOCK, "other")] * 2
    back = restore.edited(own.document, taken)
    assert back.text == "One two. Three four five. Six seven. Eight nine."
    assert edits.applied(back.text, edits.inverse(back.edits)) == own.document.text


def test_a_block_before_the_first_word_of_an_empty_text_finds_no_place() -> None:
    assert restore.taken_over((as_text("own", ""), as_text("other", "One two")), [Block(0, 0, 2, 0)]) == []


def test_a_block_needs_a_word_on_the_same_side_in_both_texts() -> None:
    other = as_text("other", "One two three")
    assert restore.taken_over((as_text("own", ""), other), [Block(0, 1, 2, 0), Block(0, 1, 3, 0)]) == []
    own = as_text("own", "Nine ten")
    assert restore.taken_over((own, other), [Block(0, 0, 3, 2)]) == []
    (before,), (after,) = (
        restore.taken_over((own, other), [block]) for block in (Block(0, 0, 2, 0), Block(0, 1, 3, 2))
    )
    assert (before.span, before.after, before.witness_span) == ((0, 0), "One two ", (0, 8))
    assert (after.span, after.after, after.witness_span) == ((8, 8), " two three", (3, 13))


def test_a_block_is_taken_from_the_witness_that_it_is_of_with_its_encoding_mended() -> None:
    own = as_text("own", "One two.")
    others = as_text("first", "One only one."), as_text("second", "One whole cafÃ© noir two.")
    (edit,) = restore.taken_over((own, *others), [Block(1, 1, 4, 1)])
    assert (edit.witness, edit.after, edit.confidence) == ("second", "whole café noir ", 1.0)
    assert others[1].document.text[slice(*(edit.witness_span or (0, 0)))] == "whole cafÃ© noir "


def test_blocks_at_several_places_stand_in_order() -> None:
    own, other = as_text("own", "One two three"), as_text("other", "One x y two p q three")
    taken = restore.taken_over((own, other), [Block(0, 4, 6, 2), Block(0, 1, 3, 1), Block(0, 1, 2, 1)])
    assert restore.edited(own.document, taken).text == "One x y two p q three"


@pytest.mark.parametrize(
    ("span", "mended"), [((0, 1), True), ((3, 4), True), ((3, 3), True), ((1, 3), False), ((0, 2), False),
                         ((2, 4), False), ((0, 4), False), ((2, 2), False)],
)  # fmt: skip
def test_encoding_is_mended_where_an_edit_leaves_room(span: tuple[int, int], mended: bool) -> None:
    own = document("own", "aÃ©b")
    (repair,) = own.repairs
    assert repair.span == (1, 3)
    edit = Edit(span, own.text[slice(*span)], "x", "spun")
    found = restore.edited(own, [edit])
    wanted = [edit, repair] if mended else [edit]
    assert list(found.edits) == sorted(wanted, key=lambda one: one.span)


@pytest.mark.parametrize(("word", "expected"), [("cafÃ©", "café"), ("Ã©cole", "école"), ("fÃªte", "fête")])
def test_a_reading_is_written_with_its_encoding_mended_and_named_as_it_stands(word: str, expected: str) -> None:
    own, other = as_text("own", "The old thing here"), as_text("other", f"The {word} here")
    (first,) = other.document.repairs
    start, stop = (int(bound) for bound in other.tokens.spans[1:-1][[0, -1], [0, 1]])
    assert (start, stop) == (4, 4 + len(word))
    assert start <= first.span[0] < first.span[1] <= stop
    last = len(other.tokens) - 1
    written, edit = chosen(choice(1, 3, "x", Part(1, reading(other, 1, last))), (own, other))
    assert written == f"The {expected} here"
    assert edit.witness_span == (4, 4 + len(word))


@pytest.mark.parametrize(("at", "point"), [(0, 0), (2, 10), (3, 13)])
def test_a_witness_that_has_nothing_there_is_named_with_the_point_at_which_it_has_it(at: int, point: int) -> None:
    own, other = as_text("own", "The quick very brown"), as_text("other", "The quick fox")
    written, edit = chosen(choice(2, 3, "", Part(1, Reading(at, at, ()))), (own, other))
    assert written == "The quick brown"
    assert (edit.witness, edit.witness_span) == ("other", (point, point))
    assert edit.evidence == {"texts": 1.0}


def test_the_document_is_no_witness_of_itself() -> None:
    parts = Part(0, reading(OWN, 2, 3)), Part(2, reading(TWO, 1, 2))
    written, edit = chosen(choice(1, 3, "brown quick", parts=parts))
    assert written == "The brown quick fox"
    assert (edit.witness, edit.witness_span, edit.others) == ("two", (4, 9), ())
    assert edit.cause == "noise"
