"""The rows of the Devices pane, and the sentence that a pane shows above its rows for a device in trouble."""

from __future__ import annotations

from screens import sources as src
from screens.ages import age, until
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.scene import Scene, sample_is_stale
from screens.status import EMPTY, GLYPHS, status
from screens.valued import NEVER, valued
from store.estate import DeviceKind
from store.records import DeviceHealth, DeviceStatus

COLUMNS = (
    Column("Device", cut=14, source=src.SETTINGS),
    Column("Kind", rank=4, source=src.SETTINGS),
    Column("Site", rank=3, cut=8, source=src.SETTINGS),
    Column("Address", rank=6, cut=12, source=src.SETTINGS),
    Column("Health", source=src.SWEEP),
    Column("Since", rank=2, measure=Measure.MOMENT, source=src.SWEEP),
    Column("Last read", measure=Measure.MOMENT, source=f"{src.SWEEP}: begin of the last one that came back"),
    Column("Next try", rank=1, measure=Measure.MOMENT, source=f"{src.SWEEP}: the schedule"),
    Column("Why", cut=12, source=f"{src.SWEEP}: the device's or the library's answer"),
)

DUE_S = 10.0

KIND_WORDS = {
    DeviceKind.HMC: "HMC",
    DeviceKind.FLASHARRAY: "FlashArray",
    DeviceKind.THREEPAR: "3PAR",
    DeviceKind.VSPHERE: "vSphere",
}

KINDS_OF_DEVICE: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.HMC: ("system", "lpar"),
    DeviceKind.FLASHARRAY: ("flasharray", "pgroup", "volume", "host", "pod"),
    DeviceKind.THREEPAR: ("storage", "rcg"),
    DeviceKind.VSPHERE: ("vcenter", "esxi", "datastore", "vm"),
}
"""Which objects a device of each kind reports."""


def row(device: DeviceStatus, scene: Scene) -> Row:
    return (
        Cell(device.name),
        Cell(KIND_WORDS[device.kind]),
        Cell(device.site, aka=_role(device.site, scene)),
        Cell(device.address),
        status(device.health).cell(),
        valued(Cell(age(scene.now, device.since)), device.since) if device.since is not None else EMPTY,
        valued(last_read_cell(device, scene), device.last_ok if device.last_ok is not None else NEVER),
        valued(next_try_cell(device, scene), device.next_try),
        why_cell(device),
    )


def _role(name: str, scene: Scene) -> str:
    return next((site.role.value for site in scene.sites if site.name == name), "")


def last_read_cell(device: DeviceStatus, scene: Scene) -> Cell:
    """The age of the last good reading, marked where it is older than it may be."""
    if device.last_ok is None:
        return Cell("never", Tone.UNKNOWN)
    text = age(scene.now, device.last_ok)
    return Cell(f"{GLYPHS[Tone.WARN]} {text}", Tone.WARN) if sample_is_stale(device, scene.now) else Cell(text)


def next_try_cell(device: DeviceStatus, scene: Scene) -> Cell:
    """When it is read next. ``due`` from ten seconds before until it was read, so that quick sweeps do not flicker;
    ``reading`` where that takes longer."""
    if device.next_try is None:
        return Cell("reading", Tone.BUSY) if device.sweeping else EMPTY
    seconds = (device.next_try - scene.now).total_seconds()
    if seconds >= DUE_S:
        return Cell(until(scene.now, device.next_try))
    return Cell("reading", Tone.BUSY) if device.sweeping and seconds <= -DUE_S else Cell("due")


def why_cell(device: DeviceStatus) -> Cell:
    """Failure words, else the number of parts that could not be read, else what is switched off for this device."""
    if device.failure is not None:
        text = device.failure if device.text is None else f"{device.failure}: {one_line(device.text)}"
        return Cell(text, Tone.BAD if device.health is DeviceHealth.FAILING else Tone.WARN)
    if device.problems:
        return Cell(parts_not_read(len(device.problems)), Tone.WARN)
    if not device.verified:
        return Cell("identity not checked", Tone.WARN)
    return EMPTY


def parts_not_read(count: int) -> str:
    return f"{count} part{'' if count == 1 else 's'} of its answer not understood"


def one_line(text: str) -> str:
    """A device's own words on one line: line breaks become spaces, nothing else is changed."""
    return " ".join(text.split())


def trouble_text(device: DeviceStatus, rows: int, scene: Scene) -> str | None:
    """What the operator must know of a device before believing its rows; None where there is nothing to say.

    ``rows`` is how many rows of the pane are this device's."""
    if device.health is DeviceHealth.OK and not sample_is_stale(device, scene.now):
        return None
    next_try = "being read now" if device.sweeping else _next(device, scene)
    if device.health is DeviceHealth.PARTIAL:
        detail = parts_not_read(len(device.problems)) if device.problems else device.failure or "parts are missing"
        return f"{device.name} was partly read: {detail}: open Devices (6)"
    if device.health is DeviceHealth.FAILING:
        since = f" since {age(scene.now, device.since)}" if device.since is not None else ""
        why = device.failure or "no reason told"
        return f"{device.name} could not be read{since}: {why}; {next_try}; {_rows(device, rows, scene)}"
    if device.health is DeviceHealth.NEVER:
        return f"{device.name} was never read; {next_try}; {_rows(device, rows, scene)}"
    return f"{device.name} has not been read lately; {next_try}; {_rows(device, rows, scene)}"


def _next(device: DeviceStatus, scene: Scene) -> str:
    if device.next_try is None:
        return "no next try is planned"
    return f"next try {until(scene.now, device.next_try)}"


def _rows(device: DeviceStatus, rows: int, scene: Scene) -> str:
    if rows == 0:
        return "no rows of it are known"
    noun = "1 row is" if rows == 1 else f"{rows} rows are"
    return f"its {noun} {age(scene.now, device.last_ok)} old" if device.last_ok is not None else f"its {noun} old"
