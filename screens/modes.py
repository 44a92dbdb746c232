"""Which console this is: LIVE, DRILL or LAB. Told in word, shape and tone, on every screen and in the title."""

from __future__ import annotations

from screens.cells import Cell, Tone

LAB = "□ LAB"
LIVE = "■ LIVE"
DRILL = "◇ DRILL"


def modes(*, lab: bool, drill: bool) -> tuple[Cell, ...]:
    """LIVE and DRILL differ in word, shape and tone; an exercise in the lab is both."""
    if lab:
        return (Cell(LAB, Tone.HEADING), *((Cell(DRILL, Tone.BUSY),) if drill else ()))
    return (Cell(DRILL, Tone.BUSY) if drill else Cell(LIVE, Tone.CURRENT),)
