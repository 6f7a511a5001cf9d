"""Boxes in which the commands that write are tried, and what must not be in them after a fault.

1. A box is a folder: `in` (sources), `out` (what a command writes, under final names), `tmp` (its temporary folder).
2. A command runs in it with a fault (see `watched`). `wrong` says what must not be then: an input touched, a final
   name half-written, what was acknowledged lost, a traceback, something temporary left by who could clear it away.
3. `wrong_again` runs it again, undisturbed, and says where that ends otherwise than a run that never knew of a fault.
"""

from __future__ import annotations

import gzip
import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from unittest.mock import patch

import pyarrow as pa
import watched
from faulty_index import INDEX_COMMANDS, orphans
from pyarrow import parquet
from watched import Command, Ended, State, cli

SEEDS = Path(__file__).parent.parent / "seeds"
TEXT_CHARACTERS = 600
BEFORE = b"what had this name before\n"
REMOVALS = frozenset(("os.remove", "os.rmdir"))


DECISIONS = 12


def decide(box: Path) -> None:
    """A review in which decisions are made, from where the last one stopped; each is told once it is acknowledged."""
    from dedup import decisions, review
    from dedup.console import failures

    with failures():
        one = review.review(box / "out" / "report.html")
        names = sorted(one.digests)
        for at in range(len(review.made(one)), DECISIONS):
            made = decisions.decision({"decision": "keep", "id": names[at % len(names)]})
            try:
                number = review.append(one, made)
            except OSError as error:  # the server answers that it failed
                raise SystemExit(1) from error
            watched.REAL["write"](1, f"acknowledged {number}\n".encode())


def lost_of_decided(box: Path, done: Ended) -> list[str]:
    """What was acknowledged and is not there."""
    from dedup import decisions

    numbers = [int(line.split()[1]) for line in done.said.splitlines() if line.startswith("acknowledged ")]
    file = box / "out" / "report.decisions.jsonl"
    made = len(decisions.read(file)) if file.exists() else 0
    return [f"{numbers[-1]} were acknowledged, {made} are there"] if numbers and numbers[-1] > made else []


def in_bulk(*arguments: str) -> Callable[[Path], None]:
    """A command line, by a program that takes any corpus for a large one, of partitions of some KB."""
    run = cli(*arguments)

    def cut(box: Path) -> None:
        from dedup import pipeline
        from dedup.bulk import read

        with patch.object(pipeline, "is_bulk", lambda files, config: True), patch.object(read, "PARTITION_BYTES", 5000):
            run(box)

    return cut


def by_workers(*arguments: str) -> Callable[[Path], None]:
    """A command line, by a program that starts processes for whatever they can do."""
    run = cli(*arguments)

    def started(box: Path) -> None:
        from dedup.engines import processes

        with patch.object(processes, "PROCESS_BYTES_MIN", 0):
            run(box)

    return started


COMMANDS = (
    Command("clean", cli("clean", "IN", "-o", "OUT/clean"), ("clean",)),
    Command("clean --fix", cli("clean", "IN", "-o", "OUT/clean", "--fix", "--conjecture"), ("clean",)),
    Command("check --fix", cli("check", "IN", "--fix", "-o", "OUT/fixed"), ("fixed",)),
    Command("check -o", cli("check", "IN", "--format", "jsonl", "-o", "OUT/cards.jsonl"), ("cards.jsonl",)),
    Command("scan -o", cli("scan", "IN", "--format", "jsonl", "-o", "OUT/found.jsonl"), ("found.jsonl",)),
    Command("scan html", cli("scan", "IN", "--format", "html", "-o", "OUT/page.html"), ("page.html",)),
    Command("report", cli("report", "IN", "-o", "OUT/report.html"), ("report.html",)),
    Command("ledger", cli("ledger", "IN", "-o", "OUT/ledger.tsv"), ("ledger.tsv",)),
    Command("restore",
            cli("restore", "IN/002.txt", "--witness", "IN", "-o", "OUT/text.txt", "--edits", "OUT/edits.jsonl"),
            ("text.txt", "edits.jsonl")),
    Command("review", decide, ("report.decisions.jsonl",), lambda box: prepared_by(box, "report"),
            lost=lost_of_decided),
    Command("clean --work", in_bulk("clean", "IN", "-o", "OUT/clean", "--work", "OUT/work", "--memory", "16MB"),
            ("clean",), leaves=("work",)),
    *INDEX_COMMANDS,
)  # fmt: skip
"""A command is an entry here, and everything in `faults` is tried on it."""
WITH_WORKERS = (
    Command(
        "check, workers", by_workers("check", "IN", "--format", "jsonl", "-o", "OUT/cards.jsonl"), ("cards.jsonl",)
    ),
    Command("report, workers", by_workers("report", "IN", "-o", "OUT/report.html"), ("report.html",)),
    Command("clean --fix, workers", by_workers("clean", "IN", "-o", "OUT/clean", "--fix"), ("clean",)),
)
"""Those that start processes, which take seconds each: faults of these processes are tried on them."""


