"""Every form and compression, in and out: the same findings, the same ids, and every other column as it was."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import formats
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from formats import CODECS, FORMS, compressed, http, made, members, plain, tar, warc, zipped
from pyarrow import parquet
from strategies import PARAGRAPHS, article, spun

from dedup import globs, pipeline
from dedup.cli import main, options
from dedup.config import Config
from dedup.report import jsonl

SMALL = Config(bulk_bytes_min=1 << 50, workers=2)
BULK = Config(bulk_bytes_min=0, workers=2)
PAGE = (
    "<html><head><title>T</title><script>var x;</script></head><body><nav><a href=/>Home</a> <a href=/b>About</a></nav>"
)

pytestmark = pytest.mark.usefixtures("temporary")


def rows(**names: str) -> list[dict[str, str]]:
    """Articles and copies of them, with quotes, line ends and other scripts in them, between other columns."""
    texts: dict[str, str] = {}
    for seed in range(3):
        text = article(seed, 9 + seed)
        texts |= {f"{seed}-own": text, f"{seed}-spun": spun(text, seed), f"{seed}-again": text.upper()}
    texts |= {"é": f'"{PARAGRAPHS[0]}"\r\n\t, \\ 漢字 🙂', "ß": f'"{PARAGRAPHS[0]}"; 漢字', "0042": PARAGRAPHS[1] * 3}
    return [
        {"n": f"0{number}", names.get("id", "id"): name, names.get("text", "text"): text,
         names.get("source", "source"): "here", "note": 'a "quoted", note'}
        for number, (name, text) in enumerate(texts.items())
    ]  # fmt: skip


def told(findings: pipeline.Findings) -> list[dict[str, Any]]:
    return [json.loads(jsonl.line(record)) for record in jsonl.scan(findings)]


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], input=stdin)


def scanned(result: Result) -> dict[str, dict[str, Any]]:
    """The documents of a scan by their ids."""
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {record["id"]: record for record in found if record["record"] == "document"}


def listed(result: Result) -> list[tuple[str, str]]:
    """The places and problems that a scan names at its end."""
    unreadable = json.loads(result.stdout.splitlines()[-1])["unreadable"]
    assert all(len(one["remedy"]) > 5 for one in unreadable), "no next step"
    return [(one["path"], one["problem"]) for one in unreadable]


# --- the matrix ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Sequence[dict[str, Any]]:
    """What is found in plain lines."""
    path = tmp_path_factory.mktemp("plain") / "rows.jsonl"
    path.write_bytes(made(rows(), ".jsonl"))
    return told(pipeline.find_duplicates(path, SMALL))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_and_compression_gives_the_same_findings_and_keeps_all_columns(
    tmp_path: Path, form: str, codec: str, expected: Sequence[dict[str, Any]]
) -> None:
    name = f"rows{form}{codec}"
    (tmp_path / name).write_bytes(compressed(made(rows(), form), codec))
    for config in (SMALL, BULK):
        with pipeline.find_duplicates(tmp_path / name, config) as found:
            same = [{**one, "memory_bytes": None} if one["record"] == "summary" else one for one in told(found)]
            if config is SMALL:
                assert same == expected
            assert [one for one in same if one["record"] == "cluster"] == [
                one for one in expected if one["record"] == "cluster"
            ]
    result = run("clean", tmp_path / name, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "out" / "documents").iterdir()] == [name]
    written = formats.read(plain((tmp_path / "out" / "documents" / name).read_bytes(), codec), form)
    stays = [one["id"] for one in expected if one["record"] == "document" and one["status"] != "duplicate"]
    whole = formats.read(made(rows(), form), form)
    assert 3 < len(stays) < len(whole)
    assert written == [row for row in whole if row["id"] in stays]
    again = pipeline.find_duplicates(tmp_path / "out" / "documents" / name, SMALL)
    assert sorted(again.corpus.ids) == sorted(stays)


@pytest.mark.parametrize("form", FORMS[:-1])
def test_columns_may_have_other_names(tmp_path: Path, form: str, expected: Sequence[dict[str, Any]]) -> None:
    path = tmp_path / f"rows{form}.xz"
    path.write_bytes(compressed(made(rows(text="body", id="key", source="site"), form), ".xz"))
    config = Config(text_column="body", id_column="key", source_column="site", bulk_bytes_min=1 << 50)
    with pipeline.find_duplicates(path, config) as found:
        assert told(found) == expected
        assert found.corpus.origins is not None
        assert len(set(found.corpus.origins.tolist())) == 1
    named = ("--text-column", "body", "--id-column", "key", "--source-column", "site")
    result = run("clean", path, "-o", tmp_path / "out", *named)
    assert result.exit_code == 0, result.output
    written = formats.read(plain((tmp_path / "out" / "documents" / path.name).read_bytes(), ".xz"), form)
    stays = {one["id"] for one in expected if one["record"] == "document" and one["status"] != "duplicate"}
    assert written == [row for row in formats.read(made(rows(text="body", id="key", source="site"), form), form)
                       if row["key"] in stays]  # fmt: skip


@pytest.mark.parametrize("form", FORMS[:-1])
def test_records_without_ids_go_by_their_rows(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"rows{form}"
    path.write_bytes(made([{"text": text, "n": "1"} for text in PARAGRAPHS], form))
    assert list(scanned(run("scan", path, "--format", "jsonl"))) == [
        f"rows{form}#{row}" for row in range(1, len(PARAGRAPHS) + 1)
    ]


BROKEN = "Die Brücke über den Fluß wurde für das Jubiläum schön geschmückt. ".encode().decode("cp1252") * 3


@pytest.mark.parametrize("form", FORMS[:-1])
@pytest.mark.parametrize("column", ["text", "body"])
def test_mended_text_stands_in_its_column_and_nothing_else_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, column: str
) -> None:
    given = [
        {"n": "1", column: BROKEN, "id": "a"}, {"n": "2", column: PARAGRAPHS[0], "id": "b"},
        {"n": "3", column: PARAGRAPHS[2], "id": "c"},
    ]  # fmt: skip
    path = tmp_path / f"rows{form}"
    path.write_bytes(made(given, form))
    assert run("clean", path, "-o", tmp_path / "out", "--text-column", column).exit_code == 0
    written = formats.read((tmp_path / "out" / "documents" / path.name).read_bytes(), form)
    assert [row["n"] for row in written] == ["1", "2", "3"]
    assert written[0][column] == BROKEN.encode("cp1252").decode()
    assert written[1] == given[1]


# --- delimited files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_told_by_the_header(tmp_path: Path, delimiter: str) -> None:
    lines = [["id", "text", "x"], ["1", '"' + PARAGRAPHS[0] + '"', ""], ["2", '"' + PARAGRAPHS[1] + '"', "y"]]
    data = "\ufeff" + "".join(delimiter.join(line) + "\r\n" for line in lines)
    (tmp_path / "rows.csv").write_bytes(data.encode())
    result = run("clean", tmp_path / "rows.csv", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "documents" / "rows.csv").read_bytes() == data.encode()


def test_bad_rows_are_named_and_the_others_read_and_kept_byte_for_byte(tmp_path: Path) -> None:
    good, other = f'a,"{PARAGRAPHS[0]}\n\nand ""more""",1\n'.encode(), f"b,'{PARAGRAPHS[1]}'\r\n".replace(",", ";")
    last = b"f,plain words that end without a line end,9"
    data = b"id,text,n\n" + good + b"\n" + b"b,too few\n" + b"c,,3\n" + b'd,"x"y,4\n' + b"e,\xff\xfe,5\n" + last
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    assert other
    result = run("scan", path, "--format", "jsonl")
    assert result.exit_code == 1
    assert set(scanned(result)) == {"a", "f"}
    assert listed(result) == [
        (f"{path}, row 2", "has 2 fields, where the header has 3"),
        (f"{path}, row 3", "has no text"),
        (f"{path}, row 4", "cannot be read as CSV (',' expected after '\"')"),
        (f"{path}, row 5", "is not UTF-8 (invalid start byte)"),
    ]
    run("clean", path, "-o", tmp_path / "out")
    assert (tmp_path / "out" / "documents" / "rows.csv").read_bytes() == b"id,text,n\n" + good + last


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"id,body\n1,x\n", "has no column `text`"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"id,text\n", "is empty"),
        (b"id,text,text\n1,2,3\n", "has several columns `text`"),
        ("id,text\n1,ü".encode("utf-16"), "is in UTF-16"),
        (b'id,text\n1,"never closed', "cannot be read as CSV (unexpected end of data)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_delimited_file_without_texts_is_named(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    result = run("scan", path, "--format", "jsonl")
    assert result.exit_code == 1
    ((place, said),) = listed(result)
    assert place.startswith(str(path))
    assert said == problem


def test_line_over_the_limit_ends_a_delimited_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(f'id,text\n1,"{PARAGRAPHS[0]}"\n2,{"x" * 5000}\n'.encode())
    result = run("scan", path, "--format", "jsonl", "--document-bytes-max", 2000)
    assert set(scanned(result)) == {"1"}
    assert listed(result) == [
        (f"{path}, row 1", "is the last that could be unpacked (a line is over the limit of 2,000 bytes)")
    ]


# --- Arrow -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream], ids=["file", "stream"])
def test_arrow_files_keep_schema_metadata_format_and_compression(
    tmp_path: Path, new: Any, compression: str | None
) -> None:
    table = pa.table(
        {
            "n": pa.array(range(12), pa.int16()),
            "text": pa.array([f"{number} {article(number % 6)}" for number in range(12)], pa.large_string()),
            "kind": pa.array(["a", None, "b"] * 4).dictionary_encode(),
            "nested": [{"x": [number]} for number in range(12)],
        }
    ).replace_schema_metadata({"made by": "hand"})
    path = tmp_path / "rows.arrow"
    with new(str(path), table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=5)
    assert run("clean", path, "-o", tmp_path / "out").exit_code == 0
    out = (tmp_path / "out" / "documents" / "rows.arrow").read_bytes()
    assert (out[:6] == b"ARROW1") == (new is pa.ipc.new_file)
    found = (pa.ipc.open_file if new is pa.ipc.new_file else pa.ipc.open_stream)(out).read_all()
    assert found.schema.equals(table.schema, check_metadata=True)
    kept = found.column("n").to_pylist()
    assert 4 < len(kept) < 12
    assert found.to_pylist() == [table.to_pylist()[number] for number in kept]
    marks = {None: b"", "lz4": b"\x04\x22\x4d\x18", "zstd": b"\x28\xb5\x2f\xfd"}
    assert marks[compression] in out
    assert all(mark not in out for name, mark in marks.items() if name not in (None, compression))


@pytest.mark.parametrize("cut", [3, 100, -200])
@pytest.mark.parametrize("form", [".arrow", ".arrows"])
def test_arrow_file_cut_short_is_named(tmp_path: Path, form: str, cut: int) -> None:
    path = tmp_path / f"rows{form}"
    path.write_bytes(made(rows(), form)[:cut])
    result = run("scan", path, "--format", "jsonl")
    assert result.exit_code == 1
    places = listed(result)
    assert places[0][0].startswith(str(path))
    assert "is no whole Arrow file" in places[0][1] or "is the last that could be unpacked" in places[0][1]


def test_arrow_file_with_numbers_and_nulls_for_texts(tmp_path: Path) -> None:
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), (table := pa.table({"text": [1, 2]})).schema) as writer:
        writer.write_table(table)
    with pa.ipc.new_file(str(tmp_path / "b.arrow"), (table := pa.table({"text": [PARAGRAPHS[0], None]})).schema) as it:
        it.write_table(table)
    (tmp_path / "c.feather").write_bytes(b"FEA1" + bytes(100))
    result = run("scan", tmp_path, "--format", "jsonl")
    assert set(scanned(result)) == {"b.arrow#1"}
    assert listed(result) == [
        (str(tmp_path / "a.arrow"), "has int64 in the column `text`, not text"),
        (f"{tmp_path / 'b.arrow'}, row 2", "has no text"),
        (str(tmp_path / "c.feather"), "is in the first version of Feather"),
    ]


