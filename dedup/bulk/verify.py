"""Candidate pairs become findings: every pair compared token by token, by kernels, on texts that are read again.

1. Pairs are taken in parts; the documents of a part are read, tokenised and compared (`kernels.compare`, and
   `kernels.minhash.resemblances` for the exact resemblance).
2. The sums make the same `figures.Figures` and log-odds as the comparison of one pair does, and `judge` decides.
3. A pair with a document whose encoding was repaired is compared one at a time, by the way that keeps its spans; so is
   a pair of texts that are not ASCII where the likeness of replaced words decides, which the kernel measures on bytes.

The language tables hold every English word and bigram that `language` knows, by token hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup import align, clean, figures, judge, language
from dedup.bulk.read import padded, texts_at
from dedup.bulk.sketch import token_hashes
from dedup.config import Config
from dedup.engines import local
from dedup.kernels import compare, minhash, readings
from dedup.model import Corpus, Pair

PART_PAIRS = 1024
"""Pairs that a worker takes at a time: some 10 MB of text."""
GAP_CELLS_MAX = 1 << 24
"""Cells of a gap between anchors up to which it is filled: both sides 4,096 tokens."""
PASSAGES_TOLD = 8

U64s = NDArray[np.uint64]
OneByOne = Callable[[Corpus, int, int], Pair | None]


@cache
def language_tables() -> tuple[U64s, U64s]:
    """Zipf frequencies by token hash, and associations by the key of two token hashes (see `kernels.readings`)."""
    frequencies = language.zipf_frequencies()
    zipf = readings.table(_hashes(list(frequencies)), np.fromiter(frequencies.values(), np.float64, len(frequencies)))
    firsts, seconds, counts = language.bigrams()
    zipf_sums = np.array(
        [frequencies.get(one, 0.0) + frequencies.get(two, 0.0) for one, two in zip(firsts, seconds, strict=True)]
    )
    keys = readings.bigram_key.py_func(_hashes(firsts), _hashes(seconds))  # type: ignore[attr-defined]
    distinct, places = np.unique(keys, return_inverse=True)
    together = np.bincount(places, weights=np.array(counts, np.float64))
    expected = 10.0 ** (zipf_sums - 18) * language.BIGRAM_TOKENS
    bits = np.zeros(len(distinct))
    bits[places] = np.maximum(0.0, np.log2(together[places] / expected))
    return zipf, readings.table(distinct, bits)


def _hashes(words: Sequence[str]) -> U64s:
    """The token hash of each word; 0 for what is not one token, which then stands for nothing that is asked for."""
    pieces = [word.encode("utf-8") for word in words]
    offsets = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    hashes, counts, _ = token_hashes(padded(b"".join(pieces)), offsets)
    found = np.zeros(len(pieces), np.uint64)
    found[counts == 1] = hashes[(np.cumsum(counts) - 1)[counts == 1]]
    return found


def findings(
    pairs: NDArray[np.int64], corpus: Corpus, config: Config, workers: int, one_by_one: OneByOne
) -> Iterator[Pair]:
    """The findings on pairs (m, 2) of document numbers, in their order; pairs that share nothing give none."""
    language_tables()
    parts = [pairs[first : first + PART_PAIRS] for first in range(0, len(pairs), PART_PAIRS)]
    for found in local.mapped(lambda part: _compared(part, corpus, config, one_by_one), parts, workers):
        yield from (pair for pair in found if pair is not None)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The documents of some pairs, tokenised. `places`: the pairs by place here, in the orientation of `turned`.

    data: their texts. starts, offsets: where each one's tokens and bytes begin. known: see `language.is_known`.
    """

    data: bytes
    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    hashes: U64s
    spans: NDArray[np.int64]
    starts: NDArray[np.int64]
    known: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    places: NDArray[np.int64]
    turned: NDArray[np.bool_]


