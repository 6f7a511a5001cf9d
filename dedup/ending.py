"""A request to end (SIGTERM, SIGHUP, Ctrl-C) becomes an exception: what is temporary is removed, and the run is over.

Python lets a handler run, and raise, between any two steps of the main thread, also where nobody can take the exception
on: a finalizer only prints it, and a folder that was made a step ago, and is noted by the next, would stay. While such
steps are under way, or what an earlier request began is being cleared away, the request is put off, and sent again a
little later; at the end of the run it is obeyed there.

Limits: what C code calls back while Python computes in between is not known here, but for what is listed.
Sources: signal and weakref of Python's documentation; what of it can be left half done was seen by ending commands
thousands of times at random (benchmarks/faults.py).
"""

from __future__ import annotations

import _thread
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, get_ident, main_thread
from types import FrameType
from typing import NoReturn

UNBROKEN_MODULES = frozenset((
    "_weakrefset", "dedup.spool", "llvmlite.binding.executionengine", "multiprocessing.util", "tempfile", "weakref",
))  # fmt: skip
"""Modules that make temporary files, are called when objects go, or by C code, which can take no exception."""
UNBROKEN = frozenset(("__del__", "__enter__", "__exit__", "start"))
"""Functions of any module that do: entries and exits of `with`, finalizers, and threads that begin."""
OWN_MODULES = frozenset((__name__, "contextlib", "dedup.console"))
"""Those between `in_order` and who called it."""
PUT_OFF_SECONDS, PUT_OFF_TIMES_MAX = 0.002, 500
"""How long a request is put off, and how often: who asks again at the end of a long exit is obeyed after a second."""


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
    requests = _Requests(_caller())
    try:
        for one in asked:
            if before[one] not in (signal.SIG_IGN, None):
                signal.signal(one, requests.handled)
        yield
    finally:
        requests.close()
        for one, handler in before.items():
            if handler is not None:  # one of another language, of which Python knows nothing
                signal.signal(one, handler)
    for number in requests.pending:
        _end(number)


class _Requests:
    """Requests that came: `pending` are those that were put off, and not obeyed yet."""

    def __init__(self, caller: FrameType | None) -> None:
        self.pending: set[int] = set()
        self._caller = caller
        self._times = 0
        self._is_obeyed = self._is_closed = False
        self._lock = _thread.allocate_lock()
        """For the threads that send again; the handler takes no lock, since it may interrupt who holds it."""

    def handled(self, number: int, frame: FrameType | None) -> None:
        if self._is_closed:
            self.pending.add(number)
        elif not (self._is_obeyed or self._is_unbroken(frame)) or not self._put_off(number):
            self.pending.discard(number)
            self._is_obeyed, self._times = True, 0
            _end(number)

    def close(self) -> None:
        """Nothing is sent again from now on: whoever had the handlers before is not meant."""
        with self._lock:
            self._is_closed = True

    def _put_off(self, number: int) -> bool:
        if self._times >= PUT_OFF_TIMES_MAX:
            return False
        self._times += 1
        self.pending.add(number)
        try:  # a thread of `threading` would wait for locks that this one may hold
            _thread.start_new_thread(self._send_again, (number, get_ident()))
        except RuntimeError:  # there is no room for one
            return False
        return True

    def _send_again(self, number: int, thread: int) -> None:
        time.sleep(PUT_OFF_SECONDS)
        with self._lock:
            if self._is_closed:
                return
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(thread, number)  # wakes it, should it wait for something
            else:
                signal.raise_signal(number)

    def _is_unbroken(self, frame: FrameType | None) -> bool:
        """Whether steps are under way that are to come to their end; also those of a generator that is closed."""
        error = sys.exc_info()[1]
        while error is not None:
            if isinstance(error, GeneratorExit):
                return True
            error = error.__context__
        while frame is not None and frame is not self._caller:
            if frame.f_code.co_name in UNBROKEN or frame.f_globals.get("__name__") in UNBROKEN_MODULES:
                return True
            frame = frame.f_back
        return False


def _caller() -> FrameType | None:
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") in OWN_MODULES:
        frame = frame.f_back
    return frame


def _end(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
