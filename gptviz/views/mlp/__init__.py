"""What each layer's MLP does with one token."""

from gptviz.views.kit.choices import Choice, Flag, Index, Number, OneOf, Stop

PARTS = ("path", "curve", "neuron", "layers", "code")

STOP = Stop(
    "mlp",
    shared={"layer": True, "token": True},
    choices=(
        Choice("neuron", None, Index("d_mlp"), reset_by=("model", "layer", "head")),
        Choice("part", "path", OneOf(PARTS)),
        Choice("silenced", 1, Number(1, 50)),  # how many neurons
        Choice("silent", False, Flag(), reset_by=("text", "layer", "head")),
    ),
)
