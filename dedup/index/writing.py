"""What the one writer of an index does beside adding batches (see `adding`): it keeps the files few, removes documents.

1. `tended`: files of keys, and small ones of texts, are merged, FANOUT of a level to one of the next, so that a key is
   written once a level and a lookup asks few files. `merged` makes such a file beside other work.
2. `ranked_anew`: terms are ranked by all texts so far, and all documents sketched by that (see `ranking`).
3. `removed`: numbers of documents that are gone are listed; one that stood for others of the same words hands that on
   to the next. `compacted` rewrites the files without them.

Every step ends in one commit, and leaves the index whole if it is killed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dedup.bulk.sketch import Drawn
from dedup.engines import local
from dedup.index import columns, lists, lookup, manifest, ranking, snapshot, texts
from dedup.index.files import Writer
from dedup.index.manifest import Keys, Manifest, Texts
from dedup.index.snapshot import Snapshot
from dedup.index.texts import Batch, Counts
from dedup.kernels import keys

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


def hashes(ids: Sequence[str]) -> U64s:
    """The hash by which each id is found."""
    found = (blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in ids)
    return np.frombuffer(b"".join(found), np.uint64)


def numbers_of(ids: Sequence[str], at: Snapshot, hashed: U64s | None = None) -> dict[str, int]:
    """The numbers of the documents that have these ids. hashed: their `hashes`, if they are known."""
    known = hashes(ids) if hashed is None else hashed
    rows, numbers = lookup.named(lookup.names(known, lookup.ID), at.columns, at.shelves)
    return {
        ids[row]: number
        for row, number in zip(rows.tolist(), numbers.tolist(), strict=True)
        if not at.dead[number] and at.stored[number] == ids[row]
    }


def twins(digests: U64s, at: Snapshot) -> dict[int, list[int]]:
    """By row, the documents that have the same words, ascending."""
    words = np.empty(len(digests), np.uint64)
    keys.names(digests, lookup.DIGEST, words)
    rows, numbers = lookup.named(words[digests != 0], at.columns, at.shelves)
    found: dict[int, list[int]] = {}
    for row, number in zip(rows.tolist(), numbers.tolist(), strict=True):
        if not at.dead[number] and at.stored.digest(number) == int(digests[row]):
            found.setdefault(row, []).append(number)
    return found


def sketched_by(batch: Batch, at: Snapshot) -> Drawn:
    assert at.ranking is not None or not len(batch)
    return ranking.sketched(batch, at.ranking or ranking.ranked([], 0, at.config), at.config)


def keyed(hashed: U64s, sketches: Drawn, standing: U8s) -> U64s:
    """The words of all keys of documents but their terms. hashed: see `hashes`."""
    return lookup.keyed(
        sketches, standing, lookup.names(hashed, lookup.ID), lookup.names(sketches.digests, lookup.DIGEST)
    )


def committed(at: Snapshot, changed: Manifest) -> Snapshot:
    """The snapshot of a changed manifest, which is now the one of the index; what it does not name is removed."""
    changed = replace(changed, generation=at.manifest.generation + 1)
    found = snapshot.of(at.folder, changed, at.config, at)
    manifest.committed(at.folder, changed, at.manifest)
    named = {one.name for one in changed.files}
    for one in at.manifest.files:
        if one.name not in named:
            (at.folder / one.name).unlink(missing_ok=True)
    return found


# --- tending -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """Files from first to stop that are to be one: of keys, or of texts."""

    first: int
    stop: int
    of_keys: bool


def due(own: Manifest) -> Run | None:
    """The files to be merged next, if there are FANOUT of a level."""
    run = _run_of_keys(own.keys)
    if run is not None:
        return Run(*run, True)
    small = [one for one in own.texts if one.file.size_bytes < TEXTS_MERGED_BYTES]
    run = next(iter(_runs_of_texts(own.texts)), None) if len(small) >= FANOUT else None
    return Run(*run, False) if run else None


def merged(at: Snapshot, run: Run, number: int) -> Keys | Texts:
    """The file of this number that a run makes, on disk; no manifest names it yet."""
    made: Keys | Texts
    if run.of_keys:
        made = _keys_merged(at, run.first, run.stop, number)
    else:
        own = at.manifest.texts[run.first : run.stop]
        made = _rewritten(at, own[0].first, own[-1].first + own[-1].count, number)
    manifest.held(at.folder, [made.file])
    return made


def with_merged(own: Manifest, run: Run, made: Keys | Texts) -> Manifest:
    """A manifest that names a file instead of those of its run; later files may have been added to it meanwhile."""
    if isinstance(made, Keys):
        return replace(own, keys=(*own.keys[: run.first], made, *own.keys[run.stop :]))
    return replace(own, texts=(*own.texts[: run.first], made, *own.texts[run.stop :]))


def tended(at: Snapshot) -> Snapshot:
    """The index with files merged, as far as there are FANOUT of a level."""
    while (run := due(at.manifest)) is not None:
        number = at.manifest.next_file
        made = merged(at, run, number)
        at = committed(at, with_merged(replace(at.manifest, next_file=number + 1), run, made))
    return at


def _run_of_keys(files: Sequence[Keys]) -> tuple[int, int] | None:
    """The first FANOUT files of one level, from first to stop."""
    first = 0
    for stop in range(1, len(files) + 1):
        if files[stop - 1].level != files[first].level:
            first = stop - 1
        if stop - first >= FANOUT and sum(one.postings for one in files[first:stop]) <= columns.POSTINGS_MAX:
            return first, stop
    return None


def _keys_merged(at: Snapshot, first: int, stop: int, number: int) -> Keys:
    own = at.manifest.keys[first:stop]
    for one in own:
        for section in lookup.SECTIONS:
            at.mapped[one.file.name].array(section)
    reference, postings = columns.merged(at.folder / f"keys-{number}", at.columns[first:stop], at.dead)
    return Keys(reference, max(one.level for one in own) + 1, postings)


def _runs_of_texts(files: Sequence[Texts]) -> Iterable[tuple[int, int]]:
    """Runs of FANOUT small files of about one size, side by side; the last ones first."""
    for first in range(len(files) - FANOUT, -1, -1):
        sizes = [one.file.size_bytes for one in files[first : first + FANOUT]]
        if max(sizes) < TEXTS_MERGED_BYTES and max(sizes) <= FANOUT * min(sizes):
            yield first, first + FANOUT


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


def ranked_anew(at: Snapshot, more: Sequence[Batch], size: int) -> Snapshot:
    """The index with terms ranked by its texts and those of some batches, and all its documents sketched by that."""
    living = at.living()
    own = list(at.stored.batches(living, BATCH_DOCUMENTS))
    order = ranking.ranked([*own, *more], size, at.config)
    number = at.manifest.next_file
    reference = ranking.written(at.folder / f"ranking-{number}", order)
    changed = replace(
        at.manifest, next_file=number + 1, edition=at.manifest.edition + 1, sample_bytes=size, ranking=reference
    )
    if living:
        texts_file, keys_file = _resketched(replace(at, ranking=order), own, living, number)
        changed = replace(changed, texts=(texts_file,), keys=(keys_file,))
    return committed(at, changed)


def _resketched(at: Snapshot, batches: Sequence[Batch], living: list[int], number: int) -> tuple[Texts, Keys]:
    """The files of all documents that are in the index, sketched by its ranking."""
    sketches = [sketched_by(batch, at) for batch in batches]
    columns_of = {
        name: np.concatenate([getattr(one, name) for one in sketches], axis=int(name == "bands"))
        for name in Drawn.__dataclass_fields__
    }
    drawn, numbers = Drawn(**columns_of), np.array(living, np.int64)
    _, first, inverse = np.unique(drawn.digests, return_index=True, return_inverse=True)
    standing = ((first[inverse] == np.arange(len(numbers))) & (drawn.digests != 0)).astype(np.uint8)
    words = keyed(hashes([name for batch in batches for name in batch.ids]), drawn, standing)
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
    sketches, standing = sketched_by(batch, at), np.ones(len(heirs), np.uint8)
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
