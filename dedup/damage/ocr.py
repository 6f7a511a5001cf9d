"""Marks of scanning and of mistyping: words that no list has, in the shapes that machines and slips make.

1. The text is cut at white space into pieces, and each distinct piece is put in a class once (`shapes`).
2. The shares of the classes among the pieces that are words go into a logistic regression.
3. Where its probability is at `FINDINGS_LEVEL` or above, every piece of a damaged class is a finding. A word divided at
   a line's end is always one, of low confidence: joining it again is a repair safe by law.

Score: the probability that the text is OCR output or has character noise, as a reader without the original would say.
English only (`lexicon.is_english`): other texts are not judged, nor is one of under `PIECES_MIN` words. Names,
spelling of the seventeenth century and technical terms are in no list either; the regression has seen them.
Linear in length. Fitted on half of the development data (documents and originals apart) against clean prose of many
kinds; see benchmarks/damage.py for the figures on the other half.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dedup.damage import lexicon, strings
from dedup.damage.batch import Batch, more, of
from dedup.damage.findings import ABSTAINED, FINDINGS_MAX, Detection, Finding, detection, shown
from dedup.damage.listed import FOREIGN, KNOWN
from dedup.damage.numbered import I64s, Tally
from dedup.damage.shapes import EDGES, SHAPES, Shape, misread
from dedup.kernels.hints import FALSE_CAPITAL, STRAY
from dedup.model import Document

F64s = NDArray[np.float64]

PIECES_MIN = 8
"""Words below which nothing is said of a whole text."""
PIECES_MAX = 6_000
"""Words of a text that are looked at for its score: its beginning, middle and end."""
SPECK_CHARACTERS = 36_000
"""How much of a text is looked at for what stands between words."""
PRIOR_WORDS = 15
"""Sound words that a text is given the credit of, so that one odd word in a short one is not a tenth of it."""
FINDINGS_LEVEL = 0.3
"""Probability from which single words are listed."""

FEATURES: tuple[Shape, ...] = (
    "near", "near rare", "near short", "far", "far short", "name near", "name far", "digits", "signs", "capital",
    "letter", "sign", "odd sign", "confusion", "misread", "divided", "code", "number",
)  # fmt: skip
DAMAGED: dict[Shape, str] = {
    "near": "in no list of words, and one slip away from {other!r}",
    "near rare": "a rare word, one slip away from {other!r}",
    "near short": "a rare short word, one slip away from {other!r}",
    "far": "in no list of words",
    "far short": "a short string that is no word",
    "name near": "no known name, and one slip away from {other!r}",
    "digits": "digits among letters",
    "signs": "signs inside a word",
    "capital": "a capital inside a word",
    "letter": "a letter by itself",
    "sign": "a sign by itself",
    "odd sign": "a sign by itself that print seldom has",
    "confusion": "what scanners read for a frequent word",
    "misread": "what scanners read for {other!r}",
}
WEIGHTS: dict[str, float] = {
    "constant": -5.75, "near": 9.07, "near rare": 0.0, "near short": 5.3, "far": 0.0, "far short": 2.07,
    "name near": 4.26, "name far": 2.46, "digits": 0.35, "signs": 0.0, "capital": 0.0, "letter": 4.51, "sign": 2.99,
    "odd sign": 4.11, "confusion": 19.18, "misread": 11.76, "divided": 14.91, "code": -8.01, "number": 3.89,
    "false capital": 14.04, "stray": 3.62, "near distinct": 20.77, "far distinct": 7.65,
}  # fmt: skip
"""Log-odds for each unit of a feature, the square root of a share; none may be below 0 that stands for damage. Fitted
on the half of the development data (scanned newspapers, news with character noise) and of the clean prose whose
SHA-256 is in the lower half."""


_JOINED = re.compile(r"(?<=[^\W\d_]{2})-\r?\n[ \t]{0,20}(?=[^\W\d_])")
"""Line ends within words: they are printing, not damage to the words."""


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that it was scanned or mistyped."""
    return detections((), of([text]))[0]


