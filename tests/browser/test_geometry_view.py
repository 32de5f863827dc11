"""The page Meaning as geometry in a real browser."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from gptviz.analysis import similarity
from gptviz.analysis.analogies import gallery, solve
from gptviz.analysis.projections import along, cloud, direction
from gptviz.analysis.spaces import open_space
from gptviz.numbers import percent
from gptviz.text import say
from gptviz.views.geometry import STOP
from tests.browser.chromium import too_wide


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(open=...) -> Page`: the page at a link that makes these choices, its view there."""

    def go(width: int = 1440, theme: str = "light", locale: str = "en-US", **choices) -> Page:
        query = {STOP.address(name): value for name, value in choices.items()}
        page = page_at(f"{app_server('app.py')}/geometry?{urlencode(query)}", width=width, theme=theme, locale=locale)
        expect(page.locator(".gptviz .ask")).to_be_visible()
        return page

    return go


def field(page: Page):
    return page.locator(".ask").get_by_role("textbox")


def test_a_formula_is_worked_out_and_kept_in_the_link(open_at, smollm2):
    page = open_at()
    expect(page.locator(".results tbody")).to_have_count(0)  # a calm first view
    page.locator("[data-section=results] summary").click()
    expect(page.locator(".verdict .token").first).to_have_text("·queen")
    formula = "Paris - France + Italy = Rome"
    field(page).fill(formula)
    field(page).press("Enter")
    result = solve(open_space(smollm2, "input"), formula)
    expect(page.locator(".verdict")).to_contain_text(f"place {result.rank}")
    shown = page.locator(".results tbody .token")
    expect(shown).to_have_text([near.token for near in result.results])
    page.get_by_label(say("en", "geometry.formula.without")).check()
    expect(shown.first).to_have_text(result.first.token)
    expect(page).to_have_url(re.compile("without=1"))
    page.reload()
    expect(shown.first).to_have_text(result.first.token)
    field(page).fill("king - king")
    field(page).press("Enter")
    expect(page.locator(".formula .trouble")).to_contain_text("zero vector")
    expect(field(page)).to_have_value("king - king")
    field(page).fill("antidisestablishment - man + woman")
    field(page).press("Enter")
    mean = page.get_by_label(re.compile("mean of their pieces"))
    mean.check()
    expect(page.locator(".verdict")).to_contain_text("stands for the mean of")


def test_families_open_in_the_formula(open_at, smollm2):
    page = open_at(open="gallery")
    examples = [one for family in gallery(open_space(smollm2, "input")).values() for one in family]
    rows = page.locator(".families tr[data-verdict]")
    expect(rows).to_have_count(len(examples))
    assert [row.get_attribute("data-verdict") for row in rows.all()] == [one.verdict for one in examples]
    page.locator(".families button", has_text="sushi").click()
    expect(field(page)).to_have_value(re.compile("sushi"))


def test_letters_stand_in_where_there_are_no_words_and_stay_no_choice(open_at):
    page = open_at(model="toy-sort", open="direction", text="dbaca=")
    expect(page.locator(".placed .token")).to_have_count(8)
    page.locator("[data-section=cloud] summary").click()
    expect(page.locator(".cloud-view canvas")).to_have_attribute("aria-label", re.compile("variance"))
    page.wait_for_url(re.compile("geometry.open=direction(,|%2C)cloud"), wait_until="commit")
    assert not re.search("first|formula|axis_x|listed|space|token", page.url)
    page.locator("[data-do=axes]").click()
    expect(page.locator(".cloud-view canvas")).to_have_attribute("aria-label", re.compile("b - a"))


def test_words_are_placed_on_a_direction(open_at, smollm2):
    page = open_at(open="direction")
    page.locator("[data-preset=size]").click()
    first, second, others = (page.locator(".sets input").nth(n) for n in range(3))
    expect(first).to_have_value("small tiny little short")
    found = direction(open_space(smollm2, "input"), *(f.input_value().split() for f in (first, second, others)))
    placed = sorted(found.placed, key=lambda one: one.at)
    expect(page.locator(".placed .token")).to_have_text([one.piece for one in placed])
    numbers = [float(text.replace("−", "-")) for text in page.locator(".placed .number").all_inner_texts()]
    assert numbers == pytest.approx([one.at for one in placed], abs=0.006)


