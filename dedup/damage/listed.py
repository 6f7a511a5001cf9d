"""A string becomes its marks, a bit each: in which lists it stands, whatever stands around it.

English function words, words of other languages, letters outside ASCII, frequent words, what tells another language in
a paragraph, what phrases of page furniture hold, and placeholders.
"""

from __future__ import annotations

from functools import cache

from dedup.damage import lexicon
from dedup.damage.foreign import FOREIGN_WORDS
from dedup.damage.furniture import FOREIGN_STOPS, PLACEHOLDER_LATIN, phrases_by_word

FUNCTION, FOREIGN, ACCENTED, KNOWN, STOP, FURNITURE, LATIN = range(7)


def marks_of(string: str) -> int:
    """The marks of a string."""
    small = string.lower()
    found = of_lists().get(string, 0) | lexicon.is_known(small) << KNOWN
    if not string.isascii():
        found |= lexicon.is_accented(string) << ACCENTED
    return found | 1 << STOP if small in FOREIGN_STOPS else found


@cache
def of_lists() -> dict[str, int]:
    """The marks that strings have by standing in a list as they are."""
    found: dict[str, int] = {}
    lists = (lexicon.OWN_WORDS, FOREIGN_WORDS, phrases_by_word(), PLACEHOLDER_LATIN)
    for mark, listed in zip((FUNCTION, FOREIGN, FURNITURE, LATIN), lists, strict=True):
        for string in listed:
            found[string] = found.get(string, 0) | 1 << mark
    return found
