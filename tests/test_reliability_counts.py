"""The tables of docs/reliability.md are those of the counts in benchmarks/results, and nothing was lost in these."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = str(Path(__file__).parent.parent / "benchmarks")


@pytest.fixture(scope="module")
def reliability() -> Iterator[ModuleType]:
    sys.path.insert(0, BENCHMARKS)
    import reliability as module

    yield module
    sys.path.remove(BENCHMARKS)


def test_the_page_has_the_tables_of_the_counts(reliability: ModuleType) -> None:
    page = reliability.PAGE.read_text("utf-8")
    assert reliability.renewed(page) == page
    for name in reliability.TABLES:
        assert f"<!-- counts: {name} -->\n{reliability.table(name)}" in page


def test_nothing_was_lost(reliability: ModuleType) -> None:
    counts = json.loads((reliability.RESULTS / "faults.json").read_text())
    assert sum(own["wrong"] for kind in counts.values() for own in kind.values()) == 0
    assert sum(own["tried"] for own in counts["killed"].values()) >= 500
    for name, least in (("strange", 200), ("sameness", 10)):
        tried = json.loads((reliability.RESULTS / f"{name}.json").read_text()).values()
        assert sum(own["tried"] for own in tried) >= least
        assert sum(own["otherwise"] for own in tried) == 0
    every = [*counts["torn"], *counts["no room"]]
    assert {"clean", "index create", "index add", "index remove"} <= set(every)
    assert all(load["passed"] for load in json.loads((reliability.RESULTS / "soak.json").read_text()).values())


def test_other_counts_give_another_page(
    reliability: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counts = {"killed": {"clean": {"tried": 7, "ended": 6, "wrong": 1}, "report": {"tried": 1, "ended": 1, "wrong": 0}}}
    (tmp_path / "faults.json").write_text(json.dumps(counts))
    monkeypatch.setattr(reliability, "RESULTS", tmp_path)
    page = reliability.renewed("<!-- counts: faults -->\nold\n<!-- end of counts -->\n")
    assert "or at a random time | 2 | 8 | 7 | 1 |\n<!-- end of counts -->" in page
    assert "| clean | 7 | 0 | 0 | 1 |" in reliability.table("commands")
    assert "old" not in page
