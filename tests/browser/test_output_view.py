"""The output view in a real browser, against torch."""

from __future__ import annotations

import base64
import json
import math
import re

import pytest
import torch
from playwright.sync_api import Page, expect

from gptviz.sampling import Options, distribution
from tests.browser.chromium import too_wide

APP = "tests/browser/apps/output_view.py"
VOCAB = 49152


def logits(vocab: int = VOCAB) -> torch.Tensor:
    """Those of the app."""
    return 3 * torch.randn(vocab, generator=torch.Generator().manual_seed(7))


def open_view(page_at, server: str, query: str = "", **options) -> Page:
    page = page_at(f"{server}/?{query}", **options)
    expect(page.locator(".gptviz")).to_be_visible()
    return page


def slider(page: Page):
    return page.locator(".gptviz .control").get_by_role("slider")


def settled(page: Page) -> dict:
    """What Python was told last."""
    return json.loads(page.get_by_test_id("stText").inner_text())


def shown(page: Page) -> tuple[dict[int, float], float, float]:
    """Probability by id, that of all others, and the entropy, as the view says them."""
    return page.evaluate(
        """() => {
            const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
            const value = (node) => Number(node.dataset.value);
            const rows = [...root.querySelectorAll("tr[data-id]")];
            return [
                Object.fromEntries(rows.map((row) => [row.dataset.id, value(row.querySelector(".now"))])),
                value(root.querySelector(".others .now")),
                value(root.querySelector(".facts .value")),
            ];
        }"""
    )


def check_against_torch(page: Page, temperature: float) -> None:
    # Slider and bars are drawn in one go, a frame after the key.
    expect(slider(page)).to_have_attribute("aria-valuetext", f"{temperature:.2f}")
    p = (logits().double() / temperature).softmax(-1)
    words, others, entropy = shown(page)
    top = p.topk(12)
    assert [int(i) for i in words] == sorted(top.indices.tolist())  # JavaScript orders such keys by number
    for i, value in words.items():
        assert abs(value - float(p[int(i)])) < 1e-6
    assert math.isclose(others, 1 - float(top.values.sum()), abs_tol=1e-9)
    assert math.isclose(entropy, float(-(p * p.log2()).nansum()), rel_tol=1e-9)


@pytest.fixture
def server(app_server) -> str:
    return app_server(APP)


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("zh", "dark", 390)])
def test_every_bar_is_the_exact_softmax(page_at, server, language, theme, width, tmp_path):
    page = open_view(page_at, server, f"language={language}", theme=theme, width=width, height=1600)
    assert page.locator(".gptviz").get_attribute("lang") == language
    check_against_torch(page, 1.0)

    thumb = slider(page)
    for key, temperature in [("ArrowLeft", 0.99), ("ArrowRight", 1.0), ("PageDown", 0.78), ("End", 5.0)]:
        thumb.press(key)
        expect(thumb).to_have_attribute("aria-valuetext", f"{temperature:.2f}")
        check_against_torch(page, temperature)
    thumb.press("ArrowLeft")
    check_against_torch(page, 4.95)
    overflow = too_wide(page)
    assert overflow <= 0
    page.screenshot(path=tmp_path / f"{language}-{theme}-{width}.png")


def test_the_mouse_drags_and_python_hears_once_it_settles(page_at, server):
    page = open_view(page_at, server)
    box = slider(page).bounding_box()
    middle = box["y"] + box["height"] / 2
    at = lambda steps: box["x"] + 10 + steps / 220 * (box["width"] - 20)  # noqa: E731  (10: half a thumb)
    page.mouse.move(at(100), middle)
    page.mouse.down()
    page.mouse.move(at(50), middle, steps=10)
    expect(slider(page)).to_have_attribute("aria-valuetext", "0.50")
    check_against_torch(page, 0.5)
    page.wait_for_timeout(600)
    assert settled(page)["temperature"] == 1  # the button is still held
    page.mouse.up()
    expect(page.get_by_test_id("stText")).to_contain_text("0.5")
    assert settled(page)["temperature"] == 0.5 and settled(page)["word"] is None
    check_against_torch(page, 0.5)


