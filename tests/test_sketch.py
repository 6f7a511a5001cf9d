"""A sketch is what its definition says: datasketch's signature, the set of terms, the set of shingles."""

from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st
from reference import resemblance
from strategies import article, spun

from dedup import clean, match, sketch
from dedup.config import Config

hash_lists = st.lists(st.integers(0, (1 << 64) - 1), max_size=60)
small_words = st.lists(st.sampled_from("abcde"), max_size=30)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, np.uint64)


def hashes(words: list[str]) -> np.ndarray:
    return array([clean.token_hash(word) for word in words])


@given(hash_lists)
def test_a_signature_is_that_of_datasketch(values: list[int]) -> None:
    theirs = MinHash(num_perm=128, seed=1, scheme="affine32", hashfunc=int)
    for value in values:
        theirs.update(value >> 32)
    ours = sketch.signature(array(values), 128)
    assert ours.dtype == np.uint32
    assert ours.tolist() == theirs.hashvalues.tolist()


def test_one_signature_does_not_leak_into_the_next() -> None:
    first = sketch.signature(array([1 << 40, 2 << 40]), 32)
    sketch.signature(array([3 << 40]), 32)
    assert sketch.signature(array([1 << 40, 2 << 40]), 32).tolist() == first.tolist()


@given(small_words, st.integers(1, 6))
def test_shingle_hashes_are_equal_just_where_the_shingles_are(words: list[str], width: int) -> None:
    found = sketch.shingle_hashes(hashes(words), width).tolist()
    size = min(width, len(words))
    shingles = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)] if size else []
    assert len(found) == len(shingles)
    assert len(set(zip(found, shingles, strict=True))) == len(set(found)) == len(set(shingles))


def test_the_order_of_the_tokens_in_a_shingle_counts() -> None:
    assert sketch.shingle_hashes(hashes(["a", "b"]), 2) != sketch.shingle_hashes(hashes(["b", "a"]), 2)


@given(small_words, small_words)
def test_exact_resemblance_is_that_of_sets_of_tuples(a: list[str], b: list[str]) -> None:
    shingled = [np.unique(sketch.shingle_hashes(hashes(words), 3)) for words in (a, b)]
    assert match.resemblance(*shingled) == pytest.approx(resemblance(a, b, 3))


@given(st.integers(5, 40), st.integers(0, 30), st.integers(0, 30))
def test_a_shared_run_of_tokens_is_as_many_shared_shingles_less_the_width(run: int, before: int, after: int) -> None:
    passage = [f"p{number}" for number in range(run)]
    whole = [f"a{number}" for number in range(before)] + passage + [f"b{number}" for number in range(after)]
    own, others = (set(sketch.shingle_hashes(hashes(words), 5).tolist()) for words in (passage, whole))
    assert own <= others
    assert len(own) == run - 4


def test_the_estimate_lies_within_four_standard_errors_of_the_truth() -> None:
    config = Config()
    texts = article(5, 60), spun(article(5, 60), 1, 0.3)
    one, other = (sketch.sketch(clean.tokens(clean.from_text("x", text)), config) for text in texts)
    truth = match.resemblance(one.shingles, other.shingles)
    estimate = float((one.signature == other.signature).mean())
    assert abs(estimate - truth) < 4 * (truth * (1 - truth) / config.permutations) ** 0.5


@given(small_words, st.integers(1, 6))
def test_a_sketch_holds_the_distinct_keys_of_every_channel_in_order(words: list[str], width: int) -> None:
    config = Config(shingle_length_tokens=width, permutations=16)
    made = sketch.sketch(clean.tokens(clean.from_text("a", " ".join(words))), config)
    shingles = sketch.shingle_hashes(hashes(words), width)
    assert made.terms.tolist() == sorted(set(hashes(words).tolist()))
    assert made.shingles.tolist() == sorted(set(shingles.tolist()))
    assert made.signature.tolist() == sketch.signature(shingles, 16).tolist()


@pytest.mark.parametrize("text", ["", "...", "one", "one two three"])
def test_short_texts_have_a_sketch_too(text: str) -> None:
    made = sketch.sketch(clean.tokens(clean.from_text("a", text)), Config())
    assert len(made.shingles) == (1 if text.strip(".") else 0)
