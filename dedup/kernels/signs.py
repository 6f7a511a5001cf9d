"""The codes of a piece of text are asked what its signs say: a number, code, an abbreviation, a name with capitals.

The expressions of `damage.shapes` written out sign by sign; both find the same, which tests hold. Codes are those of
`spelling.coded`, of which the first row is asked, between the signs around the piece. Linear in length.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.simd import U8s, inlined, inner
from dedup.kernels.spelling import AS_IS, Int

LETTER_KIND, UPPER_KIND, DIGIT_KIND, EDGE_KIND, ODD_KIND, INNER_KIND, CODE_KIND = 1, 2, 4, 8, 16, 32, 64
"""What is known of a code: a letter, a capital, a digit; a sign that stands around words, one that print seldom has,
one that stands inside no word, one that programs have."""
_DOT, _HYPHEN, _APOSTROPHE, _SMALL_L, _CAPITAL_O = 46, 45, 39, 108, 79


def _kinds() -> U8s:
    """What is asked of the code of a character."""
    found = np.zeros(256, np.uint8)
    for code in range(128):
        sign = chr(code)
        found[code] = (
            sign.isalpha() * LETTER_KIND | sign.isupper() * UPPER_KIND | sign.isdigit() * DIGIT_KIND
            | (sign in "\"',.;:!?()[]{}-_*") * EDGE_KIND | (sign in "^~|\\{}<>*%@") * ODD_KIND
            | (sign in ".,;:!?*^~|\\&()[]\"") * INNER_KIND | (sign in "=<>\\{}$@#%+|~`^/_") * CODE_KIND
        )  # fmt: skip
    found[128:137] = EDGE_KIND
    found[130:132] |= INNER_KIND
    found[135:137] |= ODD_KIND | INNER_KIND
    return found


def _names() -> U8s:
    """Beginnings of names that have a capital inside, as codes, zeros behind the last."""
    begun = ("Mac", "Mc", "De", "La", "Le", "Van", "O'", "O\x81", "D'", "D\x81", "Fitz")  # 129 is the code of ’
    return np.frombuffer("".join(one.ljust(4, "\0") for one in begun).encode("latin-1"), np.uint8).reshape(-1, 4)


KINDS_OF, _NAMES = _kinds(), _names()


@inlined
def is_kind(code: Int, kind: Int) -> bool:
    return bool((KINDS_OF[code] & kind) != 0)


@inlined
def _is_word_sign(code: Int) -> bool:
    """A letter, a digit or an underline."""
    return bool(code == 95 or (KINDS_OF[code] & (LETTER_KIND | DIGIT_KIND)) != 0)


@inlined
def is_letter_at(codes: U8s, at: Int) -> bool:
    return is_kind(codes[AS_IS, at], LETTER_KIND)


@inlined
def _is_digit_at(codes: U8s, at: Int) -> bool:
    return is_kind(codes[AS_IS, at], DIGIT_KIND)


@inner
def any_kind(codes: U8s, first: Int, stop: Int, kind: Int) -> bool:
    found = False
    for at in range(first, stop):
        found = found or is_kind(codes[AS_IS, at], kind)
    return found


@inner
def is_like_digit(codes: U8s, first: Int, stop: Int) -> bool:
    """A small L or a capital O where a digit should be: before all digits, behind them, between two."""
    digits = 0
    for at in range(first, stop):
        digits += _is_digit_at(codes, at)
    for at in range(first, stop):
        if codes[AS_IS, at] == _SMALL_L or codes[AS_IS, at] == _CAPITAL_O:
            before = at > first and _is_digit_at(codes, at - 1)
            if before and at + 1 < stop and _is_digit_at(codes, at + 1):
                return True
            if (at == first or at + 1 == stop) and digits and digits == stop - first - 1:
                return True
    return False


@inner
def is_number(codes: U8s, first: Int, stop: Int) -> bool:
    """A sum, a date, a time, a share, with what may stand behind it."""
    at = first + (codes[AS_IS, first] == 36 or codes[AS_IS, first] == 35)  # $ #
    if at == stop or not _is_digit_at(codes, at):
        return False
    while at < stop and (
        _is_digit_at(codes, at) or codes[AS_IS, at] in (_DOT, 44, 58, 47, _APOSTROPHE, 129, _HYPHEN)  # . , : / ' ’ -
    ):
        at += 1
    if stop > at and codes[AS_IS, stop - 1] == 37:  # %
        stop -= 1
    if stop - at < 2:
        return stop == at or is_kind(codes[AS_IS, at], LETTER_KIND)
    pair = np.int64(codes[AS_IS, at]) << 8 | np.int64(codes[AS_IS, at + 1])
    return stop - at == 2 and pair in (
        0x7374, 0x6E64, 0x7264, 0x7468, 0x616D, 0x706D, 0x6B6D, 0x6B67, 0x6D6D, 0x636D,
    )  # fmt: skip


@inner
def is_code(codes: U8s, first: Int, stop: Int) -> bool:
    """Signs that programs, addresses and tables have."""
    for at in range(first, stop):
        code = codes[AS_IS, at]
        if is_kind(code, CODE_KIND):
            return True
        if at == first:
            continue
        before = codes[AS_IS, at - 1]
        if (code == 40 or code == 91) and (_is_word_sign(before) or before == 41):  # noqa: PLR1714 - ( [ behind )
            return True
        if code == 58 and before == 58:
            return True
        if at > first + 1 and is_kind(code, DIGIT_KIND) and before in (_DOT, 44, 58) and _is_digit_at(codes, at - 2):
            return True
    at = stop
    while at > first and _is_word_sign(codes[AS_IS, at - 1]):
        at -= 1
    return at < stop and at > first + 1 and codes[AS_IS, at - 1] == _DOT and _is_word_sign(codes[AS_IS, at - 2])


@inner
def is_abbreviation(codes: U8s, first: Int, stop: Int) -> bool:
    """Up to six times one to four letters and a stop, and perhaps a letter."""
    groups, letters = 0, 0
    for at in range(first, stop):
        if codes[AS_IS, at] == _DOT:
            if letters == 0 or letters > 4:
                return False
            groups += 1
            letters = 0
        elif is_kind(codes[AS_IS, at], LETTER_KIND):
            letters += 1
        else:
            return False
    return 1 <= groups <= 6 and letters <= 1


@inlined
def _is_small(code: Int) -> bool:
    return bool(97 <= code <= 122)


@inlined
def _is_upper(code: Int) -> bool:
    return bool(65 <= code <= 90)


@inner
def is_camel(codes: U8s, first: Int, stop: Int) -> bool:
    """A capital behind small letters, or small letters behind two capitals."""
    for at in range(first + 1, stop):
        before, code = codes[AS_IS, at - 1], codes[AS_IS, at]
        if (
            _is_small(before)
            and _is_upper(code)
            and (at + 1 == stop or (at > first + 1 and _is_small(codes[AS_IS, at - 2])))
        ):
            return True
        if (
            _is_upper(before)
            and _is_upper(code)
            and at + 2 < stop
            and _is_small(codes[AS_IS, at + 1])
            and _is_small(codes[AS_IS, at + 2])
        ):
            return True
    return False


@inner
def is_sure_name(codes: U8s, first: Int, stop: Int) -> bool:
    """Whether it begins as `MacDonald`, `McKay`, `O'Neill`, `DeWitt` do: with one of the beginnings, a capital and a
    small letter."""
    for one in range(len(_NAMES)):
        at = first
        for letter in range(_NAMES.shape[1]):
            if at + 1 < stop and _NAMES[one, letter] and codes[AS_IS, at] == _NAMES[one, letter]:
                at += 1
            elif _NAMES[one, letter]:
                at = stop
        if at + 1 < stop and _is_upper(codes[AS_IS, at]) and _is_small(codes[AS_IS, at + 1]):
            return True
    return False
