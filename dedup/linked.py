"""Edges between documents become connected components, all at once.

Every document takes the least number among its neighbours' until none changes, and jumps to that one's number in each
round: rounds are logarithmic in the length of a chain. Source: Shiloach and Vishkin, "An O(log n) parallel connectivity
algorithm", 1982.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TABLE_SHARE = 8
"""Documents for each end of an edge up to which a table of them is the smaller way to number them."""

I64s = NDArray[np.int64]


def connected(edges: I64s) -> tuple[I64s, I64s]:
    """The documents that edges (m, 2) link, ascending, and the number of each one's component: (k,) both."""
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
