"""What is written becomes a file or folder that is whole or not there, whatever ends the run.

1. It is written beside its target, under the name `.NAME.partial`, and a lock of the system is held on that: a second
   run with the same target is refused. The lock goes with the process, however that ends; so what a killed run left is
   known to be nobody's, and the next run with that target begins in its place.
2. It goes to the disk (fsync), takes the name of the target in one step (rename), and the name goes to the disk.
3. If anything goes wrong it is removed, and what had the name of the target stays as it was.

A record that is appended goes to the disk before it is acknowledged; if it does not fit, the file stays what it was.

Limits: where the system has no such locks, or a stranger has made something of that name, the name is a random one, and
runs do not see each other; a killed run then leaves it behind. What is no regular file (a device, a pipe) is written to
as it is. Beyond FILES_SYNCED_MAX files the system is asked to write all that it holds, since a call each takes minutes.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from dedup.model import DedupError

FILES_SYNCED_MAX = 1000
EARLY_BYTES = 64 << 20
"""Bytes of a file that grows after which the disk is to begin: less would be many short writes."""
NAME_BYTES_MAX = 240
"""Bytes of a name to which a few more can be added."""
TRIES = 10
"""How often a name is tried that another run takes away meanwhile."""
NO_LOCKS = frozenset((errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP))
"""What file systems without locks say."""
NOT_OURS = frozenset((errno.EACCES, errno.EISDIR, errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EPERM))
"""What the system says where a link, a pipe, or a stranger's file has the name."""
LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A name beside a target, and what holds the lock on it, if anything does."""

    path: Path
    handle: int | None


@contextmanager
def folder(target: Path) -> Iterator[Path]:
    """A new private folder that takes the name of the target if nothing goes wrong, and else is removed.

    Raises DedupError if the target exists and is not an empty folder, another run writes it, or it cannot be made.
    """
    refuse_existing(target)
    place = _resolved(target)
    with _told(target, "a folder"):
        place.parent.mkdir(parents=True, exist_ok=True)
        claim = _claimed(target, place, _opened_folder)
        if claim is None:
            claim = _Claim(Path(tempfile.mkdtemp(prefix=_prefix(place), suffix=".partial", dir=place.parent)), None)
    try:
        with _told(target, "a folder"):
            _emptied(claim.path)
        yield claim.path
        with _told(target, "a folder"):
            _folder_to_disk(claim.path)
            claim.path.chmod(0o755)
            refuse_existing(target)
            claim.path.replace(place)
        _name_to_disk(place)
    except BaseException:
        shutil.rmtree(claim.path, ignore_errors=True)
        raise
    finally:
        _released(claim)


@contextmanager
def file(target: Path) -> Iterator[BinaryIO]:
    """A file for writing that takes the name of the target if nothing goes wrong, and else is removed.

    Raises DedupError if another run writes the target, or something cannot be written.
    """
    place = _resolved(target)
    with _told(target, "a file"):
        if place.exists() and not (place.is_file() or place.is_dir()):
            with place.open("wb") as out:
                yield out
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        claim = _claimed(target, place, _opened_file)
        if claim is None:
            handle, name = tempfile.mkstemp(prefix=_prefix(place), suffix=".partial", dir=place.parent)
            claim = _Claim(Path(name), handle)
        assert claim.handle is not None
        try:
            os.ftruncate(claim.handle, 0)
            with os.fdopen(claim.handle, "wb", closefd=False) as out:
                yield out
            _to_disk(claim.handle)
            claim.path.chmod(stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o644)
            claim.path.replace(place)
            _name_to_disk(place)
        except BaseException:
            claim.path.unlink(missing_ok=True)
            raise
        finally:
            _released(claim)


def append_record(path: Path, line: str) -> None:
    """Appends a line of JSON, on the disk when this returns. What stands behind the last line end and is no JSON was
    never acknowledged, and is cut off. Raises OSError, and the file is then what it was.
    """
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | LINK, 0o600)
    try:
        with suppress(ImportError, OSError):  # where there are no locks, one run at a time is all that can be asked
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        whole = _whole_bytes(handle, size)
        data = line.rstrip("\n").encode("utf-8") + b"\n"
        if whole > 0 and os.pread(handle, 1, whole - 1) != b"\n":
            data = b"\n" + data
        try:
            os.ftruncate(handle, whole)
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
            _to_disk(handle)
        except BaseException:
            os.ftruncate(handle, whole)
            raise
        if not size:
            _name_to_disk(path)
    finally:
        os.close(handle)


def refuse_existing(target: Path) -> None:
    """Raises DedupError if `target` exists and is anything but an empty folder."""
    try:
        if target.is_dir() and not any(target.iterdir()):
            return
    except OSError as error:
        raise DedupError(target, f"cannot be listed ({error.strerror})", "choose a folder you may write to") from error
    if target.exists() or target.is_symlink():
        raise DedupError(target, "exists and is not an empty folder", "name a new folder, or empty this one")


def _whole_bytes(handle: int, size: int) -> int:
    """Bytes of the file up to the last line end, or to the end if a record of JSON stands there without one."""
    tail, start = b"", size
    while start and b"\n" not in tail:
        start, stop = max(0, start - (1 << 16)), start
        tail = os.pread(handle, stop - start, start) + tail
    torn = tail[tail.rfind(b"\n") + 1 :]
    try:
        if torn.strip():
            json.loads(torn)
    except ValueError:
        return size - len(torn)
    return size


# --- names and locks -------------------------------------------------------------------------------------------


def _claimed(target: Path, place: Path, opened: Callable[[Path], int]) -> _Claim | None:
    """The name beside a place, locked; None if it cannot be had so. Raises DedupError if another run has it."""
    path = place.with_name(f"{_prefix(place)}.partial")
    for _ in range(TRIES if os.name == "posix" else 0):
        try:
            handle = opened(path)
        except FileNotFoundError:  # another run took it away between two steps of this one
            continue
        except OSError as error:
            if error.errno in NOT_OURS:
                return None
            raise
        try:
            if not is_own(handle):
                break
            locked(handle)
            if is_at(path, handle):
                kept, handle = handle, -1
                return _Claim(path, kept)
        except (KeyboardInterrupt, SystemExit):
            _left(path)
            raise
        except BlockingIOError as error:
            problem = "is being written by another run of the program"
            raise DedupError(target, problem, "wait until that has ended, or name another") from error
        except OSError as error:
            if error.errno in NO_LOCKS:
                return None
            raise
        finally:
            if handle >= 0:
                os.close(handle)
    return None


def locked(handle: int) -> None:
    """Holds the lock on a file or folder until it is closed.

    Raises BlockingIOError if another holds it, OSError with one of NO_LOCKS if there are none.
    """
    try:
        import fcntl
    except ImportError as error:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK)) from error
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _opened_folder(path: Path) -> int:
    made = not path.exists()
    with suppress(FileExistsError):
        path.mkdir(0o700)
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | LINK)
    except BaseException:
        if made:
            with suppress(OSError):
                path.rmdir()
        raise


def _opened_file(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | LINK, 0o600)


def is_own(handle: int) -> bool:
    """Whether it is a folder, or a file of one name, that belongs to whoever runs this."""
    status = os.fstat(handle)
    is_single = stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink <= 1)
    return is_single and status.st_uid == os.geteuid()


def is_at(path: Path, handle: int) -> bool:
    """Whether what is open still has the name."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


