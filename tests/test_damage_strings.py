"""What stands between white space is counted alike by the dictionary and by the kernel, and as Python would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS

from dedup.damage import lexicon, strings
from dedup.damage.foreign import FOREIGN_WORDS
from dedup.damage.furniture import FOREIGN_STOPS
from dedup.damage.shapes import SHAPES, shape

SPACES = " \t\n\x0b\x0c\r\x1c\x1f\x85\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
NO_SPACES = "\x00\x1b\u0084\u0086\u00a1\u180e\u200b\u2010\u2060\ufeff\u3001\ue000\ud800\U0001f600"
WORDS = st.sampled_from(("the", "The", "und", "tbe", "wh1ch", "rn", "—", "x" * 300, "Share", "être", "nebst", "1984"))
texts = st.lists(
    st.one_of(st.sampled_from(PARAGRAPHS), WORDS, st.text(alphabet=SPACES + NO_SPACES + "aeé", max_size=30)),
    max_size=12,
).map(" ".join)


@pytest.fixture(params=["dictionary", "kernel"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[strings._Known]:
    """What is known of strings, new, and asked in one of the two ways."""
    known = strings._Known()
    monkeypatch.setattr(strings, "_known", lambda: known)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 0 if request.param == "kernel" else 1 << 40)
    yield known


def met(text: str) -> list[str]:
    """The strings of a text, by the numbers that they were given."""
    known = strings._known()
    return [known._strings[number] for number in known.numbers(text).tolist()]


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=3))
def test_strings_are_those_between_white_space_in_either_way(some: list[str]) -> None:
    for compiled in (False, True):
        known = strings._Known()
        for text in (*some, *some):
            cut = known._compiled(text) if compiled else known._by_dictionary(text)
            assert [known._strings[number] for number in cut.tolist()] == text.split()


@settings(max_examples=60, deadline=None)
@given(texts, texts)
def test_counts_are_those_of_python_in_either_way(before: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for seen in (0, 1 << 40):
            known = strings._Known()
            patch.setattr(strings, "_known", lambda known=known: known)
            patch.setattr(strings, "KERNEL_STRINGS", seen)
            strings.tallied(before)
            check(text)
            check(text)


def check(text: str) -> None:
    """Asserts the counts of a text against what Python finds."""
    parts = text.split()
    tally, counts = strings.tallied(text), Counter(parts)
    assert (tally.count, tally.distinct) == (len(parts), len(counts))
    assert tally.longest == max(map(len, parts), default=0)
    assert tally.twice == any(one == other for one, other in pairwise(parts))
    assert lexicon.Census(tally.count, *tally.marks[: strings.KNOWN + 1]) == lexicon.census(counts)
    assert tally.marks[strings.FOREIGN] == sum(part in FOREIGN_WORDS for part in parts)
    assert tally.marks[strings.STOP] == sum(part.lower() in FOREIGN_STOPS for part in parts)
    every, distinct = strings.classed(text, 10_000)
    kinds = [shape(part) for part in parts]
    assert every == [kinds.count(kind) for kind in SHAPES]
    kinds = [shape(part) for part in counts]
    assert distinct == [kinds.count(kind) for kind in SHAPES]


def test_a_sample_is_the_beginning_the_middle_and_the_end(way: strings._Known) -> None:
    text = " ".join(["first"] * 50 + ["the"] * 50 + ["middle"] * 20 + ["of"] * 50 + ["last"] * 50)
    assert strings.tallied_sample(text, 30).count == 30
    assert strings.tallied_sample(text, 30).marks[strings.FUNCTION] == 0
    assert strings.tallied_sample(text, 1000) == strings.tallied(text)
    assert strings.tallied_sample(text, 30).distinct == 3


def test_tokens_of_strings_stand_in_order_however_many_one_has(way: strings._Known) -> None:
    asked: list[str] = []

    def mark(string: str) -> list[int]:
        asked.append(string)
        return list(map(ord, string))

    many = "xyz" * 5000
    for text in ("ab cd ab", "", "cd " + many + " e", "ab cd ab"):
        assert strings.tokens(text, mark).tolist() == [ord(one) for part in text.split() for one in part]
    assert asked == ["ab", "cd", many, "e"]


def test_what_is_remembered_is_given_up_and_met_anew(way: strings._Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "STRINGS_MAX", 20)
    for start in range(0, 200, 10):
        text = " ".join(f"word{number}" for number in range(start, start + 15))
        assert met(text) == text.split()
        assert strings.tallied(text).distinct == 15
        assert len(way._strings) <= 20 + 15


def test_what_the_dictionary_met_the_kernel_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    known = strings._Known()
    monkeypatch.setattr(strings, "_known", lambda: known)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 5)
    first = "one two three four five six"
    assert met(first) == first.split()
    given = dict(known._numbers)
    assert met("six seven one") == ["six", "seven", "one"]
    assert [known._numbers[word] for word in ("six", "one")] == [given["six"], given["one"]]


def test_more_strings_than_the_table_first_holds_are_told_apart(way: strings._Known) -> None:
    text = " ".join(f"n{number}" for number in range(30_000))
    assert met(text) == text.split()
    assert met(text + " n7") == [*text.split(), "n7"]
