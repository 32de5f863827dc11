"""MLP: what each layer does with one token."""

import streamlit as st

from gptviz.analysis import neurons
from gptviz.analysis.parameters import count_parameters
from gptviz.analysis.predictions import leading, probabilities
from gptviz.figures import mlp as figures
from gptviz.figures.compare import next_words
from gptviz.figures.vectors import strips
from gptviz.interventions import Set
from gptviz.model import MLP
from gptviz.numbers import count, fixed, percent, signed, significant
from gptviz.ui import state
from gptviz.ui.chips import word
from gptviz.ui.tracing import TracingPage, start_tracing

SHOWN = 6  # strongest neurons as bars
COMPARED = 20


def words(pairs: tuple[tuple[str, float], ...]) -> str:
    return " ".join(f"{word(piece)} {signed(value, 2)}" for piece, value in pairs)


def own_word(page: TracingPage):
    """The model's first choice after the chosen token."""
    return leading(page.llm, page.trace.logits[page.token], 1)[0]


def see(page: TracingPage, layer: int, strongest: list[neurons.Neuron], neuron: int) -> None:
    config, at = page.llm.config, page.token
    page.lesson("see", d_model=count(config.d_model), d_mlp=count(config.d_mlp))
    page.chips()
    st.selectbox(page.t("layer"), range(config.n_layer), width=120, **page.bind("layer", layer))
    step = neurons.mlp_at(page.llm, page.trace, layer, at)
    st.markdown(
        page.t(
            "see",
            token=page.chip(at),
            layer=layer,
            active=count(step.active),
            d_mlp=count(config.d_mlp),
            output=significant(step.output_size, 3),
            stream=significant(step.stream_size, 3),
            ratio=significant(step.output_size / step.stream_size, 3),
            half=step.half,
            shown=len(strongest),
        )
    )
    alt = "; ".join(
        f"{n.index}: {significant(n.size, 3)}, {' '.join(piece for piece, _ in n.raises)}" for n in strongest
    )
    page.plot(
        figures.neuron_bars(strongest, neuron, title=page.t("bars"), theme=page.theme),
        alt=page.t("bars_alt", layer=layer, token=page.prompt.pieces[at], words=alt),
        key="mlp.bars",
    )
    st.caption(page.t("words_note"))
    if at == 0 and len(page.prompt.ids) > 1:
        lengths = neurons.stream_sizes(page.trace, layer)
        median = float(lengths[1:].median())
        if float(lengths[0]) > neurons.MASSIVE * median:
            st.caption(page.t("first_token", stream=significant(float(lengths[0]), 3), median=significant(median, 3)))


def look_for(page: TracingPage, layer: int, strongest: list[neurons.Neuron], pushes) -> None:
    at, own = page.token, own_word(page)
    first, *rest = strongest
    about = {"name": f"{layer}.{first.index}", "size": significant(first.size, 3), "words": words(first.raises[:3])}
    times = first.size / rest[0].size if rest and rest[0].size else 1.0
    even = "top" if times >= 1.5 else "top_even"
    sentences = [page.t(f"look.{even}", times=fixed(times, 1), **about)]
    best, worst = int(pushes.argmax()), int(pushes.argmin())
    if pushes[best] > 0:
        about = {"token": page.chip(at), "word": word(own.token), "probability": percent(own.probability)}
        sentences.append(page.t("look.layer", layer=best, push=fixed(float(pushes[best]), 2), **about))
    if pushes[worst] < 0:
        sentences.append(page.t("look.against", word=word(own.token), layer=worst, push=fixed(float(pushes[worst]), 2)))
    if len(page.prompt.ids) > 1:
        other = at - 1 if at else 1
        here, there = (set(neurons.strongest(page.llm, page.trace, layer, t, COMPARED)) for t in (at, other))
        about = {"token": page.chip(at), "other": page.chip(other), "shown": len(here)}
        shared = len(here & there)
        sentences.append(page.t("look.same" if shared else "look.same_none", shared=shared, **about))
    start_of_all = neurons.massive_activation(page.trace)
    if start_of_all:
        lengths = {name: significant(getattr(start_of_all, name), 3) for name in ("written", "found", "others")}
        sentences.append(page.t("look.first", token=page.chip(0), layer=start_of_all.layer, **lengths))
    page.look_for_sentences(sentences)
    layers = [which for which in dict.fromkeys((best, worst)) if which != layer]
    with st.container(horizontal=True, key="mlp-found"):
        for which in layers:
            label = page.t("look.show_layer", layer=which)
            st.button(label, key=f"mlp.show.{which}", on_click=state.change, kwargs={"layer": which})
        if start_of_all:
            label, where = (
                page.t("look.show_first", layer=start_of_all.layer),
                {"layer": start_of_all.layer, "token": 0},
            )
            st.button(label, key="mlp.first", on_click=state.change, kwargs=where)


