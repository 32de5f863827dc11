"""Every sentence the program says, by language: a page's in two files of `assets/text/{en,zh}/`.

`{stop}.toml` holds sentences by key. `{stop}.md` holds the lesson, prose in sections:

    ## see
    What stands under the question, in a few sentences.

    ## open
    ...with values of the running model: this head has width {{d_head}}, so $q·k$ is divided by $\\sqrt{ {{d_head}} }$.

A line `## word` starts the section of that name; what stands before the first is a note to translators. Double braces
take values, in both files, so that formulas keep their single ones. Both languages have the same keys, sections and
values. A key, a section or a value that does not exist raises KeyError: it is a bug that tests find.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache

from gptviz.paths import asset

LANGUAGES = ("en", "zh")
VALUE = re.compile(r"\{\{(\w+)\}\}")  # `fill` in gptviz/views/kit/dom.js reads the same
_SECTION = re.compile(r"^## (\w+)[ \t]*$", re.MULTILINE)


@cache
def table(language: str) -> dict[str, str]:
    """All sentences of one language, flat, by `stop.section.key`. Not to be changed."""
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
def file(language: str, stop: str) -> dict[str, str]:
    """The sentences of one file, by `section.key`: what a view is given. Not to be changed."""
    prefix = f"{stop}."
    return {key.removeprefix(prefix): text for key, text in table(language).items() if key.startswith(prefix)}


@cache
def sections(language: str, stop: str) -> dict[str, str]:
    """The sections of a stop's lesson, by name. Not to be changed."""
    _, *parts = _SECTION.split(asset("text", language, f"{stop}.md").read_text(encoding="utf-8"))
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def say(language: str, key: str, **values: object) -> str:
    """The sentence `key`, values filled in."""
    return _fill(table(language)[key], values)


def lesson(language: str, stop: str, section: str, **values: object) -> str:
    """One section of a lesson as markdown, values filled in."""
    return _fill(sections(language, stop)[section], values)


def _fill(template: str, values: dict[str, object]) -> str:
    return VALUE.sub(lambda match: str(values[match[1]]), template)
