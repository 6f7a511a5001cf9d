"""A stretch of English text becomes the log-odds, word by word, that the word was put in for another.

1. A text is cut into words, numbers and points. Each word has a number and a vector of `DIMENSIONS` numbers; a word in
   no list has those of its ending.
2. Of each place a small network sees the vectors and the capitals of the word and of four tokens on either side, the
   mean of the stretch's vectors, and `FIGURES` figures: how alike the word's meaning is to its neighbours and to the
   stretch's, how strongly it goes with the words beside it (those of `language.bigrams`), how frequent it is.
3. One hidden layer of rectified units gives the log-odds.

The vectors begin as those of GloVe 6B (J. Pennington, R. Socher, C. Manning 2014; PDDL), the frequencies are
wordfreq's. Cost: some 4 microseconds a token. Where the weights were fitted: see `spun`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

DIMENSIONS, FIGURES, REACH = 50, 18, 4
CONTENT_RANK = 131
"""Numbers of the first words whose meaning counts: the most frequent ones go with everything."""
SPECIAL = ("", "0", ".", ",", ";", ":", "!", "?", "(", ")", '"')
"""What the first numbers stand for: nothing, a number, and points."""
NEIGHBOURS = 8
"""Tokens on either side whose meanings are summed."""
ENDINGS = 4096
"""Numbers for words in no list, by their last four letters."""

TOKEN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|\d+|[.,;:!?()\"“”]")
BREAK_TAG = re.compile(r"<br ?/?>")


@dataclass(frozen=True, slots=True)
class Model:
    """The network and the tables that it reads, as numbered by `numbers`.

    vectors: (n, DIMENSIONS). meanings: (n, DIMENSIONS), of length one or zero. zipf: (n,), less 4. own: (n,), log-odds
    of a word anywhere. pairs: sorted first * PAIR + second of the known bigrams; bits: how strongly they go
    together, by 4. layers: the first layer's weights for vectors, shapes, the text's mean and figures.
    """

    numbers: dict[str, int]
    vectors: Floats
    meanings: Floats
    zipf: Floats
    own: Floats
    pairs: Ids
    bits: Floats
    near: Floats
    shapes: Floats
    mean: Floats
    figures: Floats
    bias: Floats
    top: Floats
    direct: Floats
    constant: float
    sharpness: float


PAIR = 1 << 17


@cache
def model() -> Model:
    """The model as it lies beside this file; loading takes some 0.2 s."""
    with files("dedup.damage").joinpath("spun.npz").open("rb") as file, np.load(file) as stored:
        tables = {name: stored[name] for name in stored.files}
    words = bytes(tables.pop("words")).decode().split("\n")
    numbers = dict(zip(words, range(len(SPECIAL), len(SPECIAL) + len(words)), strict=True))
    numbers |= {sign: at for at, sign in enumerate(SPECIAL) if at}
    vectors = tables.pop("vectors").astype(np.float32) * tables.pop("scales").astype(np.float32)[:, None]
    floats = {name: table.astype(np.float32) for name, table in tables.items()}
    last = len(SPECIAL) + len(words)
    centred = vectors - vectors[len(SPECIAL) : len(SPECIAL) + 5000].mean(0)
    lengths = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    meanings = centred / np.maximum(lengths, 1e-6)[:, None]
    meanings[: len(SPECIAL)] = meanings[last:] = 0.0
    meanings[floats.pop("meaningless").astype(bool)] = 0.0
    pairs = tables["firsts"].astype(np.int64) * PAIR + tables["seconds"]
    floats = {name: table for name, table in floats.items() if name not in ("firsts", "seconds")}
    constant, sharpness = floats.pop("scalars").tolist()
    return Model(numbers, vectors, meanings, pairs=pairs, constant=constant, sharpness=sharpness, **floats)


# --- a text as numbers -------------------------------------------------------------------------------------------

LOWER, NAME, OPENING, SMALL_OPENING, CAPITALS, MIXED, NO_WORD, OUTSIDE = range(8)


def tokens(text: str) -> list[str]:
    return TOKEN.findall(BREAK_TAG.sub("  ", text) if "<br" in text else text)


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


@cache
def _known() -> dict[str, int]:
    """Tokens that were met: their numbers by 16, and their shapes."""
    return {}


def _coded(stretch: Sequence[str], net: Model) -> tuple[Ids, Ids]:
    """The numbers and shapes of the tokens of a stretch."""
    known = _known()
    codes = list(map(known.get, stretch))
    if None in codes:
        if len(known) > KNOWN_MAX:
            known.clear()
        for at, token in enumerate(stretch):
            if codes[at] is None:
                codes[at] = known[token] = 16 * number(token, net.numbers) + _shape(token)
    packed = np.array(codes, np.int64)
    shapes = packed & 15
    plain = np.where(shapes == QUOTE, -1, np.arange(len(shapes)))
    before = np.concatenate((np.full(1, -1), np.maximum.accumulate(plain)[:-1]))  # the last that is no quote
    opens = (before < 0) | (shapes[before] == STOP)
    return packed >> 4, np.where(opens, _OPENED[shapes], _WITHIN[shapes])


KNOWN_MAX = 200_000
"""Tokens whose numbers are kept."""


def _figures(ids: Ids, net: Model) -> Floats:
    """(n, FIGURES): likeness of meaning to the four tokens on either side, to all within eight, to the text and to its
    three likest words; mutual information with the word before and after, and what its lack says; frequency."""
    count = len(ids)
    found = np.zeros((count, FIGURES), np.float32)
    meaning = net.meanings[ids]
    for by in range(1, min(REACH, count - 1) + 1):
        likeness = np.einsum("ij,ij->i", meaning[by:], meaning[:-by])
        found[by:, REACH - by] = found[:-by, REACH - 1 + by] = likeness
    is_content = (ids >= CONTENT_RANK) & (meaning[:, 0] != 0.0)
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


@dataclass(frozen=True, slots=True)
class _Projections:
    """What a word, and a shape, add to the hidden units from each of the 2 * REACH + 1 places around.

    words: (FREQUENT, places * hidden), those of the most frequent words, made when first met: is_made. shapes: (8,
    places * hidden). near: (DIMENSIONS, places * hidden), which makes them.
    """

    words: Floats
    is_made: NDArray[np.bool_]
    shapes: Floats
    near: Floats


FREQUENT = 8192
PLACES = 2 * REACH + 1


@cache
def _projections() -> _Projections:
    net = model()
    hidden = len(net.bias)
    near = net.near.reshape(PLACES, DIMENSIONS, hidden).transpose(1, 0, 2).reshape(DIMENSIONS, -1)
    shapes = net.shapes.reshape(PLACES, 8, hidden).transpose(1, 0, 2).reshape(8, -1)
    words = np.zeros((FREQUENT, PLACES * hidden), np.float32)
    return _Projections(words, np.zeros(FREQUENT, bool), np.ascontiguousarray(shapes), np.ascontiguousarray(near))


def _projected(ids: Ids, net: Model) -> Floats:
    """What words add from each place around: (n, places * hidden)."""
    known = _projections()
    frequent = ids < FREQUENT
    kept = ids[frequent]
    new = kept[~known.is_made[kept]]
    if len(new):
        known.words[new] = net.vectors[new] @ known.near
        known.is_made[new] = True
    found = np.empty((len(ids), known.near.shape[1]), np.float32)
    found[frequent] = known.words[kept]
    found[~frequent] = net.vectors[ids[~frequent]] @ known.near
    return found


def odds(stretch: Sequence[str], net: Model) -> tuple[Ids, Floats]:
    """Which tokens of a stretch are words, and the log-odds of each."""
    ids, shapes = _coded(stretch, net)
    places = np.flatnonzero(shapes != NO_WORD)
    figures = _figures(ids, net)[places]
    codes = np.full(len(ids) + 2 * REACH, OUTSIDE, np.int64)
    codes[REACH:-REACH] = 8 * ids + shapes
    distinct, where = np.unique(codes, return_inverse=True)
    added = _projected(distinct >> 3, net)
    added += _projections().shapes[distinct & 7]
    added = added.reshape(len(distinct), PLACES, -1)
    heavy = ids[ids >= 71]
    topic = net.vectors[heavy].sum(0) / max(1, len(heavy))
    hidden = figures @ net.figures
    hidden += topic @ net.mean + net.bias
    for by in range(PLACES):
        hidden += added[where[places + by], by]
    np.maximum(hidden, 0.0, out=hidden)
    return places, hidden @ net.top + net.constant + net.own[ids[places]] + figures @ net.direct
