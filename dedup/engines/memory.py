"""Memory that was freed goes back to the system at once, or is kept, as what comes next will need it.

1. `give_back`: a run goes through stages of different needs; what one of them freed would stand beside what the next
   one takes. GNU's C library keeps freed memory in its arenas, one a thread, until it is asked to trim them.
2. `kept`: work that is the same again and again, batch by batch, needs the same memory every time. What goes back to
   the system in between is cleared page by page when it is taken anew, which is a tenth of such work.

Limits: both ask of GNU's C library and of Arrow, for the whole process, and do nothing else where there is another.
Source: mallopt(3), malloc_trim(3).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Of mallopt: free bytes at an arena's end, and bytes of an array, from which they go back to the system at once; and
most arenas."""
_KEPT_BYTES = 1 << 30
_USUAL_BYTES = 1 << 25
"""What the second one comes to by itself in a program that frees large arrays; the first one to twice as much."""


def give_back() -> None:
    """Gives freed memory back; does nothing where the C library knows of no such request."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def kept() -> Iterator[None]:
    """Keeps freed memory for what comes next, and gives it back in the end.

    Threads that begin share one arena then, or each would keep what it needs at most; that stays so.
    """
    import pyarrow as pa

    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own gives memory back by itself
    _set(_ARENA_MAX, 1)
    _set(_TRIM_THRESHOLD, _KEPT_BYTES)
    _set(_MMAP_THRESHOLD, _KEPT_BYTES)
    try:
        yield
    finally:
        _set(_TRIM_THRESHOLD, 2 * _USUAL_BYTES)
        _set(_MMAP_THRESHOLD, _USUAL_BYTES)
        pa.set_memory_pool(before)
        give_back()


def _set(option: int, value: int) -> None:
    setting = getattr(ctypes.CDLL(None), "mallopt", None)
    if setting is not None:
        setting(option, value)
