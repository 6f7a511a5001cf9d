"""`dedup restore`: a document with its original readings put back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import options
from dedup.cli.files import one_document, refuse_overwriting, same_place
from dedup.console import emit, emit_bytes, failures, finish, say

if TYPE_CHECKING:
    from dedup.model import Document


@click.command(
    "restore", epilog="Example:  dedup restore seeds/002*.txt --witness seeds -o restored.txt --edits edits.jsonl"
)
@click.argument("document")
@click.option("--witness", "witnesses", multiple=True, required=True, metavar="SOURCE", help="Where copies of it are.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the text to this file, not to the terminal."
)
@options.FORMAT
@click.option("--edits", "edits_path", type=click.Path(path_type=Path), help="Write every edit to this JSONL file.")
@options.comparing
def command(
    document: str,
    witnesses: Sequence[str],
    output: Path | None,
    form: str,
    edits_path: Path | None,
    **given: Any,
) -> None:
    """Give a document its original readings back, from a cleaner copy among the witnesses.

    Only what the evidence decides is changed; every edit names the witness and where in it the reading stands.
    """
    with failures():
        from dedup import pipeline, restoring
        from dedup.model import DedupError
        from dedup.report import jsonl

        config = options.config(given)
        for path in (output, edits_path):
            refuse_overwriting(path, (document, *witnesses))
        damaged = one_document(document, config)
        if damaged.lossy_bytes:
            lost = f"holds {damaged.lossy_bytes} bytes that are not valid {damaged.decoding}"
            raise DedupError(document, lost, "mend its encoding first, since a restored text could not keep them")
        found, problems = pipeline.documents(witnesses, config)
        others = [one for one in found if not same_place(one, damaged)]
        restored = restoring.restoration(damaged, others, config)
        if form == "jsonl":
            emit(map(jsonl.line, jsonl.restoration(restored)), output)
        else:
            emit_bytes(_encoded(restored.text, damaged), output)
        if edits_path:
            emit(map(jsonl.line, map(jsonl.edit_record, restored.edits)), edits_path)
        names = {edit.witness for edit in restored.edits if edit.witness}
        say(f"{damaged.id}: {len(restored.edits)} edits" + (f" by witness {', '.join(sorted(names))}" if names else ""))
        if not names:
            say(f"{damaged.id}: none of the witnesses is a copy that is surely cleaner, so no reading was changed")
        finish(problems, [damaged, *found])


def _encoded(text: str, document: Document) -> bytes:
    """The text in the document's own encoding, or in UTF-8 if that lacks a character."""
    try:
        return text.encode("utf-8" if document.decoding == "json" else document.decoding)
    except UnicodeEncodeError:
        say(f"note: {document.id}: written as UTF-8, since {document.decoding} lacks a character of it")
        return text.encode("utf-8", "surrogatepass")
