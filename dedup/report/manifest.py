"""Findings become the manifest of a clean corpus: a line for each input document, with its fate and why.

Most lines of a large corpus say only that a document is kept; they are put together without an object each.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    many neighbours come as one string."""
    corpus = findings.corpus
    both = findings.clusters.given_way()
    both = both[np.argsort(both[:, 1])]
    repaired = np.array(sorted(number for number in corpus.notable if corpus.notable[number].repairs), np.int64)
    for first in range(0, len(corpus), LINES_AT_A_TIME):
        last = min(len(corpus), first + LINES_AT_A_TIME)
        names, words = corpus.ids[first:last], corpus.words[first:last].tolist()
        made = list(map(_kept, names, words))
        for number in _between(repaired, repaired, first, last).tolist():
            made[number - first] = _kept(names[number - first], words[number - first], "restored")
        for number, told in _dropped(_between(both, both[:, 1], first, last), findings):
            place = number - first
            made[place] = jsonl.line({"id": names[place], "status": "dropped", **told, "words": words[place]})
        yield "".join(made)


def _between(rows: NDArray[np.int64], numbers: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """The rows whose numbers, which ascend, are first..last - 1."""
    start, stop = np.searchsorted(numbers, (first, last))
    return rows[start:stop]


def _dropped(both: NDArray[np.int64], findings: Findings) -> Iterator[tuple[int, dict[str, Any]]]:
    """The second of each two documents, which gives way to the first, and what is told of it: their pair, and of its
    figures a few."""
    pairs, ids = findings.pairs, findings.corpus.ids
    rows = pairs.rows(both)
    figures = {name: pairs.figures[name][rows].astype(float).tolist() for name in RELATION_FIGURES}
    figures["substitutions"] = [int(number) for number in figures["substitutions"]]
    documents, relations = pairs.documents[rows].tolist(), pairs.relation[rows].tolist()
    for at, (kept, number) in enumerate(both.tolist()):
        named = {one: ids[one] for one in (kept, number)}
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
