"""The next word before and after something was changed."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from gptviz.figures.colours import PAGE, Theme, role
from gptviz.figures.labels import short
from gptviz.figures.template import template
from gptviz.numbers import percent


def next_words(
    words: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], *, theme: Theme = "light"
) -> go.Figure:
    """Bars for the probabilities of `words` (most important first), one bar for each of the `series` (name,
    probabilities): the first as it was, the second changed, a third, if any, the control."""
    looks = [
        {"color": role("output", theme)},
        {
            "color": role("attention", theme),
            "pattern": {"shape": "/", "fgcolor": PAGE[theme]["background"], "fillmode": "overlay"},
        },
        {
            "color": PAGE[theme]["muted"],
            "pattern": {"shape": ".", "fgcolor": PAGE[theme]["background"], "fillmode": "overlay"},
        },
    ]
    places = list(range(len(words)))
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                y=places,
                x=list(values),
                orientation="h",
                marker=look,
                text=[percent(value) for value in values],
                textposition="outside",
                cliponaxis=False,
                hoverinfo="skip",
            )
            for (name, values), look in zip(series, looks, strict=False)
        ]
    )
    largest = max(max(values) for _, values in series)
    figure.update_xaxes(range=[0, min(1.0, largest) * 1.2], tickformat=".0%", showgrid=True)
    figure.update_yaxes(tickvals=places, ticktext=[short(word) for word in words], autorange="reversed", showgrid=False)
    figure.update_layout(
        template=template(theme),
        barmode="group",
        bargap=0.3,
        height=90 + len(words) * (16 + 20 * len(series)),
        legend={"traceorder": "normal", "y": 1, "yanchor": "bottom"},
        margin={"r": 24, "t": 8},
    )
    return figure
