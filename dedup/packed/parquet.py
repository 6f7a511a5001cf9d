"""Rows of a Parquet file become JSON lines, and kept rows a Parquet file like it.

1. `unpacked` reads the columns `id`, `text` and `source` in batches and writes a JSON line for each row. A row without
   a text that can be read leaves its line blank and is a problem, so that lines stay rows.
2. Beside the lines a file keeps the byte at which each one begins; by that, `kept_rows` finds rows by their locators.
3. `kept_rows` copies rows with all their columns, in batches, into a file with the same schema and compression.

Limits: a batch has ROWS_MAX rows, and fewer where the file says that they are long; a column that repeats one huge text
by reference says nothing of the kind. Rows are written in groups of ROW_GROUP_BYTES.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup.model import DedupError, SourceFile
from dedup.packed.unpacked import Tell, Unpacked, broken, check_limit, opened

BATCH_BYTES = 8 << 20
ROWS_MAX = 4096
ROW_GROUP_BYTES = 64 << 20
"""Bytes gathered before they are written as a group: readers want groups large, memory wants them small."""
READ_BYTES = 1 << 20
"""Bytes of a column that are read at a time, so that no group need fit into memory."""
STARTS_SUFFIX = ".starts"


def unpacked(file: SourceFile, target: Path, limit_bytes: int, tell: Tell) -> Unpacked:
    """The rows of a Parquet file as lines `{"id", "source", "text"}`, written to `target`.

    Raises DedupError, or OSError if they cannot be written.
    """
    problems: list[DedupError] = []
    row = records = size = 0
    with opened(file) as source, target.open("wb") as out, _starts_path(target).open("wb") as starts_out:
        table, columns = _readable(file, source)
        batches = _batches(table, columns)
        while True:
            try:
                values = next(batches, None)
            except _faults() as error:
                problems.append(broken(file, row, error))
                break
            if values is None:
                break
            lines = [_line(file, number, *told) for number, told in enumerate(_told(values), row + 1)]
            wrong = [line for line in lines if isinstance(line, DedupError)]
            written = [b"\n" if isinstance(line, DedupError) else line for line in lines]
            ends = size + np.cumsum([len(line) for line in written], dtype=np.int64)
            (ends - [len(line) for line in written]).tofile(starts_out)
            out.writelines(written)
            problems += wrong
            row, records, size = row + len(lines), records + len(lines) - len(wrong), int(ends[-1])
            tell(file.size_bytes * row // table.metadata.num_rows)
            check_limit(file, size, limit_bytes)
    return Unpacked(records, size, tuple(problems))


def _starts_path(lines: Path) -> Path:
    return lines.with_suffix(STARTS_SUFFIX)


def _faults() -> tuple[type[Exception], ...]:
    import pyarrow as pa

    return (pa.ArrowException, OSError)


def _readable(file: SourceFile, source: BinaryIO) -> tuple[Any, list[str]]:
    """The table in a file, and which of the columns it has. Raises DedupError if it has no texts."""
    try:
        table = _table(source)
        schema = table.schema_arrow
    except _faults() as error:
        raise broken(file, 0, error) from error
    if "text" not in schema.names:
        raise DedupError(file.path, "has no column `text`", "name the column that holds the documents' texts so")
    columns = [name for name in ("id", "text") if name in schema.names]
    for name in columns:
        if schema.names.count(name) > 1:
            raise DedupError(file.path, f"has several columns `{name}`", "leave one of them")
        if not _is_usable(schema.field(name).type, name):
            kind, wanted = schema.field(name).type, "text" if name == "text" else "text or numbers"
            raise DedupError(file.path, f"has {kind} in the column `{name}`, not {wanted}", "write it as strings")
    if schema.names.count("source") == 1 and _is_usable(schema.field("source").type, "source"):
        columns.append("source")
    return table, columns


def _is_usable(kind: Any, name: str) -> bool:
    from pyarrow import types

    value = kind.value_type if types.is_dictionary(kind) else kind
    is_text = types.is_string(value) or types.is_large_string(value) or types.is_string_view(value)
    is_number = types.is_integer(value) or types.is_floating(value)
    return bool(is_text or (name == "id" and (is_number or types.is_null(value))))


def _table(source: BinaryIO) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(source, buffer_size=READ_BYTES, pre_buffer=False, page_checksum_verification=True)


def _batches(table: Any, columns: Sequence[str] | None) -> Iterator[Any]:
    """The rows in batches, none of which reaches from one group into the next, so that damage stays in its group."""
    for number in range(table.metadata.num_row_groups):
        group = table.metadata.row_group(number)
        rows = BATCH_BYTES * group.num_rows // max(1, group.total_byte_size)
        yield from table.iter_batches(max(1, min(ROWS_MAX, rows)), row_groups=[number], columns=columns)


def _told(batch: Any) -> Iterator[tuple[object, object, object]]:
    """The id, source and text of each row."""

    def values(name: str) -> Iterable[object]:
        return _values(batch.column(name)) if name in batch.schema.names else repeat(None, batch.num_rows)

    return zip(values("id"), values("source"), values("text"), strict=True)


def _values(column: Any) -> list[object]:
    """The values of a column; for one that is not UTF-8, the error that says so."""
    try:
        values: list[object] = column.to_pylist()
        return values
    except UnicodeDecodeError:
        return [_value(one) for one in column]


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        return error


def _line(file: SourceFile, row: int, name: object, source: object, text: object) -> bytes | DedupError:
    """A row as a line of JSON, or the problem with it."""
    for value in (name, text):
        if isinstance(value, UnicodeDecodeError):
            return DedupError(file.place(row), f"is not UTF-8 ({value.reason})", "mend or remove the row")
    if not isinstance(text, str):
        return DedupError(file.place(row), "has no text", "give it one, or remove the row")
    head = "" if name is None else f'"id": {encode_basestring(str(name))}, '
    head += f'"source": {encode_basestring(source)}, ' if isinstance(source, str) else ""
    return f'{{{head}"text": {encode_basestring(text)}}}\n'.encode()


# --- and back --------------------------------------------------------------------------------------------------


def kept_rows(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: BinaryIO, advance: Callable[[int], None]
) -> None:
    """Writes rows of a Parquet file, with all columns, as such a file.

    kept: (k, 2) int64, ascending, the bytes of their lines. texts: what to put for the text of some, by place.
    advance: told the bytes of the lines that were written. Raises DedupError if the file is not what it was, OSError if
    the rows cannot be written.
    """
    assert file.unpacked, "a Parquet file is unpacked before its rows are chosen"
    rows = np.searchsorted(np.memmap(_starts_path(file.unpacked), np.int64, "r"), kept[:, 0])
    with opened(file) as source:
        if os.fstat(source.fileno()).st_mtime_ns != file.modified_ns:
            raise _changed(file, "its time is another")
        try:
            table = _table(source)
        except _faults() as error:
            raise _changed(file, str(error)) from error
        if table.metadata.num_rows <= rows[-1]:
            raise _changed(file, "it has fewer rows")
        with _writer(table, out) as writer:
            at = 0
            for group in _groups(_chosen(file, table, rows, texts)):
                writer.write_table(group)
                advance(int(np.diff(kept[at : at + len(group)], axis=1).sum()))
                at += len(group)


def _changed(file: SourceFile, reason: str) -> DedupError:
    return DedupError(file.path, f"is not what it was when it was read ({reason})", "run the command again")


def _chosen(file: SourceFile, table: Any, rows: NDArray[np.int64], texts: Mapping[int, str]) -> Iterator[Any]:
    """The chosen rows of a table, in batches; those for which there is another text, with that."""
    import pyarrow as pa

    first = at = 0
    batches = _batches(table, None)
    while at < len(rows):
        try:
            batch = next(batches)
        except _faults() as error:
            raise broken(file, first, error) from error
        stop = int(np.searchsorted(rows, first + batch.num_rows))
        chosen = np.zeros(batch.num_rows, bool)
        chosen[rows[at:stop] - first] = True
        yield _replaced(batch.filter(pa.array(chosen)), [texts.get(place) for place in range(at, stop)])
        first, at = first + batch.num_rows, stop


def _replaced(batch: Any, texts: Sequence[str | None]) -> Any:
    """The rows with these texts, and their own where there is None."""
    import pyarrow as pa

    if not any(text is not None for text in texts):
        return batch
    place = batch.schema.get_field_index("text")
    own = batch.column(place)
    values = [new if new is not None else old for new, old in zip(texts, own.to_pylist(), strict=True)]
    return batch.set_column(place, batch.schema.field(place), pa.array(values, own.type))


def _groups(batches: Iterator[Any]) -> Iterator[Any]:
    """The batches as tables of about ROW_GROUP_BYTES."""
    import pyarrow as pa

    held: list[Any] = []
    for batch in batches:
        held.append(batch)
        if sum(one.nbytes for one in held) >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _writer(table: Any, out: BinaryIO) -> Any:
    """A writer of files with the schema of the table, each column compressed as it is there."""
    from pyarrow import parquet

    group = table.metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    compression = {column.path_in_schema: _CODECS.get(column.compression, "snappy") for column in columns}
    return parquet.ParquetWriter(out, table.schema_arrow, compression=compression)


_CODECS = {
    "UNCOMPRESSED": "none", "SNAPPY": "snappy", "GZIP": "gzip", "BROTLI": "brotli", "ZSTD": "zstd", "LZ4": "lz4",
    "LZ4_RAW": "lz4",
}  # fmt: skip
