"""Measures the report page of a large corpus in Chromium: `python benchmarks/page.py [--documents N] [--clusters N]`.

1. A corpus of made-up words (`corpora.py`): as many clusters as asked for, of a text of 100 to 400 words, a near copy
   of it and of every tenth one two more; all other documents stand alone.
2. `dedup report` writes the page in a process of its own: its seconds, and bytes of the page.
3. Chromium opens it from disk: milliseconds until its script has drawn the overview and takes input, until all of the
   page is read, until the list of clusters is drawn, until a search in it is, and until two texts stand side by side
   (medians; the comparison of --repeat clusters, each unpacked anew).

Needs Playwright and Debian's Chromium. Limits that the page keeps: 30 MB, 2 s, 200 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import corpora
import numpy as np
from screenshot import chromium

COPIES_EVERY, MORE_COPIES = 10, 2


def write(path: Path, documents: int, clusters: int, seed: int = 1) -> None:
    """The corpus, in an order in which copies stand anywhere."""
    words = np.array(corpora.vocabulary(60_000, seed))
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(10, len(words) + 10)
    cumulative = np.cumsum(weights / weights.sum())
    texts: list[tuple[str, str]] = []
    for number in range(documents):
        if len(texts) >= documents:
            break
        drawn = np.minimum(np.searchsorted(cumulative, rng.random(int(rng.integers(100, 400)))), len(words) - 1)
        texts.append((f"site-{number % 37}", " ".join(words[drawn])))
        if number >= clusters:
            continue
        for _ in range(1 + (MORE_COPIES if number % COPIES_EVERY == 0 else 0)):
            changed = drawn.copy()
            places = rng.integers(0, len(drawn), max(1, len(drawn) // 50))
            changed[places] = rng.integers(0, len(words), len(places))
            texts.append((f"site-{int(rng.integers(37))}", " ".join(words[changed])))
    random.Random(seed).shuffle(texts)
    with path.open("w", encoding="utf-8") as file:
        for number, (source, text) in enumerate(texts):
            file.write(json.dumps({"id": f"document-{number:06}", "source": source, "text": text}) + "\n")


def made(corpus: Path, target: Path) -> float:
    """Seconds that the report takes."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "dedup.cli", "report", str(corpus), "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def in_browser(target: Path, repeat: int) -> dict[str, Any]:
    """What the browser takes, in milliseconds."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {"overview": [], "whole page": [], "list": [], "search": [], "comparison": []}
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        for _ in range(3):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(target.as_uri(), wait_until="load")
            found["overview"].append(float(tab.get_attribute("html", "data-ready")))
            found["whole page"].append(
                tab.evaluate("performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart")
            )
            found["list"].append(tab.evaluate(_timed("location.hash = '#/clusters'", ".row")))
            box = "const box = document.querySelector('#search'); box.value = '0001'; "
            search = f"{box}box.dispatchEvent(new Event('input'))"
            found["search"].append(tab.evaluate(_timed(search, ".row")))
            clusters = tab.evaluate("JSON.parse(document.querySelector('#data').textContent).clusters.kept.length")
            for number in random.Random(1).sample(range(clusters), min(repeat, clusters)):
                found["comparison"].append(
                    tab.evaluate(_timed(f"location.hash = '#/cluster/{number}'", ".texts .change"))
                )
                tab.evaluate("location.hash = '#/'")
                tab.wait_for_selector(".tiles")
            tab.close()
        browser.close()
    told = {f"{name} ms": round(statistics.median(values)) for name, values in found.items()}
    return {**told, "slowest comparison ms": round(max(found["comparison"]))}


def _timed(act: str, awaited: str) -> str:
    """Milliseconds from an act until what is awaited is there and painted."""
    return f"""() => new Promise((resolve) => {{
      const begun = performance.now();
      {act};
      const look = () => document.querySelector({awaited!r})
        ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begun)))
        : setTimeout(look, 1);
      setTimeout(look, 1);
    }})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder for corpus and page, used again if they are there")
    parser.add_argument("--results", type=Path, help="a folder for page.json")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        corpus, target = folder / "corpus.jsonl", folder / "report.html"
        told: dict[str, Any] = {"documents": chosen.documents, "clusters planted": chosen.clusters}
        if not corpus.exists():
            write(corpus, chosen.documents, chosen.clusters)
        if not target.exists():
            told["report s"] = round(made(corpus, target), 1)
        told["page MB"] = round(target.stat().st_size / 1e6, 1)
        told |= in_browser(target, chosen.repeat)
    print(json.dumps(told, indent=1))
    if chosen.results:
        (chosen.results / "page.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
