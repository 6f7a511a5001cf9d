"""Marks of scanning and of mistyping: words that no list has, in the shapes that machines and slips make.

1. The text is cut at white space into pieces, and each distinct piece is put in a class once: known; unknown or rare,
   with or without a frequent word one slip away (`lexicon.neighbour`); digits among letters; signs inside a word; a
   capital inside; a lone letter; a lone sign; a part that ends in a hyphen; code, which says nothing.
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
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from math import exp, sqrt
from typing import Literal

from dedup.damage import lexicon
from dedup.damage.findings import ABSTAINED, FINDINGS_MAX, Detection, Finding, detection, pieces, shown

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

Shape = Literal[
    "known", "near", "near rare", "near short", "far", "far short", "name near", "name far", "digits", "signs",
    "capital", "letter", "sign", "odd sign", "confusion", "divided", "code", "number",
]  # fmt: skip
_EDGES = "\"'“”‘’.,;:!?()[]{}…—–-*_«»"
_CODE = re.compile(r"[=<>\\{}$@#%+|~`^]{1}|[\w)][/_(\[]|[/_]|\w\.\w+\.?\w*$|::|://|^-{1,2}\w|\d[.,:]\d")
_NUMBER = re.compile(r"^[£$€#]?\d[\d.,:/'’-]*(?:st|nd|rd|th|s|am|pm|km|kg|mm|cm|m|d|[A-Za-z])?%?$")
_ODD = re.compile(r"[»«■•^~|\\{}<>*%@¬§¥€£�©®°]")
_INNER = re.compile(r"[^\W\d_][.,;:!?*^~|«»■•\\£&()\[\]\"“”][^\W\d_]")
_ABBREVIATION = re.compile(r"(?:[A-Za-z]{1,4}\.){1,6}[A-Za-z]?")
_CAMEL = re.compile(r"[a-z]{2}[A-Z]|[A-Z]{2,}[a-z]{2}|[a-z][A-Z]$")
_SURE_NAME = re.compile(r"(?:Mac|Mc|De|La|Le|Van|O['’]|D['’]|Fitz)[A-Z][a-z]+")


@lru_cache(maxsize=1 << 17)
def shape(piece: str) -> Shape:
    """The class of a piece of text between white space."""
    bare = piece.strip(_EDGES)
    if not bare:
        return "known" if piece in _PLAIN_SIGNS else "odd sign" if _ODD.search(piece) else "sign"
    if bare in _CONFUSIONS:
        return "confusion"
    if bare.isalpha() and bare.islower():
        return "divided" if piece.endswith("-") and len(bare) > 1 else _word_shape(bare)
    return _sign_shape(piece, bare) or _parts_shape(piece, bare)


def _sign_shape(piece: str, bare: str) -> Shape | None:
    """The class of a piece that is not all letters, capitals, apostrophes and hyphens."""
    for kind, pattern in _SIGN_SHAPES:
        if pattern.search(bare) and not (kind == "code" and _ODD.search(bare)):
            return kind
    if any(map(str.isdigit, bare)):
        return "digits" if sum(map(str.isalpha, bare)) > 1 and not bare.isupper() else "code"
    if _ABBREVIATION.fullmatch(bare):
        return "known"
    if _INNER.search(bare) or _ODD.search(piece):
        return "signs"
    return None if any(map(str.isalpha, bare)) else "sign"


_LIKE_DIGIT = re.compile(r"^[lO]\d+[.,]?$|^\d+[lO]$|\d[lO]\d")
_CONFUSIONS = frozenset(
    "tho tbo tbe thc lhe tlie tiie aud nnd ond anl arc aro bo ot oi ol ou iu io iii hy wns waa ns il ii li lor tor lo "
    "wo havo bave hnve wero woro lias liad hnd fiom trom frora wbo wbich whioh wliich tbat thal thnt tliat tbis tins "
    "oue ono witb wilh uot nol bv hc shc tbey thoy tliey thcy wus lie ia aa aro bis nt ou".split()
)
"""What machines read for the most frequent English words, where `e` looks like `o` or `c`, `h` like `b` or `li`."""
_FALSE_CAPITAL = re.compile(r" I[nstf]\s[a-z]")

_SIGN_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = (
    ("digits", _LIKE_DIGIT),
    ("number", _NUMBER),
    ("code", _CODE),
)
_PLAIN_SIGNS = frozenset(("-", "—", "–", "--", "---", "...", "…", "*", '"', "“", "”", ".", "(", ")"))


def _parts_shape(piece: str, bare: str) -> Shape:
    """The class of a piece of letters with capitals, apostrophes or hyphens: that of its worst part."""
    if piece.endswith("-") and len(bare) > 1:
        return "divided"
    if _CAMEL.search(bare) and not _SURE_NAME.match(bare):
        return "capital"
    shapes = [_word_shape(part) for part in bare.replace("’", "'").split("-") if part]
    return max(shapes, key=_RANK.__getitem__) if shapes else "sign"


_RANK: dict[Shape, int] = {
    "known": 0, "letter": 1, "name far": 2, "name near": 3, "far short": 4, "far": 5, "confusion": 5,
    "near short": 6, "near rare": 7, "near": 8,
}  # fmt: skip


def _word_shape(word: str) -> Shape:
    """The class of one word of letters and apostrophes."""
    small = word.lower()
    if len(small) == 1:
        return "known" if small in "aio" or word.isupper() else "letter"
    found = lexicon.zipf(small)
    if found >= 3.5 or (found >= 2.5 and len(small) > 4):
        return "known"
    other = lexicon.neighbour(small.removesuffix("'s"))
    gain = lexicon.zipf(other) - found if other else 0.0
    if word[0].isupper():
        return "known" if found >= 1.5 else "name near" if gain > 3 and len(small) > 4 else "name far"
    if gain >= 2.5:
        return "near short" if len(small) < 5 else "near rare" if found >= 1.0 else "near"
    if found >= (2.5 if len(small) < 4 else 1.3):
        return "known"
    return "far short" if len(small) < 5 else "far"


FEATURES: tuple[Shape, ...] = (
    "near", "near rare", "near short", "far", "far short", "name near", "name far", "digits", "signs", "capital",
    "letter", "sign", "odd sign", "confusion", "divided", "code", "number",
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
}
WEIGHTS: dict[str, float] = {
    "constant": -6.4, "near": 8.65, "near rare": 0.0, "near short": 4.38, "far": 0.0, "far short": 1.92,
    "name near": 8.49, "name far": 1.3, "digits": 0.48, "signs": 0.0, "capital": 0.0, "letter": 5.88, "sign": 3.79,
    "odd sign": 10.86, "confusion": 25.95, "divided": 21.79, "code": -8.39, "number": 3.89, "false capital": 25.58,
    "near distinct": 26.49, "far distinct": 7.22,
}  # fmt: skip
"""Log-odds for each unit of a feature, the square root of a share; none may be below 0 that stands for damage. Fitted
on the half of the development data (scanned newspapers, news with character noise) and of the clean prose whose
SHA-256 is in the lower half."""


_JOINED = re.compile(r"(?<=[^\W\d_]{2})-\r?\n[ \t]{0,20}(?=[^\W\d_])")
"""Line ends within words: they are printing, not damage to the words."""


def detect(text: str) -> Detection:
    """The findings in a text, and the probability that it was scanned or mistyped."""
    divided = list(line_ends(text)) if "-\n" in text or "-\r\n" in text else []
    parts = _sampled(_JOINED.sub("", text).split() if divided else pieces(text))
    if len(parts) < PIECES_MIN:
        return ABSTAINED if not divided else Detection(0.0, tuple(divided), judged=False)
    counts = Counter(parts)
    if not lexicon.is_english(counts):
        return ABSTAINED
    score = probability(shares(counts, false_capitals(text[:SPECK_CHARACTERS])))
    found = [*divided, *islice(_words(text), FINDINGS_MAX)] if score >= FINDINGS_LEVEL else divided
    return Detection(score, detection(found).findings)


def _sampled(parts: Sequence[str]) -> Sequence[str]:
    """All pieces, or of a long text those of its beginning, middle and end."""
    if len(parts) <= PIECES_MAX:
        return parts
    third, middle = PIECES_MAX // 3, len(parts) // 2
    return [*parts[:third], *parts[middle : middle + third], *parts[-third:]]


def false_capitals(text: str) -> int:
    """How many `In`, `Is`, `It`, `If` stand between two words in small letters: a stroke read as a capital."""
    return sum(text[found.start() - 1 : found.start()].islower() for found in _FALSE_CAPITAL.finditer(text))


def shares(counts: Counter[str], capitals: int) -> dict[str, float]:
    """The square roots of the shares of each class, among the pieces that are words, and of distinct damaged ones."""
    kinds = list(map(shape, counts))
    distinct = Counter(kinds)
    classes: Counter[str] = Counter()
    for kind, count in zip(kinds, counts.values(), strict=True):
        if kind != "known":
            classes[kind] += count
    words = counts.total() - classes["code"] - classes["number"] + PRIOR_WORDS
    found: dict[str, float] = {kind: sqrt(classes[kind] / words) for kind in FEATURES}
    found["false capital"] = sqrt(capitals / words)
    found["near distinct"] = sqrt(sum(distinct[kind] for kind in ("near", "near rare", "near short")) / words)
    found["far distinct"] = sqrt(sum(distinct[kind] for kind in ("far", "far short")) / words)
    return found


def probability(features: dict[str, float]) -> float:
    total = WEIGHTS["constant"] + sum(WEIGHTS[name] * value for name, value in features.items())
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total))))


_PIECE = re.compile(r"\S+")
CONFIDENCE = 0.5
"""How sure a single word of a damaged text is damage itself: names and terms are among them."""


def _words(text: str) -> Iterator[Finding]:
    """Every piece of a damaged class."""
    for piece in _PIECE.finditer(text):
        kind = shape(piece.group())
        why = DAMAGED.get(kind)
        if why:
            other = lexicon.neighbour(piece.group().strip(_EDGES).lower()) if "other" in why else None
            explanation = why.format(other=other) if other or "other" not in why else "an unknown word"
            yield Finding("ocr", piece.span(), shown(text, piece.span()), kind, explanation, CONFIDENCE)


_LINE_END = re.compile(r"(?<![^\W\d_])([^\W\d_]{2,30})-(\r?\n)[ \t]{0,20}([^\W\d_]{2,30})([^\s-]{0,10})( ?)")


def line_ends(text: str) -> Iterator[Finding]:
    """Words divided at the end of a line, with the repair that joins them and breaks the line after them."""
    for match in _LINE_END.finditer(text):
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
