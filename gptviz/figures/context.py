"""One word in several sentences as charts: how alike its vectors are after each layer, and what moved them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from torch import Tensor

from gptviz.figures.colours import PAGE, Theme, diverging, role
from gptviz.figures.labels import escape
from gptviz.figures.template import template
from gptviz.numbers import fixed, percent

_APART = 17  # pixels between two labels


@dataclass(frozen=True)
class Curve:
    """One number at each point of the stream, [P]. label: what to write at its end; control: whether it is what the
    others are read against."""

    name: str
    label: str
    values: Tensor
    control: bool = False


def points(n_layer: int, start: str) -> list[str]:
    """What to call each point of the stream: `start` before the first layer, then the layer it comes after."""
    return [start, *map(str, range(n_layer))]


def curves(
    lines: Sequence[Curve], names: Sequence[str], *, titles: tuple[str, str], chosen: int | None, theme: Theme = "light"
) -> go.Figure:
    """Cosines along the stream; names: of the points (see `points`). The control is dashed. chosen: the point to mark;
    titles: of the two axes."""
    page = PAGE[theme]
    symbols = iter(("circle", "diamond", "square"))
    places = list(range(len(names)))
    figure = go.Figure()
    for line in lines:
        colour = page["muted"] if line.control else role("attention", theme)
        figure.add_trace(
            go.Scatter(
                name=line.name,
                x=places,
                y=line.values.tolist(),
                mode="lines+markers",
                line={"color": colour, "width": 2, "dash": "dash" if line.control else "solid"},
                marker={"symbol": "x" if line.control else next(symbols), "size": 7, "color": colour},
                customdata=names,
                hovertemplate=f"{line.label} · %{{customdata}}: %{{y:.4f}}<extra></extra>",
            )
        )
    low = min(float(line.values.min()) for line in lines)
    low, high, height = low - 0.08 * (1 - low) - 0.01, 1 + 0.04 * (1 - low) + 0.002, 250
    ends = sorted((float(line.values[-1]), line.label, line.control) for line in lines)
    at = _spread([(end - low) / (high - low) * height for end, _, _ in ends])
    for (end, label, control), place in zip(ends, at, strict=True):
        figure.add_annotation(
            x=places[-1],
            y=end,
            yshift=place - (end - low) / (high - low) * height,
            text=f"<b>{label}</b> {fixed(end, 2)}",
            showarrow=False,
            xanchor="left",
            xshift=8,
            font={"color": page["muted"] if control else role("attention", theme), "size": 13},
        )
    if chosen is not None:
        figure.add_vline(x=chosen, line={"color": page["muted"], "width": 1, "dash": "dot"})
    _layer_axis(figure, names, titles[0])
    figure.update_yaxes(title=titles[1], range=[low, high], tickformat=".2~f")
    figure.update_layout(
        template=template(theme),
        height=height + 110,
        margin={"t": 44, "r": 84},
        legend={"y": 1.02, "yanchor": "bottom"},
    )
    return figure


def head_grid(
    panels: Sequence[tuple[str, Tensor]],
    *,
    titles: tuple[str, str, str],
    framed: Sequence[tuple[int, int]] = (),
    theme: Theme = "light",
) -> go.Figure:
    """A signed number for each head, [n_layer, n_head] a panel with its title: layers from left to right, heads from
    top to bottom, all panels on one scale centred at 0. titles: of layers, heads and values; framed: heads (layer,
    head) to set off."""
    n_layer, n_head = panels[0][1].shape
    bound = max(float(values.abs().max()) for _, values in panels) or 1.0
    end = bound * (1 - 1e-6)  # at the very end of its scale Plotly may leave a tick out
    row = 26 if n_head < 6 else 17 if n_head < 16 else 10  # pixels
    height = len(panels) * (n_head * row + 36) + 64
    figure = make_subplots(
        rows=len(panels),
        cols=1,
        shared_xaxes=True,
        subplot_titles=[title for title, _ in panels],
        vertical_spacing=34 / height if len(panels) > 1 else 0,
    )
    layer, head, value = titles
    for number, (_, values) in enumerate(panels, start=1):
        figure.add_trace(
            go.Heatmap(
                z=values.T.tolist(),
                zmin=-bound,
                zmax=bound,
                colorscale=diverging(theme),
                text=[[f"{i}.{h}" for i in range(n_layer)] for h in range(n_head)],
                customdata=[[percent(share, 2) for share in row] for row in values.T.tolist()],
                hovertemplate=f"%{{text}}<br>{value}: %{{customdata}}<extra></extra>",
                showscale=number == 1,
                colorbar={
                    "orientation": "h",
                    "title": {"text": value, "font": {"size": 12}},
                    "thickness": 10,
                    "len": 0.5,
                    "x": 1,
                    "xanchor": "right",
                    "y": 1 + 4 / height,
                    "yanchor": "bottom",
                    "tickvals": [-end, 0, end],
                    "ticktext": [percent(-bound, 1), "0", percent(bound, 1)],
                    "tickfont": {"size": 11},
                    "tickangle": 0,
                },
            ),
            row=number,
            col=1,
        )
        line = {"color": PAGE[theme]["line"], "width": 1}
        edges = {"x0": -0.5, "x1": n_layer - 0.5, "y0": -0.5, "y1": n_head - 0.5}
        figure.add_shape(type="rect", line=line, **edges, row=number, col=1)
        for i, h in framed:
            around = {"x0": i - 0.5, "x1": i + 0.5, "y0": h - 0.5, "y1": h + 0.5}
            line = {"color": PAGE[theme]["ink"], "width": 2}
            figure.add_shape(type="rect", line=line, **around, row=number, col=1)
        figure.update_yaxes(title=head, row=number, col=1)
    figure.update_xaxes(showgrid=False, zeroline=False, tickangle=0, tickvals=_some(n_layer, 12))
    figure.update_xaxes(title=layer, row=len(panels), col=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False, tickvals=_some(n_head, 5))
    figure.update_annotations(font_size=13, x=0, xanchor="left")
    figure.update_layout(template=template(theme), height=height, margin={"t": 46})
    return figure


def head_bars(
    names: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], *, theme: Theme = "light"
) -> go.Figure:
    """Signed shares of some heads as bars, the first on top, one bar for each of the `series` (name, shares): the
    difference across first, the control's, if there is one, second and dotted."""
    looks = [
        {"color": role("attention", theme)},
        {
            "color": PAGE[theme]["muted"],
            "pattern": {"shape": ".", "fgcolor": PAGE[theme]["background"], "fillmode": "overlay"},
        },
    ]
    places = list(range(len(names)))
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                x=list(values),
                y=places,
                orientation="h",
                marker=look,
                text=[percent(value, 1) for value in values],
                textposition="outside",
                cliponaxis=False,
                hoverinfo="skip",
            )
            for (name, values), look in zip(series, looks, strict=False)
        ]
    )
    every = [value for _, values in series for value in values]
    low, high = min(0.0, *every), max(0.0, *every)
    span = (high - low) or 1.0
    figure.update_xaxes(range=[low - 0.3 * span if low < 0 else 0, high + 0.22 * span], tickformat=".0%")
    figure.update_yaxes(tickvals=places, ticktext=list(names), autorange="reversed", showgrid=False)
    figure.update_layout(
        template=template(theme),
        barmode="group",
        bargap=0.3,
        height=90 + len(names) * (14 + 18 * len(series)),
        legend={"traceorder": "normal", "y": 1, "yanchor": "bottom"},
        margin={"r": 24, "t": 8},
    )
    return figure


