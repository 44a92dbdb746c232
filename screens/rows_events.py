"""The rows of the Events pane: what changed, newest first."""

from __future__ import annotations

from screens import sources as src
from screens.ages import age, moment_short
from screens.cells import Cell
from screens.columns import Column, Measure, Row
from screens.scene import Scene
from screens.status import EMPTY
from store.records import Event

COLUMNS = (
    Column("When (UTC)", measure=Measure.MOMENT, field="when", source=src.EVENTS),
    Column("Age", measure=Measure.MOMENT, source=src.EVENTS),
    Column("Kind", rank=3, source=src.EVENTS),
    Column("Object", cut=16, source=src.EVENTS),
    Column("Device", rank=4, cut=8, source=src.EVENTS),
    Column("What", cut=10, source=src.EVENTS),
    Column("Before → after", cut=20, field="change", source=src.EVENTS),
)

KIND_WORDS = {
    "system": "system",
    "lpar": "LPAR",
    "flasharray": "array",
    "pgroup": "pgroup",
    "volume": "volume",
    "host": "host",
    "pod": "pod",
    "storage": "array",
    "rcg": "RCG",
    "vcenter": "vCenter",
    "esxi": "ESXi",
    "datastore": "datastore",
    "vm": "VM",
    "device": "device",
}


def row(event: Event, scene: Scene) -> Row:
    return (
        Cell(moment_short(scene.now, event.at), value=event.at.timestamp()),
        Cell(age(scene.now, event.at), value=event.at.timestamp()),
        Cell(KIND_WORDS.get(event.kind, event.kind)),
        Cell(event.label),
        _device_cell(event.device, scene),
        Cell(event.field),
        Cell(change_text(event)),
    )


def _device_cell(name: str, scene: Scene) -> Cell:
    """The device that told it, found by its site and what that is for too."""
    device = scene.device(name)
    if not name or device is None:
        return Cell(name) if name else EMPTY
    return Cell(name, aka=f"{device.site} {scene.role(device.site) or ''}")


def change_text(event: Event) -> str:
    """Before and after; one that was not there is shown as such."""
    before = event.before if event.before is not None else EMPTY.text
    after = event.after if event.after is not None else EMPTY.text
    return f"{before} → {after}"
