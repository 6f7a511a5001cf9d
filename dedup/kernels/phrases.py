"""Runs of changed tokens become their cheapest covers by phrase pairs: the compiled form of `phrase`'s steps 2 and 3.

1. `covers`: one round over all regions. Phrase pairs that the covers of the round before proposed elsewhere cost less;
   how often they were is looked up in a hash table of 64-bit keys of pairs.
2. `_side`: of each phrase that ends at a token what its price needs: its key, its letters written out (number and
   polynomial hash), its rarest word, how much its words belong together.
3. `_word_by_word`, `_cheapest`: as in `phrase`, the same floating-point operations in the same order, shapes of
   phrases left out by the same rule.
4. `_cover`: the cheapest steps as segments, neighbours alike in kind joined.

Cost: some 0.2 microseconds for each shape of phrases that is priced, a third of a microsecond to two for a cell of a
region. Limits: phrases and pairs are told apart by 64 bits. Source: see `phrase`.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.simd import U64, I64s, U32s, U64s, inlined, inner, kernel

F64s: TypeAlias = NDArray[np.float64]

ARTICLE, LIGHT_VERB, PREPOSITION, PARTICLE, LENGTHENED = 1, 2, 4, 8, 6
"""Bits of a word's class; and rows and columns of what lengths cost, phrases of 0 to 5 tokens."""
(
    ALONE, RARITY, RARITY_FREE, ALIKE, SAME, GOVERNED, ARTICLE_PRICE, LIGHT, COHESION, COHESION_BITS, REPEATED_MIN,
    COMMON, UNEVEN,
) = range(13)  # fmt: skip
"""Places in `prices`: those of `pricing`, the frequency of a phrase of numbers, and the price of uneven sides."""

_ONE = U64(1)
_MIX, _LETTER = U64(0x9E3779B97F4A7C15), U64(0x100000001B3)


class Words(NamedTuple):
    """Distinct words. zipfs: (w,), infinite for numbers. classes: (w,) bits. letters and written: the code points of
    each word and of it written out, one after the other, with where each begins, (w + 1,). hashes, powers: (w,) of the
    written form."""

    zipfs: F64s
    classes: I64s
    letters: U32s
    letter_starts: I64s
    written: U32s
    written_starts: I64s
    hashes: U64s
    powers: U64s


class Prices(NamedTuple):
    """prices: see their places. lengths: (LENGTHENED, LENGTHENED) by the tokens of both sides. shapes: (s, 2)
    and floors: (s,), in the order in which they are tried. savings: (t + 1,), of a pair proposed t times elsewhere."""

    prices: F64s
    lengths: F64s
    shapes: I64s
    floors: F64s
    savings: F64s


class Side(NamedTuple):
    """Room for one side of a region. Rows: a phrase's last token, from 1; columns: its tokens."""

    ids: I64s
    keys: U64s
    lengths: I64s
    hashes: U64s
    rarest: F64s
    cohesion: F64s


class Table(NamedTuple):
    """Pairs proposed, open addressing: keys (2**m,) uint64 and counts (2**m,), 0 where a slot is free."""

    keys: U64s
    counts: I64s


class Room(NamedTuple):
    """Room for one region: costs and steps of cells, and letters of the longer of two words, (l + 1,)."""

    best: F64s
    step: I64s
    letters: I64s


# --- words -----------------------------------------------------------------------------------------------------


@kernel
def written_hashes(written: U32s, starts: I64s, hashes: U64s, powers: U64s) -> None:
    """The polynomial hash of each word's letters written out, and the power by which it shifts what stands before."""
    for word in range(len(starts) - 1):
        found, power = U64(0), _ONE
        for at in range(starts[word], starts[word + 1]):
            found = found * _LETTER + U64(written[at] + 1)
            power = power * _LETTER
        hashes[word], powers[word] = found, power


@inner
def _begins(one: U32s, start: int, stop: int, other: U32s, other_start: int, other_stop: int) -> bool:
    """Whether letters start..stop begin with the other letters."""
    if stop - start < other_stop - other_start:
        return False
    at = 0
    while other_start + at < other_stop and one[start + at] == other[other_start + at]:
        at += 1
    return other_start + at == other_stop


