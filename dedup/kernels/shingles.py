"""Token hashes become the hashes of shingles: the polynomial of w token hashes, and MurmurHash3's finaliser.

1. `block` takes some shingles at a time, which stay in the L1 cache for whoever makes something of them.
2. Shingles of five tokens, the usual width, are made by vectors, TOGETHER of them at a step; those that are left over,
   and others, one by one.
3. `shingle_hashes` gives those of documents, one behind another. As `sketch.shingle_hashes`, bit for bit.

Limits: nothing in `block` checks bounds; its callers do. Shingles of other widths take three to five times as long.
Source: Broder, "On the resemblance and containment of documents", 1997; the finaliser is A. Appleby's.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from dedup.kernels.simd import (
    AHEAD_BYTES,
    U64,
    I64s,
    U64s,
    element_address,
    inlined,
    inner,
    intrinsic,
    kernel,
    prefetch,
    splat,
    types,
)

BLOCK = 1024
"""Shingles made at a time: 8 KiB."""
TOGETHER = 16
"""Shingles made by one step: two vectors, since the products of one wait for each other."""
WIDTH = 5
"""Tokens of the shingles that are made by vectors."""
AHEAD_HASHES = AHEAD_BYTES // 8
PRIME = 0x9E3779B97F4A7C15
FMIX_A, FMIX_B = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53

_PRIME, _FMIX_A, _FMIX_B = U64(PRIME), U64(FMIX_A), U64(FMIX_B)
_I64 = ir.IntType(64)
_VECTOR = ir.VectorType(_I64, TOGETHER // 2)


@inlined
def fmix64(value: U64) -> U64:
    """The finaliser of 64-bit MurmurHash3."""
    value = (value ^ (value >> U64(33))) * _FMIX_A
    value = (value ^ (value >> U64(33))) * _FMIX_B
    return value ^ (value >> U64(33))


@intrinsic
def _five(typing: Any, hashes: Any, at: Any, values: Any, to: Any) -> Any:
    """The shingles of five tokens that begin at hashes[at:at + TOGETHER] into values[to:to + TOGETHER]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def vector(which: int, offset: int) -> Any:
            place = builder.add(args[which + 1], _I64(offset))
            return element_address(context, builder, signature.args[which], args[which], place, _VECTOR)

        starts, folded = range(0, TOGETHER, _VECTOR.count), splat(_VECTOR, 33)
        sums = [builder.load(vector(0, start), align=8) for start in starts]
        for token in range(1, WIDTH):
            raised = [builder.mul(one, splat(_VECTOR, PRIME)) for one in sums]
            further = [builder.load(vector(0, start + token), align=8) for start in starts]
            sums = [builder.add(*both) for both in zip(raised, further, strict=True)]
        for factor in (FMIX_A, FMIX_B):
            sums = [builder.mul(builder.xor(one, builder.lshr(one, folded)), splat(_VECTOR, factor)) for one in sums]
        for one, start in zip(sums, starts, strict=True):
            builder.store(builder.xor(one, builder.lshr(one, folded)), vector(2, start), align=8)
        return context.get_dummy_value()

    return types.void(hashes, types.int64, values, types.int64), generate


@inner
def block(hashes: U64s, first: int, count: int, width: int, values: U64s) -> None:
    """The hashes of the shingles that begin at tokens first..first + count - 1, into values[:count]."""
    at = 0
    if width == WIDTH:
        while at + TOGETHER <= count:
            prefetch(hashes, first + at + AHEAD_HASHES)
            prefetch(hashes, first + at + AHEAD_HASHES + TOGETHER // 2)
            _five(hashes, first + at, values, at)
            at += TOGETHER
    for i in range(at, count):
        value = hashes[first + i]
        for offset in range(1, width):
            value = value * _PRIME + hashes[first + i + offset]
        values[i] = fmix64(value)


@inlined
def number(tokens: int, width: int) -> int:
    """Shingles of a document: one, if it has fewer tokens than a shingle, but some."""
    return max(tokens - width + 1, min(tokens, 1))


@kernel
def shingle_hashes(hashes: U64s, counts: I64s, width: int, shingles: U64s, shingle_counts: I64s) -> int:
    """The shingle hashes of every document, in order: their number.

    hashes: (t,) token hashes of all documents. counts: (n,) tokens of each. width: tokens in a shingle, >= 1;
    a document of fewer tokens, but some, is one shingle. shingles: (t,) at least, out. shingle_counts: (n,),
    out.
    """
    if len(shingles) < counts.sum() or len(hashes) < counts.sum() or len(shingle_counts) < len(counts) or width < 1:
        raise ValueError("arrays too short, or width below 1")
    token = written = 0
    for document in range(len(counts)):
        count = number(counts[document], width)
        block(hashes, token, count, min(width, counts[document]), shingles[written:])
        shingle_counts[document] = count
        written += count
        token += counts[document]
    return written
