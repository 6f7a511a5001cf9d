"""What comes of unpacking a file, and what can be wrong with it.

A file that is damaged gives what stands before the damage; one that gives nothing is a problem as a whole. Rows become
JSON lines, a line a row: one that holds no document that can be read leaves its line blank, so that lines stay rows.
Beside the lines a file keeps the byte at which each begins, by which rows are found again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring, encode_basestring_ascii
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile

Tell = Callable[[int], None]
"""Called with the byte of a packed file up to which it was taken; may raise DedupError to end the work."""
STARTS_SUFFIX = ".starts"
RATIO_FROM_BYTES = 64 << 20
"""Bytes unpacked from which the ratio to the packed ones is asked: less is no danger to anybody."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """How many records stand in the lines of a target, their bytes, and the problems with what is missing."""

    records: int
    size_bytes: int
    problems: tuple[DedupError, ...]


class Lines:
    """Takes rows, as lines or as the problems with them, and writes a line for each."""

    def __init__(self, file: SourceFile, target: Path, config: Config) -> None:
        self._file, self._config = file, config
        self.rows = 0
        self._records = self._size = 0
        self._problems: list[DedupError] = []
        self._out = target.open("wb")
        try:
            self._starts = starts_path(target).open("wb")
        except OSError:
            self._out.close()
            raise

    def write(self, rows: Iterable[bytes | DedupError]) -> None:
        """Raises DedupError if the lines take more room than they may, OSError if they cannot be written."""
        lines = list(rows)
        wrong = [line for line in lines if isinstance(line, DedupError)]
        written = [b"\n" if isinstance(line, DedupError) else line for line in lines]
        sizes = np.array([len(line) for line in written], np.int64)
        ends = self._size + np.cumsum(sizes)
        (ends - sizes).tofile(self._starts)
        self._out.writelines(written)
        self._problems += wrong
        self.rows += len(lines)
        self._records += sum(line != b"\n" for line in written)
        self._size = int(ends[-1]) if len(ends) else self._size
        check_limit(self._file, self._size, self._config.unpacked_bytes_max)

    def lost(self, problem: DedupError) -> None:
        """What is wrong with rows that are not written."""
        self._problems.append(problem)

    def done(self) -> Unpacked:
        return Unpacked(self._records, self._size, tuple(self._problems))

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._out.close()
        self._starts.close()


def starts_path(lines: Path) -> Path:
    """Where the first bytes of lines are told."""
    return lines.with_suffix(STARTS_SUFFIX)


def rows_of(file: SourceFile, kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows, from 0, of records by the bytes (k, 2) of their lines, which ascend."""
    assert file.unpacked, "a file is unpacked before its rows are chosen"
    if not len(kept):
        return np.zeros(0, np.int64)  # of an empty file, which cannot be mapped
    return np.searchsorted(np.memmap(starts_path(file.unpacked), np.int64, "r"), kept[:, 0])


def line(file: SourceFile, row: int, name: object, source: object, text: object) -> bytes | DedupError:
    """A row as a line of JSON, or the problem with it."""
    for value in (name, text):
        if isinstance(value, UnicodeError):
            reason = getattr(value, "reason", "invalid byte")
            return DedupError(file.place(row), f"is not UTF-8 ({reason})", "mend or remove the row")
    if not isinstance(text, str):
        return DedupError(file.place(row), "has no text", "give it one, or remove the row")
    values = {
        "id": None if name is None else str(name),
        "source": source if isinstance(source, str) else None,
        "text": text,
    }
    try:
        return _json(values, encode_basestring).encode()
    except UnicodeEncodeError:
        return _json(values, encode_basestring_ascii).encode()


def _json(values: dict[str, str | None], quoted: Callable[[str], str]) -> str:
    return "{" + ", ".join(f'"{key}": {quoted(value)}' for key, value in values.items() if value is not None) + "}\n"


# --- the packed file -------------------------------------------------------------------------------------------


def opened(file: SourceFile) -> BinaryIO:
    """The file, decompressed, for reading. Raises DedupError."""
    return _opened(file, file.content)


def opened_original(file: SourceFile) -> BinaryIO:
    """The file as it came, for reading. Raises DedupError."""
    return _opened(file, file.original)


def _opened(file: SourceFile, path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DedupError(file.path, problem, "check the file and its permissions") from error


def check_unchanged(file: SourceFile) -> None:
    """Raises DedupError if a file was changed since it was read."""
    try:
        changed = not file.held and Path(file.path).stat().st_mtime_ns != file.modified_ns
    except OSError as error:
        raise has_changed(file, str(error.strerror)) from error
    if changed:
        raise has_changed(file, "its time is another")


def has_changed(file: SourceFile, reason: str) -> DedupError:
    """The problem with a file that is not what it was."""
    return DedupError(file.path, f"is not what it was when it was read ({reason})", "run the command again")


NAMES = {"parquet": "Parquet", "arrow": "Arrow", "warc": "WARC", "csv": "CSV", "tsv": "TSV"}


def broken(file: SourceFile, row: int, error: Exception) -> DedupError:
    """The problem with a file that can be unpacked up to a row and no further."""
    (reason, *_) = str(error).splitlines() or [type(error).__name__]
    if not row:
        name = file.codec if file.codec and not file.plain else NAMES.get(file.form, file.form)
        return DedupError(file.path, f"is no whole {name} file ({reason})", "get it again, or mend its name")
    remedy = "get the file again; what stands before was read"
    return DedupError(file.place(row), f"is the last that could be unpacked ({reason})", remedy)


def missing_column(path: str | Path, column: str, names: Iterable[str], option: str) -> DedupError:
    """The problem with a table that has no column of a name; option: by what another may be named."""
    shown = ", ".join(list(names)[:20]) or "none"
    return DedupError(path, f"has no column `{column}`", f"name one with {option}; it has: {shown}")


def check_named(file: SourceFile, names: Collection[str], config: Config) -> None:
    """Raises DedupError if a table lacks a column that was named for ids or sources; the usual ones may lack."""
    usual = (("--id-column", config.id_column, "id"), ("--source-column", config.source_column, "source"))
    for option, column, unnamed in usual:
        if column != unnamed and column not in names:
            raise missing_column(file.path, column, names, option)


def missing_extra(path: str | Path, what: str, extra: str, otherwise: str = "") -> DedupError:
    """The problem with a file whose reading takes a library that is not installed."""
    problem = f"is {what}, which takes a library that is not installed"
    return DedupError(path, problem, f"install it with: pip install 'dedup-text[{extra}]'{otherwise}")


def check_limit(file: SourceFile, size_bytes: int, limit_bytes: int) -> None:
    """Raises DedupError if a file takes more room than it may."""
    if size_bytes > limit_bytes:
        option = "--unpacked-bytes-max" if file.holds_records else "--document-bytes-max"
        problem = f"takes over {limit_bytes:,} bytes unpacked, which is the limit"
        raise DedupError(file.path, problem, f"unpack it yourself, or raise {option}")


def check_ratio(file: SourceFile, size_bytes: int, config: Config) -> None:
    """Raises DedupError if a file shrank by more than text does."""
    if size_bytes > RATIO_FROM_BYTES and size_bytes > config.unpacked_ratio_max * file.size_bytes:
        problem = f"takes over {config.unpacked_ratio_max:,} bytes unpacked for each of its own, which is the limit"
        raise DedupError(file.path, problem, "unpack it yourself, or raise --unpacked-ratio-max")
