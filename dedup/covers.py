"""Regions of two long texts become their cheapest covers: what `phrase` does region by region, by compiled loops.

1. `_words`: the distinct words of the regions are numbered, and what prices ask of a word is looked up once for each:
   its frequency, its class, its letters written out. `_bits` does so for neighbours.
2. `rounds`: `kernels.phrases` covers all regions, round after round, with what the covers of the round before propose.

Loading the compiled loops takes half a second (at the first time of all they are compiled, which takes some twenty), so
short texts are better off without. Gives the same covers as `phrase`, to the segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup import language, pricing
from dedup.model import Tokens

if TYPE_CHECKING:
    from dedup.kernels.phrases import Prices, Table, Words
    from dedup.kernels.phrases import Side as RoomOfSide

I64s = NDArray[np.int64]
F64s = NDArray[np.float64]
U64s = NDArray[np.uint64]
Shape = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms regions are cut. shapes: tokens of both sides and least price, in the order in which they are
    tried. uneven: price of anything but one word for another. rounds: at most so many."""

    shapes: Sequence[Shape]
    cells_max: int
    surplus_tokens: int
    uneven: float
    rounds: int


@dataclass(frozen=True, slots=True)
class _Side:
    """The tokens of the regions on one side, one region after the other: words by number, hashes, and how much each
    belongs together with the one behind it."""

    ids: I64s
    hashes: U64s
    bits: F64s


@dataclass(frozen=True, slots=True)
class Covers:
    """segments: (s, 5), tokens of a and of b from and to, and 1 where they are equal. starts: (r + 1,), where each
    region's begin."""

    segments: I64s
    starts: I64s


def rounds(a: Tokens, b: Tokens, regions: I64s, terms: Terms) -> Covers:
    """The covers of regions (r, 4), start and stop in a and in b, all of which are small enough to be cut."""
    from dedup.kernels import phrases as kernel

    sizes_a, sizes_b = regions[:, 1] - regions[:, 0], regions[:, 3] - regions[:, 2]
    assert len(regions) and min(sizes_a.min(), sizes_b.min()) > 0
    assert (sizes_a * sizes_b).max() <= terms.cells_max and np.abs(sizes_a - sizes_b).max() < terms.surplus_tokens
    at_a, at_b = _places(regions[:, 0], sizes_a), _places(regions[:, 2], sizes_b)
    packed = np.stack([*_packed(sizes_a), *_packed(sizes_b)], axis=1)
    words, side_a, side_b = _words((a, at_a), (b, at_b), packed)
    longest = isqrt(terms.cells_max) + terms.surplus_tokens + 1
    letters = 1 + max(int(np.diff(words.letter_starts).max()), 2 * longest)
    cells = (longest, longest)
    room = kernel.Room(np.zeros(cells), np.zeros(cells, np.int64), np.zeros(letters, np.int64))
    both = _room(longest), _room(longest)
    tokens = (side_a.ids, side_a.hashes, side_a.bits, side_b.ids, side_b.hashes, side_b.bits)
    own, own_starts = np.zeros(0, np.uint64), np.zeros(len(regions) + 1, np.int64)
    total = int((sizes_a + sizes_b).sum())
    found = np.zeros((total, 5), np.int64)
    starts = np.zeros(len(regions) + 1, np.int64)
    for _ in range(terms.rounds):
        table, most = _table(own)
        keys, key_starts = np.zeros(total, np.uint64), np.zeros(len(regions) + 1, np.int64)
        made = (found, starts, keys, key_starts)
        count = kernel.covers(packed, tokens, words, _prices(terms, most), table, (own, own_starts), room, both, made)
        before, own, own_starts = (own, own_starts), keys[: key_starts[-1]].copy(), key_starts
        if np.array_equal(before[1], own_starts) and np.array_equal(before[0], own):
            break
    shifts = (regions - packed)[:, [0, 0, 2, 2]]
    segments = found[:count]
    segments[:, :4] += np.repeat(shifts, np.diff(starts), axis=0)
    return Covers(segments, starts)


def _room(longest: int) -> RoomOfSide:
    """Room for one side of a region of fewer tokens than `longest`."""
    from dedup.kernels import phrases as kernel

    shape = (longest, kernel.LENGTHENED)
    return kernel.Side(
        np.zeros(longest, np.int64),
        np.zeros(shape, np.uint64),
        np.zeros(shape, np.int64),
        np.zeros(shape, np.uint64),
        np.zeros(shape),
        np.zeros(shape),
    )


def _places(starts: I64s, sizes: I64s) -> I64s:
    """The tokens of all regions of one side."""
    offsets: I64s = np.repeat(starts - np.append(0, np.cumsum(sizes)[:-1]), sizes)
    return offsets + np.arange(len(offsets))


