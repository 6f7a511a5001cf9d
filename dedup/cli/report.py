"""`dedup report`: a page on which copies are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dedup.cli import decided, options
from dedup.cli.files import refuse_overwriting
from dedup.console import conclude, emit, failures, follow, tell


@click.command("report", epilog="Example:  dedup report seeds -o report.html")
@options.SOURCES
@click.option("-o", "--output", type=options.path, required=True, metavar="FILE", help="The page to write.")
@options.MEMORY
@options.WORK
@options.ENGINE
@options.DAMAGE
@decided.choosing
@options.comparing
def command(sources: Sequence[str], output: Path, **given: Any) -> None:
    """Write a page on which copies are looked at.

    FILE is one page that opens from disk in any browser and asks the network for nothing: what came in and what would
    be dropped, plots, the clusters to search and sort, any two copies side by side with every difference, its verdict
    and the evidence. It holds the texts that it shows: give it to those who may read these.
    """
    with failures():
        from dedup import pipeline
        from dedup.report import page
        from dedup.report.wording import count

        refuse_overwriting(output, sources)
        refuse_overwriting(given["work"], sources)
        chosen = decided.asked(given, output)
        config = options.config(given)
        with follow() as progress, pipeline.find_duplicates(sources, config, progress) as found:
            if not found.corpus.ids and found.problems:
                raise found.problems[0]
            findings = decided.obeyed(found, chosen, config).findings
            emit([page.scan(findings, config, progress)], output)
        found.done()
        counted = count(len(findings.corpus), "document"), count(len(findings.clusters), "cluster")
        tell(f"{', '.join(counted)}; written to {output}")
        conclude(findings)
