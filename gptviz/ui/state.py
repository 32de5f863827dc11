"""The one owner of what the reader has chosen, and of the address bar.

A `State` is everything a link has to carry for the same view to appear elsewhere: choices that the stops declare
(`gptviz.views.kit.choices`), by their name in the address. It lives under one key of the session that belongs to no
widget. In each run

1. `begin` takes over the address if it changed from outside: first visit, pasted link, Back, Forward;
2. widgets show the state and change it in callbacks (`bind`), client-side views through `take`;
3. `finish` writes the address, and only if a callback changed the state in this run.

The third rule is what keeps Back working. Every write adds an entry to the browser's history; if the address were
also written to tidy it up, Back would return to the untidy entry and be thrown forward again. So a link with
`layer=999` is shown as well as it can be, and said so, but stays in the address bar until the reader moves.
A choice at its default is left out of the address.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from gptviz.views.kit.choices import BASE, MAX_CHARS, Choice, Stop, changed_by
from gptviz.views.kit.kinds import clean
from gptviz.views.stops import STOPS

__all__ = ["MAX_CHARS", "State", "clean"]

DEFAULT_MODEL = "smollm2-135m"
STALE = 5.0  # seconds

_KEY = "gptviz"

DECLARED: dict[str, tuple[Stop | None, Choice]] = {
    **{name: (None, choice) for name, choice in BASE.items()},
    **{stop.address(choice.name): (stop, choice) for stop in STOPS.values() for choice in stop.choices},
}
"""Every choice by its name in the address, with its stop; None: it belongs to all."""


def folders_allowed() -> bool:
    """Whether a folder may be given as a model: only if nobody but this machine can reach the server."""
    return st.get_option("server.address") in ("127.0.0.1", "localhost", "::1")


def read_model(value: str) -> str:
    """A model's name as this server may load it. Raises ValueError for anything else."""
    name = BASE["model"].kind.read(value)
    if Path(name).is_absolute() and not folders_allowed():
        raise ValueError(value)
    return name


@dataclass(frozen=True)
class State:
    """What the reader has chosen: by name in the address, without what is at its default."""

    chosen: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, address: str) -> Any:
        return self.chosen.get(address, DECLARED[address][1].default)

    def of(self, stop: Stop) -> dict[str, Any]:
        """The choices of one stop, by their own names: what all stops share, and its own."""
        return {name: self[stop.address(name)] for name in stop.by_name}

    def with_(self, values: Mapping[str, Any]) -> State:
        """The state after a choice, by name in the address. What was chosen inside another model or text, say, no
        longer means anything: see `Choice.reset_by`."""
        events = changed_by({name: self[name] for name in {*values, "model"}}, values)
        after = {
            address: value
            for address, value in self.chosen.items()
            if address not in values and events.isdisjoint(_RESET_BY[address])
        }
        given = {address: value for address, value in values.items() if value != DECLARED[address][1].default}
        return State(after | given)


_RESET_BY: dict[str, set[str]] = {
    address: {stop.address(name) if stop and name in stop.own else name for name in choice.reset_by}
    for address, (stop, choice) in DECLARED.items()
}
"""What takes each choice back, by their names in the address."""


def to_query(state: State) -> dict[str, str]:
    """The address's query for a state."""
    return {
        address: choice.kind.write(state[address])
        for address, (_, choice) in DECLARED.items()
        if choice.address and address in state.chosen
    }


def from_query(query: Mapping[str, str]) -> tuple[State, dict[str, str]]:
    """The state a query asks for, and what it asks for in vain, by name (those stay at their default)."""
    values, refused = {}, {}
    for address, (_, choice) in DECLARED.items():
        if address not in query or not choice.address:
            continue
        try:
            read = read_model if address == "model" else choice.kind.read
            values[address] = read(query[address])
        except (ValueError, OverflowError, OSError):
            refused[address] = clean(query[address])
    return State({a: value for a, value in values.items() if value != DECLARED[a][1].default}), refused


# ----------------------------------------------------------------------------------------------- session


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
        asked, session.refused = from_query(query)
        # With all that an address could carry given, what no address carries stays, unless it belonged to another text.
        session.state = session.state.with_(
            {address: asked[address] for address, (_, choice) in DECLARED.items() if choice.address}
        )
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


def here() -> Stop:
    """The stop that is shown."""
    return STOPS[_session().page]


def arrived() -> bool:
    """Whether another page was shown before this run."""
    return _session().arrived


def model() -> str:
    """The name of the model to show: chosen, or the server's default (GPTVIZ_MODEL, else smollm2-135m)."""
    return current()["model"] or os.environ.get("GPTVIZ_MODEL") or DEFAULT_MODEL


def refused() -> dict[str, str]:
    """What was asked for and cannot be, by name in the address: by the address, or just now by a widget."""
    return _session().refused


def about() -> str:
    """What is looked at: model and text. What a view reports about another is not for this one."""
    return repr((model(), current()["text"]))


# ----------------------------------------------------------------------------------------------- changes


def change(**values: Any) -> None:
    """Set choices of the stop that is shown, by their own names. For callbacks only: they run before the script, so
    that all of the page sees it."""
    session = _session()
    session.touched = True
    session.refused = {}
    after = session.state.with_(_addresses(here(), values))
    if after != session.state:
        session.state, session.changed = after, True


def elsewhere(stop: str, **values: Any) -> State:
    """The state after choices of another stop: for links that lead there."""
    return current().with_(_addresses(STOPS[stop], values))


def hold(**values: Any) -> None:
    """Set choices of Generate to what came about without a choice of the reader's. The page and its links have it; the
    address only once `write` is called, or with the reader's next choice: no entry of the history that nobody asked
    for."""
    session = _session()
    session.state = session.state.with_(_addresses(STOPS["generate"], values))


def write() -> None:
    """Let the address have at the end of this run what the state has."""
    _session().changed = True


def touch() -> None:
    """A callback ran and changes nothing. For callbacks: without it the run might be taken for one that the address
    bar began."""
    _session().touched = True


def _addresses(stop: Stop, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same by their names in the address."""
    return {stop.address(name): value for name, value in values.items()}


def take(report: Mapping[str, Any], began: Mapping[str, Any]) -> None:
    """What a view reports, as JSON, into the state. began: what was there without a choice of the reader's: where
    nothing had been chosen and that is reported, nothing was chosen, unless something was that is chosen together with
    it. For callbacks."""
    touch()
    stop, state = here(), current()
    try:
        values = stop.from_json(report)
    except ValueError:  # a view of another version, perhaps: nothing of it is taken
        return

    moved = {name for name in values if report[name] != began.get(name)}
    moved |= {other for name in moved for other in stop.by_name[name].together}

    def chosen(name: str) -> bool:
        if stop.by_name[name].wish:
            return values[name] is not None
        return name in moved or stop.address(name) in state.chosen

    change(**{name: value for name, value in values.items() if chosen(name)})


def bind(
    name: str, value: Any, *, read: Callable[[Any], Any] = lambda value: value, key: str | None = None
) -> dict[str, Any]:
    """Arguments that tie a widget to a choice of the stop that is shown, or of all:

        st.selectbox(label, range(n_layer), **state.bind("layer", layer))

    value: what the widget shows now, in the widget's terms; read: from what the widget gives to the choice's value
    (ValueError: it cannot be; the state stays, and the page says so). key: the widget's, where several set one choice.
    """
    key = key or f"{here().name}.{name}"
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
        _session().refused = {_address_of(name): clean(str(given))}


def _address_of(name: str) -> str:
    return next(iter(_addresses(here(), {name: None})))
