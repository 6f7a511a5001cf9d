"""Sources at URLs give what the same files give on this machine, and nothing that is told of them has their secrets."""

from __future__ import annotations

import json
import logging
import stat
import sys
import traceback
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result
from formats import compressed, made, members, tar
from hypothesis import given
from hypothesis import strategies as st
from strategies import PARAGRAPHS, article, spun

from dedup import inputs, pipeline, remote, urls
from dedup.cli import main
from dedup.config import Config
from dedup.model import DedupError, SourceFile
from dedup.progress import SILENT
from dedup.report import jsonl
from dedup.spool import Spool

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
pytest.importorskip("aiohttp", reason="aiohttp is not installed")

ROWS = [{"id": str(at), "text": f"{at} {article(at)}", "n": str(at)} for at in range(4)] + [
    {"id": "copy", "text": "0 " + spun(article(0), 3), "n": "x"}
]
FILES = {
    "a.txt": f"a {article(7, 30)}".encode(),
    "deep/er/b.txt": f"b {article(8, 30)}".encode(),
    "deep/copy.txt": f"a {article(7, 30)}".encode(),
    "rows.jsonl.gz": compressed(made(ROWS, ".jsonl"), ".gz"),
    "table.parquet": made([{**row, "id": f"t{row['id']}"} for row in ROWS[:3]], ".parquet"),
    "all.tar": tar({"in.txt": f"in {article(9, 30)}".encode()}),
    ".hidden.txt": b"not to be read",
}
SECRETS = ("sesame", "AKIAXYZ", "wJalrXUtnFEMI", "fe3c8aa9")

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def corpus(memory: Any, tmp_path: Path) -> Path:
    """FILES in a folder of this machine, and under memory://corpus."""
    folder = tmp_path / "corpus"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        memory.pipe(f"/corpus/{name}", data)
    return folder


class Pages(BaseHTTPRequestHandler):
    """A web server of some pages: bytes, or what to do instead."""

    def __init__(self, pages: Mapping[str, Any], *given: Any) -> None:
        self.pages = pages
        super().__init__(*given)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def _answer(self, has_body: bool) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if not isinstance(page, bytes):
            self.send_error(page or 404)
            return
        name = self.path.partition("?")[0]
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if "." in name else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page) + 50 * ("short" in name)))
        self.end_headers()
        if has_body:
            self.wfile.write(page)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[tuple[str, dict[str, Any]]]:
    """The URL of a web server of this machine, and its pages, which a test may change."""
    pages: dict[str, Any] = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, pages)) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", pages
        server.shutdown()
        thread.join()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def told(source: str | Path, config: Config | None = None) -> list[dict[str, Any]]:
    with pipeline.find_duplicates(source, config or Config()) as findings:
        return list(jsonl.scan(findings))


def problems(url: str, config: Config | None = None) -> list[tuple[str, str]]:
    with pipeline.find_duplicates(url, config or Config()) as findings:
        return [(one.path, one.problem) for one in findings.problems]


def index(*links: str) -> bytes:
    return ("<html>" + "".join(f'<a href="{link}">{link}</a>' for link in links) + "</html>").encode()


# --- the same as here ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0)], ids=["small", "bulk"])
def test_a_folder_elsewhere_gives_what_it_gives_here(corpus: Path, config: Config) -> None:
    assert told("memory://corpus", config) == told(corpus, config)
    assert told("memory://corpus/", config) == told(corpus, config)


def test_a_web_site_gives_what_its_files_give_here(corpus: Path, web: tuple[str, dict[str, Any]]) -> None:
    url, pages = web
    pages |= {f"/c/{name}": data for name, data in FILES.items()}
    pages["/c/"] = index("a.txt", "deep/", "rows.jsonl.gz", "table.parquet", "all.tar", "?C=N;O=D", "../", "/other.txt")
    pages["/c/deep/"] = index("copy.txt", "/c/deep/er/", "http://elsewhere.invalid/x.txt")
    pages["/c/deep/er/"] = index("b.txt", f"{url}/c/deep/er/b.txt", "../../../up.txt")
    pages["/other.txt"] = pages["/up.txt"] = b"outside of the folder"
    assert told(f"{url}/c/") == told(corpus)
    assert told(f"{url}/c/*.txt") == told(corpus, Config(include=("/*.txt",), exclude=("*.tar",)))
    pages["/c/deep/"] = 403
    assert problems(f"{url}/c/")[0][0] == f"{url}/c/deep/"
    assert "403" in problems(f"{url}/c/")[0][1]


