"""What the model expects next, as bars; and how well it expected each token that came."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from gptviz.analysis.predictions import Candidate
from gptviz.figures.colours import PAGE, TOKENS, Theme, role, token_colour
from gptviz.figures.template import template
from gptviz.numbers import count, fixed, percent

ROW = 30  # pixels a bar


def word_bars(
    words: Sequence[Candidate], theme: Theme = "light", *, marked: Sequence[int] = (), top: float | None = None
) -> go.Figure:
    """A horizontal bar for each word's probability, the first on top, from 0.

    marked: ids to set off (a reader's guess, a new word): striped, and their names bold. top: the axis's end,
    so that two charts share a scale; None: the longest bar's.
    """
    names = [f"<b>{w.token}</b>" if w.id in marked else w.token for w in words]
    figure = go.Figure(
        go.Bar(
            # Two tokens may look alike; their rows may not fall together.
            y=list(range(len(words))),
            x=[w.probability for w in words],
            orientation="h",
            marker={
                "color": role("output", theme),
                "pattern": {
                    "shape": ["/" if w.id in marked else "" for w in words],
                    "fgcolor": PAGE[theme]["background"],
                    "fillmode": "overlay",
                },
            },
            text=[percent(w.probability) for w in words],
            textposition="outside",
            cliponaxis=False,
            customdata=[(w.token, w.id, w.logit, w.probability) for w in words],
            hovertemplate="%{customdata[0]}<br>id %{customdata[1]} · logit %{customdata[2]:.3f}"
            "<br>p = %{customdata[3]:.6f}<extra></extra>",
        ),
        layout={"template": template(theme), "height": ROW * len(words) + 24, "bargap": 0.25, "showlegend": False},
    )
    end = top if top is not None else max((w.probability for w in words), default=1.0)
    figure.update_xaxes(range=[0, end * 1.25], visible=False)
    figure.update_yaxes(
        tickvals=list(range(len(words))), ticktext=names, autorange="reversed", showgrid=False, ticks="", zeroline=False
    )
    return figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8})


def surprisal_bars(tokens: Sequence[str], bits: Sequence[float | None], unit: str, theme: Theme = "light") -> go.Figure:
    """A bar for each token: how many bits of surprise it was, none for the first; in the colour of its chip.

    unit: what to call a bit."""
    figure = go.Figure(
        go.Bar(
            x=list(range(len(tokens))),
            y=[0 if b is None else b for b in bits],
            marker={
                "color": [TOKENS[theme][token_colour(i)] for i in range(len(tokens))],
                "line": {"color": PAGE[theme]["muted"], "width": 1},
            },
            text=["–" if b is None else fixed(b, 1) for b in bits] if len(tokens) <= 24 else None,
            textposition="outside",
            cliponaxis=False,
            customdata=[(t, "–" if b is None else fixed(b, 3)) for t, b in zip(tokens, bits, strict=True)],
            hovertemplate=f"%{{customdata[0]}}: %{{customdata[1]}} {unit}<extra></extra>",
        ),
        layout={"template": template(theme), "height": 300, "bargap": 0.2, "showlegend": False},
    )
    step = 1 + len(tokens) // 40  # labels thin out
    shown = list(range(0, len(tokens), step))
    figure.update_xaxes(tickvals=shown, ticktext=[tokens[i] for i in shown], tickangle=-45, showgrid=False)
    figure.update_yaxes(rangemode="tozero", title={"text": unit})
    return figure


def parameter_tree(parts: dict[str, int], names: dict[str, str], theme: Theme = "light") -> go.Figure:
    """A treemap of a model's parameters by part, areas as counts. names: what to call each part."""
    kept = {part: size for part, size in parts.items() if size}
    total = sum(kept.values())
    page = PAGE[theme]
    colours = {
        "embed": role("key", theme),
        "pos_embed": role("query", theme),
        "attention": role("attention", theme),
        "mlp": role("mlp", theme),
        "norms": page["muted"],
        "unembed": role("output", theme),
    }
    return go.Figure(
        go.Treemap(
            labels=[names[part] for part in kept],
            parents=[""] * len(kept),
            values=list(kept.values()),
            text=[f"{count(size)}<br>{percent(size / total, 1)}" for size in kept.values()],
            texttemplate="%{label}<br>%{text}",
            hovertemplate="%{label}: %{value:,}<extra></extra>",
            marker={"colors": [colours[part] for part in kept], "line": {"color": page["background"], "width": 2}},
            textfont={"color": page["background"], "size": 15},
            tiling={"pad": 2},
        ),
        layout={"template": template(theme), "height": 260, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}},
    )
