"""What comes of unpacking a file, and what can be wrong with it.

A file that is damaged gives what stands before the damage; one that gives nothing is a problem as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from dedup.model import DedupError, SourceFile

Tell = Callable[[int], None]
"""Called with the byte of a packed file up to which it was taken; may raise DedupError to end the work."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How many records stand in the lines of a target, their bytes, and the problems with what is missing."""

    records: int
    size_bytes: int
    problems: tuple[DedupError, ...]


def opened(file: SourceFile) -> BinaryIO:
    """The packed file, for reading. Raises DedupError."""
    try:
        return file.path.open("rb")
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DedupError(file.path, problem, "check the file and its permissions") from error


def broken(file: SourceFile, row: int, error: Exception) -> DedupError:
    """The problem with a file that can be unpacked up to a row and no further."""
    (reason, *_) = str(error).splitlines() or [type(error).__name__]
    if not row:
        name = file.form.capitalize() if file.form == "parquet" else file.form
        return DedupError(file.path, f"is no whole {name} file ({reason})", "get it again, or mend its name")
    remedy = "get the file again; what stands before was read"
    return DedupError(file.place(row), f"is the last that could be unpacked ({reason})", remedy)


def check_limit(file: SourceFile, size_bytes: int, limit_bytes: int) -> None:
    """Raises DedupError if a file takes more room than it may."""
    if size_bytes > limit_bytes:
        problem = f"takes over {limit_bytes:,} bytes unpacked, which is the limit"
        raise DedupError(file.path, problem, "unpack it yourself, or raise --unpacked-bytes-max")
