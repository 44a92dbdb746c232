"""The actions on automatic failover."""

from __future__ import annotations

from screens.action import ON_AUTO, ON_VMS, Action, Group

AUTOMATIC = (
    Action(
        "automatic", "Automatic", "What may fail over by itself: armed, witnesses, conditions, maintenance, history",
        ("A",), Group.GO, ON_VMS, footer=3, command="automatic",
    ),
    Action(
        "history", "History", "Failovers and drills of machines, and what would have been done in shadow", ("h",),
        Group.GO, ON_AUTO, footer=4, command="history",
    ),
    Action(
        "auto.veto", "Veto", "Do nothing by itself about the outage that is under way", ("v",), Group.ACT,
        ON_AUTO, argument="veto", footer=3, needs_row=True, command="veto", dangerous=True,
    ),
    Action(
        "check_auto", "Check", "Look now at the conditions for being armed; changes nothing", ("C",), Group.ACT,
        ON_AUTO, footer=5, needs_sweeper=True, command="check",
    ),
)  # fmt: skip
