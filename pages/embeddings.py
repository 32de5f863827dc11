"""Embeddings: the rows looked up, what lies near them, and how far arithmetic with them carries."""

import inspect
import tomllib
from functools import cache

import pandas as pd
import streamlit as st

from gptviz.analysis.arithmetic import Arithmetic, Term, notes_claim, solve, suggestion
from gptviz.analysis.embeddings import map_facts, neighbour_facts, row_facts
from gptviz.analysis.geometry import Baseline, nearest, one_hot_difference, space_of, spread, token_baseline
from gptviz.analysis.landmarks import landmarks_of
from gptviz.analysis.parameters import GPT3, count_parameters
from gptviz.errors import InputError
from gptviz.figures.embeddings import Point, label, lookup_strip, neighbours, rows_heatmap, word_map
from gptviz.model import GPT
from gptviz.paths import asset
from gptviz.ui.chips import chip, plain, word
from gptviz.ui.facts import sentence
from gptviz.ui.page import Page, start
from gptviz.ui.state import State, bind

SHOWN = 12  # neighbours in the picture


def see(page: Page) -> None:
    config = page.llm.config
    at = page.token
    page.lesson("see", size=f"{config.vocab_size:,}", width=config.d_model, id=page.prompt.ids[at])
    page.chips()
    view = st.segmented_control(
        page.t("views.label"),
        ["rows", "neighbours", "map"],
        required=True,
        format_func=lambda name: page.t(f"views.{name}"),
        **page.bind("picture", page.state.picture),
    )
    facts = {"rows": show_rows, "neighbours": show_neighbours, "map": show_map}[view](page, at)
    page.look_for([sentence(page, fact) for fact in facts])


def show_rows(page: Page, at: int) -> list:
    ids, pieces = list(page.prompt.ids), page.prompt.pieces
    rows = space_of(page.llm).rows[ids]
    of = spread(rows)
    figure = rows_heatmap(rows, pieces, limit=of.limit, x_title=page.t("rows.axis"), chosen=at, theme=page.theme)
    page.plot(figure, alt=page.t("rows.alt", count=len(ids), width=rows.shape[1]), key="embeddings.rows")
    values = {"limit": f"{of.limit:.2f}", "lowest": f"{of.lowest:.2f}", "highest": f"{of.highest:.2f}"}
    st.caption(page.t("rows.caption", size=f"{page.llm.config.vocab_size:,}", width=rows.shape[1], **values))
    return row_facts(page.llm, landmarks_of(page.llm), ids, at)


def show_neighbours(page: Page, at: int) -> list:
    space, id, token = space_of(page.llm), page.prompt.ids[at], page.prompt.pieces[at]
    near = nearest(page.llm, space.rows[id], SHOWN, without=[id])
    own, pairs = token_baseline(space, id), space.baseline

    def of(band: Baseline) -> dict[str, str]:
        return {"mean": f"{band.mean:.2f}", "sd": f"{band.sd:.2f}"}

    figure = neighbours(
        near,
        own,
        pairs,
        labels=(
            page.t("neighbours.own_band", token=label(token), **of(own)),
            page.t("neighbours.pair_band", **of(pairs)),
        ),
        x_title=page.t("neighbours.axis", token=label(token)),
        theme=page.theme,
    )
    page.plot(figure, alt=page.t("neighbours.alt", count=len(near), token=token), key="embeddings.neighbours")
    scope = page.t("neighbours.all_pairs" if pairs.whole else "neighbours.some_pairs", count=f"{pairs.n_rows:,}")
    st.caption(page.t("neighbours.caption", token=word(token), scope=scope))
    return neighbour_facts(page.llm, id, near)


def show_map(page: Page, at: int) -> list:
    space, marks, ids = space_of(page.llm), landmarks_of(page.llm), page.prompt.ids
    groups = list(marks.groups)
    highlighted = None
    if len(groups) > 1:
        highlighted = st.pills(
            page.t("map.group"),
            groups,
            format_func=lambda name: page.t(f"groups.{name}"),
            **page.bind("group", page.state.group if page.state.group in groups else None),
        )
    points = [
        Point(token, x, y, page.t(f"groups.{group}"))
        for token, (x, y), group in zip(
            page.llm.pieces(marks.ids),
            marks.flat.tolist(),
            (name for name, members in marks.groups.items() for _ in members),
            strict=True,
        )
    ]
    # One point a token: the chosen position stands for it, else the first.
    own = {id: position for position, id in reversed(list(enumerate(ids)))} | {ids[at]: at}
    flat = marks.plane.project(space.rows[list(own)]).tolist()
    prompt = [
        Point(page.prompt.pieces[position], x, y, page.t("groups.prompt"), position)
        for position, (x, y) in zip(own.values(), flat, strict=True)
    ]
    taken = set(own)
    landmarks = [point for point, id in zip(points, marks.ids, strict=True) if id not in taken]
    titles = [
        page.t("map.axis", number=page.t(f"numbers.{number}"), share=f"{100 * share:.1f}")
        for number, share in zip(("first", "second"), marks.plane.explained, strict=True)
    ]
    figure = word_map(
        [*prompt, *landmarks],
        highlighted=page.t(f"groups.{highlighted}") if highlighted else None,
        x_title=titles[0],
        y_title=titles[1],
        chosen=at,
        theme=page.theme,
    )
    page.plot(figure, alt=page.t("map.alt", count=len(points)), key="embeddings.map")
    kind = page.t("map.words" if len(groups) > 1 else "map.vocabulary")
    total = 100 * marks.plane.total
    st.caption(page.t("map.caption", count=len(points), kind=kind, total=f"{total:.0f}", hidden=f"{100 - total:.0f}"))
    return map_facts(page.llm, marks, ids[at])


