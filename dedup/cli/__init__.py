"""The commands, a module each: options are parsed there, and everything else is called."""

from __future__ import annotations

import click

from dedup.cli import check, clean, diff, explain, ledger, report, restore, review, scan


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with:  dedup scan FOLDER",
)
@click.version_option(package_name="dedup-text", prog_name="dedup")
def main() -> None:
    """Finds copies in text, however damaged, shows what was changed, and gives the clean text back."""


for _module in (scan, report, review, diff, explain, ledger, restore, clean, check):
    main.add_command(_module.command)
