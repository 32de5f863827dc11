"""What the output stop answers."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from gptviz.analysis import lens as lenses
from gptviz.analysis import predictions
from gptviz.analysis.facts import Fact, Position, Rounded, Share
from gptviz.analysis.kept import kept
from gptviz.llm import LLM
from gptviz.trace import Trace
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.output import STOP
from gptviz.views.output import parts as make


def answer(asked: Asked) -> Answer:
    """facts: look; test (opened): what the two likeliest words have to do with each other at two temperatures."""
    llm, choices = asked.llm, asked.choices
    trace, start = started(asked)
    shift = len(trace.ids) - len(asked.ids)
    token = len(asked.ids) - 1 if choices["token"] is None else choices["token"]
    at = 0 if shift and choices["start"] == "at" else token + shift
    logits = trace.logits[at]
    cell = choices["cell"] if choices["cell"] and choices["cell"][1] < len(trace.ids) else None
    settled = {**choices, "token": token, "cell": cell, "start": choices["start"] if shift else None}
    parts = {
        "text": kept(trace, ("output text", start, shift), lambda: text(trace, start, shift)),
        "logits": make.logits_part(
            logits,
            llm.pieces,
            at,
            trace.ids[: at + 1],
            trace["ln_final"][at],
            llm.model.unembed.weight,
            choices["word"],
        ),
    }
    if asked.opened("sample"):
        parts["pieces"] = make.pieces_part(llm)
    if asked.opened("lens"):
        word, points = choices["followed"], choices["points"]
        found = lenses.lens(llm, trace, word, points, asked.progress_of("lens"))
        parts["lens"] = make.lens_part(llm, trace, found, word, points)
        if cell and cell[0] in found.names:
            parts["cell"] = make.cell_part(llm, trace, *cell)
    look = kept(trace, ("output look", at), lambda: [fact.plain() for fact in look_for(llm, trace, logits)])
    facts: dict[str, Any] = {"look": look, "tokens": trace.tokens}
    if asked.opened("test"):
        facts["test"] = compared(llm, logits)
    return Answer(parts, facts, STOP.to_json(settled))


def text(trace: Trace, start: str | None, shift: int) -> bytes:
    """The tokens, and how much each surprised the model."""
    return make.text_part(
        trace.tokens,
        predictions.surprisals(trace),
        predictions.ranks(trace),
        d_model=trace.config.d_model,
        tied=trace.config.tied,
        start=start,
        started=bool(shift),
    )


def started(asked: Asked) -> tuple[Trace, str | None]:
    """What is followed: the prompt, with a start token before it if the reader wants one; and what to call that token,
    None where the model has none to give."""
    llm, ids = asked.llm, asked.ids
    bos = llm.checkpoint.bos_id
    if bos is None or ids[0] == bos or len(ids) >= llm.config.max_tokens:
        return asked.trace, None
    trace = asked.run((bos, *ids), None, asked.interventions) if asked.choices["start"] else asked.trace
    return trace, llm.pieces([bos])[0]


def look_for(llm: LLM, trace: Trace, logits: Tensor) -> list[Fact]:
    """How sure the model is after one token, and where in the text it is most and least."""
    temperatures = {"perplexity": 1, "perplexity_hot": 2, "perplexity_cold": 0.5}
    among = {name: Rounded(predictions.perplexity(logits, t), 1) for name, t in temperatures.items()}
    held = {"count": predictions.nucleus_size(logits, 0.5), "count_90": predictions.nucleus_size(logits, 0.9)}
    said = [Fact("sure", among), Fact("half", {**held, "vocab_size": llm.config.vocab_size})]
    first, second = predictions.leading(llm, logits, 2)
    named = {
        "first": first.token,
        "second": second.token,
        "first_percent": Share(first.probability),
        "second_percent": Share(second.probability),
    }
    if second.probability > 0.8 * first.probability:
        said.append(Fact("toss", named))
    elif first.probability > 0.95:
        said.append(Fact("peaked", named))
    if len(trace.ids) > 2:
        least, most = predictions.least_and_most_certain(trace)
        said.append(Fact("certain", {"token": Position(most), "other": Position(least)}))
    return said


def compared(llm: LLM, logits: Tensor) -> dict[str, Any]:
    """The two likeliest words, and how many times as likely the first is, at temperatures 1 and 2."""
    first, second = predictions.leading(llm, logits, 2)
    ratio, root = (predictions.ratio(logits, first.id, second.id, t) for t in (1.0, 2.0))
    return {"first": first.token, "second": second.token, "ratio": ratio, "root": root}
