"""`clean` writes records in the form they came in: lines byte for byte, rows with every column as it was."""

from __future__ import annotations

import datetime
import decimal
import errno
import fcntl
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from packing import PACKED, SUFFIXES, lines_of, pack, rows_in, unpack
from pyarrow import parquet
from strategies import PARAGRAPHS, article, spun

from dedup import pipeline
from dedup.cli import main, options
from dedup.config import Config
from dedup.model import DedupError
from dedup.packed import batches as packed_batches
from dedup.packed import parquet as packed_parquet
from dedup.report import folder, manifest, stretches
from dedup.report import records as written_records

SMALL = Config(bulk_bytes_min=1 << 50, workers=2)
BULK = Config(bulk_bytes_min=0, workers=2)
BROKEN = "Die Brücke über den Fluß wurde für das Jubiläum schön geschmückt. ".encode().decode("cp1252") * 3


def records() -> list[dict[str, Any]]:
    """Articles and copies of them, one with broken encoding, with columns of other kinds between."""
    texts = []
    for seed in range(6):
        text = article(seed, 9)
        texts += [text, text.upper() if seed % 2 else spun(text, seed), *([BROKEN] if seed == 3 else [])]
    return [{"n": number, "text": text, "id": f"d{number}", "é": {"x": [number]}} for number, text in enumerate(texts)]


def clean(monkeypatch: pytest.MonkeyPatch, config: Config, *arguments: object) -> Result:
    monkeypatch.setattr(options, "config", lambda _: config)
    return CliRunner().invoke(main, ["clean", *map(str, arguments)])


def fates(target: Path) -> dict[str, str]:
    lines = (target / "manifest.jsonl").read_text("utf-8").splitlines()
    return {row["id"]: row["status"] for row in map(json.loads, lines)}


