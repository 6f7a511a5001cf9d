"""What partitions were read to becomes a corpus: its documents by id, in columns, without a Python object for each.

1. `listed` puts what a report needs of a partition's documents into the store; a partition need not know how many lines
   stood before it.
2. `corpus` counts these lines, names the records that have no id by them, and puts the ids of all partitions one behind
   another, in UTF-8.
3. Ids that ascend already, as most do, are left where they are. Others are sorted by their first bytes after those that
   all share, as numbers, and where these are equal as a whole. Bytes of UTF-8 sort as the characters do.
4. The second of two documents with one id is a problem, and is left out.

Limits: a document has less than 2**31 words, a partition less than 2**31 lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from dedup import clean
from dedup.bulk.read import Partition, Texts
from dedup.engines.store import Block, Columns
from dedup.model import Corpus, DedupError, Document, SourceFile

IDS_AT_A_TIME = 1 << 16
"""Ids that become Python strings at a time, where all are asked for in turn."""
LEFT_OUT = np.uint32(0xFFFFFFFF)
"""The number of what is no document of the corpus."""

I64s = NDArray[np.int64]


class Ids(Sequence[str]):
    """Strings, UTF-8 one behind another: some 14 bytes each instead of 70. offsets: (n + 1,), where each begins."""

    __slots__ = ("_data", "_offsets")

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[Any]) -> None:
        self._data, self._offsets = data, offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            first, last, step = number.indices(len(self))
            return self._some(first, max(first, last)) if step == 1 else [self[one] for one in range(first, last, step)]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        place = number % len(self)
        return _decoded(self._data[self._offsets[place] : self._offsets[place + 1]].tobytes())

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), IDS_AT_A_TIME):
            yield from self._some(first, min(len(self), first + IDS_AT_A_TIME))

    def _some(self, first: int, last: int) -> list[str]:
        bounds = self._offsets[first : last + 1].tolist()
        data = self._data[bounds[0] : bounds[-1]].tobytes()
        places = [bound - bounds[0] for bound in bounds]
        if data.isascii():
            text = data.decode("ascii")
            return [text[start:stop] for start, stop in pairwise(places)]
        return [_decoded(data[start:stop]) for start, stop in pairwise(places)]


@dataclass(frozen=True, slots=True)
class Listed:
    """The documents of a partition, in the store. names: their ids in UTF-8, lengths: bytes of each, 0 for one without.

    words: int32, tokens of each. rows, starts, stops, notable, problems, lines, origins: see `Texts`. end: of the last
    record.
    """

    partition: Partition
    documents: int
    names: Block
    lengths: Block
    words: Block
    rows: Block
    starts: Block
    stops: Block
    notable: dict[int, Document]
    problems: list[tuple[int, DedupError]]
    lines: int
    end: int
    origins: Block | None


def listed(texts: Texts, words: NDArray[np.int32], store: Columns) -> Listed:
    """What is kept of a partition's documents; `words` are how many tokens each has."""
    names, lengths = _encoded(texts.ids)
    return Listed(
        texts.partition,
        len(texts.rows),
        store.put(names),
        store.put(lengths),
        store.put(words),
        store.put(texts.rows.astype(np.int32)),
        store.put(texts.starts),
        store.put(texts.stops),
        texts.notable,
        texts.problems,
        texts.lines,
        int(texts.stops.max(initial=0)),
        None if texts.origins is None else store.put(texts.origins),
    )


