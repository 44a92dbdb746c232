"""Drills of LPARs (procedures 3.7): up at the recovery site on copies of their own and on an isolated network, while
production runs and replication goes on; and their clean-up, which is a run of its own. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from app.pra_records import WwpnPolicy
from app.recovery.draft import CannotPlanError, Draft, merged
from app.recovery.pra import failover_checks
from app.recovery.pra.array_steps import Connect, Disconnect, MakeVolume
from app.recovery.pra.drill_steps import DestroyVolume, MakeProfile, MarkVolume
from app.recovery.pra.failover_checks import Guards
from app.recovery.pra.failover_draft import Asked, Drawing, Party
from app.recovery.pra.failover_plan import BOOT_S
from app.recovery.pra.golden import attributes, differences, next_profile
from app.recovery.pra.hmc_steps import RedefineLpar
from app.recovery.pra.members import Disk, Member
from app.recovery.pra.power_steps import ActivateLpar, StopLpar, WaitUp
from app.recovery.pra.situation import PraNow, wwpns
from app.recovery.step import Step
from backends.hmc.verbs import Stop
from store.drills import CLEANUP, DRILL, DRILLS, order, subject
from store.estate import LparProfile
from store.recorded import from_text
from store.runs import Plan, Run, RunState

PROFILE = "drdeck-drill"
"""The name of the profile that puts an LPAR onto the isolated network. It stays: the default profile is another."""


def plan(now: PraNow, members: Sequence[Member], wave: int, run_id: str) -> Plan:
    """The drill. Refused without a network that is isolated."""
    draft = drawn(now, members, wave, run_id).draft
    if not draft.refused:
        draft.confirm.append(f"drill {draft.at.name}")
        draft.notes.append(f"The clean-up is owed until it is done: drdeck lpar cleanup {run_id}")
    return merged(DRILL, [draft])


def drawn(now: PraNow, members: Sequence[Member], wave: int, run_id: str, prefix: str = "s") -> Drawing:
    """What that plan is made of. The ids of its steps begin with ``prefix``. In the drawing *copied* are the steps that
    make an LPAR ready to be activated."""
    name = members[0].name if len(members) == 1 else f"{len(members)} LPARs"
    draft = Draft(Party(name, now.now, tuple(member.name for member in members), ()), prefix, run_id)
    drawing = Drawing(now, Asked(wave=wave), members, draft)
    guards = Guards(draft.guards)
    _isolated(now, members, guards)
    for member in members:
        failover_checks.ready(now, member, guards)
        _own_addresses(now, member, guards)
    failover_checks.room(now, members, guards)
    if not draft.refused:
        for number, member in enumerate(members):
            before = (drawing.running[number - wave],) if number >= wave else ()
            _member(drawing, member, before)
        draft.loss, draft.loss_s = "nothing: production runs on, and the drill has volumes of its own", 0.0
        draft.notes.append("Until its clean-up is done these LPARs cannot be failed over.")
    return drawing


def _isolated(now: PraNow, members: Sequence[Member], guards: Guards) -> None:
    pra = now.pra
    wrong = []
    if pra.drill_vswitch is None or pra.drill_vlan is None:
        wrong.append("[pra] names no drill_vswitch and drill_vlan")
    systems = {member.lpar.system_key for member in members}
    for lpar in now.recovery.lpars:
        for adapter in lpar.eth:
            on = pra.drill_vlan in (adapter.port_vlan_id, *adapter.addl_vlan_ids)
            if lpar.system_key in systems and adapter.vswitch == pra.drill_vswitch and on and adapter.trunk_priority:
                wrong.append(f"{lpar.name} on {lpar.system} bridges VLAN {pra.drill_vlan} of {adapter.vswitch}")
    for member in members:
        held = [port for profile in member.lpar.profiles if profile.name == PROFILE for port in profile.ports]
        wrong += [f"the profile {PROFILE} of {member.name} has {port.label} on a physical network" for port in held]
    words = "the network of the drill is isolated: no VIOS bridges it"
    good = f"VLAN {pra.drill_vlan} of {pra.drill_vswitch}: no trunk adapter"
    guards.add("drill.isolated", "", words, wrong, good, now.now)


def _own_addresses(now: PraNow, member: Member, guards: Guards) -> None:
    same = now.pra.policy(member.name) is WwpnPolicy.SAME
    words = f"{member.name} has WWPNs of its own at {now.recovery.site}"
    wrong = ["its definition carries production's: a drill would log them in twice"] if same else []
    guards.add("pwr.wwpn-unique", member.name, words, wrong, ", ".join(wwpns(member.lpar)[:2]), now.now)


def _member(drawing: Drawing, member: Member, before: tuple[str, ...]) -> None:
    """The steps of one LPAR."""
    now, draft, lpar = drawing.now, drawing.draft, member.lpar
    disks = [_disk(disk, draft, draft.run_tag) for disk in member.disks]
    given = next_profile(lpar)
    assert given is not None
    hmc = now.recovery.hmc_of[lpar.system_key]
    profile = _profile(now, member, given, hmc, draft)
    near = tuple(sorted((now.recovery.hmc_of[s.key], s.name) for s in now.recovery.systems.values()))
    step = ActivateLpar(hmc, lpar.system, lpar.name, PROFILE, None, True, (), wwpns(lpar), near, near, ())
    title = f"Activate {lpar.name} on {lpar.system} for the drill"
    on = draft.add(step, title, needs=(*(each[-1] for each in disks), *profile), after=before, limit_s=BOOT_S)
    drawing.running.append(on)
    drawing.copied[member.name] = (*(step for each in disks for step in each), *profile)
    if lpar.env == "aixlinux":
        up = WaitUp(hmc, lpar.system, lpar.name)
        on = draft.add(up, f"Wait until {lpar.name} answers", needs=(on,), limit_s=BOOT_S)
    drawing.up[member.name] = on


def _disk(disk: Disk, draft: Draft[Party], run: str) -> tuple[str, ...]:
    """A volume of the drill's own in the place of the copy. Returns its steps, the last of which shows it."""
    assert disk.part is not None and disk.lun is not None
    array, copy = disk.array.device, disk.volume
    host, name = copy.hosts[0][0], f"{copy.name}-drill-{run}"
    made = draft.add(MakeVolume(array, name, disk.part.name), f"Make {name} from {disk.part.name}", needs=())
    marked = draft.add(MarkVolume(array, name, run), f"Mark {name} as the drill's", needs=(made,), limit_s=60.0)
    gone = Disconnect(array, host, copy.name, disk.lun)
    away = draft.add(gone, f"Take {copy.name} (LUN {disk.lun}) away from {host}", needs=(marked,), limit_s=60.0)
    shown = Connect(array, host, name, disk.lun)
    last = draft.add(shown, f"Show {name} to {host} as LUN {disk.lun}", needs=(away,), limit_s=60.0)
    return made, marked, away, last