@inner
def _alike(words: Words, x: int, y: int, row: I64s) -> bool:
    """`pricing._alike`: the first four letters are shared, or three in four of all (longest common subsequence)."""
    a, b, written = words.letters, words.letters, words.written
    first_a, stop_a = words.letter_starts[x], words.letter_starts[x + 1]
    first_b, stop_b = words.letter_starts[y], words.letter_starts[y + 1]
    if _begins(written, words.written_starts[x], words.written_starts[x + 1], b, first_b, stop_b):
        return False
    if _begins(written, words.written_starts[y], words.written_starts[y + 1], a, first_a, stop_a):
        return False
    length_a, length_b = stop_a - first_a, stop_b - first_b
    same = 0
    while same < 4 and same < length_a and same < length_b and a[first_a + same] == b[first_b + same]:
        same += 1
    if same == 4 or (same == length_a and same == length_b):
        return True
    if 4 * abs(length_a - length_b) > length_a + length_b:
        return False
    row[: length_b + 1] = 0
    for i in range(length_a):
        diagonal = np.int64(0)
        for j in range(length_b):
            above = row[j + 1]
            if a[first_a + i] == b[first_b + j]:
                row[j + 1] = diagonal + 1
            elif row[j] > above:
                row[j + 1] = row[j]
            diagonal = above
    return bool(4 * (length_a + length_b - 2 * row[length_b]) <= length_a + length_b)


# --- phrases ---------------------------------------------------------------------------------------------------


@inlined
def _mixed(one: np.uint64, other: np.uint64) -> np.uint64:
    value = (one ^ (other + _MIX + (one << U64(6)) + (one >> U64(2)))) * U64(0xFF51AFD7ED558CCD)
    return value ^ (value >> U64(32))


@inlined
def _pair_key(a: Side, i: int, m: int, b: Side, j: int, n: int) -> np.uint64:
    return _mixed(_mixed(a.keys[i, m], U64(m * 8 + n)), b.keys[j, n])


@inner
def _side(ids: I64s, hashes: U64s, bits: F64s, words: Words, prices: F64s, side: Side) -> None:
    """What the price of every phrase of a side needs. bits: of each token and the one behind it."""
    for i in range(1, len(ids) + 1):
        side.ids[i - 1] = ids[i - 1]
        key, length, found, power, rarest = U64(0), np.int64(0), U64(0), _ONE, np.inf
        side.keys[i, 0], side.lengths[i, 0] = key, length
        for m in range(1, min(LENGTHENED - 1, i) + 1):
            word = ids[i - m]
            key = _mixed(key, hashes[i - m])
            length += words.written_starts[word + 1] - words.written_starts[word]
            found += words.hashes[word] * power
            power *= words.powers[word]
            rarest = min(rarest, words.zipfs[word])
            side.keys[i, m], side.lengths[i, m], side.hashes[i, m] = key, length, found
            side.rarest[i, m] = prices[COMMON] if rarest == np.inf else rarest
            if m > 1:
                total = 0.0
                for at in range(i - m, i - 1):
                    total += bits[at]
                side.cohesion[i, m] = min(1.0, total / (m - 1) / prices[COHESION_BITS])


@inlined
def _same_written(a: Side, i: int, m: int, b: Side, j: int, n: int) -> bool:
    return bool(a.lengths[i, m] == b.lengths[j, n] and a.hashes[i, m] == b.hashes[j, n])


@inner
def _plain_price(
    a: Side, i: int, m: int, b: Side, j: int, n: int, words: Words, known: Prices, row: I64s
) -> tuple[float, bool]:
    """The cost of a phrase pair by itself, but for prepositions at its end; and whether these may make it less."""
    prices = known.prices
    if m == n and a.keys[i, m] == b.keys[j, n]:
        return (0.0 if m == 1 else np.inf), False
    if _same_written(a, i, m, b, j, n):
        return prices[SAME], False
    if a.ids[i - m] == b.ids[j - n] or a.ids[i - 1] == b.ids[j - 1]:
        return np.inf, False
    cost = known.lengths[m, n]
    cost += prices[RARITY] * max(0.0, abs(a.rarest[i, m] - b.rarest[j, n]) - prices[RARITY_FREE])
    if m == 1 and n == 1:
        return (cost - prices[ALIKE] if _alike(words, a.ids[i - 1], b.ids[j - 1], row) else cost), False
    if n == 1:
        cohesion = a.cohesion[i, m]
    elif m == 1:
        cohesion = b.cohesion[j, n]
    else:
        cohesion = min(a.cohesion[i, m], b.cohesion[j, n])
    cost -= prices[COHESION] * cohesion
    last_a, last_b = words.classes[a.ids[i - 1]], words.classes[b.ids[j - 1]]
    articles = (m > 1 and last_a & ARTICLE != 0) + (n > 1 and last_b & ARTICLE != 0)
    cost += prices[ARTICLE_PRICE] * articles
    if m == 1 or n == 1:
        longer = a.ids[i - m] if m > 1 else b.ids[j - n]
        if words.classes[longer] & LIGHT_VERB:
            cost -= prices[LIGHT]
        return cost, False
    both = last_a & last_b
    governed = both & PREPOSITION != 0 and ((m + n > 4 and max(m, n) <= 3) or both & PARTICLE != 0)
    return cost, governed


