"""The engine of a cluster: a stage mapped over partitions by Ray's tasks, their columns moved by its object store.

1. A stage is pickled once for all of its items, by value, and what it refers to in the store goes along by reference.
2. A task runs it on one item. The arrays that it puts are cut into pieces and given as objects, some PIECE_BYTES each;
   what stands one behind another in an array lies in few of them, and whoever reads a stretch fetches these alone.
3. Results come in the order of the items, and no more than AHEAD tasks a worker are under way or waiting.
4. A task that its worker did not survive is run again, and so is one whose objects were lost: stages give the same.

The objects of a node lie in its shared memory, `memory_bytes` at most; beyond, Ray writes them to files. If no cluster
is named in RAY_ADDRESS, one is started here, on the loopback interface, without dashboard or telemetry, and ends with
the run. Files are read where they are needed, by their paths: the nodes of a cluster share them.

Limits: every task takes a copy of what its stage refers to outside the store; for `verify` that is the corpus without
texts, some 40 bytes a document. Source: Moritz et al., "Ray: a distributed framework for emerging AI applications",
OSDI 2018.
"""

from __future__ import annotations

import os
import pickle
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.engines import local
from dedup.engines.order import AHEAD, Item, Result
from dedup.engines.store import Block
from dedup.model import DedupError

PIECE_BYTES = 256 << 10
"""Bytes of an object, about: beyond the 100 KB up to which Ray keeps objects in the memory of the first process."""
RETRIES = 20
"""Times that a task is run again whose worker ended."""
ANSWER_SECONDS = 10
"""How long the address of a cluster is waited for."""
OBJECT_BYTES_MIN = 80 << 20
"""The least that Ray takes for objects."""


class Objects:
    """Columns as objects of Ray. In a task, `own` collects what it puts; elsewhere that becomes objects at once."""

    def __init__(self, own: list[NDArray[Any]] | None) -> None:
        self.own = own

    def put(self, array: NDArray[Any]) -> Block:
        assert array.ndim == 1
        if self.own is not None:
            self.own.append(array)
            return Block(len(array), array.dtype, (len(self.own) - 1,))
        import ray

        groups, places = _grouped([array])
        refs = [ray.put(group) for group in groups]
        return Block(len(array), array.dtype, tuple((refs[at], place, first) for at, place, first in places[0]))

    def part(self, block: Block, start: int, stop: int) -> NDArray[Any]:
        assert 0 <= start <= stop <= block.size
        if self.own is not None and len(block.where) == 1 and isinstance(block.where[0], int):
            return self.own[block.where[0]][start:stop]
        import ray

        found = np.empty(stop - start, block.dtype)  # which may be written to, as objects may not
        if start == stop:
            return found
        ends = [first for _, _, first in block.where[1:]] + [block.size]
        for (ref, place, first), end in zip(block.where, ends, strict=True):
            low, high = max(start, first), min(stop, end)
            if low < high:
                found[low - start : high - start] = ray.get(ref)[place][low - first : high - first]
        return found

    def whole(self, block: Block) -> NDArray[Any]:
        return self.part(block, 0, block.size)

    def drop(self, block: Block) -> None:
        """Nothing: an object may hold stretches of other blocks, and Ray frees it when nothing refers to it."""


