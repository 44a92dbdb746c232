"""How long what the row of an LPAR says stays true, so that ten thousand rows are not made over and over."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from screens.cells import Cell
from screens.conditions import Freshness
from screens.host_match import flasharrays
from screens.scene import Scene, sample_is_stale
from screens.valued import seen
from store.readiness import Covered
from store.records import Entry


class Surrounding(Struct, frozen=True):
    """What rows of LPARs depend on besides the facts of the one LPAR: the facts of the hosts, which of them are not to
    be believed any more, which FlashArrays were read lately with all their hosts, which devices are not to be believed
    any more, which LPARs are to come back elsewhere, whether that was never checked or too long ago, and what LPARs
    there are."""

    hosts: int
    old_hosts: frozenset[tuple[str, datetime, bool]]
    read: frozenset[str]
    stale: frozenset[str]
    covered: Covered | None
    checked: tuple[bool, bool]
    lpars: int

    @classmethod
    def of(cls, scene: Scene, lpars: int) -> Surrounding:
        """``lpars`` is another number whenever LPARs have come or gone."""
        devices = scene.index.devices.values()
        sites = {device.site for device in devices}
        checked = scene.readiness.now
        return cls(
            scene.view.facts_version("host"),
            frozenset(
                (host.device, host.seen_at, host.gone)
                for host, _ in scene.view.alike("host")
                if scene.freshness(host) is not Freshness.FRESH
            ),
            frozenset(name for site in sites for name, read in flasharrays(scene, site).items() if read),
            frozenset(device.name for device in devices if sample_is_stale(device, scene.now)),
            scene.readiness.covered,
            (checked.at is None, checked.old(scene.now)),
            lpars,
        )


class Moment(Struct):
    """The surrounding at one scene, and the ages at its time: whatever a device saw at once is equally old."""

    scene: Scene
    surrounding: Surrounding
    _ages: dict[tuple[str, datetime, bool], tuple[Freshness, Cell]] = field(default_factory=dict)

    def age(self, entry: Entry) -> tuple[Freshness, Cell]:
        """Whether the entry can be believed to be so now, and the cell that says how old it is."""
        alike = (entry.device, entry.seen_at, entry.gone)
        found = self._ages.get(alike)
        if found is None:
            found = self._ages[alike] = self.scene.freshness(entry), seen(self.scene, entry)
        return found

    def stamp(self, entry: Entry) -> tuple[object, ...]:
        """All that the row of an LPAR says depends on, but for its age. Its key ends with its name."""
        name = entry.key.partition("/")[2]
        return (entry.told, self.age(entry)[0], self.scene.readiness.now.words.get(name), self.surrounding)
