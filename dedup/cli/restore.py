"""`dedup restore`: a document with its original readings put back, and such edits taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import options
from dedup.cli.files import one_document, refuse_overwriting, same_place
from dedup.console import emit, emit_bytes, failures, finish, say

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.conjecture import Suspect
    from dedup.model import DedupError, Document, Restoration
    from dedup.restoring import Means


@click.command(
    "restore", epilog="Example:  dedup restore seeds/002*.txt --witness seeds -o restored.txt --edits edits.jsonl"
)
@click.argument("document", callback=options.named)
@click.option("--witness", "witnesses", multiple=True, metavar="SOURCE", callback=options.named,
              help="Where copies of it are; repeatable.")  # fmt: skip
@click.option(
    "--ledger",
    "ledger_path",
    type=options.path,
    metavar="FILE",
    help="What is known of a spinner, as `dedup ledger` writes it: it weighs what witnesses read, and without one "
    "tells what may have stood there.",
)
@click.option(
    "--conjecture",
    is_flag=True,
    help="Put in what a ledger makes sure though no witness has it; without --ledger, one learnt from the witnesses.",
)
@click.option("--complete", is_flag=True, help="Take over passages that only a witness has.")
@click.option(
    "--undo",
    "undo_path",
    type=options.path,
    metavar="EDITS",
    help="Take back the edits in this file, which gave DOCUMENT.",
)
@click.option("-o", "--output", type=options.path, help="Write the text to this file, not to the terminal.")
@options.FORMAT
@click.option("--edits", "edits_path", type=options.path, help="Write every edit to this JSONL file.")
@options.comparing
def command(
    document: str,
    output: Path | None,
    form: str,
    edits_path: Path | None,
    undo_path: Path | None,
    **given: Any,
) -> None:
    """Give a document its original readings back.

    A copy among the witnesses that is clean is followed; where all are damaged, each place is voted on. Without a
    witness, only what a ledger of substitutions makes sure is changed, and marked as a conjecture. What the evidence
    does not decide stays as it is; every edit names the witness and where in it the reading stands, or the line of the
    ledger. --undo gives the text from before the edits, byte for byte.
    """
    witnesses: Sequence[str] = given.pop("witnesses")
    ledger_path: Path | None = given.pop("ledger_path")
    conjecture, complete = given.pop("conjecture"), given.pop("complete")
    if undo_path:
        if witnesses or ledger_path or conjecture or complete or edits_path or form != "text":
            raise click.UsageError("--undo goes with -o alone: it needs no witness and makes no new edits")
        with failures():
            _undo(document, undo_path, output)
        return
    if output and edits_path and output.resolve() == edits_path.resolve():
        raise click.UsageError("-o and --edits name one file: name two, or leave one out")
    if not (witnesses or ledger_path):
        raise click.UsageError("name copies by --witness, a ledger by --ledger, or edits to take back by --undo")
    given |= {"taken_tokens_max": 1 << 40} if complete else {}
    with failures():
        from dedup import restoring

        config = options.config(given)
        for path in (output, edits_path):
            refuse_overwriting(path, (document, *witnesses, *((str(ledger_path),) if ledger_path else ())))
        damaged = _sound(document, config)
        by = _means(ledger_path, witnesses if conjecture else (), conjecture or not witnesses, config)
        restored, found, problems = _restored(damaged, witnesses, config, by)
        suspected = restoring.suspects(restored, by, config)
        _told(restored, suspected, (form, output, edits_path))
        _say(restored, bool(witnesses))
        if suspected:
            say(f"{damaged.id}: {len(suspected)} more places look replaced by the ledger; --format jsonl lists them")
        finish(problems, [damaged, *found])


def _sound(path: str, config: Config) -> Document:
    """The document, of which no byte was lost."""
    from dedup.model import DedupError

    damaged = one_document(path, config)
    if damaged.lossy_bytes:
        lost = f"holds {damaged.lossy_bytes} bytes that are not valid {damaged.decoding}"
        raise DedupError(path, lost, "mend its encoding first, since a restored text could not keep them")
    return damaged


def _means(ledger_path: Path | None, learnt_from: Sequence[str], conjecture: bool, config: Config) -> Means:
    """What to go by beside witnesses: the ledger that is named, or else one of the copies in the sources."""
    from dedup import ledger, ledgers, pipeline
    from dedup.dictionary import NOTHING, dictionary
    from dedup.restoring import NO_MEANS, Means

    if ledger_path:
        rows = ledgers.read(ledger_path)
    elif learnt_from:
        with pipeline.find_duplicates(learnt_from, config) as findings:
            rows = ledger.substitutions(pipeline.dropped_collations(findings, config))
    else:
        return NO_MEANS
    made = dictionary(rows)
    return Means(made, made if conjecture else NOTHING)


def _restored(
    damaged: Document, witnesses: Sequence[str], config: Config, by: Means
) -> tuple[Restoration, Sequence[Document], Sequence[DedupError]]:
    from dedup import pipeline, restoring

    found, problems = pipeline.documents(witnesses, config)
    others = [one for one in found if not same_place(one, damaged)]
    return restoring.restoration(damaged, others, config, by), found, problems


def _told(restored: Restoration, suspected: Sequence[Suspect], where: tuple[str, Path | None, Path | None]) -> None:
    from dedup.report import jsonl

    form, output, edits_path = where
    if form == "jsonl":
        emit(map(jsonl.line, jsonl.restoration(restored, suspected)), output)
    else:
        emit_bytes(_encoded(restored.text, restored.document), output)
    if edits_path:
        emit((jsonl.line(jsonl.edit_of(restored.document, edit)) for edit in restored.edits), edits_path)


def _say(restored: Restoration, had_witnesses: bool) -> None:
    """How many edits were made and by what, on stderr."""
    from dedup.restore import CONJECTURE

    name, edits = restored.document.id, restored.edits
    names = {edit.witness for edit in edits if edit.witness}
    guessed = sum(edit.cause == CONJECTURE for edit in edits)
    say(f"{name}: {len(edits)} edits{_by(names)}" + (f", {guessed} of them conjectures" if guessed else ""))
    if had_witnesses and not names:
        say(f"{name}: none of the witnesses is a copy that is surely cleaner, so no reading was changed")


def _by(names: Iterable[str]) -> str:
    listed = sorted(names)
    return f" by witness {', '.join(listed)}" if listed else ""


def _encoded(text: str, document: Document) -> bytes:
    """The text in the document's own encoding, or in UTF-8 if that lacks a character."""
    try:
        return text.encode("utf-8" if document.decoding == "json" else document.decoding)
    except UnicodeEncodeError:
        say(f"note: {document.id}: written as UTF-8, since {document.decoding} lacks a character of it")
        return text.encode("utf-8", "surrogatepass")


def _undo(document: str, undo_path: Path, output: Path | None) -> None:
    """Writes the text from before the edits."""
    from dedup.model import DedupError
    from dedup.report import undo

    refuse_overwriting(output, (document, str(undo_path)))
    try:
        data = Path(document).read_bytes()
    except OSError as error:
        raise DedupError(document, f"cannot be read ({error.strerror})", "name the restored text") from error
    done = undo.made(undo_path, document)
    emit_bytes(undo.undone(data, done, Path(document)), output)
    say(f"{document}: {len(done.edits)} edits taken back")
