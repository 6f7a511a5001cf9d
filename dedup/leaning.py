"""Pairs of documents become what tells the copy where the words that differ do not.

1. Suspicion: in which of the two they were put in for others. The network of `damage` is asked, which looks at four
   neighbours of a word on either side (`suspicion`). Of every place where words face each other, both readings' words
   count, each beyond what is usual; their neighbours do not, nor does the rest of the texts.
2. Slips: which has more of what scanning leaves between words (`slips`), in the passages that both share, or if they
   share none, in all.
3. Fluency: which is less probable in the same passages, by a model of the language, if there is one (`fluency`).

In a corpus the documents of such pairs are read again, by processes where there is much to do. Which of two is compared
with the other, their words decide, so that names and the way of asking change nothing. Cost: some 10 ms a pair of 300
words; a tenth of that where nothing can be told, since neither has slips and one is of a language that is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from dedup import align, clean, language, read, readings, slips, suspicion
from dedup.config import Config
from dedup.engines import local, processes
from dedup.figures import EDGE_TOKENS, Range
from dedup.model import Comparison, Corpus, Document, Locator, SourceFile, Span, Tokens
from dedup.progress import SILENT, Progress

USUAL = -1.1
"""Log-odds of a word of which nothing is known but that it stands in a text."""
PAIRS_MAX = 200
"""Pairs that a process is given at a time."""

F64s = NDArray[np.float64]
I64s = NDArray[np.int64]
_Place = tuple[SourceFile, Locator]
"""A document's file, and where in it its bytes are."""
Leaning = tuple[float, float, float]
NOTHING: Leaning = (0.0, 0.0, 0.0)
_Group = tuple[list[tuple[_Place, _Place]], Config]


class _Text:
    """A document, with what is made of it when it is first asked for."""

    def __init__(self, document: Document) -> None:
        self.document = document

    @cached_property
    def tokens(self) -> Tokens:
        return clean.tokens(self.document)

    @cached_property
    def is_known(self) -> bool:
        """See `language.is_known`."""
        return language.is_known(clean.first_words(self.document, language.KNOWN_TOKENS))

    @property
    def has_slips(self) -> bool:
        return slips.count(self.document.text) > 0


def between(a: Document, b: Document, config: Config) -> Leaning:
    """By how much more b's words, where the two differ, seem put in than a's, in log-odds; how many more slips b has;
    and by how much less probable it is, in natural logarithms, 0 without a model of the language."""
    return _told(_Text(a), _Text(b), config)


def of_corpus(
    corpus: Corpus,
    both: I64s,
    config: Config,
    progress: Progress = SILENT,
    mapped: processes.Mapped | None = None,
) -> F64s:
    """`between` of pairs (k, 2) of documents by number: (k, 3). mapped: what makes them, processes if none is given."""
    if not len(both):
        return np.zeros((0, 3))
    total = int((corpus.stops - corpus.starts)[both].sum())
    progress.stage("doubt", total, "bytes")
    found = [np.zeros((0, 3))]
    workers = config.workers or local.workers_available()
    groups = _groups(corpus, both, config)
    for size, told in (
        mapped(_between, groups, total) if mapped else processes.as_needed(_between, groups, workers, total)
    ):
        found.append(told)
        progress.advance(size)
    return np.concatenate(found)


def _told(one: _Text, other: _Text, config: Config) -> Leaning:
    if not ((one.is_known and other.is_known) or one.has_slips or other.has_slips):
        return NOTHING
    if _order(other.tokens) < _order(one.tokens):
        suspected, more, less = _compared(other, one, config)
        return -suspected, -more, -less
    return _compared(one, other, config)


def _compared(one: _Text, other: _Text, config: Config) -> Leaning:
    (a, words), (b, others) = (one.document, one.tokens), (other.document, other.tokens)
    passages = tuple(align.passages(align.alignment(words, others, config), config))
    found = Comparison(a, b, words, others, 0.0, passages)
    runs = list(readings.places(found))
    ranges_a, ranges_b = [passage.range_a for passage in passages], [passage.range_b for passage in passages]
    more = _slips(b, others, ranges_b) - _slips(a, words, ranges_a)
    known = one.is_known and other.is_known
    less = 0.0
    if known and config.language_model:
        less = _fluency(a, words, ranges_a, config) - _fluency(b, others, ranges_b, config)
    if not runs or not known:
        return 0.0, float(more), less
    told = _suspicion(b, others, [run.b for run in runs]) - _suspicion(a, words, [run.a for run in runs])
    return round(told, 6), float(more), less


def _slips(document: Document, tokens: Tokens, ranges: Sequence[Range]) -> int:
    """The slips in passages."""
    starts = slips.starts(document.text)
    return sum(
        int(np.searchsorted(starts, last) - np.searchsorted(starts, first))
        for first, last in _stretches(document, tokens, ranges)
    )


def _fluency(document: Document, tokens: Tokens, ranges: Sequence[Range], config: Config) -> float:
    """The log-probability of passages, or of all of a text if it has none."""
    from dedup import causal, fluency

    model = causal.opened(config.language_model)
    stretches = _stretches(document, tokens, ranges)
    return round(sum(fluency.total(document.text[first:last], model) for first, last in stretches), 3)


def _stretches(document: Document, tokens: Tokens, ranges: Sequence[Range]) -> Iterator[Span]:
    """Where passages stand, and what little stands around them; all of a text if it has none."""
    if not ranges:
        yield 0, len(document.text)
    for start, stop in ranges:
        first = 0 if start <= EDGE_TOKENS else int(tokens.spans[start, 0])
        yield first, len(document.text) if len(tokens) - stop <= EDGE_TOKENS else int(tokens.spans[stop - 1, 1])


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


def _read(file: SourceFile, place: Locator) -> _Text:
    return _Text(clean.document(read.raw_at(file, place, "")))
