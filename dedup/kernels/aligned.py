"""Two token sequences become blocks of equal tokens and moved blocks: the compiled form of `align.alignment`.

1. The chain of anchors (see `anchors`).
2. `_gap`: between neighbours in the chain the longest common subsequence, after the common prefix and suffix:
   Hyyrö's bit-parallel table, columns a, rows b, walked back from its end as rapidfuzz does: to the left where
   that keeps the length, else upwards where that does, else along the match. Rows and columns whose token the
   other side lacks repeat their neighbour and leave that walk as it is, so they are not in the table.
3. `_worthwhile`, `stretches` with `_dense`, `_is_free`: as in `align`, the same floating-point operations in the
   same order. `stretches` keeps Ruzzo and Tompa's links, so it is linear.

Cost: 1/64 of a word operation for each cell of a gap, else O(n log n). Limits: a gap of more cells than the caller
allows is left as a gap. Sources: see `align`; Hyyrö, "Bit-parallel LCS-length computation revisited", AWOCA 2004;
rapidfuzz-cpp (M. Bachmann), LCSseq.
"""

from __future__ import annotations

from dedup.kernels.anchors import (
    ANCHOR,
    DENSITY,
    EXTEND,
    GAP_CELLS,
    OPEN,
    F64s,
    Scratch,
    anchors,
    chained,
    cleared,
    copy_row,
    partners,
    slot_of,
)  # fmt: skip
from dedup.kernels.simd import U64, I64s, U64s, inlined, inner

_ZERO, _ONE, _ALL = U64(0), U64(1), U64(0xFFFFFFFFFFFFFFFF)
_COMPARED = 1024  # cells of a gap whose tokens are compared each with each: cheaper than a table of 64 slots


# --- gaps ---------------------------------------------------------------------------------------------------


@inlined
def _put(blocks: I64s, count: int, start_a: int, start_b: int, size: int) -> int:
    """Append a block, or lengthen the last one that it touches: the number of blocks."""
    if count:
        last = count - 1
        if blocks[last, 0] + blocks[last, 2] == start_a and blocks[last, 1] + blocks[last, 2] == start_b:
            blocks[last, 2] += size
            return count
    if size:
        blocks[count, 0], blocks[count, 1], blocks[count, 2] = start_a, start_b, size
        return count + 1
    return count


@inner
def _compared_rows(a: U64s, b: U64s, columns: I64s, rows: I64s, table: U64s) -> tuple[int, int]:
    """The table of at most 64 columns, tokens compared each with each: (rows, columns)."""
    height = 0
    state = _ALL
    for j in range(len(b)):
        token, matches = b[j], _ZERO
        for i in range(len(a)):
            matches |= U64(a[i] == token) << U64(i)
        if matches:
            used = state & matches
            state = (state + used) | (state - used)
            table[height] = state
            rows[height] = j
            height += 1
    for i in range(len(a)):
        columns[i] = i
    return height, len(a)


@inner
def _looked_up_rows(a: U64s, b: U64s, columns: I64s, rows: I64s, scratch: Scratch) -> tuple[int, int]:
    """The table of the tokens that both sides have: (rows, columns). Columns by bits, as many words as they need."""
    keys, places, table, masks = scratch.keys, scratch.places, scratch.table, scratch.masks
    slots = scratch.three
    mask = cleared(places, len(a))
    for i in range(len(a)):
        slot = slot_of(keys, places, mask, a[i])
        keys[slot], places[slot], slots[i] = a[i], -1, slot
    height = distinct = 0
    for j in range(len(b)):
        slot = slot_of(keys, places, mask, b[j])
        if places[slot]:
            if places[slot] < 0:
                distinct += 1
                places[slot] = distinct
            rows[height] = j
            scratch.four[height] = places[slot] - 1
            height += 1
    width = 0
    for i in range(len(a)):
        if places[slots[i]] > 0:
            columns[width], slots[width] = i, places[slots[i]] - 1
            width += 1
    words = (width + 63) >> 6
    masks[: distinct * words] = _ZERO
    for column in range(width):
        masks[slots[column] * words + (column >> 6)] |= _ONE << U64(column & 63)
    for row in range(height):
        own, matches, carry = row * words, scratch.four[row] * words, _ZERO
        for word in range(words):
            state = table[own - words + word] if row else _ALL
            used = state & masks[matches + word]
            total = state + used
            carried = total + carry
            carry = U64(total < state) | U64(carried < total)
            table[own + word] = carried | (state - used)
    return height, width


