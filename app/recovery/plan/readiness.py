"""Whether a plan could be run now: every check of its members, room for their sum, RPO and RTO against targets."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from app.config_table import SettingsError
from app.plans.records import Application, Kind, MemberKind, RecoveryPlan
from app.recovery.beside import beside
from app.recovery.operations import Operations, who
from app.recovery.plan import checks, drafting
from app.recovery.plan.drafting import Drawn
from app.recovery.plan.facts import facts
from app.recovery.plan.looked import Looked, look
from app.recovery.pod.seeing import INBOUND, link_of
from app.recovery.pod.situation import PodNow
from app.recovery.pra import failover_checks, readiness
from app.recovery.pra.operate import drilled
from app.recovery.rcg import bounds
from app.recovery.step import UnseenError
from app.recovery.vm.failover_plan import bound_s
from store.estate import EsxiHost, PowerState, VirtualMachine
from store.plan_records import Expected, Foreseen, PlanCheck
from store.readiness import Check, Severity, Verdict, sorted_checks
from store.runs import Guard
from store.view import EstateView


def check(operations: Operations, plan: RecoveryPlan, run_id: str) -> PlanCheck:
    """Look at everything that the plan rests on, and judge. Raises :class:`SettingsError` for members that are not
    there, with their lines."""
    seen = look(operations, plan, Kind.DISASTER)
    if seen.problems:
        raise SettingsError(plan.path, seen.problems)
    _read_servers(operations, seen)
    durations = operations.ledger.durations
    planned = drafting.draw(plan, Kind.PLANNED, seen, run_id, durations, operations.sessions)
    disaster = drafting.draw(plan, Kind.DISASTER, seen, run_id, durations, operations.sessions)
    expected = tuple(_expected(a, seen, disaster) for a in plan.applications)
    found = [
        *_guards(planned, disaster),
        *_lpars(operations, seen),
        *_space(seen),
        *_memory(operations.store.view, seen),
        *_targets(expected),
    ]
    return PlanCheck(
        plan=plan.name,
        digest=plan.digest,
        facts=tuple(facts(plan, operations.settings, operations.store.view).items()),
        at=datetime.now(UTC),
        by=who(),
        checks=sorted_checks(found),
        applications=expected,
        foreseen=(*_foreseen(Kind.PLANNED, planned), *_foreseen(Kind.DISASTER, disaster)),
    )


def _foreseen(kind: Kind, drawn: Drawn) -> Iterable[Foreseen]:
    """How long a run should take, as a whole and for each application; nothing of one that is refused."""
    whole = drawn.plan
    if whole.p50_s is not None and whole.p95_s is not None:
        yield Foreseen(str(kind), "", whole.p50_s, whole.p95_s)
    for each in drawn.outlooks:
        if each.up is not None:
            yield Foreseen(str(kind), each.application, each.up.p50_s, each.up.p95_s)


def _read_servers(operations: Operations, seen: Looked) -> None:
    """The machines as a sweep sees them: what changes of them is told by these."""
    servers = sorted({name for at in seen.vms.values() for name in (at.replication.source, at.replication.destination)})
    since = time.monotonic()

    def read(name: str) -> None:
        with suppress(UnseenError):  # a guard says so already
            operations.devices.reading(name, since)

    beside(read, servers, "look")


def _guards(planned: Drawn, disaster: Drawn) -> Iterable[Check]:
    """What would refuse a run of either kind; one that both have, once."""
    told: dict[str, Guard] = {}
    for kind, drawn in ((Kind.PLANNED, planned), (Kind.DISASTER, disaster)):
        for guard in drawn.plan.refused:
            told.setdefault(f"{guard.words}: {guard.evidence}", guard)
        yield Check(
            f"plan.{kind}",
            Severity.BLOCK,
            Verdict.FAILS if drawn.plan.refused else Verdict.HOLDS,
            f"{len(drawn.plan.refused)} guards refuse a {kind} run"
            if drawn.plan.refused
            else f"nothing refuses a {kind} run of {len(drawn.plan.steps)} steps",
        )
    for text, guard in told.items():
        about = f"{guard.about}: " if guard.about and guard.about not in text else ""
        yield Check(guard.id.partition(" ")[0], Severity.BLOCK, Verdict.FAILS, f"{about}{text}")


def _lpars(operations: Operations, seen: Looked) -> Iterable[Check]:
    """The readiness of each LPAR, as drdeck lpar check tells it."""
    if seen.pra is None or not seen.lpars:
        return
    every = readiness.check(seen.pra, drilled(operations.ledger.runs()))
    for one in every:
        if one.name in seen.lpars:
            for found in one.because:
                yield Check(found.id, found.severity, found.verdict, f"{one.name}: {found.evidence}", found.fix)
    missing = sorted(set(seen.lpars) - {one.name for one in every})
    for name in missing:
        yield Check("pwr.golden", Severity.BLOCK, Verdict.UNKNOWN, f"{name} is not shown at {seen.pra.nominal.site}")


def _space(seen: Looked) -> Iterable[Check]:
    if seen.lpars:
        wrong, good = checks.array_space(seen)
        verdict = Verdict.FAILS if wrong else Verdict.HOLDS
        yield Check("fa.space", Severity.BLOCK, verdict, "; ".join(wrong or good), "make room" if wrong else "")


def _memory(view: EstateView, seen: Looked) -> Iterable[Check]:
    """Whether the ESXi hosts at the other site have memory for all VMs of the plan beside what runs there. Hosts can
    give out more than they have, so this only warns."""
    needed: dict[str, int] = defaultdict(int)
    for at in seen.vms.values():
        machine = at.vm or (at.complete[0].machine if at.complete else None)
        needed[at.replication.destination] += machine.memory_mb if machine is not None else 0
    free = dict.fromkeys(needed, 0)
    for entry in (*view.entries("esxi"), *view.entries("vm")) if needed else ():
        found = None if entry.gone or entry.device not in free else entry.peek()
        if isinstance(found, EsxiHost) and found.connection_state == "connected" and not found.in_maintenance:
            free[entry.device] += found.memory_mb or 0
        elif isinstance(found, VirtualMachine) and found.power_state is PowerState.ON:
            free[entry.device] -= found.memory_mb or 0
    for server, size in needed.items():
        good = free[server] >= size
        words = f"the hosts of {server} have {max(0, free[server])} MB free, the VMs of the plan want {size} MB"
        yield Check("vm.memory", Severity.WARN, Verdict.HOLDS if good else Verdict.FAILS, words)


def _expected(application: Application, seen: Looked, disaster: Drawn) -> Expected:
    outlook = next(each for each in disaster.outlooks if each.application == application.name)
    p50, p95 = (outlook.up.p50_s, outlook.up.p95_s) if outlook.up is not None else (None, None)
    return Expected(application.name, rpo_now(application, seen), application.rpo_s, p50, p95, application.rto_s)


def rpo_now(application: Application, seen: Looked) -> float | None:
    """How much an application would lose if its site were lost now, in seconds: the age of the oldest of the newest
    copies of its members. None: one has no copy, or nothing bounds it."""
    ages: list[float | None] = []
    for member in application.members:
        if member.kind is MemberKind.RCG and member.name in seen.rcgs:
            ages.append(bounds.now(seen.rcgs[member.name]))
        elif member.kind is MemberKind.POD and member.name in seen.pods:
            ages.append(_pod_age(seen.pods[member.name]))
        elif member.kind is MemberKind.VM and member.name in seen.vms:
            at = seen.vms[member.name]
            ages.append(bound_s(at, at.complete[0], writes=False) if at.complete else None)
    lpars = [seen.lpars[m.name] for m in application.of(MemberKind.LPAR) if m.name in seen.lpars]
    if lpars and seen.pra is not None:
        ages.append(failover_checks.bound(seen.pra, lpars).seconds)
    known = [age for age in ages if age is not None]
    return max(known) if known and len(known) == len(ages) else None


def _pod_age(at: PodNow) -> float | None:
    """The age of what the other side holds, in seconds, as that side says."""
    target = at.pod if at.link is not None and at.link.direction == INBOUND else at.peer
    link = link_of(target)
    point = link.recovery_point if link is not None else None
    return None if point is None else max(0.0, (at.now - point).total_seconds())


def _targets(expected: Iterable[Expected]) -> Iterable[Check]:
    for each in expected:
        name = each.application
        if each.rpo_target_s is not None:
            age = "nobody knows how old" if each.rpo_s is None else f"{each.rpo_s / 60:.1f} min old"
            good = each.rpo_s is not None and each.rpo_s <= each.rpo_target_s
            words = f"{name}: its copies are {age}, of {each.rpo_target_s / 60:g} min"
            verdict = Verdict.HOLDS if good else Verdict.FAILS
            yield Check("plan.rpo", Severity.BLOCK, verdict, words, "" if good else "see its replication")
        if each.rto_target_s is not None and each.p95_s is not None:
            good = each.p95_s <= each.rto_target_s
            words = f"{name}: up within {each.p95_s / 60:.1f} min 19 times out of 20, of {each.rto_target_s / 60:g} min"
            yield Check("plan.rto", Severity.WARN, Verdict.HOLDS if good else Verdict.FAILS, words)
