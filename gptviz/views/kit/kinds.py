"""What values a choice (`choices.py`) may have: how each kind is read and written, for the address and for a view."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gptviz.analysis import branches
from gptviz.checkpoints import catalogue


def clean(text: str) -> str:
    """`text` with what no tokenizer can take put right: half characters become U+FFFD, line ends "\\n", NUL goes."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


@dataclass(frozen=True)
class Beyond:
    """What a link asked for, and what is not here. last: the last there is, which stands for it; None: left out."""

    asked: str
    last: int | None = None


class Kind:
    """What values a choice may have. Values are immutable; `read` and `write` are for the address, `from_json` and
    `to_json` for what a view is given and reports. Both ways of reading raise ValueError for anything else."""

    def read(self, text: str) -> Any:
        raise NotImplementedError

    def write(self, value: Any) -> str:
        return str(value)

    def from_json(self, value: Any) -> Any:
        return self.read(self.write(value))

    def to_json(self, value: Any) -> Any:
        return value

    def within(self, value: Any, sizes: Mapping[str, int]) -> tuple[Any, Beyond | None]:
        """As much of a value as this model and text have, by their sizes; and what they do not have of it."""
        return value, None

    def about(self) -> dict[str, Any]:
        """What the browser has to know: options, limits."""
        return {}

    def any(self, rng: random.Random) -> Any:
        """A random value, for tests."""
        raise NotImplementedError


@dataclass(frozen=True)
class OneOf(Kind):
    """Exactly one of these."""

    options: tuple[str, ...]

    def read(self, text: str) -> str:
        if text not in self.options:
            raise ValueError(text)
        return text

    def about(self) -> dict[str, Any]:
        return {"options": self.options}

    def any(self, rng: random.Random) -> str:
        return rng.choice(self.options)


