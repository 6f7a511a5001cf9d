"""Candidate pairs become findings: every pair compared token by token, by kernels, on texts that are read again.

1. Pairs are taken in parts; the documents of a part are read, tokenised and compared (`kernels.compare`, and
   `kernels.minhash.resemblances` for the exact resemblance).
2. The sums make the same columns, `figures.Compared`, as the comparison of one pair does, and `judge` decides.
3. A pair with a document whose encoding was repaired is compared one at a time, by the way that keeps its spans; so is
   a pair of texts that are not ASCII where the likeness of replaced words decides, which the kernel measures on bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import align, clean, figures, judge, language, readings, rules
from dedup.bulk import wordlists
from dedup.bulk.again import texts_at
from dedup.bulk.sketch import token_hashes
from dedup.columns import CHANNELS, Pairs
from dedup.config import Config
from dedup.engines import memory
from dedup.engines.local import Engine
from dedup.engines.store import Columns
from dedup.filed import Column
from dedup.kernels import compare, minhash
from dedup.kernels.readings import listed
from dedup.model import EXACT, Corpus
from dedup.progress import Progress, followed

PART_PAIRS = 1024
"""Pairs that a worker takes at a time: some 10 MB of text."""
GAP_CELLS_MAX = 1 << 24
"""Cells of a gap between anchors up to which it is filled: both sides 4,096 tokens."""
PASSAGES_TOLD = 8
PARTS_TOGETHER = 64
"""Parts after which freed memory is given back: that takes some milliseconds."""

U64s = NDArray[np.uint64]
I64s = NDArray[np.int64]
F64s = NDArray[np.float64]
OneByOne = Callable[[Corpus, int, int], figures.Compared]
Reader = Callable[[Corpus, Sequence[int], Config], tuple[NDArray[np.uint8], I64s]]
"""What gives the texts of documents, as `again.texts_at` does."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What pairs are compared by: the documents, the options, the engine, what compares two by themselves, and the
    store in which findings wait."""

    corpus: Corpus
    config: Config
    engine: Engine
    one_by_one: OneByOne
    store: Columns


def findings(name: str, pairs: Column, by: Asked, progress: Progress) -> Pairs:
    """The findings on pairs (m, 2) of document numbers, in order if these are; pairs that share nothing give none.

    name: of the stage.
    """
    corpus, config, one_by_one = by.corpus, by.config, by.one_by_one  # what the stage takes along, and not the store
    firsts = range(0, len(pairs), PART_PAIRS)
    sizes = [min(PART_PAIRS, len(pairs) - first) for first in firsts]
    parts = (pairs[first : first + PART_PAIRS] for first in firsts)

    def judged(part: I64s) -> Pairs:
        return replace(_judged(part, corpus, config, one_by_one, texts_at).ordered(), ids=())

    found = followed(by.engine.mapped(name, judged, parts), sizes, progress)
    none = _findings(pairs[:0], figures.nothing(), corpus, config)
    return replace(Pairs.joined(chain([none], _given_back(found)), by.store), ids=corpus.ids)


def _given_back(found: Iterable[Pairs]) -> Iterator[Pairs]:
    """The same, and what comparing them freed goes back to the system now and then: it lies between what is kept."""
    for number, part in enumerate(found):
        yield part
        if number % PARTS_TOGETHER == PARTS_TOGETHER - 1:
            memory.give_back()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The documents of some pairs, tokenised. pairs: as they are compared. places: the same by place here.

    data: their texts. starts, offsets: where each one's tokens and bytes begin. known: see `language.is_known`.
    """

    data: bytes
    buffer: NDArray[np.uint8]
    offsets: I64s
    hashes: U64s
    spans: I64s
    starts: I64s
    known: NDArray[np.bool_]
    pairs: I64s
    places: I64s


def _loaded(pairs: I64s, corpus: Corpus, config: Config, reader: Reader = texts_at) -> _Loaded:
    """The documents of the pairs, each read once, and each pair turned so that its words decide which comes first."""
    numbers, inverse = np.unique(pairs, return_inverse=True)
    places = inverse.reshape(-1, 2).astype(np.int64)
    buffer, offsets = reader(corpus, numbers.tolist(), config)
    hashes, counts, spans = token_hashes(buffer, offsets, spans=True)
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(hashes)))
    sums = totals[starts[1:]] - totals[starts[:-1]]
    a, b = places.T
    turned = (counts[b] < counts[a]) | ((counts[b] == counts[a]) & (sums[b] < sums[a]))
    return _Loaded(
        buffer.tobytes(),
        buffer,
        offsets,
        hashes,
        spans,
        starts,
        _known(hashes, starts),
        np.where(turned[:, None], pairs[:, ::-1], pairs),
        np.ascontiguousarray(np.where(turned[:, None], places[:, ::-1], places)),
    )