@inner
def _gap(a: U64s, b: U64s, at_a: int, at_b: int, scratch: Scratch, count: int) -> int:
    """Append the longest common subsequence of a and b, which begin at tokens at_a and at_b: the number of
    blocks."""
    blocks, columns, rows = scratch.blocks, scratch.one, scratch.two
    first, shorter = 0, min(len(a), len(b))
    while first < shorter and a[first] == b[first]:
        first += 1
    count = _put(blocks, count, at_a, at_b, first)
    last = 0
    while last < shorter - first and a[len(a) - 1 - last] == b[len(b) - 1 - last]:
        last += 1
    stop_a, stop_b = len(a) - last, len(b) - last
    if first < stop_a and first < stop_b and (stop_a - first > 1 or stop_b - first > 1):
        inner_a, inner_b = a[first:stop_a], b[first:stop_b]
        if len(inner_a) <= 64 and len(inner_a) * len(inner_b) <= _COMPARED:
            row, column = _compared_rows(inner_a, inner_b, columns, rows, scratch.table)
        else:
            row, column = _looked_up_rows(inner_a, inner_b, columns, rows, scratch)
        words, matched = (column + 63) >> 6, 0
        table = scratch.table
        while row and column:
            word, bit = (column - 1) >> 6, U64((column - 1) & 63)
            if table[(row - 1) * words + word] >> bit & _ONE:
                column -= 1
                continue
            row -= 1
            if not row or table[(row - 1) * words + word] >> bit & _ONE:
                column -= 1
                scratch.three[matched], scratch.four[matched] = columns[column], rows[row]
                matched += 1
        for match in range(matched - 1, -1, -1):
            place_a, place_b = at_a + first + scratch.three[match], at_b + first + scratch.four[match]
            count = _put(blocks, count, place_a, place_b, 1)
    return _put(blocks, count, at_a + stop_a, at_b + stop_b, last)


@inner
def _filled(a: U64s, b: U64s, cells: int, found: I64s, hung: int, inside: I64s, scratch: Scratch) -> int:
    """The chain with its gaps filled, into scratch.blocks: the number of blocks."""
    count = at_a = at_b = 0
    for index in range(hung + 1):
        start_a, start_b, size = len(a), len(b), 0
        if index < hung:
            if not inside[index]:
                continue
            start_a, start_b, size = found[index, 0], found[index, 1], found[index, 2]
        if at_a < start_a and at_b < start_b and (start_a - at_a) * (start_b - at_b) <= cells:
            count = _gap(a[at_a:start_a], b[at_b:start_b], at_a, at_b, scratch, count)
        count = _put(scratch.blocks, count, start_a, start_b, size)
        at_a, at_b = start_a + size, start_b + size
    return count


# --- what is kept -------------------------------------------------------------------------------------------


@inlined
def _gap_price(tokens_a: int, tokens_b: int, prices: F64s) -> float:
    surplus = abs(tokens_a - tokens_b)
    return min(tokens_a, tokens_b) + (prices[OPEN] + prices[EXTEND] * surplus if surplus else 0.0)


@inner
def _worthwhile(blocks: I64s, count: int, length_a: int, length_b: int, prices: F64s) -> int:
    """Drop, in place, the blocks that it is cheaper to be without: how many remain."""
    kept = 0
    for position in range(count):
        following_a, following_b = length_a, length_b
        if position + 1 < count:
            following_a, following_b = blocks[position + 1, 0], blocks[position + 1, 1]
        copy_row(blocks, position, blocks, kept)
        kept += 1
        while kept:
            start_a, start_b, size = blocks[kept - 1, 0], blocks[kept - 1, 1], blocks[kept - 1, 2]
            before_a, before_b = start_a, start_b
            if kept > 1:
                before_a -= blocks[kept - 2, 0] + blocks[kept - 2, 2]
                before_b -= blocks[kept - 2, 1] + blocks[kept - 2, 2]
            after_a, after_b = following_a - start_a - size, following_b - start_b - size
            parts = _gap_price(before_a, before_b, prices) + _gap_price(after_a, after_b, prices)
            if parts <= _gap_price(before_a + after_a + size, before_b + after_b + size, prices):
                break
            kept -= 1
    return kept


