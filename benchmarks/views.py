"""How much the views send to the browser and how quickly they answer there: `make bench`, or
`python benchmarks/views.py`. The default model, a page of 1440 × 1000 in headless Chromium, drawn in software.

In the browser a time is from the event to the moment after the next frame was painted: one frame of a 60 Hz screen is
16.7 ms. On the way to the server and back it is until the view shows the new numbers."""

from __future__ import annotations

import statistics
from urllib.parse import urlencode

import click
from playwright.sync_api import Page, sync_playwright

import gptviz
from benchmarks.report import Ratios, Table
from benchmarks.server import running, streamlit
from gptviz.views.stops import STOPS
from tests.browser import chromium

TEXT = "The cat sits on the mat and looks at the bird in the garden, because it is hungry and the day is long. " * 12
OPEN = STOPS["attention"].address("open")
OPENED = "heads,stages,cell,lines"

# The view's root, and a promise of the moment after the next paint.
SETUP = """() => {
  const host = [...document.querySelectorAll("*")].find((node) => node.shadowRoot?.querySelector(".attention"));
  const root = (window.root = host.shadowRoot);
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(performance.now());
    channel.port2.postMessage(0);
  }));
  const mouse = (node, x, y) => {
    const box = node.getBoundingClientRect();
    const at = { pointerType: "mouse", bubbles: true, clientX: box.left + x, clientY: box.top + y };
    node.dispatchEvent(new PointerEvent("pointermove", at));
  };
  const select = (n, value) => {
    const node = root.querySelectorAll(".bar select")[n];
    node.value = String(value);
    node.dispatchEvent(new Event("change"));
  };
  const acts = {
    hover: (n) => {
      const chips = [...root.querySelectorAll(".strip button")];
      const mouse = { pointerType: "mouse", bubbles: true };
      chips[(n * 7) % chips.length].dispatchEvent(new PointerEvent("pointerover", mouse));
    },
    cell: (n) => mouse(root.querySelector(".matrix canvas"), 150 + 9 * n, 320 + 7 * n),
    stage: (n) => root.querySelectorAll(".steps button")[1 + (n % 4)].click(),
    head: (n) => select(1, n % 9),
  };
  window.local = async (what, times) => {
    const taken = [];
    for (let n = 0; n < times; n++) {
      await painted();
      const start = performance.now();
      acts[what](n);
      taken.push((await painted()) - start);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    return taken;
  };
  const until = async (done) => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 4));
    await painted();
  };
  const away = {
    layer: (n) => {
      select(0, 3 + n);
      return () => !root.querySelector(".attention.waiting") && root.querySelector(".bar .arriving").textContent === "";
    },
    words: (n) => {
      const words = () => root.querySelector("[data-section=values] .words");
      root.querySelectorAll(".strip button")[5 + n].click();
      return () => words()?.firstChild && words().style.visibility !== "hidden";
    },
    off: (n) => {
      select(1, n); // one head more every time
      root.querySelector("[data-section=off] .add").click();
      const results = () => root.querySelector("[data-section=off] .results");
      return () => results().querySelector("table") !== null;
    },
  };
  window.server = async (what, n) => {
    const start = performance.now();
    const done = away[what](n);
    await painted();
    await until(done);
    return performance.now() - start;
  };
}"""


VOCABULARIES = (49_152, 151_936)

# The view computes and draws in the frame after the event.
STEPS = """async (steps) => {
  const host = [...document.querySelectorAll("*")].find((node) => node.shadowRoot?.querySelector(".gptviz"));
  const input = host.shadowRoot.querySelector(".control input[type=range]");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const painted = () => new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(0);
  });
  const taken = [];
  for (let step = 0; step < steps; step++) {
    await frame();
    await painted();
    input.value = String(20 + ((2 * step) % 160));
    input.dispatchEvent(new Event("input"));
    const begun = await frame();
    await painted();
    taken.push(performance.now() - begun);
  }
  return taken;
}"""


