"""Components found by many, who each hold some of the edges, are those that one finds who holds all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup import linked
from dedup.bulk import components
from dedup.engines import kept
from dedup.engines.local import Threads

EDGES = st.integers(2, 60).flatmap(
    lambda size: st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), max_size=150)
)


@pytest.fixture(scope="module", autouse=True)
def few_edges() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "EDGES_MAX", 0)
        patch.setattr(components, "PART_EDGES", 7)
        yield


def agree(edges: Sequence[tuple[int, int]]) -> None:
    own = np.array([(a, b) for a, b in edges if a != b], np.int64).reshape(-1, 2)
    with Threads(2, 1 << 20) as engine:
        members, numbers = components.connected("test", own, engine)
    expected = linked.connected(own)
    assert members.tolist() == expected[0].tolist()
    assert numbers.tolist() == expected[1].tolist()


@settings(max_examples=100, deadline=None)
@given(EDGES)
def test_components_are_those_of_one_process(edges: list[tuple[int, int]]) -> None:
    agree(edges)


def test_a_long_chain_a_star_and_a_ring() -> None:
    agree([(number, number + 1) for number in range(300)])
    agree([(number * 7919 % 301, (number + 1) * 7919 % 301) for number in range(300)])
    agree([(150, number) for number in range(150)] + [(150, number) for number in range(151, 300)])
    agree([(number, (number + 1) % 97) for number in range(97)])
    agree([])


def test_no_task_is_given_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components, "PART_EDGES", 500)
    edges = np.array([(number, number + 1) for number in range(10_000) if number % 5], np.int64)
    most = 0

    class Watched(Threads):
        def mapped(self, name, stage, items):  # type: ignore[no-untyped-def]
            def noted(item):  # type: ignore[no-untyped-def]
                nonlocal most
                if isinstance(item, tuple):
                    most = max(most, sum(block.size for block in item[0]))
                return stage(item)

            return super().mapped(name, noted, items)

    with Watched(1, 1 << 20) as engine:
        components.connected("test", edges, engine)
    assert 0 < most < 2_000  # of 16,000 ends


def test_they_are_kept_as_other_stages_are(tmp_path: Path) -> None:
    edges = np.array([(number, number + 1) for number in range(50)], np.int64)
    with Threads(1, 1 << 20) as engine:
        first = components.connected("test", edges, kept.Kept(engine, tmp_path))
        again = components.connected("test", edges, kept.Kept(engine, tmp_path))
    assert first[0].tolist() == again[0].tolist()
    assert first[1].tolist() == again[1].tolist()
    assert list(tmp_path.glob("test-*/000000"))