@pytest.mark.parametrize("name", ["a.txt", "rows.jsonl.gz", "table.parquet", "all.tar"])
def test_a_file_elsewhere_gives_what_it_gives_here(corpus: Path, web: tuple[str, dict[str, Any]], name: str) -> None:
    url, pages = web
    pages[f"/c/{name}"] = FILES[name]
    expected = told(corpus / name)
    assert told(f"memory://corpus/{name}") == expected
    assert told(f"{url}/c/{name}?token=sesame") == expected
    assert told(f"file://{corpus}/{name}") == expected


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("*.txt", ["a.txt"]),
        ("**/*.txt", ["a.txt", "deep/copy.txt", "deep/er/b.txt"]),
        ("deep/*/b.txt", ["er/b.txt"]),
        ("[a-b].tx?", ["a.txt"]),
        ("all.*", ["all.tar/in.txt"]),
    ],
)
def test_patterns_choose_files(corpus: Path, pattern: str, ids: list[str]) -> None:
    for source in (f"memory://corpus/{pattern}", f"file://{corpus}/{pattern}"):
        assert [one["id"] for one in told(source) if one["record"] == "document"] == ids


def test_include_and_exclude_choose_files_too(corpus: Path) -> None:
    config = Config(include=("*.txt", "deep"), exclude=("er", "all.tar"))
    assert told("memory://corpus", config) == told(corpus, config)
    assert problems("memory://corpus", Config(include=("*.md",), exclude=("*.tar",))) == [
        ("memory://corpus", "holds no files to be read")
    ]


def test_clean_writes_what_was_fetched_in_its_forms(corpus: Path, tmp_path: Path) -> None:
    for source, target in ((corpus, "here"), ("memory://corpus", "elsewhere")):
        assert run("clean", source, "-o", tmp_path / target).exit_code == 0
    written = [
        {path.relative_to(tmp_path / target): path for path in (tmp_path / target).rglob("*") if path.is_file()}
        for target in ("here", "elsewhere")
    ]
    assert written[0].keys() == written[1].keys()
    for name, path in written[0].items():
        if name.suffix == ".tar":
            assert members(path) == members(written[1][name])
        else:
            assert path.read_bytes() == written[1][name].read_bytes()


