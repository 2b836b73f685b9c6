"""One look at a page in four states: light and dark, on a wide screen and on a phone."""

import json
import re
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

STATES: list[tuple[Any, int, int]] = [
    ("light", 1280, 800),
    ("dark", 1280, 800),
    ("dark", 390, 844),
    ("light", 390, 844),
]
VIOLATIONS = """() => axe.run({resultTypes: ['violations']}).then(({violations}) => violations.map(
  ({id, help, nodes}) => ({id, help, at: nodes.map(one => one.target.join(' ') + ': ' + one.failureSummary)})))"""
"""All rules, and what breaks them alone: to tell what keeps them takes as long again."""
STILL = "window.setTimeout = () => 0"
"""Lets no clock of a page begin any more: "Copied" stays until it was read."""
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
    """Look in four ways at what a page shows now: a dialog, a drawer, the end of a flow.

    After a click that leads elsewhere the caller waits first for something that only the new page has.
    """
    page.wait_for_load_state()
    page.evaluate(AXE_SCRIPT)
    for scheme, width, height in STATES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("document.getAnimations().length === 0")
        found = page.evaluate(VIOLATIONS)
        assert found == [], f"{name} {scheme} {width}\n{json.dumps(found, indent=2)}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} sticks out at {width}"
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            plain = re.sub(r"\W+", "-", _IDS.sub("", _HOST.sub("", name))).strip("-") or "front"
            page.screenshot(path=folder / f"{plain}.{width}.{scheme}.png", full_page=True)
