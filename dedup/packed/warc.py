"""Pages of a crawl become JSON lines, and a WARC file keeps what is not dropped.

1. fastwarc reads the records, undoes the encodings of HTTP, and tells where in the file each begins.
2. A document is a `response` of status 200, a `resource` or a `conversion` that holds HTML or plain text: its text as
   `markup` finds it, its id that of the record (or the header that --id-column names), its source the host.
3. `kept_records` copies records byte for byte: documents that are kept, and all that are no documents (the crawl's own
   notes, requests, images). Where the file was compressed each record is a member of its own, as the format wants.

A record that is broken off or cannot be read ends the file: what stands before it is read.
Limits: `document_bytes_max` for a page. Source: ISO 28500:2017.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.packed import markup
from dedup.packed.codecs import Compressing, Out
from dedup.packed.unpacked import (
    Lines,
    Tell,
    Unpacked,
    broken,
    check_named,
    check_unchanged,
    line,
    missing_extra,
    opened,
    rows_of,
)

PIECE_BYTES = 4 << 20
HEADER_BYTES = 1 << 16
RECORDS_SUFFIX = ".records"
"""Beside the lines: (records + 1, 2) int64, where each record begins and the row of its document, -1 for none; last
where the records end."""
KINDS = ("response", "resource", "conversion")
MARKUP = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that is a document; its page, or why that cannot be had."""

    name: str
    source: str
    page: str | DedupError


def unpacked(file: SourceFile, target: Path, config: Config, tell: Tell) -> Unpacked:
    """The pages of a WARC file as lines `{"id", "source", "text"}`, written to `target`.

    Raises DedupError, or OSError if they cannot be written.
    """
    places: list[tuple[int, int]] = []
    found_names: set[str] = set()
    with opened(file) as source, Lines(file, target, config) as out:
        found = _records(file, source, config)
        while True:
            try:
                at, record = next(found, (None, None))
            except (OSError, ValueError) as error:
                if not places:
                    raise broken(file, 0, error) from error
                out.lost(broken(file, out.rows, error))
                break
            if at is None:
                break
            places.append((at, out.rows if record else -1))
            if record:
                found_names |= _given(record, config)
                out.write([_line(file, out.rows + 1, record)])
            tell(min(at, file.size_bytes))
        if out.rows:
            check_named(file, found_names, config)
        if places:
            size = file.content.stat().st_size
            places.append((min(size, _end(source, places[-1][0])), -1))
    np.array(places, np.int64).tofile(target.with_suffix(RECORDS_SUFFIX))
    return out.done()


def _end(source: BinaryIO, start: int) -> int:
    """Where a record ends, whatever stands behind it, by what its header says."""
    source.seek(start)
    head, _, _ = source.read(HEADER_BYTES).partition(b"\r\n\r\n")
    length = re.search(rb"^content-length:\s*(\d+)", head, re.I | re.M)
    return start + len(head) + 8 + int(length[1] if length else 0)


def _line(file: SourceFile, row: int, record: _Record) -> bytes | DedupError:
    if isinstance(record.page, DedupError):
        return DedupError(file.place(row), record.page.problem, record.page.remedy)
    return line(file, row, record.name, record.source, record.page)


def _records(file: SourceFile, source: BinaryIO, config: Config) -> Iterator[tuple[int, _Record | None]]:
    """Where each record begins, with the document in it if there is one.

    Raises DedupError if the library is missing, OSError or ValueError where the file is damaged.
    """
    try:
        from fastwarc.warc import ArchiveIterator
    except ModuleNotFoundError as error:
        raise missing_extra(file.path, "a WARC file", "warc") from error
    size = file.content.stat().st_size
    for record in ArchiveIterator(source, parse_http=True, auto_decode="all", max_header_len=HEADER_BYTES):
        start = int(record.stream_pos)
        length = int(record.headers.get("Content-Length") or 0)
        if start + length + HEADER_BYTES > size:
            with opened(file) as again:
                if _end(again, start) - len(b"\r\n\r\n") > size:
                    raise ValueError("the one after it breaks off")
        yield start, _document(str(file.path), record, config)


def _document(place: str, record: Any, config: Config) -> _Record | None:
    if record.headers.get("WARC-Type") not in KINDS:
        return None
    kind = (record.http_content_type if record.is_http else record.headers.get("Content-Type")) or ""
    kind = kind.partition(";")[0].strip().lower()
    if record.is_http and record.http_headers is not None and record.http_headers.status_code != 200:
        return None
    if kind not in (*MARKUP, "text/plain"):
        return None
    host = urlsplit(record.headers.get("WARC-Target-URI") or "").hostname or ""
    named = config.id_column if config.id_column != "id" else "WARC-Record-ID"
    source = record.headers.get(config.source_column) if config.source_column != "source" else host
    name = (record.headers.get(named) or "").strip("<>")
    return _Record(name, source or "", _page(place, record, kind, config))


def _given(record: _Record, config: Config) -> set[str]:
    """Which of the headers of id and source a record has."""
    return {name for name, value in ((config.id_column, record.name), (config.source_column, record.source)) if value}


def _page(place: str, record: Any, kind: str, config: Config) -> str | DedupError:
    data = record.reader.read(config.document_bytes_max + 1)
    if len(data) > config.document_bytes_max:
        limit = f"{config.document_bytes_max:,}"
        return DedupError(place, f"holds a document of over {limit} bytes", "raise --document-bytes-max")
    page = markup.decoded(data, record.http_charset if record.is_http else None)
    try:
        return page if kind == "text/plain" or config.html == "source" else markup.text(place, page, config)
    except DedupError as error:
        return error


# --- and back --------------------------------------------------------------------------------------------------


def kept_rows(
    file: SourceFile, kept: NDArray[np.int64], texts: Mapping[int, str], out: Out, advance: Callable[[int], None]
) -> None:
    """Writes a WARC file without those of its documents that are not kept; see `parquet.kept_rows`."""
    assert file.unpacked, "a file is unpacked before its rows are chosen"
    places = np.fromfile(file.unpacked.with_suffix(RECORDS_SUFFIX), np.int64).reshape(-1, 2)
    wanted = np.isin(places[:, 1], rows_of(file, kept)) | (places[:, 1] < 0)
    check_unchanged(file)
    with opened(file) as source:
        for number in np.flatnonzero(wanted[:-1]).tolist():
            _copy(source, int(places[number, 0]), int(places[number + 1, 0]), out)
    advance(int(np.diff(kept, axis=1).sum()))


def _copy(source: BinaryIO, start: int, stop: int, out: Out) -> None:
    """Copies what stands between two places; compressed, it is a member by itself."""
    source.seek(start)
    while start < stop:
        piece = source.read(min(PIECE_BYTES, stop - start))
        if not piece:
            raise OSError(5, "the file is shorter than it was")
        start += out.write(piece)
    if isinstance(out, Compressing):
        out.cut()