def prepared_by(box: Path, name: str) -> None:
    """What a command needs is what another one gives."""
    (command,) = (one for one in COMMANDS if one.name == name)
    ended = watched.run(command, box)
    assert ended.status == 0, ended.said


def made_box(above: Path, command: Command) -> Path:
    """A new box for a command: texts, records in three forms, broken encoding, and what the command needs beside."""
    box = above / "box"  # one path for all, since pages tell those of sources
    template = above / f"template {command.name}"
    shutil.rmtree(box, ignore_errors=True)
    if template.exists():
        shutil.copytree(template, box)
        return box
    for name in ("in", "out", "tmp"):
        (box / name).mkdir(parents=True)
    _fill(box / "in")
    command.prepared(box)
    shutil.copytree(box, template)
    return box


def _fill(place: Path) -> None:
    texts = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    for number, text in enumerate(texts):
        (place / f"{number:03}.txt").write_text(text[:TEXT_CHARACTERS], "utf-8")
    words = texts[0].split()
    broken = "Die Brücke über den Fluß wurde schön geschmückt. ".encode().decode("cp1252") * 4
    shown = [" ".join(words[at : at + 60]) for at in range(0, 300, 50)]
    rows = [{"id": f"r{at}", "text": text} for at, text in enumerate([*shown, shown[0].upper(), broken, broken])]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (place / "rows.jsonl").write_text(lines, "utf-8")
    packed = "".join(json.dumps({"id": f"z{row['id']}", "text": row["text"]}) + "\n" for row in rows[:4])
    (place / "packed.jsonl.gz").write_bytes(gzip.compress(packed.encode(), mtime=0))
    table = [{"id": f"p{row['id']}", "text": row["text"], "n": at} for at, row in enumerate(rows[2:6])]
    parquet.write_table(pa.Table.from_pylist(table), place / "table.parquet")


