"""Keys looked up become candidate pairs: which documents of an index each one of a batch meets often enough.

1. `allow` says how many postings of each key found are followed, and counts the keys for each document; `arrange`
   writes where these postings are, so that those of a document stand together.
2. `meet` follows them, document by document, counts which earlier ones it meets, by these keys and by what its terms
   lead to (see `lists`), and keeps those met often enough. Most documents that terms lead to are met by one or two of
   them: these are dropped by a first count, of a byte for all documents of a hash, before any is counted by itself.

Limits: those of `keys`. A document meets at most limits[PARTNERS] others by its terms alone, the first ones.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.keys import (
    _CHANNEL,
    _CHANNEL_SHIFT,
    _DOCUMENT,
    _KEY_SHIFT,
    _LOW,
    _NUMBER_SHIFT,
    BAND,
    PASSAGE,
)
from dedup.kernels.lists import OWN, SHARED
from dedup.kernels.partners import _firsts
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inlined, inner, kernel, load64_at, prefetch, prefetch_at

BUCKET_MAX, PASSAGE_ALL, PASSAGE_MAX, SHINGLES, PARTNERS = range(6, 11)
"""Places in `limits`, behind those of `lists`: documents of a band up to which all of them are met; documents of a
shingle up to which all are met, and beyond which none is; shingles that a pair must share; most documents met by terms
alone."""
_SPREAD, _SPREAD_SHIFT = U64(0x9E3779B1), U64(13)

AHEAD = 8
"""Keys whose postings are asked for in memory before they are followed."""
LINES_AHEAD = 4
"""Lines of 64 bytes that are asked for of each."""


@inlined
def _channel(word: U64) -> int:
    return int((word >> _CHANNEL_SHIFT) & _CHANNEL)


@kernel
def add(places: U32s, counts: U32s, held_by: U32s) -> None:
    """Add to held_by, (k,), the postings of the keys found in a column (see `keys.probe`)."""
    for hit in range(len(places)):
        held_by[np.int64(places[hit])] += counts[hit]


@kernel
def repeated(words: U64s, held_by: U32s, places: U32s, starts: I64s, counts: U32s) -> int:
    """Find the keys that several documents of a batch have, in its own column, and how many of them there are.

    Of other keys the column leads to the document itself, and they are most of a batch's, so that it is not asked.
    words: sorted, those that `keys.lay_out` made the column of. held_by: (k,) to each the documents of the batch are
    added that have its key. places, starts, counts: (k,) as `keys.probe` writes them, out.
    """
    if min(len(held_by), len(places), len(starts), len(counts)) < len(words):
        raise ValueError("arrays do not fit each other")
    first = postings = found = 0
    while first < len(words):
        stop, held = first + 1, 1
        while stop < len(words) and words[stop] >> _KEY_SHIFT == words[first] >> _KEY_SHIFT:
            # By chance a key may be one of two channels, and a document stand there twice.
            held += int(words[stop] & _DOCUMENT != words[stop - 1] & _DOCUMENT)
            stop += 1
        for at in range(first, stop):
            held_by[at] += np.uint32(held)
            if held > 1:
                places[found], starts[found], counts[found] = at, postings, held
                found += 1
        postings += held
        first = stop
    return found


@kernel
def allow(
    words: U64s, held_by: U32s, limits: I64s, places: U32s, counts: U32s, used: U8s, allowed: U32s, ends: I64s
) -> None:
    """How many postings are followed of each key found in a column. Columns are asked in order, the oldest first.

    places, counts: see `keys.probe`. used: (k,) zeros at first, postings followed of keys of which only the first ones
    are. allowed: as long as places, out. ends: (n + 1,) zeros at first, to ends[d + 1] are added the keys of document
    d of which any are followed.
    """
    query = 1 - limits[OWN]
    for hit in range(len(places)):
        place = np.int64(places[hit])
        word, count, taken = words[place], np.int64(counts[hit]), np.int64(0)
        channel, held = _channel(word), np.int64(held_by[place]) + query
        if channel == BAND:
            taken = count if held <= limits[BUCKET_MAX] else min(count, 1 - np.int64(used[place]))
        elif channel == PASSAGE and held <= limits[PASSAGE_ALL]:
            taken = count
        elif channel == PASSAGE and held <= limits[PASSAGE_MAX]:
            taken = max(np.int64(0), min(count, limits[PASSAGE_ALL] - np.int64(used[place])))
        used[place] = np.uint8(min(np.int64(255), np.int64(used[place]) + taken))
        allowed[hit] = taken
        ends[np.int64(word & _DOCUMENT) + 1] += taken > 0


@kernel
def arrange(words: U64s, address: int, places: U32s, starts: I64s, allowed: U32s, nexts: I64s, keys: U64s) -> None:
    """Write where the postings are that the keys found in a column lead to.

    address: of the column's postings. nexts: (n,) where those of each document go, brought up to date. keys: (k, 2) the
    address of the first posting, and channel << 32 | postings followed; out.
    """
    for hit in range(len(places)):
        if hit + 2 * AHEAD < len(places):
            prefetch(keys, 2 * nexts[np.int64(words[np.int64(places[hit + 2 * AHEAD])] & _DOCUMENT)])
        if allowed[hit]:
            word = words[np.int64(places[hit])]
            document = np.int64(word & _DOCUMENT)
            at = nexts[document]
            keys[at, 0] = U64(address + 8 * starts[hit])
            keys[at, 1] = U64(_channel(word)) << _NUMBER_SHIFT | U64(allowed[hit])
            nexts[document] = at + 1


@inlined
def _needed(kept: np.int64, shared: np.int64) -> np.int64:
    return max(np.int64(1), min(shared, (kept + 1) // 2))


@inlined
def _is_enough(shingles: np.int64, own_had: np.uint32, had: U32s, number: np.int64, shared: np.int64) -> bool:
    if shingles == 0:
        return False
    fewer = min(np.int64(own_had), np.int64(had[number]))
    return bool(shingles >= max(np.int64(1), min(shared, (fewer + 1) // 2)))


@inner
def _likely(
    terms: U32s, first: int, stop: int, needed: np.int64, few: U8s, counters: U8s, mask: int, likely: U32s
) -> int:  # fmt: skip
    """Copy those of terms[first:stop] that may be there `needed` times, or need not be, to `likely`: how many.

    few: by number a bit, for documents that are met by fewer. counters: mask + 1 of them are used, for as many hashes.
    """
    counters[: mask + 1] = 0
    for at in range(first, stop):
        place = np.int64(U64(terms[at]) * _SPREAD >> _SPREAD_SHIFT) & mask
        counters[place] += np.uint8(counters[place] < 255)
    count = 0
    for at in range(first, stop):
        number = terms[at]
        place = np.int64(U64(number) * _SPREAD >> _SPREAD_SHIFT) & mask
        is_few = (few[np.int64(number >> np.uint32(3))] >> np.uint8(number & np.uint32(7))) & 1
        likely[count] = number
        count += int((counters[place] >= needed) | (is_few != 0))
    return count


@inlined
def _slot(number: np.uint32, numbers: U32s, marks: U32s, mask: int) -> int:
    """Where a document is in a table, or goes."""
    slot = np.int64((number * np.uint32(0x9E3779B1)) >> np.uint32(7)) & mask
    while marks[slot] and numbers[slot] != number:
        slot = (slot + 1) & mask
    return int(slot)


@inner
def _counted(
    keys: U64s, first: int, stop: int, own: int, numbers: U32s, marks: U32s, mask: int, slots: I64s
) -> int:  # fmt: skip
    """Count the documents below `own` that the keys from first to stop lead to in a table: how many different ones,
    whose places are slots.

    marks: zeros; terms in bits 0..7, shingles in 8..30, bit 31 for a band.
    """
    count = 0
    for key in range(first, stop):
        if key + AHEAD < stop:
            ahead, more = np.int64(keys[key + AHEAD, 0]), np.int64(keys[key + AHEAD, 1] & _LOW)
            for line in range(0, 8 * more if more < 8 * LINES_AHEAD else LINES_AHEAD * 64, 64):
                prefetch_at(ahead + line)
        channel, begin = np.int64(keys[key, 1] >> _NUMBER_SHIFT), np.int64(keys[key, 0])
        for at in range(begin, begin + 8 * np.int64(keys[key, 1] & _LOW), 8):
            number = np.uint32(load64_at(at) & _LOW)
            if np.int64(number) >= own:
                break  # those of a key ascend
            slot = _slot(number, numbers, marks, mask)
            if not marks[slot]:
                numbers[slot] = number
                slots[count] = slot
                count += 1
            if channel == BAND:
                marks[slot] |= np.uint32(1 << 31)
            else:
                marks[slot] += np.uint32(1 << 8)
    return count


@inner
def _counted_more(
    likely: U32s, size: int, numbers: U32s, marks: U32s, mask: int, slots: I64s, count: int
) -> int:  # fmt: skip
    """The same of documents that terms lead to, likely[:size], beside `count` that are in the table already."""
    for at in range(size):
        slot = _slot(likely[at], numbers, marks, mask)
        if not marks[slot]:
            numbers[slot] = likely[at]
            slots[count] = slot
            count += 1
        if marks[slot] & np.uint32(255) < np.uint32(255):
            marks[slot] += np.uint32(1)
    return count


@inlined
def _postings(keys: U64s, first: int, stop: int) -> int:
    total = 0
    for key in range(first, stop):
        total += int(keys[key, 1] & _LOW)
    return total


@inlined
def _size(least: int, wanted: int) -> int:
    """The power of two from `least` on that is enough."""
    while least < wanted:
        least *= 2
    return least


@kernel
def room(keys: U64s, ends: I64s, term_ends: I64s, partners: int) -> int:
    """How many pairs `meet` may find for documents."""
    total = 0
    for document in range(len(ends) - 1):
        total += _postings(keys, ends[document], ends[document + 1])
        total += min(partners, term_ends[document + 1] - term_ends[document])
    return total


@kernel
def meet(
    keys: U64s, ends: I64s, terms: U32s, term_ends: I64s, numbers: I64s, standing: U8s, own_kept: U8s, own_had: U32s,
    kept: U8s, had: U32s, dead: U8s, few: U8s, limits: I64s, codes: U64s, told: I64s,
) -> int:  # fmt: skip
    """The candidate pairs a << 32 | b, a an earlier document, b one of the batch: how many.

    keys, ends: what `arrange` wrote, of document d from ends[d] to ends[d + 1]. terms, term_ends: the same of what
    `lists.copy` wrote. numbers: (n,) of the batch's documents. standing: (n,) 0 for one that is left out. own_kept,
    own_had: (n,) terms chosen and shingles of each. kept, had, dead: the same by number, of all documents, and 1 for
    one that was removed. few: a bit for each, set where it has so few terms that fewer than limits[SHARED] are enough.
    codes: out, see `room`. told: told[0] counts the documents that have too many partners by terms.
    """
    if min(len(ends), len(term_ends)) <= len(numbers) or 8 * len(few) < len(kept):
        raise ValueError("arrays do not fit each other")
    longest = np.int64(1)
    for document in range(len(numbers)):
        led_to = term_ends[document + 1] - term_ends[document]
        longest = max(longest, led_to + _postings(keys, ends[document], ends[document + 1]))
    size = _size(16, 2 * int(longest))
    table, marks = np.empty(size, np.uint32), np.zeros(size, np.uint32)
    slots, by_terms = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.uint64)
    likely, counters = np.empty(longest + 1, np.uint32), np.empty(4 * size, np.uint8)
    found = 0
    for document in range(len(numbers)):
        first, stop = ends[document], ends[document + 1]
        begin, end = term_ends[document], term_ends[document + 1]
        if (first == stop and begin == end) or not standing[document]:
            continue
        needed = _needed(np.int64(own_kept[document]), limits[SHARED])
        mask = _size(64, 4 * int(end - begin)) - 1
        expected = _likely(terms, begin, end, needed, few, counters, mask, likely)
        mask = _size(16, 2 * (expected + _postings(keys, first, stop))) - 1
        own = numbers[document]
        count = _counted(keys, first, stop, own, table, marks, mask, slots)
        count = _counted_more(likely, expected, table, marks, mask, slots, count)
        by_terms_alone = 0
        for at in range(count):
            number, mark = np.int64(table[slots[at]]), marks[slots[at]]
            marks[slots[at]] = 0
            shingles = np.int64((mark >> np.uint32(8)) & np.uint32((1 << 23) - 1))
            if mark >> np.uint32(31) or _is_enough(shingles, own_had[document], had, number, limits[SHINGLES]):
                if not dead[number]:
                    codes[found] = U64(number) << _NUMBER_SHIFT | U64(own)
                    found += 1
                continue
            met = np.int64(mark & np.uint32(255))
            if met < needed and met < _needed(np.int64(kept[number]), limits[SHARED]):
                continue
            if not dead[number]:
                by_terms[by_terms_alone] = U64(number)
                by_terms_alone += 1
        if by_terms_alone > limits[PARTNERS]:
            told[0] += 1
            by_terms_alone = _firsts(by_terms, by_terms_alone, limits[PARTNERS])
        for at in range(by_terms_alone):
            codes[found] = by_terms[at] << _NUMBER_SHIFT | U64(own)
            found += 1
    return found