def test_folder_of_a_hugging_face_dataset_is_its_rows(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "data-00000-of-00001.arrow").write_bytes(made([{"text": PARAGRAPHS[0]}], ".arrows"))
    (folder / "dataset_dict.json").write_text('{"splits": ["train"]}')
    for name in ("state.json", "dataset_info.json"):
        (folder / "train" / name).write_text("{}")
    result = run("scan", folder, "--format", "jsonl")
    assert (set(scanned(result)), result.exit_code) == ({"train/data-00000-of-00001.arrow#1"}, 0)


# --- HTML and WARC ---------------------------------------------------------------------------------------------


def page(text: str) -> bytes:
    paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
    return f"{PAGE}<article><h1>Title</h1>{paragraphs}</article><footer>Imprint</footer></body></html>".encode()


def test_main_text_of_html_is_compared_and_pages_are_kept_byte_for_byte(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", reason="the extra `html` is not installed")
    text = article(1, 20)
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.html").write_bytes(page(text))
    (source / "b.htm.gz").write_bytes(compressed(page(text).replace(b"Imprint", b"Other words"), ".gz"))
    (source / "c.html").write_bytes(page(BROKEN * 3))
    result = run("scan", source, "--format", "jsonl")
    found = scanned(result)
    assert set(found) == {"a.html", "b.htm.gz", "c.html"}
    assert sorted(one["status"] for one in found.values()) == ["canonical", "duplicate", "unique"]
    assert found["a.html"]["words"] < len(text.split()) + 8
    assert run("clean", source, "-o", tmp_path / "out").exit_code == 0
    for path in (tmp_path / "out" / "documents").iterdir():
        assert path.read_bytes() == (source / path.name).read_bytes()
    fates = (tmp_path / "out" / "manifest.jsonl").read_text()
    assert '"restored"' not in fates, "no edit can be made in markup"
    assert not (tmp_path / "out" / "edits.jsonl").exists()


def test_all_seen_text_of_html_takes_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)
    path = tmp_path / "a.html"
    path.write_bytes(page("One &amp; two\n\nthree<br>four <b>bold</b>ly <span hidden>never</span>seen"))
    with pipeline.find_duplicates(path, Config(html="text")) as found:
        assert pipeline.document_at(found.corpus, 0).text.splitlines() == [
            "Home About", "Title", "One & two", "three", "four boldly seen", "Imprint",
        ]  # fmt: skip
    with pipeline.find_duplicates(path, Config(html="source")) as found:
        assert pipeline.document_at(found.corpus, 0).text == path.read_text()
    with pipeline.find_duplicates(path, Config()) as found:
        assert "pip install 'dedup-text[html]'" in found.problems[0].remedy


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>Straße".encode("latin-1"), "Straße"),
        (b'<meta charset="koi8-r"><p>' + "Дом".encode("koi8-r"), "Дом"),
        ("<p>Дом".encode("utf-16"), "Дом"),
        (b'<meta charset="no such thing"><p>caf\xc3\xa9', "café"),
        (b"<p>\x93quoted\x94", "“quoted”"),
    ],
)
def test_encoding_of_a_page_is_told_as_browsers_do(tmp_path: Path, data: bytes, text: str) -> None:
    (tmp_path / "a.html").write_bytes(data)
    with pipeline.find_duplicates(tmp_path / "a.html", Config(html="text")) as found:
        assert pipeline.document_at(found.corpus, 0).text == text + "\n"


