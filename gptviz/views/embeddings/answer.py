"""What the embeddings stop answers."""

from __future__ import annotations

from typing import Any

from gptviz.analysis.embeddings import most_alike, neighbour_facts, row_facts
from gptviz.analysis.kept import kept
from gptviz.analysis.parameters import GPT3, count_parameters
from gptviz.analysis.similarity import nearest, space_baseline, vector_baseline
from gptviz.analysis.spaces import is_here, open_space, spaces_of
from gptviz.analysis.words import typed_words
from gptviz.llm import LLM
from gptviz.model import GPTConfig
from gptviz.views.embeddings import STOP
from gptviz.views.embeddings import parts as make
from gptviz.views.kit.asked import Answer, Asked

NEAREST = 12  # rows that "What to look for" is about
OPTIONS = 6  # tokens to choose from in the test
FIRST = 8  # numbers of the row that are quoted


def answer(asked: Asked) -> Answer:
    """facts: look; absent, the chosen space if it has to be fetched first; open, test and notes where they are opened:
    see `row`, `alike` and `sizes`."""
    llm, ids, chosen = asked.llm, asked.ids, settled(asked)
    id, different = ids[chosen["token"]], list(dict.fromkeys(ids))
    space = open_space(llm)
    parts = {"text": kept(space, ("text part", ids), lambda: make.text_part(llm, ids))}
    if asked.opened("product"):
        parts["product"] = kept(llm.model, ("product part", id), lambda: make.product_part(llm, id))
    if asked.opened("similarity"):
        words = typed_words(space, chosen["words"], different)
        parts["compared"] = make.compared_part(llm, different, *words)
        parts["chance"] = make.chance_part(space)
    if asked.opened("neighbours"):
        parts["neighbours"] = make.neighbours_part(llm, id, chosen["near"], chosen["space"])
    if asked.opened("position"):
        if llm.config.rope:
            trace, layer = asked.trace, chosen["layer"]
            parts["rotary"] = kept(trace, ("rotary part", layer), lambda: make.rotary_part(trace, layer))
        else:
            parts["learned"] = make.learned_part(llm, len(ids))
    facts: dict[str, Any] = {
        "look": kept(space, ("look", ids, chosen["token"]), lambda: look_for(llm, list(ids), chosen["token"])),
        "absent": None if is_here(chosen["space"]) else chosen["space"],
    }
    if asked.opened("open"):
        facts["open"] = kept(llm.model, ("row", id), lambda: row(llm, id))
    if asked.opened("test"):
        facts["test"] = kept(llm.model, ("alike", ids, chosen["token"]), lambda: alike(llm, ids, chosen["token"]))
    if asked.opened("notes"):
        facts["notes"] = [sizes(config) for config in (llm.config, GPT3)]
    return Answer(parts, facts, STOP.to_json(chosen))


def settled(asked: Asked) -> dict[str, Any]:
    """The reader's choices; the stop's own where none was made, or where this model or text has no such thing."""
    llm, choices = asked.llm, asked.choices
    token = len(asked.ids) - 1 if choices["token"] is None else choices["token"]
    key, positions = choices["key"], choices["positions"]
    possible = positions is not None and positions[1] <= positions[0] < llm.config.n_ctx
    return {
        **choices,
        "token": token,
        "layer": choices["layer"] or 0,
        "head": choices["head"] or 0,
        "key": None if key is None else min(key, token),
        "positions": positions if possible else None,
        "space": choices["space"] if choices["space"] in spaces_of(llm) else "input",
    }


def look_for(llm: LLM, ids: list[int], token: int) -> list[dict[str, Any]]:
    """About the rows of the text, and what lies nearest to one of them: facts as plain values."""
    space, id = open_space(llm), ids[token]
    near = nearest(space, space.rows[id], NEAREST, [id])
    return [fact.plain() for fact in (*row_facts(llm, ids, token), *neighbour_facts(llm, id, near))]


def row(llm: LLM, id: int) -> dict[str, Any]:
    """A token's row, `first` numbers of it. Beside its nearest, which a row of zeros has not: `length`, `other_length`
    and their `dot` product; their `cosine`, and what it has to be read against: `mean` of all pairs of rows, `own_mean`
    of this row with any, and how long the mean of all rows is, `mean_length`."""
    space = open_space(llm)
    found: dict[str, Any] = {"first": space.rows[id][:FIRST].tolist()}
    for other in nearest(space, space.rows[id], 1, without=[id]):
        found |= {
            "other": other.token,
            "dot": other.dot,
            "length": float(space.norms[id]),
            "other_length": other.norm,
            "cosine": other.cosine,
            "mean": space_baseline(space).mean,
            "own_mean": vector_baseline(space, space.rows[id], [id]).mean,
            "mean_length": float(space.rows.mean(0).norm()),
        }
    return found


def alike(llm: LLM, ids: tuple[int, ...], token: int) -> dict[str, Any] | None:
    """Which of some other tokens of the text has a row most like that of `token`: `options` with id, position and
    cosine each, the `best` of them by its id, and the `mean` that a row drawn at random gives. None for a text with
    too few different tokens to ask."""
    others = [id for id in dict.fromkeys(ids) if id != ids[token]][:OPTIONS]
    if len(others) < 2:
        return None
    best, cosines = most_alike(llm, ids[token], others)
    space = open_space(llm)
    return {
        "options": [{"id": id, "position": ids.index(id), "cosine": cosines[id]} for id in others],
        "best": best,
        "mean": vector_baseline(space, space.rows[ids[token]], [ids[token]]).mean,
    }


def sizes(config: GPTConfig) -> dict[str, Any]:
    """Of a model's embedding matrix: rows, columns, numbers and their share of the model; and its longest text."""
    numbers = count_parameters(config)
    return {
        "rows": config.vocab_size,
        "columns": config.d_model,
        "numbers": numbers["embed"],
        "share": numbers["embed"] / sum(numbers.values()),
        "context": config.n_ctx,
    }