def test_zero_is_greedy_and_says_so(page_at, server):
    page = open_view(page_at, server)
    slider(page).press("Home")
    expect(slider(page)).to_have_attribute("aria-valuetext", "0.00, greedy")
    words, others, entropy = shown(page)
    best = int(logits().argmax())
    assert words == {i: float(int(i) == best) for i in words} and others == 0 and entropy == 0
    expect(page.locator(".remarks .current")).to_contain_text("·the is taken every time")
    page.get_by_role("button", name="Back to 1").click()
    check_against_torch(page, 1.0)


def test_a_tie_is_named(page_at, server):
    page = open_view(page_at, server, "kind=tied")
    slider(page).press("Home")
    expect(page.locator(".remarks .current")).to_contain_text("2 tokens share the largest logit")
    assert shown(page)[0]["4"] == 1  # of 4 and 9


def test_a_number_opens_to_how_it_came_about(page_at, server):
    page = open_view(page_at, server, "open=number")
    slider(page).press("PageDown")
    page.get_by_role("button", name="·ma", exact=True).click()
    steps = page.locator(".steps li:not([hidden]) .result")
    expect(steps.last).to_be_visible()
    z, t, top = float(logits().topk(2).values[1]), 0.78, float(logits().max())
    weight = math.exp((z - top) / t)
    expected = [z, z / t, (z - top) / t, weight, weight / float(((logits().double() - top) / t).exp().sum())]
    expect(steps).to_have_count(5)
    values = [float(step.get_attribute("data-value")) for step in steps.all()]
    assert values == pytest.approx(expected, rel=1e-6)
    expect(page.get_by_test_id("stText")).to_contain_text(str(int(logits().topk(2).indices[1])))

    page.locator("tr[data-id]").first.hover()  # another word, as long as the pointer is on it
    expect(page.locator(".steps .token")).to_have_text("·the")
    page.mouse.move(2, 2)
    expect(page.locator(".steps .token")).to_have_text("·ma")

    # A constant on every logit: the numbers on the way move, the probability does not.
    page.get_by_role("slider", name="Add a constant to every logit:").press("End")
    expect(page.locator("[data-step=divide] .formula")).to_contain_text("+ 20")
    assert float(steps.last.get_attribute("data-value")) == pytest.approx(expected[-1], rel=1e-9)
    expect(page.locator(".number-view")).to_contain_text("largest change of any probability is")

    slider(page).press("Home")
    expect(page.locator(".greedy").first).to_be_visible()
    page.get_by_role("button", name="∞").click()
    expect(slider(page)).to_have_attribute("aria-valuetext", "∞")
    words, others, entropy = shown(page)
    assert all(p == pytest.approx(1 / VOCAB) for p in words.values()) and entropy == pytest.approx(math.log2(VOCAB))
    assert others == pytest.approx(1 - 12 / VOCAB)
    page.locator("[data-section=number] summary").click()
    expect(page.locator(".steps")).to_be_hidden()


MODULE = "/_stcore/bidi-components/gptviz.views/output/distribution.js"
OPTIONS = [
    {"temperature": 1.0},
    {"temperature": 0.3, "top_k": 5},
    {"temperature": 1.7, "top_p": 0.9},
    {"temperature": 1.0, "min_p": 0.1},
    {"temperature": 2.0, "top_k": 50, "top_p": 0.8, "min_p": 0.02},
    {"temperature": 0.8, "top_p": 0.05},
    {"temperature": 5.0, "top_k": 1000, "top_p": 0.999},
    {"temperature": 1.0, "repetition_penalty": 1.3},
    {"temperature": 1.2, "repetition_penalty": 2.0, "top_k": 3},
    {"temperature": 0.7, "repetition_penalty": 0.6, "top_p": 0.5},
    {"temperature": 1.0, "top_k": 1},
    {"temperature": 1.0, "top_p": 1.0, "min_p": 1.0},
    {"temperature": 0.0, "repetition_penalty": 1.5},
]


