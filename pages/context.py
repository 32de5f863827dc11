"""Context: the same word in two or three sentences, and what moves its vectors apart."""

from functools import partial

import streamlit as st

from gptviz.analysis import context, senses
from gptviz.figures import context as figures
from gptviz.model import Block
from gptviz.numbers import count, fixed, percent, significant
from gptviz.ui import sentences
from gptviz.ui.chips import chip, numbered, plain, word
from gptviz.ui.prompt import from_line, read, to_line
from gptviz.ui.sentences import Sentence
from gptviz.ui.tracing import TracingPage, start_tracing
from gptviz.views.context import SENTENCE_CHARS

SHOWN = 5  # heads, and neighbours
LEAST_GAP = 0.02  # of two cosines: less is no difference worth a sentence


class Case:
    """The sentences of a run with the words chosen in them, and their comparison."""

    def __init__(self, page: TracingPage, chosen: dict[str, Sentence]):
        self.page, self.sentences = page, chosen
        traces = {letter: page.run(it.prompt.ids, names=context.NAMES) for letter, it in chosen.items()}
        self.comparison = context.Comparison(
            {letter: context.Place(trace, chosen[letter].at) for letter, trace in traces.items()}
        )
        self.after = page.pick("after", default=self.comparison.widest)
        *self.near, self.far = chosen

    @property
    def point(self) -> int:
        """Where on the stream the reader looks closely."""
        return self.after + 1

    @property
    def about(self) -> dict[str, object]:
        """What many sentences name."""
        return {"layer": self.after, "far": self.far, "near": self.page.t("and").join(self.near)}

    def pair(self, pair: str) -> str:
        return "–".join(pair)

    def value(self, pair: str, point: int) -> str:
        return fixed(self.comparison.cosines[pair][point], 2)

    def values(self, pairs: list[str], point: int) -> str:
        """The pairs with their cosines at a point."""
        return self.page.say("ui.comma").join(f"{self.pair(pair)} **{self.value(pair, point)}**" for pair in pairs)

    @property
    def words(self) -> str:
        """The chosen words, each with its sentence."""
        return self.page.say("ui.comma").join(f"{letter} {self.chip(letter)}" for letter in self.sentences)

    def chip(self, letter: str, position: int | None = None) -> str:
        """One of a sentence's tokens: the chosen word unless another is asked for."""
        it = self.sentences[letter]
        return self.page.token_chip(it.prompt.pieces, it.at if position is None else position)

    def link(self, letter: str, layer: int, head: int, label: str) -> None:
        """To the attention page, at that sentence, word and head."""
        it = self.sentences[letter]
        self.page.link("attention", label=label, text=it.prompt.text, layer=layer, head=head, token=it.at)


def see(case: Case) -> None:
    page, comparison = case.page, case.comparison
    names = figures.points(page.llm.config.n_layer, page.t("chart.start"))
    lines = []
    for pair, values in comparison.cosines.items():
        kind = "control" if pair == comparison.control else "across" if comparison.control else "pair"
        name = f"{case.pair(pair)} {page.t(f'chart.{kind}')}"
        lines.append(figures.Curve(name, case.pair(pair), values, control=kind == "control"))
    page.plot(
        figures.curves(
            lines, names, titles=(page.t("chart.x"), page.t("chart.y")), chosen=case.point, theme=page.theme
        ),
        alt=page.t("chart.alt", values=case.values(list(comparison.cosines), len(names) - 1).replace("*", "")),
        key="context.curves",
    )
    if page.llm.config.n_layer > 1:
        st.select_slider(page.t("after"), range(page.llm.config.n_layer), **page.bind("after", case.after))
    st.markdown(page.t("see", layer=case.after, values=case.values(list(comparison.cosines), case.point)))
    if comparison.control is None:
        st.info(page.t("no_control"), icon=":material/balance:")
    for letter, it in case.sentences.items():
        if it.at == 0:
            st.info(page.t("first_token", letter=letter, token=case.chip(letter)), icon=":material/info:")


def beginning(case: Case) -> str:
    """How alike the words are before any layer, and why."""
    page, comparison = case.page, case.comparison
    values = case.values(list(comparison.cosines), 0)
    if len({place.id for place in comparison.places.values()}) > 1:
        return page.t("look.begin_other", words=case.words, values=values)
    if comparison.far.distinct(0) or (comparison.same and comparison.same.distinct(0)):
        return page.t("look.begin_position", values=values)
    far = case.sentences[case.far]
    return page.t("look.begin_same", token=word(far.prompt.pieces[far.at]))


