"""What was written is counted against what was read, before it gets its name.

1. No two documents that were read have one id, and the manifest, counted in its own text, has a line for each.
2. Those that it calls kept or restored were written, and no others.
3. Every other one gives way to one that was written.

None of this reads a document again: writers tell what they wrote, and the rest is columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup.model import Corpus, DedupError
from dedup.pipeline import Findings

STATUSES = ("kept", "restored", "dropped")
TOLD = "every document read is in the manifest once, and each dropped one gives way to one that was written"
"""What `check` makes sure of, in words."""


@dataclass(slots=True)
class Fates:
    """The lines of a manifest that passed, and how many of each status."""

    lines: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATUSES, 0))

    def passing(self, texts: Iterable[str]) -> Iterator[str]:
        """The texts, one or more lines each, counted: within a string of JSON quotes would have backslashes."""
        for text in texts:
            self.lines += text.count("\n")
            for status in STATUSES:
                self.counts[status] += text.count(f'"status": "{status}"')
            yield text


def check(findings: Findings, fates: Fates, written: NDArray[np.bool_]) -> None:
    """Raises DedupError if a document is missing, is there twice, or gives way to none that was written.

    written: (n,), which documents of the corpus were.
    """
    corpus, counts = findings.corpus, fates.counts
    documents = len(corpus)
    if not _distinct(corpus.ids):
        raise _wrong("two documents have one id")
    if not fates.lines == sum(counts.values()) == documents:
        raise _wrong(f"the manifest has {fates.lines:,} lines for {documents:,} documents")
    stays = findings.clusters.kept()
    check_written(corpus, np.flatnonzero(stays == np.arange(documents)), written)
    if counts["dropped"] != documents - int(written.sum()):
        raise _wrong(
            f"{counts['dropped']:,} documents were dropped, but {documents - int(written.sum()):,} not written"
        )
    if not written[stays].all():
        raise _wrong("a dropped document gives way to one that was not written")


def check_written(corpus: Corpus, kept: NDArray[np.int64], written: NDArray[np.bool_]) -> None:
    """Raises DedupError unless these documents were written, and no others."""
    wanted = np.zeros(len(corpus), bool)
    wanted[kept] = True
    if (wanted != written).any():
        number = int(np.flatnonzero(wanted != written)[0])
        raise _wrong(f"{corpus.ids[number]} was {'not ' * bool(wanted[number])}written")


def told(counts: Mapping[str, int]) -> str:
    """The balance for people."""
    return " + ".join(f"{counts[status]:,} {status}" for status in STATUSES)


def _distinct(ids: Sequence[str]) -> bool:
    """Whether no two are alike; those of a corpus ascend."""
    return all(one < other for one, other in pairwise(ids)) or len(set(ids)) == len(ids)


def _wrong(problem: str) -> DedupError:
    return DedupError("the clean corpus", f"does not add up: {problem}", "nothing was written; please report this")
