"""Below an LPAR, or one of its adapters, the hosts of its WWPNs; below a host its volumes."""

from __future__ import annotations

from collections.abc import Iterable

from screens import sources as src
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.conditions import HostMatch
from screens.host_match import HostFound, flasharrays, lpar_hosts, wwpns_of
from screens.host_words import why
from screens.levels.membership import holding
from screens.levels.model import Level, LevelRow, Ref, why_none
from screens.once import Once
from screens.pairing import active_profile
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import EMPTY, status
from screens.valued import bytes_of, named, number, seen
from store.estate import Host, Lpar, SiteRole, Volume
from store.records import DeviceHealth, Entry

HOST_COLUMNS = (
    Column("Host", cut=12, source=src.GET_HOSTS),
    Column("Array", cut=8, source=src.GET_ARRAYS),
    Column("WWPNs", source=src.derived(f"{src.GET_HOSTS}, against {src.LSHWRES_FC} and {src.LSSYSCFG_PROF}")),
    Column("Lacks", cut=16, source=src.derived("WWPNs of the LPAR that the host does not hold")),
    Column(
        "Too many", cut=16, field="surplus", source=src.derived("WWPNs of the host that no profile of the LPAR has")
    ),
    Column("Has", rank=5, right=True, measure=Measure.NUMBER, source=src.GET_HOSTS),
    Column("Group", rank=4, cut=8, source=src.GET_HOSTS),
    Column("Paths", rank=3, source=f"{src.GET_HOSTS}: port_connectivity"),
    Column("Vols", rank=2, right=True, measure=Measure.NUMBER, source=src.GET_CONNECTIONS),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

VOLUME_COLUMNS = (
    Column("LUN", right=True, measure=Measure.NUMBER, source=src.GET_CONNECTIONS),
    Column("Volume", cut=16, source=src.GET_VOLUMES),
    Column("Size", right=True, measure=Measure.SIZE, source=f"{src.GET_VOLUMES}: provisioned"),
    Column("Pgroup", cut=10, source=src.GET_PGROUP_MEMBERS),
    Column("Copied from", rank=3, cut=10, field="source", source=f"{src.GET_VOLUMES}: source"),
    Column("Pod", rank=5, cut=8, source=src.GET_VOLUMES),
    Column("Through", rank=4, cut=8, source=src.GET_CONNECTIONS),
    Column("Serial", rank=2, source=src.GET_VOLUMES),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

User = tuple[str, str]
"""An array's id and the name of a host or host group on it."""


def _by_user(entries: Iterable[Entry]) -> dict[User, tuple[Entry, ...]]:
    found: dict[User, list[Entry]] = {}
    for entry in entries:
        volume = entry.obj
        if isinstance(volume, Volume):
            for name in dict.fromkeys(name for name, _ in volume.hosts):
                found.setdefault((volume.array_id, name), []).append(entry)
    return {user: tuple(volumes) for user, volumes in found.items()}


VOLUMES = Once("volume", _by_user)
"""The volumes connected to each host and host group."""


def volumes_of(scene: Scene, host: Host) -> tuple[tuple[Entry, str], ...]:
    """The volumes that a host reaches, each with the host or host group that it is connected to."""
    by_user = VOLUMES.of(scene)
    users = (host.name,) if host.host_group is None else (host.name, host.host_group)
    return tuple((entry, user) for user in users for entry in by_user.get((host.array_id, user), ()))


# ------------------------------------------------------------------------------------------------ hosts of an LPAR


def lpar_hosts_level(scene: Scene, ref: Ref) -> Level:
    """The hosts that belong to the LPAR; with a slot as ``part``, only those that concern that adapter's pair."""
    entry = scene.entry("lpar", ref.key)
    lpar = entry.obj
    if not isinstance(lpar, Lpar):
        raise LookupError(f"{ref.key} is no LPAR")
    hosts = lpar_hosts(scene, entry)
    pair = _pair(lpar, ref.part)
    concerned = [one for one in hosts.found if not pair or pair & {*one.host.wwns, *one.missing}]
    return Level(
        f"slot {ref.part}" if ref.part else f"LPAR {lpar.name}",
        "hosts",
        HOST_COLUMNS,
        tuple(_host_row(scene, one) for one in concerned),
        _why_no_host(scene, entry, lpar),
        why(scene, entry),
        (entry, *(one.entry for one in hosts.found)),
        ("lpar", ref.key),
    )


def _pair(lpar: Lpar, slot: str) -> frozenset[str]:
    """The WWPNs of a slot, running or in the profile; without a slot none, which narrows nothing."""
    profile = active_profile(lpar)
    adapters = (*lpar.fc, *(profile.fc if profile is not None else ()))
    return frozenset(wwpn for adapter in adapters if str(adapter.slot) == slot for wwpn in adapter.wwpns)


def _host_row(scene: Scene, one: HostFound) -> LevelRow:
    host = one.host
    cells = (
        Cell(host.name),
        Cell(host.array),
        status(one.match).cell(),
        _wwpns(one.missing, one.match),
        _wwpns(one.surplus, one.match),
        number(len(host.wwns)),
        named(host.host_group),
        named(host.connectivity),
        number(len({entry.key for entry, _ in volumes_of(scene, host)})),
        seen(scene, one.entry),
    )
    return LevelRow(one.entry.key, scene.faded(cells, one.entry), Ref("host.volumes", one.entry.key))


def _wwpns(wwpns: tuple[str, ...], match: HostMatch) -> Cell:
    return Cell(" ".join(wwpns), status(match).tone) if wwpns else EMPTY


def _why_no_host(scene: Scene, entry: Entry, lpar: Lpar) -> tuple[Note, ...]:
    """Why no host is shown: the LPAR has no WWPNs, no array has one, or it is not known."""
    if not wwpns_of(lpar).known:
        return why_none(scene, "WWPNs", entry, f"{lpar.name} has no virtual Fibre Channel, so no host is looked for.")
    arrays = flasharrays(scene, scene.site(entry))
    if not arrays:
        site = scene.site(entry) or "?"
        return (Note(f"No hosts are known: no FlashArray of site {site} is configured.", Tone.UNKNOWN),)
    never = [name for name in arrays if scene.index.devices[name].health is DeviceHealth.NEVER]
    if never:
        return (Note(f"No hosts are known yet: not read so far: {', '.join(never)}.", Tone.UNKNOWN),)
    unread = [name for name, read in arrays.items() if not read]
    if unread:
        return (Note(f"Hosts could not be read, and none are known from before: {', '.join(unread)}.", Tone.BAD),)
    return (Note(f"No host on {', '.join(arrays)} holds a WWPN of {lpar.name} or has its name.", Tone.WARN),)


# ------------------------------------------------------------------------------------------------ volumes of a host


def host_volumes(scene: Scene, ref: Ref) -> Level:
    """The volumes that a host reaches, by LUN."""
    entry = scene.entry("host", ref.key)
    host = entry.obj
    if not isinstance(host, Host):
        raise LookupError(f"{ref.key} is no host")
    found = [(volume, user, _lun(volume, user)) for volume, user in volumes_of(scene, host)]
    found.sort(key=lambda one: (one[2] is None, one[2] or 0, one[0].key))
    rows = tuple(_volume_row(scene, volume, user, lun, host) for volume, user, lun in found)
    group = f" or to its host group {host.host_group}" if host.host_group else ""
    none = f"{host.array} was read, and no volume is connected to {host.name}{group}."
    empty = why_none(scene, "volumes", entry, none)
    sources = (entry, *(volume for volume, _, _ in found))
    return Level(f"host {host.name}", "volumes", VOLUME_COLUMNS, rows, empty, (), sources)


def _lun(entry: Entry, user: str) -> int | None:
    if not isinstance(entry.obj, Volume):
        return None
    return next((lun for name, lun in entry.obj.hosts if name == user), None)


def _volume_row(scene: Scene, entry: Entry, user: str, lun: int | None, host: Host) -> LevelRow:
    through = "host" if user == host.name else f"group {user}"
    cells = volume_cells(scene, entry, number(lun), through)
    key = entry.key if user == host.name else f"{entry.key} through {user}"
    return LevelRow(key, cells, Ref("volume.pgroups", entry.key))


def volume_cells(scene: Scene, entry: Entry, first: Cell, through: str) -> Row:
    """The cells of a volume under :data:`VOLUME_COLUMNS`; the first one is given."""
    volume = entry.obj
    if not isinstance(volume, Volume):
        raise TypeError(f"not a volume: {entry.key}")
    groups = dict.fromkeys(group.name for _, group, _ in holding(scene, volume))
    cells = (
        first,
        Cell(f"{volume.name} (destroyed)", Tone.BAD) if volume.destroyed else Cell(volume.name),
        bytes_of(volume.provisioned),
        Cell(", ".join(groups)) if groups else _unprotected(scene, entry),
        named(volume.source),
        named(volume.pod),
        named(through),
        named(volume.serial),
        seen(scene, entry),
    )
    return scene.faded(cells, entry)


def _unprotected(scene: Scene, entry: Entry) -> Cell:
    """No group: worth a warning only where the data is made, not on the copies at the DR site."""
    return Cell("no group", Tone.DIM if scene.site_role(entry) is SiteRole.DR else Tone.WARN)
