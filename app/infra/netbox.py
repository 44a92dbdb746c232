"""The infrastructure that a NetBox (3.7, 4) knows, as items: read, and left there as it is.

A site is known by its slug, a rack, feed or device by its name. What has no name is left out, and told. From the power
ports of a device comes what it draws, and which feeds it hangs on, directly or by PDUs; from the cables on its
interfaces the switches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from store.infra.records import (
    MOST_UNITS,
    Face,
    Feed,
    Item,
    Rack,
    Ref,
    Site,
    System,
    SystemType,
    Vlan,
    ref_of,
)

LISTS = (
    *("dcim/sites", "dcim/racks", "dcim/device-types", "dcim/devices", "dcim/power-panels", "dcim/power-feeds"),
    *("dcim/power-ports", "dcim/cables", "ipam/vlans"),
)
"""What is read, in this order."""

_TYPES = (
    ("switch", SystemType.SWITCH),
    ("array", SystemType.ARRAY),
    ("storage", SystemType.ARRAY),
    ("managed-system", SystemType.MANAGED_SYSTEM),
    ("power-system", SystemType.MANAGED_SYSTEM),
    ("server", SystemType.SERVER),
    ("hypervisor", SystemType.SERVER),
    ("esxi", SystemType.SERVER),
)
"""What a device is, by words in the slug of its role."""


class Lists(Protocol):
    """What gives the lists of a NetBox."""

    def every(self, path: str) -> list[dict[str, Any]]: ...


class NetboxRead(Struct):
    """``items`` as they are there; ``left_out`` says, sentence by sentence, what could not be taken."""

    items: dict[Ref, Item] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, item: Item, where: str) -> None:
        """Take an item; of two of one name the first stays, and both are told."""
        ref = ref_of(item)
        if ref in self.items:
            self.left_out.append(f"{where}: {ref[0]} {ref[1]} is there twice")
        else:
            self.items[ref] = item


def read(netbox: Lists) -> NetboxRead:
    """Everything that is wanted of it. Raises :class:`app.infra.netbox_client.NetboxError`."""
    return understood({path: netbox.every(path) for path in LISTS})


def understood(lists: Mapping[str, Iterable[Mapping[str, Any]]]) -> NetboxRead:
    """The items of what the lists hold. Pure."""
    made = NetboxRead()
    for site in lists["dcim/sites"]:
        fields = _mapping(site.get("custom_fields"))
        tier, stretched = fields.get("tier"), fields.get("l2_stretched")
        made.add(
            Site(
                _text(site, "slug"),
                tier=str(tier) if isinstance(tier, str | int) and tier != "" else None,
                l2_stretched=stretched if isinstance(stretched, bool) else None,
            ),
            _where("dcim/sites", site),
        )
    sites = {path: _site_of(lists[path]) for path in ("dcim/racks", "dcim/power-panels")}
    feeds = _feeds(made, lists["dcim/power-feeds"], sites["dcim/racks"], sites["dcim/power-panels"])
    racks = _rack_names(lists["dcim/racks"])
    for rack in lists["dcim/racks"]:
        _rack(made, rack, racks[_number(rack, "id")], feeds.by_rack)
    types = {_number(row, "id"): row for row in lists["dcim/device-types"]}
    beside = _Beside(types, racks, _Ports(lists["dcim/power-ports"]), feeds.names, _switches(lists))
    for device in lists["dcim/devices"]:
        _device(made, device, beside)
    for vlan in lists["ipam/vlans"]:
        _vlan(made, vlan)
    return made


def _site_of(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The slug of the site of each row by its id: what names a row elsewhere does not repeat it."""
    return {_number(row, "id"): _text(_mapping(row.get("site")), "slug") for row in rows}


class _Feeds(Struct):
    names: dict[int, str] = field(default_factory=dict)
    by_rack: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


