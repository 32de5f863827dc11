"""What an MLP does at one token: which neurons answered, how much each writes to the stream, and what that does to
the next word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.direct import direct_logits, direct_push
from gptviz.llm import LLM
from gptviz.model import ACTIVATIONS
from gptviz.trace import Trace


@dataclass(frozen=True)
class Neuron:
    """One of the d_mlp neurons of a layer, at one token."""

    index: int
    pre: float
    """What enters the activation function."""
    act: float
    """What comes out of it."""
    up: float | None
    """The factor of a gated MLP; None without a gate."""
    post: float
    """What enters W_down: act, times up where there is a gate."""
    size: float
    """The length of what it writes to the stream: |post|·‖W_down[:, index]‖."""
    raises: tuple[tuple[str, float], ...]
    """The tokens whose logits it raises most here, directly, and by how much against the vocabulary's mean."""
    lowers: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Layer:
    """An MLP at one token, in numbers. Lengths are Euclidean norms."""

    input: Tensor
    """[D]: what the norm hands in (`ln2`)."""
    pre: Tensor
    """[M]"""
    post: Tensor
    """[M]"""
    output: Tensor
    """[D]: what is added to the stream (`mlp_out`)."""
    stream_size: float
    """Length of the stream it is added to (`resid_mid`)."""
    output_size: float
    after_size: float
    """Length of the stream afterwards (`resid_post`)."""
    error: float
    """Largest difference, over the D numbers, between resid_mid + mlp_out and the recorded resid_post."""
    active: int
    """Neurons whose pre is above 0: the activation function lets them through."""
    half: int
    """How many neurons, strongest first, make up half of the summed sizes of all."""


def sizes(llm: LLM, trace: Trace, layer: int, token: int) -> Tensor:
    """The length of what each neuron writes to the stream, |post|·‖its column of W_down‖: [M]."""
    post = trace[f"blocks.{layer}.mlp.post"][token].float()
    return post.abs() * llm.model.blocks[layer].mlp.W_down.weight.float().norm(dim=0)


def layer_at(llm: LLM, trace: Trace, layer: int, token: int) -> Layer:
    """What the MLP of `layer` does at `token`."""
    at = {
        name: trace[f"blocks.{layer}.{name}"][token].float()
        for name in ("ln2", "mlp.pre", "mlp.post", "mlp_out", "resid_mid", "resid_post")
    }
    running = sizes(llm, trace, layer, token).sort(descending=True).values.double().cumsum(0)
    return Layer(
        input=at["ln2"],
        pre=at["mlp.pre"],
        post=at["mlp.post"],
        output=at["mlp_out"],
        stream_size=float(at["resid_mid"].norm()),
        output_size=float(at["mlp_out"].norm()),
        after_size=float(at["resid_post"].norm()),
        error=float((at["resid_mid"] + at["mlp_out"] - at["resid_post"]).abs().max()),
        active=int((at["mlp.pre"] > 0).sum()),
        half=int((running < running[-1] / 2).sum()) + 1,
    )


def neurons_at(llm: LLM, trace: Trace, layer: int, token: int, indices: list[int], n_words: int = 4) -> list[Neuron]:
    """The neurons `indices` of `layer` at `token`, with the `n_words` tokens each raises and lowers most.

    The words are those of what the neuron writes here, post·W_down[:, index], read directly (see `direct`): the final
    norm's weight folded in, later layers left out. A negative post turns the neuron's direction round.
    """
    written = llm.model.blocks[layer].mlp.W_down.weight.float().T[indices]  # [n, D]
    post = trace[f"blocks.{layer}.mlp.post"][token, indices].float()
    logits = direct_logits(llm, trace, token, post[:, None] * written)
    pre = trace[f"blocks.{layer}.mlp.pre"][token, indices].float()
    act = ACTIVATIONS[llm.config.activation](pre)
    up = trace[f"blocks.{layer}.mlp.up"][token, indices].tolist() if llm.config.gated_mlp else [None] * len(indices)
    length = sizes(llm, trace, layer, token)[indices]

    def words(values: Tensor) -> tuple[tuple[str, float], ...]:
        ids = values.topk(min(n_words, len(values))).indices
        return tuple(zip(llm.pieces(ids.tolist()), values[ids].tolist(), strict=True))

    return [
        Neuron(index, float(pre[n]), float(act[n]), up[n], float(post[n]), float(length[n]), words(logits[n]), lowers)
        for n, index in enumerate(indices)
        for lowers in [tuple((piece, -value) for piece, value in words(-logits[n]))]
    ]


def strongest(llm: LLM, trace: Trace, layer: int, token: int, count: int) -> list[int]:
    """The neurons of `layer` that write most to the stream at `token`, most first."""
    values = sizes(llm, trace, layer, token)
    return values.topk(min(count, len(values))).indices.tolist()


def layer_pushes(llm: LLM, trace: Trace, token: int) -> Tensor:
    """How much the MLP of each layer pushes the model's own next word at `token` up, directly: [n_layer]."""
    outputs = torch.stack([trace[f"blocks.{layer}.mlp_out"][token] for layer in range(llm.config.n_layer)])
    return direct_push(llm, trace, token, outputs, int(trace.logits[token].argmax()))
