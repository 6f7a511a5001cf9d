"""An article spinner: a text becomes the same text with a share of its words replaced from two thesauri.

1. Words and phrases (up to four words, the longest first) that `thesaurus` knows are the places for a replacement.
   Numbers are left; so are words with a capital inside a sentence, but for one in ten of those that are replaced
   elsewhere, as spinners do to names.
2. In an order drawn from the seed, all places of one base form and class are replaced (each with the probability
   `PERSISTENCE`), then those of the next, until the share of the text's words is reached: what is replaced once is
   replaced throughout.
3. The replacement is the spinner's own choice for that base form, the same in every text and for every seed, with the
   probability `CONSTANCY`; else another candidate. So two spun copies with different seeds differ in which words were
   replaced and mostly agree in what by.
4. It takes over the form (plural, third person, -ed, participle, -ing) and the capitals.

The same text, share and seed give the same result. Limits: a share that a text has no places for is reached as far as
it can be; articles are not adjusted (`a big` becomes `a enormous`), as spinners seldom do.
"""

from __future__ import annotations

import functools
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from thesaurus import CLOSED, PLAIN_SWAPS, Form, Key, Thesaurus, load

PERSISTENCE, CONSTANCY, NAME_CHANCE = 0.95, 0.85, 0.1
PHRASE_WORDS_MAX = 4
WORD = re.compile(r"\w+(?:['’]\w+)*")
SENTENCE_END = re.compile(r"(?:^|[.!?:;\n][\"'”’)\]]*)\s*[\"'“‘(\[]*$")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Swap:
    """One replacement: at `span` of the text `original` stood, at `spun_span` of the spun text `replacement` stands."""

    original: str
    replacement: str
    span: Span
    spun_span: Span


@dataclass(frozen=True, slots=True)
class Place:
    """Where something can be replaced: words start..stop, as what, in which form, and whether it looks like a name."""

    start: int
    stop: int
    key: Key
    form: Form
    name: bool


def spun(text: str, share: float, seed: int) -> tuple[str, list[Swap]]:
    """The text with that share of its words replaced, and the replacements in their order."""
    words = list(WORD.finditer(text))
    draw = random.Random(f"{seed}|{zlib.crc32(text.encode())}")
    chosen = chosen_places(list(places(text, words)), round(share * len(words)), draw)
    parts: list[str] = []
    swaps: list[Swap] = []
    done = length = 0
    for place in sorted(chosen, key=lambda place: place.start):
        start, stop = words[place.start].start(), words[place.stop - 1].end()
        original = text[start:stop]
        replacement = cased(original, replacement_for(place, draw))
        length += start - done
        swaps.append(Swap(original, replacement, (start, stop), (length, length + len(replacement))))
        parts += (text[done:start], replacement)
        length, done = length + len(replacement), stop
    return "".join([*parts, text[done:]]), swaps


def share_of(text: str, swaps: Sequence[Swap]) -> float:
    """The share of the text's words that were replaced."""
    return sum(len(WORD.findall(swap.original)) for swap in swaps) / max(1, len(WORD.findall(text)))


@functools.cache
def thesaurus() -> Thesaurus:
    return load()


def candidates(key: Key) -> Sequence[str]:
    return thesaurus().candidates[key]


def places(text: str, words: Sequence[re.Match[str]]) -> Iterator[Place]:
    """Where the text has words or phrases that can be replaced, from left to right, the longest at each word."""
    lowered = [word[0].lower().replace("’", "'") for word in words]
    at = 0
    while at < len(words):
        found = next(
            (
                place
                for size in range(PHRASE_WORDS_MAX, 0, -1)
                if (place := place_at(text, words, lowered, (at, at + size)))
            ),
            None,
        )
        if found:
            yield found
        at = found.stop if found else at + 1


def place_at(text: str, words: Sequence[re.Match[str]], lowered: Sequence[str], where: tuple[int, int]) -> Place | None:
    """The place that these words are, if the thesaurus knows them as one."""
    start, stop = where
    if stop > len(words) or any(text[words[at].end() : words[at + 1].start()] != " " for at in range(start, stop - 1)):
        return None
    phrase = " ".join(lowered[start:stop])
    plain = phrase in PLAIN_SWAPS and (phrase, "r") in thesaurus().candidates
    if stop - start == 1 and (len(phrase) < 3 or not phrase.isalpha() or (phrase in CLOSED and not plain)):
        return None
    before = lowered[start - 1] if start else ""
    analysed: tuple[Key, Form] | None = ((phrase, "r"), "") if plain else thesaurus().analysed(phrase, before)
    if analysed is None:
        return None
    first = words[start].start()
    capitals = [word[0][0].isupper() for word in words[start:stop]]
    opens = bool(SENTENCE_END.search(text, max(0, first - 8), first))
    name = any(capitals[1:]) or (capitals[0] and not opens)
    return Place(start, stop, *analysed, name)


def chosen_places(found: Sequence[Place], wanted_words: int, draw: random.Random) -> list[Place]:
    """Places that make up the wanted number of words, one base form after the other."""
    by_key: dict[Key, list[Place]] = {}
    for place in found:
        by_key.setdefault(place.key, []).append(place)
    keys = list(by_key)
    draw.shuffle(keys)
    chosen: list[Place] = []
    spared: list[Place] = []
    count = 0
    for place in (place for key in keys for place in by_key[key]):
        if count >= wanted_words:
            return chosen
        if draw.random() < (NAME_CHANCE if place.name else PERSISTENCE):
            chosen.append(place)
            count += place.stop - place.start
        elif not place.name:
            spared.append(place)
    for place in spared:
        if count >= wanted_words:
            break
        chosen.append(place)
        count += place.stop - place.start
    return chosen


def replacement_for(place: Place, draw: random.Random) -> str:
    """What the spinner puts for a place: its own choice for that word, or now and then another."""
    word, word_class = place.key
    found = candidates(place.key)
    own = zlib.crc32(f"{word}|{word_class}".encode()) % len(found)
    chance = draw.random()
    if chance >= CONSTANCY and len(found) > 1:
        own = draw.choice([at for at in range(len(found)) if at != own])
    return thesaurus().inflected(found[own], word_class, place.form)


def cased(original: str, replacement: str) -> str:
    """The replacement with the capitals of what it stands for."""
    if original.isupper() and len(original) > 1:
        return replacement.upper()
    return replacement[0].upper() + replacement[1:] if original[0].isupper() else replacement
