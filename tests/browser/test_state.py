"""The address bar in a real browser: whatever the way to a view, it is the same view."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from gptviz.figures.colours import PAGE
from gptviz.text import say
from gptviz.ui.shell import PAGES
from tests.browser.chromium import too_wide


@pytest.fixture
def url(app_server) -> str:
    """The app, running."""
    return app_server("app.py")


def settled(page: Page) -> Page:
    """Wait until the app has nothing more to do."""
    page.wait_for_timeout(300)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    if "/attention" in page.url or "/output" in page.url:
        expect(page.locator(".strip button").first).to_be_visible()
    page.wait_for_timeout(300)
    return page


def text_field(page: Page):
    return page.locator(".st-key-prompt-bar").get_by_role("textbox")


def texts(page: Page) -> list[str]:
    """What stands in the fields of the page."""
    return page.get_by_test_id("stTextInput").locator("input").evaluate_all("fields => fields.map(f => f.value)")


def view(page: Page) -> dict[str, object]:
    """What the reader sees of the state."""
    return {
        "title": page.locator("h1").inner_text(),
        "text": texts(page),
        "token": page.get_by_role("radio", checked=True).all_inner_texts()
        + page.locator(".strip button[aria-pressed=true] .piece").all_inner_texts(),
        "open": page.locator("details[open] > summary").get_by_test_id("stMarkdownContainer").all_inner_texts(),
        "address": page.url.partition("?")[2],
    }


def becomes(page: Page, address: str, expected: dict[str, object]) -> None:
    """The page comes to show that view."""
    for _ in range(30):  # a busy machine may take a while to begin
        if (settled(page).url, view(page)) == (address, expected):
            return
    assert (page.url, view(page)) == (address, expected)


def shows(page: Page, **wanted: object) -> None:
    """The page comes to show these parts of a view."""
    for _ in range(30):
        seen = view(settled(page))
        if {name: seen[name] for name in wanted} == wanted:
            return
    assert {name: seen[name] for name in wanted} == wanted


def go(page: Page, name: str, language: str) -> None:
    label = say(language, f"ui.pages.{name}.title")
    page.get_by_test_id("stSidebar").get_by_role("link", name=label, exact=True).click()
    shows(page, title=label)


def test_the_same_view_by_every_way(url, page_at):
    page = settled(page_at(url))
    seen = [(page.url, view(page))]

    def remember(address: str) -> None:
        expect(page).to_have_url(re.compile(address))
        settled(page)
        seen.append((page.url, view(page)))

    text_field(page).fill("The cat sat down because it was tired")
    text_field(page).press("Enter")
    remember("text=")
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    remember("language=zh")
    go(page, "attention", "zh")
    seen.append((page.url, view(page)))
    page.locator(".strip button", has_text="·it").click()
    remember("token=")
    page.locator("summary", has_text=say("zh", "ui.depths.open")).first.click()
    remember("depth=open")
    for name in PAGES:
        if name != "attention":
            go(page, name, "zh")
            seen.append((page.url, view(page)))
            assert urlsplit(page.url).query == urlsplit(seen[5][0]).query, name

    # Reload, and the link pasted into another browser, of another language.
    here = seen[-1][1]
    page.reload()
    becomes(page, page.url, here)
    for locale in ("zh-CN", "en-US"):
        becomes(page_at(page.url, locale=locale), page.url, here)

    # Back, one view at a time, to the first; then Forward to the last.
    for address, before in reversed(seen[:-1]):
        page.go_back()
        becomes(page, address, before)
    for address, after in seen[1:]:
        page.go_forward()
        becomes(page, address, after)


def test_the_first_visitor_may_come_by_a_link_to_a_page(url, page_at):
    page = settled(page_at(f"{url}/mlp?text=The+cat"))
    shows(page, title="MLP", text=["The cat"])


@pytest.mark.parametrize("delay", [0, 100], ids=["tap", "press"])
@pytest.mark.parametrize("place", ["stSidebar", "stMain"])
def test_a_text_typed_just_before_leaving_is_not_lost(url, page_at, place, delay):
    """Nor is the click: with a tap it comes before Streamlit has sent the text."""
    page = settled(page_at(f"{url}/tokens?text=hello"))
    next_page = say("en", "ui.pages.embeddings.title")
    name = next_page if place == "stSidebar" else say("en", "ui.next", title=next_page)
    text_field(page).fill("A spider has eight")
    page.get_by_test_id(place).get_by_role("link", name=name).click(delay=delay)
    shows(page, title=next_page, text=["A spider has eight"])


def test_a_bad_link_does_not_trap_the_reader(url, page_at):
    page = settled(page_at(f"{url}/tokens?text=hello"))
    page.goto(f"{url}/tokens?text=hello&token=999&temperature=nan&language=xx")
    settled(page)
    assert "token=999" in page.url  # not rewritten: that would add an entry that Back cannot pass
    page.go_back()
    assert settled(page).url == f"{url}/tokens?text=hello"


def test_the_language_is_the_browsers_until_one_is_chosen(url, page_at):
    chinese = settled(page_at(url, locale="zh-CN"))
    shows(chinese, title=say("zh", "ui.pages.overview.title"))
    english = settled(page_at(f"{url}/?language=en", locale="zh-CN"))
    shows(english, title=say("en", "ui.pages.overview.title"))


def test_two_clicks_on_an_example_make_it_the_text(url, page_at):
    page = settled(page_at(f"{url}/tokens"))
    page.get_by_role("button", name=say("en", "ui.prompt.examples")).click()
    page.get_by_role("button", name="A spider has eight").click()
    shows(page, text=["A spider has eight"], address="text=A+spider+has+eight")
    expect(page.get_by_role("button", name="My name is")).to_be_hidden()


def test_charts_follow_when_the_reader_changes_the_theme(url, page_at):
    page = settled(page_at(f"{url}/mlp"))
    tick = page.locator(".js-plotly-plot .xtick text").first
    expect(tick).to_have_css("fill", rgb(PAGE["light"]["ink"]))
    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Dark").last.click(force=True)
    expect(tick).to_have_css("fill", rgb(PAGE["dark"]["ink"]))
    # What a view draws itself follows as well: an unattended token has the page's colour.
    for name in ("context", "attention"):
        page.locator(".st-key-way-on a").first.click()
        expect(page.locator("h1")).to_have_text(say("en", f"ui.pages.{name}.title"))
    nothing = page.locator(".strip button").nth(1)
    expect(nothing).to_have_css("color", "rgb(255, 255, 255)")
    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Light").last.click(force=True)
    expect(nothing).to_have_css("color", "rgb(0, 0, 0)")


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_each_page_without_scrolling_sideways(url, page_at, theme):
    page = page_at(url, width=390, height=844, theme=theme)
    for name in PAGES:
        path = "" if name == "overview" else name
        page.goto(f"{url}/{path}?text=We+walked+along+the+river+and+sat+on+the+bank+for+a+long+while")
        settled(page)
        assert too_wide(page) <= 0, name
