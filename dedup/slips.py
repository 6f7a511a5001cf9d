"""A text becomes a count of what scanning leaves between and within words, and a careful writer does not.

A space before a comma, a point within a word or before one, a capital within a word, a letter or a sign by itself. Each
happens in sound texts too (`C:\\x`, `b.`, code), so a count says something only beside that of the other copy: of 1,200
pairs of a scan and its transcription the scan has more of any kind a hundred times as often as the other way round.
"""

from __future__ import annotations

import re

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


def count(text: str) -> int:
    """How many there are in a text."""
    return sum(sum(1 for _ in pattern.finditer(text)) for pattern in _ANY)
