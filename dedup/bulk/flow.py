"""The flow over partitions, on one screen: read -> sketch -> match -> verify -> judge -> cluster.

Every stage gives columns; texts are read where they are needed and never kept. What is found is what `pipeline` finds
in a small corpus, but that of the shingles by which shared passages are found one in `passage_sampling` is looked at.
An engine runs the stages; where a work folder keeps what they give, a run goes on where a killed one stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from dedup import cluster, mojibake
from dedup.bulk import components, held, match, verify
from dedup.bulk import corpus as corpora
from dedup.bulk import read as partitioned
from dedup.bulk import sketch as sketches
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.engines import memory
from dedup.engines.local import Engine
from dedup.model import Corpus, DedupError, SourceFile
from dedup.progress import SILENT, Progress, followed

NO_PARTITION = partitioned.Partition(())
"""What a result is told to be of: where a file is unpacked differs from run to run."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the flow gives: the documents, pairs, clusters, problems, and how many buckets were capped.

    compared: (m, 2) int64, the candidate pairs, in order.
    """

    corpus: Corpus
    pairs: Pairs
    clusters: Clusters
    problems: list[DedupError]
    compared: NDArray[np.int64]
    capped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Steps:
    """What the flow is given: how two documents of the corpus are compared by themselves, and how findings are weighed
    before clusters are made of them."""

    one_by_one: verify.OneByOne
    weighed: Callable[[Pairs, Corpus], Pairs]


def find_duplicates(
    files: Sequence[SourceFile], config: Config, engine: Engine, steps: Steps, progress: Progress
) -> Found:
    """Everything that a scan finds in the files."""
    mojibake.ready()
    parts = list(partitioned.partitions(files))
    sizes = [part.size_bytes for part in parts]
    progress.stage("read", sum(sizes), "bytes")
    columns = engine.columns

    with ThreadPoolExecutor(1) as aside:
        aside.submit(verify.language_tables)  # needed once there are pairs; reading leaves the interpreter idle
        ranking = _ranking(parts, config, engine)

        def stage(part: partitioned.Partition) -> tuple[corpora.Listed, held.Part]:
            texts = partitioned.texts(part, config)
            made = sketches.sketched(texts, ranking, config)
            listed = corpora.listed(texts, made.words, columns)
            return replace(listed, partition=NO_PARTITION), held.stored(made, columns)

        found = list(followed(engine.mapped("sketches", stage, parts), sizes, progress))
        progress.stage("match", 0, "documents")
        listed = [replace(documents, partition=part) for part, (documents, _) in zip(parts, found, strict=True)]
        corpus, problems, numbers = corpora.corpus(listed, columns)
        sketched = held.Held([part for _, part in found], numbers, columns)
        memory.give_back()
        wanted = match.candidates(sketched, config, engine)
    del found, listed, sketched, numbers
    memory.give_back()
    pairs = np.concatenate((wanted.pairs, wanted.exact))
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    progress.stage("compare", len(pairs), "pairs")
    times = count()

    def verified(asked: NDArray[np.int64], told: Progress = SILENT) -> Pairs:
        judged = verify.findings(f"pairs-{next(times)}", asked, corpus, config, engine, steps.one_by_one, told)
        memory.give_back()
        return steps.weighed(judged, corpus)

    clusters, judged = cluster.clusters(
        verified(pairs, progress),
        corpus.words,
        verified,
        config.drop_coverage_min,
        lambda edges: components.connected(f"components-{next(times)}", edges, engine),
    )
    memory.give_back()
    return Found(corpus, judged, clusters, problems, pairs, wanted.capped)


def _ranking(parts: Sequence[partitioned.Partition], config: Config, engine: Engine) -> sketches.Ranking:
    """How terms are ranked: by their document frequencies over the first partitions."""
    first = -(-sketches.SAMPLE_BYTES // partitioned.PARTITION_BYTES)
    met = sketches.Sequences()
    for one in engine.finished("sample"):
        assert isinstance(one, sketches.Counted)
        met.new(one.digests)
    sample = sketches.Sample(config.term_documents_max, met)
    for one in engine.together(
        "sample", lambda part: sketches.sample_of(partitioned.texts(part, config), config, met), parts[:first]
    ):
        sample.merge(one)
    return sample.ranking(min(1.0, first / max(1, len(parts))))
