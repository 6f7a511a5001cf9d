"""A ledger's spinner is known by base forms, by its habits in a text, and by where its phrases begin and end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup import ballots, channel, clean, ledger, pipeline, recut, restoring, vote, witnesses
from dedup.channel import Channel, Habits, Seen
from dedup.config import Config
from dedup.dictionary import NOTHING, dictionary
from dedup.model import Segment, Substitution
from dedup.places import Place, Reading, Words

NO_HABITS = Habits({}, {})


def row(a: str, b: str, count: int = 40) -> Substitution:
    return Substitution(a, b, count, count // 2, 2 * count, 1, "a", 0.99)


def known(*pairs: tuple[str, str]) -> Channel:
    return Channel(dictionary([row(*pair) for pair in pairs]))


def words(text: str) -> Words:
    return tuple(text.split())


def seen(text: str, habits: Habits = NO_HABITS) -> Seen:
    return Seen(words(text), 0.5, habits, {})


# --- base forms ------------------------------------------------------------------------------------------------


def test_other_forms_stand_for_other_forms_of_phrases_too() -> None:
    one = known(("record", "disk"), ("continue", "carry on"), ("function", "single valued function"))
    for text, origin in (("disks", "records"), ("carried on", "continued"), ("single valued functions", "functions")):
        assert words(origin) in {found.words for found in one.origins(words(text))}
    assert not one.origins(("records",))


def test_a_replacement_is_as_likely_in_forms_that_were_not_seen() -> None:
    one = known(("record", "disk"))
    assert one.share(("records",), ("disks",), 0.0, 0.0) == pytest.approx(
        one.share(("record",), ("disk",), 0.0, 0.0), 0.05
    )
    assert one.share(("records",), ("disks",), 0.0, 0.0) > 10 * one.share(("records",), ("tables",), 0.0, 0.0)


def test_what_was_seen_the_other_way_round_is_likelier_than_what_was_never_seen() -> None:
    one = known(("creates", "makes"), ("makes", "builds"))
    assert one.share(("makes",), ("creates",), 0.0, 0.0) > one.share(("makes",), ("shows",), 0.0, 0.0)


def test_phrases_stand_for_each_other_if_both_stand_for_the_same() -> None:
    one = known(("function", "single valued function"), ("function", "procedure"))
    assert one.stands(words("single valued function"), ("procedure",))
    assert one.stands(("function",), ("procedure",)) and one.stands(("procedure",), ("function",))
    assert not one.stands(("function",), ("method",))


# --- habits ----------------------------------------------------------------------------------------------------


def test_a_text_that_left_a_word_elsewhere_left_it_here() -> None:
    one = known(("must", "need to"))
    left, replaced = Habits({("must",): 3.0}, {}), Habits({}, {("must",): 3.0})
    rates = [one.rate(("must",), seen("need to", habits)) for habits in (left, NO_HABITS, replaced)]
    assert rates[0] < 0.2 < rates[1] < rates[2] and rates[2] > 0.8


def test_what_a_place_says_itself_is_no_habit() -> None:
    one = known(("must", "need to"))
    own = Seen(("need", "to"), 0.5, Habits({}, {("must",): 1.0}), {("must",): 1.0})
    assert one.rate(("must",), own) == pytest.approx(one.rate(("must",), seen("need to")))


@given(st.lists(st.sampled_from(["must", "need to", "have to"]), min_size=1, max_size=4))
def test_likelihoods_are_those_of_probabilities(texts: list[str]) -> None:
    one = known(("must", "need to"), ("must", "have to"))
    chosen, became = one.likelihood(("must",), [seen(text) for text in texts], {})
    assert chosen < 0.0 and became <= 0.0
    assert (became == 0.0) == (set(texts) == {"must"})


@pytest.mark.parametrize(
    ("word", "base"), [("records", "record"), ("things", "thing"), ("during", "during"), ("made", "make")]
)
def test_words_are_counted_by_their_base_forms(word: str, base: str) -> None:
    assert channel.canonical((word,)) == (base,)


# --- cuts ------------------------------------------------------------------------------------------------------


def cut(one: str, other: str, by: Channel) -> list[tuple[str, str]]:
    """What faces what, of two texts, once cut anew."""
    a, b = (pipeline.entry(clean.from_text(name, text), Config()) for name, text in (("a", one), ("b", other)))
    found = restoring.witness(a, b, Config())
    return [
        (" ".join(a.tokens.words[part.start_a : part.stop_a]), " ".join(b.tokens.words[part.start_b : part.stop_b]))
        for part in recut.recut(a.tokens.words, b.tokens.words, found.segments, by.stands)
        if not part.equal
    ]


TEXT = "The first of these is that the {} keeps what was written for as long as the machine that has it is running"


def test_a_known_phrase_faces_what_it_stands_for() -> None:
    one, other = TEXT.format("computer code"), TEXT.format("code")
    assert cut(one, other, known(("code", "computer code"))) == [("computer code", "code")]
    assert cut(one, other, known(("author", "writer"))) == [("computer", "")]
    one, other = TEXT.format("method treated much the same as this"), TEXT.format("method processed like this")
    assert cut(one, other, known(("like", "much the same as"), ("processed", "treated"))) == [
        ("treated", "processed"),
        ("much the same as", "like"),
    ]


TOKENS = st.lists(st.sampled_from("abcde"), max_size=12).map(tuple)


@given(st.lists(st.tuples(TOKENS, TOKENS, st.integers(0, 9)), max_size=4))
def test_what_is_cut_anew_still_covers_both_texts(pieces: list[tuple[Words, Words, int]]) -> None:
    one: Words = ()
    other: Words = ()
    parts: list[Segment] = []
    for a, b, equal in pieces:
        if a != b and (a or b):
            parts.append(Segment(len(one), len(one) + len(a), len(other), len(other) + len(b)))
            one, other = one + a, other + b
        same = ("x",) * equal
        if same and not (parts and parts[-1].equal):
            parts.append(Segment(len(one), len(one) + equal, len(other), len(other) + equal, True))
            one, other = one + same, other + same
    found = recut.recut(one, other, parts, lambda x, y: len(x) + len(y) == 3 and x[:1] == y[:1])
    at = (0, 0)
    for part in found:
        assert (part.start_a, part.start_b) == at
        at = part.stop_a, part.stop_b
        assert part.equal == (one[part.start_a : part.stop_a] == other[part.start_b : part.stop_b])
    assert at == (len(one), len(other))


def test_what_moved_stays_as_it_was_cut() -> None:
    parts = [Segment(0, 2, 0, 2, True), Segment(2, 4, 2, 2, moved=True), Segment(4, 6, 2, 4, True)]
    assert recut.recut(words("a b c d e f"), words("a b e f"), parts, lambda *_: True) == parts


# --- the ledger ------------------------------------------------------------------------------------------------


def test_what_stands_beside_one_word_in_several_pairs_is_one_phrase_with_it() -> None:
    texts = [TEXT.format("code") + f" and {name} says so" for name in ("anna", "bert", "carl")]
    spun = [text.replace("code", "computer code").replace("written", "composed") for text in texts]
    pairs = [
        pipeline.collate(clean.from_text("a", text), clean.from_text("b", other))
        for text, other in zip(texts, spun, strict=True)
    ]
    several = {(one.a, one.b): one for one in ledger.substitutions(pairs)}
    assert several["code", "computer code"].count == several["code", "computer code"].pairs == 3
    assert [(one.a, one.b) for one in ledger.substitutions(pairs[:1])] == [("written", "composed")]


TWICE = (
    "Of the towns {0} half were hit, and {0} ten of the ships were lost at sea before the storm came over the hills."
)


def ledger_of(text: str, kept: str, dropped: str) -> dict[tuple[str, str], int]:
    both = (clean.from_text(name, text.format(phrase)) for name, phrase in zip("ab", (kept, dropped), strict=True))
    return {(row.a, row.b): row.count for row in ledger.substitutions([pipeline.collate(*both)])}


def test_pieces_that_touch_wherever_they_stand_are_one_phrase() -> None:
    assert ledger_of(TWICE, "more than", "to a higher degree") == {("more than", "to a higher degree"): 2}
    assert ledger_of(TWICE, "to a higher degree", "more than") == {("to a higher degree", "more than"): 2}


def test_pieces_that_touch_once_stay_two() -> None:
    once = TWICE.replace("{0}", "nearly", 1)
    assert ledger_of(once, "more than", "to a higher degree") == {("more", "to"): 1, ("than", "a higher degree"): 1}


def test_one_word_for_one_stays_apart_from_its_neighbour() -> None:
    assert ledger_of(TWICE, "strong support", "great help") == {("strong", "great"): 2, ("support", "help"): 2}


# --- votes -----------------------------------------------------------------------------------------------------


def test_all_texts_are_asked_of_what_they_agree_on_if_it_is_known() -> None:
    own, other = (clean.from_text(name, TEXT.format("computer code")) for name in "ab")
    a, b = (pipeline.entry(one, Config()) for one in (own, other))
    cuts = [restoring.witness(a, b, Config())]
    assert witnesses.star(a.tokens, cuts, Config()).places == ()
    code = ("computer", "code")
    (place,) = witnesses.star(a.tokens, cuts, Config(), lambda *at: a.tokens.words[slice(*at)] == code).places
    assert ballots.is_agreed(place) and [one.words for one in place.readings if one] == [code] * 2


def test_what_texts_show_at_one_place_is_put_in_where_they_agree() -> None:
    text = words("they commit it here and later they commit it there and then again they commit it")
    spun = ["devote", "commit", "devote"], ["commit", "devote", "devote"], ["devote", "devote", "devote"]
    places = [
        Place(tuple(Reading(at, at + 1, (word,)) for word in readings))
        for at, readings in zip((1, 7, 13), spun, strict=True)
    ]
    own = tuple("devote" if at in (1, 13) else word for at, word in enumerate(text))
    by = dictionary([row("commit", "devote"), row("author", "writer")])
    ballot = ballots.Ballot(own, places[:2], by, by, (), Channel(by))
    shown = vote.shown(ballot, Config())
    assert [line.a for line in shown["devote",]] == ["commit"]
    bare = dictionary([row("author", "writer")])
    wider = replace(ballot, places=places, ledger=bare, conjectured=bare, channel=Channel(bare), shown=shown)
    assert ("commit",) in {option.words for option in ballots.options(places[2], "replaced", wider)}
    assert {(one.start, one.words) for one in vote.choices(replace(ballot, places=places), Config())} == {
        (1, ("commit",)),
        (13, ("commit",)),
    }


def test_without_conjectures_nothing_is_put_in_that_no_text_has() -> None:
    by = dictionary([row("commit", "devote")])
    place = Place(tuple(Reading(1, 2, (word,)) for word in ("devote", "devote", "give")))
    ballot = ballots.Ballot(words("they devote it"), [place], by, NOTHING, (), Channel(by))
    assert {option.words for option in ballots.options(place, "replaced", ballot)} == {("devote",), ("give",)}
