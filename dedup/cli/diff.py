"""`dedup diff`: what differs between two documents, word by word."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import options
from dedup.cli.files import one_document, refuse_overwriting
from dedup.console import emit, emit_text, failures, finish

if TYPE_CHECKING:
    from dedup.model import Document


@click.command("diff", epilog="Example:  dedup diff seeds/004*.txt seeds/002*.txt")
@click.argument("a", shell_complete=options.files, callback=options.named)
@click.argument("b", shell_complete=options.files, callback=options.named)
@options.SHOWING
@options.OUTPUT
@options.PAGER
@click.option(
    "--ledger",
    "ledger_rows",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Substitutions to list; 0: all.",
)
@options.comparing
def command(a: str, b: str, form: str, output: Path | None, ledger_rows: int, **given: Any) -> None:
    """Show word by word what differs between documents A and B, and the ledger of substitutions.

    A and B are files of one document each. Their lines stand under each other, what differs in colour, or, where there
    is none, in the marks [-only in A-] and {+only in B+}; lines that agree are left out.
    """
    pager = given.pop("pager")
    with failures():
        from dedup import pipeline
        from dedup.ledger import substitutions

        config = options.config(given)
        refuse_overwriting(output, (a, b))
        pair = _named_apart(one_document(a, config), one_document(b, config))
        found = pipeline.collate(*pair, config)
        if form == "jsonl":
            from dedup.report import jsonl

            emit(map(jsonl.line, jsonl.diff(found)), output)
        elif form == "html":
            from dedup.report import page

            related = pipeline.compare(*pair, config)
            emit([page.diff(found, related.relation if related else None, config)], output)
        else:
            from dedup.report import facing

            emit_text(lambda console: facing.diff(found, substitutions([found]), ledger_rows, console), output, pager)
        finish((), pair)


def _named_apart(a: Document, b: Document) -> tuple[Document, Document]:
    """Two documents under their ids, or under their paths where the ids are the same."""
    from dataclasses import replace

    if a.id != b.id:
        return a, b
    return replace(a, id=a.locator.path), replace(b, id=b.locator.path)
