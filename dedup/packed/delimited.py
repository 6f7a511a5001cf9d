"""Rows of a CSV or TSV file become JSON lines, and kept rows such a file: byte for byte, under its own header.

1. The first row names the columns. TSV is parted by tabs, CSV by that of `,` `;` tab and `|` by which the header has
   the column of the texts.
2. Python's csv module reads it, in strict mode, line by line, so that the bytes of each row are known.
3. A row that is not as the header says, or not UTF-8, is a problem; those after it are read.
4. `kept_rows` copies the bytes of rows; one with another text is written anew.

Blank lines are no rows and are not counted. Limits: `document_bytes_max` for a field and for a line.
Source: RFC 4180.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed.codecs import Out
from dedup.packed.unpacked import (
    Lines,
    Tell,
    Unpacked,
    broken,
    check_named,
    check_unchanged,
    has_changed,
    line,
    missing_column,
    opened,
    rows_of,
)

DELIMITERS = ",;\t|"
ROWS_AT_A_TIME = 1024
LINE_BYTES_MAX = 1 << 40
"""Where rows are copied that were read before."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row: its bytes as they stand in the file, and its fields or what is wrong with it."""

    data: bytes
    fields: Sequence[str] | csv.Error


def unpacked(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The rows of a delimited file as lines `{"id", "source", "text"}`, written to `target`.

    Raises DedupError, or OSError if they cannot be written.
    """
    with opened(file) as source, Lines(file, target, config) as out:
        delimiter, header = _header(file, source, config.document_bytes_max)
        check_named(file, header, config)
        for name in (config.text_column, config.id_column):
            if header.count(name) > 1:
                raise DedupError(file.path, f"has several columns `{name}`", "leave one of them")
        rows = _rows(source, delimiter, config.document_bytes_max)
        next(rows)
        some: list[bytes | DedupError] = []
        try:
            for number, row in enumerate(rows, 1):
                some.append(_line(file, number, row, header, config))
                if len(some) == ROWS_AT_A_TIME:
                    out.write(some)
                    tell(min(file.size_bytes, source.tell()))
                    some = []
        except _LineTooLongError as error:
            out.lost(broken(file, out.rows + len(some), error))
        out.write(some)
        return out.done()


class _LineTooLongError(Exception):
    """A line of the file is over the limit."""


def _header(file: SourceFile, source: BinaryIO, line_bytes_max: int) -> tuple[str, Sequence[str]]:
    """What parts the fields, and the names of the columns. Raises DedupError if there is no text among them."""
    if source.read(2) in (b"\xff\xfe", b"\xfe\xff"):
        raise DedupError(file.path, "is in UTF-16", "save it as UTF-8")
    names: Sequence[str] = ()
    for delimiter in "\t" if file.form == "tsv" else DELIMITERS:
        source.seek(0)
        try:
            first = next(_rows(source, delimiter, line_bytes_max), None)
        except _LineTooLongError as error:
            raise broken(file, 0, error) from error
        if first is None:
            raise DedupError(file.path, "is empty", "remove it, or put its records back")
        if isinstance(first.fields, csv.Error):
            continue
        if file.text_column in first.fields:
            source.seek(0)
            return delimiter, first.fields
        names = max(names, first.fields, key=len)
    shown = [name.encode(errors="replace").decode() for name in names]
    raise missing_column(file.path, file.text_column, shown, "--text-column")


def _rows(source: BinaryIO, delimiter: str, line_bytes_max: int) -> Iterator[_Row]:
    """The rows of a file from where it stands, the header among them; blank lines are passed over."""
    csv.field_size_limit(line_bytes_max)  # of the whole process; there is no other
    taken: list[bytes] = []
    at_start = source.tell() == 0

    def lines() -> Iterator[str]:
        nonlocal at_start
        while data := source.readline(line_bytes_max + 1):
            if len(data) > line_bytes_max:
                raise _LineTooLongError(f"a line is over the limit of {line_bytes_max:,} bytes")
            taken.append(data)
            text = data.decode("utf-8", "surrogateescape")
            yield text.removeprefix("\ufeff") if at_start else text
            at_start = False

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    while True:
        try:
            fields: Sequence[str] | csv.Error = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields = error
        data = b"".join(taken)
        taken.clear()
        if isinstance(fields, csv.Error) or fields:
            yield _Row(data, fields)


def _line(file: SourceFile, number: int, row: _Row, header: Sequence[str], config: Config) -> bytes | DedupError:
    if isinstance(row.fields, csv.Error):
        problem = f"cannot be read as {file.form.upper()} ({row.fields})"
        return DedupError(file.place(number), problem, "mend its quotes")
    if len(row.fields) != len(header):
        problem = f"has {len(row.fields)} fields, where the header has {len(header)}"
        return DedupError(file.place(number), problem, "mend its quotes and delimiters")
    try:
        row.data.decode("utf-8")
    except UnicodeDecodeError as error:
        return DedupError(file.place(number), f"is not UTF-8 ({error.reason})", "save the file as UTF-8")
    values = dict(zip(header, row.fields, strict=True))
    text = values[config.text_column] or None
    return line(file, number, values.get(config.id_column) or None, values.get(config.source_column) or None, text)


# --- and back --------------------------------------------------------------------------------------------------


def kept_rows(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: Out, advance: Callable[[int], None]
) -> None:
    """Writes the header and rows of a delimited file; see `parquet.kept_rows`."""
    wanted = rows_of(file, kept).tolist()
    check_unchanged(file)
    with opened(file) as source:
        delimiter, header = _header(file, source, LINE_BYTES_MAX)
        column = header.index(file.text_column)
        rows = _rows(source, delimiter, LINE_BYTES_MAX)
        out.write(next(rows).data)
        number = -1
        for place, row in enumerate(wanted):
            one = next(islice(rows, row - number - 1, None), None)
            if one is None:
                raise has_changed(file, "it has fewer rows")
            number = row
            text = texts.get(place)
            out.write(one.data if text is None else _written(one, column, text, delimiter))
            advance(int(kept[place, 1] - kept[place, 0]))


def _written(row: _Row, column: int, text: str, delimiter: str) -> bytes:
    """A row with another text."""
    assert not isinstance(row.fields, csv.Error), "a row that was read before"
    line = StringIO()
    end = "\r\n" if row.data.endswith(b"\r\n") else "\n"
    csv.writer(line, delimiter=delimiter, lineterminator=end).writerow(
        [text if place == column else field for place, field in enumerate(row.fields)]
    )
    return line.getvalue().encode()
