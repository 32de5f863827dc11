"""The strip of tokens: one is chosen by click or key, a long text scrolls, and Tab always finds one of them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def strip(modules: Page) -> Locator:
    """A strip of 40 tokens with a mark among them, two rows of it in sight; what it says lands in `window.said`."""
    modules.mouse.move(600, 600)
    modules.evaluate(
        """async () => {
            const { createStrip, createToken } = await import("/kit/strip.js");
            window.said = [];
            const nodes = Array.from({ length: 40 }, (_, i) => createToken(`·w${i}`, i, { below: String(i) }).node);
            nodes.splice(3, 0, document.createElement("span"));
            window.strip = createStrip({
                label: "text",
                nodes,
                choose: (at) => (said.push(at), window.strip.show(at)),
                point: (at) => said.push([at]),
            });
            strip.node.style = "display: flex; flex-wrap: wrap; overflow: auto; max-height: 90px; width: 300px";
            document.body.replaceChildren(strip.node);
            strip.show(0);
        }"""
    )
    return modules.locator(".strip")


def said(page: Page) -> list:
    return page.evaluate("said.splice(0)")


def test_keys_walk_and_choose(strip, modules):
    buttons = strip.locator("button")
    buttons.first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"):
        modules.keyboard.press(key)
    assert said(modules) == [1, 2, 3, 2, 39, 0]  # beyond the ends there is nothing
    expect(buttons.first).to_be_focused()


def test_only_the_chosen_one_stands_in_the_way_of_tab(strip, modules):
    buttons = strip.locator("button")
    buttons.nth(7).click()
    assert said(modules)[-1] == 7
    expect(strip.locator("[aria-pressed=true]")).to_have_text("·w77")
    expect(strip.locator("[tabindex='0']")).to_have_text("·w77")
    modules.evaluate("strip.node.lastElementChild.hidden = true; strip.show(39)")
    expect(strip.locator("[tabindex='0']")).to_have_text("·w3838")  # what is hidden cannot have the focus


def test_the_chosen_one_comes_into_sight(strip, modules):
    modules.evaluate("strip.show(39)")
    expect(strip.locator("button").last).to_be_in_viewport()
    assert strip.evaluate("node => node.scrollTop") > 0
    modules.evaluate("strip.show(0)")
    assert strip.evaluate("node => node.scrollTop") == 0


def test_between_two_tokens_the_first_is_still_pointed_at(strip, modules):
    strip.locator("button").nth(1).hover()
    strip.locator("span:empty").first.dispatch_event("pointerover", {"pointerType": "mouse", "bubbles": True})
    assert said(modules) == [[1]]
    strip.locator("button").nth(2).hover()
    modules.mouse.move(600, 600)
    assert said(modules) == [[2], [None]]
