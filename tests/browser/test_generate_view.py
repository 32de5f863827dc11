"""The page Generate in a real browser: words come, wait, stop; branches are begun, compared, deleted; links bring all
of it back; whoever leaves leaves no work behind."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from gptviz.analysis import branches
from gptviz.text import say
from gptviz.views.generate import STOP
from tests.browser.chromium import HOLD_BACK, too_wide

TEXT = "The cat sits on"


@pytest.fixture
def open_at(app_server, page_at):
    """`open_at(text=..., way=...) -> Page`: the page at a link, its view there, its alternatives known."""

    def go(screen: int = 1440, theme: str = "light", locale: str = "en-US", **query) -> Page:
        query = {STOP.address(n) if n in STOP.own else n: value for n, value in query.items()}
        page = page_at(f"{app_server('app.py')}/generate?{urlencode(query)}", width=screen, theme=theme, locale=locale)
        expect(page.locator(".strip .given").first).to_be_visible()
        expect(page.locator(".next .rest")).not_to_have_text("\u00a0")
        return page

    return go


def act(page: Page, name: str) -> None:
    page.locator(f"[data-do={name}]").click()


def written(page: Page):
    return page.locator(".strip button[data-place] .piece")


def kept(page: Page, *lengths: int) -> branches.Tree:
    """What the address carries, once it has branches of these lengths."""

    def read(url: str) -> branches.Tree:
        carried = parse_qs(urlsplit(url).query).get(STOP.address("tree"))
        return branches.read(carried[0]) if carried else ()

    def is_there(url: str) -> bool:
        tree = read(url)
        return [len(branches.path(tree, leaf)) for leaf in range(len(tree))] == list(lengths)

    page.wait_for_url(is_there, wait_until="commit")
    return read(page.url)


def at_rest(page: Page) -> None:
    expect(page.locator("[data-do=pause]")).to_be_disabled()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()


def alternatives(page: Page):
    return page.locator(".next .rows .row")


def greedy(llm, text: str, count: int) -> list[int]:
    return [step.id for step in llm.generate(text, count, temperature=0)]


def test_words_come_one_by_one_and_in_a_run(open_at, smollm2):
    page = open_at(text=TEXT)
    expected = smollm2.pieces(greedy(smollm2, TEXT, 11))
    act(page, "step")
    expect(written(page)).to_have_text(expected[:1])
    page.locator("[data-set=words]").select_option("10")
    act(page, "run")
    expect(written(page)).to_have_text(expected)
    at_rest(page)
    assert list(branches.path(kept(page, 11), 0)) == greedy(smollm2, TEXT, 11)
    logits = smollm2.trace(TEXT).logits[-1]
    share = float(logits.softmax(-1).max())
    expect(page.locator(".strip button[data-place] .below").first).to_have_text(f"{100 * share:.0f}\u00a0%")
    # What the server keeps and what the reader sees stay the same by a link, and in another language.
    page.reload()
    expect(written(page)).to_have_text(expected)
    page.get_by_test_id("stSidebar").get_by_text("中文").click()
    expect(page.locator("[data-do=step]")).to_have_text(say("zh", "generate.bar.step"))
    expect(written(page)).to_have_text(expected)
    act(page, "back")
    expect(written(page)).to_have_text(expected[:-1])


def test_pause_go_on_and_stop(open_at, smollm2):
    page = open_at(text=TEXT, words=50, speed="slow")
    act(page, "run")
    expect(written(page).nth(1)).to_be_visible()
    act(page, "pause")
    at_rest(page)
    n = written(page).count()
    assert 2 <= n < 50
    expect(page.locator("[data-do=run]")).to_have_text(say("en", "generate.bar.go_on", count=50 - n))
    page.locator("[data-set=speed]").select_option("full")
    act(page, "run")
    expect(written(page).nth(n + 1)).to_be_visible()
    act(page, "stop")
    at_rest(page)
    expect(page.locator("[data-do=run]")).to_have_text(say("en", "generate.bar.run"))
    n = written(page).count()
    assert written(page).all_inner_texts() == smollm2.pieces(greedy(smollm2, TEXT, n)), "a pause changes no word"


def test_a_run_that_streamlit_stopped_is_over(open_at):
    page = open_at(text=TEXT, words=32, speed="slow")
    act(page, "run")
    expect(written(page)).not_to_have_count(0)
    page.get_by_test_id("stStatusWidget").get_by_role("button").click()
    at_rest(page)
    expect(page.locator("[data-do=run]")).to_be_enabled()
    count = written(page).count()
    kept(page, count)
    act(page, "step")
    expect(written(page)).to_have_count(count + 1)


def test_the_button_that_was_pressed_keeps_the_focus(open_at):
    page = open_at(text=TEXT)
    step = page.locator("[data-do=step]")
    step.focus()
    for count in (1, 2, 3):
        expect(step).to_be_focused()
        page.keyboard.press("Enter")
        expect(written(page)).to_have_count(count)
        at_rest(page)
    expect(step).to_be_focused()


def test_two_clicks_on_run_write_no_word_twice(open_at, smollm2):
    page = open_at(text=TEXT, words=5)
    page.locator("[data-do=run]").dblclick()
    expect(written(page)).to_have_text(smollm2.pieces(greedy(smollm2, TEXT, 5)))
    at_rest(page)
    expect(written(page)).to_have_count(5)


def test_late_news_of_what_is_done_ends_nothing_else(open_at, smollm2):
    page = open_at(text=TEXT)
    page.add_init_script(HOLD_BACK)
    page.goto(page.url + "&generate.words=5")
    expect(page.locator("[data-do=step]")).to_be_enabled()
    page.evaluate("""holdFrom('"kind":"done"')""")
    act(page, "step")
    expect(written(page)).to_have_count(1)
    expect(page.locator("[data-do=run]")).to_be_enabled()
    act(page, "run")
    page.wait_for_function("holds()")
    page.evaluate("release()")
    expect(written(page)).to_have_text(smollm2.pieces(greedy(smollm2, TEXT, 6)))


def test_an_alternative_begins_a_branch(open_at, smollm2):
    page = open_at(text=TEXT, words=5)
    act(page, "run")
    expect(written(page)).to_have_count(5)
    at_rest(page)
    page.locator(".strip button[data-place='2']").hover()
    ids = greedy(smollm2, TEXT, 5)
    logits = smollm2.trace([*smollm2.tokenizer.encode(TEXT), *ids[:2]]).logits[-1]
    top = logits.topk(8).indices.tolist()
    expect(alternatives(page).locator(".token").first).to_have_text(smollm2.pieces(top)[0])
    page.locator(".strip button[data-place='2']").click()
    second = next(id for id in top if id != ids[2])
    alternatives(page).nth(top.index(second)).click()
    expect(written(page)).to_have_text(smollm2.pieces([*ids[:2], second]))
    expect(page.locator(".branches tbody tr")).to_have_count(2)
    act(page, "run")
    expect(written(page)).to_have_count(8)
    at_rest(page)
    expect(page).to_have_url(re.compile("leaf=1"))
    found = kept(page, 5, 8)
    assert branches.path(found, 0) == tuple(ids) and branches.path(found, 1)[:3] == (*ids[:2], second)
    # Compared by what the model gives the whole text.
    for leaf in (0, 1):
        path = branches.path(found, leaf)
        logp = smollm2.trace([*smollm2.tokenizer.encode(TEXT), *path]).logits.double().log_softmax(-1)
        total = sum(float(logp[3 + n, id]) for n, id in enumerate(path))
        shown = page.locator(f".branches tr[data-leaf='{leaf}'] td").nth(1)
        assert float(shown.inner_text().replace("−", "-")) == pytest.approx(total, abs=0.011)
    page.locator(".branches tr[data-leaf='0'] .text-of").click()
    expect(written(page)).to_have_text(smollm2.pieces(ids))
    page.locator(".branches tr[data-leaf='1'] .remove").click()
    expect(page.locator(".branches")).to_be_hidden()
    expect(written(page)).to_have_text(smollm2.pieces(ids))
    expect(page).to_have_url(re.compile(r"tree=[\d.]+(&|$)"))


def test_sampling_draws_what_the_seed_says(open_at, smollm2):
    page = open_at(text=TEXT, way="sample", temperature=1.2, top_k=50, seed=4, words=10)
    act(page, "run")
    at_rest(page)
    expect(written(page)).to_have_count(10)
    steps = smollm2.generate(TEXT, 10, temperature=1.2, top_k=50, seed=4)
    expect(written(page)).to_have_text([step.token for step in steps])


def test_a_word_of_ones_own_is_put_there(open_at, smollm2):
    page = open_at(text=TEXT)
    page.get_by_role("textbox", name="a word of your own").fill("volcano")
    page.get_by_role("button", name="Put it there").click()
    pieces = smollm2.pieces(smollm2.tokenizer.encode(" volcano"))
    expect(written(page)).to_have_text(pieces)
    logits = smollm2.trace(TEXT + " volcano").logits[-1]
    expect(alternatives(page).locator(".token").first).to_have_text(smollm2.pieces([int(logits.argmax())])[0])


def test_a_word_of_ones_own_stays_whatever_is_done_before_it_is_answered(open_at, smollm2):
    page = open_at(text=TEXT)
    page.add_init_script(HOLD_BACK)
    page.goto(page.url)
    expect(page.locator(".next .rest")).not_to_have_text("\u00a0")
    page.evaluate("hold()")
    own = page.get_by_label(say("en", "generate.next.own"))
    own.fill("purple")
    own.press("Enter")
    expect(own).to_be_disabled()
    act(page, "step")
    page.evaluate("release()")
    expect(own).to_be_enabled()
    (purple,) = smollm2.tokenizer.encode_inside("purple")

    def has(url: str) -> bool:
        carried = parse_qs(urlsplit(url).query).get(STOP.address("tree"))
        tree = branches.read(carried[0]) if carried else ()
        return any(branches.path(tree, leaf)[:1] == (purple,) for leaf in range(len(tree)))

    page.wait_for_url(has, wait_until="commit")
    at_rest(page)
    assert has(page.url)


def test_a_word_of_ones_own_may_be_too_long(open_at):
    page = open_at(text=TEXT)
    own = page.get_by_label(say("en", "generate.next.own"))
    for _ in range(2):  # the second time nothing but the count of answers is new
        own.fill("x" * 500)
        own.press("Enter")
        expect(own).to_be_enabled()
        said = say("en", "errors.word_of_many_characters", count=500, limit=200)
        expect(page.locator(".bar-of .message")).to_have_text(said)
    expect(written(page)).to_have_count(0)


def test_a_deleted_word_of_ones_own_stays_deleted(open_at):
    page = open_at(text=TEXT)
    own = page.get_by_label(say("en", "generate.next.own"))
    own.fill("purple")
    own.press("Enter")
    expect(written(page)).to_have_text(["·purple"])
    act(page, "back")
    act(page, "step")
    expect(written(page)).to_have_count(1)
    expect(written(page)).not_to_have_text(["·purple"])
    at_rest(page)
    kept(page, 1)


def test_the_way_to_another_page_takes_along_what_was_written(open_at):
    page = open_at(text=TEXT, words=100, speed="slow")
    menu = page.get_by_test_id("stSidebar")
    act(page, "run")
    expect(written(page).nth(2)).to_be_visible()
    menu.get_by_role("link", name=say("en", "ui.pages.mlp.title"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("en", "ui.pages.mlp.title"))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    page.go_back()
    expect(written(page).nth(2)).to_be_visible()
    at_rest(page)
    count = written(page).count()
    kept(page, count)
    menu.get_by_role("link", name=say("en", "ui.pages.mlp.title"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("en", "ui.pages.mlp.title"))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    menu.get_by_role("link", name=say("en", "ui.pages.generate.title"), exact=True).click()
    expect(written(page)).to_have_count(count)


def test_a_seed_that_is_typed_counts_as_it_is(open_at, smollm2):
    page = open_at(text=TEXT, way="sample", temperature=1.2, words=5, seed=4, open="choice")
    seed = page.get_by_label(say("en", "generate.choice.seed"))
    act(page, "run")
    expect(written(page)).to_have_count(5)
    at_rest(page)
    page.locator(".strip button[data-place='0']").click()
    act(page, "run")  # drawn anew: something else
    expect(seed).to_have_value("5")
    at_rest(page)
    page.locator(".strip button[data-place='0']").click()
    seed.fill("9")
    seed.press("Enter")
    act(page, "run")
    drawn = [step.token for step in smollm2.generate(TEXT, 5, temperature=1.2, seed=9)]
    expect(written(page)).to_have_text(drawn)
    expect(seed).to_have_value("9")
    seed.fill("-5")
    seed.press("Enter")
    expect(seed).to_have_value("0")


def test_a_full_text_says_why_nothing_comes(open_at):
    page = open_at(text="word " * 300)
    expect(page.locator(".bar-of .message")).to_have_text(say("en", "generate.bar.no_room", limit=256))
    expect(page.locator("[data-do=step]")).to_be_disabled()


def test_infinite_temperature_comes_along_from_the_output_page(open_at, smollm2):
    page = open_at(text=TEXT, way="sample", temperature="inf", words=3, open="choice")
    expect(page.locator("[data-filter=temperature] output")).to_have_text("∞")
    act(page, "run")
    expect(written(page)).to_have_text(
        [step.token for step in smollm2.generate(TEXT, 3, temperature=float("inf"), seed=0)]
    )
    at_rest(page)
    page.locator(".infinite").click()
    expect(page.locator("[data-filter=temperature] output")).to_have_text("1.00")
    expect(page).not_to_have_url(re.compile("temperature=inf"))


def test_the_end_token_ends_the_text(open_at, smollm2):
    (end, *_) = sorted(smollm2.checkpoint.eos_ids)
    page = open_at(text=TEXT, tree=f"260.{end}", leaf=0, place=1)
    expect(page.locator("[data-do=step]")).to_be_enabled()
    page.locator(".strip button[data-place='1']").press("End")
    expect(page.locator(".bar-of .message")).to_contain_text("end token")
    expect(page.locator("[data-do=step]")).to_be_disabled()
    page.locator(".strip button[data-place='1']").click()
    expect(page.locator("[data-do=step]")).to_be_enabled()


def test_beams_are_drawn_as_the_tree_they_are(open_at, smollm2):
    page = open_at(text=TEXT, way="beams", width=2, ahead=4)
    act(page, "search")
    found = smollm2.beams(TEXT, 2, 4)
    nodes = page.locator(".beam")
    expect(nodes).to_have_count(len(found.nodes))
    expect(page.locator(".beam.result")).to_have_count(len(found.best))
    # The prompt stays where it is while the search is at work and afterwards.
    top = lambda locator: locator.bounding_box()["y"]  # noqa: E731
    assert top(page.locator(".st-key-prompt-bar")) < top(page.locator(".generate"))
    best = found.path(found.best[0])
    nodes.nth(found.best[0]).click()
    expect(written(page)).to_have_text([node.token for node in best])


def test_whoever_leaves_leaves_no_work_behind(open_at, smollm2):
    page = open_at(text=TEXT, words=100, speed="slow")
    act(page, "run")
    expect(written(page).first).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name=say("en", "ui.pages.mlp.title"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("en", "ui.pages.mlp.title"))
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()
    page.go_back()
    expect(page.locator("[data-do=run]")).to_be_visible()
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_attached()


@pytest.mark.parametrize(("locale", "theme", "language"), [("zh-CN", "dark", "zh"), ("en-US", "light", "en")])
def test_on_a_phone_with_everything_open(open_at, locale, theme, language):
    page = open_at(text=TEXT, open="choice,cache,tasks", screen=390, locale=locale, theme=theme)
    expect(page.locator(".task")).to_have_count(3)
    act(page, "measure")
    expect(page.locator(".latest")).to_contain_text("256")
    expect(page.locator("[data-do=measure]")).to_have_text(say(language, "generate.cache.measure"))
    overflow = too_wide(page)
    assert overflow <= 0
    page.locator(".task[data-task=opposites] button").first.click()
    expect(page.locator(".st-key-prompt-bar").get_by_role("textbox")).to_have_value(re.compile("up->$"))
