"""The compiled comparison against `align`, `figures` and `readings`: every count equal, every sum within 1e-9."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rapidfuzz.distance import LCSseq
from strategies import PARAGRAPHS, article, noised

from dedup import align, clean, figures, language, readings
from dedup.config import Config
from dedup.kernels import aligned, anchors, compare
from dedup.kernels import readings as tables
from dedup.model import Comparison, Document, Locator, Passage, Tokens

CONFIG = Config()
WEIGHTS = np.array(list(readings.WEIGHTS.values()))
Row = tuple[list[int], list[float], list[list[int]]]


@dataclass(frozen=True)
class Batch:
    """Documents, and the arrays that the kernel takes of them."""

    documents: list[Document]
    tokens: list[Tokens]
    arrays: tuple[NDArray[Any], ...]
    tables: tuple[NDArray[np.uint64], NDArray[np.uint64]]


def limits(config: Config, cells: int = align.GAP_CELLS_MAX) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    whole = np.zeros(6, np.int64)
    whole[anchors.ANCHOR] = config.anchor_length_tokens
    whole[anchors.PASSAGE] = config.passage_equal_tokens_min
    whole[anchors.PASSAGE_GAP] = config.passage_gap_tokens
    whole[anchors.RUNS_OPEN] = align.RUNS_OPEN_MAX
    whole[anchors.WINDOW] = config.spun_window_tokens
    whole[anchors.GAP_CELLS] = cells
    return whole, np.array([align.gap_token_price(config), align.GAP_OPEN, align.GAP_EXTEND])


def language_tables(tokens: Sequence[Tokens]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The tables of the words and neighbours that occur."""
    words = sorted({word for one in tokens for word in one.words if language.frequency(word)})
    pairs = sorted({pair for one in tokens for pair in pairwise(one.words) if language.bigram_count(*pair)})
    first, second = (np.array([clean.token_hash(pair[side]) for pair in pairs], np.uint64) for side in (0, 1))
    bits = np.array([language.mutual_bits(*pair) for pair in pairs], np.float64)
    hashes = np.array([clean.token_hash(word) for word in words], np.uint64)
    zipf = tables.table(hashes, np.array([language.frequency(word) for word in words], np.float64))
    return zipf, tables.table(tables.bigram_key.py_func(first, second), bits)  # type: ignore[attr-defined]


def batch(texts: Sequence[str]) -> Batch:
    documents = [Document(str(number), Locator(""), text) for number, text in enumerate(texts)]
    tokens = [clean.tokens(document) for document in documents]
    offsets = np.cumsum([0, *(len(text.encode()) for text in texts)], dtype=np.int64)
    spans = [np.zeros((0, 2), np.int64)]
    for text, one, offset in zip(texts, tokens, offsets, strict=False):
        places = np.cumsum([offset, *(len(character.encode()) for character in text)], dtype=np.int64)
        spans.append(places[one.spans])
    hashes = np.concatenate([np.zeros(0, np.uint64), *(one.hashes for one in tokens)])
    starts = np.cumsum([0, *map(len, tokens)], dtype=np.int64)
    buffer = np.frombuffer("".join(texts).encode() + b"\0", np.uint8)
    arrays = (hashes, starts, buffer, offsets, np.concatenate(spans))
    return Batch(documents, tokens, arrays, language_tables(tokens))


def compiled(
    given_batch: Batch, pairs: Sequence[tuple[int, int]], config: Config, cells: int = align.GAP_CELLS_MAX
) -> Iterator[Row]:
    size = len(pairs)
    counts, sums = np.full((size, 12), -1, np.int64), np.full((size, 9), np.nan)
    ranges = np.full((size, 3, 5), -1, np.int64)
    rows = np.array(pairs, np.int64).reshape(-1, 2)
    told = *limits(config, cells), *given_batch.tables, WEIGHTS
    compare.compare(*given_batch.arrays, rows, *told, counts, sums, ranges)
    return zip(counts.tolist(), sums.tolist(), ranges.tolist(), strict=True)