@dataclass(frozen=True)
class Subset(Kind):
    """Some of these, in their own order; with commas between them."""

    options: tuple[str, ...]

    def read(self, text: str) -> tuple[str, ...]:
        return self._ordered(text.split(",") if text else [])

    def write(self, value: Iterable[str]) -> str:
        return ",".join(value)

    def from_json(self, value: Any) -> tuple[str, ...]:
        return self._ordered(value)

    def to_json(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def _ordered(self, given: Sequence[str]) -> tuple[str, ...]:
        if not set(given) <= set(self.options):
            raise ValueError(given)
        return tuple(option for option in self.options if option in given)

    def about(self) -> dict[str, Any]:
        return {"options": self.options}

    def any(self, rng: random.Random) -> tuple[str, ...]:
        return self._ordered(rng.sample(self.options, rng.randint(1, len(self.options))))


@dataclass(frozen=True)
class Number(Kind):
    """A number from `low` to `high`; whole unless these are floats. least: other than 0, it is so large. endless:
    infinity, too. offered: those that a menu or a slider offers. begins: where it stands when it is switched on, if it
    may be off."""

    low: float
    high: float
    least: float = 0
    endless: bool = False
    offered: tuple[float, ...] = ()
    begins: float | None = None

    def read(self, text: str) -> float:
        if self.endless and text == "inf":
            return math.inf
        return self._checked(float(text) if self._real else int(text))

    def write(self, value: float) -> str:
        return f"{value:g}" if self._real else str(value)

    def from_json(self, value: Any) -> float:
        if self.endless and value == "inf":
            return math.inf
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(value)
        if not self._real and not float(value).is_integer():
            raise ValueError(value)
        return self._checked(float(value) if self._real else int(value))

    def to_json(self, value: float) -> float | str:
        return "inf" if value == math.inf else value

    @property
    def _real(self) -> bool:
        return isinstance(self.high, float)

    def _checked(self, number: float) -> float:
        if not self.low <= number <= self.high or 0 < number < self.least:  # refuses nan as well
            raise ValueError(number)
        return number

    def about(self) -> dict[str, Any]:
        about: dict[str, Any] = {"low": self.low, "high": self.high}
        if self.offered:
            about["offered"] = self.offered
        if self.begins is not None:
            about["begins"] = self.begins
        return about

    def any(self, rng: random.Random) -> float:
        if self._real:
            return float(f"{rng.uniform(self.low, self.high):.2g}") or self.high
        return rng.randint(int(self.low), min(int(self.high), int(self.low) + 40))


class Index(Number):
    """A whole number from 0, below a size of the model or the text where it counts in one; `least` may be -1."""

    size: str | None

    def __init__(self, size: str | None = None, least: int = 0):
        super().__init__(least, 10**6)
        object.__setattr__(self, "size", size)

    def within(self, value: int, sizes: Mapping[str, int]) -> tuple[int, Beyond | None]:
        size = sizes.get(self.size) if self.size else None
        return (value, None) if size is None or value < size else (size - 1, Beyond(str(value), size - 1))


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no."""

    def read(self, text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError(text)
        return text == "1"

    def write(self, value: bool) -> str:
        return str(int(value))

    def from_json(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(value)
        return value

    def any(self, rng: random.Random) -> bool:
        return rng.random() < 0.5


@dataclass(frozen=True)
class Text(Kind):
    """The first `most` characters of a text, fit to be read by a tokenizer."""

    most: int

    def read(self, text: str) -> str:
        return clean(text)[: self.most]

    def from_json(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(value)
        return self.read(value)

    def about(self) -> dict[str, Any]:
        return {"most": self.most}

    def any(self, rng: random.Random) -> str:
        return "".join(rng.choices("ab &=#·猫\n.", k=rng.randint(1, 12))).strip() or "a"


@dataclass(frozen=True)
class Indices(Kind):
    """Whole numbers from 0, at most 256, with points between them; "-" for none. count: exactly so many; size: of the
    model or the text, below which each is; whole: without one of them, the others mean nothing."""

    count: int | None = None
    size: str | None = None
    whole: bool = False

    def read(self, text: str) -> tuple[int, ...]:
        return self._checked([] if text == "-" else [_INDEX.read(part) for part in text.split(".")])

    def write(self, value: Sequence[int]) -> str:
        return ".".join(map(str, value)) or "-"

    def from_json(self, value: Any) -> tuple[int, ...]:
        return self._checked([_INDEX.from_json(part) for part in value])

    def to_json(self, value: tuple[int, ...]) -> list[int]:
        return list(value)

    def _checked(self, value: list[float]) -> tuple[int, ...]:
        if self.count is not None and len(value) != self.count:
            raise ValueError(value)
        return tuple(map(int, value[:256]))

    def within(self, value: tuple[int, ...], sizes: Mapping[str, int]) -> tuple[Any, Beyond | None]:
        size = sizes.get(self.size) if self.size else None
        here = tuple(index for index in value if size is None or index < size)
        gone = [str(index) for index in value if index not in here]
        return None if gone and self.whole else here, Beyond(", ".join(gone)) if gone else None

    def any(self, rng: random.Random) -> tuple[int, ...]:
        return tuple(rng.randint(0, 9) for _ in range(self.count or rng.randint(1, 5)))


@dataclass(frozen=True)
class Heads(Kind):
    """Attention heads, (layer, head) each and none twice, as "layer.head" with commas between them."""

    def read(self, text: str) -> tuple[tuple[int, int], ...]:
        return self._distinct(map(_PAIR.read, text.split(",")[:256]))

    def write(self, value: Iterable[tuple[int, int]]) -> str:
        return ",".join(_PAIR.write(head) for head in value)

    def from_json(self, value: Any) -> tuple[tuple[int, int], ...]:
        return self._distinct(map(_PAIR.from_json, value[:256]))

    def to_json(self, value: tuple[tuple[int, int], ...]) -> list[list[int]]:
        return [list(head) for head in value]

    def _distinct(self, given: Iterable[tuple[int, ...]]) -> tuple[tuple[int, int], ...]:
        return tuple(dict.fromkeys((layer, head) for layer, head in given))

    def within(
        self, value: tuple[tuple[int, int], ...], sizes: Mapping[str, int]
    ) -> tuple[tuple[tuple[int, int], ...], Beyond | None]:
        n_layer, n_head = (sizes.get(size, math.inf) for size in ("n_layer", "n_head"))
        here = tuple((layer, head) for layer, head in value if layer < n_layer and head < n_head)
        gone = [_PAIR.write(head) for head in value if head not in here]
        return here, Beyond(", ".join(gone)) if gone else None

    def any(self, rng: random.Random) -> tuple[tuple[int, int], ...]:
        return tuple({(rng.randint(0, 2), rng.randint(0, 2)) for _ in range(rng.randint(1, 3))})


@dataclass(frozen=True)
class Place(Kind):
    """A place in the residual stream: the name of a hook point, and a token's position."""

    def read(self, text: str) -> tuple[str, int]:
        name, _, position = text.partition(":")
        return self._checked(name, _INDEX.read(position))

    def write(self, value: tuple[str, int]) -> str:
        return f"{value[0]}:{value[1]}"

    def from_json(self, value: Any) -> tuple[str, int]:
        name, position = value
        return self._checked(str(name), _INDEX.from_json(position))

    def to_json(self, value: tuple[str, int]) -> list[Any]:
        return list(value)

    def _checked(self, name: str, position: float) -> tuple[str, int]:
        if not re.fullmatch(r"blocks\.\d{1,4}\.resid_(pre|mid|post)", name, re.ASCII):
            raise ValueError(name)
        return name, int(position)

    def within(self, value: tuple[str, int], sizes: Mapping[str, int]) -> tuple[Any, Beyond | None]:
        layer, n_tokens = int(value[0].split(".")[1]), sizes.get("n_tokens")
        # A start token before the text counts as well.
        if layer < sizes.get("n_layer", math.inf) and (n_tokens is None or value[1] <= n_tokens):
            return value, None
        return None, Beyond(self.write(value))

    def any(self, rng: random.Random) -> tuple[str, int]:
        return f"blocks.{rng.randint(0, 2)}.resid_post", rng.randint(0, 3)


@dataclass(frozen=True)
class Texts(Kind):
    """A tree of texts: see `gptviz.analysis.branches`. As JSON [[parent, at, [ids]], ...]."""

    def read(self, text: str) -> branches.Tree:
        return branches.read(text)

    def write(self, value: branches.Tree) -> str:
        return branches.write(value)

    def from_json(self, value: Any) -> branches.Tree:
        tree = tuple(branches.Branch(int(parent), int(at), tuple(map(int, ids))) for parent, at, ids in value)
        if not branches.sound(tree):
            raise ValueError(value)
        return tree

    def to_json(self, value: branches.Tree) -> list[list[Any]]:
        return [[branch.parent, branch.at, list(branch.ids)] for branch in value]

    def within(self, value: branches.Tree, sizes: Mapping[str, int]) -> tuple[branches.Tree, Beyond | None]:
        size = sizes.get("vocab_size", math.inf)
        gone = dict.fromkeys(str(id) for branch in value for id in branch.ids if id >= size)
        here = branches.fitting(value, int(size), branches.MOST_TOKENS) if gone else value
        return here, Beyond(", ".join(gone)) if gone else None

    def any(self, rng: random.Random) -> branches.Tree:
        root = branches.Node()
        for _ in range(rng.randint(1, 4)):
            root.add(rng.randint(0, 3) for _ in range(rng.randint(1, 5)))
        return branches.cut(root)[0]


@dataclass(frozen=True)
class ModelName(Kind):
    """A model as the program may load it: a name of the catalogue, a Hub id, or a folder (which a server that others
    can reach refuses: see `gptviz.ui.state`)."""

    def read(self, text: str) -> str:
        from pathlib import Path

        text = text.strip()
        if text in catalogue():
            return text
        of_hub = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", text, re.ASCII) and ".." not in text
        try:
            path = Path(text).expanduser()
            if of_hub and not path.exists():
                return text
            if (path / "config.json").is_file():
                return str(path.resolve())
        except (RuntimeError, OSError) as error:  # ~someone, who does not exist; a name too long, a locked folder
            raise ValueError(text) from error
        raise ValueError(text)

    def any(self, rng: random.Random) -> str:
        return rng.choice(list(catalogue()))


_INDEX = Index()
_PAIR = Indices(2)
