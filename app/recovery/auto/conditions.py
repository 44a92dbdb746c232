"""Every condition of an automatic failover, judged on one look (procedures 6, "fire only if all"). Pure.

What is not known, or was seen too long ago, counts as false; it is called unknown, so that a person is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.recovery.auto.rules import NEEDED, Finding, Look, Replicas, Rules
from app.recovery.auto.tally import confirmed, fresh, says
from store.auto_records import Condition, Part, Says, Standing, Tally
from store.readiness import Verdict

WITNESSES, DOWN, OUTAGE = "auto.witnesses", "auto.down", "auto.outage"
GATEWAY, DR, SITE, FENCE = "auto.gateway", "auto.dr", "auto.site", "auto.fence"
REPLICA, BOUND, WINDOW, LEASE = "auto.replica", "auto.bound", "auto.window", "auto.lease"
BRAKE, ARMED, VETO = "auto.brake", "auto.armed", "auto.veto"
DRILL, VERIFIED = "auto.drill", "auto.verified"

BY_PEOPLE = frozenset({ARMED, DRILL, VERIFIED})
"""What a group in shadow need not have: whether it would have failed over is asked without them."""


def conditions(standing: Standing, look: Look, rules: Rules) -> tuple[Condition, ...]:
    """All of them, in the order of the procedures. ``standing`` has the answers of this look counted in."""
    tallies = standing.tallies
    return (
        _down(tallies, look, rules),
        _witnesses(tallies, look, rules),
        _outage(standing, look, rules),
        _seen(GATEWAY, look.gateway, look, rules),
        _seen(DR, look.dr, look, rules),
        _seen(SITE, look.site, look, rules),
        _fence(tallies, look, rules),
        _replica(look, rules),
        _bound(look, rules),
        _seen(WINDOW, look.window, look, rules),
        _seen(LEASE, look.lease, look, rules),
        _brake(look, rules),
        _armed(look),
        *look.prepared,
        _veto(look),
    )


def would(found: Sequence[Condition], armed: bool) -> bool:
    """Whether all that does not rest on people's word holds. A group that nobody armed has no accepted bound."""
    aside = BY_PEOPLE if armed else BY_PEOPLE | {BOUND}
    return all(condition.holds for condition in found if condition.id not in aside)


def lost(found: Sequence[Condition]) -> bool:
    """Whether it lasts long enough for people to be told with a plan: all else says what may be done by itself."""
    return all(condition.holds for condition in found if condition.id == DOWN)


def _seen(id: str, finding: Finding, look: Look, rules: Rules) -> Condition:
    if finding.verdict is not Verdict.UNKNOWN and not fresh(finding.at, look.now, rules):
        return Condition(id, Verdict.UNKNOWN, f"seen too long ago: {finding.evidence}", finding.at)
    return Condition(id, finding.verdict, finding.evidence, finding.at)


def _down(tallies: Sequence[Tally], look: Look, rules: Rules) -> Condition:
    """Two witnesses were each silent on enough probes in a row, and for long enough since the first."""
    enough = [tally for tally in tallies if confirmed(tally, look.now, rules)]
    words = "; ".join(_row(tally, look) for tally in tallies if tally.first_down) or "nobody is silent"
    asked = f"(needed: {NEEDED} witnesses, {rules.probes} probes in a row, {rules.threshold_s:g} s)"
    verdict = Verdict.HOLDS if len(enough) >= NEEDED else Verdict.FAILS
    return Condition(DOWN, verdict, f"{words} {asked}", look.now)


def _row(tally: Tally, look: Look) -> str:
    assert tally.first_down is not None
    seconds = (look.now - tally.first_down).total_seconds()
    return f"{tally.part} silent on {tally.misses} probes, for {seconds:.0f} s since {tally.first_down:%H:%M:%S} UTC"


def _witnesses(tallies: Sequence[Tally], look: Look, rules: Rules) -> Condition:
    """At least two are silent now, and none answers: an answer, whoever gives it, is a sign of life of that site."""
    now = {tally.part: says(tally, look.now, rules) for tally in tallies}
    words = "; ".join(f"{t.part}: {t.last.evidence if t.last else 'not asked'}" for t in tallies) or "nobody was asked"
    down, up = (sum(each is what for each in now.values()) for what in (Says.DOWN, Says.UP))
    if up:
        return Condition(WITNESSES, Verdict.FAILS, words, look.now)
    if down >= NEEDED:
        return Condition(WITNESSES, Verdict.HOLDS, words, look.now)
    return Condition(WITNESSES, Verdict.UNKNOWN, words, look.now)


def _outage(standing: Standing, look: Look, rules: Rules) -> Condition:
    """A machine that was powered off while its host and site were well was switched off on purpose. Whether one was can
    be told only where the hypervisor was heard just before the outage was first seen."""
    if standing.power_at is None:
        return Condition(OUTAGE, Verdict.UNKNOWN, "the hypervisor never said whether the machines run")
    when = f"{standing.power_at:%Y-%m-%d %H:%M:%S} UTC"
    if standing.off:
        words = f"{', '.join(standing.off)}: powered off on a healthy host at {when}, which is no outage"
        return Condition(OUTAGE, Verdict.FAILS, words, standing.power_at)
    since = standing.first_down or look.now
    if since - standing.power_at > timedelta(seconds=rules.pause_s):
        words = f"the machines were last seen at {when}, too long before the outage to know that they ran"
        return Condition(OUTAGE, Verdict.UNKNOWN, words, standing.power_at)
    return Condition(OUTAGE, Verdict.HOLDS, f"all machines ran when last seen, at {when}", standing.power_at)


