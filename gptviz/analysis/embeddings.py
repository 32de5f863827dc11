"""What stands out among the embedding rows of a prompt, and how they are looked up."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from gptviz.analysis.facts import Fact, Id, Length
from gptviz.analysis.similarity import Neighbour, chance, cosine, nearest, vector_baseline
from gptviz.analysis.spaces import Space, open_space
from gptviz.llm import LLM


def usual_size(values: Tensor) -> float:
    """The size that 99 of 100 numbers do not exceed, of a tensor of any shape: where a colour scale may end."""
    sizes = values.float().abs().flatten()
    return float(sizes.kthvalue(-(-99 * len(sizes) // 100)).values)


def one_hot_difference(space: Space, row: int) -> float:
    """The largest difference between row `row` and the product of a one-hot vector with the matrix."""
    one_hot = torch.zeros(len(space), device=space.rows.device)
    one_hot[row] = 1
    return float((one_hot @ space.rows - space.rows[row]).abs().max())


def row_facts(llm: LLM, ids: list[int], at: int) -> list[Fact]:
    """About the rows themselves: the chosen one's length, repeated tokens, the most alike and the least alike."""
    space, tokens = open_space(llm), llm.pieces(ids)
    length = float(space.norms[ids[at]])
    shorter = int((space.norms < length).sum())
    values = {"token": tokens[at], "id": Id(ids[at]), "length": Length(length), "mean": Length(space.norms.mean())}
    facts = [Fact("row", values | {"shorter": shorter, "size": len(space)})]
    again = next((i for i, id in enumerate(ids) if id in ids[:i]), None)
    if again is not None:
        facts.append(Fact("again", {"token": tokens[again], "first": ids.index(ids[again]), "second": again}))
    different = list(dict.fromkeys(ids))
    if len(different) > 2:
        units = normalize(space.rows[different], dim=1)
        cosines = units @ units.T
        above = torch.triu_indices(len(different), len(different), 1)
        pairs = cosines[above[0], above[1]]
        pieces, baseline = llm.pieces(different), chance(space)["cosine"]
        values = {"mean": baseline.mean, "sd": baseline.sd}
        for name, k in (("most", int(pairs.argmax())), ("least", int(pairs.argmin()))):
            pair = (pieces[above[0, k]], pieces[above[1, k]])
            values |= {f"{name}_a": pair[0], f"{name}_b": pair[1], name: float(pairs[k])}
        facts.append(Fact("alike", values))
    return facts


def neighbour_facts(llm: LLM, token_id: int, near: Sequence[Neighbour]) -> list[Fact]:
    """About a token's nearest: how near the first is, and whether they are other words or the same one respelled. A
    row of zeros lies near nothing."""
    if not near or near[0].cosine is None:
        return []
    space, token = open_space(llm), llm.pieces([token_id])[0]
    row, first, alike = space.rows[token_id], near[0], near[0].cosine
    own = vector_baseline(space, row, [token_id])
    values = {"token": token, "first": first.token, "cosine": alike, "mean": own.mean, "sd": own.sd}
    facts = [Fact("nearest", values | {"sds": own.sds_above(alike)})]
    spelling = _letters(token)
    respelled = [n for n in near if _letters(n.token) == spelling]
    if spelling and respelled:
        values = {"token": token, "count": len(respelled), "shown": len(near)}
        facts.append(Fact("respelled", values | {"which": tuple(n.token for n in respelled)}))
        other = next((one for one in nearest(space, row, 50) if _letters(one.token) != spelling), None)
        if other and other.cosine is not None and respelled[0] == first:
            facts.append(Fact("other", {"first": other.token, "cosine": other.cosine}))
    return facts


def most_alike(llm: LLM, token_id: int, others: Sequence[int]) -> tuple[int, dict[int, float]]:
    """Which of `others` has the largest cosine with a token, and the cosine of each."""
    rows = open_space(llm).rows
    cosines = {other: float(cosine(rows[token_id], rows[other])) for other in others}
    return max(cosines, key=cosines.__getitem__), cosines


def _letters(token: str) -> str:
    """A token without its space and its capitals; "" if it is not made of letters."""
    word = token.removeprefix("·").casefold()
    return word if word.isalpha() else ""
