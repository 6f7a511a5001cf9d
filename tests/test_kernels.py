"""The kernels equal the plain reference on arbitrary text; EXAMPLES sets how many hypothesis tries."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from dedup import clean, sketch
from dedup.kernels import draw, minhash, shingles, skeleton, tables, words

EXAMPLES = int(os.environ.get("EXAMPLES", "120"))
ANY = settings(max_examples=EXAMPLES, deadline=None)

SCRIPTS = [
    "the Cat's o'clock 'tis rock'n'roll dogs' 3's a''b 1,000 e-mail _x_ ROCK",
    "it’s l’été d’’x ’a a’ é’é é'é aujourd’hui’",
    "Straße ŉ ǆ İI ıi ﬁ ﬃ ½ Å ﷺ ǰ ΐ ᾳ ΣΑΣ ẞ",
    "Съешь ещё этих мягких булок Ё Й й",
    "中文字。测试，漢字 カタカナ ｶﾞ 々〇 가각힣 𠮷 豈",
    "ภาษาไทยกำลัง ພາສາ မြန်မာ ភាសាខ្មែរ เก่ง",
    "हिन्दी क्षत्रिय বাংলা தமிழ் עִבְרִית العَرَبِيَّة ـــ ﻻ",
    "soft\u00adhyphen zero\u200bwidth joi\u200dner \u200f\u202eabc\u202c \ufeffbom a\u0301\u0327 \u0301x e\u20dd",
    "\ud800 \udfff \ufffd \U000e0001 \U000e0100 \U0010ffff \U000f0000 \x00 \x7f \x80 \xff",
    "👩‍👩‍👧 ① Ⅳ ² ª ℌ 𝔘𝔫𝔦 ᴀ\u0345 ͺ \u0e33 \u0eb3",
]
HOSTILE = "".join(sorted({character for line in SCRIPTS for character in line}))
PIECES = st.one_of(
    st.text(max_size=80),
    st.text(alphabet=HOSTILE, max_size=200),
    st.text(alphabet="ab 'Z9’é\u00ad\u0301中", max_size=300),
    st.text(alphabet=st.characters(), max_size=30),  # surrogates too
    st.sampled_from(SCRIPTS),
    st.builds(
        lambda word, times: word * times,
        st.sampled_from(["a", "é", "a'", "ﷺ", "힣", "a ", "'", "中", "\u0301"]),
        st.integers(1, 700),
    ),
    st.builds(lambda size: "x" * size + " ", st.integers(50, 70)),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
DOCUMENTS = st.lists(TEXTS, max_size=6)


@cache
def unicode() -> tables.Tables:
    return tables.build(clean.character_class.__wrapped__, clean.folded.__wrapped__)


def run_words(texts: list[str], slack: bytes = b"\xe4\xb8\xad'a") -> tuple[NDArray, NDArray, NDArray, bytes]:
    """Hashes, counts, spans and the bytes, the slack filled with what looks as if the text went on."""
    data = [text.encode("utf-8", "surrogatepass") for text in texts]
    return (*run_bytes(data, (slack * 64)[: words.BUFFER_SLACK]), b"".join(data))


def run_bytes(data: list[bytes], slack: bytes) -> tuple[NDArray, NDArray, NDArray]:
    offsets = np.cumsum([0] + [len(one) for one in data]).astype(np.int64)
    buffer = np.frombuffer(b"".join(data) + slack, np.uint8)
    capacity = words.token_capacity(int(offsets[-1]), len(data))
    guard = 16
    hashes = np.full(capacity + guard, 0xABCDEF, np.uint64)
    spans = np.full((capacity + guard, 2), -7, np.int64)
    counts = np.empty(len(data), np.int64)
    table = unicode()
    number = words.words(
        buffer, offsets, table.index, table.records, table.pool, hashes[:capacity], counts, spans[:capacity]
    )
    assert (hashes[capacity:] == 0xABCDEF).all() and (spans[capacity:] == -7).all(), "wrote beyond its arrays"
    bare = np.empty(capacity, np.uint64)
    none = np.empty((0, 2), np.int64)
    assert number == words.words(buffer, offsets, table.index, table.records, table.pool, bare, counts, none)
    assert (bare[:number] == hashes[:number]).all() and counts.sum() == number
    return hashes[:number], counts, spans[:number]


def check_words(texts: list[str]) -> None:
    hashes, counts, spans, data = run_words(texts)
    expected = [clean.words(text) for text in texts]
    assert counts.tolist() == [len(one) for one in expected]
    assert hashes.tolist() == [clean.token_hash(word) for one in expected for word, _, _ in one]
    wanted, base = [], 0
    for text, found in zip(texts, expected, strict=True):
        sizes = np.cumsum([0] + [len(character.encode("utf-8", "surrogatepass")) for character in text]) + base
        wanted += [[int(sizes[start]), int(sizes[stop])] for _, start, stop in found]
        base = int(sizes[-1])
    assert spans.tolist() == wanted and base == len(data)


# --- tables -------------------------------------------------------------------------------------------------


def test_tables_hold_every_code_point() -> None:
    table = unicode()
    for code in range(0x110000):
        record = int(table.records[int(table.index[code >> 7]) << 7 | code & 127])
        kind = clean.character_class.__wrapped__(code)
        assert tables.CLASSES[record & 7] == kind, hex(code)
        if kind == " ":
            continue
        if record & 64:
            length, offset = record >> 8 & 0xFFFFFF, record >> 32
            form = table.pool[offset : offset + length].tobytes()
        else:
            form = (record >> 8).to_bytes(7, "little")[: record >> 3 & 7]
        assert form.decode() == clean.folded.__wrapped__(code), hex(code)


def test_tables_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls = 0

    def classify(code: int) -> str:
        nonlocal calls
        calls += 1
        return "w" if code == 0x41 else " "

    first = tables.load(classify, lambda code: "a", "t")
    assert calls
    calls = 0
    second = tables.load(classify, lambda code: "a", "t")
    assert not calls and (second.records == first.records).all() and (second.index == first.index).all()
    (file,) = (tmp_path / "dedup").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    tables.load(classify, lambda code: "a", "t")
    assert calls, "a torn file was used"
    bad = np.full_like(first.index, 60000)
    np.savez(file, index=bad, records=first.records, pool=first.pool)
    calls = 0
    assert (tables.load(classify, lambda code: "a", "t").index == first.index).all()
    assert calls, "tables that point outside themselves were used"


# --- words --------------------------------------------------------------------------------------------------


@ANY
@given(DOCUMENTS)
@example(["", "a", "", "'", "b'", "c"])
@example(["a" * 64 + "'b", "a" * 63 + "'b", "a" * 63 + "'é", "a" * 63 + "'", "a" * 64 + "é", "a" * 63 + "' "])
@example(["x" * 5000, "é" * 3000, "ﷺ" * 400, "x" * 5000 + "é"])
@example(["a b " * 2000 + "é", "a " * 512, "a " * 511 + "aa", "a " * 1024 + "é b"])
def test_words_equal_reference(texts: list[str]) -> None:
    check_words(texts)


@ANY
@given(st.lists(st.integers(1, 40), max_size=40), st.integers(0, 1 << 16))
@example(list(range(1, 41)), 0)
@example([16, 17] * 12, 0)
def test_words_of_every_length_beside_each_other(lengths: list[int], seed: int) -> None:
    draw = np.random.default_rng(seed)
    letters = np.array(list("aBcdEfghijZ09"))
    check_words([" ".join("".join(draw.choice(letters, length)) for length in lengths)])


@pytest.mark.parametrize("line", SCRIPTS)
def test_words_at_every_alignment(line: str) -> None:
    """The line after 0..130 bytes of a word, of spaces and of words, alone and between documents without a
    gap."""
    for size in range(131):
        check_words(
            [
                f"{'x' * size}{line}",
                f"{' ' * size}{line}{line}",
                f"{('ab ' * size)[:size]}{line[: size % 40]}",
            ]
        )


def test_words_of_every_code_point() -> None:
    """Every code point alone, in a word, after a mark, beside an apostrophe; surrogates too."""
    for first in range(0, 0x110000, 0x400):
        if first >= 0x40000 and first % 0x10000 and first not in range(0xE0000, 0xE0400):
            continue
        block = [chr(code) for code in range(first, first + 0x400)]
        check_words([" ".join(block), "".join(block), "".join(f"a{c}b'{c}’{c}\u0301 " for c in block)])


def test_words_longer_than_the_form() -> None:
    for size in range(1000, 1050):
        check_words(["x" * size + "é", "é" * (size // 2), "힣" * (size // 9), "x" * (size - 3) + "ﷺ" + "é"])


@ANY
@given(st.lists(st.binary(max_size=200), max_size=5), st.binary(min_size=64, max_size=64))
@example([b"\xe4", b"a\xe4", b"a b\xe4\xb8", b"\xf0", b"\xf7\xbf\xbf\xbf", b"\xc3"], b"\xb8" * 64)
def test_invalid_utf8_stays_in_bounds(data: list[bytes], slack: bytes) -> None:
    _, _, spans = run_bytes(data, slack)
    assert ((spans >= 0) & (spans <= sum(map(len, data)))).all() and (spans[:, 0] < spans[:, 1]).all()


def test_words_reject_short_arrays() -> None:
    table, none = unicode(), np.empty((0, 2), np.int64)
    buffer, offsets = np.zeros(74, np.uint8), np.array([0, 10], np.int64)
    hashes, counts = np.empty(6, np.uint64), np.empty(1, np.int64)
    rest = (table.index, table.records, table.pool)
    assert words.words(buffer, offsets, *rest, hashes, counts, none) == 0
    for arguments in (
        (buffer[:73], offsets, *rest, hashes, counts, none),
        (buffer, offsets, *rest, hashes[:5], counts, none),
        (buffer, offsets, *rest, hashes, counts[:0], none),
        (buffer, offsets, *rest, hashes, counts, np.empty((5, 2), np.int64)),
        (buffer, offsets[::-1].copy(), *rest, hashes, counts, none),
    ):
        with pytest.raises(ValueError):
            words.words(*arguments)


# --- shingles, signatures, resemblance ----------------------------------------------------------------------

COUNTS = st.lists(st.one_of(st.integers(0, 12), st.integers(1000, 1050), st.integers(0, 3000)), max_size=5)


def token_hashes(total: int, seed: int, distinct: int) -> NDArray[np.uint64]:
    random = np.random.default_rng(seed)
    vocabulary = random.integers(0, 1 << 64, distinct, dtype=np.uint64)
    vocabulary[0] = 0  # a key like any other
    return vocabulary[random.integers(0, distinct, total)]


@ANY
@given(
    COUNTS,
    st.integers(1, 32),
    st.sampled_from([16, 100, 128, 200, 256]),
    st.integers(0, 9),
    st.integers(1, 500),
)
def test_signatures_equal_datasketch(counts: list[int], width: int, size: int, seed: int, distinct: int) -> None:
    check_signatures(counts, width, size, seed, distinct)


@pytest.mark.parametrize("width", [4, 5, 6])
def test_signatures_of_short_documents(width: int) -> None:
    check_signatures(list(range(12)), width, 128, 1, 100)


def check_signatures(counts: list[int], width: int, size: int, seed: int, distinct: int) -> None:
    hashes, number = token_hashes(sum(counts), seed, distinct), np.array(counts, np.int64)
    found, found_counts = np.empty(len(hashes), np.uint64), np.empty(len(counts), np.int64)
    written = shingles.shingle_hashes(hashes, number, width, found, found_counts)
    parts = np.split(hashes, np.cumsum(counts)[:-1]) if counts else []
    expected = [sketch.shingle_hashes(part, width) for part in parts]
    assert found_counts.tolist() == [len(one) for one in expected]
    assert found[:written].tolist() == [value for one in expected for value in one.tolist()]
    a, b = np.ascontiguousarray(MinHash(size, seed=1, scheme="affine32").permutations)
    out = np.empty((len(counts), size), np.uint32)
    keys, key_counts = np.empty(len(hashes), np.uint64), np.empty(len(counts), np.int64)
    taken = draw.shingled(hashes, number, width, 4, a, b, out, keys, key_counts)
    for row, one in zip(out, expected, strict=True):
        assert (row == sketch.signature(one, size)).all()
    chosen = [one[one % np.uint64(4) == 0].tolist() for one in expected]
    assert key_counts.tolist() == [len(one) for one in chosen]
    assert keys[:taken].tolist() == [key for one in chosen for key in one]


@ANY
@given(COUNTS.filter(bool), st.integers(1, 8), st.integers(0, 9), st.sampled_from([1, 2, 3, 10, 1000, 100000]))
def test_resemblances_equal_sets(counts: list[int], width: int, seed: int, distinct: int) -> None:
    hashes, starts = token_hashes(sum(counts), seed, distinct), np.cumsum([0, *counts])
    if len(counts) > 2:
        hashes[starts[1] : starts[2]] = np.resize(hashes[: max(1, starts[1])], counts[1])  # something in common
    n = len(counts)
    pairs = np.array([(i, j) for i in range(n) for j in range(n)], np.int64)
    shared, union = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
    minhash.resemblances(hashes, starts, pairs, width, shared, union)
    sets = [set(sketch.shingle_hashes(hashes[starts[i] : starts[i + 1]], width).tolist()) for i in range(n)]
    assert shared.tolist() == [len(sets[i] & sets[j]) for i, j in pairs]
    assert union.tolist() == [len(sets[i] | sets[j]) for i, j in pairs]


def test_resemblance_of_a_zero_shingle() -> None:
    """A width of 1 and a token hash of 0 give the shingle hash 0, which no slot may be mistaken for."""
    hashes, starts = np.array([0, 5, 0, 7], np.uint64), np.array([0, 2, 4])
    shared, union = np.empty(1, np.int64), np.empty(1, np.int64)
    minhash.resemblances(hashes, starts, np.array([[0, 1]]), 1, shared, union)
    assert (shared[0], union[0]) == (1, 3)


# --- skeleton -----------------------------------------------------------------------------------------------


def expected_keys(parts: list[list[int]], wanted: int, limit: int) -> list[list[int]]:
    """The selection, by sets and dictionaries; terms that agree in their upper 44 bits count together."""
    counts: dict[int, int] = {}
    for part in parts:
        for term in set(part):
            counts[term >> 20] = counts.get(term >> 20, 0) + 1
    keys = []
    for part in parts:
        ranked = sorted((counts[term >> 20], term) for term in set(part))
        keys.append(sorted([term for count, term in ranked if 2 <= count <= limit][:wanted]))
    return keys


class Counts:
    """A table that grows, as the caller of the kernels has to see to."""

    def __init__(self, limit: int) -> None:
        self.slots, self.filled, self.limit = np.zeros(64, np.uint64), np.zeros(1, np.int64), limit

    def reserve(self, terms: int) -> None:
        size = skeleton.table_size(int(self.filled[0]) + terms)
        if size > len(self.slots):
            old, self.slots, self.filled = self.slots, np.zeros(size, np.uint64), np.zeros(1, np.int64)
            skeleton.merge_counts(self.slots, self.filled, old, self.limit)

    def add(self, hashes: NDArray[np.uint64], counts: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
        self.reserve(len(hashes))
        terms, term_counts = np.empty(len(hashes), np.uint64), np.empty(len(counts), np.int64)
        number = skeleton.count_terms(hashes, counts, self.slots, self.filled, self.limit, terms, term_counts)
        assert number == term_counts.sum() and self.filled[0] == np.count_nonzero(self.slots)
        return terms[:number], term_counts


@ANY
@given(
    st.lists(st.integers(0, 200), max_size=40),
    st.sampled_from([1, 2, 4, 32, 100]),
    st.sampled_from([1, 2, 5, 20, 1000, skeleton.LIMIT_MAX]),
    st.integers(0, 9),
    st.sampled_from([1, 2, 50, 1000, 20000]),
    st.sampled_from([0, 12, 40]),
)
def test_selection_equals_sets(
    counts: list[int], wanted: int, limit: int, seed: int, distinct: int, alike_bits: int
) -> None:
    """Two threads' documents in two batches each; some hashes alike in all but the lowest bits, or the
    highest."""
    hashes, number = token_hashes(sum(counts), seed, distinct), np.array(counts, np.int64)
    if alike_bits:
        hashes = hashes << np.uint64(64 - alike_bits) >> np.uint64(64 - alike_bits)
        if seed % 2:
            hashes |= np.uint64(0xFFFFF) << np.uint64(44)
    threads, kept = [Counts(limit), Counts(limit)], []
    parts = np.split(hashes, np.cumsum(counts)[:-1]) if counts else []
    for batch in range(4):
        cut = slice(batch * len(counts) // 4, (batch + 1) * len(counts) // 4)
        kept.append(threads[batch // 2].add(np.concatenate([hashes[:0], *parts[cut]]), number[cut]))
    threads[0].reserve(int(threads[1].filled[0]))
    skeleton.merge_counts(threads[0].slots, threads[0].filled, threads[1].slots, limit)
    got: list[list[int]] = []
    for terms, term_counts in kept:
        keys = np.empty((len(term_counts), wanted), np.uint64)
        key_counts = np.empty(len(term_counts), np.int64)
        skeleton.select_terms(terms, term_counts, threads[0].slots, wanted, limit, keys, key_counts)
        got += [row[:count].tolist() for row, count in zip(keys, key_counts, strict=True)]
    assert got == expected_keys([part.tolist() for part in parts], wanted, limit)


def test_full_table_is_refused() -> None:
    hashes, counts = np.arange(49, dtype=np.uint64) << np.uint64(50), np.array([49], np.int64)
    slots, filled, terms = np.zeros(64, np.uint64), np.zeros(1, np.int64), np.empty(49, np.uint64)
    with pytest.raises(ValueError):
        skeleton.count_terms(hashes, counts, slots, filled, 10, terms, np.empty(1, np.int64))
    skeleton.count_terms(hashes, counts - 1, slots, filled, 10, terms, np.empty(1, np.int64))
    with pytest.raises(ValueError):
        skeleton.merge_counts(slots, filled, slots.copy(), 10)
    with pytest.raises(ValueError):
        skeleton.merge_counts(np.zeros(48, np.uint64), np.zeros(1, np.int64), slots, 10)


def test_vector_instructions() -> None:
    """On a machine with AVX2 or AVX-512 the inner loops are vectors: what the throughput rests on."""
    fresh = njit(nogil=True)(draw.shingled.py_func)  # compiled code from the cache cannot be listed
    a, b = np.ascontiguousarray(MinHash(128, seed=1, scheme="affine32").permutations)
    room = np.empty(9, np.uint64), np.empty(1, np.int64)
    fresh(np.zeros(9, np.uint64), np.array([9]), 5, 4, a, b, np.empty((1, 128), np.uint32), *room)
    code = "".join(fresh.inspect_asm().values())
    if "ymm" not in code and "zmm" not in code:
        pytest.skip("no AVX here")
    assert "vpmulld" in code and "vpminud" in code


def test_strided_arrays_are_refused() -> None:
    table, wide = unicode(), np.zeros(400, np.uint8)
    with pytest.raises(Exception, match="C-contiguous"):
        words.words(
            wide[::2],
            np.array([0, 9]),
            table.index,
            table.records,
            table.pool,
            np.empty(9, np.uint64),
            np.empty(1, np.int64),
            np.empty((0, 2), np.int64),
        )
