"""Merge safety: no source loses most of itself unseen, and no chain of copies makes copies of its ends."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from packing import pack
from rows import evidence, in_columns
from strategies import article, sentence, spun

from dedup import clean, cluster, losses, pipeline, read
from dedup.bulk import read as bulk_read
from dedup.bulk import sketch as bulk_sketch
from dedup.cli import main
from dedup.columns import Clusters, Pairs
from dedup.config import Config
from dedup.model import MERGING, Corpus, Loss, Pair, SourceFile
from dedup.report import jsonl, wording

SMALL, BULK = Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0, workers=2)
BOTH = pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
Row = Mapping[str, Any]


def rows_of(sources: Mapping[str, Iterable[int]]) -> list[Row]:
    """Records of articles by their seeds; of one that two sources have, that of the first by name is kept."""
    return [
        {"id": f"{name}-{seed:03}", "text": article(seed, 6), "source": name}
        for name, seeds in sources.items() for seed in seeds
    ]  # fmt: skip


def losing(found: pipeline.Findings) -> dict[str, tuple[int, int]]:
    return {loss.source: (loss.documents, loss.dropped) for loss in found.losing}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


# --- which sources lose too much -------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_sources_that_records_name_are_counted_in_every_form(tmp_path: Path, config: Config, suffix: str) -> None:
    rows = rows_of({"one": range(30), "two": range(12, 32), "three": range(40, 70)})
    path = pack(tmp_path / f"rows{suffix}", Random(3).sample(rows, len(rows)))
    found = pipeline.find_duplicates(path, replace(config, source_loss_max=0.4))
    with found:
        assert losing(found) == {"two": (20, 18)}


@BOTH
def test_a_source_is_the_folder_of_a_text(tmp_path: Path, config: Config) -> None:
    for name, seeds in {"a/first": range(25), "b/second": range(5, 30)}.items():
        (tmp_path / name).mkdir(parents=True)
        for seed in seeds:
            (tmp_path / name / f"{seed}.txt").write_text(article(seed, 6))
    found = pipeline.find_duplicates(tmp_path, config)
    assert losing(found) == {str(tmp_path / "b/second"): (25, 20)}
    dropped = found.clusters.given_way()[:, 1]

    def names(loss_max: float, documents_min: int) -> list[str]:
        limits = replace(config, source_loss_max=loss_max, source_documents_min=documents_min)
        return [loss.source for loss in losses.losing(found.corpus, dropped, str, limits)]

    assert names(0.8, 25) == names(0.5, 26) == []
    assert names(0.79, 25) == [str(tmp_path / "b/second")]


@BOTH
def test_a_record_without_a_source_belongs_to_its_file(tmp_path: Path, config: Config) -> None:
    pack(tmp_path / "1.jsonl", [{"id": f"a{seed:02}", "text": article(seed, 6)} for seed in range(25)])
    rows: list[dict[str, Any]] = [{"id": f"b{seed:02}", "text": article(seed, 6)} for seed in range(22)]
    named = [{"id": f"c{seed:02}", "text": article(seed, 6), "source": "named"} for seed in range(21)]
    pack(tmp_path / "2.jsonl", [*rows, *named])
    found = pipeline.find_duplicates(tmp_path, config)
    assert losing(found) == {str(tmp_path / "2.jsonl"): (22, 22), "named": (21, 21)}
    assert [loss.dropped for loss in found.losing] == [22, 21]


@pytest.mark.parametrize("value", [7, {"url": "x"}, ["x"], True, None, ""])
@BOTH
def test_a_source_that_is_no_text_counts_as_none(tmp_path: Path, config: Config, value: object) -> None:
    rows = [
        {"id": f"{side}{seed:02}", "text": article(seed, 6), "source": value} for side in "ab" for seed in range(25)
    ]
    path = pack(tmp_path / "rows.jsonl", rows)
    found = pipeline.find_duplicates(path, replace(config, source_loss_max=0.4))
    assert losing(found) == {str(path): (50, 25)}


@pytest.mark.parametrize("value", [7, {"url": "x"}])
def test_in_bulk_other_sources_do_not_slow_a_partition_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    rows = [{"id": str(seed), "text": article(seed, 6), "source": value} for seed in range(5)]
    (part,) = bulk_read.partitions([_file(pack(tmp_path / "rows.jsonl", rows))])
    monkeypatch.setattr(read, "rows", None)
    texts = bulk_read.texts(part, BULK)
    assert texts.ids == list("01234")
    assert texts.origins is None


def _file(path: Path) -> SourceFile:
    return SourceFile(path, path.name, path.stat().st_size, "lines")


def test_each_source_of_a_partition_is_hashed_once_and_none_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    origin = losses.origin
    monkeypatch.setattr(losses, "origin", lambda source: asked.append(source) or origin(source))
    text = article(1, 6) + ' He said "source" twice, and "source": again.'
    bare = [{"id": f"{at}", "text": text} for at in range(4)]
    named = [{**row, "source": source} for row, source in zip(bare, ("web", "news", "web", None), strict=True)]
    (part,) = bulk_read.partitions([_file(pack(tmp_path / "bare.jsonl", bare))])
    assert bulk_read.texts(part, BULK).origins is None
    assert asked == []
    (part,) = bulk_read.partitions([_file(pack(tmp_path / "named.jsonl", named))])
    told = bulk_read.texts(part, BULK).origins
    assert asked == ["web", "news"]
    assert told is not None
    assert told.tolist() == [origin("web"), origin("news"), origin("web"), 0]


def test_partitions_with_and_without_sources_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_read, "PARTITION_BYTES", 3000)
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", 1 << 20)
    rows = [{"id": f"{at * 7919 % 1000:03}", "text": article(at, 6)} for at in range(60)]
    rows = [{**row, "source": f"s{at % 3}"} if 20 <= at < 40 else row for at, row in enumerate(rows)]
    path = pack(tmp_path / "rows.jsonl", rows)
    small, bulk = (pipeline.find_duplicates(path, config) for config in (SMALL, BULK))
    assert small.corpus.origins is not None
    assert bulk.corpus.origins is not None
    assert bulk.corpus.origins.tolist() == small.corpus.origins.tolist()
    wanted = {row["id"]: losses.origin(row.get("source", "")) for row in rows}
    assert small.corpus.origins.tolist() == [wanted[name] for name in small.corpus.ids]


@given(st.lists(st.text(max_size=6), max_size=30))
def test_origins_tell_sources_apart_and_none_is_0(sources: list[str]) -> None:
    numbers = {source: losses.origin(source) for source in sources}
    assert len(set(numbers.values())) == len(numbers)
    assert all((number == 0) == (not source) for source, number in numbers.items())
    assert all(0 <= number < 1 << 64 for number in numbers.values())


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["", "", "web", "news", "wiki"])), max_size=40),
    st.randoms(use_true_random=False),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.integers(1, 8),
)
def test_losses_are_those_that_dictionaries_give(
    rows: list[tuple[int, str]], chance: Random, loss_max: float, documents_min: int
) -> None:
    files = [SourceFile(Path(f"in/{at % 2}/{at}.txt"), str(at), 1) for at in range(4)]
    files += [SourceFile(Path(f"in/{at}.jsonl"), str(at), 1, "lines") for at in range(2)]
    rows = [(file, source if files[file].holds_records else "") for file, source in rows]
    size = len(rows)
    nothing = np.zeros(size, np.int64)
    corpus = Corpus(
        [str(at) for at in range(size)], nothing, files, np.array([file for file, _ in rows], np.int64), nothing,
        nothing, {}, origins=np.array([losses.origin(source) for _, source in rows], np.uint64),
    )  # fmt: skip
    dropped = sorted(chance.sample(range(size), chance.randint(0, size)))
    names = [source or (str(files[at].path) if files[at].holds_records else f"in/{at % 2}") for at, source in rows]
    had, lost = Counter(names), Counter(names[at] for at in dropped)
    wanted = [Loss(name, had[name], lost[name]) for name in had
              if had[name] >= documents_min and lost[name] / had[name] > loss_max]  # fmt: skip
    config = replace(SMALL, source_loss_max=loss_max, source_documents_min=documents_min)
    found = losses.losing(corpus, np.array(dropped, np.int64), lambda at: rows[at][1], config)
    assert list(found) == sorted(wanted, key=lambda loss: (-loss.dropped, loss.source))
    without = losses.losing(replace(corpus, origins=None), np.array(dropped, np.int64), lambda at: "", config)
    if not any(source for _, source in rows):
        assert without == found


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_the_share_has_a_range(value: float) -> None:
    with pytest.raises(ValueError, match="source_loss_max"):
        Config(source_loss_max=value)
    with pytest.raises(ValueError, match="source_documents_min"):
        Config(source_documents_min=0)


# --- and it is said --------------------------------------------------------------------------------------------


@pytest.fixture
def lossy(tmp_path: Path) -> Path:
    """A folder of which one source loses 20 of 25 documents."""
    rows = [{"id": f"{name}{seed:02}", "text": article(seed, 6), "source": name}
            for name, seeds in (("archive", range(40)), ("mirror\x1b", range(20, 45))) for seed in seeds]  # fmt: skip
    return pack(tmp_path / "in" / "rows.jsonl", rows).parent


LOST = {"source": "mirror\x1b", "documents": 25, "dropped": 20, "share": 0.8}
TOLD = "mirror� loses 20 of its 25 documents (80%); look at its clusters before you drop them"


def test_a_scan_warns_in_the_report_and_on_stderr(lossy: Path) -> None:
    result = run("scan", lossy)
    assert result.exit_code == 0
    assert TOLD in " ".join(result.stdout.split())
    assert result.stderr == f"warning: {TOLD}\n"


def test_the_records_of_a_scan_have_it_and_stderr_too(lossy: Path) -> None:
    result = run("scan", lossy, "--format", "jsonl")
    assert json.loads(result.stdout.splitlines()[-1])["losing_sources"] == [LOST]
    assert result.stderr == f"warning: {TOLD}\n"


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_clean_warns_too(lossy: Path, tmp_path: Path, form: str) -> None:
    result = run("clean", lossy, "-o", tmp_path / "out", "--format", form)
    assert result.exit_code == 0
    assert result.stderr == f"warning: {TOLD}\n"
    if form == "jsonl":
        assert json.loads(result.stdout)["losing_sources"] == [LOST]


def test_a_corpus_that_loses_little_says_nothing(tmp_path: Path) -> None:
    rows = rows_of({"one": range(30), "two": range(29, 59)})
    result = run("scan", pack(tmp_path / "rows.jsonl", rows), "--format", "jsonl")
    assert json.loads(result.stdout.splitlines()[-1])["losing_sources"] == []
    assert result.stderr == ""


def test_of_many_sources_the_first_are_named_and_the_others_counted() -> None:
    many = [Loss(f"source {at}", 100, 90) for at in range(wording.LOSSES_SHOWN + 2)]
    lines = list(wording.losses(many))
    assert len(lines) == wording.LOSSES_SHOWN + 1
    assert lines[-1] == "and 2 more sources lose as much (--format jsonl lists all)"
    assert list(wording.losses(many[:-1]))[-1].startswith("and 1 more source loses")
    assert list(wording.losses(())) == []


def test_shares_are_rounded_in_the_records() -> None:
    assert jsonl.loss_record(Loss("a", 3, 2)) == {"source": "a", "documents": 3, "dropped": 2, "share": 0.666667}


# --- no chains -------------------------------------------------------------------------------------------------

_NAMES = "abcdefghijkl"
_EDGES = [(a, b) for a in _NAMES for b in _NAMES if a < b]
_CHAIN = list(pairwise(_NAMES))


def _pair(a: str, b: str) -> Pair:
    return Pair(a, b, "near", 0.8, 0.9, 0.9, None, 0.5, 1, evidence(coverage_a=0.9, coverage_b=0.9))


def _clustered(copies: Sequence[tuple[str, str]], met: Sequence[tuple[str, str]], words: Sequence[int]) -> Clusters:
    """The clusters of documents of which `copies` are copies, and some of these met in the scan."""
    true = set(copies)

    def verify(asked: NDArray[np.int64]) -> Pairs:
        both = [(_NAMES[a], _NAMES[b]) for a, b in asked.tolist()]
        return in_columns(_NAMES, [_pair(*one) for one in both if one in true])

    found, _ = cluster.clusters(in_columns(_NAMES, [_pair(*one) for one in met]), np.array(words), verify, 0.8)
    return found


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(_EDGES), max_size=30, unique=True),
    st.lists(st.integers(98, 102), min_size=len(_NAMES), max_size=len(_NAMES)),
    st.randoms(use_true_random=False),
)
@example(_CHAIN, [100] * len(_NAMES), Random(1))
def test_every_dropped_document_is_a_copy_of_one_that_is_kept(
    copies: list[tuple[str, str]], words: list[int], chance: Random
) -> None:
    met = chance.sample(copies, chance.randint(0, len(copies)))
    found = _clustered(copies, met, words)
    kept, dropped = {group.canonical for group in found}, set()
    for group in found:
        others = set(group.members) - {group.canonical}
        assert all(tuple(sorted((group.canonical, one))) in copies for one in others)
        assert not dropped & others
        dropped |= others
    assert not kept & dropped


@pytest.mark.parametrize("turned", [False, True])
@given(words=st.lists(st.integers(90, 110), min_size=len(_NAMES), max_size=len(_NAMES)))
def test_a_chain_of_neighbours_makes_no_cluster_wider_than_three(turned: bool, words: list[int]) -> None:
    chain = _CHAIN[::-1] if turned else _CHAIN
    for group in _clustered(chain, chain, words):
        at = [_NAMES.index(name) for name in group.members]
        assert max(at) - min(at) <= 2
        assert abs(_NAMES.index(group.canonical) - min(at)) <= 1


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = [word for word, _, _ in clean.words(text)]
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def _resemblance(a: str, b: str) -> float:
    one, other = _shingles(a), _shingles(b)
    return len(one & other) / len(one | other)


@BOTH
@pytest.mark.parametrize("step", [1, 2, 3])
def test_texts_that_slide_along_are_no_copies_of_each_other_end_to_end(
    tmp_path: Path, config: Config, step: int
) -> None:
    lines = [sentence(Random(at)) for at in range(100)]
    texts = {f"{at:02}": " ".join(lines[step * at : step * at + 24]) for at in range(20)}
    path = pack(tmp_path / "rows.jsonl", [{"id": name, "text": text} for name, text in texts.items()])
    found = pipeline.find_duplicates(path, config)
    known = {frozenset((one.a, one.b)): one for one in found.pairs}
    groups: dict[str, list[str]] = defaultdict(list)
    for group in found.clusters:
        for name in set(group.members) - {group.canonical}:
            groups[group.canonical].append(name)
            pair = known[frozenset((name, group.canonical))]
            assert pair.relation == "near"
            assert pair.relation in MERGING
            assert _resemblance(texts[name], texts[group.canonical]) >= config.threshold
    assert len(groups) > 1, "the chain is one cluster"
    assert sum(map(len, groups.values())) > len(groups)


@BOTH
def test_a_chain_of_ever_more_spinning_is_cut_where_the_words_are_others(tmp_path: Path, config: Config) -> None:
    text = article(3, 20)
    texts = {f"{at}": spun(text, 1, at / 5) for at in range(6)}
    other = {f"x{at}": spun(article(4 + at, 20), 1, 0.5) for at in range(3)}
    path = pack(tmp_path / "rows.jsonl", [{"id": name, "text": one} for name, one in {**texts, **other}.items()])
    found = pipeline.find_duplicates(path, config)
    known = {frozenset((one.a, one.b)): one for one in found.pairs}
    assert found.clusters
    for group in found.clusters:
        assert set(group.members) <= set(texts)
        for name in set(group.members) - {group.canonical}:
            pair = known[frozenset((name, group.canonical))]
            side = "coverage_a" if pair.a == name else "coverage_b"
            covered = pair.evidence[side]
            assert isinstance(covered, float)
            assert pair.relation in ("exact", "near") or covered >= config.drop_coverage_min