# --- every form ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_form_comes_out_as_it_went_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, config: Config
) -> None:
    monkeypatch.setattr(written_records, "PIECE_BYTES", 3000)
    path = pack(tmp_path / f"rows{suffix}", records())
    result = clean(monkeypatch, config, path, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    found = fates(tmp_path / "out")
    assert sorted(found.values()) == ["dropped"] * 6 + ["kept"] * 6 + ["restored"]
    mended = BROKEN.encode("cp1252").decode()
    expected = [
        {**row, "text": mended} if found[row["id"]] == "restored" else row
        for row in records()
        if found[row["id"]] != "dropped"
    ]
    assert [file.name for file in (tmp_path / "out" / "documents").iterdir()] == [path.name]
    assert rows_in(tmp_path / "out" / "documents" / path.name) == expected
    if suffix != ".parquet":
        assert unpack(tmp_path / "out" / "documents" / path.name) == lines_of(expected)


@pytest.mark.parametrize("suffix", PACKED)
def test_same_input_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(written_records, "PIECE_BYTES", 3000)
    path = pack(tmp_path / f"rows{suffix}", records())
    before = path.read_bytes()
    for name, config in (("one", SMALL), ("two", BULK), ("three", BULK)):
        clean(monkeypatch, config, path, "-o", tmp_path / name)
    written = [(tmp_path / name / "documents" / path.name).read_bytes() for name in ("one", "two", "three")]
    assert written[0] == written[1] == written[2]
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", PACKED)
def test_what_is_clean_is_left_alone_when_it_is_cleaned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = pack(tmp_path / f"rows{suffix}", records())
    clean(monkeypatch, SMALL, path, "-o", tmp_path / "once")
    once = tmp_path / "once" / "documents" / path.name
    result = clean(monkeypatch, SMALL, once, "-o", tmp_path / "twice")
    assert "7 kept + 0 restored + 0 dropped" in result.stdout
    assert rows_in(tmp_path / "twice" / "documents" / path.name) == rows_in(once)


# --- Parquet ---------------------------------------------------------------------------------------------------


def columns(count: int) -> pa.Table:
    """A table with columns of many kinds, and things told about it and them."""
    numbers = range(count)
    texts = [article(number // 2, 8) for number in numbers]
    day = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    arrays = {
        "bytes": pa.array([bytes([number]) for number in numbers], pa.binary()),
        "text": pa.array(texts, pa.large_string()),
        "list": pa.array([[number] * (number % 3) for number in numbers], pa.list_(pa.int16())),
        "struct": pa.array(
            [{"a": number, "b": None} for number in numbers], pa.struct({"a": pa.int8(), "b": pa.string()})
        ),
        "map": pa.array([[("k", number)] for number in numbers], pa.map_(pa.string(), pa.int32())),
        "kind": pa.array(["red", "blue"] * (count // 2)).dictionary_encode(),
        "when": pa.array([day] * count, pa.timestamp("us", "Europe/Madrid")),
        "price": pa.array([decimal.Decimal("1.50")] * count, pa.decimal128(9, 2)),
        "none": pa.nulls(count),
        "flag": pa.array([None if number % 3 else True for number in numbers]),
        "vector": pa.array([[float(number)] * 3 for number in numbers], pa.list_(pa.float32(), 3)),
        "id": pa.array([f"d{number:02}" for number in numbers]),
    }
    fields = [pa.field(name, array.type, name != "id", {"about": name}) for name, array in arrays.items()]
    return pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(fields, {"pandas": "{}", "mine": "ü"}))


@pytest.mark.parametrize("rows_max", [3, 4096])
@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_other_columns_schema_and_compression_are_unharmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str, rows_max: int
) -> None:
    monkeypatch.setattr(packed_parquet, "ROWS_MAX", rows_max)
    monkeypatch.setattr(packed_batches, "ROW_GROUP_BYTES", 10_000)
    table = columns(40)
    path = tmp_path / "rows.parquet"
    parquet.write_table(table, path, row_group_size=9, compression=compression)
    assert clean(monkeypatch, SMALL, path, "-o", tmp_path / "out").exit_code == 0
    found = fates(tmp_path / "out")
    kept = pa.array([found[name] == "kept" for name in table.column("id").to_pylist()])
    written = tmp_path / "out" / "documents" / "rows.parquet"
    assert parquet.read_schema(written).equals(parquet.read_schema(path), check_metadata=True)
    assert parquet.read_table(written).equals(table.filter(kept))
    assert sum(kept.to_pylist()) == 20
    own, new = (parquet.read_metadata(one).row_group(0) for one in (path, written))
    assert [new.column(at).compression for at in range(12)] == [own.column(at).compression for at in range(12)]
    assert parquet.read_metadata(written).num_row_groups < 20


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_repaired_text_takes_its_place_in_any_kind_of_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: pa.DataType
) -> None:
    texts = [PARAGRAPHS[0], BROKEN, PARAGRAPHS[1]]
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"x": [1, 2, 3], "text": pa.array(texts, kind)}), path)
    assert clean(monkeypatch, BULK, path, "-o", tmp_path / "out").exit_code == 0
    table = parquet.read_table(tmp_path / "out" / "documents" / "rows.parquet")
    assert table.schema.field("text").type == parquet.read_schema(path).field("text").type
    assert table.to_pydict() == {"x": [1, 2, 3], "text": [texts[0], BROKEN.encode("cp1252").decode(), texts[2]]}
    (edit, *_) = (tmp_path / "out" / "edits.jsonl").read_text("utf-8").splitlines()
    assert json.loads(edit)["id"] == "rows.parquet#2"


def test_rows_that_could_not_be_read_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"text": [None, PARAGRAPHS[0], "", PARAGRAPHS[1]], "n": [0, 1, 2, 3]}), path)
    result = clean(monkeypatch, SMALL, path, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert f"{path}, row 1: has no text" in result.stderr
    written = parquet.read_table(tmp_path / "out" / "documents" / "rows.parquet")
    assert written.to_pydict() == {"text": [PARAGRAPHS[0], PARAGRAPHS[1]], "n": [1, 3]}
    assert len((tmp_path / "out" / "unreadable.jsonl").read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.touch(), "is not what it was when it was read (its time is another)"),
        (lambda path: at_its_time(path, b"PAR1"), "is not what it was when it was read (Parquet file size is 4 bytes"),
        (lambda path: at_its_time(path, table_bytes(5)), "is not what it was when it was read (it has fewer rows)"),
        (lambda path: at_its_time(path, table_bytes(0)), "is not what it was when it was read (it has fewer rows)"),
    ],
    ids=["removed", "touched", "broken", "shorter", "emptied"],
)
def test_table_that_changed_meanwhile_is_not_written(
    tmp_path: Path, change: Callable[[Path], object], problem: str
) -> None:
    path = pack(tmp_path / "source" / "rows.parquet", records())
    with pipeline.find_duplicates(path, SMALL) as found:
        change(path)
        with pytest.raises(DedupError) as caught:
            folder.write(found, [], tmp_path / "out")
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert [one.name for one in tmp_path.iterdir()] == ["source"]


