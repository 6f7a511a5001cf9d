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


def lines(findings: Findings) -> Iterator[str]:
    """One line for each document: its fate, and for a dropped one the figures of its pair with the kept one."""
    corpus = findings.corpus
    both = findings.clusters.given_way()
    rows = dict(zip(both[:, 1].tolist(), findings.pairs.rows(both).tolist(), strict=True))
    kept = findings.clusters.kept().tolist()
    for number, (name, words) in enumerate(zip(corpus.ids, corpus.words.tolist(), strict=True)):
        if number in rows:
            record = {"id": name, "status": "dropped", "for": corpus.ids[kept[number]]}
            yield jsonl.line({**record, **_figures(findings.pairs[rows[number]]), "words": words})
        elif number not in corpus.notable and name.isascii():
            head = f'{{"id": {encode_basestring(name)}, "status": "kept", "for": null, "relation": null, '
            yield f'{head}"words": {words}}}\n'
        else:
            repaired = number in corpus.notable and corpus.notable[number].repairs
            status = "restored" if repaired else "kept"
            yield jsonl.line({"id": name, "status": status, "for": None, "relation": None, "words": words})


def _figures(pair: Pair) -> dict[str, Any]:
    record = jsonl.pair_record(pair)
    return {key: record[key] for key in ("relation", "a", "b", *RELATION_FIGURES)}
