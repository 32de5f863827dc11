"""A GPT in one file, read top to bottom: config, norm, positions, attention, MLP, block, GPT.

Shapes in the comments: B batch, T tokens, S tokens including cached ones, H query heads,
K key/value heads, D d_model, d d_head, M d_mlp, V vocab_size.

Every value worth looking at passes through a module whose path is its name (`blocks.3.attn.pattern`).
An ordinary PyTorch forward hook on that module reads the value, or replaces it by returning another.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gptviz.errors import InputError

# ---------------------------------------------------------------------------------------------- config

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,  # x·Φ(x), Hendrycks & Gimpel 2016, eq. 1
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),  # the same paper's tanh approximation; GPT-2's
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),  # the same paper's sigmoid approximation
    "silu": F.silu,  # x·σ(x), the gate of SwiGLU (Shazeer 2020, section 2)
}


@dataclass(frozen=True)
class Rope:
    """Rotary positions (Su et al. 2021). `kind` says how the frequencies are stretched for long contexts:
    "plain" not at all, "linear" all divided by `factor`, "llama3" only the slow ones."""

    theta: float = 10_000.0
    kind: str = "plain"
    factor: float = 1.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_n_ctx: int = 8192


@dataclass(frozen=True)
class GPTConfig:
    """What makes one decoder-only GPT differ from another. Defaults describe a plain GPT-2."""

    vocab_size: int
    n_ctx: int
    n_layer: int
    n_head: int
    d_model: int
    d_head: int
    d_mlp: int
    n_kv_head: int = 0  # 0: n_head; fewer: several query heads share one key/value head
    norm: str = "layer"  # "layer" (mean and variance, bias) or "rms" (size only)
    norm_eps: float = 1e-5
    rope: Rope | None = None  # None: learned positions
    activation: str = "gelu_tanh"
    gated_mlp: bool = False  # True: act(W_gate·x) * (W_up·x), as in SwiGLU
    qkv_bias: bool = True
    attn_out_bias: bool = True
    mlp_bias: bool = True
    tied: bool = True  # the unembedding is the embedding matrix
    attn_scale: float | None = None  # None: 1/√d_head
    scale_by_inverse_layer: bool = False  # divide layer l's scale by l + 1
    upcast_scores: bool = False  # q·kᵀ in float32 whatever the dtype
    window: int | None = None  # sliding-window attention: longer inputs are refused

    def __post_init__(self) -> None:
        if self.n_kv_head == 0:
            object.__setattr__(self, "n_kv_head", self.n_head)
        if self.n_head % self.n_kv_head:
            raise ValueError(f"n_head ({self.n_head}) is not a multiple of n_kv_head ({self.n_kv_head})")
        if self.norm not in ("layer", "rms") or self.activation not in ACTIVATIONS:
            raise ValueError(f"unknown norm or activation: {self.norm!r}, {self.activation!r}")

    @property
    def max_tokens(self) -> int:
        """How many tokens fit: the context, or the attention window where that is shorter."""
        return min(self.n_ctx, self.window or self.n_ctx)

    def key_head(self, head: int) -> int:
        """The key/value head that query head `head` reads."""
        return head // (self.n_head // self.n_kv_head)

    def scale(self, layer: int) -> float:
        """What q·kᵀ is multiplied by in `layer`: 1/√d_head as a rule (Vaswani et al. 2017, section 3.2.1)."""
        scale = self.d_head**-0.5 if self.attn_scale is None else self.attn_scale
        return scale / (layer + 1) if self.scale_by_inverse_layer else scale


class HookPoint(nn.Identity):
    """Hands its input on unchanged; it is there to carry hooks."""

    @property
    def hooked(self) -> bool:
        """Does it carry a hook of any kind?"""
        return bool(self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks)


# ------------------------------------------------------------------------------------------------ norm


class Norm(nn.Module):
    """LayerNorm (Ba et al. 2016) or RMSNorm (Zhang & Sennrich 2019), computed in float32."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.rms, self.eps = config.norm == "rms", config.norm_eps
        self.weight = nn.Parameter(torch.ones(config.d_model))
        if not self.rms:
            self.bias = nn.Parameter(torch.zeros(config.d_model))

    def forward(self, x: Tensor) -> Tensor:  # [B, T, D] -> [B, T, D]
        x32 = x.float()
        if self.rms:
            x32 = x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + self.eps)
            return self.weight * x32.to(x.dtype)
        return F.layer_norm(x32, x.shape[-1:], self.weight.float(), self.bias.float(), self.eps).to(x.dtype)

    def shares(self, parts: Tensor, whole: Tensor) -> Tensor:
        """What each of `parts` [..., D] of the vector `whole` [D] becomes, in float32, the norm's size held at that of
        `whole`: parts that add up to it become shares that add up to forward(whole), less the bias, which is no
        part's."""
        parts, whole = parts.float(), whole.float()
        if not self.rms:
            parts, whole = parts - parts.mean(-1, keepdim=True), whole - whole.mean()
        return self.weight.float() * parts * torch.rsqrt(whole.pow(2).mean() + self.eps)


