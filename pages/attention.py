"""Attention: who looks at whom, in any head."""

import inspect
from textwrap import dedent

import pandas as pd
import streamlit as st

from gptviz.analysis import cell as cells
from gptviz.analysis import heads, neurons
from gptviz.analysis.predictions import leading, probabilities
from gptviz.figures import attention as figures
from gptviz.figures.compare import next_words
from gptviz.figures.predictions import percent
from gptviz.interventions import Scale
from gptviz.model import Attention, attention_scores
from gptviz.ui import state
from gptviz.ui.chips import word
from gptviz.ui.page import Page, start

STAGES = ("dot", "scaled", "masked", "pattern")


def go_to(layer: int, head: int, token: int | None = None) -> None:
    state.change(layer=layer, head=head, **({} if token is None else {"token": token}))


def titles(page: Page, value: str) -> tuple[str, str, str]:
    return page.t("query_axis"), page.t("key_axis"), page.t(value)


def habit(page: Page, scores: heads.HeadScores, layer: int, head: int) -> str:
    """What the head does on this text, in a sentence."""
    name, kind, sink = f"{layer}.{head}", scores.kind(layer, head), float(scores.sink[layer, head])
    if len(page.prompt.ids) == 1:
        return page.t("habit.alone")
    if kind:
        share = percent(float(scores.kinds[kind][layer, head]))
        return page.t(f"habit.{kind}", name=name, share=share, rows=scores.rows[kind])
    if sink > heads.MOST:
        return page.t("habit.parked", name=name, share=percent(sink))
    distance = f"{float(scores.distance[layer, head]):.1f}"
    return page.t("habit.mixed", name=name, sink=percent(sink), distance=distance)


def from_token(page: Page, layer: int, head: int) -> str:
    """What the head does for the chosen token."""
    i = page.token
    if i == 0:
        return page.t("from_first", query=page.chip(0))
    weights = cells.row(page.trace, layer, head, i).weight
    j = cells.strongest_key(page.trace, layer, head, i)
    about = {"query": page.chip(i), "target": page.chip(j), "share": percent(float(weights[j]))}
    if weights[0] <= weights[j]:
        return page.t("from_token", **about)
    return page.t("from_token_first", first=percent(float(weights[0])), first_token=page.chip(0), **about)


def look_for(page: Page, scores: heads.HeadScores) -> None:
    """Sentences about heads that stand out on this text, and a button for each."""
    sentences, found = [], []
    for kind in heads.KINDS:
        layer, head = heads.best(scores.kinds[kind])
        share = float(scores.kinds[kind][layer, head])
        if share > heads.MOST:
            about = {"rows": scores.rows[kind]} if kind in ("induction", "duplicate") else {}
            sentences.append(page.t(f"look.{kind}", name=f"{layer}.{head}", share=percent(share), **about))
            found.append((layer, head))
    look = heads.helping_look(page.llm, page.trace, page.token)
    if look:
        first = leading(page.llm, page.trace.logits[page.token], 1)[0]
        sentences.append(
            page.t(
                "look.helping",
                query=page.chip(look.query),
                word=word(first.token),
                probability=percent(first.probability),
                name=f"{look.layer}.{look.head}",
                push=f"{look.push:.2f}",
                target=page.chip(look.key),
                share=percent(look.weight),
            )
        )
        found.append((look.layer, look.head))
    if not sentences:
        sentences.append(page.t("look.nothing"))
    if len(page.prompt.ids) > 1:
        key = "look.sink" if neurons.first_token(page.trace) else "look.sink_few"
        sentences.append(page.t(key, parked=scores.parked, total=scores.sink.numel()))
    page.look_for(sentences)
    with st.container(horizontal=True, key="attention-found"):
        for layer, head in dict.fromkeys(found):
            name = f"{layer}.{head}"
            st.button(page.t("look.show", name=name), key=f"attention.show.{name}", on_click=go_to, args=(layer, head))


