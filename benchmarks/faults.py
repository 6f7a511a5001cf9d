"""Puts faults into every command that writes: `python benchmarks/faults.py [--only KIND...] [--times N] [--seed N]`.

For each command of `faulty.COMMANDS` and each kind of fault below: a run in a fresh box with the fault, then a look at
what must not be (`faulty.wrong`), then the same command again, undisturbed: it must give the very bytes of a run that
never knew of a fault, and leave nothing temporary, not even what a killed one left. Prints a table: how often each was
tried, how often it ended the run, and what was lost.

--results FILE adds the counts to those in a JSON file, so that a long list can be tried in parts; --table FILE prints
the table of such a file. Seeded: the same seed tries the same instants; those of clocks differ from run to run.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import faulty
from faulty import BEFORE, COMMANDS, Command, Draw, Ended, Expected, Instant

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EDQUOT)
SOURCE_CHANGES = ("shrunk", "grown", "rewritten", "removed")

Trial = Callable[[Command, Path, Draw], Iterator[Ended]]


# --- kinds of faults: each runs the command in the box, with the fault ---------------------------------------------


def killed(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGKILL at a random call that touches a file, or at a random time."""
    if draw.random.random() < 0.7:
        at = draw.instant()
        yield faulty.run(command, box, partial(_signal, at, signal.SIGKILL))
    else:
        yield _by_clock(command, box, draw, signal.SIGKILL)


