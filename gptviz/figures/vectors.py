"""Vectors as strips of colour, one cell a number."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots
from torch import Tensor

from gptviz.figures.colours import Theme, diverging
from gptviz.figures.template import template


def strips(rows: Sequence[tuple[str, Tensor]], *, theme: Theme = "light") -> go.Figure:
    """Vectors [n] one below the other, each with its title and a scale of its own, centred at 0: equal colours in two
    strips are not equal numbers. A scale ends where 1 in 100 of the strip's numbers lie beyond, so that one huge
    number does not leave the others blank; hovering shows the numbers themselves."""
    figure = make_subplots(rows=len(rows), cols=1, subplot_titles=[title for title, _ in rows], vertical_spacing=0.16)
    for row, (_, values) in enumerate(rows, start=1):
        values = values.detach().float().cpu()
        bound = max(float(values.abs().quantile(0.99)), 1e-12)
        strip = go.Heatmap(
            z=values[None].numpy(),
            zmin=-bound,
            zmax=bound,
            colorscale=diverging(theme),
            showscale=False,
            xgap=0,
            ygap=0,
            hovertemplate="%{x}: %{z:.4g}<extra></extra>",
        )
        figure.add_trace(strip, row=row, col=1)
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, ticks="")
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, ticks="")
    figure.update_annotations(font_size=13)
    figure.update_layout(template=template(theme), height=30 + 72 * len(rows))
    return figure
