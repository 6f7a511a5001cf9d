"""Files of records in every form that is read, and what stands in them, without the package's own ways to read them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", ".jsonl.zst", ".ndjson.zst", ".parquet")
PACKED = SUFFIXES[2:]

Row = Mapping[str, Any]


def lines_of(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def pack(path: Path, rows: Sequence[Row]) -> Path:
    """The rows in a file of the form that its name tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(list(rows)), path, row_group_size=7)
    else:
        path.write_bytes(compressed(lines_of(rows), path.suffix))
    return path


def compressed(data: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(data)
    return bytes(pa.Codec("zstd").compress(data, asbytes=True)) if suffix == ".zst" else data


def unpack(path: Path) -> bytes:
    """The lines in a file that is not Parquet."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        with pa.input_stream(path, compression="zstd") as stream:
            return bytes(stream.read())
    return path.read_bytes()


def rows_in(path: Path) -> list[Row]:
    if path.suffix == ".parquet":
        return list(parquet.read_table(path).to_pylist())
    return [json.loads(line) for line in unpack(path).splitlines()]
