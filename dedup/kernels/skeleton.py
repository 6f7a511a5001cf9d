"""Token hashes become document frequencies, and each document its rarest terms (the skeleton channel).

1. `count_terms` makes each document's tokens distinct in a small table, adds one for each to an
   open-addressing table, and keeps the terms that are not yet too frequent. Frequencies only grow, so a term
   that is dropped here could not have been chosen.
2. `merge_counts` adds one table to another: of another thread or part of the corpus, or into a larger, empty
   one.
3. `select_terms` looks the kept terms up again and takes those of the least frequency, ties by hash: the
   bounds of frequency, then of hash, that let through as many as are wanted are found by bisection, without
   sorting.

A slot of the table is one word: the upper 44 bits of the hash, of which the first say where the slot is, and
a count of 20 bits; 0 is free. Limits: terms that agree in 44 bits count as one (of 10 million terms about
three pairs), and a limit is at most LIMIT_MAX. Order and division of the documents do not matter to the
counts. A term takes 16 to 32 bytes. Bare counters without keys were measured and rejected: with 18 of them a
term (36 bytes) 7 % of the choice was lost and 6 % were terms of a single document, since most terms of a
corpus are, and the rarest are taken first.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inlined, inner, kernel, prefetch, trailing_zeros

LIMIT_MAX = (1 << 20) - 2
_ZERO, _COUNT = U64(0), U64((1 << 20) - 1)


def table_size(terms: int) -> int:
    """Slots, a power of two, for so many distinct terms: half full at most."""
    return max(64, 1 << (2 * terms - 1).bit_length())


@inner
def _shift(slots: U64s) -> U64:
    """How far a hash is shifted right to be the number of its slot; the table has 2**m slots, m <= 44."""
    size = len(slots)
    if size < 2 or size & (size - 1) or size > 1 << 44:
        raise ValueError("the number of slots must be a power of two, 2 to 2**44")
    return U64(64 - trailing_zeros(U64(size)))


@inlined
def _slot(slots: U64s, shift: U64, term: U64) -> int:
    """Where `term` is in the table, or the free slot where it would be; one slot at least must be free."""
    at = np.int64(term >> shift)
    while slots[at] != _ZERO and (slots[at] ^ term) > _COUNT:
        at = (at + 1) & (len(slots) - 1)
    return int(at)


@inner
def _distinct(
    hashes: U64s,
    start: int,
    stop: int,
    keys: U64s,
    marks: U8s,
    mask: int,
    slots: U64s,
    shift: U64,
    terms: U64s,
    written: int,
) -> int:
    """Append the distinct of hashes[start:stop] to terms[written:]: where they end. marks: zeros."""
    for token in range(start, stop):
        key = hashes[token]
        prefetch(slots, np.int64(key >> shift))  # wanted when all of the document's terms are known
        slot = np.int64(key) & mask
        # One branch on both conditions: a token's being new is hard to predict, its slot's fitting is not.
        while (keys[slot] ^ key) & (_ZERO - U64(marks[slot])):
            slot = (slot + 1) & mask
        terms[written] = key
        written += 1 - marks[slot]
        keys[slot] = key
        marks[slot] = 1
    return written


@inner
def _counted(terms: U64s, first: int, last: int, slots: U64s, shift: U64, limit: int) -> tuple[int, int]:
    """Count terms[first:last], move those of `limit` documents at most together: (their end, new terms)."""
    kept, fresh = first, 0
    for at in range(first, last):
        term = terms[at]
        slot = U64(_slot(slots, shift, term))
        seen = np.int64(slots[slot] & _COUNT)
        fresh += int(seen == 0)
        slots[slot] = (term & ~_COUNT) | U64(seen + (seen <= limit))
        terms[kept] = term
        kept += int(seen < limit)
    return kept, fresh


@kernel
def count_terms(
    hashes: U64s, counts: I64s, slots: U64s, filled: I64s, limit: int, terms: U64s, term_counts: I64s
) -> int:
    """Add the documents to the table and keep their distinct terms of `limit` documents at most so far; how
    many.

    hashes: (t,) token hashes of all documents. counts: (n,) tokens of each. slots: (2**m,) the table, of one
    thread, zeros at first; the counts in it stop at limit + 1. filled: (1,) how many slots are taken, kept up
    to date; with the tokens to come at most three quarters, else ValueError (see `table_size`,
    `merge_counts`). limit: 1 to LIMIT_MAX documents. terms: (t,) at least, out. term_counts: (n,), out.
    """
    tokens = counts.sum()
    if len(terms) < tokens or len(hashes) < tokens or len(term_counts) < len(counts) or not 1 <= limit <= LIMIT_MAX:
        raise ValueError("arrays too short, or the limit is out of its range")
    shift = _shift(slots)
    if filled[0] + tokens > len(slots) // 4 * 3:
        raise ValueError("the table is too small")
    size = 64
    while len(counts) and size < 4 * counts.max():
        size *= 2
    keys, marks = np.empty(size, np.uint64), np.empty(size, np.uint8)
    token = written = 0
    for document in range(len(counts)):
        used = 64
        while used < 4 * counts[document]:
            used *= 2
        marks[:used] = 0
        last = token + counts[document]
        stop = _distinct(hashes, token, last, keys, marks, used - 1, slots, shift, terms, written)
        kept, fresh = _counted(terms, written, stop, slots, shift, limit)
        filled[0] += fresh
        term_counts[document] = kept - written
        token, written = last, kept
    return written


@kernel
def merge_counts(slots: U64s, filled: I64s, others: U64s, limit: int) -> None:
    """Add the table `others` to `slots`: as if `count_terms` had counted the documents of both into it.

    slots, filled: as in `count_terms`. others: (2**k,) a table with the same limit.
    """
    shift, _ = _shift(slots), _shift(others)
    taken = 0
    for at in range(len(others)):
        taken += int(others[at] != _ZERO)
    if filled[0] + taken > len(slots) // 4 * 3:
        raise ValueError("the table is too small")
    for at in range(len(others)):
        if others[at] != _ZERO:
            slot = U64(_slot(slots, shift, others[at]))
            filled[0] += int(slots[slot] == _ZERO)
            count = np.int64(slots[slot] & _COUNT) + np.int64(others[at] & _COUNT)
            slots[slot] = (others[at] & ~_COUNT) | U64(min(int(count), limit + 1))


# --- selection ----------------------------------------------------------------------------------------------


@inner
def _bound(values: U64s | U32s, count: int, wanted: int) -> U64:
    """A bound that `wanted` of values[:count] do not exceed, or the least that more than `wanted` do not.

    values: unsigned; 1 <= wanted <= count.
    """
    low = high = U64(values[0])
    for i in range(count):
        low, high = min(low, U64(values[i])), max(high, U64(values[i]))
    while low < high:
        middle = low + ((high - low) >> U64(1))
        most = values.dtype.type(middle)  # compared in their own type, of which a vector holds more
        found = np.uint32(0)
        for i in range(count):
            found = np.uint32(found + np.uint32(values[i] <= most))
        within = np.int64(found)
        if within == wanted:
            return middle
        if within < wanted:
            low = middle + U64(1)
        else:
            high = middle
    return low


@inner
def _rarest(terms: U64s, frequencies: U32s, count: int, wanted: int, spare: U64s) -> None:
    """Move the `wanted` < count rarest of terms[:count] to the front; of equals those of smaller hashes."""
    rarity = _bound(frequencies, count, wanted)
    rare = 0
    for i in range(count):
        term, frequency = terms[i], frequencies[i]
        terms[rare], frequencies[rare] = term, frequency
        rare += frequency <= rarity
    if rare == wanted:
        return
    tied = 0
    for i in range(rare):
        spare[tied] = terms[i]
        tied += frequencies[i] == rarity
    highest = _bound(spare, tied, wanted - (rare - tied))
    kept = 0
    for i in range(rare):
        term = terms[i]
        terms[kept] = term
        kept += (frequencies[i] < rarity) | (term <= highest)


@inner
def _ranked(terms: U64s, count: int, out: U64s) -> None:
    """Sort terms[:count], all different, into out[:count], by counting the smaller ones, without a branch."""
    for i in range(count):
        term = terms[i]
        rank = 0
        for j in range(count):
            rank += terms[j] < term
        out[rank] = term


@kernel
def select_terms(
    terms: U64s,
    term_counts: I64s,
    slots: U64s,
    wanted: int,
    limit: int,
    keys: U64s,
    key_counts: I64s,
) -> None:
    """Choose each document's rarest terms among those of 2..limit documents, ties by hash.

    terms: (t,) what `count_terms` kept, distinct within a document. term_counts: (n,) terms of each document.
    slots: the table over all documents. wanted: most terms of a document. keys: (n, wanted), each row's
    first key_counts[n] sorted, the others untouched; out. key_counts: (n,), out.
    """
    documents = len(term_counts)
    if len(terms) < term_counts.sum() or keys.shape != (documents, wanted) or len(key_counts) < documents or wanted < 1:
        raise ValueError("arrays do not fit each other, or no terms are wanted")
    shift = _shift(slots)
    longest = term_counts.max() if documents else 0
    chosen, spare = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    frequencies = np.empty(longest + 1, np.uint32)
    start = 0
    for document in range(documents):
        count = 0
        for at in range(start, start + term_counts[document]):
            frequency = np.int64(slots[U64(_slot(slots, shift, terms[at]))] & _COUNT)
            chosen[count] = terms[at]
            frequencies[count] = frequency
            count += int((frequency >= 2) & (frequency <= limit))
        start += term_counts[document]
        if count > wanted:
            _rarest(chosen, frequencies, count, wanted, spare)
            count = wanted
        _ranked(chosen, count, keys[document])
        key_counts[document] = count
