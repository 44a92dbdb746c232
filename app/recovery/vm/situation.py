"""A replicated VM as it stands: both servers, the machine, its copies, and where one can be put."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from app.recovery.draft import Draft
from app.recovery.witnesses import Witness
from app.replication_records import Replication
from backends.parse import mac
from backends.vsphere.autostart import AutoStart
from backends.vsphere.ground import GroundNow
from backends.vsphere.looks import ACTIVE, DRILL, Card, MachineNow, PlacesNow
from backends.vsphere.verbs import ClonePlace
from store.estate import PowerState, VmReplica
from store.replications import Standing, target

CARDS = "drdeck.cards"
"""The mark of a copy that keeps the network cards of its source: a copy has MACs of its own until it takes over, and
when it does nobody may be able to ask the source."""


def kept_cards(cards: tuple[Card, ...]) -> str:
    """The cards as that mark keeps them."""
    return json.dumps([[card.mac, card.network, card.connected] for card in cards], separators=(",", ":"))


ROOM = 1.1
"""So many times the bytes of all disks must be free (procedures 5.1, V1)."""


class SideNow(Struct, frozen=True):
    """A server. ``machines`` and ``places`` None: it could not be read, ``failure`` says why; ``silent``: it gave no
    sign of life. ``ground`` None: what it stands on could not be read, or nobody asked."""

    device: str
    site: str
    machines: tuple[MachineNow, ...] | None = None
    places: PlacesNow | None = None
    failure: str = ""
    silent: bool = False
    taken_at: datetime | None = None
    ground: GroundNow | None = None

    @property
    def read(self) -> bool:
        return self.machines is not None and self.places is not None


class Generation(Struct, frozen=True):
    """A copy at the destination and what its marks say of it."""

    machine: MachineNow
    replica: VmReplica

    @property
    def active(self) -> bool:
        """Whether it is the side that serves, or runs at all."""
        return ACTIVE in self.machine.marks or self.machine.power is not PowerState.OFF

    @property
    def cards(self) -> tuple[Card, ...] | None:
        """The network cards of its source, in their order; None: it does not say them, or not in this form."""
        try:
            said = json.loads(self.machine.marks.get(CARDS, "null"))
            return tuple(Card(number, mac(m), "", name, bool(on)) for number, (m, name, on) in enumerate(said))
        except (ValueError, TypeError):  # ParseError is one
            return None

    @property
    def in_drill(self) -> str | None:
        """The run of the drill that goes on with it."""
        return self.machine.marks.get(DRILL)


class VmNow(Struct, frozen=True):
    """``vm`` None: the source does not show it, ``missing`` says why. ``uuid`` is its instance UUID, known from its
    copies too. ``strange``: machines whose marks make no sense. ``witnesses`` were asked about the source's site, those
    ``of_host`` about the host that it is on. ``autostart``: of ``vm``, where it was
    asked for and its server says it."""

    replication: Replication
    now: datetime
    source: SideNow
    target: SideNow
    vm: MachineNow | None
    missing: str
    uuid: str | None
    generations: tuple[Generation, ...]
    strange: tuple[str, ...] = ()
    standing: Standing = field(default_factory=Standing)
    witnesses: tuple[Witness, ...] = ()
    of_host: tuple[Witness, ...] = ()
    autostart: AutoStart | None = None

    @property
    def name(self) -> str:
        return self.replication.name

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its leases: the replication's, and the VM's, which may have more than one."""
        mine = (target(self.name),)
        return mine if self.uuid is None else (*mine, f"vm:{self.uuid}")

    @property
    def complete(self) -> tuple[Generation, ...]:
        """The complete copies, the newest first."""
        found = [each for each in self.generations if each.replica.complete]
        return tuple(sorted(found, key=lambda g: (g.replica.point_in_time, g.replica.generation), reverse=True))

    @property
    def active(self) -> Generation | None:
        """The copy that serves, or runs."""
        found = [each for each in self.generations if each.active and each.in_drill is None]
        return max(found, key=lambda g: ACTIVE in g.machine.marks, default=None)

    @property
    def split_brain(self) -> bool:
        """Whether both sides run: nothing here stops either of them."""
        runs = [g for g in self.generations if g.machine.power is PowerState.ON and g.in_drill is None]
        return bool(runs) and self.vm is not None and self.vm.power is PowerState.ON

    @property
    def promised_s(self) -> float:
        """The oldest that a copy gets where every pass is in time: the interval, and as long as one takes. Seconds."""
        return self.replication.interval_s + max(self.standing.took[:20], default=0.0)

    @property
    def age_s(self) -> float | None:
        """How old the newest complete copy is, in seconds; None: there is none."""
        if not self.complete:
            return None
        return max(0.0, (self.now - self.complete[0].replica.point_in_time).total_seconds())

    @property
    def owes_autostart(self) -> bool:
        """Whether it took over, and its source would start by itself with its host: a disaster leaves that owed."""
        marked = any(ACTIVE in g.machine.marks and g.in_drill is None for g in self.generations)
        return marked and self.autostart is not None and self.autostart.starts

    @property
    def next_generation(self) -> int:
        return 1 + max((each.replica.generation for each in self.generations), default=0)


