"""The attention view in a real browser, against the trace."""

from __future__ import annotations

import csv
import json
import math
import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gptviz.analysis import heads
from gptviz.analysis.ablation import without
from gptviz.analysis.neurons import layer_pushes
from gptviz.numbers import percent
from gptviz.text import say
from gptviz.views.attention import SECTIONS, STOP
from tests.browser.chromium import too_wide

CAPITAL = "The capital of France is"
HOSTILE = '<img src=x onerror="document.title=1"> $x$ **b** שלום 👩‍🚀 \u200b法国 {token}'


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(text=..., layer=...) -> Page`: the attention page at a link, its view complete."""

    def go(width: int = 1440, theme: str = "light", locale: str = "en-US", env: dict | None = None, **query) -> Page:
        asked = {STOP.address(name) if name in STOP.own else name: value for name, value in query.items()}
        url = f"{app_server('app.py', env)}/attention?{urlencode(asked)}"
        page = page_at(url, width=width, theme=theme, locale=locale, height=1100)
        expect(page.locator(".gptviz .strip")).to_be_visible()
        return page

    return go


def section(page: Page, name: str):
    return page.locator(f"[data-section={name}]")


def unfold(page: Page, name: str):
    it = section(page, name)
    it.locator("summary").click()
    expect(it.locator(".body")).to_be_visible()
    return it


_PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").replace("∞", "inf").replace("·10", "e").translate(_PLAIN))


def readout(page: Page) -> dict[str, float]:
    pairs = page.locator(".readout dd").evaluate_all("nodes => nodes.map(n => [n.dataset.stage, n.textContent])")
    return {stage: number(text) for stage, text in pairs}


def expected(trace, layer: int, head: int, i: int, j: int) -> dict[str, float]:
    stages = trace.attention(layer)
    return {name: float(getattr(stages, name)[head, i, j]) for name in ("dot", "scaled", "masked", "pattern")}


def check_cell(page: Page, trace, layer: int, head: int, i: int, j: int) -> None:
    shown, true = readout(page), expected(trace, layer, head, i, j)
    for stage, digits in (("dot", 3), ("scaled", 4), ("masked", 4), ("pattern", 4)):
        assert shown[stage] == pytest.approx(true[stage], abs=0.51 * 10**-digits + 1e-6 * abs(true["dot"])), stage


@pytest.mark.parametrize(
    ("model", "text", "cells"),
    [
        ("smollm2-135m", CAPITAL, [(16, 0, 4, 3), (23, 4, 4, 3), (0, 8, 2, 2), (29, 5, 3, 0)]),
        ("toy-sort", "dbaca=", [(0, 0, 5, 2), (2, 1, 3, 3), (1, 2, 4, 0)]),
    ],
)
def test_every_number_is_the_traces(open_at, request, model, text, cells):
    llm = request.getfixturevalue("smollm2" if model == "smollm2-135m" else "toy")
    trace = llm.trace(text)
    for layer, head, i, j in cells:
        chosen = {"layer": layer, "head": head, "token": i, "key": j}
        page = open_at(model=model, text=text, open="stages,cell,asking,values,outputs", entry=3, **chosen)
        expect(section(page, "asking").locator(".side.query .chain li").first).to_be_visible()
        check_cell(page, trace, layer, head, i, j)
        prefix = f"blocks.{layer}.attn."
        row = trace[prefix + "pattern"][head, i]

        # One cell, opened.
        cell = section(page, "cell")
        steps = dict(
            cell.locator(".chain li").evaluate_all(
                "rows => rows.map(r => [r.dataset.step, r.querySelector('code').textContent])"
            )
        )
        scaled = trace.attention(layer).scaled[head, i, : i + 1].double()
        exponentials = (scaled - scaled.max()).exp()
        assert number(steps["sum"].split("= ")[1]) == pytest.approx(expected(trace, layer, head, i, j)["dot"], abs=1e-3)
        assert number(steps["scale"].split("= ")[1]) == pytest.approx(float(scaled[j]), abs=6e-5)
        inside = re.search(r"e\^\((.*) − \(?(.*?)\)+ = ", steps["exponent"])
        assert [number(v) for v in inside.groups()] == pytest.approx([float(scaled[j]), float(scaled.max())], abs=6e-5)
        assert number(steps["exponent"].split("= ")[1]) == pytest.approx(float(exponentials[j]), abs=6e-5)
        quotient = [number(v) for v in re.split(" [÷=] ", steps["softmax"])]
        assert quotient == pytest.approx([float(exponentials[j]), float(exponentials.sum()), float(row[j])], abs=6e-5)
        assert float(cell.locator(".chain").get_attribute("data-difference")) < 1e-3
        entry = re.search(r": (.*) × (.*) = (.*)", cell.locator(".entry").first.inner_text())
        shared = llm.config.key_head(head)
        q, k = float(trace[prefix + "q"][head, i, 3]), float(trace[prefix + "k"][shared, j, 3])
        assert [number(v) for v in entry.groups()] == pytest.approx([q, k, q * k], abs=6e-5, rel=1e-5)

        # Asking: W times x makes the entry that the trace has.
        for side, letter, token in (("query", "q", i), ("key", "k", j)):
            name = prefix + letter + ("_pre" if llm.config.rope else "")
            at = head if letter == "q" else shared
            chain = section(page, "asking").locator(f".side.{side} .chain")
            value = float(chain.locator("li").last.get_attribute("data-value"))
            assert value == pytest.approx(float(trace[name][at, token, 3]), rel=1e-6)
            assert float(chain.get_attribute("data-difference")) < 1e-3

        # Values and outputs.
        weights = section(page, "values").locator("tbody tr:not([data-later]) td.weight .number").all_inner_texts()
        assert weights == [percent(float(w)) for w in row[: i + 1]]
        expect(section(page, "outputs").locator(".sum")).to_contain_text("difference")
        shares = section(page, "outputs").locator(".output-row .number").all_inner_texts()
        each, whole = heads.head_outputs(llm, trace, layer, i), trace[prefix[:-1] + "_out"][i]
        for h, text_ in enumerate(shares):
            share = float(each[h] @ whole / (whole @ whole))
            assert text_.split("share ")[1] == percent(share)
        page.context.close()


def test_a_walk_through_the_view(open_at, smollm2):
    trace = smollm2.trace(CAPITAL)
    page = open_at(text=CAPITAL)
    assert page.locator(".section[open]").count() == 0, "it opens simply"
    expect(page.locator(".habit")).to_contain_text("16.0")

    # A picture of the grid.
    grid = unfold(page, "heads").locator("canvas")
    box = grid.bounding_box()
    grid.click(position={"x": 34 + 23.5 * (box["width"] - 34) / 30, "y": box["height"] * 0.55})
    expect(page.locator(".bar select").first).to_have_value("23")
    expect(page.locator(".attention")).not_to_have_class(re.compile("waiting"))
    page.locator(".bar select").nth(1).select_option("4")
    expect(page.locator(".bar .looked")).to_contain_text("·France")

    # A cell of the matrix.
    stages = unfold(page, "stages")
    matrix = stages.locator(".matrix canvas")
    matrix.focus()
    for key in ("ArrowUp", "ArrowLeft"):
        matrix.press(key)
    expect(page.locator(".readout .pair")).to_have_text("·France → ·of")
    check_cell(page, trace, 23, 4, 3, 2)
    unfold(page, "cell")
    expect(section(page, "cell").locator(".sentence")).to_contain_text("·France")

    # The stages, one into the next.
    stages.get_by_role("button", name="Play").click()
    expect(stages.get_by_role("button", name="1 · q·kᵀ")).to_have_attribute("aria-pressed", "true")
    expect(stages.get_by_role("button", name="4 · softmax")).to_have_attribute("aria-pressed", "true")
    expect(stages.get_by_role("button", name="Play")).to_be_visible()

    # Without the first token: what remains of the row adds up to 1 again.
    page.get_by_label("leave the first token out").check()
    row = trace["blocks.23.attn.pattern"][4, 3]
    expect(page.locator(".readout [data-stage=pattern]")).to_have_text(f"{float(row[2] / row[1:].sum()):.4f}")
    sink = float(trace["blocks.23.attn.pattern"][4, 1:, 0].mean())
    expect(stages.locator(".remarks")).to_contain_text(percent(sink))
    page.get_by_role("button", name="first token left out").click()
    expect(page.locator(".readout [data-stage=pattern]")).to_have_text(f"{float(row[2]):.4f}")

    # Without the root: the rows saturate.
    page.get_by_label("leave ÷√d out").check()
    expect(stages.locator(".remarks")).to_contain_text("saturate")
    dot = trace.attention(23).dot[4].double()
    unscaled = dot.masked_fill(trace.attention(23).masked[4].isinf(), -math.inf).softmax(-1)
    assert number(page.locator(".readout [data-stage=pattern]").inner_text()) == pytest.approx(
        float(unscaled[3, 2]), abs=6e-5
    )
    largest = [f"{float(rows[1:].amax(-1).mean()):.2f}" for rows in (unscaled, trace.attention(23).pattern[4])]
    expect(stages.locator(".remarks")).to_contain_text(f"is {largest[0]} on average, with it {largest[1]}.")
    page.get_by_label("leave ÷√d out").uncheck()

    # Another last word: nothing before it moves.
    page.get_by_label("change the last word").check()
    expect(stages.get_by_role("button", name="1 · q·kᵀ")).to_have_attribute("aria-pressed", "true")
    expect(stages.locator(".remarks")).to_contain_text("0; of any query")
    page.get_by_role("textbox", name="another word").fill("was")
    page.get_by_role("textbox", name="another word").press("Enter")
    expect(stages.locator(".remarks")).to_contain_text("·was")
    # The other word lives in the stages alone.
    expect(page.locator(".strip button").last).to_contain_text("·is")
    page.get_by_role("button", name="4 · softmax").click()
    for _ in range(2):
        matrix.press("ArrowDown")
    expect(page.locator(".readout .pair")).to_have_text("·was → ·of")
    check_cell(page, smollm2.trace("The capital of France was"), 23, 4, 4, 2)
    page.get_by_role("button", name="other last word").click()
    expect(page.locator(".readout .pair")).to_have_text("·is → ·of")

    # A head off, and on again.
    page.locator(".strip button").last.click()
    off = unfold(page, "off")
    off.get_by_role("button", name="Switch 23.4 off").click()
    after = smollm2.trace(CAPITAL, "logits", without([(23, 4)])).logits[-1].softmax(-1)
    word = int(trace.logits[-1].argmax())
    cell = off.locator(".compared").first.locator("tbody tr").first.locator("td.after")
    expect(cell).to_be_visible()
    assert float(cell.get_attribute("data-value")) == pytest.approx(float(after[word]), rel=1e-4)
    expect(off.locator(".compared").nth(1)).to_contain_text("·Au")
    expect(page).to_have_url(re.compile(r"attention\.off=23\.4"))
    off.get_by_role("button", name="Switch 23.4 on again").first.click()
    expect(off).to_contain_text("Nothing is switched off")

    # The other language: the same choices.
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.locator(".gptviz")).to_have_attribute("lang", "zh")
    expect(page.locator(".bar select").first).to_have_value("23")
    expect(section(page, "off").locator(".body")).to_contain_text(say("zh", "attention.off.nothing"))
    overflow = too_wide(page)
    assert overflow <= 0


def test_what_is_pointed_at_is_followed_everywhere(open_at, smollm2):
    trace = smollm2.trace(CAPITAL)
    page = open_at(text=CAPITAL, open="stages,cell,lines,values")
    page.locator(".strip button").nth(2).hover()
    expect(page.locator(".bar .looked")).to_contain_text("·of →")
    expect(page.locator(".readout .pair")).to_contain_text("·of →")
    expect(section(page, "values").locator("tbody tr:not([data-later])")).to_have_count(3)
    page.mouse.move(5, 5)
    expect(page.locator(".bar .looked")).to_contain_text("·is →")
    section(page, "values").locator("tbody tr").nth(1).hover()
    expect(page.locator(".readout .pair")).to_have_text("·is → ·capital")
    check_cell(page, trace, 16, 0, 4, 1)


def test_the_keyboard_walks_and_the_choice_is_said(open_at):
    page = open_at(text=CAPITAL, open="heads")
    spoken = page.locator(".bar [aria-live]")
    expect(spoken).to_have_text(re.compile(r"Head 16\.0\. ·is looks at ·France: 78"))
    page.locator(".strip button").last.focus()
    page.keyboard.press("ArrowLeft")
    expect(spoken).to_contain_text("·France looks at ·of")
    page.keyboard.press("Home")
    expect(spoken).to_contain_text("The looks at The: 100")
    grid = section(page, "heads").locator("canvas")
    grid.focus()
    grid.press("ArrowDown")
    expect(page.locator(".bar select").nth(1)).to_have_value("1")
    grid.press("ArrowRight")
    expect(page.locator(".bar select").first).to_have_value("17")
    expect(spoken).to_contain_text("Head 17.1")


@pytest.mark.parametrize(("width", "theme", "locale"), [(1440, "light", "en-US"), (390, "dark", "zh-CN")])
def test_hostile_tokens_are_shown_as_themselves(open_at, smollm2, width, theme, locale):
    everything = {"open": ",".join(SECTIONS), "off": "0.0", "second": HOSTILE}
    page = open_at(width=width, theme=theme, locale=locale, text=HOSTILE, **everything)
    expect(section(page, "off").locator(".compared")).to_have_count(2)
    pieces = page.locator(".strip .piece").evaluate_all("nodes => nodes.map(n => n.textContent)")
    assert pieces == smollm2.trace(HOSTILE).tokens
    assert page.title() != "1" and page.locator(".gptviz img").count() == 0
    overflow = too_wide(page)
    assert overflow <= 0


def test_what_can_be_taken_away(open_at, smollm2, tmp_path):
    text = "=1+1 <b> cats"
    trace = smollm2.trace(text)
    page = open_at(text=text, layer=3, head=1, open="stages,lines,table")

    def take(name: str, kind: str):
        with page.expect_download() as download:
            section(page, name).locator(".save").get_by_role("button", name=kind).click()
        target = tmp_path / f"{name}.{kind.lower()}"
        download.value.save_as(target)
        return target

    for name in ("stages", "lines"):
        assert take(name, "PNG").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        picture = ElementTree.parse(take(name, "SVG")).getroot()
        # A token that stands twice has its position behind it.
        labels = {node.text.rstrip("₀₁₂₃₄₅₆₇₈₉") for node in picture.iter() if node.tag.endswith("text")}
        assert set(trace.tokens) <= labels
    with take("stages", "CSV").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(trace.ids) ** 2, "the future has products too"
    for row in rows:
        i, j = int(row["query_position"]), int(row["key_position"])
        true = expected(trace, 3, 1, i, j)
        assert float(row["weight"]) == pytest.approx(true["pattern"], rel=1e-6)
        assert float(row["q·k"]) == pytest.approx(true["dot"], rel=1e-6)
        assert not row["query"].startswith("="), "no spreadsheet takes a token for a formula"
    with take("table", "CSV").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    for end, scores in (("", heads.head_scores(trace)), ("_on_random_tokens", heads.random_scores(smollm2))):
        assert len(table) == scores.sink.numel() == 270
        for it in table:
            at = int(it["layer"]), int(it["head"])
            for kind in heads.KINDS:
                assert float(it[f"{kind}{end}"] or "nan") == pytest.approx(
                    float(scores.kinds[kind][at]), rel=1e-6, nan_ok=True
                )
            # What it does most of the time, if there were rows enough to tell: nothing, for most.
            habits = {kind: float(scores.kinds[kind][at]) for kind in heads.KINDS if scores.rows[kind] >= heads.ENOUGH}
            habits = {kind: share for kind, share in habits.items() if share > heads.MOST}
            assert it[f"kind{end}"] == max(habits, key=habits.get, default="")
    named = {(int(it["layer"]), int(it["head"])): it["kind_on_random_tokens"] for it in table}
    assert named[18, 6] == named[17, 4] == "induction" and named[14, 3] == named[8, 0] == "duplicate"
    assert sum(map(bool, named.values())) < 30


def test_the_table_sorts(open_at):
    page = open_at(text=CAPITAL, open="table")
    table = section(page, "table")
    table.get_by_role("button", name="token before", exact=True).click()
    expect(table.locator("tbody tr").first).to_contain_text("16.0")
    table.locator("tbody tr").nth(1).get_by_role("button").click()
    expect(table.locator("tbody tr.chosen")).to_have_count(1)


def test_a_link_brings_the_same_view(open_at):
    query = {"text": CAPITAL, "layer": 23, "head": 4, "token": 3, "key": 1, "open": "stages,lines", "stage": "masked"}
    page = open_at(**query, hide=1, over="1.2", order="sink")
    expect(page.get_by_role("button", name="3 · mask")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".readout .pair")).to_have_text("·France → ·capital")
    expect(page.locator(".over button[aria-pressed=true]")).to_have_text(["23.1", "23.2"])
    expect(page.locator(".bar .undo:visible")).to_have_text(re.compile("first token left out"))
    before = page.url
    page.get_by_role("button", name="2 · ÷ √d").click()
    expect(page).to_have_url(re.compile(r"attention\.stage=scaled"))
    page.go_back()
    expect(page.get_by_role("button", name="3 · mask")).to_have_attribute("aria-pressed", "true")
    assert page.url == before


def query_of(page: Page) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(page.url).query))


def test_a_fold_opened_here_changes_no_other_page(open_at, smollm2):
    page = open_at(text=CAPITAL)
    unfold(page, "stages")
    expect(page).to_have_url(re.compile(r"attention\.open=stages"))
    unfold(page, "values")
    expect(page).to_have_url(re.compile(r"attention\.open=stages(%2C|,)values"))
    assert query_of(page) == {"text": CAPITAL, "attention.open": "stages,values"}
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name=say("en", "ui.pages.mlp.title"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("en", "ui.pages.mlp.title"))
    trace = smollm2.trace(CAPITAL)
    matters = int(layer_pushes(smollm2, trace, len(trace.ids) - 1).argmax())
    assert matters != heads.clear_head(heads.head_scores(trace))[0], "or this would show nothing"
    expect(page.locator(".st-key-mlp-layer").get_by_role("combobox")).to_have_value(str(matters))
    assert query_of(page) == {"text": CAPITAL, "attention.open": "stages,values"}


def test_whoever_chooses_a_layer_or_a_head_has_chosen_both(open_at):
    page = open_at(text=CAPITAL)
    layer, head = page.locator(".bar select").all()
    layer.select_option("23")
    expect(page).to_have_url(re.compile("layer=23&head=0(&|$)"))
    expect(page.locator(".attention")).not_to_have_class(re.compile("waiting"))
    expect(head).to_have_value("0")
    page.go_back()
    expect(layer).to_have_value("16")
    expect(page).not_to_have_url(re.compile("layer"))
    head.select_option("3")
    expect(page).to_have_url(re.compile("layer=16&head=3(&|$)"))
    assert query_of(page).keys() == {"text", "layer", "head"}


def test_another_token_or_head_has_its_own_strongest_key(open_at, smollm2):
    pattern = smollm2.trace(CAPITAL)["blocks.16.attn.pattern"]
    page = open_at(text=CAPITAL, layer=16, head=0, token=4, key=1, open="values")
    tokens = smollm2.pieces(smollm2.encode(CAPITAL))

    def looks_at(head: int, query: int) -> None:
        key = int(pattern[head, query, 1 : query + 1].argmax()) + 1
        expect(page.locator(".bar .looked")).to_contain_text(f"{tokens[query]} → {tokens[key]}")

    expect(page.locator(".bar .looked")).to_contain_text("·is → ·capital")
    page.locator(".strip button").nth(3).click()
    page.mouse.move(5, 5)
    looks_at(0, 3)
    expect(page).to_have_url(re.compile("token=3(&|$)"))
    assert "key" not in query_of(page)
    section(page, "values").locator("tbody tr").nth(1).click()
    expect(page).to_have_url(re.compile("key=1(&|$)"))
    page.mouse.move(5, 5)
    page.locator(".bar select").nth(1).select_option("5")
    looks_at(5, 3)
    expect(page).to_have_url(re.compile("head=5(&|$)"))
    assert "key" not in query_of(page)


def test_another_language_leaves_everything_open(open_at):
    opened = "heads,stages,asking,values,off"
    page = open_at(
        text=CAPITAL, layer=23, head=4, token=4, key=2, open=opened, off="23.4", stage="scaled", second="\x06"
    )
    expect(section(page, "off").locator(".compared")).to_have_count(1)
    # What the engine says is wrong is said in the reader's language.
    trouble = section(page, "off").locator(".trouble")
    expect(trouble).to_have_text(say("en", "errors.no_tokens"))
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.locator(".gptviz")).to_have_attribute("lang", "zh")
    names = page.locator(".section[open]").evaluate_all("nodes => nodes.map(node => node.dataset.section)")
    assert names == opened.split(",")
    expect(trouble).to_have_text(say("zh", "errors.no_tokens"))
    expect(page.locator(".bar .looked")).to_contain_text("·is → ·of")
    expect(page.get_by_role("button", name=f"2 · {say('zh', 'attention.stages.scaled')}")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(section(page, "off").locator(".compared th.before")).to_have_text(say("zh", "attention.off.before"))
    assert query_of(page)["attention.open"] == opened


def test_a_head_whose_numbers_did_not_travel_is_sent_for(open_at, smollm2):
    text = "The cat sits on the mat and looks at the bird in the garden, because it is hungry. " * 18
    page = open_at(text=text, layer=3, head=5, env={"GPTVIZ_MAX_TOKENS": "400"}, open="cell")
    trace = smollm2.trace(text)
    assert 9 * len(trace.ids) ** 2 * 6 > 6_000_000, "too much to send all heads of a layer"
    last = len(trace.ids) - 1

    def difference() -> None:
        shown = number(section(page, "cell").locator("[data-step=sum] code").inner_text().split("= ")[1])
        head = int(page.locator(".bar select").nth(1).input_value())
        key = int(trace["blocks.3.attn.pattern"][head, last, 1:].argmax()) + 1
        assert shown == pytest.approx(expected(trace, 3, head, last, key)["dot"], abs=1e-2)

    difference()
    page.locator(".bar select").nth(1).select_option("2")
    expect(page).to_have_url(re.compile("layer=3&head=2(&|$)"))
    expect(page.locator(".attention")).not_to_have_class(re.compile("waiting"))
    expect(page.locator(".bar select").nth(1)).to_have_value("2")
    difference()


def test_memory_stays_flat_over_fifty_prompts(open_at):
    page = open_at(text="Prompt number 0 about cats and dogs", open="stages,cell,heads")
    session = page.context.new_cdp_session(page)

    def held() -> float:
        session.send("HeapProfiler.collectGarbage")
        usage = session.send("Runtime.getHeapUsage")
        return usage["usedSize"] + usage.get("backingStorageSize", 0)

    field = page.locator(".st-key-prompt-bar").get_by_role("textbox")
    after = {}
    for n in range(1, 51):
        field.fill(f"Prompt number {n} about cats and dogs")
        field.press("Enter")
        digits = list(f"·{n}" if n < 10 else str(n)[-1])
        expect(page.locator(".strip .piece", has_text=digits[-1]).first).to_be_visible()
        expect(page).to_have_url(re.compile(rf"number(\+|%20){n}(\+|%20)"))
        if n in (10, 50):
            after[n] = held()
    # One prompt's parts are about half a megabyte: 40 of them left behind would be 20.
    assert after[50] - after[10] < 5e6, after


def test_the_view_as_one_file(browser, smollm2, tmp_path):
    document = smollm2.trace(f"{CAPITAL} </script>").show("attention", opened=["stages", "asking", "off"])
    path = document.save(tmp_path / "view.html")
    complaints = []
    context = browser.new_context(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    expect(page.locator(".strip button")).to_have_count(len(smollm2.encode(f"{CAPITAL} </script>")))
    trace = smollm2.trace(f"{CAPITAL} </script>")
    page.locator(".bar select").first.select_option("5")
    page.locator(".strip button").nth(3).click()
    expect(page.locator(".readout .pair")).to_contain_text("·France →")
    key = int(trace["blocks.5.attn.pattern"][0, 3, 1:4].argmax()) + 1
    check_cell(page, trace, 5, 0, 3, key)
    expect(section(page, "asking")).to_contain_text(say("en", "attention.alone"))
    expect(section(page, "off")).to_contain_text(say("en", "attention.alone"))
    context.close()
    assert not complaints, json.dumps(complaints)


def test_a_click_right_after_typing_loses_nothing(open_at):
    """A view reports while the address is being written: the text just typed stays, in the page and in the address."""
    page = open_at(text="The cat sits on the mat and the dog sleeps in the sun all day long")
    field = page.locator(".st-key-prompt-bar").get_by_role("textbox")
    for n, delay in enumerate((0, 50, 150, 250, 350)):
        text = f"mouse train {n}"
        field.fill(text)
        field.press("Enter")
        page.wait_for_timeout(delay)
        page.locator(".strip button").nth(1).click()
        expect(page.locator(".strip .piece").last).to_have_text(str(n))
        page.wait_for_timeout(800)  # whatever is still on its way
        expect(field).to_have_value(text)
        expect(page.locator(".strip .piece").last).to_have_text(str(n))
        page.wait_for_function(f"/text=mouse(%20|\\+)train(%20|\\+){n}/.test(location.href)")
        assert page.get_by_test_id("stAlert").count() == 0, "a late click is no wrong link"


def test_a_shorter_text_may_come_right_after_a_click(open_at):
    page = open_at(text="Hi there", open="stages")
    field = page.locator(".st-key-prompt-bar").get_by_role("textbox")
    for _ in range(3):
        field.fill("The cat sits on the mat and looks at the bird")
        field.press("Enter")
        expect(page.locator(".strip button")).to_have_count(11)
        page.locator(".strip button").last.click()
        field.fill("Hi there")
        field.press("Enter")
        expect(page.locator(".strip button")).to_have_count(2)
        expect(page.locator(".readout .pair")).to_be_visible()


def test_half_a_character_in_the_views_fields(open_at):
    page = open_at(text=CAPITAL, open="stages,off", last="", off="1.1")
    word, second = page.get_by_role("textbox", name="another word"), page.locator("#second")
    for locator, value in ((word, "a\ud83d"), (second, "b\ud83d")):
        expect(locator).to_be_visible()
        locator.evaluate(
            "(node, codes) => { node.value = String.fromCharCode(...codes); node.dispatchEvent(new Event('change')); }",
            [ord(char) for char in value],
        )
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.locator("h1")).to_be_visible()
    page.wait_for_function("location.href.includes('attention.second=b')")
    expect(section(page, "off").locator(".compared")).to_have_count(2)


def test_the_way_back_from_another_page_is_short(open_at):
    page = open_at(text="The cat sits on the mat and looks at the bird in the garden, because it is hungry. " * 3)
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    page.reload()
    strip = page.locator(".strip button")
    expect(strip.first).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    first, there = sum(received), strip.count()
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name=say("en", "ui.pages.tokens.title"), exact=True).click()
    for token in (3, 5, 7, 9):
        page.locator(".strip button").nth(token).click()
        expect(page).to_have_url(re.compile(f"token={token}(&|$)"))
    received.clear()
    sidebar.get_by_role("link", name=say("en", "ui.pages.attention.title"), exact=True).click()
    # The page that is left has a strip as well: what is counted is what came until this one had been drawn.
    expect(section(page, "stages")).to_be_visible()
    expect(strip).to_have_count(there)
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    assert 0 < sum(received) < first / 4


def test_two_fingers_zoom_and_one_moves(open_at):
    page = open_at(width=390, text="The cat sits on the mat and looks at the bird in the garden", open="stages")
    matrix = page.locator(".matrix canvas")
    matrix.scroll_into_view_if_needed()
    zoom_out = page.get_by_role("button", name=say("en", "attention.stages.zoom_out"))
    expect(zoom_out).to_be_disabled()
    box = matrix.bounding_box()
    x, y = box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.7
    fingers = page.context.new_cdp_session(page)
    fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})

    def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": at})

    def tap() -> str:
        before = page.evaluate("taps")
        touch("Start", (x, y))
        touch("End")
        page.wait_for_function("(before) => taps > before", arg=before)
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        return page.locator(".readout .pair").text_content()

    matrix.evaluate("(node) => { window.taps = 0; node.addEventListener('click', () => taps++); }")
    before = tap()
    touch("Start", (x - 20, y))
    touch("Start", (x - 20, y), (x + 20, y))
    for step in range(1, 9):
        touch("Move", (x - 20 - 6 * step, y), (x + 20 + 6 * step, y))
    touch("End")
    expect(zoom_out).to_be_enabled()
    expect(page.locator(".readout .pair")).to_have_text(before)  # two fingers choose nothing
    assert tap() == before, "what lay between the fingers stays there"
    touch("Start", (x, y))
    for step in range(1, 9):
        touch("Move", (x, y - 9 * step))
    touch("End")
    assert tap() != before