# ------------------------------------------------------------------------------------------- positions


def rotary_frequencies(rope: Rope, d_head: int) -> Tensor:
    """Turns per token, in radians, of each pair of dimensions: [d/2] float32.

    Pair i turns by theta^(-2i/d) (Su et al. 2021, section 3.2.2); "llama3" slows the pairs whose wavelength
    exceeds the original context (Llama 3.1's published reference code).
    """
    # On the CPU by name: a model built on the meta device still needs real frequencies.
    freq = 1.0 / rope.theta ** (torch.arange(0, d_head, 2, dtype=torch.float32, device="cpu") / d_head)
    if rope.kind == "linear":
        return freq / rope.factor
    if rope.kind == "llama3":
        wavelength = 2 * math.pi / freq
        # 0 for pairs slower than the low limit, 1 for pairs faster than the high one, a ramp between
        keep = (rope.original_n_ctx / wavelength - rope.low_freq_factor) / (
            rope.high_freq_factor - rope.low_freq_factor
        )
        keep = keep.clamp(0, 1)
        return (1 - keep) * freq / rope.factor + keep * freq
    return freq


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn dimensions i and i + d/2 of `x` [B, heads, T, d] together, by the angle of each position [T, d]."""
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class KVCache:
    """Keys and values of the tokens already seen, one pair of [B, K, S, d] buffers a layer."""

    def __init__(self) -> None:
        self.length = 0
        self._buffers: dict[int, tuple[Tensor, Tensor]] = {}

    def update(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Put the new tokens' k and v [B, K, T, d] behind the old ones; returns all of them [B, K, S, d]."""
        if self.length == 0:
            self._buffers[layer] = k, v  # not copied, and so never written to
            return k, v
        end = self.length + k.shape[2]
        if self._buffers[layer][0].shape[2] < end:
            # Grown by doubling, so that a long generation copies each row a few times only.
            room = (k.shape[0], k.shape[1], max(end, 2 * self.length), k.shape[3])
            grown = k.new_empty(room), v.new_empty(room)
            for new, old in zip(grown, self._buffers[layer], strict=True):
                new[:, :, : self.length] = old[:, :, : self.length]
            self._buffers[layer] = grown
        keys, values = self._buffers[layer]
        keys[:, :, self.length : end] = k
        values[:, :, self.length : end] = v
        return keys[:, :, :end], values[:, :, :end]

    def buffers(self) -> Iterator[Tensor]:
        """All that it holds."""
        return chain.from_iterable(self._buffers.values())

    def copy(self) -> KVCache:
        """A cache that can go on differently from here (a branch)."""
        return self.rows(slice(None))

    def rows(self, which: Sequence[int] | slice) -> KVCache:
        """A cache of some of this one's texts, by their place in the batch; one may be taken several times (beams)."""
        other = KVCache()
        other.length = self.length
        other._buffers = {
            layer: (k[which, :, : self.length].clone(), v[which, :, : self.length].clone())
            for layer, (k, v) in self._buffers.items()
        }
        return other


# ------------------------------------------------------------------------------------------- attention


