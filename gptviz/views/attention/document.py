"""The attention view as one HTML file: `Trace.show("attention")`."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from gptviz.analysis import heads
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.trace import Trace
from gptviz.views import html
from gptviz.views.attention import SECTIONS, STOP
from gptviz.views.attention import parts as make
from gptviz.views.attention.answer import chosen_head
from gptviz.views.html import Document, Part

LAYERS_BYTES = 16_000_000  # of layer parts in a file


def document(
    llm: LLM,
    trace: Trace,
    *,
    layer: int | None = None,
    head: int | None = None,
    token: int | None = None,
    language: str = "en",
    opened: str | Sequence[str] = (),
) -> Document:
    """The view of a trace.

    layer, head, token: what it opens on; a head that does something clear, and the last token, unless given. opened:
    which of SECTIONS are unfolded. The file holds all layers if that makes less than LAYERS_BYTES, else that one;
    matrices and words of that head alone. Raises InputError for what does not exist.
    """
    config, T = llm.config, len(trace.ids)
    opened = [opened] if isinstance(opened, str) else list(opened)
    for name in opened:
        if name not in SECTIONS:
            raise InputError("no_such_section", value=name, known=", ".join(SECTIONS))
    layer, head, token = (
        _index(value, size) for value, size in ((layer, config.n_layer), (head, config.n_head), (token, T))
    )
    layer, head = chosen_head(heads.head_scores(trace), layer, head)
    token = T - 1 if token is None else token
    first = make.layer_part(llm, trace, layer, head)
    whole = len(first) * config.n_layer <= LAYERS_BYTES and len(make.heads_in(trace, head)) == config.n_head
    layers = range(config.n_layer) if whole else [layer]
    here = {"layer": layer, "head": head}
    parts = [
        Part("text", make.text_part(llm, trace), {}),
        Part("looks", make.looks_part(llm, trace, token), {"token": token}),
        *(Part("layer", make.layer_part(llm, trace, at, head), {"layer": at}) for at in layers),
        Part("weights", make.weights_part(llm, trace, layer, head), here),
        Part("outputs", make.outputs_part(llm, trace, layer, token), {"layer": layer, "token": token}),
        Part("reading", make.reading_part(llm, trace, layer, head, token, None), {**here, "token": token}),
    ]
    values = STOP.to_json(STOP.defaults() | here | {"token": token, "open": opened})
    title = f"{llm.name} · {layer}.{head} · {trace.text or ''}"[:120]
    return html.document(STOP, parts, values, title=title, language=language)


def _index(value: int | None, size: int) -> int | None:
    if value is None:
        return None
    try:
        index = operator.index(value)
    except TypeError:
        index = -1
    if isinstance(value, bool) or not 0 <= index < size:
        raise InputError("nothing_there", value=value, last=size - 1)
    return index
