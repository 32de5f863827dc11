"""What moves a word's vectors apart: sums and patched heads against plain computations, and the known case."""

from __future__ import annotations

import math

import pytest
import torch

from gptviz.analysis import context, senses
from gptviz.analysis.context import Comparison, Contrast, Place
from gptviz.interventions import Set
from gptviz.text import LANGUAGES
from gptviz.ui import sentences

# One token, 9, in three texts; at the same place, since one of the models adds a row for the position.
NEAR, SAME, FAR = [3, 14, 15, 9, 2], [6, 5, 35, 9], [8, 97 - 8, 79, 9, 3, 2]
BANK = ("She opened a savings account at the bank", "He borrowed a loan from the bank")
RIVER = "We walked along the river and sat on the bank"


def place(llm, ids, at: int = 3) -> Place:
    return Place(llm.trace(ids, names=context.NAMES), at)


def contrast(llm) -> Contrast:
    return Contrast(place(llm, FAR), (place(llm, NEAR), place(llm, SAME)))


@pytest.fixture(scope="module")
def bank(smollm2) -> Comparison:
    """The triple of the lesson, at its last word."""
    texts = dict(zip("ABC", (*BANK, RIVER), strict=True))
    traces = {letter: smollm2.trace(text, names=context.NAMES) for letter, text in texts.items()}
    return Comparison({letter: Place(trace, len(trace.ids) - 1) for letter, trace in traces.items()})


def test_a_stream_is_what_the_trace_holds(tiny):
    trace = tiny.trace(FAR)
    found = context.stream(trace, 3)
    assert found.shape == (tiny.config.n_layer + 1, tiny.config.d_model)
    torch.testing.assert_close(found[0].float(), trace["blocks.0.resid_pre"][3])
    torch.testing.assert_close(found[-1].float(), trace[f"blocks.{tiny.config.n_layer - 1}.resid_post"][3])


@pytest.mark.parametrize("point", [1, 2, 3])
def test_shares_add_up_to_the_whole(tiny, point):
    found = context.shares(tiny, contrast(tiny), point)
    assert found.total == pytest.approx(1, abs=1e-5)
    assert found.start == pytest.approx(0, abs=1e-9)
    assert not found.heads[point:].any() and not found.mlps[point:].any()
    assert float(found.heads.sum()) == pytest.approx(1 - float(found.mlps.sum()), abs=1e-5)


def test_a_share_is_the_length_along_the_difference(tiny):
    it = contrast(tiny)
    found, whole = context.shares(tiny, it, 3), it.difference[3]
    out = [place.trace["blocks.1.mlp_out"][place.at].double() for place in (it.far, *it.near)]
    own = out[0] - (out[1] + out[2]) / 2
    assert float(found.mlps[1]) == pytest.approx(float(own @ whole / whole.norm() ** 2), abs=1e-6)


def test_what_differs_from_the_start_is_counted(tiny):
    it = Contrast(place(tiny, FAR, at=4), (place(tiny, NEAR),))  # another token, at another place
    found = context.shares(tiny, it, 2)
    assert found.start != 0 and found.total == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (1, 2), (2, 3)])
def test_a_patched_head_is_the_model_run_with_that_head_replaced(tiny, layer, head):
    it = contrast(tiny)
    name = f"blocks.{layer}.attn.z"
    mean = torch.stack([near.trace[name][head, near.at] for near in it.near]).mean(0)
    run = tiny.trace(FAR, names=context.NAMES, interventions=[Set(name, mean, positions=3, heads=head)])
    moved = it.far.stream - context.stream(run, 3)
    for point in range(tiny.config.n_layer + 1):
        found = context.patching_effects(tiny, it, point)[layer, head]
        whole = it.difference[point]
        expected = float(moved[point] @ whole / whole.square().sum()) if point > layer else 0.0
        assert float(found) == pytest.approx(expected, abs=1e-5)


def test_patched_passes_need_not_fit_in_one_batch(tiny, monkeypatch):
    whole = context.patching_effects(tiny, contrast(tiny), 3)
    monkeypatch.setattr(context, "_BATCH_BYTES", 1)  # a head at a time
    torch.testing.assert_close(context.patching_effects(tiny, contrast(tiny), 3), whole, atol=1e-6, rtol=1e-5)


