"""The state and the address bar: everything a link carries comes back, and nothing in a link can do harm."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptviz.ui import state
from gptviz.ui.state import DECLARED, MAX_CHARS, State, from_query, to_query
from gptviz.views.stops import STOPS


def through_a_link(given_state: State) -> State:
    link = urlencode(to_query(given_state))
    found, refused = from_query({name: values[-1] for name, values in parse_qs(link, keep_blank_values=True).items()})
    assert not refused
    return found


def anything(seed: int) -> State:
    """A state with a random value for everything that can be chosen and that a link carries."""
    rng = random.Random(seed)
    values = {a: choice.kind.any(rng) for a, (_, choice) in DECLARED.items() if choice.address}
    return State({a: value for a, value in values.items() if value != DECLARED[a][1].default})


@pytest.mark.parametrize("seed", range(20))
def test_a_link_brings_everything_back(seed):
    assert through_a_link(anything(seed)) == anything(seed)


def test_every_choice_is_among_them():
    seen = {address for seed in range(40) for address in anything(seed).chosen}
    assert seen == {address for address, (_, choice) in DECLARED.items() if choice.address}


FULL = State(
    {
        "model": "toy-sort",
        "text": "dbaca=",
        "layer": 2,
        "head": 1,
        "token": 3,
        "key": 1,
        "temperature": 0.75,
        "mlp.neuron": 17,
        "mlp.silent": True,
        "attention.off": ((2, 1), (0, 2)),
        "attention.last": "",
        "output.word": 5,
        "output.answer": "root",
        "output.start": "at",
        "output.followed": 4,
        "output.cell": ("blocks.2.resid_post", 3),
        "overview.guess": "a",
        "overview.added": (3, 1, 4),
        "overview.swap": "b",
        "context.a": "bca=ab",
        "context.b": "",
        "context.at_a": 5,
        "context.at_b": 0,
        "context.after": 1,
        "context.behind": "h=",
        "generate.tree": ((-1, 0, (3, 1)),),
        "generate.leaf": 1,
        "generate.place": 0,
        "generate.search": (),
        "generate.way": "sample",
        "generate.repeats": "yes",
    }
)


def test_what_was_chosen_inside_something_else_goes_with_it():
    gone = FULL.with_({"layer": 1})
    assert (gone["mlp.neuron"], gone["key"], gone["mlp.silent"]) == (None, None, False)
    assert gone["attention.off"] == FULL["attention.off"], "heads stay off while another is looked at"
    gone = FULL.with_({"token": 2})
    assert all(gone[name] is None for name in ("key", "output.word", "output.answer", "overview.swap"))
    gone = FULL.with_({"text": "cab="})
    assert all(gone[name] is None for name in ("token", "key", "overview.guess", "overview.swap", "attention.last"))
    assert gone["overview.added"] == () and gone["output.cell"] is None
    assert (gone["layer"], gone["temperature"]) == (2, 0.75)
    assert gone["output.followed"] == 4, "a token to follow means something in any text"
    assert [gone[f"generate.{name}"] for name in ("tree", "leaf", "place", "search", "repeats")] == [
        (),
        *[None] * 4,
    ]
    assert gone["generate.way"] == "sample", "how words are chosen holds for any text"
    gone = FULL.with_({"model": "smollm2-135m"})
    assert all(gone[name] is None for name in ("text", "layer", "head", "token", "mlp.neuron", "output.start"))
    assert all(gone[name] is None for name in ("output.followed", "output.cell", "context.after", "context.behind"))
    assert [gone[f"context.{name}"] for name in ("a", "b", "at_a", "at_b")] == [None] * 4
    gone = FULL.with_({"context.a": "abc=ab"})
    assert (gone["context.at_a"], gone["context.at_b"], gone["context.b"], gone["context.after"]) == (None, 0, "", 1)
    assert FULL.with_({"temperature": 2.0, "layer": 2})["mlp.neuron"] == 17, "the same choice again changes nothing"
    sentence = State({"context.a": "A bat", "context.at_a": 1, "context.after": 3, "text": "A cat"})
    assert sentence.with_({"model": "gpt2"}).chosen == {"model": "gpt2", "context.a": "A bat", "text": "A cat"}


def test_a_choice_of_one_page_changes_nothing_on_another():
    """But for what all stops share: a stop's own choices are reset by its own."""
    for stop in STOPS.values():
        for name in stop.own:
            value = stop.own[name].kind.any(random.Random(name))
            after = FULL.with_({stop.address(name): value})
            mine = {a for a in {*after.chosen, *FULL.chosen} if after.chosen.get(a) != FULL.chosen.get(a)}
            assert all(a.startswith(f"{stop.name}.") for a in mine), (name, mine)


def test_an_infinite_temperature_survives_a_link():
    assert through_a_link(State({"temperature": math.inf}))["temperature"] == math.inf


def test_what_was_not_chosen_is_not_in_the_link():
    assert to_query(State()) == {}
    assert to_query(State({"layer": 0})) == {"layer": "0"}  # the first layer was chosen; None was not
    assert State({"layer": 3}).with_({"temperature": 1.0, "layer": None}) == State()


def test_what_a_page_chose_by_itself_is_no_choice(monkeypatch):
    monkeypatch.setattr(state, "st", SimpleNamespace(session_state={}))
    state._session().page = "attention"
    began = {"layer": 16, "head": 0, "token": 4, "open": [], "second": "Hi"}
    state.take({**began, "open": ["cell"]}, began)
    assert state.current().chosen == {"attention.open": ("cell",)}
    state.take({**began, "layer": 3, "open": ["cell"]}, began)
    chosen = {"attention.open": ("cell",), "layer": 3, "head": 0}
    assert state.current().chosen == chosen, "a layer and a head are chosen together"
    state.take({**began, "open": ["cell"]}, {**began, "layer": 3})
    assert state.current()["layer"] == 16, "once chosen, it is a choice also where the page would have chosen it"


