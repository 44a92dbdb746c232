"""The plans of the directory as the screens show them."""

from __future__ import annotations

from collections.abc import Sequence

from app.plans import catalogue, order
from app.plans.records import Application, MemberKind, RecoveryPlan
from app.plans.words import KINDS, of_kinds
from app.recovery.plan.facts import facts
from app.settings_records import Settings
from store import plan_records
from store.plan_records import PlanCheck, PlanState
from store.plan_view import ApplicationShown, PlanShown
from store.view import EstateView

_WHEN = {
    "before-stop": "before its stop, if planned",
    "before-start": "before its start",
    "after-start": "once it is up",
}


def shown(settings: Settings, view: EstateView, checks: dict[str, PlanCheck]) -> tuple[PlanShown, ...]:
    """Every file, by name, with how it stands against its last check. No device is asked."""
    found = []
    for each in catalogue.listed(settings.plan_folder):
        check = checks.get(each.name)
        if each.plan is None:
            errors = tuple(str(each.error).replace(f"{each.path.parent}/", "").splitlines())
            found.append(PlanShown(each.name, str(each.path), PlanState.UNUSABLE, errors=errors))
            continue
        known = facts(each.plan, settings, view) if check is not None and not check.stops else {}
        state, changed = plan_records.state(check, each.plan.digest, known)
        found.append(_shown(each.plan, state, changed, check))
    return tuple(found)


def _shown(plan: RecoveryPlan, state: PlanState, changed: Sequence[str], check: PlanCheck | None) -> PlanShown:
    return PlanShown(
        name=plan.name,
        path=str(plan.path),
        state=state,
        source=plan.source,
        target=plan.target,
        counts=catalogue.members_in_words(plan),
        applications=tuple(_application(each) for each in order.applications(plan)),
        changed=tuple(changed),
        check=check,
    )


def _application(application: Application) -> ApplicationShown:
    members = [(KINDS[kind], ", ".join(m.name for m in application.of(kind))) for kind in MemberKind]
    return ApplicationShown(
        name=application.name,
        group=application.group,
        after=application.after,
        members=tuple((kind, names) for kind, names in members if names),
        inside=tuple(f"{name} after {', '.join(others)}" for name, others in application.inside.items()),
        steps=tuple(f"{step.name}, {_WHEN[step.when]}{of_kinds(step)}" for step in application.steps),
        rto_s=application.rto_s,
        rpo_s=application.rpo_s,
    )
