"""The rarest terms of documents become candidate pairs, a range of terms or a partition at a time.

1. Each range of terms is sorted by itself, which tells of every place in how many documents its term is.
2. Each partition's documents keep their rarest terms (`kernels.postings.select_terms`), within a budget of documents
   that these lead to.
3. Each range of what is left is sorted again: the documents of every term.
4. Documents are taken block by block, and in each every partition walks its terms' documents and counts.

Memory: the terms lie in the store; a range takes its share for sorting (see `held.turns`), a block BLOCK_SHARE of the
memory of the run. A counter a document of a block and two bytes a document of the corpus come on top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.codes import Runs, written
from dedup.bulk.held import KEYS, Held, I64s, Part, turns
from dedup.config import Config
from dedup.engines.local import Engine
from dedup.engines.store import Block
from dedup.kernels import join, postings
from dedup.kernels import partners as sharing

U8s = NDArray[np.uint8]
U64s = NDArray[np.uint64]

BLOCK_SHARE = 8
"""The part of `memory_bytes`, one in so many, that the documents of the terms in a block take."""
JOIN_PARTNERS_MAX = 64
"""Documents before it that a document is paired with by its terms: one template filled in a thousand times must not
make half a million pairs. Further ones are counted as capped; each is compared with the kept copy all the same."""
JOIN_BUDGET_DOCUMENTS = 1024
"""Documents that the terms of one document may lead to, at least: in a corpus of few distinct words even the rarest are
in hundreds of documents, and fewer terms then decide."""
JOIN_BUDGET_PARTNERS = 8
"""The same for a document of one or two terms, which is compared with every document that it shares one with: a line of
common words that shares a word with a thousand others has told nothing. Of a million lines it leaves one candidate in
thirty."""
WALKS_MAX = 1 << 30
"""Documents that all terms together may lead to where that leaves each more: a second or two of walking."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of a range that two documents or more hold. numbers: by place in the range, the number of the term.

    starts: (count + 1,) int64, where each term's documents begin in `documents`.
    """

    numbers: Block
    starts: Block
    documents: Block
    count: int


@dataclass(frozen=True, slots=True)
class _Partners:
    """What pairs are held to. needed: by number, the terms that a pair must share. had: by part, the partners that each
    of its documents has of earlier blocks. limits: most partners, most terms of a document."""

    needed: U8s
    had: list[U8s]
    limits: I64s


def joined(held: Held, config: Config, engine: Engine, runs: Runs) -> tuple[int, int]:
    """Adds the codes of pairs that share enough of their rarest terms to `runs`: how many documents have too many
    partners, and the documents walked."""
    chosen, needed = _selected(held, config, engine)
    workers = engine.workers
    terms = list(
        engine.mapped("terms", lambda number: _grouped(number, chosen, config, workers), range(postings.RANGES))
    )
    count = max(1, -(-sum(one.documents.size for one in terms) * 4 * BLOCK_SHARE // config.memory_bytes))
    count = max(count, -(-len(needed) // sharing.BLOCK_DOCUMENTS))
    cuts = np.linspace(0, len(needed), count + 1).astype(np.int64)
    had = [np.zeros(part.documents, np.uint8) for part in chosen.parts]
    limits = np.array((JOIN_PARTNERS_MAX, config.term_count), np.int64)
    told = np.zeros(2, np.int64)

    for number in range(count):
        walk = _walk(cuts[number : number + 2].copy(), terms, chosen, _Partners(needed, had, limits))
        done = engine.mapped(f"walks-{count}-{number}", walk, range(len(chosen.parts)))
        for at, (found, had_now, of_part) in enumerate(done):
            had[at], told[:] = had_now, told + of_part
            runs.add(found)
    return int(told[0]), int(told[1])


def _selected(held: Held, config: Config, engine: Engine) -> tuple[Held, U8s]:
    """The parts with the terms by which documents join, and how many of them a pair must share, by number."""
    workers = engine.workers
    counts = list(
        engine.mapped("counts", lambda number: _counted(number, held, config, workers), range(postings.RANGES))
    )
    places = [_places(held.parts, number) for number in range(postings.RANGES)]
    firsts = held.firsts()
    budget = max(JOIN_BUDGET_DOCUMENTS, WALKS_MAX // max(1, _documents(held)))
    limits = np.array((config.term_count, config.terms_shared_min, budget, JOIN_BUDGET_PARTNERS), np.int64)
    needed = np.zeros(_documents(held), np.uint8)

    def chosen(number: int) -> tuple[Block, I64s, Block, I64s]:
        part = held.parts[number]
        terms, in_range = held.store.whole(part.terms).copy(), _counts(part, held).copy()
        held_by = [
            held.store.part(block, *place[number : number + 2]) for block, place in zip(counts, places, strict=True)
        ]
        stops, kept = np.empty(postings.RANGES, np.int64), np.empty(part.documents, np.int64)
        postings.select_terms(terms, np.concatenate(held_by), part.term_starts, in_range, limits, stops, kept)
        left = [terms[start:stop] for start, stop in zip(part.term_starts, stops, strict=False)]
        starts = np.cumsum([0, *map(len, left)])
        put = held.store.put
        return put(np.concatenate(left)), starts, put(in_range.reshape(-1)), kept

    parts: list[Part] = []
    done = engine.mapped("chosen", chosen, range(len(held.parts)))
    for part, (left, starts, in_range, kept) in zip(held.parts, done, strict=True):
        own = held.numbers[firsts[len(parts)] : firsts[len(parts) + 1]]
        shared = np.maximum(1, np.minimum(min(config.terms_shared_min, 255), (kept + 1) // 2))
        needed[own[own != join.NONE]] = shared[own != join.NONE]
        held.store.drop(part.terms)
        held.store.drop(part.term_counts)
        parts.append(replace(part, terms=left, term_starts=starts, term_counts=in_range))
    for block in counts:
        held.store.drop(block)
    return replace(held, parts=parts), needed


def _documents(held: Held) -> int:
    """Below it are the numbers of all documents."""
    numbers = held.numbers[held.numbers != join.NONE]
    return int(numbers.max()) + 1 if len(numbers) else 0


def _places(parts: Sequence[Part], number: int) -> list[int]:
    """Where the terms of each part begin in a range of all parts, and the end."""
    sizes = (int(part.term_starts[number + 1] - part.term_starts[number]) for part in parts)
    return list(accumulate(sizes, initial=0))


def _counts(part: Part, held: Held) -> U8s:
    """How many terms every document of a part has in every range."""
    return held.store.whole(part.term_counts).reshape(postings.RANGES, part.documents)


def _packed(number: int, bounds: I64s, held: Held, names: int) -> tuple[U64s, U64s]:
    """The terms of a range within bounds, with their places, and, `names` being 1, with their documents; sorted."""
    places, firsts = _places(held.parts, number), held.firsts()
    packed, filled = np.empty(places[-1], np.uint64), 0
    named = np.empty(places[-1] * names, np.uint64)
    for at, part in enumerate(held.parts):
        terms = held.store.part(part.terms, *part.term_starts[number : number + 2].tolist())
        counts = held.store.part(part.term_counts, number * part.documents, (number + 1) * part.documents)
        own = held.numbers[firsts[at] : firsts[at + 1]]
        filled = postings.pack_terms(terms, counts, own, bounds, places[at], packed, named, filled)
    packed, named = packed[:filled], named[: filled * names]
    packed.sort()
    named.sort()
    return packed, named


def _bounds(number: int, held: Held, names: int, config: Config, workers: int) -> list[I64s]:
    """The turns in which a range is sorted."""
    width = KEYS >> postings.RANGE_BITS
    words = _places(held.parts, number)[-1] * (1 + names)
    return turns(words, config, workers, number * width, (number + 1) * width)


def _counted(number: int, held: Held, config: Config, workers: int) -> Block:
    """By place in a range, how many documents hold the term; 0 if only one does, or too many."""
    most = config.term_documents_max
    counts: NDArray[Any] = np.zeros(_places(held.parts, number)[-1], np.uint16 if most < 1 << 16 else np.uint32)
    for bounds in _bounds(number, held, 0, config, workers):
        packed, _ = _packed(number, bounds, held, 0)
        postings.document_counts(packed, most, counts)
    return held.store.put(counts)


def _grouped(number: int, held: Held, config: Config, workers: int) -> _Terms:
    """The terms of a range."""
    size = _places(held.parts, number)[-1]
    numbers, starts = np.full(size, join.NONE), [np.zeros(1, np.int64)]
    documents, terms, filled = np.empty(size, np.uint32), 0, 0
    for bounds in _bounds(number, held, 1, config, workers):
        packed, named = _packed(number, bounds, held, 1)
        ends = np.empty(len(packed) // 2 + 1, np.int64)
        found = postings.group_terms(packed, named, terms, filled, numbers, ends, documents)
        starts.append(ends[:found])
        terms, filled = terms + found, int(ends[found - 1]) if found else filled
    put = held.store.put
    return _Terms(put(numbers), put(np.concatenate(starts)), put(documents[:filled].copy()), terms)


def _walk(
    block: I64s, terms: Sequence[_Terms], held: Held, partners: _Partners
) -> Callable[[int], tuple[U64s, U8s, I64s]]:
    """What gives of a part the pairs of its documents with earlier ones in a block, the partners that these have then,
    and what the kernel told."""
    store, firsts = held.store, held.firsts()
    bases = np.cumsum([0, *(one.count for one in terms)])
    places = [_places(held.parts, number) for number in range(postings.RANGES)]
    starts = np.empty(int(bases[-1]) + 1, np.uint32)
    documents = np.empty(sum(one.documents.size for one in terms), np.uint32)
    filled = 0
    for one, (first, last) in zip(terms, pairwise(bases.tolist()), strict=True):
        filled = sharing.within(
            store.whole(one.starts),
            store.whole(one.documents),
            block,
            partners.needed,
            starts[first:last],
            documents,
            filled,
        )
    starts[-1] = filled

    def walked(number: int) -> tuple[U64s, U8s, I64s]:
        part, own = held.parts[number], held.numbers[firsts[number] : firsts[number + 1]]
        numbers = np.concatenate(
            [store.part(one.numbers, *place[number : number + 2]) for one, place in zip(terms, places, strict=True)]
        )
        had = partners.had[number].copy()

        def write(codes: U64s, told: I64s) -> int:
            had[:] = partners.had[number]
            lists = (starts, documents, bases, numbers, part.term_starts, _counts(part, held), own)
            return sharing.shared_terms(*lists, block, partners.needed, had, partners.limits, codes, told)

        codes, told = written(write, len(own))
        return codes, had, told

    return walked