def test_a_report_that_cannot_be_changes_nothing(monkeypatch):
    monkeypatch.setattr(state, "st", SimpleNamespace(session_state={}))
    state._session().page = "attention"
    state.take({"layer": -1, "open": ["cell"]}, {})
    state.take({"order": "best"}, {})
    state.take({"nothing": 1}, {})
    assert state.current() == State()


def test_what_no_address_carries_stays_until_its_text_goes(monkeypatch):
    here = SimpleNamespace(carried={"text": "a"})
    address = SimpleNamespace(to_dict=lambda: dict(here.carried), from_dict=lambda query: None)
    monkeypatch.setattr(state, "st", SimpleNamespace(session_state={}, query_params=address))
    state.begin("tokens")
    state.take({"long": "a long text", "given": 1}, {"long": None, "given": 0})
    assert state.current()["tokens.long"] == "a long text" and to_query(state.current()) == {"text": "a"}
    state.take({"long": None, "given": 1}, {})
    assert state.current()["tokens.long"] == "a long text", "a wish is said once"
    state.begin("tokens"), state.finish()
    here.carried = {"text": "b"}
    state.begin("tokens")
    assert (state.current()["text"], state.current()["tokens.long"]) == ("b", "a long text")


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_text_survives_a_link(text):
    text = state.clean(text)
    assert through_a_link(State({"text": text}).with_({"text": text}))["text"] == text


@pytest.mark.parametrize(
    "text", ["", "a\nb", "  ", "👩‍🚀", "שלום", "<script>alert(1)</script>", "&layer=3#x%00", "\ufeff"]
)
def test_odd_texts_survive_a_link(text):
    assert through_a_link(State({"text": text}).with_({"text": text}))["text"] == text


def test_text_is_made_fit_to_be_read():
    assert state.clean("a\ud800b\0c\r\nd\re") == "a\ufffdbc\nd\ne"
    assert state.clean("\ud83d\ude00") == "😀"  # two halves that belong together
    found, _ = from_query({"text": "x" * 100_000})
    assert len(found["text"]) == MAX_CHARS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layer", "-1"),
        ("layer", "1e3"),
        ("layer", "9" * 5000),
        ("head", "first"),
        ("token", ""),
        ("temperature", "nan"),
        ("temperature", "-inf"),
        ("top_k", "0"),
        ("top_p", "0"),
        ("min_p", "1.1"),
        ("repetition_penalty", "0"),
        ("seed", "-1"),
        ("output.start", "1"),
        ("output.cell", "blocks.2.attn.q:3"),
        ("output.cell", "blocks.2.resid_post"),
        ("generate.tree", "1.2_3.1-4"),
        ("generate.tree", "1.-2"),
        ("generate.way", "best"),
        ("generate.width", "9"),
        ("generate.search", "a"),
        ("temperature", "-0.1"),
        ("overview.added", "1..2"),
        ("overview.added", "-1"),
        ("attention.stage", "dots"),
        ("attention.off", "1"),
        ("attention.off", "1.x"),
        ("attention.open", "stages,nothing"),
        ("attention.off", "0"),
        ("mlp.silenced", "51"),
        ("mlp.depth", "open,sesame"),
        ("context.at_a", "-1"),
        ("context.after", "last"),
        ("context.part", "mlp"),
        ("language", "xx"),
        ("model", "../../etc"),
        ("model", "/etc"),
        ("model", "a/../b"),
        ("model", "\0"),
        ("model", "~root"),
        ("model", "~nobody-of-that-name/x"),
        ("model", "x" * 5000),
    ],
)
def test_what_cannot_be_is_refused_and_the_rest_is_kept(name, value):
    found, refused = from_query({name: value, "geometry.formula": "cat - dog"})
    assert found == State({"geometry.formula": "cat - dog"})
    assert list(refused) == [name]


def test_parameters_of_others_are_left_alone():
    assert from_query({"embed": "true", "utm_source": "x"}) == (State(), {})


def test_a_folder_is_a_model_only_on_a_local_server(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(state, "folders_allowed", lambda: True)
    assert from_query({"model": str(tmp_path)})[0]["model"] == str(tmp_path)
    monkeypatch.setattr(state, "folders_allowed", lambda: False)
    assert from_query({"model": str(tmp_path)}) == (State(), {"model": str(tmp_path)})


def test_on_a_public_server_a_hub_id_does_not_lead_to_a_folder(tmp_path, monkeypatch):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(state, "folders_allowed", lambda: False)
    assert from_query({"model": "owner/name"})[1] == {"model": "owner/name"}
    assert from_query({"model": "owner/other"})[0]["model"] == "owner/other"


def test_what_is_taken_back_at_once_stays_so_while_the_address_is_still_on_its_way(monkeypatch):
    """The browser hears of each address a little late, and what a view reports meanwhile comes with an older one."""
    written, here = [], SimpleNamespace(carried={})
    address = SimpleNamespace(to_dict=lambda: dict(here.carried), from_dict=written.append)
    monkeypatch.setattr(state, "st", SimpleNamespace(session_state={}, query_params=address))

    def run(carried, **chosen):
        here.carried = carried
        if chosen:
            state.change(**chosen)
        else:
            state.touch()
        state.begin("output")
        state.finish()

    old, new = {"text": "a"}, {"text": "a", "seed": "5"}
    run(old)
    run(old, seed=5)
    run(old, seed=0)  # the browser does not know of `new` yet, and will go there
    assert written == [new, old]
    run(new)  # where it is for a moment
    assert state.current()["seed"] == 0
    run(old)
    assert state.current()["seed"] == 0 and written == [new, old]
