"""Whether the same input gives the same bytes, whatever else is otherwise: `python benchmarks/sameness.py [KIND...]`.

1. A folder with texts, records in three forms, copies of several kinds and broken encoding is put through the commands
   that find and write (`COMMANDS`), as a small corpus and as a large one of many partitions, each in a fresh process.
2. For each kind of circumstance (`KINDS`) the same is done with another number of workers, listing, order of lines,
   locale, hash seed, time zone, cache and so on, and every file that was written is compared.

Of files of records whose lines came in another order the lines are compared without theirs, and what is an account of
the input as it came (the page, the summary) is left out. Locales are compiled by localedef into a temporary folder;
what cannot be had is told, and not counted. --results FILE adds the counts to those in a JSON file. Exit status 1 if
any byte is otherwise.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

import reliability

SEEDS = Path(__file__).parent.parent / "seeds"
Files = Mapping[str, tuple[str, str]]
"""Of every file a digest, and one of its lines in an order of their own."""
SIZES = ("small", "9000")
"""The corpus as a small one, and as a large one in partitions of so many bytes."""
BY_BATCHES = ("seen/", "queried.jsonl")
"""An index ranks words by its first batches, and partitions are at most its batches."""
AS_IT_CAME = ("report.html", "seen/")
"""A page shows the order and the place of what came in, and an index numbers documents as they came."""

CHILD = """
import os, sys
from random import Random
from unittest.mock import patch
from dedup.cli import program
program.as_utf8()
from dedup import pipeline
from dedup.bulk import read
from dedup.cli import main
from dedup.engines import local
place, out, size, workers, listing, memory = sys.argv[1:]
scandir, listdir = os.scandir, os.listdir
class Shuffled:
    def __init__(self, *given):
        with scandir(*given) as every:
            self.left = Random(int(listing)).sample(found := sorted(every, key=lambda one: one.name), len(found))
    def __iter__(self): return self
    def __next__(self):
        if not self.left: raise StopIteration
        return self.left.pop()
    def __enter__(self): return self
    def __exit__(self, *_): return None
    def close(self): return None
if int(listing):
    os.scandir = Shuffled
    os.listdir = lambda *given: [one.name for one in Shuffled(*given)]
local.workers_available = lambda: int(workers)
bulk = ["--memory", memory] if memory else []
with patch.object(pipeline, "is_bulk", lambda files, config: size != "small"), \\
     patch.object(read, "PARTITION_BYTES", int(size) if size != "small" else 1 << 20):
    for arguments in (
        ["clean", place, "-o", f"{out}/clean", "--fix", "--conjecture", *bulk],
        ["scan", place, "--format", "jsonl", "-o", f"{out}/scan.jsonl", "--damage", *bulk],
        ["check", place, "--format", "jsonl", "-o", f"{out}/cards.jsonl"],
        ["ledger", place, "-o", f"{out}/ledger.tsv"],
        ["report", place, "-o", f"{out}/report.html"],
        ["restore", f"{place}/text.txt", "--witness", place, "-o", f"{out}/text.txt", "--edits", f"{out}/edits.jsonl"],
        ["index", "create", f"{out}/seen", place, "--format", "jsonl"],
        ["index", "query", f"{out}/seen", place, "--format", "jsonl", "-o", f"{out}/queried.jsonl"],
    ):
        main(arguments, standalone_mode=False)
