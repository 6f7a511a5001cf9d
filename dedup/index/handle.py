"""An index as people use it: made, opened, added to, asked, and checked.

    with dedup.Index.create("seen") as index:
        added = index.add("monday")           # findings on what is new, against all that was ever added
        for pair in index.query("tuesday"):   # the same, nothing is added
            print(pair.a, pair.relation, pair.b)

Whoever asks sees what was committed last. Writers exclude each other for as long as one of them adds or removes. An
`Index` is used by one thread at a time; as many as are wanted may be open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np

from dedup import inputs, mojibake, whole
from dedup.bulk.sketch import Drawn, token_hashes
from dedup.columns import Pairs
from dedup.config import Config
from dedup.engines import memory, turns
from dedup.index import adding, findings, incoming, lists, lookup, manifest, ranking, snapshot, texts, writing
from dedup.index.adding import Step
from dedup.index.files import REMEDY
from dedup.index.manifest import Manifest
from dedup.index.texts import Batch
from dedup.index.writing import BATCH_DOCUMENTS
from dedup.kernels import join
from dedup.model import DedupError, Document, Pair
from dedup.progress import SILENT, Progress
from dedup.spool import Spool

Sources = str | Path | Iterable[str | Path]


@dataclass(frozen=True, slots=True)
class Added:
    """What adding led to. pairs: findings on the added documents with earlier ones, each pair once.

    documents: how many were added. already: those left out since the index has a document of that id and of the same
    words. candidates: pairs compared. crowded: documents that met too many others by rare terms. problems: what could
    not be read, and documents whose id one of other words has. generation: of the commit that they were added by.
    """

    pairs: Pairs
    documents: int
    already: int
    candidates: int
    crowded: int
    problems: tuple[DedupError, ...]
    generation: int


@dataclass(frozen=True, slots=True)
class Queried:
    """What was found for some documents, `a` of each pair, and what could not be read."""

    pairs: Pairs | list[Pair]
    documents: int
    candidates: int
    problems: tuple[DedupError, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """What an index holds, and takes. removed: documents that are not in it any more. postings: keys of documents.

    ranked_by_bytes: of the texts by which terms are ranked. is_settled: whether that stays so.
    """

    documents: int
    removed: int
    words: int
    size_bytes: int
    text_bytes: int
    postings: int
    files: int
    generation: int
    edition: int
    ranked_by_bytes: int
    is_settled: bool


class Index:
    """An index in a folder; see the module."""

    def __init__(self, at: snapshot.Snapshot) -> None:
        self._at = at
        self._seen: tuple[int, ...] = ()

    @staticmethod
    def create(folder: str | Path, config: Config | None = None) -> Index:
        """A new, empty index; its options stay those of `config`. Raises DedupError if there is something already."""
        path, config = Path(folder), config or Config()
        if path.exists():
            remedy = "name a folder that does not exist, or add to that index"
            raise DedupError(path, "exists already", remedy)
        made = Manifest(0, manifest.counting(config))
        try:
            with whole.folder(path) as draft:
                manifest.committed(draft, made)
        except OSError as error:
            remedy = "name a place that you may write to"
            raise DedupError(path, f"cannot be made ({error.strerror})", remedy) from error
        return Index.open(path, config)

    @staticmethod
    def open(folder: str | Path, config: Config | None = None) -> Index:
        """The index in a folder. Raises DedupError if it is none, is damaged, or has other options than `config`.

        Options that findings do not hang on, such as how sources are read, are those of `config`.
        """
        path = Path(folder)
        found = manifest.loaded(path)
        if config:
            manifest.refuse_other(path, found, manifest.counting(config))
        return Index(snapshot.last(path, manifest.counted(found, config or Config())))

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing waits to be written."""

    def __len__(self) -> int:
        """How many documents are in it."""
        return len(self.refreshed())

    def __contains__(self, name: str) -> bool:
        """Whether a document of this id is in it."""
        return name in writing.numbers_of([name], self.refreshed())

    def refreshed(self) -> snapshot.Snapshot:
        """What was committed last."""
        seen = manifest.mark(self._at.folder)
        if not seen or seen != self._seen:
            self._at = snapshot.last(self._at.folder, self._at.config, self._at)
            self._seen = seen  # of before it was read: a later one is looked at again
        return self._at

    # --- writing ---------------------------------------------------------------------------------------------------

    def add(self, sources: Sources, progress: Progress = SILENT, batch_documents: int = BATCH_DOCUMENTS) -> Added:
        """Adds the documents of the sources, and gives what they are copies of; see `adding`."""
        parts = list(self.adding(sources, progress, batch_documents))
        every = Pairs.joined([part.pairs for part in parts])
        return Added(
            replace(every, ids=self._at.stored),
            sum(part.documents for part in parts),
            sum(part.already for part in parts),
            sum(part.candidates for part in parts),
            sum(part.crowded for part in parts),
            tuple(problem for part in parts for problem in part.problems),
            self._at.manifest.generation,
        )

    def adding(
        self, sources: Sources, progress: Progress = SILENT, batch_documents: int = BATCH_DOCUMENTS
    ) -> Iterator[Added]:
        """The same batch by batch: what is given is on disk, and stays in the index whatever happens then.

        Raises DedupError if another process writes, or there is no room.
        """
        mojibake.ready()
        named = [sources] if isinstance(sources, str | Path) else list(sources)
        with Spool() as spool, self._writing(), memory.kept(), turns.short():
            config = self._at.config
            files = inputs.source_files(named, spool, config, progress)
            some = False
            read = incoming.batches(files, config, batch_documents, self._sketching(), progress)
            with closing(adding.steps(read, self._at, writing.workers_of(self._at))) as steps:
                for step in steps:
                    some = True
                    yield self._told(step)
            if not some:
                yield self._added(Batch([], *texts.laid([]), {}))

    def add_documents(self, documents: Sequence[Document]) -> Added:
        """Adds documents that are at hand, as one batch."""
        with self._writing():
            added = self._added(batch_of(documents))
        return replace(added, pairs=replace(added.pairs, ids=self._at.stored))

    def remove(self, ids: Iterable[str]) -> tuple[int, list[str]]:
        """Removes documents by id: how many, and the ids that none has."""
        with self._writing():
            self._at, count, missing = writing.removed(list(ids), self._at)
        return count, missing

    def compact(self) -> None:
        """Rewrites the files without what was removed."""
        with self._writing():
            self._at = writing.compacted(self._at)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        folder = self._at.folder
        manifest.loaded(folder)  # a folder that is no index is told so, and gets no lock
        with manifest.locked(folder):
            try:
                manifest.swept(folder, self.refreshed().manifest)
                yield
            except BaseException as error:
                with suppress(OSError, DedupError):
                    manifest.swept(folder, manifest.loaded(folder))  # what was not committed
                if not isinstance(error, OSError):
                    raise
                problem = f"cannot be written ({error.strerror}); it is as it was last committed"
                raise DedupError(folder, problem, "make room, and run the command again") from error
            finally:
                self._at = replace(self._at, shelves=())  # of use to the next batch, and there is none

    def _sketching(self) -> Callable[[Batch], tuple[int, Drawn] | None]:
        def sketched(batch: Batch) -> tuple[int, Drawn] | None:
            own, order = self._at.manifest, self._at.ranking
            if order is None or not ranking.is_settled(own.sample_bytes):
                return None
            return own.edition, ranking.sketched(batch, order, self._at.config)

        return sketched

    def _added(self, batch: Batch) -> Added:
        (step,) = adding.steps([incoming.Incoming(batch, None)], self._at, writing.workers_of(self._at))
        return self._told(step)

    def _told(self, step: Step) -> Added:
        self._at = step.snapshot
        told = (step.documents, step.already, step.candidates, step.crowded, step.problems)
        return Added(step.pairs, *told, self._at.manifest.generation)

    # --- asking ----------------------------------------------------------------------------------------------------

    def query(self, sources: Sources, progress: Progress = SILENT) -> Queried:
        """What documents of the sources are copies of in the index; nothing is added."""
        mojibake.ready()
        named = [sources] if isinstance(sources, str | Path) else list(sources)
        parts: list[Queried] = []
        problems: list[DedupError] = []
        size = 0
        with Spool() as spool:
            files = inputs.source_files(named, spool, self._at.config, progress)
            for one in incoming.batches(files, self._at.config, BATCH_DOCUMENTS, lambda _: None, progress):
                problems += one.problems
                size += len(one.batch)
                parts.append(self._queried(one.batch))
        candidates = sum(part.candidates for part in parts)
        found = [pair for part in parts for pair in part.pairs]
        return Queried(found, size, candidates, tuple(problems))

    def query_documents(self, documents: Sequence[Document]) -> Queried:
        """The same of documents that are at hand."""
        return self._queried(batch_of(documents))

    def warm(self) -> None:
        """Reads and sums all keys, so that no query has to: a second a GB, for who asks many."""
        at = self.refreshed()
        for one in at.manifest.keys:
            for name in lookup.SECTIONS:
                at.mapped[one.file.name].array(name)

    def _queried(self, batch: Batch) -> Queried:
        at = self.refreshed()
        every = findings.Together(at, batch)
        pairs = np.zeros((0, 2), np.int64)
        if at.ranking is not None and len(batch):
            drawn = ranking.sketched(batch, at.ranking, at.config)
            numbers = np.arange(every.base, len(every), dtype=np.int64)
            standing = (drawn.digests != 0).astype(np.uint8)
            words, had = lookup.keyed(drawn, standing), drawn.shingle_counts.astype(np.uint32)
            asked = lookup.Asked(numbers, standing, words, lists.grouped(drawn, standing), had, 0)
            known = lookup.Known(at.stored.kept, at.stored.had, at.dead)
            pairs, _, _ = lookup.candidates(asked, at.columns, known, at.config)
            most = at.config.bucket_documents_max
            exact = [
                (number, every.base + row)
                for row, found in writing.twins(drawn.digests, at).items()
                for number in found[:most]
            ]
            pairs = np.unique(np.concatenate((pairs, np.array(exact, np.int64).reshape(-1, 2))), axis=0)
        made = findings.judged(pairs, every, writing.workers_of(at))
        asked_first = made.turned(np.ones(len(made), bool))
        order = np.lexsort((asked_first.documents[:, 1], asked_first.documents[:, 0]))
        return Queried(asked_first.taken(order), len(batch), len(pairs), ())

    # --- checking --------------------------------------------------------------------------------------------------

    def stats(self) -> Stats:
        at = self.refreshed()
        own = at.manifest
        return Stats(
            documents=len(at),
            removed=at.removed,
            words=int(at.stored.words()[at.dead == 0].sum()),
            size_bytes=sum(one.size_bytes for one in own.files),
            text_bytes=own.text_bytes,
            postings=sum(one.postings for one in own.keys),
            files=len(own.files),
            generation=own.generation,
            edition=own.edition,
            ranked_by_bytes=own.sample_bytes,
            is_settled=ranking.is_settled(own.sample_bytes),
        )

    def verify(self, progress: Progress = SILENT) -> list[DedupError]:
        """What is wrong with the index on disk: every byte is read, and every text held against its digest."""
        try:
            at = Index.open(self._at.folder).refreshed()
        except DedupError as error:
            return [error]
        progress.stage("verify", sum(one.size_bytes for one in at.manifest.files), "bytes")
        problems = []
        for one in at.mapped.values():
            try:
                one.check()
            except DedupError as error:
                problems.append(error)
            progress.advance(one.reference.size_bytes)
        return problems or _contradictions(at)


def _contradictions(at: snapshot.Snapshot) -> list[DedupError]:
    """Documents that are not what the index says of them."""
    problems = []
    living = at.living()
    for first in range(0, len(living), BATCH_DOCUMENTS):
        numbers = living[first : first + BATCH_DOCUMENTS]
        (batch,) = at.stored.batches(numbers, len(numbers))
        hashes, counts, _ = token_hashes(batch.buffer, batch.offsets)
        digests = np.empty(len(counts), np.uint64)
        join.digests(hashes, counts, digests)
        found = writing.numbers_of(batch.ids, at)
        for row, number in enumerate(numbers):
            if at.stored.digest(number) != int(digests[row]) or found.get(batch.ids[row]) != number:
                problem = f"contradicts itself about document {batch.ids[row]!r}"
                problems.append(DedupError(at.folder, problem, REMEDY))
    return problems


def batch_of(documents: Sequence[Document]) -> Batch:
    """Documents that are at hand as a batch."""
    from dedup import clean, edits

    pieces = [edits.applied(one.text, one.repairs).encode("utf-8", "surrogatepass") for one in documents]
    notable = {row: one for row, one in enumerate(documents) if clean.is_notable(one)}
    return Batch([one.id for one in documents], *texts.laid(pieces), notable)
