"""Texts become the order in which documents choose their rarest terms: counts of the documents that hold each.

The terms are ranked by the first SAMPLE_BYTES of text that an index ever gets, as a scan in bulk ranks those of its
corpus. Until there are so many, they are ranked anew whenever the text has doubled, and what is in the index is
sketched anew, so that all of it goes by one ranking. From then on it stays as it is, and `stats` says so. Terms that no
two documents of the sample hold, names mostly, are chosen by hash, a few of each document; how many documents hold a
term by which one is looked up is always asked of the whole index.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.read import Partition, Texts
from dedup.bulk.sketch import FRESH_TERMS, SAMPLE_BYTES, Drawn, Ranking, Sample, Sequences, drawn
from dedup.config import Config
from dedup.index.files import Mapped, Reference, Writer
from dedup.index.texts import Batch
from dedup.kernels import join, skeleton

FRESH_TERMS_EARLY = 64
"""Terms that the sample lacks by which a document joins while that is small, and lacks most."""


def is_due(edition: int, sample_bytes: int, text_bytes: int) -> bool:
    """Whether terms are to be ranked anew, with so much text in the index."""
    if not edition:
        return True
    return sample_bytes < SAMPLE_BYTES and text_bytes >= min(SAMPLE_BYTES, 2 * sample_bytes)


def is_settled(sample_bytes: int) -> bool:
    """Whether the ranking stays as it is."""
    return sample_bytes >= SAMPLE_BYTES


def ranked(batches: Iterable[Batch], sample_bytes: int, config: Config) -> Ranking:
    """The ranking by the documents of some batches."""
    sample = Sample(config.term_documents_max, Sequences())
    for batch in batches:
        sample.add(_texts(batch))
    several = np.where(sample.slots & np.uint64((1 << 20) - 1) > 1, sample.slots, np.uint64(0))
    slots = np.zeros(skeleton.table_size(int(np.count_nonzero(several)) + 1), np.uint64)
    skeleton.merge_counts(slots, np.zeros(1, np.int64), several, sample.limit)
    bits = np.zeros(join.FILTER_BITS // 64, np.uint64)
    join.frequent_terms(slots, sample.limit, bits)
    return Ranking(slots, bits, sample.limit, FRESH_TERMS if is_settled(sample_bytes) else FRESH_TERMS_EARLY)


def sketched(batch: Batch, ranking: Ranking, config: Config) -> Drawn:
    """The sketches of a batch."""
    return drawn(_texts(batch), ranking, config)


def _texts(batch: Batch) -> Texts:
    none: NDArray[np.int64] = np.zeros(0, np.int64)
    return Texts(Partition(()), batch.buffer, batch.offsets, [], none, none, none, {}, [], 0)


def written(path: Path, ranking: Ranking) -> Reference:
    """A file of a ranking. Raises OSError."""
    file = Writer(path)
    try:
        file.section("slots", ranking.slots)
        file.section("bits", ranking.bits)
        file.section("limits", np.array((ranking.limit, ranking.fresh), np.int64))
        return file.finished()
    except BaseException:
        file.abandoned()
        raise


def loaded(file: Mapped) -> Ranking:
    limit, fresh = file.array("limits").tolist()
    return Ranking(file.array("slots"), file.array("bits"), limit, fresh)
