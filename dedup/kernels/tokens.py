"""Where tokens stand in a buffer becomes their hashes: the compiled form of `clean.token_hash`, bit for bit.

1. `hash_bytes` hashes one token, eight bytes a step, each byte | its byte of `case`: lower case by | 0x20, which leaves
   digits and the apostrophe as they are.
2. `hash_edges` hashes tokens of ASCII by vectors, TOGETHER at a time, as if each had sixteen bytes at the most; those
   that have more are hashed once more, by themselves, and so are those that are left over.

Limits: sixteen bytes behind the beginning of a token are read, whatever they are. Nothing here checks bounds; the
callers do.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from dedup.kernels.simd import (
    U64,
    I64s,
    U8s,
    U64s,
    element_address,
    inlined,
    intrinsic,
    load64,
    splat,
    trailing_zeros,
    types,
)

SEED, FACTOR, LAST = 0x9E3779B97F4A7C15, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53
LOWER, ASIS = U64(0x2020202020202020), U64(0)
TOGETHER = 8

_SEED, _FACTOR, _LAST = U64(SEED), U64(FACTOR), U64(LAST)
_ALL, _ONE, _ZERO = U64(0xFFFFFFFFFFFFFFFF), U64(1), U64(0)
_I64 = ir.IntType(64)
_VECTOR, _PAIRS = ir.VectorType(_I64, TOGETHER), ir.VectorType(_I64, 2 * TOGETHER)
_LANES = ir.VectorType(ir.IntType(32), TOGETHER)


@inlined
def stepped(value: U64, eight: U64) -> U64:
    value = (value ^ eight) * _FACTOR
    return value ^ (value >> U64(32))


@inlined
def finished(value: U64) -> U64:
    value = value * _LAST
    return value ^ (value >> U64(29))


@inlined
def _kept(beyond: int) -> U64:
    """A mask that clears the last `beyond` of eight bytes; all are kept below 1, and from 8 the mask is not
    used."""
    return _ALL >> U64((8 * max(beyond, 0)) & 63)


@inlined
def hash_bytes(buffer: U8s, start: int, length: int, case: U64) -> U64:
    """The token hash of buffer[start:start + length], each byte | its byte of `case`; reads 16 bytes
    beyond."""
    # Two steps without a branch, since tokens of up to 8 and of up to 16 bytes come in no order to be
    # predicted.
    first = stepped(_SEED ^ U64(length), (load64(buffer, start) | case) & _kept(8 - length))
    second = stepped(first, (load64(buffer, start + 8) | case) & _kept(16 - length))
    if length <= 16:
        value = second if length > 8 else first
        return finished(value if length > 0 else _SEED)
    for at in range(16, length, 8):
        second = stepped(second, (load64(buffer, start + at) | case) & _kept(at + 8 - length))
    return finished(second)


@intrinsic
def _hash_together(typing: Any, buffer: Any, edges: Any, first: Any, hashes: Any, to: Any) -> Any:
    """The hashes of TOGETHER tokens, from edges[first] to edges[first + 1] and so on, into hashes[to:], of the first
    sixteen bytes of each: a bit for each that has more."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def place(which: int, at: Any, kind: Any) -> Any:
            return element_address(context, builder, signature.args[which], args[which], at, kind)

        pairs = builder.load(place(1, args[2], _PAIRS), align=8)
        starts, stops = (
            builder.shuffle_vector(pairs, pairs, ir.Constant(_LANES, [2 * at + side for at in range(TOGETHER)]))
            for side in range(2)
        )
        lengths = builder.sub(stops, starts)
        ones = [builder.extract_element(starts, _I64(at)) for at in range(TOGETHER)]

        def eight(offset: int) -> Any:
            """Eight bytes of each token, in lower case; those behind its end are 0."""
            found = ir.Constant(_VECTOR, ir.Undefined)
            for at, start in enumerate(ones):
                word = builder.load(place(0, builder.add(start, _I64(offset)), _I64), align=1)
                found = builder.insert_element(found, word, _I64(at))
            beyond = builder.sub(splat(_VECTOR, 8 + offset), lengths)
            inside = builder.icmp_signed("<", beyond, splat(_VECTOR, 0))
            shift = builder.shl(builder.select(inside, splat(_VECTOR, 0), beyond), splat(_VECTOR, 3))
            kept = builder.lshr(splat(_VECTOR, (1 << 64) - 1), builder.and_(shift, splat(_VECTOR, 63)))
            return builder.and_(builder.or_(found, splat(_VECTOR, int(LOWER))), kept)

        def step(value: Any, word: Any) -> Any:
            value = builder.mul(builder.xor(value, word), splat(_VECTOR, FACTOR))
            return builder.xor(value, builder.lshr(value, splat(_VECTOR, 32)))

        short = step(builder.xor(splat(_VECTOR, SEED), lengths), eight(0))
        has_second = builder.icmp_signed(">", lengths, splat(_VECTOR, 8))
        value = builder.mul(builder.select(has_second, step(short, eight(8)), short), splat(_VECTOR, LAST))
        value = builder.xor(value, builder.lshr(value, splat(_VECTOR, 29)))
        builder.store(value, place(3, args[4], _VECTOR), align=8)
        longer = builder.bitcast(builder.icmp_signed(">", lengths, splat(_VECTOR, 16)), ir.IntType(TOGETHER))
        return builder.zext(longer, _I64)

    return types.uint64(buffer, edges, types.int64, hashes, types.int64), generate


@inlined
def hash_edges(buffer: U8s, edges: I64s, edge_count: int, hashes: U64s, spans: I64s, count: int) -> int:
    """Hash the tokens edges[0]..edges[1], edges[2]..edges[3], ... into hashes[count:]; the new count."""
    found, tokens = hashes[count:], edge_count >> 1
    token = 0
    while token + TOGETHER <= tokens:
        longer = _hash_together(buffer, edges, 2 * token, found, token)
        while longer != _ZERO:
            _hash_edge(buffer, edges, token + trailing_zeros(longer), found)
            longer &= longer - _ONE
        token += TOGETHER
    for rest in range(token, tokens):
        _hash_edge(buffer, edges, rest, found)
    if spans.shape[0] > 0:
        for token in range(tokens):
            first = U64(token) << _ONE
            spans[count + token, 0], spans[count + token, 1] = edges[first], edges[first | _ONE]
    return count + tokens


@inlined
def _hash_edge(buffer: U8s, edges: I64s, token: int, found: U64s) -> None:
    first = U64(token) << _ONE  # unsigned: numba lets a signed number count from the end
    start, stop = edges[first], edges[first | _ONE]
    found[token] = hash_bytes(buffer, start, stop - start, LOWER)
