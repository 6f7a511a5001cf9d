"""Findings become the manifest of a clean corpus: a line for each input document, with its fate and why.

Most lines of a large corpus say only that a document is kept; they are put together without an object each.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from json.encoder import encode_basestring
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.model import RELATIONS
from dedup.pipeline import Findings
from dedup.report import jsonl

RELATION_FIGURES = ("resemblance", "containment_a", "containment_b", "confidence", "substitutions")


LINES_AT_A_TIME = 10_000


def lines(findings: Findings) -> Iterator[str]:
    """One line for each document: its fate, and for a dropped one the figures of its pair with the kept one. Lines of
    neighbours that are just kept come as one string."""
    corpus = findings.corpus
    both = findings.clusters.given_way()
    both = both[np.argsort(both[:, 1])]
    dropped = _Dropped(both, findings)
    notable = np.array(sorted(corpus.notable), np.int64)
    next_number = 0
    for number in chain(np.union1d(both[:, 1], notable).tolist(), [len(corpus)]):
        for first in range(next_number, number, LINES_AT_A_TIME):
            last = min(number, first + LINES_AT_A_TIME)
            yield "".join(map(_kept, corpus.ids[first:last], corpus.words[first:last].tolist()))
        if number < len(corpus):
            name, words = corpus.ids[number], int(corpus.words[number])
            if told := dropped.of(number):
                yield jsonl.line({"id": name, "status": "dropped", **told, "words": words})
            else:
                yield _kept(name, words, "restored" if corpus.notable[number].repairs else "kept")
        next_number = number + 1


class _Dropped:
    """What is told of dropped documents: of each pair (kept, dropped), by the dropped one, the few figures that are."""

    def __init__(self, both: NDArray[np.int64], findings: Findings) -> None:
        pairs = findings.pairs
        rows = pairs.rows(both)
        self._ids, self._kept, self._dropped = findings.corpus.ids, both[:, 0], both[:, 1]
        self._documents, self._relation = pairs.documents[rows], pairs.relation[rows]
        self._figures = {name: pairs.figures[name][rows] for name in RELATION_FIGURES}

    def of(self, number: int) -> dict[str, Any]:
        """What is told of one, nothing of a document that is not dropped."""
        at = int(np.searchsorted(self._dropped, number))
        if at == len(self._dropped) or self._dropped[at] != number:
            return {}
        a, b = (self._ids[one] for one in self._documents[at].tolist())
        figures = {name: float(column[at]) for name, column in self._figures.items()}
        return {
            "for": self._ids[int(self._kept[at])],
            "relation": RELATIONS[self._relation[at]],
            "a": a,
            "b": b,
            **figures,
            "substitutions": int(figures["substitutions"]),
        }


def _kept(name: str, words: int, status: str = "kept") -> str:
    if not name.isascii():  # it may have what UTF-8 has not
        return jsonl.line({"id": name, "status": status, "for": None, "relation": None, "words": words})
    return (
        f'{{"id": {encode_basestring(name)}, "status": "{status}", "for": null, "relation": null, "words": {words}}}\n'
    )