def terminated(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGTERM at a random call, or at a random time."""
    yield _asked_to_end(command, box, draw, signal.SIGTERM)


def interrupted(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """SIGINT (Ctrl-C) at a random call, or at a random time."""
    yield _asked_to_end(command, box, draw, signal.SIGINT)


def refused(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """One call refused: no room, read-only, no permission, broken disk, over quota."""
    at, number = draw.change(), draw.random.choice(ERRORS)
    yield faulty.run(command, box, partial(_refuse, number, lambda one: one == at))


def lost(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """From one call on all are refused that change anything: permission lost, disk full, in mid-run."""
    at, number = draw.change(), draw.random.choice(ERRORS)
    yield replace(faulty.run(command, box, partial(_refuse, number, lambda one: one >= at)), may_leave=True)


def limited(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """Files may not grow over a random size (RLIMIT_FSIZE): a write refused in its middle."""
    limit = int(2 ** draw.random.uniform(0, 17))

    def begun() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    yield faulty.run(command, box, begun=begun)


def full(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """The target is a small file system (tmpfs) of a random size."""
    yield from _mounted(command, box, f"size={4096 * draw.random.randint(1, 40)}")


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

    done = faulty.run(command, box, fault)
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

    yield faulty.run(command, box, begun=begun)


def clock(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """The clock goes back at every look at it."""

    def begun() -> None:
        now = [2e9]

        def back() -> float:
            now[0] -= 1000.0
            return now[0]

        time.time = time.monotonic = back
        time.time_ns = time.monotonic_ns = lambda: int(back() * 1e9)

    yield faulty.run(command, box, begun=begun)


def two(command: Command, box: Path, draw: Draw) -> Iterator[Ended]:
    """A second run on the same target while the first is stopped at a random call."""
    at = draw.instant()
    first = faulty.started(command, box, partial(_signal, at, signal.SIGSTOP))
    os.waitid(os.P_PID, first.number, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    second = faulty.run(command, box)
    if second.status not in (0, 1):
        raise AssertionError(f"the second run ended with {second.status}: {second.said[-300:]}")
    if second.status == 1 and not any(one in second.said for one in ("another run", "exists and is not")):
        raise AssertionError(f"the second run does not say why it ended: {second.said[-300:]}")
    os.kill(first.number, signal.SIGCONT)
    yield faulty.ended(first, box)


KINDS: dict[str, Trial] = {
    "killed": killed, "terminated": terminated, "interrupted": interrupted, "refused": refused, "lost": lost,
    "limited": limited, "full": full, "read-only": read_only, "changed": changed, "no memory": no_memory,
    "clock": clock, "two runs": two,
}  # fmt: skip
TIMES = {"killed": 60, "refused": 0, "read-only": 1, "clock": 2}
"""How often each is tried on each command, if not 20; 0: once at every instant."""


def _signal(at: int, number: int, instant: Instant) -> None:
    if instant.number == at:
        os.kill(os.getpid(), number)


def _asked_to_end(command: Command, box: Path, draw: Draw, number: int) -> Ended:
    if draw.random.random() < 0.5:
        return faulty.run(command, box, partial(_signal, draw.instant(), number))
    return _by_clock(command, box, draw, number)


def _by_clock(command: Command, box: Path, draw: Draw, number: int) -> Ended:
    child = faulty.started(command, box)
    time.sleep(draw.random.uniform(0, 0.6))
    os.kill(child.number, number)  # it is not waited for yet, so the number is still its own
    return faulty.ended(child, box)


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
    kept = {path.name: path.read_bytes() for path in (box / "out").iterdir() if path.is_file()}
    place = str(box / "out")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options.replace("ro", "size=1m"), "tmpfs", place], check=True)
    try:
        for name, data in kept.items():
            (box / "out" / name).write_bytes(data)
        if options == "ro":
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield faulty.run(command, box)
    finally:
        subprocess.run(["umount", place], check=True)


def may_mount() -> bool:
    if os.geteuid() or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as place:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False)
        return not done.returncode and not subprocess.run(["umount", place], check=False).returncode


# --- trials ------------------------------------------------------------------------------------------------------


def tried(kind: str, command: Command, draw: Draw, above: Path) -> tuple[bool, list[str]]:
    """Whether the fault ended the run, and what was wrong."""
    box = faulty.made_box(above, command)
    try:
        if draw.random.random() < 0.5:
            for name in command.finals:
                if "." in name and not command.appends:
                    (box / "out" / name).write_bytes(BEFORE)
        standing = faulty.final_state(box, command)
        found: list[str] = []
        stopped = False
        for done in KINDS[kind](command, box, draw):
            stopped |= done.status != 0
            found += faulty.wrong(command, box, done, draw.wanted, standing)
            if found:
                found.append(done.said[-600:])
        return stopped, found + faulty.wrong_again(command, box, draw.wanted)
    except AssertionError as error:
        return True, [str(error)]
    finally:
        shutil.rmtree(box)


def trials(kind: str, wanted: Expected, times: int | None) -> int:
    return (TIMES.get(kind, 20) if times is None else times) or len(wanted.changing)


def all_tried(
    kinds: list[str], commands: list[Command], times: int | None, seed: int
) -> Iterator[tuple[str, str, bool, list[str]]]:
    """Kind, command, whether it ended the run, and what was wrong, trial by trial."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))  # not one that every fork removes when it ends
    try:
        for command in commands:
            wanted = faulty.expected(folder, command)
            for kind in kinds:
                if kind == "two runs" and command.appends:  # both add, and more is there than one run gives
                    continue
                for number in range(trials(kind, wanted, times)):
                    draw = Draw(wanted, Random(f"{seed} {kind} {command.name} {number}"), number)
                    yield kind, command.name, *tried(kind, command, draw, folder)
    finally:
        shutil.rmtree(folder)


def table(counts: dict[str, int]) -> Iterator[str]:
    """A row for each kind of fault."""
    yield "| fault | tried | ended the run | something lost, touched or half-written |"
    yield "|---|---|---|---|"
    for kind, trial in KINDS.items():
        if counts.get(f"{kind} tried"):
            told = (trial.__doc__ or "").strip().rstrip(".")
            numbers = " | ".join(f"{counts.get(f'{kind} {what}', 0):,}" for what in ("tried", "ended", "wrong"))
            yield f"| {told} | {numbers} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--commands", nargs="+", choices=[one.name for one in COMMANDS], metavar="NAME")
    parser.add_argument("--times", type=int, help="how often on each command; 0: at every instant")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(*table(json.loads(given.table.read_text())), sep="\n")
        return
    kinds = given.only or list(KINDS)
    if not may_mount() and {"full", "read-only"} & set(kinds):
        print("no file systems can be mounted here: left out", file=sys.stderr)
        kinds = [kind for kind in kinds if kind not in ("full", "read-only")]
    commands = [one for one in COMMANDS if not given.commands or one.name in given.commands]
    warm()
    known = given.results and given.results.exists()
    counts: Counter[str] = Counter(json.loads(given.results.read_text()) if known else {})
    failed = False
    for kind, name, stopped, found in all_tried(kinds, commands, given.times, given.seed):
        counts.update({f"{kind} tried": 1, f"{kind} ended": int(stopped), f"{kind} wrong": int(bool(found))})
        failed |= bool(found)
        for one in found:
            print(f"{kind} in {name}: {one}", file=sys.stderr, flush=True)
        if given.results:
            given.results.write_text(json.dumps(counts, indent=1) + "\n")
    print(*table(counts), sep="\n")
    sys.exit(int(failed))


def warm() -> None:
    """Loads what the commands load, so that no fork need do it again."""
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            if command.name in ("clean --fix", "report", "restore"):
                box = faulty.made_box(Path(folder), command)
                sys.stdout.flush()
                kept = os.dup(1), os.dup(2)
                with (box / "said").open("w") as said:
                    os.dup2(said.fileno(), 1)
                    os.dup2(said.fileno(), 2)
                    try:
                        command.run(box)
                    except SystemExit as error:
                        assert not error.code, (box / "said").read_text()
                    finally:
                        sys.stdout.flush()
                        for number, one in enumerate(kept, 1):
                            os.dup2(one, number)
                            os.close(one)


if __name__ == "__main__":
    main()
