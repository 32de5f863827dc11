"""The core idea on this prompt: predict the next word, append it, repeat; and the way through the other pages."""

import streamlit as st

from gptviz.analysis import predictions
from gptviz.analysis.parameters import count_parameters
from gptviz.errors import InputError
from gptviz.figures.predictions import parameter_tree, surprisal_bars, word_bars
from gptviz.interventions import shape_of
from gptviz.model import GPT, Block, hook_names
from gptviz.numbers import count, fixed, percent, significant
from gptviz.ui import state
from gptviz.ui.chips import chip, plain, word
from gptviz.ui.tracing import TracingPage, start_tracing

SHOWN = 10


def main(page: TracingPage) -> None:
    page.lesson("see")
    trace = page.run([*page.prompt.ids, *added(page)], names="logits") if added(page) else page.trace
    st.markdown(" ".join(chip(i, piece) for i, piece in enumerate(trace.tokens)) + "  :gray-background[ **?** ]")
    guess = ask(page, trace)
    if guess is not None:
        reveal(page, trace, guess)
        loop(page, trace)
    stages(page)
    page.look_for_sentences(look_for(page))
    with page.depth("open") as shown:
        if shown:
            opened(page)
    with page.depth("test") as shown:
        if shown:
            swap(page)
    with page.depth("notes") as shown:
        if shown:
            page.lesson("notes", **sizes(page))


def room(page: TracingPage) -> int:
    """How many tokens may be added to the prompt before the pages stop following."""
    return page.model.limit - len(page.prompt.ids)


def added(page: TracingPage) -> tuple[int, ...]:
    """Tokens that the model wrote on behind the prompt, as far as they exist and fit."""
    ids = page.chosen["added"][: room(page)]
    return ids if all(i < page.model.vocab_size for i in ids) else ()


def ask(page: TracingPage, trace) -> str | None:
    """The reader's guess: None before it is made, "" if they would rather see. It was about the prompt's own next
    word: once words are added, that question is answered."""
    if added(page):
        return ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            page.t("guess_label"),
            placeholder=page.t("guess_placeholder"),
            max_chars=100,
            width=320,
            **page.bind("guess", page.chosen["guess"] or "", read=str.strip),
        )
        if page.chosen["guess"] is None:
            st.button(page.t("reveal"), icon=":material/lightbulb:", on_click=state.change, kwargs={"guess": ""})
    return page.chosen["guess"]


def reveal(page: TracingPage, trace, guess: str) -> None:
    logits = trace.logits[-1]
    words = predictions.leading(page.llm, logits, SHOWN)
    vocab_size = count(page.llm.config.vocab_size)
    first = words[0]
    st.markdown(
        page.t("first_choice", token=word(first.token), percent=percent(first.probability), vocab_size=vocab_size)
    )
    marked = ()
    rated = rate(page, trace, guess) if guess else None
    if rated is not None:
        marked = (rated.ids[0],)
        about = {"rank": count(rated.rank), "vocab_size": vocab_size, "percent": percent(rated.probabilities[0])}
        if len(rated.ids) == 1:
            key = "guess_first" if rated.rank == 1 else "guess_ranked"
            st.markdown(page.t(key, guess=word(rated.tokens[0]), **about))
        else:
            said = page.t(
                "guess_pieces",
                guess=plain(guess),
                count=len(rated.ids),
                tokens=" ".join(map(word, rated.tokens)),
                first=word(rated.tokens[0]),
                product=" × ".join(percent(p) for p in rated.probabilities),
                total=percent(rated.probability),
                **about,
            )
            st.markdown(said)
        if rated.rank > SHOWN:
            words += predictions.candidates(page.llm, logits, rated.ids[:1])
    alt = page.t("bars_alt", words=", ".join(f"{w.token} {percent(w.probability)}" for w in words))
    page.plot(word_bars(words, page.theme, marked=marked), alt=alt, key="overview.bars")
    if marked:
        st.caption(page.t("bar_caption"))


def rate(page: TracingPage, trace, guess: str) -> predictions.Guess | None:
    """The guess as the model rates it; None, with a sentence, for one it could never say."""
    try:
        return predictions.rate_guess(page.llm, trace, guess)
    except InputError as error:
        st.info(error.text(page.language), icon=":material/info:")
        return None


