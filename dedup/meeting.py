"""How two documents of a corpus come to be compared: the keys of each channel that they share, and how many are enough.

1. Bands of the signature hit or do not.
2. In one pass over the corpus the documents are counted that hold a term of either, or a shingle of both: by that,
   terms are ranked and shared shingles told from furniture, as `match` does it.

Limits: a corpus in bulk ranks terms by a sample, looks at some of the shingles alone and lets no document join too many
others, while here all of it is counted. So what is told of it is close to what the scan saw, not the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import clean, match, pipeline, sketch
from dedup.config import Config
from dedup.pipeline import Entry, Findings
from dedup.progress import Progress

I64s = NDArray[np.int64]
U64s = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Channel:
    """How many keys of a channel two documents share, how many each has, and how many must be shared.

    bands: numbers of those that hit, from 0. words: the shared terms, the rarest first, each with the documents of the
    corpus that hold it. furniture: shared shingles that do not count, since too many documents hold them.
    """

    name: str
    shared: int
    of_a: int
    of_b: int
    needed: int
    bands: tuple[int, ...] = ()
    words: tuple[tuple[str, int], ...] = ()
    furniture: int = 0

    @property
    def is_enough(self) -> bool:
        return self.shared >= self.needed


def chance(resemblance: float, config: Config) -> float:
    """The probability that two texts that resemble each other so much agree in a band."""
    bands, rows = match.banding(config.threshold, config.band_recall, config.permutations)
    return 1.0 - (1.0 - resemblance**rows) ** bands


def channels(findings: Findings, both: Sequence[Entry], config: Config, progress: Progress) -> tuple[Channel, ...]:
    """The channels of `match` for two documents of the findings."""
    a, b = (one.sketch for one in both)
    terms = np.union1d(a.terms, b.terms)
    common = np.intersect1d(a.shingles, b.shingles, assume_unique=True)
    width = min(config.shingle_length_tokens, *(len(one.tokens) for one in both))
    term_documents, shingle_documents = np.zeros(len(terms), np.int64), np.zeros(len(common), np.int64)
    progress.stage("count", sum(file.size_bytes for file in findings.corpus.sources), "bytes")
    for hashes, counts, size_bytes in _hashes(findings, config):
        _count(hashes, np.repeat(np.arange(len(counts)), counts), terms, term_documents)
        if len(common):
            _count(*_shingles(hashes, counts, width, config), common, shingle_documents)
        progress.advance(size_bytes)
    furniture = int((shingle_documents > config.key_documents_max).sum())
    held = len(a.shingles), len(b.shingles)
    needed = _needed(held, config.passage_shingles_min)
    return (
        _bands(both, config),
        _rarest(both, terms, term_documents, config),
        Channel("passages", len(common) - furniture, *held, needed, furniture=furniture),
    )


def _needed(held: tuple[int, int], least: int) -> int:
    return int(match.keys_needed(np.array([min(held)], np.int64), least)[0])


def _bands(both: Sequence[Entry], config: Config) -> Channel:
    bands, rows = match.banding(config.threshold, config.band_recall, config.permutations)
    a, b = (one.sketch.signature[: bands * rows].reshape(bands, rows) for one in both)
    of_a, of_b = (bands if len(one.tokens) else 0 for one in both)
    hits = np.flatnonzero((a == b).all(axis=1)).tolist() if of_a and of_b else []
    return Channel("bands", len(hits), of_a, of_b, 1, bands=tuple(hits))


def _rarest(both: Sequence[Entry], terms: U64s, documents: I64s, config: Config) -> Channel:
    """The rarest terms of each, by the documents of the corpus that hold them."""
    keys = np.concatenate([one.sketch.terms for one in both])
    members = np.repeat(np.arange(2), [len(one.sketch.terms) for one in both])
    keys, members = match.rarest(keys, members, documents[np.searchsorted(terms, keys)], config)
    a, b = keys[members == 0], keys[members == 1]
    shared = np.intersect1d(a, b, assume_unique=True)
    word = dict(zip(both[0].tokens.hashes.tolist(), both[0].tokens.words, strict=True))
    held_by = documents[np.searchsorted(terms, shared)].tolist()
    words = sorted(((word[key], held) for key, held in zip(shared.tolist(), held_by, strict=True)), key=_by_rarity)
    needed = _needed((len(a), len(b)), config.terms_shared_min)
    return Channel("terms", len(shared), len(a), len(b), needed, words=tuple(words))


def _by_rarity(told: tuple[str, int]) -> tuple[int, str]:
    return told[1], told[0]


# --- over the corpus -------------------------------------------------------------------------------------------


def _hashes(findings: Findings, config: Config) -> Iterator[tuple[U64s, I64s, int]]:
    """Token hashes of the corpus, some documents at a time, how many each has, and the bytes of all."""
    corpus = findings.corpus
    if not pipeline.is_bulk(corpus.sources, config):
        for number in range(len(corpus)):
            hashes = clean.tokens(pipeline.document_at(corpus, number)).hashes
            yield hashes, np.array([len(hashes)], np.int64), int(corpus.stops[number] - corpus.starts[number])
        return
    from dedup.bulk import read
    from dedup.bulk.sketch import token_hashes

    for partition in read.partitions(corpus.sources):
        texts = read.texts(partition, config)
        hashes, counts, _ = token_hashes(texts.buffer, texts.offsets)
        yield hashes, counts, partition.size_bytes


def _shingles(hashes: U64s, counts: I64s, width: int, config: Config) -> tuple[U64s, I64s]:
    """The shingles of `width` tokens within documents, and whose they are.

    A text that is shorter than a shingle is one by itself: of that width, only such texts are looked at.
    """
    documents = np.repeat(np.arange(len(counts)), counts)
    if len(hashes) < width:
        return hashes[:0], documents[:0]
    if width < config.shingle_length_tokens:
        starts = (np.cumsum(counts) - counts)[counts == width]
    else:
        starts = np.flatnonzero(documents[: len(documents) - width + 1] == documents[width - 1 :])
    return sketch.shingle_hashes(hashes, width)[starts], documents[starts]


def _count(keys: U64s, documents: I64s, wanted: U64s, counts: I64s) -> None:
    """Adds to the counts of wanted keys, ascending, the documents that hold each."""
    if not len(wanted):
        return
    found = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    hit = wanted[found] == keys
    distinct = np.unique(documents[hit] * len(wanted) + found[hit])
    counts += np.bincount(distinct % len(wanted), minlength=len(wanted))
