"""What each layer's MLP does with one token."""

from gptviz.views.kit.choices import Choice, Stop
from gptviz.views.kit.kinds import Flag, Index, Number, OneOf

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
