"""Sources become the cards of their documents, one after the other, and what cannot be read a problem in its place.

1. Files are read in pieces of some PIECE_BYTES: whole lines of records, or several text files. What is compressed is
   unpacked first.
2. A piece is decoded and its documents are carded by processes, or in this one where there is too little to do.
3. `checked` hands on what is known of each document, in reading order, and keeps nothing; `table` keeps of each its id
   and where it stands, from which `mended` documents are read again, one at a time, with their safe repairs.

Memory: some pieces a process, eight bytes for each id to know which are taken, and what `table` keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import numpy as np

from dedup import clean, damage, pipeline, read
from dedup.config import Config
from dedup.damage import Card
from dedup.engines import local, processes
from dedup.model import Corpus, DedupError, Document, Locator, SourceFile
from dedup.pipeline import Findings
from dedup.progress import SILENT, Progress, followed
from dedup.spool import Spool

Item = TypeVar("Item")
Result = TypeVar("Result")

FILES_MAX = 100
"""Text files of one piece."""
PROCESS_BYTES_MIN = 6_000_000
"""Bytes from which more processes are worth starting: what one does in two or three seconds."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was checked: its card, its file by number, where in it its bytes are, as what they were read, and
    how many repairs are safe."""

    card: Card
    file: int
    locator: Locator
    decoding: str
    lossy_bytes: int
    repairs: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Some text files, or a piece of a file of records; `first_file` is the number of the first."""

    files: tuple[SourceFile, ...]
    first_file: int
    piece: read.Piece | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.piece.data) if self.piece else sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of some sources, unpacked where they were packed, and the problems with what is none."""

    files: tuple[SourceFile, ...]
    problems: tuple[DedupError, ...]


def sources(named: Iterable[str | Path], spool: Spool, config: Config, progress: Progress = SILENT) -> Sources:
    """The files to check; what is packed is unpacked into the spool."""
    found = pipeline.source_files(named, spool, config, progress)
    return Sources(
        tuple(file for file in found if isinstance(file, SourceFile)),
        tuple(problem for problem in found if isinstance(problem, DedupError)),
    )


def checked(found: Sources, config: Config, progress: Progress = SILENT) -> Iterator[Checked | DedupError]:
    """Every document of the files, in reading order, and a problem for what is none."""
    yield from found.problems
    total = sum(file.size_bytes for file in found.files)
    progress.stage("check", total, "bytes")
    taken: dict[bytes, int] = {}
    for size, made in _by_workers(partial(_checked, config=config), _parts(found.files, config), total, config):
        for one, place in made:
            if isinstance(one, DedupError):
                yield one
                continue
            digest = blake2b(one.card.id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            if digest in taken:
                yield clean.id_taken(one.card.id, place, str(found.files[taken[digest]].path))
            else:
                taken[digest] = one.file
                yield one
        progress.advance(size)


def _by_workers(
    stage: Callable[[Item], Result], items: Iterable[Item], total_bytes: int, config: Config
) -> Iterator[Result]:
    """`stage` of each item, by as many processes as there is work for."""
    workers = config.workers or local.workers_available()
    if workers == 1 or total_bytes < PROCESS_BYTES_MIN:
        return map(stage, items)
    return processes.mapped(stage, items, workers)


def _parts(files: tuple[SourceFile, ...], config: Config) -> Iterator[_Part | DedupError]:
    """The files in parts of some PIECE_BYTES, and a problem for what cannot be read."""
    group: list[SourceFile] = []
    for number, file in enumerate(files):
        if not file.holds_records:
            group.append(file)
        if group and (
            file.holds_records or len(group) == FILES_MAX or sum(one.size_bytes for one in group) >= read.PIECE_BYTES
        ):
            yield _Part(tuple(group), number - len(group) + (not file.holds_records))
            group = []
        if file.holds_records:
            yield from _records(file, number, config)
    if group:
        yield _Part(tuple(group), len(files) - len(group))


def _records(file: SourceFile, number: int, config: Config) -> Iterator[_Part | DedupError]:
    empty = True
    try:
        for piece in read.pieces(file, config):
            empty = empty and not piece.data.strip()
            yield _Part((file,), number, piece)
    except OSError as error:
        yield read.unreadable(file.path, error)
        return
    if empty:
        yield read.no_records(file.path)


def _checked(part: _Part | DedupError, config: Config) -> tuple[int, list[tuple[Checked | DedupError, str]]]:
    """How many bytes a part has, and what became of each of its documents, with its place for people."""
    if isinstance(part, DedupError):
        return 0, [(part, part.path)]
    made: list[tuple[Checked | DedupError, str]] = []
    for number, file in enumerate(part.files, part.first_file):
        for raw in read.records(file, part.piece, config) if part.piece else read.contents(file, config):
            try:
                if isinstance(raw, DedupError):
                    raise raw
                document = clean.document(raw)
            except DedupError as error:
                made.append((error, error.path))
                continue
            one = Checked(
                card=damage.card(document, clean.count(document)),
                file=number,
                locator=document.locator,
                decoding=document.decoding,
                lossy_bytes=document.lossy_bytes,
                repairs=len(damage.safe_repairs(document)),
            )
            made.append((one, raw.place or raw.locator.path))
    return part.size_bytes, made


# --- documents put right -----------------------------------------------------------------------------------------


class Mended(Mapping[int, Document]):
    """Documents of a corpus with their safe repairs, by number: read again whenever one is asked for."""

    def __init__(self, corpus: Corpus, numbers: Iterable[int], others: Mapping[int, Document]) -> None:
        """`others` are notable for something else, and have no safe repairs."""
        self._corpus, self._numbers = corpus, frozenset(numbers)
        self._others = {number: one for number, one in others.items() if number not in self._numbers}

    def __getitem__(self, number: int) -> Document:
        return mended(pipeline.document_at(self._corpus, number)) if number in self._numbers else self._others[number]

    def __contains__(self, number: object) -> bool:
        return number in self._numbers or number in self._others

    def __iter__(self) -> Iterator[int]:
        return iter(sorted((*self._numbers, *self._others)))

    def __len__(self) -> int:
        return len(self._numbers) + len(self._others)


def mended(document: Document) -> Document:
    """The document with its safe repairs; they include those of its encoding."""
    return replace(document, repairs=damage.safe_repairs(document))


def table(found: Sources, documents: Iterable[Checked], spool: Spool) -> Corpus:
    """The documents as columns; those with safe repairs are notable."""
    ids: list[str] = []
    rows: list[tuple[int, int, int, int]] = []
    repaired: list[int] = []
    for number, one in enumerate(documents):
        ids.append(one.card.id)
        rows.append((one.card.words, one.file, one.locator.start_byte, one.locator.stop_byte))
        if one.repairs:
            repaired.append(number)
    columns = np.array(rows, np.int64).reshape(-1, 4)
    corpus = Corpus(ids, columns[:, 0], list(found.files), columns[:, 1], columns[:, 2], columns[:, 3], {}, spool)
    return replace(corpus, notable=Mended(corpus, repaired, {}))


def fixed(findings: Findings, config: Config, progress: Progress = SILENT) -> Findings:
    """The findings with every kept document put right as far as that is safe."""
    corpus = findings.corpus
    kept = np.flatnonzero(findings.clusters.kept() == np.arange(len(corpus))).tolist()
    sizes = (corpus.stops - corpus.starts)[kept].tolist()
    progress.stage("mend", sum(sizes), "bytes")
    parts = _groups(corpus, kept)
    found: list[int] = []
    for size, numbers in _by_workers(_repairable, parts, sum(sizes), config):
        found += numbers
        progress.advance(size)
    return replace(findings, corpus=replace(corpus, notable=Mended(corpus, found, corpus.notable)))


_Place = tuple[int, SourceFile, Locator]
"""A document's number, its file, and where in it its bytes are."""


def _groups(corpus: Corpus, numbers: Iterable[int]) -> Iterator[list[_Place]]:
    """Documents of a corpus in groups of some PIECE_BYTES."""
    group: list[_Place] = []
    size = 0
    for number in numbers:
        group.append((number, corpus.source(number), corpus.locator(number)))
        size += int(corpus.stops[number] - corpus.starts[number])
        if size >= read.PIECE_BYTES or len(group) == FILES_MAX:
            yield group
            group, size = [], 0
    if group:
        yield group


def _repairable(group: list[_Place]) -> tuple[int, list[int]]:
    """How many bytes a group has, and which of its documents have safe repairs."""
    documents = ((number, clean.document(read.raw_at(file, place, ""))) for number, file, place in group)
    size = sum(place.stop_byte - place.start_byte for _, _, place in group)
    return size, [number for number, document in documents if damage.safe_repairs(document)]