def _profile(now: PraNow, member: Member, given: LparProfile, hmc: str, draft: Draft[Party]) -> list[str]:
    """The profile on the isolated network: made, or corrected. Returns the step, where one is needed."""
    pra, lpar = now.pra, member.lpar
    assert pra.drill_vswitch is not None and pra.drill_vlan is not None
    lone = [
        replace(adapter, vswitch=pra.drill_vswitch, port_vlan_id=pra.drill_vlan, addl_vlan_ids=(), ieee=False)
        for adapter in given.eth
    ]
    wanted = replace(given, name=PROFILE, auto_start=False, eth=tuple(lone))
    there = next((profile for profile in lpar.profiles if profile.name == PROFILE), None)
    if there is None:
        make = MakeProfile(hmc, lpar.system, lpar.name, PROFILE, attributes(wanted))
        return [draft.add(make, f"Make the profile {PROFILE} of {lpar.name}", needs=(), limit_s=60.0)]
    fields = [each.field for each in differences(wanted, there)]
    if not fields:
        return []
    correct = RedefineLpar(hmc, lpar.system, lpar.name, PROFILE, attributes(wanted, fields))
    return [draft.add(correct, f"Correct the profile {PROFILE} of {lpar.name}", needs=(), limit_s=60.0)]


# ------------------------------------------------------------------------------------------------------------ clean-up


