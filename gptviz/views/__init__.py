"""What moves in the browser: one folder a view, and the few lines that show it in a host.

A view is a plain ES module, `{name}/view.js`, that knows no host. It exports

- `css`: the URLs of its stylesheets;
- `mount(root, payload, report) -> {update(payload, values), destroy()}`.

`root` is the element or shadow root to build in; `payload` is what `wire.js` unpacked, `{header, arrays}`; `values`
are what the reader may set (a temperature, a word). The host calls `update` right after `mount` with the values to
begin with, and later whenever there is something new; what there is not is null. The view calls `report(values)`
when the reader has settled on something, and puts up with values that arrive while the reader is moving something.

The Python side of a view, `{name}/__init__.py`, makes its payload with `wire.pack`. Hosts: `streamlit.py`/`.js`.
"""
