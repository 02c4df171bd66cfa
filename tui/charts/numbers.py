"""Numbers as people read them, in a width that does not jitter."""

from __future__ import annotations

import math

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def compact(value: float) -> str:
    """A count in three significant digits: 812, 2.35k, 60k, 1.2M."""
    if not math.isfinite(value):
        return nonfinite(value)
    size = abs(value)
    for scale, prefix in _PREFIXES:
        if size >= scale * 0.9995:
            return f"{_three(value / scale)}{prefix}"
    return _three(value)


def fixed(value: float, width: int = 7) -> str:
    """A measurement in three significant digits, right-aligned: 0.512, 13.4, 1.23e-4.

    Digits are dropped where the width asks for it, 1.2e-12; a width of 0 asks for nothing.
    """
    fitting = (t for t in (_measured(value, digits) for digits in (2, 1, 0)) if len(t) <= width)
    return next(fitting, _measured(value, 0 if width else 2)).rjust(width)


def percent(value: float, width: int = 6) -> str:
    """A fraction as 86.4%, right-aligned."""
    return (f"{100 * value:.1f}%" if math.isfinite(value) else nonfinite(value)).rjust(width)


def power(value: float, width: int = 7) -> str:
    """A positive ratio as a power of ten, 10^-3.1, right-aligned."""
    if not 0 < value < math.inf:
        return fixed(value, width)
    return f"10^{math.log10(value):.1f}".rjust(width)


def nonfinite(value: float) -> str:
    """NaN, +∞ or −∞ in plain signs that every font has."""
    return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"


def duration(seconds: float) -> str:
    """A time to wait: 8 s, 2 min 05 s, 1 h 20 min; "–" where nobody knows."""
    if not 0 <= seconds < 1e8:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole // 60 % 60:02d} min"


def _three(value: float) -> str:
    text = f"{value:.3g}"
    return f"{value:.0f}" if "e" in text else text


def _measured(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return nonfinite(value)
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 9999.5 or size < 9.995e-3:
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    decimals = digits - math.floor(math.log10(size * (1 + 5e-4)))
    return f"{value:.{min(4, max(0, decimals))}f}"
