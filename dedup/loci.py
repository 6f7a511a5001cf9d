"""Segments of tokens become loci of characters: every place where two texts differ, exactly.

Between two segments stands what is no token: spaces, punctuation, marks. Where that differs, or the same token is
written otherwise, the locus is `formatting`. Where one side has tokens that the other lacks, the locus takes that side
of the gap along which leaves the other gap equal, so that `the government` and `the federal government` differ by
`federal ` and nothing else. Long stretches that stand elsewhere in the other text are a move: two loci, one where it
left and one where it came. Replacing each span in a by the text of b gives b, to the character.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.model import Blocks, Document, Locus, LocusKind, Segment, Span, Tokens


def loci(
    a: Document, b: Document, tokens_a: Tokens, tokens_b: Tokens, segments: Sequence[Segment]
) -> tuple[Locus, ...]:
    """The loci of two documents in order. Applying them to a's text gives b's (see `applied`)."""
    writer = _Writer(a, b)
    at_a, at_b = tokens_a.spans.data, tokens_b.spans.data  # plain numbers, sooner than from arrays
    for index, part in enumerate(segments):
        spans_a, spans_b = slice(part.start_a, part.stop_a), slice(part.start_b, part.stop_b)
        if part.equal:
            if writer.passed(at_a[part.stop_a - 1, 1], at_b[part.stop_b - 1, 1]):
                continue
            both = tokens_a.spans[spans_a].tolist(), tokens_b.spans[spans_b].tolist()
            for span_a, span_b in zip(*both, strict=True):
                writer.gap(span_a[0], span_b[0])
                writer.put("formatting", span_a[1], span_b[1])
        elif part.start_a < part.stop_a and part.start_b < part.stop_b:
            writer.gap(at_a[part.start_a, 0], at_b[part.start_b, 0])
            writer.put("substitution", at_a[part.stop_a - 1, 1], at_b[part.stop_b - 1, 1])
        else:
            lone_a = part.start_a < part.stop_a
            kind: LocusKind = "move" if part.moved else ("deletion" if lone_a else "insertion")
            next_a, next_b = _next_starts(segments, index, tokens_a, tokens_b, (len(a.text), len(b.text)))
            writer.one_sided(kind, tokens_a.spans[spans_a], tokens_b.spans[spans_b], (next_a, next_b))
    writer.gap(len(a.text), len(b.text))
    return tuple(writer.found)


class _Writer:
    """Two cursors, one in each text; everything before them is accounted for."""

    def __init__(self, a: Document, b: Document) -> None:
        self.a, self.b = a, b
        self.at_a = self.at_b = 0
        self.repaired = bool(a.repairs or b.repairs)
        self.found: list[Locus] = []

    def put(self, kind: LocusKind, stop_a: int, stop_b: int) -> None:
        """Moves the cursors; what they pass is a locus of `kind` if it differs."""
        text_a, text_b = self.a.text[self.at_a : stop_a], self.b.text[self.at_b : stop_b]
        if text_a != text_b:
            span_a, span_b = (self.at_a, stop_a), (self.at_b, stop_b)
            if kind == "formatting" and (_is_repaired(self.a, span_a) or _is_repaired(self.b, span_b)):
                kind = "substitution"  # equal once the encoding is mended: not a matter of form
            self.found.append(Locus(kind, span_a, span_b, text_a, text_b))
        self.at_a, self.at_b = stop_a, stop_b

    def passed(self, stop_a: int, stop_b: int) -> bool:
        """Moves the cursors to the end of equal tokens if all from here on is written alike. What is written alike is
        tokens alike, but for repairs."""
        if self.repaired or self.a.text[self.at_a : stop_a] != self.b.text[self.at_b : stop_b]:
            return False
        self.at_a, self.at_b = stop_a, stop_b
        return True

    def gap(self, start_a: int, start_b: int) -> None:
        self.put("formatting", start_a, start_b)

    def one_sided(
        self, kind: LocusKind, spans_a: NDArray[np.int64], spans_b: NDArray[np.int64], following: tuple[int, int]
    ) -> None:
        """Tokens of one side only, with the part of the gap round them that the other side lacks."""
        lone_a = len(spans_a) > 0
        text, other = (self.a.text, self.b.text) if lone_a else (self.b.text, self.a.text)
        at, other_at = (self.at_a, self.at_b) if lone_a else (self.at_b, self.at_a)
        next_at, next_other = following if lone_a else following[::-1]
        spans = spans_a if lone_a else spans_b
        start, stop = int(spans[0, 0]), int(spans[-1, 1])
        other_gap = other[other_at:next_other]
        before, until = (start, next_at) if text[at:start] == other_gap else (at, stop)
        before_other = next_other if before == start else other_at
        if lone_a:
            self.gap(before, before_other)
            self.put(kind, until, before_other)
        else:
            self.gap(before_other, before)
            self.put(kind, before_other, until)


def _is_repaired(document: Document, span: Span) -> bool:
    return any(edit.span[0] < span[1] and span[0] < edit.span[1] for edit in document.repairs)


def _next_starts(
    segments: Sequence[Segment], index: int, tokens_a: Tokens, tokens_b: Tokens, ends: tuple[int, int]
) -> tuple[int, int]:
    """Where, after a one-sided segment, the next token of each side begins."""
    part = segments[index]
    starts = []
    for tokens, stop, end in ((tokens_a, part.stop_a, ends[0]), (tokens_b, part.stop_b, ends[1])):
        starts.append(int(tokens.spans[stop, 0]) if stop < len(tokens) else end)
    return starts[0], starts[1]


def with_moves(segments: Sequence[Segment], moved: Blocks, length_min: int) -> Iterator[Segment]:
    """The segments, with one-sided ones cut where a moved block of at least `length_min` tokens leaves or comes.

    A block counts only if it is one-sided in both texts as a whole: half a move is a deletion or an insertion.
    """
    long = moved[moved[:, 2] >= length_min] if len(moved) else moved
    lone_a = [(part.start_a, part.stop_a) for part in segments if part.start_b == part.stop_b]
    lone_b = [(part.start_b, part.stop_b) for part in segments if part.start_a == part.stop_a]
    cuts_a: list[tuple[int, int]] = []
    cuts_b: list[tuple[int, int]] = []
    for start_a, start_b, size in long.tolist():
        left, came = (start_a, start_a + size), (start_b, start_b + size)
        if _within(lone_a, *left) and _within(lone_b, *came) and not (_meets(cuts_a, *left) or _meets(cuts_b, *came)):
            cuts_a.append(left)
            cuts_b.append(came)
    cuts_b.sort()
    for part in segments:
        if part.start_b == part.stop_b:
            for start, stop, inside in _cut(part.start_a, part.stop_a, cuts_a):
                yield Segment(start, stop, part.start_b, part.stop_b, moved=inside)
        elif part.start_a == part.stop_a:
            for start, stop, inside in _cut(part.start_b, part.stop_b, cuts_b):
                yield Segment(part.start_a, part.stop_a, start, stop, moved=inside)
        else:
            yield part


def _within(stretches: Sequence[tuple[int, int]], start: int, stop: int) -> bool:
    return any(first <= start and stop <= last for first, last in stretches)


def _meets(stretches: Sequence[tuple[int, int]], start: int, stop: int) -> bool:
    return any(first < stop and start < last for first, last in stretches)


def _cut(start: int, stop: int, cuts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """start..stop in pieces, told apart whether they are in one of `cuts` (in order, not overlapping)."""
    at = start
    for first, last in cuts:
        if at <= first and last <= stop:
            if at < first:
                yield at, first, False
            yield first, last, True
            at = last
    if at < stop:
        yield at, stop, False


def applied(text: str, found: Sequence[Locus]) -> str:
    """`text` of side a with every locus put in: the text of side b."""
    parts: list[str] = []
    at = 0
    for locus in found:
        parts += (text[at : locus.span_a[0]], locus.text_b)
        at = locus.span_a[1]
    return "".join((*parts, text[at:]))