def open_row(page: Page) -> None:
    llm, at, space = page.llm, page.token, space_of(page.llm)
    id, shown = page.prompt.ids[at], chip(at, page.prompt.pieces[at])
    size = f"{llm.config.vocab_size:,}"
    page.lesson("open", size=size, id=id, token=shown)
    first = ", ".join(f"{x:.4f}" for x in space.rows[id][:8].tolist())
    line = next(line.strip() for line in inspect.getsource(GPT.forward).splitlines() if "self.embed(" in line)
    product = page.t("open.product", id=id, difference=f"{one_hot_difference(space, id):g}")
    st.code(
        f"{line}\n\nW = llm.model.embed.weight  # {list(space.rows.shape)}\nW[{id}]  # [{first}, …]\n{product}",
        wrap_lines=True,
    )
    st.markdown(f"**{page.t('open.strip', size=size)}**")
    figure = lookup_strip(
        page.prompt.ids,
        page.prompt.pieces,
        len(space),
        x_title=page.t("open.strip_axis"),
        chosen=at,
        theme=page.theme,
    )
    page.plot(figure, alt=page.t("open.strip_alt", size=size, count=len(page.prompt.ids)), key="embeddings.strip")
    other = nearest(llm, space.rows[id], 1, without=[id])[0]
    page.lesson(
        "cosine",
        token=shown,
        other=word(other.token),
        dot=f"{float(space.rows[id] @ space.rows[other.id]):.3f}",
        length=f"{float(space.norms[id]):.3f}",
        other_length=f"{float(space.norms[other.id]):.3f}",
        cosine=f"{other.cosine:.3f}",
        mean=f"{space.baseline.mean:.2f}",
        own_mean=f"{token_baseline(space, id).mean:.2f}",
        mean_length=f"{float(space.rows.mean(0).norm()):.2f}",
    )
    if llm.config.rope:
        page.lesson("position_rotary")
        return
    page.lesson("position_learned", n_ctx=llm.config.n_ctx)
    position = llm.model.pos_embed.weight[: len(page.prompt.ids)].float()
    total = space.rows[list(page.prompt.ids)] + position
    for key, rows in (("position", position), ("sum", total)):
        st.markdown(f"**{page.t(f'open.{key}')}**")
        limit = spread(rows).limit
        figure = rows_heatmap(
            rows, page.prompt.pieces, limit=limit, x_title=page.t("rows.axis"), chosen=at, theme=page.theme
        )
        page.plot(figure, alt=page.t("rows.alt", count=len(rows), width=rows.shape[1]), key=f"embeddings.{key}")


@cache
def examples() -> list[str]:
    return tomllib.loads(asset("analogies.toml").read_text(encoding="utf-8"))["formulas"]


def test(page: Page) -> None:
    start_with = suggestion(page.llm)
    words = start_with == State().analogy
    formula = page.state.analogy if words or page.state.analogy != State().analogy else start_with
    page.lesson("test" if words else "test_letters")
    st.text_input(page.t("test.formula"), help=page.t("test.help"), max_chars=200, **page.bind("analogy", formula))
    if words:
        # A second widget for the same field: deselecting an example leaves the formula as it is.
        tied = bind("analogy", formula, read=lambda chosen: chosen or formula, page="embeddings.examples")
        st.pills(page.t("test.examples"), examples(), **tied)
    try:
        result = solve(page.llm, formula, 10 + SHOWN)
    except InputError as error:
        st.info(plain(error.text(page.language)), icon=":material/info:")
        return
    st.markdown("\n".join(f"- {line}" for line in verdict(page, result)))
    show_results(page, result)
    if result.simpler:
        show_simpler(page, result)
    if result.sides:
        show_sides(page, result)


