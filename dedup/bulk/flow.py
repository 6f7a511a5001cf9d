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

from dedup import cluster, mojibake
from dedup.bulk import components, held, match, verify, wordlists
from dedup.bulk import corpus as corpora
from dedup.bulk import read as partitioned
from dedup.bulk import sketch as sketches
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.engines import memory
from dedup.engines.local import Engine
from dedup.engines.store import Store
from dedup.filed import Column
from dedup.model import Corpus, DedupError, SourceFile
from dedup.progress import SILENT, Progress, followed

FINDINGS_SHARE = 4
"""The part of `memory_bytes`, one in so many, by which the store of candidates and findings is measured: a quarter of
that they may take in memory."""
NO_PARTITION = partitioned.Partition(())
"""What a result is told to be of: where a file is unpacked differs from run to run."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the flow gives: the documents, pairs, clusters, problems, and how many buckets were capped.

    compared: (m, 2) int32, the candidate pairs, in order, in the store of the findings.
    """

    corpus: Corpus
    pairs: Pairs
    clusters: Clusters
    problems: list[DedupError]
    compared: Column
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
        aside.submit(wordlists.english)  # needed once there are pairs; reading leaves the interpreter idle
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
        assert len(corpus) < 1 << 31, "pairs are of 32-bit numbers"
        sketched = held.Held([part for _, part in found], numbers, columns)
        memory.give_back()
        store = Store(config.memory_bytes // FINDINGS_SHARE)
        wanted = match.candidates(sketched, config, engine, store)
    del found, listed, sketched, numbers
    memory.give_back()
    progress.stage("compare", len(wanted.pairs), "pairs")
    times = count()
    by = verify.Asked(corpus, config, engine, steps.one_by_one, store)

    def verified(asked: Column, told: Progress = SILENT) -> Pairs:
        judged = verify.findings(f"pairs-{next(times)}", asked, by, told)
        memory.give_back()
        return steps.weighed(judged, corpus)

    clusters, judged = cluster.clusters(
        verified(wanted.pairs, progress),
        corpus.words,
        verified,
        config.drop_coverage_min,
        lambda edges: components.connected(f"components-{next(times)}", edges, engine),
    )
    memory.give_back()
    return Found(corpus, judged, clusters, problems, wanted.pairs, wanted.capped)


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
