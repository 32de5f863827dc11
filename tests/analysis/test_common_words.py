"""The common words of a space."""

from __future__ import annotations

from gptviz.analysis.common_words import common_words
from gptviz.analysis.similarity import pair_baseline
from gptviz.analysis.spaces import open_space


def test_the_common_words_of_the_default_model(smollm2):
    common = common_words(open_space(smollm2))
    assert common is common_words(open_space(smollm2))
    assert common.are_words and len(common.ids) == len(set(common.ids)) > 300
    assert "·cat" in smollm2.pieces(common.groups["animals"])
    rows = smollm2.model.embed.weight[common.ids]
    assert common.pairs == pair_baseline(rows)


def test_a_small_vocabulary_stands_for_itself(tiny):
    common = common_words(open_space(tiny))
    assert common.groups == {"vocabulary": list(range(97))} and not common.are_words
