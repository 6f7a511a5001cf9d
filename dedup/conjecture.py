"""A ledger becomes conjectures: what may have stood in a text where no witness tells.

1. Every phrase that the ledger knows as a replacement, the longest first, may be one, or may stand there by itself.
   Which, is a matter of odds: how often the ledger saw it replace each of its origins, how new a replacement may be,
   how often it stands in originals by itself (`dictionary`), and how much better than it the origin goes with its
   neighbours (WEIGHTS).
2. The neighbours may be replacements themselves: in ROUNDS rounds each phrase is looked at beside what its neighbours
   most probably were.
3. The text as a whole says whether this spinner was at work in it. Its intensity is how much of what the ledger would
   make one expect was replaced: expectation maximisation over the phrases of the text. In an original it is near 0, and
   below INTENSITY_MIN nothing is conjectured but for phrases that hardly anybody would write: these may stand in a
   few spun sentences, and are looked at as if the intensity were INTENSITY_THERE at the least.

4. Where witnesses tell that a text was spun, that is known, and what they agree on is looked at without this limit, as
   sure as a vote must be (`among_spun`).

5. Else the surest are said, as many as are right together as often as `conjecture_precision_min` by their confidence,
   and of these such as are sure by `conjecture_confidence_min` (`_least`); by a ledger of one text each must be surer.

Capitalised words within a sentence are left alone, for spinners spare most names. English only. A conjecture is a
noisy-channel correction (Kernighan, Church and Gale 1990) whose channel is the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, log

from dedup import fluency, language, layout, plausible, rereading, suspicion
from dedup.config import Config
from dedup.dictionary import PHRASE_WORDS_MAX, Dictionary, Origin, unheard
from dedup.figures import is_capitalised
from dedup.model import Document, Span, Tokens
from dedup.places import Choice, Words

WEIGHTS = {"frequency": 0.49, "fit": 0.31, "known": 0.8}
"""Log-odds for each unit by which an origin goes better with its neighbours: a bit of mutual information, a
neighbourship that is known. Fitted, with the other constants here and in `dictionary`, by maximum likelihood on texts
spun by the benchmarks' own spinner and by two attacks on a classifier, ledgers learnt from other texts."""
MADE_WEIGHT, NATURAL_WEIGHT = 0.77, 0.65
"""What the logarithm of how often a phrase was put in, or stands by itself, counts."""
FURTHER_WEIGHT = 0.6
"""What the likelihood of what other texts have counts, as in a vote."""
NEW_ODDS, NEW_FREQUENCY = 0.6, -7.5
"""Log-odds that a phrase stands for something the ledger does not know, beyond what its novelty says; and how frequent
that is thought to be, as `plausible` tells it of one ordinary word: else whatever the ledger knows of a long phrase
would seem better than all it does not know."""
SUSPICION, SUSPICION_USUAL = 0.44, -1.1
"""What the log-odds of the words by themselves that they were put in (`suspicion`) count, beyond what is usual."""
OFTENER = 5.0
"""How much more often than a phrase of several words another must have been put in to be found in its place."""
DOUBLED = 12.0
"""Log-odds against an origin that would stand beside itself."""
ONCE_WRONG = 0.04
"""How many lines that were seen in one pair alone are wrong however sure all else is, cut amiss or of another meaning;
of those seen n times it is the n-th part of the n-th part. Of conjectures on development texts that were said to be
0.98 sure and more 0.966 were right by lines seen once, 0.99 by those seen twice or thrice, and 0.997 by others."""
UNREAD_SURENESS = 1.1
"""What the log-odds of a conjecture count where no model of the language reads it. On development texts 0.978 to 1.000
of what is said are right then; with 1.2 it is 0.970 to 0.988, with 1 a quarter less is said."""
ONE_TEXT_MIN = 0.975
"""Confidence of each conjecture by a ledger of one text. On halves of development texts 0.97 of what is 0.97 sure was
right."""
ROUNDS, STEPS = 3, 25
INTENSITY_MIN, INTENSITY_MAX = 0.5, 3.0
INTENSITY_THERE = 0.1
"""What it is thought to be at the least where a phrase stands that hardly anybody would write."""
TINY = 1e-6
INTENSITY_PRIOR = 2.5
"""Replacements expected that are thought to be seen a fifth of: a short text says little."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What tokens start..stop of a text may stand for, each origin with its probability; that they stand for
    themselves; the rest is for origins unknown."""

    start: int
    stop: int
    origins: Sequence[Origin]
    probabilities: Sequence[float]
    itself: float = 1.0

    @property
    def best(self) -> tuple[float, Origin]:
        return max(zip(self.probabilities, self.origins, strict=True), key=lambda one: (one[0], one[1].words))


