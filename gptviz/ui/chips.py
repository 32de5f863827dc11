"""Tokens as coloured chips: the same colour at the same position on every page."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from gptviz.figures.colours import token_colour
from gptviz.text import say
from gptviz.ui import state

_MANY, _BOX = 64, 190  # more tokens than this scroll in a box so many pixels high
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """`text` as markdown that shows exactly `text`: nothing in it becomes markup, an emoji code or an icon."""
    # The word joiner keeps ":material/...:" and ":cat:" from being read as codes after the escapes are gone.
    return _MARKDOWN.sub(r"\\\1", text).replace("\\:", "\\:\u2060").replace("\n", "⏎")


def spoken(markdown: str) -> str:
    """The words of a label without their markup: what a screen reader says of it."""
    words = re.sub(r":[\w-]+\[((?:\\.|[^\]\\])*)\]", r"\1", markdown.replace("**", ""))
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", words).replace("\u2060", "")


def chip(position: int, piece: str) -> str:
    """Markdown for one token: its piece on the colour of its position."""
    return f":{token_colour(position)}-background[{plain(piece) or '∅'}]"


def numbered(pieces: Sequence[str], position: int) -> str:
    """A token's piece, with its position as a subscript where the same piece stands elsewhere too."""
    piece = pieces[position]
    return piece if list(pieces).count(piece) == 1 else piece + str(position).translate(_SUBSCRIPT)


def numbered_chip(pieces: Sequence[str], position: int, language: str) -> str:
    """Markdown for one of a row of tokens; with its position where the same token stands elsewhere too."""
    shown = chip(position, pieces[position])
    if list(pieces).count(pieces[position]) == 1:
        return shown
    return f"{shown} ({say(language, 'ui.position', position=position)})"


def word(piece: str) -> str:
    """Markdown for a token outside the prompt's row of chips: without the colour of a position."""
    return f":gray-background[{plain(piece) or '∅'}]"


def choose(label: str, pieces: Sequence[str], position: int, name: str = "token") -> int:
    """A row of tokens with one of them chosen, by mouse or keyboard: the choice `name` of the stop."""

    def shown(at: int) -> str:
        return chip(at, pieces[at])

    with st.container(height=_BOX if len(pieces) > _MANY else "content", border=False):
        st.pills(
            label,
            range(len(pieces)),
            format_func=shown,
            required=True,
            **state.bind(name, position),
        )
    return position
