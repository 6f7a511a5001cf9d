"""The local engine: a stage mapped over partitions by threads, which kernels and pyarrow let run side by side.

`Engine` is what the flow in bulk asks of any: stages by name, from whose names and the numbers of their items one that
keeps results knows them again, and a store for their columns.

The results come in the order of the partitions (see `order`), so that the number of workers changes no byte of the
findings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Protocol

from dedup.engines import processes
from dedup.engines.order import Item, Result, in_order
from dedup.engines.store import Columns, Store


class Engine(Protocol):
    """workers: how many stages run at a time. columns: where stages put arrays, for later ones to read.

    A stage is a function of its item alone, but for `together`, and gives no blocks but those that it put.
    """

    @property
    def workers(self) -> int: ...

    @property
    def columns(self) -> Columns: ...

    def mapped(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`stage` of each item, in the order of the items."""

    def together(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The same in this process, where stages may share what is in its memory."""

    def apart(
        self, name: str, stage: Callable[[Item], Result], items: Iterable[Item], total_bytes: int
    ) -> Iterator[Result]:
        """The same for what Python computes itself, of so many bytes; stage and items can be pickled."""

    def finished(self, name: str) -> Iterator[object]:
        """What a stage gave in an earlier, killed run of which this one is the same, where that is kept."""


class Threads:
    """The engine of a run on one machine: threads, and a store within `memory_bytes`."""

    def __init__(self, workers: int, memory_bytes: int) -> None:
        self.workers, self.columns = workers, Store(memory_bytes)

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.columns.close()

    def mapped(self, name: str, stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return mapped(stage, items, self.workers)

    together = mapped

    def apart(
        self, name: str, stage: Callable[[Item], Result], items: Iterable[Item], total_bytes: int
    ) -> Iterator[Result]:
        return processes.as_needed(stage, items, self.workers, total_bytes)

    def finished(self, name: str) -> Iterator[object]:
        return iter(())


def workers_available() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(
    stage: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    interrupted: Callable[[], None] = lambda: None,
    begun: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """`stage` of each item, in the order of the items. An exception of a stage is raised where its result is due.

    `interrupted` is called if it ends before its time, and may tell the stages under way, which are waited for; `begun`
    by each thread at first.
    """
    with ThreadPoolExecutor(workers, "dedup", begun) as pool:
        try:
            yield from in_order(lambda item: pool.submit(stage, item), items, workers)
        except BaseException:
            interrupted()
            raise
