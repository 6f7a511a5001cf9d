"""UTF-8 becomes token hashes: the compiled form of `clean.words` and `clean.token_hash`, bit for bit.

1. `words` goes over a buffer document by document. `_scan` classifies 64 bytes at a time into bit masks; a
   token begins and ends where the mask of token characters changes, and the changes are written down as
   edges.
2. `hash_edges` hashes the tokens between the edges (see `tokens`).
3. Where a byte is not ASCII, the scan goes back to the start of the token that it may belong to, and `_walk`
   takes over, a code point at a time through the tables (see `tables`), until eight ASCII bytes follow a
   token.

Limits: a document is valid UTF-8, surrogates allowed; of other bytes the result is unspecified but
memory is safe and time linear. BUFFER_SLACK readable bytes must follow the last document. Little endian
machines. Source of the scan: Langdale and Lemire, "Parsing gigabytes of JSON per second", VLDB Journal 2019.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.simd import (
    AHEAD_BYTES,
    U64,
    I64s,
    U8s,
    U16s,
    U64s,
    class_masks,
    inlined,
    inner,
    kernel,
    load64,
    ones,
    prefetch,
    store64,
    trailing_zeros,
)
from dedup.kernels.tokens import ASIS, SEED, finished, hash_bytes, hash_edges, stepped

BUFFER_SLACK = 64
"""Bytes after the last document that the caller provides (of any value) and the kernel may read."""

_EDGES = 1024  # 8 KiB: edges stay in the L1 cache until they are hashed
_EMITTED = 24  # edges written in one go, without a branch: 64 bytes of English hold about 22
_FORM_BYTES = 1024  # longest token whose matching form is built in memory; see _hash_long
_FORM_SLACK = 64

_ALL, _ONE, _ZERO = U64(0xFFFFFFFFFFFFFFFF), U64(1), U64(0)
_HIGH_BITS = U64(0x8080808080808080)
_KIND, _POOLED = U64(7), U64(64)  # bits of a record: the class; the form is in the pool
_WORD, _SOLO, _MARK, _INVISIBLE, _APOSTROPHE = 1, 2, 3, 4, 5  # positions in tables.CLASSES


@inner
def token_capacity(size_bytes: int, documents: int) -> int:
    """Tokens that `words` may find in so many bytes: a token has a byte and a separator, or three bytes."""
    return size_bytes // 2 + documents


# --- ASCII --------------------------------------------------------------------------------------------------


@inlined
def _emitted(changes: U64, at: int, edges: I64s, edge_count: int) -> int:
    """Write `at` + the number of each bit of `changes` to edges[edge_count:], and more behind; the new
    count."""
    slot, rest = edge_count, changes
    while True:
        for step in range(_EMITTED):
            edges[slot + step] = at + trailing_zeros(rest)
            rest &= rest - _ONE
        slot += _EMITTED
        if rest == _ZERO:
            break
    return edge_count + int(ones(changes))


@inlined
def _scan(buffer: U8s, at: int, stop: int, edges: I64s) -> tuple[int, int]:
    """Token edges of the ASCII text from `at`, which is outside tokens: (where the scan stopped, edge count).

    It stops at `stop`, when `edges` (int64) is nearly full, or at a byte that is not ASCII; then at the start
    of the token that touches it. Every edge but those of the last, open token is final.
    """
    count = 0
    inside = before = _ZERO  # bit 0: the byte before the block is in a token; is a letter or digit
    while at < stop and count < _EDGES:
        prefetch(buffer, at + AHEAD_BYTES)
        letters, apostrophes, beyond = class_masks(buffer, at)
        valid = _ALL if stop - at >= 64 else (_ONE << U64(stop - at)) - _ONE
        beyond &= valid
        if beyond:
            valid = (beyond - _ONE) & ~beyond  # the bits below the lowest
        letters &= valid
        after = letters >> _ONE
        last = valid ^ (valid >> _ONE)
        if apostrophes & last and (beyond or (stop - at > 64 and _may_continue(buffer[at + 64]))):
            after |= last  # the token may go on behind the last byte: the next block or _walk decides
        tokens = letters | (apostrophes & (letters << _ONE | before) & after)
        changes = (tokens ^ (tokens << _ONE | inside)) & valid
        count = _emitted(changes, at, edges, count)
        inside, before = tokens >> U64(63), letters >> U64(63)
        if beyond:
            at += trailing_zeros(beyond)
            break
        at += 64
    if at >= stop:
        edges[count] = stop
        return stop, count + (count & 1)
    if count & 1:
        return edges[count - 1], count - 1
    return at, count


@inlined
def _may_continue(byte: int) -> bool:
    """Whether a token may go on over an apostrophe with this byte: a letter, a digit, or no ASCII."""
    return byte >= 0x80 or 97 <= (byte | 0x20) <= 122 or 48 <= byte <= 57


# --- other scripts ------------------------------------------------------------------------------------------


@inlined
def _looked_up(buffer: U8s, at: int, stop: int, index: U16s, records: U64s) -> tuple[U64, int]:
    """The record of the code point at buffer[at] and its bytes (1..4); a separator where it is cut off by
    `stop`."""
    lead = np.int64(buffer[at])
    if lead < 0x80:
        code, size = lead, 1
    elif lead < 0xE0:
        code, size = (lead & 0x1F) << 6 | (np.int64(buffer[at + 1]) & 0x3F), 2
    elif lead < 0xF0:
        code, size = (lead & 0x0F) << 12 | (np.int64(buffer[at + 1]) & 0x3F) << 6, 3
        code |= np.int64(buffer[at + 2]) & 0x3F
    else:
        code, size = (lead & 0x07) << 18 | (np.int64(buffer[at + 1]) & 0x3F) << 12, 4
        code |= (np.int64(buffer[at + 2]) & 0x3F) << 6 | (np.int64(buffer[at + 3]) & 0x3F)
    if at + size > stop or code > 0x10FFFF:
        return _ZERO, min(size, stop - at)
    return records[np.int64(index[code >> 7]) << 7 | (code & 127)], size


@inlined
def _form_length(record: U64) -> int:
    """Bytes of the matching form in a record."""
    if record & _POOLED:
        return int((record >> U64(8)) & U64(0xFFFFFF))
    return int((record >> U64(3)) & U64(7))


@inlined
def _appended(record: U64, pool: U8s, form: U8s, length: int) -> int:
    """Put the form in `record` behind the `length` bytes of `form`, if there is room; the length with it."""
    if not record & _POOLED:
        if length <= _FORM_BYTES:
            store64(form, length, record >> U64(8))
        return length + int((record >> U64(3)) & U64(7))
    size, source = _form_length(record), np.int64(record >> U64(32))
    if length + size <= _FORM_BYTES:
        for at in range(0, size, 8):
            store64(form, length + at, load64(pool, source + at))
    return length + size


@inlined
def _token(
    buffer: U8s, at: int, stop: int, record: U64, size: int, index: U16s, records: U64s, pool: U8s, form: U8s
) -> tuple[int, int, U64, int]:
    """Go over the token at buffer[at], whose first code point has `record` and `size`, and put its matching
    form into `form`: (its end, bytes of the form, record and size of the code point behind it)."""
    length = _appended(record, pool, form, 0)
    word = record & _KIND == _WORD
    at += size
    record, size = _ZERO, 0
    while at < stop:
        record, size = _looked_up(buffer, at, stop, index, records)
        kind = np.int64(record & _KIND)
        if word and kind == _APOSTROPHE and at + size < stop:
            following, next_size = _looked_up(buffer, at + size, stop, index, records)
            if following & _KIND != _WORD:
                break
            length = _appended(record, pool, form, length)
            at += size
            record, size = following, next_size
        elif not (kind in (_MARK, _INVISIBLE) or (word and kind == _WORD)):
            break
        length = _appended(record, pool, form, length)
        at += size
        record, size = _ZERO, 0
    return at, length, record, size


@inner
def _hash_long(buffer: U8s, start: int, stop: int, length: int, index: U16s, records: U64s, pool: U8s) -> U64:
    """The hash of the token buffer[start:stop], whose matching form has `length` bytes, without building the
    form."""
    value, eight, filled, at = U64(SEED) ^ U64(length), _ZERO, 0, start
    while at < stop:
        record, size = _looked_up(buffer, at, stop, index, records)
        at += size
        source = np.int64(record >> U64(32))
        for offset in range(_form_length(record)):
            if record & _POOLED:  # noqa: SIM108
                byte = U64(pool[source + offset])
            else:
                byte = (record >> U64(8 * offset + 8)) & U64(0xFF)
            eight |= byte << U64(8 * filled)
            filled += 1
            if filled == 8:
                value, eight, filled = stepped(value, eight), _ZERO, 0
    if filled:
        value = stepped(value, eight)
    return finished(value)


@inlined
def _walk(
    buffer: U8s,
    at: int,
    stop: int,
    index: U16s,
    records: U64s,
    pool: U8s,
    form: U8s,
    hashes: U64s,
    spans: I64s,
    count: int,
) -> tuple[int, int]:
    """Tokens from `at`, which is not inside one, until ASCII follows: (where it stopped, token count)."""
    record, size = _looked_up(buffer, at, stop, index, records)
    while at < stop:
        kind = record & _KIND
        if kind in (_WORD, _SOLO):
            start = at
            at, length, record, size = _token(buffer, at, stop, record, size, index, records, pool, form)
            if length <= _FORM_BYTES:
                hashes[count] = hash_bytes(form, 0, length, ASIS)
            else:
                hashes[count] = _hash_long(buffer, start, at, length, index, records, pool)
            if spans.shape[0] > 0:
                spans[count, 0], spans[count, 1] = start, at
            count += 1
        else:
            at += size
            if at < stop:
                record, size = _looked_up(buffer, at, stop, index, records)
        if load64(buffer, at) & _HIGH_BITS == _ZERO:
            break
    return at, count


# --- the kernel ---------------------------------------------------------------------------------------------


@inner
def _documents(
    buffer: U8s,
    offsets: I64s,
    index: U16s,
    records: U64s,
    pool: U8s,
    edges: I64s,
    form: U8s,
    hashes: U64s,
    counts: I64s,
    spans: I64s,
) -> int:
    """`words` with its scratch arrays."""
    count = 0
    for document in range(len(offsets) - 1):
        at, stop, earlier = offsets[document], offsets[document + 1], count
        while at < stop:
            at, edge_count = _scan(buffer, at, stop, edges)
            count = hash_edges(buffer, edges, edge_count, hashes, spans, count)
            if at < stop and edge_count < _EDGES:
                at, count = _walk(buffer, at, stop, index, records, pool, form, hashes, spans, count)
        counts[document] = count - earlier
    return count


@kernel
def words(
    buffer: U8s, offsets: I64s, index: U16s, records: U64s, pool: U8s, hashes: U64s, counts: I64s, spans: I64s
) -> int:
    """Hash every token of every document: the number of tokens, which fill hashes[:number], in order.

    buffer: UTF-8, and BUFFER_SLACK bytes after the last document. offsets: (n + 1,) bytes, document d is
    buffer[offsets[d]:offsets[d + 1]]. index, records, pool: see `tables`. hashes: at least `token_capacity`
    long, out. counts: (n,) tokens of each document, out. spans: as many rows as hashes, the bytes of each
    token in the buffer, half-open, out; or (0, 2), and none are given. Raises ValueError where an array is
    too short.
    """
    documents = len(offsets) - 1
    if documents < 0 or len(counts) < documents or offsets[0] < 0:
        raise ValueError("offsets or counts are too short")
    capacity = documents
    for document in range(documents):
        if offsets[document + 1] < offsets[document]:
            raise ValueError("offsets must not decrease")
        capacity += (offsets[document + 1] - offsets[document]) // 2
    if offsets[documents] + 64 > len(buffer):
        raise ValueError("buffer has no slack")
    if len(hashes) < capacity or 0 < spans.shape[0] < capacity:
        raise ValueError("hashes or spans are too short")
    edges = np.empty(_EDGES + 64 + _EMITTED, np.int64)
    form = np.empty(_FORM_BYTES + _FORM_SLACK, np.uint8)
    return _documents(buffer, offsets, index, records, pool, edges, form, hashes, counts, spans)
