"""From the last vector to the next word: logits, temperature, probabilities."""

import inspect

import streamlit as st

from gptviz.analysis import predictions, unembedding
from gptviz.figures.predictions import percent, product_bars
from gptviz.sampling import distribution
from gptviz.ui import state
from gptviz.ui.chips import word
from gptviz.ui.page import Page, start
from gptviz.views.output import output_payload
from gptviz.views.streamlit import show

TERMS = 16  # of a dot product, drawn one by one


def main(page: Page) -> None:
    page.lesson("see")
    at = page.chips(page.t("choose"))
    logits = page.trace.logits[at]
    st.markdown(where(page, at))
    candidates = predictions.leading(page.llm, logits, 2)
    candidate = page.pick("word", page.llm.config.vocab_size, default=candidates[0].id)
    show(
        "output",
        {"logits": output_payload(logits, page.llm.pieces, page.language)},
        {"temperature": page.state.temperature, "word": page.state.word},
        key="output.view",
        on_change=lambda values: state.change(by_view=True, **values),
    )
    page.look_for(look_for(page, logits))
    with page.depth("open") as shown:
        if shown:
            opened(page, at, candidate)
    with page.depth("test") as shown:
        if shown:
            predict(page, logits, candidates)
    with page.depth("notes") as shown:
        if shown:
            page.lesson("notes", **sizes(page))


def sizes(page: Page) -> dict[str, str]:
    c = page.llm.config
    return {"d_model": f"{c.d_model:,}", "vocab_size": f"{c.vocab_size:,}"}


def where(page: Page, at: int) -> str:
    """What the chosen position is, and what came of it."""
    trace, token = page.trace, page.chip(at)
    if at == len(trace.ids) - 1:
        said = page.t("position_last", token=token)
    else:
        said = page.t(
            "position",
            token=token,
            next=page.chip(at + 1),
            percent=percent(predictions.given(trace)[at + 1]),
            rank=f"{predictions.rank(trace.logits[at], trace.ids[at + 1]):,}",
            vocab_size=sizes(page)["vocab_size"],
        )
    return said if at else f"{said} {page.t('position_first')}"


def look_for(page: Page, logits) -> list[str]:
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
    if len(page.trace.ids) > 2:
        least, most = predictions.certainty(page.trace)
        said.append(page.t("look.certain", token=page.chip(most), other=page.chip(least)))
    return said


def opened(page: Page, at: int, candidate: int) -> None:
    page.lesson("open")
    page.lesson("tied" if page.llm.config.tied else "untied")
    token = page.llm.pieces([candidate])[0]
    st.markdown(page.t("open.word", token=word(token)))
    dot = unembedding.dot_product(page.llm, page.trace, at, candidate)
    st.markdown(page.t("open.dot", **sizes(page)))
    dimensions = dot.largest(TERMS)
    terms = [float(dot.products[d]) for d in dimensions]
    rest = dot.logit - sum(terms)
    alt = page.t("open.alt", terms=", ".join(f"{d}: {v:+.2f}" for d, v in zip(dimensions, terms, strict=True)))
    page.plot(product_bars(terms, dimensions, rest, page.t("open.other"), page.theme), alt=alt, key="output.products")
    st.markdown(
        page.t(
            "open.sum",
            terms=len(terms),
            largest=f"{sum(terms):+.4f}",
            count=page.llm.config.d_model - len(terms),
            rest=f"{rest:+.4f}",
            logit=f"{dot.logit:.4f}",
        )
    )
    change = unembedding.shifted(page.trace.logits[at], 10.0)
    key = "open.constant" if change else "open.constant_exact"
    st.markdown(page.t(key, vocab_size=sizes(page)["vocab_size"], change=f"{change:.0e}"))
    st.markdown(f"##### {page.t('open.code')}")
    st.code(inspect.getsource(distribution), language="python")


def predict(page: Page, logits, candidates) -> None:
    page.lesson("test")
    first, second = candidates
    ratio, root = (unembedding.ratio(logits, first.id, second.id, t) for t in (1.0, 2.0))
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
