"""Sources become raw documents, and what cannot be read becomes a problem that says why.

1. A folder gives its files at any depth, in the order of their names; a document's id is its path in the folder, with
   /. Names that begin with a dot are passed over.
2. A file named by itself has its name as id. `.jsonl` and `.ndjson` files hold a document a line: `text`, and `id` or
   else `file#row`; so do those compressed, `.gz` and `.zst`, and the rows of `.parquet` files.
3. Compressed files and Parquet are `unpacked` into a spool of lines, which is read in their place.
4. What is not a regular file is never opened; links are followed only to files within the source, so no loop is
   entered and nothing outside is read.
5. Whatever cannot be read is yielded as a `DedupError` in its place: named, explained, never dropped.

Limits: `document_bytes_max` bytes a document, `unpacked_bytes_max` bytes a file that is unpacked.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dedup.config import Config
from dedup.model import DedupError, Form, Locator, Raw, SourceFile
from dedup.packed import lines, parquet
from dedup.spool import Spool

FORMS: dict[str, Form] = {
    **dict.fromkeys((".jsonl", ".ndjson"), "lines"),
    **dict.fromkeys((".jsonl.gz", ".ndjson.gz"), "gzip"),
    **dict.fromkeys((".jsonl.zst", ".ndjson.zst"), "zstd"),
    ".parquet": "parquet",
}
"""What files hold, by the ends of their names; all others hold one text."""
PIECE_BYTES = 1 << 20
"""Bytes of records that are read at a time where a corpus goes through in pieces."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines of a file: their bytes, where in it they begin, and how many lines stand before."""

    data: bytes
    start_byte: int = 0
    first_row: int = 0


def files(sources: Iterable[str | Path], config: Config) -> Iterator[SourceFile | DedupError]:
    """The files of the sources in reading order, and a DedupError for everything that is none."""
    for path in map(Path, sources):
        if not os.path.lexists(path):
            yield DedupError(path, "does not exist", "check the spelling of the path")
        elif path.is_dir():
            yield from _of_folder(path, config)
        else:
            yield _checked(path, path.name, path.parent, config)


def _of_folder(folder: Path, config: Config) -> Iterator[SourceFile | DedupError]:
    empty = True
    for found in _paths(folder):
        empty = False
        if isinstance(found, DedupError):
            yield found
        else:
            yield _checked(found, found.relative_to(folder).as_posix(), folder, config)
    if empty:
        yield DedupError(folder, "holds no files", "name a folder or file with text in it")


def _paths(folder: Path) -> Iterator[Path | DedupError]:
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
            yield from _paths(path)
        else:
            yield path


def _checked(path: Path, name: str, root: Path, config: Config) -> SourceFile | DedupError:
    """The file, if it is a regular one within `root` and, as one document, not over the limit."""
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            return DedupError(path, "is a link out of the source", "name its target as a source")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return DedupError(path, "is not a regular file", "remove it from the source, or name files instead")
        found = SourceFile(path, name, status.st_size, form(path), status.st_mtime_ns)
        if not found.holds_records:
            check_size(path, status.st_size, config)
    except DedupError as error:
        return error
    except (OSError, RuntimeError) as error:
        return unreadable(path, error)
    return found


def form(path: Path) -> Form:
    """What a file of this name holds."""
    name = path.name.lower()
    return next((form for suffix, form in FORMS.items() if name.endswith(suffix)), "text")


def unpacked(
    file: SourceFile, spool: Spool, config: Config, advance: Callable[[int], None]
) -> list[SourceFile | DedupError]:
    """A packed file with where its lines are, if it has any, and the problems with what could not be unpacked.

    `advance` is told how many bytes of the file were taken.
    """
    taken = 0

    def tell(position: int) -> None:
        nonlocal taken
        if spool.closed:
            raise DedupError(file.path, "was not unpacked to its end", "run the command again")
        advance(position - taken)
        taken = position

    unpack = parquet.unpacked if file.form == "parquet" else lines.unpacked
    try:
        target = spool.path(".jsonl")
        try:
            done = unpack(file, target, config.unpacked_bytes_max, tell)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    except DedupError as error:
        return [error]
    except OSError as error:
        problem = f"cannot be unpacked into a temporary file ({error.strerror or error})"
        return [DedupError(file.path, problem, "make room, or name a folder with more of it in TMPDIR")]
    if done.records:
        return [replace(file, unpacked=target, size_bytes=done.size_bytes), *done.problems]
    return [*done.problems] or [no_records(file.path)]


