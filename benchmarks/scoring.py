"""Findings and labels become figures.

- A gold pair is recalled if it stands in a merging relation or in one cluster; apart from that, if it stands in any
  relation, `reuse` too.
- A pair is wrong if it was merged and its documents are of different groups. Precision of a kind counts the wrong pairs
  that touch a document of this kind.
- ARI (adjusted Rand index, Hubert and Arabie 1985) compares the clusters of all documents with the groups.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any, get_args

from labelled import Expected, GoldPair, LabelledSet
from scanned import Pair, Scan, ordered

EXPECTED: tuple[Expected, ...] = get_args(Expected)


@dataclass(frozen=True, slots=True)
class KindFigures:
    """What was found of one kind of gold pairs."""

    kind: str
    expected: Expected
    pairs: int
    merged: int
    related: int
    wrong: int
    relations: Mapping[str, int]

    @property
    def recall(self) -> float:
        return self.merged / self.pairs if self.pairs else 0.0

    @property
    def precision(self) -> float | None:
        if self.expected != "copy" or not self.merged + self.wrong:
            return None
        return self.merged / (self.merged + self.wrong)

    @property
    def f1(self) -> float | None:
        precision = self.precision
        if precision is None:
            return None
        return 2 * precision * self.recall / (precision + self.recall) if precision + self.recall else 0.0


def by_kind(labelled: LabelledSet, found: Scan, merged: set[Pair]) -> list[KindFigures]:
    """The figures of each kind, and, where there are several kinds of copies, of all copies together."""
    wrong = wrong_pairs(labelled, merged)
    kinds: defaultdict[tuple[str, Expected], list[GoldPair]] = defaultdict(list)
    for pair in labelled.gold:
        kinds[pair.kind, pair.expected].append(pair)
    for expected in EXPECTED:
        if sum(of_kind == expected for _, of_kind in kinds) > 1:
            kinds["all" if expected == "copy" else f"all, {expected}", expected] = [
                pair for pair in labelled.gold if pair.expected == expected
            ]
    return [kind_figures(kind, pairs, found, merged, wrong) for (kind, _), pairs in kinds.items()]


def kind_figures(
    kind: str, pairs: Sequence[GoldPair], found: Scan, merged: set[Pair], wrong: Iterable[Pair]
) -> KindFigures:
    touched = {name for pair in pairs for name in (pair.a, pair.b)}
    keys = [ordered(pair.a, pair.b) for pair in pairs]
    relations = Counter(found.relation(*key) or ("same cluster" if key in merged else "none") for key in keys)
    return KindFigures(
        kind,
        pairs[0].expected,
        len(pairs),
        sum(key in merged for key in keys),
        sum(key in merged or key in found.pairs for key in keys),
        sum(a in touched or b in touched for a, b in wrong),
        dict(relations.most_common()),
    )


def wrong_pairs(labelled: LabelledSet, merged: Iterable[Pair]) -> list[Pair]:
    """Merged pairs across groups."""
    group = {item.id: item.group for item in labelled.items}
    return sorted((a, b) for a, b in merged if group[a] != group[b])


def cluster_ari(labelled: LabelledSet, found: Scan) -> float:
    """The adjusted Rand index of the clusters against the groups, a document outside clusters being one by itself."""
    cluster_of = {name: number for number, members in enumerate(found.clusters) for name in members}
    groups = [item.group for item in labelled.items]
    return adjusted_rand_index(groups, [cluster_of.get(item.id, item.id) for item in labelled.items])


def adjusted_rand_index(truth: Sequence[Hashable], found: Sequence[Hashable]) -> float:
    """How far two partitions agree beyond chance: 1 where they are equal, about 0 where they are independent."""
    together = sum(comb(size, 2) for size in Counter(zip(truth, found, strict=True)).values())
    in_truth, in_found = (sum(comb(size, 2) for size in Counter(labels).values()) for labels in (truth, found))
    expected = in_truth * in_found / comb(len(truth), 2) if len(truth) > 1 else 0.0
    most = (in_truth + in_found) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def as_record(figures: KindFigures) -> dict[str, Any]:
    return {
        "kind": figures.kind,
        "expected": figures.expected,
        "pairs": figures.pairs,
        "recall": round(figures.recall, 5),
        "recall_any_relation": round(figures.related / figures.pairs, 5),
        "precision": None if figures.precision is None else round(figures.precision, 5),
        "f1": None if figures.f1 is None else round(figures.f1, 5),
        "called_spun": round(figures.relations.get("spun", 0) / figures.pairs, 5),
        "wrong_pairs": figures.wrong,
        "relations": dict(figures.relations),
    }
