"""Edges between documents become connected components, of which no process holds all edges.

1. Edges are cut into parts, each reduced by itself to its components: an edge a member, to the least one.
2. These lie at the hash of a document: each task has all edges of its documents. In turns every document joins its
   greater neighbours to the least of all (large star), and its lesser ones and itself to the least of these (small
   star).
3. When a turn changes no edge, each document has one to the least of its component, which numbers it as `linked` does.

Rounds are few: log squared of the members at most, two or three on families of copies. What is moved are 8 bytes an end
of an edge and round; what comes together in the end are 16 bytes for every linked document. Up to EDGES_MAX edges,
which one process does in half a minute, a part at a time, are left to that.

Limits: the edges to the least member of one component come together, 8 bytes for each other member. Source: Kiveris et
al., "Connected components in MapReduce and beyond", SoCC 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from dedup import linked
from dedup.engines.local import Engine
from dedup.engines.store import Block
from dedup.filed import Column

EDGES_MAX = 1 << 26
PART_EDGES = 1 << 20
"""Edges of a part: 16 MB."""

I64s = NDArray[np.int64]
U64s = NDArray[np.uint64]
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a task of a turn gives. sent: edges for each task of the next one. digest: of the edges it was given.
    members, least: its documents, and the least that each knows."""

    sent: list[Block]
    digest: int
    members: Block
    least: Block


def connected(name: str, edges: Column, engine: Engine) -> tuple[I64s, I64s]:
    """What `linked.connected` gives of edges (m, 2); `name` tells these stages from others."""
    if len(edges) <= EDGES_MAX:
        return linked.connected(edges)
    tasks = -(-len(edges) // PART_EDGES)
    columns = engine.columns

    def reduced(part: I64s) -> list[Block]:
        members, component = linked.connected(part)
        return [columns.put(codes) for codes in _sent(members, linked.least(members, component), tasks, both=True)]

    def turn(given: tuple[list[Block], bool]) -> _Turn:
        blocks, is_large = given
        codes = np.unique(np.concatenate([columns.whole(block) for block in blocks]))
        own, other = (codes >> _HALF).astype(np.int64), (codes & _LOW).astype(np.int64)
        starts = np.flatnonzero(np.diff(own, prepend=-1))
        members = own[starts]
        least = np.minimum(members, np.minimum.reduceat(other, starts)) if len(own) else members
        to = np.repeat(least, np.diff(starts, append=len(own)))
        if is_large:
            chosen = other > own
            ones, others = other[chosen], to[chosen]
        else:
            ones, others = np.concatenate((other, members)), np.concatenate((to, least))
        kept = ones != others
        sent = _sent(ones[kept], others[kept], tasks, both=not is_large)
        digest = int((_mixed(codes)).sum(dtype=np.uint64))
        put = columns.put
        return _Turn([put(part) for part in sent], digest, put(members), put(least))

    parts = (edges[first : first + PART_EDGES] for first in range(0, len(edges), PART_EDGES))
    sent = list(engine.mapped(f"{name}-parts", reduced, parts))
    before = -1
    for number in count():
        large = list(engine.mapped(f"{name}-large-{number}", turn, _received(sent, tasks, True)))
        digest = sum(one.digest for one in large) % (1 << 64)
        if digest == before:
            break
        before = digest
        small = engine.mapped(f"{name}-small-{number}", turn, _received([one.sent for one in large], tasks, False))
        sent = [one.sent for one in small]
    members = np.concatenate([columns.whole(one.members) for one in large])
    least = np.concatenate([columns.whole(one.least) for one in large])
    order = np.argsort(members)
    return members[order], np.unique(least[order], return_inverse=True)[1].astype(np.int64)


def _received(sent: Sequence[list[Block]], tasks: int, is_large: bool) -> list[tuple[list[Block], bool]]:
    """What each task is given."""
    return [([blocks[task] for blocks in sent], is_large) for task in range(tasks)]


def _sent(ones: I64s, others: I64s, tasks: int, both: bool) -> list[U64s]:
    """Edges as codes for the task of either end, or, if not of `both`, of the greater one."""
    high, low = np.maximum(ones, others).astype(np.uint64), np.minimum(ones, others).astype(np.uint64)
    codes = high << _HALF | low
    if both:
        codes = np.concatenate((codes, low << _HALF | high))
    codes = np.unique(codes)
    task = (_mixed(codes >> _HALF) >> _HALF) % np.uint64(tasks)
    return [codes[task == number] for number in range(tasks)]


def _mixed(values: U64s) -> U64s:
    """Numbers whose upper bits depend on all of those given (splitmix64's way)."""
    spread = (values + np.uint64(1)) * _SPREAD
    spread ^= spread >> np.uint64(31)
    found: U64s = spread * _SPREAD
    return found
