"""Sampled shingles of documents become candidate pairs, a range of keys at a time.

A pair is a candidate if it shares `passage_shingles_min` shingles, that is so many fewer of the sampled ones; of
documents that have fewer, half of theirs. Memory: a range of keys for each worker, and a word for each pair that shares
a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from dedup.bulk.held import CODES_MERGED, Held, I64s, U64s, written
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

    def codes() -> Iterator[U64s]:
        nonlocal furniture
        for found, told in engine.mapped("passages", paired, range(passages.RANGES)):
            furniture += int(told[0])
            yield found

    distinct, counts = counted(codes())
    for part in held.parts:
        held.store.drop(part.passages)
    return distinct[counts >= _needed(distinct, held, config)], furniture


def _needed(codes: U64s, held: Held, config: Config) -> I64s:
    """How many sampled shingles each pair must share."""
    had = np.zeros(int(held.numbers[held.numbers != join.NONE].max(initial=0)) + 1, np.int64)
    for part, first in zip(held.parts, held.firsts(), strict=False):
        own = held.numbers[first : first + part.documents]
        counts = held.store.whole(part.passage_counts).reshape(passages.RANGES, part.documents)
        had[own[own != join.NONE]] = counts.sum(axis=0, dtype=np.int64)[own != join.NONE]
    fewer = np.minimum(had[(codes >> _HALF).astype(np.int64)], had[(codes & _LOW).astype(np.int64)])
    least = max(1, config.passage_shingles_min // config.passage_sampling)
    found: I64s = np.maximum(1, np.minimum(least, (fewer + 1) // 2))
    return found


def counted(found: Iterable[U64s]) -> tuple[U64s, I64s]:
    """The distinct of all codes, in order, and how often each came, never many of them twice in memory."""
    known, counts = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    fresh, waiting = [known], 0
    for codes in found:
        fresh.append(codes)
        waiting += len(codes)
        if waiting > max(CODES_MERGED, len(known)):
            known, counts = _merged(known, counts, np.concatenate(fresh))
            fresh, waiting = [np.zeros(0, np.uint64)], 0
    return _merged(known, counts, np.concatenate(fresh))


def _merged(known: U64s, counts: I64s, fresh: U64s) -> tuple[U64s, I64s]:
    distinct, own = np.unique(fresh, return_counts=True)
    both = np.concatenate((known, distinct))
    order = np.argsort(both, kind="stable")
    both, added = both[order], np.concatenate((counts, own))[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(both)), bool), both[1:] != both[:-1])))
    return both[starts], np.add.reduceat(added, starts) if len(starts) else added
