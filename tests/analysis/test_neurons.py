"""What neurons write, against the trace and against the model run without them."""

from __future__ import annotations

import pytest
import torch

from gptviz.analysis import neurons
from gptviz.interventions import Set
from gptviz.model import ACTIVATIONS


@pytest.fixture
def trace(tiny):
    return tiny.trace([3, 1, 4, 1, 5])


def test_neurons_add_up_to_what_the_mlp_adds(tiny, trace):
    every = list(range(tiny.config.d_mlp))
    found = neurons.neurons_at(tiny, trace, 1, 4, every)
    W_down = tiny.model.blocks[1].mlp.W_down
    whole = sum(n.post * W_down.weight[:, n.index] for n in found) + (0 if W_down.bias is None else W_down.bias)
    torch.testing.assert_close(whole, trace["blocks.1.mlp_out"][4], rtol=1e-3, atol=1e-3)


def test_a_neuron_is_what_the_trace_says(tiny, trace):
    for it in neurons.neurons_at(tiny, trace, 2, 3, [0, 7, 30]):
        assert it.pre == float(trace["blocks.2.mlp.pre"][3, it.index])
        assert it.post == float(trace["blocks.2.mlp.post"][3, it.index])
        assert it.act == pytest.approx(float(ACTIVATIONS[tiny.config.activation](torch.tensor(it.pre))))
        if tiny.config.gated_mlp:
            assert it.act * it.up == pytest.approx(it.post, rel=1e-5)
        else:
            assert it.up is None and it.act == pytest.approx(it.post, rel=1e-5)
        assert it.size == pytest.approx(abs(it.post) * it.column)


def test_words_are_those_whose_logits_move_if_the_last_layer_loses_the_neuron(tiny, trace):
    """In the last layer nothing but the final norm comes after; held at its size, what is left is exact."""
    [it] = neurons.neurons_at(tiny, trace, 2, 4, [11], n_words=3)
    written = it.post * tiny.model.blocks[2].mlp.W_down.weight[:, 11]
    norm, stream = tiny.model.ln_final, trace["blocks.2.resid_post"][4]
    centred = stream if norm.rms else stream - stream.mean()
    size = (centred.pow(2).mean() + norm.eps).sqrt()
    change = tiny.model.unembed(norm.weight * (written if norm.rms else written - written.mean()) / size)
    change = change - change.mean()
    ids = change.topk(3).indices.tolist()
    assert [word for word, _ in it.raises] == tiny.pieces(ids)
    assert [value for _, value in it.raises] == pytest.approx(change[ids].tolist(), rel=1e-3)
    assert it.lowers[0][1] == pytest.approx(float(change.min()), rel=1e-3)
    assert it.push == pytest.approx(float(change[trace.logits[4].argmax()]), rel=1e-3, abs=1e-4)


def test_strongest_come_first(tiny, trace):
    sizes = neurons.sizes(tiny, trace, 0, 2)
    top = neurons.strongest(tiny, trace, 0, 2, 5)
    assert sizes[top].tolist() == sorted(sizes.tolist(), reverse=True)[:5]
    assert len(neurons.strongest(tiny, trace, 0, 2, 10_000)) == tiny.config.d_mlp


def test_a_step_in_numbers(tiny, trace):
    step = neurons.mlp_at(tiny, trace, 1, 2)
    assert step.error == 0
    assert step.active == int((trace["blocks.1.mlp.pre"][2] > 0).sum())
    assert step.output_size == pytest.approx(float(trace["blocks.1.mlp_out"][2].norm()))
    sizes = neurons.sizes(tiny, trace, 1, 2).sort(descending=True).values
    assert sizes[: step.half].sum() >= sizes.sum() / 2 > sizes[: step.half - 1].sum()
    assert float(neurons.stream_sizes(trace, 1)[2]) == pytest.approx(step.after_size)


def test_the_first_token_is_special_in_the_default_model_alone(tiny, trace, smollm2):
    assert neurons.massive_activation(trace) is None
    assert neurons.massive_activation(tiny.trace([1])) is None
    it = neurons.massive_activation(smollm2.trace("The capital of France is"))
    assert it.layer == 11 and it.written > 100 * it.found and it.after > 100 * it.others


def test_the_control_is_as_many_others(tiny):
    but = [0, 3, 5]
    control = neurons.control(tiny, but)
    assert len(control) == 3 and not set(control) & set(but)
    assert control == neurons.control(tiny, but)


def test_a_neuron_for_capitals(smollm2):
    """24.1005 of the default model: what the MLP page opens on. Without it Paris falls, with a random one it stays."""
    trace = smollm2.trace("The capital of France is")
    assert int(neurons.layer_pushes(smollm2, trace, 4).argmax()) == 24
    assert neurons.strongest(smollm2, trace, 24, 4, 1) == [1005]
    [it] = neurons.neurons_at(smollm2, trace, 24, 4, [1005])
    assert it.raises[0][0] == "·capitals"

    paris = smollm2.tokenizer.id_of(" Paris")
    without = [
        smollm2.trace(
            trace.ids, names="logits", interventions=[Set("blocks.24.mlp.post", 0.0, positions=4, neurons=which)]
        )
        .logits[4]
        .softmax(-1)[paris]
        for which in ([1005], neurons.control(smollm2, [1005]))
    ]
    assert without[0] < 0.6 < 0.7 < without[1]
