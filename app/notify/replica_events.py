"""What the age of replicas tells operators, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from app.notify.keys import REPLICAS
from app.output import stamp
from store.estate import PowerState, VirtualMachine
from store.notices import Event, EventKind, Severity
from store.records import Entry

LATE = 2
"""A replica is late once its newest complete copy is older than so many intervals."""


class Newest(Struct, frozen=True):
    """The newest complete copy of a machine (``uuid``: its instance UUID), on ``device``; ``late``: a new one should
    have been there since."""

    uuid: str
    name: str
    device: str
    point: datetime
    interval: timedelta
    late: bool


def target(uuid: str) -> str:
    return f"vm:{uuid}"


def newest(entries: Iterable[Entry], now: datetime) -> Mapping[str, Newest]:
    """By the source's instance UUID. A machine whose replica runs is left out: no copy is made onto that."""
    found: dict[str, Newest] = {}
    running: set[str] = set()
    for entry in entries:
        vm = entry.obj
        if not isinstance(vm, VirtualMachine) or vm.replica is None or entry.gone:
            continue
        replica = vm.replica
        uuid = replica.source_instance_uuid
        if vm.power_state is not PowerState.OFF:
            running.add(uuid)
        known = found.get(uuid)
        if replica.complete and replica.interval_s and (known is None or known.point < replica.point_in_time):
            every = timedelta(seconds=replica.interval_s)
            late = now - replica.point_in_time > LATE * every
            found[uuid] = Newest(uuid, replica.source_name, entry.device, replica.point_in_time, every, late)
    return {uuid: each for uuid, each in found.items() if uuid not in running}


def event_of(found: Newest, site: str) -> Event:
    """That a replica is late, or on time again."""
    point, minutes = stamp(found.point), f"{found.interval.total_seconds() / 60:g} min"
    copy = f"The newest complete copy of {found.name} on {found.device}"
    see = f"See it: {REPLICAS}, Enter on {found.name}; drdeck vm list."
    if found.late:
        return Event(
            kind=EventKind.REPLICATION_LATE,
            severity=Severity.WARNING,
            site=site,
            target=target(found.uuid),
            subject=f"the replica of {found.name} is late",
            what=f"{copy} is of {point}, one is due every {minutes}.",
            means="A failover now would lose everything that it wrote since.",
            next=f"See why: drdeck schedule history replicate-{found.name}. {see}",
            key=f"replication-late:{found.uuid}:{point}",
        )
    return Event(
        kind=EventKind.REPLICATION_ON_TIME,
        severity=Severity.NOTICE,
        site=site,
        target=target(found.uuid),
        subject=f"the replica of {found.name} is on time again",
        what=f"{copy} is of {point}.",
        means="A failover would lose no more than what its interval allows.",
        next=see,
        key=f"replication-on-time:{found.uuid}:{point}",
    )
