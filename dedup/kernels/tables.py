"""Unicode becomes the two-stage table that the words kernel looks code points up in.

1. Every code point has a record of 64 bits: its class (3 bits), the length of its matching form in UTF-8, and
   the form itself where it has at most seven bytes, else its place in a pool.
2. Records are kept in blocks of 128; equal blocks (unassigned, ideographs of no class) are kept once. `index`
   says which block a code point's records stand in.
3. The tables are built once through the reference functions that the caller passes (`character_class`,
   `folded`), and kept in a file named after the version of Unicode, from which they load in a few
   milliseconds.

Record, low bits first: 0..2 class; 3..5 length of an inline form, which is in bits 8..63; or bit 6 set, and
the length in bits 8..31 and the offset into the pool in bits 32..63. Limits: the file is only as good as its
key; a caller that changes the reference functions must change `edition`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup import cached

CLASSES = " wsmi'"
"""The reference's class letters; a record holds the position: 0 separator, 1 word, 2 solo, 3 mark, 4
invisible, 5 apostrophe."""
BLOCK = 128
POOL_SLACK = 8
"""Bytes after the pool's last form, which the kernel may read."""
_POOLED = 1 << 6
_EMPTY_CATEGORIES = {"Cn", "Co", "Cs"}


@dataclass(frozen=True, slots=True)
class Tables:
    """index: (0x110000 / 128,) uint16. records: (blocks * 128,) uint64. pool: (bytes + POOL_SLACK,) uint8."""

    index: NDArray[np.uint16]
    records: NDArray[np.uint64]
    pool: NDArray[np.uint8]


def build(classify: Callable[[int], str], fold: Callable[[int], str]) -> Tables:
    """The tables of the running Python's Unicode: about 0.4 s.

    classify: code point to one of CLASSES, a separator for every code point that is unassigned, private or a
    surrogate (those are not asked for). fold: code point to matching form. Pass them without their caches,
    which would hold a million entries.
    """
    pool = bytearray()
    known: dict[bytes, int] = {}
    index = np.zeros(0x110000 // BLOCK, np.uint16)
    blocks: list[bytes] = []
    for number in range(len(index)):
        block = _block(number * BLOCK, classify, fold, pool)
        if block not in known:
            known[block] = len(blocks)
            blocks.append(block)
        index[number] = known[block]
    pool += bytes(POOL_SLACK)
    return Tables(index, np.frombuffer(b"".join(blocks), np.uint64), np.frombuffer(bytes(pool), np.uint8))


_NO_RECORDS = bytes(8 * BLOCK)


def _block(first: int, classify: Callable[[int], str], fold: Callable[[int], str], pool: bytearray) -> bytes:
    """The records of the code points first..first + BLOCK - 1; long forms are appended to `pool`."""
    characters = [chr(code) for code in range(first, first + BLOCK)]
    if set(map(unicodedata.category, characters)) <= _EMPTY_CATEGORIES:
        return _NO_RECORDS
    kinds = [classify(code) for code in range(first, first + BLOCK)]
    lettered = "".join(character for character, kind in zip(characters, kinds, strict=True) if kind in "wsm")
    # What decomposition and case folding leave as it is in one piece they leave as it is one by one: most of
    # Han.
    same = unicodedata.is_normalized("NFKD", lettered) and lettered.casefold() == lettered
    records = np.zeros(BLOCK, np.uint64)
    for offset, (character, kind) in enumerate(zip(characters, kinds, strict=True)):
        if kind == " ":
            continue
        form = character if same and kind in "wsm" else fold(first + offset)
        records[offset] = _record(CLASSES.index(kind), form.encode("utf-8", "surrogatepass"), pool)
    return records.tobytes()


def _record(kind: int, form: bytes, pool: bytearray) -> int:
    if len(form) <= 7:
        return kind | len(form) << 3 | int.from_bytes(form, "little") << 8
    pool += form
    return kind | _POOLED | len(form) << 8 | (len(pool) - len(form)) << 32


# --- the file -----------------------------------------------------------------------------------------------


def load(classify: Callable[[int], str], fold: Callable[[int], str], edition: str) -> Tables:
    """The tables from the user's cache, or built and put there.

    edition: names the reference functions' behaviour, part of the file's name.
    """

    def made() -> cached.Arrays:
        built = build(classify, fold)
        return {"index": built.index, "records": built.records, "pool": built.pool}

    found = cached.arrays(f"unicode-{unicodedata.unidata_version}-{edition}", made, _are_sound)
    return Tables(found["index"], found["records"], found["pool"])


def _are_sound(found: cached.Arrays) -> bool:
    """Whether no look-up can leave the arrays: the kernel does not check."""
    if sorted(found) != ["index", "pool", "records"]:
        return False
    index, records, pool = (found[name] for name in ("index", "records", "pool"))
    if [array.dtype.str for array in (index, records, pool)] != ["<u2", "<u8", "|u1"]:
        return False
    if index.shape != (0x110000 // BLOCK,) or records.ndim != 1 or pool.ndim != 1:
        return False
    pooled = records[records & np.uint64(_POOLED) != 0]
    ends = (pooled >> np.uint64(32)) + (pooled >> np.uint64(8) & np.uint64(0xFFFFFF))
    return bool((int(index.max()) + 1) * BLOCK <= len(records) and int(ends.max(initial=0)) + POOL_SLACK <= len(pool))
