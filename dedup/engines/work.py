"""A work folder: what a run keeps there, of which input and options, and that only one run uses it.

1. `opened` makes the folder, or takes one that an earlier run left, and holds a lock on it until it is closed or the
   process ends, however that happens.
2. `run.json` holds the format, the version of the program and the options that findings depend on, `input.jsonl` a line
   for every file: its path, size, form, and time of change, or a digest where none is known. A run that differs in any
   of them is refused, and told in what.
3. What stages gave is kept beside (see `kept`). `done` removes all of it, and the folder.

Limits: a file that was changed without another size or time of change is taken for the same. Where the system has no
locks, two runs are not told from one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import file_digest
from itertools import zip_longest
from pathlib import Path
from weakref import finalize

from dedup.engines.kept import FORMAT, PARTIAL, to_disk
from dedup.model import DedupError, SourceFile

RUN, INPUT, LOCK = "run.json", "input.jsonl", "lock"
ANOTHER = "name another folder for this run, or remove that one to begin anew"


class Work:
    """A folder that is this run's. is_resumed: whether an earlier one left something."""

    def __init__(self, folder: Path, handle: int, is_resumed: bool) -> None:
        self.folder, self.is_resumed = folder, is_resumed
        self._close = finalize(self, os.close, handle)

    def close(self) -> None:
        """Lets another run have it."""
        self._close()

    def done(self) -> None:
        """Removes what was kept, as nothing is to be gone on with."""
        (self.folder / RUN).unlink(missing_ok=True)  # first, so that what a kill leaves is no run to go on with
        with suppress(OSError):
            _empty(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.close()


def opened(folder: Path, files: Iterable[SourceFile], options: Mapping[str, object]) -> Work:
    """The work folder for a run on these files, with what findings depend on.

    Raises DedupError if it is in use, not a work folder, that of another run, or cannot be written.
    """
    try:
        return _opened(folder, files, options)
    except OSError as error:
        problem = f"cannot be used for work ({error.strerror})"
        raise DedupError(folder, problem, "name a folder that you may write to") from error


def _opened(folder: Path, files: Iterable[SourceFile], options: Mapping[str, object]) -> Work:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / LOCK).exists():
        raise DedupError(folder, "is neither empty nor a work folder", "name a new folder")
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    work = Work(folder, handle, (folder / RUN).exists())
    try:
        _lock(folder, handle)
        for path in folder.rglob(f"*{PARTIAL}"):
            path.unlink()
        if work.is_resumed:
            _refuse_another(folder, files, options)
        else:
            _begin(folder, files, options)
    except BaseException:
        work.close()
        raise
    return work


def _lock(folder: Path, handle: int) -> None:
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        remedy = "wait until it has ended, or name another folder"
        raise DedupError(folder, "is in use by a run that has not ended", remedy) from error


def _begin(folder: Path, files: Iterable[SourceFile], options: Mapping[str, object]) -> None:
    """Empties what is no run, and writes what this one is of; the options last, so that all is there or nothing."""
    _empty(folder)
    _written(folder / INPUT, (line for _, line in _lines(files)))
    _written(folder / RUN, [json.dumps({"format": FORMAT.decode().strip(), **options}, indent=1) + "\n"])


def _empty(folder: Path) -> None:
    """Removes all but the lock, by which it is known for a work folder whenever that ends."""
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != LOCK:
            left.unlink()


def _written(path: Path, lines: Iterable[str]) -> None:
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    to_disk(path.parent)


def _refuse_another(folder: Path, files: Iterable[SourceFile], options: Mapping[str, object]) -> None:
    """Raises DedupError if what the folder holds is not of this run."""
    try:
        begun = json.loads((folder / RUN).read_bytes())
        known = (folder / INPUT).read_text("utf-8").splitlines(keepends=True)
        if not isinstance(begun, dict):
            raise ValueError("no options")
    except (ValueError, FileNotFoundError) as error:
        raise DedupError(folder, "does not tell what run it is of", ANOTHER) from error
    now = {"format": FORMAT.decode().strip(), **json.loads(json.dumps(options))}
    for name in sorted({*now, *begun}):
        if begun.get(name) != now.get(name):
            problem = f"was begun with {name} {begun.get(name)!r}, and now that is {now.get(name)!r}"
            raise DedupError(folder, problem, f"give the same as then, or {ANOTHER}")
    for line, found in zip_longest(known, _lines(files)):
        path, now_line = found or (None, None)
        if line != now_line:
            with suppress(ValueError, TypeError, KeyError):
                path = path or json.loads(line)["path"]
            how = "is not there any more" if found is None else "was not there" if line is None else "is another now"
            raise DedupError(folder, f"was begun on other input: {path} {how}", f"put the input back, or {ANOTHER}")


def _lines(files: Iterable[SourceFile]) -> Iterator[tuple[str, str]]:
    """Each file and what it is known by."""
    for file in files:
        outer = file
        while outer.archive:
            outer = outer.archive
        told = {"path": str(file.path), "size_bytes": file.size_bytes, "form": file.form, "codec": file.codec}
        yield str(file.path), json.dumps(told | _state(outer)) + "\n"


def _state(file: SourceFile) -> dict[str, object]:
    """The time of change of a file, or, of what was read from elsewhere, a digest."""
    if file.modified_ns and not file.held:
        return {"modified_ns": file.modified_ns}
    with file.original.open("rb") as data:
        return {"sha256": file_digest(data, "sha256").hexdigest()}
