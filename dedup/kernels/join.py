"""Documents become the keys by which they are matched, and sorted keys pairs of documents.

1. `choose_terms` gives each document the terms by which it joins: the rarest of those that a sample of the corpus
   holds, and a few of those that it does not know, by hash, so that two copies choose the same (see `postings`).
2. `digests` gives it a digest of its whole sequence, `band_keys` a key for each band of its signature.
3. The caller sorts words of key and document (`pack_keys`), and `bucket_pairs` pairs those of one key.
   `merge_counted` adds the pairs to those that are known.

Limits: documents are below 2**32 - 1. What does not fit into the output is counted, not written, and the caller calls
again with more room.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.simd import U64, I64s, U32s, U64s, inlined, inner, kernel
from dedup.kernels.skeleton import _COUNT, _distinct, _rarest, _shift, _slot

FILTER_BITS = 1 << 18
"""Bits of the filter of frequent terms: 32 KiB, which stay in the processor's first cache."""
_FILTER_SHIFT = np.uint64(64 - 18)
_SIX, _LOW_SIX, _BIT = np.uint64(6), np.uint64(63), np.uint64(1)
NONE = np.uint32(0xFFFFFFFF)
"""The number of a document that is left out."""
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_FACTOR = np.uint64(0xFF51AFD7ED558CCD)


@kernel
def frequent_terms(slots: U64s, limit: int, bits: U64s) -> None:
    """Mark the terms of a table that more than `limit` documents hold.

    slots: the table (see `skeleton`), of which a slot has the upper bits of the term. bits: (FILTER_BITS / 64,) uint64
    zeros, out. A term is marked by its first 18 bits, so some rare ones, the same in every document, are marked too:
    as many as bits are set.
    """
    for slot in slots:
        if np.int64(slot & _COUNT) > limit:
            place = slot >> _FILTER_SHIFT
            bits[place >> _SIX] |= _BIT << (place & _LOW_SIX)


@inner
def _unmarked(hashes: U64s, start: int, stop: int, bits: U64s, rare: U64s) -> int:
    """Copy those of hashes[start:stop] that the filter does not mark to `rare`: how many."""
    count = 0
    for at in range(start, stop):
        term = hashes[at]
        place = term >> _FILTER_SHIFT
        rare[count] = term
        count += int((bits[place >> _SIX] >> (place & _LOW_SIX)) & _BIT == 0)
    return count


@inner
def _split(
    terms: U64s, count: int, slots: U64s, shift: np.uint64, limit: int, known: U64s, frequencies: U32s, fresh: U64s
) -> tuple[int, int]:
    """Part terms[:count] into those of 2..limit documents of the table, with frequencies, and those it lacks."""
    seen = unseen = 0
    for at in range(count):
        frequency = np.int64(slots[np.uint64(_slot(slots, shift, terms[at]))] & _COUNT)
        known[seen], frequencies[seen] = terms[at], frequency
        seen += int((frequency >= 2) & (frequency <= limit))
        fresh[unseen] = terms[at]
        unseen += int(frequency == 0)
    return seen, unseen


@inner
def _smallest(values: U64s, count: int, wanted: int) -> None:
    """Move the `wanted` smallest of values[:count] to the front."""
    for i in range(min(wanted, count)):
        least = i
        for j in range(i + 1, count):
            if values[j] < values[least]:
                least = j
        values[i], values[least] = values[least], values[i]


@kernel
def choose_terms(
    hashes: U64s, counts: I64s, slots: U64s, bits: U64s, limit: int, wanted: int, fresh_wanted: int, keys: U32s,
    key_counts: I64s,
) -> None:  # fmt: skip
    """Choose the terms by which each document joins.

    hashes: (t,) token hashes of all documents. counts: (n,) tokens of each. slots: the table of a sample (see
    `skeleton`). bits: its frequent terms (see `frequent_terms`). limit: documents of the sample that a term may be in.
    wanted, fresh_wanted: most terms that the sample has and lacks. keys: (n, wanted + fresh_wanted) uint32, the upper
    halves of the terms, the first key_counts[n] of a row; out. key_counts: (n,), out. Cost: a look at the filter a
    token, a probe a token that passes, and one a distinct term.
    """
    documents, longest = len(counts), 1
    for document in range(documents):
        longest = max(longest, counts[document])
    if len(hashes) < counts.sum() or keys.shape != (documents, wanted + fresh_wanted) or len(key_counts) < documents:
        raise ValueError("arrays do not fit each other")
    size = 64
    while size < 4 * longest:
        size *= 2
    table, marks = np.empty(size, np.uint64), np.empty(size, np.uint8)
    terms, spare = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    known, fresh = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    frequencies, rare = np.empty(longest + 1, np.uint32), np.empty(longest + 1, np.uint64)
    shift = _shift(slots)
    token = 0
    for document in range(documents):
        last = token + counts[document]
        left = _unmarked(hashes, token, last, bits, rare)
        token = last
        used = 64
        while used < 4 * left:
            used *= 2
        marks[:used] = 0
        distinct = _distinct(rare, 0, left, table, marks, used - 1, slots, shift, terms, 0)
        seen, unseen = _split(terms, distinct, slots, shift, limit, known, frequencies, fresh)
        if seen > wanted:
            _rarest(known, frequencies, seen, wanted, spare)
            seen = wanted
        _smallest(fresh, unseen, fresh_wanted)
        unseen = min(unseen, fresh_wanted)
        for at in range(seen):
            keys[document, at] = np.uint32(known[at] >> np.uint64(32))
        for at in range(unseen):
            keys[document, seen + at] = np.uint32(fresh[at] >> np.uint64(32))
        key_counts[document] = seen + unseen


