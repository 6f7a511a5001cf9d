"""Comparisons become findings: what two documents are to each other, and whose readings are the original ones.

The relation, by stated rules over the figures of the alignment (`Figures`), the first that holds:

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

The rules are masks over columns, a row a pair, so that a million pairs are judged as one is. The direction is that of
`readings`; where it does not decide, no copy is called the cleaner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import language, readings
from dedup.columns import SHOWN, Pairs
from dedup.config import Config
from dedup.damage.findings import KINDS
from dedup.figures import (
    EDGE_TOKENS,
    MENDED,
    NOT_SAME,
    SIGNS,
    WRITTEN,
    Compared,
    Figures,
    Range,
    Run,
    is_capitalised,
    similarity,
    span,
)
from dedup.model import (
    DAMAGED,
    EXACT,
    EXCERPT,
    NEAR,
    RELATIONS,
    REUSE,
    SPUN,
    Collation,
    Comparison,
    Locus,
    Relation,
    Side,
    Span,
    Tokens,
    Verdict,
)

PAIR_LIMIT = 6.0
"""The most, in log-odds, that the whole pair says about one of its loci: loci of one pair are not independent."""
NAME_ZIPF = 4.0
"""Zipf frequency below which a capitalised word is taken for a name."""

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

Mask = NDArray[np.bool_]


# --- relation --------------------------------------------------------------------------------------------------


NONE = len(RELATIONS)
"""In place of a relation's code: the two share nothing worth telling."""


def relations(compared: Compared, config: Config) -> NDArray[np.uint8]:
    """What the documents of m pairs are to each other: (m,) codes of RELATIONS, or NONE."""
    found = rules(compared, config)
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


