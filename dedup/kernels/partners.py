"""Documents of terms become pairs of documents that share enough of them, without listing every pair of a term.

`shared_terms` goes over the documents of a partition; for each it walks the documents of its terms, counts how often
every earlier one is met, and keeps those that are met often enough. This is the counting form of a prefix join
(Bayardo, Ma and Srikant, WWW 2007). It walks the documents of a block only (`within`), so that memory does not grow
with the corpus.

Limits: a pair needs at most 255 shared terms; documents are below 2**32 - 1, in a block at most BLOCK_DOCUMENTS.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.join import NONE
from dedup.kernels.postings import RANGES
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inner, kernel, prefetch
from dedup.kernels.skeleton import _bound

BLOCK_DOCUMENTS = 1 << 24
"""Most documents of a block: the number of one leaves eight bits for how many terms it needs."""
_RELATIVE, _NEEDED = np.uint32(BLOCK_DOCUMENTS - 1), np.uint32(24)
_TALLY = np.uint32((1 << 14) - 1)
_HALF = U64(32)


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

    starts: (g + 1,) where each term's documents begin in `documents` (see `postings.group_terms`). needed: by number,
    terms that a pair must share for the document. block_starts: (g,) where those within begin, out. block_documents:
    counted from the block's first, with what the document needs in the upper eight bits, out.
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
    of each range. term_numbers, range_starts, counts: the partition's terms (see `postings`).
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
