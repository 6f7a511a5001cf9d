"""A piece of text between white space is put in a class: known, or in a shape that scanners and slips make.

Unknown or rare, with or without a frequent word one slip away (`lexicon.neighbour`) or one misread stroke; digits among
letters; signs inside a word; a capital inside; a lone letter; a lone sign; a part that ends in a hyphen; code, which
says nothing. English only.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, get_args

from dedup.damage import lexicon

Shape = Literal[
    "known", "near", "near rare", "near short", "far", "far short", "name near", "name far", "digits", "signs",
    "capital", "letter", "sign", "odd sign", "confusion", "misread", "divided", "code", "number",
]  # fmt: skip
SHAPES: tuple[Shape, ...] = get_args(Shape)
EDGES = "\"'“”‘’.,;:!?()[]{}…—–-*_«»"
_CODE = re.compile(r"[=<>\\{}$@#%+|~`^]{1}|[\w)][/_(\[]|[/_]|\w\.\w+(?:\.\w*)?$|::|://|^-{1,2}\w|\d[.,:]\d")
_NUMBER = re.compile(r"^[£$€#]?\d[\d.,:/'’-]*(?:st|nd|rd|th|s|am|pm|km|kg|mm|cm|m|d|[A-Za-z])?%?$")
_ODD = re.compile(r"[»«■•^~|\\{}<>*%@¬§¥€£�©®°]")
_INNER = re.compile(r"[^\W\d_][.,;:!?*^~|«»■•\\£&()\[\]\"“”][^\W\d_]")
_ABBREVIATION = re.compile(r"(?:[A-Za-z]{1,4}\.){1,6}[A-Za-z]?")
_CAMEL = re.compile(r"[a-z]{2}[A-Z]|[A-Z]{2}[a-z]{2}|[a-z][A-Z]$")
_SURE_NAME = re.compile(r"(?:Mac|Mc|De|La|Le|Van|O['’]|D['’]|Fitz)[A-Z][a-z]+")


PIECE_CHARACTERS_MAX = 256
"""Characters from which a piece is no word, whatever stands in it."""


def shape(piece: str) -> Shape:
    """The class of a piece of text between white space."""
    return _shape(piece) if len(piece) <= PIECE_CHARACTERS_MAX else "code"


def _shape(piece: str) -> Shape:
    bare = piece.strip(EDGES)
    if not bare:
        return "known" if piece in PLAIN_SIGNS else "odd sign" if _ODD.search(piece) else "sign"
    if bare in CONFUSIONS:
        return "confusion"
    if bare.isalpha():
        if bare.islower():
            return "divided" if piece.endswith("-") and len(bare) > 1 else _word_shape(bare)
        if bare is piece and bare[1:].islower():  # a name by itself
            return _word_shape(bare)
    return _sign_shape(piece, bare) or _parts_shape(piece, bare)


def _sign_shape(piece: str, bare: str) -> Shape | None:
    """The class of a piece that is not all letters, capitals, apostrophes and hyphens."""
    if bare.isalpha():
        return "signs" if _ODD.search(piece) else None
    for kind, pattern in _SIGN_SHAPES if _DIGIT.search(bare) else _NO_DIGIT_SHAPES:
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
CONFUSIONS = frozenset(
    "tho tbo tbe thc lhe tlie tiie aud nnd ond anl arc aro bo ot oi ol ou iu io iii hy wns waa ns il ii li lor tor lo "
    "wo havo bave hnve wero woro lias liad hnd fiom trom frora wbo wbich whioh wliich tbat thal thnt tliat tbis tins "
    "oue ono witb wilh uot nol bv hc shc tbey thoy tliey thcy wus lie ia aa aro bis nt ou".split()
)
"""What machines read for the most frequent English words, where `e` looks like `o` or `c`, `h` like `b` or `li`."""
MISREADINGS = (
    ("fl", "fi"),
    ("av", "w"),
    ("lv", "w"),
    ("vv", "w"),
    ("rn", "m"),
    ("in", "m"),
    ("nn", "m"),
    ("ni", "m"),
    ("iii", "m"),
    ("li", "h"),
    ("tl", "th"),
    ("tb", "th"),
    ("ib", "th"),
    ("ih", "th"),
    ("lh", "th"),
    ("cl", "d"),
    ("ii", "n"),
    ("ii", "u"),
    ("il", "n"),
    ("oo", "ce"),
    ("ll", "h"),
    ("ri", "n"),
    ("rl", "n"),
    ("ti", "n"),
    ("m", "in"),
    ("m", "rn"),
    ("h", "li"),
    ("d", "cl"),
    ("w", "vv"),
    ("fi", "ff"),
    ("o", "e"),
    ("c", "e"),
    ("e", "c"),
    ("a", "e"),
    ("e", "o"),
    ("b", "h"),
    ("h", "b"),
    ("n", "u"),
    ("u", "n"),
    ("l", "t"),
    ("t", "l"),
    ("f", "t"),
    ("t", "f"),
    ("i", "l"),
    ("l", "i"),
    ("i", "t"),
    ("t", "i"),
    ("r", "t"),
    ("i", "r"),
    ("j", "i"),
    ("s", "a"),
    ("a", "s"),
    ("f", "s"),
    ("v", "y"),
    ("y", "v"),
    ("g", "q"),
    ("q", "g"),
    ("k", "h"),
    ("c", "o"),
    ("n", "a"),
    ("a", "n"),
    ("v", "r"),
    ("r", "v"),
    ("n", "r"),
)
"""What scanners read, and what stood there: strokes of like form."""
MISREAD_ZIPF, MISREAD_GAIN = 4.0, 3.0
"""Zipf frequency of a word that may have been misread, and by how much it must be more frequent than the reading."""

_SIGN_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = (
    ("digits", _LIKE_DIGIT),
    ("number", _NUMBER),
    ("code", _CODE),
)
_DIGIT, _NO_DIGIT_SHAPES = re.compile(r"\d"), _SIGN_SHAPES[2:]
PLAIN_SIGNS = frozenset(("-", "—", "–", "--", "---", "...", "…", "*", '"', "“", "”", ".", "(", ")"))


def _parts_shape(piece: str, bare: str) -> Shape:
    """The class of a piece of letters with capitals, apostrophes or hyphens: that of its worst part."""
    if piece.endswith("-") and len(bare) > 1:
        return "divided"
    if _CAMEL.search(bare) and not _SURE_NAME.match(bare):
        return "capital"
    shapes = [_word_shape(part) for part in bare.replace("’", "'").split("-") if part]
    return max(shapes, key=_RANK.__getitem__) if shapes else "sign"


_RANK: dict[Shape, int] = {
    "known": 0, "letter": 1, "name far": 2, "name near": 3, "far short": 4, "far": 5, "confusion": 5, "misread": 9,
    "near short": 6, "near rare": 7, "near": 8,
}  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _word_shape(word: str) -> Shape:
    """The class of one word of letters and apostrophes."""
    small = word.lower()
    if len(small) == 1:
        return "known" if small in "aio" or word.isupper() else "letter"
    found = lexicon.zipf(small)
    if found >= 3.5 or (found >= 2.5 and len(small) > 4):
        return "known"
    if found < MISREAD_RARE and len(small) > 2 and misread(small):
        return "misread"
    if word[0].isupper() and found >= NAME_ZIPF:
        return "known"
    other = lexicon.neighbour(small.removesuffix("'s"))
    gain = lexicon.zipf(other) - found if other else 0.0
    return _name_shape(small, gain) if word[0].isupper() else _rare_shape(small, found, gain)


def _name_shape(small: str, gain: float) -> Shape:
    """The class of a rarer word with a capital; `gain` is by how much its neighbour is more frequent."""
    return "name near" if gain > 3 and len(small) > 4 else "name far"


def _rare_shape(small: str, found: float, gain: float) -> Shape:
    """The class of a rare word in small letters."""
    if gain >= 2.5:
        return "near short" if len(small) < 5 else "near rare" if found >= 1.0 else "near"
    if found >= (2.5 if len(small) < 4 else 1.3):
        return "known"
    return "far short" if len(small) < 5 else "far"


NAME_ZIPF = 1.5
"""Zipf frequency from which a word with a capital is known."""
MISREAD_RARE = 2.0
"""Zipf frequency up to which a word is asked whether it was misread."""


TABLE_WORDS = 50_000
"""Words from which on making the table of all misreadings pays: trying each of them takes 5 microseconds a word."""


@cache
def _tried() -> list[int]:
    """Of how many words each misreading was tried."""
    return [0]


def misread(word: str) -> str | None:
    """The frequent word that a scanner reads as this rare one, by one stroke for another, if there is one."""
    tried = _tried()
    tried[0] += 1
    other = searched(word) if tried[0] < TABLE_WORDS else misreadings().get(word)
    return other if other and lexicon.listed(other) > lexicon.listed(word) + MISREAD_GAIN else None


def searched(word: str) -> str | None:
    """What the table of misreadings has of a word, by trying each of them."""
    best, most, words = None, MISREAD_ZIPF, lexicon.frequent_words()
    for read, stood in MISREADINGS:
        at = word.find(read)
        while at >= 0:
            other = word[:at] + stood + word[at + len(read) :]
            if other in words and lexicon.listed(other) > most:
                best, most = other, lexicon.listed(other)
            at = word.find(read, at + 1)
    return best


@cache
def misreadings() -> dict[str, str]:
    """For each string that a scanner may read for a frequent word the most frequent of these; of equally frequent ones
    that of the first misreading, and of the first place in the string. Making it takes 0.1 s."""
    found: dict[str, tuple[float, int, int, str]] = {}
    for other in lexicon.frequent_words():
        share = lexicon.listed(other)
        if share <= MISREAD_ZIPF:
            continue
        for rank, (read, stood) in enumerate(MISREADINGS):
            at = other.find(stood)
            while at >= 0:
                word = other[:at] + read + other[at + len(stood) :]
                better = (-share, rank, at, other)
                if word not in found or better < found[word]:
                    found[word] = better
                at = other.find(stood, at + 1)
    return {word: other for word, (_, _, _, other) in found.items()}
