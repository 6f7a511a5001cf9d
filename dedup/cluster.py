"""Pairs become clusters: which documents are copies of one text, and which of them is kept.

1. Documents linked by merging relations form a component. A component is no cluster yet: a chain of near copies may
   end far from where it began.
2. In a component the canonical copy is the document that its pairs call cleaner most, then the longer, then the first
   by id. An excerpt gives way to the text that holds it.
3. Every other member is compared with the canonical copy itself. Those that are no copies of it, or have too much of
   their own, start over among themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from dedup.model import MERGING, Cluster, Pair

Verify = Callable[[Sequence[tuple[str, str]]], Sequence[Pair | None]]
Groups = list[tuple[str, list[str]]]


def clusters(
    ids: Sequence[str], words: Mapping[str, int], pairs: Iterable[Pair], verify: Verify, coverage_min: float = 0.0
) -> tuple[list[Cluster], list[Pair]]:
    """The clusters of two and more, by their first member, and the pairs that had to be verified to make them.

    `verify` compares documents that no candidate pair brought together, many at a time. coverage_min: see
    `Config.drop_coverage_min`.
    """
    position = {name: index for index, name in enumerate(ids)}
    known: dict[frozenset[str], Pair | None] = {frozenset((pair.a, pair.b)): pair for pair in pairs}
    merging = [pair for pair in known.values() if pair and pair.relation in MERGING]
    standing = _standing(merging, words)
    added: list[Pair] = []
    groups: Groups = []
    waiting = [sorted(component, key=position.__getitem__) for component in _components(merging)]
    while waiting:
        chosen = [min(names, key=lambda name: (-standing[name], -words[name], position[name])) for names in waiting]
        asked = _unknown(chosen, waiting, known)
        for both, found in zip(asked, verify(asked), strict=True):
            known[frozenset(both)] = found
            added.extend([found] if found else [])
        rest: set[str] = set()
        for canonical, names in zip(chosen, waiting, strict=True):
            members = [
                name
                for name in names
                if name == canonical or _gives_way(name, known[frozenset((name, canonical))], coverage_min)
            ]
            groups.append((canonical, members))
            rest |= set(names) - set(members)
        left = _components([pair for pair in merging if pair.a in rest and pair.b in rest])
        waiting = [sorted(component, key=position.__getitem__) for component in left]
    groups = sorted((group for group in groups if len(group[1]) > 1), key=lambda group: position[group[1][0]])
    return [Cluster(number, canonical, tuple(names)) for number, (canonical, names) in enumerate(groups)], added


def _unknown(
    chosen: Sequence[str], waiting: Sequence[Sequence[str]], known: Mapping[frozenset[str], Pair | None]
) -> list[tuple[str, str]]:
    """The pairs of canonical copies with members that were not compared yet, each in the order of the members."""
    asked = []
    for canonical, names in zip(chosen, waiting, strict=True):
        at = names.index(canonical)
        for place, name in enumerate(names):
            if name != canonical and frozenset((name, canonical)) not in known:
                asked.append((name, canonical) if place < at else (canonical, name))
    return asked


def _gives_way(name: str, pair: Pair | None, coverage_min: float) -> bool:
    """Whether a document is a copy of the other one of its pair, and that has enough of it."""
    if pair is None or pair.relation not in MERGING:
        return False
    if pair.relation in ("exact", "near"):
        return True
    covered = pair.evidence["coverage_a" if name == pair.a else "coverage_b"]
    assert isinstance(covered, float)
    return covered >= coverage_min


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
