"""The prompt bar: the text at the top of each page, examples to choose from, and what became of it."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache

import streamlit as st

from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.paths import asset
from gptviz.text import say
from gptviz.ui import state
from gptviz.ui.chips import plain

DEFAULT_MAX_TOKENS = 256
DEFAULT_IDS = "0 1 2"  # the text of a model without a tokenizer


@dataclass(frozen=True)
class Prompt:
    """What the pages follow through the model: `text` (what the reader typed), the tokens left after cutting."""

    text: str
    ids: tuple[int, ...]
    pieces: tuple[str, ...]


def max_tokens() -> int:
    """How many tokens of a prompt are followed, from GPTVIZ_MAX_TOKENS: a positive whole number, else 256."""
    value = os.environ.get("GPTVIZ_MAX_TOKENS", "")
    return int(value) if value.isdecimal() and int(value) > 0 else DEFAULT_MAX_TOKENS


@cache
def _file() -> dict:
    return tomllib.loads(asset("examples.toml").read_text(encoding="utf-8"))


def second_text(llm: LLM) -> str:
    """Another text to try what was tried on the first."""
    if llm.tokenizer is None:
        return DEFAULT_IDS
    return _file()["second"].get(llm.name, _file()["second"]["default"])


def examples(model: str) -> list[dict]:
    """Groups of example prompts for a model: dicts with `en`, `zh` (the group's name) and `texts`. Groups that name
    the model are for it alone; the others are for every model that has none of its own."""
    own = [group for group in _file()["group"] if group.get("model") == model]
    return own or [group for group in _file()["group"] if "model" not in group]


def temperature_examples(model: str) -> dict[str, str]:
    """Prompts by what temperature does to them; none for a model that has its own examples."""
    return {} if any(group.get("model") == model for group in _file()["group"]) else _file()["temperature"]


def token_examples(model: str) -> dict[str, str]:
    """Prompts by what they teach about tokens; none for a model that has its own examples."""
    return {} if any(group.get("model") == model for group in _file()["group"]) else _file()["tokens"]


def others_like(model: str, text: str) -> list[str]:
    """Example prompts of the same groups as `text`, without it."""
    groups = [group["texts"] for group in examples(model) if text in group["texts"]]
    return list(dict.fromkeys(other for texts in groups for other in texts if other != text))[:4]


def default_text(model: str) -> str:
    """The prompt shown before anything is typed."""
    return examples(model)[0]["texts"][0]


# The input has one line: a line end is shown, and may be typed, as the sign the tokens use for it.
def to_line(text: str) -> str:
    """A text as an input of one line shows it."""
    return text.replace("\n", "⏎")


def from_line(line: str, most: int = state.MAX_CHARS) -> str:
    """The text that an input of one line holds, at most so many characters of it."""
    return state.clean(line).replace("⏎", "\n")[:most]


def prompt_bar(llm: LLM, language: str, page: str) -> Prompt:
    """Show the bar; what the pages follow. Raises InputError if no token is left."""

    def t(key: str, **values: object) -> str:
        return say(language, f"ui.prompt.{key}", **values)

    text = state.current().text
    if text is None:
        text = default_text(llm.name) if llm.tokenizer else DEFAULT_IDS
    with st.container(horizontal=True, vertical_alignment="bottom", key="prompt-bar"):
        st.text_input(
            t("label") if llm.tokenizer else t("label_ids"),
            placeholder=t("placeholder"),
            help=t("help", limit=limit(llm)),
            **state.bind("text", to_line(text), read=from_line, page=page),
        )
        if llm.tokenizer:
            _example_menu(llm.name, language, t("examples"), page)
    prompt, cuts = read(llm, text, language)
    with st.container(horizontal=True, gap="small", key="prompt-notes"):
        for note in (t("count", n_tokens=len(prompt.ids), limit=limit(llm)), *cuts):
            st.caption(note, width="content")
    if not prompt.ids:
        raise InputError("no_tokens")
    return prompt


def _example_menu(model: str, language: str, label: str, page: str) -> None:
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


def limit(llm: LLM) -> int:
    """How many tokens the pages follow on this model."""
    return min(max_tokens(), llm.config.max_tokens)


def _named(char: str) -> str:
    """A character as a reader can recognise it; by its code point where nothing of it would show."""
    return plain(char) if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"


def read(llm: LLM, text: str, language: str, most_chars: int = state.MAX_CHARS) -> tuple[Prompt, list[str]]:
    """The prompt that a text gives, and a sentence about each thing that did not fit. Raises InputError for a text
    that a model without a tokenizer cannot read as ids."""

    def t(key: str, **values: object) -> str:
        return say(language, f"ui.prompt.{key}", **values)

    most, cuts = limit(llm), []
    if llm.tokenizer is None:
        words = text.replace(",", " ").split()
        if not all(word.isascii() and word.isdecimal() for word in words):
            raise InputError("ids_expected", vocab_size=llm.config.vocab_size)
        every = llm.check_ids([int(word) for word in words])
    else:
        dropped = llm.tokenizer.dropped(text)
        if dropped:
            shown = " ".join(dict.fromkeys(_named(d.char) for d in dropped[:50]))
            cuts.append(":material/backspace: " + t("dropped", count=len(dropped), which=shown))
        every = llm.tokenizer.encode(text) if text else []
    ids = tuple(every[:most])
    if len(every) > most:
        cuts.insert(0, ":material/content_cut: **" + t("cut", n_tokens=len(every), limit=most) + "**")
    if len(text) >= most_chars:
        cuts.append(":material/content_cut: **" + t("cut_chars", limit=most_chars) + "**")
    return Prompt(text, ids, tuple(llm.pieces(ids))), cuts
