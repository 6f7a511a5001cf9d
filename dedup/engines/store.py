"""Columns that are written once and read in stretches: in memory as far as they fit, beyond that in a temporary file.

1. `put` takes an array over and gives a block, by which `part` reads a stretch of it again and `drop` gives it back.
2. Arrays are held as they are until HELD_SHARE of the memory of the run is taken; those that come later are appended
   to one file, each in one piece, so that a stretch of one is one read. What is dropped makes room for later ones.
3. The file is made when it is first wanted, can be read by its owner alone and has no name where the system allows
   that: it is gone when the store is closed or nothing holds it any more, and also when the process is killed.

Limits: arrays have one dimension; whoever puts one writes no more to it, nor to a stretch of it. Space in the file is
not used again. Threads may share a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import TemporaryFile, gettempdir
from threading import Lock
from types import TracebackType
from typing import IO, Any, Protocol
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from dedup.model import DedupError

HELD_SHARE = 4
"""The part of `memory_bytes`, one in so many, that columns may take in memory."""


@dataclass(frozen=True, slots=True)
class Block:
    """An array in a store: its length and type, and where it is; only the store knows what that means.

    Here that is the number of the array, and where it begins in the file, -1 if it is held.
    """

    size: int
    dtype: np.dtype[Any]
    where: tuple[Any, ...]


class Columns(Protocol):
    """What a store of arrays does; see `Store`."""

    def put(self, array: NDArray[Any]) -> Block: ...

    def part(self, block: Block, start: int, stop: int) -> NDArray[Any]: ...

    def whole(self, block: Block) -> NDArray[Any]: ...

    def drop(self, block: Block) -> None: ...


class Store:
    """Blocks within a bound. held_bytes: now in memory; held_bytes_most: ever; filed_bytes: written to the file."""

    def __init__(self, memory_bytes: int) -> None:
        self.held_bytes_max = memory_bytes // HELD_SHARE
        self.held_bytes = self.held_bytes_most = self.filed_bytes = 0
        self._held: dict[int, NDArray[Any]] = {}
        self._blocks = 0
        self._file: IO[bytes] | None = None
        self._lock = Lock()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def put(self, array: NDArray[Any]) -> Block:
        """The block of an array. Raises DedupError if the folder of temporary files has no room for it."""
        assert array.ndim == 1
        with self._lock:
            self._blocks += 1
            if len(array) and self.held_bytes + array.nbytes > self.held_bytes_max:
                return Block(len(array), array.dtype, (self._blocks, self._filed(array)))
            # A view would keep all of what it is a view of.
            self._held[self._blocks] = array if array.base is None else array.copy()
            self.held_bytes += array.nbytes
            self.held_bytes_most = max(self.held_bytes_most, self.held_bytes)
            return Block(len(array), array.dtype, (self._blocks, -1))

    def part(self, block: Block, start: int, stop: int) -> NDArray[Any]:
        """The elements start..stop of a block, to be read only."""
        assert 0 <= start <= stop <= block.size
        number, start_byte = block.where
        if start_byte < 0:
            return self._held[number][start:stop]
        found = np.empty(stop - start, block.dtype)
        with self._lock:
            assert self._file is not None
            self._file.seek(start_byte + start * block.dtype.itemsize)
            wanted = found.view(np.uint8).data
            while len(wanted):
                taken = self._file.readinto(wanted)  # type: ignore[attr-defined]
                assert taken, "the file is shorter than what was written to it"
                wanted = wanted[taken:]
        return found

    def whole(self, block: Block) -> NDArray[Any]:
        """All of a block, to be read only."""
        return self.part(block, 0, block.size)

    def drop(self, block: Block) -> None:
        """Gives the memory of a block back; it is not read any more."""
        with self._lock:
            array = self._held.pop(block.where[0], None)
            self.held_bytes -= array.nbytes if array is not None else 0

    def close(self) -> None:
        """Gives all memory back and removes the file."""
        self._held.clear()
        self.held_bytes = 0
        if self._file is not None:
            self._file.close()

    def _filed(self, array: NDArray[Any]) -> int:
        """Where in the file an array was appended."""
        start = self.filed_bytes
        try:
            if self._file is None:
                self._file = TemporaryFile(prefix="dedup-", buffering=0)  # noqa: SIM115 (closed with the store)
                finalize(self, self._file.close)
            self._file.seek(start)
            left = np.ascontiguousarray(array).view(np.uint8).data
            while len(left):
                left = left[self._file.write(left) :]
        except OSError as error:
            raise DedupError(
                gettempdir(),
                f"cannot take {array.nbytes:,} bytes more of columns ({error.strerror})",
                "make room there, name another folder in TMPDIR, or allow more memory",
            ) from error
        self.filed_bytes = start + array.nbytes
        return start
