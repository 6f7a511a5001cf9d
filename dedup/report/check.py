"""Cards become text for people: a table of the kinds of damage, and the worst documents with what, where and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dedup.checking import Checked
from dedup.damage import KINDS, Card, Finding, Kind
from dedup.report.cards import Tally
from dedup.report.wording import count, printable, shortened

CAUSES_SHOWN = 6
"""Causes of one kind that the table names, the commonest first."""
FINDINGS_SHOWN = 3
"""Places of one kind of damage that are shown of a document, the surest first."""
TEXT_CHARACTERS = 60
MEANING: dict[Kind, str] = {
    "encoding": "wrongly read",
    "invisible": "hidden or look-alike",
    "ocr": "scanned or mistyped",
    "spun": "words replaced",
    "structure": "cut, repeated or mixed",
}


def report(tally: Tally, text_of: Callable[[Checked], str]) -> RenderableType:
    """What was found in all; `text_of` reads a document again, of which lines are counted."""
    share = f"{tally.flagged / tally.documents:.0%}" if tally.documents else "none"
    head = Text.assemble(
        f"{count(tally.documents, 'document')}, {count(tally.words, 'word')}: ",
        (f"{tally.flagged:,} damaged", "bold"),
        f" ({share})" if tally.flagged else "",
    )
    parts: list[RenderableType] = [head]
    if tally.findings or tally.flagged:
        causes = {kind: _causes(kind, tally) for kind in KINDS}
        parts += [Text(), by_kind(tally.flags, tally.documents, causes)]
    worst = tally.worst()
    if worst:
        told = "The worst" if len(worst) < tally.flagged else "Damaged"
        parts += [Text(), Text(f"{told} documents", "bold")]
        parts += [Padding(_document(one.card, text_of(one)), (0, 0, 0, 2), expand=False) for one in worst]
    if len(worst) < tally.flagged:
        parts.append(Text(f"  and {tally.flagged - len(worst):,} more (--format jsonl lists all)", "dim"))
    if tally.repairs:
        repairs = f"{count(tally.repairs, 'place')} in {count(tally.repaired, 'document')}"
        parts += [Text(), Text(f"{repairs} can be mended safely: dedup check --fix -o FOLDER", "dim")]
    return Group(*parts)


def by_kind(flags: Mapping[Kind, int], documents: int, causes: Mapping[Kind, str] | None = None) -> Table:
    """How many documents have each kind of damage, and what is told of it."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("damage", overflow="fold", min_width=11)
    table.add_column("documents", justify="right")
    table.add_column("share", justify="right")
    if causes:
        table.add_column("findings", overflow="fold")
    for kind in KINDS:
        if flags.get(kind) or (causes and causes.get(kind)):
            share = f"{flags.get(kind, 0) / max(1, documents):.1%}"
            told = [causes.get(kind, "")] if causes else []
            table.add_row(f"{kind}: {MEANING[kind]}", f"{flags.get(kind, 0):,}", share, *told)
    return table


def _causes(kind: Kind, tally: Tally) -> str:
    found = [(number, cause[1]) for cause, number in tally.findings.items() if cause[0] == kind]
    found.sort(key=lambda one: (-one[0], one[1]))
    told = ", ".join(f"{cause} {number:,}" for number, cause in found[:CAUSES_SHOWN])
    return told + (f" and {len(found) - CAUSES_SHOWN} more" if len(found) > CAUSES_SHOWN else "")


def _document(card: Card, text: str) -> RenderableType:
    """A document's kinds of damage with their probabilities, and the surest places of each."""
    kinds = ", ".join(f"{kind} {card.scores[kind]:.0%}" for kind in card.flags)
    lines: list[RenderableType] = [Text.assemble((printable(card.id), "bold"), "  ", (kinds, "red"))]
    starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
    for kind in card.flags:
        found = [one for one in card.findings if one.kind == kind]
        lines += _places(found, starts)
        if not found:
            lines.append(Text("  the text as a whole; no single place stands out", "dim"))
    return Group(*lines)


def _places(found: list[Finding], starts: list[int]) -> Iterator[RenderableType]:
    """The surest findings in the order of the text, each with its line and character, and how many more there are."""
    surest = sorted(found, key=lambda one: (-one.confidence, one.span))[:FINDINGS_SHOWN]
    for one in sorted(surest, key=lambda one: one.span):
        line = bisect_right(starts, one.span[0])
        place = f"line {line}, character {one.span[0] - starts[line - 1] + 1}: "
        told = (printable(shortened(one.explanation, 160)), "")
        line_ = Text.assemble((place, "dim"), (_quoted(one.text), "yellow"), "  ", told)
        yield Padding(line_, (0, 0, 0, 2), expand=False)
    if len(found) > len(surest):
        yield Text(f"  and {count(len(found) - len(surest), 'more place')} of the kind", "dim")


def _quoted(text: str) -> str:
    return printable(shortened(text, TEXT_CHARACTERS))
