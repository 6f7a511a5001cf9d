"""Lists of words become a table that `spelling.value` looks in.

1. `enter`: words, one a line, with their values.
2. `enter_misread`: what may be read for a word, one stroke for another at each place.

Words with a character that has no code are left out: no string that is asked for has it. The table is never full, which
the caller sees to. Linear in the length of the lists.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.simd import U64, U8s, U32s, U64s, inner, kernel
from dedup.kernels.spelling import MISREAD, NO_CODE, Int, added, key_of, slot_of, typographic

STROKES = 3
"""Letters of what may be misread, at most."""


@kernel
def enter(data: U8s, given: U32s, kind: int, keys: U64s, values: U32s) -> int:
    """Puts strings, one a line, into a table with their values, which are joined to what it has of them: how many
    lines there were. Strings that have a character without a code are left out."""
    count, line, state, is_one, at = 0, 0, U64(0), True, 0
    while at <= len(data):
        code = np.int64(data[at]) if at < len(data) else 10
        if code == 10:
            if is_one and at > line:
                key = key_of(state, kind)
                slot = slot_of(keys, key)
                values[slot] |= given[count]
                keys[slot] = key
            count += 1
            line, state, is_one = at + 1, U64(0), True
        elif code < 128:
            state = added(state, code)
        else:
            code = typographic(data, at, len(data))
            is_one = is_one and code != NO_CODE
            state = added(state, code)
            if is_one:
                at += 1 if data[at] == 0xC2 else 2
        at += 1
    return count


@kernel
def enter_misread(data: U8s, given: U32s, read: U8s, stood: U8s, keys: U64s, values: U32s) -> None:
    """Puts into a table what may be read for words, one a line, each with the greatest of the values of its words.

    read, stood: (n, STROKES), what may be read for what, zeros behind the last letter.
    """
    line = count = 0
    for stop in range(len(data) + 1):
        if stop < len(data) and data[stop] != 10:
            continue
        for one in range(len(read)):
            for at in range(line, stop):
                if data[at] == stood[one, 0]:
                    _enter_one(data, line, stop, at, read[one], stood[one], given[count], keys, values)
        line, count = stop + 1, count + 1


@inner
def _enter_one(
    data: U8s, line: Int, stop: Int, at: Int, read: U8s, stood: U8s, given: Int, keys: U64s, values: U32s
) -> None:
    """Puts in what is read for a word, if what stands at a place of it may be misread."""
    size = 0
    while size < len(stood) and stood[size]:
        if at + size >= stop or data[at + size] != stood[size]:
            return
        size += 1
    state = U64(0)
    for place in range(line, stop):
        if place == at:
            for letter in read:
                state = added(state, letter) if letter else state
        if not at <= place < at + size:
            if data[place] >= 128:  # a character that no string of these kernels has
                return
            state = added(state, data[place])
    key = key_of(state, MISREAD)
    slot = slot_of(keys, key)
    keys[slot], values[slot] = key, max(values[slot], np.uint32(given))
