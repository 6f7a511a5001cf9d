"""The decorators of the kernels, and what numba has no words for: vectors, unaligned loads, bit scans.

1. `load64`, `store64`: eight bytes at any address of a uint8 array, as they lie (little endian only).
   `load64_at`, `prefetch_at`: the same by address, for arrays of which a kernel is given as many as there are.
2. `trailing_zeros`, `ones`, `prefetch`: llvm.cttz (64 for zero), llvm.ctpop, llvm.prefetch.
3. `class_masks`: 64 bytes become three 64-bit masks by vector compares on <64 x i8>; LLVM lowers them to
   AVX-512 mask compares, two AVX2 or four SSE2/NEON halves, whatever the machine has.
4. `lower_minima`: a * h + b modulo 2**32 and the minimum, LANES permutations held in registers, a hash
   broadcast.

Limits: nothing here checks bounds; the kernels that call it do. Source of the masks: Langdale and Lemire,
"Parsing gigabytes of JSON per second", VLDB Journal 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit
from numba import types as _types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic as _intrinsic
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])
U8s: TypeAlias = NDArray[np.uint8]
U16s: TypeAlias = NDArray[np.uint16]
U32s: TypeAlias = NDArray[np.uint32]
U64s: TypeAlias = NDArray[np.uint64]
I32s: TypeAlias = NDArray[np.int32]
I64s: TypeAlias = NDArray[np.int64]
U64 = np.uint64

_njit: Callable[..., Any] = njit  # its types know nothing of _nrt
kernel: Callable[[F], F] = _njit(nogil=True, cache=True)
"""What Python calls. Arrays are C-contiguous; the kernel checks their lengths, as nothing is checked at an
index."""
inner: Callable[[F], F] = _njit(nogil=True, cache=True, _nrt=False)
"""What kernels call and what allocates nothing: otherwise numba counts references, atomically, at every call
that has an array among its arguments, which made text outside ASCII five times slower."""
inlined: Callable[[F], F] = _njit(nogil=True, cache=True, _nrt=False, forceinline=True)
"""The same, put in its caller's place: an array is seven machine words, and so a call is dear."""

types: Any = _types
cgutils: Any = _cgutils
intrinsic: Callable[[Callable[..., Any]], Any] = _intrinsic  # the first parameter is not the caller's

AHEAD_BYTES = 2048
"""How far before it is read an array is asked for that is gone through from end to end. Not every processor does that
by itself, and not across pages: of 64 MB of text words were found four times as quickly on one that does not, nothing
was lost on others."""
LANES = 128
"""Permutations that `lower_minima` carries at once: 8 accumulators, 8 a and 8 b fill 24 of AVX-512's 32
registers; with 16 registers the compiler takes a and b from the L1 cache."""

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_WRITE, _NEAR, _DATA = _I32(1), _I32(3), _I32(1)
_BYTES = ir.VectorType(_I8, 64)
_WIDTH = 16
_WORDS = ir.VectorType(_I32, _WIDTH)


def splat(kind: ir.VectorType, value: int) -> ir.Constant:
    """A vector of one value."""
    return ir.Constant(kind, [ir.Constant(kind.element, value)] * kind.count)


def element_address(context: Any, builder: Any, array_type: Any, array: Any, at: Any, kind: Any) -> Any:
    """Pointer to element `at` (int64) of a C-contiguous array, to be read or written as `kind`."""
    if array_type.layout != "C":  # neighbours in the array would not be neighbours in memory
        raise TypeError(f"the kernels take C-contiguous arrays, not {array_type}")
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), kind.as_pointer())


@intrinsic
def load64(typing: Any, buffer: Any, at: Any) -> Any:
    """The eight bytes at `buffer[at:]` (uint8 array) as a uint64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(element_address(context, builder, signature.args[0], args[0], args[1], _I64))
        loaded.align = 1
        return loaded

    return types.uint64(buffer, types.int64), generate


@intrinsic
def store64(typing: Any, buffer: Any, at: Any, value: Any) -> Any:
    """`value` (uint64) into the eight bytes at `buffer[at:]` (uint8 array)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        stored = builder.store(args[2], element_address(context, builder, signature.args[0], args[0], args[1], _I64))
        stored.align = 1
        return context.get_dummy_value()

    return types.void(buffer, types.int64, types.uint64), generate


