"""The local engine: a stage mapped over partitions by threads, which kernels and pyarrow let run side by side.

The results come in the order of the partitions, whichever thread was first, so that the number of workers changes no
byte of the findings. No more than AHEAD partitions a worker are under way or waiting, which bounds memory.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Partitions a worker that are under way or done and not yet taken."""


def workers_available() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(
    stage: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    interrupted: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """`stage` of each item, in the order of the items. An exception of a stage is raised where its result is due.

    `interrupted` is called if it ends before its time, and may tell the stages under way, which are waited for.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="dedup") as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(stage, item))
                if len(waiting) >= AHEAD * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            interrupted()
            raise
        finally:
            for future in waiting:
                future.cancel()