class Attention(nn.Module):
    """Causal multi-head attention, softmax(q·kᵀ · scale + mask)·v (Vaswani et al. 2017, section 3.2),
    with shared key/value heads where n_kv_head < n_head (Ainslie et al. 2023)."""

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.config, self.layer, self.scale = config, layer, config.scale(layer)
        D, H, K, d = config.d_model, config.n_head, config.n_kv_head, config.d_head
        self.W_Q = nn.Linear(D, H * d, bias=config.qkv_bias)
        self.W_K = nn.Linear(D, K * d, bias=config.qkv_bias)
        self.W_V = nn.Linear(D, K * d, bias=config.qkv_bias)
        self.W_O = nn.Linear(H * d, D, bias=config.attn_out_bias)
        if config.rope:
            self.q_pre, self.k_pre = HookPoint(), HookPoint()
        self.q, self.k, self.v = HookPoint(), HookPoint(), HookPoint()
        self.scores, self.pattern, self.z = HookPoint(), HookPoint(), HookPoint()

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor] | None, cache: KVCache | None, explicit: bool
    ) -> Tensor:
        B, T, _ = x.shape
        d = self.config.d_head
        q = self.W_Q(x).view(B, T, -1, d).transpose(1, 2)  # [B, H, T, d]
        k = self.W_K(x).view(B, T, -1, d).transpose(1, 2)  # [B, K, T, d]
        v = self.W_V(x).view(B, T, -1, d).transpose(1, 2)  # [B, K, T, d]
        if rotation is not None:
            q = rotate(self.q_pre(q), *rotation)
            k = rotate(self.k_pre(k), *rotation)
        q, k, v = self.q(q), self.k(k), self.v(v)
        if cache is not None:
            k, v = cache.update(self.layer, k, v)  # [B, K, S, d]
        k, v = by_query_head(self.config, k), by_query_head(self.config, v)  # [B, H, S, d]
        if explicit or self.scores.hooked or self.pattern.hooked:
            z = self._attend(q, k, v)
        else:
            z = self._attend_fused(q, k, v)
        return self.output(self.z(z))

    def output(self, z: Tensor) -> Tensor:
        """All heads' z [B, H, T, d], side by side, through W_O: [B, T, D]."""
        return self.W_O(z.transpose(1, 2).flatten(2))

    def head_outputs(self, z: Tensor, heads: Sequence[int] | None = None) -> Tensor:
        """What each head by itself makes of its z, W_O,h·z_h, in float32: z [n, ..., d] of `heads` (None: all, in
        order) -> [n, ..., D]. With W_O's bias, which belongs to no head, all of them add up to `output`."""
        W_O = self.W_O.weight.float().view(-1, self.config.n_head, self.config.d_head)  # [D, H, d]
        return torch.einsum("h...e,dhe->h...d", z.float(), W_O if heads is None else W_O[:, heads])

    def _attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Step by step, each step open to hooks."""
        scores = self.scores(attention_scores(q, k, self.scale, self.config.upcast_scores))  # [B, H, T, S]
        scores = masked(scores)
        pattern = self.pattern(F.softmax(scores, dim=-1, dtype=torch.float32).to(v.dtype))
        return pattern @ v

    def _attend_fused(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """The same in one kernel, which never makes the [T, S] matrix."""
        T, S = q.shape[2], k.shape[2]
        mask = None if T in (1, S) else causal_mask(T, S, q.device)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=T == S and T > 1, scale=self.scale)


def by_query_head(config: GPTConfig, x: Tensor) -> Tensor:
    """Keys or values [..., K, S, d] -> [..., H, S, d]: for each query head those of the head that it reads."""
    share = config.n_head // config.n_kv_head  # query heads k·share .. k·share + share - 1 read key/value head k
    return x if share == 1 else x.repeat_interleave(share, dim=-3)


def attention_scores(q: Tensor, k: Tensor, scale: float, upcast: bool = False) -> Tensor:
    """q·kᵀ · scale: [..., T, d] and [..., S, d] -> [..., T, S], in float32 if `upcast`."""
    if upcast:
        q, k = q.float(), k.float()
    return q @ k.transpose(-1, -2) * scale


def masked(scores: Tensor) -> Tensor:
    """`scores` [..., T, S] with -inf at every key that a query may not look at."""
    T, S = scores.shape[-2:]
    return scores.masked_fill(~causal_mask(T, S, scores.device), -math.inf)


def causal_mask(T: int, S: int, device: torch.device | str | None = None) -> Tensor:
    """[T, S] bool: may query i (the last T of S positions) look at key j? Only at itself and what came before."""
    return torch.ones(T, S, dtype=torch.bool, device=device).tril(S - T)


# ------------------------------------------------------------------------------------------------- MLP


class MLP(nn.Module):
    """W_down·act(W_up·x) (Vaswani et al. 2017, section 3.3), or gated: W_down·(act(W_gate·x) * W_up·x)
    (Shazeer 2020). Each of the M columns in between is called a neuron."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config, self.gated = config, config.gated_mlp
        if self.gated:
            self.W_gate = nn.Linear(config.d_model, config.d_mlp, bias=config.mlp_bias)
            self.up = HookPoint()
        self.W_up = nn.Linear(config.d_model, config.d_mlp, bias=config.mlp_bias)
        self.W_down = nn.Linear(config.d_mlp, config.d_model, bias=config.mlp_bias)
        self.pre, self.post = HookPoint(), HookPoint()

    def forward(self, x: Tensor) -> Tensor:  # [B, T, D] -> [B, T, M] -> [B, T, D]
        if self.gated:
            post = activated(self.config, self.pre(self.W_gate(x)), self.up(self.W_up(x)))
        else:
            post = activated(self.config, self.pre(self.W_up(x)))
        return self.W_down(self.post(post))

    def neuron_directions(self, neurons: Sequence[int] | None = None) -> Tensor:
        """What each of `neurons` (None: all) writes where its `post` is 1, its column of W_down: [n, D] float32."""
        columns = self.W_down.weight.float().T  # [M, D]
        return columns if neurons is None else columns[neurons]


