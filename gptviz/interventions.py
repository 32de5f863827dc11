"""What is replaced on the way through the model, where and how: small values that can be listed, compared
and hashed. `Set`, `Scale` and `Add` act at a hook point's name, on some positions, heads or neurons."""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import SupportsIndex

import torch
from torch import Tensor, nn

from gptviz.errors import InputError, UnknownNameError
from gptviz.model import GPTConfig, hook_axes

Where = SupportsIndex | Sequence[SupportsIndex] | None
Amount = float | Sequence[float] | Tensor


@dataclass(frozen=True, eq=False)
class Intervention:
    """Changes part of the value at hook point `name`.

    name: as in a Trace, e.g. "blocks.3.attn.z".
    amount: a finite number, or a tensor that broadcasts to the selected part, [heads,] positions, width.
    positions: tokens (rows) to change, counted from 0, or from the end if negative; None: all.
        At `scores` and `pattern` a position is the query's.
    heads: for `attn.*` names, which heads (key/value heads at `k_pre`, `k` and `v`); None: all.
    neurons: for `mlp.*` names, which columns; None: all.

    Two interventions are equal, and have equal keys, if they do the same.
    """

    name: str
    amount: Amount
    positions: Where = None
    heads: Where = None
    neurons: Where = None

    def __post_init__(self) -> None:
        for field in ("positions", "heads", "neurons"):
            value = getattr(self, field)
            if value is not None:
                # Numpy's and torch's integers too: they are what argmax gives.
                single = hasattr(value, "__index__") and getattr(value, "ndim", 0) == 0
                chosen = [value] if single else value
                object.__setattr__(self, field, tuple(operator.index(v) for v in chosen))
        amount = self.amount
        if isinstance(amount, int | float):
            amount = float(amount)
            finite = math.isfinite(amount)
        else:
            # A copy: the caller's tensor may change later, an intervention may not.
            amount = torch.as_tensor(amount).detach().clone()
            finite = bool(torch.isfinite(amount).all())
        if not finite:
            raise InputError("intervention_not_finite", name=self.name)
        object.__setattr__(self, "amount", amount)

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


def shape_of(config: GPTConfig, name: str, n_tokens: int) -> tuple[int, ...]:
    """The shape of the value called `name` in a trace of `n_tokens`. Raises UnknownNameError, saying why."""
    axes = hook_axes(config).get(name)
    if axes is None:
        raise UnknownNameError(_why_absent(config, name), name=name, n_layer=config.n_layer)
    sizes = {"T": n_tokens, "H": config.n_head, "K": config.n_kv_head, "d": config.d_head}
    sizes |= {"D": config.d_model, "M": config.d_mlp, "V": config.vocab_size}
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


def check(intervention: Intervention, config: GPTConfig, n_tokens: int, dtype: torch.dtype) -> None:
    """Raise UnknownNameError or InputError unless `intervention` fits a pass of `n_tokens` in `dtype`."""
    shape = shape_of(config, intervention.name, n_tokens)
    per_head = len(shape) == 3
    if intervention.heads is not None and not per_head:
        raise InputError("intervention_no_heads", name=intervention.name)
    if intervention.neurons is not None and ".mlp." not in intervention.name:
        raise InputError("intervention_no_neurons", name=intervention.name)
    sizes = {"positions": shape[-2], "heads": shape[0], "neurons": shape[-1]}
    for what, size in sizes.items():
        lowest = -size if what == "positions" else 0
        for index in getattr(intervention, what) or ():
            if not lowest <= index < size:
                raise InputError(f"intervention_{what}", name=intervention.name, index=index, size=size)
    if bool((torch.as_tensor(intervention.amount).abs() > torch.finfo(dtype).max).any()):
        raise InputError("intervention_not_finite", name=intervention.name)
    if isinstance(intervention.amount, Tensor):
        part = tuple(
            len(chosen) if chosen is not None else size
            for chosen, size in (
                *([(intervention.heads, shape[0])] if per_head else []),
                (intervention.positions, shape[-2]),
                (intervention.neurons, shape[-1]),
            )
        )
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
    where earlier tokens sit in a cache.
    """

    def replace(module: nn.Module, args: tuple, value: Tensor) -> Tensor:
        rows = range(n_tokens) if intervention.positions is None else intervention.positions
        rows = [row + n_tokens if row < 0 else row for row in rows]
        rows = [row - start for row in rows if row >= start]
        if not rows:
            return value
        value = value.clone()
        pick = [torch.as_tensor(rows)[:, None]]
        columns = range(value.shape[-1]) if intervention.neurons is None else intervention.neurons
        pick.append(torch.as_tensor(list(columns), dtype=torch.long))
        if value.dim() == 4:  # [1, heads, T, width]
            heads = range(value.shape[1]) if intervention.heads is None else intervention.heads
            pick.insert(0, torch.as_tensor(list(heads), dtype=torch.long)[:, None, None])
        chosen = (0, *(p.to(value.device) for p in pick))  # one open mesh over the selected part
        amount = intervention.amount
        if isinstance(amount, Tensor):
            amount = amount.to(value)
        new = intervention.change(value[chosen], amount)
        value[chosen] = new if isinstance(new, Tensor) else torch.as_tensor(new).to(value)
        return value

    return replace