def path(page: TracingPage, layer: int) -> None:
    config, step = page.llm.config, neurons.mlp_at(page.llm, page.trace, layer, page.token)
    about = {"d_model": count(config.d_model), "d_mlp": count(config.d_mlp)}
    rows = [("input", step.input), ("post", step.post), ("output", step.output)]
    figure = strips([(page.t(f"path.{name}", **about), values) for name, values in rows], theme=page.theme)
    page.plot(figure, alt=page.t("path.alt", **about), key="mlp.path")
    st.caption(page.t("path.scales"))
    lengths = {"before": step.stream_size, "added": step.output_size, "after": step.after_size}
    lengths = {name: fixed(value, 2) for name, value in lengths.items()}
    st.markdown(page.t("path.sum", error=significant(step.error, 3), **lengths, **about))


def curve(page: TracingPage, layer: int, neuron: int) -> None:
    config, step = page.llm.config, neurons.mlp_at(page.llm, page.trace, layer, page.token)
    name = page.t(f"activation.{config.activation}")
    about = {"name": name, "d_mlp": count(config.d_mlp)}
    left = page.t("curve.relu" if config.activation == "relu" else "curve.smooth")
    positive = count(step.active)
    text = page.t("curve.text", layer=layer, token=page.chip(page.token), positive=positive, left=left, **about)
    st.markdown(f"{text} {page.t('curve.gate')}" if config.gated_mlp else text)
    marked = [(neuron, float(step.pre[neuron]))]
    axes = (page.t("curve.x"), page.t("curve.y"))
    figure = figures.activation_curve(config.activation, step.pre, marked, titles=axes, theme=page.theme)
    page.plot(figure, alt=page.t("curve.alt", **about), key="mlp.curve")


def one_neuron(page: TracingPage, layer: int, neuron: int) -> None:
    config = page.llm.config
    st.number_input(
        page.t("neuron.choose"), min_value=0, max_value=config.d_mlp - 1, width=160, **page.bind("neuron", neuron)
    )
    [it] = neurons.neurons_at(page.llm, page.trace, layer, page.token, [neuron], n_words=8)
    gated = it.up is not None
    matrix = "W_{gate}" if gated else "W_{up}"
    name = page.t(f"activation.{config.activation}")
    lines = [
        (page.t("neuron.pre", matrix=f"${matrix}$"), f"{it.pre:.4f}"),
        (page.t("neuron.act", name=name), f"{it.act:.4f}"),
    ]
    if gated:
        lines.append((page.t("neuron.up"), f"{it.up:.4f}"))
        lines.append((page.t("neuron.post"), rf"{it.act:.4f} \times {it.up:.4f} = {it.post:.4f}"))
    lines.append((page.t("neuron.column"), f"{it.column:.4f}"))
    lines.append((page.t("neuron.size"), rf"\left|{it.post:.4f}\right| \times {it.column:.4f} = {it.size:.4f}"))
    st.markdown("\n".join(f"- {text}: ${value}$" for text, value in lines))
    st.markdown(f"**{page.t('neuron.raises')}** {words(it.raises)}")
    st.markdown(f"**{page.t('neuron.lowers')}** {words(it.lowers)}")
    if it.post < 0:
        st.caption(page.t("neuron.negative"))
    st.markdown(page.t("neuron.push", word=word(own_word(page).token), push=signed(it.push, 3)))


def layers(page: TracingPage, layer: int, pushes) -> None:
    own = own_word(page).token
    st.markdown(page.t("layers.text", word=word(own), token=page.chip(page.token)))
    axes = (page.t("layers.x"), page.t("layers.y"))
    figure = figures.layer_bars(pushes, layer, titles=axes, theme=page.theme)
    page.plot(figure, alt=page.t("layers.alt", word=own), key="mlp.layers")


