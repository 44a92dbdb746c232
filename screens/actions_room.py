"""The actions of the operations room: alerts, their rules, incidents."""

from __future__ import annotations

from screens.action import ON_ALERTS, ON_DATA, ON_INCIDENTS, Action, Group, Place

ROOM = (
    Action(
        "room.alerts", "Alerts", "What is wrong, who has it, and who is told next", ("L",), Group.GO, ON_DATA,
        argument="alerts", command="alerts", aliases=("alert",),
    ),
    Action(
        "room.incidents", "Incidents", "Incidents: who leads, what was done, which runs", ("F",), Group.GO, ON_DATA,
        argument="incidents", command="incidents", aliases=("incident",),
    ),
    Action(
        "maintenance", "Maintenance", "When work is done where: what is open, and what is planned", ("M",), Group.GO,
        ON_DATA, command="maintenance",
    ),
    Action(
        "window_new", "New", "Begin or plan maintenance; it always ends", ("N",), Group.ACT,
        frozenset({Place.MAINTENANCE}), footer=2, command="new-maintenance", dangerous=True,
    ),
    Action(
        "window_end", "End", "The maintenance is over before its time", ("X",), Group.ACT,
        frozenset({Place.MAINTENANCE}), footer=3, needs_row=True, command="end-maintenance", dangerous=True,
    ),
    Action(
        "room.rules", "Rules", "The rules by which alerts are raised besides", ("R",), Group.GO,
        frozenset({Place.ALERTS}), argument="rules", footer=5, command="rules",
    ),
    Action(
        "alert.take", "Take", "You have it, or another one, until a time you say: nobody is told any more", ("a",),
        Group.ACT, ON_ALERTS, argument="take", footer=2, needs_row=True, command="take", dangerous=True,
    ),
    Action(
        "alert.let_go", "Let go", "Nobody has it any more: people are told again", ("U",), Group.ACT, ON_ALERTS,
        argument="let go", footer=4, needs_row=True, command="let-go", dangerous=True,
    ),
    Action(
        "alert.silence", "Silence", "Nobody is told of its kind at its site until a time you say", ("z",), Group.ACT,
        ON_ALERTS, argument="silence", footer=4, needs_row=True, command="silence", dangerous=True,
    ),
    Action(
        "alert.declare", "Incident", "Declare an incident from it", ("D",), Group.ACT, ON_ALERTS, argument="declare",
        footer=3, needs_row=True, command="declare", dangerous=True,
    ),
    Action(
        "rule_new", "New", "A new rule: metric, condition, threshold, how long, how grave", ("N",), Group.ACT,
        frozenset({Place.RULES}), footer=2, command="new-rule", dangerous=True,
    ),
    Action(
        "rule_remove", "Remove", "The rule is there no more, and what it raised goes", ("D",), Group.ACT,
        frozenset({Place.RULES}), footer=3, needs_row=True, command="remove-rule", dangerous=True,
    ),
    Action(
        "incident.declare", "Declare", "Declare an incident", ("N",), Group.ACT, frozenset({Place.INCIDENTS}),
        argument="declare", footer=2, command="declare", dangerous=True,
    ),
    Action(
        "incident.note", "Note", "Write down what you saw or did", ("n",), Group.ACT, ON_INCIDENTS, argument="note",
        footer=2, needs_row=True, command="note", dangerous=True,
    ),
    Action(
        "incident.work", "Work on", "What is run from this console carries its number, or no more", ("o",), Group.ACT,
        ON_INCIDENTS, argument="work", footer=3, needs_row=True, command="work-on", dangerous=True,
    ),
    Action(
        "incident.lead", "Lead", "Who leads it, and who writes down", ("l",), Group.ACT, ON_INCIDENTS, argument="lead",
        footer=4, needs_row=True, command="lead", dangerous=True,
    ),
    Action(
        "incident.lesson", "Lesson", "What is to become better, who sees to it, until when", ("T",), Group.ACT,
        frozenset({Place.INCIDENT}), argument="lesson", footer=5, needs_row=True, command="lesson", dangerous=True,
    ),
    Action(
        "incident.mitigate", "Mitigated", "Service is back, its cause is not dealt with; or not any more", ("m",),
        Group.ACT, ON_INCIDENTS, argument="mitigate", footer=5, needs_row=True, command="mitigated", dangerous=True,
    ),
    Action(
        "incident.close", "Close", "It is over, and how", ("X",), Group.ACT, ON_INCIDENTS, argument="close", footer=4,
        needs_row=True, command="close", dangerous=True,
    ),
)  # fmt: skip
