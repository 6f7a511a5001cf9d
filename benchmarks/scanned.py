"""Documents go through the real command, `dedup scan`, under opaque ids and in shuffled order, and its findings come
back under their own names."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from labelled import Item

MERGING = frozenset({"exact", "near", "spun", "damaged", "excerpt"})
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Scan:
    """What one run found. pairs: the pair records by their (sorted) documents. clusters: members, canonical first."""

    pairs: Mapping[Pair, Mapping[str, Any]]
    clusters: Sequence[tuple[str, ...]]
    summary: Mapping[str, Any]
    seconds: float

    def merged(self) -> set[Pair]:
        """Pairs in a merging relation or in one cluster."""
        found = {pair for pair, record in self.pairs.items() if record["relation"] in MERGING}
        for members in self.clusters:
            found.update(ordered(a, b) for a, b in combinations(members, 2))
        return found

    def relation(self, a: str, b: str) -> str | None:
        record = self.pairs.get(ordered(a, b))
        return None if record is None else record["relation"]


def ordered(a: str, b: str) -> Pair:
    return (a, b) if a <= b else (b, a)


def command_found(named: str | None) -> str:
    """The `dedup` that was named, or the one beside this interpreter, or on PATH."""
    beside = Path(sys.executable).with_name("dedup")
    found = named or (str(beside) if beside.exists() else shutil.which("dedup"))
    if not found:
        raise SystemExit("dedup is not installed for this interpreter: pip install the project, or name it by --dedup")
    return found


def scan(command: str, items: Sequence[Item], seed: int, options: Sequence[str] = ()) -> Scan:
    """The findings on the documents. Raises RuntimeError with what the command said if it fails."""
    opaque = {item.id: hashlib.blake2b(f"{seed}|{item.id}".encode(), digest_size=8).hexdigest() for item in items}
    names = {short: name for name, short in opaque.items()}
    assert len(names) == len(items), "two documents of a set have one id"
    shuffled = list(items)
    random.Random(seed).shuffle(shuffled)
    with tempfile.TemporaryDirectory(prefix="dedup-quality-") as folder:
        source, findings = Path(folder, "documents.jsonl"), Path(folder, "findings.jsonl")
        with source.open("w", encoding="utf-8") as lines:
            for item in shuffled:
                lines.write(json.dumps({"id": opaque[item.id], "text": item.text}) + "\n")
        began = time.perf_counter()
        arguments = [command, "scan", str(source), "--format", "jsonl", "-o", str(findings), *options]
        run = subprocess.run(arguments, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if run.returncode:
            raise RuntimeError(f"dedup scan ended with {run.returncode}: {run.stderr[-2000:]}")
        return parsed(findings, names, seconds)


def parsed(findings: Path, names: Mapping[str, str], seconds: float) -> Scan:
    pairs: dict[Pair, Mapping[str, Any]] = {}
    clusters: list[tuple[str, ...]] = []
    summary: Mapping[str, Any] = {}
    with findings.open(encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            if record["record"] == "pair":
                record["a"], record["b"] = names[record["a"]], names[record["b"]]
                pairs[ordered(record["a"], record["b"])] = record
            elif record["record"] == "cluster":
                kept = record["canonical"]
                clusters.append(tuple(names[one] for one in (kept, *(m for m in record["members"] if m != kept))))
            elif record["record"] == "summary":
                summary = record
    assert summary, "the findings have no summary"
    return Scan(pairs, clusters, summary, seconds)
