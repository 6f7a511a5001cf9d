"""A seeded share of the faults that benchmarks/faults.py puts into the commands that write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SHARE = (
    ("killed", "clean", 8), ("killed", "restore", 6), ("killed", "review", 6), ("terminated", "clean", 2),
    ("interrupted", "clean", 2), ("refused", "clean", 4), ("refused", "review", 4), ("lost", "restore", 2),
    ("limited", "clean", 2), ("changed", "clean", 3), ("two runs", "clean", 2), ("clock", "restore", 1),
    ("killed", "clean --work", 4), ("killed", "index create", 3), ("killed", "index add", 3),
    ("killed", "index remove", 3), ("terminated", "index add", 3), ("refused", "index remove", 3),
    ("torn", "index add", 3), ("torn", "clean", 2), ("no room", "clean", 2), ("no room", "index add", 2),
    ("bounded", "clean --work", 1), ("two runs", "index add", 1), ("each", "index remove", 2), ("each", "restore", 2),
)  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and limits of Linux")
def test_no_fault_loses_or_halves_anything(tmp_path: Path) -> None:
    script = (
        "import sys, faults, faulty, watched\n"
        "watched.with_torn_writes()\n"
        "faults.warm()\n"
        "commands = {one.name: one for one in faulty.COMMANDS}\n"
        f"for kind, name, times in {SHARE!r}:\n"
        "    if kind in ('torn', 'no room') and not watched.sees_writes():\n"
        "        continue\n"
        "    for _, _, _, found in faults.all_tried([kind], [commands[name]], times, 7):\n"
        "        assert not found, (kind, name, found)\n"
    )
    environment = {"PYTHONPATH": str(BENCHMARKS), "PATH": str(Path(sys.executable).parent), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
