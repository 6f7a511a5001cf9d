"""Edits on disk give back the very bytes of the text that they were made on, or are refused as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile_texts

from dedup import edits
from dedup.model import DedupError, Document, Edit, Locator
from dedup.report import jsonl, undo

ENCODINGS = ("utf-8", "utf-16-le", "json")


@st.composite
def edited(draw: st.DrawFn) -> tuple[Document, list[Edit]]:
    """A document and edits on it, some of them empty on one side."""
    text = draw(hostile_texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    made = [Edit(span, text[slice(*span)], draw(hostile_texts), "test", "w", (0, 1)) for span in spans]
    return Document("folder/x.txt", Locator("x"), text, draw(st.sampled_from(ENCODINGS))), made


def written(folder: Path, document: Document, made: list[Edit]) -> Path:
    path = folder / "edits.jsonl"
    path.write_text("".join(jsonl.line(jsonl.edit_of(document, edit)) for edit in made), encoding="utf-8")
    return path


def data(document: Document, text: str) -> bytes:
    codec = "utf-8" if document.decoding == "json" else document.decoding
    return text.encode(codec, "surrogatepass")


@given(edited())
def test_undoing_gives_the_bytes_of_the_original(
    tmp_path_factory: pytest.TempPathFactory, given_: tuple[Document, list[Edit]]
) -> None:
    document, made = given_
    path = written(tmp_path_factory.mktemp("undo"), document, made)
    after = edits.applied(document.text, made)
    done = undo.made(path, "anything.txt")
    if made:
        assert undo.undone(data(document, after), done, path) == data(document, document.text)


def test_what_was_written_as_utf_8_for_want_of_a_character_is_undone_in_its_own_encoding(tmp_path: Path) -> None:
    document = Document("x.txt", Locator("x"), "café and tea", "cp1252")
    made = [Edit((9, 12), "tea", "漢字", "test")]
    done = undo.made(written(tmp_path, document, made), "x.txt")
    assert undo.undone("café and 漢字".encode(), done, tmp_path) == "café and tea".encode("cp1252")
    assert undo.undone("café and 漢字".encode(), done, tmp_path) != "café and tea".encode()


def test_no_edits_leave_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    path.write_text("")
    for data in (b"as it is\r\n", b"caf\xe9"):  # in whatever encoding
        assert undo.undone(data, undo.made(path, "x"), path) == data


def test_another_text_is_refused(tmp_path: Path) -> None:
    document = Document("x.txt", Locator("x"), "one cat", "utf-8")
    done = undo.made(written(tmp_path, document, [Edit((4, 7), "cat", "dog", "test")]), "x.txt")
    for wrong in (b"one cow", b"", b"\xff\xfe\xff"):
        with pytest.raises(DedupError, match="not the text that these edits gave"):
            undo.undone(wrong, done, tmp_path / "x.txt")


def test_edits_beyond_the_end_of_a_text_are_another_one_s(tmp_path: Path) -> None:
    document = Document("x.txt", Locator("x"), "x" * 100 + "xyz", "utf-8")
    done = undo.made(written(tmp_path, document, [Edit((100, 103), "xyz", "", "test")]), "x.txt")
    with pytest.raises(DedupError, match="not the text that these edits gave"):
        undo.undone(b"abc", done, tmp_path / "x.txt")
    assert undo.undone(b"x" * 100, done, tmp_path / "x.txt") == b"x" * 100 + b"xyz"


def test_of_edits_on_several_documents_those_on_the_one_are_taken(tmp_path: Path) -> None:
    lines = [
        jsonl.line(jsonl.edit_of(Document(name, Locator("x"), "", "utf-8"), Edit((0, 1), "a", after, "test")))
        for name, after in (("one/x.txt", "b"), ("two/x.txt", "c"))
    ]
    path = tmp_path / "edits.jsonl"
    path.write_text("".join(lines))
    assert undo.made(path, "/kept/two/x.txt").edits[0].after == "c"
    with pytest.raises(DedupError, match="edits on 2 documents"):
        undo.made(path, "/kept/three/x.txt")


GOOD: dict[str, Any] = {"record": "edit", "id": "x", "start": 2, "stop": 3, "before": "a", "after": "b", "cause": "c"}


@pytest.mark.parametrize(
    "records",
    [
        ["nonsense"],
        [{**GOOD, "start": -1}],
        [{**GOOD, "start": "2"}],
        [{**GOOD, "start": 4}],
        [{**GOOD, "before": "ab"}],
        [{**GOOD, "after": None}],
        [{**GOOD, "encoding": "klingon"}],
        [{**GOOD, "encoding": "hex"}],
        [{**GOOD, "encoding": "a\0b"}],
        [GOOD, GOOD],
        [{"record": "edit"}],
    ],
)
def test_broken_edits_are_refused_with_the_line(tmp_path: Path, records: list[Any]) -> None:
    path = tmp_path / "edits.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    with pytest.raises(DedupError, match=rf"line {len(records)} is no edit in order"):
        undo.made(path, "x")


def test_other_records_are_passed_over_and_what_is_no_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    path.write_text(json.dumps({"record": "summary"}) + "\n\n" + json.dumps(GOOD) + "\n")
    assert [edit.after for edit in undo.made(path, "x").edits] == ["b"]
    with pytest.raises(DedupError, match="cannot be read"):
        undo.made(tmp_path / "nowhere", "x")
    path.write_bytes(b"\xff\xff")
    with pytest.raises(DedupError, match="not UTF-8"):
        undo.made(path, "x")
    for broken in ("{", '{"record": ' + "[" * 100_000):
        path.write_text(broken)
        with pytest.raises(DedupError, match="line 1 is no edit"):
            undo.made(path, "x")
