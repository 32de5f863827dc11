"""The page Tokens in a real browser: pointing, stepping through merges, searching a vocabulary, a long text."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from gptviz.text import say
from gptviz.views.tokens import SECTIONS, STOP
from tests.browser.chromium import HOLD_BACK

TEXT = "Unbelievably, the cat sat in 2026."


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(text=..., open=...) -> Page`: the page at a link, its view there."""

    def go(width: int = 1440, theme: str = "light", locale: str = "en-US", **query) -> Page:
        asked = {STOP.address(name) if name in STOP.own else name: value for name, value in query.items()}
        page = page_at(f"{app_server('app.py')}/tokens?{urlencode(asked)}", width=width, theme=theme, locale=locale)
        expect(page.locator(".gptviz .strip button").first).to_be_visible()
        return page

    return go


def section(page: Page, name: str):
    return page.locator(f"[data-section={name}]")


def test_pointing_at_a_token_tells_of_it(open_at, smollm2):
    page = open_at(text=TEXT)
    ids = smollm2.encode(TEXT)
    expect(page.locator(".strip .below")).to_have_text([str(id) for id in ids])
    at = smollm2.pieces(ids).index("·cat")
    chip = page.locator(".strip button").nth(at)
    chip.hover()
    readout = page.locator(".readout")
    expect(readout).to_contain_text("20 63 61 74")
    rank = smollm2.tokenizer.merge_steps(" cat")[0].merges[-1].rank
    expect(readout).to_contain_text(f"no. {rank + 1:,}")
    chip.click()
    expect(page).to_have_url(re.compile(f"token={at}(&|$)"))
    chip.press("ArrowRight")
    expect(page.locator(".strip button").nth(at + 1)).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile(f"token={at + 1}(&|$)"))
    page.reload()
    expect(page.locator(".strip button").nth(at + 1)).to_have_attribute("aria-pressed", "true")


def test_merges_are_stepped_played_and_kept_in_the_link(open_at, smollm2):
    page = open_at(text=TEXT)
    section(page, "merges").locator("summary").first.click()
    chunk = smollm2.tokenizer.merge_steps(TEXT)[0]
    state = section(page, "merges").locator(".state .token")
    page.locator("[data-chunk='0']").click()
    expect(state).to_have_text(smollm2.pieces(chunk.ids))
    page.locator("[data-do=first]").click()
    expect(state).to_have_text(list(chunk.pieces))
    page.locator("[data-do=forward]").click()
    expect(state).to_have_count(len(chunk.pieces) - 1)
    expect(section(page, "merges").locator(".said")).to_contain_text(f"{chunk.merges[0].rank + 1:,}")
    expect(state.and_(page.locator(".fresh"))).to_have_text(chunk.merges[0].piece)
    expect(page).to_have_url(re.compile(r"tokens\.step=1(&|$)"))
    page.reload()
    expect(state).to_have_count(len(chunk.pieces) - 1)
    page.locator("[data-do=play]").click()
    expect(state).to_have_count(len(chunk.ids))
    page.locator("[data-chunk='-1']").click()
    expect(state).to_have_text(smollm2.pieces(smollm2.encode(TEXT)))
    page.locator("[data-do=first]").click()
    expect(state).to_have_count(len(TEXT.encode()))


@pytest.mark.parametrize(("locale", "language", "theme"), [("en-US", "en", "light"), ("zh-CN", "zh", "dark")])
def test_everything_open_on_a_phone(open_at, locale, language, theme):
    page = open_at(text=TEXT, open=",".join(SECTIONS), width=390, locale=locale, theme=theme)
    expect(section(page, "vocabularies").locator(".row")).to_have_count(4)
    expect(section(page, "vocabulary").locator(".entries li")).to_have_count(200)
    expect(section(page, "long").locator("[data-do=cut]")).to_have_text(say(language, "tokens.long.cut"))
    wide = "node => node.scrollWidth - node.clientWidth"
    assert page.locator("[data-testid=stMain]").evaluate(wide) <= 0