@dataclass(frozen=True, slots=True)
class Look:
    """A text as it is looked at: its words, and for each how many texts agree on it, this one among them (0 where they
    do not, or it is not to be touched), and the log-odds that it was put in, by itself. parted: for each whether more
    than blanks stands before it, so that no phrase reaches over it; none for nowhere."""

    words: Words
    voices: Sequence[int]
    suspicions: Sequence[float]
    parted: Sequence[bool] = ()

    @classmethod
    def at(cls, document: Document, tokens: Tokens, voices: Sequence[int]) -> Look:
        parted = [at > 0 and layout.is_parted(document.text, tokens, at) for at in range(len(tokens))]
        return cls(tokens.words, voices, suspicion.suspicions(document, tokens).tolist(), parted)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms conjectures are made: the voices (see `Look`), from which intensity and confidence on, the mean
    confidence of all of them, what their log-odds count for the confidence, and what reads the guesses where they
    stand, if anything. once_wrong: see ONCE_WRONG."""

    voices: Sequence[int]
    intensity_min: float
    confidence_min: float
    precision_min: float
    sureness: float
    once_wrong: float
    reader: fluency.Reader | None = None


def alone(voices: Sequence[int], dictionary: Dictionary, config: Config, reader: fluency.Reader | None = None) -> Terms:
    """The terms for a text of which nothing else tells whether it was spun."""
    each, mean = config.conjecture_confidence_min, config.conjecture_precision_min
    if dictionary.of_one_text:  # a line that is wrong is wrong at all its places, and the mean does not hold
        return Terms(voices, INTENSITY_MIN, max(each, ONE_TEXT_MIN), mean, 1.0, 0.0, reader)
    return Terms(voices, INTENSITY_MIN, each, mean, 1.0 if reader else UNREAD_SURENESS, ONCE_WRONG, reader)


def among_spun(voices: Sequence[int], config: Config, reader: fluency.Reader | None = None) -> Terms:
    """The terms for a text that its witnesses show to be spun, as they are themselves: what they agree on is what all
    of them left, or replaced alike, so that little of it was replaced, and yet some. It is chosen as in a vote."""
    return Terms(voices, 0.0, config.vote_confidence_min, 0.0, 1.0, 0.0, reader)


def choices(document: Document, tokens: Tokens, dictionary: Dictionary, terms: Terms) -> tuple[Choice, ...]:
    """The conjectures on a document, in order."""
    if not (dictionary and language.is_known(tokens.words)):
        return ()
    intensity, found = guesses(Look.at(document, tokens, terms.voices), dictionary)
    if terms.reader and (intensity >= terms.intensity_min or any(unheard(_phrase(tokens, one)) for one in found)):
        found = _reread(document, tokens, found, terms.reader)
    free = [guess for guess in found if _is_free(guess, document, tokens, intensity, terms)]
    confidences = [_confidence(guess, terms) for guess in free]
    least = _least(confidences, terms)
    made = []
    for guess, confidence in zip(free, confidences, strict=True):
        if confidence >= least:
            origin = guess.best[1]
            told = _told(tokens.words, guess, origin)
            evidence = {name: round(value, 3) for name, value in {**told, "intensity": intensity}.items()}
            made.append(
                Choice(
                    guess.start,
                    guess.stop,
                    origin.words,
                    (),
                    (),
                    "replaced",
                    round(confidence, 4),
                    evidence,
                    origin.entry,
                )
            )
    return tuple(made)


def _is_free(guess: Guess, document: Document, tokens: Tokens, intensity: float, terms: Terms) -> bool:
    """Whether a phrase may be changed at all."""
    if intensity < terms.intensity_min and not unheard(_phrase(tokens, guess)):
        return False
    return min(terms.voices[guess.start : guess.stop]) > 0 and not is_capitalised(document.text, _span(tokens, guess))


def _least(confidences: Sequence[float], terms: Terms) -> float:
    """The confidence from which on conjectures are made: `confidence_min`, or as much more as it takes for those of a
    text to be `precision_min` sure in the mean, which is how many of them one expects to be right (the posterior
    expected rate of false discoveries: Newton, Noueiry, Sarkar and Ahlquist, Biostatistics 2004)."""
    least, number, total = inf, 0, 0.0
    for confidence, times in sorted(Counter(confidences).items(), reverse=True):  # of equal ones all or none
        number, total = number + times, total + times * confidence
        if confidence < terms.confidence_min or total < terms.precision_min * number:
            break
        least = confidence
    return least


def _reread(document: Document, tokens: Tokens, found: Sequence[Guess], reader: fluency.Reader) -> list[Guess]:
    """The guesses with their probabilities by what a model of the language finds where they stand."""
    guessed = [
        rereading.Guessed(
            _span(tokens, one),
            _phrase(tokens, one),
            [origin.words for origin in one.origins],
            one.probabilities,
            one.itself,
        )
        for one in found
    ]
    anew = rereading.reread(document.text, guessed, reader)
    return [replace(one, probabilities=each) for one, each in zip(found, anew, strict=True)]


def _phrase(tokens: Tokens, guess: Guess) -> Words:
    return tokens.words[guess.start : guess.stop]


def _confidence(guess: Guess, terms: Terms) -> float:
    """How sure the best of a guess is, by its odds and by how often its line was seen."""
    probability, origin = guess.best
    surely = min(1.0 - TINY, max(TINY, probability))
    wrong = terms.once_wrong / max(1.0, origin.draws) ** 2
    return (1.0 - wrong) / (1.0 + exp(-terms.sureness * log(surely / (1.0 - surely))))


@dataclass(frozen=True, slots=True)
class Suspect:
    """A phrase that surely stands for something else, where, and what it most probably stands for."""

    span: Span
    words: Words
    origin: Origin
    confidence: float


def suspects(document: Document, tokens: Tokens, dictionary: Dictionary, config: Config) -> tuple[Suspect, ...]:
    """The phrases of a text that surely stand for something else, whether or not it is sure for what."""
    if not (dictionary and language.is_known(tokens.words)):
        return ()
    intensity, found = guesses(Look.at(document, tokens, [1] * len(tokens)), dictionary)
    made = []
    for guess in found:
        words = _phrase(tokens, guess)
        if 1.0 - guess.itself >= config.suspect_confidence_min and (intensity >= INTENSITY_MIN or unheard(words)):
            made.append(Suspect(_span(tokens, guess), words, guess.best[1], round(1.0 - guess.itself, 4)))
    return tuple(made)


def _span(tokens: Tokens, guess: Guess) -> Span:
    return int(tokens.spans[guess.start, 0]), int(tokens.spans[guess.stop - 1, 1])


def guesses(look: Look, dictionary: Dictionary) -> tuple[float, list[Guess]]:
    """The intensity with which the ledger's spinner was at work in a text, and what each phrase may stand for."""
    words = look.words
    found = list(_known(look, dictionary))
    intensity = 1.0
    for _ in range(ROUNDS):
        meant = {guess.start: guess for guess in found if guess.best[0] > 0.5}
        ending = {guess.stop: guess for guess in meant.values()}
        weighed = [
            _weighed(look, guess, (ending.get(guess.start), meant.get(guess.stop)), dictionary) for guess in found
        ]
        expected = dictionary.rate * dictionary.coverage * len(words)
        for _ in range(STEPS):
            replaced = sum(one.replaced(intensity) for one in weighed)
            intensity = min(INTENSITY_MAX, (replaced + INTENSITY_PRIOR / 5) / (expected + INTENSITY_PRIOR))
        there = max(intensity, INTENSITY_THERE)
        further = [_further(look, guess, dictionary) for guess in found]
        found = [
            _judged(words, guess, one.probabilities(intensity, others), one.probabilities(there, others))
            for guess, one, others in zip(found, weighed, further, strict=True)
        ]
    return intensity, found


