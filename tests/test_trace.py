"""Trace: what it records and derives, append, save and load, interventions, threads."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
import torch

from gptviz.errors import GptvizError, InputError, UnknownNameError
from gptviz.interventions import Add, Intervention, Scale, Set, Source
from gptviz.model import hook_names
from gptviz.trace import Trace, pass_bytes, repacked_bytes
from tests.memory import peak_bytes
from tests.small_models import CONFIGS, random_llm

IDS = [5, 17, 3, 88, 3, 41, 0, 96]


def equal(a: Trace, b: Trace, tolerance: float = 0.0) -> None:
    assert a.ids == b.ids and a.tokens == b.tokens and a.names() == b.names()
    for name in a.names():
        scale = max(1.0, float(b[name].abs().max()))
        assert a[name].shape == b[name].shape, name
        assert (a[name] - b[name]).abs().max() <= tolerance * scale, name


def by_hand(llm, ids) -> dict[str, torch.Tensor]:
    """Every value read by an ordinary hook, nothing derived."""
    values = {}
    hooks = [(n, lambda module, args, value, n=n: values.__setitem__(n, value[0])) for n in hook_names(llm.config)]
    with llm.model.hooked(hooks), torch.no_grad():
        llm.model(torch.tensor([ids]), explicit=True)
    return values


def test_names_and_derived_values(tiny):
    trace, values = tiny.trace(IDS), by_hand(tiny, IDS)
    assert trace.names() == hook_names(tiny.config)
    for name in trace.names():
        assert torch.equal(trace[name], values[name]), name
    for name in ("resid_pre", "attn.scores", "resid_mid", "mlp.post"):
        assert f"blocks.1.{name}" not in trace._values
    assert trace.nbytes == sum(v.numel() * v.element_size() for v in trace._values.values())
    keys_and_values = 4 * 2 * len(IDS) * tiny.config.n_layer * tiny.config.n_kv_head * tiny.config.d_head
    assert tiny.trace(IDS, names="logits").nbytes == 4 * len(IDS) * tiny.config.vocab_size + keys_and_values


def test_attention_stages(tiny):
    trace = tiny.trace(IDS)
    stages = trace.attention(1)
    share = tiny.config.n_head // tiny.config.n_kv_head
    for h in range(tiny.config.n_head):
        q, k = trace["blocks.1.attn.q"][h], trace["blocks.1.attn.k"][h // share]
        torch.testing.assert_close(stages.dot[h], q @ k.T, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(stages.scaled, stages.dot / tiny.config.d_head**0.5, atol=1e-5, rtol=1e-5)
    future = torch.ones(8, 8).triu(1).bool()
    assert (stages.masked[:, future] == -torch.inf).all()
    assert torch.equal(stages.masked[:, ~future], stages.scaled[:, ~future])
    torch.testing.assert_close(stages.pattern, stages.masked.softmax(-1), atol=1e-6, rtol=1e-6)


def test_recording_less(tiny):
    full = tiny.trace(IDS)
    trace = tiny.trace(IDS, names="blocks.*.attn.pattern")
    assert trace.names() == [f"blocks.{i}.attn.pattern" for i in range(3)]
    assert torch.equal(trace["blocks.2.attn.pattern"], full["blocks.2.attn.pattern"])
    with pytest.raises(UnknownNameError, match="not recorded"):
        trace["blocks.2.attn.q"]
    scores = tiny.trace(IDS, names=["blocks.0.attn.scores", "logits"])
    assert torch.equal(scores["blocks.0.attn.scores"], full["blocks.0.attn.scores"])
    assert torch.equal(scores.logits, full.logits)


@pytest.mark.parametrize(
    ("family", "name", "why"),
    [
        ("gpt2", "blocks.0.attn.q_pre", "rotate"),
        ("llama", "pos_embed", "learned positions"),
        ("gpt2", "blocks.0.mlp.up", "gated"),
        ("gpt2", "blocks.7.ln1", "3 layers"),
        ("gpt2", "blocks.0.attn.w", "not a name"),
        ("gpt2", "hello", "not a name"),
    ],
)
def test_a_missing_name_says_why(family, name, why):
    llm = random_llm(CONFIGS[family])
    trace = llm.trace(IDS)
    assert name not in trace.names()
    for ask in (lambda: trace[name], lambda: llm.trace(IDS, names=name)):
        with pytest.raises(UnknownNameError, match=why):
            ask()


def test_append_equals_a_fresh_trace(tiny):
    trace = tiny.trace(IDS[:3])
    for token in IDS[3:]:
        assert trace.append(token) is trace
    equal(trace, tiny.trace(IDS), tolerance=1e-5)


@pytest.mark.parametrize(
    "intervention",
    [
        Scale("blocks.1.attn.z", 0.0, heads=1),
        Set("blocks.0.mlp.post", 2.0, neurons=[3, 5]),
        Add("blocks.1.resid_mid", 0.5, positions=[1]),
        Add("blocks.1.resid_mid", 0.5, positions=[-1]),
        Set("blocks.2.attn.pattern", 0.25),
        Set("blocks.0.attn.k", torch.arange(8.0)),
    ],
    ids=lambda i: i.key()[:40],
)
def test_append_under_an_intervention_equals_a_fresh_trace(tiny, intervention):
    trace = tiny.trace(IDS[:4], interventions=[intervention])
    for token in IDS[4:6]:
        trace.append(token)
    equal(trace, tiny.trace(IDS[:6], interventions=[intervention]), tolerance=1e-5)


def test_append_refuses(tiny):
    with pytest.raises(InputError, match="vocabulary"):
        tiny.trace(IDS).append(97)
    full = tiny.trace([1] * 64, names="logits")
    with pytest.raises(InputError, match="64"):
        full.append(1)
    assert len(full.ids) == 64


def test_a_copy_grows_alone(tiny):
    trace = tiny.trace(IDS[:4])
    branch = trace.copy().append(9)
    trace.append(7)
    equal(trace, tiny.trace([*IDS[:4], 7]), tolerance=1e-5)
    equal(branch, tiny.trace([*IDS[:4], 9]), tolerance=1e-5)


def test_save_and_load(tiny, tmp_path):
    trace = tiny.trace(IDS)
    path = tmp_path / "cat.safetensors"
    trace.save(path)
    again = Trace.load(path)
    for name, value in trace._values.items():
        assert torch.equal(again._values[name], value), name
    # What is derived anew from tensors laid out differently in memory may round differently.
    equal(again, trace, tolerance=1e-6)
    assert (again.text, again.model_name, again.config) == (trace.text, trace.model_name, trace.config)
    with pytest.raises(InputError, match="without its model"):
        again.append(1)
    equal(Trace.load(path, tiny).append(1), tiny.trace([*IDS, 1]), tolerance=1e-5)


def test_load_refuses_a_model_of_another_shape(tmp_path):
    path = tmp_path / "a"
    random_llm(CONFIGS["gpt2"]).trace(IDS).save(path)
    with pytest.raises(InputError, match="shape"):
        Trace.load(path, random_llm(CONFIGS["llama"]))


def test_load_refuses_other_files(tiny, tmp_path):
    from safetensors.torch import save_file

    text, other, cut = tmp_path / "a.txt", tmp_path / "b.safetensors", tmp_path / "c.safetensors"
    text.write_text("hello")
    save_file({"x": torch.zeros(2)}, str(other))
    tiny.trace(IDS).save(cut)
    cut.write_bytes(cut.read_bytes()[:-100])
    for path in (text, other, cut, tmp_path / "missing", tmp_path):
        with pytest.raises(InputError):
            Trace.load(path)


def test_a_trace_with_interventions_stays_closed_however_often_it_is_saved(tiny, tmp_path):
    path = tmp_path / "a.safetensors"
    trace = tiny.trace(IDS, interventions=[Scale("blocks.0.attn.z", 0.0)])
    for _ in range(2):
        trace.save(path)
        trace = Trace.load(path, tiny)
        with pytest.raises(InputError, match="without its model"):
            trace.append(1)


def test_save_refuses_what_it_cannot_write(tiny, tmp_path):
    trace = tiny.trace(IDS, names="logits")
    for path in (tmp_path, tmp_path / "no" / "folder", tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(InputError, match="could not be written"):
            trace.save(path)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    trace.save(link)
    assert link.is_symlink() and Trace.load(tmp_path / "real").ids == IDS


def test_a_garbled_header_is_not_a_trace(tiny, tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "a"
    save_file({"logits": torch.zeros(1)}, str(path), metadata={"format": "gptviz-trace-1", "config": "{"})
    with pytest.raises(InputError, match="not a trace"):
        Trace.load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("ids", value) for value in ([], [1.5] * 8, {})),
        *(("tokens", value) for value in ([], [1] * 8, None)),
        *(("interventions", value) for value in (5, [5])),
        ("text", 99),
    ],
)
def test_a_trace_that_contradicts_itself_is_none(tiny, tmp_path, name, value):
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    path = tmp_path / "a"
    tiny.trace(IDS).save(path)
    with safe_open(str(path), framework="pt") as file:
        header = file.metadata()
    save_file(load_file(str(path)), str(path), metadata=header | {name: json.dumps(value)})
    with pytest.raises(InputError, match="not a trace"):
        Trace.load(path)


def test_append_works_again_after_a_hook_failed_at_the_end(tiny):
    def fail(module, args, value):
        raise RuntimeError("from a hook")

    trace = tiny.trace(IDS[:4])
    handle = tiny.model.logits.register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="from a hook"):
        trace.append(9)
    handle.remove()
    equal(trace.append(9), tiny.trace([*IDS[:4], 9]), tolerance=1e-5)


def test_a_name_that_means_nothing_is_not_in_a_trace(tiny):
    assert "foo.resid_pre" not in tiny.trace(IDS) and "blocks.x.resid_pre" not in tiny.trace(IDS)


def test_a_pass_too_large_is_refused_with_its_size(tiny, monkeypatch):
    from collections import namedtuple

    memory = namedtuple("memory", "available")
    needed = pass_bytes(tiny.config, "blocks.0.resid_post", len(IDS))
    monkeypatch.setattr("gptviz.trace.psutil.virtual_memory", lambda: memory(4 * needed))
    tiny.trace(IDS, names="blocks.0.resid_post")
    for names in (None, "logits", "blocks.*.resid_post"):
        with pytest.raises(InputError, match="GB"):
            tiny.trace(IDS, names=names)
    with pytest.raises(InputError, match="GB"):
        tiny.trace(IDS * 3, names="blocks.0.resid_post")
    handle = tiny.model.blocks[0].register_forward_hook(lambda *a: None)
    with pytest.raises(InputError, match="GB"):  # behind a hook nothing follows from anything: more is recorded
        tiny.trace(IDS, names=["blocks.0.attn.q", "blocks.0.attn.k", "blocks.0.attn.scores"])
    handle.remove()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", CONFIGS)
def test_what_a_pass_needs_is_counted_before(family, dtype):
    llm = random_llm(replace(CONFIGS[family], n_ctx=1024, vocab_size=5000), dtype=dtype)
    llm.trace(IDS)
    asked = (None, "logits", "ln_final", "blocks.1.resid_post", "blocks.*.attn.pattern", "blocks.2.mlp.post")
    for n_tokens in (40, 700):  # the MLP's vectors and the logits are what is largest, then the [T, T] matrices
        for names in asked:
            needed = pass_bytes(llm.config, names, n_tokens, dtype)
            took = peak_bytes(lambda n=n_tokens, names=names: llm.trace(([*IDS] * 100)[:n], names=names))
            not_everywhere = repacked_bytes(llm.config.d_model, llm.config.vocab_size, dtype)
            assert took <= needed <= 1.5 * took + not_everywhere, (n_tokens, names)


def test_layers_that_nothing_is_asked_of_do_not_run(tiny):
    ran = []
    full = tiny.trace(IDS)
    for layer, block in enumerate(tiny.model.blocks):
        block.mlp.forward = lambda x, layer=layer, own=block.mlp.forward: ran.append(layer) or own(x)
    tiny.model.unembed.forward = lambda x, own=tiny.model.unembed.forward: ran.append("logits") or own(x)
    for names, layers in (
        ("embed", []),
        ("blocks.1.attn.z", [0, 1]),
        ("blocks.*.resid_post", [0, 1, 2]),
        ("ln_final", [0, 1, 2, "logits"]),
    ):
        ran.clear()
        trace = tiny.trace(IDS[:5], names=names)
        assert ran == layers, names
        for token in IDS[5:]:
            trace.append(token)
        for name in trace.names():
            torch.testing.assert_close(trace[name], full[name], atol=1e-4, rtol=1e-4)
    # A hook of the user's sees the whole pass, whatever is recorded of it.
    ran.clear()
    handle = tiny.model.ln_final.register_forward_hook(lambda *a: None)
    tiny.trace(IDS, names="embed")
    handle.remove()
    assert ran == [0, 1, 2, "logits"]


# ------------------------------------------------------------------------------------- interventions


@pytest.mark.parametrize("kind", [Set, Scale, Add])
def test_interventions_reach_exactly_what_they_name(tiny, kind):
    plain = tiny.trace(IDS)
    name = "blocks.1.attn.z"
    trace = tiny.trace(IDS, interventions=[kind(name, 3.0, positions=[2, -1], heads=[0, 3])])
    before, after = plain[name], trace[name]
    want = before.clone()
    for h in (0, 3):
        for t in (2, 7):
            want[h, t] = {Set: torch.full_like(want[h, t], 3.0), Scale: want[h, t] * 3, Add: want[h, t] + 3}[kind]
    assert torch.equal(after, want)
    for earlier in hook_names(tiny.config)[: hook_names(tiny.config).index(name)]:
        assert torch.equal(trace[earlier], plain[earlier]), earlier
    assert not torch.equal(trace.logits, plain.logits)
    assert torch.equal(tiny.trace(IDS).logits, plain.logits), "nothing is left behind"


def test_what_follows_from_a_changed_value_is_not_derived(tiny):
    plain = tiny.trace(IDS)
    for name in ("resid_pre", "attn.scores", "resid_mid", "mlp.post"):
        name = f"blocks.1.{name}"
        trace = tiny.trace(IDS, interventions=[Add(name, 1.0, positions=0)])
        torch.testing.assert_close(trace[name][..., 0, :], plain[name][..., 0, :] + 1)
    # An ordinary hook of the user's counts as well, wherever it sits.
    point, block = tiny.model.get_submodule("blocks.1.resid_pre"), tiny.model.blocks[0]
    for register, double in (
        (point.register_forward_hook, lambda m, a, v: v * 2),
        (point.register_forward_pre_hook, lambda m, a: (a[0] * 2,)),
        (block.register_forward_hook, lambda m, a, v: v * 2),
    ):
        handle = register(double)
        trace = tiny.trace(IDS)
        handle.remove()
        assert torch.equal(trace["blocks.1.resid_pre"], 2 * trace["blocks.0.resid_post"])


def test_a_vector_can_be_patched_in(tiny):
    donor = tiny.trace(IDS[::-1])
    name = "blocks.1.resid_post"
    trace = tiny.trace(IDS, interventions=[Set(name, donor[name][2], positions=4)])
    assert torch.equal(trace[name][4], donor[name][2])


def test_a_source_is_what_the_other_text_has_there(tiny):
    donor = tiny.trace(IDS[::-1])
    for name, part, picked in (
        ("blocks.1.resid_post", {"positions": [2]}, donor["blocks.1.resid_post"][[2]]),
        ("blocks.0.attn.z", {"positions": [-1, 0], "heads": [1, 3]}, donor["blocks.0.attn.z"][[1, 3]][:, [-1, 0]]),
        ("blocks.2.mlp.post", {"neurons": (5, 7, 8)}, donor["blocks.2.mlp.post"][:, [5, 7, 8]]),
        ("embed", {}, donor["embed"]),
    ):
        source = Source(IDS[::-1], name, **part)
        for kind in (Set, Add):
            by_source = tiny.trace(IDS, interventions=[kind(name, source, **part)])
            by_values = tiny.trace(IDS, interventions=[kind(name, picked, **part)])
            equal(by_source, by_values)
            assert by_source.interventions == (kind(name, source, **part),), "what was asked for, as it was asked for"
    # One position may go to several, and to another hook point of the same width.
    patched = tiny.trace(
        IDS, interventions=[Set("blocks.2.resid_pre", Source(IDS[::-1], "embed", 3), positions=[1, 4])]
    )
    assert torch.equal(patched["blocks.2.resid_pre"][[1, 4]], donor["embed"][[3, 3]])


def test_a_trace_with_a_source_grows_as_a_fresh_one(tiny):
    name = "blocks.1.resid_mid"
    for source, positions in ((Source(IDS[::-1], name, 2), 1), (Source([5, 6, 7], name, 2), None)):
        change = Set(name, source, positions=positions)
        grown = tiny.trace(IDS[:4], interventions=[change]).append(IDS[4])
        equal(grown, tiny.trace(IDS[:5], interventions=[change]), tolerance=1e-5)


@pytest.mark.parametrize(
    "source",
    [
        Source([], "embed"),
        Source([1, 97], "embed"),
        Source([1], "embed", positions=1),
        Source([1], "embed", heads=0),
        Source([1], "blocks.0.attn.zz"),
        Source([1], "blocks.*.resid_pre"),
        Source([1, 2, 3], "embed"),  # does not fit in
        Source([1], "blocks.0.mlp.post"),
    ],
)
def test_a_source_that_cannot_be_is_refused(tiny, source):
    with pytest.raises(GptvizError):
        tiny.trace(IDS, interventions=[Set("blocks.1.resid_pre", source)])
    assert not any(module._forward_hooks for module in tiny.model.modules())


@pytest.mark.parametrize(
    "intervention",
    [
        Set("blocks.0.ln1", 0.1),
        Scale("blocks.1.attn.z", -1e-30, positions=[-1, 2], heads=3),
        Add("blocks.1.mlp.post", 3, neurons=[]),
        Set("embed", Source([1, 2], "blocks.3.resid_post", positions=-1), positions=[0]),
        Add("blocks.0.attn.k", Source((7,), "blocks.0.attn.k", heads=[1, 0]), heads=[0, 1]),
    ],
)
def test_an_intervention_travels_as_plain_values(intervention):
    plain = json.loads(json.dumps(intervention.to_plain()))
    again = Intervention.from_plain(plain)
    assert type(again) is type(intervention) and again == intervention and again.to_plain() == plain


def test_what_does_not_travel_is_refused():
    for values in (torch.zeros(3), [0.0, 1.0]):
        with pytest.raises(InputError) as refused:
            Set("blocks.0.ln1", values).to_plain()
        assert "Source(" in refused.value.text("en") and "Source(" in refused.value.text("zh")
    good = Set("blocks.0.ln1", Source([1], "embed")).to_plain()
    for bad in (
        None,
        [],
        {},
        {**good, "kind": "Intervention"},
        {**good, "kind": "set"},
        {**good, "amount": [1.0]},
        {**good, "amount": "1"},
        {**good, "amount": {"ids": [1.5], "name": "embed"}},
        {**good, "amount": {"ids": [1]}},
        {**good, "amount": {"ids": [1], "name": "embed", "more": 1}},
        {**good, "name": 5},
        {**good, "positions": 1.5},
        {**good, "layer": 1},
    ):
        with pytest.raises(InputError):
            Intervention.from_plain(bad)
    with pytest.raises(InputError, match="finite"):
        Intervention.from_plain({**good, "amount": float("nan")})


@pytest.mark.parametrize(
    "intervention",
    [
        Set("blocks.1.attn.zz", 0),
        Set("blocks.1.attn.z", 0, positions=8),
        Set("blocks.1.attn.z", 0, positions=-9),
        Set("blocks.1.attn.z", 0, heads=6),
        Set("blocks.1.attn.z", 0, heads=-1),
        Set("blocks.1.attn.z", 0, neurons=0),
        Set("blocks.1.mlp.post", 0, heads=0),
        Set("blocks.1.mlp.post", 0, neurons=999),
        Set("blocks.1.mlp.post", torch.zeros(5)),
        Set("blocks.1.mlp.post", torch.zeros(2, 1, 1, 1)),
    ],
)
def test_an_intervention_that_cannot_be_is_refused(tiny, intervention):
    with pytest.raises(GptvizError):
        tiny.trace(IDS, interventions=[intervention])


def test_an_amount_that_is_not_a_number_is_refused():
    for amount in (float("nan"), float("inf"), torch.tensor([1.0, float("nan")]), 10**400, None, "x", 1j):
        with pytest.raises(InputError):
            Set("blocks.0.ln1", amount)


def test_an_amount_the_dtype_cannot_hold_is_refused(tiny):
    for kind in (Set, Scale, Add):
        with pytest.raises(InputError, match="finite"):
            tiny.trace(IDS, interventions=[kind("blocks.0.attn.z", 1e300)])


def test_positions_and_heads_are_whole_numbers_of_any_kind(tiny):
    import numpy as np

    plain = Scale("blocks.1.attn.z", 0.0, positions=1, heads=[2])
    for one, two in ((np.int64(1), np.int64(2)), (torch.tensor(1), torch.tensor([2])), ([1], (2,))):
        assert Scale("blocks.1.attn.z", 0.0, positions=one, heads=two) == plain
    with pytest.raises(TypeError):
        Scale("blocks.1.attn.z", 0.0, positions=[1.7])
    with pytest.raises(TypeError):
        tiny.trace([1.7])
    with pytest.raises(TypeError):
        tiny.trace(b"abc")
    nothing = tiny.trace(IDS, interventions=[Scale("blocks.1.attn.z", 0.0, heads=[])])
    assert torch.equal(nothing.logits, tiny.trace(IDS).logits)


def test_equal_interventions_have_equal_keys():
    vector = torch.randn(8)
    a, b = Set("blocks.0.ln1", vector, positions=1), Set("blocks.0.ln1", vector.clone(), positions=[1])
    assert a == b and hash(a) == hash(b) and a.key() == b.key()
    others = [
        Add("blocks.0.ln1", vector, positions=1),
        Set("blocks.0.ln1", vector + 1e-6, positions=1),
        Set("blocks.0.ln1", vector, positions=2),
        Set("blocks.0.ln2", vector, positions=1),
        *(Set("blocks.0.ln1", Source([1, id], "embed", at), positions=1) for id in (2, 3) for at in (0, 1)),
    ]
    assert len({a.key(), *(o.key() for o in others)}) == 9
    assert others[-1] == Set("blocks.0.ln1", Source((1, 3), "embed", [1]), positions=[1])
    vector += 1  # the caller's tensor changes, the intervention does not
    assert a == b


# -------------------------------------------------------------------------------------------- threads


def test_four_threads_each_get_their_own(tiny):
    jobs = [
        ([1, 2, 3, 4], ()),
        ([9, 8, 7, 6, 5], (Scale("blocks.0.attn.z", 0.0, heads=1),)),
        ([50, 51], (Set("blocks.1.mlp.post", 1.0, neurons=[0, 1]),)),
        ([33, 3, 33, 3, 33, 3], (Add("blocks.2.resid_mid", 0.7, positions=-1),)),
    ]
    alone = [tiny.trace(ids, interventions=i) for ids, i in jobs]
    greedy = [[s.id for s in tiny.generate(ids, 6, temperature=0)] for ids, _ in jobs]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                equal(tiny.trace(jobs[number][0], interventions=jobs[number][1]), alone[number])
                assert [s.id for s in tiny.generate(jobs[number][0], 6, temperature=0)] == greedy[number]
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert not any(module._forward_hooks for module in tiny.model.modules())
