"""The metrics there are, out of what the store knows. Pure.

Ages count from what was last seen: while no device answers they grow, and nothing else moves. What is not known has no
sample; ``drdeck_rpo_known`` says of which copies that is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from app.metrics.exposition import Gauge, Value
from app.recovery.pod.seeing import INBOUND
from screens.copies import worst_copy, worst_rpo_s
from screens.pairing import newest_complete, replica_of
from screens.rcg_sides import in_sync, pairs, point_in_time
from screens.scene import Scene
from store.capacity_view import Capacity
from store.estate import Pod, ProtectionGroup, RcgMode, VirtualMachine
from store.figures import Figures
from store.plan_records import PlanState
from store.plan_view import PlanShown
from store.records import DeviceHealth
from store.runs import RunState

ANSWERING = (DeviceHealth.OK, DeviceHealth.PARTIAL)


class Known(Struct, frozen=True):
    """What the metrics are made of. ``drilled``: when the last drill of each thing ended well (UTC), by its name."""

    scene: Scene
    plans: Sequence[PlanShown]
    drilled: Mapping[str, datetime]
    figures: Figures
    capacity: Capacity
    lab: bool


class _Copy(Struct, frozen=True):
    """A copy at another site: ``age_s`` None: not known."""

    kind: str
    name: str
    site: str
    age_s: float | None
    target_s: float | None


def gauges(known: Known) -> tuple[Gauge, ...]:
    """All metrics, each with its samples."""
    copies = list(_copies(known.scene))
    return (
        Gauge("drdeck_lab", "1: the devices are simulated", (Value({}, float(known.lab)),)),
        _rpo("drdeck_rpo_seconds", "How old the newest complete copy is: what a failover would lose now",
             ((copy, copy.age_s) for copy in copies)),
        _rpo("drdeck_rpo_target_seconds", "How old that copy may get by its schedule",
             ((copy, copy.target_s) for copy in copies)),
        _rpo("drdeck_rpo_known", "0: nothing bounds what a failover would lose",
             ((copy, float(copy.age_s is not None)) for copy in copies)),
        *_plans(known),
        Gauge("drdeck_last_drill_age_seconds", "Since the last drill of it that ended well",
              tuple(Value({"name": name}, _since(known, at)) for name, at in sorted(known.drilled.items()))),
        *_devices(known),
        *_store(known.figures),
        *_capacity(known.capacity),
    )  # fmt: skip


def _since(known: Known, at: datetime) -> float:
    return max(0.0, (known.scene.now - at).total_seconds())


def _rpo(name: str, words: str, values: Iterable[tuple[_Copy, float | None]]) -> Gauge:
    found = [
        Value({"kind": copy.kind, "name": copy.name, "site": copy.site}, value)
        for copy, value in values
        if value is not None
    ]
    return Gauge(name, words, tuple(found))


def _copies(scene: Scene) -> Iterator[_Copy]:
    """The copies of protection groups, remote copy groups, pods and VMs, each at the site that it is copied from."""
    for entry in scene.view.entries("pgroup"):
        group = None if entry.gone else entry.peek()
        if isinstance(group, ProtectionGroup) and group.is_local and group.targets and not group.destroyed:
            copy = worst_copy(group)
            age = None if copy is None else copy.age_s(scene.now)
            yield _Copy("pgroup", group.name, scene.site(entry) or "", age, worst_rpo_s(group))
    for pair in pairs(scene):
        one = pair.any_group
        if one is None:
            continue
        sides = [side.entry for side in pair.sides if side.entry is not None]
        site = scene.site(sides[0]) if sides else None
        point = point_in_time(pair)
        age = None if point is None else max(0.0, (scene.now - point).total_seconds())
        if one.mode is RcgMode.SYNC:
            age = 0.0 if in_sync(pair) else None
        yield _Copy("rcg", pair.name, site or "", age, one.period_s)
    yield from _pods(scene)
    yield from _machines(scene)


def _pods(scene: Scene) -> Iterator[_Copy]:
    for entry in scene.view.entries("pod"):
        pod = None if entry.gone else entry.peek()
        for link in pod.links if isinstance(pod, Pod) and not pod.destroyed else ():
            if link.direction == INBOUND and isinstance(pod, Pod):
                point = link.recovery_point
                age = None if point is None else max(0.0, (scene.now - point).total_seconds())
                yield _Copy("pod", pod.name, scene.site(entry) or "", age, None)


def _machines(scene: Scene) -> Iterator[_Copy]:
    """Each replicated VM by the name of its replication, whatever became of its source."""
    sources: dict[str, str] = {}
    for entry in scene.view.entries("vm") if scene.replicated else ():
        vm = None if entry.gone else entry.peek()
        if isinstance(vm, VirtualMachine) and vm.replica is None:
            sources[f"{entry.device}/{vm.name}"] = sources[f"{entry.device}/{vm.instance_uuid}"] = vm.instance_uuid
    for one in scene.replicated:
        uuid = sources.get(f"{one.source}/{one.vm}", one.vm)
        newest = newest_complete(scene.index.group("vm", "copy of", uuid))
        replica = None if newest is None else replica_of(newest)
        age = None if replica is None else max(0.0, (scene.now - replica.point_in_time).total_seconds())
        device = scene.device(one.source)
        yield _Copy("vm", one.name, device.site if device is not None else "", age, one.interval_s)


def _plans(known: Known) -> Iterator[Gauge]:
    plans = known.plans
    ready = tuple(Value({"plan": plan.name}, float(plan.state is PlanState.VERIFIED)) for plan in plans)
    yield Gauge("drdeck_plan_ready", "1: verified, and nothing that it rests on has changed since", ready)
    checked = [(plan.name, plan.check.at) for plan in plans if plan.check is not None]
    ages = tuple(Value({"plan": name}, _since(known, at)) for name, at in checked)
    yield Gauge("drdeck_plan_check_age_seconds", "Since the plan was last checked", ages)
    fits = [(plan.plan, plan.fits) for plan in known.capacity.plans]
    told = tuple(Value({"plan": name}, float(fit)) for name, fit in fits if fit is not None)
    yield Gauge("drdeck_plan_fits", "0: it does not fit at its other site beside all other plans", told)


def _devices(known: Known) -> Iterator[Gauge]:
    devices = known.scene.view.devices()

    def labels(name: str, site: str) -> dict[str, str]:
        return {"device": name, "site": site}

    up = tuple(Value(labels(d.name, d.site), float(d.health in ANSWERING)) for d in devices)
    yield Gauge("drdeck_device_up", "1: its last reading came back", up)
    ages = tuple(Value(labels(d.name, d.site), _since(known, d.last_ok)) for d in devices if d.last_ok is not None)
    yield Gauge("drdeck_sweep_age_seconds", "Since the last reading that came back began", ages)


def _store(figures: Figures) -> Iterator[Gauge]:
    epochs = tuple(Value({"target": target}, epoch) for target, epoch in figures.epochs.items())
    yield Gauge("drdeck_lease_epoch", "How often the right to act on a target was taken", epochs)
    runs = tuple(Value({"state": state.value}, figures.runs.get(state.value, 0)) for state in RunState)
    yield Gauge("drdeck_runs", "Runs of the store by their state", runs)
    yield Gauge("drdeck_journal_entries", "Entries of the journal", (Value({}, figures.journal_entries),))
    lag = () if figures.journal_lag is None else (Value({}, figures.journal_lag),)
    yield Gauge("drdeck_journal_lag", "Newest entries of the journal that are not noted beside the store", lag)


def _capacity(capacity: Capacity) -> Iterator[Gauge]:
    """Bytes, processing units or virtual processors, and N_Port IDs, as the resource says."""
    for name, words in (
        ("total", "What a system of a recovery site has"),
        ("used", "What of that is used"),
        ("needed", "What all recovery plans together need of it"),
    ):
        found = []
        for row in capacity.rows:
            series = row.measured.series
            labels = {"site": row.site, "system": row.measured.name, "resource": row.resource.value}
            value = {"total": row.total, "used": row.measured.used, "needed": row.needed}[name]
            found.append(Value({**labels, "kind": series.kind}, value))
        yield Gauge(f"drdeck_capacity_{name}", words, tuple(found))
