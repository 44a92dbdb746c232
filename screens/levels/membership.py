"""Which protection groups hold a volume: by the volume itself, or by the host or host group it is connected to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from screens.once import Once
from screens.scene import Scene
from store.estate import ProtectionGroup, Volume
from store.records import Entry

Member = tuple[str, str, str]
"""An array's id, the kind of member (volume, host, host group) and its name there."""


def _by_member(entries: Iterable[Entry]) -> dict[Member, tuple[Entry, ...]]:
    found: dict[Member, list[Entry]] = {}
    for entry in entries:
        group = entry.obj
        if not isinstance(group, ProtectionGroup) or entry.gone:
            continue
        for kind, names in (("volume", group.volumes), ("host", group.hosts), ("host group", group.host_groups)):
            for name in names:
                found.setdefault((group.array_id, kind, name), []).append(entry)
    return {member: tuple(groups) for member, groups in found.items()}


GROUPS = Once("pgroup", _by_member)


def holding(scene: Scene, volume: Volume) -> Iterator[tuple[Entry, ProtectionGroup, str]]:
    """The groups of the volume's array that hold it, each with how; one that holds it in several ways is told once."""
    groups = GROUPS.of(scene)
    ways = [("volume", volume.name)]
    ways += [(kind, user) for user, _ in volume.hosts for kind in ("host", "host group")]
    told: set[str] = set()
    for kind, name in ways:
        for entry in groups.get((volume.array_id, kind, name), ()):
            if entry.key not in told and isinstance(entry.obj, ProtectionGroup):
                told.add(entry.key)
                yield entry, entry.obj, kind if kind == "volume" else f"{kind} {name}"
