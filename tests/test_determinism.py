"""The same input gives the same bytes: by any number of workers, in any order, locale, time zone, and hash seed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from formats import tar
from packing import pack
from strategies import article, spun

from dedup import pipeline
from dedup.config import Config
from dedup.model import SourceFile
from dedup.report import folder, jsonl

SMALL, BULK = Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0)
BOTH = pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
BROKEN = "Die Brücke über den Fluß wurde für das Jubiläum schön geschmückt. ".encode().decode("cp1252") * 3
ROWS = [
    {"id": f"{seed}-{kind}", "text": text}
    for seed in range(12)
    for kind, text in (("a", article(seed, 9)), ("b", spun(article(seed, 9), seed)), ("c", article(seed, 9).upper()))
] + [{"id": "ıİß", "text": BROKEN}]
"""Articles with copies of two kinds, and broken encoding under a name that Turkish has other letters for."""

COMMANDS = """
import sys
from dedup.cli import main, program
program.as_utf8()
place, out = sys.argv[1:]
for arguments in (
    ["clean", place, "-o", f"{out}/clean", "--fix", "--conjecture"],
    ["scan", place, "--format", "jsonl", "-o", f"{out}/scan.jsonl"],
    ["report", place, "-o", f"{out}/report.html"],
):
    main(arguments, standalone_mode=False)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    pack(tmp_path / "in" / "rows.jsonl", ROWS[::2])
    pack(tmp_path / "in" / "more.jsonl.gz", ROWS[1::2])
    (tmp_path / "in" / "text.txt").write_text(article(3, 9))
    (tmp_path / "in" / "ıİß.txt").write_text(article(4, 9))
    (tmp_path / "in" / "all.tar").write_bytes(tar({"ö/ıİß.txt": article(30, 9).encode()}))
    return tmp_path / "in"


def digests(place: Path) -> dict[str, str]:
    """What is in a folder."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    return {str(path.relative_to(place)): sha256(path.read_bytes()).hexdigest() for path in files}


def cleaned(sources: list[Path], target: Path, config: Config) -> tuple[dict[str, str], list[str]]:
    """The clean corpus, and the records of the scan."""
    with pipeline.find_duplicates(sources, config) as found:
        folder.write(found, [], target)
        return digests(target), list(map(jsonl.line, jsonl.scan(found)))


def run(source: Path, out: Path, **environment: str) -> dict[str, str]:
    """What the commands write in a fresh process."""
    out.mkdir()
    set_here = ("COV_", "LC_", "LANG", "PYTHONHASH", "TZ")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(set_here)}
    arguments = [sys.executable, "-c", COMMANDS, str(source), str(out)]
    done = subprocess.run(arguments, env={**kept, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return digests(out)


@BOTH
def test_workers_change_nothing(source: Path, tmp_path: Path, config: Config) -> None:
    made = [cleaned([source], tmp_path / str(count), replace(config, workers=count)) for count in (1, 2)]
    assert made[0] == made[1]


@BOTH
def test_the_order_of_sources_and_lines_changes_no_finding(tmp_path: Path, config: Config) -> None:
    made: list[Mapping[str, object]] = []
    for number in range(3):
        rows = Random(number).sample(ROWS, len(ROWS)) if number else ROWS
        halves = [pack(tmp_path / str(number) / "in" / f"{name}.jsonl", half)
                  for name, half in (("a", rows[:19]), ("b", rows[19:]))]  # fmt: skip
        with pipeline.find_duplicates(halves[:: -1 if number % 2 else 1], config) as found:
            folder.write(found, [], tmp_path / str(number) / "out")
            records = [json.loads(jsonl.line(one)) for one in jsonl.scan(found)]
        out = tmp_path / str(number) / "out"
        lines = [line for path in (out / "documents").iterdir() for line in path.read_bytes().splitlines()]
        made.append({
            "records": [one for one in records if one["record"] != "summary"],
            "manifest": (out / "manifest.jsonl").read_bytes(),
            "edits": (out / "edits.jsonl").read_bytes(),
            "documents": sorted(lines),
        })  # fmt: skip
    assert made[0] == made[1] == made[2]


def test_files_listed_in_another_order_give_the_same_bytes(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cleaned([source], tmp_path / "one", SMALL)
    scandir = os.scandir

    class Backwards:
        """A listing of a folder in the other order."""

        def __init__(self, *given: str) -> None:
            self._left = list(scandir(*given))

        def __iter__(self) -> Backwards:
            return self

        def __next__(self) -> os.DirEntry[str]:
            if not self._left:
                raise StopIteration
            return self._left.pop()

        def __enter__(self) -> Backwards:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing to close."""

    monkeypatch.setattr(os, "scandir", Backwards)
    again = cleaned([source], tmp_path / "two", SMALL)
    monkeypatch.undo()
    assert again == first


def test_partitions_change_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dedup.bulk import read

    whole = cleaned([source], tmp_path / "whole", BULK)
    monkeypatch.setattr(read, "PARTITION_BYTES", 2000)
    assert cleaned([source], tmp_path / "parts", BULK) == whole


@BOTH
def test_a_source_named_by_another_path_gives_the_same_bytes(source: Path, tmp_path: Path, config: Config) -> None:
    shutil.copytree(source, tmp_path / "elsewhere" / "in")
    one, other = (cleaned([place], tmp_path / f"{at}", config)[0]
                  for at, place in enumerate((source, tmp_path / "elsewhere" / "in")))  # fmt: skip
    assert one == other
    assert all(isinstance(file, SourceFile) for file in pipeline.find_duplicates(source, config).corpus.sources)


ENVIRONMENTS = {
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu"},
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "4294967295", "TZ": "UTC"},
    "narrow": {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "TZ": "America/St_Johns"},
}


def test_locale_hash_seed_and_time_zone_change_nothing(source: Path, tmp_path: Path) -> None:
    made = {name: run(source, tmp_path / name, **environment) for name, environment in ENVIRONMENTS.items()}
    assert len(made["C"]) > 5
    assert made["C"] == made["Turkish"] == made["narrow"]


@pytest.mark.skipif("DEDUP_TEST_COLD" not in os.environ, reason="compiles every kernel anew: set DEDUP_TEST_COLD")
def test_cold_and_warm_caches_change_nothing(source: Path, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom dedup import pipeline\nfrom dedup.config import Config\nfrom dedup.report import jsonl\n"
        "found = pipeline.find_duplicates(sys.argv[1], Config(bulk_bytes_min=0))\n"
        "sys.stdout.writelines(map(jsonl.line, jsonl.scan(found)))\n"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    arguments = [sys.executable, "-c", script, str(source)]
    told = [subprocess.run(arguments, env=environment, capture_output=True, check=True).stdout for _ in range(2)]
    assert list((tmp_path / "cache").rglob("*.nbi"))
    assert told[0] == told[1]
    assert told[0].count(b'"record": "pair"') > 10


@pytest.mark.skipif(os.name != "posix", reason="names are text elsewhere")
def test_ids_are_names_as_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    (tmp_path / "ıİß.txt").write_text(article(3, 9))
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "dedup.cli", "scan", str(tmp_path), "--format", "jsonl"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout.splitlines()[0])["id"] == "ıİß.txt"
    insisting = [sys.executable, "-X", "utf8=0", *command[1:]]
    done = subprocess.run(insisting, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode in (0, 1), "it begins anew without end"
