"""Sentences side by side, with a word chosen in each: what the page Context compares."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

import streamlit as st

from gptviz.analysis.context import shared_places
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.paths import asset
from gptviz.ui import chips, state
from gptviz.ui.prompt import Prompt, from_line, read, to_line
from gptviz.ui.tracing import TracingPage
from gptviz.views.context import LETTERS, SENTENCE_CHARS

LITTLE = 3  # letters of a word too small to be worth comparing


@dataclass(frozen=True)
class Sentence:
    """A sentence, and the position of the word chosen in it."""

    prompt: Prompt
    at: int


@cache
def _file() -> dict[str, list[dict]]:
    return tomllib.loads(asset("contexts.toml").read_text(encoding="utf-8"))


def _for_model(kind: str, model: str) -> list[dict]:
    own = [entry for entry in _file()[kind] if entry.get("model") == model]
    return own or [entry for entry in _file()[kind] if "model" not in entry]


def examples(model: str) -> list[dict]:
    """What a model's readers may start from: dicts with `name` and `texts`, three or two. The first is the default."""
    return _for_model("example", model)


def notes_pair(model: str) -> dict:
    """The pair of sentences that the test is about: see assets/contexts.toml."""
    return _for_model("notes", model)[0]


def sentence_bar(page: TracingPage, known: list[int]) -> dict[str, Sentence]:
    """Show the sentences, each with its tokens; those that hold something, by letter. known: ids that are rather
    chosen than others, where nothing is chosen yet. Raises InputError for fewer than two sentences."""
    first = examples(page.llm.name)[0]["texts"]
    prompts, cuts = {}, {}
    for letter, default in zip(LETTERS, first, strict=True):
        text = page.chosen[letter]
        text = default if text is None else text
        prompts[letter], cuts[letter] = read(text, page.model, page.language, SENTENCE_CHARS)
    filled = {letter: prompt for letter, prompt in prompts.items() if prompt.ids}
    places = _places(page.llm, filled, known)
    _example_row(page)
    chosen = [page.chosen[f"at_{letter}"] is not None for letter in filled]
    if places is None and not all(chosen):
        st.info(page.t("input.no_shared"), icon=":material/touch_app:")
    places = places or {letter: len(prompt.ids) - 1 for letter, prompt in filled.items()}
    found = {}
    for letter, prompt in prompts.items():
        with st.container(key=f"sentence-{letter}"):
            text_column, word_column = st.columns(2, gap="medium")
            with text_column:
                st.text_input(
                    page.t(f"input.{letter}"),
                    placeholder=page.t("input.placeholder"),
                    **page.bind(letter, to_line(prompt.text), read=partial(from_line, most=SENTENCE_CHARS)),
                )
                for cut in cuts[letter]:
                    st.caption(cut)
            with word_column:
                if letter not in filled:
                    st.caption(page.t("input.empty"))
                    continue
                field = f"at_{letter}"
                at = page.pick_within(field, len(prompt.ids), default=places[letter])
                label = page.t("input.word", letter=letter.upper())
                chips.choose(label, prompt.pieces, at, field)
                found[letter.upper()] = Sentence(prompt, at)
    if len(found) < 2:
        raise InputError("two_sentences")
    return found


def _places(llm: LLM, prompts: dict[str, Prompt], known: list[int]) -> dict[str, int] | None:
    """Where the word stands in each, until one is chosen; None if all they share is a little word or nothing."""
    rows = [prompt.ids for prompt in prompts.values()]
    if len(rows) < 2:
        return None
    spelled = [len(piece.strip("·")) for piece in llm.pieces(rows[0])]
    shared = shared_places(rows, known, spelled)
    if shared is None:
        return None
    # "the" and "on" stand in every sentence and say nothing; in a model of letters there are no longer ones.
    little = rows[0][shared[0]] not in known and spelled[shared[0]] <= LITTLE < max(spelled)
    return None if little else dict(zip(prompts, shared, strict=True))


def _example_row(page: TracingPage) -> None:
    """Sentences to start from."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="sentence-examples"):
        st.caption(page.t("input.examples"), width="content")
        for number, example in enumerate(examples(page.llm.name)):
            st.button(
                example["name"],
                key=f"{page.name}.example.{number}",
                type="tertiary",
                on_click=compare,
                args=(example["texts"],),
            )


def compare(texts: Sequence[str]) -> None:
    """Put sentences into the inputs. For callbacks."""
    values = dict(zip(LETTERS, [*texts, ""], strict=False))
    state.change(**values, at_a=None, at_b=None, at_c=None)