def corpus(found: Sequence[Listed], store: Columns) -> tuple[Corpus, list[DedupError], NDArray[np.uint32]]:
    """The documents of all partitions by id, the problems with what is none, and each document's number in reading
    order, LEFT_OUT for one whose id is taken."""
    before, problems = _lines_before(found)
    ids = _ids(found, before, store)
    order, doubles = _order(ids)
    sources = list({str(file.path): file for one in found for file in one.partition.files}.values())
    files = _files(found, sources, store)
    firsts = list(accumulate((one.documents for one in found), initial=0))

    def place(number: int) -> str:
        at = int(np.searchsorted(firsts, number, side="right")) - 1
        line = int(store.whole(found[at].rows)[number - firsts[at]]) + before[at] + 1
        file = sources[int(files[number])]
        return file.place(line if file.holds_records else 0)

    problems += [clean.id_taken(ids[number], place(number), place(first)) for number, first in doubles]
    numbers = np.arange(len(ids), dtype=np.uint32)
    if order is not None:
        numbers[:] = LEFT_OUT
        numbers[order] = np.arange(len(order), dtype=np.uint32)
        ids, files = _taken(ids, order), files[order]
    places = np.int32 if max((one.end for one in found), default=0) < 1 << 31 else np.int64
    words = _gathered([one.words for one in found], np.int32, order, store)
    starts = _gathered([one.starts for one in found], places, order, store)
    stops = _gathered([one.stops for one in found], places, order, store)
    notable = {firsts[at] + row: document for at, one in enumerate(found) for row, document in one.notable.items()}
    kept = {int(numbers[number]): one for number, one in notable.items() if numbers[number] != LEFT_OUT}
    origins = _origins(found, order, store)
    return Corpus(ids, words, sources, files, starts, stops, kept, origins=origins), problems, numbers


def _lines_before(found: Sequence[Listed]) -> tuple[list[int], list[DedupError]]:
    """How many lines of its file stand before each partition; the problems of all, and files that hold no records."""
    counts: list[int] = []
    problems: list[DedupError] = []
    before = records = 0
    for position, one in enumerate(found):
        first = one.partition.files[0]
        before, records = (0, 0) if one.partition.start_byte == 0 else (before, records)
        counts.append(before)
        for row, problem in one.problems:
            where = first.place(before + row + 1) if first.holds_records else problem.path
            problems.append(DedupError(where, problem.problem, problem.remedy))
        records += one.documents + len(one.problems)
        before += one.lines
        ends = position + 1 == len(found) or found[position + 1].partition.start_byte == 0
        if first.holds_records and ends and not records:
            problems.append(DedupError(first.path, "is empty", "remove it, or put its records back"))
    return counts, problems


def _files(found: Sequence[Listed], sources: Sequence[SourceFile], store: Columns) -> NDArray[Any]:
    """Which of `sources` holds each document, in the smallest type for that."""
    numbers = {str(file.path): number for number, file in enumerate(sources)}
    files = np.empty(sum(one.documents for one in found), np.min_scalar_type(-1 - len(sources)))
    first = 0
    for one in found:
        own = np.array([numbers[str(file.path)] for file in one.partition.files], files.dtype)
        rows = 0 if one.partition.files[0].holds_records else store.whole(one.rows)
        files[first : first + one.documents] = own[rows]
        first += one.documents
    return files


def _origins(found: Sequence[Listed], order: I64s | None, store: Columns) -> NDArray[np.uint64] | None:
    """The origins of all documents, None if none has one."""
    if all(one.origins is None for one in found):
        return None
    told = [np.zeros(one.documents, np.uint64) if one.origins is None else store.whole(one.origins) for one in found]
    column = np.concatenate(told)
    for one in found:
        if one.origins is not None:
            store.drop(one.origins)
    return column if order is None else column[order]


def _gathered(blocks: Sequence[Block], dtype: Any, order: I64s | None, store: Columns) -> NDArray[Any]:
    """A column of all partitions, in order; the store gives its memory back."""
    column, filled = np.empty(sum(block.size for block in blocks), dtype), 0
    for block in blocks:
        column[filled : filled + block.size] = store.whole(block)
        filled += block.size
        store.drop(block)
    return column if order is None else column[order]


# --- ids -------------------------------------------------------------------------------------------------------


