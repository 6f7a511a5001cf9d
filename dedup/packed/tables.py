"""Tables in memory become JSON lines in a spool, and findings in columns become Arrow tables.

1. Whatever offers the Arrow PyCapsule interface (pandas, polars, pyarrow and others) is taken without a copy where its
   own memory allows it; datasets of Hugging Face give their Arrow table; other iterables give strings, or mappings.
   A series, or an array, is a column of texts; None among strings is a row without a text.
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
    """The Arrow table of what holds documents; a column alone is one of texts. Raises DedupError if there is none."""
    import pyarrow as pa

    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        try:
            return _of_arrow(data, text)
        except (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError) as error:
            told = [one for one in error.args if isinstance(one, str)]
            reason = str(error) if isinstance(error, UnicodeError) else "; ".join(told) or type(error).__name__
            problem = f"is a {type(data).__name__} that cannot be taken as an Arrow table ({reason})"
            remedy = "give the values of each column one kind, and texts without surrogates"
            raise DedupError(NAME, problem, remedy) from error
    if hasattr(data, "with_format") and hasattr(data, "iter"):  # a dataset of Hugging Face, or a stream of one
        formatted = data.with_format("arrow")
        return formatted[:] if hasattr(data, "num_rows") else pa.concat_tables(formatted.iter(batch_size=ROWS_MAX))
    if isinstance(data, str | bytes | Mapping) or not isinstance(data, Iterable):
        raise DedupError(NAME, f"cannot be made of a {type(data).__name__}", _instead(data))
    return _of_rows(data, text)


def _of_arrow(data: Any, text: str) -> Any:
    """The table of what offers the interface: of rows, or of texts alone."""
    import pyarrow as pa
    from pyarrow import types

    if hasattr(data, "__arrow_c_stream__"):
        try:
            reader = pa.RecordBatchReader.from_stream(data)
        except pa.ArrowInvalid:  # the schema of a column is none of a table; else this raises again
            column = pa.chunked_array(data)
        else:
            return reader.read_all()
    else:
        array = pa.array(data)
        if types.is_struct(array.type):
            return pa.Table.from_batches([pa.record_batch(data)])
        column = pa.chunked_array([array])
    return pa.table({text: _as_text(column)})


def _as_text(column: Any) -> Any:
    """A column of texts, of which none is known where all are missing."""
    import pyarrow as pa

    return column.cast(pa.string()) if column.type == pa.null() else column


def _instead(data: Any) -> str:
    """What to give for something that holds no documents as it is."""
    if isinstance(data, Mapping) and data and all(hasattr(one, "with_format") for one in data.values()):
        return "choose one of its splits: " + ", ".join(f"[{name!r}]" for name in list(data)[:20])
    if callable(getattr(data, "collect", None)):
        return "collect it first: give what its .collect() gives"
    return "give a table, a data frame, or an iterable of strings or mappings"


def _of_rows(rows: Iterable[Any], text: str) -> Any:
    import pyarrow as pa

    columns: dict[str, list[Any]] = {}
    count = 0
    for number, row in enumerate(rows):
        values = {text: row} if row is None or isinstance(row, str) else row
        if not isinstance(values, Mapping):
            problem = f"is a {type(row).__name__}, neither a string nor a mapping"
            raise DedupError(f"{NAME}, row {number + 1}", problem, "give what its text is")
        for name in values:
            if name not in columns:
                columns[name] = [None] * number
        for name, column in columns.items():
            column.append(values.get(name))
        count += 1
    try:
        arrays = {name: pa.array(column) for name, column in (columns if count else {text: []}).items()}
    except UnicodeEncodeError as error:
        raise _surrogate(columns, error) from error
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        problem = f"has values of several kinds in one column ({error})"
        raise DedupError(NAME, problem, "give those of a column one kind") from error
    return pa.table({name: _as_text(array) if name == text else array for name, array in arrays.items()})


def _surrogate(columns: Mapping[str, list[Any]], error: UnicodeEncodeError) -> DedupError:
    """The problem with half of a surrogate pair, at the first row that has one."""
    places = ((row, name) for name, column in columns.items() for row, value in enumerate(column) if _is_broken(value))
    row, name = next(places, (None, None))
    place = NAME if row is None else f"{NAME}, row {row + 1}"
    problem = "is no Unicode text" if name is None else f"is no Unicode text in the column `{name}`"
    return DedupError(place, f"{problem} ({error.reason})", "mend or remove it")


def _is_broken(value: object) -> bool:
    """Whether a value is a string that cannot be written."""
    try:
        return isinstance(value, str) and value.encode() is None
    except UnicodeEncodeError:
        return True


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
