"""The program becomes its pages: `python benchmarks/commands.py` writes docs/commands, a page for each command.

What the commands say in --help is the source; tests/test_docs.py fails where a page says otherwise.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import click

from dedup.cli import help, main

FOLDER = Path(__file__).parent.parent / "docs" / "commands"
READING = frozenset(
    ("include", "exclude", "text_column", "id_column", "source_column", "html", "stdin_name", "document_bytes_max",
     "unpacked_bytes_max", "unpacked_ratio_max", "archive_members_max", "archive_depth_max")
)  # fmt: skip
"""Options that most commands have, and which are listed after their own."""

NOT_RUN = {"review": "it serves until Ctrl-C", "completion": "it writes into the home folder"}
"""Examples that no test runs."""


def pages() -> Mapping[str, str]:
    """The text of every page by the name of its file."""
    found = {"README.md": _contents()}
    for name, command in sorted(main.commands.items()):
        found[f"{name}.md"] = "\n".join(_page(name, command)) + "\n"
    return found


def _contents() -> str:
    lines = ["# Commands", "", "Made from the program by `python benchmarks/commands.py`.", ""]
    for title, names in help.SECTIONS.items():
        told = [f"- [`dedup {name}`]({name}.md): {help.SHORT[name]}" for name in names if name in main.commands]
        lines += [f"## {title}", "", *told, ""] if told else []
    return "\n".join(lines)


def _page(name: str, command: click.Command) -> Iterator[str]:
    """Usage, what it does, its example and its options; of a group the same of each of its commands."""
    yield f"# dedup {name}"
    yield ""
    yield "[All commands](README.md)"
    yield from _body(f"dedup {name}", command)
    if isinstance(command, click.Group):
        for own, one in command.commands.items():
            yield ""
            yield f"## dedup {name} {own}"
            yield from _body(f"dedup {name} {own}", one)


def _body(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield ""
    yield from ("```text", " ".join((path, *command.collect_usage_pieces(context))), "```")
    yield ""
    for paragraph in re.split(r"\n\s*\n", dedent(inspect.cleandoc(command.help or "")).strip()):
        kept = paragraph.startswith("\b")
        text = paragraph.removeprefix("\b").strip("\n") if kept else " ".join(paragraph.split())
        yield from ("```text", dedent(text), "```") if kept else (text.replace("<", "\\<"),)
        yield ""
    if example := re.search(r"Example:\s+(.*)", command.epilog or ""):
        told = next((why for end, why in NOT_RUN.items() if path.endswith(end)), "")
        yield from (*((f"<!-- not run: {told} -->",) if told else ()), "```sh", example[1], "```", "")
    options = [one for one in command.get_params(context) if isinstance(one, click.Option) and "--help" not in one.opts]
    own = [one for one in options if one.name not in READING]
    yield from _table(own, context)
    if len(own) < len(options):
        yield ""
        yield "How sources are read ([formats](../formats.md)):"
        yield ""
        yield from _table([one for one in options if one.name in READING], context)


def _table(options: list[click.Option], context: click.Context) -> Iterator[str]:
    yield from ("| option | |", "|---|---|")
    for one in options:
        told = one.get_help_record(context)
        if told:
            names, text = (re.sub(r"\s+", " ", part).replace("|", "\\|").strip() for part in told)
            yield f"| `{names}` | {text} |"


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(made)} pages in {FOLDER}")


if __name__ == "__main__":
    write()
