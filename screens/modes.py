"""Which console this is: LIVE, DRILL, LAB or TWIN. Told in word, shape and tone, on every screen and in the title."""

from __future__ import annotations

from datetime import UTC, datetime

from screens.cells import Cell, Tone

LAB = "□ LAB"
LIVE = "■ LIVE"
DRILL = "◇ DRILL"


TWIN = "▣ TWIN"


def twin_words(twin: datetime, *, short: bool = False) -> str:
    """That it is a copy of an estate, and of when; ``short`` leaves the year out."""
    return f"{TWIN} of {twin.astimezone(UTC):{'%m-%d %H:%M' if short else '%Y-%m-%d %H:%M'}}Z"


def modes(*, lab: bool, drill: bool, twin: datetime | None = None, short: bool = False) -> tuple[Cell, ...]:
    """LIVE and DRILL differ in word, shape and tone; an exercise in the lab is both. ``twin``: the lab is a copy of a
    real estate as it was then, which ``short`` says shorter."""
    if lab:
        simulated = LAB if twin is None else twin_words(twin, short=short)
        return (Cell(simulated, Tone.HEADING), *((Cell(DRILL, Tone.BUSY),) if drill else ()))
    return (Cell(DRILL, Tone.BUSY) if drill else Cell(LIVE, Tone.CURRENT),)
