"""Numbers and texts become words for people: counted, shortened, and safe to print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dedup.model import Loss

LOSSES_SHOWN = 20
"""Sources that lose too much which are named."""
REASONS = {
    "frequency": "more usual words, or fewer",
    "rarity": "no rare words",
    "fit": "words that go together",
    "known": "known neighbours",
    "capitals": "capitals kept",
    "recurrence": "words of the text's own",
    "encoding": "whole encoding",
    "damage": "less damage of its own",
    "suspicion": "no words put in",
    "slips": "fewer slips of pen or scanner",
    "fluency": "sentences that a model of the language finds more probable",
}
"""What speaks for a reading (see `readings`)."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def shortened(text: str, length: int) -> str:
    """`text` on one line, its middle left out where it is longer than `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length // 2].rstrip()} … {line[-length // 2 :].lstrip()}"


def printable(text: str) -> str:
    """`text` on one line without what would move the cursor: control characters show as their pictures."""
    spaced = re.sub(r"\s", " ", text)
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "�", spaced)


def figure(value: float) -> str:
    """A figure of a comparison, with three places."""
    return f"{value:.3f}"


def percent(share: float) -> str:
    """A share, never told to be none or all if it is not."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def listed(words: Sequence[str], most: int) -> str:
    """The first `most` words, and how many more there are."""
    more = f", and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def losses(found: Sequence[Loss]) -> Iterator[str]:
    """The sources of which too much would be dropped, the first of them by name."""
    for loss in found[:LOSSES_SHOWN]:
        lost = f"{printable(loss.source)} loses {loss.dropped:,} of its {loss.documents:,} documents ({loss.share:.0%})"
        yield f"{lost}; look at its clusters before you drop them"
    if len(found) > LOSSES_SHOWN:
        more = count(len(found) - LOSSES_SHOWN, "more source loses", "more sources lose")
        yield f"and {more} as much (--format jsonl lists all)"