def in_browser(page: Page, values: torch.Tensor, seen: list[int], options: list[dict]) -> list[torch.Tensor]:
    """The distributions that the view's own module computes."""
    text = base64.b64encode(values.numpy().astype("<f4").tobytes()).decode()
    packed = page.evaluate(
        """async ([module, text, seen, options]) => {
            const { distribution, penalised, sortIds } = await import(module);
            const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
            const base = new Float32Array(bytes.buffer);
            const order = sortIds(base);
            return options.map((o) => {
                const it = penalised(base, order, seen, o.repetition_penalty ?? null);
                const [top_k, top_p, min_p] = [o.top_k ?? null, o.top_p ?? null, o.min_p ?? null];
                const wanted = { temperature: o.temperature, top_k, top_p, min_p };
                const found = distribution(it.logits, it.order, wanted);
                const all = Float64Array.from(base.keys(), (id) => found.probability(id));
                let text = "";
                const out = new Uint8Array(all.buffer);
                for (let i = 0; i < out.length; i += 32768) text += String.fromCharCode(...out.subarray(i, i + 32768));
                return btoa(text);
            });
        }""",
        [MODULE, text, seen, options],
    )
    return [torch.frombuffer(bytearray(base64.b64decode(one)), dtype=torch.float64) for one in packed]


def test_browser_and_python_agree(page_at, server, smollm2):
    """Penalty, temperature and every filter, on random and on real logits, over the whole vocabulary."""
    page = open_view(page_at, server)
    trace = smollm2.trace("The capital of France is the city of")
    cases = [
        (logits(), [5, 7, int(logits().argmax())]),
        *((trace.logits[at].float(), trace.ids[: at + 1]) for at in (3, 7)),
    ]
    for values, seen in cases:
        for options, shown_ in zip(OPTIONS, in_browser(page, values, seen, OPTIONS), strict=True):
            ours = distribution(values, Options(**options), seen).double()
            assert float((ours - shown_).abs().max()) < 1e-6, options
            assert int((shown_ > 0).sum()) == int((distribution(values, Options(**options), seen) > 0).sum()), options
            assert float(shown_.sum()) == pytest.approx(1, abs=1e-9)


def test_draws_follow_the_distribution(page_at, server):
    """Chi-squared over 20,000 seeded draws; the same seed draws the same."""
    page = open_view(page_at, server)
    draws = page.evaluate(
        """async ([module, seed]) => {
            const { distribution, drawer, randomNumbers, sortIds } = await import(module);
            const base = Float32Array.from([2, 1, 0.5, 0, -1, -1.5, -3, 0.25]);
            const from = distribution(base, sortIds(base), { temperature: 1.3, top_k: 7, top_p: null, min_p: null });
            const run = () => {
                const next = drawer(from, randomNumbers(seed));
                const counts = new Array(8).fill(0);
                for (let n = 0; n < 20000; n++) counts[next()]++;
                return counts;
            };
            return [run(), run()];
        }""",
        [MODULE, 7],
    )
    assert draws[0] == draws[1]
    p = distribution(torch.tensor([2, 1, 0.5, 0, -1, -1.5, -3, 0.25]), Options(1.3, top_k=7))
    assert draws[0][6] == 0, "what was filtered out is never drawn"
    kept = [i for i in range(8) if i != 6]
    chi2 = sum((draws[0][i] - 20000 * float(p[i])) ** 2 / (20000 * float(p[i])) for i in kept)
    print(f"\nchi-squared {chi2:.2f} at 6 degrees of freedom")
    assert chi2 < 22.5  # 0.1 % of fair samples exceed this at 6 degrees of freedom


