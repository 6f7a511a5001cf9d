"""Readings become evidence: which of two texts has the original ones, and how sure that is.

1. At every place where words face each other (`places`) both readings are looked at where they stand: how frequent
   their words are, each of them at a price, so that three words for one must be worth it; how rare, where they are; how
   strongly they go with their neighbours, and how many of the neighbourships are known at all; whether a capital was
   lost; whether their words recur in what both texts share.
2. Each difference has a weight; their sum is the logarithm of the odds at that place, cut at PLACE_LIMIT. The sum over
   the places is that of the pair (naive Bayes).
3. `consistency` and `lean`: how far the places of a pair lean to one side, against their own scatter and by
   themselves. `strength`: how much a place says. A thesaurus puts words that seldom fit, an editor exchanges good words
   for good ones.

The weights were fitted by logistic regression on places whose original is known; docs/judging.md has data and
accuracy. English only; of other languages it says nothing. The odds are those of a text made from the other by
replacing words: an editor's single change is judged as if a machine had made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dedup import language
from dedup.figures import EDGE_TOKENS, Range, Run, runs, share
from dedup.model import Comparison, Tokens

WEIGHTS = {
    "frequency": 0.70,
    "rarity": -0.91,
    "fit": 0.40,
    "known": 1.57,
    "capitals": 5.9,
    "recurrence": 1.75,
}
"""Log-odds for each unit: a step of the Zipf scale, one below RARE_ZIPF, a bit of mutual information, a neighbourship
that is known, a capital, a step by which a word that recurs is rarer than any."""
SQUARES, PLACES = len(WEIGHTS), len(WEIGHTS) + 1
"""Places of the other two of `sums`."""
PLACE_LIMIT = 5.2
"""The most, in log-odds, that one place says: with more it would drown the others."""
WORD_ZIPF = 12.0
"""What each word of a reading costs, in steps of the Zipf scale: the most frequent one is at 7.7."""
RARE_ZIPF = 3.0
RECURRING_ZIPF = 6.0
"""Zipf frequency from which it tells nothing that a word recurs."""
REPAIR_WEIGHT = 0.5
"""Log-odds for each place of broken encoding, up to REPAIR_LIMIT: it is always the copy that is damaged."""
REPAIR_LIMIT = 6.0

F64s = NDArray[np.float64]


# --- places ----------------------------------------------------------------------------------------------------


def places(found: Comparison) -> Iterator[Run]:
    """Where words face each other: within the shared passages, and where both texts begin or end next to one."""
    yield from (run for run in runs(found.passages) if run.replaced)
    if not found.passages:
        return
    first, last = found.passages[0], found.passages[-1]
    beginning = Run((0, first.range_a[0]), (0, first.range_b[0]))
    end = Run((last.range_a[1], len(found.tokens_a)), (last.range_b[1], len(found.tokens_b)))
    yield from (run for run in (beginning, end) if run.replaced and run.replaced + run.surplus <= EDGE_TOKENS)


def recurring(found: Comparison) -> frozenset[str]:
    """The words that both texts share, in passages."""
    words = found.tokens_a.words
    blocks = (block for passage in found.passages for block in passage.blocks)
    return frozenset(word for start, _, size in blocks for word in words[start : start + size])


def sums(found: Comparison) -> list[float]:
    """By how much a's readings are better than b's over all places, in the order of WEIGHTS, each place as far as it
    counts; the sum of the squares of the places' log-odds; and their number."""
    total = [0.0] * (len(WEIGHTS) + 2)
    if not (language.is_known(found.tokens_a.words) or language.is_known(found.tokens_b.words)):
        return total  # if one of them is English the other is, be it scanned so badly that it does not look so
    shared = recurring(found)
    for run in places(found):
        told = evidence(found, run, shared)
        odds = own_odds(told)
        counts = PLACE_LIMIT / max(PLACE_LIMIT, abs(odds))
        for at, value in enumerate(told.values()):
            total[at] += counts * value
        total[SQUARES] += (counts * odds) ** 2
        total[PLACES] += 1.0
    return total


def own_odds(told: Mapping[str, float]) -> float:
    """What the evidence of one place says for a's reading, in log-odds."""
    return sum(WEIGHTS[name] * value for name, value in told.items())


# --- pairs -----------------------------------------------------------------------------------------------------


def weighed(differences: F64s, shares: F64s, repairs: F64s) -> tuple[F64s, dict[str, F64s]]:
    """The log-odds for a's readings, (m,), and their parts by name, of m pairs.

    differences: (m, len(WEIGHTS) + 2), the `sums`. shares: (m,), replacements among replacements, additions and drops:
    who also adds and drops is an editor, whose exchanges tell less; 0 where all that is replaced is at the ends.
    repairs: (m,), mended places in b less those in a.
    """
    trust = np.where(shares > 0, shares, 1.0)
    parts = {name: trust * weight * differences[:, at] for at, (name, weight) in enumerate(WEIGHTS.items())}
    parts["encoding"] = np.clip(REPAIR_WEIGHT * repairs, -REPAIR_LIMIT, REPAIR_LIMIT)
    odds: F64s = np.sum(list(parts.values()), axis=0)
    return odds, parts


