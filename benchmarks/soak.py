"""Loads and a soak: `python benchmarks/soak.py LOAD... [--corpus FILE] [--bytes SIZE] [--files N] [--seconds S]`.

- `large`: one JSONL file of `--bytes` (5e9), made of `--corpus` over and over with new ids, is scanned once with
  `--memory`; told: seconds, the most memory of the process, and of its temporary files.
- `tiny`: `--files` (200,000) files of a line in folders of 1,000, cleaned; the balance must hold.
- `names`: names with line ends, invalid UTF-8, 255 bytes, emoji; folders 200 deep; sparse files; pipes, sockets and
  devices, which must be told and never opened. Cleaned, and the clean corpus cleaned again: the same bytes.
- `flat`: `--corpus` cleaned time after time in one process for `--seconds`; memory after each: its last quarter may not
  be over its second by more than a tenth.
- `soak`: adds, queries, kills and verifications in random order for `--seconds` (1,200), by the command lines of
  `--index add query verify` (INDEX and FILE stand for these); every acknowledged addition must be found at the end.

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


def told(load: str, **figures: object) -> None:
    print(json.dumps({"load": load, **figures}), flush=True)


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
    options = ["--format", "jsonl", "-o", str(room / "found.jsonl"), "--memory", given.memory]
    command = [*DEDUP, "scan", str(place), *options]
    status, seconds, memory, filed, said = measured(command, room / "tmp")
    told("large", bytes=size, documents=documents, status=status, seconds=round(seconds), memory_bytes=memory,
         temporary_bytes=filed, memory=given.memory, said=said[-300:])  # fmt: skip
    return status == 0


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
    add, query, verify = (one.split() for one in given.index)
    random = Random(given.seed)
    acknowledged: list[int] = []
    counts = dict.fromkeys(("added", "asked", "killed", "verified"), 0)
    until = time.monotonic() + given.seconds
    number = 0
    while time.monotonic() < until:
        doing = random.choices(("added", "asked", "killed", "verified"), (5, 3, 3, 1))[0]
        counts[doing] += 1
        if doing in ("added", "killed"):
            number += 1
            command = _with(add, room, _batch(room, number))
            with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
                if doing == "killed":
                    time.sleep(random.uniform(0, 2))
                    process.send_signal(signal.SIGKILL)
            if process.returncode == 0:
                acknowledged.append(number)
        elif doing == "verified":
            if subprocess.run(_with(verify, room, room), capture_output=True, check=False).returncode:
                told("soak", failed="verify", **counts)
                return False
        elif acknowledged and not _found(query, room, random.choice(acknowledged)):
            told("soak", failed="query", **counts)
            return False
    lost = [one for one in acknowledged if not _found(query, room, one)]
    told("soak", acknowledged=len(acknowledged), lost=len(lost), **counts)
    return not lost


def _with(command: list[str], room: Path, file: Path) -> list[str]:
    places = {"INDEX": str(room / "index"), "FILE": str(file)}
    return [*DEDUP, *(places.get(one, one) for one in command)]


def _batch(room: Path, number: int) -> Path:
    """A file of a few documents that no other batch has."""
    path = room / "batches" / f"{number}.jsonl"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        chance = Random(number)
        texts = [f"{number} " + " ".join(chance.choices(WORDS, k=200)) for _ in range(20)]
        rows = [{"id": f"{number}-{at}", "text": text} for at, text in enumerate(texts)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _found(query: list[str], room: Path, number: int) -> bool:
    """Whether all documents of a batch are in the index."""
    done = subprocess.run(_with(query, room, _batch(room, number)), capture_output=True, text=True, check=False)
    return all(f'"{number}-{at}"' in done.stdout for at in range(20))


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
    commands = ["index add INDEX FILE", "index query INDEX FILE --format jsonl", "index verify INDEX"]
    parser.add_argument("--index", nargs=3, default=commands, metavar=("ADD", "QUERY", "VERIFY"))
    given = parser.parse_args()
    failed = []
    for name in given.loads:
        with tempfile.TemporaryDirectory(prefix="soak-") as room:
            (Path(room) / "tmp").mkdir()
            os.environ["TMPDIR"] = str(Path(room) / "tmp")
            if not LOADS[name](given, Path(room)):
                failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
