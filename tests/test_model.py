"""The model itself: hook points that read and replace, the cache, the two attention paths."""

from __future__ import annotations

import pytest
import torch

from gptviz.errors import InputError
from gptviz.interventions import shape_of
from gptviz.model import GPT, GPTConfig, KVCache, Rope, hook_names, rotary_frequencies
from tests.small_models import CONFIGS, random_llm

IDS = [5, 17, 3, 88, 3, 41, 0, 96]


def ids(n: int = len(IDS)) -> torch.Tensor:
    return torch.tensor([IDS[:n]])


def test_every_name_is_a_module_with_the_promised_shape(tiny):
    seen = {}
    names = hook_names(tiny.config)
    hooks = [(n, lambda module, args, value, n=n: seen.__setitem__(n, value)) for n in names]
    with tiny.model.hooked(hooks):
        tiny.model(ids())
    assert list(seen) == names, "the names stand in the order in which the values come about"
    for name, value in seen.items():
        assert tuple(value.shape) == (1, *shape_of(tiny.config, name, len(IDS))), name


def test_replacing_at_any_hook_point_changes_the_logits(tiny):
    plain = tiny.model(ids(), explicit=True)
    for name in hook_names(tiny.config):
        handle = tiny.model.get_submodule(name).register_forward_hook(lambda module, args, value: value * 0.5)
        changed = tiny.model(ids(), explicit=True)
        handle.remove()
        # The norms undo the size of an embedding that stands alone, up to epsilon: not exactly.
        assert not torch.equal(changed, plain), name
    assert torch.equal(tiny.model(ids(), explicit=True), plain), "nothing is left behind"


def test_hooks_come_off_after_an_error(tiny):
    def fail(module, args, value):
        raise RuntimeError("from a hook")

    with pytest.raises(RuntimeError, match="from a hook"), tiny.model.hooked([("blocks.1.ln1", fail)]):
        tiny.model(ids())
    assert not any(module._forward_hooks for module in tiny.model.modules())
    with pytest.raises(KeyError), tiny.model.hooked([("blocks.0.ln1", fail), ("no.such", fail)]):
        pass
    assert not any(module._forward_hooks for module in tiny.model.modules())


def test_only_scores_and_pattern_hooks_make_attention_explicit(tiny, monkeypatch):
    used = []
    attention = type(tiny.model.blocks[0].attn)
    for path in ("_attend", "_attend_fused"):
        original = getattr(attention, path)
        monkeypatch.setattr(
            attention, path, lambda self, *a, original=original, path=path: used.append(path) or original(self, *a)
        )

    def paths_with_hook_on(name, kind):
        used.clear()
        handle = getattr(tiny.model.get_submodule(name), f"register_{kind}")(lambda *a: None)
        tiny.model(ids())
        handle.remove()
        return used

    for kind in ("forward_hook", "forward_pre_hook", "full_backward_hook", "full_backward_pre_hook"):
        for elsewhere in ("blocks.1.attn.q", "blocks.1.attn", "blocks.1"):
            assert paths_with_hook_on(elsewhere, kind) == ["_attend_fused"] * 3
        assert paths_with_hook_on("blocks.1.attn.scores", kind) == ["_attend_fused", "_attend", "_attend_fused"]
        assert paths_with_hook_on("blocks.2.attn.pattern", kind) == ["_attend_fused", "_attend_fused", "_attend"]


@pytest.mark.parametrize("point", ["scores", "pattern"])
def test_a_pre_hook_replaces_as_a_forward_hook_does(tiny, point):
    at = tiny.model.get_submodule(f"blocks.1.attn.{point}")
    changed = []
    for register, halve in (
        (at.register_forward_hook, lambda module, args, value: value * 0.5),
        (at.register_forward_pre_hook, lambda module, args: (args[0] * 0.5,)),
    ):
        handle = register(halve)
        changed.append(tiny.model(ids()))
        handle.remove()
    assert torch.equal(*changed) and not torch.equal(changed[0], tiny.model(ids(), explicit=True))


