"""A stretch of English text becomes the log-odds, word by word, that the word was put in for another.

1. A text is cut into words, numbers and points. Each word has a number and a vector of `DIMENSIONS` numbers; a word in
   no list has those of its ending.
2. Of each place a small network sees the vectors and the capitals of the word and of four tokens on either side, the
   mean of the stretch's vectors, and `FIGURES` figures: how alike the word's meaning is to its neighbours and to the
   stretch's, how strongly it goes with the words beside it (those of `language.bigrams`), how frequent it is.
3. One hidden layer of rectified units gives the log-odds.

The first tokens of a process are looked at with arrays, some 4 microseconds each; from KERNEL_TOKENS on it pays to load
what `kernels.misplaced` compiles, which takes a tenth of that and finds the same, but for the order of sums.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.damage.weights import DIMENSIONS, ENDINGS, HEAVY_RANK, MEANING, PAIR, SPECIAL, Floats, Ids, Model, model

__all__ = [
    "BREAK_TAG",
    "TOKEN",
    "Floats",
    "Ids",
    "Model",
    "code",
    "coded_odds",
    "model",
    "odds",
    "tokens",
    "without_breaks",
]

FIGURES, REACH = 18, 4
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
    if not first.isalpha():
        return STOP if first in ".!?:" else QUOTE if first in '"“”(' else NO_WORD
    if token.isupper() and len(token) > 1:
        return CAPITALS
    if first.isupper():
        return NAME if token[1:].islower() or len(token) == 1 or "'" in token or "’" in token else MIXED
    return LOWER if token.islower() else SMALL_MIXED


SMALL_MIXED, STOP, QUOTE = 3, 8, 9
"""Shapes that say what follows: points after which a sentence begins, and quotes and brackets, which leave it as it
was; and one that depends on what stands before: capitals after a small letter."""
_OPENED = np.array((SMALL_OPENING, OPENING, 0, SMALL_OPENING, CAPITALS, MIXED, NO_WORD, 0, NO_WORD, NO_WORD), np.int64)
_WITHIN = np.array((LOWER, NAME, 0, MIXED, CAPITALS, MIXED, NO_WORD, 0, NO_WORD, NO_WORD), np.int64)


def code(token: str, numbers: dict[str, int]) -> int:
    """The number of a token by 16, and how it is written by itself."""
    return 16 * number(token, numbers) + _shape(token)


def _coded(stretch: Sequence[str], net: Model) -> Ids:
    return np.array([code(token, net.numbers) for token in stretch], np.int64)


def _resolved(packed: Ids) -> tuple[Ids, Ids]:
    """The numbers and shapes of tokens: as if within a sentence, or at its beginning."""
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
    columns = (
        np.where(known, net.bits[where], 0.0),
        np.where(listed[:-1] & listed[1:] & ~known, lacking, 0.0),
        known,
    )
    for column, values in enumerate(columns):
        found[1:, 9 + column] = values
        found[:-1, 12 + column] = values


# --- the network -------------------------------------------------------------------------------------------------


class _Projections:
    """What words, and ways of writing, add to the hidden units from each of the 2 * REACH + 1 places around.

    words: (SLOTS, places * hidden) int16 of scale UNIT; slots: (n,), where in it a word is, -1 if it is not. written:
    (8, places * hidden), those of shapes; near: (DIMENSIONS, places * hidden), which makes words' rows; taken: (1,),
    how many there are. When all slots are taken, all are given up.
    """

    def __init__(self, net: Model) -> None:
        hidden = len(net.bias)
        near = net.near.reshape(PLACES, -1, hidden).transpose(1, 0, 2).reshape(-1, PLACES * hidden)
        shapes = net.shapes.reshape(PLACES, 8, hidden).transpose(1, 0, 2).reshape(8, -1)
        self._vectors, self.near, self.taken = net.vectors, near.astype(np.float64), np.zeros(1, np.int64)
        self.written = np.rint(shapes * UNIT).astype(np.int16)
        self.words = np.empty((SLOTS, PLACES * hidden), np.int16)
        self.slots = np.full(len(net.vectors), -1, np.int32)

    def make(self, ids: Ids) -> None:
        """Makes room for words, and puts down what they add."""
        ids = np.append(ids, 0)  # which stands for what is outside
        new = np.unique(ids[self.slots[ids] < 0])
        if not len(new):
            return
        first = int(self.taken[0])
        if first + len(new) > SLOTS:
            self.slots[:] = -1
            first, new = 0, np.unique(ids)
        stop = first + len(new)
        self.words[first:stop] = np.rint(self._vectors[new] @ self.near * UNIT)
        self.slots[new] = np.arange(first, stop)
        self.taken[0] = stop


UNIT, SLOTS = 1024, 1 << 14
PLACES = 2 * REACH + 1


@cache
def _projections() -> _Projections:
    return _Projections(model())


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
    seen = _seen()
    seen[0] += len(codes)
    return _by_arrays(codes, net) if seen[0] < KERNEL_TOKENS else _compiled(codes, net)


def _by_arrays(packed: Ids, net: Model) -> tuple[Ids, Floats]:
    ids, shapes = _resolved(packed)
    places = np.flatnonzero(shapes != NO_WORD)
    figures = _figures(ids, net)[places]
    codes = np.full(len(ids) + 2 * REACH, OUTSIDE, np.int64)
    codes[REACH:-REACH] = 8 * ids + shapes
    distinct, where = np.unique(codes, return_inverse=True)
    known = _projections()
    known.make(ids)
    added = known.words[known.slots[distinct >> 3]] + known.written[distinct & 7]
    added = added.reshape(len(distinct), PLACES, -1)
    heavy = ids[ids >= HEAVY_RANK]
    topic = net.vectors[heavy].sum(0) / max(1, len(heavy))
    sums = added[where[places], 0]
    for by in range(1, PLACES):
        sums += added[where[places + by], by]
    hidden = figures @ net.figures + (topic @ net.mean + net.bias) + sums * np.float32(1.0 / UNIT)
    np.maximum(hidden, 0.0, out=hidden)
    return places, hidden @ net.top + net.constant + net.own[ids[places]] + figures @ net.direct


def _compiled(codes: Ids, net: Model) -> tuple[Ids, Floats]:
    from dedup.kernels import misplaced

    known, (meanings, starts) = _projections(), _whole_numbers()
    found = np.empty(len(codes), np.float32)
    misplaced.odds(
        codes, _OPENED, _WITHIN, net.content, HEAVY_RANK, len(net.numbers), meanings, net.vectors, net.zipf, net.own,
        net.pairs, starts, net.bits, known.slots, known.words, known.written, known.near, known.taken, net.mean,
        net.figures, net.bias, net.top, net.direct, net.constant, found,
    )  # fmt: skip
    places = np.flatnonzero(found == found)  # noqa: PLR0124 - what is no word has no number
    return places, found[places]


@cache
def _whole_numbers() -> tuple[NDArray[np.int16], Ids]:
    """Meanings as whole numbers, padded to whole vectors, and where the known bigrams of each first word begin."""
    from dedup.kernels.misplaced import WIDTH

    net = model()
    meanings = np.zeros((len(net.meanings), WIDTH), np.int16)
    meanings[:, : net.meanings.shape[1]] = np.rint(net.meanings * MEANING)
    return meanings, np.searchsorted(net.pairs, np.arange(len(meanings) + 1) * PAIR).astype(np.int64)