@inner
def _price(
    a: Side, i: int, m: int, b: Side, j: int, n: int, times: int, words: Words, known: Prices, row: I64s
) -> float:  # fmt: skip
    """The cost of a phrase pair that is proposed `times` elsewhere: `pricing.price`."""
    cost, governed = _plain_price(a, i, m, b, j, n, words, known, row)
    shorter = 0
    while governed:
        shorter += 1
        less, governed = _plain_price(a, i - shorter, m - shorter, b, j - shorter, n - shorter, words, known, row)
        for _ in range(shorter):
            less += known.prices[GOVERNED]
        cost = min(cost, less)
    if times and 0.0 < cost < np.inf:
        return float(max(known.prices[REPEATED_MIN], cost - known.savings[times]))
    return cost


# --- regions ---------------------------------------------------------------------------------------------------


@inlined
def _slot(table: Table, key: np.uint64) -> int:
    mask = U64(len(table.keys) - 1)
    at = key & mask
    while table.counts[at] and table.keys[at] != key:
        at = (at + _ONE) & mask
    return int(at)


@kernel
def counted(proposed: U64s, table_keys: U64s, table_counts: I64s) -> int:
    """Counts keys in a table that is free at first: the largest count."""
    table = Table(table_keys, table_counts)
    largest = 0
    for index in range(len(proposed)):
        at = _slot(table, proposed[index])
        table.keys[at] = proposed[index]
        table.counts[at] += 1
        largest = max(largest, int(table.counts[at]))
    return largest


@inlined
def _times(table: Table, own: U64s, key: np.uint64) -> int:
    """How often a pair is proposed by other regions."""
    total = int(table.counts[_slot(table, key)])
    if total:
        for index in range(len(own)):
            total -= own[index] == key
    return total


@inner
def _word_by_word(a: Side, b: Side, size: int, table: Table, own: U64s, words: Words, known: Prices, row: I64s) -> bool:
    """Whether no cover can be cheaper than word for word: `phrase._is_word_by_word`."""
    if size == 2:
        if _same_written(a, 2, 2, b, 2, 2):
            return False
    else:
        starts, written = words.written_starts, words.written
        for i in range(size):
            one = a.ids[i]
            for j in range(size):
                other = b.ids[j]
                if written[starts[one]] == written[starts[other]] and (
                    _begins(written, starts[one], starts[one + 1], written, starts[other], starts[other + 1])
                    or _begins(written, starts[other], starts[other + 1], written, starts[one], starts[one + 1])
                ):
                    return False
    left = known.prices[UNEVEN]
    for i in range(1, size + 1):
        times = _times(table, own, _pair_key(a, i, 1, b, i, 1))
        left -= _price(a, i, 1, b, i, 1, times, words, known, row)
        if left <= 0:
            return False
    return True


@inner
def _cheapest(
    a: Side, height: int, b: Side, width: int, table: Table, own: U64s, words: Words, known: Prices, room: Room
) -> None:
    """For every cell the last step of the cheapest cover up to it, by its shape: `phrase._cheapest_steps`."""
    prices, best = known.prices, room.best
    alone, same, least_repeated = prices[ALONE], prices[SAME], prices[REPEATED_MIN]
    for i in range(height + 1):
        for j in range(width + 1):
            least, chosen = (0.0 if i == 0 and j == 0 else np.inf), -1
            for shape in range(len(known.shapes)):
                m, n = known.shapes[shape, 0], known.shapes[shape, 1]
                if m > i or n > j:
                    continue
                sofar = best[i - m, j - n]
                if sofar + least_repeated >= least and (m != 1 or n != 1):
                    continue
                if m and n:
                    times = _times(table, own, _pair_key(a, i, m, b, j, n))
                    if sofar + known.floors[shape] >= least and not times and a.lengths[i, m] != b.lengths[j, n]:
                        continue
                    cost = sofar + _price(a, i, m, b, j, n, times, words, known, room.letters)
                else:
                    if sofar + alone >= least:
                        continue
                    cost = sofar + alone
                if m + n != 2 and cost > sofar + same:
                    cost += prices[UNEVEN]
                if cost < least:
                    least, chosen = cost, shape
            best[i, j], room.step[i, j] = least, chosen