def _judged(words: Words, guess: Guess, plain: Sequence[float], there: Sequence[float]) -> Guess:
    """A guess with its probabilities, the last for itself: `there` of a phrase that is unheard."""
    *each, itself = there if unheard(words[guess.start : guess.stop]) else plain
    return replace(guess, probabilities=each, itself=itself)


@dataclass(frozen=True, slots=True)
class _Odds:
    """Log-odds, at intensity 1, of each origin, of an unknown one, and of the phrase itself."""

    origins: Sequence[float]
    unknown: float
    itself: float

    def replaced(self, intensity: float) -> float:
        """The probability that the phrase stands for anything else."""
        made: float = intensity**MADE_WEIGHT * (sum(map(exp, self.origins)) + exp(self.unknown))
        return made / (made + exp(self.itself))

    def probabilities(self, intensity: float, further: Sequence[float]) -> list[float]:
        """Of each origin, and last of the phrase itself. further: what other texts say for each origin against the
        phrase itself, in log-odds."""
        raised = intensity**MADE_WEIGHT
        each = [raised * exp(odds + more) for odds, more in zip(self.origins, further, strict=True)]
        total = sum(each) + raised * exp(self.unknown + max(further)) + exp(self.itself)
        return [one / total for one in (*each, exp(self.itself))]


