"""Two sites out of records, which acts change as devices would: an act that no device would take is an error.

``Sites.now()`` is what a look at both shows. The model is that of one managed system with two VIOSes at each site, and
an array each.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from app.pra_records import Pra, SystemMap
from app.recovery.pra import alignment as to_do
from app.recovery.pra.alignment import Act, Aligned
from app.recovery.pra.situation import ArrayNow, HmcNow, PraNow, SideNow
from backends.flasharray.looks import VolumeSnapshot
from backends.hmc import profiles as written
from backends.hmc.verbs import Attributes
from store.estate import (
    AdapterType,
    FcAdapter,
    FlashArray,
    Host,
    Lpar,
    LparProfile,
    LparState,
    ManagedSystem,
    NpivMapping,
    PgroupSnapshot,
    PgroupTarget,
    ProtectionGroup,
    Reading,
    SystemState,
    Unread,
    Volume,
)
from tests.app.recovery.pra_profiles import PROFILE, lpar, pair, server

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
GIB = 1024**3
GROUP, HOME, AWAY = "pg-a", "paris", "lyon"
ISSUED = 10_000
"""From this number on a model's HMC issues pairs of WWPNs."""


@dataclass
class Site:
    """One site. ``lpars`` by name, VIOSes too; ``free_pair`` is the number of the next pair that its HMC issues."""

    name: str
    system: ManagedSystem
    lpars: dict[str, Lpar] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    parts: dict[str, VolumeSnapshot] = field(default_factory=dict)
    groups: tuple[ProtectionGroup, ...] = ()
    paths: dict[str, int] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    free_pair: int = ISSUED
    ports: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def array(self) -> str:
        return f"fa-{self.name}"

    @property
    def hmc(self) -> str:
        return f"hmc-{self.name}"

    # ------------------------------------------------------------------------------------------------------- making

    def add_lpar(self, name: str, *profiles: LparProfile, **more: Any) -> Lpar:
        own = {"system": self.system.name, "system_key": self.system.key, "lpar_id": len(self.lpars) + 1}
        made = self.lpars[name] = lpar(name, *profiles, **(own | more))
        return made

    def add_vios(self, name: str, ports: Iterable[str] = ("fcs0", "fcs1"), **more: Any) -> Lpar:
        """A VIOS that runs; a port is known by what is mapped to it, so each has a client of no LPAR here."""
        slots = {port: 10 + n for n, port in enumerate(ports)}
        fc = tuple(server(slot, 99, "old", 2) for slot in slots.values())
        npiv = tuple(
            NpivMapping(f"vfchost{n}", 99, None, "NOT_LOGGED_IN", port, None, slot)
            for n, (port, slot) in enumerate(slots.items())
        )
        profile = replace(PROFILE, name="vios", max_virtual_slots=4000, fc=fc)
        known = {"env": "vioserver", "fc": fc, "npiv": npiv, "os_version": "VIOS 4.1"}
        return self.add_lpar(name, profile, **(known | more))

    def add_host(self, name: str, wwns: Iterable[str], group: str | None = None) -> Host:
        made = self.hosts[name] = Host(self.array, "id", name, tuple(sorted(wwns)), None, group)
        return made

    def add_volume(self, name: str, size: int, *hosts: tuple[str, int | None]) -> Volume:
        made = self.volumes[name] = Volume(self.array, "id", f"{self.name}-{name}", name, size, hosts=hosts)
        return made

    # ------------------------------------------------------------------------------------------------------ looking

    def now(self) -> SideNow:
        objects: list[Any] = [FlashArray("id", self.array, "Purity//FA", "6.6"), *self.hosts.values(), *self.groups]
        objects += [replace(volume, destroyed=name in self.gone) for name, volume in self.volumes.items()]
        array = ArrayNow(
            self.array,
            Reading(self.array, NOW, tuple(objects), unread=self.unread),
            tags=dict(self.tags),
            paths=self.paths,
            parts={group.name: tuple(self.parts.values()) for group in self.groups if not group.is_local},
        )
        hmc = HmcNow(self.hmc, Reading(self.hmc, NOW, (self.system, *self.lpars.values())), ports=self.ports)
        return SideNow(self.name, (hmc,), (array,))

    # ------------------------------------------------------------------------------------------------------- acting

    def change(self, name: str, **fields: Any) -> None:
        self.lpars[name] = replace(self.lpars[name], **fields)

    def change_profile(self, lpar_name: str, **fields: Any) -> None:
        """The one that the next activation uses."""
        found = self.lpars[lpar_name]
        wanted = found.default_profile or found.curr_profile
        changed = tuple(replace(p, **fields) if p.name == wanted else p for p in found.profiles)
        self.lpars[lpar_name] = replace(found, profiles=changed)

    def free(self, wwns: Iterable[str], host: str) -> None:
        for other in self.hosts.values():
            assert other.name == host or not set(wwns) & set(other.wwns), f"{other.name} has one of {host}'s WWPNs"

    def pairs(self, adapters: Iterable[FcAdapter]) -> tuple[FcAdapter, ...]:
        """The adapters with a pair for each client that has none."""
        found = []
        for each in adapters:
            if each.adapter_type is AdapterType.CLIENT and not each.wwpns:
                each = replace(each, wwpns=pair(self.free_pair))
                self.free_pair += 1
            found.append(each)
        return tuple(found)

    def written(self, profile: LparProfile, attributes: Attributes) -> LparProfile:
        """The profile with what ``mksyscfg`` or ``chsyscfg`` was told."""
        for name, value in attributes:
            if name == "virtual_eth_adapters":
                profile = replace(profile, eth=tuple(map(written.eth_adapter, _listed(value))))
            elif name == "virtual_fc_adapters":
                profile = replace(profile, fc=self.pairs(_fc(text) for text in _listed(value)))
            else:
                profile = replace(profile, **_plain(name, str(value)))
        slots = [*(e.slot for e in profile.eth), *(e.slot for e in profile.fc), *(e.slot for e in profile.scsi)]
        assert len(slots) == len(set(slots)), "two adapters in one slot"
        assert profile.min_mem_mb <= profile.desired_mem_mb <= profile.max_mem_mb
        return profile


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return () if value == "none" else (value,) if isinstance(value, str) else value


