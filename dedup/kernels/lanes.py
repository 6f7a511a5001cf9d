"""The inner loops of the network for words put in for others, sixteen numbers at a time, held in registers.

1. `unit_sum`: what the words and shapes around a place add to its HIDDEN units, and its figures by their weights; the
   units that are above zero, by their weights, in one sum.
2. `add_scaled`: a row of small whole numbers, by its scale, to sums.
3. `likest_three`: for each of many meanings its three greatest products with the others; GROUP meanings meet two times
   sixteen at once, two dimensions in a step: whole numbers, whose sums are exact.

LLVM lowers the vectors to what the machine has (AVX-512, two of AVX2, four of SSE2 or NEON); a product and a sum are
fused where the machine can. Limits: nothing here checks bounds; the kernels that call it do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

from dedup.kernels.simd import cgutils, types

_intrinsic: Callable[[Callable[..., Any]], Any] = intrinsic  # the first parameter is not the caller's

HIDDEN, PLACES, FIGURES, DIMENSIONS = 96, 9, 18, 50
ROW = 896
"""Bytes of a word's row: PLACES * HIDDEN whole numbers, PLACES factors of two bytes, and what fills the last line."""
FACTOR = 1 << 20
"""What the factors are multiples of, the other way round."""
WIDTH = 16
"""Numbers in one vector."""
GROUP = 4
"""Meanings that meet two vectors of others at once: eight sums in registers."""
LEAST = -1_000_000_000
"""Less than any product."""

_I16, _I32, _I64, _F32 = ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType()
_FLOATS, _WORDS = ir.VectorType(_F32, WIDTH), ir.VectorType(_I32, WIDTH)
_BYTES = ir.VectorType(ir.IntType(8), WIDTH)
_SHORTS = ir.VectorType(_I16, 2 * WIDTH)
_WIDE = ir.VectorType(_I32, 2 * WIDTH)


