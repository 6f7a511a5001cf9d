"""The report page in a browser: it loads from disk, and search, sort, filter, fold, side by side, keys and colours do.

Whatever the page says in the console, throws, or asks the network for fails the test that has it open.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, opened, until
from test_page import HOSTILE, ROOT, hostile_corpus

from dedup import ledger, pipeline
from dedup.report import page

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => (one /= 255) <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const own = walker.currentNode.parentElement;
    const unseen = !own.checkVisibility() || own.closest("script, noscript, title, option");
    if (unseen || !walker.currentNode.data.trim()) continue;
    const style = getComputedStyle(own);
    const [a, b] = [light(rgb(own.closest("svg") ? style.fill : style.color)), light(ground(own))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push([walker.currentNode.data.trim().slice(0, 40), ratio]);
  }
  return weak;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def written(folder: Path, *sources: Path) -> Path:
    target = folder / "report.html"
    with pipeline.find_duplicates(sources) as findings:
        target.write_text(page.scan(findings, pipeline.DEFAULT), "utf-8")
    return target


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("seeds"), ROOT / "seeds")


def article(seed: int, words: int = 260) -> list[str]:
    draw = random.Random(seed)
    vocabulary = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "rk", "lt", "st", "mo")]
    return [f"{draw.choice(vocabulary)}{draw.choice(vocabulary)}" for _ in range(words)]


def paragraphs(words: list[str]) -> str:
    lines = [" ".join(words[at : at + 20]) + "." for at in range(0, len(words), 20)]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 clusters of two sources: 100 near pairs, 19 exact ones, and one of five copies."""
    folder = tmp_path_factory.mktemp("many")
    rows = []
    for number in range(120):
        words = article(number)
        copies = 4 if number == 7 else 1
        rows.append({"id": f"text-{number:03}", "source": "press", "text": paragraphs(words)})
        for copy in range(copies):
            changed = list(words)
            if number < 100 or number == 7:
                changed[40 + copy] = f"changed{copy}"
            rows.append({"id": f"text-{number:03}-copy{copy}", "source": "web", "text": paragraphs(changed)})
    source = folder / "many.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return written(folder, source)


# --- what a new reader sees --------------------------------------------------------------------------------------


def test_the_overview_tells_what_matters_in_the_seeds(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds) as tab:
        told = tab.inner_text("main")
        assert "002_c675f6cb87d64a6d.txt is a spun copy of 004_d28315a60f4f15ab.txt" in told
        assert "000_b1d0019dfe83011d.txt and 004_d28315a60f4f15ab.txt share 3 passages, 112 words" in told
        assert "since 002_c675f6cb87d64a6d.txt is a copy of 004_d28315a60f4f15ab.txt" in told
        until(tab, "document.querySelector('main q')?.textContent.startsWith('And while Peru may not')")
        rows = [row.split() for row in tab.locator(".columns table").first.locator("tbody tr").all_inner_texts()]
        assert [row[0] for row in rows[:5]] == ["government", "in", "military", "national", "but"]
        assert tab.locator("svg[role=img]").count() == 4
        assert all(tab.locator("svg[role=img]").nth(at).get_attribute("aria-label") for at in range(4))


def test_from_the_overview_to_the_two_texts_in_a_click(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds) as tab:
        tab.click("text=002_c675f6cb87d64a6d.txt")
        tab.wait_for_selector(".texts .change")
        assert tab.inner_text("h1") == "Cluster 1: one text in 2 documents"
        first = tab.locator(".texts tbody tr").nth(1).locator("td")
        assert "goal" in first.nth(0).inner_text() and "objective" in first.nth(1).inner_text()
        assert tab.locator(".beside .ledger tbody tr").first.inner_text().split() == ["government", "authorities", "12"]


def test_the_ledger_beside_is_that_of_the_program(browser: Any, seeds: Path) -> None:
    documents, _ = pipeline.documents([ROOT / "seeds"])
    by_id = {document.id[:3]: document for document in documents}
    expected = ledger.substitutions([pipeline.collate(by_id["004"], by_id["002"])])
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".ledger")
        tab.evaluate("document.querySelectorAll('.ledger-place > div > button').forEach((one) => one.click())")
        rows = tab.evaluate(
            "[...document.querySelectorAll('.ledger tbody tr')]"
            ".map((row) => [...row.cells].map((one) => one.textContent))"
        )
        assert [(a, b, int(times)) for a, b, times in rows] == [(row.a, row.b, row.count) for row in expected]


