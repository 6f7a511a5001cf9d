"""Two phrases become what it costs that one stands for the other: the prices by which `phrase` cuts.

A pair costs by its lengths, by how far the rarity of its sides differs, and less if the two are alike in characters or
are one contraction, if the words of each belong together, or if the pair is proposed elsewhere too. The prices were
chosen with a reader's list of substitutions in view.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import inf, log

from dedup import language

Phrase = tuple[str, ...]

PAIR = 1.0
"""Cost of one word for another: the unit of all costs."""
LONGER = (0.0, 0.55, 1.05, 1.9, 2.6)
"""Cost by how many tokens one phrase is longer than the other. Two words and
a phrase of three cost a little less than two phrases of two."""
WIDER = 1.1
"""Cost of every token beyond the first on both sides: a little more than a pair of its own."""
ALONE = 1.25
"""Cost of a token dropped or added."""
RARITY = 0.25
"""Cost of every step of the Zipf scale, beyond RARITY_FREE, by which the rarest words of the two phrases differ:
`the` does not stand for `country`."""
RARITY_FREE = 1.5
ALIKE = 0.6
"""Saving of a pair of words alike in characters; a pair that is one contraction or compound costs SAME."""
SAME = 0.1
GOVERNED = 0.9
"""Cost of a pair of prepositions at the end of a pair of phrases (`take place across`, `happen throughout`): a little
less than PAIR, so that they go with what governs them unless the same replacement is seen elsewhere."""
ARTICLE = 0.3
"""Cost of a longer phrase that ends in an article, which belongs to what follows."""
LIGHT_VERB = 0.4
"""Saving of one word for a phrase that begins with a light verb: `affect`, `have an effect on`."""
COHESION = 0.4
"""Saving of phrases whose words belong together (`at least`, `in addition to`), at full cohesion of both."""
COHESION_BITS = 8.0
"""Mean mutual information of neighbours, in bits, at which cohesion is full."""
REPEATED = 0.45
"""Saving of a pair for each doubling of (one and the times it is proposed elsewhere), down to REPEATED_MIN."""
REPEATED_MIN = 0.2


def length_price(length_a: int, length_b: int) -> float:
    shorter, longer = sorted((length_a, length_b))
    return PAIR + WIDER * (shorter - 1) + LONGER[longer - shorter]


@lru_cache(maxsize=1 << 16)
def _written_length(phrase: Phrase) -> int:
    return len(language.expanded(phrase))


def same_length(phrase_a: Phrase, phrase_b: Phrase) -> bool:
    """Whether two phrases may be one contraction or compound: written out, they have as many letters."""
    return _written_length(phrase_a) == _written_length(phrase_b)


def price(phrase_a: Phrase, phrase_b: Phrase, times: int) -> float:
    """The cost of a phrase pair that is proposed `times` elsewhere."""
    cost = _shape_price(phrase_a, phrase_b)
    return max(REPEATED_MIN, cost - REPEATED * log(1 + times, 2)) if times and 0 < cost < inf else cost


@lru_cache(maxsize=1 << 18)
def _shape_price(phrase_a: Phrase, phrase_b: Phrase) -> float:
    """The cost of a phrase pair by itself."""
    if phrase_a == phrase_b:
        return 0.0 if len(phrase_a) == 1 else inf
    if language.expanded(phrase_a) == language.expanded(phrase_b):
        return SAME
    if phrase_a[0] == phrase_b[0] or phrase_a[-1] == phrase_b[-1]:
        return inf  # the shared word stands by itself
    cost = length_price(len(phrase_a), len(phrase_b))
    rarest_a, rarest_b = (_rarest_zipf(phrase) for phrase in (phrase_a, phrase_b))
    cost += RARITY * max(0.0, abs(rarest_a - rarest_b) - RARITY_FREE)
    if len(phrase_a) == len(phrase_b) == 1:
        return cost - ALIKE if _alike(phrase_a[0], phrase_b[0]) else cost
    longer = [phrase for phrase in (phrase_a, phrase_b) if len(phrase) > 1]
    cost -= COHESION * min(map(_cohesion, longer))
    cost += ARTICLE * sum(phrase[-1] in language.ARTICLES for phrase in longer)
    if len(longer) == 1 and longer[0][0] in language.LIGHT_VERBS:
        cost -= LIGHT_VERB
    if len(longer) == 2 and _is_governed(phrase_a, phrase_b):
        cost = min(cost, _shape_price(phrase_a[:-1], phrase_b[:-1]) + GOVERNED)
    return cost


@lru_cache(maxsize=1 << 16)
def _rarest_zipf(phrase: Phrase) -> float:
    """The frequency of the rarest word of a phrase, numbers left out: any number is rare."""
    return min((language.zipf(word) for word in phrase if not word[0].isdigit()), default=language.COMMON_ZIPF)


def _is_governed(phrase_a: Phrase, phrase_b: Phrase) -> bool:
    """Whether both phrases end in prepositions that go with what is before them: an idiom, or a particle verb."""
    last = {phrase_a[-1], phrase_b[-1]}
    if not last <= language.PREPOSITIONS:
        return False
    lengths = len(phrase_a), len(phrase_b)
    return (sum(lengths) > 4 and max(lengths) <= 3) or last <= language.PARTICLES


@lru_cache(maxsize=1 << 16)
def _cohesion(phrase: Phrase) -> float:
    """How much the words of a phrase belong together, 0..1."""
    bits = [language.association_bits(first, second) for first, second in pairwise(phrase)]
    return min(1.0, sum(bits) / len(bits) / COHESION_BITS)


def _alike(word_a: str, word_b: str) -> bool:
    """Whether two words share their first four characters or three in four of all."""
    from rapidfuzz.distance import Indel

    if language.expanded((word_a,))[: len(word_b)] == word_b or language.expanded((word_b,))[: len(word_a)] == word_a:
        return False  # `that` and `that's`: the rest of the contraction has a counterpart of its own
    return word_a[:4] == word_b[:4] or Indel.normalized_similarity(word_a, word_b) >= 0.75
