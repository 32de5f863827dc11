"""The state and the address bar: everything a link carries comes back, and nothing in a link can do harm."""

from __future__ import annotations

import math
from dataclasses import fields
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptviz.analysis.branches import Branch
from gptviz.text import LANGUAGES, say
from gptviz.ui import state
from gptviz.ui.state import MAX_CHARS, State, from_query, to_query


def through_a_link(given_state: State) -> State:
    link = urlencode(to_query(given_state))
    found, refused = from_query({name: values[-1] for name, values in parse_qs(link, keep_blank_values=True).items()})
    assert not refused
    return found


EVERYTHING = State(
    language="zh",
    model="toy-sort",
    text="dbaca=",
    depth=("open", "notes"),
    layer=2,
    head=1,
    token=3,
    neuron=17,
    temperature=0.75,
    top_k=40,
    top_p=0.9,
    min_p=0.05,
    repetition_penalty=1.2,
    seed=7,
    cuts=("merges", "long"),
    chunk=-1,
    step=2,
    vocabulary="o200k_base",
    find="/a b/",
    rows=("similarity", "position"),
    measure="dot",
    pair=(1, 0),
    compared="dog, car",
    near="cat",
    grouped=False,
    own=True,
    alike=335,
    put=(3, 2),
    analogy="Paris - France + Germany",
    without=True,
    space="glove",
    mean=True,
    corners=("gallery", "cloud"),
    listed="cat dog; one two",
    axes=True,
    axis_x="queen - king",
    axis_y="big - small",
    first_set="a b",
    second_set="c",
    placed="d, e",
    cloud="near",
    dims=3,
    share="few",
    key=1,
    opened=("stages", "cell"),
    order="sink",
    stage="masked",
    hide=True,
    unscaled=True,
    entry=5,
    over=(0, 2),
    last="",
    off=((2, 1), (0, 2)),
    again=3,
    second="hgfedc=",
    a="bca=ab",
    b="",
    c="bha=ab",
    at_a=5,
    at_b=0,
    at_c=4,
    after=1,
    context_part="sum",
    behind="h=",
    start="at",
    unfolded=("filters", "lens"),
    log=True,
    points="stream",
    followed=4,
    cell=("blocks.2.resid_post", 3),
    mlp_part="curve",
    silenced=20,
    silent=True,
    guess="a",
    added=(3, 1, 4),
    word=5,
    answer="root",
    swap="b",
    tree=(Branch(-1, 0, (3, 1)), Branch(0, 1, (4,))),
    leaf=1,
    place=0,
    way="sample",
    speed="slow",
    words=50,
    search=(),
    width=5,
    ahead=4,
    beside=("choice", "cache"),
    repeats="yes",
    overtakes="several",
)


def test_a_link_brings_everything_back():
    untouched = [f.name for f in fields(State) if getattr(EVERYTHING, f.name) == f.default]
    assert not untouched, "a new field belongs into this test"
    assert through_a_link(EVERYTHING) == EVERYTHING


def test_what_was_chosen_inside_something_else_goes_with_it():
    gone = EVERYTHING.with_(layer=1)
    assert (gone.neuron, gone.key, gone.silent) == (None, None, False)
    assert gone.off == EVERYTHING.off, "heads stay off while another is looked at"
    gone = EVERYTHING.with_(token=2)
    assert (gone.key, gone.word, gone.answer, gone.swap) == (None, None, None, None)
    gone = EVERYTHING.with_(text="cab=")
    assert (gone.token, gone.key, gone.guess, gone.added, gone.swap) == (None, None, None, (), None)
    gone = EVERYTHING.with_(model="smollm2-135m")
    assert (gone.text, gone.layer, gone.head, gone.token, gone.added) == (None, None, None, None, ())
    gone = EVERYTHING.with_(a="abc=ab")
    assert (gone.at_a, gone.at_b, gone.at_c, gone.b, gone.after) == (None, 0, 4, "", 1)
    gone = EVERYTHING.with_(model="smollm2-135m")
    assert (gone.a, gone.b, gone.c, gone.at_a, gone.after, gone.behind) == (None,) * 6
    assert State(a="A bat", at_a=1, after=3).with_(model="gpt2") == State(model="gpt2", a="A bat")
    assert EVERYTHING.with_(temperature=2.0, layer=2).neuron == 17, "the same choice again changes nothing"
    assert EVERYTHING.with_(text="cab=").followed == 4, "a token to follow means something in any text"
    assert EVERYTHING.with_(text="cab=").cell is None
    gone = EVERYTHING.with_(text="cab=")
    assert (gone.tree, gone.leaf, gone.place, gone.search, gone.repeats) == ((), None, None, None, None)
    assert gone.way == "sample", "how words are chosen holds for any text"
    gone = EVERYTHING.with_(model="smollm2-135m")
    assert (gone.start, gone.followed, gone.cell) == (None, None, None)