def test_files_of_one_name_at_two_urls_stay_apart(memory: Any, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        memory.pipe(
            f"/{folder}/rows.jsonl", made([{**row, "id": f"{folder}{row['id']}"} for row in ROWS[:2]], ".jsonl")
        )
    assert run("clean", "memory://x", "memory://y", "-o", tmp_path / "out").exit_code == 0
    written = sorted((tmp_path / "out" / "documents").rglob("*.jsonl"))
    assert len(written) == 1  # those of y are copies
    memory.pipe("/y/rows.jsonl", made([{"id": "other", "text": PARAGRAPHS[2]}], ".jsonl"))
    assert run("clean", "memory://x", "memory://y", "-o", tmp_path / "both").exit_code == 0
    assert [path.parent.name for path in sorted((tmp_path / "both" / "documents").rglob("*.jsonl"))] == ["x", "y"]


def test_what_has_no_ending_is_told_by_its_bytes_or_its_server(web: tuple[str, dict[str, Any]], memory: Any) -> None:
    pytest.importorskip("trafilatura", reason="trafilatura is not installed")
    url, pages = web
    pages["/article"] = f"<html><body><article><p>{'</p><p>'.join(PARAGRAPHS)}</p></article></body></html>".encode()
    with pipeline.find_duplicates(f"{url}/article") as findings:
        assert findings.corpus.ids == ["article"]
        assert "<p>" not in pipeline.document_at(findings.corpus, 0).text
    memory.pipe("/rows", compressed(made(ROWS, ".jsonl"), ".zst"))
    assert [one["id"] for one in told("memory://rows") if one["record"] == "document"] == ["0", "1", "2", "3", "copy"]


def test_other_commands_read_urls(corpus: Path) -> None:
    assert run("check", "memory://corpus").exit_code == 0
    assert run("diff", "memory://corpus/a.txt", corpus / "deep" / "copy.txt").exit_code == 0
    assert run("explain", "memory://corpus", "a.txt", "deep/copy.txt").exit_code == 0
    assert run("restore", corpus / "a.txt", "--witness", "memory://corpus/deep/copy.txt").exit_code == 0


# --- what goes wrong -------------------------------------------------------------------------------------------


def test_names_that_lead_out_or_are_folders_too_are_not_written(memory: Any, tmp_path: Path) -> None:
    class Bucket(type(memory)):  # type: ignore[misc]
        """Storage without folders, in which any key may stand."""

        protocol = "bucket"

        @classmethod
        def _strip_protocol(cls, _: str) -> str:
            return "/bucket"

        def info(self, *_: object, **__: object) -> dict[str, str]:
            return {"type": "directory"}

        def find(self, *_: object, **__: object) -> dict[str, dict[str, object]]:
            names = ("ok.txt", "a/../../../up.txt", "x", "x/y.txt", "/etc/passwd", "folder/", ".hidden")
            return {f"/bucket/{name}": {"type": "file", "size": 5} for name in names} | {"/other/x": {"type": "file"}}

    fsspec.register_implementation("bucket", Bucket, clobber=True)
    found = remote.found("bucket://bucket", Config())
    assert [one.file.id for one in found if isinstance(one, remote.Remote)] == ["ok.txt", "x"]
    assert [one.problem for one in found if isinstance(one, DedupError)] == [
        "has a name that leads out of its folder", "has a name that leads out of its folder",
        "has the name of a folder, or a file's for its folder",
    ]  # fmt: skip


def test_limits_hold_for_what_is_fetched(memory: Any, web: tuple[str, dict[str, Any]]) -> None:
    memory.pipe("/c/long.txt", b"x y " * 1000)
    memory.pipe("/c/long.jsonl", made(ROWS, ".jsonl"))
    assert problems("memory://c", Config(document_bytes_max=2000, unpacked_bytes_max=300)) == [
        ("memory://c/long.jsonl", "holds over 300 bytes, which is the limit"),
        ("memory://c/long.txt", "holds over 2,000 bytes, which is the limit"),
    ]
    assert problems("memory://c", Config(archive_members_max=1)) == [
        ("memory://c", "holds over 1 files, which is the limit")
    ]
    url, pages = web
    pages["/endless"] = b"x y " * 1000
    assert problems(f"{url}/endless", Config(document_bytes_max=2000, html="source")) == [
        (f"{url}/endless", "holds over 2,000 bytes, which is the limit")
    ]


def test_what_cannot_be_fetched_is_named_and_the_rest_read(corpus: Path, web: tuple[str, dict[str, Any]]) -> None:
    url, pages = web
    pages |= {"/a.txt": FILES["a.txt"], "/no.txt": 403, "/broken.txt": 500, "/short.txt": b"x y z"}
    names = ("a.txt", "no.txt", "broken.txt", "short.txt", "none.txt")
    with pipeline.find_duplicates([f"{url}/{name}" for name in names] + [str(corpus / "deep")]) as findings:
        assert findings.corpus.ids == ["a.txt", "copy.txt", "er/b.txt"]
        found = {one.path.rpartition("/")[2]: one.problem for one in findings.problems}
    assert list(found) == list(names[1:])
    assert "403" in found["no.txt"] and "500" in found["broken.txt"]
    assert found["short.txt"].startswith(("breaks off", "cannot be fetched"))
    assert found["none.txt"] == "does not exist"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("memory://nothing/at.all", "does not exist"),
        ("nosuch://x/y", "begins with no scheme that fsspec knows"),
        ("http://127.0.0.1:1/x.txt", "cannot be fetched ("),
        ("file:///nothing/at.all", "does not exist"),
        ("file:///nothing/*.txt", "fits no files"),
        ("http://127.0.0.1:1/folder/", "cannot be fetched ("),
    ],
)
def test_urls_of_nothing_are_named(url: str, problem: str) -> None:
    ((place, found),) = problems(url)
    assert place in (url, url.removeprefix("file://"), url.rstrip("/"), "/nothing/")
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [("s3://b/x", "s3fs", "s3fs"), ("gs://b/x", "gcsfs", "gcsfs"), ("http://h/x", "aiohttp", "aiohttp"),
     ("memory://x", "fsspec.core", "'dedup-text[remote]'")],
)  # fmt: skip
def test_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, url: str, module: str, package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    (problem,) = remote.found(url, Config())
    assert isinstance(problem, DedupError)
    assert problem.problem == "is a URL that takes a package not installed"
    assert problem.remedy == f"install it: pip install {package}"


