"""The embeddings page's charts: rows as colours, neighbours beside the band of random pairs, a map of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from torch import Tensor

from gptviz.analysis.geometry import Baseline, Near
from gptviz.figures.colours import PAGE, TOKENS, Theme, token_colour
from gptviz.figures.template import template

_ROW = 26  # height of a labelled row, in pixels


def rows_heatmap(
    rows: Tensor,
    tokens: Sequence[str],
    *,
    limit: float,
    x_title: str,
    chosen: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """`rows` [T, D], one line a token: blue below zero, red above; the colours end at ±`limit`, the numbers under the
    pointer do not. `chosen`: the line to mark."""
    n, width = rows.shape
    positions = list(range(n))
    step = max(1, -(-n // 40))  # at most forty labels
    figure = go.Figure(
        go.Heatmap(
            z=rows.float().cpu().numpy(),
            zmin=-limit,
            zmid=0,
            zmax=limit,
            # Hundreds of columns leave no room for gaps; a handful of numbers is easier to tell apart with them.
            xgap=1 if width <= 64 else 0,
            ygap=1 if n <= 40 else 0,
            # Plotly says a labelled row by its label, the others by their position.
            hovertemplate="%{y} [%{x}] = %{z:.4f}<extra></extra>",
        ),
        layout={
            "template": template(theme),
            "height": 90 + max(6, min(_ROW, 520 // n)) * max(n, 2),
            "xaxis": {"title": {"text": x_title, "font": {"size": 13}}, "showgrid": False, "zeroline": False},
            "yaxis": {
                "autorange": "reversed",
                "showgrid": False,
                "zeroline": False,
                "tickvals": positions[::step],
                "ticktext": [label(tokens[i]) for i in positions[::step]],
            },
        },
    )
    if chosen is not None:
        figure.add_shape(
            type="rect", xref="paper", x0=0, x1=1, y0=chosen - 0.5, y1=chosen + 0.5, line={"color": PAGE[theme]["ink"]}
        )
    return figure


def lookup_strip(
    ids: Sequence[int], tokens: Sequence[str], n_rows: int, *, x_title: str, chosen: int, theme: Theme = "light"
) -> go.Figure:
    """The matrix as a strip, with a line in it for each row that is looked up, and threads to those rows from the
    tokens: the chosen position's and those around it, as many as a narrow screen has room for."""
    page = PAGE[theme]
    named = _around(ids, chosen, 8)
    figure = go.Figure(
        layout={
            "template": template(theme),
            "height": 220,
            "showlegend": False,
            "xaxis": {
                "title": {"text": x_title, "font": {"size": 13}},
                "range": [-0.5, n_rows - 0.5],
                "zeroline": False,
                "showgrid": False,
            },
            "yaxis": {"range": [0, 4], "visible": False},
        }
    )
    strip = {"x0": -0.5, "x1": n_rows - 0.5, "y0": 0, "y1": 1}
    figure.add_shape(type="rect", **strip, fillcolor=page["panel"], line={"color": page["line"]}, layer="below")
    for id in dict.fromkeys(ids):
        figure.add_shape(type="line", x0=id, x1=id, y0=0, y1=1, line={"color": page["muted"], "width": 1})
    for n, position in enumerate(named):
        at, id, here = (n + 0.5) / len(named) * n_rows - 0.5, ids[position], position == chosen
        colour, width = (page["ink"], 2.5) if here else (page["muted"], 1)
        figure.add_trace(
            go.Scatter(
                x=[at, id, id],
                y=[3.2, 1, 0],
                mode="lines",
                line={"color": colour, "width": width},
                hovertemplate=f"{label(tokens[position])} → {id}<extra></extra>",
            )
        )
        figure.add_annotation(
            x=at,
            y=3.5,
            text=label(tokens[position]),
            showarrow=False,
            bgcolor=TOKENS[theme][token_colour(position)],
            bordercolor=colour,
            borderwidth=2 if here else 1,
            borderpad=2,
            font={"color": page["ink"], "size": 13},
        )
    return figure


def _around(ids: Sequence[int], chosen: int, count: int) -> list[int]:
    """Up to `count` positions with different ids, those nearest to `chosen`, in order."""
    kept: dict[int, int] = {}
    for position in sorted(range(len(ids)), key=lambda n: (abs(n - chosen), n)):
        kept.setdefault(ids[position], position)
    return sorted(list(kept.values())[:count])


