"""Sampled shingles of documents become candidate pairs, a range of keys at a time.

A pair is a candidate if it shares `passage_shingles_min` shingles, that is so many fewer of the sampled ones; of
documents that have fewer, half of theirs. Memory: a range of keys for each worker, and a word for each pair that shares
a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.held import CODES_MERGED, Held, I64s, U32s, U64s, gather, stretches, written
from dedup.config import Config
from dedup.engines.local import Engine
from dedup.kernels import join, passages

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def shared(held: Held, config: Config, engine: Engine) -> tuple[U64s, int]:
    """The codes of pairs that share enough, in order; and how many keys are furniture."""
    firsts, furniture = held.firsts(), 0

    def paired(number: int) -> tuple[U64s, I64s]:
        size = sum(int(part.passage_starts[number + 1] - part.passage_starts[number]) for part in held.parts)
        packed, filled = np.empty(size + 1, np.uint64), 0
        for part, first in zip(held.parts, firsts, strict=False):
            shingles = held.store.part(part.passages, *part.passage_starts[number : number + 2].tolist())
            counts = held.store.part(part.passage_counts, number * part.documents, (number + 1) * part.documents)
            own = held.numbers[first : first + part.documents]
            filled = passages.numbered(shingles, counts, own, packed, filled)
        packed = packed[:filled]
        packed.sort()
        limits = config.passage_documents_all, config.key_documents_max
        return written(lambda *out: passages.shared_shingles(packed, *limits, *out), filled // 8)

    def codes(given: tuple[U64s, I64s]) -> U64s:
        nonlocal furniture
        found, told = given
        furniture += int(told[0])
        return found

    distinct, counts = counted(map(codes, engine.mapped("passages", paired, range(passages.RANGES))))
    for part in held.parts:
        held.store.drop(part.passages)
    had, is_enough = _shingles(held), np.empty(len(distinct), bool)
    for first in range(0, len(distinct), CODES_MERGED):
        own = slice(first, first + CODES_MERGED)
        is_enough[own] = counts[own] >= _needed(distinct[own], had, config)
    return distinct[is_enough], furniture


def _shingles(held: Held) -> I64s:
    """How many sampled shingles each document has, by its number."""
    had = np.zeros(int(held.numbers[held.numbers != join.NONE].max(initial=0)) + 1, np.int64)
    for part, first in zip(held.parts, held.firsts(), strict=False):
        own = held.numbers[first : first + part.documents]
        counts = held.store.whole(part.passage_counts).reshape(passages.RANGES, part.documents)
        had[own[own != join.NONE]] = counts.sum(axis=0, dtype=np.int64)[own != join.NONE]
    return had


def _needed(codes: U64s, had: I64s, config: Config) -> I64s:
    """How many sampled shingles each pair must share."""
    fewer = np.minimum(had[(codes >> _HALF).astype(np.int64)], had[(codes & _LOW).astype(np.int64)])
    least = max(1, config.passage_shingles_min // config.passage_sampling)
    found: I64s = np.maximum(1, np.minimum(least, (fewer + 1) // 2))
    return found


def counted(found: Iterable[U64s]) -> tuple[U64s, U32s]:
    """The distinct of all codes, in order, and how often each came, never many of them twice in memory."""
    known, counts = np.zeros(0, np.uint64), np.zeros(0, np.uint32)

    def merge(fresh: U64s) -> int:
        nonlocal known, counts
        size, filled = len(known) + len(fresh), 0
        codes, often = np.empty(size, np.uint64), np.empty(size, np.uint32)  # memory that is not written to is none
        for old, new in stretches(known, fresh):
            made = _merged(known[old], counts[old], fresh[new])
            stop = filled + len(made[0])
            codes[filled:stop], often[filled:stop] = made
            filled = stop
        known, counts = codes[:filled], often[:filled]
        return filled

    gather(found, merge)
    return known, counts


def _merged(known: U64s, counts: U32s, fresh: U64s) -> tuple[U64s, NDArray[Any]]:
    distinct, own = np.unique(fresh, return_counts=True)
    both = np.concatenate((known, distinct))
    order = np.argsort(both, kind="stable")
    both, added = both[order], np.concatenate((counts, own))[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(both)), bool), both[1:] != both[:-1])))
    return both[starts], np.add.reduceat(added, starts) if len(starts) else added
