"""Pictures of the report page of the seeds: `python benchmarks/screenshot.py FOLDER`, and docs/report.png with --docs.

Needs Playwright and Debian's Chromium (`pip install playwright`, `apt-get install chromium`). The folder gets the
overview and the seeds' cluster at 1280 and 390 pixels wide, light and dark; --docs writes docs/report.png from the
cluster, for the README.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
VIEWS = {"overview": "#/", "clusters": "#/clusters", "cluster": "#/cluster/0", "shared": "#/shared/0"}
WIDTHS = {1280: 900, 390: 844}


def chromium(playwright: Any) -> Any:
    """Debian's Chromium, which as root must do without its sandbox."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def report(folder: Path) -> Path:
    """The page of the seeds."""
    from dedup import pipeline
    from dedup.report import page

    target = folder / "report.html"
    with pipeline.find_duplicates(ROOT / "seeds") as findings:
        target.write_text(page.scan(findings, pipeline.DEFAULT), encoding="utf-8")
    return target


def settled(tab: Any, view: str) -> None:
    """Waits until a view is drawn whole; of a cluster, the third difference is reached."""
    tab.wait_for_selector({"cluster": ".texts .change", "shared": ".texts", "clusters": ".row"}.get(view, "main q"))
    tab.wait_for_timeout(200)
    if view == "cluster":
        for _ in range(3):
            tab.keyboard.press("n")


def pictures(page_file: Path, folder: Path, whole: bool) -> list[Path]:
    """Every view at every width, light and dark."""
    from playwright.sync_api import sync_playwright

    made = []
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        for width, height in WIDTHS.items():
            for scheme in ("light", "dark"):
                tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                for name, place in VIEWS.items():
                    tab.goto("about:blank")
                    tab.goto(f"{page_file.as_uri()}{place}")
                    settled(tab, name)
                    made.append(folder / f"{name}-{width}-{scheme}.png")
                    tab.screenshot(path=made[-1], full_page=whole)
                tab.close()
        browser.close()
    return made


def for_the_docs(page_file: Path) -> Path:
    """docs/report.png: the seeds' cluster, two copies side by side, in few colours so that it stays small."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    target = ROOT / "docs" / "report.png"
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        tab = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        tab.goto(f"{page_file.as_uri()}#/cluster/0")
        settled(tab, "cluster")
        tab.evaluate("window.scrollTo(0, 60)")
        tab.screenshot(path=target)
        browser.close()
    with Image.open(target) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--whole", action="store_true", help="the whole page, not what fits into the window")
    parser.add_argument("--docs", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page_file = report(Path(folder))
        if chosen.folder:
            chosen.folder.mkdir(parents=True, exist_ok=True)
            print(*pictures(page_file, chosen.folder, chosen.whole), sep="\n")
        if chosen.docs:
            target = for_the_docs(page_file)
            print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
