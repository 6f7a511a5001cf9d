"""Edges between documents become connected components, PART_EDGES at a time with what is known by then.

Every document takes the least number among its neighbours' until none changes, and jumps to that one's number in each
round: rounds are logarithmic in the length of a chain. Memory: some 100 bytes for each edge of a part and for each
document that is linked. Source: Shiloach and Vishkin, "An O(log n) parallel connectivity algorithm", 1982.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.filed import Column

PART_EDGES = 1 << 20
TABLE_SHARE = 8
"""Documents for each end of an edge up to which a table of them is the smaller way to number them."""

I64s = NDArray[np.int64]


def connected(edges: Column) -> tuple[I64s, I64s]:
    """The documents that edges (m, 2) link, ascending, and the number of each one's component: (k,) both."""
    known: NDArray[np.signedinteger[Any]] = edges[:PART_EDGES]
    members, component = _at_once(known)
    for first in range(PART_EDGES, len(edges), PART_EDGES):
        known = np.stack((members, least(members, component)), axis=1)
        members, component = _at_once(np.concatenate((known, edges[first : first + PART_EDGES])))
    return members, component


def least(members: I64s, component: I64s) -> I64s:
    """The least of each one's component, of members that ascend."""
    return members[np.unique(component, return_index=True)[1]][component]


def _at_once(edges: NDArray[np.signedinteger[Any]]) -> tuple[I64s, I64s]:
    members, places = numbered(edges)
    a, b = places.T
    label = np.arange(len(members), dtype=places.dtype)
    while True:
        lower = np.minimum(label[a], label[b])
        hooked = label.copy()
        np.minimum.at(hooked, label[a], lower)
        np.minimum.at(hooked, label[b], lower)
        hooked = hooked[hooked]
        if np.array_equal(hooked, label):
            return members, np.unique(label, return_inverse=True)[1].astype(np.int64)
        label = hooked


def numbered(edges: NDArray[np.signedinteger[Any]]) -> tuple[I64s, NDArray[np.signedinteger[Any]]]:
    """The documents of edges (m, 2), ascending, and the edges by their places among these.

    By a table of all documents where these are about as many as the edges, since to sort edges takes six times the
    memory that they do.
    """
    most = int(edges.max(initial=-1)) + 1
    if most > TABLE_SHARE * edges.size:
        members, places = np.unique(edges, return_inverse=True)
        return members.astype(np.int64), places.reshape(-1, 2)
    is_member = np.zeros(most, bool)
    is_member[edges] = True
    members = np.flatnonzero(is_member)
    place = np.zeros(most, np.int32 if len(members) < 1 << 31 else np.int64)
    place[members] = np.arange(len(members))
    return members, place[edges]
