"""Guesses at what phrases of a text stand for become surer or less sure, by a model of the language.

Of each guess that is in question, the likeliest options are read where the phrase stands (`fluency.gains`). By Bayes'
rule, the odds of an option against the phrase itself and the other options are raised by how much more probable the
text is with it. What the ledger does not know would go better too, where the best option does: the worse the phrase
itself goes with what stands around it, the more is gained by whatever makes sense there. Beyond some lead a gain tells
that something was put in, and no more for what.

An option of nothing but the most frequent words, for a phrase that has more of them, gains nothing: whatever is shorter
is more probable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from dedup import fluency, language
from dedup.model import Span
from dedup.places import Words

GAIN, UNKNOWN_SHARE = 0.45, 0.6
"""What a natural logarithm counts by which the text is more probable with an option, for a model of the language knows
too how frequent a phrase is, and what its neighbours are, which was counted before; and how much of what the best
option gains is gained by what is unknown. Fitted on texts of the documentation of Debian packages, spun by the
benchmarks' own spinner, and on reviews that attacks had spun. Of a gain 0.25 is likeliest over all 18,000 guesses, 0.6
finds the most of those that are surely right."""
LEAD_MAX = 3.5
"""Natural logarithms by which the best option goes better, at the most, than what is unknown. Of 2.5 to 5 and no limit
the likeliest, or nearly, on 18,140 guesses of that kind, 3,119 in halves of texts by ledgers of the other half, and
3,434 in 296 reviews that attacks on a classifier had spun."""
OPTIONS_MAX, PROBABILITY_MIN, ITSELF_MAX = 4, 0.01, 0.985
"""Options of a guess that are read, how probable each must be, and how probable it may be that a phrase stands for
itself."""
FREQUENT_ZIPF = 6.1


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
    gains = {at: 0.0 if _is_shell(guess.options[at], guess.words) else gain for at, gain in gains.items()}
    raised = {at: guess.probabilities[at] * _odds(gain) for at, gain in gains.items()}
    unknown = max(0.0, 1.0 - guess.itself - sum(guess.probabilities[at] for at in gains))
    best = max(0.0, *gains.values())
    total = sum(raised.values()) + guess.itself + unknown * _odds(max(UNKNOWN_SHARE * best, best - LEAD_MAX))
    return [raised.get(at, probability) / total for at, probability in enumerate(guess.probabilities)]


def _odds(gain: float) -> float:
    return exp(max(-50.0, min(50.0, GAIN * gain)))
