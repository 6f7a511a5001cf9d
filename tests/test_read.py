"""Whatever lies in a source is read, or named with what is wrong and what to do; never a traceback, never silence."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import dedup
from dedup import read
from dedup.cli import main
from dedup.config import Config
from dedup.model import Raw

GOOD = "An ordinary document with enough words to count as one, and nothing wrong with it at all.\n"
FRENCH = "L’été dernier, à la gare de Nîmes, le maître a été très surpris : où était passée la mère de l’élève ? "


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one document in it that is as it should be."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "good.txt").write_text(GOOD, encoding="utf-8")
    return folder


def scan(*arguments: object) -> tuple[Result, dict[str, dict[str, Any]]]:
    """The result of a scan, and its document records by id."""
    result = CliRunner().invoke(main, ["scan", *map(str, arguments), "--format", "jsonl"])
    records = [json.loads(line) for line in result.stdout.splitlines()]
    return result, {record["id"]: record for record in records if record["record"] == "document"}


def assert_listed(result: Result, path: object, problem: str) -> None:
    """One line at the end names the path, what is wrong and, after it, what to do; exit status 1."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = [line for line in result.stderr.splitlines() if line.strip().startswith(f"{path}") and problem in line]
    said = line.partition(problem)[2]
    assert len(said.rpartition("; ")[2]) > 5, "no next step"
    unreadable = json.loads(result.stdout.splitlines()[-1])["unreadable"]
    assert [record for record in unreadable if problem in record["problem"] and record["remedy"]]


# --- sources that are none -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["scan", "diff", "restore", "clean"])
def test_missing_path_is_named(command: str, source: Path, tmp_path: Path) -> None:
    good, missing = str(source / "good.txt"), str(tmp_path / "nowhere")
    arguments = {
        "scan": [missing],
        "diff": [good, missing],
        "restore": [missing, "--witness", str(source)],
        "clean": [missing, "-o", str(tmp_path / "out")],
    }
    result = CliRunner().invoke(main, [command, *arguments[command]])
    assert result.exit_code == 1
    assert f"{missing}: does not exist; check" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == "" or result.stdout.startswith("0 documents")


def test_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    result = CliRunner().invoke(main, ["scan", str(tmp_path / "empty")])
    assert result.exit_code == 1
    assert f"{tmp_path / 'empty'}: holds no files; name a folder or file" in result.stderr


def test_folder_of_hidden_files_alone_is_empty(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text(GOOD)
    result = CliRunner().invoke(main, ["scan", str(tmp_path)])
    assert result.exit_code == 1
    assert "holds no files" in result.stderr


@pytest.mark.parametrize("bad", ["nowhere", "empty"])
def test_other_sources_are_processed_beside_a_bad_one(bad: str, source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result, documents = scan(tmp_path / bad, source)
    assert set(documents) == {"good.txt"}
    assert result.exit_code == 1
    assert str(tmp_path / bad) in result.stderr


# --- files that are no text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b" \n\t\r\n", "is empty"),
        (bytes(range(256)) * 64, "is not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\2\3" * 64, "is not text"),
        (b"\1\2\3\4\5\6\7" * 100, "is not text"),
    ],
    ids=["zero bytes", "white space", "all bytes", "image", "controls"],
)
def test_file_without_text_is_listed_and_the_rest_read(source: Path, data: bytes, problem: str) -> None:
    (source / "bad.txt").write_bytes(data)
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "bad.txt", problem)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_byte_order_mark_alone_is_an_empty_file(source: Path, mark: bytes) -> None:
    (source / "bad.txt").write_bytes(mark)
    result, _ = scan(source)
    assert_listed(result, source / "bad.txt", "is empty")


def test_line_of_50_megabytes_is_refused_by_name(source: Path) -> None:
    with (source / "long.txt").open("wb") as file:
        for _ in range(50):
            file.write(b"abcdefg " * (1 << 17))
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "long.txt", "over the limit of 33,554,432")
    assert "--document-bytes-max" in result.stderr