def neighbours(
    near: Sequence[Near],
    token_band: Baseline,
    pair_band: Baseline,
    *,
    labels: tuple[str, str],
    x_title: str,
    theme: Theme = "light",
) -> go.Figure:
    """One line a token, a dot at its cosine, beside two bands of mean ± 1 sd: what the token gives with any other
    (filled), and what any two tokens give (dashed). `labels`: of the bands, in this order."""
    page = PAGE[theme]
    lines = list(range(len(near)))
    cosines = [n.cosine for n in near]
    low = min(0, *cosines, token_band.mean - token_band.sd, pair_band.mean - pair_band.sd) - 0.02
    figure = go.Figure(
        go.Scatter(
            x=cosines,
            y=lines,
            mode="markers+text",
            marker={"color": page["ink"], "size": 9},
            text=[f" {c:.2f}" for c in cosines],
            textposition="middle right",
            customdata=[[n.token, n.id] for n in near],
            hovertemplate="%{customdata[0]} (%{customdata[1]}): %{x:.4f}<extra></extra>",
            cliponaxis=False,
        ),
        layout={
            "template": template(theme),
            "height": 120 + _ROW * len(near),
            "margin": {"r": 40, "t": 56},
            "xaxis": {
                "title": {"text": x_title, "font": {"size": 13}},
                "range": [low, 1.02],
                "zeroline": True,
            },
            "yaxis": {
                "autorange": "reversed",
                "tickvals": lines,
                "ticktext": [label(n.token) for n in near],
                "showgrid": False,
                "zeroline": False,
            },
        },
    )
    filled = {"fillcolor": page["line"], "line_width": 0, "layer": "below"}
    dashed = {"line": {"color": page["muted"], "width": 1, "dash": "dash"}}
    for n, (band, style) in enumerate(((token_band, filled), (pair_band, dashed))):
        figure.add_vrect(x0=band.mean - band.sd, x1=band.mean + band.sd, **style)
        middle = (band.mean - low) / (1.02 - low)
        figure.add_annotation(
            x=band.mean,
            yref="paper",
            y=1,
            yshift=4 + 18 * n,
            yanchor="bottom",
            # Towards the middle of the picture, so that nothing is cut off on a narrow screen.
            xanchor="left" if middle < 0.35 else "right" if middle > 0.65 else "center",
            text=labels[n],
            showarrow=False,
            font={"color": page["muted"] if n else page["ink"], "size": 12},
        )
    return figure


@dataclass(frozen=True)
class Point:
    """A token on the map. position: where it stands in the prompt; None for a landmark."""

    token: str
    x: float
    y: float
    group: str
    position: int | None = None


def word_map(
    points: Sequence[Point],
    *,
    highlighted: str | None,
    x_title: str,
    y_title: str,
    chosen: int | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Landmarks as dots, those of the `highlighted` group darker, and the prompt's tokens on their own colours.

    Labels: the prompt's tokens, the highlighted group, and as many landmarks as fit without overlap; every other
    token shows its name under the pointer.
    """
    page = PAGE[theme]
    own = [p for p in points if p.position is not None]
    marked = [p for p in points if p.position is None and p.group == highlighted]
    others = [p for p in points if p.position is None and p.group != highlighted]
    named = {id(p) for p in _without_overlap([*own, *marked, *others], points)}

    def layer(part: Sequence[Point], colour: str, size: int, opacity: float) -> go.Scatter:
        return go.Scatter(
            x=[p.x for p in part],
            y=[p.y for p in part],
            mode="markers+text",
            marker={"color": colour, "size": size, "opacity": opacity},
            text=[label(p.token) if id(p) in named else "" for p in part],
            textposition="top center",
            textfont={"color": colour, "size": 12},
            customdata=[[p.token, p.group] for p in part],
            hovertemplate="%{customdata[0]} · %{customdata[1]}<extra></extra>",
        )

    figure = go.Figure(
        [layer(others, page["muted"], 5, 0.6), layer(marked, page["ink"], 7, 1)],
        layout={
            "template": template(theme),
            "height": 560,
            "showlegend": False,
            "xaxis": {
                "title": {"text": x_title, "font": {"size": 13}},
                "range": _padded([p.x for p in points], 0.06),
                "zeroline": False,
                "showticklabels": False,
            },
            # No equal scale for both axes: on a narrow screen that would leave the second a few lines.
            "yaxis": {
                "title": {"text": y_title, "font": {"size": 13}},
                "range": _padded([p.y for p in points], 0.06),
                "zeroline": False,
                "showticklabels": False,
            },
        },
    )
    for p in own:
        figure.add_annotation(
            x=p.x,
            y=p.y,
            text=label(p.token),
            showarrow=False,
            bgcolor=TOKENS[theme][token_colour(p.position)],
            bordercolor=page["ink"] if p.position == chosen else page["muted"],
            borderwidth=2 if p.position == chosen else 1,
            borderpad=3,
            font={"color": page["ink"], "size": 14},
            hovertext=label(p.token),
        )
    return figure


def _padded(values: Sequence[float], share: float) -> list[float]:
    """A range that holds all values, with room at both ends: Plotly's own forgets annotations."""
    low, high = min(values), max(values)
    room = share * (high - low or 1)
    return [low - room, high + room]


def _without_overlap(candidates: Sequence[Point], points: Sequence[Point]) -> list[Point]:
    """Those of `candidates`, the first ones first, whose labels fit a narrow screen's map without overlap."""
    width, height = 330, 460  # of the plot on such a screen, in pixels
    left, right = min(p.x for p in points), max(p.x for p in points)
    bottom, top = min(p.y for p in points), max(p.y for p in points)
    kept: list[Point] = []
    boxes: list[tuple[float, float, float, float]] = []
    for p in candidates:
        x = (p.x - left) / (right - left or 1) * width
        y = (p.y - bottom) / (top - bottom or 1) * height
        if p.position is None:  # above its dot
            half, low, high = 4 * len(p.token) + 2, y - 2, y + 16
        else:  # larger, framed, and in its place
            half, low, high = 5 * len(p.token) + 6, y - 14, y + 14
        box = (x - half, low, x + half, high)
        if all(box[2] < b[0] or b[2] < box[0] or box[3] < b[1] or b[3] < box[1] for b in boxes):
            kept.append(p)
            boxes.append(box)
    return kept


def label(token: str) -> str:
    """A token as text in a chart: not read as markup, and not endlessly long."""
    shown = token if len(token) <= 16 else token[:15] + "…"
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
