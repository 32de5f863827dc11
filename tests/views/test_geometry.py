"""What the geometry stop answers, against the analysis."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import islice

import numpy as np
import pytest
import torch

from gptviz.analysis import spaces
from gptviz.analysis.analogies import families, gallery, parallelogram, solve
from gptviz.analysis.common_words import common_words
from gptviz.analysis.kept import forget_all
from gptviz.analysis.projections import ITERATIONS, tsne
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import open_space
from gptviz.checkpoints import vectors
from gptviz.engine import Answer, LocalEngine, Question
from gptviz.errors import CheckpointError
from gptviz.text import LANGUAGES, say
from gptviz.views.geometry import CLOUDS, SECTIONS, STOP
from gptviz.views.geometry.answer import Tsne
from gptviz.views.geometry.parts import rows_name
from gptviz.views.kit.wire import unpack
from tests.small_models import CONFIGS, random_llm

EVERYTHING = {
    "open": SECTIONS, "first": "man", "second": "woman", "others": "nurse",
    "listed": "cat dog cow; one two zzzzqx", "axes": True,
}  # fmt: skip


def engine_of(llm) -> LocalEngine:
    return LocalEngine(lambda name, progress: llm, through_bytes=True)


def question(ids=(5, 6), **choices) -> Question:
    return Question("geometry", "any", tuple(ids), choices=EVERYTHING | choices)


def ask(llm, **choices) -> Answer:
    return engine_of(llm).ask(question(**choices))


def parts(llm, **choices):
    return {name: unpack(part) for name, part in ask(llm, **choices).parts.items()}


def said(trouble) -> str:
    """An error in words; in every language there are some."""
    sentences = [say(language, f"errors.{trouble['code']}", **trouble["details"]) for language in LANGUAGES]
    assert all(sentences)
    return sentences[0]


def test_the_formula_part_is_the_result(smollm2):
    found = parts(smollm2)
    assert found.keys() == {"text", "formula", "axes", *SECTIONS} - {"results"}
    header, arrays = found["formula"]
    where = open_space(smollm2, "input")
    result = solve(where, "king - man + woman", 22)
    assert [one["id"] for one in header["results"]] == [near.id for near in result.results]
    assert {one["id"] for one in header["results"] if one["own"]} <= result.inputs
    np.testing.assert_allclose(arrays["points"].reshape(4, 2), parallelogram(where, result).points, atol=1e-6)
    assert header["sides"] == list(result.sides) and header["verdict"] == "free"
    assert {family: len(examples) for family, examples in found["gallery"][0]["families"].items()} == {
        family: len(formulas) for family, formulas in families().items()
    }


def test_only_what_is_open_is_computed(smollm2):
    answer = ask(smollm2, open=[])
    assert answer.parts.keys() == {"text", "formula"}
    assert answer.facts.keys() == {"look", "spaces", "unavailable"} and answer.facts["unavailable"] is None
    assert answer.choices.keys() == STOP.by_name.keys() and answer.choices["token"] == 1


@pytest.mark.parametrize("formula", ["", "king - king", "xyzzyplugh + a", "<b> + king", "antidisestablishment + a"])
def test_a_formula_that_leads_nowhere_becomes_a_sentence(smollm2, formula):
    header, arrays = parts(smollm2, formula=formula, open=[])["formula"]
    assert said(header["trouble"]) and not arrays
    assert header["several"] == (formula.count(" + ") == 1)  # such words have several tokens, and might be a mean


def test_sets_that_lead_nowhere_become_a_sentence(smollm2):
    header, _ = parts(smollm2, first="", open=["direction"])["direction"]
    assert "A" in said(header["trouble"])


@pytest.mark.parametrize("kind", CLOUDS)
def test_clouds_travel_whole(smollm2, kind):
    header, arrays = parts(smollm2, cloud=kind, open=["cloud"])["cloud"]
    assert len(header["pieces"]) == len(arrays["group"]) == len(arrays["ids"]) == len(arrays["flat"].reshape(-1, 3))
    assert header["pieces"][:5] == smollm2.pieces(arrays["ids"][:5].tolist())


def test_the_nearest_of_a_dot_are_those_of_the_space(smollm2):
    header, arrays = parts(smollm2, cloud="own", open=["cloud"])["cloud"]
    assert header["pieces"] == ["·cat", "·dog", "·cow", "·one", "·two"] and header["missing"] == ["zzzzqx"]
    assert header["names"] == ["cat dog …", "one two …"] and arrays["group"].tolist() == [0, 0, 0, 1, 1]
    rows = open_space(smollm2).rows[arrays["ids"].tolist()].double()
    cosines = torch.nn.functional.cosine_similarity(rows[:, None], rows[None], dim=-1).fill_diagonal_(-1)
    assert arrays["near"].reshape(5, 4).tolist() == cosines.argsort(descending=True)[:, :4].tolist()


def test_axes_are_projections(smollm2):
    header, arrays = parts(smollm2, cloud="own", open=["cloud"])["axes"]
    where = open_space(smollm2, "input")
    rows = where.rows.double()
    axes = [rows[where.find(a)] - rows[where.find(b)] for a, b in (("woman", "man"), ("old", "young"))]
    axes = torch.stack([axis / axis.norm() for axis in axes])
    ids = [where.find(word) for word in ("cat", "dog", "cow", "one", "two")]
    np.testing.assert_allclose(arrays["flat"].reshape(5, 2), rows[ids] @ axes.T, atol=1e-5)
    assert header["between"] == pytest.approx(float(axes[0] @ axes[1]), abs=1e-6)
    assert 0 < sum(header["shares"]) < 1


@pytest.mark.parametrize("axis", ["", "king - king", "a b", "cat = dog", "antidisestablishment - man"])
def test_an_axis_that_leads_nowhere_becomes_a_sentence(smollm2, axis):
    header, arrays = parts(smollm2, open=["cloud"], axis_x=axis)["axes"]
    assert said(header["trouble"]) and not arrays


def test_every_space_answers_for_itself(smollm2, monkeypatch):
    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    header = parts(smollm2, open=["spaces"])["spaces"][0]
    (column,) = header["columns"]
    where = open_space(smollm2, "input")
    king = where.find("king")
    near = nearest(where, where.rows[king], 6, without=[king])
    assert column["near"] == [one.token for one in near] and column["word"] == "king"
    assert sum(column["tally"].values()) == sum(map(len, families().values()))
    assert header["away"] == {"glove": None}
    (column,) = parts(smollm2, open=["spaces"], formula="king - king")["spaces"][0]["columns"]
    assert said(column["trouble"]) and "result" not in column


def test_a_space_that_is_not_here_or_damaged_is_said_and_not_asked(smollm2, monkeypatch):
    monkeypatch.setattr(vectors, "is_here", lambda name: False)
    answer = ask(smollm2, space="glove", open=["spaces"])
    assert unpack(answer.parts["text"])[0]["space"] == "input"
    assert answer.facts["spaces"] == {"input": True, "glove": False}
    lacking = answer.facts["unavailable"]
    assert (lacking["vectors"], lacking["trouble"]) == (spaces.GLOVE, None) and lacking["bytes"] > 1e6

    def damaged():
        raise CheckpointError("vectors_damaged", name="glove", folder="somewhere")

    monkeypatch.setattr(vectors, "is_here", lambda name: True)
    forget_all()
    monkeypatch.setattr(spaces, "GloveSpace", damaged)
    answer = ask(smollm2, space="glove", open=["spaces"])
    assert "somewhere" in said(answer.facts["unavailable"]["trouble"])
    assert "somewhere" in said(unpack(answer.parts["spaces"])[0]["away"]["glove"])
    assert ask(smollm2, open=["spaces"]).facts["unavailable"] is None  # nobody chose it


def test_letters_stand_in_where_there_are_no_words(toy):
    asked = {"first": STOP.own["first"].default, "second": "d e", "open": ["direction"]}
    answer = ask(toy, ids=toy.encode("dbaca="), **asked)
    begun = answer.choices
    assert begun["formula"] == "b - a + c = d" and begun["axis_x"] == "b - a"
    assert (begun["first"], begun["second"]) == ("a b", "d e")
    placed = unpack(answer.parts["direction"])[0]["placed"]
    assert [one["word"] for one in placed if one["side"] == "first"] == ["a", "b"]
    assert ask(toy, ids=[1], formula="a + b", open=[]).choices["formula"] == "a + b"


def test_what_to_look_for_are_the_numbers_of_the_formula(smollm2):
    where, formula = open_space(smollm2, "input"), "walked - walk + jump = jumped"
    result = solve(where, formula)
    look = {fact["name"]: fact["values"] for fact in ask(smollm2, formula=formula, open=[]).facts["look"]}
    assert look["formula"]["answer"] == {"piece": "·jumped"}
    assert look["formula"]["cosine"]["number"] == pytest.approx(result.answer.cosine)
    times = abs(result.sides[0]) / common_words(where).arrows.sd
    assert look["arrows"]["times"] == {"number": pytest.approx(times), "digits": 1}
    assert [fact["name"] for fact in ask(smollm2, formula="king - king", open=[]).facts["look"]] == ["space"]


def test_the_families_answer_the_question(smollm2):
    verdicts = [
        one.verdict for family in gallery(open_space(smollm2, "input")).values() for one in family if one.result
    ]
    test = ask(smollm2, open=[], depth=["test"]).facts["test"]
    assert (test["count"], test["earned"]) == (len(verdicts), verdicts.count("earned"))
    assert test["free"] == verdicts.count("free")
    share = test["earned"] / test["count"]
    assert test["answer"] == ("few" if share < 0.25 else "some" if share <= 0.5 else "most")


# ------------------------------------------------------------------------------------------------- t-SNE


def wanted(engine, **choices) -> Question:
    """t-SNE of the rows that these choices show."""
    asked = question(**choices)
    rows = unpack(engine.ask(asked).parts["cloud"])[0]["rows"]
    return question(**choices, tsne=rows)


@pytest.fixture(scope="module")
def small():
    return random_llm(CONFIGS["llama"])


def test_pictures_come_until_the_last_and_only_of_the_rows_they_are_wanted_of(small):
    engine = engine_of(small)
    asked = wanted(engine, cloud="common", open=["cloud"])
    pictures = [unpack(answer.parts["news"]) for answer in engine.stream(asked)]
    steps = [header["iteration"] for header, _ in pictures]
    assert steps == sorted(set(steps)) and steps[-1] == ITERATIONS
    assert {header["rows"] for header, _ in pictures} == {asked.choices["tsne"]}
    ids = unpack(engine.ask(asked).parts["cloud"])[1]["ids"].tolist()
    expected = dict(tsne(open_space(small, "input").rows[ids]))
    for header, arrays in pictures:
        np.testing.assert_allclose(arrays["flat"], expected[header["iteration"]], atol=1e-4)
    # The last one is there at once, and nothing after it.
    assert [unpack(answer.parts["news"])[0]["iteration"] for answer in engine.stream(asked)] == [ITERATIONS]
    for other in ({"cloud": "near"}, {"tsne": ""}, {"tsne": None}, {"open": []}, {"cloud": "own", "listed": "x"}):
        assert list(engine.stream(question(**dict(asked.choices) | other))) == []


def test_what_was_broken_off_goes_on_where_it_stopped(small):
    engine = engine_of(small)
    asked = wanted(engine, cloud="common", open=["cloud"])
    with closing(engine.stream(asked)) as answers:
        first = [unpack(answer.parts["news"])[0]["iteration"] for answer in islice(answers, 3)]
    rest = [unpack(answer.parts["news"])[0]["iteration"] for answer in engine.stream(asked)]
    assert rest[0] == first[-1] and rest[-1] == ITERATIONS and rest == sorted(set(rest))


def test_two_runs_never_compute_at_once():
    computing, go = threading.Event(), threading.Event()

    def pictures():
        computing.set()
        go.wait()
        yield 20, torch.zeros(1, 2)

    work, seen = Tsne("rows", pictures()), []
    runs = [threading.Thread(target=lambda: seen.append(work.after(None))) for _ in range(2)]
    runs[0].start()
    computing.wait()
    runs[1].start()
    runs[1].join(0.2)
    assert runs[1].is_alive()  # waits; a second computing of the same would have raised at once
    go.set()
    for run in runs:
        run.join()
    assert [iteration for iteration, _ in seen] == [20, 20]
    assert work.after(20) is None


def test_rows_are_known_by_model_order_and_space(smollm2, small):
    where = open_space(smollm2, "input")
    of = rows_name(smollm2, where, [1, 2, 3])
    others = (
        rows_name(smollm2, where, [1, 3, 2]),
        rows_name(smollm2, where, [1, 2]),
        rows_name(small, where, [1, 2, 3]),
    )
    assert len({of, *others}) == 4 and of == rows_name(smollm2, where, [1, 2, 3])
