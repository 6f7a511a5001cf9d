"""Documents become a file of an index, and numbers the documents again: their texts, ids and what is counted of them.

1. `packed` compresses texts by zstd, in blocks of whole documents, so that one is read without many others.
2. `written` puts them into a file with ids, digests of their words, and the counts by which candidates are told.
3. `Stored` is all such files together: numbers go through them, ascending, and are never given twice.

Texts are those that are compared, with their encoding repaired; of one that was read otherwise than as sound UTF-8 the
original is kept beside, and the repairs are made again. Limits: a block holds at least one document, however long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import mojibake
from dedup.bulk.read import padded
from dedup.index.files import Mapped, Reference, Writer
from dedup.index.manifest import Texts
from dedup.model import Document, Locator

BLOCK_BYTES = 1 << 14
"""With 32 KB reading one text takes half as long again, and what that saves is a fiftieth of the bytes."""
LEVEL = 1
"""Of zstd: higher ones take longer than reading does, and save a twentieth."""
HASH_BITS = 13
"""Of the places that zstd remembers of a block: those it has for long texts, and for short ones by itself, take longer
to clear and to fill than they save."""

U8s = NDArray[np.uint8]
I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents to be added or asked for. buffer: their texts, padded; offsets: (n + 1,). notable: by row."""

    ids: Sequence[str]
    buffer: U8s
    offsets: I64s
    notable: Mapping[int, Document]

    def __len__(self) -> int:
        return len(self.ids)

    def taken(self, rows: I64s) -> Batch:
        """Some of the documents."""
        pieces = [self.buffer[self.offsets[row] : self.offsets[row + 1]] for row in rows.tolist()]
        notable = {at: self.notable[row] for at, row in enumerate(rows.tolist()) if row in self.notable}
        return Batch([self.ids[row] for row in rows.tolist()], *laid(pieces), notable)


