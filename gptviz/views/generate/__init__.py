"""The generation view: a text that grows word by word, what else could have come, and the tree of what was tried.

It is fed in parts, so that each number travels once and what is not looked at does not travel at all:

    text       the prompt's tokens, the model's sizes, every sentence
    tree       each text of the tree: how likely every token was, and what else could have come
    beams      what a beam search looked at
    cache      what the key-value cache holds, and how long a token took with and without it
    tasks      prompts that show by examples what is asked, and what the model answers

`generate_parts` gives those that `values`, the reader's choices, ask for. A part names the text it belongs to (`of`),
since the browser may still hold an older one. While the host writes, each token is told as news: `word_news`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gptviz.analysis.branches import Tree
from gptviz.analysis.generation import Timing
from gptviz.llm import LLM
from gptviz.sampling import Options
from gptviz.views.generate import parts as make
from gptviz.views.generate.parts import Task, done_news, options_of, timing_news, tree_of, word_news

__all__ = [
    "SECTIONS",
    "SPEEDS",
    "WAYS",
    "Task",
    "done_news",
    "generate_parts",
    "options_of",
    "timing_news",
    "tree_of",
    "word_news",
]

SECTIONS = ("choice", "cache", "tasks")
"""The parts of the view that unfold."""

WAYS = ("greedy", "sample", "beams")
"""How the next word is chosen."""

SPEEDS = ("full", "slow")
"""How quickly a run writes: as the model can, or as a class can follow."""


def generate_parts(
    llm: LLM,
    prompt: Sequence[int],
    tree: Tree,
    values: Mapping[str, Any],
    language: str,
    *,
    limit: int,
    measured: Sequence[Timing] = (),
    tasks: Sequence[Task] = (),
    said: str | None = None,
    puts: int = 0,
) -> dict[str, bytes]:
    """The parts that the reader's choices need. values: see `view.js`. limit: how many tokens a text may have here.
    measured: what was timed so far. tasks: prompts worth trying. said: why the last thing asked for could not be done.
    puts: how many words of the reader's own have been answered.
    """
    options: Options = options_of(values)
    parts = {
        "text": make.text_part(llm, prompt, language, limit, bool(tasks)),
        "tree": make.tree_part(llm, prompt, tree, options, said, puts),
    }
    if values["search"] is not None:
        parts["beams"] = make.beams_part(llm, prompt, values["search"], values["width"], values["ahead"], language)
    if "cache" in values["open"]:
        parts["cache"] = make.cache_part(llm, prompt, measured)
    if "tasks" in values["open"] and tasks:
        parts["tasks"] = make.tasks_part(llm, prompt, tasks, language)
    return parts