def test_paths_agree(tiny):
    torch.testing.assert_close(tiny.model(ids()), tiny.model(ids(), explicit=True), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize("chunks", [[8], [1] * 8, [3, 1, 4], [7, 1]])
def test_cached_passes_equal_one_pass(tiny, chunks, explicit):
    whole = tiny.model(ids(), explicit=explicit)
    cache, parts, at = KVCache(), [], 0
    for n in chunks:
        parts.append(tiny.model(ids()[:, at : at + n], cache=cache, explicit=explicit))
        at += n
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-4, rtol=1e-4)


def test_cache_branches(tiny):
    cache = KVCache()
    tiny.model(ids(4), cache=cache)
    branch = cache.copy()
    tiny.model(torch.tensor([[1]]), cache=cache)
    got = tiny.model(torch.tensor([[2]]), cache=branch)[0, -1]
    want = tiny.model(torch.tensor([[*IDS[:4], 2]]))[0, -1]
    torch.testing.assert_close(got, want, atol=1e-4, rtol=1e-4)


def test_the_future_has_no_part_in_the_past(tiny):
    a, b = ids().clone(), ids().clone()
    b[0, -1] = 60
    for explicit in (False, True):
        first, second = tiny.model(a, explicit=explicit), tiny.model(b, explicit=explicit)
        assert torch.equal(first[:, :-1], second[:, :-1])
        assert not torch.equal(first[:, -1], second[:, -1])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", CONFIGS)
def test_narrow_dtypes_compute_norm_and_softmax_in_float32(family, dtype):
    wide = random_llm(CONFIGS[family])
    narrow = random_llm(CONFIGS[family], dtype=dtype)
    trace = narrow.trace(IDS)
    assert trace.logits.dtype == dtype
    x, norm = trace["blocks.0.resid_mid"], narrow.model.blocks[0].ln2
    with torch.no_grad():
        exact = norm.float()(x.float())
        narrow.model.to(dtype)
    assert (trace["blocks.0.ln2"].float() - exact).abs().max() <= exact.abs().max() * torch.finfo(dtype).eps * 2
    exact = trace["blocks.0.attn.scores"].float().masked_fill(~torch.ones(8, 8).bool().tril(), -torch.inf).softmax(-1)
    assert (trace["blocks.0.attn.pattern"].float() - exact).abs().max() <= torch.finfo(dtype).eps
    difference = (trace.logits.float() - wide.trace(IDS).logits).abs().max()
    assert difference < 0.1 * wide.trace(IDS).logits.abs().max()


def test_length_is_checked(tiny):
    with pytest.raises(InputError, match="64"):
        tiny.model(torch.zeros(1, 65, dtype=torch.long))
    with pytest.raises(InputError):
        tiny.model(torch.zeros(1, 0, dtype=torch.long))
    windowed = GPTConfig(vocab_size=9, n_ctx=64, n_layer=1, n_head=1, d_model=8, d_head=8, d_mlp=8, window=5)
    model = GPT(windowed)
    model(torch.zeros(1, 5, dtype=torch.long))
    with pytest.raises(InputError, match="window"):
        model(torch.zeros(1, 6, dtype=torch.long))


def test_rotation_makes_scores_depend_on_distance_alone():
    """The property rotary positions are for (Su et al. 2021, eq. 11)."""
    from gptviz.model import rotate

    torch.manual_seed(0)
    q, k = torch.randn(16), torch.randn(16)
    angles = torch.arange(40.0)[:, None] * rotary_frequencies(Rope(), 16)
    cos, sin = torch.cat((angles, angles), -1).cos(), torch.cat((angles, angles), -1).sin()
    dots = rotate(q.expand(40, 16), cos, sin) @ rotate(k.expand(40, 16), cos, sin).T
    for distance in range(5):
        along = dots.diagonal(-distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=1e-4)
