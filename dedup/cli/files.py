"""The files that a command is given: the one document in one, and those that may be written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.model import Document


def one_document(path: str, config: Config) -> Document:
    """The document in a file. Raises DedupError if it holds none, or several."""
    from dedup import pipeline
    from dedup.model import DedupError

    if Path(path).is_dir():
        raise DedupError(path, "is a folder", "name one document in it")
    found, problems = pipeline.documents([path], config)
    if problems:
        raise problems[0]
    if len(found) != 1:
        raise DedupError(path, f"holds {len(found)} documents", "name a file that holds one")
    return found[0]


def same_place(one: Document, other: Document) -> bool:
    """Whether two documents are the same bytes of the same file."""
    if one.locator.start_byte != other.locator.start_byte:
        return False
    paths = [Path(document.locator.path) for document in (one, other)]
    if all(path.exists() for path in paths):
        return paths[0].samefile(paths[1])
    return paths[0] == paths[1]  # in an archive, or of standard input


def refuse_overwriting(output: Path | None, sources: Iterable[str]) -> None:
    """Raises DedupError if an output file is, or lies in, a source: the input is never modified."""
    from dedup.report import folder

    if output:
        folder.refuse_within(output, sources)
