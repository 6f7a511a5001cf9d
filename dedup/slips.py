"""A text becomes the places of what scanning leaves between and within words, and a careful writer does not.

A space before a comma, a point within a word or before one, a capital within a word, a letter or a sign by itself. Each
happens in sound texts too (`C:\\x`, `b.`, code), so a count says something only beside that of the other copy: of 1,200
pairs of a scan and its transcription the scan has more of any kind a hundred times as often as the other way round.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

TEXTS_MAX = 64
"""Texts whose places are kept: those of one family are asked of pair after pair."""
KINDS = {
    "space before a point": r"\w[^\S\n]+[,;:.!?]+(?=[\s\"”’)]|$)",
    "space beside a hyphen": r"\w- \w|\w -\w",
    "space within quotes": r"[(\"“‘] \w| [)\]”]",
    "capital within a word": r"\b[a-z]+[A-Z]\w*",
    "sign": r"[^\w\s.,;:!?'\"()’‘“”—–£$€%&/\[\]-]",
    "letter by itself": r"(?<![\w.'’])[b-hj-zB-HJ-NP-Z](?![\w.'’])",
    "no space after a point": r"\w[,;:!?][^\W\d]",
    "point within a word": r"[A-Za-z]\.[a-z]",
    "point before a word": r"(?<!\S)[.,;:!?]\w",
    "small letter after a point": r"[a-z][.!?] [a-z]",
    "capital within a sentence": r"[a-z,] (?:It|In|Is|If|The|And|Of|To|At|Was|Into)\b",
    "two points": r"[,;:.][,;:.](?![,;:.])",
}
_ANY = tuple(re.compile(pattern) for pattern in KINDS.values())


@lru_cache(maxsize=TEXTS_MAX)
def starts(text: str) -> NDArray[np.int64]:
    """Where they begin in a text, ascending, in characters."""
    return np.sort(np.array([found.start() for pattern in _ANY for found in pattern.finditer(text)], np.int64))


def count(text: str) -> int:
    """How many there are in a text."""
    return len(starts(text))
