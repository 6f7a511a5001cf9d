"""A collation becomes findings: what two documents are to each other, and whose readings are the original ones.

The relation, by stated rules over the figures of the alignment (`Figures`), the first that holds:

1. `exact`: the same text but for case, space and Unicode form.
2. `damaged`: the same once broken encoding is mended. `near`: resemblance at or above the threshold.
3. `spun`: the shorter text stands in shared passages for the most part, and words are replaced at a steady rate,
   throughout, by unlike words that are neither names nor numbers. An author's revision adds and drops as well, and in
   places; a form filled in twice differs in names and numbers.
4. `damaged`: as 3, but what differs is alike in its characters, as noise leaves it.
5. `excerpt`: the shorter text stands word for word in a longer one.
6. `reuse`: there is a shared passage, and none of these.

The direction: at every substitution both readings are looked at where they stand, by the frequency of their words, by
how strongly these go with their neighbours, and by how many of the neighbourships are known at all. Each difference
has a weight; their sum is the logarithm of the odds, at one locus and, summed, for the pair (naive Bayes). The weights
were fitted by logistic regression on development data: film reviews with words swapped by three attacks, whose
direction is known (see docs/judging.md for data and accuracy).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from math import exp
from typing import Literal

import numpy as np

from dedup import language
from dedup.config import Config
from dedup.figures import Figures, Range, Run, figures, is_capitalised, runs, similarity, span
from dedup.model import Collation, Comparison, Locus, Pair, Passage, Relation, Side, Span, Tokens, Verdict

WEIGHTS = {"frequency": 0.65, "fit": 0.7, "known": 2.2}
"""Log-odds for each unit: a step of the Zipf scale, a bit of mutual information, all neighbourships against none."""
REPAIR_WEIGHT = 0.5
"""Log-odds for each place of broken encoding, up to REPAIR_LIMIT: it is always the copy that is damaged."""
REPAIR_LIMIT = 6.0
PAIR_LIMIT = 6.0
"""The most, in log-odds, that the whole pair says about one of its loci: loci of one pair are not independent."""
RESTRAINT = 0.8
"""Factor on the summed log-odds of a pair, for the same reason."""
FEW_PLACES = 2
"""Replaced places at which their sum counts half of that: two words changed by an editor tell no direction."""
EDGE_TOKENS = 4
"""Tokens up to which what differs before the first or after the last passage, at the ends of both texts, belongs to it:
a passage begins and ends with equal tokens, damage may not."""
NAME_ZIPF = 4.0
"""Zipf frequency below which a capitalised word is taken for a name."""

Sameness = Literal["written", "mended", "signs"]
"""Two texts are the same as written (but for case, space and Unicode form), the same once their encoding is mended, or
the same words with other signs between them: `-21` and `21`, `<` and `>=`."""


# --- relation --------------------------------------------------------------------------------------------------


def relation(seen: Figures, same: Sameness | None, config: Config) -> Relation | None:
    """What two documents are to each other; None if they share nothing worth telling."""
    if same == "signs":
        return "reuse" if seen.passages else None
    if same:
        return "exact" if same == "written" else "damaged"
    if seen.resemblance >= config.threshold and _in_order(seen, config):
        return "near"
    if not seen.passages:
        return None
    return _copy_relation(seen, config) or "reuse"


def _in_order(seen: Figures, config: Config) -> bool:
    """Whether texts of one resemblance also run alike; too short a text has no passages to tell by."""
    if min(seen.words_a, seen.words_b) < 2 * config.passage_equal_tokens_min:
        return True
    return max(seen.containment_a, seen.containment_b) >= config.near_containment_min


def _copy_relation(seen: Figures, config: Config) -> Relation | None:
    """`spun`, `damaged` or `excerpt`, by what the shorter text shares with the longer; None if they are no copies."""
    a_is_shorter = seen.words_a <= seen.words_b
    coverage = seen.coverage_a if a_is_shorter else seen.coverage_b
    containment = seen.containment_a if a_is_shorter else seen.containment_b
    if coverage >= config.copy_coverage_min:
        alike = seen.similarity >= config.noise_similarity_min
        if not alike and _is_systematic(seen, config):
            return "spun"
        if alike and seen.replaced_rate >= config.noise_rate_min:
            return "damaged"
    shorter, longer = sorted((seen.words_a, seen.words_b))
    much_shorter = shorter <= config.excerpt_length_ratio_max * longer
    return "excerpt" if containment >= config.excerpt_containment_min and much_shorter else None


def _is_systematic(seen: Figures, config: Config) -> bool:
    return (
        seen.replaced_rate >= config.spun_rate_min
        and seen.spread >= config.spun_spread_min
        and seen.substitution_share >= config.spun_substitution_share_min
        and seen.common_share >= config.spun_common_share_min
    )


def pair(found: Comparison, same: Sameness | None, config: Config) -> Pair | None:
    """The finding on two documents, or None where they share nothing worth telling.

    same: in what they are the same, if in anything (see `Sameness`).
    """
    seen = figures(found, config)
    if relation(seen, same, config) is None:
        return None
    odds, parts = direction(found)
    passages = [_passage(one, found) for one in found.passages]
    return finding((found.a.id, found.b.id), seen, same, (odds, {"direction": parts, "passages": passages}), config)


def finding(
    ids: tuple[str, str],
    seen: Figures,
    same: Sameness | None,
    directed: tuple[float, Mapping[str, object]],
    config: Config,
) -> Pair | None:
    """The finding that figures and direction (log-odds for a, and what to show of them) make."""
    kind = relation(seen, same, config)
    if kind is None:
        return None
    odds, shown = directed
    probability = _probability(odds)
    sure = max(probability, 1 - probability)
    telling = kind == "damaged" or seen.common_share >= config.spun_common_share_min  # names and numbers tell nothing
    decided = kind != "exact" and telling and sure >= config.confidence_min
    if kind == "spun" and not decided:
        kind = "reuse"  # a spinner leaves traces that tell its copy from the original; an author's revision does not
    figures_shown = {name: round(getattr(seen, name), 4) for name in SHOWN}
    return Pair(
        a=ids[0],
        b=ids[1],
        relation=kind,
        resemblance=round(seen.resemblance, 6),
        containment_a=round(1.0 if kind == "exact" else seen.containment_a, 6),
        containment_b=round(1.0 if kind == "exact" else seen.containment_b, 6),
        cleaner=ids[0 if probability > 0.5 else 1] if decided else None,
        confidence=round(sure if decided else min(sure, 0.5), 4),
        substitutions=seen.substitutions,
        evidence={**figures_shown, **shown},
    )


def turned(found: Pair) -> Pair:
    """The same finding with a and b exchanged."""
    evidence = dict(found.evidence)
    evidence["coverage_a"], evidence["coverage_b"] = found.evidence["coverage_b"], found.evidence["coverage_a"]
    direction_of_a = evidence["direction"]
    assert isinstance(direction_of_a, dict)
    evidence["direction"] = {name: -value for name, value in direction_of_a.items()}
    passages = evidence["passages"]
    assert isinstance(passages, list)
    evidence["passages"] = [{**passage, "a": passage["b"], "b": passage["a"]} for passage in passages]
    return replace(
        found,
        a=found.b,
        b=found.a,
        containment_a=found.containment_b,
        containment_b=found.containment_a,
        evidence=evidence,
    )


SHOWN = (
    "coverage_a",
    "coverage_b",
    "replaced_rate",
    "spread",
    "substitution_share",
    "common_share",
    "similarity",
)
"""The figures that stand in a pair's evidence; the others have places of their own."""


