"""Arrow batches become rows of lines, and rows are chosen from batches: what Parquet, Arrow files and tables in memory
have in common.

Limits: a column that repeats one huge text by reference is as long as all its repetitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed import views
from dedup.packed.unpacked import broken, line, missing_column

ROW_GROUP_BYTES = 64 << 20
"""Bytes gathered before they are written as a group: readers want groups large, memory wants them small."""


def faults() -> tuple[type[Exception], ...]:
    """What pyarrow raises where a file is damaged."""
    import pyarrow as pa

    return (pa.ArrowException, OSError)


def columns(file: SourceFile, schema: Any, config: Config) -> list[str]:
    """The columns of a table that are read. Raises DedupError if it has no texts."""
    if config.text_column not in schema.names:
        raise missing_column(file.path, config.text_column, schema.names, "--text-column")
    used = [name for name in (config.id_column, config.text_column) if name in schema.names]
    for name in used:
        if schema.names.count(name) > 1:
            raise DedupError(file.path, f"has several columns `{name}`", "leave one of them")
        is_text = name == config.text_column
        if not _is_usable(schema.field(name).type, is_text):
            kind, wanted = schema.field(name).type, "text" if is_text else "text or numbers"
            raise DedupError(file.path, f"has {kind} in the column `{name}`, not {wanted}", "write it as strings")
    source = config.source_column
    if schema.names.count(source) == 1 and _is_usable(schema.field(source).type, True):
        used.append(source)
    return used


def _is_usable(kind: Any, is_text: bool) -> bool:
    from pyarrow import types

    value = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_string(value) or types.is_large_string(value) or types.is_string_view(value):
        return True
    return not is_text and bool(types.is_integer(value) or types.is_floating(value) or types.is_null(value))


def lines(file: SourceFile, batch: Any, first_row: int, config: Config) -> Iterator[bytes | DedupError]:
    """The rows of a batch as lines; `first_row` is that of the first, from 0."""

    def values(name: str) -> Iterable[object]:
        return _values(batch.column(name)) if name in batch.schema.names else repeat(None, batch.num_rows)

    names = (config.id_column, config.source_column, config.text_column)
    told = zip(*map(values, names), strict=True)
    return (line(file, row, *one) for row, one in enumerate(told, first_row + 1))


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


def chosen(
    file: SourceFile, batches: Iterator[Any], rows: NDArray[np.int64], texts: Mapping[int, str]
) -> Iterator[Any]:
    """The chosen rows of batches; those for which there is another text, with that. Raises DedupError."""
    first = at = 0
    while at < len(rows):
        try:
            batch = next(batches, None)
        except faults() as error:
            raise broken(file, first, error) from error
        if batch is None:
            raise DedupError(file.path, "is not what it was when it was read (it has fewer rows)", "run it again")
        stop = int(np.searchsorted(rows, first + batch.num_rows))
        wanted = np.zeros(batch.num_rows, bool)
        wanted[rows[at:stop] - first] = True
        kept = views.filtered(batch, wanted)
        yield _replaced(kept, [texts.get(place) for place in range(at, stop)], file.text_column)
        first, at = first + batch.num_rows, stop


def _replaced(batch: Any, texts: Sequence[str | None], column: str) -> Any:
    """The rows with these texts, and their own where there is None."""
    import pyarrow as pa

    if not any(text is not None for text in texts):
        return batch
    place = batch.schema.get_field_index(column)
    own = batch.column(place)
    values = [new if new is not None else old for new, old in zip(texts, own.to_pylist(), strict=True)]
    return batch.set_column(place, batch.schema.field(place), pa.array(values, own.type))


def groups(batches: Iterator[Any]) -> Iterator[Any]:
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
