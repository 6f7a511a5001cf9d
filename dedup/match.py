"""Sketches become candidate pairs: which documents are worth comparing word by word.

A candidate is no finding. Each channel puts documents that share a key into a bucket, and documents that share
enough buckets into a pair:

1. Bands of the MinHash signature: b bands of r rows, chosen so that a pair at exactly the threshold meets with the
   stated recall, 1 - (1 - t**r)**b (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4).
2. The rarest terms by the corpus's own document frequencies: a prefix join of sets, the most selective first (in the
   manner of AllPairs: Bayardo, Ma and Srikant, WWW 2007). A term of one document joins nothing, one of too many
   tells nothing.
3. The shingles themselves, those of too many documents left out as furniture: documents that share some of them
   share a passage, whatever else they hold.

Limits: a bucket of more than `bucket_documents_max` documents gives a star round its first member instead of all
pairs, and is counted in `Candidates.capped`; of shingles that is so from `passage_documents_all` on, and shingles of
more than `key_documents_max` documents are counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from math import log

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import Candidate, Sketch

NO_VALUE = (1 << 32) - 1
"""What every permutation holds for a document without words."""

Keys = NDArray[np.uint64]
Members = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pairs, in order, and how many buckets of each channel were too big to give all their pairs."""

    pairs: tuple[Candidate, ...]
    capped: dict[str, int] = field(default_factory=dict)


def banding(threshold: float, recall: float, permutations: int) -> tuple[int, int]:
    """(bands, rows): the most rows, so the fewest false candidates, with which a pair at `threshold` meets in a band
    with probability `recall` or more."""
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if bands * log(max(1e-300, 1 - threshold**rows)) <= log(1 - recall):
            return bands, rows
    return permutations, 1


def candidates(sketches: Sequence[Sketch], config: Config) -> Candidates:
    """Every pair of documents that some channel takes for copies, a < b, with the keys that it shares."""
    channels = {
        "bands": _by_bands(sketches, config),
        "terms": _by_terms(sketches, config),
        "passages": _by_passages(sketches, config),
    }
    capped = {name: found.capped for name, found in channels.items() if found.capped}
    return Candidates(_merged(channels, len(sketches)), capped)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a channel gives: pairs a * n + b (a < b) of n documents, ascending, how many keys each shares, and how many
    buckets were too big to give all their pairs."""

    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    capped: int

    def enough(self, held: NDArray[np.int64], least: int) -> _Shared:
        """The pairs that share as many keys as they need; `held` counts those of each document."""
        fewer = np.minimum(held[self.codes // len(held)], held[self.codes % len(held)])
        kept = self.counts >= keys_needed(fewer, least)
        return _Shared(self.codes[kept], self.counts[kept], self.capped)


def _by_bands(sketches: Sequence[Sketch], config: Config) -> _Shared:
    keys, members = _band_buckets([sketch.signature for sketch in sketches], config)
    return _paired(keys, members, len(sketches), config.bucket_documents_max)


def _by_terms(sketches: Sequence[Sketch], config: Config) -> _Shared:
    keys, members = _rarest_terms([sketch.terms for sketch in sketches], config)
    found = _paired(keys, members, len(sketches), config.bucket_documents_max)
    return found.enough(np.bincount(members, minlength=len(sketches)), config.terms_shared_min)


def _by_passages(sketches: Sequence[Sketch], config: Config) -> _Shared:
    keys, members, furniture = _shared_shingles([sketch.shingles for sketch in sketches], config.key_documents_max)
    found = _paired(keys, members, len(sketches), config.passage_documents_all)
    held = np.array([len(sketch.shingles) for sketch in sketches], np.int64)
    return replace(found.enough(held, config.passage_shingles_min), capped=furniture)


def _band_buckets(signatures: Sequence[NDArray[np.uint32]], config: Config) -> tuple[Keys, Members]:
    """A key for each band of each document that has words: the band's values, hashed with the band's number."""
    bands, rows = banding(config.threshold, config.band_recall, config.permutations)
    matrix = np.array(signatures, np.uint64).reshape(len(signatures), config.permutations)
    values = matrix[:, : bands * rows].reshape(len(signatures), bands, rows)
    keys = np.broadcast_to(np.arange(bands, dtype=np.uint64), values.shape[:2]).copy()
    for row in range(rows):
        keys = (keys ^ values[:, :, row]) * np.uint64(0xFF51AFD7ED558CCD)
        keys ^= keys >> np.uint64(32)
    worded = np.flatnonzero((matrix != NO_VALUE).any(axis=1))
    return keys[worded].ravel(), np.repeat(worded, bands)


def _rarest_terms(terms: Sequence[Keys], config: Config) -> tuple[Keys, Members]:
    """The `term_count` rarest terms of each document, of those that two to `term_documents_max` documents hold."""
    keys, members = _flat(terms)
    _, position, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return rarest(keys, members, counts[position], config)


def rarest(keys: Keys, members: Members, frequency: NDArray[np.int64], config: Config) -> tuple[Keys, Members]:
    """The rarest of each member's keys, by how many documents hold each, and whose they are."""
    useful = (frequency >= 2) & (frequency <= config.term_documents_max)
    keys, members, frequency = keys[useful], members[useful], frequency[useful]
    order = np.lexsort((keys, frequency, members))
    keys, members = keys[order], members[order]
    rank = np.arange(len(members)) - np.searchsorted(members, members, side="left")
    first = rank < config.term_count
    return keys[first], members[first]


