"""What `clean` leaves of a Hugging Face dataset on disk is loaded by `datasets` as what it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from strategies import article, spun

from dedup.cli import main

datasets = pytest.importorskip("datasets", reason="datasets is not installed")

# Its own loading of what is optional leaves files open and old names in use.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("temporary")]

TEXTS = [article(at) for at in range(6)]
COPY = spun(TEXTS[0], 3)


def clean(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["clean", *map(str, arguments)])


def dataset(texts: list[str], first: int = 0) -> Any:
    numbers = list(range(first, first + len(texts)))
    rows = {"id": [*map(str, numbers)], "number": numbers, "text": texts, "tags": [["a", "b"]] * len(texts)}
    return datasets.Dataset.from_dict(rows)


def notes(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def test_a_dataset_of_several_files_is_loaded_without_its_copies(tmp_path: Path) -> None:
    made = dataset([*TEXTS[:3], COPY, TEXTS[1], *TEXTS[3:]])
    made.info.description = "told of it"
    made.save_to_disk(tmp_path / "set", num_shards=4)
    result = clean(tmp_path / "set", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = datasets.load_from_disk(tmp_path / "out" / "documents")
    kept = found["number"][:]
    assert len(kept) == 6 and set(kept) < set(range(8))
    assert found[:] == made.select(kept)[:]
    assert found.features == made.features
    assert found.info.description == "told of it"
    assert found._fingerprint != made._fingerprint
    assert sorted(path.name for path in (tmp_path / "out" / "documents").glob("*.arrow")) == [
        one["filename"] for one in notes(tmp_path / "out" / "documents", "state.json")["_data_files"]
    ]


def test_a_file_of_which_nothing_is_left_is_named_no_more(tmp_path: Path) -> None:
    made = dataset([*TEXTS[:3], *TEXTS[:3]])
    made.save_to_disk(tmp_path / "set", num_shards=2)
    assert clean(tmp_path / "set", "-o", tmp_path / "out").exit_code == 0
    assert len(notes(tmp_path / "out" / "documents", "state.json")["_data_files"]) == 1
    assert datasets.load_from_disk(tmp_path / "out" / "documents")[:] == made.select(range(3))[:]


def test_splits_stay_even_without_rows(tmp_path: Path) -> None:
    splits = {"train": dataset(TEXTS), "twice": dataset(TEXTS[:2], 10), "more": dataset([article(9)], 20)}
    made = datasets.DatasetDict(splits)
    made.save_to_disk(tmp_path / "set")
    # As where a set was made from files: every split is told of in the notes of each.
    told = notes(tmp_path / "set" / "more", "dataset_info.json")
    sizes = {name: {"name": name, "num_examples": len(one), "num_bytes": 9} for name, one in splits.items()}
    told |= {"splits": sizes, "download_size": 5, "size_in_bytes": 32, "dataset_size": 27}
    (tmp_path / "set" / "more" / "dataset_info.json").write_text(json.dumps(told))
    assert clean(tmp_path / "set", "-o", tmp_path / "out").exit_code == 0
    found = datasets.load_from_disk(tmp_path / "out" / "documents")
    assert sorted(found) == ["more", "train", "twice"]
    rows = {name: one["number"][:] for name, one in found.items()}
    assert rows == {"train": [*range(6)], "twice": [], "more": [20]}
    assert found["twice"].features == made["twice"].features
    changed = notes(tmp_path / "out" / "documents" / "more", "dataset_info.json")
    assert {name: one["num_examples"] for name, one in changed["splits"].items()} == {
        name: len(numbers) for name, numbers in rows.items()
    }
    assert changed["size_in_bytes"] == 5 + changed["dataset_size"] == 5 + sum(one.data.nbytes for one in found.values())


def test_a_split_by_itself_is_a_dataset(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": dataset([*TEXTS, COPY])}).save_to_disk(tmp_path / "set")
    assert clean(tmp_path / "set" / "train", "-o", tmp_path / "out").exit_code == 0
    assert len(datasets.load_from_disk(tmp_path / "out" / "documents")) == 6
    assert not (tmp_path / "out" / "documents" / "dataset_dict.json").exists()


def test_two_datasets_stay_two(tmp_path: Path) -> None:
    dataset(TEXTS[:4]).save_to_disk(tmp_path / "one")
    dataset([*TEXTS[2:], article(9)], 10).save_to_disk(tmp_path / "two")
    assert clean(tmp_path / "one", tmp_path / "two", "-o", tmp_path / "out").exit_code == 0
    sizes = [len(datasets.load_from_disk(tmp_path / "out" / "documents" / name)) for name in ("one", "two")]
    assert sum(sizes) == 7


@pytest.mark.parametrize(("name", "text"), [("state.json", "{"), ("state.json", "[1]"), ("state.json", "{}")])
def test_notes_that_cannot_be_read_are_left_out(tmp_path: Path, name: str, text: str) -> None:
    dataset([*TEXTS, COPY]).save_to_disk(tmp_path / "set")
    (tmp_path / "set" / name).write_text(text)
    assert clean(tmp_path / "set", "-o", tmp_path / "out").exit_code == 0
    assert [path.suffix for path in (tmp_path / "out" / "documents").iterdir()] == [".arrow"]
