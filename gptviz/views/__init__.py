"""What moves in the browser: one folder a view, and the few lines that show it in a host.

A view is a plain ES module, `{name}/view.js`, that knows no host. It exports

- `css`: its stylesheets, relative to the module;
- `mount(root, parts, report, host) -> {update(parts, values), destroy()}`, and `hear(news)` if it follows what its host
  is still at work on.

`root` is the element or shadow root to build in; `parts` is what there is to show, by name, each as `wire.js` unpacked
it, `{header, arrays}`; `values` are what the reader may set (a temperature, a word). The host calls `update` right
after `mount` with the values to begin with, and later whenever there is something new, or the theme has changed:
with the parts that are new (null: one that is no more), and with null where there are no new values. The view calls
`report(values)`
when the reader has settled on something, and puts up with values that arrive while the reader is moving something.
News are `{header, arrays}` as well: told once, in order, and kept by nobody but the view.

The Python side of a view is its stop: `{name}/__init__.py` declares what can be chosen, `{name}/answer.py` gives the
parts. Hosts: `streamlit.py`/`.js`, and `html.py`/`.js`, which can give only what it holds and says so: `host.alone`.
A view that can be such a file has a `{name}/document.py`; importing this room tells `Trace.show` of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gptviz.trace import VIEWS

if TYPE_CHECKING:
    from gptviz.llm import LLM
    from gptviz.trace import Trace
    from gptviz.views.html import Document


def _tell_of(view: str) -> None:
    def show(llm: LLM, trace: Trace, **options: Any) -> Document:
        # Imported when it is shown.
        return import_module(f"gptviz.views.{view}.document").document(llm, trace, **options)

    VIEWS[view] = show


_tell_of("attention")
