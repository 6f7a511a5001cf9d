"""Compressed lines and Parquet give what plain lines give; what is broken is named; nothing stays behind."""

from __future__ import annotations

import gc
import gzip
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from packing import PACKED, SUFFIXES, compressed, lines_of, pack
from pyarrow import parquet
from strategies import PARAGRAPHS, article, noised, spun

import dedup
from dedup import pipeline, read
from dedup import spool as spools
from dedup.bulk import flow
from dedup.bulk import read as bulk_read
from dedup.bulk import sketch as bulk_sketch
from dedup.cli import main
from dedup.config import Config
from dedup.engines import local
from dedup.model import DedupError, SourceFile
from dedup.packed import codecs as packed_codecs
from dedup.packed import files as packed_files
from dedup.packed import parquet as packed_parquet
from dedup.report import jsonl
from dedup.spool import Spool

SMALL = Config(bulk_bytes_min=1 << 50, workers=2)
BULK = Config(bulk_bytes_min=0, workers=2)
GOOD = "An ordinary document with enough words to count as one, and nothing wrong with it at all.\n"

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is cut into pieces so short that most records reach into the next one."""
    monkeypatch.setattr(bulk_read, "PARTITION_BYTES", 2000)
    monkeypatch.setattr(bulk_sketch, "SAMPLE_BYTES", 1 << 20)
    monkeypatch.setattr(packed_codecs, "PIECE_BYTES", 700)
    monkeypatch.setattr(packed_parquet, "ROWS_MAX", 3)


def records() -> list[dict[str, Any]]:
    """Articles and copies of them, with quotes, line ends and other scripts in them, and other columns."""
    texts: dict[str, str] = {}
    for seed in range(4):
        text = article(seed, 9 + seed)
        texts |= {f"{seed}-own": text, f"{seed}-spun": spun(text, seed), f"{seed}-again": text.upper()}
        texts |= {f"{seed}-scan": noised(text, seed, 0.2)} if seed % 2 else {}
    texts |= {"é": f'"{PARAGRAPHS[0]}"\r\n\t\\ 漢字 🙂 \x01\x7f', "ß": f'"{PARAGRAPHS[0]}" 漢字'}
    return [{"n": number, "id": name, "text": text} for number, (name, text) in enumerate(texts.items())]


def told(findings: pipeline.Findings) -> list[dict[str, Any]]:
    return [json.loads(jsonl.line(record)) for record in jsonl.scan(findings)]


def scan(*arguments: object) -> tuple[Result, set[str]]:
    """The result of a scan, and the ids it read."""
    result = CliRunner().invoke(main, ["scan", *map(str, arguments), "--format", "jsonl"])
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return result, {record["id"] for record in found if record["record"] == "document"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one document in it that is as it should be."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "good.txt").write_text(GOOD)
    return folder


def assert_listed(result: Result, place: object, problem: str) -> None:
    """One line at the end names the place, what is wrong and what to do; exit status 1."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    (line,) = [line for line in result.stderr.splitlines() if line.strip().startswith(f"{place}: {problem}")]
    assert len(line.rpartition("; ")[2]) > 5, "no next step"
    unreadable = json.loads(result.stdout.splitlines()[-1])["unreadable"]
    assert [record for record in unreadable if record["problem"].startswith(problem) and record["remedy"]]


