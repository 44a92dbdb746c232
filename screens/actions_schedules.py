"""The actions on schedules."""

from __future__ import annotations

from screens.action import ON_SCHEDULES, Action, Group

SCHEDULING = (
    Action(
        "schedule.pause", "Pause", "Nothing of the schedule begins by itself, or it does again", ("p",), Group.ACT,
        ON_SCHEDULES, argument="pause", footer=3, needs_row=True, command="pause-schedule", dangerous=True,
    ),
    Action(
        "schedule.run", "Run now", "Run the schedule now, beside its timetable", ("n",), Group.ACT, ON_SCHEDULES,
        argument="run", footer=3, needs_row=True, command="run-schedule", dangerous=True,
    ),
    Action(
        "schedule.edit", "Edit", "Edit when the schedule is due, with the next five dates", ("E",), Group.ACT,
        ON_SCHEDULES, argument="edit", footer=3, needs_row=True, command="edit-schedule", dangerous=True,
    ),
)  # fmt: skip
