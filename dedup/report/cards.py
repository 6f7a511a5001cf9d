"""Cards become records, and are counted as they go by: how many documents have which damage, and which are the worst.

Nothing is kept but counts and the WORST_MAX worst cards, so that a corpus of any length can go through.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator

from dedup import clean
from dedup.checking import Checked
from dedup.damage import KINDS, Card, Finding, Kind
from dedup.model import DedupError, Document
from dedup.report.jsonl import Record, problem_record

WORST_MAX = 20
"""Documents whose places are shown to people; the records have all."""


def record(card: Card) -> Record:
    """What is wrong with one document."""
    return {
        "record": "card",
        "id": card.id,
        "words": card.words,
        "scores": dict(card.scores),
        "flags": list(card.flags),
        "abstained": list(card.abstained),
        "findings": [_finding(one) for one in card.findings],
    }


def _finding(one: Finding) -> Record:
    return {
        "kind": one.kind,
        "start": one.span[0],
        "stop": one.span[1],
        "text": one.text,
        "explanation": one.explanation,
        "cause": one.cause,
        "confidence": round(one.confidence, 3),
        "repair": one.after,
    }


class Tally:
    """Counts of cards that were added; where findings are of a cause, in how many documents and how often."""

    def __init__(self) -> None:
        self.documents = self.words = self.flagged = self.repairs = self.repaired = 0
        self.flags: Counter[Kind] = Counter()
        self.abstained: Counter[Kind] = Counter()
        self.findings: Counter[tuple[Kind, str]] = Counter()
        self.holding: Counter[tuple[Kind, str]] = Counter()
        self.problems: list[DedupError] = []
        self.notable: list[Document] = []
        self._worst: list[tuple[float, int, Checked]] = []

    def passing(self, made: Iterable[Checked | DedupError]) -> Iterator[Checked]:
        """The documents as they come, each counted; problems are kept."""
        for one in made:
            if isinstance(one, DedupError):
                self.problems.append(one)
            else:
                self._add(one)
                yield one

    def _add(self, one: Checked) -> None:
        card = one.card
        self.documents += 1
        self.words += card.words
        self.flagged += bool(card.flags)
        self.repairs += one.repairs
        self.repaired += bool(one.repairs)
        self.flags.update(card.flags)
        self.abstained.update(card.abstained)
        causes = Counter((finding.kind, finding.cause) for finding in card.findings)
        self.findings.update(causes)
        self.holding.update(causes.keys())
        if clean.is_notable(one.document):
            self.notable.append(one.document)
        if card.flags:
            ranked = (sum(card.scores[kind] for kind in card.flags), -self.documents, one)
            (heapq.heappush if len(self._worst) < WORST_MAX else heapq.heappushpop)(self._worst, ranked)

    def worst(self) -> list[Checked]:
        """The documents with most kinds of damage, the surest first; of equal ones those that came first."""
        return [one for *_, one in sorted(self._worst, reverse=True)]


def summary(tally: Tally) -> Record:
    """How many documents have which damage, by kind and by cause, and what was not read."""
    causes = sorted(tally.findings, key=lambda cause: (KINDS.index(cause[0]), -tally.holding[cause], cause[1]))
    return {
        "record": "summary",
        "documents": tally.documents,
        "words": tally.words,
        "flagged": tally.flagged,
        "flags": {kind: tally.flags[kind] for kind in KINDS},
        "abstained": {kind: tally.abstained[kind] for kind in KINDS},
        "causes": [
            {"kind": cause[0], "cause": cause[1], "documents": tally.holding[cause], "findings": tally.findings[cause]}
            for cause in causes
        ],
        "repairable": {"documents": tally.repaired, "repairs": tally.repairs},
        "unreadable": [problem_record(problem) for problem in tally.problems],
    }
