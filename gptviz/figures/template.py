"""How a chart of gptviz looks, in the light and in the dark theme."""

from __future__ import annotations

import plotly.graph_objects as go

from gptviz.figures.colours import PAGE, ROLES, Theme, diverging, sequential

FONT = (
    "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', "
    "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
)


def template(theme: Theme = "light") -> go.layout.Template:
    """A Plotly template: `go.Figure(layout={"template": template(theme)})`. The background stays transparent, so that
    the page shows through; heatmaps start with the scale for signed values."""
    page = PAGE[theme]
    axis = {
        "gridcolor": page["line"],
        "linecolor": page["line"],
        "zerolinecolor": page["muted"],
        "tickfont": {"color": page["ink"]},
        "title": {"font": {"color": page["muted"], "size": 13}},
        "automargin": True,
    }
    bar = {"outlinewidth": 0, "thickness": 12, "tickfont": {"color": page["muted"]}}
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 14, "color": page["ink"]},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(ROLES[theme].values()),
            "colorscale": {"diverging": diverging(theme), "sequential": sequential("attention", theme)},
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
            "hoverlabel": {
                "bgcolor": page["panel"],
                "bordercolor": page["line"],
                "font": {"color": page["ink"], "family": FONT},
            },
            "legend": {"orientation": "h", "y": 1.08, "x": 0},
            "dragmode": False,
        },
        data={"heatmap": [go.Heatmap(colorscale=diverging(theme), xgap=1, ygap=1, colorbar=bar)]},
    )
