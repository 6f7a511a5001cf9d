"""Sources in S3: a server of this machine (moto) gives what the same files give here.

The server is a process of its own, on loopback, that the tests start and end. Its keys are made up.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_remote import FILES, problems, run, told

from dedup import remote
from dedup.config import Config

s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
for needed in ("moto", "flask", "flask_cors"):
    pytest.importorskip(needed, reason="moto and what its server takes is not installed")

KEY, SECRET = "AKIAMADEUPMADEUP1234", "made/up+secret/of/forty/characters/00000"
SECONDS_TO_START = 60
LISTED_AT_ONCE = 1000
"""Names that S3 tells at a time."""

# What botocore and moto warn of is theirs.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("temporary")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that speaks as S3 does."""
    log = tmp_path_factory.mktemp("server") / "log"  # a pipe would be full at some time, and the server wait
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            found, began = None, time.monotonic()
            while not found and process.poll() is None and time.monotonic() - began < SECONDS_TO_START:
                time.sleep(0.05)
                found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
            assert found, f"the server does not tell where it is: {log.read_text()}"
            yield found[0]
        finally:
            process.kill()


@pytest.fixture
def storage(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Empty storage at that server, which who asks finds as he would any other."""
    for name, value in (
        ("AWS_ENDPOINT_URL", server), ("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_EC2_METADATA_DISABLED", "true"), ("NO_PROXY", "127.0.0.1"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    yield system
    for bucket in system.ls("", refresh=True):
        system.rm(bucket, recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def corpus(storage: Any, tmp_path: Path) -> Path:
    """FILES in a folder of this machine, and under s3://bucket/corpus."""
    storage.mkdir("bucket")
    folder = tmp_path / "corpus"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        storage.pipe(f"bucket/corpus/{name}", data)
    storage.pipe("bucket/corpus-of-others/x.txt", b"of a folder whose name begins so, too")
    return folder


@pytest.mark.parametrize("config", [Config(bulk_bytes_min=1 << 50), Config(bulk_bytes_min=0)], ids=["small", "bulk"])
def test_a_bucket_gives_what_its_files_give_here(corpus: Path, config: Config) -> None:
    assert told("s3://bucket/corpus", config) == told("s3://bucket/corpus/", config) == told(corpus, config)


def test_files_and_patterns_of_a_bucket(corpus: Path) -> None:
    for name in ("a.txt", "rows.jsonl.gz", "table.parquet", "all.tar"):
        assert told(f"s3://bucket/corpus/{name}") == told(corpus / name)
    found = told("s3://bucket/corpus/**/*.txt")
    assert [one["id"] for one in found if one["record"] == "document"] == ["a.txt", "deep/copy.txt", "deep/er/b.txt"]


def test_clean_writes_what_a_bucket_holds_as_what_is_here(corpus: Path, tmp_path: Path) -> None:
    for source, target in ((corpus, "here"), ("s3://bucket/corpus", "there")):
        result = run("clean", source, "-o", tmp_path / target, "--exclude", "*.tar")
        assert result.exit_code == 0, result.output
    written = [
        {path.relative_to(tmp_path / target): path.read_bytes() for path in (tmp_path / target).rglob("*.*")}
        for target in ("here", "there")
    ]
    assert len(written[0]) > 4
    assert written[0] == written[1]


def test_more_is_found_than_is_listed_at_once(storage: Any) -> None:
    storage.mkdir("large")
    storage.pipe({f"large/{number // 100}/{number}.txt": b"text" for number in range(LISTED_AT_ONCE + 10)})
    found = remote.found("s3://large", Config())
    assert len({one.name for one in found if isinstance(one, remote.Remote)}) == LISTED_AT_ONCE + 10


def test_what_a_bucket_does_not_hold_is_named_without_keys(corpus: Path) -> None:
    for url in ("s3://nowhere/x.txt", "s3://bucket/nothing.txt", "s3://bucket/none/*.txt"):
        result = run("scan", url)
        assert result.exit_code == 1
        assert url in result.output
        assert KEY not in result.output and SECRET not in result.output
        assert "Traceback" not in result.output
    assert problems("s3://bucket/nothing.txt") == [("s3://bucket/nothing.txt", "does not exist")]
