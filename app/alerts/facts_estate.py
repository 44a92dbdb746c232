"""What is wrong with devices and copies, by the estate as it was last read. Pure.

Of what is on a device that is not read just now nothing can be said: its alerts stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.alerts.rules import Sample
from app.notify.estate_events import HOLD
from app.notify.keys import DEVICES, PGROUPS, RCGS, REPLICAS
from app.output import stamp
from screens.conditions import CopyHealth
from screens.copies import LATE_AT, lateness, pgroup_health, worst_copy
from screens.scene import sample_is_stale, stale_after
from store.alert_records import AlertKind, Metric, Raised
from store.estate import EstateObject, PowerState, ProtectionGroup, RcgMode, RcgRole, RemoteCopyGroup, VirtualMachine
from store.notices import Severity
from store.records import DeviceHealth, DeviceStatus, Entry
from store.stored import UnreadableFactsError
from store.turns import paced
from store.view import EstateView

STALE_HOLD_S = 120.0
"""A console that begins has not read anything yet."""

_WRONG = (CopyHealth.LATE, CopyHealth.NO_COPY, CopyHealth.NOT_ALLOWED)


@dataclass
class Found:
    """What one look came to: what is wrong, of what nothing can be said, and what was measured."""

    raised: list[Raised] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    samples: list[Sample] = field(default_factory=list)

    def rpo(self, key: str, name: str, point: datetime | None, now: datetime, under: tuple[str, ...]) -> None:
        """``under``: where its data is made, and the other sites."""
        if point is not None:
            age_s = max(0.0, (now - point).total_seconds())
            self.samples.append(Sample(Metric.RPO, key, name, age_s, under[0], under))


def look(view: EstateView, now: datetime, drilled: Collection[str] = ()) -> Found:
    """All of it. ``drilled`` are the machines, by name or instance UUID, whose copies a drill runs. Gives way to the
    screen between two objects."""
    found = Found()
    devices = {status.name: status for status in view.devices()}
    _devices(devices.values(), now, found)
    _vms(view.entries("vm"), devices, now, found, drilled)
    _pgroups(view.entries("pgroup"), devices, now, found)
    _rcgs(view.entries("rcg"), devices, now, found)
    return found


# --------------------------------------------------------------------------------------------------------- devices


def _devices(statuses: Iterable[DeviceStatus], now: datetime, found: Found) -> None:
    by_site: dict[str, list[DeviceStatus]] = {}
    for status in statuses:
        if status.health is DeviceHealth.NEVER:
            found.unknown.update((f"device:{status.name}", f"sweep:{status.name}"))
            continue
        by_site.setdefault(status.site, []).append(status)
        if status.last_ok is not None:
            age = max(0.0, (now - status.last_ok).total_seconds())
            found.samples.append(
                Sample(Metric.SWEEP_AGE, f"sweep:{status.name}", status.name, age, status.site, (status.site,))
            )
        if status.health is DeviceHealth.FAILING:
            found.unknown.add(f"sweep:{status.name}")
            if status.since is not None and now - status.since >= HOLD:
                found.raised.append(_failing(status))
        elif sample_is_stale(status, now):
            found.raised.append(_stale(status))
    for site, each in by_site.items():
        failing = [s for s in each if s.health is DeviceHealth.FAILING]
        found.samples.append(Sample(Metric.DEVICES_FAILING, f"site:{site}", site, float(len(failing)), site, (site,)))
        if len(failing) == len(each) and all(s.since is not None and now - s.since >= HOLD for s in failing):
            found.raised.append(_silent(site, failing))


def _failing(status: DeviceStatus) -> Raised:
    why = ": ".join(text for text in (status.failure, status.text) if text) or "no reason was given"
    return Raised(
        key=f"device:{status.name}",
        kind=AlertKind.DEVICE_FAILING,
        severity=Severity.MAJOR,
        site=status.site,
        target=status.name,
        subject=f"{status.name} cannot be read",
        what=f"{status.name} ({status.kind}, {status.address}) cannot be read since {stamp(status.since)}: {why}.",
        next=f"Ask it from here: drdeck check {status.name}. See it: {DEVICES}.",
        token=stamp(status.since) or "",
        under=(status.site,),
    )


def _stale(status: DeviceStatus) -> Raised:
    return Raised(
        key=f"sweep:{status.name}",
        kind=AlertKind.SWEEP_STALE,
        severity=Severity.WARNING,
        site=status.site,
        target=status.name,
        subject=f"{status.name} was not read lately",
        what=f"{status.name} was read last at {stamp(status.last_ok)}; it is due every "
        f"{stale_after(status).total_seconds() / 3:.0f} s.",
        next=f"Read it now: r in {DEVICES}.",
        token=stamp(status.last_ok) or "",
        under=(status.site,),
        hold_s=STALE_HOLD_S,
    )


def _silent(site: str, failing: Sequence[DeviceStatus]) -> Raised:
    since = max(s.since for s in failing if s.since is not None)
    names = ", ".join(sorted(s.name for s in failing)[:5]) + (" and others" if len(failing) > 5 else "")
    return Raised(
        key=f"site:{site}",
        kind=AlertKind.SITE_SILENT,
        severity=Severity.CRITICAL,
        site=site,
        target=site,
        subject=f"{site} is silent",
        what=f"No device of {site} answers since {stamp(since)}: {names}. Silence is not darkness: people say which.",
        next="Look from another network; then drdeck plan list.",
        token=stamp(since) or "",
        root=True,
    )


# ---------------------------------------------------------------------------------------------------------- copies


def _told(entry: Entry) -> EstateObject | None:
    """What a device said; None where it cannot be read any more, which the store says itself."""
    try:
        return entry.obj
    except UnreadableFactsError:
        return None


def _read(entry: Entry, devices: dict[str, DeviceStatus], now: datetime) -> bool:
    status = devices.get(entry.device)
    return status is not None and not sample_is_stale(status, now)


def _site(entry: Entry, devices: dict[str, DeviceStatus]) -> str:
    status = devices.get(entry.device)
    return status.site if status is not None else ""


def _vms(
    entries: Iterable[Entry], devices: dict[str, DeviceStatus], now: datetime, found: Found, drilled: Collection[str]
) -> None:
    """Replicas by the machine that they are of; a pair that both run is a split brain."""
    sources: dict[str, Entry] = {}
    replicas: dict[str, list[Entry]] = {}
    for entry in paced(entries):
        vm = _told(entry)
        if isinstance(vm, VirtualMachine) and not entry.gone:
            if vm.replica is None:
                sources[vm.instance_uuid] = entry
            else:
                replicas.setdefault(vm.replica.source_instance_uuid, []).append(entry)
    for uuid, copies in replicas.items():
        _replicated(uuid, sources.get(uuid), copies, devices, now, found, drilled)


def _replicated(
    uuid: str, source: Entry | None, copies: Sequence[Entry], devices: dict[str, DeviceStatus], now: datetime,
    found: Found, drilled: Collection[str],
) -> None:  # fmt: skip
    every = [*([source] if source is not None else []), *copies]
    late, split = f"rpo:vm:{uuid}", f"split:vm:{uuid}"
    under = tuple(dict.fromkeys(_site(each, devices) for each in every))
    if not all(_read(each, devices, now) for each in every):
        found.unknown.add(split)
    if not all(_read(each, devices, now) for each in copies):
        found.unknown.add(late)
        return
    running = [each for each in copies if _on(each)]
    both = bool(running) and source is not None and _on(source) and _read(source, devices, now)
    if both and source is not None and not {uuid, _name(source)} & set(drilled):
        found.raised.append(_split(split, source, running[0], devices))
    known = [vm.replica for each in copies if isinstance(vm := _told(each), VirtualMachine)]
    complete = [replica for replica in known if replica is not None and replica.complete]
    newest = max(complete, key=lambda replica: replica.point_in_time, default=None)
    if running or newest is None:
        return  # no copy is made onto what runs
    found.rpo(late, newest.source_name, newest.point_in_time, now, under)
    age_s = (now - newest.point_in_time).total_seconds()
    if newest.interval_s and lateness(age_s, newest.interval_s) is CopyHealth.LATE:
        interval = timedelta(seconds=newest.interval_s)
        found.raised.append(_late(late, newest.source_name, newest.point_in_time, interval, under, REPLICAS))


def _name(entry: Entry) -> str:
    vm = _told(entry)
    return vm.name if isinstance(vm, VirtualMachine) else entry.key


def _on(entry: Entry) -> bool:
    vm = _told(entry)
    return isinstance(vm, VirtualMachine) and vm.power_state is PowerState.ON


def _split(key: str, source: Entry, copy: Entry, devices: dict[str, DeviceStatus]) -> Raised:
    name = _name(source)
    return Raised(
        key=key,
        kind=AlertKind.SPLIT_BRAIN,
        severity=Severity.CRITICAL,
        site=_site(copy, devices),
        target=name,
        subject=f"{name} runs at both sides",
        what=f"{name} runs on {source.device}, and its copy on {copy.device}: their data drift apart.",
        next="Stop one side by hand: drdeck vm list shows both.",
    )


def _late(
    key: str, name: str, point: datetime | None, every: timedelta | None, under: tuple[str, ...], where: str
) -> Raised:
    due = (
        ""
        if every is None
        else f" One is due every {every.total_seconds() / 60:g} min; late is {LATE_AT:g} times that."
    )
    newest = "There is no complete copy" if point is None else f"The newest complete copy is of {stamp(point)}"
    return Raised(
        key=key,
        kind=AlertKind.RPO_LATE,
        severity=Severity.MAJOR,
        site=under[0],
        target=name,
        subject=f"{name} is beyond its RPO",
        what=f"{newest} of {name}.{due}",
        next=f"See why: {where}, Enter on {name}.",
        token=stamp(point) or "",
        under=under,
    )


def _pgroups(entries: Iterable[Entry], devices: dict[str, DeviceStatus], now: datetime, found: Found) -> None:
    for entry in paced(entries):
        group = _told(entry)
        if not isinstance(group, ProtectionGroup) or entry.gone or not group.is_local or not group.targets:
            continue
        key, site = f"rpo:pgroup:{entry.key}", _site(entry, devices)
        if not _read(entry, devices, now):
            found.unknown.add(key)
            continue
        copy, schedule = worst_copy(group), group.replication
        point = copy.newest.created if copy is not None and copy.newest is not None else None
        found.rpo(key, group.name, point, now, (site,))
        if pgroup_health(group, now) in _WRONG:
            frequency = schedule.frequency_s if schedule is not None else None
            every = timedelta(seconds=frequency) if frequency else None
            found.raised.append(_late(key, group.name, point, every, (site,), PGROUPS))


def _rcgs(entries: Iterable[Entry], devices: dict[str, DeviceStatus], now: datetime, found: Found) -> None:
    """Periodic groups by the side that writes; of synchronous ones there is no age."""
    pairs: dict[str, list[Entry]] = {}
    for entry in paced(entries):
        group = _told(entry)
        if isinstance(group, RemoteCopyGroup) and not entry.gone:
            pairs.setdefault(group.pair_key, []).append(entry)
    for pair, views in pairs.items():
        _rcg(pair, views, devices, now, found)


def _rcg(pair: str, views: Sequence[Entry], devices: dict[str, DeviceStatus], now: datetime, found: Found) -> None:
    key = f"rpo:rcg:{pair}"
    read = [each for each in views if _read(each, devices, now)]
    writing = [e for e in read if _role(e) in (RcgRole.PRIMARY, RcgRole.PRIMARY_REV)]
    if len(read) < len(views) or not writing:
        found.unknown.add(key)
        return
    entry = writing[0]
    group = _told(entry)
    if not isinstance(group, RemoteCopyGroup) or group.mode is RcgMode.SYNC:
        return
    times = [g.oldest_sync for e in read if isinstance(g := _told(e), RemoteCopyGroup)]
    point = min((time for time in times if time is not None), default=None)
    under = tuple(dict.fromkeys(_site(each, devices) for each in (entry, *views)))
    found.rpo(key, group.natural_name, point, now, under)
    late = point is None or (
        bool(group.period_s) and lateness((now - point).total_seconds(), float(group.period_s or 0)) is CopyHealth.LATE
    )
    if late:
        every = timedelta(seconds=group.period_s) if group.period_s else None
        found.raised.append(_late(key, group.natural_name, point, every, under, RCGS))


def _role(entry: Entry) -> RcgRole | None:
    group = _told(entry)
    return group.role if isinstance(group, RemoteCopyGroup) else None