def test_a_filter_removes_and_the_rest_is_one_whole(page_at, server):
    page = open_view(page_at, server, "open=filters")
    filter_ = page.locator("[data-filter=top_k]")
    filter_.get_by_role("checkbox").check()
    expect(filter_.get_by_role("slider")).to_be_enabled()
    filter_.get_by_role("slider").press("Home")
    for _ in range(2):
        filter_.get_by_role("slider").press("ArrowRight")
    expect(filter_.get_by_role("slider")).to_have_attribute("aria-valuetext", "3")
    expect(page.locator("tr.removed")).to_have_count(9)
    words, others, _ = shown(page)
    p = distribution(logits(), Options(top_k=3))
    assert others == 0 and sum(words.values()) == pytest.approx(1)
    assert all(shown_ == pytest.approx(float(p[int(i)]), abs=1e-6) for i, shown_ in words.items())
    expect(filter_).to_contain_text("3 left, holding")
    expect(page.get_by_test_id("stText")).to_contain_text('"top_k": 3')
    page.get_by_role("button", name="All off").click()
    expect(page.locator("tr.removed")).to_have_count(0)
    check_against_torch(page, 1.0)


def test_a_penalty_changes_the_order(page_at, server):
    page = open_view(page_at, server, "open=filters&kind=tied")  # 4 and 9 lead; 5 and 7 are in the text
    filter_ = page.locator("[data-filter=repetition_penalty]")
    filter_.get_by_role("checkbox").check()
    expect(filter_.get_by_role("slider")).to_be_enabled()
    filter_.get_by_role("slider").press("Home")  # 0.5: what was said before becomes likelier
    expect(filter_.get_by_role("slider")).to_have_attribute("aria-valuetext", "0.50")
    values = logits()
    values[[9, 4]] = 20.0
    p = distribution(values, Options(repetition_penalty=0.5), [5, 7])
    words, _, _ = shown(page)
    assert set(map(int, words)) == set(p.topk(12).indices.tolist())
    assert all(shown_ == pytest.approx(float(p[int(i)]), abs=1e-6) for i, shown_ in words.items())


def test_a_thousand_draws(page_at, server):
    page = open_view(page_at, server, "open=sample")

    def drawn() -> list[int]:
        expect(page.locator(".sample-view [data-total]")).to_have_attribute("data-total", "1000")
        return [int(row.get_attribute("data-drawn")) for row in page.locator(".draws tbody tr").all()]

    page.get_by_role("button", name="Draw 1,000 times").click()
    first = drawn()
    assert sum(first) == 1000
    test = page.locator(".sample-view [data-total]")
    cells, chi2 = int(test.get_attribute("data-cells")), float(test.get_attribute("data-chi"))
    assert chi2 < 3 * cells + 20
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_text("Nothing has been drawn yet.")).to_be_visible()
    page.get_by_role("button", name="Draw 1,000 times").click()
    assert drawn() == first, "the same seed draws the same"
    page.get_by_role("button", name="Draw once").click()
    expect(test).to_have_attribute("data-total", "1001")


def test_the_view_does_not_pale_while_a_script_runs(page_at, server):
    page = open_view(page_at, server)
    box = page.get_by_test_id("stElementContainer").filter(has=page.locator(".gptviz .control"))
    # What Streamlit gives to an element that a running script has not come to yet.
    page.add_style_tag(content='[data-testid="stElementContainer"] { opacity: 0.33 }')
    expect(page.get_by_test_id("stElementContainer").last).to_have_css("opacity", "0.33")
    expect(box).to_have_css("opacity", "1")


def test_python_sets_values_and_the_reader_keeps_theirs(page_at, server):
    page = open_view(page_at, server)
    slider(page).press("End")
    expect(page.get_by_test_id("stText")).to_contain_text('"temperature": 5')
    outside = page.get_by_role("slider").first
    outside.press("ArrowLeft")
    expect(slider(page)).to_have_attribute("aria-valuetext", "0.50")
    check_against_torch(page, 0.5)
    expect(page.get_by_test_id("stText")).to_contain_text('"temperature": 0.5')
    # Moved by the reader and by Python at once: the reader's hand wins.
    box = slider(page).bounding_box()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] / 2)
    page.mouse.down()
    outside.evaluate("node => node.focus()")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1000)
    expect(slider(page)).to_have_attribute("aria-valuetext", "5.00")
    page.mouse.up()
    expect(page.get_by_test_id("stText")).to_contain_text('"temperature": 5')


