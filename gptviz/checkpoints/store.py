"""Folders in the cache that are either whole or absent, whoever is killed when."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock

from gptviz.errors import CheckpointError

MANIFEST = "manifest.json"
Progress = Callable[[str, int, int], None]  # stage ("download", "unpack", "convert", "load"), done, total

FULL = (errno.ENOSPC, errno.EDQUOT)
FORMAT = 1  # of what the builders write; raise it when old folders must be built again


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


def folder_of(name: str) -> Path:
    """Where the finished folder of `name` lies, or would."""
    return cache_dir() / "models" / re.sub(r"[^\w.-]", "--", name)


def is_whole(folder: Path, origin: str) -> bool:
    """Is `folder` finished, of this origin, and every file in it of the size it had when finished?"""
    with disk_errors(folder):
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return (
                manifest["format"] == FORMAT
                and manifest["origin"] == origin
                and all((folder / name).stat().st_size == file["size"] for name, file in manifest["files"].items())
            )
        except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
            return False  # never finished, or not by this version


def build(name: str, origin: str, needed_bytes: int, builder: Callable[[Path], None]) -> Path:
    """The finished folder of `name`, made by `builder(partial folder)` unless it is there already.

    The builder works in a sibling folder, which takes its final name when every file is on the disk: whoever is
    killed before that leaves only a partial folder, which the next run removes. A lock per name makes a second
    process wait and then find the work done. `origin` identifies what it is made from (a hash): another origin
    makes it again. Raises CheckpointError for a full disk or a cache that cannot be written.
    """
    folder = folder_of(name)
    if is_whole(folder, origin):
        return folder
    with disk_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if is_whole(folder, origin):  # another process made it while this one waited
                return folder
            prefix = f".partial-{folder.name}-"
            _remove(folder.parent, prefix)  # what killed runs left: we hold the lock, so nobody works there
            check_space(folder.parent, needed_bytes)
            partial = Path(tempfile.mkdtemp(prefix=prefix, dir=folder.parent))
            try:
                builder(partial)
                _finish(partial, name, origin)
                if folder.exists():  # damaged, or of an older origin
                    folder.rename(partial.with_name(f"{prefix}old"))
                partial.rename(folder)
                _sync(folder.parent)
            finally:
                _remove(folder.parent, prefix)
    return folder


def _remove(parent: Path, prefix: str) -> None:
    for leftover in parent.glob(f"{prefix}*"):
        # A pip that outlived its killed parent may still write there; the next run removes the rest.
        shutil.rmtree(leftover, ignore_errors=True)


def _finish(partial: Path, name: str, origin: str) -> None:
    """Put the files on the disk for good, and the manifest last."""
    files = {}
    for path in sorted(p for p in partial.iterdir() if p.is_file()):
        files[path.name] = {"size": path.stat().st_size, "sha256": sha256(path)}
        _sync(path)
    manifest = partial / MANIFEST
    content = {"format": FORMAT, "name": name, "origin": origin, "files": files}
    manifest.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    _sync(manifest)
    _sync(partial)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open folders, and does not need to
    # Windows syncs only what was opened for writing.
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_space(folder: Path, needed_bytes: int) -> None:
    """Raise CheckpointError unless the disk of `folder` has room for `needed_bytes`."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise CheckpointError("disk_too_small", folder=folder, needed=_mb(needed_bytes), free=_mb(free))


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the file system says about `path` into CheckpointErrors."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise CheckpointError("disk_full", folder=path) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CheckpointError("no_permission", path=error.filename or path) from error
        raise CheckpointError("disk_error", path=error.filename or path, reason=error.strerror or error) from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_safetensors(tensors: dict, path: Path) -> None:
    """Save numpy arrays. Raises OSError if the disk is full, which the library would wrap in its own error."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(tensors, path, metadata={"format": "pt"})
    except SafetensorError as error:
        code = re.search(r"os error (\d+)", str(error))
        if code is None:
            raise
        raise OSError(int(code[1]), os.strerror(int(code[1])), str(path)) from error
