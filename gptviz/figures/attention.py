"""Attention patterns and scores as heatmaps: rows are queries, columns keys."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

from gptviz.figures.colours import PAGE, Theme, diverging, readable_on, role, sequential, shade
from gptviz.figures.labels import places
from gptviz.figures.template import template
from gptviz.model import causal_mask
from gptviz.numbers import fixed

_NUMBERS = 9  # up to so many tokens each cell shows its number
_THINNEST = 0.01  # weights under this get no line
_MAP = 48  # a small map has at most so many cells a side


def pattern(
    tokens: Sequence[str],
    weights: Tensor,
    *,
    titles: tuple[str, str, str] = ("query", "key", "weight"),
    query: int | None = None,
    first: bool = True,
    theme: Theme = "light",
) -> go.Figure:
    """One head's pattern [T, T], each row a probability distribution, on a scale from 0 to 1.

    titles: what to call the rows, the columns and the values. query: the row to frame. first: whether to show the
    weight on the first token; without it the scale ends at the largest weight that is left.
    """
    values = weights.detach().float().cpu().clone()
    top = 1.0
    if not first:
        values[:, 0] = math.nan
        top = float(values.nan_to_num(nan=0.0).max()) or 1.0
    visible = values.masked_fill(~causal_mask(len(tokens), len(tokens)), math.nan)
    figure = _heatmap(
        tokens, visible, titles, {"zmin": 0, "zmax": top, "colorscale": sequential("attention", theme)}, theme
    )
    _frame(figure, tokens, query, theme)
    return figure


def scores(
    tokens: Sequence[str],
    values: Tensor,
    *,
    titles: tuple[str, str, str] = ("query", "key", "score"),
    query: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """One head's scores [T, T] before softmax, on a diverging scale centred at 0. -inf is hatched and marked "-∞".

    The ends of the scale are those of `score_bound`. titles and query as in `pattern`.
    """
    values = values.detach().float().cpu()
    masked = values == -math.inf
    bound = score_bound(values)
    scale = {"zmin": -bound, "zmax": bound, "colorscale": diverging(theme)}
    figure = _heatmap(tokens, values.masked_fill(masked, math.nan), titles, scale, theme)
    if masked.any():
        _hatch(figure, len(tokens), theme)
    _frame(figure, tokens, query, theme)
    return figure


def score_bound(values: Tensor) -> float:
    """The largest finite |score| outside the first token's row and column, whose scores may dwarf all others'."""
    inner = values[1:, 1:] if len(values) > 1 else values
    finite = inner[inner.isfinite()].abs()
    return float(finite.max()) if len(finite) else 1.0


def head_maps(
    patterns: Tensor, names: Sequence[str], chosen: int, *, first: bool = True, theme: Theme = "light"
) -> go.Figure:
    """All heads of a layer, patterns [n_head, T, T], as small maps on one scale from 0 to 1, `chosen` framed.

    Long patterns are pooled to the largest weight of each patch: a picture, not numbers.
    """
    n_head, T, _ = patterns.shape
    small = patterns.detach().float().cpu().clone()
    if not first:
        small[:, :, 0] = 0.0
    if T > _MAP:
        small = adaptive_max_pool2d(small, _MAP)
    side = small.shape[-1]
    cols = 3 if n_head <= 9 else 4 if n_head <= 16 else 6
    rows = math.ceil(n_head / cols)
    height = rows * 150 + 10
    titles = [f"<b>▸ {name}</b>" if head == chosen else name for head, name in enumerate(names)]
    figure = make_subplots(
        rows=rows, cols=cols, subplot_titles=titles, vertical_spacing=26 / height, horizontal_spacing=0.02
    )
    for head in range(n_head):
        row, col = head // cols + 1, head % cols + 1
        shades = (small[head] * 255).round().byte().numpy()
        figure.add_trace(
            go.Heatmap(
                z=shades,
                zmin=0,
                zmax=255,
                colorscale=sequential("attention", theme),
                showscale=False,
                xgap=0,
                ygap=0,
                hoverinfo="skip",
            ),
            row=row,
            col=col,
        )
        line = (
            {"color": role("attention", theme), "width": 3}
            if head == chosen
            else {"color": PAGE[theme]["line"], "width": 1}
        )
        figure.add_shape(type="rect", x0=-0.5, x1=side - 0.5, y0=-0.5, y1=side - 0.5, line=line, row=row, col=col)
    figure.update_xaxes(showticklabels=False, ticks="", showgrid=False, zeroline=False, range=[-0.5, side - 0.5])
    figure.update_yaxes(showticklabels=False, ticks="", showgrid=False, zeroline=False, range=[side - 0.5, -0.5])
    figure.update_annotations(font_size=12)
    figure.update_layout(template=template(theme), height=height, margin={"t": 24, "b": 4, "l": 4, "r": 4})
    return figure


def dot_product(
    query: Tensor, key: Tensor, *, titles: tuple[str, str, str] = ("q", "k", "q × k"), theme: Theme = "light"
) -> go.Figure:
    """A query and a key vector [d_head] as strips, and below them their products, which add up to q·k."""
    query, key = query.detach().float().cpu(), key.detach().float().cpu()
    products = query * key
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, row_heights=[0.16, 0.16, 0.68], vertical_spacing=0.12, subplot_titles=titles
    )
    for row, values in enumerate((query, key), start=1):
        bound = max(float(values.abs().max()), 1e-12)
        figure.add_trace(
            go.Heatmap(
                z=values[None].numpy(),
                zmin=-bound,
                zmax=bound,
                colorscale=diverging(theme),
                showscale=False,
                hovertemplate="%{x}: %{z:.4f}<extra></extra>",
            ),
            row=row,
            col=1,
        )
    low, high = diverging(theme)[0][1], diverging(theme)[-1][1]
    figure.add_trace(
        go.Bar(
            y=products.numpy(),
            marker={"color": [high if p > 0 else low for p in products.tolist()]},
            showlegend=False,
            hovertemplate="%{x}: %{y:.4f}<extra></extra>",
        ),
        row=3,
        col=1,
    )
    for row in (1, 2):
        figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, ticks="", row=row)
        figure.update_xaxes(showticklabels=False, ticks="", row=row)
    figure.update_xaxes(showgrid=False, zeroline=False)
    for annotation, name in zip(figure.select_annotations(), ("query", "key", None), strict=True):
        annotation.font.size = 13
        annotation.update(x=0, xanchor="left")
        if name:
            annotation.font.color = role(name, theme)
    figure.update_layout(template=template(theme), height=360, bargap=0.15)
    return figure


def lines(tokens: Sequence[str], patterns: Sequence[tuple[str, Tensor]], *, theme: Theme = "light") -> go.Figure:
    """Patterns as lines from queries, on the left, to keys, on the right (Vig 2019): as thick as the weight, weights
    under 0.01 left out. patterns: (name, [T, T]) of each head, in a colour of its own."""
    figure = go.Figure(layout={"template": template(theme), "height": max(220, 26 * len(tokens) + 60)})
    hues = ("attention", "output", "key", "value", "query", "mlp")
    for number, (name, weights) in enumerate(patterns):
        colour = role(hues[number % len(hues)], theme)
        shown = False
        for i, row in enumerate(weights.detach().float().cpu().tolist()):
            for j, weight in enumerate(row[: i + 1]):
                if weight < _THINNEST:
                    continue
                figure.add_trace(
                    go.Scatter(
                        x=[0, 0.5, 1],
                        y=[i, (i + j) / 2, j],
                        mode="lines",
                        line={"color": colour, "width": 9 * weight, "shape": "spline"},
                        opacity=0.6,
                        name=name,
                        legendgroup=name,
                        showlegend=not shown,
                        hoverinfo="name",
                    )
                )
                shown = True
    places_ = list(range(len(tokens)))
    left = {"tickvals": places_, "ticktext": places(tokens), "range": [len(tokens) - 0.5, -0.5]}
    figure.update_yaxes(**left, showgrid=False, zeroline=False)
    figure.update_layout(yaxis2={**left, "overlaying": "y", "side": "right", "showgrid": False})
    # An axis without a trace is not drawn.
    figure.add_trace(go.Scatter(x=[1], y=[0], yaxis="y2", mode="markers", marker={"opacity": 0}, showlegend=False))
    figure.update_xaxes(visible=False, range=[0, 1])
    return figure


def all_heads(values: Tensor, *, title: str, theme: Theme = "light") -> go.Figure:
    """One number a head, [n_layer, n_head], from `analysis.heads`: layers across, heads down."""
    grid = values.detach().float().cpu().T.numpy()
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            zmin=0,
            colorscale=sequential("attention", theme),
            xgap=1,
            ygap=1,
            colorbar={"title": title},
            hovertemplate=f"%{{x}}.%{{y}}: %{{z:.3f}} {title}<extra></extra>",
        ),
        layout={"template": template(theme), "height": 120 + 22 * grid.shape[0]},
    )
    figure.update_xaxes(title="layer", showgrid=False, dtick=1 if grid.shape[1] <= 32 else 4)
    figure.update_yaxes(title="head", showgrid=False, dtick=1, autorange="reversed")
    return figure


def _heatmap(
    tokens: Sequence[str], values: Tensor, titles: tuple[str, str, str], scale: dict, theme: Theme
) -> go.Figure:
    """values [T, T] with tokens on both axes, query 0 at the top; NaN stays empty."""
    T, names = len(tokens), places(tokens)
    rows, columns, value = titles
    figure = go.Figure(
        go.Heatmap(
            z=values.numpy(),
            x=names,
            y=names,
            xgap=1 if T <= 64 else 0,
            ygap=1 if T <= 64 else 0,
            hoverongaps=False,
            hovertemplate=f"{rows}: %{{y}}<br>{columns}: %{{x}}<br>{value}: %{{z:.4f}}<extra></extra>",
            # Above the chart: beside it, a narrow screen would have no width left.
            colorbar={
                "orientation": "h",
                "title": {"text": value, "font": {"size": 12}},
                "thickness": 10,
                "len": 0.6,
                "x": 1,
                "xanchor": "right",
                "y": 1.01,
                "yanchor": "bottom",
                "tickfont": {"size": 11},
                "nticks": 5,
                "tickangle": 0,
            },
            **scale,
        )
    )
    if T <= _NUMBERS:
        _numbers(figure, names, values, scale)
    axis = {
        "type": "category",
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 11 if T > 16 else 13},
    }
    # The range is given: a frame must not widen it.
    figure.update_xaxes(
        title={"text": columns, "font": {"size": 13}, "standoff": 16},
        tickangle=-90 if T > 6 else None,
        range=[-0.5, T - 0.5],
        **axis,
    )
    figure.update_yaxes(title={"text": rows, "font": {"size": 13}}, range=[T - 0.5, -0.5], **axis)
    figure.update_layout(template=template(theme), height=min(720, 300 + 34 * T), margin={"t": 12})
    return figure


def _numbers(figure: go.Figure, names: Sequence[str], values: Tensor, scale: dict) -> None:
    """Each cell's number, black or white as its colour asks."""
    cells = [(i, j, float(values[i, j])) for i in range(len(names)) for j in range(len(names))]
    cells = [cell for cell in cells if not math.isnan(cell[2])]
    low, high = scale["zmin"], scale["zmax"]
    colours = [readable_on(shade(scale["colorscale"], (z - low) / (high - low))) for _, _, z in cells]
    figure.add_trace(
        go.Scatter(
            x=[names[j] for _, j, _ in cells],
            y=[names[i] for i, _, _ in cells],
            text=[fixed(z, 2) for _, _, z in cells],
            mode="text",
            textfont={"color": colours, "size": 13},
            hoverinfo="skip",
            showlegend=False,
        )
    )


