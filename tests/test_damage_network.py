"""Words put in for others are told alike with arrays and by the kernel, to which long work goes over."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import PARAGRAPHS

from dedup.damage import batch, lexicon, marks, network, page, rows, strings

WORDS = tuple(dict.fromkeys(network.tokens(" ".join(PARAGRAPHS))))
stretches = st.lists(
    st.one_of(
        st.sampled_from(WORDS), st.sampled_from((".", ",", "(", '"', "1984", "NASA", "qwxzjk", "McAdam", "don't"))
    ),
    min_size=1,
    max_size=60,
)


def by_arrays(stretch: list[str]) -> tuple[np.ndarray, np.ndarray]:
    return network._by_arrays(network._coded(stretch, network.model()), network.model())


def compiled(stretch: list[str]) -> tuple[np.ndarray, np.ndarray]:
    return network._compiled(network._coded(stretch, network.model()), network.model())


@settings(max_examples=60, deadline=None)
@given(stretches)
def test_the_kernel_finds_what_arrays_find(stretch: list[str]) -> None:
    slow, swift = by_arrays(stretch), compiled(stretch)
    assert slow[0].tolist() == swift[0].tolist()
    assert swift[1] == pytest.approx(slow[1], abs=1e-4)


@pytest.mark.parametrize("paragraph", PARAGRAPHS)
def test_the_kernel_finds_it_in_prose(paragraph: str) -> None:
    stretch = network.tokens(paragraph)
    assert compiled(stretch)[1] == pytest.approx(by_arrays(stretch)[1], abs=1e-4)


def test_words_that_no_longer_find_room_are_put_down_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SLOTS", 64)
    crowded = rows.Projections(network.model())
    ids = network._coded(list(WORDS), network.model()) >> 4
    plain = rows.projections()
    plain.make(ids)
    for part in (ids[:40], ids[30:80], ids[:40]):
        crowded.make(part)
        assert (crowded.words[crowded.slots[part]] == plain.words[plain.slots[part]]).all()


def test_from_many_tokens_on_the_kernel_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    known = strings.Known()
    monkeypatch.setattr(strings, "known", lambda: known)
    monkeypatch.setattr(network, "_seen", lambda: seen)
    monkeypatch.setattr(network, "_by_arrays", lambda codes, net: asked.append("arrays"))
    monkeypatch.setattr(network, "_compiled", lambda codes, net: asked.append("kernel"))
    seen = [network.KERNEL_TOKENS - 3]
    for _ in range(2):
        network.odds(["a", "word"], network.model())
    assert asked == ["arrays", "kernel"]
    seen = [0]
    known.room(strings.KERNEL_STRINGS * strings.STRING_BYTES)
    network.odds(["a", "word"], network.model())
    assert asked == ["arrays", "kernel", "kernel"]


TEXTS = st.lists(
    st.one_of(st.sampled_from(PARAGRAPHS), st.text(alphabet="aAnN eo.,'’-<br/>\n\u00a0\u2028é19“", max_size=80)),
    max_size=3,
).map("\n".join)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_marked_tokens_are_the_tokens_of_the_whole_text(text: str) -> None:
    net, stretch = network.model(), network.tokens(text)
    for _ in range(2):  # the second time all is remembered
        found = marks.marked(text)
        assert (found & marks.CODE).tolist() == [network.code(token, net.numbers) for token in stretch]
        assert [bool(one & marks.WORD) for one in found.tolist()] == [token[0].isalpha() for token in stretch]
        frequent = [token[0].isalpha() and lexicon.zipf(token.lower()) >= lexicon.KNOWN_ZIPF for token in stretch]
        assert [bool(one & marks.FREQUENT) for one in found.tolist()] == frequent


def test_the_kernel_finds_room_for_words_when_all_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SLOTS", 64)
    crowded = rows.Projections(network.model())
    monkeypatch.setattr(rows, "projections", lambda: crowded)
    stretch = list(WORDS)
    for part in (stretch[:40], stretch[30:80], stretch[:40], stretch[60:110]):
        codes = network._coded(part, network.model())
        swift = network._compiled(codes, network.model())[1]
        assert int(crowded.taken[0]) <= 64
        assert swift == pytest.approx(by_arrays(part)[1], abs=1e-4)


def test_a_paragraph_of_another_language_is_never_ruled_out_beforehand() -> None:
    german = "Die Katze und der Hund sind nicht mit dem Auto gekommen, auch wenn sich das ein Nachbar von ihnen dachte."
    english = "The cat and the dog have not come with the car, which was what the neighbours of this house thought."
    text = f"{english}\n\n{german}\n\n{english}"
    spans = [
        (0, len(english)),
        (len(english) + 2, len(english) + 2 + len(german)),
        (len(text) - len(english), len(text)),
    ]
    assert page.may_be_mixed(batch.alone(text))
    assert [place[0] for place in page.mixture(text, spans)[0]] == [spans[1]]
    assert not page.may_be_mixed(batch.alone(f"{english}\n\n{english}"))
