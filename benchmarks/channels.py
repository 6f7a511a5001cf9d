"""Measures what each channel costs: `python benchmarks/channels.py CORPUS.jsonl`, a corpus in bulk (5 MB and more).

1. The whole of a scan runs in a fresh process with the first channel alone (bands), with the second as well (terms),
   and with all three (passages too), in turn, --repeat times; the median of the seconds counts.
2. A channel is left out by putting functions that find nothing in the place of its own: in reading, where it chooses
   keys of a document, and in matching. The program has no such switch: nobody should scan with half of it.
3. The cost of the second channel is what the first two take, by what the first takes: 1.5 is half as much again.

Prints a table with the candidates a document. Limits: what a channel finds is also compared, and that is counted as its
cost; other work on the machine shows in the seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

CHANNELS = (("bands",), ("bands", "terms"), ("bands", "terms", "passages"))
"""What runs, the cheapest first."""
MOST = 1.5
"""What the first two channels may take, by what the first takes."""


def without_terms() -> None:
    """From now on the terms of a document are not counted, chosen or joined."""
    from dedup.bulk import flow, match
    from dedup.bulk import sketch as sketches
    from dedup.kernels import join

    def none_chosen(*given: Any) -> None:
        given[-1][:] = 0  # the number of terms of each document

    slots, bits = np.zeros(1 << 4, np.uint64), np.zeros(join.FILTER_BITS // 64, np.uint64)
    vars(flow)["_ranking"] = lambda *_: sketches.Ranking(slots, bits, 2, 0)
    vars(join)["choose_terms"] = none_chosen
    vars(match.terms)["joined"] = lambda *_: (np.zeros(0, np.uint64), 0, 0)


def without_passages() -> None:
    """From now on the sampled shingles of documents are not joined."""
    from dedup.bulk import match

    vars(match.passages)["shared"] = lambda *_: (np.zeros(0, np.uint64), 0)


LEFT_OUT = {"terms": without_terms, "passages": without_passages}


def scanned(corpus: Path, channels: Sequence[str]) -> dict[str, float]:
    """One scan in this process, with these channels alone: seconds, documents, candidates."""
    import dedup

    for name, leave_out in LEFT_OUT.items():
        if name not in channels:
            leave_out()
    began = time.perf_counter()
    with dedup.find_duplicates(corpus) as found:
        seconds = time.perf_counter() - began
        assert found.memory_bytes is not None, "the corpus is too small: it did not run in bulk"
        return {"seconds": seconds, "documents": len(found.corpus), "candidates": found.candidates}


def in_fresh_process(corpus: Path, channels: Sequence[str]) -> dict[str, float]:
    command = [sys.executable, __file__, str(corpus), "--one", ",".join(channels)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(f"a scan with {channels} ended with {run.returncode}: {run.stderr[-2000:]}")
    found: dict[str, float] = json.loads(run.stdout)
    return found


def measured(corpus: Path, repeat: int) -> list[dict[str, Any]]:
    """A row for each of CHANNELS."""
    runs: list[list[dict[str, float]]] = [[] for _ in CHANNELS]
    for _ in range(repeat):
        for row, channels in zip(runs, CHANNELS, strict=True):
            row.append(in_fresh_process(corpus, channels))
    seconds = [statistics.median(one["seconds"] for one in row) for row in runs]
    return [
        {
            "channels": " + ".join(channels),
            "seconds": took,
            "by_first": took / seconds[0],
            "candidates_a_document": row[0]["candidates"] / row[0]["documents"],
        }
        for channels, row, took in zip(CHANNELS, runs, seconds, strict=True)
    ]


def table(rows: Sequence[dict[str, Any]]) -> str:
    lines = ["| channels | seconds | by the first | candidates a document |", "|---|---|---|---|"]
    for row in rows:
        figures = f"{row['seconds']:.2f} | {row['by_first']:.2f} | {row['candidates_a_document']:.2f}"
        lines.append(f"| {row['channels']} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(scanned(chosen.corpus, chosen.one.split(","))))
        return
    rows = measured(chosen.corpus, chosen.repeat)
    print(table(rows))
    print(f"second channel: {rows[1]['by_first']:.2f} of the first alone (at most {MOST})")


if __name__ == "__main__":
    main()
