"""A command runs in a box with a fault put in at a chosen instant, and what is left in the box is looked at.

1. A box is a folder: `in` (sources), `out` (what a command writes, under final names), `tmp` (its temporary folder).
2. A command runs in a fork of this process, which has loaded the program already, so that a run takes a fraction of a
   second. Every call by which it opens, makes, renames, removes, cuts or flushes a file is an instant, counted from 0:
   Python's audit events, and the functions of `os` that have none.
3. At an instant a fault happens: the process is killed or stopped, the call is refused, a source is changed.
4. `wrong` says what must not be: an input touched, a final name half-written, something temporary left by a process
   that could clear it away, a traceback.

Limits: bytes that C code writes to a file are no instants; limits of the size of files and a small file system reach
those. POSIX only.
"""

from __future__ import annotations

import atexit
import gzip
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import parquet

SEEDS = Path(__file__).parent.parent / "seeds"
TEXT_CHARACTERS = 1500
BEFORE = b"what had this name before\n"
EVENTS = frozenset((
    "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "os.scandir", "os.listdir",
))  # fmt: skip
CALLS = ("write", "fsync", "ftruncate", "copy_file_range", "pread")
"""Functions of `os` that raise no audit event, or none that tells enough."""
REMOVALS = frozenset(("os.remove", "os.rmdir"))
READS = frozenset(("os.scandir", "os.listdir", "pread"))

Fault = Callable[["Instant"], None]
State = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Instant:
    """A call that is about to be made: its number, name, whether it changes anything, and the path if it has one."""

    number: int
    name: str
    changes: bool
    path: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that writes. prepared: what it needs in the box beside the sources. finals: the names in `out` that it
    gives; those with a suffix are files, and may exist before. run: what the process does."""

    name: str
    run: Callable[[Path], None]
    finals: tuple[str, ...]
    prepared: Callable[[Path], None] = lambda _: None
    appends: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit status or, negative, the signal; what it said; the names of its instants, each with
    whether it changes anything, if it ended by itself. may_leave: it had no way to clear up."""

    status: int
    said: str
    instants: tuple[tuple[str, bool], ...]
    may_leave: bool = False


def cli(*arguments: str) -> Callable[[Path], None]:
    """A command line; IN and OUT stand for these folders."""

    def run(box: Path) -> None:
        from dedup.cli import main

        places = {"IN": str(box / "in"), "OUT": str(box / "out")}
        named = [one.replace("IN", places["IN"], 1) if one.startswith("IN") else one for one in arguments]
        main([one.replace("OUT", places["OUT"], 1) if one.startswith("OUT") else one for one in named])

    return run


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
            REAL["write"](1, f"acknowledged {number}\n".encode())


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
    Command("review", decide, ("report.decisions.jsonl",), lambda box: prepared_by(box, "report"), appends=True),
)  # fmt: skip
"""A command is an entry here, and everything in `faults` is tried on it."""


def prepared_by(box: Path, name: str) -> None:
    """What a command needs is what another one gives."""
    (command,) = (one for one in COMMANDS if one.name == name)
    ended = run(command, box)
    assert ended.status == 0, ended.said


def made_box(above: Path, command: Command) -> Path:
    """A new box for a command: texts, records in three forms, broken encoding, and what the command needs beside."""
    box = above / "box"  # one path for all, since pages tell those of sources
    shutil.rmtree(box, ignore_errors=True)
    for name in ("in", "out", "tmp"):
        (box / name).mkdir(parents=True)
    texts = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    for number, text in enumerate(texts):
        (box / "in" / f"{number:03}.txt").write_text(text[:TEXT_CHARACTERS], "utf-8")
    words = texts[0].split()
    broken = "Die Brücke über den Fluß wurde schön geschmückt. ".encode().decode("cp1252") * 4
    shown = [" ".join(words[at : at + 60]) for at in range(0, 300, 50)]
    rows = [{"id": f"r{at}", "text": text} for at, text in enumerate([*shown, shown[0].upper(), broken, broken])]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (box / "in" / "rows.jsonl").write_text(lines, "utf-8")
    packed = "".join(json.dumps({"id": f"z{row['id']}", "text": row["text"]}) + "\n" for row in rows[:4])
    (box / "in" / "packed.jsonl.gz").write_bytes(gzip.compress(packed.encode(), mtime=0))
    table = [{"id": f"p{row['id']}", "text": row["text"], "n": at} for at, row in enumerate(rows[2:6])]
    parquet.write_table(pa.Table.from_pylist(table), box / "in" / "table.parquet")
    command.prepared(box)
    return box


def state(folder: Path) -> dict[str, bytes]:
    """What is in a folder: paths, and digests of the files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = b"folder" if path.is_dir() else sha256(path.read_bytes()).digest()
        found[path.relative_to(folder).as_posix()] = data
    return found


def final_state(box: Path, command: Command) -> dict[str, bytes]:
    """The part of `out` that has final names."""
    every = state(box / "out")
    return {name: data for name, data in every.items() if name.split("/")[0] in command.finals}


# --- a run -------------------------------------------------------------------------------------------------------

REAL: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in CALLS if hasattr(os, name)}


@dataclass(slots=True)
class Watch:
    """Counts the instants of this process that concern the box, and lets a fault happen at them."""

    box: str
    fault: Fault
    instants: list[tuple[str, bool]] = field(default_factory=list)
    quiet: bool = field(default=False)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or self.quiet:
            return
        path = arguments[0] if arguments else None
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.box):
            flags = arguments[2] if event == "open" and isinstance(arguments[2], int) else 0
            reads = event in READS or (event == "open" and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            self.happen(event, not reads, os.fspath(path))

    def happen(self, name: str, changes: bool, path: str) -> None:
        instant = Instant(len(self.instants), name, changes, path)
        self.instants.append((name, changes))
        self.quiet = True
        try:
            self.fault(instant)
        finally:
            self.quiet = False

    def calls(self) -> None:
        """Puts itself before the functions of `os` that raise no events."""
        for name, real in REAL.items():
            setattr(os, name, self._before(name, real))

    def _before(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if not self.quiet and (not arguments or arguments[0] not in (1, 2)):
                self.happen(name, name not in READS, "")
            return real(*arguments)

        return call


def nothing(_: Instant) -> None:
    """No fault."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs a command: its number, and where what it says can be read."""

    number: int
    said: int


