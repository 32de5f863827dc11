"""Safetensors of a Hugging Face checkpoint, read under the names of gptviz.model.GPT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gptviz.checkpoints.folder import weight_files
from gptviz.checkpoints.store import Progress
from gptviz.errors import CheckpointError
from gptviz.model import GPT, GPTConfig

FLOATS = {"F64", "F32", "F16", "BF16"}  # safetensors' names; anything else is quantized


@dataclass(frozen=True)
class Source:
    """Where a weight of ours comes from: a tensor in the file, transposed if it was kept as [in, out], and of a
    fused q|k|v matrix the third part number `part`."""

    tensor: str
    transposed: bool = False
    part: int | None = None


def sources(config: GPTConfig, family: str) -> dict[str, Source]:
    """For each name in `GPT(config).state_dict()`, where it comes from in a checkpoint of `family` (no prefix)."""
    found = dict(_gpt2(config) if family == "gpt2" else _llama(config))
    if config.tied:
        del found["unembed.weight"]
    return found


def _gpt2(config: GPTConfig) -> Iterator[tuple[str, Source]]:
    yield "embed.weight", Source("wte.weight")
    yield "pos_embed.weight", Source("wpe.weight")
    for layer in range(config.n_layer):
        ours, theirs = f"blocks.{layer}", f"h.{layer}"
        for suffix in ("weight", "bias"):
            matrix = suffix == "weight"  # GPT-2 keeps matrices as [in, out] (its Conv1D), torch.nn.Linear as [out, in]
            yield f"{ours}.ln1.{suffix}", Source(f"{theirs}.ln_1.{suffix}")
            for part, name in enumerate(("W_Q", "W_K", "W_V")):
                yield f"{ours}.attn.{name}.{suffix}", Source(f"{theirs}.attn.c_attn.{suffix}", matrix, part)
            yield f"{ours}.attn.W_O.{suffix}", Source(f"{theirs}.attn.c_proj.{suffix}", matrix)
            yield f"{ours}.ln2.{suffix}", Source(f"{theirs}.ln_2.{suffix}")
            yield f"{ours}.mlp.W_up.{suffix}", Source(f"{theirs}.mlp.c_fc.{suffix}", matrix)
            yield f"{ours}.mlp.W_down.{suffix}", Source(f"{theirs}.mlp.c_proj.{suffix}", matrix)
    yield "ln_final.weight", Source("ln_f.weight")
    yield "ln_final.bias", Source("ln_f.bias")
    yield "unembed.weight", Source("lm_head.weight")


def _llama(config: GPTConfig) -> Iterator[tuple[str, Source]]:
    yield "embed.weight", Source("embed_tokens.weight")
    linear = {
        "attn.W_Q": ("self_attn.q_proj", config.qkv_bias),
        "attn.W_K": ("self_attn.k_proj", config.qkv_bias),
        "attn.W_V": ("self_attn.v_proj", config.qkv_bias),
        "attn.W_O": ("self_attn.o_proj", config.attn_out_bias),
        "mlp.W_gate": ("mlp.gate_proj", config.mlp_bias),
        "mlp.W_up": ("mlp.up_proj", config.mlp_bias),
        "mlp.W_down": ("mlp.down_proj", config.mlp_bias),
    }
    for layer in range(config.n_layer):
        ours, theirs = f"blocks.{layer}", f"layers.{layer}"
        yield f"{ours}.ln1.weight", Source(f"{theirs}.input_layernorm.weight")
        yield f"{ours}.ln2.weight", Source(f"{theirs}.post_attention_layernorm.weight")
        for name, (their_name, bias) in linear.items():
            for suffix in ("weight", "bias") if bias else ("weight",):
                yield f"{ours}.{name}.{suffix}", Source(f"{theirs}.{their_name}.{suffix}")
    yield "ln_final.weight", Source("norm.weight")
    yield "unembed.weight", Source("lm_head.weight")


def is_buffer(name: str) -> bool:
    """Constants that older versions of transformers saved beside the weights: GPT-2's causal mask and the value
    it is filled with, Llama's rotary frequencies."""
    return name.endswith((".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"))


