"""A request to end (SIGTERM, SIGHUP, Ctrl-C) becomes an exception: what is temporary is removed, and the run is over.

Python lets a handler run, and raise, between any two steps of the main thread, also where nobody can take the exception
on: a finalizer only prints it, and a folder that was made a step ago, and is noted by the next, would stay. While such
steps are under way (`UNBROKEN`) the request is put off, and sent again a little later.

Sources: signal and weakref of Python's documentation; what of it can be left half done was seen by ending commands
thousands of times at random (benchmarks/faults.py).
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, get_ident, main_thread
from types import FrameType

UNBROKEN_MODULES = frozenset(("_weakrefset", "dedup.spool", "tempfile", "weakref"))
UNBROKEN = frozenset(("__del__", "__enter__", "__exit__", "start"))
"""Functions that make, take back or finalize something: callbacks of weak references, entries and exits of `with`,
threads that begin."""
PUT_OFF_SECONDS, PUT_OFF_MAX = 0.002, 500
"""How long a request is put off, and how often: whoever waits at the end of a long exit wants it to end too."""


@contextmanager
def in_order() -> Iterator[None]:
    """Within it a request to end raises: SystemExit of 128 and the signal's number, KeyboardInterrupt for Ctrl-C.

    In other threads than the main one, and of requests that are ignored, as nohup has it, nothing changes.
    """
    if current_thread() is not main_thread():
        yield
        return
    asked = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)]
    before = {one: signal.getsignal(one) for one in asked}
    put_off: Counter[int] = Counter()

    def handled(number: int, frame: FrameType | None) -> None:
        if put_off[number] < PUT_OFF_MAX and _is_unbroken(frame):
            put_off[number] += 1
            # A thread of `threading` would wait for locks that this one may hold.
            _thread.start_new_thread(_sent_again, (number, get_ident()))
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            sys.exit(128 + number)

    for one in asked:
        if before[one] not in (signal.SIG_IGN, None):
            signal.signal(one, handled)
    try:
        yield
    finally:
        for one, handler in before.items():
            if handler is not None:  # one of another language, of which Python knows nothing
                signal.signal(one, handler)


def _is_unbroken(frame: FrameType | None) -> bool:
    """Whether steps are under way that are to come to their end; also those of a generator that is closed."""
    if isinstance(sys.exc_info()[1], GeneratorExit):
        return True
    while frame is not None:
        if frame.f_code.co_name in UNBROKEN or frame.f_globals.get("__name__") in UNBROKEN_MODULES:
            return True
        frame = frame.f_back
    return False


def _sent_again(number: int, thread: int) -> None:
    time.sleep(PUT_OFF_SECONDS)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, number)  # wakes it, should it wait for something
    else:
        signal.raise_signal(number)