def _left(path: Path) -> None:
    """Takes an empty folder or file away, of which nothing was claimed yet."""
    with suppress(OSError):
        if path.is_dir():
            path.rmdir()
        elif not path.stat().st_size:
            path.unlink()


def _released(claim: _Claim) -> None:
    if claim.handle is not None:
        os.close(claim.handle)


def _prefix(place: Path) -> str:
    name = os.fsencode(place.name)
    return f".{place.name if len(name) <= NAME_BYTES_MAX else sha256(name).hexdigest()}"


def _resolved(target: Path) -> Path:
    """Where the target is: of a link, what it leads to."""
    return Path(os.path.realpath(target))


@contextmanager
def _told(target: Path, what: str) -> Iterator[None]:
    """What the system refuses, in words."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DedupError(
            target, f"cannot be written ({reason})", f"make room, or choose {what} you may write"
        ) from error


def _emptied(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


# --- to the disk -----------------------------------------------------------------------------------------------


def _folder_to_disk(folder: Path) -> None:
    """All of a folder."""
    found = [Path(above, name) for above, folders, files in os.walk(folder) for name in (*files, *folders)]
    if len(found) > FILES_SYNCED_MAX:
        os.sync()
        return
    for path in (*found, folder):
        _to_disk(path)


def _name_to_disk(place: Path) -> None:
    """That something has its name now: as it has, no run fails for this; the folder may be one that none may read."""
    with suppress(OSError):
        _to_disk(place.parent)


class Early:
    """An open file that is put on the disk while it grows: by itself the system begins when there are gigabytes, and
    who waits for the file in the end waits for all of it.

    Source: posix_fadvise(2); Linux, told that pages are not needed, begins to write those that it has not written.
    """

    def __init__(self, handle: int) -> None:
        self._handle, self._begun = handle, 0

    def grown(self) -> None:
        """Has what was written since then put on the disk, if that is much, and waits for nothing."""
        size = os.fstat(self._handle).st_size
        if size - self._begun >= EARLY_BYTES and hasattr(os, "posix_fadvise"):
            with suppress(OSError):  # a file system that knows of no advice writes in its own time
                os.posix_fadvise(self._handle, self._begun, size - self._begun, os.POSIX_FADV_DONTNEED)
            self._begun = size


def _to_disk(place: Path | int) -> None:
    """An open file, or what has a name; where the file system knows of no such request, nothing."""
    handle = place if isinstance(place, int) else os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.EROFS):
            raise
    finally:
        if handle is not place:
            os.close(handle)
