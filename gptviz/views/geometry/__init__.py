"""The geometry view: what a space of words can be asked. It is fed in parts:

text        the space, its scale
formula     a sum of words, what lies near it, what would have lain there anyway, and the parallelogram
gallery     families of analogies, each measured
direction   words along the direction from one set of words to another
cloud       rows laid flat: their principal components
axes        the same rows along two directions of the reader's own
spaces      the same questions asked in every space that is here

t-SNE comes as a stream, picture by picture.
"""

from gptviz.analysis.projections import CLOUDS
from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Flag, Number, OneOf, Subset, Text

SECTIONS = ("results", "gallery", "direction", "cloud", "spaces")
"""The parts of the view that unfold."""

_WORDS = Text(400)  # a set of words

STOP = Stop(
    "geometry",
    shared={"space": True, "token": True},
    choices=(
        Choice("formula", "king - man + woman", Text(200), asks=True),
        Choice("without", False, Flag()),  # leave the formula's own words out of its results
        Choice("mean", False, Flag(), asks=True),  # words of several tokens as the mean of their pieces
        Choice("open", (), Subset(SECTIONS), asks=True),
        Choice("first", "man king father boy actor he", _WORDS, asks=True),  # a set of words,
        Choice("second", "woman queen mother girl actress she", _WORDS, asks=True),  # another, and words between them
        Choice("others", "nurse doctor engineer teacher soldier dancer president secretary table", _WORDS, asks=True),
        Choice("cloud", "words", OneOf(CLOUDS), asks=True),
        Choice("dims", 2, Number(2, 3)),
        Choice(
            "listed", "cat dog horse cow; France Germany Italy; one two three; walk run jump", _WORDS, asks=True
        ),  # words of the reader's own to be laid flat
        Choice("axes", False, Flag(), asks=True),  # the rows along two directions of the reader's own
        Choice("axis_x", "woman - man", _WORDS, asks=True),
        Choice("axis_y", "old - young", _WORDS, asks=True),
        # The rows that t-SNE is wanted of, by their name ("": of none any more): other rows are none of these, whatever
        # brought them. No address carries work under way.
        Choice(
            "tsne",
            None,
            Text(80),
            reset_by=("model", "space", "cloud", "listed"),
            asks=True,
            wish=True,
            address=False,
        ),
        Choice("share", None, OneOf(("few", "some", "most"))),  # answer to the page's question
    ),
)
