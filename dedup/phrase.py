"""Runs of changed tokens become phrase pairs, as a reader would cut them.

Plain opcodes give `areas just lately` for `regions recently` and tear `is not` from `isn't`. Here a run of edits is
a small monolingual word alignment (MacCartney, Galley and Manning, EMNLP 2008) with phrases as its units:

1. `regions`: what lies between blocks that are certainly equal. A lone `in` or `of the` between two runs of edits
   is no certain block: it may belong to different phrases on the two sides.
2. In each region the cheapest monotone cover by equal tokens, phrase pairs, drops and additions (`_cover`, dynamic
   programming). What a phrase pair costs is told by `pricing`.
3. What is replaced once is often replaced again: pairs that the covers of other regions propose cost less in the
   next round (Viterbi training, as in IBM Model 1 with its counts kept to the best alignment).

Limits: a region of more than CELLS_MAX cells, or of very unequal sides, is one deletion and one insertion.
"""

from __future__ import annotations

import gc
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from math import inf, log
from operator import itemgetter

import numpy as np

from dedup import covers, language, pricing
from dedup.model import Alignment, Segment, Tokens
from dedup.pricing import Phrase

_Pair = tuple[Phrase, Phrase]

CELLS_MAX = 225
"""Product of a region's sides, in tokens, up to which it is cut into phrases: 15 tokens on each side, a
clause. What has no certain word in common over more is another text, not a replaced one."""
SURPLUS_TOKENS = 12
"""Tokens that one side of a region has more than the other from which it is not cut: a sentence that was added."""
PHRASE_TOKENS_MAX = 5
"""Longest phrase on one side, in tokens; and PHRASE_SUM_MAX on both sides together."""
PHRASE_SUM_MAX = 7
COMPILED_CELLS = 50_000
"""Product of the sides of regions, added up, from which they are cut by compiled loops (`covers`): what takes Python
two seconds. Loading the loops takes half a one, compiling them, once, ten."""
ROUNDS = 3
"""Rounds of step 3; the covers no longer change after two or three."""

UNEVEN, UNEVEN_SHARE = 1.0, 0.25
"""Cost of anything but one word for another where words are replaced one by one: for each power of e by which the share
of regions with sides of unequal length is below UNEVEN_SHARE. Many programs never change the number of words."""


class _Elsewhere:
    """How often a pair is proposed by the covers of other regions than one's own, and what it costs by the lengths of
    all regions that something else than a word stands for something else than a word."""

    def __init__(
        self, everywhere: Counter[tuple[Phrase, Phrase]], own: list[tuple[Phrase, Phrase]], uneven: float
    ) -> None:
        self.everywhere, self.own, self.uneven = everywhere, own, uneven

    def times(self, pair: tuple[Phrase, Phrase]) -> int:
        total = self.everywhere.get(pair, 0)
        return total - self.own.count(pair) if total else 0


