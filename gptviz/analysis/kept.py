"""What was computed for a trace, a model or a space, kept as long as that is: one helper, with one lock and one count.

    kept(trace, "head scores", lambda: measure(trace))

A page asks for the same numbers at every click, and some take half a second. What is kept goes with its owner; of what
is left the least recently used goes first once all of it together exceeds `LIMIT` bytes.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

Value = TypeVar("Value")

LIMIT = 400_000_000  # bytes

_lock = threading.RLock()
_values: OrderedDict[tuple, tuple[Any, int]] = OrderedDict()
"""By (owner's number, *key): the value and its bytes; the least recently used first."""
_making: dict[tuple, threading.Lock] = {}
_numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_left: deque[int] = deque()
"""Owners that are no more. The collector may tell of one in the midst of anything: what was theirs is dropped later."""
_next_number = 0
_held = 0  # bytes of all values


def kept(owner: Any, key: Hashable, compute: Callable[[], Value]) -> Value:
    """What `compute` gave when this owner was first asked for `key`. Two threads that ask at once wait for one.

    owner: a Trace (what is kept counts for its present length: a trace grows in place), a model, a space: anything
    that is hashed by identity and can be referred to weakly. compute must not hold on to the owner in what it gives.
    A value that says its own size, `nbytes`, may grow: it is asked again at every use.
    """
    place = (_number(owner), len(getattr(owner, "ids", ())), key)
    with _lock:
        _drop_left()
        if place in _values:
            return _used(place)
        making = _making.setdefault(place, threading.Lock())
    with making:
        with _lock:
            if place in _values:
                return _used(place)
        try:
            value = compute()
            _keep(place, value)
        finally:
            with _lock:
                _making.pop(place, None)
    return value


def kept_bytes() -> int:
    """Memory held by everything that is kept."""
    with _lock:
        _drop_left()
        return _held


def forget_all() -> None:
    """Keep nothing any more: what is asked for again is computed again."""
    with _lock:
        for place in list(_values):
            _drop(place)


def _number(owner: Any) -> int:
    global _next_number
    with _lock:
        if owner not in _numbers:
            _next_number += 1
            number = _numbers[owner] = _next_number
            weakref.finalize(owner, _left.append, number).atexit = False
        return _numbers[owner]


def _drop_left() -> None:
    while _left:
        number = _left.popleft()
        for place in [place for place in list(_values) if place[0] == number]:
            _drop(place)


def _keep(place: tuple, value: Any) -> None:
    size = size_of(value)
    with _lock:
        _count(place, value, size)


def _used(place: tuple) -> Any:
    value, size = _values[place]
    _count(place, value, value.nbytes if hasattr(value, "nbytes") else size)
    return value


def _count(place: tuple, value: Any, size: int) -> None:
    """Keep a value as the one used last, and make room for it."""
    global _held
    _held += size - _values.get(place, (None, 0))[1]
    _values[place] = value, size
    _values.move_to_end(place)
    while _held > LIMIT and len(_values) > 1:
        _drop(next(iter(_values)))


def _drop(place: tuple) -> None:
    global _held
    _held -= _values.pop(place)[1]


def size_of(value: Any) -> int:
    """Bytes that a value takes: what it says itself (tensors and arrays do), else those of what is nested in it."""
    if hasattr(value, "nbytes"):
        return value.nbytes
    match value:
        case bytes() | str():
            return len(value)
        case Mapping():
            return sum(size_of(k) + size_of(v) for k, v in value.items())
        case list() | tuple() | set() | frozenset():
            return sum(map(size_of, value))
        case _ if is_dataclass(value):
            return sum(size_of(getattr(value, f.name)) for f in fields(value))
    return 8
