"""Patterns tell which files of a folder or an archive are read.

`*` and `?` stand for anything but /, `**` for any folders, `[...]` for one of some characters. A pattern without / is
that of a name at any depth; one that fits a folder fits all in it. `include` empty means all; `exclude` goes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from dedup.config import Config


def selected(path: str, config: Config) -> bool:
    """Whether a file is read, by its path in the source, with /."""
    if not passes(path, config):
        return False
    return not config.include or _any(config.include, path)


def passes(path: str, config: Config) -> bool:
    """Whether a file is not excluded: an archive that is not is looked into, whatever is included."""
    return not _any(config.exclude, path)


def _any(patterns: Iterable[str], path: str) -> bool:
    parts = path.split("/")
    above = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    return any(_compiled(pattern).fullmatch(one) for pattern in patterns for one in above)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    anchored = pattern.strip("/").removeprefix("./")
    found = "" if "/" in pattern.strip("/") or pattern.startswith("/") else "(?:.*/)?"
    at = 0
    while at < len(anchored):
        if anchored.startswith("**/", at):
            found, at = found + "(?:.*/)?", at + 3
        elif anchored.startswith("**", at):
            found, at = found + ".*", at + 2
        elif anchored[at] == "*":
            found, at = found + "[^/]*", at + 1
        elif anchored[at] == "?":
            found, at = found + "[^/]", at + 1
        elif anchored[at] == "[" and (stop := anchored.find("]", at + 2)) > 0:
            inner = anchored[at + 1 : stop].replace("\\", "\\\\")
            found, at = found + "[" + ("^" + inner[1:] if inner[0] == "!" else inner) + "]", stop + 1
        else:
            found, at = found + re.escape(anchored[at]), at + 1
    try:
        return re.compile(found, re.DOTALL)
    except re.error:
        return re.compile(re.escape(anchored))
