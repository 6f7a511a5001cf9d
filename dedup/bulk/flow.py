"""The flow over partitions, on one screen: read -> sketch -> match -> verify -> judge -> cluster.

Every stage gives columns; texts are read where they are needed and never kept. What is found is what `pipeline` finds
in a small corpus, but that of the shingles by which shared passages are found one in `passage_sampling` is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import cluster, mojibake
from dedup.bulk import corpus as corpora
from dedup.bulk import held, match, verify
from dedup.bulk import read as partitioned
from dedup.bulk import sketch as sketches
from dedup.bulk.store import Store
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.engines import local, memory
from dedup.model import Corpus, DedupError, SourceFile
from dedup.progress import SILENT, Progress, followed


@dataclass(frozen=True, slots=True)
class Found:
    """What the flow gives: the documents, pairs, clusters, problems, and how many buckets were capped.

    compared: (m, 2) int64, the candidate pairs, in order.
    held_bytes: the most that columns took in memory at a time. filed_bytes: what waited in a temporary file.
    """

    corpus: Corpus
    pairs: Pairs
    clusters: Clusters
    problems: list[DedupError]
    compared: NDArray[np.int64]
    capped: dict[str, int]
    held_bytes: int
    filed_bytes: int


@dataclass(frozen=True, slots=True)
class Steps:
    """What the flow is given: how two documents of the corpus are compared by themselves, and how findings are weighed
    before clusters are made of them."""

    one_by_one: verify.OneByOne
    weighed: Callable[[Pairs, Corpus], Pairs]


def find_duplicates(
    files: Sequence[SourceFile], config: Config, workers: int, steps: Steps, progress: Progress
) -> Found:
    """Everything that a scan finds in the files."""
    mojibake.ready()
    parts = list(partitioned.partitions(files))
    sizes = [part.size_bytes for part in parts]
    progress.stage("read", sum(sizes), "bytes")

    def stage(part: partitioned.Partition) -> tuple[corpora.Listed, held.Part]:
        texts = partitioned.texts(part, config)
        columns = sketches.sketched(texts, ranking, config)
        return corpora.listed(texts, columns.words, columns_held), held.stored(columns, columns_held)

    with Store(config.memory_bytes) as columns_held, ThreadPoolExecutor(1) as aside:
        aside.submit(verify.language_tables)  # needed once there are pairs; reading leaves the interpreter idle
        ranking = _ranking(parts, config, workers)
        found = list(followed(local.mapped(stage, parts, workers), sizes, progress))
        progress.stage("match", 0, "documents")
        corpus, problems, numbers = corpora.corpus([documents for documents, _ in found], columns_held)
        sketched = held.Held([part for _, part in found], numbers, columns_held)
        memory.give_back()
        wanted = match.candidates(sketched, config, workers)
    del found, sketched, numbers
    memory.give_back()
    pairs = np.concatenate((wanted.pairs, wanted.exact))
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    progress.stage("compare", len(pairs), "pairs")

    def verified(asked: NDArray[np.int64], told: Progress = SILENT) -> Pairs:
        judged = verify.findings(asked, corpus, config, workers, steps.one_by_one, told)
        memory.give_back()
        return steps.weighed(judged, corpus)

    clusters, judged = cluster.clusters(verified(pairs, progress), corpus.words, verified, config.drop_coverage_min)
    memory.give_back()
    taken = columns_held.held_bytes_most, columns_held.filed_bytes
    return Found(corpus, judged, clusters, problems, pairs, wanted.capped, *taken)


def _ranking(parts: Sequence[partitioned.Partition], config: Config, workers: int) -> sketches.Ranking:
    """How terms are ranked: by their document frequencies over the first partitions."""
    count = -(-sketches.SAMPLE_BYTES // partitioned.PARTITION_BYTES)
    met = sketches.Sequences()
    sample = sketches.Sample(config.term_documents_max, met)
    for one in local.mapped(
        lambda part: sketches.sample_of(partitioned.texts(part, config), config, met), parts[:count], workers
    ):
        sample.merge(one)
    return sample.ranking(min(1.0, count / max(1, len(parts))))
