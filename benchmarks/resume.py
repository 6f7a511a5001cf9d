"""Kills `dedup clean --work` at random instants, goes on, and compares with an undisturbed run.

    python benchmarks/resume.py CORPUS.jsonl [--kills 50] [--partition-mb 1]

An instant is drawn from the time that an undisturbed run takes. After each kill the same command is run to its end, and
its output is compared byte for byte with the undisturbed one; what began on an item twice is counted. The corpus must
have 5 MB or more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from random import Random

CHILD = """
import sys
from dedup.bulk import read, sketch
from dedup.cli import main
from dedup.engines import kept

log, partition_bytes, *arguments = sys.argv[1:]
read.PARTITION_BYTES, sketch.SAMPLE_BYTES = int(partition_bytes), 4 * int(partition_bytes)
known = kept.read

def noted(path, columns):
    found = known(path, columns)
    if found is None:
        with open(log, "a") as lines:
            lines.write(f"{path.parent.name}/{path.name}\\n")
    return found

kept.read = noted
main(arguments)
"""


def started(chosen: argparse.Namespace, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CHILD, folder / "log", str(round(chosen.partition_mb * (1 << 20)))]
    command += ["clean", chosen.corpus, "-o", folder / "out", "--work", folder / "work"]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(run: subprocess.Popen[bytes]) -> None:
    _, errors = run.communicate()
    if run.returncode:
        raise SystemExit(f"the run failed: {errors.decode()}")


def digest(folder: Path) -> str:
    """Of all files, by their names."""
    found = sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kills", type=int, default=50, metavar="N")
    parser.add_argument("--partition-mb", type=float, default=1, metavar="MB")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    random = Random(chosen.seed)
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as place:
        times = []
        for _ in range(2):  # the first may compile kernels
            folder = emptied(Path(place, "whole"))
            began = time.perf_counter()
            ended(started(chosen, folder))
            times.append(time.perf_counter() - began)
        expected, seconds = digest(folder / "out"), times[-1]
        items = len((folder / "log").read_text().splitlines())
        print(f"undisturbed: {seconds:.1f} s, {items} items of stages, {workers} workers", flush=True)
        repeated, left, same, late = [], [], 0, 0
        for number in range(chosen.kills):
            folder = emptied(Path(place, "killed"))
            run = started(chosen, folder)
            time.sleep(random.uniform(0, seconds))
            run.kill()
            run.communicate()
            late += (folder / "out").exists()  # whole, since it has its name; the kill found nothing to do
            found = len((folder / "log").read_text().splitlines()) if (folder / "log").exists() else 0
            if not (folder / "out").exists():
                ended(started(chosen, folder))
            same += digest(folder / "out") == expected
            log = Counter((folder / "log").read_text().splitlines())
            repeated.append(sum(log.values()) - len(log))
            left.append(found)
            print(f"kill {number + 1}: after {found} items, {repeated[-1]} begun twice", file=sys.stderr, flush=True)
    print(
        f"{chosen.kills} kills ({late} after the end), items begun before them {min(left)} to {max(left)}, median "
        f"{statistics.median(left):g}; {same} of {chosen.kills} outputs the same bytes; begun twice at most "
        f"{max(repeated)} items (one a worker would be {workers}), {statistics.mean(repeated):.2f} in the mean"
    )


if __name__ == "__main__":
    main()
