"""Verdicts, choices and blocks become edits on the original text, and the restored text.

1. A verdict that keeps the witness's reading becomes an edit that names the witness and where in it the reading
   stands. A locus without a verdict is left alone.
2. A choice among several texts becomes an edit that names all that have the reading, or the parts of it; a conjecture
   names the line of the ledger. Capitals throughout, or none, are those of the document.
3. What only a witness has as a block can be put in too.
4. Repairs of the encoding need no witness; they stand where no other edit does.
5. Applying the edits gives the restored text; applying their inverse (`edits.inverse`) to that gives the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dedup.edits import applied
from dedup.model import Collation, Document, Edit, Restoration, Span, Tokens, Verdict
from dedup.places import Block, Choice, Part

CONJECTURE, BLOCK = "conjecture", "block"
"""Causes of edits that no witness attests, and of those that take over what only a witness has."""


@dataclass(frozen=True, slots=True)
class Text:
    """A document and its tokens."""

    document: Document
    tokens: Tokens


def restoration(document: Document, found: Collation | None, given: Sequence[Verdict]) -> Restoration:
    """The document with the readings of a witness put in where the verdicts say so.

    `found` is the collation of the document (as a) with the witness (as b) that `given` judges; None for no witness.
    """
    return edited(document, [] if found is None else [_edit(one, found.compared.b) for one in given if one.kept == "b"])


def edited(document: Document, made: Iterable[Edit]) -> Restoration:
    """The document with edits that do not overlap, and with the repairs of its encoding where these leave room."""
    edits = list(made)
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
    return Edit(
        span=locus.span_a,
        before=locus.text_a,
        after=_mended(witness, locus.span_b),
        cause=verdict.cause,
        witness=witness.id,
        witness_span=locus.span_b,
        confidence=verdict.confidence,
        evidence={name: -value for name, value in verdict.evidence.items()},  # for the witness, not for the document
    )


def _mended(witness: Document, span: Span) -> str:
    """What a text has within a span, its encoding mended where a repair lies within it."""
    start, stop = span
    inside = [repair for repair in witness.repairs if start <= repair.span[0] and repair.span[1] <= stop]
    shifted = [replace(repair, span=(repair.span[0] - start, repair.span[1] - start)) for repair in inside]
    return applied(witness.text[start:stop], shifted)


# --- choices and blocks ----------------------------------------------------------------------------------------


def chosen(texts: Sequence[Text], choices: Iterable[Choice]) -> list[Edit]:
    """The edits that put choices in. texts: the document first, then the witnesses, as the choices number them."""
    return [_chosen(texts, choice) for choice in choices]


def _chosen(texts: Sequence[Text], choice: Choice) -> Edit:
    document, tokens = texts[0].document, texts[0].tokens
    span = _room(tokens, choice) if not (choice.words and choice.stop > choice.start) else _span(tokens, choice)
    before = document.text[slice(*span)]
    attested = [(texts[part.text].document.id, _span_of(texts, part)) for part in (choice.agreeing or choice.parts)]
    named = list(dict.fromkeys(one for one in attested if one[0] != document.id))
    witness, where = named[0] if named else (None, None)
    return Edit(
        span=span,
        before=before,
        after=_written(texts, choice, before),
        cause=choice.kind if choice.agreeing or choice.parts else CONJECTURE,
        witness=witness,
        witness_span=where,
        confidence=choice.confidence,
        evidence=choice.evidence,
        others=tuple(named[1:]),
        entry=choice.entry,
    )


def _span(tokens: Tokens, choice: Choice) -> Span:
    return int(tokens.spans[choice.start, 0]), int(tokens.spans[choice.stop - 1, 1])


def _room(tokens: Tokens, choice: Choice) -> Span:
    """What goes with tokens that are left out, or the point at which some are put in: with the space after them, or
    before them at the end of the text."""
    spans = tokens.spans
    if choice.stop < len(tokens):
        return int(spans[choice.start, 0]), int(spans[choice.stop, 0])
    return int(spans[choice.start - 1, 1]) if choice.start else 0, int(spans[-1, 1]) if len(tokens) else 0


def _span_of(texts: Sequence[Text], part: Part) -> Span:
    """Where a reading stands in its text; for an empty one, the point."""
    spans, reading = texts[part.text].tokens.spans, part.reading
    if reading.start < reading.stop:
        return int(spans[reading.start, 0]), int(spans[reading.stop - 1, 1])
    at = int(spans[reading.start, 0]) if reading.start < len(spans) else len(texts[part.text].document.text)
    return at, at


def _written(texts: Sequence[Text], choice: Choice, before: str) -> str:
    """The words of a choice as its texts write them, in the document's case."""
    if not choice.words:
        return ""
    parts = [_mended(texts[part.text].document, _span_of(texts, part)) for part in choice.parts]
    after = " ".join(parts or choice.words)
    if choice.start < choice.stop:
        if not parts and before[:1].isupper():
            after = after[:1].upper() + after[1:]  # what no text attests begins as what it stands for
        return _cased(after, before)
    return f"{after} " if choice.stop < len(texts[0].tokens) else f" {after}"


def _cased(after: str, before: str) -> str:
    """A reading in capitals where the document has nothing else, and not in capitals where it has other letters."""
    letters = [letter for letter in before if letter.isalpha()]
    if len(letters) > 1 and all(map(str.isupper, letters)):
        return after.upper()
    if len(after) > 1 and after.isupper() and letters and not all(map(str.isupper, letters)):
        return after.capitalize() if letters[0].isupper() else after.lower()
    return after


def taken_over(texts: Sequence[Text], blocks: Iterable[Block]) -> list[Edit]:
    """The edits that put blocks in which only a witness has, with the space after them, or before them at the end of
    either text; of several blocks at one place, the first."""
    tokens = texts[0].tokens
    made: dict[int, Edit] = {}
    for block in blocks:
        witness, spans = texts[block.witness + 1].document, texts[block.witness + 1].tokens.spans
        if block.stop < len(spans) and block.at < len(tokens):
            at, where = int(tokens.spans[block.at, 0]), (int(spans[block.start, 0]), int(spans[block.stop, 0]))
        elif block.start and block.at:
            at = int(tokens.spans[block.at - 1, 1])
            where = int(spans[block.start - 1, 1]), int(spans[block.stop - 1, 1])
        else:
            continue
        new = Edit((at, at), "", _mended(witness, where), BLOCK, witness.id, where)
        made.setdefault(at, new)
    return [made[at] for at in sorted(made)]
