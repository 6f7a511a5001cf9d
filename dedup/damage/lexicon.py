"""What English words there are, and which frequent word one slip away from a rare one.

1. `zipf`: the Zipf frequency in wordfreq's large list, which reaches down to 1.0 (one in a hundred million), 0.0 for
   what is in no list. Spellings of the seventeenth century count as the word they spell (`haue`, `vpon`, `selfe`).
2. `neighbour`: the most frequent word that differs by one letter put in, left out, changed, or swapped with the next,
   found by the strings that both leave when a letter is taken out (symmetric deletion, W. Garbe 2012).

Loading the list takes some 0.4 s, the deletions of its frequent words 0.1 s; nothing is loaded before the first
question. English only.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from math import log10

FREQUENT_ZIPF = 3.8
"""Zipf frequency from which a word is frequent enough that another one may be a slip of it."""
WORD_LETTERS_MAX = 20


@cache
def _zipfs() -> dict[str, float]:
    from wordfreq import get_frequency_dict

    return {word: log10(share) + 9.0 for word, share in get_frequency_dict("en", wordlist="large").items()}


@lru_cache(maxsize=1 << 16)
def zipf(word: str) -> float:
    """The Zipf frequency of a word in small letters; a possessive counts as its noun, an old spelling as the new."""
    zipfs = _zipfs()
    found = zipfs.get(word) or zipfs.get(word.removesuffix("'s"), 0.0)
    if found >= 3.0:
        return found
    return max([found, *(zipfs.get(modern, 0.0) - 1.0 for modern in _modern(word))])


_BETWEEN_VOWELS = re.compile(r"(?<=[aeio])u(?=[aeiy])")
_FIRST_V = re.compile(r"^v(?=[^aeiou])")


def _modern(word: str) -> set[str]:
    """How a word might be spelled today if it stands in the spelling of the seventeenth century."""
    spelled = _FIRST_V.sub("u", _BETWEEN_VOWELS.sub("v", word.replace("ſ", "s").replace("vv", "w")))
    forms = {spelled, re.sub("^i(?=[aou])", "j", spelled)}
    for form in tuple(forms):
        if form.endswith("ie"):
            forms.add(f"{form[:-2]}y")
        if form.endswith("e"):
            forms.add(form[:-1])
            if len(form) > 3 and form[-2] == form[-3]:
                forms.add(form[:-2])
        if form.endswith(("'d", "th", "st")):
            forms.update((f"{form[:-2]}ed", form[:-2], f"{form[:-2]}e", form[:-3]))
        if form.endswith(("es", "ck")):
            forms.update((f"{form[:-2]}s", form[:-1]))
        forms.add(form.replace("y", "i"))
    return forms - {word}


@cache
def _deletions() -> tuple[dict[str, str], frozenset[str]]:
    """The most frequent word for each string that is left of a frequent word less one letter; the frequent words."""
    left: dict[str, str] = {}
    zipfs = _zipfs()
    words = [word for word, found in zipfs.items() if found >= FREQUENT_ZIPF and word.isalpha() and len(word) > 2]
    for word in sorted(words, key=lambda word: -zipfs[word]):
        for rest in _without_one(word):
            left.setdefault(rest, word)
    return left, frozenset(words)


def _without_one(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


@lru_cache(maxsize=1 << 16)
def neighbour(word: str) -> str | None:
    """The frequent word that this rarer one is a slip of, if there is one."""
    if not 2 < len(word) <= WORD_LETTERS_MAX:
        return None
    (left, frequent), zipfs = _deletions(), _zipfs()
    best, most = None, zipfs.get(word, 0.0) + 1.5
    rests = _without_one(word)
    for other in (left.get(word), *(rest for rest in rests if rest in frequent), *map(left.get, rests)):
        if other and zipfs[other] > most and other != word and _one_slip(word, other):
            best, most = other, zipfs[other]
    return best


def _one_slip(word: str, other: str) -> bool:
    """Whether two words that leave the same string are one slip apart: one letter, or two that changed places."""
    if len(word) != len(other):
        return True
    differing = [at for at, (one, two) in enumerate(zip(word, other, strict=True)) if one != two]
    if len(differing) == 1:
        return True
    first, last = differing[0], differing[-1]
    return len(differing) == 2 and last - first == 1 and word[first] == other[last] and word[last] == other[first]


@cache
def _sorted() -> list[str]:
    return sorted(word for word, found in _zipfs().items() if found >= FREQUENT_ZIPF)


def begins_word(string: str) -> bool:
    """Whether a frequent word begins with the string and goes on."""
    words = _sorted()
    at = bisect_right(words, string)
    return at < len(words) and words[at].startswith(string)
