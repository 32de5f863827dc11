"""The engine: questions of plain values in, bytes and plain values out."""

from __future__ import annotations

import gc
import json
import math
import random
import threading

import pytest
import torch

from gptviz import memory
from gptviz.engine import LocalEngine, Question
from gptviz.engine.local import max_tokens
from gptviz.engine.questions import from_bytes, to_bytes
from gptviz.errors import InputError
from gptviz.interventions import Scale
from gptviz.views.kit.asked import Answer
from gptviz.views.stops import STOPS
from tests.small_models import CONFIGS, random_llm

ASKING = [name for name in STOPS if name not in ("overview", "context", "mlp")]
"""The stops that answer; the pages of the others still hold a Trace."""


def load(name: str, progress):
    """A random model by its name in CONFIGS, and maybe a number behind it: each with a fingerprint of its own."""
    kind, _, number = name.partition("-")
    return random_llm(CONFIGS[kind], seed=list(CONFIGS).index(kind) + 10 * int(number or 0))


@pytest.fixture(scope="module")
def small() -> LocalEngine:
    """Two random models without a tokenizer."""
    return LocalEngine(load, through_bytes=True)


@pytest.fixture(scope="module")
def toy_engine(toy) -> LocalEngine:
    return LocalEngine(lambda name, progress: toy, through_bytes=True)


def test_questions_and_answers_come_back_from_their_journey():
    question = Question("attention", "m", (1, 2), ({"name": "x"},), {"layer": 3, "open": ["cell"]}, "zh")
    assert Question.from_json(question.to_json()) == question
    answer = Answer({"text": b"\x00\x01", "empty": b""}, {"look": [{"name": "a", "values": {}}]}, {"layer": 3})
    assert from_bytes(to_bytes(answer)) == answer


@pytest.mark.parametrize("model", CONFIGS)
@pytest.mark.parametrize("stop", [name for name in ASKING if name != "tokens"])
def test_every_stop_answers_any_choices_a_reader_may_make(small, stop, model):
    """Also those that a link asks for in vain: the answer begins with what there is."""
    rng = random.Random(0)
    for _ in range(6):
        choices = STOPS[stop].to_json(STOPS[stop].any(rng))
        if stop == "geometry":
            choices["space"] = "input"
        answer = small.ask(Question(stop, model, (3, 1, 4, 1, 5), choices=choices))
        assert answer.parts and all(isinstance(part, bytes) for part in answer.parts.values())
        assert answer.choices.keys() == STOPS[stop].by_name.keys()
        json.dumps(answer.facts, allow_nan=False)
        again = small.ask(Question(stop, model, (3, 1, 4, 1, 5), choices=answer.choices))
        assert again.choices == answer.choices, "what it settled on is what it settles on"


def test_interventions_cross_as_plain_values(small):
    plain = Scale("blocks.1.attn.z", 0.0, heads=[2]).to_plain()
    ids = (3, 1, 4)
    changed = small.ask(Question("output", "llama", ids, (plain,)))
    untouched = small.ask(Question("output", "llama", ids))
    assert changed.parts["logits"] != untouched.parts["logits"]


