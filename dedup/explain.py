"""Two documents of a corpus become an explanation: how they met, what they share, why they are what they are called,
and why which of them is kept.

1. The corpus is scanned as ever.
2. Both documents are read again and compared by themselves, as the scan compares them; `meeting` tells the keys that
   they share.
3. The rules of `judge` are told with the figures that they look at, and the rounds of `cluster` in which either takes
   part are gone through again with what the scan found.

Limits: MEMBERS_TOLD documents of a round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup import cluster, figures, judge, meeting, pipeline, readings, rules
from dedup.columns import Pairs, places
from dedup.config import Config
from dedup.figures import Compared
from dedup.meeting import Channel
from dedup.model import DAMAGED, EXACT, RELATIONS, Comparison, DedupError, Pair, Relation, Tokens
from dedup.pipeline import DEFAULT, Findings
from dedup.progress import SILENT, Progress

MEMBERS_TOLD = 100
"""Linked documents that are told of a round, those that come first in it, and the two in question."""
NEAREST = 3
"""Ids that are named in place of one that is not there."""

I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asked: a figure, its value, how it must stand to a limit, and whether it does."""

    figure: str
    value: float
    sign: str
    limit: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A rule in words, the relation that it gives (None: no pair), what it asked, and whether it holds."""

    told: str
    relation: Relation | None
    asked: tuple[Asked, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Direction:
    """For whose readings the evidence speaks. parts: log-odds for a's. probability: that a's are the original ones.

    undecided: why neither is called the cleaner, empty if one is.
    """

    parts: Mapping[str, float]
    log_odds: float
    probability: float
    undecided: str


@dataclass(frozen=True, slots=True)
class Member:
    """A linked document. standing: see `cluster.standings`. relation: to the kept one, None if they share nothing.

    covered: the share of it that stands in passages shared with the kept one. joins: whether it gives way to that one,
    or is it.
    """

    id: str
    words: int
    standing: float
    relation: Relation | None
    covered: float
    joins: bool


@dataclass(frozen=True, slots=True)
class Round:
    """Documents that were linked when clusters were made, the one to keep first. linked: how many there are."""

    number: int
    linked: int
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that a scan knows of two documents, a and b as they were asked for.

    was_candidate: whether some channel of the scan brought them together. was_compared: whether it compared them at
    all, be it for a cluster. meeting_chance: see `meeting.chance`. figures: those of `figures.Figures` by name, with
    `consistency` and `systematic`. passages: (p, 5), spans in characters of a and of b, and the equal words. replaced:
    words of a and of b that face each other, with how often. steps: the rules up to the one that decided; where none
    did, the pair is `reuse`. pair: what is found, None if they share nothing worth telling.
    """

    config: Config
    findings: Findings
    a: int
    b: int
    channels: tuple[Channel, ...]
    was_candidate: bool
    was_compared: bool
    meeting_chance: float
    figures: Mapping[str, float]
    passages: I64s
    replaced: tuple[tuple[str, str, int], ...]
    steps: tuple[Step, ...]
    pair: Pair | None
    direction: Direction
    rounds: tuple[Round, ...]
    texts: tuple[str, str]


def explanation(
    sources: str | Path | Iterable[str | Path], a: str, b: str, config: Config = DEFAULT, progress: Progress = SILENT
) -> Explanation:
    """Why the documents with the ids `a` and `b` are, or are not, copies of each other, and which is kept.

    Raises DedupError if there is no document of such an id. As with the findings of a scan, what was unpacked lasts
    until `findings` is closed.
    """
    findings = pipeline.find_duplicates(sources, config, progress)
    try:
        return _explained(findings, number(findings, a), number(findings, b), config, progress)
    except BaseException:
        findings.__exit__(None, None, None)
        raise


