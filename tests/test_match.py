"""Candidates are nearly complete, selective, and bounded: the keys of each channel meet where they should."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import (
    banding_recall,
    banding_recall_simulated,
    enough_shared,
    key_pairs,
    rarest_keys,
    without_furniture,
)
from strategies import PARAGRAPHS, article, noised, spun

from dedup import clean, match, sketch
from dedup.config import Config
from dedup.model import Candidate, Sketch

CONFIG = Config()


def sketches(*texts: str) -> list[Sketch]:
    return [sketch.sketch(clean.tokens(clean.from_text(str(at), text)), CONFIG) for at, text in enumerate(texts)]


def candidate(found: match.Candidates, a: int, b: int) -> Candidate | None:
    return next((pair for pair in found.pairs if (pair.a, pair.b) == (a, b)), None)


def with_keys(channel: str, *keys: list[int]) -> list[Sketch]:
    """Sketches that have nothing but the keys of one channel, and a signature of their own."""
    nothing = np.zeros(0, np.uint64)
    return [
        replace(
            Sketch(np.full(128, number, np.uint32), nothing, nothing),
            **{channel: np.array(sorted(own), np.uint64)},
        )
        for number, own in enumerate(keys)
    ]


@given(st.floats(0.2, 0.95), st.floats(0.6, 0.9999), st.sampled_from([16, 64, 128, 256]))
def test_bands_have_the_recall_they_promise_and_no_wider_rows_would(
    threshold: float, recall: float, permutations: int
) -> None:
    bands, rows = match.banding(threshold, recall, permutations)
    assert bands * rows <= permutations
    if rows > 1:
        assert banding_recall(threshold, bands, rows) >= recall - 1e-9
    assert all(
        banding_recall(threshold, permutations // wider, wider) < recall + 1e-9
        for wider in range(rows + 1, permutations + 1)
    )


def test_dice_agree_with_the_recall_of_the_default_bands() -> None:
    bands, rows = match.banding(CONFIG.threshold, CONFIG.band_recall, CONFIG.permutations)
    assert banding_recall_simulated(CONFIG.threshold, bands, rows, 3000, 1) >= 0.997
    assert banding_recall_simulated(0.1, bands, rows, 3000, 2) <= 0.05


def test_a_threshold_of_one_takes_whole_signatures_for_bands() -> None:
    assert match.banding(1.0, 0.999, 128) == (1, 128)


def test_signatures_that_agree_at_the_threshold_meet_in_a_band() -> None:
    chance, met = Random(4), 0
    for _ in range(200):
        one = [chance.randrange(1 << 32) for _ in range(128)]
        other = [value if chance.random() < CONFIG.threshold else chance.randrange(1 << 32) for value in one]
        pair = [replace(blank, signature=np.array(values, np.uint32)) for blank, values in zip(
            with_keys("terms", [], []), (one, other), strict=True)]  # fmt: skip
        met += any(found.bands for found in match.candidates(pair, CONFIG).pairs)
    assert met >= 198


def test_every_kind_of_copy_is_a_candidate() -> None:
    text = article(1, 20)
    copies = [text, spun(text), noised(text), text[: len(text) // 2], article(2, 6) + text[:400]]
    others = [article(seed, 12) for seed in range(100, 110)]
    found = match.candidates(sketches(*copies, *others), CONFIG)
    assert all(candidate(found, 0, copy) for copy in range(1, len(copies)))


def test_texts_on_other_matters_share_neither_bands_nor_passages() -> None:
    found = match.candidates(sketches(*PARAGRAPHS, article(1), article(1)), CONFIG).pairs
    assert [(pair.a, pair.b) for pair in found if pair.bands or pair.passages] == [(4, 5)]


def test_candidates_are_in_order_and_named_once() -> None:
    found = match.candidates(sketches(*(spun(article(at % 3, 8), at, 0.3) for at in range(9))), CONFIG).pairs
    places = [(pair.a, pair.b) for pair in found]
    assert places == sorted(set(places))
    assert all(a < b for a, b in places)


def test_no_documents_and_one_document_give_no_candidates() -> None:
    assert match.candidates([], CONFIG).pairs == ()
    assert match.candidates(sketches(article(1)), CONFIG).pairs == ()


def test_documents_without_words_do_not_disturb_the_others() -> None:
    found = match.candidates(sketches("...", article(1), "", article(1)), CONFIG)
    assert candidate(found, 1, 3)
    assert not candidate(found, 0, 1)


def test_four_shared_rare_terms_make_a_candidate_and_three_do_not() -> None:
    own = [[at * 100 + step for step in range(40)] for at in (1, 2, 3)]
    others = [[*own[0][:9]], [*own[1][:9]], [*own[2][:9]]]  # so that each has nine terms that somebody shares
    four = with_keys("terms", own[0] + own[1][:4], own[1], *others)
    three = with_keys("terms", own[0] + own[1][:3], own[1], *others)
    assert candidate(match.candidates(four, CONFIG), 0, 1) == Candidate(0, 1, terms=4)
    assert candidate(match.candidates(three, CONFIG), 0, 1) is None


def test_a_term_of_too_many_documents_tells_nothing() -> None:
    config = replace(CONFIG, term_documents_max=5)
    crowd = with_keys("terms", *([1, 2, 3, 4, 5] for _ in range(6)))
    assert match.candidates(crowd, config).pairs == ()
    assert len(match.candidates(crowd[:5], config).pairs) == comb(5, 2)


def shared_in(channel: str, found: match.Candidates) -> dict[tuple[int, int], int]:
    """The pairs that a channel gave, and how many keys each shares in it."""
    return {(pair.a, pair.b): getattr(pair, channel) for pair in found.pairs if getattr(pair, channel)}


keys_of_documents = st.lists(st.sets(st.integers(0, 12), max_size=10), max_size=9)


@given(keys_of_documents, st.integers(1, 6), st.integers(2, 4), st.integers(2, 7))
def test_documents_that_share_shingles_enough_are_candidates_and_no_others(
    keys: list[set[int]], least: int, all_most: int, most: int
) -> None:
    config = replace(
        CONFIG, passage_shingles_min=least, passage_documents_all=all_most, key_documents_max=most
    )  # fmt: skip
    found = match.candidates(with_keys("shingles", *map(list, keys)), config)
    kept, furniture = without_furniture(keys, most)
    assert shared_in("passages", found) == enough_shared(key_pairs(kept, all_most), list(map(len, keys)), least)
    assert found.capped.get("passages", 0) == len(furniture)


@given(keys_of_documents, st.integers(1, 5), st.integers(4, 6), st.integers(2, 4), st.integers(2, 7))
def test_documents_that_share_rare_terms_enough_are_candidates_and_no_others(
    keys: list[set[int]], least: int, width: int, bucket_max: int, most: int
) -> None:
    config = replace(
        CONFIG, terms_shared_min=least, term_count=width, term_documents_max=most, bucket_documents_max=bucket_max
    )
    found = match.candidates(with_keys("terms", *map(list, keys)), config)
    rarest = rarest_keys(keys, most, width)
    assert shared_in("terms", found) == enough_shared(key_pairs(rarest, bucket_max), list(map(len, rarest)), least)
    full = [key for key in range(13) if sum(key in own for own in rarest) > bucket_max]
    assert found.capped.get("terms", 0) == len(full)


minima = st.sampled_from([1 << 20, 1 << 25, 3 << 28])  # as far apart as hashes are: bands are told apart by low bits


@given(st.lists(st.lists(minima, min_size=16, max_size=16), max_size=7), st.floats(0.3, 0.9))
def test_signatures_meet_in_the_bands_in_which_all_their_values_agree(
    signatures: list[list[int]], threshold: float
) -> None:
    config = replace(CONFIG, permutations=16, threshold=threshold)
    bands, rows = match.banding(threshold, config.band_recall, 16)
    nothing = np.zeros(0, np.uint64)
    made = [Sketch(np.array(values, np.uint32), nothing, nothing) for values in signatures]
    keys = [{(band, *own[band * rows :][:rows]) for band in range(bands)} for own in signatures]
    assert shared_in("bands", match.candidates(made, config)) == {
        (a, b): len(keys[a] & keys[b]) for a, b in combinations(range(len(keys)), 2) if keys[a] & keys[b]
    }


@given(st.permutations(range(8)), keys_of_documents)
def test_the_order_of_documents_changes_nothing_but_their_numbers(order: list[int], keys: list[set[int]]) -> None:
    keys = [*keys, *(set() for _ in range(8))][:8]
    config = replace(CONFIG, passage_shingles_min=2)
    found = shared_in("passages", match.candidates(with_keys("shingles", *map(list, keys)), config))
    turned = match.candidates(with_keys("shingles", *(list(keys[number]) for number in order)), config)
    named = {
        (min(order[a], order[b]), max(order[a], order[b])): count
        for (a, b), count in shared_in("passages", turned).items()
    }
    assert named == found


@given(st.integers(12, 60), st.integers(0, 200), st.integers(0, 200))
def test_a_passage_of_twelve_words_makes_a_candidate_wherever_it_stands(run: int, before: int, after: int) -> None:
    passage = " ".join(f"p{number}" for number in range(run))
    texts = (" ".join([*(f"{side}{at}" for at in range(before)), passage, *(f"z{side}{at}" for at in range(after))])
             for side in "ab")  # fmt: skip
    found = candidate(match.candidates(sketches(*texts), CONFIG), 0, 1)
    assert found
    assert found.passages == run - CONFIG.shingle_length_tokens + 1


def test_a_passage_of_eleven_words_makes_no_candidate_in_longer_texts() -> None:
    passage = " ".join(f"p{number}" for number in range(11))
    texts = (f"{' '.join(f'{side}{number}' for number in range(50))} {passage}" for side in "ab")
    assert not shared_in("passages", match.candidates(sketches(*texts), CONFIG))


def test_half_of_a_short_text_is_enough() -> None:
    config = replace(CONFIG, passage_shingles_min=8)
    long, poor = list(range(100)), [*range(4), *range(200, 204)]
    assert shared_in("passages", match.candidates(with_keys("shingles", long, poor), config)) == {(0, 1): 4}
    assert not match.candidates(with_keys("shingles", long, [*poor, 204]), config).pairs


def test_a_shingle_of_too_many_documents_is_furniture() -> None:
    config = replace(CONFIG, key_documents_max=4)
    crowd = with_keys("shingles", *([7, 100 + at] for at in range(5)))
    assert match.candidates(crowd, config) == match.Candidates((), {"passages": 1})
    assert match.candidates(crowd[:2], config) == match.Candidates((Candidate(0, 1, passages=1),), {})


def test_a_full_bucket_gives_a_star_and_says_so() -> None:
    config = replace(CONFIG, bucket_documents_max=3)
    four = match.candidates(with_keys("terms", *([7] for _ in range(4))), config)
    assert [(pair.a, pair.b) for pair in four.pairs] == [(0, 1), (0, 2), (0, 3)]
    assert four.capped == {"terms": 1}
    three = match.candidates(with_keys("terms", *([7] for _ in range(3))), config)
    assert (len(three.pairs), three.capped) == (3, {})


def test_a_shingle_of_many_documents_gives_a_star_and_is_no_loss_to_tell() -> None:
    config = replace(CONFIG, passage_documents_all=3)
    four = match.candidates(with_keys("shingles", *([7] for _ in range(4))), config)
    assert [(pair.a, pair.b) for pair in four.pairs] == [(0, 1), (0, 2), (0, 3)]
    assert four.capped == {}


def test_the_rarest_terms_are_those_of_the_corpus_at_hand() -> None:
    config = replace(CONFIG, term_count=4, terms_shared_min=4)
    frequent, rare = [1, 2, 3, 4], [11, 12, 13, 14]
    crowd = with_keys("terms", frequent + rare, frequent + rare, *(frequent for _ in range(6)))
    assert candidate(match.candidates(crowd, config), 0, 1)
    assert candidate(match.candidates(crowd, config), 0, 2) is None


@pytest.mark.parametrize(
    ("a", "b", "expected"), [([], [], 0.0), ([1], [], 0.0), ([1, 2], [2, 3], 1 / 3), ([1], [1], 1.0)]
)
def test_resemblance_is_the_share_of_the_union(a: list[int], b: list[int], expected: float) -> None:
    assert match.resemblance(np.array(a, np.uint64), np.array(b, np.uint64)) == pytest.approx(expected)