def test_one_url_twice_is_read_once(corpus: Path) -> None:
    with pipeline.find_duplicates(["memory://corpus/a.txt", "memory://corpus"]) as findings:
        assert findings.corpus.ids.count("a.txt") == 1
        assert [(one.path, one.problem) for one in findings.problems] == [
            ("memory://corpus/a.txt", "is named twice, as far as a URL is shown")
        ]


def test_fetching_stops_when_the_run_ends(memory: Any) -> None:
    memory.pipe("/a.txt", b"x y z")
    (one,) = remote.found("memory://a.txt", Config())
    assert isinstance(one, remote.Remote)
    with Spool() as spool:
        spool.path("")
        spool.stop()
        found = remote.fetched(one, spool, Config(), lambda _: None)
    assert isinstance(found, DedupError)
    assert found.problem == "was not fetched to its end"


@pytest.mark.parametrize("option", [("scan", "-o"), ("clean", "-o"), ("check", "-o"), ("report", "-o")])
def test_nothing_is_written_to_a_url(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(option[0], corpus, option[1], "s3://AKIAXYZ:sesame@bucket/out")
    assert result.exit_code == 2
    assert "s3://bucket/out is a URL, and only sources may be" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "temporary"]


def test_output_within_a_source_named_by_a_url_is_refused(corpus: Path) -> None:
    result = run("clean", f"file://{corpus}", "-o", corpus / "out")
    assert result.exit_code == 1
    assert "lies within the source" in result.stderr
    assert not (corpus / "out").exists()


