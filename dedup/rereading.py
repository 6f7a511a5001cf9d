"""Guesses at what phrases of a text stand for become surer or less sure, by a model of the language.

Of each guess that is in question, the likeliest options are read where the phrase stands (`fluency.gains`). How
probable an option is then, a logistic regression tells: by how probable it was, by how much better than the phrase it
goes with all that stands around it, and by how much better than the next best option.

An option of nothing but the most frequent words, for a phrase that has more of them, gains nothing: whatever is shorter
is more probable.

WEIGHTS are fitted on 24 texts of the documentation of Debian packages, spun by the benchmarks' own spinner, with the
ledger of 400 others: 1,700 options, of which those called probable to 0.94, 0.97 and 0.99 were right in 0.94, 0.97
and 0.98 (each quarter of the texts by what was fitted on the others).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from dedup import fluency, language
from dedup.model import Span
from dedup.places import Words

WEIGHTS = {"before": 0.70, "gain": 0.235, "lead": 0.247, "constant": -0.34}
OPTIONS_MAX, PROBABILITY_MIN, ITSELF_MAX = 4, 0.01, 0.985
"""Options of a guess that are read, how probable each must be, and how probable it may be that a phrase stands for
itself."""
FREQUENT_ZIPF = 6.1
TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Guessed:
    """A phrase where it stands, what it may stand for and how probable each is, and that it stands for itself."""

    span: Span
    words: Words
    options: Sequence[Words]
    probabilities: Sequence[float]
    itself: float


def reread(text: str, guesses: Sequence[Guessed], reader: fluency.Reader) -> list[list[float]]:
    """The probabilities of the options of each guess anew. guesses: in order."""
    asked = [_asked(guess) for guess in guesses]
    places = [
        fluency.Asked(guess.span, [fluency.written(text, guess.span, guess.options[at]) for at in chosen])
        for guess, chosen in zip(guesses, asked, strict=True)
        if chosen
    ]
    told = iter(fluency.gains(text, places, reader))
    return [
        _weighed(guess, dict(zip(chosen, next(told), strict=True))) if chosen else list(guess.probabilities)
        for guess, chosen in zip(guesses, asked, strict=True)
    ]


def _asked(guess: Guessed) -> list[int]:
    """Which options are read."""
    if guess.itself > ITSELF_MAX:
        return []
    likely = sorted(range(len(guess.options)), key=lambda at: -guess.probabilities[at])
    return [at for at in likely[:OPTIONS_MAX] if guess.probabilities[at] > PROBABILITY_MIN]


def _is_shell(option: Words, phrase: Words) -> bool:
    return len(option) < len(phrase) and all(language.frequency(word) >= FREQUENT_ZIPF for word in option)


def _weighed(guess: Guessed, gains: dict[int, float]) -> list[float]:
    found = list(guess.probabilities)
    gains = {at: 0.0 if _is_shell(guess.options[at], guess.words) else gain for at, gain in gains.items()}
    for at, gain in gains.items():
        others = [other for number, other in gains.items() if number != at]
        likely = min(1.0 - TINY, max(TINY, guess.probabilities[at]))
        figures = {
            "before": log(likely / (1.0 - likely)),
            "gain": gain,
            "lead": gain - max(others) if others else 0.0,
            "constant": 1.0,
        }
        odds = sum(WEIGHTS[name] * value for name, value in figures.items())
        found[at] = 1.0 / (1.0 + exp(-max(-50.0, min(50.0, odds))))
    return found
