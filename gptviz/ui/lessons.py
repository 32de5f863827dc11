"""The lessons: prose of a page, one markdown file a page and language, `assets/lessons/{en,zh}/{page}.md`.

    ## see
    What stands under the question, in a few sentences.

    ## open
    ...with values of the running model: this head has width {{d_head}}, so $q·k$ is divided by $\\sqrt{ {{d_head}} }$.

A line `## word` starts the section of that name; what stands before the first is a note to translators. Double
braces take values, so that formulas keep their single ones. Both languages have the same sections and values.
"""

from __future__ import annotations

import re
from functools import cache

from gptviz.paths import asset

_SECTION = re.compile(r"^## (\w+)[ \t]*$", re.MULTILINE)
_VALUE = re.compile(r"\{\{(\w+)\}\}")


@cache
def sections(language: str, page: str) -> dict[str, str]:
    """The sections of a page's lesson, by name; none if there is no file yet."""
    path = asset("lessons", language, f"{page}.md")
    if not path.is_file():
        return {}
    _, *parts = _SECTION.split(path.read_text(encoding="utf-8"))
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def lesson(language: str, page: str, section: str, **values: object) -> str:
    """One section as markdown, values filled in. Raises KeyError for a section or value that does not exist."""
    return _VALUE.sub(lambda match: str(values[match[1]]), sections(language, page)[section])
