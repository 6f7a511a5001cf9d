"""Two texts become lines under each other with what changed set off, and their ledger a table.

Colour is rich's business (none when the output is no terminal or NO_COLOR is set); without it the changed words stand
in wdiff's marks, [-so-] and {+so+}. What faces each other stands in cells that are as wide in both lines; a cell
that is wider than the terminal is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len, chop_cells
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dedup.ledger import Substitution
from dedup.model import Collation, Locus
from dedup.report.wording import count, printable, shortened

BLOCK_CHARACTERS = 60
"""A locus longer than this on either side is shown as a block of its own, not within the line."""
EXCERPT_CHARACTERS = 320
"""How much of a block is shown."""
GAIN = {"a": ("[-", "-]", "bold red"), "b": ("{+", "+}", "bold green")}


@dataclass(frozen=True, slots=True)
class _Cell:
    """A stretch of both texts that is not broken between lines; `kind` is empty where they agree."""

    text_a: str
    text_b: str
    kind: str = ""


def diff(
    found: Collation, rows: Sequence[Substitution], ledger_rows: int, console: Console
) -> Iterator[RenderableType]:
    """The changed lines of both texts under each other, then the ledger (its first `ledger_rows`, 0 for all)."""
    yield Text.assemble(
        ("a ", "bold red"), printable(found.compared.a.id), f"  {count(len(found.compared.tokens_a), 'word')}"
    )
    yield Text.assemble(
        ("b ", "bold green"), printable(found.compared.b.id), f"  {count(len(found.compared.tokens_b), 'word')}"
    )
    yield Text()
    if not found.loci:
        yield Text("The two texts are the same.")
        return
    yield from _lines(found, console)
    yield Text()
    yield from ledger_table(rows, ledger_rows)
    kinds: dict[str, int] = {}
    for locus in found.loci:
        kinds[locus.kind] = kinds.get(locus.kind, 0) + 1
    yield Text(
        ", ".join(
            count(number, kind) if kind != "formatting" else f"{number} in form alone" for kind, number in kinds.items()
        )
    )


def _lines(found: Collation, console: Console) -> Iterator[Text]:
    coloured = console.color_system is not None and not console.no_color
    width = max(24, console.width - 2)
    folded = False
    row: list[_Cell] = []
    for cell in _fitting([*_cells(found), _Cell("\n", "\n")], width - 4 * (not coloured)):
        size = max(map(cell_len, _marked(cell, coloured)))
        if row and (cell.text_a == "\n" or cell.kind == "block" or _width(row, coloured) + size > width):
            if any(one.kind for one in row):
                if folded:
                    yield Text("  ⋮", "dim")
                yield from _row(row, coloured)
                folded = False
            else:
                folded = True
            row = []
        if cell.kind == "block":
            yield from _block(cell, coloured)
        elif cell.text_a != "\n" and (row or cell.kind or cell.text_a.strip()):
            row.append(cell)


def _fitting(cells: Iterable[_Cell], width: int) -> Iterator[_Cell]:
    """The cells, those that are wider than a line cut into pieces: texts without spaces, addresses."""
    for cell in cells:
        if cell.kind == "block" or max(cell_len(cell.text_a), cell_len(cell.text_b)) <= width:
            yield cell
        else:
            pieces = zip_longest(chop_cells(cell.text_a, width), chop_cells(cell.text_b, width), fillvalue="")
            yield from (_Cell(text_a, text_b, cell.kind) for text_a, text_b in pieces)


def _width(row: Sequence[_Cell], coloured: bool) -> int:
    return sum(max(map(cell_len, _marked(cell, coloured))) for cell in row)


def _marked(cell: _Cell, coloured: bool) -> tuple[str, str]:
    """Both sides of a cell with the marks that stand for colour where there is none."""
    if coloured or not cell.kind:
        return cell.text_a, cell.text_b
    (open_a, close_a, _), (open_b, close_b, _) = GAIN["a"], GAIN["b"]
    side_a = f"{open_a}{cell.text_a}{close_a}" if cell.text_a else ""
    return side_a, f"{open_b}{cell.text_b}{close_b}" if cell.text_b else ""


def _row(row: Sequence[_Cell], coloured: bool) -> Iterator[Text]:
    """Two lines, a over b, every cell as wide in both, so that what faces what stands one below the other."""
    line_a, line_b = Text("a ", "bold red", no_wrap=True), Text("b ", "bold green", no_wrap=True)
    for cell in row:
        sides = _marked(cell, coloured)
        width = max(map(cell_len, sides))
        for line, text, side in ((line_a, sides[0], "a"), (line_b, sides[1], "b")):
            line.append(text, GAIN[side][2] if cell.kind else "not bold default")
            line.append(" " * (width - cell_len(text)), "default")
    for line in (line_a, line_b):
        line.rstrip()
        yield line
    yield Text()


def _block(cell: _Cell, coloured: bool) -> Iterator[Text]:
    for side, text in (("a", cell.text_a), ("b", cell.text_b)):
        if text.strip():
            left, right, style = GAIN[side]
            words = count(len(re.findall(r"\w+", text)), "word")
            shown = printable(shortened(text, EXCERPT_CHARACTERS))
            body = shown if coloured else f"{left}{shown}{right}"
            yield Text.assemble((f"{side} ", f"bold {style}"), (f"only here, {words}: ", "dim"), (body, style))
            yield Text()


def _cells(found: Collation) -> Iterator[_Cell]:
    """Both texts in cells: words that agree, loci, and line ends."""
    at = 0
    for locus in found.loci:
        yield from _agreeing(found.compared.a.text[at : locus.span_a[0]])
        yield from _locus_cells(locus)
        at = locus.span_a[1]
    yield from _agreeing(found.compared.a.text[at:])


def _agreeing(text: str) -> Iterator[_Cell]:
    for piece in re.findall(r"\n|[^\S\n]+|[^\s]+[^\S\n]?", text):
        shown = "\n" if piece == "\n" else printable(piece)
        yield _Cell(shown, shown)


def _locus_cells(locus: Locus) -> Iterator[_Cell]:
    if not locus.text_a.strip() and not locus.text_b.strip():
        yield from _agreeing(locus.text_a or locus.text_b)  # layout alone: nothing to see
    elif max(len(locus.text_a), len(locus.text_b)) > BLOCK_CHARACTERS:
        yield _Cell(locus.text_a, locus.text_b, "block")
    else:
        yield _Cell(printable(locus.text_a), printable(locus.text_b), locus.kind)


def ledger(rows: Sequence[Substitution]) -> Iterator[RenderableType]:
    """The substitutions of a corpus: what stands in kept documents, and what stands for it in their copies."""
    if not rows:
        yield Text("No words were replaced in the copies.")
        return
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("count", justify="right")
    for name in ("kept", "dropped"):
        table.add_column(name, overflow="fold")
    table.add_column("original")
    for row in rows:
        texts = zip((row.a, row.b), "ab", strict=True)
        sides = [Text(printable(text), "bold" if row.original == side else "") for text, side in texts]
        table.add_row(f"{row.count:,}", *sides, {"a": "kept", "b": "dropped"}.get(row.original or "", "-"))
    yield table
    yield Text(f"{count(len(rows), 'substitution')}, {sum(row.count for row in rows):,} times", "dim")


def ledger_table(rows: Sequence[Substitution], shown: int) -> Iterator[RenderableType]:
    if not rows:
        return
    table = Table(title="Substitutions", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    table.add_column("count", justify="right")
    table.add_column("a", style="red", overflow="fold")
    table.add_column("b", style="green", overflow="fold")
    for row in rows[: shown or None]:
        table.add_row(f"{row.count:,}", printable(row.a), printable(row.b))
    yield table
    if shown and len(rows) > shown:
        yield Text(f"       and {len(rows) - shown:,} more (--ledger 0 shows all)", "dim")
