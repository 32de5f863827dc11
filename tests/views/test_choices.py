"""What can be chosen: every declaration reads what it writes, and refuses what cannot be."""

from __future__ import annotations

import json
import math
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gptviz.text import LANGUAGES, file, say
from gptviz.ui.page import field_key
from gptviz.ui.state import DECLARED
from gptviz.views.kit.choices import BASE, SAMPLING, Choice, Stop, changed_by
from gptviz.views.kit.kinds import Beyond, Heads, Index, Indices, Number, Place, Subset, Text, Texts, clean
from gptviz.views.stops import STOPS


@pytest.mark.parametrize("address", DECLARED)
def test_what_is_written_is_read_again_by_address_and_by_view(address):
    _, choice = DECLARED[address]
    rng = random.Random(address)
    for value in [choice.kind.any(rng) for _ in range(50)]:
        assert choice.kind.read(choice.kind.write(value)) == value
        assert choice.from_json(json.loads(json.dumps(choice.to_json(value), allow_nan=False))) == value
    assert choice.from_json(choice.to_json(choice.default)) == choice.default


@pytest.mark.parametrize("address", DECLARED)
def test_every_default_can_be_chosen_and_what_resets_it_exists(address):
    stop, choice = DECLARED[address]
    if choice.default is not None:
        assert choice.kind.from_json(choice.to_json(choice.default)) == choice.default
    for name in choice.reset_by:
        assert name == "letters" or name in BASE or (stop and name in stop.own), name
    if stop and isinstance(choice.asks, tuple):
        assert set(choice.asks) <= set(stop.own["open"].kind.options)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", DECLARED)
def test_every_choice_has_a_name_a_reader_understands(address, language):
    assert say(language, field_key(address))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_is_left_over(language):
    for stop in STOPS.values():
        named = {key.removeprefix("fields.") for key in file(language, stop.name) if key.startswith("fields.")}
        assert named == stop.own.keys(), stop.name
    assert {key.removeprefix("fields.") for key in file(language, "ui") if key.startswith("fields.")} == BASE.keys()


@pytest.mark.parametrize("stop", STOPS.values(), ids=lambda stop: stop.name)
def test_the_browser_gets_every_default_and_limit(stop):
    about = json.loads(json.dumps(stop.about(), allow_nan=False))
    assert about.keys() == stop.by_name.keys() - {"depth"}
    for name, choice in about.items():
        declared = stop.by_name[name]
        assert declared.from_json(choice["default"]) == declared.default
        if options := getattr(declared.kind, "options", None):
            assert choice["options"] == list(options)


def test_what_a_model_does_not_have_is_the_last_there_is():
    stop = Stop("s", shared={"layer": True, "token": False}, choices=(Choice("entry", 0, Index("d_head")),))
    sizes = {"n_layer": 3, "d_head": 8, "n_tokens": 5}
    values = {"layer": 7, "token": None, "entry": 8}
    beyond = {"layer": Beyond("7", last=2), "entry": Beyond("8", last=7)}
    assert stop.within(values, sizes) == ({"layer": 2, "token": None, "entry": 7}, beyond)
    assert stop.within(values, {}) == (values, {}), "sizes that are not known bound nothing"


def test_what_a_model_does_not_have_of_several_is_left_out():
    stop = Stop("s", choices=(Choice("off", (), Heads()), Choice("over", (), Indices(size="n_head"))))
    sizes = {"n_layer": 3, "n_head": 2}
    values = {"off": ((0, 1), (3, 0), (2, 2)), "over": (2, 1)}
    assert stop.within(values, sizes) == (
        {"off": ((0, 1),), "over": (1,)},
        {"off": Beyond("3.0, 2.2"), "over": Beyond("2")},
    )
    assert stop.within(values, {}) == (values, {})


def test_of_what_hangs_together_nothing_is_left_if_a_part_is_not_there():
    sizes = {"n_layer": 3, "n_tokens": 5, "vocab_size": 50}
    assert Indices(size="vocab_size", whole=True).within((3, 99), sizes) == (None, Beyond("99"))
    assert Place().within(("blocks.2.resid_mid", 5), sizes) == (("blocks.2.resid_mid", 5), None)
    for place in (("blocks.3.resid_mid", 0), ("blocks.0.resid_mid", 6)):
        assert Place().within(place, sizes) == (None, Beyond(Place().write(place)))
    tree = Texts().read("5.99.7")
    assert Texts().within(tree, sizes) == (Texts().read("5"), Beyond("99"))
    assert Texts().within(tree, {}) == (tree, None)


