"""Findings become the manifest of a clean corpus: a line for each input document, with its fate and why.

Most lines of a large corpus say only that a document is kept; they are put together without an object each.
"""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

import numpy as np

from dedup.model import RELATIONS
from dedup.pipeline import Findings
from dedup.report import jsonl

RELATION_FIGURES = ("resemblance", "containment_a", "containment_b", "confidence", "substitutions")


LINES_AT_A_TIME = 10_000


def lines(findings: Findings) -> Iterator[str]:
    """One line for each document: its fate, and for a dropped one the figures of its pair with the kept one. Lines of
    many neighbours come as one string."""
    corpus = findings.corpus
    dropped = _Dropped(findings)
    repaired = np.array(sorted(number for number in corpus.notable if corpus.notable[number].repairs), np.int64)
    for first in range(0, len(corpus), LINES_AT_A_TIME):
        last = min(len(corpus), first + LINES_AT_A_TIME)
        names, words = corpus.ids[first:last], corpus.words[first:last].tolist()
        made = list(map(_kept, names, words))
        for number in repaired[slice(*np.searchsorted(repaired, (first, last)))].tolist():
            made[number - first] = _kept(names[number - first], words[number - first], "restored")
        for number, told in dropped.between(first, last):
            place = number - first
            made[place] = jsonl.line({"id": names[place], "status": "dropped", **told, "words": words[place]})
        yield "".join(made)


class _Dropped:
    """What is told of dropped documents: of each pair (kept, dropped), by the dropped one, the few figures that are."""

    def __init__(self, findings: Findings) -> None:
        both, pairs = findings.clusters.given_way(), findings.pairs
        self._both = both[np.argsort(both[:, 1])]
        rows = pairs.rows(self._both)
        self._ids, self._documents, self._relation = findings.corpus.ids, pairs.documents[rows], pairs.relation[rows]
        self._figures = {name: pairs.figures[name][rows] for name in RELATION_FIGURES}

    def between(self, first: int, last: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Those of the documents first..last - 1, in order, each with what is told of it."""
        start, stop = np.searchsorted(self._both[:, 1], (first, last))
        figures = {name: column[start:stop].astype(float).tolist() for name, column in self._figures.items()}
        figures["substitutions"] = [int(number) for number in figures["substitutions"]]
        documents, relations = self._documents[start:stop].tolist(), self._relation[start:stop].tolist()
        for at, (kept, number) in enumerate(self._both[start:stop].tolist()):
            named = {one: self._ids[one] for one in (kept, number)}
            a, b = documents[at]
            yield (
                number,
                {
                    "for": named[kept],
                    "relation": RELATIONS[relations[at]],
                    "a": named[a],
                    "b": named[b],
                    **{name: column[at] for name, column in figures.items()},
                },
            )


def _kept(name: str, words: int, status: str = "kept") -> str:
    if not name.isascii():  # it may have what UTF-8 has not
        return jsonl.line({"id": name, "status": status, "for": None, "relation": None, "words": words})
    return (
        f'{{"id": {encode_basestring(name)}, "status": "{status}", "for": null, "relation": null, "words": {words}}}\n'
    )