def test_the_cloud_is_turned_searched_and_laid_out(open_at):
    page = open_at(open="cloud", text="The cat sat on the mat")
    canvas = page.locator(".cloud-view canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("variance"))
    picture = lambda: canvas.evaluate("node => node.toDataURL()")  # noqa: E731
    page.get_by_role("radio", name="3-D").click()
    expect(canvas).to_have_attribute("aria-label", re.compile(r"%.*\+.*%.*\+"))
    before = picture()
    canvas.press("ArrowRight")
    page.wait_for_function("([node, before]) => node.toDataURL() !== before", arg=[canvas.element_handle(), before])
    before = picture()
    page.locator("input[type=search]").fill("tiger")
    page.wait_for_function("([node, before]) => node.toDataURL() !== before", arg=[canvas.element_handle(), before])
    page.locator("[data-do=tsne]").click()
    expect(canvas).to_have_attribute("data-iteration", "500")
    expect(canvas).to_have_attribute("aria-label", re.compile("500"))
    page.get_by_role("combobox", name="Which rows").select_option("prompt")
    expect(page.locator(".legend", has_text="your text")).to_be_visible()


def test_another_picture_begins_where_it_can_be_seen(open_at):
    page = open_at(open="cloud")
    canvas = page.locator(".cloud-view canvas")
    two, three = (page.get_by_role("radio", name=name) for name in ("2-D", "3-D"))
    picture = lambda: canvas.evaluate("node => node.toDataURL()")  # noqa: E731
    expect(canvas).to_have_attribute("aria-label", re.compile("variance"))
    whole = picture()
    for key in ("+", "+", "+", "+", "ArrowLeft", "ArrowUp"):
        canvas.press(key)
    page.wait_for_function("([node, whole]) => node.toDataURL() !== whole", arg=[canvas.element_handle(), whole])
    three.click()
    expect(canvas).to_have_attribute("aria-label", re.compile(r"%.*\+.*%.*\+"))
    two.click()
    page.wait_for_function("([node, whole]) => node.toDataURL() === whole", arg=[canvas.element_handle(), whole])
    search = page.locator("input[type=search]")
    search.fill("zzzz")
    expect(page.locator(".cloud-view .readout")).to_have_text(say("en", "geometry.cloud.found_none", text="zzzz"))


def test_words_of_ones_own_along_axes_of_ones_own(open_at, smollm2):
    page = open_at(open="cloud", cloud="own", listed="cat dog cow; one two three")
    where = open_space(smollm2, "input")
    view, canvas = page.locator(".cloud-view"), page.locator(".cloud-view canvas")
    expect(view.locator(".legend")).to_have_text(["cat dog …", "one two …"])
    page.locator("[data-do=axes]").click()
    right = view.get_by_role("textbox", name=say("en", "geometry.cloud.axis_x"))
    right.fill("king - king")
    right.press("Enter")
    expect(view.locator(".trouble")).to_contain_text("zero vector")
    right.fill("queen - king")
    right.press("Enter")
    found = cloud(where, "own", [], 0, "cat dog cow; one two three")
    axes = along(where, found.ids, ["queen - king", "old - young"])
    expect(canvas).to_have_attribute("aria-label", re.compile(percent(axes.shares[0], 1)))
    expect(page).to_have_url(re.compile("axis_x=queen"))

    # A click keeps a dot, with the nearest that it has in the whole space.
    low, high = axes.flat.min(0).values, axes.flat.max(0).values
    box = canvas.bounding_box()
    scale = max((high[0] - low[0]) / (box["width"] - 100), (high[1] - low[1]) / (box["height"] - 48))
    at = (axes.flat[0] - (low + high) / 2) / scale
    canvas.click(position={"x": box["width"] / 2 + float(at[0]), "y": box["height"] / 2 - float(at[1])})
    page.mouse.move(2, 2)
    nearest = [where.pieces([found.ids[i]])[0] for i in found.near[0].tolist()]
    tokens = view.locator(".readout .token")
    expect(tokens.first).to_have_text("·cat")
    assert tokens.all_inner_texts()[-len(nearest) :] == nearest


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh")])
def test_every_space_that_is_here_is_asked(open_at, smollm2, locale, language):
    page = open_at(open="spaces", locale=locale, width=390)
    where = open_space(smollm2, "input")
    result = solve(where, "king - man + woman")
    column = page.locator(".beside tbody tr td:nth-of-type(1)")
    expect(column.nth(3)).to_contain_text(result.answer.token)
    expect(column.nth(5)).to_contain_text(f"{result.sides[0]:.2f}")
    king = where.find("king")
    near = similarity.nearest(where, where.rows[king], 6, without=[king])
    expect(column.nth(6).locator(".token")).to_have_text([one.token for one in near])
    assert too_wide(page) <= 0


def test_tsne_can_be_stopped(open_at):
    page = open_at(open="cloud", cloud="common")
    page.locator("[data-do=tsne]").click()
    expect(page.locator("[data-do=stop]")).to_be_visible()
    page.locator("[data-do=stop]").click()
    expect(page.locator("[data-do=stop]")).to_be_hidden()
    canvas = page.locator(".cloud-view canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("stopped at step"))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    assert int(canvas.get_attribute("data-iteration")) < 500
    page.locator("[data-do=tsne]").click()  # goes on from there
    expect(canvas).to_have_attribute("data-iteration", "500")


def test_tsne_goes_on_whatever_else_is_asked(open_at):
    # Rows of this test's own: a picture that another test has finished would be there at once.
    page = open_at(open="cloud", cloud="prompt", text="Seven old sailors told strange stories about whales and storms")
    canvas = page.locator(".cloud-view canvas")
    page.locator("[data-do=tsne]").click()
    expect(page.locator("[data-do=stop]")).to_be_visible()
    page.get_by_role("button", name="three - two + five = six").click()
    expect(page.locator(".verdict")).to_contain_text("six")
    page.get_by_test_id("stSidebar").get_by_role("radio", name="中文").click()
    expect(page.locator("[data-do=stop]")).to_have_text(say("zh", "geometry.cloud.stop"))
    expect(canvas).to_have_attribute("data-iteration", "500")
    expect(page.locator("[data-do=stop]")).to_be_hidden()
    expect(canvas).to_have_attribute("aria-label", re.compile("t-SNE"))
    # Other rows: a picture of the old ones is none of these.
    page.get_by_role("combobox", name=say("zh", "geometry.cloud.which")).select_option("words")
    expect(canvas).to_have_attribute("data-iteration", "")
    expect(page.locator("[data-do=tsne]")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(("locale", "language", "theme"), [("zh-CN", "zh", "dark"), ("en-US", "en", "light")])
def test_everything_open_on_a_phone(open_at, locale, language, theme):
    page = open_at(open="gallery,direction,cloud", width=390, locale=locale, theme=theme)
    expect(page.locator(".families tr[data-verdict]").first).to_be_visible()
    expect(page.locator(".ask button")).to_have_text(say(language, "geometry.formula.go"))
    assert too_wide(page) <= 0
