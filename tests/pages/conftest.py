"""A real Chromium for the tests of pages; where there is none they are left out, and fail in CI."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event => window.violations.push(
  event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber));
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-matrix", action="store_true", help="Write who is answered how by which route.")
    parser.addoption("--screenshots", default=None, help="A folder for pictures of every page.")


def chromium() -> str | None:
    """Return where this machine's Chromium is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser leave its tests out; test_there_is_a_browser says so, in one line."""
    if chromium() is not None or in_ci():
        return
    out = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's own loop runs in this thread, in which Django would otherwise refuse to reach the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    made.add_init_script(WATCH)
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that must say nothing in its console, and break no policy."""
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    wrong += opened.evaluate("window.violations || []")
    assert wrong == []


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    folder = request.config.getoption("--screenshots", default=None)
    return Path(folder) if folder else None
