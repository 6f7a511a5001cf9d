"""Texts' bytes become hints: which rules on single places may find something in a text, and have to look at it.

A hint is given wherever a rule of `damage.encoding`, `invisible`, `ocr`, `structure` or `page` finds something, and
here and there where it does not, since the rule itself decides. That none is missing is a law with a test.

1. `_surveyed`: one pass over a text, without a branch, counts its letters and signs and puts down where those bytes
   stand that something is asked of: line ends, stops, brackets, `I`, and the first byte of what is outside ASCII.
2. `_strange`, `_unclosed`, `_lines`, `_parts`, `_capitals` go from one of these to the next: characters outside ASCII
   as a table has them; brackets in their paragraphs; beginnings of lines; sentences and lines that stood before, by
   their hashes; capitals after small letters.

Cost: some 2 nanoseconds a byte. Limits: brackets nested deeper than DEPTH_MAX, texts of more than PARTS_MAX long
parts, and for FEW_LETTERS those of more than PROSE_BYTES, are left to the rules. Linear in length: what is looked at
ahead ends with the line.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.hints import (
    COMMON,
    FALSE_CAPITAL,
    FEW_LETTERS,
    NUMBERED,
    PLAIN,
    REPEATED,
    SCRIPT,
    STRAY,
    UNCLOSED,
    UNCOMMON,
    UNFINISHED,
    UNPLAIN,
)
from dedup.kernels.simd import U64, I64s, U8s, U32s, U64s, inlined, inner, kernel, load64
from dedup.kernels.strings import space

DEPTH_MAX, PARTS_MAX, PART_BYTES_MIN, PROSE_BYTES, STOPS_MIN = 32, 2048, 30, 4000, 3
_SLOTS = 2 * PARTS_MAX
_STRAY_BYTES, _END_BYTES = 30, 6
_ODD_SHARE = 0.39
"""Share of signs and digits from which a text may be no prose: the rule's, a little less."""
_TAB, _LF, _CR, _SPACE, _MARK, _HYPHEN, _STOP, _QUESTION = 9, 10, 13, 32, 33, 45, 46, 63
_I, _SQUARE, _UNDERLINE, _BAR = 73, 91, 95, 124
_ROUND, _QUOTE, _CLOSE_QUOTE = 40, 0x201C, 0x201D
_FACTOR = U64(0x9E3779B97F4A7C15)
_ASKED, _CONTROL, _SOLID, _ODD = 1, 2, 1 << 16, 1 << 40
"""What is known of a byte: that its place is put down, that it is a control; and, summed up over a text, that it is a
character other than white space, that it is one other than a letter."""


@kernel
def outlines(data: U8s, sizes: I64s, table: U8s, hints: I64s) -> None:
    """The hints of texts, which stand one after the other, of so many bytes each.

    table: (n,), of each code point below n whether it is PLAIN, COMMON, both or neither; beyond it is neither.
    """
    assert len(hints) == len(sizes)
    hashes, stamps = np.empty(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint32)
    known, stack, places = _of_bytes(), np.empty(DEPTH_MAX, np.int64), np.empty(1024, np.int64)
    start = 0
    for text in range(len(sizes)):
        stop = start + int(sizes[text])
        assert start <= stop <= len(data)
        if stop - start >= len(places):
            places = np.empty(2 * (stop - start), np.int64)
        count, found = _surveyed(data, start, stop, known, places)
        asked = places[: count + 1]
        found |= _strange(data, asked, stop, table) | _unclosed(data, asked, stop, stack)
        found |= _lines(data, asked, start, stop) | _capitals(data, asked, start, stop)
        found |= _parts(data, asked, start, stop, hashes, stamps, text + 1)
        if not _is_finished(data, start, stop) and _stops(data, asked) >= STOPS_MIN:
            found |= UNFINISHED
        hints[text] = found
        start = stop


@kernel
def _of_bytes() -> I64s:
    """What is known of each byte."""
    known = np.zeros(256, np.int64)
    for byte in range(256):
        is_space = byte == _SPACE or _TAB <= byte <= _CR
        if byte >= 0xC0:
            known[byte] = _ASKED | _SOLID | _ODD
        elif byte < 0x80 and not is_space:
            known[byte] = _SOLID if _is_letter(byte) else _SOLID | _ODD
        if byte < 0x80 and not is_space and (byte < _SPACE or byte == 127):
            known[byte] |= _CONTROL
        if byte in (_LF, _MARK, _STOP, _QUESTION, _I, _ROUND, _ROUND + 1, _SQUARE, _SQUARE + 2):
            known[byte] |= _ASKED
    return known


