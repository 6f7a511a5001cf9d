"""Sources become raw documents, and what cannot be read becomes a problem that says why.

1. A folder gives its files at any depth, in the order of their names; a document's id is its path in the folder, with
   /. Names that begin with a dot are passed over, and what `include` and `exclude` leave out.
2. A file named by itself has its name as id. What it holds is told by the end of its name (`packed.forms`): a text, or
   records, which have the id that they give or else `file#row`.
3. What cannot be read from the middle is unpacked into a spool of lines (`packed.files`), which is read in its place.
4. What is not a regular file is never opened; links are followed only to files within the source, so that nothing
   outside is read, unless all are to be followed; then none is that leads to a folder which it stands in.
5. Whatever cannot be read is yielded as a `DedupError` in its place: named, explained, never dropped.

Limits: `document_bytes_max` bytes a document.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dedup import globs
from dedup.config import Config
from dedup.model import DedupError, Locator, Raw, SourceFile
from dedup.packed import forms

DATASET_NOTES = frozenset(("dataset_info.json", "dataset_dict.json", "state.json"))
"""What a folder of a Hugging Face dataset holds beside its Arrow files: no documents."""
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
    for path, problem in _paths(folder, config, ()):
        name = path.relative_to(folder).as_posix()
        is_archive = forms.named(name, config)[0] in ("tar", "zip")
        if not (globs.passes if is_archive or problem else globs.selected)(name, config):
            continue
        empty = False
        yield problem or _checked(path, name, folder, config)
    if empty and (config.include or config.exclude):
        yield DedupError(folder, "holds no files that are asked for", "check --include and --exclude")
    elif empty:
        yield DedupError(folder, "holds no files", "name a folder or file with text in it")


def _paths(
    folder: Path, config: Config, above: tuple[tuple[int, int], ...]
) -> Iterator[tuple[Path, DedupError | None]]:
    """The files below a folder in the order of their paths, with what stands in the way of reading them, if anything.

    above: device and number of the folders that it is in, by which a loop of links is known.
    """
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in above:
            yield folder, DedupError(folder, "is a link to a folder that it stands in", "remove it")
            return
        above = (*above, (status.st_dev, status.st_ino))
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield folder, DedupError(folder, f"cannot be listed ({error.strerror})", "check its permissions")
        return
    is_dataset = any(entry.name == "dataset_dict.json" or entry.name.endswith(".arrow") for entry in entries)
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or (is_dataset and entry.name in DATASET_NOTES):
            continue
        if config.links == "within" and entry.is_symlink() and path.is_dir():
            remedy = "name that folder as a source, or --links follow"
            yield path, DedupError(path, "is a link to a folder, and links are not followed", remedy)
        elif entry.is_dir(follow_symlinks=config.links == "follow"):
            yield from _paths(path, config, above)
        else:
            yield path, None


def _checked(path: Path, name: str, root: Path, config: Config) -> SourceFile | DedupError:
    """The file, if it is a regular one within `root` and, as one document, not over the limit."""
    try:
        if config.links == "within" and path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
            return DedupError(path, "is a link out of the source", "name its target as a source, or --links follow")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return DedupError(path, "is not a regular file", "remove it from the source, or name files instead")
        form, codec = forms.named(path.name, config)
        if form == "text" and path.suffix.lower() == ".json":
            with path.open("rb") as source:
                form = forms.in_lines(source, config)
        found = SourceFile(
            path, name, status.st_size, form, status.st_mtime_ns, codec=codec, text_column=config.text_column
        )
        if not found.holds_records and not codec:
            check_size(path, status.st_size, config)
    except DedupError as error:
        return error
    except (OSError, RuntimeError) as error:
        return unreadable(path, error)
    return found


def no_records(path: Path | str) -> DedupError:
    """The problem with a file of records that has none."""
    return DedupError(path, "is empty", "remove it, or put its records back")


def unreadable(path: Path | str, error: Exception) -> DedupError:
    """The problem with a file that the system does not give."""
    problem = getattr(error, "strerror", None) or "a loop of links"
    return DedupError(path, f"cannot be read ({problem})", "check the file and its permissions")


def check_size(path: Path | str, size_bytes: int, config: Config) -> None:
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


def rows(path: Path | str, data: bytes, start_byte: int, config: Config) -> Iterator[tuple[int, Raw | DedupError]]:
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
    return pieces_at(file, [(locator.start_byte, locator.stop_byte)])[0]


def pieces_at(file: SourceFile, spans: Iterable[tuple[int, int]]) -> list[bytes]:
    """The same of spans of bytes. They are read: what is mapped of a large file counts as memory of the process."""
    pieces = []
    try:
        with file.readable.open("rb") as source:
            for start, stop in spans:
                source.seek(start)
                pieces.append(source.read(stop - start))
                if len(pieces[-1]) != stop - start:
                    raise DedupError(file.path, "was changed while it was read", "run the command again")
    except OSError as error:
        raise unreadable(file.path, error) from error
    return pieces