def ending(case: Case) -> str:
    """How alike they are at the end, and where they parted."""
    page, comparison = case.page, case.comparison
    end = page.llm.config.n_layer
    values = {"across": case.values(comparison.across, end), "layer": comparison.widest, "half": comparison.halfway}
    if comparison.control is None:
        return page.t("look.end_pair", **values)
    gap = float(comparison.gap[comparison.widest + 1])
    values["control"] = case.values([comparison.control], end)
    return page.t("look.end" if gap > LEAST_GAP else "look.end_none", gap=fixed(gap, 2), **values)


def looks_at(case: Case, letter: str, layer: int, head: int, brief: bool = False) -> str:
    """The two tokens a head looks at hardest from the word, and how hard. brief: without positions, so that it fits
    into a link on a narrow screen."""
    pieces = case.sentences[letter].prompt.pieces
    found = context.looks(case.comparison.places[letter], layer, head, 2)
    chips = [chip(it.key, numbered(pieces, it.key)) if brief else case.chip(letter, it.key) for it in found]
    said = [f"{shown} {percent(it.weight)}" for shown, it in zip(chips, found, strict=True)]
    return case.page.say("ui.comma").join(said) or case.page.t("heads.alone")


def look_for(case: Case) -> None:
    page, comparison = case.page, case.comparison
    said, links = [beginning(case), ending(case)], []
    if comparison.far.distinct(case.point):
        with page.working():
            effects = context.patching_effects(page.llm, comparison.far, case.point)
        [(layer, head)] = context.largest(effects, 1)
        looks = looks_at(case, case.far, layer, head)
        strongest = percent(float(effects[layer, head]), 1)
        said.append(
            page.t("look.head", name=f"{layer}.{head}", share=strongest, looks=looks, n=effects.numel(), **case.about)
        )
        links.append((layer, head))
        look = context.hardest_look(comparison.far)
        if look and (look.layer, look.head) != (layer, head):
            target = case.chip(case.far, look.key)
            effect = percent(float(effects[look.layer, look.head]), 1)
            key = "look.hardest" if look.layer <= case.after else "look.hardest_later"
            name = f"{look.layer}.{look.head}"
            said.append(page.t(key, name=name, target=target, weight=percent(look.weight), share=effect, **case.about))
            links.append((look.layer, look.head))
    page.look_for_sentences(said)
    with st.container(horizontal=True, key="context-found"):
        for layer, head in links:
            label = page.t("look.show", name=f"{layer}.{head}", letter=case.far)
            case.link(case.far, layer, head, label)


def contrasts(case: Case) -> list[tuple[str, context.Contrast]]:
    """The difference across and, if there is one, the control's, with what to call them."""
    page, comparison = case.page, case.comparison
    named = [(page.t("heads.across", **case.about), comparison.far)]
    if comparison.same and comparison.same.distinct(case.point):
        first, second = comparison.control
        named.append((page.t("heads.control", first=first, second=second), comparison.same))
    return named


def which_heads(case: Case) -> None:
    """What the difference hangs on, head by head."""
    page, llm = case.page, case.page.llm
    page.lesson("heads", **case.about)
    with page.working():
        panels = [(name, context.patching_effects(llm, it, case.point)) for name, it in contrasts(case)]
    effects = panels[0][1]
    top = context.largest(effects, SHOWN)
    grid_and_bars(case, panels, top, "heads")
    st.markdown(page.t("heads.total", total=percent(float(effects.sum()), 1)))
    lengths = [count(float(it.difference[case.point].norm())) for _, it in contrasts(case)]
    if len(lengths) == 2:
        first, second = case.comparison.control
        st.markdown(
            page.t("heads.lengths", across=lengths[0], control=lengths[1], first=first, second=second, **case.about)
        )
    st.markdown(f"**{page.t('heads.looks')}**")
    for layer, head in top:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{layer}.{head}**", width=56)
            for letter in case.sentences:
                case.link(letter, layer, head, f"{letter}: {looks_at(case, letter, layer, head, brief=True)}")
    st.caption(page.t("heads.looks_note"))


def grid_and_bars(case: Case, panels: list, top: list[tuple[int, int]], part: str) -> None:
    """Every head's share as a grid, and those of the largest as bars."""
    page = case.page
    titles = (page.t("heads.x"), page.t("heads.y"), page.t(f"{part}.value"))
    names = [f"{layer}.{head}" for layer, head in top]
    alt = page.t(f"{part}.alt", heads=", ".join(names), **case.about)
    page.plot(figures.head_grid(panels, titles=titles, framed=top, theme=page.theme), alt=alt, key=f"context.{part}")
    bars = [(name, [float(values[where]) for where in top]) for name, values in panels]
    page.plot(figures.head_bars(names, bars, theme=page.theme), alt=alt, key=f"context.{part}.bars")