VmDraft = Draft[VmNow]


class Spot(Struct, frozen=True):
    """Where a copy goes, resolved. ``networks``: id and name at that server, by the name at the other one. ``wrong``
    says what there is not."""

    place: ClonePlace
    free: int
    networks: Mapping[str, tuple[str, str]]
    wrong: tuple[str, ...] = ()


def spot(
    places: PlacesNow,
    cards: tuple[Card, ...],
    network: Mapping[str, str],
    *,
    datastore: str,
    host: str | None = None,
    pool: str | None = None,
    folder: str | None = None,
) -> Spot:
    """The place that is meant by names; ``network`` says what each port group is called there."""
    wrong: list[str] = []
    stores = [one for one in places.stores if one.name == datastore]
    if len(stores) != 1:
        wrong.append(f"{'no' if not stores else 'more than one'} datastore is called {datastore}")
    elif not stores[0].accessible:
        wrong.append(f"the datastore {datastore} is not accessible")
    held = stores[0].moid if stores else ""
    hosts = [one for one in places.hosts if host is None or one.name == host]
    usable = [h for h in hosts if h.connection == "connected" and not h.in_maintenance and held in h.datastores]
    if not usable and stores:
        wrong.append(f"no {'host' if host is None else host} that is connected has the datastore {datastore}")
    chosen = min(usable, key=lambda h: h.name, default=None)
    pools = {name: moid for moid, name in places.pools}
    folders = {name: moid for moid, name in places.folders}
    if pool is not None and pool not in pools:
        wrong.append(f"no resource pool is called {pool}")
    if folder is not None and folder not in folders:
        wrong.append(f"no folder is called {folder}")
    found, lacking = networks(places, cards, network, chosen.networks if chosen else ())
    place = ClonePlace(
        folder=folders.get(folder, places.root) if folder else places.root,
        pool=pools.get(pool) if pool else (chosen.pool if chosen else None),
        host=chosen.moid if chosen else None,
        datastore=held or None,
    )
    return Spot(place, stores[0].free if stores else 0, found, (*wrong, *lacking))


def networks(
    places: PlacesNow, cards: tuple[Card, ...], network: Mapping[str, str], on_host: tuple[str, ...]
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Id and name of the port group on that host for each of those that the cards are on; and what there is not."""
    found: dict[str, tuple[str, str]] = {}
    wrong = []
    for here in dict.fromkeys(card.network for card in cards if card.network):
        there = network.get(here, here)
        moids = [moid for moid, name in places.networks if name == there and moid in on_host]
        if len(moids) == 1:
            found[here] = (moids[0], there)
        else:
            wrong.append(f"{'no' if not moids else 'more than one'} port group there is called {there} (for {here})")
    return found, wrong


def networked(
    places: PlacesNow, host: str | None, cards: tuple[Card, ...], named: Mapping[str, str]
) -> tuple[tuple[str, str, str, bool], ...] | str:
    """The cards as they are to be on that host: id and name of the port group, MAC, connected; a text says what there
    is not. ``named``: what port groups are called there."""
    if any(card.network is None for card in cards):
        return "a network card is on no port group"
    on_host = next((h.networks for h in places.hosts if h.moid == host), tuple(moid for moid, _ in places.networks))
    found, wrong = networks(places, cards, named, on_host)
    if wrong:
        return "; ".join(wrong)
    return tuple((*found[card.network or ""], card.mac, card.connected) for card in cards)
