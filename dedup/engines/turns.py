"""Threads take turns at the interpreter, short ones where many of them call kernels.

A kernel leaves the interpreter to others, and what called it waits for it afterwards: until whoever has it waits for
something itself, or has had it for 5 ms. Where one thread computes in Python itself, each of the others comes to one
kernel in that time, and processors have nothing to do.

What is done ahead gives way to what others wait for: else threads that read ahead take as much of the processors as the
one that all the rest hangs on, until they have to wait for it, and nobody else is left.

Limits: turns are asked of the whole process; only Linux knows priorities of threads, and who waits for the interpreter
waits for whoever has it, so that little is given away. Sources: sys.setswitchinterval in Python's documentation,
setpriority(2) and nice(7) of Linux.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TURN_SECONDS = 0.0002
"""With turns a quarter as long adding takes as long."""
WAY_GIVEN = 5
"""Steps of niceness by which a thread gives way: it gets a third of what others get. With 10 or 15 adding is hardly
quicker, and where other programs compute too, who has the interpreter might wait for them."""


@contextmanager
def short() -> Iterator[None]:
    """Gives the interpreter to threads that wait for it every TURN_SECONDS."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, TURN_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def give_way() -> None:
    """Lets other threads go first, for as long as this one lives."""
    if sys.platform == "linux":
        own = threading.get_native_id()
        with suppress(OSError):  # a system may allow no thread to ask for it
            os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + WAY_GIVEN)