def started(command: Command, box: Path, fault: Fault = nothing, begun: Callable[[], None] = lambda: None) -> Process:
    """A new process that runs a command in a box."""
    sys.stdout.flush()
    sys.stderr.flush()
    here, there = os.pipe()
    number = os.fork()
    if number == 0:
        os.close(here)
        os.dup2(there, 1)
        os.dup2(there, 2)
        _live(command, box, fault, begun)
    os.close(there)
    return Process(number, here)


def ended(process: Process, box: Path) -> Ended:
    """How a process ended."""
    with os.fdopen(process.said, "rb") as file:
        said = file.read().decode("utf-8", "replace")
    _, status = os.waitpid(process.number, 0)
    counted = box / "instants"
    instants = json.loads(counted.read_text()) if counted.exists() else ()
    return Ended(os.waitstatus_to_exitcode(status), said, tuple((name, changes) for name, changes in instants))


def run(command: Command, box: Path, fault: Fault = nothing, begun: Callable[[], None] = lambda: None) -> Ended:
    return ended(started(command, box, fault, begun), box)


def _live(command: Command, box: Path, fault: Fault, begun: Callable[[], None]) -> NoReturn:
    """The life of the process, which ends as a program would."""
    status = 70
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        tempfile.tempdir = str(box / "tmp")
        (box / "instants").unlink(missing_ok=True)
        watch = Watch(str(box), fault)
        begun()
        watch.calls()
        sys.addaudithook(watch.hook)
        status = _status(command, box)
        watch.quiet = True
        for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_AS):
            resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        atexit._run_exitfuncs()
        (box / "instants").write_text(json.dumps(watch.instants))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _status(command: Command, box: Path) -> int:
    """The exit status that a command gives."""
    try:
        command.run(box)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


# --- what must not be --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """What the sources are, what an undisturbed run gives, and its instants."""

    sources: State
    finals: State
    instants: tuple[tuple[str, bool], ...]

    @property
    def changing(self) -> list[int]:
        """The instants at which something is made or changed, not removed."""
        every = enumerate(self.instants)
        return [number for number, (name, changes) in every if changes and name not in REMOVALS]


def expected(above: Path, command: Command) -> Expected:
    """What to expect of a command."""
    box = made_box(above, command)
    before = state(box / "in")
    done = run(command, box)
    assert done.status == 0, f"{command.name}: {done.said}"
    assert state(box / "in") == before
    found = Expected(before, final_state(box, command), done.instants)
    shutil.rmtree(box)
    return found


def wrong(command: Command, box: Path, done: Ended, wanted: Expected, standing: State) -> list[str]:
    """What is not as it must be after a run that a fault may have ended; `standing` had the final names before."""
    found = []
    if state(box / "in") != wanted.sources:
        found.append("a source was touched")
    finals = final_state(box, command)
    whole = [_of(wanted.finals, name) for name in command.finals]
    if command.appends:
        found += _lost(box, done)
    elif done.status == 0 and finals != wanted.finals:
        found.append("done, and not what an undisturbed run gives")
    else:
        for name, one in zip(command.finals, whole, strict=True):
            partly = done.status == 1 and "could not be read:" in done.said  # so it said what it left out
            if _of(finals, name) not in (one, _of(standing, name)) and not (partly and is_whole(box / "out" / name)):
                found.append(f"{name} is half-written")
    if "Traceback" in done.said:
        found.append("a traceback")
    if done.status not in (-signal.SIGKILL, -signal.SIGTERM) and not done.may_leave and (left := leftovers(box)):
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


def leftovers(box: Path) -> list[str]:
    """What is temporary and still there."""
    hidden = [path.name for path in (box / "out").iterdir() if path.name.startswith(".")]
    return hidden + [path.name for path in (box / "tmp").iterdir()]


def _lost(box: Path, done: Ended) -> list[str]:
    """What was acknowledged and is not there."""
    from dedup import decisions

    numbers = [int(line.split()[1]) for line in done.said.splitlines() if line.startswith("acknowledged ")]
    file = box / "out" / "report.decisions.jsonl"
    made = len(decisions.read(file)) if file.exists() else 0
    return [f"{numbers[-1]} were acknowledged, {made} are there"] if numbers and numbers[-1] > made else []


def wrong_again(command: Command, box: Path, wanted: Expected) -> list[str]:
    """What is not as it must be after the command was run again, undisturbed."""
    for name in command.finals:
        if (box / "out" / name).is_dir():  # it is there and whole, or less than that and told: a person takes it away
            shutil.rmtree(box / "out" / name)
    done = run(command, box)
    found = [] if done.status == 0 else [f"the rerun failed: {done.said[-300:]}"]
    if final_state(box, command) != wanted.finals:
        found.append("the rerun gives something else")
    return found + [f"the rerun left {one}" for one in leftovers(box)]


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
