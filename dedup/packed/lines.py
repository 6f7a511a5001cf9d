"""Compressed lines become plain ones, byte for byte, and plain ones become compressed ones.

1. A file is decompressed piece by piece, so that memory holds no more than a piece.
2. Where it breaks off or is damaged, the whole lines before that remain.
3. Lines are compressed in blocks, each a member (gzip, RFC 1952) or frame (zstd, RFC 8878) of its own, which follow one
   another in the file as both formats allow. So several threads may compress, and the bytes do not depend on them.

Limits: the frames of zstd may ask for as much memory as its decoder grants, 128 MB.
"""

from __future__ import annotations

from pathlib import Path

from dedup.model import DedupError, SourceFile
from dedup.packed.unpacked import Tell, Unpacked, broken, check_limit, opened

PIECE_BYTES = 64 << 10
"""Bytes unpacked at a time: a piece that ends in damage is lost as a whole."""
LEVELS = {"gzip": 6, "zstd": 3}
"""How hard to compress: what the formats' own tools do unless told otherwise."""


def unpacked(file: SourceFile, target: Path, limit_bytes: int, tell: Tell) -> Unpacked:
    """The lines of a compressed file, written to `target`. Raises DedupError, or OSError if they cannot be written."""
    import pyarrow as pa

    lines = size = whole = 0
    problems: list[DedupError] = []
    with opened(file) as source, target.open("wb") as out:
        stream = pa.CompressedInputStream(source, file.form)
        while True:
            try:
                piece = stream.read(PIECE_BYTES)
            except OSError as error:
                problems.append(broken(file, lines, error))
                size = out.truncate(whole)
                break
            if not piece:
                lines += size > whole
                break
            out.write(piece)
            tell(source.tell())
            lines += piece.count(b"\n")
            whole = size + piece.rfind(b"\n") + 1 if b"\n" in piece else whole
            size += len(piece)
            check_limit(file, size, limit_bytes)
    return Unpacked(lines, size, tuple(problems))


def compressed(block: bytes, form: str) -> bytes:
    """A block as one member or frame of a compressed file."""
    import pyarrow as pa

    codec = pa.Codec(form, compression_level=LEVELS[form])  # of its own, since threads may not share one
    data: bytes = codec.compress(block, asbytes=True)
    return data
