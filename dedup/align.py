"""Two token sequences become an alignment: blocks of equal tokens, and the passages that they make up.

The shape is that of sequence aligners (minimap2: Li, Bioinformatics 2018): anchor, chain, fill the gaps.

1. `anchors`: stretches of k tokens that occur once in each text, joined along their diagonal and grown to maximal
   matches. Uniqueness in both is what patience diff hangs on too (B. Cohen).
2. `chain`: the heaviest set of anchors in the same order in both texts (weighted longest increasing subsequence, a
   Fenwick tree of prefix maxima: O(n log n)).
3. Between neighbours in the chain, the longest common subsequence of tokens (rapidfuzz, bit-parallel).
4. Blocks that cost more than they give are dropped: a lone `the` in the middle of a paragraph that one text lacks
   would tear that paragraph in two. The price of a gap is affine (Gotoh 1982). So are those that stand so far apart
   that they make no passage.
5. `passages`: blocks near each other in both texts, with enough equal tokens. Anchors outside the chain make
   passages of their own: moved text.

Limits: a gap whose sides multiply to more than GAP_CELLS_MAX tokens is left as a gap.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import Alignment, Blocks, Passage, Tokens

GAP_CELLS_MAX = 1 << 28
"""Product of the two sides of a gap, in tokens: 2**28 cells are 32 MiB of rapidfuzz's bit matrix."""
GAP_OPEN, GAP_EXTEND = 2.0, 0.1
"""Price of tokens that only one side has, in the price of one replaced token: to start a gap, and for each token."""
RUNS_OPEN_MAX = 16
"""Runs of moved blocks that a further block is tried against, the latest first."""


def alignment(a: Tokens, b: Tokens, config: Config) -> Alignment:
    """The blocks of equal tokens of two texts (steps 1 to 4). Symmetric up to ties."""
    found = anchors(a.hashes, b.hashes, config.anchor_length_tokens)
    chained = chain(found)
    inside = np.zeros(len(found), bool)
    inside[chained] = True
    blocks = _dense(_worthwhile(_filled(a, b, found[chained]), len(a), len(b)), config)
    return Alignment(blocks, _outside(found[~inside], blocks))


def anchors(a: NDArray[np.uint64], b: NDArray[np.uint64], length: int) -> Blocks:
    """Maximal common stretches that hold `length` tokens unique in each text, by start in a: (k, 3) int64."""
    keys_a, keys_b = _unique_keys(a, length), _unique_keys(b, length)
    _, at_a, at_b = np.intersect1d(keys_a[0], keys_b[0], assume_unique=True, return_indices=True)
    starts = np.stack((keys_a[1][at_a], keys_b[1][at_b]), axis=1)
    starts = starts[np.argsort(starts[:, 0], kind="stable")]
    found: list[tuple[int, int, int]] = []
    for start_a, start_b in starts.tolist():
        if found:
            last_a, last_b, size = found[-1]
            if start_a - last_a == start_b - last_b and start_a <= last_a + size:
                found[-1] = (last_a, last_b, max(size, start_a - last_a + length))
                continue
        found.append((start_a, start_b, length))
    return _grown(a, b, found)


