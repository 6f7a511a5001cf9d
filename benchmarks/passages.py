"""The passages that a scan reports, held against those that were planted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import plagdet
import prose
from labelled import GoldPassage, LabelledSet
from scanned import Scan

WORDS_OFF_MAX = 5


def by_kind(labelled: LabelledSet, found: Scan) -> list[dict[str, Any]]:
    """For each kind of planted passage, and for all: how many were found, with which spans, and the figures of text
    alignment. Detections between documents that share no planted passage count against the precision of all."""
    cases: dict[str, list[plagdet.Shared]] = {}
    for gold in labelled.passages:
        cases.setdefault(gold.kind, []).append(case(gold))
    everything = [one for several in cases.values() for one in several]
    reported = list(detections(found))
    starts = {item.id: [word.start() for word in prose.WORD.finditer(item.text)] for item in labelled.items}
    deviation = plagdet.deviation_words(starts)
    rows = []
    for kind, own in [*cases.items(), ("all", everything)]:
        between = {(one.a, one.b) for one in own}
        met = reported if kind == "all" else [one for one in reported if (one.a, one.b) in between]
        figures = plagdet.figures(own, met)
        counted = plagdet.found_within(own, met, deviation, WORDS_OFF_MAX)
        rows.append(
            {
                "kind": kind,
                "passages": len(own),
                "found": round(counted.detected / len(own), 4),
                "within_5_words": round(counted.exact / len(own), 4),
                "detections": len(met),
                "precision": round(figures.precision, 4),
                "recall": round(figures.recall, 4),
                "granularity": round(figures.granularity, 4),
                "plagdet": round(figures.plagdet, 4),
            }
        )
    return rows


def case(gold: GoldPassage) -> plagdet.Shared:
    return plagdet.named_in_order(gold.a, gold.b, gold.span_a, gold.span_b)


def detections(found: Scan) -> Iterator[plagdet.Shared]:
    """The passages in the evidence of all pairs."""
    for record in found.pairs.values():
        for passage in record["evidence"].get("passages", ()):
            spans = [tuple(passage[side]) for side in ("a", "b")]
            yield plagdet.named_in_order(record["a"], record["b"], *spans)
