"""JSON lines become columns, and the rows that want a closer look are told.

1. A row is odd if its line is over the limit, or does not begin and end as an object does. Between an object and the
   next one inside a record stands a comma, so lines that do hold whole records only, and as many records as lines are
   one on each.
2. The others are parsed by pyarrow all at once, as records with ids that are strings, or whole numbers if the first
   one's is. Where pyarrow finds fault with them, they are cut into PARTS_PER_CUT parts, each parsed by itself, and so
   on, until few rows are left, which are odd.
3. Of rows that were parsed, those without a text, with a blank one, or with broken encoding in it are odd.

Limits: ids that are neither strings nor whole numbers of 64 bits make their rows odd, at a tenth of the speed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import losses, mojibake

FIELDS = ("id", "text", "source")
PARTS_PER_CUT = 16
ROWS_MIN = 1000
"""Rows from which it pays to have pyarrow look at them."""
LOOK_BYTES = 256
"""Bytes of a text in which something is sought that is not white space, before all of it is looked through."""
END_SPACES_MAX = 4
"""White space behind a record, its line end counted, with which its row is not yet odd."""
_SOURCE_TOLD = re.compile(rb'"source"\s*:\s*"')
_SPACE_HEADS = np.array([0xC285, 0xC2A0, 0xE19A, 0xE280, 0xE281, 0xE380], np.uint16)
"""What the UTF-8 of white space outside ASCII begins with."""

I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows in columns.

    rows: (n,) int64, in ascending order. values: uint8, UTF-8. begins, lengths: (n,) int64, where in them the texts
    are. ids: n, "" for a row without one; none at all if they were not asked for. origins: (n,) uint64, see `Corpus`,
    None if no row tells.
    """

    rows: I64s
    values: NDArray[np.uint8]
    begins: I64s
    lengths: I64s
    ids: list[str]
    origins: NDArray[np.uint64] | None


def blocks(
    data: bytes, starts: I64s, stops: I64s, names: tuple[str, ...], line_bytes_max: int
) -> tuple[list[Block], I64s]:
    """The rows of lines of `data` in columns, and the numbers of those that are odd; `names` are the fields to read."""
    is_sound = (stops - starts <= line_bytes_max) & _are_whole(np.frombuffer(data, np.uint8), starts, stops)
    found, odd, waiting = [], [np.flatnonzero(~is_sound)], [np.flatnonzero(is_sound)]
    while waiting:
        rows = waiting.pop()
        block = _block(_joined(data, starts, stops, rows), rows, names) if len(rows) else None
        if block is not None:
            is_odd = _are_odd(block)
            odd.append(rows[is_odd])
            found.append(_chosen(block, ~is_odd) if is_odd.any() else block)
        elif len(rows) <= ROWS_MIN:
            odd.append(rows)
        else:
            waiting += np.array_split(rows, PARTS_PER_CUT)
    return found, np.sort(np.concatenate(odd))


def block_of(rows: I64s, texts: Sequence[bytes]) -> Block:
    """Texts by themselves, without ids."""
    lengths = np.array([len(text) for text in texts], np.int64)
    values = np.frombuffer(b"".join(texts), np.uint8)
    return Block(rows, values, np.cumsum(lengths) - lengths, lengths, [], None)


