"""How plans stand since they were last checked, without asking any device; and a check in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from app.plans.records import RecoveryPlan
from app.recovery.plan.facts import facts
from app.runs_words import application_lines, span
from app.settings_records import Settings
from store import plan_checks, plan_records
from store.database import open_store
from store.place import Place
from store.plan_records import Expected, PlanCheck, PlanState
from store.readiness import Check
from store.runs import Run


class PlanStanding(Struct, frozen=True):
    """``changed``: what is not as it was when it was verified."""

    state: PlanState
    changed: tuple[str, ...]
    check: PlanCheck | None

    @property
    def words(self) -> str:
        if self.state is PlanState.CHANGED:
            more = f" and {len(self.changed) - 1} more" if len(self.changed) > 1 else ""
            return f"{self.state}: {self.changed[0]}{more}"
        when = "" if self.check is None else f" {self.check.at:%Y-%m-%d %H:%M}"
        return f"{self.state}{when}"

    @property
    def rpo_words(self) -> str:
        """The worst age of its copies when it was checked."""
        known = [each.rpo_s for each in self.check.applications] if self.check is not None else []
        return "-" if not known or None in known else span(max(each for each in known if each is not None))

    @property
    def rto_words(self) -> str:
        """When the last of it should be up in a disaster, as 19 times out of 20."""
        known = [each.p95_s for each in self.check.applications] if self.check is not None else []
        return "-" if not known or None in known else span(max(each for each in known if each is not None))


def standings(settings: Settings, store_path: Place, plans: Sequence[RecoveryPlan]) -> dict[str, PlanStanding]:
    """By the name of the plan, with the estate as the store last saw it."""
    if not plans:
        return {}
    checks = plan_checks.kept(store_path)
    store = open_store(store_path)
    try:
        found = {}
        for plan in plans:
            check = checks.get(plan.name)
            known = facts(plan, settings, store.view) if check is not None and not check.stops else {}
            state, changed = plan_records.state(check, plan.digest, known)
            found[plan.name] = PlanStanding(state, changed, check)
        return found
    finally:
        store.close()


def check_lines(check: PlanCheck) -> list[str]:
    """What was found, the worst first; then each application against its targets."""
    how = "NOT VERIFIED, because" if check.stops else "verified, until its file or what it rests on changes"
    lines = [f"{check.plan}: {how}"]
    lines += _lines(check.stops)
    lines += _lines(set(_not_good(check)) - set(check.stops))
    foreseen = foreseen_lines(check)
    return [*lines, "", *map(_application, check.applications), *([""] if foreseen else []), *foreseen]


def _not_good(check: PlanCheck) -> Iterable[Check]:
    return (each for each in check.checks if each.verdict != "holds")


def _lines(checks: Iterable[Check]) -> list[str]:
    found = []
    for each in sorted(checks, key=lambda c: (c.id, c.evidence)):
        found.append(f"  {each.verdict:<7} {each.severity:<5} [{each.id}] {each.evidence}")
        found += [f"  {'':<13} {each.fix}"] if each.fix else []
    return found


def _application(each: Expected) -> str:
    rpo = "not known" if each.rpo_s is None else span(each.rpo_s)
    rpo += "" if each.rpo_target_s is None else f" of {span(each.rpo_target_s)}"
    rto = "not known" if each.p95_s is None or each.p50_s is None else f"{span(each.p50_s)}, P95 {span(each.p95_s)}"
    rto += "" if each.rto_target_s is None else f" of {span(each.rto_target_s)}"
    late = each.rto_target_s is not None and each.p95_s is not None and each.p95_s > each.rto_target_s
    more = ": beyond its RTO" if late else ""
    return f"  {each.application}: RPO now {rpo}; RTO expected in a disaster {rto}{more}"


def foreseen_lines(check: PlanCheck) -> list[str]:
    """How long each kind of run should take as a whole, and until each application is up, against its RTO."""
    whole = [f"{each.kind} {span(each.p50_s)}, P95 {span(each.p95_s)}" for each in check.of()]
    if not whole:
        return []
    lines = [f"Foreseen, until all is over: {'; '.join(whole)}"]
    for each in check.applications:
        kinds = [f"{one.kind} {span(one.p50_s)}, P95 {span(one.p95_s)}" for one in check.of(each.application)]
        target = "no RTO is set" if each.rto_target_s is None else f"RTO {span(each.rto_target_s)}"
        lines.append(f"  {each.application} up after: {'; '.join(kinds)} ({target})")
    return lines


def standing_lines(at: PlanStanding, now: datetime) -> list[str]:
    """How a plan stands since its last check, how old that is, and what that foresaw."""
    if at.check is None:
        return ["", "Not checked yet: drdeck plan check tells whether it could be run, and how long that should take"]
    ago = span(max(0.0, (now - at.check.at).total_seconds()))
    return ["", f"{at.state}, checked {ago} ago by {at.check.by}", *_changed(at.changed), *foreseen_lines(at.check)]


def _changed(changed: Sequence[str]) -> list[str]:
    return [f"  changed since: {', '.join(changed)}"] if changed else []


def last_run(runs: Iterable[Run], plan: str) -> Run | None:
    """The newest of the ``runs`` that is one of a plan, of any kind, and was begun."""
    mine = (run for run in runs if run.plan.recovery is not None and run.plan.recovery.plan == plan)
    return max((run for run in mine if run.began_at is not None), key=lambda run: run.created_at, default=None)


def last_run_lines(run: Run | None, now: datetime) -> list[str]:
    """What the last run of a plan came to, for each application."""
    if run is None:
        return []
    ago = span(max(0.0, (now - run.created_at).total_seconds()))
    return ["", f"Last run {run.id}, {run.plan.name}, {ago} ago: {run.state}", *application_lines(run)]