@inner
def _surveyed(data: U8s, start: int, stop: int, known: I64s, places: I64s) -> tuple[int, int]:
    """How many places of a text are asked of, which are put down, `stop` behind them; what hints its bytes give."""
    count, either, total = 0, 0, 0
    for at in range(start, stop):
        one = known[data[at]]
        either |= one
        total += one & -_SOLID
        places[count] = at
        count += one & _ASKED
    places[count] = stop
    solid, odd = (total >> 16) & 0xFFFFFF, total >> 40
    found = UNPLAIN if either & _CONTROL else 0
    if stop - start > PROSE_BYTES or odd > _ODD_SHARE * solid:
        found |= FEW_LETTERS
    return count, found


@inlined
def _is_letter(byte: int) -> bool:
    return 97 <= (byte | 32) <= 122


@inlined
def _may_be_digit(byte: int) -> bool:
    """A digit, or what may be one of another script."""
    return 48 <= byte <= 57 or byte >= 0x80


@inlined
def _at(data: U8s, at: int, stop: int) -> int:
    """A byte of a text, and a line feed behind its end."""
    return int(data[at]) if at < stop else _LF


@inlined
def _space_at(data: U8s, at: int) -> int:
    """Bytes of white space that begin here, 0 if none."""
    return space(data, at) if data[at] <= _SPACE or data[at] >= 0xC2 else 0


@inner
def _strange(data: U8s, asked: I64s, stop: int, table: U8s) -> int:
    """What a table has of the code points outside ASCII, and letters of other scripts."""
    found = 0
    for place in range(len(asked) - 1):
        at = asked[place]
        lead = int(data[at])
        if lead < 0xC0:
            continue
        size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        code = lead & (0x3F >> (size - 1))
        for ahead in range(at + 1, min(at + size, stop)):
            code = code << 6 | (int(data[ahead]) & 0x3F)
        kinds = int(table[code]) if code < len(table) else 0
        found |= (not kinds & PLAIN) * UNPLAIN | (not kinds & COMMON) * UNCOMMON
        if 0xCD <= lead <= 0xE0 or 0xE3 <= lead <= 0xED:
            found |= SCRIPT
    return found


# --- beginning and end, brackets ---------------------------------------------------------------------------------


@inner
def _stops(data: U8s, asked: I64s) -> int:
    """How many stops there are."""
    count = 0
    for place in range(len(asked) - 1):
        byte = data[asked[place]]
        count += byte in (_STOP, _MARK, _QUESTION)
    return count


@inner
def _is_finished(data: U8s, start: int, stop: int) -> bool:
    """Whether a text begins with what is no small letter, and ends with a stop."""
    while start < stop and _space_at(data, start):
        start += _space_at(data, start)
    end = stop
    while end > start and (data[end - 1] == _SPACE or _TAB <= data[end - 1] <= _CR):
        end -= 1
    if end == start or 97 <= data[start] <= 122 or data[start] >= 0x80 or stop - end > _END_BYTES:
        return False
    return data[end - 1] in (33, 34, 39, 41, 42, 46, 58, 59, 63, 93)  # ! " ' ) * . : ; ? ]


@inlined
def _bracket(data: U8s, at: int, stop: int) -> int:
    """The bracket or quotation mark that stands here, 0 if none does."""
    byte = int(data[at])
    if byte in (_ROUND, _ROUND + 1, _SQUARE, _SQUARE + 2):
        return byte
    if byte == 0xE2 and at + 2 < stop and data[at + 1] == 0x80 and (data[at + 2] | 1) == 0x9D:
        return _QUOTE + int(data[at + 2] & 1)
    return 0


@inner
def _is_break(data: U8s, at: int, stop: int) -> bool:
    """Whether an empty line follows a line feed."""
    at += 1
    while at < stop and (data[at] == _SPACE or data[at] == _TAB or data[at] == _CR):
        at += 1
    return at < stop and data[at] == _LF


@inner
def _unclosed(data: U8s, asked: I64s, stop: int, stack: I64s) -> int:
    """Whether a bracket is open where a paragraph ends, or anything where the text does: paragraphs are what stands
    between empty lines, or lines if there is none."""
    has_break, has_bracket = False, False
    for place in range(len(asked) - 1):
        at = asked[place]
        has_bracket = has_bracket or _bracket(data, at, stop) != 0
        has_break = has_break or (data[at] == _LF and _is_break(data, at, stop))
    depth = 0
    for place in range(len(asked) - 1 if has_bracket else 0):
        at = asked[place]
        if data[at] == _LF and (not has_break or _is_break(data, at, stop)):
            for one in range(depth):
                if stack[one] != _CLOSE_QUOTE:
                    return UNCLOSED
            depth = 0
        sign = _bracket(data, at, stop)
        if sign in (_ROUND, _SQUARE, _QUOTE):
            if depth == DEPTH_MAX:
                return UNCLOSED
            stack[depth] = sign + 2 if sign == _SQUARE else sign + 1
            depth += 1
        elif sign and depth and stack[depth - 1] == sign:
            depth -= 1
    return UNCLOSED if depth else 0


