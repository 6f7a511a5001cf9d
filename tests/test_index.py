"""An index tells of new documents what a scan of all would tell, however they come, and forgets what is removed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import corpus, jsonl
from strategies import article, noised, spun

import dedup
from dedup import clean, pipeline
from dedup.config import Config
from dedup.index import ranking, writing
from dedup.index.handle import Index
from dedup.model import DedupError, Pair

FIXTURES = Path(__file__).parent.parent / "fixtures"
SEEDS = Path(__file__).parent.parent / "seeds"
BULK = Config(bulk_bytes_min=0)
SMALL = Config(bulk_bytes_min=1 << 50)


def told(pairs: Iterable[Pair]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What findings say of each pair."""
    return {
        (pair.a, pair.b): (pair.relation, pair.resemblance, pair.containment_a, pair.containment_b, pair.cleaner)
        for pair in pairs
    }


def scanned(path: Path, config: Config = BULK) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The same by a scan, of the pairs that candidates brought together: others come of its clusters."""
    with pipeline.find_duplicates(path, config) as found:
        ids = found.corpus.ids
        met = {(ids[a], ids[b]) for a, b in found.compared[:].tolist()}
        return {both: figures for both, figures in told(found.pairs).items() if both in met}


def document(name: str, text: str) -> dedup.Document:
    return dedup.document(name, text)


# --- as a scan -------------------------------------------------------------------------------------------------


Corpus = tuple[Path, dict[tuple[str, str], tuple[Any, ...]]]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus of some hundred documents, and what a scan finds in it."""
    path = jsonl(tmp_path_factory.mktemp("planted") / "rows.jsonl", corpus(800))
    return path, scanned(path)


@pytest.mark.parametrize("size", [3000, 117])
def test_added_in_batches_it_finds_what_a_scan_of_all_finds(tmp_path: Path, planted: Corpus, size: int) -> None:
    path, expected = planted
    index = Index.create(tmp_path / "index")
    added = index.add(path, batch_documents=size)
    found = told(added.pairs)
    common = expected.keys() & found.keys()
    assert len(common) >= 0.999 * len(expected) > 100
    assert all(found[both] == expected[both] for both in common)
    assert added.documents == len(index) == 818
    assert {figures[0] for figures in found.values()} >= {"exact", "near", "spun", "excerpt", "reuse"}
    assert index.verify() == []


def test_added_one_by_one_it_finds_the_same(tmp_path: Path) -> None:
    texts = corpus(250, seed=5)
    expected = scanned(jsonl(tmp_path / "rows.jsonl", texts))
    index = Index.create(tmp_path / "index")
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for name, text in texts.items():
        found |= told(index.add_documents([document(name, text)]).pairs)
    common = expected.keys() & found.keys()
    assert len(common) >= 0.999 * len(expected) > 30
    assert all(found[both] == expected[both] for both in common)
    assert len(index.refreshed().manifest.keys) < 32


def test_whatever_it_finds_a_comparison_of_the_two_finds_too(tmp_path: Path) -> None:
    texts = corpus(250, seed=9)
    index = Index.create(tmp_path / "index")
    added = index.add(jsonl(tmp_path / "rows.jsonl", texts), batch_documents=50)
    assert len(added.pairs) > 25
    for pair in list(added.pairs)[::4]:
        found = dedup.compare(document(pair.a, texts[pair.a]), document(pair.b, texts[pair.b]))
        assert found
        assert told([found]) == told([pair])


@pytest.mark.parametrize("case", ["real/spun-by-hand", "real/ocr-noise", "real/excerpt", "negative/form-letter"])
def test_a_few_documents_are_told_as_a_small_scan_tells_them(tmp_path: Path, case: str) -> None:
    folder = FIXTURES / case / "documents"
    if not folder.exists():
        pytest.skip(f"there is no fixture {case}")
    expected = scanned(folder, SMALL)
    index = Index.create(tmp_path / "index")
    found = told(index.add(folder, batch_documents=1).pairs)
    copies = {both for both, figures in expected.items() if figures[0] != "reuse"}
    assert copies <= found.keys()
    assert all(found[both] == expected[both] for both in expected.keys() & found.keys())


