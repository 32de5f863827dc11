"""The JavaScript of a view, for tests of what it says."""

from __future__ import annotations

from gptviz.paths import PACKAGE

VIEWS = PACKAGE / "views"


def code_of(view: str) -> str:
    """The view's own modules, and those that all views share."""
    modules = [*sorted((VIEWS / view).glob("*.js")), *sorted((VIEWS / "kit").glob("*.js"))]
    return "".join(path.read_text(encoding="utf-8") for path in modules)