# --- lines, parts, capitals --------------------------------------------------------------------------------------


@inner
def _lines(data: U8s, asked: I64s, start: int, stop: int) -> int:
    """Short lines that begin with a sign, and lines that begin as those with page numbers."""
    found, line = 0, start
    for place in range(len(asked)):
        at = asked[place]
        if at < stop and data[at] != _LF:
            continue
        first = line
        while first < at and (data[first] == _SPACE or data[first] == _TAB):
            first += 1
        byte = _at(data, first, at)
        if first < at <= line + _STRAY_BYTES and not (_is_letter(byte) or 48 <= byte <= 57 or byte == _UNDERLINE):
            found |= STRAY
        if line > start and _is_numbered(data, first, stop):
            found |= NUMBERED
        line = at + 1
    return found


@inner
def _is_numbered(data: U8s, at: int, stop: int) -> bool:
    """Whether what stands behind a line's blanks may begin a page number: `- 1`, `Page`, `1 |`."""
    byte, following = _at(data, at, stop), _at(data, at + 1, stop)
    if byte == _HYPHEN:
        return _may_be_digit(following) or following <= _SPACE
    if byte | 32 == 112:
        return following == 97 and _at(data, at + 2, stop) == 103
    if _may_be_digit(byte):
        for ahead in range(at, min(at + 20, stop)):
            if data[ahead] == _BAR:
                return True
    return False


@inner
def _capitals(data: U8s, asked: I64s, start: int, stop: int) -> int:
    """Whether ` In`, ` Is`, ` It`, ` If` stands after a small letter."""
    for place in range(len(asked) - 1):
        at = asked[place]
        if data[at] == _I and start + 2 <= at < stop - 2 and data[at - 1] == _SPACE:
            before, after = data[at - 2], data[at + 2]
            if (
                data[at + 1] in (102, 110, 115, 116)  # f, n, s, t
                and (97 <= before <= 122 or before >= 0x80)
                and (after <= _SPACE or after >= 0x80)
            ):
                return FALSE_CAPITAL
    return 0


@inner
def _parts(data: U8s, asked: I64s, start: int, stop: int, hashes: U64s, stamps: U32s, stamp: int) -> int:
    """Whether one of the parts between line feeds, and between stops with a space, stood before, white space around
    them aside; only those of PART_BYTES_MIN count."""
    count, part = 0, start
    for place in range(len(asked)):
        at = asked[place]
        byte = _at(data, at, stop)
        if byte != _LF and not (byte == _STOP and _at(data, at + 1, stop) == _SPACE):
            continue
        if at - part >= PART_BYTES_MIN:
            count += 1
            if count > PARTS_MAX or _is_repeated(data, part, at, hashes, stamps, stamp):
                return REPEATED
        part = at + (2 if byte == _STOP else 1)
    return 0


@inner
def _is_repeated(data: U8s, start: int, stop: int, hashes: U64s, stamps: U32s, stamp: int) -> bool:
    """Whether a part of the text of this stamp was met before; it is put down."""
    while start < stop and _space_at(data, start):
        start += _space_at(data, start)
    last, at = start, start  # white space of several bytes cannot be told from behind
    while stop > start and data[stop - 1] < 0x80 and _space_at(data, stop - 1):
        stop -= 1
    if stop > start and data[stop - 1] >= 0x80:
        while at < stop:
            width = _space_at(data, at)
            at += max(1, width)
            last = last if width else at
        stop = last
    state, at = U64(stop - start), start
    while at + 8 <= stop:
        state = (state ^ load64(data, at)) * _FACTOR
        state ^= state >> U64(32)
        at += 8
    while at < stop:
        state = (state ^ U64(data[at])) * _FACTOR
        state ^= state >> U64(32)
        at += 1
    slot = np.int64(state >> U64(20)) & (_SLOTS - 1)
    while stamps[slot] == stamp:
        if hashes[slot] == state:
            return True
        slot = (slot + 1) & (_SLOTS - 1)
    hashes[slot], stamps[slot] = state, stamp
    return False
