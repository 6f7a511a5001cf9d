"""`dedup scan`: which documents are copies of which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dedup.cli import decided, options
from dedup.cli.files import refuse_overwriting
from dedup.console import conclude, emit, emit_text, failures, follow


@click.command("scan", epilog="Example:  dedup scan seeds")
@options.SOURCES
@options.SHOWING
@options.OUTPUT
@options.MEMORY
@options.WORK
@options.ENGINE
@options.DAMAGE
@decided.choosing
@options.comparing
def command(sources: Sequence[str], form: str, output: Path | None, **given: Any) -> None:
    """Tell which documents are copies of which.

    SOURCE is a folder, a text, HTML, JSONL, CSV, Parquet, Arrow, WARC, tar or zip file, also compressed, or - for
    standard input. Nothing is changed. Copies are grouped into clusters, each with the copy to keep and why; passages
    that documents share without being copies are listed as reuse.
    """
    with failures():
        from dedup import pipeline

        refuse_overwriting(output, sources)
        refuse_overwriting(given["work"], sources)
        chosen = decided.asked(given, output)
        config = options.config(given)
        with follow() as progress:
            found = pipeline.find_duplicates(sources, config, progress)
        with found:
            if form != "jsonl" and not found.corpus.ids and len(found.problems) == 1:
                raise found.problems[0]
            findings = decided.obeyed(found, chosen, config).findings
            if form == "jsonl":
                from dedup.report import jsonl

                emit(map(jsonl.line, jsonl.scan(findings)), output)
            elif form == "html":
                from dedup.report import page

                emit([page.scan(findings, config)], output)
            else:
                from dedup.report import terminal

                emit_text(lambda _: [terminal.scan(findings)], output)
            found.done()
            conclude(findings)
