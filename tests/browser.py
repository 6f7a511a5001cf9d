"""A browser for tests: Debian's Chromium, driven by Playwright; tests that ask for it skip where it is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")


def missing() -> str:
    """Why there is no browser, "" if there is one."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "Playwright is not installed (pip install '.[test]')"
    return "" if CHROMIUM else "there is no Chromium (apt-get install chromium)"


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; as root it must do without its sandbox."""
    if reason := missing():
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, page_file: Path, place: str = "", **options: Any) -> Iterator[Any]:
    """A page from disk. Whatever it says in the console, throws, asks the network for, or pops up fails the test."""
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    tab = context.new_page()
    tab.set_default_timeout(15_000)
    wrong: list[str] = []
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    tab.on(
        "request", lambda asked: wrong.append(asked.url) if asked.url.partition(":")[0] not in ("file", "blob") else 0
    )
    try:
        tab.goto(f"{page_file.as_uri()}{place}")
        tab.wait_for_selector("html[data-ready]")
        yield tab
        assert wrong == []
    finally:
        context.close()


def until(tab: Any, script: str, *arguments: Any) -> None:
    """Waits until a script tells something true. Unlike Playwright's own way it compiles no text inside the page, which
    the page's policy forbids."""
    waited_ms = 0
    while not tab.evaluate(script, *arguments):
        assert waited_ms < 15_000, f"never came true: {script}"
        tab.wait_for_timeout(50)
        waited_ms += 50
