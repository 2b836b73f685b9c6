"""One look at a page in four states: light and dark, on a wide screen and on a phone."""

import re
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

STATES: list[tuple[Any, int, int]] = [
    ("light", 1280, 800),
    ("dark", 1280, 800),
    ("dark", 390, 844),
    ("light", 390, 844),
]
_HOST = re.compile(r"^https?://[^/]+")
_IDS = re.compile(r"\b(org|agt|job|image|claim|evt|trace|usage|quote|attempt|receipt)_\w+")


def look(page: Page, path: str, folder: Path | None, *, name: str | None = None) -> None:
    """Open a page once and look at it in four ways: axe finds nothing, and nothing sticks out.

    With a folder each way is also a picture there, under `name` or one made from the path.
    """
    page.emulate_media(reduced_motion="reduce")
    answer = page.goto(path)
    assert answer is None or answer.status == 200, path
    look_here(page, folder, name=name or path)


def look_here(page: Page, folder: Path | None, *, name: str) -> None:
    """Look in four ways at what a page shows now: a dialog, a drawer, the end of a flow."""
    page.evaluate(AXE_SCRIPT)
    axe = Axe("0")  # else it would bring half a megabyte of itself along each time
    for scheme, width, height in STATES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("document.getAnimations().length === 0")
        found = axe.run(page)
        assert found.violations_count == 0, f"{name} {scheme} {width}\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} sticks out at {width}"
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            plain = re.sub(r"\W+", "-", _IDS.sub("", _HOST.sub("", name))).strip("-") or "front"
            page.screenshot(path=folder / f"{plain}.{width}.{scheme}.png", full_page=True)
