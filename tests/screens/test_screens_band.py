"""The band tells an exercise from the real thing by word, shape and tone."""

from __future__ import annotations

from screens.cells import line_text
from screens.head import band
from screens.modes import modes
from screens.status import ASCII
from screens.surroundings import Surroundings
from tests.screens.estate import SITES, Clock, calm


def shown(*, lab: bool, drill: bool, width: int = 80) -> str:
    view = calm().view()
    around = Surroundings(view, Clock(), SITES, lab=lab, drill=drill)
    return line_text(band(around.scene(), width, around))


def test_an_exercise_says_drill_in_place_of_live_and_beside_lab() -> None:
    assert shown(lab=False, drill=False).startswith("■ LIVE   ")
    assert shown(lab=False, drill=True).startswith("◇ DRILL   ")
    assert shown(lab=True, drill=False).startswith("□ LAB   ")
    assert shown(lab=True, drill=True).startswith("□ LAB   ◇ DRILL   ")


def test_the_mode_is_never_cut() -> None:
    assert shown(lab=True, drill=True, width=20).startswith("□ LAB   ◇ DRILL")


def test_live_and_drill_differ_in_word_shape_and_tone_and_in_ascii_too() -> None:
    (live,), (drill,) = modes(lab=False, drill=False), modes(lab=False, drill=True)
    assert live.tone is not drill.tone
    for table in ({}, ASCII):
        pairs = zip(live.text.translate(table).split(), drill.text.translate(table).split(), strict=True)
        assert all(one != other for one, other in pairs)
