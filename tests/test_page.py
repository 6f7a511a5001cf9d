"""The report page as a file: what it holds, what it leaves out, and that no text gets out of its place in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dedup import clean, judge, ledger, pipeline
from dedup.cli import main
from dedup.config import Config
from dedup.loci import applied as loci_applied
from dedup.report import compared, listing, overview, page

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures" / "real"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "{{ 7 * 7 }} {% raw %}",
    "\u2028\u2029\u202e\u2066\x00\x1b[31m\ufeff",
]


class Elements(HTMLParser):
    """The elements of a page, and what stands in each script and style."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.bodies: list[tuple[dict[str, str | None], str]] = []
        self.policy = self.title = self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.names.append(tag)
        self.inside = tag
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""
        if tag in ("script", "style"):
            self.bodies.append((found, ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in ("script", "style"):
            attributes, before = self.bodies[-1]
            self.bodies[-1] = attributes, before + data
        elif self.inside == "title":
            self.title += data


def elements(html: str) -> Elements:
    found = Elements()
    found.feed(html)
    return found


def index(html: str) -> dict[str, Any]:
    (told,) = [body for attributes, body in elements(html).bodies if attributes.get("id") == "data"]
    return json.loads(told)


def records(html: str) -> dict[str, Any]:
    packs = [body for attributes, body in elements(html).bodies if (attributes.get("id") or "").startswith("pack-")]
    found: dict[str, Any] = {}
    for pack in packs:
        found |= json.loads(zlib.decompress(base64.b64decode(pack)))
    return found


def report(*sources: Path | str, config: Config = pipeline.DEFAULT) -> str:
    with pipeline.find_duplicates(sources, config) as findings:
        return page.scan(findings, config)


def units(text: str, start: int, stop: int) -> str:
    """The UTF-16 units of a text from one to another, as a browser slices it."""
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * stop].decode("utf-16-le", "surrogatepass")


def rebuilt(text: str, edits: list[list[Any]]) -> str:
    """What the page makes of a kept text and edits."""
    parts, at = [], 0
    for gap, length, after, *_ in edits:
        parts += [units(text, at, at + gap), after]
        at += gap + length
    return "".join((*parts, units(text, at, len(text) * 2)))


@pytest.fixture(scope="module")
def seeds() -> str:
    return report(ROOT / "seeds")


# --- what it holds -----------------------------------------------------------------------------------------------


def test_the_page_tells_of_the_seeds_what_the_scan_found(seeds: str) -> None:
    told = index(seeds)
    ids = told["documents"]["ids"]
    kept, copy = ids[told["clusters"]["kept"][0]], "002_c675f6cb87d64a6d.txt"
    assert (kept, told["clusters"]["starts"]) == ("004_d28315a60f4f15ab.txt", [0, 2])
    assert [told["relations"][code] for code in told["clusters"]["relation"]] == ["spun"]
    assert told["clusters"]["cleaner"] == [1]
    assert told["saved_words"] == told["dropped"][0]["words"] == 2240
    assert {ids[one] for both in told["reuse"]["pairs"] for one in both} == {kept, copy, "000_b1d0019dfe83011d.txt"}
    assert told["by_source"]["rows"][0][1:] == [5, 1]


def test_edits_make_each_copy_of_the_kept_text(seeds: str) -> None:
    told, held = index(seeds), records(seeds)["c0"]
    for name, edits in held["edits"].items():
        own = (ROOT / "seeds" / told["documents"]["ids"][int(name)]).read_bytes().decode("utf-8")
        assert rebuilt(held["text"], edits) == own


@pytest.mark.parametrize("name", ["spun-by-hand", "mojibake", "ocr-noise", "paragraphs-moved", "rewrapped", "excerpt"])
def test_edits_make_each_copy_whatever_became_of_it(name: str) -> None:
    folder = FIXTURES / name / "documents"
    html = report(folder)
    told = index(html)
    assert any(key[0] == "c" for key in records(html))
    for key, held in records(html).items():
        for copy, edits in held.get("edits", {}).items() if key[0] == "c" else ():
            text = pipeline.documents([folder / told["documents"]["ids"][int(copy)]])[0][0].text
            assert rebuilt(held["text"], edits) == text


WORDS = st.sampled_from(["one", "two", "three", "four", "\U0001d11e", "né", "五", "\n", "a b", "\ud800"])
TEXTS = st.lists(WORDS, max_size=30).map(" ".join)


@given(TEXTS, TEXTS)
def test_places_count_as_a_browser_does(a: str, b: str) -> None:
    found = pipeline.collate(clean.from_text("a", a), clean.from_text("b", b))
    verdicts = judge.verdicts(found, "near", pipeline.DEFAULT)
    assert rebuilt(a, compared.places(found, verdicts)) == loci_applied(a, found.loci) == b


def test_what_is_moved_names_where_it_came(tmp_path: Path) -> None:
    html = report(FIXTURES / "paragraphs-moved" / "documents")
    (held,) = [one for key, one in records(html).items() if key[0] == "c"]
    moved = 0
    for edits in held["edits"].values():
        for number, row in enumerate(edits):
            if len(row) > 6:
                moved += 1
                assert edits[row[6]][6] == number
    assert moved >= 2


def test_the_most_frequent_substitutions_are_those_of_the_ledger(seeds: str) -> None:
    documents, _ = pipeline.documents([ROOT / "seeds"])
    by_id = {document.id[:3]: document for document in documents}
    rows = ledger.substitutions([pipeline.collate(by_id["004"], by_id["002"])])
    assert [tuple(row) for row in index(seeds)["substitutions"]["rows"][:20]] == [
        (row.a, row.b, row.count) for row in rows[:20]
    ]


def test_the_same_findings_give_the_same_bytes(seeds: str) -> None:
    assert report(ROOT / "seeds") == seeds


def test_curve_is_that_of_the_bands() -> None:
    recall = overview.curve(32, 4)
    assert (recall[0], recall[100]) == (0.0, 1.0)
    assert recall[50] == pytest.approx(1 - (1 - 0.5**4) ** 32, abs=1e-4)


def test_two_documents_make_a_page_of_their_own(tmp_path: Path) -> None:
    folder = FIXTURES / "spun-by-hand" / "documents"
    two = [str(folder / "glacier.txt"), str(folder / "glacier-spun.txt")]
    done = CliRunner().invoke(main, ["diff", *two, "--format", "html", "-o", str(tmp_path / "two.html")])
    assert done.exit_code == 0, done.output
    html = (tmp_path / "two.html").read_text("utf-8")
    held = records(html)["c0"]
    assert index(html)["relation"] == "spun"
    assert rebuilt(held["text"], held["edits"]["1"]) == (folder / "glacier-spun.txt").read_text("utf-8")


def test_unrelated_documents_make_a_page_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Nothing here is shared.")
    (tmp_path / "b.txt").write_text("Quite another text.")
    done = CliRunner().invoke(main, ["diff", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--format", "html"])
    assert done.exit_code == 0
    assert index(done.stdout)["relation"] is None


# --- limits ------------------------------------------------------------------------------------------------------


def test_what_has_no_room_is_left_out_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "COMPARISONS_BYTES_MAX", 0)
    html = report(ROOT / "seeds")
    assert index(html)["packs"] == {} and index(html)["packs_whole"] is False
    assert records(html) == {}


def test_documents_too_long_for_a_page_are_listed_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "CHARACTERS_MAX", 100)
    html = report(ROOT / "seeds")
    assert records(html) == {}
    assert len(index(html)["clusters"]["members"]) == 2


def test_of_many_shared_passages_those_with_most_words_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "REUSE_MAX", 1)
    told = index(report(ROOT / "seeds"))["reuse"]
    assert (told["count"], told["equal"]) == (2, [112])


