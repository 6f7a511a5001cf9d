"""Findings become the figures that a page begins with: what came in, what is dropped and why, and what plots show.

Sources are those of `losses`: the folder of a text, what a record says under `source`, or its file. Where there is but
one, few documents stand in for the sources, so that who copies whom can be drawn all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import losses, match, read
from dedup.config import Config
from dedup.model import RELATIONS, REUSE
from dedup.pipeline import Findings
from dedup.report import jsonl

BINS = 20
LINKS_SHOWN = 200
SOURCES_SHOWN = 200
PROBLEMS_SHOWN = 200
CURVE_POINTS = 101

I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where documents are from. of: (n,), the number of each one's source; name: what a source is called."""

    of: I64s
    name: Callable[[int], str]
    count: int


def sources(findings: Findings) -> Sources:
    """The sources of a corpus. What records name is read again, when it is asked for."""
    corpus = findings.corpus
    names, groups = losses.groups(corpus)
    used, first, of = np.unique(groups, return_index=True, return_inverse=True)

    @cache
    def name(number: int) -> str:
        if used[number] < len(names):
            return names[int(used[number])]
        document = int(first[number])
        found: str = read.raw_at(corpus.source(document), corpus.locator(document), "").source
        return found

    return Sources(of.astype(np.int64), name, len(used))


def figures(findings: Findings, config: Config, of: Sources) -> dict[str, Any]:
    """All of it by name."""
    corpus, pairs = findings.corpus, findings.pairs
    both = findings.clusters.given_way()
    rows = pairs.rows(both)
    codes, counts = np.unique(pairs.relation[rows], return_counts=True)
    words = np.bincount(pairs.relation[rows], corpus.words[both[:, 1]], minlength=len(RELATIONS))
    sizes, numbers = np.unique(np.diff(findings.clusters.starts), return_counts=True)
    told = dict(jsonl.summary(findings))
    told["unreadable_count"] = len(told["unreadable"])
    told["unreadable"] = told["unreadable"][:PROBLEMS_SHOWN]
    bands, band_rows = match.banding(config.threshold, config.band_recall, config.permutations)
    return {
        "summary": told,
        "threshold": config.threshold,
        "dropped": [
            {"relation": RELATIONS[code], "documents": count, "words": int(words[code])}
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        ],
        "saved_words": int(corpus.words[both[:, 1]].sum()),
        "histogram": _histogram(findings),
        "sizes": [[size, number] for size, number in zip(sizes.tolist(), numbers.tolist(), strict=True)],
        "curve": {"bands": bands, "rows": band_rows, "recall": curve(bands, band_rows)},
        "damage_judged": findings.damage is not None,
        "links": _links(findings, of),
        "by_source": _by_source(both, of),
        "options": {"threshold": config.threshold, "damage": bool(config.damage_weight)},
    }


def _histogram(findings: Findings) -> Mapping[str, list[int]]:
    """Pairs by resemblance, copies and others, in bins of equal width."""
    values = findings.pairs.figures["resemblance"][:]
    is_reuse = findings.pairs.relation == REUSE
    counted = [np.histogram(values[mask], BINS, (0.0, 1.0))[0].tolist() for mask in (~is_reuse, is_reuse)]
    return {"copies": counted[0], "reuse": counted[1]}


def curve(bands: int, rows: int) -> list[float]:
    """The probability that two documents meet in a band, at each resemblance from 0 to 1."""
    found: NDArray[np.float64] = 1 - (1 - np.linspace(0, 1, CURVE_POINTS) ** rows) ** bands
    return [round(value, 4) for value in found.tolist()]


def _by_source(both: I64s, of: Sources) -> dict[str, Any]:
    """Name, documents and dropped ones of the sources that lose most, and how many sources there are."""
    documents = np.bincount(of.of, minlength=of.count)
    dropped = np.bincount(of.of[both[:, 1]], minlength=of.count)
    order = np.lexsort((-documents, -dropped))[:SOURCES_SHOWN].tolist()
    return {"rows": [[of.name(one), int(documents[one]), int(dropped[one])] for one in order], "count": of.count}


def _links(findings: Findings, of: Sources) -> dict[str, Any]:
    """Who copies whom: from, to, copies dropped for what the other has, and pairs that share passages.

    Between sources; between documents, if there is but one source.
    """
    lone = of.count < 2
    place = np.arange(len(findings.corpus)) if lone else of.of
    both = findings.clusters.given_way()
    reused = findings.pairs.documents[findings.pairs.relation == REUSE]
    copies = np.stack((place[both[:, 1]], place[both[:, 0]]), axis=1)
    shared = np.sort(place[reused], axis=1)
    counted: dict[tuple[int, int], list[int]] = {}
    for column, some in enumerate((copies, shared)):
        links, counts = np.unique(some, axis=0, return_counts=True)
        for (start, stop), count in zip(links.tolist(), counts.tolist(), strict=True):
            counted.setdefault((start, stop), [0, 0])[column] = count
    ordered = sorted(counted.items(), key=lambda item: (-sum(item[1]), item[0]))
    rows = [(*ends, *counts) for ends, counts in ordered[:LINKS_SHOWN]]
    name = findings.corpus.ids.__getitem__ if lone else of.name
    numbers = {one: at for at, one in enumerate(sorted({end for row in rows for end in row[:2]}))}
    return {
        "told": "document" if lone else "source",
        "names": [name(one) for one in numbers],
        "rows": [[numbers[start], numbers[stop], copied, reused_] for start, stop, copied, reused_ in rows],
        "count": len(ordered),
    }
