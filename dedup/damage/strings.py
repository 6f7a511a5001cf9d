"""What stands between white space in a text becomes counts and tokens: each string is taken apart once and remembered.

1. Each distinct string has a number; of each are known its marks (a function word, one of another language, ...), its
   class (`shapes`) and its tokens (`marks`).
2. The first strings of a process are numbered by a dictionary, and looked at by Python, class and tokens when they are
   first asked for. From KERNEL_STRINGS on `kernels.strings` numbers them by their hashes, and `kernels.judged` looks at
   all that are new at once, which finds the same in a tenth of the time; only strange ones are left to Python.
3. `tallies`, `classed` and `tokens` count and gather what is known of these, of as many texts as a batch has at once.

Each thread knows its own. Limits: when more than STRINGS_MAX strings or CHARACTERS_MAX of their characters are
remembered, all are given up.
Linear in length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from threading import local
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.damage.listed import FURNITURE, marks_of
from dedup.damage.numbered import Encoded, I32s, I64s, Strings, Tally, joined
from dedup.damage.shapes import SHAPES, shape

if TYPE_CHECKING:
    from dedup.damage.weights import Ids

STRINGS_MAX, CHARACTERS_MAX = 200_000, 8_000_000
KERNEL_STRINGS, STRING_BYTES = 65_000, 6
"""Strings from which on loading the compiled way pays, those of a full batch; bytes of one."""
_FIGURES, _MARKS = 4, 8
_UNCLASSED = 255
_PLACES = {kind: place for place, kind in enumerate(SHAPES)}

T = TypeVar("T", bound=np.generic)


class Known:
    """The strings that were met, and what is known of each, by its number."""

    def __init__(self) -> None:
        self._seen, self._hashed = 0, False
        self._forget()

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._kept: dict[int, str] = {}
        self._crowded: dict[int, int] = {}
        self._count = self._characters = self._stamp = self._pooled = 0
        self._flags, self._classes = np.zeros(1024, np.uint8), np.full(1024, _UNCLASSED, np.uint8)
        self._lengths, self._stamps = np.zeros(1024, np.int32), np.zeros(1024, np.uint32)
        self._starts, self._stops = np.full(1024, -1, np.int64), np.zeros(1024, np.int64)
        self._pool = np.zeros(4096, np.int64)
        self._slots, self._slot_numbers = np.zeros(1 << 14, np.uint64), np.zeros(1 << 14, np.int32)

    def __len__(self) -> int:
        """How many strings are remembered."""
        return self._count

    # --- strings and numbers

    def room(self, size_bytes: int) -> None:
        """Gives up all that is known where it is too much, or where what is compiled begins to pay, with so many bytes
        to come: numbers given before say nothing from then on."""
        pays = not self._hashed and self._seen + size_bytes // STRING_BYTES >= KERNEL_STRINGS
        self._hashed = self._hashed or pays
        if pays or self._count > STRINGS_MAX or self._characters > CHARACTERS_MAX:
            self._forget()

    def is_compiled(self) -> bool:
        """Whether so many strings were met that what is compiled pays."""
        return self._hashed

    def strings(self, texts: Sequence[str], encoded: Encoded) -> Strings:
        """The strings of texts; `encoded` are the same."""
        found = self._by_hashes(encoded) if self._hashed else joined(list(map(self._by_dictionary, texts)))
        self._seen += len(found.numbers)
        return found

    def _by_dictionary(self, text: str) -> I32s:
        """The numbers of a text's strings, which they are given if they have none."""
        strings = text.split()
        found = list(map(self._numbers.get, strings))
        if None in found:
            new = list(dict.fromkeys(string for string, one in zip(strings, found, strict=True) if one is None))
            first, sizes = self._new(len(new)), list(map(len, new))
            numbers = range(first, first + len(new))
            self._numbers.update(zip(new, numbers, strict=True))
            self._kept.update(zip(numbers, new, strict=True))
            self._characters += sum(sizes)
            self._flags[first : self._count] = list(map(marks_of, new))
            self._lengths[first : self._count] = np.minimum(sizes, 1 << 30)
            found = list(map(self._numbers.get, strings))
        return np.array(found, np.int32)

    def _by_hashes(self, texts: Encoded) -> Strings:
        """The strings of texts, numbered by the kernels."""
        from dedup.kernels import strings

        room = (len(texts.data) + len(texts.sizes)) // 2 + 1
        found, unknown, met = np.empty(room, np.int32), np.empty((room, 3), np.int64), np.empty(room, np.uint64)
        starts, data = np.empty(len(texts.sizes) + 1, np.int64), texts.data
        count, new = strings.cut(data, texts.sizes, self._slots, self._slot_numbers, found, starts, unknown, met)
        if new:
            self._enter(data, unknown[:new], met[:new], found)
        return Strings(found[:count], starts[:-1], starts[1:])

    def _enter(self, data: NDArray[np.uint8], unknown: I64s, met: NDArray[np.uint64], found: I32s) -> None:
        """Gives numbers to strings that are not in the table, into `found`, and puts down what is known of each."""
        from dedup.kernels import strings

        while 2 * (self._count + len(met)) > len(self._slots):
            self._double()
        bounds, crowded = np.empty((len(met), 2), np.int64), np.empty(len(met), np.int64)
        new, left = strings.number(
            unknown, met, self._slots, self._slot_numbers, self._count, found, bounds, crowded
        )  # fmt: skip
        chosen = [bounds[:new]]
        for at in crowded[:left].tolist():
            one = self._crowded.get(int(met[at]))
            if one is None:
                one = self._crowded[int(met[at])] = self._count + new + len(chosen) - 1
                chosen.append(unknown[at : at + 1, :2])
            found[unknown[at, 2]] = one
        self._judge(data, np.concatenate(chosen))

    def _double(self) -> None:
        """Makes the table twice as large."""
        from dedup.kernels import strings

        before, given = self._slots, self._slot_numbers
        self._slots, self._slot_numbers = np.zeros(2 * len(before), np.uint64), np.zeros(2 * len(given), np.int32)
        crowded = np.empty(len(before), np.int64)
        left = strings.again(before, given, self._slots, self._slot_numbers, crowded)
        for at in crowded[:left].tolist():
            self._crowded[int(before[at])] = int(given[at])

    def _judge(self, data: NDArray[np.uint8], bounds: I64s) -> None:
        """Puts down what is known of new strings, which stand at bounds."""
        from dedup.damage import tabled
        from dedup.kernels import judged

        first = self._new(len(bounds))
        self._pool = _with_room(self._pool, self._pooled + int((bounds[:, 1] - bounds[:, 0]).sum()))
        strange = np.empty(len(bounds), np.int32)
        self._pooled, told = judged.judge(
            data, bounds, tabled.lists(), tabled.words(), first, self._flags, self._classes, self._lengths,
            self._starts, self._stops, self._pool, self._pooled, strange,
        )  # fmt: skip
        self._characters += int(self._lengths[first : self._count].sum(dtype=np.int64))
        numbers = strange[:told].tolist()
        furniture = first + np.flatnonzero(self._flags[first : self._count] & 1 << FURNITURE)
        for number in (*numbers, *furniture.tolist()):
            start, stop = bounds[number - first].tolist()
            self._kept[number] = data[start:stop].tobytes().decode("utf-8", "surrogatepass")
        self._flags[numbers] = [marks_of(self._kept[number]) for number in numbers]

    def _new(self, count: int) -> int:
        """The first of so many new numbers, for which there is room from then on."""
        first = self._count
        self._count += count
        self._flags, self._lengths = _with_room(self._flags, self._count), _with_room(self._lengths, self._count)
        self._stamps, self._stops = _with_room(self._stamps, self._count), _with_room(self._stops, self._count)
        self._starts = _with_room(self._starts, self._count, -1)
        self._classes = _with_room(self._classes, self._count, _UNCLASSED)
        return first

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

    def of_furniture(self, numbers: I32s) -> set[str]:
        """The strings that phrases of page furniture hold."""
        return {self._kept[number] for number in numbers[self._flags[numbers] & (1 << FURNITURE) != 0].tolist()}

    def classed(self, of: Strings) -> I64s:
        """How many of each text's strings are of each class, by its place among `shapes.SHAPES`, and how many distinct
        ones: (texts, 2, classes)."""
        counted = self._compiled_classes if self.is_compiled() else self._counted_classes
        counts, new = counted(of)
        if len(new):
            self._classes[new] = [_PLACES[shape(self._kept[number])] for number in new.tolist()]
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
            found += mark(self._kept[number])
            stops.append(self._pooled + len(found))
        self._pool = _with_room(self._pool, self._pooled + len(found))
        self._pool[self._pooled : self._pooled + len(found)] = found
        self._starts[new], self._stops[new] = [self._pooled, *stops[:-1]], stops
        self._pooled += len(found)


@cache
def _here() -> local:
    """What each thread knows."""
    return local()


def known() -> Known:
    """What this thread knows of strings: numbers say nothing to another one, which may give up its own meanwhile."""
    found: Known | None = getattr(_here(), "known", None)
    if found is None:
        found = _here().known = Known()
    return found


def _with_room(array: NDArray[T], room: int, filler: int = 0) -> NDArray[T]:
    """An array with room for so many: itself, or a longer one that begins as it does."""
    if room <= len(array):
        return array
    made = np.full(max(room, 2 * len(array)), filler, array.dtype)
    made[: len(array)] = array
    return made