def layer_shares(
    heads: Tensor, mlps: Tensor, *, names: tuple[str, str], titles: tuple[str, str], theme: Theme = "light"
) -> go.Figure:
    """Which share each layer's heads together and its MLP wrote, [n_layer] each. names: of the two; titles: of the
    axes."""
    mlp = {
        "color": role("mlp", theme),
        "pattern": {"shape": "/", "fgcolor": PAGE[theme]["background"], "fillmode": "overlay"},
    }
    looks = [{"color": role("attention", theme)}, mlp]
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                x=list(range(len(values))),
                y=values.tolist(),
                marker=look,
                customdata=[percent(share, 2) for share in values.tolist()],
                hovertemplate=f"{name} %{{x}}: %{{customdata}}<extra></extra>",
            )
            for name, values, look in zip(names, (heads, mlps), looks, strict=True)
        ]
    )
    figure.update_xaxes(title=titles[0], showgrid=False, tickvals=_some(len(heads), 12), tickangle=0)
    figure.update_yaxes(title=titles[1], tickformat=".0%")
    figure.update_layout(
        template=template(theme),
        barmode="group",
        height=270,
        margin={"t": 8},
        legend={"traceorder": "normal", "y": 1, "yanchor": "bottom"},
    )
    return figure


def reference_dots(
    rows: Sequence[tuple[str, Tensor]],
    senses: Sequence[int],
    names: Sequence[str],
    texts: Sequence[str],
    *,
    title: str,
    theme: Theme = "light",
) -> go.Figure:
    """The cosine of the word in each compared sentence with the word in each reference sentence: a row for each of
    `rows` (name, cosines [N]), a dot for each reference. senses: [N], an index into `names`, told by the dot's shape;
    texts: the references. NaN is left out."""
    looks = [
        {"symbol": "circle", "size": 11, "color": role("output", theme)},
        {"symbol": "diamond-open", "size": 11, "color": role("mlp", theme), "line": {"width": 2}},
    ]
    figure = go.Figure()
    for sense, (name, look) in enumerate(zip(names, looks, strict=True)):
        own = [i for i, which in enumerate(senses) if which == sense]
        figure.add_trace(
            go.Scatter(
                name=escape(name),
                x=[float(cosines[i]) for _, cosines in rows for i in own],
                # The two senses a little apart, so that dots do not hide one another.
                y=[row + (sense - 0.5) * 0.36 for row in range(len(rows)) for _ in own],
                mode="markers",
                marker=look,
                customdata=[escape(texts[i]) for _ in rows for i in own],
                hovertemplate="%{customdata}<br>%{x:.4f}<extra></extra>",
            )
        )
    places = list(range(len(rows)))
    figure.update_xaxes(title=title, tickformat=".2~f")
    figure.update_yaxes(
        tickvals=places,
        ticktext=[f"<b>{name}</b>" for name, _ in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
    )
    for row in places[1:]:
        figure.add_hline(y=row - 0.5, line={"color": PAGE[theme]["line"], "width": 1})
    figure.update_layout(
        template=template(theme),
        height=96 + 66 * len(rows),
        margin={"t": 8},
        legend={"traceorder": "normal", "y": 1, "yanchor": "bottom"},
    )
    return figure


def accuracy(
    values: Tensor, names: Sequence[str], *, titles: tuple[str, str], chosen: int, theme: Theme = "light"
) -> go.Figure:
    """Shares from 0 to 1 at each point of the stream, [P]. names: of the points; chosen: the one to mark."""
    figure = go.Figure(
        go.Scatter(
            x=list(range(len(names))),
            y=values.tolist(),
            mode="lines+markers",
            line={"color": role("output", theme), "width": 2},
            marker={"size": 6},
            customdata=names,
            text=[percent(share, 0) for share in values.tolist()],
            hovertemplate="%{customdata}: %{text}<extra></extra>",
        )
    )
    figure.add_vline(x=chosen, line={"color": PAGE[theme]["muted"], "width": 1, "dash": "dot"})
    _layer_axis(figure, names, titles[0])
    figure.update_yaxes(title=titles[1], range=[0, 1.06], tickformat=".0%")
    figure.update_layout(template=template(theme), height=250, margin={"t": 12}, showlegend=False)
    return figure


def _some(count: int, most: int) -> list[int]:
    """Of the numbers below `count`, at most about so many, evenly spaced, as ticks."""
    step = next(step for step in (1, 2, 4, 5, 10, 20, 50) if count / step <= most or step == 50)
    return list(range(0, count, step))


def _layer_axis(figure: go.Figure, names: Sequence[str], title: str) -> None:
    """The points of the stream from left to right: the start, and as many layers as stand apart."""
    last = len(names) - 1
    step = max(1, round(last / 6))
    # The start has a name longer than a number: the layer next to it would touch it.
    shown = [0, *(p for p in range(1 + step, last + 1, step) if p <= last - step / 2), last]
    if step == 1:
        shown = list(range(last + 1))
    figure.update_xaxes(
        title=title,
        tickvals=shown,
        ticktext=[names[p] for p in shown],
        tickangle=0,
        showgrid=False,
        range=[-0.4, last + 0.4],
        zeroline=False,
    )


def _spread(heights: Sequence[float]) -> list[float]:
    """Ascending heights, moved so that no two are nearer than `_APART`, each as little as that takes from below."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + _APART) if placed else height)
    # Half of what the highest was raised is given back by all, so that labels stay centred on their ends.
    back = (placed[-1] - heights[-1]) / 2 if placed else 0.0
    return [place - back for place in placed]
