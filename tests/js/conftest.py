"""The views' modules in a real Chromium, without Streamlit: `modules` is an empty page that can import them.

    def test_something(modules):
        modules.evaluate('async (p) => (await import("/kit/format.js")).percent(p)', 0.5)

One page for the whole run, so a property test may ask it a thousand times: it takes about a millisecond each.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from gptviz.paths import PACKAGE

ROOT = PACKAGE.parent
VIEWS = PACKAGE / "views"

# No request leaves the browser: each is answered below. Browsers trust this name as they do https.
SITE = "http://localhost"


@pytest.fixture(scope="session")
def modules(browser: Browser) -> Iterator[Page]:
    """An empty page on which `import("/kit/format.js")` gives the module gptviz/views/kit/format.js. By its whole path
    from the repository's root, any file of the views and of this folder can be had as well."""

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            return route.fulfill(body="<!doctype html>", content_type="text/html")
        whole = path.startswith(("/gptviz/views/", "/tests/js/"))
        file = (ROOT if whole else VIEWS) / path.lstrip("/")
        return route.fulfill(path=file) if file.is_file() else route.fulfill(status=404)

    context = browser.new_context()
    context.route("**/*", answer)
    page = context.new_page()
    page.goto(SITE)
    yield page
    context.close()
