"""What becomes of every analogy of assets/families.toml in the model's embedding matrix and in GloVe, as Markdown, and
how long the page's questions take: `python benchmarks/analogies.py`. GloVe is fetched if it is not here."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import click

import gptviz
from gptviz.analysis.analogies import Example, gallery, solve, tally
from gptviz.analysis.common_words import common_words
from gptviz.analysis.projections import cloud, principal_components
from gptviz.analysis.similarity import nearest
from gptviz.analysis.spaces import GLOVE, Space, open_space, spaces_of
from gptviz.checkpoints import vectors

POINTS = 5000


def cell(one: Example) -> str:
    """A verdict with what it rests on."""
    if one.result is None:
        return f"- ({one.missing})"
    best = min(part.rank for part in one.result.simpler)
    instead = "" if one.result.rank == 1 else f", first {one.result.first.token}"
    side = "-"
    if one.result.sides:
        side = f"{round(one.result.sides[0], 2) + 0.0:.2f}{' (chance)' if one.chance else ''}"
    return f"{one.verdict}: {one.result.rank:,} / {best:,} / {side}{instead}"


def milliseconds(work: Callable[[], object], times: int = 5) -> str:
    """Median of some runs; the first run of all is left out."""
    work()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - start))
    return f"{statistics.median(took):.0f} ms"


def times(where: Space) -> dict[str, str]:
    row = where.rows[where.find("king")]
    points = where.rows[:POINTS]
    return {
        "ten nearest to a word": milliseconds(lambda: nearest(where, row, 10)),
        "a formula with its baselines": milliseconds(lambda: solve(where, "king - man + woman", 22)),
        f"three principal components of {POINTS:,} rows": milliseconds(lambda: principal_components(points, 3)),
        "the cloud of common rows": milliseconds(lambda: cloud(where, "common", [], 0)),
    }


@click.command()
@click.option("--model", default="smollm2-135m", show_default=True)
def main(model: str) -> None:
    llm = gptviz.load(model)
    if "glove" in spaces_of(llm):
        vectors.fetch(GLOVE)
    spaces = [open_space(llm, name) for name in spaces_of(llm)]
    names = [model if where.name == "input" else f"{model}, {where.name}" for where in spaces]
    names = [GLOVE if where.name == "glove" else name for name, where in zip(names, spaces, strict=True)]
    found = [gallery(where) for where in spaces]
    print("Verdict: place of the answer / best place without the arithmetic / cosine of the arrows\n")
    print(f"| prediction | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for family in found[0]:
        print(f"| **{family}** |{' |' * len(names)}")
        for examples in zip(*(one[family] for one in found), strict=True):
            print(f"| {examples[0].formula} | {' | '.join(map(cell, examples))} |")
    print(f"\n| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    tallies = [tally(one) for one in found]
    for verdict in tallies[0]:
        print(f"| {verdict} | {' | '.join(str(one[verdict]) for one in tallies)} |")
    arrows = [common_words(where).arrows for where in spaces]
    print(f"| random arrows, sd; 99th percentile | {' | '.join(f'{a.sd:.2f}; {a.p99:.2f}' for a in arrows)} |")
    took = [times(where) for where in spaces]
    for question in took[0]:
        print(f"| {question} | {' | '.join(one[question] for one in took)} |")


if __name__ == "__main__":
    main()
