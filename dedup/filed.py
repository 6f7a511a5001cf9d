"""Columns of many rows become small numbers in a store, and arrays again where rows of them are asked for.

1. `Filed.append` takes rows as they come. STRETCH_ROWS of them at a time are packed and put into the store, which keeps
   in memory what fits and the rest in a file.
2. Packed are the smallest whole numbers of which a division makes just the values that were given: figures are rounded
   to some decimals, so they are tenths of a thousandth, or the like. What no such numbers give stays as it is. A
   stretch of one value all along takes no room.
3. `column[rows]` reads the stretches in which the rows are, and gives an array; `column[:]` gives all of it.

`Held` does without a store. Limits: reading is by stretches, so rows are asked for many at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

STRETCH_ROWS = 1 << 16
"""Rows that are packed together, and read at a time by whoever goes through all."""
SCALES = (1.0, 1e3, 1e4, 1e6)
"""By which figures are whole numbers, if they are rounded as those of pairs are."""
SMALLER = (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32)
WHOLE_MAX = float(1 << 31)
"""Below it a whole number is smaller than what it stands for."""

Array = NDArray[Any]


class Column(Protocol):
    """Values in rows: an array, or what is read as one is; `column[:]` is all of it, in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...


class Store(Protocol):
    """Where arrays of one dimension are put, and read in stretches: see `engines.store`."""

    def put(self, array: Array, /) -> Any: ...

    def part(self, block: Any, start: int, stop: int, /) -> Array: ...


class Growing(Protocol):
    """A column that rows are appended to until it is asked for."""

    def append(self, rows: Array, /) -> None: ...

    def column(self) -> Column: ...


def growing(store: Store | None) -> Growing:
    """A column without rows, in a store if one is given."""
    return Held() if store is None else Filed(store)


class Held:
    """A column that becomes an array.

    What is appended is joined in between: thousands of small arrays would keep the freed memory around them.
    """

    def __init__(self) -> None:
        self._rows: list[Array] = []
        self._waiting: list[Array] = []

    def append(self, rows: Array) -> None:
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= STRETCH_ROWS:
            self._rows.append(np.concatenate(self._waiting))
            self._waiting = []

    def column(self) -> Array:
        return np.concatenate([*self._rows, *self._waiting])


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows from the one numbered `first` on: the block of their values, which are divided by `scale`; or `one` row that
    all are like, where there is no block."""

    first: int
    block: Any
    scale: float
    one: Array


class Filed:
    """A column in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stretches: list[_Stretch] = []
        self._firsts = np.zeros(1, np.int64)
        self._waiting: list[Array] = []
        self._shape: tuple[int, ...] = ()
        self._dtype = np.dtype(np.float64)

    def append(self, rows: Array) -> None:
        self._shape, self._dtype = rows.shape[1:], rows.dtype
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= STRETCH_ROWS:
            self._put()

    def column(self) -> Filed:
        self._put()
        return self

    def __len__(self) -> int:
        return int(self._firsts[-1])

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            assert step == 1
            return self._between(start, max(start, stop))
        if np.ndim(rows):
            return self._of(np.flatnonzero(rows) if rows.dtype == np.bool_ else rows)
        row = int(rows) % len(self)
        return self._between(row, row + 1)[0]

    def _between(self, start: int, stop: int) -> Array:
        """All rows from one number to another."""
        found = np.empty((stop - start, *self._shape), self._dtype)
        if stop > start:
            first = int(np.searchsorted(self._firsts, start, side="right")) - 1
            for at in range(first, int(np.searchsorted(self._firsts, stop, side="left"))):
                self._read(at, found, start, stop)
        return found

    def _of(self, rows: NDArray[np.int64]) -> Array:
        """Rows by their numbers, in any order."""
        found = np.empty((len(rows), *self._shape), self._dtype)
        for chosen in self._by_stretch(rows):
            own = rows[chosen]
            low, high = int(own.min()), int(own.max()) + 1
            found[chosen] = self._between(low, high)[own - low]
        return found

    def _by_stretch(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Which of some rows are in each stretch that has any."""
        where = np.searchsorted(self._firsts, rows, side="right")
        order = np.argsort(where, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(where[order])) + 1) if len(rows) else ()

    def _read(self, at: int, found: Array, start: int, stop: int) -> None:
        """Puts what a stretch has of rows start..stop where it belongs among these."""
        stretch = self._stretches[at]
        low, high = max(start, stretch.first), min(stop, int(self._firsts[at + 1]))
        if stretch.block is None:
            found[low - start : high - start] = stretch.one
            return
        width = int(np.prod(self._shape, dtype=np.int64))
        first, last = ((one - stretch.first) * width for one in (low, high))
        values = self._store.part(stretch.block, first, last).reshape(-1, *self._shape)
        out = found[low - start : high - start]
        if stretch.scale:
            np.divide(values, stretch.scale, out=out)
        else:
            out[:] = values

    def _put(self) -> None:
        """What waits becomes a stretch."""
        rows = np.concatenate(self._waiting) if self._waiting else np.zeros(0)
        self._waiting = []
        if not len(rows):
            return
        first, flat = len(self), np.ascontiguousarray(rows).reshape(len(rows), -1)
        bits = flat.view(np.uint8)
        if (bits[-1] == bits[0]).all() and (bits == bits[0]).all():
            stretch = _Stretch(first, None, 0.0, rows[0].copy())
        else:
            whole, scale = packed(flat.reshape(-1))
            stretch = _Stretch(first, self._store.put(whole), scale, np.zeros(0))
        self._stretches.append(stretch)
        self._firsts = np.append(self._firsts, first + len(rows))


def packed(values: Array) -> tuple[Array, float]:
    """Numbers in the smallest type, and what they are to be divided by to be the values again, 0 for nothing."""
    if values.dtype.kind != "f":
        return _narrowed(values), 0.0
    if (np.signbit(values) & (values == 0)).any():  # whole numbers have no negative nothing
        return values, 0.0
    for scale in SCALES:
        whole = np.rint(values * scale)
        if (np.abs(whole) < WHOLE_MAX).all() and (whole / scale == values).all():
            return _narrowed(whole), scale
    return values, 0.0


def _narrowed(whole: Array) -> Array:
    low, high = whole.min(), whole.max()
    fits = (kind for kind in SMALLER if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return whole.astype(next(fits, whole.dtype))