def formula_of(terms: tuple[Term, ...]) -> str:
    text = "".join(f" {'+' if term.sign > 0 else '−'} {word(term.token)}" for term in terms)
    return text.removeprefix(" + ").strip()


def verdict(page: Page, result: Arithmetic) -> list[str]:
    answer, first = word(result.answer.token), word(result.first.token)
    cosine = f"{result.answer.cosine:.2f}"
    name = "predicted_not" if result.rank > 1 else "predicted_first" if result.predicted else "nearest"
    said = [page.t(f"verdict.{name}", answer=answer, first=first, rank=f"{result.rank:,}", cosine=cosine)]
    if result.simpler:
        best = min(result.simpler, key=lambda s: s.rank)
        if result.rank == 1:
            said.append(page.t("verdict.free" if best.rank == 1 else "verdict.earned", part=formula_of(best.terms)))
        elif best.rank < result.rank:
            said.append(page.t("verdict.closer", part=formula_of(best.terms), rank=f"{best.rank:,}"))
    if result.rank_kept > result.rank:
        said.append(page.t("verdict.kept", rank=f"{result.rank_kept:,}"))
    return said


def show_results(page: Page, result: Arithmetic) -> None:
    without = st.toggle(page.t("test.without"), **page.bind("without", page.state.without))
    shown = [near for near in result.results if not (without and near.id in result.inputs)][:10]
    table = {
        page.t("test.rank"): [str(place) for place in range(1, len(shown) + 1)],
        page.t("test.token"): [word(near.token) for near in shown],
        page.t("test.cosine"): [f"{near.cosine:.3f}" for near in shown],
        page.t("test.own"): [page.t("test.yes") if near.id in result.inputs else "" for near in shown],
    }
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)


def show_simpler(page: Page, result: Arithmetic) -> None:
    st.markdown(f"**{page.t('test.simpler')}**")
    lines = [(result.terms, result.rank, result.answer.cosine)]
    lines += [(part.terms, part.rank, part.cosine) for part in result.simpler]
    table = {
        page.t("test.added"): [formula_of(terms) for terms, _, _ in lines],
        page.t("test.answer_rank", answer=word(result.answer.token)): [f"{rank:,}" for _, rank, _ in lines],
        page.t("test.cosine"): [f"{cosine:.3f}" for _, _, cosine in lines],
    }
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)


def show_sides(page: Page, result: Arithmetic) -> None:
    marks = landmarks_of(page.llm)
    random = marks.arrows
    kind = page.t("map.vocabulary" if "vocabulary" in marks.groups else "map.words")
    n_pairs = f"{random.n_pairs:,}"
    st.markdown(page.t("test.arrows", kind=kind, n_pairs=n_pairs, sd=f"{random.sd:.2f}", p99=f"{random.p99:.2f}"))
    a, b, c = (word(term.token) for term in result.terms)
    d = word(result.answer.token)
    for names, cosine in zip(((a, b, d, c), (a, d, b, c)), result.sides, strict=True):
        said = page.t("test.arrow_beyond" if cosine > random.p99 else "test.arrow_within")
        shown = dict(zip("abcd", names, strict=True))
        st.markdown("- " + page.t("test.arrow_pair", cosine=f"{cosine:.2f}", verdict=said, **shown))


def notes(page: Page) -> None:
    llm, config = page.llm, page.llm.config
    page.lesson("notes")
    page.link("context")
    claim = notes_claim(llm)
    if claim:
        sd = f"{landmarks_of(llm).arrows.sd:.2f}"
        page.lesson("notes_claim", cosine=f"{claim[0]:.2f}", residual=f"{claim[1]:.2f}", sd=sd)
    page.lesson("notes_tied" if config.tied else "notes_untied")
    both = (config, GPT3)
    table = {
        page.t("notes.table"): [page.t(f"notes.{row}") for row in ("rows", "columns", "numbers", "share", "context")],
        plain(llm.name): [],
        page.t("notes.gpt3"): [],
    }
    for name, c in zip(list(table)[1:], both, strict=True):
        parts = count_parameters(c)
        share = f"{100 * parts['embed'] / sum(parts.values()):.1f} %"
        context = page.t("notes.tokens", count=f"{c.n_ctx:,}")
        table[name] = [f"{c.vocab_size:,}", f"{c.d_model:,}", f"{parts['embed']:,}", share, context]
    st.table(pd.DataFrame(table), border="horizontal", hide_index=True)


page = start("embeddings")
see(page)
with page.depth("open") as shown:
    if shown:
        open_row(page)
with page.depth("test") as shown:
    if shown:
        test(page)
with page.depth("notes") as shown:
    if shown:
        notes(page)