def keys_needed(fewer: Members, least: int) -> NDArray[np.int64]:
    """How many keys a pair must share: `least`, or half of what the document with fewer has where that is less."""
    needed: NDArray[np.int64] = np.maximum(1, np.minimum(least, (fewer + 1) // 2))
    return needed


def _shared_shingles(shingles: Sequence[Keys], most: int) -> tuple[Keys, Members, int]:
    """The shingles that two to `most` documents hold, whose they are, and how many are furniture: those of more."""
    keys, members = _flat(shingles)
    _, position, counts = np.unique(keys, return_inverse=True, return_counts=True)
    shared = ((counts >= 2) & (counts <= most))[position]
    return keys[shared], members[shared], int((counts > most).sum())


def _flat(lists: Sequence[Keys]) -> tuple[Keys, Members]:
    members = np.repeat(np.arange(len(lists)), [len(keys) for keys in lists])
    return np.concatenate([np.zeros(0, np.uint64), *lists]), members


def _paired(keys: Keys, members: Members, size: int, bucket_max: int) -> _Shared:
    """The pairs of members that share keys, of `size` documents; of a bucket over the limit, the first with each."""
    order = np.lexsort((members, keys))
    keys, members = keys[order], members[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(keys)))
    codes = [np.zeros(0, np.int64)]
    for bucket in np.unique(sizes[sizes > 1]).tolist():
        rows = members[starts[sizes == bucket][:, None] + np.arange(bucket)]
        if bucket <= bucket_max:
            left, right = np.triu_indices(bucket, 1)
        else:
            left, right = np.zeros(bucket - 1, np.int64), np.arange(1, bucket)
        codes.append((rows[:, left] * size + rows[:, right]).ravel())
    distinct, counts = np.unique(np.concatenate(codes), return_counts=True)
    return _Shared(distinct, counts, int((sizes > bucket_max).sum()))


def _merged(channels: Mapping[str, _Shared], size: int) -> tuple[Candidate, ...]:
    """One candidate for each pair, whichever channels gave it, in order."""
    rows = sorted(
        (code, channel, count)
        for channel, found in channels.items()
        for code, count in zip(found.codes.tolist(), found.counts.tolist(), strict=True)
    )
    return tuple(
        Candidate(code // size, code % size, **{channel: count for _, channel, count in group})
        for code, group in groupby(rows, key=lambda row: row[0])
    )


def resemblance(a: Keys, b: Keys) -> float:
    """The exact resemblance |A n B| / |A u B| of two sorted shingle sets; 0.0 for two empty ones, which say nothing."""
    if not len(a) and not len(b):
        return 0.0
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)
