"""A share of the strange inputs and the circumstances that benchmarks/strange.py and benchmarks/sameness.py try."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
INPUTS = {
    "a name with a line end": ("scan", "clean"), "a name that is no UTF-8": ("scan", "ledger"),
    "a pipe (FIFO)": ("scan", "check"), "a link to a device": ("report", "restore"), "a device": ("clean",),
    "links in a circle, to the folder itself, and to nothing": ("scan",), "a sparse file of a terabyte": ("check",),
    "archives whose names lead out": ("clean",),
    "records of one id, of ids that lead elsewhere, and of ids with line ends": ("clean", "scan"),
}  # fmt: skip
"""Inputs, and the commands that they are put before."""


def ran(script: str, room: Path) -> subprocess.CompletedProcess[str]:
    found = f"{Path(sys.executable).parent}:/usr/bin"
    environment = {"PYTHONPATH": str(BENCHMARKS), "PATH": found, "TMPDIR": str(room)}
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=room, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and what is no file on Linux")
def test_what_is_strange_is_read_or_told(tmp_path: Path) -> None:
    done = ran(
        "import strange\n"
        "from pathlib import Path\n"
        "commands = {one.name: one for one in strange.COMMANDS}\n"
        f"for what, names in {INPUTS!r}.items():\n"
        "    for name in names:\n"
        "        found = strange.tried(what, commands[name], Path('box').absolute())\n"
        "        assert not found, (what, name, found)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and what is no file on Linux")
@pytest.mark.parametrize(
    ("put", "told"),
    [
        ("lambda place: (0, ('good.txt',))", "'good.txt is not told'"),
        ("lambda place: (3, ())", "'2 documents, not 5'"),
        ("lambda place: ((place / 'good.txt').unlink(), (place / 'good.txt').symlink_to('/dev/zero'), (0, ()))[2]",
         "'ends with 1, not 0'"),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_noticed(tmp_path: Path, put: str, told: str) -> None:
    done = ran(
        "import strange\n"
        "from pathlib import Path\n"
        f"strange.INPUTS['other'] = {put}\n"
        "print(strange.tried('other', strange.COMMANDS[0], Path('box').absolute()))\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert told in done.stdout


def test_another_locale_hash_seed_and_order_of_lines_give_the_same_bytes(tmp_path: Path) -> None:
    done = ran(
        "import sameness\n"
        "from pathlib import Path\n"
        "one = sameness.Circumstance\n"
        "first = sameness.written(Path('.').absolute(), 'small', one())\n"
        "assert len(first) > 12, first\n"
        "environment = {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONHASHSEED': '77', 'TZ': 'Asia/Kathmandu'}\n"
        "for other in (one(workers=1, listing=2, environment=environment), one(lines=1, elsewhere=True)):\n"
        "    found = sameness.written(Path('.').absolute(), 'small', other)\n"
        "    assert not sameness.differing(first, found, other), (other, sameness.differing(first, found, other))\n"
        "changed = {**first, 'scan.jsonl': ('', '')}\n"
        "assert sameness.differing(first, changed, one()) == ['scan.jsonl']\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
