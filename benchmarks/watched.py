"""A command runs in a fork of this process, and at a chosen instant of it a fault happens.

1. The process has loaded the program already, so that a run takes a fraction of a second.
2. Every call by which the fork opens, makes, renames, removes, cuts or flushes a file of its box (see `faulty`) is an
   instant, counted from 0: Python's audit events, and the functions of `os` that have none.
3. At an instant the fault is asked, which may kill or stop the process, refuse the call, or change a source.

4. Writes of any code, as of Arrow, are counted and torn in the middle by `torn.c`, loaded before the C library.

Limits: instants of threads are numbered as they come. POSIX only, torn writes Linux only.
"""

from __future__ import annotations

import atexit
import ctypes
import faulthandler
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

EVENTS = frozenset((
    "open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "os.scandir", "os.listdir",
))  # fmt: skip
CALLS = ("write", "fsync", "ftruncate", "pread", "preadv")
"""Functions of `os` that raise no audit event, or none that tells enough."""
ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Requests to end."""
READS = frozenset(("os.scandir", "os.listdir", "pread", "preadv"))

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
class Ended:
    """How a run ended: its exit status or, negative, the signal; what it said; the names of its instants, each with
    whether it changes anything, if it ended by itself; how many writes C code saw (see `torn`); how long it took.
    may_leave: it had no way to clear up."""

    status: int
    said: str
    instants: tuple[tuple[str, bool], ...]
    writes: int
    seconds: float
    may_leave: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command that writes. prepared: what it needs in the box beside the sources. finals: the names in `out` that it
    gives; those with a suffix are files, and may exist before. run: what the process does.

    Of what grows, as an index, also - lost: of what the run acknowledged, and what is there before the rerun, what must
    be there and is not. seen: what counts of the final names, if not their bytes. again: how it is run again, if
    otherwise. leaves: the names in `out` that a run which was ended may leave, and the rerun takes away. holds: whether
    it holds what sources said for good, so that what they said in between is seen in the end.
    """

    name: str
    run: Callable[[Path], None]
    finals: tuple[str, ...]
    prepared: Callable[[Path], None] = lambda _: None
    lost: Callable[[Path, Ended], list[str]] | None = None
    seen: Callable[[Path], State] | None = None
    again: Callable[[Path], None] | None = None
    leaves: tuple[str, ...] = ()
    holds: bool = False


def cli(*arguments: str) -> Callable[[Path], None]:
    """A command line; IN and OUT stand for these folders."""
    from dedup.cli import main  # not in the run, which may be ended from its first moment on

    def run(box: Path) -> None:
        places = {"IN": str(box / "in"), "OUT": str(box / "out")}
        named = [one.replace("IN", places["IN"], 1) if one.startswith("IN") else one for one in arguments]
        main([one.replace("OUT", places["OUT"], 1) if one.startswith("OUT") else one for one in named])

    return run


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


C = ctypes.CDLL(None)
"""What is loaded into this process beside Python."""


def sees_writes() -> bool:
    """Whether `torn.c` was loaded before the C library."""
    return hasattr(C, "torn_from")


def torn(box: Path, at: int, error: int) -> None:
    """Of the write numbered `at` half is done; then the process is killed (0), or all later ones are refused."""
    if sees_writes():
        C.torn_from(os.fsencode(box), ctypes.c_long(at), error)


def with_torn_writes() -> None:
    """Begins this program anew with `torn.c` loaded, if that can be compiled here."""
    if sees_writes():  # it is loaded, and of no use to processes that this one starts
        shutil.rmtree(Path(os.environ.pop("LD_PRELOAD")).parent)
        return
    compiler = shutil.which("cc")
    if not compiler or sys.platform != "linux":
        return
    built = Path(tempfile.mkdtemp(prefix="torn-")) / "torn.so"
    source = Path(__file__).with_name("torn.c")
    done = subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", built, source, "-ldl"], check=False)
    if not done.returncode:
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "LD_PRELOAD": str(built)})


def nothing(_: Instant) -> None:
    """No fault."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs a command: its number, and where what it says can be read."""

    number: int
    said: int
    begun: float


def started(command: Command, box: Path, fault: Fault = nothing, begun: Callable[[], None] = lambda: None) -> Process:
    """A new process that runs a command in a box."""
    sys.stdout.flush()
    sys.stderr.flush()
    here, there = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)  # what comes before it is ready waits
    number = -1
    try:
        number = os.fork()
    finally:
        if number:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED)
    if number == 0:
        os.close(here)
        os.dup2(there, 1)
        os.dup2(there, 2)
        _live(command, box, fault, begun)
    os.close(there)
    return Process(number, here, time.monotonic())


def ended(process: Process, box: Path) -> Ended:
    """How a process ended."""
    with os.fdopen(process.said, "rb") as file:
        said = file.read().decode("utf-8", "replace")
    _, status = os.waitpid(process.number, 0)
    counted = box / "instants"
    instants, writes = json.loads(counted.read_text()) if counted.exists() else ((), 0)
    made = tuple((name, changes) for name, changes in instants)
    return Ended(os.waitstatus_to_exitcode(status), said, made, writes, time.monotonic() - process.begun)


def run(command: Command, box: Path, fault: Fault = nothing, begun: Callable[[], None] = lambda: None) -> Ended:
    return ended(started(command, box, fault, begun), box)


def _live(command: Command, box: Path, fault: Fault, begun: Callable[[], None]) -> NoReturn:
    """The life of the process, which ends as a program would."""
    status = 70
    try:
        faulthandler.enable(2)  # where it crashed, should it crash
        for number in ASKED:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        tempfile.tempdir = os.environ["TMPDIR"] = str(box / "tmp")
        (box / "instants").unlink(missing_ok=True)
        watch = Watch(str(box), fault)
        torn(box, -1, 0)
        begun()
        watch.calls()
        sys.addaudithook(watch.hook)
        status = _status(command.run, box)
        watch.quiet = True
        for number in ASKED:
            signal.signal(number, signal.SIG_IGN)
        for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_AS):
            resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        writes = C.torn_count() if sees_writes() else 0
        atexit._run_exitfuncs()
        (box / "instants").write_text(json.dumps([watch.instants, writes]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _status(run: Callable[[Path], None], box: Path) -> int:
    """The exit status that a command gives."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED)
        run(box)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:  # before the command, or after it
        return 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)  # the command is over
    return 0
