"""Archives become their members, each a file in the temporary folder under a number, and kept members an archive again.

1. `members` takes the files out of a tar or zip. What is no regular file (links, devices), is encrypted, or has a name
   that leads out of the archive is a problem in its place; names that begin with a dot are passed over, as in folders.
2. A member's id is that of the archive, /, and its name in it; it is read as a file of that name in a folder would be.
3. `packed` makes of a folder of kept members an archive of the form, with the order, times and modes that they had.

Limits, each of which refuses the archive as a whole: `unpacked_bytes_max` and `unpacked_ratio_max` for what comes out,
`archive_members_max`, `archive_depth_max`; those of archives within an archive count for all of them together.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from dedup import globs
from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed import forms
from dedup.packed.codecs import Compressing
from dedup.packed.unpacked import Tell, broken, check_limit, check_ratio, check_unchanged, opened
from dedup.spool import Spool

PIECE_BYTES = 1 << 20
NAME_BYTES_MAX = 255
"""Bytes of a name that file systems take."""


@dataclass(slots=True)
class Room:
    """What has come out of a file, and of the archives within it."""

    file: SourceFile
    config: Config
    members: int = 0
    size_bytes: int = 0
    taken_out: list[Path] = field(default_factory=list)

    def clear(self) -> None:
        """Removes what came out."""
        for path in self.taken_out:
            path.unlink(missing_ok=True)

    def take(self, size_bytes: int) -> None:
        """Raises DedupError if that is too much."""
        self.size_bytes += size_bytes
        check_limit(self.file, self.size_bytes, self.config.unpacked_bytes_max)
        check_ratio(self.file, self.size_bytes, self.config)

    def take_member(self) -> None:
        """Raises DedupError if there are too many."""
        self.members += 1
        if self.members > self.config.archive_members_max:
            problem = f"holds over {self.config.archive_members_max:,} files, which is the limit"
            raise DedupError(self.file.path, problem, "unpack it yourself, or raise --archive-members-max")


@dataclass(frozen=True, slots=True)
class _Member:
    """A member: its name, size, and time; how it is opened, or what is wrong with it."""

    name: str
    size_bytes: int
    open: Callable[[], IO[bytes] | None]
    problem: str = ""


@dataclass(slots=True)
class Names:
    """The names of files and folders so far, in an archive or a folder that lies elsewhere."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def wrong(self, name: str) -> str:
        """What is wrong with a name, if anything; else it is taken."""
        parts = name.split("/")
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or name[1:2] == ":":
            return "has a name that leads out of its folder"
        if any(len(part.encode("utf-8", "surrogateescape")) > NAME_BYTES_MAX for part in parts):
            return f"has a name of over {NAME_BYTES_MAX} bytes"
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if name in self.files:
            return "is there twice, and the first is read"
        if name in self.folders or above & self.files:
            return "has the name of a folder, or a file's for its folder"
        self.files.add(name)
        self.folders |= above
        return ""


def members(file: SourceFile, spool: Spool, room: Room, tell: Tell) -> Iterator[SourceFile | DedupError]:
    """The members of an archive that are read, each taken out into the spool, and the problems with others.

    Raises DedupError if the archive is refused, OSError if members cannot be written.
    """
    names = Names()
    found = (_of_tar if file.form == "tar" else _of_zip)(file, tell)
    while True:
        try:
            member = next(found, None)
        except _FAULTS as error:
            yield broken_archive(file, len(names.files), error)
            return
        if member is None:
            return
        room.take_member()
        name = _normal(member.name)
        place = f"{file.path}/{name}"
        if not name or any(part.startswith(".") and part != ".." for part in name.split("/")):
            continue
        as_file = _file(file, name, member.size_bytes, room.config)
        if not (globs.passes if as_file.is_archive else globs.selected)(as_file.id, room.config):
            continue
        if problem := member.problem or names.wrong(name):
            yield DedupError(place, problem, "take it out of the archive yourself, if it is wanted")
            continue
        yield _taken_out(as_file, member, spool, room)


