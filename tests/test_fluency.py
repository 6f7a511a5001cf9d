"""A model of the language: what it is asked, what is made of what it tells, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dedup import causal, clean, conjecture, fluency, leaning, rereading, restoring
from dedup.cli import main
from dedup.config import Config
from dedup.dictionary import Dictionary, dictionary
from dedup.model import DedupError, Document, Substitution, Tokens
from dedup.places import Choice

WORDS = ("the", "old", "ship", "sail", "Übung", "naïve", "a", "of")


class Letters:
    """A plain model: tokens are bytes, or a space with the byte behind it; the next is likely if it came just before,
    in what stands before it."""

    def __init__(self) -> None:
        self.asked = 0

    def ids(self, text: bytes) -> list[int]:
        found, at = [], 0
        while at < len(text):
            joined = text[at] == 32 and at + 1 < len(text) and text[at + 1] != 32
            found.append(256 + text[at + 1] if joined else text[at])
            at += 1 + joined
        return found

    def length(self, token: int) -> int:
        return 2 if token >= 256 else 1

    def continued(
        self, ids: Sequence[int], branches: Sequence[tuple[int, Sequence[int]]]
    ) -> tuple[fluency.F64s, list[fluency.F64s]]:
        self.asked += 1
        return told(ids, 0), [told([*ids[:at], *tokens], at) for at, tokens in branches]


def told(ids: Sequence[int], first: int) -> fluency.F64s:
    """The log-probabilities of tokens from one on, each by how often it stands in the ten before it."""
    return np.array(
        [log((1 + 5 * list(ids[max(0, at - 10) : at]).count(ids[at])) / 600) for at in range(first, len(ids))]
    )


def read() -> fluency.Reader:
    return fluency.Reader(Letters())


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join)


@given(texts, st.data())
def test_a_gain_is_the_difference_of_what_the_whole_texts_are_worth(text: str, data: st.DataObject) -> None:
    starts = [0, *(at + 1 for at, letter in enumerate(text) if letter == " ")]
    start = data.draw(st.sampled_from(starts))
    stop = start + len(text[start:].split(" ", 1)[0])
    options = data.draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
    [gains] = fluency.gains(text, [fluency.Asked((start, stop), options)], read())
    after = text[stop:]
    if len(after.encode()) > fluency.AFTER_BYTES:  # what is further behind is not read
        return
    for option, gain in zip(options, gains, strict=True):
        whole = fluency.total(text[:start] + option + after, Letters()) - fluency.total(text, Letters())
        assert gain == pytest.approx(whole, abs=1e-9)


@given(texts)
def test_what_stands_there_already_gains_nothing(text: str) -> None:
    word = text.split(" ", 1)[0]
    places = [fluency.Asked((0, len(word)), [word])]
    assert fluency.gains(text, places, read()) == [[pytest.approx(0.0, abs=1e-9)]]


def test_a_long_text_is_worth_what_its_stretches_are(monkeypatch: pytest.MonkeyPatch) -> None:
    text = " ".join(WORDS[at * at % 7] for at in range(400))
    places = [fluency.Asked((at, at + len(text[at:].split(" ")[0])), ["ship"]) for at in (0, 4, len(text) - 4)]
    whole = fluency.total(text, Letters()), fluency.gains(text, places, read())
    monkeypatch.setattr(fluency, "STRETCH_TOKENS", 50)
    monkeypatch.setattr(fluency, "BEFORE_TOKENS", 20)
    assert fluency.total(text, Letters()) == pytest.approx(whole[0])
    assert fluency.gains(text, places, read()) == [pytest.approx(one) for one in whole[1]]


def test_what_was_told_is_not_asked_again() -> None:
    model, places = Letters(), [fluency.Asked((4, 7), ["new", "ship"])]
    reader = fluency.Reader(model)
    first = fluency.gains("the old ship", places, reader)
    assert fluency.gains("the old ship", places, reader) == first
    assert model.asked == 1
    fluency.gains("the old sail", places, reader)
    assert model.asked == 2


def test_an_option_too_long_to_be_read_gains_nothing() -> None:
    assert fluency.gains("the old ship", [fluency.Asked((4, 7), ["x" * 5000, "new"])], read()) == [[0.0, 0.0]]


def test_an_option_has_the_capital_of_what_stands_there() -> None:
    assert fluency.written("Old ship", (0, 3), ("a", "new")) == "A new"
    assert fluency.written("old ship", (0, 3), ("a", "new")) == "a new"


# --- what is made of it --------------------------------------------------------------------------------------------


def guessed(probability: float, itself: float, *options: tuple[str, ...]) -> rereading.Guessed:
    return rereading.Guessed((4, 7), ("old",), options, [probability] * len(options), itself)


class Told(Letters):
    """A model that finds options as probable as it is told."""

    def __init__(self, worth: dict[str, float]) -> None:
        super().__init__()
        self.worth = worth

    def continued(
        self, ids: Sequence[int], branches: Sequence[tuple[int, Sequence[int]]]
    ) -> tuple[fluency.F64s, list[fluency.F64s]]:
        found = []
        for _, tokens in branches:
            text = bytes(byte for token in tokens for byte in ([32, token - 256] if token >= 256 else [token])).decode()
            found.append(np.array([self.worth[text.split()[0]]]))
        return np.zeros(len(ids)), found


def test_a_guess_is_surer_the_better_it_goes_and_the_worse_the_others_do() -> None:
    def first(**worth: float) -> float:
        guess = guessed(0.4, 0.1, *((word,) for word in worth))
        return rereading.reread("the old ship", [guess], fluency.Reader(Told(worth)))[0][0]

    assert first(new=-2.0) < first(new=0.0) < first(new=3.0)
    assert first(new=3.0, big=3.0) < first(new=3.0, big=-5.0)


def test_what_makes_sense_where_nothing_did_is_not_for_that_the_original() -> None:
    def shares(gain: float) -> tuple[float, float]:
        guess = guessed(0.5, 0.3, ("new",))  # the rest, a fifth, is for what is unknown
        told = rereading.reread("the old ship", [guess], fluency.Reader(Told({"new": gain})))[0][0]
        return told, told / (1.0 - told)

    most = 0.5 / 0.2 * exp(rereading.GAIN * rereading.LEAD_MAX)  # against what is unknown
    assert shares(12.0)[0] < shares(30.0)[0]
    assert shares(30.0)[1] == pytest.approx(most, rel=1e-4)


def test_what_is_out_of_question_stays_and_a_shell_gains_nothing() -> None:
    sure, unlikely = guessed(0.01, 0.99, ("new",)), guessed(0.005, 0.5, ("new",))
    model = fluency.Reader(Told({"new": 50.0}))
    assert rereading.reread("the old ship", [sure, unlikely], model) == [[0.01], [0.005]]
    shell = rereading.Guessed((0, 7), ("the", "old"), [("the",)], [0.5], 0.1)
    assert rereading.reread("the old ship", [shell], fluency.Reader(Told({"the": 50.0})))[0][0] == 0.5


@given(st.lists(st.floats(0.02, 0.3), min_size=1, max_size=3), st.lists(st.floats(-400, 400), min_size=3, max_size=3))
def test_options_share_what_is_probable_with_the_phrase_itself(before: list[float], worth: list[float]) -> None:
    words = ["new", "big", "red"][: len(before)]
    guess = rereading.Guessed((4, 7), ("old",), [(word,) for word in words], before, 0.05)
    told = dict(zip(words, worth[: len(words)], strict=True))
    [after] = rereading.reread("the old ship", [guess], fluency.Reader(Told(told)))
    assert sum(after) <= 1 + 1e-9
    for one, other in combinations(range(len(words)), 2):  # what each gains against the other is what it is worth
        if min(after[one], after[other]) > 1e-9 and max(map(abs, worth)) < 50:
            odds = np.log(after[one] / after[other]) - np.log(before[one] / before[other])
            assert odds == pytest.approx(rereading.GAIN * (worth[one] - worth[other]), abs=1e-6)


LEDGER = dictionary([Substitution("military", "navy", 40, 20, 50, 0, "a", 0.99)])
TEXT = " ".join(
    ["The government sent its navy to the border, and they stayed there for a year with nothing to do."] * 8
)


def test_conjectures_go_by_what_reads_them() -> None:
    document = clean.from_text("text", TEXT)
    tokens = clean.tokens(document)
    made = {}
    for worth in (-30.0, 30.0):
        reader = fluency.Reader(Told({"military": worth}))
        terms = conjecture.among_spun([1] * len(tokens), Config(), reader)
        made[worth] = conjecture.choices(document, tokens, LEDGER, terms)
    assert not made[-30.0]
    assert {choice.words for choice in made[30.0]} == {("military",)}


def test_the_copy_that_reads_worse_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causal, "opened", lambda name: Letters())
    one, other = (clean.from_text(name, TEXT + end) for name, end in (("a", ""), ("b", " Zq xj wv kk.")))
    config = Config(language_model="one")
    *_, less = leaning.between(one, other, config)
    assert less > 0
    assert leaning.between(other, one, config)[2] == -less
    assert leaning.between(one, other, Config())[2] == 0.0


def test_no_document_is_read_by_what_was_told_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(causal, "opened", lambda name: Told({"military": 30.0}))
    seen: list[fluency.Reader] = []
    plain = conjecture.choices

    def noted(document: Document, tokens: Tokens, known: Dictionary, terms: conjecture.Terms) -> tuple[Choice, ...]:
        assert terms.reader
        seen.append(terms.reader)
        return plain(document, tokens, known, terms)

    monkeypatch.setattr(conjecture, "choices", noted)
    config = Config(language_model="one")
    for name in "ab":
        restoring.restoration(clean.from_text(name, TEXT), (), config, restoring.Means(conjectured=LEDGER))
    assert len({id(reader) for reader in seen}) == 2


# --- the model itself ------------------------------------------------------------------------------------------------


def test_a_model_that_is_not_there_is_told_with_the_next_step(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="the extra `model` is not installed")
    with pytest.raises(DedupError, match="is no file; name a GGUF file"):
        causal.opened(str(tmp_path / "none.gguf"))


def test_without_the_extra_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(DedupError, match=r"pip install 'dedup-text\[model\]'"):
        causal.opened("another name")


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="the extra `model` is not installed")
    path = tmp_path / "text.gguf"
    path.write_text("no model", encoding="utf-8")
    with pytest.raises(DedupError, match="is no model of the language"):
        causal.opened(str(path))


def test_branches_are_worth_what_the_texts_are_that_they_make() -> None:
    pytest.importorskip("llama_cpp", reason="the extra `model` is not installed")
    model = causal.opened(causal.INSTALLED)
    ids = model.ids(b"The government sent its navy to the border in the north.")
    assert sum(map(model.length, ids)) == len("The government sent its navy to the border in the north.")
    branches = [(at, model.ids(b" troops to the border")) for at in (0, 4, len(ids))]
    own, found = model.continued(ids, branches)
    for (at, tokens), one in zip(branches, found, strict=True):
        plain, _ = model.continued([*ids[:at], *tokens], [])
        assert one == pytest.approx(plain[at:], abs=0.05)
    assert own[:4] == pytest.approx(model.continued(ids[:4], [])[0], abs=0.05)
    sound, odd = (fluency.total(f"The {word} stayed at the border.", model) for word in ("soldiers", "bananas"))
    assert sound > odd


def test_a_command_says_at_once_that_a_model_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the old ship", encoding="utf-8")
    told = CliRunner().invoke(main, ["scan", str(tmp_path), "--language-model", str(tmp_path / "none.gguf")])
    assert told.exit_code == 2
    assert "none.gguf" in told.output
    assert "GGUF" in told.output or "llama.cpp" in told.output
