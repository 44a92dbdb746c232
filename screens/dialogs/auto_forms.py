"""The forms of automatic failover: what may be lost, and a maintenance window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from screens.ages import exact, moment
from screens.cells import Cell, Tone
from screens.dialogs.form import Asked, Form, Judged, Texts
from screens.firstrun_base import paragraph
from store.auto_records import AutoState, Window
from store.auto_view import Stand

JudgeWindow = Callable[[str, str | None, tuple[str | None, str], str, str | None], Window]
"""A window of site, target, begin and end, reason, and zone. Raises ValueError with what was expected."""


def arming_form(stand: Stand, bound: Callable[[str], float], ascii_only: bool) -> Form[float]:
    """Ends with the loss that is accepted, in seconds. ``bound`` makes them of what is typed, and raises ValueError."""
    name = stand.group.name
    latched = stand.state is AutoState.FIRED

    def judge(texts: Texts) -> Judged[float]:
        try:
            bound_s = bound(texts["bound"])
        except ValueError as error:
            raise ValueError(f"lose {error}") from None
        words = (
            f"You ask that {name} may fail over by itself, and accept to lose up to {exact(bound_s)} of what was "
            "written last. Nothing is armed before another person approves, under another login.",
            *(("It failed over by itself: arming it anew releases its latch.",) if latched else ()),
        )
        return Judged(bound_s, lambda width: [line for each in words for line in paragraph(each, width)])

    asked = (Asked("bound", "Lose", "", "minutes at most, such as 30"),)
    title = f"Release the latch of {name}: arm it anew" if latched else f"Ask to arm {name}"
    return Form(title, asked, judge, accept="Ask", ascii_only=ascii_only)


def maintenance_form(
    site: str, target: str, window: JudgeWindow, clock: Callable[[], datetime], ascii_only: bool
) -> Form[Window]:
    """Ends with a window that is not kept yet. ``site`` and ``target`` stand there first."""

    def judge(texts: Texts) -> Judged[Window]:
        begins = None if texts["from"] in ("", "now") else texts["from"]
        made = window(
            texts["site"], texts["target"] or None, (begins, texts["until"]), texts["reason"], texts["zone"] or None
        )
        if made.ends <= max(made.begins, clock()):
            raise ValueError(f"until {texts['until']}: expected a time behind its begin, and not in the past")
        about = made.target or f"all of {made.site}"
        times = f"from {moment(made.begins)} until {moment(made.ends)}"
        text = f"Nothing of {about} fails over by itself {times}; every plan about it says so."
        return Judged(made, lambda width: [*paragraph(text, width), (Cell("It can be ended before.", Tone.DIM),)])

    asked = (
        Asked("site", "Site", site, "where the work is done"),
        Asked("target", "Only", target, "this group, machine or device; empty: all of the site"),
        Asked("from", "From", "now", "or 2026-01-31T22:00Z, +2h"),
        Asked("until", "Until", "+4h", "or 2026-02-01T04:00Z, +90m, +2d"),
        Asked("reason", "Why", "", "kept in the journal"),
        Asked("zone", "Zone", "", "of times that name none, such as Europe/Paris"),
    )
    return Form("Begin maintenance", asked, judge, accept="Begin", ascii_only=ascii_only)