class _Left(Struct, frozen=True):
    """What a drill may have left behind, out of its own steps."""

    connects: tuple[Connect, ...]
    disconnects: tuple[Disconnect, ...]
    made: tuple[MakeVolume, ...]
    activated: tuple[ActivateLpar, ...]


def cleanup(now: PraNow, drill: Run, run_id: str) -> Plan:
    """Everything back as it was before the drill ``drill``. Raises :class:`CannotPlanError` for a run that is none, or
    that goes on."""
    if drill.plan.verb != DRILL:
        how = f", cleaned up by drdeck {order(drill)}" if drill.plan.verb in DRILLS else ""
        raise CannotPlanError(f"{drill.id} is no drill of LPARs: it is {drill.plan.name}{how}")
    if drill.state in (RunState.RUNNING, RunState.WAITING, RunState.PAUSED, RunState.INTERRUPTED):
        raise CannotPlanError(f"the drill {drill.id} is {drill.state}: let it end, or abort it first")
    draft = cleaned(now.now, drill, run_id)
    draft.confirm.append(f"discard DR writes of {drill.id}")
    return merged(CLEANUP, [draft])


def cleaned(now: datetime, drill: Run, run_id: str, prefix: str = "s") -> Draft[Party]:
    """What that plan is made of, out of the steps of the drill alone. The ids of its steps begin with ``prefix``."""
    left = _left(drill)
    lpars = tuple(sorted({step.lpar for step in left.activated}))
    draft = Draft(Party(subject(drill.id), now, lpars, ()), prefix, run_id)
    off: dict[str, str] = {}
    for on in left.activated:
        stop = StopLpar(on.hmc, on.system, on.lpar, Stop.HYPERVISOR, only=PROFILE)
        off[on.lpar] = draft.add(stop, f"Stop {on.lpar} on {on.system}", needs=(), destructive=True, limit_s=300.0)
    stopped = tuple(off.values())
    gone: dict[tuple[str, str], str] = {}
    for connect in left.connects:
        step = Disconnect(connect.array, connect.host, connect.volume, connect.lun)
        title = f"Take {connect.volume} away from {connect.host}"
        gone[connect.array, connect.volume] = draft.add(step, title, needs=stopped, limit_s=60.0)
    for made in left.made:
        destroy = DestroyVolume(made.array, made.volume, drill.id)
        needs = (gone[made.array, made.volume],) if (made.array, made.volume) in gone else stopped
        draft.add(destroy, f"Destroy {made.volume}", needs=needs, destructive=True, limit_s=60.0)
    for away in left.disconnects:
        if away.lun is not None:
            back = Connect(away.array, away.host, away.volume, away.lun)
            needs = tuple(gone.values()) or stopped
            draft.add(back, f"Show {away.volume} to {away.host} as LUN {away.lun} again", needs=needs, limit_s=60.0)
    draft.loss = "what was written in the drill: its volumes are pending eradication afterwards"
    return draft


def _left(drill: Run) -> _Left:
    def steps(kind: str, cls: type[Step]) -> list[Step]:
        return [from_text(cls, step.params) for step in drill.plan.steps if step.kind == kind]

    found: Mapping[str, list[Step]] = {
        kind: steps(kind, cls)
        for kind, cls in (
            ("host.connect", Connect),
            ("host.disconnect", Disconnect),
            ("volume.make", MakeVolume),
            ("lpar.activate", ActivateLpar),
        )
    }
    return _Left(*(tuple(found[kind]) for kind in found))  # type: ignore[arg-type]
