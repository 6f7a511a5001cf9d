"""Several witnesses of a document become places: stretches of the document at which their readings part.

The document stands in the middle of a star: every witness is aligned with it, none with another, so that each place is
a range of the document's tokens and has one reading of every witness that is there.

1. What differs between the document and one witness comes as segments, phrase by phrase. Where a run of them is alike
   in its letters, noise made it: it is cut anew where both texts begin a word at the same letter, since noise joins and
   parts words (`_by_letters`).
2. Ranges of different witnesses that overlap are one place. What a witness reads there follows from the segments: all
   else stands in it as in the document.
3. A witness is silent (None) where it shares no passage with the document, where it has something from elsewhere, and
   where one of the two has a block that the other lacks.
4. Where the document itself is the worst of three, its words hold the others' together. A place of several words is
   therefore cut once more, along the soundest reading (`_columns`).

Linear in the length of the document and in the number of its segments. The star is the simplest way to align many
sequences (Gusfield 1993); who collates calls its middle the base text.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from dedup import plausible
from dedup.config import Config
from dedup.figures import EDGE_TOKENS
from dedup.model import Passage, Segment, Tokens
from dedup.places import Block, Column, Place, Reading, Words

LETTERS_MAX = 1 << 14
"""Letters of a run, on either side, beyond which it is not cut anew: time grows with their product."""
PHRASE_TOKENS_MAX = 5
"""Tokens of a phrase that is asked of."""
COLUMN_TEXTS_MIN = 3
"""Different readings from which a place is cut along the soundest: of two there is nothing to put together."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Witness:
    """A text beside the document: its tokens, how the document's are cut against them, the passages they share."""

    tokens: Tokens
    segments: Sequence[Segment]
    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class Star:
    """What the comparison with all witnesses gives: places in order, none of which overlap, and for each token of the
    document how many texts tell of it, itself among them."""

    places: tuple[Place, ...]
    voices: Sequence[int]


Asked = Callable[[int, int], bool]
"""Which phrases, as tokens start..stop of the document, are asked of even where all texts agree on them."""


def star(document: Tokens, witnesses: Sequence[Witness], config: Config, asked: Asked | None = None) -> Star:
    """The places of a document, and how many texts tell of each of its tokens."""
    cut = [_cut(document, witness, config) for witness in witnesses]
    found = []
    for start, stop in _joined(piece for one in cut for piece in one.ranges()):
        words = document.words[start:stop]
        readings = (Reading(start, stop, words), *(one.reading(start, stop) for one in cut))
        if any(reading and reading.words != words for reading in readings):
            found.append(Place(readings, _columns(readings, config)))
    voices = [1 + len(witnesses)] * len(document)
    for start, stop in (range_ for one in cut for range_ in one.silent):
        for token in range(start, stop):
            voices[token] -= 1
    if asked:
        for start, stop in _agreed(len(document), [place.own for place in found], asked):
            words = document.words[start:stop]
            readings = (Reading(start, stop, words), *(one.reading(start, stop) for one in cut))
            if all(reading and reading.words == words for reading in readings):
                found.append(Place(readings))
        found.sort(key=lambda place: (place.own.start, place.own.stop))
    return Star(tuple(found), voices)


def _agreed(tokens: int, parted: Sequence[Reading], asked: Asked) -> Iterator[Range]:
    """The phrases that are asked of between the places, the longest at each word."""
    at = 0
    for stop, after in (*((reading.start, reading.stop) for reading in parted), (tokens, tokens)):
        while at < stop:
            sizes = range(min(PHRASE_TOKENS_MAX, stop - at), 0, -1)
            size = next((size for size in sizes if asked(at, at + size)), 0)
            if size:
                yield at, at + size
            at += max(1, size)
        at = after


def blocks(witnesses: Sequence[Witness], config: Config) -> Iterator[Block]:
    """What witnesses have as a block that the document lacks, between passages or within one."""
    for number, witness in enumerate(witnesses):
        for part in witness.segments:
            lacking = part.start_a == part.stop_a and not (part.equal or part.moved)
            if lacking and part.stop_b - part.start_b >= config.block_tokens:
                yield Block(number, part.start_b, part.stop_b, part.start_a)


# --- one witness -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a text differs from the one that it is cut along: pieces in order; where it is silent, ranges apart from each
    other. `words` are the text's, from its token `first` on."""

    words: Words
    first: int
    pieces: Sequence[Segment]
    silent: Sequence[Range]

    def ranges(self) -> Iterator[Range]:
        """Where the two differ and the text is not silent."""
        for piece in self.pieces:
            if not self._is_silent(piece.start_a, piece.stop_a):
                yield piece.start_a, piece.stop_a

    def reading(self, start: int, stop: int) -> Reading | None:
        """What the text has for start..stop, in which pieces lie whole or not at all."""
        if self._is_silent(start, stop):
            return None
        before = bisect_left(self.pieces, start, key=lambda piece: piece.start_a)
        until = bisect_right(self.pieces, stop, key=lambda piece: piece.stop_a)
        start_b, stop_b = self._facing(before, start), self._facing(max(before, until), stop)
        return Reading(start_b + self.first, stop_b + self.first, self.words[start_b:stop_b])

    def _facing(self, index: int, at: int) -> int:
        """The text's token that faces `at`, before which `index` pieces lie."""
        if index:
            return at - self.pieces[index - 1].stop_a + self.pieces[index - 1].stop_b
        return at - self.pieces[0].start_a + self.pieces[0].start_b if self.pieces else at

    def _is_silent(self, start: int, stop: int) -> bool:
        at = bisect_right(self.silent, (start, stop))
        near = self.silent[max(0, at - 2) : at + 1]
        # What would be put in where silence begins or ends is part of what the text has otherwise there.
        return any((first < stop and start < last) or first <= start == stop <= last for first, last in near)


