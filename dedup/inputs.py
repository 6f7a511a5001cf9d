"""Sources become the documents of a run: what is packed is unpacked, what is read is cleaned, ids are told apart.

1. `source_files`: the files of the sources. Those that cannot be read from the middle are unpacked into the spool.
2. `documents`: what they hold, cleaned, in reading order. The second of two documents with one id is a problem.
3. `corpus`: what a report needs of each, in columns; `document_at` reads one of them again.

What is no document is a problem in its place, and the rest is read all the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dedup import clean, losses, read
from dedup.config import Config
from dedup.engines import local
from dedup.model import Corpus, DedupError, Document, SourceFile
from dedup.progress import Progress
from dedup.spool import Spool

STDIN = "-"


def source_files(
    sources: Iterable[str | Path | SourceFile], spool: Spool, config: Config, progress: Progress
) -> list[SourceFile | DedupError]:
    """The files of the sources, and the problems with what is none; what is packed is unpacked into the spool."""
    found = [one for source in sources for one in _files(source, spool, config)]
    packed = [file for file in found if isinstance(file, SourceFile) and file.is_packed]
    if not packed:
        return found
    from dedup.packed import files  # which take some time to load, for nothing where texts lie plain

    progress.stage("unpack", sum(file.size_bytes for file in packed), "bytes")
    workers = config.workers or local.workers_available()
    unpacked = local.mapped(
        lambda file: files.unpacked(file, spool, config, progress.advance), packed, workers, spool.close
    )
    done = iter(list(unpacked))
    return [one for file in found for one in (next(done) if _is_packed(file) else [file])]


def _files(source: str | Path | SourceFile, spool: Spool, config: Config) -> Iterable[SourceFile | DedupError]:
    """The files of a source; `-` is what comes by standard input."""
    if isinstance(source, SourceFile):
        return [source]
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