def _feeds(
    made: NetboxRead, rows: Iterable[Mapping[str, Any]], racks: Mapping[int, str], panels: Mapping[int, str]
) -> _Feeds:
    """Their names by id and by the id of a rack. A feed is of the site of its panel, as its rack is."""
    found, every = _Feeds(), []
    for row in rows:
        rack, panel = _number(_mapping(row.get("rack")), "id"), _mapping(row.get("power_panel"))
        site = panels.get(_number(panel, "id")) or racks.get(rack) or ""
        every.append((row, rack, site, _text(row, "name"), _text(panel, "name")))
    counts = Counter((site, name) for _, _, site, name, _ in every)
    for row, rack, site, name, of_panel in every:
        name = _full(counts[site, name], of_panel, name)
        found.names[_number(row, "id")] = name
        found.by_rack[rack].append(name)
        made.add(Feed(site, name, _capacity(row)), _where("dcim/power-feeds", row))
    return found


def _full(count: int, above: str, name: str) -> str:
    """A name that only its panel or its location has once: with that in front where the site has it several times."""
    return f"{above} {name}" if count > 1 and above else name


def _rack_names(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """By their ids."""
    told = []
    for row in rows:
        site, location = _mapping(row.get("site")), _mapping(row.get("location"))
        told.append((_number(row, "id"), _text(site, "slug"), _text(location, "name"), _text(row, "name")))
    counts = Counter((site, name) for _, site, _, name in told)
    return {number: _full(counts[site, name], location, name) for number, site, location, name in told}


def _capacity(row: Mapping[str, Any]) -> int | None:
    """W: voltage x amperage x the utilisation allowed, and the root of three where there are three phases."""
    values = [row.get(name) for name in ("voltage", "amperage", "max_utilization")]
    volts, amperes, percent = (v if isinstance(v, int | float) and not isinstance(v, bool) else None for v in values)
    if volts is None or amperes is None or percent is None:
        return None
    three = _mapping(row.get("phase")).get("value") == "three-phase"
    return int(abs(volts) * amperes * percent / 100 * (3**0.5 if three else 1))


def _rack(made: NetboxRead, row: Mapping[str, Any], name: str, feeds: Mapping[int, list[str]]) -> None:
    where = _where("dcim/racks", row)
    units = row.get("u_height")
    if not isinstance(units, int) or not 1 <= units <= MOST_UNITS:
        made.left_out.append(f"{where}: expected a height of 1 to {MOST_UNITS} units, found {units!r}")
        return
    told = _mapping(row.get("custom_fields")).get("row")
    in_row = str(told) if isinstance(told, str | int) and told != "" else None
    location = _text(_mapping(row.get("location")), "name") or None
    site = _text(_mapping(row.get("site")), "slug")
    names = tuple(dict.fromkeys(feeds.get(_number(row, "id"), ())))
    made.add(Rack(site, name, in_row, units, names, location), where)


class _Ports:
    """The power ports by the id of their device: what is drawn, and by which feeds or other devices."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.watts: dict[int, int] = {}
        self._ends: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for row in rows:
            device = _number(_mapping(row.get("device")), "id")
            draw = next((row[n] for n in ("allocated_draw", "maximum_draw") if isinstance(row.get(n), int)), None)
            if draw is not None:
                # As NetBox adds them up itself, also where each of two ports is sized for all of the device.
                self.watts[device] = self.watts.get(device, 0) + draw
            kind = row.get("connected_endpoints_type") or row.get("link_peers_type")
            ends = row.get("connected_endpoints") or row.get("link_peers") or []
            for end in ends if isinstance(ends, list) else []:
                if kind == "dcim.powerfeed":
                    self._ends[device].append(("feed", _number(_mapping(end), "id")))
                elif kind == "dcim.poweroutlet":
                    self._ends[device].append(("device", _number(_mapping(_mapping(end).get("device")), "id")))

    def feeds(self, device: int, above: frozenset[int] = frozenset()) -> tuple[int, ...]:
        """The ids of the feeds that a device hangs on, through PDUs too."""
        found: list[int] = []
        for kind, number in self._ends.get(device, ()):
            if kind == "feed":
                found.append(number)
            elif number not in above:
                found += self.feeds(number, above | {device})
        return tuple(dict.fromkeys(found))


def _switches(lists: Mapping[str, Iterable[Mapping[str, Any]]]) -> dict[int, list[str]]:
    """The names of the switches on the other end of the cables of a device that is none, by its id."""
    devices = {_number(row, "id"): row for row in lists["dcim/devices"]}
    switches = {n: _text(row, "name") for n, row in devices.items() if _type(row) is SystemType.SWITCH}
    found: dict[int, list[str]] = defaultdict(list)
    for cable in lists["dcim/cables"]:
        a, b = (_interfaces(cable.get(f"{end}_terminations")) for end in "ab")
        for here, there in ((a, b), (b, a)):
            for device in here:
                if device not in switches:
                    found[device] += [switches[number] for number in there if number in switches]
    return found


def _interfaces(ends: Any) -> list[int]:
    """The ids of the devices whose interfaces a cable ends at."""
    rows = [_mapping(end) for end in ends] if isinstance(ends, list) else []
    objects = [_mapping(row.get("object")) for row in rows if row.get("object_type") == "dcim.interface"]
    return [_number(_mapping(each.get("device")), "id") for each in objects]


def _type(row: Mapping[str, Any]) -> SystemType:
    slug = _text(_mapping(row.get("role")), "slug")
    return next((kind for word, kind in _TYPES if word in slug), SystemType.OTHER)


class _Beside(Struct, frozen=True):
    """What the row of a device does not say of it, by ids: types, racks, power ports, names of feeds, switches."""

    types: Mapping[int, Mapping[str, Any]]
    racks: Mapping[int, str]
    ports: _Ports
    feeds: Mapping[int, str]
    switches: Mapping[int, list[str]]


def _device(made: NetboxRead, row: Mapping[str, Any], beside: _Beside) -> None:
    where, name, number = _where("dcim/devices", row), _text(row, "name"), _number(row, "id")
    if not name:
        made.left_out.append(f"{where}: it has no name")
        return
    rack, position = _mapping(row.get("rack")), row.get("position")
    kind = beside.types.get(_number(_mapping(row.get("device_type")), "id"), {})
    face, height = _mapping(row.get("face")).get("value"), kind.get("u_height")
    whole = kind.get("is_full_depth") is not False
    feeds = (beside.feeds.get(each) for each in beside.ports.feeds(number))
    made.add(
        System(
            name,
            _text(_mapping(row.get("site")), "slug"),
            _type(row),
            beside.racks.get(_number(rack, "id")) or None,
            float(position) if isinstance(position, int | float) and rack else None,
            float(height) if isinstance(height, int | float) else 1.0,
            Face(face) if not whole and face in ("front", "rear") else None,
            beside.ports.watts.get(number),
            tuple(dict.fromkeys(feed for feed in feeds if feed)),
            tuple(dict.fromkeys(one for one in beside.switches.get(number, ()) if one)),
            _text(row, "serial") or None,
            _text(kind, "model") or None,
        ),
        where,
    )


def _vlan(made: NetboxRead, row: Mapping[str, Any]) -> None:
    """A VLAN of a site; one of no site is of none here."""
    site = _text(_mapping(row.get("site")), "slug")
    vid, where = row.get("vid"), _where("ipam/vlans", row)
    if not site:
        made.left_out.append(f"{where}: it is of no site")
    elif isinstance(vid, int) and 1 <= vid <= 4094:
        made.add(Vlan(site, vid, _text(row, "name") or None), where)
    else:
        made.left_out.append(f"{where}: expected a VLAN id, found {vid!r}")


# --------------------------------------------------------------------------------------------------------- the answers


def _where(path: str, row: Mapping[str, Any]) -> str:
    name = row.get("display") or row.get("name")
    return f"{path} {row.get('id')}" + (f" ({name})" if isinstance(name, str) else "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) and value.isprintable() else ""


def _number(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else -1
