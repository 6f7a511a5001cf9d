"""A text becomes how well its words go with all that stands around them, by a model of the language.

1. `total` is the log-probability of a text, `heard` that of each of its tokens.
2. `gains` asks of places in it what else might stand there: by how much more probable the text is with each option, up
   to AFTER_BYTES behind the place. What comes later hardly depends on it.
3. A long text is evaluated stretch by stretch, each with the BEFORE_TOKENS before it, so that cost grows with length.

A model counts in tokens of its own, whose bounds are not those of words: an option is taken with what stands in the
same token before it, and up to the next token that begins with white space.

Cost with the installed model: some 2 milliseconds a token on one core, and one second for loading it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dedup.model import Span

F64s = NDArray[np.float64]

AFTER_BYTES = 70
"""A dozen words: what an option makes probable or not is within them."""
STRETCH_TOKENS, BEFORE_TOKENS = 2000, 500
NEAR_CHARACTERS = 200
"""Where so much before a place stayed as it was, what was told of it holds."""
BRANCH_BYTES_MAX = 1000
"""What would stand at a place, with what is read behind it, is not asked of if any is longer: the gains there are 0. A
token has a byte at the least, and a model computes 1,024 of a branch at once."""


Around = tuple[str, str, str]
"""What stands before a place, at it, and behind it."""


class Model(Protocol):
    """What is asked (see `causal.Causal`, which is one)."""

    def ids(self, text: bytes) -> list[int]: ...

    def length(self, token: int) -> int: ...

    def continued(
        self, ids: Sequence[int], branches: Sequence[tuple[int, Sequence[int]]]
    ) -> tuple[F64s, list[F64s]]: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """A model, and what it told of one document and its drafts: it is asked once of an option among the same words.

    Another document has a reader of its own, so that it is all one in which order documents are restored.
    """

    model: Model
    told: dict[tuple[Around, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A place in a text, in characters, and what might stand there."""

    span: Span
    options: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Fork:
    """Tokens start..stop of a text and, for each option, those that would stand there."""

    start: int
    stop: int
    branches: Sequence[Sequence[int]]


def total(text: str, model: Model) -> float:
    """The log-probability of a text."""
    return sum(float(own.sum()) for own, _ in _evaluated(model.ids(text.encode("utf-8", "replace")), [], model))


def heard(text: str, model: Model) -> tuple[NDArray[np.int64], F64s]:
    """Where each token of a text begins, in bytes, and the last ends, (n + 1,); the log-probability of each."""
    ids = model.ids(text.encode("utf-8", "replace"))
    found = [own for own, _ in _evaluated(ids, [], model)]
    return np.array(list(accumulate(map(model.length, ids), initial=0)), np.int64), np.concatenate(found)


def gains(text: str, places: Sequence[Asked], reader: Reader) -> list[list[float]]:
    """For each place, in order, and each option, by how much more probable the text is with it, in natural
    logarithms."""
    around = [_around(text, place.span) for place in places]
    asked = [
        (place, near)
        for place, near in zip(places, around, strict=True)
        if any((near, option) not in reader.told for option in place.options)
    ]
    if asked:
        for (place, near), told in zip(asked, _told(text, [place for place, _ in asked], reader.model), strict=True):
            reader.told.update(((near, option), gain) for option, gain in zip(place.options, told, strict=True))
    return [[reader.told[near, option] for option in place.options] for place, near in zip(places, around, strict=True)]


def written(text: str, span: Span, words: Sequence[str]) -> str:
    """Words as they would be written at a place: with a capital, if what stands there has one."""
    plain = " ".join(words)
    return plain[:1].upper() + plain[1:] if text[span[0] : span[0] + 1].isupper() else plain


def _around(text: str, span: Span) -> Around:
    start, stop = span
    return text[max(0, start - NEAR_CHARACTERS) : start], text[start:stop], text[stop : stop + AFTER_BYTES]


def _told(text: str, places: Sequence[Asked], model: Model) -> list[list[float]]:
    """What the model tells of places."""
    data = text.encode("utf-8", "replace")
    ids = model.ids(data)
    bounds = list(accumulate(map(model.length, ids), initial=0))
    at = list(accumulate((len(letter.encode("utf-8", "replace")) for letter in text), initial=0))
    forks = [_fork((data, bounds), (at[one.span[0]], at[one.span[1]]), one.options, model) for one in places]
    own: list[F64s] = []
    found: list[F64s] = []
    for log_probabilities, branches in _evaluated(ids, forks, model):
        own.append(log_probabilities)
        found += branches
    upto = np.concatenate((np.zeros(1), np.cumsum(np.concatenate([np.zeros(0), *own]))))
    told = iter(found)
    return [
        [float(next(told).sum() - (upto[fork.stop] - upto[fork.start])) for _ in fork.branches]
        if fork.branches
        else [0.0] * len(one.options)
        for fork, one in zip(forks, places, strict=True)
    ]


def _fork(text: tuple[bytes, Sequence[int]], span: tuple[int, int], options: Sequence[str], model: Model) -> _Fork:
    """Where the text forks at a place, and the branches; none where that cannot be told."""
    data, bounds = text
    first, last = span
    cut = first - 1 if first and data[first - 1 : first] == b" " else first  # tokens begin with the space before a word
    start = int(np.searchsorted(bounds, cut, "right")) - 1
    stop = int(np.searchsorted(bounds, min(len(data), last + AFTER_BYTES)))
    while stop < len(bounds) - 1 and not data[bounds[stop] : bounds[stop] + 1].isspace():
        stop += 1
    before, after = data[bounds[start] : first], data[last : bounds[stop]]
    written = [before + option.encode("utf-8", "replace") + after for option in options]
    if any(len(one) > BRANCH_BYTES_MAX for one in written):
        return _Fork(start, start, ())
    branches = [model.ids(one) for one in written]
    return _Fork(start, stop, branches) if all(branches) else _Fork(start, start, ())


def _evaluated(ids: Sequence[int], forks: Sequence[_Fork], model: Model) -> Iterator[tuple[F64s, list[F64s]]]:
    """The log-probabilities of the tokens of each stretch, and of the branches that begin in it."""
    for start in range(0, max(1, len(ids)), STRETCH_TOKENS):
        stop = start + STRETCH_TOKENS if start + STRETCH_TOKENS < len(ids) else len(ids) + 1
        first = max(0, start - BEFORE_TOKENS)
        here = [
            (fork.start - first, branch) for fork in forks if start <= fork.start < stop for branch in fork.branches
        ]
        own, branches = model.continued(ids[first : start + STRETCH_TOKENS], here)
        yield own[start - first :], branches
