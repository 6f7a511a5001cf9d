"""Whether `torn.c` sees every write: `python benchmarks/traced.py [COMMAND...]` (Linux, strace).

Each command of `faulty.COMMANDS` runs once, undisturbed, while strace tells of every call by which the system is asked
to put bytes into a file. Of those into files of its box none may be one that torn.c does not count: a line each, the
exit status is 1 if a call was missed. Numbers may differ by what threads do in another order from run to run; what must
not be is a kind of call that torn.c does not know, or fewer writes than the system saw.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import faults
import faulty
import watched
from watched import Command

CALLS = "write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,splice,fallocate,io_uring_enter"
CALL = re.compile(r"\d+ +(?P<name>\w+)\((?P<handle>\d+)<(?P<path>[^>]*)>")


def traced(command: Command, above: Path) -> tuple[int, Counter[str]]:
    """How many writes torn.c counted, and the calls that the system saw, by name."""
    box, log = faulty.made_box(above, command), above / "trace"
    log.unlink(missing_ok=True)

    def begun() -> None:
        asked = ["strace", "-f", "-y", "-o", str(log), "-e", f"trace={CALLS}", "-p", str(os.getpid())]
        tracer = subprocess.Popen(asked, stderr=subprocess.PIPE)
        assert tracer.stderr
        assert b"attached" in tracer.stderr.readline()

    done = watched.run(command, box, begun=begun)
    assert done.status == 0, done.said
    time.sleep(0.5)  # until strace has written its last lines
    found = Counter[str]()
    for line in log.read_text("utf-8", "replace").splitlines():
        call = CALL.match(line)
        if call and call["path"].startswith(f"{box}/") and call["path"] != str(box / "instants"):
            found[call["name"]] += 1
    return done.writes, found


def main() -> None:
    watched.with_torn_writes()
    if not (watched.sees_writes() and shutil.which("strace")):
        sys.exit("wants a C compiler and strace")
    faults.warm()
    missed = False
    folder = Path(tempfile.mkdtemp(prefix="traced-"))  # not one that every fork removes when it ends
    for command in faulty.COMMANDS:
        if sys.argv[1:] and command.name not in sys.argv[1:]:
            continue
        counted, found = traced(command, folder)
        is_missed = sum(found.values()) > counted
        missed |= is_missed
        calls = ", ".join(f"{name} {count}" for name, count in sorted(found.items()))
        print(f"{command.name}: torn.c {counted}, the system {calls}{' MISSED' * is_missed}", flush=True)
    shutil.rmtree(folder)
    sys.exit(int(missed))


if __name__ == "__main__":
    main()
