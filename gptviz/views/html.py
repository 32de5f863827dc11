"""Show a view without a server: one HTML file that holds its code, its styles and its numbers."""

from __future__ import annotations

import base64
import html
import json
import posixpath
import re
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gptviz.errors import InputError
from gptviz.paths import PACKAGE
from gptviz.text import LANGUAGES
from gptviz.views.kit.choices import Stop
from gptviz.views.kit.words import words

VIEWS = PACKAGE / "views"
_IMPORT = re.compile(r'((?:from|import)\s*\(?\s*)"(\.{1,2}/[\w./-]+\.js)"')
_CSS = re.compile(r"export const css = \[([^\]]*)\]")


@dataclass(frozen=True)
class Part:
    """A part of what a view shows, and the reader's choices that it belongs to (none: to all)."""

    name: str
    data: bytes
    when: Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """A view as an HTML document. A notebook shows it; `save` writes it, `open` shows it in the browser."""

    html: str
    height: int = 900  # pixels, in a notebook

    def save(self, path: str | Path) -> Path:
        """Write it to `path`, and give that back. Raises InputError if it cannot be written there."""
        target = Path(path)
        try:
            target.write_bytes(self.html.encode("utf-8", "replace"))  # half a character has no place in a file
        except OSError as error:
            raise InputError("trace_unwritable", path=str(path), reason=error.strerror or str(error)) from error
        return target

    def open(self) -> Path:
        """Write it to a temporary file, and show that in the browser."""
        with tempfile.NamedTemporaryFile(suffix=".html", delete=False) as file:
            file.write(self.html.encode("utf-8", "replace"))
        webbrowser.open(Path(file.name).as_uri())
        return Path(file.name)

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{html.escape(self.html)}" style="width:100%;height:{self.height}px;border:0"></iframe>'


def document(stop: Stop, parts: Sequence[Part], values: Mapping[str, Any], *, title: str, language: str) -> Document:
    """The view of a stop as a document. Raises InputError for a language that it does not speak.

    Modules come by an import map of data: URLs, so that the file works from a disk; nothing is asked of any host.
    """
    if language not in LANGUAGES:
        raise InputError("no_such_language", value=language, known=", ".join(LANGUAGES))
    start = f"{stop.name}/view.js"
    parts = [Part("words", words(language, stop.name), {}), *parts]
    modules = _modules(["html.js", start])
    imports = {f"gptviz/{path}": _data_url("text/javascript", code) for path, code in modules.items()}
    styles = [path.read_text(encoding="utf-8") for module in ("kit/view.js", start) for path in _stylesheets(module)]
    held = "\n".join(
        f'<script type="application/octet-stream" data-part="{html.escape(part.name)}" '
        f'data-when="{html.escape(json.dumps(dict(part.when)))}">{base64.b64encode(part.data).decode()}</script>'
        for part in parts
    )
    return Document(
        "\n".join(
            (
                f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{html.escape(title)}</title>",
                "<style>\n:root { color-scheme: light dark; --bar-top: 0rem; }",
                "body { margin: 0 auto; max-width: 66rem; padding: 1rem; background: light-dark(#fcfbf8, #14171d); }",
                *styles,
                "</style>",
                f'<script type="importmap">{_script(json.dumps({"imports": imports}))}</script>',
                f'<script type="application/json" data-values>{_script(json.dumps(dict(values)))}</script>',
                f'<script type="application/json" data-choices>{_script(json.dumps(stop.about()))}</script>',
                f'</head>\n<body>\n<main data-view="gptviz/{start}"></main>',
                held,
                '<script type="module">import "gptviz/html.js";</script>',
                "</body>\n</html>\n",
            )
        )
    )


def _script(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c")


def _data_url(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _modules(paths: Sequence[str]) -> dict[str, str]:
    """These modules and all they import, by path below `views/`, their imports under names of an import map."""
    found: dict[str, str] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue

        def name(match: re.Match, path: str = path) -> str:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[2]))
            waiting.append(target)
            return f'{match[1]}"gptviz/{target}"'

        found[path] = _IMPORT.sub(name, (VIEWS / path).read_text(encoding="utf-8"))
    return found


def _stylesheets(module: str) -> list[Path]:
    """The stylesheets that a module names."""
    named = _CSS.search((VIEWS / module).read_text(encoding="utf-8"))
    if named is None:
        raise ValueError(f"{module} names no stylesheets")
    return [(VIEWS / module).parent / path for path in re.findall(r'"([^"]+)"', named[1])]