def _loaded(pairs: NDArray[np.int64], corpus: Corpus, config: Config) -> _Loaded:
    """The documents of the pairs, each read once, and each pair turned so that its words decide which comes first."""
    numbers, inverse = np.unique(pairs, return_inverse=True)
    places = inverse.reshape(-1, 2).astype(np.int64)
    buffer, offsets = texts_at(corpus, numbers.tolist(), config)
    hashes, counts, spans = token_hashes(buffer, offsets, spans=True)
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    totals = np.concatenate((np.zeros(1, np.uint64), np.cumsum(hashes)))
    order = list(zip(counts.tolist(), (totals[starts[1:]] - totals[starts[:-1]]).tolist(), strict=True))
    turned = np.array([order[b] < order[a] for a, b in places.tolist()], bool)
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
        turned,
    )


def _compared(pairs: NDArray[np.int64], corpus: Corpus, config: Config, one_by_one: OneByOne) -> list[Pair | None]:
    """The findings on the pairs, in their order."""
    loaded = _loaded(pairs, corpus, config)
    size = len(pairs)
    counts, sums = np.zeros((size, 10), np.int64), np.zeros((size, 4), np.float64)
    ranges = np.zeros((size, PASSAGES_TOLD, 4), np.int64)
    shared, union = np.zeros(size, np.int64), np.zeros(size, np.int64)
    texts = (loaded.hashes, loaded.starts, loaded.buffer, loaded.offsets, loaded.spans)
    compare.compare(*texts, loaded.places, *_limits(config), *language_tables(), counts, sums, ranges)
    minhash.resemblances(loaded.hashes, loaded.starts, loaded.places, config.shingle_length_tokens, shared, union)
    rows = zip(counts.tolist(), sums.tolist(), (shared / np.maximum(1, union)).tolist(), strict=True)
    found: list[Pair | None] = []
    for row, ((a, b), (facts, differing, resemblance)) in enumerate(zip(loaded.pairs.tolist(), rows, strict=True)):
        one = _judged(row, (corpus.ids[a], corpus.ids[b]), facts, differing, resemblance, loaded, ranges, config)
        if a in corpus.notable or b in corpus.notable or (one and _is_doubtful(row, one, loaded, config)):
            one = one_by_one(corpus, a, b)
        found.append(judge.turned(one) if one and loaded.turned[row] else one)
    return found


def _is_doubtful(row: int, found: Pair, loaded: _Loaded, config: Config) -> bool:
    """Whether a finding hangs on the likeness of words that are not ASCII."""
    if found.relation in ("exact", "near") or found.resemblance >= config.threshold:
        return False
    bounds = [(loaded.offsets[place], loaded.offsets[place + 1]) for place in loaded.places[row].tolist()]
    return not all(loaded.data[start:stop].isascii() for start, stop in bounds)


def _judged(
    row: int,
    ids: tuple[str, str],
    facts: list[int],
    differing: list[float],
    resemblance: float,
    loaded: _Loaded,
    ranges: NDArray[np.int64],
    config: Config,
) -> Pair | None:
    """The finding on one pair, from the kernel's counts (`facts`) and sums (`differing`)."""
    a, b = loaded.places[row].tolist()
    words = int(loaded.starts[a + 1] - loaded.starts[a]), int(loaded.starts[b + 1] - loaded.starts[b])
    seen = _figures(facts, differing[compare.SIMILARITY], resemblance, words)
    text_a, text_b = (loaded.data[loaded.offsets[one] : loaded.offsets[one + 1]] for one in (a, b))
    told = differing if loaded.known[a] and loaded.known[b] else [0.0] * 4
    odds, parts = judge.weighed(_differences(told), seen.places, 0)
    passages = _passages(ranges[row], facts[compare.EQUAL], (a, b), loaded)
    return judge.finding(
        ids, seen, _same(text_a, text_b, seen), (odds, {"direction": parts, "passages": passages}), config
    )


