"""Results as plain data: whatever a stage gives comes back as it was, and nothing else is ever made of a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedup.engines import plain
from dedup.engines.plain import NotPlainError
from dedup.engines.store import Store
from dedup.model import DedupError, Locator, Passage

simple = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(st.characters(codec="utf-8")),
    st.builds(Locator, st.text(st.characters(codec="utf-8")), st.integers(0, 99), st.integers(0, 99)),
)  # fmt: skip
values = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.integers(), st.text(max_size=3), st.tuples(st.integers())), inner, max_size=3),
    ),
    max_leaves=12,
)


def there_and_back(value: object) -> Any:
    tree, arrays = plain.dumped(value, None)
    return plain.loaded(tree, [array.reshape(-1).view(np.uint8).data for array in arrays], None)


@given(values)
def test_what_is_plain_comes_back_as_it_was(value: object) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", ">i4", "float32", "complex128"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3), (0, 5), ()])
def test_arrays_come_back_with_type_and_shape_and_so_do_numbers_of_theirs(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    back, (again, *_) = there_and_back([array, (array, 1)])
    assert (back.dtype, back.shape, back.tolist()) == (array.dtype, shape, array.tolist())
    assert again.tolist() == array.tolist()
    number = np.dtype(dtype).type(1)
    one = there_and_back(number)
    assert (one, type(one)) == (number, type(number))


def test_arrays_that_do_not_lie_in_a_row_come_back_too() -> None:
    array = np.arange(24).reshape(4, 6)
    assert there_and_back(array[::2, 1::2]).tolist() == array[::2, 1::2].tolist()
    assert there_and_back(array.T).tolist() == array.T.tolist()


def test_blocks_come_back_through_a_store_and_are_nothing_without_one() -> None:
    store = Store(1 << 20)
    block = store.put(np.arange(10, dtype=np.int32))
    tree, arrays = plain.dumped({"block": block}, store)
    other = Store(1 << 20)
    back = plain.loaded(tree, [array.view(np.uint8).data for array in arrays], other)
    assert other.whole(back["block"]).tolist() == list(range(10))
    with pytest.raises(NotPlainError):
        plain.loaded(tree, [array.view(np.uint8).data for array in arrays], None)
    with pytest.raises(TypeError):
        plain.dumped(block, None)


def test_errors_and_records_come_back() -> None:
    error = there_and_back(DedupError("a path", "is broken", "mend it"))
    assert (type(error), error.path, error.problem, error.remedy) == (DedupError, "a path", "is broken", "mend it")
    passage = Passage((0, 3), (1, 4), 3, ((0, 1, 3),))
    assert there_and_back({passage: [passage]}) == {passage: [passage]}


@dataclass(frozen=True, slots=True)
class Foreign:
    """A record that is none of the program's."""

    number: int


@pytest.mark.parametrize(
    "value",
    [{1, 2}, b"bytes", Path("x"), object(), Foreign(1), np.array(["text"]), np.array([object()]), print, Locator],
)
def test_what_is_not_plain_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        plain.dumped([value], None)


@pytest.mark.parametrize(
    "tree",
    [
        "[",
        "{}",
        "[]",
        '["set", 1]',
        '["record", "os", "system", "true"]',
        '["record", "builtins", "eval", "1"]',
        '["record", "pathlib", "Path", "x"]',
        '["record", "dedup.model", "Path", "x"]',
        '["record", "dedup.model", "Nothing"]',
        '["record", "dedup.not_loaded", "Locator", "a", 1, 2]',
        '["record", "dedup.pipeline", "Locator", "a", 1, 2]',
        '["record", "dedup.model", "__builtins__"]',
        '["record", "dedup.model", "Locator", "a", 1]',
        '["record", "dedup.model", "Locator", "a", 1, 2, 3]',
        '["record", 5, "Locator", "a", 1, 2]',
        '["array", "O", [1], 0]',
        '["array", "<U4", [1], 0]',
        '["array", "<i8,<i8", [1], 0]',
        '["array", "<i8", [9], 0]',
        '["array", "<i8", [-1], 0]',
        '["array", "<i8", ["1"], 0]',
        '["array", "<i8", [true], 0]',
        '["array", "<i8", [0, -1], 0]',
        '["array", "<i8", [1], 7]',
        '["array", "<i8", 1, 0]',
        '["array", "<i99", [1], 0]',
        '["block", "<i8", [1], 0]',
        '["error", "a", "b"]',
        '["error", "a", "b", 3]',
        '["dict", [["list"], 1]]',
        '["dict", [1, 2, 3]]',
        "[" * 5000 + "]" * 5000,
    ],
)
def test_what_is_not_plain_is_never_made_of_data(tree: str) -> None:
    with pytest.raises(NotPlainError):
        plain.loaded(tree.encode(), [memoryview(bytes(16))], None)


@given(st.recursive(st.one_of(st.none(), st.integers(), st.text(max_size=6), st.sampled_from(
    ["record", "array", "scalar", "error", "dict", "tuple", "dedup.model", "Locator", "<i8", "|O"])),
    lambda inner: st.lists(inner, max_size=5), max_leaves=12))  # fmt: skip
def test_any_tree_gives_plain_data_or_is_refused(tree: object) -> None:
    try:
        found = plain.loaded(json.dumps(tree).encode(), [memoryview(bytes(64))], None)
    except NotPlainError:
        return
    plain.dumped(found, None)
