"""Rows are chosen from Arrow columns of any kind: of views of strings and bytes too, however deep they are nested.

1. Whatever pyarrow can filter, it filters.
2. Views become strings, of which it chooses rows, and these views again: so they refer to no more than they need.
3. Where even that cannot be done, rows are slices of the column, one behind the other.

Limits: slices of views refer to all that the views did, which is written with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def filtered(batch: Any, wanted: NDArray[np.bool_]) -> Any:
    """The wanted rows of a batch, with its schema."""
    import pyarrow as pa

    try:
        return batch.filter(pa.array(wanted))
    except pa.ArrowNotImplementedError:
        columns = [_filtered(column, wanted) for column in batch.columns]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _filtered(column: Any, wanted: NDArray[np.bool_]) -> Any:
    import pyarrow as pa

    mask = pa.array(wanted)
    try:
        return column.filter(mask)
    except pa.ArrowNotImplementedError:
        pass
    try:
        return column.cast(_plain(column.type)).filter(mask).cast(column.type)
    except pa.ArrowException:
        edges = np.flatnonzero(np.diff(wanted.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        return pa.concat_arrays([column.slice(0, 0), *(column.slice(start, stop - start) for start, stop in edges)])


def without_views(table: Any) -> Any:
    """The table with strings and bytes in the place of views of them, wherever that can be."""
    import pyarrow as pa

    for number, field in enumerate(table.schema):
        kind = _plain(field.type)
        if kind != field.type:
            try:
                column = table.column(number).cast(kind)
            except pa.ArrowException:
                continue
            table = table.set_column(number, field.with_type(kind), column)
    return table


def _plain(kind: Any) -> Any:
    """A kind of column with strings and bytes in the place of views of them."""
    import pyarrow as pa
    from pyarrow import types

    def plain(field: Any) -> Any:
        return field.with_type(_plain(field.type))

    if types.is_string_view(kind) or types.is_binary_view(kind):
        return pa.large_string() if types.is_string_view(kind) else pa.large_binary()
    if types.is_struct(kind):
        return pa.struct([plain(kind.field(number)) for number in range(kind.num_fields)])
    if types.is_map(kind):
        return pa.map_(plain(kind.key_field), plain(kind.item_field), keys_sorted=kind.keys_sorted)
    if types.is_fixed_size_list(kind):
        return pa.list_(plain(kind.value_field), kind.list_size)
    if types.is_list(kind) or types.is_large_list(kind):
        return (pa.list_ if types.is_list(kind) else pa.large_list)(plain(kind.value_field))
    return kind
