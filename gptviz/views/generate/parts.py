"""The parts of the generation view, each as bytes: see `gptviz.views.generate`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gptviz.analysis.branches import MOST_BRANCHES, MOST_TOKENS, Tree, grow
from gptviz.analysis.continuations import LIKELIEST, After, Known, answer, rate
from gptviz.analysis.generation import Timing, cache_size
from gptviz.analysis.kept import kept
from gptviz.beams import BeamSearch
from gptviz.errors import GptvizError, InputError
from gptviz.llm import LLM
from gptviz.sampling import Options
from gptviz.views.kit.names import name_of
from gptviz.views.kit.wire import pack

NONE = -1  # where an array has no token


@dataclass(frozen=True)
class Task:
    """A prompt that shows by examples what is asked, and asks it of several things."""

    name: str
    shown: str
    """The examples, as the prompt begins."""
    asked: tuple[str, ...]
    """What may stand behind them, each ending where the answer begins."""
    answers: tuple[str, ...]
    """What a person would answer to each."""
    labels: tuple[str, ...]
    """The answers to choose from; none: any token."""


def text_part(llm: LLM, prompt: Sequence[int], limit: int, tasks: bool) -> bytes:
    """The prompt, and what holds for every text behind it."""
    ends = sorted(llm.checkpoint.eos_ids)
    header = {
        "of": name_of(llm, prompt),
        "tokens": llm.pieces(prompt),
        "ends": [{"id": i, "piece": piece} for i, piece in zip(ends, llm.pieces(ends), strict=True)],
        "limit": limit,
        "most": {"tokens": MOST_TOKENS, "branches": MOST_BRANCHES},
        "sizes": {name: getattr(llm.config, name) for name in ("n_ctx", "n_layer", "vocab_size")},
        "ids": llm.tokenizer is None,
        "tasks": tasks,
    }
    return pack(header, {})


def tree_part(llm: LLM, prompt: Sequence[int], tree: Tree, options: Options) -> bytes:
    """Every token of the tree, each after the one before it, the prompt's end first; by token

    parent, id: its place in these arrays' order, and which it is
    p, q, rank: what the model gave it, what it is drawn with under `options`, its place among all
    next_ids, next_p, next_q [N, LIKELIEST]: the likeliest tokens behind it; NONE behind an end token
    left: how many tokens can be drawn behind it
    """
    found, nodes = rate(llm, prompt, tree, options), list(grow(tree).walk())
    place = {node.path: n for n, node in enumerate(nodes)}
    N, K = len(nodes), min(LIKELIEST, llm.config.vocab_size)
    arrays = {
        "parent": np.full(N, NONE, np.int32),
        "id": np.full(N, NONE, np.int32),
        "p": np.ones(N, np.float32),
        "q": np.ones(N, np.float32),
        "rank": np.ones(N, np.int32),
        "next_ids": np.full((N, K), NONE, np.int32),
        "next_p": np.zeros((N, K), np.float32),
        "next_q": np.zeros((N, K), np.float32),
        "left": np.zeros(N, np.int32),
    }
    for n, node in enumerate(nodes):
        if n:
            before = node.path[:-1]
            given = found[before].given[node.id]
            arrays["parent"][n], arrays["id"][n] = place[before], node.id
            arrays["p"][n], arrays["q"][n], arrays["rank"][n] = given.probability, given.drawn, given.rank
        if node.path in found and (node.id not in llm.checkpoint.eos_ids or node.children):
            behind = found[node.path]
            arrays["next_ids"][n] = behind.ids
            arrays["next_p"][n] = [behind.given[i].probability for i in behind.ids]
            arrays["next_q"][n] = [behind.given[i].drawn for i in behind.ids]
            arrays["left"][n] = behind.left
    ids = sorted({i for name in ("id", "next_ids") for i in arrays[name].flatten().tolist() if i != NONE})
    header = {
        "of": name_of(llm, prompt),
        "pieces": _pieces(llm, ids),
        "settings": repr(options),
        "plain": options == Options(),
    }
    return pack(header, arrays)


def job_part(
    of: str, answered: int, trouble: GptvizError | None, timings: Sequence[Mapping[str, float | None]]
) -> bytes:
    """What the host knows of the work for the reader: how many words of their own have been answered; why the last
    thing asked for could not be done; and what was timed: length, cached, plain [n] in seconds, NaN where only one of
    the two was."""
    header = {"of": of, "answered": answered, "trouble": trouble and trouble.plain()}
    columns = {name: [timing[name] for timing in timings] for name in ("length", "cached", "plain")}
    return pack(header, {name: np.array(column, np.float32) for name, column in columns.items()})


def word_news(
    llm: LLM, prompt: Sequence[int], path: Sequence[int], id: int, found: Known, timing: Timing | None
) -> bytes:
    """One token that was just written behind `path`. found: what may come after each text, that with it among them.
    timing: how long it took, if that was measured."""
    own = (*path, id)
    given, behind = found[tuple(path)].given[id], found.get(own)
    ids = [id, *(behind.ids if behind else ())]
    header = {
        "kind": "word",
        "of": name_of(llm, prompt),
        "path": list(path),
        "id": id,
        "p": given.probability,
        "q": given.drawn,
        "rank": given.rank,
        "next": _behind(behind) if behind else None,
        "pieces": _pieces(llm, ids),
        "timing": timing and _times(timing),
    }
    return pack(header, {})


def timing_news(llm: LLM, prompt: Sequence[int], timing: Timing) -> bytes:
    """One measurement that was just made."""
    return pack({"kind": "timing", "of": name_of(llm, prompt), "timing": _times(timing)}, {})


def done_news(of: str, path: Sequence[int], goal: int | None, trouble: GptvizError | None) -> bytes:
    """Nothing will come behind `path`. goal: how many tokens it should have had; None: it was measured. trouble: why
    there are fewer."""
    header = {"kind": "done", "of": of, "path": list(path), "goal": goal, "trouble": trouble and trouble.plain()}
    return pack(header, {})


def _pieces(llm: LLM, ids: Sequence[int]) -> dict[str, str]:
    return {str(id): piece for id, piece in zip(ids, llm.pieces(ids), strict=True)}


def _times(timing: Timing) -> dict[str, Any]:
    """JSON knows no NaN."""
    return {name: None if math.isnan(value) else value for name, value in asdict(timing).items()}


def _behind(behind: After) -> dict[str, Any]:
    given = [behind.given[i] for i in behind.ids]
    return {
        "ids": list(behind.ids),
        "p": [g.probability for g in given],
        "q": [g.drawn for g in given],
        "left": behind.left,
    }


def beams_part(llm: LLM, prompt: Sequence[int], path: Sequence[int], width: int, ahead: int) -> bytes:
    """A beam search behind `path`: every token it looked at closely, each after the one before it, by token

    parent, id, depth: its place in these arrays' order, which it is, and how far behind `path`
    logp, total: log-probability of the token, and of all up to it
    kept, ended: did the search go on from it, and is it an end token

    best: the results' last tokens, best first; greedy: what taking the likeliest each time comes to, in as many
    tokens. A search that cannot be: `trouble`."""
    header = {"of": name_of(llm, prompt), "path": list(path), "width": width, "ahead": ahead}
    ids = [*prompt, *path]

    def search(width: int) -> BeamSearch:
        return kept(llm.model, ("beams", *ids, width, ahead), lambda: llm.beams(ids, width, ahead))

    try:
        found, alone = search(width), search(1)
    except InputError as error:
        return pack({**header, "trouble": error.plain()}, {})
    nodes = found.nodes
    header |= {
        "tokens": [node.token for node in nodes],
        "best": found.best,
        "greedy": {
            "total": alone.nodes[alone.best[0]].total,
            "ids": [node.id for node in alone.path(alone.best[0])],
        },
        "pieces": _pieces(llm, [node.id for node in alone.path(alone.best[0])]),
    }
    arrays = {
        "parent": np.array([NONE if node.parent is None else node.parent for node in nodes], np.int32),
        "id": np.array([node.id for node in nodes], np.int32),
        "depth": np.array([node.depth for node in nodes], np.int32),
        "logp": np.array([node.log_probability for node in nodes], np.float32),
        "total": np.array([node.total for node in nodes], np.float32),
        "kept": np.array([node.kept for node in nodes], np.uint8),
        "ended": np.array([node.ended for node in nodes], np.uint8),
    }
    return pack(header, arrays)


def cache_part(llm: LLM, prompt: Sequence[int]) -> bytes:
    """What the cache holds for a token, and what is computed anew."""
    c, one = llm.config, cache_size(llm)
    header = {
        "of": name_of(llm, prompt),
        "numbers": one.numbers,
        "bytes": one.bytes,
        "queries": one.queries,
        "sizes": {name: getattr(c, name) for name in ("n_layer", "n_head", "n_kv_head", "d_head")},
        "itemsize": llm.dtype.itemsize,
        "weights": sum(p.numel() * p.element_size() for p in llm.model.parameters()),
    }
    return pack(header, {})


def tasks_part(llm: LLM, prompt: Sequence[int], tasks: Sequence[Task]) -> bytes:
    """What the model answers to each thing asked, with the examples before it and without them."""

    def rows(task: Task) -> list[dict[str, Any]]:
        made = []
        for asked, right in zip(task.asked, task.answers, strict=True):
            labels = task.labels or (right,)
            shown, bare = (answer(llm, text, labels) for text in (task.shown + asked, asked))
            first = llm.encode(right)[:1]
            made.append(
                {
                    "asked": asked,
                    "text": task.shown + asked,
                    "right": llm.pieces(first)[0],
                    "labels": [llm.pieces(llm.encode(label)[:1])[0] for label in labels],
                    "shown": {"pieces": shown.pieces, "p": shown.probabilities, "labels": shown.labels},
                    "bare": {"pieces": bare.pieces, "p": bare.probabilities, "labels": bare.labels},
                }
            )
        return made

    def compute() -> list[dict[str, Any]]:
        return [{"name": task.name, "shown": task.shown, "rows": rows(task)} for task in tasks]

    try:
        made = kept(llm.model, ("tasks", *tasks), compute)
    except GptvizError as error:
        return pack({"of": name_of(llm, prompt), "trouble": error.plain()}, {})
    return pack({"of": name_of(llm, prompt), "tasks": made}, {})