def segments(a: Tokens, b: Tokens, aligned: Alignment) -> list[Segment]:
    """Both texts covered in order by equal stretches, phrase pairs, drops and additions."""
    with _uncollected():
        return _segments(a, b, aligned)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's search for cycles put off: of a book's segments, which hold none, it takes a quarter of the time."""
    pausing = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if pausing:
            gc.enable()


def _segments(a: Tokens, b: Tokens, aligned: Alignment) -> list[Segment]:
    parts = list(_regions(a, b, aligned))
    changed = [part for part in parts if not part.equal]
    cells = sum((part.stop_a - part.start_a) * (part.stop_b - part.start_b) for part in changed if _may_be_cut(part))
    cut = iter((_rounds if cells < COMPILED_CELLS else _compiled_rounds)(a, b, changed))
    return [segment for part in parts for segment in ((part,) if part.equal else next(cut))]


def _compiled_rounds(a: Tokens, b: Tokens, changed: Sequence[Segment]) -> Iterator[list[Segment]]:
    """`_rounds` by compiled loops."""
    terms = covers.Terms(_SHAPES, CELLS_MAX, SURPLUS_TOKENS, _uneven_price(changed), ROUNDS)
    regions = [(part.start_a, part.stop_a, part.start_b, part.stop_b) for part in changed if _may_be_cut(part)]
    found = covers.rounds(a, b, np.array(regions, np.int64), terms)
    sides, equal = found.segments[:, :4].T.tolist(), (found.segments[:, 4] > 0).tolist()
    rows, sizes = zip(*sides, equal, strict=True), iter(np.diff(found.starts).tolist())
    for part in changed:
        if _may_be_cut(part):
            yield [Segment(*row) for row in islice(rows, next(sizes))]
        else:
            yield _halves(part)


def _rounds(a: Tokens, b: Tokens, changed: Sequence[Segment]) -> list[list[Segment]]:
    """The covers of all regions (steps 2 and 3)."""
    uneven = _uneven_price(changed)
    nowhere = _Elsewhere(Counter(), [], uneven)
    alone = [_cover(a.words, b.words, part, nowhere) for part in changed]
    found, proposals = alone, [_pairs(a, b, cover) for cover in alone]
    for _ in range(ROUNDS - 1):
        everywhere = Counter(pair for pairs in proposals for pair in pairs)
        heads = Counter(map(_heads, everywhere))
        found = [
            _cover(a.words, b.words, part, _Elsewhere(everywhere, own, uneven))
            if _may_recur((a, b), part, own, everywhere, heads)
            else cover
            for part, cover, own in zip(changed, alone, proposals, strict=True)
        ]
        before, proposals = proposals, [_pairs(a, b, cover) for cover in found]
        if proposals == before:
            break
    return found


def _heads(pair: _Pair) -> tuple[str, str]:
    return pair[0][0], pair[1][0]


def _may_recur(
    both: tuple[Tokens, Tokens], part: Segment, own: list[_Pair], everywhere: Counter[_Pair],
    heads: Counter[tuple[str, str]],
) -> bool:  # fmt: skip
    """Whether a pair that a region may hold is proposed elsewhere, as far as the first words of pairs tell. Where none
    is, the cover is that of the region by itself."""
    height, width = part.stop_a - part.start_a, part.stop_b - part.start_b
    if height * width > CELLS_MAX or any(everywhere[pair] > own.count(pair) for pair in own):
        return height * width <= CELLS_MAX
    mine = Counter(map(_heads, set(own))) if len(own) > 1 else dict.fromkeys(map(_heads, own), 1)
    return any(
        heads[one, other] > mine.get((one, other), 0)
        for one in both[0].words[part.start_a : part.stop_a]
        for other in both[1].words[part.start_b : part.stop_b]
        if (one, other) in heads
    )


def _uneven_price(changed: Sequence[Segment]) -> float:
    """What it costs, beside its price, that something else than a word stands for something else than a word."""
    uneven = sum(part.stop_a - part.start_a != part.stop_b - part.start_b for part in changed)
    return UNEVEN * max(0.0, log(UNEVEN_SHARE * (len(changed) + 2) / (uneven + 0.5)))


def _pairs(a: Tokens, b: Tokens, cover: list[Segment]) -> list[tuple[Phrase, Phrase]]:
    """The phrase pairs of a cover that have two sides."""
    return [
        (a.words[s.start_a : s.stop_a], b.words[s.start_b : s.stop_b])
        for s in cover
        if not s.equal and s.start_a < s.stop_a and s.start_b < s.stop_b
    ]


def _regions(a: Tokens, b: Tokens, aligned: Alignment) -> Iterator[Segment]:
    """Certain blocks and, between them, what is to be cut (step 1)."""
    at_a = at_b = 0
    blocks = [*map(tuple, aligned.blocks.tolist()), (len(a), len(b), 0)]
    for index, (start_a, start_b, size) in enumerate(blocks):
        if size and _is_weak(a, blocks, index):
            continue
        yield from _region(Segment(at_a, start_a, at_b, start_b), blocks)
        if size:
            yield Segment(start_a, start_a + size, start_b, start_b + size, equal=True)
        at_a, at_b = start_a + size, start_b + size


def _is_weak(a: Tokens, blocks: Sequence[tuple[int, ...]], index: int) -> bool:
    """Whether a block is one or two common words with edits on both sides."""
    start_a, start_b, size = blocks[index]
    if size > 2 or index == 0:
        return False
    last_a, last_b, last_size = blocks[index - 1]
    next_a, next_b, _ = blocks[index + 1]
    touches = start_a == last_a + last_size and start_b == last_b + last_size
    touches |= next_a == start_a + size and next_b == start_b + size
    return not touches and all(language.is_common(word) for word in a.words[start_a : start_a + size])


def _region(whole: Segment, blocks: Sequence[tuple[int, ...]]) -> Iterator[Segment]:
    """The region if it is small enough to cut, else what the weak blocks in it make of it."""
    cells = (whole.stop_a - whole.start_a) * (whole.stop_b - whole.start_b)
    if cells <= CELLS_MAX:
        if cells or whole.stop_a > whole.start_a or whole.stop_b > whole.start_b:
            yield whole
        return
    at_a, at_b = whole.start_a, whole.start_b
    first, last = (bisect_left(blocks, at, key=itemgetter(0)) for at in (whole.start_a, whole.stop_a))
    inside = [block for block in blocks[first:last] if block[2]]
    for start_a, start_b, size in [*inside, (whole.stop_a, whole.stop_b, 0)]:
        if start_a > at_a or start_b > at_b:
            yield Segment(at_a, start_a, at_b, start_b)
        if size:
            yield Segment(start_a, start_a + size, start_b, start_b + size, equal=True)
        at_a, at_b = start_a + size, start_b + size


def _cover(words_a: Phrase, words_b: Phrase, region: Segment, repeated: _Elsewhere) -> list[Segment]:
    """The cheapest monotone cover of a region (step 2): O(cells * phrase shapes)."""
    side_a, side_b = words_a[region.start_a : region.stop_a], words_b[region.start_b : region.stop_b]
    height, width = len(side_a), len(side_b)
    if not _may_be_cut(region):
        return _halves(region)
    if height == width == 1 and side_a != side_b and _is_pair(side_a, side_b, repeated):
        return [region]  # what most regions are, without the table
    if height == width and _is_word_by_word(side_a, side_b, repeated):
        pairs = zip(range(region.start_a, region.stop_a), range(region.start_b, region.stop_b), strict=True)
        return _tidy([Segment(i, i + 1, j, j + 1, equal=words_a[i] == words_b[j]) for i, j in pairs])
    step = _cheapest_steps(side_a, side_b, repeated)
    found: list[Segment] = []
    i, j = height, width
    while i or j:
        m, n = step[i][j]
        start_a, start_b = region.start_a + i - m, region.start_b + j - n
        same = m == n == 1 and side_a[i - 1] == side_b[j - 1]
        found.append(Segment(start_a, start_a + m, start_b, start_b + n, equal=same))
        i, j = i - m, j - n
    return _tidy(found[::-1])


def _may_be_cut(region: Segment) -> bool:
    """Whether a region has two sides, and they are near enough in length and short enough to be cut."""
    height, width = region.stop_a - region.start_a, region.stop_b - region.start_b
    return 0 < height * width <= CELLS_MAX and abs(height - width) < SURPLUS_TOKENS


def _halves(region: Segment) -> list[Segment]:
    """A region as a deletion and an insertion, as far as it has both."""
    halves = (
        Segment(region.start_a, region.stop_a, region.start_b, region.start_b),
        Segment(region.stop_a, region.stop_a, region.start_b, region.stop_b),
    )
    return [half for half in halves if half.start_a < half.stop_a or half.start_b < half.stop_b]


def _is_pair(side_a: Phrase, side_b: Phrase, repeated: _Elsewhere) -> bool:
    """Whether two words face each other rather than that one is dropped and the other added."""
    return pricing.price(side_a, side_b, repeated.times((side_a, side_b))) <= 2 * (pricing.ALONE + repeated.uneven)


def _is_word_by_word(side_a: Phrase, side_b: Phrase, repeated: _Elsewhere) -> bool:
    """Whether no cover can be cheaper than word for word: any other holds a step that costs `uneven`, unless that is a
    contraction, of whose sides one's first word begins as the other's."""
    if len(side_a) == 2:
        contracted = language.expanded(side_a) == language.expanded(side_b)
    else:
        contracted = any(
            one[0] == other[0] and (one.startswith(other) or other.startswith(one))
            for one in [language.expanded((word,)) for word in side_a]
            for other in [language.expanded((word,)) for word in side_b]
        )
    if contracted:
        return False
    left = repeated.uneven
    for one, other in zip(side_a, side_b, strict=True):
        left -= pricing.price((one,), (other,), repeated.times(((one,), (other,))))
        if left <= 0:
            return False
    return True


def _cheapest_steps(side_a: Phrase, side_b: Phrase, repeated: _Elsewhere) -> _Steps:
    """For every cell the last step (m tokens, n tokens) of the cheapest cover of the two sides up to it.

    A shape is priced only where its least possible price could still better the cell.
    """
    height, width = len(side_a), len(side_b)
    ending_a = [[side_a[max(0, i - m) : i] for m in range(PHRASE_TOKENS_MAX + 1)] for i in range(height + 1)]
    ending_b = [[side_b[max(0, j - n) : j] for n in range(PHRASE_TOKENS_MAX + 1)] for j in range(width + 1)]
    best = [[inf] * (width + 1) for _ in range(height + 1)]
    step: _Steps = [[(0, 0)] * (width + 1) for _ in range(height + 1)]
    best[0][0] = 0.0
    for i in range(height + 1):
        for j in range(width + 1):
            least, chosen = best[i][j], (0, 0)
            for m, n, floor in _SHAPES:
                if m > i or n > j:
                    continue
                sofar = best[i - m][j - n]
                if sofar + pricing.REPEATED_MIN >= least and (m != 1 or n != 1):
                    continue
                phrase_a, phrase_b = ending_a[i][m], ending_b[j][n]
                times = repeated.times((phrase_a, phrase_b))
                if sofar + floor >= least and not times and not pricing.same_length(phrase_a, phrase_b):
                    continue
                cost = sofar + (pricing.price(phrase_a, phrase_b, times) if m and n else pricing.ALONE)
                cost += repeated.uneven * (m + n != 2 and cost > sofar + pricing.SAME)
                if cost < least:
                    least, chosen = cost, (m, n)
            if i or j:
                best[i][j], step[i][j] = least, chosen
    return step


_Steps = list[list[tuple[int, int]]]


_PHRASE_SHAPES = (
    (m, n, pricing.length_price(m, n) - pricing.COHESION - pricing.LIGHT_VERB - (pricing.PAIR - pricing.GOVERNED))
    for m in range(1, PHRASE_TOKENS_MAX + 1)
    for n in range(1, PHRASE_TOKENS_MAX + 1)
    if (m, n) != (1, 1) and m + n <= PHRASE_SUM_MAX
)
_SHAPES = (
    (1, 1, 0.0),
    (1, 0, pricing.ALONE),
    (0, 1, pricing.ALONE),
    *sorted(_PHRASE_SHAPES, key=lambda shape: shape[2]),
)
"""(tokens of a, tokens of b, least price) of every phrase pair but contractions and repeated ones, which are priced
whatever their shape."""


def _tidy(found: list[Segment]) -> list[Segment]:
    """Neighbouring equal tokens made one stretch, and neighbouring drops and additions one each."""
    tidy: list[Segment] = []
    for segment in found:
        last = tidy[-1] if tidy else None
        if last and last.equal and segment.equal:
            tidy[-1] = Segment(last.start_a, segment.stop_a, last.start_b, segment.stop_b, equal=True)
        elif last and not last.equal and not segment.equal and _one_sided(last) == _one_sided(segment) != "":
            tidy[-1] = Segment(last.start_a, segment.stop_a, last.start_b, segment.stop_b)
        else:
            tidy.append(segment)
    return tidy


def _one_sided(segment: Segment) -> str:
    if segment.start_b == segment.stop_b:
        return "a"
    return "b" if segment.start_a == segment.stop_a else ""
