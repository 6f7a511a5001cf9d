"""Detected passages and true ones become the figures of PAN's text alignment: precision and recall by characters,
granularity, plagdet.

1. Detections and cases are pairs of spans, one in each of two documents. A detection detects a case if they overlap in
   both documents.
2. Macro-averaged precision: for each detection the share of its characters (both sides added) that lie in cases that it
   detects. Recall: for each case the share of its characters that lie in detections of it.
3. Granularity: detections for each detected case, on average; plagdet = F1 / log2(1 + granularity).

Source: Potthast, Stein, Barrón-Cedeño and Rosso, An evaluation framework for plagiarism detection, 2010.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shared:
    """A passage that document `a` shares with document `b`, and where it stands in each; a is the lesser name."""

    a: str
    b: str
    span_a: Span
    span_b: Span


@dataclass(frozen=True, slots=True)
class Figures:
    """precision, recall and plagdet in 0..1; granularity from 1. Without a detection granularity is 1."""

    precision: float
    recall: float
    granularity: float
    plagdet: float


def named_in_order(a: str, b: str, span_a: Span, span_b: Span) -> Shared:
    return Shared(a, b, span_a, span_b) if a <= b else Shared(b, a, span_b, span_a)


def figures(cases: Sequence[Shared], detections: Sequence[Shared]) -> Figures:
    """How well the detections give the cases."""
    recall = mean([covered(case, found) for case, found in met(cases, detections)])
    precision = mean([covered(detection, found) for detection, found in met(detections, cases)])
    counts = [len(found) for _, found in met(cases, detections) if found]
    granularity = mean(counts) if counts else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Figures(precision, recall, granularity, f1 / log2(1 + granularity))


def met(ones: Sequence[Shared], others: Iterable[Shared]) -> list[tuple[Shared, list[Shared]]]:
    """For each passage those others that overlap with it in both documents."""
    by_pair: defaultdict[tuple[str, str], list[Shared]] = defaultdict(list)
    for other in others:
        by_pair[other.a, other.b].append(other)
    return [(one, [other for other in by_pair.get((one.a, one.b), ()) if overlap(one, other)]) for one in ones]


def overlap(one: Shared, other: Shared) -> bool:
    return all(
        max(first[0], second[0]) < min(first[1], second[1])
        for first, second in ((one.span_a, other.span_a), (one.span_b, other.span_b))
    )


def covered(passage: Shared, others: Sequence[Shared]) -> float:
    """The share of a passage's characters, of both sides, that stand in the others."""
    side_a = union_within(passage.span_a, [other.span_a for other in others])
    side_b = union_within(passage.span_b, [other.span_b for other in others])
    whole = length(passage.span_a) + length(passage.span_b)
    return (side_a + side_b) / whole if whole else 0.0


def union_within(span: Span, others: Iterable[Span]) -> int:
    """How many characters of a span lie in at least one of the others."""
    done, total = span[0], 0
    for start, stop in sorted(others):
        first, last = max(start, done), min(stop, span[1])
        if first < last:
            total, done = total + last - first, last
    return total


def length(span: Span) -> int:
    return span[1] - span[0]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """How many cases were found with spans near enough, of how many; and at all."""

    cases: int
    detected: int
    exact: int


def found_within(
    cases: Sequence[Shared], detections: Sequence[Shared], distance: Callable[[str, Span, Span], int], limit: int
) -> Found:
    """Cases of which a detection starts and stops within `limit` of them in both documents, as `distance` measures the
    larger deviation of two spans in a document."""
    detected = exact = 0
    for case, found in met(cases, detections):
        detected += bool(found)
        exact += any(
            max(distance(case.a, case.span_a, one.span_a), distance(case.b, case.span_b, one.span_b)) <= limit
            for one in found
        )
    return Found(len(cases), detected, exact)


def deviation_words(starts: Mapping[str, Sequence[int]]) -> Callable[[str, Span, Span], int]:
    """The larger deviation of two spans in words, given where the words of each document start."""
    from bisect import bisect_left

    def larger(document: str, one: Span, other: Span) -> int:
        words = starts[document]
        return max(
            abs(bisect_left(words, here) - bisect_left(words, there)) for here, there in zip(one, other, strict=True)
        )

    return larger
