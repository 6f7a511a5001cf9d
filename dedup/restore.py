"""Verdicts become edits on the original text, and the restored text.

1. A verdict that keeps the witness's reading becomes an edit that names the witness and where in it the reading
   stands. A locus without a verdict is left alone.
2. Repairs of the encoding need no witness; they stand where no other edit does.
3. Applying the edits gives the restored text; applying their inverse (`edits.inverse`) to that gives the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dedup.edits import applied
from dedup.model import Collation, Document, Edit, Restoration, Verdict


def restoration(document: Document, found: Collation | None, given: Sequence[Verdict]) -> Restoration:
    """The document with the readings of a witness put in where the verdicts say so.

    `found` is the collation of the document (as a) with the witness (as b) that `given` judges; None for no witness.
    """
    edits = [] if found is None else [_edit(verdict, found.compared.b) for verdict in given if verdict.kept == "b"]
    taken = [edit.span for edit in edits]
    free = [
        repair
        for repair in document.repairs
        if not any(start < repair.span[1] and repair.span[0] < stop for start, stop in taken)
    ]
    ordered = tuple(sorted([*edits, *free], key=lambda edit: edit.span))
    return Restoration(document, applied(document.text, ordered), ordered)


def _edit(verdict: Verdict, witness: Document) -> Edit:
    """The witness's reading, its encoding mended; `witness_span` is where it stands as the witness has it."""
    locus = verdict.locus
    start, stop = locus.span_b
    inside = [repair for repair in witness.repairs if start <= repair.span[0] and repair.span[1] <= stop]
    shifted = [replace(repair, span=(repair.span[0] - start, repair.span[1] - start)) for repair in inside]
    return Edit(
        span=locus.span_a,
        before=locus.text_a,
        after=applied(locus.text_b, shifted),
        cause=verdict.cause,
        witness=witness.id,
        witness_span=locus.span_b,
        confidence=verdict.confidence,
        evidence={name: -value for name, value in verdict.evidence.items()},  # for the witness, not for the document
    )
