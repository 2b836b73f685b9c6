"""The browser of the pages' tests, for the console too."""

from tests.pages.conftest import browser, context, page, screenshots

__all__ = ["browser", "context", "page", "screenshots"]
