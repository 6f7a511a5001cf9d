"""Rows come out of Arrow columns of any kind, and files that other writers made are written again as they were."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from strategies import PARAGRAPHS

import dedup
from dedup.cli import main
from dedup.packed import footer, views

TEXTS = [PARAGRAPHS[0], PARAGRAPHS[0], PARAGRAPHS[1], PARAGRAPHS[2]]
LONG = "longer than what stands in a view itself"
STRINGS, BYTES = pa.string_view(), pa.binary_view()
KINDS: dict[pa.DataType, list[Any]] = {
    STRINGS: ["x", None, LONG, ""],
    BYTES: [b"x", None, LONG.encode(), b"\xff"],
    pa.list_(STRINGS): [["x"], ["y", LONG], [], None],
    pa.large_list(STRINGS): [["x"], ["y", LONG], [], None],
    pa.list_(STRINGS, 1): [["x"], [LONG], None, ["z"]],
    pa.list_view(STRINGS): [["x"], ["y", LONG], [], None],
    pa.struct([pa.field("a", STRINGS, nullable=False), ("b", pa.int8())]): [
        {"a": LONG, "b": 1}, {"a": "y", "b": None}, {"a": "", "b": 3}, {"a": "z", "b": 4},
    ],
    pa.map_(STRINGS, pa.list_(BYTES)): [[("k", [b"v"])], [], None, [(LONG, [])]],
    pa.dictionary(pa.int32(), STRINGS): ["x", "y", None, "x"],
    pa.list_(pa.struct([("deep", pa.large_list(STRINGS))])): [[{"deep": [LONG]}], [], None, [{"deep": None}]],
    pa.run_end_encoded(pa.int32(), pa.string()): ["x", "x", "y", "y"],
}  # fmt: skip
KEPT = (0, 2, 3)

pytestmark = pytest.mark.usefixtures("temporary")


def column(kind: pa.DataType, values: list[Any]) -> pa.Array:
    if pa.types.is_dictionary(kind):
        words = [value for value in dict.fromkeys(values) if value is not None]
        numbers = [None if value is None else words.index(value) for value in values]
        return pa.DictionaryArray.from_arrays(pa.array(numbers, kind.index_type), pa.array(words, kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        return pa.RunEndEncodedArray.from_arrays(pa.array([2, 4], pa.int32()), pa.array(values[1:3]), kind)
    return pa.array(values, kind)


def cleaned(path: Path, target: Path) -> bytes:
    result = CliRunner().invoke(main, ["clean", str(path), "-o", str(target)])
    assert result.exit_code == 0, result.output
    return (target / "documents" / path.name).read_bytes()


# --- rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(wanted=st.lists(st.booleans(), min_size=4, max_size=4))
def test_rows_of_any_kind_are_those_that_are_wanted(kind: pa.DataType, wanted: list[bool]) -> None:
    batch = pa.record_batch({"n": range(4), "x": column(kind, KINDS[kind])})
    kept = views.filtered(batch, np.array(wanted))
    kept.validate(full=True)
    assert kept.schema == batch.schema
    assert kept.to_pylist() == [row for row, stays in zip(batch.to_pylist(), wanted, strict=True) if stays]


def test_chosen_views_refer_to_no_more_than_they_need() -> None:
    batch = pa.record_batch({"x": pa.array([LONG * 100] * 1000, STRINGS)})
    kept = views.filtered(batch.slice(10, 20), np.arange(20) == 3)
    assert kept.nbytes < 2 * len(LONG * 100) < batch.nbytes / 100


@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream], ids=["file", "stream"])
@pytest.mark.parametrize("text", [pa.string(), STRINGS], ids=str)
def test_arrow_files_with_views_are_cleaned(tmp_path: Path, new: Any, text: pa.DataType) -> None:
    others = {str(number): column(kind, values) for number, (kind, values) in enumerate(KINDS.items())}
    table = pa.table({"text": pa.array(TEXTS, text), **others})
    with new(str(tmp_path / "rows.arrow"), table.schema) as writer:
        writer.write_table(table)
    out = cleaned(tmp_path / "rows.arrow", tmp_path / "out")
    found = (pa.ipc.open_file if new is pa.ipc.new_file else pa.ipc.open_stream)(out).read_all()
    assert found.schema == table.schema
    assert found.to_pylist() == [table.to_pylist()[row] for row in KEPT]


def test_parquet_files_with_views_are_cleaned(tmp_path: Path) -> None:
    kinds = [STRINGS, BYTES, pa.list_(STRINGS), pa.struct([("a", STRINGS)])]
    values = [KINDS[kind] for kind in kinds[:3]] + [[{"a": "x"}, None, {"a": LONG}, {"a": None}]]
    others = {str(kind): pa.array(some, kind) for kind, some in zip(kinds, values, strict=True)}
    parquet.write_table(pa.table({"text": pa.array(TEXTS, STRINGS), **others}), tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.schema.field("text").type == STRINGS
    found = parquet.read_table(io.BytesIO(cleaned(tmp_path / "rows.parquet", tmp_path / "out")))
    assert found.schema == table.schema
    assert found.to_pylist() == [table.to_pylist()[row] for row in KEPT]


# --- polars ----------------------------------------------------------------------------------------------------


def frame() -> Any:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    columns = {"text": TEXTS, "tags": [["x"], ["y"], [], [LONG]], "of": [{"a": "x"}, {"a": LONG}, {"a": None}, None]}
    return polars.DataFrame({**columns, "deep": [[{"a": [b"x"]}], [], None, [{"a": [LONG.encode()]}]]})


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
@pytest.mark.parametrize("oldest", [False, True], ids=["newest", "oldest"])
@pytest.mark.parametrize("write", ["write_ipc", "write_ipc_stream"])
def test_arrow_files_of_polars_are_cleaned(tmp_path: Path, compression: Any, oldest: bool, write: str) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    path = tmp_path / "rows.arrow"
    level = (polars.CompatLevel.oldest if oldest else polars.CompatLevel.newest)()
    getattr(frame(), write)(path, compression=compression, compat_level=level)
    out = cleaned(path, tmp_path / "out")
    read = polars.read_ipc if write == "write_ipc" else polars.read_ipc_stream
    assert read(io.BytesIO(out)).equals(frame()[list(KEPT)])
    told = None if compression == "uncompressed" else compression
    assert footer.compression(path) == footer.compression(tmp_path / "out" / "documents" / "rows.arrow") == told


def test_parquet_files_of_polars_are_cleaned(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame().write_parquet(tmp_path / "rows.parquet")
    out = cleaned(tmp_path / "rows.parquet", tmp_path / "out")
    assert polars.read_parquet(io.BytesIO(out)).equals(frame()[list(KEPT)])


def test_frames_with_strings_in_lists_and_structs_are_taken() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    kept = dedup.deduplicate(frame()).kept
    assert polars.DataFrame(kept).equals(frame()[list(KEPT)])
    assert kept.take([2, 0]).num_rows == 2  # of views none can be taken


# --- compression -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream], ids=["file", "stream"])
def test_compression_is_told_by_the_first_batch_with_anything_in_it(tmp_path: Path, new: Any, compression: Any) -> None:
    path = tmp_path / "rows.arrow"
    schema = pa.schema([("n", pa.int64())])
    with new(str(path), schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        assert footer.compression(path) is None
        for count in (0, 0, 40_000):
            writer.write_batch(pa.record_batch({"n": pa.array([7] * count, pa.int64())}))
    assert footer.compression(path) == compression


@given(data=st.data())
def test_damaged_files_have_no_compression_and_raise_nothing(data: st.DataObject) -> None:
    sink = io.BytesIO()
    table = pa.table({"n": range(100)})
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    damaged = bytearray(sink.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(max(0, len(damaged) - 300), len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.arrow"
        path.write_bytes(damaged[: data.draw(st.sampled_from([10, len(damaged) - 10, len(damaged)]))])
        assert footer.compression(path) in (None, "zstd", "lz4")
