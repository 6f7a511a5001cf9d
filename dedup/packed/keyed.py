"""JSON lines whose text, id and source have names of their own become such lines as are read, and kept ones are copied.

A line that is no such record is a problem, and its line stays blank; a file without any is one problem, of the same
words whether its keys have names of their own or not. Limits: `document_bytes_max` for a line; of a
longer one nothing more is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed.codecs import Out
from dedup.packed.unpacked import (
    Lines,
    Tell,
    Unpacked,
    check_named,
    check_unchanged,
    has_changed,
    line,
    opened,
    rows_of,
)

ROWS_AT_A_TIME = 1024
SKIP_BYTES = 1 << 20
KEYS_SHOWN = 20


def unpacked(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The lines of a file as lines `{"id", "source", "text"}`, written to `target`.

    Raises DedupError, or OSError if they cannot be written.
    """
    if problem := without_texts(file, config):
        raise problem
    with opened(file) as source, Lines(file, target, config) as out:
        lines = _lines(source, config.document_bytes_max)
        keys: dict[str, None] = {}
        while some := list(islice(lines, ROWS_AT_A_TIME)):
            out.write([_line(file, row, data, config, keys) for row, data in enumerate(some, out.rows + 1)])
            tell(min(file.size_bytes, source.tell()))
        if out.done().records:
            check_named(file, keys, config)
        return out.done()


def without_texts(file: SourceFile, config: Config) -> DedupError | None:
    """The problem with a file of which no line has a text where it should, as if another key has the texts.

    It is read up to the first line that has one, which is most often its first. Lines that are no records tell nothing.
    """
    keys: dict[str, None] = {}
    with opened(file) as source:
        for data in _lines(source, config.document_bytes_max):
            try:
                value: Any = json.loads(data) if len(data) <= config.document_bytes_max else None
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                if isinstance(value.get(config.text_column), str):
                    return None
                if len(keys) < KEYS_SHOWN:
                    keys.update(dict.fromkeys(value))
    if not keys:
        return None
    problem = f"has no line with a string under `{config.text_column}`"
    shown = ", ".join(name.encode(errors="replace").decode() for name in list(keys)[:KEYS_SHOWN])
    return DedupError(file.path, problem, f"name the key of the texts with --text-column; it has: {shown}")


def _lines(source: BinaryIO, bytes_max: int) -> Iterator[bytes]:
    """The lines of a file; of one that is too long a byte more than it may have."""
    while data := source.readline(bytes_max + 1):
        yield data
        while len(data) > bytes_max and not data.endswith(b"\n"):
            if not (data := source.readline(max(SKIP_BYTES, bytes_max + 1))):
                return


def _line(file: SourceFile, row: int, data: bytes, config: Config, keys: dict[str, None]) -> bytes | DedupError:
    """A line with the usual names; keys: takes those of the first record, and of others what is asked for."""
    if not data.strip():
        return b"\n"
    place, limit = file.place(row), config.document_bytes_max
    if len(data) > limit:
        problem = f"holds a document of over {limit:,} bytes, which is the limit"
        return DedupError(place, problem, "split it, or raise --document-bytes-max")
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        return DedupError(place, f"is not JSON ({error})", "mend or remove the line")
    text, name = config.text_column, config.id_column
    if not isinstance(value, dict) or not isinstance(value.get(text), str):
        return DedupError(place, f"has no string under `{text}`", "give the document's text under that key")
    for key in (name, config.source_column) if keys else value:
        if key in value:
            keys[key] = None
    given = value.get(name)
    if given is not None and (isinstance(given, bool) or not isinstance(given, str | int | float)):
        return DedupError(place, f"has an `{name}` that is neither text nor a number", "give it one, or none")
    return line(file, row, given, value.get(config.source_column), value[text])


# --- and back --------------------------------------------------------------------------------------------------


def kept_rows(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: Out, advance: Callable[[int], None]
) -> None:
    """Writes lines of a file byte for byte; see `parquet.kept_rows`."""
    rows = rows_of(file, kept).tolist()
    check_unchanged(file)
    with opened(file) as source:
        lines = _lines(source, 1 << 40)
        number = -1
        for place, row in enumerate(rows):
            data = next(islice(lines, row - number - 1, None), None)
            if data is None:
                raise has_changed(file, "it has fewer lines")
            number = row
            text = texts.get(place)
            out.write(data if text is None else _with_text(data, file.text_column, text))
            advance(int(kept[place, 1] - kept[place, 0]))


def _with_text(data: bytes, column: str, text: str) -> bytes:
    record = json.loads(data)
    record[column] = text
    try:
        return (json.dumps(record, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(record) + "\n").encode()
