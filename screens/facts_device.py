"""What the detail of a device says: how it was read, what of its answer was not understood, what it reports."""

from __future__ import annotations

from collections.abc import Iterator

from screens import sources as src
from screens.ages import age, exact, moment, until
from screens.cells import Cell, Tone
from screens.conditions import Freshness
from screens.rows_devices import KIND_WORDS, KINDS_OF_DEVICE, last_read_cell, one_line
from screens.rows_events import KIND_WORDS as OBJECT_WORDS
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part
from screens.state_history import device_track, strip
from screens.status import EMPTY, status
from store.estate import DeviceKind
from store.records import DeviceHealth, DeviceStatus

SKEW_WARN_S = 5.0
SKEW_BAD_S = 60.0


def parts(scene: Scene, device: DeviceStatus) -> list[Part]:
    """The parts of the detail, top to bottom."""
    history: list[Part] = [Heading("Health over the last 24 hours"), strip(scene, [device_track(scene, device)])]
    return [*_reading(scene, device), *_problems(device), *_objects(scene, device), *history]


def _reading(scene: Scene, device: DeviceStatus) -> Iterator[Part]:
    yield Fact("Kind", Cell(KIND_WORDS[device.kind]), source=src.SETTINGS)
    yield Fact("Site", Cell(device.site), source=src.SETTINGS)
    yield Fact("Address", Cell(device.address), source=src.SETTINGS)
    since = f"since {age(scene.now, device.since)}" if device.since is not None else ""
    yield Fact("Health", status(device.health).cell(since), source=src.SWEEP)
    if device.failure is not None:
        tone = Tone.BAD if device.health is DeviceHealth.FAILING else Tone.WARN
        yield Fact("Why", Cell(device.failure, tone), source=f"{src.SWEEP}: how it ended")
        if device.text:
            yield Fact(
                "In its own words", Cell(one_line(device.text)), source=f"{src.SWEEP}: the device or the library"
            )
    last = last_read_cell(device, scene)
    cell = Cell(f"{last.text} ago, {moment(device.last_ok)}", last.tone) if device.last_ok else last
    yield Fact("Last read", cell, source=f"{src.SWEEP}: begin of the last one that came back")
    yield Fact("Next try", _next_try(scene, device), source=f"{src.SWEEP}: the schedule")
    took = Cell(exact(device.sweep_s)) if device.sweep_s is not None else EMPTY
    yield Fact("Last sweep took", took, source=src.SWEEP)
    yield Fact("Its clock", _skew(device), source=_clock(device))
    yield Fact(
        "Identity",
        Cell("checked") if device.verified else Cell("not checked: verify is off in the settings", Tone.WARN),
        source=src.SETTINGS,
    )


def _clock(device: DeviceStatus) -> str:
    """How a device of this kind tells its time."""
    return {
        DeviceKind.HMC: "date -u +%s",
        DeviceKind.FLASHARRAY: "Date of its answers",
        DeviceKind.THREEPAR: "Date of its answers; showdate",
        DeviceKind.VSPHERE: "CurrentTime",
    }[device.kind]


def _next_try(scene: Scene, device: DeviceStatus) -> Cell:
    if device.sweeping:
        return Cell("being read now", Tone.BUSY)
    if device.next_try is None:
        return EMPTY
    return Cell(f"{until(scene.now, device.next_try)}, {moment(device.next_try)}")


def _skew(device: DeviceStatus) -> Cell:
    """The device's clock against this machine's. A loss counted in time is wrong by as much."""
    if device.clock_skew_s is None:
        return Cell("not told", Tone.DIM)
    skew = device.clock_skew_s
    if abs(skew) < 1:
        return Cell("as this machine's")
    words = f"{exact(abs(skew))} {'ahead of' if skew > 0 else 'behind'} this machine's"
    tone = Tone.BAD if abs(skew) >= SKEW_BAD_S else Tone.WARN if abs(skew) >= SKEW_WARN_S else Tone.PLAIN
    return Cell(words, tone)


def _problems(device: DeviceStatus) -> Iterator[Part]:
    if not device.problems:
        return
    yield Heading(f"{len(device.problems)} not understood; everything else of the answer is shown")
    for problem in device.problems:
        yield Note(problem.where, Tone.WARN)
        yield Fact("  it says", Cell(one_line(problem.line)), source=problem.where)
        yield Fact("  expected", Cell(problem.expected), source=problem.where)


def _objects(scene: Scene, device: DeviceStatus) -> Iterator[Part]:
    yield Heading("What it reports")
    for kind in KINDS_OF_DEVICE[device.kind]:
        entries = [entry for entry in scene.view.entries(kind) if entry.device == device.name]
        gone = sum(entry.gone for entry in entries)
        stale = sum(scene.freshness(entry) is Freshness.STALE for entry in entries)
        words = [str(len(entries) - gone)]
        words += [f"{stale} {Freshness.STALE}"] if stale else []
        words += [f"{gone} {Freshness.GONE}"] if gone else []
        yield Fact(
            OBJECT_WORDS[kind], Cell(", ".join(words), Tone.WARN if stale or gone else Tone.PLAIN), source=src.SWEEP
        )
