"""What the one writer of an index does: adds batches, removes documents, and keeps the files few.

1. `added`: ids that are taken are left out; what is left is sketched and looked up, in the index and in itself; pairs
   are compared; texts and keys are written to files of their own; a manifest that names them is committed.
2. `tended`: files of keys, and small ones of texts, are merged, FANOUT of a level to one of the next, so that a key is
   written once a level and a lookup asks few files.
3. `ranked_anew`: terms are ranked by all texts so far, and all documents sketched by that (see `ranking`).
4. `removed`: numbers of documents that are gone are listed; one that stood for others of the same words hands that on
   to the next. `compacted` rewrites the files without them.

Every step ends in one commit, and leaves the index whole if it is killed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.sketch import Drawn
from dedup.columns import Pairs
from dedup.engines import local
from dedup.index import columns, findings, lists, lookup, manifest, ranking, snapshot, texts
from dedup.index.files import Writer
from dedup.index.incoming import Incoming, drawn_rows
from dedup.index.manifest import Keys, Manifest, Texts
from dedup.index.snapshot import Snapshot
from dedup.index.texts import Batch, Counts
from dedup.kernels import keys
from dedup.model import DedupError

FANOUT = 16
"""Files of a level that become one of the next: with 8 a key is written half as often again, with 32 lookups ask
more."""
TEXTS_MERGED_BYTES = 8 << 20
"""Bytes of a file of texts from which it is left as it is."""
COMPACTED_SHARE = 4
"""Of so many documents one must have been removed for the files to be rewritten without them."""
BATCH_DOCUMENTS = 10_000

I64s = NDArray[np.int64]
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


def hashes(ids: Sequence[str]) -> U64s:
    """The hash by which each id is found."""
    found = (blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in ids)
    return np.frombuffer(b"".join(found), np.uint64)


def numbers_of(ids: Sequence[str], at: Snapshot) -> dict[str, int]:
    """The numbers of the documents that have these ids."""
    rows, numbers = lookup.named(lookup.names(hashes(ids), lookup.ID), at.columns)
    return {
        ids[row]: number
        for row, number in zip(rows.tolist(), numbers.tolist(), strict=True)
        if not at.dead[number] and at.stored[number] == ids[row]
    }


def twins(digests: U64s, at: Snapshot) -> dict[int, list[int]]:
    """By row, the documents that have the same words, ascending."""
    words = np.empty(len(digests), np.uint64)
    keys.names(digests, lookup.DIGEST, words)
    rows, numbers = lookup.named(words[digests != 0], at.columns)
    found: dict[int, list[int]] = {}
    for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
        if not at.dead[number] and at.stored.digest(number) == int(digests[row]):
            found.setdefault(row, []).append(number)
    return found


# --- adding --------------------------------------------------------------------------------------------------------


def added(incoming: Incoming, at: Snapshot, workers: int) -> Step:
    """The batch in the index, committed, and the findings on it. Raises OSError."""
    batch, drawn = incoming.batch, incoming.drawn
    taken = numbers_of(batch.ids, at)
    fresh = np.array([name not in taken for name in batch.ids], bool)
    size = at.manifest.text_bytes + int(np.diff(batch.offsets)[fresh].sum())
    if fresh.any() and ranking.is_due(at.manifest.edition, at.manifest.sample_bytes, size):
        at = ranked_anew(at, batch if fresh.all() else batch.taken(np.flatnonzero(fresh)), size)
    sketches = drawn[1] if drawn and drawn[0] == at.manifest.edition else _sketched(batch, at)
    rows, already, refused = _fresh(batch, sketches, taken, at)
    if len(rows) < len(batch):
        batch, sketches = batch.taken(rows), drawn_rows(sketches, rows)
    problems = (*incoming.problems, *refused)
    if not len(batch):
        nothing = findings.judged(np.zeros((0, 2), np.int64), findings.Together(at, batch), workers)
        return Step(at, nothing, 0, already, 0, 0, problems)
    with ThreadPoolExecutor(1) as aside:
        packed = aside.submit(texts.packed, batch.buffer, batch.offsets)
        following = _following(sketches, at)
        standing = ((following < 0) & (sketches.digests != 0)).astype(np.uint8)
        laid, pairs, kept, crowded = _met(batch, sketches, standing, at)
        follows = np.flatnonzero(following >= 0)
        exact = np.stack((following[follows], follows + len(at.stored)), axis=1)
        pairs = np.concatenate((pairs, exact))
        pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
        found = findings.judged(pairs, findings.Together(at, batch), workers)
        counts = Counts(sketches.words, sketches.digests, sketches.shingle_counts.astype(np.uint32), kept)
        made = _files(at, batch, packed.result(), counts, laid)
    made.stored.let_go()
    return Step(tended(made), findings.by_id(found), len(batch), already, len(pairs), crowded, problems)


def _sketched(batch: Batch, at: Snapshot) -> Drawn:
    assert at.ranking is not None or not len(batch)
    return ranking.sketched(batch, at.ranking or ranking.ranked([], 0, at.config), at.config)


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
    earlier = twins(sketches.digests, at)
    for row, numbers in earlier.items():
        found[row] = numbers[0]
    return found


def _met(batch: Batch, sketches: Drawn, standing: U8s, at: Snapshot) -> tuple[columns.Laid, I64s, U8s, int]:
    """The column of a batch, its candidates, the terms by which each was looked up, and documents of too many."""
    base = len(at.stored)
    numbers = np.arange(base, base + len(batch), dtype=np.int64)
    words, terms = _keyed(batch.ids, sketches, standing), lists.grouped(sketches, standing)
    laid = columns.laid_out(words, terms, numbers.astype(np.uint32))
    had = sketches.shingle_counts.astype(np.uint32)
    asked = lookup.Asked(numbers, standing, words, terms, had, 1)
    every = [*at.columns, laid.column]
    return laid, *lookup.candidates(asked, every, at.known(len(batch), had), at.config)


def _keyed(ids: Sequence[str], sketches: Drawn, standing: U8s) -> U64s:
    """The words of all keys of documents but their terms."""
    named = lookup.names(hashes(ids), lookup.ID), lookup.names(sketches.digests, lookup.DIGEST)
    return lookup.in_order(np.concatenate((lookup.keyed(sketches, standing), *named)))


def _files(at: Snapshot, batch: Batch, packed: texts.Packed, counts: Counts, laid: columns.Laid) -> Snapshot:
    """The index with a file of texts and one of keys more."""
    number = at.manifest.next_file
    names = f"texts-{number}", f"keys-{number}"
    with ThreadPoolExecutor(1) as aside:
        written = aside.submit(columns.written, at.folder / names[1], laid)
        file = texts.written(at.folder / names[0], batch.ids, batch.notable, packed, counts)
        column = written.result()
    more = replace(
        at.manifest,
        next_file=number + 1,
        next_number=at.manifest.next_number + len(batch),
        text_bytes=at.manifest.text_bytes + int(batch.offsets[-1]),
        texts=(*at.manifest.texts, Texts(file, at.manifest.next_number, len(batch))),
        keys=(*at.manifest.keys, Keys(column, 0, len(laid))),
    )
    return committed(at, more)


def committed(at: Snapshot, changed: Manifest) -> Snapshot:
    """The snapshot of a changed manifest, which is now the one of the index; what it does not name is removed."""
    changed = replace(changed, generation=at.manifest.generation + 1)
    found = snapshot.of(at.folder, changed, at.config, at)
    manifest.committed(at.folder, changed)
    named = {one.name for one in changed.files}
    for one in at.manifest.files:
        if one.name not in named:
            (at.folder / one.name).unlink(missing_ok=True)
    return found


# --- tending -------------------------------------------------------------------------------------------------------


def tended(at: Snapshot) -> Snapshot:
    """The index with files merged, as far as there are FANOUT of a level."""
    while (run := _run_of_keys(at.manifest.keys)) is not None:
        at = _keys_merged(at, *run)
    small = [one for one in at.manifest.texts if one.file.size_bytes < TEXTS_MERGED_BYTES]
    for first, stop in _runs_of_texts(at.manifest.texts) if len(small) >= FANOUT else ():
        return tended(_texts_merged(at, first, stop))
    return at


def _run_of_keys(files: Sequence[Keys]) -> tuple[int, int] | None:
    """The files, from first to stop, of one level, that are to be merged."""
    first = 0
    for stop in range(1, len(files) + 1):
        if stop == len(files) or files[stop].level != files[first].level:
            if stop - first >= FANOUT and sum(one.postings for one in files[first:stop]) <= columns.POSTINGS_MAX:
                return first, stop
            first = stop
    return None


def _keys_merged(at: Snapshot, first: int, stop: int) -> Snapshot:
    number, own = at.manifest.next_file, at.manifest.keys
    for one in own[first:stop]:
        for section in lookup.SECTIONS:
            at.mapped[one.file.name].array(section)
    path = at.folder / f"keys-{number}"
    reference, postings = columns.merged(path, at.columns[first:stop], at.dead)
    level = max(one.level for one in own[first:stop]) + 1
    files = (*own[:first], Keys(reference, level, postings), *own[stop:])
    return committed(at, replace(at.manifest, next_file=number + 1, keys=files))


def _runs_of_texts(files: Sequence[Texts]) -> Iterable[tuple[int, int]]:
    """Runs of FANOUT small files of about one size, side by side; the last ones first."""
    for first in range(len(files) - FANOUT, -1, -1):
        sizes = [one.file.size_bytes for one in files[first : first + FANOUT]]
        if max(sizes) < TEXTS_MERGED_BYTES and max(sizes) <= FANOUT * min(sizes):
            yield first, first + FANOUT


def _texts_merged(at: Snapshot, first: int, stop: int) -> Snapshot:
    own = at.manifest.texts
    merged = _rewritten(at, own[first].first, own[stop - 1].first + own[stop - 1].count, at.manifest.next_file)
    files = (*own[:first], merged, *own[stop:])
    return committed(at, replace(at.manifest, next_file=at.manifest.next_file + 1, texts=files))


def _rewritten(at: Snapshot, first: int, stop: int, number: int, counts: Counts | None = None) -> Texts:
    """A file of the documents of some numbers, of which those that are removed have nothing any more."""
    numbers = range(first, stop)
    living = [one for one in numbers if not at.dead[one]]
    pieces = dict(zip(living, at.stored.texts(living), strict=True))
    buffer, offsets = texts.laid([pieces.get(one, b"") for one in numbers])
    marked = at.stored.notable_numbers()
    notable = {one - first: at.stored.document(one) for one in living if one in marked}
    ids = [at.stored[one] if not at.dead[one] else "" for one in numbers]
    told = counts or at.stored.counts(first, stop)
    held = texts.packed(buffer, offsets)
    return Texts(texts.written(at.folder / f"texts-{number}", ids, notable, held, told), first, stop - first)


# --- ranking anew --------------------------------------------------------------------------------------------------


def ranked_anew(at: Snapshot, batch: Batch, size: int) -> Snapshot:
    """The index with terms ranked by its texts and those of a batch, and all its documents sketched by that."""
    living = at.living()
    every = [*at.stored.batches(living, BATCH_DOCUMENTS), batch]
    order = ranking.ranked(every, size, at.config)
    number = at.manifest.next_file
    reference = ranking.written(at.folder / f"ranking-{number}", order)
    changed = replace(
        at.manifest, next_file=number + 1, edition=at.manifest.edition + 1, sample_bytes=size, ranking=reference
    )
    if living:
        texts_file, keys_file = _resketched(replace(at, ranking=order), every[:-1], living, number)
        changed = replace(changed, texts=(texts_file,), keys=(keys_file,))
    return committed(at, changed)


def _resketched(at: Snapshot, batches: Sequence[Batch], living: list[int], number: int) -> tuple[Texts, Keys]:
    """The files of all documents that are in the index, sketched by its ranking."""
    sketches = [_sketched(batch, at) for batch in batches]
    columns_of = {
        name: np.concatenate([getattr(one, name) for one in sketches], axis=int(name == "bands"))
        for name in Drawn.__dataclass_fields__
    }
    drawn, numbers = Drawn(**columns_of), np.array(living, np.int64)
    _, first, inverse = np.unique(drawn.digests, return_index=True, return_inverse=True)
    standing = ((first[inverse] == np.arange(len(numbers))) & (drawn.digests != 0)).astype(np.uint8)
    words = _keyed([name for batch in batches for name in batch.ids], drawn, standing)
    terms = lists.grouped(drawn, standing)
    laid = columns.laid_out(words, terms, numbers.astype(np.uint32))
    known = at.known()
    known.had[numbers] = drawn.shingle_counts
    asked = lookup.Asked(numbers, standing, words, terms, known.had[numbers], 1)
    _, kept, _ = lookup.candidates(asked, [laid.column], known, at.config)
    counts = at.stored.counts(0, len(at.stored))
    counts.had[numbers], counts.kept[numbers] = drawn.shingle_counts, kept
    file = _rewritten(at, 0, len(at.stored), number, counts)
    return file, Keys(columns.written(at.folder / f"keys-{number}", laid), 0, len(laid))


# --- removing ------------------------------------------------------------------------------------------------------


def removed(ids: Sequence[str], at: Snapshot) -> tuple[Snapshot, int, list[str]]:
    """The index without documents of these ids, how many there were, and the ids that none has."""
    found = numbers_of(list(dict.fromkeys(ids)), at)
    missing = [name for name in dict.fromkeys(ids) if name not in found]
    if not found:
        return at, 0, missing
    gone = np.array(sorted(found.values()), np.int64)
    dead = at.dead.copy()
    dead[gone] = 1
    after = replace(at, dead=dead)
    heirs = _heirs(gone, at, after)
    number = at.manifest.next_file
    file = Writer(at.folder / f"removed-{number}")
    try:
        file.section("numbers", np.flatnonzero(dead).astype(np.uint32))
        reference = file.finished()
    except BaseException:
        file.abandoned()
        raise
    changed = replace(at.manifest, next_file=number + 1, removed=reference)
    if heirs:
        changed = replace(changed, keys=(*changed.keys, _promoted(heirs, after, number)))
    at = committed(at, changed)
    before = at.manifest.compacted
    if COMPACTED_SHARE * (at.removed - before) > len(at.stored) - before:
        at = compacted(at)
    return tended(at), len(found), missing


def _heirs(gone: I64s, before: Snapshot, after: Snapshot) -> list[int]:
    """Documents that now stand for those of their words, which another one did that is gone."""
    digests = np.array([before.stored.digest(number) for number in gone.tolist()], np.uint64)
    left, had = twins(digests, after), twins(digests, before)
    return sorted({left[row][0] for row in left if left[row][0] != had[row][0]})


def _promoted(heirs: list[int], at: Snapshot, number: int) -> Keys:
    """A file of the keys of documents that others stood for."""
    (batch,) = at.stored.batches(heirs, len(heirs))
    sketches, standing = _sketched(batch, at), np.ones(len(heirs), np.uint8)
    terms = lists.grouped(sketches, standing)
    laid = columns.laid_out(lookup.keyed(sketches, standing), terms, np.array(heirs, np.uint32))
    return Keys(columns.written(at.folder / f"keys-{number}", laid), 0, len(laid))


def compacted(at: Snapshot) -> Snapshot:
    """The index with its files rewritten without what was removed."""
    number, files = at.manifest.next_file, []
    for one in at.manifest.texts:
        if at.dead[one.first : one.first + one.count].any():
            files.append(_rewritten(at, one.first, one.first + one.count, number))
            number += 1
        else:
            files.append(one)
    own = at.manifest.keys
    if own and sum(one.postings for one in own) <= columns.POSTINGS_MAX:
        for column in own:
            at.mapped[column.file.name].check()
        reference, postings = columns.merged(at.folder / f"keys-{number}", at.columns, at.dead)
        own = (Keys(reference, max(column.level for column in own), postings),)
        number += 1
    changed = replace(at.manifest, next_file=number, texts=tuple(files), keys=own, compacted=at.removed)
    return committed(at, changed)


def workers_of(at: Snapshot) -> int:
    return at.config.workers or local.workers_available()
