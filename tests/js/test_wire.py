"""The JavaScript `unpack` reads what the Python `pack` writes."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from gptviz.views.kit.wire import DTYPES, pack


@pytest.mark.parametrize("odd", [0, 1, 3])
def test_unpack_at_any_offset(modules, odd):
    header = {"text": "猫 ·cat </script> \u2028", "numbers": [1, 2.5, None]}
    arrays = {dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in DTYPES}
    arrays |= {"strange": np.array([np.nan, np.inf, -np.inf, -0.0], np.float32), "empty": np.zeros((0, 4), np.float64)}
    result = modules.evaluate(
        """async ([text, odd]) => {
            const { unpack } = await import("/kit/wire.js");
            const packed = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
            const roomy = new Uint8Array(packed.length + odd + 5);
            roomy.set(packed, odd);
            const { header, arrays } = unpack(roomy.subarray(odd, odd + packed.length));
            let refused = false;
            try { unpack(roomy.subarray(odd + 2)); } catch { refused = true; }
            const entries = Object.entries(arrays).map(
                ([name, { data, shape }]) => [name, [data.constructor.name, shape, [...data].map(String)]]
            );
            return { header, arrays: Object.fromEntries(entries), refused };
        }""",
        [base64.b64encode(pack(header, arrays)).decode(), odd],
    )
    assert result["header"] == header and result["refused"]
    for dtype in DTYPES:
        name, shape, values = result["arrays"][dtype]
        assert name.lower() == f"{dtype}array" and shape == [2, 3] and values == list("012345")
    assert result["arrays"]["strange"][2] == ["NaN", "Infinity", "-Infinity", "0"]
    assert result["arrays"]["empty"][1:] == [[0, 4], []]
