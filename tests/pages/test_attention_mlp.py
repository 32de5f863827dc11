"""The attention and MLP pages: what they open on, what they say, and what their tests compute."""

from __future__ import annotations

import pytest

from gptviz.interventions import Set
from gptviz.numbers import percent
from gptviz.text import LANGUAGES, say
from gptviz.views.attention import SECTIONS
from gptviz.views.kit.wire import unpack
from tests.pages.test_pages import visit, words

EVERYTHING = "open,test,notes"
ATTENTION = {"attention.open": ",".join(SECTIONS), "attention.depth": "open,notes"}
CAPITAL = "The capital of France is"


def choose(app, key: str, value: object):
    """Choose in a segmented control."""
    return app.get("button_group")[[g.key for g in app.get("button_group")].index(key)].set_value(value).run()


def shown(app) -> tuple[dict, dict[str, tuple[dict, dict]]]:
    """What the page's view was sent: the values it begins with, and its parts."""
    envelopes = [unpack(element.proto.bytes) for element in app.get("bidi_component") if element.proto.bytes]
    (view,) = [header for header, _ in envelopes if "view" in header]
    parts = {header["part"]: unpack(arrays["data"].tobytes()) for header, arrays in envelopes if "part" in header}
    assert parts.keys() == view["parts"].keys()
    return view["values"], parts


@pytest.mark.parametrize("language", LANGUAGES)
def test_attention_opens_on_a_head_that_does_something(language):
    app = visit("attention", text=CAPITAL, language=language)
    values, parts = shown(app)
    assert (values["layer"], values["head"], values["token"], values["open"]) == (16, 0, 4, [])
    assert set(parts) == {"words", "text", "looks", "layer"}
    assert parts["text"][0]["tokens"] == ["The", "·capital", "·of", "·France", "·is"]
    words = parts["words"][0]
    assert words["language"] == language
    assert words["labels"]["look.title"] == say(language, "attention.look.title")
    assert parts["layer"][0]["layer"] == 16


def test_a_link_leads_to_its_head():
    query = {"layer": "23", "head": "4", "key": "3"}
    query |= {"attention.open": "stages,values", "attention.off": "23.4,17.3", "attention.over": "1.2"}
    query |= {"attention.last": "was", "attention.second": "Hi"}
    app = visit("attention", text=CAPITAL, **query)
    values, parts = shown(app)
    assert (values["layer"], values["head"], values["key"], values["over"]) == (23, 4, 3, [1, 2])
    assert values["open"] == ["stages", "values"] and values["off"] == [[23, 4], [17, 3]]
    assert parts["off"][0]["off"] == [[23, 4], [17, 3]] and parts["off"][0]["text"] == "Hi"
    assert parts["last"][0]["piece"] == "·was" and parts["reading"][0]["key"] == 3
    assert not app.info


@pytest.mark.parametrize("model", ["smollm2-135m", "toy-sort"])
def test_a_link_that_asks_for_too_much_is_said(model):
    query = {"layer": "99", "head": "99", "key": "99"}
    query |= {"attention.entry": "999", "attention.off": "99.0,0.1", "attention.over": "99"}
    app = visit("attention", model=model, **query)
    values, _ = shown(app)
    assert values["off"] == [[0, 1]] and values["over"] == []
    assert len(app.info) == 6 and "99.0" in " ".join(info.value for info in app.info)


@pytest.mark.parametrize("model", ["smollm2-135m", "toy-sort"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_both_pages_opens(model, language):
    app = visit("attention", model=model, language=language, **ATTENTION, **{"attention.off": "0.1"})
    assert not app.exception and not app.error
    assert set(shown(app)[1]) == {"words", "text", "looks", "layer", "weights", "outputs", "reading", "off"}
    app = visit("mlp", model=model, language=language, **{"mlp.depth": EVERYTHING})
    for part in ("curve", "neuron", "layers", "code"):
        choose(app, "mlp.part", part)
        assert not app.exception and not app.error


@pytest.mark.parametrize("text", ["Hi", "Hi there", "<img src=x onerror=alert(1)> $x$ **b** 👩‍🚀 法国", "a " * 300])
def test_any_text(text):
    asked = {"attention.off": "3.1", "attention.last": "", "attention.second": text}
    for query in (asked, {"token": "0"}):
        app = visit("attention", text=text, **ATTENTION, **query)
        assert not app.exception and not app.error
    for query in ({}, {"token": "0"}):
        app = visit("mlp", text=text, **{"mlp.depth": EVERYTHING}, **query)
        assert not app.exception and not app.error


def test_heads_stay_off_when_the_text_changes():
    app = visit("attention", text=CAPITAL, key="2", **{"attention.off": "23.4", "attention.last": "was"})
    app.text_input("attention.text").set_value("The capital of Japan is").run()
    values, parts = shown(app)
    assert values["off"] == [[23, 4]] and values["key"] is None and values["last"] is None
    assert parts["off"][0]["here"]["words"][0] == "·Tokyo"


def test_mlp_opens_where_it_helps_and_silences_neurons(smollm2):
    app = visit("mlp", text=CAPITAL, **{"mlp.depth": "test"})
    assert app.selectbox("mlp.layer").value == 24
    assert "24.1005" in words(app)
    app.toggle("mlp.silent").set_value(True).run()
    paris = smollm2.tokenizer.id_of(" Paris")
    silent = [Set("blocks.24.mlp.post", 0.0, positions=4, neurons=1005)]
    after = smollm2.trace(CAPITAL, names="logits", interventions=silent).logits[-1].softmax(-1)[paris]
    assert f"**{percent(float(after))}**" in words(app)


def test_first_token_is_said_to_be_special_only_where_it_is():
    special = say("en", "mlp.first_token", stream="|", median="|").split("|")[0]
    assert special in words(visit("mlp", text=CAPITAL, token="0", layer="12"))
    assert special not in words(visit("mlp", text=CAPITAL, token="3", layer="12"))
    assert special not in words(visit("mlp", model="toy-sort", token="0", layer="1"))
