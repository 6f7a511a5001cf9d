"""Readings become evidence: which of two texts has the original ones, and how sure that is.

At every substitution both readings are looked at where they stand, by the frequency of their words, by how strongly
these go with their neighbours, and by how many of the neighbourships are known at all. Each difference has a weight;
their sum is the logarithm of the odds, at one locus and, summed, for the pair (naive Bayes). The weights were fitted by
logistic regression on development data: film reviews with words swapped by three attacks, whose direction is known
(see docs/judging.md for data and accuracy). English only; of other languages it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup import language
from dedup.figures import Range, Run, runs
from dedup.model import Comparison, Tokens

WEIGHTS = {"frequency": 0.65, "fit": 0.7, "known": 2.2}
"""Log-odds for each unit: a step of the Zipf scale, a bit of mutual information, all neighbourships against none."""
REPAIR_WEIGHT = 0.5
"""Log-odds for each place of broken encoding, up to REPAIR_LIMIT: it is always the copy that is damaged."""
REPAIR_LIMIT = 6.0
RESTRAINT = 0.8
"""Factor on the summed log-odds of a pair: loci of one pair are not independent."""
FEW_PLACES = 2
"""Replaced places at which their sum counts half of that: two words changed by an editor tell no direction."""

F64s = NDArray[np.float64]


def sums(found: Comparison) -> list[float]:
    """By how much a's readings are better than b's over all replaced places, in the order of WEIGHTS, and last the sum
    of the squares of their log-odds."""
    if not (language.is_known(found.tokens_a.words) and language.is_known(found.tokens_b.words)):
        return [0.0] * (len(WEIGHTS) + 1)
    told = [evidence(found, run) for run in runs(found.passages) if run.replaced]
    return [*(sum(one[name] for one in told) for name in WEIGHTS), sum(own_odds(one) ** 2 for one in told)]


def own_odds(told: Mapping[str, float]) -> float:
    """What the evidence of one place says for a's reading, in log-odds."""
    return sum(WEIGHTS[name] * value for name, value in told.items())


def weighed(differences: F64s, places: F64s, repairs: F64s) -> tuple[F64s, dict[str, F64s]]:
    """The log-odds for a's readings, (m,), and their parts by name, of m pairs.

    differences: (m, 4), the `sums`. places: (m,), replaced places. repairs: (m,), mended places in b less those in a.
    """
    trust = RESTRAINT * places / (places + FEW_PLACES)
    parts = {name: trust * weight * differences[:, at] for at, (name, weight) in enumerate(WEIGHTS.items())}
    parts["encoding"] = np.clip(REPAIR_WEIGHT * repairs, -REPAIR_LIMIT, REPAIR_LIMIT)
    odds: F64s = np.sum(list(parts.values()), axis=0)
    return odds, parts


def consistency(differences: F64s) -> F64s:
    """How far the readings of m pairs lean to one side, in standard deviations of what they would by chance: (m,).

    A place is as likely to speak for either side where nobody made one text from the other word by word; the sum of
    such places has the variance of the sum of their squares (the statistic of a sign-flipping test).
    """
    total = sum(weight * differences[:, at] for at, weight in enumerate(WEIGHTS.values()))
    found: F64s = np.abs(total) / np.sqrt(np.maximum(differences[:, len(WEIGHTS)], 1e-12))
    return found


def are_known(differences: F64s) -> NDArray[np.bool_]:
    """Whether the readings of m pairs could be weighed at all: (m,)."""
    found: NDArray[np.bool_] = differences[:, len(WEIGHTS)] > 0
    return found


def direction(found: Comparison) -> float:
    """The log-odds that a's readings are the original ones."""
    places = sum(run.replaced > 0 for run in runs(found.passages))
    repairs = len(found.b.repairs) - len(found.a.repairs)
    odds, _ = weighed(np.array([sums(found)]), np.array([float(places)]), np.array([float(repairs)]))
    return float(odds[0])


def evidence(found: Comparison, run: Run) -> dict[str, float]:
    """By how much a's reading is better than b's in a run: Zipf steps, bits, share of known neighbourships."""
    one, other = _reading(found.tokens_a, run.a), _reading(found.tokens_b, run.b)
    return {name: value - other[name] for name, value in one.items()}


def _reading(tokens: Tokens, tokens_range: Range) -> dict[str, float]:
    start, stop = tokens_range
    words = tokens.words[start:stop]
    neighbours = list(pairwise(tokens.words[max(0, start - 1) : stop + 1]))
    return {
        "frequency": _mean(language.zipf(word) for word in words if not word[0].isdigit()),
        "fit": _mean(language.association_bits(*two) for two in neighbours),
        "known": _mean(float(language.bigram_count(*two) > 0) for two in neighbours),
    }


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0
