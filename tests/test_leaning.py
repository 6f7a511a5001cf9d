"""Where readings do not tell which of two copies has the original words, it is asked which words seem put in."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import evidence, in_columns
from strategies import PARAGRAPHS, article

from dedup import clean, judge, leaning, pipeline, slips, suspicion
from dedup.config import Config
from dedup.model import Pair

CONFIG = Config()
PROSE = " ".join(PARAGRAPHS)
PUT_IN = {"open a hive": "unfold a hive", "the banks": "the depository", "lost count": "lost enumerate",
          "add faster": "append faster", "next stop": "next cease", "home before": "abode before"}  # fmt: skip


def both(a: str, b: str) -> leaning.Leaning:
    return leaning.between(clean.from_text("a", a), clean.from_text("b", b), CONFIG)


def told(a: str, b: str) -> float:
    return both(a, b)[0]


def swapped(*phrases: str) -> str:
    text = PROSE
    for phrase in phrases:
        text = text.replace(phrase, PUT_IN[phrase])
    assert text != PROSE
    return text


@pytest.mark.parametrize("phrase", PUT_IN)
def test_a_word_that_does_not_belong_speaks_for_the_other_text_from_either_side(phrase: str) -> None:
    assert told(PROSE, swapped(phrase)) > 0
    assert told(swapped(phrase), PROSE) == -told(PROSE, swapped(phrase))


def test_texts_that_are_the_same_or_not_english_tell_nothing() -> None:
    german = " ".join(["Der Wind drehte nach Norden, und das kleine Boot lag still am Ufer des breiten Flusses."] * 9)
    assert told(PROSE, PROSE) == 0.0
    assert told(german, german.replace("Boot", "Schiff", 1)) == 0.0


def test_what_only_one_text_has_does_not_count() -> None:
    longer = f"{PROSE} {article(3, 6)}"
    assert told(PROSE, longer) == 0.0
    assert told(longer, swapped("lost count")) > 0


def test_texts_of_no_known_language_are_compared_only_where_one_has_slips(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"gul{number}nor" for number in range(120)]
    one, other = " ".join(words), " ".join([*words[:60], "vatek", *words[61:]])
    slipped = other.replace(" vatek", " vatek ,")
    asked: list[str] = []
    alignment = leaning.align.alignment
    monkeypatch.setattr(leaning.align, "alignment", lambda *given: asked.append("aligned") or alignment(*given))
    assert both(one, other) == (0.0, 0.0, 0.0)
    assert not asked
    assert both(one, slipped) == (0.0, 1.0, 0.0)
    assert both(slipped, one) == (0.0, -1.0, 0.0)
    both(PROSE, PROSE)
    assert len(asked) == 3


def test_stretches_without_a_wanted_word_are_passed_over_and_the_others_stay_as_they_are() -> None:
    document = clean.from_text("long", article(1, 90))
    tokens = clean.tokens(document)
    assert len(tokens) > 2 * suspicion.STRETCH_TOKENS
    every = suspicion.suspicions(document, tokens)
    wanted = np.zeros(len(tokens), bool)
    wanted[len(tokens) // 2] = True
    some = suspicion.suspicions(document, tokens, wanted)
    assert some[wanted] == every[wanted] != 0.0
    assert 0 < np.count_nonzero(some) < np.count_nonzero(every)
    assert set(some[some != 0.0]) <= set(every)


# --- slips -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sound", "slip"),
    [("the dunes, and", "the dunes , and"), ("well-known", "well- known"), ("(he said)", "( he said)"),
     ("water", "waTer"), ("the end", "the ^ end"), ("a boat", "a r boat"), ("ran, but", "ran,but"),
     ("o'clock", "o.clock"), ("no more", "no .more"), ("sea. Then", "sea. then"), ("sand, it was", "sand, It was"),
     ("so; he", "so;. he")],
)  # fmt: skip
def test_each_kind_of_slip_is_counted_and_sound_writing_has_none(sound: str, slip: str) -> None:
    assert slips.count(f"We saw {sound} now.") == 0
    assert slips.count(f"We saw {slip} now.") >= 1


@given(st.text(st.sampled_from("aibzAITWBÉé²٣_ \n\t\u00a0.,;:!?-'’\"“”‘()[]^—$7")))
def test_places_of_slips_are_all_that_there_are(text: str) -> None:
    slow = sorted(found.start() for pattern in slips.KINDS for found in re.finditer(pattern, text))
    assert slips.starts(text).tolist() == slow


@given(st.text())
def test_slips_of_any_text(text: str) -> None:
    slow = sorted(found.start() for pattern in slips.KINDS for found in re.finditer(pattern, text))
    assert slips.starts(text).tolist() == slow


def test_prose_has_hardly_any_slip() -> None:
    assert slips.count(PROSE) == 0


def test_slips_are_counted_in_what_both_share_and_from_either_side() -> None:
    scan = PROSE.replace("silence do", "silence , do").replace("train", "tRain")
    assert both(PROSE, scan)[1] == -both(scan, PROSE)[1] == 2.0
    assert both(PROSE, f"{scan} {article(3, 6).replace('.', ' ;')}")[1] == 2.0
    assert both("A line , and.more", "A line, and more")[1] == -2.0


# --- in the judgement ------------------------------------------------------------------------------------------


def pair(relation: str = "near", odds: float = 0.5, **figures: float) -> Pair:
    usual = {"strength": 1.0, "common_share": 1.0, "substitution_share": 1.0, "similarity": 0.3, "replaced_rate": 0.1}
    given = evidence(**{**usual, **figures})
    given["direction"]["frequency"] = odds
    cleaner = None if abs(odds) < 1.4 else "a" if odds > 0 else "b"
    return Pair("a", "b", relation, 0.8, 0.9, 0.9, cleaner, 0.5, 3, given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (pair(), True),
        (pair("spun", -2.9), True),
        (pair(odds=3.1), False),
        (pair("damaged"), True),
        (pair("damaged", 3.1), False),
        (pair("reuse"), False),
        (pair("exact"), False),
        (pair(strength=0.0), False),
        (pair(strength=0.0, similarity=0.0), True),
        (pair(common_share=0.5), False),
        (pair(common_share=CONFIG.spun_common_share_min), True),
        (pair(replaced_rate=judge.PUT_IN_RATE_MIN), True),
        (pair(replaced_rate=judge.PUT_IN_RATE_MIN - 0.001), False),
    ],
)
def test_only_copies_whose_words_leave_it_open_are_asked(one: Pair, asked: bool) -> None:
    assert len(judge.unsure(in_columns("ab", [one]), CONFIG)) == asked


def test_what_is_told_decides_counts_less_of_an_editor_and_leaves_the_others_alone() -> None:
    pairs = in_columns("abcd", [pair(), replace(pair(substitution_share=0.2), a="c"), replace(pair(), a="d", b="c")])
    rows = np.array([0, 1])
    found = judge.with_leanings(pairs, rows, np.array([(-10.0, 9.0, 0.0), (-10.0, 9.0, 0.0)]), CONFIG)
    assert [one.cleaner for one in found] == ["b", None, None]
    parts = [one.evidence["direction"] for one in found]
    assert [part["suspicion"] for part in parts if isinstance(part, dict)] == [-4.0, -0.8, 0.0]
    assert found[0].confidence == pytest.approx(1 / (1 + np.exp(-3.5)), abs=1e-4)
    assert found[2] == in_columns("abcd", [pairs[2]])[0]


def test_slips_count_where_noise_parts_two_copies_or_signs_alone_up_to_a_limit() -> None:
    ones = [pair("damaged", similarity=0.8), pair(strength=0.0, odds=0.0, similarity=0.0), pair(), pair("spun")]
    for more, expected in ((1.0, 2.0), (-1.0, -2.0), (50.0, 4.0)):
        for number, one in enumerate(ones):
            found = judge.with_leanings(in_columns("ab", [one]), np.array([0]), np.array([(0.0, more, 0.0)]), CONFIG)[0]
            part = found.evidence["direction"]
            assert isinstance(part, dict)
            assert part["slips"] == (expected if number < 2 else 0.0)


def test_names_tell_where_one_is_no_name_and_looks_like_the_other() -> None:
    scanned = PROSE.replace("Night trains", "The trains of Carrington")
    found = pipeline.compare(*(clean.from_text("ab"[at], text) for at, text in enumerate(
        (scanned, scanned.replace("Carrington", "Carringyton")))), CONFIG)  # fmt: skip
    other = pipeline.compare(*(clean.from_text("ab"[at], text) for at, text in enumerate(
        (scanned, scanned.replace("Carrington", "Barrington")))), CONFIG)  # fmt: skip
    assert found is not None
    assert other is not None
    assert found.evidence["common_share"] == other.evidence["common_share"] == 0.0
    assert (found.cleaner, other.cleaner) == ("a", None)


def test_either_way_of_scanning_asks_alike(tmp_path: Path) -> None:
    for number, phrases in enumerate(combinations(PUT_IN, 4)):
        swapped = PROSE
        for phrase in phrases:
            swapped = swapped.replace(phrase, PUT_IN[phrase])
        (tmp_path / f"{number:02}.txt").write_text(swapped, encoding="utf-8")
    (tmp_path / "own.txt").write_text(PROSE, encoding="utf-8")
    found = []
    for size in (1 << 50, 0):
        with pipeline.find_duplicates(tmp_path, Config(bulk_bytes_min=size, workers=1)) as findings:
            found.append({(one.a, one.b): (one.cleaner, one.confidence, one.evidence) for one in findings.pairs})
    small, bulk = found
    assert {key: small[key][:2] for key in bulk} == {key: bulk[key][:2] for key in bulk}
    asked = [key for key, (_, _, told) in small.items() if told["direction"]["suspicion"]]  # type: ignore[index]
    assert asked
    for key in asked:
        assert bulk[key][2]["direction"] == small[key][2]["direction"]
