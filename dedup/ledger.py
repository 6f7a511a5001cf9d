"""Collations become a ledger: every distinct substitution, how often it was made, in how many pairs, and which way.

What a spinner does is systematic, so the ledger of many pairs is the spinner's dictionary. Phrases are in matching
form: without case and punctuation.

1. `substitutions` counts the places where one phrase faces another. How often either phrase stands in the first
   documents of the pairs tells what a spinner spared, and what stands there by itself.
2. What was cut into two pieces that touch is one phrase, if either hardly ever stands without the other: `more than`
   became `to a higher degree`. Two pieces of one word for one stay apart: words that go together may be replaced one by
   one.
   Neither reaches over the end of a sentence.
3. What one of the two texts has more beside a word that is equal is one phrase with it, if it is so in several pairs:
   `computer code` was put in for `code`.
4. Which of the two is the original is told for each line by the readings of all its places, and by the pairs that they
   are in (`readings`).

Limits: of a ledger's first documents TOKENS_MAX tokens are searched for its phrases, and what is found is taken for the
rest as well; phrases of more than PHRASE_TOKENS_MAX are not searched for.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray

from dedup import layout, readings
from dedup.figures import Run, run_of
from dedup.model import Collation, Comparison, Side, Substitution

__all__ = ["Substitution", "lazily", "substitutions"]

TOKENS_MAX = 20_000_000
PHRASE_TOKENS_MAX = 5
LOG_ODDS_MAX = 8.0
"""The most, in log-odds, that is said about the direction of a line."""
PAIR_LOG_ODDS_MAX = 6.0
"""The most that a whole pair says about one of its lines; loci of one pair are not independent."""
DIRECTION_MIN = 0.8
"""Probability from which a line has a direction."""
TOUCHING_MIN, TOUCHING_SHARE = 2, 2 / 3
"""Places at which two pieces touch, and the share of the places of either that this must be, for both to be one
phrase."""
BESIDE_TOKENS_MAX, BESIDE_PAIRS_MIN = 3, 2
"""Words that one text has more, and pairs that have them beside the same word, for both to be one phrase."""
CHANGES = ("substitution", "insertion", "deletion")
"""Kinds of loci that are pieces of what was put in."""

Entry = tuple[str, str]
Keys = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one phrase faces another: both, their tokens' hashes, and by itself the log-odds that the first is the
    original."""

    entry: Entry
    hashes: tuple[tuple[int, ...], tuple[int, ...]]
    odds: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """A locus as it may be counted: by itself if words face words, and with the equal words beside it if not."""

    entry: Entry
    run: Run
    places: Sequence[_Place]
    beside: Sequence[_Place]


@dataclass(frozen=True, slots=True)
class _Chain:
    """Pieces of a pair in a row that touch, each but the last with what it and the next one are together, if they may
    be one phrase."""

    number: int
    pieces: Sequence[_Piece]
    joined: Sequence[_Place | None]


@dataclass(slots=True)
class _Counts:
    """What is gathered from collation to collation. of, pairs, odds: of every place counted the entry, the pair, and
    the log-odds. directions: the log-odds of each pair. seen, together: how often pieces, and two that touch, stand
    anywhere. searched: tokens of `texts`."""

    entries: dict[Entry, int] = field(default_factory=dict)
    of: array[int] = field(default_factory=lambda: array("q"))
    pairs: array[int] = field(default_factory=lambda: array("q"))
    odds: array[float] = field(default_factory=lambda: array("d"))
    directions: list[float] = field(default_factory=list)
    seen: Counter[Entry] = field(default_factory=Counter)
    together: Counter[tuple[Entry, Entry]] = field(default_factory=Counter)
    chains: list[_Chain] = field(default_factory=list)
    beside: list[tuple[int, Sequence[_Place]]] = field(default_factory=list)
    hashes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    texts: list[Keys] = field(default_factory=list)
    searched: int = 0
    tokens: int = 0


def substitutions(collations: Iterable[Collation]) -> list[Substitution]:
    """The distinct substitutions, the most frequent first, then by their words."""
    counts = _Counts()
    for number, found in enumerate(collations):
        _add(counts, number, found)
    _add_chains(counts)
    _add_beside(counts)
    return sorted(_rows(counts), key=lambda row: (-row.count, row.a, row.b))


def lazily(collations: Iterable[Collation]) -> Iterator[Substitution]:
    """`substitutions`, counted when the first is asked for."""
    yield from substitutions(collations)


