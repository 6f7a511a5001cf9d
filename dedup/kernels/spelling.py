"""A string's bytes become codes of its characters, and any part of it a key of the lists of words.

1. `coded`: a byte for each character, as it stands, in small letters, and with `’` as `'`; with each the sums of a
   polynomial over the codes, from which `part` has the hash of any stretch at once.
2. `value`: what a table has of a hash; KIND tells its lists apart.
3. `zipf`: how frequent a word is, as `damage.lexicon.zipf` tells it, old spellings among them.

Limits: strings of LONGEST bytes of ASCII and of the signs in TYPOGRAPHIC; `coded` tells of others that they are none.
Two parts of one hash (64 bits) count as one. Source of old spellings: see `damage.lexicon`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.simd import U64, U8s, U32s, U64s, inlined, inner, kernel

F64s: TypeAlias = NDArray[np.float64]
I32s: TypeAlias = NDArray[np.int32]
Int: TypeAlias = Any
"""A whole number of Python or of numpy, which to the compiler are one."""

LONGEST = 120
TYPOGRAPHIC = "‘’“”…—–«»"
"""Signs outside ASCII that words have around them: codes from 128 on."""
SINGLE_CLOSE = 129
NO_CODE = 255
AS_IS, SMALL, PLAIN, OLDER = range(4)
"""Rows of a `Piece`."""
SLIP_LETTERS = 20
"""Letters up to which a word may be a slip of another."""
KINDS = 5
WORD, MISREAD, LEFT, EXACT, TOKEN_VOWEL = range(KINDS)
"""Words in small letters; what scanners read for one; what is left of a frequent one less a letter; strings as they
stand; words before which either article may stand."""
LEVEL_BITS, NUMBER_BITS = 11, 17
"""Of the value of a WORD: place of its frequency among `levels`, number in the network."""
FREQUENT_BIT, STOP_BIT, CONFUSION_BIT = 28, 29, 30
_LEVELS, _NUMBERS = (1 << LEVEL_BITS) - 1, (1 << NUMBER_BITS) - 1
_BASE, _SPREAD, _SALT = U64(0x9E3779B97F4A7C15), U64(0xBF58476D1CE4E5B9), U64(0x94D049BB133111EB)
SURE = 3.0
"""Frequency from which a word is not asked for another spelling."""


class Lists(NamedTuple):
    """The lists of words: keys (2**m,) of a table, 0 where it is free, values (2**m,); levels: frequencies, the first
    that of no word; letters (n, SLIP_LETTERS), ranks (n,): the codes of frequent words, and the level of each."""

    keys: U64s
    values: U32s
    levels: F64s
    letters: U8s
    ranks: I32s


class Piece(NamedTuple):
    """Room for one string: its codes in rows, as they stand (AS_IS), in SMALL letters, with PLAIN apostrophes, and
    in an OLDER spelling; the sums over each; powers of the base."""

    codes: U8s
    sums: U64s
    powers: U64s


@kernel
def piece() -> Piece:
    """Room for one string after the other."""
    room = LONGEST + 8
    powers = np.ones(room, np.uint64)
    for at in range(1, room):
        powers[at] = powers[at - 1] * _BASE
    return Piece(np.empty((4, room), np.uint8), np.zeros((4, room), np.uint64), powers)


# --- codes and hashes --------------------------------------------------------------------------------------------


@inlined
def typographic(data: U8s, at: Int, stop: Int) -> Int:
    """The code of a character outside ASCII, NO_CODE if it has none."""
    first, second = data[at], data[at + 1] if at + 1 < stop else np.uint8(0)
    if first == 0xC2:
        return 135 if second == 0xAB else 136 if second == 0xBB else NO_CODE
    third = data[at + 2] if at + 2 < stop else np.uint8(0)
    if first != 0xE2 or second != 0x80:
        return NO_CODE
    if third in (0x98, 0x99):
        return 128 + np.int64(third) - 0x98
    if third in (0x9C, 0x9D):
        return 130 + np.int64(third) - 0x9C
    if third == 0xA6:
        return 132
    return 133 if third == 0x94 else 134 if third == 0x93 else NO_CODE


@inlined
def added(state: U64, code: Int) -> U64:
    """The sum with one character more."""
    return state * _BASE + U64(code + 1)


@inner
def coded(data: U8s, start: Int, stop: Int, to: Piece) -> Int:
    """How many characters a string has, whose codes are put down; -1 if it is not for these kernels."""
    if stop - start > LONGEST:
        return -1
    count, at = 0, start
    exact = low = flat = U64(0)
    while at < stop:
        code = np.int64(data[at])
        if code >= 128:
            code = typographic(data, at, stop)
            if code == NO_CODE:
                return -1
            at += 1 if data[at] == 0xC2 else 2
        at += 1
        lower = code + 32 if 65 <= code <= 90 else code
        plain = 39 if lower == SINGLE_CLOSE else lower
        to.codes[AS_IS, count], to.codes[SMALL, count], to.codes[PLAIN, count] = code, lower, plain
        exact, low, flat = added(exact, code), added(low, lower), added(flat, plain)
        count += 1
        to.sums[AS_IS, count], to.sums[SMALL, count], to.sums[PLAIN, count] = exact, low, flat
    return count


@inlined
def part(of: Piece, row: Int, first: Int, stop: Int) -> U64:
    """The hash of the characters from `first` to `stop`."""
    return U64(of.sums[row, stop] - of.sums[row, first] * of.powers[stop - first])


@inlined
def key_of(state: U64, kind: Int) -> U64:
    mixed = (state + U64(kind) * _SALT) * _SPREAD
    mixed = (mixed ^ (mixed >> U64(31))) * _SALT
    return (mixed ^ (mixed >> U64(29))) | U64(1)


@inlined
def slot_of(keys: U64s, key: U64) -> np.int64:
    """Where a key is in a table that is never full, or the free slot where it would be."""
    mask = len(keys) - 1
    slot = np.int64((key >> U64(20)) & U64(mask))
    while keys[slot] != U64(0) and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@inner
def value(lists: Lists, state: U64, kind: Int) -> Int:
    """What the lists have of a hash, 0 if nothing."""
    key = key_of(state, kind)
    slot = slot_of(lists.keys, key)
    return np.int64(lists.values[slot]) if lists.keys[slot] == key else 0


# --- how frequent words are --------------------------------------------------------------------------------------


@inner
def listed(lists: Lists, state: U64) -> float:
    """The frequency of a word as it stands in the list, 0.0 if it does not."""
    return float(lists.levels[value(lists, state, WORD) & _LEVELS])


@inlined
def number_of(found: Int) -> Int:
    """The number of a word in the network, by what the lists have of it."""
    return (found >> LEVEL_BITS) & _NUMBERS


@inner
def zipf(lists: Lists, of: Piece, row: Int, first: Int, stop: Int) -> float:
    """The frequency of a word in small letters."""
    found = listed(lists, part(of, row, first, stop))
    if found == 0.0 and stop - first > 2 and of.codes[row, stop - 2] == 39 and of.codes[row, stop - 1] == 115:
        found = listed(lists, part(of, row, first, stop - 2))
    return found if found >= SURE else max(found, _old(lists, of, row, first, stop))


@inlined
def _is_vowel(code: Int) -> bool:
    return bool(code == 97 or code == 101 or code == 105 or code == 111)  # noqa: PLR1714 - as compiled


@inner
def _old(lists: Lists, of: Piece, row: Int, first: Int, stop: Int) -> float:
    """The frequency of the most frequent of today's spellings of an old one, less 1; -1.0 if there is none."""
    count = _respelled(of.codes, row, first, stop)
    best = -1.0
    for again in range(2):
        if again:
            after = of.codes[OLDER, 1]
            if count < 2 or of.codes[OLDER, 0] != 105 or not (after == 97 or after == 111 or after == 117):  # noqa: PLR1714
                break
            of.codes[OLDER, 0] = 106  # iudge
        state, modern, has_y, is_same = U64(0), U64(0), False, not again and count == stop - first
        for at in range(count):
            code = np.int64(of.codes[OLDER, at])
            is_same = is_same and code == of.codes[row, first + at]
            has_y = has_y or code == 121
            state, modern = added(state, code), added(modern, 105 if code == 121 else code)
            of.sums[OLDER, at + 1] = state
        if not is_same:
            best = max(best, listed(lists, state) - 1.0)
        if has_y:
            best = max(best, listed(lists, modern) - 1.0)
        best = max(best, _endings(lists, of, count))
    return best


