"""Findings become the manifest of a clean corpus: a line for each input document, with its fate and why.

Most lines of a large corpus say only that a document is kept; they are put together without an object each.
"""

from __future__ import annotations

from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import Any

from dedup.model import Pair
from dedup.pipeline import Findings
from dedup.report import jsonl

RELATION_FIGURES = ("resemblance", "containment_a", "containment_b", "confidence", "substitutions")


LINES_AT_A_TIME = 10_000


def lines(findings: Findings) -> Iterator[str]:
    """One line for each document: its fate, and for a dropped one the figures of its pair with the kept one. Lines of
    neighbours that are just kept come as one string."""
    corpus = findings.corpus
    both = findings.clusters.given_way()
    rows = dict(zip(both[:, 1].tolist(), findings.pairs.rows(both).tolist(), strict=True))
    kept = dict(zip(both[:, 1].tolist(), both[:, 0].tolist(), strict=True))
    told_apart = sorted({*rows, *corpus.notable})
    next_number = 0
    for number in [*told_apart, len(corpus)]:
        for first in range(next_number, number, LINES_AT_A_TIME):
            last = min(number, first + LINES_AT_A_TIME)
            yield "".join(map(_kept, corpus.ids[first:last], corpus.words[first:last].tolist()))
        if number < len(corpus):
            name, words = corpus.ids[number], int(corpus.words[number])
            if number in rows:
                record = {"id": name, "status": "dropped", "for": corpus.ids[kept[number]]}
                yield jsonl.line({**record, **_figures(findings.pairs[rows[number]]), "words": words})
            else:
                yield _kept(name, words, "restored" if corpus.notable[number].repairs else "kept")
        next_number = number + 1


def _kept(name: str, words: int, status: str = "kept") -> str:
    if not name.isascii():  # it may have what UTF-8 has not
        return jsonl.line({"id": name, "status": status, "for": None, "relation": None, "words": words})
    return (
        f'{{"id": {encode_basestring(name)}, "status": "{status}", "for": null, "relation": null, "words": {words}}}\n'
    )


def _figures(pair: Pair) -> dict[str, Any]:
    record = jsonl.pair_record(pair)
    return {key: record[key] for key in ("relation", "a", "b", *RELATION_FIGURES)}