def test_document_limit_holds_for_a_row_too(source: Path) -> None:
    rows = [{"id": "short", "text": GOOD}, {"id": "long", "text": GOOD * 40}]
    (source / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result, documents = scan(source, "--document-bytes-max", "1000")
    assert set(documents) == {"good.txt", "short"}
    assert_listed(result, f"{source / 'rows.jsonl'}, line 2", "over the limit of 1,000")


# --- encodings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "mark", "name"), [("utf-16-le", b"\xff\xfe", "utf-16-le"), ("utf-16-be", b"\xfe\xff", "utf-16-be")]
)
def test_utf_16_is_read_and_told(source: Path, codec: str, mark: bytes, name: str) -> None:
    path = source / "wide.txt"
    path.write_bytes(mark + FRENCH.encode(codec))
    result, documents = scan(source)
    assert documents["wide.txt"]["words"] == 20
    assert f"{path}: not UTF-8, read as {name}" in result.stderr
    (document,) = dedup.documents([path])[0]
    assert document.text.removeprefix("\ufeff") == FRENCH
    assert document.text.encode(document.decoding) == path.read_bytes()


def test_utf_16_that_breaks_off_is_told(source: Path) -> None:
    (source / "wide.txt").write_bytes(GOOD.encode("utf-16") + b"\x61")
    result, documents = scan(source)
    assert documents["wide.txt"]["damage"]["encoding"] > 0
    assert "1 bytes are not valid utf-16-le" in result.stderr


def test_utf_8_with_a_byte_order_mark_is_utf_8(source: Path) -> None:
    (source / "marked.txt").write_bytes(b"\xef\xbb\xbf" + FRENCH.encode())
    result, documents = scan(source)
    assert documents["marked.txt"]["words"] == 20
    assert (result.exit_code, result.stderr) == (0, "")


def test_invalid_byte_in_utf_8_is_told_and_the_rest_kept(source: Path) -> None:
    path = source / "torn.txt"
    path.write_bytes((FRENCH * 20).encode() + b"\xff ends here.\n")
    result, documents = scan(source)
    assert documents["torn.txt"]["words"] == 20 * 20 + 2
    assert f"{path}: 1 bytes are not valid utf-8 and were read as U+FFFD; check" in result.stderr
    assert dedup.documents([path])[0][0].text == FRENCH * 20 + "\ufffd ends here.\n"


@pytest.mark.parametrize(
    "text",
    [
        "Der Zug fährt über die Brücke nach Köln, und später zurück nach Düsseldorf.\n",
        "El niño señaló la montaña: “¿Qué pasará mañana?” preguntó su compañero en español. " * 3,
        "“It’s a long way”, she said – and so it was… for £5 or €6 the café would do. " * 3,
        pytest.param(
            FRENCH * 3,
        ),
    ],
    ids=["German", "Spanish", "English", "French"],
)
def test_windows_1252_is_read_and_told(source: Path, text: str) -> None:
    path = source / "latin.txt"
    path.write_bytes(text.encode("cp1252"))
    result, documents = scan(source)
    assert "latin.txt" in documents
    assert f"{path}: not UTF-8, read as cp" in result.stderr
    assert dedup.documents([path])[0][0].text == text


# --- links, folders, devices -----------------------------------------------------------------------------------


def test_link_to_a_folder_is_not_followed(source: Path) -> None:
    (source / "loop").symlink_to(source)
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "loop", "is a link to a folder")


def test_link_to_itself_is_listed(source: Path) -> None:
    (source / "self").symlink_to("self")
    (source / "ping").symlink_to("pong")
    (source / "pong").symlink_to("ping")
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    for name in ("self", "ping", "pong"):
        assert_listed(result, source / name, "cannot be read")


def test_dangling_link_is_listed(source: Path) -> None:
    (source / "dangling.txt").symlink_to(source / "gone.txt")
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "dangling.txt", "cannot be read (No such file or directory)")


def test_link_out_of_the_source_is_not_read(source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("what lies outside of the source is nobody's business")
    (source / "out.txt").symlink_to(tmp_path / "secret.txt")
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "out.txt", "is a link out of the source")


def test_link_within_the_source_is_read(source: Path) -> None:
    (source / "again.txt").symlink_to("good.txt")
    result, documents = scan(source)
    assert set(documents) == {"good.txt", "again.txt"}
    assert result.exit_code == 0