@inner
def _respelled(codes: U8s, row: Int, first: Int, stop: Int) -> Int:
    """`vv` as `w`, `u` between vowels as `v`, `v` at the beginning before a consonant as `u`, into the row OLDER: how
    many letters."""
    count, at = 0, first
    while at < stop:
        is_double = codes[row, at] == 118 and at + 1 < stop and codes[row, at + 1] == 118
        codes[OLDER, count] = 119 if is_double else codes[row, at]
        at += is_double
        count += 1
        at += 1
    for at in range(1, count - 1):
        after = codes[OLDER, at + 1]
        if codes[OLDER, at] == 117 and _is_vowel(codes[OLDER, at - 1]) and after != 111:
            codes[OLDER, at] = np.uint8(118 if after == 121 or _is_vowel(after) else 117)
    if count > 1 and codes[OLDER, 0] == 118 and codes[OLDER, 1] != 117 and not _is_vowel(codes[OLDER, 1]):
        codes[OLDER, 0] = 117
    return count


@inner
def _endings(lists: Lists, of: Piece, count: Int) -> float:
    """The most frequent of a word with today's ending in the place of an old one, less 1; -1.0 if there is none."""
    best = 0.0
    last, before = of.codes[OLDER, count - 1], of.codes[OLDER, max(0, count - 2)]
    less, cut = of.sums[OLDER, count - 1], of.sums[OLDER, max(0, count - 2)]  # without one letter, without two
    if last == 101:  # e
        best = max(best, listed(lists, less))
        if count > 1 and before == 105:  # ie, y
            best = max(best, listed(lists, added(cut, 121)))
        if count > 3 and before == of.codes[OLDER, count - 3]:
            best = max(best, listed(lists, cut))
    is_past = (last == 100 and before == 39) or (last == 104 and before == 116) or (last == 116 and before == 115)
    if is_past and count > 1:  # 'd, th, st; ed
        best = max(best, listed(lists, added(added(cut, 101), 100)), listed(lists, cut), listed(lists, added(cut, 101)))
        if count > 3:
            best = max(best, listed(lists, of.sums[OLDER, count - 3]))
    if count > 1 and ((last == 115 and before == 101) or (last == 107 and before == 99)):  # es, ck; s
        best = max(best, listed(lists, added(cut, 115)), listed(lists, less))
    return best - 1.0