# --- the same in every form ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_form_gives_the_findings_of_plain_lines(tmp_path: Path, suffix: str, config: Config) -> None:
    plain = pipeline.find_duplicates(pack(tmp_path / "plain.jsonl", records()), config)
    with pipeline.find_duplicates(pack(tmp_path / f"rows{suffix}", records()), config) as found:
        assert told(found) == told(plain)
        assert [pipeline.document_at(found.corpus, at).text for at in range(len(found.corpus))] == [
            pipeline.document_at(plain.corpus, at).text for at in range(len(plain.corpus))
        ]
    assert len(found.clusters) == 4


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_both_ways_read_a_form_alike(tmp_path: Path, suffix: str) -> None:
    rows = [{"id": None if row["n"] % 3 else row["id"], "text": row["text"]} for row in records()]
    rows[4:4] = [{"id": "blank", "text": "  "}, {"id": None, "text": ""}, {"id": rows[0]["id"], "text": GOOD}]
    path = pack(tmp_path / f"rows{suffix}", rows)
    small, bulk = (pipeline.find_duplicates(path, config) for config in (SMALL, BULK))
    assert list(small.corpus.ids) == list(bulk.corpus.ids)
    assert f"rows{suffix}#2" in bulk.corpus.ids
    assert small.corpus.starts.tolist() == bulk.corpus.starts.tolist()
    assert small.corpus.words.tolist() == bulk.corpus.words.tolist()
    assert sorted(map(str, small.problems)) == sorted(map(str, bulk.problems))
    word = "row" if suffix == ".parquet" else "line"
    assert {problem.path for problem in bulk.problems} == {f"{path}, {word} {row}" for row in (5, 6, 7)}


@pytest.mark.parametrize("suffix", PACKED)
def test_forms_may_be_mixed_and_their_order_changes_nothing(tmp_path: Path, suffix: str) -> None:
    rows = records()
    paths = [
        pack(tmp_path / "a" / f"one{suffix}", rows[::3]),
        pack(tmp_path / "two.jsonl", rows[1::3]),
        pack(tmp_path / "b" / f"one{suffix}", rows[2::3]),
    ]
    whole = pipeline.find_duplicates(pack(tmp_path / "all.jsonl", rows), BULK)
    for order in (paths, paths[::-1]):
        assert told(pipeline.find_duplicates(order, BULK)) == told(whole)


@pytest.mark.parametrize("suffix", PACKED)
def test_name_of_a_form_is_known_in_any_case_and_at_any_depth(source: Path, suffix: str) -> None:
    path = pack(source / "a" / f"rows{suffix}", [{"text": GOOD + "x"}])
    path.rename(path.with_name(f"Rows{suffix.upper()}"))
    result, ids = scan(source)
    assert ids == {"good.txt", f"a/Rows{suffix.upper()}#1"}
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("suffix", PACKED)
def test_diff_and_restore_read_every_form(tmp_path: Path, suffix: str) -> None:
    text = article(3, 12)
    one, other = (
        pack(tmp_path / f"{name}{suffix}", [{"id": name, "text": words}])
        for name, words in (("one", text), ("other", spun(text)))
    )
    result = CliRunner().invoke(main, ["diff", str(one), str(other), "--format", "jsonl"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["a"] == "one"
    result = CliRunner().invoke(main, ["restore", str(other), "--witness", str(one)])
    assert result.exit_code == 0, result.stderr
    assert result.stdout == text


def test_gzip_of_several_members_is_read_whole(source: Path) -> None:
    parts = [gzip.compress(lines_of([{"id": str(number), "text": GOOD * number}])) for number in range(1, 4)]
    (source / "rows.jsonl.gz").write_bytes(b"".join(parts))
    _, ids = scan(source)
    assert ids == {"good.txt", "1", "2", "3"}


def test_last_line_without_an_end_is_read(source: Path) -> None:
    data = lines_of([{"id": "one", "text": GOOD * 2}, {"id": "two", "text": GOOD * 3}]).rstrip()
    (source / "rows.jsonl.gz").write_bytes(gzip.compress(data))
    result, ids = scan(source)
    assert ids == {"good.txt", "one", "two"}
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_may_be_any_kind_of_string(tmp_path: Path, kind: pa.DataType) -> None:
    rows = records()
    table = pa.table({"text": pa.array([row["text"] for row in rows], kind), "id": [row["id"] for row in rows]})
    try:
        parquet.write_table(table, tmp_path / "rows.parquet")
    except pa.ArrowNotImplementedError:
        assert kind == pa.string_view()
        pytest.skip("this version of pyarrow writes no views to Parquet")
    found = pipeline.find_duplicates(tmp_path / "rows.parquet", BULK)
    assert told(found) == told(pipeline.find_duplicates(pack(tmp_path / "rows.jsonl", rows), BULK))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (pa.array([7, None, -1]), {"7", "rows.parquet#2", "-1"}),
        (pa.array([0.5, 2.0, None]), {"0.5", "2.0", "rows.parquet#3"}),
        (pa.nulls(3), {"rows.parquet#1", "rows.parquet#2", "rows.parquet#3"}),
        (pa.array(["x", "", "ü"]).dictionary_encode(), {"x", "rows.parquet#2", "ü"}),
    ],
    ids=["integers", "fractions", "nothing", "dictionary"],
)
@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
def test_ids_of_a_table_are_those_of_the_same_lines(
    tmp_path: Path, ids: pa.Array, expected: set[str], config: Config
) -> None:
    table = pa.table({"id": ids, "text": [GOOD, GOOD * 2, GOOD * 3]})
    parquet.write_table(table, tmp_path / "rows.parquet")
    assert set(pipeline.find_duplicates(tmp_path / "rows.parquet", config).corpus.ids) == expected
    lines = pipeline.find_duplicates(pack(tmp_path / "rows.jsonl", table.to_pylist()), config)
    assert {name.replace("jsonl", "parquet") for name in lines.corpus.ids} == expected