@click.command()
@click.option("--repeats", default=20, show_default=True, help="How often each thing in the browser is done.")
@click.option("--keep", is_flag=True, help="Write the ratios to benchmarks/ratios.json.")
def main(repeats: int, keep: bool) -> None:
    """Measure, and print a table."""
    llm = gptviz.load()
    texts = {n: llm.tokenizer.decode(llm.encode(TEXT)[:n]) for n in (64, 256)}
    ratios = Ratios("views")
    with running(streamlit("app.py")) as app, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        table = Table("attention view, default model", "64 tokens", "256 tokens")
        few, many = (measure(browser, app.url, text, repeats) for text in texts.values())
        for label, (shown, value) in few.items():
            table.row(label, shown, many[label][0])
            ratios.add(f"{label.partition(',')[0].strip()}: 256 tokens ÷ 64", many[label][1] / value)
        browser.close()
    with running(streamlit("tests/browser/apps/output_view.py")) as app, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        table = Table("output view, a step of the slider", *(f"{n:,} logits" for n in VOCABULARIES))
        links = {"temperature alone, median and 9 in 10": "", "with the filters unfolded": "&open=filters"}
        for label, link in links.items():
            taken = [slider(browser, f"{app.url}/?vocab={n}{link}", repeats) for n in VOCABULARIES]
            table.row(
                label, *(f"{statistics.median(times):.1f} / {times[int(0.9 * len(times))]:.1f} ms" for times in taken)
            )
        browser.close()
    ratios.show()
    if keep:
        ratios.keep()


def measure(browser, url: str, text: str, repeats: int) -> dict[str, tuple[str, float]]:
    """By what was done: what the table says about it, and the size or the median time."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    page = context.new_page()
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    link = {"text": text, "layer": 16, "head": 0}
    opened(page, f"{url}/attention?{urlencode(link)}")
    sent = sum(received) / 1e6
    rows = {"sent to the browser until it is open": (f"{sent:.2f} MB", sent)}
    opened(page, f"{url}/attention?{urlencode({**link, OPEN: OPENED})}")
    page.locator(".matrix canvas").wait_for()
    for what, label in (
        ("hover", "hovering over the text"),
        ("cell", "hovering over a cell"),
        ("stage", "another stage"),
        ("head", "another head of the layer"),
    ):
        taken = sorted(page.evaluate("([what, n]) => window.local(what, n)", [what, repeats]))
        median = statistics.median(taken)
        rows[f"{label}, median and 9 in 10"] = (f"{median:.0f} / {taken[int(0.9 * repeats)]:.0f} ms", median)
    for what, label, section in (
        ("layer", "another layer", OPENED),
        ("words", "the words of a head", "values"),
        ("off", "a head switched off, with its control", "off"),
    ):
        opened(page, f"{url}/attention?{urlencode({**link, OPEN: section})}")
        received.clear()
        taken = []
        for n in range(6):
            taken.append(page.evaluate("([what, n]) => window.server(what, n)", [what, n]))
            page.wait_for_timeout(600)  # the page has settled, as when a person clicks
        median = statistics.median(taken)
        rows[f"{label}, median and most"] = (f"{median:.0f} / {max(taken):.0f} ms", median)
        if what == "layer":
            sent = sum(received) / 6e6
            rows["  sent for another layer"] = (f"{sent:.2f} MB", sent)
    context.close()
    return rows


def slider(browser, link: str, repeats: int) -> list[float]:
    """Milliseconds from the frame in which the view computes to the moment after it is painted, in order."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(link)
    page.locator(".gptviz tr[data-id]").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    taken = page.evaluate(STEPS, 4 * repeats)
    page.close()
    return sorted(taken)


def opened(page: Page, link: str) -> None:
    page.goto(link)
    page.locator(".strip button").first.wait_for(timeout=60_000)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    page.evaluate(SETUP)


if __name__ == "__main__":
    main()
