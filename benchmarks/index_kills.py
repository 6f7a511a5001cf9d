"""Kills the writer of an index at random instants, and looks each time whether a document that it had told of is lost.

    python benchmarks/index_kills.py 200

A process that is warm already (`served`) forks a writer for each round, which merges files all the time and tells of
each document that is added or removed. In one round it adds documents call by call and removes some, in the next it
adds a file of them in batches of one, each looked up while the one before is compared and committed. It is killed by
SIGKILL after a random time. Then the index must be whole, have every document that was told of, and no more than the
one under way besides.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO

SECONDS_MAX = 0.6
"""After which a writer is killed at the latest."""
ROUND_DOCUMENTS = 400
REMOVED = 7
"""Of so many documents one is removed again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """rounds: kills. told: documents told of. begun: rounds in which a writer had told of any. faults: what went
    wrong."""

    rounds: int
    told: int
    begun: int
    faults: list[str]


def text_of(number: int) -> str:
    """The text of a document, of which every third is an earlier one with another end."""
    chance = Random(number // 3)
    own = [f"{chance.choice('bdfgklmnprst')}{chance.randrange(900):x}a" for _ in range(60)]
    return " ".join([*own, str(number)])


def served(folder: Path) -> None:
    """Forks a writer for every line of standard input: the number of its first document."""
    import dedup
    from dedup.index import writing

    writing.FANOUT = 3
    scratch = dedup.Index.create(folder.with_name("scratch"))
    for number in range(12):
        scratch.add_documents([dedup.document(str(number), text_of(number))])
    scratch.remove(["1"])
    for line in sys.stdin:
        writer = os.fork()
        if not writer:
            _written(folder, int(line))
            os._exit(0)
        print(json.dumps({"writer": writer}), flush=True)
        os.waitpid(writer, 0)
        print(json.dumps({"ended": writer}), flush=True)


def _written(folder: Path, first: int) -> None:
    import dedup
    from dedup.index import ranking

    index = dedup.Index.open(folder)
    if first // ROUND_DOCUMENTS % 2:
        ranking.SAMPLE_BYTES = 1  # only where terms are ranked for good do batches overlap
        rows = folder.with_name("rows.jsonl")
        rows.write_text(
            "".join(
                json.dumps({"id": str(number), "text": text_of(number)}) + "\n"
                for number in range(first, first + ROUND_DOCUMENTS)
            )
        )
        for number, _ in enumerate(index.adding(rows, batch_documents=1), first):
            print(json.dumps({"added": str(number)}), flush=True)
        return
    for number in range(first, first + ROUND_DOCUMENTS):
        index.add_documents([dedup.document(str(number), text_of(number))])
        print(json.dumps({"added": str(number)}), flush=True)
        if number % REMOVED == REMOVED - 1:
            index.remove([str(number - 1)])
            print(json.dumps({"removed": str(number - 1)}), flush=True)


def kills(folder: Path, rounds: int, seed: int = 1) -> Outcome:
    """So many writers of one index killed."""
    import dedup

    chance, path = Random(seed), folder / "index"
    dedup.Index.create(path)
    there: set[str] = set()
    faults: list[str] = []
    told = begun = 0
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    with server.stdin, server.stdout:
        for number in range(rounds):
            first = number * ROUND_DOCUMENTS
            server.stdin.write(f"{first}\n")
            server.stdin.flush()
            records = _killed(server.stdout, chance.random() * SECONDS_MAX)
            added = {str(record["added"]) for record in records if "added" in record}
            removed = {str(record["removed"]) for record in records if "removed" in record}
            told, begun = told + len(added), begun + bool(added)
            faults += [f"round {number}: {fault}" for fault in _faults(path, there | added, removed)]
            there = _there(path, there | {str(one) for one in range(first, first + ROUND_DOCUMENTS)})
    server.wait()
    return Outcome(rounds, told, begun, faults)


def _killed(output: IO[str], seconds: float) -> list[dict[str, object]]:
    """What a writer told until it was killed."""
    records: list[dict[str, object]] = [json.loads(output.readline())]
    while "writer" not in records[-1]:  # the writer may speak before the server does
        records.append(json.loads(output.readline()))
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(int(str(records[-1]["writer"])), signal.SIGKILL)
    for line in output:
        # A line that the kill cut off stands before the server's next one.
        whole = line[line.rindex('{"') :] if '{"' in line else "{}"
        records.append(json.loads(whole))
        if "ended" in records[-1]:
            break
    return records


def _there(path: Path, names: set[str]) -> set[str]:
    import dedup

    index = dedup.Index.open(path)
    return {name for name in names if name in index}


def _faults(path: Path, told: set[str], removed: set[str]) -> list[str]:
    """What is wrong with an index in which all these documents should be, but for those removed."""
    import dedup

    index = dedup.Index.open(path)
    faults = [str(problem) for problem in index.verify()]
    last = {str(max(map(int, told)) - 1)} if told else set()  # may have been under removal
    faults += [f"{name} is lost" for name in sorted(told - removed - last) if name not in index]
    faults += [f"{name} is back" for name in sorted(removed) if name in index]
    if len(index) > len(told - removed) + 1:
        faults.append(f"{len(index)} documents, of which {len(told - removed)} were told of")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=200)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.serve:
        served(chosen.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = kills(Path(folder), chosen.rounds, chosen.seed)
    print(f"{found.rounds} kills, {found.begun} of a writer that had told of documents; {found.told:,} told of")
    print("\n".join(found.faults) or "none lost, no index damaged")
    raise SystemExit(bool(found.faults))


if __name__ == "__main__":
    main()