"""
"""The commands, in a process in which some things are otherwise than a command line could say."""


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What is otherwise in a trial than in the run that others are compared with: processors; the order in which
    folders are listed, and in which lines of records come (0: as it was); bytes of a partition; the option --memory;
    the folder of the input; the environment."""

    workers: int = 2
    listing: int = 0
    lines: int = 0
    partition: int = 0
    memory: str = ""
    elsewhere: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def filled(place: Path, lines: int) -> Path:
    """The folder of the input; its records in another order if `lines` is not 0."""
    (place / "deep").mkdir(parents=True)
    texts = {path.stem[:3]: path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))}
    (place / "text.txt").write_text(texts["002"], "utf-8")
    (place / "deep" / "ıİß.txt").write_text(texts["004"], "utf-8")
    parts = [part for text in texts.values() for part in text.split("\n\n") if len(part) > 300][:24]
    broken = "Die Brücke über den Fluß wurde für das Jubiläum schön geschmückt. ".encode().decode("cp1252") * 3
    rows = [
        {"id": f"{kind}{at}", "text": text, "source": f"s{at % 3}"}
        for at, part in enumerate(parts)
        for kind, text in (("a", part), ("b", part.upper()), ("c", " ".join(part.split()[:-4])))[: 1 + at % 3]
    ]
    rows += [{"id": f"broken{at}", "text": broken + str(at // 2), "source": "ß"} for at in range(4)]
    for name, half in (("rows.jsonl", rows[::2]), ("more.jsonl.gz", rows[1::2])):
        came = Random(lines).sample(half, len(half)) if lines else half
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in came).encode()
        (place / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return place


def written(room: Path, size: str, one: Circumstance) -> Files:
    """What the commands write."""
    out = room / "out"
    for left in (out, room / "in", room / "elsewhere"):
        shutil.rmtree(left, ignore_errors=True)
    out.mkdir()
    place = filled(room / "elsewhere" / "in" if one.elsewhere else room / "in", one.lines)
    set_here = ("LC_", "LANG", "PYTHONHASH", "PYTHONUTF8", "TZ")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(set_here)}
    partition = str(one.partition) if one.partition and size != "small" else size
    arguments = [str(place), str(out), partition, str(one.workers), str(one.listing), one.memory]
    command = [sys.executable, "-c", CHILD, *arguments]
    done = subprocess.run(command, env={**kept, **one.environment}, capture_output=True, check=False)
    assert not done.returncode, done.stderr.decode("utf-8", "replace")[-2000:]
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {path.relative_to(out).as_posix(): _digests(path) for path in files}


def _digests(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    plain = gzip.decompress(data) if path.suffix == ".gz" else data
    lines = sorted(line for line in plain.splitlines() if b'"record": "summary"' not in line)
    return sha256(data).hexdigest(), sha256(b"\n".join(lines)).hexdigest()


def differing(first: Files, other: Files, one: Circumstance) -> list[str]:
    """The files that are otherwise, but for the lock of an index, which names the process that had it."""
    as_it_came = ("seen/lock", *(AS_IT_CAME if one.lines or one.elsewhere else ()))
    if one.partition:
        as_it_came = (*as_it_came, *BY_BATCHES)
    names = [name for name in {**first, **other} if not name.startswith(as_it_came)]
    by_lines = bool(one.lines or one.memory)  # the summary tells of that option
    nothing = ("", "")
    return sorted(name for name in names if first.get(name, nothing)[by_lines] != other.get(name, nothing)[by_lines])


# --- circumstances -----------------------------------------------------------------------------------------------


def workers(_: Path) -> Iterator[Circumstance]:
    """Another number of processors"""
    yield from (Circumstance(workers=count) for count in (1, 3, 8))


def listed(_: Path) -> Iterator[Circumstance]:
    """Folders list their files in another order"""
    yield from (Circumstance(listing=seed) for seed in range(1, 4))


def ordered(_: Path) -> Iterator[Circumstance]:
    """Lines of records in another order (compared without theirs)"""
    yield from (Circumstance(lines=seed) for seed in range(1, 4))


def partitions(_: Path) -> Iterator[Circumstance]:
    """Partitions of another size, and candidates sought within little memory (--memory)"""
    yield from (Circumstance(partition=size, memory=memory) for size, memory in
                ((3000, ""), (1 << 20, ""), (9000, "16MB")))  # fmt: skip


def locales(room: Path) -> Iterator[Circumstance]:
    """Another locale, and another encoding of the terminal and of names"""
    yield Circumstance(environment={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})
    for language, encoding in (("tr_TR", "UTF-8"), ("de_DE", "ISO-8859-1"), ("ja_JP", "EUC-JP"), ("ar_EG", "UTF-8")):
        name = f"{language}.{encoding}"
        made = ["localedef", "-i", language, "-f", encoding, str(room / "locales" / name)]
        (room / "locales").mkdir(exist_ok=True)
        if shutil.which("localedef") and subprocess.run(made, capture_output=True, check=False).returncode <= 1:
            yield Circumstance(environment={"LOCPATH": str(room / "locales"), "LC_ALL": name, "LANG": name})
        else:
            print(f"cannot be had here: the locale {name}", file=sys.stderr)


def hash_seeds(_: Path) -> Iterator[Circumstance]:
    """Another hash seed"""
    yield from (Circumstance(environment={"PYTHONHASHSEED": str(seed)}) for seed in (0, 1, 77, 4294967295))


def time_zones(_: Path) -> Iterator[Circumstance]:
    """Another time zone"""
    for zone in ("Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"):
        yield Circumstance(environment={"TZ": zone})


def places(_: Path) -> Iterator[Circumstance]:
    """The same folder elsewhere"""
    yield Circumstance(elsewhere=True)


def caches(room: Path) -> Iterator[Circumstance]:
    """Caches of compiled loops empty, and then filled"""
    place = str(room / "caches")
    for _ in range(2):
        yield Circumstance(environment={"NUMBA_CACHE_DIR": place, "XDG_CACHE_HOME": place})


KINDS: dict[str, Callable[[Path], Iterator[Circumstance]]] = {
    one.__name__: one for one in (workers, listed, ordered, partitions, locales, hash_seeds, time_zones, places, caches)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    known = given.results and given.results.exists()
    counts: reliability.Counts = json.loads(given.results.read_text()) if known else {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="sameness-") as place:
        room = Path(place)
        for size in given.sizes:
            first = written(room, size, Circumstance())
            for kind in given.kinds or KINDS:
                for one in KINDS[kind](room):
                    found = differing(first, written(room, size, one), one)
                    failed |= bool(found)
                    own = counts.setdefault(kind, {"told": KINDS[kind].__doc__, "tried": 0, "files": 0, "otherwise": 0})
                    for what, more in (("tried", 1), ("files", len(first)), ("otherwise", len(found))):
                        own[what] += more
                    print(f"{kind}, {size}: {one}: {', '.join(found) or 'the same'}", flush=True)
                    if given.results:
                        given.results.write_text(json.dumps(counts, indent=1, ensure_ascii=False) + "\n")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
