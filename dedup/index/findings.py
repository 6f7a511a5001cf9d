"""Candidate pairs become findings, as in a scan: compared by `bulk.verify`, judged by `judge`, weighed by `pipeline`.

Texts come from the index, and those of the documents asked for from where they are: originals are not needed. As in a
scan, a pair is compared one at a time where a text was not read as sound UTF-8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup import damage, figures, judge, pipeline
from dedup.bulk import verify, wordlists
from dedup.columns import CHANNELS, Pairs
from dedup.engines import local
from dedup.index.snapshot import Snapshot
from dedup.index.texts import Batch, laid
from dedup.model import Corpus, Document, Locator

I64s = NDArray[np.int64]
PAIRS_SHARED = 256
"""Pairs from which all workers compare them: some 30 milliseconds of work."""
DOCUMENTS_HELD = 4096
"""Documents that are asked for one by one and kept, in case they are asked for again."""


class Together(Sequence[Any]):
    """The documents of an index and, with the next numbers, those of a batch; as a sequence, `Document`s."""

    def __init__(self, snapshot: Snapshot, batch: Batch) -> None:
        self.snapshot, self.batch, self.base = snapshot, batch, len(snapshot.stored)
        self._held: dict[int, Document] = {}

    def __len__(self) -> int:
        return self.base + len(self.batch)

    def __getitem__(self, number: Any) -> Any:
        if number not in self._held:
            if len(self._held) >= DOCUMENTS_HELD:
                del self._held[next(iter(self._held))]  # the one that was read first
            self._held[number] = self._document(number)
        return self._held[number]

    def hold(self, numbers: I64s) -> None:
        """Reads documents that are asked for next, those of the index all at once; as many as are kept."""
        wanted = [one for one in np.unique(numbers).tolist() if one < self.base and one not in self._held]
        wanted = wanted[: max(0, DOCUMENTS_HELD - len(self._held))]
        self._held |= zip(wanted, self.snapshot.stored.documents(wanted), strict=True)

    def _document(self, number: int) -> Document:
        if number < self.base:
            return self.snapshot.stored.document(number)
        row = number - self.base
        if row in self.batch.notable:
            return self.batch.notable[row]
        text = self._text(row).decode("utf-8", "surrogatepass")
        return Document(self.batch.ids[row], Locator(""), text)

    def _text(self, row: int) -> bytes:
        return self.batch.buffer[self.batch.offsets[row] : self.batch.offsets[row + 1]].tobytes()

    def texts(self, numbers: Sequence[int]) -> tuple[NDArray[np.uint8], I64s]:
        """The texts of documents, as `bulk.again.texts_at` gives them."""
        earlier = [number for number in numbers if number < self.base]
        found = dict(zip(earlier, self.snapshot.stored.texts(earlier), strict=True))
        return laid([found[one] if one < self.base else self._text(one - self.base) for one in numbers])

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """The ids of documents, in the order asked for."""
        earlier = [number for number in numbers if number < self.base]
        found = dict(zip(earlier, self.snapshot.stored.ids(earlier), strict=True))
        return [found[one] if one < self.base else self.batch.ids[one - self.base] for one in numbers]

    def notable(self, numbers: I64s) -> dict[int, Document]:
        """Those of some documents that were not read as sound UTF-8."""
        marked = self.snapshot.stored.notable_numbers() | {self.base + row for row in self.batch.notable}
        return {number: self[number] for number in marked.intersection(numbers.tolist())} if marked else {}


class Named(Sequence[str]):
    """The ids of some documents by number, so that findings on these keep no texts in memory. size: of them all."""

    def __init__(self, names: Mapping[int, str], size: int) -> None:
        self._names, self._size = names, size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, number: Any) -> Any:
        return self._names[number]


class Ids(Sequence[str]):
    """The ids of `Together`."""

    def __init__(self, every: Together) -> None:
        self._every = every

    def __len__(self) -> int:
        return len(self._every)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        every = self._every
        return every.batch.ids[number - every.base] if number >= every.base else every.snapshot.stored[number]


def judged(pairs: I64s, every: Together, workers: int) -> Pairs:
    """The findings on pairs (m, 2) of numbers, in order; a is the earlier one."""
    config = every.snapshot.config
    none = np.zeros(0, np.int64)
    notable = every.notable(np.unique(pairs))
    corpus = Corpus(Ids(every), none, (), none, none, none, notable)

    def one_by_one(_: Corpus, a: int, b: int) -> figures.Compared:
        return pipeline.measured(pipeline.entry(every[a], config), pipeline.entry(every[b], config), config)

    def reader(_: Corpus, numbers: Sequence[int], __: object) -> tuple[NDArray[np.uint8], I64s]:
        return every.texts(numbers)

    def part(own: I64s) -> Pairs:
        return verify.of_part(own, corpus, config, one_by_one, reader)

    if not len(pairs):
        none_met = np.zeros((0, len(CHANNELS)), np.int64)
        return judge.findings(corpus.ids, pairs, figures.nothing(), none_met, config)
    parts = _shared_out(pairs, workers)
    if len(parts) > 1:
        wordlists.english()  # or each worker would make them
    found = map(part, parts) if len(parts) < 2 else local.mapped(part, parts, workers)
    return _weighed(Pairs.joined(list(found)), every)


def _shared_out(pairs: I64s, workers: int) -> list[I64s]:
    """The pairs in parts of about one size, as many for each worker if there are not few."""
    fewest = -(-len(pairs) // verify.PART_PAIRS)
    rounds = -(-fewest // workers)
    return np.array_split(pairs, rounds * workers if len(pairs) >= PAIRS_SHARED else fewest)


def _weighed(pairs: Pairs, every: Together) -> Pairs:
    """The findings, with what the cards of documents and their words by themselves say, as far as it counts."""
    config = every.snapshot.config
    numbers = judge.carded(pairs, config)
    kinds = damage.KINDS if config.damage_weight else damage.NOISE_KINDS
    every.hold(numbers)
    scores = np.array(list(damage.scores((every[number] for number in numbers.tolist()), kinds)), np.float64)
    pairs = judge.with_damage(pairs, numbers, scores.reshape(-1, len(damage.KINDS)), config)
    every.hold(pairs.documents[judge.unsure(pairs, config)])
    return pipeline.with_leanings(pairs, every, config)


def by_id(pairs: Pairs, every: Together) -> Pairs:
    """The same, a being the one whose id is less, as a scan tells pairs."""
    numbers, places = np.unique(pairs.documents, return_inverse=True)
    names = every.ids(numbers.tolist())
    turned = np.array([names[a] > names[b] for a, b in places.reshape(-1, 2).tolist()], bool)
    known = Named(dict(zip(numbers.tolist(), names, strict=True)), len(every))
    return replace(pairs.turned(turned), ids=known)
