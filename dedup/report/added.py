"""What an index tells becomes records for programs, and text for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dedup.model import DedupError, Pair
from dedup.report.jsonl import Record, pair_record, problem_record
from dedup.report.wording import count

if TYPE_CHECKING:
    from dedup.index.handle import Added, Queried, Stats

HOW = {
    "exact": "the same text as",
    "near": "nearly the same as",
    "spun": "shares its text, words replaced throughout, with",
    "damaged": "shares its text, damaged in one of them, with",
    "excerpt": "one stands within the other:",
    "reuse": "shares passages with",
}


def batch(added: Added) -> Iterator[Record]:
    """What a batch led to, once it is on disk: its pairs, and that it is."""
    yield from map(pair_record, added.pairs)
    told = {"documents": added.documents, "already": added.already, "generation": added.generation}
    yield {"record": "commit", **told, "unreadable": [problem_record(one) for one in added.problems]}


class Tally:
    """What batches led to in all."""

    def __init__(self) -> None:
        self.documents = self.already = self.candidates = self.crowded = 0
        self.relations: Counter[str] = Counter()
        self.problems: list[DedupError] = []

    def passing(self, batches: Iterable[Added]) -> Iterator[Added]:
        for one in batches:
            self.documents += one.documents
            self.already += one.already
            self.candidates += one.candidates
            self.crowded += one.crowded
            self.relations.update(pair.relation for pair in one.pairs)
            self.problems += one.problems
            yield one

    def summary(self) -> Record:
        return {
            "record": "summary",
            "documents": self.documents,
            "already": self.already,
            "pairs": dict(sorted(self.relations.items())),
            "candidates": self.candidates,
            "crowded": self.crowded,
            "unreadable": [problem_record(problem) for problem in self.problems],
        }


def queried(found: Queried) -> Iterator[Record]:
    """Pairs, and last a summary."""
    yield from map(pair_record, found.pairs)
    relations = Counter(pair.relation for pair in found.pairs)
    yield {
        "record": "summary",
        "documents": found.documents,
        "pairs": dict(sorted(relations.items())),
        "candidates": found.candidates,
        "unreadable": [problem_record(problem) for problem in found.problems],
    }


def queried_line(found: Queried, size: int) -> str:
    """How many of the documents asked for an index of `size` has relatives of."""
    related = {pair.a for pair in found.pairs}
    told = f"{count(len(related), 'is', 'are')} related to some of the {size:,} in the index"
    return f"{count(found.documents, 'document')}, of which {told}, in {count(len(found.pairs), 'pair')}\n"


def stats(told: Stats) -> Record:
    return {"record": "stats", **asdict(told)}


def verified(problems: Sequence[DedupError]) -> Iterator[Record]:
    for problem in problems:
        yield {"record": "problem", **problem_record(problem)}
    yield {"record": "summary", "problems": len(problems)}


def pair_line(pair: Pair) -> str:
    """A finding on one line."""
    cleaner = f"; cleaner: {pair.cleaner}" if pair.cleaner else ""
    shares = f"{pair.containment_a:.0%} and {pair.containment_b:.0%} of the words"
    return f"{pair.a}  {HOW[pair.relation]}  {pair.b}  ({pair.relation}, {shares}{cleaner})\n"


def lines(told: dict[str, Any]) -> str:
    """Figures, one a line."""
    wide = max(map(len, told))
    return "".join(f"{name.replace('_', ' '):{wide}}  {_shown(value)}\n" for name, value in told.items())


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value:,}"
