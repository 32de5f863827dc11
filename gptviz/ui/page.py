"""What every page does first. How a page is written:

    from gptviz.ui.page import start

    page = start("output")                # title, question, prompt bar; stops here if there is nothing to show
    page.lesson("see")
    answer = page.ask()                   # the engine's answer to the reader's choices
    page.view(answer)                     # the stop's view; what the reader does there comes back into the choices
    page.look_for(answer)
    with page.depth("open") as shown:     # "open", "test", "notes": closed at first, kept in the address
        if shown:                         # nothing is computed for a closed one
            page.lesson("open")

A page lays out and calls: what it shows is in the answer, what can be chosen is declared by the stop
(`gptviz/views/{stop}/__init__.py`). `page.t(key)` is the sentence `{stop}.{key}`, `page.lesson(section)` a section of
the lesson, both from assets/text/{language}. A widget that has to survive Back, reload and a shared link is tied to a
declared choice by `page.bind`. `start("context", prompt=False)` leaves out the prompt bar, for a page that asks for its
texts itself. Raise GptvizError for what a reader can put right; anything else raised here ends in a calm panel with a
code, and in the log.
"""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from textwrap import dedent
from typing import Any, TypeVar

import plotly.graph_objects as go
import streamlit as st

from gptviz.checkpoints import find, is_ready
from gptviz.engine import Answer, Question, engine
from gptviz.engine.basics import ModelFacts
from gptviz.errors import CheckpointError, GptvizError
from gptviz.figures.colours import Theme
from gptviz.numbers import count
from gptviz.text import lesson, say, sections
from gptviz.ui import chips, facts, state, theme
from gptviz.ui.prompt import Prompt, prompt_bar
from gptviz.views import streamlit as host
from gptviz.views.kit.choices import DEPTHS, Stop
from gptviz.views.kit.kinds import Beyond

log = logging.getLogger("gptviz")

AnyPage = TypeVar("AnyPage", bound="Page")

_inside_app: ContextVar[bool] = ContextVar("inside_app", default=False)
_put_off: ContextVar[list[Callable[[], None]]] = ContextVar("put_off")
_DEPTH_ICONS = {"open": ":material/frame_inspect:", "test": ":material/science:", "notes": ":material/menu_book:"}


def language() -> str:
    """The reader's language: chosen, or else the browser's."""
    chosen = state.current()["language"]
    return chosen or ("zh" if (st.context.locale or "").lower().startswith("zh") else "en")


