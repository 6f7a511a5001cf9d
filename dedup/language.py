"""How frequent English words are, which stand together, and which contractions stand for which words.

Frequencies are wordfreq's (R. Speer, 2022; doi 10.5281/zenodo.7199437) on the Zipf scale of van Heuven et al. (2014):
the logarithm to base 10 of a word's occurrences in a billion words. The large list has 321,000 words, down to 1.0 (one
in a hundred million). English bigrams are the 250,000 most frequent of Google's web corpus (Brants and Franz 2006) as
they come with wordsegment (G. Jenks). Loading takes some 0.2 s, so nothing is loaded before the first question.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from math import log2, log10
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMMON_ZIPF = 5.7
"""Zipf frequency from which a word is common: articles, pronouns, prepositions, auxiliaries and their like."""


LISTED_ZIPF = 3.005
"""Zipf frequency of ordinary words: those of wordfreq's small list, which ends here."""


@cache
def shares() -> dict[str, float]:
    """What share of all words each listed one is, the most frequent first.

    Read from wordfreq's own file where it lies as known: importing the package takes longer than all of this.
    """
    from importlib.util import find_spec

    package = find_spec("wordfreq")
    folders = package.submodule_search_locations if package else None
    path = Path(folders[0]) / "data" / "large_en.msgpack.gz" if folders else None
    if path is None or not path.is_file():
        from wordfreq import get_frequency_dict

        return dict(get_frequency_dict("en", wordlist="large"))
    import gzip

    import msgpack

    _, *buckets = msgpack.unpackb(gzip.decompress(path.read_bytes()))
    found: dict[str, float] = {}
    for hundredths, words in enumerate(buckets):  # of the logarithm to base 10
        found.update(dict.fromkeys(words, 10.0 ** (-hundredths / 100)))
    return found


@cache
def frequency(word: str) -> float:
    """The Zipf frequency of a matching form, 0.0 if it is in no list; the possessive of an ordinary word counts as
    that."""
    listed = shares()
    share, noun = listed.get(word), word.removesuffix("'s")
    if share is None and noun != word:
        share = listed.get(noun, 0.0)
        share = share if share and log10(share) + 9.0 >= LISTED_ZIPF else None
    return max(0.0, log10(share) + 9.0) if share else 0.0


def frequency_as_word(word: str) -> float:
    """The same of what stands alone: single letters are frequent, but only two of them are words."""
    lone = len(word) == 1 and word.isascii() and word.isalpha() and word not in "ai"
    return 0.0 if lone else frequency(word)


@cache
def frequencies() -> tuple[list[str], NDArray[np.float64]]:
    """Every word whose `frequency` is above 0, and that: listed words, and possessives of ordinary ones."""
    import numpy as np

    listed = shares()
    words = list(listed)
    zipfs = np.log10(np.fromiter(listed.values(), np.float64, len(words))) + 9.0
    ordinary = np.flatnonzero(zipfs >= LISTED_ZIPF).tolist()
    possessives = [at for at in ordinary if f"{words[at]}'s" not in listed]
    return words + [f"{words[at]}'s" for at in possessives], np.maximum(0.0, np.append(zipfs, zipfs[possessives]))


@cache
def zipf(word: str) -> float:
    """The Zipf frequency of an ordinary word, 0.0 of any other; a possessive counts as its noun."""
    found = frequency(word)
    if found < LISTED_ZIPF:
        found = frequency(word.removesuffix("'s"))
    return found if found >= LISTED_ZIPF else 0.0


KNOWN_ZIPF, KNOWN_SHARE, KNOWN_TOKENS = 4.0, 0.55, 100
"""A text is in a language whose statistics are at hand if so large a share of its first tokens is so frequent there:
some 0.8 of English prose, half of that of other languages."""


def is_known(words: Sequence[str]) -> bool:
    """Whether the statistics at hand, which are of English, can judge a text."""
    first = words[:KNOWN_TOKENS]
    return sum(zipf(word) >= KNOWN_ZIPF for word in first) >= KNOWN_SHARE * len(first)


