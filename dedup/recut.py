"""Phrases that face each other are cut anew where a ledger knows them: `buffer store` faces `buffer`.

`phrase` cuts what differs by the words alone. A ledger knows more: that `computer code` was put in for `code`, and that
what faces `treated much the same as` is `processed like`, in two.

1. A stretch is what differs, and what is equal around it as far as a phrase reaches.
2. In it the cheapest way from its beginning to its end is searched for, near the way that it is cut: equal words cost
   nothing, phrases that a ledger knows to stand for each other or for the same little, anything else much.
3. What costs the same stays as it was.

Linear in the words that differ. Limits: stretches of STRETCH_TOKENS_MAX, and what moved, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dedup.model import Segment
from dedup.places import Words

PHRASE_TOKENS_MAX = 5
STRETCH_TOKENS_MAX = 400
REACH = 3
"""Tokens by which phrases reach into what is equal, and by which a cut is shifted."""
KNOWN, OTHER, TOKEN = 1.0, 2.5, 0.8
"""What it costs that a phrase faces one that it is known to stand for; any other or none; each word more."""
EVEN = 0.1
"""By how much a piece as it was cut is better than the same otherwise."""
Known = Callable[[Words, Words], bool]
Cut = tuple[int, int]
"""A token of the first text, and one of the other, before which both are cut."""
Step = tuple[int, int, float]
"""A cut that may follow, and what it costs to go there."""


def recut(one: Words, other: Words, segments: Sequence[Segment], known: Known) -> list[Segment]:
    """The segments of two texts, cut anew by what is known to stand for what."""
    found: list[Segment] = []
    for stretch in _stretches(segments):
        if len(stretch) > 1 and _is_fit(stretch):
            found += _cut(one, other, stretch, known)
        else:
            found += stretch
    return _joined(found)


def _stretches(segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """What differs, with REACH equal tokens before and after it; what is equal between by itself."""
    parts: list[Segment] = []
    for part in segments:
        length = part.stop_a - part.start_a
        if part.equal and length > 2 * REACH:
            edges = (part.start_a, part.start_a + REACH), (part.stop_a - REACH, part.stop_a)
            shift = part.start_b - part.start_a
            first, last = (Segment(start, stop, start + shift, stop + shift, True) for start, stop in edges)
            yield [*parts, first]
            yield [Segment(first.stop_a, last.start_a, first.stop_b, last.start_b, True)]
            parts = [last]
        else:
            parts.append(part)
    yield parts


def _is_fit(stretch: Sequence[Segment]) -> bool:
    lengths = stretch[-1].stop_a - stretch[0].start_a, stretch[-1].stop_b - stretch[0].start_b
    return max(lengths) <= STRETCH_TOKENS_MAX and not any(part.moved for part in stretch)


def _cut(one: Words, other: Words, stretch: Sequence[Segment], known: Known) -> list[Segment]:
    """The cheapest cuts of a stretch, by dynamic programming along the way that it is cut."""
    start, start_b = stretch[0].start_a, stretch[0].start_b
    stop, stop_b = stretch[-1].stop_a, stretch[-1].stop_b
    before = {(part.start_a, part.start_b): part for part in stretch if not part.equal}
    lows, highs = _band(stretch)
    costs: dict[Cut, tuple[float, Cut | None]] = {(start, start_b): (0.0, None)}
    for a in range(start, stop + 1):
        for b in range(lows[a - start], highs[a - start] + 1):
            at = costs.get((a, b))
            if at is None:
                continue
            steps = [*_plain(one, other, (a, b), (stop, stop_b)), *_known(one, other, (a, b), (stop, stop_b), known)]
            if (a, b) in before:
                steps.append(_as_before(before[a, b]))
            for a_to, b_to, cost in steps:
                if lows[a_to - start] <= b_to <= highs[a_to - start]:
                    old = costs.get((a_to, b_to))
                    if old is None or at[0] + cost < old[0] - 1e-9:
                        costs[a_to, b_to] = (at[0] + cost, (a, b))
    found: list[Segment] = []
    here = (stop, stop_b)
    while here != (start, start_b):
        origin = costs[here][1]
        assert origin is not None
        equal = one[origin[0] : here[0]] == other[origin[1] : here[1]]
        found.append(Segment(origin[0], here[0], origin[1], here[1], equal))
        here = origin
    return found[::-1]


def _as_before(part: Segment) -> Step:
    """A piece as it is cut, which is a little better than the same otherwise, but for words that could face each other
    one by one."""
    longer = max(part.stop_a - part.start_a, part.stop_b - part.start_b)
    shorter = min(part.stop_a - part.start_a, part.stop_b - part.start_b)
    cost = OTHER * longer if not shorter else OTHER * shorter + TOKEN * (longer - shorter)
    return part.stop_a, part.stop_b, cost - (EVEN if shorter < 2 else -EVEN)


def _plain(one: Words, other: Words, at: Cut, ends: Cut) -> Iterator[Step]:
    """A word may face another, or nothing."""
    a, b = at
    if a < ends[0] and b < ends[1] and one[a] == other[b]:
        yield a + 1, b + 1, 0.0
    elif a < ends[0] and b < ends[1]:
        yield a + 1, b + 1, OTHER
    if a < ends[0]:
        yield a + 1, b, OTHER
    if b < ends[1]:
        yield a, b + 1, OTHER


def _known(one: Words, other: Words, at: Cut, ends: Cut, known: Known) -> Iterator[Step]:
    """A phrase may face one that is known to stand for the same."""
    a, b = at
    for to_a in range(a + 1, min(ends[0], a + PHRASE_TOKENS_MAX) + 1):
        for to_b in range(b + 1, min(ends[1], b + PHRASE_TOKENS_MAX) + 1):
            phrase, facing = one[a:to_a], other[b:to_b]
            if phrase != facing and known(phrase, facing):
                yield to_a, to_b, KNOWN


def _band(stretch: Sequence[Segment]) -> tuple[list[int], list[int]]:
    """For each token of the first text, and its end, which of the other may face it."""
    first, last = stretch[0].start_b, stretch[-1].stop_b
    lows, highs = [], []
    after = last
    for part in stretch:
        after = min(after, part.start_b)
        for a in range(part.start_a, part.stop_a):
            low, high = (part.start_b, part.stop_b)
            if part.equal:
                low = high = part.start_b + a - part.start_a
            lows.append(max(first, min(low, after) - REACH))
            highs.append(min(last, high + REACH))
            after = last
    return [*lows, max(first, min(after, last) - REACH)], [*highs, last]


def _joined(parts: Sequence[Segment]) -> list[Segment]:
    """Equal parts in a row made one."""
    found: list[Segment] = []
    for part in parts:
        if found and part.equal and found[-1].equal and found[-1].stop_a == part.start_a:
            found[-1] = replace(found[-1], stop_a=part.stop_a, stop_b=part.stop_b)
        else:
            found.append(part)
    return found
