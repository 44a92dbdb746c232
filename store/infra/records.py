"""The infrastructure as somebody else knows it: a file or a NetBox. Plain records; what stands in none is None.

The console is not the source of truth of any of it: every item belongs to the source that it was imported from.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from store.estate import SiteRole
from store.record import Record

MOST_UNITS = 52
"""The tallest rack."""

RACK_UNITS = 42
"""A rack of which nobody says otherwise."""


class Kind(StrEnum):
    """What an item is, as a file writes it."""

    SITE = "site"
    RACK = "rack"
    FEED = "feed"
    SYSTEM = "system"
    VLAN = "vlan"
    LINK = "link"
    PLAIN = "plain"


class SystemType(StrEnum):
    """What a system is. ``MANAGED_SYSTEM`` is a Power server as its HMC knows it."""

    MANAGED_SYSTEM = "managed system"
    SERVER = "server"
    ARRAY = "array"
    SWITCH = "switch"
    OTHER = "other"


class Face(StrEnum):
    """The side of a rack that a system takes, where it is not as deep as the rack."""

    FRONT = "front"
    REAR = "rear"


class Site(Record, frozen=True):
    """A site. ``l2_stretched``: one layer-2 network spans it and its partner."""

    name: str
    role: SiteRole | None = None
    tier: str | None = None
    l2_stretched: bool | None = None

    @property
    def key(self) -> str:
        return self.name


class Rack(Record, frozen=True):
    """A rack of ``units`` height units, in ``row`` of its site. ``feeds`` are the names of those that reach it."""

    site: str
    name: str
    row: str | None = None
    units: int = RACK_UNITS
    feeds: tuple[str, ...] = ()
    location: str | None = None

    @property
    def key(self) -> str:
        return f"{self.site}/{self.name}"


class Feed(Record, frozen=True):
    """A power feed of a site. ``capacity_w``: W that may be drawn from it."""

    site: str
    name: str
    capacity_w: int | None = None

    @property
    def key(self) -> str:
        return f"{self.site}/{self.name}"


class System(Record, frozen=True):
    """Something that stands in a rack, or at a site where the rack is not told.

    ``u`` is its lowest unit, in steps of a half; ``height`` how many it takes (0: none of its own); ``face`` None: as
    deep as the rack. ``watts``: W drawn in all. ``feeds`` and ``switches`` are the names of those that it hangs on: it
    falls with the last of them. By ``serial``, else by its name, it is what a driver discovered.
    """

    name: str
    site: str
    type: SystemType
    rack: str | None = None
    u: float | None = None
    height: float = 1.0
    face: Face | None = None
    watts: int | None = None
    feeds: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    serial: str | None = None
    model: str | None = None

    @property
    def key(self) -> str:
        return self.name

    @property
    def rack_key(self) -> str | None:
        return None if self.rack is None else f"{self.site}/{self.rack}"


class Vlan(Record, frozen=True):
    """A VLAN at a site; ``vid`` 1 to 4094."""

    site: str
    vid: int
    name: str | None = None

    @property
    def key(self) -> str:
        return f"{self.site}/{self.vid}"


class Link(Record, frozen=True):
    """A link between two sites. Round trip in ms, bandwidth in bit/s."""

    name: str
    site: str
    other_site: str
    rtt_ms: float | None = None
    bandwidth: int | None = None

    @property
    def key(self) -> str:
        return self.name

    @property
    def sites(self) -> frozenset[str]:
        return frozenset((self.site, self.other_site))


class Plain(Record, frozen=True):
    """A row of a table that the console only shows: containers, cooling, certificates … ``cells`` are column and
    value, in the order of the source."""

    table: str
    name: str
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        return f"{self.table}/{self.name}"


Item = Site | Rack | Feed | System | Vlan | Link | Plain
CLASSES: dict[Kind, type[Item]] = {
    Kind.SITE: Site,
    Kind.RACK: Rack,
    Kind.FEED: Feed,
    Kind.SYSTEM: System,
    Kind.VLAN: Vlan,
    Kind.LINK: Link,
    Kind.PLAIN: Plain,
}
KIND_OF: dict[type, Kind] = {cls: kind for kind, cls in CLASSES.items()}

Ref = tuple[Kind, str]
"""Kind and key of an item."""


def ref_of(item: Item) -> Ref:
    return KIND_OF[type(item)], item.key


class Source(Record, frozen=True):
    """Where items were imported from, by whom and when (UTC) that was done last."""

    name: str
    at: datetime
    by: str


def words(item: Item) -> dict[str, str | None]:
    """Every field of an item in the words of a file, by its name; None: not told. For differences."""
    if isinstance(item, Plain):
        return dict(item.cells)
    return {name: _word(getattr(item, name)) for name in item.__struct_fields__}


def _word(value: object) -> str | None:
    match value:
        case None | ():
            return None
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case tuple():
            return " ".join(map(str, value))
    return str(value)
