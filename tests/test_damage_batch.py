"""A card is the same whatever documents are looked at beside it, and no rule is passed over that finds something."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS, hostile_texts

from dedup import damage
from dedup.damage import batch, marks, network, spun, strings
from dedup.damage.card import DETECTORS
from dedup.kernels import hints
from dedup.model import Document, Locator

PROSE = "\n\n".join(PARAGRAPHS)
SIGNS = (
    *"()[]“”’\"'.,;:!?-_*«»|<>{}&;…\n\n\n\t\r\x07\x1c\x85\u00a0\u2028\u200b\ufeff\ufffdаж中ไΩéÅ½3",
    *("In", " It is", "page 7", "\n- 3 -\n", "12 | Page", "\n\n", ". ", "a", "The", "<br />", "&amp;", "{{x}}", "tbe"),
    *("[insert name]", "Â€™", "for-\nget", "the same sentence stands here once more", "    ", "leave a reply"),
    "und der die das nicht",
)
pieces = st.one_of(st.sampled_from(SIGNS), st.sampled_from(PARAGRAPHS), st.sampled_from(PARAGRAPHS[0].split()))
marked = st.lists(st.tuples(pieces, st.sampled_from(("", " ", "\n"))), max_size=40).map(
    lambda made: "".join(part + space for part, space in made)
)
texts = st.one_of(hostile_texts, marked, st.sampled_from([PROSE, 5 * PROSE, PROSE.replace(" ", "<br/>", 9)]))


def documents(some: list[str]) -> list[Document]:
    return [Document(str(number), Locator("x"), text) for number, text in enumerate(some)]


@pytest.fixture(params=["arrays", "kernels"], scope="module")
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """How all is looked at, from the first text on."""
    with pytest.MonkeyPatch.context() as patch:
        first, known = 0 if request.param == "kernels" else 1 << 40, strings.Known()
        patch.setattr(strings, "known", lambda: known)
        patch.setattr(strings, "KERNEL_STRINGS", first)
        patch.setattr(network, "KERNEL_TOKENS", first)
        yield request.param


@settings(max_examples=50, deadline=None)
@given(st.lists(texts, max_size=6))
def test_a_card_in_a_batch_is_the_card_of_the_document_alone(way: str, some: list[str]) -> None:
    asked = documents(some)
    together = list(damage.cards(asked))
    assert together == [damage.card(one) for one in asked]
    assert list(damage.scores(asked)) == [tuple(card.scores.values()) for card in together]


@settings(max_examples=400, deadline=None)
@given(st.lists(marked, min_size=1, max_size=4))
def test_no_rule_is_passed_over_that_finds_something(some: list[str]) -> None:
    asked = documents(some)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strings, "KERNEL_STRINGS", 0)
        hinted = batch.of(some)
        every = batch.Batch(hinted.texts, hinted.strings, hinted.tallies, [hints.EVERY] * len(some))
        for detections in DETECTORS.values():
            assert detections(asked, hinted) == detections(asked, every)


def test_of_clean_prose_no_rule_on_places_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 0)
    assert list(batch.of([*PARAGRAPHS, PROSE]).hints) == [0] * (1 + len(PARAGRAPHS))


@pytest.mark.parametrize(
    ("hint", "text", "other"),
    [
        (hints.UNPLAIN, "One bell\x07.", "One bell\t."),
        (hints.UNPLAIN, "Eight Ã©.", "Eight “§”…"),
        (hints.UNCOMMON, "а man", "á man"),
        (hints.SCRIPT, "жук", "“bœuf”"),
        (hints.UNCLOSED, "Here (and there.\n\nOver).", "Here (and\nthere).\n\nOver."),
        (hints.UNCLOSED, "Here (and there.\nOver).", "Here [and (there).] (Over.)"),
        (hints.UNFINISHED, "Here. And. There. And then so", "Here. And. There. And then so.\n"),
        (hints.UNFINISHED, "the end. And. So.", "The end. And then so"),
        (hints.REPEATED, " The same line stands here again.\n\nThe same line stands here again.\u00a0\n",
         "The same line stands here again.\nThe same line stands here against.\n"),
        (hints.NUMBERED, "One.\n- 7 -\nTwo.", "- 7 -\n—and\nPaul"),
        (hints.NUMBERED, "One.\n12 | Page", "One.\n12 pages"),
        (hints.FEW_LETTERS, "1234567890 a", "1234 abcdefghij"),
        (hints.STRAY, "A line.\n »\nAnother.", "»A line of words of more than thirty letters.\n\nAnother."),
        (hints.FALSE_CAPITAL, "The man Is here.", "The man. Is he? Then It."),
    ],
)  # fmt: skip
def test_hints_tell_what_is_there(monkeypatch: pytest.MonkeyPatch, hint: int, text: str, other: str) -> None:
    monkeypatch.setattr(strings, "KERNEL_STRINGS", 0)
    assert [bool(found & hint) for found in batch.of([text, other, text]).hints] == [True, False, True]


def test_where_windows_overlap_a_word_is_found_that_one_of_them_finds(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spun, "FINDINGS_LEVEL", 0.0)
    text = " ".join([*PARAGRAPHS, *(one.replace(" the ", " a heaviness ") for one in PARAGRAPHS)] * 9)
    text = text[: [token.end() for token in network.TOKEN.finditer(text)][620]]
    tokens = [token.span() for token in network.TOKEN.finditer(text)]
    codes, net, wanted = marks.marked(text), network.model(), set()
    for start in spun._starts(len(codes)):
        places, odds = network.coded_odds(codes[start : start + spun.WINDOW_TOKENS], net)
        wanted |= {tokens[start + place] for place in places[odds > 0].tolist()}
    assert len(spun._starts(len(codes))) == 2
    assert {found.span for found in spun.detect(text).findings} == wanted != set()


def test_batches_hold_all_documents_in_order_and_not_too_many_characters() -> None:
    chosen = Random(1)
    some = documents(["x" * chosen.choice((10, 2000, 50_000, batch.CHARACTERS + 1)) for _ in range(700)])
    made = list(batch.cut(some))
    assert [one for part in made for one in part] == some
    assert all(len(part) <= batch.TEXTS for part in made)
    assert all(len(part) == 1 or sum(len(one.text) for one in part) <= batch.CHARACTERS for part in made)
    assert list(batch.cut([])) == []
