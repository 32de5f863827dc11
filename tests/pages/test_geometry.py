"""The page Meaning as geometry."""

from __future__ import annotations

import re

import pytest

from gptviz.analysis import spaces
from gptviz.analysis.analogies import gallery, solve
from gptviz.analysis.common_words import common_words
from gptviz.analysis.kept import forget_all
from gptviz.analysis.spaces import open_space
from gptviz.checkpoints import vectors
from gptviz.errors import CheckpointError
from gptviz.paths import PACKAGE
from gptviz.text import LANGUAGES, say
from gptviz.ui import cache
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import MODELS, UNEXPECTED, address, visit, words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", MODELS)
def test_every_part_opens_for_every_model(language, model):
    everything = {"corners": "results,gallery,direction,cloud,spaces", "axes": "1", "depth": "open,test,notes"}
    app = visit("geometry", language=language, model=model, **everything)
    values, parts = shown(app)
    assert not app.exception and not app.error
    assert {"text", "formula", "direction", "cloud"} <= parts.keys()
    assert ("gallery" in parts) == parts["text"][0]["words"] == (model != "toy-sort")
    assert values["open"] == ["results", "gallery", "direction", "cloud", "spaces"]


def test_a_link_brings_the_formula_and_its_space():
    formula = "Paris - France + Italy = Rome"
    values, parts = shown(visit("geometry", analogy=formula, without="1", dims="3", cloud="near"))
    assert (values["formula"], values["without"], values["dims"]) == (formula, True, 3)
    assert parts["formula"][0]["verdict"] == "fails" and parts["formula"][0]["rank"] > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_look_for_is_measured(smollm2, language):
    where = open_space(smollm2, "input")
    result = solve(where, "walked - walk + jump = jumped")
    said = words(visit("geometry", language=language, analogy="walked - walk + jump = jumped"))
    for number in (result.answer.cosine, result.sides[0], common_words(where).arrows.sd):
        assert f"{number:.2f}" in said
    assert say(language, "geometry.look.space", mean="", sd="")[-12:] in words(
        visit("geometry", language=language, analogy="king - king")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fetch_that_fails_is_said_and_the_page_stays(monkeypatch, language):
    def fail(name, progress=None):
        raise CheckpointError("pip_failed", requirement="x", name=name, reason="no network")

    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    monkeypatch.setattr(cache, "fetched", cache.Models(load_model=fail))
    app = visit("geometry", space="glove", language=language, analogy="cats - cat + dog")
    next(b for b in app.button if b.label == say(language, "geometry.glove.button")).click().run()
    assert "no network" in app.error[0].value and UNEXPECTED not in words(app)
    values, _ = shown(app)
    assert (values["space"], values["formula"]) == ("input", "cats - cat + dog")
    assert say(language, "geometry.glove.again") in [button.label for button in app.button]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_damaged_glove_is_said_and_the_page_stays(monkeypatch, language):
    def fail():
        raise CheckpointError("vectors_damaged", name="glove", folder="somewhere")

    monkeypatch.setattr(vectors, "is_here", lambda name: True)
    forget_all()
    monkeypatch.setattr(spaces, "GloveSpace", fail)
    app = visit("geometry", space="glove", language=language, corners="spaces")
    assert "somewhere" in app.error[0].value.replace("\\", "") and shown(app)[0]["space"] == "input"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_glove_the_page_works_and_offers_it(monkeypatch, language):
    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    app = visit("geometry", space="glove", language=language)
    values, _ = shown(app)
    assert values["space"] == "input" and len(app.info) == 1
    assert say(language, "geometry.glove.button") in [button.label for button in app.button]


def test_the_question_is_answered_by_the_families(smollm2):
    examples = [one for family in gallery(open_space(smollm2, "input")).values() for one in family]
    earned = sum(one.verdict == "earned" for one in examples)
    app = visit("geometry", depth="test", share="most")
    said = words(app)
    assert f"{earned} of {len(examples)}" in said
    assert say("en", "geometry.test.wrong", earned="", count="", free="")[:7] in said
    assert address(app)["share"] == "most"


def test_the_page_and_the_view_speak_of_the_same_values():
    """What the view reports and the page does not give back would be taken for a choice made elsewhere."""
    code = (PACKAGE / "views/geometry/view.js").read_text(encoding="utf-8")
    begun = re.search(r"values: \{(.*?)\},", code, flags=re.DOTALL)[1]
    assert set(re.findall(r"(\w+):", begun)) == shown(visit("geometry"))[0].keys()
