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
from math import exp, sqrt

from dedup.damage import lexicon, strings
from dedup.damage.findings import ABSTAINED, FINDINGS_MAX, Detection, Finding, detection, shown
from dedup.damage.shapes import EDGES, SHAPES, Shape, misread

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
    divided = list(line_ends(text)) if "-\n" in text or "-\r\n" in text else []
    whole = _JOINED.sub("", text) if divided else text
    tally = strings.tallied_sample(whole, PIECES_MAX)
    if tally.count < PIECES_MIN:
        return ABSTAINED if not divided else Detection(0.0, tuple(divided), judged=False)
    if not lexicon.is_english(lexicon.Census(tally.count, *tally.marks[: strings.KNOWN + 1])):
        return _garbled(whole, tally) or ABSTAINED
    head = text[:SPECK_CHARACTERS]
    score = probability(shares(*strings.classed(whole, PIECES_MAX), false_capitals(head), strays(head)))
    found = [*divided, *islice(_words(text), FINDINGS_MAX)] if score >= FINDINGS_LEVEL else divided
    return Detection(score, detection(found).findings)


GARBLED: tuple[Shape, ...] = ("signs", "sign", "odd sign", "capital", "digits")
GARBLED_SHARE_MIN, GARBLED_FOREIGN_MAX, GARBLED_CODE_MAX = 0.3, 0.02, 0.1
"""Share of words with signs, digits and capitals inside from which a text in no known language is garbage; of words of
another language, and of code, up to which it may be."""


def _garbled(text: str, tally: strings.Tally) -> Detection | None:
    """What is said of a text without English words: where signs stand inside most of the words, it was scanned."""
    every, _ = strings.classed(text, PIECES_MAX)
    total, foreign, code = tally.count, tally.marks[strings.FOREIGN], every[_PLACES["code"]]
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


def shares(every: Sequence[int], distinct: Sequence[int], capitals: int, specks: int = 0) -> dict[str, float]:
    """The square roots of the shares of each class, among the pieces that are words, and of distinct damaged ones.

    every, distinct: how many pieces are of each of `shapes.SHAPES`."""
    words = sum(every) - every[_PLACES["code"]] - every[_PLACES["number"]] + PRIOR_WORDS
    found: dict[str, float] = {kind: sqrt(every[_PLACES[kind]] / words) for kind in FEATURES}
    found["false capital"] = sqrt(capitals / words)
    found["stray"] = sqrt(specks / words)
    for name, kinds in _DISTINCT.items():
        found[name] = sqrt(sum(distinct[_PLACES[kind]] for kind in kinds) / words)
    return found


_PLACES = {kind: place for place, kind in enumerate(SHAPES)}
_DISTINCT: dict[str, tuple[Shape, ...]] = {
    "near distinct": ("near", "near rare", "near short"), "far distinct": ("far", "far short"),
}  # fmt: skip


def probability(features: dict[str, float]) -> float:
    total = WEIGHTS["constant"] + sum(WEIGHTS[name] * value for name, value in features.items())
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total))))


_PIECE = re.compile(r"\S+")
CONFIDENCE = 0.5
"""How sure a single word of a damaged text is damage itself: names and terms are among them."""


def _words(text: str) -> Iterator[Finding]:
    """Every piece of a damaged class."""
    for piece, place in zip(_PIECE.finditer(text), strings.classes(text), strict=True):
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