# --- what is broken --------------------------------------------------------------------------------------------

ROWS = [{"id": str(number), "text": f"{number} {article(number)}"} for number in range(60)]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_file_that_breaks_off_gives_its_whole_lines(source: Path, suffix: str) -> None:
    rows = [{"id": str(number), "text": f"{number} {PARAGRAPHS[number % 4]}"} for number in range(3000)]
    data = compressed(lines_of(rows), suffix)
    path = source / f"rows.jsonl{suffix}"
    path.write_bytes(data[: len(data) * 2 // 3])
    found, (problem,) = dedup.documents([source])
    assert [one.id for one in found] == ["good.txt", *(str(number) for number in range(len(found) - 1))]
    assert 1000 < len(found) < 2500
    assert problem.path == f"{path}, line {len(found) - 1}"
    assert problem.problem == "is the last that could be unpacked (Truncated compressed stream)"


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".gz", gzip.compress(lines_of(ROWS[:1]))[:-6]),
        (".gz", gzip.compress(lines_of(ROWS[:1]))[:9]),
        (".gz", lines_of(ROWS[:1])),
        (".zst", compressed(lines_of(ROWS), ".zst")[:40]),
        (".zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 100),
        (".zst", gzip.compress(b"wrong")),
    ],
    ids=["without its end", "head alone", "not compressed", "start of a frame", "no frame", "of another form"],
)
def test_file_that_cannot_be_unpacked_is_named(source: Path, suffix: str, data: bytes) -> None:
    path = source / f"rows.jsonl{suffix}"
    path.write_bytes(data)
    result, ids = scan(source)
    assert ids == {"good.txt"}
    assert_listed(result, path, f"is no whole {'gzip' if suffix == '.gz' else 'zstd'} file (")


def test_damage_in_the_middle_gives_the_lines_before_it(source: Path) -> None:
    rows = [{"id": str(number), "text": f"{number} {PARAGRAPHS[number % 4]}"} for number in range(3000)]
    members = [gzip.compress(lines_of(rows[first : first + 1000])) for first in (0, 1000, 2000)]
    members[1] = members[1][:-8] + b"\0\0\0\0" + members[1][-4:]  # the checksum
    path = source / "rows.jsonl.gz"
    path.write_bytes(b"".join(members))
    found, (problem,) = dedup.documents([source])
    assert [one.id for one in found] == ["good.txt", *(str(number) for number in range(len(found) - 1))]
    assert 500 < len(found) < 2000
    assert str(problem).startswith(f"{path}, line {len(found) - 1}: is the last that could be unpacked (zlib inflate")


@pytest.mark.parametrize("data", [b"", gzip.compress(b"")], ids=["no bytes", "nothing compressed"])
def test_empty_compressed_file_is_named(source: Path, data: bytes) -> None:
    (source / "rows.jsonl.gz").write_bytes(data)
    result, ids = scan(source)
    assert ids == {"good.txt"}
    assert_listed(result, source / "rows.jsonl.gz", "is empty")


