"""Clusters hold copies of what is kept, each verified against it, and nothing hangs on the order of the input."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import PARAGRAPHS, article, noised, spun

from dedup import cluster, pipeline
from dedup.model import MERGING, Cluster, Pair, Relation


def pair(a: str, b: str, relation: Relation = "near", cleaner: str | None = None, confidence: float = 0.9) -> Pair:
    return Pair(a, b, relation, 0.8, 0.9, 0.9, cleaner, confidence, 1, {"coverage_a": 0.9, "coverage_b": 0.9})


class Judge:
    """A fake `verify`: copies are what a set of pairs says, and every question is remembered."""

    def __init__(self, copies: Sequence[str] = ()) -> None:
        self.copies, self.asked = {frozenset(two) for two in copies}, []

    def __call__(self, asked: Sequence[tuple[str, str]]) -> list[Pair | None]:
        self.asked.extend(asked)
        return [pair(a, b) if frozenset((a, b)) in self.copies else None for a, b in asked]


def clustered(ids: str, pairs: list[Pair], judge: Judge, words: dict[str, int] | None = None) -> list[Cluster]:
    return cluster.clusters(list(ids), words or dict.fromkeys(ids, 100), pairs, judge)[0]


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
    groups, added = cluster.clusters(list(names), dict.fromkeys(names, 100), known.values(), judge)
    verified = {frozenset((one.a, one.b)) for one in (*known.values(), *added) if one.relation in MERGING}
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
    found = replace(pair("a", "b", relation, cleaner="a"), evidence={"coverage_a": 0.1, "coverage_b": covered})
    words = {"a": 120, "b": 100}
    groups, _ = cluster.clusters("ab", words, [found], Judge(), 0.8)
    assert [group.members for group in groups] == ([("a", "b")] if together else [])
    turned = replace(pair("a", "b", relation, cleaner="b"), evidence={"coverage_a": covered, "coverage_b": 0.1})
    groups, _ = cluster.clusters("ab", {"a": 100, "b": 120}, [turned], Judge(), 0.8)
    assert [group.members for group in groups] == ([("a", "b")] if together else [])


@pytest.mark.parametrize("relation", ["near", "exact"])
def test_exact_and_near_copies_give_way_whatever_is_covered(relation: Relation) -> None:
    found = replace(pair("a", "b", relation), evidence={"coverage_a": 0.0, "coverage_b": 0.0})
    assert len(cluster.clusters("ab", {"a": 5, "b": 5}, [found], Judge(), 0.8)[0]) == 1


def test_reuse_makes_no_cluster() -> None:
    assert clustered("ab", [pair("a", "b", "reuse")], Judge()) == []
    assert clustered("ab", [], Judge()) == []


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
