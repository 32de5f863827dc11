"""How the fields of the state are read from the address: each reader gives a value, or raises ValueError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any


def clean(text: str) -> str:
    """`text` with what no tokenizer can take put right: half characters become U+FFFD, line ends "\\n", NUL goes."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def one_of(*options: str) -> Callable[[str], str]:
    """Exactly one of these."""

    def read(value: str) -> str:
        if value not in options:
            raise ValueError
        return value

    return read


def subset(*options: str) -> Callable[[str], tuple[str, ...]]:
    """Some of these, with commas between them; in their own order."""

    def read(value: str) -> tuple[str, ...]:
        given = value.split(",")
        if not set(given) <= set(options):
            raise ValueError
        return tuple(option for option in options if option in given)

    return read


def number(kind: type, low: float, high: float) -> Callable[[str], Any]:
    """A number from `low` to `high`."""

    def read(value: str) -> Any:
        number = kind(value)
        if not low <= number <= high:  # refuses nan as well
            raise ValueError
        return number

    return read


def cleaned(most: int) -> Callable[[str], str]:
    """The first `most` characters, cleaned."""
    return lambda value: clean(value)[:most]


index = number(int, 0, 10**6)


def ids(value: str) -> tuple[int, ...]:
    """Row numbers with points between them."""
    return tuple(index(part) for part in value.split(".")[:256])


def write_ids(ids: tuple[int, ...]) -> str:
    return ".".join(map(str, ids))


def heads(value: str) -> tuple[tuple[int, int], ...]:
    """Heads as "layer.head", with commas between them."""
    pairs = [tuple(map(index, part.split("."))) for part in value.split(",")[:256]]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError
    return tuple(pairs)


def write_heads(heads: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{layer}.{head}" for layer, head in heads)


def flag(value: str) -> bool:
    """ "1"; a flag that is not set is left out."""
    if value != "1":
        raise ValueError
    return True


def bit(value: str) -> bool:
    """A "0" or "1": for a flag that is set until it is put out."""
    if value not in ("0", "1"):
        raise ValueError
    return value == "1"


def write_flag(value: bool) -> str:
    return str(int(value))


def url(default: Any, read: Callable[[str], Any], write: Callable[[Any], str] = str) -> Any:
    """A field of the state with its default, and how it is read from the address and written there."""
    return field(default=default, metadata={"read": read, "write": write})