def is_common(word: str) -> bool:
    return zipf(word) >= COMMON_ZIPF


BIGRAM_TOKENS = 1_024_908_267_229
"""Tokens of the corpus that the bigrams were counted in."""


@cache
def _bigram_lines() -> list[str]:
    """The lines `first second<TAB>count` of wordsegment's table, in order: found by bisection, they need not be
    parsed, which would take five times as long."""
    from importlib.resources import files

    return sorted(files("wordsegment").joinpath("bigrams.txt").read_text(encoding="utf-8").splitlines())


@cache
def bigram_count(first: str, second: str) -> int:
    """How often two words stand next to each other in the corpus, 0 if less than some 100,000 times.

    The table has a line for each way of writing two words (`At least`, `at least`), all in lower case: they are added.
    """
    lines, key = _bigram_lines(), f"{first} {second}\t"
    at, count = bisect_left(lines, key), 0
    while at < len(lines) and lines[at].startswith(key):
        count += int(lines[at][len(key) :])
        at += 1
    return count


def bigrams() -> tuple[list[str], list[str], list[int]]:
    """First words, second words and counts of every line of the table; a bigram may have several (see above)."""
    cells = "\t".join(_bigram_lines()).replace(" ", "\t").split("\t")
    return cells[0::3], cells[1::3], list(map(int, cells[2::3]))


@cache
def association_bits(first: str, second: str) -> float:
    """Pointwise mutual information of two neighbours in bits, 0.0 where nothing is known or they avoid each other.

    log2(c(xy) N / (c(x) c(y))): Church and Hanks, Computational Linguistics 16, 1990.
    """
    count = bigram_count(first, second)
    if not count:
        return 0.0
    expected = 10 ** (zipf(first) + zipf(second) - 18) * BIGRAM_TOKENS
    return max(0.0, log2(count / expected))


AVOIDING_BITS = -4.0
"""The least that is said of two words that stand together less often than chance would have it."""


@cache
def mutual_bits(first: str, second: str) -> float:
    """Pointwise mutual information of two neighbours in bits, by the large list; below 0 where they avoid each other,
    0.0 where the two or one of them is not known."""
    count, one, other = bigram_count(first, second), frequency(first), frequency(second)
    if not (count and one and other):
        return 0.0
    return max(AVOIDING_BITS, log2(count / BIGRAM_TOKENS) - (one + other - 18.0) * log2(10.0))


PREPOSITIONS = frozenset(
    "about above across after against along among around as at before behind below beneath beside between beyond "
    "by down during for from in inside into near of off on onto out outside over past through throughout to "
    "toward towards under until up upon with within without".split()
)
"""English prepositions and particles of one word (a closed class)."""
LIGHT_VERBS = frozenset(
    "do does did done doing get gets got getting give gives gave given giving have has had having "
    "make makes made making take takes took taken taking".split()
)
"""English verbs that mean little beside their noun (`have an effect`, `make an attempt`; Jespersen 1942)."""
NUMBER_WORDS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion".split()
)
"""English numbers in words; ordinals are left out, since spinners write them anew."""
PARTICLES = frozenset(("away", "back", "down", "off", "on", "out", "over", "up"))
"""Those that make particle verbs (`carry out`)."""
ARTICLES = frozenset(("a", "an", "the"))

_CONTRACTIONS = {
    "n't": " not", "'s": " is", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would", "'m": " am",
}  # fmt: skip


@cache
def expanded(phrase: tuple[str, ...]) -> str:
    """The phrase without spaces, English contractions written out: equal for `web site` and `website`, `isn't` and
    `is not`."""
    written = []
    for word in phrase:
        for ending, meaning in _CONTRACTIONS.items():
            if word.endswith(ending):
                word = word.removesuffix(ending) + meaning  # noqa: PLW2901
                break
        written.append(word)
    return "".join(written).replace(" ", "")
