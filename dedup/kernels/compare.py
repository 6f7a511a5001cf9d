"""Pairs of documents become the sums that a relation and a direction rest on: compiled `align.passages`,
`figures.figures` and `readings.sums`, without texts.

1. `aligned` (see there) gives the blocks of a pair and its moved blocks.
2. `shared_passages`: the stretches of these with enough equal tokens, by where they begin in a.
3. `_runs`: the differing tokens between their blocks, and the windows that they fall into; `_edges`: those at both
   ends of both texts. The slots of the language tables that step 5 will read are asked for now, since each is a cache
   miss.
4. `_likenesses`: of every run with tokens on both sides the likeness of its characters, names and numbers.
5. `_weighed`: of every such run, and of the edges, the differences of `readings.evidence`.

From the sums the caller has `figures.Figures` and `readings.direction` by a few operations. Departures from the Python
modules: those of `kernels.readings`, for words outside ASCII. Limits: those of `anchors` and `aligned`.
"""

from __future__ import annotations

import numpy as np

from dedup.kernels.aligned import aligned
from dedup.kernels.anchors import ANCHOR, GAP_CELLS, RUNS_OPEN, WINDOW, F64s, Scratch, cleared, slot_of, table_words
from dedup.kernels.readings import (
    SIMILARITY_BYTES,
    Language,
    Side,
    asked,
    capitals,
    is_capitalised,
    likeness,
    reading,
    surface,
)  # fmt: skip
from dedup.kernels.shared import passage_ranges, shared_passages
from dedup.kernels.simd import I64s, U8s, U64s, inner, kernel, prefetch

EQUAL, COVERED_A, COVERED_B, REPLACED, FACING, RUNS, WINDOWS, WINDOWS_HIT, NAMES, PASSAGES, LETTERS, UNEVEN = range(12)
"""Columns of `counts`: tokens equal in passages; tokens of a and of b in passages; tokens replaced; runs with tokens on
both sides; all runs; windows of a's covered tokens; those in which a replacement begins; runs with tokens on both sides
that concern names or numbers; passages; characters of both sides of such runs that were looked at; runs whose
sides differ by `figures.UNEVEN_TOKENS` or more."""
UNEVEN_TOKENS, EDGE_TOKENS = 3, 4
"""As in `figures`."""
PLACE_LIMIT = 5.2
"""As in `dedup.readings`."""
SIMILARITY, FREQUENCY, RARITY, FIT, KNOWN, CAPITALS, RECURRENCE, SQUARES, PLACES = range(9)
"""Columns of `sums`: likeness of characters (0..1) by their number, over the runs with tokens on both sides; of these
and of the edges a's reading less b's in the order of `readings.WEIGHTS`, each place as far as it counts; the squares of
the places' log-odds; the places."""


# --- runs ---------------------------------------------------------------------------------------------------


