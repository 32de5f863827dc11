"""What an MLP does at one token: which neurons answered, how much each writes to the stream, and what that does to
the next word."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gptviz.analysis.attribution import logit_attribution, word_attribution
from gptviz.llm import LLM
from gptviz.model import ACTIVATIONS
from gptviz.trace import Trace

MASSIVE = 5
"""A first token whose stream is so many times as long as the others' is worth a word."""


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
    column: float
    """The length of its column of W_down."""
    size: float
    """The length of what it writes to the stream: |post|·column."""
    raises: tuple[tuple[str, float], ...]
    """The tokens whose logits it raises most here, directly, and by how much against the vocabulary's mean."""
    lowers: tuple[tuple[str, float], ...]
    push: float
    """What it adds, in the same way, to the logit of the model's own next word here."""


@dataclass(frozen=True)
class MLPValues:
    """What an MLP does at one token, in numbers. Lengths are Euclidean norms."""

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
    return post.abs() * llm.model.blocks[layer].mlp.neuron_directions().norm(dim=1)


def mlp_at(llm: LLM, trace: Trace, layer: int, token: int) -> MLPValues:
    """What the MLP of `layer` does at `token`."""
    at = {
        name: trace[f"blocks.{layer}.{name}"][token].float()
        for name in ("ln2", "mlp.pre", "mlp.post", "mlp_out", "resid_mid", "resid_post")
    }
    running = sizes(llm, trace, layer, token).sort(descending=True).values.double().cumsum(0)
    return MLPValues(
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

    The words are those of what the neuron writes here, post·W_down[:, index], read directly (see `attribution`): the
    final norm's weight folded in, later layers left out. A negative post turns the neuron's direction round.
    """
    mlp = llm.model.blocks[layer].mlp
    directions = mlp.neuron_directions(indices)  # [n, D]
    columns = directions.norm(dim=1)
    post = trace[f"blocks.{layer}.mlp.post"][token, indices].float()
    logits = logit_attribution(llm, trace, token, post[:, None] * directions)
    pre = trace[f"blocks.{layer}.mlp.pre"][token, indices].float()
    act = ACTIVATIONS[llm.config.activation](pre)
    up = trace[f"blocks.{layer}.mlp.up"][token, indices].tolist() if llm.config.gated_mlp else [None] * len(indices)

    own = int(trace.logits[token].argmax())

    def words(values: Tensor, largest: bool) -> tuple[tuple[str, float], ...]:
        ids = values.topk(min(n_words, len(values)), largest=largest).indices
        found = zip(llm.pieces(ids.tolist()), values[ids].tolist(), strict=True)
        return tuple((piece, value) for piece, value in found if (value > 0) == largest)

    return [
        Neuron(
            index=index,
            pre=float(pre[n]),
            act=float(act[n]),
            up=up[n],
            post=float(post[n]),
            column=float(columns[n]),
            size=float(post[n].abs() * columns[n]),
            raises=words(logits[n], True),
            lowers=words(logits[n], False),
            push=float(logits[n, own]),
        )
        for n, index in enumerate(indices)
    ]


def strongest(llm: LLM, trace: Trace, layer: int, token: int, count: int) -> list[int]:
    """The neurons of `layer` that write most to the stream at `token`, most first."""
    values = sizes(llm, trace, layer, token)
    return values.topk(min(count, len(values))).indices.tolist()


def control(llm: LLM, but: list[int]) -> list[int]:
    """As many neurons as `but`, or all that are left, drawn at random (the same each time) from the rest of a layer: a
    control for silencing `but`."""
    order = torch.randperm(llm.config.d_mlp, generator=torch.Generator().manual_seed(0)).tolist()
    return sorted([index for index in order if index not in set(but)][: len(but)])


def layer_pushes(llm: LLM, trace: Trace, token: int) -> Tensor:
    """How much the MLP of each layer pushes the model's own next word at `token` up, directly: [n_layer]."""
    outputs = torch.stack([trace[f"blocks.{layer}.mlp_out"][token] for layer in range(llm.config.n_layer)])
    return word_attribution(llm, trace, token, outputs, int(trace.logits[token].argmax()))


@dataclass(frozen=True)
class MassiveActivation:
    """Where the first token's stream becomes many times longer than the others' ("massive activations", Sun et al.
    2024): the MLP of `layer` writes a vector of length `written` into a stream of length `found`."""

    layer: int
    written: float
    found: float
    after: float
    """Length of the first token's stream after that."""
    others: float
    """Median length of the other tokens' streams there."""


def massive_activation(trace: Trace) -> MassiveActivation | None:
    """The layer whose MLP writes most to the first token, if that makes its stream `MASSIVE` times as long as the
    others'. None in a model or a text where it does not. (Layer 0 is left out: there the stream is still short.)"""
    if len(trace.ids) < 2 or trace.config.n_layer < 2:
        return None
    written = [float(trace[f"blocks.{layer}.mlp_out"][0].norm()) for layer in range(trace.config.n_layer)]
    layer = max(range(1, trace.config.n_layer), key=written.__getitem__)
    after = stream_sizes(trace, layer)
    others = float(after[1:].median())
    if float(after[0]) < MASSIVE * others:
        return None
    found = float(trace[f"blocks.{layer}.resid_mid"][0].norm())
    return MassiveActivation(layer, written[layer], found, float(after[0]), others)


def stream_sizes(trace: Trace, layer: int) -> Tensor:
    """The length of each token's stream after the MLP of `layer` (`resid_post`): [T]."""
    return trace[f"blocks.{layer}.resid_post"].float().norm(dim=-1)
