"""A ledger becomes a dictionary: for what stands in a text, what may have stood there before, and how likely that is.

1. Every line of the ledger says that a phrase stood for another, so and so often. `origins` are the phrases that one
   stood for. What is in no line may be another form of a word that is: `utilised` for `used`, since `utilise` stood for
   `use`; such an origin counts GENERALISED of what it is made from.
2. How constant the spinner is tells how much a line is worth. `novelty` is the chance, against one seen replacement,
   that a known phrase stands for something yet unseen: the concentration of a Chinese restaurant process (Pitman,
   2006), from how many origins each phrase has, at its likeliest. What is frequent in English has more meanings, and is
   put in for more.
3. `natural` is how often a phrase stands in the originals by itself: counted there, and helped by its frequency in
   English where it was seen seldom or never.
4. `replaced` is how often an original was replaced, of how often it stands in the originals. With it `likelihood` tells
   how probable it is that several texts have what they have if a given phrase is the original: spinners agree, for they
   have one dictionary, so what one of them put in the next one probably did too.

Limits: the words of the originals are estimated from how often frequent words stand in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import exp, log

from dedup import inflection, language
from dedup.model import Substitution
from dedup.places import Words

GENERALISED = 0.35
FREQUENT_ZIPF = 6.0
"""Zipf frequency of the single words that the length of the originals is estimated from: rarer ones are in the ledger
because they stand in these originals, and would make them too long."""
MADE_EVERY_WORDS = 5.0
"""Words for every replacement, where a ledger has no frequent ones."""
NATURAL_RATE, NATURAL_SHARE = 7.5e-5, 0.3
"""Of a word of the originals, how often any phrase is thought to stand there by itself, and what its frequency in
English counts against what was seen there: fitted with `conjecture.WEIGHTS`."""
STANDING_MIN, STANDING_SHARE = 0.6, 0.4
"""Times that any phrase is thought to stand in the originals at all, and what its frequency in English counts: fitted
with the weights of `weighing`."""
UNHEARD_SHARE = 0.02
"""What that is multiplied by for each two neighbours in a phrase that no list of bigrams has: each of them stands in
less than one of ten million places, so that a phrase known as a replacement is hardly anything else."""
LONGER_SHARE = 0.1
"""How much rarer than its rarest word a phrase is, for each word that it has more."""
NOVELTY_RANGE = (1e-3, 1e3)
NOVELTY_UNKNOWN, NOVELTY_PRIOR = 0.1, 10.0
"""Novelty where no phrase was seen twice, and how many phrases seen twice that is worth where some were: a ledger of
one text, in which nothing stands for two things, does not tell that nothing ever does."""
NOVELTY_ZIPF, RARE_ZIPF, USUAL_ZIPF = 0.37, 2.0, 4.0
"""By how many powers of ten novelty grows with each step of the Zipf scale, the frequency of the rarest word of a
phrase from which on it does, and the usual one of what spinners put in."""
PHRASE_WORDS_MAX = 5
KNOWN_TIMES = 2.0
"""Occurrences of an original from which the ledger knows better than at large how often it is replaced."""
RESTLESSNESS = 0.5
"""Concentration of what stands for one original: 1 / (1 + this) of the time a spinner takes what it took before."""


NOWHERE: Mapping[Words, float] = {}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a phrase may stand for: `count` times it did, in independent `draws`; `entry` is the line that says so."""

    words: Words
    count: float
    draws: float
    entry: Substitution


