"""Decisions: what `clean --decisions` makes of them, and the server that takes them, which refuses all else."""

from __future__ import annotations

import http.client
import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from browser import chromium
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dedup import decisions, pipeline, review
from dedup.cli import main
from dedup.model import DedupError
from dedup.report import page

ROOT = Path(__file__).parent.parent
KEPT, COPY = "004_d28315a60f4f15ab.txt", "002_c675f6cb87d64a6d.txt"


@pytest.fixture(scope="module")
def html() -> str:
    with pipeline.find_duplicates(ROOT / "seeds") as findings:
        return page.scan(findings, pipeline.DEFAULT)


@pytest.fixture
def results(html: str, tmp_path: Path) -> Path:
    target = tmp_path / "report.html"
    target.write_text(html, "utf-8")
    return target


def cleaned(folder: Path, *every: dict[str, Any], source: Path = ROOT / "seeds") -> dict[str, dict[str, Any]]:
    """The manifest of `clean --decisions`, by id."""
    file = folder / "some.decisions.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in every))
    target = folder / "out"
    done = CliRunner().invoke(main, ["clean", str(source), "-o", str(target), "--decisions", str(file)])
    assert done.exit_code == 0, done.output
    lines = map(json.loads, (target / "manifest.jsonl").read_text("utf-8").splitlines())
    return {line["id"]: line for line in lines}


# --- what clean makes of them ------------------------------------------------------------------------------------


def test_the_one_that_a_person_keeps_is_kept(tmp_path: Path) -> None:
    told = cleaned(tmp_path, {"decision": "keep", "id": COPY})
    assert told[COPY]["status"] == "kept"
    assert (told[KEPT]["status"], told[KEPT]["for"], told[KEPT]["relation"]) == ("dropped", COPY, "spun")
    assert (tmp_path / "out" / "documents" / COPY).read_bytes() == (ROOT / "seeds" / COPY).read_bytes()
    assert not (tmp_path / "out" / "documents" / KEPT).exists()


def test_the_last_word_counts_and_what_is_withdrawn_does_not(tmp_path: Path) -> None:
    keep = {"decision": "keep", "id": COPY}
    assert cleaned(tmp_path, keep, {"decision": "keep", "id": KEPT})[COPY]["status"] == "dropped"
    (tmp_path / "again").mkdir()
    assert cleaned(tmp_path / "again", keep, {"decision": "withdraw", "number": 1})[COPY]["status"] == "dropped"


def test_what_is_apart_stays(tmp_path: Path) -> None:
    told = cleaned(tmp_path, {"decision": "apart", "ids": [KEPT, COPY]})
    assert {one["status"] for one in told.values()} == {"kept"}


def test_a_confirmed_cluster_and_strange_names_change_nothing(tmp_path: Path) -> None:
    told = cleaned(
        tmp_path,
        {"decision": "confirm", "ids": [KEPT, COPY]},
        {"decision": "keep", "id": "no such document"},
        {"decision": "keep", "id": "003_128721682dc57924.txt"},
        {"decision": "apart", "ids": [COPY, "no such document"]},
    )
    assert (told[COPY]["status"], told[COPY]["for"]) == ("dropped", KEPT)


def test_members_are_compared_with_the_one_that_is_kept_now(tmp_path: Path) -> None:
    """Two excerpts of one text that share nothing: if the one is kept, the other is no copy of it, and stays."""
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(3, 9))) for _ in range(600)]
    source = tmp_path / "texts"
    source.mkdir()
    (source / "whole.txt").write_text(" ".join(words))
    (source / "first.txt").write_text(" ".join(words[:250]))
    (source / "second.txt").write_text(" ".join(words[300:560]))
    for number, plain in enumerate(({}, {"decision": "keep", "id": "first.txt"})):
        folder = tmp_path / str(number)
        folder.mkdir()
        told = cleaned(folder, *([plain] if plain else []), source=source)
        dropped = {name: one["for"] for name, one in told.items() if one["status"] == "dropped"}
        assert dropped == (
            {"whole.txt": "first.txt"} if plain else {"first.txt": "whole.txt", "second.txt": "whole.txt"}
        )


