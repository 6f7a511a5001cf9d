"""The decisions of a person that a command obeys: those in a file that is named, or that lies beside its results.

Of `report.html` that is `report.decisions.jsonl`, where `dedup review` writes it. Other such files there are told of,
if they are about documents of this corpus, and not obeyed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedup.cli import options
from dedup.cli.options import Command
from dedup.console import say

if TYPE_CHECKING:
    from dedup.config import Config
    from dedup.pipeline import Findings
    from dedup.remembered import Remembered

HINTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """The file whose decisions are obeyed, or those that might have been meant."""

    file: Path | None
    others: tuple[Path, ...] = ()


def choosing(command: Command) -> Command:
    """The options by which decisions are chosen."""
    named = click.option(
        "--decisions", "decisions_path", type=options.path, metavar="FILE",
        help="Obey what was decided with `dedup review`: the file that it wrote. Without it, NAME.decisions.jsonl "
        "beside the output NAME is obeyed, if there is one.",
    )  # fmt: skip
    none = click.option("--no-decisions", is_flag=True, help="Obey no decisions.")
    return named(none(command))


def asked(given: dict[str, Any], results: Path | None) -> Asked:
    """The file that the options name, which are taken out, or the one beside the results; a bad one is an error."""
    from dedup import decisions, remembered

    named, none = given.pop("decisions_path"), given.pop("no_decisions")
    if named and none:
        raise click.UsageError("--decisions and --no-decisions exclude each other")
    beside = remembered.beside(results) if results else None
    file = named or (beside if beside and beside.is_file() and not none else None)
    if file:
        decisions.read(file)
        return Asked(file)
    folder = results.parent if results else Path()
    return Asked(None, () if none else tuple(sorted(folder.glob("*.decisions.jsonl")))[:HINTS_MAX])


def obeyed(findings: Findings, chosen: Asked, config: Config) -> Remembered:
    """The findings as it was decided; what of that could not be obeyed is said."""
    from dedup import decisions, remembered
    from dedup.model import DedupError

    if chosen.file:
        found = remembered.remembered(findings, chosen.file, config)
        for note in found.notes:
            say(f"note: {note}")
        return found
    for other in chosen.others:
        try:
            about = decisions.numbers_of(findings.corpus.ids, decisions.standing(decisions.read(other)))
        except DedupError:
            continue
        if about:
            say(f"note: the decisions in {other} are not obeyed; add --decisions {other} if they should be")
    return remembered.Remembered(findings, (), ())
