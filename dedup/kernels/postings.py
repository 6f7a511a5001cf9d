"""Terms of documents become the documents of terms, of which each document keeps the rarest.

The terms of a partition are one array, cut by the first bits of the term into ranges, in each of which they stand
document by document; a matrix says how many every document has in every range.

1. `divide_terms` brings the chosen terms into that form.
2. A range of all partitions is packed (`pack_terms`) with each term's place and sorted by the caller;
   `document_counts` then writes to every place how many documents hold its term.
3. `select_terms` leaves each document its rarest terms only, up to a budget of documents met, so that cost does not
   grow with the square of the corpus.
4. What is left is packed and sorted again; `group_terms` gives the documents of each term, and to every place the
   number of its term. `partners` then counts what documents share.

Limits: documents and places in a range are below 2**32 - 1.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.join import NONE, run_end
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inner, kernel

RANGE_BITS = 4
RANGES = 1 << RANGE_BITS
_RANGE_SHIFT = np.uint32(32 - RANGE_BITS)
_TAKEN = U64(0xFFFFFFFFFFFFFFFF)
_HALF, _LOW = U64(32), U64(0xFFFFFFFF)


@kernel
def divide_terms(keys: U32s, key_counts: I64s, terms: U32s, starts: I64s, counts: U8s) -> None:
    """Cut the terms of documents by ranges.

    keys: (n, w) the first key_counts[n] of a row are terms. terms: (key_counts.sum(),) range by range, document by
    document, out. starts: (RANGES + 1,) where each range begins in `terms`, out. counts: (RANGES, n) unsigned, zeros;
    out. Cost: two looks at each term.
    """
    if len(terms) < key_counts.sum() or len(starts) != RANGES + 1 or counts.shape != (RANGES, len(key_counts)):
        raise ValueError("arrays do not fit each other")
    for document in range(len(key_counts)):
        for at in range(key_counts[document]):
            counts[np.int64(keys[document, at] >> _RANGE_SHIFT), document] += 1
    next_place = np.empty(RANGES, np.int64)
    starts[0] = 0
    for number in range(RANGES):
        next_place[number] = starts[number]
        held = np.int64(0)
        for document in range(len(key_counts)):
            held += np.int64(counts[number, document])
        starts[number + 1] = starts[number] + held
    for document in range(len(key_counts)):
        for at in range(key_counts[document]):
            own = np.int64(keys[document, at] >> _RANGE_SHIFT)
            terms[next_place[own]] = keys[document, at]
            next_place[own] += 1


@kernel
def pack_terms(
    terms: U32s, counts: U8s, numbers: U32s, bounds: I64s, first: int, packed: U64s, named: U64s, filled: int
) -> int:
    """Append the terms of a partition in a range to words that can be sorted: where they end.

    terms: those of the range. counts: (n,) how many each document has. numbers: (n,) of the documents; those of NONE
    are passed over. bounds: terms from bounds[0] and below bounds[1] only. first: place of the first one. packed: term
    and place, from `filled` on, out. named: term and number in the same way, out; nothing if it has no room at all.
    """
    room = len(packed) if not len(named) else min(len(packed), len(named))
    if len(numbers) < len(counts) or len(terms) < counts.sum() or room < filled + len(terms):
        raise ValueError("arrays do not fit each other")
    at = np.int64(0)
    for document in range(len(counts)):
        stop = at + np.int64(counts[document])
        if numbers[document] == NONE:
            at = stop
            continue
        while at < stop:
            term = np.int64(terms[at])
            if bounds[0] <= term < bounds[1]:
                packed[filled] = U64(term) << _HALF | U64(first + at)
                if len(named):
                    named[filled] = U64(term) << _HALF | U64(numbers[document])
                filled += 1
            at += 1
    return filled


@kernel
def document_counts(packed: U64s, most: int, counts: U32s) -> None:
    """Write to each place how many documents hold its term: 0 for a term of one document or of more than `most`.

    packed: term and place, sorted. counts: by place, unsigned, of a type that holds `most`; only the others than 0 are
    written.
    """
    first = 0
    while first < len(packed):
        stop = run_end(packed, first)
        if 2 <= stop - first <= most:
            for at in range(first, stop):
                counts[np.int64(packed[at] & _LOW)] = stop - first
        first = stop


@inner
def _rarest(ranked: U64s, useful: int, limits: I64s) -> tuple[int, U64]:
    """How many of ranked[:useful], the least first, the limits allow, and the last of them. ranked: overwritten."""
    met, last = np.int64(0), U64(0)
    for at in range(useful):
        met += np.int64(ranked[at] >> _HALF)
        last = max(last, ranked[at])
    if 2 < useful <= limits[0] and met <= limits[2]:
        return useful, last
    budget = limits[2] if useful > 2 else limits[3]
    met, last = np.int64(0), U64(0)
    for taken in range(min(limits[0], useful)):
        least, place = _TAKEN, 0
        for at in range(useful):  # two loops without a branch, which the compiler makes vectors of
            least = min(least, ranked[at])
        for at in range(useful):
            place = max(place, at * int(ranked[at] == least))
        met += np.int64(least >> _HALF)
        if met > budget and (taken >= limits[1] or useful <= 2):
            return taken, last
        last, ranked[place] = least, _TAKEN
    return min(limits[0], useful), last


@kernel
def select_terms(
    terms: U32s, held_by: U32s, starts: I64s, counts: U8s, limits: I64s, stops: I64s, kept: I64s
) -> None:  # fmt: skip
    """Leave each document the terms by which it joins: its rarest, of equals the smallest.

    terms, starts, counts: those of a partition (see `divide_terms`); rewritten, each range from its start to stops[r],
    (RANGES,), out. held_by: documents of each term, 0 for one that joins nothing. limits: most terms of a document; how
    many it has in any case; how many documents may hold its terms, added up, where it has more; how many where it has
    one or two, so that sharing one makes a pair. kept: (n,) terms of each document, out.
    """
    if min(len(terms), len(held_by)) < starts[RANGES] or min(len(stops), len(counts)) < RANGES or len(limits) != 4:
        raise ValueError("arrays do not fit each other")
    documents = counts.shape[1]
    longest = np.int64(0)
    for document in range(documents):
        held = np.int64(0)
        for number in range(RANGES):
            held += np.int64(counts[number, document])
        longest = max(longest, held)
    ranked = np.empty(longest + 1, np.uint64)
    reads = starts[:RANGES].copy()
    stops[:] = reads
    for document in range(documents):
        useful = 0
        for number in range(RANGES):
            for at in range(reads[number], reads[number] + np.int64(counts[number, document])):
                ranked[useful] = U64(held_by[at]) << _HALF | U64(terms[at])
                useful += int(held_by[at] != 0)
        taken, last = _rarest(ranked, useful, limits)
        kept[document] = taken
        for number in range(RANGES):
            own = 0
            stop = reads[number] + np.int64(counts[number, document])
            for at in range(reads[number], stop):
                if held_by[at] != 0 and taken > 0 and U64(held_by[at]) << _HALF | U64(terms[at]) <= last:
                    terms[stops[number]] = terms[at]
                    stops[number] += 1
                    own += 1
                    taken -= 1  # of equal words no more than were chosen
            reads[number] = stop
            counts[number, document] = own


@kernel
def group_terms(
    packed: U64s, named: U64s, terms: int, filled: int, term_numbers: U32s, stops: I64s, documents: U32s
) -> int:  # fmt: skip
    """The documents of each term that two or more hold: how many such terms there are.

    packed, named: term and place, term and document, each sorted (see `pack_terms`). terms, filled: how many terms and
    documents there are of smaller terms. term_numbers: by place, written for these terms only, out. stops: (words / 2,)
    where each term's documents end in `documents`, out. documents: from `filled` on, ascending for each term, out.
    """
    if len(named) < len(packed) or len(stops) < len(packed) // 2 or len(documents) < filled + len(packed):
        raise ValueError("arrays do not fit each other")
    first = found = 0
    while first < len(packed):
        stop = run_end(packed, first)
        if stop - first >= 2:
            for at in range(first, stop):
                term_numbers[np.int64(packed[at] & _LOW)] = np.uint32(terms + found)
                documents[filled] = np.uint32(named[at] & _LOW)
                filled += 1
            stops[found] = filled
            found += 1
        first = stop
    return found