@pytest.mark.parametrize(
    ("question", "why"),
    [
        *((Question(stop, "llama", (10**6,)), "not in the vocabulary") for stop in ASKING),
        *((Question(stop, "llama", (-1,)), "not in the vocabulary") for stop in ASKING),
        *((Question(stop, "llama"), "nothing to read") for stop in ASKING),
        *((Question(stop, "llama", (1, 2)), "answers no such") for stop in ("overview", "context", "mlp", "nosuch")),
        *(
            (Question("attention", "llama", (1, 2), choices={name: value}), f"{name} cannot be")
            for name, value in (("layer", -1), ("layer", "x"), ("layer", 1.5), ("layer", 10**400), ("order", "bogus"))
        ),
        (Question("output", "llama", (1, 2), choices={"temperature": math.nan}), "temperature cannot be"),
        (Question("generate", "llama", (1, 2), choices={"tree": [[-1, 0, [math.inf]]]}), "tree cannot be"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(question, why):
    with pytest.raises(InputError, match=why):
        LocalEngine(load).ask(question)


def test_a_stream_that_there_is_not_says_so(small):
    for stop in ("attention", "overview", "nosuch"):
        with pytest.raises(InputError, match="answers no such"):
            next(small.stream(Question(stop, "llama", (1, 2))))
    foreign = {"goal": 3, "tree": [[-1, 0, [999]]], "leaf": 0}
    assert len(list(small.stream(Question("generate", "llama", (1, 2), choices=foreign)))) == 3


def test_the_tokens_of_a_text(toy_engine, toy):
    facts = toy_engine.ask(Question("prompt", "toy-sort", choices={"text": "cab=Zx"})).facts
    assert facts["ids"] == toy.encode("cab=") and facts["pieces"] == list("cab=")
    assert (facts["count"], facts["dropped"]) == (4, ["Z", "x"])


def test_what_a_person_can_put_right_is_raised_where_it_was_asked(small):
    with pytest.raises(InputError):
        small.ask(Question("prompt", "llama", choices={"text": "no numbers"}))


def test_a_stream_writes_what_generate_writes_and_can_be_ended(small):
    llm = load("llama", None)
    expected = [step.id for step in llm.generate([3, 1, 4], 12, temperature=0)]
    question = Question("generate", "llama", (3, 1, 4), choices={"goal": 12})
    assert [answer.facts["id"] for answer in small.stream(question)] == expected
    begun = small.stream(question)
    assert next(begun).facts["id"] == expected[0]
    begun.close()
    assert [answer.facts["id"] for answer in small.stream(question)] == expected


def test_all_computing_is_done_by_few_threads(monkeypatch):
    engine, seen = LocalEngine(load), set()
    get = engine.models.get

    def seen_from(name: str):
        seen.add(threading.get_ident())
        return get(name)

    monkeypatch.setattr(engine.models, "get", seen_from)
    for _ in range(40):
        engine.ask(Question("model", "llama"))
    assert 1 <= len(seen) <= engine._pool._max_workers and threading.get_ident() not in seen


def test_progress_is_heard_by_the_thread_that_asks(small):
    heard = []
    ids, choices = tuple(range(40)), {"open": ["lens"]}
    small.ask(Question("output", "gpt2", ids, choices=choices), lambda *at: heard.append((threading.get_ident(), at)))
    assert {who for who, _ in heard} == {threading.get_ident()}
    assert heard[-1][1][0] == "lens" and heard[-1][1][1] == heard[-1][1][2]


def test_at_rest_nothing_is_held_but_the_models():
    engine = LocalEngine(load)
    list(engine.stream(Question("generate", "llama", (1, 2), choices={"goal": 3})))
    engine.ask(Question("attention", "llama", (1, 2, 3)))
    assert len(engine.traces) and engine._resumable
    engine.rest()
    assert (engine.traces.nbytes, len(engine._resumable)) == (0, 0)
    assert engine.ready("llama")


def test_a_model_that_leaves_is_let_go():
    import weakref

    engine = LocalEngine(load)
    gone = []
    for name in ("llama-1", "gpt2-2", "llama-3"):
        engine.ask(Question("attention", name, (1, 2, 3)))
        list(engine.stream(Question("generate", name, (1, 2), choices={"goal": 3})))
        gone.append(weakref.ref(engine.models.get(name).model))
    gc.collect()
    assert [model() is None for model in gone] == [True, False, False]
    assert engine.loads == 4, "three came and one left"


def test_what_is_frozen_is_not_looked_through_again():
    keep = [{} for _ in range(10_000)]
    memory.freeze()
    try:
        assert gc.get_freeze_count() >= len(keep)
        assert not any(obj is keep[0] for obj in gc.get_objects())
    finally:
        gc.unfreeze()


def test_the_allocator_can_be_set_up_more_than_once():
    memory.set_up_allocator()
    memory.set_up_allocator()
    large = torch.zeros(10_000_000)
    del large
    memory.give_back()


@pytest.mark.parametrize(("value", "expected"), [("", 256), ("64", 64), ("0", 256), ("-3", 256), ("many", 256)])
def test_the_token_limit_can_be_set(monkeypatch, value, expected):
    monkeypatch.setenv("GPTVIZ_MAX_TOKENS", value)
    assert max_tokens() == expected
