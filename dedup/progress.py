"""How far a run is: what the stages of a long one tell, to whoever wants to show it.

A stage is named with how much there is to do; whoever works tells how much of that is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, TypeVar

Item = TypeVar("Item")
Unit = Literal["bytes", "pairs", "documents"]


class Progress(Protocol):
    """Calls may come from any thread."""

    def stage(self, name: str, total: int, unit: Unit) -> None:
        """A stage begins, and the one before has ended; a total of 0 is one that is not known."""

    def advance(self, units: int) -> None:
        """So much more of the stage is done."""


class Silent:
    """Nobody is told."""

    def stage(self, name: str, total: int, unit: Unit) -> None:
        pass

    def advance(self, units: int) -> None:
        pass


SILENT = Silent()


def followed(items: Iterable[Item], sizes: Iterable[int], progress: Progress) -> Iterator[Item]:
    """The items as they come, each told to be done with its size."""
    for item, size in zip(items, sizes, strict=False):
        progress.advance(size)
        yield item