def rules(compared: Compared, config: Config) -> list[Rule]:
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
        _letters_agree(seen, config),
        Condition("likeness_evenness", _evenness(seen), ">=", config.noise_evenness_min),
        told_by_words,
    )
    contained = _of_shorter(seen, seen.containment_a, seen.containment_b)
    excerpt = (
        Condition("length_ratio", _length_ratio(seen), "<=", config.excerpt_length_ratio_max),
        Condition("containment_shorter", contained, ">=", config.excerpt_containment_min),
        Condition("strange_shorter", _strange(seen), "<=", 1 - config.excerpt_containment_min),
    )
    return [
        Rule("the same text, but for case, space and Unicode form", (written,), EXACT),
        Rule("the same text once its encoding is mended", (mended,), DAMAGED),
        Rule(f"a resemblance of {at:g} or more, in the same order", near, NEAR),
        Rule("the same words with other signs between them, and no passage", (signs, none), NONE),
        Rule("the same words with other signs between them", (signs,), REUSE),
        Rule(f"{many:.0%} of the shorter text shared, words replaced one for another throughout", spun, SPUN),
        Rule(f"{garbled:.0%} of the shorter text shared, words replaced by like ones", noise, DAMAGED),
        Rule("seven words of eight in the same order, the others replaced, and seldom names", alike_read, NEAR),
        Rule("the same, nearly all replaced, in a language without tables", alike_unread, NEAR),
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
    at = config.threshold
    return (
        Condition("shared_in_order", _in_order(seen, config), ">=", max(config.in_order_share_min, 2 * at / (1 + at))),
        Condition("uneven_share", seen.uneven_share, "<=", config.in_order_uneven_max),
    )


def _letters_agree(seen: Figures, config: Config) -> Condition:
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
    """Words of the shorter text that have no equal in passages, words more that the longer has in these, and breaks
    between passages, for each word of the shorter text: what both share may stand strewn over the longer one."""
    shorter, longer = (pick(seen.words_a, seen.words_b) for pick in (np.minimum, np.maximum))
    covered = _coverage_shorter(seen) * shorter
    covered_longer = np.where(seen.words_a <= seen.words_b, seen.coverage_b, seen.coverage_a) * longer
    equal = _of_shorter(seen, seen.containment_a, seen.containment_b) * shorter
    strange = shorter - equal + np.maximum(0.0, covered_longer - covered) + np.maximum(0.0, seen.passages - 1)
    return np.round(strange / np.maximum(1.0, shorter), 9)


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


def findings(
    ids: Sequence[str], documents: NDArray[np.int64], compared: Compared, met: NDArray[np.int64], config: Config
) -> Pairs:
    """The findings that comparisons make; those of documents that share nothing worth telling are left out.

    ids, documents, met: see `Pairs`.
    """
    seen = compared.figures
    relation = relations(compared, config)
    odds, parts = readings.weighed(compared.readings, seen.substitution_share, compared.repairs)
    probability = probabilities(odds)
    sure = np.maximum(probability, 1 - probability)
    names = (seen.places > 0) & (seen.common_share < config.spun_common_share_min)  # which tell nothing, as numbers
    telling = (relation == DAMAGED) | ~names
    decided = (relation != EXACT) & telling & (sure >= config.confidence_min)
    exact, noise = relation == EXACT, (relation == DAMAGED) & _letters_agree(seen, config).holds
    told = by_readings(compared)
    figure = {name: np.round(told[name] if name in told else getattr(seen, name), 4) for name in SHOWN} | {
        "resemblance": np.round(seen.resemblance, 6),
        "containment_a": np.where(exact, 1.0, np.round(seen.containment_a, 6)),
        "containment_b": np.where(exact, 1.0, np.round(seen.containment_b, 6)),
        "confidence": np.where(decided, np.round(sure, 4), 0.5),
        "substitutions": seen.substitutions,
    }
    for name, own, other in (("coverage_a", seen.words_a, seen.words_b), ("coverage_b", seen.words_b, seen.words_a)):
        covered = np.minimum(1.0, other / np.maximum(1, own))  # where noise hides the words, lengths tell what is there
        figure[name] = np.where(noise, np.maximum(figure[name], np.round(covered, 4)), figure[name])
    preferred = np.where(probability > 0.5, 0, 1)
    made = Pairs(
        ids=ids,
        documents=documents,
        relation=relation,
        cleaner=np.where(decided, preferred, -1).astype(np.int8),
        figures=figure,
        direction={name: np.round(part, 3) + 0.0 for name, part in parts.items()},
        passages=compared.passages,
        starts=compared.starts,
        met=met,
    )
    return made.taken(relation != NONE)


def with_damage(pairs: Pairs, scores: NDArray[np.float64], config: Config) -> Pairs:
    """The findings with what the cards of both documents say counted among what tells the cleaner one.

    scores: (n, len(damage.KINDS)), by document. Broken encoding counts already, place by place, and how a text is cut
    or repeated says nothing of its words.
    """
    if not config.damage_weight or not len(pairs):
        return pairs
    told = scores[:, [KINDS.index(kind) for kind in ("invisible", "ocr", "spun")]].sum(1)
    part = config.damage_weight * (told[pairs.documents[:, 1]] - told[pairs.documents[:, 0]])
    asked = (pairs.relation != EXACT) & (np.abs(part) > 0)
    known = np.where(pairs.cleaner < 0, 0.0, np.sum(list(pairs.direction.values()), axis=0))
    probability = probabilities(known + part)
    sure = np.maximum(probability, 1 - probability)
    decided = asked & (sure >= config.confidence_min)
    cleaner = np.where(decided, np.where(probability > 0.5, 0, 1), np.where(asked, -1, pairs.cleaner))
    confidence = np.where(decided, np.round(sure, 4), np.where(asked, 0.5, pairs.figures["confidence"]))
    return replace(
        pairs,
        cleaner=cleaner.astype(np.int8),
        figures={**pairs.figures, "confidence": confidence},
        direction={**pairs.direction, "damage": np.round(part, 3) + 0.0},
    )


def probabilities(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -50.0, 50.0)))
    return found


# --- verdicts --------------------------------------------------------------------------------------------------


