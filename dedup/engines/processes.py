"""A stage mapped over items by processes, for what Python computes itself: threads would wait for each other.

The results come in the order of the items, as in `local`. Stage, items and results must be such that can be pickled.
Processes are started afresh, and none runs the program's main module anew unless the stage is in it, which Python would
have it do: a script that has no `if __name__ == "__main__":` would start processes in each of them. While a process is
started other threads see the main module without its file.

Limits: starting a process takes some 0.3 s and what the stage loads; what takes no longer is better done at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Lock, Thread
from typing import Any

from dedup.engines.order import Item, Result, in_order
from dedup.model import DedupError

Mapped = Callable[[Callable[[Any], Any], Iterable[Any], int], Iterator[Any]]
"""What maps a stage over items of so many bytes in all, in this way or another."""
PROCESS_BYTES_MIN = 6_000_000
"""Bytes from which more processes are worth starting: what one does in two or three seconds."""


def as_needed(
    stage: Callable[[Item], Result], items: Iterable[Item], workers: int, total_bytes: int
) -> Iterator[Result]:
    """`stage` of each item, in the order of the items: by so many processes if there is work for them, else here."""
    if workers == 1 or total_bytes < PROCESS_BYTES_MIN:
        return map(stage, items)
    return mapped(stage, items, workers)


def mapped(stage: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """`stage` of each item, in the order of the items. An exception of a stage is raised where its result is due."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begun)

    def submitted(item: Item) -> Future[Result]:
        with nullcontext() if stage.__module__ == "__main__" else _without_main():  # a process may be started
            return pool.submit(stage, item)

    try:
        yield from in_order(submitted, items, workers)
    except BrokenProcessPool as error:
        remedy = "make room in memory, and run the command again"
        raise DedupError("a process", "was ended by the system", remedy) from error
    finally:
        pool.shutdown(cancel_futures=True)


_starting = Lock()


@contextmanager
def _without_main() -> Iterator[None]:
    """Takes from the main module what tells a new process where to find it."""
    main = sys.modules["__main__"]
    with _starting:
        told = vars(main)
        kept: dict[str, Any] = {name: told[name] for name in ("__spec__", "__file__") if name in told}
        try:
            told.pop("__file__", None)
            told["__spec__"] = None
            yield
        finally:
            told.pop("__spec__", None)
            told.update(kept)


def _begun() -> None:
    """An interrupt from the keyboard reaches every process: the first one ends the others. If that one is killed, they
    would wait for work for ever: each looks out for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    first = parent_process()
    assert first, "a worker was started by another process"

    def look_out() -> None:
        wait([first.sentinel])
        os._exit(1)

    Thread(target=look_out, daemon=True).start()