def test_a_reading_is_put_in_and_told(tmp_path: Path) -> None:
    text = (ROOT / "seeds" / KEPT).read_bytes().decode("utf-8")
    at = text.index("landing")
    reading = {
        "decision": "reading",
        "id": KEPT,
        "start": at,
        "stop": at + 7,
        "before": "landing",
        "after": "touchdown",
    }
    stale = {**reading, "start": at + 20, "stop": at + 27}
    told = cleaned(tmp_path, {**reading, "witness": COPY}, {**stale, "witness": COPY})
    assert told[KEPT]["status"] == "restored"
    written = (tmp_path / "out" / "documents" / KEPT).read_bytes().decode("utf-8")
    assert written == text[:at] + "touchdown" + text[at + 7 :]
    (edit,) = map(json.loads, (tmp_path / "out" / "edits.jsonl").read_text().splitlines())
    assert (edit["cause"], edit["witness"], edit["before"], edit["after"]) == ("decision", COPY, "landing", "touchdown")


def test_of_two_readings_of_one_place_the_later_counts() -> None:
    with pipeline.find_duplicates(ROOT / "seeds") as findings:
        text = (ROOT / "seeds" / KEPT).read_bytes().decode("utf-8")
        two = [decisions.Decision("reading", (KEPT,), (0, 3), text[:3], after, COPY) for after in ("one", "two")]
        found = decisions.with_readings(findings, two)
        (document,) = [one for one in found.corpus.notable.values() if one.id == KEPT]
        assert [edit.after for edit in document.repairs] == ["two"]
        assert decisions.with_readings(findings, []) is findings


@pytest.mark.parametrize(
    "line",
    [
        "no json", "[]", "{}", '{"decision": "burn"}', '{"decision": "keep"}', '{"decision": "keep", "id": 3}',
        '{"decision": "apart", "ids": ["a"]}', '{"decision": "apart", "ids": "ab"}',
        '{"decision": "withdraw", "number": 0}', '{"decision": "withdraw", "number": true}',
        '{"decision": "reading", "id": "a", "start": 2, "stop": 1, "before": "", "after": "x", "witness": "b"}',
        '{"decision": "reading", "id": "a", "start": 0, "stop": 1, "before": "x", "after": "x", "witness": "b"}',
    ],
)  # fmt: skip
def test_a_file_that_holds_anything_else_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(f'{{"decision": "keep", "id": "a"}}\n{line}\n')
    with pytest.raises(DedupError, match="line 2 is no decision"):
        decisions.read(file)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["clean", str(ROOT / "seeds"), "-o", str(tmp_path / "out"), "--decisions", str(tmp_path / "none")]
    )
    assert done.exit_code == 1 and "name the file that dedup review wrote" in done.stderr
    assert not (tmp_path / "out").exists()
    (tmp_path / "latin").write_bytes(b"\xff\n")
    with pytest.raises(DedupError, match="not UTF-8"):
        decisions.read(tmp_path / "latin")


NAMES = st.text(max_size=20)
DECISIONS = st.one_of(
    st.builds(lambda id_: {"decision": "keep", "id": id_}, NAMES),
    st.builds(
        lambda kind, ids: {"decision": kind, "ids": ids},
        st.sampled_from(["apart", "confirm"]), st.lists(NAMES, min_size=2),
    ),
    st.builds(lambda number: {"decision": "withdraw", "number": number}, st.integers(1, 1 << 40)),
    st.builds(
        lambda id_, start, before, after, witness: {
            "decision": "reading", "id": id_, "start": start, "stop": start + len(before), "before": before,
            "after": after + before + "x", "witness": witness,
        },
        NAMES, st.integers(0, 1 << 40), NAMES, NAMES, NAMES,
    ),
)  # fmt: skip


@given(DECISIONS)
def test_a_decision_is_written_as_it_was_read(found: dict[str, Any]) -> None:
    assert decisions.record(decisions.decision(found)) == found


# --- the server --------------------------------------------------------------------------------------------------


@contextmanager
def served(results: Path) -> Iterator[tuple[review.Review, int]]:
    one = review.review(results)
    with review.server(one) as found:
        thread = Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield one, found.server_address[1]
        finally:
            found.shutdown()
            thread.join()