def test_all_links_are_followed_where_that_is_asked_for(source: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "far.txt").write_text("what lies outside of the source is wanted here")
    (source / "folder").symlink_to(outside)
    (source / "out.txt").symlink_to(outside / "deep" / "far.txt")
    (source / "loop").symlink_to(source)
    (outside / "deep" / "back").symlink_to(outside)
    (source / "gone").symlink_to(tmp_path / "nothing")
    os.mkfifo(outside / "pipe")
    (source / "piped").symlink_to(outside / "pipe")
    result, documents = scan(source, "--links", "follow")
    assert set(documents) == {"good.txt", "out.txt", "folder/deep/far.txt"}
    for name in ("loop", "folder/deep/back"):
        assert_listed(result, source / name, "is a link to a folder that it stands in")
    for name in ("piped", "folder/pipe"):
        assert_listed(result, source / name, "is not a regular file")
    assert_listed(result, source / "gone", "cannot be read")
    assert set(scan(source)[1]) == {"good.txt"}


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK], ids=["character", "block", "socket"])
def test_devices_are_not_opened(source: Path, kind: int) -> None:
    try:
        os.mknod(source / "device", kind | 0o600, os.makedev(1, 3))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "device", "is not a regular file")


def test_a_path_that_looks_like_a_url_is_told_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "me:" / "x@y"
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(folder)
    result, _ = scan(folder.parent)
    assert_listed(result, folder / "link", "is a link to a folder")


def test_fifo_is_not_opened(source: Path) -> None:
    os.mkfifo(source / "pipe")
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "pipe", "is not a regular file")