def test_an_infinite_temperature_survives_a_link():
    assert through_a_link(State(temperature=math.inf)).temperature == math.inf


def test_what_was_not_chosen_is_not_in_the_link():
    assert to_query(State()) == {}
    assert to_query(State(layer=0)) == {"layer": "0"}  # the first layer was chosen; None was not


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_text_survives_a_link(text):
    text = state.clean(text)
    assert through_a_link(State(text=text)).text == text


@pytest.mark.parametrize(
    "text", ["", "a\nb", "  ", "👩‍🚀", "שלום", "<script>alert(1)</script>", "&layer=3#x%00", "\ufeff"]
)
def test_odd_texts_survive_a_link(text):
    assert through_a_link(State(text=text)).text == text


def test_text_is_made_fit_to_be_read():
    assert state.clean("a\ud800b\0c\r\nd\re") == "a\ufffdbc\nd\ne"
    assert state.clean("\ud83d\ude00") == "😀"  # two halves that belong together
    found, _ = from_query({"text": "x" * 100_000})
    assert len(found.text) == MAX_CHARS


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
        ("start", "1"),
        ("cell", "blocks.2.attn.q:3"),
        ("cell", "blocks.2.resid_post"),
        ("tree", "1.2_3.1-4"),
        ("tree", "1.-2"),
        ("way", "best"),
        ("width", "9"),
        ("search", "a"),
        ("temperature", "-0.1"),
        ("added", "1..2"),
        ("added", "-1"),
        ("stage", "dots"),
        ("off", "1"),
        ("off", "1.x"),
        ("opened", "stages,nothing"),
        ("off", "0"),
        ("silenced", "51"),
        ("depth", "open,sesame"),
        ("at_a", "-1"),
        ("after", "last"),
        ("context_part", "mlp"),
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
    found, refused = from_query({name: value, "analogy": "cat - dog"})
    assert found == State(analogy="cat - dog")
    assert list(refused) == [name]


def test_parameters_of_others_are_left_alone():
    assert from_query({"embed": "true", "utm_source": "x"}) == (State(), {})


def test_a_folder_is_a_model_only_on_a_local_server(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(state, "folders_allowed", lambda: True)
    assert from_query({"model": str(tmp_path)})[0].model == str(tmp_path)
    monkeypatch.setattr(state, "folders_allowed", lambda: False)
    assert from_query({"model": str(tmp_path)}) == (State(), {"model": str(tmp_path)})


def test_on_a_public_server_a_hub_id_does_not_lead_to_a_folder(tmp_path, monkeypatch):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(state, "folders_allowed", lambda: False)
    assert from_query({"model": "owner/name"})[1] == {"model": "owner/name"}
    assert from_query({"model": "owner/other"})[0].model == "owner/other"


def test_another_text_forgets_its_tokens_and_another_model_its_layers():
    after = EVERYTHING.with_(text="cab=")
    assert (after.token, after.layer, after.temperature) == (None, 2, 0.75)
    after = EVERYTHING.with_(model="smollm2-135m")
    assert (after.text, after.layer, after.head, after.token, after.neuron) == (None,) * 5
    assert State(text="A cat").with_(model="gpt2").text == "A cat"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_a_name_a_reader_understands(language):
    assert all(say(language, f"ui.fields.{field.name}") for field in fields(State))


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
        state.begin("generate")
        state.finish()

    old, new = {"text": "a"}, {"text": "a", "seed": "5"}
    run(old)
    run(old, seed=5)
    run(old, seed=0)  # the browser does not know of `new` yet, and will go there
    assert written == [new, old]
    run(new)  # where it is for a moment
    assert state.current().seed == 0
    run(old)
    assert state.current().seed == 0 and written == [new, old]
