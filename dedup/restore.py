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

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dedup import layout
from dedup.edits import applied
from dedup.figures import run_of
from dedup.model import Collation, Comparison, Document, Edit, Locus, Restoration, Span, Tokens, Verdict
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
    return edited(document, _followed(found.compared, [one for one in given if one.kept == "b"]) if found else ())


def edited(document: Document, made: Iterable[Edit]) -> Restoration:
    """The document with edits that do not overlap, but for those that change nothing, and with the repairs of its
    encoding where these leave room."""
    edits = list(_apart(edit for edit in made if edit.before != edit.after))
    taken = [edit.span for edit in edits]
    free = [
        repair
        for repair in document.repairs
        if not any(start < repair.span[1] and repair.span[0] < stop for start, stop in taken)
    ]
    ordered = tuple(sorted([*edits, *free], key=lambda edit: edit.span))
    return Restoration(document, applied(document.text, ordered), ordered)


def _apart(made: Iterable[Edit]) -> Iterator[Edit]:
    """The edits in order, but for those that begin within the one before, which may be asked for again."""
    at = 0
    for edit in sorted(made, key=lambda edit: edit.span):
        if edit.span[0] >= at:
            yield edit
            at = edit.span[1]


def _followed(compared: Comparison, verdicts: Iterable[Verdict]) -> Iterator[Edit]:
    """The edits of verdicts for the witness. Where words come beside a new paragraph, what else differs there is how
    the two texts are laid out."""
    passed = 0
    for verdict in verdicts:
        locus = verdict.locus
        own = _in_paragraphs(locus, compared)
        if own:
            passed = layout.gap(compared.a.text, compared.tokens_a, run_of(locus, compared).a[1])[1]
        if own or locus.kind != "formatting" or locus.span_a[0] >= passed:
            yield _edit(verdict, compared, own or (locus.span_a, _mended(compared.b, locus.span_b)))


def _edit(verdict: Verdict, compared: Comparison, put: tuple[Span, str]) -> Edit:
    """The witness's reading, its encoding mended; `witness_span` is where it stands as the witness has it."""
    document, witness, locus = compared.a, compared.b, verdict.locus
    span, after = put
    before = document.text[slice(*span)]
    after = layout.spaced(after, before, document.text)
    capitals = layout.in_capitals(document.text, span), layout.in_capitals(witness.text, locus.span_b)
    by_case = locus.kind == "formatting" and capitals[0] != capitals[1] and any(map(str.isalpha, before))
    return Edit(
        span=span,
        before=before,
        after=before if by_case else layout.cased(after, before, capitals),
        cause=verdict.cause,
        witness=witness.id,
        witness_span=locus.span_b,
        confidence=verdict.confidence,
        evidence={name: -value for name, value in verdict.evidence.items()},  # for the witness, not for the document
    )


def _in_paragraphs(locus: Locus, compared: Comparison) -> tuple[Span, str] | None:
    """What goes, or comes and where, of words that only one side has where the document begins a new paragraph: this
    stays one. None for all else."""
    text, tokens, run = compared.a.text, compared.tokens_a, run_of(locus, compared)
    gap = text[slice(*layout.gap(text, tokens, run.a[0]))]
    if locus.kind == "deletion" and layout.is_paragraph(gap + locus.text_a):
        return layout.left_out(text, tokens, *run.a), ""
    if locus.kind != "insertion" or run.b[0] == run.b[1] or not layout.is_paragraph(gap):
        return None
    own = compared.b.text, compared.tokens_b
    reading = int(own[1].spans[run.b[0], 0]), int(own[1].spans[run.b[1] - 1, 1])
    beside = own[0][slice(*layout.gap(*own, run.b[0]))], own[0][slice(*layout.gap(*own, run.b[1]))]
    return layout.put_in(text, tokens, run.a[0], _mended(compared.b, reading), beside)


def _mended(witness: Document, span: Span) -> str:
    """What a text has within a span, its encoding mended where a repair lies within it."""
    start, stop = span
    inside = [repair for repair in witness.repairs if start <= repair.span[0] and repair.span[1] <= stop]
    shifted = [replace(repair, span=(repair.span[0] - start, repair.span[1] - start)) for repair in inside]
    return applied(witness.text[start:stop], shifted)


# --- choices and blocks ----------------------------------------------------------------------------------------


def chosen(texts: Sequence[Text], choices: Iterable[Choice]) -> list[Edit]:
    """The edits that put choices in. texts: the document first, then the witnesses, as the choices number them."""
    return [_chosen(texts, choice) for choice in _together(choices)]


def _together(choices: Iterable[Choice]) -> Iterator[Choice]:
    """The choices in order, those as one that leave out words in a row."""
    before: Choice | None = None
    for choice in sorted(choices, key=lambda one: (one.start, one.stop)):
        if before and not (before.words or choice.words) and before.stop == choice.start:
            before = replace(before, stop=choice.stop, confidence=min(before.confidence, choice.confidence))
            continue
        if before:
            yield before
        before = choice
    if before:
        yield before


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
        return layout.left_out(text, tokens, choice.start, choice.stop, _lacking(texts, choice)), ""
    written = _written(texts, choice.parts)
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
    return span, layout.cased(after, before, (layout.in_capitals(text, span), bool(capitals) and all(capitals)))


def _lacking(texts: Sequence[Text], choice: Choice) -> str | None:
    """What stands in place of words that are left out in a text that has none there, between the same two words."""
    words = texts[0].tokens.words
    around = words[choice.start - 1 : choice.start], words[choice.stop : choice.stop + 1]
    for part in choice.agreeing:
        at, other = part.reading.start, texts[part.text].tokens.words
        if part.text and at == part.reading.stop and (other[at - 1 : at], other[at : at + 1]) == around:
            return _gap(texts[part.text], at)
    return None


def _written(texts: Sequence[Text], parts: Sequence[Part]) -> str:
    """Parts of a reading together, with what stands between them in their texts: if these part there, with signs
    rather than without."""
    written = ""
    for number, part in enumerate(parts):
        if number:
            before = parts[number - 1]
            between = (
                _gap(texts[before.text], before.reading.stop),
                _gap(texts[part.text], part.reading.start),
            )
            written += max(*between, " ", key=lambda gap: (layout.is_paragraph(gap), len(gap.strip())))
        written += _mended(texts[part.text].document, _span_of(texts, part))
    return written


def _conjectured(choice: Choice, before: str, capitals: bool, text: str) -> str:
    """What no text attests, which begins as what it stands for and has the document's apostrophes."""
    words = " ".join(choice.words).replace("'", layout.apostrophe(text))
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
        after = layout.with_ends(_mended(witness, where), texts[0].document.text)
        new = Edit((at, at), "", after, BLOCK, witness.id, where)
        made.setdefault(at, new)
    return [made[at] for at in sorted(made)]
