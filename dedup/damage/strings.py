"""What stands between white space in a text becomes counts and tokens: each string is taken apart once and remembered.

1. Each distinct string has a number; of each are known its marks (a function word, one of another language, ...), its
   class (`shapes`) and its tokens (`marks`), the last two from when they are first asked for.
2. A text becomes the numbers of its strings: the first of a process by a dictionary, from KERNEL_STRINGS on by what
   `kernels.strings` compiles, which finds the same in a tenth of the time.
3. `tallied`, `classed` and `tokens` count and gather what is known of these.

Limits: when more than STRINGS_MAX strings or CHARACTERS_MAX of their characters are remembered, all are given up.
Linear in length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.damage.listed import ACCENTED, FOREIGN, FUNCTION, FURNITURE, KNOWN, STOP, marks_of
from dedup.damage.shapes import SHAPES, shape

if TYPE_CHECKING:
    from dedup.damage.weights import Ids

__all__ = [
    "ACCENTED", "FOREIGN", "FUNCTION", "FURNITURE", "KNOWN", "STOP", "Tally", "classed", "classes", "tallied",
    "tallied_sample", "tokens", "with_mark",
]  # fmt: skip

STRINGS_MAX, CHARACTERS_MAX = 200_000, 8_000_000
KERNEL_STRINGS = 100_000
"""Strings from which on loading the compiled way pays."""
_FIGURES, _MARKS = 4, 8
_UNCLASSED = 255
_PLACES = {kind: place for place, kind in enumerate(SHAPES)}

I32s = NDArray[np.int32]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many strings a text has, and distinct ones; characters of the longest; whether one follows itself; how many
    have each mark."""

    count: int
    distinct: int
    longest: int
    twice: bool
    marks: Sequence[int]


def tallied(text: str) -> Tally:
    """The counts of a text's strings."""
    known = _known()
    return known.tallied(text, known.numbers(text))


def with_mark(text: str, mark: int) -> set[str]:
    """The strings of a text that have a mark."""
    known = _known()
    return known.with_mark(known.numbers(text), mark)


def tallied_sample(text: str, most: int) -> Tally:
    """The same of `most` of them: of a long text those of its beginning, middle and end."""
    known = _known()
    numbers = known.numbers(text)
    return known.tallied(text, numbers) if len(numbers) <= most else known.counted(_sampled(numbers, most))


def classed(text: str, most: int) -> tuple[list[int], list[int]]:
    """How many of `most` strings of a text are of each class, by its place among `shapes.SHAPES`; how many distinct."""
    known = _known()
    return known.classed(_sampled(known.numbers(text), most))


def classes(text: str) -> list[int]:
    """The class of each string of a text, by its place among `shapes.SHAPES`."""
    known = _known()
    numbers = known.numbers(text)
    return known.classes(numbers)


def tokens(text: str, mark: Callable[[str], Sequence[int]]) -> Ids:
    """The tokens of a text's strings, one after the other; mark: gives those of a string."""
    known = _known()
    return known.tokens(known.numbers(text), mark)


def _sampled(numbers: I32s, most: int) -> I32s:
    if len(numbers) <= most:
        return numbers
    third, middle = most // 3, len(numbers) // 2
    return np.concatenate((numbers[:third], numbers[middle : middle + third], numbers[-third:]))


