"""Edges between documents become connected components, all at once.

Every document takes the least number among its neighbours' until none changes, and jumps to that one's number in each
round: rounds are logarithmic in the length of a chain. Source: Shiloach and Vishkin, "An O(log n) parallel connectivity
algorithm", 1982.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

I64s = NDArray[np.int64]


def connected(edges: I64s) -> tuple[I64s, I64s]:
    """The documents that edges (m, 2) link, ascending, and the number of each one's component: (k,) both."""
    members, places = np.unique(edges, return_inverse=True)
    a, b = places.reshape(-1, 2).T
    label = np.arange(len(members))
    while True:
        lower = np.minimum(label[a], label[b])
        hooked = label.copy()
        np.minimum.at(hooked, label[a], lower)
        np.minimum.at(hooked, label[b], lower)
        hooked = hooked[hooked]
        if np.array_equal(hooked, label):
            return members.astype(np.int64), np.unique(label, return_inverse=True)[1].astype(np.int64)
        label = hooked
