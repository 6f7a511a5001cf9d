"""Counts become the tables of docs/reliability.md: `python benchmarks/reliability.py [--write | --check]`.

1. `faults.py`, `fuzz.py`, `soak.py`, `strange.py` and `sameness.py` add what they counted to the files of results/ that
   `--results` names.
2. A table stands in the page between `<!-- counts: NAME -->` and `<!-- end of counts -->`. Without options the tables
   are printed; --write puts them there; --check ends with 1 if the page has others (a test does that).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fault_kinds

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
Counts = dict[str, Any]


def faults(counts: Counts) -> Iterator[str]:
    """A row for each kind of fault."""
    yield "| fault | commands | tried | ended the run | something lost, touched or half-written |"
    yield "|---|---:|---:|---:|---:|"
    for kind, trial in fault_kinds.KINDS.items():
        if own := counts.get(kind):
            told = (trial.__doc__ or "").strip().rstrip(".")
            sums = (sum(one[what] for one in own.values()) for what in ("tried", "ended", "wrong"))
            yield _row(told, len(own), *sums)


def commands(counts: Counts) -> Iterator[str]:
    """A row for each command: how often it was killed, and how often another fault was tried on it."""
    yield "| command | killed | in the middle of a write | other faults | something lost, touched or half-written |"
    yield "|---|---:|---:|---:|---:|"
    for name in dict.fromkeys(name for own in counts.values() for name in own):
        tried = {kind: own[name] for kind, own in counts.items() if name in own}
        killed, each, torn = (tried.pop(kind, {"tried": 0})["tried"] for kind in ("killed", "each", "torn"))
        wrong = sum(own[name]["wrong"] for own in counts.values() if name in own)
        yield _row(name, killed + each, torn, sum(one["tried"] for one in tried.values()), wrong)


def fuzz(counts: Counts) -> Iterator[str]:
    yield "| target | executions | finds that stand |"
    yield "|---|---:|---:|"
    for name, own in counts.items():
        yield _row(name, own["executions"], own["finds"])


def inputs(counts: Counts) -> Iterator[str]:
    """A row for each strange input that was put before the commands that read."""
    yield "| input | tried | not read or told as it must be |"
    yield "|---|---:|---:|"
    for name, own in counts.items():
        yield _row(name, own["tried"], own["otherwise"])


def sameness(counts: Counts) -> Iterator[str]:
    """A row for each circumstance in which the commands must write the same bytes."""
    yield "| what was otherwise | runs | files compared | other bytes |"
    yield "|---|---:|---:|---:|"
    for own in counts.values():
        yield _row(own["told"], own["tried"], own["files"], own["otherwise"])


def loads(counts: Counts) -> Iterator[str]:
    yield "| load | passed | what it told |"
    yield "|---|---|---|"
    for name, own in counts.items():
        figures = {key: value for key, value in own.items() if key not in ("load", "passed", "said")}
        told = ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in figures.items())
        yield f"| {name} | {'yes' if own['passed'] else 'no'} | {told} |"


TABLES: dict[str, tuple[str, Callable[[Counts], Iterator[str]]]] = {
    "faults": ("faults", faults), "commands": ("faults", commands), "fuzz": ("fuzz", fuzz), "loads": ("soak", loads),
    "inputs": ("strange", inputs), "sameness": ("sameness", sameness),
}  # fmt: skip
"""The file of each table, and what makes it."""


LISTED_MAX = 6
"""Numbers of a list that stand in a table; of a curve its ends do."""


def _row(name: str, *numbers: int) -> str:
    return f"| {name} | {' | '.join(f'{number:,}' for number in numbers)} |"


def _shown(value: object) -> str:
    if isinstance(value, list) and len(value) > LISTED_MAX:
        return f"{value[0]:,} at first, {value[-1]:,} at last, {max(value):,} at most"
    if isinstance(value, list):
        return " / ".join(map(_shown, value)) or "none"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def table(name: str) -> str:
    file, made = TABLES[name]
    path = RESULTS / f"{file}.json"
    return "".join(f"{line}\n" for line in made(json.loads(path.read_text()) if path.exists() else {}))


def renewed(page: str) -> str:
    """The page with the tables that the counts give."""

    def put(found: re.Match[str]) -> str:
        return f"{found['head']}\n{table(found['name'])}{found['tail']}"

    between = r"(?P<head><!-- counts: (?P<name>\w+) -->)\n.*?(?P<tail><!-- end of counts -->)"
    return re.sub(between, put, page, flags=re.S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--write", action="store_true")
    doing.add_argument("--check", action="store_true")
    given = parser.parse_args()
    page = PAGE.read_text("utf-8")
    if given.write:
        PAGE.write_text(renewed(page), "utf-8")
    elif given.check:
        sys.exit("docs/reliability.md has other counts: --write puts them right" if renewed(page) != page else 0)
    else:
        print(*map(table, TABLES), sep="\n")


if __name__ == "__main__":
    main()
