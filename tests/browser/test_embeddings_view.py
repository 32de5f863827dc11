"""The page Embeddings in a real browser: a row looked up, pairs opened, neighbours, queries and keys turned."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
import torch
from playwright.sync_api import Page, expect

from gptviz.analysis.nearness import nearest_by
from gptviz.analysis.spaces import open_space
from gptviz.text import say

WAIT = 60_000
TEXT = "The cat and the dog"


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(rows=...) -> Page`: the page at a link, its view there."""

    def go(width: int = 1440, theme: str = "light", locale: str = "en-US", **query) -> Page:
        url = f"{app_server('app.py')}/embeddings?{urlencode({'text': TEXT} | query)}"
        page = page_at(url, width=width, theme=theme, locale=locale)
        expect(page.locator(".gptviz .strip")).to_be_visible(timeout=90_000)
        return page

    return go


def test_a_token_is_looked_up(open_at, smollm2):
    page = open_at(token=4)
    dog = smollm2.tokenizer.id_of(" dog")
    expect(page.locator(".lookup")).to_contain_text(f"{dog:,}")
    row = smollm2.model.embed.weight[dog].float()
    expect(page.locator(".lookup .cell")).to_contain_text(f"{float(row[0]):.5f}".replace("-", "−"))
    expect(page.locator(".lookup")).to_contain_text(f"{float(row.norm()):.2f} long")
    page.locator(".strip button").nth(1).click()
    expect(page).to_have_url(re.compile("token=1(&|$)"), timeout=WAIT)
    cat = smollm2.tokenizer.id_of(" cat")
    expect(page.locator(".lookup")).to_contain_text(f"is row {cat:,}")
    page.reload()
    expect(page.locator(".strip button").nth(1)).to_have_attribute("aria-pressed", "true", timeout=WAIT)


def test_a_pair_is_opened(open_at, smollm2):
    page = open_at(rows="alike")
    canvas, readout = page.locator(".alike-view canvas").first, page.locator(".alike-view .readout")
    canvas.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
        canvas.press(key)
    ids = list(dict.fromkeys(smollm2.encode(TEXT)))
    rows = smollm2.model.embed.weight.float()
    cosine = float(torch.nn.functional.cosine_similarity(rows[ids[1]], rows[ids[4]], dim=0))
    page.wait_for_function(
        "([node, wanted]) => Math.abs(Number(node.dataset.cosine) - wanted) < 1e-5",
        arg=[readout.element_handle(), cosine],
    )
    expect(readout).to_contain_text(f"{cosine:.3f}")
    page.get_by_role("radio", name=say("en", "embeddings_view.measure.distance")).first.click()
    expect(page).to_have_url(re.compile("measure=distance"), timeout=WAIT)


def test_neighbours_of_a_token_and_of_a_word(open_at, smollm2):
    page = open_at(rows="near", token=1)
    where = open_space(smollm2, "input")
    shown = page.locator(".near-view tbody tr")

    def are(word, measure):
        row = where.find(word)
        near = nearest_by(where, measure, where.space.rows[row], 12, [row])
        expect(shown.locator("th")).to_have_text([one.token for one in near], timeout=WAIT)

    are("cat", "cosine")
    page.get_by_role("radio", name="dot product").last.click()
    are("cat", "dot")
    field = page.locator(".near-view").get_by_role("textbox")
    field.fill("king")
    field.press("Enter")
    are("king", "dot")
    expect(page).to_have_url(re.compile("near=king"), timeout=WAIT)
    page.get_by_label(say("en", "embeddings_view.near.grouped")).check()
    expect(shown.first.locator(".token")).not_to_have_count(0)
    field.fill("antidisestablishment")
    field.press("Enter")
    expect(page.locator(".near-view .trouble")).to_contain_text("not one token", timeout=WAIT)
    page.get_by_label(re.compile("mean of their rows")).check()
    expect(page.locator(".near-view .title")).to_contain_text("The mean of", timeout=WAIT)


def test_only_the_distance_counts(open_at, smollm2):
    page = open_at(rows="position", layer=16, head=0, token=4, key=3, turned=4, turned_key=3)
    said = page.locator(".position-view .said")
    expect(said).to_contain_text("·dog", timeout=WAIT)
    trace = smollm2.trace(TEXT)
    expected = float(trace["blocks.16.attn.q"][0, 4] @ trace["blocks.16.attn.k"][0, 3])
    assert float(said.get_attribute("data-dot")) == pytest.approx(expected, abs=1e-3)
    page.get_by_role("button", name=say("en", "embeddings_view.position.together")).click()
    expect(page).to_have_url(re.compile("turned=5"), timeout=WAIT)
    assert float(said.get_attribute("data-dot")) == pytest.approx(expected, abs=1e-3)
    page.locator(".turn.turned input").press("ArrowRight")
    page.wait_for_function(
        "([node, before]) => Math.abs(Number(node.dataset.dot) - before) > 1e-3", arg=[said.element_handle(), expected]
    )


@pytest.mark.parametrize(("locale", "language", "theme"), [("zh-CN", "zh", "dark"), ("en-US", "en", "light")])
@pytest.mark.parametrize("model", ["smollm2-135m", "toy-sort"])
def test_everything_open_on_a_phone(open_at, locale, language, theme, model):
    text = {"text": "dbaca="} if model == "toy-sort" else {}
    page = open_at(rows="alike,near,position", width=390, locale=locale, theme=theme, model=model, **text)
    expect(page.locator(".near-view tbody tr").first).to_be_visible(timeout=WAIT)
    expect(page.locator(".position-view canvas").first).to_be_visible(timeout=WAIT)
    title = say(language, "embeddings_view.near.title")
    expect(page.locator("[data-section=near] summary .title")).to_have_text(title)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
