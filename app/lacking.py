"""Why whoever is logged in may not do what the console offers, by the ids of its actions: said before it is tried."""

from __future__ import annotations

from collections.abc import Mapping

from app.permits import Act, Permits

_ACTS: Mapping[str, Act] = {
    "resume": Act.DECIDE,
    "decide.retry": Act.DECIDE,
    "decide.skip": Act.DECIDE,
    "decide.done": Act.DECIDE,
    "pause": Act.DECIDE,
    "abort": Act.DROP,
    "approve": Act.APPROVE,
    "glass": Act.BREAK_GLASS,
    "schedule.pause": Act.SCHEDULE,
    "schedule.edit": Act.SCHEDULE,
    "schedule.delete": Act.SCHEDULE,
    "new_schedule": Act.SCHEDULE,
    "auto.veto": Act.DISARM,
    "schedule.run": Act.RUN_SCHEDULE,
    "alert.take": Act.ACKNOWLEDGE,
    "alert.let_go": Act.ACKNOWLEDGE,
    "alert.silence": Act.SILENCE,
    "alert.declare": Act.INCIDENT,
    "rule_new": Act.RULE,
    "window_new": Act.MAINTAIN,
    "window_end": Act.MAINTAIN,
    "rule_remove": Act.RULE,
    "incident.declare": Act.INCIDENT,
    "incident.note": Act.INCIDENT,
    "incident.work": Act.INCIDENT,
    "incident.lead": Act.INCIDENT,
    "incident.lesson": Act.INCIDENT,
    "incident.mitigate": Act.INCIDENT,
    "incident.close": Act.INCIDENT,
}
"""What is not here and may do harm plans something."""


def lacking(permits: Permits) -> Mapping[str, str]:
    """Where there is a role for it at one site only, the door says so once it is known what is about."""
    if not permits.access.grants:
        return {}
    from screens.actions import ACTIONS  # here: the first screen waits for this module

    asked = {action.id: _ACTS.get(action.id, Act.PROPOSE) for action in ACTIONS if action.dangerous}
    found = {action: permits.lacking(act) for action, act in asked.items()}
    return {action: why for action, why in found.items() if why is not None}