def laid(pieces: Sequence[Any]) -> tuple[U8s, I64s]:
    """Texts one behind another, padded, and where each begins."""
    data = b"".join(pieces)
    return padded(data), np.cumsum([0, *map(len, pieces)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted of documents. words: int32. digests: uint64, of their words. had: uint32, shingles that were
    sampled. kept: uint8, terms by which they met others when they were added."""

    words: NDArray[np.int32]
    digests: NDArray[np.uint64]
    had: NDArray[np.uint32]
    kept: U8s


@dataclass(frozen=True, slots=True)
class Packed:
    """Compressed texts, one block behind another. blocks, raws: (b + 1,) where each begins in them, and in the texts.
    offsets: see `Batch`."""

    data: bytes
    blocks: I64s
    raws: I64s
    offsets: I64s


def packed(buffer: U8s, offsets: I64s) -> Packed:
    import zstandard

    # What zstd does with long texts: with blocks of this size it would look for matches of five bytes instead of seven.
    how = zstandard.ZstdCompressionParameters.from_level(LEVEL, hash_log=HASH_BITS)
    codec = zstandard.ZstdCompressor(compression_params=how)  # one for all: making it is a quarter of a block's cost
    cuts = [0]
    while cuts[-1] < len(offsets) - 1:
        beyond = int(np.searchsorted(offsets, offsets[cuts[-1]] + BLOCK_BYTES, side="right")) - 1
        cuts.append(max(cuts[-1] + 1, beyond))
    raws = offsets[cuts]
    sizes = np.diff(raws)
    made: list[Any]
    if sizes.any():
        # All in one call: between two calls a thread waits for the interpreter, which others hold for milliseconds.
        spans = np.stack((raws[:-1], sizes), axis=1).astype(np.uint64)
        found = codec.multi_compress_to_buffer(zstandard.BufferWithSegments(buffer.data, spans.tobytes()))
        made = [found[at] for at in range(len(found))]
    else:
        made = [codec.compress(b"") for _ in sizes]
    return Packed(b"".join(made), np.cumsum([0, *map(len, made)], dtype=np.int64), raws, offsets)


def written(path: Path, ids: Sequence[str], notable: Mapping[int, Document], held: Packed, counts: Counts) -> Reference:
    """A file of documents. Raises OSError."""
    names = [name.encode("utf-8", "surrogatepass") for name in ids]
    told = [
        {"row": row, "text": one.text, "decoding": one.decoding, "lossy_bytes": one.lossy_bytes}
        for row, one in sorted(notable.items())
    ]
    file = Writer(path)
    try:
        file.section("texts", np.frombuffer(held.data, np.uint8))
        file.section("blocks", held.blocks)
        file.section("raws", held.raws)
        file.section("offsets", held.offsets)
        file.section("ids", np.frombuffer(b"".join(names), np.uint8))
        file.section("id_offsets", np.cumsum([0, *map(len, names)], dtype=np.int64))
        file.section("notable", np.frombuffer(json.dumps(told).encode(), np.uint8))
        for name in ("words", "digests", "had", "kept"):
            file.section(name, getattr(counts, name))
        return file.finished()
    except BaseException:
        file.abandoned()
        raise


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where texts are. data: the section. spans: (b, 2) where each compressed block begins, and its bytes.

    texts: (t, 4) of each that is not empty the place it was asked for at, its block, and from where to where it is in
    that.
    """

    data: U8s
    spans: I64s
    texts: I64s


class _File:
    """A file of documents."""

    def __init__(self, mapped: Mapped, texts: Texts) -> None:
        self.mapped, self.first, self.count = mapped, texts.first, texts.count
        self.offsets, self.raws, self.blocks = (mapped.array(name) for name in ("offsets", "raws", "blocks"))
        self.id_offsets = mapped.array("id_offsets")
        rows = json.loads(mapped.array("notable").tobytes() or "[]")
        self.notable = {int(one["row"]): one for one in rows}

    def id(self, row: int) -> str:
        start, stop = self.id_offsets[row : row + 2].tolist()
        return self.mapped.bytes_of("ids", start, stop).decode("utf-8", "surrogatepass")

    def ids(self, rows: I64s) -> list[str]:
        """The ids of documents."""
        starts, stops = self.id_offsets[rows], self.id_offsets[rows + 1]
        self.mapped.check_stretches("ids", starts, stops)
        data = self.mapped.unchecked("ids").data
        spans = zip(starts.tolist(), stops.tolist(), strict=True)
        return [bytes(data[start:stop]).decode("utf-8", "surrogatepass") for start, stop in spans]

    def blocks_of(self, rows: I64s) -> Blocks:
        """Where the texts of documents are; each block is told once."""
        starts, stops = self.offsets[rows], self.offsets[rows + 1]
        some = np.flatnonzero(stops > starts)
        # Where texts are empty several blocks may begin at one place: the last of them.
        block = np.searchsorted(self.raws[:-1], starts[some], side="right") - 1
        wanted, held = np.unique(block, return_inverse=True)
        spans = np.stack((self.blocks[wanted], self.blocks[wanted + 1]), axis=1)
        self.mapped.check_stretches("texts", *np.ascontiguousarray(spans.T))
        spans[:, 1] -= spans[:, 0]
        within = (ends[some] - self.raws[block] for ends in (starts, stops))
        return Blocks(self.mapped.unchecked("texts"), spans, np.stack((some, held, *within), axis=1))


class Stored(Sequence[str]):
    """All documents of an index; as a sequence, their ids by number. kept, had: see `Counts`, (n,) of all."""

    def __init__(self, files: Sequence[tuple[Mapped, Texts]], before: Stored | None = None) -> None:
        known = {one.mapped: one for one in before._files} if before else {}
        self._files: list[_File] = [known.get(mapped) or _File(mapped, texts) for mapped, texts in files]
        self._firsts = np.array([one.first for one in self._files], np.int64)
        last = self._files[-1] if self._files else None
        self._size = last.first + last.count if last else 0
        self.kept, self.had = np.zeros(self._size, np.uint8), np.zeros(self._size, np.uint32)
        for one in self._files:
            self.kept[one.first : one.first + one.count] = one.mapped.array("kept")
            self.had[one.first : one.first + one.count] = one.mapped.array("had")

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self._size))]
        file, row = self._place(number)
        return file.id(row)

    def _place(self, number: int) -> tuple[_File, int]:
        if not 0 <= number < self._size:
            raise IndexError(number)
        file = self._files[int(np.searchsorted(self._firsts, number, side="right")) - 1]
        return file, number - file.first

    def digest(self, number: int) -> int:
        file, row = self._place(number)
        return int(file.mapped.array("digests")[row])

    def texts(self, numbers: Sequence[int]) -> list[bytes]:
        """The texts of documents, in UTF-8, in the order asked for; each block is read once."""
        import zstandard

        found, wanted, frames, before = [b""] * len(numbers), [], [], 0
        for file, places, rows in self._by_file(numbers):
            own = file.blocks_of(rows)
            if len(own.spans):
                frames.append(zstandard.BufferWithSegments(own.data.data, own.spans.astype(np.uint64).tobytes()))
                own.texts[:, 0], own.texts[:, 1] = places[own.texts[:, 0]], own.texts[:, 1] + before
                wanted += own.texts.tolist()
                before += len(own.spans)
        if frames:
            # All in one call, as in `packed`.
            together = zstandard.BufferWithSegmentsCollection(*frames)  # type: ignore[no-untyped-call]
            blocks: Any = zstandard.ZstdDecompressor().multi_decompress_to_buffer(together)
            for place, block, first, last in wanted:
                found[place] = memoryview(blocks[block])[first:last].tobytes()
        return found

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """The ids of documents, in the order asked for."""
        found = [""] * len(numbers)
        for file, places, rows in self._by_file(numbers):
            for place, name in zip(places.tolist(), file.ids(rows), strict=True):
                found[place] = name
        return found

    def _by_file(self, numbers: Sequence[int]) -> Iterator[tuple[_File, I64s, I64s]]:
        """The files that have some documents, with the places of these and their rows."""
        wanted = np.array(numbers, np.int64)
        files = np.searchsorted(self._firsts, wanted, side="right") - 1
        for at in np.unique(files).tolist():
            places, file = np.flatnonzero(files == at), self._files[at]
            yield file, places, wanted[places] - file.first

    def let_go(self) -> None:
        """Gives the memory of texts that were read back: of most of them nothing is asked again soon."""
        for one in self._files:
            one.mapped.let_go()

    def document(self, number: int) -> Document:
        """A document as it was read."""
        return self.documents([number])[0]

    def documents(self, numbers: Sequence[int]) -> list[Document]:
        """Documents as they were read, in the order asked for."""
        places = [self._place(number) for number in numbers]
        texts = (text.decode("utf-8", "surrogatepass") for text in self.texts(numbers))
        made = [Document(name, Locator(""), text) for name, text in zip(self.ids(numbers), texts, strict=True)]
        for at, (file, row) in enumerate(places):
            if told := file.notable.get(row):
                text, codec, lossy = told["text"], told["decoding"], told["lossy_bytes"]
                made[at] = Document(made[at].id, Locator(""), text, codec, lossy, mojibake.repairs(text))
        return made

    def counts(self, first: int, stop: int) -> Counts:
        """What is counted of documents, in arrays of one's own."""
        columns = {}
        for name, dtype in (("words", np.int32), ("digests", np.uint64), ("had", np.uint32), ("kept", np.uint8)):
            parts = [
                one.mapped.array(name)[max(0, first - one.first) : stop - one.first]
                for one in self._files
                if one.first < stop and one.first + one.count > first
            ]
            columns[name] = np.concatenate([np.zeros(0, dtype), *parts])
        return Counts(**columns)

    def notable_numbers(self) -> set[int]:
        """The documents that were read otherwise than as sound UTF-8."""
        return {one.first + row for one in self._files for row in one.notable}

    def words(self) -> I64s:
        """How many words each document has."""
        return np.concatenate([np.zeros(0, np.int64), *(one.mapped.array("words") for one in self._files)])

    def batches(self, numbers: Sequence[int], size: int) -> Iterator[Batch]:
        """Documents by number, so many at a time."""
        marked = self.notable_numbers()
        for first in range(0, len(numbers), size):
            own = numbers[first : first + size]
            buffer, offsets = laid(self.texts(own))
            notable = {row: self.document(number) for row, number in enumerate(own) if number in marked}
            yield Batch([self[number] for number in own], buffer, offsets, notable)
