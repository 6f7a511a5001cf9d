"""What a hostile input could use is not there: no code run from data, no shell, no text that becomes markup, no endless
expression, no temporary file that others read."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from formats import compressed, made, tar
from strategies import article

from dedup import inputs, pipeline
from dedup.config import Config
from dedup.model import SourceFile
from dedup.progress import SILENT
from dedup.spool import Spool

PACKAGE = Path(__file__).parent.parent / "dedup"
MODULES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
LOADERS = frozenset(("pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "dbm", "yaml"))
"""Libraries whose files may run code when they are read."""
PICKLING = {"engines/ray.py": "what goes between the processes of one run on a cluster"}
FORBIDDEN = frozenset((
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.spawnl", "os.execv", "os.execvp", "pty.spawn",
    "tempfile.mktemp", "pickle.load", "pickle.loads", "numpy.load", "np.load", "input",
))  # fmt: skip


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """The calls in a tree, by the name of what is called as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imports(tree: ast.AST) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names |= {str(node.module) for node in found}
    names |= {alias.name for node in found for alias in node.names if alias.name in LOADERS}
    return {part for name in names for part in name.split(".")}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_that_is_read_is_run(name: str) -> None:
    tree = MODULES[name]
    if name not in PICKLING:
        assert not imports(tree) & LOADERS
    for called, node in calls(tree):
        allows = {key.arg: ast.unparse(key.value) for key in node.keywords}
        is_array_file = called in ("numpy.load", "np.load") and allows.get("allow_pickle", "False") == "False"
        assert called not in FORBIDDEN or is_array_file, f"{name}:{node.lineno} calls {called}"
        assert allows.get("shell", "False") == "False", f"{name}:{node.lineno} may run a shell"
        assert allows.get("allow_pickle", "False") == "False", f"{name}:{node.lineno} may unpickle"
        unpacks = called.endswith("extractall") or (name.startswith("packed/archives") and called.endswith(".extract"))
        assert not unpacks, f"{name}:{node.lineno} writes under the names of an archive"


def test_templates_escape_everything() -> None:
    found = [(name, node) for name, tree in MODULES.items() for called, node in calls(tree)
             if called.endswith("Environment")]  # fmt: skip
    for name, node in found:
        allows = {key.arg: ast.unparse(key.value) for key in node.keywords}
        escaping = ("True", "select_autoescape(default=True, default_for_string=True)")
        assert allows.get("autoescape") in escaping, f"{name}:{node.lineno} makes markup of what it is given"
    trusting = {name for name, tree in MODULES.items() for called, _ in calls(tree) if called.endswith("Markup")}
    assert trusting <= {"report/page.py"}, "only what the program itself brings to a page is markup"
    for path in PACKAGE.rglob("*.html"):
        assert "|safe" not in path.read_text("utf-8").replace(" ", ""), f"{path.name} trusts markup"


def test_hostile_words_stay_words_on_a_page(tmp_path: Path) -> None:
    from dedup.report import page

    hostile = "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 7*7 }} </template><style>*{}</style> ]]> --> "
    for number in range(2):
        name = f"<b onclick=alert({number})>.txt"
        (tmp_path / name).write_text(hostile * (3 + number) + article(3, 20) + f" {number}")
    with pipeline.find_duplicates(tmp_path) as findings:
        html = page.scan(findings, Config())
    for part in ("<script>alert", "<img src=x", "<b onclick", "49 </template>"):
        assert part not in html


def test_temporary_files_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.umask(0)
    try:
        source = tmp_path / "source"
        source.mkdir()
        rows = [{"id": str(at), "text": article(at)} for at in range(3)]
        (source / "rows.jsonl.gz").write_bytes(compressed(made(rows, ".jsonl"), ".gz"))
        (source / "table.parquet").write_bytes(made(rows, ".parquet"))
        (source / "all.tar").write_bytes(tar({"a.txt": b"in a tar"}))
        with Spool() as spool:
            found = inputs.source_files([source], spool, Config(), SILENT)
            held = {path for file in found if isinstance(file, SourceFile)
                    for path in (file.held, file.plain, file.unpacked) if path}  # fmt: skip
            assert len(held) >= 3
            for path in held:
                assert path.resolve().is_relative_to(tmp_path.resolve())
                assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
                assert path.parent.stat().st_uid == os.getuid()
    finally:
        os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="limits are set as POSIX has them")
def test_no_expression_takes_long_whatever_it_is_asked_of() -> None:
    """Each is run on a million hostile characters in a process that the system kills if that takes it too long."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "hostile.py")], capture_output=True, text=True, check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("COV_")},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert not [line for line in lines if line.startswith("unknown: ")], "expressions that were not tried"
    assert lines[-1] == "done", f"{lines[-1]} takes long: {done.returncode} {done.stderr[-500:]}"
    assert len(lines) > 100
