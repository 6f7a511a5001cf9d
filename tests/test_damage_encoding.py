"""Broken encoding is found where it is, mended as it was, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import PARAGRAPHS, hostile_texts

from dedup import damage, edits, mojibake
from dedup.damage import encoding
from dedup.model import Document, Locator

CASES = Path(__file__).parents[2] / "shared" / "data" / "mojibake"
ENGLISH = " ".join(PARAGRAPHS)
GOOD = "It’s the café’s “own” recipe, naïve but crème de la crème."


def document(text: str, decoding: str = "utf-8") -> Document:
    return Document("x", Locator("x"), text, decoding)


def mended(text: str) -> str:
    return edits.applied(text, mojibake.repairs(text))


def causes(text: str) -> set[str]:
    return {finding.cause for finding in encoding.detect(document(text)).findings}


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "mac_roman", "cp437"])
@pytest.mark.parametrize("times", [1, 2])
def test_text_read_in_a_wrong_encoding_is_read_again(codec: str, times: int) -> None:
    broken = "Où est la forêt ? Là, près du château où l’été s’achève."
    for _ in range(times):
        broken = broken.encode().decode(codec)
    assert mended(broken) == "Où est la forêt ? Là, près du château où l’été s’achève."


@pytest.mark.parametrize("joined", ["{0}\n{1}\n{0}", "{0} {1} {0}"])
def test_only_the_broken_passage_of_a_long_text_is_changed(joined: str) -> None:
    sound = f"{ENGLISH} She said: “Déjà vu — again.”"
    broken = "donâ€™t visit the cafÃ© on Saturdays"
    text = joined.format(sound, broken)
    assert mended(text) == joined.format(sound, "don’t visit the café on Saturdays")
    spans = [edit.span for edit in mojibake.repairs(text)]
    assert all(len(sound) < start and stop < len(sound) + len(broken) + 2 for start, stop in spans)


@pytest.mark.parametrize(
    "text",
    [
        GOOD, ENGLISH, "Ελληνικά και Русский язык", "古い橋は閉まっています。", "NESTLÉ® 5×£35 “É…”", "CONCLUSÃO",
        "AT&T and R&D; so &c.", "The character \ufffd (U+FFFD) stands for what is unknown.", "tabs\tand\fpages\r\n",
        "\ufeffa mark of byte order at the beginning", "<p>Smith &amp; Sons</p> <b>x</b> <i>y</i>",
        'write `&amp;` or "&lt;" for them',
    ],
)  # fmt: skip
def test_sound_text_has_no_findings(text: str) -> None:
    assert encoding.detect(document(text)).findings == ()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("The caf\ufffd is open.", "replacement"),
        ("The bri\x02dge.", "control"),
        ("A \x1b[31mred\x1b[0m word.", "control"),
        ("H\x08He stru\x08uck it.", "control"),
        ("One.\ufeffTwo.", "byte-order mark"),
        ("Smith &amp; Sons paid &pound;5.", "entity"),
        ("Ïðèâåò, äîðîãèå äðóçüÿ è êîëëåãè.", "charset"),
        ("Itâ€™s so.", "mojibake"),
    ],
)
def test_each_cause_is_found_and_flagged(text: str, cause: str) -> None:
    found = encoding.detect(document(text))
    assert cause in causes(text)
    assert found.score >= damage.FLAG_LEVEL
    assert all(text[slice(*finding.span)] == finding.text for finding in found.findings)


@pytest.mark.parametrize(("decoding", "flagged"), [("utf-8", True), ("iso8859-1", False), ("cp1252", False)])
def test_a_declared_charset_is_held_against_the_one_that_was_used(decoding: str, flagged: bool) -> None:
    text = '<meta charset="ISO-8859-1"> <p>café</p> <p>crème</p>'
    found = encoding.detect(document(text, decoding)).findings
    assert any(finding.cause == "declaration" for finding in found) == flagged


@pytest.mark.skipif(not CASES.exists(), reason="the shared data are not beside the project")
@pytest.mark.parametrize("name", ["in-the-wild", "synthetic", "language-names", "negative"])
def test_known_cases_are_repaired_as_expected_and_negative_ones_left(name: str) -> None:
    host = f"{ENGLISH}\n“Sound — naïve.”\n"
    for line in filter(None, (CASES / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")):
        case = json.loads(line)
        wanted = case.get("fixed-encoding", case["fixed"])
        assert mended(case["original"]) == wanted, case["label"]
        assert mended(f"{host}{case['original']}\n{host}") == f"{host}{wanted}\n{host}", case["label"]


@given(hostile_texts)
def test_repairs_fit_the_text_and_can_be_taken_back(text: str) -> None:
    found = mojibake.repairs(text)
    assert edits.applied(edits.applied(text, found), edits.inverse(found)) == text


@given(st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=200))
def test_ascii_has_no_repairs(text: str) -> None:
    assert mojibake.repairs(text) == ()