@intrinsic
def trailing_zeros(typing: Any, bits: Any) -> Any:
    """The number of the lowest bit that is set in `bits` (uint64), as int64; 64 for none."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def ones(typing: Any, bits: Any) -> Any:
    """How many bits are set in `bits` (uint64), as int64."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate


@intrinsic
def prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Ask for the cache line of element `at` (int64) of `array`, to be read soon, or written; never
    faults."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        line = element_address(context, builder, signature.args[0], args[0], args[1], _I8)
        kind = ir.FunctionType(ir.VoidType(), [line.type, _I32, _I32, _I32])
        asked = [line, _WRITE, _NEAR, _DATA]
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), asked)
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@intrinsic
def load64_at(typing: Any, address: Any) -> Any:
    """The uint64 at an address (int64), of an array that is kept meanwhile."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], _I64.as_pointer()))

    return types.uint64(types.int64), generate


@intrinsic
def prefetch_at(typing: Any, address: Any) -> Any:
    """Ask for the cache line at an address (int64), to be read soon; never faults."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        line = builder.inttoptr(args[0], _I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [line.type, _I32, _I32, _I32])
        builder.call(
            cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0"), [line, _I32(0), _NEAR, _DATA]
        )
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def class_masks(typing: Any, buffer: Any, at: Any) -> Any:
    """Masks of the 64 bytes at `buffer[at:]`, byte i in bit i: ASCII letters and digits, apostrophes,
    non-ASCII."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        block = builder.load(element_address(context, builder, signature.args[0], args[0], args[1], _BYTES))
        block.align = 1
        # A range check by wrapping subtraction is one compare; | 0x20 maps A-Z on a-z and nothing else below
        # 0x80.
        lower = builder.or_(block, splat(_BYTES, 0x20))
        letters = builder.icmp_unsigned("<", builder.sub(lower, splat(_BYTES, ord("a"))), splat(_BYTES, 26))
        digits = builder.icmp_unsigned("<", builder.sub(block, splat(_BYTES, ord("0"))), splat(_BYTES, 10))
        apostrophes = builder.icmp_unsigned("==", block, splat(_BYTES, ord("'")))
        beyond = builder.icmp_signed("<", block, splat(_BYTES, 0))
        masks = [builder.bitcast(mask, _I64) for mask in (builder.or_(letters, digits), apostrophes, beyond)]
        return context.make_tuple(builder, signature.return_type, masks)

    return types.UniTuple(types.uint64, 3)(buffer, types.int64), generate


@intrinsic
def lower_minima(typing: Any, hashes: Any, count: Any, a: Any, b: Any, minima: Any, first: Any) -> Any:
    """minima[j] = min(minima[j], a[j] * h + b[j] mod 2**32) over h in hashes[:count], j in first..first +
    LANES.

    hashes, a, b, minima: uint32 C-contiguous arrays (a two-dimensional one counts as flat); count, first:
    int64.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def pointer(which: int, at: Any, kind: Any) -> Any:
            return element_address(context, builder, signature.args[which], args[which], at, kind)

        def lanes(which: int, group: int) -> Any:
            return pointer(which, builder.add(args[5], _I64(group * _WIDTH)), _WORDS)

        def loaded(which: int, group: int) -> Any:
            value = builder.load(lanes(which, group))
            value.align = 4
            return value

        groups = range(LANES // _WIDTH)
        factors, terms = [loaded(2, group) for group in groups], [loaded(3, group) for group in groups]
        lowest = [cgutils.alloca_once_value(builder, loaded(4, group)) for group in groups]
        nothing, first_lane = ir.Constant(_WORDS, ir.Undefined), splat(_WORDS, 0)
        with cgutils.for_range(builder, args[1]) as loop:
            one = builder.insert_element(nothing, builder.load(pointer(0, loop.index, _I32)), _I32(0))
            spread = builder.shuffle_vector(one, nothing, first_lane)
            for group in groups:
                value = builder.add(builder.mul(factors[group], spread), terms[group])
                known = builder.load(lowest[group])
                less = builder.icmp_unsigned("<", value, known)
                builder.store(builder.select(less, value, known), lowest[group])
        for group in groups:
            stored = builder.store(builder.load(lowest[group]), lanes(4, group))
            stored.align = 4
        return context.get_dummy_value()

    return types.void(hashes, types.int64, a, b, minima, types.int64), generate
