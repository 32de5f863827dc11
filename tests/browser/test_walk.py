"""A reader's way through the whole app: a sentence, every page, the temperature."""

from __future__ import annotations

import re

import pytest
import torch
from playwright.sync_api import Page, expect

from gptviz.text import say
from gptviz.ui.shell import PAGES
from tests.browser.chromium import too_wide


def settle(page: Page, name: str, language: str) -> None:
    """Until page `name` is there, whole."""
    expect(page.locator("h1")).to_have_text(say(language, f"ui.pages.{name}.title"))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()


def prompt(page: Page):
    return page.locator(".st-key-prompt-bar").get_by_role("textbox")


def bars(page: Page) -> dict[int, float]:
    """Probability by token id, as the output view's rows say."""
    rows = page.locator(".gptviz tr[data-id]")
    expect(rows.first).to_be_visible()
    pairs = rows.evaluate_all("rows => rows.map(r => [r.dataset.id, r.querySelector('.now').dataset.value])")
    return {int(i): float(p) for i, p in pairs}


@pytest.mark.parametrize(
    ("language", "locale", "theme", "width"),
    [("en", "en-US", "light", 1440), ("zh", "zh-CN", "dark", 390)],
    ids=["English", "Chinese on a phone"],
)
def test_a_sentence_through_every_page(app_server, page_at, smollm2, language, locale, theme, width):
    page = page_at(app_server("app.py"), width=width, theme=theme, locale=locale)
    settle(page, "overview", language)
    prompt(page).fill("A spider has eight")
    prompt(page).press("Enter")
    expect(page).to_have_url(re.compile("text=A\\+spider|text=A%20spider"))
    for name in PAGES:
        if name != "overview":
            # The way on at the foot of each page; a phone's sidebar is folded away.
            page.locator(".st-key-way-on a").last.click()
        settle(page, name, language)
        if name == "context":  # it has sentences of its own, and keeps the text for the next page
            expect(page.locator(".st-key-sentence-a").get_by_role("textbox")).to_have_value(re.compile("bank"))
        else:
            expect(prompt(page)).to_have_value("A spider has eight")
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_test_id("stAlert")).to_have_count(0)
        overflow = too_wide(page)
        assert overflow <= 0, f"{name} is wider than the screen"
        if name == "output":
            turn_the_temperature(page, smollm2)


def turn_the_temperature(page: Page, llm) -> None:
    """From one end of the slider to the other: the bars follow, and so does the address."""
    logits = llm.trace("A spider has eight").logits[-1].double()
    slider = page.locator(".gptviz .control").get_by_role("slider")
    seen = {}
    for keys, temperature in ((["Home"], 0.0), (["End"], 5.0)):
        for key in keys:
            slider.press(key)
        expect(slider).to_have_attribute("aria-valuetext", re.compile(f"{temperature:.2f}"))
        expect(page).to_have_url(re.compile(f"temperature={temperature:g}(&|$)"))
        seen[temperature] = bars(page)
    greedy, hot = seen[0.0], seen[5.0]
    assert greedy[int(logits.argmax())] == 1 and sum(greedy.values()) == 1
    p = torch.softmax(logits / 5, -1)
    for i, shown in hot.items():
        assert abs(shown - float(p[i])) < 1e-6, "the bars are the softmax over the whole vocabulary"


def test_a_phone_shows_the_page_chosen_in_the_sidebar(app_server, page_at):
    page = page_at(app_server("app.py"), width=390)
    settle(page, "overview", "en")
    sidebar = page.get_by_test_id("stSidebar")
    for name in ("tokens", "mlp"):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(sidebar).to_have_attribute("data-collapsed", "false")
        sidebar.get_by_role("link", name=say("en", f"ui.pages.{name}.title"), exact=True).click()
        settle(page, name, "en")
        expect(sidebar).to_have_attribute("data-collapsed", "true")


@pytest.mark.parametrize("name", ["tokens", "embeddings", "attention", "output"])
def test_the_arrow_keys_go_on_along_the_text_whatever_is_drawn_anew(app_server, page_at, name):
    page = page_at(f"{app_server('app.py')}/{name}?text=The+cat+sits+on+the+mat")
    settle(page, name, "en")
    buttons = page.locator(".gptviz .strip").first.locator("button")
    buttons.last.click()
    last = buttons.count() - 1
    for step in (1, 2, 3):
        page.keyboard.press("ArrowLeft")
        settle(page, name, "en")
        expect(page.locator(".gptviz:not(.waiting)")).to_be_attached()
        expect(buttons.nth(last - step)).to_be_focused()
        expect(buttons.nth(last - step)).to_have_attribute("aria-pressed", "true")
