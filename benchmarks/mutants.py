"""How many small faults the tests notice: mutants of the stages that decide, and what became of each.

1. The tree is copied, and of the module every mutant is made (mutmut: one operator, constant, argument or condition
   changed, one at a time). Constants beside functions are left as they are.
2. A sample of these, the same for the same seed, meets the tests of TESTS that reach its function, each until the first
   that fails. What fails or does not end in time is killed.
3. Survivors are shown as differences. Each wants a test, unless nothing that the program does depends on it.

Limits: these are the fast tests of the module alone; the others of the suite may kill more.
Run: python benchmarks/mutants.py align judge --sample 150    (pip install 'mutmut>=3.8')
With --folder FOLDER what was tried stays, and the same command goes on; --at-most N tries so many in this run.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = {
    "match": ("test_match",),
    "align": ("test_align",),
    "judge": ("test_judge", "test_judge_cards", "test_leaning", "test_verdicts"),
    "rules": ("test_judge",),
    "restore": ("test_restore",),
    "restoring": ("test_restoring", "test_restoring_parts"),
    "witnesses": ("test_witnesses", "test_restoring_parts"),
    "vote": ("test_restoring", "test_restoring_parts", "test_channel"),
}
"""The test files that are about a module."""
SLOW = (
    "test_judge.py::test_figures_are_shares",
    "test_judge.py::test_a_pair_among_others_is_judged_as_it_is_alone",
    "test_judge.py::test_the_relation_does_not_depend_on_which_text_is_named_first",
    "test_judge.py::test_direction_turns_round_with_the_order",
    "test_judge.py::test_letters_agree_alike_from_either_side_and_wholly_with_themselves",
    "test_leaning.py::test_either_way_of_scanning_asks_alike",
    "test_restore.py::test_a_clean_document_is_left_alone",
    "test_restore.py::test_restoring_can_be_undone_and_a_second_time_changes_nothing",
    "test_restoring.py::test_voting_twice_is_voting_once",
    "test_restoring.py::test_hostile_witnesses_can_be_undone",
    "test_witnesses.py::test_readings_of_copies_put_in_give_their_words",
)
"""Those of their tests that take seconds, and are left out."""
COPIED = ("dedup", "tests", "seeds", "fixtures", "benchmarks", "docs", "README.md", "CHANGELOG.md", "pyproject.toml")
ARGUMENTS = ("--no-cov", "-p", "no:cacheprovider", "-x", "-q")
BATCH = 40
"""Mutants tried by one process: after each of these, what was found is on the disk."""
SETTINGS = """
[tool.mutmut]
source_paths = ["dedup"]
only_mutate = ["dedup/{module}.py"]
also_copy = {copied}
pytest_add_cli_args = {arguments}
pytest_add_cli_args_test_selection = {tests}
timeout_multiplier = 4.0
timeout_constant = 4.0
track_dependencies = false
on_dependency_change = "ignore"
use_setproctitle = false
"""


def prepared(module: str, folder: Path) -> None:
    """A copy of the tree as it stands, with the settings for mutants of a module. Tests are copied again each time."""
    for name in COPIED if not folder.exists() else ("tests",):
        source, target = ROOT / name, folder / name
        if source.is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", ".hypothesis", "results")
            shutil.copytree(source, target, ignore=unwanted, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    settings = SETTINGS.format(
        module=module,
        copied=json.dumps([name for name in COPIED if name not in ("dedup", "pyproject.toml")]),
        arguments=json.dumps([*ARGUMENTS, *(f"--deselect=tests/{name}" for name in SLOW)]),
        tests=json.dumps([f"tests/{name}.py" for name in TESTS[module]]),
    )
    plain = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(plain + settings, encoding="utf-8")


def names(module: str, folder: Path) -> list[str]:
    """All mutants of the module, by the names that mutmut gives them."""
    program = f"""
from pathlib import Path
from mutmut.mutation.file_mutation import mutate_file_contents
made = mutate_file_contents("{module}.py", Path("dedup/{module}.py").read_text(encoding="utf-8"))
print(*made.mutant_names, sep="\\n")
"""
    made = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return sorted(f"dedup.{module}.{name}" for name in made.stdout.split())


def outcomes(module: str, folder: Path) -> dict[str, int]:
    """Exit statuses of the tests, by mutant, of those that were tried."""
    kept = folder / "mutants" / "dedup" / f"{module}.py.meta"
    if not kept.exists():
        return {}
    told = json.loads(kept.read_text(encoding="utf-8"))["exit_code_by_key"]
    return {name: code for name, code in told.items() if code is not None}


def mutmut(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", "from mutmut.__main__ import cli; cli()", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"mutmut {arguments[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def tried(module: str, folder: Path, chosen: Sequence[str], at_most: int) -> dict[str, int]:
    """The exit statuses of the tests for the chosen mutants, as far as they were tried by now."""
    waiting = [name for name in chosen if name not in outcomes(module, folder)][:at_most]
    for at in range(0, len(waiting), BATCH):
        mutmut(folder, "run", "--max-children", "1", *waiting[at : at + BATCH])
    found = outcomes(module, folder)
    return {name: found[name] for name in chosen if name in found}


def told(module: str, folder: Path, found: dict[str, int], every: int) -> None:
    """A line of the table, and the survivors."""
    survivors = [name for name, code in found.items() if code in (0, 5, 33)]
    killed = len(found) - len(survivors)
    print(f"| {module} | {every} | {len(found)} | {killed} | {killed / max(1, len(found)):.1%} |", flush=True)
    for name in survivors:
        lines = mutmut(folder, "show", name).splitlines()
        shown = [line for line in lines if line[:1] in "+-@" and line[:3] not in ("+++", "---")]
        print("\n".join([f"    {name}", *(f"        {line}" for line in shown)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", choices=[*TESTS, []], metavar="MODULE", help=", ".join(TESTS))
    parser.add_argument("--sample", type=int, default=150, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-most", type=int, default=1 << 30, help="mutants tried in this run")
    parser.add_argument("--again", action="store_true", help="try survivors again, by tests as they are now")
    parser.add_argument("--folder", type=Path, help="where copies and outcomes stay")
    given = parser.parse_args()
    print("| module | mutants | tried | killed | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for module in given.modules or TESTS:
            folder = (given.folder or Path(temporary)).resolve() / module
            prepared(module, folder)
            every = names(module, folder)
            chosen = random.Random(given.seed).sample(every, min(given.sample, len(every)))
            if given.again:
                left = [name for name, code in outcomes(module, folder).items() if code in (0, 5, 33)]
                for at in range(0, len(left), BATCH):
                    mutmut(folder, "run", "--max-children", "1", *left[at : at + BATCH])
            told(module, folder, tried(module, folder, chosen, given.at_most), len(every))


if __name__ == "__main__":
    main()
