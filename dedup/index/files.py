"""Arrays become a file that is written once, and a file the same arrays again, never unless its checksums agree.

1. `Writer` puts sections, each one array, one behind another, each from a page's beginning; then a checksum for every
   page; then the list of the sections. `finished` gives a `Reference`: name, size, and a digest of checksums and list.
2. `Mapped` maps a file into memory and looks at its size and that digest. Its pages are summed when they are first
   read: by `array` those of a section, by `bytes_of` those of a stretch, by kernels those that they come to.

Whoever holds the reference so holds the whole content. Limits: a file is smaller than memory can map; what changes it
on disk after a page was read is seen by whoever opens it next.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.keys import PAGE_BYTES, page_sums, unsound_among, unsound_page
from dedup.model import DedupError

REMEDY = "put it back from a backup, or make the index anew"
_TAIL = np.dtype([("list_bytes", "<u8"), ("pages", "<u8")])

U8s = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Reference:
    """A file of an index: its name in the folder, its size, and the digest that stands for its content."""

    name: str
    size_bytes: int
    digest: str


class Writer:
    """A new file at a path; sections are begun, and filled by `append`."""

    def __init__(self, path: Path) -> None:
        self._path, self._file = path, path.open("wb")
        self._sections: list[dict[str, Any]] = []
        self._sums: list[NDArray[np.uint64]] = []
        self._rest, self._pages = b"", 0

    def section(self, name: str, *arrays: NDArray[Any]) -> None:
        """Begins a section, of arrays of one type one behind another."""
        self._pad()
        self._sections.append({"name": name, "dtype": "", "page": self._pages, "size": 0})
        for array in arrays:
            self.append(array)

    def append(self, array: NDArray[Any]) -> None:
        own = self._sections[-1]
        assert own["dtype"] in ("", array.dtype.str)
        own["dtype"] = array.dtype.str
        own["size"] += len(array)
        data = np.ascontiguousarray(array).view(np.uint8)
        if self._rest:
            data = np.concatenate((np.frombuffer(self._rest, np.uint8), data))
        whole = len(data) // PAGE_BYTES * PAGE_BYTES
        self._write(data[:whole])
        self._rest = data[whole:].tobytes()

    def finished(self) -> Reference:
        """Ends the file; a commit waits until it is on disk (see `manifest.committed`)."""
        self._pad()
        told = json.dumps(self._sections).encode()
        sums = np.concatenate([np.zeros(0, np.uint64), *self._sums])
        tail = np.array([(len(told), len(sums))], _TAIL)
        digest = blake2b(digest_size=16)
        for piece in (sums.tobytes(), told, tail.tobytes()):
            self._file.write(piece)
            digest.update(piece)
        self._file.flush()
        size = self._file.tell()
        self._file.close()
        return Reference(self._path.name, size, digest.hexdigest())

    def abandoned(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _pad(self) -> None:
        if self._rest:
            self._write(np.frombuffer(self._rest.ljust(PAGE_BYTES, b"\0"), np.uint8).copy())
            self._rest = b""

    def _write(self, data: U8s) -> None:
        if len(data):
            sums = np.empty(len(data) // PAGE_BYTES, np.uint64)
            page_sums(data, self._pages, sums)
            self._sums.append(sums)
            self._pages += len(sums)
            self._file.write(data.data)


class Mapped:
    """A file of an index in memory. data: all of it. sums, sound: of each page, see `kernels.keys.unsound_page`."""

    def __init__(self, folder: Path, reference: Reference) -> None:
        """Raises DedupError if the file is not the one referred to or there is no room, FileNotFoundError if there is
        none."""
        self.path, self.reference = folder / reference.name, reference
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != reference.size_bytes:
                raise DedupError(self.path, f"has {size:,} bytes, not {reference.size_bytes:,}", REMEDY)
            # Private and writable, so that kernels need not be compiled once more for arrays that are only read.
            flags = mmap.MAP_PRIVATE | getattr(mmap, "MAP_NORESERVE", 0)
            try:
                view = mmap.mmap(file.fileno(), size, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
            except OSError as error:
                remedy = "allow the process more memory, and run the command again"
                raise DedupError(self.path, f"cannot be mapped into memory ({error.strerror})", remedy) from error
        self._view, self.data = view, np.frombuffer(view, np.uint8)
        tail = np.frombuffer(view, _TAIL, 1, size - _TAIL.itemsize)[0]
        list_bytes, pages = int(tail["list_bytes"]), int(tail["pages"])
        start = size - _TAIL.itemsize - list_bytes - 8 * pages
        if start != pages * PAGE_BYTES or blake2b(view[start:], digest_size=16).hexdigest() != reference.digest:
            raise DedupError(self.path, "is damaged: its checksums are not those of the index", REMEDY)
        self.sums = self.data[start : start + 8 * pages].view(np.uint64)
        self.sound = np.zeros(pages, np.uint8)
        told = json.loads(self.data[start + 8 * pages : start + 8 * pages + list_bytes].tobytes())
        self._sections: Mapping[str, Any] = {one["name"]: one for one in told}

    def size(self, name: str) -> int:
        return int(self._sections[name]["size"])

    def page(self, name: str) -> int:
        """The page at which a section begins."""
        return int(self._sections[name]["page"])

    def unchecked(self, name: str) -> NDArray[Any]:
        """A section whose pages are yet to be summed, for kernels that do so."""
        own = self._sections[name]
        dtype = np.dtype(own["dtype"] or "u1")
        start = own["page"] * PAGE_BYTES
        return self.data[start : start + own["size"] * dtype.itemsize].view(dtype)

    def array(self, name: str) -> NDArray[Any]:
        """A section. Raises DedupError if it is not what was written."""
        found = self.unchecked(name)
        self._check(self.page(name), self.page(name) + -(-found.nbytes // PAGE_BYTES))
        return found

    def bytes_of(self, name: str, start: int, stop: int) -> bytes:
        """A stretch of a section of bytes. Raises DedupError if it is not what was written."""
        first = self.page(name)
        self._check(first + start // PAGE_BYTES, first + -(-stop // PAGE_BYTES))
        return self.data[first * PAGE_BYTES + start : first * PAGE_BYTES + stop].tobytes()

    def check_stretches(self, name: str, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> None:
        """Raises DedupError if stretches of a section of bytes are not what was written."""
        first = self.page(name)
        pages = first + starts // PAGE_BYTES, first + -(-stops // PAGE_BYTES)
        page = unsound_among(self.data, self.sums, self.sound, *pages)
        if page >= 0:
            raise self.damaged(page)

    def check(self) -> None:
        """Sums all pages, known ones too. Raises DedupError if one is not what was written."""
        self.sound[:] = 0
        self._check(0, len(self.sums))

    def let_go(self) -> None:
        """Gives the memory of its pages back to the system, which has them ready as long as it has room."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._view.madvise(mmap.MADV_DONTNEED)

    def damaged(self, page: int) -> DedupError:
        problem = f"is damaged: bytes {page * PAGE_BYTES:,} to {(page + 1) * PAGE_BYTES:,} are not what was written"
        return DedupError(self.path, problem, REMEDY)

    def _check(self, first: int, stop: int) -> None:
        page = unsound_page(self.data, self.sums, self.sound, first, stop)
        if page >= 0:
            raise self.damaged(page)
