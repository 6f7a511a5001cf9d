"""Sources become the cards of their documents, one after the other, and what cannot be read a problem in its place.

1. Files are read in pieces of some PIECE_BYTES: whole lines of records, or several text files. What is compressed is
   unpacked first.
2. A piece is decoded and its documents are carded by processes, or in this one where there is too little to do.
3. `checked` hands on what is known of each document, in reading order, and keeps nothing; `Columns` keeps of each its
   id and where it stands, from which documents are read again, one at a time, with their safe repairs
   (`mending`).

Memory: some pieces a process, eight bytes for each id to know which are taken, and what `Columns` keeps.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np

from dedup import clean, closely, damage, inputs, mending, read
from dedup.config import Config
from dedup.damage import Card
from dedup.engines import local, processes
from dedup.model import Corpus, DedupError, Document, SourceFile
from dedup.progress import SILENT, Progress
from dedup.spool import Spool

FILES_MAX = 100
"""Text files of one piece."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was checked, without its text: its card, its file by number, and how many repairs are safe."""

    card: Card
    document: Document
    file: int
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
    found = inputs.source_files(named, spool, config, progress)
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
    workers = 1 if config.language_model else config.workers or local.workers_available()  # models use all cores
    for size, made in processes.as_needed(
        partial(_checked, config=config), _parts(found.files, config), workers, total
    ):
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
    read_here: list[tuple[Document | DedupError, str, int]] = []
    for number, file in enumerate(part.files, part.first_file):
        for raw in read.records(file, part.piece, config) if part.piece else read.contents(file, config):
            try:
                if isinstance(raw, DedupError):
                    raise raw
                read_here.append((clean.document(raw), raw.place or raw.locator.path, number))
            except DedupError as error:
                read_here.append((error, error.path, number))
    cards = _cards([one for one, _, _ in read_here if isinstance(one, Document)], config)
    return part.size_bytes, [
        (one if isinstance(one, DedupError) else _carded(one, next(cards), number), place)
        for one, place, number in read_here
    ]


def _cards(documents: Sequence[Document], config: Config) -> Iterator[Card]:
    """The cards of documents, each read closely if a model of the language is named."""
    made = damage.cards(documents)
    if not config.language_model:
        return made
    readers = closely.opened(config.language_model)
    return (closely.card(card, one.text, readers) for card, one in zip(made, documents, strict=True))


def _carded(document: Document, card: Card, file: int) -> Checked:
    """What is known of a document, of the file of this number, with its card."""
    return Checked(
        card=replace(card, words=clean.count(document)),
        document=replace(document, text="", repairs=()),
        file=file,
        repairs=len(damage.safe_repairs(document)),
    )


class Columns:
    """What is kept of documents that pass by: ids, and where each stands."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._rows = array("q")
        self._repaired: list[int] = []

    def passing(self, documents: Iterable[Checked]) -> Iterator[Checked]:
        """The documents as they come, each put down."""
        for one in documents:
            place = one.document.locator
            if one.repairs:
                self._repaired.append(len(self._ids))
            self._ids.append(one.card.id)
            self._rows.extend((one.card.words, one.file, place.start_byte, place.stop_byte))
            yield one

    def corpus(self, found: Sources, spool: Spool) -> Corpus:
        """The documents that passed by; those with safe repairs are notable."""
        words, files, starts, stops = np.array(self._rows, np.int64).reshape(-1, 4).T.copy()
        corpus = Corpus(self._ids, words, list(found.files), files, starts, stops, {}, spool)
        return replace(corpus, notable=mending.Mended(corpus, self._repaired, {}))


def text_of(found: Sources, one: Checked) -> str:
    """The text of a document, read again."""
    return clean.document(read.raw_at(found.files[one.file], one.document.locator, one.card.id)).text
