"""Puts faults into every command that writes: `python benchmarks/faults.py [--only KIND...] [--times N] [--seed N]`.

For each command of `faulty.COMMANDS` and each kind of fault of `fault_kinds.KINDS`: a run in a fresh box with the
fault, then a look at what must not be (`faulty.wrong`), then the same command again, undisturbed: it must give what a
run gives that never knew of a fault, and leave nothing temporary, not even what a killed one left. Prints a table: how
often each was tried, how often it ended the run, and what was lost.

--results FILE adds the counts to those in a JSON file, so that a long list can be tried in parts; --table FILE prints
the table of such a file (`reliability.py` puts it into the docs). Seeded: the same seed tries the same instants; those
of clocks and threads differ from run to run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import faulty
import reliability
import watched
from fault_kinds import KINDS, ONLY, TIMES, WITHOUT, may_mount
from faulty import BEFORE, COMMANDS, WITH_WORKERS, Draw, Expected
from watched import Command

LOADING = ("clean --fix", "report", "restore", "review", "clean --work", "index create", "index remove")
"""Commands that between them load all that any of them does."""


def tried(kind: str, command: Command, draw: Draw, above: Path) -> tuple[bool, list[str]]:
    """Whether the fault ended the run, and what was wrong."""
    box = faulty.made_box(above, command)
    try:
        if draw.random.random() < 0.5:
            for name in command.finals:
                if "." in name and not command.lost:
                    (box / "out" / name).write_bytes(BEFORE)
        standing = faulty.final_state(box, command)
        found: list[str] = []
        stopped = partly = False
        for done in KINDS[kind](command, box, draw):
            stopped |= done.status != 0
            partly |= command.holds and "could not be read:" in done.said
            found += faulty.wrong(command, box, done, draw.wanted, standing)
            if found:
                found.append(done.said[-600:])
        if kind == "changed" and command.holds:  # what it was told stays
            return stopped, found
        # What came later than it would have had is compared by words that were ranked otherwise.
        counted = (lambda name: "/pair " not in name) if partly else (lambda _: True)
        return stopped, found + faulty.wrong_again(command, box, draw.wanted, counted)
    except AssertionError as error:
        return True, [str(error)]
    finally:
        shutil.rmtree(box)


def trials(kind: str, wanted: Expected, times: int | None) -> int:
    if kind == "each":
        every = len(wanted.changes)
    else:
        every = wanted.writes if kind in ("torn", "no room") else len(wanted.changing)
    return (TIMES.get(kind, 20) if times is None else times) or every


def _is_tried(kind: str, command: Command) -> bool:
    return command in ONLY.get(kind, COMMANDS) and command.name not in WITHOUT.get(kind, ())


def all_tried(
    kinds: list[str], commands: list[Command], times: int | None, seed: int, first: int = 0
) -> Iterator[tuple[str, str, bool, list[str]]]:
    """Kind, command, whether it ended the run, and what was wrong, trial by trial from that numbered `first` on."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))  # not one that every fork removes when it ends
    try:
        for command in commands:
            own = [kind for kind in kinds if _is_tried(kind, command)]
            wanted = faulty.expected(folder, command) if own else None
            for kind in own:
                assert wanted
                for number in range(first, first + times if times else trials(kind, wanted, times)):
                    draw = Draw(wanted, Random(f"{seed} {kind} {command.name} {number}"), number)
                    yield kind, command.name, *tried(kind, command, draw, folder)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    every = [*COMMANDS, *WITH_WORKERS]
    parser.add_argument("--commands", nargs="+", choices=[one.name for one in every], metavar="NAME")
    parser.add_argument("--times", type=int, help="how often on each command; 0: at every instant, or write")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="from the trial numbered N on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(*reliability.faults(json.loads(given.table.read_text())), sep="\n")
        return
    watched.with_torn_writes()
    commands = [one for one in every if not given.commands or one.name in given.commands]
    warm()
    known = given.results and given.results.exists()
    counts: reliability.Counts = json.loads(given.results.read_text()) if known else {}
    failed = False
    kinds = _possible(given.only or list(KINDS))
    for kind, name, stopped, found in all_tried(kinds, commands, given.times, given.seed, given.first):
        own = counts.setdefault(kind, {}).setdefault(name, {"tried": 0, "ended": 0, "wrong": 0})
        for what, more in (("tried", 1), ("ended", int(stopped)), ("wrong", int(bool(found)))):
            own[what] += more
        failed |= bool(found)
        for one in found:
            print(f"{kind} in {name}: {one}", file=sys.stderr, flush=True)
        if given.results:
            given.results.write_text(json.dumps(counts, indent=1) + "\n")
    print(*reliability.faults(counts), sep="\n")
    sys.exit(int(failed))


def _possible(kinds: list[str]) -> list[str]:
    """The kinds without those that this machine does not let be tried."""
    left_out = set() if may_mount() else {"full", "read-only"}
    if not watched.sees_writes():
        left_out |= {"torn", "no room"}
    if left_out & set(kinds):
        print(f"cannot be tried here: {', '.join(sorted(left_out & set(kinds)))}", file=sys.stderr)
    return [kind for kind in kinds if kind not in left_out]


def warm() -> None:
    """Loads what the commands load, so that no fork need do it again."""
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    for command in COMMANDS:
        if command.name in LOADING:
            box = faulty.made_box(folder, command)
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
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
