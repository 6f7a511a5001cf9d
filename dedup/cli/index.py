"""`dedup index`: documents kept from day to day, and each new one told at once of what it is a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import options
from dedup.cli.files import refuse_overwriting
from dedup.console import emit_each, failures, finish, flush, follow, say

if TYPE_CHECKING:
    from dedup.index.handle import Added, Index
    from dedup.model import DedupError
    from dedup.report.added import Tally

FOLDER = click.argument("folder", metavar="INDEX", type=click.Path(path_type=Path))
SOURCES = click.argument("sources", nargs=-1, metavar="[SOURCE...]", callback=options.named)
BATCH = click.option(
    "--batch", "batch_documents", type=click.IntRange(min=1, max=1_000_000), default=10_000, show_default=True,
    metavar="N", help="Documents that are looked up, compared and put on disk at a time.",
)  # fmt: skip


@click.group("index", epilog="Example:  dedup index create seen monday.jsonl")
def command() -> None:
    """Keep an index of all documents ever seen, and tell of new ones what they are copies of.

    INDEX is a folder. It holds the documents' texts too, compressed, so that the sources are not needed again.
    """


@command.command(
    "create", short_help="make INDEX, and add documents", epilog="Example:  dedup index create seen monday.jsonl"
)
@FOLDER
@SOURCES
@options.FORMAT
@options.OUTPUT
@BATCH
@options.comparing
def create(
    folder: Path, sources: Sequence[str], form: str, output: Path | None, batch_documents: int, **given: Any
) -> None:
    """Make INDEX, and add the documents of each SOURCE.

    The options of comparing are those of INDEX from then on.
    """
    with failures():
        from dedup.index.handle import Index
        from dedup.model import DedupError

        refuse_overwriting(output, sources)
        made = Index.create(folder, options.config(given))
        say(f"{folder}: made")
        if sources:
            try:
                _add(made, sources, form, output, batch_documents)
            except DedupError as error:
                raise _to_go_on(error, folder) from error


@command.command(
    "add",
    short_help="add documents, and tell which are copies",
    epilog="Example:  dedup index add seen tuesday.jsonl --format jsonl",
)
@FOLDER
@options.SOURCES
@options.FORMAT
@options.OUTPUT
@BATCH
@options.reading
def add(
    folder: Path, sources: Sequence[str], form: str, output: Path | None, batch_documents: int, **given: Any
) -> None:
    """Add the documents of each SOURCE, and tell which are copies of what was ever added, and how.

    A document whose id is in INDEX is left out: counted if its words are the same, so that a command that was broken
    off can be given again, and else listed as a problem.
    """
    with failures():
        refuse_overwriting(output, sources)
        _add(_opened(folder, given), sources, form, output, batch_documents)


@command.command(
    "query",
    short_help="tell what documents are copies of, and add none",
    epilog="Example:  dedup index query seen letter.txt",
)
@FOLDER
@options.SOURCES
@options.FORMAT
@options.OUTPUT
@options.reading
def query(folder: Path, sources: Sequence[str], form: str, output: Path | None, **given: Any) -> None:
    """Tell what the documents of each SOURCE are copies of in INDEX; nothing is added."""
    with failures():
        from dedup.report import added, jsonl

        refuse_overwriting(output, sources)
        index = _opened(folder, given)
        with follow() as progress:
            found = index.query(sources, progress)
        if form == "jsonl":
            emit_each((jsonl.line(record).encode() for record in added.queried(found)), output)
        else:
            told = added.queried_line(found, len(index))
            emit_each([_text(line) for line in (*map(added.pair_line, found.pairs), told)], output)
        finish(found.problems, ())


@command.command("remove", short_help="remove documents by id", epilog="Example:  dedup index remove seen letter.txt")
@FOLDER
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def remove(folder: Path, ids: Sequence[str]) -> None:
    """Remove documents by id. What is left of them on disk goes when a quarter of INDEX was removed."""
    with failures():
        from dedup.model import DedupError

        count, missing = _opened(folder, {}).remove(ids)
        say(f"{count:,} removed")
        finish([DedupError(name, "is not in the index", "check the spelling of the id") for name in missing], ())


@command.command(
    "verify", short_help="read all of INDEX, and tell whether it is whole", epilog="Example:  dedup index verify seen"
)
@FOLDER
@options.FORMAT
def verify(folder: Path, form: str) -> None:
    """Read every byte of INDEX, and tell whether all of it is what was written."""
    with failures():
        from dedup.report import added, jsonl

        with follow() as progress:
            problems = _opened(folder, {}).verify(progress)
        if form == "jsonl":
            emit_each((jsonl.line(record).encode() for record in added.verified(problems)), None)
        elif not problems:
            emit_each([_text(f"{folder}: whole\n")], None)
        if problems:
            for problem in problems:
                say(f"error: {problem}")
            raise SystemExit(1)


@command.command(
    "stats", short_help="how many documents INDEX holds, and what it takes", epilog="Example:  dedup index stats seen"
)
@FOLDER
@options.FORMAT
def stats(folder: Path, form: str) -> None:
    """Tell how many documents INDEX holds, and what it takes."""
    with failures():
        from dedup.report import added, jsonl

        told = _opened(folder, {}).stats()
        line = jsonl.line(added.stats(told)) if form == "jsonl" else added.lines(asdict(told))
        emit_each([_text(line)], None)


def _to_go_on(error: DedupError, folder: Path) -> DedupError:
    """What ended the adding to a new index, which is there by then, so that it cannot be made again."""
    from dedup.model import DedupError

    if error.path != str(folder):
        return DedupError(error.path, error.problem, f"{error.remedy}; {folder} is there: dedup index add goes on")
    return DedupError(folder, error.problem, f"make room, and go on by dedup index add {folder}, or remove {folder}")


def _opened(folder: Path, given: dict[str, Any]) -> Index:
    """The index, with the options of reading that were given."""
    from dedup.index import manifest
    from dedup.index.handle import Index

    asked = options.config(given)
    return Index.open(folder, manifest.counted(manifest.loaded(folder), asked))


def _add(index: Index, sources: Sequence[str], form: str, output: Path | None, batch_documents: int) -> None:
    from dedup.report import added

    tally = added.Tally()
    with follow() as progress:
        batches = tally.passing(index.adding(sources, progress, batch_documents))
        lines = _records(batches, tally) if form == "jsonl" else _told(batches, tally, index)
        emit_each(lines, output)
    finish(tally.problems, ())


def _records(batches: Iterator[Added], tally: Tally) -> Iterator[bytes]:
    from dedup.report import added, jsonl

    for one in batches:
        yield "".join(map(jsonl.line, added.batch(one))).encode()
        flush()  # what is on disk is told at once
    yield jsonl.line(tally.summary()).encode()


def _told(batches: Iterator[Added], tally: Tally, index: Index) -> Iterator[bytes]:
    from dedup.report import added, wording

    for one in batches:
        yield _text("".join(map(added.pair_line, one.pairs)))
        flush()
    relations = ", ".join(f"{count:,} {name}" for name, count in sorted(tally.relations.items())) or "none"
    was = f", {tally.already:,} were there already" if tally.already else ""
    told = wording.count(tally.documents, "document")
    yield _text(f"{told} added{was}; {len(index):,} in the index. Pairs: {relations}\n")


def _text(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace")
