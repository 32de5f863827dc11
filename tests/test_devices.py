"""The same numbers wherever torch can compute here: on the CPU, and on whatever else this machine has."""

from __future__ import annotations

import pytest
import torch

import gptviz
from gptviz import Scale
from gptviz.checkpoints.loading import DEVICES, check_device
from gptviz.errors import CheckpointError
from gptviz.llm import LLM
from gptviz.trace import Trace

TEXT = "The capital of France is"


def here(device: str) -> bool:
    try:
        check_device(device)
    except CheckpointError:
        return False
    return True


@pytest.fixture(scope="module", params=filter(here, DEVICES))
def there(request) -> LLM:
    """The default model on each of them."""
    return gptviz.load("smollm2-135m", device=request.param)


def near(ours: Trace, theirs: Trace) -> None:
    """Equal but for rounding, which thirty layers carry on."""
    for name in theirs.names():
        scale = float(theirs[name].abs().max())
        assert (ours[name].cpu() - theirs[name]).abs().max() <= 2e-5 * scale, name


def test_every_value_is_the_same(there, smollm2):
    near(there.trace(TEXT), smollm2.trace(TEXT))


def test_an_intervention_does_the_same(there, smollm2):
    off = [Scale("blocks.23.attn.z", 0, heads=[4])]
    near(there.trace(TEXT, interventions=off), smollm2.trace(TEXT, interventions=off))


def test_a_trace_grows_and_is_kept_the_same(there, smollm2, tmp_path):
    grown, fresh = there.trace(TEXT), smollm2.trace(TEXT + " Paris")
    grown.append(fresh.ids[-1])
    near(grown, fresh)
    grown.save(tmp_path / "trace.safetensors")
    near(Trace.load(tmp_path / "trace.safetensors"), fresh)


def test_the_same_words_are_written(there, smollm2):
    for options in ({"temperature": 0}, {"seed": 3}, {"seed": 3, "top_p": 0.9, "repetition_penalty": 1.2}):
        ours, theirs = (list(llm.generate(TEXT, 12, **options)) for llm in (there, smollm2))
        assert [step.id for step in ours] == [step.id for step in theirs]
        assert [step.probability for step in ours] == pytest.approx([s.probability for s in theirs], rel=1e-3)
    ours, theirs = ([(node.parent, node.id) for node in llm.beams(TEXT, 2, 4).nodes] for llm in (there, smollm2))
    assert ours == theirs


def test_narrow_dtypes_say_the_same_word(there, smollm2):
    device = str(there.model.embed.weight.device)
    for dtype in (torch.bfloat16, torch.float16):
        narrow = gptviz.load("smollm2-135m", device=device, dtype=dtype)
        assert narrow.pieces([int(narrow.trace(TEXT).logits[-1].argmax())]) == ["·Paris"]