def test_page_without_main_text_is_named(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura", reason="the extra `html` is not installed")
    (tmp_path / "a.html").write_bytes(b"<html><body></body></html>")
    result = run("scan", tmp_path, "--format", "jsonl")
    assert listed(result) == [(str(tmp_path / "a.html"), "is HTML in which no main text is found")]


@pytest.mark.parametrize("codec", ["", ".gz"])
def test_crawl_keeps_all_but_dropped_pages(tmp_path: Path, codec: str) -> None:
    pytest.importorskip("fastwarc", reason="the extra `warc` is not installed")
    text = article(4, 20)
    records = [
        warc("warcinfo", "info", "application/warc-fields", b"software: none\r\n"),
        warc("request", "q1", "application/http; msgtype=request", b"GET / HTTP/1.1\r\n\r\n"),
        warc("response", "r1", "application/http; msgtype=response", http(page(text))),
        warc("response", "r2", "application/http; msgtype=response", http(page(text).replace(b"<p>", b"<p class=x>"))),
        warc("response", "r3", "application/http; msgtype=response", http(b"\x89PNG", "image/png")),
        warc("response", "r4", "application/http; msgtype=response", http(page(article(9)), status=404)),
        warc("conversion", "r5", "text/plain", PARAGRAPHS[0].encode(), "https://other.example:8080/x"),
    ]
    path = tmp_path / f"crawl.warc{codec}"
    path.write_bytes(b"".join(compressed(one, codec) for one in records))
    result = run("scan", path, "--format", "jsonl", "--html", "text")
    assert result.exit_code == 0, result.output
    assert {name: one["status"] for name, one in scanned(result).items()} == {
        "r1": "canonical", "r2": "duplicate", "r5": "unique",
    }  # fmt: skip
    assert run("clean", path, "-o", tmp_path / "out", "--html", "text").exit_code == 0
    out = (tmp_path / "out" / "documents" / path.name).read_bytes()
    assert plain(out, codec) == b"".join(one for number, one in enumerate(records) if number != 3)
    if codec:
        assert out.count(b"\x1f\x8b\x08") >= 6, "a member for each record"
    by_uri = run("scan", path, "--format", "jsonl", "--html", "text", "--id-column", "WARC-Date")
    assert next(problem for _, problem in listed(by_uri)).startswith("has the id '2026-01-01T00:00:00Z', which")


def test_crawl_that_breaks_off_is_read_up_to_there(tmp_path: Path) -> None:
    pytest.importorskip("fastwarc", reason="the extra `warc` is not installed")
    whole = made(rows(), ".warc")
    for number, cut in enumerate((len(whole) - 40, len(whole) // 2)):
        path = tmp_path / f"{number}.warc"
        path.write_bytes(whole[:cut])
        result = run("scan", path, "--format", "jsonl")
        found = scanned(result)
        assert 2 < len(found) < len(rows())
        ((place, problem),) = listed(result)
        assert place == f"{path}, record {len(found)}"
        assert problem.startswith("is the last that could be unpacked (")
    (tmp_path / "no.warc").write_bytes(b"no crawl at all\n")
    assert listed(run("scan", tmp_path / "no.warc", "--format", "jsonl"))[0][1].startswith("is no whole WARC file (")


def test_library_for_crawls_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastwarc", None)
    monkeypatch.setitem(sys.modules, "fastwarc.warc", None)
    (tmp_path / "a.warc").write_bytes(made(rows(), ".warc"))
    result = run("scan", tmp_path / "a.warc")
    assert result.exit_code == 1
    assert "pip install 'dedup-text[warc]'" in result.stderr


# --- archives --------------------------------------------------------------------------------------------------


def packed(name: str, held: dict[str, bytes]) -> bytes:
    """An archive of the form and compression that its name tells."""
    end = Path(name).suffix
    return zipped(held) if end == ".zip" else tar(held, {".tar": "", ".tgz": ".gz"}.get(end, end))


ARCHIVES = ("all.tar", "all.tgz", "all.tar.gz", "all.tar.zst", "all.tar.bz2", "all.tar.xz", "all.zip")


@pytest.mark.parametrize("name", ARCHIVES)
def test_archive_is_read_as_a_folder_and_written_as_an_archive(tmp_path: Path, name: str) -> None:
    text = article(2, 12)
    inner = {"z.txt": PARAGRAPHS[2].encode(), "again.txt": text.upper().encode()}
    held = {
        "deep/er/a.txt": text.encode(),
        "b.txt.xz": compressed(spun(text).encode(), ".xz"),
        "rows.csv.gz": compressed(made([{"id": "r1", "text": text.upper(), "n": "1"},
                                        {"id": "r2", "text": PARAGRAPHS[0], "n": "2"}], ".csv"), ".gz"),
        "rows.parquet": made([{"id": "p1", "text": PARAGRAPHS[1]}], ".parquet"),
        "inner.zip": zipped(inner),
        ".hidden": b"\0\0",
        "./odd//name.txt": b"An odd name in an archive, and words enough to be a document.",
    }  # fmt: skip
    path = tmp_path / name
    path.write_bytes(packed(name, held))
    result = run("scan", path, "--format", "jsonl")
    assert result.exit_code == 0, result.output
    found = scanned(result)
    assert set(found) == {
        f"{name}/deep/er/a.txt", f"{name}/b.txt.xz", "r1", "r2", "p1", f"{name}/inner.zip/z.txt",
        f"{name}/inner.zip/again.txt", f"{name}/odd/name.txt",
    }  # fmt: skip
    stays = {key for key, one in found.items() if one["status"] != "duplicate"}
    assert len(stays) == len(found) - 3
    with pipeline.find_duplicates(path, BULK) as bulk:
        assert set(bulk.corpus.ids) == set(found)
        assert len(bulk.clusters) == 1
    assert run("clean", path, "-o", tmp_path / "out").exit_code == 0
    documents = tmp_path / "out" / "documents"
    assert [one.name for one in documents.iterdir()] == [name]
    out = members(documents / name)
    assert list(out) == [one.removeprefix("./").replace("//", "/") for one in held if one != ".hidden"
                         and f"{name}/{one}" not in set(found) - stays]  # fmt: skip
    for one in ("rows.parquet", "deep/er/a.txt", "b.txt.xz"):
        if one in out:
            assert formats.read(out[one], ".parquet") if one == "rows.parquet" else out[one] == held[one]
    assert [row["id"] for row in formats.read(plain(out["rows.csv.gz"], ".gz"), ".csv")] == sorted(stays & {"r1", "r2"})
    again = scanned(run("scan", documents / name, "--format", "jsonl"))
    assert set(again) == stays
    if not name.endswith(".zip"):
        with (
            tarfile.open(documents / name)
            if not name.endswith(".zst")
            else tarfile.open(fileobj=io.BytesIO(plain((documents / name).read_bytes(), ".zst"))) as archive
        ):
            assert {(info.mtime, info.mode) for info in archive} == {(1_600_000_000, 0o640)}


def test_archives_in_folders_keep_their_place(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "note.txt").write_text(PARAGRAPHS[0])
    for number, place in enumerate(("a.tar", "sub/a.tar")):
        lines = made([{"id": place, "text": article(number)}], ".jsonl")
        (source / place).write_bytes(tar({"x.txt": PARAGRAPHS[1 + number].encode(), "rows.jsonl": lines}))
    assert run("clean", source, "-o", tmp_path / "out").exit_code == 0
    documents = tmp_path / "out" / "documents"
    assert sorted(one.relative_to(documents).as_posix() for one in documents.rglob("*") if one.is_file()) == [
        "a.tar", "note.txt", "sub/a.tar",
    ]  # fmt: skip
    for place in ("a.tar", "sub/a.tar"):
        assert members(documents / place) == members(source / place)


def test_archives_of_one_name_in_two_sources_stay_apart(tmp_path: Path) -> None:
    for number, folder in enumerate(("one", "two")):
        (tmp_path / folder).mkdir()
        data = made([{"id": folder, "text": article(number)}], ".jsonl")
        (tmp_path / folder / "a.tar").write_bytes(tar({"rows.jsonl": data}))
    result = run("clean", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    for folder in ("one", "two"):
        assert members(tmp_path / "out" / "documents" / folder / "a.tar") == members(tmp_path / folder / "a.tar")


# --- standard input and globs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("form", [".jsonl", ".parquet", ".arrow", ".arrows", ".warc"])
def test_standard_input_is_told_by_its_first_bytes(form: str, codec: str, expected: Sequence[dict[str, Any]]) -> None:
    result = run("scan", "-", "--format", "jsonl", stdin=compressed(made(rows(), form), codec))
    assert result.exit_code == 0, result.output
    assert list(scanned(result)) == [one["id"] for one in expected if one["record"] == "document"]


def test_standard_input_of_any_form_by_a_name(tmp_path: Path) -> None:
    data = compressed(made([{"text": text, "n": "1"} for text in PARAGRAPHS], ".csv"), ".bz2")
    result = run("clean", "-", "--stdin-name", "rows.csv.bz2", "-o", tmp_path / "out", stdin=data)
    assert result.exit_code == 0, result.output
    out = (tmp_path / "out" / "documents" / "rows.csv.bz2").read_bytes()
    assert plain(out, ".bz2") == plain(data, ".bz2")
    assert '"rows.csv.bz2#1"' in (tmp_path / "out" / "manifest.jsonl").read_text()


@pytest.mark.parametrize("data", [PARAGRAPHS[0].encode(), compressed(PARAGRAPHS[0].encode(), ".gz"),
                                  tar({"a.txt": PARAGRAPHS[0].encode()}), zipped({"a.txt": PARAGRAPHS[0].encode()})],
                         ids=["text", "gzip", "tar", "zip"])  # fmt: skip
def test_standard_input_may_be_a_text_or_an_archive(data: bytes) -> None:
    result = run("scan", "-", "--format", "jsonl", stdin=data)
    assert list(scanned(result)) in (["stdin"], ["stdin/a.txt"])


def test_empty_standard_input_and_too_long_a_text_are_named() -> None:
    assert listed(run("scan", "-", "--format", "jsonl", stdin=b"")) == [("<stdin>", "is empty")]
    long = run("scan", "-", "--format", "jsonl", "--document-bytes-max", 10, stdin=b"x" * 100)
    assert "over the limit" in listed(long)[0][1]


def test_globs_choose_files_of_folders_and_archives(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("a.txt", "b.md", "deep/c.txt", "deep/er/d.txt", "skip/e.txt", "deep/er/skip.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"{name} {PARAGRAPHS[0]}")
    (source / "all.zip").write_bytes(zipped({"f.txt": b"f " + PARAGRAPHS[1].encode(), "g.md": b"g g g"}))

    def chosen(*arguments: str) -> set[str]:
        return set(scanned(run("scan", source, "--format", "jsonl", *arguments)))

    texts = {"a.txt", "deep/c.txt", "deep/er/d.txt", "skip/e.txt", "deep/er/skip.txt", "all.zip/f.txt"}
    assert chosen("--include", "*.txt") == texts
    assert chosen("--include", "*.txt", "--exclude", "skip") == texts - {"skip/e.txt"}
    assert chosen("--include", "*.txt", "--exclude", "**/skip*") == texts - {"skip/e.txt", "deep/er/skip.txt"}
    assert chosen("--include", "deep/*.txt") == {"deep/c.txt"}
    assert chosen("--include", "deep") == {"deep/c.txt", "deep/er/d.txt", "deep/er/skip.txt"}
    assert chosen("--include", "/?.txt", "--include", "[!a-b].md") == {"a.txt", "all.zip/g.md"}
    assert chosen("--exclude", "*.zip", "--exclude", "*.txt") == {"b.md"}
    nothing = run("scan", source, "--format", "jsonl", "--include", "*.none", "--exclude", "*.zip")
    assert listed(nothing) == [(str(source), "holds no files that are asked for")]


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("deep/**", ("deep/a", "deep/er/b"), ("a", "un/deep/a")),
        ("a**z", ("az", "a/b/z", "x/az"), ("a/b/zy",)),
        ("**/b.txt", ("b.txt", "a/b.txt", "a/a/b.txt"), ("bb.txt",)),
        ("./a/*.txt", ("a/b.txt",), ("b/a/b.txt",)),
        ("/a/", ("a", "a/b"), ("b/a",)),
        ("a?c", ("abc", "x/abc"), ("a/c", "ac")),
        ("[a-c]x", ("bx",), ("dx", "[a-c]x")),
        ("[!a-c]x", ("dx",), ("bx",)),
        ("[]]x", ("]x",), ("x",)),
        ("[ab", ("[ab",), ("a", "b")),
        ("[z-a].txt", ("[z-a].txt",), ("z.txt", "a.txt")),  # no range: taken as it is written
        ("a.b", ("a.b",), ("axb",)),
        ("[\\\\]x", ("\\x",), ("x",)),
    ],
)
def test_each_sign_of_a_glob_means_what_is_said(pattern: str, fits: Sequence[str], fits_not: Sequence[str]) -> None:
    for path, chosen in [*((one, True) for one in fits), *((one, False) for one in fits_not)]:
        assert globs.selected(path, Config(include=(pattern,))) == chosen, path
        assert globs.selected(path, Config(exclude=(pattern,))) != chosen, path
        assert not globs.selected(path, Config(include=(pattern,), exclude=(pattern,)))


def test_a_file_named_by_itself_is_read_whatever_the_globs(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(PARAGRAPHS[0])
    assert set(scanned(run("scan", tmp_path / "a.md", "--format", "jsonl", "--include", "*.txt"))) == {"a.md"}


def test_all_documents_mended_come_back_in_their_forms(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    held = {"a.txt.gz": compressed(BROKEN.encode(), ".gz"), "b.txt": PARAGRAPHS[0].encode(),
            "rows.csv": made([{"text": BROKEN, "id": "x", "n": "1"}], ".csv"), "c.html": page(BROKEN)}  # fmt: skip
    (source / "all.zip").write_bytes(zipped(held))
    result = run("check", source, "--fix", "-o", tmp_path / "out", "--html", "text")
    assert result.exit_code == 0, result.output
    out = members(tmp_path / "out" / "documents" / "all.zip")
    mended = BROKEN.encode("cp1252")
    assert list(out) == list(held)
    assert plain(out["a.txt.gz"], ".gz") == mended
    assert [row["text"] for row in formats.read(out["rows.csv"], ".csv")] == [mended.decode()]
    assert (out["b.txt"], out["c.html"]) == (held["b.txt"], held["c.html"])
    edits = (tmp_path / "out" / "edits.jsonl").read_text()
    assert '"all.zip/a.txt.gz"' in edits
    assert "c.html" not in edits


def test_diff_and_restore_read_members_of_archives_and_standard_input(tmp_path: Path) -> None:
    text = article(3, 12)
    (tmp_path / "one.zip").write_bytes(zipped({"one.txt": text.encode()}))
    (tmp_path / "two.tar").write_bytes(tar({"two.txt": spun(text).encode()}))
    assert run("diff", tmp_path / "one.zip", tmp_path / "two.tar").exit_code == 0
    assert run("restore", tmp_path / "two.tar", "--witness", tmp_path / "one.zip").stdout == text
    assert run("restore", "-", "--witness", tmp_path / "one.zip", stdin=spun(text).encode()).stdout == text
    itself = run("restore", tmp_path / "two.tar", "--witness", tmp_path / "two.tar")
    assert itself.stdout == spun(text), "a document is no witness of itself"


def test_standard_input_and_a_file_of_its_name_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for config in (SMALL, BULK):
        monkeypatch.setattr(options, "config", lambda _, config=config: config)
        Path("stdin").write_text(PARAGRAPHS[0])
        result = run("scan", "-", "stdin", "--format", "jsonl", stdin=made([{"text": PARAGRAPHS[1]}], ".jsonl"))
        assert set(scanned(result)) == {"stdin", "stdin#1"}


@pytest.mark.parametrize("name", ["../rows.csv", "", "..", "a/b.jsonl"])
def test_name_of_standard_input_leads_nowhere(name: str) -> None:
    assert run("scan", "-", "--stdin-name", name, stdin=b"x").exit_code == 2


def test_columns_must_differ_and_have_names(tmp_path: Path) -> None:
    assert run("scan", tmp_path, "--text-column", "id").exit_code == 2
    assert run("scan", tmp_path, "--text-column", "").exit_code == 2


def test_compressed_texts_are_written_as_they_came_or_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "config", lambda _: SMALL)
    source = tmp_path / "source"
    source.mkdir()
    for codec in CODECS[1:]:
        (source / f"{codec[1:]}.txt{codec}").write_bytes(compressed(f"{codec} {article(len(codec))}".encode(), codec))
    (source / "broken.txt.gz").write_bytes(compressed(BROKEN.encode(), ".gz"))
    assert run("clean", source, "-o", tmp_path / "out").exit_code == 0
    documents = {path.name: path.read_bytes() for path in (tmp_path / "out" / "documents").iterdir()}
    assert plain(documents.pop("broken.txt.gz"), ".gz").decode() == BROKEN.encode("cp1252").decode()
    assert len(documents) > 1
    assert all(data == (source / name).read_bytes() for name, data in documents.items())


def test_ids_of_parquet_stay_with_other_names_of_columns(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"body": list(PARAGRAPHS[:2]), "key": [7, 8]}), tmp_path / "rows.parquet")
    result = run("scan", tmp_path, "--format", "jsonl", "--text-column", "body", "--id-column", "key")
    assert set(scanned(result)) == {"7", "8"}


def test_json_lines_named_json_are_records(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(made(rows(), ".jsonl"))
    lines = tmp_path / "same" / "rows.jsonl"
    lines.parent.mkdir()
    lines.write_bytes(path.read_bytes())
    assert scanned(run("scan", path, "--format", "jsonl")) == scanned(run("scan", lines, "--format", "jsonl"))
    named = run("scan", "-", "--stdin-name", "rows.json", "--format", "jsonl", stdin=path.read_bytes())
    assert scanned(named) == scanned(run("scan", lines, "--format", "jsonl"))


@pytest.mark.parametrize(
    "text", ['{"text": "one two three"}', '{\n"text": "one"\n}', "[1]\n[2]\n", "{}\nno object", "one two three\n{}"]
)
def test_other_files_named_json_are_one_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert list(scanned(run("scan", tmp_path, "--format", "jsonl"))) == ["a.json"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_on_standard_input_are_known_by_a_header_with_the_column_of_texts(delimiter: str) -> None:
    data = "".join(delimiter.join(row) + "\r\n" for row in (("id", "text"), ("a", "one two"), ("b", "three four")))
    assert list(scanned(run("scan", "-", "--format", "jsonl", stdin=data.encode()))) == ["a", "b"]


@pytest.mark.parametrize(
    "text", ["This is a text, text, and more\nin lines", "text\nmore", "id,text", "id,words\na,b\n"]
)
def test_texts_on_standard_input_are_no_rows(text: str) -> None:
    assert list(scanned(run("scan", "-", "--format", "jsonl", stdin=text.encode()))) == ["stdin"]
