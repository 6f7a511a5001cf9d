"""Rows of a Parquet file become JSON lines, and kept rows a Parquet file like it.

1. `unpacked` reads the columns of id, text and source in batches and writes a line for each row.
2. `kept_rows` copies rows with all their columns, in batches, into a file with the same schema and compression.

Limits: a batch has ROWS_MAX rows, and fewer where the file says that they are long; a column that repeats one huge text
by reference says nothing of the kind. Rows are written in groups of `batches.ROW_GROUP_BYTES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import SourceFile
from dedup.packed import batches
from dedup.packed.codecs import Out
from dedup.packed.unpacked import (
    Lines,
    Tell,
    Unpacked,
    broken,
    check_named,
    check_unchanged,
    has_changed,
    opened,
    rows_of,
)

BATCH_BYTES = 8 << 20
ROWS_MAX = 4096
READ_BYTES = 1 << 20
"""Bytes of a column that are read at a time, so that no group need fit into memory."""


def unpacked(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The rows of a Parquet file as lines `{"id", "source", "text"}`, written to `target`.

    Raises DedupError, or OSError if they cannot be written.
    """
    with opened(file) as source, Lines(file, target, config) as out:
        try:
            table = _table(source)
            schema = table.schema_arrow
        except batches.faults() as error:
            raise broken(file, 0, error) from error
        columns = batches.columns(file, schema, config)
        check_named(file, schema.names, config)
        found = _batches(table, columns)
        while True:
            try:
                batch = next(found, None)
                lines = None if batch is None else list(batches.lines(file, batch, out.rows, config))
            except batches.faults() as error:
                out.lost(broken(file, out.rows, error))
                break
            if lines is None:
                break
            out.write(lines)
            tell(file.size_bytes * out.rows // table.metadata.num_rows)
        return out.done()


def _table(source: BinaryIO) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(source, buffer_size=READ_BYTES, pre_buffer=False, page_checksum_verification=True)


def _batches(table: Any, columns: Sequence[str] | None) -> Iterator[Any]:
    """The rows in batches, none of which reaches from one group into the next, so that damage stays in its group."""
    for number in range(table.metadata.num_row_groups):
        group = table.metadata.row_group(number)
        rows = BATCH_BYTES * group.num_rows // max(1, group.total_byte_size)
        yield from table.iter_batches(max(1, min(ROWS_MAX, rows)), row_groups=[number], columns=columns)


# --- and back --------------------------------------------------------------------------------------------------


def kept_rows(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: Out, advance: Callable[[int], None]
) -> None:
    """Writes rows of a Parquet file, with all columns, as such a file.

    kept: (k, 2) int64, ascending, the bytes of their lines. texts: what to put for the text of some, by place.
    advance: told the bytes of the lines that were written. Raises DedupError if the file is not what it was, OSError if
    the rows cannot be written.
    """
    rows = rows_of(file, kept)
    with opened(file) as source:
        check_unchanged(file)
        try:
            table = _table(source)
        except batches.faults() as error:
            raise has_changed(file, str(error)) from error
        if table.metadata.num_rows <= rows[-1]:
            raise has_changed(file, "it has fewer rows")
        with _writer(table, out) as writer:
            at = 0
            for group in batches.groups(batches.chosen(file, _batches(table, None), rows, texts)):
                writer.write_table(group)
                advance(int(np.diff(kept[at : at + len(group)], axis=1).sum()))
                at += len(group)


def _writer(table: Any, out: Out) -> Any:
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
