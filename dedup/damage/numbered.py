"""Texts as the numbers of what stands between their white space: many texts in one array, each a stretch of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

I32s = NDArray[np.int32]
I64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of texts in UTF-8, one text after the other, and how many each has."""

    data: NDArray[np.uint8]
    sizes: I64s


def encoded(texts: Sequence[str]) -> Encoded:
    """The bytes of texts; halves of surrogate pairs as if they were characters."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    return Encoded(np.frombuffer(b"".join(parts), np.uint8), np.array(list(map(len, parts)), np.int64))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many strings a text has, and distinct ones; characters of the longest; whether one follows itself; how many
    have each mark."""

    count: int
    distinct: int
    longest: int
    twice: bool
    marks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Strings:
    """The strings of texts by their numbers, numbers[starts[n]:stops[n]] those of text n."""

    numbers: I32s
    starts: I64s
    stops: I64s

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, text: int) -> I32s:
        """The numbers of one text."""
        return self.numbers[self.starts[text] : self.stops[text]]

    def chosen(self, texts: Sequence[int]) -> Strings:
        """The strings of some of the texts."""
        return Strings(self.numbers, self.starts[texts], self.stops[texts])

    def changed(self, texts: Sequence[int], others: Strings) -> Strings:
        """The same with those of other texts in place of some."""
        if not len(others):
            return self
        starts, stops, first = self.starts.copy(), self.stops.copy(), len(self.numbers)
        starts[texts], stops[texts] = first + others.starts, first + others.stops
        return Strings(np.concatenate((self.numbers, others.numbers)), starts, stops)

    def sampled(self, most: int) -> Strings:
        """`most` of each text: of a long one those of its beginning, middle and end."""
        long = np.flatnonzero(self.stops - self.starts > most).tolist()
        return self.changed(long, joined([_sample(self[text], most) for text in long]))


def _sample(numbers: I32s, most: int) -> I32s:
    third, middle = most // 3, len(numbers) // 2
    return np.concatenate((numbers[:third], numbers[middle : middle + third], numbers[-third:]))


def joined(parts: Sequence[I32s]) -> Strings:
    """The strings of texts of which each has its own array."""
    stops = np.cumsum([0, *map(len, parts)])
    return Strings(np.concatenate([np.empty(0, np.int32), *parts]), stops[:-1], stops[1:])
