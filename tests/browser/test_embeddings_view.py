"""The page Embeddings in a real browser, against the model."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from gptviz.analysis.similarity import neighbours
from gptviz.analysis.spaces import open_space
from gptviz.text import say
from gptviz.views.embeddings import STOP
from tests.browser.chromium import too_wide

TEXT = "The cat and the dog"


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(open=...) -> Page`: the page at a link that makes these choices, its view there."""

    def go(width: int = 1440, theme: str = "light", locale: str = "en-US", **choices) -> Page:
        query = {STOP.address(name): value for name, value in ({"text": TEXT} | choices).items()}
        url = f"{app_server('app.py')}/embeddings?{urlencode(query)}"
        page = page_at(url, width=width, theme=theme, locale=locale)
        expect(page.locator(".gptviz .strip")).to_be_visible()
        return page

    return go


def value(locator, name: str = "value") -> float:
    return float(locator.get_attribute(f"data-{name}"))


def test_a_token_is_looked_up_and_its_numbers_read(open_at, smollm2):
    page = open_at(token=4, open="product")
    ids, weight = smollm2.encode(TEXT), smollm2.model.embed.weight
    entry = page.locator(".lookup [data-dimension]")
    expect(page.locator(".lookup .said")).to_contain_text(f"{ids[4]:,}")
    assert value(entry) == float(weight[ids[4], 0])
    page.locator(".strip button").nth(1).click()
    expect(page.locator(".lookup .said")).to_contain_text(f"{ids[1]:,}")
    bars = page.locator(".lookup .vector canvas")
    bars.focus()
    bars.press("ArrowRight")
    expect(entry).to_have_attribute("data-dimension", "1")
    assert value(entry) == float(weight[ids[1], 1])
    # On the way through the matrix: one of the rows that stand for all.
    page.locator(".lookup canvas.matrix").hover(position={"x": 300, "y": 200})
    expect(page.locator(".lookup [role=status]")).to_contain_text(re.compile(r"Row [\d,]+, dimension \d+: [−\d]"))
    sums = page.locator(".product-view .total td[data-value]")
    expect(sums).to_have_count(6)
    assert [value(cell) for cell in sums.all()] == weight[ids[1], :6].tolist()
    expect(page.locator(".product-view")).to_contain_text("Largest difference: 0.")
    expect(page).to_have_url(re.compile("token=1(&|$)"))
    page.reload()
    expect(page.locator(".strip button").nth(1)).to_have_attribute("aria-pressed", "true")


def says(shown: Locator, number: float) -> None:
    """The element, made anew at every redraw, comes to say a number."""
    for _ in range(3600):
        if abs(float(shown.get_attribute("data-value")) - number) < 1e-6:
            return
        shown.page.wait_for_timeout(50)
    assert float(shown.get_attribute("data-value")) == pytest.approx(number, abs=1e-6)


def test_a_pair_opens_down_to_its_products_in_all_measures(open_at, smollm2):
    page = open_at(open="similarity", words="car unbelievable \x06")
    rows = smollm2.model.embed.weight.double()
    grid = page.locator(".similarity-view .grid canvas")
    expect(page.locator(".similarity-view .notes li")).to_have_count(2)
    # The table is drawn once it is known what chance gives.
    point = say("en", "embeddings.similarity.point")
    expect(page.locator(".similarity-view .readout").first).to_have_text(point)
    grid.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        grid.press(key)
    ids = list(dict.fromkeys(smollm2.encode(TEXT)))
    x, y = rows[ids[1]], rows[ids[4]]
    expected = {"cosine": float(x @ y / (x.norm() * y.norm())), "dot": float(x @ y), "distance": float((x - y).norm())}
    for name, number in expected.items():
        shown = page.locator(f".pair [data-measure={name}]")
        expect(shown).to_be_visible()
        says(shown, number)
    page.locator(".similarity-view [data-measure=distance]").first.click()
    readout = page.locator(".similarity-view .beside [data-value]")
    says(readout, expected["distance"])
    expect(page).to_have_url(re.compile("embeddings.pair=1.4.*measure=distance|measure=distance.*embeddings.pair=1.4"))