@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
def test_bad_lines_in_a_compressed_file_are_named_by_line(tmp_path: Path, config: Config) -> None:
    path = tmp_path / "rows.jsonl.zst"
    path.write_bytes(compressed(b'{"id": "a", "text": 5}\n\n{\n' + lines_of(ROWS[:2]), ".zst"))
    found = pipeline.find_duplicates(path, config)
    assert set(found.corpus.ids) == {"0", "1"}
    assert [problem.path for problem in found.problems] == [f"{path}, line 1", f"{path}, line 3"]


def table_bytes(**columns: object) -> bytes:
    out = BytesIO()
    parquet.write_table(pa.table(columns), out, row_group_size=2)
    return out.getvalue()


WHOLE = table_bytes(id=["a", "b", "c"], text=[GOOD, GOOD * 2, GOOD * 3])


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (WHOLE[:-40], "is no whole Parquet file ("),
        (b"", "is no whole Parquet file ("),
        (lines_of(ROWS[:2]), "is no whole Parquet file ("),
        (b"PAR1" + b"\xff" * 200 + b"PAR1", "is no whole Parquet file ("),
        (table_bytes(id=["a"], body=[GOOD]), "has no column `text`"),
        (table_bytes(text=[1, 2]), "has int64 in the column `text`, not text"),
        (table_bytes(text=[None, None]), "has null in the column `text`, not text"),
        (table_bytes(text=[[GOOD]]), "has list<element: string> in the column `text`, not text"),
        (table_bytes(text=[GOOD.encode()]), "has binary in the column `text`, not text"),
        (table_bytes(id=[True], text=[GOOD]), "has bool in the column `id`, not text or numbers"),
        (table_bytes(id=[["a"]], text=[GOOD]), "has list<element: string> in the column `id`, not text or numbers"),
        (table_bytes(text=pa.array([], pa.string())), "is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_table_without_texts_is_named(source: Path, data: bytes, problem: str) -> None:
    (source / "rows.parquet").write_bytes(data)
    result, ids = scan(source)
    assert ids == {"good.txt"}
    assert_listed(result, source / "rows.parquet", problem)


def test_two_columns_of_one_name_are_named(source: Path) -> None:
    table = pa.Table.from_arrays([pa.array([GOOD]), pa.array([GOOD])], names=["text", "text"])
    parquet.write_table(table, source / "rows.parquet")
    result, _ = scan(source)
    assert_listed(result, source / "rows.parquet", "has several columns `text`")


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("config", [SMALL, BULK], ids=["small", "bulk"])
def test_rows_without_a_text_are_named_and_the_others_keep_their_numbers(tmp_path: Path, config: Config) -> None:
    torn = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0"), pa.py_buffer(b"a\xffb")])
    texts = pa.chunked_array([pa.array([None, GOOD, ""]), torn, pa.array([GOOD * 2, None])]).combine_chunks()
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"text": texts}), path)
    found = pipeline.find_duplicates(path, config)
    assert set(found.corpus.ids) == {"rows.parquet#2", "rows.parquet#5"}
    assert sorted((problem.path, problem.problem) for problem in found.problems) == [
        (f"{path}, row 1", "has no text"),
        (f"{path}, row 3", "is empty"),
        (f"{path}, row 4", "is not UTF-8 (invalid start byte)"),
        (f"{path}, row 6", "has no text"),
    ]


def test_table_with_a_damaged_page_gives_the_rows_before_it(source: Path) -> None:
    path = source / "rows.parquet"
    parquet.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=20, write_page_checksum=True, compression=None)
    data = bytearray(path.read_bytes())
    at = data.index(ROWS[30]["text"].encode()[-40:])
    data[at : at + 4] = b"\0\0\0\0"
    path.write_bytes(data)
    result, ids = scan(source)
    assert ids == {"good.txt", *(str(number) for number in range(20))}
    assert_listed(result, f"{path}, row 20", "is the last that could be unpacked (")