def detections(_: Sequence[Document], batch: Batch) -> list[Detection]:
    """The same of the texts of a batch."""
    divided = [list(line_ends(text)) if "-\n" in text or "-\r\n" in text else [] for text in batch.texts]
    whole = [at for at, found in enumerate(divided) if found]
    others = more([_JOINED.sub("", batch.texts[at]) for at in whole])
    pieces, known = batch.strings.changed(whole, others).sampled(PIECES_MAX), strings.known()
    tallies = batch.tallies if pieces is batch.strings else known.tallies(pieces)
    made = [Detection(0.0, tuple(found), judged=False) if found else ABSTAINED for found in divided]
    asked = [at for at, tally in enumerate(tallies) if tally.count >= PIECES_MIN]
    counts = known.classed(pieces.chosen(asked))
    scores = probabilities(counts, [_marks(batch.texts[at], batch.hints[at]) for at in asked]).tolist()
    for at, every, score in zip(asked, counts[:, 0], scores, strict=True):
        if not lexicon.is_english(lexicon.Census(tallies[at].count, *tallies[at].marks[: KNOWN + 1])):
            made[at] = _garbled(every.tolist(), tallies[at]) or ABSTAINED
            continue
        found = [*divided[at], *islice(_words(batch, at), FINDINGS_MAX)] if score >= FINDINGS_LEVEL else divided[at]
        made[at] = Detection(score, detection(found).findings) if found else Detection(score)
    return made


def _marks(text: str, hints: int) -> tuple[int, int]:
    """How many false capitals and strays there are."""
    head = text[:SPECK_CHARACTERS]
    specks = hints & STRAY or len(head) < len(text)  # where the head breaks off, a line is shorter
    return false_capitals(head) if hints & FALSE_CAPITAL else 0, strays(head) if specks else 0


GARBLED: tuple[Shape, ...] = ("signs", "sign", "odd sign", "capital", "digits")
GARBLED_SHARE_MIN, GARBLED_FOREIGN_MAX, GARBLED_CODE_MAX = 0.3, 0.02, 0.1
"""Share of words with signs, digits and capitals inside from which a text in no known language is garbage; of words of
another language, and of code, up to which it may be."""


def _garbled(every: Sequence[int], tally: Tally) -> Detection | None:
    """What is said of a text without English words: where signs stand inside most of the words, it was scanned.

    every: how many of them are of each class."""
    total, foreign, code = tally.count, tally.marks[FOREIGN], every[_PLACES["code"]]
    share = sum(every[_PLACES[kind]] for kind in GARBLED) / total
    if share < GARBLED_SHARE_MIN or foreign > GARBLED_FOREIGN_MAX * total or code > GARBLED_CODE_MAX * total:
        return None
    return Detection(min(0.95, 0.2 + share))


_FALSE_CAPITAL = re.compile(r" I[nstf]\s[a-z]")


def false_capitals(text: str) -> int:
    """How many `In`, `Is`, `It`, `If` stand between two words in small letters: a stroke read as a capital."""
    return sum(text[found.start() - 1 : found.start()].islower() for found in _FALSE_CAPITAL.finditer(text))


_STRAY, _STRAY_CHARACTERS = re.compile(r"[ \t]{0,9}([^\w\s]{1,3})[ \t]{0,9}"), 21
_RULES = frozenset(("-", "--", "---", "—", "–", "*", "**", "***", "=", "==", "===", "...", "…", "+", "#", "##", "###"))
"""Lines that print has between two parts; and in source texts."""


def strays(text: str) -> int:
    """How many lines hold nothing but a sign or two: specks of the paper."""
    short = [line for line in text.split("\n") if 0 < len(line) <= _STRAY_CHARACTERS]
    return sum(found[1] not in _RULES for found in map(_STRAY.fullmatch, short) if found) if short else 0


