"""Rows of an Arrow file become JSON lines, and kept rows an Arrow file like it: in file or stream format, as it was.

1. The file is mapped, so that memory holds the batches in use; each is cut into slices of ROWS_MAX rows.
2. Texts and ids are checked before they are looked at, since nothing else in the format finds damage.
3. `kept_rows` copies rows with all their columns; buffers are compressed as those of the first batch are (`footer`).

Feather is this format since its second version; the first, of 2016, is refused by name.
Source: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed import batches, footer
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

ROWS_MAX = 4096
FEATHER_MARK = b"FEA1"


def unpacked(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The rows of an Arrow file as lines `{"id", "source", "text"}`, written to `target`.

    Raises DedupError, or OSError if they cannot be written.
    """
    try:
        schema, found = _batches(file)
    except batches.faults() as error:
        raise broken(file, 0, error) from error
    columns = batches.columns(file, schema, config)
    check_named(file, schema.names, config)
    size = max(1, file.content.stat().st_size)
    with Lines(file, target, config) as out:
        read = 0
        while True:
            try:
                batch = next(found, None)
                lines = None if batch is None else list(_lines(file, batch.select(columns), out.rows, config))
            except batches.faults() as error:
                out.lost(broken(file, out.rows, error))
                break
            if batch is None or lines is None:
                break
            out.write(lines)
            read += batch.nbytes
            tell(min(file.size_bytes, file.size_bytes * read // size))
        return out.done()


def _lines(file: SourceFile, batch: Any, first_row: int, config: Config) -> Iterator[bytes | DedupError]:
    import pyarrow as pa

    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):  # that is told row by row
            raise
    return batches.lines(file, batch, first_row, config)


def _batches(file: SourceFile) -> tuple[Any, Iterator[Any]]:
    """The schema and the rows of a file. Raises DedupError, or what pyarrow finds wrong with it."""
    import pyarrow as pa

    with opened(file) as source:
        mark = source.read(8)
    if mark.startswith(FEATHER_MARK):
        raise DedupError(file.path, "is in the first version of Feather", "write it again in the second, or as Parquet")
    mapped = pa.memory_map(str(file.content))
    if mark.startswith(footer.MARK):
        reader = pa.ipc.open_file(mapped)
        whole = (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        reader = pa.ipc.open_stream(mapped)
        whole = iter(reader)
    slices = (batch.slice(first, ROWS_MAX) for batch in whole for first in range(0, batch.num_rows, ROWS_MAX))
    return reader.schema, slices


# --- and back --------------------------------------------------------------------------------------------------


def kept_rows(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: Out, advance: Callable[[int], None]
) -> None:
    """Writes rows of an Arrow file, with all columns, as such a file; see `parquet.kept_rows`."""
    rows = rows_of(file, kept)
    check_unchanged(file)
    try:
        schema, found = _batches(file)
    except batches.faults() as error:
        raise has_changed(file, str(error)) from error
    with _writer(file, schema, out) as writer:
        at = 0
        for group in batches.groups(batches.chosen(file, found, rows, texts)):
            writer.write_table(group)
            advance(int(np.diff(kept[at : at + len(group)], axis=1).sum()))
            at += len(group)


def _writer(file: SourceFile, schema: Any, out: Out) -> Any:
    import pyarrow as pa

    with opened(file) as source:
        is_file = source.read(len(footer.MARK)) == footer.MARK
    options = pa.ipc.IpcWriteOptions(compression=footer.compression(file.content), unify_dictionaries=is_file)
    return (pa.ipc.new_file if is_file else pa.ipc.new_stream)(out, schema, options=options)
