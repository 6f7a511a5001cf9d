"""Columns that are named for ids and sources must be somewhere; those that go by the usual names need not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from formats import FORMS, made
from strategies import PARAGRAPHS

import dedup
from dedup.cli import main
from dedup.config import Config
from dedup.model import DedupError

ROWS = [{"id": f"k{number}", "source": "here", "text": text} for number, text in enumerate(PARAGRAPHS[:3])]

pytestmark = pytest.mark.usefixtures("temporary")


def scan(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, arguments)])


@pytest.mark.parametrize("option", ["--id-column", "--source-column"])
@pytest.mark.parametrize("form", FORMS)
def test_column_that_is_named_and_nowhere_is_refused(tmp_path: Path, form: str, option: str) -> None:
    path = tmp_path / f"rows{form}"
    path.write_bytes(made(ROWS, form))
    result = scan(path, option, "nope")
    assert result.exit_code != 0
    told = " ".join(result.output.split())
    assert f"has no column `nope`; name one with {option}" in told
    assert scan(path).exit_code == 0


def test_files_that_lack_a_named_column_are_problems_beside_those_that_have_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(made([{"key": f"k{row['id']}", "text": row["text"]} for row in ROWS], ".csv"))
    (tmp_path / "b.csv").write_bytes(made([{"text": row["text"] + " More."} for row in ROWS], ".csv"))
    with dedup.find_duplicates(tmp_path, Config(id_column="key")) as found:
        assert sorted(found.corpus.ids) == ["kk0", "kk1", "kk2"]
        assert [problem.problem for problem in found.problems] == ["has no column `key`"]


def test_lines_may_lack_a_named_key_that_others_have(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    records: list[dict[str, Any]] = [{"text": text} for text in PARAGRAPHS[:3]]
    path.write_text("".join(json.dumps(record) + "\n" for record in [*records, {"text": PARAGRAPHS[3], "key": 7}]))
    with dedup.find_duplicates(path, Config(id_column="key")) as found:
        assert "7" in list(found.corpus.ids)
        assert not found.problems


def test_table_without_the_columns_that_are_named_is_refused() -> None:
    table = pa.Table.from_pylist(ROWS)
    for arguments, option in (
        ({"id": "nope"}, "id="), ({"text": "nope"}, "text="),
        ({"config": Config(source_column="nope")}, "source_column="),
    ):  # fmt: skip
        with pytest.raises(DedupError, match="has no column `nope`") as raised:
            dedup.deduplicate(table, **arguments)
        assert raised.value.remedy.startswith(f"name one with {option}")
        assert raised.value.remedy.endswith("it has: id, source, text")
    with pytest.raises(DedupError, match="has no column `id`"):
        dedup.deduplicate(table.drop_columns("id"), id="id")


def test_columns_of_a_table_may_go_by_each_others_usual_names() -> None:
    table = pa.table({"source": PARAGRAPHS[:3], "text": ["a", "b", "c"]})
    documents = dedup.deduplicate(table, text="source", id="text").documents
    assert documents.column("id").to_pylist() == ["a", "b", "c"]
    with pytest.raises(DedupError, match="for text and id"):
        dedup.deduplicate(table, id="text")