def no_records(path: Path) -> DedupError:
    """The problem with a file of records that has none."""
    return DedupError(path, "is empty", "remove it, or put its records back")


def unreadable(path: Path, error: Exception) -> DedupError:
    """The problem with a file that the system does not give."""
    problem = getattr(error, "strerror", None) or "a loop of links"
    return DedupError(path, f"cannot be read ({problem})", "check the file and its permissions")


def check_size(path: Path, size_bytes: int, config: Config) -> None:
    """Raises DedupError if a document is over the limit."""
    if size_bytes > config.document_bytes_max:
        raise DedupError(
            path,
            f"holds a document of {size_bytes:,} bytes, over the limit of {config.document_bytes_max:,}",
            "split it, or raise --document-bytes-max",
        )


def contents(file: SourceFile, config: Config) -> Iterator[Raw | DedupError]:
    """The documents of a file: the file itself, or its rows; and a DedupError for what is none."""
    try:
        data = file.readable.read_bytes()
    except OSError as error:
        yield unreadable(file.path, error)
        return
    if not file.holds_records:
        yield Raw(file.id, Locator(str(file.path), 0, len(data)), data)
        return
    if not data.strip():
        yield no_records(file.path)
    yield from records(file, Piece(data), config)


def records(file: SourceFile, piece: Piece, config: Config) -> Iterator[Raw | DedupError]:
    """The documents of whole lines of a file, with their ids; and a DedupError for what is none."""
    for at, raw in rows(file.path, piece.data, piece.start_byte, config):
        row = piece.first_row + at + 1
        place = file.place(row)
        if isinstance(raw, DedupError):
            yield DedupError(place, raw.problem, raw.remedy)
        else:
            yield replace(raw, id=raw.id or f"{file.id}#{row}", place=place)


def pieces(file: SourceFile, config: Config) -> Iterator[Piece]:
    """The whole lines of a file of records, some PIECE_BYTES at a time; of a line over the limit only its beginning.

    Raises OSError if the file cannot be read.
    """
    with file.readable.open("rb") as source:
        start = row = 0
        while data := source.read(PIECE_BYTES):
            if not data.endswith(b"\n"):
                data += source.readline(config.document_bytes_max + 1)
            yield Piece(data, start, row)
            row += data.count(b"\n")
            rest = data
            while rest and not rest.endswith(b"\n"):
                rest = source.readline(PIECE_BYTES)
                row += rest.endswith(b"\n")
            start = source.tell()


def rows(path: Path, data: bytes, start_byte: int, config: Config) -> Iterator[tuple[int, Raw | DedupError]]:
    """The rows of JSONL `data`, which begins at `start_byte` of the file, numbered from 0; an id that is none is ""."""
    at = start_byte
    for row, line in enumerate(data.split(b"\n")):
        start, at = at, at + len(line) + 1
        if line.strip():
            try:
                check_size(path, len(line), config)
                yield row, record(Locator(str(path), start, min(at, start_byte + len(data))), line)
            except DedupError as error:
                yield row, error


def record(locator: Locator, line: bytes) -> Raw:
    """The document of a JSONL line; its id is "" if it has none. Raises DedupError if the line is no such record."""
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DedupError(locator.path, f"is not JSON ({error})", "mend or remove the line") from error
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise DedupError(locator.path, "has no string under `text`", "give the document's text under that key")
    name = value.get("id")
    if name is not None and (isinstance(name, bool) or not isinstance(name, str | int | float)):
        raise DedupError(locator.path, "has an `id` that is neither text nor a number", "give it one, or none")
    source = value.get("source")
    return Raw(
        "" if name is None else str(name), locator, value["text"], source=source if isinstance(source, str) else ""
    )


def raw_at(file: SourceFile, locator: Locator, name: str) -> Raw:
    """What was read at a locator in a file, again. Raises DedupError if the file is not what it was."""
    data = bytes_at(file, locator)
    return replace(record(locator, data), id=name) if file.holds_records else Raw(name, locator, data)


def bytes_at(file: SourceFile, locator: Locator) -> bytes:
    """The bytes at a locator in a file. Raises DedupError if the file was changed since it was read."""
    size = locator.stop_byte - locator.start_byte
    try:
        with file.readable.open("rb") as source:
            source.seek(locator.start_byte)
            data = source.read(size)
    except OSError as error:
        raise unreadable(file.path, error) from error
    if len(data) != size:
        raise DedupError(file.path, "was changed while it was read", "run the command again")
    return data
