"""A text read closely becomes, word by word, the log-odds that a word was put in for another, and those of the whole.

1. Three witnesses are heard on each word: the small network of `damage.network`, which knows meanings, frequencies and
   pairs of words; what a model that reads to both sides holds of the word where it stands (`tagger`), by a layer of
   rectified units; how surprising the word and what comes behind it are to a model of the language (`fluency`).
2. A logistic regression joins them, a word's log-odds. Another judges the text by its highest ones.
3. Of a text of more than CHARACTERS_MAX, so many are read, in PARTS stretches evenly spread.
4. `card` gives a card that was made without all this the score and the findings of the kind `spun` anew. Where it
   abstained, it still does.

The weights of 1 lie beside this file: fitted on film reviews with words swapped by two attacks (three quarters of them,
by SHA-256 of the original), and on those and clean prose of nine kinds with words swapped by the project's own spinner
and by likeness of meaning. The weights of 2 were fitted on half of the other quarter, since the network was fitted on
the same three, and on prose that neither saw. benchmarks/damage.py measures on the other half.

Cost: some three milliseconds a word on one core. Limits: as those of `damage.spun`; a few words in a long text are
seldom seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import accumulate
from math import exp, log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dedup import causal, fluency, language, tagger
from dedup.damage import FLAG_LEVEL, KINDS, Card, Finding, network
from dedup.damage.card import SCORE_DIGITS
from dedup.damage.findings import FINDINGS_MAX, shown
from dedup.model import Span

F64s = NDArray[np.float64]
F32s = NDArray[np.float32]

CHARACTERS_MAX, PARTS = 8000, 4
WINDOW_TOKENS = 400
"""Tokens that the network sees at a time."""
FINDINGS_LEVEL = 0.3
"""Probability of a text from which its places are told."""
PLACE_MIN = -1.0
"""Log-odds of a word from which it is a finding: in a text that is probably spun, one such word in three or four."""
FAR = 20.0
"""The least log-odds and surprise that count: beyond, a figure is an accident."""
LOWEST = -100.0
"""Log-odds of a word at the least. A long string of no language would come to thousands below, and a text of such
strings to the logarithm of nothing."""

WORD_WEIGHTS = {
    "constant": -8.4782,
    "network": 0.2346,
    "seen": 0.4686,
    "surprise": 0.1528,
    "surprise squared": -0.4317,
    "surprise beyond 8": 0.0931,
    "pieces": -0.2716,
    "before": 0.0041,
    "next": 0.0237,
    "next two": 0.0002,
    "next four": 0.0436,
    "surprise and next": -0.127,
    "frequency": -0.0167,
    "unlisted": 0.3096,
    "surprise and frequency": 0.2845,
    "mean": 1.005,
    "network and surprise": 0.0095,
    "seen and surprise": 0.1229,
}
TEXT_WEIGHTS = {
    "constant": -6.0873,
    "highest": 0.593,
    "highest three": 0.6291,
    "highest ten": 0.3044,
    "above": 0.6404,
    "mean": -0.974,
    "soft maximum": -0.2839,
    "length": -0.3332,
}


class Seeing(Protocol):
    """What is asked of a model that reads to both sides (see `tagger.Tagger`, which is one)."""

    def seen(self, text: str, words: Sequence[Span]) -> F32s: ...


@dataclass(frozen=True, slots=True)
class Readers:
    """The models that read a text."""

    model: fluency.Model
    tagger: Seeing


@dataclass(frozen=True, slots=True)
class Read:
    """The words of a text that were read, where each stands and its log-odds; those of the whole."""

    words: Sequence[Span]
    odds: F64s
    total: float


@dataclass(frozen=True, slots=True)
class Layer:
    """What a word's numbers are made of: a layer of rectified units, and weights past it."""

    weights: F32s
    bias: F32s
    top: F32s
    direct: F32s
    constant: float

    def odds(self, seen: F32s) -> F64s:
        found: F64s = np.maximum(seen @ self.weights + self.bias, 0.0) @ self.top + seen @ self.direct + self.constant
        return found.astype(np.float64)


def opened(name: str) -> Readers:
    """The readers, of which one is the model of the language with that name. Raises DedupError."""
    return Readers(causal.opened(name), tagger.opened())


def found(name: str) -> None:
    """Raises DedupError where the readers are not there, without a look into them."""
    causal.found(name)
    tagger.found()


def card(made: Card, text: str, readers: Readers) -> Card:
    """A card with what close reading tells of words put in for others."""
    if "spun" in made.abstained:
        return made
    told = read(text, readers)
    score = round(_probability(told.total), SCORE_DIGITS)
    scores = {**made.scores, "spun": score}
    findings = [one for one in made.findings if one.kind != "spun"]
    if score >= FINDINGS_LEVEL:
        findings += list(_findings(text, told))[:FINDINGS_MAX]
    return replace(
        made,
        scores=scores,
        flags=tuple(kind for kind in KINDS if scores[kind] >= FLAG_LEVEL),
        findings=tuple(sorted(findings, key=lambda one: one.span)),
    )


def read(text: str, readers: Readers) -> Read:
    """The log-odds of the words of a text, and of the whole."""
    words: list[Span] = []
    odds: list[F64s] = []
    for start, part in _parts(text):
        found = words_of(part)
        if found:
            words += [(start + first, start + last) for first, last in found]
            odds.append(word_odds(figures(part, found, readers)))
    together = np.concatenate([np.zeros(0), *odds])
    return Read(words, together, text_odds(together) if words else -FAR)


# --- the words ---------------------------------------------------------------------------------------------------


def words_of(text: str) -> list[Span]:
    return [token.span() for token in network.TOKEN.finditer(_plain(text)) if token.group()[0].isalpha()]


