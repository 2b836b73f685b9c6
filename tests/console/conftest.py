"""The browser of the pages' tests, for the console too."""

from tests.pages.conftest import _chromium, browser, context, page, screenshots

__all__ = ["_chromium", "browser", "context", "page", "screenshots"]