def test_packed_file_without_permission_is_named(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(source / "rows.jsonl.gz", ROWS[:2])
    opening = Path.open

    def refusing(self: Path, *arguments: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(path))
        return opening(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refusing)
    result, ids = scan(source)
    assert ids == {"good.txt"}
    assert_listed(result, path, "cannot be read (Permission denied)")


# --- bounds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", PACKED)
def test_file_that_unpacks_to_more_than_the_limit_is_refused(source: Path, suffix: str, temporary: Path) -> None:
    path = pack(source / f"rows{suffix}", [{"text": "word " * 2_000} for _ in range(300)])
    assert path.stat().st_size < 100_000
    result, ids = scan(source, "--unpacked-bytes-max", "1MB")
    assert ids == {"good.txt"}
    assert_listed(result, path, "takes over 1,000,000 bytes unpacked")
    assert "--unpacked-bytes-max" in result.stderr


def test_line_that_is_too_long_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    """A line of many partitions: no more of it than a document may have comes into memory."""
    path = tmp_path / "rows.jsonl.gz"
    long = json.dumps({"id": "long", "text": "word " * 100_000}).encode() + b"\n"
    path.write_bytes(gzip.compress(lines_of(ROWS[:2]) + long + lines_of(ROWS[2:4])))
    config = Config(bulk_bytes_min=0, document_bytes_max=20_000, workers=1)
    with pytest.MonkeyPatch.context() as patch, Spool() as spool:
        patch.setattr(bulk_read, "PARTITION_BYTES", 30_000)
        patch.setattr(bulk_read, "SKIP_BYTES", 1000)
        (file,) = read.files([path], config)
        assert isinstance(file, SourceFile)
        (unpacked,) = packed_files.unpacked(file, spool, config, lambda _: None)
        assert isinstance(unpacked, SourceFile)
        parts = [bulk_read.texts(part, config) for part in bulk_read.partitions([unpacked])]
        found = pipeline.find_duplicates(path, config)
    assert [name for part in parts for name in part.ids] == ["0", "1", "2", "3"] == list(found.corpus.ids)
    ((row, problem),) = [one for part in parts for one in part.problems]
    assert (row, problem.problem[-24:]) == (2, "over the limit of 20,000")
    assert found.problems[0].path == f"{path}, line 3"


def test_full_disk_is_told(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed_codecs, "plain", full)
    pack(source / "rows.jsonl.gz", ROWS[:2])
    result, ids = scan(source)
    assert ids == {"good.txt"}
    assert_listed(
        result, source / "rows.jsonl.gz", "cannot be unpacked into a temporary file (No space left on device)"
    )


def test_missing_temporary_folder_is_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    pack(source / "rows.jsonl.gz", ROWS[:2])
    result, ids = scan(source)
    assert ids == {"good.txt"}
    assert_listed(result, "TMPDIR", "no folder takes temporary files")


# --- nothing stays behind --------------------------------------------------------------------------------------


def test_spool_lasts_while_findings_are_used(tmp_path: Path, temporary: Path) -> None:
    path = pack(tmp_path / "rows.jsonl.gz", records())
    found = pipeline.find_duplicates(path, SMALL)
    assert len(list(temporary.iterdir())) == 1
    corpus = found.corpus
    del found
    gc.collect()
    assert corpus.ids[1] == records()[0]["id"]
    assert pipeline.document_at(corpus, 1).text == records()[0]["text"]
    del corpus
    gc.collect()
    assert list(temporary.iterdir()) == []


def test_spool_is_private_and_goes_with_the_findings(tmp_path: Path, temporary: Path) -> None:
    with pipeline.find_duplicates(pack(tmp_path / "rows.parquet", records()), SMALL) as found:
        (folder,) = temporary.iterdir()
        assert folder.stat().st_mode & 0o077 == 0
    assert list(temporary.iterdir()) == []
    with pytest.raises(DedupError, match=r"rows\.parquet: cannot be read"):
        pipeline.document_at(found.corpus, 0)


def test_nothing_is_spooled_where_nothing_is_packed(tmp_path: Path, temporary: Path) -> None:
    found = pipeline.find_duplicates(pack(tmp_path / "rows.jsonl", records()), SMALL)
    assert list(temporary.iterdir()) == []
    assert len(found.corpus) == len(records())


def test_documents_leave_no_spool(tmp_path: Path, temporary: Path) -> None:
    found, _ = dedup.documents([pack(tmp_path / "rows.jsonl.zst", records())])
    assert [document.text for document in found] == [record["text"] for record in records()]
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, DedupError("x", "y", "z")])
def test_spool_goes_when_a_run_fails(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def failing(*_: object) -> None:
        assert len(list(temporary.iterdir())) == 1
        raise error

    monkeypatch.setattr(flow, "find_duplicates", failing)
    with pytest.raises((KeyboardInterrupt, MemoryError, DedupError)) as caught:
        pipeline.find_duplicates(pack(tmp_path / "rows.jsonl.gz", records()), BULK)
    assert caught.type is (error if isinstance(error, type) else type(error))
    assert list(temporary.iterdir()) == []


def test_commands_leave_no_spool(tmp_path: Path, temporary: Path) -> None:
    path = pack(tmp_path / "rows.jsonl.gz", records())
    for arguments in (["scan", path], ["clean", path, "-o", tmp_path / "out"], ["clean", path, "-o", tmp_path / "out"]):
        CliRunner().invoke(main, [*map(str, arguments)])
        assert list(temporary.iterdir()) == []


def test_request_to_end_removes_what_is_temporary(temporary: Path) -> None:
    script = (
        "import sys, time\n"
        "from dedup.console import failures\n"
        "from dedup.spool import Spool\n"
        "with failures():\n"
        "    spool = Spool()\n"
        "    spool.path('.x').write_bytes(b'x')\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={"TMPDIR": str(temporary)}
    )
    with process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        assert len(list(temporary.iterdir())) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []


def test_stdin_is_not_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dedup.cli", "scan", str(pack(tmp_path / "rows.jsonl.gz", records()))]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, check=True)
    assert b"4 clusters" in done.stdout


def test_unpacking_stops_when_the_run_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_codecs, "PIECE_BYTES", 500)
    (file,) = read.files([pack(tmp_path / "rows.jsonl.gz", records())], SMALL)
    assert isinstance(file, SourceFile)
    with Spool() as spool:
        (problem,) = packed_files.unpacked(file, spool, SMALL, lambda _: spool.stop())
    assert isinstance(problem, DedupError)
    assert problem.problem == "was not unpacked to its end"


