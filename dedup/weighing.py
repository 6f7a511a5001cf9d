"""What may stand at a place among spun texts becomes log-odds, by the spinner that a ledger knows and by all places.

1. What the texts have is weighed by the channel of the spinner (`channel`): that they left an option or replaced it,
   as they did at the other places, and that they replaced it by what they have.
2. Beside that counts how often an option stands in the originals of the ledger, and in these texts; whether its words
   seem put in where texts have them; and how well they go with their neighbours.
3. A `Scene` is what the places tell of each other: from the probabilities that their options have so far.

Limits: `WEIGHTS` are fitted on texts spun by one spinner; a place tells of others by whole words alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from dedup import ballots
from dedup.ballots import Ballot, Option
from dedup.channel import Channel, Habits, Seen, canonical
from dedup.places import Kind, Place, Words

WEIGHTS = {
    "chosen": 0.31, "became": 0.385, "standing": 0.21, "suspicion": -0.235, "unseen": -1.02, "times": 1.25,
    "words": -1.4,
}  # fmt: skip
BESIDE = {"frequency": 0.215, "rarity": -1.27, "fit": 0.19, "known": 0.8, "recurrence": 0.25}
"""Log-odds for each unit. Fitted by logistic regression on texts that the benchmarks' own spinner had spun three times,
with a ledger of four hundred others; BESIDE of what `plausible` tells. `words` was fitted as -0.7 and chosen on other
texts: at that, phrases with one word more were taken for originals too often."""
NOTHING_BECAME = -6.0
"""Log of the probability that something was put in where nothing stood."""
SURE_MIN = 0.01
"""Probability from which an option counts for other places."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the places tell of each other: the habits of each text, how often each original became what, and how often
    each base form stands in the originals; `own` at each place what each option's probability was."""

    habits: Sequence[Habits]
    made: Mapping[Words, Mapping[Words, float]]
    times: Mapping[Words, float]
    own: Sequence[Mapping[Words, float]]


def agreed(ballot: Ballot) -> Counter[Words]:
    """The base forms of the words on which all texts agree, outside of places, and how often they stand there."""
    found: Counter[Words] = Counter()
    at = 0
    for place in ballot.places:
        found.update(canonical((word,)) for word in ballot.words[at : place.own.start])
        at = place.own.stop
    found.update(canonical((word,)) for word in ballot.words[at:])
    return found


def scene(places: Sequence[tuple[Place, Kind, Sequence[Option], Sequence[float]]], settled: Counter[Words]) -> Scene:
    """What the places tell, by the probabilities of their options. settled: see `agreed`."""
    texts = max((len(place.readings) for place, *_ in places), default=0)
    left = [defaultdict[Words, float](float, settled) for _ in range(texts)]
    replaced = [defaultdict[Words, float](float) for _ in range(texts)]
    made: defaultdict[Words, defaultdict[Words, float]] = defaultdict(lambda: defaultdict(float))
    times = defaultdict[Words, float](float, settled)
    own = []
    for place, kind, options, probabilities in places:
        own.append({option.words: share for option, share in zip(options, probabilities, strict=True)})
        for words, share in own[-1].items():
            if kind != "replaced" or share < SURE_MIN:
                continue
            base = canonical(words)
            times[base] += share
            for text, reading in enumerate(place.readings):
                if reading:
                    (left if reading.words == words else replaced)[text][base] += share
            for there in {reading.words for reading in place.readings if reading} - {words}:
                made[words][there] += share
    return Scene([Habits(*two) for two in zip(left, replaced, strict=True)], made, times, own)


def odds(
    ballot: Ballot, at: int, options: Sequence[Option], rates: Sequence[float], known: tuple[Channel, Scene]
) -> list[float]:
    """The log-odds of the options of a place, up to a constant, but for their neighbours. rates: how much of what is in
    question each text replaced."""
    channel, found = known
    place, own = ballot.places[at], found.own[at]
    made = []
    for option in options:
        words = option.words
        elsewhere = {
            there: max(0.0, count - own.get(words, 0.0))
            for there, count in found.made.get(words, {}).items()
            if any(reading and reading.words == there for reading in place.readings)
        }
        seen = [
            Seen(reading.words, rates[text], found.habits[text], own)
            for text, reading in enumerate(place.readings)
            if reading
        ]
        chosen, became = channel.likelihood(words, seen, elsewhere) if words else (0.0, NOTHING_BECAME)
        told = {"chosen": chosen, "became": became, **dict(_told(ballot, place, option, (found, own)))}
        made.append(sum(WEIGHTS[name] * value for name, value in told.items()))
    return made


def _told(
    ballot: Ballot, place: Place, option: Option, known: tuple[Scene, Mapping[Words, float]]
) -> Iterator[tuple[str, float]]:
    """What is known of an option beside what the texts have."""
    found, own = known
    words = option.words
    suspected = ballots.suspected(place, option, ballot) if ballot.suspicions else 0.0
    yield "unseen", float(suspected is None)
    yield "suspicion", suspected or 0.0
    yield "words", float(len(words))
    if words:
        yield "standing", log(ballot.ledger.standing(words))
        yield "times", log(1.0 + max(0.0, found.times.get(canonical(words), 0.0) - own.get(words, 0.0)))