def figures(text: str, words: Sequence[Span], readers: Readers) -> dict[str, F64s]:
    """What is known of each word of a text."""
    plain = _plain(text)
    odds = {
        "network": network_odds(plain, words),
        "seen": layer().odds(readers.tagger.seen(plain, words)),
    }
    return together(odds, surprises(plain, words, fluency.heard(plain, readers.model)))


def together(odds: dict[str, F64s], surprising: dict[str, F64s]) -> dict[str, F64s]:
    """All that is known of words: log-odds count for more where a word is surprising too."""
    crossed = {f"{name} and surprise": one * surprising["surprise"] / 10 for name, one in odds.items()}
    return {**odds, **surprising, **crossed}


def word_odds(known: dict[str, F64s]) -> F64s:
    """The log-odds of words."""
    found = np.full(len(known["network"]), WORD_WEIGHTS["constant"])
    for name, one in known.items():
        found += WORD_WEIGHTS[name] * one
    return found.clip(min=LOWEST)


def network_odds(text: str, words: Sequence[Span]) -> F64s:
    """The log-odds of words by the network, which sees no further than a window."""
    net, tokens = network.model(), list(network.TOKEN.finditer(text))
    odds: dict[int, float] = {}
    for start in range(0, len(tokens), WINDOW_TOKENS):
        window = tokens[start : start + WINDOW_TOKENS]
        places, told = network.odds([token.group() for token in window], net)
        odds.update((window[at].start(), value) for at, value in zip(places.tolist(), told.tolist(), strict=True))
    return np.array([odds[start] for start, _ in words])


def surprises(text: str, words: Sequence[Span], told: tuple[NDArray[np.int64], F64s]) -> dict[str, F64s]:
    """How surprising each word is to a model of the language, and what stands around it; how frequent it is."""
    bounds, surprise = told[0], np.minimum(-told[1], FAR)
    count, upto = len(surprise), np.concatenate((np.zeros(1), np.cumsum(surprise)))
    data = text.encode("utf-8", "replace")
    at = np.array(list(accumulate((len(letter.encode("utf-8", "replace")) for letter in text), initial=0)))
    starts, stops = at[np.array(words)].T
    spaced = np.frombuffer(b"x" + data, np.uint8)[starts] == ord(" ")  # tokens begin with the space before a word
    first = (np.searchsorted(bounds, starts - spaced, "right") - 1).clip(0, count - 1)
    last = np.maximum(np.searchsorted(bounds, stops), first + 1).clip(1, count)
    own = upto[last] - upto[first]
    behind = [upto[np.minimum(count, last + by)] - upto[last] for by in (1, 2, 4)]
    frequency = np.array([language.frequency(text[start:stop].lower()) for start, stop in words])
    return {
        "surprise": own,
        "surprise squared": own * own / 100,
        "surprise beyond 8": np.maximum(0.0, own - 8),
        "pieces": (last - first - 1).astype(float),
        "before": upto[first] - upto[np.maximum(0, first - 4)],
        "next": behind[0],
        "next two": behind[1],
        "next four": behind[2],
        "surprise and next": own * behind[2] / 100,
        "frequency": frequency,
        "unlisted": (frequency == 0).astype(float),
        "surprise and frequency": own * frequency / 10,
        "mean": np.full(len(words), surprise.mean()),
    }


@cache
def layer() -> Layer:
    """The weights that lie beside this file; those of the units are whole numbers with a factor for each unit."""
    with files("dedup").joinpath("closely.npz").open("rb") as file, np.load(file) as stored:
        tables = {name: stored[name] for name in stored.files}
    weights = tables["weights"].astype(np.float32) * tables["scales"]
    return Layer(weights, tables["bias"], tables["top"], tables["direct"], float(tables["constant"]))


# --- the whole ---------------------------------------------------------------------------------------------------


def pooled(odds: F64s) -> dict[str, float]:
    """What the log-odds of the words tell of a text."""
    ordered = np.sort(odds)[::-1]
    return {
        "highest": float(ordered[0]),
        "highest three": float(ordered[:3].mean()),
        "highest ten": float(ordered[:10].mean()),
        "above": log(float(np.log1p(np.exp(ordered - 1.0)).sum())),
        "mean": float(odds.mean()),
        "soft maximum": log(float(np.exp(ordered / 2).sum())) - 0.5 * log(len(odds) + 20),
        "length": log(len(odds) + 1),
    }


def text_odds(odds: F64s) -> float:
    """The log-odds of a text with such words."""
    return TEXT_WEIGHTS["constant"] + sum(TEXT_WEIGHTS[name] * one for name, one in pooled(odds).items())


def _findings(text: str, told: Read) -> Iterator[Finding]:
    for span, value in zip(told.words, told.odds.tolist(), strict=True):
        if value > PLACE_MIN:
            sure = _probability(value)
            why = f"{text[span[0] : span[1]]!r} hardly goes with what stands around: put in for another? ({sure:.0%})"
            yield Finding("spun", span, shown(text, span), "replaced word", why, sure)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """What of a text is read, and where it begins."""
    if len(text) <= CHARACTERS_MAX:
        yield 0, text
        return
    size = CHARACTERS_MAX // PARTS
    for number in range(PARTS):
        near = (len(text) - size) * number // (PARTS - 1)
        start = text.find(" ", near, near + size) + 1 if number else 0
        part = text[max(start, near) : near + size].rpartition(" ")[0]
        yield max(start, near), part


def _plain(text: str) -> str:
    """A text without its breaks, each word where it stood."""
    return network.BREAK_TAG.sub(lambda tag: " " * len(tag.group()), text)


def _probability(odds: float) -> float:
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, odds))))
