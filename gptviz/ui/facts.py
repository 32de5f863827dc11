"""Observations in words."""

from gptviz.text import say


def numeral(value: float, form: str = ".2f") -> str:
    return format(value, form).replace("-", "−")


def sentence(fact, tokens, language, stop):
    values = {k: numeral(v) if isinstance(v, float) else str(v) for k, v in fact["values"].items()}
    return say(language, f"{stop}.look.{fact['name']}", **values)