def test_the_scale_can_be_enlarged(page_at, server):
    page = open_view(page_at, server)
    bar = page.locator("tr[data-id] .bar:not(.pale)").first
    before = bar.bounding_box()["width"]

    def grows(factor: float) -> None:
        bar.evaluate("node => node.id = 'first-bar'")
        page.wait_for_function(
            "wanted => { for (const host of document.querySelectorAll('*')) {"
            " const bar = (host.shadowRoot ?? document).getElementById('first-bar');"
            " if (bar) return Math.abs(bar.getBoundingClientRect().width / wanted - 1) < 0.02; } }",
            arg=before * factor,
        )

    page.get_by_role("button", name=re.compile(r"Scale to 5\s%")).click()
    grows(20)
    expect(page.locator(".others .bar").last).to_have_class("bar cut")
    page.get_by_role("button", name=re.compile(r"Scale to 100\s%")).click()
    grows(1)


def test_tokens_are_text_and_never_html(page_at, server):
    page = open_view(page_at, server)
    expect(page.get_by_role("button", name="<b>·bold</b>")).to_be_visible()
    assert page.locator(".gptviz b").count() == 0


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("kind=nan", "1 of 49,152 logits are not finite numbers"),
        ("kind=equal", "All 49,152 logits are equal"),
        ("kind=nan&language=zh", "49,152 个 logit 里有 1 个不是有限的数"),
    ],
)
def test_logits_without_a_picture_get_a_sentence(page_at, server, query, sentence):
    page = open_view(page_at, server, query)
    expect(page.locator(".trouble")).to_contain_text(sentence)
    assert page.locator(".gptviz table").count() == 0


def test_a_vocabulary_smaller_than_the_picture(page_at, server):
    page = open_view(page_at, server, "vocab=5")
    assert page.locator("tr[data-id]").count() == 5
    assert page.locator(".others").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_signs_stand_out(page_at, server, theme):
    """WCAG AA: 4.5 for text, 3 for what carries meaning without being text."""
    from gptviz.figures.colours import contrast

    page = open_view(page_at, server, theme=theme)
    page.get_by_role("button", name="·ma", exact=True).click()
    pairs = page.evaluate(
        """() => {
            const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
            const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
            const behind = (node) => {
                for (; node; node = node.parentElement ?? node.getRootNode().host) {
                    const colour = rgb(getComputedStyle(node).backgroundColor);
                    if (colour.length === 3 || colour[3] > 0) return colour;
                }
                return [255, 255, 255];
            };
            const texts = [...root.querySelectorAll("*")].filter(
                (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
            );
            return [
                ...texts.map((node) => [node.className, rgb(getComputedStyle(node).color), behind(node), 4.5]),
                ...[...root.querySelectorAll("tr[data-id] .bar:not(.pale)")].map((node) => [
                    "bar", rgb(getComputedStyle(node).backgroundColor), behind(node.parentElement), 3,
                ]),
            ];
        }"""
    )
    code = lambda rgb: "#" + "".join(f"{round(c):02x}" for c in rgb[:3])  # noqa: E731
    assert len(pairs) > 60
    for name, front, back, least in pairs:
        assert contrast(code(front), code(back)) >= least, (name, front, back)


def test_values_outlive_a_visit_to_another_page(page_at, app_server):
    page = page_at(app_server("tests/browser/apps/two_pages.py"))
    view = slider(page)
    view.press("PageDown")
    expect(page.get_by_text("T=0.78")).to_be_visible()
    for temperature in ("0.78", "0.88", "2.00"):
        page.get_by_role("link", name="Other").click()
        expect(page.get_by_text("kept")).to_be_visible()
        if temperature == "2.00":
            page.get_by_role("button", name="set to 2").click()
            expect(page.get_by_text("kept 0.88")).to_be_visible()
        page.get_by_role("link", name="View").click()
        if temperature == "0.88":
            expect(view).to_have_attribute("aria-valuetext", "0.78")
            for _ in range(10):
                view.press("ArrowRight")
            expect(page.get_by_text("T=0.88")).to_be_visible()
        expect(view).to_have_attribute("aria-valuetext", temperature)