_FAULTS = (tarfile.TarError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What the readers of archives raise where these are damaged."""


def broken_archive(file: SourceFile, members: int, error: Exception) -> DedupError:
    if not members:
        return broken(replace(file, plain=file.content), 0, error)
    return DedupError(file.path, f"breaks off ({error})", "get the file again; what stands before was read")


def _normal(name: str) -> str:
    """A name without what means nothing in it."""
    root = "/" if name.startswith("/") else ""
    return root + "/".join(part for part in name.split("/") if part not in ("", "."))


def _file(archive: SourceFile, name: str, size_bytes: int, config: Config) -> SourceFile:
    form, codec = forms.named(name, config)
    path = f"{archive.path}/{name}"
    return SourceFile(
        Path(path) if isinstance(archive.path, Path) else path, f"{archive.id}/{name}", size_bytes, form, 0,
        codec=codec, archive=archive, text_column=config.text_column,
    )  # fmt: skip


def _taken_out(file: SourceFile, member: _Member, spool: Spool, room: Room) -> SourceFile | DedupError:
    limit = room.config.document_bytes_max
    is_document = not file.holds_records and not file.codec
    too_long = DedupError(
        file.path, f"holds a document over the limit of {limit:,} bytes", "split it, or raise --document-bytes-max"
    )
    if is_document and member.size_bytes > limit:
        return too_long
    target = spool.path(".member")
    room.taken_out.append(target)
    size = 0
    try:
        with target.open("wb") as out, closing(member.open() or open(os.devnull, "rb")) as source:  # noqa: PTH123
            while piece := _read(source):
                size += len(piece)
                room.take(len(piece))
                if is_document and size > limit:
                    break
                out.write(piece)
    except _FAULTS as error:
        target.unlink()
        reason = str(error) or type(error).__name__
        return DedupError(file.path, f"cannot be taken out of the archive ({reason})", "get the archive again")
    if is_document and size > limit:
        target.unlink()
        return too_long
    return replace(file, held=target, size_bytes=size)


def _read(source: IO[bytes]) -> bytes:
    """The next piece. Raises one of _FAULTS where the archive is damaged."""
    import zlib

    try:
        return source.read(PIECE_BYTES)
    except (zlib.error, OSError) as error:
        raise ValueError(str(error)) from error


def _of_tar(file: SourceFile, tell: Tell) -> Iterator[_Member]:
    with opened(file) as source, tarfile.open(fileobj=source, mode="r:") as tar:
        while info := tar.next():
            tar.members = []  # type: ignore[attr-defined]  # else it holds them all
            tell(min(file.size_bytes, info.offset))
            if info.isdir():
                continue
            kind = "a link" if info.issym() or info.islnk() else "" if info.isreg() else "no regular file"
            yield _Member(info.name, info.size, partial(tar.extractfile, info), kind and f"is {kind}, and not followed")
        source.seek(tar.offset)
        if source.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it has no end mark where its last member ends")


def _of_zip(file: SourceFile, tell: Tell) -> Iterator[_Member]:
    with opened(file) as source, zipfile.ZipFile(source) as found:
        for info in found.infolist():
            tell(min(file.size_bytes, info.header_offset))
            if info.is_dir():
                continue
            mode = info.external_attr >> 16
            kind = "is a link, and not followed" if stat.S_ISLNK(mode) else ""
            if not kind and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                kind = "is no regular file"
            if not kind and info.flag_bits & 1:
                kind = "is encrypted"
            yield _Member(info.filename, info.file_size, partial(found.open, info), kind)


# --- and back --------------------------------------------------------------------------------------------------


def packed(archive: SourceFile, folder: Path, target: Path) -> None:
    """Makes an archive of the files below a folder, as they stood in the one they come from. Raises DedupError."""
    check_unchanged(archive)
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    with target.open("wb") as out:
        if archive.form == "zip":
            _as_zip(archive, names, out)
            return
        if not archive.codec:
            _as_tar(archive, names, out)
            return
        compressing = Compressing(out, archive.codec)
        _as_tar(archive, names, compressing)
        compressing.close()


def _as_tar(archive: SourceFile, names: dict[str, Path], out: BinaryIO | Compressing) -> None:
    left = dict(names)
    with (
        opened(archive) as source,
        tarfile.open(fileobj=source, mode="r:") as tar,
        tarfile.open(fileobj=out, mode="w|") as made,  # type: ignore[call-overload]
    ):
        while left and (info := tar.next()):
            tar.members = []  # type: ignore[attr-defined]
            path = left.pop(_normal(info.name), None) if info.isreg() else None
            if path:
                kept = tarfile.TarInfo(_normal(info.name))
                kept.size, kept.mtime, kept.mode = path.stat().st_size, info.mtime, info.mode
                kept.uid, kept.gid, kept.uname, kept.gname = info.uid, info.gid, info.uname, info.gname
                with path.open("rb") as member:
                    made.addfile(kept, member)
    assert not left, "a member that the archive does not have"


def _as_zip(archive: SourceFile, names: dict[str, Path], out: BinaryIO) -> None:
    left = dict(names)
    with opened(archive) as source, zipfile.ZipFile(source) as found, zipfile.ZipFile(out, "w") as made:
        for info in found.infolist():
            path = left.pop(_normal(info.filename), None) if not info.is_dir() else None
            if path:
                kept = zipfile.ZipInfo(_normal(info.filename), info.date_time)
                kept.external_attr, kept.create_system = info.external_attr, info.create_system
                writable = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
                kept.compress_type = info.compress_type if info.compress_type in writable else zipfile.ZIP_DEFLATED
                kept.file_size = path.stat().st_size
                with path.open("rb") as member, made.open(kept, "w") as to:
                    while piece := member.read(PIECE_BYTES):
                        to.write(piece)
    assert not left, "a member that the archive does not have"
