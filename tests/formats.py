"""Rows in files of every form and compression, made and read without the package's own ways to do so."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import feather, parquet

Row = Mapping[str, Any]
FORMS = (".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".arrows", ".feather", ".warc")
CODECS = ("", ".gz", ".zst", ".bz2", ".xz")


def compressed(data: bytes, codec: str) -> bytes:
    if codec == ".zst":
        return bytes(pa.Codec("zstd").compress(data, asbytes=True))
    return {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[codec](data)


def plain(data: bytes, codec: str) -> bytes:
    if codec == ".zst":
        with pa.input_stream(pa.py_buffer(data), compression="zstd") as stream:
            return bytes(stream.read())
    return {"": bytes, ".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}[codec](data)


def made(rows: Sequence[Row], form: str) -> bytes:
    """The rows in a file of a form."""
    if form == ".jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if form in (".csv", ".tsv"):
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(rows[0]), delimiter="," if form == ".csv" else "\t")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()
    if form == ".warc":
        return b"".join(warc("conversion", str(row["id"]), "text/plain", str(row["text"]).encode()) for row in rows)
    table = pa.Table.from_pylist(list(rows))
    sink = io.BytesIO()
    if form == ".parquet":
        parquet.write_table(table, sink, row_group_size=7)
    elif form == ".feather":
        feather.write_feather(table, sink, compression="zstd")
    else:
        with (pa.ipc.new_file if form == ".arrow" else pa.ipc.new_stream)(sink, table.schema) as writer_:
            writer_.write_table(table, max_chunksize=5)
    return sink.getvalue()


def read(data: bytes, form: str) -> list[Row]:
    """The rows in a file of a form."""
    if form == ".jsonl":
        return [json.loads(line) for line in data.splitlines()]
    if form in (".csv", ".tsv"):
        text = io.StringIO(data.decode(), newline="")
        return list(csv.DictReader(text, delimiter="," if form == ".csv" else "\t"))
    if form == ".warc":
        return list(warc_rows(data))
    if form == ".parquet":
        return list(parquet.read_table(io.BytesIO(data)).to_pylist())
    if form == ".arrows":
        return list(pa.ipc.open_stream(data).read_all().to_pylist())
    return list(pa.ipc.open_file(data).read_all().to_pylist())


def warc(kind: str, name: str, content_type: str, body: bytes, uri: str = "http://example.org/a/page") -> bytes:
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <{name}>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
        f"WARC-Target-URI: {uri}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def http(body: bytes, content_type: str = "text/html; charset=utf-8", status: int = 200) -> bytes:
    return f"HTTP/1.1 {status} OK\r\nContent-Type: {content_type}\r\n\r\n".encode() + body


def warc_rows(data: bytes) -> list[Row]:
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "WARC/1.1", lines[0]
        fields = dict(line.split(": ", 1) for line in lines[1:])
        length = int(fields["Content-Length"])
        found.append({"id": fields["WARC-Record-ID"].strip("<>"), "text": rest[:length].decode(), **fields})
        assert rest[length : length + 4] == b"\r\n\r\n"
        data = rest[length + 4 :]
    return found


def tar(members: Mapping[str, bytes], codec: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), 1_600_000_000, 0o640
            archive.addfile(info, io.BytesIO(data))
    return compressed(out.getvalue(), codec)


def zipped(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def members(path: Path) -> dict[str, bytes]:
    """What an archive holds, in its order, by its name."""
    data = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    codec = {".tgz": ".gz"}.get(path.suffix, path.suffix if path.suffix in CODECS else "")
    with tarfile.open(fileobj=io.BytesIO(plain(data, codec)), mode="r:") as archive:
        return {info.name: archive.extractfile(info).read() for info in archive}  # type: ignore[union-attr]
