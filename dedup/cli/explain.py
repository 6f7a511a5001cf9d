"""`dedup explain`: why two documents are copies, or are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dedup.cli import options
from dedup.cli.files import refuse_overwriting
from dedup.console import conclude, emit, emit_text, failures, follow


@click.command("explain", epilog="Example:  dedup explain seeds 002 004")
@click.argument("source", shell_complete=options.files, callback=options.named)
@click.argument("a")
@click.argument("b")
@options.FORMAT
@options.OUTPUT
@options.PAGER
@options.MEMORY
@options.comparing
def command(source: str, a: str, b: str, form: str, output: Path | None, **given: Any) -> None:
    """Tell why documents A and B of SOURCE are, or are not, copies, and which is kept.

    A and B are ids, as `dedup scan` prints them, or their beginnings. The source is scanned; then comes what the two
    share, which rule decided and by which figures, whose readings are the original ones, and what became of either
    and why.
    """
    pager = given.pop("pager")
    with failures():
        from dedup.explain import explanation

        refuse_overwriting(output, (source,))
        config = options.config(given)
        with follow() as progress:
            found = explanation(source, a, b, config, progress)
        with found.findings:
            if form == "jsonl":
                from dedup.report import jsonl

                emit(map(jsonl.line, jsonl.explanation(found)), output)
            else:
                from dedup.report import explain as report

                emit_text(lambda _: report.explanation(found), output, pager)
            conclude(found.findings)
