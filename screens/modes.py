"""Which console this is: LIVE, DRILL, LAB or TWIN. Told in word, shape and tone, on every screen and in the title."""

from __future__ import annotations

from datetime import UTC, datetime

from screens.cells import Cell, Tone

LAB = "□ LAB"
LIVE = "■ LIVE"
DRILL = "◇ DRILL"


_TWIN = "▣"


def twin_words(twin: datetime) -> str:
    """Which estate it is a copy of: as it was when."""
    return f"TWIN of {twin.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def modes(*, lab: bool, drill: bool, twin: datetime | None = None) -> tuple[Cell, ...]:
    """LIVE and DRILL differ in word, shape and tone; an exercise in the lab is both. ``twin``: the lab is a copy of a
    real estate as it was then."""
    if lab:
        simulated = LAB if twin is None else f"{_TWIN} {twin_words(twin)}"
        return (Cell(simulated, Tone.HEADING), *((Cell(DRILL, Tone.BUSY),) if drill else ()))
    return (Cell(DRILL, Tone.BUSY) if drill else Cell(LIVE, Tone.CURRENT),)
