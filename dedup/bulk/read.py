"""Sources become partitions, and a partition its texts: one UTF-8 buffer, offsets into it, ids and locators.

1. `partitions` cuts JSONL files into byte ranges of about PARTITION_BYTES and gathers text files into groups of that
   size. A partition is a name for bytes, not the bytes: whoever works on it reads them.
2. A range begins after the first line end at or after its start (or at the start of the file) and ends with the line
   that its stop falls into, so ranges need not know of each other.
3. `texts` has the rows of a range parsed all at once (`columns`); those with anything unusual in them (a broken line,
   an empty text) are read again, one by one, by `read` and `clean`, which say what is wrong, and put in their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup import clean, edits, losses, read
from dedup.bulk import columns
from dedup.config import Config
from dedup.model import DedupError, Document, Raw, SourceFile

PARTITION_BYTES = 16 << 20
PARTITION_FILES = 10_000
SLACK_BYTES = 64
"""Readable bytes that the kernels want after the last text."""
LOOK_BYTES = 1 << 18
"""Bytes in which line ends are looked for at a time: what is made of them stays in the processor's cache."""
SKIP_BYTES = 1 << 20
"""Bytes read at a time where a line is passed over."""
LINE_END = 10

I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Partition:
    """Text files, or one JSONL file and the range of its bytes."""

    files: tuple[SourceFile, ...]
    start_byte: int = 0
    stop_byte: int = 0

    @property
    def size_bytes(self) -> int:
        return self.stop_byte - self.start_byte or sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Texts:
    """The documents of a partition.

    buffer: (bytes + SLACK_BYTES,) uint8, their texts in UTF-8, encoding repaired. offsets: (n + 1,) int64. ids: n, ""
    for a row without one. rows: (n,) int64, the line or file of the partition that each is, from 0. starts, stops:
    (n,) int64, bytes in the file. notable: those that were not read as sound UTF-8, by number. problems: by row. lines:
    how many the partition has. origins: (n,) uint64, see `Corpus`, None if no row tells.
    """

    partition: Partition
    buffer: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    ids: list[str]
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    notable: dict[int, Document]
    problems: list[tuple[int, DedupError]]
    lines: int
    origins: NDArray[np.uint64] | None = None


def partitions(files: Iterable[SourceFile]) -> Iterator[Partition]:
    """The partitions of the files, in their order."""
    group: list[SourceFile] = []
    for file in files:
        if file.holds_records:
            for start in range(0, max(1, file.size_bytes), PARTITION_BYTES):
                yield Partition((file,), start, min(file.size_bytes, start + PARTITION_BYTES))
            continue
        group.append(file)
        if sum(one.size_bytes for one in group) >= PARTITION_BYTES or len(group) >= PARTITION_FILES:
            yield Partition(tuple(group))
            group = []
    if group:
        yield Partition(tuple(group))


def texts(partition: Partition, config: Config) -> Texts:
    """The documents of a partition; what is none stands under `problems`."""
    (first, *_) = partition.files
    if not first.holds_records:
        return _of_files(partition, config)
    try:
        data, start = _range(partition, config)
    except OSError as error:
        problem = DedupError(first.path, f"cannot be read ({error.strerror})", "check the file and its permissions")
        return _gathered(partition, [], [], [(0, problem)], 0)
    stops = _line_stops(data)
    starts = np.concatenate((np.zeros(1, np.int64), stops))[: len(stops)]
    path = first.path
    blocks, odd_rows = columns.blocks(data, starts, stops, columns.FIELDS, config.document_bytes_max)
    raws = (
        (first + row, raw)
        for first, last in _stretches(odd_rows)
        for row, raw in read.rows(path, data[starts[first] : stops[last]], int(starts[first]) + start, config)
    )
    odd = _cleaned(partition, raws, len(stops))
    return _merged(blocks, odd, starts + start, stops + start) if blocks else odd


def _line_stops(data: bytes) -> NDArray[np.int64]:
    """Where each line of `data` ends, behind its line end if it has one."""
    values = np.frombuffer(data, np.uint8)
    pieces = [np.zeros(0, np.int64)]
    for first in range(0, len(values), LOOK_BYTES):
        pieces.append(np.flatnonzero(values[first : first + LOOK_BYTES] == LINE_END) + (first + 1))
    if data and not data.endswith(b"\n"):
        pieces.append(np.array([len(data)]))
    return np.concatenate(pieces)


