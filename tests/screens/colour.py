"""What eyes make of a colour: contrast by WCAG 2.2, distance in CIELAB, and how the colour-blind see it.

The matrices are those of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes: A Physiologically-based Model for
Simulation of Color Vision Deficiency, IEEE Transactions on Visualization and Computer Graphics 15(6), 2009, at full
severity. They apply to linear RGB.
"""

from __future__ import annotations

Triple = tuple[float, float, float]

NORMAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))

_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)


def linear(colour: str | tuple[int, int, int]) -> Triple:
    """Linear RGB, 0 to 1, of ``#rrggbb`` or of three bytes."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)] if isinstance(colour, str) else list(colour)
    red, green, blue = (c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def contrast(one: str | tuple[int, int, int], other: str | tuple[int, int, int]) -> float:
    """The contrast ratio, 1 to 21."""
    light, dark = sorted(
        (sum(w * c for w, c in zip(_XYZ[1], linear(x), strict=True)) for x in (one, other)), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


def distance(one: str, other: str, seen: tuple[Triple, Triple, Triple]) -> float:
    """How far apart two colours are (CIE 1976) to eyes of which ``seen`` is the matrix. About 2 is just noticed."""
    return float(sum((a - b) ** 2 for a, b in zip(_lab(one, seen), _lab(other, seen), strict=True)) ** 0.5)


def _times(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    x, y, z = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def _lab(colour: str, seen: tuple[Triple, Triple, Triple]) -> Triple:
    red, green, blue = (min(1.0, max(0.0, c)) for c in _times(seen, linear(colour)))
    x, y, z = (_root(c / w) for c, w in zip(_times(_XYZ, (red, green, blue)), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(value: float) -> float:
    return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116
