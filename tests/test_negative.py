"""Every fixture through the public API with default settings: what is a copy is found, what is none stays."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import dedup
from dedup.pipeline import document_at

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES = sorted(path.parent.relative_to(FIXTURES).as_posix() for path in FIXTURES.glob("*/*/expected.json"))

KNOWN = {
    "known-failures/code-of-one-pattern": "one word in sixteen is another: near, as prose would be",
    "known-failures/form-letter-few-fields": "resemblance 0.743 is over the threshold: near",
    "known-failures/summaries-of-one-pattern": "spun at 0.898: other findings in one pattern look like synonyms",
}


@cache
def findings(case: str) -> dedup.Findings:
    return dedup.find_duplicates(FIXTURES / case / "documents")


def expected(case: str) -> dict[str, Any]:
    record = json.loads((FIXTURES / case / "expected.json").read_text(encoding="utf-8"))
    assert isinstance(record, dict)
    return record


def cases(prefix: str = "") -> list[Any]:
    """The cases whose name begins with `prefix`, the known failures marked."""
    marked = []
    for case in CASES:
        if case.startswith(prefix):
            marks = [pytest.mark.xfail(strict=True, reason=KNOWN[case], raises=AssertionError)] if case in KNOWN else []
            marked.append(pytest.param(case, marks=marks))
    return marked


@pytest.mark.parametrize("case", cases())
def test_fixture_comes_out_as_a_careful_reader_has_it(case: str) -> None:
    found, wanted = findings(case), expected(case)
    assert found.problems == ()
    relations = {(pair.a, pair.b): pair.relation for pair in found.pairs}
    assert relations == {(pair["a"], pair["b"]): pair["relation"] for pair in wanted["pairs"]}
    assert [list(cluster.members) for cluster in found.clusters] == wanted["clusters"]
    for cluster, canonical in zip(found.clusters, wanted["canonical"], strict=True):
        assert canonical in ("any", cluster.canonical)
    for pair, record in zip(found.pairs, wanted["pairs"], strict=True):
        assert record["cleaner"] == "any" or pair.cleaner == record["cleaner"], pair


@pytest.mark.parametrize("case", cases("negative/"))
def test_honest_texts_never_merge(case: str) -> None:
    found = findings(case)
    assert found.clusters == ()
    assert not [pair for pair in found.pairs if pair.relation != "reuse"]


@pytest.mark.parametrize("case", CASES)
def test_every_member_of_a_cluster_has_a_pair_with_the_kept_one(case: str) -> None:
    found = findings(case)
    merging = {frozenset((pair.a, pair.b)) for pair in found.pairs if pair.relation != "reuse"}
    for cluster in found.clusters:
        others = set(cluster.members) - {cluster.canonical}
        assert {frozenset((name, cluster.canonical)) for name in others} <= merging


def test_known_failures_are_fixtures() -> None:
    assert set(KNOWN) <= set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_expected_names_the_documents_of_its_folder(case: str) -> None:
    names = {path.name for path in (FIXTURES / case / "documents").iterdir()}
    record = expected(case)
    assert {pair[side] for pair in record["pairs"] for side in "ab"} <= names
    assert {name for cluster in record["clusters"] for name in cluster} <= names
    assert record["why"]


def test_cases_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    """All of them in one corpus: the rarest terms are then others, and yet no pair joins two cases."""
    seen: set[bytes] = set()
    taken = []
    for case in CASES:
        texts = {path.name: path.read_bytes() for path in (FIXTURES / case / "documents").iterdir()}
        if case != "negative/short-texts" and not seen & set(texts.values()):
            taken.append(case)
            for name, text in texts.items():
                (tmp_path / case).mkdir(parents=True, exist_ok=True)
                (tmp_path / case / name).write_bytes(text)
        seen |= set(texts.values())
    found = dedup.find_duplicates(tmp_path)
    joined = [pair for pair in found.pairs if pair.a.rsplit("/", 1)[0] != pair.b.rsplit("/", 1)[0]]
    assert len(taken) >= 12
    assert [pair for pair in joined if pair.relation != "reuse"] == []
    for case in set(taken) - set(KNOWN):
        wanted = {(f"{case}/{pair['a']}", f"{case}/{pair['b']}", pair["relation"]) for pair in expected(case)["pairs"]}
        here = {(pair.a, pair.b, pair.relation) for pair in found.pairs if pair.a.startswith(f"{case}/")}
        assert wanted == here


# --- restoring them --------------------------------------------------------------------------------------------


def documents(case: str) -> dict[str, dedup.Document]:
    corpus = findings(case).corpus
    return {name: document_at(corpus, number) for number, name in enumerate(corpus.ids)}


def test_spun_copy_gets_every_word_back() -> None:
    by_id = documents("real/spun-by-hand")
    restored = dedup.restoration(by_id["glacier-spun.txt"], [by_id["glacier.txt"]])
    assert restored.text.split() == by_id["glacier.txt"].text.split()
    assert {edit.witness for edit in restored.edits} == {"glacier.txt"}


def test_mojibake_is_mended_without_a_witness() -> None:
    by_id = documents("real/mojibake")
    restored = dedup.restoration(by_id["cafe-broken.txt"], [])
    assert restored.text == by_id["cafe.txt"].text
    assert {edit.witness for edit in restored.edits} == {None}


def test_scanned_copy_gets_its_body_back() -> None:
    by_id = documents("real/ocr-noise")
    restored = dedup.restoration(by_id["mill-scanned.txt"], [by_id["mill.txt"]])
    assert restored.text.split()[3:-1] == by_id["mill.txt"].text.split()[3:-1]


def test_scanned_copy_gets_its_first_and_last_words_back() -> None:
    by_id = documents("real/ocr-noise")
    restored = dedup.restoration(by_id["mill-scanned.txt"], [by_id["mill.txt"]])
    assert restored.text.split() == by_id["mill.txt"].text.split()


@pytest.mark.parametrize(
    ("case", "clean", "damaged"),
    [
        ("real/spun-by-hand", "glacier.txt", "glacier-spun.txt"),
        ("real/spun-excerpt", "glacier.txt", "glacier-part.txt"),
        ("real/ocr-noise", "mill.txt", "mill-scanned.txt"),
        ("real/mojibake", "cafe.txt", "cafe-broken.txt"),
        ("real/rewrapped", "orchard.txt", "orchard-narrow.txt"),
        ("real/excerpt", "salt.txt", "salt-quoted.txt"),
        ("real/paragraphs-moved", "orchard.txt", "orchard-moved.txt"),
        pytest.param(
            "real/light-edit", "ferry.txt", "ferry-edited.txt",
        ),
    ],
)  # fmt: skip
def test_clean_document_is_left_alone_by_its_damaged_copy(case: str, clean: str, damaged: str) -> None:
    by_id = documents(case)
    assert dedup.restoration(by_id[clean], [by_id[damaged]]).edits == ()
