"""Blocks of equal tokens become the passages that two documents share: the compiled form of `align.passages`.

1. Blocks that follow each other in both texts, a gap apart at most, are a run; moved blocks are put into runs of their
   own order (`_collinear`).
2. `shared_passages`: the stretches of every run with enough equal tokens, ordered by where they begin in a.
3. `passage_ranges` gives their token ranges.

Limits: those of `anchors` and `aligned`.
"""

from __future__ import annotations

from dedup.kernels.aligned import equal_tokens, stretches
from dedup.kernels.anchors import DENSITY, PASSAGE, PASSAGE_GAP, RUNS_OPEN, F64s, Scratch, copy_row
from dedup.kernels.simd import I64s, inlined, inner


@inlined
def _continues(blocks: I64s, row: int, following: int, gap: int) -> bool:
    """Whether a block follows another in both texts, at most `gap` tokens behind it."""
    gap_a = blocks[following, 0] - blocks[row, 0] - blocks[row, 2]
    gap_b = blocks[following, 1] - blocks[row, 1] - blocks[row, 2]
    return bool(0 <= gap_a <= gap and 0 <= gap_b <= gap)


@inner
def _collinear(moved: I64s, count: int, gap: int, open_max: int, following: I64s, heads: I64s, tails: I64s) -> int:
    """Put moved blocks into runs of the same order, each into the latest that it continues: the number of runs.

    Run r is block heads[r], then following[it], and so on up to tails[r].
    """
    runs = 0
    for index in range(count):
        run = runs - 1
        while run >= max(0, runs - open_max):
            if _continues(moved, tails[run], index, gap):
                break
            run -= 1
        if run >= max(0, runs - open_max):
            following[tails[run]], tails[run] = index, index
        else:
            heads[runs], tails[runs] = index, index
            runs += 1
    return runs


@inlined
def _comes_first(blocks: I64s, one: I64s, other: I64s) -> bool:
    """Whether a passage stands before another: by its range in a, that in b, and the order they were found in."""
    for side in range(2):
        start, start_other = blocks[one[0], side], blocks[other[0], side]
        if start != start_other:
            return bool(start < start_other)
        stop = blocks[one[1], side] + blocks[one[1], 2]
        stop_other = blocks[other[1], side] + blocks[other[1], 2]
        if stop != stop_other:
            return bool(stop < stop_other)
    return bool(one[0] < other[0])


@inner
def _sorted(passages: I64s, count: int, blocks: I64s) -> None:
    """Order the passages by `_comes_first`: Shell's sort with Knuth's gaps, O(n**1.5). Row `count` is for this
    function."""
    step = 1
    while step < count // 3:
        step = 3 * step + 1
    while step:
        for index in range(step, count):
            copy_row(passages, index, passages, count)
            at = index
            while at >= step and _comes_first(blocks, passages[count], passages[at - step]):
                copy_row(passages, at - step, passages, at)
                at -= step
            copy_row(passages, count, passages, at)
        step //= 3


@inner
def _appended(first: int, stop: int, limits: I64s, prices: F64s, scratch: Scratch, count: int) -> int:
    """Append the passages of the rows first..stop - 1 of scratch.blocks to scratch.gathered: their number."""
    blocks, ranks, passages = scratch.blocks, scratch.ranks, scratch.gathered
    for stretch in range(stretches(blocks, first, stop, prices[DENSITY], ranks, scratch.totals)):
        equal = equal_tokens(blocks, ranks[stretch, 0], ranks[stretch, 1])
        if equal >= limits[PASSAGE]:
            passages[count, 0], passages[count, 1], passages[count, 2] = ranks[stretch, 0], ranks[stretch, 1], equal
            count += 1
    return count


@inner
def shared_passages(count: int, moved: int, limits: I64s, prices: F64s, scratch: Scratch) -> int:
    """The shared passages in order, in scratch.gathered as first and last row of scratch.blocks and equal tokens."""
    blocks, found, following, heads = scratch.blocks, scratch.found, scratch.one, scratch.two
    passages = first = 0
    for row in range(1, count + 1):
        if row == count or not _continues(blocks, row - 1, row, limits[PASSAGE_GAP]):
            passages = _appended(first, row, limits, prices, scratch, passages)
            first = row
    runs = _collinear(found, moved, limits[PASSAGE_GAP], limits[RUNS_OPEN], following, heads, scratch.three)
    for run in range(runs):
        first, block = count, heads[run]
        while True:
            copy_row(found, block, blocks, count)
            count += 1
            if block == scratch.three[run]:
                break
            block = following[block]
        passages = _appended(first, count, limits, prices, scratch, passages)
    if runs:
        _sorted(scratch.gathered, passages, blocks)
    return passages


@inner
def passage_ranges(passages: int, scratch: Scratch, ranges: I64s) -> None:
    """The token ranges and equal tokens of the first passages into `ranges` (P, 5), zeros behind the last."""
    ranges[:] = 0
    blocks = scratch.blocks
    for passage in range(min(passages, len(ranges))):
        first, last = scratch.gathered[passage, 0], scratch.gathered[passage, 1]
        ranges[passage, 4] = scratch.gathered[passage, 2]
        for side in range(2):
            ranges[passage, 2 * side] = blocks[first, side]
            ranges[passage, 2 * side + 1] = blocks[last, side] + blocks[last, 2]
