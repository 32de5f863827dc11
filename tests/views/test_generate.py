"""The parts of the generation view, against traces of its texts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gptviz.analysis.branches import with_text
from gptviz.analysis.continuations import rate
from gptviz.analysis.generation import Timing
from gptviz.engine import LocalEngine, Question
from gptviz.errors import InputError
from gptviz.sampling import Options
from gptviz.views.generate import SECTIONS, STOP
from gptviz.views.generate.parts import NONE, Task, job_part, tasks_part, timing_news, word_news
from gptviz.views.kit.wire import unpack
from tests.small_models import CONFIGS, random_llm

PROMPT = [3, 1, 4]


def parts(llm, tree=(), **chosen):
    engine = LocalEngine(lambda name, progress: llm, through_bytes=True)
    choices = STOP.to_json(STOP.defaults() | {"ahead": 4, "tree": tree} | chosen)
    made = engine.ask(Question("generate", "m", tuple(PROMPT), choices=choices)).parts
    return {name: unpack(part) for name, part in made.items()}


def test_the_tree_part_says_of_each_token_what_a_trace_says():
    llm, tree = random_llm(CONFIGS["llama"], seed=2), ()
    for text in ([5, 6, 7], [5, 9]):
        tree, _ = with_text(tree, text)
    found = parts(llm, tree)
    assert found.keys() == {"text", "tree"}
    header, arrays = found["tree"]
    assert header["of"] == found["text"][0]["of"]
    paths = []
    for n, (parent, id) in enumerate(zip(arrays["parent"].tolist(), arrays["id"].tolist(), strict=True)):
        before = paths[parent] if n > 1 and parent != NONE else []
        paths.append([*before, id] if n else [])
        p = llm.trace([*PROMPT, *paths[n]]).logits[-1].softmax(-1)
        top = p.topk(arrays["next_ids"].shape[1])
        assert arrays["next_ids"][n].tolist() == top.indices.tolist()
        np.testing.assert_allclose(arrays["next_p"][n], top.values, atol=1e-5)
        if n:
            given = llm.trace([*PROMPT, *before]).logits[-1].softmax(-1)
            assert arrays["p"][n] == pytest.approx(float(given[id]), abs=1e-5)
    assert sorted(map(tuple, paths)) == [(), (5,), (5, 6), (5, 6, 7), (5, 9)]


def test_sampling_shows_what_is_drawn_from():
    llm = random_llm(CONFIGS["gpt2"])
    _, arrays = parts(llm, way="sample", top_k=2)["tree"]
    assert arrays["left"].tolist() == [2]
    assert arrays["next_q"][0, :2].sum() == pytest.approx(1) and not arrays["next_q"][0, 2:].any()


def test_beams_are_those_of_the_search():
    llm = random_llm(CONFIGS["llama"], seed=5)
    header, arrays = parts(llm, way="beams", search=(9,), width=2)["beams"]
    expected = llm.beams([*PROMPT, 9], 2, 4)
    assert header["best"] == expected.best and arrays["id"].tolist() == [node.id for node in expected.nodes]
    np.testing.assert_allclose(arrays["total"], [node.total for node in expected.nodes], atol=1e-4)
    greedy = [step.id for step in llm.generate([*PROMPT, 9], 4, temperature=0)]
    assert header["greedy"]["ids"] == greedy and set(map(str, greedy)) == header["pieces"].keys()


def test_beams_without_room_get_a_reason():
    llm = random_llm(CONFIGS["llama"])
    header, _ = parts(llm, way="beams", search=tuple(range(58)), ahead=16)["beams"]
    assert header["trouble"]["code"] == "generation_too_long" and header["trouble"]["details"]["limit"] == "64"


def test_the_cache_in_numbers():
    header, _ = parts(random_llm(CONFIGS["llama"]), open=("cache",))["cache"]
    assert header["numbers"] == 2 * 3 * 2 * 8 and header["bytes"] == 4 * header["numbers"] and header["queries"] == 144


def test_tasks_are_answered_with_and_without_examples(smollm2):
    task = Task("opposites", "hot->cold, big->small, ", ("up->", "new->"), ("down", "old"), ())
    (found,) = unpack(tasks_part(smollm2, PROMPT, (task,)))[0]["tasks"]
    up = found["rows"][0]
    assert up["shown"]["pieces"][0] == "down" == up["right"] and up["bare"]["pieces"][0] != "down"
    assert up["text"] == "hot->cold, big->small, up->"


def test_news_are_json():
    llm = random_llm(CONFIGS["llama"])
    found = rate(llm, PROMPT, with_text((), [5])[0], Options(0.0))
    header, _ = unpack(word_news(llm, PROMPT, (), 5, found, Timing(3, math.nan, 0.5)))
    assert (header["id"], header["path"], header["timing"]["cached"]) == (5, [], None)
    assert header["p"] == pytest.approx(float(llm.trace(PROMPT).logits[-1].softmax(-1)[5]), abs=1e-5)
    header, _ = unpack(timing_news(llm, PROMPT, Timing(3, 0.1, 0.5)))
    assert header["timing"] == {"length": 3, "cached": 0.1, "plain": 0.5}
    assert SECTIONS == ("choice", "cache", "tasks")


def test_the_view_hears_of_the_work_for_it():
    timings = [{"length": 8, "cached": 0.1, "plain": None}]
    header, arrays = unpack(job_part("text", 2, InputError("empty_word"), timings))
    assert header == {"of": "text", "answered": 2, "trouble": {"code": "empty_word", "details": {}}}
    assert arrays["length"] == [8] and np.isnan(arrays["plain"][0])
