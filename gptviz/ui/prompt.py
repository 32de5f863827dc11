"""The prompt bar: the text at the top of each page, examples to choose from, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from gptviz.engine import Question, engine
from gptviz.engine.basics import ModelFacts
from gptviz.errors import InputError
from gptviz.text import say
from gptviz.ui import state
from gptviz.ui.chips import plain
from gptviz.views.kit.choices import MAX_CHARS
from gptviz.views.kit.examples import IDS, default_text, examples
from gptviz.views.kit.kinds import clean


@dataclass(frozen=True)
class Prompt:
    """What the pages follow through the model: `text` (what the reader typed), the tokens left after cutting."""

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    cut: bool = False
    """Whether the text has more tokens than these."""


# The input has one line: a line end is shown, and may be typed, as the sign the tokens use for it.
def to_line(text: str) -> str:
    """A text as an input of one line shows it."""
    return text.replace("\n", "⏎")


def from_line(line: str, most: int = MAX_CHARS) -> str:
    """The text that an input of one line holds, at most so many characters of it."""
    return clean(line).replace("⏎", "\n")[:most]


def prompt_bar(model: ModelFacts, language: str) -> Prompt:
    """Show the bar; what the pages follow. Raises InputError if no token is left."""
    t = partial(_say, language)
    text = state.current()["text"]
    if text is None:
        text = default_text(model.name) if model.has_tokenizer else IDS
    with st.container(horizontal=True, vertical_alignment="bottom", key="prompt-bar"):
        st.text_input(
            t("label") if model.has_tokenizer else t("label_ids"),
            placeholder=t("placeholder"),
            help=t("help", limit=model.limit),
            **state.bind("text", to_line(text), read=from_line),
        )
        if model.has_tokenizer:
            _example_menu(model.name, language, t("examples"))
    prompt, cuts = read(text, model, language)
    with st.container(horizontal=True, gap="small", key="prompt-notes"):
        for note in (t("count", n_tokens=len(prompt.ids), limit=model.limit), *cuts):
            st.caption(note, width="content")
    if not prompt.ids:
        raise InputError("no_tokens")
    return prompt


def _say(language: str, key: str, **values: object) -> str:
    return say(language, f"ui.prompt.{key}", **values)


def _example_menu(model: str, language: str, label: str) -> None:
    page = state.here().name
    key = f"{page}.examples"

    def take(text: str) -> None:
        state.change(text=text)
        st.session_state[key] = False  # close the menu

    with st.popover(label, icon=":material/list:", key=key, on_change=lambda: None):
        if not st.session_state.get(key):
            return
        for number, group in enumerate(examples(model)):
            st.caption(f"**{group[language]}**")
            with st.container(gap=None):
                for index, text in enumerate(group["texts"]):
                    st.button(
                        plain(to_line(text)),
                        key=f"{page}.example.{number}.{index}",
                        type="tertiary",
                        on_click=take,
                        args=(text,),
                    )


def _named(char: str) -> str:
    """A character as a reader can recognise it; by its code point where nothing of it would show."""
    return plain(char) if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"


def read(text: str, model: ModelFacts, language: str, most_chars: int = MAX_CHARS) -> tuple[Prompt, list[str]]:
    """The prompt that a text gives, and a sentence about each thing that did not fit. Raises InputError for a text
    that a model without a tokenizer cannot read as ids."""
    facts = engine().ask(Question("prompt", state.model(), choices={"text": text})).facts
    cuts, dropped = [], facts["dropped"]
    cut = facts["count"] > len(facts["ids"])
    if cut:
        sentence = _say(language, "cut", n_tokens=facts["count"], limit=model.limit)
        cuts.append(f":material/content_cut: **{sentence}**")
    if dropped:
        shown = " ".join(dict.fromkeys(map(_named, dropped[:50])))
        cuts.append(f":material/backspace: {_say(language, 'dropped', count=len(dropped), which=shown)}")
    if len(text) >= most_chars:
        cuts.append(f":material/content_cut: **{_say(language, 'cut_chars', limit=most_chars)}**")
    return Prompt(text, tuple(facts["ids"]), tuple(facts["pieces"]), cut), cuts
