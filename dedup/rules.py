"""Figures become relations: what two documents are to each other, by stated rules, the first that holds.

1. `exact`: the same text but for case, space and Unicode form.
2. `damaged`: the same once broken encoding is mended. `near`: resemblance at or above the threshold.
3. `spun`: the shorter text stands in shared passages for the most part, and words are replaced one for another, by
   unlike words that are neither names nor numbers, and to one side's disadvantage (`systematic`). An author's revision
   adds and drops as well; a form filled in twice differs in names and numbers.
4. `damaged`: as 3, but what differs is alike in its characters, as noise leaves it.
5. `near`: seven of eight words run alike, whoever replaced the others: fewer words differ than a resemblance at the
   threshold leaves free, but they are scattered, and each spoils all shingles that it stands in.
6. `damaged`: the letters agree, whatever became of the words.
7. `excerpt`: the shorter text stands word for word in a longer one.
8. `reuse`: there is a shared passage, and none of these.

The rules are masks over columns, a row a pair, so that a million pairs are judged as one is. docs/judging.md has what
the figures are, and what the limits were measured on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import readings
from dedup.config import Config
from dedup.figures import MENDED, NOT_SAME, SIGNS, WRITTEN, Compared, Figures
from dedup.model import DAMAGED, EXACT, EXCERPT, NEAR, RELATIONS, REUSE, SPUN

SYSTEMATIC = {
    "substitution_share": 3.0,
    "common_share": 5.7,
    "uneven_share": -27.3,
    "replaced_rate": 91.9,
    "coverage_shorter": 7.8,
    "breaks": -4.9,
    "lean": 0.10,
    "strength": 3.4,
}
"""Log-odds for each unit of a figure, added to SYSTEMATIC_ODDS. Fitted by logistic regression on development data:
spun texts against revisions, licences and news of one event (see docs/judging.md)."""
SYSTEMATIC_ODDS = -32.1
RATE_MAX, LEAN_MAX, STRENGTH_MAX = 0.1, 22.0, 3.4
"""Values from which a figure says no more."""
BREAK_WORDS = 300
"""Of so many words of the longer text one more passage than the first counts as a break."""
BREAK_COST_WORDS = 4
"""What one passage more than the first costs in an excerpt: a reader must find where the text goes on."""

THRESHOLD_USUAL = 0.7
"""Who asks for more resemblance than this is not given words in order instead."""

Mask = NDArray[np.bool_]

NONE = len(RELATIONS)
"""In place of a relation's code: the two share nothing worth telling."""


def relations(compared: Compared, config: Config) -> NDArray[np.uint8]:
    """What the documents of m pairs are to each other: (m,) codes of RELATIONS, or NONE."""
    found = stated(compared, config)
    return np.select([rule.holds for rule in found], [rule.code for rule in found], REUSE).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule asks of m pairs: a figure by name, its values, (m,), and how these must stand to a limit."""

    figure: str
    values: NDArray[Any]
    sign: str
    limit: float

    @property
    def holds(self) -> Mask:
        found: Mask = _SIGNS[self.sign](self.values, self.limit)
        return found


_SIGNS = {"=": np.equal, "!=": np.not_equal, ">=": np.greater_equal, "<=": np.less_equal, "<": np.less}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, in words; what it asks; and the code of RELATIONS, or NONE, that it gives where all of that holds."""

    told: str
    asks: tuple[Condition, ...]
    code: int

    @property
    def holds(self) -> Mask:
        """For which of m pairs: (m,)."""
        found: Mask = np.logical_and.reduce([one.holds for one in self.asks])
        return found


