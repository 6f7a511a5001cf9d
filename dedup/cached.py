"""Arrays that take long to make are kept in a file of the user's cache, from which they load in milliseconds.

Whoever asks names them after all that they are made from: its versions, or a digest of the code. A cache that cannot be
read or written is no error, nor is a file that is torn or foreign: the arrays are made anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def arrays(name: str, make: Callable[[], Arrays], is_sound: Callable[[Arrays], bool]) -> Arrays:
    """Arrays by their names, from the file of that name, or made and put there. is_sound: of what was read, whether it
    can be used."""
    for folder in _folders():
        found = _read(folder / f"{name}.npz")
        if found is not None and is_sound(found):
            return found
    made = make()
    for folder in _folders():
        if _written(folder / f"{name}.npz", made):
            break
    return made


def digest(*paths: str | Path | None) -> str:
    """A digest of files, of a module's code for example; of one that cannot be read its name."""
    found = blake2b(digest_size=8)
    for path in paths:
        try:
            found.update(Path(path or "").read_bytes())
        except OSError:
            found.update(str(path).encode())
    return found.hexdigest()


def _folders() -> Iterator[Path]:
    chosen = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        home = Path.home()
    except RuntimeError:
        return
    other = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    yield (Path(chosen) if chosen else other) / "dedup"


def _read(path: Path) -> Arrays | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # missing, torn or foreign
        return None


def _written(path: Path, made: Arrays) -> bool:
    """Whether the arrays could be stored at `path`, in one step, so that another process sees all or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **made)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError:
        return False
    return True