def _encoded(ids: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Strings in UTF-8, one behind another, and the bytes of each."""
    text = "".join(ids)
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8), np.fromiter(map(len, ids), np.int32, len(ids))
    pieces = [one.encode("utf-8", "surrogatepass") for one in ids]
    return np.frombuffer(b"".join(pieces), np.uint8), np.fromiter(map(len, pieces), np.int32, len(ids))


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _ids(found: Sequence[Listed], before: Sequence[int], store: Columns) -> Ids:
    """The ids of all documents in reading order; a record without one is named by its file and line."""
    pieces, lengths = [], []
    for one, lines in zip(found, before, strict=True):
        names, sizes = store.whole(one.names), store.whole(one.lengths)
        if not sizes.all():
            own = Ids(names, np.cumsum(np.append(0, sizes)))
            rows, file = store.whole(one.rows).tolist(), one.partition.files[0].id
            names, sizes = _encoded([name or f"{file}#{lines + row + 1}" for name, row in zip(own, rows, strict=True)])
        pieces.append(names)
        lengths.append(sizes)
        store.drop(one.names)
        store.drop(one.lengths)
    total = sum(map(len, pieces))
    offsets = np.zeros(sum(map(len, lengths)) + 1, np.int32 if total < 1 << 31 else np.int64)
    np.cumsum(np.concatenate([np.zeros(0, np.int32), *lengths]), out=offsets[1:])
    lengths.clear()
    data = np.concatenate([np.zeros(0, np.uint8), *pieces])
    return Ids(data, offsets)


def _arrow(ids: Ids) -> Any:
    """The ids as an Arrow array of bytes, not copied."""
    import pyarrow as pa

    kind = pa.binary() if ids._offsets.dtype == np.int32 else pa.large_binary()
    return pa.Array.from_buffers(kind, len(ids), [None, pa.py_buffer(ids._offsets), pa.py_buffer(ids._data)])


def _taken(ids: Ids, order: I64s) -> Ids:
    """The ids in another order."""
    import pyarrow as pa

    found = _arrow(ids).take(pa.array(order))
    _, offsets, data = found.buffers()
    values = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return Ids(values, np.frombuffer(offsets, ids._offsets.dtype)[: len(order) + 1])


def _order(ids: Ids) -> tuple[I64s | None, list[tuple[int, int]]]:
    """The numbers of the distinct ids in ascending order, None if that is all as they are; and of each further one with
    an id that is taken its number and the number of the first, in reading order."""
    from pyarrow import compute

    own = _arrow(ids)
    if len(ids) < 2 or compute.all(compute.less(own[:-1], own[1:])).as_py():
        return None, []
    order = _sorted(ids)
    ascending = own.take(order)
    again = np.append(False, compute.equal(ascending[:-1], ascending[1:]).to_numpy(zero_copy_only=False))
    heads = np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))
    doubles = zip(order[again].tolist(), order[heads[again]].tolist(), strict=True)
    return order[~again], sorted(doubles)


def _sorted(ids: Ids) -> I64s:
    """The numbers of the ids in ascending order, of equal ones in reading order."""
    from pyarrow import compute

    own = _arrow(ids)
    bounds = compute.min_max(own).as_py()
    lowest, highest = bounds["min"], bounds["max"]
    shared = next((at for at, (a, b) in enumerate(zip(lowest, highest, strict=False)) if a != b), len(lowest))
    keys = _keys(ids, shared)
    order = np.argsort(keys)
    keys = keys[order]
    tied = np.flatnonzero(keys[1:] == keys[:-1])
    if len(tied):
        tied = np.union1d(tied, tied + 1)
        members = np.sort(order[tied])
        order[tied] = members[compute.sort_indices(own.take(members)).to_numpy()]
    return order


def _keys(ids: Ids, skipped: int) -> NDArray[np.uint64]:
    """The eight bytes of every id behind the first ones, as a number; zeros where it ends before."""
    keys = np.empty(len(ids), np.uint64)
    room = np.append(ids._data, np.zeros(8, np.uint8))
    words = np.ndarray(len(room) - 7, ">u8", room, strides=(1,))
    for first in range(0, len(ids), IDS_AT_A_TIME):
        bounds = ids._offsets[first : first + IDS_AT_A_TIME + 1].astype(np.int64)
        starts = np.minimum(bounds[:-1] + skipped, bounds[1:])
        missing = np.maximum(0, 8 - (bounds[1:] - starts)).astype(np.uint64) * np.uint64(8)
        # What is shifted out and in again are the bytes of the next id; a shift by all 64 bits is left to `where`.
        shift = np.minimum(missing, np.uint64(63))
        kept = words[starts].astype(np.uint64) >> shift << shift
        keys[first : first + len(starts)] = np.where(missing == 64, 0, kept)
    return keys
