"""Looking closer: the wheel, keys, buttons, a drag, two fingers; what is seen stays when the picture is laid anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import CDPSession, Page

from tests.browser.conftest import PATIENCE


@pytest.fixture
def zoom(modules: Page) -> Page:
    """`zoom` at a picture of 200 × 200 pixels, 50 to the right and 20 down on its canvas; `clicks` counts."""
    modules.mouse.move(600, 600)
    modules.evaluate(
        """async () => {
            const { createZoom, createZoomTools } = await import("/kit/zoom.js");
            const canvas = document.createElement("canvas");
            Object.assign(canvas, { width: 300, height: 300, tabIndex: 0 });
            window.clicks = window.scrolled = 0;
            canvas.onclick = () => clicks++;
            window.zoom = createZoom({ canvas, redraw: () => tools.draw(true) });
            const labels = { zoomIn: "in", zoomOut: "out", fit: "all" };
            const tools = createZoomTools(labels, zoom, () => [50, 20]);
            canvas.onkeydown = (event) => zoom.press(event.key, [250, 220]);
            document.body.replaceChildren(canvas, tools.node);
            document.body.style.margin = 0;
            zoom.place({ left: 50, top: 20, width: 200, height: 200 }, 8);
            tools.draw(true);
        }"""
    )
    return modules


@pytest.fixture
def fingers(zoom: Page) -> Iterator[CDPSession]:
    session = zoom.context.new_cdp_session(zoom)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    yield session
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    session.detach()


def touch(fingers: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    at = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
    fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": at})


def seen(page: Page) -> list[float]:
    return page.evaluate("(({ x, y, k }) => [x, y, k])(zoom.seen())")


def settled(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=PATIENCE * 1000)


def test_the_wheel_alone_scrolls_the_page(zoom):
    scrolls = "!document.querySelector('canvas').dispatchEvent(new WheelEvent('wheel', {{ deltaY: -100, {} }}))"
    at = "clientX: 150, clientY: 120, cancelable: true, bubbles: true"
    assert not zoom.evaluate(scrolls.format(at)) and seen(zoom) == [0, 0, 1]
    assert zoom.evaluate(scrolls.format(f"ctrlKey: true, {at}"))
    x, y, k = seen(zoom)
    assert k > 1.2 and [x, y] == pytest.approx(2 * [(1 - 1 / k) / 2]), "what is under the pointer stays there"


def test_keys_and_buttons(zoom):
    zoom.locator("canvas").focus()
    zoom.keyboard.press("+")
    assert seen(zoom) == pytest.approx([0.5, 0.5, 2])
    zoom.keyboard.press("0")
    assert seen(zoom) == pytest.approx([0, 0, 1])
    closer, out, whole = (zoom.get_by_role("button", name=name) for name in ("in", "out", "all"))
    assert out.is_disabled() and whole.is_disabled()
    closer.click()
    closer.click()
    assert seen(zoom) == pytest.approx([0, 0, 4])
    for _ in range(3):
        closer.click()
    assert seen(zoom)[2] == 8, "no closer than that"
    out.click()
    assert seen(zoom)[2] == 4
    whole.click()
    assert out.is_disabled() and whole.is_disabled()


def test_a_drag_moves_and_is_no_click(zoom):
    zoom.evaluate("zoom.by(4, [50, 20])")
    zoom.mouse.move(200, 150)
    zoom.mouse.down()
    zoom.mouse.move(120, 110, steps=4)
    zoom.mouse.up()
    assert seen(zoom) == pytest.approx([0.1, 0.05, 4])
    assert zoom.evaluate("clicks") == 0
    zoom.mouse.move(200, 150)
    zoom.mouse.down()
    zoom.mouse.move(900, 900, steps=4)
    zoom.mouse.up()
    assert seen(zoom) == pytest.approx([0, 0, 4]), "not beyond the edge"
    zoom.mouse.click(150, 120)
    assert zoom.evaluate("clicks") == 1


def test_what_is_seen_stays_when_the_picture_is_laid_anew(zoom):
    zoom.evaluate("zoom.by(4, [50, 20])")
    zoom.evaluate("zoom.move(0.25, 0.5)")
    zoom.evaluate("zoom.place({ left: 10, top: 5, width: 90, height: 90 }, 8)")
    assert seen(zoom) == pytest.approx([0.25, 0.5, 4])
    zoom.evaluate("zoom.place({ left: 10, top: 5, width: 90, height: 90 }, 2)")
    assert seen(zoom)[2] == 2
    zoom.evaluate("zoom.place({ left: 10, top: 5, width: 90, height: 90 }, 1)")
    assert seen(zoom) == pytest.approx([0, 0, 1])


def test_two_fingers_enlarge_and_one_scrolls_until_there_is_more_than_is_seen(zoom, fingers):
    touch_action = "document.querySelector('canvas').style.touchAction"
    assert zoom.evaluate(touch_action) == "pan-y"
    touch(fingers, "Start", (130, 120))
    touch(fingers, "Start", (130, 120), (170, 120))
    for step in range(1, 6):
        touch(fingers, "Move", (130 - 8 * step, 120), (170 + 8 * step, 120))
    touch(fingers, "End")
    settled(zoom, "zoom.seen().k > 2.9")
    x, _, k = seen(zoom)
    assert k == pytest.approx(3) and x == pytest.approx(1 / 3), "what lay between the fingers stays there"
    assert zoom.evaluate(touch_action) == "none"
    touch(fingers, "Start", (150, 120))
    for step in range(1, 6):
        touch(fingers, "Move", (150 - 4 * step, 120))
    touch(fingers, "End")
    settled(zoom, "zoom.seen().x > 0.36")
    assert seen(zoom)[0] == pytest.approx(1 / 3 + 20 / 600)
    assert zoom.evaluate("clicks") == 0
    touch(fingers, "Start", (150, 120))
    touch(fingers, "End")
    settled(zoom, "clicks === 1")