def test_no_more_layers_are_patched_than_the_point_needs_and_none_twice(tiny):
    it, ran = contrast(tiny), []
    handles = [
        block.mlp.register_forward_hook(lambda *_, layer=layer: ran.append(layer))
        for layer, block in enumerate(tiny.model.blocks)
    ]
    try:
        early = context.patching_effects(tiny, it, 1)
        assert set(ran) == {0}
        late = context.patching_effects(tiny, it, 3)
        assert ran.count(0) == 1 and set(ran) == {0, 1, 2}
        seen = len(ran)
        assert torch.equal(context.patching_effects(tiny, it, 1), early)
        assert torch.equal(context.patching_effects(tiny, it, 3), late) and len(ran) == seen
    finally:
        for handle in handles:
            handle.remove()
    assert early[1:].abs().max() == 0 and not torch.equal(early[0], late[0])


def test_the_first_token_has_no_context(tiny):
    it = Contrast(place(tiny, [9, 2, 3], at=0), (place(tiny, [9, 8, 7], at=0),))
    assert not any(it.distinct(point) for point in range(tiny.config.n_layer + 1))
    assert context.looks(it.far, 1, 0, 2) == [] and context.hardest_look(it) is None
    assert context.patching_effects(tiny, it, tiny.config.n_layer).isfinite().all()


def test_what_comes_later_changes_nothing(tiny):
    first, second = (context.stream(tiny.trace([4, 9, *rest]), 1) for rest in ([1, 2, 3], [50, 60, 70]))
    assert context.largest_difference(first, second) == 0.0
    assert context.largest_difference(first, 2 * first) == 1.0


def test_looks_leave_the_first_token_out(tiny):
    far = place(tiny, FAR)
    weights = far.trace["blocks.2.attn.pattern"][1, 3]
    first, second = context.looks(far, 2, 1, 2)
    assert first.key == int(weights[1:4].argmax()) + 1 and first.weight == float(weights[first.key])
    assert first.weight >= second.weight and 0 not in (first.key, second.key)
    assert len(context.looks(far, 2, 1, 10)) == 3


def test_the_hardest_look_is_at_what_only_that_text_has(tiny):
    it = Contrast(place(tiny, [8, 2, 79, 9]), (place(tiny, [3, 2, 15, 9, 79]),))
    look = context.hardest_look(it)
    patterns = torch.stack([it.far.trace[f"blocks.{i}.attn.pattern"] for i in range(3)])
    assert look.key == 2 and look.weight == float(patterns[:, :, 3, 2].max())


def test_the_word_to_compare():
    rows = [[1, 2, 3, 2, 4], [2, 4, 1], [4, 5, 2, 1, 6]]
    assert context.shared_places(rows, known=[], spelled=[1, 1, 9, 1, 1]) == [4, 1, 0], "the last of equals"
    assert context.shared_places(rows, known=[], spelled=[1, 8, 9, 8, 1]) == [3, 0, 2], "the longest, at its last place"
    assert context.shared_places(rows, known=[1], spelled=[1, 8, 9, 8, 1]) == [0, 2, 3], "a known one before all"
    assert context.shared_places([[1], [2]], known=[1], spelled=[1]) is None


def test_two_sentences_have_no_control(tiny):
    pair = Comparison({"A": place(tiny, NEAR), "C": place(tiny, FAR)})
    assert pair.control is None and pair.same is None and pair.across == ["AC"]
    torch.testing.assert_close(pair.gap, 1 - pair.cosines["AC"])


def test_the_triple_of_the_lesson(bank):
    ends = {pair: float(values[-1]) for pair, values in bank.cosines.items()}
    assert ends == pytest.approx({"AB": 0.87, "AC": 0.635, "BC": 0.633}, abs=0.01)
    assert all(float(values[0]) == pytest.approx(1) for values in bank.cosines.values())
    # After layer 10, as it was first measured: the same sense .96, across .77 to .84 nearby.
    assert float(bank.cosines["AB"][11]) == pytest.approx(0.96, abs=0.01)
    assert (bank.control, bank.across) == ("AB", ["AC", "BC"])
    assert (bank.widest, bank.halfway) == (29, 6)


