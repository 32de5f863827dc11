"""The one owner of what the reader has chosen, and of the address bar.

A `State` is everything a link has to carry for the same view to appear elsewhere. It lives under one key of the
session that belongs to no widget. In each run

1. `begin` takes over the address if it changed from outside: first visit, pasted link, Back, Forward;
2. widgets show the state and change it in callbacks (`bind`), client-side views through `change`;
3. `finish` writes the address, and only if a callback changed the state in this run.

The third rule is what keeps Back working. Every write adds an entry to the browser's history; if the address were
also written to tidy it up, Back would return to the untidy entry and be thrown forward again. So a link with
`layer=999` is shown as well as it can be, and said so, but stays in the address bar until the reader moves.
A field at its default is left out of the address.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import streamlit as st

from gptviz.analysis import branches
from gptviz.analysis.lens import POINTS
from gptviz.analysis.similarity import MEASURES
from gptviz.checkpoints import catalogue
from gptviz.text import LANGUAGES
from gptviz.ui.fields import (
    bit,
    clean,
    cleaned,
    flag,
    heads,
    ids,
    index,
    number,
    one_of,
    subset,
    url,
    write_flag,
    write_heads,
    write_ids,
)
from gptviz.views import generate
from gptviz.views.attention import ORDERS, SECTIONS
from gptviz.views.embeddings import SECTIONS as EMBEDDINGS_SECTIONS
from gptviz.views.geometry import CLOUDS, SPACES
from gptviz.views.geometry import SECTIONS as GEOMETRY_SECTIONS
from gptviz.views.output import SECTIONS as OUTPUT_SECTIONS
from gptviz.views.tokens import SECTIONS as TOKENS_SECTIONS
from gptviz.views.tokens import VOCABULARIES

DEFAULT_MODEL = "smollm2-135m"
MAX_CHARS = 4000  # percent-encoded Chinese at this length still fits what web servers take as an address
LAST_CHARS, SECOND_CHARS = 60, 300  # of another last word, of a second text
COMPARED_CHARS, NEAR_CHARS = 200, 60  # of words to compare; of the one whose neighbours are wanted
SENTENCE_CHARS = 500  # of each sentence that is compared: with the text they still fit together
WORDS_CHARS = 400  # of a set of words
FIND_CHARS = 200  # of what is searched for in a vocabulary
STALE = 5.0  # seconds
DEPTHS = ("open", "test", "notes")

_KEY = "gptviz"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)


def folders_allowed() -> bool:
    """Whether a folder may be given as a model: only if nobody but this machine can reach the server."""
    return st.get_option("server.address") in ("127.0.0.1", "localhost", "::1")


def read_model(value: str) -> str:
    """A model's name as the program may load it. Raises ValueError for anything else."""
    value = value.strip()
    if value in catalogue():
        return value
    if _HUB_ID.fullmatch(value) and ".." not in value and not Path(value).exists():
        return value
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:  # ~someone, who does not exist
        raise ValueError from error
    if folders_allowed() and (path / "config.json").is_file():
        return str(path.resolve())
    raise ValueError


def _temperature(value: str) -> float:
    return math.inf if value == "inf" else number(float, 0.0, 5.0)(value)


def _cell(value: str) -> tuple[str, int]:
    name, _, position = value.partition(":")
    if not re.fullmatch(r"blocks\.\d{1,4}\.resid_(pre|mid|post)", name, re.ASCII):
        raise ValueError
    return name, index(position)


def _behind(value: str) -> tuple[int, ...]:
    """Tokens behind the prompt; "-" for none."""
    return () if value == "-" else ids(value)


def _pair(value: str) -> tuple[int, int]:
    first, second = map(index, value.split("."))
    return first, second


