"""A document becomes its card: what is wrong with it, where, and how sure.

1. Each detector gives its score and findings; those that ASCII text cannot have anything of return at once.
2. A score at or above the flag level flags its kind.
3. `safe_repairs`: the edits that are safe by law. Broken encoding is mended, invisible characters that are not at home
   are taken out, words divided at line ends are joined. Each stands within a finding's span, none overlaps another, and
   `edits.inverse` takes them back. Everything else is reported only.

Limits: `findings.FINDINGS_MAX` findings a kind; the safe repairs are all made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from dedup.damage import encoding, invisible, ocr, spun, strings, structure
from dedup.damage.findings import FLAG_LEVEL, KINDS, Card, Detection, Finding, Kind
from dedup.model import Document, Edit

SCORE_DIGITS = 3
"""Digits of a score: sums of floats differ in the seventh from machine to machine."""
DETECTORS: dict[Kind, Callable[[Document], Detection]] = {
    "encoding": encoding.detect,
    "invisible": lambda document: invisible.detect(document.text),
    "ocr": lambda document: ocr.detect(document.text),
    "spun": lambda document: spun.detect(document.text),
    "structure": lambda document: structure.detect(document.text),
}


def card(document: Document, words: int | None = None) -> Card:
    """The card of a document; `words` is how many tokens it has, if that is known (else its parts between spaces)."""
    seen = {kind: detect(document) for kind, detect in DETECTORS.items()}
    scores = {kind: round(found.score, SCORE_DIGITS) for kind, found in seen.items()}
    return Card(
        id=document.id,
        words=strings.tallied(document.text).count if words is None else words,
        scores=scores,
        flags=tuple(kind for kind, score in scores.items() if score >= FLAG_LEVEL),
        abstained=tuple(kind for kind, found in seen.items() if not found.judged),
        findings=tuple(
            sorted((finding for found in seen.values() for finding in found.findings), key=lambda finding: finding.span)
        ),
    )


def scores(document: Document, kinds: Collection[Kind] = KINDS) -> tuple[float, ...]:
    """The scores of the card alone, in the order of `findings.KINDS`; 0.0 for what is not asked."""
    return tuple(
        round(detect(document).score, SCORE_DIGITS) if kind in kinds else 0.0 for kind, detect in DETECTORS.items()
    )


def safe_repairs(document: Document) -> tuple[Edit, ...]:
    """The edits that are safe by law, in order; where two would touch, the wider one stands.

    None for a text of which bytes were lost in reading: writing it would lose them for good.
    """
    text = document.text
    if document.lossy_bytes:
        return ()
    found = [
        *encoding.safe(text),
        *(invisible.hidden(text) if not text.isascii() else ()),
        *ocr.line_ends(text),
    ]
    return _disjoint([_edit(finding) for finding in found if finding.after is not None])


def _edit(finding: Finding) -> Edit:
    cause = f"{finding.kind}: {finding.explanation}"
    return Edit(finding.span, finding.text, finding.after or "", cause, confidence=finding.confidence)


def _disjoint(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits in order, without those that overlap one that begins before them or is longer."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.span[0], -edit.span[1])):
        if not kept or edit.span[0] >= kept[-1].span[1]:
            kept.append(edit)
    return tuple(kept)