def asked(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    own = f"127.0.0.1:{port}"
    sent = {"Host": own}
    if method == "POST":
        sent |= {"Origin": f"http://{own}", "Content-Type": "application/json", "Content-Length": str(len(body or b""))}
    for name, value in headers.items():
        sent[name.replace("_", "-")] = value
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


KEEP = json.dumps({"decision": "keep", "id": COPY}).encode()


def test_a_decision_is_appended_to_the_file_beside_the_page(results: Path) -> None:
    file = results.with_name("report.decisions.jsonl")
    with served(results) as (one, port):
        assert one.file == file and not file.exists()
        assert asked(port, "POST", f"/{one.token}/decisions", KEEP) == (200, b'{"number": 1}')
        assert asked(port, "POST", f"/{one.token}/decisions", KEEP) == (200, b'{"number": 2}')
        told = json.loads(asked(port, "GET", f"/{one.token}/decisions")[1])
        digest = decisions.digest((ROOT / "seeds" / COPY).read_bytes())
        assert told == [json.loads(KEEP) | {"digests": [digest]}] * 2
        status, body = asked(port, "GET", f"/{one.token}/")
        assert status == 200 and b"connect-src &#39;self&#39;" in body
    assert [one.ids for one in decisions.read(file)] == [(COPY,), (COPY,)]
    assert sorted(path.name for path in results.parent.iterdir()) == ["report.decisions.jsonl", "report.html"]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {"Origin": "https://elsewhere.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": ""}),
        (403, {"Origin": "http://127.0.0.1:1"}),
        (403, {"Sec_Fetch_Site": "cross-site"}),
        (403, {"Sec_Fetch_Site": "same-site"}),
        (421, {"Host": "elsewhere.example"}),
        (421, {"Host": "localhost"}),
        (421, {"Host": ""}),
        (415, {"Content_Type": "text/plain"}),
        (415, {"Content_Type": "application/x-www-form-urlencoded"}),
        (411, {"Content_Length": ""}),
        (411, {"Content_Length": "-5"}),
        (413, {"Content_Length": "256001"}),
        (413, {"Content_Length": "9" * 40}),
    ],
)
def test_requests_of_others_and_oversize_bodies_are_refused(
    results: Path, status: int, headers: dict[str, str]
) -> None:
    with served(results) as (one, port):
        body = None if "Content_Length" in headers else KEEP
        assert asked(port, "POST", f"/{one.token}/decisions", body, **headers)[0] == status
        if headers.get("Origin"):
            assert asked(port, "GET", f"/{one.token}/", **headers)[0] == status
        assert not one.file.exists()


@pytest.mark.parametrize(
    "path",
    ["/", "/decisions", "/TOKEN", "/TOKEN/x", "/TOKEN/../TOKEN/decisions", "/TOKEN/..%2f..%2fetc%2fpasswd",
     "//TOKEN/decisions/", "/TOKEN/decisions?x", "/TOKENx/decisions", "/TOKEN/report.html", "/TOKEN/%64ecisions",
     "/TOKEN\\decisions"],
)  # fmt: skip
def test_there_is_nothing_at_any_other_address(results: Path, path: str) -> None:
    with served(results) as (one, port):
        for method, body in (("GET", None), ("POST", KEEP)):
            assert asked(port, method, path.replace("TOKEN", one.token), body)[0] == 404
        assert not one.file.exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_no_other_method_is_answered(results: Path, method: str) -> None:
    with served(results) as (one, port):
        assert asked(port, method, f"/{one.token}/decisions")[0] == 501


@pytest.mark.parametrize(
    "body",
    [b"", b"nothing", b"[]", b"\xff", b"[" * 100_000, b'{"decision": "keep", "id": "elsewhere"}',
     b'{"decision": "withdraw", "number": 1}', b'{"decision": "keep", "id": "../../etc/passwd"}'],
)  # fmt: skip
def test_a_body_that_is_no_decision_about_the_page_is_refused(results: Path, body: bytes) -> None:
    with served(results) as (one, port):
        assert asked(port, "POST", f"/{one.token}/decisions", body)[0] == 400
        assert not one.file.exists()


def test_tokens_differ_and_the_server_is_on_this_machine_alone(results: Path) -> None:
    one, other = review.review(results), review.review(results)
    assert one.token != other.token and len(one.token) >= 32
    with review.server(one) as found:
        assert found.server_address[0] == "127.0.0.1"
        assert review.address(found, one) == f"http://127.0.0.1:{found.server_address[1]}/{one.token}/"
        with pytest.raises(DedupError, match="cannot be had"):
            review.server(other, found.server_address[1])


