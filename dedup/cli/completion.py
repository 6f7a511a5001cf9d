"""`dedup completion`: what a shell completes commands, options and files by."""

from __future__ import annotations

import click

from dedup.console import failures, tell

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion", epilog="Example:  dedup completion bash > ~/.local/share/bash-completion/completions/dedup"
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what SHELL completes the commands and options of dedup by.

    \b
    bash: dedup completion bash > ~/.local/share/bash-completion/completions/dedup
    zsh:  dedup completion zsh > "${fpath[1]}/_dedup"
    fish: dedup completion fish > ~/.config/fish/completions/dedup.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found
    root = ctx.find_root().command
    with failures():
        tell(ShellComplete.source(found(root, {}, "dedup", "_DEDUP_COMPLETE")))
