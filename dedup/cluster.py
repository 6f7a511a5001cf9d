"""Pairs become clusters: which documents are copies of one text, and which of them is kept.

1. Documents linked by merging relations form a component. A component is no cluster yet: a chain of near copies may
   end far from where it began.
2. In a component the canonical copy is the document that its pairs call cleaner most, then the longer, then the first
   by id. An excerpt gives way to the text that holds it.
3. Every other member is compared with the canonical copy itself. Those that are no copies of it, or have too much of
   their own, start over among themselves.

Documents are numbers here, in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.columns import Clusters, Pairs, coded
from dedup.filed import STRETCH_ROWS, Column, Store, growing
from dedup.linked import connected
from dedup.model import EXACT, EXCERPT, NEAR, REUSE

I64s = NDArray[np.int64]
Mask = NDArray[np.bool_]
Verify = Callable[[I64s], Pairs]
"""The findings on pairs (k, 2) that no candidate brought together; those that share nothing are left out."""
Components = Callable[[Column], tuple[I64s, I64s]]
"""What `linked.connected` gives of edges."""


def clusters(
    pairs: Pairs, words: I64s, verify: Verify, coverage_min: float = 0.0, components: Components | None = None
) -> tuple[Clusters, Pairs]:
    """The clusters of two and more, by their first member, and all pairs, with those verified to make the clusters.

    words: (n,) tokens of every document. coverage_min: see `Config.drop_coverage_min`. components: what finds them, if
    not `linked.connected`.
    """
    kept = [np.zeros((0, 2), np.int64)]
    pairs = pairs.ordered()
    for one in rounds(pairs, words, verify, coverage_min, components):
        pairs = one.known
        kept.append(np.stack((one.canonicals, one.members), axis=1)[one.joins])
    return _grouped(np.concatenate(kept), pairs.ids), pairs


@dataclass(frozen=True, slots=True)
class Round:
    """A step in the making of clusters.

    members: (k,) documents that are linked, ascending. canonicals: (k,) for each, the one that is kept of those it is
    linked with. joins: (k,) which are copies of that one, or it itself; the others start over. known: all pairs that
    were compared until then, in order.
    """

    members: I64s
    canonicals: I64s
    joins: Mask
    known: Pairs


def rounds(
    pairs: Pairs, words: I64s, verify: Verify, coverage_min: float, components: Components | None = None
) -> Iterator[Round]:
    """The steps in which clusters are made; what is given is that of `clusters`."""
    (linked, standing), edges = standings(pairs, words), pairs.linking(pairs.relation != REUSE)
    pairs = pairs.ordered()
    while len(edges):
        members, component = (components or connected)(edges)
        canonicals = _canonicals(members, component, standing[np.searchsorted(linked, members)], words)
        both = np.sort(np.stack((members, canonicals), axis=1), axis=1)
        others = members != canonicals
        asked = both[others & (pairs.rows(both) < 0)]  # never twice: a canonical joins itself and is gone
        if len(asked):
            pairs = pairs.merged(verify(asked[np.argsort(coded(asked))]))
        joins = ~others | _give_way(members, pairs.rows(both), pairs, coverage_min)
        yield Round(members, canonicals, joins, pairs)
        left = np.zeros(len(words), bool)
        left[members[~joins]] = True
        edges = _among(edges, left, pairs.store)


def _among(edges: Column, left: Mask, store: Store | None) -> Column:
    """The edges between documents that are left."""
    found = growing(store)
    for first in range(0, len(edges), STRETCH_ROWS):
        part = edges[first : first + STRETCH_ROWS]
        found.append(part[left[part].all(axis=1)])
    return found.column()


def standings(pairs: Pairs, words: I64s) -> tuple[I64s, NDArray[np.float64]]:
    """The documents that copies link, ascending, and how often each is preferred, weighted by how sure that is."""
    total, is_linked = np.zeros(len(words)), np.zeros(len(words), bool)
    for _, part in pairs.stretches():
        merging = part.relation != REUSE
        documents, excerpt = part.documents[merging], part.relation[merging] == EXCERPT
        a, b = documents.T
        preferred = np.where(excerpt, np.where(words[a] >= words[b], 0, 1), part.cleaner[merging])
        weight = np.where(excerpt, 1.0, part.figures["confidence"][merging]) * (preferred >= 0)
        np.add.at(total, np.where(preferred == 1, b, a), weight)
        np.add.at(total, np.where(preferred == 1, a, b), -weight)
        is_linked[documents] = True
    linked = np.flatnonzero(is_linked)
    return linked, np.round(total[linked], 6)  # so that the order of the sum decides nothing


def _canonicals(members: I64s, component: I64s, standing: NDArray[np.float64], words: I64s) -> I64s:
    """For each member the canonical copy of its component."""
    order = np.lexsort((members, -words[members], -standing, component))
    first = np.flatnonzero(np.diff(component[order], prepend=-1))
    return members[order][first][component]


def _give_way(members: I64s, rows: I64s, known: Pairs, coverage_min: float) -> Mask:
    """Which documents are copies of the canonical one, and leave enough of themselves there."""
    found = np.flatnonzero(rows >= 0)
    own = rows[found]
    is_a, relation = known.documents[own][:, 0] == members[found], known.relation[own]
    covered = np.where(is_a, known.figures["coverage_a"][own], known.figures["coverage_b"][own]) >= coverage_min
    gives = np.zeros(len(members), bool)
    gives[found] = (relation != REUSE) & (np.isin(relation, (EXACT, NEAR)) | covered)
    return gives


def _grouped(rows: I64s, ids: Sequence[str]) -> Clusters:
    """The clusters of rows (canonical, member), by their first members, those of one document left out."""
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    starts = np.flatnonzero(np.diff(rows[:, 0], prepend=-1))
    sizes = np.diff(np.append(starts, len(rows)))
    first = np.repeat(rows[starts, 1], sizes)
    rows, first = rows[np.repeat(sizes, sizes) > 1], first[np.repeat(sizes, sizes) > 1]
    order = np.argsort(first, kind="stable")
    starts = np.flatnonzero(np.diff(first[order], prepend=-1))
    return Clusters(ids, rows[order], np.append(starts, len(rows)))
