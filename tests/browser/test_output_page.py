"""The output page in a real browser: another position, a start token, the lens, links, all against the trace."""

from __future__ import annotations

import math
import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from gptviz.analysis import lens
from gptviz.text import say
from gptviz.views.stops import STOPS
from tests.browser.chromium import too_wide
from tests.browser.test_walk import bars

CAPITAL = "The capital of France is"


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(text=..., open=...) -> Page`: the output page at a link, its view there."""

    def go(width: int = 1440, theme: str = "light", locale: str = "en-US", **query) -> Page:
        query = {STOPS["output"].address(n) if n in STOPS["output"].own else n: value for n, value in query.items()}
        url = f"{app_server('app.py')}/output?{urlencode(query)}"
        page = page_at(url, width=width, theme=theme, locale=locale)
        expect(page.locator(".gptviz .strip")).to_be_visible()
        return page

    return go


def agrees(shown: dict[int, float], logits, temperature: float = 1.0) -> bool:
    p = (logits.double() / temperature).softmax(-1)
    return all(abs(value - float(p[id])) < 1e-6 for id, value in shown.items())


def until(page: Page, logits) -> None:
    """The bars come to be those of these logits."""
    best = int(logits.argmax())
    expect(page.locator(".gptviz tr[data-id]").first).to_have_attribute("data-id", str(best))
    assert agrees(bars(page), logits)


def test_any_position_shows_what_the_model_expected_there(open_at, smollm2):
    page, trace = open_at(text=CAPITAL), smollm2.trace(CAPITAL)
    until(page, trace.logits[-1])
    page.locator(".strip button", has_text="·France").click()
    until(page, trace.logits[3])
    expect(page).to_have_url(re.compile("token=3"))
    p = trace.logits[3].double().softmax(-1)[trace.ids[4]]
    expect(page.locator(".text .here")).to_contain_text(f"{-math.log2(p):.2f} bits")
    page.locator(".strip button").nth(3).press("ArrowLeft")
    until(page, trace.logits[2])
    expect(page).to_have_url(re.compile("token=2"))
    page.reload()
    until(page, trace.logits[2])


def test_a_start_token_gives_the_first_word_a_surprise(open_at, smollm2):
    page = open_at(text=CAPITAL, token=1)
    chips = page.locator(".strip button")
    expect(chips.first).to_contain_text("–")
    page.get_by_label(re.compile("begin with the start token")).check()
    expect(chips).to_have_count(6)
    trace = smollm2.trace([smollm2.checkpoint.bos_id, *smollm2.tokenizer.encode(CAPITAL)])
    until(page, trace.logits[2])
    expect(chips.nth(2)).to_have_attribute("aria-pressed", "true")
    bits = -math.log2(trace.logits[0].double().softmax(-1)[trace.ids[1]])
    expect(chips.nth(1)).to_contain_text(f"{bits:.1f} bits")
    chips.first.click()
    until(page, trace.logits[0])
    expect(page).to_have_url(re.compile("start=at"))
    page.reload()
    expect(chips.first).to_have_attribute("aria-pressed", "true")
    until(page, trace.logits[0])
    page.get_by_label(re.compile("begin with the start token")).uncheck()
    expect(chips).to_have_count(5)
    until(page, smollm2.trace(CAPITAL).logits[0])


def test_the_lens_shows_the_ranks_of_the_analysis(open_at, smollm2):
    page, trace = open_at(text=CAPITAL, open="lens"), smollm2.trace(CAPITAL)
    found = lens.lens(smollm2, trace, None, "mlp")
    canvas, readout = page.locator(".lens-view canvas"), page.locator(".lens-view .here")
    expect(readout).to_have_attribute("data-rank", "1")
    canvas.focus()
    for row in range(len(found.names) - 2, len(found.names) - 8, -1):
        canvas.press("ArrowUp")
        expect(readout).to_have_attribute("data-rank", str(int(found.ranks[row][4])))
    words = lens.words(smollm2, trace, found.names[row], 4)
    expect(page.locator(".top-ten li .token")).to_have_text([word.token for word in words])
    layer = found.names[row].split(".")[1]
    expect(page).to_have_url(re.compile(rf"cell=blocks\.{layer}\.resid_post(%3A|:)4"))

    page.get_by_label(say("en", "output.lens.where")).select_option("stream")
    both = lens.lens(smollm2, trace, None, "stream")
    expect(readout).to_have_attribute("data-rank", str(int(both.ranks[-1][4])))
    page.locator(".gptviz tr[data-id]").nth(1).click()
    second = int(trace.logits[-1].topk(2).indices[1])
    page.get_by_role("button", name=re.compile("Follow .* everywhere")).click()
    expect(readout).to_have_attribute("data-rank", "2")
    expect(page).to_have_url(re.compile(f"followed={second}"))
    page.reload()
    expect(readout).to_have_attribute("data-rank", "2")


def test_a_click_counts_though_the_button_is_drawn_anew_meanwhile(open_at, smollm2):
    page = open_at(text=CAPITAL, open="lens")
    expect(page.locator(".lens-view .here")).to_have_attribute("data-rank", "1")
    token = page.get_by_role("button", name=re.compile("Follow .* everywhere")).locator(".token")
    token.scroll_into_view_if_needed()
    box = token.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    handle = token.element_handle()
    page.mouse.down()
    page.locator(".lens-view canvas").dispatch_event("pointerleave")
    page.wait_for_function("node => !node.isConnected", arg=handle)
    page.mouse.up()
    expect(page.get_by_role("button", name=say("en", "output.lens.unfollow"))).to_be_visible()
    paris = int(smollm2.trace(CAPITAL).logits[-1].argmax())
    expect(page).to_have_url(re.compile(f"followed={paris}"))


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh")])
def test_a_link_brings_back_what_was_set_on_a_phone(open_at, locale, language):
    query = {"temperature": "inf", "open": "filters,curves,sample", "top_k": 2, "log": 1}
    page = open_at(text="A spider has eight", **query, locale=locale, width=390)
    top = page.locator(".gptviz tr[data-id] .now")
    expect(top.first).to_have_attribute("data-value", re.compile(r"^0?\.5"))
    for name in ("filters", "curves", "sample"):
        expect(page.locator(f"[data-section={name}]")).to_have_attribute("open", "")
    expect(page.locator("[data-set=log]")).to_be_checked()
    page.locator("[data-set=log]").uncheck()
    expect(page).not_to_have_url(re.compile("log="))
    expect(page.locator("[data-section=number]")).not_to_have_attribute("open", "")
    page.get_by_role("button", name=say(language, "output.temperature.reset")).click()
    expect(page).not_to_have_url(re.compile("temperature"))
    overflow = too_wide(page)
    assert overflow <= 0


def test_examples_change_the_text_and_leave_the_temperature(open_at, smollm2):
    page = open_at(text=CAPITAL, temperature=0.5)
    page.get_by_role("button", name=say("en", "output.examples.toss")).click()
    expect(page.locator(".strip .piece").last).to_have_text("·eight")
    logits = smollm2.trace("A spider has eight").logits[-1]
    expect(page.locator(".gptviz tr[data-id]").first).to_have_attribute("data-id", str(int(logits.argmax())))
    assert agrees(bars(page), logits, 0.5)


@pytest.mark.parametrize("width", [1440, 390])
def test_bars_are_as_long_as_the_axis_says(open_at, width):
    page = open_at(text=CAPITAL, width=width)
    row = page.locator(".gptviz tr[data-id]").first
    bar = row.locator(".bar:not(.pale)").bounding_box()["width"]
    axis = page.locator(".gptviz .bars .axis")
    whole = (axis if axis.is_visible() else row.locator(".track > div")).bounding_box()["width"]
    assert bar / whole == pytest.approx(float(row.locator(".now").get_attribute("data-value")), abs=0.01)


@pytest.mark.parametrize("temperature", ["0", "inf"])
def test_either_end_of_the_slider_with_everything_open(open_at, temperature):
    page = open_at(text=CAPITAL, temperature=temperature, open="filters,number,curves,sample,lens", word=260)
    expect(page.locator(".lens-view .here")).to_have_attribute("data-rank", re.compile(r"\d"))
    expect(page.locator(".number-view .greedy").first).to_be_attached()
    keys = {"Home": "0", "End": "5"} if temperature == "inf" else {"End": "5", "Home": "0"}
    for key, value in keys.items():
        page.locator(".gptviz .control").get_by_role("slider").press(key)
        expect(page).to_have_url(re.compile(f"temperature={value}(&|$)"))
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_the_start_token_moves_the_opened_reading_along(open_at):
    page = open_at(text=CAPITAL, open="lens", cell="blocks.5.resid_post:2")
    expect(page.locator(".lens-view .opened .title")).to_contain_text("·of")
    for _ in range(2):
        page.get_by_label(re.compile("begin with the start token")).click()
    page.get_by_label(re.compile("begin with the start token")).check()
    expect(page.locator(".strip button")).to_have_count(6)
    expect(page).to_have_url(re.compile(r"cell=blocks\.5\.resid_post(%3A|:)3"))
    expect(page.locator(".lens-view .opened .title")).to_contain_text("·of")


def test_every_drawn_token_has_its_name(open_at, smollm2):
    page = open_at(text=CAPITAL, temperature="inf", open="sample")
    for _ in range(5):
        page.get_by_role("button", name="Draw once").click()
    drawn = page.locator(".sample-view .last .token")
    expect(drawn).to_have_count(5)
    expect(page.locator(".sample-view .last")).not_to_contain_text("#")
    names = set(smollm2.pieces(range(smollm2.config.vocab_size)))
    assert set(drawn.all_inner_texts()) <= names


def test_the_remark_is_about_what_is_shown(open_at):
    text = "the dog saw the dog and the dog saw the"
    page = open_at(text=text, temperature="0", repetition_penalty="2")
    top = page.locator(".gptviz tr[data-id] .token").first.inner_text()
    expect(page.locator(".remarks .current")).to_contain_text(top)
    page.get_by_role("button", name=say("en", "output.temperature.reset")).click()
    expect(page.locator(".remarks .current")).to_have_text(say("en", "output.temperature.at_one_held"))
