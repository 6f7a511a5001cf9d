"""Sources become partitions, and a partition its texts: one UTF-8 buffer, offsets into it, ids and locators.

1. `partitions` cuts JSONL files into byte ranges of about PARTITION_BYTES and gathers text files into groups of that
   size. A partition is a name for bytes, not the bytes: whoever works on it reads them.
2. A range begins after the first line end at or after its start (or at the start of the file) and ends with the line
   that its stop falls into, so ranges need not know of each other.
3. `texts` parses a range with pyarrow, all rows at once; a range with anything unusual in it (a broken line, an id
   that is no string, an empty text) is read again, line by line, by `read` and `clean`, which say what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from mmap import ACCESS_READ, mmap
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup import clean, edits, losses, mojibake, read
from dedup.config import Config
from dedup.model import Corpus, DedupError, Document, Locator, Raw, SourceFile

PARTITION_BYTES = 16 << 20
PARTITION_FILES = 10_000
BLANK_BYTES = 4
"""Bytes of a text below which it may hold nothing but white space or a byte-order mark."""
SLACK_BYTES = 64
"""Readable bytes that the kernels want after the last text."""
LOOK_BYTES = 1 << 18
"""Bytes in which line ends are looked for at a time: what is made of them stays in the processor's cache."""
SKIP_BYTES = 1 << 20
"""Bytes read at a time where a line is passed over."""
LINE_END = 10
FIELDS = ("id", "text", "source")


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
    columns = _columns(data, starts, stops, config, FIELDS)
    if columns is None:
        return _row_by_row(partition, data, start, config)
    buffer, offsets, ids, origins = columns
    rows = np.arange(len(stops), dtype=np.int64)
    return Texts(partition, buffer, offsets, ids, rows, starts + start, stops + start, {}, [], len(stops), origins)


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


_Columns = tuple[NDArray[np.uint8], NDArray[np.int64], list[str], NDArray[np.uint64] | None]


def _columns(
    data: bytes, starts: NDArray[np.int64], stops: NDArray[np.int64], config: Config, names: tuple[str, ...]
) -> _Columns | None:
    """Buffer, offsets, ids and origins of the rows, or None if anything in them wants a closer look."""
    if not len(stops) or int((stops - starts).max()) > config.document_bytes_max:
        return None
    if (np.frombuffer(data, np.uint8)[starts] != ord("{")).any() or not (data.isascii() or _is_utf8(data)):
        return None  # else two records on one line and a line without one would come out even
    table = _parsed(data, names)
    if table is None and len(names) > 2:
        table = _parsed(data, names[:2])  # sources that are no strings tell nothing
    if table is None or table.num_rows != len(stops):
        return None
    text = table.column("text").combine_chunks()
    if text.null_count or not hasattr(text, "buffers"):
        return None
    offsets = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1].astype(np.int64)
    values = np.frombuffer(text.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    offsets -= offsets[0]
    if _any_blank(values, offsets) or _is_mojibake(values):
        return None
    origins = _origins(table.column("source")) if "source" in table.schema.names else None
    return _slack(values), offsets, [name or "" for name in table.column("id").to_pylist()], origins


def _origins(column: Any) -> NDArray[np.uint64] | None:
    """The origins of rows by the sources that they name, each of these hashed once."""
    if column.null_count == len(column):
        return None
    coded = column.combine_chunks().dictionary_encode()
    known = [losses.origin(name) for name in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(len(known)).to_numpy()
    return np.array([*known, 0], np.uint64)[codes] if any(known) else None


def _parsed(data: bytes, names: tuple[str, ...]) -> Any:
    """The Arrow table of JSON lines, these fields only, or None if pyarrow finds fault with them."""
    import pyarrow as pa
    from pyarrow import json

    schema = pa.schema([(name, pa.string()) for name in names])
    try:
        return json.read_json(
            pa.BufferReader(data),
            read_options=json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid:
        return None


def _is_mojibake(values: NDArray[np.uint8]) -> bool:
    if int(values.max(initial=0)) < 128:
        return False
    return bool(mojibake.repairs(values.tobytes().decode("utf-8", "surrogatepass")))


def _any_blank(values: NDArray[np.uint8], offsets: NDArray[np.int64]) -> bool:
    """Whether a text is empty, or may hold nothing but white space and a byte-order mark."""
    if (np.diff(offsets) < BLANK_BYTES).any():
        return True
    suspects = np.flatnonzero(values[offsets[:-1]] <= ord(" "))
    return any(not values[offsets[one] : offsets[one + 1]].tobytes().strip() for one in suspects.tolist())


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def padded(data: bytes) -> NDArray[np.uint8]:
    """A buffer of the bytes that kernels may read."""
    return _slack(np.frombuffer(data, np.uint8))


def _slack(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    buffer = np.empty(len(values) + SLACK_BYTES, np.uint8)
    buffer[: len(values)] = values
    buffer[len(values) :] = 0
    return buffer


def _row_by_row(partition: Partition, data: bytes, start: int, config: Config) -> Texts:
    lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    return _cleaned(partition, read.rows(partition.files[0].path, data, start, config), lines)


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
    pieces = [_mended(one) for one in found]
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


def texts_at(corpus: Corpus, numbers: Sequence[int], config: Config) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts of documents of a corpus, read again: buffer and offsets as in `Texts`, in the order of `numbers`.

    Raises DedupError if a file is not what it was.
    """
    pieces: list[bytes] = [b""] * len(numbers)
    by_file: dict[int, list[int]] = {}
    for place, document in enumerate(numbers):
        by_file.setdefault(int(corpus.files[document]), []).append(place)
    for number, places in by_file.items():
        file = corpus.sources[number]
        if not file.holds_records:
            for place in places:
                pieces[place] = _mended(clean.document(read.raw_at(file, corpus.locator(numbers[place]), "")))
            continue
        with file.readable.open("rb") as source, mmap(source.fileno(), 0, access=ACCESS_READ) as data:
            lines = [data[corpus.starts[numbers[place]] : corpus.stops[numbers[place]]] for place in places]
        locators = [corpus.locator(numbers[place]) for place in places]
        for place, text in zip(places, _record_texts(lines, locators, config), strict=True):
            pieces[place] = text
    offsets = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    return padded(b"".join(pieces)), offsets


def _record_texts(lines: list[bytes], locators: list[Locator], config: Config) -> list[bytes]:
    """The texts of JSONL lines, in UTF-8, encoding repaired. Raises DedupError if one is no record any more."""
    whole = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    stops = np.cumsum([len(line) for line in whole])
    columns = _columns(b"".join(whole), stops - [len(line) for line in whole], stops, config, FIELDS[:2])
    if columns is None:
        return [
            _mended(clean.document(read.record(locator, line))) for line, locator in zip(lines, locators, strict=True)
        ]
    buffer, offsets, _, _ = columns
    data = buffer.tobytes()
    return [data[start:stop] for start, stop in pairwise(offsets.tolist())]


def _mended(document: Document) -> bytes:
    return edits.applied(document.text, document.repairs).encode("utf-8", "surrogatepass")
