"""Prompts to begin with and to try, from assets/examples.toml: measured on the models they are for."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from gptviz.paths import asset

IDS = "0 1 2"  # the text of a model without a tokenizer


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(asset("examples.toml").read_text(encoding="utf-8"))


def _has_own(model: str) -> bool:
    return any(group.get("model") == model for group in _file()["group"])


def examples(model: str) -> list[dict[str, Any]]:
    """Groups of example prompts for a model: dicts with `en`, `zh` (the group's name) and `texts`. Groups that name
    the model are for it alone; the others are for every model that has none of its own."""
    return [group for group in _file()["group"] if group.get("model") == (model if _has_own(model) else None)]


def examples_of(kind: str, model: str) -> dict[str, str]:
    """Prompts by what they teach about one thing ("temperature", "tokens"); none for a model that has its own
    examples."""
    return {} if _has_own(model) else _file()[kind]


def others_like(model: str, text: str) -> list[str]:
    """Example prompts of the same groups as `text`, without it."""
    groups = [group["texts"] for group in examples(model) if text in group["texts"]]
    return list(dict.fromkeys(other for texts in groups for other in texts if other != text))[:4]


def default_text(model: str) -> str:
    """The prompt shown before anything is typed."""
    return examples(model)[0]["texts"][0]


def second_text(model: str) -> str:
    """Another text to try what was tried on the first."""
    return _file()["second"].get(model, _file()["second"]["default"])
