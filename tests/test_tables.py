"""Tables, frames, datasets and iterables in memory give what the same records in a file give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from strategies import PARAGRAPHS, article, spun

import dedup
from dedup.config import Config
from dedup.model import DedupError
from dedup.packed import tables

SMALL = Config(bulk_bytes_min=1 << 50)
BULK = Config(bulk_bytes_min=0)

pytestmark = pytest.mark.usefixtures("temporary")


def rows() -> list[dict[str, Any]]:
    texts = [
        text for seed in range(4)
        for text in (article(seed, 10), spun(article(seed, 10), seed), article(seed, 10).upper())
    ]  # fmt: skip
    return [
        {"n": number, "key": f"k{number}", "text": text} for number, text in enumerate((*texts, PARAGRAPHS[0], "漢字"))
    ]


def pandas_frame(given: list[dict[str, Any]]) -> Any:
    return pytest.importorskip("pandas", reason="pandas is not installed").DataFrame(given)


def polars_frame(given: list[dict[str, Any]]) -> Any:
    return pytest.importorskip("polars", reason="polars is not installed").DataFrame(given)


def dataset(given: list[dict[str, Any]]) -> Any:
    return pytest.importorskip("datasets", reason="datasets is not installed").Dataset.from_list(given)


def shuffled(given: list[dict[str, Any]]) -> Any:
    """A dataset whose rows are chosen by indices, which its Arrow table does not show."""
    return dataset([*given[::-1], {"n": -1, "key": "no", "text": "no"}]).select(range(len(given) - 1, -1, -1))


def stream_of_a_dataset(given: list[dict[str, Any]]) -> Any:
    return dataset(given).to_iterable_dataset()


MAKERS: list[Callable[[list[dict[str, Any]]], Any]] = [
    pa.Table.from_pylist, pa.RecordBatch.from_pylist,
    lambda given: pa.Table.from_pylist(given).to_reader(max_chunksize=3),
    pandas_frame, polars_frame, dataset, shuffled, stream_of_a_dataset, list, iter,
]  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS, ids=[
    "table", "batch", "reader", "pandas", "polars", "dataset", "shuffled dataset", "dataset stream", "list", "iterator",
])  # fmt: skip
def test_whatever_holds_records_gives_what_a_file_of_them_gives(tmp_path: Path, maker: Any) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({**row, "id": row["key"]}) + "\n" for row in rows()))
    found = dedup.deduplicate(maker(rows()), id="key", config=SMALL)
    plain = dedup.find_duplicates(path, SMALL)
    stays = {name for name, kept in zip(plain.corpus.ids, plain.clusters.kept().tolist(), strict=True)
             if plain.corpus.ids[kept] == name}  # fmt: skip
    assert found.kept.to_pylist() == [row for row in rows() if row["key"] in stays]
    assert 4 <= len(found.kept) < len(rows()) - 3
    told = {(rows()[one["a_row"]]["key"], rows()[one["b_row"]]["key"], one["relation"], one["resemblance"])
            for one in found.pairs.to_pylist()}  # fmt: skip
    assert told == {(pair.a, pair.b, pair.relation, pair.resemblance) for pair in plain.pairs}
    documents = found.documents.to_pylist()
    assert [one["row"] for one in documents] == list(range(len(rows())))
    assert [one["id"] for one in documents] == [row["key"] for row in rows()]
    assert {one["id"] for one in documents if one["status"] != "duplicate"} == stays
    for one in documents:
        assert (one["kept_row"] != one["row"]) == (one["status"] == "duplicate")
        assert (one["cluster"] is None) == (one["status"] == "unique")
    cleaner = {(one["a_row"], one["b_row"]): one["cleaner_row"] for one in found.pairs.to_pylist()}
    for pair in plain.pairs:
        a, b = int(pair.a[1:]), int(pair.b[1:])
        assert cleaner[a, b] == (None if pair.cleaner is None else int(pair.cleaner[1:]))
    assert found.problems == ()


def test_what_offers_the_interface_alone_is_taken_without_a_copy() -> None:
    class Capsule:
        """Nothing but the interface."""

        def __init__(self, table: pa.Table) -> None:
            self._table = table

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return self._table.__arrow_c_stream__(requested_schema)

    given = pa.Table.from_pylist(rows())
    taken = tables.table(Capsule(given), "text")
    before, after = ([one.address for one in table["text"].chunk(0).buffers()[1:]] for table in (given, taken))
    assert before == after
    assert dedup.deduplicate(Capsule(given), config=SMALL).kept.equals(dedup.deduplicate(given, config=SMALL).kept)


def test_bulk_keeps_the_same_rows() -> None:
    small, bulk = (dedup.deduplicate(rows(), config=config) for config in (SMALL, BULK))
    assert small.kept.equals(bulk.kept)
    assert small.documents.equals(bulk.documents)


def test_strings_are_documents_and_columns_may_have_any_names() -> None:
    texts = [row["text"] for row in rows()]
    of_strings = dedup.deduplicate(iter(texts), config=SMALL)
    renamed = dedup.deduplicate([{"body": text, "id": "same"} for text in texts], text="body", config=SMALL)
    assert of_strings.kept.column("text").to_pylist() == renamed.kept.column("body").to_pylist()
    assert of_strings.documents.column("id").to_pylist()[:2] == ["table#1", "table#2"]
    by_id = dedup.deduplicate([{"id": text} for text in texts], text="id", config=SMALL)
    assert by_id.kept.num_rows == of_strings.kept.num_rows


def test_nothing_is_changed_and_schema_is_kept() -> None:
    table = pa.table(
        {
            "text": pa.array([PARAGRAPHS[0], PARAGRAPHS[0], None, PARAGRAPHS[1]]).dictionary_encode(),
            "x": [[1], [2], [3], None],
        }
    ).replace_schema_metadata({"made by": "hand"})
    before = table.to_pylist()
    found = dedup.deduplicate(table)
    assert table.to_pylist() == before
    assert found.kept.schema.equals(table.schema, check_metadata=True)
    assert found.kept.column("x").to_pylist() == [[1], None]
    ((problem),) = found.problems
    assert str(problem) == "table, row 3: has no text; give it one, or remove the row"


def test_results_offer_the_interface_in_turn() -> None:
    found = dedup.deduplicate(rows(), config=SMALL)
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    polars = pytest.importorskip("polars", reason="polars is not installed")
    assert pandas.DataFrame.from_arrow(found.kept).shape == polars.DataFrame(found.kept).shape == found.kept.shape


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([{"body": "x"}], "has no column `text`"),
        (pa.table({"body": ["x"]}), "has no column `text`"),
        ([{"text": 5}], "has int64 in the column `text`, not text"),
        ([{"text": "x"}, {"text": 5}], "has values of several kinds in one column"),
        (["x", 5], "is a int, neither a string nor a mapping"),
        ("one text", "cannot be made of a str"),
        (5, "cannot be made of a int"),
    ],
)
def test_what_holds_no_texts_is_told(data: Any, problem: str) -> None:
    with pytest.raises(DedupError) as raised:
        dedup.deduplicate(data)
    assert raised.value.problem.startswith(problem)
    assert len(raised.value.remedy) > 5


@pytest.mark.parametrize("data", [[], iter(()), pa.table({"text": pa.array([], pa.string())})])
def test_nothing_gives_empty_tables(data: Any) -> None:
    found = dedup.deduplicate(data, id="text_id" if data == [] else None)
    assert found.kept.schema.field("text").type == pa.string()
    assert (found.kept.num_rows, found.documents.num_rows, found.pairs.num_rows) == (0, 0, 0)


def test_second_row_of_an_id_is_named_and_not_kept() -> None:
    found = dedup.deduplicate([{"text": text, "id": 7} for text in PARAGRAPHS[:2]], id="id")
    assert found.kept.num_rows == 1
    assert found.problems[0].problem == "has the id '7', which table, row 1 has already"


def test_rows_that_are_read_once_are_not_read_twice() -> None:
    taken = []

    def once() -> Iterator[str]:
        for text in PARAGRAPHS[:3]:
            taken.append(text)
            yield text

    assert dedup.deduplicate(once()).kept.num_rows == len(taken) == 3


# --- columns alone, and what is no table -------------------------------------------------------------------------


def pandas_series(given: list[Any]) -> Any:
    return pytest.importorskip("pandas", reason="pandas is not installed").Series(given, dtype=object)


def object_frame(given: list[Any]) -> Any:
    return pandas_series(given).to_frame("text")


def polars_series(given: list[Any]) -> Any:
    return pytest.importorskip("polars", reason="polars is not installed").Series("body", given)


@pytest.mark.parametrize("maker", [
    pandas_series, polars_series, pa.array, lambda given: pa.chunked_array([given[:1], given[1:]]),
], ids=["pandas", "polars", "array", "chunked array"])  # fmt: skip
def test_series_and_arrays_are_columns_of_texts(maker: Any) -> None:
    found = dedup.deduplicate(maker([PARAGRAPHS[0], PARAGRAPHS[0], None, PARAGRAPHS[1]]), text="x")
    assert found.kept.to_pydict() == {"x": [PARAGRAPHS[0], PARAGRAPHS[1]]}
    assert [str(problem) for problem in found.problems] == ["table, row 3: has no text; give it one, or remove the row"]


def test_arrays_of_structs_are_tables() -> None:
    assert dedup.deduplicate(pa.array(rows()), config=SMALL).kept.equals(dedup.deduplicate(rows(), config=SMALL).kept)


@pytest.mark.parametrize("missing", [None, {"text": None}, {}], ids=["none", "null", "nothing"])
def test_what_is_missing_from_a_list_is_a_problem_of_its_row(missing: Any) -> None:
    found = dedup.deduplicate([missing, PARAGRAPHS[0], PARAGRAPHS[0], missing])
    assert found.kept.to_pydict() == {"text": [PARAGRAPHS[0]]}
    assert [str(problem.path) for problem in found.problems] == ["table, row 1", "table, row 4"]
    assert dedup.deduplicate([None]).problems[0].problem == "has no text"


@pytest.mark.parametrize(
    ("maker", "given", "told"),
    [
        (pandas_frame, [{"text": "a"}, {"text": 1}], "is a DataFrame that cannot be taken as an Arrow table"),
        (pandas_series, ["a", 1], "is a Series that cannot be taken as an Arrow table"),
        (pandas_series, ["a", "b \ud800"], "surrogates not allowed"),
        (object_frame, ["a", "b \ud800"], "surrogates not allowed"),
        (list, ["a", "b \ud800"], "table, row 2: is no Unicode text in the column `text`"),
        (list, [{"text": "a"}, {"text": "b", "x": "\udfff"}], "table, row 2: is no Unicode text in the column `x`"),
        (list, [{"text": "a", "x": ["\ud800"]}], "table: is no Unicode text"),
        (list, [{"text": "a", "x": 1 << 70}], "has values of several kinds in one column"),
        (list, [{"text": "a", "x": object()}], "has values of several kinds in one column"),
        (pandas_frame, [{"body": "a"}], "name one with text=; it has: body"),
        (polars_series, [1, 2], "has int64 in the column `text`, not text"),
    ],
)
def test_what_cannot_be_taken_is_told(maker: Any, given: list[Any], told: str) -> None:
    with pytest.raises(DedupError, match=re.escape(told)):
        dedup.deduplicate(maker(given))


def test_reader_that_breaks_off_is_told() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pylist(rows()[:3])
        raise pa.ArrowInvalid("broken off")

    with pytest.raises(DedupError, match="broken off"):
        dedup.deduplicate(pa.RecordBatchReader.from_batches(pa.RecordBatch.from_pylist(rows()).schema, batches()))


def test_frames_and_splits_that_are_not_tables_yet_name_the_next_step() -> None:
    with pytest.raises(DedupError, match=r"cannot be made of a LazyFrame.*\.collect\(\)"):
        dedup.deduplicate(polars_frame(rows()).lazy())
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    splits = datasets.DatasetDict({"train": dataset(rows()), "test": dataset(rows())})
    with pytest.raises(DedupError, match=r"choose one of its splits: \['train'\], \['test'\]"):
        dedup.deduplicate(splits)
    assert dedup.deduplicate(splits["train"], config=SMALL).kept.num_rows
