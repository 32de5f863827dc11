"""The parts of the attention view, each as bytes: see `gptviz.views.attention`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

from gptviz.analysis import ablation, heads, mask
from gptviz.analysis.attribution import logit_attribution
from gptviz.analysis.predictions import leading, probabilities
from gptviz.analysis.words import text_ids
from gptviz.errors import GptvizError
from gptviz.llm import LLM
from gptviz.model import rotary_frequencies
from gptviz.trace import Trace
from gptviz.views.attention import MEASURES
from gptviz.views.kit.asked import Run
from gptviz.views.kit.wire import pack

MAP_SIDE = 64  # cells on a side of a small picture at most, and
MAP_BYTES = 1_200_000  # bytes for all small pictures together
LAYER_BYTES = 6_000_000  # scores and patterns beyond which a layer part carries the chosen head alone
WORDS = 8  # up and down
DRAWS = 9  # of control heads that are remembered beside the one that is shown
PRESET = 5  # heads that are offered to be switched off together


def pictures(trace: Trace) -> Tensor:
    """A small picture of every head's pattern, uint8 [n_layer · n_head, side · (side + 1) / 2]: the lower triangle,
    row after row, 255 for a weight of 1. A cell holds the largest weight of those it stands for. For looking at only:
    no number is ever read off it."""
    config, T = trace.config, len(trace.ids)
    side = min(T, MAP_SIDE, int((2 * MAP_BYTES / (config.n_layer * config.n_head)) ** 0.5))
    below = torch.ones(side, side, dtype=torch.bool).tril()
    kept = []
    for layer in range(config.n_layer):
        pattern = trace[f"blocks.{layer}.attn.pattern"].float().cpu()
        small = pattern if side == T else adaptive_max_pool2d(pattern[None], side)[0]
        kept.append((small[:, below] * 255).round().to(torch.uint8))
    return torch.cat(kept)


def text_part(llm: LLM, trace: Trace, others: Sequence[str] = ()) -> bytes:
    """The tokens, and all heads at once. others: texts worth trying as a second one."""
    config = llm.config
    here, tested = heads.head_scores(trace), heads.random_scores(llm)
    maps = pictures(trace)
    scales = [config.scale(layer) for layer in range(config.n_layer)]
    header = {
        "tokens": trace.tokens,
        "sizes": {
            name: getattr(config, name)
            for name in ("n_layer", "n_head", "n_kv_head", "d_head", "d_model", "vocab_size")
        },
        "scales": scales,
        "root": [scale == config.d_head**-0.5 for scale in scales],
        "side": int((2 * maps.shape[1]) ** 0.5),
        "measures": MEASURES,
        "rows": here.rows,
        "rows_random": tested.rows,
        "most": heads.MOST,
        "enough": heads.ENOUGH,
        "others": list(others),
        "dtype": str(llm.dtype).removeprefix("torch."),
        "replaced": sorted({it.name for it in trace.interventions}),
    }
    arrays = {"maps": maps, "scores": _measured(here), "random": _measured(tested)}
    if config.rope:
        arrays["frequencies"] = rotary_frequencies(config.rope, config.d_head)
    return pack(header, arrays)


def looks_part(llm: LLM, trace: Trace, token: int) -> bytes:
    """What to look for from `token`, where each head looks from there (look_key, look_weight) and what it adds to the
    next word's logit (push), [n_layer, n_head] each; and which heads are worth switching off."""
    looks = heads.looks_from(llm, trace, token)
    header = {
        "token": token,
        "facts": [fact.plain() for fact in heads.observations(llm, trace, token)],
        "word": llm.pieces([int(trace.logits[token].argmax())])[0],
        "presets": _presets(llm, trace, token),
    }
    return pack(header, {"look_key": looks.key, "look_weight": looks.weight, "push": looks.push})


def _measured(scores: heads.HeadScores) -> Tensor:
    """[measures, n_layer, n_head]"""
    return torch.stack([*(scores.kinds[kind] for kind in heads.KINDS), scores.sink, scores.entropy, scores.distance])


def _presets(llm: LLM, trace: Trace, token: int) -> dict[str, list[list[int]]]:
    """Groups of heads worth switching off together: the one that looks back and helps the next word most, those that
    help it most wherever they look, and the model's clearest of two kinds, by the test on random tokens."""
    helping = heads.helping_look(llm, trace, token)
    groups = {"helper": [[helping[0].layer, helping[0].head]] if helping else []}
    groups["helpers"] = [list(head) for head in heads.helpers(llm, trace, token, PRESET)]
    for kind in ("induction", "previous"):
        scores = heads.random_scores(llm).kinds[kind].nan_to_num(nan=0.0).flatten()
        top = scores.topk(min(PRESET, len(scores)))
        clear = [int(i) for i, score in zip(top.indices, top.values, strict=True) if score > heads.MOST]
        if clear:
            groups[kind] = [list(divmod(i, llm.config.n_head)) for i in clear]
    return groups


