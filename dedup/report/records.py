"""Kept records become files like those they came in: lines byte for byte, compressed again, rows with all columns.

1. Kept lines that touch are one stretch. Stretches of plain lines are copied as they are (`stretches`).
2. Lines of a compressed file are gathered in blocks, which threads compress.
3. Records of any other form are copied by its module in `packed`.
4. A record whose encoding was repaired is written anew, with the other text.

A file has its path in the source, or, where two sources have files of one path, the path below what all have in common.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup import edits
from dedup.engines import local
from dedup.model import Corpus, DedupError, Document, SourceFile
from dedup.packed import codecs
from dedup.packed.files import write_kept
from dedup.packed.unpacked import check_unchanged
from dedup.read import bytes_at
from dedup.report import jsonl
from dedup.report.stretches import Copy, Output

PIECE_BYTES = 4 << 20
"""Bytes read or compressed at a time."""
I64s = NDArray[np.int64]
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a file.

    starts, stops: (k,) int64, ascending, bytes of the records. repaired: the numbers of some, by place; notable: these
    documents, by number.
    """

    file: SourceFile
    starts: I64s
    stops: I64s
    repaired: Mapping[int, int]
    notable: Mapping[int, Document]


def write(kept: I64s, corpus: Corpus, folder: Path, advance: Advance) -> Mapping[int, str]:
    """Writes the kept records, by number, in files of their form, and tells the paths of these in the folder by the
    number of the source; `advance` is told the bytes of what is done.

    Raises DedupError if a file is not what it was, OSError if something cannot be written.
    """
    files = corpus.files[kept]
    used = np.unique(files).tolist()
    names = dict(zip(used, _names([corpus.sources[one] for one in used]), strict=True))
    for file, name in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            own = kept if len(used) == 1 else kept[files == file]
            _write_file(_kept(own, corpus, corpus.sources[file]), out, advance)
        if corpus.sources[file].modified_ns:
            check_unchanged(corpus.sources[file])
    return names


def _names(files: Sequence[SourceFile]) -> list[str]:
    """Paths for files of records, no two alike."""
    names = [file.id for file in files]
    if len(set(names)) == len(names):
        return names
    paths = [(file.path if isinstance(file.path, Path) else Path("/", file.path)).resolve() for file in files]
    top = os.path.commonpath([path.parent for path in paths])
    below = [str(path.relative_to(top)) for path in paths]
    assert len(set(below)) == len(below), "the records of one file were read twice"
    return below


def _kept(numbers: I64s, corpus: Corpus, file: SourceFile) -> _Kept:
    own, starts = numbers, corpus.starts[numbers]
    if (starts[1:] < starts[:-1]).any():
        order = np.argsort(starts, kind="stable")
        own, starts = numbers[order], starts[order]
    notable = corpus.notable
    mended = np.flatnonzero(np.isin(own, [number for number in notable if notable[number].repairs])).tolist()
    repaired = {at: int(own[at]) for at in mended}
    return _Kept(file, starts, corpus.stops[own], repaired, notable)


def _write_file(kept: _Kept, out: BinaryIO, advance: Advance) -> None:
    file = kept.file
    if file.form != "lines":
        write_kept(file, np.stack((kept.starts, kept.stops), axis=1), _Texts(kept), out, advance)
        return
    with file.readable.open("rb") as source:
        if not file.codec:
            _copy_lines(kept, source, out, advance)
            return
        blocks = _blocks(_pieces(kept, source), advance)
        for block in local.mapped(lambda one: codecs.compressed(one, file.codec), blocks, local.workers_available()):
            out.write(block)


class _Texts(Mapping[int, str]):
    """The texts of repaired records by place, each made when it is asked for."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept

    def __getitem__(self, place: int) -> str:
        return _text(self._kept.notable[self._kept.repaired[place]])

    def __iter__(self) -> Iterator[int]:
        return iter(self._kept.repaired)

    def __len__(self) -> int:
        return len(self._kept.repaired)


def _text(document: Document) -> str:
    return edits.applied(document.text, document.repairs)


def _record(file: SourceFile, document: Document) -> bytes:
    """A document's record with its text repaired, as a line."""
    record = json.loads(bytes_at(file, document.locator))
    record["text"] = _text(document)
    return jsonl.line(record).encode("utf-8")


def _stretches(kept: _Kept) -> Iterator[tuple[int, int, int | None]]:
    """The byte ranges of lines, those that touch made one; a line to be repaired by itself, with its number."""
    alone = np.zeros(len(kept.starts), bool)
    alone[list(kept.repaired)] = True
    breaks = (kept.starts[1:] != kept.stops[:-1]) | alone[1:] | alone[:-1]
    firsts = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(breaks) + 1))
    lasts = np.append(firsts[1:], len(kept.starts)) - 1
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        yield int(kept.starts[first]), int(kept.stops[last]), kept.repaired.get(first)


def _copy_lines(kept: _Kept, source: BinaryIO, out: BinaryIO, advance: Advance) -> None:
    """Copies the lines, and looks whether all bytes of them arrived."""
    expected = 0
    writing = Output(out.fileno(), int((kept.stops - kept.starts).sum(dtype=np.int64)))
    try:
        copy = Copy(source.fileno(), kept.file.path, writing, advance)
        for start, stop, number in _stretches(kept):
            if number is None:
                copy.stretch(start, stop)
                expected += stop - start
            else:
                copy.read()
                expected += writing.put(_record(kept.file, kept.notable[number]))
                advance(stop - start)
        copy.read()
        if _lacks_line_end(kept, source):
            expected += writing.put(b"\n")
        writing.finish()
    finally:
        writing.close()
    if os.fstat(out.fileno()).st_size != expected:
        raise DedupError(kept.file.path, "was not written as a whole", "look at the disk, and run the command again")


def _lacks_line_end(kept: _Kept, source: BinaryIO) -> bool:
    """Whether the last line is copied as it is and has no end, as the last one of a file may."""
    last = len(kept.starts) - 1
    source.seek(int(kept.stops[last]) - 1)
    return last not in kept.repaired and source.read(1) != b"\n"


def _pieces(kept: _Kept, source: BinaryIO) -> Iterator[bytes]:
    """The lines in pieces."""
    for start, stop, number in _stretches(kept):
        if number is not None:
            yield _record(kept.file, kept.notable[number])
        else:
            yield from _read(kept.file, source, start, stop)


def _read(file: SourceFile, source: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    """Bytes start..stop of a file in pieces, the last of which ends with a line end."""
    source.seek(start)
    while start < stop:
        piece = source.read(min(stop - start, PIECE_BYTES))
        if not piece:
            raise DedupError(file.path, "was changed while it was read", "run the command again")
        start += len(piece)
        yield piece if start < stop or piece.endswith(b"\n") else piece + b"\n"


def _blocks(pieces: Iterator[bytes], advance: Advance) -> Iterator[bytes]:
    """The pieces in blocks of PIECE_BYTES and more, each told once the next is asked for."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield b"".join(held)
            advance(size)
            held, size = [], 0
    if held:
        yield b"".join(held)
        advance(size)
