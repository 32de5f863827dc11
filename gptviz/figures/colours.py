"""Every colour of gptviz, for the light and the dark theme. Figures, views and `.streamlit/config.toml` agree
on these; text in a role's colour reaches WCAG AA (4.5:1) on the page's background (a test computes it)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

Theme = Literal["light", "dark"]
Scale = list[tuple[float, str]]

PAGE: dict[Theme, dict[str, str]] = {
    "light": {"background": "#fcfbf8", "panel": "#f3f1eb", "ink": "#22262f", "muted": "#5c6370", "line": "#dcd8cd"},
    "dark": {"background": "#14171d", "panel": "#1d2129", "ink": "#e8e6e0", "muted": "#a3a9b5", "line": "#343a46"},
}

# A quantity keeps its colour wherever it appears.
ROLES: dict[Theme, dict[str, str]] = {
    "light": {
        "query": "#1f5fbf",
        "key": "#a65000",
        "value": "#1d7a3a",
        "attention": "#7d3fb8",
        "mlp": "#4047b5",
        "output": "#006f78",
    },
    "dark": {
        "query": "#7db2ff",
        "key": "#f2a45e",
        "value": "#6fd08c",
        "attention": "#c79df3",
        "mlp": "#a0a8ff",
        "output": "#52cbd2",
    },
}

# Backgrounds of token chips, taken in turn by position. The names are Streamlit's: `:blue-background[...]`.
TOKENS: dict[Theme, dict[str, str]] = {
    "light": {
        "blue": "#d5e5fa",
        "orange": "#fbe0c6",
        "green": "#d2ecd5",
        "violet": "#e8dbf7",
        "yellow": "#f7ecb5",
        "red": "#fadadb",
    },
    "dark": {
        "blue": "#23406b",
        "orange": "#653f1b",
        "green": "#21502f",
        "violet": "#4a3369",
        "yellow": "#544a16",
        "red": "#633036",
    },
}

# Ends of the diverging scale: blue below zero, red above, the page's background at zero.
_NEGATIVE: dict[Theme, tuple[str, str]] = {"light": ("#174f93", "#8db6e0"), "dark": ("#8cc2ff", "#2d5c94")}
_POSITIVE: dict[Theme, tuple[str, str]] = {"light": ("#9c1c2c", "#e79c93"), "dark": ("#ff9a90", "#91393c")}


def role(name: str, theme: Theme = "light") -> str:
    """The colour of a quantity: query, key, value, attention, mlp or output."""
    return ROLES[theme][name]


def token_colour(position: int) -> str:
    """The name of the colour that the token at `position` has on every page."""
    names = list(TOKENS["light"])
    return names[position % len(names)]


def diverging(theme: Theme = "light") -> Scale:
    """A Plotly colour scale for signed values; give the trace `zmid=0`."""
    (low, low_mid), (high, high_mid) = _NEGATIVE[theme], _POSITIVE[theme]
    return [(0.0, low), (0.25, low_mid), (0.5, PAGE[theme]["background"]), (0.75, high_mid), (1.0, high)]


def sequential(name: str = "attention", theme: Theme = "light") -> Scale:
    """A Plotly colour scale for magnitudes and probabilities in a role's colour; give the trace `zmin=0`."""
    return [(0.0, PAGE[theme]["background"]), (1.0, role(name, theme))]


def shade(scale: Scale, share: float) -> str:
    """The colour of a scale at `share` of its length, 0 to 1, as Plotly mixes it."""
    share = min(max(share, 0.0), 1.0)
    for (low, first), (high, second) in pairwise(scale):
        if share <= high:
            t = (share - low) / (high - low)
            pairs = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
            return "#" + "".join(f"{round(a + t * (b - a)):02x}" for a, b in pairs)
    return scale[-1][1]


def readable_on(background: str) -> str:
    """Black or white, whichever reads better on `background`: always AA, since one of them reaches 4.58:1."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, background))


def contrast(first: str, second: str) -> float:
    """WCAG 2.2 contrast ratio of two colours written #rrggbb, from 1 to 21."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)
