"""Terms of documents become pairs of documents that share enough of them, without listing every pair of a term.

The terms of a partition are one array, cut by the first bits of the term into ranges, in each of which they stand
document by document; a matrix says how many every document has in every range.

1. `divide_terms` brings the chosen terms into that form.
2. A range of all partitions is packed (`pack_terms`) with each term's place and sorted by the caller;
   `document_counts` then writes to every place how many documents hold its term.
3. `select_terms` leaves each document its rarest terms only, up to a budget of documents met, so that cost does not
   grow with the square of the corpus.
4. What is left is packed and sorted again; `group_terms` gives the documents of each term, and to every place the
   number of its term.
5. `shared_terms` goes over the documents; for each it walks the documents of its terms, counts how often every earlier
   one is met, and keeps those that are met often enough. This is the counting form of a prefix join (Bayardo, Ma and
   Srikant, WWW 2007). It walks the documents of a block only (`within`), so that memory does not grow with the corpus.

Limits: a pair needs at most 255 shared terms; documents and places in a range are below 2**32 - 1.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.join import NONE, run_end
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inner, kernel, prefetch
from dedup.kernels.skeleton import _bound

RANGE_BITS = 4
RANGES = 1 << RANGE_BITS
_RANGE_SHIFT = np.uint32(32 - RANGE_BITS)
BLOCK_DOCUMENTS = 1 << 24
"""Most documents of a block: the number of one leaves eight bits for how many terms it needs."""
_RELATIVE, _NEEDED = np.uint32(BLOCK_DOCUMENTS - 1), np.uint32(24)
_TALLY = np.uint32((1 << 14) - 1)
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


@inner
def _first_from(documents: U32s, start: int, stop: int, number: int) -> int:
    """The first place in documents[start:stop], ascending, of one that is `number` or more."""
    while start < stop:
        middle = (start + stop) >> 1
        if np.int64(documents[middle]) < number:
            start = middle + 1
        else:
            stop = middle
    return start


@kernel
def within(
    starts: I64s, documents: U32s, block: I64s, needed: U8s, block_starts: U32s, block_documents: U32s, filled: int
) -> int:  # fmt: skip
    """Append those documents of terms that are in block[0]..block[1], BLOCK_DOCUMENTS at most: where they end.

    starts: (g + 1,) where each term's documents begin in `documents` (see `group_terms`). needed: by number, terms that
    a pair must share for the document. block_starts: (g,) where those within begin, out. block_documents: counted from
    the block's first, with what the document needs in the upper eight bits, out.
    """
    if block[1] - block[0] > BLOCK_DOCUMENTS or len(needed) < block[1]:
        raise ValueError("the block is too long, or ends beyond the documents")
    if len(block_starts) < len(starts) - 1 or len(block_documents) < filled + len(documents):
        raise ValueError("arrays do not fit each other")
    for term in range(len(starts) - 1):
        block_starts[term] = filled
        first = _first_from(documents, starts[term], starts[term + 1], block[0])
        for at in range(first, starts[term + 1]):
            number = np.int64(documents[at])
            if number >= block[1]:
                break
            block_documents[filled] = np.uint32(needed[number]) << _NEEDED | np.uint32(number - block[0])
            filled += 1
    return filled


@inner
def _tallied(own: I64s, terms: int, starts: U32s, documents: U32s, end: np.int64, tally: U8s, stops: I64s) -> np.int64:
    """Tally the documents below `end` of each term, and write where they stop: how many they are."""
    walked = np.int64(0)
    tally[:] = 0
    for at in range(terms):
        stop, last = np.int64(starts[own[at]]), np.int64(starts[own[at] + 1])
        begin = stop
        while stop < last:
            a = documents[stop] & _RELATIVE
            if np.int64(a) >= end:
                break
            slot = np.int64(a & _TALLY)
            tally[slot] += np.uint8(tally[slot] < 255)
            stop += 1
        stops[at] = stop
        walked += stop - begin
    return walked


@inner
def _frequent(
    own: I64s, stops: I64s, terms: int, starts: U32s, documents: U32s, needed: np.int64, tally: U8s, met: U8s,
    near: U64s,
) -> int:  # fmt: skip
    """Write the documents that share enough of the terms to `near`: how many. met: zeros, left so."""
    likely = 0
    for at in range(terms):
        for posting in range(np.int64(starts[own[at]]), stops[at]):
            entry = documents[posting]
            a = entry & _RELATIVE
            its_need = np.int64(entry >> _NEEDED)
            if np.int64(tally[np.int64(a & _TALLY)]) >= (its_need if its_need < needed else needed):
                near[likely] = U64(entry)
                likely += int(met[a] == 0)
                met[a] += np.uint8(met[a] < 255)
    count = 0
    for at in range(likely):
        entry = near[at]
        a = entry & U64(_RELATIVE)
        near[count] = a
        its_need = np.int64(entry >> U64(_NEEDED))
        count += int(np.int64(met[a]) >= (its_need if its_need < needed else needed))
        met[a] = 0
    return count


@kernel
def shared_terms(
    starts: U32s, documents: U32s, bases: I64s, term_numbers: U32s, range_starts: I64s, counts: U8s, numbers: U32s,
    block: I64s, needed: U8s, partners: U8s, limits: I64s, codes: U64s, told: I64s,
) -> int:  # fmt: skip
    """Pairs (a, b), a < b, of documents that share enough terms, a in a block, b in a partition: how many there are.

    starts, documents: those of the block (see `within`), (g + 1,) of starts. bases: (RANGES,) number of the first term
    of each range. term_numbers, range_starts, counts: the partition's terms (see `divide_terms`, `group_terms`).
    numbers: (n,) its documents. block: first document and end. needed: by number, terms that a pair must share for each
    of its documents; the smaller of the two holds. partners: (n,) that b has of earlier blocks, limits[0] + 1 for too
    many; brought up to date. limits: most partners of a document, of more of which the first ones are kept, and most
    terms of one. codes: a << 32 | b, out; what is beyond its room is counted only, and the caller calls again. told:
    documents with too many partners, and documents walked, added up. Cost: two looks at a document walked, at a tally
    of its last bits, which stays in the processor's first cache; an exact count of the few that the tally leaves.
    """
    if len(starts) != bases[RANGES] + 1 or len(term_numbers) < range_starts[RANGES] or len(limits) != 2:
        raise ValueError("arrays do not fit each other")
    if min(counts.shape[1], len(partners)) < len(numbers) or len(needed) < block[1]:
        raise ValueError("arrays do not fit each other")
    size, most = block[1] - block[0], limits[0]
    met, near, tally = np.zeros(size, np.uint8), np.empty(size + 1, np.uint64), np.empty(_TALLY + 1, np.uint8)
    own, stops = np.empty(limits[1] + 1, np.int64), np.empty(limits[1] + 1, np.int64)
    reads = range_starts[:RANGES].copy()
    found = 0
    for place in range(len(numbers)):
        terms = 0
        for number in range(RANGES):
            first = reads[number]
            reads[number] = first + np.int64(counts[number, place])
            for at in range(first, reads[number]):
                own[terms] = bases[number] + np.int64(term_numbers[at])
                terms += int(term_numbers[at] != NONE)
        b = np.int64(numbers[place])
        if terms == 0 or b <= block[0]:
            continue
        for at in range(terms):  # what is far away in memory is asked for before it is needed
            prefetch(starts, own[at])
        for at in range(terms):
            prefetch(documents, np.int64(starts[own[at]]))
        told[1] += _tallied(own, terms, starts, documents, min(b, block[1]) - block[0], tally, stops)
        enough = _frequent(own, stops, terms, starts, documents, np.int64(needed[b]), tally, met, near)
        earlier = np.int64(partners[place])
        if earlier + enough > most:
            told[0] += int(earlier <= most)
            partners[place] = most + 1
            enough = _firsts(near, enough, max(0, most - earlier))
        else:
            partners[place] = earlier + enough
        for at in range(enough):
            if found < len(codes):
                codes[found] = U64(block[0]) + near[at] << _HALF | U64(b)
            found += 1
    return found


@inner
def _firsts(values: U64s, count: int, wanted: int) -> int:
    """Move the `wanted` <= count smallest of values[:count], all different, to the front: how many."""
    if not 0 < wanted < count:
        return wanted
    bound = _bound(values, count, wanted)
    kept = 0
    for at in range(count):
        value = values[at]
        values[kept] = value
        kept += int(value <= bound)
    return kept