def loop(page: TracingPage, trace) -> None:
    st.subheader(page.t("loop_title"), anchor=False)
    st.markdown(page.t("loop"))
    ended = bool(added(page)) and added(page)[-1] in page.llm.checkpoint.eos_ids
    left = room(page) - len(added(page))
    with st.container(horizontal=True):
        for count, key, icon in ((1, "add_one", ":material/add:"), (5, "add_five", ":material/fast_forward:")):
            st.button(
                page.t(key),
                icon=icon,
                disabled=ended or left < count,
                on_click=write_on,
                args=(page, count),
            )
        if added(page):
            st.button(
                page.t("take_back"),
                icon=":material/undo:",
                on_click=state.change,
                kwargs={"added": added(page)[:-1]},
            )
            st.button(
                page.t("start_over"),
                icon=":material/restart_alt:",
                on_click=state.change,
                kwargs={"added": ()},
            )
    if added(page):
        at = len(page.prompt.ids)
        chosen = predictions.token_probabilities(trace)[at:]
        steps = " → ".join(f"{chip(at + i, trace.tokens[at + i])} {percent(p)}" for i, p in enumerate(chosen))
        st.markdown(page.t("added", steps=steps))
    if ended:
        st.caption(page.t("ended"))
    elif left < 1:
        st.caption(page.t("full", limit=page.model.limit))
    if added(page):
        st.caption(page.t("own_text"))


def write_on(page: TracingPage, count: int) -> None:
    """Add the likeliest tokens, as far as the text goes."""
    count = min(count, room(page) - len(added(page)))  # a second click may find it full
    if count < 1:
        return
    ids = [*page.prompt.ids, *added(page)]
    new = [step.id for step in page.llm.generate(ids, count, temperature=0)]
    state.change(added=(*added(page), *new))


def stages(page: TracingPage) -> None:
    st.subheader(page.t("map_title"), anchor=False)
    st.caption(page.t("map_caption"))
    c = page.llm.config
    facts = {
        "n_tokens": len(page.prompt.ids),
        "vocab_size": count(c.vocab_size),
        "d_model": c.d_model,
        "n_layer": c.n_layer,
        "n_head": c.n_head,
        "n_heads": c.n_layer * c.n_head,
        "n_neurons": count(c.n_layer * c.d_mlp),
        "d_mlp": count(c.d_mlp),
    }
    stops = ("tokens", "embeddings", "attention", "mlp", "output")
    for column, stop in zip(st.columns(len(stops), border=True), stops, strict=True):
        with column:
            page.link(stop)
            st.markdown(page.t(f"map.{stop}", **facts))
            if stop == "attention":  # a stop of its own, but with sentences of its own too
                page.link("context")
                st.markdown(page.t("map.context"))
    st.caption(f":material/replay: {page.t('loop_back')}")


def look_for(page: TracingPage) -> list[str]:
    trace = page.trace
    logits = trace.logits[-1]
    bits = predictions.entropy_bits(logits)
    first, second = predictions.leading(page.llm, logits, 2)
    said = [page.t("look.sure", perplexity=fixed(2**bits, 1), bits=fixed(bits, 2))]
    if page.chosen["guess"] is not None:  # nothing is given away before
        ratio = fixed(first.probability / second.probability, 1)
        said.append(page.t("look.margin", ratio=ratio, second=word(second.token)))
    given = predictions.token_probabilities(trace)
    if len(given) == 1:
        return [*said, page.t("look.single")]
    known = range(1, len(given))
    for key, at in (("surprise", min(known, key=given.__getitem__)), ("expected", max(known, key=given.__getitem__))):
        said.append(page.t(f"look.{key}", token=page.chip(at), position=at, percent=percent(given[at])))
        if len(given) == 2:
            break
    return said


def sizes(page: TracingPage) -> dict[str, object]:
    c = page.llm.config
    names = ("n_layer", "n_head", "d_model", "d_mlp", "d_head", "vocab_size", "n_ctx")
    return {name: count(getattr(c, name)) for name in names}


