"""A tree of texts that all go on from one prompt: what is left when a reader turns back and takes another word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gptviz.errors import InputError

MOST_TOKENS = 512  # of a whole tree, and
MOST_BRANCHES = 32  # so many ends: an address carries it
PROMPT = -1
"""The parent of a branch that begins right behind the prompt."""


@dataclass(frozen=True)
class Branch:
    """A run of tokens. It leaves branch `parent` (one before it in the tree, or PROMPT) after the first `at` of the
    parent's own tokens, at least one and not all of them; behind the prompt `at` is 0."""

    parent: int
    at: int
    ids: tuple[int, ...]


Tree = tuple[Branch, ...]
"""Branches, each after its parent. Every branch ends in a leaf, and no two texts of a tree are the same."""


@dataclass(eq=False)
class Node:
    """One token of a tree; its root stands for the whole prompt, and has no token of its own."""

    id: int = PROMPT
    path: tuple[int, ...] = ()
    children: list[Node] = field(default_factory=list)

    def child(self, id: int) -> Node | None:
        """The node of token `id` right behind this one."""
        return next((child for child in self.children if child.id == id), None)

    def add(self, ids: Iterable[int]) -> Node:
        """Put a text behind this node, as far as it is not there yet; its last token's node."""
        node = self
        for id in ids:
            found = node.child(id)
            if found is None:
                found = Node(id, (*node.path, id))
                node.children.append(found)
            node = found
        return node

    def walk(self) -> Iterator[Node]:
        """This node and all behind it, each before its children."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def grow(tree: Tree) -> Node:
    """The tree's root, with all its tokens behind it."""
    root = Node()
    for leaf in range(len(tree)):
        root.add(path(tree, leaf))
    return root


def cut(root: Node) -> tuple[Tree, dict[tuple[int, ...], int]]:
    """The branches of a tree, and which of them ends in each leaf, by the leaf's path. At a fork the oldest child
    goes on with the branch; the others begin branches of their own."""
    found: list[Branch] = []
    ends: dict[tuple[int, ...], int] = {}

    def follow(node: Node, parent: int, at: int) -> None:
        index, ids, forks = len(found), [node.id], []
        found.append(Branch(parent, at, ()))
        while node.children:
            forks += [(len(ids), child) for child in node.children[1:]]
            node = node.children[0]
            ids.append(node.id)
        found[index] = Branch(parent, at, tuple(ids))
        ends[node.path] = index
        for place, child in forks:
            follow(child, index, place)

    for child in root.children:
        follow(child, PROMPT, 0)
    return tuple(found), ends


def path(tree: Tree, leaf: int) -> tuple[int, ...]:
    """All generated tokens from the prompt to the end of branch `leaf`."""
    branch = tree[leaf]
    ids = branch.ids
    while branch.parent != PROMPT:
        parent = tree[branch.parent]
        ids = parent.ids[: branch.at] + ids
        branch = parent
    return ids


def size(tree: Tree) -> int:
    """How many tokens a tree holds, those that texts share counted once."""
    return sum(len(branch.ids) for branch in tree)


def with_text(tree: Tree, ids: Sequence[int]) -> tuple[Tree, int]:
    """The tree with a text in it, and which leaf ends it, or goes on from it. Raises InputError for one that would
    make the tree larger than an address can carry."""
    root = grow(tree)
    node = root.add(ids)
    while node.children:
        node = node.children[0]
    grown, ends = cut(root)
    if size(grown) > MOST_TOKENS or len(grown) > MOST_BRANCHES:
        raise InputError("tree_full", most=MOST_TOKENS, branches=MOST_BRANCHES)
    return grown, ends[node.path]


def sound(tree: Tree) -> bool:
    """Whether these branches are a tree as `Tree` says, and not too large."""
    for index, branch in enumerate(tree):
        if not branch.ids or not PROMPT <= branch.parent < index:
            return False
        last = 0 if branch.parent == PROMPT else len(tree[branch.parent].ids) - 1
        if not min(last, 1) <= branch.at <= last or (branch.parent != PROMPT and not last):
            return False
    if size(tree) > MOST_TOKENS or len(tree) > MOST_BRANCHES:
        return False
    # A token that stands twice behind the same text would be one node: the branches would not come back.
    return cut(grow(tree))[0] == tree


def write(tree: Tree) -> str:
    """A tree as an address carries it: "7042.30.198_0.2-260.17" is a branch of three tokens behind the prompt, and
    one of two that leaves branch 0 after two of them."""

    def one(branch: Branch) -> str:
        start = "" if branch.parent == PROMPT else f"{branch.parent}.{branch.at}-"
        return start + ".".join(map(str, branch.ids))

    return "_".join(map(one, tree))


def read(text: str) -> Tree:
    """What `write` wrote. Raises ValueError for anything else."""
    branches = []
    for part in text.split("_"):
        start, dash, ids = part.rpartition("-")
        parent, at = map(_number, start.split(".")) if dash else (PROMPT, 0)
        branches.append(Branch(parent, at, tuple(map(_number, ids.split(".")))))
    tree = tuple(branches)
    if not sound(tree):
        raise ValueError
    return tree


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise ValueError
    return int(text)


def fitting(tree: Tree, vocab_size: int, room: int) -> Tree:
    """The tree without tokens that a model does not have and those behind them, and without what lies more than
    `room` tokens behind the prompt."""
    root = Node()
    for leaf in range(len(tree)):
        ids = path(tree, leaf)[:room]
        foreign = next((n for n, id in enumerate(ids) if id >= vocab_size), len(ids))
        root.add(ids[:foreign])
    return cut(root)[0]