def _grouped(arrays: Sequence[NDArray[Any]]) -> tuple[list[list[NDArray[Any]]], list[list[tuple[int, int, int]]]]:
    """Arrays cut into pieces, these gathered to groups of some PIECE_BYTES; and for each array, of each of its pieces
    the group, the place in it, and its first element."""
    groups: list[list[NDArray[Any]]] = []
    places: list[list[tuple[int, int, int]]] = []
    room = 0
    for array in arrays:
        width = max(1, PIECE_BYTES // array.dtype.itemsize)
        own: list[tuple[int, int, int]] = []
        for first in range(0, len(array), width):
            piece = array[first : first + width]
            if room <= 0:
                groups.append([])
                room = PIECE_BYTES
            own.append((len(groups) - 1, len(groups[-1]), first))
            groups[-1].append(np.ascontiguousarray(piece))
            room -= piece.nbytes
        places.append(own)
    return groups, places


@dataclass(frozen=True, slots=True)
class _Packed:
    """Something pickled. blocks: those that it refers to, by the number that stands there for each."""

    data: NDArray[np.uint8]
    blocks: list[Block]


def _packed(one: object) -> _Packed:
    from ray import cloudpickle

    blocks: list[Block] = []

    def name(found: Any) -> Any:
        if isinstance(found, Objects):
            return "columns"
        if not isinstance(found, Block):
            return None
        blocks.append(found)
        return len(blocks) - 1

    stream = BytesIO()
    made: Any = cloudpickle
    pickler = made.CloudPickler(stream)
    pickler.persistent_id = name
    pickler.dump(one)
    return _Packed(np.frombuffer(stream.getvalue(), np.uint8), blocks)


class _Unpickler(pickle.Unpickler):
    """The other way; what stands for the columns is `columns`."""

    def __init__(self, packed: _Packed, columns: Objects) -> None:
        super().__init__(BytesIO(packed.data.tobytes()))
        self._blocks, self._columns = packed.blocks, columns

    def persistent_load(self, name: Any) -> Any:
        return self._columns if name == "columns" else self._blocks[name]


def _task(stage: _Packed, item: object) -> Iterator[object]:
    """The result of a stage, with the places of the arrays that it put, and then the groups of their pieces."""
    columns = Objects([])
    assert columns.own is not None
    result = _Unpickler(stage, columns).load()(item)
    groups, places = _grouped(columns.own)
    yield _packed(result), places
    for group in groups:  # noqa: UP028 (`yield from` would send to a list, and Ray does)
        yield group


@dataclass(slots=True)
class Cluster:
    """The engine of a run on a cluster, or on processes of this machine.

    Raises DedupError if Ray is not installed, or does not start.
    """

    workers: int
    memory_bytes: int
    columns: Objects = field(default_factory=lambda: Objects(None))
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Cluster:
        ray = _library()
        self._open.enter_context(redirect_stdout(sys.stderr))  # where Ray tells of workers that ended, else in findings
        if not ray.is_initialized():
            self._open.callback(ray.shutdown)
            try:
                _start(ray, self.workers, self.memory_bytes)
            except BaseException:
                self._open.close()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def mapped(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        ray = _library()
        task = ray.remote(num_cpus=1, max_retries=RETRIES, num_returns="streaming", name=name)(_task)
        shared = ray.put(_packed(stage))
        waiting: deque[Any] = deque()
        try:
            for item in items:
                waiting.append(task.remote(shared, item))
                if len(waiting) >= AHEAD * self.workers:
                    yield self._taken(ray, waiting.popleft())
            while waiting:
                yield self._taken(ray, waiting.popleft())
        finally:
            for left in waiting:
                ray.cancel(left, force=False)

    def together(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return local.mapped(stage, items, self.workers)

    def apart(
        self, name: str, stage: Callable[[Item], Result], items: Iterable[Item], total_bytes: int
    ) -> Iterator[Result]:
        return self.mapped(name, stage, items)

    def finished(self, name: str) -> Iterator[object]:
        return iter(())

    def _taken(self, ray: Any, done: Any) -> Any:
        """The result of a task, its blocks in the object store. Raises what the stage raised."""
        try:
            first, *refs = list(done)
            packed, places = ray.get(first)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            remedy = "give it more memory, fewer workers, or look into the cluster's log, and run the command again"
            raise DedupError("the cluster", f"could not do a task ({type(error).__name__})", remedy) from error
        blocks = [
            Block(one.size, one.dtype, tuple((refs[at], place, first) for at, place, first in places[one.where[0]]))
            for one in packed.blocks
        ]
        return _Unpickler(_Packed(packed.data, blocks), self.columns).load()


def _library() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if "RAY_ADDRESS" not in os.environ:  # else it takes the address that other machines reach
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
    except ImportError as error:
        raise DedupError("ray", "is not installed", "run: pip install 'dedup-text[ray]'") from error
    return ray


def _check_answers(address: str) -> None:
    """Raises DedupError if nothing listens at the address of a cluster: Ray itself asks for minutes, and says nothing.

    An address without a port, such as `auto`, is left to Ray.
    """
    host, found, port = address.rpartition("://")[2].split("/")[0].rpartition(":")
    if not found or not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        problem = f"does not answer at {address}, which RAY_ADDRESS names ({error})"
        raise DedupError("the cluster", problem, "start it, mend RAY_ADDRESS, or unset it to run here") from error


def _start(ray: Any, workers: int, memory_bytes: int) -> None:
    """Joins the cluster in RAY_ADDRESS, or starts one here."""
    quiet = {"log_to_driver": False, "configure_logging": True, "logging_level": "ERROR"}
    try:
        if "RAY_ADDRESS" in os.environ:
            _check_answers(os.environ["RAY_ADDRESS"])
            ray.init(**quiet)
            return
        ray.init(
            address="local",
            num_cpus=workers,
            num_gpus=0,
            include_dashboard=False,
            object_store_memory=max(OBJECT_BYTES_MIN, memory_bytes),
            _node_ip_address="127.0.0.1",
            **quiet,
        )
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise DedupError("the cluster", f"does not answer ({error})", "look into RAY_ADDRESS, and its log") from error