def activated(config: GPTConfig, pre: Tensor, up: Tensor | None = None) -> Tensor:
    """The neurons, for what enters the activation and, in a gated MLP, the linear factor: each [..., M]."""
    act = ACTIVATIONS[config.activation]
    return act(pre) if up is None else act(pre) * up


# ----------------------------------------------------------------------------------------------- block


class Block(nn.Module):
    """Attention, then MLP; each reads the normed stream and adds its result to it."""

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.ln1, self.attn = Norm(config), Attention(config, layer)
        self.ln2, self.mlp = Norm(config), MLP(config)
        self.resid_pre, self.attn_out = HookPoint(), HookPoint()
        self.resid_mid, self.mlp_out = HookPoint(), HookPoint()
        self.resid_post = HookPoint()

    def forward(
        self, x: Tensor, rotation: tuple[Tensor, Tensor] | None, cache: KVCache | None, explicit: bool
    ) -> Tensor:
        x = self.resid_pre(x)
        return self.after_attention(x, self.attn(self.ln1(x), rotation, cache, explicit))

    def after_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of the block, for the stream `x` [B, T, D] as it came in and what attention made of it."""
        x = self.resid_mid(x + self.attn_out(attended))
        return self.resid_post(x + self.mlp_out(self.mlp(self.ln2(x))))


# ------------------------------------------------------------------------------------------------- GPT


class GPT(nn.Module):
    """Token ids in, a score (logit) for every possible next token out."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        self.lock = threading.RLock()  # held while hooks are on: they would see other threads' passes too
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        if config.rope:
            self._frequencies = rotary_frequencies(config.rope, config.d_head)
        else:
            self.pos_embed = nn.Embedding(config.n_ctx, config.d_model)
        self.blocks = cast("Sequence[Block]", nn.ModuleList(Block(config, layer) for layer in range(config.n_layer)))
        self.ln_final = Norm(config)
        self.unembed = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.tied:
            self.unembed.weight = self.embed.weight
        self.logits = HookPoint()

    def forward(
        self,
        ids: Tensor,
        *,
        cache: KVCache | None = None,
        explicit: bool = False,
        last_only: bool = False,
        n_layers: int | None = None,
    ) -> Tensor:
        """ids [B, T] int64 -> logits [B, T, V].

        With a `cache`, `ids` are the tokens after those it holds, and it takes them in. `explicit` computes
        attention step by step even where no hook asks for it. `last_only` gives logits [B, 1, V] of the last
        position alone. `n_layers`: no further than through so many, which gives the stream [B, T, D] there and no
        logits. Raises InputError if the tokens do not fit the context.
        """
        start = cache.length if cache is not None else 0
        B, T = ids.shape
        check_length(self.config, start + T)
        x = self.embed(ids)  # [B, T, D]
        if not self.config.rope:
            x = x + self.pos_embed(torch.arange(start, start + T, device=ids.device).expand(B, T))
        x = self.run_from(0, x, to=n_layers, cache=cache, explicit=explicit)
        if n_layers is None:
            x = self.to_logits(x[:, -1:] if last_only else x)
        if cache is not None:
            cache.length = start + T  # last of all: a pass that a hook broke off has taken nothing in
        return x

    def run_from(
        self, layer: int, x: Tensor, *, to: int | None = None, cache: KVCache | None = None, explicit: bool = False
    ) -> Tensor:
        """Go on from the stream `x` [B, T, D] as it enters `layer`: the stream as it enters layer `to`, or leaves the
        last (None). Its tokens come after those that the `cache` holds."""
        start = cache.length if cache is not None else 0
        rotation = self.rotation(torch.arange(start, start + x.shape[1], device=x.device), x.dtype)
        for block in self.blocks[layer:to]:
            x = block(x, rotation, cache, explicit)
        return x

    def to_logits(self, x: Tensor) -> Tensor:
        """What the model says where the stream after the last layer is `x`: [..., D] -> [..., V]."""
        return self.logits(self.unembed(self.ln_final(x)))

    def logit_shares(self, parts: Tensor, x: Tensor, rows: Tensor | None = None) -> Tensor:
        """What each of `parts` [..., D] of the last stream `x` [D] adds to the logits, in float32, the final norm's
        size held as it is there: [..., V], or [..., n] for `rows` [n, D] of the unembedding (or sums of such)."""
        rows = self.unembed.weight if rows is None else rows
        return self.ln_final.shares(parts, x) @ rows.float().T

    def rotation(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor] | None:
        """cos and sin of the angles by which each of `positions` [T] is turned, [T, d] each; None for a model with
        learned positions."""
        if not self.config.rope:
            return None
        angles = positions[:, None].float() * self._frequencies.to(positions.device)  # [T, d/2]
        angles = torch.cat((angles, angles), dim=-1)  # [T, d]
        return angles.cos().to(dtype), angles.sin().to(dtype)

    @contextmanager
    def hooked(self, hooks: Iterable[tuple[str, Callable]]) -> Iterator[None]:
        """Put (name, forward hook) pairs on, in order, and take every one off again whatever happens.

        Holds the model's lock meanwhile, so that no other thread's pass runs through them.
        """
        with self.lock:
            handles, points = [], dict(self.named_modules())
            try:
                for name, hook in hooks:
                    handles.append(points[name].register_forward_hook(hook))
                yield
            finally:
                for handle in handles:
                    handle.remove()