def load_model(
    folder: Path,
    config: GPTConfig,
    family: str,
    dtype: torch.dtype,
    device: str,
    progress: Progress,
) -> GPT:
    """The model with its weights, ready to run. Weights that need no change stay memory-mapped.

    Raises CheckpointError, naming the tensor, for one that is missing, has no place, has the wrong shape or is
    quantized, and for a file that is damaged.
    """
    with ExitStack() as stack:
        where = {}
        for path in weight_files(folder):
            try:
                file = stack.enter_context(safe_open(path, framework="pt"))
            except SafetensorError as error:
                raise CheckpointError("damaged_weights", path=path, reason=error) from error
            where |= dict.fromkeys(file.keys(), file)
        tensors = Tensors(where, prefix="transformer." if family == "gpt2" else "model.")
        embed = "wte.weight" if family == "gpt2" else "embed_tokens.weight"
        if config.tied and tensors.has("lm_head.weight") and tensors.has(embed):
            # As transformers 5 does: where both are in the file and differ, the config is wrong about tying.
            same = torch.equal(tensors.read(embed), tensors.read("lm_head.weight"))
            config = replace(config, tied=same)
        model = empty_model(config)
        plan = sources(config, family)
        if config.tied and not tensors.has(embed) and tensors.has("lm_head.weight"):
            plan["embed.weight"] = Source("lm_head.weight")  # the one copy of the shared matrix
        tensors.check(plan, model)
        state = {}
        for done, (name, source) in enumerate(plan.items()):
            progress("load", done, len(plan))
            state[name] = tensors.take(source).to(device=device, dtype=dtype)
        progress("load", len(plan), len(plan))
    if config.tied:
        state["unembed.weight"] = state["embed.weight"]
    model.load_state_dict(state, assign=True)
    if config.tied:
        model.unembed.weight = model.embed.weight  # one parameter, not two on the same memory
    return model.requires_grad_(False).eval()


def empty_model(config: GPTConfig) -> GPT:
    """The model without memory for its weights."""
    with torch.device("meta"), _NoInit():
        return GPT(config)


class _NoInit(TorchFunctionMode):
    """Leave out the random start values: on the meta device they cost an import of a second or more."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__module__", None) == "torch.nn.init":
            return (kwargs or {}).get("tensor", *args[:1])
        return func(*args, **(kwargs or {}))


class Tensors:
    """The tensors of a checkpoint's files by name, with or without the prefix that its class puts in front."""

    def __init__(self, where: dict, prefix: str):
        self.where = where
        self.prefix = prefix if any(name.startswith(prefix) for name in where) else ""

    def full(self, name: str) -> str:
        """The name in the file: the unembedding never carries the prefix."""
        return name if name == "lm_head.weight" else self.prefix + name

    def has(self, name: str) -> bool:
        return self.full(name) in self.where

    def read(self, name: str) -> Tensor:
        return self.where[self.full(name)].get_tensor(self.full(name))

    def take(self, source: Source) -> Tensor:
        """The weight that `source` describes."""
        tensor = self.read(source.tensor)
        if source.part is not None:
            tensor = tensor.chunk(3, dim=-1)[source.part]
        if source.transposed:
            tensor = tensor.t()
        return tensor.contiguous()

    def check(self, plan: dict[str, Source], model: GPT) -> None:
        """Raise CheckpointError unless the files hold just what `plan` asks for, in the model's shapes."""
        wanted = model.state_dict()
        used = {"lm_head.weight"}  # a second copy of the embedding, in a tied model
        for name, source in plan.items():
            full = self.full(source.tensor)
            used.add(full)
            if full not in self.where:
                raise CheckpointError("tensor_missing", tensor=full)
            expected = list(wanted[name].shape)
            if source.part is not None:
                expected[0] *= 3
            if source.transposed:
                expected.reverse()
            part = self.where[full].get_slice(full)
            if part.get_dtype() not in FLOATS:
                raise CheckpointError("tensor_quantized", tensor=full, dtype=part.get_dtype())
            if part.get_shape() != expected:
                raise CheckpointError("tensor_shape", tensor=full, found=part.get_shape(), expected=expected)
        for name in sorted(self.where):
            if name not in used and not is_buffer(name):
                raise CheckpointError("tensor_extra", tensor=name)
