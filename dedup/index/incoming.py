"""Sources become batches of documents for an index, read and sketched ahead by threads.

1. Files are cut into partitions, which threads read (`bulk.read`) and, where terms are ranked for good, sketch.
2. Their documents are counted through, so that a record without an id gets that of its file and line, and put together
   to batches of the size asked for.

What cannot be read is a problem with its batch, and the rest is read all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dedup import read
from dedup.bulk import read as partitioned
from dedup.bulk.sketch import Drawn
from dedup.config import Config
from dedup.engines import local, turns
from dedup.index.texts import Batch
from dedup.model import DedupError, Document, SourceFile
from dedup.progress import Progress, followed

I64s = NDArray[np.int64]
Sketching = Callable[[Batch], tuple[int, Drawn] | None]
"""What sketches a batch, and by which edition of the ranking; None where that is not settled."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A batch, its sketches and the edition of the ranking that they were made by, and what could not be read."""

    batch: Batch
    drawn: tuple[int, Drawn] | None
    problems: tuple[DedupError, ...] = ()


def batches(
    files: Iterable[SourceFile | DedupError], config: Config, size: int, sketching: Sketching, progress: Progress
) -> Iterator[Incoming]:
    """The documents of the files in batches of so many; the last one may have fewer."""
    found = list(files)
    parts = list(partitioned.partitions(file for file in found if isinstance(file, SourceFile)))
    sizes = [part.size_bytes for part in parts]
    progress.stage("add", sum(sizes), "bytes")
    workers = config.workers or local.workers_available()

    def taken(part: partitioned.Partition) -> tuple[partitioned.Texts, tuple[int, Drawn] | None]:
        texts = partitioned.texts(part, config)
        return texts, sketching(Batch(texts.ids, texts.buffer, texts.offsets, texts.notable))

    first = [Incoming(_nothing(), None, tuple(file for file in found if isinstance(file, DedupError)))]
    told = _named(followed(local.mapped(taken, parts, workers, begun=turns.give_way), sizes, progress), parts)
    yield from _cut([*first], told, size)


def _nothing() -> Batch:
    return Batch([], partitioned.padded(b""), np.zeros(1, np.int64), {})


def _named(
    found: Iterable[tuple[partitioned.Texts, tuple[int, Drawn] | None]], parts: list[partitioned.Partition]
) -> Iterator[Incoming]:
    """What was read of each partition, with ids, and with the lines of problems."""
    before = records = 0
    for position, (texts, drawn) in enumerate(found):
        file = texts.partition.files[0]
        before, records = (0, 0) if texts.partition.start_byte == 0 else (before, records)
        rows = texts.rows.tolist()
        ids = [name or f"{file.id}#{before + row + 1}" for name, row in zip(texts.ids, rows, strict=True)]
        problems = []
        for row, problem in texts.problems:
            where = file.place(before + row + 1) if file.holds_records else problem.path
            problems.append(DedupError(where, problem.problem, problem.remedy))
        before, records = before + texts.lines, records + len(ids) + len(problems)
        ends = position + 1 == len(parts) or parts[position + 1].start_byte == 0
        if file.holds_records and ends and not records:
            problems.append(read.no_records(file.path))
        notable = {row: replace(one, id=ids[row]) for row, one in texts.notable.items()}
        yield Incoming(Batch(ids, texts.buffer, texts.offsets, notable), drawn, tuple(problems))


def _cut(waiting: list[Incoming], found: Iterable[Incoming], size: int) -> Iterator[Incoming]:
    """The same in batches of `size` documents."""
    for one in found:
        waiting.append(one)
        while sum(len(part.batch) for part in waiting) >= size:
            missing = size - sum(len(part.batch) for part in waiting[:-1])
            head, tail = _rows(waiting[-1], 0, missing), _rows(waiting[-1], missing, len(waiting[-1].batch))
            yield _joined([*waiting[:-1], head])
            waiting = [replace(tail, problems=())]
    if any(len(one.batch) or one.problems for one in waiting):
        yield _joined(waiting)


def _rows(one: Incoming, start: int, stop: int) -> Incoming:
    batch = one.batch
    offsets = batch.offsets[start : stop + 1]
    cut = Batch(
        batch.ids[start:stop],
        batch.buffer[offsets[0] : offsets[-1]],
        offsets - offsets[0],
        {row - start: told for row, told in batch.notable.items() if start <= row < stop},
    )
    drawn = (one.drawn[0], drawn_rows(one.drawn[1], np.arange(start, stop))) if one.drawn else None
    return Incoming(cut, drawn, one.problems)


def drawn_rows(drawn: Drawn, rows: I64s) -> Drawn:
    """The sketches of some documents."""
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(drawn.shingle_counts)))
    if len(rows) and (np.diff(rows) == 1).all():
        shingles = drawn.shingles[ends[rows[0]] : ends[rows[-1] + 1]]
    else:
        pieces = [drawn.shingles[ends[row] : ends[row + 1]] for row in rows.tolist()]
        shingles = np.concatenate([drawn.shingles[:0], *pieces])
    bands = np.ascontiguousarray(drawn.bands[:, rows])
    counts = drawn.term_counts[rows], np.ascontiguousarray(shingles), drawn.shingle_counts[rows]
    return Drawn(drawn.words[rows], drawn.digests[rows], bands, drawn.terms[rows], *counts)


def _joined(parts: list[Incoming]) -> Incoming:
    problems = tuple(problem for part in parts for problem in part.problems)
    parts = [part for part in parts if len(part.batch)]
    if not parts:
        return Incoming(_nothing(), None, problems)
    ids = [name for part in parts for name in part.batch.ids]
    texts = [part.batch.buffer[: part.batch.offsets[-1]] for part in parts]
    buffer = np.empty(sum(map(len, texts)) + partitioned.SLACK_BYTES, np.uint8)
    np.concatenate(texts, out=buffer[: -partitioned.SLACK_BYTES])
    buffer[-partitioned.SLACK_BYTES :] = 0
    offsets, rows, size = [np.zeros(1, np.int64)], 0, 0
    notable: dict[int, Document] = {}
    for part in parts:
        offsets.append(part.batch.offsets[1:] + size)
        notable |= {row + rows: told for row, told in part.batch.notable.items()}
        rows, size = rows + len(part.batch), size + int(part.batch.offsets[-1])
    batch = Batch(ids, buffer, np.concatenate(offsets), notable)
    return Incoming(batch, _joined_sketches([part.drawn for part in parts]), problems)


def _joined_sketches(found: list[tuple[int, Drawn] | None]) -> tuple[int, Drawn] | None:
    """The sketches of several partitions, None if they were not all made, by one ranking."""
    made = [one for one in found if one]
    if len(made) < len(found) or len({edition for edition, _ in made}) != 1:
        return None
    every = [drawn for _, drawn in made]
    columns = {
        name: np.concatenate([getattr(one, name) for one in every], axis=int(name == "bands"))
        for name in Drawn.__dataclass_fields__
    }
    return made[0][0], Drawn(**columns)
