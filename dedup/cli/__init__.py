"""The commands, a module each: options are parsed there, and everything else is called."""

from __future__ import annotations

import click

from dedup.cli import check, clean, completion, diff, explain, help, index, ledger, report, restore, review, scan


@click.group(
    cls=help.Grouped,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=help.EPILOG,
)
@click.version_option(package_name="dedup-text", prog_name="dedup")
def main() -> None:
    """Finds copies in text, however damaged, shows what was changed, and gives the clean text back."""


for _module in (scan, report, review, diff, explain, index, ledger, restore, clean, check, completion):
    main.add_command(help.telling(_module.command))
