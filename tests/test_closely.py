"""Close reading: what is asked of the models, what is made of it, and what is said where they are not there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from strategies import PARAGRAPHS
from test_fluency import Letters

from dedup import closely, damage, fluency, tagger
from dedup.cli import main
from dedup.model import DedupError, Document, Locator, Span

PROSE = "\n\n".join(PARAGRAPHS)


@dataclass(frozen=True, slots=True)
class Fixed:
    """Sees in every word the same, and counts what it is asked."""

    asked: list[int]

    def seen(self, text: str, words: Sequence[Span]) -> closely.F32s:
        self.asked.append(len(text))
        return np.zeros((len(words), tagger.WIDTH), np.float32)


def readers() -> closely.Readers:
    return closely.Readers(Letters(), Fixed([]))


def document(text: str) -> Document:
    return Document("x", Locator("x"), text)


texts = st.lists(st.sampled_from(("the", "old", "Übung", "naïve", "don't", "7", "<br />", "(so)", "...")), max_size=30)


# --- words and what is known of them -------------------------------------------------------------------------------


@given(texts)
def test_words_stand_where_they_are_said_to(parts: list[str]) -> None:
    text = " ".join(parts)
    found = [text[start:stop] for start, stop in closely.words_of(text)]
    assert all(one[0].isalpha() for one in found)
    assert "br" not in found
    assert found.count("don't") == parts.count("don't")
    assert found.count("so") == parts.count("(so)")


@given(texts.filter(lambda parts: any(part[0].isalpha() for part in parts)))
def test_figures_are_finite_one_for_each_word(parts: list[str]) -> None:
    text = " ".join(parts)
    words = closely.words_of(text)
    known = closely.figures(text, words, readers())
    assert set(known) == set(closely.WORD_WEIGHTS) - {"constant"}
    assert all(one.shape == (len(words),) and np.isfinite(one).all() for one in known.values())


def test_a_word_is_as_surprising_as_its_tokens() -> None:
    text = "the old ship, the old sail"
    words = closely.words_of(text)
    told = closely.surprises(text, words, fluency.heard(text, Letters()))
    before, upto = (fluency.total(text[:stop], Letters()) for stop in (len("the old"), len("the old ship")))
    assert told["surprise"][2] == pytest.approx(before - upto)
    assert told["next"][2] == pytest.approx(upto - fluency.total(text[: len("the old ship,")], Letters()))
    assert told["surprise"][4] < told["surprise"][1], "what stood there before is likelier"


def test_what_could_never_stand_there_counts_no_more_than_a_limit() -> None:
    text = "the old ship"
    bounds, odds = fluency.heard(text, Letters())
    told = closely.surprises(text, closely.words_of(text), (bounds, np.full(len(odds), -np.inf)))
    assert all(np.isfinite(one).all() for one in told.values())


def test_a_text_of_nothing_but_endless_strings_is_judged() -> None:
    known = {name: np.full(3, 2000.0) for name in closely.WORD_WEIGHTS if name != "constant"}
    known["surprise squared"] = np.full(3, 40_000.0)
    odds = closely.word_odds(known)
    assert odds.tolist() == [closely.LOWEST] * 3
    assert np.isfinite(closely.text_odds(odds))


def test_the_network_tells_of_every_word_of_a_text_longer_than_its_window() -> None:
    text = " ".join([PROSE] * (1 + 3 * closely.WINDOW_TOKENS // len(PROSE.split())))
    words = closely.words_of(text)
    assert len(closely.network_odds(text, words)) == len(words) > 2 * closely.WINDOW_TOKENS


# --- the whole -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [40, 300, 2000])
def test_a_text_with_words_that_do_not_go_is_spun_and_one_without_is_not(count: int) -> None:
    odds = np.linspace(-9.0, -3.0, count)
    assert closely.text_odds(odds) < -1
    odds[: count // 10] = 3.0
    assert closely.text_odds(odds) > 1


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=50))
def test_the_order_of_words_says_nothing_of_a_text(odds: list[float]) -> None:
    assert closely.text_odds(np.array(odds)) == pytest.approx(closely.text_odds(np.array(odds[::-1])))


def test_a_text_without_words_is_not_spun() -> None:
    assert closely.read("...", readers()).total < -10


def test_only_so_much_of_a_long_text_is_read() -> None:
    text = " ".join([PROSE] * (1 + 5 * closely.CHARACTERS_MAX // len(PROSE)))
    asked = Fixed([])
    told = closely.read(text, closely.Readers(Letters(), asked))
    assert len(asked.asked) == closely.PARTS
    assert sum(asked.asked) <= closely.CHARACTERS_MAX
    assert list(told.words) == sorted(set(told.words))
    whole = set(closely.words_of(text))
    assert set(told.words) <= whole


def test_a_long_text_without_spaces_is_read_in_time() -> None:
    assert closely.read("x" * 100_000, readers()).total < 30


# --- the card ------------------------------------------------------------------------------------------------------


def test_a_card_has_its_other_kinds_as_they_were() -> None:
    text = f"Itâ€™s br\u200bave. {PROSE}"
    made = damage.card(document(text))
    told = closely.card(made, text, readers())
    assert {kind: score for kind, score in told.scores.items() if kind != "spun"} == {
        kind: score for kind, score in made.scores.items() if kind != "spun"
    }
    assert [one for one in told.findings if one.kind != "spun"] == [one for one in made.findings if one.kind != "spun"]
    assert told.scores["spun"] != made.scores["spun"]
    assert all((score >= damage.FLAG_LEVEL) == (kind in told.flags) for kind, score in told.scores.items())


def test_what_was_not_judged_is_not_judged_now() -> None:
    made = damage.card(document("Too short."))
    assert closely.card(made, "Too short.", readers()) is made


def test_places_are_told_where_the_text_is_suspicious(monkeypatch: pytest.MonkeyPatch) -> None:
    strange = "ship"
    text = PROSE + " The old ship sails."

    def odds(known: dict[str, Any]) -> closely.F64s:
        return np.array([5.0 if text[a:b] == strange else -6.0 for a, b in closely.words_of(text)])

    monkeypatch.setattr(closely, "word_odds", odds)
    monkeypatch.setattr(closely, "text_odds", lambda _: 3.0)
    told = closely.card(damage.card(document(text)), text, readers())
    assert "spun" in told.flags
    assert [text[slice(*one.span)] for one in told.findings if one.kind == "spun"] == [strange] * text.count(strange)
    monkeypatch.setattr(closely, "text_odds", lambda _: -3.0)
    told = closely.card(damage.card(document(text)), text, readers())
    assert not [one for one in told.findings if one.kind == "spun"]


# --- the model that reads to both sides ----------------------------------------------------------------------------

VOCABULARY = {name: at for at, name in enumerate("[UNK] [CLS] [SEP] un ##want ##ed want the ##e ! é".split())}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A session whose layers hold of each piece its number, with the layer's own before it."""

    sizes: list[int]

    def run(self, names: Sequence[str], given: dict[str, Any]) -> list[tagger.F32s]:
        row = given["input_ids"]
        self.sizes.append(row.shape[1])
        held = np.repeat(row[:, :, None], tagger.SIZE, 2).astype(np.float32)
        return [1000 * at + held for at in range(len(names))]


