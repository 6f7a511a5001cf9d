"""Strings that were never met before become what is known of strings: marks, class, tokens.

1. `judge`: each string is put down as codes once (`spelling`); from these its marks, as `damage.listed` gives them, its
   class (`shaped`) and its tokens, as `damage.marks` gives them.
2. A string that is not for these kernels is told, for Python to look at.

Cost: some half a microsecond a string, of which most is waiting for the tables of words. Linear in length.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.shaped import shape
from dedup.kernels.simd import I64s, U8s, inlined, inner, kernel
from dedup.kernels.spelling import (
    AS_IS,
    EXACT,
    PLAIN,
    SINGLE_CLOSE,
    SMALL,
    STOP_BIT,
    TOKEN_VOWEL,
    WORD,
    I32s,
    Int,
    Lists,
    Piece,
    coded,
    number_of,
    part,
    piece,
    value,
    zipf,
)

KNOWN_ZIPF = 4.0
"""Frequency from which a word is known, as `damage.lexicon` has it."""
KNOWN_MARK, STOP_MARK = 3, 4
"""Bits of the marks that no list of strings gives as they stand, as `damage.listed` has them."""
_LISTED_MARKS = 0xFF
_WORD, _FREQUENT, _ARTICLE_BIT, _MISFIT_BIT = 1 << 32, 1 << 33, 34, 36
"""Bits of a token, as `damage.marks` has them."""
_LOWER, _NAME, _CAPITALS, _MIXED, _NO_WORD = 0, 1, 4, 5, 6
_SMALL_MIXED, _STOP, _QUOTE = 3, 8, 9
"""How a token is written, as `damage.network` has it."""
_ENDING_LETTERS, _ENDINGS, _QUOTE_NUMBER = 4, 4096, 10
_APOSTROPHE = 39


@kernel
def judge(
    data: U8s, bounds: I64s, lists: Lists, words: int, first: int, flags: U8s, classes: U8s, lengths: I32s,
    starts: I64s, stops: I64s, pool: I64s, pooled: int, strange: I32s,
) -> tuple[int, int]:  # fmt: skip
    """Puts down what is known of the strings that stand at `bounds`, (n, 2), in `data`, of which the numbers begin with
    `first`: how many tokens are in the pool then, and how many strings are told as strange.

    words: how many numbers the network has for words. flags, classes, lengths, starts, stops: of each number its marks,
    class, characters, and where in the pool its tokens stand. Of a strange string nothing is put down but its length.
    """
    assert first + len(bounds) <= min(len(flags), len(classes), len(lengths), len(starts), len(stops))
    assert len(strange) >= len(bounds)
    room, told = piece(), 0
    for at in range(len(bounds)):
        start, stop, one = int(bounds[at, 0]), int(bounds[at, 1]), first + at
        assert 0 <= start <= stop <= len(data)
        count = coded(data, start, stop, room)
        if count < 0:
            lengths[one] = _characters(data, start, stop)
            strange[told] = one
            told += 1
            continue
        assert pooled + count <= len(pool)
        lengths[one] = count
        flags[one] = _marks(lists, room, count)
        classes[one] = shape(lists, room, count)
        starts[one] = pooled
        pooled = _tokens(lists, room, count, words, pool, pooled)
        stops[one] = pooled
    return pooled, told


@inner
def _characters(data: U8s, start: Int, stop: Int) -> Int:
    """How many characters a string has, of which only the first byte is none that continues one."""
    count = 0
    for at in range(start, stop):
        count += (data[at] & 0xC0) != 0x80
    return min(count, 1 << 30)


@inlined
def _is_point(code: Int) -> bool:
    return bool(code == 46 or code == 44 or code == 59 or code == 58)  # noqa: PLR1714 - . , ; : as compiled


@inner
def _marks(lists: Lists, room: Piece, count: Int) -> Int:
    """In which lists a string stands."""
    found = value(lists, room.sums[AS_IS, count], EXACT) & _LISTED_MARKS
    found |= (value(lists, room.sums[SMALL, count], WORD) >> STOP_BIT & 1) << STOP_MARK
    first, stop = np.int64(0), count
    while first < stop and _is_point(room.codes[SMALL, first]):
        first += 1
    while stop > first and _is_point(room.codes[SMALL, stop - 1]):
        stop -= 1
    if first < stop and zipf(lists, room, SMALL, first, stop) >= KNOWN_ZIPF:
        found |= 1 << KNOWN_MARK
    return found


# --- tokens ------------------------------------------------------------------------------------------------------


@inlined
def _is_letter(code: Int) -> bool:
    return bool(97 <= (code | 32) <= 122 and code < 128)


@inlined
def _is_digit(code: Int) -> bool:
    return bool(48 <= code <= 57)


@inner
def _tokens(lists: Lists, room: Piece, count: Int, words: Int, pool: I64s, pooled: Int) -> Int:
    """Puts the tokens of a string into the pool: where the next would stand."""
    codes, at = room.codes, np.int64(0)
    while at < count:
        code, start = np.int64(codes[AS_IS, at]), at
        at += 1
        if _is_letter(code):
            while at < count and (
                _is_letter(codes[AS_IS, at])
                or (
                    (codes[AS_IS, at] == _APOSTROPHE or codes[AS_IS, at] == SINGLE_CLOSE)
                    and at + 1 < count
                    and _is_letter(codes[AS_IS, at + 1])
                )
            ):
                at += 1
            pool[pooled] = _of_word(lists, room, start, at, words)
        elif _is_digit(code):
            while at < count and _is_digit(codes[AS_IS, at]):
                at += 1
            pool[pooled] = 16 + _NO_WORD
        else:
            sign = _of_sign(lists, room, start, code)
            if sign < 0:
                continue
            pool[pooled] = sign
        pooled += 1
    return pooled


@inner
def _of_sign(lists: Lists, room: Piece, at: Int, code: Int) -> Int:
    """The token of a sign, -1 if it has none."""
    shape_of = _NO_WORD
    if code in (33, 46, 58, 63):  # ! . : ?
        shape_of = _STOP
    elif code in (34, 40, 130, 131):  # " ( “ ”
        shape_of = _QUOTE
    elif code not in (41, 44, 59):  # ) , ;
        return -1
    number = number_of(value(lists, part(room, SMALL, at, at + 1), WORD))
    return 16 * (number if number else _QUOTE_NUMBER) + shape_of


@inner
def _of_word(lists: Lists, room: Piece, first: Int, stop: Int, words: Int) -> Int:
    """The token of a word, with its marks."""
    codes, capitals, marks = room.codes, np.int64(0), np.int64(0)
    for at in range(first, stop):
        capitals += 65 <= codes[AS_IS, at] <= 90
        marks += not _is_letter(codes[AS_IS, at])
    token = _WORD | _misfits(lists, room, first, stop, capitals, marks) << _MISFIT_BIT
    if zipf(lists, room, SMALL, first, stop) >= KNOWN_ZIPF:
        token |= _FREQUENT
    if codes[AS_IS, first] | 32 == 97:
        if stop == first + 1:
            token |= 1 << _ARTICLE_BIT
        elif stop == first + 2 and codes[AS_IS, first + 1] == 110:
            token |= 2 << _ARTICLE_BIT
    number = number_of(value(lists, part(room, PLAIN, first, stop), WORD))
    if not number:
        number = words + 1 + _ending(codes, first, stop)
    return token | (16 * number + _written(codes, first, stop, capitals, marks))


@inlined
def _ending(codes: U8s, first: Int, stop: Int) -> Int:
    """The number of a word's last four letters among the endings."""
    letters = 0
    for at in range(stop - _ENDING_LETTERS, stop):
        letters = letters << 8 | (int(codes[PLAIN, at]) if at >= first else 95)
    return ((letters * 2654435761) & 0xFFFFFFFF) * _ENDINGS >> 32


