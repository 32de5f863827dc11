"""Every sentence the program says, by language and key, from `assets/text/{language}/*.toml`."""

from __future__ import annotations

import tomllib
from functools import cache

from gptviz.paths import asset

LANGUAGES = ("en", "zh")


@cache
def table(language: str) -> dict[str, str]:
    """All sentences of one language, flat: `file.section.key` -> template for `str.format`."""
    flat: dict[str, str] = {}

    def walk(prefix: str, node: dict) -> None:
        for key, value in node.items():
            name = f"{prefix}.{key}"
            if isinstance(value, dict):
                walk(name, value)
            else:
                flat[name] = value

    for path in sorted(asset("text", language).glob("*.toml")):
        walk(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    return flat


@cache
def file(language: str, name: str) -> dict[str, str]:
    """The sentences of one file, by `section.key`. Not to be changed."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): text for key, text in table(language).items() if key.startswith(prefix)}


def say(language: str, key: str, **values: object) -> str:
    """The sentence `key` in `language`, its placeholders filled.

    Raises KeyError for a key that does not exist: a missing sentence is a bug that tests find.
    """
    sentence = table(language)[key]
    return sentence.format(**values) if values else sentence
