"""A text becomes the numbers of its tokens, each with marks of what else is asked of it.

What stands between white space is taken apart once and remembered: few strings make up most of a text. A token is
`network.code` in its lower 32 bits; the bits above say whether it is a word, a frequent English one, an article, and
whether an article before it does not fit its sound. Limits: strings of over PIECE_CHARACTERS_MAX are not remembered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from dedup.damage import lexicon
from dedup.damage.network import TOKEN, Ids, code, without_breaks
from dedup.damage.weights import Model

WORD, FREQUENT = 1 << 32, 1 << 33
_ARTICLE_BIT, _MISFIT_BIT = 34, 36
"""Two bits each: for `a`, and for `an`."""
CODE = (1 << 32) - 1
PIECE_CHARACTERS_MAX, PIECES_MAX = 40, 200_000
_NONE = np.empty(0, np.int64)

_ARTICLE = re.compile(
    r"\b[Aa] (?:[aio]\w+|[e](?!u|w)\w+|u(?!n[ia]|s|t|r[ao]|k|b)\w{2,})"
    r"|\b[Aa]n (?:[bcdfgjklmnpqrstvwyz][a-z]{2,})\b"
)
_NOT_DISAGREEING = re.compile(r"\b[Aa] (?:one|once|or|of|in|at|as|and|is|it|I|on|are|am|if)\b")
_ARTICLES = {"a": 1, "A": 1, "an": 2, "An": 2}


def marked(text: str, net: Model) -> Ids:
    """The tokens of a text."""
    known, pieces = _known(), without_breaks(text).split()
    found = list(map(known.get, pieces))
    if None in found:
        if len(known) > PIECES_MAX:
            known.clear()
        found = [_of_piece(piece, net) if one is None else one for piece, one in zip(pieces, found, strict=True)]
    return np.frombuffer(b"".join(filter(None, found)), np.int64)


@cache
def _known() -> dict[str, bytes]:
    """The tokens of strings that were met."""
    return {}


def _of_piece(piece: str, net: Model) -> bytes:
    tokens = np.array([_mark(token) | code(token, net.numbers) for token in TOKEN.findall(piece)], np.int64).tobytes()
    if len(piece) <= PIECE_CHARACTERS_MAX:
        _known()[piece] = tokens
    return tokens


def _mark(token: str) -> int:
    if not token[0].isalpha():
        return _misfits(token) << _MISFIT_BIT
    frequent = FREQUENT if lexicon.zipf(token.lower()) >= lexicon.KNOWN_ZIPF else 0
    return WORD | frequent | _ARTICLES.get(token, 0) << _ARTICLE_BIT | _misfits(token) << _MISFIT_BIT


def _misfits(token: str) -> int:
    """Which of the articles does not fit a word after it: 1 for `a`, 2 for `an`."""
    return sum(
        bit
        for article, bit in (("a", 1), ("an", 2))
        if _ARTICLE.fullmatch(f"{article} {token}") and not _NOT_DISAGREEING.fullmatch(f"{article} {token}")
    )


def disagreements(tokens: Ids) -> int:
    """Articles that do not fit the sound of the next word."""
    articles = tokens[:-1] >> _ARTICLE_BIT & 3
    return int(np.count_nonzero(articles & tokens[1:] >> _MISFIT_BIT)) if articles.any() else 0


def words(parts: Sequence[Ids], most: int) -> Ids:
    """The tokens that are words among the first of each part."""
    heads: Ids = np.concatenate([_NONE, *(part[:most] for part in parts)])
    found: Ids = heads[(heads & WORD) != 0]
    return found
