"""The commands: options are parsed here, and everything else is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dedup.console import emit, emit_bytes, emit_text, failures, finish, follow, peak_bytes, say

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.model import Document
    from dedup.pipeline import Findings

Command = TypeVar("Command", bound=Callable[..., Any])

SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="How to print."
)
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write to this file, not to the terminal."
)


def size(_: click.Context, __: click.Parameter, value: str) -> int:
    """The bytes that an option names."""
    from dedup.config import size_bytes

    try:
        return size_bytes(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


MEMORY = click.option(
    "--memory", "memory_bytes", callback=size, default="1GB", show_default=True, metavar="SIZE",
    help="What seeking candidates in a large corpus may take, as 512MB or 4GiB; the rest goes through files.",
)  # fmt: skip


def config_options(command: Command) -> Command:
    """The options that every command which compares documents has."""
    for option in (
        click.option(
            "--unpacked-bytes-max", callback=size, default="64GB", show_default=True, metavar="SIZE",
            help="Refuse compressed and Parquet files that take more than this unpacked.",
        ),
        click.option(
            "--document-bytes-max", type=int, default=32 << 20, show_default=True, metavar="BYTES",
            help="Refuse documents longer than this.",
        ),
        click.option(
            "--threshold", type=float, default=0.7, show_default=True, metavar="R",
            help="Exact resemblance (word 5-grams) from which two documents are near copies, 0.05 to 1.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  dedup scan FOLDER",
)
@click.version_option(package_name="dedup-text", prog_name="dedup")
def main() -> None:
    """Finds copies in text, however damaged, shows what was changed, and gives the clean text back."""


@main.command(epilog="Example:  dedup scan seeds")
@SOURCES
@FORMAT
@OUTPUT
@MEMORY
@config_options
def scan(sources: Sequence[str], form: str, output: Path | None, **options: Any) -> None:
    """Tell which documents are copies of which.

    SOURCE is a folder, a text file, JSONL (also .gz or .zst) or Parquet. Nothing is changed. Copies are grouped into
    clusters, each with the copy to keep and why; passages that documents share without being copies are listed as
    reuse.
    """
    with failures():
        from dedup import pipeline

        refuse_overwriting(output, sources)
        chosen = config(options)
        with follow() as progress:
            findings = pipeline.find_duplicates(sources, chosen, progress)
        with findings:
            if form == "jsonl":
                from dedup.report import jsonl

                emit(map(jsonl.line, jsonl.scan(findings)), output)
            else:
                from dedup.report import terminal

                emit_text(lambda _: [terminal.scan(findings)], output)
            conclude(findings)


@main.command(epilog="Example:  dedup diff seeds/004*.txt seeds/002*.txt")
@click.argument("a")
@click.argument("b")
@FORMAT
@OUTPUT
@click.option(
    "--ledger",
    "ledger_rows",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Substitutions to list; 0: all.",
)
@config_options
def diff(a: str, b: str, form: str, output: Path | None, ledger_rows: int, **options: Any) -> None:
    """Show word by word what differs between documents A and B, and the ledger of substitutions."""
    with failures():
        from dedup import pipeline
        from dedup.ledger import substitutions

        chosen = config(options)
        refuse_overwriting(output, (a, b))
        pair = named_apart(one_document(a, chosen), one_document(b, chosen))
        found = pipeline.collate(*pair, chosen)
        if form == "jsonl":
            from dedup.report import jsonl

            emit(map(jsonl.line, jsonl.diff(found)), output)
        else:
            from dedup.report import terminal

            emit_text(lambda console: terminal.diff(found, substitutions([found]), ledger_rows, console), output)
        finish((), pair)


@main.command(epilog="Example:  dedup explain seeds 002_c675f6cb87d64a6d.txt 004_d28315a60f4f15ab.txt")
@click.argument("source")
@click.argument("a")
@click.argument("b")
@FORMAT
@OUTPUT
@MEMORY
@config_options
def explain(source: str, a: str, b: str, form: str, output: Path | None, **options: Any) -> None:
    """Tell why documents A and B of SOURCE are, or are not, copies, and which is kept.

    A and B are ids, as `dedup scan` prints them. The source is scanned; then comes what the two share, which rule
    decided and by which figures, whose readings are the original ones, and what became of either and why.
    """
    with failures():
        from dedup.explain import explanation

        refuse_overwriting(output, (source,))
        chosen = config(options)
        with follow() as progress:
            found = explanation(source, a, b, chosen, progress)
        with found.findings:
            if form == "jsonl":
                from dedup.report import jsonl

                emit(map(jsonl.line, jsonl.explanation(found)), output)
            else:
                from dedup.report import explain as report

                emit_text(lambda _: report.explanation(found), output)
            conclude(found.findings)


@main.command(epilog="Example:  dedup restore seeds/002*.txt --witness seeds -o restored.txt --edits edits.jsonl")
@click.argument("document")
@click.option("--witness", "witnesses", multiple=True, required=True, metavar="SOURCE", help="Where copies of it are.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the text to this file, not to the terminal."
)
@FORMAT
@click.option("--edits", "edits_path", type=click.Path(path_type=Path), help="Write every edit to this JSONL file.")
@config_options
def restore(
    document: str,
    witnesses: Sequence[str],
    output: Path | None,
    form: str,
    edits_path: Path | None,
    **options: Any,
) -> None:
    """Give a document its original readings back, from a cleaner copy among the witnesses.

    Only what the evidence decides is changed; every edit names the witness and where in it the reading stands.
    """
    with failures():
        from dedup import pipeline, restoring
        from dedup.model import DedupError
        from dedup.report import jsonl

        chosen = config(options)
        for path in (output, edits_path):
            refuse_overwriting(path, (document, *witnesses))
        damaged = one_document(document, chosen)
        if damaged.lossy_bytes:
            lost = f"holds {damaged.lossy_bytes} bytes that are not valid {damaged.decoding}"
            raise DedupError(document, lost, "mend its encoding first, since a restored text could not keep them")
        found, problems = pipeline.documents(witnesses, chosen)
        others = [one for one in found if not same_place(one, damaged)]
        restored = restoring.restoration(damaged, others, chosen)
        if form == "jsonl":
            emit(map(jsonl.line, jsonl.restoration(restored)), output)
        else:
            emit_bytes(encoded(restored.text, damaged), output)
        if edits_path:
            emit(map(jsonl.line, map(jsonl.edit_record, restored.edits)), edits_path)
        names = {edit.witness for edit in restored.edits if edit.witness}
        say(f"{damaged.id}: {len(restored.edits)} edits" + (f" by witness {', '.join(sorted(names))}" if names else ""))
        if not names:
            say(f"{damaged.id}: none of the witnesses is a copy that is surely cleaner, so no reading was changed")
        finish(problems, [damaged, *found])


@main.command(epilog="Example:  dedup clean seeds -o clean-seeds")
@SOURCES
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The folder to write; it must not exist yet, or be empty.",
)
@FORMAT
@MEMORY
@config_options  # fmt: skip
def clean(sources: Sequence[str], target: Path, form: str, **options: Any) -> None:
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
        chosen = config(options)
        with follow() as progress, pipeline.find_duplicates(sources, chosen, progress) as findings:
            if not findings.corpus.ids and findings.problems:
                raise findings.problems[0]
            rows = substitutions(pipeline.dropped_collations(findings, chosen))
            counts = folder.write(findings, rows, target, progress)
        if form == "jsonl":
            emit([jsonl.line(jsonl.balance(findings, counts))], None)
        else:
            balance = " + ".join(f"{counts.get(status, 0):,} {status}" for status in ("kept", "restored", "dropped"))
            click.echo(f"{balance} = {len(findings.corpus):,} documents read; written to {target}")
        conclude(findings)


# --- what the commands share -----------------------------------------------------------------------------------


def config(options: dict[str, Any]) -> Config:
    """The configuration of the options given. Raises click.UsageError where one is out of range."""
    from dedup.config import Config

    try:
        return Config(**options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def conclude(findings: Findings) -> None:
    """Warns of sources that lose too much, tells what memory a large corpus took, and what was not read; exits with 1
    if anything was not."""
    from dedup.report import wording

    for told in wording.losses(findings.losing):
        say(f"warning: {told}")
    peak = peak_bytes()
    if findings.memory_bytes and peak:
        bound = f"candidates were sought within {findings.memory_bytes / 1e6:,.0f} MB"
        say(f"memory: {peak / 1e6:,.0f} MB at the peak; {bound}")
    finish(findings.problems, findings.corpus.notable.values())


def one_document(path: str, chosen: Config) -> Document:
    """The document in a file. Raises DedupError if it holds none, or several."""
    from dedup import pipeline
    from dedup.model import DedupError

    if Path(path).is_dir():
        raise DedupError(path, "is a folder", "name one document in it")
    found, problems = pipeline.documents([path], chosen)
    if problems:
        raise problems[0]
    if len(found) != 1:
        raise DedupError(path, f"holds {len(found)} documents", "name a file that holds one")
    return found[0]


def refuse_overwriting(output: Path | None, sources: Iterable[str]) -> None:
    """Raises DedupError if an output file is, or lies in, a source: the input is never modified."""
    from dedup.report import folder

    if output:
        folder.refuse_within(output, sources)


def named_apart(a: Document, b: Document) -> tuple[Document, Document]:
    """Two documents under their ids, or under their paths where the ids are the same."""
    from dataclasses import replace

    if a.id != b.id:
        return a, b
    return replace(a, id=a.locator.path), replace(b, id=b.locator.path)


def same_place(one: Document, other: Document) -> bool:
    return one.locator.start_byte == other.locator.start_byte and Path(one.locator.path).samefile(other.locator.path)


def encoded(text: str, document: Document) -> bytes:
    """The text in the document's own encoding, or in UTF-8 if that lacks a character."""
    try:
        return text.encode("utf-8" if document.decoding == "json" else document.decoding)
    except UnicodeEncodeError:
        say(f"note: {document.id}: written as UTF-8, since {document.decoding} lacks a character of it")
        return text.encode("utf-8", "surrogatepass")


if __name__ == "__main__":
    main()
