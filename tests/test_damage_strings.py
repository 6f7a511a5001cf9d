"""What stands between white space is counted alike by the dictionary and by the kernel, and as Python would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS

from dedup import damage
from dedup.damage import batch, lexicon, marks, network, rows, strings
from dedup.damage.foreign import FOREIGN_WORDS
from dedup.damage.furniture import FOREIGN_STOPS
from dedup.damage.listed import FOREIGN, FUNCTION, KNOWN, STOP
from dedup.damage.shapes import SHAPES, shape
from dedup.model import Document, Locator

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


def met(*texts: str) -> list[list[int]]:
    """The numbers that the strings of texts were given."""
    found = batch.of(texts).strings
    return [found[text].tolist() for text in range(len(found))]


def check_numbers(texts: list[str], numbers: list[list[int]]) -> None:
    """Asserts that each distinct string has a number, and its own."""
    strings_of = [text.split() for text in texts]
    assert list(map(len, numbers)) == list(map(len, strings_of))
    pairs = {pair for one, other in zip(strings_of, numbers, strict=True) for pair in zip(one, other, strict=True)}
    assert len({string for string, _ in pairs}) == len({number for _, number in pairs}) == len(pairs)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=3))
def test_strings_are_those_between_white_space_in_either_way(some: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for seen in (0, 1 << 40):
            known = strings.Known()
            patch.setattr(strings, "known", lambda known=known: known)
            patch.setattr(strings, "KERNEL_STRINGS", seen)
            first = met(*some, *some)
            check_numbers([*some, *some], first)
            assert met(*some, *some) == first


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
    others = batch.more(["seven", ""])
    changed = looked.strings.changed([0, 2], others)
    assert [changed[text].tolist() for text in range(3)] == [others[0].tolist(), looked.strings[1].tolist(), []]
    assert others[0].tolist() == batch.more(["seven"])[0].tolist() != looked.strings[1].tolist()
    chosen = looked.strings.chosen([2, 1])
    assert [len(chosen[text]) for text in range(2)] == [3, 1]


def test_tokens_of_strings_stand_in_order_however_many_one_has(way: strings.Known) -> None:
    asked: list[str] = []

    def mark(string: str) -> list[int]:
        asked.append(string)
        return marks.of_string(string)

    many = "xyz." * 5000
    texts = ["ab cd ab", "", "cd, " + many + " été é1", "ab cd ab"]
    found, places = way.tokens(batch.of(texts).strings, mark)
    wanted = [[token for part in text.split() for token in marks.of_string(part)] for text in texts]
    assert [found[places[at] : places[at + 1]].tolist() for at in range(len(texts))] == wanted
    strange = [many, "été", "é1"]
    assert asked == (strange if way.is_compiled() else ["ab", "cd", "cd,", *strange])
    way.tokens(batch.more(texts), mark)
    assert len(asked) == len(set(asked))


def test_what_is_remembered_is_given_up_and_met_anew(way: strings.Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "STRINGS_MAX", 20)
    for start in range(0, 200, 10):
        text = " ".join(f"word{number}" for number in range(start, start + 15))
        check_numbers([text], met(text))
        assert batch.of([text]).tallies[0].distinct == 15
        assert len(way) <= 20 + 15


def test_characters_that_are_remembered_are_bounded(way: strings.Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "CHARACTERS_MAX", 1000)
    for start in range(20):
        met(" ".join(f"{start}.{number}." + "é" * 300 for number in range(4)))
        assert len(way) == 4


def test_each_thread_has_its_own_numbers_and_all_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 300)
    monkeypatch.setattr(strings, "STRINGS_MAX", 150)
    monkeypatch.setattr(network, "KERNEL_TOKENS", 300)
    many = [" ".join(f"{word}{number % 7}" for word in text.split()) for number in range(3) for text in PARAGRAPHS]
    asked = [Document(str(at), Locator("x"), text) for at, text in enumerate([*PARAGRAPHS, *many])]
    wanted = list(damage.cards(asked))
    known = strings.known()
    assert known is strings.known()
    with ThreadPoolExecutor(4) as threads:
        assert all(found == wanted for found in threads.map(lambda _: list(damage.cards(asked)), range(12)))
        assert threads.submit(strings.known).result() is not known
        assert threads.submit(rows.projections).result() is not rows.projections()


def test_from_so_many_strings_on_they_are_hashed_and_found_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    known = strings.Known()
    monkeypatch.setattr(strings, "known", lambda: known)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 15)
    text = "The man, the Ñandú, “tlie” 1984 — and skip"
    before = batch.of([text])
    assert not known.is_compiled()
    classes, tokens = known.classed(before.strings).tolist(), marks.tokens(before.strings)[0].tolist()
    after = batch.of([text])
    assert known.is_compiled()
    assert (list(after.tallies), known.classed(after.strings).tolist()) == (list(before.tallies), classes)
    assert marks.tokens(after.strings)[0].tolist() == tokens
    known.room(0)
    assert known.is_compiled()
    check_numbers([text, text], met(text, text))


def test_more_strings_than_the_table_first_holds_are_told_apart(way: strings.Known) -> None:
    text = " ".join(f"n{number}" for number in range(30_000))
    first = met(text)
    check_numbers([text], first)
    assert met(text + " n7") == [[*first[0], first[0][7]]]


def test_where_the_table_is_crowded_strings_are_told_apart_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slot that is asked for is taken by something else, as if all hashes met there."""
    known = strings.Known()
    monkeypatch.setattr(strings, "known", lambda: known)
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 0)
    met("")
    known._slots[:] = 2  # what no string has: their hashes are odd
    first = met("one two three two", "three one four")
    check_numbers(["one two three two", "three one four"], first)
    assert met("four two") == [[first[1][2], first[0][1]]]
    assert batch.of(["the one the"]).tallies[0].distinct == 2
    kept = dict(known._crowded)
    known._double()
    assert known._crowded.items() >= kept.items()


def test_a_table_is_made_larger_without_loss_where_it_is_crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    from dedup.kernels import strings as kernels

    hashes = np.zeros(256, np.uint64)
    hashes[:] = np.arange(256, dtype=np.uint64) << np.uint64(40) | np.uint64(1)
    larger, numbers, crowded = np.zeros(1 << 9, np.uint64), np.zeros(1 << 9, np.int32), np.empty(256, np.int64)
    left = kernels.again(hashes, np.arange(256, dtype=np.int32), larger, numbers, crowded)
    taken = larger != 0
    assert left + np.count_nonzero(taken) == 256
    found = dict(zip(larger[taken].tolist(), numbers[taken].tolist(), strict=True))
    found |= {int(hashes[at]): at for at in crowded[:left].tolist()}
    assert found == {int(one): at for at, one in enumerate(hashes)}
