"""Every page, in both languages, on both models, and with everything a person may type or link to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from gptviz.engine import LocalEngine, engine
from gptviz.paths import app_file
from gptviz.text import LANGUAGES, say
from gptviz.ui.shell import PAGES
from gptviz.views.stops import STOPS

MODELS = ["smollm2-135m", "toy-sort"]
UNEXPECTED = say("en", "ui.unexpected", code="")[:40]


def field(page: str) -> str:
    """Where that page's text is typed: the prompt bar, or the first of the sentences it compares."""
    return "context.a" if page == "context" else f"{page}.text"


def visit(page: str = "overview", **query: str) -> AppTest:
    """The app, opened at a link. query: the page's own choices by their own names."""
    app = AppTest.from_file(str(app_file()), default_timeout=180)
    own = STOPS[page].own
    app.query_params.update({STOPS[page].address(n) if n in own else n: value for n, value in query.items()})
    app.run()
    if page != "overview":
        app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def address(app: AppTest) -> dict[str, str]:
    """What the address asks for."""
    return {name: value[-1] if isinstance(value, list) else value for name, value in app.query_params.items()}


def words(app: AppTest) -> str:
    """All that the page says."""
    kinds = (app.title, app.markdown, app.caption, app.error, app.info, app.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("depth", ["", "open,test,notes"], ids=["see", "all-depths"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens(page, language, model, depth):
    app = visit(page, language=language, model=model, **({"depth": depth} if depth else {}))
    assert app.title[0].value == say(language, f"ui.pages.{page}.title")
    assert not app.error and not app.info
    assert app.text_input(field(page)).value
    named = [*app.radio, *app.text_input, *app.number_input, *app.selectbox, *app.toggle, *app.get("button_group")]
    assert not [it.label for it in named if re.search(r"\*\*|\[|\\", it.label)], "a screen reader would say the markup"


@pytest.fixture(scope="module")
def narrow() -> Iterator[None]:
    """The server was told to compute in bfloat16."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPTVIZ_DTYPE", "bfloat16")
        patch.setattr("gptviz.engine._engine", LocalEngine(through_bytes=True))
        yield


EVERYTHING = {stop.address("depth"): "open,test,notes" for stop in STOPS.values()}
EVERYTHING |= {f"{name}.open": ",".join(s.own["open"].kind.options) for name, s in STOPS.items() if "open" in s.own}
ASKED = {"attention.off": "3.1", "attention.last": " Spain", "output.cell": "blocks.2.resid_mid:1", "mlp.silent": "1"}
ASKED |= {"generate.search": "-", "generate.width": "2"}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_in_a_narrow_dtype(page, narrow):
    app = visit(page, text="The capital of France is", **EVERYTHING, **ASKED)
    assert str(engine().models.get("smollm2-135m").dtype) == "torch.bfloat16"
    assert not app.error and not app.info


def test_typing_a_text_puts_it_into_the_address():
    app = visit()
    app.text_input("overview.text").set_value("The cat sits on").run()
    assert address(app) == {"text": "The cat sits on"}
    app.text_input("overview.text").set_value("The cat sits on").run()
    assert address(app) == {"text": "The cat sits on"}


def test_choosing_a_language_speaks_it():
    app = visit()
    app.segmented_control("overview.language").set_value("zh").run()
    assert app.title[0].value == say("zh", "ui.pages.overview.title")
    assert address(app) == {"language": "zh"}


def test_what_a_link_asks_for_in_vain_is_said_and_the_link_stays_as_it_was():
    app = visit(layer="many", model="../../etc", temperature="nan")
    assert len(app.info) == 3 and not app.error
    assert "../../etc" in app.info[0].value.replace("\\", "")
    assert address(app)["layer"] == "many"


def test_an_empty_text_is_said_and_kept():
    app = visit(text="")
    assert app.error[0].value == say("en", "errors.no_tokens")
    assert app.text_input("overview.text").value == ""


@pytest.mark.parametrize("page", PAGES)
def test_no_text_breaks_a_page(page):
    app = visit(page)
    for text in (
        "x" * 100_000,
        "👩‍🚀🇨🇳",
        "שלום עולם",
        "<script>alert(1)</script>",
        "a\0b",
        "\x04\x06",
        "$$ ** :cat: [x](y)",
    ):
        app.text_input(field(page)).set_value(text).run()
        assert not app.exception
        assert UNEXPECTED not in words(app), text


def test_a_long_text_is_cut_with_a_word(monkeypatch):
    monkeypatch.setenv("GPTVIZ_MAX_TOKENS", "4")
    app = visit(text="The cat sits on the mat")
    assert say("en", "ui.prompt.cut", n_tokens=6, limit=4) in words(app)


def test_a_character_without_a_token_is_named():
    assert "U+0006" in words(visit(text="a\x06b"))


def test_an_error_of_ours_ends_in_a_calm_panel(monkeypatch):
    def fail(*args, **how):
        raise RuntimeError("boom")

    monkeypatch.setattr(engine().traces, "get", fail)
    monkeypatch.setattr("gptviz.ui.page.prompt_bar", fail)
    app = AppTest.from_file(str(app_file()), default_timeout=180).run()
    assert not app.exception
    assert "boom" not in words(app) and "Traceback" not in words(app)
    assert app.error[0].value.startswith(UNEXPECTED)


def test_nothing_is_fetched_from_the_hub_before_a_click():
    app = visit(model="openai-community/gpt2-xl-that-is-not-here")
    assert app.button[0].label == say("en", "ui.fetch.button")
    assert not app.error


def test_the_same_prompt_on_the_next_page_costs_nothing(monkeypatch):
    app = visit("attention", text="Nothing is computed twice")
    made = len(engine().traces)
    app.switch_page("pages/mlp.py").run()
    assert not app.exception and len(engine().traces) == made
