"""Texts that are looked at together: what stands in them numbered and counted, and which rules may find something.

1. `of`: the texts of one batch, for which room is made among the strings that are remembered.
2. `more`: the strings of other texts that the same batch asks for: parts of its texts, or these without something.

What is known of one text does not hang on those beside it. Limits: batches of some CHARACTERS and at most TEXTS, which
together stay in the processor's cache; a longer text is a batch of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dedup.damage import strings
from dedup.damage.characters import kinds
from dedup.damage.numbered import Encoded, I32s, Strings, Tally, encoded, joined
from dedup.kernels.hints import EVERY
from dedup.model import Document

TEXTS, CHARACTERS = 256, 400_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a batch: the numbers of its strings, their counts, and the hints which rules may find something."""

    text: str
    numbers: I32s
    tally: Tally
    hints: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts, their strings, the counts of these, and hints."""

    texts: Sequence[str]
    strings: Strings
    tallies: Sequence[Tally]
    hints: Sequence[int]

    def __iter__(self) -> Iterator[Text]:
        for at, text in enumerate(self.texts):
            yield Text(text, self.strings[at], self.tallies[at], self.hints[at])


def of(texts: Sequence[str]) -> Batch:
    """The batch of some texts; that of texts before it says nothing from then on."""
    known, data = strings.known(), encoded(texts)
    known.room(len(data.data))
    found = known.strings(texts, data)
    return Batch(texts, found, known.tallies(found), _hints(data) if known.is_compiled() else [EVERY] * len(texts))


def more(texts: Sequence[str]) -> Strings:
    """The strings of other texts, beside those of the batch that is looked at."""
    return strings.known().strings(texts, encoded(texts)) if texts else joined([])


def alone(text: str) -> Text:
    """A text that is a batch by itself."""
    return next(iter(of([text])))


def cut(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents in batches."""
    batch: list[Document] = []
    size = 0
    for one in documents:
        if batch and (len(batch) == TEXTS or size + len(one.text) > CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.text)
    if batch:
        yield batch


def _hints(texts: Encoded) -> list[int]:
    from dedup.kernels import outline

    found = np.empty(len(texts.sizes), np.int64)
    outline.outlines(texts.data, texts.sizes, kinds(), found)
    hints: list[int] = found.tolist()
    return hints