def _frame(figure: go.Figure, tokens: Sequence[str], query: int | None, theme: Theme) -> None:
    if query is not None:
        figure.add_shape(
            type="rect",
            x0=-0.5,
            x1=len(tokens) - 0.5,
            y0=query - 0.5,
            y1=query + 0.5,
            line={"color": role("query", theme), "width": 2},
        )


def _hatch(figure: go.Figure, T: int, theme: Theme) -> None:
    """Hatch the cells above the diagonal, which hold -inf: no colour of the scale stands for it."""
    step = max(1.0, T / 24)
    strokes = []
    c = 0.5
    while c < 2 * T:
        # The stroke x + y = c, from the staircase of the mask to the edge of the chart.
        x0, y0 = (c + 1) / 2, (c - 1) / 2
        x1 = min(c + 0.5, T - 0.5)
        if x1 > x0:
            strokes.append(f"M{x0},{y0} L{x1},{c - x1}")
        c += step / 2
    figure.add_shape(
        type="path",
        path=" ".join(strokes),
        line={"color": PAGE[theme]["muted"], "width": 1},
        opacity=0.6,
        layer="below",
    )
    marks = [(j, i) for i in range(T) for j in range(i + 1, T)] if T <= _NUMBERS else [(0.75 * T, 0.25 * T - 0.5)]
    for x, y in marks:
        figure.add_annotation(
            x=x,
            y=y,
            text="−∞",
            showarrow=False,
            font={"size": 12 if T <= _NUMBERS else 28, "color": PAGE[theme]["ink"]},
            bgcolor=PAGE[theme]["background"],
            borderpad=1,
        )
