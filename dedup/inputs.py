"""Sources become the documents of a run: what is packed is unpacked, what is read is cleaned, ids are told apart.

1. `source_files`: the files of the sources. Those at URLs are fetched into the spool (`remote`), and those that cannot
   be read from the middle unpacked there.
2. `documents`: what they hold, cleaned, in reading order. The second of two documents with one id is a problem.
3. `corpus`: what a report needs of each, in columns; `document_at` reads one of them again.

What is no document is a problem in its place, and the rest is read all the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dedup import clean, globs, losses, read, remote, urls
from dedup.config import Config
from dedup.engines import local
from dedup.model import Corpus, DedupError, Document, SourceFile
from dedup.progress import Progress
from dedup.remote import Remote
from dedup.spool import Spool

STDIN = "-"
FETCHERS = 8
"""Files at URLs that are fetched at a time."""


def source_files(
    sources: Iterable[str | Path | SourceFile], spool: Spool, config: Config, progress: Progress
) -> list[SourceFile | DedupError]:
    """The files of the sources, and the problems with what is none; what is packed is unpacked into the spool."""
    named = [one for source in sources for one in _files(source, spool, config)]
    found = _here(named, spool, config, progress)
    packed = [file for file in found if isinstance(file, SourceFile) and file.is_packed]
    if not packed:
        return [_with_texts(file, config) for file in found]
    from dedup.packed import files  # which take some time to load, for nothing where texts lie plain

    progress.stage("unpack", sum(file.size_bytes for file in packed), "bytes")
    workers = config.workers or local.workers_available()
    unpacked = local.mapped(
        lambda file: files.unpacked(file, spool, config, progress.advance), packed, workers, spool.stop
    )
    done = iter(list(unpacked))
    ready = (one for file in found for one in (next(done) if _is_packed(file) else [file]))
    return [_with_texts(one, config) for one in ready]


def _with_texts(file: SourceFile | DedupError, config: Config) -> SourceFile | DedupError:
    """The file, or the problem with all of its lines."""
    if isinstance(file, DedupError) or file.form != "lines":
        return file
    from dedup.packed import keyed

    try:
        return keyed.without_texts(file, config) or file
    except (DedupError, OSError):
        return file  # reading it tells why it cannot be read


def _here(
    named: Sequence[SourceFile | Remote | DedupError], spool: Spool, config: Config, progress: Progress
) -> list[SourceFile | DedupError]:
    """The files, those that lie elsewhere fetched; several at a time, since most of it is waiting."""
    elsewhere = {str(one.file.path): one for one in named if isinstance(one, Remote)}
    if not elsewhere:
        return [one for one in named if not isinstance(one, Remote)]
    progress.stage("fetch", sum(one.file.size_bytes for one in elsewhere.values()), "bytes")
    came = local.mapped(
        lambda one: remote.fetched(one, spool, config, progress.advance), elsewhere.values(), FETCHERS, spool.stop
    )
    fetched = dict(zip(elsewhere, list(came), strict=True))
    return [_fetched(one, fetched) if isinstance(one, Remote) else one for one in named]


def _fetched(one: Remote, fetched: dict[str, SourceFile | DedupError]) -> SourceFile | DedupError:
    """What was fetched for a file; it is given once."""
    again = DedupError(one.file.path, "is named twice, as far as a URL is shown", "name it once, or fetch one yourself")
    return fetched.pop(str(one.file.path), again)


def _files(source: str | Path | SourceFile, spool: Spool, config: Config) -> Iterable[SourceFile | Remote | DedupError]:
    """The files of a source; `-` is what comes by standard input."""
    if isinstance(source, SourceFile):
        return [source]
    if isinstance(source, str) and urls.is_url(source):
        path = urls.local(source)
        return remote.found(source, config) if path is None else _local(path, config)
    if source == "":
        return [DedupError("''", "names no file", "name a file or a folder; the current one is .")]
    if str(source) != STDIN:
        return read.files([source], config)
    from dedup.packed import files

    try:
        taken = files.taken(sys.stdin.buffer, spool, config)
        if not taken.holds_records and not taken.codec:
            read.check_size(taken.path, taken.size_bytes, config)
        return [taken]
    except DedupError as error:
        return [error]


def _local(path: str, config: Config) -> Iterable[SourceFile | DedupError]:
    """The files of a path, or those that fit it as a pattern."""
    sign = remote.first_sign(path)
    if sign < 0 or os.path.lexists(path):
        return read.files([path], config)
    top = path[: path.rfind("/", 0, sign) + 1] or "."
    wanted = replace(config, include=("/" + path[path.rfind("/", 0, sign) + 1 :],), exclude=())
    found = [
        one for one in read.files([top], config)
        if globs.selected(one.id if isinstance(one, SourceFile) else os.path.relpath(one.path, top), wanted)
    ]  # fmt: skip
    return found or [DedupError(path, "fits no files", "check the pattern")]


def _is_packed(file: SourceFile | DedupError) -> bool:
    return isinstance(file, SourceFile) and file.is_packed


def documents(found: Iterable[SourceFile | DedupError], config: Config) -> tuple[list[Document], list[DedupError]]:
    """The documents of files, and the problems with them, both in reading order."""
    kept: list[Document] = []
    problems: list[DedupError] = []
    taken: dict[str, str] = {}
    for file in found:
        for raw in (file,) if isinstance(file, DedupError) else read.contents(file, config):
            try:
                if isinstance(raw, DedupError):
                    raise raw
                document = clean.document(raw)
                place = raw.place or raw.locator.path
                if document.id in taken:
                    raise clean.id_taken(document.id, place, taken[document.id])
                taken[document.id] = place
                kept.append(document)
            except DedupError as error:
                problems.append(error)
    return kept, problems


def corpus(found: Sequence[Document], words: Sequence[int], sources: Iterable[SourceFile]) -> Corpus:
    """The documents, in the order of their ids, in columns; `words` are how many tokens each has."""
    paths = {str(file.path): file for file in sources}
    numbers = {path: number for number, path in enumerate(paths)}
    return Corpus(
        ids=[document.id for document in found],
        words=np.array(words, np.int64),
        sources=list(paths.values()),
        files=np.array([numbers[document.locator.path] for document in found], np.int64),
        starts=np.array([document.locator.start_byte for document in found], np.int64),
        stops=np.array([document.locator.stop_byte for document in found], np.int64),
        notable={number: document for number, document in enumerate(found) if clean.is_notable(document)},
        origins=np.array([losses.origin(document.source) for document in found], np.uint64),
    )


def document_at(corpus: Corpus, number: int) -> Document:
    """A document of the corpus, read again. Raises DedupError if its file was changed."""
    return clean.document(read.raw_at(corpus.source(number), corpus.locator(number), corpus.ids[number]))
