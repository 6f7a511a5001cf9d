"""Pictures of the report of the seeds at 1280 and 390 pixels, light and dark: none empty, none wider than the window.

They are left in the folder of the environment's DEDUP_PICTURES, if that is set, to be looked at.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, opened

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import screenshot  # noqa: E402


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screenshot.report(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("DEDUP_PICTURES")
    found = Path(named) if named else tmp_path_factory.mktemp("pictures")
    found.mkdir(parents=True, exist_ok=True)
    return found


@pytest.mark.parametrize("width", screenshot.WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", screenshot.VIEWS)
def test_a_view_fills_the_window_and_is_not_wider(
    browser: Any, seeds: Path, folder: Path, view: str, scheme: str, width: int
) -> None:
    size = {"width": width, "height": screenshot.WIDTHS[width]}
    with opened(browser, seeds, screenshot.VIEWS[view], viewport=size, color_scheme=scheme) as tab:
        screenshot.settled(tab, view)
        wide = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        assert len(tab.inner_text("main")) > 100
        target = folder / f"{view}-{width}-{scheme}.png"
        tab.screenshot(path=target)
    light, colours = brightness(target)
    assert (light > 0.5) == (scheme == "light")
    assert colours > 20, "there is nothing to see"


def brightness(picture: Path) -> tuple[float, int]:
    """How light a picture is on the whole, 0 to 1, and how many colours it has."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed").open(picture).convert("RGB")
    small = image.convert("L").resize((1, 1)).getpixel((0, 0)) / 255
    return small, len(image.getcolors(1 << 24))
