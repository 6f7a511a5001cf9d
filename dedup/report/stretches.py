"""Stretches of a file become another file: what is kept of it, byte for byte.

1. As much as a buffer holds is read by one call: what lies between the stretches goes to a place that nobody looks at,
   unless it is long.
2. A thread writes one buffer while the next is filled.
3. A large file is written past the system's cache of files (O_DIRECT of Linux), where the file system has that: 3.5 GB
   took 1.5 s and 0.6 s of a processor so, 7 to 12 s of both through the cache, which wants fresh memory for all of it.
   Files that are not large stay in the cache, for whoever reads them next.

Limits: what is left behind the last whole block is written through the cache.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from dedup import whole
from dedup.model import DedupError

BUFFER_BYTES = 8 << 20
BUFFERS = 3
"""One is filled, one is written, one waits."""
DIRECT_BYTES_MIN = 64 << 20
"""Bytes of a file from which it is written past the cache."""
BLOCK_BYTES = 4096
"""What places and sizes must be multiples of there: the blocks of most file systems."""
GAP_BYTES_MAX = 64 << 10
"""Bytes between two stretches that are read too: a call costs as much."""
VIEWS_MAX = 1000
"""Places that one call fills, at the most: 1,024 is the limit of Linux."""


class Output:
    """An open file that is written in buffers by a thread, each whole one at once.

    size_bytes: how large it will be, about. Whoever is done calls `finish`; `close` gives everything back in any case.
    """

    def __init__(self, handle: int, size_bytes: int) -> None:
        self._handle, self._early = handle, whole.Early(handle)
        self._is_direct = size_bytes >= DIRECT_BYTES_MIN and _past_cache(handle, True)
        self._pool = ThreadPoolExecutor(1, "write")
        self._buffers = [memoryview(mmap.mmap(-1, BUFFER_BYTES)) for _ in range(BUFFERS)]
        self._under_way: deque[Future[None]] = deque()
        self._turn = 0
        self.filled = 0

    @property
    def buffer(self) -> memoryview:
        """The buffer that is to be filled, from `filled` on."""
        return self._buffers[self._turn]

    def put(self, data: bytes) -> int:
        """Bytes behind what is there: how many."""
        rest = memoryview(data)
        while rest:
            part = rest[: BUFFER_BYTES - self.filled]
            self.buffer[self.filled : self.filled + len(part)] = part
            self.filled += len(part)
            rest = rest[len(part) :]
            self.pass_on()
        return len(data)

    def pass_on(self) -> None:
        """Has the buffer written, if it is full. Raises OSError if one before it could not be."""
        if self.filled == BUFFER_BYTES:
            self._write(BUFFER_BYTES)

    def finish(self) -> None:
        """Writes what is left, and waits for all. Raises OSError."""
        left = self.filled % BLOCK_BYTES
        self._write(self.filled - left, left)
        while self._under_way:
            self._under_way.popleft().result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _write(self, *sizes: int) -> None:
        """Has parts of the buffer written, one behind the other, and takes the next buffer once that is free."""
        self._under_way.append(self._pool.submit(self._parts_written, self.buffer, sizes))
        self._turn, self.filled = (self._turn + 1) % BUFFERS, 0
        if len(self._under_way) == BUFFERS:
            self._under_way.popleft().result()

    def _parts_written(self, buffer: memoryview, sizes: Iterable[int]) -> None:
        start = 0
        for size in sizes:
            if size % BLOCK_BYTES:
                self._through_cache()
            self._all_written(buffer[start : start + size])
            start += size

    def _all_written(self, data: memoryview) -> None:
        while data:
            try:
                size = os.write(self._handle, data)
            except OSError:
                if not self._is_direct:
                    raise
                self._through_cache()  # as if it had never been tried: what is wrong with the disk is wrong again
                continue
            data = data[size:]
            if not self._is_direct:
                self._early.grown()

    def _through_cache(self) -> None:
        if self._is_direct:
            _past_cache(self._handle, False)
            self._is_direct = False


def _past_cache(handle: int, wanted: bool) -> bool:
    """Has an open file written past the cache, or through it again; whether the system does as it is told."""
    if not hasattr(os, "O_DIRECT"):
        return False
    import fcntl

    flags = fcntl.fcntl(handle, fcntl.F_GETFL)
    with suppress(OSError):
        fcntl.fcntl(handle, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
        return True
    return False


class Copy:
    """Bytes of a file on their way to an output. path: of the file; advance: told how many bytes are."""

    def __init__(self, source: int, path: Path | str, out: Output, advance: Callable[[int], None]) -> None:
        self._source, self._path, self._out, self._advance = source, path, out, advance
        self._between = memoryview(bytearray(GAP_BYTES_MAX))
        self._views: list[memoryview] = []
        self._start = self._stop = 0

    def stretch(self, start: int, stop: int) -> None:
        """Bytes start..stop, behind those of before. Raises DedupError if the file has not so many any more."""
        while start < stop:
            if not 0 <= start - self._stop <= GAP_BYTES_MAX or len(self._views) >= VIEWS_MAX:
                self.read()
            if not self._views:
                self._start = self._stop = start
            if start > self._stop:
                self._views.append(self._between[: start - self._stop])
            out = self._out
            size = min(stop - start, BUFFER_BYTES - out.filled)
            self._views.append(out.buffer[out.filled : out.filled + size])
            out.filled += size
            self._advance(size)
            start += size
            self._stop = start
            if out.filled == BUFFER_BYTES:
                self.read()
                out.pass_on()

    def read(self) -> None:
        """Reads what was asked for."""
        views, at = self._views, self._start
        self._views = []
        while views:
            size = _read(self._source, views, at)
            if not size:
                raise DedupError(self._path, "was changed while it was read", "run the command again")
            at += size
            views = _rest(views, size)


def _read(source: int, views: list[memoryview], at: int) -> int:
    """Fills places from the bytes of a file from `at` on, as far as the system does: how many bytes."""
    if hasattr(os, "preadv"):
        return os.preadv(source, views, at)
    os.lseek(source, at, os.SEEK_SET)
    data = os.read(source, len(views[0]))
    views[0][: len(data)] = data
    return len(data)


def _rest(views: list[memoryview], size: int) -> list[memoryview]:
    """What is left of places of which the first `size` bytes are filled."""
    for number, view in enumerate(views):
        if size < len(view):
            return [view[size:], *views[number + 1 :]]
        size -= len(view)
    return []