def test_a_vocabulary_is_searched(open_at, smollm2):
    page = open_at(text=TEXT, open="vocabulary")
    view = section(page, "vocabulary")
    field, entries, said = view.get_by_role("textbox"), view.locator(".entries .token"), view.locator(".said")
    field.fill("kitten")
    pieces = smollm2.pieces(range(smollm2.config.vocab_size))
    expect(said).to_contain_text(f"{sum('kitten' in piece.lower() for piece in pieces)} of 49,152")
    field.fill("#2644")
    expect(entries).to_have_text(["·cat"])
    field.fill("/^·un.*able$/")
    expected = [piece for piece in pieces if re.search("^·un.*able$", piece)]
    expect(entries).to_have_text(expected)
    expect(page).to_have_url(re.compile(r"tokens\.find="))
    field.fill("/(/")
    expect(said).to_contain_text("no regular expression")
    field.fill(r"/^(.?.?.?.?.?.?)*(.?.?.?.?.?)*(.?.?.?.?.?)*☃$/")
    expect(said).to_contain_text("takes too long")
    view.get_by_role("button", name="longest").click()
    longest = max(range(len(pieces)), key=lambda id: (len(smollm2.tokenizer.token_bytes(id)), -id))
    expect(view.locator(".entries button").first).to_have_attribute("title", re.compile(re.escape(pieces[longest])))
    view.get_by_role("combobox").select_option("o200k_base")
    expect(said).to_contain_text("200,000")


def test_what_is_chosen_before_an_answer_has_come_counts(open_at):
    page = open_at(text=TEXT)
    page.add_init_script(HOLD_BACK)
    page.goto(page.url + "&tokens.open=long")
    view = section(page, "long")
    view.get_by_role("textbox").fill("The cat sits.")
    sent = page.evaluate("() => { hold(); return sent; }")
    view.locator("[data-do=cut]").click()
    page.wait_for_function("n => sent > n", arg=sent)
    sent = page.evaluate("sent")
    page.locator(".strip button").first.click()
    page.wait_for_function("n => sent > n", arg=sent)  # the view has said so, not knowing of the answer
    page.evaluate("release()")
    expect(view.locator(".said")).to_contain_text("13")
    expect(page).to_have_url(re.compile("token=0"))
    expect(page.locator(".strip button").first).to_have_attribute("aria-pressed", "true")


def test_a_long_text_stays_light(open_at, smollm2):
    page = open_at(text=TEXT, open="long")
    text = "The cat sits on the mat, and <b>nobody</b> knows why. 猫坐在垫子上。 \u05e9\u05dc\u05d5\u05dd 👩‍🚀\n" * 1500
    view = section(page, "long")
    view.locator("[data-do=cut]").click()
    expect(view.locator(".said")).to_have_text(say("en", "tokens.long.empty"))
    view.get_by_role("textbox").fill(text)
    view.locator("[data-do=cut]").click()
    n = len(smollm2.encode(text))
    expect(view.locator(".said")).to_contain_text(f"tokens: {n:,}")
    expect(view.locator(".block .token").first).to_be_visible()
    assert 0 < view.locator(".block .token").count() < 6000 < n, "only what is near is built"
    # Blocks grow as they are filled: the end is reached in several steps, as by hand.
    page.wait_for_function(
        "scroll => { scroll.scrollTop = scroll.scrollHeight; return scroll.lastElementChild.childElementCount > 0; }",
        arg=view.locator(".scroll").element_handle(),
    )
    view.locator("[data-do=cut]").click()  # the same again
    page.locator(".strip button").first.click()  # before the answer is here
    expect(view.locator(".said")).to_contain_text(f"{n:,}")
    expect(page).to_have_url(re.compile("token=0"))
    expect(view.get_by_role("textbox")).to_have_value(text)
    expect(view.locator(".said")).to_contain_text(f"tokens: {n:,}")
    assert page.title() and view.locator(".block b").count() == 0


def test_a_guess_is_checked_and_its_answer_stays(open_at, smollm2):
    page = open_at(text=TEXT, depth="test")
    form = page.get_by_test_id("stForm")
    own = "Antidisestablishmentarianism in 1969"
    n = len(smollm2.encode(own))
    form.get_by_role("textbox").fill(own)
    form.get_by_role("spinbutton").fill(str(n + 1))
    form.get_by_role("button", name=say("en", "tokens.test.check")).click()
    verdict = page.get_by_text(say("en", "tokens.test.off", count=n, guess=n + 1))
    expect(verdict).to_be_visible()
    page.locator(".strip button").first.click()
    expect(page).to_have_url(re.compile("token=0(&|$)"))
    expect(verdict).to_be_visible()
    assert "tried" not in page.url, "it is no part of a link"
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name=say("en", "ui.pages.output.title"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("en", "ui.pages.output.title"))
    sidebar.get_by_role("link", name=say("en", "ui.pages.tokens.title"), exact=True).click()
    expect(verdict).to_be_visible()
