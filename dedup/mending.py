"""Documents of a corpus become their cards' scores, and documents put right as far as that is safe.

Their texts are read again, by processes where there is much to do, and never kept: what is `Mended` is mended whenever
it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dedup import clean, damage, inputs, read
from dedup.config import Config
from dedup.engines import local, processes
from dedup.model import Corpus, Document, Locator, SourceFile
from dedup.progress import SILENT, Progress

DOCUMENTS_MAX = 1000
"""Documents that a process is given at a time."""


class Mended(Mapping[int, Document]):
    """Documents of a corpus with their safe repairs, by number: read again whenever one is asked for."""

    def __init__(self, corpus: Corpus, numbers: Iterable[int], others: Mapping[int, Document]) -> None:
        """`others` are notable for something else, and have no safe repairs."""
        self._corpus, self._numbers = corpus, frozenset(numbers)
        self._others = {number: one for number, one in others.items() if number not in self._numbers}

    def __getitem__(self, number: int) -> Document:
        return mended(inputs.document_at(self._corpus, number)) if number in self._numbers else self._others[number]

    def __contains__(self, number: object) -> bool:
        return number in self._numbers or number in self._others

    def __iter__(self) -> Iterator[int]:
        return iter(sorted((*self._numbers, *self._others)))

    def __len__(self) -> int:
        return len(self._numbers) + len(self._others)


def mended(document: Document) -> Document:
    """The document with its safe repairs; they include those of its encoding."""
    return replace(document, repairs=damage.safe_repairs(document))


def fixed(corpus: Corpus, numbers: NDArray[np.int64], config: Config, progress: Progress = SILENT) -> Corpus:
    """The corpus with documents, by number, put right as far as that is safe: those are then notable."""
    total = int((corpus.stops - corpus.starts)[numbers].sum())
    progress.stage("mend", total, "bytes")
    found: list[int] = []
    workers = config.workers or local.workers_available()
    for size, mendable in processes.as_needed(_mendable, _groups(corpus, numbers), workers, total):
        found += mendable
        progress.advance(size)
    return replace(corpus, notable=Mended(corpus, found, corpus.notable))


def scores(
    corpus: Corpus,
    numbers: NDArray[np.int64],
    config: Config,
    progress: Progress = SILENT,
    mapped: processes.Mapped | None = None,
) -> NDArray[np.float64]:
    """The scores of the cards of documents, by number: (k, len(damage.KINDS)); of noise alone (the others are 0.0)
    unless all damage counts (`Config.damage_weight`).

    mapped: what makes them, of a stage, groups of documents and their bytes; by processes if it is not given.
    """
    total = int((corpus.stops - corpus.starts)[numbers].sum())
    progress.stage("check", total, "bytes")
    found = [np.zeros((0, len(damage.KINDS)))]
    workers = config.workers or local.workers_available()
    groups = _groups(corpus, numbers)
    scored = partial(_scores, kinds=damage.KINDS if config.damage_weight else damage.NOISE_KINDS)
    for size, made in mapped(scored, groups, total) if mapped else processes.as_needed(scored, groups, workers, total):
        found.append(made)
        progress.advance(size)
    return np.concatenate(found)


_Place = tuple[int, SourceFile, Locator]
"""A document's number, its file, and where in it its bytes are."""


def _groups(corpus: Corpus, numbers: NDArray[np.int64]) -> Iterator[list[_Place]]:
    """Documents of a corpus in groups of some PIECE_BYTES."""
    group: list[_Place] = []
    size = 0
    for number in numbers.tolist():
        group.append((number, corpus.source(number), corpus.locator(number)))
        size += int(corpus.stops[number] - corpus.starts[number])
        if size >= read.PIECE_BYTES or len(group) == DOCUMENTS_MAX:
            yield group
            group, size = [], 0
    if group:
        yield group


def _documents(group: list[_Place]) -> Iterator[tuple[int, Document]]:
    return ((number, clean.document(read.raw_at(file, place, ""))) for number, file, place in group)


def _size_bytes(group: list[_Place]) -> int:
    return sum(place.stop_byte - place.start_byte for _, _, place in group)


def _mendable(group: list[_Place]) -> tuple[int, list[int]]:
    """How many bytes a group has, and which of its documents have safe repairs."""
    return _size_bytes(group), [number for number, document in _documents(group) if damage.safe_repairs(document)]


def _scores(group: list[_Place], kinds: tuple[damage.Kind, ...]) -> tuple[int, NDArray[np.float64]]:
    return _size_bytes(group), np.array(list(damage.scores((document for _, document in _documents(group)), kinds)))
