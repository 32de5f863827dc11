"""What one forward pass left behind, by name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gptviz.errors import InputError, UnknownNameError
from gptviz.interventions import Intervention, Source, check, check_part, hook, shape_of
from gptviz.model import (
    GPT,
    GPTConfig,
    KVCache,
    Rope,
    activated,
    attention_scores,
    axis_sizes,
    by_query_head,
    check_length,
    hook_axes,
    hook_names,
    masked,
)

if TYPE_CHECKING:
    from gptviz.llm import LLM
    from gptviz.views.html import Document

FORMAT = "gptviz-trace-1"

VIEWS: dict[str, Callable[..., Document]] = {}
"""What `Trace.show` can show: functions of (llm, trace, **options) by name. `gptviz.views` fills it."""


@dataclass(frozen=True)
class AttentionStages:
    """The four stages of one layer's attention, each [n_head, T, T], row = query, column = key."""

    dot: Tensor
    """q·kᵀ"""
    scaled: Tensor
    """times the model's scale, 1/√d_head as a rule"""
    masked: Tensor
    """the future set to -inf"""
    pattern: Tensor
    """after softmax: each row sums to 1"""


class Trace:
    """The values of one forward pass of `ids`, by hook-point name, without the batch dimension.

    ids: list[int]; tokens: list[str], what to show for each; text: what was traced (None if ids were given to a
    model without a tokenizer); logits: [T, vocab].
    Values that follow from others (`scores` from q and k, `resid_pre` of a layer from the one before: see
    `sources_of`) are kept once and derived on access.
    """

    def __init__(
        self,
        *,
        model_name: str,
        config: GPTConfig,
        ids: Sequence[int],
        tokens: Sequence[str],
        text: str | None,
        values: dict[str, Tensor],
        interventions: tuple[Intervention, ...] = (),
        llm: LLM | None = None,
        cache: KVCache | None = None,
        described: Sequence[str] = (),
    ):
        self.model_name, self.config = model_name, config
        self.ids, self.tokens, self.text = list(ids), list(tokens), text
        self.interventions = interventions
        self._described = list(described)  # interventions of which a file kept only the description
        self._values, self._llm, self._cache = values, llm, cache

    def names(self) -> list[str]:
        """Every name this trace can give, in the order in which the values came about."""
        return [n for n in hook_names(self.config) if n in self._values or self._sources(n)]

    def __contains__(self, name: str) -> bool:
        return name in self._values or bool(self._sources(name))

    def __getitem__(self, name: str) -> Tensor:
        """The value called `name`, shaped as the names table of the README says. Raises UnknownNameError, saying
        why, for a name that this model lacks or this trace did not record."""
        if name in self._values:
            return self._values[name]
        shape_of(self.config, name, len(self.ids))  # a name the model lacks is refused with its reason
        sources = self._sources(name)
        if not sources:
            raise UnknownNameError("name_not_recorded", name=name)
        if name.endswith(".scores"):
            return self._scores(_layer(name), self.config.scale(_layer(name)))
        values = [self[source] for source in sources]
        if name.endswith(".mlp.post"):
            return activated(self.config, *values)
        return values[0] if len(values) == 1 else values[0] + values[1]

    @property
    def logits(self) -> Tensor:
        """[T, vocab]: what the model said after each token."""
        return self["logits"]

    @property
    def nbytes(self) -> int:
        """Memory held by the recorded values, and by the keys and values that `append` goes on from."""
        tensors = chain(self._values.values(), self._cache.buffers() if self._cache else ())
        storages = {storage.data_ptr(): storage.nbytes() for storage in (t.untyped_storage() for t in tensors)}
        return sum(storages.values())  # what two share counts once

    def attention(self, layer: int) -> AttentionStages:
        """The stages of attention in `layer`, each [n_head, T, T]."""
        prefix = f"blocks.{layer}.attn."
        scaled, pattern = self[prefix + "scores"], self[prefix + "pattern"]
        return AttentionStages(self._scores(layer, 1.0), scaled, masked(scaled), pattern)

    def append(self, token_id: int) -> Trace:
        """Take in one more token, computing only its row; returns this trace, now equal to a fresh one of the
        longer text (up to float rounding). Raises InputError if the trace was loaded without a model, if the id
        is not in the vocabulary, or if the context is full."""
        if self._llm is None:
            raise InputError("trace_without_model", model=self.model_name)
        ids = self._llm.check_ids([*self.ids, token_id])
        check_length(self.config, len(ids))
        if self._cache is None or not all(_reaches_new_rows_alone(i) for i in self.interventions):
            fresh = self._llm.trace(ids, names=list(self._values), interventions=self.interventions)
            self._values, self._cache = fresh._values, fresh._cache
        else:
            # Interventions at explicit positions concern earlier rows only, and those are done.
            active = [i for i in self.interventions if i.positions is None]
            rows = record(self._llm, ids, self._cache, set(self._values), active)
            self._values = {name: _grow(name, self._values[name], rows[name]) for name in self._values}
        self.ids = ids
        self.tokens = self._llm.pieces(ids)
        self.text = self._llm.tokenizer.decode(ids) if self._llm.tokenizer else None
        return self

    def copy(self) -> Trace:
        """A trace that can be appended to without changing this one. Recorded tensors are shared, not copied."""
        return Trace(
            model_name=self.model_name,
            config=self.config,
            ids=self.ids,
            tokens=self.tokens,
            text=self.text,
            values=dict(self._values),
            interventions=self.interventions,
            llm=self._llm,
            cache=self._cache.copy() if self._cache else None,
            described=self._described,
        )

    def show(self, view: str = "attention", **options: Any) -> Document:
        """A view of this trace as one HTML file that needs no server: a notebook shows it, `save(path)` writes it,
        `open()` shows it in the browser. options: for "attention" see `gptviz.views.attention.document`.

        Raises InputError for a view that does not exist, a trace that recorded less than everything, or one that was
        loaded without its model."""
        if view not in VIEWS:
            raise InputError("no_such_view", view=view, known=", ".join(VIEWS))
        if self._llm is None:
            raise InputError("view_without_model", model=self.model_name)
        return VIEWS[view](self._llm, self, **options)

    def save(self, path: str | Path) -> None:
        """Write everything to one safetensors file, with text, tokens, model name and config in its header.
        Raises InputError if it cannot be written there."""
        header = {
            "format": FORMAT,
            "model": self.model_name,
            "text": json.dumps(self.text),
            "tokens": json.dumps(self.tokens),
            "ids": json.dumps(self.ids),
            "config": json.dumps(asdict(self.config)),
            "interventions": json.dumps([*self._described, *(i.key() for i in self.interventions)]),
        }
        tensors = {name: value.cpu().contiguous().clone() for name, value in self._values.items()}
        try:
            # safetensors writes beside the target and renames: through a link, and never over a device or a folder.
            target = Path(path).resolve()
            if target.exists() and not target.is_file():
                raise OSError("not a file")
            save_file(tensors, str(target), metadata=header)
        except (SafetensorError, OSError, ValueError) as error:  # ValueError: a path with U+0000
            raise InputError("trace_unwritable", path=str(path), reason=str(error)) from error

    @classmethod
    def load(cls, path: str | Path, llm: LLM | None = None) -> Trace:
        """Read what `save` wrote. Give the `llm` it came from to be able to `append`; not possible for a trace
        with interventions, of which the file keeps only a description. Raises InputError for any other file, and for
        an `llm` of another shape."""
        try:
            with safe_open(str(path), framework="pt") as file:
                header = file.metadata() or {}
                values = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except OSError as error:
            raise InputError("trace_unreadable", path=str(path), reason=error.strerror or str(error)) from error
        except SafetensorError as error:
            raise InputError("not_a_trace", path=str(path)) from error
        if header.get("format") != FORMAT:
            raise InputError("not_a_trace", path=str(path))
        try:
            config = json.loads(header["config"])
            config["rope"] = Rope(**config["rope"]) if config["rope"] else None
            described = json.loads(header["interventions"])
            trace = cls(
                model_name=header["model"],
                config=GPTConfig(**config),
                ids=json.loads(header["ids"]),
                tokens=json.loads(header["tokens"]),
                text=json.loads(header["text"]),
                values=values,
                llm=None if described else llm,
                described=described,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("not_a_trace", path=str(path)) from error
        if not trace._is_whole():
            raise InputError("not_a_trace", path=str(path))
        if llm is not None and llm.config != trace.config:
            raise InputError("trace_of_another_model", model=trace.model_name, other=llm.name)
        return trace

    def _is_whole(self) -> bool:
        """Whether what a file said of itself belongs together: each value has the shape that these ids have here."""
        T = len(self.ids)
        texts = (*self.tokens, *self._described, self.text or "")
        return (
            all(isinstance(id, int) for id in self.ids)
            and all(isinstance(text, str) for text in texts)
            and len(self.tokens) == T
            and self._values.keys() <= hook_axes(self.config).keys()
            and all(tuple(value.shape) == shape_of(self.config, name, T) for name, value in self._values.items())
        )

    def _scores(self, layer: int, scale: float) -> Tensor:
        """q·kᵀ · scale in `layer`, from its q and k: [n_head, T, T]."""
        q, k = self[f"blocks.{layer}.attn.q"], self[f"blocks.{layer}.attn.k"]
        return attention_scores(q, by_query_head(self.config, k), scale, self.config.upcast_scores)

    def _sources(self, name: str) -> tuple[str, ...]:
        """The recorded values that `name` follows from, if all of them are here."""
        sources = sources_of(self.config, name) if name in hook_axes(self.config) else ()
        return sources if sources and all(s in self for s in sources) else ()


def _layer(name: str) -> int:
    return int(name.split(".")[1])


def sources_of(config: GPTConfig, name: str) -> tuple[str, ...]:
    """The names from which `name` follows exactly in an untouched pass, or () if from none."""
    before, _, last = name.rpartition(".")
    match last:
        case "scores":
            return (f"{before}.q", f"{before}.k")
        case "post":
            return (f"{before}.pre", f"{before}.up") if config.gated_mlp else (f"{before}.pre",)
        case "resid_mid":
            return (f"{before}.resid_pre", f"{before}.attn_out")
        case "resid_pre" if (layer := _layer(name)) > 0:
            return (f"blocks.{layer - 1}.resid_post",)
        case "resid_pre" if config.rope:
            return ("embed",)
    return ()


def names_to_record(config: GPTConfig, names: str | Iterable[str] | None, touched: Collection[str]) -> set[str]:
    """Resolve `names` (None: all; else names or patterns with *) to what has to be recorded: everything asked
    for, less what follows from it. What is `touched` by a hook on the way no longer follows from its sources.
    Raises UnknownNameError for a pattern that fits nothing."""
    every = hook_names(config)
    if names is None:
        wanted = set(every)
    else:
        wanted = set()
        for pattern in [names] if isinstance(names, str) else names:
            found = {n for n in every if fnmatchcase(n, pattern)}
            if not found:
                shape_of(config, pattern, 1)  # raises with the reason
            wanted |= found
    derived = {n for n in wanted if (s := sources_of(config, n)) and wanted.issuperset(s) and n not in touched}
    return wanted - derived


def layers_needed(names: Iterable[str]) -> int | None:
    """How many layers have to run for `names` to come about; None: all of them, and the logits."""
    if not {"ln_final", "logits"}.isdisjoint(names):
        return None
    return max((_layer(name) + 1 for name in names if name.startswith("blocks.")), default=0)


def pass_bytes(
    config: GPTConfig,
    names: str | Iterable[str] | None,
    n_tokens: int,
    dtype: torch.dtype = torch.float32,
    touched: Collection[str] = (),
) -> int:
    """Memory in bytes that a trace of `names` (as `LLM.trace` takes them) needs at its peak, rather too much than too
    little: what it records, the keys and values that it can go on from, and what is there for a while only, the [T, T]
    matrices of one layer, or the MLP's vectors, or the logits. touched: names at which a hook changes the value. Raises
    UnknownNameError for a name that means nothing."""
    recorded = names_to_record(config, names, touched)
    n_layers, size, T, D = layers_needed(recorded), dtype.itemsize, n_tokens, config.d_model
    layers = range(config.n_layer if n_layers is None else n_layers)
    held = recorded - {"logits"} | {f"blocks.{layer}.attn.{name}" for layer in layers for name in ("k", "v")}
    sizes, alike = axis_sizes(config, T), Counter(hook_axes(config)[name] for name in held)
    kept = sum(count * prod(sizes[axis] for axis in axes) for axes, count in alike.items())
    if n_layers == 0:
        return size * (kept + 2 * T * D)
    # Two matrices at once, before and after a step, and in a narrow dtype a third: softmax is computed in float32.
    attention = config.n_head * T * T * (8 if size == 4 else 10) + 3 * T * T  # bytes, with those of the mask
    attention += size * T * (2 * D + 6 * config.n_head * config.d_head)
    mlp = size * T * (3 * D + 4 * config.d_mlp) + repacked_bytes(D, config.d_mlp, dtype)
    logits = T * (6 * 4 * D + size * config.vocab_size)  # the final norm in float32
    logits += repacked_bytes(D, config.vocab_size, dtype)
    return size * kept + max(attention, mlp, logits if n_layers is None else 0)


def repacked_bytes(n_in: int, n_out: int, dtype: torch.dtype) -> int:
    """What the copy of a weight matrix takes that processors with matrix instructions (AMX) multiply with in a narrow
    dtype: its sides are filled up to multiples of 64. Others make none."""
    return 0 if dtype.itemsize == 4 else dtype.itemsize * (-(-n_in // 64) * 64) * (-(-n_out // 64) * 64)


def check_size(n_bytes: int, n_tokens: int) -> None:
    """Refuse (InputError) a pass that would take more than a quarter of the memory that is free."""
    limit = psutil.virtual_memory().available // 4
    if n_bytes > limit:
        size, room = f"{n_bytes / 1e9:.1f}", f"{limit / 1e9:.1f}"
        raise InputError("trace_too_large", n_tokens=n_tokens, size=size, limit=room)


def record(
    llm: LLM, ids: list[int], cache: KVCache, names: set[str], interventions: Iterable[Intervention]
) -> dict[str, Tensor]:
    """Run the tokens of `ids` that `cache` does not hold yet; the values at `names`, for those rows.

    Attention runs explicitly, so that a trace is the same whatever it records; layers that nothing is recorded of or
    after do not run, unless they carry hooks of others.
    """
    start, values = cache.length, {}

    def recorder(name: str):
        def keep(module, args, value):
            values[name] = value[0]

        return keep

    hooks = [(i.name, hook(i, len(ids), start)) for i in interventions]
    # Recorders last: they see what the interventions made of the value.
    hooks += [(name, recorder(name)) for name in names]
    device = llm.model.embed.weight.device
    with llm.model.lock, torch.no_grad():
        n_layers = layers_needed(names)
        if n_layers is not None and has_hooks(llm.model):
            n_layers = None
        with llm.model.hooked(hooks):
            llm.model(torch.tensor([ids[start:]], device=device), cache=cache, explicit=True, n_layers=n_layers)
    return values


def has_hooks(model: GPT) -> bool:
    """Does anything in the model carry a hook that sees a forward pass?"""
    return any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def run(llm: LLM, ids: list[int], text: str | None, names, interventions: tuple[Intervention, ...]) -> Trace:
    """A Trace of `ids`: see `LLM.trace`."""
    config, n_tokens = llm.config, len(ids)
    check_length(config, n_tokens)
    done = resolved(llm, interventions)
    for intervention in done:
        check(intervention, config, n_tokens, llm.dtype)
    cache = KVCache()
    with llm.model.lock:  # another thread's hooks are none of this trace's
        touched = {i.name for i in done}
        # The user's own hooks too, wherever they are: behind one, nothing need follow from its source.
        if has_hooks(llm.model):
            touched.update(hook_names(config))
        check_size(pass_bytes(config, names, n_tokens, llm.dtype, touched), n_tokens)
        values = record(llm, ids, cache, names_to_record(config, names, touched), done)
    # In the order of the pass, for saving and for reading through.
    values = {name: values[name] for name in hook_names(config) if name in values}
    return Trace(
        model_name=llm.name,
        config=config,
        ids=ids,
        tokens=llm.pieces(ids),
        text=text,
        values=values,
        interventions=interventions,
        llm=llm,
        cache=cache,
    )


def resolved(llm: LLM, interventions: Iterable[Intervention]) -> list[Intervention]:
    """`interventions` with the values of their sources in place: each source's text is traced, up to that value."""

    def values(source: Source) -> Tensor:
        ids = llm.check_ids(source.ids)
        check_part(source, llm.config, len(ids))
        return source.of(llm.trace(ids, names=source.name)[source.name])

    return [replace(it, amount=values(it.amount)) if isinstance(it.amount, Source) else it for it in interventions]


def _reaches_new_rows_alone(intervention: Intervention) -> bool:
    """Can a token be appended under `intervention` without changing an earlier row?

    Positions counted from the end move with it, and whole matrices over keys or positions change their shape."""
    if intervention.name.endswith((".scores", ".pattern")):
        return False
    if intervention.positions is not None:
        return min(intervention.positions, default=0) >= 0
    amount = intervention.amount
    return isinstance(amount, float) or (isinstance(amount, Tensor) and amount.dim() < 2)


def _grow(name: str, old: Tensor, row: Tensor) -> Tensor:
    """`old` with the new token's `row` below it; attention matrices also get its column, which earlier tokens
    cannot see."""
    if name.endswith((".pattern", ".scores")):
        old = torch.nn.functional.pad(old, (0, 1))
    return torch.cat((old, row), dim=-2)
