"""What is replaced on the way through the model, where and how: small values that can be listed, compared
and hashed. `Set`, `Scale` and `Add` act at a hook point's name, on some positions, heads or neurons.

    Set("blocks.3.attn.z", 0.0, heads=2)                      # a head switched off
    Set(name, Source(ids, name, positions=4), positions=4)    # activation patching: what another text has there
"""

from __future__ import annotations

import hashlib
import math
import operator
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, SupportsIndex, cast

import torch
from torch import Tensor, nn

from gptviz.errors import InputError, UnknownNameError
from gptviz.model import GPTConfig, axis_sizes, hook_axes

Where = SupportsIndex | Sequence[SupportsIndex] | None
Indices = tuple[int, ...] | None
PARTS = ("positions", "heads", "neurons")


def _indices(positions: Where, heads: Where, neurons: Where) -> dict[str, Indices]:
    """As whole numbers: numpy's and torch's too, which are what argmax gives."""

    def whole(chosen: Where) -> Indices:
        if chosen is None:
            return None
        single = isinstance(chosen, SupportsIndex) and getattr(chosen, "ndim", 0) == 0
        return tuple(operator.index(index) for index in cast("Sequence[SupportsIndex]", [chosen] if single else chosen))

    return {"positions": whole(positions), "heads": whole(heads), "neurons": whole(neurons)}


def _keep(frozen: object, **values: object) -> None:
    """Set the fields of a dataclass that is frozen afterwards."""
    for field, value in values.items():
        object.__setattr__(frozen, field, value)


@dataclass(frozen=True, init=False)
class Source:
    """Values by where they come from: what a pass of the tokens `ids` has at hook point `name`.

    positions, heads, neurons: which part of it, as in an `Intervention`; None: all.
    """

    ids: tuple[int, ...]
    name: str
    positions: Indices
    heads: Indices
    neurons: Indices

    def __init__(
        self,
        ids: Iterable[SupportsIndex],
        name: str,
        positions: Where = None,
        heads: Where = None,
        neurons: Where = None,
    ):
        tokens = tuple(operator.index(id) for id in ids)
        _keep(self, ids=tokens, name=name, **_indices(positions, heads, neurons))

    def of(self, value: Tensor) -> Tensor:
        """The part of a trace's `value` that is meant."""
        return value[_mesh(value, self.positions, self.heads, self.neurons)]


Amount = float | Sequence[float] | Tensor | Source


@dataclass(frozen=True, eq=False, init=False)
class Intervention:
    """Changes part of the value at hook point `name`.

    name: as in a Trace, e.g. "blocks.3.attn.z".
    amount: a finite number, or a tensor that broadcasts to the selected part, [heads,] positions, width; or the
        `Source` of such a tensor, another text on the same model.
    positions: tokens (rows) to change, counted from 0, or from the end if negative; None: all.
        At `scores` and `pattern` a position is the query's.
    heads: for `attn.*` names, which heads (key/value heads at `k_pre`, `k` and `v`); None: all.
    neurons: for `mlp.*` names, which columns; None: all.

    Two interventions are equal, and have equal keys, if they do the same.
    """

    name: str
    amount: float | Tensor | Source
    positions: Indices
    heads: Indices
    neurons: Indices

    def __init__(self, name: str, amount: Amount, positions: Where = None, heads: Where = None, neurons: Where = None):
        if isinstance(amount, int | float):
            amount = float(amount) if abs(amount) <= sys.float_info.max else math.inf  # nan becomes inf as well
            finite = math.isfinite(amount)
        elif isinstance(amount, Source):
            finite = True  # or found out when its text is traced
        else:
            # A copy: the caller's tensor may change later, an intervention may not.
            try:
                amount = torch.as_tensor(amount).detach().clone()
            except (TypeError, ValueError, RuntimeError) as error:  # None, a word
                raise InputError("intervention_not_finite", name=name) from error
            finite = bool(torch.isfinite(amount).all()) and not amount.is_complex()
        if not finite:
            raise InputError("intervention_not_finite", name=name)
        _keep(self, name=name, amount=amount, **_indices(positions, heads, neurons))

    def change(self, part: Tensor, amount: float | Tensor) -> float | Tensor:
        """What to put in place of `part`, the selected values."""
        raise NotImplementedError

    def key(self) -> str:
        """A string that two interventions share exactly if they do the same: a cache's key."""
        parts = [type(self).__name__]
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                data = value.cpu().contiguous()
                digest = hashlib.sha256(data.flatten().view(torch.uint8).numpy().tobytes()).hexdigest()
                value = f"{tuple(data.shape)} {data.dtype} {digest}"
            parts.append(repr(value))
        return "|".join(parts)

    def to_plain(self) -> dict[str, Any]:
        """As numbers, strings and lists alone, to travel as JSON; `from_plain` reads it. Raises InputError if the
        amount is a tensor: values travel as their source."""
        amount = self.amount
        if isinstance(amount, Tensor):
            raise InputError("intervention_without_source", name=self.name)
        if isinstance(amount, Source):
            amount = {"ids": list(amount.ids), "name": amount.name, **_parts(amount)}
        return {"kind": type(self).__name__, "name": self.name, "amount": amount, **_parts(self)}

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Intervention:
        """What `to_plain` gave. Raises InputError for anything else."""
        try:
            match plain:
                case {"kind": str(kind), "name": str(name), "amount": int() | float() as amount, **which}:
                    return KINDS[kind](name, amount, **which)
                case {"kind": str(kind), "name": str(name), "amount": {"ids": ids, "name": str(of), **part}, **which}:
                    return KINDS[kind](name, Source(ids, of, **part), **which)
        except (KeyError, TypeError) as error:
            raise InputError("bad_intervention", value=plain) from error
        raise InputError("bad_intervention", value=plain)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervention) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())