def stated(compared: Compared, config: Config) -> list[Rule]:
    """The rules in order: the first that holds for a pair decides, and where none does the pair is `reuse`."""
    seen, at, many = compared.figures, config.threshold, config.copy_coverage_min
    garbled = config.noise_coverage_min
    told_by_words = Condition("words_share", _words_share(seen), ">=", config.noise_words_min)
    written, mended, signs = (Condition("same", compared.same, "=", code) for code in (WRITTEN, MENDED, SIGNS))
    none = Condition("passages", seen.passages, "=", 0)
    known = readings.are_known(compared.readings)
    near = (
        Condition("same", compared.same, "!=", SIGNS),
        Condition("resemblance", seen.resemblance, ">=", at),
        Condition("shared_in_order", _in_order(seen, config), ">=", 2 * at / (1 + at)),
    )
    copies = Condition("coverage_shorter", _coverage_shorter(seen), ">=", many)
    worded = Condition("words_shorter", np.minimum(seen.words_a, seen.words_b), ">=", config.replaced_words_min)
    spun = (
        copies,
        worded,
        Condition("similarity", seen.similarity, "<", config.noise_similarity_min),
        Condition("replaced_rate", seen.replaced_rate, ">=", config.spun_rate_min),
        # In a language without tables nothing tells replaced words from a revision.
        Condition("readings_known", known, "=", 1),
        Condition("systematic", systematic(compared), ">=", config.spun_systematic_min),
    )
    noise = (
        Condition("coverage_shorter", _coverage_shorter(seen), ">=", garbled),
        Condition("similarity", seen.similarity, ">=", config.noise_similarity_min),
        Condition("replaced_rate", seen.replaced_rate, ">=", config.noise_rate_min),
        Condition("uneven_share", seen.uneven_share, "<=", config.noise_uneven_max),
        told_by_words,
    )
    alike, common = (worded, *_alike(seen, config)), config.spun_common_share_min
    alike_read = (
        Condition("readings_known", known, "=", 1),
        *alike,
        Condition("substitution_share", seen.substitution_share, ">=", config.in_order_replaced_min),
        Condition("common_share", seen.common_share, ">=", common),
    )
    alike_unread = (
        Condition("readings_known", known, "=", 0),
        *alike,
        Condition("substitution_share", seen.substitution_share, ">=", config.in_order_replaced_unread_min),
        # A capital need not be a name's: German writes all nouns so.
        Condition("common_share", seen.common_share, ">=", common / 2),
    )
    letters = (
        letters_agree(seen, config),
        Condition("likeness_evenness", _evenness(seen), ">=", config.noise_evenness_min),
        told_by_words,
    )
    contained = _of_shorter(seen, seen.containment_a, seen.containment_b)
    excerpt = (
        Condition("length_ratio", _length_ratio(seen), "<=", config.excerpt_length_ratio_max),
        Condition("containment_shorter", contained, ">=", config.excerpt_containment_min),
        Condition("strange_shorter", _strange(seen), "<=", 1 - config.excerpt_containment_min),
    )
    in_order = [
        Rule("seven words of eight in the same order, the others replaced, and seldom names", alike_read, NEAR),
        Rule("the same, nearly all replaced, in a language without tables", alike_unread, NEAR),
    ]
    return [
        Rule("the same text, but for case, space and Unicode form", (written,), EXACT),
        Rule("the same text once its encoding is mended", (mended,), DAMAGED),
        Rule(f"a resemblance of {at:g} or more, in the same order", near, NEAR),
        Rule("the same words with other signs between them, and no passage", (signs, none), NONE),
        Rule("the same words with other signs between them", (signs,), REUSE),
        Rule(f"{many:.0%} of the shorter text shared, words replaced one for another throughout", spun, SPUN),
        Rule(f"{garbled:.0%} of the shorter text shared, words replaced by like ones", noise, DAMAGED),
        *(in_order if at <= THRESHOLD_USUAL else ()),
        Rule("the letters agree where the words do not", letters, DAMAGED),
        Rule("the shorter text stands word for word in a longer one", excerpt, EXCERPT),
        Rule("no passage that both share", (none,), NONE),
    ]


def unexplained(compared: Compared, config: Config) -> Mask:
    """Which of m pairs are no copies by their words alone: of these the letters are asked (see `figures.likeness`).

    Not of those whose words face each other and are unlike: their letters are so too; nor of those that differ in names
    and numbers alone, of which letters tell nothing.
    """
    seen, relation = compared.figures, relations(compared, config)
    facing = _coverage_shorter(seen) >= config.copy_coverage_min
    unlike = facing & (seen.places > 0) & (seen.similarity < config.noise_likeness_min)
    names = _words_share(seen) < config.noise_words_min
    found: Mask = np.isin(relation, (REUSE, NONE)) & (compared.same == NOT_SAME) & ~unlike & ~names
    return found


def _alike(seen: Figures, config: Config) -> tuple[Condition, ...]:
    """What is asked of texts whose words run alike, whatever became of their shingles."""
    return (
        Condition("shared_in_order", _in_order(seen, config), ">=", config.in_order_share_min),
        Condition("uneven_share", seen.uneven_share, "<=", config.in_order_uneven_max),
    )