def _unique_keys(hashes: NDArray[np.uint64], length: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The keys of the stretches that occur once, and where they start."""
    count = len(hashes) - length + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    keys = np.zeros(count, np.uint64)
    for offset in range(length):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + hashes[offset : offset + count]
    distinct, first, counts = np.unique(keys, return_index=True, return_counts=True)
    return distinct[counts == 1], first[counts == 1]


def _grown(a: NDArray[np.uint64], b: NDArray[np.uint64], found: list[tuple[int, int, int]]) -> Blocks:
    """Each stretch lengthened to both sides as far as the tokens agree, not into its neighbours."""
    grown: list[tuple[int, int, int]] = []
    for start_a, start_b, size in found:
        floor_a = grown[-1][0] + grown[-1][2] if grown else 0
        overlap = max(0, floor_a - start_a)
        start_a, start_b, size = start_a + overlap, start_b + overlap, size - overlap  # noqa: PLW2901
        if size <= 0:
            continue
        left = right = 0
        while start_a - left > floor_a and start_b > left and a[start_a - left - 1] == b[start_b - left - 1]:
            left += 1
        stop_a, stop_b = start_a + size, start_b + size
        while stop_a + right < len(a) and stop_b + right < len(b) and a[stop_a + right] == b[stop_b + right]:
            right += 1
        grown.append((start_a - left, start_b - left, left + size + right))
    return np.array(grown, np.int64).reshape(-1, 3)


def chain(found: Blocks) -> NDArray[np.int64]:
    """Indices of the heaviest set of blocks that follow each other in both texts, ascending."""
    ends = np.unique(found[:, 1] + found[:, 2]).tolist()
    best: list[tuple[int, int]] = [(0, -1)] * (len(ends) + 1)  # Fenwick tree: heaviest chain that ends by ends[i]
    before = [-1] * len(found)
    weights: list[tuple[int, int]] = []
    pending: list[tuple[int, int]] = []  # (end in a, index), for blocks that later ones may follow
    for index, (start_a, start_b, size) in enumerate(found.tolist()):
        while pending and pending[0][0] <= start_a:
            _, done = heapq.heappop(pending)
            at = bisect_left(ends, int(found[done, 1] + found[done, 2])) + 1
            while at < len(best):
                best[at] = max(best[at], weights[done])
                at += at & -at
        at = bisect_left(ends, start_b + 1)  # chains that end at or before start_b
        weight, previous = (0, -1)
        while at > 0:
            weight, previous = max((weight, previous), best[at])
            at -= at & -at
        before[index] = previous
        weights.append((weight + size, index))
        heapq.heappush(pending, (start_a + size, index))
    chosen: list[int] = []
    at = max(weights)[1] if weights else -1
    while at >= 0:
        chosen.append(at)
        at = before[at]
    return np.array(chosen[::-1], np.int64)


def _filled(a: Tokens, b: Tokens, chained: Blocks) -> list[tuple[int, int, int]]:
    """The chain with the longest common subsequence of every gap, blocks that touch joined."""
    from rapidfuzz.distance import LCSseq

    list_a, list_b = a.hashes.tolist(), b.hashes.tolist()
    blocks: list[tuple[int, int, int]] = []

    def put(start_a: int, start_b: int, size: int) -> None:
        if blocks and blocks[-1][0] + blocks[-1][2] == start_a and blocks[-1][1] + blocks[-1][2] == start_b:
            blocks[-1] = (*blocks[-1][:2], blocks[-1][2] + size)
        elif size:
            blocks.append((start_a, start_b, size))

    at_a = at_b = 0
    for start_a, start_b, size in [*map(tuple, chained.tolist()), (len(a), len(b), 0)]:
        if at_a < start_a and at_b < start_b and (start_a - at_a) * (start_b - at_b) <= GAP_CELLS_MAX:
            for op in LCSseq.opcodes(list_a[at_a:start_a], list_b[at_b:start_b]):
                if op.tag == "equal":
                    put(at_a + op.src_start, at_b + op.dest_start, op.src_end - op.src_start)
        put(start_a, start_b, size)
        at_a, at_b = start_a + size, start_b + size
    return blocks


def gap_price(tokens_a: int, tokens_b: int) -> float:
    """What it costs that so many tokens of each side face each other: replaced, and the surplus unpaired."""
    surplus = abs(tokens_a - tokens_b)
    return min(tokens_a, tokens_b) + (GAP_OPEN + GAP_EXTEND * surplus if surplus else 0.0)


def _worthwhile(blocks: list[tuple[int, int, int]], length_a: int, length_b: int) -> Blocks:
    """The blocks without those that it is cheaper to drop: what remains of the gaps at their sides is one gap."""
    kept: list[tuple[int, int, int]] = [(0, 0, 0)]
    rest = [*blocks, (length_a, length_b, 0)]
    for position, block in enumerate(rest[:-1]):
        kept.append(block)
        following = rest[position + 1]
        while len(kept) > 1:
            left, middle = kept[-2], kept[-1]
            before = (middle[0] - left[0] - left[2], middle[1] - left[1] - left[2])
            after = (following[0] - middle[0] - middle[2], following[1] - middle[1] - middle[2])
            whole = (before[0] + after[0] + middle[2], before[1] + after[1] + middle[2])
            if gap_price(*before) + gap_price(*after) <= gap_price(*whole):
                break
            kept.pop()
    return np.array(kept[1:], np.int64).reshape(-1, 3)


def _dense(blocks: Blocks, config: Config) -> Blocks:
    """The blocks of stretches that hold together (see `passages`): between texts that have nothing to do with each
    other a common subsequence is confetti."""
    run = blocks.tolist()
    stretches = _maximal_stretches(run, gap_token_price(config))
    kept = [
        block
        for first, last in stretches
        if sum(size for _, _, size in run[first : last + 1]) >= config.anchor_length_tokens
        for block in run[first : last + 1]
    ]
    return np.array(kept, np.int64).reshape(-1, 3)


def gap_token_price(config: Config) -> float:
    """What a token between two blocks costs, an equal one counting 1: a stretch denser than the least then scores."""
    return config.passage_density_min / (1.0 - config.passage_density_min)


def _outside(left: Blocks, blocks: Blocks) -> Blocks:
    """The anchors that the chain left out and whose tokens no block of it uses."""

    def free(column: int) -> NDArray[np.bool_]:
        stops = blocks[:, column] + blocks[:, 2]
        nearest = np.searchsorted(stops, left[:, column], side="right")
        starts = np.append(blocks[:, column], np.iinfo(np.int64).max)
        return np.asarray(starts[nearest] >= left[:, column] + left[:, 2])

    return left[free(0) & free(1)] if len(left) else left


def passages(aligned: Alignment, config: Config) -> list[Passage]:
    """The shared passages of at least `passage_equal_tokens_min` equal tokens, by where they begin in a.

    An equal token counts 1, a token of a gap -d / (1 - d) with d = `passage_density_min`, so that what is kept is
    denser than d; the stretches are all the maximal scoring ones (Ruzzo and Tompa, ISMB 1999).
    """
    price = gap_token_price(config)
    found = []
    runs = _collinear_runs(aligned.blocks, config.passage_gap_tokens, 1)
    for run in (*runs, *_collinear_runs(aligned.moved, config.passage_gap_tokens, RUNS_OPEN_MAX)):
        for first, last in _maximal_stretches(run, price):
            equal = sum(size for _, _, size in run[first : last + 1])
            if equal >= config.passage_equal_tokens_min:
                (start_a, start_b, _), (end_a, end_b, size) = run[first], run[last]
                inside = tuple((at_a, at_b, length) for at_a, at_b, length in run[first : last + 1])
                found.append(Passage((start_a, end_a + size), (start_b, end_b + size), equal, inside))
    return sorted(found, key=lambda passage: (passage.range_a, passage.range_b))


def _collinear_runs(blocks: Blocks, gap_max: int, open_max: int) -> list[list[list[int]]]:
    """Blocks put into runs of the same order with gaps of at most `gap_max` tokens, each into the latest of the last
    `open_max` runs that it fits."""
    runs: list[list[list[int]]] = []
    for block in blocks.tolist():
        for run in reversed(runs[-open_max:]):
            end_a, end_b = run[-1][0] + run[-1][2], run[-1][1] + run[-1][2]
            if 0 <= block[0] - end_a <= gap_max and 0 <= block[1] - end_b <= gap_max:
                run.append(block)
                break
        else:
            runs.append([block])
    return runs


def _maximal_stretches(run: list[list[int]], price: float) -> list[tuple[int, int]]:
    """The maximal scoring stretches of a run as (first, last) block, where gaps cost `price` a token."""
    stretches: list[tuple[int, int, float, float]] = []  # first block, last block, total before it, total with it
    total, end_a, end_b = 0.0, None, None
    for index, (start_a, start_b, size) in enumerate(run):
        if end_a is not None and end_b is not None:
            total -= price * max(start_a - end_a, start_b - end_b)
        first, last, left, right = index, index, total, total + size
        total, end_a, end_b = right, start_a + size, start_b + size
        while True:
            earlier = next((k for k in range(len(stretches) - 1, -1, -1) if stretches[k][2] < left), None)
            if earlier is None or stretches[earlier][3] >= right:
                break
            first, left = stretches[earlier][0], stretches[earlier][2]
            del stretches[earlier:]
        stretches.append((first, last, left, right))
    return [(first, last) for first, last, _, _ in stretches]