def _range(partition: Partition, config: Config) -> tuple[bytes, int]:
    """The whole lines of a partition, and where in the file they begin.

    A last line that is longer than any document may be is not read to its end.
    """
    stop = partition.stop_byte
    with partition.files[0].readable.open("rb") as file:
        start = _line_start(file, partition.start_byte, stop)
        if start >= stop:
            return b"", start
        file.seek(stop - 1)
        rest = 0 if file.read(1) == b"\n" else len(file.readline(config.document_bytes_max + 1))
        file.seek(start)
        return file.read(stop + rest - start), start


def _line_start(file: BinaryIO, start: int, stop: int) -> int:
    """Where the first line begins that begins in a range of bytes, or its stop if none does."""
    if not start:
        return 0
    file.seek(start - 1)
    at = start - 1
    while at < stop:
        piece = file.readline(min(SKIP_BYTES, stop - at))
        at += len(piece)
        if not piece or piece.endswith(b"\n"):
            break
    return at


def padded(data: bytes) -> NDArray[np.uint8]:
    """A buffer of the bytes that kernels may read."""
    return _slack(np.frombuffer(data, np.uint8))


def _slack(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = np.empty(len(values) + SLACK_BYTES, np.uint8)
    buffer[: len(values)] = values
    buffer[len(values) :] = 0
    return buffer


def _stretches(rows: I64s) -> Iterator[tuple[int, int]]:
    """The first and the last row of each stretch of rows that follow one another."""
    for first, stop in columns.runs(rows, np.ones_like(rows)):
        yield int(rows[first]), int(rows[stop - 1])


def _merged(blocks: Sequence[columns.Block], odd: Texts, starts: I64s, stops: I64s) -> Texts:
    """The rows in columns, and the odd ones in their places between them; `starts` and `stops` of all lines."""
    parts = [*blocks, *([_block(odd)] if len(odd.rows) else [])]
    buffer, offsets, order = columns.assembled(parts, SLACK_BYTES)
    rows = np.concatenate([one.rows for one in parts])[order]
    ids = list(chain.from_iterable(one.ids for one in parts))
    notable = {int(np.searchsorted(rows, odd.rows[number])): one for number, one in odd.notable.items()}
    origins = None
    if any(one.origins is not None for one in parts):
        told = [np.zeros(len(one.rows), np.uint64) if one.origins is None else one.origins for one in parts]
        origins = np.concatenate(told)[order]
    return Texts(
        odd.partition, buffer, offsets, [ids[at] for at in order.tolist()], rows, starts[rows], stops[rows],
        notable, odd.problems, odd.lines, origins,
    )  # fmt: skip


def _block(texts: Texts) -> columns.Block:
    offsets = texts.offsets
    values = texts.buffer[: int(offsets[-1])]
    return columns.Block(texts.rows, values, offsets[:-1], np.diff(offsets), texts.ids, texts.origins)


def _of_files(partition: Partition, config: Config) -> Texts:
    raws = ((row, raw) for row, file in enumerate(partition.files) for raw in read.contents(file, config))
    return _cleaned(partition, raws, len(partition.files))


def _cleaned(partition: Partition, raws: Iterable[tuple[int, Raw | DedupError]], lines: int) -> Texts:
    """The documents of what was read of each row, and the problems with what is none."""
    found: list[Document] = []
    rows: list[int] = []
    problems: list[tuple[int, DedupError]] = []
    for row, raw in raws:
        try:
            if isinstance(raw, DedupError):
                raise raw
            found.append(clean.document(raw))
            rows.append(row)
        except DedupError as error:
            problems.append((row, error))
    return _gathered(partition, found, rows, problems, lines)


def _gathered(
    partition: Partition,
    found: Sequence[Document],
    rows: Sequence[int],
    problems: list[tuple[int, DedupError]],
    lines: int,
) -> Texts:
    pieces = [mended(one) for one in found]
    offsets = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    return Texts(
        partition,
        padded(b"".join(pieces)),
        offsets,
        [one.id for one in found],
        np.array(rows, np.int64),
        np.array([one.locator.start_byte for one in found], np.int64),
        np.array([one.locator.stop_byte for one in found], np.int64),
        {number: one for number, one in enumerate(found) if clean.is_notable(one)},
        problems,
        lines,
        np.array([losses.origin(one.source) for one in found], np.uint64) if any(one.source for one in found) else None,
    )


def mended(document: Document) -> bytes:
    return edits.applied(document.text, document.repairs).encode("utf-8", "surrogatepass")
