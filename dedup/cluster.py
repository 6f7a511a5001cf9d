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

from dedup.columns import Clusters, Pairs
from dedup.linked import connected
from dedup.model import EXACT, EXCERPT, NEAR, REUSE

I64s = NDArray[np.int64]
Mask = NDArray[np.bool_]
Verify = Callable[[I64s], Pairs]
"""The findings on pairs (k, 2) that no candidate brought together; those that share nothing are left out."""
Components = Callable[[I64s], tuple[I64s, I64s]]
"""What `linked.connected` gives of edges."""


def clusters(
    pairs: Pairs, words: I64s, verify: Verify, coverage_min: float = 0.0, components: Components | None = None
) -> tuple[Clusters, Pairs]:
    """The clusters of two and more, by their first member, and all pairs, with those verified to make the clusters.

    words: (n,) tokens of every document. coverage_min: see `Config.drop_coverage_min`. components: what finds them, if
    not `linked.connected`.
    """
    known, kept = pairs.ordered(), [np.zeros((0, 2), np.int64)]
    for one in rounds(known, words, verify, coverage_min, components):
        known = one.known
        kept.append(np.stack((one.canonicals, one.members), axis=1)[one.joins])
    return _grouped(np.concatenate(kept), known.ids), known


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
    merging = pairs.relation != REUSE
    (linked, standing), edges = standings(pairs.taken(merging), words), pairs.documents[merging]
    known = pairs.ordered()
    while len(edges):
        members, component = (components or connected)(edges)
        canonicals = _canonicals(members, component, standing[np.searchsorted(linked, members)], words)
        both = np.sort(np.stack((members, canonicals), axis=1), axis=1)
        others = members != canonicals
        asked = both[others & (known.rows(both) < 0)]  # never twice: a canonical joins itself and is gone
        if len(asked):
            known = known.merged(verify(asked))
        joins = ~others | _give_way(members, known.rows(both), known, coverage_min)
        yield Round(members, canonicals, joins, known)
        left = np.zeros(len(words), bool)
        left[members[~joins]] = True
        edges = edges[left[edges].all(axis=1)]


def standings(merging: Pairs, words: I64s) -> tuple[I64s, NDArray[np.float64]]:
    """The documents that pairs link, ascending, and how often each is preferred, weighted by how sure that is."""
    linked, places = np.unique(merging.documents, return_inverse=True)
    first, second = places.reshape(-1, 2).T
    a, b = merging.documents.T
    excerpt = merging.relation == EXCERPT
    preferred = np.where(excerpt, np.where(words[a] >= words[b], 0, 1), merging.cleaner)
    weight = np.where(excerpt, 1.0, merging.figures["confidence"]) * (preferred >= 0)
    standing = np.zeros(len(linked))
    np.add.at(standing, np.where(preferred == 1, second, first), weight)
    np.add.at(standing, np.where(preferred == 1, first, second), -weight)
    return linked, np.round(standing, 6)  # so that the order of the sum decides nothing


def _canonicals(members: I64s, component: I64s, standing: NDArray[np.float64], words: I64s) -> I64s:
    """For each member the canonical copy of its component."""
    order = np.lexsort((members, -words[members], -standing, component))
    first = np.flatnonzero(np.diff(component[order], prepend=-1))
    return members[order][first][component]


def _give_way(members: I64s, rows: I64s, known: Pairs, coverage_min: float) -> Mask:
    """Which documents are copies of the canonical one, and leave enough of themselves there."""
    found = np.flatnonzero(rows >= 0)
    own = known.taken(rows[found])
    is_a = own.documents[:, 0] == members[found]
    covered = np.where(is_a, own.figures["coverage_a"], own.figures["coverage_b"]) >= coverage_min
    gives = np.zeros(len(members), bool)
    gives[found] = (own.relation != REUSE) & (np.isin(own.relation, (EXACT, NEAR)) | covered)
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