def check_length(config: GPTConfig, n_tokens: int) -> None:
    """Raise InputError unless `n_tokens` fit the model, saying which limit they exceed."""
    if n_tokens > config.n_ctx:
        raise InputError("too_many_tokens", n_tokens=n_tokens, limit=config.n_ctx)
    if n_tokens > config.max_tokens:
        raise InputError("beyond_window", n_tokens=n_tokens, limit=config.window)
    if n_tokens == 0:
        raise InputError("no_tokens")


@cache
def hook_axes(config: GPTConfig) -> dict[str, str]:
    """Every name a Trace of such a model can give, in the order in which the values come about, each with its axes in
    the letters of this file: "HTd" is [n_head, T, d_head]."""
    attn = {"q": "HTd", "k": "KTd", "v": "KTd", "scores": "HTT", "pattern": "HTT", "z": "HTd"}
    if config.rope:
        attn = {"q_pre": "HTd", "k_pre": "KTd", **attn}
    mlp = ("pre", "up", "post") if config.gated_mlp else ("pre", "post")
    block = {"resid_pre": "TD", "ln1": "TD", **{f"attn.{name}": axes for name, axes in attn.items()}}
    block |= {"attn_out": "TD", "resid_mid": "TD", "ln2": "TD", **{f"mlp.{name}": "TM" for name in mlp}}
    block |= {"mlp_out": "TD", "resid_post": "TD"}
    names = {"embed": "TD"} if config.rope else {"embed": "TD", "pos_embed": "TD"}
    names |= {f"blocks.{layer}.{name}": axes for layer in range(config.n_layer) for name, axes in block.items()}
    return {**names, "ln_final": "TD", "logits": "TV"}


def axis_sizes(config: GPTConfig, n_tokens: int) -> dict[str, int]:
    """How long each of those axes is."""
    sizes = {"T": n_tokens, "H": config.n_head, "K": config.n_kv_head, "d": config.d_head}
    return {**sizes, "D": config.d_model, "M": config.d_mlp, "V": config.vocab_size}


def hook_names(config: GPTConfig) -> list[str]:
    """The names of `hook_axes`."""
    return list(hook_axes(config))
