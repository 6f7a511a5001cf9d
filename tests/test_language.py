"""Word and neighbour statistics: monotone where they must be, zero where nothing is known."""

from __future__ import annotations

import pytest
import wordfreq

from dedup import language


def test_the_list_is_that_of_wordfreq() -> None:
    theirs = wordfreq.get_frequency_dict("en", wordlist="large")
    assert language.shares() == theirs
    assert list(language.shares()) == list(theirs)


def test_commoner_words_stand_higher_on_the_zipf_scale() -> None:
    steps = [language.zipf(word) for word in ("the", "house", "harbour", "qwxzjk")]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > 7
    assert steps[-1] == 0.0


@pytest.mark.parametrize(("possessive", "noun"), [("farmer's", "farmer"), ("river's", "river")])
def test_a_possessive_counts_as_its_noun(possessive: str, noun: str) -> None:
    assert language.zipf(possessive) == pytest.approx(language.zipf(noun), abs=1.0)
    assert language.zipf(possessive) > 3


def test_articles_and_prepositions_are_common_and_names_of_things_are_not() -> None:
    assert all(language.is_common(word) for word in ("the", "of", "and", "to", "in", "is"))
    assert not any(language.is_common(word) for word in ("bridge", "navy", "social", "qwxzjk"))


def test_known_neighbours_are_counted_and_order_matters() -> None:
    assert language.bigram_count("of", "the") > language.bigram_count("united", "states") > 100_000
    assert language.bigram_count("states", "united") < language.bigram_count("united", "states")
    assert language.bigram_count("qwxzjk", "the") == 0


def test_a_neighbour_is_found_by_its_whole_words() -> None:
    assert language.bigram_count("unite", "d states") == 0
    assert language.bigram_count("united", "state") != language.bigram_count("united", "states")


def test_words_that_seek_each_other_are_associated_and_chance_neighbours_are_not() -> None:
    assert language.association_bits("united", "states") > 3
    assert language.association_bits("united", "states") > language.association_bits("of", "the") >= 0
    assert language.association_bits("qwxzjk", "vlorp") == 0.0
    assert language.association_bits("the", "the") == 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("isn't",), ("is", "not")),
        (("it's",), ("it", "is")),
        (("they're",), ("they", "are")),
        (("we've",), ("we", "have")),
        (("she'll",), ("she", "will")),
        (("i'm",), ("i", "am")),
        (("web", "site"), ("website",)),
    ],
)
def test_contractions_and_compounds_stand_for_their_words(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert language.expanded(one) == language.expanded(other)


def test_other_phrases_do_not_stand_for_each_other() -> None:
    assert language.expanded(("it", "was")) != language.expanded(("it's",))
    assert language.expanded(("was", "not")) != language.expanded(("isn't",))


@pytest.mark.xfail(reason="`can't` and `won't` are not built by appending n't to can and will")
def test_irregular_negations_stand_for_their_words() -> None:
    assert language.expanded(("won't",)) == language.expanded(("will", "not"))
    assert language.expanded(("can't",)) == language.expanded(("can", "not"))


def test_closed_classes_hold_their_words() -> None:
    assert {"across", "throughout", "on"} <= language.PREPOSITIONS
    assert not language.PARTICLES - language.PREPOSITIONS - {"away", "back"}
    assert sorted(language.ARTICLES) == ["a", "an", "the"]


def test_the_large_list_reaches_further_down_and_agrees_where_both_have_a_word() -> None:
    assert 0 < language.frequency("dollop") < language.LISTED_ZIPF
    assert language.zipf("dollop") == 0.0
    assert language.frequency("house") == language.zipf("house")
    assert language.frequency("schools's") == language.frequency("schools")
    assert language.frequency("dollop's") == language.frequency("qwxzjk") == 0.0


def test_all_listed_words_have_the_frequency_that_is_told_of_each() -> None:
    words, values = language.frequencies()
    assert len(words) == len(set(words)) > 300_000
    for at in range(0, len(words), 997):
        assert language.frequency(words[at]) == pytest.approx(values[at], abs=1e-12)


def test_mutual_information_may_be_below_zero_and_is_none_where_a_word_is_unknown() -> None:
    assert language.mutual_bits("united", "states") > 3
    assert language.AVOIDING_BITS <= language.mutual_bits("of", "is") < 0
    assert language.mutual_bits("qwxzjk", "the") == language.mutual_bits("the", "qwxzjk") == 0.0


@pytest.mark.parametrize("letter", "aibsxz")
def test_of_letters_that_stand_alone_two_are_words(letter: str) -> None:
    assert bool(language.frequency_as_word(letter)) == (letter in "ai")
    assert language.frequency_as_word(f"{letter}n") == language.frequency(f"{letter}n")
