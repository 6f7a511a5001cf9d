"""Several damaged witnesses put a text right where none is clean, a ledger where there is none; neither touches a clean
text, and whatever was done can be undone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS, article, hostile_texts, noised, spun

from dedup import ballots, clean, conjecture, edits, inflection, ledger, pipeline, restore, restoring, suspicion, vote
from dedup.config import Config
from dedup.dictionary import NOTHING, Dictionary, Origin, dictionary
from dedup.model import Document, Restoration, Substitution
from dedup.places import Place, Reading
from dedup.restoring import Means

TEXT = article(41, 40)


def document(name: str, text: str) -> Document:
    return clean.from_text(name, text)


@cache
def learnt() -> tuple[Substitution, ...]:
    """The ledger of other articles that our spinner was at."""
    found = [pipeline.collate(document("a", text), document("b", spun(text, seed))) for seed, text in _others()]
    return tuple(ledger.substitutions(found))


def _others() -> list[tuple[int, str]]:
    return [(seed, article(seed, 40)) for seed in range(100, 112)]


@cache
def known() -> Dictionary:
    return dictionary(learnt())


def restored(text: str, *witnesses: str, by: Means = restoring.NO_MEANS, config: Config | None = None) -> Restoration:
    """`text` restored by witnesses and ledger; the laws of every restoration checked."""
    others = [document(f"w{at}", one) for at, one in enumerate(witnesses)]
    found = restoring.restoration(document("damaged", text), others, config or Config(), by)
    assert edits.applied(text, found.edits) == found.text
    assert edits.applied(found.text, edits.inverse(found.edits)) == text
    for edit in found.edits:
        for name, span in ((edit.witness, edit.witness_span), *edit.others):
            assert name is None or (span is not None and 0 <= span[0] <= span[1] <= len(witnesses[int(name[1:])]))
        assert (edit.cause == restore.CONJECTURE) <= (edit.entry is not None and edit.witness is None)
    return found


def wrong(text: str, truth: str) -> int:
    """Words that differ; both have as many."""
    one, other = text.split(), truth.split()
    assert len(one) == len(other)
    return sum(a != b for a, b in zip(one, other, strict=True))


# --- several damaged witnesses ---------------------------------------------------------------------------------


def test_of_three_scans_none_of_them_clean_few_errors_are_left() -> None:
    copies = [noised(TEXT, seed, 0.2) for seed in range(3)]
    before = min(wrong(copy, TEXT) for copy in copies)
    found = restored(copies[0], *copies[1:])
    assert wrong(found.text, TEXT) <= 0.25 * before
    assert {"w0", "w1"} == {edit.witness for edit in found.edits}


def test_of_two_scans_at_most_half_of_the_errors_are_left() -> None:
    copies = [noised(TEXT, seed, 0.2) for seed in range(2)]
    assert wrong(restored(*copies).text, TEXT) <= 0.5 * min(wrong(copy, TEXT) for copy in copies)


def test_readings_that_several_witnesses_have_name_them_all() -> None:
    found = restored(noised(TEXT, 0, 0.2), noised(TEXT, 1, 0.1), noised(TEXT, 2, 0.1))
    assert any(edit.others for edit in found.edits)


def test_copies_spun_apart_restore_each_other() -> None:
    copies = [spun(TEXT, seed, 0.4) for seed in range(3)]
    distance = [_distance(copy, TEXT) for copy in copies]
    assert _distance(restored(copies[0], *copies[1:]).text, TEXT) <= 0.4 * min(distance)


def test_a_known_replacement_outweighs_two_that_agree_on_it() -> None:
    words = tuple("the navy sailed into the harbour at night and the crew of the navy slept".split())
    readings = [Reading(1, 2, (word,)) for word in ("navy", "navy", "military")]
    row = Substitution("military", "navy", 40, 20, 50, 1, "a", 0.99)
    made = {"none": NOTHING, "known": dictionary([row])}
    ballot = {name: ballots.Ballot(words, [Place(tuple(readings))], one, NOTHING) for name, one in made.items()}
    (choice,) = vote.choices(ballot["known"], Config())
    assert (choice.words, choice.kind, [part.text for part in choice.agreeing]) == (("military",), "replaced", [2])
    least = Config(vote_confidence_min=choice.confidence)
    assert vote.choices(ballot["none"], least) == ()


def _distance(text: str, truth: str) -> int:
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(text.split(), truth.split())


@pytest.mark.parametrize("damage", [spun, noised])
def test_the_clean_one_of_several_is_left_alone_without_being_told(damage: object) -> None:
    assert callable(damage)
    assert restored(TEXT, damage(TEXT, 1), damage(TEXT, 2)).edits == ()


def test_strangers_have_no_vote() -> None:
    assert restored(TEXT, *PARAGRAPHS, article(7), article(8)).edits == ()


@settings(max_examples=30)
@given(st.integers(0, 500), st.sampled_from([spun, noised]))
def test_voting_twice_is_voting_once(seed: int, damage: object) -> None:
    assert callable(damage)
    text = article(seed, 20)
    copies = [damage(text, one, 0.4) for one in range(3)]
    once = restored(copies[0], *copies[1:])
    assert restored(once.text, *copies[1:]).text == once.text


@settings(max_examples=50)
@given(st.lists(hostile_texts, min_size=1, max_size=3))
def test_hostile_witnesses_can_be_undone(texts: list[str]) -> None:
    restored(TEXT[:300], *texts)
    restored(texts[0], TEXT[:300], *texts[1:], by=Means(known(), known()))


# --- what only a witness has -----------------------------------------------------------------------------------


def test_a_paragraph_that_only_a_witness_has_is_taken_over_when_asked_for() -> None:
    halves = TEXT.split("\n\n")
    lacking = "\n\n".join(halves[:3] + halves[4:])
    found = restored(lacking, TEXT, config=Config(taken_tokens_max=1000))
    assert found.text == TEXT
    (edit,) = found.edits
    assert (edit.cause, edit.witness, edit.before) == (restore.BLOCK, "w0", "")
    assert TEXT[slice(*(edit.witness_span or (0, 0)))] == edit.after
    assert restored(lacking, TEXT).edits == ()


# --- conjectures -----------------------------------------------------------------------------------------------


def test_a_ledger_puts_back_what_it_knows_and_says_that_it_guesses() -> None:
    damaged = spun(TEXT)
    found = restored(damaged, by=Means(conjectured=known()))
    assert _distance(found.text, TEXT) <= 0.7 * _distance(damaged, TEXT)
    assert found.edits
    assert {edit.cause for edit in found.edits} == {restore.CONJECTURE}
    assert all(edit.confidence >= Config().conjecture_confidence_min for edit in found.edits)
    assert fmean(edit.confidence for edit in found.edits) >= Config().conjecture_precision_min - 1e-4
    assert {edit.entry for edit in found.edits} <= set(learnt())


def test_what_three_spun_copies_agree_on_is_conjectured_as_in_a_vote() -> None:
    copies = [spun(TEXT, one, 0.7) for one in range(3)]
    voted = restored(copies[0], *copies[1:], by=Means(known()))
    guessed = restored(copies[0], *copies[1:], by=Means(known(), known()))
    assert _distance(guessed.text, TEXT) < _distance(voted.text, TEXT)
    assert any(edit.cause == restore.CONJECTURE for edit in guessed.edits)


def test_a_clean_text_is_not_conjectured_upon_beside_spun_copies() -> None:
    copies = [spun(TEXT, one, 0.7) for one in range(2)]
    assert restored(TEXT, *copies, by=Means(known(), known())).edits == ()


@given(st.integers(0, 60))
@settings(max_examples=20)
def test_a_clean_text_is_not_conjectured_upon(seed: int) -> None:
    text = article(seed, 30)
    assert restored(text, by=Means(conjectured=known())).edits == ()


def test_without_a_ledger_nothing_is_conjectured() -> None:
    assert restored(spun(TEXT)).edits == ()
    assert restored(spun(TEXT), by=Means(ledger=known())).edits == ()


def test_a_clean_witness_leaves_nothing_to_conjecture() -> None:
    found = restored(spun(TEXT), TEXT, by=Means(known(), known()))
    assert found.text == TEXT
    assert {edit.cause for edit in found.edits} == {"spun"}


def test_other_languages_are_left_alone() -> None:
    german = "Der alte Bäcker kaufte jeden Morgen frisches Mehl und trug es durch die Gassen nach Hause. " * 8
    assert restored(german, by=Means(conjectured=known())).edits == ()
    assert not suspicion.suspicions(document("x", german), clean.tokens(document("x", german))).any()


def test_an_unheard_phrase_is_suspected_even_if_it_stands_alone() -> None:
    rows = [Substitution("big data", "colossal information", 3, 3, 3, 0, "a", 0.99)]
    text = TEXT.replace("The ", "Colossal statements aside, the colossal information helped. The ", 1)
    one = document("x", text)
    (found,) = conjecture.suspects(one, clean.tokens(one), dictionary(rows), Config())
    assert text[slice(*found.span)] == "colossal information"
    assert (found.origin.words, found.confidence >= Config().suspect_confidence_min) == (("big", "data"), True)
    other = document("x", TEXT)
    assert conjecture.suspects(other, clean.tokens(other), dictionary(rows), Config()) == ()


def test_what_would_stand_beside_itself_is_not_conjectured() -> None:
    rows = [Substitution("function", "single valued", 9, 9, 60, 0, "a", 0.99)] * 1
    text = TEXT.replace("The ", "A single valued function helped. A single valued answer came. The ", 1)
    one = document("x", text)
    tokens = clean.tokens(one)
    look = conjecture.Look(tokens.words, [1] * len(tokens), [-1.1] * len(tokens))
    _, found = conjecture.guesses(look, dictionary(rows))
    doubled, other = (guess.probabilities[0] for guess in found)
    assert doubled < 0.01
    assert other > 0.5


@given(
    st.lists(st.sampled_from([0.5, 0.75, 0.875, 0.9375, 0.96875, 0.984375, 1.0]), max_size=12),
    st.sampled_from([0.5, 0.9]),
    st.sampled_from([0.0, 0.75, 0.96875]),
)
def test_as_many_conjectures_are_made_as_are_sure_enough_together(
    confidences: list[float], each: float, mean: float
) -> None:
    terms = conjecture.Terms((), 0.0, each, mean, 1.0, 0.0)
    least = conjecture._least(confidences, terms)
    made = [one for one in confidences if one >= least]
    assert not made or (min(made) >= each and fmean(made) >= mean)
    for other in {one for one in confidences if each <= one < least}:
        assert fmean(one for one in confidences if one >= other) < mean


def guessed(draws: float) -> conjecture.Guess:
    row = Substitution("use", "utilise", 9, 3, 9, 0, "a", 0.99)
    return conjecture.Guess(0, 1, [Origin(("use",), 9.0, draws, row)], [0.95], 0.0)


def test_odds_of_a_ledger_of_one_text_are_not_raised() -> None:
    dictionaries = [dictionary([replace(row, pairs=pairs) for row in learnt()]) for pairs in (1, 2)]
    one, many = (conjecture._confidence(guessed(1000), conjecture.alone([1], each, Config())) for each in dictionaries)
    assert many > one == pytest.approx(0.95)


def test_a_conjecture_by_a_line_seen_once_is_less_sure() -> None:
    terms = conjecture.alone([1], known(), Config())
    once, again, often, always = (conjecture._confidence(guessed(draws), terms) for draws in (1, 2, 8, 1000))
    assert once == pytest.approx((1 - conjecture.ONCE_WRONG) * always, abs=1e-5)
    assert once == conjecture._confidence(guessed(0.35), terms) < again < often < always


def test_a_phrase_gives_way_to_one_it_shares_a_word_with_that_was_put_in_far_more_often() -> None:
    def found(times: int) -> list[tuple[int, int]]:
        rows = [
            Substitution("user", "user amorphous", 2, 2, 9, 0, "a", 0.99),
            Substitution("space", "amorphous shape", times, times, times, 0, "a", 0.99),
        ]
        look = conjecture.Look(tuple("the user amorphous shape is full".split()), [1] * 6, [0.0] * 6)
        return [(guess.start, guess.stop) for guess in conjecture._known(look, dictionary(rows))]

    assert found(40) == [(2, 4)]
    assert found(3) == [(1, 3)]


# --- dictionary and words --------------------------------------------------------------------------------------


def test_a_dictionary_turns_lines_whose_original_is_the_second() -> None:
    made = dictionary([Substitution("utilise", "use", 3, 2, 0, 9, "b", 0.99)])
    (origin,) = made.origins(("utilise",))
    assert (origin.words, origin.count, origin.draws) == (("use",), 3.0, 2.0)
    assert made.replaced(("use",)) == (3.0, 9.0)


def test_lines_that_say_the_same_are_one() -> None:
    """As a ledger of pairs holds them of which some have the original first, and some the copy."""
    one, other = (
        Substitution("use", "utilise", 3, 2, 9, 1, "a", 0.9),
        Substitution("utilise", "use", 4, 3, 1, 9, "b", 0.99),
    )
    made = dictionary([one, other, Substitution("apply", "utilise", 1, 1, 2, 1, "a", 0.9)])
    assert [(origin.words, origin.count, origin.draws) for origin in made.origins(("utilise",))] == [
        (("use",), 7.0, 5.0),
        (("apply",), 1.0, 1.0),
    ]
    assert made.replaced(("use",)) == (7.0, 9.0)


def test_a_conjecture_stays_within_a_sentence() -> None:
    rows = [*learnt(), Substitution("including", "together with", 40, 12, 40, 0, "a", 0.999)]
    by = Means(dictionary(rows), dictionary(rows))
    text = (
        spun(TEXT) + " We put both pieces of it together. With the help of the baker we found it, together with bread."
    )
    found = restored(text, by=by)
    assert found.text.endswith("pieces of it together. With the help of the baker we found it, including bread.")


def test_a_conjecture_has_the_apostrophes_of_the_document() -> None:
    rows = [*learnt(), Substitution("don't need", "necessitate not", 40, 12, 40, 0, "a", 0.999)]
    by = Means(dictionary(rows), dictionary(rows))
    text = spun(TEXT) + " They necessitate not what isn't theirs."
    for mark in "'’":
        found = restored(text.replace("'", mark), by=by)
        assert found.text.endswith(f"They don{mark}t need what isn{mark}t theirs.")


def test_a_small_ledger_in_which_nothing_stands_for_two_things_does_not_tell_that_nothing_does() -> None:
    def novelty(words: str) -> float:
        return dictionary([Substitution(f"{one}a", f"{one}b", 2, 1, 2, 0, "a", 0.99) for one in words]).novelty

    small, large = novelty("opq"), novelty("abcdefghijklmnopqrstuvwxyz")
    assert 0.005 < large < small / 2
    assert 0.05 < small < 0.2


def test_a_frequent_phrase_is_newer_than_a_rare_one() -> None:
    made = dictionary([Substitution("use", "utilise", 8, 4, 20, 0, "a", 0.99)])
    assert made.newness(("utilise",)) < made.newness(("use",)) < made.newness(("the",))


def test_what_never_stood_by_itself_is_the_likelier_to_the_longer_the_originals_are() -> None:
    made = dictionary([Substitution("use", "utilise", 8, 4, 20, 0, "a", 0.99)])
    longer = replace(made, total_words=10 * made.total_words)
    assert 0 < made.natural(("utilise",)) < longer.natural(("utilise",))
    assert made.natural(("use",)) > 12 > made.natural(("utilise",))


def test_other_forms_of_a_known_word_are_known() -> None:
    made = dictionary([Substitution("use", "utilise", 8, 4, 20, 0, "a", 0.99)])
    assert [origin.words for origin in made.origins(("utilised",))] == [("used",)]
    assert made.origins(("utilised",))[0].count < made.origins(("utilise",))[0].count
    assert made.origins(("harbour",)) == ()
    assert not NOTHING.origins(("utilise",))


@pytest.mark.parametrize(
    ("base", "form", "word"),
    [("use", "ed", "used"), ("carry", "s", "carries"), ("stop", "ing", "stopping"), ("take", "ed", "took"),
     ("take", "en", "taken"), ("man", "s", "men"), ("see", "ing", "seeing"), ("watch", "s", "watches")],
)  # fmt: skip
def test_words_are_inflected_and_analysed(base: str, form: inflection.Form, word: str) -> None:
    assert inflection.inflected(base, form) == word
    assert (base, form) in inflection.analyses(word)


def test_what_no_list_has_is_not_made() -> None:
    assert inflection.inflected("go", "ed") == "went"
    assert inflection.inflected("harbourmaster", "ing") is None


def test_words_that_were_put_in_are_more_suspicious_than_those_that_stood_there() -> None:
    one, other = document("a", TEXT), document("b", spun(TEXT))
    odds = [suspicion.suspicions(text, clean.tokens(text)) for text in (one, other)]
    assert np.mean(odds[1]) > np.mean(odds[0]) + 0.2
    assert all(len(found) == len(clean.tokens(text)) for found, text in zip(odds, (one, other), strict=True))


def test_a_text_without_words_has_no_suspicions() -> None:
    empty = document("x", "… — !")
    assert suspicion.suspicions(empty, clean.tokens(empty)).shape == (0,)
