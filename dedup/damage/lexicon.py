"""What English words there are, and which frequent word one slip away from a rare one.

1. `zipf`: the Zipf frequency in wordfreq's large list, which reaches down to 1.0 (one in a hundred million), 0.0 for
   what is in no list. Spellings of the seventeenth century count as the word they spell (`haue`, `vpon`, `selfe`).
2. `neighbour`: the most frequent word that differs by one letter put in, left out, changed, or swapped with the next,
   found by the strings that both leave when a letter is taken out (symmetric deletion, W. Garbe 2012).

3. `is_english`: whether a text, be it badly scanned, is in English at all.

Loading the list takes some 0.2 s, the deletions of its frequent words 0.05 s; nothing is loaded before the first
question. English only.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from math import log10

from dedup import language
from dedup.damage.foreign import FOREIGN_WORDS

FUNCTION_WORDS = frozenset(
    "the The and that it It with his you were there would their which what about than into them could these may then "
    "any such our even after many must before through where much your well down should because each just those people "
    "how too very make still own get both between being never same know while might since against right used this "
    "This have from they They not who she She he He if".split()
)
"""English function words, less those that other languages in Latin letters have as well."""
MISREAD_WORDS = frozenset("tho Tho tbe aud tlie nnd ot wbo bo".split())
"""What scanners read for some of them."""
OWN_WORDS = FUNCTION_WORDS | MISREAD_WORDS
FUNCTION_SHARE_MIN = 0.04
"""Share of these from which a text is English, even a badly scanned one; about 0.2 in sound prose."""
FOREIGN_RATIO_MAX = 0.3
"""Words that only other languages have, for each of these function words, up to which a text is English throughout."""
KNOWN_ZIPF, KNOWN_SHARE_MIN, FOREIGN_SHARE_MAX = 4.0, 0.25, 0.02
"""A list or a headline has few function words: it is English if so many of its words are so frequent, and so few of
another language's."""
FAMILIAR_SHARE_MIN = 0.55
"""Share of frequent words from which running text is English without a doubt: about 0.8 in prose."""
KNOWN_DESPITE_MIN = 0.62
"""The same of a text that does have a few of another language's."""
SCRIPT_SHARE_MAX = 0.12
"""Share of words with letters outside ASCII from which a text is in another language."""
FREQUENT_ZIPF = 3.8
"""Zipf frequency from which a word is frequent enough that another one may be a slip of it."""
WORD_LETTERS_MAX = 20


@lru_cache(maxsize=1 << 16)
def zipf(word: str) -> float:
    """The Zipf frequency of a word in small letters; a possessive counts as its noun, an old spelling as the new."""
    found = listed(word) or (listed(word[:-2]) if word.endswith("'s") else 0.0)
    if found >= 3.0:
        return found
    return max([found, *(listed(modern) - 1.0 for modern in _modern(word))])


def listed(word: str) -> float:
    """The Zipf frequency of a word as it stands in the list, 0.0 if it does not."""
    share = language.shares().get(word)
    return log10(share) + 9.0 if share else 0.0


_NEVER_LISTED = re.compile(r"[!-&(-+/<-?\[-^`{-~]")
"""Signs that are in no word of the list, however it is spelled."""
_BETWEEN_VOWELS = re.compile(r"(?<=[aeio])u(?=[aeiy])")
_MAY_BE_OLD = re.compile(r"[ſy]|vv|[aeio]u[aeiy]|\Av[^aeiou]|\Ai[aou]|(?:e|'d|th|st|es|ck)\Z")
"""What is in every word that `_modern` would spell in another way."""


_NONE: frozenset[str] = frozenset()


@lru_cache(maxsize=1 << 12)
def _modern(word: str) -> frozenset[str]:
    """How a word might be spelled today if it stands in the spelling of the seventeenth century; not at all where that
    would be in no list."""
    if not _MAY_BE_OLD.search(word) or (not word.isalnum() and _NEVER_LISTED.search(word)):
        return _NONE
    spelled = word.replace("ſ", "s").replace("vv", "w")
    if "u" in spelled:
        spelled = _BETWEEN_VOWELS.sub("v", spelled)
    if spelled[:1] == "v" and spelled[1:2] not in tuple("aeiou") and len(spelled) > 1:
        spelled = f"u{spelled[1:]}"
    forms = {spelled}
    if spelled[:1] == "i" and spelled[1:2] in tuple("aou"):
        forms.add(f"j{spelled[1:]}")
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
    return frozenset(forms) - {word}