@dataclass
class Page:
    """What a page has to work with: see this module's docstring."""

    stop: Stop
    language: str
    theme: Theme
    model: ModelFacts
    prompt: Prompt
    """Without tokens on a page without the prompt bar."""
    chosen: dict[str, Any]
    """The reader's choices by name; what does not exist here is the last there is, said on the page."""
    notes: Any
    """Where to say what a link asked for in vain."""
    _busy: Any  # where to say that the model is at work: in its own place, so that nothing on the page moves

    @property
    def name(self) -> str:
        return self.stop.name

    # -- the engine

    def question(self) -> Question:
        """The reader's choices as a question; the text is the one that is shown, chosen or not."""
        shown = {"text": self.prompt.text} if "text" in self.stop.by_name else {}
        return Question(self.name, state.model(), self.prompt.ids, choices=self.stop.to_json(self.chosen | shown))

    def ask(self, question: Question | None = None) -> Answer:
        """The engine's answer to the reader's choices, or to another question."""
        with self.working():
            return engine().ask(question or self.question(), self._progress)

    def view(self, answer: Answer, take: Callable[[Mapping[str, Any], Mapping[str, Any]], None] = state.take) -> None:
        """Show the stop's view. What the reader settles on there goes into the choices, by `take(report, began)`,
        unless it was about another text or model, just left. began: what is there without a choice of the reader's."""
        about = state.about()
        began = self.stop.to_json(self.stop.defaults())
        began |= {name: value for name, value in answer.choices.items() if self._is_default(name)}

        def taken(report: Mapping[str, Any]) -> None:
            state.touch()
            if about == state.about():
                take(report, began)

        host.show(
            self.stop,
            answer.parts,
            answer.choices,
            language=self.language,
            about=about,
            take=taken,
            left=state.touch,
        )

    def _is_default(self, name: str) -> bool:
        return self.chosen[name] == self.stop.by_name[name].default

    def tell(self, answer: Answer) -> None:
        """Tell the view what has just come about."""
        host.tell(self.stop, answer.parts["news"])

    @contextmanager
    def working(self) -> Iterator[None]:
        """Says that the model is at work, as long as it is. What is shown meanwhile stands where it would otherwise."""
        with ExitStack() as stack:
            with self._busy:
                stack.enter_context(st.spinner(self.say("ui.running")))
            yield

    def _progress(self, what: str, done: int, total: int) -> None:
        """Shows how far something is, in the place where the page says that the model is at work."""
        self._busy.progress(done / total, text=self.say(f"ui.progress.{what}"))
        if done == total:
            self._busy.empty()

    def afterwards(self, work: Callable[[], None]) -> None:
        """Do this once the whole page is there and its address written: work that the reader watches, and that ends
        where the reader does something else."""
        _put_off.get().append(work)

    # -- words

    def say_beyond(self, name: str, gone: Beyond) -> None:
        """That a link asked for more than there is, and what is shown instead."""
        what = self.say(field_key(self.stop.address(name)))
        key = "ui.left_out" if gone.last is None else "ui.out_of_range"
        self.notes.info(self.say(key, what=what, asked=gone.asked, last=gone.last), icon=":material/info:")

    def say(self, key: str, **values: object) -> str:
        """A sentence by its full key."""
        return say(self.language, key, **values)

    def t(self, key: str, **values: object) -> str:
        """A sentence of this page."""
        return say(self.language, f"{self.name}.{key}", **values)

    def lesson(self, section: str, **values: object) -> None:
        """Show a section of this page's lesson; nothing if it has none of that name. The sizes of the model can be
        filled in as they are called in its config."""
        if section in sections(self.language, self.name):
            sizes = {name: count(size) for name, size in self.model.sizes.items()}
            st.markdown(lesson(self.language, self.name, section, **(sizes | values)))

    def quote(self, *code: Callable[..., Any], then: str = "") -> None:
        """Show functions and classes as they stand in the source, and lines to go on with."""
        parts = [dedent(inspect.getsource(one)) for one in code] + [then]
        st.code("\n\n".join(part.strip() for part in parts if part), language="python", wrap_lines=True)

    def look_for(self, answer: Answer) -> None:
        """What to look for: sentences computed from this trace."""
        tokens = answer.facts.get("tokens", self.prompt.pieces)
        self.look_for_sentences(
            [facts.sentence(fact, tokens, self.language, self.name) for fact in answer.facts["look"]]
        )

    def look_for_sentences(self, sentences: Sequence[str]) -> None:
        """The same with sentences that the page has made."""
        with st.container(border=True, key=f"{self.name}-look"):
            st.markdown(f"**:material/visibility: {self.say('ui.look_for')}**")
            st.markdown("\n".join(f"- {sentence}" for sentence in sentences))

    # -- what stands on the page

    def link(self, name: str, label: str | None = None, **choices: Any) -> None:
        """A link to another page that keeps the reader's choices, but for those made here, by that page's names. label:
        the page's title unless given."""
        query = state.to_query(state.elsewhere(name, **choices))
        label = label or f"**{self.say(f'ui.pages.{name}.title')}**"
        icon = ":material/arrow_forward:"
        st.page_link(f"pages/{name}.py", label=label, icon=icon, icon_position="right", query_params=query)

    def examples(self, texts: Mapping[str, str]) -> None:
        """Texts to try, by what they show; nothing if there are none."""
        if not texts:
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{self.name}-examples"):
            st.caption(self.t("try"), width="content")
            for kind, text in texts.items():
                key = f"{self.name}.example.{kind}"
                label, choose = self.t(f"examples.{kind}"), state.change
                st.button(label, key=key, type="tertiary", on_click=choose, kwargs={"text": text})

    def bind(self, name: str, value: Any, **how: Any) -> dict[str, Any]:
        """Tie a widget to a choice: see `gptviz.ui.state.bind`."""
        return state.bind(name, value, **how)

    def radio(self, name: str, question: str, labels: Mapping[Any, str], *, horizontal: bool = False) -> Any:
        """Ask a question with a few answers, tied to a choice; the answer given, if it is one of them."""
        given = self.chosen[name] if self.chosen[name] in labels else None
        st.markdown(f"**{question}**")
        st.radio(
            chips.spoken(question),
            list(labels),
            format_func=labels.__getitem__,
            label_visibility="collapsed",
            horizontal=horizontal,
            **self.bind(name, given),
        )
        return given

    def token_chip(self, pieces: Sequence[str], position: int) -> str:
        """Markdown for one of a row of tokens; with its position where the same token stands elsewhere too."""
        return chips.numbered_chip(pieces, position, self.language)

    def plot(self, figure: go.Figure, *, alt: str, key: str | None = None) -> None:
        """Show a chart. alt: what it shows, in words, for those who cannot see it."""
        st.plotly_chart(figure, key=key, theme=None, alt=alt, config={"displayModeBar": False})

    @contextmanager
    def depth(self, name: str) -> Iterator[bool]:
        """A part of the page that goes deeper; gives whether it is open."""
        others = [depth for depth in self.chosen["depth"] if depth != name]
        opened = name in self.chosen["depth"]
        label = f"**{self.say(f'ui.depths.{name}')}** · {self.say(f'ui.pages.{self.name}.{name}')}"

        def read(is_open: bool) -> tuple[str, ...]:
            return tuple(d for d in DEPTHS if d in others or (d == name and is_open))

        tied = self.bind("depth", opened, read=read, key=f"{self.name}.depth.{name}")
        with st.expander(label, icon=_DEPTH_ICONS[name], **tied):
            yield opened


