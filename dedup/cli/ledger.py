"""`dedup ledger`: what was substituted throughout a corpus."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dedup.cli import options
from dedup.cli.files import refuse_overwriting
from dedup.console import conclude, emit, emit_text, failures, follow


@click.command("ledger", epilog="Example:  dedup ledger seeds -o ledger.tsv")
@options.SOURCES
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "tsv", "jsonl"]),
    help="How to print.  [default: text in a terminal, else tsv]",
)
@options.OUTPUT
@options.PAGER
@click.option(
    "--pairs-max",
    "ledger_pairs_max",
    type=int,
    default=100_000,
    show_default=True,
    metavar="N",
    help="Compare at most so many dropped copies phrase by phrase with what they are copies of.",
)
@options.MEMORY
@options.comparing
def command(sources: Sequence[str], form: str | None, output: Path | None, pager: list[str], **given: Any) -> None:
    """List what was substituted in the copies of a corpus: a spinner's dictionary.

    Every distinct substitution is a line: what stands in the kept documents, what stands for it in their copies, how
    often, in how many pairs of documents, how often either phrase stands in the kept documents, and which of the two is
    the original, with the probability. `dedup restore --ledger` and `dedup clean --ledger` read it.
    """
    with failures():
        from dedup import ledger, ledgers, pipeline
        from dedup.model import DedupError
        from dedup.report import jsonl

        refuse_overwriting(output, sources)
        config = options.config(given)
        with follow() as progress, pipeline.find_duplicates(sources, config, progress) as findings:
            if not findings.corpus.ids and findings.problems:
                problem: DedupError = findings.problems[0]
                raise problem
            rows = ledger.substitutions(pipeline.dropped_collations(findings, config))
        if form == "text" or (not form and not output and sys.stdout.isatty()):
            from dedup.report import facing

            emit_text(lambda _: facing.ledger(rows), output, pager)
        else:
            emit(map(jsonl.line, map(ledgers.record, rows)) if form == "jsonl" else ledgers.tsv_lines(rows), output)
        conclude(findings)
