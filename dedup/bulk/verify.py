"""Candidate pairs become findings: every pair compared token by token, by kernels, on texts that are read again.

1. Pairs are taken in parts; the documents of a part are read, tokenised and compared (`kernels.compare`, and
   `kernels.minhash.resemblances` for the exact resemblance).
2. The sums make the same `judge.Figures` and log-odds as the comparison of one pair does, and `judge` decides.
3. A pair with a document whose encoding was repaired is compared one at a time, by the way that keeps its spans.

The language tables hold every English word and bigram that `language` knows, by token hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup import align, clean, judge, language
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


def _compared(pairs: NDArray[np.int64], corpus: Corpus, config: Config, one_by_one: OneByOne) -> list[Pair | None]:
    numbers, places = np.unique(pairs, return_inverse=True)
    places = places.reshape(-1, 2).astype(np.int64)
    buffer, offsets = texts_at(corpus, numbers.tolist(), config)
    hashes, token_counts, spans = token_hashes(buffer, offsets, spans=True)
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(token_counts)))
    sums_of_hashes = np.concatenate((np.zeros(1, np.uint64), np.cumsum(hashes)))
    orders = list(
        zip(token_counts.tolist(), (sums_of_hashes[starts[1:]] - sums_of_hashes[starts[:-1]]).tolist(), strict=True)
    )
    turned = np.array([orders[b] < orders[a] for a, b in places.tolist()], bool)
    pairs = np.where(turned[:, None], pairs[:, ::-1], pairs)
    places = np.ascontiguousarray(np.where(turned[:, None], places[:, ::-1], places))
    known = _known(hashes, starts)
    counts, sums = np.zeros((len(pairs), 10), np.int64), np.zeros((len(pairs), 4), np.float64)
    ranges = np.zeros((len(pairs), PASSAGES_TOLD, 4), np.int64)
    limits, prices = _limits(config)
    zipf, bigrams = language_tables()
    compare.compare(hashes, starts, buffer, offsets, spans, places, limits, prices, zipf, bigrams, counts, sums, ranges)
    shared, union = np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int64)
    minhash.resemblances(hashes, starts, places, config.shingle_length_tokens, shared, union)
    found: list[Pair | None] = []
    data = buffer.tobytes()
    for row, (a, b) in enumerate(pairs.tolist()):
        if a in corpus.notable or b in corpus.notable:
            found.append(one_by_one(corpus, *((b, a) if turned[row] else (a, b))))
            continue
        place_a, place_b = places[row].tolist()
        words = int(token_counts[place_a]), int(token_counts[place_b])
        resemblance = int(shared[row]) / int(union[row]) if union[row] else 0.0
        seen = _figures(counts[row].tolist(), float(sums[row, compare.SIMILARITY]), resemblance, words)
        same = _same(data[offsets[place_a] : offsets[place_a + 1]], data[offsets[place_b] : offsets[place_b + 1]], seen)
        differences = _differences(sums[row].tolist() if known[place_a] and known[place_b] else [0.0] * 4)
        odds, parts = judge.weighed(differences, seen.places, 0)
        passages = _passages(
            ranges[row], starts[place_a], starts[place_b], spans, (offsets[place_a], offsets[place_b]), data
        )
        ids = corpus.ids[a], corpus.ids[b]
        one = judge.finding(ids, seen, same, (odds, {"direction": parts, "passages": passages}), config)
        found.append(judge.turned(one) if one and turned[row] else one)
    return found


def _known(hashes: U64s, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each document whether `language.is_known` of its words."""
    frequent = _frequent_hashes()
    places = np.minimum(np.searchsorted(frequent, hashes), len(frequent) - 1)
    seen = np.concatenate((np.zeros(1, np.int64), np.cumsum(frequent[places] == hashes)))
    stops = np.minimum(starts[1:], starts[:-1] + language.KNOWN_TOKENS)
    found: NDArray[np.bool_] = seen[stops] - seen[starts[:-1]] >= language.KNOWN_SHARE * (stops - starts[:-1])
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


def _figures(counts: list[int], similarity: float, resemblance: float, words: tuple[int, int]) -> judge.Figures:
    facing = counts[compare.FACING]
    return judge.Figures(
        resemblance=resemblance,
        words_a=words[0],
        words_b=words[1],
        passages=counts[compare.PASSAGES],
        places=facing,
        coverage_a=judge.share(counts[compare.COVERED_A], words[0]),
        coverage_b=judge.share(counts[compare.COVERED_B], words[1]),
        containment_a=judge.share(counts[compare.EQUAL], words[0]),
        containment_b=judge.share(counts[compare.EQUAL], words[1]),
        replaced_rate=judge.share(counts[compare.REPLACED], counts[compare.COVERED_A]),
        spread=judge.share(counts[compare.WINDOWS_HIT], counts[compare.WINDOWS]),
        substitution_share=judge.share(facing, counts[compare.RUNS]),
        common_share=judge.share(facing - counts[compare.NAMES], facing),
        similarity=judge.share(similarity, facing),
        substitutions=counts[compare.REPLACED],
    )


def _differences(sums: list[float]) -> dict[str, float]:
    return {"frequency": sums[compare.FREQUENCY], "fit": sums[compare.FIT], "known": sums[compare.KNOWN]}


def _same(a: bytes, b: bytes, seen: judge.Figures) -> judge.Sameness | None:
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
    ranges: NDArray[np.int64],
    start_a: np.int64,
    start_b: np.int64,
    spans: NDArray[np.int64],
    offsets: tuple[np.int64, np.int64],
    data: bytes,
) -> list[dict[str, object]]:
    """The passages told by the kernel, as spans of characters in both documents."""
    told: list[dict[str, object]] = []
    for first_a, last_a, first_b, last_b in ranges.tolist():
        if last_a == 0:
            break
        sides = []
        for start, (first, last), offset in (
            (start_a, (first_a, last_a), offsets[0]),
            (start_b, (first_b, last_b), offsets[1]),
        ):
            begin, end = int(spans[start + first, 0]), int(spans[start + last - 1, 1])
            before = len(data[offset:begin].decode("utf-8", "surrogatepass"))
            sides.append([before, before + len(data[begin:end].decode("utf-8", "surrogatepass"))])
        told.append({"a": sides[0], "b": sides[1]})
    return told
