"""One cell of an attention pattern, with every number on the way to it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gptviz.trace import Trace


@dataclass(frozen=True)
class Cell:
    """How token `i` comes to put `weight` on token `j` in one head: softmax over the row of q_i·k_j · scale."""

    query: Tensor
    """[d_head]: q_i as used in the dot product (after rotation, where the model rotates)."""
    key: Tensor
    """[d_head]: k_j, of the key head that this query head reads."""
    dot: float
    scale: float
    scaled: float
    largest: float
    """Largest scaled score of the row: taken off before exponentials, which changes no weight (softmax is blind to a
    constant) and keeps them finite."""
    exponential: float
    """exp(scaled - largest)"""
    total: float
    """Sum of the row's exponentials."""
    weight: float


@dataclass(frozen=True)
class Row:
    """Row `i` of a head, over the tokens it may see, [i + 1] each."""

    dot: Tensor
    scaled: Tensor
    weight: Tensor


def key_head(trace: Trace, head: int) -> int:
    """The key/value head that query head `head` reads."""
    return head // (trace.config.n_head // trace.config.n_kv_head)


def row(trace: Trace, layer: int, head: int, i: int) -> Row:
    """What token `i` sees in one head, stage by stage."""
    stages = trace.attention(layer)
    dot, scaled, pattern = (s[head, i, : i + 1].float() for s in (stages.dot, stages.scaled, stages.pattern))
    return Row(dot, scaled, pattern)


def cell(trace: Trace, layer: int, head: int, i: int, j: int) -> Cell:
    """How token `i` comes to its weight on token `j` <= i in one head."""
    numbers = row(trace, layer, head, i)
    exponentials = (numbers.scaled - numbers.scaled.max()).exp()
    prefix = f"blocks.{layer}.attn."
    return Cell(
        query=trace[prefix + "q"][head, i].float(),
        key=trace[prefix + "k"][key_head(trace, head), j].float(),
        dot=float(numbers.dot[j]),
        scale=trace.config.scale(layer),
        scaled=float(numbers.scaled[j]),
        largest=float(numbers.scaled.max()),
        exponential=float(exponentials[j]),
        total=float(exponentials.sum()),
        weight=float(numbers.weight[j]),
    )


def strongest_key(trace: Trace, layer: int, head: int, i: int) -> int:
    """The token that token `i` looks at hardest, the first token aside if there is another."""
    weights = trace[f"blocks.{layer}.attn.pattern"][head, i, : i + 1]
    return int(weights[1:].argmax()) + 1 if i > 0 else 0
