"""Trees of texts: what an address carries is what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gptviz.analysis import branches
from gptviz.analysis.branches import PROMPT, Branch
from gptviz.errors import InputError

texts = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=8)


def tree_with(texts):
    tree = ()
    for text in texts:
        tree, _ = branches.with_text(tree, text)
    return tree


@given(texts)
def test_a_tree_holds_every_text_and_survives_an_address(texts):
    tree = tree_with(texts)
    assert branches.sound(tree)
    assert branches.read(branches.write(tree)) == tree
    held = {branches.path(tree, leaf) for leaf in range(len(tree))}
    for text in texts:
        assert any(path[: len(text)] == tuple(text) for path in held)
    prefixes = {tuple(text[:n]) for text in texts for n in range(1, len(text) + 1)}
    assert branches.size(tree) == len(prefixes), "what texts share is held once"


def test_the_address_in_writing():
    tree = tree_with([[7, 8, 9], [7, 5], [7, 8, 4]])
    assert tree == (Branch(PROMPT, 0, (7, 8, 9)), Branch(0, 1, (5,)), Branch(0, 2, (4,)))
    assert branches.write(tree) == "7.8.9_0.1-5_0.2-4"


@pytest.mark.parametrize(
    "text",
    ["", "-", "1.", "1..2", "a", "1_1.0-2", "1_0.1-2", "1.2_0.2-3", "1.2_0.1-2", "1.2_1.1-3", "1_1", "１", "99999999"],
)
def test_what_is_no_tree_is_refused(text):
    with pytest.raises(ValueError):
        branches.read(text)


def test_a_tree_grows_no_larger_than_an_address():
    tree, _ = branches.with_text((), range(branches.MOST_TOKENS))
    with pytest.raises(InputError) as caught:
        branches.with_text(tree, [5])
    assert caught.value.code == "tree_full"
    tree = tree_with([[n] for n in range(branches.MOST_BRANCHES)])
    with pytest.raises(InputError):
        branches.with_text(tree, [999])


def test_another_model_keeps_what_it_has_words_for():
    tree = tree_with([[1, 2, 300, 4], [1, 5, 6, 7], [400]])
    kept = branches.fitting(tree, vocab_size=100, room=3)
    assert {branches.path(kept, leaf) for leaf in range(len(kept))} == {(1, 2), (1, 5, 6)}
    assert branches.fitting(tree, vocab_size=1000, room=0) == ()
