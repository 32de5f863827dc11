"""Charts as pure functions: numbers in, `plotly.graph_objects.Figure` out."""
