"""Loads and a soak: `python benchmarks/soak.py LOAD... [--corpus FILE] [--bytes SIZE] [--files N] [--seconds S]`.

- `large`: one JSONL file of `--bytes` (5e9), made of `--corpus` over and over with new ids, so that each text has as
  many near copies, is cleaned once with `--memory`; the balance must hold. Told: seconds, the most memory it took.
- `tiny`: `--files` (200,000) files of a line in folders of 1,000, cleaned; the balance must hold.
- `names`: names with line ends, invalid UTF-8, 255 bytes, emoji; folders 200 deep; sparse files; pipes, sockets and
  devices, which must be told and never opened. Cleaned, and the clean corpus cleaned again: the same bytes.
- `flat`: `--corpus` cleaned time after time in one process for `--seconds`; memory after each: its last quarter may not
  be over its second by more than a tenth.
- `soak`: additions, queries, removals and verifications in random order for `--seconds` (1,200), additions often killed
  and half of these given again, by the command lines of `--index` (INDEX and FILE stand for these). Every document of
  an acknowledged batch that was not removed must be found, each time it is asked for, and all of them at the end.

Everything is made in a temporary folder (TMPDIR), which must have the room, and removed. Exit status 1 if a load fails.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random

DEDUP = [sys.executable, "-m", "dedup.cli"]
WORDS = Path(__file__).read_text("utf-8").split()


TOLD: list[dict[str, object]] = []


def told(load: str, **figures: object) -> None:
    TOLD.append({"load": load, **figures})
    print(json.dumps(TOLD[-1]), flush=True)


def measured(arguments: list[str], watched: Path) -> tuple[int, float, int, int, str]:
    """Status, seconds, most bytes of memory, most bytes of files in a folder, and what it said, of a command."""
    begun = time.monotonic()
    most = 0
    with tempfile.TemporaryFile() as said, subprocess.Popen(arguments, stdout=said, stderr=said) as process:
        while process.poll() is None:
            held = sum(path.stat().st_blocks * 512 for path in files_in(watched))
            most = max(most, held)
            time.sleep(0.2)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return process.returncode, time.monotonic() - begun, memory, most, text


def files_in(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder):
        for name in names:
            if os.path.lexists(os.path.join(above, name)):  # noqa: PTH118 (names may be no text)
                yield Path(above, name)


def large(given: argparse.Namespace, room: Path) -> bool:
    """One file of many gigabytes."""
    place = room / "large.jsonl"
    rows = [json.loads(line) for line in given.corpus.open("rb")]
    round_, size, documents = 0, 0, 0
    with place.open("wb") as out:
        while size < given.bytes:
            for row in rows:
                record = {"id": f"{round_}-{row['id']}", "text": f"{row['text']}\n{round_} {row['id']}"}
                size += out.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            documents += len(rows)
            round_ += 1
    options = ["-o", str(room / "out"), "--format", "jsonl", "--memory", given.memory]
    status, seconds, memory, _, said = measured([*DEDUP, "clean", str(place), *options], room / "tmp")
    balance = json.loads(said.splitlines()[0]) if status == 0 else {}
    counts = [balance.get(one, 0) for one in ("kept", "restored", "dropped")]
    told("large", bytes=size, documents=documents, status=status, seconds=round(seconds), memory_bytes=memory,
         memory=given.memory, counts=counts, lost=documents - sum(counts), said=said[-300:] * (status > 0))  # fmt: skip
    return status == 0 and sum(counts) == documents


def tiny(given: argparse.Namespace, room: Path) -> bool:
    """Very many files."""
    for number in range(given.files):
        folder = room / "tiny" / f"{number // 1000:05}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        chance = Random(number // 2 if number % 100 < 2 else -number)  # one pair of copies in each hundred
        words = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(40))
        (folder / f"{number}.txt").write_text(" ".join(words))
    command = [*DEDUP, "clean", str(room / "tiny"), "-o", str(room / "out"), "--format", "jsonl"]
    status, seconds, memory, _, said = measured(command, room / "tmp")
    balance = json.loads(said.splitlines()[0]) if status == 0 else {}
    counts = [balance.get(one, 0) for one in ("kept", "restored", "dropped")]
    told("tiny", files=given.files, status=status, seconds=round(seconds), memory_bytes=memory, counts=counts)
    return status == 0 and sum(counts) == given.files and counts[2] >= given.files // 200


def names(_: argparse.Namespace, room: Path) -> bool:
    """Whatever files may be called, and what is no file."""
    place = room / "names"
    place.mkdir()
    odd = [b"line\nend.txt", b"\xff\xfe bad.txt", "🦊🇺🇳.txt".encode(), b"n" * 251 + b".txt", b" .txt", b"-o.txt"]
    odd.append(b"a\tb\x1b[31m.txt")
    for number, name in enumerate(odd):
        (place / os.fsdecode(name)).write_text(" ".join(Random(number).choices(WORDS, k=80)))
    deep = place.joinpath(*["d"] * 200)
    deep.mkdir(parents=True)
    (deep / "deep.txt").write_text(" ".join(Random(99).choices(WORDS, k=80)))
    with (place / "sparse.txt").open("wb") as sparse:
        sparse.truncate(1 << 40)
    os.mkfifo(place / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(place / "socket.txt"))
        (place / "null.txt").symlink_to("/dev/zero")
        command = [*DEDUP, "clean", str(place), "-o", str(room / "once")]
        first = subprocess.run(command, capture_output=True, check=False)
    refused = [name for name in ("sparse", "pipe", "socket", "null") if f"{name}.txt".encode() in first.stderr]
    second = subprocess.run(
        [*DEDUP, "clean", str(room / "once" / "documents"), "-o", str(room / "twice")], capture_output=True, check=False
    )
    same = [state(room / name / "documents") for name in ("once", "twice")]
    told("names", status=[first.returncode, second.returncode], refused=refused, documents=len(same[0]))
    ended = (first.returncode, second.returncode) == (1, 0)
    return ended and len(refused) == 4 and same[0] == same[1] and len(same[0]) == len(odd) + 1


def state(folder: Path) -> dict[bytes, str]:
    return {os.fsencode(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files_in(folder)}


def flat(given: argparse.Namespace, room: Path) -> bool:
    """Memory of a process that goes on and on."""
    from dedup import pipeline
    from dedup.config import Config
    from dedup.report import folder

    curve: list[int] = []
    until = time.monotonic() + given.seconds
    while time.monotonic() < until or len(curve) < 8:
        with pipeline.find_duplicates(given.corpus, Config(memory_bytes=256_000_000)) as found:
            folder.write(found, [], room / "out")
        shutil.rmtree(room / "out")
        curve.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize())
    quarter = len(curve) // 4
    second, last = (max(curve[at * quarter : (at + 1) * quarter]) for at in (1, 3))
    told("flat", runs=len(curve), memory_bytes=curve[:: max(1, len(curve) // 20)])
    return last <= second * 1.1


def soak(given: argparse.Namespace, room: Path) -> bool:
    """An index that is added to, asked and killed; what was acknowledged must be there."""
    create, add, remove, query, verify = (one.split() for one in given.index)
    random = Random(given.seed)
    state = Soaked(random, room)
    assert not state.run(create, room).returncode
    until = time.monotonic() + given.seconds
    while time.monotonic() < until:
        (doing,) = random.choices(("added", "asked", "killed", "removed", "verified"), (5, 3, 4, 1, 1))
        state.counts[doing] += 1
        if doing in ("added", "killed"):
            state.add(add, is_killed=doing == "killed")
        elif doing == "removed":
            state.remove(remove)
        elif doing == "verified":
            done = state.run(verify, room)
            state.fail("verify", done.returncode, done.stderr)
        elif state.there:
            wanted = random.choice(sorted(state.there))
            state.missing([query, [str(batch_file(room, int(wanted.split("-")[0])))]], {wanted})
    done = state.run(verify, room)
    state.fail("verify", done.returncode, done.stderr)
    state.missing([query, [str(room / "batches")]], state.there)
    told("soak", seconds=given.seconds, documents=len(state.there), failed=state.failed, **state.counts)
    return not state.failed


class Soaked:
    """An index under way: the ids that must be in it, how often what was done, and what went wrong."""

    def __init__(self, random: Random, room: Path) -> None:
        self.random, self.room = random, room
        self.there: set[str] = set()
        self.broken: list[int] = []
        self.number = 0
        self.seconds = 1.0
        self.failed: list[str] = []
        self.counts = dict.fromkeys(("added", "asked", "killed", "mid_way", "again", "removed", "verified"), 0)

    def run(self, command: list[str], file: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(_with(command, self.room, file), capture_output=True, text=True, check=False)

    def fail(self, what: str, status: int, said: str) -> None:
        if status:
            self.failed.append(f"{what}: {status} {said[-300:]}")

    def add(self, add: list[str], is_killed: bool) -> None:
        """A batch, or one again that was killed; perhaps killed. What it told of is there from then on."""
        if self.broken and self.random.random() < 0.5:
            number = self.broken.pop()
            self.counts["again"] += 1
        else:
            self.number += 1
            number = self.number
        command = _with(add, self.room, batch_file(self.room, number))
        begun = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            if is_killed:
                time.sleep(self.random.uniform(0.3, 1.05) * self.seconds)
                process.send_signal(signal.SIGKILL)
            said, problems = process.communicate()
        commits = [json.loads(line) for line in said.splitlines() if '"record":"commit"' in line.replace(" ", "")]
        size = sum(one["documents"] + one["already"] for one in commits)
        self.there |= {f"{number}-{at}" for at in range(size)}
        if process.returncode == -signal.SIGKILL:
            self.counts["mid_way"] += 0 < size < BATCH
            if size < BATCH:
                self.broken.append(number)
            return
        self.seconds = time.monotonic() - begun
        self.fail("add", process.returncode, problems)
        if size != BATCH:
            self.failed.append(f"add of {number} told of {size} documents")

    def remove(self, remove: list[str]) -> None:
        """One document; it must have been there."""
        if self.there:
            name = self.random.choice(sorted(self.there))
            done = self.run([*remove, name], self.room)
            self.fail(f"remove {name}", done.returncode, done.stderr)
            self.there.discard(name)

    def missing(self, command: list[list[str]], wanted: set[str]) -> None:
        """Documents that a query must find, and does not."""
        done = self.run([*command[0], *command[1]], self.room)
        self.fail("query", done.returncode, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        found = {row["b"] for row in rows if row["record"] == "pair" and row["a"] == row["b"]}
        if lost := wanted - found:
            self.failed.append(f"{len(lost)} of {len(wanted)} lost, as {min(lost)}")


def _with(command: list[str], room: Path, file: Path) -> list[str]:
    places = {"INDEX": str(room / "index"), "FILE": str(file)}
    return [*DEDUP, *(places.get(one, one) for one in command)]


BATCH = 20
"""Documents of a batch of the soak."""


def batch_file(room: Path, number: int) -> Path:
    """A file of a few documents that no other batch has."""
    path = room / "batches" / f"{number}.jsonl"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        chance = Random(number)
        texts = [f"{number} " + " ".join(chance.choices(WORDS, k=200)) for _ in range(BATCH)]
        rows = [{"id": f"{number}-{at}", "text": text} for at, text in enumerate(texts)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


LOADS: dict[str, Callable[[argparse.Namespace, Path], bool]] = {
    one.__name__: one for one in (large, tiny, names, flat, soak)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loads", nargs="+", choices=list(LOADS), metavar="LOAD")
    parser.add_argument("--corpus", type=Path, help="JSON lines, for `large` and `flat`")
    parser.add_argument("--bytes", type=float, default=5e9)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--seed", type=int, default=1)
    commands = ["index create INDEX", "index add INDEX FILE --batch 5 --format jsonl", "index remove INDEX",
                "index query INDEX --format jsonl", "index verify INDEX"]  # fmt: skip
    parser.add_argument("--index", nargs=5, default=commands, metavar=("CREATE", "ADD", "REMOVE", "QUERY", "VERIFY"))
    parser.add_argument("--results", type=Path, help="a JSON file, to which what each load told is added")
    given = parser.parse_args()
    failed = []
    for name in given.loads:
        with tempfile.TemporaryDirectory(prefix="soak-") as room:
            (Path(room) / "tmp").mkdir()
            os.environ["TMPDIR"] = str(Path(room) / "tmp")
            passed = LOADS[name](given, Path(room))
            if not passed:
                failed.append(name)
            if given.results:
                known = json.loads(given.results.read_text()) if given.results.exists() else {}
                known[name] = {**TOLD[-1], "passed": passed}
                given.results.write_text(json.dumps(known, indent=1) + "\n")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
