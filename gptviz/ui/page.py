"""What every page does first. How a page is written:

    from gptviz.ui.page import start

    page = start("attention")             # title, question, prompt bar; stops here if there is nothing to show
    layer = page.pick("layer", page.llm.config.n_layer, default=11)
    page.chips()                          # the prompt's tokens; page.token is the chosen one
    st.selectbox(page.t("layer"), range(30), **page.bind("layer", layer))
    page.plot(my_figure(page.trace, layer, theme=page.theme))
    page.look_for([page.t("look.first", share=0.83)])
    with page.depth("open") as shown:     # "open", "test", "notes": closed at first, kept in the address
        if shown:                         # nothing is computed for a closed one
            page.lesson("open", d_head=64)

`page.t(key)` is the sentence `{page}.{key}`, from assets/text/{language}/{page}.toml; `page.lesson(section)` a section
of the lesson beside it, {page}.md. `page.run(interventions=...)` gives other traces, cached like `page.trace`.
`start("context", prompt=False)` leaves out the prompt bar, and all that belongs to a prompt, for a page that asks for
its texts itself.
Kept traces are shared with every other reader: `copy()` before `append`. A widget that has to survive Back, reload
and a shared link has a field in `gptviz.ui.state.State` and is tied to it by `page.bind`. Raise GptvizError for what
a reader can put right; anything else raised here ends in a calm panel with a code, and in the log.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload
from weakref import WeakKeyDictionary

import plotly.graph_objects as go
import streamlit as st

from gptviz.checkpoints import find, is_ready
from gptviz.errors import CheckpointError, GptvizError, InputError
from gptviz.figures.colours import Theme
from gptviz.interventions import Intervention
from gptviz.llm import LLM
from gptviz.text import lesson, say
from gptviz.trace import Trace
from gptviz.ui import cache, chips, state, theme
from gptviz.ui.prompt import Prompt, limit, prompt_bar

log = logging.getLogger("gptviz")

_inside_app: ContextVar[bool] = ContextVar("inside_app", default=False)
_put_off: ContextVar[list[Callable[[], None]]] = ContextVar("put_off")
_DEPTH_ICONS = {"open": ":material/frame_inspect:", "test": ":material/science:", "notes": ":material/menu_book:"}


def language() -> str:
    """The reader's language: chosen, or else the browser's."""
    chosen = state.current().language
    return chosen or ("zh" if (st.context.locale or "").lower().startswith("zh") else "en")


# Millions of logits, looked through once: a page asks at every click.
_looked_through: WeakKeyDictionary[Trace, int] = WeakKeyDictionary()


def _not_finite(trace: Trace) -> int:
    """How many logits are no finite number."""
    if trace not in _looked_through:
        _looked_through[trace] = int((~trace.logits.isfinite()).sum()) if "logits" in trace else 0
    return _looked_through[trace]


@dataclass
class BarePage:
    """What every page has to work with, prompt or not: see this module's docstring."""

    name: str
    language: str
    theme: Theme
    llm: LLM
    _notes: Any  # where to say that a link asked for too much
    _busy: Any  # where to say that the model is at work: in its own place, so that nothing on the page moves

    @property
    def state(self) -> state.State:
        return state.current()

    def link(self, name: str, label: str | None = None, **choices: Any) -> None:
        """A link to another page that keeps the reader's choices, but for those made here: fields of the state.
        label: the page's title unless given."""
        query = state.to_query(self.state.with_(**choices))
        label = label or f"**{self.say(f'ui.pages.{name}.title')}**"
        icon = ":material/arrow_forward:"
        st.page_link(f"pages/{name}.py", label=label, icon=icon, icon_position="right", query_params=query)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Says that the model is at work, as long as it is. What is shown meanwhile stands where it would otherwise."""
        with ExitStack() as stack:
            with self._busy:
                stack.enter_context(st.spinner(self.say("ui.running")))
            yield

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Gives a function (done, total) that shows how far something is, in the place where the page says that the
        model is at work."""

        def show(done: int, total: int) -> None:
            self._busy.progress(done / total, text=self.say(f"ui.progress.{what}"))
            if done == total:
                self._busy.empty()

        yield show

    def run(
        self, ids: Sequence[int], names: str | Iterable[str] | None = None, interventions: Iterable[Intervention] = ()
    ) -> Trace:
        """A trace of `ids`; cached. Show it, do not change it."""
        with self.working():
            trace = cache.traces.get(self.llm, ids, names, interventions)
        if broken := _not_finite(trace):
            raise InputError("logits_not_finite", count=broken)
        return trace

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do this once the whole page is there and its address written: work that the reader watches, and that ends
        where the reader does something else."""
        _put_off.get().append(work)

    def say(self, key: str, **values: object) -> str:
        """A sentence by its full key."""
        return say(self.language, key, **values)

    def t(self, key: str, **values: object) -> str:
        """A sentence of this page."""
        return say(self.language, f"{self.name}.{key}", **values)

    def lesson(self, section: str, **values: object) -> None:
        """Show a section of this page's lesson."""
        st.markdown(lesson(self.language, self.name, section, **values))

    def pick(self, name: str, size: int, default: int) -> int:
        """Field `name` of the state as an index below `size`; said on the page if the link asked for more."""
        value = getattr(self.state, name)
        if value is None:
            return default
        if value >= size:
            what = self.say(f"ui.fields.{name}")
            self._notes.info(self.say("ui.out_of_range", what=what, asked=value, last=size - 1), icon=":material/info:")
            return size - 1
        return value

    def existing_heads(self, heads: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Of these (layer, head) those that this model has, each once; said on the page if there are others."""
        config = self.llm.config
        heads = list(dict.fromkeys(heads))
        found = [h for h in heads if h[0] < config.n_layer and h[1] < config.n_head]
        if found != heads:
            asked = ", ".join(f"{layer}.{head}" for layer, head in heads if (layer, head) not in found)
            self._notes.info(self.say("ui.no_such_heads", heads=asked), icon=":material/info:")
        return found

    def bind(self, name: str, value: Any, **how: Any) -> dict[str, Any]:
        """Tie a widget to a field of the state: see `gptviz.ui.state.bind`."""
        return state.bind(name, value, page=self.name, **how)

    def token_chip(self, pieces: Sequence[str], position: int) -> str:
        """Markdown for one of a row of tokens; with its position where the same token stands elsewhere too."""
        shown = chips.chip(position, pieces[position])
        if pieces.count(pieces[position]) == 1:
            return shown
        return f"{shown} ({self.say('ui.position', position=position)})"

    def plot(self, figure: go.Figure, *, alt: str, key: str | None = None) -> None:
        """Show a chart. alt: what it shows, in words, for those who cannot see it."""
        st.plotly_chart(figure, key=key, theme=None, alt=alt, config={"displayModeBar": False})

    def look_for(self, sentences: Sequence[str]) -> None:
        """What to look for: sentences computed from this trace."""
        with st.container(border=True, key=f"{self.name}-look"):
            st.markdown(f"**:material/visibility: {self.say('ui.look_for')}**")
            st.markdown("\n".join(f"- {sentence}" for sentence in sentences))

    @contextmanager
    def depth(self, name: str) -> Iterator[bool]:
        """A part of the page that goes deeper; gives whether it is open."""
        opened = name in self.state.depth
        label = f"**{self.say(f'ui.depths.{name}')}** · {self.say(f'ui.pages.{self.name}.{name}')}"
        others = tuple(depth for depth in self.state.depth if depth != name)
        tied = self.bind_depth(name, opened, others)
        with st.expander(label, icon=_DEPTH_ICONS[name], **tied):
            yield opened

    def bind_depth(self, name: str, opened: bool, others: tuple[str, ...]) -> dict[str, Any]:
        def read(is_open: bool) -> tuple[str, ...]:
            return tuple(d for d in state.DEPTHS if d in others or (d == name and is_open))

        return state.bind("depth", opened, read=read, page=f"{self.name}.{name}")


@dataclass
class Page(BarePage):
    """A page that follows the reader's prompt."""

    prompt: Prompt

    @cached_property
    def trace(self) -> Trace:
        """The prompt's trace, with everything recorded and nothing replaced."""
        return self.run()

    @cached_property
    def token(self) -> int:
        """The chosen position; the last one, from which the next token is predicted, until another is chosen."""
        return self.pick("token", len(self.prompt.ids), default=len(self.prompt.ids) - 1)

    @property
    def room(self) -> int:
        """How many tokens may be added to the prompt before the pages stop following."""
        return limit(self.llm) - len(self.prompt.ids)

    @property
    def added(self) -> tuple[int, ...]:
        """Tokens that the model wrote on behind the prompt, as far as they exist and fit."""
        added = self.state.added[: self.room]
        return added if all(i < self.llm.config.vocab_size for i in added) else ()

    def run(
        self,
        ids: Sequence[int] | None = None,
        names: str | Iterable[str] | None = None,
        interventions: Iterable[Intervention] = (),
    ) -> Trace:
        """A trace of the prompt, or of other ids; cached. Show it, do not change it."""
        return super().run(self.prompt.ids if ids is None else ids, names, interventions)

    def chips(self, label: str | None = None) -> int:
        """The prompt's tokens as chips, one of them chosen; returns its position."""
        return chips.choose(label or self.say("ui.choose_token"), self.prompt.pieces, self.token, self.name)

    def chip(self, position: int) -> str:
        """Markdown for one of the prompt's tokens: see `token_chip`."""
        return self.token_chip(self.prompt.pieces, position)


@overload
def start(name: str) -> Page: ...


@overload
def start(name: str, *, prompt: Literal[False]) -> BarePage: ...


def start(name: str, *, prompt: bool = True) -> BarePage:
    """Title, question and prompt bar of page `name`; then everything the page needs. Stops the page where a person
    has to act first: to confirm a download, or to type something. prompt: False for a page without the bar."""
    if not _inside_app.get():
        _let_app_run()
    lang = language()
    st.title(say(lang, f"ui.pages.{name}.title"), anchor=False)
    st.markdown(f":gray[{say(lang, f'ui.pages.{name}.question')}]")
    notes = st.container()
    _say_refused(notes, lang)
    busy = st.empty()
    llm = _load(state.model(), lang, busy)
    shared = (name, lang, theme.current(), llm, notes, busy)
    return Page(*shared, prompt_bar(llm, lang, name)) if prompt else BarePage(*shared)


def _let_app_run() -> None:
    """Streamlit takes a folder called `pages` for an app of its older kind until `st.navigation` was called once in
    this process: if its very first visitor asks for a page other than the start, it runs that page without app.py."""
    from gptviz.ui.shell import navigation

    navigation()
    st.rerun()


def _say_refused(place: Any, lang: str) -> None:
    for field, value in state.refused().items():
        shown = chips.plain(value[:60] + ("…" if len(value) > 60 else ""))
        sentence = say(lang, "ui.refused", what=say(lang, f"ui.fields.{field}"), value=shown)
        if field == "model":
            sentence += " " + say(lang, "ui.sidebar.model_unknown")
        place.info(sentence, icon=":material/info:")


def _load(name: str, lang: str, busy: Any) -> LLM:
    if cache.models.has(name):
        return cache.models.get(name)
    if find(name).kind == "hub" and not is_ready(name):
        _ask_before_fetching(name, lang)

    def show(stage: str, done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        in_bytes = stage in ("download", "unpack")
        amount = f"{done / 1e6:.0f} / {total / 1e6:.0f} MB" if in_bytes else f"{done} / {total}"
        place.progress(share, text=f"{say(lang, f'ui.loading.{stage}', model=name)} · {amount}")

    with busy.container():
        place = st.empty()
        with st.spinner(say(lang, "ui.loading.start", model=name)):
            llm = cache.models.get(name, show)
    busy.empty()
    return llm


def _ask_before_fetching(name: str, lang: str) -> None:
    """A link may name any model: gigabytes are fetched only after a click."""
    asked = st.session_state.setdefault("gptviz.fetch", set())
    if name in asked:
        return
    entry = find(name).entry
    size = say(lang, "ui.fetch.size", size=f"{entry.download_bytes / 1e6:,.0f}") if entry else None
    st.info(
        f"**{say(lang, 'ui.fetch.ask', model=chips.plain(name))}** {size or say(lang, 'ui.fetch.unknown_size')}",
        icon=":material/download:",
    )
    st.button(say(lang, "ui.fetch.button"), icon=":material/download:", on_click=asked.add, args=(name,))
    st.stop()


@contextmanager
def guarded() -> Iterator[None]:
    """Whatever goes wrong inside is said in the reader's language; a traceback goes to the log, never to the page."""
    lang = language()
    inside = _inside_app.set(True)
    try:
        yield
    except GptvizError as error:
        st.error(error.text(lang), icon=":material/report:")
        if isinstance(error, CheckpointError):
            st.button(say(lang, "ui.try_again"), icon=":material/refresh:")
    except Exception:
        code = secrets.token_hex(3)
        log.exception("error %s on a page; state %r", code, state.current())
        st.error(say(lang, "ui.unexpected", code=code), icon=":material/report:")
    finally:
        _inside_app.reset(inside)


@contextmanager
def putting_off() -> Iterator[list[Callable[[], None]]]:
    """Gathers what pages run inside want done `afterwards`."""
    work: list[Callable[[], None]] = []
    before = _put_off.set(work)
    try:
        yield work
    finally:
        _put_off.reset(before)
