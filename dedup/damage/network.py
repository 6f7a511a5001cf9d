"""A stretch of English text becomes the log-odds, word by word, that the word was put in for another.

1. A text is cut into words, numbers and points. Each word has a number and a vector of `DIMENSIONS` numbers; a word in
   no list has those of its ending.
2. Of each place a small network sees the vectors and the capitals of the word and of four tokens on either side, the
   mean of the stretch's vectors, and `FIGURES` figures: how alike the word's meaning is to its neighbours and to the
   stretch's, how strongly it goes with the words beside it (those of `language.bigrams`), how frequent it is.
3. One hidden layer of rectified units gives the log-odds.

The first tokens of a process are looked at with arrays, some 4 microseconds each; from KERNEL_TOKENS on, and wherever
strings are numbered by what is compiled, it pays to load what `kernels.misplaced` compiles, which takes a twentieth of
that and finds the same, but for the order of sums.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.damage import rows, strings
from dedup.damage.rows import PLACES, REACH, UNIT
from dedup.damage.weights import DIMENSIONS, ENDINGS, HEAVY_RANK, PAIR, SPECIAL, Floats, Ids, Model, model

Doubles = NDArray[np.float64]

__all__ = [
    "ARTICLE_BIT",
    "BREAK_TAG",
    "CODE",
    "MISFIT_BIT",
    "TOKEN",
    "Floats",
    "Ids",
    "Model",
    "Sums",
    "code",
    "coded_odds",
    "disagreements",
    "model",
    "odds",
    "summed",
    "tokens",
    "without_breaks",
]

FIGURES = 18
NEIGHBOURS = 8
"""Tokens on either side whose meanings are summed."""
TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|\d+|[.,;:!?()\"“”]")
BREAK_TAG = re.compile(r"<br ?/?>")


# --- a text as numbers -------------------------------------------------------------------------------------------

LOWER, NAME, OPENING, SMALL_OPENING, CAPITALS, MIXED, NO_WORD, OUTSIDE = range(8)


def without_breaks(text: str) -> str:
    return BREAK_TAG.sub("  ", text) if "<br" in text else text


def tokens(text: str) -> list[str]:
    return TOKEN.findall(without_breaks(text))


def number(token: str, numbers: dict[str, int]) -> int:
    """The number of a token."""
    if token[0].isdigit():
        return 1
    small = token.lower().replace("’", "'")
    found = numbers.get(small)
    if found is not None:
        return found
    if not token[0].isalpha():
        return SPECIAL.index('"')
    ending = int.from_bytes(small.encode()[-4:].rjust(4, b"_"), "big")
    return len(numbers) + 1 + (ending * 2654435761 % (1 << 32)) * ENDINGS // (1 << 32)


def _shape(token: str) -> int:
    """How a token is written, wherever it stands: as if within a sentence."""
    first = token[0]
    if token.islower():
        return LOWER if first.isalpha() else NO_WORD
    if not first.isalpha():
        return STOP if first in ".!?:" else QUOTE if first in '"“”(' else NO_WORD
    if token.isupper() and len(token) > 1:
        return CAPITALS
    if first.isupper():
        return NAME if token[1:].islower() or len(token) == 1 or "'" in token or "’" in token else MIXED
    return SMALL_MIXED


SMALL_MIXED, STOP, QUOTE = 3, 8, 9
"""Shapes that say what follows: points after which a sentence begins, and quotes and brackets, which leave it as it
was; and one that depends on what stands before: capitals after a small letter."""
_OPENED = np.array((SMALL_OPENING, OPENING, 0, SMALL_OPENING, CAPITALS, MIXED, NO_WORD, 0, NO_WORD, NO_WORD), np.int64)
_WITHIN = np.array((LOWER, NAME, 0, MIXED, CAPITALS, MIXED, NO_WORD, 0, NO_WORD, NO_WORD), np.int64)


CODE = (1 << 32) - 1
"""The bits of a token that are its code; those above say what else is asked of it (`marks`)."""
ARTICLE_BIT, MISFIT_BIT = 34, 36
"""Two of these each, for `a` and for `an`: the token is this article; it does not fit its sound."""


def code(token: str, numbers: dict[str, int]) -> int:
    """The number of a token by 16, and how it is written by itself."""
    return 16 * number(token, numbers) + _shape(token)


def _coded(stretch: Sequence[str], net: Model) -> Ids:
    return np.array([code(token, net.numbers) for token in stretch], np.int64)


def _resolved(packed: Ids) -> tuple[Ids, Ids]:
    """The numbers and shapes of tokens: as if within a sentence, or at its beginning."""
    packed = packed & CODE
    shapes = packed & 15
    plain = np.where(shapes == QUOTE, -1, np.arange(len(shapes)))
    before = np.concatenate((np.full(1, -1), np.maximum.accumulate(plain)[:-1]))  # the last that is no quote
    opens = (before < 0) | (shapes[before] == STOP)
    return packed >> 4, np.where(opens, _OPENED[shapes], _WITHIN[shapes])


def _figures(ids: Ids, net: Model) -> Floats:
    """(n, FIGURES): likeness of meaning to the four tokens on either side, to all within eight, to the text and to its
    three likest words; mutual information with the word before and after, and what its lack says; frequency."""
    count = len(ids)
    found = np.zeros((count, FIGURES), np.float32)
    meaning = net.meanings[ids]
    for by in range(1, min(REACH, count - 1) + 1):
        likeness = np.einsum("ij,ij->i", meaning[by:], meaning[:-by])
        found[by:, REACH - by] = found[:-by, REACH - 1 + by] = likeness
    is_content = net.content[ids]
    content = meaning * is_content[:, None]
    padded = np.zeros((count + 2 * NEIGHBOURS + 1, DIMENSIONS), np.float32)
    np.cumsum(content, 0, out=padded[NEIGHBOURS + 1 : NEIGHBOURS + 1 + count])
    padded[NEIGHBOURS + 1 + count :] = padded[NEIGHBOURS + count]
    around = padded[2 * NEIGHBOURS + 1 :] - padded[:count] - content
    lengths = np.sqrt(np.einsum("ij,ij->i", around, around))
    found[:, 8] = np.einsum("ij,ij->i", meaning, around) / np.maximum(lengths, 1e-3)
    _bigram_figures(ids, net, found)
    found[:, 15] = net.zipf[ids]
    total = content.sum(0)
    to_total = meaning @ total
    rest = np.maximum(total @ total - (2.0 * to_total - 1.0) * is_content, 0.0)  # of length one are all meanings
    found[:, 16] = (to_total - is_content) / np.maximum(np.sqrt(rest), 1e-3)
    distinct, where = np.unique(ids, return_inverse=True)
    kept = np.zeros(len(distinct), bool)
    kept[where[is_content]] = True
    if kept.sum() > 3:
        alike = net.meanings[distinct[kept]] @ net.meanings[distinct[kept]].T
        np.fill_diagonal(alike, 0.0)
        alike.partition(-3, axis=1)
        likest = np.zeros(len(distinct), np.float32)
        likest[kept] = alike[:, -3:].mean(1)
        found[:, 17] = likest[where]
    return found


def _bigram_figures(ids: Ids, net: Model, found: Floats) -> None:
    """Columns 9 to 14: strength, what its lack says, and whether the pair is known, before and after."""
    keys = ids[:-1] * PAIR + ids[1:]
    where = np.minimum(np.searchsorted(net.pairs, keys), len(net.pairs) - 1)
    known = net.pairs[where] == keys
    listed = (ids >= len(SPECIAL)) & (ids <= len(net.numbers))
    lacking = np.maximum(0.0, net.zipf[ids[:-1]] + net.zipf[ids[1:]] - 1.0)
    columns = (np.where(known, net.bits[where], 0.0), np.where(listed[:-1] & listed[1:] & ~known, lacking, 0.0), known)
    for column, values in enumerate(columns):
        found[1:, 9 + column] = values
        found[:-1, 12 + column] = values


# --- the network -------------------------------------------------------------------------------------------------


KERNEL_TOKENS = 100_000
"""Tokens from which on loading the compiled way pays."""


@cache
def _seen() -> list[int]:
    """How many tokens were looked at with arrays."""
    return [0]


def odds(stretch: Sequence[str], net: Model) -> tuple[Ids, Floats]:
    """Which tokens of a stretch are words, and the log-odds of each."""
    return coded_odds(_coded(stretch, net), net)


def coded_odds(codes: Ids, net: Model) -> tuple[Ids, Floats]:
    """The same of tokens as `code` has them."""
    return _by_arrays(codes, net) if _is_short_work(len(codes)) else _compiled(codes, net)


@dataclass(frozen=True, slots=True)
class Sums:
    """The log-odds of the tokens of stretches, one stretch after the other, NaN for what is no word; of each stretch
    how many words there are, and how many above 0; the sum of their exponentials; how many articles do not fit the
    next word."""

    odds: Floats
    words: Doubles
    above: Doubles
    soft: Doubles
    articles: Doubles


def summed(codes: Ids, starts: Ids, stops: Ids, net: Model) -> Sums:
    """The sums over stretches of marked tokens, codes[starts[n]:stops[n]] those of stretch n."""
    if not _is_short_work(int((stops - starts).sum())):
        found, told = _compiled_sums(codes, starts, stops, net)
        return Sums(found, *told.T)
    found, told = np.full(int((stops - starts).sum()), np.nan, np.float32), np.zeros((len(starts), 4))
    first = 0
    for at, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        places, known = _by_arrays(codes[start:stop], net)
        found[first + places] = known
        first += stop - start
        soft = np.exp(np.minimum(known * net.sharpness, EXPONENT_MAX)).sum()
        told[at] = len(places), np.count_nonzero(known > 0), soft, disagreements(codes[start:stop])
    return Sums(found, *told.T)


def disagreements(codes: Ids) -> int:
    """Articles that do not fit the sound of the next word."""
    articles = codes[:-1] >> ARTICLE_BIT & 3
    return int(np.count_nonzero(articles & codes[1:] >> MISFIT_BIT)) if articles.any() else 0


EXPONENT_MAX = 60.0


def _is_short_work(tokens: int) -> bool:
    seen = _seen()
    seen[0] += tokens
    return seen[0] < KERNEL_TOKENS and not strings.known().is_compiled()


def _by_arrays(packed: Ids, net: Model) -> tuple[Ids, Floats]:
    ids, shapes = _resolved(packed)
    places = np.flatnonzero(shapes != NO_WORD)
    figures = _figures(ids, net)[places]
    codes = np.full(len(ids) + 2 * REACH, OUTSIDE, np.int64)
    codes[REACH:-REACH] = 8 * ids + shapes
    distinct, where = np.unique(codes, return_inverse=True)
    known = rows.projections()
    known.make(ids)
    written = known.written[distinct & 7].reshape(len(distinct), PLACES, -1)
    added = known.added(distinct >> 3) + written * np.float32(1.0 / UNIT)
    heavy = ids[ids >= HEAVY_RANK]
    topic = net.vectors[heavy].sum(0) / max(1, len(heavy))
    sums = added[where[places], 0]
    for by in range(1, PLACES):
        sums += added[where[places + by], by]
    hidden = figures @ net.figures + (topic @ net.mean + net.bias) + sums
    np.maximum(hidden, 0.0, out=hidden)
    return places, hidden @ net.top + net.constant + net.own[ids[places]] + figures @ net.direct


def _compiled(codes: Ids, net: Model) -> tuple[Ids, Floats]:
    found, _ = _compiled_sums(codes, np.zeros(1, np.int64), np.array([len(codes)]), net)
    places = np.flatnonzero(found == found)  # noqa: PLR0124 - what is no word has no number
    return places, found[places]


def _compiled_sums(codes: Ids, starts: Ids, stops: Ids, net: Model) -> tuple[Floats, Doubles]:
    """The log-odds of tokens, NaN for what is no word; the sums of each stretch, in the order of `Sums`."""
    from dedup.kernels import misplaced

    known, tables = rows.projections(), rows.tables()
    found, told = np.empty(int((stops - starts).sum()), np.float32), np.empty((len(starts), 4))
    misplaced.odds(
        codes, starts, stops, _OPENED, _WITHIN, HEAVY_RANK, len(net.numbers), tables.meanings, tables.vectors,
        tables.facts, tables.keys, tables.strengths, known.slots, known.words, known.written, known.near, known.taken,
        net.mean, net.figures, net.bias, net.top, net.direct, net.constant, net.sharpness, EXPONENT_MAX, found, told,
    )  # fmt: skip
    return found, told
