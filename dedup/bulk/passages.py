"""Sampled shingles of documents become candidate pairs, a range of keys at a time.

A pair is a candidate if it shares `passage_shingles_min` shingles, that is so many fewer of the sampled ones; of
documents that have fewer, half of theirs. Memory: a range of keys for each worker, and what a pass knows (see `codes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from dedup.bulk.codes import CODES_MERGED, Runs, Tally, U64s, fitting, in_passes, room
from dedup.bulk.held import Held, I64s
from dedup.config import Config
from dedup.engines.local import Engine
from dedup.kernels import join, passages

_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def shared(held: Held, config: Config, engine: Engine, runs: Runs) -> int:
    """Adds the codes of pairs that share enough to `runs`: how many keys are furniture."""
    firsts, furniture, most = held.firsts(), 0, room(config) // 2

    def paired(asked: tuple[int, int, int]) -> tuple[U64s, int, I64s]:
        number, first_document, below = asked
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
        write = partial(passages.shared_shingles, packed, *limits)
        return fitting(write, (first_document, below), filled // 8, most)

    def given(tally: Tally) -> Iterator[tuple[U64s, int]]:
        nonlocal furniture
        asked = ((number, tally.first, tally.stop) for number in range(passages.RANGES))
        for found, stop, told in engine.mapped(f"passages-{tally.first}", paired, asked):
            furniture += int(told[0]) if tally.first == 0 else 0
            yield found, stop

    had = _shingles(held)
    for codes, counts in in_passes(given, config):
        for first in range(0, len(codes), CODES_MERGED):
            some = slice(first, first + CODES_MERGED)
            runs.add(codes[some][counts[some] >= _needed(codes[some], had, config)])
    for part in held.parts:
        held.store.drop(part.passages)
    return furniture


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
