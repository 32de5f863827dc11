"""What `pack` writes, `unpack` reads. (The JavaScript `unpack` is tested in tests/js/test_wire.py.)"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gptviz.views.kit.wire import DTYPES, pack, unpack

ARRAYS = st.dictionaries(
    st.text(max_size=8),
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
    ),
    max_size=4,
)
HEADERS = st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=20))


@given(HEADERS, ARRAYS)
def test_round_trip(header, arrays):
    data = pack(header, arrays)
    assert len(data) % 16 == 0
    again, values = unpack(data)
    assert again == header
    assert list(values) == list(arrays)
    for name, array in arrays.items():
        assert values[name].dtype == array.dtype
        np.testing.assert_array_equal(values[name], array)  # NaN equals NaN here


def test_every_array_starts_at_a_multiple_of_16():
    data = pack({"text": "猫" * 7}, {str(n): np.arange(n, dtype=np.float64) for n in range(5)})
    start = np.frombuffer(data, np.uint8).ctypes.data
    for array in unpack(data)[1].values():
        assert (array.ctypes.data - start) % 16 == 0


def test_kinds_of_number_that_a_browser_lacks():
    x = torch.tensor([1.5, -2.0, math.inf])
    arrays = {
        "half": x.half(),
        "bfloat": x.bfloat16(),
        "ids": torch.tensor([[1, 2], [3, -4]]),
        "mask": torch.tensor([True, False]),
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "grad": torch.ones(2, requires_grad=True),
        "big-endian": np.array([1, 2], dtype=">i4"),
    }
    values = unpack(pack({}, arrays))[1]
    assert {name: v.dtype.name for name, v in values.items()} == {
        "half": "float32",
        "bfloat": "float32",
        "ids": "int32",
        "mask": "uint8",
        "transposed": "float32",
        "grad": "float32",
        "big-endian": "int32",
    }
    assert values["bfloat"].tolist() == [1.5, -2.0, math.inf]
    assert values["transposed"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert values["big-endian"].tolist() == [1, 2]


def test_refused():
    with pytest.raises(ValueError):
        pack({"loss": math.nan}, {})
    with pytest.raises(ValueError, match="'ids'"):
        pack({}, {"ids": torch.tensor([2**40])})
    with pytest.raises(TypeError, match="complex"):
        pack({}, {"z": np.zeros(2, dtype=complex)})
    for data in (b"", b"GPTV", b"x" * 64, pack({}, {}).replace(b"GPTV\x01", b"GPTV\x02")):
        with pytest.raises(ValueError):
            unpack(data)
