"""A checkpoint folder in Hugging Face layout: which files it has, and what the small ones say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from gptviz.checkpoints.store import MANIFEST
from gptviz.errors import CheckpointError

INDEX = "model.safetensors.index.json"
SMALL = 16 << 20  # bytes of weights that are hashed whole rather than recognised by size and time


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint: one, or the shards its index names.

    Raises CheckpointError where there are none, or one of them is missing.
    """
    index, single = folder / INDEX, folder / "model.safetensors"
    if single.is_file():
        return [single]
    if not index.is_file():
        raise CheckpointError("no_safetensors", folder=folder)
    files = [folder / name for name in shards(index)]
    for file in files:
        if not file.is_file():
            raise CheckpointError("shard_missing", path=file)
    return files


def shards(index: Path) -> list[str]:
    """The file names that an index of sharded weights lists. Raises CheckpointError if it cannot be read."""
    try:
        return sorted({Path(name).name for name in _read_object(index)["weight_map"].values()})
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError("bad_json", path=index, reason=repr(error)) from error


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


def _generation_settings(folder: Path, config: dict) -> dict:
    """config.json, overridden by generation_config.json where there is one."""
    path = folder / "generation_config.json"
    return config | _read_object(path) if path.is_file() else config


def bos_id(folder: Path, config: dict, vocab_size: int) -> int | None:
    """The token that stands for the start of a text: that of generation_config.json, else of config.json, else
    transformers' default for the model type; None if that is no token of the vocabulary."""
    default = 50256 if config["model_type"] == "gpt2" else 1
    id = _generation_settings(folder, config).get("bos_token_id", default)
    return id if isinstance(id, int) and 0 <= id < vocab_size else None


def eos_ids(folder: Path, config: dict, vocab_size: int) -> frozenset[int]:
    """The tokens after which generation stops: those of generation_config.json, else of config.json, else
    transformers' default for the model type."""
    ids = _generation_settings(folder, config).get("eos_token_id", 50256 if config["model_type"] == "gpt2" else 2)
    ids = ids if isinstance(ids, list) else [ids]
    return frozenset(i for i in ids if isinstance(i, int) and 0 <= i < vocab_size)


def fingerprint(folder: Path) -> str:
    """What tells these weights from others: a hash of config and weights.

    The manifest of a folder that gptviz made has the hash of its weights, small ones are hashed here; large
    ones of others are told apart by size and time of change.
    """
    digest, files = hashlib.sha256((folder / "config.json").read_bytes()), weight_files(folder)
    made = _read_object(folder / MANIFEST).get("files", {}) if (folder / MANIFEST).is_file() else {}
    if "model.safetensors" in made:
        digest.update(made["model.safetensors"]["sha256"].encode())
    elif sum(file.stat().st_size for file in files) <= SMALL:
        for file in files:
            digest.update(file.read_bytes())
    else:
        for file in files:
            digest.update(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    return digest.hexdigest()
