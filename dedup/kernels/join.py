"""Terms of documents become pairs of documents that share enough of them, without listing every pair of a term.

1. `choose_terms` gives each document the terms by which it joins: the rarest of those that a sample of the corpus
   holds, and a few of those that it does not know, by hash, so that two copies choose the same.
2. The caller sorts (term, document): postings. `selective_terms` lets each document join by its rarest terms only, up
   to a budget of documents met, so that cost does not grow with the square of the corpus.
3. `shared_terms` goes over the documents; for each it walks the postings of its terms, counts how often every later
   document is met, and keeps those that are met often enough. This is the counting form of a prefix join (Bayardo, Ma
   and Srikant, WWW 2007): memory is a counter a document, and cost at most the budget a document.

Limits: a pair shares at most 255 terms. What does not fit into the output is counted, not written, and the caller
calls again with more room.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.simd import I64s, U8s, U32s, U64s, inner, kernel
from dedup.kernels.skeleton import _COUNT, _distinct, _rarest, _shift, _slot

FILTER_BITS = 1 << 18
"""Bits of the filter of frequent terms: 32 KiB, which stay in the processor's first cache."""
_FILTER_SHIFT = np.uint64(64 - 18)
_SIX, _LOW_SIX, _BIT = np.uint64(6), np.uint64(63), np.uint64(1)


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


@kernel
def selective_terms(
    term_starts: I64s, postings: U32s, order: I64s, least: int, budget: int, lists: U32s, counts: I64s
) -> int:
    """Give each document the terms by which it joins, the rarest first, and shorten the postings to match.

    term_starts: (g + 1,) where each term's documents begin in `postings`; in `order` of terms, out, they then are where
    the kept ones do. postings: documents of each term, ascending; rewritten in `order`, out. order: (g,) terms by the
    number of their documents, ascending. A document keeps a term while it has fewer than `least`, or while the
    documents of its terms together are within `budget`, up to the width of `lists`. lists: (n, w) uint32, places of
    terms in `order`, out. counts: (n,) zeros at first, terms of each document, out. The number of postings kept.
    """
    walked = np.zeros(len(counts), np.int64)
    source = postings.copy()
    starts = term_starts.copy()
    kept = 0
    for place in range(len(order)):
        first, last = starts[order[place]], starts[order[place] + 1]
        term_starts[place] = kept
        for at in range(first, last):
            document = source[at]
            held = counts[document]
            if held < lists.shape[1] and (held < least or walked[document] + last - first <= budget):
                lists[document, held] = place
                counts[document] = held + 1
                walked[document] += last - first
                postings[kept] = document
                kept += 1
    term_starts[len(order)] = kept
    return kept


@kernel
def shared_terms(
    term_starts: I64s, postings: U32s, lists: U32s, counts: I64s, part: I64s, needed: I64s, most: int, met: U8s,
    pairs: U32s, capped: I64s,
) -> int:  # fmt: skip
    """Pairs (a, b), a < b, of documents that share enough terms, for b in part[0]..part[1]: how many there are.

    term_starts, postings, lists, counts: see `selective_terms`. needed: (n,) terms that a pair must share for each of
    its documents; the smaller of the two holds. most: partners of a document; of more, the first ones are kept, and
    capped[0] counts the document. met: (n,) zeros, scratch, left as zeros. pairs: (room, 2) a and b, out; pairs beyond
    the room are counted only.
    """
    found, room = 0, len(pairs)
    touched, partners = np.empty(len(met) + 1, np.uint32), np.empty(len(met) + 1, np.uint64)
    for b in range(part[0], part[1]):
        count = enough = 0
        for at in range(counts[b]):
            term = lists[b, at]
            for posting in range(term_starts[term], term_starts[term + 1]):
                a = postings[posting]
                if a >= b:
                    break
                touched[count] = a
                count += int(met[a] == 0)
                met[a] += np.uint8(met[a] < 255)
        for at in range(count):
            a = touched[at]
            partners[enough] = a
            enough += int(met[a] >= min(needed[a], needed[b]))
            met[a] = 0
        if enough > most:
            _smallest(partners, enough, most)
            enough = most
            capped[0] += 1
        for at in range(enough):
            if found < room:
                pairs[found, 0], pairs[found, 1] = np.uint32(partners[at]), b
            found += 1
    return found


@kernel
def digests(hashes: U64s, counts: I64s, out: U64s) -> None:
    """A 64-bit digest of each document's token sequence: equal for equal sequences, else, but for chance, not.

    hashes: (t,) token hashes of all documents. counts: (n,) tokens of each. out: (n,), out.
    """
    token = 0
    for document in range(len(counts)):
        value = np.uint64(counts[document])
        for _ in range(counts[document]):
            value = (value ^ hashes[token]) * np.uint64(0xFF51AFD7ED558CCD)
            value ^= value >> np.uint64(32)
            token += 1
        out[document] = value


@kernel
def band_keys(signatures: U32s, bands: int, rows: int, out: U32s) -> None:
    """A 32-bit key for each band of each signature, the band's number in it.

    signatures: (n, k). out: (n, bands), out. As `match` computes them, the upper half.
    """
    for document in range(len(signatures)):
        for band in range(bands):
            value = np.uint64(band)
            for row in range(rows):
                value = (value ^ np.uint64(signatures[document, band * rows + row])) * np.uint64(0xFF51AFD7ED558CCD)
                value ^= value >> np.uint64(32)
            out[document, band] = np.uint32(value >> np.uint64(32))
