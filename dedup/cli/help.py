"""The help of the program: its commands by what they are for, and what every command has besides its own options.

A command that stands in no section is listed under the last.
"""

from __future__ import annotations

import click

from dedup.console import QUIET, TELLING, VERBOSE

SECTIONS = {
    "Find copies": ("scan", "report", "review", "explain", "index"),
    "See what was changed": ("diff", "ledger", "check"),
    "Give the clean text back": ("clean", "restore"),
    "Besides": ("completion",),
}
SHORT = {
    "scan": "which documents are copies of which, and which to keep",
    "report": "a page on which copies are looked at",
    "review": "that page, on which you decide",
    "explain": "why two documents are, or are not, copies",
    "index": "keep what was read, and ask it for copies of new documents",
    "diff": "what differs between two documents, word by word",
    "ledger": "every substitution made in the copies, and how often",
    "check": "what is wrong with each document by itself",
    "clean": "the corpus without its copies",
    "restore": "a document with its original readings put back",
    "completion": "what a shell completes commands by",
}
EXAMPLES = (
    ("dedup scan seeds", "which of these texts are copies"),
    ("dedup report seeds -o report.html", "the same to look at, side by side"),
    ("dedup clean seeds -o clean", "the corpus without its copies"),
)
EPILOG = "dedup COMMAND --help tells more, each with an example."
NARROW, COMMAND_MOST = 70, 40
"""Columns below which what a command does stands under it, and that a command may take beside that."""


class Grouped(click.Group):
    """A group whose help has its commands in sections."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        named = [name for names in SECTIONS.values() for name in names]
        others = tuple(name for name in self.commands if name not in named)
        *first, last = SECTIONS
        for title in (*first, last):
            names = [*SECTIONS[title], *(others if title == last else ())]
            rows = [(name, SHORT.get(name) or self.commands[name].get_short_help_str(50)) for name in names
                    if name in self.commands]  # fmt: skip
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            formatter.write_dl(EXAMPLES, col_max=10 if formatter.width < NARROW else COMMAND_MOST)
        super().format_epilog(ctx, formatter)


def telling(command: click.Command) -> click.Command:
    """The command with --quiet and --verbose, and so each command of a group."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            telling(one)
        return command
    for names, level, told in (
        (("-q", "--quiet"), QUIET, "Tell nothing but what is found, and what went wrong."),
        (("-v", "--verbose"), VERBOSE, "Tell of each stage what was done, how long it took, and of the memory."),
    ):
        command.params.append(
            click.Option(
                names, is_flag=True, flag_value=level, type=int, expose_value=False, callback=_tells, help=told
            )
        )
    return command


def _tells(ctx: click.Context, _: click.Parameter, level: int | None) -> None:
    """Sets how much is told until the command ends."""
    if level:
        before = TELLING.set(level)
        ctx.call_on_close(lambda: TELLING.reset(before))
