"""The actions on schedules."""

from __future__ import annotations

from screens.action import ON_SCHEDULES, Action, Group, Place

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
        "schedule.edit", "Edit", "Edit the schedule: name, target, when it is due, how it is done", ("E",), Group.ACT,
        ON_SCHEDULES, argument="edit", footer=3, needs_row=True, command="edit-schedule", dangerous=True,
    ),
    Action(
        "new_schedule", "New", "A new schedule: first what is done, then a form", ("N",), Group.ACT,
        frozenset({Place.SCHEDULES}), footer=4, command="new-schedule", dangerous=True,
    ),
    Action(
        "schedule.delete", "Delete", "The schedule is there no more; its history stays", ("D",), Group.ACT,
        ON_SCHEDULES, argument="delete", footer=5, needs_row=True, command="delete-schedule", dangerous=True,
    ),
)  # fmt: skip
