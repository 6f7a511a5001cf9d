"""A private folder for files that a run needs only while it lasts.

It is made when the first of them is, and removed when it is closed, when nothing holds it any more, or else when the
program ends. A program that is killed cannot do that: a lock of the system, which goes with it, is held on the folder,
and whoever makes one removes those that nobody holds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Lock
from types import TracebackType
from weakref import finalize

from dedup import whole
from dedup.model import DedupError

PREFIX = "dedup-spool-"
TRIES = 5
"""How often a folder is made that somebody who tidies up takes away before it is locked."""


class Spool:
    """Paths may be asked for by several threads; whoever writes may look whether it was `stopped` meanwhile."""

    def __init__(self) -> None:
        self.stopped = False
        self._lock = Lock()
        self._numbers = count()
        self._folder: Path | None = None

    def path(self, suffix: str) -> Path:
        """Where a new file may be written. Raises DedupError if the temporary folder of the system takes none."""
        with self._lock:
            if self._folder is None:
                try:
                    _tidy(Path(tempfile.gettempdir()))
                    self._folder, handle = _made()
                except OSError as error:
                    problem = f"no folder takes temporary files ({error.strerror})"
                    raise DedupError("TMPDIR", problem, "name one there that you may write to") from error
                self._remove = finalize(self, _removed, self._folder, handle)
            return self._folder / f"{next(self._numbers)}{suffix}"

    def stop(self) -> None:
        """Tells whoever writes that nobody will read it; the folder stays as long as anybody may write."""
        self.stopped = True

    def close(self) -> None:
        """Removes the folder. To be called when nobody writes any more: what came in between would keep it there."""
        with self._lock:
            self.stopped = True
            if self._folder:
                self._remove()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _made() -> tuple[Path, int]:
    """A new folder, and what holds the lock on it, -1 where there are no locks. Raises OSError."""
    for _ in range(TRIES):
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        if os.name != "posix":
            break
        try:
            handle = os.open(path, os.O_RDONLY)
            try:
                whole.locked(handle)
                if whole.is_at(path, handle):
                    return path, handle
            except BlockingIOError:
                pass  # somebody who tidies up has it
            except OSError:  # there are no locks
                os.close(handle)
                return path, -1
            os.close(handle)
        except FileNotFoundError:
            continue
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
    return path, -1


def _removed(folder: Path, handle: int) -> None:
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except BaseException:  # a request to end came in the middle
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        if handle >= 0:
            os.close(handle)


def _tidy(above: Path) -> None:
    """Removes the folders of programs that were killed."""
    if os.name != "posix":
        return
    for path in above.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is locked, a stranger's, or gone
            handle = os.open(path, os.O_RDONLY | whole.LINK)
            try:
                if whole.is_own(handle):
                    whole.locked(handle)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