@inner
def stretches(blocks: I64s, first: int, stop: int, price: float, ranks: I64s, totals: F64s) -> int:
    """The maximal scoring stretches of the rows first..stop - 1 of `blocks`, gaps at `price` a token: their number.

    ranks[k, :2]: first and last row of stretch k; the rest of `ranks` and `totals` is for this function alone.
    """
    count = 0
    total = 0.0
    for row in range(first, stop):
        if row > first:
            gap_a = blocks[row, 0] - blocks[row - 1, 0] - blocks[row - 1, 2]
            gap_b = blocks[row, 1] - blocks[row - 1, 1] - blocks[row - 1, 2]
            total -= price * max(gap_a, gap_b)
        begin, left = row, total
        total += blocks[row, 2]
        earlier = count - 1
        while True:
            while earlier >= 0 and totals[earlier, 0] >= left:
                earlier = ranks[earlier, 2]  # those between begin no lower, so none of them is the one
            if earlier < 0 or totals[earlier, 1] >= total:
                break
            begin, left, count = ranks[earlier, 0], totals[earlier, 0], earlier
            earlier = ranks[earlier, 2]
        ranks[count, 0], ranks[count, 1], ranks[count, 2] = begin, row, earlier
        totals[count, 0], totals[count, 1] = left, total
        count += 1
    return count


@inlined
def equal_tokens(blocks: I64s, first: int, last: int) -> int:
    """The sum of the sizes of the rows first..last of `blocks`."""
    equal = 0
    for row in range(first, last + 1):
        equal += blocks[row, 2]
    return equal


@inner
def _dense(blocks: I64s, count: int, anchor: int, price: float, ranks: I64s, totals: F64s) -> int:
    """Drop, in place, the blocks that hold together with no others: how many remain."""
    kept = 0
    for stretch in range(stretches(blocks, 0, count, price, ranks, totals)):
        first, last = ranks[stretch, 0], ranks[stretch, 1]
        if equal_tokens(blocks, first, last) >= anchor:
            for row in range(first, last + 1):
                copy_row(blocks, row, blocks, kept)
                kept += 1
    return kept


@inlined
def _is_free(blocks: I64s, count: int, column: int, start: int, size: int) -> bool:
    """Whether no block uses the tokens start..start + size - 1 of the side `column`."""
    low, high = 0, count
    while low < high:  # the first block that stops behind `start`
        middle = (low + high) >> 1
        if blocks[middle, column] + blocks[middle, 2] > start:
            high = middle
        else:
            low = middle + 1
    return low == count or blocks[low, column] >= start + size


@inner
def aligned(a: U64s, b: U64s, limits: I64s, prices: F64s, scratch: Scratch) -> tuple[int, int]:
    """The alignment of two texts, by their token hashes: (blocks, moved blocks), in scratch.blocks and
    scratch.found.

    limits, prices: see ANCHOR, DENSITY. scratch: of a size for the pair.
    """
    found, blocks, inside = scratch.found, scratch.blocks, scratch.five
    stretch_count = partners(a, b, limits[ANCHOR], scratch, inside)
    hung = anchors(a, b, limits[ANCHOR], stretch_count, inside, found)
    chained(found, hung, len(a), len(b), scratch, inside)
    count = _filled(a, b, limits[GAP_CELLS], found, hung, inside, scratch)
    count = _worthwhile(blocks, count, len(a), len(b), prices)
    count = _dense(blocks, count, limits[ANCHOR], prices[DENSITY], scratch.ranks, scratch.totals)
    moved = 0
    for index in range(hung):
        start_a, start_b, size = found[index, 0], found[index, 1], found[index, 2]
        if (
            not inside[index]
            and _is_free(blocks, count, 0, start_a, size)
            and _is_free(blocks, count, 1, start_b, size)
        ):
            copy_row(found, index, found, moved)
            moved += 1
    return count, moved
