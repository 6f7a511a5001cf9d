"""The lists of words become one table, in which the kernels look up parts of strings by their hashes.

English words with their frequencies and their numbers in the network, words of other languages that tell a language,
what scanners read for frequent words, what is left of these less a letter, and strings that stand in lists as they are.
Making it takes some 0.2 s beside what loading these lists takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from dedup import language
from dedup.damage import lexicon, listed, marks, shapes
from dedup.damage.furniture import FOREIGN_STOPS
from dedup.damage.weights import model
from dedup.kernels import entered, spelling
from dedup.kernels.shaped import PLAIN_SIGN
from dedup.kernels.simd import I64s, U8s, U32s, U64s
from dedup.kernels.spelling import F64s

SLOTS = 1 << 20
"""Twice as many as there are entries."""


@cache
def lists() -> spelling.Lists:
    """The table, with what its values point to."""
    words, levels, places = _levels()
    keys, values = np.empty(SLOTS, np.uint64), np.empty(SLOTS, np.uint32)
    keys.fill(0)
    values.fill(0)
    numbers, frequent = model().numbers, sorted(lexicon.left_of_frequent()[1])
    often = len(lexicon.frequent_words())  # the first of all
    level = dict(zip(words[:often], places[:often].tolist(), strict=True))
    for kind, some, given in (
        (spelling.WORD, words, places),
        (spelling.WORD, numbers, np.array(list(numbers.values())) << spelling.LEVEL_BITS),
        (spelling.WORD, frequent, 1 << spelling.FREQUENT_BIT),
        (spelling.WORD, FOREIGN_STOPS, 1 << spelling.STOP_BIT),
        (spelling.WORD, shapes.CONFUSIONS, 1 << spelling.CONFUSION_BIT),
        (spelling.EXACT, listed.of_lists(), np.array(list(listed.of_lists().values()))),
        (spelling.EXACT, shapes.PLAIN_SIGNS, PLAIN_SIGN),
        (spelling.TOKEN_VOWEL, marks.AFTER_ANY, 1),
    ):
        _enter(kind, list(some), given, keys, values)
    _enter_misreadings(level, keys, values)
    left = lexicon.left_of_frequent()[0]
    order = {word: at for at, word in enumerate(frequent, 1)}
    _enter(spelling.LEFT, list(left), np.array([order[word] for word in left.values()]), keys, values)
    ranks = np.array([level[one] for one in frequent], np.int32)
    return spelling.Lists(keys, values, levels, _letters(frequent), ranks)


def _levels() -> tuple[list[str], F64s, I64s]:
    """The listed words, the most frequent first; the distinct frequencies, ascending, behind that of no word; and which
    of these each word has."""
    known = language.shares()
    shares = np.fromiter(known.values(), np.float64, len(known))
    assert (shares[1:] <= shares[:-1]).all()
    is_first = np.append(True, shares[1:] != shares[:-1])
    words, firsts = list(known), np.flatnonzero(is_first)[::-1].tolist()
    assert len(firsts) < 1 << spelling.LEVEL_BITS
    levels = np.array([0.0, *(lexicon.listed(words[at]) for at in firsts)])
    return words, levels, len(firsts) + 1 - np.cumsum(is_first)


def _enter(kind: int, some: Sequence[str], given: object, keys: U64s, values: U32s) -> None:
    data = np.frombuffer("\n".join(some).encode(), np.uint8)
    each = np.broadcast_to(np.asarray(given, np.uint32), len(some)).copy()
    count = entered.enter(data, each, kind, keys, values)
    assert count == len(some)
    assert 2 * np.count_nonzero(keys) <= len(keys)


def _enter_misreadings(level: Mapping[str, int], keys: U64s, values: U32s) -> None:
    """Puts in, for each string that may be read for a frequent word, how frequent the most frequent of these is."""
    words = [word for word in lexicon.frequent_words() if lexicon.listed(word) > shapes.MISREAD_ZIPF]
    data = np.frombuffer("\n".join(words).encode(), np.uint8)
    read, stood = (
        np.array([[*one.encode().ljust(entered.STROKES, b"\0")] for one in side], np.uint8)
        for side in zip(*shapes.MISREADINGS, strict=True)
    )
    entered.enter_misread(data, np.array([level[word] for word in words], np.uint32), read, stood, keys, values)


def _letters(words: Sequence[str]) -> U8s:
    """A byte for each letter, zeros behind the last; of one outside ASCII what is no letter of a word."""
    most = spelling.SLIP_LETTERS
    rows = (word.encode("ascii", "replace")[:most].ljust(most, b"\0") for word in words)
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(words), most).copy()


@cache
def words() -> int:
    """How many numbers the network has for words, endings aside."""
    return len(model().numbers)