def state(folder: Path) -> dict[str, bytes]:
    """What is in a folder: paths, and digests of the files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = b"folder" if path.is_dir() else sha256(path.read_bytes()).digest()
        found[path.relative_to(folder).as_posix()] = data
    return found


def final_state(box: Path, command: Command) -> dict[str, bytes]:
    """The part of `out` that has final names."""
    if command.seen:
        return command.seen(box)
    every = state(box / "out")
    return {name: data for name, data in every.items() if name.split("/")[0] in command.finals}


# --- what must not be --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """What the sources are, what an undisturbed run gives, and its instants."""

    sources: State
    finals: State
    instants: tuple[tuple[str, bool], ...]
    writes: int
    seconds: float

    @property
    def changes(self) -> list[int]:
        """The instants at which something is made, changed, flushed or removed."""
        return [number for number, (_, changes) in enumerate(self.instants) if changes]

    @property
    def changing(self) -> list[int]:
        """Those at which it is not removed."""
        return [number for number in self.changes if self.instants[number][0] not in REMOVALS]


def expected(above: Path, command: Command) -> Expected:
    """What to expect of a command."""
    box = made_box(above, command)
    before = state(box / "in")
    done = watched.run(command, box)
    assert done.status == 0, f"{command.name}: {done.said}"
    assert state(box / "in") == before
    found = Expected(before, final_state(box, command), done.instants, done.writes, done.seconds)
    shutil.rmtree(box)
    return found


def wrong(command: Command, box: Path, done: Ended, wanted: Expected, standing: State) -> list[str]:
    """What is not as it must be after a run that a fault may have ended; `standing` had the final names before."""
    found = []
    if state(box / "in") != wanted.sources:
        found.append("a source was touched")
    finals = final_state(box, command)
    whole = [_of(wanted.finals, name) for name in command.finals]
    if command.lost:
        found += command.lost(box, done)
    elif done.status == 0 and finals != wanted.finals:
        found.append("done, and not what an undisturbed run gives")
    else:
        for name, one in zip(command.finals, whole, strict=True):
            partly = done.status == 1 and "could not be read:" in done.said  # so it said what it left out
            if _of(finals, name) not in (one, _of(standing, name)) and not (partly and is_whole(box / "out" / name)):
                found.append(f"{name} is half-written")
    if "Traceback" in done.said:
        found.append("a traceback")
    could_clear = done.status != -signal.SIGKILL and not done.may_leave
    if could_clear and (left := leftovers(box, command)):
        found.append(f"left behind: {', '.join(left)}")
    if done.status not in (0, 1, 128 + signal.SIGINT, 128 + signal.SIGTERM, -signal.SIGKILL, -signal.SIGTERM):
        found.append(f"ended with {done.status}")
    return found


def is_whole(path: Path) -> bool:
    """Whether a file or folder of some sources is complete in itself, as far as it tells."""
    if path.is_dir():
        manifest = path / "manifest.jsonl"
        return not manifest.exists() or _balances(path, manifest)
    text = path.read_text("utf-8")
    if path.suffix == ".html":
        return text.rstrip().endswith("</html>")
    if path.suffix == ".jsonl" and path.stem in ("cards", "found"):
        return [json.loads(line) for line in text.splitlines()][-1]["record"] == "summary"
    return path.suffix != ".tsv" or text.endswith("\n")


def _balances(folder: Path, manifest: Path) -> bool:
    """Whether as many documents stand in a clean corpus as the manifest says, and dropped ones name kept ones."""
    rows = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    stay = {row["id"] for row in rows if row["status"] != "dropped"}
    documents = 0
    for path in (folder / "documents").rglob("*"):
        if path.suffix == ".parquet":
            documents += parquet.read_metadata(path).num_rows
        elif path.suffix in (".jsonl", ".gz"):
            data = path.read_bytes()
            documents += (gzip.decompress(data) if path.suffix == ".gz" else data).count(b"\n")
        else:
            documents += path.is_file()
    return documents == len(stay) and all(row["for"] in stay for row in rows if row["status"] == "dropped")


def _of(finals: State, name: str) -> dict[str, bytes]:
    return {path: data for path, data in finals.items() if path.split("/")[0] == name}


def leftovers(box: Path, command: Command) -> list[str]:
    """What is temporary and still there."""
    hidden = [path.name for path in (box / "out").iterdir() if path.name.startswith(".")]
    if command.holds:
        hidden += [path.name for path in (box / "out").rglob("*.new")] + orphans(box)
    return hidden + [path.name for path in (box / "tmp").iterdir()]


def wrong_again(command: Command, box: Path, wanted: Expected, counted: Callable[[str], bool]) -> list[str]:
    """What is not as it must be after the command was run again, undisturbed, of what counts."""
    for name in command.finals:
        if (box / "out" / name).is_dir() and not command.lost:
            shutil.rmtree(box / "out" / name)  # it is there and whole, or less than that and told: a person removes it
    done = watched.run(replace(command, run=command.again or command.run), box)
    found = [] if done.status == 0 else [f"the rerun failed: {done.said[-300:]}"]
    state = final_state(box, command)
    if differing := sorted(dict(one for one in set(state.items()) ^ set(wanted.finals.items()) if counted(one[0]))):
        found.append(f"the rerun gives something else: {', '.join(differing[:9])}")
    left = [*leftovers(box, command), *(name for name in command.leaves if (box / "out" / name).exists())]
    return found + [f"the rerun left {one}" for one in left]


@dataclass(frozen=True, slots=True)
class Draw:
    """What a trial goes by: what to expect, chance, and its number among those of its kind."""

    wanted: Expected
    random: Random
    number: int

    def instant(self) -> int:
        """Any instant of a run."""
        return self.random.randrange(len(self.wanted.instants))

    def change(self) -> int:
        """An instant at which something is made or changed: in turn, so that as many trials as there are try each."""
        return self.wanted.changing[self.number % len(self.wanted.changing)]

    def any_change(self) -> int:
        """The same, or one at which something is removed."""
        return self.wanted.changes[self.number % len(self.wanted.changes)]

    def write(self) -> int:
        """A write, in turn too."""
        return self.number % max(1, self.wanted.writes)
