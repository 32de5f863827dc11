"""Which browser the tests and the benchmark drive, and how it is started.

As a program (`make test` runs it): install that browser, and fonts for Chinese, where there are none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

COMMANDS = ("chromium", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"

# No GPU and no sandbox: neither is there in a container. The rest keeps the browser from calling home, so that a
# request to any other host is the app's own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

HOLD_BACK = """
window.sent = 0;
const kept = []; // what was held back, either way, as functions that let it go
let mark = null; // what is waited for
let holding = false;
let told = 0; // what the page has said since
window.hold = () => void (holding = true);
window.holdFrom = (text) => ([mark, told] = [text, 0]);
window.holds = () => holding;
window.release = () => {
  holding = false;
  for (const go of kept.splice(0)) go();
};
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (event) => {
      if (mark && new TextDecoder("latin1").decode(event.data).includes(mark)) {
        [mark, holding] = [null, true];
        for (const go of kept.splice(0)) go();
      }
      if (!holding) return;
      event.stopImmediatePropagation();
      kept.push(() => this.dispatchEvent(new MessageEvent("message", { data: event.data })));
    });
  }
  send(data) {
    const go = () => {
      window.sent += 1;
      super.send(data);
    };
    if (mark && told++) kept.push(go);
    else go();
  }
};
"""
"""For `page.add_init_script`. `sent` counts what the page says to the server. What the server says is held back from
`hold()` until `release()`. After `holdFrom(text)` the page says one more thing, and no other before a message with that
text has come; it and what follows are held back as well."""


def installed() -> str | None:
    """The system's Chromium or Chrome; None where there is none, which is Playwright's word for its own."""
    found = next((path for path in map(shutil.which, COMMANDS) if path), None)
    return found or (MAC if Path(MAC).exists() else None)


def launch(playwright: Playwright) -> Browser:
    """A headless browser."""
    return playwright.chromium.launch(executable_path=installed(), args=FLAGS)


def too_wide(page: Page) -> int:
    """By how many pixels a page can be scrolled sideways. Streamlit's pages scroll in an element of their own."""
    return page.evaluate(
        "(n => n.scrollWidth - n.clientWidth)"
        "(document.querySelector('[data-testid=stMain]') ?? document.documentElement)"
    )


def install() -> None:
    """Chromium and a Chinese font by apt-get on Debian; elsewhere the Chromium that Playwright brings."""
    debian = "ID=debian" in (Path("/etc/os-release").read_text().split() if sys.platform == "linux" else ())
    missing = []
    if debian and not installed():
        missing.append("chromium")
    if shutil.which("apt-get") and not draws_chinese():
        missing.append("fonts-noto-cjk")
    if missing:
        apt_get("update", "-qq")
        apt_get("install", "-y", "-qq", "--no-install-recommends", *missing)
    if not installed():
        with sync_playwright() as playwright:
            own = Path(playwright.chromium.executable_path).exists()
        if not own:
            subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def draws_chinese() -> bool:
    """Does fontconfig know a font for Chinese?"""
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=True).stdout.strip())


def apt_get(*arguments: str) -> None:
    command = ["apt-get", *arguments] if os.geteuid() == 0 else ["sudo", "apt-get", *arguments]
    print("$", " ".join(command), flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    install()
