"""Results of stages become files, and these results again: a killed run goes on where it stopped.

1. `Kept` is an engine round another one. Every result of a stage is written to a file by the name of the stage and the
   number of the item, as soon as it is there, by whoever made it; what is there already is read and not made again.
2. A file is whole or not there: it is written under another name, goes to the disk (fsync) and is renamed.
3. It begins with the format and with a SHA-256 of the rest. What does not agree is made again, never read as data.
4. A result is pickled, its arrays beside it (PEP 574), arrays in the store of columns with it. Reading makes arrays and
   the program's own records of it and nothing else, whatever stands in the file.

Limits: a run repeats what was under way when it was killed, one item a worker, and what no stage does (ids are put in
order, pairs merged, clusters made). A folder is for one run at a time (see `work`).
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, is_dataclass
from hashlib import sha256
from io import BytesIO
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Generic

import numpy as np

from dedup.engines.local import Engine, Item, Result
from dedup.engines.store import Block, Columns
from dedup.model import DedupError

FORMAT = b"dedup kept 1\n"
DIGEST_BYTES = 32
PARTIAL = ".partial"
ARRAYS = frozenset(("_frombuffer", "_reconstruct", "dtype", "ndarray", "scalar"))
"""What numpy makes arrays by."""


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
    buffers: list[pickle.PickleBuffer] = []
    stream = BytesIO()
    _Pickler(stream, buffers.append, columns).dump(result)
    pieces = [stream.getbuffer(), *(buffer.raw() for buffer in buffers)]
    sizes = np.array([len(pieces), *(piece.nbytes for piece in pieces)], np.int64).tobytes()
    digest = sha256(sizes)
    for piece in pieces:
        digest.update(piece)
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.writelines((FORMAT, digest.digest(), sizes, *pieces))
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
        data = bytearray(path.stat().st_size)  # so that arrays may be written to, as those just made
        with path.open("rb") as file:
            data = data[: file.readinto(data)]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unkept(path, error) from error
    body = memoryview(data)[len(FORMAT) + DIGEST_BYTES :]
    if not data.startswith(FORMAT) or sha256(body).digest() != data[len(FORMAT) : len(FORMAT) + DIGEST_BYTES]:
        return None
    count = int(np.frombuffer(body[:8], np.int64)[0])
    sizes = np.frombuffer(body[8 : 8 * (count + 1)], np.int64).tolist()
    bounds = accumulate(sizes, initial=8 * (count + 1))
    pickled, *buffers = (body[start:stop] for start, stop in pairwise(bounds))
    try:
        return (_Unpickler(BytesIO(pickled), buffers, columns).load(),)
    except (pickle.UnpicklingError, AttributeError, ImportError, TypeError):  # of another state of the program
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


class _Pickler(pickle.Pickler):
    """What is a block in the store is written as the array that it stands for."""

    def __init__(self, stream: BytesIO, beside: Callable[[pickle.PickleBuffer], Any], columns: Columns | None) -> None:
        super().__init__(stream, protocol=5, buffer_callback=beside)
        self._columns = columns

    def persistent_id(self, one: Any) -> Any:
        return self._columns.whole(one) if self._columns and isinstance(one, Block) else None


class _Unpickler(pickle.Unpickler):
    """The other way. Raises pickle.UnpicklingError for what is neither an array nor a record of the program."""

    def __init__(self, stream: BytesIO, buffers: list[memoryview], columns: Columns | None) -> None:
        super().__init__(stream, buffers=buffers)
        self._columns = columns

    def persistent_load(self, array: Any) -> Block:
        assert self._columns is not None
        return self._columns.put(array)

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "numpy" and name in ARRAYS:
            return super().find_class(module, name)
        if module.startswith("dedup.") and "." not in name and module in sys.modules:
            found = getattr(sys.modules[module], name)
            if found is DedupError or (isinstance(found, type) and is_dataclass(found)):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no result")