# --- the command -------------------------------------------------------------------------------------------------


def test_report_writes_the_page_and_scan_prints_the_same(tmp_path: Path, seeds: str) -> None:
    target = tmp_path / "report.html"
    done = CliRunner().invoke(main, ["report", str(ROOT / "seeds"), "-o", str(target)])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"5 documents, 1 cluster; written to {target}\n"
    assert target.read_text("utf-8") == seeds
    assert CliRunner().invoke(main, ["scan", str(ROOT / "seeds"), "--format", "html"]).stdout == seeds


def test_report_refuses_to_write_into_a_source(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    done = CliRunner().invoke(main, ["report", str(tmp_path), "-o", str(tmp_path / "a.txt")])
    assert done.exit_code == 1
    assert (tmp_path / "a.txt").read_text() == "words"


def test_report_of_nothing_readable_writes_nothing(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["report", str(tmp_path / "none"), "-o", str(tmp_path / "report.html")])
    assert done.exit_code == 1 and "error: " in done.stderr
    assert not (tmp_path / "report.html").exists()


# --- hostile texts -----------------------------------------------------------------------------------------------


def hostile_corpus(folder: Path) -> Path:
    """Copies in whose texts and ids stands what would break out of a page."""
    lines = []
    for number, nasty in enumerate(HOSTILE):
        words = [f"word{number}x{at}" for at in range(120)]
        text = f"{' '.join(words[:60])} {nasty} {' '.join(words[60:])}. "
        lines += [{"id": f"{nasty} {number}", "text": text}, {"id": f"copy {nasty} {number}", "text": text + nasty}]
    for one in lines:
        one["source"] = one["id"]
    target = folder / "hostile.jsonl"
    target.write_text("".join(json.dumps(one) + "\n" for one in lines), "utf-8")
    return target


def test_no_text_leaves_its_place(tmp_path: Path, seeds: str) -> None:
    html = report(hostile_corpus(tmp_path))
    packs = [one for one in elements(html).bodies if (one[0].get("id") or "").startswith("pack-")]
    plain = [one for one in elements(seeds).bodies if (one[0].get("id") or "").startswith("pack-")]
    assert len(elements(html).names) - len(packs) == len(elements(seeds).names) - len(plain)
    assert not re.search(r"onerror|onmouseover|alert\(", re.sub(r"<script type.*?</script>", "", html, flags=re.S))
    (data,) = re.findall(r'id="data">(.*?)</script>', html, re.S)
    assert not set(data) & set("<>&\u2028\u2029\x00\u202e")
    assert any("</script>" in name for name in index(html)["documents"]["ids"])


def test_a_name_of_two_documents_in_the_title_is_text(tmp_path: Path) -> None:
    lines = json.dumps({"id": "</title><script>alert(1)</script>", "text": "one two three"})
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "b.txt").write_text("one two")
    done = CliRunner().invoke(main, ["diff", str(tmp_path / "a.jsonl"), str(tmp_path / "b.txt"), "--format", "html"])
    assert elements(done.stdout).title.startswith("</title><script>alert(1)</script> and b.txt")


@given(st.text())
def test_json_in_the_page_is_read_as_it_was_written(text: str) -> None:
    told = page.as_json({text: [text]})
    assert json.loads(told) == {text: [text]}
    assert told.isascii() and not set(told) & set("<>&")


def test_the_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else(seeds: str) -> None:
    found = elements(seeds)
    rules = dict(rule.strip().split(" ", 1) for rule in found.policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    run = [body for attributes, body in found.bodies if "type" not in attributes]
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" for body in run}
    assert {rules["script-src"], rules["style-src"]} == digests
    assert not re.search(r"\bhttps?://(?!www\.w3\.org/2000/svg)", "".join(run))


def test_static_files_do_not_end_their_element() -> None:
    for name in (*page.STYLES, *page.SCRIPTS):
        text = (ROOT / "dedup" / "report" / "static" / name).read_text("utf-8")
        assert "</" not in text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
