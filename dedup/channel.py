"""What several texts have at a place becomes, for each original that may have stood there, how probable that is.

A spinner is a noisy channel: it chooses which words of a text it replaces, and has one dictionary to replace them by.

1. `origins` are what a phrase may stand for: by the ledger, and by other forms of what is in it, of phrases too.
2. How probable it is that an original became a phrase, if it was replaced, is asked of base forms: where `record`
   became `disk`, `records` becomes `disks`. What a ledger saw the other way round is likely this way too, for synonyms
   are synonyms both ways; beyond that, any phrase may stand for any, as often as it was put in at all.
3. How probable it is that a text had an original replaced follows from how much of it was replaced, how often the
   ledger's spinner replaced this original where it stood, and what became of it at the other places of the text: a
   spinner that replaces a word does so throughout (`Habits`).

Limits: which base form a word has is asked of no neighbour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp, log

from dedup import inflection, language
from dedup.dictionary import GENERALISED, NOWHERE, Dictionary, Origin, logit
from dedup.places import Words

BOTH_WAYS = 0.03
"""Times that a replacement is thought to have been seen for being known the other way round. With ANYTHING and
HABIT_TIMES chosen on texts of another seed."""
ANYTHING = 2.0
"""Times that any phrase is thought to have been seen for an original, shared out by how often it was put in at all."""
KNOWN_TIMES = 2.0
"""Occurrences of an original from which the ledger knows better than at large how often it is replaced."""
HABIT_TIMES = 0.25
"""Occurrences of an original in a text from which these tell more than all else whether it was replaced there."""
BASE_ZIPF = 2.5
"""Zipf frequency from which a base form is taken for that of a word."""

Based = tuple[Words, str]
"""A base form and the form that a word or phrase has of it."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Of a text, for each base form, how often it was left and how often replaced, as far as one can tell."""

    left: Mapping[Words, float]
    replaced: Mapping[Words, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a text has at a place: its words, how much of what is in question it replaced (0..1), its habits, and what
    of these is owed to this very place: how probable each original is."""

    words: Words
    rate: float
    habits: Habits
    own: Mapping[Words, float]


@dataclass(frozen=True)
class Channel:
    """A ledger's spinner, by base forms: how often each became which, how often it was replaced, and how often it
    stands in the originals."""

    ledger: Dictionary

    @cached_property
    def made(self) -> Mapping[Words, Mapping[Words, float]]:
        found: defaultdict[Words, defaultdict[Words, float]] = defaultdict(lambda: defaultdict(float))
        for original, replacements in self.ledger.by_origin.items():
            for words, count in replacements.items():
                for one, other in _alike(original, words):
                    found[one][other] += count
        return found

    @cached_property
    def _totals(self) -> Mapping[Words, float]:
        return {base: sum(known.values()) for base, known in self.made.items()}

    @cached_property
    def replaced(self) -> Mapping[Words, tuple[float, float]]:
        """How often each base form was replaced, and how often it stands in the originals."""
        found: defaultdict[Words, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for original in self.ledger.times:
            replaced, times = self.ledger.replaced(original)
            for base in {base for base, _ in bases(original)}:
                found[base][0] += replaced
                found[base][1] += times
        return {base: (replaced, times) for base, (replaced, times) in found.items()}

    @cached_property
    def _forms(self) -> Mapping[Words, Sequence[tuple[Words, Origin]]]:
        """By base forms of what was put in: those of what it replaced in the same form."""
        found: defaultdict[Words, list[tuple[Words, Origin]]] = defaultdict(list)
        for phrase, origins in self.ledger.by_replacement.items():
            for origin in origins:
                for one, other in _alike(origin.words, phrase):
                    found[other].append((one, origin))
        return found

    def origins(self, phrase: Words) -> Sequence[Origin]:
        """What a phrase may stand for, by the ledger or by other forms of what is in it."""
        found = {origin.words: origin for origin in self.ledger.by_replacement.get(phrase, ())}
        for base, form in bases(phrase):
            for other, origin in self._forms.get(base, ()):
                words = inflected(other, form)
                if words and words != phrase and words not in found:
                    found[words] = Origin(words, GENERALISED * origin.count, GENERALISED * origin.draws, origin.entry)
        return tuple(found.values())

    def stands(self, one: Words, other: Words) -> bool:
        """Whether one of two phrases may stand for the other, or both for the same."""
        return not self._meant(one).isdisjoint(self._meant(other))

    def _meant(self, phrase: Words) -> frozenset[Words]:
        """What a phrase may stand for, and itself."""
        found = self._memory.get(phrase)
        if found is None:
            found = self._memory[phrase] = frozenset((phrase, *(origin.words for origin in self.origins(phrase))))
        return found

    @cached_property
    def _memory(self) -> dict[Words, frozenset[Words]]:
        return {}

    def share(self, original: Words, words: Words, elsewhere: float, elsewhere_all: float) -> float:
        """How probable it is that an original became these words, if it was replaced. elsewhere: how often it did at
        other places of the texts, and how often it was replaced there at all."""
        ways = [(self._totals.get(one, 0.0), one, other) for one, other in _alike(original, words)]
        total, one, other = max(ways, key=lambda way: way[0])
        count = self.made.get(one, NOWHERE).get(other, 0.0)
        back = BOTH_WAYS if any(one in self.made.get(other, NOWHERE) for _, one, other in ways) else 0.0
        anything = ANYTHING * self.ledger.unseen(words)
        return (count + back + elsewhere + anything) / (total + back + elsewhere_all + ANYTHING)

    def rate(self, original: Words, seen: Seen) -> float:
        """How probable it is that a text had this original replaced."""
        usual = 1 / (1 + exp(-(logit(seen.rate) + self._lean(original))))
        base = canonical(original)
        own = seen.own.get(original, 0.0)
        left, gone = seen.habits.left.get(base, 0.0), seen.habits.replaced.get(base, 0.0)
        if original == seen.words:
            left -= own
        else:
            gone -= own
        left, gone = max(0.0, left), max(0.0, gone)
        return (HABIT_TIMES * usual + gone) / (HABIT_TIMES + left + gone)

    def _lean(self, original: Words) -> float:
        """By how much an original is replaced rather than others, in log-odds."""
        found = self._leans.get(original)
        if found is None:
            known = [self.replaced.get(base, (0.0, 0.0)) for base, _ in bases(original)]
            replaced, times = max(known, key=lambda counts: counts[1])
            share = self.ledger.share
            found = logit((replaced + KNOWN_TIMES * share) / (times + KNOWN_TIMES)) - logit(share)
            self._leans[original] = found
        return found

    @cached_property
    def _leans(self) -> dict[Words, float]:
        return {}

    def likelihood(
        self, original: Words, texts: Sequence[Seen], elsewhere: Mapping[Words, float]
    ) -> tuple[float, float]:
        """The logarithms of the probability that texts left an original or replaced it, as they did, and that what it
        was replaced by are the words that they have."""
        chosen = became = 0.0
        made: defaultdict[Words, float] = defaultdict(float, elsewhere)
        total = sum(elsewhere.values())
        for seen in texts:
            chance = min(0.98, max(0.02, self.rate(original, seen)))
            if seen.words == original:
                chosen += log(1 - chance)
                continue
            chosen += log(chance)
            became += log(self.share(original, seen.words, made[seen.words], total))
            made[seen.words] += 1
            total += 1
        return chosen, became


@lru_cache(maxsize=1 << 16)
def bases(phrase: Words) -> tuple[Based, ...]:
    """The base forms of a word, or of a phrase that has one at either end, the phrase itself among them."""
    found: dict[Based, None] = {(phrase, ""): None}
    for at in {0, len(phrase) - 1} if phrase else ():
        for base, form in inflection.analyses(phrase[at]):
            if form:
                found[(*phrase[:at], base, *phrase[at + 1 :]), form] = None
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def canonical(phrase: Words) -> Words:
    """The one base form by which a word is counted in a text."""
    if len(phrase) != 1:
        return phrase
    found = [base for base, form in bases(phrase) if form and language.frequency(base[0]) >= BASE_ZIPF]
    return max(found, key=lambda base: (language.frequency(base[0]), base)) if found else phrase


def inflected(base: Words, form: str) -> Words | None:
    """A base form in some form: of a phrase the last word of what has -s, else the first."""
    if not form:
        return base
    at = len(base) - 1 if form == "s" else 0
    word = inflection.inflected(base[at], form)
    return (*base[:at], word, *base[at + 1 :]) if word else None


@lru_cache(maxsize=1 << 16)
def _alike(one: Words, other: Words) -> tuple[tuple[Words, Words], ...]:
    """Two phrases, and the base forms that they have in the same form."""
    return (one, other), *(
        (base_a, base_b)
        for base_a, form_a in bases(one)
        for base_b, form_b in bases(other)
        if form_a and (form_a == form_b or {form_a, form_b} == {"ed", "en"})
    )
