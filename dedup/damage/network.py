"""A stretch of English text becomes the log-odds, word by word, that the word was put in for another.

1. A text is cut into words, numbers and points. Each word has a number and a vector of `DIMENSIONS` numbers; a word in
   no list has those of its ending.
2. Of each place a small network sees the vectors and the capitals of the word and of four tokens on either side, the
   mean of the stretch's vectors, and `FIGURES` figures: how alike the word's meaning is to its neighbours and to the
   stretch's, how strongly it goes with the words beside it (`language.bigrams`), how frequent it is.
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

from dedup import language

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

DIMENSIONS, FIGURES, REACH = 50, 18, 4
CONTENT_RANK = 131
"""Numbers of the first words whose meaning counts: the most frequent ones go with everything."""
SPECIAL = ("", "0", ".", ",", ";", ":", "!", "?", "(", ")", '"')
"""What the first numbers stand for: nothing, a number, and points."""
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
    """The model as it lies beside this file; loading takes some 0.6 s."""
    with files("dedup.damage").joinpath("spun.npz").open("rb") as file, np.load(file) as stored:
        tables = {name: stored[name] for name in stored.files}
    words = bytes(tables.pop("words")).decode().split("\n")
    numbers = {word: len(SPECIAL) + at for at, word in enumerate(words)}
    numbers |= {sign: at for at, sign in enumerate(SPECIAL) if at}
    vectors = tables.pop("vectors").astype(np.float32) * tables.pop("scales").astype(np.float32)[:, None]
    floats = {name: table.astype(np.float32) for name, table in tables.items()}
    last = len(SPECIAL) + len(words)
    centred = vectors - vectors[len(SPECIAL) : len(SPECIAL) + 5000].mean(0)
    meanings = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    meanings[: len(SPECIAL)] = meanings[last:] = 0.0
    meanings[floats.pop("meaningless").astype(bool)] = 0.0
    pairs, bits = _bigrams(numbers, floats["zipf"])
    constant, sharpness = floats.pop("scalars").tolist()
    return Model(numbers, vectors, meanings, pairs=pairs, bits=bits, constant=constant, sharpness=sharpness, **floats)


def _bigrams(numbers: dict[str, int], zipf: Floats) -> tuple[Ids, Floats]:
    """The known pairs of words in order, and their mutual information by 4."""
    found: dict[int, int] = {}
    for first, second, count in zip(*language.bigrams(), strict=True):
        one, two = numbers.get(first, 0), numbers.get(second, 0)
        if one and two:
            found[one * PAIR + two] = found.get(one * PAIR + two, 0) + count
    keys = np.array(sorted(found), np.int64)
    counts = np.array([found[key] for key in keys.tolist()], np.float64)
    expected = (zipf[keys // PAIR] + zipf[keys % PAIR] - 10.0) * np.log2(10.0)
    bits = np.log2(counts / language.BIGRAM_TOKENS) - expected
    return keys, (np.clip(bits, -5, 12) / 4).astype(np.float32)


# --- a text as numbers -------------------------------------------------------------------------------------------

LOWER, NAME, OPENING, SMALL_OPENING, CAPITALS, MIXED, NO_WORD, OUTSIDE = range(8)


def tokens(text: str) -> list[str]:
    return TOKEN.findall(BREAK_TAG.sub("  ", text) if "<br" in text else text)


def number(token: str, numbers: dict[str, int]) -> int:
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


def _shapes(window: Sequence[str]) -> list[int]:
    """How each token is written, and whether it opens a sentence."""
    shapes = []
    opens = True
    for token in window:
        first = token[0]
        if not first.isalpha():
            shapes.append(NO_WORD)
            opens = first in ".!?:" or (opens and first in '"“”(') or (first in '"“”(' and opens)
            continue
        if token.isupper() and len(token) > 1:
            shapes.append(CAPITALS)
        elif first.isupper():
            plain = token[1:].islower() or len(token) == 1 or "'" in token or "’" in token
            shapes.append((OPENING if opens else NAME) if plain else MIXED)
        else:
            shapes.append(SMALL_OPENING if opens else LOWER if token.islower() else MIXED)
        opens = False
    return shapes


def _shifted(values: Floats, by: int) -> Floats:
    """The rows of `values` moved so that row i is what stood at i + by; zeros beyond the ends."""
    moved = np.zeros_like(values)
    if by > 0:
        moved[:-by] = values[by:]
    else:
        moved[-by:] = values[:by]
    return moved


def _figures(ids: Ids, net: Model) -> Floats:
    """(n, FIGURES): likeness of meaning to the four tokens on either side, to all within eight, to the text and to its
    three likest words; mutual information with the word before and after, and what its lack says; frequency."""
    count = len(ids)
    found = np.zeros((count, FIGURES), np.float32)
    meaning = net.meanings[ids]
    is_content = ((ids >= CONTENT_RANK) & meaning.any(1)).astype(np.float32)
    content = meaning * is_content[:, None]
    for column, by in enumerate((-4, -3, -2, -1, 1, 2, 3, 4)):
        if abs(by) < count:
            found[:, column] = (meaning * _shifted(meaning, by)).sum(1)
    total = np.concatenate((np.zeros((1, DIMENSIONS), np.float32), np.cumsum(content, 0)))
    at = np.arange(count)
    around = total[np.minimum(at + 9, count)] - total[np.maximum(at - 8, 0)] - content
    found[:, 8] = (meaning * around).sum(1) / np.maximum(np.linalg.norm(around, axis=1), 1e-3)
    _bigram_figures(ids, net, found)
    found[:, 15] = net.zipf[ids]
    rest = content.sum(0) - content
    found[:, 16] = (meaning * rest).sum(1) / np.maximum(np.linalg.norm(rest, axis=1), 1e-3)
    distinct = np.unique(ids[is_content > 0])
    if len(distinct) > 3:
        alike = net.meanings[distinct] @ net.meanings[distinct].T
        np.fill_diagonal(alike, 0.0)
        likest = np.partition(alike, -3, axis=1)[:, -3:].mean(1)
        where = np.minimum(np.searchsorted(distinct, ids), len(distinct) - 1)
        found[:, 17] = np.where(distinct[where] == ids, likest[where], 0.0)
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


def odds(stretch: Sequence[str], net: Model) -> tuple[Ids, Floats]:
    """Which tokens of a stretch are words, and the log-odds of each."""
    ids = np.array([number(token, net.numbers) for token in stretch], np.int64)
    shapes = np.array(_shapes(stretch), np.int64)
    places = np.flatnonzero(shapes != NO_WORD)
    figures = _figures(ids, net)
    padded = np.concatenate((np.zeros(REACH, np.int64), ids, np.zeros(REACH, np.int64)))
    outside = np.full(REACH, OUTSIDE, np.int64)
    padded_shapes = np.concatenate((outside, shapes, outside))
    around = places[:, None] + np.arange(2 * REACH + 1)
    heavy = ids[ids >= 71]
    topic = net.vectors[heavy].sum(0) / max(1, len(heavy))
    hidden = net.vectors[padded[around]].reshape(len(places), -1) @ net.near
    hidden += net.shapes[padded_shapes[around] + 8 * np.arange(2 * REACH + 1)].sum(1)
    hidden += figures[places] @ net.figures
    hidden += topic @ net.mean + net.bias
    found = np.maximum(hidden, 0.0) @ net.top + net.constant + net.own[ids[places]] + figures[places] @ net.direct
    return places, found