def heads_in(trace: Trace, head: int) -> list[int]:
    """The heads whose numbers travel with a layer: all, or the chosen one where that would be too much."""
    H, T = trace.config.n_head, len(trace.ids)
    return list(range(H)) if H * T * T * 6 <= LAYER_BYTES else [head]


def layer_part(llm: LLM, trace: Trace, layer: int, head: int) -> bytes:
    """Everything of one layer that the stages and cells are made of, in float32, exactly as the trace has it.

    pattern: its lower triangle, row after row. value_sizes [heads, T]: the length of what W_O makes of each token's
    value. q, k, v come by head and by key head: `heads`, `key_heads` say which."""
    chosen = heads_in(trace, head)
    shared = sorted({trace.config.key_head(h) for h in chosen})
    prefix, T = f"blocks.{layer}.attn.", len(trace.ids)
    below = torch.ones(T, T, dtype=torch.bool).tril()
    by_query, by_key = ["q", "z"], ["k", "v"]
    if trace.config.rope:
        by_query, by_key = [*by_query, "q_pre"], [*by_key, "k_pre"]
    arrays = {name: trace[prefix + name][chosen] for name in by_query}
    arrays |= {name: trace[prefix + name][shared] for name in by_key}
    arrays["scores"] = trace[prefix + "scores"][chosen]
    if llm.dtype != torch.float32 or trace.interventions:
        # Then q·k does not follow from the scores: they were rounded, or replaced.
        arrays["dot"] = trace.attention(layer).dot[chosen]
    arrays["pattern"] = trace[prefix + "pattern"][chosen].cpu()[:, below]
    arrays["value_sizes"] = _value_sizes(llm, trace, layer, chosen)
    header = {"layer": layer, "heads": chosen, "key_heads": shared}
    return pack(header, arrays)


def _value_sizes(llm: LLM, trace: Trace, layer: int, chosen: Sequence[int]) -> Tensor:
    """‖W_O,h v_j‖, [heads, T]: how much token j would write through head h if it got all the weight."""
    v = trace[f"blocks.{layer}.attn.v"][[trace.config.key_head(h) for h in chosen]]  # [heads, T, d]
    return llm.model.blocks[layer].attn.head_outputs(v, chosen).norm(dim=-1)


def weights_part(llm: LLM, trace: Trace, layer: int, head: int) -> bytes:
    """Where queries and keys come from: x [T, D], what the norm hands over, and W_Q, W_K [d, D] of one head, with
    their biases where the model has them."""
    attn, d, shared = llm.model.blocks[layer].attn, llm.config.d_head, trace.config.key_head(head)
    arrays = {"x": trace[f"blocks.{layer}.ln1"]}
    for name, matrix, at in (("W_Q", attn.W_Q, head), ("W_K", attn.W_K, shared)):
        rows = slice(at * d, (at + 1) * d)
        arrays[name] = matrix.weight[rows]
        if matrix.bias is not None:
            arrays[name.replace("W", "b")] = matrix.bias[rows]
    return pack({"layer": layer, "head": head}, arrays)


def outputs_part(llm: LLM, trace: Trace, layer: int, token: int) -> bytes:
    """What each head adds at `token`, heads [H, D]; W_O's bias [D], if it has one; their sum, attn_out [D], as the
    model computed it from the heads laid side by side."""
    each = heads.head_outputs(llm, trace, layer, token)
    bias = llm.model.blocks[layer].attn.W_O.bias
    whole = trace[f"blocks.{layer}.attn_out"][token].float()
    total = each.sum(0) + (0 if bias is None else bias.float())
    header = {
        "layer": layer,
        "token": token,
        "error": float((total - whole).abs().max()),
        "largest": float(whole.abs().max()),
    }
    arrays = {"heads": each, "attn_out": whole} | ({} if bias is None else {"bias": bias.float()})
    return pack(header, arrays)


