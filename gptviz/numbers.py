"""Numbers as people read them: the rules that gptviz/views/kit/format.js has too, function by function. Rounded for the
eye (halves away from zero); whoever calculates uses the number itself.

Everywhere: a minus sign and not a hyphen, never one before zero; thousands set apart; "–" where there is no number, and
the percent sign on the same line as what it belongs to.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

PERCENT = "\u00a0%"
NONE = "–"
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fixed(value: float, digits: int) -> str:
    """So many digits after the point."""
    value = float(value)
    if not math.isfinite(value):
        return NONE if math.isnan(value) else "−∞" if value < 0 else "∞"
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    return ("−" if rounded < 0 else "") + f"{abs(rounded):,f}"


def signed(value: float, digits: int) -> str:
    """The same with its sign, whichever it is."""
    text = fixed(abs(value), digits)
    return ("−" if value < 0 else "+") + text if any(digit in text for digit in "123456789∞") else text


def count(value: float) -> str:
    """A whole number."""
    return fixed(value, 0)


def significant(value: float, digits: int) -> str:
    """So many significant digits, but all that stand before the point; very large and very small numbers with a power
    of ten, and four digits at most."""
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return fixed(value, 0)
    exponent = _rounded(value, digits).adjusted()
    if -4 <= exponent < 6:
        return fixed(value, max(0, digits - 1 - exponent))
    digits = min(digits, 4)
    mantissa, power = f"{_rounded(abs(value), digits):.{digits - 1}e}".split("e")
    return ("−" if value < 0 else "") + f"{mantissa}·10{str(int(power)).translate(_RAISED)}"


def _rounded(value: float, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(value))


def percent(share: float, digits: int | None = None) -> str:
    """A probability: 77 %, 0.2 %, 0.003 %, 4·10⁻⁷ %; "100 %" is for what is certain. digits: after the point, for
    shares that are compared or added up."""
    value = 100 * float(share)
    if math.isnan(value):
        return NONE
    if digits is not None:
        return fixed(value, digits) + PERCENT
    if value < 0:
        return "−" + percent(-share)
    if abs(value - 100) <= 0.5:
        text = fixed(value, 4).rstrip("0").rstrip(".")
        return (">99.9999" if text == "100" and value < 100 else text) + PERCENT
    return (fixed(value, 0 if value >= 9.95 else 1) if value >= 0.095 else significant(value, 1)) + PERCENT
