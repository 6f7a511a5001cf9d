"""Arrays that take long to make are kept in a file of the user's cache, from which they load in milliseconds.

Whoever asks names them after all that they are made from: its versions, or a digest of the code. A cache that cannot be
read or written is no error, nor is a file that is torn or foreign: the arrays are made anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

DRAFT_SECONDS = 86_400
"""Age from which a draft is one that a killed run left: a day."""
Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def arrays(name: str, make: Callable[[], Arrays], is_sound: Callable[[Arrays], bool]) -> Arrays:
    """Arrays by their names, from the file of that name, or made and put there. name: its kind, and behind a `-` what
    it is made from. is_sound: of what was read, whether it can be used."""
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
    with suppress(Exception):  # missing, torn, foreign, too large: nothing that is wrong with it is worth a run
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            read = {name: found[name] for name in found.files}
        return read if all(isinstance(array, np.ndarray) for array in read.values()) else None
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
    _superseded(path)
    return True


def _superseded(path: Path) -> None:
    """Removes what earlier versions kept of the same kind, and what killed runs left."""
    kind = path.name.partition("-")[0]
    for other in path.parent.glob(f"{kind}-*.npz"):
        if other != path:
            with suppress(OSError):
                other.unlink()
    for draft in path.parent.glob("*.tmp"):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
                draft.unlink()
