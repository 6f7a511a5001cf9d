"""Places become choices: at each the reading that is most probably the original one, whoever has it.

1. What parts the readings of a place is noise, if they are alike in their letters, or else replaced words. Each kind of
   damage has its own channel, and each text its own reliability in it.
2. Noise: every text that has a reading counts for it by its reliability; errors seldom agree, so agreement counts
   more (AGREEMENT). Replaced words: spinners agree, since they have one dictionary. So what the texts read if an option
   were the original is weighed as one: how many left it, how many replaced it, and whether all replaced it alike or
   as the ledger knows (`Dictionary.likelihood`); of what the ledger does not know, the other places tell: where `navy`
   stands for `military` in one, it does in the next. Two texts that agree on a known replacement thus weigh less
   than one that does not have it.
   Where the ledger is one of these spinners, all of this is asked of it by base forms and of each text by its habits
   (`weighing`), and what these texts show at one place may be put in at another where they agree (`shown`).
3. Beside that, how plausible an option is among its neighbours (`plausible`), which are themselves the best options of
   the places next to it.
4. Reliabilities and options are estimated in turns (expectation maximisation; Dawid and Skene 1979).
5. Where noise runs over several words, what the columns of the place choose, word by word, is an option too.

Limits: texts count as independent but for what a ledger knows; that a witness was copied from another is not seen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from dedup import ballots, fluency, plausible, weighing
from dedup.ballots import Ballot, Option
from dedup.config import Config
from dedup.dictionary import Dictionary
from dedup.model import Span, Substitution
from dedup.places import Choice, Column, Kind, Part, Place, Words

AGREEMENT = 2.5
"""Log-odds by which a reading gains with each text that has it, beyond the odds that this text is right: noise seldom
makes two texts wrong in the same way. Fitted with `plausible.NOISE`."""
LIKELIHOOD = 0.46
"""What the logarithm of the likelihood of what the texts have counts: less than 1, since places are not independent.
Fitted with `plausible.REPLACED`."""
RIGHT_PRIOR, WRONG_PRIOR = 2.0, 1.5
"""Places at which a text is thought to be right, and wrong, before any is looked at."""
GAIN = 0.5
"""Log-odds for each natural logarithm by which a model of the language finds the text more probable with an option."""
QUESTIONED = 0.01
"""Probability above which an option is asked of, and below which it need not be if it is the only one above."""
ROUNDS, ROUNDS_KNOWN = 5, 4
"""Turns, and where a ledger knows the spinner."""


@dataclass(frozen=True, slots=True)
class Vote:
    """The options of each place with their probabilities, and how often each text is right where noise parts them, and
    where words do."""

    kinds: Sequence[Kind]
    options: Sequence[Sequence[Option]]
    probabilities: Sequence[Sequence[float]]
    reliabilities: Mapping[Kind, Sequence[float]]


F64s = NDArray[np.float64]
Replaced = dict[tuple[Words, Words], float]
"""How often an original was replaced by what."""
Known = tuple[Dictionary, Replaced, Replaced]
"""The ledger, the replacements at all places, and those at the place in question, which tell nothing about it."""


def choices(ballot: Ballot, config: Config) -> tuple[Choice, ...]:
    """What shall stand at the places where that is sure, and something else than what the document has."""
    found = vote(ballot, config)
    made = []
    for place, kind, options, probabilities in zip(
        ballot.places, found.kinds, found.options, found.probabilities, strict=True
    ):
        best = max(range(len(options)), key=lambda at: (probabilities[at], 0 in options[at].texts, options[at].words))
        option, probability = options[best], probabilities[best]
        if 0 not in option.texts and probability >= config.vote_confidence_min * _asked(options, probabilities, ballot):
            made.append(_choice(place, kind, option, probability, found))
    return tuple(made)


def _asked(options: Sequence[Option], probabilities: Sequence[float], ballot: Ballot) -> float:
    """How probable it is that the original is one of those that are asked of: any, or, where a ledger names many,
    what stands there and the best, for what stands there was put in as surely as any other."""
    if not ballot.channel:
        return 1.0
    own = next(share for option, share in zip(options, probabilities, strict=True) if 0 in option.texts)
    return own + max(probabilities)


def shown(ballot: Ballot, config: Config) -> Mapping[Words, Sequence[Substitution]]:
    """What the texts show to stand for something, by what was put in: at places where they part, and one of them has
    what is surely the original."""
    found = vote(ballot, config)
    seen: defaultdict[tuple[Words, Words], list[float]] = defaultdict(list)
    for place, kind, options, probabilities in zip(
        ballot.places, found.kinds, found.options, found.probabilities, strict=True
    ):
        probability, at = max((share, -at) for at, share in enumerate(probabilities))
        best = options[-at]
        if kind == "replaced" and best.texts and best.words and probability >= config.vote_confidence_min:
            for words in {reading.words for reading in place.readings if reading and reading.words} - {best.words}:
                seen[best.words, words].append(probability)
    lines: defaultdict[Words, list[Substitution]] = defaultdict(list)
    for (original, words), shares in sorted(seen.items()):
        sides = " ".join(original), " ".join(words)
        lines[words].append(Substitution(*sides, len(shares), 1, 0, 0, "a", round(sum(shares) / len(shares), 4)))
    return lines


def reread(ballot: Ballot, draft: str, spans: Sequence[Span], reader: fluency.Reader, config: Config) -> Ballot:
    """The ballot with what a model of the language finds of those options that are in question where words were
    replaced. draft: the document as far as it is restored without that. spans: where each place is in it."""
    found = vote(ballot, config)
    places, asked = [], []
    for place, span, kind, options, probabilities in zip(
        ballot.places, spans, found.kinds, found.options, found.probabilities, strict=True
    ):
        likely = [
            option.words
            for option, probability in zip(options, probabilities, strict=True)
            if probability > QUESTIONED and option.words
        ]
        if kind == "replaced" and len(likely) > 1 and span[0] < span[1]:
            asked.append((place.own.start, place.own.stop, likely))
            places.append(fluency.Asked(span, [fluency.written(draft, span, words) for words in likely]))
    told = fluency.gains(draft, places, reader)
    gains = {
        (start, stop, words): gain
        for (start, stop, likely), each in zip(asked, told, strict=True)
        for words, gain in zip(likely, each, strict=True)
    }
    return replace(ballot, gains=gains)


def _choice(place: Place, kind: Kind, option: Option, probability: float, found: Vote) -> Choice:
    agreeing = tuple(Part(text, reading) for text in option.texts if (reading := place.readings[text]))
    agreeing = tuple(sorted(agreeing, key=lambda part: -found.reliabilities[kind][part.text]))
    evidence = {"texts": float(len(agreeing)), "of": float(sum(reading is not None for reading in place.readings))}
    if agreeing:
        evidence["reliability"] = round(found.reliabilities[kind][agreeing[0].text], 3)
    return Choice(
        place.own.start,
        place.own.stop,
        option.words,
        agreeing[:1] or option.parts,
        agreeing,
        kind,
        round(probability, 4),
        evidence,
        option.entry,
    )


def vote(ballot: Ballot, config: Config) -> Vote:
    """The probabilities of all options (steps 1 to 5)."""
    kinds = ballots.kinds(ballot.places, config)
    options = [list(ballots.options(place, kind, ballot)) for place, kind in zip(ballot.places, kinds, strict=True)]
    texts = len(ballot.places[0].readings) if ballot.places else 1
    found = _settled(Vote(kinds, options, [], {kind: [0.5] * texts for kind in ("noise", "replaced")}), ballot)
    composed = [
        option for place, kind in zip(ballot.places, kinds, strict=True) for option in [_composed(place, kind, found)]
    ]
    if not any(composed):
        return found
    options = [
        [*own, new] if new and new.words not in {option.words for option in own} else own
        for own, new in zip(options, composed, strict=True)
    ]
    return _settled(replace(found, options=options), ballot)


def _settled(start: Vote, ballot: Ballot) -> Vote:
    """Probabilities and reliabilities, in turns."""
    found = replace(start, probabilities=[[1 / len(options)] * len(options) for options in start.options])
    recurring = ballots.recurring(ballot)
    settled = weighing.agreed(ballot) if ballot.channel else Counter[Words]()
    best: list[Words] = [place.own.words for place in ballot.places]
    made: Replaced = {}
    for _ in range(ROUNDS_KNOWN if ballot.channel else ROUNDS):
        probabilities = []
        before = found.probabilities if made else [[0.0] * len(options) for options in found.options]
        told = zip(ballot.places, found.kinds, found.options, before, strict=True)
        scene = weighing.scene(list(told), settled) if ballot.channel else None
        for at, (place, kind, options) in enumerate(zip(ballot.places, found.kinds, found.options, strict=True)):
            rates = found.reliabilities[kind]
            weights = plausible.NOISE if kind == "noise" else plausible.REPLACED
            if kind == "replaced" and ballot.channel and scene:
                odds = weighing.odds(ballot, at, options, [1 - rate for rate in rates], (ballot.channel, scene))
                weights = weighing.BESIDE
            else:
                own = _replaced([(place, kind, options, found.probabilities[at])]) if made else {}
                odds = _odds(place.readings, options, rates, kind, (ballot.ledger, made, own))
                if kind == "replaced":
                    odds = [
                        one + ballots.prior(place, option, ballot) for one, option in zip(odds, options, strict=True)
                    ]
            beside = ballots.beside(ballot, best, at)
            plain = [
                ballots.plausibility(ballot, beside, option.words, weights, recurring)
                + GAIN * ballot.gains.get((place.own.start, place.own.stop, option.words), 0.0)
                for option in options
            ]
            shares = _shares([one + other for one, other in zip(odds, plain, strict=True)])
            probabilities.append(shares)
            best[at] = options[shares.index(max(shares))].words
        found = replace(found, probabilities=probabilities)
        found = replace(found, reliabilities=_reliabilities(found))
        made = _replaced(zip(ballot.places, found.kinds, found.options, probabilities, strict=True))
    return found


def _replaced(places: Iterable[tuple[Place, Kind, Sequence[Option], Sequence[float]]]) -> Replaced:
    """How often each original was replaced by what at the places where words were, as far as one can tell."""
    found: defaultdict[tuple[Words, Words], float] = defaultdict(float)
    for place, kind, options, probabilities in places:
        there = dict.fromkeys(reading.words for reading in place.readings if reading and kind == "replaced")
        for option, probability in zip(options, probabilities, strict=True):
            for words in there:
                if words != option.words:
                    found[option.words, words] += probability
    return found


def _shares(odds: Sequence[float]) -> list[float]:
    most = max(odds)
    raised = [exp(one - most) for one in odds]
    return [one / sum(raised) for one in raised]


def _reliabilities(found: Vote) -> Mapping[Kind, Sequence[float]]:
    """How probable it is that a text is right where texts part, by kind."""
    right = {kind: [RIGHT_PRIOR] * len(before) for kind, before in found.reliabilities.items()}
    there = {kind: [RIGHT_PRIOR + WRONG_PRIOR] * len(before) for kind, before in found.reliabilities.items()}
    for kind, options, probabilities in zip(found.kinds, found.options, found.probabilities, strict=True):
        if sum(bool(option.texts) for option in options) < 2:  # all agree: which tells nothing of any one
            continue
        for option, probability in zip(options, probabilities, strict=True):
            for text in option.texts:
                right[kind][text] += probability
        for text in {text for option in options for text in option.texts}:
            there[kind][text] += 1
    return {kind: [one / all_ for one, all_ in zip(right[kind], there[kind], strict=True)] for kind in right}


# --- options ---------------------------------------------------------------------------------------------------


def _composed(place: Place, kind: Kind, found: Vote) -> Option | None:
    """What the columns of a place choose, word by word: by the texts' reliability alone, and by soundness."""
    if kind != "noise" or not place.columns:
        return None
    weights = [log(right / (1 - right)) + AGREEMENT for right in found.reliabilities[kind]]
    parts: list[Part] = []
    for column in place.columns:
        having: dict[Words, list[Part]] = {}
        for text, reading in enumerate(column):
            if reading:
                having.setdefault(reading.words, []).append(Part(text, reading))
        best = max(
            having,
            key=lambda words: (
                sum(weights[part.text] for part in having[words])
                + plausible.odds(plausible.told((), words, (), frozenset()), plausible.NOISE),
                words,
            ),
        )
        parts.append(max(having[best], key=lambda part: weights[part.text]))
    words = tuple(word for part in parts for word in part.reading.words)
    return Option(words, (), tuple(part for part in parts if part.reading.words))


# --- odds ------------------------------------------------------------------------------------------------------


def _odds(
    column: Column, options: Sequence[Option], reliabilities: Sequence[float], kind: Kind, known: Known
) -> list[float]:
    """What the texts, by what they have, say for each option, in log-odds up to a constant."""
    if kind == "replaced":
        ledger, made, own = known
        texts = [(reading.words, 1 - reliabilities[text]) for text, reading in enumerate(column) if reading]
        news = not any(ledger.knows(option.words) for option in options)  # else the ledger knows better
        return [
            LIKELIHOOD
            * ledger.likelihood(
                option.words,
                texts,
                {
                    words: made.get((option.words, words), 0.0) - own.get((option.words, words), 0.0)
                    for words, _ in texts
                }
                if news
                else {},
            )
            for option in options
        ]
    weights = [log(right / (1 - right)) + AGREEMENT for right in reliabilities]
    return [
        sum(weights[text] for text in option.texts)
        + sum(weights[part.text] * len(part.reading.words) for part in option.parts) / max(1, len(option.words))
        for option in options
    ]
