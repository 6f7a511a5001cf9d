"""Words among their neighbours become figures: how plausible it is that they stand there.

The figures are those of `readings`, told of words alone, since what is put together from several texts, or conjectured,
stands in none of them: how frequent the words are, each at a price; how rare the rare ones; how strongly they go with
their neighbours, and how many of the neighbourships are known; whether the words recur where the texts agree. Of noise
others tell too: letters and digits in one word, words in no list.

English only; of words in no list it can only say that.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import pairwise

from dedup import language
from dedup.places import Words

WORD_ZIPF = 12.0
"""What each word costs, in steps of the Zipf scale."""
RARE_ZIPF, RECURRING_ZIPF = 3.0, 6.0
"""Zipf frequencies below which a word is rare, and below which it tells something that it recurs."""

NOISE = {
    "frequency": 0.5, "rarity": -0.75, "fit": 0.3, "known": 2.1, "recurrence": 1.6, "unlisted": -0.8,
    "numbers": -3.0, "mixed": -2.0,
}  # fmt: skip
"""Log-odds for each unit of the figures where noise was at work. Fitted by logistic regression on scanned newspapers
and on scans made from their transcriptions, two and three texts of each."""
REPLACED = {"frequency": 0.52, "rarity": -1.69, "fit": 0.3, "known": 0.92, "recurrence": 1.2}
"""The same where words were replaced. Fitted on three texts spun apart from each other by the benchmarks' own spinner,
with ledgers learnt from none, a hundred and four hundred other texts."""


def told(before: Words, words: Words, after: Words, recurring: Set[str]) -> dict[str, float]:
    """The figures of words that stand between others. recurring: words on which the texts agree elsewhere."""
    plain = [word for word in words if not word[0].isdigit()]
    neighbours = list(pairwise((*before[-1:], *words, *after[:1])))
    return {
        "frequency": sum(language.frequency(word) - WORD_ZIPF for word in plain),
        "rarity": sum(max(0.0, RARE_ZIPF - language.frequency_as_word(word)) for word in plain),
        "fit": sum(language.mutual_bits(*two) for two in neighbours),
        "known": float(sum(language.bigram_count(*two) > 0 for two in neighbours)),
        "recurrence": sum(max(0.0, RECURRING_ZIPF - language.frequency(word)) for word in plain if word in recurring),
        "unlisted": float(sum(not language.frequency_as_word(word) and word not in recurring for word in plain)),
        "numbers": float(len(words) - len(plain)),
        "mixed": float(sum(map(_is_mixed, words))),
    }


def odds(figures: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """What the figures say, in log-odds up to a constant, by the weights that are given for some of them."""
    return sum(weight * figures.get(name, 0.0) for name, weight in weights.items())


def soundness(words: Words) -> float:
    """The letters of words that are in a list, less those of words that are in none."""
    return float(sum(len(word) if language.frequency_as_word(word) else -len(word) for word in words))


def is_sound(words: Words) -> bool:
    """Whether all words are in a list, or numbers."""
    return all(word.isdigit() or language.frequency_as_word(word) for word in words)


def _is_mixed(word: str) -> bool:
    return any(map(str.isdigit, word)) and any(map(str.isalpha, word))
