"""Replaced tokens become what their readings say: the language tables, and the parts of `judge` that look at one run.

1. `table`, `bigram_key`: the layout of the language tables. `slots`, (2**m, 2) uint64, C-contiguous, at most half full.
   A row is a key, 0 for a free one, and the bits of a float64. A key is in the first row from `key & (2**m - 1)` on,
   cyclically, that holds it or is free; the key 0 is kept as 1. `zipf`: by token hash, the word's Zipf frequency (what
   is not there has 0.0). `bigrams`: by `bigram_key`, the mutual information in bits; that a key is there says that
   the bigram's count is above 0.
2. `reading`, `capitals`: what `readings.evidence` says of a reading, and of the first letters of two.
3. `surface`, `likeness`, `is_capitalised`: as `figures.similarity` and `figures.concerns_names`, on bytes.

Departures from these, all in words with characters outside ASCII other than ’: the characters compared are the first
64 bytes of the UTF-8 of the surface, ASCII letters lower-cased and apostrophes straight, not the first 64 characters
of the matching form; a capital or a digit that is not ASCII (`É`, `¼`) is neither. Of other words the surface so
changed is the matching form, and all is equal. Limits: words of equal hash are one word; a language table has a free
row, or a search does not end. Source of the likeness: Hyyrö, see `aligned`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dedup.kernels.anchors import F64s, Scratch, slot_of
from dedup.kernels.simd import U64, I64s, U8s, U64s, inlined, kernel, ones, prefetch

SIMILARITY_BYTES = 64
"""How much of what was replaced is looked at for its likeness: the columns of one word."""

WORD_ZIPF, RARE_ZIPF, RECURRING_ZIPF = 12.0, 3.0, 6.0
"""As in `dedup.readings`."""

_ZERO, _ONE, _ALL = U64(0), U64(1), U64(0xFFFFFFFFFFFFFFFF)
_PRIME, _FACTOR = U64(0x9E3779B97F4A7C15), U64(0xFF51AFD7ED558CCD)
_LOOK_BACK = 8  # characters before a capital that may show the beginning of a sentence


# --- language tables ----------------------------------------------------------------------------------------


@inlined
def bigram_key(first: U64, second: U64) -> U64:
    """The key of two neighbours, by their token hashes: a polynomial, its upper half folded into the lower. `py_func`
    does the same for numpy arrays."""
    key = (first * _PRIME + second) * _FACTOR
    return key ^ (key >> U64(32))


@inlined
def _row(slots: U64s, key: U64) -> int:
    """The row of `key` in a language table, or the free one where it would be."""
    mask = slots.shape[0] - 1
    row = np.int64(key) & mask
    while slots[row, 0] != key and slots[row, 0] != _ZERO:
        row = (row + 1) & mask
    return int(row)


@kernel
def table(keys: U64s, values: F64s) -> U64s:
    """The language table of `values` by `keys`: (2**m, 2) uint64, at most half full; of equal keys the last counts.

    keys: (k,) uint64. values: (k,) float64.
    """
    if len(keys) != len(values):
        raise ValueError("as many keys as values")
    size = 2
    while size < 2 * len(keys):
        size *= 2
    slots = np.zeros((size, 2), np.uint64)
    bits = values.view(np.uint64)
    for i in range(len(keys)):
        key = max(keys[i], _ONE)
        row = _row(slots, key)
        slots[row, 0], slots[row, 1] = key, bits[i]
    return slots


@kernel
def listed(hashes: U64s, starts: I64s, slots: U64s, most: int, counts: I64s) -> None:
    """How many of the first `most` tokens of each document are in a language table.

    hashes: (t,) token hashes of all documents. starts: (n + 1,) where each one's begin. counts: (n,), out.
    """
    for document in range(len(starts) - 1):
        found = 0
        for token in range(starts[document], min(starts[document + 1], starts[document] + most)):
            key = max(hashes[token], _ONE)
            found += int(slots[_row(slots, key), 0] == key)
        counts[document] = found


class Language(NamedTuple):
    """Two language tables, each as keys and, the same memory, as values."""

    zipf: U64s
    frequencies: F64s
    bigrams: U64s
    associations: F64s


class Side(NamedTuple):
    """One document of a pair: its tokens' hashes and spans; its first byte in the buffer, the one behind its last."""

    hashes: U64s
    spans: I64s
    first: int
    last: int


# --- runs -------------------------------------------------------------------------------------------------


@inlined
def asked(hashes: U64s, start: int, stop: int, language: Language) -> None:
    """Ask for the slots of the tokens start..stop - 1 and of the pairs that they stand in."""
    zipf, bigrams = language.zipf, language.bigrams
    for token in range(start, stop):
        prefetch(zipf, 2 * (np.int64(hashes[token]) & (zipf.shape[0] - 1)))
    for token in range(max(0, start - 1), min(stop, len(hashes) - 1)):
        key = bigram_key(hashes[token], hashes[token + 1])
        prefetch(bigrams, 2 * (np.int64(key) & (bigrams.shape[0] - 1)))