def _add(counts: _Counts, number: int, found: Collation) -> None:
    """Counts the substitutions of a collation, and keeps the tokens of its first document."""
    compared = found.compared
    substituted = [locus for locus in found.loci if locus.kind == "substitution"]
    pair = max(-PAIR_LOG_ODDS_MAX, min(PAIR_LOG_ODDS_MAX, readings.direction(compared))) if substituted else 0.0
    shared = readings.recurring(compared) if substituted else frozenset[str]()
    runs = [run_of(locus, compared) for locus in found.loci if locus.kind in CHANGES] if substituted else []
    pieces = [_piece(compared, run, shared) for run in runs if run.replaced or run.surplus <= PHRASE_TOKENS_MAX]
    counts.seen.update(piece.entry for piece in pieces)
    counts.directions.append(pair)
    for chain in _chains(compared, number, pieces, shared):
        if len(chain.pieces) > 1:
            counts.together.update(_couples(chain))
            counts.chains.append(chain)
        else:
            _count_piece(counts, number, chain.pieces[0])
    counts.tokens += len(compared.tokens_a)
    if counts.searched < TOKENS_MAX:
        counts.texts.append(compared.tokens_a.hashes)
        counts.searched += len(compared.tokens_a)


def _chains(compared: Comparison, number: int, pieces: Sequence[_Piece], shared: frozenset[str]) -> Iterator[_Chain]:
    """The pieces of a pair, those together of which each may be one phrase with the next."""
    if not pieces:
        return
    start = 0
    joined = [_joined(compared, two, shared) for two in pairwise(pieces)]
    for at, both in enumerate([*joined, None]):
        if both is None:
            yield _Chain(number, pieces[start : at + 1], joined[start:at])
            start = at + 1


def _couples(chain: _Chain) -> Iterator[tuple[Entry, Entry]]:
    return ((one.entry, other.entry) for one, other in pairwise(chain.pieces))


def _piece(compared: Comparison, run: Run, shared: frozenset[str]) -> _Piece:
    if run.replaced:
        place = _place(compared, run, shared)
        return _Piece(place.entry, run, (place,), ())
    return _Piece(_entry(compared, run), run, (), [_place(compared, each, shared) for each in _beside(compared, run)])


def _joined(compared: Comparison, pieces: tuple[_Piece, _Piece], shared: frozenset[str]) -> _Place | None:
    """What two pieces are together, if they touch, and are not one word for one."""
    (first, second), runs = (piece.run for piece in pieces), [piece.run for piece in pieces]
    if first.a[1] != second.a[0] or first.b[1] != second.b[0] or not any(piece.places for piece in pieces):
        return None
    if all(stop - start == 1 for run in runs for start, stop in (run.a, run.b)):
        return None
    both = Run((first.a[0], second.a[1]), (first.b[0], second.b[1]))
    if max(both.a[1] - both.a[0], both.b[1] - both.b[0]) > PHRASE_TOKENS_MAX or not _is_whole(compared, both):
        return None
    place = _place(compared, both, shared)
    return place if all(place.entry) else None


def _is_whole(compared: Comparison, run: Run) -> bool:
    """Whether nothing parts the tokens of either side, as the end of a sentence does."""
    return all(
        layout.is_whole(document.text, tokens, *where)
        for document, tokens, where in ((compared.a, compared.tokens_a, run.a), (compared.b, compared.tokens_b, run.b))
    )


def _add_chains(counts: _Counts) -> None:
    """Counts what touches, two pieces as one phrase wherever they hardly ever stand apart."""
    for chain in counts.chains:
        at = 0
        for number, (couple, joined) in enumerate(zip(_couples(chain), chain.joined, strict=True)):
            least = max(TOUCHING_MIN, TOUCHING_SHARE * max(counts.seen[entry] for entry in couple))
            if number == at and joined and counts.together[couple] >= least:
                _count(counts, chain.number, joined)
                at += 2
            elif number == at:
                _count_piece(counts, chain.number, chain.pieces[at])
                at += 1
        for piece in chain.pieces[at:]:
            _count_piece(counts, chain.number, piece)


def _count_piece(counts: _Counts, number: int, piece: _Piece) -> None:
    """Counts a piece of a pair by itself, or keeps what may be one phrase with an equal word beside it."""
    for place in piece.places:
        _count(counts, number, place)
    if piece.beside:
        counts.beside.append((number, piece.beside))


def _place(compared: Comparison, run: Run, shared: frozenset[str]) -> _Place:
    (start_a, stop_a), (start_b, stop_b) = run.a, run.b
    one, other = compared.tokens_a, compared.tokens_b
    return _Place(
        _entry(compared, run),
        (tuple(one.hashes[start_a:stop_a].tolist()), tuple(other.hashes[start_b:stop_b].tolist())),
        readings.own_odds(readings.evidence(compared, run, shared)),
    )


