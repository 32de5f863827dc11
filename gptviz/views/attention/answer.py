"""What the attention stop answers."""

from __future__ import annotations

from gptviz.analysis import heads
from gptviz.analysis.kept import kept
from gptviz.views.attention import STOP
from gptviz.views.attention import parts as make
from gptviz.views.kit.asked import Answer, Asked
from gptviz.views.kit.examples import others_like, second_text


def answer(asked: Asked) -> Answer:
    """Until the reader chooses: a head that does something clear, seen from the last token."""
    llm, trace, choices = asked.llm, asked.trace, asked.choices
    layer, head = chosen_head(heads.head_scores(trace), choices["layer"], choices["head"])
    token = len(asked.ids) - 1 if choices["token"] is None else choices["token"]
    second = second_text(llm.name) if choices["second"] is None else choices["second"]
    others = others_like(llm.name, trace.text or "")
    parts = {
        "text": kept(trace, "attention text", lambda: make.text_part(llm, trace, others)),
        "looks": kept(trace, ("attention looks", token), lambda: make.looks_part(llm, trace, token)),
        "layer": make.layer_part(llm, trace, layer, head),
    }
    if asked.opened("asking"):
        parts["weights"] = make.weights_part(llm, trace, layer, head)
    if asked.opened("outputs"):
        parts["outputs"] = make.outputs_part(llm, trace, layer, token)
    if asked.opened("values"):
        parts["reading"] = make.reading_part(llm, trace, layer, head, token, choices["key"])
    if choices["last"] is not None:
        parts["last"] = make.last_part(llm, trace, layer, head, choices["last"], asked.run)
    if choices["off"]:
        about = (token, choices["off"], choices["again"], second, asked.limit)
        parts["off"] = kept(trace, ("attention off", *about), lambda: make.off_part(llm, trace, *about, asked.run))
    facts = {"look": [fact.plain() for fact in heads.observations(llm, trace, token)]}
    settled = {**choices, "layer": layer, "head": head, "token": token, "second": second}
    return Answer(parts, facts, STOP.to_json(settled))


def chosen_head(scores: heads.HeadScores, layer: int | None, head: int | None) -> tuple[int, int]:
    """A head by its layer and its number there; what is None is chosen for doing something clear."""
    layer = heads.clear_head(scores)[0] if layer is None else layer
    return layer, heads.clear_head(scores, layer)[1] if head is None else head