@inlined
def _put(found: I64s, first: int, count: int, start_a: int, start_b: int, m: int, n: int, equal: int) -> int:
    """Append a segment behind the one before it, or lengthen that, as `phrase._tidy` does: the number of segments."""
    if count > first:
        last = count - 1
        both_equal = equal and found[last, 4]
        one_sided = (
            not equal
            and not found[last, 4]
            and ((m == 0 and found[last, 0] == found[last, 1]) or (n == 0 and found[last, 2] == found[last, 3]))
        )
        if both_equal or one_sided:
            found[last, 1], found[last, 3] = start_a + m, start_b + n
            return count
    found[count, 0], found[count, 1], found[count, 2], found[count, 3] = start_a, start_a + m, start_b, start_b + n
    found[count, 4] = equal
    return count + 1


@inner
def _cut(a: Side, b: Side, region: I64s, by_words: bool, known: Prices, room: Room, found: I64s, first: int) -> int:
    """Append the segments of a region: the number of all segments. region: start and stop of both sides."""
    height, width = region[1] - region[0], region[3] - region[2]
    count = first
    if by_words:
        for at in range(height):
            same = int(a.keys[at + 1, 1] == b.keys[at + 1, 1])
            count = _put(found, first, count, region[0] + at, region[2] + at, 1, 1, same)
        return count
    steps, i, j = 0, height, width
    while i or j:  # back from the end; the shapes of the way are kept in the last column
        shape = room.step[i, j]
        room.letters[steps] = shape
        i, j = i - known.shapes[shape, 0], j - known.shapes[shape, 1]
        steps += 1
    for at in range(steps - 1, -1, -1):
        shape = room.letters[at]
        m, n = known.shapes[shape, 0], known.shapes[shape, 1]
        same = int(m == 1 and n == 1 and a.keys[i + 1, 1] == b.keys[j + 1, 1])
        count = _put(found, first, count, region[0] + i, region[2] + j, m, n, same)
        i, j = i + m, j + n
    return count


@inner
def _proposed(a: Side, b: Side, region: I64s, found: I64s, first: int, count: int, keys: U64s, at: int) -> int:
    """Append the keys of the phrase pairs of a region's segments: the number of all keys."""
    for index in range(first, count):
        m, n = found[index, 1] - found[index, 0], found[index, 3] - found[index, 2]
        if m and n and not found[index, 4]:
            keys[at] = _pair_key(a, found[index, 1] - region[0], m, b, found[index, 3] - region[2], n)
            at += 1
    return at


@kernel
def covers(
    regions: I64s, tokens: tuple[I64s, U64s, F64s, I64s, U64s, F64s], words: Words, known: Prices, table: Table,
    own: tuple[U64s, I64s], room: Room, sides: tuple[Side, Side], made: tuple[I64s, I64s, U64s, I64s],
) -> int:  # fmt: skip
    """One round: the covers of all regions, each to be cut: the number of segments.

    regions: (r, 4), start and stop of both sides, in tokens; none without. tokens: ids (n,), hashes (n,) and
    bits (n,) of each side. own: what each region proposed before, (p,), and where that begins, (r + 1,). made: segments
    (s, 5), start and stop of both sides and whether they are equal; where each region's begin, (r + 1,); keys
    proposed, (p,), and where each region's begin, (r + 1,). sides, room: for the largest region.
    """
    ids_a, hashes_a, bits_a, ids_b, hashes_b, bits_b = tokens
    own_keys, own_starts = own
    found, starts, keys, key_starts = made
    a, b = sides
    count = proposed = 0
    for index in range(len(regions)):
        region = regions[index]
        first = count
        height, width = region[1] - region[0], region[3] - region[2]
        mine = own_keys[own_starts[index] : own_starts[index + 1]]
        at_a, stop_a, at_b, stop_b = region[0], region[1], region[2], region[3]
        _side(ids_a[at_a:stop_a], hashes_a[at_a:stop_a], bits_a[at_a:stop_a], words, known.prices, a)
        _side(ids_b[at_b:stop_b], hashes_b[at_b:stop_b], bits_b[at_b:stop_b], words, known.prices, b)
        by_words = height == width and _word_by_word(a, b, height, table, mine, words, known, room.letters)
        if not by_words:
            _cheapest(a, height, b, width, table, mine, words, known, room)
        count = _cut(a, b, region, by_words, known, room, found, count)
        proposed = _proposed(a, b, region, found, first, count, keys, proposed)
        starts[index + 1], key_starts[index + 1] = count, proposed
    return count
