"""generate/tree.js and gptviz/analysis/branches.py make the same of every tree: an address that one writes, the other
reads, and each follows the same text in it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from gptviz.analysis import branches
from gptviz.analysis.branches import Branch, Tree

# Few different tokens, so that texts share their beginnings.
texts = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=7), min_size=1, max_size=9)
# Many cases an evaluation: most of the time goes into the way to the browser and back.
cases = st.lists(st.tuples(texts, st.integers(0, 8)), min_size=1, max_size=60)

WORK = """async (cases) => {
  const { cut, grow, pathOf, sizeOf, withText, without } = await import("/generate/tree.js");
  return cases.map(([texts, count]) => {
    const steps = [];
    let tree = [];
    for (const ids of texts) {
      const grown = withText(tree, ids);
      tree = grown.tree;
      steps.push([tree, grown.leaf]);
    }
    const { tree: again, ends } = cut(grow(tree));
    const leaves = tree.map((_, leaf) => ({
      path: pathOf(tree, leaf),
      end: ends.get(pathOf(tree, leaf).join(".")),
      less: without(tree, leaf),
      shorter: without(tree, leaf, count),
    }));
    return { steps, again, size: sizeOf(tree), leaves };
  });
}"""


def tree_of(found: list) -> Tree:
    return tuple(Branch(parent, at, tuple(ids)) for parent, at, ids in found)


def texts_in(tree: Tree) -> set[tuple[int, ...]]:
    """Every text of a tree, from its first token to any of the others."""
    paths = (branches.path(tree, leaf) for leaf in range(len(tree)))
    return {path[:n] for path in paths for n in range(1, len(path) + 1)}


def taken_back(tree: Tree, leaf: int, count: float) -> tuple[set[tuple[int, ...]], tuple[int, ...]]:
    """The texts left without the last `count` tokens of a leaf, those aside that other leaves share; and what is left
    of the leaf's own."""
    left, own = texts_in(tree), branches.path(tree, leaf)
    while count > 0 and own and not any(text[:-1] == own for text in left):
        left.remove(own)
        own, count = own[:-1], count - 1
    return left, own


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases)
def test_both_cut_every_tree_alike(modules: Page, cases):
    for (texts, count), found in zip(cases, modules.evaluate(WORK, cases), strict=True):
        tree: Tree = ()
        for ids, (grown, leaf) in zip(texts, found["steps"], strict=True):
            tree, end = branches.with_text(tree, ids)
            assert (tree_of(grown), leaf) == (tree, end)
        assert tree_of(found["again"]) == tree and found["size"] == branches.size(tree)
        assert branches.read(branches.write(tree)) == tree
        for leaf, one in enumerate(found["leaves"]):
            assert (tuple(one["path"]), one["end"]) == (branches.path(tree, leaf), leaf)
            for rest, most in ((one["less"], float("inf")), (one["shorter"], count)):
                left, own = taken_back(tree, leaf, most)
                smaller = tree_of(rest["tree"])
                assert branches.sound(smaller) and texts_in(smaller) == left
                if left:
                    assert branches.path(smaller, rest["leaf"])[: len(own)] == own
                else:
                    assert rest["leaf"] is None