def opened(page: TracingPage) -> None:
    page.lesson("open", **sizes(page))
    trace, config = page.trace, page.llm.config
    st.markdown(f"##### {page.t('open.shapes')}")
    block = [n for n in hook_names(config) if not n.startswith("blocks.") or n.startswith("blocks.0.")]
    rows = [(name, shape_of(config, name, len(trace.ids))) for name in block]
    st.dataframe(
        [
            {
                page.t("open.stage"): name.replace("blocks.0.", f"blocks.0…{config.n_layer - 1}."),
                page.t("open.shape"): " × ".join(map(str, shape)),
            }
            for name, shape in rows
        ],
        hide_index=True,
        height=320,
    )
    counts = count_parameters(config)
    st.markdown(f"##### {page.t('open.parameters', total=count(sum(counts.values())))}")
    names = {part: page.t(f"parts.{part}") for part in counts}
    alt = page.t("open.parameters_alt", parts=", ".join(f"{names[p]} {count(n)}" for p, n in counts.items() if n))
    page.plot(parameter_tree(counts, names, page.theme), alt=alt, key="overview.parameters")
    bits = predictions.surprisals(trace)
    if len(bits) > 1:
        st.markdown(f"##### {page.t('open.surprisal')}")
        values = ", ".join(f"{t} {fixed(b, 1)}" for t, b in zip(trace.tokens[1:], bits[1:], strict=True))
        alt = page.t("open.surprisal_alt", values=values)
        page.plot(surprisal_bars(trace.tokens, bits, page.t("open.bit"), page.theme), alt=alt, key="overview.surprisal")
        total, mean, perplexity = predictions.mean_surprisal(bits)
        st.caption(
            page.t("open.total_bits", bits=fixed(total, 1), mean=fixed(mean, 2), perplexity=fixed(perplexity, 1))
        )
    st.markdown(f"##### {page.t('open.code')}")
    page.quote(GPT.forward, Block.forward)


def swap(page: TracingPage) -> None:
    page.lesson("test")
    at = page.chips(page.t("test.choose"))
    st.text_input(
        page.t("test.word"),
        placeholder=page.t("test.placeholder"),
        max_chars=100,
        width=320,
        **page.bind("swap", page.chosen["swap"] or "", read=lambda word: word.strip() or None),
    )
    if not page.chosen["swap"]:
        return
    try:
        swapped = predictions.swap(page.llm, page.prompt.ids, at, page.chosen["swap"])
        if swapped.ids == list(page.prompt.ids):
            st.caption(page.t("test.same"))
            return
        other = page.run(swapped.ids)
    except InputError as error:
        st.info(error.text(page.language), icon=":material/info:")
        return
    words = {"before": predictions.leading(page.llm, page.trace.logits[-1], 8)}
    words["after"] = predictions.leading(page.llm, other.logits[-1], 8)
    named = {"before": page.trace.tokens[at], "after": "".join(other.tokens[at : at + swapped.width])}
    top = max(w[0].probability for w in words.values())
    for column, (which, chart) in zip(st.columns(2), words.items(), strict=True):
        with column:
            title = page.t(f"test.{which}", token=named[which])
            st.markdown(f"**{plain(title)}**")
            alt = page.t("test.alt", which=title, words=", ".join(f"{w.token} {percent(w.probability)}" for w in chart))
            page.plot(word_bars(chart, page.theme, top=top), alt=alt, key=f"overview.swap.{which}")
    before, after = words["before"][0], words["after"][0]
    (now,) = predictions.candidates(page.llm, other.logits[-1], [before.id])
    st.markdown(
        page.t(
            "test.result",
            before=word(before.token),
            before_percent=percent(before.probability),
            after=word(after.token),
            after_percent=percent(after.probability),
            now_percent=percent(now.probability),
        )
    )
    if swapped.width > 1:
        st.caption(page.t("test.several", count=swapped.width, shift=swapped.width - 1))
    if at > 0:
        difference = predictions.largest_difference(page.trace, other, rows=at)
        key = "test.earlier_rounded" if difference else "test.earlier"
        st.markdown(page.t(key, difference=significant(difference, 1)))


main(start_tracing("overview"))
