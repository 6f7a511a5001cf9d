"""What the detectors give: findings with their spans, and a score a detector.

Every score is a probability in 0..1: that the document is damaged in this way. Detectors that find single places
(encoding, invisible, structure) combine the confidences of their findings as independent evidence, 1 - (1 - c1)
(1 - c2)...; those that judge the whole text (ocr, spun) have a logistic regression of their own. A score at or above
`FLAG_LEVEL` is a flag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Literal, get_args

from dedup.model import Span

Kind = Literal["encoding", "invisible", "ocr", "spun", "structure"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order of their columns."""
NOISE_KINDS: tuple[Kind, ...] = ("ocr",)
"""What is noise in the words: of a card it counts where noise parts two copies."""

FLAG_LEVEL = 0.5
"""Probability from which a kind of damage is flagged: more likely than not."""
FINDINGS_MAX = 1000
"""Findings of one kind that a card lists; a document broken in more places is broken throughout. The score counts
all of them."""
SHOWN_CHARACTERS = 200
"""How much of a finding's text is shown; its span is whole."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that is damaged: of which kind, where, by what cause, told to a person, and how sure (0..1).

    `after` is what the place should be where a repair is safe by law, else None.
    """

    kind: Kind
    span: Span
    text: str
    cause: str
    explanation: str
    confidence: float
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """What one detector says of a text: its score, and where it rests on; `judged` is False where it abstains."""

    score: float
    findings: tuple[Finding, ...] = ()
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Card:
    """All that is wrong with one document.

    scores: a probability for each kind; flags: the kinds at or above their level; abstained: the kinds that were not
    judged, because the text is too short or not in English; findings: in order of their spans.
    """

    id: str
    words: int
    scores: Mapping[Kind, float]
    flags: tuple[Kind, ...]
    abstained: tuple[Kind, ...]
    findings: tuple[Finding, ...]


NOTHING = Detection(0.0)
ABSTAINED = Detection(0.0, (), judged=False)


def shown(text: str, span: Span) -> str:
    """The text of a span, cut where it is long."""
    start, stop = span
    return text[start:stop] if stop - start <= SHOWN_CHARACTERS else f"{text[start : start + SHOWN_CHARACTERS - 1]}…"


def any_of(confidences: Iterable[float]) -> float:
    """The probability that at least one of independent findings is true."""
    return 1.0 - prod(1.0 - confidence for confidence in confidences)


def detection(findings: Sequence[Finding]) -> Detection:
    """The detection that single findings make: in order of their spans, not too many."""
    if len(findings) == 1:
        return Detection(any_of([findings[0].confidence]), tuple(findings))
    ordered = sorted(findings, key=lambda finding: finding.span)
    return Detection(any_of(finding.confidence for finding in ordered), tuple(ordered[:FINDINGS_MAX]))


@lru_cache(maxsize=2)
def alphabet(text: str) -> frozenset[str]:
    """The distinct characters of a text, kept while the detectors look at it: most rules are ruled out by these."""
    return frozenset(text)
