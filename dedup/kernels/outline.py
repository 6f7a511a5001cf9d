"""Texts' bytes become hints: which rules on single places may find something in a text, and have to look at it.

A hint is given wherever a rule of `damage.encoding`, `invisible`, `ocr`, `structure` or `page` finds something, and
here and there where it does not, since the rule itself decides. That none is missing is a law with a test.

1. `_census`: how often each byte stands in a text, which tells of signs, letters and stops.
2. `_strange`: of what is outside ASCII, what a table has of its code points.
3. `_unclosed`, `_lines`, `_parts`, `_capitals`: brackets in their paragraphs; beginnings of lines; sentences and lines
   that stood before, by their hashes; capitals after small letters. Each is asked only where its signs are.

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
from dedup.kernels.strings import I32s, space

DEPTH_MAX, PARTS_MAX, PART_BYTES_MIN, PROSE_BYTES, STOPS_MIN = 32, 2048, 30, 4000, 3
_SLOTS = 2 * PARTS_MAX
_STRAY_BYTES, _END_BYTES = 30, 6
_ODD_SHARE = 0.39
"""Share of signs and digits from which a text may be no prose: the rule's, a little less."""
_TAB, _LF, _CR, _SPACE, _HYPHEN, _STOP, _I, _SQUARE, _UNDERLINE, _BAR = 9, 10, 13, 32, 45, 46, 73, 91, 95, 124
_ROUND, _QUOTE, _CLOSE_QUOTE = 40, 0x201C, 0x201D
_FACTOR = U64(0x9E3779B97F4A7C15)


@kernel
def outlines(data: U8s, sizes: I64s, table: U8s, hints: I64s) -> None:
    """The hints of texts, which stand one after the other, of so many bytes each.

    table: (n,), of each code point below n whether it is PLAIN, COMMON, both or neither; beyond it is neither.
    """
    assert len(hints) == len(sizes)
    seen, hashes, stamps = np.empty(256, np.int32), np.empty(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint32)
    stack = np.empty(DEPTH_MAX, np.int64)
    first = 0
    for text in range(len(sizes)):
        stop = first + int(sizes[text])
        assert first <= stop <= len(data)
        _count(data, first, stop, seen)
        found = _census(seen, table)
        if stop - first > PROSE_BYTES:
            found |= FEW_LETTERS
        if seen[_STOP] + seen[33] + seen[63] >= STOPS_MIN and not _is_finished(data, first, stop):
            found |= UNFINISHED
        if _beyond(seen):
            found |= _strange(data, first, stop, table)
        if seen[_ROUND] or seen[_SQUARE] or seen[0xE2]:
            found |= _unclosed(data, first, stop, stack)
        if seen[_LF]:
            found |= _lines(data, first, stop)
        if seen[_I]:
            found |= _capitals(data, first, stop)
        hints[text] = found | _parts(data, first, stop, hashes, stamps, text + 1)
        first = stop


@inner
def _count(data: U8s, start: int, stop: int, seen: I32s) -> None:
    """How often each byte stands in a text."""
    for byte in range(256):
        seen[byte] = 0
    for at in range(start, stop):
        seen[data[at]] += 1


@inner
def _beyond(seen: I32s) -> int:
    """How many characters are outside ASCII."""
    count = 0
    for byte in range(0xC0, 256):
        count += seen[byte]
    return count


@inner
def _census(seen: I32s, table: U8s) -> int:
    """What counts of bytes tell."""
    found, solid, odd = 0, 0, 0
    for byte in range(0x80):
        if seen[byte]:
            kinds = table[byte]
            found |= (not kinds & PLAIN) * UNPLAIN | (not kinds & COMMON) * UNCOMMON
            if byte == _SPACE or _TAB <= byte <= _CR:
                continue
            solid += seen[byte]
            odd += 0 if _is_letter(byte) else seen[byte]
    beyond = _beyond(seen)
    if odd + beyond > _ODD_SHARE * (solid + beyond):
        found |= FEW_LETTERS
    return found


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
    last = data[end - 1]
    return last in (33, 34, 39, 41, 42, _STOP, 58, 59, 63, 93)  # ! " ' ) * . : ; ? ]


# --- outside ASCII -----------------------------------------------------------------------------------------------


@inlined
def _space_at(data: U8s, at: int) -> int:
    """Bytes of white space that begin here, 0 if none."""
    return space(data, at) if data[at] <= _SPACE or data[at] >= 0xC2 else 0


@inner
def _strange(data: U8s, start: int, stop: int, table: U8s) -> int:
    """What a table has of the code points outside ASCII, and letters of other scripts."""
    found, at = 0, start
    while at < stop:
        lead = np.int64(data[at])
        if lead < 0xC0:
            at += 1
            continue
        size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        code = lead & (0x3F >> (size - 1))
        for ahead in range(at + 1, min(at + size, stop)):
            code = code << 6 | (np.int64(data[ahead]) & 0x3F)
        kinds = table[code] if code < len(table) else 0
        found |= (not kinds & PLAIN) * UNPLAIN | (not kinds & COMMON) * UNCOMMON
        if 0xCD <= lead <= 0xE0 or 0xE3 <= lead <= 0xED:
            found |= SCRIPT
        at += size
    return found


# --- brackets, lines, parts --------------------------------------------------------------------------------------


@inner
def _bracket(data: U8s, at: int, stop: int) -> int:
    """The bracket or quotation mark that stands here, 0 if none does."""
    byte = int(data[at])
    if byte in (_ROUND, _ROUND + 1, _SQUARE, _SQUARE + 2):
        return byte
    if byte == 0xE2 and at + 2 < stop and data[at + 1] == 0x80 and (data[at + 2] | 1) == 0x9D:
        return _QUOTE + int(data[at + 2] & 1)
    return 0


@inner
def _unclosed(data: U8s, start: int, stop: int, stack: I64s) -> int:
    """Whether a bracket is open where a paragraph ends, or anything where the text does: paragraphs are what stands
    between empty lines, or lines if there is none."""
    has_break = False
    for at in range(start, stop):
        if data[at] == _LF and _is_break(data, at, stop):
            has_break = True
            break
    depth = 0
    for at in range(start, stop):
        byte = data[at]
        if byte == _LF and (not has_break or _is_break(data, at, stop)):
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


@inner
def _is_break(data: U8s, at: int, stop: int) -> bool:
    """Whether an empty line follows a line feed."""
    at += 1
    while at < stop and (data[at] == _SPACE or data[at] == _TAB or data[at] == _CR):
        at += 1
    return at < stop and data[at] == _LF


@inner
def _lines(data: U8s, start: int, stop: int) -> int:
    """Short lines that begin with a sign, and lines that begin as those with page numbers."""
    found, line = 0, start
    for at in range(start, stop + 1):
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
def _capitals(data: U8s, start: int, stop: int) -> int:
    """Whether ` In`, ` Is`, ` It`, ` If` stands after a small letter."""
    for at in range(start + 2, stop - 2):
        if data[at] == _I and data[at - 1] == _SPACE and data[at + 1] in (102, 110, 115, 116):
            before, after = data[at - 2], data[at + 2]
            if (97 <= before <= 122 or before >= 0x80) and (after <= _SPACE or after >= 0x80):
                return FALSE_CAPITAL
    return 0


@inner
def _parts(data: U8s, start: int, stop: int, hashes: U64s, stamps: U32s, stamp: int) -> int:
    """Whether one of the parts between line feeds, and between stops with a space, stood before, white space around
    them aside; only those of PART_BYTES_MIN count."""
    count, part = 0, start
    for at in range(start, stop + 1):
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
