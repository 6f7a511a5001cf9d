"""Every example in the docs is run, in a folder that has what the examples name, page by page and from top to bottom.

- ```console blocks: the command behind `$ dedup`; what it prints must hold the excerpt, in which `…` leaves out.
- ```sh blocks: every `dedup` command in them, which must end well; `echo TEXT > FILE` beside them.
- ```python blocks.

A block behind `<!-- not run: why -->` is not run; there are few. Blocks of other kinds are no examples.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from dedup.cli import main
from dedup.model import RELATIONS
from dedup.report.wording import REASONS

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import commands  # noqa: E402

BLOCK = re.compile(r"(?:^<!-- not run: (?P<why>.+?) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "commands").glob("*.md"), ROOT / "README.md"])
NOT_RUN_MAX = 12


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a page. why: why it is not run, "" if it is."""

    kind: str
    text: str
    why: str


def examples(page: Path) -> list[Example]:
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Example(one["kind"], one["text"], one["why"] or "") for one in found if one["kind"] in KINDS]


KINDS = ("console", "sh", "python")
EXAMPLES = {page.relative_to(ROOT).as_posix(): examples(page) for page in PAGES}


RUN = [name for name, found in EXAMPLES.items() if name != "README.md" and any(not one.why for one in found)]
"""tests/test_readme.py runs those of the README."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """seeds, a small corpus, and the files that examples name."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(ROOT / "seeds", folder / "seeds")
    real = ROOT / "fixtures" / "real"
    shutil.copytree(real / "spun-by-hand" / "documents", folder / "corpus")
    shutil.copy(real / "mojibake" / "documents" / "cafe-broken.txt", folder / "corpus" / "a.txt")
    for name in ("spun.txt", "lone.txt", "letter.txt", "B"):
        shutil.copy(folder / "corpus" / "glacier-spun.txt", folder / name)
    shutil.copy(folder / "corpus" / "glacier.txt", folder / "A")
    for day, name in (("monday", "glacier.txt"), ("tuesday", "glacier-spun.txt")):
        row = {"id": name, "text": (folder / "corpus" / name).read_text("utf-8")}
        (folder / f"{day}.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    return folder


@pytest.mark.parametrize("page", RUN)
def test_the_examples_of_a_page_run(page: str, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "80")
    for number, one in enumerate(EXAMPLES[page]):
        if one.why:
            continue
        here = tmp_path / (f"here-{number}" if page.startswith("docs/commands/") else "here")
        if not here.exists():
            shutil.copytree(prepared, here)
            monkeypatch.chdir(here)
            if page == "docs/commands/index.md" and "create" not in one.text:
                ran(["dedup", "index", "create", "seen", "monday.jsonl", "letter.txt"])
        if one.kind == "python":
            exec(compile(one.text, page, "exec"), {"__name__": "example"})
        elif one.kind == "console":
            excerpt_is_printed(one.text)
        else:
            for line in one.text.replace("\\\n", " ").splitlines():
                for words in commands_of(line):
                    ran(words)


def excerpt_is_printed(text: str) -> None:
    command, _, excerpt = text.partition("\n")
    assert command.startswith("$ dedup "), command
    printed = "\n".join(line.rstrip() for line in ran(shlex.split(command[2:], comments=True)).splitlines())
    at = 0
    for part in excerpt.split("…"):
        found = printed.find(part.strip("\n"), at)
        assert found >= 0, f"{command} does not print this: {part!r}"
        at = found + len(part.strip("\n"))


def commands_of(line: str) -> Iterator[list[str]]:
    """The commands of a line of shell, with `>` and what follows as their last words."""
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), "&&"]:
        if word != "&&":
            words.append(word)
        elif words:
            yield words
            words = []


def ran(words: list[str]) -> str:
    """What a command prints, notes too, which must end with 0; to a file go its findings alone."""
    target = None
    if ">" in words:
        at = words.index(">")
        words, target = words[:at], Path(words[at + 1])
    if words[0] == "echo":
        printed = " ".join(words[1:]) + "\n"
    else:
        assert words[0] == "dedup", f"{words[0]} is no command that this test can run: say so by <!-- not run: why -->"
        named = [str(name) for word in words[1:] for name in (sorted(Path().glob(word)) if "*" in word else [word])]
        done = CliRunner().invoke(main, named)
        assert done.exit_code == 0, f"{shlex.join(words)}: {done.output}"
        printed = done.stdout if target else done.output
    if target:
        target.write_text(printed, encoding="utf-8")
    return printed


def test_few_examples_are_not_run_and_each_says_why() -> None:
    left_out = [(page, one.why) for page, found in EXAMPLES.items() for one in found if one.why]
    assert len(left_out) <= NOT_RUN_MAX, left_out


def test_blocks_are_of_a_known_kind() -> None:
    for page in PAGES:
        kinds = re.findall(r"^```(\w*)$", page.read_text(encoding="utf-8"), re.M)[::2]
        assert set(kinds) <= {*KINDS, "text", "json", "jsonl", "", "toml", "yaml", "html"}, page


def test_the_pages_of_the_commands_are_what_the_program_says() -> None:
    told = "run python benchmarks/commands.py"
    made = commands.pages()
    assert {path.name for path in commands.FOLDER.glob("*.md")} == set(made), told
    for name, text in made.items():
        assert (commands.FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: {told}"


def test_the_table_of_thresholds_is_what_the_script_prints() -> None:
    import threshold

    assert threshold.table() in (ROOT / "docs" / "threshold.md").read_text(encoding="utf-8")


def test_every_kind_of_evidence_is_told() -> None:
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    for told in REASONS.values():
        assert f"| {told} |" in page


def test_every_relation_is_told() -> None:
    page = (ROOT / "docs" / "relations.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == list(RELATIONS)


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in contents, page.name


def test_figures_of_the_comparison_are_those_of_the_results() -> None:
    page = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    for size, tools in (("1000000", ("dedup", "daft", "daft-numpy")), ("100000", ("dedup", "daft"))):
        results = (ROOT / "benchmarks" / "results" / f"peers-{size}.md").read_text(encoding="utf-8")
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in results.splitlines() if "|" in line]
        found = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
        for tool in tools:
            wanted = ["recall", "precision"] + (["seconds", "peak MB"] if size == "1000000" else [])
            for name in wanted:
                assert found[tool][name] in page, f"{tool}, {size} documents: {name} is {found[tool][name]}"
