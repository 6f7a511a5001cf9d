"""Pairs become clusters: which documents are copies of one text, and which of them is kept.

1. Documents linked by merging relations form a component. A component is no cluster yet: a chain of near copies may
   end far from where it began.
2. In a component the canonical copy is the document that its pairs call cleaner most, then the longer, then the first
   by id. An excerpt gives way to the text that holds it.
3. Every other member is compared with the canonical copy itself. Those that are no copies of it start over among
   themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from dedup.model import MERGING, Cluster, Pair

Verify = Callable[[str, str], Pair | None]


def clusters(
    ids: Sequence[str], words: Mapping[str, int], pairs: Iterable[Pair], verify: Verify
) -> tuple[list[Cluster], list[Pair]]:
    """The clusters of two and more, by their first member, and the pairs that had to be verified to make them.

    `verify` compares two documents that no candidate pair brought together.
    """
    position = {name: index for index, name in enumerate(ids)}
    known: dict[frozenset[str], Pair | None] = {frozenset((pair.a, pair.b)): pair for pair in pairs}
    merging = [pair for pair in known.values() if pair and pair.relation in MERGING]
    standing = _standing(merging, words)
    added: list[Pair] = []

    def copy_of(canonical: str, other: str) -> bool:
        both = frozenset((canonical, other))
        if both not in known:
            known[both] = found = verify(*sorted(both, key=position.__getitem__))
            added.extend([found] if found else [])
        pair = known[both]
        return pair is not None and pair.relation in MERGING

    groups: list[tuple[str, list[str]]] = []
    waiting = _components(merging)
    while waiting:
        component = sorted(waiting.pop(), key=position.__getitem__)
        canonical = min(component, key=lambda name: (-standing[name], -words[name], position[name]))
        members = [name for name in component if name == canonical or copy_of(canonical, name)]
        groups.append((canonical, members))
        rest = set(component) - set(members)
        waiting += _components([pair for pair in merging if pair.a in rest and pair.b in rest])
    groups = sorted((group for group in groups if len(group[1]) > 1), key=lambda group: position[group[1][0]])
    return [Cluster(number, canonical, tuple(names)) for number, (canonical, names) in enumerate(groups)], added


def _standing(merging: Sequence[Pair], words: Mapping[str, int]) -> dict[str, float]:
    """For each document, how often its pairs prefer it, weighted by how sure they are."""
    standing: dict[str, float] = defaultdict(float)
    for pair in merging:
        preferred, weight = pair.cleaner, pair.confidence
        if pair.relation == "excerpt":
            preferred, weight = max((pair.a, pair.b), key=words.__getitem__), 1.0
        if preferred:
            other = pair.a if preferred == pair.b else pair.b
            standing[preferred] += weight
            standing[other] -= weight
    return standing


def _components(merging: Sequence[Pair]) -> list[set[str]]:
    """The connected components of two and more documents (union by size, path halving: Tarjan 1975)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    for pair in merging:
        parent[root(pair.a)] = root(pair.b)
    groups: dict[str, set[str]] = defaultdict(set)
    for name in list(parent):
        groups[root(name)].add(name)
    return list(groups.values())
