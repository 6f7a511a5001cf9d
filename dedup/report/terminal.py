"""Findings become text for people: tables, and two texts line under line with what changed set off.

Colour is rich's business (none when the output is no terminal or NO_COLOR is set); without it the changed words stand
in wdiff's marks, [-so-] and {+so+}.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from rich.cells import cell_len, chop_cells
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dedup.ledger import Substitution
from dedup.model import REUSE, Cluster, Collation, Locus, Pair
from dedup.pipeline import Findings, document_at
from dedup.report import check
from dedup.report.jsonl import flagged
from dedup.report.wording import REASONS, count, losses, printable, shortened

BLOCK_CHARACTERS = 60
"""A locus longer than this on either side is shown as a block of its own, not within the line."""
REUSE_SHOWN = 100
CLUSTERS_SHOWN = 100
"""Pairs with shared passages, and clusters, that are printed; the records hold all."""
EXCERPT_CHARACTERS = 320
"""How much of a block is shown."""
GAIN = {"a": ("[-", "-]", "bold red"), "b": ("{+", "+}", "bold green")}


# --- scan ------------------------------------------------------------------------------------------------------


def scan(findings: Findings) -> RenderableType:
    """What a scan found: a line of totals, each cluster with why, the shared passages, what could not be read."""
    corpus = findings.corpus
    clusters = findings.clusters
    copies = len(clusters.given_way())
    head = Text.assemble(
        (f"{count(len(corpus), 'document')}, {count(int(corpus.words.sum()), 'word')}: ", ""),
        (f"{count(len(clusters), 'cluster')}, {count(copies, 'copy', 'copies')} to drop", "bold"),
        f" ({count(findings.candidates, 'pair')} compared)",
    )
    parts: list[RenderableType] = [head]
    if findings.decided:
        parts.append(Text(f"{count(len(findings.decided), 'decision')} obeyed", "dim"))
    flags = flagged(findings)
    if any(flags.values()):
        parts += [Text(), check.by_kind(flags, len(corpus)), Text("what and where: dedup check", "dim")]
    for cluster in islice(clusters, CLUSTERS_SHOWN):
        parts += [Text(), _cluster(cluster, findings)]
    if len(clusters) > CLUSTERS_SHOWN:
        parts += [
            Text(),
            Text(f"and {len(clusters) - CLUSTERS_SHOWN:,} more clusters (--format jsonl lists all)", "dim"),
        ]
    reused = findings.pairs.taken(findings.pairs.relation == REUSE)
    if len(reused):
        parts += [Text(), Text("Shared passages, not copies of each other", "bold")]
        first = reused.documents[:REUSE_SHOWN, 0].tolist()
        texts = {number: document_at(corpus, number).text for number in set(first)}
        shown = zip(first, reused, strict=False)
        parts += [Padding(_reuse(pair, texts[number]), (0, 0, 0, 2), expand=False) for number, pair in shown]
        if len(reused) > REUSE_SHOWN:
            parts.append(Text(f"  and {len(reused) - REUSE_SHOWN:,} more (--format jsonl lists all)", "dim"))
    for channel, number in findings.capped.items():
        parts.append(
            Text(f"{count(number, 'bucket')} of the {channel} channel held too many documents for all pairs", "yellow")
        )
    figures = findings.pairs.figures
    worded = (figures["substitutions"] > 0) & (figures["common_share"] > 0)  # neither names nor numbers alone
    if unread := int((worded & (figures["strength"] == 0)).sum()):
        told = f"{count(unread, 'pair')} in a language without word lists (all but English)"
        parts.append(Text(f"{told}: rare words by this corpus's own counts, and none is called spun", "yellow"))
    parts += [Text(told, "yellow") for told in losses(findings.losing)]
    if findings.memory_bytes:
        parts.append(Text(f"Candidates were sought within {findings.memory_bytes / 1e6:,.0f} MB (--memory)", "dim"))
    return Group(*parts)


def _cluster(cluster: Cluster, findings: Findings) -> RenderableType:
    """The kept document, then each that gives way to it, with how much of it is found there and why."""
    words = findings.corpus.words
    rows = findings.clusters.rows_of(cluster.id)
    kept = int(rows[0, 0])
    decided = any(one["decision"] == "keep" and one["id"] == cluster.canonical for one in findings.decided)
    told = f"  {count(int(words[kept]), 'word')}{', as you decided' if decided else ''}"
    lines: list[RenderableType] = [
        Text(f"Cluster {cluster.id + 1}: one text in {len(cluster.members)} documents", "bold"),
        Text.assemble(("  keep  ", "bold green"), printable(cluster.canonical), (told, "dim")),
    ]
    for name, (_, number), row in zip(cluster.members, rows.tolist(), findings.pairs.rows(rows).tolist(), strict=True):
        if number != kept:
            pair = findings.pairs[row]
            share = pair.containment_a if pair.a == name else pair.containment_b
            figures = f"{share:.0%} of its words stand in the kept one, {count(pair.substitutions, 'word')} replaced"
            length = count(int(words[number]), "word")
            lines += [
                Text.assemble(("  drop  ", "bold red"), printable(name), (f"  {length}", "dim")),
                _under(Text.assemble((pair.relation, "bold"), f": {_MEANING[pair.relation]}; {figures}")),
                _under(_evidence(pair)),
            ]
    return Group(*lines)


def _under(text: Text) -> RenderableType:
    return Padding(text, (0, 0, 0, 8), expand=False)


_MEANING = {
    "exact": "the same but for case and spacing",
    "near": "lightly edited",
    "spun": "words replaced throughout",
    "damaged": "letters garbled",
    "excerpt": "a part of the kept one",
}


def _evidence(pair: Pair) -> Text:
    """Which copy is the cleaner and why, in words."""
    if pair.relation == "exact":
        return Text("neither is cleaner: their words are the same", "dim")
    direction = pair.evidence["direction"]
    assert isinstance(direction, dict)
    if not pair.cleaner:
        return Text("nothing tells which has the original readings", "dim")
    sign = 1 if pair.cleaner == pair.a else -1
    reasons = [
        f"{text} ({sign * direction.get(name, 0.0):+.1f})"
        for name, text in REASONS.items()
        if sign * direction.get(name, 0.0) > 0
    ]
    sure = "over 99.9 %" if pair.confidence > 0.999 else f"{pair.confidence:.1%}"
    return Text(f"{printable(pair.cleaner)} is the cleaner ({sure} sure; log-odds): {', '.join(reasons)}", "dim")


def _reuse(pair: Pair, text_a: str) -> RenderableType:
    lines: list[RenderableType] = [Text(f"{printable(pair.a)}  –  {printable(pair.b)}")]
    passages = pair.evidence["passages"]
    assert isinstance(passages, list)
    for passage in passages:
        (start, stop), (other_start, other_stop) = passage["a"], passage["b"]
        text = printable(shortened(text_a[start:stop], 90))
        told = Text.assemble(
            f"{passage['equal_words']} words, ",
            (f"characters {start}–{stop} and {other_start}–{other_stop}: ", "dim"),
            f"“{text}”",
        )
        lines.append(Padding(told, (0, 0, 0, 2), expand=False))
    return Group(*lines)


# --- diff ------------------------------------------------------------------------------------------------------


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
