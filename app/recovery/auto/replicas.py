"""What the DR site's hypervisor shows of the replicas of a group, without asking the source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.auto_records import AutoGroup
from app.recovery.auto.rules import Member, Replicas
from store.estate import PowerState, Reading, VirtualMachine, VmReplica


def of_reading(reading: Reading, group: AutoGroup, at: datetime) -> Replicas:
    """The newest complete generation of each machine; a machine without one has no point in time."""
    known: dict[str, list[tuple[VirtualMachine, VmReplica]]] = {name: [] for name in group.vms}
    for each in reading.objects:
        if isinstance(each, VirtualMachine) and each.replica is not None and each.replica.source_name in known:
            known[each.replica.source_name].append((each, each.replica))
    members = tuple(_member(name, found) for name, found in known.items())
    return Replicas(members, reading.clock_skew_s, at)


def running(reading: Reading, group: AutoGroup) -> bool:
    """Whether any replica of the group runs."""
    return any(member.active for member in of_reading(reading, group, reading.taken_at).members)


def _member(name: str, found: Sequence[tuple[VirtualMachine, VmReplica]]) -> Member:
    active = any(vm.power_state is not PowerState.OFF for vm, _ in found)
    sources = {replica.source_instance_uuid for _, replica in found}
    complete = [replica for _, replica in found if replica.complete]
    if len(sources) > 1:
        return Member(name, None, active, f"replicas of {len(sources)} machines of this name: which one is not told")
    if not complete:
        return Member(name, None, active, "no replica" if not found else "every generation is incomplete")
    newest = max(complete, key=lambda replica: (replica.point_in_time, replica.generation))
    when = f"{newest.point_in_time:%Y-%m-%d %H:%M:%S} UTC"
    return Member(name, newest.point_in_time, active, f"generation {newest.generation} complete, of {when}")