@dataclass(frozen=True)
class Dictionary:
    """The lines of a ledger, by what they put in and by what they replaced; `a` of each is the original.

    total_words: of the originals, estimated. novelty: see the module. of_one_text: whether no line is from two pairs.
    """

    by_replacement: Mapping[Words, Sequence[Origin]]
    by_origin: Mapping[Words, Mapping[Words, float]]
    times: Mapping[Words, int]
    total_words: float
    novelty: float
    of_one_text: bool = False

    def __len__(self) -> int:
        return len(self.by_replacement)

    def origins(self, phrase: Words) -> Sequence[Origin]:
        """What a phrase may stand for, by the ledger itself or, if it is not in it, by its base form."""
        return self.by_replacement.get(phrase) or self._generalised(phrase)

    def knows(self, phrase: Words) -> bool:
        """Whether the ledger has a phrase, as an original or as what stands for one."""
        return phrase in self.by_origin or phrase in self.by_replacement

    def replaced(self, phrase: Words) -> tuple[float, float]:
        """How often an original was replaced, and how often it stands in the originals at all."""
        times = sum(self.by_origin.get(phrase, {}).values())
        return times, max(times, float(self.times.get(phrase, 0)))

    def newness(self, phrase: Words) -> float:
        """The novelty of a phrase: `novelty` if it is as frequent as phrases that are put in are."""
        return self.novelty * _manifold(phrase)

    def natural(self, phrase: Words) -> float:
        """How often a phrase stands in the originals, and was left there."""
        replaced, times = self.replaced(phrase)
        rate = NATURAL_RATE * UNHEARD_SHARE ** unheard(phrase)
        return times - replaced + rate * self.total_words + NATURAL_SHARE * self._expected(phrase)

    def put_in(self, phrase: Words) -> float:
        """How often a phrase was put in, if that is more often than it stands in the originals by itself; else 0."""
        return self._put_in.get(phrase, 0.0)

    @cached_property
    def _put_in(self) -> Mapping[Words, float]:
        made = ((phrase, sum(origin.count for origin in found)) for phrase, found in self.by_replacement.items())
        return {phrase: times for phrase, times in made if times > self.natural(phrase)}

    def standing(self, phrase: Words) -> float:
        """How often a phrase stands in the originals at all, helped by its frequency in English."""
        least = STANDING_MIN * UNHEARD_SHARE ** unheard(phrase)
        return self.replaced(phrase)[1] + least + STANDING_SHARE * self._expected(phrase)

    def _expected(self, phrase: Words) -> float:
        """How often one would expect a phrase in the originals, by its frequency in English."""
        return float(10 ** (_rarest(phrase) - 9.0) * LONGER_SHARE ** (len(phrase) - 1) * self.total_words)

    def likelihood(
        self, original: Words, texts: Sequence[tuple[Words, float]], elsewhere: Mapping[Words, float] = NOWHERE
    ) -> float:
        """The logarithm of the probability of what texts have for an original: each its words, and how much of what is
        in question it replaced (0..1). Every original has a Chinese restaurant of its own.

        elsewhere: how often what stands for it at other places of these texts.
        """
        replaced, times = self.replaced(original)
        lean = logit((replaced + KNOWN_TIMES * self.share) / (times + KNOWN_TIMES)) - logit(self.share)
        known = self.by_origin.get(original, {})
        made: defaultdict[Words, float] = defaultdict(float, elsewhere)
        found, seated = 0.0, replaced + sum(elsewhere.values())
        for words, rate in texts:
            chance = 1 / (1 + exp(-(logit(rate) + lean)))
            if words == original:
                found += log(1 - chance)
                continue
            seen = known.get(words, 0.0) + made[words] + RESTLESSNESS * self.unseen(words)
            found += log(chance * seen / (seated + RESTLESSNESS))
            made[words] += 1
            seated += 1
        return found

    def unseen(self, words: Words) -> float:
        """The share of all replacements that put in these words, so that it is never none."""
        made = sum(origin.count for origin in self.by_replacement.get(words, ()))
        return (made + 0.05) / (self._made + 50.0)

    @cached_property
    def _made(self) -> float:
        return sum(sum(found.values()) for found in self.by_origin.values())

    @cached_property
    def share(self) -> float:
        """How much of what the ledger replaced at all was replaced."""
        times = sum(self.replaced(original)[1] for original in self.by_origin)
        return min(0.9, max(0.1, self._made / times)) if times else 0.5

    @cached_property
    def rate(self) -> float:
        """Replacements for every word of the originals."""
        return min(1.0, self._made / self.total_words) if self.total_words else 0.0

    @cached_property
    def coverage(self) -> float:
        """The share of replacements in a new text that are in the ledger: all but those seen once (Good and Turing)."""
        draws = [sum(origin.draws for origin in found) for found in self.by_replacement.values()]
        return max(0.1, 1 - sum(one <= 1 for one in draws) / sum(draws)) if draws else 0.1

    def _generalised(self, phrase: Words) -> Sequence[Origin]:
        if len(phrase) != 1:
            return ()
        found: dict[Words, Origin] = {}
        for base, form in inflection.analyses(phrase[0]):
            for other, origin in self._bases.get(base, ()):
                word = inflection.inflected(other, form)
                if word and word != phrase[0]:
                    before = found.get((word,))
                    count, draws = GENERALISED * origin.count, GENERALISED * origin.draws
                    if before:
                        count, draws = count + before.count, draws + before.draws
                    found[word,] = Origin((word,), count, draws, origin.entry)
        return tuple(found.values())

    @cached_property
    def _bases(self) -> Mapping[str, Sequence[tuple[str, Origin]]]:
        """By base forms of single words that were put in: base forms of what these replaced in the same form."""
        found: defaultdict[str, list[tuple[str, Origin]]] = defaultdict(list)
        for phrase, origins in self.by_replacement.items():
            for origin in origins:
                if len(phrase) == len(origin.words) == 1:
                    forms = defaultdict(list)
                    for base, form in inflection.analyses(origin.words[0]):
                        forms[form].append(base)
                    for base, form in dict.fromkeys(inflection.analyses(phrase[0])):
                        found[base] += [(other, origin) for other in dict.fromkeys(forms[form])]
        return found


