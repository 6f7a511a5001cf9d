"""`dedup check`: what is wrong with each document by itself, and what of it can be mended safely."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import options
from dedup.cli.files import refuse_overwriting
from dedup.console import emit_each, emit_text, failures, finish, follow, say

if TYPE_CHECKING:
    from dedup.checking import Checked
    from dedup.progress import Progress
    from dedup.report.cards import Tally


@click.command("check", epilog="Example:  dedup check seeds")
@options.SOURCES
@options.FORMAT
@click.option(
    "-o",
    "--output",
    type=options.path,
    help="Write to this file, not to the terminal; with --fix, the folder for the mended documents.",
)
@click.option(
    "--fix",
    is_flag=True,
    help="Mend what is safe to mend (encoding, invisible characters, words divided at line ends) in copies.",
)
@options.CLOSELY
@options.reading  # fmt: skip
def command(sources: Sequence[str], form: str, output: Path | None, fix: bool, **given: Any) -> None:
    """Tell what is wrong with each document: broken encoding, hidden characters, scanning, replaced words, structure.

    SOURCE is a folder, a file of any form that `dedup scan` reads, or - for standard input. Nothing is changed. With
    --fix -o FOLDER, FOLDER gets documents/, in the format they came in, and edits.jsonl, every repair with what stood
    there before: `dedup restore --undo` takes them back.
    """
    if fix and not output:
        raise click.UsageError("--fix wants a folder to write to: add -o FOLDER")
    with failures():
        from dedup import checking
        from dedup.report import check as report
        from dedup.report import folder
        from dedup.report.cards import Tally
        from dedup.spool import Spool

        refuse_overwriting(output, sources)
        config = options.config(given)
        with _written(output, fix) as target, Spool() as spool, _followed(form, output) as progress:
            found = checking.sources(sources, spool, config, progress)
            tally, columns = Tally(), checking.Columns()
            documents = tally.passing(checking.checked(found, config, progress))
            documents = columns.passing(documents) if fix else documents
            if form == "jsonl":
                emit_each(_lines(documents, tally), None if fix else output)
            else:
                deque(documents, 0)
            if target:
                if not tally.documents and tally.problems:
                    raise tally.problems[0]
                counts = folder.fill_mended(target, columns.corpus(found, spool), tally.problems, progress)
                told = " + ".join(f"{counts[status]:,} {status}" for status in ("kept", "restored"))
                say(f"{told} = {tally.documents:,} documents read; written to {output}")
            if form == "text":
                shown = report.report(tally, partial(checking.text_of, found))
                emit_text(lambda _: [shown], None if fix else output)
        finish(tally.problems, tally.notable)


def _written(output: Path | None, fix: bool) -> AbstractContextManager[Path | None]:
    """Where mended documents are written, if they are."""
    from dedup import whole

    return whole.folder(output) if fix and output else nullcontext()


def _followed(form: str, output: Path | None) -> AbstractContextManager[Progress]:
    """Progress, but where records go to the same terminal as they come."""
    from dedup.progress import SILENT

    return nullcontext(SILENT) if form == "jsonl" and not output and sys.stdout.isatty() else follow()


def _lines(documents: Iterable[Checked], tally: Tally) -> Iterator[bytes]:
    """A line for each card, and last the summary."""
    from dedup.report import cards, jsonl

    for one in documents:
        yield jsonl.line(cards.record(one.card)).encode()
    yield jsonl.line(cards.summary(tally)).encode()
