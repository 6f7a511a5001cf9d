"""Results of stages become files, and these results again: a killed run goes on where it stopped.

1. `Kept` is an engine round another one. Every result of a stage is written to a file by the name of the stage and the
   number of the item, as soon as it is there, by whoever made it; what is there already is read and not made again.
2. A file is whole or not there: it is written under another name, goes to the disk (fsync) and is renamed.
3. It begins with the format and with a SHA-256 of the rest. What does not agree is made again, never read as data.
4. A result is written as plain data (see `plain`), arrays in the store of columns with it: reading makes arrays and the
   program's own records of it and nothing else, whatever stands in the file.

Limits: a run repeats what was under way when it was killed, one item a worker, and what no stage does (ids are put in
order, pairs merged, clusters made). A folder is for one run at a time (see `work`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any, Generic

import numpy as np

from dedup.engines import plain
from dedup.engines.local import Engine
from dedup.engines.order import Item, Result
from dedup.engines.store import Columns
from dedup.model import DedupError

FORMAT = b"dedup kept 2\n"
DIGEST_BYTES = 32
ALIGNED_BYTES = 8
"""Arrays begin at multiples of it, as compiled loops expect."""
PARTIAL = ".partial"


class Kept:
    """An engine that keeps what stages give in a folder."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self.workers, self.columns = engine.workers, engine.columns

    def mapped(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return self._engine.mapped(name, self._keeping(name, stage, self.columns), enumerate(items))

    def together(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return self._engine.together(name, self._keeping(name, stage, self.columns), enumerate(items))

    def apart(
        self, name: str, stage: Callable[[Item], Result], items: Iterable[Item], total_bytes: int
    ) -> Iterator[Result]:
        return self._engine.apart(name, self._keeping(name, stage, None), enumerate(items), total_bytes)

    def finished(self, name: str) -> Iterator[object]:
        folder = self._folder / name
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
        found = (read(path, self.columns) for path in paths if not path.name.endswith(PARTIAL))
        return (result for (result,) in filter(None, found))

    def _keeping(
        self, name: str, stage: Callable[[Item], Result], columns: Columns | None
    ) -> Callable[[tuple[int, Item]], Result]:
        folder = self._folder / name
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise _unkept(folder, error) from error
        return Keeping(folder, stage, columns)


@dataclass(frozen=True, slots=True)
class Keeping(Generic[Item, Result]):
    """A stage whose results are kept in a folder: of a number and an item."""

    folder: Path
    stage: Callable[[Item], Result]
    columns: Columns | None

    def __call__(self, numbered: tuple[int, Item]) -> Result:
        number, item = numbered
        path = self.folder / f"{number:06}"
        if known := read(path, self.columns):
            return known[0]  # type: ignore[no-any-return]
        result = self.stage(item)
        write(path, result, self.columns)
        return result


def write(path: Path, result: object, columns: Columns | None) -> None:
    """A result as a file, which is on the disk when this returns. Raises DedupError if there is no room."""
    tree, arrays = plain.dumped(result, columns)
    pieces = [memoryview(tree), *(array.reshape(-1).view(np.uint8).data for array in arrays)]
    sizes = np.array([len(pieces), *(piece.nbytes for piece in pieces)], np.int64).tobytes()
    body = [sizes, *(part for piece in pieces for part in (piece, bytes(-piece.nbytes % ALIGNED_BYTES)))]
    digest = sha256()
    for part in body:
        digest.update(part)
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.writelines((FORMAT, digest.digest(), *body))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        to_disk(path.parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _unkept(path, error) from error


def read(path: Path, columns: Columns | None) -> tuple[Any] | None:
    """The result that a file holds, None if there is no such file, or it is not what was written."""
    try:
        with path.open("rb") as file:
            head = file.read(len(FORMAT) + DIGEST_BYTES)
            data = bytearray(max(0, path.stat().st_size - len(head)))  # so that arrays may be written to, as those made
            body = memoryview(data)[: file.readinto(data)]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unkept(path, error) from error
    if head != FORMAT + sha256(body).digest():
        return None
    count = int(np.frombuffer(body[:8], np.int64)[0])
    sizes = np.frombuffer(body[8 : 8 * (count + 1)], np.int64).tolist()
    starts = accumulate((size + -size % ALIGNED_BYTES for size in sizes), initial=8 * (count + 1))
    tree, *buffers = (body[start : start + size] for start, size in zip(starts, sizes, strict=False))
    try:
        return (plain.loaded(bytes(tree), buffers, columns),)
    except plain.NotPlainError:  # of another state of the program
        return None


def to_disk(folder: Path) -> None:
    """The names in a folder, where the system knows of such a request."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unkept(path: Path, error: OSError) -> DedupError:
    problem = f"cannot keep what is finished ({error.strerror})"
    return DedupError(path, problem, "make room there, and run the command again: it goes on where it stopped")
