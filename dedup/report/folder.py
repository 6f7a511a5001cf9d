"""Findings become a clean corpus on disk.

`documents/` holds every kept document under its id, byte for byte unless its encoding was repaired; records go into
files like those they came in (`report.records`). `manifest.jsonl` accounts for every input document, `ledger.tsv`
lists what was substituted in the dropped copies, `edits.jsonl` the repairs and conjectures made, `unreadable.jsonl`
what could not be read, if anything.

All of it is written in a folder beside the target and takes its name at the end (`whole`), so that a folder of that
name is whole or not there. Before that the program counts what it wrote (`report.conservation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dedup import edits, urls, whole
from dedup.columns import Clusters
from dedup.ledger import Substitution
from dedup.ledgers import tsv_lines
from dedup.model import Corpus, DedupError, Document, SourceFile
from dedup.packed import datasets
from dedup.packed.codecs import compressed
from dedup.packed.files import pack_members
from dedup.packed.unpacked import check_unchanged, opened_original
from dedup.pipeline import Findings
from dedup.progress import SILENT, Progress
from dedup.read import bytes_at
from dedup.report import conservation, jsonl, manifest, records


def refuse_within(target: Path, sources: Iterable[str | Path]) -> None:
    """Raises DedupError if `target` lies in a source, where the next scan would read it."""
    for source in sources:
        place = urls.local(source) if isinstance(source, str) else None
        if target.is_file() and target.resolve() == Path(place or source).resolve():
            raise DedupError(target, "is a source, and no source is ever written to", "name another file")
        if target.resolve().is_relative_to(Path(place or source).resolve()):
            raise DedupError(target, f"lies within the source {source}", "name a folder outside of it")


def write(
    findings: Findings, rows: Iterable[Substitution], target: Path, progress: Progress = SILENT
) -> Mapping[str, int]:
    """The clean corpus in `target`, and how many documents were kept, restored and dropped.

    Raises DedupError if the target exists and is not empty, or cannot be written.
    """
    with whole.folder(target) as partial:
        return fill(partial, findings, rows, progress)


def fill(
    folder: Path, findings: Findings, rows: Iterable[Substitution], progress: Progress = SILENT
) -> Mapping[str, int]:
    """The same in an empty folder. Raises DedupError if something cannot be written, or if what was does not add up."""
    with _told(folder):
        return _written(replace(findings, corpus=_mendable(findings.corpus)), rows, folder, progress)


def fill_mended(
    folder: Path, corpus: Corpus, problems: Sequence[DedupError], progress: Progress = SILENT
) -> Mapping[str, int]:
    """All documents in an empty folder, those that are notable for repairs with these; how many were kept and restored.

    Raises DedupError as `fill` does.
    """
    corpus = _mendable(corpus)
    with _told(folder):
        every = np.arange(len(corpus))
        repaired = sorted(corpus.notable)
        (folder / "documents").mkdir()
        progress.stage("write", int((corpus.stops - corpus.starts).sum()), "bytes")
        written = _documents(every, corpus, folder / "documents", progress.advance)
        _lines(folder / "edits.jsonl", _edits_made(repaired, corpus))
        _problems(folder, problems)
        conservation.check_written(corpus, every, written)
        return {"kept": len(every) - len(repaired), "restored": len(repaired)}


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the system refuses, in words."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DedupError(folder, f"could not be written ({reason})", "make room, or choose another") from error


def _written(findings: Findings, rows: Iterable[Substitution], folder: Path, progress: Progress) -> Mapping[str, int]:
    corpus = findings.corpus
    kept = _kept(findings.clusters)
    notable = np.array(sorted(corpus.notable), np.int64)
    repaired = [number for number in notable[_among(notable, kept)].tolist() if corpus.notable[number].repairs]
    (folder / "documents").mkdir()
    progress.stage(
        "write", int(corpus.stops[kept].sum(dtype=np.int64) - corpus.starts[kept].sum(dtype=np.int64)), "bytes"
    )
    fates = conservation.Fates()
    with ThreadPoolExecutor(1) as pool:  # the disk is busy with texts while manifest and ledger are made
        copying = pool.submit(_documents, kept, corpus, folder / "documents", progress.advance)
        _lines(folder / "manifest.jsonl", fates.passing(manifest.lines(findings)))
        _lines(folder / "ledger.tsv", tsv_lines(rows))
        written = copying.result()
    if repaired:
        _lines(folder / "edits.jsonl", _edits_made(repaired, corpus))
    _problems(folder, findings.problems)
    conservation.check(findings, fates, written)
    return fates.counts


def _kept(clusters: Clusters) -> NDArray[np.int64]:
    """The documents that stay, ascending; every other one gives way to one of them."""
    stays = clusters.kept()
    assert (stays[stays] == stays).all(), "a copy lost what it is of"
    return np.flatnonzero(stays == np.arange(len(stays)))


def _among(numbers: NDArray[np.int64], ascending: NDArray[np.int64]) -> NDArray[np.bool_]:
    places = np.minimum(np.searchsorted(ascending, numbers), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[places] == numbers
    return found


def _documents(
    numbers: NDArray[np.int64], corpus: Corpus, folder: Path, advance: Callable[[int], None]
) -> NDArray[np.bool_]:
    """Writes documents, by number, in the form they came in, and tells of each of the corpus whether it was written."""
    is_record = np.array([file.holds_records for file in corpus.sources], bool)[corpus.files[numbers]]
    written = np.zeros(len(corpus), bool)
    names = records.write(numbers[is_record], corpus, folder, advance)
    datasets.write_notes(corpus.sources, names, folder)
    written[numbers[is_record]] = np.isin(corpus.files[numbers[is_record]], list(names))
    for number in _texts(numbers[~is_record].tolist(), corpus, folder, advance):
        written[number] = True
    pack_members(folder, _archives(corpus, names))
    return written


def _archives(corpus: Corpus, names: Mapping[int, str]) -> Mapping[Path, SourceFile]:
    """The archives of which members were written, by the paths of the folders that these are in; `names` are paths that
    are not the ids of files."""
    found: dict[Path, SourceFile] = {}
    for number, file in enumerate(corpus.sources):
        name, inner = names.get(number, file.id), file
        while inner.archive:
            name = name[: len(name) - (len(inner.id) - len(inner.archive.id))]
            inner = inner.archive
            found[Path(name)] = inner
    return found


class _Those(Mapping[int, Document]):
    """Some of the notable documents, read when they are asked for."""

    def __init__(self, numbers: Iterable[int], documents: Mapping[int, Document]) -> None:
        self._numbers, self._documents = dict.fromkeys(numbers), documents

    def __getitem__(self, number: int) -> Document:
        if number not in self._numbers:
            raise KeyError(number)
        return self._documents[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _mendable(corpus: Corpus) -> Corpus:
    """The corpus, with those documents notable that can be written otherwise than they came: not pages of markup."""
    if not any(file.is_derived for file in corpus.sources):
        return corpus
    some = [number for number in corpus.notable if not corpus.source(number).is_derived]
    return replace(corpus, notable=_Those(some, corpus.notable))


def _edits_made(repaired: Iterable[int], corpus: Corpus) -> Iterator[str]:
    """A line for each edit on the documents."""
    for number in repaired:
        document = replace(corpus.notable[number], id=corpus.ids[number])  # a row may have no id of its own
        yield from (jsonl.line(jsonl.edit_of(document, edit)) for edit in document.repairs)


def _problems(folder: Path, problems: Sequence[DedupError]) -> None:
    """A line for each problem, if there is one."""
    if problems:
        _lines(folder / "unreadable.jsonl", (jsonl.line(jsonl.problem_record(one)) for one in problems))


def _texts(kept: Sequence[int], corpus: Corpus, folder: Path, advance: Callable[[int], None]) -> Iterator[int]:
    """Writes text files under their ids, byte for byte unless their encoding is repaired; the number of each."""
    for number in kept:
        path = folder / corpus.ids[number]
        path.parent.mkdir(parents=True, exist_ok=True)
        document = corpus.notable.get(number)
        file = corpus.source(number)
        if document and document.repairs:
            data = compressed(restored_bytes(document), file.codec)
        elif file.readable == file.original:
            data = bytes_at(file, corpus.locator(number))
        else:
            with opened_original(file) as source:
                data = source.read()
        check_unchanged(file)
        path.write_bytes(data)
        yield number
        advance(int(corpus.stops[number] - corpus.starts[number]))


def restored_bytes(document: Document) -> bytes:
    """A document's text with its encoding repaired, in the codec that it came in if that has the characters."""
    text = edits.applied(document.text, document.repairs)
    try:
        return text.encode(document.decoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")


def _lines(path: Path, lines: Iterable[str]) -> None:
    """Writes the lines, one or more in a string."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
