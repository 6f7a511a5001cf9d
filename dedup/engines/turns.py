"""Threads take turns at the interpreter, short ones where many of them call kernels.

A kernel leaves the interpreter to others, and what called it waits for it afterwards: until whoever has it waits for
something itself, or has had it for 5 ms. Where one thread computes in Python itself, each of the others comes to one
kernel in that time, and processors have nothing to do.

Limits: it is asked of the whole process. Source: sys.setswitchinterval in Python's documentation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

TURN_SECONDS = 0.0002
"""With turns a quarter as long adding takes as long."""


@contextmanager
def short() -> Iterator[None]:
    """Gives the interpreter to threads that wait for it every TURN_SECONDS."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, TURN_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