def _entry(compared: Comparison, run: Run) -> Entry:
    words = zip((compared.tokens_a.words, compared.tokens_b.words), (run.a, run.b), strict=True)
    one, other = (" ".join(side[start:stop]) for side, (start, stop) in words)
    return one, other


def _count(counts: _Counts, number: int, place: _Place) -> None:
    """Counts a place of a pair."""
    if place.entry[0] == place.entry[1]:  # equal once the encoding is mended
        return
    counts.of.append(counts.entries.setdefault(place.entry, len(counts.entries)))
    counts.pairs.append(number)
    counts.odds.append(place.odds)
    for phrase, hashes in zip(place.entry, place.hashes, strict=True):
        counts.hashes.setdefault(phrase, hashes)


def _beside(compared: Comparison, run: Run) -> Iterator[Run]:
    """What only one document has, with the equal word after it, and with the one before it."""
    (start_a, stop_a), (start_b, stop_b) = run.a, run.b
    if stop_a - start_a + stop_b - start_b > BESIDE_TOKENS_MAX:
        return
    one, other = compared.tokens_a.words, compared.tokens_b.words
    after, before = Run((start_a, stop_a + 1), (start_b, stop_b + 1)), Run((start_a - 1, stop_a), (start_b - 1, stop_b))
    if one[stop_a : stop_a + 1] == other[stop_b : stop_b + 1] != () and _is_whole(compared, after):
        yield after
    if min(start_a, start_b) and one[start_a - 1] == other[start_b - 1] and _is_whole(compared, before):
        yield before


def _add_beside(counts: _Counts) -> None:
    """Counts what stands beside a word in several pairs as a substitution of it: `computer code` for `code`."""
    pairs: defaultdict[Entry, set[int]] = defaultdict(set)
    for number, places in counts.beside:
        for place in places:
            pairs[place.entry].add(number)
    for number, places in counts.beside:
        best = max(places, key=lambda place: len(pairs[place.entry]))
        if len(pairs[best.entry]) >= BESIDE_PAIRS_MIN:
            _count(counts, number, best)


def _rows(counts: _Counts) -> Iterator[Substitution]:
    """The lines. What the places of a pair say is counted once: the same two phrases say the same wherever they
    stand."""
    times, directions = _times(counts), np.array(counts.directions)
    keys = np.array(counts.of, np.int64) * len(directions) + np.array(counts.pairs, np.int64)
    pairs, at, made = np.unique(keys, return_inverse=True, return_counts=True)
    entries, numbers = np.divmod(pairs, max(1, len(directions)))
    said = np.bincount(at, np.array(counts.odds), len(pairs)) / made + directions[numbers]
    sums = (np.bincount(entries, each, len(counts.entries)) for each in (said, made, np.ones(len(pairs))))
    for (a, b), odds, count, number in zip(counts.entries, *(each.tolist() for each in sums), strict=True):
        probability = 1 / (1 + exp(-max(-LOG_ODDS_MAX, min(LOG_ODDS_MAX, odds))))
        sure = max(probability, 1 - probability)
        original: Side | None = None if sure < DIRECTION_MIN else "a" if odds > 0 else "b"
        yield Substitution(a, b, int(count), int(number), times[a], times[b], original, round(sure, 4))


def _times(counts: _Counts) -> Mapping[str, int]:
    """How often each phrase stands in the first documents."""
    found: Counter[str] = Counter()
    for length in range(1, PHRASE_TOKENS_MAX + 1):
        phrases = [(phrase, hashes) for phrase, hashes in counts.hashes.items() if len(hashes) == length]
        if not phrases:
            continue
        wanted = _keys(np.array([hashes for _, hashes in phrases], np.uint64).reshape(-1), length)[::length]
        distinct, first = np.unique(wanted, return_index=True)
        seen = np.zeros(len(distinct), np.int64)
        for text in counts.texts:
            keys = _keys(text, length)
            at = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
            seen += np.bincount(at[distinct[at] == keys], minlength=len(distinct))
        for key, number in zip(first.tolist(), seen.tolist(), strict=True):
            found[phrases[key][0]] = round(number * counts.tokens / max(1, counts.searched))
    return found


def _keys(hashes: Keys, length: int) -> Keys:
    """A key for each stretch of so many tokens."""
    count = max(0, len(hashes) - length + 1)
    keys = np.zeros(count, np.uint64)
    for offset in range(length):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + hashes[offset : offset + count]
    return keys
