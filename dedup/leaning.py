"""Pairs of documents become what tells the copy where the words that differ do not.

1. Suspicion: in which of the two they were put in for others. The network of `damage` is asked, which looks at four
   neighbours of a word on either side (`suspicion`). Of every place where words face each other, both readings' words
   count, each beyond what is usual; their neighbours do not, nor does the rest of the texts.
2. Slips: which has more of what scanning leaves between words (`slips`), in the passages that both share, or if they
   share none, in all.

In a corpus the documents of such pairs are read again, by processes where there is much to do. Which of two is compared
with the other, their words decide, so that names and the way of asking change nothing. Cost: some 10 ms a pair of 300
words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup import align, clean, language, read, readings, slips, suspicion
from dedup.config import Config
from dedup.engines import local, processes
from dedup.figures import EDGE_TOKENS, Range
from dedup.model import Comparison, Corpus, Document, Locator, SourceFile, Tokens
from dedup.progress import SILENT, Progress

USUAL = -1.1
"""Log-odds of a word of which nothing is known but that it stands in a text."""
PAIRS_MAX = 200
"""Pairs that a process is given at a time."""

F64s = NDArray[np.float64]
I64s = NDArray[np.int64]
_Place = tuple[SourceFile, Locator]
"""A document's file, and where in it its bytes are."""
_Read = tuple[Document, Tokens]
_Group = tuple[list[tuple[_Place, _Place]], Config]


def between(a: Document, b: Document, config: Config) -> tuple[float, float]:
    """By how much more b's words, where the two differ, seem put in than a's, in log-odds; and how many more slips b
    has."""
    return _told((a, clean.tokens(a)), (b, clean.tokens(b)), config)


def of_corpus(
    corpus: Corpus,
    both: I64s,
    config: Config,
    progress: Progress = SILENT,
    mapped: processes.Mapped | None = None,
) -> F64s:
    """`between` of pairs (k, 2) of documents by number: (k, 2). mapped: what makes them, processes if none is given."""
    if not len(both):
        return np.zeros((0, 2))
    total = int((corpus.stops - corpus.starts)[both].sum())
    progress.stage("doubt", total, "bytes")
    found = [np.zeros((0, 2))]
    workers = config.workers or local.workers_available()
    groups = _groups(corpus, both, config)
    for size, told in (
        mapped(_between, groups, total) if mapped else processes.as_needed(_between, groups, workers, total)
    ):
        found.append(told)
        progress.advance(size)
    return np.concatenate(found)


def _told(one: _Read, other: _Read, config: Config) -> tuple[float, float]:
    (a, words), (b, others) = one, other
    if _order(others) < _order(words):
        suspected, more = _compared(b, a, others, words, config)
        return -suspected, -more
    return _compared(a, b, words, others, config)


def _compared(a: Document, b: Document, one: Tokens, other: Tokens, config: Config) -> tuple[float, float]:
    passages = tuple(align.passages(align.alignment(one, other, config), config))
    found = Comparison(a, b, one, other, 0.0, passages)
    runs = list(readings.places(found))
    more = _slips(b, other, [passage.range_b for passage in passages]) - _slips(
        a, one, [passage.range_a for passage in passages]
    )
    if not runs or not (language.is_known(one.words) and language.is_known(other.words)):
        return 0.0, float(more)
    told = _suspicion(b, other, [run.b for run in runs]) - _suspicion(a, one, [run.a for run in runs])
    return round(told, 6), float(more)


def _slips(document: Document, tokens: Tokens, ranges: Sequence[Range]) -> int:
    """The slips in passages, and in what little stands around them; in all of a text if it has no passage."""
    starts, spans = slips.starts(document.text), tokens.spans
    if not ranges:
        return len(starts)
    found = 0
    for start, stop in ranges:
        first = 0 if start <= EDGE_TOKENS else spans[start, 0]
        last = len(document.text) if len(tokens) - stop <= EDGE_TOKENS else spans[stop - 1, 1]
        found += int(np.searchsorted(starts, last) - np.searchsorted(starts, first))
    return found


def _suspicion(document: Document, tokens: Tokens, ranges: Sequence[Range]) -> float:
    wanted = np.zeros(len(tokens), bool)
    for start, stop in ranges:
        wanted[start:stop] = True
    return float((suspicion.suspicions(document, tokens, wanted)[wanted] - USUAL).sum())


def _order(tokens: Tokens) -> tuple[int, int]:
    return len(tokens), int(tokens.hashes.sum())


def _groups(corpus: Corpus, both: I64s, config: Config) -> Iterator[_Group]:
    def place(number: int) -> _Place:
        return corpus.source(number), corpus.locator(number)

    for first in range(0, len(both), PAIRS_MAX):
        part = both[first : first + PAIRS_MAX].tolist()
        yield [(place(a), place(b)) for a, b in part], config


def _between(group: _Group) -> tuple[int, F64s]:
    """How many bytes a group has, and what is told of its pairs."""
    pairs, config = group
    made = cache(_read)  # those of one family stand in several pairs
    told = [_told(made(*one), made(*other), config) for one, other in pairs]
    return sum(place.stop_byte - place.start_byte for pair in pairs for _, place in pair), np.array(told)


def _read(file: SourceFile, place: Locator) -> _Read:
    document = clean.document(read.raw_at(file, place, ""))
    return document, clean.tokens(document)
