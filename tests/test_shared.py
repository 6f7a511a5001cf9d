"""An index on a Redis server: what several add, all find, verified as a scan verifies; a real server, on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from strategies import PARAGRAPHS, article, spun

import dedup
from dedup import pipeline, shared
from dedup.config import Config
from dedup.model import DedupError

redis = pytest.importorskip("redis", reason="redis is not installed")
pytest.importorskip("datasketch", reason="datasketch is not installed")
CONFIG = Config()
PASSWORD = "sesame"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that keeps nothing on disk, and is stopped at the end."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("no redis-server is installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
         "--requirepass", PASSWORD, "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with redis.Redis(port=port, password=PASSWORD) as asked:
            for _ in range(200):
                try:
                    asked.ping()
                    break
                except redis.exceptions.ConnectionError:
                    assert process.poll() is None, "the server ended"
                    time.sleep(0.05)
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(20)
    assert not list(folder.iterdir())


@pytest.fixture
def url(server: str) -> Iterator[str]:
    with redis.Redis.from_url(server) as asked:
        asked.flushall()
    yield server


def texts() -> dict[str, str]:
    found = {f"original{at}": article(at, 12) for at in range(4)}
    found |= {f"near{at}": article(at, 12).replace("the ", "this ", 1) + " One sentence more." for at in range(3)}
    return {**found, "exact": article(0, 12).upper(), "short": PARAGRAPHS[0], "spun": spun(article(3, 12), 1, 0.3)}


def test_what_is_added_is_found_as_a_scan_finds_it(url: str, tmp_path: Path) -> None:
    given = texts()
    for name, text in given.items():
        (tmp_path / name).write_text(text)
    told = {}
    with shared.index(url, "corpus", CONFIG) as opened:
        for name, text in given.items():
            for pair in opened.add(dedup.document(name, text)).pairs:
                told[frozenset((pair.a, pair.b))] = pair
        assert len(opened) == len(given)
        asked = opened.query(dedup.document("asked", given["original1"])).pairs
        assert {name for pair in asked for name in (pair.a, pair.b)} == {"asked", "original1", "near1"}
        assert len(opened) == len(given)
        assert opened.query(dedup.document("other", PARAGRAPHS[2])) == shared.Found(())
    with pipeline.find_duplicates(tmp_path, CONFIG) as findings:
        expected = {frozenset((pair.a, pair.b)): pair for pair in findings.pairs if pair.relation in ("near", "exact")}
    assert len(expected) >= 5
    assert expected.keys() <= told.keys()
    for both, pair in expected.items():
        assert (told[both].relation, told[both].resemblance) == (pair.relation, pair.resemblance)


def test_two_that_add_copies_at_once_do_not_both_miss_the_other(url: str) -> None:
    def added(number: int) -> set[frozenset[str]]:
        with shared.index(url, "raced", CONFIG) as opened:
            found = [opened.add(dedup.document(f"{number}-{at}", article(at, 6))).pairs for at in range(8)]
        return {frozenset((pair.a, pair.b)) for pairs in found for pair in pairs}

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(added, range(2))
    assert {frozenset((f"0-{at}", f"1-{at}")) for at in range(8)} <= one | other


def test_a_document_is_added_once_and_its_id_is_its_own(url: str) -> None:
    with shared.index(url, "corpus", CONFIG) as opened:
        opened.add(dedup.document("a", article(1)))
        assert opened.add(dedup.document("a", article(1))) == shared.Found(())
        with pytest.raises(DedupError, match="which another text has already"):
            opened.add(dedup.document("a", article(2)))
        assert len(opened) == 1
        opened.add(dedup.document("b", article(1)))
        opened.remove("b")
        assert opened.query(dedup.document("c", article(1))).pairs[0].relation == "exact"
        opened.remove("a")
        assert opened.query(dedup.document("c", article(1))) == shared.Found(())
        with pytest.raises(DedupError, match="has no document 'a'"):
            opened.remove("a")


def test_documents_that_are_too_many_to_be_compared_are_counted(url: str) -> None:
    few = replace(CONFIG, bucket_documents_max=2)
    with shared.index(url, "corpus", few) as opened:
        for at in range(5):
            opened.add(dedup.document(str(at), article(1)))
        found = opened.query(dedup.document("asked", article(1)))
    assert (len(found.pairs), found.uncompared) == (2, 3)


def test_indexes_of_two_names_stay_apart_and_other_options_are_refused(url: str) -> None:
    with shared.index(url, "one", CONFIG) as one, shared.index(url, "two", CONFIG) as two:
        one.add(dedup.document("a", article(1)))
        assert len(two) == 0
        assert two.query(dedup.document("b", article(1))) == shared.Found(())
    with (
        pytest.raises(DedupError, match=r"was made otherwise \(threshold 0.7, not 0.5\)"),
        shared.index(url, "one", replace(CONFIG, threshold=0.5)),
    ):
        pass


def test_text_that_is_none_is_told_and_never_run(url: str) -> None:
    with shared.index(url, "corpus", CONFIG) as opened:
        opened.add(dedup.document("a", article(1)))
        with redis.Redis.from_url(url) as asked:
            asked.hset("dedup:corpus:texts", "a", b"no text")
        with pytest.raises(DedupError, match="document 'a': is no text"):
            opened.query(dedup.document("b", article(1)))
    small = replace(CONFIG, document_bytes_max=10)
    with shared.index(url, "other", CONFIG) as opened:
        opened.add(dedup.document("a", article(1)))
    with shared.index(url, "other", small) as opened, pytest.raises(DedupError, match="over the limit of 10 bytes"):
        opened.query(dedup.document("b", article(1)))


@pytest.mark.parametrize("bad", ["redis://:sesame@127.0.0.1:1/0", "http://:sesame@127.0.0.1/0"])
def test_server_that_is_none_is_told_without_its_password(bad: str) -> None:
    with pytest.raises(DedupError) as raised, shared.index(bad, "corpus", CONFIG):
        pass
    assert PASSWORD not in str(raised.value)
    assert raised.value.problem.startswith(("does not answer (", "is no URL of a Redis server"))


def test_that_a_package_is_missing_is_told_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(DedupError, match="takes the package redis") as raised:  # noqa: SIM117
        with shared.index("redis://:sesame@127.0.0.1:1/0", "corpus", CONFIG):
            pass
    assert "sesame" not in str(raised.value)


def test_wrong_password_is_told_without_it(url: str) -> None:
    with pytest.raises(DedupError, match="does not answer") as raised:  # noqa: SIM117
        with shared.index(url.replace(PASSWORD, "guessed"), "corpus", CONFIG):
            pass
    assert "guessed" not in str(raised.value)