def test_files_that_are_unpacked_while_a_run_ends_are_removed_too(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that fails ends the run; the other is still written then, and its thread waited for."""
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        pack(tmp_path / "in" / f"{name}.jsonl.gz", records())
    real, begun = packed_files.unpacked, threading.Event()

    def slowly(folder: Path, ignore_errors: bool) -> None:
        names = list(folder.iterdir())
        time.sleep(0.5)  # in which somebody may write
        for name in names:
            name.unlink()
        with suppress(OSError):
            folder.rmdir()

    def unpacked(file: SourceFile, spool: Spool, config: Config, advance: Any) -> Any:
        if file.path.name == "a.jsonl.gz":
            assert begun.wait(20)
            raise KeyboardInterrupt
        target = spool.path(".y")
        begun.set()
        while not spool.stopped:
            time.sleep(0.01)
        time.sleep(0.1)
        target.write_bytes(b"y")
        return real(file, spool, config, advance)

    monkeypatch.setattr(packed_files, "unpacked", unpacked)
    monkeypatch.setattr(spools.shutil, "rmtree", slowly)
    with pytest.raises(KeyboardInterrupt):
        pipeline.find_duplicates(tmp_path / "in", SMALL)
    assert list(temporary.iterdir()) == []


def test_stages_under_way_are_told_when_a_mapping_ends_early() -> None:
    calls: list[str] = []
    assert list(local.mapped(abs, [1, -2], 1, lambda: calls.append("whole"))) == [1, 2]
    left = local.mapped(abs, range(100), 2, lambda: calls.append("left"))
    assert next(left) == 0
    left.close()  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        list(local.mapped(lambda one: 1 / one, [1, 0], 1, lambda: calls.append("failed")))
    assert calls == ["left", "failed"]
