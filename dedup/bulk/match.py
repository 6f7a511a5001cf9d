"""Sketches become candidate pairs, a stretch of keys at a time, so that memory is a few bytes a document.

1. Documents with the same token sequence are grouped first; the first of each group stands for all, and the others are
   paired with it.
2. A band's keys and the documents' numbers are packed into one 64-bit word each and sorted: buckets are runs of equal
   upper halves. A bucket of more than `bucket_documents_max` documents gives a star round its first member.
3. The rarest terms are joined by counting (see `terms`), and so are sampled shingles (see `passages`).

Pairs are (m, 2) arrays of document numbers, a < b, distinct, in order. Neither the number of workers nor the memory
changes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dedup.bulk import passages, terms
from dedup.bulk.held import Held, I32s, I64s, U64s, merged, pairs_of, turns, written
from dedup.config import Config
from dedup.engines.local import Engine
from dedup.kernels import join

DIGESTS_AT_A_TIME = 1 << 18
"""Documents whose digests are sorted at a time: they stay in the processor's cache."""

_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Candidates:
    """pairs: (m, 2) int32. exact: (e, 2) int32, pairs of the same token sequence. capped: buckets over the limit.

    walked: documents that the terms led to, counted as often as they did, which is what the join costs.
    """

    pairs: I32s
    exact: I32s
    capped: dict[str, int]
    walked: int


def candidates(held: Held, config: Config, engine: Engine) -> Candidates:
    """The candidate pairs of all documents."""
    exact, standing = _same_sequence(held, engine)
    by_bands, buckets = _banded(standing, config, engine)
    by_terms, crowded, walked = terms.joined(standing, config, engine)
    by_passages, furniture = passages.shared(standing, config, engine)
    told = (("bands", buckets), ("terms", crowded), ("passages", furniture))
    capped = {name: count for name, count in told if count}
    return Candidates(pairs_of(merged([by_bands, by_terms, by_passages])), pairs_of(exact), capped, walked)


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
    return np.sort(np.concatenate(codes)), replace(held, numbers=numbers)


def _banded(held: Held, config: Config, engine: Engine) -> tuple[U64s, int]:
    """The pairs of documents that share the key of a band; and how many buckets were over the limit."""
    firsts = held.firsts()
    standing = int((held.numbers != join.NONE).sum())
    bands = held.parts[0].bands if held.parts else 0
    capped = 0

    def paired(taken: tuple[int, I64s]) -> tuple[U64s, I64s]:
        band, bounds = taken
        packed, count = np.empty(standing + 1, np.uint64), 0  # memory that is not written to is none
        for part, first in zip(held.parts, firsts, strict=False):
            keys = held.store.part(part.keys, band * part.documents, (band + 1) * part.documents)
            count = join.pack_keys(keys, held.numbers[first : first + part.documents], bounds, packed, count)
        packed = packed[:count]
        packed.sort()
        return written(lambda *out: join.bucket_pairs(packed, config.bucket_documents_max, *out), count // 8)

    def codes(given: tuple[U64s, I64s]) -> U64s:
        nonlocal capped
        found, told = given
        capped += int(told[0])
        return found

    each = turns(standing, config, engine.workers)
    taken = [(band, bounds) for band in range(bands) for bounds in each]
    found = merged(map(codes, engine.mapped(f"bands-{len(each)}", paired, taken)))
    for part in held.parts:
        held.store.drop(part.keys)
    return found, capped
