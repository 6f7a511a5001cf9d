"""Findings become a clean corpus on disk.

`documents/` holds every kept document under its id, byte for byte unless its encoding was repaired; documents that
came in a JSONL file go, as the lines they were, into a file of that name. `manifest.jsonl` accounts
for every input document, `ledger.tsv` lists what was substituted in the dropped copies, `edits.jsonl` the repairs made,
`unreadable.jsonl` what could not be read, if anything.

All of it is written in a folder beside the target and takes its name at the end, so that a folder of that name is
whole or not there. Before that the program counts: kept, restored and dropped documents must be all that were read, and
every dropped one must give way to one that was written.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dedup import edits
from dedup.ledger import Substitution
from dedup.model import Corpus, DedupError, Document
from dedup.pipeline import Findings
from dedup.read import JSONL_SUFFIXES, bytes_at
from dedup.report import jsonl, manifest

COPY_BYTES = 4 << 20
"""Bytes copied at a time."""


def refuse_existing(target: Path) -> None:
    """Raises DedupError if `target` exists and is anything but an empty folder."""
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise DedupError(target, "exists and is not an empty folder", "name a new folder, or empty this one")


def refuse_within(target: Path, sources: Iterable[str | Path]) -> None:
    """Raises DedupError if `target` lies in a source, where the next scan would read it."""
    for source in sources:
        if target.resolve().is_relative_to(Path(source).resolve()):
            raise DedupError(target, f"lies within the source {source}", "name a folder outside of it")


def write(findings: Findings, rows: Iterable[Substitution], target: Path) -> Mapping[str, int]:
    """The clean corpus in `target`, and how many documents were kept, restored and dropped.

    Raises DedupError if the target exists and is not empty, or cannot be written.
    """
    refuse_existing(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise DedupError(target, f"cannot be made ({error.strerror})", "choose a folder you may write to") from error
    try:
        partial.chmod(0o755)
        counts = _written(findings, rows, partial)
        refuse_existing(target)
        partial.replace(target)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise DedupError(target, f"could not be written ({error.strerror})", "make room, or choose another") from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return counts


def _written(findings: Findings, rows: Iterable[Substitution], folder: Path) -> Mapping[str, int]:
    corpus = findings.corpus
    stays = findings.clusters.kept()
    kept = np.flatnonzero(stays == np.arange(len(corpus))).tolist()
    repaired = [number for number in kept if number in corpus.notable and corpus.notable[number].repairs]
    dropped = len(corpus) - len(kept)
    assert (stays[stays] == stays).all(), "a copy lost what it is of"
    (folder / "documents").mkdir()
    holds_records = [Path(path).suffix.lower() in JSONL_SUFFIXES for path in corpus.paths]
    is_record = np.array(holds_records, bool)[corpus.files[kept]] if kept else np.zeros(0, bool)
    numbers = np.array(kept, np.int64)
    with ThreadPoolExecutor(1) as pool:  # the disk is busy with texts while the manifest is made
        copying = pool.submit(_records, numbers[is_record], corpus, folder / "documents")
        _texts(numbers[~is_record].tolist(), corpus, folder / "documents")
        rows_written = _lines(folder / "manifest.jsonl", manifest.lines(findings))
        copying.result()
    assert rows_written == len(corpus), "a document is missing from the manifest"
    _lines(folder / "ledger.tsv", _ledger(rows))
    if repaired:
        found = (corpus.notable[number] for number in repaired)
        edits_made = ({"id": one.id, **jsonl.edit_record(edit)} for one in found for edit in one.repairs)
        _lines(folder / "edits.jsonl", map(jsonl.line, edits_made))
    if findings.problems:
        _lines(folder / "unreadable.jsonl", (jsonl.line(jsonl.problem_record(one)) for one in findings.problems))
    return {"kept": len(kept) - len(repaired), "restored": len(repaired), "dropped": dropped}


def _texts(kept: Sequence[int], corpus: Corpus, folder: Path) -> None:
    """Text files under their ids, byte for byte unless their encoding is repaired."""
    for number in kept:
        path = folder / corpus.ids[number]
        path.parent.mkdir(parents=True, exist_ok=True)
        document = corpus.notable.get(number)
        data = restored_bytes(document) if document and document.repairs else bytes_at(corpus.locator(number))
        path.write_bytes(data)


def restored_bytes(document: Document) -> bytes:
    """A document's text with its encoding repaired, in the codec that it came in if that has the characters."""
    text = edits.applied(document.text, document.repairs)
    try:
        return text.encode(document.decoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")


def _records(kept: NDArray[np.int64], corpus: Corpus, folder: Path) -> None:
    """The kept lines of JSONL files, in files of their names below what their paths have in common."""
    files = corpus.files[kept]
    used = np.unique(files).tolist()
    top = os.path.commonpath([Path(corpus.paths[file]).absolute().parent for file in used]) if used else ""
    for file in used:
        path = folder / Path(corpus.paths[file]).absolute().relative_to(top)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out, Path(corpus.paths[file]).open("rb") as source:
            for start, stop, repaired in _stretches(kept[files == file], corpus):
                if repaired is None:
                    _copied(source, out, start, stop)
                else:
                    record = json.loads(bytes_at(repaired.locator))
                    record["text"] = edits.applied(repaired.text, repaired.repairs)
                    out.write(jsonl.line(record).encode("utf-8"))


def _stretches(numbers: NDArray[np.int64], corpus: Corpus) -> Iterator[tuple[int, int, Document | None]]:
    """The byte ranges of kept lines, those that touch made one; a line to be repaired by itself, with its document."""
    order = numbers[np.argsort(corpus.starts[numbers], kind="stable")]
    starts, stops = corpus.starts[order], corpus.stops[order]
    repaired = {number for number, document in corpus.notable.items() if document.repairs}
    alone = np.isin(order, list(repaired)) if repaired else np.zeros(len(order), bool)
    breaks = (starts[1:] != stops[:-1]) | alone[1:] | alone[:-1]
    firsts = np.flatnonzero(np.concatenate((np.ones(min(1, len(order)), bool), breaks)))
    lasts = np.append(firsts[1:], len(order)) - 1
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        document = corpus.notable[int(order[first])] if alone[first] else None
        yield int(starts[first]), int(stops[last]), document


def _copied(source: BinaryIO, out: BinaryIO, start: int, stop: int) -> None:
    """Bytes start..stop of one file behind another, which then ends with a line end."""
    source.seek(start)
    left = stop - start
    last = b""
    while left:
        piece = source.read(min(left, COPY_BYTES))
        if not piece:
            raise DedupError(source.name, "was changed while it was read", "run the command again")
        out.write(piece)
        left -= len(piece)
        last = piece[-1:]
    if last != b"\n":
        out.write(b"\n")


def _ledger(rows: Iterable[Substitution]) -> Iterator[str]:
    yield "kept\tdropped\tcount\tpairs\n"
    for row in rows:
        yield f"{row.a}\t{row.b}\t{row.count}\t{row.pairs}\n"


def _lines(path: Path, lines: Iterable[str]) -> int:
    """Writes the lines; how many there were."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line)
            count += 1
    return count
