"""What passes between those who compare witnesses, vote, and restore: places, readings, blocks, and choices.

A place is a range of the document's tokens at which texts part; a reading is what one of them has there; a choice is
what shall stand there, in parts, each with the text that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dedup.model import Substitution

Words = tuple[str, ...]
"""Matching forms of tokens in a row."""
Kind = Literal["noise", "replaced"]
"""What parts the readings at a place: letters, or words."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text has at a place: its tokens start..stop, and their matching forms."""

    start: int
    stop: int
    words: Words


Column = tuple[Reading | None, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where readings part: that of the document first, then each witness's, None where it is silent.

    columns: where noise runs over several words, the same readings once more, cut word by word along the soundest of
    them; the readings of each column in the order of the texts.
    """

    readings: Column
    columns: tuple[Column, ...] = ()

    @property
    def own(self) -> Reading:
        """The document's reading."""
        own = self.readings[0]
        assert own is not None
        return own


@dataclass(frozen=True, slots=True)
class Block:
    """Tokens start..stop of a witness, by number from 0, which the document lacks before its token `at`."""

    witness: int
    start: int
    stop: int
    at: int


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of what shall stand at a place: the reading of a text, by number, the document's own being 0."""

    text: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class Choice:
    """What shall stand for tokens start..stop of the document, why, and how sure that is (0..1).

    parts: the readings that it is made of, in order; none where nothing shall stand there. agreeing: the texts that
    have the whole of it. words: what it reads; of a conjecture nothing else attests it, and `entry` is what it goes by.
    """

    start: int
    stop: int
    words: Words
    parts: tuple[Part, ...]
    agreeing: tuple[Part, ...]
    kind: Kind
    confidence: float
    evidence: Mapping[str, float]
    entry: Substitution | None = None