@cache
def _frequent() -> list[str]:
    """The frequent words, the most frequent first, as the list has them."""
    shares, least = language.shares(), 10.0 ** (FREQUENT_ZIPF - 9.0)
    return list(takewhile(lambda word: shares[word] >= least, shares))


@cache
def frequent_words() -> frozenset[str]:
    """The frequent words, all that may have been misread or slipped in."""
    return frozenset(_frequent())


@cache
def left_of_frequent() -> tuple[dict[str, str], frozenset[str]]:
    """The most frequent word for each string that is left of a frequent word less one letter; the frequent words."""
    left: dict[str, str] = {}
    words = [word for word in _frequent() if word.isalpha() and len(word) > 2]
    for word in words:
        for rest in _without_one(word):
            left.setdefault(rest, word)
    return left, frozenset(words)


def _without_one(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


@lru_cache(maxsize=1 << 16)
def neighbour(word: str) -> str | None:
    """The frequent word that this rarer one is a slip of, if there is one."""
    if not 2 < len(word) <= WORD_LETTERS_MAX:
        return None
    left, frequent = left_of_frequent()
    rests = _without_one(word)
    if left.keys().isdisjoint(rests) and frequent.isdisjoint(rests) and word not in left:
        return None
    best, most = None, listed(word) + 1.5
    for other in (left.get(word), *(rest for rest in rests if rest in frequent), *map(left.get, rests)):
        if other and other != word and listed(other) > most and _one_slip(word, other):
            best, most = other, listed(other)
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
    return sorted(_frequent())


def begins_word(string: str) -> bool:
    """Whether a frequent word begins with the string and goes on."""
    words = _sorted()
    at = bisect_right(words, string)
    return at < len(words) and words[at].startswith(string)


@dataclass(frozen=True, slots=True)
class Census:
    """How many words there are; of them function words, words of other languages, with accents, frequent ones."""

    total: int
    function: int
    foreign: int
    accented: int
    known: int


_ACCENTED = re.compile(r"[^\W\d_a-zA-Z]")


def is_accented(word: str) -> bool:
    """Whether letters outside ASCII are in a word."""
    return not word.isascii() and bool(_ACCENTED.search(word))


def is_known(small: str) -> bool:
    """Whether a word in small letters is frequent, whatever points stand around it."""
    return is_frequent(small.strip(".,;:"))


@lru_cache(maxsize=1 << 16)
def is_frequent(word: str) -> bool:
    """Whether the Zipf frequency of a word in small letters is KNOWN_ZIPF and more: asked without the long list."""
    frequent = _known_words()
    if word in frequent:
        return True
    if word.endswith("'s") and word[:-2] in frequent:
        return zipf(word) >= KNOWN_ZIPF
    return not frequent.isdisjoint(_modern(word)) and zipf(word) >= KNOWN_ZIPF


@cache
def _known_words() -> frozenset[str]:
    return frozenset(takewhile(lambda word: listed(word) >= KNOWN_ZIPF, language.shares()))


def census(counts: Counter[str]) -> Census:
    """What words are, each with how often it stands."""
    return Census(
        counts.total(),
        sum(map(counts.__getitem__, OWN_WORDS.intersection(counts))),
        sum(map(counts.__getitem__, FOREIGN_WORDS.intersection(counts))),
        sum(count for word, count in counts.items() if is_accented(word)),
        sum(count for word, count in counts.items() if is_known(word.lower())),
    )


def is_english(of: Census) -> bool:
    """Whether words are those of an English text, be it damaged or a list."""
    if of.accented > SCRIPT_SHARE_MAX * of.total:
        return of.function >= 2 * FUNCTION_SHARE_MIN * of.total
    if of.function >= FUNCTION_SHARE_MIN * of.total > 0 and of.foreign <= max(1.0, FOREIGN_RATIO_MAX * of.function):
        return True
    if of.foreign > max(1.0, FOREIGN_SHARE_MAX * of.total):
        return of.known >= KNOWN_DESPITE_MIN * of.total
    return of.known >= KNOWN_SHARE_MIN * of.total > 0
