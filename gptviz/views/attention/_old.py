"""The attention view: from all heads of a model down to one multiplication, on one text.

It is fed in parts, so that each number travels once and what is not looked at does not travel at all:

    text       the tokens, small pictures of every head, scores of every head
    facts      what to look for, seen from one token
    layer      one layer's queries, keys, values, scores, patterns
    weights    W_Q and W_K of one head, and what they multiply
    outputs    what every head of a layer adds to the stream at one token
    reading    the words that one head pushes up and down there
    last       what another last word would change
    off        the next word with some heads switched off

`attention_parts` gives those that `values`, the reader's choices, ask for. A part names the text it
belongs to (`of`), since the browser may still hold an older one.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gptviz.analysis import heads
from gptviz.errors import InputError
from gptviz.llm import LLM
from gptviz.text import LANGUAGES
from gptviz.trace import Trace
from gptviz.views.attention import parts as make
from gptviz.views.attention.parts import MEASURES, Run, name_of
from gptviz.views.html import Document, Part, document

__all__ = ["MEASURES", "ORDERS", "SECTIONS", "attention_document", "attention_parts", "name_of"]

SECTIONS = ("heads", "asking", "stages", "cell", "lines", "values", "outputs", "table", "off")
"""The parts of the view that unfold."""

ORDERS = ("layer", "look", "push", *MEASURES)
"""What the heads may be ordered by: their place, what they do from the chosen token, what is measured of each."""

DOCUMENT_BYTES = 16_000_000  # of layer parts in an HTML file


def attention_parts(
    llm: LLM,
    trace: Trace,
    values: Mapping[str, Any],
    language: str,
    run: Run,
    *,
    others: Sequence[str] = (),
    limit: int | None = None,
) -> dict[str, bytes]:
    """The parts that the reader's choices need. values: see `view.js`; layer, head and token must exist. others: texts
    worth trying as a second one, which is followed up to `limit` tokens."""
    layer, head, token, opened = values["layer"], values["head"], values["token"], values["open"]
    parts = {
        "text": _once(trace, ("text", language), lambda: make.text_part(llm, trace, language, others)),
        "facts": _once(trace, ("facts", token), lambda: make.facts_part(llm, trace, token)),
        "layer": make.layer_part(llm, trace, layer, head),
    }
    if "asking" in opened:
        parts["weights"] = make.weights_part(llm, trace, layer, head)
    if "outputs" in opened:
        parts["outputs"] = make.outputs_part(llm, trace, layer, token)
    if "values" in opened:
        parts["reading"] = make.reading_part(llm, trace, layer, head, token, values["key"])
    if values["last"] is not None:
        parts["last"] = make.last_part(llm, trace, layer, head, values["last"], language, run)
    if values["off"]:
        off = [tuple(head) for head in values["off"]]
        about = (token, off, values["again"], values["second"], language, limit)
        parts["off"] = _once(trace, ("off", str(about)), lambda: make.off_part(llm, trace, *about, run))
    return parts


# Asked for again at every click, and slow to make: kept as long as the trace is.
_made: weakref.WeakKeyDictionary[Trace, dict[tuple, bytes]] = weakref.WeakKeyDictionary()


def _once(trace: Trace, key: tuple, compute: Callable[[], bytes]) -> bytes:
    made = _made.setdefault(trace, {})
    # A trace grows in place.
    key = (len(trace.ids), *key)
    if key not in made:
        made[key] = compute()
    return made[key]


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


def attention_document(
    llm: LLM,
    trace: Trace,
    *,
    layer: int | None = None,
    head: int | None = None,
    token: int | None = None,
    language: str = "en",
    opened: str | Sequence[str] = (),
) -> Document:
    """The view as one HTML file: `Trace.show("attention")`.

    layer, head, token: what it opens on; a head that does something clear, and the last token, unless given. opened:
    which of SECTIONS are unfolded. The file holds all layers if that makes less than DOCUMENT_BYTES, else that one;
    matrices and words of that head alone.
    """
    config, T = llm.config, len(trace.ids)
    if language not in LANGUAGES:
        raise InputError("no_such_language", value=language, known=", ".join(LANGUAGES))
    opened = [opened] if isinstance(opened, str) else list(opened)
    for name in opened:
        if name not in SECTIONS:
            raise InputError("no_such_section", value=name, known=", ".join(SECTIONS))
    layer, head, token = (
        _index(value, size) for value, size in ((layer, config.n_layer), (head, config.n_head), (token, T))
    )
    scores = heads.head_scores(trace)
    layer = heads.clear_head(scores)[0] if layer is None else layer
    head = heads.clear_head(scores, layer)[1] if head is None else head
    token = T - 1 if token is None else token
    first = make.layer_part(llm, trace, layer, head)
    whole = len(first) * config.n_layer <= DOCUMENT_BYTES and len(make.heads_in(trace, head)) == config.n_head
    layers = range(config.n_layer) if whole else [layer]
    here = {"layer": layer, "head": head}
    parts = [
        Part("text", make.text_part(llm, trace, language), {}),
        Part("facts", make.facts_part(llm, trace, token), {"token": token}),
        *(Part("layer", make.layer_part(llm, trace, at, head), {"layer": at}) for at in layers),
        Part("weights", make.weights_part(llm, trace, layer, head), here),
        Part("outputs", make.outputs_part(llm, trace, layer, token), {"layer": layer, "token": token}),
        Part("reading", make.reading_part(llm, trace, layer, head, token, None), {**here, "token": token}),
    ]
    values = {**here, "of": name_of(llm, trace.ids), "token": token, "open": opened}
    title = f"{llm.name} · {layer}.{head} · {trace.text or ''}"[:120]
    return document("attention", parts, values, title=title, language=language)