def _packed(sizes: I64s) -> tuple[I64s, I64s]:
    """Where each region begins and ends once its tokens stand behind those of the one before."""
    stops = np.cumsum(sizes)
    return stops - sizes, stops


def _words(a: tuple[Tokens, I64s], b: tuple[Tokens, I64s], packed: I64s) -> tuple[Words, _Side, _Side]:
    """What is asked of the words of the regions, and the regions' tokens by the numbers of their words."""
    from dedup.kernels import phrases as kernel

    hashes = [side.hashes[at] for side, at in (a, b)]
    distinct, first, ids = np.unique(np.concatenate(hashes), return_index=True, return_inverse=True)
    size_a = len(hashes[0])
    words = [a[0].words[a[1][at]] if at < size_a else b[0].words[b[1][at - size_a]] for at in first.tolist()]
    written = [language.expanded((word,)) for word in words]
    letters, letter_starts = _letters(words)
    expanded, starts = _letters(written)
    found, powers = np.zeros(len(distinct), np.uint64), np.zeros(len(distinct), np.uint64)
    kernel.written_hashes(expanded, starts, found, powers)
    zipfs = np.array([np.inf if word[0].isdigit() else language.zipf(word) for word in words])
    classes = np.array([_class(word) for word in words], np.int64)
    known = kernel.Words(zipfs, classes, letters, letter_starts, expanded, starts, found, powers)
    sides = [ids[:size_a].astype(np.int64), ids[size_a:].astype(np.int64)]
    bits = _bits(words, sides, packed)
    made = [_Side(*one) for one in zip(sides, hashes, bits, strict=True)]
    return known, made[0], made[1]


def _letters(words: Sequence[str]) -> tuple[NDArray[np.uint32], I64s]:
    """The code points of all words, with one more behind them, and where each word begins."""
    starts = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=starts[1:])
    return np.frombuffer(f"{''.join(words)} ".encode("utf-32-le", "surrogatepass"), np.uint32), starts


def _class(word: str) -> int:
    from dedup.kernels import phrases as kernel

    kinds = (
        (language.ARTICLES, kernel.ARTICLE),
        (language.LIGHT_VERBS, kernel.LIGHT_VERB),
        (language.PREPOSITIONS, kernel.PREPOSITION),
        (language.PARTICLES, kernel.PARTICLE),
    )
    return sum(bit for kind, bit in kinds if word in kind)


def _bits(words: Sequence[str], sides: Sequence[I64s], packed: I64s) -> list[F64s]:
    """How much each token belongs together with the one behind it in its region."""
    within = []
    for ids, stops in zip(sides, (packed[:, 1], packed[:, 3]), strict=True):
        inside = np.ones(len(ids), bool)
        inside[stops - 1] = False
        within.append(np.flatnonzero(inside))
    keys = [ids[at] * len(words) + ids[at + 1] for ids, at in zip(sides, within, strict=True)]
    distinct, where = np.unique(np.concatenate(keys), return_inverse=True)
    pairs = zip((distinct // len(words)).tolist(), (distinct % len(words)).tolist(), strict=True)
    known = np.array([language.association_bits(words[one], words[other]) for one, other in pairs], np.float64)
    bits = [np.zeros(len(ids)) for ids in sides]
    bits[0][within[0]], bits[1][within[1]] = np.split(known[where], [len(within[0])])
    return bits


def _table(own: U64s) -> tuple[Table, int]:
    """The pairs proposed and how often, as a hash table; and the most that one is."""
    from dedup.kernels import phrases as kernel

    slots = 1 << max(4, (2 * len(own)).bit_length())
    table = kernel.Table(np.zeros(slots, np.uint64), np.zeros(slots, np.int64))
    return table, kernel.counted(own, table.keys, table.counts)


def _prices(terms: Terms, most: int) -> Prices:
    """The prices as arrays."""
    from dedup.kernels import phrases as kernel

    values = (
        pricing.ALONE, pricing.RARITY, pricing.RARITY_FREE, pricing.ALIKE, pricing.SAME, pricing.GOVERNED,
        pricing.ARTICLE, pricing.LIGHT_VERB, pricing.COHESION, pricing.COHESION_BITS, pricing.REPEATED_MIN,
        language.COMMON_ZIPF, terms.uneven,
    )  # fmt: skip
    lengths = np.zeros((kernel.LENGTHENED, kernel.LENGTHENED))
    for m in range(1, kernel.LENGTHENED):
        for n in range(1, kernel.LENGTHENED):
            lengths[m, n] = pricing.length_price(m, n)
    return kernel.Prices(
        np.array(values),
        lengths,
        np.array([shape[:2] for shape in terms.shapes], np.int64),
        np.array([shape[2] for shape in terms.shapes]),
        np.array([pricing.REPEATED * log(1 + times, 2) for times in range(most + 1)]),
    )
