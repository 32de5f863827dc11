"""Where the project's own files lie, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _home_of(part: str) -> Path:
    # A wheel carries app.py, pages/ and assets/ inside the package (see pyproject.toml);
    # in a checkout they lie beside it.
    inside = PACKAGE / "_app" / part
    return inside if inside.exists() else PACKAGE.parent / part


def asset(*parts: str) -> Path:
    """A file or folder below `assets/`."""
    return _home_of("assets").joinpath(*parts)


def app_file() -> Path:
    """The Streamlit entry point."""
    return _home_of("app.py")