def _fence(tallies: Sequence[Tally], look: Look, rules: Rules) -> Condition:
    """The old side was fenced, or is provably cut off: the replication link is silent, and with it the path of its own.
    The hypervisor's silence proves less: it may be asked over the very network that the link uses (procedures 1.2:
    several probes over one uplink are no proof)."""
    fenced = _seen(FENCE, look.fence, look, rules)
    if fenced.holds:
        return fenced
    silent = [tally.part for tally in tallies if confirmed(tally, look.now, rules)]
    if Part.LINK in silent and Part.PATH in silent:
        return Condition(FENCE, Verdict.HOLDS, f"cut off: {' and '.join(silent)} are silent", look.now)
    words = f"not fenced ({fenced.evidence}), and not cut off: {', '.join(silent) or 'no witness'} silent long enough"
    return Condition(FENCE, Verdict.FAILS, words, look.now)


def _replica(look: Look, rules: Rules) -> Condition:
    seen = look.replicas
    if seen is None or not fresh(seen.at, look.now, rules):
        return Condition(REPLICA, Verdict.UNKNOWN, "the replicas could not be read", seen.at if seen else None)
    if not seen.members:
        return Condition(REPLICA, Verdict.FAILS, "the group has no replica", seen.at)
    turned = [member for member in seen.members if member.active]
    lacking = [member for member in seen.members if member.point_in_time is None]
    for bad, why in ((turned, "runs, or the direction is turned"), (lacking, "no complete generation")):
        if bad:
            words = "; ".join(f"{member.name}: {why} ({member.evidence})" for member in bad)
            return Condition(REPLICA, Verdict.FAILS, words, seen.at)
    return Condition(REPLICA, Verdict.HOLDS, "; ".join(f"{m.name}: {m.evidence}" for m in seen.members), seen.at)


def loss_s(seen: Replicas, now: datetime) -> float | None:
    """What would be lost at most, in seconds; None where no bound can be said."""
    times = [member.point_in_time for member in seen.members]
    known = [time for time in times if time is not None]
    if not known or len(known) < len(times) or seen.skew_s is None:
        return None
    return (now - min(known)).total_seconds() + abs(seen.skew_s)


def _bound(look: Look, rules: Rules) -> Condition:
    """What would be lost at most, against what was accepted when the group was armed."""
    seen = look.replicas
    if seen is None or not fresh(seen.at, look.now, rules) or (bound_s := loss_s(seen, look.now)) is None:
        return Condition(BOUND, Verdict.UNKNOWN, "no bound: no complete copy of every machine was just seen")
    words = f"at most {bound_s / 60:.1f} min would be lost"
    if bound_s < -rules.most_age_s:
        return Condition(BOUND, Verdict.UNKNOWN, "a copy says that it is of a later time than now", seen.at)
    arming = look.arming
    if arming is None or not arming.valid(look.now):
        return Condition(BOUND, Verdict.UNKNOWN, f"{words}; nobody accepted any loss", seen.at)
    verdict = Verdict.HOLDS if bound_s <= arming.bound_s else Verdict.FAILS
    return Condition(BOUND, verdict, f"{words}, {arming.bound_s / 60:g} min were accepted", seen.at)


def _brake(look: Look, rules: Rules) -> Condition:
    words = f"{look.fired} of at most {rules.brake} groups failed over in the last {rules.brake_s / 60:g} min"
    return Condition(BRAKE, Verdict.HOLDS if look.fired < rules.brake else Verdict.FAILS, words, look.now)


def _armed(look: Look) -> Condition:
    arming = look.arming
    if arming is None:
        return Condition(ARMED, Verdict.FAILS, "nobody armed it", look.now)
    if arming.ended_at is not None:
        words = f"disarmed at {arming.ended_at:%Y-%m-%d %H:%M} UTC by {arming.ended_by}: {arming.why}"
        return Condition(ARMED, Verdict.FAILS, words, look.now)
    if arming.approved_at is None or arming.until is None:
        words = f"asked by {arming.asked_by}, and no second person approved"
        return Condition(ARMED, Verdict.FAILS, words, look.now)
    words = f"armed by {arming.asked_by} and {arming.approved_by} until {arming.until:%Y-%m-%d %H:%M} UTC"
    return Condition(ARMED, Verdict.HOLDS if arming.valid(look.now) else Verdict.FAILS, words, look.now)


def _veto(look: Look) -> Condition:
    if look.vetoed_by is not None:
        return Condition(VETO, Verdict.FAILS, f"vetoed by {look.vetoed_by}", look.now)
    return Condition(VETO, Verdict.HOLDS, "nobody vetoed it", look.now)