def _fc(text: str) -> FcAdapter:
    fields = text.split("/")
    if fields[5]:
        return written.fc_adapter(text)
    fields[5] = ",".join(pair(1))
    return replace(written.fc_adapter("/".join(fields)), wwpns=())


_FIELDS = {"min_mem": "min_mem_mb", "desired_mem": "desired_mem_mb", "max_mem": "max_mem_mb"}


def _plain(name: str, text: str) -> dict[str, Any]:
    if name in ("proc_mode", "sharing_mode", "boot_mode"):
        return {name: text}
    if name == "auto_start":
        return {name: text == "1"}
    return {_FIELDS.get(name, name): float(text) if name.endswith("units") else int(text)}


@dataclass(repr=False)
class Sites:
    """Both sites. ``apply`` does what an act says, as the devices would."""

    pra: Pra
    home: Site
    away: Site

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def __repr__(self) -> str:
        """What a person needs of a failed example."""
        lines = [f"same_wwpn {self.pra.same_wwpn}"]
        for site in (self.home, self.away):
            lines.append(f"{site.name}: gone {sorted(site.gone)}, tags {site.tags}, parts {sorted(site.parts)}")
            lines += [f"  host {host.name}: {', '.join(host.wwns)}" for host in site.hosts.values()]
            lines += [f"  volume {v.name} {v.provisioned // GIB}: {v.hosts}" for v in site.volumes.values()]
            for one in site.lpars.values():
                lines.append(f"  {one.name} {one.state}: {', '.join(map(written.fc_text, one.fc))}")
                lines += [f"    profile {p.name}: {', '.join(map(written.fc_text, p.fc))}" for p in one.profiles]
                lines += [f"    {m.vfchost} slot {m.slot}: {m.fc_port}" for m in one.npiv]
        return "\n".join(lines)

    def now(self) -> PraNow:
        return PraNow(self.pra, NOW, self.home.now(), self.away.now())

    def apply(self, aligned: Iterable[Aligned]) -> int:
        """Do everything; returns how many acts that were."""
        acts = [act for each in aligned for act in each.acts]
        for act in acts:
            self.do(act)
        return len(acts)

    def do(self, act: Act) -> None:
        site = self.home if act.device.endswith(HOME) else self.away
        match act:
            case to_do.AddHost():
                assert act.host not in site.hosts
                site.free(act.wwns, act.host)
                site.add_host(act.host, act.wwns)
                site.hosts[act.host] = replace(site.hosts[act.host], personality=act.personality)
            case to_do.AddWwns():
                site.free(act.wwns, act.host)
                host = site.hosts[act.host]
                assert not set(act.wwns) & set(host.wwns), "sent for nothing"
                site.hosts[act.host] = replace(host, wwns=tuple(sorted({*host.wwns, *act.wwns})))
            case to_do.AddVolume():
                assert act.volume not in site.volumes, "the name is taken"
                site.add_volume(act.volume, site.parts[act.snapshot].size)
            case to_do.PairVolume():
                assert act.volume in site.volumes and act.volume not in site.gone
                site.tags[act.volume] = act.value
            case to_do.Connect():
                connect(site, act.host, act.volume, act.lun)
            case _:
                self._on_hmc(site, act)

    def _on_hmc(self, site: Site, act: Act) -> None:
        match act:
            case to_do.Define():
                assert act.lpar not in site.lpars, "there is an LPAR of this name"
                none = replace(PROFILE, name=act.profile, auto_start=False, eth=(), fc=(), scsi=())
                made = site.add_lpar(act.lpar, site.written(none, act.attributes), env=act.env)
                state = LparState.NOT_ACTIVATED
                site.lpars[act.lpar] = replace(made, state=state, curr_profile=None, os_version="Unknown")
            case to_do.Redefine():
                found = site.lpars[act.lpar]
                assert found.state is LparState.NOT_ACTIVATED, "an activated LPAR is not changed"
                changed = tuple(site.written(p, act.attributes) if p.name == act.profile else p for p in found.profiles)
                assert changed != found.profiles, "sent for nothing"
                site.change(act.lpar, profiles=changed)
            case to_do.AddServer():
                add_server(site, act)
            case to_do.KeepServer():
                keep_server(site, act)
            case to_do.MapPort():
                vios = site.lpars[act.vios]
                (found_map,) = [m for m in vios.npiv if m.vfchost == act.vfchost and m.slot == act.slot]
                assert found_map.fc_port is None, "it has a port"
                mapped = tuple(replace(m, fc_port=act.port) if m is found_map else m for m in vios.npiv)
                site.change(act.vios, npiv=mapped)
            case _:
                raise AssertionError(act)