def field_key(address: str) -> str:
    """The key of a choice's name in words: a stop's own stand in its file."""
    stop, dot, name = address.partition(".")
    return f"{stop}.fields.{name}" if dot else f"ui.fields.{address}"


def start(name: str, *, prompt: bool = True, page: type[AnyPage] = Page) -> AnyPage:
    """Title, question and prompt bar of page `name`; then everything the page needs. Stops the page where a person
    has to act first: to confirm a download, or to type something. prompt: False for a page without the bar. page: what
    to make of it."""
    if not _inside_app.get():
        _let_app_run()
    lang = language()
    st.title(say(lang, f"ui.pages.{name}.title"), anchor=False)
    st.markdown(f":gray[{say(lang, f'ui.pages.{name}.question')}]")
    notes = st.container()
    _say_refused(notes, lang)
    busy = st.empty()
    model = _load(state.model(), lang, busy)
    read = prompt_bar(model, lang) if prompt else Prompt("", (), ())
    sizes = model.sizes | ({"n_tokens": len(read.ids)} if prompt else {})
    chosen, beyond = state.here().within(state.current().of(state.here()), sizes)
    made = page(state.here(), lang, theme.current(), model, read, chosen, notes, busy)
    for choice, gone in beyond.items():
        made.say_beyond(choice, gone)
    return made


def _let_app_run() -> None:
    """Streamlit takes a folder called `pages` for an app of its older kind until `st.navigation` was called once in
    this process: if its very first visitor asks for a page other than the start, it runs that page without app.py."""
    from gptviz.ui.shell import navigation

    navigation()
    st.rerun()


def _say_refused(place: Any, lang: str) -> None:
    for address, value in state.refused().items():
        shown = chips.plain(value[:60] + ("…" if len(value) > 60 else ""))
        sentence = say(lang, "ui.refused", what=say(lang, field_key(address)), value=shown)
        if address == "model":
            sentence += " " + say(lang, "ui.sidebar.model_unknown")
        place.info(sentence, icon=":material/info:")


def _load(name: str, lang: str, busy: Any) -> ModelFacts:
    if not engine().ready(name):
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
                engine().load(name, show)
        busy.empty()
    return ModelFacts.of(engine().ask(Question("model", name)).facts)


def _ask_before_fetching(name: str, lang: str) -> None:
    """A link may name any model: gigabytes are fetched only after a click."""
    asked = st.session_state.setdefault("gptviz.fetch", set())
    if name in asked:
        return
    entry = find(name).entry
    size = say(lang, "ui.fetch.size", size=count(entry.download_bytes / 1e6)) if entry else None
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
