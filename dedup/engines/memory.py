"""Memory that was freed goes back to the system at once, where the C library would keep it for what comes next.

A run goes through stages of different needs; what one of them freed would stand beside what the next one takes. GNU's C
library keeps freed memory in its arenas, one a thread, until it is asked to trim them (mallopt(3), malloc_trim(3)).
"""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Gives freed memory back; does nothing where the C library knows of no such request."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
