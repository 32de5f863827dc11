"""Charts as pure functions: numbers in, `plotly.graph_objects.Figure` out."""

from gptviz.extras import require

require("plotly", extra="figures")
