"""Who told the facts of a detail, and how long ago, for when the operator asks for the sources."""

from __future__ import annotations

from screens.scene import Scene
from screens.side_by_side import Origin
from store.records import Entry


def origin(scene: Scene, left: Entry | None, right: Entry | None = None) -> Origin:
    """Device and age of both sides: ``hmc-paris 12s ago``; of a side that nobody told of, nothing."""
    return Origin(_told(scene, left), _told(scene, right) or None)


def _told(scene: Scene, entry: Entry | None) -> str:
    if entry is None:
        return ""
    return f"{entry.device} {scene.age_cell(entry).text} ago"
