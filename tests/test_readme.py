"""The README and the docs say what the program does: their commands are run, their excerpts and figures compared."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup.cli import main
from dedup.config import Config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ dedup (.*?)\n(.*?)```", README, re.S)
SCRIPTS = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.mark.parametrize(("command", "excerpt"), EXAMPLES, ids=[command.split()[0] for command, _ in EXAMPLES])
def test_an_excerpt_is_what_the_command_prints(command: str, excerpt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setitem(os.environ, "COLUMNS", "80")
    result = CliRunner().invoke(main, shlex.split(command))
    printed = "\n".join(line.rstrip() for line in result.stdout.splitlines())
    assert result.exit_code == 0
    at = 0
    for part in excerpt.split("…"):
        found = printed.find(part.strip("\n"), at)
        assert found >= 0, f"the README's excerpt is not printed any more: {part!r}"
        at = found + len(part.strip("\n"))


def test_there_are_excerpts_and_a_script_to_check() -> None:
    assert [command.split()[0] for command, _ in EXAMPLES] == ["scan", "diff"]
    assert len(SCRIPTS) == 2


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(SCRIPTS[0], "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("004_") and "002_" in lines[0]
    assert {"military -> navy", "countries -> international locations"} <= {
        " -> ".join(reversed(line.split(" -> "))) for line in lines[1:]
    }


def test_the_example_of_tables_runs_and_takes_ten_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    pytest.importorskip("pandas", reason="pandas is not installed")
    monkeypatch.chdir(ROOT)
    exec(compile(SCRIPTS[1], "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("4 [")
    assert "002_" not in lines[0]
    assert [line.split()[-2:] for line in lines if "002_" in line] == [["duplicate", "4"]]
    assert len([line for line in SCRIPTS[1].splitlines() if line]) <= 10


def test_the_two_set_up_commands_are_those_that_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pip install . && dedup scan seeds" in README
    assert "pip install '.[test]' && pytest" in README
    assert "pip install --quiet . && dedup scan seeds" in script
    assert "pip install --quiet '.[test]' && pytest" in script


def test_every_command_is_in_the_readme() -> None:
    for name in main.commands:
        assert f"`dedup {name} " in README


def test_the_architecture_has_a_line_for_every_module_and_for_no_other() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = {path.relative_to(ROOT / "dedup").with_suffix("") for path in (ROOT / "dedup").rglob("*.py")}
    modules = {path.as_posix() for path in files if not path.name.startswith("__")}
    assert set(re.findall(r"^\| `([\w/]+)` \|", page, re.M)) == modules - {f"cli/{name}" for name in main.commands}


def test_links_between_the_documents_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("passage_equal_tokens_min", "a stretch with at least {} equal tokens"),
        ("passage_density_min", "more than {} of it"),
        ("passage_gap_tokens", "gaps of {} tokens at most"),
        ("spun_window_tokens", "windows of {} tokens"),
        ("copy_coverage_min", "covered by shared passages to {}"),
        ("noise_similarity_min", "unlike (similarity below {})"),
        ("spun_rate_min", "at least {} of the words are replaced"),
        ("spun_systematic_min", "`systematic` is at least {}"),
        ("noise_rate_min", "at least {} replaced"),
        ("noise_likeness_min", "likeness of at least {}"),
        ("excerpt_containment_min", "containment of at least {}"),
        ("excerpt_length_ratio_max", "of at most {} of the other's length"),
        ("drop_coverage_min", "only if {} of it stands in passages"),
        ("confidence_min", "Below a probability of {} no copy is called the cleaner"),
        ("spun_common_share_min", "if common_share is below {}:"),
    ],
)
def test_the_rules_in_the_docs_have_the_figures_of_the_configuration(name: str, phrase: str) -> None:
    pages = [(ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("relations", "judging")]
    text = " ".join(" ".join(pages).split())
    value = getattr(Config(), name)
    told = {phrase.format(value), phrase.format(f"{100 * value:g} %")}
    assert any(re.search(rf"{re.escape(one)}(?![\w.]*\d)", text) for one in told), told


def test_the_table_beside_other_tools_is_made_from_the_results() -> None:
    measured = {}
    for size in ("100000", "1000000"):
        page = (ROOT / "benchmarks" / "results" / f"peers-{size}.md").read_text(encoding="utf-8")
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
        measured[size] = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
    for line in README.partition("| tool | 100,000 documents")[2].splitlines()[2:]:
        if not line.startswith("|"):
            break
        tool, small, large, memory, recall, precision = (cell.strip() for cell in line.strip("|").split("|"))
        row, big = measured["100000"][tool], measured["1000000"].get(tool)
        assert (small, recall, precision) == (f"{row['seconds']} s", row["recall"], row["precision"])
        assert (large, memory) == ((f"{big['seconds']} s", f"{big['peak MB']} MB") if big else ("-", "-"))
