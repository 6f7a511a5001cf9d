"""Clusters hold copies of what is kept, each verified against it, and nothing hangs on the order of the input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rows import evidence, in_columns
from strategies import PARAGRAPHS, article, noised, spun

from dedup import cluster, linked, pipeline
from dedup.columns import Clusters, Pairs
from dedup.model import MERGING, Cluster, Pair, Relation


def pair(a: str, b: str, relation: Relation = "near", cleaner: str | None = None, confidence: float = 0.9) -> Pair:
    return Pair(a, b, relation, 0.8, 0.9, 0.9, cleaner, confidence, 1, evidence(coverage_a=0.9, coverage_b=0.9))


class Judge:
    """A fake `verify`: copies are what a set of pairs says, and every question is remembered."""

    def __init__(self, copies: Sequence[str] = ()) -> None:
        self.copies, self.asked = {frozenset(two) for two in copies}, []

    def __call__(self, asked: Sequence[tuple[str, str]]) -> list[Pair | None]:
        self.asked.extend(asked)
        return [pair(a, b) if frozenset((a, b)) in self.copies else None for a, b in asked]


def found(
    ids: str, pairs: Sequence[Pair], judge: Judge, words: Mapping[str, int] | None = None, coverage_min: float = 0.0
) -> tuple[Clusters, Pairs]:
    """The clusters and all pairs, `judge` asked by name."""
    lengths = words or dict.fromkeys(ids, 100)

    def verify(asked: NDArray[np.int64]) -> Pairs:
        assert len(asked)
        told = judge([(ids[a], ids[b]) for a, b in asked.tolist()])
        return in_columns(ids, [one for one in told if one])

    numbers = np.array([lengths[name] for name in ids], np.int64)
    return cluster.clusters(in_columns(ids, pairs), numbers, verify, coverage_min)


def clustered(
    ids: str, pairs: Sequence[Pair], judge: Judge, words: Mapping[str, int] | None = None, coverage_min: float = 0.0
) -> Clusters:
    return found(ids, pairs, judge, words, coverage_min)[0]


Row = tuple[str, str, Relation, int | None]
names = "abcdefgh"
some_pairs = st.lists(
    st.tuples(
        st.sampled_from(names), st.sampled_from(names), st.sampled_from(["near", "spun", "excerpt", "reuse"]),
        st.sampled_from([None, 0, 1]),
    ),
    max_size=14,
)  # fmt: skip
"""Pairs by name, relation, and which of the two is the cleaner."""


def made(rows: list[Row]) -> dict[tuple[str, str], Pair]:
    return {
        (a, b): pair(a, b, relation, None if side is None else (a, b)[side]) for a, b, relation, side in rows if a < b
    }


@given(some_pairs, st.sets(st.sampled_from([f"{a}{b}" for a in names for b in names if a < b])))
def test_every_member_was_compared_with_its_canonical(rows: list[Row], copies: set[str]) -> None:
    known = made(rows)
    judge = Judge(sorted(copies))
    groups, pairs = found(names, list(known.values()), judge)
    verified = {frozenset((one.a, one.b)) for one in pairs if one.relation in MERGING}
    added = [pair(a, b) for a, b in judge.asked if f"{a}{b}" in copies]
    assert pairs == sorted([*known.values(), *added], key=lambda one: (one.a, one.b))
    members = [name for group in groups for name in group.members]
    assert len(members) == len(set(members))
    for number, group in enumerate(groups):
        assert group.id == number
        assert group.canonical in group.members
        assert len(group.members) > 1
        assert list(group.members) == sorted(group.members)
        assert all(frozenset((group.canonical, name)) in verified for name in group.members if name != group.canonical)
    assert len(judge.asked) == len(set(judge.asked))
    assert not {frozenset(two) for two in judge.asked} & {frozenset(two) for two in known}


@given(some_pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_changes_nothing(rows: list[Row], chance: Random) -> None:
    forth = list(made(rows).values())
    mixed = chance.sample(forth, len(forth))
    assert clustered(names, forth, Judge(["ad", "be"])) == clustered(names, mixed, Judge(["ad", "be"]))


def test_a_chain_of_copies_is_cut_where_the_end_is_no_copy_of_what_is_kept() -> None:
    judge = Judge()
    chain = [pair("a", "b", cleaner="a"), pair("b", "c"), pair("c", "d")]
    assert clustered("abcd", chain, judge) == [Cluster(0, "a", ("a", "b")), Cluster(1, "c", ("c", "d"))]
    assert judge.asked == [("a", "c"), ("a", "d")]


def test_a_chain_whose_end_is_a_copy_of_what_is_kept_is_one_cluster() -> None:
    judge = Judge(["ac"])
    assert clustered("abc", [pair("a", "b", cleaner="a"), pair("b", "c")], judge) == [Cluster(0, "a", ("a", "b", "c"))]
    assert judge.asked == [("a", "c")]


def test_the_copy_that_is_called_cleaner_is_kept() -> None:
    assert clustered("ab", [pair("a", "b", cleaner="b")], Judge())[0].canonical == "b"


def test_a_surer_judgement_outweighs_a_less_sure_one() -> None:
    pairs = [pair("a", "b", cleaner="a", confidence=0.8), pair("b", "c", cleaner="c", confidence=0.99), pair("a", "c")]
    assert clustered("abc", pairs, Judge())[0].canonical == "c"


def test_the_order_in_which_judgements_are_added_up_decides_nothing() -> None:
    weights = {"a": (0.8, 0.8003, 0.8777), "b": (0.8003, 0.8777, 0.8)}
    assert sum(weights["a"]) > sum(weights["b"])
    pairs = [pair(one, other, cleaner=one, confidence=weights[one][at])
             for one in "ab" for at, other in enumerate("cde")]  # fmt: skip
    words = dict.fromkeys("acde", 10) | {"b": 11}
    assert clustered("abcde", [*pairs, pair("a", "b")], Judge(), words)[0].canonical == "b"


def test_where_nothing_else_decides_the_longer_is_kept_then_the_first() -> None:
    undecided = [pair("a", "b")]
    assert clustered("ab", undecided, Judge(), {"a": 10, "b": 11})[0].canonical == "b"
    assert clustered("ab", undecided, Judge())[0].canonical == "a"


def test_an_excerpt_gives_way_to_the_text_that_holds_it() -> None:
    held = [pair("a", "b", "excerpt", cleaner="a", confidence=1.0)]
    assert clustered("ab", held, Judge(), {"a": 10, "b": 30})[0].canonical == "b"


@pytest.mark.parametrize("relation", ["spun", "damaged", "excerpt"])
@pytest.mark.parametrize(("covered", "together"), [(0.8, True), (0.79, False)])
def test_a_copy_gives_way_only_to_what_has_enough_of_it(relation: Relation, covered: float, together: bool) -> None:
    told = replace(pair("a", "b", relation, cleaner="a"), evidence=evidence(coverage_a=0.1, coverage_b=covered))
    groups = clustered("ab", [told], Judge(), {"a": 120, "b": 100}, 0.8)
    assert [group.members for group in groups] == ([("a", "b")] if together else [])
    turned = replace(pair("a", "b", relation, cleaner="b"), evidence=evidence(coverage_a=covered, coverage_b=0.1))
    groups = clustered("ab", [turned], Judge(), {"a": 100, "b": 120}, 0.8)
    assert [group.members for group in groups] == ([("a", "b")] if together else [])


@pytest.mark.parametrize("relation", ["near", "exact"])
def test_exact_and_near_copies_give_way_whatever_is_covered(relation: Relation) -> None:
    told = replace(pair("a", "b", relation), evidence=evidence(coverage_a=0.0, coverage_b=0.0))
    assert len(clustered("ab", [told], Judge(), {"a": 5, "b": 5}, 0.8)) == 1


def test_reuse_makes_no_cluster() -> None:
    assert clustered("ab", [pair("a", "b", "reuse")], Judge()) == []
    assert clustered("ab", [], Judge()) == []


# --- against plain references ----------------------------------------------------------------------------------


def components(edges: Sequence[tuple[int, int]]) -> set[frozenset[int]]:
    """The connected components, by joining two sets for each edge."""
    own: dict[int, set[int]] = {}
    for both in edges:
        whole = set().union(*(own.get(one, {one}) for one in both))
        own |= dict.fromkeys(whole, whole)
    return {frozenset(whole) for whole in own.values()}


_chain = [(at, at + 1) for at in range(300)]
"""Documents of which each is linked to the next one alone."""


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12), st.sampled_from((1, 10**6)))
def test_documents_of_edges_are_numbered_alike_by_a_table_and_by_sorting(
    edges: list[tuple[int, int]], gap: int
) -> None:
    own = np.array(edges, np.int32).reshape(-1, 2) * gap
    members, places = linked.numbered(own)
    assert members.tolist() == sorted({one for edge in own.tolist() for one in edge})
    assert members[places].tolist() == own.tolist()


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=50))
@example(_chain)
@example(_chain[::-1])
@example(Random(1).sample(_chain, len(_chain)))
@example([(at, at * 7919 % 307) for at in range(1, 307)])
@example([(300 - at, 0) for at in range(300)])
@example([(1_000_000, 7), (7, 7)])
def test_components_are_those_of_joined_sets(edges: list[tuple[int, int]]) -> None:
    members, numbers = linked.connected(np.array(edges, np.int64))
    assert members.tolist() == sorted({one for both in edges for one in both})
    assert sorted(set(numbers.tolist())) == list(range(len(set(numbers.tolist()))))
    together: dict[int, set[int]] = {}
    for member, number in zip(members.tolist(), numbers.tolist(), strict=True):
        together.setdefault(number, set()).add(member)
    assert set(map(frozenset, together.values())) == components(edges)


def standings(pairs: Sequence[Pair], words: Mapping[str, int]) -> dict[str, Fraction]:
    """How often the pairs prefer each document, weighted by how sure they are, in exact numbers."""
    standing: dict[str, Fraction] = {}
    for one in pairs:
        preferred, weight = one.cleaner, Fraction(str(one.confidence))
        if one.relation == "excerpt":
            preferred, weight = one.a if words[one.a] >= words[one.b] else one.b, Fraction(1)
        for name in (one.a, one.b) if preferred else ():
            standing[name] = standing.get(name, Fraction(0)) + (weight if name == preferred else -weight)
    return standing


def gives_way(name: str, told: Pair | None, coverage_min: float) -> bool:
    if told is None or told.relation == "reuse":
        return False
    covered = told.evidence["coverage_a" if name == told.a else "coverage_b"]
    assert isinstance(covered, float)
    return told.relation in ("exact", "near") or covered >= coverage_min


Answers = Mapping[frozenset[str], Pair]


def slow_clusters(
    words: Mapping[str, int], pairs: Sequence[Pair], answers: Answers, coverage_min: float
) -> tuple[list[Cluster], list[Pair], list[set[frozenset[str]]]]:
    """The clusters, all pairs by name, and what was asked in each round, by dictionaries and sets of names."""
    names = sorted(words)
    known = {frozenset((one.a, one.b)): one for one in pairs}
    merging = [one for one in pairs if one.relation in MERGING]
    standing = standings(merging, words)
    rounds: list[set[frozenset[str]]] = []
    groups: list[tuple[list[str], str]] = []
    left = set(names)
    while edges := [(names.index(one.a), names.index(one.b)) for one in merging if {one.a, one.b} <= left]:
        rounds.append(set())
        left = set()
        for numbers in components(edges):
            members = [names[number] for number in sorted(numbers)]
            kept = min(members, key=lambda name: (-standing.get(name, Fraction(0)), -words[name], name))
            both = {name: frozenset((name, kept)) for name in members if name != kept}
            rounds[-1] |= {two for two in both.values() if two not in known}
            known |= {two: answers[two] for two in rounds[-1] if two in answers}
            giving = {name for name, two in both.items() if gives_way(name, known.get(two), coverage_min)}
            groups.append((sorted({kept, *giving}), kept))
            left |= both.keys() - giving
    whole = sorted(group for group in groups if len(group[0]) > 1)
    clusters = [Cluster(number, kept, tuple(members)) for number, (members, kept) in enumerate(whole)]
    return clusters, sorted(known.values(), key=lambda one: (one.a, one.b)), rounds


_many = "abcdefghijkl"
_both = [(a, b) for a in _many for b in _many if a < b]


@st.composite
def told(draw: st.DrawFn, both: tuple[str, str]) -> Pair:
    """A pair of two documents that hangs on its relation, its direction and how much of each is covered."""
    relation: Relation = draw(st.sampled_from(["exact", "near", "near", "spun", "damaged", "excerpt", "reuse"]))
    cleaner = draw(st.sampled_from([*both, None]))
    confidence = draw(st.sampled_from([0.8, 0.8003, 0.9, 0.9997, 1.0]))
    covered = st.sampled_from([0.5, 0.7999, 0.8, 1.0])
    whole = evidence(coverage_a=draw(covered), coverage_b=draw(covered))
    return replace(pair(*both, relation, cleaner, confidence), evidence=whole)


@st.composite
def webs(draw: st.DrawFn) -> tuple[list[Pair], dict[frozenset[str], Pair]]:
    """Pairs of a few documents, and what a comparison of some others would say."""
    chosen = draw(st.lists(st.sampled_from(_both), min_size=2, max_size=16, unique=True))
    copies = draw(st.lists(st.sampled_from(_both), max_size=30, unique=True))
    answers = {frozenset(both): draw(told(both)) for both in copies if both not in chosen}
    return [draw(told(both)) for both in chosen], answers


class Answering(Judge):
    """A `Judge` whose pairs are those of `answers`, and which remembers what was asked in each round."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self.answers, self.rounds = answers, []

    def __call__(self, asked: Sequence[tuple[str, str]]) -> list[Pair | None]:
        self.rounds.append([frozenset(both) for both in asked])
        return [self.answers.get(frozenset(both)) for both in asked]