@dataclass(frozen=True)
class State:
    """What the reader has chosen. None: not chosen, the page decides. A field's name is its name in the address."""

    language: str | None = url(None, one_of(*LANGUAGES))
    model: str | None = url(None, read_model)
    text: str | None = url(None, cleaned(MAX_CHARS))
    depth: tuple[str, ...] = url((), subset(*DEPTHS), ",".join)
    layer: int | None = url(None, index)
    head: int | None = url(None, index)
    token: int | None = url(None, index)
    neuron: int | None = url(None, index)
    temperature: float = url(1.0, _temperature, "{:g}".format)  # may be infinite
    top_k: int | None = url(None, number(int, 1, 10**6))
    top_p: float | None = url(None, number(float, 1e-6, 1.0), "{:g}".format)
    min_p: float | None = url(None, number(float, 0.0, 1.0), "{:g}".format)
    repetition_penalty: float | None = url(None, number(float, 0.01, 100.0), "{:g}".format)
    seed: int = url(0, number(int, 0, 999_999))
    # Tokens
    cuts: tuple[str, ...] = url((), subset(*TOKENS_SECTIONS), ",".join)  # parts of the view
    chunk: int | None = url(None, number(int, -1, 10**6))  # whose merges are shown; -1: all of the text
    step: int | None = url(None, index)  # after how many of them
    vocabulary: str = url("own", one_of(*VOCABULARIES))  # that is searched
    find: str = url("", cleaned(FIND_CHARS))
    # Embeddings
    rows: tuple[str, ...] = url((), subset(*EMBEDDINGS_SECTIONS), ",".join)  # parts of the view
    measure: str = url("cosine", one_of(*MEASURES))
    pair: tuple[int, int] | None = url(None, _pair, "{0[0]}.{0[1]}".format)  # of the compared vectors, opened
    compared: str = url("", cleaned(COMPARED_CHARS))  # words beside those of the text
    near: str | None = url(None, cleaned(NEAR_CHARS))  # whose neighbours; None: the token's
    grouped: bool = url(True, bit, write_flag)  # spellings of one word together
    own: bool = url(False, flag, write_flag)  # each line of the table by its own token's scale
    alike: int | None = url(None, index)  # answer to the question of the test, a token's id
    put: tuple[int, int] | None = url(None, _pair, "{0[0]}.{0[1]}".format)  # where a query and a key are put
    # Geometry
    space: str = url("input", one_of(*SPACES))
    mean: bool = url(False, flag, write_flag)  # words of several tokens as the mean of their pieces
    corners: tuple[str, ...] = url((), subset(*GEOMETRY_SECTIONS), ",".join)  # parts of the view
    first_set: str = url("man king father boy actor he", cleaned(WORDS_CHARS))
    second_set: str = url("woman queen mother girl actress she", cleaned(WORDS_CHARS))
    placed: str = url("nurse doctor engineer teacher soldier dancer president secretary table", cleaned(WORDS_CHARS))
    cloud: str = url("words", one_of(*CLOUDS))  # which rows are laid flat
    dims: int = url(2, number(int, 2, 3))
    listed: str = url("cat dog horse cow; France Germany Italy; one two three; walk run jump", cleaned(WORDS_CHARS))
    axes: bool = url(False, flag, write_flag)  # the rows along two directions of the reader's own
    axis_x: str = url("woman - man", cleaned(WORDS_CHARS))
    axis_y: str = url("old - young", cleaned(WORDS_CHARS))
    share: str | None = url(None, one_of("few", "some", "most"))  # answer to the question of the test
    analogy: str = url("king - man + woman", cleaned(200))
    without: bool = url(False, flag, write_flag)  # leave the formula's own words out of its results
    # Attention
    key: int | None = url(None, index)  # the token looked at
    opened: tuple[str, ...] = url((), subset(*SECTIONS), ",".join)  # parts of the view
    order: str = url("layer", one_of(*ORDERS))  # of the heads
    stage: str = url("pattern", one_of("dot", "scaled", "masked", "pattern"))
    hide: bool = url(False, flag, write_flag)  # the first token's column
    unscaled: bool = url(False, flag, write_flag)  # without ÷√d
    entry: int = url(0, index)  # the number of query and key that is opened
    over: tuple[int, ...] = url((), ids, write_ids)  # heads laid over the chosen one, as lines
    last: str | None = url(None, cleaned(LAST_CHARS))  # another last word; "": a suggestion
    off: tuple[tuple[int, int], ...] = url((), heads, write_heads)  # heads switched off
    again: int = url(0, index)  # which control heads are drawn
    second: str | None = url(None, cleaned(SECOND_CHARS))  # another text for switching off
    # Context: sentences A, B and C, the word in each, and after which layer they are compared
    a: str | None = url(None, cleaned(SENTENCE_CHARS))
    b: str | None = url(None, cleaned(SENTENCE_CHARS))
    c: str | None = url(None, cleaned(SENTENCE_CHARS))
    at_a: int | None = url(None, index)
    at_b: int | None = url(None, index)
    at_c: int | None = url(None, index)
    after: int | None = url(None, index)
    context_part: str = url("heads", one_of("heads", "sum", "nearest"))
    behind: str | None = url(None, cleaned(SENTENCE_CHARS))  # what follows the word, in the test
    # Output
    start: str | None = url(None, one_of("on", "at"))  # a start token before the text; "at": it is the one chosen
    unfolded: tuple[str, ...] = url((), subset(*OUTPUT_SECTIONS), ",".join)  # parts of the view
    log: bool = url(False, flag, write_flag)  # the curves on a logarithmic scale
    points: str = url("mlp", one_of(*POINTS))  # where the lens reads
    followed: int | None = url(None, index)  # the token whose rank it follows, by id
    cell: tuple[str, int] | None = url(None, _cell, "{0[0]}:{0[1]}".format)  # one of its readings, opened
    # MLP
    mlp_part: str = url("path", one_of("path", "curve", "neuron", "layers", "code"))
    silenced: int = url(1, number(int, 1, 50))  # how many neurons
    silent: bool = url(False, flag, write_flag)
    # Overview and Output
    guess: str | None = url(None, cleaned(100))  # the next word; "" if the reader gave up
    added: tuple[int, ...] = url((), ids, write_ids)  # tokens the model wrote on
    word: int | None = url(None, index)  # a candidate for the next token, by id
    answer: str | None = url(None, one_of("same", "half", "root"))  # to the question on the output page
    swap: str | None = url(None, cleaned(100))  # another word at `token`
    # Generate: the texts behind the prompt, which of them is followed, and the place in it where a word is chosen
    tree: tuple[branches.Branch, ...] = url((), branches.read, branches.write)
    leaf: int | None = url(None, index)
    place: int | None = url(None, index)
    way: str = url("greedy", one_of(*generate.WAYS))
    speed: str = url("full", one_of(*generate.SPEEDS))
    words: int = url(20, number(int, 1, 256))  # of a run
    search: tuple[int, ...] | None = url(None, _behind, lambda ids: write_ids(ids) or "-")  # behind which text
    width: int = url(3, number(int, 1, 8))  # of a beam search
    ahead: int = url(8, number(int, 1, 16))  # how far it looks
    beside: tuple[str, ...] = url((), subset(*generate.SECTIONS), ",".join)  # parts of the view
    repeats: str | None = url(None, one_of("yes", "no"))  # answers to the questions of the test
    overtakes: str | None = url(None, one_of("none", "one", "several"))

    def with_(self, **values: Any) -> State:
        """The state after a choice. What was chosen inside another model or text no longer means anything."""
        state = self
        model = values.get("model", self.model)
        if model != self.model:
            state = replace(state, layer=None, head=None, token=None, neuron=None, after=None)
            state = replace(state, at_a=None, at_b=None, at_c=None, entry=0, over=(), off=(), second=None)
            state = replace(state, start=None, followed=None, cell=None)
            if "toy-sort" in (self.model, model):
                # A sentence means nothing to toy-sort, nor a row of letters to the others.
                state = replace(state, text=None, a=None, b=None, c=None, behind=None)
        if model != self.model or values.get("text", state.text) != self.text:
            state = replace(state, token=None, key=None, last=None, silent=False, chunk=None, step=None)
            state = replace(state, pair=None, put=None, alike=None)
            state = replace(state, cell=None, guess=None, added=(), word=None, answer=None, swap=None)
            state = replace(state, tree=(), leaf=None, place=None, search=None, repeats=None, overtakes=None)
        for sentence in ("a", "b", "c"):
            if values.get(sentence, getattr(state, sentence)) != getattr(self, sentence):
                state = replace(state, **{f"at_{sentence}": None})
        if any(values.get(name, getattr(state, name)) != getattr(state, name) for name in ("layer", "head")):
            state = replace(state, neuron=None, key=None, silent=False)
        if values.get("token", state.token) != state.token:
            state = replace(state, word=None, answer=None, swap=None, key=None, near=None, put=None, alike=None)
        return replace(state, **values)