def test_the_page_shows_every_word_of_both_texts(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .change")
        tab.click("#fold")
        while tab.locator(".rest").is_visible():
            tab.click(".rest")
        for button in tab.locator(".texts td button").all():
            button.click()
        for column, name in (("left", "004_d28315a60f4f15ab.txt"), ("right", "002_c675f6cb87d64a6d.txt")):
            told = tab.evaluate(
                f"[...document.querySelectorAll('.{column}-text')].map((one) => one.textContent).join(' ')"
            )
            text = (ROOT / "seeds" / name).read_text("utf-8")
            assert "".join(filter(str.isalnum, told)) == "".join(filter(str.isalnum, text))


# --- the list ----------------------------------------------------------------------------------------------------


def names(tab: Any) -> list[str]:
    return list(tab.locator(".row .first").all_inner_texts())


def test_only_the_rows_in_sight_are_made_and_scrolling_shows_the_others(browser: Any, many: Path) -> None:
    with opened(browser, many, "#/clusters") as tab:
        tab.wait_for_selector(".row")
        assert tab.inner_text("#list-told") == "120 clusters of 120, 123 copies"
        assert tab.get_attribute(".list", "aria-rowcount") == "120"
        assert len(names(tab)) < 60
        tab.evaluate("document.querySelector('.list').scrollTop = 1e6")
        tab.wait_for_selector("#row-119")


def test_search_sort_and_filter(browser: Any, many: Path) -> None:
    with opened(browser, many, "#/clusters") as tab:
        tab.wait_for_selector(".row")
        assert names(tab)[0].startswith("text-007")  # the most copies
        tab.fill("#search", "TEXT-042-copy")
        assert len(names(tab)) == 1 and names(tab)[0].startswith("text-042")
        tab.fill("#search", "nothing of that name")
        assert names(tab) == [] and tab.inner_text("#list-told").startswith("0 clusters")
        tab.fill("#search", "")
        tab.select_option("#by-size", "5")
        assert len(names(tab)) == 1
        tab.select_option("#by-size", "2")
        tab.select_option("#by-relation", "exact")
        assert tab.inner_text("#list-told") == "20 clusters of 120, 20 copies"
        tab.select_option("#by-relation", "")
        tab.select_option("#by-sort", "name")
        assert names(tab) == sorted(names(tab))
        assert tab.locator("#by-source option").all_inner_texts() == ["any", "press", "web"]
        tab.select_option("#by-source", label="web")
        assert tab.inner_text("#list-told").startswith("120 clusters")
        tab.select_option("#by-sure", "unsure")
        assert tab.inner_text("#list-told").startswith("100 clusters")


# --- two texts ---------------------------------------------------------------------------------------------------


def test_what_agrees_is_folded_and_shown_when_asked(browser: Any, many: Path) -> None:
    with opened(browser, many, "#/clusters") as tab:
        tab.fill("#search", "text-005")
        tab.click(".row")
        tab.wait_for_selector(".texts .change")
        folded = tab.locator(".texts tr").count()
        fold = tab.locator(".fold button").last
        assert "lines that agree" in fold.inner_text()
        fold.click()
        assert tab.locator(".texts tr").count() > folded
        tab.click("#fold")
        assert tab.locator(".fold").count() == 0 and tab.get_attribute("#fold", "aria-pressed") == "false"


def test_any_two_copies_are_compared_through_the_kept_one(browser: Any, many: Path) -> None:
    with opened(browser, many, "#/clusters") as tab:
        tab.click("#row-0")
        tab.wait_for_selector("#choose-left")
        copies = [one for one in tab.locator("#choose-left option").all_inner_texts() if "kept" not in one]
        tab.select_option("#choose-left", label=copies[0])
        tab.select_option("#choose-right", label=copies[1])
        tab.wait_for_selector(".texts .change")
        assert tab.locator(".texts thead th").all_inner_texts() == [f"left {copies[0]}", f"right {copies[1]}"]
        marked = [tab.locator(f".{side}-text .change").all_inner_texts() for side in ("left", "right")]
        assert any("changed" in one for one in marked[0] + marked[1])


def test_the_script_keeps_to_itself(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds) as tab:
        assert tab.evaluate("typeof pieces") == "undefined"  # the page puts nothing into the world


def test_a_place_tells_its_verdict_on_hover_and_on_focus(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .change")
        tab.hover(".texts del:text-is('goal')")
        told = tab.inner_text("#place")
        assert "replaced" in told and "goal" in told and "objective" in told
        assert "The original reading is that of 004_d28315a60f4f15ab.txt" in told
        assert "what the pair shows as a whole" in told
        tab.focus(".texts ins:text-is('offer')")
        assert "provide" in tab.inner_text("#place")
        assert tab.locator(".change.on").count() == 2


def test_what_is_clicked_stays_whatever_the_pointer_passes_over(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .change")
        tab.click(".texts del:text-is('goal')")
        tab.hover(".texts del:text-is('provide')")
        assert "objective" in tab.inner_text("#place")
        tab.click(".texts del:text-is('goal')")  # a second click lets go
        tab.hover(".texts del:text-is('provide')")
        assert "offer" in tab.inner_text("#place")


def test_the_ledger_goes_from_place_to_place_and_stays_below_the_pointer(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".ledger")
        button = tab.locator(".times").nth(1)
        button.click()
        before = button.bounding_box()
        assert button.inner_text() == "1 of 11"
        button.click()
        assert button.inner_text() == "2 of 11" and button.bounding_box() == before
        assert tab.inner_text(".change.on >> nth=0") == "in"


def test_the_names_of_both_texts_stay_in_sight(browser: Any, seeds: Path) -> None:
    for wide in (1280, 390):
        with opened(browser, seeds, "#/cluster/0", viewport={"width": wide, "height": 844}) as tab:
            tab.wait_for_selector(".texts .change")
            tab.evaluate("window.scrollTo(0, 6000)")
            for at in range(2):
                box = tab.locator(".texts th").nth(at).bounding_box()
                assert box and 0 <= box["y"] < 120


def test_on_a_telephone_the_ledger_stands_before_the_texts(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0", viewport={"width": 390, "height": 844}) as tab:
        tab.wait_for_selector(".ledger")
        ledger_, texts = (tab.locator(one).bounding_box() for one in (".ledger-place", ".texts"))
        assert ledger_ and texts and ledger_["y"] < texts["y"]


def test_no_name_in_the_plot_of_links_runs_into_another(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, viewport={"width": 390, "height": 844}) as tab:
        boxes = [one.bounding_box() for one in tab.locator(".plot").nth(3).locator("svg text").all()]
        assert len(boxes) == 3
        for at, one in enumerate(boxes):
            for other in boxes[at + 1 :]:
                apart = abs(one["x"] - other["x"]) >= min(one["width"], other["width"])
                assert apart or abs(one["y"] - other["y"]) >= 0.7 * one["height"]


def test_moves_lead_to_each_other(browser: Any, tmp_path: Path) -> None:
    target = written(tmp_path, ROOT / "fixtures" / "real" / "paragraphs-moved" / "documents")
    with opened(browser, target, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .move")
        tab.locator(".texts .move:not(.nothing)").first.hover()
        before = tab.locator(".change.on").first.get_attribute("data-at")
        tab.click("#place button:has-text('Go to where')")
        assert tab.locator(".change.on").first.get_attribute("data-at") != before
        assert "moved" in tab.inner_text("#place")


# --- keys, colours, paper ----------------------------------------------------------------------------------------


def test_everything_by_the_keyboard(browser: Any, many: Path) -> None:
    with opened(browser, many) as tab:
        tab.keyboard.press("/")
        until(tab, "document.activeElement.id === 'search'")
        tab.keyboard.type("text-01")
        tab.keyboard.press("Tab")
        tab.focus(".list")
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("j")
        tab.keyboard.press("k")
        assert tab.get_attribute(".list", "aria-activedescendant") == "row-1"
        assert tab.get_attribute("#row-1", "aria-selected") == "true"
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".texts .change")
        tab.keyboard.press("n")
        assert tab.evaluate("document.activeElement.classList.contains('change')")
        tab.keyboard.press("f")
        assert tab.get_attribute("#fold", "aria-pressed") == "false"
        before = tab.url
        tab.keyboard.press("]")
        until(tab, "(before) => location.href !== before", before)
        tab.keyboard.press("u")
        tab.wait_for_selector(".list")
        tab.keyboard.press("1")
        tab.wait_for_selector(".tiles")
        tab.keyboard.press("?")
        assert tab.locator("#help").is_visible()
        tab.uncheck("#keys-on")
        tab.keyboard.press("Escape")
        tab.keyboard.press("2")
        assert tab.locator(".tiles").count() == 1  # the keys are off


def test_lists_are_entered_by_keys_from_anywhere(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds) as tab:
        tab.keyboard.press("2")
        tab.wait_for_selector(".row")
        tab.keyboard.press("j")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".texts .change")
        tab.keyboard.press("3")
        tab.wait_for_selector(".pairs")
        for key in ("j", "j", "k", "Enter"):
            tab.keyboard.press(key)
        until(tab, "location.hash === '#/shared/0'")


def test_differences_are_gone_through_by_arrows(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .change")
        tab.keyboard.press("n")
        seen = []
        for _ in range(4):
            seen.append(int(tab.evaluate("document.activeElement.dataset.at")))
            tab.keyboard.press("ArrowRight")
        assert seen == sorted(set(seen))
        assert tab.locator(".texts [tabindex='0']").count() == 1


def test_light_and_dark_by_the_system_and_by_the_switch(browser: Any, seeds: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, seeds, color_scheme="dark") as tab:
        dark = tab.evaluate(ground)
        assert tab.get_attribute("#theme", "aria-pressed") == "true"
        tab.click("#theme")
        light = tab.evaluate(ground)
        assert light != dark and tab.get_attribute("#theme", "aria-pressed") == "false"
    with opened(browser, seeds, color_scheme="light") as tab:
        assert tab.evaluate(ground) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["#/", "#/clusters", "#/cluster/0", "#/shared/0"])
def test_every_text_stands_out_from_its_ground(browser: Any, seeds: Path, place: str, scheme: str) -> None:
    with opened(browser, seeds, place, color_scheme=scheme) as tab:
        tab.wait_for_timeout(200)
        if place == "#/cluster/0":
            tab.keyboard.press("n")
        tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert tab.evaluate(CONTRAST) == []


@pytest.mark.parametrize("place", ["#/", "#/clusters", "#/cluster/0", "#/shared/0"])
def test_nothing_is_wider_than_a_telephone(browser: Any, seeds: Path, place: str) -> None:
    with opened(browser, seeds, place, viewport={"width": 390, "height": 844}) as tab:
        tab.wait_for_timeout(200)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_roles_and_names_for_those_who_listen(browser: Any, seeds: Path) -> None:
    with opened(browser, seeds, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .change")
        assert tab.locator("main").count() == tab.locator("h1").count() == 1
        unnamed = tab.evaluate(
            "[...document.querySelectorAll('button, select, input, a, [role=grid], [role=region]')].filter((one) =>"
            " !one.textContent.trim() && !one.getAttribute('aria-label') && !one.labels?.length)"
            ".map((one) => one.outerHTML)"
        )
        assert unnamed == []
        assert tab.get_attribute(".texts del", "aria-describedby") == "place"
        assert tab.locator("nav a[aria-current=page]").inner_text() == "Clusters"


def test_it_prints(browser: Any, many: Path) -> None:
    with opened(browser, many, "#/clusters") as tab:
        tab.wait_for_selector(".row")
        tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert len(names(tab)) == 120
        tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert len(names(tab)) < 60
        tab.emulate_media(media="print")
        assert not tab.locator("header").is_visible()
        assert tab.pdf()[:4] == b"%PDF"


# --- hostile texts -----------------------------------------------------------------------------------------------


def test_hostile_texts_are_shown_as_texts(browser: Any, tmp_path: Path) -> None:
    target = written(tmp_path, hostile_corpus(tmp_path))
    with opened(browser, target) as tab:
        tab.wait_for_timeout(200)
        assert tab.evaluate("document.querySelectorAll('main img, main script, main style').length") == 0
        tab.goto("about:blank")
    for cluster in range(len(HOSTILE)):
        with opened(browser, target, f"#/cluster/{cluster}") as tab:
            tab.wait_for_selector(".texts")
            told = tab.inner_text("main")
            assert tab.evaluate("document.querySelectorAll('main img, main script, main style').length") == 0
            assert not set(told) & set("\u202e\u2066\x00\x1b\ufeff")
            if "U+202E" in told:
                assert "[U+2066]\u2400\u241b[31m[U+FEFF]" in told
            else:
                assert any(nasty in told for nasty in HOSTILE[:-1])


def test_a_line_of_ten_megabytes_does_no_harm(browser: Any, tmp_path: Path) -> None:
    line = "word " * 2_000_000
    rows = [{"id": name, "text": text} for name, text in (("a", line), ("b", line), ("c", "x" * 10_000_000))]
    (tmp_path / "long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    target = written(tmp_path, tmp_path / "long.jsonl")
    assert target.stat().st_size < 1_000_000
    with opened(browser, target, "#/cluster/0") as tab:
        tab.wait_for_selector(".comparison .warning")
        assert "does not hold the texts of these two" in tab.inner_text(".comparison")


def test_one_long_line_is_cut_into_lines_that_face_each_other(browser: Any, tmp_path: Path) -> None:
    words = article(1, 20_000)
    other = list(words)
    other[15_000] = "changed"
    (tmp_path / "texts").mkdir()
    for name, some in (("a.txt", words), ("b.txt", other)):
        (tmp_path / "texts" / name).write_text(" ".join(some))
    target = written(tmp_path, tmp_path / "texts")
    with opened(browser, target, "#/cluster/0") as tab:
        tab.wait_for_selector(".texts .change")
        assert (
            tab.locator(".texts ins").inner_text() == "changed" or tab.locator(".texts del").inner_text() == "changed"
        )
        assert tab.locator(".texts tbody tr").count() == 5  # the change, a line about it on each side, two folds
