"""Tokens as text in a chart. Plotly reads a little HTML in its labels, and tokens may hold anything."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 14


def escape(text: str) -> str:
    """`text` so that Plotly shows exactly that: nothing in it becomes markup or an entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(piece: str, longest: int = _LONGEST) -> str:
    """A token's piece, escaped, its end cut off if it is long."""
    return escape(piece if len(piece) <= longest else piece[: longest - 1] + "…")


def places(tokens: Sequence[str]) -> list[str]:
    """A label for each token that no other has: its position and its piece. On a category axis Plotly shows as many
    of them as fit."""
    return [f"{position} {short(piece)}" for position, piece in enumerate(tokens)]
