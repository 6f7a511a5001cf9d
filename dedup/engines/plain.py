"""Results become plain data, and these results again: a tree in JSON, and the arrays that it refers to, in bytes.

1. None, truth values, numbers and text stand for themselves; anything else is a list that begins with its kind: tuples,
   lists and dicts, arrays by their type, shape and number, blocks by the array that they stand for in the store of
   columns, records (dataclasses of the program) by their module, name and fields, and the one error that people see.
2. Reading makes these kinds and nothing else, whatever the data says: a record must be a dataclass of a module of the
   program that is loaded, and an array is taken from the bytes as they are.

Limits: arrays of numbers and truth values; keys of dicts may be anything that can be read again. Data from another
state of the program, whose records have other fields, is refused.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.engines.store import Block, Columns
from dedup.model import DedupError

SIMPLE = (type(None), bool, int, float, str)
KINDS_OF_NUMBERS = "biufc"
"""What numpy calls types whose values are their bytes."""
NUMBERS = re.compile(f"[<>|=][{KINDS_OF_NUMBERS}][0-9]{{1,2}}")
"""As numpy writes such a type."""


class NotPlainError(ValueError):
    """Data that is no result."""


def dumped(value: object, columns: Columns | None) -> tuple[bytes, list[NDArray[Any]]]:
    """A value as JSON, and its arrays, C-contiguous. Raises TypeError for what is none of the kinds."""
    arrays: list[NDArray[Any]] = []

    def tree(one: Any) -> Any:
        kind = type(one)
        if kind in SIMPLE:
            told = one
        elif kind in (tuple, list):
            told = [kind.__name__, *map(tree, one)]
        elif kind is dict:
            told = ["dict", *([tree(key), tree(held)] for key, held in one.items())]
        elif isinstance(one, np.ndarray | np.generic):
            told = ["array" if isinstance(one, np.ndarray) else "scalar", *_placed(np.asarray(one), arrays)]
        elif kind is Block and columns:
            told = ["block", *_placed(columns.whole(one), arrays)]
        elif kind is DedupError:
            told = ["error", one.path, one.problem, one.remedy]
        elif _is_record(kind):
            held = [tree(getattr(one, field.name)) for field in fields(one)]
            told = ["record", kind.__module__, kind.__name__, *held]
        else:
            raise TypeError(f"{kind.__name__} is no plain data")
        return told

    return json.dumps(tree(value)).encode("ascii"), arrays


def loaded(data: bytes, buffers: Sequence[memoryview], columns: Columns | None) -> Any:
    """The value again, its arrays in the memory of `buffers` (which may be longer) or put into the store.

    Raises NotPlainError.
    """

    def value(one: Any) -> Any:
        found: Any
        match one:
            case None | bool() | int() | float() | str():
                found = one
            case ["tuple", *rest]:
                found = tuple(map(value, rest))
            case ["list", *rest]:
                found = list(map(value, rest))
            case ["dict", *rest]:
                found = {value(key): value(held) for key, held in rest}
            case ["array", str(dtype), list(shape), int(number)]:
                found = _array(dtype, shape, buffers[number])
            case ["scalar", str(dtype), list(shape), int(number)]:
                found = _array(dtype, shape, buffers[number])[()]
            case ["block", str(dtype), list(shape), int(number)] if columns:
                found = columns.put(_array(dtype, shape, buffers[number]))
            case ["error", str(path), str(problem), str(remedy)]:
                found = DedupError(path, problem, remedy)
            case ["record", str(module), str(name), *held]:
                found = _record(module, name, [value(field) for field in held])
            case _:
                raise NotPlainError("no kind of plain data")
        return found

    try:
        return value(json.loads(data))
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise NotPlainError(str(error)) from error


def _placed(array: NDArray[Any], arrays: list[NDArray[Any]]) -> list[Any]:
    """Type, shape and number of an array that is put among the others."""
    if array.dtype.kind not in KINDS_OF_NUMBERS:
        raise TypeError(f"an array of {array.dtype} is no plain data")
    arrays.append(np.ascontiguousarray(array))
    return [array.dtype.str, list(array.shape), len(arrays) - 1]


def _array(dtype: str, shape: list[Any], buffer: memoryview) -> NDArray[Any]:
    if not NUMBERS.fullmatch(dtype):  # numpy takes whole expressions for a type
        raise NotPlainError(f"{dtype} is no type of numbers")
    if not all(type(length) is int and length >= 0 for length in shape):  # of -1 numpy makes whatever fits
        raise NotPlainError(f"{shape} is no shape")
    wanted = np.dtype(dtype)
    count = prod(shape)
    if not count:
        return np.zeros(shape, wanted)
    return np.frombuffer(buffer, wanted, count).reshape(shape)


def _is_record(one: object) -> bool:
    return isinstance(one, type) and is_dataclass(one) and one.__module__.startswith("dedup.")


def _record(module: str, name: str, held: list[Any]) -> Any:
    made: Any = getattr(sys.modules.get(module), name, None)
    if not _is_record(made) or made.__module__ != module:
        raise NotPlainError(f"{module}.{name} is no record")
    names = [field.name for field in fields(made)]
    return made(**dict(zip(names, held, strict=True)))
