"""Findings in columns: pairs as verification hands them on, and the clusters that are made of them.

A run may find millions, of which a report shows some; as columns they are judged, turned, chosen and counted without an
object each, and as sequences they give the `Pair` and the `Cluster` that people see.

Pairs of a large corpus have their columns in a store (see `filed`), but for two bytes each. Whoever goes through all of
them takes STRETCH_ROWS at a time (`Pairs.stretches`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.filed import STRETCH_ROWS, Column, Growing, Held, Store, growing
from dedup.model import RELATIONS, Cluster, Pair

F64s = NDArray[np.float64]
I64s = NDArray[np.int64]

SHOWN = (
    "coverage_a",
    "coverage_b",
    "replaced_rate",
    "spread",
    "substitution_share",
    "common_share",
    "similarity",
    "uneven_share",
    "balance",
    "likeness",
    "consistency",
    "lean",
    "strength",
    "systematic",
)
"""The figures that stand in a pair's evidence; the others have places of their own."""
CHANNELS = ("bands", "terms", "passages")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told anew of some pairs: which copy is the cleaner one and how sure that is, and parts of the evidence,
    by name; columns as those of `Pairs`."""

    cleaner: NDArray[np.int8]
    confidence: F64s
    direction: Mapping[str, F64s]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Verified pairs in columns, a row a pair; as a sequence, each is a `Pair`.

    ids: the names of the corpus's documents. documents: (m, 2) integers, a and b by number, a < b. relation: (m,)
    uint8, a code of RELATIONS. cleaner: (m,) int8, 0 for a, 1 for b, -1 for neither. figures: what `Pair` has by name,
    and its evidence (SHOWN), each (m,) float64. direction: the log-odds for a's readings in parts, each (m,) float64.
    passages: (p, 5) int64, spans in characters of a and of b and the equal words; those of pair r are rows starts[r] to
    starts[r + 1]. met: (m, 3) int64, keys of each channel by which a pair met, 0 for none. store: where all but the
    relation and the cleaner are, if they are no arrays: they are then read as arrays are, by rows (see `filed`).
    """

    ids: Sequence[str]
    documents: Any
    relation: NDArray[np.uint8]
    cleaner: NDArray[np.int8]
    figures: Mapping[str, Any]
    direction: Mapping[str, Any]
    passages: Any
    starts: Any
    met: Any
    store: Store | None = None

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[Pair]:
        for _, part in self.stretches():
            yield from map(part.__getitem__, range(len(part)))

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and list(self) == list(other)

    def __getitem__(self, row: int) -> Pair:
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        a, b = (self.ids[number] for number in self.documents[row].tolist())
        figure = {name: float(column[row]) for name, column in self.figures.items()}
        evidence: dict[str, object] = {name: figure[name] for name in SHOWN}
        evidence["direction"] = {name: float(column[row]) for name, column in self.direction.items()}
        evidence["passages"] = [
            {"a": told[0:2], "b": told[2:4], "equal_words": told[4]}
            for told in self.passages[self.starts[row] : self.starts[row + 1]].tolist()
        ]
        if self.met[row].any():
            evidence = {"shared_keys": dict(zip(CHANNELS, self.met[row].tolist(), strict=True)), **evidence}
        return Pair(
            a=a,
            b=b,
            relation=RELATIONS[self.relation[row]],
            resemblance=figure["resemblance"],
            containment_a=figure["containment_a"],
            containment_b=figure["containment_b"],
            cleaner=(a, b, None)[self.cleaner[row]],
            confidence=figure["confidence"],
            substitutions=int(figure["substitutions"]),
            evidence=evidence,
        )

    def stretches(self) -> Iterator[tuple[slice, Pairs]]:
        """All pairs, so many at a time as are read together, in memory; with their rows, and once if there are none."""
        for first in range(0, max(1, len(self)), STRETCH_ROWS):
            rows = slice(first, min(first + STRETCH_ROWS, len(self)))
            yield rows, self.between(rows)

    def between(self, rows: slice) -> Pairs:
        """The pairs of rows that follow each other, in memory."""
        starts = self.starts[rows.start : rows.stop + 1]
        return self._at(rows, self.passages[int(starts[0]) : int(starts[-1])], starts - starts[0])

    def taken(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """The pairs of some rows, by number or by mask, in memory."""
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        told, starts = ragged(self.starts, numbers)
        return self._at(numbers, self.passages[told], starts)

    def _at(self, rows: slice | NDArray[np.int64], passages: NDArray[np.int64], starts: NDArray[np.int64]) -> Pairs:
        return Pairs(
            ids=self.ids,
            documents=self.documents[rows],
            relation=self.relation[rows],
            cleaner=self.cleaner[rows],
            figures={name: column[rows] for name, column in self.figures.items()},
            direction={name: column[rows] for name, column in self.direction.items()},
            passages=passages,
            starts=starts,
            met=self.met[rows],
        )

    def where(self, mask: NDArray[np.bool_]) -> Pairs:
        """The pairs of some rows, kept where these are."""
        return Pairs.joined((part.taken(mask[rows]) for rows, part in self.stretches()), self.store)

    def linking(self, mask: NDArray[np.bool_]) -> Column:
        """The documents of some rows, (k, 2), kept where these are."""
        found = growing(self.store)
        for first in range(0, max(1, len(self)), STRETCH_ROWS):
            rows = slice(first, first + STRETCH_ROWS)
            found.append(self.documents[rows][mask[rows]])
        return found.column()

    def turned(self, rows: NDArray[np.bool_]) -> Pairs:
        """The same pairs, which are in memory, with a and b exchanged in some rows."""
        assert self.store is None
        figures = dict(self.figures)
        for one, other in (("containment_a", "containment_b"), ("coverage_a", "coverage_b")):
            figures[one] = np.where(rows, self.figures[other], self.figures[one])
            figures[other] = np.where(rows, self.figures[one], self.figures[other])
        told = np.repeat(rows, np.diff(self.starts))[:, None]
        return replace(
            self,
            documents=np.where(rows[:, None], self.documents[:, ::-1], self.documents),
            cleaner=np.where(rows & (self.cleaner >= 0), 1 - self.cleaner, self.cleaner),
            figures=figures,
            direction={name: np.where(rows, -column, column) + 0.0 for name, column in self.direction.items()},
            passages=np.where(told, self.passages[:, [2, 3, 0, 1, 4]], self.passages),
        )

    def ordered(self) -> Pairs:
        """The pairs by their documents, in memory; these themselves if they are so already."""
        parts = (self.documents[first : first + STRETCH_ROWS + 1] for first in range(0, len(self), STRETCH_ROWS))
        if all(map(_ascend, parts)):
            return self
        return self.taken(np.argsort(coded(self.documents[:]), kind="stable"))

    def rows(self, asked: I64s) -> I64s:
        """Where each of some pairs (k, 2) stands, whichever is named first, -1 for one that is not there; of pairs in
        order."""
        return places(self.documents, np.sort(asked, axis=1))

    def told_anew(self, told: Callable[[slice, Pairs], Told]) -> Pairs:
        """The same pairs with what is told anew of some rows at a time; the other columns are these themselves."""
        cleaner: list[NDArray[np.int8]] = []
        confidence, direction = growing(self.store), dict[str, Growing]()
        for rows, part in self.stretches():
            one = told(rows, part)
            cleaner.append(one.cleaner)
            confidence.append(one.confidence)
            for name, column in one.direction.items():
                direction.setdefault(name, growing(self.store)).append(column)
        return replace(
            self,
            cleaner=np.concatenate(cleaner),
            figures={**self.figures, "confidence": confidence.column()},
            direction={**self.direction, **{name: column.column() for name, column in direction.items()}},
        )

    @staticmethod
    def joined(parts: Iterable[Pairs], store: Store | None = None) -> Pairs:
        """The pairs of one corpus that were found in parts, at least one; in a store, if one is given."""
        relation, cleaner = Held(), Held()
        documents, starts, passages, met = (growing(store) for _ in range(4))
        tables: tuple[dict[str, Growing], dict[str, Growing]] = {}, {}
        told = 0
        starts.append(np.zeros(1, np.int64))
        for part in parts:
            ids = part.ids
            relation.append(part.relation)
            cleaner.append(part.cleaner)
            documents.append(part.documents[:])
            starts.append(told + part.starts[1:])
            told += len(part.passages)
            for table, columns in zip(tables, (part.figures, part.direction), strict=True):
                for name, column in columns.items():
                    table.setdefault(name, growing(store)).append(column[:])
            passages.append(part.passages[:])
            met.append(part.met[:])
        figures, direction = ({name: column.column() for name, column in table.items()} for table in tables)
        return Pairs(
            ids=ids,
            documents=documents.column(),
            relation=relation.column(),
            cleaner=cleaner.column(),
            figures=figures,
            direction=direction,
            passages=passages.column(),
            starts=starts.column(),
            met=met.column(),
            store=store,
        )

    def merged(self, other: Pairs) -> Pairs:
        """These, in order, and other pairs of the corpus, by their documents, where these are."""
        other = other.ordered()
        bounds = coded(self.documents[np.arange(STRETCH_ROWS, len(self), STRETCH_ROWS)])
        ends = np.append(np.searchsorted(coded(other.documents[:]), bounds), len(other))

        def parts() -> Iterator[Pairs]:
            first = 0
            for (_, part), end in zip(self.stretches(), ends.tolist(), strict=True):
                yield Pairs.joined([part, other.between(slice(first, end))]).ordered()
                first = end

        return Pairs.joined(parts(), self.store)


def _ascend(documents: I64s) -> bool:
    codes = coded(documents)
    return bool((codes[1:] >= codes[:-1]).all())


def ragged(starts: Any, numbers: I64s) -> tuple[I64s, I64s]:
    """The rows of some numbers, where those of number n are starts[n] to starts[n + 1], and where each one's begin."""
    counts = starts[numbers + 1] - starts[numbers]
    own = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    return np.repeat(starts[numbers] - own[:-1], counts) + np.arange(own[-1]), own


def coded(both: NDArray[np.signedinteger[Any]]) -> I64s:
    """Pairs (k, 2) of numbers as one number each, which sort as they do: (k,) int64."""
    found: I64s = (both[:, 0].astype(np.int64) << 32) | both[:, 1]
    return found


def places(ordered: Column, asked: I64s) -> I64s:
    """Where each pair (k, 2) of numbers stands among ordered ones, -1 for one that is not there: (k,) int64.

    ordered: (m, 2), of which STRETCH_ROWS are looked at a time."""
    found, wanted = np.full(len(asked), -1, np.int64), coded(asked)
    order = np.argsort(wanted, kind="stable")
    first = 0
    for start in range(0, len(ordered), STRETCH_ROWS):
        codes = coded(ordered[start : start + STRETCH_ROWS])
        stop = first + int(np.searchsorted(wanted[order[first:]], codes[-1], side="right"))
        own = order[first:stop]
        at = np.searchsorted(codes, wanted[own])
        found[own] = np.where(codes[at] == wanted[own], start + at, -1)
        first = stop
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Clusters in columns; as a sequence, each is a `Cluster`.

    ids: the names of the corpus's documents. documents: (k, 2) int64, the kept document and a member, a cluster's rows
    together and its members in order; those of cluster c are rows starts[c] to starts[c + 1].
    """

    ids: Sequence[str]
    documents: I64s
    starts: I64s

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[Cluster]:
        return map(self.__getitem__, range(len(self)))

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Iterable) and list(self) == list(other)

    def __getitem__(self, number: int) -> Cluster:
        rows = self.rows_of(number).tolist()
        return Cluster(number, self.ids[rows[0][0]], tuple(self.ids[member] for _, member in rows))

    def rows_of(self, number: int) -> I64s:
        """The kept document and every member of a cluster, (s, 2). Raises IndexError."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self.documents[self.starts[number] : self.starts[number + 1]]

    def numbers(self) -> I64s:
        """The cluster of each document of the corpus, -1 for one that stands alone: (n,) int64."""
        found = np.full(len(self.ids), -1, np.int64)
        found[self.documents[:, 1]] = np.repeat(np.arange(len(self)), np.diff(self.starts))
        return found

    def kept(self) -> I64s:
        """The document kept for each one of the corpus, itself for one that stays: (n,) int64."""
        found = np.arange(len(self.ids), dtype=np.int64)
        found[self.documents[:, 1]] = self.documents[:, 0]
        return found

    def given_way(self) -> I64s:
        """Every kept document with each that gives way to it: (d, 2) int64."""
        found: I64s = self.documents[self.documents[:, 0] != self.documents[:, 1]]
        return found