def test_neighbours_of_a_token_and_of_a_word(open_at, smollm2):
    page = open_at(open="neighbours", token=1, grouped=0)
    space = open_space(smollm2)
    shown = page.locator(".neighbours-view tbody tr")

    def are(id: int, measure: str) -> None:
        near = neighbours(space, space.rows[id], 12, [id])[measure]
        expect(shown.locator("th .token")).to_have_text(smollm2.pieces([one.id for one in near]))
        got = [float(cell.get_attribute("data-value")) for cell in shown.locator(f"[data-measure={measure}]").all()]
        assert got == pytest.approx([getattr(one, measure) for one in near], rel=1e-9)

    are(smollm2.tokenizer.id_of(" cat"), "cosine")
    for measure in ("dot", "distance"):
        page.locator(f".neighbours-view button[data-measure={measure}]").click()
        are(smollm2.tokenizer.id_of(" cat"), measure)
    field = page.locator(".neighbours-view").get_by_role("textbox")
    field.fill("king")
    field.press("Enter")
    are(smollm2.tokenizer.id_of(" king"), "distance")
    expect(page).to_have_url(re.compile("embeddings.near=king"))
    field.fill("unbelievable")
    field.press("Enter")
    expect(page.locator(".neighbours-view")).to_contain_text("the mean of their rows")
    field.fill("<b>\x06")
    field.press("Enter")
    expect(page.locator(".neighbours-view")).to_contain_text("has no place in this space")
    assert "undefined" not in page.locator(".embeddings").inner_text()
    page.get_by_role("button", name=say("en", "embeddings.neighbours.back")).click()
    are(smollm2.tokenizer.id_of(" cat"), "distance")
    page.get_by_label(say("en", "embeddings.neighbours.grouped")).check()
    expect(shown.first.locator(".others .token")).not_to_have_count(0)


def test_only_the_distance_counts(open_at, smollm2):
    page = open_at(open="position", layer=16, head=1, token=4, key=3)
    said = page.locator(".rotary .result-line")
    expect(said).to_contain_text("·dog")
    trace = smollm2.trace(TEXT)
    expected = float(trace["blocks.16.attn.q"][1, 4] @ trace["blocks.16.attn.k"][0, 3])
    assert value(said) == pytest.approx(expected, rel=1e-4)
    exact = value(said)
    further = page.get_by_role("button", name=say("en", "embeddings.rotary.both_more"))
    for position in (5, 6, 7):
        further.click()
        expect(said).to_contain_text(f"at {position},")
        assert value(said, "distance") == 1 and value(said) == pytest.approx(exact, rel=1e-12)
    expect(page).to_have_url(re.compile("embeddings.positions=7.6"))
    page.locator(".rotary input.m").press("ArrowRight")
    expect(said).to_have_attribute("data-distance", "2")
    assert value(said) != pytest.approx(exact, rel=1e-4)
    # A key never stands after its query.
    page.locator(".rotary input.n").press("End")
    expect(said).to_have_attribute("data-distance", "0")
    page.get_by_role("button", name=say("en", "embeddings.rotary.back")).click()
    page.locator(".rotary select").nth(1).select_option("8")
    expected = float(trace["blocks.16.attn.q"][8, 4] @ trace["blocks.16.attn.k"][2, 3])
    page.wait_for_function(
        "([node, wanted]) => Math.abs(Number(node.dataset.value) / wanted - 1) < 1e-3",
        arg=[said.element_handle(), expected],
    )


def test_learned_positions_are_added(open_at):
    from gptviz.llm import load

    llm = load("toy-sort")
    page = open_at(model="toy-sort", text="dbaca=", open="position", token=2)
    between = page.locator(".learned .beside [data-value]")
    expect(between).to_be_visible()
    rows = llm.model.pos_embed.weight
    assert value(between) == pytest.approx(
        float(torch.nn.functional.cosine_similarity(rows[2], rows[1], dim=0)), abs=1e-5
    )
    total = llm.trace("dbaca=")["blocks.0.resid_pre"][2, 0]
    assert value(page.locator(".learned > .readout[data-value]")) == pytest.approx(float(total), abs=1e-6)


@pytest.mark.parametrize(("locale", "language", "theme"), [("zh-CN", "zh", "dark"), ("en-US", "en", "light")])
@pytest.mark.parametrize("model", ["smollm2-135m", "toy-sort"])
def test_everything_open_on_a_phone(open_at, locale, language, theme, model):
    text = {"text": "dbaca="} if model == "toy-sort" else {}
    opened = "product,similarity,neighbours,position"
    page = open_at(open=opened, width=390, locale=locale, theme=theme, model=model, pair="0.1", **text)
    expect(page.locator(".neighbours-view tbody tr").first).to_be_visible()
    expect(page.locator(".position-view canvas").first).to_be_visible()
    expect(page.locator(".pair")).to_be_visible()
    title = say(language, "embeddings.neighbours.title")
    expect(page.locator("[data-section=neighbours] summary .title")).to_have_text(title)
    assert too_wide(page) <= 0
