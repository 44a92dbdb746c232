"""The estate at one moment, as the screens derive everything from it: the view, the time, and who stands where.

A scene is cheap to make: the index behind it is kept and renewed as the view changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct, field

from screens.ages import age, moment_short
from screens.cells import Cell, Tone
from screens.conditions import Freshness
from screens.index import Index
from screens.status import EMPTY, Status, status
from store.estate import Site, SiteRole
from store.infra.view import InfraView
from store.readiness_view import ReadinessView
from store.records import DeviceHealth, DeviceStatus, Entry
from store.replications import Replicated
from store.view import EstateView

STALE_AFTER = timedelta(minutes=5)
STALE_AT_LEAST = timedelta(minutes=1)
MISSED_SWEEPS = 3


class Scene(Struct, frozen=True):
    """The estate at ``now`` (UTC). ``sites`` are those of the settings, in their order; ``readiness`` is how each
    protected LPAR stands, ``vm_readiness`` how each of the VMs does that the configuration has ``replicated``,
    ``infra`` where it all stands."""

    view: EstateView
    index: Index
    now: datetime
    sites: tuple[Site, ...]
    readiness: ReadinessView = field(default_factory=ReadinessView)
    vm_readiness: ReadinessView = field(default_factory=ReadinessView)
    replicated: tuple[Replicated, ...] = ()
    infra: InfraView = field(default_factory=InfraView)

    def entry(self, kind: str, key: str) -> Entry:
        """One object. Raises ``LookupError`` where the store never knew it."""
        entry = self.view.get(kind, key)
        if entry is None:
            raise LookupError(f"{kind} {key} is not in the store")
        return entry

    def device(self, name: str) -> DeviceStatus | None:
        return self.index.devices.get(name)

    def site(self, entry: Entry) -> str | None:
        """The name of the site that the entry's device stands at; None where the device is not configured any more."""
        device = self.device(entry.device)
        return device.site if device is not None else None

    def site_role(self, entry: Entry) -> SiteRole | None:
        return self.role(self.site(entry))

    def role(self, site: str | None) -> SiteRole | None:
        """What a site is for, by the settings."""
        return next((found.role for found in self.sites if found.name == site), None)

    def freshness(self, entry: Entry) -> Freshness:
        return freshness(entry, self.device(entry.device), self.now)

    def gone_and_stale(self, alike: Iterable[tuple[Entry, int]]) -> tuple[int, int]:
        """How many are gone, and how many of the others are stale; ``alike`` as of :func:`store.view.alike`."""
        counts: Counter[Freshness] = Counter()
        for entry, count in alike:
            counts[self.freshness(entry)] += count
        return counts[Freshness.GONE], counts[Freshness.STALE]

    def worst_freshness(self, *entries: Entry) -> Freshness:
        """How far what is made of these entries can be believed."""
        found = {self.freshness(entry) for entry in entries}
        return next((fresh for fresh in (Freshness.GONE, Freshness.STALE) if fresh in found), Freshness.FRESH)

    def age_cell(self, *entries: Entry) -> Cell:
        """How old a row made of these entries is: as old as the oldest; marked by shape, word and age where it can no
        longer be believed to be so now."""
        return age_cell(self.worst_freshness(*entries), age(self.now, min(entry.seen_at for entry in entries)))

    def seen_cell(self, entry: Entry) -> Cell:
        """How long ago the entry was last seen, and by whom; marked like :meth:`age_cell`."""
        text = f"{age(self.now, entry.seen_at)} ago by {entry.device}"
        fresh = self.freshness(entry)
        return Cell(text) if fresh is Freshness.FRESH else status(fresh).cell(text)

    def ago(self, then: datetime) -> str:
        """A moment with its age: ``5m ago, 02:55:00 UTC``."""
        return f"{age(self.now, then)} ago, {moment_short(self.now, then)} UTC"

    def state_cell(self, entry: Entry, state: Status) -> Cell:
        """A state of the entry: of one that is gone it says *was*, because it is not so now."""
        return Cell(f"was {state.word}", Tone.DIM) if entry.gone else state.cell()

    def faded(self, row: tuple[Cell, ...], *entries: Entry) -> tuple[Cell, ...]:
        """The row, dimmed where it cannot be believed to be so now; its last cell, the age, says why."""
        if self.worst_freshness(*entries) is Freshness.FRESH:
            return row
        calm = (Tone.PLAIN, Tone.OK, Tone.BUSY, Tone.OFF)
        return (*(cell.dimmed() if cell.tone in calm else cell for cell in row[:-1]), row[-1])

    def site_cell(self, entry: Entry) -> Cell:
        """The site by its name; a filter finds it by its role too."""
        name = self.site(entry)
        return EMPTY if name is None else Cell(name, aka=self.role(name) or "")


LOOK_AGAIN_S = 30
"""A row that changes as time goes on is looked at again for filters and sorts after so many seconds."""


def stamp(scene: Scene, *entries: Entry, timed: bool = False) -> tuple[object, ...]:
    """Changes when a row made of these entries may say something else; with ``timed`` also as time goes on."""
    fresh = tuple(scene.freshness(entry) for entry in entries)
    period = int(scene.now.timestamp() // LOOK_AGAIN_S) if timed else 0
    return (*(entry.told for entry in entries), fresh, period)


def age_cell(fresh: Freshness, text: str) -> Cell:
    if fresh is Freshness.FRESH:
        return Cell(text)
    return status(fresh).cell(text)


def stale_after(device: DeviceStatus) -> timedelta:
    """How old a reading of ``device`` may grow before it counts as stale: three of its sweeps, at least a minute; five
    minutes where its interval is not known."""
    if device.last_ok is None or device.next_try is None or device.next_try <= device.last_ok:
        return STALE_AFTER
    return max(STALE_AT_LEAST, MISSED_SWEEPS * (device.next_try - device.last_ok))


def freshness(entry: Entry, device: DeviceStatus | None, now: datetime) -> Freshness:
    """Whether the entry can be believed to be so now. A device that fails makes every row of it stale at once."""
    if entry.gone:
        return Freshness.GONE
    if device is None or device.health in (DeviceHealth.FAILING, DeviceHealth.NEVER):
        return Freshness.STALE
    return Freshness.STALE if now - entry.seen_at > stale_after(device) else Freshness.FRESH


def sample_is_stale(device: DeviceStatus, now: datetime) -> bool:
    """Whether the last good reading of ``device`` is not to be believed any more: too old, or it fails since."""
    if device.last_ok is None or device.health in (DeviceHealth.FAILING, DeviceHealth.NEVER):
        return True
    return now - device.last_ok > stale_after(device)
