"""Tables in memory become JSON lines in a spool, and findings in columns become Arrow tables.

1. Whatever offers the Arrow PyCapsule interface (pandas, polars, pyarrow and others) is taken without a copy where its
   own memory allows it; datasets of Hugging Face give their Arrow table; other iterables give strings, or mappings.
2. The columns of text, id and source become lines, a slice of rows at a time, since a scan reads texts again.

Limits: `unpacked_bytes_max` for the lines. Source: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed import batches, views
from dedup.packed.unpacked import Lines, missing_column
from dedup.spool import Spool

ROWS_MAX = 4096
NAME = "table"
"""What a table in memory is called in ids and places."""


def table(data: Any, text: str) -> Any:
    """The Arrow table of what holds documents. Raises DedupError if it holds none."""
    import pyarrow as pa

    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data).read_all()
    if hasattr(data, "__arrow_c_array__"):
        return pa.Table.from_batches([pa.record_batch(data)])
    if hasattr(data, "with_format") and hasattr(data, "iter"):  # a dataset of Hugging Face, or a stream of one
        formatted = data.with_format("arrow")
        return formatted[:] if hasattr(data, "num_rows") else pa.concat_tables(formatted.iter(batch_size=ROWS_MAX))
    if isinstance(data, str | bytes | Mapping) or not isinstance(data, Iterable):
        problem = f"cannot be made of a {type(data).__name__}"
        raise DedupError(NAME, problem, "give a table, a data frame, or an iterable of strings or mappings")
    return _of_rows(data, text)


def _of_rows(rows: Iterable[Any], text: str) -> Any:
    import pyarrow as pa

    columns: dict[str, list[Any]] = {text: []}
    for number, row in enumerate(rows):
        values = {text: row} if isinstance(row, str) else row
        if not isinstance(values, Mapping):
            problem = f"is a {type(row).__name__}, neither a string nor a mapping"
            raise DedupError(f"{NAME}, row {number + 1}", problem, "give what its text is")
        for name in values.keys() - columns.keys():
            columns[name] = [None] * number
        for name, column in columns.items():
            column.append(values.get(name))
    try:
        return pa.table(columns)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        problem = f"has values of several kinds in one column ({error})"
        raise DedupError(NAME, problem, "give those of a column one kind") from error


def check_columns(data: Any, asked: Mapping[str, str]) -> None:
    """Raises DedupError if a table lacks columns that were asked for; asked: their names, by what names them."""
    for option, column in asked.items():
        if column not in data.schema.names:
            raise missing_column(NAME, column, data.schema.names, option)


def spooled(data: Any, has_ids: bool, spool: Spool, config: Config) -> tuple[SourceFile, tuple[DedupError, ...]]:
    """A table as a file of lines, and the problems with its rows. Raises DedupError if it has no texts."""
    file = SourceFile(Path(NAME), NAME, 0, "arrow", text_column=config.text_column)
    columns = batches.columns(file, data.schema, config)
    used = data.select([name for name in columns if has_ids or name != config.id_column])
    target = spool.path(".jsonl")
    try:
        with Lines(file, target, config) as out:
            for batch in used.to_batches(max_chunksize=ROWS_MAX):
                out.write(batches.lines(file, batch, out.rows, config))
            done = out.done()
    except OSError as error:
        problem = f"cannot be written into a temporary file ({error.strerror or error})"
        raise DedupError(NAME, problem, "make room, or name a folder with more of it in TMPDIR") from error
    return replace(file, unpacked=target, size_bytes=done.size_bytes), done.problems


def of_rows(data: Any, rows: NDArray[np.int64]) -> Any:
    """Rows of a table, by number, in their order there."""
    import pyarrow as pa

    wanted = np.zeros(data.num_rows, bool)
    wanted[rows] = True
    plain = views.without_views(data)  # whoever is given rows may want to choose among them in turn
    kept, first = [], 0
    for batch in plain.to_batches():
        kept.append(views.filtered(batch, wanted[first : first + batch.num_rows]))
        first += batch.num_rows
    return pa.Table.from_batches(kept, plain.schema)


def of_columns(columns: Mapping[str, Any]) -> Any:
    """A table of columns: arrays, lists, or masked arrays, of which what is masked is null."""
    import pyarrow as pa

    arrays = {
        name: pa.array(column.data, mask=np.ma.getmaskarray(column))
        if isinstance(column, np.ma.MaskedArray)
        else pa.array(column)
        for name, column in columns.items()
    }
    return pa.table(arrays)
