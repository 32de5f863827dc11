"""Packages that `pip install gptviz` leaves out, each brought by an extra of pyproject.toml."""

from __future__ import annotations

import importlib.util

from gptviz.errors import MissingPackageError


def require(package: str, *, extra: str) -> None:
    """Said before importing `package`, which `pip install "gptviz[extra]"` brings.

    Raises MissingPackageError, whose sentence says so, where it is not installed.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingPackageError("package_missing", package=package, extra=extra)