_FIELDS = {f.name: f for f in fields(State)}


def to_query(state: State) -> dict[str, str]:
    """The address's query for a state, without what is at its default."""
    values = ((name, f, getattr(state, name)) for name, f in _FIELDS.items())
    return {name: f.metadata["write"](value) for name, f, value in values if value != f.default}


def from_query(query: Mapping[str, str]) -> tuple[State, dict[str, str]]:
    """The state a query asks for, and what it asks for in vain, by field (those stay at their default)."""
    values, refused = {}, {}
    for name, f in _FIELDS.items():
        if name not in query:
            continue
        try:
            values[name] = f.metadata["read"](query[name])
        except (ValueError, OverflowError, OSError):
            refused[name] = clean(query[name])
    return State(**values), refused


@dataclass
class _Session:
    state: State = field(default_factory=State)
    query: dict[str, str] | None = None  # the address as last read or written
    before: dict[str, str] | None = None  # the address that the last write replaced
    written: float = -STALE  # when that was, on time.monotonic's clock
    changed: bool = False  # by a callback, and not yet written
    touched: bool = False  # a callback ran, whatever came of it
    page: str = ""
    arrived: bool = False  # on another page than in the run before
    shown: dict[str, Any] = field(default_factory=dict)  # what each tied widget was last given to show
    refused: dict[str, str] = field(default_factory=dict)
    revision: int = 0


