"""Letters of other scripts that look like a letter of the Latin alphabet, and what is a letter of which script.

The pairs are those of Unicode's confusables (UTS #39, security mechanisms) between one ASCII letter and one letter of
another script, less those that only resemble it (sigma, gamma, upsilon with hook). Compatibility forms (full width,
mathematical) are left to normalisation form KC.
"""

from __future__ import annotations

import re

from dedup.model import Span

_LOOKALIKES = {
    "A": "\u0391\u0410\u13aa\u15c5\ua4ee\U000102a0",
    "B": "\u0392\u0412\u13f4\u15f7\ua4d0\ua7b4\U00010282\U000102a1\U00010301",
    "C": "\u03f9\u0421\u13df\u2ca4\ua4da\U000102a2\U00010302\U00010415\U0001051c",
    "D": "\u13a0\u15de\u15ea\ua4d3",
    "E": "\u0395\u0415\u13ac\u2d39\ua4f0\U00010286\U000118a6\U000118ae",
    "F": "\u03dc\u15b4\ua4dd\ua798\U00010287\U000102a5\U00010525\U000118a2\U000118c2",
    "G": "\u050c\u13c0\u13f3\ua4d6",
    "H": "\u0397\u041d\u13bb\u157c\u2c8e\ua4e7\U000102cf",
    "I": "\u0399\u0406\u04c0",
    "J": "\u037f\u0408\u13ab\u148d\ua4d9\ua7b2",
    "K": "\u039a\u041a\u13e6\u16d5\u2c94\ua4d7\U00010518",
    "L": "\u13de\u14aa\u2cd0\ua4e1\U0001041b\U00010526\U000118a3\U000118b2",
    "M": "\u039c\u03fa\u041c\u13b7\u15f0\u16d6\u2c98\ua4df\U000102b0\U00010311",
    "N": "\u039d\u2c9a\ua4e0\U00010513",
    "O": "\u039f\u041e\u0555\u2c9e\u2d54\ua4f3\U00010292\U000102ab\U00010404\U000104c2\U00010516\U000118b5",
    "P": "\u03a1\u0420\u13e2\u146d\u2ca2\ua4d1\U00010295",
    "Q": "\u2d55",
    "R": "\u01a6\u13a1\u13d2\u1587\ua4e3\U000104b4",
    "S": "\u0405\u054f\u13d5\u13da\ua4e2\U00010296\U00010420",
    "T": "\u03a4\u0422\u13a2\u2ca6\ua4d4\U00010297\U000102b1\U00010315\U000118bc",
    "U": "\u054d\u144c\ua4f4\U000104ce\U000118b8",
    "V": "\u0474\u13d9\u142f\u2d38\ua4e6\U0001051d\U000118a0",
    "W": "\u051c\u13b3\u13d4\ua4ea",
    "X": "\u03a7\u0425\u16b7\u2cac\u2d5d\ua4eb\ua7b3\U00010290\U000102b4\U00010317\U00010527",
    "Y": "\u03a5\u03d2\u0423\u04ae\u13a9\u13bd\u2ca8\ua4ec\U000102b2\U000118a4",
    "Z": "\u0396\u13c3\ua4dc\U000118a9",
    "a": "\u0251\u03b1\u0430",
    "b": "\u0184\u042c\u13cf\u1472\u15af",
    "c": "\u03f2\u0441\u1d04\u2ca5\uabaf\U0001043d",
    "d": "\u0501\u13e7\u146f\ua4d2",
    "e": "\u0435\u04bd\uab32",
    "f": "\u0584\uab35",
    "g": "\u0261\u0581\u1d83",
    "h": "\u04bb\u0570\u13c2",
    "i": "\u0131\u0269\u026a\u03b9\u0456\u13a5\u1fbe\ua647\uab75\U000118c3",
    "j": "\u0458",
    "l": "\u0196\u01c0\u04cf\u16c1\u2c92\u2d4f\ua4f2\U0001028a\U00010309",
    "n": "\u0578\u057c",
    "o": "\u03bf\u043e\u0585\u1d0f\u1d11\u2c9f\uab3d\U0001042c\U000104ea\U000118c8\U000118d7",
    "p": "\u03c1\u0440\u2ca3",
    "q": "\u051b\u0563\u0566",
    "r": "\u0433\u1d26\u2c85\uab47\uab48\uab81",
    "s": "\u01bd\u0455\ua731\uabaa\U00010448\U000118c1",
    "u": "\u03c5\u057d\u1d1c\uab4e\uab52\U000104f6\U000118d8",
    "v": "\u03bd\u0475\u1d20\uaba9\U000118c0",
    "w": "\u0461\u051d\u0561\u1d21\uab83",
    "x": "\u0445\u1541\u157d",
    "y": "\u0443\u04af\u1d8c\u1eff\uab5a\U000118dc",
    "z": "\u1d22\uab93\U000118c4",
}  # fmt: skip

READINGS: dict[str, str] = {letter: latin for latin, letters in _LOOKALIKES.items() for letter in letters}
"""The Latin letter that each look-alike is taken for."""

SCRIPTS: tuple[tuple[str, str], ...] = (
    (
        "Latin",
        "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0250-\u02af\u1d00-\u1dbf\u1e00-\u1eff\ua722-\ua7ff",
    ),
    ("Greek", "\u0370-\u0373\u0376-\u03ff\u1f00-\u1fff"),
    ("Cyrillic", "\u0400-\u0482\u048a-\u052f\u1c80-\u1c8f\ua640-\ua66d"),
    ("Armenian", "\u0531-\u0587"),
    ("Cherokee", "\u13a0-\u13ff\uab70-\uabbf"),
    ("Canadian syllabics", "\u1400-\u167f"),
    ("Coptic", "\u2c80-\u2cff"),
    ("Tifinagh", "\u2d30-\u2d7f"),
    ("Lisu", "\ua4d0-\ua4ff"),
    ("another script's", "\u16a0-\u16ff\U00010280-\U000104ff\U00010500-\U0001052f\U000118a0-\U000118ff"),
)  # fmt: skip
"""Scripts that have letters like Latin ones, and the ranges of their letters as in a regular expression's class."""


def skeleton(word: str) -> str:
    """The word with its look-alikes read as Latin letters."""
    return "".join(READINGS.get(character, character) for character in word)


WORD_CHARACTERS_MAX = 60
"""How far from a character its word is looked for."""
_WORD_PART = re.compile(r"[\w\u0300-\u036f\u00ad\u200b-\u200d'’]")


def word_bounds(text: str, at: int) -> Span:
    """The word around a place, as far as it is looked for."""
    start = stop = at
    while start > 0 and at - start < WORD_CHARACTERS_MAX and _WORD_PART.match(text, start - 1):
        start -= 1
    while stop < len(text) and stop - at < WORD_CHARACTERS_MAX and _WORD_PART.match(text, stop):
        stop += 1
    return start, stop
