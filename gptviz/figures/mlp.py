"""The MLP as charts: its strongest neurons, its activation function with this token's values on it, and its layers."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import torch
from torch import Tensor

from gptviz.analysis.neurons import Neuron
from gptviz.figures.colours import PAGE, Theme, role
from gptviz.figures.labels import short
from gptviz.figures.template import template
from gptviz.model import ACTIVATIONS


def neuron_bars(neurons: Sequence[Neuron], chosen: int, *, title: str, theme: Theme = "light") -> go.Figure:
    """How much each neuron writes, strongest on top, with the words it raises (↑) written above its bar. The bar of
    neuron `chosen` is full, the others hatched."""
    places = list(range(len(neurons)))
    page = PAGE[theme]
    figure = go.Figure(
        go.Bar(
            x=[neuron.size for neuron in neurons],
            y=places,
            orientation="h",
            width=0.34,
            marker={
                "color": role("mlp", theme),
                # The chosen one has an outline; stripes mean other things on other pages.
                "line": {"color": page["ink"], "width": [3 if n.index == chosen else 0 for n in neurons]},
            },
            customdata=[n.index for n in neurons],
            hovertemplate="%{customdata}: %{x:.4g}<extra></extra>",
        )
    )
    for place, neuron in zip(places, neurons, strict=True):
        words = "  ".join(short(word) for word, _ in neuron.raises[:3])
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=place - 0.36,
            text=f"<b>{neuron.index}</b>  ↑ {words}",
            showarrow=False,
            font={"color": page["ink"], "size": 13},
        )
    figure.update_xaxes(title=title, rangemode="tozero")
    figure.update_yaxes(visible=False, range=[len(neurons) - 0.5, -0.75])
    figure.update_layout(template=template(theme), height=70 + 50 * len(neurons), margin={"t": 4})
    return figure


def activation_curve(
    name: str, pre: Tensor, chosen: Sequence[tuple[int, float]], *, titles: tuple[str, str], theme: Theme = "light"
) -> go.Figure:
    """The activation function `name` (a key of `ACTIVATIONS`) and where the values `pre` [M] land on it. chosen:
    (neuron, pre) of those to name. titles: of the two axes."""
    act, page = ACTIVATIONS[name], PAGE[theme]
    pre = pre.detach().float().cpu()
    low, high = min(float(pre.min()), -3.0), max(float(pre.max()), 3.0)
    line = torch.linspace(low, high, 400)
    figure = go.Figure(
        [
            go.Scatter(
                x=line.numpy(),
                y=act(line).numpy(),
                mode="lines",
                line={"color": page["muted"], "width": 2},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=pre.numpy(),
                y=act(pre).numpy(),
                mode="markers",
                marker={"color": role("mlp", theme), "size": 7, "opacity": 0.35},
                customdata=list(range(len(pre))),
                hovertemplate="%{customdata}: %{x:.4f} → %{y:.4f}<extra></extra>",
            ),
        ]
    )
    for index, value in chosen:
        figure.add_annotation(
            x=value,
            y=float(act(torch.tensor(value))),
            text=f"<b>{index}</b>",
            arrowcolor=page["ink"],
            ax=-28,
            ay=-24,
            font={"color": page["ink"]},
        )
    figure.update_xaxes(title=titles[0])
    figure.update_yaxes(title=titles[1])
    figure.update_layout(template=template(theme), height=340, showlegend=False, margin={"t": 12})
    return figure


def layer_bars(pushes: Tensor, chosen: int, *, titles: tuple[str, str], theme: Theme = "light") -> go.Figure:
    """One signed number a layer, [n_layer]; layer `chosen` is full, the others hatched."""
    values = pushes.detach().float().cpu()
    places = list(range(len(values)))
    figure = go.Figure(
        go.Bar(
            x=places,
            y=values.numpy(),
            marker={
                "color": role("mlp", theme),
                # The chosen one has an outline; stripes mean other things on other pages.
                "line": {"color": PAGE[theme]["ink"], "width": [3 if i == chosen else 0 for i in places]},
            },
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(title=titles[0], showgrid=False)
    figure.update_yaxes(title=titles[1])
    figure.update_layout(template=template(theme), height=280, margin={"t": 12})
    return figure