def _first(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """The address of an array's first element."""
    if kind.layout != "C":  # neighbours in the array would not be neighbours in memory
        raise TypeError(f"the kernels take C-contiguous arrays, not {kind}")
    return builder.ptrtoint(context.make_array(kind)(context, builder, array).data, _I64)


def _loaded(builder: Any, kind: Any, address: Any, by: int = 0, align: int = 4) -> Any:
    """What stands `by` bytes after an address."""
    value = builder.load(builder.inttoptr(builder.add(address, _I64(by)), kind.as_pointer()))
    value.align = align
    return value


def _splat(builder: Any, value: Any, kind: ir.VectorType = _FLOATS) -> Any:
    """A vector of one number over and over."""
    alone = builder.insert_element(ir.Constant(kind, ir.Undefined), value, _I32(0))
    return builder.shuffle_vector(alone, ir.Constant(kind, ir.Undefined), ir.Constant(_WORDS, [_I32(0)] * WIDTH))


def _fused(builder: Any, one: Any, other: Any, more: Any) -> Any:
    """one * other + more."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS] * 3)
    called = cgutils.get_or_insert_function(builder.module, kind, "llvm.fmuladd.v16f32")
    return builder.call(called, [one, other, more])


def _chosen(builder: Any, sign: str, one: Any, other: Any) -> Any:
    """The greater (`>`) or lesser (`<`) of each two."""
    compare = builder.fcmp_ordered if one.type == _FLOATS else builder.icmp_signed
    return builder.select(compare(sign, one, other), one, other)


def _total(builder: Any, vector: Any) -> Any:
    """The sum of a vector's numbers."""
    width = WIDTH
    while width > 1:
        width //= 2
        lanes = [_I32((at + width) % WIDTH) for at in range(WIDTH)]
        turned = builder.shuffle_vector(vector, vector, ir.Constant(_WORDS, lanes))
        vector = builder.fadd(vector, turned)
    return builder.extract_element(vector, _I32(0))


def _halves(builder: Any, shorts: Any) -> list[Any]:
    """The two halves of whole numbers, as floats."""
    parts = (range(WIDTH), range(WIDTH, 2 * WIDTH))
    halves = (builder.shuffle_vector(shorts, shorts, ir.Constant(_WORDS, [_I32(at) for at in part])) for part in parts)
    return [builder.sitofp(builder.sext(half, _WORDS), _FLOATS) for half in halves]


@_intrinsic
def unit_sum(
    typing: Any, words: Any, written: Any, at: Any, unit: Any, base: Any, figures: Any, weights: Any, top: Any
) -> Any:
    """What the hidden units of one place add up to.

    words: int64, the addresses of rows of ROW bytes, of which from `at` on PLACES are those of the words around;
    written: the same of their shapes, rows of PLACES * HIDDEN int16 in steps of `unit`. base, top: (HIDDEN,), figures:
    (n, FIGURES), weights: (FIGURES, HIDDEN), all float32.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        firsts = [_first(context, builder, signature.args[at], args[at]) for at in (0, 1, 4, 5, 6, 7)]
        words_at, shapes_at, bases, figures_at, weights_at, tops = firsts
        rows, shapes = (
            [_loaded(builder, _I64, builder.add(table, builder.mul(args[2], _I64(8))), 8 * one, 8)
             for one in range(PLACES)] for table in (words_at, shapes_at)
        )  # fmt: skip
        sums = _written(builder, shapes, bases, _splat(builder, args[3]))
        for place, row in enumerate(rows):
            factor = _loaded(builder, _I16, row, PLACES * HIDDEN + 2 * place, 2)
            scaled = builder.fmul(builder.uitofp(factor, _F32), _F32(1.0 / FACTOR))
            _add_row(builder, sums, row, place * HIDDEN, _splat(builder, scaled))
        own = builder.add(figures_at, builder.mul(args[2], _I64(4 * FIGURES)))
        for figure in range(FIGURES):
            value = _splat(builder, _loaded(builder, _F32, own, 4 * figure))
            for part, known in enumerate(sums):
                weight = _loaded(builder, _FLOATS, weights_at, 4 * (figure * HIDDEN + part * WIDTH))
                sums[part] = _fused(builder, value, weight, known)
        return _rectified(builder, sums, tops)

    return types.float32(words, written, types.int64, types.float32, base, figures, weights, top), generate


def _written(builder: Any, shapes: Sequence[Any], bases: Any, unit: Any) -> list[Any]:
    """What the shapes around a place add to what all places begin with."""
    sums: list[Any] = []
    for part in range(0, HIDDEN, 2 * WIDTH):
        added = _loaded(builder, _SHORTS, shapes[0], 2 * part, 2)
        for place, shape in enumerate(shapes[1:], 1):
            added = builder.add(added, _loaded(builder, _SHORTS, shape, 2 * (place * HIDDEN + part), 2))
        for half, floats in enumerate(_halves(builder, added)):
            start = _loaded(builder, _FLOATS, bases, 4 * (part + half * WIDTH))
            sums.append(_fused(builder, floats, unit, start))
    return sums


def _add_row(builder: Any, sums: list[Any], row: Any, first: int, factor: Any) -> None:
    """Adds HIDDEN numbers of a row times a factor to the sums."""
    for part, known in enumerate(sums):
        small = _loaded(builder, _BYTES, row, first + part * WIDTH, 1)
        sums[part] = _fused(builder, builder.sitofp(builder.sext(small, _WORDS), _FLOATS), factor, known)


def _rectified(builder: Any, sums: Sequence[Any], tops: Any) -> Any:
    """The sum of what is above zero, by weights."""
    zero = ir.Constant(_FLOATS, [_F32(0.0)] * WIDTH)
    total = zero
    for part, value in enumerate(sums):
        weight = _loaded(builder, _FLOATS, tops, 4 * part * WIDTH)
        total = _fused(builder, _chosen(builder, ">", value, zero), weight, total)
    return _total(builder, total)


@_intrinsic
def add_scaled(typing: Any, table: Any, first: Any, scale: Any, sums: Any) -> Any:
    """Adds 4 * WIDTH numbers of an int8 table, from its element `first` on, times scale to sums, float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bytes_, to = (_first(context, builder, signature.args[at], args[at]) for at in (0, 3))
        start, factor = builder.add(bytes_, args[1]), _splat(builder, args[2])
        for part in range(4):
            small = _loaded(builder, _BYTES, start, part * WIDTH, 1)
            value = builder.fmul(builder.sitofp(builder.sext(small, _WORDS), _FLOATS), factor)
            known = _loaded(builder, _FLOATS, to, 4 * part * WIDTH)
            address = builder.inttoptr(builder.add(to, _I64(4 * part * WIDTH)), _FLOATS.as_pointer())
            builder.store(builder.fadd(known, value), address).align = 4
        return context.get_dummy_value()

    return types.void(table, types.int64, types.float32, sums), generate


@_intrinsic
def likest_three(typing: Any, turned: Any, count: Any, width: Any, best: Any) -> Any:
    """The three greatest products of each meaning with the others and with nothing (0.0), into best.

    turned: (DIMENSIONS / 2, 2 * width) int16, the meanings as columns of two numbers each, zeros from `count` on;
    width: a multiple of 2 * WIDTH; best: (3, width) int32.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        table, found = (_first(context, builder, signature.args[at], args[at]) for at in (0, 3))
        width = builder.mul(args[2], _I64(4))
        least = ir.Constant(_WORDS, [_I32(LEAST)] * WIDTH)
        zero = ir.Constant(_WORDS, [_I32(0)] * WIDTH)
        greatest = [[cgutils.alloca_once(builder, _WORDS) for _ in range(3)] for _ in range(2)]
        steps = builder.sdiv(args[2], _I64(2 * WIDTH))
        groups = builder.sdiv(builder.add(args[1], _I64(GROUP - 1)), _I64(GROUP))
        with cgutils.for_range(builder, steps) as columns:
            first = builder.mul(columns.index, _I64(2 * WIDTH))
            for slots in greatest:
                for rank, slot in enumerate(slots):
                    builder.store(least if rank else zero, slot)
            with cgutils.for_range(builder, groups) as rows:
                row = builder.mul(rows.index, _I64(GROUP))
                products = _products(builder, table, width, first, row)
                for one in range(GROUP):
                    number = builder.add(row, _I64(one))
                    for block, value in enumerate(products[one]):
                        own = _own(builder, number, builder.add(first, _I64(block * WIDTH)), args[1])
                        _enter(builder, builder.select(own, least, value), greatest[block])
            for block, slots in enumerate(greatest):
                for rank, slot in enumerate(slots):
                    to = builder.add(found, builder.mul(width, _I64(rank)))
                    to = builder.add(to, builder.mul(builder.add(first, _I64(block * WIDTH)), _I64(4)))
                    builder.store(builder.load(slot), builder.inttoptr(to, _WORDS.as_pointer())).align = 4
        return context.get_dummy_value()

    return types.void(turned, types.int64, types.int64, best), generate


def _products(builder: Any, table: Any, width: Any, first: Any, row: Any) -> list[list[Any]]:
    """The products of GROUP meanings from `row` on with two vectors of them from `first` on."""
    zero = ir.Constant(_WORDS, [_I32(0)] * WIDTH)
    sums = [[cgutils.alloca_once(builder, _WORDS) for _ in range(2)] for _ in range(GROUP)]
    for slot in (slot for pair in sums for slot in pair):
        builder.store(zero, slot)
    with cgutils.for_range(builder, _I64(DIMENSIONS // 2)) as dimension:
        line = builder.add(table, builder.mul(width, dimension.index))
        column = builder.add(line, builder.mul(first, _I64(4)))
        others = [builder.sext(_loaded(builder, _SHORTS, column, 4 * WIDTH * half), _WIDE) for half in range(2)]
        start = builder.add(line, builder.mul(row, _I64(4)))
        for one, pair in enumerate(sums):
            value = _splat(builder, _loaded(builder, _I32, start, 4 * one), _WORDS)
            wide = builder.sext(builder.bitcast(value, _SHORTS), _WIDE)
            for slot, other in zip(pair, others, strict=True):
                builder.store(builder.add(_paired(builder, builder.mul(wide, other)), builder.load(slot)), slot)
    return [[builder.load(slot) for slot in pair] for pair in sums]


def _paired(builder: Any, products: Any) -> Any:
    """The sums of each two neighbours: with the product before it one instruction of most processors."""
    parts = (
        builder.shuffle_vector(products, products, ir.Constant(_WORDS, [_I32(2 * at + odd) for at in range(WIDTH)]))
        for odd in range(2)
    )
    return builder.add(*parts)


def _own(builder: Any, number: Any, first: Any, count: Any) -> Any:
    """Where a meaning meets itself among those from `first` on; everywhere, if there is none of this number."""
    lanes = ir.Constant(_WORDS, [_I32(at) for at in range(WIDTH)])
    away = builder.trunc(builder.sub(number, first), _I32)
    itself = builder.icmp_signed("==", lanes, _splat(builder, away, _WORDS))
    beyond = builder.sext(builder.icmp_signed(">=", number, count), _I32)
    beyond_all = builder.icmp_signed("!=", _splat(builder, beyond, _WORDS), ir.Constant(_WORDS, [_I32(0)] * WIDTH))
    return builder.or_(itself, beyond_all)


def _enter(builder: Any, value: Any, slots: Sequence[Any]) -> None:
    """Puts values among the three greatest: each place keeps the greater and hands on the lesser."""
    for slot in slots:
        known = builder.load(slot)
        builder.store(_chosen(builder, ">", known, value), slot)
        value = _chosen(builder, "<", known, value)
