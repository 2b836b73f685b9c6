"""A studio and its owner; and a real Chromium: where there is none its tests are left out, and fail in CI."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.pages.people import sign_in
from tests.pages.studio import Studio, make_studio

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is Chromium without its windows: the same pages, for little more than half of the work."""
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds for what is waited for: a busy machine may stand still for seconds, a quick one waits for none."""
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


@dataclass(frozen=True)
class Running:
    """A browser, and the loop by which it is spoken to."""

    browser: Browser
    loop: asyncio.AbstractEventLoop


_begun: list[Running] = []


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Running]:
    """One browser of the process, begun by the first test that wants one, of pages or of the console."""
    if _begun:
        yield _begun[0]
        return
    playwright = sync_playwright().start()
    expect.set_options(timeout=PATIENCE)
    running = Running(
        playwright.chromium.launch(executable_path=chromium(), args=QUIET), asyncio.get_running_loop()
    )
    asyncio._set_running_loop(None)
    _begun.append(running)
    yield running
    asyncio._set_running_loop(running.loop)
    running.browser.close()
    playwright.stop()


@pytest.fixture(scope="module")
def browser(_chromium: Running) -> Iterator[Browser]:
    """The browser of the process; what tests leave behind goes with their own `context`."""
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's own loop runs in this thread, in which Django would otherwise refuse to reach the database.
        # Tests without a browser know nothing of either.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        asyncio._set_running_loop(_chromium.loop)
        yield _chromium.browser
        asyncio._set_running_loop(None)


@pytest.fixture
def context(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    made = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    made.set_default_timeout(PATIENCE)
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
    opened.wait_for_load_state()
    wrong += opened.evaluate("window.violations || []")
    assert wrong == []


@pytest.fixture
def patient_app(settings: LazySettings) -> None:
    """Have the six digits of the last half minute count too, else they may end while a busy machine types them."""
    settings.MFA_TOTP_TOLERANCE = 1


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    folder = request.config.getoption("--screenshots", default=None)
    return Path(folder) if folder else None


@pytest.fixture
def studio() -> Studio:
    """A workspace with an agent, limits and pictures."""
    return make_studio()


@pytest.fixture
def owner(studio: Studio) -> Client:
    """Its owner, signed in."""
    return sign_in()
