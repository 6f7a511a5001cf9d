"""A string becomes its marks, a bit each: in which lists it stands, whatever stands around it.

English function words, words of other languages, letters outside ASCII, frequent words, what tells another language in
a paragraph, what phrases of page furniture hold.
"""

from __future__ import annotations

from functools import cache

from dedup.damage import lexicon
from dedup.damage.foreign import FOREIGN_WORDS
from dedup.damage.furniture import FOREIGN_STOPS, phrases_by_word

FUNCTION, FOREIGN, ACCENTED, KNOWN, STOP, FURNITURE = range(6)


def marks_of(string: str) -> int:
    """The marks of a string."""
    found = _of_lists().get(string, 0) | lexicon.is_known(string) << KNOWN
    if not string.isascii():
        found |= lexicon.is_accented(string) << ACCENTED
    return found | 1 << STOP if string.lower() in FOREIGN_STOPS else found


@cache
def _of_lists() -> dict[str, int]:
    """The marks that strings have by standing in a list as they are."""
    found: dict[str, int] = {}
    for mark, listed in ((FUNCTION, lexicon.OWN_WORDS), (FOREIGN, FOREIGN_WORDS), (FURNITURE, phrases_by_word())):
        for string in listed:
            found[string] = found.get(string, 0) | 1 << mark
    return found
