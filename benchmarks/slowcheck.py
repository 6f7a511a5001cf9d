"""An independent, slow check of a merged pair: how much of the shorter text stands otherwise in the longer one.

Shares nothing with the program but the limits it is held to. Plain dynamic programming over words (characters for
`damaged`) fits the shorter text into the longer one: what stands before and after costs nothing; a unit that is replaced
or missing costs 1; what is added within costs 1 a unit, but a block of any length no more than `BLOCK_COST`. The cost
for each unit of the shorter text is its differing share: about 0.02 for a light edit, at most 1 for unrelated texts.

Limits: memory and time grow with the product of the lengths; characters are cut at `CHARACTERS_MAX`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.7
EXCERPT_CONTAINMENT = 0.85
BLOCK_COST = 3.0
CHARACTERS_MAX = 6_000
ALLOWED_WORDS = {
    "exact": 0.0,
    "near": 1 - 2 * THRESHOLD / (1 + THRESHOLD),  # what of the shorter's shingles a resemblance leaves free
    "excerpt": 1 - EXCERPT_CONTAINMENT,
    "spun": 0.55,  # two fifths replaced, some by more words than there were
}
ALLOWED_CHARACTERS = 0.35
"""For `damaged`: the worst OCR of a legible page; unrelated English texts differ in 0.6 and more."""
WORD = re.compile(r"[\u3400-\u9fff\u0e00-\u0eff]|[^\W\u3400-\u9fff\u0e00-\u0eff]+")


@dataclass(frozen=True, slots=True)
class Check:
    """The share of the shorter text that differs, what the relation allows, and what was counted."""

    differing: float
    allowed: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.differing <= self.allowed + 1e-9


def checked(text_a: str, text_b: str, relation: str) -> Check:
    """A merged pair, held to what its relation allows."""
    plain = [unicodedata.normalize("NFKC", text).casefold() for text in (text_a, text_b)]
    if relation == "damaged":
        units: list[Sequence[str]] = [re.sub(r"\W+", "", text)[:CHARACTERS_MAX] for text in plain]
        return Check(differing_share(*units), ALLOWED_CHARACTERS, "characters")
    units = [WORD.findall(text) for text in plain]
    return Check(differing_share(*units), ALLOWED_WORDS[relation], "words")


def differing_share(one: Sequence[str], other: Sequence[str]) -> float:
    """The least cost of fitting the shorter sequence into the longer one, for each of its units."""
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return 0.0 if not longer else 1.0
    numbers: dict[str, int] = {}
    long_units = np.array([numbers.setdefault(unit, len(numbers)) for unit in longer], np.int64)
    steps = np.arange(len(longer) + 1, dtype=np.float64)
    costs = np.zeros(len(longer) + 1)
    for unit in shorter:
        stepped = np.empty_like(costs)
        stepped[0] = costs[0] + 1
        replaced = costs[:-1] + (long_units != numbers.get(unit, -1))
        stepped[1:] = np.minimum(replaced, costs[1:] + 1)
        added = np.minimum.accumulate(stepped - steps) + steps
        block = np.minimum.accumulate(stepped) + BLOCK_COST
        costs = np.minimum(stepped, np.minimum(added, block))
    return float(costs.min()) / len(shorter)
