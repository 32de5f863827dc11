"""Where the project's own files lie, in a checkout and in an installed wheel, and where the user's data go."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from gptviz.errors import CheckpointError

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


def cache_dir() -> Path:
    """Where fetched and converted models are kept: `GPTVIZ_HOME`, or the platform's cache folder.
    Raises CheckpointError for the home of a user who does not exist."""
    home = os.environ.get("GPTVIZ_HOME")
    if not home:
        return Path(platformdirs.user_cache_dir("gptviz"))
    try:
        return Path(home).expanduser()
    except RuntimeError as error:  # ~someone, who does not exist
        raise CheckpointError("no_such_home", path=home) from error
