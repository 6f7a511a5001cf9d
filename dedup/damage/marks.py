"""A text becomes the numbers of its tokens, each with marks of what else is asked of it.

What stands between white space is taken apart once and remembered (`strings`). A token is
`network.code` in its lower 32 bits; the bits above say whether it is a word, a frequent English one, an article, and
whether an article before it does not fit its sound.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from dedup.damage import lexicon, strings
from dedup.damage.batch import of
from dedup.damage.network import ARTICLE_BIT, CODE, MISFIT_BIT, TOKEN, Ids, code, disagreements, without_breaks
from dedup.damage.numbered import Strings
from dedup.damage.weights import model

__all__ = ["CODE", "FREQUENT", "WORD", "disagreements", "language", "marked", "tokens"]

WORD, FREQUENT = 1 << 32, 1 << 33

_AFTER_AN_ONLY = re.compile(r"[aio]\w+|e(?!u|w)\w+|u(?!n[ia]|s|t|r[ao]|k|b)\w{2,}")
_AFTER_A_ONLY = frozenset("bcdfgjklmnpqrstvwyz")
AFTER_ANY = frozenset("one once or of in at as and is it I on are am if".split())
_ARTICLES = {"a": 1, "A": 1, "an": 2, "An": 2}


def marked(text: str) -> Ids:
    """The tokens of a text."""
    return tokens(of([without_breaks(text)]).strings)[0]


def tokens(found: Strings) -> tuple[Ids, Ids]:
    """The tokens of texts, one after the other, and where those of each begin, and the last ends."""
    return strings.known().tokens(found, of_string)


def of_string(string: str) -> list[int]:
    """The tokens of what stands between white space."""
    return list(map(_token, TOKEN.findall(string)))


@lru_cache(maxsize=1 << 16)
def _token(token: str) -> int:
    return _mark(token) | code(token, model().numbers)


def _mark(token: str) -> int:
    if not token[0].isalpha():
        return _misfits(token) << MISFIT_BIT
    frequent = FREQUENT if lexicon.is_frequent(token.lower()) else 0
    return WORD | frequent | _ARTICLES.get(token, 0) << ARTICLE_BIT | _misfits(token) << MISFIT_BIT


def _misfits(token: str) -> int:
    """Which of the articles does not fit a word after it: 1 for `a`, 2 for `an`."""
    if token[0] in "aeiou":
        return 1 if token not in AFTER_ANY and _AFTER_AN_ONLY.fullmatch(token) else 0
    return 2 if token[0] in _AFTER_A_ONLY and len(token) > 2 and token.isalpha() and token[1:].islower() else 0


def language(codes: Ids, starts: Ids, stops: Ids, texts: Ids, most: tuple[int, int]) -> tuple[Ids, Ids]:
    """Of each text how many words are among the first tokens of its parts, and how many of the first of these words are
    frequent; most: how many tokens of each part are asked, and how many words.

    codes[starts[n]:stops[n]]: the tokens of part n; texts: (n,), ascending, which text it is of.
    """
    asked, early = most
    sizes = np.minimum(stops - starts, asked)
    heads = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
    seen, owners = codes[heads], np.repeat(texts, sizes)
    is_word = (seen & WORD) != 0
    seen, owners = seen[is_word], owners[is_word]
    words = np.bincount(owners, minlength=int(texts.max(initial=-1)) + 1)
    rank = np.arange(len(owners)) - (np.cumsum(words) - words)[owners]
    chosen = ((seen & FREQUENT) != 0) & (rank < early)
    return words, np.bincount(owners[chosen], minlength=len(words))
