"""What stands between white space is counted alike by the dictionary and by the kernel, and as Python would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS

from dedup.damage import batch, lexicon, strings
from dedup.damage.foreign import FOREIGN_WORDS
from dedup.damage.furniture import FOREIGN_STOPS
from dedup.damage.listed import FOREIGN, FUNCTION, KNOWN, STOP
from dedup.damage.shapes import SHAPES, shape

SPACES = " \t\n\x0b\x0c\r\x1c\x1f\x85\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
NO_SPACES = "\x00\x1b\u0084\u0086\u00a1\u180e\u200b\u2010\u2060\ufeff\u3001\ue000\ud800\U0001f600"
WORDS = st.sampled_from(("the", "The", "und", "tbe", "wh1ch", "rn", "—", "x" * 300, "Share", "être", "nebst", "1984"))
texts = st.lists(
    st.one_of(st.sampled_from(PARAGRAPHS), WORDS, st.text(alphabet=SPACES + NO_SPACES + "aeé", max_size=30)),
    max_size=12,
).map(" ".join)


@pytest.fixture(params=["dictionary", "kernel"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[strings.Known]:
    """What is known of strings, new, and asked in one of the two ways."""
    known = strings.Known()
    monkeypatch.setattr(strings, "known", lambda: known)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 0 if request.param == "kernel" else 1 << 40)
    yield known


def met(*texts: str) -> list[list[str]]:
    """The strings of texts, by the numbers that they were given."""
    known, found = strings.known(), batch.of(texts).strings
    return [[known._strings[number] for number in found[text].tolist()] for text in range(len(found))]


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=3))
def test_strings_are_those_between_white_space_in_either_way(some: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for seen in (0, 1 << 40):
            known = strings.Known()
            patch.setattr(strings, "known", lambda known=known: known)
            patch.setattr(strings, "KERNEL_STRINGS", seen)
            for _ in range(2):
                assert met(*some, *some) == [text.split() for text in (*some, *some)]


@settings(max_examples=60, deadline=None)
@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_counts_are_those_of_python_in_either_way(before: str, some: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for seen in (0, 1 << 40):
            known = strings.Known()
            patch.setattr(strings, "known", lambda known=known: known)
            patch.setattr(strings, "KERNEL_STRINGS", seen)
            batch.of([before])
            check(some)
            check(some)


def check(texts: list[str]) -> None:
    """Asserts the counts of texts against what Python finds."""
    looked = batch.of(texts)
    classed = strings.known().classed(looked.strings).tolist()
    for text, tally, classes in zip(texts, looked.tallies, classed, strict=True):
        parts = text.split()
        counts = Counter(parts)
        assert (tally.count, tally.distinct) == (len(parts), len(counts))
        assert tally.longest == max(map(len, parts), default=0)
        assert tally.twice == any(one == other for one, other in pairwise(parts))
        assert lexicon.Census(tally.count, *tally.marks[: KNOWN + 1]) == lexicon.census(counts)
        assert tally.marks[FOREIGN] == sum(part in FOREIGN_WORDS for part in parts)
        assert tally.marks[STOP] == sum(part.lower() in FOREIGN_STOPS for part in parts)
        every, distinct = [shape(part) for part in parts], [shape(part) for part in counts]
        assert classes == [[kinds.count(kind) for kind in SHAPES] for kinds in (every, distinct)]


def test_a_sample_is_the_beginning_the_middle_and_the_end(way: strings.Known) -> None:
    text = " ".join(["first"] * 50 + ["the"] * 50 + ["middle"] * 20 + ["of"] * 50 + ["last"] * 50)
    looked = batch.of(["short one", text, "of two"])
    short, sample, last = way.tallies(looked.strings.sampled(30))
    assert (short, last) == (looked.tallies[0], looked.tallies[2])
    assert (sample.count, sample.distinct, sample.marks[FUNCTION]) == (30, 3, 0)
    assert way.tallies(looked.strings.sampled(1000)) == looked.tallies


def test_strings_put_in_for_others_stand_in_their_place(way: strings.Known) -> None:
    looked = batch.of(["one two", "three", "four five six"])
    changed = looked.strings.changed([0, 2], batch.more(["seven", ""]))
    assert [[way._strings[number] for number in changed[text].tolist()] for text in range(3)] == [
        ["seven"],
        ["three"],
        [],
    ]
    chosen = looked.strings.chosen([2, 1])
    assert [len(chosen[text]) for text in range(2)] == [3, 1]


def test_tokens_of_strings_stand_in_order_however_many_one_has(way: strings.Known) -> None:
    asked: list[str] = []

    def mark(string: str) -> list[int]:
        asked.append(string)
        return list(map(ord, string))

    many = "xyz" * 5000
    texts = ["ab cd ab", "", "cd " + many + " e", "ab cd ab"]
    found, places = way.tokens(batch.of(texts).strings, mark)
    wanted = [[ord(one) for part in text.split() for one in part] for text in texts]
    assert [found[places[at] : places[at + 1]].tolist() for at in range(len(texts))] == wanted
    assert asked == ["ab", "cd", many, "e"]


def test_what_is_remembered_is_given_up_and_met_anew(way: strings.Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "STRINGS_MAX", 20)
    for start in range(0, 200, 10):
        text = " ".join(f"word{number}" for number in range(start, start + 15))
        assert met(text) == [text.split()]
        assert batch.of([text]).tallies[0].distinct == 15
        assert len(way._strings) <= 20 + 15


def test_what_the_dictionary_met_the_kernel_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = strings.Known()
    monkeypatch.setattr(strings, "known", lambda: known)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 1000)
    first = "one two three four five six"
    assert met(first) == [first.split()]
    given = dict(known._numbers)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 5)
    assert met("six seven one") == [["six", "seven", "one"]]
    assert [known._numbers[word] for word in ("six", "one")] == [given["six"], given["one"]]


def test_more_strings_than_the_table_first_holds_are_told_apart(way: strings.Known) -> None:
    text = " ".join(f"n{number}" for number in range(30_000))
    assert met(text) == [text.split()]
    assert met(text + " n7") == [[*text.split(), "n7"]]