def _session() -> _Session:
    return st.session_state.setdefault(_KEY, _Session())


def begin(page: str) -> None:
    """First thing in a run of `page`. A choice made just now (a callback ran) outweighs the address it was made at."""
    session, query = _session(), st.query_params.to_dict()
    session.arrived, session.page = page != session.page, page
    # Whoever types and at once clicks a link to another page leaves by a link drawn before the text was taken in; and
    # what a view reports may be on its way while the address is written, and come with the old one.
    acted = session.arrived or session.touched
    stale = acted and query == session.before and time.monotonic() - session.written < STALE
    session.touched = False
    if stale:
        session.changed = True
    elif query != session.query and not session.changed:
        session.state, session.refused = from_query(query)
        session.revision += 1
    # What came with the old address was on its way while the new one was: that is where the browser is now. Only a
    # link to another page has led it to the old one.
    if not stale or session.arrived:
        session.query = query


def finish() -> None:
    """Last thing in a run."""
    session = _session()
    if session.changed:
        query = to_query(session.state)
        if query != session.query:
            st.query_params.from_dict(query)
            session.before, session.written = session.query, time.monotonic()
        session.query, session.changed = query, False


def current() -> State:
    return _session().state


def arrived() -> bool:
    """Whether another page was shown before this run."""
    return _session().arrived


def revision() -> int:
    """Rises whenever the state changes other than by the report of a client-side view: a view that sees a new
    number takes over the values it is given, else it keeps its own."""
    return _session().revision


def model() -> str:
    """The name of the model to show: chosen, or the server's default (GPTVIZ_MODEL, else smollm2-135m)."""
    return current().model or os.environ.get("GPTVIZ_MODEL") or DEFAULT_MODEL


def refused() -> dict[str, str]:
    """What was asked for and cannot be, by field: by the address, or just now by a widget."""
    return _session().refused


def change(*, by_view: bool = False, **values: Any) -> None:
    """Set fields of the state. For callbacks only: they run before the script, so that all of the page sees it."""
    session = _session()
    session.touched = True
    session.refused = {}
    after = session.state.with_(**values)
    if after != session.state:
        session.state, session.changed = after, True
        session.revision += not by_view


def hold(**values: Any) -> None:
    """Set fields to what came about without a choice of the reader's. The page and its links have it; the address
    only once `write` is called, or with the reader's next choice: no entry of the history that nobody asked for."""
    session = _session()
    session.state = session.state.with_(**values)


def write() -> None:
    """Let the address have at the end of this run what the state has."""
    _session().changed = True


def touch() -> None:
    """A callback ran and changes nothing. For callbacks: without it the run might be taken for one that the address
    bar began."""
    _session().touched = True


def about() -> tuple[str | None, str | None]:
    """What is looked at: text and model. What a view reports about another is not for this one."""
    return (current().text, current().model)


def bind(name: str, value: Any, *, read: Callable[[Any], Any] = lambda value: value, page: str = "") -> dict[str, Any]:
    """Arguments that tie a widget to field `name` of the state:

        st.selectbox(label, range(n_layer), **state.bind("layer", layer))

    value: what the widget shows now, in the widget's terms; read: from what the widget gives to the field's value
    (ValueError: it cannot be; the state stays, and the page says so).
    """
    key = f"{page}.{name}"
    # Not in every run: it would take from a text field what is being typed there.
    if _session().arrived or key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    _session().shown[key] = value
    return {"key": key, "on_change": _take, "args": (name, key, read)}


def _take(name: str, key: str, read: Callable[[Any], Any]) -> None:
    touch()
    given = st.session_state[key]
    if given == _session().shown.get(key):  # a widget reports what it was given to show: no one chose that
        return
    try:
        change(**{name: read(given)})
    except ValueError:
        _session().refused = {name: clean(str(given))}
