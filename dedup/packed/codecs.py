"""Compressed files become plain ones, byte for byte, and plain bytes become compressed ones.

1. A file is decompressed piece by piece, so that memory holds no more than a piece.
2. Where it breaks off or is damaged, the whole lines before that remain, if it is made of lines; of an archive or a
   crawl all that stands before; of anything else nothing.
3. Bytes are compressed in blocks, each a member (gzip, RFC 1952), frame (zstd, RFC 8878) or stream (bz2, xz) of its
   own, which follow one another in the file as these formats allow. So several threads may compress, and the bytes do
   not depend on them.

Limits: a decoder of zstd or xz is granted 128 MB. `unpacked_bytes_max` and `unpacked_ratio_max` bound what comes out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dedup.config import Config
from dedup.model import Codec, DedupError, SourceFile
from dedup.packed.unpacked import Tell, Unpacked, broken, check_limit, check_ratio, opened_original

if TYPE_CHECKING:
    import lzma

PIECE_BYTES = 64 << 10
"""Bytes unpacked at a time: a piece that ends in damage is lost as a whole."""
BLOCK_BYTES = 4 << 20
"""Bytes compressed at a time."""
DECODER_BYTES = 128 << 20
IN_LINES = frozenset(("lines", "keyed", "csv", "tsv"))
IN_PARTS = frozenset(("tar", "warc"))


class Stream(Protocol):
    """What gives bytes until there are none."""

    def read(self, size: int, /) -> bytes: ...


class Out(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> int: ...


def plain(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The bytes of a compressed file, written to `target`; its `records` are lines.

    Raises DedupError, or OSError if they cannot be written.
    """
    limit = config.unpacked_bytes_max if file.holds_records else config.document_bytes_max
    lines = size = whole = 0
    problems: list[DedupError] = []
    with opened_original(file) as source, target.open("wb") as out:
        stream = decompressing(source, file.codec)
        while True:
            try:
                piece = stream.read(PIECE_BYTES)
            except (OSError, EOFError, ValueError) as error:
                problems.append(_broken(file, lines, size, error))
                size = out.truncate(size if file.form in IN_PARTS else whole)
                break
            if not piece:
                lines += size > whole
                break
            out.write(piece)
            tell(source.tell())
            lines += piece.count(b"\n")
            whole = size + piece.rfind(b"\n") + 1 if b"\n" in piece else whole
            size += len(piece)
            check_limit(file, size, limit)
            check_ratio(file, size, config)
    return Unpacked(lines, size, tuple(problems))


def _broken(file: SourceFile, lines: int, size: int, error: Exception) -> DedupError:
    """The problem with a file that could be decompressed only so far; raises it if nothing of that is of use."""
    if file.form in IN_LINES:
        return broken(file, lines, error)
    if file.form in IN_PARTS and size:
        return DedupError(file.path, f"breaks off ({error})", "get the file again; what stands before was read")
    raise broken(file, 0, error) from error


def decompressing(source: BinaryIO, codec: Codec) -> Stream:
    """The bytes of a compressed file. What it gives raises OSError, EOFError or ValueError where that is damaged."""
    import pyarrow as pa

    if codec == "bz2":
        import bz2

        return bz2.BZ2File(source)
    if codec == "xz":
        return _Xz(source)
    stream: Stream = pa.CompressedInputStream(source, codec)
    return stream


class _Xz:
    """The bytes of a file of xz streams, one after the other; raises ValueError where it is damaged."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._decoder = _xz_decoder()

    def read(self, size: int, /) -> bytes:
        from lzma import LZMAError

        while True:
            given = b""
            if self._decoder.eof:
                given = self._decoder.unused_data.lstrip(b"\0")  # what fills up streams to four bytes
                while not given:
                    if not (piece := self._source.read(PIECE_BYTES)):
                        return b""
                    given = piece.lstrip(b"\0")
                self._decoder = _xz_decoder()
            elif self._decoder.needs_input and not (given := self._source.read(PIECE_BYTES)):
                if not self._source.tell():
                    return b""
                raise EOFError("it ends before its end mark")
            try:
                data = self._decoder.decompress(given, size)
            except LZMAError as error:
                raise ValueError(str(error)) from error
            if data:
                return data


def _xz_decoder() -> lzma.LZMADecompressor:
    import lzma

    return lzma.LZMADecompressor(memlimit=DECODER_BYTES)


def compressed(block: bytes, codec: Codec) -> bytes:
    """A block as one member, frame or stream of a compressed file."""
    if codec == "bz2":
        import bz2

        return bz2.compress(block, LEVELS[codec])
    if codec == "xz":
        import lzma

        return lzma.compress(block, preset=LEVELS[codec])
    if not codec:
        return block
    import pyarrow as pa

    one = pa.Codec(codec, compression_level=LEVELS[codec])  # of its own, since threads may not share one
    data: bytes = one.compress(block, asbytes=True)
    return data


LEVELS = {"gzip": 6, "zstd": 3, "bz2": 9, "xz": 6}
"""How hard to compress: what the formats' own tools do unless told otherwise."""


class Compressing:
    """Takes bytes, and writes them compressed. `cut` ends a block; `close` must be called."""

    closed = False

    def __init__(self, out: Out, codec: Codec) -> None:
        self._out, self._codec = out, codec
        self._held: list[bytes] = []
        self._size = self._taken = 0

    def write(self, data: bytes, /) -> int:
        self._held.append(bytes(data))
        self._size += len(data)
        self._taken += len(data)
        if self._size >= BLOCK_BYTES:
            self.cut()
        return len(data)

    def cut(self) -> None:
        if self._size:
            self._out.write(compressed(b"".join(self._held), self._codec))
        self._held, self._size = [], 0

    def tell(self) -> int:
        """How many bytes it took."""
        return self._taken

    def flush(self) -> None:
        """Nothing: a block ends when it is full, or is cut."""

    def close(self) -> None:
        self.cut()
        self.closed = True
