"""Bytes at many places of a file become one array, by one call: nobody is asked for the interpreter between them.

Limits: systems with pread(2) of 64-bit offsets, whose arguments fit machine words.
"""

from __future__ import annotations

from typing import Any

from dedup.kernels.simd import I64s, U8s, kernel, types

_pread: Any = types.ExternalFunction("pread", types.intp(types.int32, types.intp, types.intp, types.int64))


@kernel
def read_spans(handle: int, starts: I64s, stops: I64s, data: U8s) -> int:
    """Bytes starts[n]..stops[n] of an open file, one stretch behind another, into `data`: how many stretches were read
    as a whole, from the first on; the system refused the next one, or the file ends there.

    handle: of the file. starts, stops: (n,). data: (their bytes,) out. Raises ValueError where it does not fit.
    """
    if len(starts) != len(stops) or len(data) < (stops - starts).sum():
        raise ValueError("arrays do not fit each other")
    filled = 0
    for number in range(len(starts)):
        at, stop = starts[number], stops[number]
        while at < stop:
            size = _pread(handle, data.ctypes.data + filled, stop - at, at)
            if size <= 0:
                return number
            at += size
            filled += size
    return len(starts)
