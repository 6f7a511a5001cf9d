"""Batches become findings and commits of an index, one after the other, with the next one looked up meanwhile.

1. `_prepared`: ids that are taken are left out; what is left is sketched and looked up, in the index and in itself;
   texts and keys are written to files of their own, which no manifest on disk names yet.
2. `_settled`: the candidate pairs are compared, while the files go to the disk; then the manifest that names them is
   committed.
3. `steps` settles a batch while the next ones are prepared: each is looked up in an index which has those before, and
   is committed after them. When a batch is given it is on disk, and nothing of the next one is. Files are merged
   (see `writing.tended`) beside all that, and a merge is committed between two batches.

While terms are still ranked anew, each batch is settled before the next is prepared. Limits: AHEAD batches and one are
in memory, and those that are read ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from dedup.bulk import wordlists
from dedup.bulk.sketch import Drawn
from dedup.columns import Pairs
from dedup.index import columns, findings, lists, lookup, manifest, ranking, recent, snapshot, texts, writing
from dedup.index.incoming import Incoming, drawn_rows
from dedup.index.manifest import Keys, Texts
from dedup.index.snapshot import Snapshot
from dedup.index.texts import Batch, Counts
from dedup.index.writing import Run
from dedup.model import DedupError

I64s = NDArray[np.int64]
AHEAD = 2
"""Batches that are prepared, or wait to be, while one is settled: with one, whoever is done first would wait for the
other."""
DOCUMENTS_COMPARED = 1000
"""Documents of a batch from which it is taken for granted that some are compared."""

U8s = NDArray[np.uint8]
U64s = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch led to: the index with it, findings, and how many documents were in it before, with the same words.

    candidates: pairs that were compared. crowded: documents with too many partners by terms.
    """

    snapshot: Snapshot
    pairs: Pairs
    documents: int
    already: int
    candidates: int
    crowded: int
    problems: tuple[DedupError, ...]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A batch that was looked up in an index as it is `before` it. after: the index with it, of which the files are
    written but not committed; `before` itself if nothing of the batch is new. pairs: (m, 2) candidates."""

    before: Snapshot
    after: Snapshot
    batch: Batch
    pairs: I64s
    already: int
    crowded: int
    problems: tuple[DedupError, ...]


def steps(incoming: Iterable[Incoming], at: Snapshot, workers: int) -> Generator[Step]:
    """Each batch in the index, committed, and the findings on it. Raises OSError."""
    with ThreadPoolExecutor(1) as aside, ThreadPoolExecutor(1) as beside:
        source, at = _ranked(iter(incoming), at, aside)
        one = next(source, None)
        while one and not ranking.is_settled(at.manifest.sample_bytes):
            prepared = aside.submit(_prepared, one, at)
            _made_ready(one)
            step = _settled(prepared.result(), workers)
            at = writing.tended(step.snapshot)
            yield replace(step, snapshot=at)
            one = next(source, None)
        if one is None:
            return
        merging, ahead = _Merging(beside), _Ahead(chain([one], source), at)
        under_way = deque(aside.submit(ahead.prepare) for _ in range(AHEAD))
        _made_ready(one)
        try:
            while under_way.popleft().result():
                under_way.append(aside.submit(ahead.prepare))
                others_work = not under_way[0].done()  # they read and look up
                step = _settled(ahead.first(), max(1, workers // 2) if others_work else workers)
                at = merging.applied(step.snapshot)
                if under_way[0].done() and under_way[0].exception() is None and not under_way[0].result():
                    at = writing.tended(merging.finished(at))  # it was the last one
                ahead.follow(at)
                yield replace(step, snapshot=at)
            writing.tended(merging.finished(at))
        finally:
            for future in under_way:
                future.cancel()


def _ranked(
    incoming: Iterator[Incoming], at: Snapshot, aside: ThreadPoolExecutor
) -> tuple[Iterator[Incoming], Snapshot]:
    """The batches, and the index: a new one with terms ranked by the first of them, if these are text enough to rank
    them for good, so that none is sketched twice."""
    first, size = list[Incoming](), 0
    while not at.manifest.edition and not ranking.is_settled(size) and (one := next(incoming, None)):
        first.append(one)
        size += int(one.batch.offsets[-1])
    if first and ranking.is_settled(size):
        ranked = aside.submit(writing.ranked_anew, at, [one.batch for one in first], size)
        _made_ready(first[0])
        at = ranked.result()
    return chain(first, incoming), at


def _made_ready(one: Incoming) -> None:
    """Makes what comparing needs, while terms are ranked or the first batch is looked up: it takes as long."""
    if len(one.batch) >= DOCUMENTS_COMPARED:
        wordlists.english()


class _Ahead:
    """Batches that are prepared, each on the one before, and wait to be settled. A thread prepares, another settles."""

    def __init__(self, incoming: Iterator[Incoming], at: Snapshot) -> None:
        self._incoming, self._tip = incoming, at
        self._waiting: deque[_Prepared] = deque()
        self._lock = Lock()

    def prepare(self) -> bool:
        """Prepares the next batch, if there is one: whether there was."""
        one = next(self._incoming, None)
        if one is None:
            return False
        made = _prepared(one, self._tip)
        with self._lock:
            made = _on(made, self._tip)
            self._waiting.append(made)
            self._tip = made.after
        return True

    def first(self) -> _Prepared:
        with self._lock:
            return self._waiting.popleft()

    def follow(self, at: Snapshot) -> None:
        """What waits is to be committed to this index: what was first is in it, and files may have been merged."""
        with self._lock:
            for place, one in enumerate(self._waiting):
                self._waiting[place] = _on(one, at)
                at = self._waiting[place].after
            self._tip = at


class _Merging:
    """Files that are merged beside the batches. A batch takes two numbers of files, the second for what is merged while
    the batch is prepared."""

    def __init__(self, beside: ThreadPoolExecutor) -> None:
        self._beside = beside
        self._under_way: tuple[Run, int, Future[Keys | Texts]] | None = None

    def applied(self, at: Snapshot) -> Snapshot:
        """The index, with the merge under way if that is done; what is due then is begun."""
        if self._under_way and self._under_way[2].done():
            at = self.finished(at)
        run = None if self._under_way else writing.due(at.manifest)
        if run:
            number = at.manifest.next_file + 1
            self._under_way = run, number, self._beside.submit(writing.merged, at, run, number)
        return at

    def finished(self, at: Snapshot) -> Snapshot:
        """The same, with the merge under way in any case."""
        if not self._under_way:
            return at
        run, number, made = self._under_way
        self._under_way = None
        own = replace(at.manifest, next_file=max(at.manifest.next_file, number + 1))
        return writing.committed(at, writing.with_merged(own, run, made.result()))


def _prepared(incoming: Incoming, at: Snapshot) -> _Prepared:
    """A batch that is looked up, its files written. Raises OSError."""
    batch, drawn = incoming.batch, incoming.drawn
    hashed = writing.hashes(batch.ids)
    taken = writing.numbers_of(batch.ids, at, hashed)
    fresh = np.array([name not in taken for name in batch.ids], bool)
    size = at.manifest.text_bytes + int(np.diff(batch.offsets)[fresh].sum())
    if fresh.any() and ranking.is_due(at.manifest.edition, at.manifest.sample_bytes, size):
        at = writing.ranked_anew(at, [batch if fresh.all() else batch.taken(np.flatnonzero(fresh))], size)
    sketches = drawn[1] if drawn and drawn[0] == at.manifest.edition else writing.sketched_by(batch, at)
    rows, already, refused = _fresh(batch, sketches, taken, at)
    if len(rows) < len(batch):
        batch, sketches, hashed = batch.taken(rows), drawn_rows(sketches, rows), hashed[rows]
    problems = (*incoming.problems, *refused)
    if not len(batch):
        return _Prepared(at, at, batch, np.zeros((0, 2), np.int64), already, 0, problems)
    with ThreadPoolExecutor(2) as aside:
        packed = aside.submit(texts.packed, batch.buffer, batch.offsets)
        following = _following(sketches, at)
        standing = ((following < 0) & (sketches.digests != 0)).astype(np.uint8)
        asked, laid = _asked(hashed, sketches, standing, at)
        filed = aside.submit(columns.written, at.folder / f"keys-{at.manifest.next_file}", laid)
        known = at.known(len(batch), asked.had)
        pairs, kept, crowded = lookup.candidates(asked, [*at.columns, laid.column], known, at.config, at.shelves)
        follows = np.flatnonzero(following >= 0)
        exact = np.stack((following[follows], follows + len(at.stored)), axis=1)
        pairs = np.concatenate((pairs, exact))
        counts = Counts(sketches.words, sketches.digests, asked.had, kept)
        file = _texts_written(at, batch, packed.result(), counts)
        after = _with_files(at, batch, file, Keys(filed.result(), 0, len(laid)), laid)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return _Prepared(at, after, batch, pairs, already, crowded, problems)


def _on(prepared: _Prepared, committed: Snapshot) -> _Prepared:
    """The same, to be committed to an index of which files were merged while it was prepared."""
    if committed.manifest == prepared.before.manifest:
        return prepared
    if prepared.after is prepared.before:
        return replace(prepared, before=committed, after=committed)
    own, now = prepared.after.manifest, committed.manifest
    changed = replace(
        own,
        generation=now.generation + 1,
        next_file=max(own.next_file, now.next_file),
        texts=(*now.texts, own.texts[-1]),
        keys=(*now.keys, own.keys[-1]),
    )
    known = replace(prepared.after, mapped=prepared.after.mapped | committed.mapped)
    return replace(prepared, after=snapshot.of(committed.folder, changed, committed.config, known))


def _settled(prepared: _Prepared, workers: int) -> Step:
    """The findings on a batch, which is committed then. Raises OSError."""
    after, before = prepared.after, prepared.before
    every = findings.Together(before, prepared.batch)
    own = [after.manifest.texts[-1].file, after.manifest.keys[-1].file] if after is not before else []
    with ThreadPoolExecutor(1) as aside:
        on_disk = aside.submit(manifest.held, after.folder, own)
        found = findings.judged(prepared.pairs, every, workers)
        on_disk.result()
    if own:
        manifest.committed(after.folder, after.manifest, before.manifest)
        after.stored.let_go()
    told = len(prepared.batch), prepared.already, len(prepared.pairs), prepared.crowded, prepared.problems
    return Step(after, findings.by_id(found, every), *told)


def _fresh(batch: Batch, sketches: Drawn, taken: Mapping[str, int], at: Snapshot) -> tuple[I64s, int, list[DedupError]]:
    """The rows whose ids are not taken; how many are in the index already, with the same words; and the others, each a
    problem."""
    first: dict[str, int] = {}
    rows, already, problems = [], 0, []
    for row, name in enumerate(batch.ids):
        other = first.setdefault(name, row)
        if name in taken:
            same = at.stored.digest(taken[name]) == int(sketches.digests[row])
        elif other != row:
            same = sketches.digests[other] == sketches.digests[row]
        else:
            rows.append(row)
            continue
        already += int(same)
        if not same:
            problem = f"has the id {name!r}, which a document of other words has in the index"
            problems.append(DedupError(name, problem, "give it another id, or remove that one first"))
    return np.array(rows, np.int64), already, problems


def _following(sketches: Drawn, at: Snapshot) -> I64s:
    """For each document the first one of the same words, in the index or before it in the batch, or -1."""
    found = np.full(len(sketches.digests), -1, np.int64)
    _, first, inverse = np.unique(sketches.digests, return_index=True, return_inverse=True)
    again = (first[inverse] != np.arange(len(found))) & (sketches.digests != 0)
    found[again] = first[inverse][again] + len(at.stored)
    earlier = writing.twins(sketches.digests, at)
    for row, numbers in earlier.items():
        found[row] = numbers[0]
    return found


def _asked(hashed: U64s, sketches: Drawn, standing: U8s, at: Snapshot) -> tuple[lookup.Asked, columns.Laid]:
    """What a batch is looked up by, and its column. hashed: see `writing.hashes`."""
    base = len(at.stored)
    numbers = np.arange(base, base + len(hashed), dtype=np.int64)
    words, terms = writing.keyed(hashed, sketches, standing), lists.grouped(sketches, standing)
    had = sketches.shingle_counts.astype(np.uint32)
    asked = lookup.Asked(numbers, standing, words, terms, had, 1)
    return asked, columns.laid_out(words, terms, numbers.astype(np.uint32))


def _texts_written(at: Snapshot, batch: Batch, packed: texts.Packed, counts: Counts) -> Texts:
    """The file of the documents of a batch."""
    path = at.folder / f"texts-{at.manifest.next_file}"
    return Texts(texts.written(path, batch.ids, batch.notable, packed, counts), at.manifest.next_number, len(batch))


def _with_files(at: Snapshot, batch: Batch, file: Texts, column: Keys, laid: columns.Laid) -> Snapshot:
    """The index with a file of texts and one of keys more, which is not committed. laid: what is in that."""
    own = at.manifest
    more = replace(
        own,
        generation=own.generation + 1,
        next_file=own.next_file + 2,
        next_number=own.next_number + len(batch),
        text_bytes=own.text_bytes + int(batch.offsets[-1]),
        texts=(*own.texts, file),
        keys=(*own.keys, column),
    )
    made = snapshot.of(at.folder, more, at.config, at)
    begins = sum(one.level == 0 for one in own.keys) % writing.FANOUT == 0
    return replace(made, shelves=recent.with_column(made.shelves, laid.shelved(column.file.name), begins))
