"""Imports point down only, heavy libraries wait until they are used, and the package loads quickly."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dedup"
STAGES = frozenset(
    ("read", "clean", "sketch", "match", "align", "phrase", "loci", "ledger", "judge", "cluster", "restore")
)
STOREYS = (
    "cached urls".split(),
    "config kernels model progress".split(),
    "filed whole".split(),
    "columns display edits ending globs language linked mojibake paging places spool".split(),
    "figures inflection layout losses packed plausible pricing slips".split(),
    "covers damage dictionary fluency readings recut remote witnesses".split(),
    (*STAGES, *"channel engines rules suspicion".split()),
    "ballots causal inputs judge ledgers rereading tagger".split(),
    "bulk closely conjecture leaning mending weighing".split(),
    "pipeline vote".split(),
    "checking decisions index meeting restoring shared tables".split(),
    "explain remembered".split(),
    "report".split(),
    "console review".split(),
    "cli".split(),
    "__init__".split(),
)
"""The modules from the ground up: each imports from storeys below its own."""
FLOORS = {name: floor for floor, names in enumerate(STOREYS) for name in names}
BULK = (
    "components", "columns", "read", "again", "corpus", "sketch", "wordlists", "codes", "held", "terms", "passages",
    "match", "verify", "flow", "run",
)  # fmt: skip
"""The modules of `bulk`, each of which imports only those before it."""
HEAVY = frozenset((
    "aiohttp", "charset_normalizer", "datasets", "datasketch", "fastwarc", "fsspec", "ftfy", "jinja2", "llama_cpp",
    "numba", "onnxruntime", "pandas", "polars", "pyarrow", "rapidfuzz", "ray", "redis", "rich", "scipy", "trafilatura",
    "wordfreq", "wordsegment",
))  # fmt: skip


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name below it."""
    names = {path: path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")}
    return {
        name.replace("/", ".").removesuffix(".__init__"): ast.parse(path.read_text(encoding="utf-8"))
        for path, name in sorted(names.items())
    }


MODULES = modules()


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that a tree imports; `from dedup import x` is dedup.x."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            if node.module.startswith("dedup"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module


def top_level(tree: ast.Module) -> ast.Module:
    """The statements that run on import: no function bodies, nothing under TYPE_CHECKING."""
    kept = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            kept += node.orelse
        elif isinstance(node, ast.ClassDef):
            kept += [inner for inner in node.body if not isinstance(inner, ast.FunctionDef)]
        else:
            kept.append(node)
    return ast.Module(kept, [])


def own(tree: ast.AST) -> set[str]:
    """The units of the package that a tree imports: modules, or folders of them."""
    parts = [name.split(".") for name in imported(tree) if name.split(".")[0] == "dedup"]
    return {part[1] for part in parts if len(part) > 1 and part[1] in FLOORS}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_module_has_a_floor(name: str) -> None:
    assert name.partition(".")[0] in FLOORS


@pytest.mark.parametrize("name", sorted(set(MODULES) - {"__init__"}))
def test_imports_point_down(name: str) -> None:
    unit = name.partition(".")[0]
    for other in own(MODULES[name]) - {unit}:
        assert FLOORS[other] < FLOORS[unit], f"{name} imports {other}"


@pytest.mark.parametrize("name", sorted(STAGES & set(MODULES)))
def test_stages_import_no_other_stage_and_nothing_above(name: str) -> None:
    below = {unit for unit, floor in FLOORS.items() if floor < FLOORS[name]}
    assert own(MODULES[name]) <= below - ({"damage"} if name != "judge" else set())


@pytest.mark.parametrize("name", BULK)
def test_bulk_modules_import_those_before_them(name: str) -> None:
    used = {one.split(".")[2] for one in imported(MODULES[f"bulk.{name}"]) if one.startswith("dedup.bulk.")}
    assert used <= set(BULK[: BULK.index(name)])
    assert {one for one in MODULES if one.startswith("bulk.")} == {f"bulk.{one}" for one in BULK}


def test_bulk_is_imported_only_by_the_pipeline_and_its_explanation_and_only_when_it_is_used() -> None:
    users = {name for name, tree in MODULES.items() if "bulk" in own(tree) and not name.startswith("bulk")}
    index = {name for name in users if name.startswith("index.")}
    assert users - index == {"pipeline", "meeting"}
    assert all("bulk" not in own(top_level(MODULES[user])) for user in users - index)


def test_kernels_are_imported_only_by_bulk_the_index_damage_and_covers() -> None:
    users = {name.partition(".")[0] for name, tree in MODULES.items() if "kernels" in own(tree)}
    assert users <= {"bulk", "covers", "damage", "index", "kernels"}


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("click", ["cli"]),
        ("pyarrow", ["bulk", "packed", "engines.memory"]),
        ("zstandard", ["index.texts"]),
        ("numba", ["kernels"]),
        ("ray", ["engines.ray"]),
    ],
)
def test_library_is_used_in_its_place(library: str, homes: list[str]) -> None:
    users = {name for name, tree in MODULES.items() if library in {one.split(".")[0] for one in imported(tree)}}
    assert all(any(name == home or name.startswith(f"{home}.") for home in homes) for name in users), users


@pytest.mark.parametrize("name", sorted(MODULES))
def test_heavy_libraries_are_imported_where_they_are_used(name: str) -> None:
    found = {one.split(".")[0] for one in imported(top_level(MODULES[name]))} & HEAVY
    printing = name in ("report.terminal", "report.facing", "report.explain", "report.concluded", "report.check")
    allowed = {"rich"} if printing else {"numba"} if name.startswith("kernels") else set()
    assert found <= allowed


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that an interpreter has loaded when it has run the command line of `arguments`."""
    script = (
        "import sys\n"
        "if len(sys.argv) > 1:\n"
        "    from dedup.cli import main\n"
        "    main(sys.argv[1:], standalone_mode=False)\n"
        "else:\n"
        "    import dedup\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return set(done.stderr.splitlines()[-1].split())


def test_importing_the_package_loads_no_library() -> None:
    names = loaded()
    assert "dedup" in names
    assert not names & (HEAVY | {"numpy", "click"})


def test_help_loads_no_library_but_click() -> None:
    names = loaded("scan", "--help")
    assert "click" in names
    assert not names & (HEAVY | {"numpy"})


def test_scanning_the_seeds_compiles_nothing() -> None:
    names = loaded("scan", str(ROOT / "seeds"))
    assert "numpy" in names
    assert not names & {"numba", "pyarrow", "ray"}