def _known(look: Look, dictionary: Dictionary) -> Iterator[Guess]:
    """The phrases of a text that are replacements for all one knows, the longest at each word, apart."""
    words, at = look.words, 0
    while at < len(words):
        for size in range(min(PHRASE_WORDS_MAX, len(words) - at), 0, -1):
            origins = dictionary.origins(words[at : at + size])
            if not origins or any(look.parted[at + 1 : at + size]):
                continue
            if not _gives_way(words, (at, at + size), origins, dictionary):
                yield Guess(at, at + size, origins, [0.0] * len(origins))
                at += size
                break
        else:
            at += 1


def _gives_way(words: Words, where: Span, origins: Sequence[Origin], dictionary: Dictionary) -> bool:
    """Whether a phrase shares a word with another that was put in far more often: `user amorphous` for `user`, where
    `amorphous shape` stands for `space`, is a line cut amiss."""
    start, stop = where
    often = OFTENER * sum(origin.count for origin in origins)
    return stop > start + 1 and any(
        dictionary.put_in(words[at : at + size]) > often
        for at in range(start, stop)
        for size in range(1, PHRASE_WORDS_MAX + 1)
        if at > start or at + size < stop
    )


def _weighed(look: Look, guess: Guess, beside: tuple[Guess | None, Guess | None], dictionary: Dictionary) -> _Odds:
    """The odds of a phrase beside what its neighbours most probably were."""
    words = look.words
    phrase = words[guess.start : guess.stop]
    before = beside[0].best[1].words if beside[0] else words[max(0, guess.start - 1) : guess.start]
    after = beside[1].best[1].words if beside[1] else words[guess.stop : guess.stop + 1]
    own = plausible.odds(plausible.told(before, phrase, after, frozenset()), WEIGHTS)
    beside_it = words[max(0, guess.start - 1) : guess.start], words[guess.stop : guess.stop + 1]
    count, draws = (sum(getattr(one, name) for one in guess.origins) for name in ("count", "draws"))
    novelty = dictionary.newness(phrase)
    seen = draws + novelty
    return _Odds(
        [
            MADE_WEIGHT * log(count * one.draws / seen)
            + plausible.odds(plausible.told(before, one.words, after, frozenset()), WEIGHTS)
            - own
            - DOUBLED * _doubles(one.words, beside_it)
            for one in guess.origins
        ],
        MADE_WEIGHT * log(count * novelty / seen) + NEW_ODDS + _new(own),
        NATURAL_WEIGHT * log(dictionary.natural(phrase))
        - SUSPICION * (max(look.suspicions[guess.start : guess.stop]) - SUSPICION_USUAL),
    )


def _doubles(origin: Words, beside: tuple[Words, Words]) -> bool:
    """Whether a word would stand twice: it was put in for more or less than this, as `single-valued function` is for
    `function`."""
    return origin[:1] == beside[0] or origin[-1:] == beside[1]


def _new(own: float) -> float:
    """By how much something unknown is more plausible than what stands there, if that is not plausible at all."""
    return max(0.0, WEIGHTS["frequency"] * NEW_FREQUENCY - own)


def _further(look: Look, guess: Guess, dictionary: Dictionary) -> list[float]:
    """What other texts that agree on a phrase say for each origin, which all of them would have replaced alike, against
    the phrase itself, which all of them would have spared: log-odds."""
    others = max(0, min(look.voices[guess.start : guess.stop]) - 1)
    if not others:
        return [0.0] * len(guess.origins)
    phrase = look.words[guess.start : guess.stop]
    one, all_ = [(phrase, dictionary.share)], [(phrase, dictionary.share)] * (others + 1)
    spared = dictionary.likelihood(phrase, all_) - dictionary.likelihood(phrase, one)
    return [
        FURTHER_WEIGHT * (dictionary.likelihood(origin.words, all_) - dictionary.likelihood(origin.words, one) - spared)
        for origin in guess.origins
    ]


def _told(words: Words, guess: Guess, origin: Origin) -> Mapping[str, float]:
    """By how much better the origin goes with its neighbours, as they stand."""
    before, after = words[max(0, guess.start - 1) : guess.start], words[guess.stop : guess.stop + 1]
    own = plausible.told(before, words[guess.start : guess.stop], after, frozenset())
    other = plausible.told(before, origin.words, after, frozenset())
    return {name: other[name] - own[name] for name in WEIGHTS}
