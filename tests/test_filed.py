"""Columns in a store: what is read of them is what was put there, to the bit, and they are as small as is promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rows import evidence, in_columns

from dedup import columns, filed, judge, leaning
from dedup.columns import Pairs
from dedup.config import Config
from dedup.damage.findings import KINDS
from dedup.engines.store import Store
from dedup.filed import Filed, Held
from dedup.model import NEAR, RELATIONS, REUSE, Corpus, Pair

ROWS = 4
"""Rows of a stretch in these tests."""
BYTES_HELD_MAX = 2
"""Bytes of a pair in memory: its relation, the cleaner copy."""
BYTES_FILED_MAX = 90
"""Bytes of a pair in the store, both documents and where its passages begin among them."""

rounded = st.tuples(st.integers(-(10**7), 10**7), st.sampled_from((1, 1e3, 1e4, 1e6))).map(lambda one: one[0] / one[1])
floats = st.one_of(rounded, st.sampled_from((0.0, -0.0)), st.floats(width=64))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filed, "STRETCH_ROWS", ROWS)
    monkeypatch.setattr(columns, "STRETCH_ROWS", ROWS)


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    size, width = draw(st.integers(0, 3 * ROWS + 1)), draw(st.sampled_from((1, 5)))
    if draw(st.booleans()):
        kind = draw(st.sampled_from((floats, rounded, st.just(0.25))))
        values = draw(st.lists(kind, min_size=size * width, max_size=size * width))
        return np.array(values, np.float64).reshape((size, width) if width > 1 else size)
    whole = draw(st.sampled_from((st.integers(0, 200), st.integers(-(1 << 63), (1 << 63) - 1), st.just(7))))
    values = draw(st.lists(whole, min_size=size * width, max_size=size * width))
    return np.array(values, np.int64).reshape((size, width) if width > 1 else size)


def put(array: NDArray[Any], cuts: list[int], memory_bytes: int = 0) -> Any:
    """The array as a column in a store, appended in parts."""
    column = Filed(Store(memory_bytes))
    for part in np.split(array, sorted(cut % (len(array) + 1) for cut in cuts)):
        column.append(part)
    return column.column()


def same(found: NDArray[Any], wanted: NDArray[Any]) -> bool:
    """Whether two arrays are alike to the bit."""
    return found.dtype == wanted.dtype and found.shape == wanted.shape and found.tobytes() == wanted.tobytes()


@given(arrays(), st.lists(st.integers(0, 20), max_size=3), st.sampled_from((0, 1 << 20)), st.data())
def test_a_column_gives_what_was_put_into_it(
    array: NDArray[Any], cuts: list[int], memory_bytes: int, data: st.DataObject
) -> None:
    column = put(array, cuts, memory_bytes)
    assert len(column) == len(array)
    assert same(column[:], array)
    bounds = st.integers(-len(array) - 1, len(array) + 1)
    start, stop = data.draw(bounds), data.draw(bounds)
    assert same(column[start:stop], array[start:stop])
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(array), max_size=len(array))), bool)
    assert same(column[mask], array[mask])
    if len(array):
        rows = np.array(data.draw(st.lists(st.integers(0, len(array) - 1), max_size=9)), np.int64)
        assert same(column[rows], array[rows])
        row = data.draw(st.integers(-len(array), len(array) - 1))
        assert np.asarray(column[row]).tobytes() == np.asarray(array[row]).tobytes()


@pytest.mark.parametrize(
    ("values", "dtype", "scale"),
    [
        ([0.1234, 1.0], np.uint16, 1e4),
        ([0.123456, 1.0], np.uint32, 1e6),
        ([-0.123, 32.0], np.int16, 1e3),
        ([3.0, 200.0], np.uint8, 1.0),
        ([1 / 3, 0.5], np.float64, 0.0),
        ([-0.0, 0.5], np.float64, 0.0),
        ([np.inf, 0.5], np.float64, 0.0),
        ([np.nan, 0.5], np.float64, 0.0),
    ],
)
def test_figures_are_packed_as_whole_numbers_if_these_give_them_again(
    values: list[float], dtype: type, scale: float
) -> None:
    small, by = filed.packed(np.array(values))
    assert (small.dtype, by) == (np.dtype(dtype), scale)


def test_what_is_one_value_all_along_takes_no_room() -> None:
    store = Store(1 << 20)
    column = Filed(store)
    column.append(np.full(10 * ROWS, 0.5))
    assert same(column.column()[:], np.full(10 * ROWS, 0.5))
    assert store.held_bytes == store.filed_bytes == 0


def test_a_column_keeps_nothing_of_the_arrays_it_was_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[filed._Stretch] = []
    plain = filed._Stretch

    def noted(*given: Any) -> filed._Stretch:
        made.append(plain(*given))
        return made[-1]

    monkeypatch.setattr(filed, "_Stretch", noted)
    put(np.arange(5.0 * ROWS) / 7, [])
    put(np.zeros(5 * ROWS), [])
    assert made
    assert all(one.one.base is None for one in made)


# --- pairs in a store -------------------------------------------------------------------------------------------


def pairs_of(size: int, seed: int) -> list[Pair]:
    """Pairs in order, each figure another, of documents named by their numbers."""
    chance = np.random.default_rng(seed)
    both = sorted({(int(a), int(b)) for a, b in np.sort(chance.integers(0, 40, (size, 2)), axis=1).tolist() if a != b})
    return [_pair(f"{a:02}", f"{b:02}", chance) for a, b in both]


def _pair(a: str, b: str, chance: np.random.Generator) -> Pair:
    told = {name: round(float(chance.random()), 4) for name in columns.SHOWN}
    passages = [
        {"a": chance.integers(0, 9999, 2).tolist(), "b": chance.integers(0, 9999, 2).tolist(), "equal_words": 9}
        for _ in range(int(chance.integers(1, 3)))
    ]
    direction = {name: round(float(chance.normal(0, 3)), 3) for name in evidence()["direction"]}
    return Pair(
        a=a,
        b=b,
        relation=RELATIONS[(NEAR, REUSE)[int(chance.integers(2))]],
        resemblance=round(float(chance.random()), 6),
        containment_a=round(float(chance.random()), 6),
        containment_b=round(float(chance.random()), 6),
        cleaner=(a, b, None)[int(chance.integers(3))],
        confidence=round(float(chance.random()), 4),
        substitutions=int(chance.integers(0, 300)),
        evidence=evidence(**told, passages=passages, direction=direction),
    )


_NONE = np.zeros(0, np.int64)
NO_DOCUMENTS = Corpus((), _NONE, (), _NONE, _NONE, _NONE, {})
IDS = [f"{number:02}" for number in range(40)]


def in_store(pairs: list[Pair], memory_bytes: int = 0) -> Pairs:
    cuts = range(0, max(1, len(pairs)), 3)
    return Pairs.joined([in_columns(IDS, pairs[cut : cut + 3]) for cut in cuts], Store(memory_bytes))


@pytest.mark.parametrize("size", [0, 1, ROWS, 30])
def test_pairs_in_a_store_are_those_in_memory(size: int) -> None:
    pairs = pairs_of(size, 1)
    found = in_store(pairs)
    assert list(found) == pairs
    assert [found[row] for row in range(-len(pairs), len(pairs))] == pairs * 2
    rows = np.arange(len(pairs))[::-2]
    assert list(found.taken(rows)) == [pairs[row] for row in rows.tolist()]
    mask = np.arange(len(pairs)) % 3 > 0
    chosen = [pair for row, pair in enumerate(pairs) if mask[row]]
    assert list(found.where(mask)) == list(found.taken(mask)) == chosen
    assert found.where(mask).store is found.store


@pytest.mark.parametrize("seed", range(6))
def test_pairs_that_are_found_later_stand_among_the_others(seed: int) -> None:
    pairs = pairs_of(60, seed)
    later = np.random.default_rng(seed).random(len(pairs)) < seed / 5
    first = [pair for pair, is_later in zip(pairs, later, strict=True) if not is_later]
    others = [pair for pair, is_later in zip(pairs, later, strict=True) if is_later]
    for known, found in ((in_store(first), in_store(others)), (in_columns(IDS, first), in_columns(IDS, others[::-1]))):
        merged = known.merged(found)
        assert list(merged) == pairs
        assert merged.store is known.store


@pytest.mark.parametrize("config", [Config(), Config(damage_weight=1.0)])
def test_pairs_are_judged_alike_in_a_store_and_in_memory(config: Config) -> None:
    pairs = pairs_of(80, 3)
    held, stored = in_columns(IDS, pairs), in_store(pairs)
    chance = np.random.default_rng(5)
    numbers = judge.carded(held, config)
    scores = chance.random((len(numbers), len(KINDS)))
    assert judge.carded(stored, config).tolist() == numbers.tolist()
    both = [judge.with_damage(one, numbers, scores, config) for one in (held, stored)]
    rows = judge.unsure(both[0], config)
    assert len(rows)
    assert judge.unsure(both[1], config).tolist() == rows.tolist()
    nothing = leaning.of_corpus(NO_DOCUMENTS, np.zeros((0, 2), np.int64), config)
    told = chance.normal(0, 2, (len(rows), nothing.shape[1]))
    anew = [judge.with_leanings(one, rows, told, config) for one in both]
    assert list(anew[0]) == list(anew[1])
    assert list(anew[0]) != pairs
    assert judge.unasked(anew[0], config) == judge.unasked(anew[1], config)
    untouched = [name for name in columns.SHOWN if anew[1].figures[name] is stored.figures[name]]
    assert untouched == list(columns.SHOWN), "columns that nobody changed were written again"


def test_a_pair_takes_few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filed, "STRETCH_ROWS", 256)
    store = Store(1 << 30)
    found = Pairs.joined([in_columns(IDS, pairs_of(600, seed)) for seed in range(4)], store)
    assert found.relation.nbytes + found.cleaner.nbytes <= BYTES_HELD_MAX * len(found)
    assert store.held_bytes <= BYTES_FILED_MAX * len(found)
    assert store.filed_bytes == 0


def test_a_column_in_memory_is_an_array() -> None:
    column = Held()
    column.append(np.arange(3.0))
    column.append(np.arange(2.0))
    assert column.column().tolist() == [0.0, 1.0, 2.0, 0.0, 1.0]


def test_the_file_of_a_store_goes_when_nothing_holds_it() -> None:
    column = put(np.arange(5.0 * ROWS) / 3, [])
    file = column._store._file
    assert not file.closed
    del column
    assert file.closed
