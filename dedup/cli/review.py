"""`dedup review`: the report page, on which decisions are made."""

from __future__ import annotations

from pathlib import Path

import click

from dedup.console import failures, say, tell


@click.command("review", epilog="Example:  dedup report seeds -o report.html && dedup review report.html")
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Where to serve; 0: any that is free."
)
def command(results: Path, port: int) -> None:
    """Decide about what was found, on the page that `dedup report` wrote.

    The page is served to this machine alone, at an address that is printed and holds a random token. What you decide
    (keep that one, these are no copies, take this reading) goes line by line into a file beside RESULTS, which
    `dedup clean --decisions` obeys. It ends with Ctrl-C.
    """
    with failures():
        from dedup import review

        one = review.review(results)
        with review.server(one, port) as found:
            tell(review.address(found, one))
            say(f"decisions go to {one.file}; Ctrl-C ends the review")
            try:
                found.serve_forever()
            except KeyboardInterrupt:
                say(f"ended; {len(review.made(one)):,} decisions in {one.file}")
