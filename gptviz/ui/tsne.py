"""t-SNE on the page Meaning as geometry, picture by picture: whatever the reader does ends a run of the script, and the
next run goes on where that one stopped."""

from __future__ import annotations

from contextlib import closing

from gptviz.engine import engine
from gptviz.ui.page import Page


def go_on(page: Page) -> None:
    """Tell the view of the last picture, and of every one to come. Streamlit ends a run while it is told something:
    the engine keeps the picture."""
    with closing(engine().stream(page.question())) as answers:
        for answer in answers:
            page.tell(answer)
