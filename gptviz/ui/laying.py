"""t-SNE on the page Meaning as geometry, slice by slice: whatever the reader does ends a run of the script, and the
next run goes on where that one stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import streamlit as st
from torch import Tensor

from gptviz.analysis.projections import ITERATIONS, tsne
from gptviz.analysis.spaces import Space
from gptviz.views.geometry import picture_news, rows_name
from gptviz.views.streamlit import tell

_KEY = "geometry.laying"


@dataclass
class Laying:
    """The rows of one cloud on their way to the plane."""

    of: str
    """Which rows: see `rows_name`."""
    pictures: Iterator[tuple[int, Tensor]]
    last: tuple[int, Tensor] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def go_on(self, view: str) -> None:
        """Tell `view` of the last picture, and of every one to come. Streamlit ends a run while it tells: the picture
        is kept. Two runs never compute at once, since Streamlit begins the next before the last has noticed."""
        told = None
        while True:
            with self._lock:
                if self.last is None or told == self.last[0]:
                    self.last = next(self.pictures, self.last)
            if self.last is None or told == self.last[0]:
                return
            told = self.last[0]
            tell(view, picture_news(self.of, *self.last, ITERATIONS))


def begin(where: Space, ids: Sequence[int]) -> None:
    """Begin with these rows of a space."""
    rows = where.rows[list(ids)]
    st.session_state[_KEY] = Laying(rows_name(where, ids), tsne(rows))


def halt() -> None:
    """Give up what was begun."""
    st.session_state.pop(_KEY, None)


def begun() -> bool:
    """Whether there is something to go on with."""
    return _KEY in st.session_state


def laying_of(where: Space, ids: Sequence[int]) -> Laying | None:
    """What was begun with these rows; other rows are given up."""
    job = st.session_state.get(_KEY)
    if job is not None and job.of != rows_name(where, ids):
        halt()
        return None
    return job
