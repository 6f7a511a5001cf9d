"""The program as it is started: names of files are UTF-8, whatever the locale says.

Names are bytes and ids are text: the same files have the same ids everywhere, and what is named in an archive can be
written again, only if these bytes are read as UTF-8 everywhere (bytes that are none stay what they are). Where this
Python reads them otherwise, as with LC_ALL=de_DE.ISO-8859-1, the same program takes its place in Python's UTF-8 mode
(PEP 540), which costs one start more.
"""

from __future__ import annotations

import os
import sys
from traceback import extract_tb

import click

from dedup.cli import main
from dedup.console import failures, standard_output

MODE = "PYTHONUTF8"


def run() -> None:
    """The command line, as people start it."""
    as_utf8()
    try:
        main(prog_name="dedup")
    except OSError as error:
        if extract_tb(error.__traceback__)[-1].name != click.echo.__name__:
            raise
        with failures(), standard_output():  # help and version, which click prints by itself
            raise


def as_utf8() -> None:
    """Starts the program anew if names are not UTF-8 here, and nobody insists on that."""
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8" and os.environ.get(MODE) != "1":
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, MODE: "1"})
