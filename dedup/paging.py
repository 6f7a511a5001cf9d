"""A text that is longer than the terminal becomes pages, by the program that the person has chosen for that.

It is $PAGER, or else less. less is told by $LESS, unless that is set, to keep colours, to leave at once what fits, and
to leave the text on the screen. An empty $PAGER, `cat`, or a $NO_PAGER that is not empty: no pages.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping

LESS = "FRX"


def command(environment: Mapping[str, str]) -> list[str]:
    """The pager with its arguments, or nothing if there is to be none."""
    if environment.get("NO_PAGER"):
        return []
    try:
        chosen = shlex.split(environment.get("PAGER", "less"))
    except ValueError:
        return []
    return chosen if chosen and chosen != ["cat"] and shutil.which(chosen[0]) else []


def paged(text: str, pager: list[str]) -> bool:
    """Whether the pager took the text; a person who leaves it early has seen what they wanted."""
    try:
        process = subprocess.Popen(pager, stdin=subprocess.PIPE, env={"LESS": LESS, **os.environ})
    except OSError:
        return False
    try:
        process.communicate(text.encode("utf-8", "backslashreplace"))
    except (BrokenPipeError, KeyboardInterrupt):
        process.wait()
    return True
