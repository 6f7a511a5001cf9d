"""The flow over partitions, on one screen: read -> sketch -> match -> verify -> judge -> cluster.

Every stage gives columns; texts are read where they are needed and never kept. What is found is what `pipeline` finds
in a small corpus, but for the passage channel, which is left out and said to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import clean, cluster, read
from dedup.bulk import match, verify
from dedup.bulk import read as partitioned
from dedup.bulk import sketch as sketches
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.engines import local
from dedup.model import Corpus, DedupError, Document

NOTE = "In a corpus of this size, passages that documents share without being copies are told only where they came up."


@dataclass(frozen=True, slots=True)
class Found:
    """What the flow gives: the documents, pairs, clusters, problems, and how many pairs were compared and capped."""

    corpus: Corpus
    pairs: Pairs
    clusters: Clusters
    problems: list[DedupError]
    candidates: int
    capped: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Read:
    """A partition's documents without their texts, and its sketches."""

    texts: partitioned.Texts
    columns: sketches.Columns


def find_duplicates(
    files: Sequence[read.SourceFile], config: Config, workers: int, one_by_one: verify.OneByOne
) -> Found:
    """Everything that a scan finds in the files. `one_by_one` compares two documents of the corpus by themselves."""
    parts = list(partitioned.partitions(files))
    ranking = _ranking(parts, config, workers)

    def stage(part: partitioned.Partition) -> _Read:
        texts = partitioned.texts(part, config)
        columns = sketches.sketched(texts, ranking, config)
        return _Read(texts.without_text(), columns)

    found = list(local.mapped(stage, parts, workers))
    corpus, problems, rank = _corpus([one.texts for one in found], [one.columns.words for one in found])
    wanted = match.candidates(_columns(found, rank), config, workers)
    pairs = np.concatenate((wanted.pairs, wanted.exact))
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    judged = verify.findings(pairs, corpus, config, workers, one_by_one)

    def verified(asked: NDArray[np.int64]) -> Pairs:
        return verify.findings(asked, corpus, config, workers, one_by_one)

    clusters, judged = cluster.clusters(judged, corpus.words, verified, config.drop_coverage_min)
    return Found(corpus, judged, clusters, problems, len(pairs), wanted.capped)


def _ranking(parts: Sequence[partitioned.Partition], config: Config, workers: int) -> sketches.Ranking:
    """How terms are ranked: by their document frequencies over the first partitions."""
    count = -(-sketches.SAMPLE_BYTES // partitioned.PARTITION_BYTES)
    sample = sketches.Sample(config.term_documents_max)
    for one in local.mapped(
        lambda part: sketches.sample_of(partitioned.texts(part, config), config), parts[:count], workers
    ):
        sample.merge(one)
    return sample.ranking(min(1.0, count / max(1, len(parts))))


def _corpus(
    found: Sequence[partitioned.Texts], words: Sequence[NDArray[np.int64]]
) -> tuple[Corpus, list[DedupError], NDArray[np.int64]]:
    """The documents of all partitions by id, the problems with what is none, and each document's place in that order.

    The second of two documents with one id is a problem.
    """
    ids, places_read, paths, notable, problems = _listed(found)
    taken: dict[str, int] = {}
    doubles = {number for number, name in enumerate(ids) if taken.setdefault(name, number) != number}
    words_read, starts, stops = (
        np.concatenate([np.zeros(0, np.int64), *parts])
        for parts in (words, [texts.starts for texts in found], [texts.stops for texts in found])
    )
    for number in sorted(doubles):
        place, first = (_place(places_read[one].tolist(), paths) for one in (number, taken[ids[number]]))
        problems.append(clean.id_taken(ids[number], place, first))
    order = np.array(sorted(set(range(len(ids))) - doubles, key=ids.__getitem__), np.int64)
    rank = np.full(len(ids), -1, np.int64)
    rank[order] = np.arange(len(order))
    corpus = Corpus(
        [ids[number] for number in order.tolist()],
        words_read[order],
        paths,
        places_read[order, 0],
        starts[order],
        stops[order],
        {int(rank[number]): document for number, document in notable.items() if number not in doubles},
    )
    return corpus, problems, rank


def _place(where: Sequence[int], paths: Sequence[str]) -> str:
    """A document's place for people: its file, and its line if it is a record."""
    file, line = where
    return f"{paths[file]}, line {line}" if line else paths[file]


def _listed(
    found: Sequence[partitioned.Texts],
) -> tuple[list[str], NDArray[np.int64], list[str], dict[int, Document], list[DedupError]]:
    """Ids, places (file and line, 0 for a file by itself), paths, notable documents and problems, in reading order."""
    ids: list[str] = []
    places = [np.zeros((0, 2), np.int64)]
    numbers: dict[str, int] = {}
    notable: dict[int, Document] = {}
    problems: list[DedupError] = []
    before = records = 0
    for position, texts in enumerate(found):
        part = texts.partition
        own = np.array([numbers.setdefault(str(file.path), len(numbers)) for file in part.files], np.int64)
        first = part.files[0]
        before, records = (0, 0) if part.start_byte == 0 else (before, records)
        lines = before + texts.rows + 1 if first.holds_records else np.zeros(len(texts.rows), np.int64)
        files = np.full(len(texts.rows), own[0]) if first.holds_records else own[texts.rows]
        places.append(np.stack((files, lines), axis=1))
        notable.update({len(ids) + place: document for place, document in texts.notable.items()})
        ids += [name or f"{first.id}#{line}" for name, line in zip(texts.ids, lines.tolist(), strict=True)]
        for row, problem in texts.problems:
            where = f"{problem.path}, line {before + row + 1}" if first.holds_records else problem.path
            problems.append(DedupError(where, problem.problem, problem.remedy))
        records += len(texts.rows) + len(texts.problems)
        before += texts.lines
        ends = position + 1 == len(found) or found[position + 1].partition.start_byte == 0
        if first.holds_records and ends and not records:
            problems.append(DedupError(first.path, "is empty", "remove it, or put its records back"))
    return ids, np.concatenate(places), list(numbers), notable, problems


def _columns(found: list[_Read], rank: NDArray[np.int64]) -> match.Columns:
    columns = [one.columns for one in found]
    found.clear()
    return match.Columns(
        rank,
        [one.words for one in columns],
        [one.digests for one in columns],
        [one.bands for one in columns],
        [(one.terms, one.term_counts) for one in columns],
    )
