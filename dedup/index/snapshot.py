"""A manifest becomes what can be asked: the files that it names, mapped, and what is known of all documents.

A snapshot does not change. Whoever has one goes on with it while a writer commits others, even if files of it are
removed, since they stay mapped. Limits: 6 bytes a document are in memory, besides what the system keeps of the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.sketch import Ranking
from dedup.config import Config
from dedup.index import manifest as manifests
from dedup.index import ranking as rankings
from dedup.index import recent
from dedup.index.files import REMEDY, Mapped, Reference
from dedup.index.lookup import Column, Known
from dedup.index.manifest import Manifest
from dedup.index.recent import Shelf
from dedup.index.texts import Stored
from dedup.model import DedupError

TRIES = 20
"""How often a reader asks again for a manifest, if what the last one named is gone already."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index as it was committed. mapped: its files by name. stored: its documents. columns: their keys, the oldest
    first. ranking: None where there are no documents yet. shelves: of columns that this process is adding."""

    folder: Path
    manifest: Manifest
    config: Config
    mapped: dict[str, Mapped]
    stored: Stored
    columns: tuple[Column, ...]
    dead: NDArray[np.uint8]
    ranking: Ranking | None
    shelves: tuple[Shelf, ...] = ()

    def __len__(self) -> int:
        """How many documents are in it."""
        return len(self.stored) - self.removed

    @property
    def removed(self) -> int:
        return int(self.dead.sum())

    def living(self) -> list[int]:
        """The numbers of the documents that are in it."""
        numbers: list[int] = np.flatnonzero(self.dead == 0).tolist()
        return numbers

    def known(self, more: int = 0, had: NDArray[np.uint32] | None = None) -> Known:
        """What is known of all documents, and of some more that are being added."""
        fresh = np.zeros(more, np.uint8)
        shingles = np.zeros(more, np.uint32) if had is None else had
        return Known(
            np.concatenate((self.stored.kept, fresh)),
            np.concatenate((self.stored.had, shingles)),
            np.concatenate((self.dead, fresh)),
        )


def last(folder: Path, config: Config, before: Snapshot | None = None) -> Snapshot:
    """The snapshot of what was committed last. Raises DedupError if the index is none, or damaged."""
    for _ in range(TRIES):
        manifest = manifests.loaded(folder)
        if before and manifest == before.manifest:
            return before
        try:
            return of(folder, manifest, config, before)
        except FileNotFoundError as error:
            missing = error
    raise DedupError(missing.filename, "is missing, and the index needs it", REMEDY) from missing


def of(folder: Path, manifest: Manifest, config: Config, before: Snapshot | None = None) -> Snapshot:
    """The snapshot of a manifest; files that are mapped already stay so. Raises FileNotFoundError."""
    known = before.mapped if before else {}
    mapped = {one.name: _mapped(folder, one, known) for one in manifest.files}
    same_texts = before is not None and before.manifest.texts == manifest.texts
    files = [(mapped[one.file.name], one) for one in manifest.texts]
    stored = before.stored if before and same_texts else Stored(files, before.stored if before else None)
    dead = np.zeros(len(stored), np.uint8)
    if manifest.removed:
        dead[mapped[manifest.removed.name].array("numbers")] = 1
    ranking = None
    if manifest.ranking:
        kept = before and before.manifest.ranking == manifest.ranking
        ranking = before.ranking if before and kept else rankings.loaded(mapped[manifest.ranking.name])
    columns = tuple(Column.of(mapped[one.file.name]) for one in manifest.keys)
    shelves = recent.kept(before.shelves, [one.name for one in columns]) if before else ()
    return Snapshot(folder, manifest, config, mapped, stored, columns, dead, ranking, shelves)


def _mapped(folder: Path, reference: Reference, known: dict[str, Mapped]) -> Mapped:
    held = known.get(reference.name)
    return held if held and held.reference == reference else Mapped(folder, reference)
