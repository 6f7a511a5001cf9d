"""A place becomes what may stand there, and what is known of each option before it is asked who has it.

1. What parts the readings of a place: noise, if they are alike in their letters, or else replaced words.
2. Options are what the texts have and, of replaced words, what else a ledger knows them to stand for.
3. Beside who has it, an option has a prior: how often it stands in the originals of the ledger, and whether its words
   seem put in where texts have them; and it is more or less plausible among its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from dedup import plausible
from dedup.channel import Channel
from dedup.config import Config
from dedup.dictionary import Dictionary
from dedup.model import Substitution
from dedup.places import Kind, Part, Place, Words

F64s = NDArray[np.float64]

STANDING = 0.46
"""What the logarithm of how often an option stands in the originals of the ledger counts."""
SUSPICION, SUSPICION_UNKNOWN = 0.54, -0.55
"""What the log-odds that words were put in, by themselves, count against an option; and what they are thought to be of
words that no text has."""


@dataclass(frozen=True, slots=True)
class Option:
    """What may stand at a place: the texts that have it, or the parts it is made of, or the line it goes by."""

    words: Words
    texts: tuple[int, ...]
    parts: tuple[Part, ...] = ()
    entry: Substitution | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """What is voted on: the document's words, the places, the ledger, and that part of it that may be conjectured.

    suspicions: of each text, if they are known, the log-odds of each of its tokens that it was put in (`suspicion`).
    channel: that of the ledger's spinner, if these texts were spun. shown: what these texts themselves show to stand
    for something, where they part: the lines of a ledger, by what was put in. gains: of options for tokens start..stop
    of the document, by how much better they go with all around than what stands there, by a model of the language.
    """

    words: Words
    places: Sequence[Place]
    ledger: Dictionary
    conjectured: Dictionary
    suspicions: Sequence[F64s] = ()
    channel: Channel | None = None
    shown: Mapping[Words, Sequence[Substitution]] = field(default_factory=dict)
    told: dict[tuple[Words, Words, Words], Mapping[str, float]] = field(default_factory=dict)
    gains: Mapping[tuple[int, int, Words], float] = field(default_factory=dict)


def kinds(places: Sequence[Place], config: Config) -> list[Kind]:
    """What parts the readings of each place: what does so at most of them, but letters where some reading is no word
    and like another. Where nothing does, all of them may have been replaced alike."""
    parted = [not is_agreed(place) for place in places]
    alike = [apart and _are_alike(place, config) for apart, place in zip(parted, places, strict=True)]
    usual: Kind = "noise" if 2 * sum(alike) > sum(parted) else "replaced"
    return [
        "noise"
        if apart
        and (
            usual == "noise"
            or (one and not all(plausible.is_sound(reading.words) for reading in place.readings if reading))
        )
        else "replaced"
        for one, apart, place in zip(alike, parted, places, strict=True)
    ]


def is_agreed(place: Place) -> bool:
    """Whether all texts have the same at a place, which is one because a ledger knows what they have."""
    return len({reading.words for reading in place.readings if reading}) == 1


def _are_alike(place: Place, config: Config) -> bool:
    """Whether the readings, two by two, are alike in their letters."""
    from rapidfuzz.distance import Indel

    written = {"".join(reading.words) for reading in place.readings if reading and reading.words}
    alike = [Indel.normalized_similarity(one, other) for one, other in combinations(sorted(written), 2)]
    return not alike or sum(alike) / len(alike) >= config.noise_similarity_min


def options(place: Place, kind: Kind, ballot: Ballot) -> Iterator[Option]:
    """What the texts have, and of replaced words what else the ledger knows them to stand for."""
    texts: dict[Words, list[int]] = {}
    for text, reading in enumerate(place.readings):
        if reading:
            texts.setdefault(reading.words, []).append(text)
    for words, having in texts.items():
        yield Option(words, tuple(having))
    if kind == "replaced":
        by = ballot.channel if ballot.channel and ballot.conjectured else ballot.conjectured
        entries = {tuple(row.a.split(" ")): row for words in texts for row in ballot.shown.get(words, ())}
        entries |= {origin.words: origin.entry for words in texts for origin in by.origins(words)}
        for words, entry in entries.items():
            if words not in texts:
                yield Option(words, (), (), entry)


def prior(place: Place, option: Option, ballot: Ballot) -> float:
    """What is known of an option before it is asked who has it, in log-odds up to a constant: how often it stands in
    the originals of the ledger, and whether its words seem put in where texts have them."""
    found = STANDING * log(ballot.ledger.standing(option.words)) if ballot.ledger and option.words else 0.0
    if not ballot.suspicions:
        return found
    seen = suspected(place, option, ballot)
    return found - SUSPICION * (SUSPICION_UNKNOWN if seen is None else seen)


def suspected(place: Place, option: Option, ballot: Ballot) -> float | None:
    """The log-odds that the words of an option were put in, by the texts that have it; None if none does."""
    seen = [
        float(ballot.suspicions[text][reading.start : reading.stop].max())
        for text in option.texts
        if (reading := place.readings[text]) and reading.start < reading.stop
    ]
    return sum(seen) / len(seen) if seen else None


def plausibility(
    ballot: Ballot, beside: tuple[Words, Words], words: Words, weights: Mapping[str, float], recurring: Set[str]
) -> float:
    """How well words go with their neighbours, by the weights of what `plausible` tells."""
    before, after = beside
    told = ballot.told.get((before, words, after))
    if told is None:
        told = ballot.told[before, words, after] = plausible.told(before, words, after, recurring)
    return plausible.odds(told, weights)


def beside(ballot: Ballot, best: Sequence[Words], at: int) -> tuple[Words, Words]:
    """The words before and after a place, by the best options of the places next to it."""
    own = ballot.places[at].own
    before = ballot.words[max(0, own.start - 1) : own.start]
    after = ballot.words[own.stop : own.stop + 1]
    if at and ballot.places[at - 1].own.stop == own.start and best[at - 1]:
        before = best[at - 1][-1:]
    if at + 1 < len(ballot.places) and ballot.places[at + 1].own.start == own.stop and best[at + 1]:
        after = best[at + 1][:1]
    return before, after


def recurring(ballot: Ballot) -> frozenset[str]:
    """The words on which all texts agree somewhere."""
    found: set[str] = set()
    at = 0
    for place in ballot.places:
        found.update(ballot.words[at : place.own.start])
        at = place.own.stop
    return frozenset(found.union(ballot.words[at:]))
