"""Matching finds what a slow search finds, whatever memory, workers and partitions there are, and costs what it may."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference import selected_terms, shared_term_pairs
from strategies import PARAGRAPHS, article, spun

from dedup import clean, match, pipeline, sketch
from dedup.bulk import codes, held, terms
from dedup.bulk import match as bulk_match
from dedup.bulk import read as bulk_read
from dedup.bulk import sketch as bulk_sketch
from dedup.bulk.held import Held
from dedup.config import Config
from dedup.engines import kept
from dedup.engines.local import Threads
from dedup.engines.store import HELD_SHARE, Store
from dedup.kernels import join, partners, postings

BULK = Config(bulk_bytes_min=0, workers=1)
SMALL_LIMITS = replace(
    BULK,
    bucket_documents_max=3,
    term_documents_max=9,
    term_count=4,
    terms_shared_min=2,
    passage_documents_all=2,
    key_documents_max=4,
)
BUDGET, BUDGET_SINGLE, PARTNERS = 14, 5, 3
KEYS = [0, 1, (1 << 28) - 1, 1 << 28, 1 << 31, *((number << 28) + 7 for number in range(3, 9)), (1 << 32) - 1]
"""Terms, some of them the first and last of their ranges."""
SHINGLES = [4, (1 << 64) - 4, 1 << 58, (1 << 58) - 4, *(number << 60 for number in range(1, 9))]
"""Hashes of shingles, the same of ranges; some differ in the lowest bits that make their keys."""


@dataclass(frozen=True, slots=True)
class Sketched:
    """A document as matching sees it; left_out: not in the corpus."""

    digest: int
    bands: tuple[int, int]
    terms: tuple[int, ...]
    left_out: bool
    shingles: tuple[int, ...] = ()


_documents = st.lists(
    st.builds(
        Sketched,
        st.sampled_from([0, 5, 6, 1 << 63, *range(100, 130)]),
        st.tuples(st.sampled_from([0, 1, (1 << 32) - 1]), st.sampled_from([0, 7, 1 << 31])),
        st.lists(st.sampled_from(KEYS), unique=True, max_size=8).map(tuple),
        st.sampled_from([False, False, False, True]),
        st.lists(st.sampled_from(SHINGLES), max_size=6).map(tuple),
    ),
    max_size=24,
)


def columns(documents: Sequence[Sketched]) -> bulk_sketch.Columns:
    width = max((len(one.terms) for one in documents), default=0) + 1
    rows = np.zeros((len(documents), width), np.uint32)
    for row, one in zip(rows, documents, strict=True):
        row[: len(one.terms)] = one.terms
    counts = np.array([len(one.terms) for one in documents], np.int64)
    return bulk_sketch.Columns(
        np.ones(len(documents), np.int32),
        np.array([one.digest for one in documents], np.uint64),
        np.array([one.bands for one in documents], np.uint32).reshape(-1, 2).T.copy(),
        *bulk_sketch._divided(rows, counts),
        *bulk_sketch._cut(
            np.array([shingle for one in documents for shingle in one.shingles], np.uint64),
            np.array([len(one.shingles) for one in documents], np.int64),
        ),
    )


def numbered(documents: Sequence[Sketched], order: Sequence[int]) -> NDArray[np.uint32]:
    """Numbers in the given order of the documents that are not left out."""
    numbers = np.full(len(documents), join.NONE, np.uint32)
    kept = [one for one in order if not documents[one].left_out]
    numbers[kept] = np.arange(len(kept))
    return numbers


Found = tuple[list[tuple[int, int]], dict[str, int], int]


@pytest.fixture(scope="module", autouse=True)
def small_limits() -> Iterator[None]:
    """Limits so low that a few documents reach them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "JOIN_BUDGET_DOCUMENTS", BUDGET)
        patch.setattr(terms, "JOIN_BUDGET_PARTNERS", BUDGET_SINGLE)
        patch.setattr(terms, "JOIN_PARTNERS_MAX", PARTNERS)
        patch.setattr(terms, "WALKS_MAX", 0)
        patch.setattr(bulk_match, "DIGESTS_AT_A_TIME", 5)
        patch.setattr(codes, "CODES_MERGED", 10)
        patch.setattr(codes, "SAMPLED", 4)
        yield


