def count(value, language="en"):
    return f"{value:,}"


def significant(value, digits):
    return f"{value:.{digits}g}"


def percent(p):
    from gptviz.figures.predictions import percent as f

    return f(p)


def fixed(v, d):
    return f"{v:.{d}f}"