def number(findings: Findings, name: str) -> int:
    """The number of a document, by its id or the beginning of it that no other has.

    Raises DedupError if there is none, with those that come nearest.
    """
    ids = findings.corpus.ids
    at = bisect_left(ids, name)
    first, second = (at + by < len(ids) and ids[at + by].startswith(name) for by in (0, 1))
    if first and (ids[at] == name or (name and not second)):
        return at
    from rapidfuzz import fuzz, process

    near = [one for one, _, _ in process.extract(name, ids, scorer=fuzz.WRatio, limit=NEAREST)]
    remedy = f"name one that there is, as {' or '.join(near)}" if near else "name a source with documents in it"
    if findings.problems:
        remedy += f"; what could not be read ({len(findings.problems)}) is listed by `dedup scan`"
    raise DedupError(name, "is the id of no document in the source", remedy)


def _explained(findings: Findings, a: int, b: int, config: Config, progress: Progress) -> Explanation:
    corpus = findings.corpus
    if a == b:
        raise DedupError(corpus.ids[a], "is one document, not two", "name another one beside it")
    both = [pipeline.entry(pipeline.document_at(corpus, one), config) for one in (a, b)]
    turned = pipeline.order(both[1]) < pipeline.order(both[0])
    first, second = both[::-1] if turned else both
    compared, (comparison, _) = pipeline.measured(first, second, config), pipeline.comparison(first, second, config)
    ids = [corpus.ids[a], corpus.ids[b]]
    made = judge.findings(ids, np.array([[1, 0]] if turned else [[0, 1]]), compared, np.zeros((1, 3), np.int64), config)
    made = made.turned(made.documents[:, 0] > made.documents[:, 1])
    made = pipeline.with_cards(made, [one.document for one in both], config)
    pair = made[0] if len(made) else None
    asked = np.array([[min(a, b), max(a, b)]], np.int64)
    return Explanation(
        config=config,
        findings=findings,
        a=a,
        b=b,
        channels=meeting.channels(findings, both, config, progress),
        was_candidate=bool(places(findings.compared, asked)[0] >= 0),
        was_compared=bool(places(findings.compared, asked)[0] >= 0 or findings.pairs.rows(asked)[0] >= 0),
        meeting_chance=meeting.chance(float(compared.figures.resemblance[0]), config),
        figures=_figures(compared, turned),
        passages=compared.passages[:, [2, 3, 0, 1, 4]] if turned else compared.passages,
        replaced=_replaced(comparison, turned),
        steps=tuple(_steps(compared, config)),
        pair=pair,
        direction=_direction(compared, turned, pair, config),
        rounds=tuple(_rounds(findings, (a, b), config)),
        texts=(both[0].document.text, both[1].document.text),
    )


# --- what they are to each other -------------------------------------------------------------------------------


def _figures(compared: Compared, turned: bool) -> dict[str, float]:
    seen = compared.figures
    found = {name: float(getattr(seen, name)[0]) for name in figures.NAMES}
    if turned:
        other = {"a": "b", "b": "a"}
        sided = {name: f"{name[:-1]}{other[name[-1]]}" for name in found if name[-2:] in ("_a", "_b")}
        found |= {name: float(getattr(seen, twin)[0]) for name, twin in sided.items()}
    return found | {name: float(values[0]) for name, values in rules.by_readings(compared).items()}


def _replaced(found: Comparison, turned: bool) -> tuple[tuple[str, str, int], ...]:
    """Words that face each other, the most frequent first."""

    def words(tokens: Tokens, tokens_range: tuple[int, int]) -> str:
        return " ".join(tokens.words[slice(*tokens_range)])

    runs = (run for run in figures.runs(found.passages) if run.replaced)
    both = ((words(found.tokens_a, run.a), words(found.tokens_b, run.b)) for run in runs)
    counts = Counter(two[::-1] if turned else two for two in both)
    return tuple((*two, count) for two, count in sorted(counts.items(), key=lambda row: (-row[1], row[0])))


def _steps(compared: Compared, config: Config) -> Iterator[Step]:
    for rule in rules.stated(compared, config):
        asked = tuple(
            Asked(one.figure, float(one.values[0]), one.sign, one.limit, bool(one.holds[0])) for one in rule.asks
        )
        relation = None if rule.code == rules.NONE else RELATIONS[rule.code]
        yield Step(rule.told, relation, asked, bool(rule.holds[0]))
        if rule.holds[0]:
            return