@inner
def _runs(
    a: U64s, b: U64s, passages: int, window: int, scratch: Scratch, language: Language, counts: I64s, marks: U8s
) -> int:
    """Fill `counts` but for NAMES, and give the runs with tokens on both sides in scratch.one to scratch.four, as
    start and stop in a and in b: their number. marks: a byte for each window of a."""
    blocks = scratch.blocks
    facing = 0
    counts[:] = 0
    counts[PASSAGES] = passages
    windows = (len(a) + window - 1) // window
    marks[:windows] = 0
    for passage in range(passages):
        first, last = scratch.gathered[passage, 0], scratch.gathered[passage, 1]
        start_a, stop_a = blocks[first, 0], blocks[last, 0] + blocks[last, 2]
        counts[EQUAL] += scratch.gathered[passage, 2]
        counts[COVERED_A] += stop_a - start_a
        counts[COVERED_B] += blocks[last, 1] + blocks[last, 2] - blocks[first, 1]
        counts[RUNS] += last - first
        for mark in range(start_a // window, (stop_a - 1) // window + 1):
            marks[mark] |= 1
        for row in range(first, last):
            from_a, from_b = blocks[row, 0] + blocks[row, 2], blocks[row, 1] + blocks[row, 2]
            to_a, to_b = blocks[row + 1, 0], blocks[row + 1, 1]
            replaced = min(to_a - from_a, to_b - from_b)
            counts[UNEVEN] += abs((to_a - from_a) - (to_b - from_b)) >= UNEVEN_TOKENS
            if replaced > 0:
                counts[REPLACED] += replaced
                marks[from_a // window] |= 2
                scratch.one[facing], scratch.two[facing] = from_a, to_a
                scratch.three[facing], scratch.four[facing] = from_b, to_b
                facing += 1
                asked(a, from_a, to_a, language)
                asked(b, from_b, to_b, language)
    for mark in range(windows):
        counts[WINDOWS] += marks[mark] & 1
        counts[WINDOWS_HIT] += marks[mark] >> 1
    counts[FACING] = facing
    return facing


@inner
def _edges(a: U64s, b: U64s, passages: int, scratch: Scratch, language: Language, places: int) -> int:
    """Append to the runs in scratch.one to scratch.four what differs at both ends of both texts, next to a passage:
    how many there are now."""
    if passages == 0:
        return places
    blocks, first, last = scratch.blocks, scratch.gathered[0, 0], scratch.gathered[passages - 1, 1]
    for edge in range(2):
        from_a = blocks[last, 0] + blocks[last, 2] if edge else 0
        from_b = blocks[last, 1] + blocks[last, 2] if edge else 0
        to_a = len(a) if edge else blocks[first, 0]
        to_b = len(b) if edge else blocks[first, 1]
        if min(to_a - from_a, to_b - from_b) > 0 and max(to_a - from_a, to_b - from_b) <= EDGE_TOKENS:
            scratch.one[places], scratch.two[places] = from_a, to_a
            scratch.three[places], scratch.four[places] = from_b, to_b
            places += 1
            asked(a, from_a, to_a, language)
            asked(b, from_b, to_b, language)
    return places


@inner
def _likenesses(
    buffer: U8s, a: Side, b: Side, facing: int, scratch: Scratch, form_a: U8s, form_b: U8s, masks: U64s, counts: I64s
) -> float:
    """The likeness of the runs in scratch.one to scratch.four by their characters; counts[NAMES], counts[LETTERS]."""
    alike = 0.0
    for run in range(facing):
        start_a, stop_a = scratch.one[run], scratch.two[run]
        start_b, stop_b = scratch.three[run], scratch.four[run]
        length_a, digit_a = surface(buffer, a, start_a, stop_a, form_a)
        length_b, digit_b = surface(buffer, b, start_b, stop_b, form_b)
        if digit_a or digit_b or (is_capitalised(buffer, a, start_a) and is_capitalised(buffer, b, start_b)):
            counts[NAMES] += 1
        length = length_a + length_b
        counts[LETTERS] += length
        alike += length * likeness(form_a, length_a, form_b, length_b, masks)
    return alike


@inner
def _recurring(a: U64s, passages: int, scratch: Scratch, counts: I64s) -> int:
    """Put the tokens that both texts share, in passages, into scratch.keys: the mask of its slots."""
    mask = cleared(scratch.places, counts[EQUAL])
    for passage in range(passages):
        for row in range(scratch.gathered[passage, 0], scratch.gathered[passage, 1] + 1):
            start = scratch.blocks[row, 0]
            for token in range(start, start + scratch.blocks[row, 2]):
                slot = slot_of(scratch.keys, scratch.places, mask, a[token])
                scratch.keys[slot], scratch.places[slot] = a[token], 1
    return mask


@inner
def _weighed(
    buffer: U8s, a: Side, b: Side, places: int, scratch: Scratch, mask: int, language: Language, weights: F64s,
    sums: F64s,
) -> None:  # fmt: skip
    """Add to `sums` the differences of the readings in scratch.one to scratch.four. mask: see `_recurring`."""
    for run in range(places):
        start_a, stop_a = scratch.one[run], scratch.two[run]
        start_b, stop_b = scratch.three[run], scratch.four[run]
        frequency_a, rarity_a, fit_a, known_a, recurrence_a = reading(
            buffer, a, start_a, stop_a, language, scratch, mask
        )
        frequency_b, rarity_b, fit_b, known_b, recurrence_b = reading(
            buffer, b, start_b, stop_b, language, scratch, mask
        )
        frequency, rarity = frequency_a - frequency_b, rarity_a - rarity_b
        fit, known, recurrence = fit_a - fit_b, known_a - known_b, recurrence_a - recurrence_b
        written = capitals(buffer, a, start_a, stop_a, b, start_b, stop_b)
        odds = weights[0] * frequency + weights[1] * rarity + weights[2] * fit
        odds += weights[3] * known + weights[4] * written + weights[5] * recurrence
        counted = PLACE_LIMIT / max(PLACE_LIMIT, abs(odds))
        sums[FREQUENCY] += counted * frequency
        sums[RARITY] += counted * rarity
        sums[FIT] += counted * fit
        sums[KNOWN] += counted * known
        sums[CAPITALS] += counted * written
        sums[RECURRENCE] += counted * recurrence
        sums[SQUARES] += (counted * odds) ** 2
        sums[PLACES] += 1.0


# --- the kernel ---------------------------------------------------------------------------------------------


@inner
def _document_asked(hashes: U64s, starts: I64s, buffer: U8s, offsets: I64s, spans: I64s, document: int) -> None:
    """Ask for all that will be read of a document."""
    for token in range(starts[document], starts[document + 1], 8):
        prefetch(hashes, token)
        prefetch(spans, 2 * token)
        prefetch(spans, 2 * token + 8)
    for at in range(offsets[document], offsets[document + 1], 64):
        prefetch(buffer, at)


@inner
def _largest(starts: I64s, offsets: I64s, pairs: I64s, tokens: int, size: int, cells: int) -> tuple[int, int]:
    """The tokens of the longest document of the pairs, and the words of the largest table; all indices checked."""
    longest, words = 0, 0
    for pair in range(len(pairs)):
        for side in range(2):
            document = pairs[pair, side]
            if not 0 <= document < len(starts) - 1:
                raise ValueError("a pair names no document")
            if not 0 <= starts[document] <= starts[document + 1] <= tokens:
                raise ValueError("starts must ascend within the tokens")
            if not 0 <= offsets[document] <= offsets[document + 1] <= size:
                raise ValueError("offsets must ascend within the buffer")
            longest = max(longest, starts[document + 1] - starts[document])
        one, other = pairs[pair, 0], pairs[pair, 1]
        tokens_one, tokens_other = starts[one + 1] - starts[one], starts[other + 1] - starts[other]
        words = max(words, table_words(tokens_one, tokens_other, cells))
    return longest, words


@kernel
def compare(
    hashes: U64s, starts: I64s, buffer: U8s, offsets: I64s, spans: I64s, pairs: I64s, limits: I64s, prices: F64s,
    zipf: U64s, bigrams: U64s, weights: F64s, counts: I64s, sums: F64s, ranges: I64s,
) -> None:  # fmt: skip
    """Compare pairs of documents token by token: 25 us for two near copies of 500 tokens.

    hashes: (t,) token hashes of all documents. starts: (n + 1,) where each document's tokens begin. buffer: UTF-8 of
    all documents. offsets: (n + 1,) where each document's bytes begin. spans: (t, 2) bytes of each token in the buffer,
    half-open. pairs: (m, 2) documents a, b. limits: (6,), prices: (3,), see `anchors`. zipf, bigrams: see `readings`.
    weights: (6,), `readings.WEIGHTS`. counts: (m, 12), sums: (m, 9), out, see EQUAL and SIMILARITY. ranges: (m, P, 5),
    out: start and stop in a, start and stop in b, in tokens, and the equal tokens of the first P passages, zeros behind
    the last; P may be 0. Raises ValueError where arrays do not fit each other.
    """
    size = len(pairs)
    if len(offsets) < len(starts) or len(spans) < len(hashes) or spans.shape[1] != 2 or pairs.shape[1] != 2:
        raise ValueError("offsets, spans or pairs do not fit")
    if counts.shape != (size, 12) or sums.shape != (size, 9) or ranges.shape[0] != size or ranges.shape[2] != 5:
        raise ValueError("counts, sums or ranges do not fit")
    if len(limits) != 6 or len(prices) != 3 or len(weights) != 6:
        raise ValueError("limits, prices or weights do not fit")
    if min(limits[ANCHOR], limits[WINDOW], limits[RUNS_OPEN]) < 1:
        raise ValueError("limits do not fit")
    for slots in (zipf, bigrams):
        if len(slots) < 1 or len(slots) & (len(slots) - 1) or slots.shape[1] != 2:
            raise ValueError("a language table has 2**m rows of two")
    longest, words = _largest(starts, offsets, pairs, len(hashes), len(buffer), max(0, limits[GAP_CELLS]))
    slots_needed = 64
    while slots_needed < 2 * longest:
        slots_needed *= 2
    scratch = Scratch(
        np.empty(slots_needed, np.uint64),
        np.empty(slots_needed, np.int64),
        np.empty(longest, np.uint64),
        np.empty(longest + 2, np.int64),
        np.empty(longest + 2, np.int64),
        np.empty(longest + 2, np.int64),
        np.empty(longest + 2, np.int64),
        np.empty(longest + 2, np.int64),
        np.empty((longest + 1, 3), np.int64),
        np.empty((2 * longest + 2, 3), np.int64),
        np.empty((2 * longest + 2, 3), np.int64),
        np.empty((2 * longest + 2, 3), np.int64),
        np.empty((2 * longest + 2, 2), np.float64),
        np.empty(words, np.uint64),
        np.empty(words, np.uint64),
    )
    marks, masks = np.empty(longest // limits[WINDOW] + 1, np.uint8), np.zeros(256, np.uint64)
    form_a, form_b = np.empty(SIMILARITY_BYTES, np.uint8), np.empty(SIMILARITY_BYTES, np.uint8)
    language = Language(zipf, zipf.view(np.float64), bigrams, bigrams.view(np.float64))
    for pair in range(size):
        one, other = pairs[pair, 0], pairs[pair, 1]
        if pair + 1 < size:
            _document_asked(hashes, starts, buffer, offsets, spans, pairs[pair + 1, 0])
            _document_asked(hashes, starts, buffer, offsets, spans, pairs[pair + 1, 1])
        a = Side(
            hashes[starts[one] : starts[one + 1]],
            spans[starts[one] : starts[one + 1]],
            offsets[one],
            offsets[one + 1],
        )
        b = Side(
            hashes[starts[other] : starts[other + 1]],
            spans[starts[other] : starts[other + 1]],
            offsets[other],
            offsets[other + 1],
        )
        blocks, moved = aligned(a.hashes, b.hashes, limits, prices, scratch)
        found = shared_passages(blocks, moved, limits, prices, scratch)
        passage_ranges(found, scratch, ranges[pair])
        facing = _runs(a.hashes, b.hashes, found, limits[WINDOW], scratch, language, counts[pair], marks)
        places = _edges(a.hashes, b.hashes, found, scratch, language, facing)
        sums[pair] = 0.0
        if places:
            sums[pair, SIMILARITY] = _likenesses(buffer, a, b, facing, scratch, form_a, form_b, masks, counts[pair])
            mask = _recurring(a.hashes, found, scratch, counts[pair])
            _weighed(buffer, a, b, places, scratch, mask, language, weights, sums[pair])