def test_folder_without_permission_is_listed(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated, since root may list any folder."""
    closed = source / "closed"
    closed.mkdir()
    (closed / "inside.txt").write_text(GOOD)
    listing = os.scandir

    def refusing(path: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", refusing)
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, closed, "cannot be listed (Permission denied)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any folder")
def test_folder_whose_mode_forbids_listing_is_listed(source: Path) -> None:
    (source / "closed").mkdir(mode=0o000)
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "closed", "cannot be listed (Permission denied)")


def test_file_without_permission_is_listed(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / "closed.txt").write_text(GOOD)
    reading = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name == "closed.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return reading(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert_listed(result, source / "closed.txt", "cannot be read (Permission denied)")


# --- ids -------------------------------------------------------------------------------------------------------


def test_two_files_with_one_id_are_told_and_the_first_kept(source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "good.txt"
    other.parent.mkdir()
    other.write_text("Something else altogether, which has the same name as the other and must not be lost sight of.")
    result, documents = scan(source, other.parent)
    assert documents["good.txt"]["words"] == 17
    assert_listed(result, other, "has the id 'good.txt'")
    assert str(source / "good.txt") in result.stderr


def test_id_is_the_path_in_the_folder(source: Path) -> None:
    (source / "a" / "b").mkdir(parents=True)
    (source / "a" / "b" / "deep.txt").write_text(GOOD.upper())
    _, documents = scan(source)
    assert set(documents) == {"a/b/deep.txt", "good.txt"}


NAMES = [b"two words.txt", b"new\nline.txt", "smile 🙂.txt".encode(), b"broken \xff\xfe.txt", b"-n.txt", b"[bold]x.txt"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_any_file_name_is_an_id(source: Path, name: bytes) -> None:
    path = os.fsencode(source) + b"/" + name
    Path(os.fsdecode(path)).write_text("Nothing in this text is like the other one, however it may be called.")
    result, documents = scan(source)
    assert set(documents) == {"good.txt", os.fsdecode(name)}
    assert result.exit_code == 0


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_any_file_name_can_be_told_to_be_unreadable(source: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(source) + b"/" + name)).write_bytes(b"")
    result, documents = scan(source)
    assert set(documents) == {"good.txt"}
    assert result.exit_code == 1
    assert "is empty; remove it" in result.stderr


def test_name_of_broken_bytes_can_be_printed(source: Path) -> None:
    for name in (b"\xff.txt", b"\xfe.txt"):
        Path(os.fsdecode(os.fsencode(source) + b"/" + name)).write_text(GOOD)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(
        [sys.executable, "-m", "dedup.cli", "scan", source], capture_output=True, env=environment, check=False
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0


def test_name_of_broken_bytes_can_be_written_to_a_file(source: Path, tmp_path: Path) -> None:
    for name in (b"\xff.txt", b"\xfe.txt"):
        Path(os.fsdecode(os.fsencode(source) + b"/" + name)).write_text(GOOD)
    result = CliRunner().invoke(main, ["scan", str(source), "-o", str(tmp_path / "page.txt")])
    assert result.exception is None
    assert (tmp_path / "page.txt").exists()


# --- JSON Lines ------------------------------------------------------------------------------------------------


def jsonl(folder: Path, *lines: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def row(**fields: object) -> str:
    return json.dumps({"text": "The text of this row is long enough to be a document.", **fields})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": "x", "text": "never closed', "is not JSON"),
        ("plain words", "is not JSON"),
        ('{"id": "x"}', "has no string under `text`"),
        (row(text=5), "has no string under `text`"),
        (row(text=None), "has no string under `text`"),
        (row(text=["a", "b"]), "has no string under `text`"),
        ('["text"]', "has no string under `text`"),
        ("3", "has no string under `text`"),
        (row(text=""), "is empty"),
        (row(text=" \n"), "is empty"),
        (row(id="first"), "has the id 'first'"),
        pytest.param(
            "[" * 100_000, "is not JSON",
        ),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_bad_row_is_named_and_the_others_read(source: Path, line: str, problem: str) -> None:
    path = jsonl(source, row(id="first"), line, "", row(id="last"))
    result, documents = scan(source)
    assert set(documents) == {"good.txt", "first", "last"}
    assert_listed(result, path, problem)


def test_bad_row_is_named_by_its_line(source: Path) -> None:
    path = jsonl(source, row(id="first"), "", "{")
    result, _ = scan(source)
    assert_listed(result, f"{path}, line 3", "is not JSON")


def test_row_of_invalid_utf_8_is_named(source: Path) -> None:
    path = source / "rows.jsonl"
    path.write_bytes(b'{"text": "torn \xff text"}\n' + row(id="last").encode() + b"\n")
    result, documents = scan(source)
    assert set(documents) == {"good.txt", "last"}
    assert_listed(result, f"{path}, line 1", "is not JSON")


def test_row_without_id_has_its_place_for_one(source: Path) -> None:
    jsonl(source, row(id="first"), "", row(id=None), row(), row(id=0))
    result, documents = scan(source)
    assert set(documents) == {"good.txt", "first", "rows.jsonl#3", "rows.jsonl#4", "0"}
    assert result.exit_code == 0


def test_rows_of_a_file_named_by_itself(source: Path) -> None:
    path = jsonl(source, row(id="first"), row())
    result, documents = scan(path)
    assert set(documents) == {"first", "rows.jsonl#2"}
    assert result.exit_code == 0


def test_locator_of_a_row_holds_its_bytes(source: Path) -> None:
    path = jsonl(source, row(id="é"), row(id="last"))
    (file,) = read.files([path], Config())
    assert isinstance(file, read.SourceFile)
    found = [raw for raw in read.contents(file, Config()) if isinstance(raw, Raw)]
    data = path.read_bytes()
    assert [json.loads(data[raw.locator.start_byte : raw.locator.stop_byte])["id"] for raw in found] == ["é", "last"]


def test_lone_surrogate_in_a_row_is_kept(source: Path) -> None:
    jsonl(source, '{"id": "lone", "text": "half a \\ud83d character stands in this text"}')
    (document,) = [one for one in dedup.documents([source])[0] if one.id == "lone"]
    assert "\ud83d" in document.text
    result, documents = scan(source)
    assert "lone" in documents
    assert result.exit_code == 0


# --- the order, and nothing lost -------------------------------------------------------------------------------


def test_order_of_sources_changes_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(f"{GOOD} {name}")
    forth, _ = scan(tmp_path / "one", tmp_path / "two")
    back, _ = scan(tmp_path / "two", tmp_path / "one")
    assert forth.stdout == back.stdout
    assert forth.exit_code == 0


def test_every_kind_of_trouble_at_once(source: Path) -> None:
    (source / "empty.txt").write_bytes(b"")
    (source / "binary.bin").write_bytes(bytes(range(256)))
    (source / "dangling").symlink_to("gone")
    os.mkfifo(source / "pipe")
    jsonl(source, "{", row(id="ok"))
    result, documents = scan(source)
    assert set(documents) == {"good.txt", "ok"}
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[-6] == "5 could not be read:"
    assert [line.split(":")[0].strip().removeprefix(f"{source}/") for line in lines[-5:]] == [
        "binary.bin", "dangling", "empty.txt", "pipe", "rows.jsonl, line 1",
    ]  # fmt: skip


def test_limit_is_a_limit_of_the_configuration(source: Path) -> None:
    tight = replace(Config(), document_bytes_max=10)
    documents, problems = dedup.documents([source], tight)
    assert documents == []
    assert [problem.path for problem in problems] == [str(source / "good.txt")]