@pytest.mark.parametrize("value", [1e-309, 1e-320, 9.9e-7])
def test_a_temperature_so_small_that_nothing_can_be_divided_by_it_is_none(value):
    temperature = BASE["temperature"]
    for read in (lambda: temperature.kind.read(str(value)), lambda: temperature.from_json(value)):
        with pytest.raises(ValueError):
            read()
    assert temperature.kind.read("0") == 0 and temperature.kind.read("1e-6") == 1e-6


def test_one_name_for_one_thing():
    with pytest.raises(AssertionError):
        Stop("s", shared={"layer": True}, choices=(Choice("layer", 0, Index()),))


def test_another_model_is_another_text():
    assert changed_by({"model": None, "layer": 1}, {"model": "gpt2", "layer": 1}) == {"model", "text"}
    assert changed_by({"model": "toy-sort"}, {"model": None}) == {"model", "text", "letters"}
    assert changed_by({"token": 1}, {"token": 2}) == {"token"}


NONSENSE = [
    "x" * 5000,
    "/" + "x/" * 3000,
    "a/" + "b" * 300,
    "~nobody-here/x",
    "\0",
    "/tmp/\0",
    "",
    " ",
    ",",
    "-",
    "1e999",
]
NONSENSE += [
    "nan",
    "-1",
    "9" * 5000,
    "\ud800",
    "٣",
    "²",
    "½",
    "1_0",
    "0x1",
    "[" * 5000,
    "{}",
    "null",
    "<script>",
    "1:2:3",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(NONSENSE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("address", DECLARED)
@settings(deadline=None, max_examples=40)
@given(text=st.sampled_from(NONSENSE) | st.text(alphabet="0123456789,.:-+_eEnai[]{} \0x/~", max_size=40))
def test_an_address_is_read_or_refused(address, text):
    kind = DECLARED[address][1].kind
    with suppress(ValueError):
        value = kind.read(text)
        assert kind.read(kind.write(value)) == value


@pytest.mark.parametrize("address", DECLARED)
@settings(deadline=None, max_examples=40)
@given(value=_JSON)
def test_a_report_is_read_or_refused(address, value):
    choice = DECLARED[address][1]
    with suppress(ValueError):
        read = choice.from_json(value)
        assert choice.from_json(choice.to_json(read)) == read


@pytest.mark.parametrize("value", [True, "3", math.nan, -1, 4.5, None, [1]])
def test_a_view_cannot_report_what_is_no_number(value):
    with pytest.raises(ValueError):
        Choice("n", 1, Number(0, 4)).from_json(value)


def test_half_a_selection_is_refused_whole():
    with pytest.raises(ValueError):
        Subset(("a", "b")).read("a,c")
    assert Subset(("a", "b")).read("b,a") == ("a", "b")


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_made_fit_to_be_read(text):
    kept = Text(100).from_json(text)
    assert len(kept) <= 100 and kept == clean(kept)
    kept.encode()


def test_what_a_slider_offers_is_allowed_and_in_order():
    every = [*BASE.values(), *(choice for stop in STOPS.values() for choice in stop.choices)]
    offering = {choice.name: choice.kind for choice in every if getattr(choice.kind, "offered", ())}
    assert {"top_k", "top_p", "min_p", "repetition_penalty", "words"} <= offering.keys()
    for kind in offering.values():
        assert list(kind.offered) == sorted(set(kind.offered))
        for value in kind.offered:
            assert kind.from_json(value) == value
        assert kind.begins is None or kind.begins in kind.offered


def test_filters_come_in_the_order_in_which_they_work():
    names = [name for name, about in STOPS["output"].about().items() if "begins" in about]
    assert names == [name for name in SAMPLING if name not in ("temperature", "seed")]
    assert SAMPLING.index("temperature") == 1  # behind the penalty: see gptviz/sampling.py