# --- secrets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://AKIAXYZ:wJalrXUtnFEMI/K7MDENG@bucket/a.jsonl", "s3://bucket/a.jsonl"),
        ("https://me:sesame@host:80/x/@y", "https://host:80/x/@y"),
        ("https://me:ses@ame@host/x", "https://host/x"),
        ("https://sesame@host/x", "https://host/x"),
        ("https://host:8080/a@b", "https://host:8080/a@b"),
        ("https://h/a?X-Amz-Signature=fe3c8aa9&page=3", "https://h/a?X-Amz-Signature=...&page=3"),
        ("https://h/a?page=3;sig=fe3c8aa9#part", "https://h/a?page=3;sig=...#part"),
        ("https://h/a#access_token=sesame", "https://h/a#access_token=..."),
        ("https://h/a?x=Zm9vYmFyYmF6cXV4cXV1eGNvcmdl", "https://h/a?x=..."),
        ("https://h/a?Zm9vYmFyYmF6cXV4cXV1eGNvcmdl", "https://h/a?..."),
        ("https://h/a?file=a-very-long-name-of-a-file.parquet", "https://h/a?file=a-very-long-name-of-a-file.parquet"),
        ("zip://*.txt::https://me:sesame@h/x.zip?token=5", "zip://*.txt::https://h/x.zip?token=..."),
        ("s3:/AKIAXYZ:sesame@bucket/a", "s3:/bucket/a"),
        ("memory://a/b.txt", "memory://a/b.txt"),
        ("a/b.txt", "a/b.txt"),
        ("/data/me:/x@y/a.txt", "/data/me:/x@y/a.txt"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert urls.shown(url) == shown
    assert urls.shown(shown) == shown
    assert urls.without_secrets(f"cannot read {url} or") == f"cannot read {shown} or"


@given(st.text("XYZ019:/?#&=%+~", min_size=3, max_size=40), st.sampled_from(["s3", "https", "ftp"]))
def test_no_password_is_shown_whatever_stands_in_it(password: str, scheme: str) -> None:
    shown = urls.without_secrets(f"'{scheme}://me:Q{password}Q@host/path' failed")
    assert shown.endswith("host/path' failed")
    assert "Q" not in shown


@pytest.mark.parametrize(
    "path", ["a.txt", "./a:b/c", "C:/x", "-", "dir/s3://x", "2024://x", "std::vector.txt", "a" * 5000]
)
def test_paths_are_no_urls(path: str) -> None:
    assert not urls.is_url(path)
    assert not urls.is_url(Path(path))


SECRET_FILES = {
    "a.txt": FILES["a.txt"], "rows.jsonl": made(ROWS, ".jsonl") + b"no json\n", "in.tar": FILES["all.tar"],
    "latin.txt": "Gr\u00fc\u00dfe aus K\u00f6ln und allen anderen St\u00e4dten".encode("latin-1"), "empty.txt": b"",
    "cut.csv.gz": compressed(made(ROWS, ".csv"), ".gz")[:200], "all.parquet": b"PAR1 no PAR1",
}  # fmt: skip


def test_no_secret_of_a_url_is_told_anywhere(
    web: tuple[str, dict[str, Any]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url, pages = web
    pages |= {f"/{name}": data for name, data in SECRET_FILES.items()}
    host = url.removeprefix("http://")
    sources = [
        f"http://AKIAXYZ:sesame@{host}/{name}?X-Amz-Signature=fe3c8aa9&sig=wJalrXUtnFEMI"
        for name in (*SECRET_FILES, "missing.txt")
    ]
    outputs = []
    for command in (
        ("scan",), ("scan", "--format", "jsonl"), ("scan", "--format", "html"), ("check",),
        ("check", "--format", "jsonl"),
        ("clean", "-o", tmp_path / "clean"), ("check", "--fix", "-o", tmp_path / "fixed"), ("ledger",),
        ("report", "-o", tmp_path / "report.html"), ("clean", "--format", "jsonl", "-o", tmp_path / "again"),
    ):  # fmt: skip
        result = run(*command, *sources)
        assert isinstance(result.exception, SystemExit | None), (command, result.exception)
        outputs.append(result.output + result.stderr)
        assert "does not exist" in result.stderr
    here = tmp_path / "here.txt"
    here.write_bytes(FILES["a.txt"])
    for single in (
        ("diff", sources[0], sources[1]), ("diff", sources[0], sources[0]), ("diff", sources[0], sources[-1]),
        ("explain", sources[1], "0", "copy"), ("restore", sources[0], "--witness", sources[1]),
        ("restore", sources[-1], "--witness", here), ("restore", here, "--witness", sources[-1]),
    ):  # fmt: skip
        result = run(*single)
        outputs.append(result.output + result.stderr)
        assert isinstance(result.exception, SystemExit | None), (single, result.exception)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 10
    outputs += [path.read_bytes().decode("latin-1") for path in written] + [str(path) for path in written]
    outputs.append(caplog.text)
    for output in outputs:
        assert not [secret for secret in SECRETS if secret in output]


def test_no_secret_is_in_an_error_from_python(web: tuple[str, dict[str, Any]]) -> None:
    host = web[0].removeprefix("http://")
    url = f"http://AKIAXYZ:sesame@{host}/none.txt?sig=fe3c8aa9"
    with pipeline.find_duplicates(url) as findings:
        (problem,) = findings.problems
    try:
        raise problem
    except DedupError as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + json.dumps(error.args)
    assert not [secret for secret in SECRETS if secret in told]
    assert "none.txt?sig=..." in told


def test_a_file_that_was_fetched_is_private_and_holds_no_secret(web: tuple[str, dict[str, Any]]) -> None:
    url, pages = web
    pages["/a.txt"] = b"x y z"
    with Spool() as spool:
        (file,) = inputs.source_files([f"{url}/a.txt?token=sesame"], spool, Config(), SILENT)
        assert isinstance(file, SourceFile)
        assert file.path == f"{url}/a.txt?token=..."
        assert file.held is not None
        assert file.held.read_bytes() == b"x y z"
        assert stat.S_IMODE(file.held.parent.stat().st_mode) == 0o700
