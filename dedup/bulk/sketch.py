"""Texts of a partition become columns of sketches, by kernels, in one pass over the text.

1. `Sample` counts, over the first partitions, in how many documents each term is. It ranks the terms of the whole
   corpus, so that one pass suffices; a corpus no larger than the sample is ranked by its own counts.
2. `sketched` finds the words, and from their hashes the band keys of the MinHash signature, the terms by which the
   skeleton channel joins, the shingles of the passage channel, and a digest of the whole sequence, for copies that are
   word for word the same.

Texts go through in batches small enough that their hashes stay in the processor's cache. Signatures are those of
`sketch.signature`, bit for bit; only their band keys are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import clean, match, sketch
from dedup.bulk.read import Texts
from dedup.config import Config
from dedup.kernels import draw, join, passages, postings, skeleton, tables, words

SAMPLE_BYTES = 64 << 20
"""Text by which terms are ranked: some 20,000 documents."""
FRESH_TERMS = 16
"""Terms that the sample lacks by which a document joins, beside `term_count` that it has: names, mostly."""
EDITION = "1"
"""Of the token definition in `clean`: to be raised when that changes, since tables made from it are kept."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Sketches of documents. words: (n,) int32. digests: (n,) uint64. bands: (b, n) uint32. terms: uint32, those of all
    documents, cut by ranges, where each range begins, (RANGES + 1,), and how many of it each document has, (RANGES, n)
    unsigned (see `kernels.postings`). passages: uint32, sampled shingles, cut by ranges in the same way, and how many
    each document has in each, (64, n) unsigned (see `kernels.passages`)."""

    words: NDArray[np.int32]
    digests: NDArray[np.uint64]
    bands: NDArray[np.uint32]
    terms: NDArray[np.uint32]
    term_starts: NDArray[np.int64]
    term_counts: NDArray[np.uint8]
    passages: NDArray[np.uint32]
    passage_starts: NDArray[np.int64]
    passage_counts: NDArray[np.unsignedinteger[Any]]


@cache
def unicode_tables() -> tables.Tables:
    return tables.load(clean.character_class.__wrapped__, clean.folded.__wrapped__, EDITION)


def token_hashes(
    buffer: NDArray[np.uint8], offsets: NDArray[np.int64], spans: bool = False
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """Token hashes of all documents, how many each has, and, if wanted, their spans in bytes of the buffer."""
    unicode = unicode_tables()
    documents = len(offsets) - 1
    capacity = words.token_capacity(int(offsets[-1] - offsets[0]), documents)
    hashes, counts = np.empty(capacity, np.uint64), np.empty(documents, np.int64)
    places = np.empty((capacity if spans else 0, 2), np.int64)
    found = words.words(buffer, offsets, unicode.index, unicode.records, unicode.pool, hashes, counts, places)
    return hashes[:found], counts, places[:found]


def _batches(texts: Texts) -> Iterator[slice]:
    """Documents whose texts together have about so many bytes as `draw` takes at a time."""
    documents = len(texts.offsets) - 1
    first = 0
    while first < documents:
        last = int(np.searchsorted(texts.offsets, texts.offsets[first] + draw.BATCH_BYTES, side="right")) - 1
        yield slice(first, max(first + 1, last))
        first = max(first + 1, last)


@dataclass(frozen=True, slots=True)
class Ranking:
    """What documents choose their rarest terms by. slots: document frequencies in the sample. bits: its frequent terms.

    limit: documents of the sample from which a term would be in more than `term_documents_max` of the corpus. fresh:
    terms that the sample lacks by which a document joins too; 0 if the sample is the corpus.
    """

    slots: NDArray[np.uint64]
    bits: NDArray[np.uint64]
    limit: int
    fresh: int


class Sequences:
    """Digests of token sequences that were met; threads may share it."""

    def __init__(self) -> None:
        self._met: set[int] = set()
        self._lock = Lock()

    def new(self, digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of them are met for the first time."""
        distinct, first = np.unique(digests, return_index=True)
        found = np.zeros(len(digests), np.bool_)
        with self._lock:
            found[first] = [digest not in self._met for digest in distinct.tolist()]
            self._met.update(distinct.tolist())
        return found


@dataclass(frozen=True, slots=True)
class Counted:
    """Document frequencies of a partition. slots: a table of them, `filled` so far. digests: the token sequences that
    were counted there."""

    slots: NDArray[np.uint64]
    filled: int
    digests: NDArray[np.uint64]