def test_the_seeds_one_after_the_other(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    relations = [pair.relation for path in sorted(SEEDS.glob("*.txt")) for pair in index.add(path).pairs]
    assert relations.count("spun") == 1
    assert set(relations) <= {"spun", "reuse"}


@settings(max_examples=4)
@given(st.permutations(range(12)), st.integers(1, 12))
def test_neither_order_nor_batches_change_which_copies_are_found(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], size: int
) -> None:
    texts = [made for seed in range(4) for made in (article(seed), spun(article(seed), seed), noised(article(seed)))]
    folder = tmp_path_factory.mktemp("order")
    index = Index.create(folder / "index")
    rows = {f"{number:02}": texts[number] for number in order}
    added = index.add(jsonl(folder / "rows.jsonl", rows), batch_documents=size)
    found = {(int(pair.a) // 3, int(pair.b) // 3) for pair in added.pairs if pair.relation in ("spun", "damaged")}
    assert {(seed, seed) for seed in range(4)} <= found
    assert all(a == b for a, b in found)


# --- asking ----------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(tmp_path: Path) -> Index:
    index = Index.create(tmp_path / "index")
    index.add(jsonl(tmp_path / "rows.jsonl", corpus(300, seed=3)), batch_documents=64)
    return index


def test_a_query_tells_what_adding_would_and_adds_nothing(filled: Index, tmp_path: Path) -> None:
    before = filled.stats()
    texts = corpus(300, seed=3)
    asked = {
        "q1": spun(article(2, 12), 7, 0.5),
        "q2": texts["d00007"].replace("w", "v", 3),
        "q3": "nothing of this was ever said",
    }
    found = filled.query(jsonl(tmp_path / "asked.jsonl", asked))
    assert found.documents == 3
    assert {pair.a for pair in found.pairs} == {"q1", "q2"}
    assert filled.stats() == before
    expected = told(filled.add(tmp_path / "asked.jsonl").pairs)
    turned = {tuple(sorted(both)): figures[0] for both, figures in told(found.pairs).items()}
    assert {both: figures[0] for both, figures in expected.items() if figures[0] != "exact"} == {
        both: relation for both, relation in turned.items() if relation != "exact"
    }


def test_a_query_names_every_document_of_the_same_words(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    index.add_documents([document(name, article(1)) for name in "abc"])
    found = index.query_documents([document("x", article(1).upper())])
    assert [(pair.a, pair.b, pair.relation) for pair in found.pairs] == [("x", name, "exact") for name in "abc"]


def test_an_empty_index_knows_nothing(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    assert len(index.query_documents([document("x", article(1))]).pairs) == 0
    assert index.query(jsonl(tmp_path / "rows.jsonl", {"a": "x y z"})).documents == 1
    assert index.stats().documents == len(index) == 0
    assert index.verify() == []


def test_texts_without_words_and_other_scripts(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    han = "我们在河边的老磨坊里度过了整个夏天，每天早晨都能听见水声和鸟叫。" * 3
    broken = article(3).replace(" the ", " the café’s ", 6).encode().decode("cp1252")
    texts = {"none": "... !!! ...", "also": "--- ---", "han": han, "mended": broken, "surrogate": "a \ud800 b c"}
    assert index.add_documents([document(name, text) for name, text in texts.items()]).documents == 5
    found = index.add_documents([document("han2", han), document("good", broken.encode("cp1252").decode())])
    assert {(pair.a, pair.b, pair.relation) for pair in found.pairs} == {
        ("han", "han2", "exact"), ("good", "mended", "damaged"),
    }  # fmt: skip
    again = Index.open(tmp_path / "index")
    assert again.refreshed().stored.document(3).text == broken
    assert again.verify() == []


# --- ids -------------------------------------------------------------------------------------------------------


def test_an_id_with_the_same_words_is_counted_with_others_a_problem(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    index.add_documents([document("a", article(1)), document("b", article(2))])
    added = index.add_documents([document("a", article(1)), document("b", article(3)), document("c", article(4))])
    assert (added.documents, added.already) == (1, 1)
    assert [problem.path for problem in added.problems] == ["b"]
    assert "other words" in added.problems[0].problem
    within = index.add_documents([document("d", article(5)), document("d", article(6)), document("d", article(5))])
    assert (within.documents, within.already, len(within.problems)) == (1, 1, 1)
    assert [name in index for name in "abcde"] == [True, True, True, True, False]


def test_a_broken_off_add_may_be_given_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "rows.jsonl", corpus(100))
    index = Index.create(tmp_path / "index")
    batches = index.adding(path, batch_documents=40)
    next(batches)
    batches.close()
    assert len(Index.open(tmp_path / "index")) == 40
    added = index.add(path)
    assert (added.documents, added.already) == (78, 40)


def test_records_without_ids_go_by_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "one thing"}\n\nnot json\n{"text": "another thing"}\n')
    index = Index.create(tmp_path / "index")
    added = index.add([path, tmp_path / "missing"])
    assert ["rows.jsonl#1" in index, "rows.jsonl#4" in index] == [True, True]
    assert sorted(str(problem.path).rpartition("/")[2] for problem in added.problems) == [
        "missing", "rows.jsonl, line 3",
    ]  # fmt: skip


# --- removing --------------------------------------------------------------------------------------------------


def test_what_is_removed_is_found_no_more_and_may_come_again(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    index.add_documents([document("a", article(1)), document("b", article(2)), document("c", spun(article(1)))])
    assert index.remove(["a", "a", "nothing"]) == (1, ["nothing"])
    assert len(index) == 2
    found = index.query_documents([document("x", article(1))])
    assert [pair.b for pair in found.pairs] == ["c"]
    assert index.add_documents([document("a", article(7))]).documents == 1
    assert index.query_documents([document("x", article(7))]).pairs[0].b == "a"  # type: ignore[index]
    assert Index.open(tmp_path / "index").verify() == []


def test_another_document_of_the_same_words_stands_in_for_a_removed_one(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    index.add_documents([document(name, article(1)) for name in "abc"] + [document("other", article(2))])
    index.remove(["a"])
    spun_copy = index.query_documents([document("x", spun(article(1)))])
    assert [pair.b for pair in spun_copy.pairs] == ["b"]
    index.remove(["b", "c"])
    assert len(index.query_documents([document("x", spun(article(1)))]).pairs) == 0


def test_nothing_of_removed_texts_is_left_once_they_are_compacted(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    texts = corpus(120, seed=4)
    index.add(jsonl(tmp_path / "rows.jsonl", texts), batch_documents=50)
    names = list(texts)
    index.remove(names[:10])
    before = index.stats()
    index.compact()
    after = index.stats()
    assert after.documents == before.documents
    assert after.postings < before.postings
    stored = index.refreshed().stored
    assert stored.texts(range(10)) == [b""] * 10
    assert [stored[number] for number in range(10)] == [""] * 10
    assert index.remove(names[10:60])[0] == 50
    assert index.refreshed().manifest.compacted == 60
    expected = {name: texts[name] for name in names[60:]}
    fresh = Index.create(tmp_path / "fresh")
    fresh.add(jsonl(tmp_path / "left.jsonl", expected))
    asked = [document(f"q{name}", text) for name, text in list(texts.items())[::3]]
    assert told(index.query_documents(asked).pairs) == told(fresh.query_documents(asked).pairs)
    assert index.verify() == []


# --- ranking, merging ------------------------------------------------------------------------------------------


def test_terms_are_ranked_anew_until_there_is_text_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "SAMPLE_BYTES", 60_000)
    texts = corpus(300, seed=6)
    expected, rows = scanned(jsonl(tmp_path / "rows.jsonl", texts)), list(texts.items())
    index = Index.create(tmp_path / "index")
    editions, found = [], {}
    for first in range(0, len(rows), 10):
        added = index.add_documents([document(*row) for row in rows[first : first + 10]])
        editions.append(index.stats().edition)
        found |= told(added.pairs)
    assert editions[0] == 1
    assert 3 <= editions[-1] <= 5
    assert index.stats().is_settled
    assert len(expected.keys() & found.keys()) >= 0.999 * len(expected)
    ranked = index.stats().ranked_by_bytes
    index.add(jsonl(tmp_path / "more.jsonl", {f"m{name}": text for name, text in corpus(50, seed=8).items()}))
    assert index.stats().ranked_by_bytes == ranked


def test_many_small_batches_leave_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FANOUT", 3)
    texts = corpus(80, seed=2)
    index = Index.create(tmp_path / "index")
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for added in index.adding(jsonl(tmp_path / "rows.jsonl", texts), batch_documents=5):
        found |= told(added.pairs)
    whole = Index.create(tmp_path / "whole")
    expected = told(whole.add(tmp_path / "rows.jsonl").pairs)
    assert expected.keys() <= found.keys()
    assert len(list((tmp_path / "index").iterdir())) < 20
    assert [index.refreshed().stored[number] for number in range(len(texts))] == list(texts)
    assert index.verify() == []


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms are ranked for good by the first batch, so that batches are looked up while others are compared."""
    monkeypatch.setattr(ranking, "SAMPLE_BYTES", 1)
    monkeypatch.setattr(writing, "FANOUT", 3)


def test_of_a_new_index_terms_are_ranked_once_if_there_is_text_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = jsonl(tmp_path / "rows.jsonl", corpus(60))
    monkeypatch.setattr(ranking, "SAMPLE_BYTES", path.stat().st_size // 2)
    index = Index.create(tmp_path / "index")
    seen = {(index.stats().edition, index.stats().is_settled) for _ in index.adding(path, batch_documents=5)}
    assert seen == {(1, True)}
    assert index.verify() == []
    index.add(jsonl(tmp_path / "more.jsonl", corpus(60, seed=4)))
    assert index.stats().edition == 1


@pytest.mark.usefixtures("settled")
def test_batches_that_overlap_find_what_batches_one_by_one_find(tmp_path: Path) -> None:
    rows = list(corpus(120, seed=3).items())[:120]
    # Of the batch before, which is not committed when this one is looked up, the words of one, and the id of another.
    rows[50] = (rows[50][0], rows[49][1])
    rows[51] = (rows[49][0], rows[51][1])
    index, other = Index.create(tmp_path / "index"), Index.create(tmp_path / "other")
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in rows))
    parts = list(index.adding(path, batch_documents=5))
    alone = [
        other.add_documents([document(*row) for row in rows[first : first + 5]]) for first in range(0, len(rows), 5)
    ]
    assert [told(part.pairs) for part in parts] == [told(part.pairs) for part in alone]
    assert [len(part.problems) for part in parts] == [int(first == 50) for first in range(0, 120, 5)]
    assert ("exact", 1.0) in [pair[:2] for pair in told(parts[10].pairs).values()]
    assert index.verify() == other.verify() == []
    assert index.stats().postings == other.stats().postings
    own, one_by_one = (sorted(each.iterdir()) for each in (tmp_path / "index", tmp_path / "other"))
    assert len(own) == len(one_by_one) < 20


@pytest.mark.usefixtures("settled")
def test_of_batches_that_were_not_given_nothing_is_in_the_index(tmp_path: Path) -> None:
    index = Index.create(tmp_path / "index")
    path = jsonl(tmp_path / "rows.jsonl", corpus(100, seed=4))
    adding = index.adding(path, batch_documents=5)
    for number in range(1, 9):
        next(adding)
        assert len(Index.open(tmp_path / "index")) == 5 * number
    adding.close()
    assert len(index) == 40
    named = {one.name for one in index.refreshed().manifest.files}
    assert {one.name for one in (tmp_path / "index").iterdir()} == named | {"manifest.json", "lock"}
    assert [part.documents for part in index.adding(path, batch_documents=20)] == [0, 0, 20, 20, 20, 18]
    assert index.verify() == []


def test_a_batch_that_every_key_of_which_is_shared(tmp_path: Path) -> None:
    """Copies upon copies: buckets go over every limit, and the first documents stand for the others."""
    index = Index.create(tmp_path / "index", replace(Config(), bucket_documents_max=4, key_documents_max=8))
    own = article(1, 12).split()
    rows = [document(f"{number:03}", " ".join([*own, f"w{number}"])) for number in range(30)]
    for first in range(0, 30, 10):
        added = index.add_documents(rows[first : first + 10])
        later = {pair.b for pair in added.pairs}
        assert later >= {row.id for row in rows[max(1, first) : first + 10]}
    assert len(index.query_documents(rows[:1]).pairs) > 0


def test_columns_by_number_survive_merging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FANOUT", 2)
    index = Index.create(tmp_path / "index")
    for number in range(9):
        index.add_documents([document(f"{number}", article(number, 4))])
    stored = index.refreshed().stored
    assert [stored[number] for number in range(9)] == [f"{number}" for number in range(9)]
    assert [text.decode() for text in stored.texts([8, 0, 3])] == [article(number, 4) for number in (8, 0, 3)]
    words = [len(clean.words(article(number, 4))) for number in range(9)]
    assert stored.words().tolist() == words


def test_it_is_made_once(tmp_path: Path) -> None:
    Index.create(tmp_path / "deep" / "index")
    with pytest.raises(DedupError, match="exists already"):
        Index.create(tmp_path / "deep" / "index")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["index"]