def test_a_link_in_place_of_the_file_is_refused(results: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    results.with_name("report.decisions.jsonl").symlink_to(victim)
    with pytest.raises(DedupError, match="is a link"):
        review.review(results)
    file = results.with_name("report.decisions.jsonl")
    file.unlink()
    with served(results) as (one, port):
        file.symlink_to(victim)
        assert asked(port, "POST", f"/{one.token}/decisions", KEEP)[0] == 500
    assert victim.read_text() == "mine\n"


@pytest.mark.parametrize(
    "text", ["", "<html>", '<title>x - dedup</title><script type="application/json" id="data">{</script>']
)
def test_what_is_no_report_page_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.html").write_text(text)
    done = CliRunner().invoke(main, ["review", str(tmp_path / "other.html")])
    assert done.exit_code == 1 and "is no report page" in done.stderr
    assert CliRunner().invoke(main, ["review", str(tmp_path / "none.html")]).exit_code == 1


def test_the_command_says_where_it_serves_until_ctrl_c_and_then_what_was_decided(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ThreadingHTTPServer.serve_forever
    answers = []

    def interrupted(found: Any) -> None:
        """Serves until two decisions were made, upon which somebody presses Ctrl-C."""
        thread = Thread(target=plain, args=(found, 0.02))
        thread.start()
        try:
            address = f"/{found.RequestHandlerClass.review.token}/decisions"
            answers.extend(asked(found.server_address[1], "POST", address, KEEP) for _ in range(2))
        finally:
            found.shutdown()
            thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", interrupted)
    done = CliRunner().invoke(main, ["review", str(results)])
    assert answers == [(200, b'{"number": 1}'), (200, b'{"number": 2}')]
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/\n", done.stdout)
    file = results.with_name("report.decisions.jsonl")
    assert done.stderr.splitlines() == [
        f"decisions go to {file}; Ctrl-C ends the review", f"ended; 2 decisions in {file}",
    ]  # fmt: skip


def test_the_command_serves_at_the_port_that_is_named_or_says_that_it_cannot(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ThreadingHTTPServer, "serve_forever", lambda found: None)
    with review.server(review.review(results)) as taken:
        port = taken.server_address[1]
        refused = CliRunner().invoke(main, ["review", str(results), "--port", str(port)])
        assert refused.exit_code == 1
        assert f"port {port}" in refused.stderr and "--port" in refused.stderr
    done = CliRunner().invoke(main, ["review", str(results), "--port", str(port)])
    assert done.stdout.startswith(f"http://127.0.0.1:{port}/")
    assert CliRunner().invoke(main, ["review", str(results), "--port", "65536"]).exit_code == 2


def test_a_page_is_read_as_it_was_made(html: str, results: Path) -> None:
    assert page.rendered(page.read(results)) == html


# --- in a browser ------------------------------------------------------------------------------------------------


def test_what_is_decided_on_the_page_ends_in_the_clean_corpus(results: Path, tmp_path: Path) -> None:
    with chromium() as browser, served(results) as (one, port):
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        wrong: list[str] = []
        tab.on("console", lambda message: wrong.append(message.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(f"http://127.0.0.1:{port}/{one.token}/#/cluster/0")
        tab.wait_for_selector(".texts .change")
        tab.hover(".texts del:text-is('goal')")
        tab.click("text=Take the copy's reading")
        tab.wait_for_selector("#decided:has-text('objective')")
        tab.click("text=No copy")
        tab.wait_for_selector("#decided:has-text('no copies')")
        tab.click("text=Keep this one")
        tab.wait_for_selector("#decided:has-text('is kept')")
        tab.wait_for_selector(".fate-decided:has-text('you: keep')")
        pressed = tab.locator(".decide[aria-pressed=true]").all_inner_texts()
        assert pressed == ["Keep this one", "No copy", "Take the copy's reading"]
        tab.click("text=Take it back")
        tab.wait_for_selector("text=in the order in which they were made")
        assert one.file.name in tab.inner_text("main")
        tab.click("[aria-label='Withdraw number 3']")
        tab.wait_for_selector("text=withdrawn")
        tab.click("nav >> text=Clusters")
        tab.click(".row")
        tab.wait_for_selector("#decided:has-text('Decided before: in 004_')")
        told = tab.inner_text("#decided")
        assert "no copies of each other" in told and "is kept" not in told
        assert wrong == []
    text = (ROOT / "seeds" / KEPT).read_bytes().decode("utf-8")
    target = tmp_path / "out"
    done = CliRunner().invoke(main, ["clean", str(ROOT / "seeds"), "-o", str(target), "--decisions", str(one.file)])
    assert done.exit_code == 0, done.output
    assert (target / "documents" / KEPT).read_text("utf-8") == text.replace(
        "ostensible goal", "ostensible objective", 1
    )
    assert (target / "documents" / COPY).exists()