def _cut(document: Tokens, witness: Witness, config: Config) -> _Cut:
    pieces: list[Segment] = []
    outside = list(_outside(witness, len(document)))
    silent: list[Range] = []
    for equal, run in groupby(witness.segments, key=lambda part: part.equal):
        if equal:
            continue
        parts = list(run)
        (start_a, start_b), (stop_a, stop_b) = (
            (parts[0].start_a, parts[0].start_b),
            (parts[-1].stop_a, parts[-1].stop_b),
        )
        one, other = document.words[start_a:stop_a], witness.tokens.words[start_b:stop_b]
        if _are_alike(one, other, config):
            pieces += (
                Segment(part.start_a + start_a, part.stop_a + start_a, part.start_b + start_b, part.stop_b + start_b)
                for part in _by_letters(one, other)
            )
            outside = [rest for range_ in outside for rest in _without(range_, (start_a, stop_a))]
        else:
            pieces += parts
            silent += [(part.start_a, part.stop_a) for part in parts if _is_block(part, config)]
    return _Cut(witness.tokens.words, 0, pieces, _joined([*silent, *outside]))


def _is_block(piece: Segment, config: Config) -> bool:
    """Whether one side has so much that the other lacks, or has from elsewhere, that they do not face each other."""
    length_a, length_b = piece.stop_a - piece.start_a, piece.stop_b - piece.start_b
    if not length_a or not length_b:
        return piece.moved or max(length_a, length_b) >= config.addition_tokens
    return max(length_a, length_b) >= config.block_tokens


def _outside(witness: Witness, length: int) -> Iterator[Range]:
    """The document's tokens between and around the passages that it shares with a witness. A passage begins and ends
    with equal tokens; what little stands before or after it where both texts end belongs to it."""
    at = 0
    for passage in witness.passages:
        (start, stop), (start_b, stop_b) = passage.range_a, passage.range_b
        if max(start, start_b) > EDGE_TOKENS and at < start:
            yield at, start
        ends = max(length - stop, len(witness.tokens) - stop_b) <= EDGE_TOKENS
        at = length if ends else max(at, stop)
    if at < length:
        yield at, length


def _without(range_: Range, taken: Range) -> Iterator[Range]:
    """What is left of a range when another is taken out of it."""
    (start, stop), (first, last) = range_, taken
    if last <= start or stop <= first:
        yield range_
        return
    if start < first:
        yield start, first
    if last < stop:
        yield last, stop


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """The ranges in order, those that overlap made one; an empty one joins what it touches."""
    found: list[Range] = []
    for start, stop in sorted(ranges):
        last = found[-1] if found else (-1, -1)
        empty = start == stop or last[0] == last[1]
        if start < last[1] or (empty and start <= last[1]):
            found[-1] = (last[0], max(stop, last[1]))
        else:
            found.append((start, stop))
    return found


# --- letters ---------------------------------------------------------------------------------------------------


def _columns(readings: Column, config: Config) -> tuple[Column, ...]:
    """The readings of a place cut word by word along the soundest, if there are enough of them; those that are not like
    it in their letters are silent."""
    there = [reading for reading in readings if reading]
    base = max(there, key=lambda reading: (len(reading.words) > 1, plausible.soundness(reading.words), reading.words))
    if len(base.words) < 2 or len({reading.words for reading in there}) < COLUMN_TEXTS_MIN:
        return ()
    cut = [
        _Cut(reading.words, reading.start, list(_by_letters(base.words, reading.words)), ())
        if reading and _are_alike(base.words, reading.words, config)
        else None
        for reading in readings
    ]
    ranges: list[Range] = []
    at = 0
    for start, stop in _joined(range_ for one in cut if one for range_ in one.ranges()):
        ranges += [*((word, word + 1) for word in range(at, start)), (start, stop)]
        at = stop
    ranges += [(word, word + 1) for word in range(at, len(base.words))]
    return tuple(tuple(one.reading(start, stop) if one else None for one in cut) for start, stop in ranges)


def _are_alike(one: Words, other: Words, config: Config) -> bool:
    """Whether the letters of two readings agree as noise leaves them."""
    from rapidfuzz.distance import Indel

    letters = "".join(one), "".join(other)
    if not 0 < min(map(len, letters)) <= max(map(len, letters)) <= LETTERS_MAX:
        return False
    return Indel.normalized_similarity(*letters) >= config.noise_similarity_min


def _by_letters(one: Words, other: Words) -> Iterator[Segment]:
    """Two readings cut wherever both begin a word at letters that face each other; pieces of equal words left out."""
    from rapidfuzz.distance import Levenshtein

    starts_a, starts_b = _starts(one), _starts(other)
    cuts = [(0, 0)]
    for op in Levenshtein.opcodes(" ".join(one), " ".join(other)):
        if op.tag in ("equal", "replace"):
            shift = op.dest_start - op.src_start
            cuts += [
                (starts_a[at], starts_b[at + shift])
                for at in range(op.src_start, op.src_end)
                if at in starts_a and at + shift in starts_b
            ]
    cuts.append((len(one), len(other)))
    for (start_a, start_b), (stop_a, stop_b) in pairwise(cuts):
        if one[start_a:stop_a] != other[start_b:stop_b]:
            yield Segment(start_a, stop_a, start_b, stop_b)


def _starts(words: Words) -> dict[int, int]:
    """Where each word begins, in letters, when they are written with spaces between them, and its number."""
    found: dict[int, int] = {}
    at = 0
    for number, word in enumerate(words):
        found[at] = number
        at += len(word) + 1
    return found