_PLACES = {kind: place for place, kind in enumerate(SHAPES)}
_FEATURES = [_PLACES[kind] for kind in FEATURES]
_DISTINCT: dict[str, tuple[Shape, ...]] = {
    "near distinct": ("near", "near rare", "near short"),
    "far distinct": ("far", "far short"),
}
_WEIGHTS = np.array([WEIGHTS[name] for name in (*FEATURES, "false capital", "stray", *_DISTINCT)])


def probabilities(counts: I64s, marks: Sequence[tuple[int, int]]) -> F64s:
    """The probability for each text, from the square roots of the shares of each class among the pieces that are words,
    of marks between them, and of distinct damaged pieces.

    counts: (texts, 2, classes), how many pieces are of each of `shapes.SHAPES`, and how many distinct ones.
    """
    every, distinct = counts[:, 0], counts[:, 1]
    words = every.sum(1) - every[:, _PLACES["code"]] - every[:, _PLACES["number"]] + PRIOR_WORDS
    damaged = [sum(distinct[:, _PLACES[kind]] for kind in kinds) for kinds in _DISTINCT.values()]
    between = np.array(marks, np.int64).reshape(-1, 2)
    seen = np.concatenate((every[:, np.array(_FEATURES)], between, np.stack(damaged, 1)), 1)
    odds = WEIGHTS["constant"] + (np.sqrt(seen / words[:, None]) * _WEIGHTS).sum(1)
    found: F64s = 1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return found


_PIECE = re.compile(r"\S+")
CONFIDENCE = 0.5
"""How sure a single word of a damaged text is damage itself: names and terms are among them."""


def _words(batch: Batch, at: int) -> Iterator[Finding]:
    """Every piece of a damaged class of a text of a batch."""
    text, places = batch.texts[at], strings.known().classes(batch.strings.chosen([at]))[0]
    for piece, place in zip(_PIECE.finditer(text), places, strict=True):
        kind = SHAPES[place]
        why = DAMAGED.get(kind)
        if why:
            bare = piece.group().strip(EDGES).lower()
            other = (misread if kind == "misread" else lexicon.neighbour)(bare) if "other" in why else None
            explanation = why.format(other=other) if other or "other" not in why else "an unknown word"
            yield Finding("ocr", piece.span(), shown(text, piece.span()), kind, explanation, CONFIDENCE)


_BREAK, _FIRST_PART = re.compile(r"-\r?\n"), re.compile(r"(?<![^\W\d_])[^\W\d_]{2,30}\Z")
_LINE_END = re.compile(r"(?<![^\W\d_])([^\W\d_]{2,30})-(\r?\n)[ \t]{0,20}([^\W\d_]{2,30})([^\s-]{0,10})( ?)")


def line_ends(text: str) -> Iterator[Finding]:
    """Words divided at the end of a line, with the repair that joins them and breaks the line after them."""
    done = 0
    for hyphen in _BREAK.finditer(text):
        before = _FIRST_PART.search(text[max(0, hyphen.start() - 32) : hyphen.start()])
        if not before or (begin := hyphen.start() - len(before.group())) < done:
            continue
        match = _LINE_END.match(text, begin)
        if not match:
            continue
        done = match.end()
        first, line_break, second, tail, space = match.groups()
        whole, following = (first + second).lower(), text[match.end() : match.end() + 1]
        if not second.islower() or lexicon.zipf(whole) < 2.0 or _is_compound(first.lower(), second):
            continue
        if not space and following not in ("", "\r", "\n"):
            continue
        span = (match.end(1), match.end())
        after = f"{second}{tail}" if following in ("", "\r", "\n") else f"{second}{tail}{line_break}"
        why = f"{first + second!r}, divided at the end of a line"
        yield Finding("ocr", span, text[slice(*span)], "line end", why, 0.1, after=after)


def _is_compound(first: str, second: str) -> bool:
    """Whether two parts are frequent words by themselves, and together a rarer one: `well-known`."""
    return min(lexicon.zipf(first), lexicon.zipf(second)) > lexicon.zipf(first + second)
