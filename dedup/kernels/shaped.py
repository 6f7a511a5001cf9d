"""A piece of text between white space, as `spelling.coded` has it, becomes its class: what `damage.shapes` tells.

1. `shape`: the signs around a word are taken off; what is left is a word, or has signs and digits inside, or parts.
2. `_word_shape`: a word by how frequent it is, and by how much more frequent the one is that it may be a slip of.
3. `_neighbour`: each string less one letter is looked up among frequent words, and among these less one.

Source: see `damage.shapes` and `damage.lexicon`; tests hold that both find the same.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.signs import (
    DIGIT_KIND,
    EDGE_KIND,
    INNER_KIND,
    KINDS_OF,
    LETTER_KIND,
    ODD_KIND,
    UPPER_KIND,
    any_kind,
    is_abbreviation,
    is_camel,
    is_code,
    is_kind,
    is_letter_at,
    is_like_digit,
    is_number,
    is_sure_name,
)
from dedup.kernels.simd import U64, U8s, inner
from dedup.kernels.spelling import (
    AS_IS,
    CONFUSION_BIT,
    EXACT,
    FREQUENT_BIT,
    LEFT,
    LEVEL_BITS,
    MISREAD,
    PLAIN,
    SLIP_LETTERS,
    SMALL,
    WORD,
    Int,
    Lists,
    Piece,
    listed,
    part,
    value,
    zipf,
)

(
    KNOWN, NEAR, NEAR_RARE, NEAR_SHORT, FAR, FAR_SHORT, NAME_NEAR, NAME_FAR, DIGITS, SIGNS, CAPITAL, LETTER, SIGN,
    ODD_SIGN, CONFUSION, MISREAD_AS, DIVIDED, CODE, NUMBER,
) = range(19)  # fmt: skip
"""The classes, in the order of `damage.shapes.SHAPES`."""
PLAIN_SIGN = 1 << 8
"""Of the value of an EXACT string: print has it by itself."""
_RANKS = np.array((0, 8, 7, 6, 5, 4, 3, 2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0), np.uint8)
"""Which class counts of a piece of several parts."""
_LEVELS = (1 << LEVEL_BITS) - 1
_SLIP_GAIN, _MISREAD_GAIN = 1.5, 3.0
_HYPHEN, _APOSTROPHE = 45, 39


@inner
def shape(lists: Lists, room: Piece, count: Int) -> Int:
    """The class of a string of so many characters."""
    codes, first, stop = room.codes, np.int64(0), count
    while first < stop and is_kind(codes[AS_IS, first], EDGE_KIND):
        first += 1
    while stop > first and is_kind(codes[AS_IS, stop - 1], EDGE_KIND):
        stop -= 1
    if first == stop:
        if value(lists, room.sums[AS_IS, count], EXACT) & PLAIN_SIGN:
            return KNOWN
        return ODD_SIGN if any_kind(codes, 0, count, ODD_KIND) else SIGN
    letters, capitals, digits = np.int64(0), np.int64(0), np.int64(0)
    for at in range(first, stop):
        kind = KINDS_OF[codes[AS_IS, at]]
        letters += kind & LETTER_KIND
        capitals += (kind & UPPER_KIND) >> 1
        digits += (kind & DIGIT_KIND) >> 2
    if not capitals and value(lists, part(room, SMALL, first, stop), WORD) >> CONFUSION_BIT & 1:
        return CONFUSION
    if letters == stop - first:
        is_name = capitals == 1 and letters > 1 and letters == count and is_kind(codes[AS_IS, first], UPPER_KIND)
        if is_name or (not capitals and not _is_divided(codes, count, first, stop)):
            return _word_shape(lists, room, first, stop)
        found = SIGNS if capitals and any_kind(codes, 0, count, ODD_KIND) else -1
    else:
        found = _sign_shape(codes, count, first, stop, letters, capitals, digits)
    return found if found >= 0 else _parts_shape(lists, room, count, first, stop)


@inner
def _is_divided(codes: U8s, count: Int, first: Int, stop: Int) -> bool:
    """Whether more than a letter stands before the hyphen at the end."""
    return bool(codes[AS_IS, count - 1] == _HYPHEN and stop - first > 1)


@inner
def _sign_shape(codes: U8s, count: Int, first: Int, stop: Int, letters: Int, capitals: Int, digits: Int) -> Int:  # noqa: PLR0911 - one for each class
    """The class of a piece that is not all letters, -1 if its parts tell it."""
    if digits and is_like_digit(codes, first, stop):
        return DIGITS
    if digits and is_number(codes, first, stop):
        return NUMBER
    if is_code(codes, first, stop) and not any_kind(codes, first, stop, ODD_KIND):
        return CODE
    if digits:
        return DIGITS if letters > 1 and capitals < letters else CODE
    if is_abbreviation(codes, first, stop):
        return KNOWN
    for at in range(first + 1, stop - 1):
        if is_kind(codes[AS_IS, at], INNER_KIND) and is_letter_at(codes, at - 1) and is_letter_at(codes, at + 1):
            return SIGNS
    if any_kind(codes, 0, count, ODD_KIND):
        return SIGNS
    return -1 if letters else SIGN


@inner
def _parts_shape(lists: Lists, room: Piece, count: Int, first: Int, stop: Int) -> Int:
    """The class of a piece of letters, capitals, apostrophes and hyphens: of its worst part between hyphens."""
    if _is_divided(room.codes, count, first, stop):
        return DIVIDED
    if is_camel(room.codes, first, stop) and not is_sure_name(room.codes, first, stop):
        return CAPITAL
    worst, begin = np.int64(-1), first
    for at in range(first, stop + 1):
        if at < stop and room.codes[AS_IS, at] != _HYPHEN:
            continue
        if at > begin:
            found = _word_shape(lists, room, begin, at)
            if worst < 0 or _RANKS[found] > _RANKS[worst]:
                worst = found
        begin = at + 1
    return worst if worst >= 0 else SIGN


@inner
def _word_shape(lists: Lists, room: Piece, first: Int, stop: Int) -> Int:
    """The class of one word."""
    size, is_name = stop - first, is_kind(room.codes[AS_IS, first], UPPER_KIND)
    if size == 1:
        return KNOWN if is_name or room.codes[PLAIN, first] in (97, 105, 111) else LETTER
    found = zipf(lists, room, PLAIN, first, stop)
    if found >= 3.5 or (found >= 2.5 and size > 4):
        return KNOWN
    if found < 2.0 and size > 2 and _is_misread(lists, part(room, PLAIN, first, stop)):
        return MISREAD_AS
    if is_name and found >= 1.5:
        return KNOWN
    other = _neighbour(lists, room, first, stop)
    gain = other - found if other > 0.0 else 0.0
    if is_name:
        return NAME_NEAR if gain > 3.0 and size > 4 else NAME_FAR
    return _rare_shape(size, found, gain)


@inner
def _rare_shape(size: Int, found: float, gain: float) -> Int:
    """The class of a rare word in small letters; `gain` is by how much its neighbour is more frequent."""
    if gain >= 2.5:
        return NEAR_SHORT if size < 5 else NEAR_RARE if found >= 1.0 else NEAR
    if found >= (2.5 if size < 4 else 1.3):
        return KNOWN
    return FAR_SHORT if size < 5 else FAR


@inner
def _is_misread(lists: Lists, state: U64) -> bool:
    other = value(lists, state, MISREAD)
    return bool(other != 0 and lists.levels[other] > listed(lists, state) + _MISREAD_GAIN)


@inner
def _neighbour(lists: Lists, room: Piece, first: Int, stop: Int) -> float:
    """The frequency of the frequent word that this rarer one is a slip of, 0.0 if there is none."""
    if stop - first >= 2 and room.codes[PLAIN, stop - 2] == _APOSTROPHE and room.codes[PLAIN, stop - 1] == 115:
        stop -= 2
    if not 2 < stop - first <= SLIP_LETTERS:
        return 0.0
    whole = part(room, PLAIN, first, stop)
    best, most = 0.0, listed(lists, whole) + _SLIP_GAIN
    one = value(lists, whole, LEFT)
    if one and lists.levels[lists.ranks[one - 1]] > most:
        best = most = lists.levels[lists.ranks[one - 1]]
    for at in range(first, stop):
        rest = part(room, PLAIN, first, at) * room.powers[stop - at - 1] + part(room, PLAIN, at + 1, stop)
        known = value(lists, rest, WORD)
        if known >> FREQUENT_BIT & 1 and lists.levels[known & _LEVELS] > most:
            best = most = lists.levels[known & _LEVELS]
        one = value(lists, rest, LEFT)
        if (
            one
            and lists.levels[lists.ranks[one - 1]] > most
            and _is_slip(lists.letters, one - 1, room.codes, first, stop)
        ):
            best = most = lists.levels[lists.ranks[one - 1]]
    return best


@inner
def _is_slip(letters: U8s, one: Int, codes: U8s, first: Int, stop: Int) -> bool:
    """Whether a word is another one with one letter changed, or two that changed places; both are of one length."""
    differing, a, b = 0, 0, 0
    for at in range(stop - first):
        if codes[PLAIN, first + at] != letters[one, at]:
            a, b = (at, at) if differing == 0 else (a, at)
            differing += 1
    if differing == 2:
        return b == a + 1 and codes[PLAIN, first + a] == letters[one, b] and codes[PLAIN, first + b] == letters[one, a]
    return differing == 1