class Set(Intervention):
    """Put `amount` there."""

    def change(self, part: Tensor, amount: float | Tensor) -> float | Tensor:
        return amount


class Scale(Intervention):
    """Multiply what is there by `amount`: 0 switches it off."""

    def change(self, part: Tensor, amount: float | Tensor) -> float | Tensor:
        return part * amount


class Add(Intervention):
    """Add `amount` to what is there: steering, if it is a direction."""

    def change(self, part: Tensor, amount: float | Tensor) -> float | Tensor:
        return part + amount


KINDS = {kind.__name__: kind for kind in (Set, Scale, Add)}


def _parts(where: Intervention | Source) -> dict[str, list[int]]:
    """Which positions, heads and neurons are meant, where not all are."""
    chosen = {part: getattr(where, part) for part in PARTS}
    return {part: list(indices) for part, indices in chosen.items() if indices is not None}


def shape_of(config: GPTConfig, name: str, n_tokens: int) -> tuple[int, ...]:
    """The shape of the value called `name` in a trace of `n_tokens`. Raises UnknownNameError, saying why."""
    axes = hook_axes(config).get(name)
    if axes is None:
        raise UnknownNameError(_why_absent(config, name), name=name, n_layer=config.n_layer)
    sizes = axis_sizes(config, n_tokens)
    return tuple(sizes[axis] for axis in axes)


def _why_absent(config: GPTConfig, name: str) -> str:
    """The error code that says why this model has no such hook point."""
    parts = name.split(".")
    if parts[0] == "blocks" and len(parts) > 2 and parts[1].isdecimal() and int(parts[1]) >= config.n_layer:
        return "name_no_such_layer"
    if parts[-1] in ("q_pre", "k_pre") and not config.rope:
        return "name_only_rotary"
    if name == "pos_embed" and config.rope:
        return "name_only_learned_positions"
    if parts[-2:] == ["mlp", "up"] and not config.gated_mlp:
        return "name_only_gated"
    return "name_unknown"


def check_part(where: Intervention | Source, config: GPTConfig, n_tokens: int) -> tuple[int, ...]:
    """The shape of the part that is meant in a pass of `n_tokens`. Raises UnknownNameError or InputError unless there
    is such a part."""
    shape = shape_of(config, where.name, n_tokens)
    if where.heads is not None and len(shape) < 3:
        raise InputError("intervention_no_heads", name=where.name)
    if where.neurons is not None and ".mlp." not in where.name:
        raise InputError("intervention_no_neurons", name=where.name)
    sizes = {"heads": shape[0], "positions": shape[-2], "neurons": shape[-1]}
    for part, size in sizes.items():
        lowest = -size if part == "positions" else 0
        for index in getattr(where, part) or ():
            if not lowest <= index < size:
                raise InputError(f"intervention_{part}", name=where.name, index=index, size=size)
    chosen = [size if getattr(where, part) is None else len(getattr(where, part)) for part, size in sizes.items()]
    return tuple(chosen[-len(shape) :])


def check(intervention: Intervention, config: GPTConfig, n_tokens: int, dtype: torch.dtype) -> None:
    """Raise UnknownNameError or InputError unless `intervention` fits a pass of `n_tokens` in `dtype`."""
    part = check_part(intervention, config, n_tokens)
    assert not isinstance(intervention.amount, Source)
    if bool((torch.as_tensor(intervention.amount).abs() > torch.finfo(dtype).max).any()):
        raise InputError("intervention_not_finite", name=intervention.name)
    if isinstance(intervention.amount, Tensor):
        try:
            fits = torch.broadcast_shapes(part, intervention.amount.shape) == part
        except RuntimeError:
            fits = False
        if not fits:
            amount = tuple(intervention.amount.shape)
            raise InputError("intervention_shape", name=intervention.name, amount=amount, part=part)


def hook(intervention: Intervention, n_tokens: int, start: int = 0) -> Callable:
    """The forward hook that carries `intervention` out.

    `n_tokens` is the length of the whole text, `start` the position of the first row of this pass: more than 0
    where earlier tokens sit in a cache. Its amount is a number or a tensor: what comes from a source was looked up.
    """
    amount = intervention.amount
    assert not isinstance(amount, Source)

    def put(module: nn.Module, args: tuple, value: Tensor) -> Tensor:
        chosen = range(n_tokens) if intervention.positions is None else intervention.positions
        rows = [row + n_tokens if row < 0 else row for row in chosen]
        rows = [row - start for row in rows if row >= start]
        if not rows:
            return value
        value = value.clone()
        part = (0, *_mesh(value[0], tuple(rows), intervention.heads, intervention.neurons))
        new = intervention.change(value[part], amount.to(value) if isinstance(amount, Tensor) else amount)
        value[part] = new if isinstance(new, Tensor) else torch.as_tensor(new).to(value)
        return value

    return put


def _mesh(value: Tensor, positions: Indices, heads: Indices, neurons: Indices) -> tuple[Tensor, ...]:
    """An open mesh of indices over the part that is meant of `value`, [heads,] positions, width."""
    index = []
    for which, size in zip((heads, positions, neurons)[-value.dim() :], value.shape, strict=True):
        axis = torch.as_tensor(list(range(size) if which is None else which), dtype=torch.long, device=value.device)
        index.append(axis.view(-1, *[1] * (value.dim() - len(index) - 1)))
    return tuple(index)
