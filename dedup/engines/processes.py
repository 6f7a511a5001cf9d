"""A stage mapped over items by processes, for what Python computes itself: threads would wait for each other.

The results come in the order of the items, whichever process was first, as in `local`. No more than AHEAD items a worker
are under way or waiting, which bounds memory. Stage, items and results must be such that can be pickled. Processes
are started afresh, so a script that causes it must do so under `if __name__ == "__main__":`.

Limits: starting a process takes some 0.3 s and what the stage loads; below that, `one_by_one` is quicker.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items a worker that are under way or done and not yet taken."""


def mapped(stage: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """`stage` of each item, in the order of the items. An exception of a stage is raised where its result is due."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _left_to_the_first)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(stage, item))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def one_by_one(stage: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The same in this process."""
    return map(stage, items)


def _left_to_the_first() -> None:
    """An interrupt from the keyboard reaches every process: the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
