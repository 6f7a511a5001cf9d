"""Results in the order of their items, whichever worker was first, with a bounded number under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items a worker that are under way or done and not yet taken: none waits for work, and memory is bounded."""


def in_order(submit: Callable[[Item], Future[Result]], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """What comes of each item that is submitted. An exception is raised where its result is due; whatever has not begun
    by then, or when nobody wants more, is cancelled."""
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(submit(item))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