def the_sum(case: Case) -> None:
    """Who wrote the difference, term by term."""
    page = case.page
    page.lesson("sum", **case.about)
    found = [(name, context.shares(page.llm, it, case.point)) for name, it in contrasts(case)]
    it = found[0][1]
    totals = {
        "heads": percent(float(it.heads.sum()), 1),
        "mlps": percent(float(it.mlps.sum()), 1),
        "start": percent(it.start, 1),
    }
    st.markdown(page.t("sum.totals", total=fixed(it.total, 6), **totals, **case.about))
    titles = (page.t("heads.x"), page.t("sum.value"))
    page.plot(
        figures.layer_shares(
            it.heads.sum(1), it.mlps, names=(page.t("sum.heads"), page.t("sum.mlp")), titles=titles, theme=page.theme
        ),
        alt=page.t("sum.layers_alt", **totals),
        key="context.layers",
    )
    if not case.comparison.far.distinct(0):
        st.markdown(page.t("sum.brought"))
    grid_and_bars(case, [(name, shares.heads) for name, shares in found], context.largest(it.heads, SHOWN), "sum")
    st.markdown(page.t("sum.code"))
    page.quote(Block.forward, Block.after_attention)


def references(page: TracingPage, name: str) -> senses.References:
    """The reference sentences of a word; they take a moment the first time."""
    with page.working():
        return senses.references(page.llm, name)


def nearest(case: Case) -> None:
    """The word among sentences whose sense is known."""
    page, llm, point = case.page, case.page.llm, case.point
    known = senses.words(llm)
    listed = page.say("ui.comma").join(known.values())
    far = case.comparison.places[case.far]
    if far.id not in known:
        token = case.chip(case.far)
        st.markdown(page.t("nearest.unknown", token=token, words=listed) if known else page.t("nearest.none"))
        return
    refs = references(page, known[far.id])
    names = [sense[page.language] for sense in refs.senses]
    places = {letter: place for letter, place in case.comparison.places.items() if place.id == far.id}
    page.lesson("nearest", count=len(refs.sentences), word=word(f"·{known[far.id]}"), **case.about)
    found = {letter: refs.nearest(place, point, SHOWN) for letter, place in places.items()}
    said = []
    for letter, near in found.items():
        sense, most = refs.majority(near)
        said.append(page.t("nearest.count", letter=letter, most=most, count=len(near), sense=f"**{names[sense]}**"))
    st.markdown("\n".join(f"- {sentence}" for sentence in said))
    page.plot(
        figures.reference_dots(
            [(letter, refs.cosines(place, point)) for letter, place in places.items()],
            [it.sense for it in refs.sentences],
            names,
            [it.text for it in refs.sentences],
            title=page.t("nearest.x", layer=case.after),
            theme=page.theme,
        ),
        alt=page.t("nearest.alt", count=len(refs.sentences), word=known[far.id]),
        key="context.dots",
    )
    st.markdown(f"**{page.t('nearest.table', letter=case.far)}**")
    lines = (
        f"{plain(it.reference.text)} · **{names[it.reference.sense]}** {fixed(it.cosine, 3)}" for it in found[case.far]
    )
    st.markdown("\n".join(f"1. {line}" for line in lines))
    measured = refs.accuracy()
    right = {"here": percent(float(measured[point]), 0), "start": percent(float(measured[0]), 0)}
    st.markdown(page.t("nearest.accuracy", count=len(refs.sentences), layer=case.after, **right))
    page.plot(
        figures.accuracy(
            measured,
            figures.points(llm.config.n_layer, page.t("chart.start")),
            titles=(page.t("chart.x"), page.t("nearest.y")),
            chosen=point,
            theme=page.theme,
        ),
        alt=page.t("nearest.accuracy_alt", layer=case.after, **right),
        key="context.accuracy",
    )


def opened(case: Case) -> None:
    page = case.page
    if not case.comparison.far.distinct(case.point):
        st.markdown(page.t("nothing", **case.about))
        return
    page.lesson("open", **case.about)
    part = st.segmented_control(
        page.t("part.label"),
        ("heads", "sum", "nearest"),
        required=True,
        format_func=lambda part: page.t(f"part.{part}"),
        **page.bind("part", page.chosen["part"]),
    )
    {"heads": which_heads, "sum": the_sum, "nearest": nearest}[part](case)