@inlined
def surface(buffer: U8s, side: Side, start: int, stop: int, form: U8s) -> tuple[int, bool]:
    """The first bytes of the surfaces of tokens start..stop - 1, lower-cased, apostrophes straight, into `form`: (how
    many, whether there is a digit in any)."""
    length, digit = 0, False
    for token in range(start, stop):
        at, last = max(side.first, side.spans[token, 0]), min(side.last, side.spans[token, 1])
        while at < last:
            byte = buffer[at]
            if byte == 0xE2 and at + 2 < last and buffer[at + 1] == 0x80 and buffer[at + 2] == 0x99:  # ’
                byte = np.uint8(39)
                at += 2
            digit |= 48 <= byte <= 57
            if length < SIMILARITY_BYTES:
                form[length] = byte | (0x20 if 65 <= byte <= 90 else 0)
                length += 1
            at += 1
    return length, digit


@inlined
def likeness(one: U8s, length_one: int, other: U8s, length_other: int, masks: U64s) -> float:
    """2 * longest common subsequence / sum of lengths, 1 for two empty forms. masks: (256,) zeros, and so again."""
    if length_one + length_other == 0:
        return 1.0
    for i in range(length_one):
        masks[one[i]] |= _ONE << U64(i)
    state = _ALL
    for i in range(length_other):
        used = state & masks[other[i]]
        state = (state + used) | (state - used)
    for i in range(length_one):
        masks[one[i]] = _ZERO
    whole = length_one + length_other
    return 1.0 - float(whole - 2 * ones(~state)) / whole


@inlined
def is_capitalised(buffer: U8s, side: Side, token: int) -> bool:
    """Whether a token begins with a capital that does not stand there for the beginning of a sentence, as the eight
    characters before it show."""
    start, first = side.spans[token, 0], side.first
    if not first <= start < side.last or not 65 <= buffer[start] <= 90:
        return False
    at = start
    for _ in range(_LOOK_BACK):
        if at <= first:
            return False
        stop = at
        at -= 1
        while at > first and buffer[at] & 0xC0 == 0x80:
            at -= 1
        byte = buffer[at]
        if stop - at == 3 and byte == 0xE2 and buffer[at + 1] == 0x80:
            if buffer[at + 2] == 0x9C:  # “
                continue
            return bool(buffer[at + 2] != 0xA2)  # •
        if byte in (32, 34, 39, 40):  # space " ' (
            continue
        return byte not in (46, 33, 63, 58, 10)  # . ! ? : line feed
    return False


@inlined
def _is_capital(buffer: U8s, side: Side, token: int) -> bool:
    start = side.spans[token, 0]
    return bool(side.first <= start < side.last and 65 <= buffer[start] <= 90)


@inlined
def _is_letter(buffer: U8s, side: Side, token: int) -> bool:
    start = side.spans[token, 0]
    return bool(side.first <= start < side.last and 97 <= buffer[start] | 0x20 <= 122)


@inlined
def capitals(buffer: U8s, a: Side, start_a: int, stop_a: int, b: Side, start_b: int, stop_b: int) -> float:
    """1.0 if a's reading begins with a capital and b's with a small letter, -1.0 the other way round; 0.0 also where
    the tokens beside them are written otherwise too. Neither reading is empty."""
    if (start_a > 0) != (start_b > 0):
        return 0.0
    if start_a > 0 and _is_capital(buffer, a, start_a - 1) != _is_capital(buffer, b, start_b - 1):
        return 0.0
    followed = stop_a < len(a.hashes) and stop_b < len(b.hashes)
    if followed and _is_capital(buffer, a, stop_a) != _is_capital(buffer, b, stop_b):
        return 0.0
    if not (_is_letter(buffer, a, start_a) and _is_letter(buffer, b, start_b)):
        return 0.0
    one, other = _is_capital(buffer, a, start_a), _is_capital(buffer, b, start_b)
    return 0.0 if one == other else 1.0 if one else -1.0


@inlined
def reading(
    buffer: U8s, side: Side, start: int, stop: int, language: Language, scratch: Scratch, mask: int
) -> tuple[float, float, float, float, float]:
    """Of the tokens start..stop - 1: frequency, rarity, fit, known neighbourships and recurrence, as in
    `readings.evidence`. scratch.keys and scratch.places hold, in mask + 1 slots, the tokens that recur."""
    hashes, zipf, bigrams = side.hashes, language.zipf, language.bigrams
    frequency = rarity = recurrence = 0.0
    for token in range(start, stop):
        at, last = side.spans[token, 0], side.spans[token, 1]
        inside = side.first <= at < side.last
        if inside and 48 <= buffer[at] <= 57:
            continue
        key = max(hashes[token], _ONE)
        row = _row(zipf, key)
        own = language.frequencies[row, 1] if zipf[row, 0] == key else 0.0
        small = buffer[at] | 0x20 if inside else 0
        lone = last - at == 1 and 97 < small <= 122 and small != 105  # a letter, but for a and i
        frequency += own - WORD_ZIPF
        rarity += max(0.0, RARE_ZIPF - (0.0 if lone else own))
        if own < RECURRING_ZIPF and scratch.places[slot_of(scratch.keys, scratch.places, mask, hashes[token])]:
            recurrence += RECURRING_ZIPF - own
    fit, known = 0.0, 0.0
    for token in range(max(0, start - 1), min(stop, len(hashes) - 1)):
        key = max(bigram_key(hashes[token], hashes[token + 1]), _ONE)
        row = _row(bigrams, key)
        if bigrams[row, 0] == key:
            fit += language.associations[row, 1]
            known += 1.0
    return frequency, rarity, fit, known, recurrence
