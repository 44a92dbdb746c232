"""What people decide about automatic failover: the command line and the console go the same way.

All raise :class:`app.permits.RefusedError` where it takes a role, :class:`store.auto.HeldError` with what else stands
against it, and :class:`store.errors.StoreError`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from app.auto_records import AutoGroup, AutoMode
from app.permits import Act, Permits
from app.person import names_in, same
from app.recovery.auto.arming import ARMED_D, may_arm
from app.recovery.operations import who
from app.refusing import permitted
from store.alerts import AlertStore
from store.auto import AutoStore, HeldError
from store.auto_records import Arming, FailoverEvent, Judgement, ShadowDecision, Window
from store.readiness import Check

MOST_BOUND_MIN = 7 * 24 * 60

Look = Callable[[AutoGroup, float | None], tuple[Check, ...]]
"""What stands against arming a group, on a look at the devices now; given the loss that is to be accepted, in s."""


class NotReadyError(HeldError):
    """Conditions for being armed do not hold: ``checks`` are these."""

    def __init__(self, group: AutoGroup, checks: tuple[Check, ...]) -> None:
        named = "; ".join(f"{check.id}: {check.evidence}" for check in checks)
        super().__init__(f"{group.name} cannot be armed; {len(checks)} conditions do not hold: {named}")
        self.checks = checks


def bound(text: str) -> float:
    """Minutes of loss that are accepted, as they are typed, in seconds. Raises ValueError with what was expected."""
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= MOST_BOUND_MIN:
        raise ValueError(f"{text}: expected minutes, more than 0 and up to {MOST_BOUND_MIN}")
    return minutes * 60


def ask(permits: Permits, store: AutoStore, group: AutoGroup, bound_s: float, look: Look) -> Arming:
    """One person wants it armed, and accepts to lose up to ``bound_s`` seconds."""
    permits.check(Act.ARM, permits.of_group(group.name))
    _watched(group)
    _hold(group, look(group, bound_s))
    return store.ask_arming(group.name, bound_s, who())


def approve(permits: Permits, store: AutoStore, group: AutoGroup, look: Look) -> Arming:
    """Another person agrees to what was asked: it is armed for :data:`ARMED_D` days. A group that failed over by itself
    is released from its latch by this, with the next look of the watch."""
    asked = may_approve(permits, store.arming(group.name), group.name)
    _watched(group)
    _hold(group, look(group, asked.bound_s))
    return store.approve_arming(asked, who(), datetime.now(UTC) + timedelta(days=ARMED_D))


def may_approve(permits: Permits, asked: Arming | None, group: str) -> Arming:
    """What waits for a second person, where whoever is logged in may be that one."""
    permits.check(Act.APPROVE_ARMING, permits.of_group(group))
    if asked is None or asked.ended_at is not None or asked.approved_at is not None:
        raise HeldError(f"nobody asked to arm {group}: drdeck auto arm {group} --bound MIN")
    if same(names_in(asked.asked_by), permits.person.names):
        raise HeldError(f"{asked.asked_by} asked for it: another person has to approve")
    return asked


def disarm(permits: Permits, store: AutoStore, group: str, why: str) -> None:
    """At once, whatever is under way."""
    permits.check(Act.DISARM, permits.of_group(group))
    if not store.disarm(group, who(), why):
        raise HeldError(f"{group} was not armed")


def veto(permits: Permits, store: AutoStore, group: str) -> FailoverEvent:
    """Nothing is done by itself about the outage that is under way."""
    permits.check(Act.DISARM, permits.of_group(group))
    return store.veto(group, who())


def judge(permits: Permits, store: AutoStore, decision: str, judgement: Judgement, note: str = "") -> ShadowDecision:
    """Whether what would have been done in shadow was right."""
    found = next((each for each in store.shadows(most=10_000) if each.id == decision), None)
    if found is None:
        raise HeldError(f"there is no shadow decision {decision}: drdeck auto history shows them")
    permits.check(Act.JUDGE, permits.of_group(found.group))
    judged = replace(found, judgement=judgement, note=note)
    store.judge(judged, who())
    return judged


def add_window(permits: Permits, store: AutoStore, window: Window) -> Window:
    """Nothing fails over by itself there until it ends."""
    permitted(permits, store.path, Act.MAINTAIN, (window.site,))
    return store.add_window(window)


def end_window(permits: Permits, store: AutoStore, number: int) -> Window:
    """Before its time; the silences that it bounds end with it."""
    sites = [each.site for each in store.windows(ended=True) if each.id == number]
    permitted(permits, store.path, Act.MAINTAIN, sites)
    ended = store.end_window(number, who())
    with closing(AlertStore(store.path)) as alerts:
        for each in alerts.silences():
            if each.window == number:
                alerts.end_silence(each.id, who())
    return ended


def _watched(group: AutoGroup) -> None:
    if group.mode is not AutoMode.AUTOMATIC:
        raise HeldError(f'the configuration says mode = "manual" of {group.name}')


def _hold(group: AutoGroup, checks: tuple[Check, ...]) -> None:
    if against := may_arm(checks):
        raise NotReadyError(group, against)