@inlined
def _written(codes: U8s, first: Int, stop: Int, capitals: Int, marks: Int) -> Int:
    """How a word is written, of so many capitals and apostrophes."""
    if capitals == 0:
        return _LOWER
    if capitals + marks == stop - first and stop - first > 1:
        return _CAPITALS
    if 65 <= codes[AS_IS, first] <= 90:
        return _NAME if capitals == 1 or marks or stop - first == 1 else _MIXED
    return _SMALL_MIXED


@inner
def _misfits(lists: Lists, room: Piece, first: Int, stop: Int, capitals: Int, marks: Int) -> Int:
    """Which of the articles does not fit a word after it: 1 for `a`, 2 for `an`."""
    codes, size = room.codes, stop - first
    one, two = np.int64(codes[AS_IS, first]), np.int64(codes[AS_IS, first + 1]) if size > 1 else 0
    if not 97 <= one <= 122:
        return 0
    if one in (97, 101, 105, 111, 117):
        if size == 1 or marks or value(lists, part(room, AS_IS, first, stop), TOKEN_VOWEL):
            return 0
        if one == 101:  # e
            return int(two not in (117, 119))
        if one != 117:
            return 1
        three = np.int64(codes[AS_IS, first + 2]) if size > 2 else 0
        is_long = (
            two in (115, 116, 107, 98) or (two == 110 and three in (97, 105)) or (two == 114 and three in (97, 111))
        )
        return int(size > 2 and not is_long)
    return 2 if one not in (104, 117, 120) and size > 2 and capitals == 0 and marks == 0 else 0