class _Known:
    """The strings that were met, and what is known of each, by its number."""

    def __init__(self) -> None:
        self._seen = 0
        self._forget()

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._strings: list[str] = []
        self._characters = self._stamp = self._slots_taken = 0
        self._flags, self._classes = np.zeros(1024, np.uint8), np.full(1024, _UNCLASSED, np.uint8)
        self._lengths, self._stamps = np.zeros(1024, np.int32), np.zeros(1024, np.uint32)
        self._starts, self._stops = np.full(1024, -1, np.int64), np.zeros(1024, np.int64)
        self._pool, self._pooled = np.zeros(4096, np.int64), 0
        self._slots, self._slot_numbers = np.zeros(1 << 14, np.uint64), np.zeros(1 << 14, np.int32)
        self._last: tuple[str, I32s] | None = None
        self._last_tally: tuple[str, Tally] | None = None

    # --- strings and numbers

    def numbers(self, text: str) -> I32s:
        """The numbers of a text's strings; they hold until another text is asked for."""
        if self._last and self._last[0] is text:
            return self._last[1]
        if len(self._strings) > STRINGS_MAX or self._characters > CHARACTERS_MAX:
            self._forget()
        found = self._by_dictionary(text) if self._seen < KERNEL_STRINGS else self._compiled(text)
        self._seen += len(found)
        self._last = text, found
        return found

    def _by_dictionary(self, text: str) -> I32s:
        parts = text.split()
        found = list(map(self._numbers.get, parts))
        if None in found:
            found = [self._number(part) if one is None else one for part, one in zip(parts, found, strict=True)]
        return np.array(found, np.int32)

    def _compiled(self, text: str) -> I32s:
        from dedup.kernels import strings

        if not self._slots_taken and self._strings:
            self._enter(self._strings, np.arange(len(self._strings), dtype=np.int32))
        encoded = text.encode("utf-8", "surrogatepass")
        data = np.frombuffer(encoded, np.uint8)
        room = len(data) // 2 + 1
        found, unknown, met = np.empty(room, np.int32), np.empty((room, 3), np.int64), np.empty(room, np.uint64)
        count, new = strings.cut(data, self._slots, self._slot_numbers, found, unknown, met)
        if new:
            parts = [encoded[start:stop].decode("utf-8", "surrogatepass") for start, stop, _ in unknown[:new].tolist()]
            given = np.array(list(map(self._number, parts)), np.int32)
            found[unknown[:new, 2]] = given
            self._put(met[:new], given)
        return found[:count]

    def _number(self, string: str) -> int:
        """The number of a string, which it is given if it has none."""
        found = self._numbers.get(string)
        if found is not None:
            return found
        number = len(self._strings)
        self._numbers[string] = number
        self._strings.append(string)
        self._characters += len(string)
        if number == len(self._flags):
            self._grow()
        self._flags[number], self._lengths[number] = marks_of(string), min(len(string), 1 << 30)
        return number

    def _grow(self) -> None:
        self._flags, self._lengths, self._stamps = _longer(self._flags), _longer(self._lengths), _longer(self._stamps)
        self._stops, self._starts = _longer(self._stops), _longer(self._starts, -1)
        self._classes = _longer(self._classes, _UNCLASSED)

    def _enter(self, strings: Sequence[str], numbers: I32s) -> None:
        """Puts strings that were met before into the table, by cutting them anew."""
        from dedup.kernels import strings as kernels

        data = np.frombuffer("\n".join(strings).encode("utf-8", "surrogatepass"), np.uint8)
        room = len(data) // 2 + 1
        met = np.empty(room, np.uint64)
        found, unknown = np.empty(room, np.int32), np.empty((room, 3), np.int64)
        empty = np.zeros(2, np.uint64), np.zeros(2, np.int32)
        kernels.cut(data, *empty, found, unknown, met)
        self._put(met[: len(numbers)], numbers)

    def _put(self, met: NDArray[np.uint64], given: I32s) -> None:
        """Puts hashes and numbers into the table, which is kept at most half full."""
        from dedup.kernels import strings

        while 2 * (self._slots_taken + len(met)) > len(self._slots):
            taken = self._slots != 0
            before = self._slots[taken], self._slot_numbers[taken]
            self._slots, self._slot_numbers = np.zeros(2 * len(self._slots), np.uint64), _longer(self._slot_numbers)
            self._slots_taken = strings.put(*before, self._slots, self._slot_numbers)
        self._slots_taken += strings.put(met, given, self._slots, self._slot_numbers)

    # --- what is known of them

    def tallied(self, text: str, numbers: I32s) -> Tally:
        if not self._last_tally or self._last_tally[0] is not text:
            self._last_tally = text, self.counted(numbers)
        return self._last_tally[1]

    def counted(self, numbers: I32s) -> Tally:
        if self._seen < KERNEL_STRINGS:
            distinct, flags = np.unique(numbers), self._flags[numbers]
            marks = [int(np.count_nonzero(flags & (1 << bit))) for bit in range(_MARKS)]
            longest = int(self._lengths[distinct].max(initial=0))
            return Tally(len(numbers), len(distinct), longest, bool((numbers[1:] == numbers[:-1]).any()), marks)
        from dedup.kernels import strings

        counts = np.zeros(_FIGURES + _MARKS, np.int64)
        self._stamp += 1
        strings.tally(numbers, self._flags, self._lengths, self._stamps, self._stamp, counts)
        count, distinct_count, longest, twice, *marks = counts.tolist()
        return Tally(count, distinct_count, longest, bool(twice), marks)

    def with_mark(self, numbers: I32s, mark: int) -> set[str]:
        return {self._strings[number] for number in numbers[self._flags[numbers] & (1 << mark) != 0].tolist()}

    def classed(self, numbers: I32s) -> tuple[list[int], list[int]]:
        counted = self._counted_classes if self._seen < KERNEL_STRINGS else self._compiled_classes
        counts, new = counted(numbers)
        if new:
            self._classes[new] = [_PLACES[shape(self._strings[number])] for number in new]
            counts, _ = counted(numbers)
        every, distinct = counts[:, : len(SHAPES)].tolist()
        return every, distinct

    def classes(self, numbers: I32s) -> list[int]:
        self.classed(numbers)
        found: list[int] = self._classes[numbers].tolist()
        return found

    def _counted_classes(self, numbers: I32s) -> tuple[Ids, list[int]]:
        distinct = np.unique(numbers)
        counts = [np.bincount(self._classes[some], minlength=256) for some in (numbers, distinct)]
        return np.stack(counts), distinct[self._classes[distinct] == _UNCLASSED].tolist()

    def _compiled_classes(self, numbers: I32s) -> tuple[Ids, list[int]]:
        from dedup.kernels import strings

        counts, new = np.zeros(512, np.int64), np.empty(len(numbers), np.int32)
        self._stamp += 1
        strings.classed(numbers, self._classes, self._stamps, self._stamp, counts, new)
        return counts.reshape(2, 256), new[: counts[-1]].tolist() if counts[-1] else []

    def tokens(self, numbers: I32s, mark: Callable[[str], Sequence[int]]) -> Ids:
        if self._seen < KERNEL_STRINGS:
            self._take_apart(numbers, mark)
            firsts = self._starts[numbers]
            sizes = self._stops[numbers] - firsts
            places = np.repeat(firsts - (np.cumsum(sizes) - sizes), sizes)
            return self._pool[places + np.arange(len(places))]
        from dedup.kernels import strings

        out = np.empty(2 * len(numbers) + 64, np.int64)
        count = strings.gather(numbers, self._starts, self._stops, self._pool, out)
        if count < 0:
            self._take_apart(numbers, mark)
            count = strings.gather(numbers, self._starts, self._stops, self._pool, out)
        if count > len(out):
            out = np.empty(count, np.int64)
            strings.gather(numbers, self._starts, self._stops, self._pool, out)
        return out[:count]

    def _take_apart(self, numbers: I32s, mark: Callable[[str], Sequence[int]]) -> None:
        """Puts down the tokens of those strings whose tokens nobody asked for."""
        new = list(dict.fromkeys(numbers[self._starts[numbers] < 0].tolist()))
        if not new:
            return
        found: list[int] = []
        stops: list[int] = []
        for number in new:
            found += mark(self._strings[number])
            stops.append(self._pooled + len(found))
        while self._pooled + len(found) > len(self._pool):
            self._pool = _longer(self._pool)
        self._pool[self._pooled : self._pooled + len(found)] = found
        self._starts[new], self._stops[new] = [self._pooled, *stops[:-1]], stops
        self._pooled += len(found)


@cache
def _known() -> _Known:
    """What this process knows of strings."""
    return _Known()


def _longer(array: NDArray[T], filler: int = 0) -> NDArray[T]:
    """An array of twice the length, which begins as this one."""
    made = np.full(2 * len(array), filler, array.dtype)
    made[: len(array)] = array
    return made