def _rarest(phrase: Words) -> float:
    """The Zipf frequency of the rarest word."""
    return min(map(language.frequency, phrase))


def unheard(phrase: Words) -> int:
    """How many neighbours in a phrase are in no list of bigrams."""
    return sum(language.bigram_count(*two) == 0 for two in pairwise(phrase))


def logit(probability: float) -> float:
    """The log-odds of a probability, none surer than 49 to 1."""
    clipped = min(0.98, max(0.02, probability))
    return log(clipped / (1 - clipped))


NOTHING = Dictionary({}, {}, {}, 0.0, NOVELTY_UNKNOWN)


def dictionary(rows: Iterable[Substitution]) -> Dictionary:
    """The dictionary of a ledger. Lines whose original is `b` are turned, undecided ones taken as they stand, and
    those that say the same then are one."""
    lines = list(rows)
    by_pairs = any(row.pairs > 1 for row in lines)  # else all are from one pair, and its places must serve
    by_replacement: defaultdict[Words, list[Origin]] = defaultdict(list)
    by_origin: defaultdict[Words, dict[Words, float]] = defaultdict(dict)
    times: dict[Words, int] = {}
    for row in _merged(map(turned, lines)):
        kept, dropped = tuple(row.a.split()), tuple(row.b.split())
        if kept and dropped and max(len(kept), len(dropped)) <= PHRASE_WORDS_MAX:
            draws = float(row.pairs if by_pairs else row.count)
            by_replacement[dropped].append(Origin(kept, float(row.count), draws, row))
            by_origin[kept][dropped] = float(row.count)
            times[kept], times[dropped] = row.times_a, row.times_b
    total_words = _total_words(times, by_origin)
    return Dictionary(by_replacement, by_origin, times, total_words, _novelty(by_replacement), not by_pairs)


def _merged(rows: Iterable[Substitution]) -> Iterable[Substitution]:
    """The lines, those of the same two phrases as one."""
    found: dict[tuple[str, str], Substitution] = {}
    for row in rows:
        other = found.get((row.a, row.b))
        found[row.a, row.b] = _both(other, row) if other else row
    return found.values()


def _both(one: Substitution, other: Substitution) -> Substitution:
    """Two lines of the same phrases as one. How often these stand in the originals both tell alike."""
    return replace(
        max(one, other, key=lambda row: row.confidence),
        count=one.count + other.count,
        pairs=one.pairs + other.pairs,
        times_a=max(one.times_a, other.times_a),
        times_b=max(one.times_b, other.times_b),
    )


def turned(row: Substitution) -> Substitution:
    """A line with its original as `a`."""
    if row.original != "b":
        return row
    return Substitution(row.b, row.a, row.count, row.pairs, row.times_b, row.times_a, "a", row.confidence)


def _total_words(times: Mapping[Words, int], by_origin: Mapping[Words, Mapping[Words, float]]) -> float:
    """The words of the originals, by how often frequent ones stand there, or else by how often they were replaced."""
    standing = {phrase: max(seen, sum(by_origin.get(phrase, {}).values())) for phrase, seen in times.items()}
    frequent = [each for each in standing if len(each) == 1 and language.frequency(each[0]) >= FREQUENT_ZIPF]
    share = sum(10 ** (language.frequency(phrase[0]) - 9.0) for phrase in frequent)
    made = sum(sum(found.values()) for found in by_origin.values())
    seen = sum(standing[phrase] for phrase in frequent)
    return max(seen / share if share else MADE_EVERY_WORDS * made, 2.0 * made)


def _novelty(by_replacement: Mapping[Words, Sequence[Origin]]) -> float:
    """The concentration at which as many origins are expected as there are, over all phrases seen twice or more, and
    as are thought of before any is seen."""
    tables: Counter[tuple[int, int, float]] = Counter()
    for phrase, origins in by_replacement.items():
        draws = round(sum(origin.draws for origin in origins))
        if draws >= 2:
            tables[draws, len(origins), round(_manifold(phrase), 2)] += 1
    if not tables:
        return NOVELTY_UNKNOWN
    low, high = map(log, NOVELTY_RANGE)
    for _ in range(40):  # the number expected grows with the concentration: bisection
        middle = (low + high) / 2
        concentration = exp(middle)
        before = NOVELTY_UNKNOWN / (NOVELTY_UNKNOWN + 1) - concentration / (concentration + 1)
        surplus = NOVELTY_PRIOR * before + sum(
            times * (origins - sum(1 / (1 + seen / (concentration * manifold)) for seen in range(draws)))
            for (draws, origins, manifold), times in tables.items()
        )
        low, high = (middle, high) if surplus > 0 else (low, middle)
    return float(exp(low))


def _manifold(phrase: Words) -> float:
    """How much more a phrase is put in for than one of usual frequency."""
    return float(10 ** (NOVELTY_ZIPF * (max(RARE_ZIPF, _rarest(phrase)) - USUAL_ZIPF)))