def letters_agree(seen: Figures, config: Config) -> Condition:
    return Condition("likeness", seen.likeness, ">=", config.noise_likeness_min)


def _words_share(seen: Figures) -> NDArray[np.float64]:
    """The share of the replacements without a number or a name for a name; 1 where nothing was replaced."""
    return np.where(seen.places > 0, seen.common_share, 1.0)


def _evenness(seen: Figures) -> NDArray[np.float64]:
    """The likeness of all that differs by that of what faces each other in passages; 1 where nothing does."""
    return np.where(seen.similarity > 0, seen.likeness / np.maximum(seen.similarity, 1e-9), 1.0)


def _in_order(seen: Figures, config: Config) -> NDArray[np.float64]:
    """How much of two texts also runs alike, as often and in passages; 1 where they are too short to have any.

    Sets of shingles that resemble each other by t share 2 t / (1 + t) of both; so do the words of two texts, or more,
    unless one says twice what the other says once.
    """
    short = np.minimum(seen.words_a, seen.words_b) < 2 * config.passage_equal_tokens_min
    words = np.maximum(1, seen.words_a + seen.words_b)
    return np.where(short, 1.0, (seen.containment_a * seen.words_a + seen.containment_b * seen.words_b) / words)


def _of_shorter(seen: Figures, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is told of the shorter text of each pair."""
    return np.where(seen.words_a <= seen.words_b, a, b)


def _coverage_shorter(seen: Figures) -> NDArray[np.float64]:
    return _of_shorter(seen, seen.coverage_a, seen.coverage_b)


def _strange(seen: Figures) -> NDArray[np.float64]:
    """Words of the shorter text that have no equal in passages, words more that the longer has in these, or one for
    each place that is uneven if that is more, since what one text has more here the other may have more there, and
    breaks between passages, which count as `BREAK_COST_WORDS` each, for each word of the shorter text: what both share
    may stand strewn over the longer one."""
    shorter, longer = (pick(seen.words_a, seen.words_b) for pick in (np.minimum, np.maximum))
    covered = _coverage_shorter(seen) * shorter
    covered_longer = np.where(seen.words_a <= seen.words_b, seen.coverage_b, seen.coverage_a) * longer
    equal = _of_shorter(seen, seen.containment_a, seen.containment_b) * shorter
    runs = np.where(seen.substitution_share > 0, seen.places / np.maximum(seen.substitution_share, 1e-9), 0.0)
    added = np.maximum(seen.uneven_share * runs, covered_longer - covered)
    strange = shorter - equal + added + BREAK_COST_WORDS * np.maximum(0.0, seen.passages - 1)
    found: NDArray[np.float64] = np.round(strange / np.maximum(1.0, shorter), 9)
    return found


def _length_ratio(seen: Figures) -> NDArray[np.float64]:
    """The shorter length by the longer."""
    found: NDArray[np.float64] = np.minimum(seen.words_a, seen.words_b) / np.maximum(
        1, np.maximum(seen.words_a, seen.words_b)
    )
    return found


def systematic(compared: Compared) -> NDArray[np.float64]:
    """The probability that words were replaced one for another throughout, as a program does it: (m,)."""
    seen = compared.figures
    longer = np.maximum(seen.words_a, seen.words_b)
    told = {
        "substitution_share": seen.substitution_share,
        "common_share": seen.common_share,
        "uneven_share": seen.uneven_share,
        "replaced_rate": np.minimum(seen.replaced_rate, RATE_MAX),
        "coverage_shorter": _coverage_shorter(seen),
        "breaks": np.minimum(np.maximum(0.0, seen.passages - 1) / np.maximum(1.0, longer / BREAK_WORDS), 1.0),
        "lean": np.minimum(readings.lean(compared.readings), LEAN_MAX),
        "strength": np.minimum(readings.strength(compared.readings), STRENGTH_MAX),
    }
    return probabilities(np.sum([weight * told[name] for name, weight in SYSTEMATIC.items()], axis=0) + SYSTEMATIC_ODDS)


def by_readings(compared: Compared) -> dict[str, NDArray[np.float64]]:
    """What is told of pairs, by name, that rests on the readings of their places: each (m,)."""
    return {
        "consistency": readings.consistency(compared.readings),
        "lean": readings.lean(compared.readings),
        "strength": readings.strength(compared.readings),
        "systematic": systematic(compared),
    }


def probabilities(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -50.0, 50.0)))
    return found
