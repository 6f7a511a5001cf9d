"""Terms of documents become lists, of each term the documents that hold it, and lists what documents are counted from.

Of the keys of a document terms are those that other documents have, and so are kept apart from the others (`keys`): a
term stands once, and numbers of documents are all that its list has.

1. `collect` makes a word `term << 32 | document` of every term of a batch. The caller sorts them.
2. `lay_out` makes of sorted words lists: the terms in order, where the list of each begins, and the documents, those of
   a term ascending. `gather` makes words of a range of them again, so that several are sorted into one; `join` puts
   two together.
3. `find` looks terms up in lists, both in order: where each one's documents are, and how many.
4. `choose` leaves each document its rarest terms, up to a budget of documents that these lead to, by how many documents
   hold each: as `postings.select_terms` does. `spans` says how many documents they lead to.
5. `copy` and `copy_own` write the documents of these terms, term by term, to where those of each document asked for
   stand together: lists are read in order and once, and counting what they led to looks at near memory only.

Limits: lists have less than 2**32 documents together.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.keys import _is_sound
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inner, kernel, prefetch

OWN, TERMS, SHARED, BUDGET, BUDGET_FEW, HELD_MAX = range(6)
"""Places in `limits`: 1 if a batch is among what it is looked up in, else 0; most terms of a document; terms that a
pair must share; documents that terms may lead to, and the same for one or two of them; documents of a term."""
AHEAD = 8
"""Lists that are asked for in memory before they are copied."""
LINES_AHEAD = 3
"""Lines of 64 bytes that are asked for of each."""

_HALF, _LOW = U64(32), U64(0xFFFFFFFF)
_PAGE_SHIFT = 10  # of places in an array of four bytes


@kernel
def collect(standing: U8s, terms: U32s, term_counts: I64s, words: U64s) -> int:
    """The words of the terms of documents: how many.

    standing: (n,) 0 for a document that is left out. terms: (n, w), the first term_counts[n] of a row. words: out.
    """
    documents = len(standing)
    if min(len(terms), len(term_counts)) < documents or len(words) < term_counts[:documents].sum():
        raise ValueError("arrays do not fit each other")
    filled = 0
    for document in range(documents):
        if standing[document]:
            for at in range(term_counts[document]):
                words[filled] = U64(terms[document, at]) << _HALF | U64(document)
                filled += 1
    return filled


@kernel
def lay_out(
    words: U64s, dead: U8s, before: int, terms: U32s, starts: U32s, documents: U32s
) -> tuple[int, int]:  # fmt: skip
    """Lists of sorted words: how many terms and documents they have.

    dead: by number, 1 for a document that is left out; may be shorter. before: documents of earlier lists. terms,
    starts: of each, out. documents: out. Of equal words one is taken.
    """
    if min(len(terms), len(starts), len(documents)) < len(words):
        raise ValueError("there is no room")
    found, count = 0, 0
    last = U64(0)
    for at in range(len(words)):
        word = words[at]
        number = np.int64(word & _LOW)
        if (number < len(dead) and dead[number]) or (count and word == last):
            continue
        if not count or word >> _HALF != last >> _HALF:
            terms[found], starts[found] = np.uint32(word >> _HALF), np.uint32(before + count)
            found += 1
        documents[count] = np.uint32(number)
        count += 1
        last = word
    return found, count


@kernel
def gather(terms: U32s, starts: U32s, documents: U32s, first: int, stop: int, words: U64s, filled: int) -> int:
    """Append the lists of terms[first:stop] to words that can be sorted: where they end. starts: one more, the end."""
    if first < 0 or stop > len(terms) or len(starts) != len(terms) + 1:
        raise ValueError("there are no such terms")
    if len(words) < filled + np.int64(starts[stop]) - np.int64(starts[first]) or starts[stop] > len(documents):
        raise ValueError("there is no room")
    for place in range(first, stop):
        term = U64(terms[place]) << _HALF
        for at in range(np.int64(starts[place]), np.int64(starts[place + 1])):
            words[filled] = term | U64(documents[at])
            filled += 1
    return filled


@kernel
def join(
    terms: U32s, starts: U32s, documents: U32s, more_terms: U32s, more_starts: U32s, more_documents: U32s,
    all_terms: U32s, all_starts: U32s, all_documents: U32s,
) -> int:  # fmt: skip
    """Two lists as one: how many terms it has. Documents of the second are all later ones than those of the first.

    starts: each has one more, the end, and so has all_starts. all_terms, all_starts, all_documents: as long as both
    together, out.
    """
    size, more = len(terms), len(more_terms)
    if len(starts) != size + 1 or len(more_starts) != more + 1:
        raise ValueError("arrays do not fit each other")
    if len(all_terms) < size + more or len(all_starts) < size + more + 1:
        raise ValueError("there is no room")
    if np.int64(starts[size]) > len(documents) or np.int64(more_starts[more]) > len(more_documents):
        raise ValueError("there are no such documents")
    if len(all_documents) < len(documents) + len(more_documents):
        raise ValueError("there is no room")
    at = other = found = filled = 0
    while at < size or other < more:
        is_first = other == more or (at < size and terms[at] <= more_terms[other])
        term = terms[at] if is_first else more_terms[other]
        all_terms[found], all_starts[found] = term, np.uint32(filled)
        found += 1
        if is_first:
            for place in range(np.int64(starts[at]), np.int64(starts[at + 1])):
                all_documents[filled] = documents[place]
                filled += 1
            at += 1
        if other < more and more_terms[other] == term:
            for place in range(np.int64(more_starts[other]), np.int64(more_starts[other + 1])):
                all_documents[filled] = more_documents[place]
                filled += 1
            other += 1
    all_starts[found] = np.uint32(filled)
    return found


# --- looking up ---------------------------------------------------------------------------------------------


@inner
def _first_from(
    terms: U32s, at: np.int64, term: np.uint32, data: U8s, sums: U64s, sound: U8s, first_page: np.int64
) -> np.int64:  # fmt: skip
    """The first place of what is `term` or more; or -1 - p. All before `at` are smaller."""
    size, known = len(terms), -1
    high, step = at, np.int64(1)
    while high < size:  # in steps twice as long each to one that is not smaller, or to the end
        page = int(first_page + (high >> _PAGE_SHIFT))
        if page != known and not _is_sound(data, sums, sound, page):
            return np.int64(-1 - page)
        known = page
        if terms[high] >= term:
            break
        at = high + 1
        high, step = high + step, 2 * step
    high = min(high, np.int64(size))
    while at < high:  # by halves
        middle = (at + high) >> 1
        page = int(first_page + (middle >> _PAGE_SHIFT))
        if page != known and not _is_sound(data, sums, sound, page):
            return np.int64(-1 - page)
        known = page
        if terms[middle] < term:
            at = middle + 1
        else:
            high = middle
    page = int(first_page + (at >> _PAGE_SHIFT))  # of the end of halves, which may not have been looked at
    if at < size and not _is_sound(data, sums, sound, page):
        return np.int64(-1 - page)
    return at


@kernel
def find(
    asked: U32s, terms: U32s, starts: U32s, data: U8s, sums: U64s, sound: U8s, pages: I64s, begins: U32s, counts: U32s
) -> int:  # fmt: skip
    """Look ascending terms up in lists: 0, or -1 - p if page p of their file is not sound.

    terms, starts: of the lists; starts has one more, the end. data, sums, sound: see `keys.unsound_page`. pages: of the
    first of `terms`, and of `starts`. begins, counts: of each term asked for where its documents are, and how many,
    none where it is not there; out. Cost: a step a term side by side, of others the logarithm of their distance.
    """
    size = len(terms)
    if len(starts) != size + 1 or min(len(begins), len(counts)) < len(asked):
        raise ValueError("arrays do not fit each other")
    at = np.int64(0)
    for turn in range(len(asked)):
        term = asked[turn]
        counts[turn] = begins[turn] = 0
        at = _first_from(terms, at, term, data, sums, sound, pages[0])
        if at < 0:
            return int(at)
        if at < size and terms[at] == term:
            for page in range(pages[1] + (at >> _PAGE_SHIFT), pages[1] + ((at + 1) >> _PAGE_SHIFT) + 1):
                if not _is_sound(data, sums, sound, page):
                    return -1 - int(page)
            begins[turn], counts[turn] = starts[at], starts[at + 1] - starts[at]
    return 0


@inner
def _sorted_in(values: U64s, start: int, stop: int) -> None:
    """Sort values[start:stop], a few."""
    for at in range(start + 1, stop):
        value, place = values[at], at
        while place > start and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@kernel
def choose(starts: U32s, rows: U32s, held_by: U32s, limits: I64s, chosen: U8s, kept: U8s) -> None:
    """Choose the terms by which documents meet others: the rarest, of equals the smallest.

    starts, rows: lists of the documents asked for, by row; starts has one more, the end. held_by: documents of each
    term. chosen: (k,) of each of the rows zeros, 1 where its term is chosen, out. kept: (n,) how many of each document,
    255 at most, out.
    """
    terms = len(starts) - 1
    if len(held_by) < terms or len(chosen) < len(rows) or np.int64(starts[terms]) > len(rows):
        raise ValueError("arrays do not fit each other")
    ends = np.zeros(len(kept) + 1, np.int64)
    least = 1 + limits[OWN]
    for term in range(terms):
        if least <= np.int64(held_by[term]) <= limits[HELD_MAX]:
            for at in range(np.int64(starts[term]), np.int64(starts[term + 1])):
                ends[np.int64(rows[at]) + 1] += 1
    for document in range(len(kept)):
        ends[document + 1] += ends[document]
    ranked = np.empty(ends[len(kept)], np.uint64)
    nexts = ends[: len(kept)].copy()
    for term in range(terms):
        if least <= np.int64(held_by[term]) <= limits[HELD_MAX]:
            for at in range(np.int64(starts[term]), np.int64(starts[term + 1])):
                row = np.int64(rows[at])
                ranked[nexts[row]] = U64(held_by[term]) << _HALF | U64(at)
                nexts[row] += 1
    for document in range(len(kept)):
        first, stop = ends[document], ends[document + 1]
        _sorted_in(ranked, first, stop)
        useful = int(stop - first)
        budget = limits[BUDGET] if useful > 2 else limits[BUDGET_FEW]
        met, taken = np.int64(0), 0
        while taken < min(limits[TERMS], useful):
            met += np.int64(ranked[first + taken] >> _HALF)
            if met > budget and (taken >= limits[SHARED] or useful <= 2):
                break
            chosen[np.int64(ranked[first + taken] & _LOW)] = 1
            taken += 1
        kept[document] = min(taken, 255)


@kernel
def spans(starts: U32s, rows: U32s, chosen: U8s, held_by: U32s, own: int, ends: I64s) -> None:
    """Where the documents that chosen terms lead to end, for each document asked for.

    starts, rows, chosen, held_by: see `choose`. own: 1 if the documents asked for are among those that hold the terms;
    each is then led to earlier ones of them only. ends: (n + 1,) zeros, out.
    """
    for term in range(len(starts) - 1):
        first, stop = np.int64(starts[term]), np.int64(starts[term + 1])
        for at in range(first, stop):
            if chosen[at]:
                ends[np.int64(rows[at]) + 1] += np.int64(held_by[term]) - own * (stop - at)
    for document in range(len(ends) - 1):
        ends[document + 1] += ends[document]


@kernel
def copy(
    starts: U32s, rows: U32s, chosen: U8s, begins: U32s, counts: U32s, documents: U32s, data: U8s, sums: U64s,
    sound: U8s, page: int, nexts: I64s, followed: U32s,
) -> int:  # fmt: skip
    """Write the documents that chosen terms have in lists: 0, or -1 - p if page p of their file is not sound.

    starts, rows, chosen: see `choose`. begins, counts: see `find`. documents: of the lists, of which the first is in
    `page`. nexts: (n,) where those of each document asked for go in `followed`, brought up to date.
    """
    terms, size = len(starts) - 1, len(documents)
    if min(len(begins), len(counts)) < terms or len(chosen) < len(rows):
        raise ValueError("arrays do not fit each other")
    for term in range(terms):
        if term + AHEAD < terms:
            ahead = np.int64(begins[term + AHEAD])
            for line in range(LINES_AHEAD):
                prefetch(documents, min(ahead + 16 * line, np.int64(size)))
        begin, count, known = np.int64(begins[term]), np.int64(counts[term]), False
        if not count:
            continue
        if begin + count > size:
            raise ValueError("there are no such documents")
        for at in range(np.int64(starts[term]), np.int64(starts[term + 1])):
            if not chosen[at]:
                continue
            if not known:
                for own in range(page + (begin >> _PAGE_SHIFT), page + ((begin + count - 1) >> _PAGE_SHIFT) + 1):
                    if not _is_sound(data, sums, sound, own):
                        return -1 - int(own)
                known = True
            to = nexts[np.int64(rows[at])]
            for place in range(count):
                followed[to + place] = documents[begin + place]
            nexts[np.int64(rows[at])] = to + count
    return 0


@kernel
def copy_own(starts: U32s, rows: U32s, chosen: U8s, numbers: I64s, nexts: I64s, followed: U32s) -> None:
    """The same of documents that are asked for themselves, of which each meets those before it. numbers: (n,)."""
    for term in range(len(starts) - 1):
        first = np.int64(starts[term])
        for at in range(first, np.int64(starts[term + 1])):
            if chosen[at]:
                to = nexts[np.int64(rows[at])]
                for place in range(at - first):
                    followed[to + place] = np.uint32(numbers[np.int64(rows[first + place])])
                nexts[np.int64(rows[at])] = to + at - first