def test_the_hardest_look_is_not_the_strongest_head(bank, smollm2):
    look = context.hardest_look(bank.far)
    assert (look.layer, look.head, bank.far.far.trace.tokens[look.key]) == (9, 2, "·river")
    assert look.weight == pytest.approx(0.83, abs=0.02)
    effects = context.patching_effects(smollm2, bank.far, 11)
    assert set(context.largest(effects, 2)) == {(5, 1), (4, 2)}
    assert context.largest(context.patching_effects(smollm2, bank.far, smollm2.config.n_layer), 1) == [(4, 2)]
    assert float(effects[9, 2]) < 0.03 < float(effects[4, 2])
    found = context.shares(smollm2, bank.far, 11)
    assert found.total == pytest.approx(1, abs=1e-5) and found.start == 0
    assert float(found.mlps.sum()) > 0.9, "MLPs write most of it"


# --------------------------------------------------------------------------------------------- references


def test_reference_sentences_end_with_their_word(smollm2):
    words = senses.words(smollm2)
    assert len(words) >= 6
    for id, word in words.items():
        meanings = senses._words()[word]
        assert len(meanings) == 2
        for sense in meanings:
            assert len(sense["sentences"]) >= 5 and all(sense[language] for language in LANGUAGES)
            for text in sense["sentences"]:
                assert smollm2.encode(text)[-1] == id, text
    texts = [text for meanings in senses._words().values() for sense in meanings for text in sense["sentences"]]
    assert len(set(texts)) == len(texts)


def test_neighbours_agree_on_the_sense(smollm2, bank):
    refs = senses.references(smollm2, "bank")
    assert refs is senses.references(smollm2, "bank")
    right = refs.accuracy()
    assert float(right[0]) == pytest.approx(5 / 11), "the same row everywhere: a draw among the others"
    assert float(right[11]) == 1
    for letter, sense in zip("ABC", ("money", "money", "riverside"), strict=True):
        near = refs.nearest(bank.places[letter], 11, 5)
        most, count = refs.majority(near)
        assert refs.senses[most]["en"] == sense and count == 5
        assert [it.cosine for it in near] == sorted((it.cosine for it in near), reverse=True)


def test_a_sentence_is_not_its_own_neighbour(smollm2):
    refs = senses.references(smollm2, "bank")
    own = refs.sentences[3]
    it = context.last_place(smollm2.trace(f"{own.text} again", names=context.NAMES), own.ids[-1])
    assert math.isnan(float(refs.cosines(it, 5)[3]))
    assert own not in [near.reference for near in refs.nearest(it, 5, 99)] and len(refs.nearest(it, 5, 99)) == 11


def test_accuracy_counts_the_nearest_other_sentence():
    units = torch.nn.functional.normalize(torch.tensor([[1.0, 0.1], [1, 0.2], [0.1, 1], [0.9, 0.15]]), dim=1).double()
    sentences_ = tuple(senses.Reference("", (i,), sense) for i, sense in enumerate((0, 0, 1, 1)))
    refs = senses.References(({}, {}), sentences_, units[:, None])
    # The last lies among the first two and misleads all three; the third's nearest is the second.
    assert float(refs.accuracy()[0]) == 0.0


def test_words_of_other_vocabularies(toy, tiny):
    assert senses.words(toy) == {} and senses.words(tiny) == {}


def test_examples_hold_their_word_in_every_sentence(smollm2, toy):
    for llm in (smollm2, toy):
        for example in sentences.examples(llm.name):
            rows = [llm.encode(text) for text in example["texts"]]
            found = context.shared_places(rows, list(senses.words(llm)), [len(p) for p in llm.pieces(rows[0])])
            assert found == [len(row) - 1 for row in rows], "the word is last, so that all stands before it"
        pair = sentences.notes_pair(llm.name)
        word = llm.encode(pair["before"])[-1]
        space = " " if "front" in pair else ""
        first, other = (llm.encode(pair["before"] + rest) for rest in (pair["behind"], space + pair["other"]))
        assert len(first) == len(other), "of equal length, so that not even rounding differs"
        assert word in llm.encode(pair["second"])
        assert all(llm.encode(text)[-1] == word for text in pair.get("front", ()))
