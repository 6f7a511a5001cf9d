"""The tables of the network that tells words put in for others, as they lie beside this file.

The vectors begin as those of GloVe 6B (J. Pennington, R. Socher, C. Manning 2014; PDDL), the frequencies are
wordfreq's. Where the weights were fitted: see `spun`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]

DIMENSIONS = 50
MEANING = 2048
"""Steps of a meaning's numbers: with these, sums of products are exact whatever their order."""
CONTENT_RANK = 131
"""Numbers of the first words whose meaning counts: the most frequent ones go with everything."""
HEAVY_RANK = 71
"""The same for the mean of a text."""
SPECIAL = ("", "0", ".", ",", ";", ":", "!", "?", "(", ")", '"')
"""What the first numbers stand for: nothing, a number, and points."""
ENDINGS = 4096
"""Numbers for words in no list, by their last four letters."""


@dataclass(frozen=True, slots=True)
class Model:
    """The network and the tables that it reads, as numbered by `numbers`.

    vectors: (n, DIMENSIONS), whole numbers up to 127 times scales, (n,). meanings: (n, DIMENSIONS), of length one or
    zero, in steps of 1 / MEANING. content: (n,), whether a meaning counts. zipf: (n,), less 4. own: (n,), log-odds of a
    word anywhere. pairs: sorted first * PAIR + second of the known bigrams; bits: how strongly they go together, by 4.
    near, shapes, mean, figures: the first layer's weights for vectors, ways of writing, the text's mean and figures.
    """

    numbers: dict[str, int]
    vectors: Floats
    scales: Floats
    meanings: Floats
    content: Flags
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
    scales = tables.pop("scales").astype(np.float32)
    vectors = tables.pop("vectors").astype(np.float32) * scales[:, None]
    floats = {name: table.astype(np.float32) for name, table in tables.items()}
    last = len(SPECIAL) + len(words)
    centred = vectors - vectors[len(SPECIAL) : len(SPECIAL) + 5000].mean(0)
    lengths = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    meanings = centred / np.maximum(lengths, 1e-6)[:, None]
    meanings[: len(SPECIAL)] = meanings[last:] = 0.0
    meanings[floats.pop("meaningless").astype(bool)] = 0.0
    meanings = np.rint(meanings * MEANING) / np.float32(MEANING)
    content = (np.arange(len(meanings)) >= CONTENT_RANK) & meanings.any(1)
    pairs = tables["firsts"].astype(np.int64) * PAIR + tables["seconds"]
    floats = {name: table for name, table in floats.items() if name not in ("firsts", "seconds")}
    constant, sharpness = floats.pop("scalars").tolist()
    return Model(
        numbers, vectors, scales, meanings, content, pairs=pairs, constant=constant, sharpness=sharpness, **floats
    )
