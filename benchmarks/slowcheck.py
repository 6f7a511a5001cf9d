"""An independent, slow check of a merged pair: how much of the shorter text stands otherwise in the longer one.

Shares nothing with the program but the limits it is held to. Plain dynamic programming over words fits the shorter text
into the longer one: what stands before and after costs nothing; a word that is missing costs 1, one that is replaced
costs 1, or for `damaged` what share of its characters differs; what is added within costs 1 a word, but a block of any
length no more than its relation's `BLOCK_COST`. The cost for each word of the shorter text is its differing share:
about 0.02 for a light edit, near 1 for unrelated texts.

A pair that fails may have its paragraphs in another order: then the words count that stand in no stretch of
`TILE_WORDS` and more which both texts share, wherever it stands, each used once.

Limits: memory and time grow with the product of the lengths; of the shorter text no more than the first words count
that make `CELLS_MAX` cells with those of the longer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.7
EXCERPT_CONTAINMENT = 0.85
BLOCK_COST = {"near": 1.0, "excerpt": 1.0}
BLOCK_COST_ELSE = 3.0
"""What is added costs little where words must be equal, so that it counts less than words that differ; where much is
forgiven it costs more, or common words strewn over a long text would pass for a copy."""
CELLS_MAX = 50_000_000
"""Words of the one by words of the other: 400 MB."""
TILE_WORDS = 8
ALLOWED = {
    "exact": 0.0,
    "near": 1 - 2 * THRESHOLD / (1 + THRESHOLD),  # what of the shorter's shingles a resemblance leaves free
    "excerpt": 1 - EXCERPT_CONTAINMENT,
    "damaged": 0.35,  # the worst OCR of a legible page
    "spun": 0.55,  # two fifths replaced, some by more words than there were
}
WORD = re.compile(r"[\u3400-\u9fff\u0e00-\u0eff]|[^\W\u3400-\u9fff\u0e00-\u0eff]+")

Costs = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Check:
    """The share of the shorter text that differs, and what the relation allows."""

    differing: float
    allowed: float

    @property
    def holds(self) -> bool:
        return self.differing <= self.allowed + 1e-9


def checked(text_a: str, text_b: str, relation: str) -> Check:
    """A merged pair, held to what its relation allows."""
    words = [WORD.findall(unicodedata.normalize("NFKC", text).casefold()) for text in (text_a, text_b)]
    shorter, longer = sorted(words, key=len)
    cut = shorter[: CELLS_MAX // max(1, len(longer))]
    replacing = likeness_costs(cut, longer) if relation == "damaged" else equality_costs(cut, longer)
    differing = differing_share(replacing, BLOCK_COST.get(relation, BLOCK_COST_ELSE))
    if cut and differing > ALLOWED[relation]:
        differing = min(differing, share_outside_tiles(cut, longer))
    return Check(round(differing, 4), ALLOWED[relation])


def equality_costs(shorter: Sequence[str], longer: Sequence[str]) -> Costs:
    """0 where two words are equal, else 1."""
    numbers: dict[str, int] = {}
    one, other = (
        np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64) for words in (shorter, longer)
    )
    return (one[:, None] != other[None, :]).astype(np.float64)


def likeness_costs(shorter: Sequence[str], longer: Sequence[str]) -> Costs:
    """The edits of characters between two words, for each character of the longer one."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    vocabularies = [sorted(set(words)) for words in (shorter, longer)]
    known = cdist(*vocabularies, scorer=Levenshtein.normalized_distance, dtype=np.float32)
    one, other = (
        np.array([place[word] for word in words], np.int64)
        for words, place in zip(
            (shorter, longer),
            ({word: at for at, word in enumerate(vocabulary)} for vocabulary in vocabularies),
            strict=True,
        )
    )
    return np.asarray(known[np.ix_(one, other)], np.float64)


def differing_share(replacing: Costs, block_cost: float = BLOCK_COST_ELSE) -> float:
    """The least cost of fitting the shorter text (rows) into the longer one (columns), for each word of the former."""
    rows, columns = replacing.shape
    if not rows:
        return 0.0 if not columns else 1.0
    steps = np.arange(columns + 1, dtype=np.float64)
    costs = np.zeros(columns + 1)
    for row in replacing:
        stepped = costs + 1
        np.minimum(stepped[1:], costs[:-1] + row, out=stepped[1:])
        added = np.minimum.accumulate(stepped - steps) + steps
        block = np.minimum.accumulate(stepped) + block_cost
        costs = np.minimum(stepped, np.minimum(added, block))
    return float(costs.min()) / rows


def share_outside_tiles(shorter: Sequence[str], longer: Sequence[str]) -> float:
    """The share of the shorter text's words that stand in no stretch which both share, in whatever order these are."""
    one: list[str | int] = list(shorter)
    other: list[str | int] = list(longer)
    covered = 0
    while True:
        found = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
        if found.size < TILE_WORDS:
            return 1 - covered / len(one)
        covered += found.size
        # what is used once is no longer equal to anything
        one[found.a : found.a + found.size] = range(2 * covered, 2 * covered + 2 * found.size, 2)
        other[found.b : found.b + found.size] = range(-2 * covered, -2 * covered - 2 * found.size, -2)