def reading_part(llm: LLM, trace: Trace, layer: int, head: int, token: int, key: int | None) -> bytes:
    """The words that the head's whole output at `token` pushes up and down, directly, and those that the value of
    token `key` (None: the strongest) does by itself, weighted as it is; out [D]: what the head adds."""
    prefix = f"blocks.{layer}.attn."
    key = heads.strongest_key(trace, layer, head, token) if key is None else min(key, token)
    weight = trace[prefix + "pattern"][head, token, key].float()
    whole = trace[prefix + "z"][head, token].float()
    one = weight * trace[prefix + "v"][trace.config.key_head(head), key].float()
    outputs = llm.model.blocks[layer].attn.head_outputs(torch.stack((whole, one))[None], [head])[0]  # [2, D]
    pushes = logit_attribution(llm, trace, token, outputs)

    def words(push: Tensor, largest: bool) -> list[dict[str, Any]]:
        top = push.topk(min(WORDS, len(push)), largest=largest)
        pieces = llm.pieces(top.indices.tolist())
        # In a small vocabulary the 8 most pushed down may have been pushed up.
        signed = [(p, v) for p, v in zip(pieces, top.values.tolist(), strict=True) if (v > 0) == largest]
        return [{"piece": p, "push": v} for p, v in signed]

    read = [{"up": words(push, True), "down": words(push, False)} for push in pushes]
    first = int(trace.logits[token].argmax())
    header = {
        "layer": layer,
        "head": head,
        "token": token,
        "key": key,
        "whole": read[0],
        "one": read[1],
        "next": {"piece": llm.pieces([first])[0], "push": float(pushes[0, first])},
    }
    return pack(header, {"out": outputs[0]})


def last_part(llm: LLM, trace: Trace, layer: int, head: int, word: str, run: Run) -> bytes:
    """What becomes of a layer if the last word is another: only the last query's row, and, before the mask, the last
    key's column. word "": the model's own suggestion. A word that cannot be: `trouble`, an error."""
    header: dict[str, Any] = {"layer": layer, "word": word}
    try:
        other_last = [*trace.ids[:-1], mask.likeliest_other(llm, trace)], 1
        ids, width = mask.with_last(llm, trace, word) if word else other_last
        other = run(ids, None, trace.interventions)
    except GptvizError as error:
        return pack({**header, "trouble": error.plain()}, {})
    chosen = heads_in(trace, head)
    found = mask.differences(trace, other, layer)
    header |= {"piece": other.tokens[-1], "same": ids == trace.ids, "width": width, "heads": chosen}
    header["differences"] = {"pattern": found.pattern, "vectors": found.vectors, "stream": found.stream}
    prefix = f"blocks.{layer}.attn."
    scores, pattern = other[prefix + "scores"][chosen], other[prefix + "pattern"][chosen]
    arrays = {"score_row": scores[:, -1], "score_column": scores[..., -1], "pattern_row": pattern[:, -1]}
    if llm.dtype != torch.float32:
        dot = other.attention(layer).dot[chosen]
        arrays |= {"dot_row": dot[:, -1], "dot_column": dot[..., -1]}
    return pack(header, arrays)


def off_part(
    llm: LLM,
    trace: Trace,
    token: int,
    off: Sequence[ablation.Head],
    again: int,
    second: str,
    limit: int,
    run: Run,
) -> bytes:
    """The next word with heads `off`, and with as many others of the same layers: after `token`, and at the end of a
    second text, of which `limit` tokens are followed. again: which draw of the others."""
    control = ablation.control(llm.config, off, again)
    passes = [off] if control is None else [off, control]
    without = [ablation.logits_without(llm, trace, which, token) for which in passes]
    # Every draw so far, so that the reader sees how far chance goes.
    draws = (ablation.control(llm.config, off, n) for n in range(max(0, again - DRAWS), again))
    earlier = [draw for draw in draws if draw is not None]
    drawn = [*without[1:], *(ablation.logits_without(llm, trace, which, token) for which in earlier)]
    first = int(trace.logits[token].argmax())
    range_ = [float(probabilities(logits)[first]) for logits in drawn]

    def compare(before: Tensor, after: list[Tensor]) -> dict[str, Any]:
        shown = [w.id for w in leading(llm, before, 5)]
        shown += [w.id for w in leading(llm, after[0], 3) if w.id not in shown]
        columns = [probabilities(logits)[shown].tolist() for logits in (before, *after)]
        return {"words": llm.pieces(shown), "shares": columns}

    header: dict[str, Any] = {
        "token": token,
        "off": [list(head) for head in off],
        "control": control and [list(head) for head in control],
        "again": again,
        "text": second,
        "here": compare(trace.logits[token], without),
        "draws": {"count": len(range_), "low": min(range_), "high": max(range_)} if range_ else None,
        "second": None,
    }
    if second:
        try:
            every = text_ids(llm, second)
            ids = every[:limit]
            first_layer = min(layer for layer, _ in off)
            other, last = run(ids, [f"blocks.{first_layer}.resid_pre", "logits"]), len(ids) - 1
            after = [ablation.logits_without(llm, other, which, last) for which in passes]
            header["second"] = {**compare(other.logits[last], after), "tokens": llm.pieces(ids), "all": len(every)}
        except GptvizError as error:
            header["second"] = {"trouble": error.plain()}
    return pack(header, {})
