"""An explanation tells what the scan did: its keys, figures, rules and rounds, whichever document is named first."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from strategies import PARAGRAPHS, article, noised, sentence, spun

from dedup import clean, match, meeting, pipeline
from dedup.cli import main
from dedup.config import Config
from dedup.explain import Explanation, explanation, number
from dedup.model import MERGING, DedupError
from dedup.report import concluded
from dedup.report import explain as report

ROOT = Path(__file__).parent.parent
REAL = ROOT / "fixtures" / "real"
SMALL, BULK = Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0, workers=1)
ORIGINAL, COPY = "004_d28315a60f4f15ab.txt", "002_c675f6cb87d64a6d.txt"

_TEXT = article(31, 16)
TEXTS = {
    "text.txt": _TEXT,
    "spun.txt": spun(_TEXT),
    "scan.txt": noised(_TEXT, 2, 0.2),
    "half.txt": _TEXT[: len(_TEXT) // 2],
    "upper.txt": _TEXT.upper(),
    "quoting.txt": f"{PARAGRAPHS[0]} {PARAGRAPHS[1]} {_TEXT[:400]} {PARAGRAPHS[2]}",
    "honey.txt": f"{PARAGRAPHS[0]} {PARAGRAPHS[3]}",
    "short.txt": "Four words of text.",
    "short too.txt": "FOUR WORDS  OF TEXT.",
    "signs.txt": "-- ... --",
    "other.txt": article(77, 10),
}


def written(folder: Path, texts: Mapping[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("corpus"), TEXTS)


def printed(found: Explanation, width: int = 100) -> str:
    page = io.StringIO()
    console = Console(file=page, width=width, highlight=False, markup=False, emoji=False)
    for one in report.explanation(found):
        console.print(one)
    return page.getvalue()


def plain(found: Explanation) -> str:
    """What is printed, on one line."""
    return " ".join(printed(found).split())


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["explain", *map(str, arguments)])


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- how they met ----------------------------------------------------------------------------------------------


def test_keys_are_those_by_which_the_scan_let_the_pair_meet(corpus: Path) -> None:
    found = pipeline.find_duplicates(corpus, SMALL)
    asked = {(one.a, one.b): one.evidence.get("shared_keys") for one in found.pairs}
    assert len(asked) > 8
    compared = {tuple(found.corpus.ids[one] for one in both) for both in found.compared[:].tolist()}
    for a, b in combinations(sorted(TEXTS), 2):
        told = explanation(corpus, a, b, SMALL)
        assert told.was_candidate == ((a, b) in compared)
        assert told.was_candidate == any(one.is_enough for one in told.channels)
        assert told.was_compared == ((a, b) in compared or (a, b) in asked)
        if asked.get((a, b)):
            assert asked[a, b] == {one.name: one.shared if one.is_enough else 0 for one in told.channels}


def test_words_and_their_documents_are_those_that_sets_give(corpus: Path) -> None:
    told = explanation(corpus, "text.txt", "spun.txt", SMALL)
    held = {name: {word for word, _, _ in clean.words(text)} for name, text in TEXTS.items()}
    (terms,) = (one for one in told.channels if one.name == "terms")
    assert terms.shared == len(terms.words) > 4
    assert [documents for _, documents in terms.words] == sorted(documents for _, documents in terms.words)
    for word, documents in terms.words:
        assert documents == sum(word in words for words in held.values())
        assert word in held["text.txt"] & held["spun.txt"]


def test_shingles_of_too_many_documents_are_told_apart(tmp_path: Path) -> None:
    shared = PARAGRAPHS[0]
    texts = {f"{at}.txt": f"{shared} {article(at, 4)}" for at in range(6)}
    config = replace(SMALL, key_documents_max=5)
    told = explanation(written(tmp_path, texts), "0.txt", "1.txt", config)
    (passages,) = (one for one in told.channels if one.name == "passages")
    assert passages.furniture >= len(clean.words(shared)) - 4
    (known,) = (one for one in explanation(tmp_path, "0.txt", "1.txt", SMALL).channels if one.name == "passages")
    assert (known.furniture, known.shared) == (0, passages.shared + passages.furniture)


def test_bands_that_hit_are_named(corpus: Path) -> None:
    told = explanation(corpus, "text.txt", "upper.txt", SMALL)
    bands, rows = match.banding(SMALL.threshold, SMALL.band_recall, SMALL.permutations)
    assert told.channels[0].bands == tuple(range(bands))
    assert told.meeting_chance == 1.0
    assert meeting.chance(0.5, SMALL) == pytest.approx(1 - (1 - 0.5**rows) ** bands)
    assert explanation(corpus, "text.txt", "signs.txt", SMALL).channels[0].of_b == 0


def test_texts_shorter_than_a_shingle_are_one_shingle(corpus: Path) -> None:
    told = explanation(corpus, "short.txt", "short too.txt", SMALL)
    (passages,) = (one for one in told.channels if one.name == "passages")
    assert (passages.shared, passages.of_a, passages.of_b, passages.needed) == (1, 1, 1, 1)
    assert told.pair
    assert told.pair.relation == "exact"


def test_a_crowd_that_kept_two_apart_is_told(tmp_path: Path) -> None:
    crowd = {f"{at:02}.txt": article(5, 8) + f"Number {at}." for at in range(8)}
    config = replace(SMALL, bucket_documents_max=3, passage_documents_all=2, drop_coverage_min=1.0)
    told = explanation(written(tmp_path, crowd), "03.txt", "05.txt", config)
    assert not told.was_candidate
    assert any(one.is_enough for one in told.channels)
    assert told.findings.capped
    text = plain(told)
    assert "They share enough, but with too many other documents" in text
    assert "held too many documents for all pairs" in text


def test_a_member_that_only_its_cluster_brought_to_the_kept_one_is_told(tmp_path: Path) -> None:
    crowd = {f"{at:02}.txt": article(5, 8) + f"Number {at}." for at in range(8)}
    crowd["04.txt"] += "And some more words at the end of the longest."
    config = replace(SMALL, bucket_documents_max=3, passage_documents_all=2)
    told = explanation(written(tmp_path, crowd), "04.txt", "05.txt", config)
    assert not told.was_candidate
    assert told.was_compared
    assert "compared them when it made clusters" in plain(told)
    assert told.findings.clusters[0].canonical == "04.txt"


# --- both ways -------------------------------------------------------------------------------------------------


def mirrored(figures: Mapping[str, float]) -> dict[str, float]:
    sides = {"_a": "_b", "_b": "_a"}
    return {name[:-2] + sides[name[-2:]] if name[-2:] in sides else name: value for name, value in figures.items()}


@pytest.mark.parametrize("other", ["spun.txt", "scan.txt", "half.txt", "upper.txt", "quoting.txt", "other.txt"])
def test_which_is_named_first_changes_sides_and_nothing_else(corpus: Path, other: str) -> None:
    one, two = explanation(corpus, "text.txt", other, SMALL), explanation(corpus, other, "text.txt", SMALL)
    assert mirrored(one.figures) == two.figures
    assert one.steps == two.steps
    assert one.passages[:, [2, 3, 0, 1, 4]].tolist() == two.passages.tolist()
    assert sorted((b, a, often) for a, b, often in one.replaced) == sorted(two.replaced)
    assert one.direction.log_odds == pytest.approx(-two.direction.log_odds)
    assert one.direction.undecided == two.direction.undecided
    assert one.rounds == two.rounds
    assert [(each.name, each.shared, each.of_a, each.of_b) for each in one.channels] == [
        (each.name, each.shared, each.of_b, each.of_a) for each in two.channels
    ]


def test_a_large_corpus_is_explained_as_a_small_one(corpus: Path) -> None:
    for a, b in (("spun.txt", "text.txt"), ("half.txt", "text.txt"), ("honey.txt", "quoting.txt")):
        small, bulk = explanation(corpus, a, b, SMALL), explanation(corpus, a, b, BULK)
        for name in ("channels", "figures", "replaced", "steps", "pair", "direction", "texts"):
            assert getattr(small, name) == getattr(bulk, name), name
        joined = [sorted((member.id, member.joins) for member in one.members) for one in small.rounds]
        assert joined == [sorted((member.id, member.joins) for member in one.members) for one in bulk.rounds]
    twin = explanation(corpus, "half.txt", "upper.txt", BULK)
    assert not twin.was_candidate
    assert "or another document of the very same words stands for one of them" in plain(twin)
    short = explanation(corpus, "short.txt", "short too.txt", BULK)
    assert [one.shared for one in short.channels][2] == 1


_words = st.sampled_from("abcde")


@settings(max_examples=60)
@given(st.lists(st.lists(_words, max_size=9), min_size=1, max_size=6), st.integers(1, 6))
def test_counting_is_what_sets_give(texts: list[list[str]], width: int) -> None:
    code = {word: np.uint64(at) for at, word in enumerate("abcde")}
    hashes = np.array([code[word] for text in texts for word in text], np.uint64)
    counts = np.array([len(text) for text in texts], np.int64)
    wanted = np.arange(5, dtype=np.uint64)
    found = np.zeros(5, np.int64)
    meeting._count(hashes, np.repeat(np.arange(len(texts)), counts), wanted, found)
    assert found.tolist() == [sum(word in text for text in texts) for word in "abcde"]
    config = replace(SMALL, shingle_length_tokens=3)
    keys, documents = meeting._shingles(hashes, counts, min(width, 3), config)
    told = [(at, start) for at, text in enumerate(texts) for start in range(len(text) - min(width, 3) + 1)
            if width >= 3 or len(text) == width]  # fmt: skip
    assert documents.tolist() == [at for at, _ in told]
    slices = [tuple(texts[at][start : start + min(width, 3)]) for at, start in told]
    assert len(set(keys.tolist())) == len(set(slices))


# --- what they are to each other -------------------------------------------------------------------------------

CASES = {
    "exact": ("text.txt", "upper.txt", "the same text but for case"),
    "spun": ("text.txt", "spun.txt", "words of one were replaced throughout"),
    "damaged": ("text.txt", "scan.txt", "letters of one are garbled"),
    "excerpt": ("half.txt", "text.txt", "a part of the longer"),
    "reuse": ("honey.txt", "quoting.txt", "share passages, but are no copies"),
}


@pytest.mark.parametrize("relation", CASES)
def test_the_last_step_is_the_rule_that_decided(corpus: Path, relation: str) -> None:
    a, b, meaning = CASES[relation]
    told = explanation(corpus, a, b, SMALL)
    assert told.pair
    assert told.pair.relation == relation
    assert meaning in plain(told)
    *before, last = told.steps
    assert not any(step.holds for step in before)
    assert last.holds == (relation != "reuse")
    assert last.relation == (relation if last.holds else None)
    for step in told.steps:
        assert step.holds == all(one.holds for one in step.asked)
        for one in step.asked:
            wanted = {"=": one.value == one.limit, "!=": one.value != one.limit, ">=": one.value >= one.limit,
                      "<=": one.value <= one.limit, "<": one.value < one.limit}  # fmt: skip
            assert one.holds == wanted[one.sign]


def test_near_and_nothing_are_told_too(tmp_path: Path) -> None:
    texts = {"a.txt": article(3, 24), "b.txt": article(3, 24).replace("old", "aged", 1), "c.txt": article(4, 6)}
    written(tmp_path, texts)
    near = explanation(tmp_path, "a.txt", "b.txt", SMALL)
    assert near.pair
    assert near.pair.relation == "near"
    assert "lightly edited" in plain(near)
    nothing = explanation(tmp_path, "a.txt", "c.txt", SMALL)
    assert nothing.pair is None
    assert nothing.steps[-1].holds
    assert nothing.steps[-1].relation is None
    assert "share nothing worth telling" in plain(nothing)


def test_the_pair_is_that_of_the_scan(corpus: Path) -> None:
    for one in pipeline.find_duplicates(corpus, SMALL).pairs:
        told = explanation(corpus, one.a, one.b, SMALL).pair
        assert told
        evidence = {name: value for name, value in one.evidence.items() if name != "shared_keys"}
        assert replace(one, evidence=evidence) == told


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("text.txt", "upper.txt", "their words are the same"),
        ("text.txt", "half.txt", "no word is replaced by another"),
        ("text.txt", "spun.txt", ""),
    ],
)
def test_why_neither_is_called_the_cleaner(corpus: Path, a: str, b: str, why: str) -> None:
    told = explanation(corpus, a, b, SMALL)
    assert told.direction.undecided == why
    assert (f"Neither is called the cleaner: {why}" in plain(told)) == bool(why)


@pytest.mark.parametrize(
    ("text", "changes", "why"),
    [
        (article(9, 24), {"the old baker": "the old Baker Smith", "near": "near 7"}, "names and numbers"),
        ("Der alte Müller ging über die lange Brücke und sah dort viele Enten im kalten Wasser schwimmen. " * 3,
         {"alte": "betagte", "lange": "weite"}, "do not know these words"),
    ],
)  # fmt: skip
def test_what_differs_may_tell_nothing(tmp_path: Path, text: str, changes: dict[str, str], why: str) -> None:
    other = text
    for plain_word, changed in changes.items():
        other = other.replace(plain_word, changed)
    if "numbers" in why:
        other = "".join(str((int(one) + 3) % 10) if one.isdigit() else one for one in text)
    told = explanation(written(tmp_path, {"a.txt": text, "b.txt": other}), "a.txt", "b.txt", SMALL)
    assert why in told.direction.undecided


# --- which is kept ---------------------------------------------------------------------------------------------


def test_rounds_end_in_the_clusters_of_the_scan(corpus: Path) -> None:
    found = pipeline.find_duplicates(corpus, SMALL)
    kept = found.clusters.kept()
    for a, b in (("spun.txt", "half.txt"), ("text.txt", "honey.txt")):
        told = explanation(corpus, a, b, SMALL)
        for one in told.rounds:
            canonical = one.members[0]
            assert canonical.joins
            assert one.linked == len(one.members)
            order = [(-member.standing, -member.words, member.id) for member in one.members]
            assert order == sorted(order)
            joined = {member.id for member in one.members if member.joins}
            group = {name for name, to in zip(found.corpus.ids, kept.tolist(), strict=True)
                     if found.corpus.ids[to] == canonical.id}  # fmt: skip
            assert joined == group
            assert all(member.relation in MERGING for member in one.members if member.joins and member != canonical)
        assert "spun.txt" in {member.id for one in told.rounds for member in one.members}


def test_a_chain_is_told_round_by_round(tmp_path: Path) -> None:
    from random import Random

    lines = [sentence(Random(at)) for at in range(60)]
    texts = {f"{at}.txt": " ".join(lines[3 * at : 3 * at + 24]) for at in range(7)}
    written(tmp_path, texts)
    told = explanation(tmp_path, "0.txt", "6.txt", SMALL)
    assert told.findings.clusters
    assert len(told.rounds) > 1
    first = told.rounds[0]
    assert first.linked == 7
    stayed = [member for member in first.members if not member.joins]
    assert stayed
    assert all(member.relation in (None, "reuse") for member in stayed)
    assert "stay" in plain(told)
    assert "is kept: of the highest standing" in plain(told)


def test_a_copy_that_has_too_much_of_its_own_stays_and_says_so(tmp_path: Path) -> None:
    whole = article(31, 30)
    half = whole[: whole.index("\n\n", len(whole) // 2)]
    written(tmp_path, {"whole.txt": spun(whole), "half.txt": half})
    told = explanation(tmp_path, "half.txt", "whole.txt", SMALL)
    assert told.pair
    assert told.pair.relation in MERGING
    (only,) = told.rounds
    assert [(member.id, member.joins) for member in only.members] == [("half.txt", True), ("whole.txt", False)]
    assert only.members[1].covered < SMALL.drop_coverage_min
    assert "A stays" in plain(told)
    assert "stay B whole.txt" in plain(told)


def test_many_linked_documents_are_counted_and_the_two_are_among_those_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dedup import explain

    monkeypatch.setattr(explain, "MEMBERS_TOLD", 3)
    monkeypatch.setattr(concluded, "MEMBERS_SHOWN", 2)
    written(tmp_path, {f"{at}.txt": article(3, 12) for at in range(9)})
    told = explanation(tmp_path, "7.txt", "8.txt", SMALL)
    assert told.rounds[0].linked == 9
    assert [member.id for member in told.rounds[0].members] == ["0.txt", "1.txt", "2.txt", "7.txt", "8.txt"]
    assert "and 5 more" in plain(told)
    assert "0.txt is kept: of the highest standing (+0.00) and the same length it is the first by id." in plain(told)


# --- ids -------------------------------------------------------------------------------------------------------


def test_an_id_that_is_not_there_names_the_nearest(corpus: Path) -> None:
    with pytest.raises(DedupError, match=r"spunn\.txt: is the id of no document in the source; name .*\bspun\.txt"):
        explanation(corpus, "text.txt", "spunn.txt", SMALL)


def shared_beginnings(ids: Sequence[str]) -> list[str]:
    """The first letters of ids that two and more have."""
    firsts = [name[:1] for name in ids]
    return sorted({first for first in firsts if firsts.count(first) > 1 and first not in ids})


@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
def test_every_id_finds_its_document(corpus: Path, config: Config) -> None:
    found = pipeline.find_duplicates(corpus, config)
    assert [number(found, name) for name in found.corpus.ids] == list(range(len(TEXTS)))
    for name in ("", "zzz", "text.txt ", *shared_beginnings(found.corpus.ids)):
        with pytest.raises(DedupError):
            number(found, name)


def test_a_missing_id_among_documents_that_could_not_be_read_says_so(tmp_path: Path) -> None:
    written(tmp_path, {"good.txt": article(1, 4), "void.txt": ""})
    with pytest.raises(DedupError, match=r"what could not be read \(1\) is listed by `dedup scan`"):
        explanation(tmp_path, "good.txt", "void.txt", SMALL)


def test_no_documents_at_all_are_told(tmp_path: Path) -> None:
    with pytest.raises(DedupError, match="name a source with documents in it"):
        explanation(tmp_path, "a", "b", SMALL)


def test_a_document_is_not_explained_beside_itself(corpus: Path) -> None:
    with pytest.raises(DedupError, match="is one document, not two"):
        explanation(corpus, "text.txt", "text.txt", SMALL)


def test_what_was_unpacked_is_removed_when_an_id_is_not_there(tmp_path: Path, temporary: Path) -> None:
    lines = "".join(
        json.dumps({"id": name, "text": text}) + "\n" for name, text in TEXTS.items() if name != "signs.txt"
    )
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    with pytest.raises(DedupError):
        explanation(tmp_path / "rows.jsonl.gz", "text.txt", "nothing", SMALL)
    assert list(temporary.iterdir()) == []
    told = explanation(tmp_path / "rows.jsonl.gz", "text.txt", "spun.txt", SMALL)
    with told.findings:
        assert told.pair


# --- the command -----------------------------------------------------------------------------------------------


def test_the_seeds_are_explained() -> None:
    result = run(ROOT / "seeds", COPY, ORIGINAL)
    assert (result.exit_code, result.stderr) == (0, "")
    text = " ".join(result.stdout.split())
    assert "A is dropped: it gives way to B. B is kept, for 1 copy of it." in text
    assert "navy → military" in text
    assert "B has the original readings: over 99.9 % sure, 78.5 % asked." in text
    assert "keep B 004_d28315a60f4f15ab.txt: standing +1.00, 3,321 words" in text


def test_records_are_those_of_the_contract_in_order() -> None:
    result = run(ROOT / "seeds", COPY, ORIGINAL, "--format", "jsonl")
    found = records(result)
    kinds = list(dict.fromkeys(record["record"] for record in found))
    assert kinds == [
        "document",
        "channel",
        "comparison",
        "substitution",
        "rule",
        "pair",
        "direction",
        "round",
        "summary",
    ]
    documents = [record for record in found if record["record"] == "document"]
    assert [(one["id"], one["status"], one["canonical"]) for one in documents] == [
        (COPY, "duplicate", ORIGINAL), (ORIGINAL, "canonical", ORIGINAL),
    ]  # fmt: skip
    assert [one["channel"] for one in found if one["record"] == "channel"] == ["bands", "terms", "passages"]
    (comparison,) = (one for one in found if one["record"] == "comparison")
    assert comparison["figures"]["substitutions"] == sum(
        min(len(one["a"].split()), len(one["b"].split())) * one["count"]
        for one in found if one["record"] == "substitution"
    )  # fmt: skip
    assert found[-1] == {
        "record": "summary", "a": COPY, "b": ORIGINAL, "relation": "spun", "candidate": True, "compared": True,
        "capped_buckets": {}, "unreadable": [],
    }  # fmt: skip


def test_two_that_share_nothing_have_no_pair_record() -> None:
    found = records(run(ROOT / "seeds", "001_e8b918bc01cafc59.txt", "003_128721682dc57924.txt", "--format", "jsonl"))
    assert "pair" not in {record["record"] for record in found}
    assert found[-1]["relation"] is None
    assert found[-2]["record"] == "direction"
    assert found[-2]["cleaner"] is None


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("case", ["ocr-noise", "mojibake", "excerpt", "reused-paragraph", "rewrapped"])
def test_nothing_is_wider_than_the_terminal(case: str, width: int) -> None:
    folder = REAL / case / "documents"
    a, b, *_ = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    found = explanation(folder, a, b)
    assert max(map(len, printed(found, width).splitlines())) <= width


def test_a_pair_met_by_a_sample_and_of_many_passages_is_told(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "PASSAGES_SHOWN", 0)
    told = explanation(corpus, "text.txt", "spun.txt", SMALL)
    assert "and 1 more (--format jsonl lists all)" in plain(told)
    few = tuple(replace(one, shared=0) for one in told.channels)
    assert "met them by that" in plain(replace(told, channels=few))


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    text = article(2, 8)
    written(tmp_path, {"a\x1b[31m.txt": text, "b.txt": text.replace("the", "th\x1be\u202e", 3) + "\x07"})
    told = explanation(tmp_path, "a\x1b[31m.txt", "b.txt", SMALL)
    assert not set(printed(told)) & set("\x1b\x07\u202e")


def test_output_goes_to_a_file_and_never_into_the_source(tmp_path: Path, corpus: Path) -> None:
    result = run(corpus, "text.txt", "spun.txt", "-o", tmp_path / "why.txt")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Which is kept" in (tmp_path / "why.txt").read_text(encoding="utf-8")
    result = run(corpus, "text.txt", "spun.txt", "-o", corpus / "why.txt")
    assert result.exit_code == 1
    assert "lies within the source" in result.stderr
    assert not (corpus / "why.txt").exists()


def test_unreadable_documents_end_the_command_with_1_and_are_listed(tmp_path: Path) -> None:
    written(tmp_path, {"a.txt": article(1, 8), "b.txt": article(1, 8), "void.txt": ""})
    result = run(tmp_path, "a.txt", "b.txt", "--format", "jsonl")
    assert result.exit_code == 1
    assert "void.txt: is empty" in result.stderr
    assert [one["problem"] for one in records(result)[-1]["unreadable"]] == ["is empty"]


def test_an_unknown_id_ends_the_command_with_1_and_one_line(corpus: Path) -> None:
    result = run(corpus, "text.txt", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: nobody: is the id of no document in the source; name one that there is")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["seeds"],
        ["seeds", "a"],
        ["seeds", "a", "b", "c"],
        ["seeds", "a", "b", "--threshold", "2"],
        ["seeds", "a", "b", "--format", "xml"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_help_ends_with_an_example() -> None:
    assert "Example:  dedup explain seeds 002 004" in run("--help").stdout


def test_the_beginning_of_an_id_is_enough_if_no_other_has_it(tmp_path: Path) -> None:
    for name in ("alpha.txt", "alpine.txt", "alp", "beta.txt"):
        (tmp_path / name).write_text(f"a text of its own, named {name}")
    with pipeline.find_duplicates(tmp_path) as found:
        named = [found.corpus.ids[number(found, name)] for name in ("alph", "b", "alp", "alpine.txt")]
        assert named == ["alpha.txt", "beta.txt", "alp", "alpine.txt"]
        for several in ("al", "", "gamma", "alpha.txt2"):
            with pytest.raises(DedupError, match="is the id of no document"):
                number(found, several)