def verdicts(found: Collation, kind: Relation, config: Config) -> tuple[Verdict, ...]:
    """For every locus, whose reading is the original, or None where the evidence does not decide.

    What the pair shows as a whole counts at each of its loci, since a copy is made in one direction. What only one
    edition has as a block, what lies outside the shared passages, and layout stay undecided.
    """
    prior = max(-PAIR_LIMIT, min(PAIR_LIMIT, readings.direction(found.compared)))
    shared = readings.recurring(found.compared)
    given = []
    for locus in found.loci:
        evidence: dict[str, float] = {}
        if locus.kind == "substitution":
            evidence = readings.evidence(found.compared, _locus_run(locus, found.compared), shared)
        own = readings.own_odds(evidence)
        odds = prior + max(-PAIR_LIMIT / 2, min(PAIR_LIMIT / 2, own))
        probability = 1 / (1 + exp(-odds))
        sure = max(probability, 1 - probability)
        undecided = sure < config.confidence_min or not _is_decidable(locus, found.compared, config)
        kept: Side | None = None if undecided else "a" if probability > 0.5 else "b"
        shown = {name: round(value, 3) for name, value in {**evidence, "pair": prior}.items()}
        given.append(Verdict(locus, kept, kind, round(sure, 4), shown))
    return tuple(given)


def _locus_run(locus: Locus, found: Comparison) -> Run:
    """The tokens that begin within a locus."""

    def tokens_range(tokens: Tokens, span: Span) -> Range:
        start, stop = np.searchsorted(tokens.spans[:, 0], span, side="left").tolist()
        return start, stop

    return Run(tokens_range(found.tokens_a, locus.span_a), tokens_range(found.tokens_b, locus.span_b))


def _is_decidable(locus: Locus, found: Comparison, config: Config) -> bool:
    if locus.kind == "move" or not _in_passages(locus, found):
        return False
    if locus.kind == "formatting":
        return _without_layout(locus.text_a) != _without_layout(locus.text_b)
    run = _locus_run(locus, found)
    if not run.replaced:
        return max(run.a[1] - run.a[0], run.b[1] - run.b[0]) < config.addition_tokens
    return max(run.a[1] - run.a[0], run.b[1] - run.b[0]) < config.block_tokens and not _is_fact(run, found, config)


def _is_fact(run: Run, found: Comparison, config: Config) -> bool:
    """Whether other numbers or other names face each other: what one text says otherwise, not how it says it."""
    words_a, words_b = found.tokens_a.words[slice(*run.a)], found.tokens_b.words[slice(*run.b)]
    if all(any(word[0].isdigit() or word in language.NUMBER_WORDS for word in words) for words in (words_a, words_b)):
        digits = [any(word[0].isdigit() for word in words) for words in (words_a, words_b)]
        return digits[0] == digits[1]  # `four` and `4` are one number
    names = is_capitalised(found.a.text, span(found.tokens_a, run.a)) and is_capitalised(
        found.b.text, span(found.tokens_b, run.b)
    )
    rare = all(min(map(language.zipf, words)) < NAME_ZIPF for words in (words_a, words_b))
    return names and rare and similarity(run, found) < config.noise_similarity_min


def _in_passages(locus: Locus, found: Comparison) -> bool:
    """Whether a locus lies within a shared passage, in both texts."""

    run = _locus_run(locus, found)
    last_a, last_b = len(found.tokens_a), len(found.tokens_b)
    for passage in found.passages:
        (start_a, stop_a), (start_b, stop_b) = passage.range_a, passage.range_b
        if max(start_a, start_b) <= EDGE_TOKENS:
            start_a = start_b = 0
        if max(last_a - stop_a, last_b - stop_b) <= EDGE_TOKENS:
            stop_a, stop_b = last_a, last_b
        if start_a <= run.a[0] and run.a[1] <= stop_a and start_b <= run.b[0] and run.b[1] <= stop_b:
            return True
    return False


_QUOTES = str.maketrans("‘’‚‛“”„‟‐‑–—−", "''''\"\"\"\"-----")


def _without_layout(text: str) -> str:
    """`text` without what belongs to a document's own layout: how wide its spaces are, the style of its quotes and
    dashes."""
    return re.sub(r"\s+", " ", text.translate(_QUOTES))