def engine(store: Store, workers: int) -> Threads:
    """An engine of threads on that store."""
    threads = Threads(workers, 0)
    threads.columns = store
    return threads


def found(documents: Sequence[Sketched], numbers: NDArray[np.uint32], cuts: Sequence[int], words: int) -> Found:
    """What matching gives for partitions that end at `cuts`, `words` sorted at a time (0: all), columns in a file."""
    bounds = [0, *sorted(cuts), len(documents)]
    with pytest.MonkeyPatch.context() as patch, Store(0 if words else 1 << 20) as store:
        if words:
            patch.setattr(held, "SORT_SHARE", BULK.memory_bytes // (8 * words))
            patch.setattr(terms, "BLOCK_SHARE", BULK.memory_bytes // (4 * words))
            patch.setattr(codes, "PASS_SHARE", BULK.memory_bytes // (codes.KNOWN_BYTES * words))
        parts = [held.stored(columns(documents[first:last]), store) for first, last in pairwise(bounds)]
        done = bulk_match.candidates(Held(parts, numbers, store), SMALL_LIMITS, engine(store, 1 + words % 2), store)
        assert done.pairs[:].dtype == np.int32
        return [(a, b) for a, b in done.pairs[:].tolist()], done.capped, done.walked


# --- the slow way ----------------------------------------------------------------------------------------------


def slow(documents: Sequence[Sketched], numbers: Sequence[int]) -> Found:
    by_number = {number: one for number, one in zip(numbers, documents, strict=True) if not one.left_out and one.digest}
    first: dict[int, int] = {}
    for number in sorted(by_number):
        first.setdefault(by_number[number].digest, number)
    exact = [(first[one.digest], number) for number, one in by_number.items() if first[one.digest] != number]
    standing = sorted(first.values())
    capped: Counter[str] = Counter()
    pairs: set[tuple[int, int]] = set()
    for band in range(2):
        for key in {by_number[number].bands[band] for number in standing}:
            members = [number for number in standing if by_number[number].bands[band] == key]
            over = len(members) > SMALL_LIMITS.bucket_documents_max
            capped["bands"] += over
            pairs |= {(members[0], other) for other in members[1:]} if over else set(combinations(members, 2))
    joined, crowded, walked = slow_join([set(by_number[number].terms) for number in standing])
    capped["terms"] += crowded
    pairs |= {(standing[a], standing[b]) for a, b in joined}
    by_shingles, capped["passages"] = slow_passages({number: by_number[number].shingles for number in standing})
    pairs |= by_shingles
    return sorted(pairs.union(exact)), {name: count for name, count in capped.items() if count}, walked


def slow_passages(documents: Mapping[int, Sequence[int]]) -> tuple[set[tuple[int, int]], int]:
    """Pairs by their shingles, and how many of these are furniture."""
    shared: Counter[tuple[int, int]] = Counter()
    furniture = 0
    for shingle in {one for own in documents.values() for one in own}:
        holders = sorted(number for number, own in documents.items() if shingle in own)
        if len(holders) > SMALL_LIMITS.key_documents_max:
            furniture += 1
        elif len(holders) > SMALL_LIMITS.passage_documents_all:
            shared.update((holders[0], other) for other in holders[1:])
        else:
            shared.update(combinations(holders, 2))
    least = SMALL_LIMITS.passage_shingles_min // SMALL_LIMITS.passage_sampling
    fewer = {pair: min(len(documents[one]) for one in pair) for pair in shared}
    return {pair for pair, count in shared.items() if count >= max(1, min(least, (fewer[pair] + 1) // 2))}, furniture


def slow_join(documents: Sequence[set[int]]) -> tuple[set[tuple[int, int]], int, int]:
    """Pairs by their terms, documents with too many partners, and documents walked."""
    holders = {term: [at for at, own in enumerate(documents) if term in own] for term in set().union(*documents)}
    useful = {term: own for term, own in holders.items() if 2 <= len(own) <= SMALL_LIMITS.term_documents_max}
    order = sorted(useful, key=lambda term: (len(useful[term]), term))
    limits = SMALL_LIMITS.terms_shared_min, BUDGET, SMALL_LIMITS.term_count
    kept = selected_terms([useful[term] for term in order], len(documents), *limits)
    for at, own in enumerate(documents):
        having = [place for place, term in enumerate(order) if term in own]
        if len(having) <= 2:
            sizes = np.cumsum([len(useful[order[place]]) for place in having])
            kept[at] = having[: int((sizes <= BUDGET_SINGLE).sum())]
    needed = [max(1, min(SMALL_LIMITS.terms_shared_min, (len(own) + 1) // 2)) for own in kept]
    lists = [{at for at, own in enumerate(kept) if place in own} for place in range(len(order))]
    every = shared_term_pairs(lists, needed)
    had = {b: sorted(a for a, other in every if other == b) for b in range(len(documents))}
    pairs = {(a, b) for b, some in had.items() for a in some[:PARTNERS]}
    walked = sum(len(own) * (len(own) - 1) // 2 for own in lists)
    return pairs, sum(len(some) > PARTNERS for some in had.values()), walked


# --- all of matching -------------------------------------------------------------------------------------------


@given(_documents, st.data())
def test_candidates_are_those_of_the_slow_way(documents: list[Sketched], data: st.DataObject) -> None:
    numbers = numbered(documents, data.draw(st.permutations(range(len(documents)))))
    cuts = data.draw(st.lists(st.integers(0, len(documents)), max_size=3))
    told = found(documents, numbers, cuts, data.draw(st.sampled_from([0, 1, 2, 5, 100])))
    assert told == slow(documents, numbers.tolist())


def test_candidates_of_crowds_are_those_of_the_slow_way() -> None:
    crowd = [Sketched(100 + at, (at % 3, 0), tuple(KEYS[at // 9 * 3 :][:3]), False) for at in range(36)]
    numbers = numbered(crowd, range(36))
    expected = slow(crowd, numbers.tolist())
    assert {*expected[1]} == {"bands", "terms"}
    for words in (0, 1, 7, 64):
        assert found(crowd, numbers, [11, 11, 30], words) == expected


@pytest.mark.parametrize("kept_parts", [0.0, 0.5, 1.0])
def test_passes_go_on_where_a_killed_run_stopped_whatever_workers_it_had(tmp_path: Path, kept_parts: float) -> None:
    """Passes end where what earlier ones gave ends: what a killed run kept of them is read, the rest made."""
    crowd = [Sketched(100 + at, (at % 3, 0), tuple(KEYS[at // 9 * 3 :][:3]), False) for at in range(36)]

    def run(workers: int) -> list[list[int]]:
        with Store(0) as store:
            part = held.stored(columns(crowd), store)
            own = kept.Kept(engine(store, workers), tmp_path)
            done = bulk_match.candidates(Held([part], numbered(crowd, range(36)), store), SMALL_LIMITS, own, store)
            return done.pairs[:].tolist()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "PASS_SHARE", BULK.memory_bytes // (codes.KNOWN_BYTES * 8))
        first = run(1)
        assert len(list(tmp_path.glob("bands-*"))) > 1
        files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
        for path in files[round(kept_parts * len(files)) :]:
            path.unlink()
        assert run(3) == first
    pairs, _, _ = slow(crowd, list(range(36)))
    assert [tuple(both) for both in first] == pairs


def test_nothing_gives_nothing() -> None:
    assert found([], np.zeros(0, np.uint32), [], 0) == ([], {}, 0)
    with Store(0) as store:
        nothing = Held([], np.zeros(0, np.uint32), store)
        assert len(bulk_match.candidates(nothing, BULK, engine(store, 1), store).pairs) == 0


@given(st.lists(st.lists(st.integers(0, (1 << 32) - 1), max_size=9), max_size=9), st.sampled_from([9, 300]))
def test_terms_are_cut_by_ranges(documents: list[list[int]], width: int) -> None:
    rows = np.zeros((len(documents), width), np.uint32)
    for row, own in zip(rows, documents, strict=True):
        row[: len(own)] = own
    cut, starts, counts = bulk_sketch._divided(rows, np.array([len(own) for own in documents], np.int64))
    assert counts.dtype == (np.uint8 if width < 256 else np.uint16)
    place = 0
    for number in range(postings.RANGES):
        assert starts[number] == place
        for document, own in enumerate(documents):
            inside = [term for term in own if term >> (32 - postings.RANGE_BITS) == number]
            assert cut[place : place + counts[number, document]].tolist() == inside
            place += len(inside)
    assert place == starts[-1] == len(cut)


def test_a_document_of_many_terms_in_one_range_is_counted_in_two_bytes() -> None:
    rows = np.arange(300, dtype=np.uint32).reshape(1, 300)
    cut, _, counts = bulk_sketch._divided(rows, np.array([300]))
    assert counts[0, 0] == len(cut) == 300


def test_band_keys_are_the_upper_halves_of_those_of_match() -> None:
    texts = [*PARAGRAPHS, article(1), spun(article(1)), "short", "", "…"]
    signatures = [sketch.sketch(clean.tokens(clean.from_text("x", text)), BULK).signature for text in texts]
    keys, members = match._band_buckets(signatures, BULK)
    bands, rows = match.banding(BULK.threshold, BULK.band_recall, BULK.permutations)
    out = np.zeros((bands, len(texts) + 2), np.uint32)
    join.band_keys(np.array(signatures, np.uint32), bands, rows, 1, out)
    worded = sorted(set(members.tolist()))
    assert worded == list(range(len(texts) - 2))
    assert out[:, 1:][:, worded].T.ravel().tolist() == (keys >> np.uint64(32)).tolist()


@given(st.lists(st.lists(st.integers(1, 99), max_size=6), max_size=6))
def test_only_documents_without_words_have_the_digest_0(documents: list[list[int]]) -> None:
    hashes = np.array([word for own in documents for word in own], np.uint64)
    out = np.empty(len(documents), np.uint64)
    join.digests(hashes, np.array([len(own) for own in documents], np.int64), out)
    assert [bool(digest) for digest in out.tolist()] == [bool(own) for own in documents]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), unique=True, max_size=20), st.integers(0, 40))
def test_pairs_of_buckets_are_counted_where_they_do_not_fit(words: list[tuple[int, int]], room: int) -> None:
    packed = np.array([key << 32 | number for key, number in sorted(words)], np.uint64)
    out, told = np.zeros(room, np.uint64), np.zeros(2, np.int64)
    count = join.bucket_pairs(packed, 100, np.array([2, 7]), out, told)
    members = (sorted(number for one, number in words if one == key) for key in range(4))
    expected = [a << 32 | b for own in members for a, b in combinations(own, 2) if 2 <= a < 7]
    assert (count, told[0]) == (len(expected), 0)
    assert out[: min(room, count)].tolist() == expected[:room]


@pytest.mark.parametrize(
    "kernel", ["select_terms", "within", "shared_terms", "pack_terms", "group_terms", "divide_terms"]
)
def test_kernels_refuse_arrays_that_do_not_fit(kernel: str) -> None:
    i64, u32, u64, u8 = (np.zeros(1, kind) for kind in (np.int64, np.uint32, np.uint64, np.uint8))
    table, wide = np.zeros((1, 1), np.uint8), np.full(postings.RANGES + 1, 9, np.int64)
    calls: dict[str, tuple[Any, ...]] = {
        "divide_terms": (u32.reshape(1, 1), np.ones(1, np.int64), u32[:0], wide, table),
        "pack_terms": (u32, np.ones(3, np.uint8), u32, np.zeros(2, np.int64), 0, u64, u64, 0),
        "select_terms": (u32, u32, wide, table, np.zeros(4, np.int64), i64, i64),
        "group_terms": (u64, u64[:0], 0, 0, u32, i64, u32),
        "within": (np.zeros(2, np.int64), u32, np.array([0, 5]), u8, u32, u32, 0),
        "shared_terms": (
            u32, u32, wide, u32, wide, table, u32, np.array([0, 1]), u8, u8, np.zeros(2, np.int64), u64,
            np.zeros(2, np.int64),
        ),
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"fit|block"):
        getattr(partners if kernel in ("within", "shared_terms") else postings, kernel)(*calls[kernel])


# --- what it may cost ------------------------------------------------------------------------------------------


def hostile(count: int) -> list[Sketched]:
    """Documents of which all share all terms with as many as a term may have."""
    most = SMALL_LIMITS.term_documents_max
    return [
        Sketched(100 + at, (at, at + 1000), tuple(sorted({(at // most * 97 + key) % (1 << 32) for key in KEYS})), False)
        for at in range(count)
    ]


def test_the_join_walks_no_more_than_its_budget() -> None:
    for count in (100, 400):
        crowd = hostile(count)
        *_, walked = found(crowd, numbered(crowd, range(count)), [count // 2], 0)
        least = SMALL_LIMITS.terms_shared_min * SMALL_LIMITS.term_documents_max
        assert 0 < walked <= count * max(BUDGET, least) / 2


@pytest.mark.parametrize("shared", [0, 1])
def test_pairs_grow_with_the_documents_and_not_with_their_square(shared: int) -> None:
    counts = []
    for count in (200, 400):
        crowd = [Sketched(100 + at, (0 if shared else at, 1), (), False) for at in range(count)]
        pairs, *_ = found(crowd, numbered(crowd, range(count)), [], 0)
        counts.append(len(pairs))
    assert counts == [199, 399]


def test_columns_beyond_the_memory_wait_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", 1 << 20)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": article(seed, 4)}) + "\n" for seed in range(60)))
    stores: list[Store] = []
    made = Store.__init__

    def noted(own: Store, memory_bytes: int) -> None:
        made(own, memory_bytes)
        stores.append(own)

    monkeypatch.setattr(Store, "__init__", noted)
    wide = pipeline.find_duplicates(path, BULK)
    monkeypatch.setattr(Store, "__init__", lambda own, _: noted(own, HELD_SHARE * 4000))
    narrow = pipeline.find_duplicates(path, BULK)
    assert list(narrow.pairs) == list(wide.pairs)
    own = narrow.pairs
    assert own.store
    assert own.relation.nbytes + own.cleaner.nbytes == 2 * len(own) > 0
    assert not any(isinstance(one, np.ndarray) for one in (own.documents, own.starts, own.passages, narrow.compared))
    assert len(stores) == 4, "one for sketches and one for findings, each run"
    assert [store.filed_bytes for store in stores[:2]] == [0, 0]
    assert all(store.held_bytes_most <= 4000 for store in stores[2:])
    assert stores[2].filed_bytes > 4000
    assert [store.held_bytes for store in stores[::2]] == [0, 0]
    assert stores[0].held_bytes_most <= 60 * 2000  # bytes a document


def test_the_text_is_gone_through_once_and_the_sample_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": article(seed, 4)}) + "\n" for seed in range(40)))
    size = path.stat().st_size
    monkeypatch.setattr("dedup.bulk.read.PARTITION_BYTES", size // 10)
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", size // 5)
    hashed = 0

    def counted(gone_through: Any) -> Any:
        def counting(buffer: NDArray[np.uint8], offsets: NDArray[np.int64], *more: Any) -> Any:
            nonlocal hashed
            hashed += int(offsets[-1] - offsets[0])
            return gone_through(buffer, offsets, *more)

        return counting

    monkeypatch.setattr(bulk_sketch, "token_hashes", counted(bulk_sketch.token_hashes))  # `verify` has its own
    monkeypatch.setattr(bulk_sketch.draw, "draw", counted(bulk_sketch.draw.draw))
    pipeline.find_duplicates(path, BULK)
    assert size * 0.9 < hashed < size * 1.5


def test_twins_in_two_partitions_count_once_in_the_sample() -> None:
    texts = [text.encode() for text in ("one two three", "One, two: three!", "two three four")]
    met = bulk_sketch.Sequences()
    sample = bulk_sketch.Sample(9, met)
    for text in texts:
        offsets, none = np.array([0, len(text)]), np.zeros(0, np.int64)
        part = bulk_read.Texts(
            bulk_read.Partition(()), bulk_read.padded(text), offsets, [], none, none, none, {}, [], 0
        )  # fmt: skip
        sample.merge(bulk_sketch.sample_of(part, BULK, met))
    counts = sorted(int(slot & np.uint64((1 << 20) - 1)) for slot in sample.slots if slot)
    assert counts == [1, 1, 2, 2]
