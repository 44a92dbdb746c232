"""Looking at all members of a plan at once, and which of them are not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from app.config_table import SettingProblem
from app.plans.reader import problem
from app.plans.records import Kind, MemberKind, RecoveryPlan
from app.recovery import witnesses
from app.recovery.beside import beside
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.pod import gather as pod_gather
from app.recovery.pod import operate as pod_operate
from app.recovery.pod import seeing as pod_seeing
from app.recovery.pod.situation import ArrayPods, PodNow
from app.recovery.pra import members as pra_members
from app.recovery.pra import operate as pra_operate
from app.recovery.pra.members import Member as LparNow
from app.recovery.pra.situation import PraNow
from app.recovery.rcg import gather as rcg_gather
from app.recovery.rcg.gather import Array
from app.recovery.rcg.situation import Situation
from app.recovery.vm import gather as vm_gather
from app.recovery.vm import operate as vm_operate
from app.recovery.vm.situation import VmNow
from app.recovery.witnesses import Witness
from store.rcg_verbs import Standing


class Looked(Struct, frozen=True):
    """The members as they are at one moment (UTC), by name. ``problems`` are those that are not there. ``witnesses``
    were asked about the old site, where that is needed."""

    at: datetime
    rcgs: Mapping[str, Situation]
    vms: Mapping[str, VmNow]
    pra: PraNow | None
    lpars: Mapping[str, LparNow]
    problems: tuple[SettingProblem, ...]
    witnesses: tuple[Witness, ...] = field(default=())
    pods: Mapping[str, PodNow] = field(default_factory=dict)


def look(operations: Operations, plan: RecoveryPlan, kind: Kind) -> Looked:
    """Look at every device that the members are on, side by side. What cannot be read is there without a reading. For
    a failback LPARs are looked at the other way round: as those of the old site, where they are to be."""
    tasks: Sequence[Callable[[], Any]] = (
        lambda: _arrays(operations, plan),
        lambda: _vms(operations, plan),
        lambda: _pra(operations, plan, back=kind is Kind.FAILBACK),
        lambda: _pod_arrays(operations, plan),
    )
    arrays, vms, pra, pod_arrays = beside(lambda task: task(), tasks, "look")
    now = datetime.now(UTC)
    problems: list[SettingProblem] = []
    rcgs = _rcgs(plan, arrays, now, problems)
    lpars = _lpars(plan, pra, problems)
    pods = _pods(operations, plan, pod_arrays, kind, problems)
    known = {at.name for at in vms}
    for _, member in plan.members:
        if member.kind is MemberKind.VM and member.name not in known:
            there = ", ".join(one.name for one in operations.settings.replications[:8]) or "there is none"
            problems.append(_missing(plan, member.line, f"a name of [[replications]]: {there}", member.name))
    found = Looked(now, rcgs, {at.name: at for at in vms}, pra, lpars, tuple(problems), pods=pods)
    return _witnessed(operations, plan, found) if kind is Kind.DISASTER else found


def _missing(plan: RecoveryPlan, line: int, expected: str, name: str) -> SettingProblem:
    return problem(plan, line, "", expected, f'"{name}"')


def _arrays(operations: Operations, plan: RecoveryPlan) -> list[Array]:
    if not plan.names(MemberKind.RCG):
        return []
    return rcg_gather.arrays(operations.devices, operations.settings.devices, operations.known_rcgs)


def _vms(operations: Operations, plan: RecoveryPlan) -> tuple[VmNow, ...]:
    """The replications of the plan, with its names of port groups."""
    settings, names = operations.settings, set(plan.names(MemberKind.VM))
    wanted = [
        replace(one, networks={**one.networks, **plan.networks}) for one in settings.replications if one.name in names
    ]
    if not wanted:
        return ()
    found = vm_gather.look(operations.devices, settings.devices, wanted, vm_operate.standing(operations.ledger))
    return vm_gather.with_autostart(operations.devices, found)


def _pra(operations: Operations, plan: RecoveryPlan, *, back: bool) -> PraNow | None:
    if not plan.names(MemberKind.LPAR):
        return None
    pra = pra_operate.configured(operations)
    return pra_operate.look(operations, pra.reversed() if back else pra)


def _pod_arrays(operations: Operations, plan: RecoveryPlan) -> tuple[ArrayPods, ...]:
    if not plan.names(MemberKind.POD):
        return ()
    return pod_gather.arrays(operations.devices, operations.settings.devices, pod_operate.known(operations))


def _pods(
    operations: Operations,
    plan: RecoveryPlan,
    arrays: Sequence[ArrayPods],
    kind: Kind,
    problems: list[SettingProblem],
) -> dict[str, PodNow]:
    """Each as the side shows it that is acted on first: for a failover its source and, where that cannot be read, the
    other side; for a drill and a failback the target of the plan; to reprotect it, the site that it was at."""
    found = {}
    for _, member in plan.members:
        if member.kind is not MemberKind.POD:
            continue
        here = _pod_side(arrays, plan, kind, member.name)
        if here is None:
            unread = [f"{array.device} ({array.failure})" for array in arrays if array.pods is None]
            more = f"; not read: {', '.join(unread)}" if unread else ""
            expected = f"a pod at {plan.source} that replicates to {plan.target}{more}"
            problems.append(_missing(plan, member.line, expected, member.name))
        else:
            found[member.name] = pod_gather.situation(operations.devices, arrays, *here)
    return found


def _pod_side(arrays: Sequence[ArrayPods], plan: RecoveryPlan, kind: Kind, name: str) -> tuple[ArrayPods, str] | None:
    """The array to look from, and what the pod is called there."""
    match kind:
        case Kind.DRILL | Kind.FAILBACK:
            return _pod_away(arrays, plan, name, inbound=False)
        case Kind.REPROTECT:
            return _pod_at_home(arrays, plan, name) or _pod_away(arrays, plan, name, inbound=False)
        case _:
            return _pod_at_home(arrays, plan, name) or _pod_away(arrays, plan, name, inbound=True)


def _pod_at_home(arrays: Sequence[ArrayPods], plan: RecoveryPlan, name: str) -> tuple[ArrayPods, str] | None:
    for array in arrays:
        pod = pod_seeing.live(array.pods or {}, name)
        if array.site == plan.source and pod is not None and pod.links:
            return array, name
    return None


def _pod_away(
    arrays: Sequence[ArrayPods], plan: RecoveryPlan, name: str, *, inbound: bool
) -> tuple[ArrayPods, str] | None:
    """``inbound``: only one that is the target of its link counts."""
    for array in arrays:
        for pod in (array.pods or {}).values() if array.site == plan.target else ():
            link = pod_seeing.link_of(pod)
            if link is None or pod.destroyed or (inbound and link.direction != pod_seeing.INBOUND):
                continue
            if (link.remote_pod or pod.name) == name:
                return array, pod.name
    return None


def _rcgs(
    plan: RecoveryPlan, arrays: Sequence[Array], now: datetime, problems: list[SettingProblem]
) -> dict[str, Situation]:
    found = {}
    for _, member in plan.members:
        if member.kind is MemberKind.RCG:
            try:
                at = rcg_gather.situation(arrays, member.name, now)
            except CannotPlanError as error:
                problems.append(_missing(plan, member.line, f"a remote copy group. {error}", member.name))
                continue
            if at.name != member.name:  # else one group could stand here twice
                problems.append(_missing(plan, member.line, f"its name on its natural primary: {at.name}", member.name))
            found[member.name] = at
    return found


def _lpars(plan: RecoveryPlan, now: PraNow | None, problems: list[SettingProblem]) -> dict[str, LparNow]:
    """Each by itself, so that all that are not there are told of."""
    found: dict[str, LparNow] = {}
    for _, member in plan.members if now is not None else ():
        if member.kind is not MemberKind.LPAR or now is None:
            continue
        try:
            made = pra_members.members(now, [member.name])
        except CannotPlanError as error:
            problems.append(_missing(plan, member.line, f"an LPAR at {now.recovery.site}. {error}", member.name))
            continue
        if [each.name for each in made] != [member.name]:
            problems.append(_missing(plan, member.line, "the name of one LPAR, no pattern", member.name))
        else:
            found[member.name] = made[0]
    return found


def _witnessed(operations: Operations, plan: RecoveryPlan, found: Looked) -> Looked:
    """With what every device of the old site says, asked once, where a member cannot be fenced at home."""
    dark = [name for name, at in found.rcgs.items() if at.standing is Standing.PRIMARY_DARK]
    cut = [at.name for at in found.vms.values() if at.vm is None or at.vm.connection != "connected"]
    lost = [name for name, at in found.lpars.items() if at.home is None]
    gone = [name for name, at in found.pods.items() if at.there is not None and at.there.silent]
    if not (dark or cut or lost or gone):
        return found
    every = witnesses.asked(operations.devices, operations.settings.devices, plan.source, "")
    rcgs = {name: rcg_gather.told(at, every) if name in dark else at for name, at in found.rcgs.items()}
    vms = {name: vm_gather.told(at, every) if name in cut else at for name, at in found.vms.items()}
    pods = {name: pod_gather.told(at, every) if name in gone else at for name, at in found.pods.items()}
    return replace(found, rcgs=rcgs, vms=vms, pods=pods, witnesses=every)
