"""Where the readings of several witnesses part, what each has there, and what is put together of several."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS, article, edited_pairs, noised, spun

from dedup import ballots, clean, pipeline, restoring, vote, witnesses
from dedup.config import Config
from dedup.dictionary import NOTHING
from dedup.places import Block, Choice, Place, Reading, Words
from dedup.witnesses import Star, Witness

CONFIG = Config()
TEXT = article(41, 12)


def entry(text: str) -> pipeline.Entry:
    return pipeline.entry(clean.from_text("x", text), CONFIG)


def cut(own: str, *others: str) -> list[Witness]:
    return [restoring.witness(entry(own), entry(other), CONFIG) for other in others]


def star(own: str, *others: str) -> Star:
    return witnesses.star(entry(own).tokens, cut(own, *others), CONFIG)


def words(text: str) -> Words:
    return entry(text).tokens.words


def read(place: Place) -> list[str | None]:
    return [reading and " ".join(reading.words) for reading in place.readings]


def put_in(own: str, found: Star, witness: int) -> Words:
    """The document's words with those of a witness at every place at which it is not silent."""
    made, at = list[str](), 0
    for place in found.places:
        reading = place.readings[witness] or place.own
        made += [*words(own)[at : place.own.start], *reading.words]
        at = place.own.stop
    return (*made, *words(own)[at:])


# --- places ----------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.integers(0, 500), st.lists(st.sampled_from([spun, noised]), min_size=1, max_size=3))
def test_readings_of_copies_put_in_give_their_words(seed: int, damages: list[object]) -> None:
    own = noised(article(seed, 8), seed + 1)
    others = [damage(article(seed, 8), at, 0.3) for at, damage in enumerate(damages) if callable(damage)]
    found = star(own, *others)
    assert found.voices == [1 + len(others)] * len(words(own))
    for number, other in enumerate(others, 1):
        assert put_in(own, found, number) == words(other)


@settings(max_examples=30)
@given(st.lists(edited_pairs(), min_size=1, max_size=2))
def test_places_stand_apart_in_order_and_hold_what_the_texts_have_there(pairs: list[tuple[str, str]]) -> None:
    own, others = pairs[0][0], [other for _, other in pairs]
    found = star(own, *others)
    texts = [words(own), *map(words, others)]
    for place in found.places:
        assert place.readings[0] == Reading(place.own.start, place.own.stop, texts[0][place.own.start : place.own.stop])
        for text, reading in zip(texts, place.readings, strict=True):
            assert reading is None or reading.words == text[reading.start : reading.stop]
        assert len({reading.words for reading in place.readings if reading}) > 1
    assert all(one.own.stop <= other.own.start for one, other in pairwise(found.places))
    assert all(1 <= voices <= 1 + len(others) for voices in found.voices)


def test_what_one_witness_alone_has_otherwise_the_others_have_as_the_document() -> None:
    own, other = TEXT.replace("the river", "the stream", 1), TEXT.replace("the river", "that broad river", 1)
    found = star(own, TEXT, other)
    assert [read(place) for place in found.places] == [["the", "the", "that"], ["stream", "river", "broad river"]]
    assert star(TEXT).places == star(TEXT, TEXT.upper()).places == ()


def test_letters_that_noise_joined_or_parted_stay_with_their_word() -> None:
    own = TEXT.replace("the river", "theriver", 1).replace("bridge", "brid ge", 1)
    found = star(own, TEXT)
    assert {tuple(read(place)) for place in found.places} == {("theriver", "the river"), ("brid ge", "bridge")}


# --- silence ---------------------------------------------------------------------------------------------------


def test_a_witness_tells_nothing_of_what_it_does_not_have() -> None:
    first, second = TEXT[: TEXT.index("\n\n")], TEXT[TEXT.index("\n\n") :]
    other = first + second.replace("the ", "teh ")
    found = star(TEXT, first.replace("the ", "thc ", 1), other)
    length = len(words(first))
    assert found.voices == [3] * length + [2] * (len(words(TEXT)) - length)
    before, *after = found.places
    assert read(before) == ["the", "thc", "the"]
    assert after
    assert {tuple(read(place)) for place in after} == {("the", None, "teh")}


def test_a_witness_is_silent_where_it_says_something_else() -> None:
    first, second, third = TEXT.strip().split("\n\n")
    other = "\n\n".join([first, PARAGRAPHS[0], third])
    found = star(TEXT, other)
    lengths = [len(words(part)) for part in (first, second, third)]
    assert found.voices == [2] * lengths[0] + [1] * lengths[1] + [2] * lengths[2]
    assert found.places == ()


def test_strangers_are_silent_throughout() -> None:
    found = star(TEXT, PARAGRAPHS[0])
    assert found.voices == [1] * len(words(TEXT))
    assert found.places == ()