def _passage(passage: Passage, found: Comparison) -> dict[str, object]:
    span_a, span_b = span(found.tokens_a, passage.range_a), span(found.tokens_b, passage.range_b)
    return {"a": list(span_a), "b": list(span_b), "equal_words": passage.equal}


# --- direction -------------------------------------------------------------------------------------------------


def direction(found: Comparison) -> tuple[float, dict[str, float]]:
    """The log-odds that a's readings are the original ones, and what they are made of, each part in log-odds."""
    replaced = [run for run in runs(found.passages) if run.replaced]
    sums = dict.fromkeys(WEIGHTS, 0.0)
    for run in replaced if language.is_known(found.tokens_a.words) and language.is_known(found.tokens_b.words) else ():
        for name, difference in reading_evidence(found, run).items():
            sums[name] += difference
    return weighed(sums, len(replaced), len(found.b.repairs) - len(found.a.repairs))


def weighed(sums: Mapping[str, float], places: int, repairs: int) -> tuple[float, dict[str, float]]:
    """The log-odds for a, and their parts: its readings less b's, summed over `places`, and b's repairs less a's."""
    trust = RESTRAINT * places / (places + FEW_PLACES)
    parts = {name: trust * WEIGHTS[name] * sums[name] for name in WEIGHTS}
    parts["encoding"] = max(-REPAIR_LIMIT, min(REPAIR_LIMIT, REPAIR_WEIGHT * repairs))
    return sum(parts.values()), {name: round(value, 3) for name, value in parts.items()}


def reading_evidence(found: Comparison, run: Run) -> dict[str, float]:
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


def _probability(odds: float) -> float:
    return 1 / (1 + exp(-max(-50.0, min(50.0, odds))))


# --- verdicts --------------------------------------------------------------------------------------------------


def verdicts(found: Collation, kind: Relation, config: Config) -> tuple[Verdict, ...]:
    """For every locus, whose reading is the original, or None where the evidence does not decide.

    What the pair shows as a whole counts at each of its loci, since a copy is made in one direction. What only one
    edition has as a block, what lies outside the shared passages, and layout stay undecided.
    """
    odds, _ = direction(found.compared)
    prior = max(-PAIR_LIMIT, min(PAIR_LIMIT, odds))
    given = []
    for locus in found.loci:
        evidence: dict[str, float] = {}
        if locus.kind == "substitution":
            evidence = reading_evidence(found.compared, _locus_run(locus, found.compared))
        own = sum(WEIGHTS[name] * value for name, value in evidence.items())
        probability = _probability(prior + max(-PAIR_LIMIT / 2, min(PAIR_LIMIT / 2, own)))
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
