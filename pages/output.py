"""From the last vector to the next word: logits, temperature, probabilities."""

import inspect
from functools import partial
from typing import Any

import streamlit as st

from gptviz.analysis import predictions
from gptviz.figures.predictions import percent
from gptviz.sampling import distribution, penalised
from gptviz.trace import Trace
from gptviz.ui import state
from gptviz.ui.chips import word
from gptviz.ui.page import Page, start
from gptviz.ui.prompt import temperature_examples
from gptviz.views.kit.wire import told
from gptviz.views.output import output_parts
from gptviz.views.streamlit import show

NAMES = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "word", "seed", "points", "followed", "log")


def main(page: Page) -> None:
    page.lesson("see")
    examples(page)
    trace, begin = started(page)
    shift = len(trace.ids) - len(page.prompt.ids)
    at = 0 if shift and page.state.start == "at" else page.token + shift
    logits = trace.logits[at]
    with page.progress("lens") as progress:
        show(
            "output",
            lambda values: output_parts(page.llm, trace, values, page.language, begin, progress),
            begin_with(page, at, shift, len(trace.ids)),
            key="output.view",
            on_change=partial(take, shift),
        )
    page.look_for(look_for(page, trace, logits))
    with page.depth("open") as shown:
        if shown:
            page.lesson("open")
            page.lesson("tied" if page.llm.config.tied else "untied")
            st.markdown(f"##### {page.t('open.code')}")
            st.code(inspect.getsource(penalised) + "\n\n" + inspect.getsource(distribution), language="python")
    with page.depth("test") as shown:
        if shown:
            predict(page, logits, predictions.leading(page.llm, logits, 2))
    with page.depth("notes") as shown:
        if shown:
            page.lesson("notes", **sizes(page))


def started(page: Page) -> tuple[Trace, str | None]:
    """What the page follows: the prompt, with a start token before it if the reader wants one; and what to call that
    token, None where the model has none to give."""
    bos, ids = page.llm.checkpoint.bos_id, page.prompt.ids
    if bos is None or ids[0] == bos or len(ids) >= page.llm.config.max_tokens:
        return page.trace, None
    return page.run([bos, *ids]) if page.state.start else page.trace, page.llm.pieces([bos])[0]


def begin_with(page: Page, at: int, shift: int, n_tokens: int) -> dict[str, Any]:
    """What the view begins with: see its `Values`."""
    chosen, vocab_size = page.state, page.llm.config.vocab_size
    st.session_state["output.about"] = state.about()
    word, followed = (page.pick(name, vocab_size, default=-1) for name in ("word", "followed"))
    exists = chosen.cell and chosen.cell[1] < n_tokens
    return {
        **{name: getattr(chosen, name) for name in NAMES},
        "temperature": told(chosen.temperature),
        "token": at,
        "start": bool(shift),
        "word": None if word < 0 else word,
        "followed": None if followed < 0 else followed,
        "open": list(chosen.unfolded),
        "cell": list(chosen.cell) if exists else None,
        # So that nothing chosen in another text is taken for a choice in this one.
        "of": [chosen.text or "", state.model(), bool(shift)],
    }


def take(shift: int, values: dict[str, Any] | None) -> None:
    """What the reader settled on, into the state; unless it was about another text or model, just left. shift: how
    many tokens stood before the prompt when the view was drawn."""
    if values is None or st.session_state.get("output.about") != state.about():
        state.touch()
        return
    begun, token = values["start"], values["token"]
    if begun != bool(shift):  # switched on or off just now: the view has already moved its token along
        shift = int(begun)
    place = {"start": "on" if begun else None, "token": token - shift}
    if token < shift:
        place = {"start": "at", "token": None}
    cell = values["cell"]
    state.change(
        by_view=True,
        **{name: values[name] for name in NAMES if name != "temperature"},
        temperature=float(values["temperature"]),
        unfolded=tuple(values["open"]),
        cell=(cell[0], cell[1]) if cell else None,
        **place,
    )


def examples(page: Page) -> None:
    """Prompts on which temperature does different things."""
    texts = temperature_examples(page.llm.name)
    if not texts:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="output-examples"):
        st.caption(page.t("try"), width="content")
        for kind, text in texts.items():
            label, choose = page.t(f"examples.{kind}"), partial(state.change, text=text)
            st.button(label, key=f"output.example.{kind}", type="tertiary", on_click=choose)


def sizes(page: Page) -> dict[str, str]:
    c = page.llm.config
    return {"d_model": f"{c.d_model:,}", "vocab_size": f"{c.vocab_size:,}"}


def look_for(page: Page, trace: Trace, logits) -> list[str]:
    vocab_size = sizes(page)["vocab_size"]
    among = {key: f"{predictions.perplexity(logits, t):,.1f}" for key, t in (("", 1), ("_hot", 2), ("_cold", 0.5))}
    said = [
        page.t("look.sure", **{f"perplexity{key}": value for key, value in among.items()}),
        page.t(
            "look.half",
            count=f"{predictions.holding(logits, 0.5):,}",
            count_90=f"{predictions.holding(logits, 0.9):,}",
            vocab_size=vocab_size,
        ),
    ]
    first, second = predictions.leading(page.llm, logits, 2)
    named = {
        "first": word(first.token),
        "second": word(second.token),
        "first_percent": percent(first.probability),
        "second_percent": percent(second.probability),
    }
    if second.probability > 0.8 * first.probability:
        said.append(page.t("look.toss", **named))
    elif first.probability > 0.95:
        said.append(page.t("look.peaked", **named))
    if len(trace.ids) > 2:
        least, most = predictions.certainty(trace)
        token, other = (page.token_chip(trace.tokens, place) for place in (most, least))
        said.append(page.t("look.certain", token=token, other=other))
    return said


def predict(page: Page, logits, candidates) -> None:
    page.lesson("test")
    first, second = candidates
    ratio, root = (predictions.ratio(logits, first.id, second.id, t) for t in (1.0, 2.0))
    values = {"ratio": f"{ratio:,.3g}", "half": f"{ratio / 2:,.3g}", "root": f"{root:,.3g}"}
    st.markdown(page.t("test.question", first=word(first.token), second=word(second.token), **values))
    st.radio(
        page.t("test.question", first=first.token, second=second.token, **values),
        ("same", "half", "root"),
        format_func=lambda option: page.t(f"test.{option}", **values),
        label_visibility="collapsed",
        **page.bind("answer", page.state.answer),
    )
    if page.state.answer:
        right = page.state.answer == "root"
        st.markdown(page.t("test.right" if right else "test.wrong", **values))
        st.caption(page.t("test.try_it"))


main(start("output"))