@settings(max_examples=400)
@given(
    webs(),
    st.lists(st.integers(98, 102), min_size=len(_many), max_size=len(_many)),
    st.sampled_from([0.0, 0.8]),
    st.randoms(use_true_random=False),
)
def test_clusters_are_those_that_dictionaries_and_sets_give(
    web: tuple[list[Pair], dict[frozenset[str], Pair]], lengths: list[int], coverage_min: float, chance: Random
) -> None:
    pairs, answers = web
    words, judge = dict(zip(_many, lengths, strict=True)), Answering(answers)
    groups, every = found(_many, chance.sample(pairs, len(pairs)), judge, words, coverage_min)
    wanted, wanted_pairs, rounds = slow_clusters(words, pairs, answers, coverage_min)
    assert groups == wanted
    assert every == wanted_pairs
    assert list(map(set, judge.rounds)) == [asked for asked in rounds if asked]
    assert all(len(set(asked)) == len(asked) for asked in judge.rounds)


# --- on real files ---------------------------------------------------------------------------------------------

_TEXT = article(31, 16)
_CORPUS = {
    "harbour.txt": _TEXT,
    "harbour-spun.txt": spun(_TEXT),
    "harbour-scan.txt": noised(_TEXT, 2, 0.2),
    "harbour-half.txt": _TEXT[: len(_TEXT) // 2],
    "honey.txt": f"{PARAGRAPHS[0]} {PARAGRAPHS[1]}",
    "honey-again.txt": f"{PARAGRAPHS[0]} {PARAGRAPHS[1]}".upper(),
    "beans.txt": f"{PARAGRAPHS[2]} {PARAGRAPHS[0]} {PARAGRAPHS[3]}",
    "other.txt": article(77, 10),
}


def folder(path: Path, order: Sequence[str]) -> Path:
    path.mkdir()
    for name in order:
        (path / name).write_text(_CORPUS[name], encoding="utf-8")
    return path


def test_a_corpus_of_copies_and_others_is_sorted_out(tmp_path: Path) -> None:
    found = pipeline.find_duplicates(folder(tmp_path / "in", list(_CORPUS)))
    by_canonical = {group.canonical: set(group.members) for group in found.clusters}
    assert by_canonical == {
        "harbour.txt": {name for name in _CORPUS if name.startswith("harbour")},
        "honey-again.txt": {"honey.txt", "honey-again.txt"},
    }
    known = {frozenset((one.a, one.b)): one.relation for one in found.pairs}
    for group in found.clusters:
        others = [name for name in group.members if name != group.canonical]
        assert all(known[frozenset((group.canonical, name))] in MERGING for name in others)
    assert known[frozenset(("beans.txt", "honey.txt"))] == "reuse"


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_and_sources_does_not_change_the_findings(tmp_path: Path, seed: int) -> None:
    mixed = Random(seed).sample(list(_CORPUS), len(_CORPUS))
    one = folder(tmp_path / "one", list(_CORPUS))
    other = folder(tmp_path / "other", mixed)
    expected = pipeline.find_duplicates(one)
    for sources in (other, [other / name for name in mixed]):
        found = pipeline.find_duplicates(sources)
        assert (found.pairs, found.clusters) == (expected.pairs, expected.clusters)
        assert found.candidates == expected.candidates


def test_a_clean_fragment_never_displaces_the_whole(tmp_path: Path) -> None:
    whole = article(31, 24)
    half = whole[: whole.index("\n\n", len(whole) // 2)]
    (tmp_path / "fragment.txt").write_text(half)
    (tmp_path / "whole-spun.txt").write_text(spun(whole))
    found = pipeline.find_duplicates(tmp_path)
    assert found.pairs
    assert found.pairs[0].cleaner in (None, "fragment.txt")
    assert all(group.canonical == "whole-spun.txt" for group in found.clusters)


def test_the_order_of_rows_does_not_change_the_findings(tmp_path: Path) -> None:
    rows = [json.dumps({"id": name, "text": text}) for name, text in _CORPUS.items()]
    files = []
    for number in range(2):
        files.append(tmp_path / f"{number}.jsonl")
        files[-1].write_text("\n".join(Random(number).sample(rows, len(rows))), encoding="utf-8")
    one, other = map(pipeline.find_duplicates, files)
    assert (one.pairs, one.clusters) == (other.pairs, other.clusters)
    assert len(one.clusters) == 2


def test_a_folder_of_which_nothing_can_be_read_has_no_findings_but_problems(tmp_path: Path) -> None:
    (tmp_path / "void.txt").write_text("")
    found = pipeline.find_duplicates(tmp_path)
    assert (list(found.corpus.ids), found.pairs, found.clusters) == ([], (), ())
    assert [problem.problem for problem in found.problems] == ["is empty"]
