"""A document becomes its card: what is wrong with it, where, and how sure.

1. Each detector gives its score and findings; those that ASCII text cannot have anything of return at once.
2. A score at or above the flag level flags its kind.
3. `safe_repairs`: the edits that are safe by law. Broken encoding is mended, invisible characters that are not at home
   are taken out, words divided at line ends are joined. Each stands within a finding's span, none overlaps another, and
   `edits.inverse` takes them back. Everything else is reported only.

Limits: `findings.FINDINGS_MAX` findings a kind; the safe repairs are all made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from dedup.damage import batch, encoding, invisible, ocr, spun, structure
from dedup.damage.batch import Batch
from dedup.damage.findings import FLAG_LEVEL, KINDS, Card, Detection, Finding, Kind
from dedup.model import Document, Edit

SCORE_DIGITS = 3
"""Digits of a score: sums of floats differ in the seventh from machine to machine."""
DETECTORS: dict[Kind, Callable[[Sequence[Document], Batch], list[Detection]]] = {
    "encoding": encoding.detections,
    "invisible": invisible.detections,
    "ocr": ocr.detections,
    "spun": spun.detections,
    "structure": structure.detections,
}


def card(document: Document, words: int | None = None) -> Card:
    """The card of a document; `words` is how many tokens it has, if that is known (else its parts between spaces)."""
    made = next(cards([document]))
    return made if words is None else replace(made, words=words)


def cards(documents: Iterable[Document]) -> Iterator[Card]:
    """The cards of documents in their order, each what `card` makes of the document by itself, in half the time.

    Their words are parts between spaces.
    """
    for some in batch.cut(documents):
        looked = batch.of([one.text for one in some])
        columns = [detections(some, looked) for detections in DETECTORS.values()]
        for document, tally, *seen in zip(some, looked.tallies, *columns, strict=True):
            yield _card(document.id, tally.count, seen)


def _card(name: str, words: int, seen: Sequence[Detection]) -> Card:
    """A card from what each detector found, in their order."""
    found = {kind: round(one.score, SCORE_DIGITS) for kind, one in zip(DETECTORS, seen, strict=True)}
    findings = [finding for one in seen for finding in one.findings]
    findings.sort(key=lambda finding: finding.span)
    return Card(
        id=name,
        words=words,
        scores=found,
        flags=tuple([kind for kind, score in found.items() if score >= FLAG_LEVEL]),
        abstained=tuple([kind for kind, one in zip(DETECTORS, seen, strict=True) if not one.judged]),
        findings=tuple(findings),
    )


def scores(documents: Iterable[Document], kinds: Collection[Kind] = KINDS) -> Iterator[tuple[float, ...]]:
    """The scores of the cards alone, in the order of `findings.KINDS`; 0.0 for what is not asked."""
    for some in batch.cut(documents):
        looked = batch.of([one.text for one in some])
        none = [0.0] * len(some)
        columns = (
            [round(one.score, SCORE_DIGITS) for one in detections(some, looked)] if kind in kinds else none
            for kind, detections in DETECTORS.items()
        )
        yield from zip(*columns, strict=True)


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
