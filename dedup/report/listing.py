"""Findings become the columns that a page lists: clusters with their members, and documents that share passages.

Documents stand once, by name, and are numbers everywhere else. Those that stand alone and share nothing are counted in
the overview and not listed. Of shared passages REUSE_MAX pairs are listed, those with the most equal words first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import decisions, pipeline
from dedup.columns import Pairs
from dedup.config import Config
from dedup.damage import FLAG_LEVEL
from dedup.model import RELATIONS, REUSE, DedupError, Document
from dedup.pipeline import Findings
from dedup.report.compared import Group, Shared, is_held
from dedup.report.overview import Sources
from dedup.report.wording import REASONS

REUSE_MAX = 2000
PASSAGES_MAX = 20
"""Passages of a pair that are held."""
COPIES_MAX = 40
"""Copies of a cluster that are held for comparison; the others are listed."""

I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Listed:
    """The documents that a page names, by their numbers in the corpus, ascending; and the rows of the pairs that share
    passages, and how many such pairs there are."""

    documents: I64s
    reused: I64s
    reused_count: int


def listed(findings: Findings) -> Listed:
    """Which documents and which shared passages a page has."""
    pairs = findings.pairs
    reused = np.flatnonzero(pairs.relation == REUSE)
    words = np.concatenate([_equal_words(part) for _, part in pairs.stretches()])
    chosen = reused[np.lexsort((reused, -words[reused]))][:REUSE_MAX]
    named = np.unique(np.concatenate((findings.clusters.documents[:, 1], pairs.documents[chosen].ravel())))
    return Listed(named.astype(np.int64), chosen, len(reused))


def documents(findings: Findings, chosen: Listed, of: Sources) -> dict[str, Any]:
    """Names, words, sources, flags of damage and digests, a column each, in the order of `Listed.documents`."""
    corpus, numbers = findings.corpus, chosen.documents
    used, source = np.unique(of.of[numbers], return_inverse=True)
    flags = np.zeros(len(numbers), np.int64)
    if findings.damage is not None:
        flagged = findings.damage[numbers] >= FLAG_LEVEL
        flags = (flagged << np.arange(flagged.shape[1])).sum(1)
    return {
        "ids": [corpus.ids[number] for number in numbers.tolist()],
        "words": corpus.words[numbers].tolist(),
        "source_names": [of.name(one) for one in used.tolist()],
        "source": source.tolist(),
        "flags": flags.tolist(),
        "digests": [_digest(findings, number) for number in numbers.tolist()],
    }


def _digest(findings: Findings, number: int) -> str:
    """By which a decision about a document knows its text, "" if its file was changed."""
    try:
        return decisions.digest_at(findings.corpus, number)
    except DedupError:
        return ""


def clusters(findings: Findings, chosen: Listed) -> dict[str, Any]:
    """Where each cluster's members start, the members, and the figures of each one's pair with the kept copy."""
    rows, pairs = findings.clusters.documents, findings.pairs
    kept, members = rows.T
    found = pairs.rows(rows)
    others = kept != members
    own = pairs.taken(found[others])
    is_a = own.documents[:, 0] == members[others]
    figure = own.figures
    cleaner = np.where(own.cleaner < 0, 0, np.where((own.cleaner == 0) == is_a, 2, 1))  # 1 the kept one, 2 the copy
    per_pair = {
        "relation": own.relation.tolist(),
        "resemblance": _rounded(figure["resemblance"]),
        "within": _rounded(np.where(is_a, figure["containment_a"], figure["containment_b"])),
        "holds": _rounded(np.where(is_a, figure["containment_b"], figure["containment_a"])),
        "confidence": _rounded(figure["confidence"]),
        "cleaner": cleaner.tolist(),
        "replaced": figure["substitutions"].astype(np.int64).tolist(),
        "direction": _direction(own, is_a),
    }
    return {
        "starts": findings.clusters.starts.tolist(),
        "kept": np.searchsorted(chosen.documents, kept[findings.clusters.starts[:-1]]).tolist(),
        "members": np.searchsorted(chosen.documents, members).tolist(),
        **per_pair,  # of the members that are not kept, in their order
    }


def _direction(own: Pairs, is_a: NDArray[np.bool_]) -> list[list[float]]:
    """For each pair what speaks for the kept copy, in the order of REASONS, in log-odds."""
    sign = np.where(is_a, -1.0, 1.0)
    nothing = np.zeros(len(own))
    parts = [np.round(sign * own.direction.get(name, nothing), 1) + 0.0 for name in REASONS]
    return np.stack(parts, axis=1).tolist() if len(own) else []


def _rounded(column: NDArray[np.float64]) -> list[float]:
    found: list[float] = np.round(column, 3).tolist()
    return found


def reuse(findings: Findings, chosen: Listed) -> dict[str, Any]:
    """The pairs that share passages: both documents, passages, equal words."""
    own = findings.pairs.taken(chosen.reused)
    both = np.searchsorted(chosen.documents, own.documents)
    return {
        "pairs": both.reshape(-1, 2).tolist(),
        "passages": np.diff(own.starts).tolist(),
        "equal": _equal_words(own).tolist(),
        "count": chosen.reused_count,
    }


def _equal_words(pairs: Pairs) -> I64s:
    """The equal words of all passages of each pair, which are in memory."""
    words = np.zeros(len(pairs), np.int64)
    np.add.at(words, np.repeat(np.arange(len(pairs)), np.diff(pairs.starts)), pairs.passages[:, 4])
    return words


# --- texts to compare --------------------------------------------------------------------------------------------


def groups(findings: Findings, chosen: Listed, config: Config) -> Iterator[Group]:
    """The clusters with the texts of as many copies as a page holds, those of the most copies first."""
    sizes = np.diff(findings.clusters.starts)
    for cluster in np.argsort(-sizes, kind="stable").tolist():
        rows = findings.clusters.rows_of(cluster)
        kept = _text(findings, int(rows[0, 0]))
        if not kept:
            continue
        others = rows[rows[:, 0] != rows[:, 1]][:COPIES_MAX]
        names = np.searchsorted(chosen.documents, others[:, 1]).tolist()
        relations = findings.pairs.relation[findings.pairs.rows(others)].tolist()
        texts = [_text(findings, number) for number in others[:, 1].tolist()]
        copies = tuple(
            (name, text, RELATIONS[code]) for name, text, code in zip(names, texts, relations, strict=True) if text
        )
        if copies:
            yield Group(cluster, kept, copies, config)


def shared(findings: Findings, chosen: Listed, config: Config) -> Iterator[Shared]:
    """The pairs that share passages, in the order of `reuse`, with their texts."""
    own = findings.pairs.taken(chosen.reused)
    for number, (a, b) in enumerate(own.documents.tolist()):
        text_a, text_b = _text(findings, a), _text(findings, b)
        if text_a and text_b:
            told = own.passages[own.starts[number] : own.starts[number + 1]][:PASSAGES_MAX].tolist()
            spans = tuple(((one[0], one[1]), (one[2], one[3]), one[4]) for one in told)
            yield Shared(number, text_a, text_b, spans, config)


def _text(findings: Findings, number: int) -> Document | None:
    """A document, read again, unless it is too long for a page or its file was changed."""
    try:
        found = pipeline.document_at(findings.corpus, number)
    except DedupError:
        return None
    return found if is_held(found, int(findings.corpus.words[number])) else None