def _known(hashes: U64s, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each document whether `language.is_known` of its words."""
    frequent = _frequent_hashes()
    looked_at = np.minimum(np.diff(starts), language.KNOWN_TOKENS)
    documents = np.repeat(np.arange(len(looked_at)), looked_at)
    firsts = np.concatenate((np.zeros(1, np.int64), np.cumsum(looked_at)))[:-1]
    tokens = hashes[np.arange(len(documents)) + (starts[:-1] - firsts)[documents]]
    places = np.minimum(np.searchsorted(frequent, tokens), len(frequent) - 1)
    seen = np.bincount(documents, weights=frequent[places] == tokens, minlength=len(looked_at))
    found: NDArray[np.bool_] = seen >= language.KNOWN_SHARE * looked_at
    return found


@cache
def _frequent_hashes() -> U64s:
    frequencies = language.zipf_frequencies()
    return np.sort(_hashes([word for word, value in frequencies.items() if value >= language.KNOWN_ZIPF]))


def _limits(config: Config) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
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


def _figures(counts: list[int], similarity: float, resemblance: float, words: tuple[int, int]) -> figures.Figures:
    facing = counts[compare.FACING]
    return figures.Figures(
        resemblance=resemblance,
        words_a=words[0],
        words_b=words[1],
        passages=counts[compare.PASSAGES],
        places=facing,
        coverage_a=figures.share(counts[compare.COVERED_A], words[0]),
        coverage_b=figures.share(counts[compare.COVERED_B], words[1]),
        containment_a=figures.share(counts[compare.EQUAL], words[0]),
        containment_b=figures.share(counts[compare.EQUAL], words[1]),
        replaced_rate=figures.share(counts[compare.REPLACED], counts[compare.COVERED_A]),
        spread=figures.share(counts[compare.WINDOWS_HIT], counts[compare.WINDOWS]),
        substitution_share=figures.share(facing, counts[compare.RUNS]),
        common_share=figures.share(facing - counts[compare.NAMES], facing),
        similarity=figures.share(similarity, facing),
        substitutions=counts[compare.REPLACED],
    )


def _differences(sums: list[float]) -> dict[str, float]:
    return {"frequency": sums[compare.FREQUENCY], "fit": sums[compare.FIT], "known": sums[compare.KNOWN]}


def _same(a: bytes, b: bytes, seen: figures.Figures) -> judge.Sameness | None:
    """In what two texts are the same, asked only where all shingles agree."""
    if seen.resemblance < 1.0 or seen.words_a != seen.words_b:
        return None
    if a == b:
        return "written"
    one, other = (text.decode("utf-8", "surrogatepass") for text in (a, b))
    if [word for word, _, _ in clean.words(one)] != [word for word, _, _ in clean.words(other)]:
        return None
    if clean.plain(one) == clean.plain(other):
        return "written"
    return "signs" if clean.symbols(one) != clean.symbols(other) else None


def _passages(
    ranges: NDArray[np.int64], equal: int, places: tuple[int, int], loaded: _Loaded
) -> list[dict[str, object]]:
    """The passages told by the kernel, as spans of characters in both documents, and their equal words.

    equal: those of all passages together; where there are several, each one's longest common subsequence is counted.
    """
    from rapidfuzz.distance import LCSseq

    told = [row for row in ranges.tolist() if row[1]]
    found: list[dict[str, object]] = []
    for first_a, stop_a, first_b, stop_b in told:
        spans = ((first_a, stop_a), (first_b, stop_b))
        words = equal
        if len(told) > 1:
            words = LCSseq.similarity(
                *(_tokens(place, span, loaded) for place, span in zip(places, spans, strict=True))
            )
        a, b = (_characters(place, span, loaded) for place, span in zip(places, spans, strict=True))
        found.append({"a": a, "b": b, "equal_words": words})
    return found


def _tokens(place: int, tokens: tuple[int, int], loaded: _Loaded) -> list[int]:
    start = int(loaded.starts[place])
    return [int(value) for value in loaded.hashes[start + tokens[0] : start + tokens[1]]]


def _characters(place: int, tokens: tuple[int, int], loaded: _Loaded) -> list[int]:
    """Where tokens of a document begin and end, in characters of its text."""
    start = int(loaded.starts[place])
    begin, end = int(loaded.spans[start + tokens[0], 0]), int(loaded.spans[start + tokens[1] - 1, 1])
    before = len(loaded.data[loaded.offsets[place] : begin].decode("utf-8", "surrogatepass"))
    return [before, before + len(loaded.data[begin:end].decode("utf-8", "surrogatepass"))]
