"""Sketches of a corpus where they are matched from: in the store, a part of it for each partition.

`stored` puts those of a partition there, from which they are read a band, or a range of terms, at a time. Documents go
by numbers.

What is sorted at a time takes SORT_SHARE of the memory of the run for all workers together: of what is longer, the keys
are taken in turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from dedup.bulk import sketch
from dedup.config import Config
from dedup.engines.store import Block, Columns

U32s = NDArray[np.uint32]
I64s = NDArray[np.int64]

KEYS = 1 << 32
"""Keys are below it."""
SORT_SHARE = 8
"""The part of `memory_bytes`, one in so many, in which all workers together sort."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where the sketches of a partition are in the store: those of `sketch.Columns`, each in one dimension.

    documents: how many. bands: how many keys of bands each has. term_starts, passage_starts: where each range of them
    begins.
    """

    documents: int
    bands: int
    digests: Block
    keys: Block
    terms: Block
    term_starts: I64s
    term_counts: Block
    passages: Block
    passage_starts: I64s
    passage_counts: Block


@dataclass(frozen=True, slots=True)
class Held:
    """What is matched by: parts of the corpus in reading order, and the number of each of their documents.

    numbers: uint32, `join.NONE` for one that is left out; the others are 0, 1, ... in any order.
    """

    parts: Sequence[Part]
    numbers: U32s
    store: Columns

    def firsts(self) -> list[int]:
        """Where the documents of each part begin, and the end."""
        return list(accumulate((part.documents for part in self.parts), initial=0))


def stored(columns: sketch.Columns, store: Columns) -> Part:
    """Puts the sketches of a partition into the store."""
    bands, documents = columns.bands.shape
    return Part(
        documents,
        bands,
        store.put(columns.digests),
        store.put(columns.bands.reshape(-1)),
        store.put(columns.terms),
        columns.term_starts,
        store.put(columns.term_counts.reshape(-1)),
        store.put(columns.passages),
        columns.passage_starts,
        store.put(columns.passage_counts.reshape(-1)),
    )


def turns(words: int, config: Config, workers: int, low: int = 0, high: int = KEYS) -> list[I64s]:
    """Bounds of the keys low..high of so many words, of which those between two are sorted at a time."""
    count = -(-words * 8 * workers * SORT_SHARE // config.memory_bytes)
    cuts = np.linspace(low, high, max(1, count) + 1).astype(np.int64)
    return [cuts[number : number + 2].copy() for number in range(len(cuts) - 1)]
