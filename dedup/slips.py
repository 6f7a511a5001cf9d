"""A text becomes the places of what scanning leaves between and within words, and a careful writer does not.

A space before a comma, a point within a word or before one, a capital within a word, a letter or a sign by itself. Each
happens in sound texts too (`C:\\x`, `b.`, code), so a count says something only beside that of the other copy: of 1,200
pairs of a scan and its transcription the scan has more of any kind a hundred times as often as the other way round.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase

import numpy as np
from numpy.typing import NDArray

TEXTS_MAX = 64
"""Texts whose places are kept: those of one family are asked of pair after pair."""
WORDLIKE, SIGNS = "abATB0w", ",!.-()'%"
EVERY = f"{WORDLIKE}{SIGNS}\n #"
"""Signs that stand for kinds of characters in the outline of a text: small letters (a for a and i), capitals (A for
A, I and O, T for T and W), digits, other letters; what `_STAND_FOR` has; the end of a line, other space, the rest."""
_STAND_FOR = {
    **{"a": "ai", "A": "AIO", "T": "TW", ",": ",;:", "!": "!?"},
    **{"(": '("“‘', ")": ")]”", "'": "'’", "%": "—–£$€%&/["},
}
_ALONE = "\n ,!-()#%"
KINDS: dict[str, list[tuple[str, ...]]] = {
    r"\w[^\S\n]+[,;:.!?]+(?=[\s\"”’)]|$)": [(" ", ",.!")],  # a space before a point
    r"\w- \w|\w -\w": [("-", " "), (" ", "-")],  # a space beside a hyphen
    r"[(\"“‘] \w| [)\]”]": [("(", " "), (" ", ")")],  # a space within quotes
    r"\b[a-z]+[A-Z]\w*": [("ab", "ATB")],  # a capital within a word
    r"[^\w\s.,;:!?'\"()’‘“”—–£$€%&/\[\]-]": [("#",)],  # a sign
    r"(?<![\w.'’])[b-hj-zB-HJ-NP-Z](?![\w.'’])": [(_ALONE, "bTB", _ALONE)],  # a letter by itself
    r"\w[,;:!?][^\W\d]": [(",!", "abATBw")],  # no space after a point
    r"[A-Za-z]\.[a-z]": [(".", "ab")],  # a point within a word
    r"(?<!\S)[.,;:!?]\w": [("\n ", ".,!")],  # a point before a word
    r"[a-z][.!?] [a-z]": [(".!", " ", "ab")],  # a small letter after a point
    r"[a-z,] (?:It|In|Is|If|The|And|Of|To|At|Was|Into)\b": [("ab,", " ", "AT")],  # a capital within a sentence
    r"[,;:.][,;:.](?![,;:.])": [(",.", ",.")],  # two points
}
"""What is looked for, and what follows each other in the outline of any text that has it: most texts have little of
that, and an outline is made in a tenth of the time that looking takes."""
_PATTERNS = tuple(map(re.compile, KINDS))


class _Outline(dict[int, str]):
    """For each code point the place in EVERY of what stands for it, as a character."""

    def __missing__(self, code: int) -> str:
        one = chr(code)
        kind = ("0" if one.isdecimal() else "w") if one.isalnum() or one == "_" else " " if one.isspace() else "#"
        self[code] = found = chr(EVERY.index(kind))
        return found


def _outline() -> _Outline:
    known = (
        {one: one for one in f"{SIGNS}\n"} | dict.fromkeys(ascii_lowercase, "b") | dict.fromkeys(ascii_uppercase, "B")
    )
    known |= {one: kind for kind, every in _STAND_FOR.items() for one in every}
    return _Outline({ord(one): chr(EVERY.index(kind)) for one, kind in known.items()})


def _telling() -> NDArray[np.bool_]:
    """Of each kind, which three signs that follow each other in an outline tell that a text may have it: (kinds, n)."""
    found = np.zeros((len(KINDS), *[len(EVERY)] * 3), bool)
    for kind, outlines in enumerate(KINDS.values()):
        for outline in outlines:
            each = ([EVERY.index(one) for one in signs] for signs in (*outline, EVERY, EVERY)[:3])
            found[kind][np.ix_(*each)] = True
    return found.reshape(len(KINDS), -1)


_OUTLINE, _TELLING = _outline(), _telling()


@lru_cache(maxsize=TEXTS_MAX)
def starts(text: str) -> NDArray[np.int64]:
    """Where they begin in a text, ascending, in characters."""
    outline = np.frombuffer(f"\n{text}\n\n".translate(_OUTLINE).encode("ascii"), np.uint8).astype(np.int64)
    threes = (outline[:-2] * len(EVERY) + outline[1:-1]) * len(EVERY) + outline[2:]
    seen = np.flatnonzero(np.bincount(threes, minlength=len(EVERY) ** 3))
    asked = np.flatnonzero(_TELLING[:, seen].any(axis=1)).tolist()
    return np.sort(np.array([found.start() for kind in asked for found in _PATTERNS[kind].finditer(text)], np.int64))


def count(text: str) -> int:
    """How many there are in a text."""
    return len(starts(text))