BEYOND = ("damage", "suspicion", "slips", "fluency")
"""What else tells; the last only where a model of the language was asked."""


def _beyond_readings(pair: Pair | None) -> dict[str, float]:
    """What is told of the documents by themselves: their cards, words put in, slips, and a model of the language."""
    told = pair.evidence["direction"] if pair else None
    asked = {name: told[name] for name in BEYOND if name in told} if isinstance(told, dict) else {}
    return dict.fromkeys(BEYOND[:3], 0.0) | {name: float(value) for name, value in asked.items()}


def _direction(compared: Compared, turned: bool, pair: Pair | None, config: Config) -> Direction:
    odds, parts = readings.weighed(compared.readings, compared.figures.substitution_share, compared.repairs)
    sign = -1.0 if turned else 1.0
    beyond = _beyond_readings(pair)
    own = sign * odds + sum(beyond.values())
    return Direction(
        parts={name: float(sign * part[0]) + 0.0 for name, part in parts.items()} | beyond,
        log_odds=float(own[0]) + 0.0,
        probability=float(rules.probabilities(own)[0]),
        undecided="" if pair and pair.cleaner else _undecided(compared, config),
    )


def _undecided(compared: Compared, config: Config) -> str:
    """Why neither of two documents is called the cleaner."""
    relation, seen = int(rules.relations(compared, config)[0]), compared.figures
    if relation == EXACT:
        return "their words are the same"
    if not seen.places[0] and not compared.repairs[0]:
        return "no word is replaced by another"
    if relation != DAMAGED and seen.common_share[0] < config.spun_common_share_min:
        return "what differs are names and numbers for the most part, which tell nothing"
    if not readings.are_known(compared.readings)[0]:
        return "the statistics at hand are of English, and do not know these words"
    return "the evidence is too weak"


# --- which of them is kept -------------------------------------------------------------------------------------


def _rounds(findings: Findings, asked: tuple[int, int], config: Config) -> Iterator[Round]:
    """The rounds in which clusters were made, as far as either document was linked with others."""
    pairs, words = findings.pairs, findings.corpus.words
    candidates = pairs.where(places(findings.compared, pairs.documents[:]) >= 0)
    linked_all, standings = cluster.standings(candidates, words)
    standing = np.zeros(len(words))
    standing[linked_all] = standings

    def verify(both: I64s) -> Pairs:
        rows = pairs.rows(both)
        return pairs.taken(rows[rows >= 0])

    for at, one in enumerate(cluster.rounds(candidates, words, verify, config.drop_coverage_min), 1):
        own = np.isin(one.members, asked)
        if not own.any():
            return
        for canonical in dict.fromkeys(one.canonicals[own].tolist()):
            linked = np.flatnonzero(one.canonicals == canonical)
            numbers = one.members[linked]
            order = np.lexsort((numbers, -words[numbers], -standing[numbers]))
            order = order[(np.arange(len(order)) < MEMBERS_TOLD) | np.isin(numbers[order], asked)]
            rows = zip(numbers[order].tolist(), one.joins[linked][order].tolist(), strict=True)
            members = (_member(findings, number, canonical, standing, joins) for number, joins in rows)
            yield Round(at, len(linked), tuple(members))


def _member(findings: Findings, number: int, kept: int, standing: NDArray[np.float64], joins: bool) -> Member:
    name, pairs = findings.corpus.ids[number], findings.pairs
    row = int(pairs.rows(np.array([[number, kept]], np.int64))[0])
    relation: Relation | None = None
    covered = 1.0 if number == kept else 0.0
    if row >= 0:
        relation = RELATIONS[pairs.relation[row]]
        side = "coverage_a" if number == int(pairs.documents[row][0]) else "coverage_b"
        covered = float(pairs.figures[side][row])
    return Member(name, int(findings.corpus.words[number]), float(standing[number]) + 0.0, relation, covered, joins)
