"""A seeded share of the nonsense that benchmarks/fuzz.py feeds to the stages, and cases that are hard by design."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = str(Path(__file__).parent.parent / "benchmarks")
RUNS = {
    "reader": 1500, "decoder": 700, "tokeniser": 3000, "aligner": 1500, "editor": 6000, "mender": 700, "decision": 3000,
    "index_file": 1500, "work_file": 700, "plain_data": 3000,
}  # fmt: skip
HARD: tuple[tuple[str, bytes], ...] = (
    ("reader", b'{"id": "a", "text": "\\ud800"}\n'),
    ("editor", b""),
    ("mender", b"\x00\xed\xa0\x80\xe2\x80"),
    ("tokeniser", b"\xff\xd8\xff\xdc"),
    ("plain_data", b'["array", ",i4", [2, 0], 0]'),
    ("plain_data", b'["array", "<i4", [0, 36893488147419103232], 0]'),
    ("index_file", b""),
    ("index_file", b"\xff\x01\x00\x00\x00"),
    ("index_file", b"\x00\x01\x00\x00\x00"),
    *(("work_file", bytes([one, 1, 0, 0, 0])) for one in range(3)),
    (
        "work_file",
        bytes.fromhex(
            "6465647570206b65707420320a3ce1a0578d69bca90cdd23edaa0b8279095962c2a8bec54e0eccf10c57fe5dc8000002"
        ),
    ),
)
"""Targets with bytes: what long runs find and is mended is put here."""


@pytest.fixture(scope="module")
def fuzz() -> Iterator[ModuleType]:
    sys.path.insert(0, BENCHMARKS)
    import fuzz as module

    yield module
    sys.path.remove(BENCHMARKS)


@pytest.mark.parametrize("name", RUNS)
def test_nonsense_breaks_no_law(fuzz: ModuleType, name: str) -> None:
    assert fuzz.without_guidance(name, RUNS[name], 120, 1) == RUNS[name]


@pytest.mark.parametrize(("name", "data"), HARD)
def test_a_hard_case_breaks_no_law(fuzz: ModuleType, name: str, data: bytes) -> None:
    fuzz.TARGETS[name](data)
