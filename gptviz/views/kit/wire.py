"""The one format in which numbers travel to a view: a JSON header, then typed arrays, in one bytes object.

    byte 0   "GPTV"
         4   format version, uint32 (every number little-endian)
         8   length of the header in bytes, uint32
        12   zero
        16   header, JSON in UTF-8, padded with spaces to a multiple of 16
             arrays, each padded with zeros to a multiple of 16

The header is `{"header": ..., "arrays": {name: {"dtype", "shape", "offset"}}}`; offsets count from the end of the
header. An array may hold what is not finite; the header may not, because JSON cannot say it. `wire.js` reads this.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

MAGIC = b"GPTV"
VERSION = 1
_ALIGN = 16
_PREFIX = struct.Struct("<4sIII")

# The kinds of number that a browser has a typed array for.
DTYPES = ("float32", "float64", "int8", "int16", "int32", "uint8", "uint16", "uint32")
# What fits without loss in one of them.
_WIDENED = {"float16": "float32", "bool": "uint8"}


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray | torch.Tensor]) -> bytes:
    """`header` (anything JSON can say) and `arrays` in one bytes object.

    float16 and bfloat16 travel as float32, bool as uint8, int64 as int32. Raises ValueError for a number in the
    header that is not finite or an integer that 32 bits cannot hold, TypeError for another kind of array.
    """
    index, chunks, offset = {}, [], 0
    for name, array in arrays.items():
        data = _prepare(name, array)
        index[name] = {"dtype": data.dtype.name, "shape": list(data.shape), "offset": offset}
        chunks.append(_padded(data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes(), b"\0"))
        offset += len(chunks[-1])
    text = json.dumps({"header": header, "arrays": index}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    head = _padded(text.encode(), b" ")
    return b"".join([_PREFIX.pack(MAGIC, VERSION, len(head), 0), head, *chunks])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header and the arrays of `pack` (read-only views into `data`). Raises ValueError for other bytes."""
    if len(data) < _PREFIX.size:
        raise ValueError("not a gptviz payload")
    magic, version, length, _ = _PREFIX.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise ValueError(f"not a gptviz payload of version {VERSION}")
    start = _PREFIX.size + length
    content = json.loads(data[_PREFIX.size : start].decode())
    arrays = {}
    for name, entry in content["arrays"].items():
        dtype = np.dtype(entry["dtype"]).newbyteorder("<")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        arrays[name] = np.frombuffer(data, dtype, count, start + entry["offset"]).reshape(entry["shape"])
    return content["header"], arrays


def _prepare(name: str, array: np.ndarray | torch.Tensor) -> np.ndarray:
    if isinstance(array, torch.Tensor):
        array = array.detach().cpu()
        array = (array.float() if array.dtype == torch.bfloat16 else array).numpy()
    kind = _WIDENED.get(array.dtype.name, array.dtype.name)
    if kind == "int64":
        bounds = np.iinfo(np.int32)
        if array.size and not (bounds.min <= array.min() and array.max() <= bounds.max):
            raise ValueError(f"array {name!r} holds integers that 32 bits cannot")
        kind = "int32"
    if kind not in DTYPES:
        raise TypeError(f"array {name!r}: a browser has no typed array for {array.dtype}")
    return np.ascontiguousarray(array, dtype=kind).reshape(array.shape)


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _ALIGN)
