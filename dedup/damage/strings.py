"""What stands between white space in a text becomes counts and tokens: each string is taken apart once and remembered.

1. Each distinct string has a number; of each are known its marks (a function word, one of another language, ...), its
   class (`shapes`) and its tokens (`marks`), the last two from when they are first asked for.
2. A text becomes the numbers of its strings: the first of a process by a dictionary, from KERNEL_STRINGS on by what
   `kernels.strings` compiles, which finds the same in a tenth of the time.
3. `tallies`, `classed` and `tokens` count and gather what is known of these, of as many texts as a batch has at once.

Limits: when more than STRINGS_MAX strings or CHARACTERS_MAX of their characters are remembered, all are given up.
Linear in length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.damage.listed import marks_of
from dedup.damage.numbered import Encoded, I32s, I64s, Strings, Tally, joined
from dedup.damage.shapes import SHAPES, shape

if TYPE_CHECKING:
    from dedup.damage.weights import Ids

STRINGS_MAX, CHARACTERS_MAX = 200_000, 8_000_000
KERNEL_STRINGS, STRING_BYTES = 100_000, 6
"""Strings from which on loading the compiled way pays; bytes of one."""
_FIGURES, _MARKS = 4, 8
_UNCLASSED = 255
_PLACES = {kind: place for place, kind in enumerate(SHAPES)}

T = TypeVar("T", bound=np.generic)


class Known:
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

    # --- strings and numbers

    def room(self) -> None:
        """Gives up all that is known where it is too much: numbers given before say nothing from then on."""
        if len(self._strings) > STRINGS_MAX or self._characters > CHARACTERS_MAX:
            self._forget()

    def is_compiled(self, more: int = 0) -> bool:
        """Whether so many strings were met, and are to come, that what is compiled pays."""
        return self._seen + more >= KERNEL_STRINGS

    def strings(self, texts: Sequence[str], encoded: Encoded) -> Strings:
        """The strings of texts; `encoded` are the same."""
        compiled = self.is_compiled(len(encoded.data) // STRING_BYTES)
        found = self._compiled(encoded) if compiled else joined(list(map(self._by_dictionary, texts)))
        self._seen += len(found.numbers)
        return found

    def _by_dictionary(self, text: str) -> I32s:
        return self._given(text.split())

    def _compiled(self, texts: Encoded) -> Strings:
        from dedup.kernels import strings

        if not self._slots_taken and self._strings:
            self._enter(self._strings, np.arange(len(self._strings), dtype=np.int32))
        room = (len(texts.data) + len(texts.sizes)) // 2 + 1
        found, unknown, met = np.empty(room, np.int32), np.empty((room, 3), np.int64), np.empty(room, np.uint64)
        starts, data = np.empty(len(texts.sizes) + 1, np.int64), texts.data
        count, new = strings.cut(data, texts.sizes, self._slots, self._slot_numbers, found, starts, unknown, met)
        if new:
            whole = data.tobytes()
            bounds = zip(unknown[:new, 0].tolist(), unknown[:new, 1].tolist(), strict=True)
            parts = [whole[start:stop].decode("utf-8", "surrogatepass") for start, stop in bounds]
            given = self._given(parts)
            found[unknown[:new, 2]] = given
            self._put(met[:new], given)
        return Strings(found[:count], starts[:-1], starts[1:])

    def _given(self, strings: Sequence[str]) -> I32s:
        """The numbers of strings, which they are given if they have none."""
        found = list(map(self._numbers.get, strings))
        if None in found:
            first = len(self._strings)
            new = list(dict.fromkeys(string for string, one in zip(strings, found, strict=True) if one is None))
            self._numbers.update(zip(new, range(first, first + len(new)), strict=True))
            self._strings += new
            sizes = list(map(len, new))
            self._characters += sum(sizes)
            while len(self._strings) > len(self._flags):
                self._grow()
            self._flags[first : first + len(new)] = list(map(marks_of, new))
            self._lengths[first : first + len(new)] = np.minimum(sizes, 1 << 30)
            found = list(map(self._numbers.get, strings))
        return np.array(found, np.int32)

    def _grow(self) -> None:
        self._flags, self._lengths, self._stamps = _longer(self._flags), _longer(self._lengths), _longer(self._stamps)
        self._stops, self._starts = _longer(self._stops), _longer(self._starts, -1)
        self._classes = _longer(self._classes, _UNCLASSED)

    def _enter(self, strings: Sequence[str], numbers: I32s) -> None:
        """Puts strings that were met before into the table, by cutting them anew."""
        from dedup.kernels import strings as kernels

        data = np.frombuffer("\n".join(strings).encode("utf-8", "surrogatepass"), np.uint8)
        room = len(data) // 2 + 1
        found, unknown, met = np.empty(room, np.int32), np.empty((room, 3), np.int64), np.empty(room, np.uint64)
        empty = np.zeros(2, np.uint64), np.zeros(2, np.int32)
        kernels.cut(data, np.array([len(data)]), *empty, found, np.empty(2, np.int64), unknown, met)
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

    def tallies(self, of: Strings) -> list[Tally]:
        """The counts of each text's strings."""
        if not self.is_compiled():
            return list(map(self._tally, map(of.__getitem__, range(len(of)))))
        from dedup.kernels import strings

        counts = np.zeros((len(of), _FIGURES + _MARKS), np.int64)
        strings.tally(of.numbers, of.starts, of.stops, self._flags, self._lengths, *self._stamped(of), counts)
        return [Tally(row[0], row[1], row[2], bool(row[3]), row[4:]) for row in counts.tolist()]

    def _tally(self, numbers: I32s) -> Tally:
        distinct, flags = np.unique(numbers), self._flags[numbers]
        marks = [int(np.count_nonzero(flags & (1 << bit))) for bit in range(_MARKS)]
        longest = int(self._lengths[distinct].max(initial=0))
        return Tally(len(numbers), len(distinct), longest, bool((numbers[1:] == numbers[:-1]).any()), marks)

    def _stamped(self, of: Strings) -> tuple[NDArray[np.uint32], int]:
        """The stamps of all strings, and the first of as many new ones as there are texts."""
        first = self._stamp + 1
        self._stamp += len(of)
        return self._stamps, first

    def with_mark(self, numbers: I32s, mark: int) -> set[str]:
        """The strings that have a mark."""
        return {self._strings[number] for number in numbers[self._flags[numbers] & (1 << mark) != 0].tolist()}

    def classed(self, of: Strings) -> I64s:
        """How many of each text's strings are of each class, by its place among `shapes.SHAPES`, and how many distinct
        ones: (texts, 2, classes)."""
        counted = self._compiled_classes if self.is_compiled() else self._counted_classes
        counts, new = counted(of)
        if len(new):
            self._classes[new] = [_PLACES[shape(self._strings[number])] for number in new.tolist()]
            counts, _ = counted(of)
        return counts

    def classes(self, of: Strings) -> list[list[int]]:
        """The class of each string of each text."""
        self.classed(of)
        return [self._classes[of[text]].tolist() for text in range(len(of))]

    def _counted_classes(self, of: Strings) -> tuple[I64s, I32s]:
        counts, new = np.zeros((len(of), 2, 256), np.int64), [np.empty(0, np.int32)]
        for text in range(len(of)):
            distinct = np.unique(of[text])
            counts[text] = [np.bincount(self._classes[some], minlength=256) for some in (of[text], distinct)]
            new.append(distinct[self._classes[distinct] == _UNCLASSED])
        return counts[:, :, : len(SHAPES)], np.unique(np.concatenate(new))

    def _compiled_classes(self, of: Strings) -> tuple[I64s, I32s]:
        from dedup.kernels import strings

        counts, new = np.zeros((len(of), 2, len(SHAPES)), np.int64), np.empty(len(of.numbers), np.int32)
        count = strings.classed(of.numbers, of.starts, of.stops, self._classes, *self._stamped(of), counts, new)
        return counts, np.unique(new[:count])

    def tokens(self, of: Strings, mark: Callable[[str], Sequence[int]]) -> tuple[Ids, I64s]:
        """The tokens of the texts' strings, one after the other, and where those of each text begin, and the last ends;
        mark: gives those of a string."""
        if self.is_compiled():
            return self._gathered(of, mark)
        numbers = np.concatenate([np.empty(0, np.int32), *map(of.__getitem__, range(len(of)))])
        self._take_apart(numbers, mark)
        firsts = self._starts[numbers]
        sizes = self._stops[numbers] - firsts
        stops = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        places = np.repeat(firsts - stops[:-1], sizes)
        texts = np.concatenate((np.zeros(1, np.int64), np.cumsum(of.stops - of.starts)))
        return self._pool[places + np.arange(len(places))], stops[texts]

    def _gathered(self, of: Strings, mark: Callable[[str], Sequence[int]]) -> tuple[Ids, I64s]:
        from dedup.kernels import strings

        places, out = np.empty(len(of) + 1, np.int64), np.empty(2 * len(of.numbers) + 64, np.int64)
        while True:
            count = strings.gather(
                of.numbers, of.starts, of.stops, self._starts, self._stops, self._pool, out, places
            )  # fmt: skip
            if count < 0:
                self._take_apart(np.concatenate(list(map(of.__getitem__, range(len(of))))), mark)
            elif count <= len(out):
                return out[:count], places
            else:
                out = np.empty(count, np.int64)

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
def known() -> Known:
    """What this process knows of strings."""
    return Known()


def _longer(array: NDArray[T], filler: int = 0) -> NDArray[T]:
    """An array of twice the length, which begins as this one."""
    made = np.full(2 * len(array), filler, array.dtype)
    made[: len(array)] = array
    return made
