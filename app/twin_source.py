"""What a twin is made of: the last inventory out of the store, and what the configuration says besides. Only read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from app.output import stamp
from app.replication_records import Replication
from app.settings_records import Settings
from app.twin_plans import plans
from app.twin_text import pairs
from backends.lab.twin.records import Original, PortGroups, Told
from store.estate import VirtualMachine
from store.firstlook import FirstLook, first_look
from store.place import Place, is_there
from store.view import EstateView

CARRIED = ("pra", "naming", "replications")
"""The tables of the configuration that hold on the twin as they do on the estate."""


class NoTwinError(Exception):
    """No twin can be made; the text says why and what to do."""


class Source(Struct, frozen=True):
    """``original`` is what was last known; ``readings`` says of each device when it was read, ``gone`` how many
    objects were no longer there; ``tables`` are lines of configuration, ``plans`` recovery plans by name, and
    ``kept_back`` says what of both was not taken over, and why."""

    original: Original
    readings: tuple[str, ...]
    gone: int
    tables: tuple[str, ...]
    plans: Mapping[str, str]
    kept_back: tuple[str, ...]


def source(settings: Settings, store: Place) -> Source:
    """Read it all. Raises :class:`NoTwinError`; the store is opened so that it cannot be changed."""
    look = first_look(store, "ro")
    if look is None:
        why = "it cannot be read as it is: open it once with drdeck --cached" if is_there(store) else "there is none"
        raise NoTwinError(f"No inventory in {store}: {why}")
    if settings.lab:
        raise NoTwinError(f"{settings.path} is the configuration of a lab: a twin is made of a real estate")
    return copied(settings, look)


def copied(settings: Settings, look: FirstLook) -> Source:
    """As :func:`source`, of what was read already."""
    view = look.view()
    read = {name: status.last_ok for name, status in look.statuses.items()}
    moments = [moment for device in settings.devices if (moment := read.get(device.name)) is not None]
    if not moments:
        raise NoTwinError("No device of the configuration was ever read: let drdeck read them once")
    devices, gone = [], 0
    for device in settings.devices:
        sightings = look.sightings.get(device.name, {})
        refs = [ref for ref, sighting in sightings.items() if not sighting.gone]
        gone += len(sightings) - len(refs)
        objects = (entry.obj for ref in refs if (entry := view.get(*ref)) is not None)
        devices.append(Told(device.name, device.kind, device.site, tuple(objects)))
    known = {device.name for device in devices if device.objects}
    raw = tomllib.loads(settings.path.read_text("utf-8"))
    replicated = [one for one in settings.replications if {one.source, one.destination} <= known]
    original = Original(
        settings.sites, tuple(devices), min(moments).replace(microsecond=0), _port_groups(replicated, view)
    )
    texts, changed = plans(settings.plan_folder)
    return Source(
        original,
        tuple(f"{device.name}: read at {stamp(read.get(device.name)) or 'no time'}" for device in settings.devices),
        gone,
        tuple(_tables(raw, {one.name for one in replicated})),
        texts,
        (*_kept_back(settings, {one.name for one in replicated}), *changed),
    )


def _port_groups(replicated: list[Replication], view: EstateView) -> dict[str, PortGroups]:
    """The port groups, pools and folders that the configuration names, by server."""
    names: dict[str, dict[str, None]] = {}
    isolated: dict[str, set[str]] = {}
    of_vm: dict[str, dict[str, str]] = {}
    places: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    machines = [entry.obj for entry in view.entries("vm") if isinstance(entry.obj, VirtualMachine)]
    called = {machine.instance_uuid: machine.name for machine in machines}
    for one in replicated:
        here, there = names.setdefault(one.source, {}), names.setdefault(one.destination, {})
        for left, right in one.networks.items():
            here[left] = there[right] = None
            of_vm.setdefault(one.source, {}).setdefault(called.get(one.vm, one.vm), left)
        if one.drill_network is not None:
            there[one.drill_network] = None
            isolated.setdefault(one.destination, set()).add(one.drill_network)
        pools, folders = places.setdefault(one.destination, ({}, {}))
        pools.update({one.pool: None} if one.pool else {})
        folders.update({one.folder: None} if one.folder else {})
    found = {}
    for server, groups in names.items():
        drills = frozenset(isolated.get(server, ()))
        usual = [name for name in groups if name not in drills] or ["VM Network"]
        pools, folders = places.get(server, ({}, {}))
        both = (*usual, *sorted(drills))
        found[server] = PortGroups(both, drills, of_vm.get(server, {}), tuple(pools), tuple(folders))
    return found


# -------------------------------------------------------------------------------------------------------- configuration


def _tables(raw: Mapping[str, object], replicated: set[str]) -> Iterator[str]:
    """The carried tables as lines; of replications those of which both servers are there, without a probe: that is an
    address of the estate."""
    for name in CARRIED:
        value = raw.get(name)
        if isinstance(value, dict):
            yield from ("", f"[{name}]", *pairs(value))
        for item in value if isinstance(value, list) else ():
            if item.get("name", item.get("vm")) in replicated:
                yield from ("", f"[[{name}]]", *pairs({k: v for k, v in item.items() if k != "probe"}))


def _kept_back(settings: Settings, replicated: set[str]) -> Iterator[str]:
    yield "logins, addresses and pinned identities: the twin has its own, on 127.0.0.1"
    yield "schedules, runs, infrastructure and journal: the twin begins with none"
    for one in settings.replications:
        if one.name not in replicated:
            yield f"replication {one.name}: one of its servers is not in the twin"
        elif one.probe is not None:
            yield f"probe of replication {one.name}: it is an address of the estate"
    for database in settings.databases:
        yield f"database {database.name}: its host is reached by SSH, and the lab does not know it"
    for host in settings.hosts:
        yield f"host {host.name}: it is one of the estate"
    for channel in settings.notifications:
        yield f"channel {channel.name}: nobody is told what happens on a twin"
    if settings.auto.groups:
        yield "automatic failover: nothing fails over by itself on a twin"
    if settings.backups is not None:
        yield f"backups: {settings.backups} is that of the estate"


def moment_line(taken_at: datetime) -> str:
    """The line of ``[console]`` that makes a lab a twin."""
    return f"twin = {taken_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def store_name(taken_at: datetime) -> str:
    """A store for each inventory: runs on one twin are none of another."""
    return f"twin-{taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}.sqlite"
