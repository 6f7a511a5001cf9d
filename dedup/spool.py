"""A private folder for files that a run needs only while it lasts.

It is made when the first of them is, and removed when it is closed, when nothing holds it any more, or else when the
program ends.
"""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from pathlib import Path
from threading import Lock
from types import TracebackType
from weakref import finalize

from dedup.model import DedupError


class Spool:
    """Paths may be asked for by several threads; whoever writes may look whether it was `closed` meanwhile."""

    def __init__(self) -> None:
        self.closed = False
        self._lock = Lock()
        self._numbers = count()
        self._folder: Path | None = None

    def path(self, suffix: str) -> Path:
        """Where a new file may be written. Raises DedupError if the temporary folder of the system takes none."""
        with self._lock:
            if self._folder is None:
                try:
                    self._folder = Path(tempfile.mkdtemp(prefix="dedup-"))
                except OSError as error:
                    problem = f"no folder takes temporary files ({error.strerror})"
                    raise DedupError("TMPDIR", problem, "name one there that you may write to") from error
                self._remove = finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            return self._folder / f"{next(self._numbers)}{suffix}"

    def close(self) -> None:
        with self._lock:
            self.closed = True
            if self._folder:
                self._remove()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
