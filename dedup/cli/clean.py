"""`dedup clean`: the corpus without its copies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dedup.cli import options
from dedup.console import conclude, emit, failures, follow


@click.command("clean", epilog="Example:  dedup clean seeds -o clean-seeds")
@options.SOURCES
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The folder to write; it must not exist yet, or be empty.",
)
@options.FORMAT
@options.MEMORY
@options.comparing
def command(sources: Sequence[str], target: Path, form: str, **given: Any) -> None:
    """Write the corpus without its copies.

    FOLDER gets documents/ (the kept ones, in the format they came in), manifest.jsonl (one line for every document
    read) and ledger.tsv (what was substituted in the dropped copies). Broken encoding is mended, and each repair
    recorded in edits.jsonl.
    """
    with failures():
        from dedup import pipeline
        from dedup.ledger import substitutions
        from dedup.report import folder, jsonl

        folder.refuse_existing(target)
        folder.refuse_within(target, sources)
        config = options.config(given)
        with follow() as progress, pipeline.find_duplicates(sources, config, progress) as findings:
            if not findings.corpus.ids and findings.problems:
                raise findings.problems[0]
            rows = substitutions(pipeline.dropped_collations(findings, config))
            counts = folder.write(findings, rows, target, progress)
        if form == "jsonl":
            emit([jsonl.line(jsonl.balance(findings, counts))], None)
        else:
            balance = " + ".join(f"{counts.get(status, 0):,} {status}" for status in ("kept", "restored", "dropped"))
            click.echo(f"{balance} = {len(findings.corpus):,} documents read; written to {target}")
        conclude(findings)