def assembled(parts: Sequence[Block], slack_bytes: int) -> tuple[NDArray[np.uint8], I64s, I64s]:
    """The texts of blocks in the order of their rows: a buffer of them, with so many bytes behind the last; (n + 1,)
    where each begins; and (n,) which of the rows, one block behind another, each is."""
    values = (
        parts[0].values if len(parts) == 1 else np.concatenate([np.zeros(0, np.uint8), *(one.values for one in parts)])
    )
    bases = accumulate((len(one.values) for one in parts), initial=0)
    none = np.zeros(0, np.int64)
    order = np.argsort(np.concatenate([none, *(one.rows for one in parts)]), kind="stable")
    begins = np.concatenate([none, *(one.begins + base for one, base in zip(parts, bases, strict=False))])[order]
    lengths = np.concatenate([none, *(one.lengths for one in parts)])[order]
    offsets = np.zeros(len(order) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    buffer = np.empty(int(offsets[-1]) + slack_bytes, np.uint8)
    buffer[offsets[-1] :] = 0
    for first, last in runs(begins, lengths):
        start, stop = offsets[first], offsets[last]
        buffer[start:stop] = values[begins[first] : begins[first] + stop - start]
    return buffer, offsets, order


def runs(begins: I64s, lengths: I64s) -> Iterator[tuple[int, int]]:
    """The stretches, first and behind last, of which each part begins where the one before it ends."""
    cuts = np.flatnonzero(begins[1:] != begins[:-1] + lengths[:-1]) + 1
    bounds = [0, *cuts.tolist(), len(begins)]
    return ((first, last) for first, last in pairwise(bounds) if first < last)


def _are_whole(values: NDArray[np.uint8], starts: I64s, stops: I64s) -> NDArray[np.bool_]:
    """Which lines begin and end as an object does."""
    found = np.zeros(len(starts), np.bool_)
    begun = np.flatnonzero(values[starts] == ord("{"))
    lasts = stops[begun] - 1
    for _ in range(END_SPACES_MAX):
        lasts -= np.isin(values[lasts], np.frombuffer(b"\n\r\t ", np.uint8))
    found[begun] = values[lasts] == ord("}")
    return found


def _joined(data: bytes, starts: I64s, stops: I64s, rows: I64s) -> bytes:
    """The lines of these rows."""
    spans = runs(starts[rows], (stops - starts)[rows])
    return b"".join([data[starts[rows[first]] : stops[rows[last - 1]]] for first, last in spans])


def _block(data: bytes, rows: I64s, names: tuple[str, ...]) -> Block | None:
    """The records of lines in columns, or None if one of them is none, or none that pyarrow understands."""
    if not _is_utf8(data):
        return None
    table = _table(data, names)
    if table is None or table.num_rows != len(rows):
        return None
    text = table.column("text").combine_chunks()
    if not hasattr(text, "buffers"):
        return None
    _, at, held = text.buffers()
    offsets = np.frombuffer(at, np.int32)[text.offset : text.offset + len(text) + 1].astype(np.int64)
    values = np.zeros(0, np.uint8) if held is None else np.frombuffer(held, np.uint8)[: offsets[-1]]
    ids = [] if "id" not in names else _ids(table.column("id"))
    origins = _origins(table.column("source")) if "source" in table.schema.names else None
    return Block(rows, values, offsets[:-1], np.diff(offsets), ids, origins)


def _table(data: bytes, names: tuple[str, ...]) -> Any:
    """The Arrow table of JSON lines, these fields only, or None if pyarrow finds fault with them."""
    for kind in _kinds_of_ids(data) if "id" in names else ("string",):
        table = _parsed(data, names, kind)
        if table is None and "source" in names and b'"source"' in data and not _SOURCE_TOLD.search(data):
            table = _parsed(data, tuple(name for name in names if name != "source"), kind)  # none is a string
        if table is not None:
            return table
    return None


def _kinds_of_ids(data: bytes) -> tuple[str, ...]:
    """What the ids of all lines may be, by the first: with another kind among them, pyarrow finds fault at once."""
    try:
        name = json.loads(data[: data.find(b"\n") + 1] or data).get("id")
    except (ValueError, RecursionError):
        return ()
    if name is None:
        return ("string", "int64")
    return ("string",) if isinstance(name, str) else ("int64",) if type(name) is int else ()


def _parsed(data: bytes, names: tuple[str, ...], kind_of_ids: str) -> Any:
    import pyarrow as pa
    from pyarrow import json as records

    kinds = [kind_of_ids if name == "id" else "string" for name in names]
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in zip(names, kinds, strict=True)])
    try:
        return records.read_json(
            pa.BufferReader(data),
            read_options=records.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=records.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None


def _ids(column: Any) -> list[str]:
    names: list[str] = column.cast("string").fill_null("").to_pylist()
    return names


def _origins(column: Any) -> NDArray[np.uint64] | None:
    """The origins of rows by the sources that they name, each of these hashed once."""
    if column.null_count == len(column):
        return None
    coded = column.combine_chunks().dictionary_encode()
    known = [losses.origin(name) for name in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(known)).to_numpy()
    return np.array([*known, 0], np.uint64)[codes] if any(known) else None


# --- odd rows --------------------------------------------------------------------------------------------------


def _are_odd(block: Block) -> NDArray[np.bool_]:
    """Which texts are missing, blank, or were read in another encoding than they were written in."""
    odd: NDArray[np.bool_] = block.lengths == 0
    rows = np.flatnonzero(~odd)
    if not len(rows):
        return odd
    begins, lengths = block.begins[rows], block.lengths[rows]
    for at in np.flatnonzero(_may_be_blank(block.values, begins, lengths)).tolist():
        odd[rows[at]] = _is_blank(block.values[begins[at] : begins[at] + lengths[at]])
    for at in np.flatnonzero(np.maximum.reduceat(block.values, begins) >= 128).tolist():
        text = block.values[begins[at] : begins[at] + lengths[at]].tobytes().decode("utf-8", "surrogatepass")
        odd[rows[at]] |= bool(mojibake.repairs(text))
    return odd


def _may_be_blank(values: NDArray[np.uint8], begins: I64s, lengths: I64s) -> NDArray[np.bool_]:
    """Which texts, none of them empty, begin with what may be white space."""
    heads = values[begins]
    seconds = values[np.minimum(begins + 1, len(values) - 1)]
    pairs = heads.astype(np.uint16) << 8 | seconds
    found: NDArray[np.bool_] = (heads <= ord(" ")) | np.isin(pairs, _SPACE_HEADS)
    return found


def _is_blank(text: NDArray[np.uint8]) -> bool:
    head = text[:LOOK_BYTES].tobytes().decode("utf-8", "ignore")
    return not head.strip() and not text.tobytes().decode("utf-8", "surrogatepass").strip()


def _chosen(block: Block, chosen: NDArray[np.bool_]) -> Block:
    numbers = np.flatnonzero(chosen)
    return Block(
        block.rows[numbers],
        block.values,
        block.begins[numbers],
        block.lengths[numbers],
        [block.ids[number] for number in numbers.tolist()] if block.ids else [],
        None if block.origins is None or not block.origins[numbers].any() else block.origins[numbers],
    )


def _is_utf8(data: bytes) -> bool:
    """Asked of Arrow, which lets other threads run meanwhile."""
    import pyarrow as pa

    offsets = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