def at_its_time(path: Path, data: bytes) -> None:
    """Puts other bytes into a file and leaves its time."""
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def table_bytes(rows: int) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table({"text": pa.array([PARAGRAPHS[0]] * rows, pa.string())}), out)
    return out.getvalue()


def test_damage_in_another_column_is_told_and_nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "source" / "rows.parquet"
    path.parent.mkdir()
    table = pa.table({"text": [article(number) for number in range(40)], "x": ["needle"] * 40})
    parquet.write_table(
        table, path, row_group_size=10, write_page_checksum=True, compression=None, use_dictionary=False
    )
    head, tail = path.read_bytes().rsplit(b"needle\x06\0\0\0needle", 1)  # in the last page, not in statistics
    path.write_bytes(head + b"needle\x06\0\0\0NEEDLE" + tail)
    result = clean(monkeypatch, SMALL, path, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert f"{path}, row 30: is the last that could be unpacked (" in result.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["source"]


# --- plain lines -----------------------------------------------------------------------------------------------


def hesitant_read(source: int, views: list[memoryview], at: int) -> int:
    """Fills some of the first bytes only."""
    first = next(view for view in views if view)
    data = os.pread(source, min(len(first), 1 + at % 5), at)
    first[: len(data)] = data
    return len(data)


def hesitant_write(handle: int, data: memoryview) -> int:
    return WRITE(handle, data[:17])


WRITE = os.write
SYSTEMS: list[dict[str, Callable[..., int] | None]] = [
    {},
    {"preadv": hesitant_read, "write": hesitant_write},
    {"preadv": None},
    {"preadv": None, "pread": None},
]


@pytest.mark.parametrize("system", SYSTEMS, ids=["as it is", "hesitant", "old", "without pread"])
@given(data=st.data())
def test_lines_are_copied_whole_by_whatever_system(
    tmp_path_factory: pytest.TempPathFactory, system: dict[str, Callable[..., int] | None], data: st.DataObject
) -> None:
    tmp_path = tmp_path_factory.mktemp("lines")
    kept = data.draw(st.lists(st.booleans(), min_size=1, max_size=12))
    ended = data.draw(st.booleans())
    lines = [json.dumps({"id": f"{number:02}", "text": f"word{number} " * 30}) for number in range(len(kept))]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + ("\n" if ended else ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "BUFFER_BYTES", data.draw(st.sampled_from([60, 256, 1000, 1 << 20])))
        patch.setattr(stretches, "BLOCK_BYTES", 16)
        patch.setattr(stretches, "GAP_BYTES_MAX", data.draw(st.sampled_from([0, 300, 1000])))
        patch.setattr(stretches, "VIEWS_MAX", data.draw(st.sampled_from([1, 3, 1000])))
        patch.setattr(stretches, "DIRECT_BYTES_MIN", data.draw(st.sampled_from([0, 1 << 30])))
        for name, function in system.items():
            if function:
                patch.setattr(os, name, function, raising=False)
            else:
                patch.delattr(os, name, raising=False)
        findings = pipeline.find_duplicates(tmp_path / "rows.jsonl", Config(threshold=1.0, bulk_bytes_min=1 << 50))
        told: list[int] = []
        numbers = [number for number, stays in enumerate(kept) if stays]
        written_records.write(np.array(numbers, np.int64), findings.corpus, tmp_path / "out", told.append)
    if numbers:
        assert (tmp_path / "out" / "rows.jsonl").read_text() == "".join(f"{lines[number]}\n" for number in numbers)
    sizes = [len(line) + 1 for line in lines]
    sizes[-1] -= not ended
    assert sum(told) == sum(sizes[number] for number in numbers)


def direct(handle: int) -> bool:
    return bool(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_DIRECT)


@pytest.mark.skipif(not hasattr(os, "O_DIRECT"), reason="this system writes through its cache alone")
@pytest.mark.parametrize("size_bytes", [0, 1, 4096, 3 * 4096 + 17, (8 << 20) + 4096, (16 << 20) + 5])
@pytest.mark.parametrize("refused", [False, True])
def test_large_files_are_written_past_the_cache_as_far_as_the_system_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_bytes: int, refused: bool
) -> None:
    ways: list[bool] = []

    def writing(handle: int, data: memoryview) -> int:
        ways.append(direct(handle))
        if refused and ways[-1]:
            raise OSError(errno.EINVAL, "no blocks here")
        return WRITE(handle, data)

    monkeypatch.setattr(stretches, "DIRECT_BYTES_MIN", 1)
    monkeypatch.setattr(os, "write", writing)
    text = os.urandom(size_bytes)
    with (tmp_path / "out").open("wb") as file:
        out = stretches.Output(file.fileno(), size_bytes)
        can = direct(file.fileno())
        try:
            out.put(text)
            out.finish()
        finally:
            out.close()
    assert (tmp_path / "out").read_bytes() == text
    if can and not refused:
        assert ways.count(True) == -(-(size_bytes - size_bytes % 4096) // (8 << 20))
        assert ways.count(False) == (size_bytes % 4096 > 0)


def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "source" / "rows.jsonl", records())
    found = pipeline.find_duplicates(path, SMALL)

    def full(handle: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stretches, "DIRECT_BYTES_MIN", 1)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DedupError, match="No space left"):
        folder.write(found, [], tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["source"]


def test_lines_cut_short_meanwhile_are_not_written(tmp_path: Path) -> None:
    path = pack(tmp_path / "source" / "rows.jsonl", records())
    found = pipeline.find_duplicates(path, SMALL)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DedupError, match="was changed while it was read"):
        folder.write(found, [], tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["source"]


# --- the manifest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_a_time", [1, 3, 1000])
def test_the_manifest_is_the_same_however_many_lines_are_made_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    found = pipeline.find_duplicates(pack(tmp_path / "rows.jsonl", records()), SMALL)
    whole = "".join(manifest.lines(found))
    asked = []
    rows = type(found.pairs).rows
    monkeypatch.setattr(type(found.pairs), "rows", lambda pairs, both: asked.append(len(both)) or rows(pairs, both))
    monkeypatch.setattr(manifest, "LINES_AT_A_TIME", at_a_time)
    assert "".join(manifest.lines(found)) == whole
    assert len(asked) == 1, "all pairs are gone through each time"
    told = [json.loads(line) for line in whole.splitlines()]
    assert [one["id"] for one in told] == list(found.corpus.ids)
    assert {one["status"] for one in told} == {"kept", "restored", "dropped"}


# --- where they go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_files_of_records_keep_their_place_in_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    source = tmp_path / "source"
    pack(source / "deep" / "er" / f"rows{suffix}", [{"id": "a", "text": PARAGRAPHS[0]}])
    (source / "deep" / "note.txt").write_text(PARAGRAPHS[1])
    assert clean(monkeypatch, SMALL, source, "-o", tmp_path / "out").exit_code == 0
    documents = tmp_path / "out" / "documents"
    found = sorted(path.relative_to(documents).as_posix() for path in documents.rglob("*") if path.is_file())
    assert found == [f"deep/er/rows{suffix}", "deep/note.txt"]


def test_files_of_one_name_in_two_sources_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(tmp_path / "a" / "rows.jsonl", [{"id": "a", "text": PARAGRAPHS[0]}])
    pack(tmp_path / "b" / "rows.jsonl", [{"id": "b", "text": PARAGRAPHS[1]}])
    pack(tmp_path / "c" / "other.jsonl", [{"id": "c", "text": PARAGRAPHS[2]}])
    sources = [tmp_path / "a", tmp_path / "b" / "rows.jsonl", tmp_path / "c"]
    assert clean(monkeypatch, SMALL, *sources, "-o", tmp_path / "out").exit_code == 0
    documents = tmp_path / "out" / "documents"
    found = {path.relative_to(documents).as_posix(): rows_in(path)[0]["id"] for path in documents.rglob("*.jsonl")}
    assert found == {"a/rows.jsonl": "a", "b/rows.jsonl": "b", "c/other.jsonl": "c"}


def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(tmp_path / "a" / "rows.jsonl", [{"id": "a", "text": PARAGRAPHS[0]}])
    pack(tmp_path / "here" / "b" / "rows.jsonl", [{"id": "b", "text": PARAGRAPHS[1]}])
    monkeypatch.chdir(tmp_path / "here")
    assert clean(monkeypatch, SMALL, "../a/rows.jsonl", "b/rows.jsonl", "-o", tmp_path / "out").exit_code == 0
    documents = tmp_path / "out" / "documents"
    assert sorted(path.relative_to(documents).as_posix() for path in documents.rglob("*.jsonl")) == [
        "a/rows.jsonl", "here/b/rows.jsonl",
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "here", "out"]
