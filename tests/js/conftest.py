"""The views' modules in a real Chromium, without Streamlit: `modules` is an empty page that can import them.

    def test_something(modules):
        modules.evaluate('async (p) => (await import("/kit/format.js")).percent(p)', 0.5)

One page for the whole run, so a property test may ask it a thousand times: it takes about a millisecond each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from gptviz.paths import PACKAGE

VIEWS = PACKAGE / "views"
HERE = Path(__file__).parent

# No request leaves the browser: each is answered below. Browsers trust this name as they do https.
SITE = "http://localhost"


@pytest.fixture(scope="session")
def modules(browser: Browser) -> Iterator[Page]:
    """An empty page on which `import("/kit/format.js")` gives the module gptviz/views/kit/format.js, and
    `import("/tests/js/...")` what lies in this folder."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            return route.fulfill(body="<!doctype html>", content_type="text/html")
        file = HERE / path.removeprefix("/tests/js/") if path.startswith("/tests/js/") else VIEWS / path.lstrip("/")
        return route.fulfill(path=file) if file.is_file() else route.fulfill(status=404)

    context = browser.new_context()
    context.route("**/*", answer)
    page = context.new_page()
    page.goto(SITE)
    yield page
    context.close()
