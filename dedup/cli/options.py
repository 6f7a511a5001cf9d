"""The arguments and options that several commands have, and the configuration that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from dedup.config import Config

Command = TypeVar("Command", bound=Callable[..., Any])


def size(_: click.Context, __: click.Parameter, value: str) -> int:
    """The bytes that an option names."""
    from dedup.config import size_bytes

    try:
        return size_bytes(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


DAMAGE_WEIGHT = 3.0
"""What `--damage` sets: a probability of damage counts like three even log-odds of readings."""

SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="How to print."
)
OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write to this file, not to the terminal."
)
MEMORY = click.option(
    "--memory", "memory_bytes", callback=size, default="1GB", show_default=True, metavar="SIZE",
    help="What seeking candidates in a large corpus may take, as 512MB or 4GiB; the rest goes through files.",
)  # fmt: skip

DAMAGE = click.option(
    "--damage", "damage_weight", flag_value=DAMAGE_WEIGHT, type=float, default=0.0,
    help="Make the card of every document (as `dedup check` does), and count it where the copy to keep is chosen.",
)  # fmt: skip


def reading(command: Command) -> Command:
    """The options that every command which reads documents has."""
    for option in (
        click.option(
            "--unpacked-bytes-max", callback=size, default="64GB", show_default=True, metavar="SIZE",
            help="Refuse compressed and Parquet files that take more than this unpacked.",
        ),
        click.option(
            "--document-bytes-max", type=int, default=32 << 20, show_default=True, metavar="BYTES",
            help="Refuse documents longer than this.",
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
    return threshold(reading(command))


def config(given: dict[str, Any]) -> Config:
    """The configuration of the options given. Raises click.UsageError where one is out of range."""
    from dedup.config import Config

    try:
        return Config(**given)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
