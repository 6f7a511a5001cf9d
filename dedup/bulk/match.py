"""Sketches become candidate pairs, a stretch of keys at a time, so that memory is a few bytes a document.

1. Documents with the same token sequence are grouped first; the first of each group stands for all, and the others are
   paired with it.
2. A band's keys and the documents' numbers are packed into one 64-bit word each and sorted: buckets are runs of equal
   upper halves. A bucket of more than `bucket_documents_max` documents gives a star round its first member.
3. The rarest terms are joined by counting (see `terms`), and so are sampled shingles (see `passages`).
4. What all of them give waits in the store and is put in order there (see `codes`).

Pairs are (m, 2) columns of document numbers, a < b, distinct, in order. Neither the number of workers nor the memory
changes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from dedup.bulk import passages, terms
from dedup.bulk.codes import Runs, Tally, U64s, column, fitting, in_passes, room
from dedup.bulk.held import Held, I64s, turns
from dedup.config import Config
from dedup.engines.local import Engine
from dedup.engines.store import Columns
from dedup.filed import Filed
from dedup.kernels import join

DIGESTS_AT_A_TIME = 1 << 18
"""Documents whose digests are sorted at a time: they stay in the processor's cache."""

_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Candidates:
    """pairs: (m, 2) int32, in a store. capped: buckets over the limit.

    walked: documents that the terms led to, counted as often as they did, which is what the join costs.
    """

    pairs: Filed
    capped: dict[str, int]
    walked: int


def candidates(held: Held, config: Config, engine: Engine, store: Columns) -> Candidates:
    """The candidate pairs of all documents, which are put into a store."""
    runs = Runs(store)
    exact, standing = _same_sequence(held, engine)
    runs.add(exact)
    buckets = _banded(standing, config, engine, runs)
    crowded, walked = terms.joined(standing, config, engine, runs)
    furniture = passages.shared(standing, config, engine, runs)
    told = (("bands", buckets), ("terms", crowded), ("passages", furniture))
    capped = {name: count for name, count in told if count}
    return Candidates(column(runs, store), capped, walked)


def _same_sequence(held: Held, engine: Engine) -> tuple[U64s, Held]:
    """Pairs of the first document of each token sequence with the others of it; and what is left, without these others
    and without documents that have no words."""
    digests = np.concatenate([np.zeros(0, np.uint64), *(held.store.whole(part.digests) for part in held.parts)])
    numbers = np.where(digests == 0, join.NONE, held.numbers)
    parts = max(1, len(digests) // DIGESTS_AT_A_TIME)
    cuts = np.linspace(0, 2.0**64, parts + 1)[1:-1].astype(np.uint64)
    places = [np.zeros(0, np.int64)]
    codes = [np.zeros(0, np.uint64)]

    def followers(number: int) -> tuple[I64s, U64s]:
        chosen = numbers != join.NONE
        if number:
            chosen &= digests >= cuts[number - 1]
        if number < parts - 1:
            chosen &= digests < cuts[number]
        where = np.flatnonzero(chosen)
        where = where[np.argsort(digests[where])]
        sequence = digests[where]
        own = numbers[where].astype(np.uint64)
        starts = np.flatnonzero(np.concatenate((np.ones(min(1, len(where)), bool), sequence[1:] != sequence[:-1])))
        first = np.repeat(np.minimum.reduceat(own, starts), np.diff(starts, append=len(where))) if len(where) else own
        follows = first != own
        return where[follows], first[follows] << _HALF | own[follows]

    for some, exact in engine.mapped("digests", followers, range(parts)):
        places.append(some)
        codes.append(exact)
    numbers[np.concatenate(places)] = join.NONE
    for part in held.parts:
        held.store.drop(part.digests)
    return np.concatenate(codes), replace(held, numbers=numbers)


def _banded(held: Held, config: Config, engine: Engine, runs: Runs) -> int:
    """Adds the codes of pairs that share the key of a band to `runs`: how many buckets were over the limit."""
    firsts = held.firsts()
    standing = int((held.numbers != join.NONE).sum())
    bands = held.parts[0].bands if held.parts else 0
    capped, most = 0, room(config) // 2

    def paired(asked: tuple[int, I64s, int, int]) -> tuple[U64s, int, I64s]:
        band, bounds, first_document, below = asked
        packed, count = np.empty(standing + 1, np.uint64), 0  # memory that is not written to is none
        for part, first in zip(held.parts, firsts, strict=False):
            keys = held.store.part(part.keys, band * part.documents, (band + 1) * part.documents)
            count = join.pack_keys(keys, held.numbers[first : first + part.documents], bounds, packed, count)
        packed = packed[:count]
        packed.sort()
        write = partial(join.bucket_pairs, packed, config.bucket_documents_max)
        return fitting(write, (first_document, below), count // 8, most)

    each = turns(standing, config, engine.workers)

    def given(tally: Tally) -> Iterator[tuple[U64s, int]]:
        nonlocal capped
        asked = ((band, bounds, tally.first, tally.stop) for band in range(bands) for bounds in each)
        for found, stop, told in engine.mapped(f"bands-{len(each)}-{tally.first}", paired, asked):
            capped += int(told[0]) if tally.first == 0 else 0
            yield found, stop

    for known, _ in in_passes(given, config):
        runs.add(known)
    for part in held.parts:
        held.store.drop(part.keys)
    return capped
