"""What compresses the buffers of an Arrow file becomes known, without reading them.

1. A file in file format has a footer, which tells where its batches are: what stands before them is not looked at,
   since some writers leave other things there. One in stream format is read message by message.
2. The head of a batch says what its buffers are compressed by. Both are tables of FlatBuffers, of which a few fields
   are taken here.

Limits: where that cannot be told, buffers count as not compressed.
Source: https://github.com/apache/arrow/blob/main/format/File.fbs and Message.fbs, https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = b"ARROW1"
BATCHES = 3
"""The field of a footer that tells where batches are."""
HEADER, COMPRESSION, CODEC = 2, 3, 0
"""The field of a message that is its head, that of a batch's head for its compression, and that of the codec in it."""
BLOCK_BYTES = 24
CODECS = {0: "lz4", 1: "zstd"}


def compression(path: Path) -> str | None:
    """How the buffers of a file are compressed, if they are: told by the first of its batches that has any."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            is_file = source.read(len(MARK)) == MARK
            source.seek(0)
            messages = _of_file(source) if is_file else iter(pa.ipc.MessageReader.open_stream(source))
            for message in messages:
                if message.type == "record batch" and message.body is not None and message.body.size:
                    return _codec(message.metadata.to_pybytes())
    except (pa.ArrowException, OSError, ValueError, LookupError, struct.error):
        pass  # what is wrong with the file is told by whoever reads its rows
    return None


def _of_file(source: Any) -> Iterator[Any]:
    """The messages of the batches of a file with a footer."""
    import pyarrow as pa

    end = source.size() - len(MARK) - 4
    source.seek(end)
    (size,) = struct.unpack_from("<i", source.read(4))
    source.seek(end - size)
    footer = source.read(size)
    if (at := _field(footer, _target(footer, 0), BATCHES)) is None:
        return
    first = _target(footer, at)
    (count,) = struct.unpack_from("<I", footer, first)
    for block in range(count):
        (place,) = struct.unpack_from("<q", footer, first + 4 + BLOCK_BYTES * block)
        source.seek(place)
        yield pa.ipc.read_message(source)


def _codec(message: bytes) -> str | None:
    """What compresses a batch, by its message."""
    at: int | None = 0
    for field in (HEADER, COMPRESSION):
        assert at is not None, "only fields that are there are followed"
        at = _field(message, _target(message, at), field)
        if at is None:
            return None
    assert at is not None, "both were there"
    codec = _field(message, _target(message, at), CODEC)
    return CODECS.get(0 if codec is None else message[codec])


def _target(data: bytes, at: int) -> int:
    """What the offset at a place leads to."""
    (offset,) = struct.unpack_from("<I", data, at)
    return at + int(offset)


def _field(data: bytes, table: int, number: int) -> int | None:
    """Where a field of a table is, if it is not left out."""
    (back,) = struct.unpack_from("<i", data, table)
    (size,) = struct.unpack_from("<H", data, table - back)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", data, table - back + 4 + 2 * number)
    return table + int(offset) if offset else None