def connect(site: Site, host: str, volume: str, lun: int) -> None:
    """A connection, if the array would take it."""
    found = site.volumes[volume]
    names = {host, site.hosts[host].host_group}
    assert not any(name in names for name, _ in found.hosts), "it is connected to it"
    for other in site.volumes.values():
        assert (host, lun) not in other.hosts, f"{other.name} has this LUN"
    site.volumes[volume] = replace(found, hosts=(*found.hosts, (host, lun)))


def add_server(site: Site, act: to_do.AddServer) -> None:
    """The adapter on the VIOS that runs, with a vfchost of its own, and in its profile."""
    vios = site.lpars[act.vios]
    assert vios.state is LparState.RUNNING
    assert all(each.slot != act.slot for each in vios.fc), "the slot is taken"
    vfchost = f"vfchost{len(vios.npiv)}"
    site.change(
        act.vios,
        fc=(*vios.fc, server(act.slot, act.client_id, act.client, act.client_slot)),
        npiv=(*vios.npiv, NpivMapping(vfchost, act.client_id, None, "NOT_LOGGED_IN", None, None, act.slot)),
    )
    keep_server(site, act)


def keep_server(site: Site, act: to_do.AddServer | to_do.KeepServer) -> None:
    """The adapter in the profile of the VIOS; where it is already, that is what the step sees."""
    vios = site.lpars[act.vios]
    made = server(act.slot, act.client_id, act.client, act.client_slot)
    profile = next(p for p in vios.profiles if p.name == act.profile)
    assert all(each.slot != act.slot or each == made for each in profile.fc), "the slot is taken"
    kept = (*(each for each in profile.fc if each.slot != act.slot), made)
    site.change(act.vios, profiles=tuple(replace(p, fc=kept) if p is profile else p for p in vios.profiles))