@inlined
def _folded(value: U64, item: U64) -> U64:
    value = (value ^ item) * _FACTOR
    return value ^ (value >> _HALF)


@kernel
def digests(hashes: U64s, counts: I64s, out: U64s) -> None:
    """A 64-bit digest of each document's token sequence: equal for equal sequences, else, but for chance, not.

    hashes: (t,) token hashes of all documents. counts: (n,) tokens of each. out: (n,), 0 for a document without tokens
    and for no other; out. Four chains, of every fourth token each, run side by side: one alone waits for its products.
    """
    token = 0
    for document in range(len(counts)):
        count = counts[document]
        one, two, three, four = _FACTOR, _FACTOR + _BIT, _FACTOR + np.uint64(2), _FACTOR + np.uint64(3)
        for at in range(token, token + count - count % 4, 4):
            one, two = _folded(one, hashes[at]), _folded(two, hashes[at + 1])
            three, four = _folded(three, hashes[at + 2]), _folded(four, hashes[at + 3])
        value = _folded(_folded(_folded(_folded(np.uint64(count), one), two), three), four)
        for at in range(token + count - count % 4, token + count):
            value = _folded(value, hashes[at])
        token += count
        out[document] = max(value, _BIT) if count else np.uint64(0)


@kernel
def band_keys(signatures: U32s, bands: int, rows: int, first: int, out: U32s) -> None:
    """A 32-bit key for each band of each signature, the band's number in it.

    signatures: (n, k). first: where the first one's keys go. out: (bands, more than first + n), a band after the other,
    out. As `match` computes them, the upper half.
    """
    for document in range(len(signatures)):
        for band in range(bands):
            value = np.uint64(band)
            for row in range(rows):
                value = _folded(value, np.uint64(signatures[document, band * rows + row]))
            out[band, first + document] = np.uint32(value >> np.uint64(32))


@kernel
def pack_keys(keys: U32s, numbers: U32s, bounds: I64s, packed: U64s, filled: int) -> int:
    """Append the keys of documents to words that can be sorted: where they end.

    keys: (n,). numbers: (n,) of the documents; those of NONE are passed over. bounds: keys from bounds[0] and below
    bounds[1] only. packed: key and number, from `filled` on, out.
    """
    for document in range(len(keys)):
        key, number = keys[document], numbers[document]
        packed[filled] = np.uint64(key) << _HALF | np.uint64(number)
        filled += int((number != NONE) & (bounds[0] <= np.int64(key)) & (np.int64(key) < bounds[1]))
    return filled


@inner
def run_end(words: U64s, first: int) -> int:
    """Where the words end that have the upper half of words[first]."""
    stop = first + 1
    while stop < len(words) and words[stop] >> _HALF == words[first] >> _HALF:
        stop += 1
    return stop


@kernel
def bucket_pairs(packed: U64s, most: int, documents: I64s, codes: U64s, told: I64s) -> int:
    """The pairs of words that share their upper half, of which the first is one of some documents: how many.

    packed: key and document, sorted, all different. most: words of a key up to which all of them are paired; of more
    the first is paired with each. documents: from documents[0] and below documents[1]. codes: a << 32 | b of the
    documents, a < b, out; those beyond its room are counted only. told: told[0] counts the keys of more words, of all
    documents.
    """
    found = first = 0
    while first < len(packed):
        stop = run_end(packed, first)
        capped = stop - first > most
        told[0] += int(capped)
        for left in range(first, first + 1 if capped else stop - 1):
            own = packed[left] & _LOW
            if documents[0] <= np.int64(own) < documents[1]:
                for right in range(left + 1, stop):
                    if found < len(codes):
                        codes[found] = own << _HALF | (packed[right] & _LOW)
                    found += 1
        first = stop
    return found


@kernel
def merge_counted(known: U64s, counts: U32s, fresh: U64s, codes: U64s, often: U32s) -> int:
    """Add codes to those that are known: how many there are then.

    known: (k,) sorted, all different. counts: (k,) how often each came. fresh: (f,) sorted, as often as they come.
    codes, often: (k + f,), the same of all, out.
    """
    if len(counts) != len(known) or min(len(codes), len(often)) < len(known) + len(fresh):
        raise ValueError("arrays do not fit each other")
    at = new = filled = 0
    while at < len(known) or new < len(fresh):
        if at < len(known) and (new == len(fresh) or known[at] <= fresh[new]):
            code, count = known[at], counts[at]
            at += 1
        else:
            code, count = fresh[new], np.uint32(0)
        while new < len(fresh) and fresh[new] == code:
            count += np.uint32(1)
            new += 1
        codes[filled], often[filled] = code, count
        filled += 1
    return filled
