"""Where a text is cut, repeated, mixed or surrounded by what does not belong to it.

1. Truncation: it begins in the middle of a sentence, or ends in the middle of one or of a word, though its other
   paragraphs do not; a bracket or a quotation that is opened and never closed in its paragraph.
2. Repetition: a line or sentence that stands there before; a word set twice.
3. Page furniture: share buttons, comment forms, cookie notices, navigation, page numbers; tags left in.
4. Filler: placeholder Latin, encoded data, a text that shrinks to almost nothing.
5. Mixture: a paragraph in another script or language than most of the text.
6. No prose: tables, lists of figures, code.

Score: the probability that one of the findings is damage. A rule whose findings are many shares one probability among
them, by how much of the text they make up: a refrain is not damage, a text that is half repetition is. Rules on
sentences know English; steps 3 to 6 are in `page`. Linear in length.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from dedup.damage import page
from dedup.damage.batch import Batch, Text, alone
from dedup.damage.findings import NOTHING, Detection, Finding, detection, shown
from dedup.damage.listed import FURNITURE
from dedup.damage.page import SAMPLE_CHARACTERS, Place
from dedup.kernels.hints import FEW_LETTERS, NUMBERED, REPEATED, UNCLOSED, UNFINISHED
from dedup.model import Document, Span

SENTENCES_MIN = 3
"""Finished sentences from which a text is held to finish its last."""
PARAGRAPH_WORDS_MIN = 8
"""Words from which a paragraph is expected to end with a stop."""
FINISHED_SHARE_MIN = 0.7
"""Share of such paragraphs that must end with a stop for the last one to be expected to."""
REPEATED_CHARACTERS_MIN = 30
"""Characters of a sentence or line from which its repetition counts; shorter ones are stock phrases."""


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that one of them is damage."""
    return found_in(alone(text))


def detections(_: Sequence[Document], batch: Batch) -> list[Detection]:
    """The same of the texts of a batch."""
    return list(map(found_in, batch))


def found_in(one: Text) -> Detection:
    """The same of a text of which is known what stands in it."""
    found: list[Finding] = []
    for places, confidence in _asked(one) if one.tally.count else ():
        if not places:
            continue
        each = 1.0 - (1.0 - confidence) ** (1.0 / len(places))
        found += [Finding("structure", span, shown(one.text, span), cause, why, each) for span, cause, why in places]
    return detection(found) if found else NOTHING


def _asked(one: Text) -> Iterator[tuple[list[Place], float]]:
    """What the rules find that may find something."""
    text, hints, tally = one.text, one.hints, one.tally
    is_mixed = page.may_be_mixed(one)
    paragraphs = _paragraphs(text) if is_mixed or hints & (UNFINISHED | UNCLOSED) else []
    if hints & UNFINISHED:
        yield _truncation(text, paragraphs)
    if hints & UNCLOSED:
        yield _unclosed(text, paragraphs)
    if hints & REPEATED or tally.twice:
        yield _repeated(one)
    if hints & NUMBERED or tally.marks[FURNITURE]:
        yield page.furniture(one)
    yield page.tags(text)
    yield page.filler(one)
    if is_mixed:
        yield page.mixture(text, paragraphs)
    if hints & FEW_LETTERS:
        yield page.no_prose(text)


_BREAK = re.compile(r"\n[ \t\r]*\n\s*")


def _paragraphs(text: str) -> list[Span]:
    """The spans between empty lines; of a text without any, its lines."""
    breaks = [match.span() for match in _BREAK.finditer(text)] if "\n" in text else []
    if not breaks:
        breaks = [match.span() for match in re.finditer(r"\n\s*", text)]
    starts = [0, *(stop for _, stop in breaks)]
    stops = [*(start for start, _ in breaks), len(text)]
    return [(start, stop) for start, stop in zip(starts, stops, strict=True) if stop > start]


# --- 1: truncation -----------------------------------------------------------------------------------------------

_STOPS = frozenset(".!?…。！？:;\"'”’»)]*")
_SENTENCE_END = re.compile(r"[.!?]['\"”’)]?\s")
_LEADS_ON = frozenset(
    "the a an of and or but to in on at by for with from that which who as than into is are was were has have had be "
    "will would can could should may might must not his her their its our your my this these those if because".split()
)
"""Words that no sentence ends with."""
_LAST_WORD = re.compile(r"(?<![\w'’-])([a-z]{3,20})\s*\Z")