# ------------------------------------------------------------------------------------------------------------ two sites


def sites(**pra: Any) -> Sites:
    """Two sites that hold nothing but their VIOSes, and a protection group without volumes that replicates."""
    names = {"a-vios1": "b-vios1", "a-vios2": "b-vios2"}
    where = SystemMap("P10-A", "P10-B", vios=names)
    known: dict[str, Any] = {"nominal": HOME, "recovery": AWAY, "systems": (where,)}
    made = Sites(Pra(**(known | pra)), _site(HOME, "P10-A", "78A0001"), _site(AWAY, "P10-B", "78B0002"))
    for site, letter in ((made.home, "a"), (made.away, "b")):
        for number in (1, 2):
            site.add_vios(f"{letter}-vios{number}")
    away = f"{made.home.array}:{GROUP}"
    newest = PgroupSnapshot(f"{away}.7", NOW, completed=NOW, progress=1.0)
    target = (PgroupTarget(made.away.array, True),)
    made.home.groups = (ProtectionGroup(made.home.array, "id", "g", GROUP, False, True, targets=target),)
    replica = ProtectionGroup(made.away.array, "id", "r", away, False, False, snapshots=(newest,))
    made.away.groups = (replica,)
    return made


def _site(name: str, system: str, serial: str) -> Site:
    return Site(name, ManagedSystem(system, "9080-HEX", serial, SystemState.OPERATING))


def protect(at: Sites, volume: str) -> None:
    """Take a volume of the nominal site into the group, with its part of the newest snapshot at the other."""
    (group,) = at.home.groups
    at.home.groups = (replace(group, volumes=(*group.volumes, volume)),)
    name = f"{at.home.array}:{GROUP}.7.{volume}"
    size = at.home.volumes[volume].provisioned
    at.away.parts[name] = VolumeSnapshot(name, f"{at.home.array}:{volume}", f"replica-{volume}", size, NOW, False)


def add_server_for(site: Site, name: str, adapter: FcAdapter, how: str) -> None:
    """The server adapter behind a client adapter: ``whole``, ``unmapped``, ``not kept`` in the profile, or ``none``."""
    vios = site.lpars[str(adapter.remote_lpar_name)]
    if how == "none" or adapter.remote_slot is None:
        return
    kept = vios.profiles[0].name
    values = (adapter.remote_slot, name, site.lpars[name].lpar_id, adapter.slot)
    add_server(site, to_do.AddServer(site.hmc, site.system.name, vios.name, kept, *values))
    vios = site.lpars[vios.name]
    if how != "unmapped":
        site.change(vios.name, npiv=(*vios.npiv[:-1], replace(vios.npiv[-1], fc_port="fcs0")))
    if how == "not kept":
        site.change(vios.name, profiles=tuple(replace(p, fc=p.fc[:-1]) for p in vios.profiles))
