"""Columns of pairs and clusters are what the lists of them would be: turned, taken, joined, ordered, looked up."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import copysign
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import PARTS, evidence, in_columns

from dedup.columns import CHANNELS, SHOWN, Clusters, Pairs, places, ragged
from dedup.model import RELATIONS, Cluster, Pair

IDS = [f"document {letter}" for letter in "abcdefg"]
BOTH = [(a, b) for at, a in enumerate(IDS) for b in IDS[at + 1 :]]
"""Every pair of documents by name, in order."""

shares = st.integers(0, 10_000).map(lambda number: number / 10_000)
spans = st.tuples(st.integers(0, 999), st.integers(0, 999)).map(list)
passages = st.lists(st.fixed_dictionaries({"a": spans, "b": spans, "equal_words": st.integers(1, 99)}), max_size=3)
keys = st.fixed_dictionaries(dict.fromkeys(CHANNELS, st.integers(0, 5)))


@st.composite
def pairs_of(draw: st.DrawFn, both: tuple[str, str]) -> Pair:
    """A pair of two documents with any figures."""
    told = evidence(**{name: draw(shares) for name in SHOWN}, passages=draw(passages))
    told["direction"] = {name: draw(st.integers(-9, 9)) / 4 for name in PARTS}
    met = draw(keys)
    return Pair(
        a=both[0],
        b=both[1],
        relation=draw(st.sampled_from(RELATIONS)),
        resemblance=draw(shares),
        containment_a=draw(shares),
        containment_b=draw(shares),
        cleaner=draw(st.sampled_from([*both, None])),
        confidence=draw(shares),
        substitutions=draw(st.integers(0, 99)),
        evidence={"shared_keys": met, **told} if any(met.values()) else told,
    )


@st.composite
def lists(draw: st.DrawFn) -> list[Pair]:
    """Pairs of different documents, in any order."""
    chosen = draw(st.lists(st.sampled_from(BOTH), max_size=5, unique=True))
    return [draw(pairs_of(both)) for both in chosen]


def turned(pair: Pair) -> Pair:
    """A pair with a and b exchanged."""
    told: Any = pair.evidence
    back = {**told, "coverage_a": told["coverage_b"], "coverage_b": told["coverage_a"]}
    back["direction"] = {name: -value for name, value in told["direction"].items()}
    back["passages"] = [{**one, "a": one["b"], "b": one["a"]} for one in told["passages"]]
    ends = {"a": pair.b, "b": pair.a, "containment_a": pair.containment_b, "containment_b": pair.containment_a}
    return replace(pair, **ends, evidence=back)  # type: ignore[arg-type]


def holds(found: Pairs, wanted: list[Pair]) -> bool:
    """Whether the columns hold just these pairs, each column as it is when they are made of them."""
    made = in_columns(IDS, wanted)
    arrays = [(one.documents, one.relation, one.cleaner, one.passages, one.starts, one.met) for one in (found, made)]
    same = [a.dtype == b.dtype and a.tolist() == b.tolist() for a, b in zip(*arrays, strict=True)]
    tables = [
        {name: column.tolist() for name, column in [*one.figures.items(), *one.direction.items()]}
        for one in (found, made)
    ]
    return all(same) and tables[0] == tables[1] and found == wanted


def masks(size: int) -> st.SearchStrategy[list[bool]]:
    return st.lists(st.booleans(), min_size=size, max_size=size)


# --- pairs as a sequence ---------------------------------------------------------------------------------------


@given(lists())
def test_columns_give_the_pairs_they_were_made_of(pairs: list[Pair]) -> None:
    made = in_columns(IDS, pairs)
    assert len(made) == len(pairs)
    assert bool(made) == bool(pairs)
    assert list(made) == pairs
    assert [made[row] for row in range(-len(pairs), len(pairs))] == pairs * 2
    assert [list(pair.evidence) for pair in made] == [list(pair.evidence) for pair in pairs]


@given(lists())
def test_columns_equal_whatever_holds_the_same_pairs(pairs: list[Pair]) -> None:
    made = in_columns(IDS, pairs)
    assert made == tuple(pairs)
    assert pairs == made
    assert made == in_columns(IDS[:], list(pairs))
    assert made != [*pairs, None]
    assert made != 5
    if pairs:
        other = replace(pairs[0], substitutions=pairs[0].substitutions + 1)
        assert made not in (pairs[1:], [other, *pairs[1:]], in_columns(IDS, [other, *pairs[1:]]))


@given(lists(), st.integers(0, 3))
def test_a_row_that_is_not_there_is_an_index_error(pairs: list[Pair], beyond: int) -> None:
    made = in_columns(IDS, pairs)
    for row in (len(pairs) + beyond, -len(pairs) - 1 - beyond):
        with pytest.raises(IndexError):
            made[row]


def test_what_can_change_has_no_hash() -> None:
    for one in (in_columns(IDS, []), Clusters(IDS, np.zeros((0, 2), np.int64), np.zeros(1, np.int64))):
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)


# --- rows of pairs ---------------------------------------------------------------------------------------------


@given(lists(), st.data())
def test_turning_some_rows_exchanges_their_a_and_b(pairs: list[Pair], data: st.DataObject) -> None:
    mask = data.draw(masks(len(pairs)))
    found = in_columns(IDS, pairs).turned(np.array(mask, bool))
    assert holds(found, [turned(pair) if turns else pair for pair, turns in zip(pairs, mask, strict=True)])


@given(lists(), st.data())
def test_turned_twice_is_the_same(pairs: list[Pair], data: st.DataObject) -> None:
    made, mask = in_columns(IDS, pairs), np.array(data.draw(masks(len(pairs))), bool)
    assert holds(made.turned(mask).turned(mask), pairs)
    assert holds(made.turned(mask).turned(~mask), [turned(pair) for pair in pairs])


def test_turning_makes_no_minus_nought() -> None:
    pair = Pair(IDS[0], IDS[1], "near", 0.8, 0.9, 0.9, None, 0.5, 0, evidence())
    (back,) = in_columns(IDS, [pair]).turned(np.array([True]))
    direction: Any = back.evidence["direction"]
    assert {copysign(1.0, value) for value in direction.values()} == {1.0}


@given(lists(), st.data())
def test_taking_rows_by_number_or_by_mask(pairs: list[Pair], data: st.DataObject) -> None:
    made, mask = in_columns(IDS, pairs), data.draw(masks(len(pairs)))
    assert holds(made.taken(np.array(mask, bool)), [pair for pair, wanted in zip(pairs, mask, strict=True) if wanted])
    numbers = data.draw(st.lists(st.integers(0, len(pairs) - 1), max_size=6)) if pairs else []
    taken = made.taken(np.array(numbers, np.int64))
    assert holds(taken, [pairs[number] for number in numbers])
    assert holds(taken.taken(np.arange(len(numbers))), list(taken))


@given(lists(), st.lists(st.integers(0, 5), max_size=4))
def test_joined_parts_are_the_parts_one_behind_the_other(pairs: list[Pair], cuts: list[int]) -> None:
    made, at = in_columns(IDS, pairs), [0, *sorted(min(cut, len(pairs)) for cut in cuts), len(pairs)]
    parts = [made.taken(np.arange(start, stop)) for start, stop in pairwise(at)]
    whole = Pairs.joined(parts)
    assert holds(whole, pairs)
    assert holds(Pairs.joined([made, made]), pairs * 2)


@given(lists(), st.randoms(use_true_random=False))
def test_ordered_pairs_stand_by_their_documents(pairs: list[Pair], chance: Random) -> None:
    mixed = chance.sample(pairs, len(pairs))
    assert holds(in_columns(IDS, mixed).ordered(), sorted(pairs, key=lambda pair: (pair.a, pair.b)))


@given(lists(), st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8))
def test_rows_are_found_whichever_document_is_named_first(pairs: list[Pair], asked: list[tuple[int, int]]) -> None:
    found = in_columns(IDS, pairs).ordered()
    row = {frozenset((pair.a, pair.b)): at for at, pair in enumerate(found)}
    wanted = [row.get(frozenset((IDS[a], IDS[b])), -1) for a, b in asked]
    assert found.rows(np.array(asked, np.int64).reshape(-1, 2)).tolist() == wanted


_large = st.integers(0, 3) | st.integers(0, (1 << 31) - 1)
_both = st.lists(st.tuples(_large, _large), max_size=12)


@given(_both, _both)
def test_places_are_those_of_a_list(there: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    ordered = sorted(set(there))
    asked = [*others, *there]
    columns = (np.array(one, np.int64).reshape(-1, 2) for one in (ordered, asked))
    assert places(*columns).tolist() == [ordered.index(both) if both in ordered else -1 for both in asked]


@given(st.lists(st.integers(0, 4), max_size=8), st.data())
def test_ragged_rows_are_those_of_the_lists(sizes: list[int], data: st.DataObject) -> None:
    starts = np.cumsum([0, *sizes], dtype=np.int64)
    rows = [list(range(start, stop)) for start, stop in pairwise(starts.tolist())]
    numbers = data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=10)) if sizes else []
    told, own = ragged(starts, np.array(numbers, np.int64))
    assert told.tolist() == [row for number in numbers for row in rows[number]]
    assert own.tolist() == np.cumsum([0, *(sizes[number] for number in numbers)]).tolist()


# --- clusters --------------------------------------------------------------------------------------------------


@st.composite
def groups(draw: st.DrawFn) -> list[tuple[int, list[int]]]:
    """The kept document and the members of clusters of two and more, by their first member."""
    label = draw(st.lists(st.integers(0, 3), min_size=len(IDS), max_size=len(IDS)))
    members = [[number for number, own in enumerate(label) if own == one] for one in range(1, 4)]  # 0 stands alone
    return sorted(((draw(st.sampled_from(own)), own) for own in members if len(own) > 1), key=lambda group: group[1][0])


def clustered(given_: list[tuple[int, list[int]]]) -> Clusters:
    rows = [(kept, member) for kept, members in given_ for member in members]
    starts = np.cumsum([0, *(len(members) for _, members in given_)], dtype=np.int64)
    return Clusters(IDS, np.array(rows, np.int64).reshape(-1, 2), starts)


@given(groups())
def test_clusters_are_the_groups_they_were_made_of(given_: list[tuple[int, list[int]]]) -> None:
    made = clustered(given_)
    wanted = [
        Cluster(number, IDS[kept], tuple(IDS[member] for member in members))
        for number, (kept, members) in enumerate(given_)
    ]
    assert len(made) == len(wanted)
    assert list(made) == wanted
    assert made == tuple(wanted)
    assert made == clustered(given_)
    assert made != [*wanted, None]
    for number, (kept, members) in enumerate(given_):
        assert made.rows_of(number).tolist() == [[kept, member] for member in members]
    for beyond in (len(wanted), -1):
        with pytest.raises(IndexError):
            made.rows_of(beyond)


@given(groups())
def test_clusters_tell_each_document_its_number_and_what_is_kept_for_it(given_: list[tuple[int, list[int]]]) -> None:
    number, kept = dict.fromkeys(range(len(IDS)), -1), {one: one for one in range(len(IDS))}
    for at, (canonical, members) in enumerate(given_):
        number |= dict.fromkeys(members, at)
        kept |= dict.fromkeys(members, canonical)
    made = clustered(given_)
    assert made.numbers().tolist() == list(number.values())
    assert made.kept().tolist() == list(kept.values())
    assert made.given_way().tolist() == [
        [canonical, member] for canonical, members in given_ for member in members if member != canonical
    ]