def found(given_batch: Batch, a: int, b: int, config: Config) -> Comparison:
    one, other = given_batch.tokens[a], given_batch.tokens[b]
    passages = tuple(align.passages(align.alignment(one, other, config), config))
    return Comparison(given_batch.documents[a], given_batch.documents[b], one, other, 0.0, passages)


def windows(passages: Sequence[Passage], size: int) -> set[int]:
    return {token // size for passage in passages for token in range(*passage.range_a)}


def letters(run: figures.Run, seen: Comparison) -> int:
    """How many characters of a run are looked at, on both sides together."""
    sides = (seen.tokens_a.words[slice(*run.a)], seen.tokens_b.words[slice(*run.b)])
    return sum(min(figures.SIMILARITY_CHARACTERS, len("".join(words))) for words in sides)


def expected(seen: Comparison, config: Config) -> Row:
    """The row of a pair by `align`, `figures` and `readings`."""
    every = list(figures.runs(seen.passages))
    facing = [run for run in every if run.replaced]
    begun = {run.a[0] // config.spun_window_tokens for run in facing}
    counts = [
        sum(passage.equal for passage in seen.passages),
        sum(stop - start for start, stop in (passage.range_a for passage in seen.passages)),
        sum(stop - start for start, stop in (passage.range_b for passage in seen.passages)),
        sum(run.replaced for run in facing),
        len(facing),
        len(every),
        len(windows(seen.passages, config.spun_window_tokens)),
        len(begun & windows(seen.passages, config.spun_window_tokens)),
        sum(figures.concerns_names(run, seen) for run in facing),
        len(seen.passages),
        sum(letters(run, seen) for run in facing),
        sum(abs((run.a[1] - run.a[0]) - (run.b[1] - run.b[0])) >= figures.UNEVEN_TOKENS for run in every),
    ]
    sums = [sum(letters(run, seen) * figures.similarity(run, seen) for run in facing)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "is_known", lambda words: True)  # the caller of the kernel asks that
        sums += readings.sums(seen)
    ranges = [[*passage.range_a, *passage.range_b, passage.equal] for passage in seen.passages]
    return counts, sums, [*ranges, *[[0] * 5] * 3][:3]


def checked(
    texts: Sequence[str],
    pairs: Sequence[tuple[int, int]] = ((0, 1),),
    config: Config = CONFIG,
    cells: int = align.GAP_CELLS_MAX,
) -> list[list[int]]:
    """The counts of the pairs, which are those of the reference."""
    of_texts, rows = batch(texts), []
    for (a, b), (counts, sums, ranges) in zip(pairs, compiled(of_texts, pairs, config, cells), strict=True):
        wanted = expected(found(of_texts, a, b, config), config)
        assert (counts, ranges) == (wanted[0], wanted[2]), (texts[a], texts[b])
        assert sums == pytest.approx(wanted[1], rel=0, abs=1e-9), (texts[a], texts[b])
        rows.append(counts)
    return rows


# --- token sequences -------------------------------------------------------------------------------------------


WORDS = ("the", "of", "military", "navy", "Paris", "12", "at", "moment", "The", "isn't", "2nd", "house", "in")
configs = st.builds(
    Config,
    anchor_length_tokens=st.sampled_from((1, 2, 3, 5)),
    passage_equal_tokens_min=st.sampled_from((3, 4, 16)),
    passage_gap_tokens=st.sampled_from((1, 4, 16)),
    passage_density_min=st.sampled_from((0.0, 0.4, 0.8)),
    spun_window_tokens=st.sampled_from((1, 4, 50)),
)


@st.composite
def rearranged(draw: st.DrawFn) -> tuple[str, str]:
    """A text of few or many different words, and another made of its slices, with repeats, moves and other words."""
    size = draw(st.sampled_from((1, 2, 4, 14, 60)))
    words = [*WORDS, *(f"w{number}x" for number in range(60))][:size]
    chance = Random(draw(st.integers(0, 1 << 30)))
    base = [chance.choice(words) for _ in range(draw(st.sampled_from((0, 1, 2, 7, 30, 90))))]
    other = list(base)
    for kind in draw(st.lists(st.sampled_from("dimcrr"), max_size=8)):
        at, length = chance.randint(0, len(other)), chance.randint(1, 18)
        cut = other[at : at + length]
        if kind in "dm":
            del other[at : at + length]
        if kind in "mc":
            to = chance.randint(0, len(other))
            other[to:to] = cut
        if kind == "i":
            other[at:at] = [chance.choice(words) for _ in range(length)]
        if kind == "r" and other:
            for _ in range(3):
                other[chance.randrange(len(other))] = chance.choice(words)
    joints = [" ", " ", " ", ". ", ' "', ": (", "\n", " “", "? “", "\n• ", " — "]
    one, two = ("".join(word + chance.choice(joints) for word in text) for text in (base, other))
    return one, two


@settings(max_examples=400)
@given(rearranged(), configs)
def test_counts_and_sums_of_arbitrary_token_sequences(pair: tuple[str, str], config: Config) -> None:
    checked(pair, [(0, 1), (1, 0), (0, 0)], config)


@settings(max_examples=100)
@given(rearranged(), st.sampled_from((0, 1, 12, 150)))
def test_gaps_above_the_limit_stay_gaps(pair: tuple[str, str], cells: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(align, "GAP_CELLS_MAX", cells)
        checked(pair, config=Config(anchor_length_tokens=2, passage_equal_tokens_min=3), cells=cells)


def room(tokens: int, cells: int = align.GAP_CELLS_MAX) -> anchors.Scratch:
    ints, slots = [np.zeros(tokens + 2, np.int64) for _ in range(5)], 1 << (2 * tokens + 64).bit_length()
    wide = [np.zeros((2 * tokens + 2, 3), np.int64) for _ in range(3)]
    words = tokens * tokens // 64 + tokens + 1
    return anchors.Scratch(
        np.zeros(slots, np.uint64), np.zeros(slots, np.int64), np.zeros(tokens, np.uint64), *ints,
        np.zeros((tokens + 1, 3), np.int64), *wide, np.zeros((2 * tokens + 2, 2)),
        np.zeros(words, np.uint64), np.zeros(words, np.uint64),
    )  # fmt: skip


@settings(max_examples=200)
@given(rearranged(), configs)
def test_blocks_and_moved_blocks_are_those_of_the_alignment(pair: tuple[str, str], config: Config) -> None:
    one, other = batch(pair).tokens
    scratch = room(max(len(one), len(other)))
    blocks, moved = aligned.aligned(one.hashes, other.hashes, *limits(config), scratch)
    wanted = align.alignment(one, other, config)
    assert scratch.blocks[:blocks].tolist() == wanted.blocks.tolist()
    assert scratch.found[:moved].tolist() == wanted.moved.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_the_common_subsequence_is_the_one_that_rapidfuzz_finds(seed: int) -> None:
    chance = Random(seed)
    letters = 1 + chance.choice((1, 2, 5, 30, 400))
    a, b = ([chance.randrange(letters) for _ in range(chance.choice((1, 5, 30, 63, 64, 65, 300)))] for _ in range(2))
    scratch = room(300)
    count = aligned._gap(np.array(a, np.uint64), np.array(b, np.uint64), 0, 0, scratch, 0)
    wanted = [
        (op.src_start, op.dest_start, op.src_end - op.src_start) for op in LCSseq.opcodes(a, b) if op.tag == "equal"
    ]
    assert [tuple(row) for row in scratch.blocks[:count].tolist()] == wanted


# --- prose -----------------------------------------------------------------------------------------------------


STIFF = {
    "will": "shall", "often": "frequently", "buy": "purchase", "began": "commenced", "repair": "mend", "big": "massive",
    "house": "dwelling", "river": "stream", "water": "fluid", "money": "cash", "broken": "damaged", "with": "using",
    "kept": "continued", "old": "elderly", "young": "youthful", "many": "numerous", "people": "individuals",
    "to answer": "to give an answer", "every day": "daily", "the winter": "the cold season", "twice": "two times",
}  # fmt: skip


def spun(text: str, seed: int) -> str:
    chance = Random(seed)
    for plain, stiff in STIFF.items():
        parts = text.split(f" {plain} ")
        text = parts[0] + "".join(f" {stiff if chance.random() < 0.8 else plain} {part}" for part in parts[1:])
    return text


def edited(text: str, seed: int) -> str:
    """A near copy: here and there a word gone, doubled or another."""
    chance, words = Random(seed), text.split(" ")
    for _ in range(len(words) // 30):
        at = chance.randrange(len(words))
        words[at] = chance.choice(("", f"{words[at]} {words[at]}", "Lyon", "17", "grapes"))
    return " ".join(words)


def shuffled(text: str, seed: int) -> str:
    parts = text.split("\n\n")
    Random(seed).shuffle(parts)
    return "\n\n".join(parts)


def spun_and_shuffled(text: str, seed: int) -> str:
    return spun(shuffled(text, seed), seed)


@pytest.mark.parametrize("change", [edited, spun, noised, shuffled, spun_and_shuffled])
def test_counts_and_sums_of_copies(change: Any) -> None:
    originals = [article(seed, 40) for seed in range(4)]
    texts = [*originals, *(change(text, seed) for seed, text in enumerate(originals))]
    rows = checked(texts, [(a, b) for a in range(4) for b in (a + 4, (a + 1) % 4, 4 + (a + 2) % 4)])
    assert min(row[compare.EQUAL] for row in rows[::3]) > 150
    if change is not shuffled:
        assert min(row[compare.FACING] for row in rows[::3]) > 3


def test_unrelated_texts_share_nothing() -> None:
    rows = checked([*PARAGRAPHS, "", "one", "..."], list(combinations(range(7), 2)))
    assert not np.array(rows).any()


def test_long_texts_without_anchors_are_filled_by_a_table_of_several_words() -> None:
    chance = Random(4)
    texts = [" ".join(chance.choice(WORDS) for _ in range(400)) for _ in range(2)]
    config = Config(anchor_length_tokens=8, passage_density_min=0.1, passage_equal_tokens_min=3)
    assert checked(texts, config=config)[0][compare.EQUAL] > 50


def test_names_numbers_and_beginnings_of_sentences() -> None:
    frame = "Once upon a time there lived far away {} and there it was that nobody ever wanted to go again"
    readings_of_two = [
        ("Paris", "London"), ("paris", "London"), ("in. Paris", "in? London"), ("“Paris", "(London"),
        ("12", "many"), ("b4", "before"), ("old Paris", "new London"), ('"  ("Paris', "'Rome"), ("• Paris", "Rome"),
        ("“““““““““Paris", "Rome"), ("so: Paris", "so; Rome"), ("so! Paris", "\n Rome"), ("— Paris", "é Rome"),
        ("it’s", "it'd"), ("3rd 4th", "x"), ("a" * 80, "b" + "a" * 80), ("x", "don't even"),
    ]  # fmt: skip
    texts = [frame.format(reading) for pair in readings_of_two for reading in pair]
    rows = checked(texts, [(at, at + 1) for at in range(0, len(texts), 2)])
    assert {row[compare.NAMES] for row in rows} == {0, 1}
    checked(["Paris is one two three four", "Rome is one two three four"], config=Config(passage_equal_tokens_min=3))


def test_words_outside_ascii_are_aligned_alike() -> None:
    text = "Où est la bibliothèque près de l’école où l’élève étudiait le français? Élodie répond ¼ 漢字 wörter ２２."
    one = f"{text} {text} fin {text}"
    other = f"{text.replace('élève', 'maître')} {text} {text.replace('école', 'âme')}"
    of_texts = batch([one, other])
    ((counts, _, ranges),) = compiled(of_texts, [(0, 1)], CONFIG)
    wanted = expected(found(of_texts, 0, 1, CONFIG), CONFIG)
    assert counts[: compare.NAMES] == wanted[0][: compare.NAMES]
    assert (counts[compare.PASSAGES], ranges) == (wanted[0][compare.PASSAGES], wanted[2])
    assert counts[compare.UNEVEN] == wanted[0][compare.UNEVEN]


# --- what the caller makes of it --------------------------------------------------------------------------------


SHARES = [name for name in figures.NAMES[5:] if name != "likeness"]


def shares(counts: NDArray[np.int64], sums: NDArray[np.float64], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """The columns of `figures.Figures` for every pair, but for the first five, which are no shares, and the likeness,
    which takes the texts."""
    names = ("EQUAL", "COVERED_A", "COVERED_B", "REPLACED", "FACING", "RUNS", "WINDOWS", "WINDOWS_HIT", "NAMES",
             "LETTERS", "UNEVEN")  # fmt: skip
    c = {name: counts[:, getattr(compare, name)] for name in names}
    columns = (
        (c["COVERED_A"], lengths[:, 0]), (c["COVERED_B"], lengths[:, 1]), (c["EQUAL"], lengths[:, 0]),
        (c["EQUAL"], lengths[:, 1]), (c["REPLACED"], c["COVERED_A"]), (c["WINDOWS_HIT"], c["WINDOWS"]),
        (c["FACING"], c["RUNS"]), (c["FACING"] - c["NAMES"], c["FACING"]), (sums[:, compare.SIMILARITY], c["LETTERS"]),
        (c["UNEVEN"], c["RUNS"]), (c["REPLACED"], np.maximum(c["COVERED_A"], c["COVERED_B"]) - c["EQUAL"]),
        (c["REPLACED"], np.ones(len(counts))),
    )  # fmt: skip
    limited = [np.minimum(1.0, part / np.maximum(whole, 1)) for part, whole in columns[:-1]]
    return np.stack([*limited, columns[-1][0]], axis=1)


def test_figures_and_direction_follow_from_the_sums() -> None:
    originals = [article(seed) for seed in range(3)]
    texts = [*originals, *(spun(text, 1) for text in originals), *(edited(text, 2) for text in originals)]
    of_texts, pairs = batch(texts), list(combinations(range(9), 2))
    rows = list(compiled(of_texts, pairs, CONFIG))
    counts, sums = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    lengths = np.array([[len(of_texts.tokens[side]) for side in pair] for pair in pairs])
    shared = counts[:, compare.FACING] / np.maximum(1, counts[:, compare.RUNS])
    odds = np.where(shared > 0, shared, 1.0) * (sums[:, compare.FREQUENCY : compare.SQUARES] @ WEIGHTS)
    for pair, row, own in zip(pairs, shares(counts, sums, lengths).tolist(), odds.tolist(), strict=True):
        seen = found(of_texts, *pair, CONFIG)
        seen_figures = figures.figures(seen, CONFIG)
        columns = [getattr(seen_figures, name).tolist() for name in SHARES]
        assert [[value] for value in row] == [pytest.approx(column, rel=0, abs=1e-9) for column in columns]
        assert own == pytest.approx(readings.direction(seen), rel=0, abs=1e-9)


# --- tables and bad input ---------------------------------------------------------------------------------------


def test_a_table_holds_every_key_where_a_search_ends() -> None:
    chance = Random(1)
    wanted = {chance.choice((key, key << 32)): chance.random() for key in range(1, 500)}
    slots = tables.table(np.array([*wanted], np.uint64), np.array([*wanted.values()]))
    assert slots.shape == (1024, 2)
    for key, value in wanted.items():
        row = tables._row(slots, np.uint64(key))
        assert (int(slots[row, 0]), slots.view(np.float64)[row, 1]) == (key, value)
    assert int(slots[tables._row(slots, np.uint64(1 << 50)), 0]) == 0


def test_a_table_keeps_the_last_of_equal_keys_and_zero_as_one() -> None:
    slots = tables.table(np.array([5, 5, 0], np.uint64), np.array([1.0, 2.0, 3.0]))
    held = {int(key): float(value) for key, value in zip(slots[:, 0], slots.view(np.float64)[:, 1], strict=True) if key}
    assert held == {5: 2.0, 1: 3.0}
    assert tables.table(np.zeros(0, np.uint64), np.zeros(0)).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match="as many"):
        tables.table(np.zeros(2, np.uint64), np.zeros(1))


def test_bigram_keys_tell_the_order_and_are_the_same_for_arrays() -> None:
    one, other = np.uint64(clean.token_hash("at")), np.uint64(clean.token_hash("least"))
    forwards, backwards = tables.bigram_key(one, other), tables.bigram_key(other, one)
    assert forwards != backwards
    both = tables.bigram_key.py_func(np.array([one, other]), np.array([other, one]))  # type: ignore[attr-defined]
    assert both.tolist() == [int(forwards), int(backwards)]


def test_constants_are_those_of_the_reference() -> None:
    assert tables.SIMILARITY_BYTES == figures.SIMILARITY_CHARACTERS
    assert (compare.UNEVEN_TOKENS, compare.EDGE_TOKENS) == (figures.UNEVEN_TOKENS, figures.EDGE_TOKENS)
    assert compare.PLACE_LIMIT == readings.PLACE_LIMIT
    assert (tables.WORD_ZIPF, tables.RARE_ZIPF, tables.RECURRING_ZIPF) == (
        readings.WORD_ZIPF,
        readings.RARE_ZIPF,
        readings.RECURRING_ZIPF,
    )
    columns = [name.upper() for name in readings.WEIGHTS] + ["SQUARES", "PLACES"]
    assert [getattr(compare, name) for name in columns] == list(range(1, 1 + figures.READINGS))
    assert (readings.SQUARES, readings.PLACES) == (compare.SQUARES - 1, compare.PLACES - 1)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (1, np.array([0, 3, 99], np.int64)), (1, np.array([0, 3, 2], np.int64)), (3, np.array([0, 9], np.int64)),
        (3, np.array([0, 5, 999], np.int64)), (4, np.zeros((1, 2), np.int64)), (5, np.array([[0, 2]])),
        (5, np.array([[-1, 1]])), (6, np.zeros(6, np.int64)), (7, np.zeros(2)), (8, np.zeros((3, 2), np.uint64)),
        (9, np.zeros((2, 1), np.uint64)), (10, np.zeros(2)), (11, np.zeros((2, 12), np.int64)),
        (11, np.zeros((1, 10), np.int64)), (12, np.zeros((1, 3))), (13, np.zeros((1, 2, 3), np.int64)),
        (13, np.zeros((1, 2, 4), np.int64)), (13, np.zeros((2, 0, 5), np.int64)),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(place: int, value: NDArray[Any]) -> None:
    few = batch(["one two three", "one two four"])
    out = np.zeros((1, 12), np.int64), np.zeros((1, 9)), np.zeros((1, 0, 5), np.int64)
    arguments = [*few.arrays, np.array([[0, 1]]), *limits(CONFIG), *few.tables, WEIGHTS, *out]
    compare.compare(*arguments)
    arguments[place] = value
    with pytest.raises(ValueError, match=r"fit|names no|ascend|rows of two"):
        compare.compare(*arguments)


def test_no_pairs_are_compared_without_complaint() -> None:
    assert list(compiled(batch(["one"]), [], CONFIG)) == []
    assert list(compiled(batch([]), [], CONFIG)) == []