def tagged() -> tagger.Tagger:
    return tagger.Tagger(Numbers([]), VOCABULARY)


def test_words_are_cut_into_the_longest_pieces_known() -> None:
    numbers, starts = tagged().pieces("unwanted, the!")
    names = list(VOCABULARY)
    assert [names[one] for one in numbers] == ["un", "##want", "##ed", "[UNK]", "the", "!"]
    assert starts == [0, 2, 6, 8, 10, 13]


def test_a_string_without_pieces_is_unknown_however_long() -> None:
    assert tagged().pieces("unwanteq") == ([0], [0])
    assert tagged().pieces("un" * 100_000) == ([0], [0])


def test_a_word_is_its_first_piece_in_all_layers_and_its_last_in_the_last() -> None:
    text = "the unwanted " * 200
    words = closely.words_of(text)
    model = tagged()
    found = model.seen(text, words)
    layers = len(tagger.LAYERS)
    firsts = [VOCABULARY["the"], VOCABULARY["un"]] * 200
    lasts = [VOCABULARY["the"], VOCABULARY["##ed"]] * 200
    for layer in range(layers):
        assert (found[:, layer * tagger.SIZE] == np.array(firsts) + 1000 * layer).all()
    assert (found[:, layers * tagger.SIZE] == np.array(lasts) + 1000 * (layers - 1)).all()
    assert max(model.session.sizes) <= tagger.AT_ONCE + tagger.REST_MIN + 2 * tagger.BESIDE + 2
    assert len(model.session.sizes) > 1


def test_nothing_is_seen_where_there_is_nothing() -> None:
    assert tagged().seen("", []).shape == (0, tagger.WIDTH)
    assert not tagged().seen("  ", [(0, 1)]).any()


@pytest.mark.parametrize(("size", "length"), [(0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (300, b"\xac\x02")])
def test_fields_are_written_as_messages_have_them(size: int, length: bytes) -> None:
    assert tagger._field(12, b"x" * size) == b"\x62" + length + b"x" * size


def test_another_version_of_the_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tagger.onnx").write_bytes(b"another")
    monkeypatch.setattr(tagger, "find_spec", lambda _: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    with pytest.raises(DedupError, match="another version"):
        tagger.opened.__wrapped__()


def test_a_model_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagger, "find_spec", lambda _: None)
    with pytest.raises(DedupError, match="not installed"):
        tagger.found()


# --- the command ---------------------------------------------------------------------------------------------------


def test_check_reads_closely_where_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(PROSE, encoding="utf-8")
    monkeypatch.setattr(closely, "found", lambda _: None)
    monkeypatch.setattr(closely, "opened", lambda _: readers())
    monkeypatch.setattr(closely, "text_odds", lambda _: 3.0)
    plain, asked = (
        CliRunner().invoke(main, ["check", str(tmp_path), "--format", "jsonl", *more], catch_exceptions=False).stdout
        for more in ([], ["--language-model", "x"])
    )
    before, now = (json.loads(told.splitlines()[0]) for told in (plain, asked))
    assert before["scores"]["spun"] < damage.FLAG_LEVEL < now["scores"]["spun"]
    assert now["flags"] == ["spun"]


def test_check_says_what_is_missing_before_it_reads_anything(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", str(tmp_path), "--language-model", str(tmp_path / "none.gguf")])
    assert done.exit_code == 2
    assert "--language-model" in done.stderr