class Sample:
    """Document frequencies of terms: an open-addressing table that grows, filled by `add` and `merge`.

    Of documents with the very same words, wherever they are, one is counted: `met` knows those of all partitions.
    """

    def __init__(self, limit: int, met: Sequences) -> None:
        self.limit, self.slots, self.filled = limit, np.zeros(1 << 16, np.uint64), np.zeros(1, np.int64)
        self._met = met
        self._digests = [np.zeros(0, np.uint64)]

    def add(self, texts: Texts) -> None:
        """Counts the documents of a partition."""
        for batch in _batches(texts):
            hashes, counts, _ = token_hashes(texts.buffer, texts.offsets[batch.start : batch.stop + 1])
            digests = np.empty(len(counts), np.uint64)
            join.digests(hashes, counts, digests)
            fresh = self._met.new(digests)
            self._digests.append(digests[fresh])
            hashes, counts = hashes[np.repeat(fresh, counts)], counts[fresh]
            self._reserve(len(hashes))
            terms, term_counts = np.empty(len(hashes), np.uint64), np.empty(len(counts), np.int64)
            skeleton.count_terms(hashes, counts, self.slots, self.filled, self.limit, terms, term_counts)

    def counted(self) -> Counted:
        return Counted(self.slots, int(self.filled[0]), np.concatenate(self._digests))

    def merge(self, other: Counted) -> None:
        self._reserve(other.filled)
        skeleton.merge_counts(self.slots, self.filled, other.slots, self.limit)

    def ranking(self, corpus_share: float) -> Ranking:
        """How documents of a corpus rank their terms, of which the sample is so large a share."""
        limit = max(2, round(self.limit * corpus_share))
        bits = np.zeros(join.FILTER_BITS // 64, np.uint64)
        join.frequent_terms(self.slots, limit, bits)
        return Ranking(self.slots, bits, limit, FRESH_TERMS if corpus_share < 1 else 0)

    def _reserve(self, terms: int) -> None:
        size = skeleton.table_size(int(self.filled[0]) + terms)
        if size > len(self.slots):
            slots, filled = np.zeros(size, np.uint64), np.zeros(1, np.int64)
            skeleton.merge_counts(slots, filled, self.slots, self.limit)
            self.slots, self.filled = slots, filled


def sample_of(texts: Texts, config: Config, met: Sequences) -> Counted:
    """The document frequencies of one partition."""
    found = Sample(config.term_documents_max, met)
    found.add(texts)
    return found.counted()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Sketches of documents before they are cut by ranges: words, digests and bands as in `Columns`.

    terms: (n, w) uint32, of each row the first term_counts[n]. shingles: uint64, sampled ones, of all documents one
    behind another, shingle_counts[n] of each.
    """

    words: NDArray[np.int32]
    digests: NDArray[np.uint64]
    bands: NDArray[np.uint32]
    terms: NDArray[np.uint32]
    term_counts: NDArray[np.int64]
    shingles: NDArray[np.uint64]
    shingle_counts: NDArray[np.int64]


def drawn(texts: Texts, ranking: Ranking, config: Config) -> Drawn:
    """The sketches of texts, document by document."""
    documents = len(texts.offsets) - 1
    bands, rows = match.banding(config.threshold, config.band_recall, config.permutations)
    words_of, digests = np.empty(documents, np.int32), np.empty(documents, np.uint64)
    band_keys = np.empty((bands, documents), np.uint32)
    chosen = np.empty((documents, config.term_count + ranking.fresh), np.uint32)
    term_counts, shingle_counts = np.empty(documents, np.int64), np.empty(documents, np.int64)
    unicode, (a, b) = unicode_tables(), sketch.permutations(config.permutations)
    shingles = draw.draw(
        texts.buffer, texts.offsets, unicode.index, unicode.records, unicode.pool, config.shingle_length_tokens,
        config.passage_sampling, a, b, rows, ranking.slots, ranking.bits, ranking.limit, config.term_count,
        ranking.fresh, words_of, digests, band_keys, chosen, term_counts, shingle_counts,
    )  # fmt: skip
    return Drawn(words_of, digests, band_keys, chosen, term_counts, shingles, shingle_counts)


def sketched(texts: Texts, ranking: Ranking, config: Config) -> Columns:
    """The sketches of a partition."""
    one = drawn(texts, ranking, config)
    cut = _cut(one.shingles, one.shingle_counts)
    return Columns(one.words, one.digests, one.bands, *_divided(one.terms, one.term_counts), *cut)


def _cut(
    keys: NDArray[np.uint64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.unsignedinteger[Any]]]:
    """Sampled shingles, counts[n] of each document, cut by ranges."""
    shingles, starts = np.empty(len(keys), np.uint32), np.empty(passages.RANGES + 1, np.int64)
    in_range = np.zeros((passages.RANGES, len(counts)), np.min_scalar_type(int(counts.max(initial=0))))
    passages.divide_shingles(keys, counts, shingles, starts, in_range)
    return shingles, starts, in_range


def _divided(
    chosen: NDArray[np.uint32], counts: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint8]]:
    """The first counts[n] terms of every row, cut by ranges."""
    terms, starts = np.empty(int(counts.sum()), np.uint32), np.empty(postings.RANGES + 1, np.int64)
    in_range = np.zeros((postings.RANGES, len(counts)), np.uint8 if chosen.shape[1] < 1 << 8 else np.uint16)
    postings.divide_terms(chosen, counts, terms, starts, in_range)
    return terms, starts, in_range
