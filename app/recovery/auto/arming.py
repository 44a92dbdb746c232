"""What must hold before a group is armed (procedures 6), as checks with their evidence and what to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from app.recovery.auto.conditions import DRILL, VERIFIED
from app.recovery.auto.port import Drill
from app.recovery.auto.rules import Finding
from store.auto_records import Arming, Condition, Judgement, ShadowDecision, Standing
from store.readiness import Check, Severity, Verdict

DRILL_D, SHADOW_D, ARMED_D = 90, 14, 30
WATCHED_S = 300.0
"""A group that was not looked at for so long is not watched."""


class Prepared(Struct, frozen=True):
    """What the checks rest on. ``digest`` is of the plan as it is now; ``bound_s`` what is to be accepted; ``loss_s``
    what would be lost now at most, None where it is not known."""

    drill: Drill | None
    digest: str | None
    checks: tuple[Check, ...]
    standing: Standing | None
    shadows: tuple[ShadowDecision, ...]
    window: Finding
    bound_s: float | None
    loss_s: float | None
    arming: Arming | None


def arm_checks(seen: Prepared, now: datetime) -> tuple[Check, ...]:
    """All conditions for being armed, in the order of the procedures. ``auto.armed`` is about the two people."""
    return (
        _drill(seen, now),
        _verified(seen),
        _rpo(seen),
        _ready(seen),
        _shadow(seen, now),
        _window(seen),
        _bound(seen),
        _armed(seen, now),
    )


def may_arm(checks: Sequence[Check]) -> tuple[Check, ...]:
    """What still stands against arming, people's word aside."""
    return tuple(check for check in checks if check.verdict is not Verdict.HOLDS and check.id != "auto.armed")


def still(seen_drill: Drill | None, digest: str | None, now: datetime) -> tuple[Condition, ...]:
    """What of it must hold when a failover begins, however long ago the group was armed."""
    checks = (_drill_check(seen_drill, now), _verified_check(seen_drill, digest))
    return tuple(Condition(check.id, check.verdict, check.evidence, now) for check in checks)


def _check(id: str, verdict: Verdict | bool, evidence: str, fix: str) -> Check:
    found = verdict if isinstance(verdict, Verdict) else Verdict.HOLDS if verdict else Verdict.FAILS
    return Check(id, Severity.HARD, found, evidence, "" if found is Verdict.HOLDS else fix)


def _drill(seen: Prepared, now: datetime) -> Check:
    return _drill_check(seen.drill, now)


def _drill_check(drill: Drill | None, now: datetime) -> Check:
    fix = f"run a drill of the group: it counts for {DRILL_D} days"
    if drill is None:
        return _check(DRILL, False, "no drill of the group passed", fix)
    days = (now - drill.at).total_seconds() / 86400
    return _check(DRILL, 0 <= days < DRILL_D, f"the last drill that passed was {days:.0f} days ago", fix)


def _verified(seen: Prepared) -> Check:
    return _verified_check(seen.drill, seen.digest)


def _verified_check(drill: Drill | None, digest: str | None) -> Check:
    fix = "run a drill of the plan as it is now"
    if digest is None:
        return _check(VERIFIED, Verdict.UNKNOWN, "the plan of the failover cannot be drawn up now", fix)
    if drill is None:
        return _check(VERIFIED, False, "the plan was never rehearsed", fix)
    same = drill.digest == digest
    return _check(VERIFIED, same, f"the plan {'is that' if same else 'has changed since that'} of the last drill", fix)


def _worst(checks: Sequence[Check]) -> Verdict:
    found = {check.verdict for check in checks}
    return next((each for each in (Verdict.FAILS, Verdict.UNKNOWN) if each in found), Verdict.HOLDS)


def _rpo(seen: Prepared) -> Check:
    rpo = [check for check in seen.checks if check.id.endswith(".rpo")]
    if not rpo:
        return _check("auto.rpo", Verdict.UNKNOWN, "nobody checked the RPO", "let the replication pass at its interval")
    words = "; ".join(check.evidence for check in rpo)
    return _check("auto.rpo", _worst(rpo), words, "let the replication pass at its interval, or set a longer RPO")


def _ready(seen: Prepared) -> Check:
    stops = [check for check in seen.checks if check.severity is not Severity.WARN]
    if not stops:
        return _check("auto.ready", Verdict.UNKNOWN, "nothing was checked", "let the readiness checks run")
    bad = [check for check in stops if check.verdict is not Verdict.HOLDS]
    words = "; ".join(f"{check.id}: {check.evidence}" for check in bad) or f"all {len(stops)} checks are green"
    return _check("auto.ready", _worst(stops), words, "; ".join(check.fix for check in bad if check.fix))


def _shadow(seen: Prepared, now: datetime) -> Check:
    standing = seen.standing
    if standing is None or standing.watched_since is None or standing.at is None:
        return _check("auto.shadow", False, "the group was never watched", "let drdeck auto watch run")
    if now - standing.at > timedelta(seconds=WATCHED_S):
        words = f"the group was last looked at {standing.at:%Y-%m-%d %H:%M} UTC"
        return _check("auto.shadow", False, words, "let drdeck auto watch run")
    if any(tally.first_down is not None for tally in standing.tallies):
        return _check("auto.shadow", False, "a witness is silent: an outage may be under way", "wait until it is over")
    fired = [decision for decision in seen.shadows if decision.would]
    open_ = [decision for decision in fired if decision.judgement is None]
    if open_:
        ids = ", ".join(decision.id for decision in open_)
        return _check("auto.shadow", False, f"nobody judged {ids}", f"drdeck auto judge {open_[0].id} right or wrong")
    wrong = [decision for decision in fired if decision.judgement is Judgement.WRONG]
    since = max([standing.watched_since, *(decision.decided_at for decision in wrong)])
    days = (now - since).total_seconds() / 86400
    words = f"watched for {days:.1f} days without a gap and without a wrong decision; {len(fired)} would have fired"
    return _check("auto.shadow", days >= SHADOW_D, words, f"wait until it is {SHADOW_D} days")


def _window(seen: Prepared) -> Check:
    return _check("auto.window", seen.window.verdict, seen.window.evidence, "wait for its end, or end it")


def _bound(seen: Prepared) -> Check:
    fix = "accept a bound with --bound, in minutes, that covers the interval and the longest pass"
    if seen.bound_s is None:
        return _check("auto.bound", False, "nobody accepted a loss in advance", fix)
    words = f"up to {seen.bound_s / 60:g} min of loss are accepted"
    if seen.loss_s is None:
        return _check("auto.bound", Verdict.UNKNOWN, f"{words}; what would be lost now is not known", fix)
    return _check("auto.bound", seen.loss_s <= seen.bound_s, f"{words}, now it would be {seen.loss_s / 60:.1f}", fix)


def _armed(seen: Prepared, now: datetime) -> Check:
    arming, fix = seen.arming, "drdeck auto arm GROUP --bound MIN, and another person: drdeck auto arm GROUP --approve"
    if arming is None or arming.ended_at is not None:
        words = "nobody armed it" if arming is None else f"disarmed by {arming.ended_by}: {arming.why}"
        return _check("auto.armed", False, words, fix)
    if arming.approved_at is None or arming.until is None:
        return _check("auto.armed", False, f"asked by {arming.asked_by}; a second person has to approve", fix)
    words = f"by {arming.asked_by} and {arming.approved_by} until {arming.until:%Y-%m-%d %H:%M} UTC"
    return _check("auto.armed", arming.valid(now), words, fix)
