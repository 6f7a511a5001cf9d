"""What is broken or hostile is a clear error or a counted skip with its place; nothing half-written takes a name."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import resource
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from formats import CODECS, compressed, made, members, tar, zipped
from strategies import PARAGRAPHS, article

import dedup
from dedup import pipeline
from dedup.cli import main, options
from dedup.config import Config
from dedup.model import DedupError
from dedup.packed import keyed
from dedup.packed import unpacked as packed_unpacked
from dedup.report import folder

GOOD = "An ordinary document with enough words to count as one, and nothing wrong with it at all.\n"
ROWS = [{"id": str(number), "text": f"{number} {article(number)}", "n": str(number)} for number in range(40)]

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with one document in it that is as it should be."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "good.txt").write_text(GOOD)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def scan(*arguments: object) -> tuple[set[str], list[tuple[str, str]]]:
    """The ids that a scan read, and the places and problems that it lists; its exit status tells of these."""
    result = run("scan", *arguments, "--format", "jsonl")
    assert isinstance(result.exception, SystemExit | None), result.exception
    records = [json.loads(line) for line in result.stdout.splitlines()]
    problems = records[-1]["unreadable"]
    assert result.exit_code == bool(problems)
    assert all(len(one["remedy"]) > 5 for one in problems), "no next step"
    for one in problems:
        assert f"{one['path']}: {one['problem']}; {one['remedy']}" in result.stderr
    ids = {record["id"] for record in records if record["record"] == "document"}
    return ids, [(one["path"], one["problem"]) for one in problems]


# --- compressed files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS[1:])
@pytest.mark.parametrize("form", [".jsonl", ".csv"])
def test_compressed_records_cut_short_are_read_to_the_last_whole_line(source: Path, form: str, codec: str) -> None:
    rows = [{"id": str(number), "text": f"{number} {PARAGRAPHS[number % 4]}"} for number in range(9000)]
    path = source / f"rows{form}{codec}"
    data = compressed(made(rows, form), codec)
    path.write_bytes(data[: len(data) * 7 // 8])
    found, (problem,) = dedup.documents([source])
    count = len(found) - 1
    assert [one.id for one in found] == ["good.txt", *map(str, range(count))]
    assert 300 < count < 9000
    assert problem.path in (f"{path}, line {count}", f"{path}, row {count + 1}")
    assert problem.problem.startswith("is the last that could be unpacked (")


@pytest.mark.parametrize("codec", CODECS[1:])
@pytest.mark.parametrize("name", ["a.txt", "rows.parquet", "rows.arrow", "all.zip"])
def test_other_compressed_files_cut_short_are_refused_as_a_whole(source: Path, name: str, codec: str) -> None:
    form = Path(name).suffix
    plain = (
        article(1, 400).encode() if form == ".txt" else zipped({"x.txt": b"x"}) if form == ".zip" else made(ROWS, form)
    )
    path = source / f"{name}{codec}"
    data = compressed(plain, codec)
    path.write_bytes(data[: len(data) - 12])
    ids, ((place, problem),) = scan(source)
    assert (ids, place) == ({"good.txt"}, str(path))
    assert problem.startswith(f"is no whole { ({'.gz': 'gzip', '.zst': 'zstd'}.get(codec, codec[1:])) } file (")


@pytest.mark.parametrize("codec", CODECS[1:])
def test_what_is_not_compressed_as_its_name_says_is_named(source: Path, codec: str) -> None:
    (source / f"a.txt{codec}").write_bytes(GOOD.encode() * 20)
    (source / f"b.jsonl{codec}").write_bytes(made(ROWS, ".jsonl"))
    ids, problems = scan(source)
    assert ids == {"good.txt"}
    assert [place for place, _ in problems] == [str(source / f"{name}{codec}") for name in ("a.txt", "b.jsonl")]
    assert all("is no whole" in problem for _, problem in problems)


@pytest.mark.parametrize("codec", [".gz", ".bz2", ".xz"])
def test_streams_one_after_the_other_are_read_whole(source: Path, codec: str) -> None:
    parts = [compressed(made([row], ".jsonl"), codec) for row in ROWS[:3]]
    padding = bytes(8) if codec == ".xz" else b""
    (source / f"rows.jsonl{codec}").write_bytes(padding.join(parts) + padding)
    assert scan(source) == ({"good.txt", "0", "1", "2"}, [])


@pytest.mark.parametrize("codec", CODECS[1:])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.tar"])
def test_bomb_is_refused_before_it_fills_the_disk(
    source: Path, monkeypatch: pytest.MonkeyPatch, name: str, codec: str
) -> None:
    monkeypatch.setattr(packed_unpacked, "RATIO_FROM_BYTES", 1 << 20)
    (source / f"{name}{codec}").write_bytes(compressed(b" " * (32 << 20), codec))
    ids, ((place, problem),) = scan(source)
    assert (ids, place) == ({"good.txt"}, str(source / f"{name}{codec}"))
    assert problem == "takes over 200 bytes unpacked for each of its own, which is the limit"


def test_memory_that_an_xz_file_may_ask_for_is_bounded(source: Path) -> None:
    import lzma

    big = lzma.compress(GOOD.encode(), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])
    (source / "a.txt.xz").write_bytes(big)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, ((_, problem),) = scan(source)
    assert problem.startswith("is no whole xz file (")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10


# --- archives --------------------------------------------------------------------------------------------------

WAYS_OUT = ("../up.txt", "/etc/passwd", "a/../../up.txt", "C:/windows.txt", "a\\..\\up.txt", "..")


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_archive_that_climbs_out_of_its_folder_is_not_followed(source: Path, tmp_path: Path, form: str) -> None:
    held = {name: GOOD.encode() for name in WAYS_OUT}
    path = source / f"all.{form}"
    path.write_bytes((tar if form == "tar" else zipped)({"in.txt": b"in " + GOOD.encode(), **held}))
    ids, problems = scan(source)
    assert ids == {"good.txt", f"all.{form}/in.txt"}
    assert [problem for _, problem in problems] == ["has a name that leads out of its folder"] * len(WAYS_OUT)
    assert run("clean", source, "-o", tmp_path / "out").exit_code == 1
    assert list(members(tmp_path / "out" / "documents" / f"all.{form}")) == ["in.txt"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "source", "temporary"]


def special(kind: bytes, name: str = "it", target: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("in.txt")
        info.size = len(GOOD)
        archive.addfile(info, io.BytesIO(GOOD.encode()))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "target", "said"),
    [
        (tarfile.SYMTYPE, "/etc/passwd", "is a link, and not followed"),
        (tarfile.LNKTYPE, "in.txt", "is a link, and not followed"),
        (tarfile.CHRTYPE, "", "is no regular file, and not followed"),
        (tarfile.BLKTYPE, "", "is no regular file, and not followed"),
        (tarfile.FIFOTYPE, "", "is no regular file, and not followed"),
    ],
)
def test_links_and_devices_in_a_tar_are_not_followed(source: Path, kind: bytes, target: str, said: str) -> None:
    (source / "all.tar").write_bytes(special(kind, target=target))
    assert scan(source) == ({"good.txt", "all.tar/in.txt"}, [(str(source / "all.tar/it"), said)])


def test_links_and_encrypted_files_in_a_zip_are_not_followed(source: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("locked.txt", GOOD)
    data = bytearray(out.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + at] |= 1
    (source / "all.zip").write_bytes(bytes(data))
    _, problems = scan(source)
    assert [problem for _, problem in problems] == ["is a link, and not followed", "is encrypted"]


def test_members_of_one_name_and_of_impossible_names_are_named(source: Path, tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number, name in enumerate(("a.txt", "a.txt", "b/c.txt", "b", "a.txt/d.txt", "n" * 300, "\udcff.txt")):
            info = tarfile.TarInfo(name)
            data = f"{number} {article(number)}".encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (source / "all.tar").write_bytes(out.getvalue())
    ids, problems = scan(source)
    assert ids == {"good.txt", "all.tar/a.txt", "all.tar/b/c.txt", "all.tar/\udcff.txt"}
    assert [problem for _, problem in problems] == [
        "is there twice, and the first is read", *["has the name of a folder, or a file's for its folder"] * 2,
        "has a name of over 255 bytes",
    ]  # fmt: skip
    run("clean", source, "-o", tmp_path / "out")
    assert list(members(tmp_path / "out" / "documents" / "all.tar")) == ["a.txt", "b/c.txt", "\udcff.txt"]


@pytest.mark.parametrize("name", ["all.tar", "all.zip", "all.tar.gz"])
def test_archive_bomb_is_refused(source: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(packed_unpacked, "RATIO_FROM_BYTES", 1 << 20)
    bomb = {f"{number}.txt": bytes(8 << 20) for number in range(3)}
    (source / name).write_bytes(zipped(bomb) if name.endswith("zip") else tar(bomb, ".gz" if name[-1] == "z" else ""))
    ids, problems = scan(source, "--unpacked-bytes-max", "20MB")
    assert (ids, problems[0][0], len(problems)) == ({"good.txt"}, str(source / name), 1)
    assert problems[0][1].endswith("which is the limit")


def test_bomb_of_archives_in_archives_is_refused(source: Path) -> None:
    data = zipped({"a.txt": GOOD.encode()})
    for _ in range(3):
        data = zipped({f"{number}.zip": data for number in range(2)})
    (source / "all.zip").write_bytes(data)
    ids, problems = scan(source)
    assert ids == {"good.txt"}
    assert {problem for _, problem in problems} == {"is an archive 2 deep in others, and the limit is 1"}
    ids, problems = scan(source, "--archive-depth-max", 4)
    assert (len(ids), problems) == (9, [])
    ids, problems = scan(source, "--archive-depth-max", 4, "--archive-members-max", 12)
    assert (ids, problems) == ({"good.txt"}, [(str(source / "all.zip"), "holds over 12 files, which is the limit")])
    ids, problems = scan(source, "--archive-depth-max", 4, "--unpacked-bytes-max", 1500)
    assert (ids, [problem for _, problem in problems]) == (
        {"good.txt"}, ["takes over 1,500 bytes unpacked, which is the limit"]
    )  # fmt: skip


@pytest.mark.parametrize("cut", [1, 700, 1600, 2700, 3000])
def test_tar_that_breaks_off_gives_its_first_members(source: Path, cut: int) -> None:
    held = {f"{number}.txt": f"{number} {PARAGRAPHS[number]}".encode() for number in range(3)}
    whole = tar(held)
    (source / "all.tar").write_bytes(whole[:cut])
    ids, problems = scan(source)
    assert len(ids) == {1: 1, 700: 1, 1600: 2, 2700: 3, 3000: 4}[cut]
    assert {place for place, _ in problems} <= {
        str(source / "all.tar"),
        *(f"{source / 'all.tar'}/{one}" for one in held),
    }
    assert problems


def test_damaged_header_in_the_middle_of_a_tar_is_told(source: Path) -> None:
    data = bytearray(tar({f"{number}.txt": f"{number} {PARAGRAPHS[number]}".encode() for number in range(3)}))
    data[1024:1100] = b"\xff" * 76
    (source / "all.tar").write_bytes(bytes(data))
    ids, ((place, problem),) = scan(source)
    assert (ids, place) == ({"good.txt", "all.tar/0.txt"}, str(source / "all.tar"))
    assert problem.startswith("breaks off (")


def test_damaged_member_of_a_zip_is_named_and_the_others_read(source: Path) -> None:
    data = bytearray(zipped({"a.txt": GOOD.encode() * 3, "b.txt": PARAGRAPHS[0].encode()}))
    data[45:60] = bytes(15)
    (source / "all.zip").write_bytes(bytes(data))
    (source / "cut.zip").write_bytes(bytes(data[:100]))
    ids, problems = scan(source)
    assert ids == {"good.txt", "all.zip/b.txt"}
    assert [place for place, _ in problems] == [str(source / "all.zip/a.txt"), str(source / "cut.zip")]
    assert problems[0][1].startswith("cannot be taken out of the archive (")
    assert problems[1][1].startswith("is no whole zip file (")


def test_empty_archives_are_named(source: Path) -> None:
    (source / "a.zip").write_bytes(zipped({}))
    (source / "b.tar").write_bytes(tar({".hidden": b"x"}))
    _, problems = scan(source)
    assert [problem for _, problem in problems] == ["holds no files to be read"] * 2


def test_documents_in_archives_have_the_limit_of_all_documents(source: Path) -> None:
    (source / "a.tar").write_bytes(tar({"long.txt": b"x y " * 1000, "long.txt.gz": gzip.compress(b"x y " * 1000)}))
    ids, problems = scan(source, "--document-bytes-max", 2000)
    assert ids == {"good.txt"}
    assert [place for place, _ in problems] == [str(source / "a.tar/long.txt"), str(source / "a.tar/long.txt.gz")]
    assert problems[0][1] == "holds a document over the limit of 2,000 bytes"
    assert problems[1][1] == "takes over 2,000 bytes unpacked, which is the limit"


# --- records ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [(), ("--text-column", "body")], ids=["plain", "named"])
def test_broken_line_in_the_middle_is_skipped_and_counted(source: Path, named: tuple[str, ...]) -> None:
    column = "body" if named else "text"
    lines = [json.dumps({"id": str(number), column: f"{number} {article(number)}"}) for number in range(3)]
    bad = ['{"id": "x", "te', "[]", json.dumps({column: 5}), json.dumps({column: None}), json.dumps({"other": "x"})]
    path = source / "rows.jsonl"
    path.write_text("\n".join([lines[0], *bad, "", lines[1], json.dumps({"id": True, column: "x"}), lines[2]]) + "\n")
    ids, problems = scan(source, *named)
    assert ids == {"good.txt", "0", "1", "2"}
    assert [place for place, _ in problems] == [f"{path}, line {row}" for row in (2, 3, 4, 5, 6, 9)]
    assert problems[0][1].startswith("is not JSON (")
    assert [problem for _, problem in problems[1:5]] == [f"has no string under `{column}`"] * 4


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("named", [(), ("--text-column", "body")], ids=["plain", "named"])
def test_lines_over_the_limit_are_skipped_without_reading_them_whole(
    source: Path, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...], end: str
) -> None:
    monkeypatch.setattr(keyed, "SKIP_BYTES", 100)
    column = "body" if named else "text"
    lines = [json.dumps({"id": str(number), column: "x " * length}) for number, length in enumerate((9, 400, 80, 9))]
    path = source / "rows.jsonl"
    path.write_text("\n".join([*lines, json.dumps({column: "y " * 500})]) + end)
    ids, problems = scan(source, *named, "--document-bytes-max", 200)
    assert ids == {"good.txt", "0", "2", "3"}
    assert [place for place, _ in problems] == [f"{path}, line {row}" for row in (2, 5)]
    assert all("limit" in problem and "200" in problem for _, problem in problems)


@pytest.mark.parametrize("named", [False, True])
def test_an_id_is_text_or_a_number(source: Path, named: bool) -> None:
    ids = ["seven", 7, 7.5, None, True, [7]]
    key, column = ("key", "body") if named else ("id", "text")
    path = source / "rows.jsonl"
    path.write_text("".join(json.dumps({key: one, column: GOOD}) + "\n" for one in ids))
    found, problems = scan(source, *(("--text-column", "body", "--id-column", "key") if named else ()))
    assert found == {"good.txt", "seven", "7", "7.5", "rows.jsonl#4"}
    assert problems == [
        (f"{path}, line {row}", f"has an `{key}` that is neither text nor a number") for row in (5, 6)
    ]  # fmt: skip


def test_a_text_put_right_in_a_keyed_line_stays_beside_what_else_it_holds() -> None:
    line = b'{"n": 1, "body": "old", "\xc3\xa9": [2.5]}\n'
    for text in ("new \u00e9", "half a pair \ud800"):
        written = keyed._with_text(line, "body", text)
        assert json.loads(written) == {"n": 1, "body": text, "\u00e9": [2.5]}
        assert written.endswith(b"}\n")
        assert (b"\xc3\xa9" in written) == ("pair" not in text)


@pytest.mark.parametrize("form", [".csv", ".parquet", ".arrow"])
def test_missing_text_column_tells_which_there_are(source: Path, form: str) -> None:
    (source / f"rows{form}").write_bytes(made([{"key": "1", "body": GOOD}], form))
    result = run("scan", source)
    assert "has no column `text`; name one with --text-column; it has: key, body" in result.stderr


@pytest.mark.parametrize("form", [".jsonl", ".csv", ".parquet", ".arrow"])
@pytest.mark.parametrize("config", [Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0)], ids=["small", "bulk"])
def test_second_of_two_records_with_one_id_is_named(
    source: Path, monkeypatch: pytest.MonkeyPatch, form: str, config: Config
) -> None:
    monkeypatch.setattr(options, "config", lambda _: config)
    path = source / f"rows{form}"
    path.write_bytes(made([*ROWS[:2], {**ROWS[2], "id": "0"}], form))
    word = "line" if form == ".jsonl" else "row"
    ids, problems = scan(source)
    assert ids == {"good.txt", "0", "1"}
    assert problems == [(f"{path}, {word} 3", f"has the id '0', which {path}, {word} 1 has already")]


# --- output ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv.gz", "rows.parquet", "rows.arrow.xz", "all.tar", "all.zip"])
def test_full_disk_in_mid_write_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    form, codec = Path(name).suffixes[0], "".join(Path(name).suffixes[1:])
    texts = {f"{number}.txt": os.urandom(3000).hex().encode() for number in range(40)}
    rows: list[dict[str, Any]] = [{"id": key, "text": data.decode(), "n": "1"} for key, data in texts.items()]
    data = tar(texts) if form == ".tar" else zipped(texts) if form == ".zip" else compressed(made(rows, form), codec)
    (tmp_path / name).write_bytes(data)
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from dedup.report import folder\n"
        "fill = folder.fill\n"
        "def limited(*given):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "    return fill(*given)\n"
        "folder.fill = limited\n"
        "from dedup.cli import main\n"
        "main(['clean', sys.argv[1], '-o', sys.argv[2]])\n"
    )
    (tmp_path / "here").mkdir()
    target = tmp_path / "here" / "out"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / name), str(target)], capture_output=True, text=True, check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("COV_")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert f"could not be written ({os.strerror(errno.EFBIG)})" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "here").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mounting.returncode:
        pytest.skip(f"no disk of 1 MB can be mounted here: {mounting.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(
    ("command", "target"),
    [("clean", "out"), ("check --fix", "out"), ("scan --format html", "page.html"), ("report", "page.html"),
     ("scan --format jsonl", "found.jsonl"), ("check --format jsonl", "cards.jsonl")],
)  # fmt: skip
def test_full_disk_is_told_and_nothing_stays_on_it(small_disk: Path, tmp_path: Path, command: str, target: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    rows = [{"id": f"{number}-{'x' * 4000}", "text": PARAGRAPHS[number % 4]} for number in range(12)]
    (source / "rows.jsonl").write_bytes(made(rows, ".jsonl"))
    (small_disk / "taken").write_bytes(bytes((1 << 20) - 24_000))
    result = run(*command.split(), source, "-o", small_disk / target)
    assert result.exit_code == 1
    assert os.strerror(errno.ENOSPC) in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in small_disk.iterdir()] == ["taken"]


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "rows.parquet", "all.tar", "rows.csv"])
def test_full_disk_for_temporary_files_is_told(
    small_disk: Path, source: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    rows = [{"id": "0", "text": os.urandom(1_000_000).hex()}]
    data = tar({"in.txt": rows[0]["text"].encode()}) if name == "all.tar" else b""
    form, codec = Path(name).suffixes[0], "".join(Path(name).suffixes[1:])
    (source / name).write_bytes(data or compressed(made(rows, form), codec))
    ids, ((place, problem),) = scan(source)
    assert (ids, place) == ({"good.txt"}, str(source / name))
    assert problem == f"cannot be unpacked into a temporary file ({os.strerror(errno.ENOSPC)})"
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "rows.arrow", "a.tar", "a.txt.gz", "keyed.jsonl"])
def test_source_changed_meanwhile_is_told_and_nothing_written(tmp_path: Path, name: str) -> None:
    form = Path(name).suffix
    rows = [{"id": row["id"], "body": row["text"]} for row in ROWS] if name.startswith("keyed") else ROWS
    data = (
        tar({"x.csv": made(ROWS, ".csv")}) if form == ".tar"
        else gzip.compress(GOOD.encode()) if form == ".gz" else made(rows, form)
    )  # fmt: skip
    path = tmp_path / "source" / name
    path.parent.mkdir()
    path.write_bytes(data)
    config = Config(text_column="body") if name.startswith("keyed") else Config()
    with pipeline.find_duplicates(path, config) as found:
        path.write_bytes(data[: len(data) // 2])
        os.utime(path, ns=(1, 1))
        with pytest.raises(DedupError, match=r"is not what it was|was changed"):
            folder.write(found, [], tmp_path / "out")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["source", "temporary"]
