"""Verdicts, choices and blocks become edits on the original text, and the restored text.

1. A verdict that keeps the witness's reading becomes an edit that names the witness and where in it the reading
   stands. A locus without a verdict is left alone.
2. A choice among several texts becomes an edit that names all that have the reading, or the parts of it; a conjecture
   names the line of the ledger. Case, blanks and ends of lines are those of the document (`layout`).
3. What only a witness has as a block can be put in too.
4. Repairs of the encoding need no witness; they stand where no other edit does.
5. Applying the edits gives the restored text; applying their inverse (`edits.inverse`) to that gives the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dedup import layout
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
    return edited(
        document, [] if found is None else [_edit(document, one, found.compared.b) for one in given if one.kept == "b"]
    )


def edited(document: Document, made: Iterable[Edit]) -> Restoration:
    """The document with edits that do not overlap, but for those that change nothing, and with the repairs of its
    encoding where these leave room."""
    edits = [edit for edit in made if edit.before != edit.after]
    taken = [edit.span for edit in edits]
    free = [
        repair
        for repair in document.repairs
        if not any(start < repair.span[1] and repair.span[0] < stop for start, stop in taken)
    ]
    ordered = tuple(sorted([*edits, *free], key=lambda edit: edit.span))
    return Restoration(document, applied(document.text, ordered), ordered)


def _edit(document: Document, verdict: Verdict, witness: Document) -> Edit:
    """The witness's reading, its encoding mended; `witness_span` is where it stands as the witness has it."""
    locus = verdict.locus
    after = layout.spaced(_mended(witness, locus.span_b), locus.text_a, document.text)
    capitals = layout.in_capitals(document.text, locus.span_a), layout.in_capitals(witness.text, locus.span_b)
    return Edit(
        span=locus.span_a,
        before=locus.text_a,
        after=layout.cased(after, locus.text_a, capitals),
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
    document = texts[0].document
    span, after = _put(texts, choice)
    attested = [(texts[part.text].document.id, _span_of(texts, part)) for part in (choice.agreeing or choice.parts)]
    named = list(dict.fromkeys(one for one in attested if one[0] != document.id))
    witness, where = named[0] if named else (None, None)
    return Edit(
        span=span,
        before=document.text[slice(*span)],
        after=after,
        cause=choice.kind if choice.agreeing or choice.parts else CONJECTURE,
        witness=witness,
        witness_span=where,
        confidence=choice.confidence,
        evidence=choice.evidence,
        others=tuple(named[1:]),
        entry=choice.entry,
    )


def _put(texts: Sequence[Text], choice: Choice) -> tuple[Span, str]:
    """What a choice takes out of the document's text, and what it puts there."""
    text, tokens = texts[0].document.text, texts[0].tokens
    if not choice.words:
        return layout.left_out(text, tokens, choice.start, choice.stop), ""
    written = " ".join(_mended(texts[part.text].document, _span_of(texts, part)) for part in choice.parts)
    if choice.start == choice.stop:
        return layout.put_in(text, tokens, choice.start, written, _beside(texts, choice))
    span = int(tokens.spans[choice.start, 0]), int(tokens.spans[choice.stop - 1, 1])
    before = text[slice(*span)]
    if not choice.parts:
        return span, _conjectured(choice, before, layout.in_capitals(text, span), text)
    after = layout.spaced(written, before, text)
    capitals = [
        layout.in_capitals(texts[part.text].document.text, _span_of(texts, part))
        for part in choice.parts
        if part.reading.words
    ]
    after = layout.cased(after, before, (layout.in_capitals(text, span), bool(capitals) and all(capitals)))
    return span, layout.small(after, before) if _is_shouted(choice, after, before) else after


def _is_shouted(choice: Choice, after: str, before: str) -> bool:
    """Whether a reading is in capitals for the same word in small letters."""
    capitals = sum(map(str.isupper, before))
    return choice.kind == "noise" and after.isupper() and capitals < sum(map(str.islower, before))


def _conjectured(choice: Choice, before: str, capitals: bool, text: str) -> str:
    """What no text attests, which begins as what it stands for and has the document's apostrophes."""
    words = " ".join(choice.words)
    if text.count("’") > text.count("'"):
        words = words.replace("'", "’")
    first = words[:1].upper() if before[:1].isupper() else words[:1]
    return layout.spaced(words.upper() if capitals else first + words[1:], before, text)


def _beside(texts: Sequence[Text], choice: Choice) -> tuple[str, str]:
    """What stands before and after the words of a choice where they are from."""
    first, last = choice.parts[0], choice.parts[-1]
    return (
        _gap(texts[first.text], first.reading.start),
        _gap(texts[last.text], last.reading.stop),
    )


def _gap(one: Text, at: int) -> str:
    return one.document.text[slice(*layout.gap(one.document.text, one.tokens, at))]


def _span_of(texts: Sequence[Text], part: Part) -> Span:
    """Where a reading stands in its text; for an empty one, the point."""
    spans, reading = texts[part.text].tokens.spans, part.reading
    if reading.start < reading.stop:
        return int(spans[reading.start, 0]), int(spans[reading.stop - 1, 1])
    at = int(spans[reading.start, 0]) if reading.start < len(spans) else len(texts[part.text].document.text)
    return at, at


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
