"""Sources become raw documents, and what cannot be read becomes a problem that says why.

1. A folder gives its files at any depth, in the order of their names; a document's id is its path in the folder, with
   /. Names that begin with a dot are passed over.
2. A file named by itself has its name as id. `.jsonl` and `.ndjson` files hold a document a line: `text`, and `id` or
   else `file#row`.
3. What is not a regular file is never opened; links are followed only to files within the source, so no loop is
   entered and nothing outside is read.
4. Whatever cannot be read is yielded as a `DedupError` in its place: named, explained, never dropped.

Limits: `document_bytes_max` bytes a document.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dedup.config import Config
from dedup.model import DedupError, Locator, Raw

JSONL_SUFFIXES = (".jsonl", ".ndjson")


def raw_documents(sources: Iterable[str | Path], config: Config) -> Iterator[Raw | DedupError]:
    """Every document of the sources, and a DedupError for everything that is none."""
    paths = [Path(source) for source in sources]
    taken: dict[str, Locator] = {}
    for path in paths:
        for found in _source(path, config):
            if isinstance(found, Raw):
                first = taken.setdefault(found.id, found.locator)
                if first is not found.locator:
                    yield DedupError(
                        found.locator.path,
                        f"has the id {found.id!r}, which {first.path} has already",
                        "rename one of them, or scan a folder that holds both",
                    )
                    continue
            yield found


def _source(path: Path, config: Config) -> Iterator[Raw | DedupError]:
    if not os.path.lexists(path):
        yield DedupError(path, "does not exist", "check the spelling of the path")
        return
    if not path.is_dir():
        yield from _file(path, path.name, path.parent, config)
        return
    empty = True
    for found in _files(path):
        empty = False
        if isinstance(found, DedupError):
            yield found
        else:
            yield from _file(found, found.relative_to(path).as_posix(), path, config)
    if empty:
        yield DedupError(path, "holds no files", "name a folder or file with text in it")


def _files(folder: Path) -> Iterator[Path | DedupError]:
    """The files below a folder in the order of their paths, and what stands in the way of reading them."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield DedupError(folder, f"cannot be listed ({error.strerror})", "check its permissions")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_symlink() and path.is_dir():
            yield DedupError(path, "is a link to a folder, and links are not followed", "name that folder as a source")
        elif entry.is_dir(follow_symlinks=False):
            yield from _files(path)
        else:
            yield path


def _file(path: Path, name: str, root: Path, config: Config) -> Iterator[Raw | DedupError]:
    try:
        data = _bytes(path, root, config)
        if path.suffix.lower() in JSONL_SUFFIXES:
            yield from _rows(path, name, data, config)
        else:
            yield Raw(name, Locator(str(path), 0, len(data)), data)
    except DedupError as error:
        yield error


def _bytes(path: Path, root: Path, config: Config) -> bytes:
    """The bytes of a regular file. Raises DedupError for anything else, and for a document over the limit."""
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            raise DedupError(path, "is a link out of the source", "name its target as a source")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DedupError(path, "is not a regular file", "remove it from the source, or name files instead")
        if path.suffix.lower() not in JSONL_SUFFIXES:
            _check_size(path, status.st_size, config)
        return path.read_bytes()
    except (OSError, RuntimeError) as error:
        problem = getattr(error, "strerror", None) or "a loop of links"
        raise DedupError(path, f"cannot be read ({problem})", "check the file and its permissions") from error


def _check_size(path: Path, size_bytes: int, config: Config) -> None:
    if size_bytes > config.document_bytes_max:
        raise DedupError(
            path,
            f"holds a document of {size_bytes:,} bytes, over the limit of {config.document_bytes_max:,}",
            "split it, or raise --document-bytes-max",
        )


def _rows(path: Path, name: str, data: bytes, config: Config) -> Iterator[Raw | DedupError]:
    at = 0
    for row, line in enumerate(data.splitlines(keepends=True), 1):
        start, at = at, at + len(line)
        if line.strip():
            try:
                _check_size(path, len(line), config)
                yield _row(path, f"{name}#{row}", Locator(str(path), start, at), line)
            except DedupError as error:
                yield DedupError(f"{path}, line {row}", error.problem, error.remedy)


def _row(path: Path, fallback: str, locator: Locator, line: bytes) -> Raw:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DedupError(path, f"is not JSON ({error})", "mend or remove the line") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise DedupError(path, "has no string under `text`", "give the document's text under that key")
    name = str(value["id"]) if value.get("id") is not None else fallback
    return Raw(name, locator, value["text"])
