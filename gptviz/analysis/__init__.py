"""Functions of a Trace and of weights: what a page says about them. Nothing here draws."""
