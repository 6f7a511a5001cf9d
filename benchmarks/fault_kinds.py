"""Kinds of faults: each runs a command in a box (see `faulty`) with the fault, and gives how that ended.

Instants, writes, errors and times are drawn by the chance of the trial: the same seed draws the same. Runs that are
given may be more than one; each is looked at before the next begins.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Timer

import faulty
import watched
from faulty import COMMANDS, WITH_WORKERS, Draw
from watched import Command, Ended, Instant

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT)
PATIENCE_SECONDS = 20.0
SOURCE_CHANGES = ("shrunk", "grown", "rewritten", "removed")

REFUSED = ("another run", "exists and is not", "exists already", "is being written by", "is in use by a run")
"""What a second run may say."""

Trial = Callable[[Command, Path, Draw], Iterator[Ended]]


def killed(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGKILL at a random call that touches a file, or at a random time."""
    if draw.random.random() < 0.7:
        at = draw.instant()
        yield watched.run(command, box, partial(_signal, at, signal.SIGKILL))
    else:
        yield _by_clock(command, box, draw, signal.SIGKILL)


def killed_each(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGKILL at every call that makes, changes, renames, flushes or removes a file, one after the other."""
    yield watched.run(command, box, partial(_signal, draw.any_change(), signal.SIGKILL))


def terminated(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGTERM at a random call, or at a random time."""
    yield _asked_to_end(command, box, draw, signal.SIGTERM)


def interrupted(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGINT (Ctrl-C) at a random call, or at a random time."""
    yield _asked_to_end(command, box, draw, signal.SIGINT)


def refused(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """One call refused: no room, read-only, no permission, broken disk, over quota."""
    at, number = draw.change(), draw.random.choice(ERRORS)
    yield watched.run(command, box, partial(_refuse, number, lambda one: one == at))


def lost(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """From one call on all are refused that change anything: permission lost, disk full, in mid-run."""
    at, number = draw.change(), draw.random.choice(ERRORS)
    yield replace(watched.run(command, box, partial(_refuse, number, lambda one: one >= at)), may_leave=True)


def limited(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """Files may not grow over a random size (RLIMIT_FSIZE): a write refused in its middle."""
    limit = int(2 ** draw.random.uniform(0, 17))

    def begun() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    yield watched.run(command, box, begun=begun)


def torn(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGKILL in the middle of a write, by whatever code (C, Arrow): half of its bytes are there."""
    yield watched.run(command, box, begun=partial(watched.torn, box, draw.write(), 0))


def no_room(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """From the middle of a write on, by whatever code (C, Arrow), all writes are refused: disk full."""
    error = draw.random.choice((errno.ENOSPC, errno.EDQUOT, errno.EIO))
    yield watched.run(command, box, begun=partial(watched.torn, box, draw.write(), error))


def full(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """The target is a small file system (tmpfs) of a random size."""
    yield from _mounted(command, box, f"size={_size(box / 'out') + 4096 * draw.random.randint(1, 40)}")


def read_only(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """The target is a file system that is read-only."""
    yield from _mounted(command, box, "ro")


def changed(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """A source is shrunk, grown, rewritten or removed at a random call; it is put back before the rerun."""
    at, how = draw.instant(), draw.random.choice(SOURCE_CHANGES)
    path = draw.random.choice(sorted((box / "in").iterdir()))
    data, times = path.read_bytes(), path.stat()

    def fault(instant: Instant) -> None:
        if instant.number == at:
            _change(path, data, how)

    done = watched.run(command, box, fault)
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    if done.status == 0:  # it was read before, or as it was then: either is right if it is whole
        assert all(faulty.is_whole(box / "out" / name) for name in command.finals), "not whole"
        return
    yield done


def no_memory(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """The process may take only so much more memory (RLIMIT_AS)."""
    more = int(2 ** draw.random.uniform(12, 26))

    def begun() -> None:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + more, resource.RLIM_INFINITY))

    child = watched.started(command, box, begun=begun)
    # A thread for which there is no memory as it starts is waited for by CPython without end.
    patience = Timer(PATIENCE_SECONDS, os.kill, (child.number, signal.SIGKILL))
    patience.start()
    try:
        yield watched.ended(child, box)
    finally:
        patience.cancel()


def bounded(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """Candidates are sought within very little memory (--memory), the rest goes through files."""
    most = int(2 ** draw.random.uniform(0, 16))

    def begun() -> None:
        from dedup.bulk import run
        from dedup.engines.local import Threads

        run._chosen = lambda config, workers: Threads(workers, most)

    yield watched.run(command, box, begun=begun)


def worker(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """A process that was started to help crashes (SIGKILL, SIGSEGV) at a random time."""
    child = watched.started(command, box)
    until, helpers = time.monotonic() + 60, []
    while (
        not helpers
        and time.monotonic() < until
        and not os.waitid(os.P_PID, child.number, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    ):
        time.sleep(0.02)
        helpers = _helpers(child.number)
    time.sleep(draw.random.uniform(0, draw.wanted.seconds))
    for number in _helpers(child.number)[:1]:
        with suppress(ProcessLookupError):
            os.kill(number, draw.random.choice((signal.SIGKILL, signal.SIGSEGV)))
    yield watched.ended(child, box)


def clock(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """The clock goes back at every look at it."""

    def begun() -> None:
        now = [2e9]

        def back() -> float:
            now[0] -= 1000.0
            return now[0]

        time.time = time.monotonic = back
        time.time_ns = time.monotonic_ns = lambda: int(back() * 1e9)

    yield watched.run(command, box, begun=begun)


def two(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """A second run on the same target while the first is stopped at a random call."""
    at = draw.instant()
    first = watched.started(command, box, partial(_signal, at, signal.SIGSTOP))
    os.waitid(os.P_PID, first.number, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    second = watched.run(command, box)
    if second.status not in (0, 1):
        raise AssertionError(f"the second run ended with {second.status}: {second.said[-300:]}")
    if second.status == 1 and not any(one in second.said for one in REFUSED):
        raise AssertionError(f"the second run does not say why it ended: {second.said[-300:]}")
    os.kill(first.number, signal.SIGCONT)
    yield watched.ended(first, box)


KINDS: dict[str, Trial] = {
    "killed": killed, "each": killed_each, "terminated": terminated, "interrupted": interrupted, "refused": refused,
    "lost": lost, "torn": torn, "no room": no_room, "limited": limited, "full": full, "read-only": read_only,
    "changed": changed, "no memory": no_memory, "bounded": bounded, "worker": worker, "clock": clock, "two runs": two,
}  # fmt: skip
TIMES = {"killed": 60, "each": 0, "refused": 0, "torn": 0, "no room": 0, "read-only": 1, "worker": 8, "clock": 2}
"""How often each is tried on each command, if not 20; 0: once at every instant, or at every write."""
WITHOUT = {
    "two runs": ("review",),  # both add, and more is there than one run gives
    "bounded": tuple(one.name for one in COMMANDS if one.name != "clean --work"),  # of large corpora alone
}
ONLY = {"worker": WITH_WORKERS}


def _signal(at: int, number: int, instant: Instant) -> None:
    if instant.number == at:
        os.kill(os.getpid(), number)


def _asked_to_end(command: Command, box: Path, draw: Draw, number: int) -> Ended:
    if draw.random.random() < 0.5:
        return watched.run(command, box, partial(_signal, draw.instant(), number))
    return _by_clock(command, box, draw, number)


def _by_clock(command: Command, box: Path, draw: Draw, number: int) -> Ended:
    child = watched.started(command, box)
    time.sleep(draw.random.uniform(0, 1.1 * draw.wanted.seconds))
    os.kill(child.number, number)  # it is not waited for yet, so the number is still its own
    return watched.ended(child, box)


def _refuse(number: int, chosen: Callable[[int], bool], instant: Instant) -> None:
    if instant.changes and chosen(instant.number):
        raise OSError(number, os.strerror(number), instant.path or None)


def _change(path: Path, data: bytes, how: str) -> None:
    if how == "removed":
        path.unlink()
    else:
        path.write_bytes({"shrunk": data[: len(data) // 2], "grown": data + data, "rewritten": data[::-1]}[how])


def _mounted(command: Command, box: Path, options: str) -> Iterator[Ended]:
    """A run whose target is a file system of its own; it is gone before the rerun."""
    place = str(box / "out")
    shutil.copytree(place, box / "kept")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options.replace("ro", "size=1m"), "tmpfs", place], check=True)
    try:
        shutil.copytree(box / "kept", place, dirs_exist_ok=True)
        if options == "ro":
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield watched.run(command, box)
    finally:
        subprocess.run(["umount", place], check=True)


def _size(folder: Path) -> int:
    return sum(-(-path.stat().st_size // 4096) * 4096 + 4096 for path in folder.rglob("*"))


def _helpers(number: int) -> list[int]:
    """The processes that a process started for its stages."""
    found = []
    for task in Path(f"/proc/{number}/task").glob("*/children"):
        with suppress(OSError):
            for one in task.read_text().split():
                if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes():
                    found.append(int(one))
    return sorted(found)


def may_mount() -> bool:
    if os.geteuid() or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False)
        return not done.returncode and not subprocess.run(["umount", place], check=False).returncode
