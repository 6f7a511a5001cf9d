"""Documents in memory become tables of what is found, and the table without its copies.

1. The rows become lines in a temporary folder (`packed.tables`), which are scanned as a file of records is.
2. Findings are told by row, so that they can be joined to the rows; a row without a text is a problem, and not kept.

The table that was given is not changed. What comes back are Arrow tables, which offer the PyCapsule interface in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import pipeline
from dedup.config import Config
from dedup.model import RELATIONS, DedupError
from dedup.packed import tables
from dedup.packed.unpacked import rows_of
from dedup.pipeline import DEFAULT, Findings
from dedup.progress import SILENT, Progress
from dedup.spool import Spool

STATUS = np.array(["unique", "canonical", "duplicate"])


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """What became of a table; all of these but `problems` are Arrow tables.

    kept: the rows that stay, with all columns. documents: `row` (from 0), `id`, `words`, `status` (unique, canonical or
    duplicate), `cluster` and `kept_row`, the row that stays for it. pairs: `a_row`, `b_row`, and what a pair is, as
    `scan` tells it. problems: the rows without a text that could be read, and why.
    """

    kept: Any
    documents: Any
    pairs: Any
    problems: tuple[DedupError, ...]


def deduplicate(
    data: Any, text: str = "text", id: str | None = None, config: Config = DEFAULT, progress: Progress = SILENT
) -> Deduplicated:
    """What is found in a table, data frame, dataset, series of texts, or iterable of strings or mappings.

    `text` and `id` name columns; without `id` rows go by their numbers. Raises DedupError if there are no texts.
    """
    if text == id:
        raise DedupError(tables.NAME, f"has one column, `{text}`, for text and id", "name two")
    source = config.source_column if config.source_column not in (text, id) else _other_than("source", text, id or "")
    named = replace(config, text_column=text, id_column=id or _other_than("id", text, source), source_column=source)
    whole = tables.table(data, text)
    asked = {"id=": id} if id is not None else {}
    if config.source_column not in ("source", text, id):
        asked["source_column= of the Config"] = source
    tables.check_columns(whole, {"text=": text, **(asked if len(whole) else {})})
    with Spool() as spool:
        file, problems = tables.spooled(whole, id is not None, spool, named)
        with pipeline.find_duplicates(file, named, progress) as findings:
            rows = rows_of(file, findings.corpus.starts[:, None])
            stays = findings.clusters.kept() == np.arange(len(rows))
            return Deduplicated(
                kept=tables.of_rows(whole, rows[stays]),
                documents=_documents(findings, rows),
                pairs=_pairs(findings, rows),
                problems=(*problems, *findings.problems),
            )


def _other_than(name: str, *taken: str) -> str:
    while name in taken:
        name += "_"
    return name


def _documents(findings: Findings, rows: NDArray[np.int64]) -> Any:
    """A row for each document, in the order of the rows that they stand in."""
    order = np.argsort(rows, kind="stable")
    clusters, kept = findings.clusters.numbers(), findings.clusters.kept()
    alone = clusters < 0
    status = np.where(alone, 0, np.where(kept == np.arange(len(rows)), 1, 2))
    ids = findings.corpus.ids
    return tables.of_columns(
        {
            "row": rows[order],
            "id": [ids[number] for number in order.tolist()],
            "words": np.asarray(findings.corpus.words, np.int64)[order],
            "status": STATUS[status[order]].tolist(),
            "cluster": np.ma.masked_array(np.asarray(clusters, np.int64)[order], alone[order]),
            "kept_row": rows[kept[order]],
        }
    )


def _pairs(findings: Findings, rows: NDArray[np.int64]) -> Any:
    """A row for each pair, with the figures that have a place of their own in a pair."""
    pairs, documents = findings.pairs, findings.pairs.documents[:]
    cleaner = np.clip(pairs.cleaner.astype(np.int64), 0, 1)
    of_cleaner = rows[documents[np.arange(len(pairs)), cleaner]]
    figures = {name: pairs.figures[name][:] for name in ("resemblance", "containment_a", "containment_b", "confidence")}
    return tables.of_columns(
        {
            "a_row": rows[documents[:, 0]],
            "b_row": rows[documents[:, 1]],
            "relation": [RELATIONS[code] for code in pairs.relation.tolist()],
            **figures,
            "substitutions": pairs.figures["substitutions"][:].astype(np.int64),
            "cleaner_row": np.ma.masked_array(of_cleaner, pairs.cleaner < 0),
        }
    )
