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
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dedup import edits
from dedup.ledger import Substitution
from dedup.model import DedupError, Document, Pair
from dedup.pipeline import Findings
from dedup.report import jsonl

RELATION_FIGURES = ("resemblance", "containment_a", "containment_b", "confidence", "substitutions")


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
    manifest = list(_manifest(findings))
    counts = Counter(str(row["status"]) for row in manifest)
    written = {row["id"] for row in manifest if row["status"] != "dropped"}
    assert counts.total() == len(findings.entries), "a document is missing from the manifest"
    assert all(row["for"] in written for row in manifest if row["status"] == "dropped"), "a copy lost what it is of"
    kept = [entry.document for entry in findings.entries if entry.document.id in written]
    _documents(kept, folder / "documents")
    _lines(folder / "manifest.jsonl", map(jsonl.line, manifest))
    _lines(folder / "ledger.tsv", _ledger(rows))
    repaired = ({"id": one.id, **jsonl.edit_record(edit)} for one in kept for edit in one.repairs)
    if any(one.repairs for one in kept):
        _lines(folder / "edits.jsonl", map(jsonl.line, repaired))
    if findings.problems:
        _lines(folder / "unreadable.jsonl", (jsonl.line(jsonl.problem_record(one)) for one in findings.problems))
    return counts


def _manifest(findings: Findings) -> Iterator[dict[str, Any]]:
    """One row for each document: its fate, and for a dropped one the figures of its pair with the kept one."""
    pairs = {frozenset((pair.a, pair.b)): pair for pair in findings.pairs}
    canonical = {name: cluster.canonical for cluster in findings.clusters for name in cluster.members}
    for entry in findings.entries:
        name = entry.document.id
        kept = canonical.get(name, name)
        if kept == name:
            status = "restored" if entry.document.repairs else "kept"
            yield {"id": name, "status": status, "for": None, "relation": None, "words": len(entry.tokens)}
        else:
            pair = pairs[frozenset((name, kept))]
            yield {"id": name, "status": "dropped", "for": kept, **_figures(pair), "words": len(entry.tokens)}


def _figures(pair: Pair) -> dict[str, Any]:
    record = jsonl.pair_record(pair)
    return {key: record[key] for key in ("relation", "a", "b", *RELATION_FIGURES)}


def _documents(kept: Iterable[Document], folder: Path) -> None:
    folder.mkdir()
    records: defaultdict[str, list[Document]] = defaultdict(list)
    for document in kept:
        if document.decoding == "json":
            records[document.locator.path].append(document)
            continue
        path = folder / document.id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(restored_bytes(document))
    top = os.path.commonpath([Path(source).parent for source in records]) if records else ""
    for source, found in sorted(records.items()):
        path = folder / Path(source).relative_to(top)
        path.parent.mkdir(parents=True, exist_ok=True)
        in_order = sorted(found, key=lambda document: document.locator.start_byte)
        path.write_bytes(b"".join(map(_record_line, in_order)))


def original_bytes(document: Document) -> bytes:
    """The document's bytes as they are in its file. Raises DedupError if the file was changed since it was read."""
    locator = document.locator
    with Path(locator.path).open("rb") as file:
        file.seek(locator.start_byte)
        data = file.read(locator.stop_byte - locator.start_byte)
    if len(data) != locator.stop_byte - locator.start_byte:
        raise DedupError(locator.path, "was changed while it was read", "run the command again")
    return data


def restored_bytes(document: Document) -> bytes:
    """The document's bytes, with its encoding repaired if it was broken."""
    if not document.repairs:
        return original_bytes(document)
    text = edits.applied(document.text, document.repairs)
    try:
        return text.encode(document.decoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")  # a repaired character that the old encoding does not have


def _record_line(document: Document) -> bytes:
    """A JSONL record's line, whole with its other fields; only a repaired text is written anew."""
    line = original_bytes(document)
    if document.repairs:
        record = json.loads(line)
        record["text"] = edits.applied(document.text, document.repairs)
        line = jsonl.line(record).encode("utf-8")
    return line if line.endswith(b"\n") else line + b"\n"


def _ledger(rows: Iterable[Substitution]) -> Iterator[str]:
    yield "kept\tdropped\tcount\tpairs\n"
    for row in rows:
        yield f"{row.a}\t{row.b}\t{row.count}\t{row.pairs}\n"


def _lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