def test(case: Case) -> None:
    """What stands behind a word cannot move it."""
    page, llm = case.page, case.page.llm
    pair = sentences.notes_pair(llm.name)
    front = pair.get("front")
    page.lesson("test" if front else "test_letters")
    start_ids = llm.encode(pair["before"])
    behind = pair["other"] if page.chosen["behind"] is None else page.chosen["behind"]
    st.text_input(
        page.t("test.behind", before=pair["before"], rest=pair["behind"].strip()),
        **page.bind("behind", to_line(behind), read=partial(from_line, most=SENTENCE_CHARS)),
    )
    space = " " if front and behind[:1].isalnum() else ""
    prompt, cuts = read(pair["before"] + space + behind, page.model, page.language)
    for cut in cuts:
        st.caption(cut)
    if list(prompt.ids[: len(start_ids)]) != start_ids:
        st.info(page.t("test.joined", pieces=" ".join(map(chip, range(len(prompt.ids)), prompt.pieces))))
        return
    at = len(start_ids) - 1
    own = page.run(llm.encode(pair["before"] + pair["behind"]), names=context.NAMES)
    new = page.run(prompt.ids, names=context.NAMES)
    for trace in (own, new):
        st.markdown(" ".join(chip(i, piece) for i, piece in enumerate(trace.tokens)))
    difference = context.largest_difference(context.stream(own, at), context.stream(new, at))
    said = {"token": chip(at, own.tokens[at]), "difference": significant(difference, 1), "seen": chip(0, own.tokens[0])}
    said["n_points"] = llm.config.n_layer + 1
    st.markdown(page.t("test.rounded" if difference else "test.exact", **said))
    if front:
        orders(case, context.Place(own, at), pair)


def orders(case: Case, first: context.Place, pair: dict) -> None:
    """The notes' pair beside the same pair with the context in front."""
    page, llm, n_layer = case.page, case.page.llm, case.page.llm.config.n_layer
    page.lesson("orders")
    places = [context.last_place(page.run(llm.encode(text), context.NAMES), first.id) for text in pair["front"]]
    second = context.last_place(page.run(llm.encode(pair["second"]), context.NAMES), first.id)
    pairs = {"notes": (first, second), "front": tuple(places)}
    texts = {"notes": (pair["before"] + pair["behind"], pair["second"]), "front": pair["front"]}
    lines = []
    for kind, (one, other) in pairs.items():
        values = context.cosines(one.stream, other.stream)
        lines.append(
            figures.Curve(page.t(f"test.{kind}"), page.t(f"test.{kind}_short"), values, control=kind == "notes")
        )
    ends = {kind: fixed(float(line.values[-1]), 2) for kind, line in zip(pairs, lines, strict=True)}
    titles = (page.t("chart.x"), page.t("chart.y"))
    names = figures.points(n_layer, page.t("chart.start"))
    page.plot(
        figures.curves(lines, names, titles=titles, chosen=None, theme=page.theme),
        alt=page.t("test.alt", **ends),
        key="context.orders",
    )
    st.markdown(page.t("test.result", **ends))
    known = senses.words(llm)
    if first.id in known:
        refs = references(page, known[first.id])
        about = {"layer": case.after, "count": SHOWN}
        for kind, (place, _) in pairs.items():
            sense, about[f"{kind}_count"] = refs.majority(refs.nearest(place, case.point, SHOWN))
            about[f"{kind}_sense"] = refs.senses[sense][page.language]
        st.markdown(page.t("test.senses", **about))
    with st.container(horizontal=True):
        for kind, both in texts.items():
            key = f"context.compare.{kind}"
            st.button(page.t(f"test.show_{kind}"), key=key, on_click=sentences.compare, args=(both,))


def notes(case: Case) -> None:
    page = case.page
    page.lesson("notes")
    if case.comparison.far.distinct(case.point):
        it = context.shares(page.llm, case.comparison.far, case.point)
        page.lesson(
            "notes_case", heads=percent(float(it.heads.sum()), 1), mlps=percent(float(it.mlps.sum()), 1), **case.about
        )


def main() -> None:
    page = start_tracing("context", prompt=False)
    if page.llm.tokenizer is None:
        st.info(page.t("needs_texts"), icon=":material/info:")
        return
    page.lesson("see_letters" if page.llm.name == "toy-sort" else "see")
    case = Case(page, sentences.sentence_bar(page, list(senses.words(page.llm))))
    see(case)
    look_for(case)
    with page.depth("open") as shown:
        if shown:
            opened(case)
    with page.depth("test") as shown:
        if shown:
            test(case)
    with page.depth("notes") as shown:
        if shown:
            notes(case)


main()