def see(page: Page, scores: heads.HeadScores, layer: int, head: int) -> None:
    config, tokens = page.llm.config, page.prompt.pieces
    page.lesson("see", all_heads=config.n_layer * config.n_head, n_head=config.n_head, n_layer=config.n_layer)
    page.chips(page.t("choose_query"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(page.t("layer"), range(config.n_layer), width=120, **page.bind("layer", layer))
        st.selectbox(page.t("head"), range(config.n_head), width=120, **page.bind("head", head))
    sentence = habit(page, scores, layer, head)
    st.markdown(f"{sentence} {from_token(page, layer, head)}")
    pattern = page.trace[f"blocks.{layer}.attn.pattern"][head]
    page.plot(
        figures.pattern(tokens, pattern, titles=titles(page, "weight"), query=page.token, theme=page.theme),
        alt=page.t("map_alt", layer=layer, head=head, n_tokens=len(tokens), sentence=sentence),
        key="attention.map",
    )


def stages(page: Page, scores: heads.HeadScores, layer: int, head: int) -> None:
    chosen = st.segmented_control(
        page.t("stage.label"),
        STAGES,
        required=True,
        format_func=lambda stage: page.t(f"stage.{stage}"),
        **page.bind("stage", page.state.stage),
    )
    values = getattr(page.trace.attention(layer), chosen)[head]
    about = {"query": page.token, "theme": page.theme}
    if chosen == "pattern":
        sums = values.sum(-1)
        extremes = {"smallest": f"{float(sums.min()):.6f}", "largest": f"{float(sums.max()):.6f}"}
        st.markdown(page.t("stage.pattern_text", n_tokens=len(sums), **extremes))
        hide = len(sums) > 1 and st.toggle(page.t("stage.hide_first"), **page.bind("hide", page.state.hide))
        if hide:
            sink, top = percent(float(scores.sink[layer, head])), f"{float(values[:, 1:].max()):.3f}"
            st.caption(page.t("stage.hidden", share=sink, top=top))
        figure = figures.pattern(page.prompt.pieces, values, titles=titles(page, "weight"), first=not hide, **about)
    else:
        with_scale, without = cells.sharpness(page.trace, layer, head)
        st.markdown(
            page.t(
                f"stage.{chosen}_text",
                bound=f"{figures.score_bound(values):.3g}",
                scale=f"{page.llm.config.scale(layer):.4g}",
                with_scale=f"{with_scale:.2f}",
                without=f"{without:.2f}",
            )
        )
        st.caption(page.t("stage.bound_note"))
        figure = figures.scores(page.prompt.pieces, values, titles=titles(page, "score"), **about)
    alt = page.t("stage.alt", stage=page.t(f"stage.{chosen}"), name=f"{layer}.{head}", n_tokens=len(values))
    page.plot(figure, alt=alt, key=f"attention.stage.{chosen}")


def one_cell(page: Page, layer: int, head: int) -> None:
    i, pieces = page.token, page.prompt.pieces
    j = st.selectbox(
        page.t("cell.key"),
        range(i + 1),
        format_func=lambda key: f"{key} {pieces[key]}",
        width=260,
        **page.bind("key", page.pick("key", i + 1, default=cells.strongest_key(page.trace, layer, head, i))),
    )
    it = cells.cell(page.trace, layer, head, i, j)
    page.plot(
        figures.dot_product(
            it.query,
            it.key,
            titles=(
                page.t("cell.query_strip", token=pieces[i]),
                page.t("cell.key_strip", token=pieces[j]),
                page.t("cell.products", dot=f"{it.dot:.4f}"),
            ),
            theme=page.theme,
        ),
        alt=page.t("cell.alt", query=pieces[i], target=pieces[j], dot=f"{it.dot:.4f}"),
        key="attention.cell",
    )
    st.caption(page.t("cell.strips"))
    d = page.llm.config.d_head
    root = it.scale == d**-0.5
    step = rf"\frac{{ {it.dot:.4f} }}{{ \sqrt{{ {d} }} }}" if root else rf"{it.dot:.4f} \times {it.scale:.4g}"
    softmax = rf"\frac{{ e^{{ {it.scaled:.4f} - ({it.largest:.4f}) }} }}{{ {it.total:.4f} }}"
    for text, formula in (
        ("sum", rf"q \cdot k = {it.dot:.4f}"),
        ("scale_root" if root else "scale_other", rf"{step} = {it.scaled:.4f}"),
        ("softmax", rf"{softmax} = \frac{{ {it.exponential:.4f} }}{{ {it.total:.4f} }} = {it.weight:.4f}"),
    ):
        st.markdown(f"{page.t(f'cell.{text}')}: ${formula}$")
    about = {"query": page.chip(i), "target": page.chip(j), "name": f"{layer}.{head}"}
    st.markdown(page.t("cell.sentence", share=percent(it.weight), **about))
    st.markdown(page.t("cell.table", query=page.chip(i)))
    row = cells.row(page.trace, layer, head, i)
    columns = {
        page.t("cell.column_token"): [f"{key} {pieces[key]}" for key in range(i + 1)],
        page.t("cell.column_dot"): row.dot.tolist(),
        page.t("cell.column_scaled"): row.scaled.tolist(),
        page.t("cell.column_weight"): row.weight.tolist(),
    }
    table = pd.DataFrame(columns).sort_values(page.t("cell.column_weight"), ascending=False)
    number = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(table, hide_index=True, column_config=dict.fromkeys(list(columns)[1:], number))


def all_heads(page: Page, scores: heads.HeadScores, layer: int, head: int) -> None:
    config = page.llm.config
    st.markdown(page.t("heads.text", layer=layer))
    names = [f"{layer}.{h}" for h in range(config.n_head)]
    # A key of its own for each view: else the last click would still count after the next.
    key = f"attention.heads.{layer}.{head}"

    def clicked() -> None:
        points = st.session_state[key].selection.points
        if points:
            go_to(layer, int(points[0]["customdata"]))

    st.plotly_chart(
        figures.head_maps(page.trace[f"blocks.{layer}.attn.pattern"], names, head, theme=page.theme),
        key=key,
        theme=None,
        alt=page.t("heads.alt", layer=layer, head=head, n_head=config.n_head),
        config={"displayModeBar": False},
        on_select=clicked,
        selection_mode="points",
    )
    if len(page.prompt.ids) > 1:
        facts = {"entropy": scores.entropy, "distance": scores.distance}
        values = {name: f"{float(value[layer, head]):.2f}" for name, value in facts.items()}
        st.markdown(page.t("heads.facts", name=f"{layer}.{head}", **values))
    if config.n_kv_head < config.n_head:
        same = ", ".join(f"{layer}.{h}" for h in cells.sharing(page.trace, head))
        st.markdown(page.t("heads.shared", heads=same))


def open_head(page: Page, scores: heads.HeadScores, layer: int, head: int) -> None:
    page.lesson("open", d_head=page.llm.config.d_head)
    part = st.segmented_control(
        page.t("part.label"),
        ("stages", "cell", "heads", "code"),
        required=True,
        format_func=lambda part: page.t(f"part.{part}"),
        **page.bind("attention_part", page.state.attention_part),
    )
    match part:
        case "stages":
            stages(page, scores, layer, head)
        case "cell":
            one_cell(page, layer, head)
        case "heads":
            all_heads(page, scores, layer, head)
        case "code":
            st.markdown(page.t("code.text"))
            st.code(inspect.getsource(attention_scores) + "\n\n" + dedent(inspect.getsource(Attention._attend)))


def test(page: Page, layer: int, head: int) -> None:
    page.lesson("test")
    at, name = page.token, f"{layer}.{head}"
    words = leading(page.llm, page.trace.logits[at], 5)
    first = word(words[0].token)
    off = st.toggle(page.t("test.switch", name=name), **page.bind("off", page.state.off))
    if not off:
        about = {"token": page.chip(at), "word": first, "probability": percent(words[0].probability)}
        st.markdown(page.t("test.ready", name=name, **about))
        look = heads.helping_look(page.llm, page.trace, at)
        if look and (look.layer, look.head) != (layer, head):
            st.markdown(page.t("test.try", word=first))
            helper = f"{look.layer}.{look.head}"
            where = (look.layer, look.head)
            st.button(page.t("look.show", name=helper), key=f"attention.helper.{helper}", on_click=go_to, args=where)
        return

    def without(which: int):
        return page.run(names="logits", interventions=[Scale(f"blocks.{layer}.attn.z", 0.0, heads=which)]).logits[at]

    after = without(head)
    ids = list(dict.fromkeys([w.id for w in (*words, *leading(page.llm, after, 3))]))
    series = [("test.before", name, page.trace.logits[at]), ("test.after", name, after)]
    other = heads.similar_head(page.llm, page.trace, layer, head, at)
    if other is not None:
        series.append(("test.control", f"{layer}.{other}", without(other)))
    shares = [probabilities(logits)[ids].tolist() for _, _, logits in series]
    result = {"word": first, "before": percent(shares[0][0]), "after": percent(shares[1][0])}
    st.markdown(page.t("test.result", name=name, **result))
    page.plot(
        next_words(
            page.llm.pieces(ids),
            [(page.t(key, name=of), values) for (key, of, _), values in zip(series, shares, strict=True)],
            theme=page.theme,
        ),
        alt=page.t("test.alt", token=page.prompt.pieces[at], name=name),
        key="attention.test",
    )
    if other is None:
        st.markdown(page.t("test.no_control"))
        return
    lengths = heads.head_outputs(page.llm, page.trace, layer, at).norm(dim=-1)
    size, own = float(lengths[other]), float(lengths[head])
    about = {"word": first, "after": percent(shares[2][0]), "size": f"{size:.3g}", "own": f"{own:.3g}"}
    said = page.t("test.control_result", name=f"{layer}.{other}", **about)
    if not 1 / 2 <= size / own <= 2:
        said += " " + page.t("test.control_weak")
    st.markdown(said)


def notes(page: Page) -> None:
    config = page.llm.config
    H, K, D, d = config.n_head, config.n_kv_head, config.d_model, config.d_head
    split, full = f"{2 * D * d:,}", f"{D * D:,}"
    page.lesson("notes", n_head=H, d_head=d, d_model=D, width=H * d, value_split=split, value_full=full)
    page.lesson("notes_rotary" if config.rope else "notes_learned")
    page.lesson("notes_shared" if K < H else "notes_full", n_head=H, n_kv_head=K, share=H // K)


page = start("attention")
scores = heads.head_scores(page.trace)
layer = page.pick("layer", page.llm.config.n_layer, default=heads.clear_head(scores)[0])
head = page.pick("head", page.llm.config.n_head, default=heads.clear_head(scores, layer)[1])
see(page, scores, layer, head)
look_for(page, scores)
with page.depth("open") as shown:
    if shown:
        open_head(page, scores, layer, head)
with page.depth("test") as shown:
    if shown:
        test(page, layer, head)
with page.depth("notes") as shown:
    if shown:
        notes(page)