def _truncation(text: str, paragraphs: Sequence[Span]) -> tuple[list[Place], float]:
    """The cut ends of a text whose other paragraphs are whole."""
    head, tail = text[:SAMPLE_CHARACTERS], paragraphs[-1]
    first = text.lstrip()[:1]
    long_tail = not _is_finished(text, tail) and text.count(" ", *tail) >= PARAGRAPH_WORDS_MIN - 1
    if not long_tail and not first.islower():
        return [], 0.0
    if next(islice(_SENTENCE_END.finditer(head), SENTENCES_MIN - 1, None), None) is None:
        return [], 0.0
    long = [span for span in paragraphs[:200] if text.count(" ", *span) >= PARAGRAPH_WORDS_MIN - 1]
    found: list[Place] = []
    confidence = 0.0
    others = [span for span in long if span != tail] if len(long) > 1 else []
    if long_tail and _finished(text, others) >= FINISHED_SHARE_MIN:
        word = _LAST_WORD.search(text, max(tail[0], tail[1] - 24), tail[1])
        cut = word is not None and _is_cut(word.group(1))
        open_end = text[tail[0] : tail[1]].rstrip().endswith(",") or (word is not None and word.group(1) in _LEADS_ON)
        start = word.start(1) if word else max(tail[0], tail[1] - 20)
        what = "a word" if cut else "a sentence"
        found.append(((start, tail[1]), "truncated", f"the text ends in the middle of {what}"))
        confidence = 0.8 if cut else 0.65 if open_end else 0.35
    if first.islower() and len(long) > 2 and _begins_small(text, long) <= 0.2:
        start = len(text) - len(text.lstrip())
        found.append(((start, min(len(text), start + 20)), "truncated", "the text begins in the middle of a sentence"))
        confidence = max(confidence, 0.35)
    return found, confidence


def _is_finished(text: str, paragraph: Span) -> bool:
    """Whether a paragraph ends as a sentence does."""
    return text[max(paragraph[0], paragraph[1] - 8) : paragraph[1]].rstrip()[-1:] in _STOPS


def _finished(text: str, others: Sequence[Span]) -> float:
    """The share of other long paragraphs that do; all, where there is none."""
    return sum(_is_finished(text, span) for span in others) / len(others) if others else 1.0


def _begins_small(text: str, paragraphs: Sequence[Span]) -> float:
    return sum(text[start].islower() for start, _ in paragraphs[1:]) / max(1, len(paragraphs) - 1)


def _is_cut(word: str) -> bool:
    """Whether a string is no English word, and the beginning of one."""
    from dedup.damage import lexicon

    return lexicon.zipf(word) < 2.0 and lexicon.begins_word(word)


_BRACKETS = "()[]“”"
_CLOSERS = {")": "(", "]": "[", "”": "“"}
UNCLOSED_CONFIDENCE = 0.15


def _unclosed(text: str, paragraphs: Sequence[Span]) -> tuple[list[Place], float]:
    """Brackets and quotations that are opened and not closed in their paragraph."""
    found: list[Place] = []
    if "(" not in text and "[" not in text and "“" not in text:
        return found, 0.0
    signs = sorted(chain.from_iterable(_places(text, sign) for sign in _BRACKETS if sign in text))
    first = 0
    for start, stop in paragraphs:
        stack: list[tuple[str, int]] = []
        first = bisect_left(signs, (start, ""), first)
        last = bisect_left(signs, (stop, ""), first)
        for at, character in signs[first:last]:
            if character in "([“":
                stack.append((character, at))
            elif stack and stack[-1][0] == _CLOSERS[character]:
                stack.pop()
        found += [
            ((at, at + 1), "unclosed", f"{character} is opened and not closed in its paragraph")
            for character, at in stack
            if character != "“" or stop == len(text)  # a speech of several paragraphs closes once
        ]
    return found, UNCLOSED_CONFIDENCE if found else 0.0


def _places(text: str, sign: str) -> Iterator[tuple[int, str]]:
    """Where a sign stands in a text."""
    at = text.find(sign)
    while at >= 0:
        yield at, sign
        at = text.find(sign, at + 1)


# --- 2: repetition -----------------------------------------------------------------------------------------------

_UNITS = re.compile(rf"[^\n.!?]{{{REPEATED_CHARACTERS_MIN},2000}}[.!?\n]?")
_TWICE = re.compile(r"\b([a-z]{2,15}) \1\b(?! [a-z]+ \1\b)")
_MAY_STAND_TWICE = frozenset(
    "that had very so no bye ha he now well there never more many again on in is her you".split()
)


REPETITION = 2.5
"""What repeated sentences say, by the square of their share: two fifths of a text are damage, the seventh that a table
of contents or a refrain makes is not, even of a text that breaks off."""


def _repeated(one: Text) -> tuple[list[Place], float]:
    """Sentences and lines that stood before, and words set twice; how sure by the share of the text they make up."""
    text = one.text
    found = _units(text) if one.hints & REPEATED else []
    share = sum(stop - start for (start, stop), _, _ in found) / len(text)
    if one.tally.twice:
        for twice in _TWICE.finditer(text):
            if twice.group(1) not in _MAY_STAND_TWICE:
                found.append((twice.span(), "word twice", f"{twice.group(1)!r} is set twice"))
    return found, min(0.95, 0.1 * bool(found) + REPETITION * share**2)


def _units(text: str) -> list[Place]:
    """Sentences and lines that stood before."""
    first: dict[str, int] = {}
    found: list[Place] = []
    long = [part for part in text.replace(". ", "\n").split("\n") if len(part) >= REPEATED_CHARACTERS_MIN]
    for unit in _UNITS.finditer(text) if len(set(map(str.strip, long))) < len(long) else ():
        body = " ".join(unit.group().split())
        if len(body) < REPEATED_CHARACTERS_MIN:
            continue
        before = first.setdefault(body, unit.start())
        if before != unit.start() and any(map(str.isalpha, body[:40])):
            found.append((unit.span(), "repeated", f"the same stands at character {before}"))
    return found