def of_part(pairs: I64s, corpus: Corpus, config: Config, one_by_one: OneByOne, reader: Reader) -> Pairs:
    """The findings on a few pairs, in order, of texts that `reader` gives: what an index asks, whose texts it keeps."""
    return _judged(pairs, corpus, config, one_by_one, reader).ordered()


def _judged(pairs: I64s, corpus: Corpus, config: Config, one_by_one: OneByOne, reader: Reader = texts_at) -> Pairs:
    """The findings on the pairs of a part."""
    loaded = _loaded(pairs, corpus, config, reader)
    compared = _compared(loaded, config)
    alone = _wants_care(compared, loaded, config)
    if corpus.notable:
        alone |= np.isin(loaded.pairs, list(corpus.notable)).any(axis=1)
    parts = [_findings(loaded.pairs[~alone], compared.taken(~alone), corpus, config)]
    if alone.any():
        ones = [one_by_one(corpus, a, b) for a, b in loaded.pairs[alone].tolist()]
        parts.append(_findings(loaded.pairs[alone], figures.joined(ones), corpus, config))
    return Pairs.joined(parts)


def _findings(documents: I64s, compared: figures.Compared, corpus: Corpus, config: Config) -> Pairs:
    met = np.zeros((len(documents), len(CHANNELS)), np.int64)
    made = judge.findings(corpus.ids, documents, compared, met, config)
    return made.turned(made.documents[:, 0] > made.documents[:, 1])


def _compared(loaded: _Loaded, config: Config) -> figures.Compared:
    """The pairs compared by the kernels."""
    size = len(loaded.pairs)
    counts, sums = np.zeros((size, 12), np.int64), np.zeros((size, 9), np.float64)
    ranges = np.zeros((size, PASSAGES_TOLD, 5), np.int64)
    shared, union = np.zeros(size, np.int64), np.zeros(size, np.int64)
    weights, english = np.array(list(readings.WEIGHTS.values())), wordlists.english()
    texts = (loaded.hashes, loaded.starts, loaded.buffer, loaded.offsets, loaded.spans)
    compare.compare(
        *texts, loaded.places, *_limits(config), english.zipfs, english.bigrams, weights, counts, sums, ranges
    )
    minhash.resemblances(loaded.hashes, loaded.starts, loaded.places, config.shingle_length_tokens, shared, union)
    words = np.diff(loaded.starts)[loaded.places]
    seen = _figures(counts, sums[:, compare.SIMILARITY], shared / np.maximum(1, union), words)
    known = np.asarray(loaded.known[loaded.places].any(axis=1))
    told_of = np.where(known[:, None], sums[:, compare.FREQUENCY : compare.PLACES + 1], 0.0)
    told = np.flatnonzero(ranges[:, :, 1].ravel())
    rows = told // PASSAGES_TOLD
    starts = np.searchsorted(rows, np.arange(size + 1))
    passages = _characters(ranges.reshape(-1, 5)[told], loaded.places[rows], loaded)
    found = figures.Compared(seen, _sameness(seen, loaded), told_of, np.zeros(size), passages, starts)
    return replace(found, figures=replace(seen, likeness=_likeness(found, loaded, config)))


def _likeness(compared: figures.Compared, loaded: _Loaded, config: Config) -> F64s:
    """The likeness of letters, asked where words tell of no copy."""
    asked = rules.unexplained(compared, config)
    found = np.zeros(len(asked))
    for row in np.flatnonzero(asked).tolist():
        bounds = ((loaded.offsets[one], loaded.offsets[one + 1]) for one in loaded.places[row].tolist())
        a, b = (loaded.data[start:stop].decode("utf-8", "surrogatepass") for start, stop in bounds)
        if agreeing := figures.agreement(a, b):
            found[row] = figures.likeness(agreeing, *([word for word, _, _ in clean.words(text)] for text in (a, b)))
    return found


def _wants_care(compared: figures.Compared, loaded: _Loaded, config: Config) -> NDArray[np.bool_]:
    """Which findings hang on the likeness of words that are not ASCII, which the kernel measures on bytes."""
    if loaded.data.isascii():
        return np.zeros(len(loaded.pairs), bool)
    bounds = zip(loaded.offsets[:-1].tolist(), loaded.offsets[1:].tolist(), strict=True)
    foreign = np.array([not loaded.data[start:stop].isascii() for start, stop in bounds])
    relation = rules.relations(compared, config)
    hangs = ~np.isin(relation, (EXACT, rules.NONE)) & (compared.figures.resemblance < config.threshold)
    found: NDArray[np.bool_] = hangs & np.any(foreign[loaded.places], axis=1)
    return found


