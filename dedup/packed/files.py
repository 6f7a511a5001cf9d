"""Packed files become what can be read from the middle, in a spool, and kept records a file of the form they had.

1. What is compressed is decompressed (`codecs`).
2. What is an archive becomes its members (`archives`), and these are taken from the first step on.
3. What holds records in another form than lines becomes lines (`parquet`, `arrow`, `delimited`, `keyed`, `warc`), and a
   page of markup its text (`markup`).

Each step writes a file of its own into the spool, and all of them last as long as the run: so much room is wanted.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup import urls
from dedup.config import Config
from dedup.model import DedupError, Form, SourceFile
from dedup.packed import archives, arrow, codecs, delimited, forms, keyed, markup, parquet, warc
from dedup.packed.archives import Room
from dedup.packed.unpacked import STARTS_SUFFIX, Tell, Unpacked, check_limit
from dedup.spool import Spool

Unpack = Callable[[SourceFile, Path, Config, Tell], Unpacked]
KeptRows = Callable[[SourceFile, NDArray[np.int64], Mapping[int, str], codecs.Out, Callable[[int], None]], None]


def _unpack(form: Form) -> Unpack:
    return {
        "parquet": parquet.unpacked, "arrow": arrow.unpacked, "csv": delimited.unpacked, "tsv": delimited.unpacked,
        "keyed": keyed.unpacked, "warc": warc.unpacked, "html": markup.unpacked,
    }[form]  # fmt: skip


def _kept_rows(form: Form) -> KeptRows:
    return {
        "parquet": parquet.kept_rows, "arrow": arrow.kept_rows, "csv": delimited.kept_rows, "tsv": delimited.kept_rows,
        "keyed": keyed.kept_rows, "warc": warc.kept_rows,
    }[form]  # fmt: skip


def unpacked(
    file: SourceFile, spool: Spool, config: Config, advance: Callable[[int], None]
) -> list[SourceFile | DedupError]:
    """A packed file, or the members of an archive, ready to be read, and the problems with what could not be unpacked.

    `advance` is told how many bytes of the file were taken.
    """
    taken = 0

    def tell(position: int) -> None:
        nonlocal taken
        if spool.stopped:
            raise DedupError(file.path, "was not unpacked to its end", "run the command again")
        advance(max(0, position - taken))
        taken = max(taken, position)

    room = Room(file, config)
    try:
        return list(_unpacked(file, spool, room, tell))
    except DedupError as error:
        room.clear()
        return [error]
    except OSError as error:
        room.clear()
        problem = f"cannot be unpacked into a temporary file ({error.strerror or error})"
        return [DedupError(file.path, problem, "make room, or name a folder with more of it in TMPDIR")]


def _unpacked(file: SourceFile, spool: Spool, room: Room, tell: Tell) -> Iterator[SourceFile | DedupError]:
    problems: list[DedupError] = []
    if file.codec:
        file, problems, tell = _decompressed(file, spool, room, tell)
        if not file.size_bytes:
            yield from problems or [no_records(file.path)]
            return
    if file.is_archive:
        yield from _members(file, spool, room, tell)
    elif file.is_packed:
        yield from _in_lines(file, spool, room, tell)
    else:
        yield file
    yield from problems


def _decompressed(file: SourceFile, spool: Spool, room: Room, tell: Tell) -> tuple[SourceFile, list[DedupError], Tell]:
    """The file with its bytes in the spool, the problems with them, and whom to tell what is done with them."""
    target, done = _written(codecs.plain, file, spool, room.config, tell)
    if file.archive:
        room.take(done.size_bytes)

    def still_open(_: int) -> None:
        tell(0)

    size = done.size_bytes if done.records or file.form not in codecs.IN_LINES else 0
    return replace(file, plain=target, size_bytes=size), list(done.problems), still_open


def _in_lines(file: SourceFile, spool: Spool, room: Room, tell: Tell) -> Iterator[SourceFile | DedupError]:
    target, done = _written(_unpack(file.form), file, spool, room.config, tell)
    if done.records:
        yield replace(file, unpacked=target, size_bytes=done.size_bytes)
    yield from done.problems or ([] if done.records else [no_records(file.path)])


def _written(step: Unpack, file: SourceFile, spool: Spool, config: Config, tell: Tell) -> tuple[Path, Unpacked]:
    """What a step made of a file, and where; if that fails, nothing of it stays."""
    target = spool.path(".jsonl")
    try:
        return target, step(file, target, config, tell)
    except BaseException:
        target.unlink(missing_ok=True)
        target.with_suffix(STARTS_SUFFIX).unlink(missing_ok=True)
        raise


def _members(file: SourceFile, spool: Spool, room: Room, tell: Tell) -> Iterator[SourceFile | DedupError]:
    depth = 1
    above = file.archive
    while above:
        depth, above = depth + 1, above.archive
    limit = room.config.archive_depth_max
    if depth > limit:
        problem = f"is an archive {depth - 1} deep in others, and the limit is {limit - 1}"
        raise DedupError(file.path, problem, "unpack it yourself, or raise --archive-depth-max")
    empty = True
    for member in archives.members(file, spool, room, tell):
        empty = False
        if isinstance(member, DedupError) or not member.is_packed:
            yield member
            continue
        try:
            yield from list(_unpacked(member, spool, room, lambda _: tell(0)))
        except DedupError as error:
            if error.path == urls.without_secrets(str(room.file.path)):  # all of it is too much
                raise
            yield error
    if empty:
        yield DedupError(file.path, "holds no files to be read", "check what is in it, --include and --exclude")


def no_records(path: Path | str) -> DedupError:
    """The problem with a file of records that has none."""
    return DedupError(path, "is empty", "remove it, or put its records back")


def taken(source: BinaryIO, spool: Spool, config: Config) -> SourceFile:
    """What comes by a stream, as a file of the name that `stdin_name` tells. Raises DedupError."""
    name = config.stdin_name
    path = Path(f"<stdin>/{name}" if name != "stdin" else "<stdin>")  # no name of a file that may be a source too
    file = SourceFile(path, name, 0, "lines", text_column=config.text_column)
    try:
        held = spool.path(".stdin")
        with held.open("wb") as out:
            while piece := source.read(codecs.PIECE_BYTES):
                out.write(piece)
                check_limit(file, out.tell(), config.unpacked_bytes_max)
    except OSError as error:
        raise DedupError(path, f"cannot be kept in a temporary file ({error.strerror})", "make room") from error
    form, codec = forms.named(name, config)
    return told(replace(file, form=form, codec=codec, held=held, size_bytes=held.stat().st_size), config)


def told(file: SourceFile, config: Config) -> SourceFile:
    """A file that is held, with what its first bytes tell where its name does not."""
    assert file.held, "what is told by its bytes has some"
    with file.held.open("rb") as head:
        codec = file.codec or forms.codec_of(head.read(forms.MARK_BYTES))
        head.seek(0)
        if file.form == "text" and not codec and Path(file.id).suffix.lower() == ".json":
            return replace(file, form=forms.in_lines(head, config))
        if file.form != "text" or Path(file.id).suffix:
            return replace(file, codec=codec)
        stream = codecs.decompressing(head, codec) if codec else head
        return replace(file, form=forms.form_of(stream.read(forms.MARK_BYTES), config), codec=codec)


# --- and back --------------------------------------------------------------------------------------------------


def write_kept(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: BinaryIO, advance: Callable[[int], None]
) -> None:
    """Writes kept records of a file that is not in plain lines, in its form; see `parquet.kept_rows`."""
    if not file.codec:
        _kept_rows(file.form)(file, kept, texts, out, advance)
        return
    compressing = codecs.Compressing(out, file.codec)
    _kept_rows(file.form)(file, kept, texts, compressing, advance)
    compressing.close()


def pack_members(folder: Path, archives_in: Mapping[Path, SourceFile]) -> None:
    """Makes archives of the folders in which their kept members were written, by their paths, the inmost first."""
    for path in sorted(archives_in, key=lambda one: -len(one.parts)):
        whole = folder / path
        if whole.is_dir():
            target = whole.with_name(f"{whole.name}.partial")
            archives.packed(archives_in[path], whole, target)
            shutil.rmtree(whole)
            target.replace(whole)