@pytest.mark.parametrize(("count", "told"), [(4, True), (5, False)])
def test_words_that_a_witness_lacks_are_its_reading_up_to_an_authors_addition(count: int, told: bool) -> None:
    own = TEXT.split()
    middle = len(own) // 2
    longer = " ".join([*own[:middle], *"merrily under heaven seven grey".split()[:count], *own[middle:]])
    found = star(longer, TEXT)
    assert [read(place)[1:] for place in found.places] == ([[""]] if told else [])
    assert sum(voices == 1 for voices in found.voices) == (0 if told else count)


# --- blocks ----------------------------------------------------------------------------------------------------


def test_a_block_that_the_document_lacks_is_found_with_its_place_in_both() -> None:
    first, second, third = TEXT.strip().split("\n\n")
    lacking = f"{first}\n\n{third}"
    start, length = len(words(first)), len(words(second))
    found = list(witnesses.blocks(cut(lacking, lacking, TEXT), CONFIG))
    assert found == [Block(1, start, start + length, start)]


@pytest.mark.parametrize(("count", "found"), [(11, 0), (12, 1)])
def test_twelve_words_are_a_block(count: int, found: int) -> None:
    own = TEXT.split()
    middle = len(own) // 2
    more = "merrily under heaven seven grey walruses were counting spoons backwards ere dawn".split()[:count]
    longer = " ".join([*own[:middle], *more, *own[middle:]])
    assert len(list(witnesses.blocks(cut(TEXT, longer), CONFIG))) == found


# --- what is put together --------------------------------------------------------------------------------------


def chosen(own: str, *others: str) -> tuple[Choice, ...]:
    found = star(own, *others)
    return vote.choices(ballots.Ballot(words(own), found.places, NOTHING, NOTHING), CONFIG)


def damaged(*readings: str) -> list[str]:
    """Copies that differ in what stands for three words, and the first in two slips more, since noise made all."""
    first, *others = [TEXT.replace("the new bridge", one, 1) for one in readings]
    assert first != others[0]
    return [first.replace("council", "counqil", 1).replace("answer", "answqr", 1), *others]


def test_of_readings_that_are_all_damaged_the_sound_words_are_put_together() -> None:
    texts = damaged("zvkqjxwpfg", "thc new bridge", "the ncw bridge")
    *_, place = star(*texts).places
    assert [[reading and " ".join(reading.words) for reading in column] for column in place.columns] == [
        [None, "thc", "the"], [None, "new", "ncw"], [None, "bridge", "bridge"],
    ]  # fmt: skip
    *_, made = chosen(*texts)
    assert (made.words, made.agreeing, made.kind) == (("the", "new", "bridge"), (), "noise")
    assert [part.reading.words for part in made.parts] == [("the",), ("new",), ("bridge",)]
    assert [part.text for part in made.parts[:2]] == [2, 1]
    for part in made.parts:
        assert words(texts[part.text])[part.reading.start : part.reading.stop] == part.reading.words


def test_of_two_readings_nothing_is_put_together() -> None:
    *_, place = star(*damaged("zvkqjxwpfg", "thc new bridge", "thc new bridge")).places
    assert place.columns == ()
    *_, place = star(*damaged("zvkqjxwpfg", "thc new bridge")).places
    assert place.columns == ()


def test_what_one_text_has_right_is_not_put_together_anew() -> None:
    *_, made = chosen(*damaged("zvkqjxwpfg", "the new bridge", "thc new bridqe"))
    assert (" ".join(made.words), [part.text for part in made.agreeing]) == ("the new bridge", [1])


# --- ranges and letters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([(1, 1), (1, 3)], [(1, 3)]),
        ([(1, 3), (3, 3)], [(1, 3)]),
        ([(3, 5), (1, 3)], [(1, 3), (3, 5)]),
        ([(1, 4), (3, 5), (6, 6)], [(1, 5), (6, 6)]),
        ([(0, 0)], [(0, 0)]),
        ([(1, 6), (2, 3)], [(1, 6)]),
        ([], []),
    ],
)
def test_ranges_that_overlap_are_joined_and_empty_ones_with_what_they_touch(
    ranges: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    assert witnesses._joined(ranges) == expected


def test_a_witness_that_shares_no_passage_is_silent_on_every_token() -> None:
    own = entry(TEXT).tokens
    stranger = Witness(entry(PARAGRAPHS[0]).tokens, (), ())
    assert list(witnesses._outside(stranger, len(own))) == [(0, len(own))]
    assert list(witnesses._outside(stranger, 0)) == []


def test_readings_are_alike_by_their_letters_however_they_are_cut() -> None:
    assert witnesses._are_alike(("a", "b", "c", "d"), ("abcd",), CONFIG)
    assert witnesses._are_alike(("abcd",), ("a", "b", "c", "d"), CONFIG)
    assert not witnesses._are_alike(("abcd",), ("wxyz",), CONFIG)
    assert not witnesses._are_alike(("abcd",), (), CONFIG)
    long = ("a" * witnesses.LETTERS_MAX,)
    assert witnesses._are_alike(long, long, CONFIG)
    assert not witnesses._are_alike((*long, "a"), (*long, "a"), CONFIG)
