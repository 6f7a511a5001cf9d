"""What is asked of words in a short way is what the long way finds: frequent words, misreadings, classes, line ends,
rows of the network."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS

from dedup.damage import batch, lexicon, network, ocr, rows, shapes, strings

FREQUENT = sorted(lexicon.frequent_words())
WORDS = tuple(dict.fromkeys(" ".join(PARAGRAPHS).lower().split()))
words = st.one_of(
    st.sampled_from(FREQUENT),
    st.sampled_from(WORDS),
    st.sampled_from(
        ("haue", "vpon", "selfe", "iudge", "countrie's", "walk'd", "people's", "musick", "ſame", "vvhat", "")
    ),
    st.text(alphabet="aeiourntlhmcb'", max_size=9),
    st.tuples(st.sampled_from(FREQUENT), st.integers(0, 12), st.sampled_from("aeinrlx")).map(
        lambda made: made[0][: made[1]] + made[2] + made[0][made[1] :]
    ),
)


@settings(max_examples=300, deadline=None)
@given(words)
def test_a_word_is_frequent_by_the_short_list_as_by_the_long_one(word: str) -> None:
    assert lexicon.is_frequent(word) == (lexicon.zipf(word) >= lexicon.KNOWN_ZIPF)


def searched(word: str) -> str | None:
    """The frequent word that is read as another, by trying each misreading at each place."""
    best, most = None, max(shapes.MISREAD_ZIPF, lexicon.listed(word) + shapes.MISREAD_GAIN)
    for read, stood in shapes.MISREADINGS:
        for found in re.finditer(f"(?={read})", word):
            other = word[: found.start()] + stood + word[found.start() + len(read) :]
            if other in lexicon.frequent_words() and lexicon.listed(other) > most:
                best, most = other, lexicon.listed(other)
    return best


@settings(max_examples=300, deadline=None)
@given(words)
def test_a_misreading_is_found_in_the_table_as_by_trying_all(word: str) -> None:
    assert shapes.misreadings().get(word) == shapes.searched(word)
    other = searched(word)
    assert shapes.misread(word) == other
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "TABLE_WORDS", 0)
        assert shapes.misread(word) == other


@pytest.mark.parametrize(
    ("word", "stood"), [("tlie", "the"), ("rnore", "more"), ("govemment", "government"), ("more", None)]
)
def test_misreadings_that_scanners_make(word: str, stood: str | None) -> None:
    assert shapes.misread(word) == stood


@settings(max_examples=150, deadline=None)
@given(words)
def test_no_word_is_passed_over_that_a_slip_makes(word: str) -> None:
    rests = [word[:at] + word[at + 1 :] for at in range(len(word))]
    left, frequent = lexicon.left_of_frequent()
    near = {*filter(None, map(left.get, [word, *rests])), *(rest for rest in rests if rest in frequent)} - {word}
    far = [
        other for other in near if lexicon._one_slip(word, other) and lexicon.listed(other) > lexicon.listed(word) + 1.5
    ]
    found = lexicon.neighbour(word)
    assert (found is None) == (not far or not 2 < len(word) <= lexicon.WORD_LETTERS_MAX)
    assert found is None or lexicon.listed(found) == max(map(lexicon.listed, far))


@pytest.mark.parametrize("text", [*PARAGRAPHS, "", " tlie tbe 1984 — x\u2028rn NASA's"])
def test_classes_of_a_text_are_those_of_its_strings(text: str) -> None:
    (places,) = strings.known().classes(batch.of([text]).strings)
    assert [shapes.SHAPES[place] for place in places] == list(map(shapes.shape, text.split()))


@pytest.mark.parametrize(
    "text",
    [
        "It was for-\nget-\nful of them.\nThe govern-\r\nment did so.", "a-\nb", "-\nword", "well-\nknown fact",
        "x" * 40 + "-\nword", "2for-\nget it", "for-\n  get-\n  ting it", "_for-\nget", "for--\nget",
        *(paragraph.replace(" ", "-\n") for paragraph in PARAGRAPHS), *(one.replace("e", "e-\n") for one in PARAGRAPHS),
    ],
)  # fmt: skip
def test_words_at_line_ends_are_those_that_one_expression_finds(text: str) -> None:
    asked: list[int] = []

    class Spy:
        """Stands in for the expression, and tells where it matched."""

        def match(self, text: str, at: int) -> re.Match[str] | None:
            found = pattern.match(text, at)
            asked.extend([found.start()] if found else [])
            return found

    pattern = ocr._LINE_END
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ocr, "_LINE_END", Spy())
        list(ocr.line_ends(text))
    assert asked == [found.start() for found in pattern.finditer(text)]


def test_rows_are_what_words_add_but_for_rounding() -> None:
    net = network.model()
    known, ids = rows.Projections(net), np.array([0, 12, 140, 5000, 60_000, len(net.vectors) - 1])
    known.make(ids)
    exact = (net.vectors[ids] @ known.near).reshape(len(ids), rows.PLACES, -1)
    most = np.abs(exact).max(2, keepdims=True)
    assert (np.abs(known.added(ids) - exact) <= 0.51 / 127 * most + 1.0 / rows.FACTOR * 127).all()


def test_the_kernel_makes_the_rows_that_arrays_make() -> None:
    from dedup.kernels import layers

    net, ids = network.model(), np.array([0, 30, 999, 20_000, 64_000])
    slow, swift, tables = rows.Projections(net), rows.Projections(net), rows.tables()
    slow.make(ids)
    layers.room(ids, tables.vectors, tables.facts, swift.near, swift.slots, swift.words, swift.taken)
    assert np.abs(slow.added(ids) - swift.added(ids)).max() < 1e-6
    assert int(swift.taken[0]) == len(ids)


def test_the_kernel_knows_every_bigram() -> None:
    net, tables = network.model(), rows.tables()
    keys = (net.pairs // network.PAIR << 16 | net.pairs % network.PAIR).astype(np.uint32)
    taken = tables.keys[:, 0] != 0
    order, wanted = np.argsort(tables.keys[taken, 0]), np.argsort(keys)
    assert (tables.keys[taken, 0][order] == keys[wanted]).all()
    assert (tables.strengths[taken, 1][order] == net.bits[wanted]).all()