def _known(hashes: U64s, starts: I64s) -> NDArray[np.bool_]:
    """For each document whether `language.is_known` of its words."""
    seen = np.zeros(len(starts) - 1, np.int64)
    listed(hashes, starts, wordlists.english().frequent, language.KNOWN_TOKENS, seen)
    found: NDArray[np.bool_] = seen >= language.KNOWN_SHARE * np.minimum(np.diff(starts), language.KNOWN_TOKENS)
    return found


def _limits(config: Config) -> tuple[I64s, F64s]:
    """The places are those of `kernels.anchors`."""
    limits = (
        config.anchor_length_tokens,
        config.passage_equal_tokens_min,
        config.passage_gap_tokens,
        align.RUNS_OPEN_MAX,
        config.spun_window_tokens,
        GAP_CELLS_MAX,
    )
    return np.array(limits, np.int64), np.array((align.gap_token_price(config), align.GAP_OPEN, align.GAP_EXTEND))


def _figures(
    counts: I64s,
    similarity: F64s,
    resemblance: F64s,
    words: I64s,
) -> figures.Figures:
    facing, covered = counts[:, compare.FACING], counts[:, compare.COVERED_A]
    differing = np.maximum(covered, counts[:, compare.COVERED_B]) - counts[:, compare.EQUAL]
    return figures.Figures(
        resemblance=resemblance,
        words_a=words[:, 0].astype(np.float64),
        words_b=words[:, 1].astype(np.float64),
        passages=counts[:, compare.PASSAGES].astype(np.float64),
        places=facing.astype(np.float64),
        coverage_a=_shares(covered, words[:, 0]),
        coverage_b=_shares(counts[:, compare.COVERED_B], words[:, 1]),
        containment_a=_shares(counts[:, compare.EQUAL], words[:, 0]),
        containment_b=_shares(counts[:, compare.EQUAL], words[:, 1]),
        replaced_rate=_shares(counts[:, compare.REPLACED], covered),
        spread=_shares(counts[:, compare.WINDOWS_HIT], counts[:, compare.WINDOWS]),
        substitution_share=_shares(facing, counts[:, compare.RUNS]),
        common_share=_shares(facing - counts[:, compare.NAMES], facing),
        similarity=_shares(similarity, counts[:, compare.LETTERS]),
        uneven_share=_shares(counts[:, compare.UNEVEN], counts[:, compare.RUNS]),
        balance=_shares(counts[:, compare.REPLACED], differing),
        likeness=np.zeros(len(counts)),
        substitutions=counts[:, compare.REPLACED].astype(np.float64),
    )


def _shares(part: NDArray[Any], whole: I64s) -> F64s:
    """`figures.share` of columns."""
    found: F64s = np.minimum(1.0, part / np.maximum(1, whole)) * (whole > 0)
    return found


def _sameness(seen: figures.Figures, loaded: _Loaded) -> NDArray[np.uint8]:
    """In what the texts are the same, asked only where all shingles agree."""
    same = np.full(len(loaded.places), figures.NOT_SAME, np.uint8)
    for row in np.flatnonzero((seen.resemblance >= 1.0) & (seen.words_a == seen.words_b)).tolist():
        a, b = (loaded.data[loaded.offsets[one] : loaded.offsets[one + 1]] for one in loaded.places[row].tolist())
        same[row] = figures.WRITTEN if a == b else _same(*(text.decode("utf-8", "surrogatepass") for text in (a, b)))
    return same


def _same(a: str, b: str) -> int:
    if [word for word, _, _ in clean.words(a)] != [word for word, _, _ in clean.words(b)]:
        return figures.NOT_SAME
    if clean.plain(a) == clean.plain(b):
        return figures.WRITTEN
    return figures.SIGNS if clean.symbols(a) != clean.symbols(b) else figures.NOT_SAME


def _characters(ranges: I64s, places: I64s, loaded: _Loaded) -> I64s:
    """Passages (p, 5) in tokens of documents `places` (p, 2), as spans in characters of their texts."""
    found = ranges.copy()
    before = None
    if not loaded.data.isascii():  # characters before a byte: those of the bytes that do not continue one
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum((loaded.buffer & 0xC0) != 0x80)))
    for side in range(2):
        first = loaded.starts[places[:, side]]
        start = loaded.spans[first + ranges[:, 2 * side], 0]
        stop = loaded.spans[first + ranges[:, 2 * side + 1] - 1, 1]
        for column, at in ((2 * side, start), (2 * side + 1, stop)):
            begin = loaded.offsets[places[:, side]]
            found[:, column] = at - begin if before is None else before[at] - before[begin]
    return found