def open_mlp(page: TracingPage, layer: int, neuron: int, pushes) -> None:
    config = page.llm.config
    name = page.t(f"activation.{config.activation}")
    page.lesson("open_gated" if config.gated_mlp else "open_plain", name=name)
    part = st.segmented_control(
        page.t("part.label"),
        ("path", "curve", "neuron", "layers", "code"),
        required=True,
        format_func=lambda part: page.t(f"part.{part}"),
        **page.bind("part", page.chosen["part"]),
    )
    match part:
        case "path":
            path(page, layer)
        case "curve":
            curve(page, layer, neuron)
        case "neuron":
            one_neuron(page, layer, neuron)
        case "layers":
            layers(page, layer, pushes)
        case "code":
            st.markdown(page.t("code.text"))
            page.quote(MLP)


def test(page: TracingPage, layer: int, neuron: int) -> None:
    page.lesson("test")
    at, d_mlp = page.token, page.llm.config.d_mlp
    counts = [1, *(count for count in (5, 20, 50) if count <= d_mlp // 2)]
    count = st.segmented_control(
        page.t("test.which"),
        counts,
        required=True,
        format_func=lambda n: (
            page.t("test.one", name=f"{layer}.{neuron}") if n == 1 else page.t("test.several", count=n)
        ),
        **page.bind("silenced", page.chosen["silenced"] if page.chosen["silenced"] in counts else 1),
    )
    silent = [neuron] if count == 1 else neurons.strongest(page.llm, page.trace, layer, at, count)
    words_ = leading(page.llm, page.trace.logits[at], 5)
    about = {"token": page.chip(at), "word": word(words_[0].token)}
    if not st.toggle(page.t("test.switch"), **page.bind("silent", page.chosen["silent"])):
        st.markdown(page.t("test.ready", layer=layer, probability=percent(words_[0].probability), **about))
        return

    def without(which: list[int]):
        change = Set(f"blocks.{layer}.mlp.post", 0.0, positions=at, neurons=which)
        return page.run(names="logits", interventions=[change]).logits[at]

    after, control = without(silent), without(neurons.control(page.llm, silent))
    ids = list(dict.fromkeys(w.id for w in (*words_, *leading(page.llm, after, 3))))
    shares = [probabilities(logits)[ids].tolist() for logits in (page.trace.logits[at], after, control)]
    before_, after_, control_ = (percent(values[0]) for values in shares)
    st.markdown(page.t("test.result", word=about["word"], before=before_, after=after_, control=control_))
    control_name = page.t("test.control_one") if count == 1 else page.t("test.control", count=count)
    names = (page.t("test.before"), page.t("test.after"), control_name)
    page.plot(
        next_words(page.llm.pieces(ids), list(zip(names, shares, strict=True)), theme=page.theme),
        alt=page.t("test.alt", token=page.prompt.pieces[at]),
        key="mlp.test",
    )
    st.markdown(page.t("test.siblings"))


def notes(page: TracingPage) -> None:
    config = page.llm.config
    page.lesson(
        "notes",
        d_model=config.d_model,
        d_mlp=config.d_mlp,
        biases=f"{config.d_mlp} + {config.d_model}" if config.mlp_bias else "–",
        count=count(count_parameters(config)["mlp"] // config.n_layer),
    )
    name = page.t(f"activation.{config.activation}")
    page.lesson("notes_gated" if config.gated_mlp else "notes_plain", name=name)


page = start_tracing("mlp")
pushes = neurons.layer_pushes(page.llm, page.trace, page.token)
layer = page.pick("layer", default=int(pushes.argmax()))
strongest = neurons.strongest(page.llm, page.trace, layer, page.token, SHOWN)
neuron = page.pick("neuron", default=strongest[0])
shown = neurons.neurons_at(page.llm, page.trace, layer, page.token, strongest)
see(page, layer, shown, neuron)
look_for(page, layer, shown, pushes)
with page.depth("open") as opened:
    if opened:
        open_mlp(page, layer, neuron, pushes)
with page.depth("test") as opened:
    if opened:
        test(page, layer, neuron)
with page.depth("notes") as opened:
    if opened:
        notes(page)
