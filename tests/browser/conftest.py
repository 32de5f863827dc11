"""A real Chromium for tests: `app_server` starts an app, `page_at` opens a page of it and watches it.

    def test_something(app_server, page_at):
        page = page_at(app_server("app.py"), width=390, theme="dark", locale="zh-CN")
        page.get_by_role("slider").press("ArrowLeft")

A page that logs an error, throws, or asks another host for anything fails its test when the test ends.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from gptviz.paths import PACKAGE

ROOT = PACKAGE.parent

# A machine busy with other things is no failure: whatever a test waits for may take this long.
PATIENCE = 180  # s
expect.set_options(timeout=PATIENCE * 1000)

# Streamlit's own: opened at /page, its front end first asks there for what lies at the root, and is told 404.
_STREAMLITS_OWN = re.compile(r"/[^/]+/_stcore/(health|host-config)$")


@pytest.fixture(scope="session")
def app_server(tmp_path_factory) -> Iterator[Callable[..., str]]:
    """`app_server(script, env=None) -> url`: a Streamlit app, running and answering.

    script: path from the repository's root. env: environment variables on top of this process's. One server for the
    whole run of tests a script and env; all are ended with it.
    """
    running: dict[tuple, tuple[subprocess.Popen, str]] = {}

    def start(script: str, env: dict[str, str] | None = None) -> str:
        key = (script, tuple(sorted((env or {}).items())))
        if key not in running:
            log = tmp_path_factory.mktemp("server") / "log.txt"
            running[key] = _start(script, env or {}, log)
        return running[key][1]

    yield start
    for process, _ in running.values():
        process.terminate()
    for process, _ in running.values():
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # a browser still holds a connection
            process.kill()
            process.wait()


def _start(script: str, env: dict[str, str], log: Path) -> tuple[subprocess.Popen, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / script), f"--server.port={port}"]
    options = ["--server.address=127.0.0.1", "--server.headless=true", "--server.fileWatcherType=none"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options], cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(f"{url}/_stcore/health"):
            return process, url
        time.sleep(0.1)
    process.kill()
    process.wait()
    raise RuntimeError(f"{script} did not start:\n{log.read_text(errors='replace')}")


@dataclass
class Quiet:
    """What a page did that it should not have: `check()` fails with it."""

    host: str
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"thrown: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def check(self) -> None:
        assert not self.complaints, "\n".join(self.complaints)

    def _heard(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        own = "404" in message.text and _STREAMLITS_OWN.search(urlsplit(url).path)
        if message.type == "error" and not own:
            self.complaints.append(f"console: {message.text} ({url})")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.complaints.append(f"request to another host: {url}")


@pytest.fixture
def page_at(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`page_at(url, width=1440, height=1000, theme="light", locale="en-US") -> Page`, opened and loaded.

    Each page is a reader of its own (its own cookies and storage), and has its record of errors and requests at
    `page.quiet`; the fixture checks it when the test ends, `page.quiet.check()` does so before.
    """
    pages: list[Page] = []

    def open_page(url: str, width: int = 1440, height: int = 1000, theme: str = "light", locale: str = "en-US") -> Page:
        viewport = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, color_scheme=theme, locale=locale, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.quiet = Quiet(urlsplit(url).netloc)
        page.quiet.watch(page)
        pages.append(page)
        page.goto(url)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    for page in pages:
        page.quiet.check()