def consistency(differences: F64s) -> F64s:
    """How far the readings of m pairs lean to one side, in standard deviations of what they would by chance: (m,).

    A place is as likely to speak for either side where nobody made one text from the other word by word; the sum of
    such places has the variance of the sum of their squares (the statistic of a sign-flipping test).
    """
    found: F64s = _leans(differences) / np.sqrt(np.maximum(differences[:, SQUARES], 1e-12))
    return found


def lean(differences: F64s) -> F64s:
    """How far the readings of m pairs lean to one side: log-odds for the root of the number of places, (m,)."""
    found: F64s = _leans(differences) / np.sqrt(np.maximum(differences[:, PLACES], 1.0))
    return found


def strength(differences: F64s) -> F64s:
    """How strongly a place of m pairs speaks for either side, in log-odds: the root of the mean square, (m,).

    It is high too where two copies were made from one text, each by other replacements, and lean to no side.
    """
    found: F64s = np.sqrt(differences[:, SQUARES] / np.maximum(differences[:, PLACES], 1.0))
    return found


def _leans(differences: F64s) -> F64s:
    found: F64s = np.abs(differences[:, : len(WEIGHTS)] @ np.array(list(WEIGHTS.values())))
    return found


def are_known(differences: F64s) -> NDArray[np.bool_]:
    """Whether the readings of m pairs could be weighed at all: (m,)."""
    found: NDArray[np.bool_] = differences[:, SQUARES] > 0
    return found


def direction(found: Comparison) -> float:
    """The log-odds that a's readings are the original ones."""
    repairs = len(found.b.repairs) - len(found.a.repairs)
    every = list(runs(found.passages))
    replaced = share(sum(run.replaced > 0 for run in every), len(every))
    odds, _ = weighed(np.array([sums(found)]), np.array([replaced]), np.array([float(repairs)]))
    return float(odds[0])


# --- one place -------------------------------------------------------------------------------------------------


def evidence(found: Comparison, run: Run, shared: Set[str]) -> dict[str, float]:
    """By how much a's reading is better than b's, in the order of WEIGHTS. shared: see `recurring`."""
    one, other = _reading(found.tokens_a, run.a, shared), _reading(found.tokens_b, run.b, shared)
    told = {name: value - other[name] for name, value in one.items()} | {"capitals": _capitals(found, run)}
    return {name: told[name] for name in WEIGHTS}


def _reading(tokens: Tokens, tokens_range: Range, shared: Set[str]) -> dict[str, float]:
    start, stop = tokens_range
    words = [word for word in tokens.words[start:stop] if not word[0].isdigit()]
    neighbours = list(pairwise(tokens.words[max(0, start - 1) : stop + 1]))
    return {
        "frequency": sum(language.frequency(word) - WORD_ZIPF for word in words),
        "rarity": sum(max(0.0, RARE_ZIPF - language.frequency_as_word(word)) for word in words),
        "fit": sum(language.mutual_bits(*two) for two in neighbours),
        "known": float(sum(language.bigram_count(*two) > 0 for two in neighbours)),
        "recurrence": sum(max(0.0, RECURRING_ZIPF - language.frequency(word)) for word in words if word in shared),
    }


def _capitals(found: Comparison, run: Run) -> float:
    """1.0 if a's reading begins with a capital and b's with a small letter, -1.0 the other way round; 0.0 also where
    the tokens beside them are written otherwise too."""
    before_a, before_b = run.a[0] - 1, run.b[0] - 1
    if not run.replaced or (before_a >= 0) != (before_b >= 0):
        return 0.0
    firsts = [(run.a[0], run.b[0])]
    if before_a >= 0:
        firsts.append((before_a, before_b))
    if run.a[1] < len(found.tokens_a) and run.b[1] < len(found.tokens_b):
        firsts.append((run.a[1], run.b[1]))
    written = [
        (found.a.text[found.tokens_a.spans[at_a, 0]], found.b.text[found.tokens_b.spans[at_b, 0]])
        for at_a, at_b in firsts
    ]
    if not all(map(_is_letter, written[0])) or any(_is_capital(a) != _is_capital(b) for a, b in written[1:]):
        return 0.0
    return float(_is_capital(written[0][0])) - float(_is_capital(written[0][1]))


def _is_capital(character: str) -> bool:
    return "A" <= character <= "Z"


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()
